#!/usr/bin/python3
"""A service for tests of master: speaks its protocol by hand. Arguments behind the options say what to do.

linger: after a reload it takes clients, and does nothing for them, for a second. crash: exits with 1 at once. forbidden: dies as one does whose sandbox kills it, until that is eased. serve: echoes lines in one session after the other, telling master so; the line "die" makes
it exit with 1. Each start adds a line to the file named first: arguments, generation, descriptors.
"""
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time

BUSY, IDLE, SERVED = 1, 2, 3


def enter_pool(state: int) -> None:
    """Write our place on the page that says who is idle."""
    place, descriptor = os.environ["POSTHASTE_POOL"].split(":")
    with mmap.mmap(int(descriptor), 4096) as page:
        struct.pack_into("=I", page, 4 + 4 * int(place), 2 if state == BUSY else 1)


def tell(state: int) -> None:
    """A status note; after a reload nobody wants it, and the client is served all the same."""
    if state != SERVED and "POSTHASTE_POOL" in os.environ:
        enter_pool(state)
    try:
        os.write(5, struct.pack("=III", os.getpid(), int(os.environ["GENERATION"], 8), state))
    except BrokenPipeError:
        pass


def record(path: str) -> None:
    """Leave a trace of this start."""
    fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
    with open(path, "a", encoding="ascii") as out:
        out.write(f"{os.getpid()} {' '.join(sys.argv[1:])} GENERATION={os.environ['GENERATION']} fds={fds}\n")


def session(client: socket.socket) -> None:
    """Echo until the end of file."""
    tell(BUSY)
    with client, client.makefile("rwb", buffering=0) as lines:
        lines.write(b"pid %d\n" % os.getpid())
        for line in lines:
            if line == b"die\n":
                os._exit(1)
            lines.write(line)
    tell(SERVED)


def main() -> None:
    """Find out what to do, and do it."""
    path, job = sys.argv[-2:]
    record(path)
    if job == "crash":
        sys.exit(1)
    if job == "forbidden" and "sandbox=yes" not in sys.argv:
        os.kill(os.getpid(), signal.SIGSYS)
    listener = socket.socket(fileno=6)
    poller = select.poll()
    poller.register(listener, select.POLLIN)
    poller.register(5, 0)       # an error here: master reloaded, or is gone
    while not any(fd == 5 for fd, _ in poller.poll()):
        try:
            client, _ = listener.accept()
        except BlockingIOError:
            continue
        session(client)
        tell(IDLE)
    if job == "linger":         # takes what was meant for the next process
        end = time.monotonic() + 1
        while (left := end - time.monotonic()) > 0:
            if select.select([listener], [], [], left)[0]:
                listener.accept()[0].close()


main()
