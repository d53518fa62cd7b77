"""Hostile surroundings of the commands that users run: what they inherit harms nobody, and leaves nothing behind (PD3, PD16)."""
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll, set_gid_commands
from submission import RECIPIENT, SENDER, message, record

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

COMMANDS = BASE / "hostile-commands"
ALICE = {"user": "alice", "group": "alice", "extra_groups": []}
WORDS = {"postdrop": ["postdrop"], "postqueue": ["postqueue", "-p"], "postlog": ["postlog", "hello"], "sendmail": ["sendmail", "-i", "bob"]}
INPUT = message(SENDER, RECIPIENT)

# Python's own calls refuse what the system's take: no words at all, variables without a name.
STARTER = """
import ctypes, json, os, resource, signal, sys
path, words, environment, before = json.loads(sys.argv[1])
exec(before)
array = lambda strings: (ctypes.c_char_p * (len(strings) + 1))(*[each.encode() for each in strings], None)
ctypes.CDLL(None).execve(path.encode(), array(words), array(environment))
"""


@pytest.fixture(scope="module")
def mta() -> Iterator[Mta]:
    """An instance that alice can submit to."""
    set_gid_commands(COMMANDS)
    with Mta(BASE / "hostile", {"command_directory": str(COMMANDS)}) as each:
        Path("/etc/postfix").mkdir(exist_ok=True)
        Path("/etc/postfix/main.cf").write_text(f"alternate_config_directories = {each.config}\n")
        yield each


def start(mta: Mta, words: list[str], variables: tuple[str, ...] = (), before: str = "", **options: object) -> subprocess.Popen:
    """A command of these words, in surroundings that a line of Python makes."""
    plan = [str(COMMANDS / words[0]), words, [f"MAIL_CONFIG={mta.config}", *variables], before]
    return subprocess.Popen([sys.executable, "-c", STARTER, json.dumps(plan)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **{"stdin": subprocess.PIPE, **ALICE, **options})


def modes(mta: Mta) -> set[int]:
    """Of what waits in maildrop; pickup takes it away meanwhile."""
    found = set()
    for path in (mta.queue / "maildrop").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(path.stat().st_mode & 0o777)
    return found


def outcome(mta: Mta, command: str, variables: tuple[str, ...] = (), before: str = "") -> tuple[int, str]:
    """Its exit code, and what it said; within seconds, and with nothing half done."""
    with start(mta, WORDS[command], variables, before) as process:
        said = process.communicate(INPUT, timeout=20)[1]
    assert modes(mta) <= {0o744}
    return process.returncode, said.decode()


@pytest.mark.parametrize("command", WORDS)
def test_variables_without_a_name_and_many_of_them(mta: Mta, command: str) -> None:
    """Of the words that no call removes, none is there any more."""
    many = "environment += [f'A{i}=b' for i in range(20000)]"
    assert outcome(mta, command, ("=x", "=", "", "no-sign", "MAIL_CONFIG", "==y"), many)[0] == 0


@pytest.mark.parametrize("variable", [
    "TZ=/etc/shadow", "TZ=:../../etc/shadow", f"TZ={'x' * 5000}", "LANG=../../x", "MAIL_DEBUG=1", "MAIL_LOGTAG=a\n\x01b", "MAIL_VERBOSE=9",
    "POSTLOG_SERVICE=../../etc/passwd", "POSTLOG_HOSTNAME=a\nb", "GLIBC_TUNABLES=glibc.malloc.check=3", "MALLOC_TRACE=trace", "LD_PRELOAD=./x.so",
    "LD_AUDIT=./x.so", "DB_HOME=.", "LOCALDOMAIN=x", "RES_OPTIONS=debug", "HOSTALIASES=/etc/shadow", "TMPDIR=/", "IFS=/", "PATH=."],
                         ids=lambda variable: variable.partition("=")[0])
def test_variables_that_libraries_obey(mta: Mta, variable: str) -> None:
    for command in ("postdrop", "postqueue", "postlog"):
        assert outcome(mta, command, (variable, variable))[0] == 0
    assert all(len(line) > 15 and line[3] == " " for line in mta.log().splitlines())


@pytest.mark.parametrize("limit, codes", [
    ("FSIZE, (0, 0)", {os.EX_DATAERR}), ("NOFILE, (4, 4)", {os.EX_TEMPFAIL}), ("NPROC, (0, 0)", {0}), ("AS, (3000000, 3000000)", {os.EX_TEMPFAIL, 127}),
    ("STACK, (16384, 16384)", {0, -signal.SIGSEGV}), ("CORE, (-1, -1)", {0}), ("SIGPENDING, (0, 0)", {0})])
def test_limits(mta: Mta, limit: str, codes: set[int]) -> None:
    code, said = outcome(mta, "postdrop", before=f"resource.setrlimit(resource.RLIMIT_{limit})")
    assert code in codes, (code, said)
    poll(lambda: not os.listdir(mta.queue / "maildrop"), what="empty maildrop")


def test_too_few_descriptors_are_no_riddle(mta: Mta) -> None:
    for most in range(4, 8):
        code, said = outcome(mta, "sendmail", before=f"resource.setrlimit(resource.RLIMIT_NOFILE, ({most}, {most}))")
        assert code != 0 and "Too many open files" in said, (most, code, said)


@pytest.mark.parametrize("before", [
    "os.umask(0o777)", "os.umask(0)", "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')", "os.set_blocking(1, False)", "os.close(1)", "os.close(2)",
    "os.dup2(os.open('/dev/full', 1), 2)", "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())", "os.setpgrp()", "os.nice(19)",
    "[signal.signal(each, signal.SIG_IGN) for each in signal.valid_signals() - {9, 19}]"])
def test_what_is_inherited(mta: Mta, before: str) -> None:
    """It is of no importance; that a parent hears nothing of its children, either."""
    place = BASE / "hostile-place"
    place.mkdir(exist_ok=True)
    place.chmod(0o777)
    for command in WORDS:
        code, said = outcome(mta, command, before=f"os.chdir({str(place)!r}); {before}")
        assert code == (os.EX_UNAVAILABLE if (command, before) == ("postqueue", "os.close(1)") else 0), (command, code, said)


@pytest.mark.parametrize("number", sorted({each.value for each in signal.Signals} - {
    signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH,
    signal.SIGPIPE, signal.SIGXFSZ}))
def test_whatever_signal_a_user_sends_PD3(mta: Mta, number: int) -> None:
    """The half file goes."""
    with start(mta, WORDS["postdrop"]) as process:
        assert process.stdin
        process.stdin.write(SENDER + RECIPIENT + record("M", "") + record("N", "x" * 1000) * 100)
        process.stdin.flush()
        poll(lambda: os.listdir(mta.queue / "maildrop"), what="a file in maildrop")
        process.send_signal(number)
        assert process.wait(10) == 128 + number
    assert not os.listdir(mta.queue / "maildrop")


def test_a_listing_that_nobody_could_read_is_a_failure(mta: Mta) -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run([COMMANDS / "postqueue", "-p"], stdout=full, stderr=subprocess.PIPE, env={"MAIL_CONFIG": str(mta.config)}, **ALICE)
    assert result.returncode == os.EX_UNAVAILABLE and b"fatal: output write error: No space left on device" in result.stderr, result
