"""qmqpd: mail by QMQP, from hosts that may."""
import socket
from typing import Callable

import pytest

from mta import Mta, free_port

PORT, OTHER_PORT = free_port(), free_port()
MAIN = {"qmqpd_authorized_clients": "127.0.0.0/8", "qmqpd_error_delay": "0s", "message_size_limit": "100000"}


def services(port: int) -> dict[str, str]:
    """master.cf"""
    return {f"{port}/inet": "n - n - - qmqpd"}


def netstring(*parts: bytes) -> bytes:
    """All parts as one netstring."""
    whole = b"".join(parts)
    return b"%d:%s," % (len(whole), whole)


def request(message: bytes, sender: bytes, *recipients: bytes) -> bytes:
    """What a client says."""
    return netstring(netstring(message), netstring(sender), *map(netstring, recipients))


def ask(data: bytes, port: int = PORT) -> str:
    """The answer of a server; "" when it hangs up."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: sock.recv(4096), b""))
    if not answer:
        return ""
    length, _, rest = answer.partition(b":")
    assert len(rest) == int(length) + 1 and rest.endswith(b","), answer
    return rest[:-1].decode()


@pytest.fixture(name="qmqp", scope="module")
def _qmqp(request: pytest.FixtureRequest) -> Mta:
    from conftest import new_mta
    mta = new_mta(MAIN, services(PORT))
    request.addfinalizer(mta.__exit__)
    return mta.start()


def test_a_message_is_delivered(qmqp: Mta) -> None:
    answer = ask(request(b"Subject: by qmqp\n\nhello\nno end of line", b"out@example.org", b"alice", b"bob@example.test"))
    assert answer.startswith("KOk: queued as "), answer
    queue_id = answer.split()[-1]
    qmqp.wait_log(rf"qmqpd\[\d+\]: {queue_id}: client=localhost\[127\.0\.0\.1\]$")
    qmqp.wait_log(rf" {queue_id}: to=<alice@example.test>, orig_to=<alice>.*status=sent")
    qmqp.wait_log(rf" {queue_id}: to=<bob@example.test>.*status=sent")
    text = qmqp.mailbox("alice")
    assert f"with QMQP id {queue_id};" in text and "hello\nno end of line\n" in text


def test_a_first_line_that_begins_with_a_blank(qmqp: Mta) -> None:
    queue_id = ask(request(b" blank\n", b"", b"bob")).split()[-1]
    qmqp.wait_log(rf" {queue_id}: to=<bob@example.test>.*status=sent")
    assert "\n\n blank\n" in qmqp.mailbox("bob")


def test_an_empty_recipient_is_somebody(qmqp: Mta) -> None:
    """See empty_address_recipient."""
    assert ask(request(b"\n", b"a@example.org", b"")).startswith("KOk: queued as ")


def test_return_path_per_recipient(qmqp: Mta) -> None:
    queue_id = ask(request(b"\n", b"list-1-@example.org-@[]", b"bob@example.test")).split()[-1]
    qmqp.wait_log(rf" {queue_id}: to=<bob@example.test>.*status=sent")
    assert "Return-Path: <list-1-bob=example.test@example.org>" in qmqp.mailbox("bob")


@pytest.mark.parametrize("data, answer", [
    (request(b"\n", b"listx@example.org-@[]", b"bob"), 'DError: Invalid VERP delimiters: "x=". Need two characters from "-=+"'),
    (request(b"\n", b"a@example.org"), "DError: no recipients specified"),
    (request(b"\n", b"a@example.org", b"bob\nbob"), "DError: line end in a recipient address"),
    (request(b"x" * 100001, b"a@example.org", b"bob"), "Dnetstring length exceeds storage limit while receiving message content"),
    (request(b"Received: x\n" * 51, b"a@example.org", b"bob"), "Dtoo many hops"),
    (request(b"\n", b"a@" + b"x" * 3000, b"bob"), "Dnetstring length exceeds storage limit while receiving sender address"),
    (b"GET / HTTP/1.0\r\n\r\n", "Dnetstring format error while receiving QMQP packet header"),
    (b"99999999999999999:", "Dnetstring format error while receiving QMQP packet header"),
    (netstring(), "Dnetstring format error while receiving message content"),
    (netstring(netstring(b"\n")), "Dnetstring format error while receiving sender address"),
    (request(b"\n", b"a@example.org", b"bob")[:-1] + b";", "Dnetstring format error while receiving recipient address"),
    (b"10:5:hel", ""),
], ids=range(12))
def test_refusals(qmqp: Mta, data: bytes, answer: str) -> None:
    assert ask(data) == answer


def test_silence_and_queue_files(make_mta: Callable[..., Mta]) -> None:
    """A client that falls silent in the middle leaves nothing in the queue."""
    mta = make_mta({**MAIN, "qmqpd_timeout": "1s"}, services(OTHER_PORT)).start()
    with socket.create_connection(("127.0.0.1", OTHER_PORT), 10) as sock:
        sock.sendall(request(b"\n", b"a@example.org", b"bob")[:-5])
        assert sock.recv(100) == b""
    mta.wait_log(r"timeout while receiving recipients from localhost\[127\.0\.0\.1\]$")
    assert not [path for path in (mta.queue / "incoming").rglob("*") if path.is_file()]


def test_only_authorized_clients(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({**MAIN, "qmqpd_authorized_clients": "!127.0.0.1, 127.0.0.0/8", "soft_bounce": "yes"},
                   services(OTHER_PORT)).start()
    answer = ask(request(b"\n", b"a@example.org", b"bob"), OTHER_PORT)
    assert answer == "ZError: localhost[127.0.0.1] is not authorized to use this service"
    mta.wait_log(r"reject: CONNECT from localhost\[127\.0\.0\.1\]: Error: .* not authorized")
