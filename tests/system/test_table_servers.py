"""tcp and socketmap: what is asked of table servers, and what becomes of odd answers."""
import socketserver
import threading
from typing import Callable, Iterator, Union

import pytest

from conftest import new_mta
from mta import Mta

Answer = Callable[[bytes], bytes]


class Server(socketserver.ThreadingTCPServer):
    """Answers each request on any number of connections; `ends` tells where a request ends."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, ends: bytes, answer: Answer) -> None:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            """One connection."""
            def handle(self) -> None:
                outer.connections += 1
                while request := self._request():
                    outer.requests.append(request)
                    if not (reply := answer(request)):
                        return
                    self.wfile.write(reply)

            def _request(self) -> bytes:
                data = b""
                while not data.endswith(ends) and (more := self.rfile.read(1)):
                    data += more
                return data

        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[bytes] = []
        self.connections = 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def name(self, form: str) -> str:
        """The table's name; form has a place for host:port."""
        return form.format(f"127.0.0.1:{self.server_address[1]}")


@pytest.fixture(name="serve")
def _serve() -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(ends: bytes, answer: Union[Answer, bytes]) -> Server:
        made.append(Server(ends, answer if callable(answer) else lambda request: answer))
        return made[-1]
    yield make
    for each in made:
        each.shutdown()
        each.server_close()


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    mta = new_mta({"socketmap_max_reply_size": "20", "socketmap_max_query_size": "30"})
    yield mta
    mta.__exit__()


def query(mta: Mta, key: str, table: str) -> tuple[int, str, str]:
    """Exit status, value and what was said."""
    result = mta.run("postmap", "-q", key, table)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("key,request_line,answer,status,value", [
    ("plain", b"get plain\n", b"200 value\n", 0, "value\n"), ("a b%", b"get a%20b%25\n", b"200 x%20%c3%A4\r\n", 0, "x \u00e4\n"),
    ("UPPER", b"get UPPER\n", b"500 no\n", 1, ""), ("empty", b"get empty\n", b"200 \n", 0, "\n")])
def test_tcp(mta: Mta, serve: Callable[..., Server], key: str, request_line: bytes, answer: bytes, status: int,
             value: str) -> None:
    """TB18: keys go as they are."""
    server = serve(b"\n", answer)
    assert query(mta, key, server.name("tcp:{}"))[:2] == (status, value)
    assert server.requests[0] == request_line


@pytest.mark.parametrize("answer", [b"400 later\n", b"nonsense\n", b"200 bad%zz\n", b"200 nul%00\n", b"200 cut%2\n",
                                    b"999 what\n", b"200 " + b"x" * 5000 + b"\n", b""])
def test_tcp_errors_are_not_misses(mta: Mta, serve: Callable[..., Server], answer: bytes) -> None:
    """TB1"""
    status, value, said = query(mta, "key", serve(b"\n", answer).name("tcp:{}"))
    assert (status, value) == (1, "") and said


def test_lost_connection_is_made_again(mta: Mta, serve: Callable[..., Server]) -> None:
    answers = [b"", b"200 value\n"]
    server = serve(b"\n", lambda request: answers.pop(0))
    assert query(mta, "key", server.name("tcp:{}")) == (0, "value\n", "")
    assert server.connections == 2


@pytest.mark.parametrize("answer,status,value", [
    (b"8:OK value,", 0, "value\n"), (b"9:NOTFOUND ,", 1, ""), (b"13:OK two  words,", 0, "two  words\n")])
def test_socketmap(mta: Mta, serve: Callable[..., Server], answer: bytes, status: int, value: str) -> None:
    server = serve(b",", answer)
    assert query(mta, "the Key", server.name("socketmap:inet:{}:map")) == (status, value, "")
    assert server.requests == [b"11:map the Key,"]


@pytest.mark.parametrize("answer", [b"10:TEMP later,", b"9:PERM late,", b"12:TIMEOUT late,", b"x:OK a,", b":,", b"4:OK a;",
                                    b"99999999999:OK a,", b"21:OK 12345678901234567890,", b"4:HUH?,", b"6:OK a\0b,", b""])
def test_socketmap_errors_are_not_misses(mta: Mta, serve: Callable[..., Server], answer: bytes) -> None:
    """TB1, TB14"""
    once = [answer]
    server = serve(b",", lambda request: once.pop() if once else b"")
    status, value, said = query(mta, "key", server.name("socketmap:inet:{}:map"))
    assert (status, value) == (1, "") and said


@pytest.mark.parametrize("form", ["{}", "debug:{}", "proxy:{}", "pipemap:{{inline:{{{{never@example.test=key}}}}, {}}}",
                                  "unionmap:{{inline:{{a=b}}, {}}}"])
def test_socketmap_refusal_is_a_matter_of_configuration(make_mta: Callable[..., Mta], serve: Callable[..., Server], form: str) -> None:
    """TB1: mail waits all the same."""
    server = serve(b",", lambda request: b"10:TEMP later," if b" later" in request else b"10:PERM never,")
    table = form.format(server.name("socketmap:inet:{}:map"))
    mta = make_mta({"local_recipient_maps": table, "proxy_read_maps": table}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("sender@example.org")
        assert session.rcpt("never@example.test") == (
            451, b"4.3.5 <never@example.test>: Recipient address rejected: Server configuration error")
        if "pipemap" not in form:
            assert session.rcpt("later@example.test") == (451, b"4.3.0 <later@example.test>: Temporary lookup failure")


def test_socketmap_long_key_is_not_asked(mta: Mta, serve: Callable[..., Server]) -> None:
    """TB14"""
    server = serve(b",", b"4:OK a,")
    status, value, said = query(mta, "x" * 40, server.name("socketmap:inet:{}:map"))
    assert (status, value) == (1, "") and "socketmap_max_query_size" in said and not server.requests


@pytest.mark.parametrize("name", ["tcp:nowhere", "socketmap:inet:127.0.0.1:map", "socketmap:hash:x:map", "socketmap:x",
                                  "tcp:127.0.0.1:nosuchport"])
def test_bad_names(mta: Mta, name: str) -> None:
    status, value, said = query(mta, "key", name)
    assert (status, value) == (1, "") and said
