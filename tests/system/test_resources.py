"""What strangers can use up, and what a process does to itself: memory, disk, connections, signals, being process 1."""
import os
import re
import signal
import smtplib
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import PRIVILEGED, ROOT, Mta, needs, poll

MakeMta = Callable[..., Mta]
COUNTED = {"anvil/unix": "- - n - 1 anvil"}


# -- rates ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(name="ipv6")
def _ipv6() -> Iterator[None]:
    """Addresses of one network on the loopback."""
    if not PRIVILEGED:
        pytest.skip("needs root")
    addresses = ["fd99::1:1/128", "fd99::1:2/128", "fd99::1:0:0:0:1/128"]
    for each in addresses:
        subprocess.run(["ip", "-6", "address", "add", each, "dev", "lo", "nodad"], check=True)
    yield
    for each in addresses:
        subprocess.run(["ip", "-6", "address", "delete", each, "dev", "lo"], check=True)


def served(mta: Mta, host: str, source: str) -> bool:
    """Is a client from this address greeted with 220?"""
    with socket.create_connection((host, mta.port), 20, source_address=(source, 0)) as client:
        return client.recv(3) == b"220"


@pytest.mark.parametrize("length, together", [("24", True), ("32", False)])
def test_clients_are_counted_by_network_RX2(make_mta: MakeMta, length: str, together: bool) -> None:
    mta = make_mta({"smtpd_client_ipv4_prefix_length": length, "smtpd_client_connection_rate_limit": "2",
                    "smtpd_client_event_limit_exceptions": ""}, COUNTED).start()
    assert [served(mta, "127.0.0.1", f"127.0.1.{i}") for i in (1, 2)] == [True, True]
    assert served(mta, "127.0.0.1", "127.0.1.3") != together


def test_ipv6_clients_are_counted_by_network_RX2(make_mta: MakeMta, ipv6: None) -> None:
    """As it is by default: addresses of one /84 are one client, others are not."""
    mta = make_mta({"inet_protocols": "ipv6", "inet_interfaces": "all", "smtpd_client_connection_rate_limit": "2",
                    "smtpd_client_event_limit_exceptions": ""}, COUNTED).start()
    assert [served(mta, "::1", "fd99::1:1"), served(mta, "::1", "fd99::1:2")] == [True, True]
    assert not served(mta, "::1", "fd99::1:1")
    assert served(mta, "::1", "fd99::1:0:0:0:1")


# -- memory and disk -----------------------------------------------------------------------------------------------------


def resident(pid: int) -> int:
    """Memory of its own that a process holds, in kB."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def test_sessions_leave_nothing_behind_RX3(make_mta: MakeMta) -> None:
    """The same processes serve hundreds of sessions and messages, and do not grow."""
    mta = make_mta({"max_use": "100000", "virtual_alias_maps": "inline:{{team@example.test=alice@example.test}}"},
                   {**COUNTED, "smtp/inet": "n - n - 1 smtpd", "local/unix": "- n n - 1 local",
                    "smtp/unix": None}).start()

    def sessions(count: int) -> None:
        for i in range(count):
            with mta.smtp() as session:
                session.ehlo("client.example.test")
                session.docmd("VRFY", "alice")
                session.docmd("NOOP", "x" * 100)
                session.mail("joe@example.test")
                session.rcpt("team@example.test")
                session.rcpt("no.such.user@example.test")
                session.rset()
                if i % 4 == 0:
                    session.sendmail("joe@example.test", ["team@example.test"], "Subject: x\r\n\r\nbody\r\n")
    sessions(100)
    programs = ["smtpd", "cleanup", "local", "qmgr", "trivial-rewrite"]
    before = {name: (pid, resident(pid)) for name in programs for pid in mta.children(name)}
    sessions(300)
    poll(lambda: not list((mta.queue / "active").rglob("[0-9A-F]*")), 20, "an empty queue")
    grown = {name: resident(pid) - was for name, (pid, was) in before.items() if Path(f"/proc/{pid}").exists()}
    assert set(grown) == set(programs), "somebody left"
    assert all(each < 400 for each in grown.values()), grown


def test_a_message_that_was_given_up_leaves_at_once_RX5(make_mta: MakeMta) -> None:
    mta = make_mta({"message_size_limit": "10000000"}).start()
    for _ in range(5):
        client = socket.create_connection(("127.0.0.1", mta.port), 20)
        lines = client.makefile("rb")
        lines.readline()
        for command in (b"HELO a", b"MAIL FROM:<>", b"RCPT TO:<alice@example.test>", b"DATA"):
            client.sendall(command + b"\r\n")
            lines.readline()
        client.sendall((b"x" * 98 + b"\r\n") * 20000)
        poll(lambda: any(path.is_file() for path in (mta.queue / "incoming").iterdir()), what="a file in incoming")
        lines.close()
        client.close()
    poll(lambda: not [path for path in (mta.queue / "incoming").iterdir() if path.is_file()], 10, "the end of the files")


@pytest.mark.parametrize("free, size", [(str(1 << 62), "1"), ("0", str((1 << 63) - 1)), ("1", str(1 << 62))])
def test_room_is_counted_in_numbers_that_are_large_enough_RX5(make_mta: MakeMta, free: str, size: str) -> None:
    mta = make_mta({"queue_minfree": free, "message_size_limit": "0"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        assert session.docmd("MAIL", f"FROM:<> SIZE={size}")[0] == 452


def test_messages_are_counted_by_network_RX5(make_mta: MakeMta) -> None:
    mta = make_mta({"smtpd_client_ipv4_prefix_length": "24", "smtpd_client_message_rate_limit": "2",
                    "smtpd_client_event_limit_exceptions": ""}, COUNTED).start()
    codes = []
    for i in range(3):
        with smtplib.SMTP("127.0.0.1", mta.port, timeout=20, source_address=(f"127.0.1.{i + 1}", 0)) as session:
            session.ehlo("client.example.test")
            codes.append(session.mail("")[0])
    assert codes == [250, 250, 450]


FAILING_RANDOM = r"""
#include <errno.h>
#include <sys/types.h>
ssize_t getrandom(void *to, size_t size, unsigned flags) { errno = ENOSYS; return -1; }
"""


@needs("cc")
def test_without_random_numbers_there_are_none_TL28(make_mta: MakeMta) -> None:
    mta = make_mta({"sandbox": "no"}, {"tlsmgr/unix": "- - n 1000? 1 tlsmgr"})
    source, library = mta.dir / "random.c", mta.dir / "random.so"
    source.write_text(FAILING_RANDOM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    mta.configure(import_environment=f"LD_PRELOAD={library} MAIL_CONFIG")
    mta.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(mta.queue / "private/tlsmgr"))
        mta.wait_log(r"tlsmgr\[\d+\]: fatal: getrandom: ")


# -- signals and process 1 -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not PRIVILEGED, reason="needs a namespace of processes")
def test_as_process_1_ST2(make_mta: MakeMta) -> None:
    """Orphans of others are reaped in silence; a stop ends all."""
    mta = make_mta({"mailbox_command": 'sh -c "(sleep 0.3; echo $$ >>$HOME/orphan) & exit 0"'})
    command = ["unshare", "--pid", "--fork", "--mount-proc", str(ROOT / "usr/sbin/postfix"), "-c", str(mta.config), "start-fg"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        mta.wait_log("daemon started -- version ")
        first = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        for _ in range(3):
            mta.wait_removed(mta.send("", "alice@example.test"))
        home = Path(subprocess.run(["sh", "-c", "echo ~alice"], capture_output=True, text=True, check=True).stdout.strip())
        poll(lambda: (home / "orphan").exists() and len((home / "orphan").read_text().split()) >= 3, 10, "the orphans")
        children = Path(f"/proc/{first}/task/{first}/children")

        def states() -> list[str]:
            return [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in children.read_text().split()]
        poll(lambda: "Z" not in states(), 10, "the orphans to be reaped")
        assert states() and not re.search(r"panic|fatal|unknown child", mta.log())
        for number in (signal.SIGUSR1, signal.SIGALRM, signal.SIGCHLD):
            os.kill(first, number)
        mta.wait_removed(mta.send("", "alice@example.test"))
        os.kill(first, signal.SIGTERM)
        assert process.wait(20) == 0


def test_watched_processes_that_only_wait_live_on_ST5(make_mta: MakeMta) -> None:
    """A watchdog of three seconds; and a reload is seen by who waits."""
    mta = make_mta({"daemon_timeout": "3s", "qmgr_daemon_timeout": "3s", "max_idle": "100s"}).start()
    mta.wait_removed(mta.send("", "alice@example.test"))
    idle = {name: mta.children(name) for name in ("smtpd", "cleanup", "qmgr", "local", "trivial-rewrite")}
    began = time.monotonic()
    for _ in range(10):     # longer than the watchdog, a signal now and then
        poll(lambda: time.monotonic() - began > 0.5, 5)
        began = time.monotonic()
        for pids in idle.values():
            for pid in pids:
                os.kill(pid, signal.SIGCHLD)
    assert {name: mta.children(name) for name in idle} == idle
    mta.reload()
    poll(lambda: not {pid for pids in idle.values() for pid in pids} & set(mta.children()), 20, "the end of the old ones")
    assert not re.search(r"watchdog|killed by signal", mta.log())


@pytest.mark.skipif(not PRIVILEGED, reason="needs files of root")
def test_what_belongs_to_the_wrong_people_is_told_ST9(make_mta: MakeMta) -> None:
    mta = make_mta()
    assert mta.postfix("check").returncode == 0
    assert not re.search(rf"warning: .*({mta.dir}|same (user|group) id)", mta.log())
    for path in (mta.queue, *mta.queue.iterdir()):
        os.chown(path, 2111, 2111)      # chown -R, in effect
    mta.queue.chmod(0o775)
    os.chown(mta.data, 2111, -1)
    (mta.config / "main.cf").chmod(0o666)
    passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    Path("/etc/passwd").write_text(f"{passwd}twin:x:2101:2101::/:/bin/false\n")
    Path("/etc/group").write_text(f"{group}twingroup:x:2102:\n")
    try:
        told = mta.postfix("check").stderr + mta.log()
    finally:
        Path("/etc/passwd").write_text(passwd)
        Path("/etc/group").write_text(group)
    for what in (rf"not owned by root: {mta.queue}$", rf"group or other writable: {mta.queue}$", rf"not owned by postfix: {mta.data}",
                 r"not owned by postfix: .*/active", r"group or other writable: .*main\.cf", "account twin has the same user id",
                 "group twingroup has the same group id"):
        assert re.search(rf"warning: .*{what}", told, re.M), (what, told)


def test_signals_in_the_midst_of_everything_break_nothing_ST10(make_mta: MakeMta) -> None:
    """Each message is taken and arrives, or is not; nobody dies of a handler."""
    mta = make_mta({"service_throttle_time": "1s", "transport_retry_time": "1s"})
    mta.configure(mail_spool_directory=f"{mta.mail}/")
    mta.start()
    stop, taken = threading.Event(), []

    def storm() -> None:
        while not stop.is_set():
            for name, number in (("cleanup", signal.SIGTERM), ("smtpd", signal.SIGTERM), ("local", signal.SIGTERM)):
                for pid in mta.children(name):
                    try:
                        os.kill(pid, number)
                    except ProcessLookupError:
                        pass
            stop.wait(0.05)
    thread = threading.Thread(target=storm)
    thread.start()
    for i in range(40):
        try:
            mta.send("", "alice@example.test", text=f"Subject: number-{i}-\n\n" + "text\n" * 200)
            taken.append(i)
        except (OSError, smtplib.SMTPException, AssertionError):
            pass
    stop.set()
    thread.join()
    new = mta.mail / "alice/new"

    def missing() -> set[int]:
        mta.run("postkick", "public", "qmgr", "FDAI")
        texts = "".join(path.read_text() for path in new.iterdir()) if new.is_dir() else ""
        return {i for i in taken if f"Subject: number-{i}-" not in texts}
    poll(lambda: not missing(), 30, "all that was taken")
    assert not re.search(r"killed by signal (?!15$)|: panic: ", mta.log(), re.M)
