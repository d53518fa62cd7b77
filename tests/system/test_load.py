"""The queue manager and its agents when everything is short: memory, processes, their lives, and time."""
import collections
import contextlib
import re
import socketserver
import subprocess
import sys
import threading
import time
from typing import Callable, Iterator

import pytest

from mta import Mta, ROOT, poll

MakeMta = Callable[..., Mta]
SENDER = "sender@example.test"
STRANGE = re.compile(r"^.*(?:warning|error|fatal|panic): .*$|^.*status=deferred.*$|^.*: skipped.*$|^.*lines lost.*$", re.M)


class Dialogue(socketserver.StreamRequestHandler):
    """Takes everything, after a while."""

    def handle(self) -> None:
        """One session; who hangs up without a word is no concern here."""
        with contextlib.suppress(ConnectionError):
            self.converse()

    def converse(self) -> None:
        """Commands and replies."""
        recipients: list[str] = []
        self.wfile.write(b"220 sink.test ESMTP\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipients.append(line.decode().partition("<")[2].partition(">")[0])
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                time.sleep(self.server.hold)
                self.server.taken.update(recipients)
                recipients = []
            replies = {b"EHLO": b"250-sink.test\r\n250 PIPELINING\r\n", b"QUIT": b"221 bye\r\n"}
            self.wfile.write(replies.get(verb, b"250 ok\r\n"))


class Sink(socketserver.ThreadingTCPServer):
    """A next hop that counts how often each recipient came."""
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    hold = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.taken: collections.Counter = collections.Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A sink that runs."""
    with Sink() as each:
        yield each
        each.shutdown()


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Others want the processors, too."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    yield
    for hog in hogs:
        hog.kill()
        hog.wait()


def relay(make_mta: MakeMta, sink: Sink, smtp: str = "- - n - - smtp", **main: str) -> Mta:
    """An instance that sends all to the sink, two recipients at a time."""
    return make_mta({"relayhost": f"[127.0.0.1]:{sink.server_address[1]}", "default_transport": "smtp",
                     "smtp_destination_recipient_limit": "2", **main}, {"smtp/unix": smtp}).start()


def all_arrive(mta: Mta, sink: Sink, sizes: list[int], seconds: float = 30) -> None:
    """Messages of so many recipients each are sent, delivered once and removed, and nothing is complained of."""
    wanted = [[f"u{i}.{n}@far.test" for n in range(size)] for i, size in enumerate(sizes)]
    for queue_id in [mta.send(SENDER, *recipients) for recipients in wanted]:
        mta.wait_removed(queue_id, seconds)
    assert sink.taken == collections.Counter(sum(wanted, []))
    sink.taken.clear()
    assert not STRANGE.findall(mta.log())


def test_recipients_are_read_while_others_are_delivered(make_mta: MakeMta, sink: Sink) -> None:
    sink.hold = 0.05
    mta = relay(make_mta, sink, qmgr_message_active_limit="20", qmgr_message_recipient_limit="20",
                qmgr_message_recipient_minimum="5", smtp_recipient_limit="20", smtp_recipient_refill_limit="4", qmgr_clog_warn_time="0")
    all_arrive(mta, sink, [70, 1, 50])


def test_an_idle_agent_is_not_kept_for_those_that_wait_for_its_process(make_mta: MakeMta, sink: Sink) -> None:
    mta = relay(make_mta, sink, "- - n - 1 smtp", smtp_destination_recipient_limit="1")
    all_arrive(mta, sink, [1])
    begun = time.monotonic()
    all_arrive(mta, sink, [1, 6])
    assert time.monotonic() - begun < 1


def test_a_notice_about_a_notice_ends_without_its_file_being_open(make_mta: MakeMta, sink: Sink) -> None:
    mta = relay(make_mta, sink)
    mta.wait_removed(mta.send("", "double-bounce@mail.example.test", "u@far.test"))
    assert re.search("to=<double-bounce@.*undeliverable postmaster notification discarded", mta.log())
    assert not STRANGE.findall(mta.log())
