"""qshape: the queue by domain and age."""
import os
import time

import pytest

from mta import Mta, free_port, poll


@pytest.fixture(name="mta", scope="module")
def _mta(request: pytest.FixtureRequest) -> Mta:
    from conftest import new_mta
    mta = new_mta({"default_transport": f"smtp:[127.0.0.1]:{free_port()}"})
    request.addfinalizer(mta.__exit__)
    mta.start()
    for sender, recipients in (("s@one.test", ["a@x.example.org", "b@x.example.org", "c@y.example.org"]),
                               ("s@two.test", ["a@z.example.org"]), ("", ["a@other.example"])):
        mta.send(sender, *recipients)
    poll(lambda: len([path for path in (mta.queue / "deferred").rglob("*") if path.is_file()]) == 3, 10, "deferred mail")
    return mta


def rows(mta: Mta, *arguments: str) -> list[list[str]]:
    """The table as words."""
    result = mta.run("qshape", *arguments)
    assert result.returncode == 0, result
    return [line.split() for line in result.stdout.splitlines()]


def test_recipients(mta: Mta) -> None:
    table = rows(mta, "deferred")
    assert table[0] == ["T", "5", "10", "20", "40", "80", "160", "320", "640", "1280", "1280+"]
    assert table[1][:3] == ["TOTAL", "5", "5"]
    assert table[2][:2] == ["x.example.org", "2"] and len(table) == 6


def test_senders(mta: Mta) -> None:
    assert sorted(row[0] for row in rows(mta, "-s", "deferred")[2:]) == ["MAILER-DAEMON", "one.test", "two.test"]


def test_parents_and_columns(mta: Mta) -> None:
    table = rows(mta, "-p", "-m", "3", "-b", "3", "-l", "-t", "7", "deferred")
    assert table[0] == ["T", "7", "14", "14+"]
    assert [".example.org", "4", "4", "0", "0"] in table
    assert not [row for row in rows(mta, "-p", "-m", "4", "deferred") if row[0] == ".example.org"]


def test_width(mta: Mta) -> None:
    for width in (40, 80, 90):
        lines = mta.run("qshape", "-w", str(width), "-b", "18", "deferred").stdout.splitlines()
        assert {len(line) for line in lines} == {max(width, 92)}
    lines = mta.run("qshape", "deferred").stdout.splitlines()
    assert lines[0] == " " * 41 + "T  5 10 20 40 80 160 320 640 1280 1280+" and lines[1].startswith(" " * 34 + "TOTAL  5  5  0")


def test_usual_queues_and_errors(mta: Mta) -> None:
    assert rows(mta)[1][:2] == ["TOTAL", "0"]
    result = mta.run("qshape", "nosuch")
    assert result.returncode == 1 and "nosuch" in result.stderr
    assert mta.run("qshape", "-b", "0").returncode == 1


def test_junk_is_no_mail(mta: Mta) -> None:
    junk = mta.queue / "hold" / "4F0C12345Z"
    junk.write_bytes(os.urandom(500))
    os.utime(junk, (time.time(), time.time()))
    assert rows(mta, "hold")[1][:2] == ["TOTAL", "0"]
    junk.unlink()
