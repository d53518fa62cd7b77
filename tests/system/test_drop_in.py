"""Debian's Postfix and ours take turns on one configuration and one queue (bench/get-postfix unpacks it; it is never installed)."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from mta import PRIVILEGED, Mta, free_port, poll

MakeMta = Callable[..., Mta]
UNPACKED = Path("/opt/postfix")
OVERLAY = f'mount -t overlay overlay -o lowerdir={UNPACKED}/usr:/usr /usr && exec "$@"'
pytestmark = pytest.mark.skipif(not PRIVILEGED or not (UNPACKED / "usr/sbin/postfix").exists(),
                                reason="needs root, and Debian's postfix in /opt/postfix")


def debian(mta: Mta, *command: str, **options: object) -> str:
    """Runs one of its commands, which see it in /usr; the output."""
    result = subprocess.run(["unshare", "--mount", "sh", "-c", OVERLAY, "sh", *command], text=True, capture_output=True,
                            timeout=20, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": str(mta.config)}, **options)
    assert result.returncode == 0, (result, mta.log())
    return result.stdout


def ids(listing: str) -> dict[str, str]:
    """Which queue each message is in."""
    messages = [json.loads(line) for line in listing.splitlines()]
    return {each["queue_id"]: each["queue_name"] for each in messages}


def fill(mta: Mta) -> None:
    """Mail for a mailbox, some that is deferred, some that is held."""
    for address in ("alice@example.test", "later@deferred.test", "other@deferred.test", "held@deferred.test"):
        mta.send("sender@example.test", address, text=f"Subject: for {address}\n\nx\n")
    poll(lambda: len(re.findall(r"to=<\w+@deferred.test>.* status=deferred", mta.log())) >= 2, what="deferred mail")


def their_commands(mta: Mta) -> str:
    """A copy, for their set-gid programs belong to the group of this system."""
    to = mta.dir / "their-sbin"
    shutil.copytree(UNPACKED / "usr/sbin", to)
    for name in ("postdrop", "postqueue"):
        shutil.chown(to / name, "root", "postdrop")
        (to / name).chmod(0o2755)
    return str(to)


def use(mta: Mta, programs: dict[str, str], **settings: str) -> None:
    """From now on these programs are meant; the log begins again."""
    mta.configure(**programs, **settings)
    mta.log_file.rename(mta.log_file.with_suffix(".before"))


def test_both_ways(make_mta: MakeMta) -> None:
    mta = make_mta({"default_transport": f"smtp:[127.0.0.1]:{free_port()}", "meta_directory": str(UNPACKED / "etc/postfix"),
                    "smtpd_recipient_restrictions": "check_recipient_access inline:{held@deferred.test=HOLD}"})
    ours = {name: mta.main[name] for name in ("daemon_directory", "command_directory")}
    theirs = {"daemon_directory": "/usr/lib/postfix/sbin", "command_directory": their_commands(mta)}
    mta.configure(**theirs)
    try:
        debian(mta, "postfix", "start")
        fill(mta)
        debian(mta, "postfix", "stop")
        debian(mta, "sendmail", "-f", "bob@example.test", "alice@example.test", input="Subject: by their sendmail\n\nx\n")
        waiting = next(path for path in (mta.queue / "deferred").rglob("*") if path.is_file())
        os.rename(waiting, mta.queue / "incoming" / waiting.name)
        os.utime(mta.queue / "incoming" / waiting.name)
        before = ids(debian(mta, "postqueue", "-j"))
        assert sorted(before.values()) == ["deferred", "hold", "incoming", "maildrop"]
        assert ids(mta.run("postqueue", "-j").stdout) == before
        use(mta, ours)
        mta.start()
        mta.wait_mail("alice", "Subject: by their sendmail")
        mta.wait_log(rf"{waiting.name}: to=<\w+@deferred.test>.* status=deferred")
        assert set(ids(mta.run("postqueue", "-j").stdout)) == {each for each, queue in before.items() if queue != "maildrop"}
        fill(mta)
        mta.stop()
        mta.run("sendmail", "-f", "bob@example.test", "alice@example.test", input="Subject: by our sendmail\n\nx\n", check=True)
        assert not re.search("warning|error|fatal|panic", mta.log()), mta.log()
        ready = ids(mta.run("postqueue", "-j").stdout)
        use(mta, theirs, default_transport="discard")
        assert ids(debian(mta, "postqueue", "-j")) == ready and len(ready) == 7
        debian(mta, "postfix", "start")
        mta.wait_mail("alice", "Subject: by our sendmail")
        debian(mta, "postsuper", "-H", "ALL")
        debian(mta, "postqueue", "-f")
        poll(lambda: debian(mta, "mailq") == "Mail queue is empty\n", what="an empty queue")
        assert len(re.findall(r"to=<\w+@deferred.test>.* status=sent", mta.log())) == 6
        assert not re.search("warning|error|fatal|panic", mta.log()), mta.log()
    finally:
        mta.configure(**ours)
        mta.kill()
