"""A mail server that accepts everything and keeps it in files: the next hop of the demo."""
import itertools
import socketserver
from pathlib import Path


class _Session(socketserver.StreamRequestHandler):
    """One client."""

    def handle(self) -> None:
        """Say yes to every command until the end."""
        self._say("220 sink.example.net ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 Go ahead")
                self._keep()
            self._say("221 Bye" if verb == b"QUIT" else "250 OK")
            if verb == b"QUIT":
                return

    def _say(self, reply: str) -> None:
        self.wfile.write(reply.encode() + b"\r\n")

    def _keep(self) -> None:
        """Content up to the lone dot, without the dots that were added to lines that begin with one."""
        lines = itertools.takewhile(lambda line: line != b".\r\n", self.rfile)
        text = b"".join(line.removeprefix(b".").replace(b"\r\n", b"\n") for line in lines)
        (self.server.folder / f"message-{next(self.server.numbers)}").write_bytes(text)


class Sink(socketserver.ThreadingTCPServer):
    """Listens on loopback; messages become files of a folder."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, folder: Path) -> None:
        self.folder, self.numbers = folder, itertools.count(1)
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(("127.0.0.1", port), _Session)
