"""More than one host: a network namespace beside ours, and a name server that both sides' tests fill."""
import socket
import struct
import subprocess
import threading

TYPES = {"A": 1, "MX": 15, "AAAA": 28}
NEAR, FAR = ("10.77.0.1", "fd77::1"), ("10.77.0.2", "fd77::2")


def wire_name(name: str) -> bytes:
    """A domain name as DNS writes it."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def wire_data(kind: str, value: str) -> bytes:
    """The data of a record; "10 host" for MX."""
    if kind == "MX":
        preference, host = value.split()
        return struct.pack("!H", int(preference)) + wire_name(host)
    return socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, value)


class Zone:
    """A name server on 127.0.0.53 that knows (name, type) → values, and nothing else."""

    def __init__(self, records: dict[tuple[str, str], list[str]]) -> None:
        self.records = records
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.53", 53))
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        """Answer until closed."""
        while True:
            try:
                query, client = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            except OSError:
                return
            self.socket.sendto(self.answer(query), client)

    def answer(self, query: bytes) -> bytes:
        """The answer to one question; a name that is not there does not exist."""
        labels, at = [], 12
        while size := query[at]:
            labels.append(query[at + 1:at + 1 + size].decode())
            at += 1 + size
        question, name = query[12:at + 5], ".".join(labels).lower()
        kind = {number: text for text, number in TYPES.items()}.get(struct.unpack("!H", query[at + 1:at + 3])[0], "?")
        values = self.records.get((name, kind), [])
        known = any(each == name for each, _ in self.records)
        header = query[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, len(values), 0, 0)
        answers = b""
        for value in values:
            data = wire_data(kind, value)
            answers += b"\xc0\x0c" + struct.pack("!HHIH", TYPES[kind], 1, 60, len(data)) + data
        return header + question + answers

    def close(self) -> None:
        """Be silent from now on; the address is free for the next one."""
        self.socket.close()
        self.thread.join(5)


class FarHost:
    """A network namespace, joined to ours by a wire: NEAR is our end, FAR is its."""

    def __init__(self, name: str = "far") -> None:
        self.name = name
        self.ip("netns", "add", name)
        self.ip("link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", name)
        for prefix, device, addresses in (([], "near0", NEAR), (["-n", name], "far0", FAR)):
            self.ip(*prefix, "address", "add", f"{addresses[0]}/24", "dev", device)
            self.ip(*prefix, "-6", "address", "add", f"{addresses[1]}/64", "dev", device, "nodad")
            self.ip(*prefix, "link", "set", device, "up")
        self.ip("-n", name, "link", "set", "lo", "up")
        self.prefix = ["ip", "netns", "exec", name]

    @staticmethod
    def ip(*arguments: str) -> None:
        """Run ip(8)."""
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def close(self) -> None:
        """Cut the wire, and forget the host."""
        self.ip("netns", "delete", self.name)
