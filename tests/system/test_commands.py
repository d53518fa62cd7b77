"""The small commands: what they show, and what they say when they cannot."""
import os
import re
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

from conftest import new_mta
from mta import PRIVILEGED, Mta

QUEUE = Path(__file__).resolve().parents[1] / "data/queue"


@pytest.fixture(scope="module")
def plain() -> Iterator[Mta]:
    """An instance that never runs."""
    mta = new_mta()
    mta.postfix("check")
    yield mta
    mta.__exit__()


def test_postcat_shows_records(plain: Mta) -> None:
    file = QUEUE / "hold.queue"

    def postcat(*args: object) -> list[str]:
        result = plain.run("postcat", *args, file, check=True)
        assert result.stderr == ""
        return result.stdout.splitlines()
    plainly, named = postcat("-r"), postcat("-rv")
    assert not [line for line in plainly if line.startswith(("pointer_record", "padding"))]
    assert [line for line in named if line.startswith("pointer_record: ")] and "regular_text: Subject: x" in named
    decimal = postcat("-ed")
    assert [line for line in decimal if re.match(r" 65 create_time: \w{3} ", line)]
    assert [line for line in decimal if re.match(r" 77 \*\*\* MESSAGE CONTENTS", line)] and decimal[-1].startswith(" 69 *** ")
    assert re.match(r" +\d+ \*\*\* MESSAGE FILE END", postcat("-eo")[-1])
    assert [line for line in postcat("-f") if not line.startswith(f"{file}: ")] == []
    assert postcat("-h")[-1].startswith("From: ") and "Subject: x" not in postcat("-b")


@pytest.mark.parametrize("content, complaint", [
    (b"", "unfinished or damaged"), (bytes(range(200, 0, -2)), "unfinished or damaged"), (b"C\xff\xff\xff\xff\xff\x7f", "damaged"),
    (b"\0" * 5000, "damaged"), ((QUEUE / "hold.queue").read_bytes()[:500], "unfinished or damaged")],
    ids=["empty", "junk", "huge record", "zeros", "half"])
def test_postcat_of_what_is_no_queue_file(plain: Mta, content: bytes, complaint: str) -> None:
    (plain.dir / "odd").write_bytes(content)
    result = plain.run("postcat", plain.dir / "odd")
    assert result.returncode == 1 and complaint in result.stderr and str(plain.dir / "odd") in result.stderr


def test_postlock_makes_nothing_behind_a_link_and_waits_for_no_reader(plain: Mta) -> None:
    box = plain.dir / "box"
    box.mkdir()
    (box / "link").symlink_to("file")
    os.mkfifo(box / "pipe")

    def postlock(name: str) -> int:
        return plain.run("postlock", "-l", "fcntl", box / name, "true").returncode
    assert (postlock("link"), (box / "file").exists()) == (75, False)
    assert postlock("pipe") == 75
    assert (postlock("file"), (box / "file").stat().st_mode & 0o777) == (0, 0o600)
    assert postlock("link") == 0


@pytest.mark.skipif(not PRIVILEGED, reason="for the superuser")
def test_postsuper_tells_what_it_did(plain: Mta) -> None:
    for option, text in {"-d": "Deleted", "-h": "Placed on hold", "-H": "Released from hold", "-r": "Requeued"}.items():
        result = plain.run("postsuper", option, "ALL", check=True)
        assert f"{text}: 0 messages" in result.stderr
    assert plain.run("postsuper", "-s", check=True).stderr == ""
    shutil.copy(QUEUE / "hold.queue", plain.queue / "hold/0123456789A")
    listing = "0123456789A     318 Tue Nov 17 16:03:40  x@y.test\n" + " " * 200 + "0123456789A\n0123456789A\r\n"
    assert "Deleted: 0 messages\n" in plain.run("postsuper", "-d", "-", input=listing).stderr  # ids only, one a line
    assert "Deleted: 1 message\n" in plain.run("postsuper", "-d", "-", "hold", input="0123456789A\nnonsense/..\n").stderr
    assert "invalid queue name: nosuchqueue" in plain.run("postsuper", "-d", "ALL", "nosuchqueue").stderr


@pytest.mark.parametrize("command, args, code, message", [
    ("postkick", ["a", "b"], 1, "usage"), ("postkick", ["public", "nosuch", "W"], 1, "public/nosuch: No such file"),
    ("postlock", ["-l", "nosuch", "/x", "true"], 75, "nosuch"), ("postlog", ["-p", "nosuch", "x"], 1, "nosuch"),
    ("postmulti", [], 1, "usage"), ("postmulti", ["-e", "nosuch"], 1, "bad action"), ("postmulti", ["-l", "-p", "x"], 1, "usage"),
    ("postmulti", ["-i", "-", "-x", "sh", "-c", "exit 3"], 3, ""), ("postcat", ["-q", "../x"], 1, "bad mail queue ID"),
    ("postcat", ["-s", "x", "/dev/null"], 1, "bad offset"), ("qshape", ["-b", "x"], 1, "x"),
    ("qshape", ["nosuchqueue"], 1, "nosuchqueue")])
def test_bad_usage(plain: Mta, command: str, args: list[str], code: int, message: str) -> None:
    result = plain.run(command, *args)
    assert (result.returncode, message in result.stderr) == (code, True), result
