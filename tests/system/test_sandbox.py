"""The sandbox: services confine themselves, and what becomes of one that its sandbox kills."""
import pwd
import re
from pathlib import Path
from typing import Callable

import pytest

from mta import PRIVILEGED, Mta, poll
from test_master import Session, Toys

MakeMta = Callable[..., Mta]
OPEN = {"local"}


def status(pid: int) -> dict[str, str]:
    """What the kernel says of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def processes(mta: Mta) -> dict[str, dict[str, str]]:
    """Program → status, of all daemons that run now."""
    return {each["Name"]: each for each in map(status, mta.children())}


def test_closed_services_are_confined_and_open_ones_are_not(make_mta: MakeMta) -> None:
    mta = make_mta({"transport_maps": "inline:{ elsewhere.test=discard }"}).start()
    mta.wait_removed(mta.send("someone@example.test", "alice@example.test", "x@elsewhere.test"))
    found = processes(mta)
    assert {"smtpd", "cleanup", "qmgr", "trivial-rewrite", "discard", "local", "postlogd"} <= set(found)
    for name, each in found.items():
        confined = ("0", "0") if name in OPEN else ("1", "2")
        assert (each["NoNewPrivs"], each["Seccomp"]) == confined, name
    assert "sandbox" not in mta.log()


@pytest.mark.skipif(not PRIVILEGED, reason="nothing to give up")
def test_services_are_nobody_but_mail_owner(make_mta: MakeMta) -> None:
    """All four ids, no other group, no capability: the way back is shut."""
    mta = make_mta({"transport_maps": "inline:{ elsewhere.test=discard }"}).start()
    mta.wait_removed(mta.send("someone@example.test", "alice@example.test", "x@elsewhere.test"))
    uid, gid = (str(each) for each in pwd.getpwnam("postfix")[2:4])
    for name, each in processes(mta).items():
        if name in OPEN:
            continue
        assert each["Uid"].split() == [uid] * 4 and each["Gid"].split() == [gid] * 4, name
        assert each["Groups"].split() == [gid], name
        assert {int(each[kind], 16) for kind in ("CapPrm", "CapEff", "CapAmb")} == {0}, name


def test_third_death_by_a_strict_sandbox_in_a_row_eases_it(make_mta: MakeMta) -> None:
    toys = Toys(make_mta, job="forbidden", service_throttle_time="100s")
    toys.mta.start()
    for deaths in range(1, 4):
        Session(toys.port, greeted=False)
        poll(lambda deaths=deaths: len(toys.starts()) > deaths, what="the next process")
    toys.mta.wait_log(rf'warning: service "{toys.port}" \(\S+/toy.py\) runs with sandbox = yes until the next reload')
    assert toys.connect().echo(b"hello") == b"hello"
    assert toys.mta.log().count("killed by signal 31") == 3
    assert "throttling" not in toys.mta.log()
    assert ["-o sandbox=yes " in line for line in toys.starts()] == [False, False, False, True]
    toys.mta.reload()
    Session(toys.port, greeted=False)
    poll(lambda: toys.mta.log().count("killed by signal 31") > 3, what="a strict sandbox again")


def test_no_death_turns_the_usual_sandbox_off(make_mta: MakeMta) -> None:
    """Whoever could make it kill would be free of it; a service that cannot even start rests for a while."""
    toys = Toys(make_mta, job="forbidden", service_throttle_time="100s", sandbox="yes")
    toys.mta.start()
    for deaths in range(1, 4):
        Session(toys.port, greeted=False)
        poll(lambda deaths=deaths: toys.mta.log().count("killed by signal 31") == deaths, what="its end")
    toys.mta.wait_log(rf'warning: service "{toys.port}" \(\S+/toy.py\): its sandbox killed 3 processes in a row')
    assert "sandbox=" not in "".join(toys.starts())
    assert len(toys.starts()) == 3


def test_promises_in_the_manual_are_those_of_the_code() -> None:
    top = Path(__file__).resolve().parents[2]
    row = r"^\| `([\w-]+)` \| ((?:`[\w-]+` ?)+|open)(?:, [^|]*)? \|$"        # behind a comma: what settings add
    written = dict(re.findall(row, (top / "doc/security.md").read_text(), re.M))
    assert written
    for source in top.glob("src/*/*.c"):
        text = source.read_text()
        if "service_main(" not in text or source.parent.name == "service":
            continue
        promises = re.search(r'promises(?:\[\])? = "([^"]*)"', text)
        words = " ".join(f"`{word}`" for word in promises[1].split()) if promises else "open"
        assert written.pop(source.parent.name, None) == words, source
        assert (words == "open") == ("SERVICE_OPEN" in text), source
    assert not written
