"""postlogd and postlog: lines of daemons and commands in the log file."""
import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

MakeMta = Callable[..., Mta]
ONLY_LOG = {"postlog/unix-dgram": "n - n - 1 postlogd"}


def only_log(make: MakeMta, **main: str) -> Mta:
    """An instance that can log and nothing else."""
    mta = make(main)
    mta.master = ONLY_LOG
    mta.configure()
    return mta


def test_lines_of_master_and_commands(make_mta: MakeMta) -> None:
    mta = only_log(make_mta).start()
    mta.wait_log(r"^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \w+ postfix/master\[\d+\]: daemon started -- version ")
    mta.run("postlog", "-t", "tool", "-p", "warn", "two", "words", check=True)
    mta.wait_log(r" tool\[\d+\]: warning: two words$")
    mta.run("postlog", input="one\nand another\n", check=True)
    mta.wait_log(r" postfix/postlog\[\d+\]: one\n.* postfix/postlog\[\d+\]: and another$")
    assert len(mta.children("postlogd")) == 1


def test_lines_while_mail_is_stopped_LG5_LG6(make_mta: MakeMta) -> None:
    mta = only_log(make_mta, maillog_file_permissions="0640")
    mta.run("postlog", "early", check=True)
    assert re.search(r"postfix/postlog\[\d+\]: early$", mta.log(), re.M)
    assert stat.S_IMODE(mta.log_file.stat().st_mode) == 0o640
    mta.log_file.unlink()
    mta.start()
    mta.wait_log(r"daemon started")
    assert stat.S_IMODE(mta.log_file.stat().st_mode) == 0o640


def test_strange_datagrams_LG4(make_mta: MakeMta) -> None:
    mta = only_log(make_mta).start()
    mta.wait_log("daemon started")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(str(mta.queue / "public/postlog"))
        for bad in (b"", b"\0", b"nospace", b"x\ny\x1b[1m\xff", b"A" * 60000, b"\n"):
            sock.send(bad)
        sock.send(b"last")
    mta.wait_log(r"^last$")
    data = mta.log_file.read_bytes()
    assert b"x?y?[1m?\n" in data and b"\nnospace\n" in data
    assert max(map(len, data.split(b"\n"))) < 20000


@pytest.fixture
def syslog() -> Iterator[socket.socket]:
    """A syslog of our own, in a /dev of our own."""
    device = BASE / "dev"
    device.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", device], check=True)
    for name in ("null", "zero", "random", "urandom"):
        (device / name).touch()
        subprocess.run(["mount", "--bind", f"/dev/{name}", device / name], check=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(device / "log"))
        (device / "log").chmod(0o666)
        sock.setblocking(False)
        subprocess.run(["mount", "--rbind", device, "/dev"], check=True)
        yield sock
    subprocess.run(["umount", "-l", "/dev"], check=True)
    subprocess.run(["umount", "-l", device], check=True)


def received(sock: socket.socket) -> str:
    """All lines that are there."""
    lines = []
    try:
        while True:
            lines.append(sock.recv(65536).decode())
    except BlockingIOError:
        return "\n".join(lines)


@pytest.mark.skipif(not PRIVILEGED, reason="mounts a /dev of its own")
def test_each_line_goes_to_one_place_LG8(make_mta: MakeMta, syslog: socket.socket) -> None:
    """To the file or to syslog, and never to both or none, whatever setting its process knows."""
    mta = only_log(make_mta).start()
    mta.run("postlog", "first", check=True)
    mta.wait_log(": first$")
    assert received(syslog) == ""
    mta.configure(maillog_file="")
    mta.postfix("reload")
    mta.run("postlog", "second", check=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect(str(mta.queue / "public/postlog"))
        sock.send(b"third, of a process that knows the old setting")
    lines: list[str] = []
    poll(lambda: lines.append(received(syslog)) or "third" in "".join(lines), what="lines in syslog")
    mta.stop()
    text = "\n".join([*lines, received(syslog)])
    assert text.count(": second") == text.count("third, of") == 1 and "first" not in text
    assert "second" not in mta.log() and "third" not in mta.log()


def test_last_lines_are_not_lost(make_mta: MakeMta) -> None:
    mta = only_log(make_mta).start()
    mta.stop()
    assert re.search(r"master\[\d+\]: terminating on signal 15$", mta.log(), re.M)


def test_rotate_LG5(make_mta: MakeMta) -> None:
    mta = only_log(make_mta, maillog_file_rotate_suffix="%Y-old").start()
    mta.wait_log("daemon started")
    assert mta.postfix("logrotate").returncode == 0
    old = poll(lambda: list(mta.log_file.parent.glob("maillog.*.gz")), 5, "a compressed file")
    assert re.fullmatch(r"maillog\.\d{4}-old\.gz", old[0].name)
    mta.run("postlog", "fresh", check=True)
    mta.wait_log(r": fresh$")
    assert "daemon started" not in mta.log()


def test_lines_that_the_log_does_not_take_at_once_come_later(make_mta: MakeMta) -> None:
    mta = make_mta({"default_transport": "discard"}).start()
    mta.wait_removed(mta.send("sender@example.test", "user@far.test"))
    os.kill(mta.children("postlogd")[0], signal.SIGSTOP)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        sock.connect(str(mta.queue / "public/postlog"))
        with contextlib.suppress(BlockingIOError):
            while sock.send(b"in the way"):
                pass
    queue_id = mta.send("sender@example.test", "user@far.test")
    poll(lambda: not any((mta.queue / name / queue_id).exists() for name in ("incoming", "active")), 10, "the delivery")
    os.kill(mta.children("postlogd")[0], signal.SIGCONT)
    mta.wait_removed(queue_id, 5)
    poll(lambda: len(re.findall(rf": {queue_id}: (?:client|message-id|from|to)=", mta.log())) == 4, 12, "all lines")


def test_postlogd_stays_however_much_is_written(make_mta: MakeMta) -> None:
    mta = only_log(make_mta, max_use="1").start()
    mta.wait_log("daemon started")
    before = mta.children("postlogd")
    mta.run("postlog", input="".join(f"line {n}\n" for n in range(300)), check=True)
    mta.wait_log(": line 299$")
    assert mta.children("postlogd") == before
    assert len(re.findall(r": line \d+$", mta.log(), re.M)) == 300
