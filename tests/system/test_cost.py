"""What a message costs, in counts that are the same on every machine: see the budget in doc/performance.md."""
import collections
import re
import shutil
import signal
import smtplib
import socketserver
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, Mapping

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED or shutil.which("strace") is None, reason="needs root and strace")

WARM, MESSAGES = 30, 100

# Per message, over all daemons but postlogd, which stands for syslogd.
CEILINGS = {
    "relay": {"system calls": 90, "context switches": 40, "fsync": 1, "open": 2.2, "rename": 2, "unlink": 2.2, "connect": 0.1,
              "note to master": 0.2},
    # The queue file and the message are synced; one change of identity and back; who is asked for again and again,
    # is looked up once a second.
    "local": {"system calls": 105, "context switches": 45, "fsync": 2, "open": 8, "rename": 3, "unlink": 2.2, "connect": 0.1,
              "note to master": 0.2, "identity": 8},
}
COUNTED = {"fsync": "fsync", "fdatasync": "fsync", "openat": "open", "rename": "rename", "renameat2": "rename",
           "unlink": "unlink", "unlinkat": "unlink", **{f"setres{kind}": "identity" for kind in ("uid", "gid")},
           "setgroups": "identity"}


class Sink(socketserver.StreamRequestHandler):
    """A next hop that takes everything."""

    def handle(self) -> None:
        """One session."""
        self.wfile.write(b"220 sink.test ESMTP\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.taken += 1
            replies = {b"EHLO": b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n", b"QUIT": b"221 bye\r\n"}
            self.wfile.write(replies.get(verb, b"250 ok\r\n"))
            if verb == b"QUIT":
                return


class SinkServer(socketserver.ThreadingTCPServer):
    """Counts messages."""
    daemon_threads = True
    allow_reuse_address = True
    taken = 0


@pytest.fixture
def sink() -> Iterator[SinkServer]:
    """A listening sink."""
    with SinkServer(("127.0.0.1", 0), Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def send(mta: Mta, recipient: str, count: int, arrived: Callable[[], int]) -> None:
    """Messages over one connection; returns when all have arrived and nothing is left in the queue."""
    goal = arrived() + count
    text = "Subject: cost\r\n\r\n" + "x" * 70 * 14 + "\r\n"
    with smtplib.SMTP("127.0.0.1", mta.port, timeout=30) as session:
        for _ in range(count):
            session.sendmail("sender@example.test", [recipient], text)
    poll(lambda: arrived() >= goal, 30, "messages at their destination")
    poll(lambda: not list((mta.queue / "active").glob("*")), 10, "an empty queue")


def processes(mta: Mta) -> list[int]:
    """All that take part in mail; the log service stands for syslogd."""
    log = set(mta.children("postlogd"))
    return [mta.master_pid(), *(pid for pid in mta.children() if pid not in log)]


def count_calls(mta: Mta, load: Callable[[int], None], directory: Path) -> collections.Counter:
    """System calls of MESSAGES messages, by kind and by name, divided by their number."""
    directory.mkdir()
    pids = [argument for pid in processes(mta) for argument in ("-p", str(pid))]
    with subprocess.Popen(["strace", "-ff", "-qq", "-y", "-o", str(directory / "t"), *pids], stderr=subprocess.PIPE) as trace:
        poll(lambda: len(list(directory.iterdir())) >= len(pids) // 2, 10, "strace to attach")
        load(MESSAGES)
        trace.send_signal(signal.SIGINT)
    counts: collections.Counter = collections.Counter()
    for path in directory.iterdir():
        for line in path.read_text(errors="replace").splitlines():
            if (call := re.match(r"(\w+)\((.*)", line)) is None:
                continue
            name, rest = call.groups()
            counts["system calls"] += 1
            counts[name] += 1
            counts[COUNTED.get(name, "other")] += name in COUNTED and name != COUNTED[name]
            counts["note to master"] += name == "write" and "<pipe:" in rest and ", 12)" in rest
            if name == "connect" and "AF_UNIX" not in rest:
                counts["connect"] -= 1
    return collections.Counter({name: n / MESSAGES for name, n in counts.items()})


def switches(mta: Mta) -> int:
    """Context switches of the processes so far."""
    total = 0
    for pid in processes(mta):
        text = Path(f"/proc/{pid}/status").read_text()
        total += sum(int(n) for n in re.findall(r"ctxt_switches:\s*(\d+)", text))
    return total


def check_cost(mta: Mta, load: Callable[[int], None], directory: Path, ceilings: Mapping[str, float]) -> None:
    """Messages in steady state stay below the ceilings."""
    until = time.monotonic() + 2        # what is no younger than the queue manager is read from its file
    while time.monotonic() < until:
        load(WARM)
    before = switches(mta)
    load(MESSAGES)
    cost = {"context switches": (switches(mta) - before) / MESSAGES}
    counts = count_calls(mta, load, directory)
    cost.update({kind: counts[kind] for kind in ceilings if kind not in cost})
    print("cost per message:", {kind: round(n, 2) for kind, n in cost.items()})
    assert counts["system calls"] > 50, "nothing was traced"
    over = {kind: (round(cost[kind], 2), limit) for kind, limit in ceilings.items() if cost[kind] > limit}
    assert not over, (over, {name: round(n, 2) for name, n in counts.most_common(40)})


def test_cost_of_a_relayed_message(make_mta: Callable[..., Mta], sink: SinkServer, tmp_path: Path) -> None:
    mta = make_mta({"relayhost": f"[127.0.0.1]:{sink.server_address[1]}", "default_transport": "smtp", "max_use": "10000",
                    "smtpd_peername_lookup": "no"})
    mta.start()
    check_cost(mta, lambda count: send(mta, "user@far.test", count, lambda: sink.taken), tmp_path / "trace", CEILINGS["relay"])


def keeps_order(path: Path) -> bool:
    """Do names in this file system reach the disk in the order of their changes?"""
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(path)], check=True, capture_output=True, text=True).stdout.strip()
    return kind in ("ext2/ext3", "xfs", "tmpfs")


def test_cost_of_a_message_to_a_maildir(make_mta: Callable[..., Mta], tmp_path: Path) -> None:
    mta = make_mta({"home_mailbox": "Maildir/", "max_use": "10000", "smtpd_peername_lookup": "no"})
    arrived = BASE / "home/bob/Maildir/new"
    mta.start()
    ceilings = dict(CEILINGS["local"])
    if not keeps_order(mta.queue):      # then new/ is synced, too
        ceilings["fsync"] += 1
        ceilings["open"] += 1
    check_cost(mta, lambda count: send(mta, "bob@example.test", count, lambda: len(list(arrived.glob("*")))), tmp_path / "trace",
               ceilings)


SPARED = {"fcntl": 0, "uname": 0, "getpid": 0, "statfs": 1}     # each may be looked at once more for what grows old


def test_what_a_session_spares_itself(make_mta: Callable[..., Mta], tmp_path: Path) -> None:
    """Five messages in one session, and what the server does while nobody talks to it."""
    mta = make_mta({"smtpd_peername_lookup": "no"}, {"smtp/inet": "n - n - 1 smtpd"}).start()
    mta.send("sender@example.test", "alice@example.test")
    (server,) = mta.children("smtpd")
    trace = tmp_path / "trace"
    with subprocess.Popen(["strace", "-qq", "-o", str(trace), "-p", str(server)]) as tracer:
        poll(trace.exists, 10, "strace to attach")
        with smtplib.SMTP("127.0.0.1", mta.port, timeout=30) as session:
            for _ in range(5):
                session.sendmail("sender@example.test", ["alice@example.test"], "Subject: cost\r\n\r\nbody\r\n")
        mark = trace.stat().st_size
        time.sleep(2.2)     # what is counted is what happens in a time in which nothing happens
        tracer.send_signal(signal.SIGINT)
    counts = collections.Counter(re.findall(r"^(\w+)\(", trace.read_text(), re.M))
    resting = re.findall(r"^(\w+)\(", trace.read_text()[mark:], re.M)
    print("calls of a session:", {name: counts[name] for name in SPARED}, counts.total(), "resting:", resting)
    assert {name: counts[name] for name, most in SPARED.items() if counts[name] > most} == {}
    assert resting.count("epoll_wait") <= 1
