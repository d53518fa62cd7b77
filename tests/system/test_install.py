"""What `make install` lays out."""
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Callable

import mta
import pytest
from mta import ROOT, Mta

TOP = Path(__file__).resolve().parents[2]
BUILT_FROM = ("Makefile", "config.mk", "config.h", "build", "conf", "dev", "man", "src")


def test_programs_and_links() -> None:
    daemons = next(path for path in (ROOT / "usr/libexec/postfix", ROOT / "usr/lib/postfix/sbin") if path.is_dir())
    for name in ("master", "smtpd", "cleanup", "qmgr", "smtp", "lmtp", "local", "bounce", "pickup", "trivial-rewrite"):
        assert stat.S_IMODE((daemons / name).stat().st_mode) == 0o755, name
    for name in ("postfix", "postconf", "postqueue", "postdrop", "sendmail", "postmap", "postsuper"):
        assert os.access(ROOT / "usr/sbin" / name, os.X_OK), name
    for name in ("mailq", "newaliases"):
        assert (ROOT / "usr/bin" / name).resolve() == ROOT.resolve() / "usr/sbin/sendmail"
    for name in ("main.cf", "master.cf"):
        assert stat.S_IMODE((ROOT / "etc/postfix" / name).stat().st_mode) == 0o644


def test_each_program_has_its_manual() -> None:
    programs = [path.name for folder in ("usr/sbin", "usr/bin", "usr/libexec/postfix", "usr/lib/postfix/sbin")
                if (ROOT / folder).is_dir() for path in (ROOT / folder).iterdir()]
    manuals = {path.stem for path in (ROOT / "usr/share/man").rglob("*.[18]") if path.exists()}
    assert not set(programs) - manuals


def test_manual_of_each_parameter(make_mta: Callable[..., Mta]) -> None:
    manual = (ROOT / "usr/share/man/man5/postconf.5").read_text()
    described = set(re.findall(r"^\.It Cm (\w+) Pq default:", manual, re.M))
    of_transports = tuple(re.findall(r"^\.It Ar transport Ns Cm (\w+) Pq default:", manual, re.M))
    names = {line.split(" =")[0] for line in make_mta().run("postconf", "-d").stdout.splitlines()}
    assert len(names) > 900 and not [name for name in names - described if not name.endswith(of_transports)]
    assert ".It Cm address_verify_poll_delay" not in (ROOT / "usr/share/man/man8/verify.8").read_text()
    assert ".It Cm address_verify_map Pq default:" in (ROOT / "usr/share/man/man8/verify.8").read_text()


@pytest.fixture(name="debian_layout")
def _debian_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation in Debian's places, from a copy of the built tree: only what knows of places is compiled again."""
    if not (TOP / "build").is_dir():
        pytest.skip("the tree is not built")
    tree, root = tmp_path / "tree", tmp_path / "root"
    tree.mkdir()
    subprocess.run(["cp", "-a", *BUILT_FROM, str(tree)], cwd=TOP, check=True)
    subprocess.run(["dev/configure", "--layout=debian"], cwd=tree, check=True)
    subprocess.run(["make", "-s", "Q=@", f"-j{os.cpu_count()}", "install", f"DESTDIR={root}"], cwd=tree, check=True)
    shutil.rmtree(tree)
    monkeypatch.setattr(mta, "ROOT", root)
    return root


def test_debian_layout(debian_layout: Path, make_mta: Callable[..., Mta]) -> None:
    assert not (debian_layout / "usr/libexec").exists()
    instance = make_mta()
    built_in = instance.run("postconf", "-d", "-h", "daemon_directory", "shlib_directory").stdout.split()
    assert built_in == ["/usr/lib/postfix/sbin", "/usr/lib/postfix"]
    with instance:
        instance.send("sender@example.test", "alice@example.test", text="Subject: from Debian's places\n\nbody\n")
        instance.wait_mail("alice", "from Debian's places")
        program = os.readlink(f"/proc/{instance.master_pid()}/exe")
    assert program == str(debian_layout / "usr/lib/postfix/sbin/master")
