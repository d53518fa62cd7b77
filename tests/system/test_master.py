"""master and postfix: the life of services, shown by a toy service that speaks master's protocol."""
import os
import re
import shutil
import signal
import socket
from pathlib import Path
from typing import Callable, Optional

import pytest

from mta import PRIVILEGED, ROOT, Mta, free_port, poll

TOY = Path(__file__).with_name("toy.py")
MakeMta = Callable[..., Mta]


class Toys:
    """An instance with toy services only."""

    def __init__(self, make: MakeMta, limit: str = "-", job: str = "serve", **main: str) -> None:
        self.port = free_port()
        self.mta = make({"service_throttle_time": "1s", **main})
        self.trace = self.mta.dir / "trace"
        self.mta.master = {}
        self.add(f"{self.port}/inet", f"n n n - {limit}", job)

    def add(self, service: str, columns: str, job: str = "serve") -> None:
        """One more service (not yet read by master)."""
        self.mta.master[service] = f"{columns} {TOY} {self.trace} {job}"
        self.mta.configure()

    def starts(self) -> list[str]:
        """One line per process so far."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def connect(self, port: Optional[int] = None) -> "Session":
        """A session with the first service, greeted."""
        return Session(port or self.port)


class Session:
    """A session with a toy."""

    def __init__(self, port: int, greeted: bool = True) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), 20)
        self.lines = self.sock.makefile("rwb", buffering=0)
        self.pid = self.greeting() if greeted else 0

    def greeting(self) -> int:
        """The pid of the process that serves us."""
        self.pid = int(self.lines.readline().split()[1])
        return self.pid

    def echo(self, text: bytes) -> bytes:
        """A line there and back."""
        self.lines.write(text + b"\n")
        return self.lines.readline().rstrip(b"\n")

    def close(self) -> None:
        """The end."""
        self.lines.close()
        self.sock.close()


def test_start_status_stop(make_mta: MakeMta) -> None:
    mta = Toys(make_mta).mta.start()
    assert mta.running()
    assert re.fullmatch(rf" *{mta.master_pid()}\n", (mta.queue / "pid/master.pid").read_text())
    assert (mta.queue / "pid/master.pid").stat().st_size == 33
    assert (mta.data / "master.lock").is_file()
    assert mta.log().count("daemon started -- version ") == 1
    mta.stop()
    assert not mta.running()
    mta.wait_log(r"postfix/master\[\d+\]: terminating on signal 15$")


def test_second_start_is_refused_ST3(make_mta: MakeMta) -> None:
    mta = Toys(make_mta).mta.start()
    result = mta.postfix("start")
    assert result.returncode == 1 and "fatal: the Postfix mail system is already running" in result.stderr
    daemon = [mta.main["daemon_directory"] + "/master", "-c", str(mta.config)]
    assert os.spawnv(os.P_WAIT, daemon[0], [*daemon, "-t"]) == 1
    assert os.spawnv(os.P_WAIT, daemon[0], [*daemon, "-w"]) == 1
    mta.stop()
    assert os.spawnv(os.P_WAIT, daemon[0], [*daemon, "-t"]) == 0


def test_failed_start_leaves_no_process(make_mta: MakeMta) -> None:
    """When the command returns, the master that failed is gone, not just going."""
    mta = make_mta(main={"inet_interfaces": "203.0.114.9"})
    for _ in range(5):
        assert mta.postfix("start").returncode != 0
        with pytest.raises(ProcessLookupError):
            os.kill(mta.master_pid(), 0)


def test_same_data_directory_is_refused_ST3(make_mta: MakeMta) -> None:
    first, second = Toys(make_mta).mta.start(), Toys(make_mta).mta
    second.configure(data_directory=str(first.data))
    result = second.postfix("start")
    assert result.returncode == 1 and "another mail system is running" in result.stderr


def test_child_gets_arguments_and_descriptors(make_mta: MakeMta) -> None:
    toys = Toys(make_mta, inet_interfaces="all")
    toys.mta.start()
    assert toys.connect().echo(b"hello") == b"hello"
    start = toys.starts()[0]
    assert f" -n {toys.port} -t inet -o stress= {toys.trace} serve GENERATION=1 " in start
    snapshot_pool_and_listing = "7, 8, 9"
    assert start.endswith(f"fds=[0, 1, 2, 3, 4, 5, 6, {snapshot_pool_and_listing}]")


def test_idle_process_is_used_again(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.start()
    first = toys.connect()
    pid = first.pid
    second = toys.connect()
    assert second.pid != pid
    first.close()
    second.close()
    assert toys.connect().pid in (pid, second.pid) and len(toys.starts()) == 2


def test_process_limit_and_stress(make_mta: MakeMta) -> None:
    toys = Toys(make_mta, limit="2", inet_interfaces="all")
    toys.mta.start()
    first, second = toys.connect(), toys.connect()
    toys.mta.wait_log(rf'warning: service "{toys.port}" \({toys.port}\) has reached its process limit "2": ')
    third = Session(toys.port, greeted=False)
    third.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        third.sock.recv(1)
    third.sock.settimeout(5)
    first.close()
    third.lines = third.sock.makefile("rwb", buffering=0)
    third.greeting()
    assert third.pid != second.pid
    assert "-o stress=yes " in toys.starts()[-1] and len(toys.starts()) == 3


def test_bad_start_throttles(make_mta: MakeMta) -> None:
    toys = Toys(make_mta, job="crash")
    toys.mta.start()
    Session(toys.port, greeted=False)
    toys.mta.wait_log(r"warning: process \S+/toy.py pid \d+ exit status 1$")
    toys.mta.wait_log(r"warning: \S+/toy.py: bad command startup -- throttling$")
    assert len(toys.starts()) == 1
    poll(lambda: len(toys.starts()) == 2, 5, "the next try")


def test_crash_after_a_request_does_not_throttle(make_mta: MakeMta) -> None:
    toys = Toys(make_mta, service_throttle_time="100s")
    toys.mta.start()
    toys.connect().close()
    session = toys.connect()
    session.lines.write(b"die\n")
    toys.mta.wait_log(rf"warning: process \S+/toy.py pid {session.pid} exit status 1$")
    assert toys.connect().echo(b"again") == b"again"
    assert "throttling" not in toys.mta.log()


def test_missing_program_throttles(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.master["gone/unix"] = "n n n 1 1 nosuchprogram"
    toys.mta.configure()
    toys.mta.start()
    toys.mta.wait_log(r"fatal: master_spawn: exec \S+/nosuchprogram: No such file or directory$")
    toys.mta.wait_log(r"warning: \S+/nosuchprogram: bad command startup -- throttling$")
    assert toys.connect().echo(b"others go on") == b"others go on"


def test_wakeup_starts_a_service(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.add("clock/unix", "n n n 1 1")
    toys.add("lazy/unix", "n n n 1? 1")
    toys.mta.start()
    poll(lambda: any("-n clock" in line for line in toys.starts()), 5, "a process of clock")
    assert not any("-n lazy" in line for line in toys.starts())
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(toys.mta.queue / "public/lazy"))
    poll(lambda: any("-n lazy" in line for line in toys.starts()), 5, "a process of lazy")


def test_reload_keeps_sessions(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.start()
    session = toys.connect()
    toys.add("more/unix", "n n n - -")
    toys.mta.reload()
    assert session.echo(b"still there") == b"still there"
    poll(lambda: (toys.mta.queue / "public/more").exists(), 5, "the new service")
    fresh = toys.connect()
    assert fresh.pid != session.pid
    session.close()
    poll(lambda: not Path(f"/proc/{session.pid}").exists(), 5, "the end of the process of before")


def test_reload_is_logged_when_it_is_done(make_mta: MakeMta) -> None:
    """Scripts that wait for the line meet no process of before."""
    toys = Toys(make_mta)
    toys.mta.start()
    session = toys.connect()
    session.close()
    toys.mta.configure(**{f"name_{n}": "long to read" for n in range(20000)})
    before = len(toys.mta.log())
    os.kill(toys.mta.master_pid(), signal.SIGHUP)
    toys.mta.wait_log(r"master\[\d+\]: reload -- ", since=before)
    assert toys.connect().pid != session.pid


def test_reload_wakes_the_successor_of_a_process_that_lingers(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.add("clock/unix", "n n n 300 1", "linger")
    toys.mta.start()

    def clocks() -> int:
        return sum("-n clock" in line for line in toys.starts())
    poll(clocks, 5, "a process of clock")
    toys.mta.reload()
    poll(lambda: clocks() == 2, 5, "the next process of clock")


def test_reload_lowers_a_limit_ST1(make_mta: MakeMta) -> None:
    toys = Toys(make_mta, limit="5")
    toys.mta.start()
    sessions = [toys.connect() for _ in range(4)]
    toys.add(f"{toys.port}/inet", "n n n - 1")
    toys.mta.reload()
    late = Session(toys.port, greeted=False)
    for each in sessions:
        each.close()
    assert late.greeting()
    assert toys.mta.running()


def test_reload_removes_a_service(make_mta: MakeMta) -> None:
    toys, port = Toys(make_mta), free_port()
    toys.add(f"{port}/inet", "n n n - -")
    toys.mta.start()
    session = toys.connect(port)
    del toys.mta.master[f"{port}/inet"]
    toys.mta.configure()
    toys.mta.reload()
    assert session.lines.readline() == b""
    with pytest.raises(OSError):
        Session(port)


def test_bad_table_changes_nothing(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.start()
    session = toys.connect()
    with (toys.mta.config / "master.cf").open("a") as out:
        out.write("broken unix n\n")
    result = toys.mta.postfix("reload")
    assert result.returncode == 1 and "master.cf" in result.stderr
    os.kill(toys.mta.master_pid(), signal.SIGHUP)
    toys.mta.wait_log(r"error: reload refused, going on as before: .*master\.cf")
    assert session.echo(b"x") == b"x" and toys.connect().echo(b"y") == b"y"
    assert not any(".reload" in line for line in toys.starts())


def test_bad_table_stops_a_start(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.master["oops/wrongtype"] = "n n n - - toy"
    toys.mta.configure()
    result = toys.mta.postfix("start")
    assert result.returncode == 1 and "wrongtype" in result.stderr
    assert not toys.mta.running()


def test_master_service_disable(make_mta: MakeMta) -> None:
    toys, port = Toys(make_mta), free_port()
    toys.add(f"{port}/inet", "n n n - -")
    toys.mta.configure(master_service_disable=f"!{port}/inet, inet")
    toys.mta.start()
    assert toys.connect(port).echo(b"x") == b"x"
    with pytest.raises(OSError):
        toys.connect()


def test_stop_reaches_busy_processes_ST7(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.start()
    session = toys.connect()
    os.kill(session.pid, signal.SIGSTOP)
    toys.mta.stop()
    assert not toys.mta.running()
    poll(lambda: not Path(f"/proc/{session.pid}").exists(), 5, "the end of the process")     # killed, then reaped by init


def test_processes_leave_when_master_is_killed(make_mta: MakeMta) -> None:
    toys = Toys(make_mta)
    toys.mta.start()
    session = toys.connect()
    os.kill(toys.mta.master_pid(), signal.SIGKILL)
    session.close()
    poll(lambda: not Path(f"/proc/{session.pid}").exists(), 5, "the end of the process")
    toys.mta.start()
    assert toys.connect().echo(b"x") == b"x"


def test_programs_of_another_mail_system_are_refused_ST4(make_mta: MakeMta) -> None:
    mta = Toys(make_mta).mta
    foreign = mta.dir / "foreign"
    foreign.mkdir()
    shutil.copy("/bin/true", foreign / "smtpd")
    mta.configure(daemon_directory=str(foreign))
    result = mta.postfix("start")
    where = rf"daemon_directory = {foreign} \(main\.cf:\d+\) holds programs of another mail system"
    assert result.returncode == 1 and re.search(where, result.stderr)
    shutil.copy(ROOT / "usr/sbin/postfix", foreign / "smtpd")
    assert "another mail system" not in mta.postfix("check").stderr


def test_check_makes_directories(make_mta: MakeMta) -> None:
    mta = Toys(make_mta).mta
    assert mta.postfix("check").returncode == 0
    for name, mode in (("incoming", 0o700), ("maildrop", 0o730), ("public", 0o710), ("pid", 0o755)):
        status = (mta.queue / name).stat()
        assert status.st_mode & 0o7777 == mode, name
        if PRIVILEGED:
            owner, group = (mta.queue / name).owner(), (mta.queue / name).group()
            assert owner == ("root" if name == "pid" else "postfix"), name
            assert group == ("postdrop" if name in ("maildrop", "public") else "root"), name


def test_check_mends_modes_and_never_touches_files_ST6(make_mta: MakeMta) -> None:
    mta = Toys(make_mta).mta
    mta.postfix("check")
    (mta.queue / "incoming").chmod(0o777)
    complete = mta.queue / "incoming/0123456789"
    complete.touch()
    complete.chmod(0o700)
    result = mta.postfix("check")
    assert "mode was 0777, is now 0700: " in result.stderr
    assert (mta.queue / "incoming").stat().st_mode & 0o777 == 0o700
    assert complete.stat().st_mode & 0o777 == 0o700


def test_log_file_outside_of_the_prefixes_LG7(make_mta: MakeMta) -> None:
    mta = Toys(make_mta).mta
    mta.configure(maillog_file_prefixes="/nonexistent")
    assert mta.postfix("start").returncode == 1
    assert not mta.log_file.exists()


def test_triggers_through_named_pipes(make_mta: MakeMta) -> None:
    """Configurations of long ago have pickup and qmgr like this."""
    mta = make_mta({}, {"pickup/unix": None, "pickup/fifo": "n - n 60 1 pickup", "qmgr/unix": None,
                        "qmgr/fifo": "n - n 300 1 qmgr", "discard/unix": "- - n - - discard"})
    mta.configure(default_transport="discard:")
    mta.start()
    mta.run("sendmail", "-f", "sender@example.test", "user@other.test", input="Subject: x\n\n", check=True)
    poll(lambda: not list((mta.queue / "maildrop").iterdir()), 10, "pickup to take the message")
    mta.run("postqueue", "-f", check=True)
    mta.wait_log(r"to=<user@other.test>.*status=sent")
