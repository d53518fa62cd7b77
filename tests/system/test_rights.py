"""What a user says in his files is done with his rights and nothing else: users try here to reach what is not theirs."""
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

HOME = BASE / "home/alice"
OTHERS = BASE / "others"		# nothing below it is alice's
TEXT = "Subject: x\n\nroot::0:0::/:/bin/sh\n"


def fill_others() -> None:
    """Files and directories of root and of bob, with secrets in them."""
    shutil.rmtree(OTHERS, ignore_errors=True)
    for owner in ("root", "bob"):
        home = OTHERS / owner
        for name in ("", "md", "md/tmp", "md/new", "md/cur"):
            (home / name).mkdir(parents=name == "")
            (home / name).chmod(0o755)
            shutil.chown(home / name, owner, owner)
        for name, mode in (("secret", 0o600), ("open", 0o644), ("list", 0o600)):
            (home / name).write_text("secret-of-others@example.test\n")
            (home / name).chmod(mode)
            shutil.chown(home / name, owner, owner)


def snapshot(*roots: Path) -> dict[str, tuple[object, ...]]:
    """All that could change below some directories."""
    found = {}
    for root in roots:
        for path in [root, *root.rglob("*")]:
            at = path.lstat()
            found[str(path)] = (at.st_mode, at.st_uid, at.st_gid, path.read_bytes() if stat.S_ISREG(at.st_mode) else sorted(os.listdir(path))
                                if stat.S_ISDIR(at.st_mode) else "")
    return found


@pytest.fixture(scope="module")
def mta() -> Iterator[Mta]:
    """Everything is allowed that can be."""
    everything = {"allow_mail_to_commands": "alias, forward, include", "allow_mail_to_files": "alias, forward, include", "recipient_delimiter": "+",
                  "alias_maps": "texthash:$config_directory/aliases", "deliver_lock_attempts": "1", "command_time_limit": "5s"}
    each = Mta(BASE / "rights", everything)
    (each.config / "aliases").write_text(f"drop {OTHERS}/root/open\nrun \"|cat {OTHERS}/root/secret >{BASE}/rights/mail/stolen && "
                                         f"echo x >{OTHERS}/root/open\"\nmade {OTHERS}/root/made\nmd {OTHERS}/root/md/\n")
    with each:
        yield each


@pytest.fixture(autouse=True)
def others(mta: Mta) -> Iterator[None]:
    """What belongs to others is as it was, whatever a test did."""
    fill_others()
    before = snapshot(OTHERS, mta.config)
    yield
    shown = mta.log() + ("" if (mta.mail / "bob").is_symlink() else mta.mailbox("bob"))
    stolen = [path for path in mta.mail.glob("stolen*") if path.read_text()]
    for entry in [*HOME.iterdir(), *mta.mail.iterdir()]:
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    assert snapshot(OTHERS, mta.config) == before and not stolen and "secret-of-others" not in shown


def outcomes(mta: Mta, to: str = "alice@example.test") -> list[tuple[str, str, str]]:
    """Send; status, code and words of all that was tried first."""
    queue_id = mta.send("bob@example.test", to, text=TEXT)
    poll(lambda: re.search(rf"{queue_id}: (removed$|.*status=deferred)", mta.log(), re.M), what="end of delivery")
    return [(found[1], found[0], found[2]) for found in re.findall(rf"{queue_id}: to=.*dsn=([\d.]+), status=(\w+) \((.*)\)$", mta.log(), re.M)]


def of_alice(name: str, text: str, mode: int = 0o644) -> Path:
    """A file in her home."""
    path = HOME / name
    path.write_text(text)
    path.chmod(mode)
    shutil.chown(path, "alice", "alice")
    return path


FILES = [f"{OTHERS}/{owner}/{name}" for owner in ("root", "bob") for name in ("secret", "open", "made", "md/", "md/new/made", "newdir/")]


@pytest.mark.parametrize("path", [*FILES, "/etc/passwd", "/etc/made", "/made", "/proc/sys/kernel/core_pattern", "/dev/sda", f"{BASE}/rights/queue/maildrop/ABCDEF01",
                                  f"{BASE}/rights/queue/public/made", f"{BASE}/rights/etc/main.cf", f"{OTHERS}/bob/../root/open"])
def test_files_of_others_in_forward(mta: Mta, path: str) -> None:
    """Neither written nor made, and the sender or the log hears why."""
    before = Path(path).read_bytes() if path == "/etc/passwd" else None
    of_alice(".forward", f"{path}\n")
    (found,) = outcomes(mta)
    assert found[0] in ("deferred", "bounced") and found[2]
    assert before is None or Path(path).read_bytes() == before
    assert Path(path).exists() == (Path(path).name in ("secret", "open", "passwd", "core_pattern", "main.cf", "md", "sda") and Path(path).exists())


@pytest.mark.parametrize("target", FILES)
@pytest.mark.parametrize("kind", ["link", "directory"])
def test_links_to_others(mta: Mta, kind: str, target: str) -> None:
    """In her own home, as the name itself or on the way to it."""
    link = HOME / "link"
    link.symlink_to(target.rstrip("/") if kind == "link" else os.path.dirname(target.rstrip("/")))
    os.lchown(link, 2111, 2111)
    name = f"{link}{'/' if target.endswith('/') else ''}" if kind == "link" else f"{link}/{os.path.basename(target.rstrip('/'))}"
    of_alice(".forward", f"{name}\n")
    assert outcomes(mta)[0][0] in ("deferred", "bounced")


@pytest.mark.parametrize("name", ["root/secret", "root/list", "bob/secret", "root/md", "nothing"])
def test_lists_that_alice_cannot_read(mta: Mta, name: str) -> None:
    """Nothing of them reaches a log or a notice (the fixture looks)."""
    of_alice(".forward", f":include:{OTHERS}/{name}\n")
    assert outcomes(mta)[0][0] in ("bounced", "deferred")
    poll(lambda: "mail queue is empty" in mta.run("postqueue", "-p").stdout.lower() or "deferred" in mta.log(), what="a notice")


def test_include_of_a_pipe_or_device_is_no_wait(mta: Mta) -> None:
    os.mkfifo(HOME / "fifo")
    shutil.chown(HOME / "fifo", "alice")
    of_alice(".forward", f":include:{HOME}/fifo\n:include:/dev/zero\n:include:{HOME}\n")
    assert [each[:2] for each in outcomes(mta)] == [("bounced", "5.3.5")] * 3


SCRIPT = f"""#!/bin/sh
for owner in root bob; do
	cat {OTHERS}/$owner/secret
	echo x >>{OTHERS}/$owner/open
	rm -f {OTHERS}/$owner/open
	touch {OTHERS}/$owner/made
	ln -sf /etc/passwd {OTHERS}/$owner/link
done >{HOME}/found 2>/dev/null
kill -9 $PPID
touch maildrop/ABCDEF02 public/made active/made 2>/dev/null
ls -d /proc/self/fd/* | wc -l >{HOME}/descriptors
id -u >{HOME}/id; id -G >>{HOME}/id; umask >>{HOME}/id
exit 0
"""


@pytest.mark.parametrize("way", [".forward", "include", "mailbox_command"])
def test_commands_of_alice(mta: Mta, make_mta: Callable[..., Mta], way: str) -> None:
    of_alice("script", SCRIPT, 0o755)
    if way == "mailbox_command":
        mta = make_mta({"mailbox_command": f"{HOME}/script"}).start()
    elif way == "include":
        of_alice("list", f"|{HOME}/script\n")
    if way != "mailbox_command":
        of_alice(".forward", f"|{HOME}/script\n" if way == ".forward" else f":include:{HOME}/list\n")
    assert outcomes(mta)[0][:2] == ("sent", "2.0.0")
    assert (HOME / "found").read_text() == "" and (HOME / "id").read_text().split() == ["2111", "2111", "0077"]
    assert not (mta.queue / "maildrop/ABCDEF02").exists() and not (mta.queue / "public/made").exists()


@pytest.mark.parametrize("alias", ["drop", "run", "made", "md"])
def test_aliases_of_root_have_no_rights_of_root(mta: Mta, alias: str) -> None:
    """They are followed as default_privs."""
    assert outcomes(mta, f"{alias}@example.test")[0][0] in ("deferred", "bounced")


@pytest.mark.parametrize("target", ["root/open", "bob/open", "bob/secret", "root/made"])
def test_links_in_the_spool(mta: Mta, target: str) -> None:
    """Where everybody may write, alice plants one for her own mailbox, and for that of bob."""
    for user in ("alice", "bob"):
        (mta.mail / user).symlink_to(OTHERS / target)
        os.lchown(mta.mail / user, 2111, 2111)
        assert outcomes(mta, f"{user}@example.test")[0][0] in ("deferred", "bounced")


@pytest.mark.parametrize("home_mailbox", ["box", "md/"])
@pytest.mark.parametrize("owner", ["root", "bob"])
def test_links_in_the_home(mta: Mta, make_mta: Callable[..., Mta], home_mailbox: str, owner: str) -> None:
    own = make_mta({"home_mailbox": home_mailbox, "deliver_lock_attempts": "1"}).start()
    if home_mailbox == "box":
        (HOME / "box").symlink_to(OTHERS / owner / "open")
    else:
        (HOME / "md").mkdir()
        shutil.chown(HOME / "md", "alice")
        for name in ("tmp", "new", "cur"):
            (HOME / "md" / name).symlink_to(OTHERS / owner / "md" / name)
    assert outcomes(own)[0][0] in ("deferred", "bounced")


def test_dot_forward_of_others(mta: Mta) -> None:
    """A link to what root alone can read is no .forward."""
    (HOME / ".forward").symlink_to(OTHERS / "root/secret")
    assert outcomes(mta)[0] == ("sent", "2.0.0", "delivered to mailbox")
