"""Queue files that another system made: our commands say the same about them, and the mail in them is delivered."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from conftest import new_mta
from mta import ROOT, Mta

DATA = Path(__file__).resolve().parent.parent / "data/queue"
EXPECTED = json.loads((DATA / "expected.json").read_text())
USER = (2101, 2101) if os.geteuid() == 0 else (-1, -1)


def adopt(mta: Mta, name: str, queue: str) -> str:
    """Put a file into a queue under a name that fits its inode, with its log; the name."""
    folder = mta.queue / queue / EXPECTED[name]["id"][0] if queue == "deferred" else mta.queue / queue
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(DATA / f"{name}.queue", folder / "new")
    queue_id = EXPECTED[name]["id"][:5] + format((folder / "new").stat().st_ino, "X")
    (folder / "new").chmod(0o700)
    (folder / "new").rename(folder / queue_id)
    paths = [folder, folder / queue_id]
    if (DATA / f"{name}.defer").exists():
        log = mta.queue / "defer" / queue_id[0] / queue_id
        log.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DATA / f"{name}.defer", log)
        log.chmod(0o600)
        paths += [log.parent, log]
    for path in paths:
        os.chown(path, *USER)
    return queue_id


@pytest.fixture(scope="module")
def stopped() -> Iterator[Mta]:
    """An instance whose queue exists, but that does not run."""
    mta = new_mta()
    mta.start()
    mta.stop()
    yield mta
    mta.__exit__()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_postcat_says_the_same(stopped: Mta, name: str) -> None:
    path = DATA / f"{name}.queue"
    out = subprocess.run([str(ROOT / "usr/sbin/postcat"), "-c", str(stopped.config), str(path)], capture_output=True,
                         check=True).stdout
    assert out.replace(str(path).encode(), b"FILE") == (DATA / f"{name}.postcat").read_bytes()


def by_address(entry: dict) -> list[dict]:
    """The recipients of a listed message, without what newer releases tell of them."""
    known = [{key: each[key] for key in each if key != "orig_address"} for each in entry["recipients"]]
    return sorted(known, key=lambda each: each["address"])


def test_listing_says_the_same(stopped: Mta) -> None:
    ids = {adopt(stopped, name, EXPECTED[name]["queue"]): name for name in EXPECTED}
    lines = stopped.run("postqueue", "-j", check=True).stdout.splitlines()
    listed = {ids[entry["queue_id"]]: entry for entry in map(json.loads, lines)}
    for name, expected in EXPECTED.items():
        got = listed[name]
        for here, there in (("sender", "sender"), ("queue_name", "queue"), ("message_size", "size")):
            assert got[here] == expected[there], name
        assert by_address(got) == by_address(expected), name
    stopped.run("postsuper", "-d", "ALL", check=True)


def content_of(name: str) -> str:
    """The message as postcat showed it."""
    text = (DATA / f"{name}.postcat").read_text("utf-8", "surrogateescape")
    return text.partition("*** MESSAGE CONTENTS FILE ***\n")[2].partition("*** HEADER EXTRACTED FILE ***\n")[0]


def test_mail_of_every_shape_is_delivered(make_mta: Callable[..., Mta]) -> None:
    users = ("one", "two", "also", "copy", "added", "elsewhere", "\u00e4")
    names = sorted(set(EXPECTED) - {"many-recipients", "filter", "two-transports", "bounced-and-deferred"})
    mta = make_mta(main={"mydestination": "example.test, dead.test", "alias_maps": f"inline:{{{', '.join(f'{user}=alice' for user in users)}}}", "local_recipient_maps": "",
                         "smtputf8_enable": "yes", "message_size_limit": "0", "mailbox_size_limit": "0"})
    mta.start()
    mta.stop()
    ids = {name: adopt(mta, name, "incoming") for name in names}
    mta.start()
    mta.postfix("flush")
    for name, queue_id in ids.items():
        mta.wait_removed(queue_id)
    mailbox = mta.mailbox("alice")
    for name in names:
        for line in filter(None, content_of(name).splitlines()):
            assert line[:200] in mailbox or line.startswith("From "), (name, line, re.findall(f".*{ids[name]}.*", mta.log()))
    assert "corrupt" not in mta.log()


DAMAGES = {
    "cut in the envelope": lambda data: data[:300], "cut in the content": lambda data: data[:900],
    "without its end": lambda data: data[:-2], "record of type 0": lambda data: data[:97] + b"\0\0" + data[99:],
    "endless length": lambda data: data[:97] + b"T" + b"\xff" * 8 + data[106:], "nothing": lambda data: b"",
    "text": lambda data: b"Subject: this is no queue file\n" * 9,
    "pointer to itself": lambda data: data[:97] + b"p\x0f%15d" % 97 + data[114:],
}


def test_damaged_files_are_set_aside(make_mta: Callable[..., Mta]) -> None:
    """CQ5, CQ7, CQ17: every program that meets one says so and lives; mail beside it is delivered."""
    mta = make_mta(main={"default_transport": "discard:"})
    mta.start()
    mta.stop()
    good = adopt(mta, "smtp", "incoming")
    bad = {}
    for name, damage in DAMAGES.items():
        queue_id = adopt(mta, "smtp", "incoming")
        path = mta.queue / "incoming" / queue_id
        path.write_bytes(damage(path.read_bytes()))
        bad[queue_id] = name
    listed = mta.run("postqueue", "-j", check=True).stdout
    assert good in listed and not any(queue_id in listed for queue_id in bad)
    for queue_id in bad:
        assert mta.run("postcat", "-q", queue_id).returncode in (0, 1), bad[queue_id]
    mta.start()
    mta.wait_removed(good)
    for queue_id, name in bad.items():
        mta.wait_log(rf"{queue_id}.* from queue \S+ to queue .corrupt")
        assert (mta.queue / "corrupt" / queue_id).exists(), name
    assert not re.search("panic|fatal|killed by signal|exit status", mta.log())
