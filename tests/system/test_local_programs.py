"""Real programs that users give their mail to: procmail, maildrop, vacation, Dovecot's LDA and LMTP server."""
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, needs, poll, set_gid_commands

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

ALICE = BASE / "home/alice"
LDA = "/usr/lib/dovecot/dovecot-lda"
MAIN = {"recipient_delimiter": "+", "mailbox_size_limit": "0", "command_time_limit": "10s"}


@pytest.fixture(autouse=True, scope="module")
def private_spool(our_sendmail: None) -> Iterator[None]:
    """What programs find where they were built to look for mailboxes."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/var/mail"], check=True)
    yield
    subprocess.run(["umount", "-l", "/var/mail"], check=True)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Alice's home is empty again behind each test."""
    yield
    for entry in ALICE.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def of_alice(name: str, text: str, mode: int = 0o644) -> Path:
    """A file in alice's home."""
    path = ALICE / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    shutil.chown(path, "alice", "alice")
    return path


def outcome(mta: Mta, to: str = "alice@example.test", subject: str = "test") -> tuple[str, str, str]:
    """Send, and wait: status, code, words."""
    queue_id = mta.send("bob@example.test", to, text=f"Subject: {subject}\nMessage-Id: <{subject}@x.test>\n\nFrom here\nbody\n")
    found = mta.wait_log(rf"{queue_id}: to=<{re.escape(to)}>.*dsn=([\d.]+), status=(\w+) \((.*)\)$")
    return found[2], found[1], found[3]


def holding(directory: Path, text: str) -> str:
    """The file below a directory that holds a text."""
    def find() -> str:
        for path in directory.rglob("*"):
            if path.is_file() and text in (content := path.read_text("utf-8", "replace")):
                return content
        return ""
    return poll(find, what=f"{text} below {directory}")


PROCMAILRC = """MAILDIR=$HOME/mail
:0
* ^Subject: folder
folder/
:0
* ^Subject: full
{
	EXITCODE=73
	HOST=none
}
:0
* ^Subject: extended
ext-$1/
"""


@needs("procmail")
@pytest.mark.parametrize("way", ["mailbox_command", ".forward"])
def test_procmail(make_mta: Callable[..., Mta], way: str) -> None:
    mta = make_mta({**MAIN, "mailbox_command": "procmail -a \"$EXTENSION\"" if way == "mailbox_command" else ""}).start()
    (ALICE / "mail").mkdir()
    shutil.chown(ALICE / "mail", "alice", "alice")
    of_alice(".procmailrc", PROCMAILRC)
    if way == ".forward":
        of_alice(".forward", "\"|IFS=' ' && exec /usr/bin/procmail -f- -a \\\"$EXTENSION\\\" || exit 75 #alice\"\n")
    assert outcome(mta, subject="folder")[:2] == ("sent", "2.0.0")
    text = holding(ALICE / "mail/folder", "Subject: folder")
    assert text.startswith("Return-Path: <bob@example.test>\nX-Original-To: alice@example.test\nDelivered-To: alice@example.test\n")
    assert outcome(mta, "alice+ab@example.test", subject="extended")[0] == "sent"
    holding(ALICE / "mail/ext-ab", "Subject: extended")
    assert outcome(mta, subject="full")[:2] == ("bounced", "5.2.0")


@needs("vacation")
def test_vacation_answers_once(make_mta: Callable[..., Mta]) -> None:
    commands = set_gid_commands(BASE / "commands")
    mta = make_mta({**MAIN, "command_directory": str(commands)}).start()
    config = Path("/etc/postfix")
    config.mkdir(exist_ok=True)
    (config / "main.cf").write_text(f"alternate_config_directories = {mta.config}\n")
    of_alice(".vacation.msg", "Subject: away\n\nI am away.\n")
    of_alice(".forward", '\\alice, "|/usr/bin/vacation alice"\n')
    for _ in range(2):
        queue_id = mta.send("bob@example.test", "alice@example.test", text="Subject: hi\nTo: alice@example.test\n\nhi\n")
        mta.wait_removed(queue_id)
    text = mta.wait_mail("bob", "I am away.")
    assert re.match(r"From (MAILER-DAEMON|alice\S*)  ", text) and mta.mailbox("alice").count("Subject: hi") == 2
    poll(lambda: "mail queue is empty" in mta.run("postqueue", "-p").stdout.lower(), what="empty queue")
    assert mta.mailbox("bob").count("I am away.") == 1


@needs("maildrop")
def test_maildrop(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({**MAIN, "mailbox_command": "/usr/bin/maildrop"}).start()
    of_alice(".mailfilter", 'if ( /^Subject: full/ )\n{\n\tEXITCODE=77\n\texit\n}\nto "mbox"\n', 0o600)
    assert outcome(mta)[:2] == ("sent", "2.0.0")
    assert "\n>From here\n" in holding(ALICE, "Subject: test")
    assert outcome(mta, subject="full")[:2] == ("bounced", "5.7.0")


DOVECOT = """base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
mail_location = maildir:~/Maildir
ssl = no
protocols = lmtp
default_internal_user = alice
default_internal_group = alice
default_login_user = alice
first_valid_uid = 1000
postmaster_address = postmaster@example.test
recipient_delimiter = +
auth_username_format = %Ln
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = passwd
}}
service anvil {{
  chroot =
}}
service lmtp {{
  unix_listener {base}/lmtp {{
    mode = 0666
  }}
}}
"""


@pytest.fixture
def dovecot() -> Path:
    """A directory with a configuration for Dovecot."""
    base = BASE / "dovecot"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir()
    base.chmod(0o777)
    (base / "dovecot.conf").write_text(DOVECOT.format(base=base))
    (base / "log").touch(0o666)
    (base / "log").chmod(0o666)
    return base


@needs(LDA)
def test_dovecot_lda(make_mta: Callable[..., Mta], dovecot: Path) -> None:
    mta = make_mta({**MAIN, "mailbox_command": f'{LDA} -c {dovecot}/dovecot.conf -f "$SENDER" -a "$RECIPIENT"'}).start()
    assert outcome(mta)[:2] == ("sent", "2.0.0"), (dovecot / "log").read_text()
    holding(ALICE / "Maildir/new", "Subject: test")


@needs("/usr/lib/dovecot/lmtp")
def test_dovecot_lmtp(make_mta: Callable[..., Mta], dovecot: Path) -> None:
    mta = make_mta({**MAIN, "mailbox_transport": f"lmtp:unix:{dovecot}/lmtp"}, {"lmtp/unix": "- - n - - lmtp"}).start()
    server = subprocess.Popen(["dovecot", "-F", "-c", str(dovecot / "dovecot.conf")])
    try:
        poll((dovecot / "lmtp").exists, what="Dovecot's socket")
        status, code, words = outcome(mta, "alice+work@example.test")
        assert (status, code) == ("sent", "2.0.0") and "Saved" in words, (dovecot / "log").read_text()
        holding(ALICE / "Maildir/new", "Delivered-To: alice+work@example.test")
        assert outcome(mta, "alice@example.test", subject="second")[0] == "sent"
    finally:
        server.terminate()
        server.wait(10)
