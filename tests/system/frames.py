"""The client side of our own protocols (doc/ipc.md): enough to ask a service one thing after another."""
import socket
import struct
from pathlib import Path
from typing import Union

HELLO, READY, RETIRE = 1, 2, 3
Value = Union[int, str, bytes]


def attribute(tag: int, value: Value) -> bytes:
    """One attribute; numbers in as few bytes as they need."""
    if isinstance(value, int):
        data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "little")
    else:
        data = value if isinstance(value, bytes) else value.encode()
    return bytes([tag]) + len(data).to_bytes(3, "little") + data


def frame(kind: int, attributes: dict[int, Value], more: bool = False) -> bytes:
    """A whole frame, without those attributes that are empty or zero; more: the run goes on."""
    body = bytes([kind, int(more)]) + b"".join(attribute(tag, value) for tag, value in attributes.items() if value)
    return struct.pack("<I", len(body)) + body


class Client:
    """A connection to a service, greeted."""

    def __init__(self, path: Path) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(path))
        assert self.read()[0] == HELLO and self.read()[0] == READY

    def read(self) -> tuple[int, dict[int, bytes]]:
        """The next frame: its type and attributes."""
        body = self._exactly(struct.unpack("<I", self._exactly(4))[0])
        attributes, at = {}, 2
        while at < len(body):
            size = int.from_bytes(body[at + 1:at + 4], "little")
            attributes[body[at]] = body[at + 4:at + 4 + size]
            at += 4 + size
        return body[0], attributes

    def ask(self, kind: int, **attributes: Value) -> dict[int, bytes]:
        """One question (attributes as _1="text") and its answer; READY is taken, too."""
        self.sock.sendall(frame(kind, {int(name[1:]): value for name, value in attributes.items()}))
        while (answer := self.read())[0] == RETIRE:
            pass        # crossed our question, which is answered all the same
        assert self.read()[0] in (READY, RETIRE)
        return answer[1]

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            assert more, "the service hung up"
            data += more
        return data

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *ignored: object) -> None:
        self.sock.close()
