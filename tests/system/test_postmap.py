"""postmap and postalias as commands: files, exit codes and words."""
import os
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ.get("POSTHASTE_BUILD", Path(__file__).parents[2] / "build")) / "sbin"


@pytest.fixture
def run(tmp_path):
    """Runs a command with a configuration of its own."""
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\nmyhostname = mail.example.test\n")

    def call(command, *args, text=""):
        return subprocess.run([BIN / command, "-c", tmp_path, *args], input=text, capture_output=True, text=True,
                              timeout=30)
    return call


@pytest.mark.parametrize("kind, suffix", [("hash", "db"), ("btree", "db"), ("lmdb", "lmdb"), ("cdb", "cdb")])
def test_build_and_query(run, tmp_path, kind, suffix):
    source = tmp_path / "table"
    source.write_text("One  1\ntwo two\n  words\n")
    source.chmod(0o640)
    assert run("postmap", f"{kind}:{source}").returncode == 0
    assert (tmp_path / f"table.{suffix}").stat().st_mode & 0o777 == 0o640
    assert run("postmap", "-q", "ONE", f"{kind}:{source}").stdout == "1\n"
    assert run("postmap", "-q", "-", f"{kind}:{source}", text="two\nthree\n").stdout == "two\ttwo  words\n"
    assert run("postmap", "-q", "three", f"{kind}:{source}").returncode == 1


def test_failed_build_leaves_the_old_table(run, tmp_path):
    source, secret = tmp_path / "table", tmp_path / "secret"
    secret.write_text("s3cret")
    source.write_text(f"a {secret}\n")
    assert run("postmap", "-F", f"hash:{source}").returncode == 0
    source.write_text(f"a {tmp_path}/missing\n")
    result = run("postmap", "-F", f"hash:{source}")
    assert result.returncode == 1 and "missing" in result.stderr
    assert run("postmap", "-Fq", "a", f"hash:{source}").stdout == "s3cret"
    assert not (tmp_path / "table.db.tmp").exists()


# TB9
def test_database_holds_only_what_was_stored(run, tmp_path):
    source = tmp_path / "table"
    source.write_text("key value\n")
    os.environ["SENTINEL"] = "do not store me"
    assert run("postmap", f"hash:{source}").returncode == 0
    content = (tmp_path / "table.db").read_bytes()
    assert b"key" in content and b"main.cf" not in content and b"hash:" not in content and b"SENTINEL" not in content


@pytest.mark.parametrize("line, name, values", [
    ("root: alice", "root", "alice"), ('"x y" : z', '"x y"', "z"), ('"plain": z', "plain", "z"),
    ("list: a,  b ,\n  c", "list", "a, b, c"), ('cmd: "|/bin/cat -u, x"', "cmd", '"|/bin/cat -u, x"'),
    ("file: /var/mail/x, :include:/etc/l", "file", "/var/mail/x, :include:/etc/l"),
    ("c: a (one, two) b, d", "c", "a (one, two) b, d")])
def test_alias_lines(run, tmp_path, line, name, values):
    source = tmp_path / "aliases"
    source.write_text(line + "\n")
    assert run("postalias", f"hash:{source}").stderr == ""
    assert f"{name}:\t{values}" in run("postalias", "-s", f"hash:{source}").stdout.splitlines()


@pytest.mark.parametrize("line", ["no colon", "two words: x", "empty:", ": x", '"open: x'])
def test_bad_alias_lines_are_named_and_skipped(run, tmp_path, line):
    source = tmp_path / "aliases"
    source.write_text(f"good: x\n{line}\n")
    result = run("postalias", f"hash:{source}")
    assert result.returncode == 0 and f"{source}, line 2: " in result.stderr
    assert run("postalias", "-q", "good", f"hash:{source}").stdout == "x\n"


@pytest.mark.parametrize("args", [[], ["-Z", "hash:x"], ["-q", "a", "-d", "b", "inline:{a=b}"], ["-r", "-w", "hash:x"],
                                  ["-b", "-q", "key", "inline:{a=b}"], ["nosuchtype:/etc/hosts"]])
def test_wrong_use(run, args):
    result = run("postmap", *args)
    assert result.returncode == 1 and result.stderr and not result.stdout
