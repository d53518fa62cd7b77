"""A private mail system: own configuration, queue, data, log and ports; started and observed by tests."""
import itertools
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import time
from pathlib import Path
from typing import Callable, Mapping, Optional, TypeVar

import pytest

BASE = Path(os.environ.get("MTA_BASE", "/nonexistent"))
ROOT = Path(os.environ.get("MTA_ROOT", "/nonexistent"))
PRIVILEGED = os.geteuid() == 0
SANITIZED = bool(os.environ.get("SANITIZE"))    # see tests/system/run
UNPACKED = Path("/var/lib/posthaste-tests")     # by dev/deps: what must not be installed, as it would run services
T = TypeVar("T")

MASTER = {
    "smtp/inet": "n - n - - smtpd", "pickup/unix": "n - n 60 1 pickup", "cleanup/unix": "n - n - 0 cleanup",
    "qmgr/unix": "n - n 300 1 qmgr", "rewrite/unix": "- - n - - trivial-rewrite", "bounce/unix": "- - n - 0 bounce",
    "defer/unix": "- - n - 0 bounce", "trace/unix": "- - n - 0 bounce", "smtp/unix": "- - n - - smtp",
    "relay/unix": "- - n - - smtp", "showq/unix": "n - n - - showq", "flush/unix": "n - n 1000? 0 flush", "error/unix": "- - n - - error",
    "retry/unix": "- - n - - error", "discard/unix": "- - n - - discard", "local/unix": "- n n - - local",
    "verify/unix": "- - n - 1 verify", "proxymap/unix": "- - n - - proxymap", "proxywrite/unix": "- - n - 1 proxymap",
    "postlog/unix-dgram": "n - n - 1 postlogd",
}


def poll(condition: Callable[[], Optional[T]], seconds: float = 10, what: str = "condition") -> T:
    """Wait until condition() is true; return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out waiting for {what}")
        time.sleep(0.02)
    return value


def program(name: str) -> bool:
    """Is it installed, or unpacked for the tests? A full path, or a name in PATH."""
    places = [UNPACKED / "usr/bin", UNPACKED / "usr/sbin", *os.environ["PATH"].split(":")]
    full = name.startswith("/") and Path(name).exists() or (UNPACKED / name.lstrip("/")).exists()
    return full or any((Path(place) / name).exists() for place in places)


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip where one of these is neither installed nor unpacked (then the fixture our_sendmail shows it)."""
    missing = [each for each in programs if not program(each)]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)} here")


PORTS = itertools.count(10000)      # below those that clients of the same host get


def free_port() -> int:
    """A port above 1024 that nobody uses now, nor will before it is listened on."""
    for port in PORTS:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no port is free")


def set_gid_commands(to: Path) -> Path:
    """A copy of our commands that ordinary users can submit with."""
    shutil.copytree(ROOT / "usr/sbin", to)
    for name in ("postdrop", "postqueue", "postlog"):
        shutil.chown(to / name, "root", "postdrop")
        (to / name).chmod(0o2755)
    return to


class Mta:
    """One instance. `with Mta(...) as mta`: started, and killed at the end."""

    def __init__(self, directory: Path, main: Optional[Mapping[str, str]] = None,
                 master: Optional[Mapping[str, Optional[str]]] = None) -> None:
        """main: settings; master: "name/type" → the columns behind it (None removes the service)."""
        self.dir = directory
        self.config, self.queue, self.data = directory / "etc", directory / "queue", directory / "data"
        self.mail, self.log_file = directory / "mail", directory / "log" / "maillog"
        self.port = free_port()
        self.prefix: list[str] = []     # of commands: where they run
        self.main = {**self._defaults(), **(main or {})}
        self.master = {**MASTER, **(master or {})}
        for path in (self.config, self.queue, self.mail, self.log_file.parent):
            path.mkdir(parents=True)
        self.mail.chmod(0o1777)
        self.configure()

    def _defaults(self) -> dict[str, str]:
        """Settings that keep this instance within its directory."""
        programs = ROOT / "usr/libexec/postfix"
        if not programs.is_dir():
            programs = ROOT / "usr/lib/postfix/sbin"
        return {
            "compatibility_level": "3.6", "queue_directory": str(self.queue), "data_directory": str(self.data),
            "daemon_directory": str(programs), "command_directory": str(ROOT / "usr/sbin"),
            "sendmail_path": str(ROOT / "usr/sbin/sendmail"), "maillog_file": str(self.log_file),
            "maillog_file_prefixes": str(self.dir), "mail_spool_directory": str(self.mail),
            "myhostname": "mail.example.test", "mydomain": "example.test", "myorigin": "$mydomain",
            "mydestination": "$myhostname, localhost, $mydomain", "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "alias_maps": "", "alias_database": "",
            "biff": "no", "sandbox": "strict", "default_transport": "error:no way out of the tests"}

    def configure(self, **main: str) -> None:
        """Write main.cf and master.cf, with these settings added. The port takes the place of the service smtp."""
        self.main.update(main, **({"sandbox": "no"} if SANITIZED else {}))
        (self.config / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in self.main.items()))
        lines = [f"{key.replace('/', ' ')} {rest}\n" for key, rest in self.master.items() if rest is not None]
        text = "".join(f"{self.port}{line[4:]}" if line.startswith("smtp inet") else line for line in lines)
        (self.config / "master.cf").write_text(text)

    # -- control ------------------------------------------------------------------------------------------------

    def run(self, command: str, *arguments: object, check: bool = False, **options: object) -> subprocess.CompletedProcess:
        """Run one of our commands on this configuration."""
        path = ROOT / "usr/sbin" / command
        environment = {"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(self.config), **options.pop("env", {})}
        return subprocess.run([*self.prefix, str(path), *map(str, arguments)], text=True, capture_output=True, check=check,
                              timeout=30, env=environment, stdin=options.pop("stdin", None) or (
                                  None if "input" in options else subprocess.DEVNULL), **options)

    def postfix(self, *arguments: str) -> subprocess.CompletedProcess:
        """postfix -c DIRECTORY …"""
        return self.run("postfix", "-c", self.config, *arguments)

    def start(self) -> "Mta":
        """Start; services are open when this returns."""
        result = self.postfix("start")
        assert result.returncode == 0, (result, self.log())
        return self

    def stop(self) -> None:
        """An orderly stop."""
        result = self.postfix("stop")
        assert result.returncode == 0, (result, self.log())

    def reload(self) -> None:
        """Have everything read again; returns when master took the order."""
        before = len(self.log())
        result = self.postfix("reload")
        assert result.returncode == 0, (result, self.log())
        self.wait_log(r"postfix/master\[\d+\]: reload ", since=before)

    def kill(self) -> None:
        """End everything, however broken it is."""
        if self.running():
            os.killpg(self.master_pid(), signal.SIGKILL)
            poll(lambda: not self.running(), 5, "end of master")

    def running(self) -> bool:
        """Does a master hold the lock?"""
        return self.run("postfix", "-c", self.config, "status").returncode == 0

    def master_pid(self) -> int:
        """The process id that master wrote down."""
        return int((self.queue / "pid/master.pid").read_text())

    def children(self, program: str = "") -> list[int]:
        """Processes that master started, all or of one program."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:
                continue
            if int(rest.split()[1]) == self.master_pid() and program in ("", name):
                found.append(int(entry.name))
        return found

    # -- observation ---------------------------------------------------------------------------------------------

    def log(self, since: int = 0) -> str:
        """The log, from some position on."""
        return self.log_file.read_text()[since:] if self.log_file.exists() else ""

    def wait_log(self, pattern: str, seconds: float = 10, since: int = 0) -> re.Match:
        """Wait for a line that fits."""
        try:
            return poll(lambda: re.search(pattern, self.log(since), re.M), seconds, f"log line {pattern!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log(since)}") from None

    def mailbox(self, user: str) -> str:
        """What a user's mbox holds."""
        path = self.mail / user
        return path.read_text("utf-8", "surrogateescape") if path.exists() else ""

    def wait_mail(self, user: str, text: str, seconds: float = 10) -> str:
        """Wait until a user's mbox holds some text."""
        try:
            poll(lambda: text in self.mailbox(user), seconds, f"{text!r} in the mailbox of {user}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None
        return self.mailbox(user)

    # -- mail ----------------------------------------------------------------------------------------------------

    def smtp(self) -> smtplib.SMTP:
        """A session; EHLO is yet to be said."""
        return smtplib.SMTP("127.0.0.1", self.port, timeout=10)

    def send(self, sender: str, *recipients: str, text: str = "Subject: test\n\nbody\n") -> str:
        """Send a message by SMTP; its queue id."""
        with self.smtp() as session:
            session.ehlo("client.example.test")
            assert session.mail(sender)[0] == 250
            for each in recipients:
                code, reply = session.rcpt(each)
                assert code == 250, (each, reply)
            code, reply = session.data(text)
            assert code == 250, reply
        found = re.search(rb"queued as (\w+)", reply)
        assert found, reply
        return found.group(1).decode()

    def wait_removed(self, queue_id: str, seconds: float = 10) -> None:
        """Wait until a message has left the queue."""
        self.wait_log(rf": {queue_id}: removed$", seconds)

    def __enter__(self) -> "Mta":
        return self.start()

    def __exit__(self, *ignored: object) -> None:
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
