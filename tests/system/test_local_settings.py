"""local: what each of its settings promises."""
import os
import re
import shutil
import socket
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

ALICE, OUT = BASE / "home/alice", BASE / "settings-out"
Make = Callable[..., Mta]
OWNED = {"team": "alice, sub", "owner-team": "bob@example.test", "sub": "bob", "plain": "alice"}


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """A place for traces of commands, and an empty home, for each test."""
    OUT.mkdir()
    OUT.chmod(0o1777)
    yield
    shutil.rmtree(OUT)
    for entry in ALICE.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


@pytest.fixture
def started(make_mta: Make) -> Make:
    """A factory: settings and aliases."""
    def make(main: dict[str, str], aliases: dict[str, str] | None = None, master: dict[str, str] | None = None) -> Mta:
        mta = make_mta({"alias_maps": "texthash:$config_directory/aliases", "local_recipient_maps": "", **main}, master)
        (mta.config / "aliases").write_text("".join(f"{name} {value}\n" for name, value in (aliases or {}).items()))
        return mta.start()
    return make


def of_alice(name: str, text: str) -> Path:
    """A file in her home."""
    path = ALICE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    shutil.chown(path, "alice", "alice")
    return path


def outcomes(mta: Mta, to: str, text: str = "Subject: x\n\nbody\n", sender: str = "s@example.test") -> list[tuple[str, str, str]]:
    """Send: status, code, words of what the message itself came to."""
    queue_id = mta.send(sender, to, text=text)
    poll(lambda: re.search(rf"{queue_id}: (removed$|.*status=deferred)", mta.log(), re.M), what="end of delivery")
    return [(each[1], each[0], each[2]) for each in re.findall(rf"{queue_id}: to=.*dsn=([\d.]+), status=(\w+) \((.*)\)$", mta.log(), re.M)]


@pytest.mark.parametrize("name, whose", [
    ("root", "root"), ("bob:root", "root"), ("postfix", "the mail system owner"), ("bob:postfix", "the mail system owner"),
    ("bob:postdrop", "group postdrop")])
def test_default_privs_are_those_of_nobody_else(started: Make, name: str, whose: str) -> None:
    mta = started({"default_privs": name})
    mta.send("s@example.test", "alice@example.test")
    mta.wait_log(rf"local\[\d+\]: fatal: default_privs = {name}: commands are not run with the rights of {whose}$")
    assert mta.mailbox("alice") == ""


def read(name: str) -> str:
    """What a command left."""
    return (OUT / name).read_text()


def test_mail_that_must_not_leave_without_tls_stays_so(started: Make) -> None:
    """sendmail -O requiretls: aliases and .forward files change where it goes, not how."""
    mta = started({"default_transport": "retry:later"}, {"away": "x@elsewhere.test"})
    mta.run("sendmail", "-O", "requiretls=yes", "away", input="Subject: x\n\nx\n", check=True)
    queue_id = mta.wait_log(r" (\w+): to=<x@elsewhere.test>.*status=deferred").group(1)
    (file,) = (mta.queue / "deferred").rglob(queue_id)
    assert int(file.read_bytes()[2:97].split()[5]) & 32


# -- .forward -----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, to, file", [
    ("$home/.forward${recipient_delimiter}${extension}, $home/.forward", "alice+x", ".forward+x"),
    ("$home/.forward${recipient_delimiter}${extension}, $home/.forward", "alice+y", ".forward"),
    ("$home/.forward${recipient_delimiter}${extension}, $home/.forward", "alice", ".forward"),
    ("$home/$user.$domain", "alice", "alice.example.test"), ("$home/${extension?{ext-$extension}:{none}}", "alice+q", "ext-q"),
    ("$home/${extension?{ext-$extension}:{none}}", "alice", "none"), ("$home/$local", "alice+a", "alice+a"),
    ("$home/$local", "Alice+A", "alice+a"), ("$home/$user-$extension", "ALICE+X", "alice-x"),
    ("$home/$recipient", "alice", "alice@example.test"), ("$home/.forward-$extension", '"alice+a;b`c"', ".forward-a_b_c"),
    ("/nowhere $home/.forward", "alice", ".forward"), ("$home$shell", "alice", "bin/sh")])
def test_names_in_forward_path(started: Make, path: str, to: str, file: str) -> None:
    """The first file that is there; what a stranger chose is filtered."""
    mta = started({"forward_path": path, "recipient_delimiter": "+"})
    of_alice(file, f'"|echo yes >{OUT}/found"\n')
    assert outcomes(mta, f"{to}@example.test") == [("sent", "2.0.0", f"delivered to command: echo yes >{OUT}/found")]


@pytest.mark.parametrize("path", ["$home/fw/$local", "$home/fw/$recipient", "$home/fw/$user+$extension"])
def test_no_part_of_an_address_leads_out_LV18(started: Make, path: str) -> None:
    mta = started({"forward_path": path, "recipient_delimiter": "+"})
    of_alice("note", f'"|echo yes >{OUT}/found"\n')
    of_alice("note@example.test", f'"|echo yes >{OUT}/found"\n')
    of_alice("fw/alice+/here", "bob\n")
    assert [each[2].split()[-1] for each in outcomes(mta, '"alice+/../../note"@example.test')] == ["mailbox"]
    assert [each[2].split()[0] for each in outcomes(mta, '"alice+/../alice+/here"@example.test')] == ["delivered"]


@pytest.mark.parametrize("text, kinds", [
    ("", ["mailbox"]), ("# nothing\n\n", ["mailbox"]), ("# x\n  \nbob,\n", ["forwarded"]), ("bob, \\alice\n", ["mailbox", "forwarded"]),
    ('"|true" , "|/bin/echo a, b"\n', ["command", "command"]), ("|/bin/true\n|/bin/echo\n", ["command", "command"]), ("OUT/a b\n", ["file"]),
    ('"OUT/a b"\n', ["file"]), ("OUT/dir/\n", ["maildir"]), ("bob (a comment, with comma)\n", ["forwarded"]), ("Bob B <bob>\n", ["forwarded"]),
    ('"|echo \\"quoted\\""\n', ["command"]), ("bob bob bob\n", ["forwarded"])])
def test_members_of_forward(started: Make, text: str, kinds: list[str]) -> None:
    mta = started({})
    of_alice(".forward", text.replace("OUT", str(OUT)))
    found = outcomes(mta, "alice@example.test")
    assert [each[0] for each in found] == ["sent"] * len(kinds)
    assert [re.match(r"delivered to (\w+)|(forwarded)", each[2]).group(1) or "forwarded" for each in found] == kinds


@pytest.mark.parametrize("text, where", [
    ("~/box\n", "sent file: HOME/box"), ('"~/a box"\n', "sent file: HOME/a box"), ("~/Mail/\n", "sent maildir"), (":include:HOME/more\n", "sent file: HOME/listed"),
    ("~bob/box\n", "bounced bad file name: ~bob/box"), ("~\n", "bounced bad file name: ~")])
def test_files_in_the_home_directory(started: Make, text: str, where: str) -> None:
    """~ is the home of whose .forward it is; there is no other one's."""
    mta = started({"allow_mail_to_files": "alias, forward, include"})
    of_alice("more", "~/listed\n")
    of_alice(".forward", text.replace("HOME", str(ALICE)))
    ((status, _, words),) = outcomes(mta, "alice@example.test")
    assert f"{status} {words.removeprefix('delivered to ')}" == where.replace("HOME", str(ALICE))
    files = where.partition("file: HOME/")[2]
    assert not files or "Subject:" in (ALICE / files).read_text()


@pytest.mark.parametrize("name", ["postmaster", "POSTMASTER", "mailer-daemon+x"])
def test_names_that_must_have_an_alias(started: Make, name: str) -> None:
    """A report to nobody is not returned to whom it is about."""
    mta = started({"recipient_delimiter": "+"})
    assert outcomes(mta, f"{name}@example.test") == [("sent", "2.0.0", "discarded")]
    mta.wait_log(rf"local\[\d+\]: warning: required alias not found: {name.partition('+')[0].lower()}$")


# -- commands -----------------------------------------------------------------------------------------------------------------

def test_environment_of_commands(started: Make) -> None:
    """Named things, without what a shell could take for more; nothing else but what is exported."""
    mta = started({"recipient_delimiter": "+", "mailbox_command": f"env >{OUT}/env; pwd >{OUT}/pwd", "export_environment": "MARK=m n TZ",
                   "command_execution_directory": "$home", "virtual_alias_maps": "inline:{{first@example.test = Alice+E-x@example.test}}"})
    assert outcomes(mta, "first@example.test", sender="a$b@example.test")[0][0] == "sent"
    found = dict(line.split("=", 1) for line in read("env").splitlines() if "=" in line)
    expected = {"USER": "alice", "LOGNAME": "alice", "HOME": str(ALICE), "SHELL": "/bin/sh", "LOCAL": "alice+e-x", "EXTENSION": "e-x", "DOMAIN": "example.test",
                "RECIPIENT": "Alice+E-x@example.test", "ORIGINAL_RECIPIENT": "first@example.test", "SENDER": "a_b@example.test", "CLIENT_ADDRESS": "127.0.0.1",
                "CLIENT_HELO": "client.example.test", "CLIENT_PROTOCOL": "ESMTP", "MARK": "m"}
    assert {key: found.get(key) for key in expected} == expected and read("pwd") == f"{ALICE}\n"
    assert set(found) <= {*expected, "PATH", "CLIENT_HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_", "TZ"}


@pytest.mark.parametrize("main, status, code", [
    ({"command_execution_directory": "/nonexistent"}, "deferred", "4.3.0"), ({"command_execution_directory": "$nonsense"}, "deferred", "4.3.5"),
    ({"mailbox_command": "/nonexistent/program"}, "deferred", "4.3.0"), ({"mailbox_command": "exit 67"}, "bounced", "5.1.1"),
    ({"local_command_shell": "/bin/false -c"}, "bounced", "5.3.0"), ({"local_command_shell": f"/bin/sh -c"}, "sent", "2.0.0"),
    ({"mailbox_command_maps": "inline:{{alice = exit 73}}"}, "bounced", "5.2.0"), ({"mailbox_command_maps": "inline:{{bob = exit 73}}"}, "sent", "2.0.0")])
def test_mailbox_command(started: Make, main: dict[str, str], status: str, code: str) -> None:
    assert outcomes(started({"mailbox_command": "cat >/dev/null", **main}), "alice@example.test")[0][:2] == (status, code)


def test_command_for_root_is_nobodys(started: Make) -> None:
    mta = started({"mailbox_command": f"id -u >{OUT}/id", "default_privs": "bob"})
    assert outcomes(mta, "root@example.test")[0][0] == "sent" and read("id") == "2112\n"


@pytest.mark.parametrize("parameter, value, alias, status", [
    ("allow_mail_to_commands", "forward", '"|true"', "bounced"), ("allow_mail_to_commands", "alias", '"|true"', "sent"),
    ("allow_mail_to_files", "forward", "/dev/null", "bounced"), ("allow_mail_to_files", "alias", "/dev/null", "sent"),
    ("allow_mail_to_commands", "alias, forward", ":include:OUT/list", "bounced"), ("allow_mail_to_commands", "include", ":include:OUT/list", "sent")])
def test_where_commands_and_files_may_stand(started: Make, parameter: str, value: str, alias: str, status: str) -> None:
    (OUT / "list").write_text('"|true"\n')
    found = outcomes(started({parameter: value}, {"x": alias.replace("OUT", str(OUT))}), "x@example.test")
    assert found[0][:2] == (status, "2.0.0" if status == "sent" else "5.7.1")


# -- transports and the rest ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("main, to, words", [
    ({"mailbox_transport": "hole:here"}, "alice", "here"), ({"mailbox_transport": "hole:here"}, "nosuch", "here"),
    ({"mailbox_transport": "hole"}, "alice", "mail.example.test"), ({"mailbox_transport": "hole:", "local_transport": "local:next"}, "alice", "next"),
    ({"mailbox_transport_maps": "inline:{{alice = hole:by map}}"}, "alice", "by map"), ({"mailbox_transport_maps": "inline:{{bob = hole:by map}}"}, "alice", "delivered to mailbox"),
    ({"fallback_transport": "hole:last"}, "nosuch", "last"), ({"fallback_transport": "hole:last"}, "alice", "delivered to mailbox"),
    ({"fallback_transport_maps": "inline:{{nosuch = hole:mapped}}", "fallback_transport": "hole:last"}, "nosuch", "mapped"),
    ({"luser_relay": "bob+$local"}, "nosuch", "delivered to mailbox"), ({"luser_relay": "$user@elsewhere.test"}, "nosuch", "forwarded as"),
    ({"luser_relay": ""}, "nosuch", "unknown user"), ({"home_mailbox": "m/"}, "alice", "delivered to maildir")])
def test_ways_of_a_mailbox(started: Make, main: dict[str, str], to: str, words: str) -> None:
    """In their order: transports for all, mailboxes, then what is for nobody."""
    mta = started({"recipient_delimiter": "+", **main}, master={"hole/unix": "- - n - - discard"})
    assert words in outcomes(mta, f"{to}@example.test")[0][2]
    passed = re.search(rf"local\[\d+\]: \w+: passing <{to}@example\.test> to transport=hole$", mta.log(), re.M)
    assert bool(passed) == any("hole" in value for value in main.values()) or "delivered to" in words


@pytest.mark.parametrize("main, sender", [({}, "owner-team@example.test"), ({"expand_owner_alias": "yes"}, "bob@example.test")])
def test_owner_of_a_list(started: Make, main: dict[str, str], sender: str) -> None:
    """All members, those of inner lists too, get the mail from the owner; bounces stay bounces."""
    mta = started(main, OWNED)
    outcomes(mta, "team@example.test")
    for user in ("alice", "bob"):
        assert f"Return-Path: <{sender}>" in mta.wait_mail(user, "Subject: x")
    outcomes(mta, "team@example.test", text="Subject: bounce\n\nx\n", sender="")
    assert "Return-Path: <>" in mta.wait_mail("alice", "Subject: bounce")


def test_inner_list_without_owner(started: Make) -> None:
    """reset_owner_alias: its members have no message of their own, and are delivered at once."""
    assert [each[2].split()[0] for each in outcomes(started({}, OWNED), "team@example.test")] == ["forwarded"]
    assert [each[2].split()[0] for each in outcomes(started({"reset_owner_alias": "yes"}, OWNED), "team@example.test")] == ["delivered", "forwarded"]


@pytest.mark.parametrize("main, lines", [
    ({}, ["plain@example.test"]), ({"frozen_delivered_to": "no"}, ["alice@example.test"]), ({"prepend_delivered_header": "command"}, []),
    ({"prepend_delivered_header": "file"}, ["plain@example.test"])])
def test_delivered_to(started: Make, main: dict[str, str], lines: list[str]) -> None:
    mta = started(main, OWNED)
    outcomes(mta, "plain@example.test")
    assert re.findall(r"^Delivered-To: (.*)", mta.wait_mail("alice", "Subject: x"), re.M) == lines


@pytest.mark.parametrize("text", ["Delivered-To: alice@example.test", "delivered-to:   ALICE@Example.test", "X: y\nDelivered-To: a\nDelivered-To: alice@example.test"])
def test_loop(started: Make, text: str) -> None:
    assert outcomes(started({}), "alice@example.test", text=f"{text}\n\nx\n") == [("bounced", "5.4.6", "mail forwarding loop for alice@example.test")]


def test_biff(started: Make) -> None:
    """Told to whoever listens: the user, and where his mail begins."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 512))
        sock.settimeout(10)
        mta = started({"biff": "yes"})
        assert outcomes(mta, "alice@example.test")[0][0] == "sent" and sock.recv(100) == b"alice@0"
        size = (mta.mail / "alice").stat().st_size
        assert outcomes(mta, "alice@example.test")[0][0] == "sent" and sock.recv(100) == f"alice@{size}".encode()


@pytest.mark.parametrize("delimiter, to, user, extension", [("+", "alice+x", "alice", "x"), ("-+", "alice-x+y", "alice", "x+y"), ("+", "alice-x", "", ""),
                                                          ("-", "owner-alice", "", ""), ("-", "alice-request", "", ""), ("+", "ALICE+X", "alice", "x")])
def test_delimiters(started: Make, delimiter: str, to: str, user: str, extension: str) -> None:
    """AD9: sets of them, and the names of lists that are no extensions."""
    mta = started({"recipient_delimiter": delimiter, "mailbox_command": f"echo $USER $EXTENSION >{OUT}/who"})
    found = outcomes(mta, f"{to}@example.test")[0]
    assert found[0] == ("sent" if user else "bounced") and (not user or read("who") == f"{user} {extension}\n")
