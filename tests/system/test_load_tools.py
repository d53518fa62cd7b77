"""smtp-source, smtp-sink, qmqp-source, qmqp-sink: against each other and against our servers."""
import re
import smtplib
import socket
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from mta import ROOT, Mta, free_port, poll


class Sink:
    """A server that swallows mail, at a port or a socket of its own."""

    def __init__(self, program: str, *options: str, at: str = "") -> None:
        self.port = free_port()
        self.at = at or f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen([ROOT / "usr/sbin" / program, *options, self.at, "100"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        poll(self._listens, 10, program)

    def _listens(self) -> bool:
        if self.at.startswith("unix:"):
            return Path(self.at[5:]).is_socket()
        with socket.socket(socket.AF_INET6 if "[" in self.at else socket.AF_INET) as sock:
            return sock.connect_ex(("::1" if "[" in self.at else "127.0.0.1", int(self.at.rpartition(":")[2]))) == 0

    def end(self) -> str:
        """Wait for it to end by itself; what it wrote."""
        return self.process.communicate(timeout=10)[0]

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *ignored: object) -> None:
        self.process.kill()
        self.process.communicate()


def run(program: str, *arguments: str) -> subprocess.CompletedProcess:
    """A load generator, to its end."""
    return subprocess.run([ROOT / "usr/sbin" / program, *arguments], text=True, capture_output=True, timeout=20)


@pytest.mark.parametrize("options", [
    (), ("-d",), ("-o",), ("-L",), ("-d", "-l", "100000"), ("-N", "-r", "3"), ("-4", "-T", "20000"), ("-S", "x", "-C", "3"),
], ids=lambda options: "".join(options))
def test_many_sessions(options: tuple[str, ...]) -> None:
    """Twenty messages in four sessions; the sink counts them and ends."""
    with Sink("smtp-sink", "-c", "-M", "20", *[each for each in options if each == "-L"]) as sink:
        result = run("smtp-source", "-c", "-s", "4", "-m", "20", *options, sink.at)
        assert result.returncode == 0 and "\r20\r" in "\r" + result.stdout.replace("\n", "\r"), result
        assert "mesg=20" in sink.end()


@pytest.mark.parametrize("program", ["smtp", "qmqp"])
def test_over_a_socket_and_ipv6(program: str, tmp_path: Path) -> None:
    for at in (f"unix:{tmp_path}/s", f"[::1]:{free_port()}"):
        with Sink(f"{program}-sink", at=at) as sink:
            result = run(f"{program}-source", "-s", "2", "-m", "5", "-r", "2", sink.at)
            assert result.returncode == 0, result


def test_waits() -> None:
    with Sink("smtp-sink", "-W", "mail:1", "-w", "1") as sink:
        assert run("smtp-source", "-m", "2", "-s", "2", sink.at).returncode == 0


@pytest.mark.parametrize("sink_option, command, code", [
    ("-f", "mail", "500 5.3.0"), ("-r", "rcpt", "450 4.3.0"), ("-f", ".", "500 5.3.0"), ("-f", "connect", "500 5.3.0"),
    ("-Q", "data", "421 4.0.0"), ("-q", "rcpt", "closed"),
])
def test_misbehaviour(sink_option: str, command: str, code: str) -> None:
    with Sink("smtp-sink", sink_option, command) as sink:
        result = run("smtp-source", sink.at)
        assert result.returncode == 1 and code in result.stderr, result


def test_going_on_after_refusals() -> None:
    with Sink("smtp-sink", "-r", "rcpt") as sink:
        result = run("smtp-source", "-A", "-d", "-m", "3", sink.at)
        assert result.returncode == 0 and result.stderr.count("RCPT: the server says: 450") == 3, result


def test_abort_before_the_content() -> None:
    with Sink("smtp-sink", "-A", "0") as sink:
        result = run("smtp-source", "-l", "10", sink.at)
        assert result.returncode == 1 and "550 5.0.0" in result.stderr


def test_nobody_listens() -> None:
    result = run("smtp-source", f"127.0.0.1:{free_port()}")
    assert result.returncode == 1 and "Connection refused" in result.stderr
    assert run("qmqp-source", "unix:/nonexistent").returncode == 1


@pytest.mark.parametrize("program, arguments", [
    ("smtp-source", ()), ("smtp-source", ("-m", "x", "h")), ("smtp-sink", ("x",)), ("smtp-sink", ("-f", "bad", "x", "1")),
    ("smtp-sink", ("-W", "mail", "x", "1")), ("qmqp-sink", ("-z",)), ("qmqp-source", ("-m", "0", "x")),
])
def test_bad_options(program: str, arguments: tuple[str, ...]) -> None:
    result = run(program, *arguments)
    assert result.returncode == 1 and "fatal: " in result.stderr


@pytest.fixture(name="talk")
def _talk() -> Iterator[smtplib.SMTP]:
    with Sink("smtp-sink", "-h", "sink.test") as sink, smtplib.SMTP("127.0.0.1", sink.port) as client:
        yield client


def test_what_is_announced(talk: smtplib.SMTP) -> None:
    talk.ehlo("me")
    assert {"pipelining", "8bitmime", "auth", "xclient", "xforward", "enhancedstatuscodes", "dsn"} <= set(talk.esmtp_features)


def test_order_of_commands(talk: smtplib.SMTP) -> None:
    assert talk.docmd("rcpt to:<a@b>")[0] == 503
    assert talk.docmd("data")[0] == 503
    assert talk.docmd("what")[0] == 500
    assert talk.docmd("mail from:<>") == (250, b"2.1.0 Ok")
    assert talk.docmd("mail from:<>")[0] == 503
    assert talk.docmd("lhlo x")[0] == 500


def test_less_is_announced() -> None:
    with Sink("smtp-sink", "-8aCEFNp") as sink, smtplib.SMTP("127.0.0.1", sink.port) as client:
        client.ehlo("me")
        assert set(client.esmtp_features) == {"help"}
        assert client.docmd("mail from:<>") == (250, b"Ok")
    with Sink("smtp-sink", "-P") as sink, smtplib.SMTP("127.0.0.1", sink.port) as client:
        assert client.docmd("ehlo me")[0] == 500


def test_dump(tmp_path: Path) -> None:
    for option, template in (("-d", f"{tmp_path}/one/%Y."), ("-D", f"{tmp_path}/all/box")):
        with Sink("smtp-sink", option, template, "-S", "start", "-M", "2") as sink:
            for i in range(2):
                with smtplib.SMTP("127.0.0.1", sink.port) as client:
                    client.sendmail("a@example.org", ["b@example.org", "c@example.org"], f"Subject: {i}\n\n.dot\n")
            sink.end()
    files = list((tmp_path / "one").iterdir())
    assert len(files) == 2 and re.fullmatch(r"\d{4}\.[0-9a-f]{8}", files[0].name)
    text = files[0].read_text()
    assert re.match(r"start\nX-Client-Addr: 127\.0\.0\.1\nX-Client-Proto: ESMTP\nX-Helo-Args: .*\nX-Mail-Args: "
                    r"[Ff][Rr].*<a@example.org>.*\nX-Rcpt-Args: .*<b@example.org>\nX-Rcpt-Args: .*<c@example.org>\n"
                    r"Received: from .*\n\tby .*\n\t.*\nSubject: \d\n\n\.dot\n\n$", text), text
    assert (tmp_path / "all/box").read_text().count("start\n") == 2


def test_a_silent_client_is_dropped() -> None:
    with Sink("smtp-sink", "-t", "1") as sink, socket.create_connection(("127.0.0.1", sink.port), 10) as sock:
        assert sock.recv(1000).startswith(b"220 ") and sock.recv(1000) == b""


def test_no_more_than_allowed() -> None:
    """The second client is greeted when the first one left."""
    with Sink("smtp-sink", "-m", "1", "-n", "3") as sink:
        first = socket.create_connection(("127.0.0.1", sink.port), 10)
        assert first.recv(1000)
        second = socket.create_connection(("127.0.0.1", sink.port), 10)
        second.settimeout(0.3)
        with pytest.raises(TimeoutError):
            second.recv(1000)
        first.close()
        second.settimeout(10)
        assert second.recv(1000)
        second.close()
        sink.end()


def test_against_our_servers(mta: Mta) -> None:
    result = run("smtp-source", "-s", "3", "-m", "6", "-d", "-f", "load@example.org", "-t", "alice@example.test",
                 f"127.0.0.1:{mta.port}")
    assert result.returncode == 0, result
    poll(lambda: mta.mailbox("alice").count("From load@example.org ") == 6, 20, "six messages")


def test_qmqp_sink_ends_in_time() -> None:
    with Sink("qmqp-sink", "-x", "1", "-c") as sink:
        assert run("qmqp-source", sink.at).returncode == 0
        assert "mesg=1" in sink.end()
