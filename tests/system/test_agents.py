"""pipe, spawn, virtual, error, retry and discard: what their settings promise."""
import os
import re
import shutil
import socket
import stat
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

OUT = BASE / "agents-out"
TEXT = "Subject: x\n\nFrom here\n.dot\nbody\n"
LOOK = f"{{cat >{OUT}/message; printf '<%s>' \"$$@\" >{OUT}/args; (id -u; id -g; pwd; ls /proc/self/fd) >{OUT}/who}} sh"
ALL = ("$sender ${recipient} ${user} ${extension} ${mailbox} ${domain} ${nexthop} ${original_recipient} $(client_helo) "
       "${client_address} ${client_protocol} ${sasl_username} pre$$x")
SERVICES = {
    "plain": f"user=alice argv=/bin/sh -c {LOOK} {ALL}",
    "folded": f"flags=hu user=alice argv=/bin/sh -c {LOOK} {ALL}",
    "quoted": f"flags=q user=alice argv=/bin/sh -c {LOOK} $sender $recipient $original_recipient $user",
    "headers": f"flags=FRDO user=alice:bob directory={OUT} argv=/bin/sh -c {LOOK}",
    "lines": f"flags=B.> eol=\\r\\n user=alice argv=/bin/sh -c {LOOK}",
    "nobody": f"flags=FR null_sender= user=alice argv=/bin/sh -c {LOOK} -f $sender",
    "somebody": f"flags=FR null_sender=no.body user=alice argv=/bin/sh -c {LOOK} -f $sender",
    "small": "size=200 user=alice argv=/bin/true", "nodir": "user=alice directory=/nonexistent argv=/bin/true",
    "nochroot": "user=alice chroot=/nonexistent argv=/bin/true", "inroot": f"user=alice chroot={OUT}/root argv=/bin/busy",
    "final": "flags=X user=alice argv=/bin/echo all is well", "passed": "user=alice argv=/bin/echo all is well",
    "bad": "user=alice argv=/bin/echo $nonsense", "root": "user=root argv=/bin/true", "owner": "user=postfix argv=/bin/true",
    "group": "user=alice:postdrop argv=/bin/true", "noflag": "flags=y user=alice argv=/bin/true", "noargv": "user=alice",
    "nouser": "argv=/bin/true", "unknown": "user=whoisthat argv=/bin/true", "word": "user=alice colour=red argv=/bin/true",
    **{f"exit{code}": f"user=alice argv=/bin/sh -c {{{words} exit {code}}}" for code, words in (
        (1, ""), (65, ""), (67, ""), (69, "echo so it is;"), (75, ""), (70, "echo 4.7.1 later;"), (71, "echo 5.7.9 never;"), (77, "echo 2.0.0 fine;"))},
    "killed": "user=alice argv=/bin/sh -c {kill -9 $$$$}", "hangs": "user=alice argv=/bin/sh -c {sleep 300 & sleep 301}",
    "deaf": "user=alice argv=/bin/sh -c {exec <&-; exit 0}", "loud": "user=alice argv=/bin/sh -c {head -c 300000 /dev/zero | tr '\\0' y; exit 69}",
}
LIMITS = {f"{name}_destination_recipient_limit": "1" for name in ("headers",)}
MAIN = {"transport_maps": "texthash:$config_directory/transport", "hangs_time_limit": "1s", "recipient_delimiter": "+", **LIMITS,
        "smtpd_reject_unlisted_recipient": "no"}
ROUTES = {"error.test": "error:no such place", "coded.test": "error:5.7.9 go away", "soft.test": "error:4.7.9 go away",
          "retry.test": "retry:come again", "retried.test": "retry:4.2.9 come again", "hole.test": "discard:swallowed", "silent.test": "discard:"}


@pytest.fixture(scope="module")
def mta() -> Iterator[Mta]:
    """A domain for each service."""
    OUT.mkdir()
    OUT.chmod(0o1777)
    master = {f"{name}/unix": f"- n n - - pipe {arguments}" for name, arguments in SERVICES.items()}
    each = Mta(BASE / "agents", MAIN, master)
    routes = {**{f"{name}.test": f"{name}:Hop.Test" for name in SERVICES}, **ROUTES}
    (each.config / "transport").write_text("".join(f"{key} {value}\n" for key, value in routes.items()))
    with each:
        yield each


@pytest.fixture(autouse=True)
def clean() -> None:
    """No traces of earlier commands."""
    for name in ("message", "args", "who"):
        (OUT / name).unlink(missing_ok=True)


def outcome(mta: Mta, *to: str, sender: str = "s@example.test", text: str = TEXT) -> tuple[str, str, str]:
    """Send; status, code and words of the first delivery."""
    queue_id = mta.send(sender, *to, text=text)
    found = mta.wait_log(rf"{queue_id}: to=.*dsn=([\d.]+), status=(\w+) \((.*)\)$")
    return found[2], found[1], found[3]


# -- pipe -------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("service, expected", [
    ("plain", "<s@example.test><Joe+Ext@PLAIN.test><Joe><Ext><Joe+Ext><PLAIN.test><Hop.Test><Joe+Ext@PLAIN.test><client.example.test>"
     "<127.0.0.1><ESMTP><><pre$x>"),
    ("folded", "<s@example.test><joe+ext@folded.test><joe><ext><joe+ext><folded.test><hop.test><joe+ext@folded.test><client.example.test>"
     "<127.0.0.1><ESMTP><><pre$x>")])
def test_macros_of_pipe(mta: Mta, service: str, expected: str) -> None:
    domain = service.upper() if service == "plain" else service.capitalize()
    assert outcome(mta, f"Joe+Ext@{domain}.test")[0] == "sent"
    assert (OUT / "args").read_text() == expected


def test_each_recipient_has_its_arguments(mta: Mta) -> None:
    assert outcome(mta, "a+x@plain.test", "b@plain.test")[0] == "sent"
    assert (OUT / "args").read_text().startswith("<s@example.test><a+x@plain.test><b@plain.test><a><b><x><><a+x><b><plain.test><plain.test><Hop.Test>")


def test_quoted_addresses(mta: Mta) -> None:
    assert outcome(mta, '"Joe X"@quoted.test', sender='"a b"@example.test')[0] == "sent"
    assert (OUT / "args").read_text() == '<"a b"@example.test><"Joe X"@quoted.test><"Joe X"@quoted.test><Joe X>'


def test_headers_and_rights(mta: Mta) -> None:
    assert outcome(mta, "Joe@headers.test")[0] == "sent"
    lines = (OUT / "message").read_text().split("\n")
    assert re.match(r"From s@example\.test  \w{3} \w{3} .\d \d\d:\d\d:\d\d \d{4}$", lines[0])
    assert lines[1:4] == ["Return-Path: <s@example.test>", "X-Original-To: Joe@headers.test", "Delivered-To: Joe@headers.test"]
    assert (OUT / "who").read_text().split("\n")[:3] == ["2111", "2112", str(OUT)] and (OUT / "who").stat().st_mode & 0o777 == 0o600
    status, code, words = outcome(mta, "joe@headers.test", text="Delivered-To: JOE@headers.test\n\nx\n")
    assert (status, code) == ("bounced", "5.4.6") and "loop" in words


def test_line_ends(mta: Mta) -> None:
    assert outcome(mta, "joe@lines.test")[0] == "sent"
    assert (OUT / "message").read_bytes().endswith(b"\r\n\r\n>From here\r\n..dot\r\nbody\r\n\r\n")


@pytest.mark.parametrize("service, argument, header", [("nobody", "", "<>"), ("somebody", "no.body", "<no.body>")])
def test_null_sender(mta: Mta, service: str, argument: str, header: str) -> None:
    """In the arguments, and in what stands in front of the message."""
    assert outcome(mta, f"joe@{service}.test", sender="")[0] == "sent"
    assert (OUT / "args").read_text() == f"<{argument}>" or (OUT / "args").read_text() == f"<-f><{argument}>"
    lines = (OUT / "message").read_text().split("\n")
    assert lines[1] == f"Return-Path: {header}" and lines[0].startswith(f"From {argument or 'MAILER-DAEMON'}  ")


@pytest.mark.parametrize("service, status, code, words", [
    ("small", "bounced", "5.2.3", "too large"), ("nodir", "deferred", "4.3.0", "/nonexistent"), ("nochroot", "deferred", "4.3.0", "/nonexistent"),
    ("inroot", "deferred", "4.3.0", ""), ("bad", "deferred", "4.3.5", "configuration error"), ("exit1", "bounced", "5.3.0", "status 1"),
    ("exit65", "bounced", "5.6.0", "data format error"), ("exit67", "bounced", "5.1.1", "user unknown"),
    ("exit69", "bounced", "5.3.0", "service unavailable. Command output: so it is"), ("exit75", "deferred", "4.3.0", "temporary failure"),
    ("exit70", "deferred", "4.7.1", "later"), ("exit71", "bounced", "5.7.9", "never"), ("exit77", "bounced", "5.7.0", "permission denied"),
    ("killed", "deferred", "4.3.0", "signal 9"), ("hangs", "bounced", "5.3.0", "time limit exceeded"), ("deaf", "sent", "2.0.0", "delivered via deaf"),
    ("loud", "bounced", "5.3.0", "yyyy")])
def test_end_of_a_command(mta: Mta, service: str, status: str, code: str, words: str) -> None:
    found = outcome(mta, f"joe@{service}.test", text="Subject: x\n\n" + "line\n" * 20000 if service == "deaf" else TEXT)
    assert found[:2] == (status, code) and words in found[2] and len(found[2]) < 6000


@pytest.mark.parametrize("service, reason", [
    ("root", "rights of root"), ("owner", "mail system owner"), ("group", "postdrop"), ("noflag", "unknown flag: y"), ("noargv", "argv="),
    ("nouser", "user="), ("unknown", "unknown user name"), ("word", "unknown attribute name: colour")])
def test_service_that_makes_no_sense(mta: Mta, service: str, reason: str) -> None:
    """It says so, and the mail stays."""
    queue_id = mta.send("s@example.test", f"joe@{service}.test")
    mta.wait_log(rf"pipe\[\d+\]: fatal: .*{re.escape(reason)}")
    assert not re.search(rf"{queue_id}: (to=.*status=(sent|bounced)|removed)", mta.log())


@pytest.mark.parametrize("service, action", [("final", "delivered"), ("passed", "relayed")])
def test_success_notice(mta: Mta, service: str, action: str) -> None:
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.sendmail("bob@example.test", [f"joe@{service}.test"], f"Subject: to {service}\n\nx\n", rcpt_options=["NOTIFY=SUCCESS"])
    text = mta.wait_mail("bob", f"Subject: to {service}\n")
    assert f"Action: {action}\n" in text
    assert f"delivery via {service}: delivered via {service} service (all is well)" in text.replace("\n    ", " ")


# -- error, retry, discard ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("domain, expected", [
    ("error", ("bounced", "5.0.0", "no such place")), ("coded", ("bounced", "5.7.9", "go away")), ("soft", ("bounced", "5.0.0", "go away")),
    ("retry", ("deferred", "4.0.0", "come again")), ("retried", ("deferred", "4.2.9", "come again")), ("hole", ("sent", "2.0.0", "swallowed")),
    ("silent", ("sent", "2.0.0", "silent.test"))])
def test_reason_is_the_next_hop(mta: Mta, domain: str, expected: tuple[str, str, str]) -> None:
    assert outcome(mta, f"joe@{domain}.test") == expected


# -- spawn --------------------------------------------------------------------------------------------------------------------

SPAWN = {"echo/unix": "- n n - 0 spawn user=nobody argv=/bin/sh -c {read line; echo \"$line\"; id -u; pwd; env; ls /proc/self/fd}",
         "asbob/unix": "- n n - 0 spawn user=bob:alice argv=/usr/bin/id", "slow/unix": "- n n - 0 spawn user=nobody argv=/bin/sleep 300",
         "fails/unix": "- n n - 0 spawn user=nobody argv=/bin/false", "isroot/unix": "- n n - 0 spawn user=root argv=/bin/true",
         "isowner/unix": "- n n - 0 spawn user=postfix argv=/bin/true",
         "isgroup/unix": "- n n - 0 spawn user=nobody:postdrop argv=/bin/true"}


def ask(mta: Mta, service: str, text: bytes = b"") -> bytes:
    """What a service says until it hangs up."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(mta.queue / "private" / service))
        sock.sendall(text)
        answer = b""
        while more := sock.recv(4096):
            answer += more
    return answer


def test_spawn(make_mta: Callable[..., Mta]) -> None:
    """Identity, environment, descriptors; failures and time limits are logged."""
    mta = make_mta({"slow_time_limit": "1s", "export_environment": "MARK=yes"}, SPAWN).start()
    lines = ask(mta, "echo", b"hello\n").decode().split("\n")
    assert lines[0] == "hello" and lines[1] == "65534" and lines[2] == str(mta.queue)
    assert {each.split("=")[0] for each in lines if "=" in each} <= {"PATH", "MARK", "PWD", "SHLVL", "_", "OLDPWD"} and "MARK=yes" in lines
    assert set(each for each in lines if each.isdigit()) <= {"65534", "0", "1", "2", "3"}
    assert b"uid=2112(bob) gid=2111(alice) groups=2111(alice)" in ask(mta, "asbob")
    assert ask(mta, "fails") == b"" and mta.wait_log(r"warning: command /bin/false: process id \d+ exited with status 1")
    assert ask(mta, "slow") == b"" and mta.wait_log(r"warning: /bin/sleep: process id \d+: command time limit exceeded")
    for service, who in (("isroot", "root"), ("isowner", "the mail system owner"), ("isgroup", "group postdrop")):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(mta.queue / "private" / service))
            mta.wait_log(rf"spawn\[\d+\]: fatal: .*rights of {who}")


# -- virtual ------------------------------------------------------------------------------------------------------------------

BOXES = {"mbox": "mbox", "dir": "deep/er/dir/", "ext+known": "known", "ext": "ext", "link": "link", "fifo": "fifo", "others": "others",
         "hard": "hard", "linkdir": "away/box", "full": "full", "nolimit": "nolimit", "noid": "noid"}


@pytest.fixture
def boxes(make_mta: Callable[..., Mta]) -> Iterator[tuple[Mta, Path]]:
    """Virtual mailboxes of alice's ids, and of nobody's for what is not known."""
    base = OUT / "boxes"
    base.mkdir()
    shutil.chown(base, "alice", "alice")
    table = ", ".join(f"{{ {key}@box.test = {value} }}" for key, value in BOXES.items())
    mta = make_mta({"virtual_mailbox_domains": "box.test, any.test", "virtual_mailbox_base": str(base), "recipient_delimiter": "+",
                    "virtual_mailbox_maps": f"inline:{{{table}, {{ @any.test = any/ }}}}", "virtual_gid_maps": "static:2112",
                    "virtual_uid_maps": "inline:{ { noid@box.test = 99 }, { @box.test = 2111 }, { @any.test = 2111 } }",
                    "virtual_mailbox_limit": "20000", "message_size_limit": "10000", "deliver_lock_attempts": "1"},
                   {"virtual/unix": "- n n - - virtual"}).start()
    yield mta, base
    shutil.rmtree(base)


def test_virtual_mailboxes(boxes: tuple[Mta, Path]) -> None:
    mta, base = boxes
    assert outcome(mta, "mbox@box.test") == ("sent", "2.0.0", "delivered to mailbox")
    text = (base / "mbox").read_text()
    assert text.startswith("From s@example.test  ") and text.endswith("\n\n>From here\n.dot\nbody\n\n")
    assert "\nReturn-Path: <s@example.test>\nX-Original-To: mbox@box.test\nDelivered-To: mbox@box.test\n" in text
    place = (base / "mbox").stat()
    assert (place.st_uid, place.st_gid, stat.S_IMODE(place.st_mode)) == (2111, 2112, 0o600)
    assert outcome(mta, "dir@box.test") == ("sent", "2.0.0", "delivered to maildir")
    (path,) = (base / "deep/er/dir/new").iterdir()
    assert path.read_text().startswith("Return-Path: <s@example.test>\n") and path.stat().st_uid == 2111 and not list((base / "deep/er/dir/tmp").iterdir())
    for name, box in (("ext+known", "known"), ("ext+other", "ext"), ("EXT", "ext")):
        assert outcome(mta, f"{name}@box.test")[0] == "sent"
        assert f"Delivered-To: {name}@box.test" in (base / box).read_text()
    assert outcome(mta, "whoever+x@any.test")[0] == "sent" and len(list((base / "any/new").iterdir())) == 1


def test_virtual_mailbox_that_is_no_file_of_the_user(boxes: tuple[Mta, Path]) -> None:
    """LV1, LV2 and LV12 below the base: links, pipes, files of others; a directory that is a link leads where its user may write."""
    mta, base = boxes
    precious = OUT / "precious"
    precious.write_text("")
    precious.chmod(0o666)
    (base / "link").symlink_to(precious)
    os.mkfifo(base / "fifo", 0o666)
    (base / "others").write_text("")
    (base / "others").chmod(0o666)
    shutil.chown(base / "others", "bob")
    (base / "hard").write_text("")
    shutil.chown(base / "hard", "alice")
    os.link(base / "hard", base / "hard2")
    for name in ("link", "fifo", "others", "hard"):
        assert outcome(mta, f"{name}@box.test")[:2] == ("deferred", "4.2.0"), name
    assert precious.read_text() == (base / "others").read_text() == (base / "hard").read_text() == ""
    (OUT / "of-bob").mkdir(mode=0o755)
    shutil.chown(OUT / "of-bob", "bob")
    (base / "away").symlink_to(OUT / "of-bob")
    assert outcome(mta, "linkdir@box.test")[0] == "deferred" and not list((OUT / "of-bob").iterdir())
    (OUT / "of-bob").rmdir()


def test_limits_of_virtual(boxes: tuple[Mta, Path]) -> None:
    mta, base = boxes
    (base / "full").write_text("x" * 19990 + "\n")
    shutil.chown(base / "full", "alice")
    status, code, words = outcome(mta, "full@box.test")
    assert (status, code) == ("bounced", "5.2.2") and "File too large" in words and (base / "full").stat().st_size == 19991
    # What we add to the message counts, too.
    size = int(re.search(r"size=(\d+), nrcpt", mta.log())[1])
    (base / "full").write_text("x" * (20000 - 1 - 60 - size) + "\n")
    before = (base / "full").stat().st_size
    status, code, words = outcome(mta, "full@box.test")
    assert (status, code) == ("bounced", "5.2.2") and "File too large" in words and (base / "full").stat().st_size == before
    assert outcome(mta, "noid@box.test") == ("deferred", "4.3.5", "mail system configuration error")
    mta.wait_log(r"warning: recipient noid@box\.test: unusable in virtual_uid_maps: 99")
    with mta.smtp() as session:
        session.ehlo("x")
        session.mail("s@example.test")
        assert session.rcpt("nosuch@box.test")[0] == 550
    poll(lambda: not (base / "noid").exists(), what="no file")
