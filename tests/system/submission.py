"""Submissions as postdrop reads them, record by record."""


def record(kind: str, data: bytes | str) -> bytes:
    """One record of a queue file."""
    data = data.encode() if isinstance(data, str) else data
    length, out = len(data), b""
    while True:
        out += bytes([length & 127 | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return kind.encode() + out + data


def message(*envelope: bytes, content: bytes = record("N", "Subject: x") + record("N", "") + record("N", "body")) -> bytes:
    """What sendmail gives to postdrop."""
    return b"".join(envelope) + record("M", "") + content + record("X", "") + record("E", "")


SENDER, RECIPIENT = record("S", "alice@example.test"), record("R", "bob@example.test")
