"""What root does in directories that others can write."""
import os
import shutil
import socket
from pathlib import Path
from typing import Callable

import pytest

import frames
from mta import PRIVILEGED, Mta

MakeMta = Callable[..., Mta]
REQUEST, RECIPIENT = 16, 17
pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="only root has something to lose")


def plant_link(path: Path, target: Path) -> None:
    """A symbolic link to a file of somebody else."""
    path.symlink_to(target)


def plant_hard_link(path: Path, target: Path) -> None:
    """That file itself, under one more name."""
    os.link(target, path)


def plant_pipe(path: Path, _: Path) -> None:
    """A pipe that nobody writes to."""
    os.mkfifo(path)


def plant_socket(path: Path, _: Path) -> None:
    """A socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


@pytest.mark.parametrize("plant", [plant_link, plant_hard_link, plant_pipe, plant_socket])
def test_agents_of_root_open_no_planted_queue_file_LV19(make_mta: MakeMta, plant: Callable[[Path, Path], None]) -> None:
    mta = make_mta().start()
    victim = mta.dir / "victim"
    victim.write_text("precious\n")
    plant(mta.queue / "hold/ABCDE", victim)
    request = {1: "hold", 2: "ABCDE", 3: "example.test", 4: "a@example.test"}
    with frames.Client(mta.queue / "private/local") as local:
        local.sock.sendall(frames.frame(REQUEST, request, more=True))
        local.sock.sendall(frames.frame(RECIPIENT, {1: "alice@example.test", 5: 9}))
        kind, _ = local.read()
    assert kind == 18
    mta.wait_log(r"postfix/local\[\d+\]: warning: ABCDE: open hold/ABCDE: ")
    assert victim.read_text() == "precious\n"
    assert mta.mailbox("alice") == ""


@pytest.mark.parametrize("kind, suffix", [("hash", "db"), ("lmdb", "lmdb"), ("cdb", "cdb")])
@pytest.mark.parametrize("plant", [plant_link, plant_hard_link])
def test_root_makes_tables_in_a_users_directory_as_that_user_LV20(
        make_mta: MakeMta, kind: str, suffix: str, plant: Callable[[Path, Path], None]) -> None:
    mta = make_mta()
    home = mta.dir / "home"
    home.mkdir()
    victim = mta.dir / "victim"
    victim.write_text("precious\n")
    victim.chmod(0o600)
    (home / "table").write_text("key value\n")
    for name in (f"table.{suffix}", f"table.{suffix}.tmp"):
        plant(home / name, victim)
    for path in (home, home / "table"):
        shutil.chown(path, "alice", "alice")
    mta.run("postmap", f"{kind}:{home}/table")
    assert victim.read_text() == "precious\n" and victim.stat().st_uid == 0
    for path in home.glob("table*"):
        assert path.is_symlink() or path.stat().st_ino == victim.stat().st_ino or path.stat().st_uid != 0
