"""Damaged queue files: set aside with a line in the log, one by one, while all other mail goes on."""
import os
import re
from typing import Callable

import pytest

from load import FAST, USER, queue_files
from mta import Mta, poll
from queue_file import Record, encode, good, own, parts, put, size_record

MakeMta = Callable[..., Mta]
TO = f"{USER}@example.test"


def sized(change: Callable[[list[int]], None]) -> bytes:
    """A good file but for what its size record says."""
    data = good(TO, "lying")
    numbers = [int(each) for each in data[2:97].split()]
    change(numbers)
    return encode([size_record(*numbers)]) + data[97:]


def with_record(record: Record) -> bytes:
    """A good file with one more record in its envelope."""
    envelope, content = parts(TO, "strange")
    offset = len(encode([size_record(*[0] * 6), *envelope, record, ("M", b"")]))
    size = len(encode(content))
    return encode([size_record(size, offset, 1, 0, size, 0), *envelope, record, ("M", b""), *content, ("X", b""),
                   ("E", b"")])


def without(kind: str) -> bytes:
    """A good file without the records of one type."""
    envelope, content = parts(TO, "incomplete")
    envelope = [each for each in envelope if each[0] != kind]
    offset = len(encode([size_record(*[0] * 6), *envelope, ("M", b"")]))
    size = len(encode(content))
    return encode([size_record(size, offset, 1, 0, size, 0), *envelope, ("M", b""), *content, ("X", b""), ("E", b"")])


WHOLE = good(TO, "whole")
DAMAGES = {
    "empty": b"", "one byte": WHOLE[:1], "size record cut": WHOLE[:50], "size record only": WHOLE[:97],
    "envelope cut": WHOLE[:150], "content cut": WHOLE[:-30], "no end record": WHOLE[:-2], "half an end": WHOLE[:-1],
    "zeros": bytes(4096), "noise": bytes(range(256)) * 16, "text": b"From: somebody\n\nhello\n" * 50,
    "size of content too large": sized(lambda n: n.__setitem__(0, 10**9)),
    "content behind the file": sized(lambda n: n.__setitem__(1, 10**9)),
    "content inside of the envelope": sized(lambda n: n.__setitem__(1, 120)),
    "unknown flags": sized(lambda n: n.__setitem__(3, 1 << 20)),
    "size as text": encode([("C", b"x" * 95)]) + WHOLE[97:],
    "type 0 CQ5": with_record(("\0", b"x")), "unknown type": with_record(("q", b"x")),
    "length without end CQ5": WHOLE[:97] + b"A" + b"\xff" * 9,
    "length beyond the file CQ5": WHOLE[:97] + b"A\xff\xff\xff\x7f" + WHOLE[99:],
    "pointer to itself CQ7": with_record(("p", b"%15d" % 97)), "pointer as text": with_record(("p", b"nowhere at all!")),
    "bad warning time CQ6": with_record(("W", b"soon")),
    "no sender": without("S"), "no time": without("T"),
}
# What a reader can do without.
TOLERATED = {
    "size of content negative": sized(lambda n: n.__setitem__(0, -5)),
    "content before the file": sized(lambda n: n.__setitem__(1, -97)),
    "second time is none CQ6": with_record(("T", b"")),
}


def stopped(make_mta: MakeMta) -> Mta:
    """An instance that was started once, so that its queue is there."""
    mta = make_mta(FAST)
    mta.configure(mail_spool_directory=f"{mta.mail}/")
    assert mta.postfix("check").returncode == 0
    return mta


def delivered(mta: Mta, marker: str) -> int:
    """How many files of the mailbox hold it."""
    new = mta.mail / USER / "new"
    return sum(marker in path.read_text() for path in new.iterdir()) if new.is_dir() else 0


def wait_delivered(mta: Mta, marker: str) -> None:
    """Until the mailbox has it."""
    try:
        poll(lambda: delivered(mta, marker), 10, marker)
    except AssertionError:
        raise AssertionError(mta.log()) from None


def test_each_damage_is_set_aside_CQ17(make_mta: MakeMta) -> None:
    mta = stopped(make_mta)
    queues = ["incoming", "active", "deferred"]
    placed = {name: put(mta, queues[i % 3], data) for i, (name, data) in enumerate(DAMAGES.items())}
    for each in (good(TO, "mark-good"), *TOLERATED.values()):
        put(mta, "incoming", each)
    mta.start()
    wait_delivered(mta, "mark-good")
    manager = poll(lambda: mta.children("qmgr"), what="qmgr")
    for name, queue_id in placed.items():
        try:
            poll(lambda: (mta.queue / "corrupt" / queue_id).exists(), 10, f"{name} in corrupt")
        except AssertionError as error:
            raise AssertionError(f"{error}: {queue_files(mta)}\n{mta.log()}") from None
        mta.wait_log(rf"saving corrupt file \"{queue_id}\"")
    assert mta.children("qmgr") == manager
    assert not re.search(r"panic:|fatal:|killed by signal|exit status", mta.log())
    mta.send(TO, TO, text="Subject: mark-after\n\nbody\n")
    wait_delivered(mta, "mark-after")
    poll(lambda: (delivered(mta, "lying"), delivered(mta, "strange")) == (2, 1), 10, "what can be read")


@pytest.mark.parametrize("settings", [{"mail_spool_directory": "MAIL/"}, {"mail_spool_directory": "MAIL"},
                                      {"mailbox_command": "cat >/dev/null"}, {"alias_maps": f"inline:{{{USER}=far@far.test}}"}])
def test_damage_within_the_content_is_found_by_agents_CQ17(make_mta: MakeMta, settings: dict[str, str]) -> None:
    """qmgr does not look there: whoever finds it tells the others, and what he wrote of it is taken back."""
    whole, text = good(TO, "within"), encode(parts(TO, "within")[1])
    assert whole.count(text) == 1
    mta = stopped(make_mta)
    mta.configure(**{name: value.replace("MAIL", str(mta.mail)) for name, value in settings.items()})
    queue_id = put(mta, "incoming", whole.replace(text, text[:20] + b"N" + b"\xff" * (len(text) - 21)))
    mta.start()
    poll(lambda: (mta.queue / "corrupt" / queue_id).exists(), 10, "the file in corrupt")
    assert not re.search(r"status=(sent|bounced)|panic:|fatal:", mta.log())
    assert not [path for path in mta.mail.rglob("*") if path.is_file() and path.stat().st_size > 0]


def test_what_is_no_complete_queue_file_is_left_alone(make_mta: MakeMta) -> None:
    mta = stopped(make_mta)
    incoming = mta.queue / "incoming"
    for mode in (0o600, 0o400, 0o500, 0o300):
        put(mta, "incoming", good(TO, "mark-unfinished"), mode)
    elsewhere = mta.dir / "elsewhere"
    elsewhere.write_bytes(good(TO, "mark-linked"))
    own(elsewhere)
    (incoming / "0AB12CD34").symlink_to(elsewhere)
    (incoming / "0AB12CD35").mkdir(0o700)
    os.mkfifo(incoming / "0AB12CD36", 0o700)
    (incoming / "no-queue-id").write_bytes(good(TO, "mark-named"))
    own(incoming / "no-queue-id")
    before = sorted(os.listdir(incoming))
    put(mta, "incoming", good(TO, "mark-good"))
    mta.start()
    wait_delivered(mta, "mark-good")
    mta.run("postkick", "public", "qmgr", "FDAI")
    poll(lambda: sorted(os.listdir(incoming)) == before, 10, f"{before} to be left alone: {os.listdir(incoming)}")
    assert [delivered(mta, f"mark-{each}") for each in ("unfinished", "linked", "named")] == [0, 0, 0]
    assert not queue_files(mta, "corrupt", "active", "deferred")


@pytest.mark.parametrize("first,second", [("incoming", "active"), ("incoming", "deferred"), ("active", "deferred"),
                                          ("active", "hold"), ("deferred", "hold")])
def test_a_file_in_two_queues_is_one_message(make_mta: MakeMta, first: str, second: str) -> None:
    """A power cut may undo half of a rename. In hold nothing is lost, and what was delivered stays so."""
    mta = stopped(make_mta)
    queue_id = put(mta, first, good(TO, "mark-twice"))
    found = next((mta.queue / first).rglob(queue_id))
    other = mta.queue / second / (f"{queue_id[0]}/{queue_id}" if second == "deferred" else queue_id)
    if not other.parent.is_dir():
        other.parent.mkdir()
        own(other.parent)
    os.link(found, other)
    put(mta, "incoming", good(TO, "mark-good"))
    mta.start()
    wait_delivered(mta, "mark-good")
    wait_delivered(mta, "mark-twice")
    mta.run("postsuper", "-H", "ALL")
    mta.run("postkick", "public", "qmgr", "FDAI")
    try:
        poll(lambda: queue_files(mta) == [], 10, "the other one to be dropped")
    except AssertionError as error:
        raise AssertionError(f"{error}: {queue_files(mta)}\n{mta.log()}") from None
    assert delivered(mta, "mark-twice") == 1


def test_a_file_that_kills_the_queue_manager_twice(make_mta: MakeMta) -> None:
    """The first two managers die as soon as they lock a file of the queue (behind the lock of their own), while they load it."""
    mta = stopped(make_mta)
    deaths, wrapper = mta.dir / "deaths", mta.dir / "qmgr"
    program = f"{mta.main['daemon_directory']}/qmgr"
    wrapper.write_text(f"""#!/bin/sh
[ "$(wc -l <{deaths})" -lt 2 ] || exec {program} "$@"
echo >>{deaths}
exec strace -qq -o /dev/null -e trace=flock -e inject=flock:signal=SEGV:when=2 {program} "$@"
""")
    wrapper.chmod(0o755)
    deaths.touch()
    mta.master["qmgr/unix"] = f"n - n 1 1 {wrapper}"
    mta.configure()
    queue_id = put(mta, "incoming", good(TO, "mark-deadly"))
    mta.start()
    mta.wait_log(f"{queue_id}: the queue manager died while it loaded this message$")
    mta.wait_log(f"{queue_id}: the queue manager died twice while it loaded this message$")
    poll(lambda: queue_files(mta) == [f"corrupt/{queue_id}"], 5, "the file in corrupt")
    mta.send(TO, TO, text="Subject: mark-after\n\nbody\n")
    wait_delivered(mta, "mark-after")
    assert not delivered(mta, "mark-deadly")
