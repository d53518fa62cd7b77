"""The queue manager and where it sends mail: reloads in the middle, floods of probes, sites that wake up, relays by sender."""
import fcntl
import os
import re
import signal
import socket
import threading
from typing import Callable

import pytest

from frames import Client, frame
from mta import PRIVILEGED, Mta, free_port, poll
from test_smtp import Server

MakeMta = Callable[..., Mta]
RESOLVE, QUERY = 16, 16
FAIL = 2
DEFERRED = 1


class Slow(Server):
    """Says nothing to a verb before it may; how many messages it took."""

    def __init__(self, verb: str, *args: str, **replies: str) -> None:
        self.verb, self.go, self.reached = verb, threading.Event(), threading.Event()
        super().__init__(*args, **replies)

    def answer(self, verb: str) -> str | None:
        if verb == self.verb:
            self.reached.set()
            self.go.wait(60)
        return super().answer(verb)

    def taken(self) -> int:
        """Messages."""
        return sum(line.startswith("DATA") for lines in self.sessions for line in lines)


def test_reload_and_flush_in_the_middle_of_a_delivery_QM3(make_mta: MakeMta) -> None:
    host = Slow("DATA", "8BITMIME")
    mta = make_mta({"default_transport": f"smtp:{host.nexthop}", "minimal_backoff_time": "1s", "queue_run_delay": "1s"}).start()
    queue_id = mta.send("", "x@far.test")
    assert host.reached.wait(20)
    mta.reload()
    mta.run("postqueue", "-f", check=True)
    mta.run("postqueue", "-f", check=True)
    host.go.set()
    mta.wait_log(rf" {queue_id}: to=<x@far\.test>.*status=sent", 20)
    poll(lambda: mta.run("postkick", "public", "qmgr", "FDAI") and f" {queue_id}: removed" in mta.log(), 30, "an empty queue")
    assert host.taken() == 1


def test_the_next_queue_manager_waits_for_the_one_of_before(make_mta: MakeMta) -> None:
    """Master may be killed while that one lets its agents finish."""
    mta = make_mta()
    mta.postfix("check")
    with open(mta.queue / "pid/unix.qmgr", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        mta.start()
        queue_id = mta.send("", "bob@example.test")
        mta.wait_log(r"qmgr\[\d+\]: waiting for the queue manager of before to leave")
        assert f"{queue_id}: from=" not in mta.log()
    mta.wait_log(rf"qmgr\[\d+\]: {queue_id}: removed", 20)
    with open(mta.queue / "pid/unix.qmgr") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def announce(mta: Mta, queue_id: str, data: bytes) -> None:
    """What cleanup says of a file that looks like this."""
    content, offset = (int(each) for each in data[2:34].split())
    behind = offset + content
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(mta.queue / "public/qmgr"))
        sock.sendall(b"\0" + frame(16, {1: queue_id, 2: data[:offset], 3: data[behind:], 4: behind}))
        mta.wait_removed(mta.send("", "alice@example.test"))     # it was heard by now


@pytest.mark.skipif(not PRIVILEGED, reason="only the mail system may announce")
def test_a_late_announcement_repeats_nothing_QM3(make_mta: MakeMta) -> None:
    """The queue manager died, and the next one knows the message before it hears of it; a delivery of old still runs."""
    host = Slow("RCPT", "8BITMIME")
    mta = make_mta({"default_transport": f"smtp:{host.nexthop}"}).start()
    queue_id = mta.send("", "bob@example.test", "x@far.test", text="Subject: once\n\nbody\n")
    assert host.reached.wait(20)
    mta.wait_mail("bob", "Subject: once")
    path = mta.queue / "active" / queue_id
    marked = poll(lambda: path.read_bytes() if b"D\x10bob@example.test" in path.read_bytes() else b"", 10, "the mark")
    for pid in mta.children("qmgr"):
        os.kill(pid, signal.SIGKILL)
    poll(lambda: mta.run("postkick", "public", "qmgr", "I") and f"{queue_id}: skipped, still being delivered" in mta.log(), 20,
         "the next queue manager")
    announce(mta, queue_id, marked.replace(b"D\x10bob@", b"R\x10bob@"))
    assert mta.mailbox("bob").count("Subject: once") == 1
    assert len(re.findall(rf"{queue_id}: skipped, still being delivered", mta.log())) >= 2
    host.go.set()


def test_a_flood_of_probes_leaves_room_for_mail_QM15(make_mta: MakeMta) -> None:
    host = Slow("RCPT", "8BITMIME")
    mta = make_mta({"default_transport": f"smtp:{host.nexthop}", "address_verify_pending_request_limit": "2"}).start()
    with Client(mta.queue / "private/verify") as service:
        for i in range(12):
            service.ask(QUERY, _1=f"probe{i}@far.test")
    mta.wait_log(r"to=<probe\d+@far\.test>.*dsn=4\.3\.2, status=undeliverable \(Too many address verification requests\)", 20)
    mta.wait_removed(mta.send("", "alice@example.test"))
    assert host.taken() == 0
    host.go.set()


@pytest.mark.parametrize("answer, known", [("error:5.6.0 what a text", False), ("error:5.1.1 nobody here", True)])
def test_a_verdict_about_a_probe_is_none_about_the_address_QM17(make_mta: MakeMta, answer: str, known: bool) -> None:
    mta = make_mta({"transport_maps": f"inline:{{{{x@far.test = {answer}}}}}"}).start()

    def status() -> int:
        with Client(mta.queue / "private/verify") as service:
            return int.from_bytes(service.ask(QUERY, _1="x@far.test").get(2, b""), "little")
    status()
    mta.wait_log(r"to=<x@far\.test>.*status=undeliverable")
    poll(lambda: status() == (2 if known else DEFERRED), 10, "the verdict")


def test_a_site_that_asks_gets_its_mail_though_it_was_dead_QM18(make_mta: MakeMta) -> None:
    """… again and again, and gets it once."""
    port = free_port()
    mta = make_mta({"fast_flush_domains": "served.test", "default_transport": f"smtp:[127.0.0.1]:{port}"}).start()
    for i in range(3):
        mta.send("", f"user{i}@served.test")
    mta.wait_log(r"to=<user\d@served\.test>.*status=deferred \(.*delivery temporarily suspended|(?s:status=deferred.*){3}")
    poll(lambda: len([each for each in (mta.queue / "deferred").rglob("*") if each.is_file()]) == 3, 10, "three deferrals")
    host = Server("8BITMIME")
    host.listener.close()
    host.listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=host.accept, daemon=True).start()
    for _ in range(20):
        assert mta.run("postqueue", "-s", "served.test").returncode == 0
    for i in range(3):
        mta.wait_log(rf"to=<user{i}@served\.test>.*status=sent", 20)
    poll(lambda: not [each for each in (mta.queue / "deferred").rglob("*") if each.is_file()], 10, "an empty queue")
    assert sum(line.startswith("DATA") for lines in host.sessions for line in lines) == 3


@pytest.mark.parametrize("table, nexthop, failed", [
    ("inline:{{joe@here.test = [byuser.test]}}", "[byuser.test]", False),
    ("inline:{{@here.test = [bydomain.test]}}", "[bydomain.test]", False),
    ("inline:{{joe@here.test = DUNNO}, {@here.test = [bydomain.test]}}", "[relay.test]", False),
    ("inline:{{other@here.test = [no.test]}}", "[relay.test]", False), ("fail:down", "", True)])
def test_relays_by_sender_QM9(make_mta: MakeMta, table: str, nexthop: str, failed: bool) -> None:
    mta = make_mta({"relayhost": "[relay.test]", "default_transport": "smtp", "sender_dependent_relayhost_maps": table}).start()
    with Client(mta.queue / "private/rewrite") as service:
        answer = service.ask(RESOLVE, _1="joe@here.test", _2="x@far.test")
    flags = int.from_bytes(answer.get(5, b""), "little")
    assert bool(flags & FAIL) == failed
    if not failed:
        assert answer[2].decode() == nexthop


FORWARD = "250-server.test\r\n250-8BITMIME\r\n250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"


def forwarded(host: Server) -> dict[str, str]:
    """What the next hop was told of the client."""
    words = [word for lines in host.sessions for line in lines if line.startswith("XFORWARD") for word in line.split()[1:]]
    return dict(word.split("=", 1) for word in words)


def relay(make_mta: MakeMta, host: Server) -> Mta:
    """An instance that tells its next hop of its clients, and believes those who tell it of theirs."""
    return make_mta({"default_transport": f"smtp:{host.nexthop}", "smtp_send_xforward_command": "yes",
                     "smtpd_authorized_xforward_hosts": "127.0.0.1"}).start()


def test_all_is_told_of_a_client_QM19(make_mta: MakeMta) -> None:
    """… the last keyword of the line included."""
    host = Server(EHLO=FORWARD)
    mta = relay(make_mta, host)
    mta.wait_removed(mta.send("", "x@far.test"))
    told = forwarded(host)
    assert told["NAME"] == "localhost" and told["ADDR"] == "127.0.0.1" and told["PORT"].isdigit() and told["PROTO"] == "ESMTP"
    assert told["HELO"] == "client.example.test" and "IDENT" in told and "SOURCE" in told


def test_what_an_earlier_hop_left_out_is_not_filled_in_QM19(make_mta: MakeMta) -> None:
    host = Server(EHLO=FORWARD)
    mta = relay(make_mta, host)
    with mta.smtp() as session:
        session.ehlo("filter.example.test")
        assert session.docmd("XFORWARD", "ADDR=192.0.2.9 NAME=[UNAVAILABLE] HELO=[TEMPUNAVAIL]")[0] == 250
        session.sendmail("joe@example.test", ["x@far.test"], "Subject: x\r\n\r\n")
    mta.wait_log(r"to=<x@far\.test>.*status=sent")
    told = forwarded(host)
    assert told["ADDR"] == "192.0.2.9" and told["NAME"] == "[UNAVAILABLE]"
    assert told.get("PORT", "[UNAVAILABLE]") == "[UNAVAILABLE]" and told.get("HELO", "[UNAVAILABLE]").startswith("[")


def test_local_mail_has_no_client_QM19(make_mta: MakeMta) -> None:
    host = Server(EHLO=FORWARD)
    mta = relay(make_mta, host)
    assert mta.run("sendmail", "-f", "joe@example.test", "x@far.test", input="Subject: x\n\n").returncode == 0
    mta.wait_log(r"to=<x@far\.test>.*status=sent")
    told = forwarded(host)
    assert told["SOURCE"] == "LOCAL" and told.get("ADDR", "[UNAVAILABLE]") == "[UNAVAILABLE]"
