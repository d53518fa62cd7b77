"""The SMTP client against servers with tiny windows, endless lines, several hosts and logins that lead nowhere."""
import contextlib
import re
import select
import socket
import threading
from pathlib import Path
from typing import BinaryIO, Callable, Iterator

import pytest

from hosts import Zone
from mta import PRIVILEGED, Mta, free_port, poll
from test_smtp import Server

MakeMta = Callable[..., Mta]
Session = Callable[[socket.socket, BinaryIO], None]
SCACHE = "- - n - 1 scache"
GREETING, EHLO = b"220 server.test ESMTP\r\n", b"250-server.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Scripted:
    """A server whose sessions are a function; how many there were."""

    def __init__(self, listener: socket.socket, session: Session) -> None:
        self.listener, self.session, self.sessions = listener, session, 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        """Session after session, each in a thread."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.sessions += 1
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        """Until one side has enough."""
        with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
            self.session(client, lines)


@pytest.fixture(name="serve")
def _serve() -> Iterator[Callable[..., str]]:
    """A maker of scripted servers: the next hop; the server itself is its attribute."""
    made: list[socket.socket] = []

    def make(session: Session, window: int = 0) -> tuple[str, Scripted]:
        listener = socket.create_server(("127.0.0.1", 0))
        made.append(listener)
        if window > 0:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, window)
        return f"[127.0.0.1]:{listener.getsockname()[1]}", Scripted(listener, session)
    yield make
    for each in made:
        each.close()


def start(make_mta: MakeMta, nexthop: str, **main: str) -> Mta:
    """An instance that sends all mail there."""
    return make_mta({"default_transport": f"smtp:{nexthop}", **main}).start()


def outcome(mta: Mta, *to: str, seconds: float = 20) -> list[str]:
    """What became of a new message's recipients."""
    queue_id = mta.send("", *to)
    lines = [mta.wait_log(rf" {queue_id}: to=<{re.escape(each)}>, .*status=(\w+)", seconds) for each in to]
    return [line[1] for line in lines]


def until_data(client: socket.socket, lines: BinaryIO) -> bool:
    """The dialogue up to the end of the content."""
    client.sendall(GREETING)
    for line in lines:
        verb = line[:4].upper()
        client.sendall(EHLO if verb == b"EHLO" else b"354 go on\r\n" if verb == b"DATA" else b"250 2.0.0 ok\r\n")
        if verb == b"DATA":
            return any(text == b".\r\n" for text in iter(lines.readline, b""))
    return False


@pytest.mark.parametrize("answer_to_quit", [b"221 bye\r\n", b"554 5.0.0 never heard of it\r\n", b""])
def test_the_reply_to_the_dot_alone_decides_QM10(make_mta: MakeMta, serve: Callable[..., tuple[str, Scripted]],
                                                 answer_to_quit: bytes) -> None:
    early: list[bool] = []

    def session(client: socket.socket, lines: BinaryIO) -> None:
        if until_data(client, lines):
            early.append(bool(select.select([client], [], [], 0.3)[0]))
            client.sendall(b"250 2.0.0 taken\r\n")
            lines.readline()
            client.sendall(answer_to_quit)
    nexthop, _ = serve(session)
    mta = start(make_mta, nexthop)
    assert outcome(mta, "x@a.test") == ["sent"]
    poll(lambda: not mta.children("smtp") or early, 5)
    assert early == [False], "something was said before the reply to the dot"


def test_many_recipients_in_a_tiny_window_QM11(make_mta: MakeMta, serve: Callable[..., tuple[str, Scripted]]) -> None:
    """The server answers at length, and reads nothing while its answers do not go out."""
    def session(client: socket.socket, lines: BinaryIO) -> None:
        client.sendall(GREETING)
        for line in lines:
            verb = line[:4].upper()
            if verb == b"DATA":
                client.sendall(b"354 go on\r\n")
                any(text == b".\r\n" for text in iter(lines.readline, b""))
            client.sendall(EHLO if verb == b"EHLO" else b"250 2.1.5 " + b"x" * 490 + b"\r\n")
    nexthop, server = serve(session, 2048)
    mta = start(make_mta, nexthop, smtp_destination_recipient_limit="1000", smtpd_recipient_limit="1000")
    to = [f"recipient-number-{i}@a.test" for i in range(400)]
    assert outcome(mta, *to) == ["sent"] * len(to)
    assert server.sessions == 1


@pytest.mark.parametrize("length, outcome_wanted", [(3000, "sent"), (1 << 40, "deferred")], ids=["long", "endless"])
def test_reply_lines_have_an_end_QM12(make_mta: MakeMta, serve: Callable[..., tuple[str, Scripted]], length: int,
                                      outcome_wanted: str) -> None:
    given = [0]

    def session(client: socket.socket, lines: BinaryIO) -> None:
        client.sendall(b"220 ")
        while given[0] < length:
            given[0] += client.send(b"x" * min(65536, length - given[0]))
        client.sendall(b"\r\n")
        lines.readline()
        client.sendall(EHLO)
        for line in lines:
            client.sendall(b"354 go on\r\n" if line[:4] == b"DATA" else b"250 2.0.0 ok\r\n")
            if line[:4] == b"DATA":
                any(text == b".\r\n" for text in iter(lines.readline, b""))
                client.sendall(b"250 2.0.0 taken\r\n")
    nexthop, _ = serve(session)
    assert outcome(start(make_mta, nexthop), "x@a.test") == [outcome_wanted]
    assert given[0] < 8 << 20, "the line was read on and on"


def test_after_a_strange_reply_a_session_is_not_used_again_QM6(make_mta: MakeMta) -> None:
    host = Server("8BITMIME", RCPT="abc")
    mta = make_mta({"default_transport": f"smtp:{host.nexthop}", "smtp_connection_cache_destinations": "static:all",
                    "minimal_backoff_time": "1s"}, {"smtp/unix": "- - n - 1 smtp", "scache/unix": SCACHE}).start()
    assert outcome(mta, "x@a.test") == ["deferred"]
    del host.replies["RCPT"]
    mta.run("postqueue", "-f", check=True)
    mta.wait_log(r"to=<x@a\.test>.*status=sent")
    assert [sum(line.startswith("MAIL") for line in lines) for lines in host.sessions] == [1, 1]


def test_idle_sessions_with_a_local_socket_are_found_again_QM6(make_mta: MakeMta, tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    for each in (tmp_path, *tmp_path.parents):
        each.chmod(each.stat().st_mode | 0o055)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen()

    def session(client: socket.socket, lines: BinaryIO) -> None:
        client.sendall(b"220 server.test LMTP\r\n")
        for line in lines:
            verb = line[:4].upper()
            client.sendall(EHLO if verb == b"LHLO" else b"354 go on\r\n" if verb == b"DATA" else b"250 2.0.0 ok\r\n")
            if verb == b"DATA":
                any(text == b".\r\n" for text in iter(lines.readline, b""))
                client.sendall(b"250 2.0.0 taken\r\n")
    server = Scripted(listener, session)
    mta = make_mta({"default_transport": f"lmtp:unix:{path}", "lmtp_connection_cache_destinations": "static:all"},
                   {"lmtp/unix": "- - n - 1 lmtp", "scache/unix": SCACHE}).start()
    assert [outcome(mta, "x@a.test") for _ in range(3)] == [["sent"]] * 3
    assert server.sessions == 1
    listener.close()


# -- several hosts -------------------------------------------------------------------------------------------------------


@pytest.fixture(name="zone")
def _zone() -> Iterator[Zone]:
    server = Zone({})
    yield server
    server.close()


needs_port_53 = pytest.mark.skipif(not PRIVILEGED, reason="needs a name server")


@needs_port_53
@pytest.mark.parametrize("limit", ["5", "2", "0"])
def test_hosts_of_one_family_do_not_hide_the_other_QM8(make_mta: MakeMta, zone: Zone, limit: str) -> None:
    """Five addresses that lead nowhere, and one that works; 0 is no limit."""
    host = Server()
    port = host.nexthop.rpartition(":")[2]
    zone.records.update({("six.test", "MX"): ["10 mx.six.test"], ("mx.six.test", "AAAA"): [f"fd99::{i}" for i in range(1, 6)],
                         ("mx.six.test", "A"): ["127.0.0.1"]})
    mta = make_mta({"default_transport": f"smtp:six.test:{port}", "inet_protocols": "all", "smtp_mx_address_limit": limit,
                    "smtp_mx_session_limit": limit, "smtp_address_preference": "ipv6", "smtp_connect_timeout": "2s"}).start()
    assert outcome(mta, "x@a.test") == ["sent"]


def two_hosts(zone: Zone, first: Server, second: Server) -> str:
    """A next hop with two mail exchangers that listen on one port."""
    port = free_port()
    for each, address in ((first, "127.0.0.11"), (second, "127.0.0.12")):
        each.listener.close()
        each.listener = socket.create_server((address, port))
        threading.Thread(target=each.accept, daemon=True).start()
    zone.records.update({("two.test", "MX"): ["10 one.two.test", "20 other.two.test"], ("one.two.test", "A"): ["127.0.0.11"],
                         ("other.two.test", "A"): ["127.0.0.12"]})
    return f"two.test:{port}"


@needs_port_53
def test_mail_in_utf8_finds_the_host_that_takes_it_QM14(make_mta: MakeMta, zone: Zone) -> None:
    first, second = Server("8BITMIME"), Server("8BITMIME SMTPUTF8")
    mta = start(make_mta, two_hosts(zone, first, second))
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("", ["SMTPUTF8"])
        session.docmd("RCPT", "TO:<x@a.test>")
        session.data("Subject: gr\u00fcn\r\n\r\nbody\r\n".encode())
    mta.wait_log(r"to=<x@a\.test>.*status=sent")
    assert second.sessions and not any(line.startswith("MAIL") for lines in first.sessions for line in lines)


@needs_port_53
def test_mail_in_utf8_returns_when_no_host_takes_it_QM14(make_mta: MakeMta, zone: Zone) -> None:
    first, second = Server("8BITMIME"), Server("8BITMIME")
    mta = start(make_mta, two_hosts(zone, first, second))
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("", ["SMTPUTF8"])
        session.docmd("RCPT", "TO:<x@a.test>")
        session.data("Subject: gr\u00fcn\r\n\r\nbody\r\n".encode())
    mta.wait_log(r"to=<x@a\.test>.*dsn=5\.6\.7, status=bounced")
    assert first.sessions and second.sessions


@needs_port_53
def test_a_failure_that_is_soft_tries_the_next_host_QM7(make_mta: MakeMta, zone: Zone) -> None:
    first, second = Server("8BITMIME", RCPT="550 5.1.1 no"), Server("8BITMIME")
    mta = start(make_mta, two_hosts(zone, first, second), soft_bounce="yes")
    assert outcome(mta, "x@a.test") == ["sent"]


# -- logins --------------------------------------------------------------------------------------------------------------


def logins(make_mta: MakeMta, host: Server, **main: str) -> Mta:
    """An instance that logs in there."""
    return start(make_mta, host.nexthop, smtp_sasl_auth_enable="yes", smtp_sasl_security_options="",
                 smtp_sasl_password_maps="static:joe:secret", **main)


@pytest.mark.parametrize("soft, wanted", [("yes", "deferred"), ("no", "bounced")])
def test_a_wrong_password_is_no_reason_to_return_mail_SA9(make_mta: MakeMta, soft: str, wanted: str) -> None:
    host = Server("8BITMIME AUTH=PLAIN", AUTH="535 5.7.8 wrong")
    mta = logins(make_mta, host, smtp_sasl_auth_soft_bounce=soft)
    assert outcome(mta, "x@a.test") == [wanted]
    assert not any(line.startswith("MAIL") for lines in host.sessions for line in lines)


def test_a_server_that_asks_on_and_on_SA10(make_mta: MakeMta) -> None:
    host = Server("8BITMIME AUTH=LOGIN")
    host.answer = lambda verb, answer=host.answer: answer(verb) if verb in ("EHLO", "QUIT") else "334 VXNlcm5hbWU6"
    mta = logins(make_mta, host)
    assert outcome(mta, "x@a.test") == ["deferred"]
    assert 1 < sum(len(lines) for lines in host.sessions) < 50
