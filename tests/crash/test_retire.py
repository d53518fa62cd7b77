"""Processes that leave all the time, by use, by rest and by reload: nobody sends or receives the worse for it."""
import os
import re
import time
from typing import Callable

import pytest

from load import Ledger, Load, Mailbox, Sink, queue_files, settings, wait_arrival
from mta import Mta, poll

LONG = os.environ.get("CRASH_SIZE") == "long"
COUNT = 1000 if LONG else 60
MakeMta = Callable[..., Mta]


def under_load(make_mta: MakeMta, meanwhile: Callable[[Mta], None], then: Callable[[Mta], None] = lambda mta: None,
               **main: str) -> None:
    """Sends and receives so many messages; nothing is refused, deferred, doubled, lost or warned of."""
    ledger = Ledger("local", "sink", "both", "bounce")
    sink = Sink(ledger)
    mta = make_mta({**settings(sink), "default_process_limit": "100", **main})
    mta.configure(mail_spool_directory=f"{mta.mail}/")
    mta.start()
    for share in (0.3, 0.6, 1):
        load = Load(mta, ledger, int(COUNT * share)).start()
        while load.running():
            meanwhile(mta)
        load.stop()
        assert not load.refused
        then(mta)
    wait_arrival(mta, ledger, Mailbox(mta, ledger), 60)
    poll(lambda: not queue_files(mta), 20, "an empty queue")
    strange = re.findall(r"^.*(?:warning|error|fatal|panic): .*$|^.*status=deferred.*$", mta.log(), re.M)
    assert not strange, strange[:20]
    assert not ledger.doubles()
    sink.shutdown()


@pytest.mark.parametrize("main", [{"max_use": "1"}, {"max_idle": "1s"}], ids=["max_use", "max_idle"])
def test_short_lives_ST8(make_mta: MakeMta, main: dict[str, str]) -> None:
    def all_leave(mta: Mta) -> None:
        """Who is idle for a second goes."""
        for program in ("smtpd", "cleanup", "smtp", "local", "bounce"):     # the queue manager keeps the resolver
            poll(lambda: not mta.children(program), 20, f"the end of {program}")
    under_load(make_mta, lambda mta: time.sleep(0.1), all_leave if "max_idle" in main else lambda mta: None, **main)


def test_reload_under_load(make_mta: MakeMta) -> None:
    reloads = []

    def reload(mta: Mta) -> None:
        mta.reload()
        reloads.append(1)
    under_load(make_mta, reload)
    assert len(reloads) > 2
