"""A disk that remembers every write: an image file served through FUSE, carried by a loop device.

The log tells what reached the disk, in order, with the flushes in between. A power cut at any moment is then made from
it: all that was flushed is there, and of what came after the last flush some of the writes.
"""
import ctypes
import os
import random
import struct
import subprocess
import time
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from mta import poll

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC = 1, 2, 3, 4, 14, 15, 16, 17, 18, 20
FLUSH, INIT, INTERRUPT, DESTROY, BATCH_FORGET = 25, 26, 36, 38, 42
ENOSYS, REGULAR, MEGABYTE = 38, 0o100600, 1 << 20
LOOP_TRIES = 20
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
SYNCED = 1 << 63        # in place of an offset: a flush
_libc = ctypes.CDLL(None, use_errno=True)


class Entry(NamedTuple):
    """A write, or a flush (data is None)."""

    end: int            # position in the log behind it
    offset: int
    data: Optional[bytes]


class _Server:
    """The file system of one file."""

    def __init__(self, image: Path, log: Path, device: int) -> None:
        self.image, self.device = os.open(image, os.O_RDWR), device
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = os.fstat(self.image).st_size

    def run(self) -> None:
        """Serve until it is unmounted."""
        while True:
            try:
                request = os.read(self.device, MEGABYTE + 8192)
            except InterruptedError:
                continue
            except OSError:
                return
            _, opcode, unique = struct.unpack_from("=IIQ", request)
            if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
                continue
            error, answer = self.answer(opcode, request[40:])
            os.write(self.device, struct.pack("=IiQ", 16 + len(answer), -error, unique) + answer)

    def answer(self, opcode: int, body: bytes) -> tuple[int, bytes]:
        """Error number and answer."""
        if opcode == INIT:
            return 0, struct.pack("=IIIIHHIIHHII24x", 7, 31, MEGABYTE, BIG_WRITES | MAX_PAGES, 16, 12, MEGABYTE, 1, 256, 0,
                                  0, 0)
        if opcode in (GETATTR, SETATTR):
            return 0, struct.pack("=QII6Q10I", 3600, 0, 0, 1, self.size, self.size // 512, 0, 0, 0, 0, 0, 0, REGULAR, 1, 0,
                                  0, 0, 4096, 0)
        if opcode == OPEN:
            return 0, struct.pack("=QII", 0, 0, 0)
        if opcode == READ:
            offset, size = struct.unpack_from("=8xQI", body)
            return 0, os.pread(self.image, size, offset)
        if opcode == WRITE:
            return self.write(body)
        if opcode == FSYNC:
            os.write(self.log, struct.pack("=QI", SYNCED, 0))
            return 0, b""
        if opcode == STATFS:
            return 0, bytes(80)
        return (0 if opcode in (FLUSH, RELEASE, DESTROY) else ENOSYS), b""

    def write(self, body: bytes) -> tuple[int, bytes]:
        """Into the log first."""
        offset, size = struct.unpack_from("=8xQI", body)
        os.write(self.log, struct.pack("=QI", offset, size) + body[40:])
        os.pwrite(self.image, body[40:], offset)
        return 0, struct.pack("=II", size, 0)


class Disk:
    """An ext4 file system in an image; logged when it is mounted so."""

    def __init__(self, directory: Path, size: int = 96 * MEGABYTE) -> None:
        directory.mkdir()
        self.directory = directory
        self.image, self.base, self.log = directory / "image", directory / "base", directory / "log"
        self.mounted: list[Path] = []
        self.server = 0
        with self.image.open("wb") as out:
            out.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", "-J", "size=4",
                        str(self.image)], check=True)
        subprocess.run(["cp", "--sparse=always", str(self.image), str(self.base)], check=True)

    def mount_logged(self, at: Path) -> None:
        """Mount it; every write from now on is logged."""
        window = self.image.with_name("window")
        window.touch()
        device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={device},rootmode={REGULAR:o},user_id=0,group_id=0,allow_other".encode()
        if _libc.mount(b"image", os.fsencode(window), b"fuse", 0, options) == -1:
            os.close(device)
            raise OSError(ctypes.get_errno(), "mount fuse")
        self.mounted.append(window)
        self.server = os.fork()     # behind the mount, for nothing can be read from the device before
        if self.server == 0:
            try:
                _Server(self.image, self.log, device).run()
            finally:
                os._exit(0)
        os.close(device)
        self._mount(window, at)

    def _mount(self, image: Path, at: Path) -> None:
        at.mkdir(exist_ok=True)
        for tries in range(LOOP_TRIES):     # somebody else may take the loop device that was found free
            result = subprocess.run(["mount", "-o", "loop", str(image), str(at)], check=tries == LOOP_TRIES - 1)
            if result.returncode == 0:
                break
            time.sleep(0.1)
        self.mounted.append(at)

    def unmount(self) -> None:
        """Everything that was mounted, the last first."""
        while self.mounted:
            self.unmount_last()
        if self.server:
            os.waitpid(self.server, 0)

    def unmount_last(self) -> None:
        """Only what was mounted last, as soon as nobody uses it."""
        command = ["umount", str(self.mounted.pop())]
        poll(lambda: subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0, 20, " ".join(command))

    def position(self) -> int:
        """How much of the log there is now."""
        return self.log.stat().st_size

    def entries(self) -> Iterator[Entry]:
        """The log from its start."""
        with self.log.open("rb") as source:
            while len(head := source.read(12)) == 12:
                offset, size = struct.unpack("=QI", head)
                data = None if offset == SYNCED else source.read(size)
                yield Entry(source.tell(), offset, data)

    def cut(self, position: int, at: Path, chance: random.Random) -> None:
        """Mount what a power cut at this position leaves."""
        cut = self.image.with_name("cut")
        subprocess.run(["cp", "--sparse=always", str(self.base), str(cut)], check=True)
        with cut.open("r+b") as out:
            for entry in self._survivors(position, chance):
                out.seek(entry.offset)
                out.write(entry.data)
        self._mount(cut, at)

    def _survivors(self, position: int, chance: random.Random) -> Iterator[Entry]:
        unsynced: list[Entry] = []
        for entry in self.entries():
            if entry.end > position:
                break
            if entry.data is None:
                yield from unsynced
                unsynced = []
            else:
                unsynced.append(entry)
        share = chance.choice([0, 0.5, 0.9, 1])
        yield from (entry for entry in unsynced if chance.random() < share)
