"""Processes that die at a certain step: a failure is told to the sender all the same, and as a whole; clients are served."""
import os
import shutil
import signal
import socket
import time
from typing import Callable

import pytest

from gate import Gates
from load import FAST, USER, Ledger, Sink, queue_files, settings
from mta import Mta, poll

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no compiler here")
MakeMta = Callable[..., Mta]
SENDER, NOBODY = f"{USER}@example.test", "nobody@sink.test"


def gated(make_mta: MakeMta, **main: str) -> tuple[Mta, Gates]:
    """An instance whose mail for sink.test is refused there, with gates, running."""
    mta = make_mta({**settings(Sink(Ledger())), **main})
    mta.configure(mail_spool_directory=f"{mta.mail}/")
    gates = Gates(mta)
    mta.start()
    return mta, gates


def reports(mta: Mta) -> list[str]:
    """What came back."""
    new = mta.mail / USER / "new"
    return [path.read_text() for path in new.iterdir()] if new.is_dir() else []


def assert_told(mta: Mta, most: int) -> None:
    """At least once, and each time with the reason and the message; then nothing is left."""
    def is_over() -> bool:
        mta.run("postkick", "public", "qmgr", "FDAI")
        left = [path for path in queue_files(mta, "active", "deferred", "incoming", "bounce", "defer")
                if (mta.queue / path).exists() and (mta.queue / path).stat().st_mode & 0o100 or path.startswith(("bounce", "defer/"))]
        return bool(reports(mta)) and not left
    poll(is_over, 30, "a report and an empty queue")
    found = reports(mta)
    assert 1 <= len(found) <= most, found
    assert all("550 5.1.1 no such user" in each and "Subject: lost" in each for each in found), found


@pytest.mark.parametrize("program, call, part, most", [
    ("smtp", "pwrite", "active/", 2),       # the failure is in the log, the recipient is not marked
    ("bounce", "open", "active/", 1),       # the report is not begun
    ("cleanup", "fsync", "incoming/", 2),   # the report is complete, and nobody knows
    ("bounce", "unlink", "bounce/", 2),     # the report is in the queue, and its log is still there
    ("qmgr", "unlink", "active/", 1),       # all is done, but the message is there
])
def test_a_death_between_two_steps_BN5(make_mta: MakeMta, program: str, call: str, part: str, most: int) -> None:
    mta, gates = gated(make_mta)
    if program != "cleanup":
        gates.arm(program, call, part)
        mta.send(SENDER, NOBODY, text="Subject: lost\n\nbody\n")
    else:       # the first one is that of the message
        gates.arm("bounce", "open", "active/")
        mta.send(SENDER, NOBODY, text="Subject: lost\n\nbody\n")
        gates.wait("bounce", "open")
        gates.arm(program, call, part)
        gates.release("bounce", "open")
    gates.wait(program, call)
    gates.kill(program)
    assert_told(mta, most)


def test_a_report_is_not_made_of_a_message_that_is_not_there_BN5(make_mta: MakeMta) -> None:
    """The next queue manager takes the message, while the bounce service serves the one that died."""
    mta, gates = gated(make_mta)
    gates.arm("bounce", "open", "active/")
    queue_id = mta.send(SENDER, NOBODY, text="Subject: lost\n\nbody\n")
    gates.wait("bounce", "open")
    gates.kill("qmgr")
    poll(lambda: mta.run("postkick", "public", "qmgr", "FDAI") and mta.children("qmgr"), 20, "the next queue manager")
    mta.wait_removed(queue_id, 20)
    since = len(mta.log())
    gates.release("bounce", "open")
    mta.wait_log(rf"bounce\[\d+\]: warning: {queue_id}: open active/{queue_id}", since=since)
    assert_told(mta, 1)


def test_old_mail_stays_until_its_report_is_made_BN5(make_mta: MakeMta) -> None:
    """It expires at once; the bounce service dies before it tells why somebody failed."""
    mta, gates = gated(make_mta, maximal_queue_lifetime="0", bounce_queue_lifetime="0")
    gates.arm("bounce", "open", "active/")
    mta.send(SENDER, NOBODY, text="Subject: lost\n\nbody\n")
    gates.wait("bounce", "open")
    gates.kill("bounce")
    assert_told(mta, 1)


def test_a_client_whose_process_died_waits_for_nobody_IP9(make_mta: MakeMta) -> None:
    """One of two idle processes is woken for it, and dies before it accepts; the other would sleep on for ten seconds."""
    mta, gates = gated(make_mta)
    sessions = [mta.smtp() for _ in range(2)]
    for each in sessions:
        each.quit()
    mta.wait_log(r"(?s)disconnect from .*disconnect from ")
    gates.arm("smtpd", "accept4", "socket:")
    with socket.create_connection(("127.0.0.1", mta.port), 20) as client:
        os.kill(gates.wait("smtpd", "accept4"), signal.SIGKILL)
        since = time.monotonic()
        assert client.recv(3) == b"220"
        assert time.monotonic() - since < 5, "the other one slept until it looked around"


def test_the_queue_manager_waits_for_no_notice_QM4(make_mta: MakeMta) -> None:
    """The bounce service hangs over the first one; other mail comes and goes."""
    mta, gates = gated(make_mta)
    gates.arm("bounce", "open", "active/")
    mta.send(SENDER, NOBODY, text="Subject: lost\n\nbody\n")
    gates.wait("bounce", "open")
    for _ in range(3):
        mta.wait_removed(mta.send(SENDER, SENDER, text="Subject: lost\n\n550 5.1.1 no such user\n"))
    gates.release("bounce", "open")
    assert_told(mta, 4)


def test_a_client_sends_while_the_queue_file_is_made(make_mta: MakeMta) -> None:
    """354 does not wait for cleanup; that there is no file is said at the end of the data, and to nobody else."""
    mta, gates = gated(make_mta)
    gates.arm("cleanup", "open", "incoming/")
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(SENDER)
        session.rcpt(SENDER)
        assert session.docmd("DATA")[0] == 354
        gates.wait("cleanup", "open")
        gates.kill("cleanup")
        session.send(b"Subject: lost\r\n\r\nbody\r\n.\r\n")
        code, text = session.getreply()
        assert code == 451 and text.startswith(b"4.3.0 Error: queue file write error"), (code, text)
        session.mail(SENDER)
        session.rcpt(SENDER)
        assert session.data("Subject: kept\r\n\r\nbody\r\n")[0] == 250
    poll(lambda: any("Subject: kept" in each for each in reports(mta)), 20, "the second message")
    assert len(reports(mta)) == 1 and not queue_files(mta, "incoming")
