"""Delivery on this host: what local, virtual and pipe refuse, survive, and never do with anybody else's rights."""
import os
import re
import resource
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

HOME, OUT = BASE / "home", BASE / "out"
ALICE = HOME / "alice"
AGENTS = {"virtual/unix": "- n n - - virtual", "args/unix": "- n n - - pipe user=alice argv=/bin/sh -c "
          f"{{printf '<%s>' \"$$@\" >{OUT}/args}} sh [${{extension}}] $user. ${{extension}} end"}
ALIASES = {
    "killed": '"|kill -9 $$"', "hangs": '"|sleep 300 & wait"', "flood": '"|yes"', "void": "/dev/null",
    "itself": f":include:{OUT}/itself", "both": "alice+a, alice+b, ALICE", "nolist": ":include:", "relative": ":include:x/y",
    "list": "bob, carol-is-nobody, alice", "owner-list": "bob", "self": "self, alice", "quoted": '"|echo \\"a b\\" >'
    f'{OUT}/quoted"', "dotdot": "alice", "wait": "alice, waits", "owner-wait": "bob", "waits": '"|exit 75"',
    "words": f'"|{OUT}/show two  words"', "refused": '"|exit 77"', "crew": f":include:{OUT}/crew", "log": f"{OUT}/rootdir/log",
    "program": f"{OUT}/program", "nodir": f"{OUT}/nodir/log", "assigns": '"|FOO=bar true"', "missing": '"|no-such-program x"',
    "private": ":include:/etc/private-list", "linked": f":include:{HOME}/alice/list", "lured": f":include:{HOME}/alice/etc/private-list",
    "hers": f":include:{HOME}/alice/own", "endless": f":include:{OUT}/endless", "unreadable": ":include:/proc/1/mem",
}
MAIN = {
    "alias_maps": "texthash:$config_directory/aliases", "recipient_delimiter": "+", "command_time_limit": "1s",
    "allow_mail_to_commands": "alias, forward", "deliver_lock_attempts": "1", "local_recipient_maps": "",
    "export_environment": "TZ MAIL_CONFIG LANG", "minimal_backoff_time": "300s",
    "sandbox": "strict", "mailbox_size_limit": "400000", "message_size_limit": "300000", "virtual_mailbox_limit": "400000",
}


def aliases(mta: Mta, entries: dict[str, str] = ALIASES) -> Mta:
    """Write the alias table."""
    (mta.config / "aliases").write_text("".join(f"{name} {value}\n" for name, value in entries.items()))
    return mta


@pytest.fixture(scope="module", autouse=True)
def traces() -> None:
    """A directory where commands leave their traces, and a program."""
    OUT.mkdir()
    OUT.chmod(0o1777)
    (OUT / "itself").write_text(f":include:{OUT}/itself\n")
    (OUT / "show").write_text(f'#!/bin/sh\necho "$# $1 $2 $0" >{OUT}/words\n')
    (OUT / "show").chmod(0o755)


@pytest.fixture(scope="module")
def mta(traces: None) -> Iterator[Mta]:
    """Users, aliases and commands."""
    with aliases(Mta(BASE / "local", {**MAIN, "transport_maps": "inline:{args.test=args:}"}, AGENTS)) as each:
        yield each


@pytest.fixture
def started(make_mta: Callable[..., Mta]) -> Callable[..., Mta]:
    """A factory of instances with settings of their own."""
    def make(main: dict[str, str], entries: dict[str, str] = ALIASES) -> Mta:
        return aliases(make_mta({**MAIN, **main}, AGENTS), entries).start()
    return make


@pytest.fixture(autouse=True)
def clean(mta: Mta) -> Iterator[None]:
    """Alice's home and mailbox are empty again behind each test."""
    yield
    for entry in ALICE.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    for name in ("alice", "bob"):
        (mta.mail / name).unlink(missing_ok=True)


def forward(text: str, mode: int = 0o644, owner: str = "alice", name: str = ".forward") -> Path:
    """Write alice's .forward."""
    path = ALICE / name
    path.write_text(text)
    path.chmod(mode)
    shutil.chown(path, owner, owner)
    return path


def outcomes(mta: Mta, *to: str, text: str = "Subject: x\n\nbody\n") -> list[tuple[str, str, str, str]]:
    """Send; (recipient, status, code, words) of all deliveries of the message, when it is done for now."""
    queue_id = mta.send("sender@example.test", *to, text=text)
    line = rf"{queue_id}: to=<([^>]*)>.*dsn=([\d.]+), status=(\w+) \((.*)\)$"
    poll(lambda: re.search(rf"{queue_id}: removed$|{queue_id}: .*status=deferred", mta.log(), re.M), what="end of delivery")
    return [(who, status, code, words) for who, code, status, words in re.findall(line, mta.log(), re.M)]


def outcome(mta: Mta, to: str, **kwargs: str) -> tuple[str, str, str]:
    """The one delivery: (status, code, words)."""
    (found,) = outcomes(mta, to, **kwargs)
    return found[1:]


def read(name: str) -> str:
    """What a command left, once it is there."""
    poll(lambda: (OUT / name).exists() and (OUT / name).read_text(), what=name)
    return (OUT / name).read_text()


# -- mailboxes ------------------------------------------------------------------------------------------------------


def test_hard_link_to_a_link_of_root_is_not_followed(mta: Mta) -> None:
    """LV1"""
    victim, link = OUT / "victim", BASE / "link"
    victim.write_text("")
    link.symlink_to(victim)
    os.link(link, mta.mail / "alice", follow_symlinks=False)
    assert outcome(mta, "alice@example.test")[0] == "deferred"
    assert victim.read_text() == ""


@pytest.mark.parametrize("make", ["other", "hard link", "fifo", "directory"])
def test_mailbox_that_is_not_the_users_own(mta: Mta, make: str) -> None:
    """LV2: never written to, and nobody waits for a reader."""
    box, precious = mta.mail / "alice", OUT / "precious"
    precious.write_text("")
    shutil.chown(precious, "alice")
    {"other": lambda: (box.write_text(""), shutil.chown(box, "bob")), "hard link": lambda: os.link(precious, box),
     "fifo": lambda: (os.mkfifo(box), shutil.chown(box, "alice")), "directory": box.mkdir}[make]()
    status, code, words = outcome(mta, "alice@example.test")
    assert status in ("deferred", "bounced") and code[1:3] == ".2" and str(box) in words
    assert precious.read_text() == "" and (not box.is_file() or box.stat().st_size == 0)
    box.rmdir() if box.is_dir() else box.unlink()


def test_full_disk_leaves_the_mailbox_as_it_was(started: Callable[..., Mta]) -> None:
    """LV13"""
    small = ALICE / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0777", "tmpfs", str(small)], check=True)
    try:
        mta = started({"home_mailbox": "small/box"})
        assert outcome(mta, "alice@example.test")[0] == "sent"
        before = (small / "box").read_bytes()
        status, code, words = outcome(mta, "alice@example.test", text="Subject: big\n\n" + "x" * 70 + "\n" + ("y" * 70 + "\n") * 2000)
        assert (status, code) == ("deferred", "4.2.0") and "No space left" in words
        assert (small / "box").read_bytes() == before
        maildir = started({"home_mailbox": "small/md/"})
        assert outcome(maildir, "alice@example.test", text="Subject: big\n\n" + ("y" * 70 + "\n") * 2000)[0] == "deferred"
        assert not list((small / "md/new").iterdir()) and not list((small / "md/tmp").iterdir())
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_partial_line_of_a_killed_delivery_hides_nothing(mta: Mta) -> None:
    box = mta.mail / "alice"
    box.write_text("From x  Sat Nov  1 09:05:00 2025\nSubject: old\n\npart of a li")
    shutil.chown(box, "alice")
    assert outcome(mta, "alice@example.test")[0] == "sent"
    assert "part of a li\nFrom sender@example.test  " in box.read_text()


def test_file_where_no_dotlock_can_be_made(mta: Mta) -> None:
    """A log in a directory of root's: the other lock is enough; but a mailbox is not written without its dotlock."""
    (OUT / "rootdir").mkdir(exist_ok=True)
    (OUT / "rootdir/log").write_text("")
    shutil.chown(OUT / "rootdir/log", "nobody")
    assert outcome(mta, "log@example.test") == ("sent", "2.0.0", f"delivered to file: {OUT}/rootdir/log")
    assert "Subject: x" in (OUT / "rootdir/log").read_text()


@pytest.mark.parametrize("alias, status, code, words", [
    ("program", "bounced", "5.7.1", "file is executable"), ("nodir", "bounced", "5.2.0", "No such file or directory")])
def test_file_that_takes_no_mail(mta: Mta, alias: str, status: str, code: str, words: str) -> None:
    """Text that strangers write makes no program."""
    (OUT / "program").write_text("#!/bin/sh\n")
    (OUT / "program").chmod(0o777)
    found = outcome(mta, f"{alias}@example.test")
    assert found[:2] == (status, code) and found[2].startswith(f"cannot append message to file {OUT}/") and words in found[2]
    assert (OUT / "program").read_text() == "#!/bin/sh\n"


def test_spool_of_a_group_of_its_own(started: Callable[..., Mta]) -> None:
    """As in Debian: root:mail 2775; dotlocks and new mailboxes are made with the group's rights."""
    mta = started({"mail_spool_directory": str(HOME / "spool")})
    spool = HOME / "spool"
    spool.mkdir()
    shutil.chown(spool, "root", "mail")
    spool.chmod(0o2775)
    assert outcome(mta, "alice@example.test")[0] == "sent"
    assert outcome(mta, "alice@example.test")[0] == "sent"
    found = (spool / "alice").stat()
    assert found.st_uid == 2111 and stat.S_IMODE(found.st_mode) == 0o600 and os.listdir(spool) == ["alice"]


@pytest.mark.parametrize("to, code", [("alice", "4.0.0"), ("hers", "4.3.0")])
def test_missing_user_database_is_not_an_unknown_user(mta: Mta, to: str, code: str) -> None:
    """LV7: and the owner of a list is not nobody."""
    forward("/dev/null\n", name="own")
    outcome(mta, "waits@example.test")		# everybody who is needed runs now
    passwd, kept, switch = Path("/etc/passwd"), Path("/etc/passwd.kept"), Path("/etc/nsswitch.conf")
    sources = switch.read_text() if switch.exists() else ""
    switch.write_text(re.sub(r"^passwd:.*", "passwd: files", sources, flags=re.M))
    passwd.rename(kept)
    passwd.symlink_to("passwd")
    try:
        found = outcome(mta, f"{to}@example.test")
    finally:
        passwd.unlink()
        kept.rename(passwd)
        switch.write_text(sources)
    assert found[:2] == ("deferred", code)


# -- aliases --------------------------------------------------------------------------------------------------------


def test_final_destination_counts_for_duplicates(mta: Mta) -> None:
    """LV22"""
    assert len(outcomes(mta, "both@example.test")) == 1
    assert mta.mailbox("alice").count("\nDelivered-To: both@example.test\n") == 1


def test_recipient_does_not_wait_for_an_alias_that_names_him(started: Callable[..., Mta]) -> None:
    """The destination was seen, but nothing went there."""
    (HOME / "bob").rename(HOME / "bob.away")
    try:
        mta = started({"require_home_directory": "yes", "local_destination_recipient_limit": "10"}, {"aaa": "alice, bob"})
        mta.send("x@example.test", "aaa@example.test", "alice@example.test", text="Subject: not waiting\n\nbody\n")
        mta.wait_mail("alice", "Subject: not waiting")
    finally:
        (HOME / "bob.away").rename(HOME / "bob")


def test_alias_that_names_itself_means_the_user(mta: Mta) -> None:
    found = outcomes(mta, "self@example.test")
    assert sorted(each[1] for each in found) == ["bounced", "sent"]
    assert ("self@example.test", "bounced", "5.1.1", 'unknown user: "self"') in found


def test_include_that_includes_itself(mta: Mta) -> None:
    """LV5"""
    assert outcome(mta, "itself@example.test")[:2] == ("bounced", "5.4.6")


def test_includes_that_double_the_work_with_each_level(mta: Mta) -> None:
    """LV5: forty files that name the next one twice would be read a million million times."""
    for i in range(40):
        forward(f":include:{HOME}/alice/list{i + 1}\n" * 2, name=f"list{i}")
    forward("nobody-of-that-name\n", name="list40")
    forward(f":include:{HOME}/alice/list0\n")
    found = [each[1:3] for each in outcomes(mta, "alice@example.test")]
    assert sorted(found) == [("bounced", "5.4.6"), ("sent", "2.0.0")]


def test_members_without_end(mta: Mta) -> None:
    """Each costs time and memory, whoever makes the list; and what is wrong with all of them is told once."""
    (OUT / "endless").write_text("/dev/null\n" * 200001)
    assert sorted(each[1:] for each in outcomes(mta, "endless@example.test")) == [
        ("bounced", "5.4.6", "more than 200000 members"), ("bounced", "5.7.1", "mail to file is restricted")]


def test_list_that_cannot_be_read_is_not_a_bad_list(mta: Mta) -> None:
    """The memory of a process is a plain file whose first byte nobody can read."""
    assert outcome(mta, "unreadable@example.test") == ("deferred", "4.3.0", "unable to open include file /proc/1/mem")
    assert "include file /proc/1/mem: read: Input/output error" in mta.log()


@pytest.fixture
def private_list() -> Iterator[None]:
    """A list that root alone may read, where root alone can put something."""
    path = Path("/etc/private-list")
    path.write_text("bob\n")
    path.chmod(0o600)
    yield
    path.unlink()


def test_include_of_root_is_read_as_root(mta: Mta, private_list: None) -> None:
    assert outcome(mta, "private@example.test")[:2] == ("sent", "2.0.0")


def test_include_of_a_user_is_read_as_that_user(mta: Mta) -> None:
    forward("bob\n", 0o600, name="own")
    assert outcome(mta, "hers@example.test")[:2] == ("sent", "2.0.0")


@pytest.mark.parametrize("alias", ["linked", "lured"])
def test_user_makes_a_path_lead_to_a_list_of_root(mta: Mta, private_list: None, alias: str) -> None:
    (ALICE / "list").symlink_to("/etc/private-list")
    (ALICE / "etc").symlink_to("/etc")
    assert outcome(mta, f"{alias}@example.test")[:2] == ("bounced", "5.3.5")


@pytest.mark.parametrize("alias", ["nolist", "relative"])
def test_include_without_a_path(mta: Mta, alias: str) -> None:
    """LV4"""
    assert outcome(mta, f"{alias}@example.test")[:2] == ("bounced", "5.3.5")


def test_dev_null_is_a_file(mta: Mta) -> None:
    assert outcome(mta, "void@example.test") == ("sent", "2.0.0", "delivered to file: /dev/null")


def test_members_of_a_list_with_an_owner_do_not_wait_for_each_other(mta: Mta) -> None:
    """LV9: whoever was done is done, whatever becomes of the others."""
    ((to, status, _, words),) = [each for each in outcomes(mta, "list@example.test")]
    assert (to, status) == ("list@example.test", "sent") and words.startswith("forwarded as ")
    mta.wait_log(r'to=<carol-is-nobody@example.test>, relay.*unknown user')
    mta.wait_mail("alice", "Return-Path: <owner-list@example.test>")
    found = outcomes(mta, "wait@example.test")
    assert found[0][1] == "deferred" or found[-1][1] == "deferred"
    before = mta.mailbox("alice").count("Delivered-To: wait@example.test")
    mta.run("postqueue", "-f", check=True)
    poll(lambda: len(re.findall(r"to=<waits@example.test>.*status=deferred", mta.log())) > 1, what="a second try")
    assert before <= 1 and mta.mailbox("alice").count("Delivered-To: wait@example.test") <= 1


def crew(kind: str, *members: str) -> str:
    """A list in a file; the address it has."""
    if kind == "include":
        (OUT / "crew").write_text("\n".join(members) + "\n")
        return "crew@example.test"
    forward("\n".join(members) + "\n")
    return "alice@example.test"


@pytest.mark.parametrize("kind", ["include", "forward"])
def test_members_of_a_file_do_not_wait_for_each_other_LV9(started: Callable[..., Mta], kind: str) -> None:
    """Each has a record of his own: the next attempt is for the one who had to wait."""
    mta = started({})		# where nobody else holds a mailbox
    os.mkfifo(mta.mail / "bob")
    shutil.chown(mta.mail / "bob", "bob")
    found = outcomes(mta, crew(kind, "alice", "bob"), text="Subject: crew\n\nx\n")
    words = [each[3] for each in found]
    assert words[:-1] == (["delivered to mailbox"] if kind == "forward" else []) and words[-1].startswith("forwarded as ")
    queue_id = words[-1].split()[-1]
    mta.wait_log(rf"{queue_id}: to=<bob@example\.test>, orig_to=<{found[-1][0]}>.*status=deferred")
    mta.wait_mail("alice", "Subject: crew")
    since = len(mta.log())
    mta.run("postqueue", "-i", queue_id, check=True)
    mta.wait_log(rf"{queue_id}: to=<bob@example\.test>.*status=deferred", since=since)
    assert mta.mailbox("alice").count("Subject: crew") == 1


def test_nothing_is_sent_on_while_a_command_has_to_wait_LV9(mta: Mta) -> None:
    """Else those elsewhere would get the message at each attempt."""
    forward('bob\n"|exit 75"\n')
    queue_id = mta.send("bob@elsewhere.test", "alice@example.test")
    mta.wait_log(rf"{queue_id}: .*status=deferred \(temporary failure\)")
    forward('bob\n"|exit 0"\n')
    mta.run("postqueue", "-i", queue_id, check=True)
    mta.wait_removed(queue_id)
    mta.wait_log(rf"{queue_id}: .*\(forwarded as")
    assert mta.log().count(f"{queue_id}: to=<alice@example.test>") == 3


@pytest.mark.parametrize("kind", ["include", "forward"])
def test_commands_and_files_of_a_list_have_no_message_of_their_own(mta: Mta, kind: str) -> None:
    (OUT / "plain").unlink(missing_ok=True)
    found = outcomes(mta, crew(kind, f"{OUT}/plain", "bob"))
    (OUT / "plain").unlink(missing_ok=True)
    words = [each[3] for each in found]
    assert [each.split()[0] for each in words] == (["mail", "forwarded"] if kind == "include" else ["delivered", "forwarded"])


@pytest.mark.parametrize("text", ["alice", "\\alice", "Alice+x"])
def test_own_name_in_own_forward_is_the_mailbox(mta: Mta, text: str) -> None:
    """By whatever way: a user is not sent on to himself."""
    forward(f"{text}\n")
    assert outcome(mta, "alice@example.test")[::2] == ("sent", "delivered to mailbox")


def test_loop_of_two_forwards_ends(mta: Mta) -> None:
    forward("bob\n")
    path = HOME / "bob/.forward"
    path.write_text("alice\n")
    shutil.chown(path, "bob")
    mta.send("alice@elsewhere.test", "alice@example.test")
    try:
        mta.wait_log(r"to=<alice@example\.test>, .*dsn=5\.4\.6, status=bounced \(mail forwarding loop for alice@example\.test\)")
    finally:
        path.unlink()


def test_expressions_may_not_choose_the_member(started: Callable[..., Mta]) -> None:
    """LV14"""
    mta = started({"alias_maps": "regexp:$config_directory/expressions"})
    (mta.config / "expressions").write_text("/^run-(.*)$/ |touch $1\n")
    assert outcome(mta, "run-me@example.test")[0] in ("deferred", "bounced")
    mta.wait_log(r"local\[\d+\]: warning: .*expressions.*substitution is not allowed")


@pytest.mark.parametrize("tables, who", [
    ("texthash:{out}/theirs", {"alice"}), ("unionmap:{{texthash:{out}/theirs,texthash:{out}/ours}}", {"alice", "nobody"}),
    ("texthash:{out}/ours", {"nobody"})])
def test_commands_have_the_rights_of_the_tables_owner(started: Callable[..., Mta], tables: str, who: set[str]) -> None:
    """LV15: and never those of root."""
    for name in ("theirs", "ours"):
        (OUT / name).write_text(f'run "|id -un >{OUT}/who; id -G >>{OUT}/who"\n')
    shutil.chown(OUT / "theirs", "alice")
    (OUT / "who").unlink(missing_ok=True)
    mta = started({"alias_maps": tables.format(out=OUT)})
    # A union has both values: the same command is run once.
    assert {each[1] for each in outcomes(mta, "run@example.test")} == {"sent"}
    name, groups = read("who").split("\n")[:2]
    assert name in who and groups.split() == [str(os.stat(OUT / "who").st_gid)]
    (OUT / "who").unlink()


@pytest.mark.parametrize("parameter", ["mailbox_command_maps", "mailbox_transport_maps", "fallback_transport_maps", "alias_maps"])
def test_tables_that_cannot_be_asked_defer(started: Callable[..., Mta], parameter: str) -> None:
    """LV6: with a line in the log, and a record for the notice."""
    mta = started({parameter: "fail:on purpose"})
    user = "ghost" if parameter.startswith("fallback") else "alice"
    assert outcome(mta, f"{user}@example.test")[:2] == ("deferred", "4.3.0")
    assert "lookup failure" in mta.run("postqueue", "-p").stdout or parameter == "alias_maps"


def test_forwarded_mail_is_not_inspected_and_copied_again(started: Callable[..., Mta]) -> None:
    mta = started({"always_bcc": "bob@example.test", "header_checks": "regexp:{{/^X-Seen:/ WARN}}",
                   "virtual_alias_maps": "inline:{far@far.test=further@far.test}", "default_transport": "discard:"},
                  {"out": "far@far.test"})
    mta.send("sender@example.test", "out@example.test", text="X-Seen: yes\n\nbody\n")
    mta.wait_log("to=<further@far.test>, .*status=sent")
    assert len(re.findall("warning: header X-Seen", mta.log())) == 1
    assert len(re.findall("to=<bob@example.test>", mta.log())) == 1


def test_tables_for_commands_are_not_left_to_proxymap(make_mta: Callable[..., Mta]) -> None:
    """LV14"""
    mta = aliases(make_mta({**MAIN, "alias_maps": f"proxy:{MAIN['alias_maps']}", "local_recipient_maps": ""},
                           {"proxymap/unix": None}), {"direct": "alice"}).start()
    assert outcome(mta, "direct@example.test")[0] == "sent"


def test_luser_relay_that_does_not_exist(started: Callable[..., Mta]) -> None:
    """LV8"""
    mta = started({"luser_relay": "$user-lost@example.test"})
    (found,) = outcomes(mta, "ghost@example.test")
    assert found[1:3] == ("bounced", "5.1.1") and "ghost-lost" in found[3]


@pytest.mark.parametrize("local", ["|touch {out}/stolen", "/{out}/stolen", ":include:{out}/bait", "x, bob", "\\\\bob"])
def test_luser_relay_reads_strangers_as_addresses_only(started: Callable[..., Mta], local: str) -> None:
    """LV16"""
    (OUT / "bait").write_text("bob\n")
    mta = started({"luser_relay": "$local", "allow_mail_to_commands": "alias, forward, include",
                   "allow_mail_to_files": "alias, forward, include"})
    found = outcomes(mta, f'"{local.format(out=OUT)}"@example.test')
    assert [each[1:3] for each in found] == [("bounced", "5.1.1")] and not (OUT / "stolen").exists()
    assert mta.mailbox("bob") == ""


# -- .forward -------------------------------------------------------------------------------------------------------


def test_empty_members_of_forward_bounce_alone(mta: Mta) -> None:
    """LV4"""
    forward('|\n"|  "\n/\n:include:\nbob\n')
    found = outcomes(mta, "alice@example.test")
    assert sorted(each[3][:20] for each in found if each[1] == "bounced" and each[2][0] == "5") == [
        'bad :include: path: ', "mail to a command th", "mail to a file that "]		# the two commands are one complaint
    assert any(each[1] == "sent" and each[3].startswith("forwarded as ") for each in found)
    assert mta.wait_mail("bob", "body")


def plant_fifo() -> None:
    os.mkfifo(ALICE / ".forward")
    shutil.chown(ALICE / ".forward", "alice")


def plant_link() -> None:
    (OUT / "bobs").write_text("bob\n")
    shutil.chown(OUT / "bobs", "bob")
    (ALICE / ".forward").symlink_to(OUT / "bobs")


HOSTILE = {
    "fifo": plant_fifo, "of bob": lambda: forward("bob\n", owner="bob"), "link to bob's": plant_link,
    "world writable": lambda: forward("bob\n", 0o666), "huge": lambda: forward("bob\n" * 400000),
    "directory": lambda: (ALICE / ".forward").mkdir(),
    "foreign group": lambda: (forward("bob\n", 0o664), shutil.chown(ALICE / ".forward", group="bob")),
    "device": lambda: (ALICE / ".forward").symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_forward_is_ignored(mta: Mta, kind: str) -> None:
    """LV18"""
    HOSTILE[kind]()
    assert [each[:2] for each in outcomes(mta, "alice@example.test")] == [("alice@example.test", "sent")]
    assert f"{ALICE}/.forward" in mta.log()


def test_forward_command_has_nothing_of_ours(mta: Mta) -> None:
    """LV3: descriptors, ids, groups, environment, working directory."""
    forward(f'"|(ls -l /proc/self/fd; id; env) >{OUT}/child"\n')
    assert outcome(mta, "alice@example.test")[0] == "sent"
    text = read("child")
    found = dict(re.findall(r" (\d+) -> (.*)$", text, re.M))
    assert set(found) <= {"0", "1", "2", "3"} and found["0"].startswith("pipe:")
    assert re.search(r"^uid=2111\(alice\) gid=2111\(alice\)( groups=2111\(alice\))?$", text, re.M)
    names = set(re.findall(r"^(\w+)=", text, re.M)) - {"uid"}
    assert names <= {"PATH", "MAIL_CONFIG", "TZ", "LANG", "HOME", "SHELL", "USER", "LOGNAME", "LOCAL", "DOMAIN", "RECIPIENT",
                     "ORIGINAL_RECIPIENT", "SENDER", "CLIENT_ADDRESS", "CLIENT_HELO", "CLIENT_HOSTNAME", "CLIENT_PROTOCOL",
                     "PWD", "SHLVL", "_", "OLDPWD"}


def test_shell_characters_of_strangers_mean_nothing(mta: Mta) -> None:
    """LV16"""
    forward(f'"|echo $EXTENSION $SENDER >{OUT}/filtered"\n')
    mta.send("a`id`@example.test", '"alice+x;$(touch /tmp/y)`z`"@example.test')
    assert read("filtered") == "x___touch_/tmp/y__z_ a_id_@example.test\n"
    assert not (ALICE / ".forward+x").exists()


def test_extension_leads_nowhere_else(mta: Mta) -> None:
    """LV18: forward_path with what a stranger chose."""
    (ALICE / ".forward+x").mkdir()
    forward("bob\n", name="note")
    shutil.chown(ALICE / "note", "alice", "alice")
    assert [each[:2] for each in outcomes(mta, '"alice+x/../note"@example.test')] == [('"alice+x/../note"@example.test', "sent")]


# -- commands -------------------------------------------------------------------------------------------------------


def test_command_killed_by_a_signal_is_tried_again(mta: Mta) -> None:
    """LV17"""
    status, code, words = outcome(mta, "killed@example.test")
    assert (status, code) == ("deferred", "4.3.0") and "signal 9" in words


@pytest.mark.parametrize("alias", ["hangs", "flood"])
def test_time_limit_ends_the_whole_group(mta: Mta, alias: str) -> None:
    """LV11"""
    status, _, words = outcome(mta, f"{alias}@example.test")
    assert status == "bounced" and "time limit exceeded" in words
    name = {"hangs": "sleep 300", "flood": "yes"}[alias]
    poll(lambda: subprocess.run(["pgrep", "-u", "nobody", "-fx", name], capture_output=True).returncode, what="end of it")


def test_what_is_no_program_is_for_the_shell(mta: Mta) -> None:
    """It knows assignments, and its "not found" is final."""
    assert outcome(mta, "assigns@example.test")[:2] == ("sent", "2.0.0")
    status, code, words = outcome(mta, "missing@example.test")
    assert (status, code) == ("bounced", "5.3.0") and "status 127" in words and "no-such-program" in words


def test_null_byte_in_forward(mta: Mta) -> None:
    """No notice could name such an address: it would be tried again for days, and the others with it."""
    forward("\\alice\nbo\0b\n")
    found = [each[1:3] for each in outcomes(mta, "alice@example.test")]
    assert sorted(found) == [("bounced", "5.1.3"), ("sent", "2.0.0")]


def test_command_with_plain_words_needs_no_shell(mta: Mta) -> None:
    assert outcome(mta, "words@example.test")[0] == "sent"
    assert read("words").split()[:3] == ["2", "two", "words"]
    assert outcome(mta, "quoted@example.test")[0] == "sent" and read("quoted") == "a b\n"


def test_expansion_of_an_alias_is_told_once(mta: Mta) -> None:
    """The sender asked for success notices: he hears that the alias was expanded, not for what it stands."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.sendmail("bob@example.test", ["both@example.test"], "Subject: told\n\nx\n", rcpt_options=["NOTIFY=SUCCESS"])
    text = mta.wait_mail("bob", "Action: expanded")
    assert "alice" not in text[text.index("Reporting-MTA:"):text.index("Subject: told")]


def test_exit_code_decides(mta: Mta) -> None:
    assert outcome(mta, "refused@example.test")[:2] == ("bounced", "5.7.0")


# -- pipe, virtual --------------------------------------------------------------------------------------------------


def test_empty_argument_of_pipe_stays(mta: Mta) -> None:
    """LV10"""
    assert outcome(mta, "john@args.test")[0] == "sent"
    assert read("args") == "<[]><john.><><end>"


BOXES = {"up": "../up", "deep": "a/../../up", "root": "box", "gid": "box", "minus": "box", "two": "box", "none": "box",
         "absolute": "/absolute", "hex": "box", "wraps": "box"}
UIDS = {"root": "0", "minus": "-2111", "two": "2111 2112", "up": "2111", "deep": "2111", "gid": "2111", "absolute": "2111",
        "hex": "0x83f", "wraps": str(2 ** 32 + 2111)}


def test_hostile_answers_about_virtual_mailboxes(started: Callable[..., Mta]) -> None:
    """LV12: nothing outside of the base directory, no ids that somebody else has."""
    base = OUT / "base"
    base.mkdir()
    shutil.chown(base, "alice")

    def table(entries: dict[str, str]) -> str:
        return "inline:{" + ", ".join(f"{{ {key}@box.test = {value} }}" for key, value in entries.items()) + "}"
    mta = started({"virtual_mailbox_domains": "box.test", "virtual_mailbox_base": str(base), "virtual_mailbox_maps": table(BOXES),
                   "virtual_uid_maps": table(UIDS),
                   "virtual_gid_maps": table({**dict.fromkeys(BOXES, "2111"), "gid": "0"})})
    for name in BOXES:
        status, code, _ = outcome(mta, f"{name}@box.test")
        assert (status, code) == (("sent", "2.0.0") if name == "absolute" else ("deferred", "4.3.5")), name
    assert os.listdir(base) == ["absolute"] and not (OUT / "up").exists()


@pytest.mark.parametrize("parameter, value", [
    ("virtual_mailbox_maps", "regexp:$config_directory/expressions"), ("virtual_uid_maps", "regexp:$config_directory/expressions"),
    ("virtual_gid_maps", "tcp:127.0.0.1:9"), ("virtual_mailbox_base", "relative")])
def test_strangers_do_not_choose_virtual_mailboxes_LV14(make_mta: Callable[..., Mta], parameter: str, value: str) -> None:
    """Not by their address, nor by an answer from the net; and a base that is none has no mailboxes."""
    base = OUT / "strange"
    mta = make_mta({"virtual_mailbox_domains": "box.test", "virtual_mailbox_base": str(base), "virtual_mailbox_maps": "static:box",
                    "virtual_uid_maps": "static:2111", "virtual_gid_maps": "static:2111",
                    "smtpd_reject_unlisted_recipient": "no", parameter: value}, AGENTS)
    (mta.config / "expressions").write_text("/^(.*)@box\\.test$/ $1\n")
    mta.start().send("", "2111@box.test")
    mta.wait_log(r"virtual\[\d+\]: (fatal|warning): .*(substitution is not allowed|tcp|not below virtual_mailbox_base)")
    assert "status=sent" not in mta.log() and not base.exists()


# -- sizes ----------------------------------------------------------------------------------------------------------------


def test_files_may_be_as_large_as_messages_CQ14(started: Callable[..., Mta]) -> None:
    """Whatever the limit of whoever started us: else mail could neither be delivered nor sent back."""
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    mta = started({"mailbox_size_limit": "0", "virtual_mailbox_limit": "0", "message_size_limit": "5000000000"})
    mta.stop()
    assert mta.run("postfix", "-c", mta.config, "start", preexec_fn=limit).returncode == 0
    mta.wait_removed(mta.send("bob@example.test", "alice@example.test", text=f"Subject: large\n\n{5000 * (79 * 'x' + chr(10))}"))
    assert mta.mailbox("alice").count(79 * "x") == 5000


def test_mailbox_smaller_than_a_message_is_refused_at_the_start_CQ14(started: Callable[..., Mta]) -> None:
    mta = started({"mailbox_size_limit": "1000", "message_size_limit": "2000"})
    queue_id = mta.send("", "alice@example.test")
    mta.wait_log(r"local\[\d+\]: fatal: .*mailbox_size_limit is smaller than message_size_limit")
    assert not re.search(rf"{queue_id}: .*status=(bounced|sent)", mta.log())


def test_virtual_mailbox_smaller_than_a_message_is_refused_at_the_start_CQ14(started: Callable[..., Mta]) -> None:
    mta = started({"virtual_mailbox_domains": "box.test", "virtual_mailbox_maps": "inline:{a@box.test=a}", "virtual_mailbox_base": str(OUT),
                   "virtual_mailbox_limit": "1000", "message_size_limit": "2000"})
    mta.send("", "a@box.test")
    mta.wait_log(r"virtual\[\d+\]: fatal: .*virtual_mailbox_limit is smaller than message_size_limit")


@pytest.mark.parametrize("user, why", [("root", "rights of root"), ("postfix", "rights of the mail system owner"), ("nosuch", "")])
def test_nobody_of_importance_owns_what_nobody_owns(started: Callable[..., Mta], user: str, why: str) -> None:
    """default_privs: commands in tables of root are not run by root, nor by whom the queue belongs to."""
    mta = started({"default_privs": user})
    queue_id = mta.send("", "killed@example.test")
    mta.wait_log(rf"local\[\d+\]: fatal: default_privs = {user}: .*{why}")
    assert not re.search(rf"{queue_id}: .*status=(bounced|sent)", mta.log())
