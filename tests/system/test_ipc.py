"""What services answer to those who speak their protocol badly, leave early, or come all at once."""
import os
import signal
import socket
import threading
from typing import Callable, Iterator

import pytest

import frames
from conftest import new_mta
from mta import Mta

GOOD = {        # service: type and attributes of a question that has an answer
    "private/rewrite": (16, {2: "alice@example.test"}), "private/verify": (16, {1: "alice@example.test"}),
    "private/proxymap": (17, {1: "static:x", 3: "key"}), "public/flush": (17, {1: "example.test"}),
    "private/anvil": (16, {2: "smtp", 3: "192.0.2.1"}),
}
BAD = {
    "unknown type": frames.frame(99, {1: "x"}), "type of an answer": frames.frame(29, {1: "x"}),
    "unknown attribute": frames.frame(16, {200: "x"}), "half an attribute": b"\x05\0\0\0\x10\0\x01\xff\0",
    "NUL in a string": frames.frame(16, {1: b"a\0b", 2: b"a\0b"}), "too long": b"\xff\xff\xff\x7f" + b"\x10\0",
    "twice": b"\x0c\0\0\0\x10\0" + 2 * frames.attribute(2, "x"), "no frame": b"EHLO localhost\r\n",
}


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    with new_mta({"proxy_read_maps": "proxy:static:x", "virtual_alias_maps": "inline:{team@example.test=alice@example.test}"},
                 {"anvil/unix": "- - n - 1 anvil"}) as mta:
        yield mta


@pytest.mark.parametrize("service", GOOD)
def test_a_bad_question_has_no_answer_IP4(mta: Mta, service: str) -> None:
    """Least of all the answer to the question before it."""
    kind, attributes = GOOD[service]
    for name, junk in BAD.items():
        with frames.Client(mta.queue / service) as client:
            client.sock.sendall(frames.frame(kind, attributes))
            assert client.read()[0] not in (frames.READY, frames.RETIRE) and client.read()[0] == frames.READY
            client.sock.sendall(junk)
            client.sock.shutdown(socket.SHUT_WR)
            assert client.sock.recv(4096) == b"", name
    assert not [line for line in mta.log().splitlines() if "panic" in line or "fatal" in line or "killed" in line]


# -- a message by hand ---------------------------------------------------------------------------------------------------


def record(kind: str, data: str = "") -> bytes:
    """A record with short data."""
    return kind.encode() + bytes([len(data.encode())]) + data.encode()


def begin(mta: Mta) -> tuple[frames.Client, str]:
    """A message at cleanup, opened; its queue id."""
    client = frames.Client(mta.queue / "public/cleanup")
    client.sock.sendall(frames.frame(16, {1: 16}, more=True))       # with virtual aliases
    return client, client.read()[1][1].decode()


def records(text: bytes) -> bytes:
    """A block of records as a frame."""
    body = bytes([17, 1]) + text
    return len(body).to_bytes(4, "little") + body


def message(sender: str = "bob@example.test", recipient: str = "alice@example.test", extra: bytes = b"") -> bytes:
    """All of it, up to the end."""
    return (records(record("T", "1700000000 0") + record("S", sender) + extra + record("R", recipient) + record("M")
                    + record("N", "Subject: by hand") + record("X") + record("E")) + frames.frame(18, {}))


def test_a_message_by_hand_is_taken(mta: Mta) -> None:
    client, queue_id = begin(mta)
    with client:
        client.sock.sendall(message())
        assert client.read()[1].get(1, b"\0") == b"\0"
    mta.wait_removed(queue_id)


@pytest.mark.parametrize("end", ["\r", "\n", "\0"])
@pytest.mark.parametrize("kind", ["S", "R", "A", "O", "F", "L"])
def test_line_ends_in_envelopes_are_refused_CQ16(mta: Mta, kind: str, end: str) -> None:
    value = f"alice{end}A@example.test"
    client, queue_id = begin(mta)
    with client:
        extra = record(kind, f"helo_name={value}" if kind == "A" else value)
        client.sock.sendall(message(sender=value) if kind == "S" else message(recipient=value) if kind == "R"
                            else message(extra=extra))
        answer = client.read()
        while answer[0] != 21:
            answer = client.read()
        assert answer[1][1] == b"\1"
    mta.wait_log(rf"warning: {queue_id}: line end or NUL in an envelope record of type {kind}")
    assert not list(mta.queue.glob(f"[a-z]*/**/{queue_id}"))


ENDLESS = b"".join(record("A", f"name{number}=x") for number in range(2000))
MALFORMED = {
    "two senders": record("S", "bob@example.test"), "too many attributes": ENDLESS, "no attribute": record("A", "name"),
    "flags that only we set": record("f", "16"), "no flags": record("f", "x"), "notices of no kind": record("A", "notify_flags=16"),
    "unknown type": record("Z"), "content of its own": record("N", "X: y"), "end": record("E"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_messages_are_refused(mta: Mta, fault: str) -> None:
    """cleanup believes its clients no more than they do theirs: an answer, no queue file, and cleanup lives."""
    client, queue_id = begin(mta)
    with client:
        client.sock.sendall(message(extra=MALFORMED[fault]))
        while (answer := client.read())[0] != 21:
            pass
        assert answer[1][1] == b"\1"
    assert not list(mta.queue.glob(f"[a-z]*/**/{queue_id}"))


def test_a_recipient_before_the_sender_is_refused(mta: Mta) -> None:
    """Whose addresses are rewritten how is known only then."""
    client, queue_id = begin(mta)
    with client:
        client.sock.sendall(records(record("T", "1700000000 0") + record("R", "alice@example.test")) + message())
        while (answer := client.read())[0] != 21:
            pass
        assert answer[1][1] == b"\1"
    assert not list(mta.queue.glob(f"[a-z]*/**/{queue_id}"))


def test_who_gave_up_has_sent_nothing_PD13(mta: Mta) -> None:
    """A client that no longer waits sends the message again: it must not be there twice."""
    client, queue_id = begin(mta)
    cleanups = mta.children("cleanup")
    for pid in cleanups:
        os.kill(pid, signal.SIGSTOP)
    client.sock.sendall(message())
    client.sock.close()
    for pid in cleanups:
        os.kill(pid, signal.SIGCONT)
    mta.wait_log(rf": {queue_id}: removed \(canceled\)")
    assert not list(mta.queue.glob(f"[a-z]*/**/{queue_id}"))


# -- many at once --------------------------------------------------------------------------------------------------------


def test_many_processes_accept_and_retire_IP9(make_mta: Callable[..., Mta]) -> None:
    """Each serves one client; whoever comes second at accept waits on, and says nothing of it."""
    mta = make_mta(master={"smtp/inet": "n - n - 6 smtpd -o max_use=1 -o smtpd_client_connection_count_limit=0"}).start()
    greetings: list[bytes] = []

    def visit() -> None:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", mta.port), 20) as sock:
                greetings.append(sock.recv(100)[:4])
                sock.sendall(b"QUIT\r\n")
                sock.recv(100)
    threads = [threading.Thread(target=visit) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert greetings == [b"220 "] * 40
    assert not [line for line in mta.log().splitlines() if "warning" in line or "fatal" in line or "accept" in line]
