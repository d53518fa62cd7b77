"""Queue files that cannot be opened, stamped, moved or removed, and disks that cannot be read: mail waits, and no more."""
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Callable

import pytest

from faults import fault_in
from mta import PRIVILEGED, Mta, needs, poll

MakeMta = Callable[..., Mta]
pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs files of another owner")
HELD = {"header_checks": "regexp:{{/^Subject: later/ HOLD}}"}
POSTFIX = 2101


def held(mta: Mta) -> tuple[str, Path]:
    """A message in the hold queue."""
    queue_id = mta.send("bob@example.test", "alice@example.test", text="Subject: later\n\nbody\n")
    return queue_id, mta.queue / "hold" / queue_id


def find(mta: Mta, queue_id: str) -> str:
    """The queue that holds a message."""
    found = [path for path in mta.queue.rglob(queue_id) if path.parts[len(mta.queue.parts)] not in ("defer", "bounce")]
    return found[0].relative_to(mta.queue).parts[0] if found else ""


def retried(mta: Mta) -> str:
    """A message that its transport defers, due in this very moment."""
    queue_id = mta.send("bob@example.test", "x@later.test")
    poll(lambda: find(mta, queue_id) == "deferred", what="the deferral")
    return queue_id


def make_due(mta: Mta, queue_id: str) -> bool:
    """False when a scan has it just now."""
    try:
        os.utime(next((mta.queue / "deferred").rglob(queue_id)), (1, 1))
        return True
    except (StopIteration, FileNotFoundError):
        return False


def wait_for_scan(mta: Mta, queue_id: str) -> None:
    """Wait until the deferred queue was scanned: a message that is due was tried again."""
    since = len(mta.log())
    poll(lambda: make_due(mta, queue_id), what="a deferral that stays for a moment")
    mta.wait_log(rf": {queue_id}: .*status=deferred", since=since)
    poll(lambda: find(mta, queue_id) == "deferred", what="the deferral")


def test_a_file_that_cannot_be_opened_leaves_active_and_is_tried_again(make_mta: MakeMta) -> None:
    mta = make_mta(HELD).start()
    queue_id, path = held(mta)
    os.chown(path, 0, 0)
    mta.run("postsuper", "-H", queue_id, check=True)
    mta.run("postqueue", "-f", check=True)
    mta.wait_log(rf"warning: open active/{queue_id}: Permission denied")
    poll(lambda: find(mta, queue_id) == "deferred", what="the file in deferred")
    os.chown(next((mta.queue / "deferred").rglob(queue_id)), POSTFIX, POSTFIX)
    mta.run("postqueue", "-f", check=True)
    mta.wait_removed(queue_id)


def test_a_file_that_cannot_be_stamped_is_not_tried_at_every_scan(make_mta: MakeMta) -> None:
    """The agent of root refuses it, and the queue manager may not say in the file until when it waits."""
    mta = make_mta({**HELD, "queue_run_delay": "1s", "transport_maps": "inline:{ {later.test=smtp:[127.0.0.1]:1} }"}).start()
    other = retried(mta)
    queue_id, path = held(mta)
    os.chown(path, 0, 0)
    path.chmod(0o706)		# the queue manager may open it; group bits would be requests
    mta.run("postsuper", "-H", queue_id, check=True)
    mta.run("postqueue", "-f", check=True)
    refused = rf"warning: {queue_id}: open active/{queue_id}: not a file of mail_owner"
    mta.wait_log(refused)
    poll(lambda: find(mta, queue_id) == "deferred", what="the file in deferred")
    for _ in range(2):
        wait_for_scan(mta, other)
    assert len(re.findall(refused, mta.log())) == 1
    os.chown(next((mta.queue / "deferred").rglob(queue_id)), POSTFIX, POSTFIX)
    mta.run("postqueue", "-f", check=True)
    mta.wait_removed(queue_id)


def test_a_file_that_cannot_be_deferred_does_not_stay_in_active(make_mta: MakeMta) -> None:
    mta = make_mta({"transport_maps": "inline:{ {later.test=smtp:[127.0.0.1]:1} }"}).start()
    (mta.queue / "deferred").chmod(0o500)
    queue_id = mta.send("bob@example.test", "x@later.test")
    mta.wait_log(rf"warning: .*deferred.*{queue_id}.*: Permission denied")
    poll(lambda: find(mta, queue_id) == "incoming", what="the file in incoming")
    assert (mta.queue / "incoming" / queue_id).stat().st_mtime > time.time() + 60
    (mta.queue / "deferred").chmod(0o700)
    mta.run("postkick", "public", "qmgr", "IA", check=True)
    poll(lambda: find(mta, queue_id) == "deferred", what="the file in deferred")


FAILING_READ = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>
#include <unistd.h>
ssize_t pread(int fd, void *to, size_t len, off_t at)
{
	ssize_t (*real)(int, void *, size_t, off_t) = (ssize_t (*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, "pread");
	if (access("active/disk-fails", F_OK) == 0) { errno = EIO; return -1; }
	return real(fd, to, len, at);
}
ssize_t pread64(int fd, void *to, size_t len, off_t at) { return pread(fd, to, len, at); }
"""


def test_a_disk_that_fails_for_a_while_does_not_make_mail_expire(make_mta: MakeMta, tmp_path: Path) -> None:
    """What could not be read has no creation time; that is no reason to take it for very old."""
    tmp_path.joinpath("fail.c").write_text(FAILING_READ)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "fail.so", tmp_path / "fail.c", "-ldl"], check=True)
    for path in (tmp_path, *tmp_path.parents):
        path.chmod(path.stat().st_mode | 0o055)
    mta = make_mta({**HELD, "import_environment": f"LD_PRELOAD={tmp_path}/fail.so MAIL_CONFIG"}).start()
    queue_id, _ = held(mta)
    mark = mta.queue / "active/disk-fails"
    mark.touch()
    mta.run("postsuper", "-H", queue_id, check=True)
    mta.run("postqueue", "-f", check=True)
    mta.wait_log(rf"warning: {queue_id}: cannot read the queue file: read: Input/output error")
    poll(lambda: find(mta, queue_id) == "deferred", what="the file in deferred")
    mark.unlink()
    mta.run("postqueue", "-f", check=True)
    mta.wait_removed(queue_id)
    mta.wait_mail("alice", "Subject: later")
    assert "expired" not in mta.log()


def test_a_notice_about_a_notice_is_marked_as_done(make_mta: MakeMta) -> None:
    mta = make_mta().start()
    queue_id = mta.send("alice@example.test", "double-bounce@example.test")
    mta.wait_log(rf": {queue_id}: .*status=sent \(undeliverable postmaster notification discarded\)")
    mta.wait_removed(queue_id)
    assert "no recipient record" not in mta.log()


@needs("strace")
def test_a_log_that_cannot_be_seen_holds_no_failure(make_mta: MakeMta) -> None:
    """Nobody is told of what did not happen, and nothing is forgotten that may have: the message waits for a look."""
    mta = make_mta({"sandbox": "no", "minimal_backoff_time": "1s", "queue_run_delay": "1s"}).start()
    mta.wait_removed(mta.send("bob@example.test", "alice@example.test"))
    with fault_in(mta.children("qmgr")[0], "newfstatat:error=EIO"):
        queue_id = mta.send("bob@example.test", "alice@example.test", text="Subject: seen\n\nx\n")
        mta.wait_log(rf"warning: stat bounce/\w/{queue_id}: Input/output error|warning: stat bounce/{queue_id}: ")
    mta.run("postqueue", "-f")
    mta.wait_removed(queue_id)
    assert mta.mailbox("alice").count("Subject: seen") == 1 and "notification" not in mta.log()


@needs("strace")
def test_a_request_that_could_not_be_sent_is_made_again(make_mta: MakeMta) -> None:
    """For want of memory, say: nobody waits for an answer to it."""
    mta = make_mta({"sandbox": "no", "minimal_backoff_time": "1s", "queue_run_delay": "1s"}).start()
    mta.wait_removed(mta.send("bob@example.test", "alice@example.test"))
    with fault_in(mta.children("qmgr")[0], "sendmsg:error=ENOBUFS:when=1"):
        queue_id = mta.send("bob@example.test", "alice@example.test", text="Subject: again\n\nx\n")
        mta.wait_log(rf"{queue_id}: (removed|.*status=deferred)")
    mta.run("postqueue", "-f")
    mta.wait_removed(queue_id)
    assert mta.mailbox("alice").count("Subject: again") == 1
