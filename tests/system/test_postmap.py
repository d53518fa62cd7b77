"""postmap and postalias as commands: files, exit codes and words."""
import os
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ.get("POSTHASTE_BUILD", Path(__file__).parents[2] / "build")) / "sbin"


def built(source):
    """What became of a source: without Berkeley DB hash and btree are lmdb files."""
    return next(path for path in (source.with_name(source.name + end) for end in (".db", ".lmdb", ".cdb")) if path.exists())


@pytest.fixture
def run(tmp_path):
    """Runs a command with a configuration of its own."""
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\nmyhostname = mail.example.test\n")

    def call(command, *args, text=""):
        return subprocess.run([BIN / command, "-c", tmp_path, *args], input=text, capture_output=True, text=True,
                              timeout=30)
    return call


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb", "cdb"])
def test_build_and_query(run, tmp_path, kind):
    source = tmp_path / "table"
    source.write_text("One  1\ntwo two\n  words\n")
    source.chmod(0o640)
    assert run("postmap", f"{kind}:{source}").returncode == 0
    assert built(source).stat().st_mode & 0o777 == 0o640
    assert run("postmap", "-q", "ONE", f"{kind}:{source}").stdout == "1\n"
    assert run("postmap", "-q", "-", f"{kind}:{source}", text="two\nthree\n").stdout == "two\ttwo  words\n"
    assert run("postmap", "-q", "three", f"{kind}:{source}").returncode == 1


def test_files_that_cannot_be_read_are_skipped(run, tmp_path):
    """As certificates that are not there yet: all others go into the table."""
    source, secret = tmp_path / "table", tmp_path / "secret"
    secret.write_text("s3cret")
    source.write_text(f"a {secret}\n")
    assert run("postmap", "-F", f"hash:{source}").returncode == 0
    source.write_text(f"b {tmp_path}/missing\nc {secret}\n")
    result = run("postmap", "-F", f"hash:{source}")
    assert result.returncode == 0
    assert result.stderr == (f"postmap: warning: {source}, line 1: open {tmp_path}/missing: No such file or directory: "
                             "skipping this entry\n")
    assert [run("postmap", "-Fq", key, f"hash:{source}").stdout for key in "abc"] == ["", "", "s3cret"]
    assert not list(tmp_path.glob("table.*.tmp"))


MESSAGE = """Subject: one
 two
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: message/rfc822

Subject: inner

text
--b--
"""


@pytest.mark.parametrize("options, keys", [
    ("-h", ["Subject: one\n two", "Content-Type: multipart/mixed; boundary=b"]),
    ("-b", ["preamble", "--b", "Content-Type: message/rfc822", "Subject: inner", "text", "--b--"]),
    ("-hm", ["Subject: one\n two", "Content-Type: multipart/mixed; boundary=b", "Content-Type: message/rfc822", "Subject: inner"]),
    ("-bm", ["preamble", "--b", "text", "--b--"])])
def test_messages_as_keys(run, options, keys):
    result = run("postmap", options + "q", "-", "static:x", text=MESSAGE)
    assert result.stdout == "".join(f"{key}\tx\n" for key in keys)


OWNER = 2113


@pytest.mark.skipif(os.geteuid() != 0, reason="root acts for others")
@pytest.mark.parametrize("kind", ["hash", "lmdb", "cdb"])
@pytest.mark.parametrize("option, owner, mode", [("-v", OWNER, 0o640), ("-o", 0, 0o640), ("-p", OWNER, 0o644)])
def test_owner_and_mode(run, tmp_path, kind, option, owner, mode):
    for parent in (tmp_path, *tmp_path.parents[:-2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    place = tmp_path / "theirs"
    place.mkdir()
    os.chown(place, OWNER, OWNER)
    source = place / "table"
    source.write_text("key value\n")
    source.chmod(0o640)
    os.chown(source, OWNER, OWNER)
    result = run("postmap", option, f"{kind}:{source}")
    assert result.returncode == 0, result
    made = built(source).stat()
    assert (made.st_uid, made.st_mode & 0o777) == (owner, mode)
    assert ("directory" in result.stderr) == (option == "-o")


def test_nothing_is_printed_of_binary_junk_and_long_lines(run, tmp_path):
    source = tmp_path / "table"
    source.write_bytes(b"good 1\n\xff\xfe junk\n" + b"k\0ey nul\nlong " + b"x" * 20000000 + b"\nlast 2\n")
    result = run("postmap", f"hash:{source}")
    assert result.returncode == 1 and "line 2: " in result.stderr and "line 4: this line is too long" in result.stderr
    assert not list(tmp_path.glob("table.*")) and len(result.stderr) < 3000


def test_quotes_and_backslashes_in_keys(run, tmp_path):
    source = tmp_path / "table"
    source.write_text('k"x y" 1\na"b c\n\\"x y\nback\\ slash 3\n')
    result = run("postmap", "-s", f"texthash:{source}")
    assert result.stdout == 'k"x y"\t1\n\\"x\ty\nback\\ slash\t3\n' and "line 2: unbalanced" in result.stderr


def test_what_is_wrong_is_told_once(run):
    assert run("postmap", "-q", "x", "pipemap:{static:a,hash:/no/such}").stderr.count("/no/such.") == 1


def test_names_of_aliases_have_no_domain(run, tmp_path):
    source = tmp_path / "aliases"
    source.write_text('x@y.test: a\n"x@y.test": b\nx: c\n')
    result = run("postalias", f"hash:{source}")
    assert "line 1: name must be local" in result.stderr and "line 2" not in result.stderr


@pytest.mark.parametrize("arguments, text, out, status", [
    (["-i"], "b 2\nc 3\n", "", 0), (["-d", "-"], "a\nnosuch\n", "", 0), (["-d", "nosuch"], "", "", 1),
    (["-q", "-"], "A\nnosuch\n", "a\t1\n", 0), (["-s"], "", "a\t1\n", 0),
    (["-jq", "a"], "", '{"a": "1"}\n', 0), (["-js"], "", '{"a": "1"}\n', 0), (["-fq", "A"], "", "", 1)])
def test_jobs(run, tmp_path, arguments, text, out, status):
    source = tmp_path / "table"
    source.write_text("a 1\n")
    assert run("postmap", f"hash:{source}").returncode == 0
    result = run("postmap", *arguments, f"hash:{source}", text=text)
    assert (result.returncode, result.stdout.replace("A\t1", "a\t1")) == (status, out), result


# TB9
def test_database_holds_only_what_was_stored(run, tmp_path):
    source = tmp_path / "table"
    source.write_text("key value\n")
    os.environ["SENTINEL"] = "do not store me"
    assert run("postmap", f"hash:{source}").returncode == 0
    content = built(source).read_bytes()
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
