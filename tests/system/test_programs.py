"""Real programs that submit mail: by /usr/sbin/sendmail as users of this host, or by SMTP."""
import grp
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, needs, poll, set_gid_commands

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

COMMANDS = BASE / "submitting"
ALICE = {"user": "alice", "group": "alice", "extra_groups": [], "cwd": str(BASE / "home/alice"),
         "env": {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(BASE / "home/alice"), "LOGNAME": "alice", "USER": "alice",
                 "LANG": "C.UTF-8", **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Alice"), ("EMAIL", "alice@example.test"))}}}
GIT = Path("/usr/lib/git-core/git-send-email").exists() and shutil.which("perl") and subprocess.run(
    ["perl", "-MMail::Address", "-e", "1"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def mta(our_sendmail: None) -> Iterator[Mta]:
    """The mail system of this host: in /etc/postfix, with set-gid commands."""
    set_gid_commands(COMMANDS)
    with Mta(BASE / "programs", {"command_directory": str(COMMANDS)}) as each:
        shutil.copytree(each.config, "/etc/postfix", dirs_exist_ok=True)
        yield each


def run(*command: object, text: str = "", **options: object) -> subprocess.CompletedProcess:
    """A program, as alice."""
    return subprocess.run([str(each) for each in command], input=text.encode(), capture_output=True, timeout=60, **ALICE, **options)


def sent(*command: object, text: str = "") -> None:
    """A program that succeeds, and has nothing to complain about."""
    result = run(*command, text=text)
    assert (result.returncode, result.stderr) == (0, b""), result


def message_of(mta: Mta, user: str, mark: str) -> str:
    """The message in a mailbox that holds a text."""
    text = mta.wait_mail(user, mark)
    return next(each for each in re.split(r"^(?=From \S+  )", text, flags=re.M) if mark in each)


# -- programs that call sendmail ---------------------------------------------------------------------------------------

@needs("cron")
def test_cron_reports_output(mta: Mta) -> None:
    """At once, by a job of the start of the system; crond gets directories of its own."""
    for directory in ("/run", "/var/spool/cron"):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", directory], check=True)
    os.makedirs("/var/spool/cron/crontabs")
    Path("/etc/pam.d/cron").write_text("account required pam_permit.so\nsession required pam_permit.so\n")    # alice has no shadow
    Path("/etc/cron.d/test").write_text("MAILTO=bob\n@reboot alice echo said by cron\n")
    with subprocess.Popen(["cron", "-f"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as cron:
        try:
            text = message_of(mta, "bob", "said by cron")
        finally:
            cron.kill()
    for directory in ("/run", "/var/spool/cron"):
        subprocess.run(["umount", "-l", directory], check=True)
    assert re.search(r"^Subject: Cron <alice@\S+> echo said by cron$", text, re.M)
    assert "\nFrom: root@example.test (Cron Daemon)\n" in text


@needs("s-nail")
def test_mailx(mta: Mta) -> None:
    sent("s-nail", "-n", "-s", "by mailx", "-c", "alice@example.test", "bob@example.test", text="said by mailx\n.\nand more\n")
    text = message_of(mta, "bob", "said by mailx")
    assert text.startswith("From alice@example.test  ") and "Subject: by mailx\n" in text and "and more" in text
    message_of(mta, "alice", "said by mailx")


@needs("bsd-mailx")
def test_bsd_mailx(mta: Mta) -> None:
    sent("bsd-mailx", "-s", "by bsd-mailx", "-c", "alice@example.test", "bob@example.test", text="said by bsd-mailx\n")
    text = message_of(mta, "bob", "said by bsd-mailx")
    assert "Subject: by bsd-mailx\n" in text and re.search(r"^To: <?bob@example\.test>?$", text, re.M)
    message_of(mta, "alice", "said by bsd-mailx")


@needs("mutt")
def test_mutt(mta: Mta) -> None:
    sent("mutt", "-n", "-F", "/dev/null", "-e", "set copy=no", "-s", "by mutt", "-b", "alice@example.test", "--",
         "bob@example.test", text="said by mutt\n")
    text = message_of(mta, "bob", "said by mutt")
    assert "Subject: by mutt\n" in text and "\nBcc:" not in text
    message_of(mta, "alice", "said by mutt")


@needs("php")
def test_php_mail(mta: Mta) -> None:
    sent("php", "-n", "-r", "exit(mail('bob@example.test', 'by PHP', \"said by PHP\\n\", "
         "\"From: Web <web@example.test>\\r\\nBcc: alice@example.test\", '-fbounces@example.test') ? 0 : 1);")
    text = message_of(mta, "bob", "said by PHP")
    assert text.startswith("From bounces@example.test  ") and "\nFrom: Web <web@example.test>\n" in text
    assert "\nBcc:" not in text and "\r" not in text
    message_of(mta, "alice", "said by PHP")


def patch(directory: Path) -> Path:
    """A commit as git format-patch writes it."""
    path = directory / "0001-change.patch"
    path.write_text("From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Alice <alice@example.test>\n"
                    "Date: Sat, 21 Nov 2026 12:00:00 +0000\nSubject: [PATCH] change\n\nsaid by git\n---\n file | 1 +\n")
    return path


@pytest.mark.skipif(not GIT, reason="no git send-email with Mail::Address here")
@pytest.mark.parametrize("way", ["sendmail", "smtp"])
def test_git_send_email(mta: Mta, tmp_path: Path, way: str) -> None:
    server = ["--smtp-server=/usr/sbin/sendmail"] if way == "sendmail" else [
        "--smtp-server=127.0.0.1", f"--smtp-server-port={mta.port}"]
    path = Path(shutil.copy(patch(tmp_path), BASE / f"home/alice/{way}.patch"))
    result = run("git", "send-email", *server, "--quiet", "--confirm=never", "--from=Alice <alice@example.test>",
                 "--to=bob@example.test", f"--reply-to={way}@example.test", path)
    assert result.returncode == 0, result
    text = message_of(mta, "bob", f"Reply-To: {way}@example.test")
    assert text.startswith("From alice@example.test  ") and "Subject: [PATCH] change\n" in text and "said by git" in text


# -- programs that speak SMTP ------------------------------------------------------------------------------------------

@needs("msmtp")
def test_msmtp(mta: Mta) -> None:
    sent("msmtp", "--host=127.0.0.1", f"--port={mta.port}", "--from=alice@example.test", "bob@example.test",
         text="From: alice@example.test\nSubject: by msmtp\n\nsaid by msmtp\n.\n..two\n")
    assert "\n.\n..two\n" in message_of(mta, "bob", "said by msmtp")


@needs("swaks")
def test_swaks(mta: Mta) -> None:
    result = run("swaks", "--server", f"127.0.0.1:{mta.port}", "--from", "alice@example.test", "--to", "bob@example.test",
                 "--pipeline", "--body", "said by swaks", "--header", "Subject: by swaks")
    assert result.returncode == 0, result
    assert "Subject: by swaks\n" in message_of(mta, "bob", "said by swaks")


# -- the command itself in bad times -----------------------------------------------------------------------------------

def maildrop(mta: Mta) -> list[str]:
    """What waits there."""
    return os.listdir(mta.queue / "maildrop")


def test_mail_waits_while_the_system_is_down(mta: Mta) -> None:
    mta.stop()
    result = run("sendmail", "bob@example.test", text="Subject: x\n\nsaid in the night\n")
    assert result.returncode == 0 and len(maildrop(mta)) == 1, result
    assert b"mail system is down" in run("sendmail", "-bp").stdout.lower() or run(COMMANDS / "postqueue", "-p").returncode != 0
    mta.start()
    message_of(mta, "bob", "said in the night")
    poll(lambda: not maildrop(mta), what="empty maildrop")


@pytest.mark.parametrize("arguments", [["bob@example.test"], ["-t"]])
def test_full_disk_is_told_and_leaves_nothing(mta: Mta, arguments: list[str]) -> None:
    directory = mta.queue / "maildrop"
    options = f"size=64k,mode=1730,gid={grp.getgrnam('postdrop').gr_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)], check=True)
    try:
        result = run("sendmail", *arguments, text="To: bob@example.test\nSubject: x\n\n" + ("x" * 70 + "\n") * 5000)
        left = maildrop(mta)
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)
    assert result.returncode == 75 and left == [], (result, left)
    assert b"No space left on device" in result.stderr


def test_resent_message_goes_to_those_it_is_resent_to(mta: Mta) -> None:
    sent("sendmail", "-t", text="Resent-To: bob@example.test\nResent-Bcc: alice@example.test\nTo: nobody@example.test\n"
         "Subject: x\n\nsaid again\n")
    text = message_of(mta, "bob", "said again")
    assert "\nTo: nobody@example.test\n" in text and "Resent-Bcc" not in text
    assert re.search(r"^Resent-Message-Id: |^Resent-From: alice@example\.test$", text, re.M | re.I)
    message_of(mta, "alice", "said again")


def test_who_gets_answers_is_no_recipient(mta: Mta) -> None:
    result = run("sendmail", "-t", text="Reply-To: bob@example.test\nResent-Reply-To: bob@example.test\nSubject: x\n\nbody\n")
    assert result.returncode == 75 and b"No recipient addresses found" in result.stderr
    sent("sendmail", "-t", text="To: alice@example.test\nResent-Reply-To: bob@example.test\nSubject: x\n\nnot for bob\n")
    message_of(mta, "alice", "not for bob")


@pytest.mark.parametrize("option, word", [("-bv", "deliverable"), ("-v", "delivered")])
def test_report_by_mail(mta: Mta, option: str, word: str) -> None:
    result = run("sendmail", option, "bob@example.test", text=f"Subject: report {word}\n\nbody\n")
    assert result.returncode == 0, result
    text = message_of(mta, "alice", f"Action: {word}\n")
    assert "Subject: Mail Delivery Status Report\n" in text and "Final-Recipient: rfc822; bob@example.test" in text
    assert "Original-Recipient: rfc822;bob@example.test\n" in text
    said = text.replace("\n    ", " ")
    assert f"delivery via local: {'delivers' if option == '-bv' else 'delivered'} to mailbox\n" in said
    assert (f"Subject: report {word}" in text) == (option == "-v") and ("Subject: probe\n" in text) == (option == "-bv")


@pytest.mark.parametrize("option, action, words", [("-bv", "deliverable", "forwards to alice@example.test"), ("-v", "relayed", "forwarded as ")])
def test_report_of_what_goes_on(mta: Mta, option: str, action: str, words: str) -> None:
    """A .forward: where it would go, each address for itself; and that it was passed on."""
    path = BASE / "home/bob/.forward"
    path.write_text("alice\n")
    shutil.chown(path, "bob", "bob")
    try:
        result = run("sendmail", option, "-f", "alice@example.test", "bob", text=f"Subject: on by {option}\n\nbody\n")
        assert result.returncode == 0, result
        text = message_of(mta, "alice", f"local: {words.split()[0]}").replace("\n    ", " ")
        assert f"delivery via local: {words}" in text and f"Action: {action}\n" in text
    finally:
        path.unlink()
