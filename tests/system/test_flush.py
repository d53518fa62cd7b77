"""flush: lists of deferred mail per destination, and what becomes of old ones."""
import os
import socket
import time
from pathlib import Path
from typing import Callable

import pytest

from mta import Mta, free_port, poll

MAIN = {"fast_flush_domains": "served.test", "default_transport": f"smtp:[127.0.0.1]:{free_port()}"}


def deferred(mta: Mta, to: str) -> str:
    """A message that could not be delivered, in the deferred queue."""
    queue_id = mta.send("sender@example.test", to)
    mta.wait_log(rf" {queue_id}: to=<{to}>.*status=deferred")
    poll(lambda: list((mta.queue / "deferred").rglob(queue_id)), 10, f"{queue_id} in deferred")
    return queue_id


def site(mta: Mta) -> Path:
    """The list of the one domain that is served."""
    return mta.queue / "flush/served_test"


def old(path: Path, days: int) -> None:
    """Make a file look as if nobody had touched it for some days."""
    os.utime(path, (time.time() - days * 86400,) * 2)


def wake(mta: Mta) -> None:
    """What master does from time to time."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(mta.queue / "public/flush"))
        sock.sendall(b"W")


@pytest.fixture(name="mta")
def _mta(make_mta: Callable[..., Mta]) -> Mta:
    return make_mta(MAIN).start()


def test_only_served_domains_have_a_list(mta: Mta) -> None:
    queue_id = deferred(mta, "user@served.test")
    deferred(mta, "user@other.test")
    poll(lambda: site(mta).exists() and queue_id in site(mta).read_text().split(), 10, "the list")
    assert [path.name for path in (mta.queue / "flush").iterdir()] == ["served_test"]


def test_asking_for_a_site_empties_its_list(mta: Mta) -> None:
    queue_id = deferred(mta, "user@served.test")
    poll(site(mta).exists, 10, "the list")
    site(mta).write_text(f"{queue_id}\n{queue_id}\nno/queue.id\n0000\n")
    mark = len(mta.log())
    assert mta.run("postqueue", "-s", "SERVED.test").returncode == 0
    mta.wait_log(rf" {queue_id}: from=.*queue active", since=mark)
    assert "no/queue.id" not in site(mta).read_text()


def test_asking_without_a_list(mta: Mta) -> None:
    assert mta.run("postqueue", "-s", "served.test").returncode == 0
    result = mta.run("postqueue", "-s", "other.test")
    assert result.returncode == 64 and "other.test" in result.stderr
    assert mta.run("postqueue", "-s", "-no-").returncode == 64


def test_unread_list_is_refreshed(mta: Mta) -> None:
    queue_id = deferred(mta, "user@served.test")
    poll(site(mta).exists, 10, "the list")
    old(site(mta), 1)
    mark = len(mta.log())
    wake(mta)
    mta.wait_log(rf" {queue_id}: from=.*queue active", since=mark)


def test_old_empty_list_goes(mta: Mta) -> None:
    keep, remove = mta.queue / "flush/young_test", mta.queue / "flush/aged_test"
    for path in (keep, remove):
        path.touch()
        os.chown(path, (mta.queue / "flush").stat().st_uid, -1)
    old(remove, 8)
    wake(mta)
    poll(lambda: not remove.exists(), 10, "the old list to go")
    assert keep.exists()


def test_one_message(mta: Mta) -> None:
    queue_id = deferred(mta, "user@other.test")
    mark = len(mta.log())
    assert mta.run("postqueue", "-i", queue_id).returncode == 0
    mta.wait_log(rf" {queue_id}: from=.*queue active", since=mark)
    assert "not in the deferred queue" in mta.run("postqueue", "-i", "ABCDEF").stderr
