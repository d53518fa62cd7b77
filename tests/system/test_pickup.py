"""pickup believes nothing that it finds in maildrop, however it came there (PD1, PD2, PD17)."""
import fcntl
import os
import re
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Callable

import pytest

from faults import fault_in
from mta import PRIVILEGED, Mta, needs, poll
from submission import RECIPIENT, SENDER, message, record

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

TIME = record("T", "1 1")
GOOD = (TIME, SENDER, RECIPIENT)


def plant(mta: Mta, data: bytes, name: str = "ABCDEF12", mode: int = 0o744, owner: str = "alice") -> Path:
    """A file that stands in maildrop, by whatever way it came there; pickup is woken."""
    path = mta.queue / "maildrop" / name
    path.write_bytes(data)
    shutil.chown(path, owner, "postdrop")
    path.chmod(mode)
    mta.run("postkick", "public", "pickup", "W", check=True)
    return path


def submit(mta: Mta, subject: str) -> None:
    """One that is good, and comes behind what was planted."""
    mta.run("sendmail", "-f", "alice@example.test", "bob@example.test", input=f"Subject: {subject}\n\nx\n", check=True)


DAMAGED = {
    "cut-in-content": message(*GOOD)[:-10], "cut-in-a-record": message(*GOOD)[:30], "no-end": message(*GOOD)[:-2], "nothing": b"", "junk": os.urandom(3000),
    "zeros": b"\0" * 5000, "no-sender": message(TIME, RECIPIENT), "no-time": message(SENDER, RECIPIENT), "two-senders": message(TIME, SENDER, SENDER, RECIPIENT),
    "length": TIME + b"S\xff\xff\xff\xff\x7fx", "endless-length": TIME + b"S" + b"\xff" * 40, "two-contents": message(*GOOD, record("M", "")),
    "content-only": message(), "type-0": message(TIME, SENDER, record("\0", "x"), RECIPIENT), "pointer": message(*GOOD, record("p", "              0")),
    "done": message(TIME, SENDER, record("D", "bob@example.test"), RECIPIENT), "filter": message(*GOOD, record("L", "smtp:[192.0.2.1]")),
    "redirect": message(*GOOD, record(">", "carol@example.test")), "type-255": message(*GOOD, b"\xff\x01x")}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_submission_is_set_aside_PD2(mta: Mta, kind: str) -> None:
    """pickup says so, keeps the file for inspection, and goes on."""
    since = len(mta.log())
    path = plant(mta, DAMAGED[kind])
    mta.wait_log(r"pickup\[\d+\]: warning: maildrop/ABCDEF12: uid=2111: .*; saving the file to queue corrupt", since=since)
    kept = mta.queue / "corrupt/ABCDEF12"
    poll(lambda: not path.exists() and kept.exists(), what="the file in corrupt")
    kept.unlink()
    assert "status=sent" not in mta.log(since) and "carol@" not in mta.log(since)


@pytest.mark.parametrize("bad", [record("S", "a\n@x"), record("S", b"a\0@x"), record("S", "a\r@x")])
@pytest.mark.parametrize("kind", ["S", "R", "F", "A"])
def test_control_bytes_past_postdrop_PD1(mta: Mta, kind: str, bad: bytes) -> None:
    """pickup, and cleanup behind it, look again: no record of the message that comes of it holds any."""
    since, bad = len(mta.log()), kind.encode() + bad[1:]
    if kind == "A":
        bad = record("A", b"envelope_id=" + bad[2:])
    envelope = {"S": (TIME, bad, RECIPIENT), "R": (TIME, SENDER, bad)}.get(kind, (TIME, bad, SENDER, RECIPIENT))
    path = plant(mta, message(*envelope))
    poll(lambda: not path.exists(), what="empty maildrop")
    kept = mta.queue / "corrupt/ABCDEF12"
    kept.unlink(missing_ok=True)
    assert all(re.match(r"\w{3} [ \d]\d ", line) for line in mta.log(since).splitlines())


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o4600, 0o711, 0o000])
def test_file_that_is_not_complete_is_left_alone(mta: Mta, mode: int) -> None:
    """Only the mark of postdrop says that it is; what is not even readable is no reason to stop."""
    since = len(mta.log())
    path = plant(mta, message(*GOOD, content=record("N", "Subject: early") + record("N", "")), mode=mode)
    submit(mta, f"behind {mode:o}")
    mta.wait_mail("bob", f"Subject: behind {mode:o}")
    assert path.exists() or mode & 0o100
    path.unlink(missing_ok=True)
    assert mode & 0o100 or "Subject: early" not in mta.mailbox("bob"), mta.log(since)


def test_date_of_a_submission_means_nothing(mta: Mta) -> None:
    """From the year 2040, or 1970: it is mail of today."""
    for at, stamp in ((2208988800, "2208988800 0"), (0, "0 0"), (1, "99999999999999999999 1")):
        since = len(mta.log())
        path = plant(mta, message(record("T", stamp), SENDER, RECIPIENT, content=record("N", f"Subject: at {at}") + record("N", "")), mode=0o644)
        os.utime(path, (at, at))
        path.chmod(0o744)
        mta.run("postkick", "public", "pickup", "W", check=True)
        poll(lambda: not path.exists(), what="empty maildrop")
        (mta.queue / "corrupt/ABCDEF12").unlink(missing_ok=True)
        assert "panic" not in mta.log(since)


def test_files_that_are_no_queue_files(mta: Mta) -> None:
    """PD17: directories, sockets, names that are no ids are passed over."""
    (mta.queue / "maildrop/ABCDEF20").mkdir()
    (mta.queue / "maildrop/.hidden").write_bytes(message(*GOOD))
    (mta.queue / "maildrop/a b").write_bytes(message(*GOOD))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(mta.queue / "maildrop/ABCDEF21"))
        submit(mta, "among them")
        mta.wait_mail("bob", "Subject: among them")
    (mta.queue / "maildrop/ABCDEF20").rmdir()
    for name in (".hidden", "a b", "ABCDEF21"):
        (mta.queue / "maildrop" / name).unlink()


def test_recipients_that_never_come(mta: Mta) -> None:
    """What is said of the next recipient is kept in memory, and there must be an end to it."""
    since = len(mta.log())
    path = plant(mta, message(TIME, SENDER, record("A", "dsn_orig_rcpt=rfc822;" + "x" * 1000) * 2000, RECIPIENT))
    poll(lambda: not path.exists(), what="empty maildrop")
    mta.wait_log("uid=2111: too many attributes of one recipient; saving the file to queue corrupt", since=since)
    (mta.queue / "corrupt/ABCDEF12").unlink()


def stands_with(pid: int, path: Path) -> bool:
    """Is it stopped, with this file open? Not only for the moment that strace takes."""
    for _ in range(3):
        if re.search(r"\) [^tT]", Path(f"/proc/{pid}/stat").read_text()) or path not in [each.resolve() for each in Path(f"/proc/{pid}/fd").iterdir()]:
            return False
        time.sleep(0.02)
    return True


@needs("strace")
def test_file_that_grows_while_it_is_read(mta: Mta) -> None:
    """Who owns it could feed it for ever, and all others would wait."""
    submit(mta, "wakes pickup")
    mta.wait_mail("bob", "Subject: wakes pickup")
    since, pid = len(mta.log()), mta.children("pickup")[0]
    with fault_in(pid, "pread64:signal=STOP:when=1"):
        path = plant(mta, message(*GOOD)[:-2])
        poll(lambda: stands_with(pid, path), what="pickup at its first read")
        with path.open("ab") as more:
            more.write(record("A", "nothing=x") * 10000)
        os.kill(pid, signal.SIGCONT)
        mta.wait_log("uid=2111: file grows while it is read; saving the file to queue corrupt", since=since)
    (mta.queue / "corrupt/ABCDEF12").unlink()


def test_largest_submission(mta: Mta) -> None:
    """message_size_limit holds for what stands in maildrop already, too: it comes back, or is refused for good."""
    since = len(mta.log())
    line = record("N", "x" * 1000)
    path = plant(mta, message(*GOOD, content=record("N", "Subject: huge") + record("N", "") + line * 11000))
    poll(lambda: not path.exists(), what="empty maildrop")
    assert "Subject: huge" not in mta.mailbox("bob") and "will try again" not in mta.log(since)


def test_what_is_still_held_is_left_alone_PD15(mta: Mta) -> None:
    """Whoever has the lock may not be done with it."""
    since = len(mta.log())
    path = mta.queue / "maildrop/ABCDEF12"
    path.touch()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        plant(mta, message(*GOOD, content=record("N", "Subject: held")))
        submit(mta, "behind what is held")
        mta.wait_mail("bob", "Subject: behind what is held")
        assert path.exists() and "Subject: held" not in mta.mailbox("bob") and "ABCDEF12" not in mta.log(since)
    mta.run("postkick", "public", "pickup", "W", check=True)
    mta.wait_mail("bob", "Subject: held")


def test_what_only_we_find_out_PD2(make_mta: Callable[..., Mta]) -> None:
    """About addresses, headers, TLS-Required and clients nothing is believed, even past postdrop."""
    mta = make_mta({"header_checks": "regexp:{{/^Subject:/ HOLD}}"}).start()
    size = record("C", 5 * f"{-1:15d} " + f"{2 + 4 + 8 + 16 + 32:15d}")
    plant(mta, message(size, record("A", "sasl_username=forged"), record("A", "log_client_name=forged"), *GOOD))
    queue_id = mta.wait_log(r"cleanup\[\d+\]: (\w+): hold:")[1]
    poll(lambda: list(mta.queue.glob(f"hold/**/{queue_id}")), what="the file in hold")
    shown = mta.run("postcat", "-e", "-q", queue_id, check=True).stdout
    assert int(shown.split("message_size:")[1].splitlines()[0].split()[5]) == 32 and "forged" not in shown


def test_what_mail_owner_submits_is_a_submission(mta: Mta) -> None:
    """PD2: his programs may send mail, but only files that nobody else can read come from postsuper."""
    since = len(mta.log())
    path = plant(mta, DAMAGED["filter"], owner="postfix")
    mta.wait_log(r"pickup\[\d+\]: warning: maildrop/ABCDEF12: uid=2101: unexpected record type; saving the file to queue corrupt", since=since)
    poll(lambda: not path.exists(), what="the file in corrupt")
    (mta.queue / "corrupt/ABCDEF12").unlink()
    requeued = message(*GOOD, record("D", "done@example.test"), content=record("N", "Subject: requeued"))
    plant(mta, requeued, owner="postfix", mode=0o700)
    mta.wait_mail("bob", "Subject: requeued")
