"""Processes are killed while mail comes and goes: everything acknowledged arrives, and doubles are few."""
import os
import re
import signal
import time
from collections import Counter
from typing import Callable

from load import Ledger, Load, Mailbox, Sink, queue_files, settings, wait_arrival
from mta import Mta, poll

LONG = os.environ.get("CRASH_SIZE") == "long"
COUNT, ROUNDS, PAUSE = (2000, 5, 0.4) if LONG else (200, 1, 0.25)
KINDS = ["smtpd", "cleanup", "qmgr", "trivial-rewrite", "smtp", "local", "bounce", "pickup", "master", "all"]
# How many deliveries a death of such a process may repeat: those it had under way, at both of a message's places.
REPEATS = {"smtp": 1, "local": 1, "bounce": 1, "cleanup": 2, "pickup": 2}


class Killer:
    """Ends processes and counts them."""

    def __init__(self, mta: Mta) -> None:
        self.mta, self.killed, self.allowed = mta, Counter(), 0

    def _count(self, *kinds: str) -> None:
        for kind in kinds:
            number = len(self.mta.children(kind))
            self.killed[kind] += number
            self.allowed += number * REPEATS.get(kind, 0)

    def kill(self, kind: str) -> None:
        """kill -9 for all processes of one kind."""
        if kind == "master":
            self.killed[kind] += 1
            os.kill(self.mta.master_pid(), signal.SIGKILL)
            self.start()
        elif kind == "all":
            self._count(*KINDS[:-2])
            self.killed["master"] += 1
            os.killpg(self.mta.master_pid(), signal.SIGKILL)
            self.start()
        else:
            self._count(kind)
            for pid in self.mta.children(kind):
                self._end(pid)

    @staticmethod
    def _end(pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def start(self) -> None:
        """As an administrator would; what is left of before has to leave first."""
        poll(lambda: self.mta.postfix("start").returncode == 0, 20, "a start")


def test_everything_acknowledged_arrives(make_mta: Callable[..., Mta]) -> None:
    ledger = Ledger()
    sink = Sink(ledger)
    mta = make_mta(settings(sink))
    mta.configure(mail_spool_directory=f"{mta.mail}/")
    mta.start()
    killer, mailbox = Killer(mta), Mailbox(mta, ledger)
    load = Load(mta, ledger, COUNT).start()
    rounds = 0
    while load.running() or rounds < ROUNDS:
        for kind in KINDS:
            time.sleep(PAUSE)       # or all mail would meet the same death
            killer.kill(kind)
        rounds += 1
    load.stop()
    wait_arrival(mta, ledger, mailbox, 60)
    poll(lambda: not queue_files(mta, "maildrop", "active", "deferred"), 20, "an empty queue")
    mailbox.read()
    doubles = ledger.doubles()
    print(f"\n{len(ledger.accepted)} accepted, {sum(killer.killed.values())} processes killed {dict(killer.killed)}, "
          f"{doubles.total()} doubles of {killer.allowed} possible, refused {dict(load.refused)}")
    assert doubles.total() <= killer.allowed
    assert not queue_files(mta, "corrupt")
    assert not [line for line in mta.log().splitlines() if re.search(r"(panic|fatal): (?!bind |.* already running)", line)]
