"""Queue files made by hand, record by record (doc/queue-file.md)."""
import os
import pwd
import time
from pathlib import Path
from typing import Iterable

from mta import PRIVILEGED, Mta

Record = tuple[str, bytes]


def encode(records: Iterable[Record]) -> bytes:
    """Records as they stand in a file."""
    out = bytearray()
    for kind, data in records:
        out += kind.encode("latin-1")
        length = len(data)
        while length > 127:
            out.append(length & 127 | 128)
            length >>= 7
        out.append(length)
        out += data
    return bytes(out)


def size_record(*numbers: int) -> Record:
    """The first record."""
    return "C", b" ".join(b"%15d" % number for number in numbers)


def parts(recipient: str, marker: str) -> tuple[list[Record], list[Record]]:
    """Envelope (without the size record) and content of a good message."""
    now = int(time.time())
    envelope = [("T", b"%d 123456" % now), ("A", b"create_time=%d" % now), ("A", b"rewrite_context=local"),
                ("S", b"alice@example.test"), ("A", b"dsn_orig_rcpt=rfc822;%s" % recipient.encode()),
                ("O", recipient.encode()), ("R", recipient.encode())]
    content = [("N", b"Subject: %s" % marker.encode()), ("N", b""), ("N", marker.encode())]
    return envelope, content


def good(recipient: str, marker: str) -> bytes:
    """A whole file."""
    envelope, content = parts(recipient, marker)
    offset = len(encode([size_record(*[0] * 6), *envelope, ("M", b"")]))
    size = len(encode(content))
    return encode([size_record(size, offset, 1, 0, size, 0), *envelope, ("M", b""), *content, ("X", b""), ("E", b"")])


def own(path: Path, mode: int = 0o700) -> None:
    """Give it to the mail system."""
    if PRIVILEGED:
        owner = pwd.getpwnam("postfix")
        os.chown(path, owner.pw_uid, owner.pw_gid)
    path.chmod(mode)


def put(mta: Mta, queue: str, data: bytes, mode: int = 0o700) -> str:
    """A file in a queue, named as it must be; its id."""
    temporary = mta.queue / queue / "new.file"
    temporary.write_bytes(data)
    queue_id = f"{time.time_ns() // 1000 % 1000000:05X}{temporary.stat().st_ino:X}"
    final = mta.queue / queue / (f"{queue_id[0]}/{queue_id}" if queue == "deferred" else queue_id)
    if not final.parent.is_dir():
        final.parent.mkdir()
        own(final.parent)
    own(temporary, mode)
    temporary.rename(final)
    return queue_id
