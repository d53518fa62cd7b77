"""The order of the steps that make mail durable, seen from outside: the system calls of our programs for one message.

Name, content, size record and mark are in place before the one fsync; nothing about the file changes between it and the
answer: a sync before the mark would leave an unfinished file after a power cut, and the mail would be lost.
"""
import re
import shutil
from pathlib import Path
from typing import Callable, NamedTuple, Optional

import pytest

from load import FAST, USER, Ledger, Sink, settings
from mta import ROOT, Mta, poll

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not here")
TO = f"{USER}@example.test"
CHANGES = ("pwrite64", "write", "writev", "pwritev", "rename", "renameat", "renameat2", "link", "linkat", "utimensat",
           "fchmod", "fchmodat", "chmod", "fchown", "ftruncate", "fallocate", "unlink", "unlinkat")
CALLS = ",".join((*CHANGES, "open", "openat", "fsync", "fdatasync", "sync_file_range", "close", "sendmsg", "sendto"))
STRACE = ["strace", "-ff", "-qq", "-y", "-ttt", "-s", "200", "-e", f"trace={CALLS}"]     # a file for each process


class Call(NamedTuple):
    """A system call: whose, when, which, with what."""

    process: str
    time: float
    name: str
    rest: str


def calls(trace: Path) -> list[Call]:
    """All calls that succeeded, in order; of complete lines."""
    made = [Call(file.suffix, float(time), name, rest) for file in trace.parent.glob(f"{trace.name}.*")
            for time, name, rest in re.findall(r"^([0-9.]+) (\w+)\((.*)\n", file.read_text(errors="replace"), re.M)]
    return sorted((call for call in made if "= -1 " not in call.rest), key=lambda call: call.time)


def trace_service(mta: Mta, service: str, program: str) -> Path:
    """Run this service under strace; where its calls will be."""
    trace, wrapper = mta.dir / f"{program}.trace", mta.dir / f"{program}.traced"
    arguments = " ".join(STRACE)
    wrapper.write_text(f"#!/bin/sh\nexec {arguments} -o {trace} {mta.main['daemon_directory']}/{program} \"$@\"\n")
    wrapper.chmod(0o755)
    mta.master[service] = re.sub(rf" {program}$", f" {wrapper}", mta.master[service])
    mta.configure()
    return trace


def life_of(trace: Path, queue: str, queue_id: str) -> list[Call]:
    """From the creation of a queue file on."""
    def named() -> list[Call]:
        made = calls(trace)
        births = [i for i, call in enumerate(made) if call.name == "rename" and f"\"{queue}/{queue_id}\"" in call.rest]
        synced = any(call.name == "fsync" and queue_id in call.rest for call in made)
        return made[max(i for i in range(births[0]) if "O_EXCL" in made[i].rest):] if births and synced else []
    return poll(named, 5, f"the life of {queue_id} in {trace}")


def assert_durable_in_order(life: list[Call], queue_id: str, mode: str) -> int:
    """One sync, behind all that changes the file; its index."""
    syncs = [i for i, call in enumerate(life) if "sync" in call.name]
    changes = [i for i, call in enumerate(life) if call.name in CHANGES and queue_id in call.rest
               and "socket:" not in call.rest and "pipe:" not in call.rest]
    before = [life[i].name for i in changes]
    assert len(syncs) == 1 and life[syncs[0]].name == "fsync" and queue_id in life[syncs[0]].rest, life
    assert changes[-1] < syncs[0], life[changes[-1]]
    assert before[0] == "rename" and before[-2:] == ["utimensat", "fchmod"] and mode in life[changes[-1]].rest, before
    sizes = [i for i in changes if life[i].name == "pwrite64" and '"C_' in life[i].rest]
    assert sizes and re.search(r'"C_ +[1-9]', life[sizes[-1]].rest), "the size record is not set"
    return syncs[0]


@pytest.mark.parametrize("size", [10, 200_000], ids=["one-write", "many-writes"])
@pytest.mark.parametrize("queue", ["incoming", "hold"])
def test_commit_of_cleanup(make_mta: Callable[..., Mta], size: int, queue: str) -> None:
    mta = make_mta({**FAST, **({"header_checks": "regexp:{ {/./ HOLD} }"} if queue == "hold" else {})})
    trace = trace_service(mta, "cleanup/unix", "cleanup")
    mta.start()
    queue_id = mta.send(TO, TO, text="Subject: order\n\n" + ("y" * 70 + "\n") * (1 + size // 71))
    life = life_of(trace, "incoming", queue_id)
    synced = assert_durable_in_order(life, queue_id, "0700")
    assert f"/{queue}/{queue_id}" in life[synced].rest
    answers = [i for i, call in enumerate(life) if call.name == "sendmsg"]
    assert len([i for i in answers if i < synced]) == 1, "more was said before the sync than the queue id"
    poll(lambda: any(call.name == "sendmsg" for call in life_of(trace, "incoming", queue_id)[synced + 1:]), 5, "an answer")


def test_commit_of_postdrop(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta(FAST)
    mta.master["pickup/unix"] = None
    mta.configure()
    mta.start()
    trace = mta.dir / "postdrop.trace"
    command = [*STRACE, "-o", str(trace), str(ROOT / "usr/sbin/sendmail"), "-C", str(mta.config), "-f", TO, TO]
    wrapper = mta.dir / "submit"
    wrapper.write_text("#!/bin/sh\nexec " + " ".join(command) + "\n")
    wrapper.chmod(0o755)
    result = mta.run(str(wrapper), input="Subject: order\n\nbody\n")
    assert result.returncode == 0, result
    queue_id = next((mta.queue / "maildrop").iterdir()).name
    life = life_of(trace, "maildrop", queue_id)
    syncs = [i for i, call in enumerate(life) if "sync" in call.name]
    changes = [i for i, call in enumerate(life) if call.name in CHANGES and f"maildrop/{queue_id}" in call.rest]
    assert len(syncs) == 1 and changes[-1] < syncs[0]
    assert [life[i].name for i in changes][-2:] == ["utimensat", "fchmod"] and "0744" in life[changes[-1]].rest


def marked(trace: Path, queue_id: str) -> Call:
    """The call that marks a recipient of this message as done."""
    def mark() -> Optional[Call]:
        return next((call for call in calls(trace) if call.name == "pwrite64" and f"active/{queue_id}" in call.rest
                     and '"D"' in call.rest), None)
    return poll(mark, 5, f"a mark in {trace}")


def test_failure_is_synced_before_the_mark(make_mta: Callable[..., Mta]) -> None:
    sink = Sink(Ledger())
    mta = make_mta(settings(sink))
    bounce, smtp = trace_service(mta, "bounce/unix", "bounce"), trace_service(mta, "smtp/unix", "smtp")
    mta.start()
    queue_id = mta.send(TO, "nobody@sink.test")
    done = marked(smtp, queue_id)
    synced = [call.time for call in calls(bounce) if call.name == "fsync" and f"bounce/{queue_id}" in call.rest]
    assert synced and synced[0] < done.time


@pytest.mark.parametrize("others", [[], ["other@example.test"]], ids=["sole", "one-of-two"])
def test_maildir_is_safe_before_the_queue_file_says_done(make_mta: Callable[..., Mta], others: list[str]) -> None:
    """The message is synced before its name, and its name before a mark; the file of a sole recipient goes after it."""
    mta = make_mta({**FAST, "home_mailbox": "Maildir/", "luser_relay": USER, "local_recipient_maps": ""})
    trace = trace_service(mta, "local/unix", "local")
    mta.start()
    queue_id = mta.send(TO, TO, *others)
    process = marked(trace, queue_id).process
    made = [call for call in calls(trace) if call.process == process]
    name = next(i for i, call in enumerate(made) if call.name in ("renameat2", "link") and "/Maildir/new/" in call.rest)
    mark = next(i for i, call in enumerate(made) if call.name == "pwrite64" and i > name)
    synced = [i for i, call in enumerate(made) if call.name == "fsync"]
    assert any(i < name and "/Maildir/tmp/" in made[i].rest for i in synced)
    if others:
        assert any(name < i < mark and "/Maildir/new>" in made[i].rest for i in synced)
