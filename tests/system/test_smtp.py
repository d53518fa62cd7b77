"""The SMTP client against servers that lack things, misbehave, or go away."""
import contextlib
import re
import socket
import threading
from typing import Callable, Iterator, Optional

import pytest

from mta import Mta, poll

MakeMta = Callable[..., Mta]
EIGHT_BIT = ("Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
             "gr\u00fcn = gr\u00fcn\n").replace("\n", "\r\n").encode()


class Server:
    """A next hop; each session is a list of lines it got. replies: verb → reply; None closes instead."""

    def __init__(self, keywords: str = "PIPELINING 8BITMIME DSN", **replies: Optional[str]) -> None:
        self.keywords, self.replies = keywords.split(), replies
        self.sessions: list[list[str]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.nexthop = f"[127.0.0.1]:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        """Sessions, each in a thread."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        """One session."""
        lines: list[str] = []
        self.sessions.append(lines)
        with contextlib.suppress(ConnectionError), client, client.makefile("rb") as incoming:
            client.sendall((self.replies.get("banner") or "220 server.test ESMTP").encode() + b"\r\n")
            while line := incoming.readline():
                lines.append(line.decode(errors="surrogateescape").rstrip("\r\n"))
                reply = self.answer(lines[-1].upper()[:4].strip())
                if reply is None:
                    return
                client.sendall(reply.encode() + b"\r\n")
                if reply.startswith("354"):
                    while (text := incoming.readline()) not in (b".\r\n", b""):
                        lines.append(text.decode(errors="surrogateescape").rstrip("\r\n"))
                    client.sendall(self.replies.get("dot", "250 2.0.0 taken").encode() + b"\r\n")

    def answer(self, verb: str) -> Optional[str]:
        """What to say to a command."""
        if verb in self.replies:
            return self.replies[verb]
        words = ["server.test", *self.keywords]
        standard = {"EHLO": "\r\n".join(f"250{' ' if word is words[-1] else '-'}{word}" for word in words), "DATA": "354 go on"}
        return standard.get(verb, "250 2.0.0 ok")


@pytest.fixture
def server() -> Iterator[Callable[..., Server]]:
    """A maker of servers."""
    made: list[Server] = []

    def make(*args: str, **kwargs: Optional[str]) -> Server:
        made.append(Server(*args, **kwargs))
        return made[-1]
    yield make
    for each in made:
        each.listener.close()


def client(make_mta: MakeMta, **routes: Server) -> Mta:
    """An instance that sends mail for NAME.test to a server; all sessions are kept for a while."""
    table = ", ".join(f"{{{name}.test = smtp:{each.nexthop}}}" for name, each in routes.items())
    return make_mta({"transport_maps": f"inline:{{{table}}}", "smtp_connection_cache_destinations": "static:all",
                     "initial_destination_concurrency": "1",
                     "smtp_generic_maps": "inline:{{joe@inside.test = joe@outside.test}, {bob = bob@outside.test}}"},
                    {"smtp/unix": "- - n - 1 smtp"}).start()


def verdict(mta: Mta, to: str, text: str | bytes = "Subject: x\n\nbody\n",
            sender: str = "") -> str:
    """dsn and status of a message to one recipient."""
    begin = len(mta.log())
    mta.send(sender, to, text=text)
    found = mta.wait_log(rf"to=<{re.escape(to)}>, .*dsn=(\S+), status=(\w+)", since=begin)
    return f"{found[1]} {found[2]}"


def test_eight_bits_are_encoded_for_a_server_of_seven(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server("PIPELINING")
    mta = client(make_mta, a=host)
    assert verdict(mta, "x@a.test", EIGHT_BIT) == "2.0.0 sent"
    assert "Content-Transfer-Encoding: quoted-printable" in host.sessions[0]
    assert "gr=C3=BCn =3D gr=C3=BCn" in host.sessions[0]


def test_checks_add_to_encoding_HM10(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    """… and generic mapping to both; a piece of a long line that is dropped takes no line end with it."""
    host = server("PIPELINING")
    mta = client(make_mta, a=host)
    mta.configure(smtp_header_checks="regexp:{{/^Subject:/ PREPEND X-New: yes}}", smtp_body_checks="regexp:{{/^y/ IGNORE}}")
    mta.reload()
    text = EIGHT_BIT.replace(b"Subject", b"From: joe@inside.test\r\nSubject")
    assert verdict(mta, "x@a.test", text) == "2.0.0 sent"
    got = host.sessions[-1]
    assert {"X-New: yes", "From: joe@outside.test", "Content-Transfer-Encoding: quoted-printable", "gr=C3=BCn =3D gr=C3=BCn"} <= set(got)
    assert verdict(mta, "x@a.test", b"Subject: x\r\n\r\n" + b"x" * 2048 + b"y" * 10 + b"\r\nz\r\n") == "2.0.0 sent"
    assert "z" in host.sessions[-1] and not any("y" * 10 in line for line in host.sessions[-1])


def test_generic_maps_change_headers_and_envelope(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server()
    mta = client(make_mta, a=host)
    assert verdict(mta, "x@a.test", "From: Joe <joe@inside.test>\nX: joe@inside.test\n\nbody\n", "joe@inside.test") == "2.0.0 sent"
    assert any(line.startswith("MAIL FROM:<joe@outside.test>") for line in host.sessions[0])
    assert {"From: Joe <joe@outside.test>", "X: joe@inside.test"} <= set(host.sessions[0])


def test_generic_maps_know_our_own_users_without_a_domain(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server()
    mta = client(make_mta, a=host)
    assert verdict(mta, "x@a.test", "From: bob@elsewhere.test\n\nbody\n", "bob@example.test") == "2.0.0 sent"
    assert any(line.startswith("MAIL FROM:<bob@outside.test>") for line in host.sessions[0])
    assert "From: bob@elsewhere.test" in host.sessions[0]


def test_generic_maps_wait_for_a_list_of_our_domains(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server()
    mta = make_mta({"transport_maps": f"inline:{{a.test=smtp:{host.nexthop}}}", "smtp_generic_maps": "inline:{bob=bob@outside.test}"},
                   {"smtp/unix": "- - n - 1 smtp -o mydestination=fail:down"}).start()
    assert verdict(mta, "x@a.test", sender="bob@example.net") == "4.3.0 deferred"


def test_a_reply_filter_that_fails_defers(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    mta = make_mta({"transport_maps": f"inline:{{a.test=smtp:{server().nexthop}}}", "smtp_reply_filter": "fail:down"}).start()
    assert verdict(mta, "x@a.test") == "4.3.0 deferred" and "local data error while talking to 127.0.0.1" in "".join(mta.log())


def test_kept_session_is_proven_before_it_counts(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server(RSET=None)
    mta = client(make_mta, a=host)
    assert [verdict(mta, "x@a.test") for _ in range(2)] == ["2.0.0 sent"] * 2
    assert [any(line.startswith("DATA") for line in lines) for lines in host.sessions].count(True) >= 2
    assert len(host.sessions) == 2 and "RSET" in host.sessions[0]


def test_session_of_one_host_never_serves_another_QM5(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    hosts = server(), server()
    mta = client(make_mta, a=hosts[0], b=hosts[1])
    for name in "abab":
        assert verdict(mta, f"x@{name}.test") == "2.0.0 sent"
    for name, host in zip("ab", hosts):
        asked = [line for lines in host.sessions for line in lines if line.startswith("RCPT")]
        assert len(asked) == 2 and all(f"@{name}.test" in line for line in asked)


@pytest.mark.parametrize("reply", ["5", "abc", "250-one\r\n550 two", "999 what", "x" * 100000])
def test_malformed_reply_defers_and_ends_the_session_QM13(make_mta: MakeMta, server: Callable[..., Server], reply: str) -> None:
    host = server("8BITMIME", RCPT=reply)
    mta = client(make_mta, a=host)
    assert verdict(mta, "x@a.test").endswith(" deferred")
    assert not any(line.startswith("DATA") for line in host.sessions[0])


def test_success_of_nothing_defers(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    """A server that answers DATA with 250 has got no message."""
    odd = server(DATA="250 2.0.0 Ok: queued as nothing")
    assert verdict(client(make_mta, odd=odd), "x@odd.test") == "4.5.0 deferred"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "dot"])
@pytest.mark.parametrize("reply", ["354 2.0.0 go on", "550 2.1.5 ok", "450 2.1.5 ok", "150 2.0.0 ok", "354 go on"])
def test_no_reply_but_2xx_is_a_success(make_mta: MakeMta, server: Callable[..., Server], verb: str, reply: str) -> None:
    odd = server(keywords="8BITMIME", **{verb: reply})
    assert verdict(client(make_mta, odd=odd), "x@odd.test").split()[1] in ("deferred", "bounced")


@pytest.mark.parametrize("replies, expected", [
    ({"EHLO": "550 5.7.3 no", "HELO": "550 5.7.4 never"}, "5.7.4 bounced"), ({"EHLO": "550 no", "HELO": "550 never"}, "5.0.0 bounced"),
    ({"EHLO": "550 no", "HELO": "450 4.7.4 later"}, "4.7.4 deferred"), ({"EHLO": "550 5.5.1 what"}, "2.0.0 sent"),
    ({"EHLO": "450 4.7.1 not so"}, "2.0.0 sent"), ({"banner": "554 5.7.1 no mail here"}, "4.7.1 deferred")])
def test_who_refuses_to_talk(make_mta: MakeMta, server: Callable[..., Server], replies: dict[str, str], expected: str) -> None:
    """Whoever does not know EHLO is told HELO; what is refused then is refused to us, not by a server that is only busy."""
    mta = client(make_mta, a=server(**replies))
    assert verdict(mta, "x@a.test") == expected


def test_full_mailbox_is_final(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    mta = client(make_mta, a=server(RCPT="552 5.2.2 full"))
    assert verdict(mta, "x@a.test") == "5.2.2 bounced"


def test_lost_connection_suspends_the_destination(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server("8BITMIME", MAIL=None)
    mta = client(make_mta, a=host)
    assert verdict(mta, "x@a.test") == "4.4.2 deferred"
    mta.send("", "y@a.test")
    mta.wait_log(r"to=<y@a.test>.*delivery temporarily suspended: lost connection with")
    poll(lambda: len(host.sessions) == 1, 1, "no second session")


@pytest.mark.parametrize("settings, waits", [
    ({"smtp_tls_security_level": "encrypt"}, True), ({"smtp_tls_security_level": "may"}, False),
    ({"smtp_tls_policy_maps": "inline:{{HOP=secure}}"}, True), ({"smtp_tls_policy_maps": "inline:{{.else.test=secure}}"}, False),
    ({"smtp_tls_security_level": "encrypt", "smtp_tls_policy_maps": "inline:{{HOP=may}}"}, False),
    ({"smtp_tls_per_site": "inline:{{HOP=MUST}}"}, True), ({"smtp_tls_per_site": "inline:{{HOP=MAY}}"}, False),
    ({"smtp_tls_policy_maps": "fail:down"}, True)])
def test_what_needs_tls_is_not_sent_in_clear(make_mta: MakeMta, server: Callable[..., Server], settings: dict[str, str],
                                             waits: bool) -> None:
    there = server()
    mta = make_mta({"relayhost": there.nexthop, "default_transport": "smtp",
                    **{name: value.replace("HOP", there.nexthop) for name, value in settings.items()}}).start()
    queue_id = mta.send("a@example.test", "b@far.test")
    line = mta.wait_log(rf"smtp\[\d+\]: {queue_id}: to=<b@far\.test>.*").group(0)
    assert re.search(r"dsn=4\.7\.[45], status=deferred" if waits else "status=sent", line), line
    assert bool(there.sessions) != waits


def test_tls_policy_of_a_parent_domain(make_mta: MakeMta) -> None:
    mta = make_mta({"default_transport": "smtp", "smtp_tls_policy_maps": "inline:{{.far.test=encrypt}}"}).start()
    queue_id = mta.send("a@example.test", "b@sub.far.test")
    mta.wait_log(rf"{queue_id}: to=<b@sub\.far\.test>.*dsn=4\.7\.4, status=deferred")


@pytest.mark.parametrize("setting", [{"smtp_dns_support_level": "disabled"}, {"disable_dns_lookups": "yes"}])
def test_without_dns_the_system_names_hosts(make_mta: MakeMta, server: Callable[..., Server], setting: dict[str, str]) -> None:
    """… and a port of our own choice is no loop."""
    host = server()
    mta = client(make_mta, a=host)
    mta.configure(default_transport=f"smtp:localhost:{host.nexthop.rpartition(':')[2]}", **setting)
    mta.reload()
    assert verdict(mta, "x@b.test") == "2.0.0 sent"


def test_ports_have_the_names_that_main_cf_gives_them(make_mta: MakeMta, server: Callable[..., Server]) -> None:
    host = server()
    mta = client(make_mta, a=host)
    mta.configure(known_tcp_ports=f"filter=10025, mill={host.nexthop.rpartition(':')[2]}", default_transport="smtp:[127.0.0.1]:mill")
    mta.reload()
    assert verdict(mta, "x@b.test") == "2.0.0 sent"
