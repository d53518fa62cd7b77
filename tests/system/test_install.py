"""What `make install` lays out."""
import os
import stat

from mta import ROOT


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
