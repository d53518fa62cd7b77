"""Submission by the users of this host: what the set-gid programs and pickup refuse, whoever asks (PD1 to PD17)."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

import frames
from mta import BASE, PRIVILEGED, Mta, poll, set_gid_commands
from submission import RECIPIENT, SENDER, message, record

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

COMMANDS = BASE / "setgid"
ALICE = {"user": "alice", "group": "alice", "extra_groups": []}


@pytest.fixture(scope="module")
def mta() -> Iterator[Mta]:
    """An instance that alice can submit to: its programs are set-gid, and its configuration is one that root lists."""
    set_gid_commands(COMMANDS)
    with Mta(BASE / "submission", {"command_directory": str(COMMANDS)}) as each:
        Path("/etc/postfix").mkdir(exist_ok=True)
        Path("/etc/postfix/main.cf").write_text(f"alternate_config_directories = {each.config}\n")
        yield each


def run(mta: Mta, command: str, *arguments: str, config: str = "", **options: object) -> subprocess.CompletedProcess:
    """One of the commands, as alice."""
    environment = {"PATH": "/usr/bin:/bin", "MAIL_CONFIG": config or str(mta.config), **options.pop("env", {})}
    return subprocess.run([COMMANDS / command, *arguments], capture_output=True, timeout=30, env=environment, **ALICE, **options)


def waiting(mta: Mta) -> list[str]:
    """Files in maildrop."""
    return os.listdir(mta.queue / "maildrop")


def test_good_submission_arrives(mta: Mta) -> None:
    assert run(mta, "postdrop", "-r", input=message(SENDER, RECIPIENT)).returncode == 0
    mta.wait_mail("bob", "body")


@pytest.mark.parametrize("data", ["bob@example.test\n", "x\r@example.test", b"bob\0@example.test"])
@pytest.mark.parametrize("kind", ["S", "R"])
def test_control_bytes_in_the_envelope_PD1(mta: Mta, kind: str, data: bytes | str) -> None:
    envelope = [record("S", data), RECIPIENT] if kind == "S" else [SENDER, record("R", data)]
    assert run(mta, "postdrop", "-r", input=message(*envelope)).returncode != 0
    assert waiting(mta) == []


@pytest.mark.parametrize("bad", [
    record("A", "trace_flags=256"), record("L", "smtp:[192.0.2.1]"), record(">", "other@example.test"), record("m", "x"),
    record("p", "0"), record("D", "bob@example.test"), record("q", "x"), record("Q", "x"), record("\0", "x")])
def test_records_of_inner_services_PD2(mta: Mta, bad: bytes) -> None:
    result = run(mta, "postdrop", "-r", input=message(SENDER, bad, RECIPIENT))
    poll(lambda: not waiting(mta), what="empty maildrop")
    assert result.returncode != 0 or b"trace_flags" in bad


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_in_the_middle_leaves_nothing_PD3(mta: Mta, number: int) -> None:
    process = subprocess.Popen([COMMANDS / "postdrop", "-r"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}, **ALICE)
    process.stdin.write(SENDER + RECIPIENT + record("M", "") + record("N", "x" * 1000) * 100)
    process.stdin.flush()
    poll(lambda: waiting(mta), what="a file in maildrop")
    os.kill(process.pid, number)
    process.stdin.close()
    assert process.wait(10) != 0
    poll(lambda: not waiting(mta), what="empty maildrop")
    process.stdout.close()
    process.stderr.close()


def test_ignored_signals_stay_ignored_PD6(mta: Mta) -> None:
    process = subprocess.Popen(["sh", "-c", f'trap "" HUP TERM; exec {COMMANDS}/postdrop -r'], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}, **ALICE)
    process.stdin.write(SENDER + RECIPIENT)
    process.stdin.flush()
    poll(lambda: waiting(mta), what="a file in maildrop")
    for number in (signal.SIGHUP, signal.SIGTERM):
        os.kill(process.pid, number)
    process.stdin.write(message(content=record("N", "Subject: survivor")))
    process.stdin.close()
    assert process.wait(10) == 0
    mta.wait_mail("bob", "Subject: survivor")


@pytest.mark.parametrize("command", [["postdrop", "-r"], ["sendmail", "bob"]])
def test_files_can_be_read_by_pickup_whatever_the_umask(mta: Mta, command: list[str]) -> None:
    token = f"umask of {command[0]}"
    text = message(SENDER, RECIPIENT, content=record("N", f"Subject: {token}")) if command[0] == "postdrop" else f"Subject: {token}\n".encode()
    subprocess.run(["sh", "-c", f'umask 077; exec {COMMANDS}/"$@"', "sh", *command], input=text, stdout=subprocess.DEVNULL, check=True,
                   env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}, **ALICE)
    mta.wait_mail("bob", f"Subject: {token}")


def submitting(mta: Mta, before: str = "") -> tuple[subprocess.Popen, int]:
    """A sendmail command of a group of its own that waits for more of its message, and its postdrop."""
    process = subprocess.Popen(["sh", "-c", f"{before} exec {COMMANDS}/sendmail -i bob"], stdin=subprocess.PIPE, process_group=0,
                               env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}, **ALICE)
    process.stdin.write(b"Subject: terminal\n\n")
    process.stdin.flush()
    poll(lambda: waiting(mta), what="a file in maildrop")
    return process, int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())


def test_what_sendmail_ignores_postdrop_ignores_PD6(mta: Mta) -> None:
    process, postdrop = submitting(mta, 'trap "" HUP;')
    for each in (process.pid, postdrop):
        os.kill(each, signal.SIGHUP)
    process.stdin.close()
    assert process.wait(10) == 0
    mta.wait_mail("bob", "Subject: terminal")


def test_interrupt_from_the_terminal_reaches_both_PD3(mta: Mta) -> None:
    process, postdrop = submitting(mta)
    assert os.getpgid(postdrop) == process.pid
    os.killpg(process.pid, signal.SIGINT)
    process.stdin.close()
    assert process.wait(10) != 0
    poll(lambda: not waiting(mta), what="empty maildrop")


@pytest.mark.parametrize("junk", [b"", b"T", b"S\xff\xff\xff\xff\xff\xff", os.urandom(300), b"\0" * 4096])
def test_half_written_files_are_skipped_by_the_listing_PD4(mta: Mta, junk: bytes) -> None:
    path = mta.queue / "maildrop/ABCDEF12"
    path.write_bytes(junk)
    path.chmod(0o644)
    shutil.chown(path, "alice", "postdrop")
    assert run(mta, "postqueue", "-p").returncode == 0
    path.unlink()


@pytest.mark.parametrize("way", ["option", "environment"])
@pytest.mark.parametrize("command", ["postdrop", "postqueue"])
def test_foreign_configuration_PD7(mta: Mta, command: str, way: str) -> None:
    own = BASE / "home/alice/etc"
    own.mkdir(exist_ok=True)
    (own / "main.cf").write_text((mta.config / "main.cf").read_text())
    shutil.chown(own, "alice")
    arguments = ["-c", str(own)] if way == "option" else []
    result = run(mta, command, *arguments, *(["-p"] if command == "postqueue" else []),
                 config=str(own) if way == "environment" else "/etc/postfix", input=message(SENDER, RECIPIENT))
    assert result.returncode != 0 and b"unauthorized configuration directory" in result.stderr
    shutil.rmtree(own)


def test_settings_of_the_current_directory_PD8(mta: Mta) -> None:
    home = BASE / "home/alice"
    (home / "DB_CONFIG").write_text("set_lg_dir /nonexistent\nset_flags nonsense\n")
    (home / "main.cf").write_text("nonsense\n")
    assert run(mta, "postdrop", "-r", input=message(SENDER, RECIPIENT), cwd=home, env={"DB_HOME": str(home)}).returncode == 0
    for name in ("DB_CONFIG", "main.cf"):
        (home / name).unlink()


@pytest.mark.parametrize("users, allowed", [
    ("!alice, static:all", False), ("static:all", True), ("bob", False), ("inline:{{alice=x}}", True), ("texthash:{}/users", True),
    ("regexp:{}/expressions", True), ("cidr:{}/nothing", False)])
def test_authorized_users_by_each_kind_of_table_PD9(mta: Mta, users: str, allowed: bool) -> None:
    (mta.config / "users").write_text("alice x\n")
    (mta.config / "expressions").write_text("/^al/ x\n")
    (mta.config / "nothing").write_text("192.0.2.0/24 x\n")
    mta.configure(authorized_submit_users=users.format(mta.config), authorized_mailq_users=users.format(mta.config))
    try:
        assert (run(mta, "postdrop", "-r", input=message(SENDER, RECIPIENT)).returncode == 0) == allowed
        assert (run(mta, "postqueue", "-p").returncode == 0) == allowed
    finally:
        mta.configure(authorized_submit_users="static:anyone", authorized_mailq_users="static:anyone")


@pytest.mark.parametrize("user, code", [(None, 0), (54321, 0), (54322, os.EX_NOPERM), (0, os.EX_NOPERM)])
def test_senders_of_users_with_and_without_a_name(mta: Mta, user: int | None, code: int) -> None:
    """The superuser is one of them."""
    mta.configure(local_login_sender_maps="inline:{alice=*, {uid:54321=*}, unknown=*}")
    who = {**ALICE, **({} if user is None else {"user": user})}
    try:
        result = subprocess.run([COMMANDS / "postdrop"], capture_output=True, timeout=30, env={"MAIL_CONFIG": str(mta.config)},
                                input=message(SENDER, RECIPIENT), **who)
        assert result.returncode == code, result
    finally:
        mta.configure(local_login_sender_maps="static:*")


def test_mail_owner_need_not_be_listed(mta: Mta) -> None:
    try:
        for owner, status in (("alice", 0), ("postfix", os.EX_NOPERM)):
            mta.configure(authorized_mailq_users="bob", authorized_flush_users="bob", mail_owner=owner)
            assert [run(mta, "postqueue", option).returncode for option in ("-p", "-f")] == [status] * 2
    finally:
        mta.configure(authorized_mailq_users="static:anyone", authorized_flush_users="static:anyone")


@pytest.mark.parametrize("first, rest", [("", ""), ("F", "F"), ("From", "From"), ("From ", ""), (">From ", ""), ("From:", "From:"),
                                         ("From x\n", ""), ("From x", "")])
def test_line_of_a_mailbox_in_front_HM7(mta: Mta, first: str, rest: str) -> None:
    """However short it is, and with or without line end."""
    since = len(mta.log())
    result = run(mta, "sendmail", "-f", "alice@example.test", "bob@example.test", input=first.encode())
    assert result.returncode == 0, result
    queue_id = mta.wait_log(r"pickup\[\d+\]: (\w+): uid=\d+ from=<alice@example\.test>", since=since)[1]
    mta.wait_removed(queue_id)
    text = mta.mailbox("bob").partition(f"\tid {queue_id};")[2].partition("\n\nFrom ")[0] + "\n"
    lines = [line for line in text.splitlines() if line[:1] in ("F", ">") and line not in ("From: alice@example.test",)]
    assert lines == ([rest] if rest else []), text


@pytest.mark.parametrize("way", ["-t", "bob@example.test"])
def test_why_a_message_is_not_taken_PD5(mta: Mta, way: str) -> None:
    """Too large is for good, no room is for now; the user is told the one or the other."""
    header, line, maildrop = b"To: bob@example.test\n\n", 80 * b"x" + b"\n", mta.queue / "maildrop"
    result = run(mta, "sendmail", way, input=header + 150000 * line)
    assert result.returncode == os.EX_DATAERR and b"message file too big" in result.stderr, result
    place = maildrop.stat()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,mode=0730,uid={place.st_uid},gid={place.st_gid}", "tmpfs", maildrop],
                   check=True)
    try:
        result = run(mta, "sendmail", way, input=header + 10000 * line)
        assert result.returncode == os.EX_TEMPFAIL and b"queue file write error: " in result.stderr, result
        assert b"No space left on device" in result.stderr and b"recipient" not in result.stderr, result
        assert waiting(mta) == []
    finally:
        subprocess.run(["umount", maildrop], check=True)


def held(mta: Mta) -> list[str]:
    """Files in maildrop that somebody has locked: they have their name, and their writer is content with their clock."""
    locks = Path("/proc/locks").read_text()
    with os.scandir(mta.queue / "maildrop") as entries:
        return [each.name for each in entries if f":{each.inode()} " in locks]


def test_sweep_spares_submissions_under_way_PD10(mta: Mta) -> None:
    """What is not complete goes after a week without a write, and never while somebody holds it."""
    day = 86400
    with subprocess.Popen([COMMANDS / "postdrop", "-r"], stdin=subprocess.PIPE, **ALICE,
                          env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}) as process:
        assert process.stdin
        process.stdin.write(SENDER)
        process.stdin.flush()
        name = poll(lambda: held(mta), what="a file in maildrop that is held")[0]
        ages = {mta.queue / "maildrop" / name: 30 * day}
        for number, age in enumerate((6 * day, 8 * day)):
            path = mta.queue / f"maildrop/ABCDE{number}"
            path.write_bytes(b"")
            path.chmod(0o644)
            ages[path] = age
        now = time.time()
        for path, age in ages.items():
            os.utime(path, (now - age, now - age))
        mta.run("postsuper", "-p", check=True)
        assert [path.exists() for path in ages] == [True, True, False]
        process.stdin.write(RECIPIENT + record("M", "") + record("N", "Subject: took long") + record("X", "") + record("E", ""))
        process.stdin.close()
        assert process.wait(10) == 0
    mta.wait_mail("bob", "Subject: took long")
    (mta.queue / "maildrop/ABCDE0").unlink()


class SlowCleanup(threading.Thread):
    """A cleanup service that thinks long about each message."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(daemon=True)
        self.listener, self.seconds, self.taken = socket.socket(socket.AF_UNIX), seconds, 0
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen()
        self.start()

    def run(self) -> None:
        """One client after the other."""
        while True:
            with self.listener.accept()[0] as client:
                client.sendall(frames.frame(frames.HELLO, {1: "cleanup", 2: 1}) + frames.frame(frames.READY, {}))
                self.serve(client)

    def serve(self, client: socket.socket) -> None:
        """Messages, until the client leaves."""
        with client.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                kind = stream.read(int.from_bytes(head, "little"))[0]
                if kind == 16:
                    client.sendall(frames.frame(20, {1: "3C0FFEE"}, more=True))
                elif kind == 18:
                    time.sleep(self.seconds)
                    self.taken += 1
                    client.sendall(frames.frame(21, {}) + frames.frame(frames.READY, {}))


def test_a_full_maildrop_takes_its_time_PD13(make_mta: Callable[..., Mta]) -> None:
    """All of it may take longer than one request; killed in the middle, pickup would send what it had sent already."""
    mta = make_mta(master={"pickup/unix": "n - n 60 1 pickup -o cleanup_service_name=slow -o daemon_timeout=1s"}).start()
    mta.stop()
    for _ in range(4):
        mta.run("sendmail", "-f", "alice@example.test", "bob@example.test", input="Subject: x\n\nx\n", check=True)
    cleanup = SlowCleanup(mta.queue / "public/slow", 0.45)
    mta.start()
    poll(lambda: not waiting(mta), what="an empty maildrop")
    assert cleanup.taken == 4 and "watchdog" not in mta.log()


@pytest.mark.parametrize("name", ["", "A", "ABC", ".", "/", "..", "../../etc/passwd", "a/b", "x" * 300])
def test_names_that_are_no_queue_ids_PD11(mta: Mta, name: str) -> None:
    result = mta.run("postsuper", "-d", name)
    assert result.returncode in (0, 1) and not re.search("Deleted: [1-9]", result.stderr)


def test_listing_is_json_and_printable_PD12(mta: Mta) -> None:
    mta.run("sendmail", "-f", "alice@example.test", "bob\u202e\u00e9\x07@elsewhere.test", input="Subject: x\n\nx\n")
    run(mta, "sendmail", "-f", 'a"\\b@example.test', "waits@elsewhere.test", input=b"x\n")
    for line in run(mta, "postqueue", "-j").stdout.decode().splitlines():
        assert json.loads(line)["queue_name"]
    assert all(byte >= 32 or byte == 10 for byte in run(mta, "postqueue", "-p").stdout)


def test_session_on_standard_input_PD14(mta: Mta) -> None:
    dialogue = (b"EHLO x\r\nMAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: by -bs\r\n\r\nx\r\n.\r\n"
                b"RSET\r\nVRFY bob\r\nHELP\r\nQUIT\r\n")
    result = run(mta, "sendmail", "-bs", input=dialogue)
    assert result.returncode == 0 and result.stdout.count(b"\r\n250 2") >= 4 and b"\r\n221 2.0.0" in result.stdout, result
    mta.wait_mail("bob", "Subject: by -bs")


def test_session_of_the_mail_system_itself(mta: Mta) -> None:
    """Run as mail_owner, as inetd would: a server with all its rules, whose client is this host."""
    dialogue = [b"HELO x", b"MAIL FROM:<alice@example.test>", b"RCPT TO:<nosuch@example.test>", b"RCPT TO:<bob@example.test>", b"DATA",
                b"Subject: by the owner\r\n\r\nx\r\n.", b"QUIT"]
    with subprocess.Popen([COMMANDS / "sendmail", "-bs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, user="postfix", group="postfix",
                          extra_groups=[], env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)}) as server:
        assert server.stdin and server.stdout
        replies = [server.stdout.readline()]
        for command in dialogue:
            server.stdin.write(command + b"\r\n")
            server.stdin.flush()
            replies.append(server.stdout.readline())
    assert [reply[:3] for reply in replies] == [b"220", b"250", b"250", b"550", b"250", b"354", b"250", b"221"], replies
    text = mta.wait_mail("bob", "Subject: by the owner")
    assert "\nReceived: from x (localhost [127.0.0.1])\n\tby mail.example.test " in text


def test_file_that_is_still_written_PD15(mta: Mta) -> None:
    path = mta.queue / "incoming/1.1"
    path.write_bytes(record("C", b" " * 95) + record("T", "1 1") + SENDER)
    assert mta.run("postcat", "-v", str(path)).returncode in (0, 1)
    path.unlink()


@pytest.mark.parametrize("command", ["postdrop", "postqueue", "postlog"])
def test_set_gid_commands_in_strange_surroundings_PD16(mta: Mta, command: str) -> None:
    arguments = {"postdrop": "-v", "postqueue": "-vp", "postlog": "-v"}[command]
    script = f'exec {COMMANDS}/{command} {arguments} <&- >&- 2>&-'
    result = subprocess.run(["sh", "-c", script], timeout=10, **ALICE,
                            env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)})
    assert result.returncode >= 0 and result.returncode not in (134, 139)


def test_pickup_takes_no_foreign_files_PD17(mta: Mta) -> None:
    secret = BASE / "secret"
    secret.write_bytes(message(record("T", "1 1"), SENDER, record("R", "stolen@example.test")))
    secret.chmod(0o600)
    os.link(secret, mta.queue / "maildrop/ABCDEF01")
    (mta.queue / "maildrop/ABCDEF02").symlink_to(secret)
    os.mkfifo(mta.queue / "maildrop/ABCDEF03")
    before = secret.read_bytes()
    run(mta, "postdrop", "-r", input=message(SENDER, RECIPIENT, content=record("N", "Subject: behind them")))
    mta.wait_mail("bob", "Subject: behind them")
    assert secret.read_bytes() == before and "stolen@" not in mta.log()
    for name in waiting(mta):
        (mta.queue / "maildrop" / name).unlink()


def test_what_pickup_cannot_remove_is_not_sent_without_end(mta: Mta) -> None:
    maildrop = mta.queue / "maildrop"
    before, since = maildrop.stat(), len(mta.log())
    os.chown(maildrop, 0, before.st_gid)
    maildrop.chmod(0o1777)		# pickup may not remove the files of others there
    try:
        content = record("N", "Subject: only once") + record("N", "")
        assert run(mta, "postdrop", "-r", input=message(SENDER, RECIPIENT, content=content)).returncode == 0
        mta.wait_log("warning: remove maildrop/", since=since)
        mta.wait_mail("bob", "Subject: only once")
        mta.wait_removed(mta.send("alice@example.test", "alice@example.test"))
        assert mta.log(since).count("warning: remove maildrop/") == 1
        assert mta.mailbox("bob").count("Subject: only once") == 1
    finally:
        for path in maildrop.iterdir():
            path.unlink()
        os.chown(maildrop, before.st_uid, before.st_gid)
        maildrop.chmod(before.st_mode & 0o7777)


def attribute(name: str, value: str) -> bytes:
    """A named attribute."""
    return record("A", f"{name}={value}")


@pytest.mark.parametrize("envelope", [
    (SENDER, attribute("notify_flags", "99"), RECIPIENT),
    (SENDER, attribute("notify_flags", "x"), RECIPIENT),
    (SENDER, *[attribute("envelope_id", "x")] * 1000, RECIPIENT),
], ids=["notify-99", "notify-x", "too-many"])
def test_what_cleanup_calls_malformed_is_not_tried_for_ever(mta: Mta, envelope: tuple[bytes, ...]) -> None:
    since = len(mta.log())
    run(mta, "postdrop", "-r", input=message(*envelope))
    poll(lambda: not waiting(mta), what="an empty maildrop")
    assert "will try again later" not in mta.log(since)


@pytest.mark.parametrize("envelope", [
    (SENDER, record("R", "bob+" + 2000 * "x" + "@example.test")),
    (record("S", "alice+" + 2000 * "x" + "@example.test"), RECIPIENT),
    (SENDER, attribute("envelope_id", 2000 * "x"), RECIPIENT),
    (SENDER, attribute("dsn_orig_rcpt", "rfc822;" + 2020 * "x"), RECIPIENT),
], ids=["recipient", "sender", "envid", "orcpt"])
def test_the_longest_that_postdrop_takes_is_not_lost(mta: Mta, envelope: tuple[bytes, ...]) -> None:
    since = len(mta.log())
    assert run(mta, "postdrop", "-r", input=message(*envelope)).returncode == 0
    mta.wait_log(r": removed$", since=since)
    assert "corrupt" not in mta.log(since)
