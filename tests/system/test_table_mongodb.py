"""mongodb tables, whose server is played here: Debian has the library, but no server. It keeps one document."""
import socketserver
import struct
import threading
from typing import Any, Iterator, Optional

import pytest

from conftest import new_mta
from mta import ROOT, Mta

DOCUMENT = {"_id": 7, "name": "u", "value": ["one", "two"], "more": {"deep": "three"}, "flag": True}
HELLO = {"ismaster": True, "helloOk": True, "maxBsonObjectSize": 1 << 24, "maxMessageSizeBytes": 48000000,
         "maxWriteBatchSize": 100000, "minWireVersion": 0, "maxWireVersion": 13, "ok": 1.0}


class Long(int):
    """A number of 64 bits."""


def bson(document: dict[str, Any]) -> bytes:
    """https://bsonspec.org, as far as it is needed here."""
    out = b""
    for name, value in document.items():
        kind, body = element(value)
        out += bytes([kind]) + name.encode() + b"\0" + body
    return struct.pack("<i", len(out) + 5) + out + b"\0"


def element(value: Any) -> tuple[int, bytes]:
    """Type and bytes of one value."""
    if isinstance(value, str):
        return 2, struct.pack("<i", len(value.encode()) + 1) + value.encode() + b"\0"
    if isinstance(value, list):
        return 4, bson({str(n): each for n, each in enumerate(value)})
    if isinstance(value, dict):
        return 3, bson(value)
    if isinstance(value, bool):
        return 8, bytes([value])
    if isinstance(value, float):
        return 1, struct.pack("<d", value)
    return (18, struct.pack("<q", value)) if isinstance(value, Long) else (16, struct.pack("<i", value))


class Handler(socketserver.StreamRequestHandler):
    """OP_QUERY is a greeting, OP_MSG a search: it finds the document when it has the name in it."""
    def handle(self) -> None:
        while len(head := self.rfile.read(16)) == 16:
            length, number, _, kind = struct.unpack("<iiii", head)
            request = self.rfile.read(length - 16)
            self.server.requests.append(request)                        # type: ignore[attr-defined]
            if kind == 2004:
                self.reply(1, number, struct.pack("<iqii", 8, 0, 0, 1) + bson(HELLO))
            else:
                self.reply(2013, number, b"\0\0\0\0\0" + bson(self.answer(request)))

    def reply(self, kind: int, number: int, body: bytes) -> None:
        """One message."""
        self.wfile.write(struct.pack("<iiii", 16 + len(body), 0, number, kind) + body)

    @staticmethod
    def answer(request: bytes) -> dict[str, Any]:
        """To a command."""
        if b"find\0" not in request:
            return {"ok": 1.0}
        if b"broken\0" in request:
            return {"ok": 0.0, "errmsg": "it is broken", "code": 1}
        found = [DOCUMENT] if bson({"name": "u"})[4:-1] in request else []
        return {"cursor": {"id": Long(0), "ns": "mail.users", "firstBatch": found}, "ok": 1.0}


class Server(socketserver.ThreadingTCPServer):
    """On a port of its own."""
    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[bytes] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Server]:
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    mta = new_mta({"shlib_directory": str(ROOT / "usr/lib/postfix")})
    if "mongodb" not in mta.run("postconf", "-m").stdout.split():
        pytest.skip("built without mongodb")
    yield mta
    mta.__exit__()


def find(mta: Mta, server: Server, key: str, settings: str) -> Optional[str]:
    """The value, None, or the text of an error."""
    path = mta.config / "mongodb.cf"
    path.write_text(f"uri = mongodb://127.0.0.1:{server.server_address[1]}\ndbname = mail\ncollection = users\n"
                    f'query_filter = {{"name": "%s"}}\n{settings}\n')
    done = mta.run("postmap", "-q", key, f"mongodb:{path}")
    return done.stdout.rstrip("\n") if done.returncode == 0 else done.stderr or None


@pytest.mark.parametrize("key, settings, value", [
    ("u", "result_attribute = value", "one,two"), ("u", "result_attribute = more.deep, nosuch, _id", "three,7"),
    ("v", "result_attribute = value", None), ("u", 'projection = {"value": 1}', "7,u,one,two,three"),
    ("u", "result_attribute = value\nresult_format = <%s>", "<one>,<two>"), ('"}', "result_attribute = value", None)])
def test_lookup(mta: Mta, server: Server, key: str, settings: str, value: Optional[str]) -> None:
    assert find(mta, server, key, settings) == value


def test_keys_are_quoted(mta: Mta, server: Server) -> None:
    """TB2: what the server gets is one string."""
    key = 'x", "$where": "1\\'
    assert find(mta, server, key, "result_attribute = value") is None
    assert bson({"name": key})[4:-1] in server.requests[-1] or any(bson({"name": key})[4:-1] in r for r in server.requests)


@pytest.mark.parametrize("settings, said", [
    ("collection = broken", "it is broken"), ("uri = mongodb://127.0.0.1:1", "No suitable servers"), ("uri = http://x", "uri"),
    ('query_filter = {"name": "%s"', "query_filter"), ("expansion_limit = 1", "expansion limit"),
    ("projection = {", "projection"), ("projection = {}\nresult_attribute = value", "not together")])
def test_errors_are_not_misses(mta: Mta, server: Server, settings: str, said: str) -> None:
    """TB1"""
    assert said in str(find(mta, server, "u", settings))
