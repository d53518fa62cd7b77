"""An instance of an ordinary user, and one that is process 1 of a container."""
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from mta import PRIVILEGED, ROOT, Mta, poll

MakeMta = Callable[..., Mta]
USER = 2111 if PRIVILEGED else os.geteuid()
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if PRIVILEGED else []
CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]


def run(mta: Mta, *command: object, text: str = "") -> subprocess.CompletedProcess:
    """One of our commands, as the user."""
    environment = {"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}
    return subprocess.run([*AS_USER, ROOT / "usr/sbin" / str(command[0]), *map(str, command[1:])], check=False, text=True,
                          capture_output=True, timeout=30, env=environment, input=text)


def give(mta: Mta) -> Mta:
    """The whole tree belongs to the user."""
    for path in [mta.dir, *mta.dir.rglob("*")]:
        os.chown(path, USER, USER)
    return mta


def stat_of(pid: int) -> tuple[str, int]:
    """State and parent of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[1])


def test_one_identity(make_mta: MakeMta) -> None:
    mta = give(make_mta({"alternate_config_directories": ""}))
    assert run(mta, "postfix", "start").returncode == 0, mta.log()
    mta.wait_log("without root: all runs as uid")
    sent = run(mta, "sendmail", "-f", "bob@example.test", "alice@example.test", text="Subject: mine\n\nhello\n")
    assert sent.returncode == 0, sent
    mta.wait_mail("alice", "Subject: mine")
    queued = mta.send("alice@example.test", "alice@example.test", text="Subject: by SMTP\n\nhello\n")
    mta.wait_removed(queued)
    assert run(mta, "postqueue", "-p").stdout.startswith("Mail queue is empty")
    for pid in mta.children():
        assert f"\nUid:\t{USER}\t{USER}\t{USER}\t{USER}\n" in Path(f"/proc/{pid}/status").read_text()
    assert {path.stat().st_uid for path in mta.queue.rglob("*")} == {USER}
    assert mta.log().count("without root") == 1
    assert not re.search("(warning|error|fatal|panic): ", mta.log()), mta.log()
    assert run(mta, "postfix", "stop").returncode == 0


@pytest.mark.skipif(not PRIVILEGED, reason="needs directories of somebody else")
@pytest.mark.parametrize("theirs", ["queue", "queue/pid", "etc"])
def test_refused_in_a_tree_of_others(make_mta: MakeMta, theirs: str) -> None:
    mta = make_mta()
    (mta.queue / "pid").mkdir()
    give(mta)
    os.chown(mta.dir / theirs, 0, 0)
    result = run(mta, "postfix", "start")
    assert result.returncode == 1
    assert f"only root may run this mail system: {mta.dir / theirs} is not yours" in result.stderr
    assert not mta.running()


@pytest.mark.skipif(not PRIVILEGED, reason="makes a container")
@pytest.mark.parametrize("as_user", [False, True])
def test_process_1(make_mta: MakeMta, as_user: bool) -> None:
    mta = make_mta({"maillog_file": "/dev/stdout", "maillog_file_prefixes": "/dev/stdout"})
    if as_user:
        give(mta)
    output = (mta.dir / "output").open("w+b")
    command = [*CONTAINER, *(AS_USER if as_user else []), str(ROOT / "usr/sbin/postfix"), "-c", str(mta.config), "start-fg"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL) as container:
        mta.log_file = mta.dir / "output"
        mta.wait_log(r"postfix/master\[1\]: daemon started")
        mta.wait_removed(mta.send("bob@example.test", "alice@example.test"))
        init = int(Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text())
        enter = ["nsenter", f"--target={init}", "--pid", "--", "sh", "-c", "(sleep 0.1 & echo $!)"]
        subprocess.run(enter, check=True, stdout=subprocess.DEVNULL)
        poll(lambda: Path(f"/proc/{init}/task/{init}/children").exists() and not any(
            stat_of(int(pid))[0] == "Z" or "sleep" in Path(f"/proc/{pid}/comm").read_text()
            for pid in Path(f"/proc/{init}/task/{init}/children").read_text().split()), 5, "the orphan to be reaped")
        os.kill(init, signal.SIGTERM)
        assert container.wait(15) == 0
    mta.wait_log(r"postfix/master\[1\]: terminating on signal 15")
