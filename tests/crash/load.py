"""Mail by the hundreds from several sides at once, and the account of what was accepted and what arrived.

A message's marker says where it must arrive: `mark-17-both` in the Maildir and at the sink. A sender that gets no answer
forgets the marker and goes on with a new one, so that each marker is handed in once: what arrives twice was doubled by
the mail system.
"""
import getpass
import itertools
import os
import re
import smtplib
import socketserver
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Optional

from mta import PRIVILEGED, ROOT, Mta, free_port

USER = "alice" if PRIVILEGED else getpass.getuser()
MAILDIR, SINK = "Maildir", "sink"
# kind → recipients, places
KINDS = {
    "local": ([USER], {MAILDIR}), "sink": (["x@sink.test"], {SINK}), "both": ([USER, "x@sink.test"], {MAILDIR, SINK}),
    "later": (["later@sink.test"], {SINK}), "bounce": (["nobody@sink.test"], {MAILDIR}),
}
MARK = re.compile(rb"\bmark-\d+-([a-z]+)\b")
FAST = {"minimal_backoff_time": "1s", "maximal_backoff_time": "2s", "queue_run_delay": "1s",
        "transport_retry_time": "1s", "service_throttle_time": "1s", "default_process_limit": "20"}


class Ledger:
    """What was accepted, and what arrived where; shared by threads."""

    def __init__(self, *kinds: str) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kinds = itertools.cycle(kinds or KINDS)
        self.accepted: set[str] = set()
        self.arrived: Counter[tuple[str, str]] = Counter()

    def new(self) -> str:
        """A marker that was never used."""
        with self._lock:
            return f"mark-{next(self._numbers)}-{next(self._kinds)}"

    def accept(self, marker: str) -> None:
        """From now on it must arrive."""
        with self._lock:
            self.accepted.add(marker)

    def arrive(self, marker: str, place: str) -> None:
        """It did, once more."""
        with self._lock:
            self.arrived[marker, place] += 1

    def missing(self) -> list[tuple[str, str]]:
        """Accepted, but not where it must be."""
        with self._lock:
            return sorted((marker, place) for marker in self.accepted for place in KINDS[marker.split("-")[2]][1]
                          if not self.arrived[marker, place])

    def doubles(self) -> Counter[tuple[str, str]]:
        """Deliveries beyond the first."""
        return Counter({key: count - 1 for key, count in self.arrived.items() if count > 1})


class _Dialogue(socketserver.StreamRequestHandler):
    """A session of the sink."""

    def say(self, text: str) -> None:
        """One reply."""
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        """Commands until the end."""
        try:
            self.say("220 sink.test ESMTP")
            for line in self.rfile:
                if not self.command(line.strip().upper()):
                    break
        except OSError:
            pass

    def command(self, line: bytes) -> bool:
        """One command."""
        if line.startswith(b"MAIL"):
            self.recipients, self.later = 0, False
        if line.startswith(b"EHLO"):
            self.say("250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME")
        elif line.startswith(b"RCPT"):
            self.recipient(line)
        elif line == b"DATA" and self.recipients == 0:
            self.say("554 5.5.1 no valid recipients")
        elif line == b"DATA":
            self.data()
        else:
            self.say("250 2.0.0 Ok")
        return line != b"QUIT"

    def recipient(self, line: bytes) -> None:
        """Nobody is unknown; the later ones come twice."""
        known = b"NOBODY@" not in line
        self.recipients += known
        self.later = self.later or b"LATER@" in line
        self.say("250 2.1.5 Ok" if known else "550 5.1.1 no such user")

    def data(self) -> None:
        """The content: counted before it is acknowledged, as a mailbox would hold it then."""
        self.say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        marker = None
        for line in lines:
            if line == b"":
                return
            marker = marker or MARK.search(line)
        self.server.take(self, marker.group().decode() if marker else "none", self.later)


class Sink(socketserver.ThreadingTCPServer):
    """An SMTP server that takes mail for sink.test."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 100

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.ledger, self.seen = ledger, set()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, session: _Dialogue, marker: str, later: bool) -> None:
        """One message; some only the second time."""
        if later and marker not in self.seen:
            self.seen.add(marker)
            session.say("451 4.3.0 come again")
            return
        self.ledger.arrive(marker, SINK)
        session.say("250 2.0.0 Ok")


def settings(sink: Sink) -> dict[str, str]:
    """What an instance under load needs in main.cf; its Maildir is in its own directory."""
    return {**FAST, "transport_maps": f"inline:{{ {{ sink.test = smtp:[127.0.0.1]:{sink.port} }} }}"}


class Load:
    """Senders over SMTP and with sendmail, until so many messages were accepted."""

    def __init__(self, mta: Mta, ledger: Ledger, count: int, sessions: int = 4, submitters: int = 2) -> None:
        self.mta, self.ledger, self.count = mta, ledger, count
        self.refused: Counter[str] = Counter()
        self.stopped = False
        self.threads = [threading.Thread(target=self._sender, daemon=True) for _ in range(sessions)]
        self.threads += [threading.Thread(target=self._submitter, daemon=True) for _ in range(submitters)]

    def start(self) -> "Load":
        """All of them begin."""
        for each in self.threads:
            each.start()
        return self

    def running(self) -> bool:
        """Is anybody still sending?"""
        return any(each.is_alive() for each in self.threads)

    def stop(self) -> None:
        """Nothing more is sent when this returns."""
        self.stopped = True
        for each in self.threads:
            each.join(60)
        assert not self.running(), "a sender hangs"

    def stop_when_done(self) -> None:
        """Wait until so many messages were accepted."""
        for each in self.threads:
            each.join(300)
        assert not self.running(), "a sender hangs"

    def _more(self) -> bool:
        return not self.stopped and len(self.ledger.accepted) < self.count

    def _text(self, marker: str) -> str:
        """Every tenth is too large for one write."""
        large = int(marker.split("-")[1]) % 10 == 0
        return f"Subject: {marker}\r\nMessage-ID: <{marker}@example.test>\r\n\r\n" + f"{marker} some text\r\n" * (5000 if large else 5)

    def _sender(self) -> None:
        while self._more():
            try:
                with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=20) as session:
                    session.ehlo("client.example.test")
                    self._session(session)
            except (OSError, smtplib.SMTPException) as error:
                self.refused[type(error).__name__] += 1
                time.sleep(0.02)

    def _session(self, session: smtplib.SMTP) -> None:
        for _ in range(10):
            if not self._more():
                return
            marker = self.ledger.new()
            self._message(session, marker, KINDS[marker.split("-")[2]][0])

    def _message(self, session: smtplib.SMTP, marker: str, recipients: list[str]) -> None:
        codes = [session.mail(f"{USER}@example.test")[0], *(session.rcpt(_full(each))[0] for each in recipients)]
        if all(code == 250 for code in codes):
            codes.append(session.data(self._text(marker))[0])
        if codes[-1] == 250:
            self.ledger.accept(marker)
        else:
            self.refused[str(codes[-1])] += 1
            session.rset()

    def _submitter(self) -> None:
        command = [str(ROOT / "usr/sbin/sendmail"), "-i", "-f", f"{USER}@example.test"]
        environment = {"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(self.mta.config)}
        while self._more():
            marker = self.ledger.new()
            result = subprocess.run([*command, *map(_full, KINDS[marker.split("-")[2]][0])], env=environment, check=False,
                                    input=self._text(marker).replace("\r", ""), text=True, capture_output=True)
            if result.returncode == 0:
                self.ledger.accept(marker)
            else:
                self.refused[f"sendmail {result.returncode}"] += 1
                time.sleep(0.05)


def _full(recipient: str) -> str:
    return recipient if "@" in recipient else f"{recipient}@example.test"


class Mailbox:
    """The Maildir of the load's user: read on and on, each file once."""

    def __init__(self, mta: Mta, ledger: Ledger) -> None:
        self.path, self.ledger, self.seen = mta.mail / USER / "new", ledger, set()

    def read(self) -> None:
        """Enter what is new."""
        for name in os.listdir(self.path) if self.path.is_dir() else ():
            if name in self.seen:
                continue
            self.seen.add(name)
            found = MARK.search((self.path / name).read_bytes())
            self.ledger.arrive(found.group().decode() if found else "none", MAILDIR)


def wait_arrival(mta: Mta, ledger: Ledger, mailbox: Mailbox, seconds: float) -> None:
    """Until nothing accepted is missing; the queue is flushed now and then."""
    deadline, flush = time.monotonic() + seconds, 0.0
    while True:
        mailbox.read()
        if not ledger.missing():
            return
        assert time.monotonic() < deadline, f"{ledger.missing()} {listing(mta)}\n{story(mta, ledger)}"
        if time.monotonic() > flush:
            mta.run("postkick", "public", "qmgr", "FDAI")
            mta.run("postkick", "public", "pickup", "W")
            flush = time.monotonic() + 1
        time.sleep(0.05)


def story(mta: Mta, ledger: Ledger) -> str:
    """What the log says about the messages that are in the queue, and about the missing ones and their notices."""
    lines, names = mta.log().splitlines(), {Path(path).name for path in queue_files(mta)}
    for marker, _ in ledger.missing():
        names.update(re.findall(rf": (\w+): message-id=<{marker}@", "\n".join(lines)))
    for line in lines:
        if (notice := re.search(r": (\w+): (?:sender|postmaster) .*notification: (\w+)$", line)) and notice[1] in names:
            names.add(notice[2])
    return "\n".join(line for line in lines if any(name in line for name in names))


def listing(mta: Mta) -> list[str]:
    """Paths, modes and times of what is in the queue."""
    found = [(path, (mta.queue / path).lstat()) for path in queue_files(mta)]
    return [f"{path} {state.st_mode & 0o777:o} {state.st_mtime - time.time():+.1f}s" for path, state in found]


def queue_files(mta: Mta, *queues: str) -> list[str]:
    """What is in the queue, as paths relative to it."""
    queues = queues or ("maildrop", "incoming", "active", "deferred", "corrupt", "hold")
    return sorted(str(path.relative_to(mta.queue)) for queue in queues for path in (mta.queue / queue).rglob("*")
                  if path.is_file())
