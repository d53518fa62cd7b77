"""The demo behind dev/demo: a private instance in ./demo, a next hop, and a few messages."""
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable

from sink import Sink

OUTSIDE, INSIDE = Path(os.environ["DEMO"]), Path("/mnt/demo")
ACCOUNTS = {"postfix": 2101, "postdrop": 2102, "alice": 2111, "bob": 2112}
NOBODY = 65534
DOMAIN = "demo.example"


# -- where we are: root in a namespace of his own, or an ordinary user ---------------------------------------------------

def enter_namespace() -> None:
    """Root: run again with mounts of our own, if that is allowed here."""
    namespace = ["unshare", "--mount", "--propagation", "private", "--"]
    probe = [*namespace, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(probe, check=False, capture_output=True).returncode == 0:
        os.execvp(namespace[0], [*namespace, sys.executable, "-B", __file__, *sys.argv[1:], "--namespace"])


def mount(*arguments: object) -> None:
    """mount(8)"""
    subprocess.run(["mount", *map(str, arguments)], check=True)


def make_surroundings() -> None:
    """In the namespace: ./demo is /mnt/demo, for all to reach; /etc is a copy with accounts and configuration of ours."""
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
    for name in ("demo", "etc"):
        Path("/mnt", name).mkdir()
    mount("--bind", OUTSIDE, INSIDE)
    subprocess.run(["cp", "-a", "/etc/.", "/mnt/etc"], check=True)
    for name, entry in (("passwd", "{0}:x:{1}:{1}::/mnt/demo/home/{0}:/bin/sh\n"), ("group", "{0}:x:{1}:\n")):
        others = [line for line in Path("/etc", name).read_text().splitlines(True) if line.split(":")[0] not in ACCOUNTS]
        Path("/mnt/etc", name).write_text("".join(others) + "".join(entry.format(*each) for each in ACCOUNTS.items()))
    Path("/mnt/etc/postfix").mkdir(exist_ok=True)
    mount("--bind", "/mnt/etc", "/etc")
    mount("--bind", INSIDE / "etc", "/etc/postfix")
    if Path("/run/nscd").is_dir():     # it would answer from the files outside
        mount("-t", "tmpfs", "tmpfs", "/run/nscd")


def become_nobody() -> None:
    """Root without namespaces: the folder goes to nobody, who runs an instance of his own in it."""
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", OUTSIDE], check=True)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    if not os.access(OUTSIDE, os.X_OK):
        sys.exit(f"dev/demo: no namespaces here, and user nobody cannot reach {OUTSIDE}: clone to a place open to all")


# -- the instance --------------------------------------------------------------------------------------------------------

def free_port(first: int) -> int:
    """The first port from there on that nobody has."""
    for port in range(first, first + 1000):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sock.connect_ex(("127.0.0.1", port)) != 0:
                return port
    sys.exit("dev/demo: no free port")


def wait_for(what: str, condition: Callable[[], bool]) -> None:
    """Look again and again, for 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting for: {what}")
        time.sleep(0.05)


class Instance:
    """Configuration, queue, mail and log below one folder."""

    def __init__(self, top: Path, privileged: bool) -> None:
        self.top, self.privileged = top, privileged
        self.commands, self.log = top / "root/usr/sbin", top / "log/maillog"
        self.config = Path("/etc/postfix") if privileged else top / "etc"
        self.port, self.sink_port = free_port(2525), free_port(2600)
        self.environment = {"PATH": f"{self.commands}:{top}/root/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                            "MAIL_CONFIG": str(self.config)}

    def run(self, *command: object, text: str = "", user: str = "") -> str:
        """Run a command of ours, as somebody else if we may."""
        identity = {"user": user, "group": user, "extra_groups": []} if user and self.privileged else {}
        path = shutil.which(str(command[0]), path=self.environment["PATH"])
        return subprocess.run([path, *map(str, command[1:])], input=text, text=True, check=True, env=self.environment,
                              stdout=subprocess.PIPE, timeout=60, **identity).stdout

    def make_folders(self) -> None:
        """Configuration as it is installed; mail where everybody may make his own; alice and bob have homes."""
        shutil.copytree(self.top / "root/etc/postfix", self.config, dirs_exist_ok=True)
        for name in ("queue", "log", "mail", "home"):
            (self.top / name).mkdir()
        (self.top / "mail").chmod(0o1777)
        if self.privileged:
            for user in ("alice", "bob"):
                (self.top / "home" / user).mkdir()
                os.chown(self.top / "home" / user, ACCOUNTS[user], ACCOUNTS[user])
            for command in ("postdrop", "postqueue"):
                os.chown(self.commands / command, 0, ACCOUNTS["postdrop"])
                (self.commands / command).chmod(0o2755)

    def configure(self) -> None:
        """What differs from the configuration as installed. Everything for elsewhere goes to the next hop."""
        daemons = next(path for path in (self.top / "root/usr").glob("lib*/postfix/**/master")).parent
        settings = {
            "queue_directory": self.top / "queue", "data_directory": self.top / "data",
            "daemon_directory": daemons, "command_directory": self.commands,
            "sendmail_path": self.commands / "sendmail", "maillog_file": self.log, "maillog_file_prefixes": self.top,
            "mail_spool_directory": f"{self.top}/mail/", "alias_maps": "inline:{postmaster=alice}", "alias_database": "",
            "myhostname": f"mail.{DOMAIN}", "mydomain": DOMAIN, "myorigin": "$mydomain",
            "mydestination": "$myhostname, $mydomain, localhost", "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4", "mynetworks": "127.0.0.0/8", "relayhost": f"[127.0.0.1]:{self.sink_port}",
            "transport_maps": "inline:{dead.example=smtp:[127.0.0.1]:1}"}
        if not self.privileged:    # one account is all we may write to
            me = pwd.getpwuid(os.getuid()).pw_name
            settings["alias_maps"] = f"inline:{{alice={me}, bob={me}}}"
        self.run("postconf", "-e", *(f"{name}={value}" for name, value in settings.items()))
        master = self.config / "master.cf"
        master.write_text(master.read_text().replace("\nsmtp        inet", f"\n{self.port}        inet", 1))

    def start(self) -> None:
        """Start, and write the command by which others talk to us."""
        self.make_folders()
        self.configure()
        self.run("postfix", "start")
        enter = f'nsenter --target="$pid" --mount -- ' if self.privileged else ""
        exports = " ".join(f"{name}='{value}'" for name, value in self.environment.items())
        (OUTSIDE / "run").write_text(f'#!/bin/sh\nread -r pid <{OUTSIDE}/queue/pid/master.pid\n'
                                     f'exec {enter}env {exports} "$@"\n')
        (OUTSIDE / "run").chmod(0o755)

    def stop(self) -> None:
        """An orderly stop."""
        self.run("postfix", "stop")

    def mailboxes(self) -> list[Path]:
        """All messages in all mailboxes."""
        return sorted((self.top / "mail").glob("*/new/*"), key=lambda path: path.stat().st_mtime)


# -- the show ------------------------------------------------------------------------------------------------------------

def title(text: str) -> None:
    """A line over what follows."""
    print(f"\n== {text}", flush=True)


def send_by_smtp(mta: Instance) -> None:
    """Somebody outside writes to alice."""
    title(f"by SMTP: stranger@example.org writes to alice@{DOMAIN}")
    with smtplib.SMTP("127.0.0.1", mta.port, timeout=30) as client:
            client.sendmail("stranger@example.org", f"alice@{DOMAIN}", "From: stranger@example.org\nSubject: by SMTP\n\nHello!\n")
    wait_for("the message in the mailbox", lambda: len(mta.mailboxes()) == 1)
    print(mta.mailboxes()[0].read_text(), end="")


def send_by_sendmail(mta: Instance) -> None:
    """Bob writes to alice with the local command."""
    title(f"by sendmail: bob@{DOMAIN} writes to alice@{DOMAIN}")
    mta.run("sendmail", "-f", f"bob@{DOMAIN}", f"alice@{DOMAIN}", text="Subject: by sendmail\n\nHello, too!\n", user="bob")
    wait_for("the message in the mailbox", lambda: len(mta.mailboxes()) == 2)
    print(mta.mailboxes()[1].read_text(), end="")


def relay(mta: Instance) -> None:
    """Alice writes to somebody elsewhere."""
    title(f"relayed: alice@{DOMAIN} writes to friend@example.net, by way of the server on port {mta.sink_port}")
    mta.run("sendmail", "-f", f"alice@{DOMAIN}", "friend@example.net", text="Subject: relayed\n\nFar away.\n", user="alice")
    wait_for("the message at the next hop", (OUTSIDE / "sink/message-1").exists)
    print((OUTSIDE / "sink/message-1").read_text(), end="")


def wait_in_queue(mta: Instance) -> None:
    """A server that is down."""
    title("queued: a message to a server that is down waits for its next try (mailq)")
    mta.run("sendmail", "-f", f"alice@{DOMAIN}", "someone@dead.example", text="Subject: later\n\nPatience.\n", user="alice")
    wait_for("the deferred message", lambda: "Connection refused" in mta.run("mailq"))
    wait_for("what the log says of it", lambda: "status=deferred" in mta.log.read_text())
    print(mta.run("mailq"), end="")


def show(mta: Instance) -> None:
    """All of it."""
    send_by_smtp(mta)
    send_by_sendmail(mta)
    relay(mta)
    wait_in_queue(mta)
    title("the log")
    print(mta.log.read_text(), end="")


def explain(mta: Instance) -> None:
    """How to go on."""
    title("it runs; talk to it from another terminal (Ctrl-C here stops it)")
    print(f"""swaks --server 127.0.0.1:{mta.port} --from me@example.org --to alice@{DOMAIN}
{OUTSIDE}/run mailq            the queue; "postqueue -f" tries it again
{OUTSIDE}/run postconf -n      the settings: edit {OUTSIDE}/etc/main.cf, then "postfix reload"
tail -f {OUTSIDE}/log/maillog  the log
ls {OUTSIDE}/mail/*/new {OUTSIDE}/sink   mailboxes, and what the next hop got""", flush=True)


def perform(mta: Instance, once: bool) -> int:
    """Start, show, stay, stop."""
    status = 1
    try:
        mta.start()
        show(mta)
        status = 0
        if not once:
            explain(mta)
            signal.pause()
    except KeyboardInterrupt:
        print()
    except (OSError, smtplib.SMTPException, subprocess.SubprocessError) as error:
        print(f"\ndev/demo: {error}\n{mta.log.read_text() if mta.log.exists() else ''}", file=sys.stderr)
    finally:
        mta.stop()
    return status


def main() -> int:
    """Enter, and run the show."""
    arguments = sys.argv[1:]
    (OUTSIDE / "etc").mkdir(exist_ok=True)
    if os.geteuid() == 0 and "--namespace" not in arguments:
        enter_namespace()
        become_nobody()
    privileged = os.geteuid() == 0
    if privileged:
        make_surroundings()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    mta = Instance(INSIDE if privileged else OUTSIDE, privileged)
    threading.Thread(target=Sink(mta.sink_port, OUTSIDE / "sink").serve_forever, daemon=True).start()
    status = perform(mta, "--once" in arguments)
    title(f"stopped; everything is still in {OUTSIDE}")
    return status


if __name__ == "__main__":
    sys.exit(main())
