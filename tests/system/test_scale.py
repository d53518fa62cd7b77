"""Much of everything: no process grows with the size of a message, its recipients, or the queue, beyond what it must.

Small sizes are part of dev/check; tests/scale/run takes the full ones and prints what doc/performance.md records.
"""
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import ROOT, Mta, free_port, poll

FULL = os.environ.get("SCALE_SIZE") == "full"
SESSIONS, MEGABYTES, RECIPIENTS, QUEUED = (1000, 50, 50000, 20000) if FULL else (100, 10, 2000, 500)
PATIENCE = 600 if FULL else 60
USER = "alice"
MakeMta = Callable[..., Mta]


class Session:
    """A bare SMTP session; nothing of it waits unless asked to."""

    def __init__(self, mta: Mta) -> None:
        self.sock = socket.create_connection(("127.0.0.1", mta.port), PATIENCE)
        self.lines = self.sock.makefile("rb")

    def say(self, text: str) -> None:
        """A command, without its answer."""
        self.sock.sendall(text.encode() + b"\r\n")

    def reply(self) -> str:
        """The last line of the next reply."""
        while (line := self.lines.readline().decode())[3:4] == "-":
            pass
        return line

    def ask(self, text: str) -> str:
        """A command and its answer."""
        self.say(text)
        return self.reply()

    def close(self) -> None:
        """Without a word."""
        self.lines.close()
        self.sock.close()


@pytest.fixture
def sessions() -> Iterator[Callable[[Mta, int], list[Session]]]:
    """Opens sessions, greeted from both sides; they end with the test."""
    made: list[Session] = []

    def make(mta: Mta, count: int) -> list[Session]:
        fresh = [Session(mta) for _ in range(count)]
        made.extend(fresh)
        for each in fresh:
            assert each.reply().startswith("220 ")
            assert each.ask("EHLO client.example.test").startswith("250 ")
        return fresh
    yield make
    for each in made:
        each.close()


@pytest.fixture
def next_hop(make_mta: MakeMta) -> Mta:
    """Another instance: it takes all mail, and throws it away."""
    return make_mta({"myhostname": "next.example.test", "mydestination": "", "default_transport": "discard:", "message_size_limit": "0",
                     "smtpd_recipient_limit": "100000", "relayhost": ""}).start()


def peaks(*mtas: Mta) -> dict[str, int]:
    """The most memory (KB) that a process of each program ever had, of those that live."""
    most: dict[str, int] = {}
    for pid in [pid for mta in mtas for pid in (mta.master_pid(), *mta.children())]:
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        name, size = re.search(r"^Name:\s*(\S+)", text), re.search(r"^VmHWM:\s*(\d+)", text, re.M)
        if name and size:
            most[name[1]] = max(most.get(name[1], 0), int(size[1]))
    return most


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """By how much (KB); what was not there before counts from an ordinary size."""
    return {name: size - before.get(name, 4500) for name, size in sorted(after.items())}


def report(what: str, *values: object) -> None:
    """For doc/performance.md."""
    print(f"\n{what}:", *values)


# -- sessions -------------------------------------------------------------------------------------------------------------

def test_idle_sessions_hold_no_cleanup(make_mta: MakeMta, sessions: Callable[[Mta, int], list[Session]]) -> None:
    """Each of them has sent a message already."""
    mta = make_mta({"default_process_limit": str(SESSIONS + 50), "default_transport": "discard:"},
                   {"anvil/unix": "- - n - 1 anvil"}).start()

    def held() -> int:
        lines = Path("/proc/net/unix").read_text().splitlines()
        return sum(line.endswith("public/cleanup") and line.split()[5] == "03" for line in lines)
    started = time.monotonic()
    idle = sessions(mta, SESSIONS)
    opened = time.monotonic()
    for each in idle[::10]:
        assert each.ask("MAIL FROM:<a@example.test>").startswith("250 ")
        assert each.ask("RCPT TO:<b@other.test>").startswith("250 ")
        assert each.ask("DATA").startswith("354 ")
        assert each.ask("Subject: one\r\n\r\nbody\r\n.").startswith("250 ")

        assert each.ask("RSET").startswith("250 ") and held() > 0
    poll(lambda: held() == 0, 30, "sessions to let cleanup go")
    assert len(mta.children("smtpd")) == SESSIONS
    report(f"{SESSIONS} idle sessions", f"opened in {opened - started:.1f} s", f"cleanup processes {len(mta.children('cleanup'))}",
           {name: size for name, size in peaks(mta).items() if name in ("master", "smtpd", "anvil")})
    assert all(each.ask("NOOP").startswith("250 ") for each in idle)


def test_reload_under_sessions(make_mta: MakeMta, sessions: Callable[[Mta, int], list[Session]]) -> None:
    mta = make_mta({"default_transport": "discard:"}).start()
    steps = ["MAIL FROM:<a@example.test>", "RCPT TO:<b@other.test>", "DATA", "Subject: half\r\n\r\nof a", "message\r\n."]
    all_of_them = sessions(mta, 50)

    def walk(first: int, last: int, session: Session) -> None:
        for number, step in enumerate(steps[first:last], first):
            session.say(step)
            assert number == 3 or session.reply()[:3] in ("250", "354"), mta.log()
    for number, each in enumerate(all_of_them):
        walk(0, number % 5, each)
    mta.reload()
    fresh = sessions(mta, 1)[0]
    mta.reload()
    for number, each in enumerate(all_of_them):
        walk(number % 5, 5, each)
    walk(0, 5, fresh)
    poll(lambda: len(re.findall(r"status=sent", mta.log())) == 51, 20, "all mail to leave")
    for each in all_of_them:
        each.close()
    poll(lambda: len(mta.children("smtpd")) <= 1, 10, "the processes of before to leave")
    assert not re.search("(warning|error|fatal|panic): ", mta.log()), mta.log()


@pytest.mark.parametrize("busy", ["DATA", "MAIL FROM:<a@example.test>"])
def test_stop_with_busy_sessions(make_mta: MakeMta, sessions: Callable[[Mta, int], list[Session]], busy: str) -> None:
    mta = make_mta().start()
    for each in sessions(mta, 30):
        if busy == "DATA":
            assert each.ask("MAIL FROM:<a@example.test>").startswith("250 ")
            assert each.ask("RCPT TO:<alice@example.test>").startswith("250 ")
        assert each.ask(busy)[:3] in ("250", "354")
    pids = mta.children()
    started = time.monotonic()
    mta.stop()
    assert time.monotonic() - started < 10
    poll(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()], 5, "the end of all processes")
    assert not list((mta.queue / "active").iterdir())


def test_start_in_the_foreground(make_mta: MakeMta, sessions: Callable[[Mta, int], list[Session]]) -> None:
    mta = make_mta()
    command = [str(ROOT / "usr/sbin/postfix"), "-c", str(mta.config), "start-fg"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        mta.wait_log("daemon started -- version ")
        mta.wait_removed(mta.send("", f"{USER}@example.test"))
        sessions(mta, 10)
        pids = mta.children()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(15) == 0
    poll(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()], 10, "all processes to leave")
    assert not mta.running()


# -- large messages -------------------------------------------------------------------------------------------------------

def test_large_message(make_mta: MakeMta, next_hop: Mta) -> None:
    """By SMTP and by sendmail, to a mailbox and to the next hop."""
    mta = make_mta({"message_size_limit": "0", "mailbox_size_limit": "0", "default_transport":
                    f"smtp:[127.0.0.1]:{next_hop.port}"}).start()
    people = [f"{USER}@example.test", "far@other.test"]

    def pass_through(marker: str, lines: int) -> None:
        text = f"Subject: {marker}\n\n" + ("x" * 63 + "\n") * lines
        ids = [mta.send("bob@example.test", *people, text=text)]
        mta.run("sendmail", "-i", "-f", "bob@example.test", *people, input=text, check=True)
        mta.wait_removed(ids[0], PATIENCE)
        poll(lambda: mta.mailbox(USER).count(f"Subject: {marker}\n") == 2, PATIENCE, "both copies in the mailbox")
        poll(lambda: not [*(mta.queue / "active").iterdir(), *(mta.queue / "incoming").iterdir()], PATIENCE, "an empty queue")
        poll(lambda: next_hop.log().count("status=sent") % 2 == 0, PATIENCE, "both copies at the next hop")
    pass_through("small", 10)
    before = peaks(mta, next_hop)
    started = time.monotonic()
    pass_through("large", MEGABYTES << 14)
    took = time.monotonic() - started
    assert next_hop.log().count("status=sent") == 4
    assert (mta.mail / USER).stat().st_size > 2 * MEGABYTES << 20
    growth = grown(before, peaks(mta, next_hop))
    report(f"two messages of {MEGABYTES} MB", f"{took:.1f} s", "peaks (KB)", peaks(mta, next_hop), "growth", growth)
    assert {"smtpd", "cleanup", "qmgr", "smtp", "pickup"} <= growth.keys()
    assert max(growth.values()) < 1024, growth


# -- many recipients ------------------------------------------------------------------------------------------------------

def many(mta: Mta, domain: str, count: int) -> str:
    """Sends a message to so many; its queue id."""
    session = Session(mta)
    assert session.reply().startswith("220 ") and session.ask("EHLO client.example.test").startswith("250 ")
    assert session.ask("MAIL FROM:<alice@example.test>").startswith("250 ")
    for start in range(0, count, 500):
        block = range(start, min(start + 500, count))
        session.say("\r\n".join(f"RCPT TO:<recipient-{number}@{domain}>" for number in block))
        assert all(session.reply().startswith("250 ") for _ in block)
    assert session.ask("DATA").startswith("354 ")
    answer = session.ask("Subject: to many\r\n\r\nbody\r\n.")
    session.close()
    found = re.search(r"queued as (\w+)", answer)
    assert found, answer
    return found[1]


def under_way(mta: Mta, queue_id: str) -> bool:
    """Is it new, or being delivered?"""
    return any((mta.queue / queue / queue_id).exists() for queue in ("incoming", "active"))


def test_many_recipients(make_mta: MakeMta, next_hop: Mta) -> None:
    """Some thousands are delivered, as many bounce, as many are deferred: each has its line, and the sender one report."""
    transports = f"inline:{{ {{ sink.test = smtp:[127.0.0.1]:{next_hop.port} }} {{ bounce.test = refuse:5.1.1 nobody }} " \
                 f"{{ later.test = smtp:[127.0.0.1]:{free_port()} }} }}"
    mta = make_mta({"smtpd_recipient_limit": "100000", "transport_maps": transports, "mailbox_size_limit": "0",
                    "message_size_limit": "0"}, {"refuse/unix": "- - n - - error"}).start()
    for domain in ("sink", "bounce", "later"):
        mta.wait_log(rf"{many(mta, f'{domain}.test', 1)}: to=", 20)
    mta.wait_mail("alice", "recipient-0@bounce.test", 20)
    before = peaks(mta, next_hop)
    for domain, status in (("sink", "sent"), ("bounce", "bounced"), ("later", "deferred")):
        started = time.monotonic()
        queue_id = many(mta, f"{domain}.test", RECIPIENTS)
        taken = time.monotonic()
        poll(lambda queue_id=queue_id: not under_way(mta, queue_id), PATIENCE, f"all to be {status}")
        report(f"{RECIPIENTS} recipients {status}", f"taken in {taken - started:.1f} s, done after {time.monotonic() - taken:.1f} s")
        pattern = re.compile(rf"{queue_id}: to=<(recipient-\d+)@{domain}\.test>.* status={status} ")
        poll(lambda pattern=pattern: len(set(pattern.findall(mta.log()))) == RECIPIENTS, 20, f"a line for each that is {status}")
    poll(lambda: mta.mailbox("alice").count("Subject: Undelivered Mail Returned to Sender") == 2, PATIENCE, "the report")
    listed = re.findall(r"^Final-Recipient: rfc822; (recipient-\d+)@bounce\.test$", mta.mailbox("alice"), re.M)
    assert len(listed) == RECIPIENTS + 1 and len(set(listed)) == RECIPIENTS
    growth = grown(before, peaks(mta, next_hop))
    report("peaks (KB)", peaks(mta, next_hop), "growth", growth)
    listing = mta.run("postqueue", "-p").stdout
    assert listing.count("@later.test") == RECIPIENTS + 1
    assert growth.pop("qmgr") < 1024 + min(RECIPIENTS, 20000), growth      # qmgr_message_recipient_limit
    assert max(growth.values()) < 1024 + RECIPIENTS // 8, growth      # 128 bytes for each
    assert not re.search("(fatal|panic): ", mta.log())


# -- a long queue ---------------------------------------------------------------------------------------------------------

def fill(mta: Mta, count: int) -> None:
    """So many messages, over four sessions."""
    def send(number: int) -> None:
        with mta.smtp() as session:
            session.ehlo("client.example.test")
            for each in range(number, count, 4):
                session.sendmail("sender@example.test", [f"user{each}@far.test"], "Subject: x\r\n\r\nbody\r\n")
    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def test_long_queue(make_mta: MakeMta) -> None:
    """The next hop says nothing, so all mail is active; then again after a restart."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mta = make_mta({"default_transport": f"smtp:[127.0.0.1]:{silent.getsockname()[1]}"}).start()

        def active() -> int:
            return len(os.listdir(mta.queue / "active"))
        fill(mta, 4)
        poll(lambda: active() == 4, 10, "the first ones to be active")
        base = peaks(mta)["qmgr"]
        started = time.monotonic()
        fill(mta, QUEUED)
        poll(lambda: active() >= min(QUEUED, 20000), PATIENCE, "all mail to be active")
        filled = time.monotonic()
        listing = mta.run("postqueue", "-p").stdout
        assert f" in {QUEUED + 4} Requests." in listing
        listed = time.monotonic()
        first = peaks(mta)
        mta.stop()
        seen = len(mta.log())
        mta.start()
        poll(lambda: mta.log(seen).count("(queue active)") >= min(QUEUED, 20000), PATIENCE, "all mail to be active again")
        again, after = time.monotonic(), peaks(mta)
        report(f"{QUEUED} messages active", f"taken in {filled - started:.1f} s, listed in {listed - filled:.1f} s,",
               f"restarted in {again - listed:.1f} s, peaks (KB)", first, "after restart", after)
        assert max(first["qmgr"], after["qmgr"]) - base < 1024 + 4 * QUEUED, (base, first, after)
        assert first["showq"] < 6144
