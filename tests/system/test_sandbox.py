"""The sandbox: services confine themselves, and what becomes of one that its sandbox kills."""
import re
from pathlib import Path
from typing import Callable

from mta import Mta, poll

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
