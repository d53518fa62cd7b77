"""Mailboxes in bad times: locks that others hold, disks that fail at any step, deaths in the middle."""
import fcntl
import os
import re
import shutil
import stat
import threading
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from faults import fault_in
from mta import BASE, PRIVILEGED, Mta, needs, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

MakeMta = Callable[..., Mta]
ALICE = BASE / "home/alice"
BIG = "Subject: big\n\n" + ("y" * 70 + "\n") * 3000       # in several pieces
OLD = "From x  Sat Nov  1 09:05:00 2025\nSubject: old\n\nold\n\n"
ONE_TRY = {"deliver_lock_attempts": "1"}


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Alice's home is empty again behind each test."""
    yield
    for entry in ALICE.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def box_of(mta: Mta, text: str = OLD) -> Path:
    """Alice's mailbox, with a message in it."""
    path = mta.mail / "alice"
    path.write_text(text)
    path.chmod(0o600)
    shutil.chown(path, "alice", "alice")
    return path


def outcome(mta: Mta, text: str = "Subject: x\n\nbody\n", seconds: float = 10) -> tuple[str, str, str]:
    """Send to alice; status, code, words."""
    queue_id = mta.send("bob@example.test", "alice@example.test", text=text)
    found = mta.wait_log(rf"{queue_id}: to=<alice@example\.test>.*dsn=([\d.]+), status=(\w+) \((.*)\)$", seconds)
    return found[2], found[1], found[3]


# -- locks ------------------------------------------------------------------------------------------------------------------

def dotlock(path: Path) -> Callable[[], None]:
    lock = path.with_name(path.name + ".lock")
    lock.touch()
    return lambda: lock.unlink(missing_ok=True)


def by_call(call: Callable[..., None]) -> Callable[[Path], Callable[[], None]]:
    def hold(path: Path) -> Callable[[], None]:
        file = path.open("r+")
        call(file, fcntl.LOCK_EX)
        return file.close
    return hold


HOLD = {"fcntl": by_call(fcntl.lockf), "flock": by_call(fcntl.flock), "dotlock": dotlock}


@pytest.mark.parametrize("style", HOLD)
def test_mailbox_that_somebody_else_holds(make_mta: MakeMta, style: str) -> None:
    """It waits, and leaves the other's lock alone; when that is gone the mail goes in."""
    mta = make_mta({**ONE_TRY, "mailbox_delivery_lock": style}).start()
    path = box_of(mta)
    release = HOLD[style](path)
    try:
        status, code, words = outcome(mta)
        assert (status, code) == ("deferred", "4.2.0") and f"cannot lock {path}" in words and path.read_text() == OLD
        assert style != "dotlock" or (mta.mail / "alice.lock").exists()
    finally:
        release()
    mta.run("postqueue", "-f")
    mta.wait_mail("alice", "Subject: x")
    poll(lambda: os.listdir(mta.mail) == ["alice"], what="the end of our lock")


@pytest.mark.parametrize("style, status", [("fcntl", "sent"), ("dotlock", "deferred")])
def test_sun_mailtool_knows_dotlocks_only(make_mta: MakeMta, style: str, status: str) -> None:
    mta = make_mta({**ONE_TRY, "mailbox_delivery_lock": "fcntl", "sun_mailtool_compatibility": "yes"}).start()
    release = HOLD[style](box_of(mta))
    assert outcome(mta)[0] == status
    release()


@pytest.mark.parametrize("style", HOLD)
def test_lock_that_is_released_in_time(make_mta: MakeMta, style: str) -> None:
    mta = make_mta({"mailbox_delivery_lock": style, "deliver_lock_attempts": "30"}).start()
    release = HOLD[style](box_of(mta))
    timer = threading.Timer(0.3, release)
    timer.start()
    assert outcome(mta)[0] == "sent"
    timer.join()


def holds(pid: int, path: Path) -> bool:
    """Has a process this file open? It may end, or close others, while we look."""
    try:
        return str(path) in map(os.readlink, Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@pytest.mark.parametrize("style", HOLD)
def test_mailbox_that_was_replaced_by_who_held_it(make_mta: MakeMta, style: str) -> None:
    """Programs that clean a mailbox write a new one beside it, and rename: mail that waited goes into the new one."""
    mta = make_mta({"mailbox_delivery_lock": style, "deliver_lock_attempts": "30"}).start()
    path = box_of(mta)
    new = mta.mail / "alice.new"
    new.write_text(OLD)
    new.chmod(0o600)
    shutil.chown(new, "alice", "alice")
    release = HOLD[style](path)
    queue_id = mta.send("bob@example.test", "alice@example.test")
    poll(lambda: any(holds(pid, path) for pid in mta.children("local")), what="who waits for the lock")
    new.rename(path)
    release()
    mta.wait_removed(queue_id)
    assert mta.mailbox("alice").startswith(OLD) and "Subject: test" in mta.mailbox("alice")


@pytest.mark.parametrize("lock_age, box_age, status", [(1000, 1000, "sent"), (1000, 0, "deferred"), (0, 1000, "deferred")])
def test_stale_dotlock(make_mta: MakeMta, lock_age: int, box_age: int, status: str) -> None:
    """One is removed only when nothing came into the mailbox either."""
    mta = make_mta({**ONE_TRY, "deliver_lock_attempts": "2", "deliver_lock_delay": "1s", "stale_lock_time": "500s"}).start()
    path, lock = box_of(mta), mta.mail / "alice.lock"
    lock.touch()
    shutil.chown(lock, "alice")     # a sticky directory protects those of others
    for each, age in ((path, box_age), (lock, lock_age)):
        at = each.stat().st_mtime - age
        os.utime(each, (at, at))
    assert outcome(mta)[0] == status and lock.exists() == (status == "deferred")


def test_many_at_once(make_mta: MakeMta) -> None:
    """Each message whole, one behind the other."""
    mta = make_mta({"local_destination_concurrency_limit": "10", "deliver_lock_delay": "1s"}).start()
    ids = [mta.send("bob@example.test", "alice@example.test", text=f"Subject: number {i}\n\n" + f"line of {i}\n" * 2000) for i in range(12)]
    for each in ids:
        mta.wait_removed(each, 30)
    messages = re.split(r"^From bob@example\.test  .*\n", mta.mailbox("alice"), flags=re.M)[1:]
    assert len(messages) == 12 and {re.search(r"Subject: number (\d+)", each)[1] for each in messages} == set(map(str, range(12)))
    assert all(each.count("line of") == 2000 and each.endswith("\n\n") for each in messages)
    assert os.listdir(mta.mail) == ["alice"]


@pytest.mark.parametrize("mode, group", [(0o755, "root"), (0o775, "mail"), (0o2775, "mail"), (0o1777, "root")])
@pytest.mark.parametrize("there", [True, False])
def test_rights_of_the_spool(make_mta: MakeMta, mode: int, group: str, there: bool) -> None:
    """Whoever may write there: the mailbox is made for its user, and locked by a file beside it."""
    mta = make_mta({**ONE_TRY, "mailbox_delivery_lock": "fcntl, dotlock"}).start()
    mta.mail.chmod(mode)
    shutil.chown(mta.mail, "root", group)
    if there:
        box_of(mta)
    assert outcome(mta) == ("sent", "2.0.0", "delivered to mailbox")
    place = (mta.mail / "alice").stat()
    assert place.st_uid == 2111 and stat.S_IMODE(place.st_mode) == 0o600 and os.listdir(mta.mail) == ["alice"]
    (mta.mail / "alice.lock").touch()
    assert outcome(mta)[:2] == ("deferred", "4.2.0")


def test_home_where_no_dotlock_can_be_made(make_mta: MakeMta) -> None:
    """A mailbox is not written without all of its locks."""
    mta = make_mta({**ONE_TRY, "home_mailbox": "closed/box"}).start()
    (ALICE / "closed").mkdir()
    (ALICE / "closed/box").write_text(OLD)
    shutil.chown(ALICE / "closed/box", "alice")
    status, code, words = outcome(mta)
    assert (status, code) == ("deferred", "4.2.0") and "cannot lock" in words and (ALICE / "closed/box").read_text() == OLD


# -- failing file systems ---------------------------------------------------------------------------------------------------

def failing(make_mta: MakeMta, fault: str, path: Optional[Path], main: dict[str, str], once: bool = False) -> Mta:
    """An instance where system calls (on one path) fail in this way; once: only in its first process."""
    mta = make_mta({**ONE_TRY, "service_throttle_time": "1s", "transport_retry_time": "1s", "minimal_backoff_time": "1s", "queue_run_delay": "1s",
                    "mailbox_delivery_lock": "fcntl", **main} if once else {**ONE_TRY, "mailbox_delivery_lock": "fcntl", **main})
    wrapper, mark = mta.dir / "local", mta.dir / "once"
    program, call = f"{mta.main['daemon_directory']}/local", fault.partition(":")[0]
    where = f"-P {path} " if path else ""
    skip = f"[ ! -f {mark} ] || exec {program} \"$@\"\ntouch {mark}\n" if once else ""
    wrapper.write_text(f"#!/bin/sh\n{skip}exec strace -qq -o /dev/null {where}-e trace={call} -e inject={fault} {program} \"$@\"\n")
    wrapper.chmod(0o755)
    mta.master["local/unix"] = f"- n n - 1 {wrapper}"
    mta.configure()
    return mta.start()


@needs("strace")
@pytest.mark.parametrize("fault, status, code", [
    ("openat:error=ESTALE", "deferred", "4.2.0"), ("openat:error=EIO", "deferred", "4.2.0"), ("write:error=EDQUOT:when=1", "bounced", "5.2.2"),
    ("write:error=EDQUOT:when=2", "bounced", "5.2.2"), ("write:error=EFBIG:when=2", "bounced", "5.2.2"), ("write:error=ENOSPC:when=2", "deferred", "4.2.0"),
    ("write:error=EIO:when=2", "deferred", "4.2.0"), ("fsync:error=EIO", "deferred", "4.2.0"), ("fsync:error=EDQUOT", "bounced", "5.2.2"),
    ("write:error=ESTALE:when=1", "deferred", "4.2.0"), ("openat:error=ENFILE", "deferred", "4.2.0"), ("write:error=ENOMEM:when=1", "deferred", "4.2.0"),
    ("fsync:error=ETIMEDOUT", "deferred", "4.2.0"), ("openat:error=ENOTCONN", "deferred", "4.2.0")])
def test_failing_mailbox_is_cut_back(make_mta: MakeMta, fault: str, status: str, code: str) -> None:
    """LV13: whatever fails, the mailbox is as it was."""
    path = ALICE / "box"
    path.write_text(OLD)
    shutil.chown(path, "alice")
    mta = failing(make_mta, fault, path, {"home_mailbox": "box"})
    found = outcome(mta, BIG)
    assert found[:2] == (status, code) and path.read_text() == OLD and str(path) in found[2]


@needs("strace")
@pytest.mark.parametrize("fault, status, code", [
    ("fsync:error=EIO:when=1", "deferred", "4.2.0"), ("fsync:error=EDQUOT:when=1", "bounced", "5.2.2"), ("renameat2:error=EIO", "deferred", "4.2.0"),
    ("renameat2:error=ESTALE", "deferred", "4.2.0")])
def test_failing_maildir_has_nothing(make_mta: MakeMta, fault: str, status: str, code: str) -> None:
    """A message is there as a whole, or not at all."""
    make_maildir()
    mta = failing(make_mta, fault, None, {"home_mailbox": "md/"})
    assert outcome(mta, BIG)[:2] == (status, code)
    assert not list((ALICE / "md/new").iterdir()) and not list((ALICE / "md/tmp").iterdir())


@needs("strace")
@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS"])
def test_maildir_where_names_can_only_be_added(make_mta: MakeMta, error: str) -> None:
    """As on NFS: the message has its final name before it loses the first one."""
    make_maildir()
    mta = failing(make_mta, f"renameat2:error={error}", None, {"home_mailbox": "md/"})
    assert outcome(mta)[0] == "sent"
    assert len(list((ALICE / "md/new").iterdir())) == 1 and not list((ALICE / "md/tmp").iterdir())


def two_outcomes(mta: Mta) -> tuple[str, str, str]:
    """As outcome(), of a message that has another recipient, so that its file stays in the queue."""
    queue_id = mta.send("bob@example.test", "alice@example.test", "nobody-there@example.test")
    found = mta.wait_log(rf"{queue_id}: to=<alice@example\.test>.*dsn=([\d.]+), status=(\w+) \((.*)\)$")
    return found[2], found[1], found[3]


def make_maildir() -> Path:
    """An empty one of alice."""
    for name in ("md", "md/tmp", "md/new", "md/cur"):
        (ALICE / name).mkdir()
        shutil.chown(ALICE / name, "alice")
    return ALICE / "md"


@needs("strace")
@pytest.mark.parametrize("error", ["ENFILE", "EIO"])
def test_user_that_cannot_be_looked_up_is_not_unknown_LV7(make_mta: MakeMta, error: str) -> None:
    """Whatever the library says: it asks the next service when it cannot read the first one's file."""
    mta = make_mta({"local_destination_concurrency_limit": "1"}, {"local/unix": "- n n - 1 local"}).start()
    assert outcome(mta)[0] == "sent"
    with fault_in(mta.children("local")[0], f"openat:error={error}", Path("/etc/passwd")):
        status, code, words = outcome(mta, "Subject: later\n\nx\n")
    assert (status, code) == ("deferred", "4.0.0"), words
    mta.run("postqueue", "-f")
    mta.wait_mail("alice", "Subject: later")


@needs("strace")
@pytest.mark.parametrize("fault, status", [("EIO", "deferred"), ("EINVAL", "sent")])
def test_name_that_is_not_on_the_disk_is_none(make_mta: MakeMta, fault: str, status: str) -> None:
    """What comes again later must not be there already; where directories know of no sync, nothing is wrong."""
    box = make_maildir()
    mta = failing(make_mta, f"fsync:error={fault}:when=2", None, {"home_mailbox": "md/", "local_recipient_maps": ""})
    assert two_outcomes(mta)[0] == status
    assert len(list((box / "new").iterdir())) == (1 if status == "sent" else 0) and not list((box / "tmp").iterdir())


@pytest.mark.parametrize("mode", [0o300, 0o700])
def test_maildir_that_is_not_to_be_read(make_mta: MakeMta, mode: int) -> None:
    box = make_maildir()
    (box / "new").chmod(mode)
    assert two_outcomes(make_mta({"home_mailbox": "md/", "local_recipient_maps": ""}).start())[0] == "sent"
    assert len(list((box / "new").iterdir())) == 1


@needs("strace")
def test_death_in_the_middle_of_a_mailbox(make_mta: MakeMta) -> None:
    """What was written stays; the next one begins on a line of its own, and the message comes again."""
    path = ALICE / "box"
    path.write_text(OLD)
    shutil.chown(path, "alice")
    mta = failing(make_mta, "write:signal=KILL:when=2", path, {"home_mailbox": "box"}, once=True)
    queue_id = mta.send("bob@example.test", "alice@example.test", text=BIG)
    mta.wait_removed(queue_id, 20)
    text = path.read_text()
    partial, _, whole = text[len(OLD):].rpartition("\nFrom bob@example.test  ")
    assert text.startswith(OLD) and partial.startswith("From bob@example.test  ") and 0 < partial.count("\n") < 3000
    assert whole.endswith("\n\n") and whole.count("y" * 70 + "\n") == 3000


def test_home_that_vanished(make_mta: MakeMta) -> None:
    """Without it: as require_home_directory says."""
    ALICE.rename(ALICE.with_name("away"))
    try:
        mta = make_mta({"require_home_directory": "yes", "home_mailbox": "box"}).start()
        assert outcome(mta)[:2] == ("deferred", "4.3.0")
        mta.configure(require_home_directory="no", home_mailbox="")
        mta.reload()
        assert outcome(mta)[0] == "sent"
        assert not ALICE.exists()
    finally:
        ALICE.with_name("away").rename(ALICE)
