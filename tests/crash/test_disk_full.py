"""No room, no inodes, no permission: temporary answers, nothing half written, and all is well when room returns."""
import smtplib
import subprocess
import time
from typing import Callable, Iterator

import pytest

from load import FAST, USER, Ledger, Mailbox, Sink, queue_files, wait_arrival
from mta import PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="only root mounts")
TO = f"{USER}@example.test"
MakeMta = Callable[..., Mta]


class Small:
    """An instance whose queue is a small file system."""

    def __init__(self, make_mta: MakeMta, sink: Sink, options: str, **main: str) -> None:
        self.mta = make_mta({**FAST, "transport_maps": f"inline:{{ {{ sink.test = smtp:[127.0.0.1]:{sink.port} }} }}",
                             "queue_minfree": "0", "message_size_limit": "0", "mailbox_size_limit": "0", **main})
        self.mta.configure(mail_spool_directory=f"{self.mta.mail}/")
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.mta.queue)], check=True)
        self.ballast = self.mta.queue / "ballast"

    def fill(self) -> None:
        """Use up all blocks."""
        with self.ballast.open("ab", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(4096))
            except OSError:
                pass

    def fill_inodes(self) -> None:
        """Use up all inodes."""
        self.ballast.mkdir()
        try:
            for number in range(1 << 20):
                (self.ballast / str(number)).touch()
        except OSError:
            pass

    def free(self) -> None:
        """Room again."""
        subprocess.run(["rm", "-rf", str(self.ballast)], check=True)


@pytest.fixture
def ledger() -> Ledger:
    """What was accepted and what arrived."""
    return Ledger()


@pytest.fixture
def sink(ledger: Ledger) -> Iterator[Sink]:
    """A server for sink.test."""
    made = Sink(ledger)
    yield made
    made.shutdown()


@pytest.fixture
def make_small(make_mta: MakeMta, sink: Sink) -> Iterator[Callable[..., Small]]:
    """A factory of such instances, started; unmounted at the end."""
    made: list[Small] = []

    def make(options: str = "size=2m", **main: str) -> Small:
        made.append(Small(make_mta, sink, options, **main))
        made[-1].mta.start()
        return made[-1]
    yield make
    for each in made:
        each.mta.kill()
        poll(lambda: subprocess.run(["umount", str(each.mta.queue)], check=False).returncode == 0, 10, "unmounting")


def attempt(mta: Mta, text: str) -> int:
    """A transaction; the code that ended it."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        for code, _ in (session.mail(TO), session.rcpt(TO)):
            if code != 250:
                return code
        try:
            return session.data(text)[0]
        except smtplib.SMTPDataError as error:
            return error.smtp_code


def submit(mta: Mta, marker: str, lines: int = 1) -> int:
    """sendmail; its exit status."""
    return mta.run("sendmail", "-C", mta.config, "-f", TO, TO,
                   input=f"Subject: {marker}\n\n" + f"{marker} text\n" * lines).returncode


def assert_well(small: Small, ledger: Ledger) -> None:
    """Mail goes again, and nothing is left over."""
    small.free()
    mta = small.mta
    for marker in (ledger.new() for _ in range(5)):
        if marker.endswith("local"):
            assert attempt(mta, f"Subject: {marker}\n\n{marker}\n") == 250, mta.log()
            ledger.accept(marker)
    wait_arrival(mta, ledger, Mailbox(mta, ledger), 20)
    poll(lambda: not queue_files(mta), 10, "an empty queue")
    assert not ledger.doubles()
    assert "panic:" not in mta.log() and "killed by" not in mta.log()


@pytest.mark.parametrize("how", ["blocks", "inodes"])
def test_full_queue(make_small: Callable[..., Small], ledger: Ledger, how: str) -> None:
    small = make_small("size=2m" if how == "blocks" else "size=8m,nr_inodes=200")
    mta = small.mta
    assert attempt(mta, "Subject: before\n\nbody\n") == 250
    poll(lambda: not queue_files(mta), what="an empty queue")
    small.fill() if how == "blocks" else small.fill_inodes()
    assert attempt(mta, "Subject: mark-0-local\n\n" + "body\n" * 2000) in (451, 452)
    assert submit(mta, "mark-0-local", 2000) == 75
    assert not queue_files(mta, "maildrop", "incoming", "active"), "something half written"
    assert mta.children("qmgr") and mta.running()
    assert_well(small, ledger)


def test_full_in_the_midst_of_a_message(make_small: Callable[..., Small], ledger: Ledger) -> None:
    """Large enough to be refused by the disk, not by a check before."""
    small = make_small("size=2m")
    assert attempt(small.mta, "Subject: mark-0-local\n\n" + ("body" * 20 + "\n") * 50000) in (451, 452)
    assert submit(small.mta, "mark-0-local", 200000) == 75
    assert not queue_files(small.mta, "maildrop", "incoming"), "something half written"
    assert_well(small, ledger)


def test_queue_minfree(make_small: Callable[..., Small], ledger: Ledger) -> None:
    small = make_small("size=2m", queue_minfree="4194304", message_size_limit="1048576")
    try:
        assert attempt(small.mta, "") == 452
    except OSError as error:
        raise AssertionError(f"{error} {small.mta.log()}") from None
    assert not queue_files(small.mta)


def test_deferrals_and_failures_without_room(make_small: Callable[..., Small], ledger: Ledger) -> None:
    """Neither log can be written: the recipients stay, and are tried again."""
    small = make_small("size=2m")
    mta = small.mta
    right = mta.main["transport_maps"]
    mta.configure(transport_maps="inline:{ { sink.test = smtp:[127.0.0.1]:1 } }")
    mta.reload()
    markers = [ledger.new() for _ in range(20)]
    for marker in markers:
        kind = marker.split("-")[2]
        recipients = {"local": [TO], "sink": ["x@sink.test"], "both": [TO, "x@sink.test"], "later": ["later@sink.test"],
                      "bounce": ["nobody@sink.test"]}[kind]
        mta.send(TO, *recipients, text=f"Subject: {marker}\n\n{marker}\n")
        ledger.accept(marker)
    small.fill()
    for _ in range(3):
        mta.run("postkick", "public", "qmgr", "FDAI")
        time.sleep(0.3)
    mta.configure(transport_maps=right)
    mta.reload()
    for _ in range(3):      # failures and notices without room
        mta.run("postkick", "public", "qmgr", "FDAI")
        time.sleep(0.3)
    assert_well(small, ledger)


def test_unwritable_queue(make_small: Callable[..., Small], ledger: Ledger) -> None:
    """Nobody can be told more than to come again; what was submitted waits in maildrop."""
    small = make_small()
    mta = small.mta
    incoming = mta.queue / "incoming"
    incoming.chmod(0o500)
    assert attempt(mta, "Subject: mark-0-local\n\nbody\n") in (451, 452)
    marker = "mark-1000-local"
    assert submit(mta, marker) == 0
    ledger.accept(marker)
    mta.wait_log(r"postfix/pickup\[\d+\]: ")
    assert len(queue_files(mta)) == 1
    incoming.chmod(0o700)
    assert_well(small, ledger)
