"""Services in a chroot and without one carry the same mail; what the chroot holds is looked after."""
import os
import re
from pathlib import Path
from typing import Callable, Optional

import pytest

from mta import MASTER, PRIVILEGED, Mta, poll

MakeMta = Callable[..., Mta]
pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="only root changes roots")
OUTSIDE = {"qmgr", "local", "virtual", "pipe", "spawn", "proxymap", "postlogd"}


def chrooted(columns: str) -> str:
    """The columns of a service with the chroot column that Debian gives it."""
    private, unprivileged, _, *rest = columns.split()
    return " ".join([private, unprivileged, "n" if rest[2] in OUTSIDE else "y", *rest])


def with_chroots(make_mta: MakeMta) -> Mta:
    """An instance with them."""
    return make_mta({"transport_maps": "inline:{ elsewhere.test=discard }"},
                    {name: chrooted(columns) for name, columns in MASTER.items()})


def root_of(pid: int) -> tuple[Optional[str], Path]:
    """Program and root directory of a process that may be gone meanwhile."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip(), Path(os.readlink(f"/proc/{pid}/root"))
    except OSError:
        return None, Path("/")


@pytest.mark.parametrize("chroot", [True, False], ids=["chroot", "no chroot"])
def test_mail_goes_through_ST11(make_mta: MakeMta, chroot: bool) -> None:
    mta = with_chroots(make_mta) if chroot else make_mta({"transport_maps": "inline:{ elsewhere.test=discard }"})
    with mta as mta:
        mta.send("someone@example.test", "alice@example.test", "x@elsewhere.test", text="Subject: by SMTP\n\nx\n")
        mta.run("sendmail", "bob@example.test", input="Subject: by sendmail\n\nx\n", check=True)
        mta.wait_mail("alice", "Subject: by SMTP")
        mta.wait_mail("bob", "Subject: by sendmail")
        mta.wait_log(r"postfix/discard\[\d+\]: \w+: to=<x@elsewhere.test>.* status=sent")
        mta.run("sendmail", "-f", "bob@example.test", "nobody-here@example.test", input="Subject: z\n\nz\n", check=True)
        mta.wait_mail("bob", "Undelivered Mail Returned to Sender")
        found = dict(map(root_of, mta.children()))
        assert {"smtpd", "cleanup", "qmgr", "local", "bounce", "trivial-rewrite"} <= set(found)
        for name, root in found.items():
            assert root == (mta.queue if chroot and name not in OUTSIDE else Path("/")), name
        assert not re.findall(r".*(?:warning|error|fatal|panic): .*", mta.log())


@pytest.mark.parametrize("level", ["0", "0.9", "1"])
def test_default_of_the_column_follows_the_compatibility_level(make_mta: MakeMta, level: str) -> None:
    """A dash meant a chroot before level 1."""
    mta = make_mta({"compatibility_level": level, "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination"},
                   {"rewrite/unix": "- - - - - trivial-rewrite"}).start()
    mta.wait_removed(mta.send("someone@example.test", "alice@example.test"))
    before = level != "1"
    roots = dict(map(root_of, mta.children()))
    assert roots["trivial-rewrite"] == (mta.queue if before else Path("/")) and roots["smtpd"] == Path("/")
    told = r"postfix/master\[\d+\]: \S+/master.cf: line \d+: using backwards-compatible default setting chroot=y"
    assert len(re.findall(told, mta.log())) == int(before)


def test_times_are_local_times_in_a_chroot(make_mta: MakeMta) -> None:
    """Time zone files are read before the chroot: all processes log the same hour."""
    with with_chroots(make_mta) as mta:
        mta.wait_removed(mta.send("a@example.test", "alice@example.test"))
        hours = {line.split()[2][:2] for line in mta.log().splitlines()}
        assert len(hours) <= 2


def test_copies_are_refreshed_and_compared(make_mta: MakeMta) -> None:
    mta = with_chroots(make_mta).start()
    copy = mta.queue / "etc/hosts"
    assert copy.read_bytes() == Path("/etc/hosts").read_bytes()
    assert (copy.stat().st_uid, copy.stat().st_mode & 0o7777) == (0, 0o644)
    assert (copy.parent.stat().st_uid, copy.parent.stat().st_mode & 0o7777) == (0, 0o755)
    assert "differ" not in mta.postfix("check").stderr
    copy.write_text("old\n")
    assert f"warning: {copy} and /etc/hosts differ" in mta.postfix("check").stderr
    mta.reload()
    assert copy.read_bytes() == Path("/etc/hosts").read_bytes()


def test_copies_go_nowhere_else_LV19(make_mta: MakeMta) -> None:
    """A link in the place of the directory is not followed."""
    mta = with_chroots(make_mta)
    elsewhere = mta.dir / "elsewhere"
    elsewhere.mkdir()
    (mta.queue / "etc").symlink_to(elsewhere)
    result = mta.postfix("start")
    assert "chroot: etc is not a directory of root that only root may write" in result.stderr
    assert not list(elsewhere.iterdir())


def test_nothing_is_copied_without_a_chroot(make_mta: MakeMta) -> None:
    mta = make_mta().start()
    assert not (mta.queue / "etc").exists()
    poll(mta.running, what="the instance")


@pytest.mark.parametrize("kind", ["hash", "texthash"])
def test_tables_are_watched_from_within_a_chroot(make_mta: MakeMta, kind: str) -> None:
    """Their paths lead nowhere there: one that is as it was is no changed one, and a new one is seen."""
    mta = with_chroots(make_mta)
    table = mta.config / "virtual"
    table.write_text("one@example.test alice\n")
    mta.configure(virtual_alias_maps=f"{kind}:{table}")
    mta.run("postmap", f"hash:{table}", check=True)
    with mta:
        for subject in ("first", "second", "third"):
            mta.send("someone@example.test", "one@example.test", text=f"Subject: {subject}\n\nx\n")
        mta.wait_mail("alice", "Subject: third")
        assert "has changed" not in mta.log()
        (mta.config / "new").write_text("one@example.test bob\n")
        (mta.config / "new").rename(table)
        mta.run("postmap", f"hash:{table}", check=True)
        poll(lambda: mta.send("someone@example.test", "one@example.test") and mta.mailbox("bob"), what="mail by the new table")
