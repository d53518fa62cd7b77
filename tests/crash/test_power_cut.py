"""The power goes at a random moment under load: what was acknowledged before is there when the disk is mounted again.

Queue and mailboxes are on one disk whose writes are logged (block_log.py). Mail for dead.test is deferred as long as the
load runs, and delivered to a sink after the cut.
"""
import os
import random
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from block_log import Disk
from load import FAST, Ledger, Load, Mailbox, Sink, wait_arrival
from mta import BASE, PRIVILEGED, Mta, free_port

LONG = os.environ.get("CRASH_SIZE") == "long"
COUNT, CUTS = (1000, 40) if LONG else (100, 3)
IN_FLIGHT = 2 * int(FAST["default_process_limit"])      # local deliveries and notices
MakeMta = Callable[..., Mta]


class TimedLedger(Ledger):
    """Knows how much the disk had been told when a message was acknowledged."""

    def __init__(self, disk: Disk) -> None:
        super().__init__()
        self.disk, self.positions = disk, {}

    def accept(self, marker: str) -> None:
        self.positions[marker] = self.disk.position()
        super().accept(marker)

    def at(self, position: int) -> Ledger:
        """What had been acknowledged by then, and has to arrive."""
        ledger = Ledger()
        ledger.accepted = {marker for marker, when in self.positions.items() if when <= position}
        return ledger


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A logged disk, where mounting is allowed."""
    if not PRIVILEGED:
        pytest.skip("only root mounts")
    made = Disk(BASE / "power")
    try:
        made.mount_logged(made.directory / "disk")
    except (OSError, subprocess.CalledProcessError) as error:
        made.unmount()
        pytest.skip(f"no loop device over FUSE here: {error}")
    yield made
    made.unmount()


def on_disk(make_mta: MakeMta, at: Path, port: int) -> Mta:
    """An instance whose queue and mailboxes are on the disk."""
    mta = make_mta(FAST)
    mta.queue, mta.mail = at / "queue", at / "mail"
    mta.queue.mkdir(exist_ok=True)
    mta.mail.mkdir(exist_ok=True)
    mta.mail.chmod(0o1777)
    mta.configure(queue_directory=str(mta.queue), mail_spool_directory=f"{mta.mail}/",
                  transport_maps=f"inline:{{ {{ sink.test = smtp:[127.0.0.1]:{port} }} }}")
    return mta


def test_what_was_acknowledged_survives(make_mta: MakeMta, disk: Disk) -> None:
    ledger = TimedLedger(disk)
    mta = on_disk(make_mta, disk.directory / "disk", free_port()).start()
    begin = disk.position()
    Load(mta, ledger, COUNT).start().stop_when_done()
    end = disk.position()
    mta.kill()
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    print(f"\n{len(ledger.accepted)} accepted, log of {end} bytes, seed {seed}")
    for _ in range(CUTS):
        position = chance.randrange(begin, end)
        check_cut(make_mta, disk, ledger.at(position), position, disk.directory / "after", chance)


def check_cut(make_mta: MakeMta, disk: Disk, ledger: Ledger, position: int, at: Path, chance: random.Random) -> None:
    """One power cut."""
    sink = Sink(ledger)
    disk.cut(position, at, chance)
    mta = on_disk(make_mta, at, sink.port).start()
    try:
        wait_arrival(mta, ledger, Mailbox(mta, ledger), 30)
        corrupt = len(list((mta.queue / "corrupt").iterdir()))
    finally:
        mta.kill()
        sink.shutdown()
        disk.unmount_last()
    doubles = ledger.doubles().total()
    print(f"cut at {position}: {len(ledger.accepted)} had been acknowledged, all arrived, {doubles} doubles, "
          f"{corrupt} that were being written")
    unsynced_marks = sum(marker.endswith("-both") for marker in ledger.accepted)    # the other half is deferred
    assert doubles <= IN_FLIGHT + unsynced_marks and corrupt <= IN_FLIGHT
