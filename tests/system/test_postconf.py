"""postconf: all defaults, and edits that leave everything else alone."""
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
POSTCONF = TOP / "build/sbin/postconf"
MASTER = "".join(f"{name} unix - - n - - {command}\n" for name, command in [
    ("smtp", "smtp"), ("relay", "smtp"), ("lmtp", "lmtp"), ("local", "local"), ("virtual", "virtual"), ("error", "error"),
    ("retry", "error")])
# The layout's, the build's or the host's, or different on purpose (doc/compatibility.md).
OWN = {"alias_maps", "command_directory", "config_directory", "daemon_directory", "data_directory", "default_cache_db_type",
       "default_database_type", "mail_name", "mail_version", "mailq_path", "manpage_directory", "meta_directory", "mydomain",
       "myhostname", "mynetworks", "newaliases_path", "process_id", "process_name", "queue_directory", "sample_directory",
       "sendmail_path", "service_name", "shlib_directory", "smtp_tls_security_level", "smtpd_sasl_type"}


def postconf(directory: Path, *args: str) -> str:
    return subprocess.run([POSTCONF, "-c", directory, *args], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    (tmp_path / "main.cf").write_text("")
    (tmp_path / "master.cf").write_text(MASTER)
    return tmp_path


def test_defaults(conf: Path) -> None:
    shown = dict(line.partition(" =")[::2] for line in postconf(conf, "-d").splitlines())
    rows = [line.split("\t") for line in (TOP / "tests/data/parameters.tsv").read_text().splitlines() if line[0] != "#"]
    wrong = [name for name, default, *_ in rows if name not in OWN and not name.startswith("transport_")
             and shown.get(name, "missing").strip() != default]
    assert wrong == []
    assert set(shown) - {row[0] for row in rows} == {"posthaste_version", "sandbox"}


@pytest.mark.parametrize("before, args, after", [
    ("a = 1", ["-e", "b = 2"], "a = 1\nb = 2\n"),                                            # CF2: no final newline
    ("a = 1\n# c\nb = 2\n", ["-e", "a=3"], "a = 3\n# c\nb = 2\n"),
    ("a = 1\nb = 2\na = 3\n", ["-e", "a=4"], "a = 4\nb = 2\n"),                              # CF2: set twice in the file
    ("a = 1\n", ["-e", "a=4", "a=5", "b=6", "b=7"], "a = 5\nb = 7\n"),                       # CF2: twice in one call
    ("a = 1\n 2\n# c\n\n 3\nb = 2\n", ["-e", "a=4"], "a = 4\n# c\n\nb = 2\n"),               # CF2: continuation lines
    ("a = 1\n 2\n# c\n 3\nb = 2\n", ["-#", "a"], "#a = 1\n# 2\n# c\n# 3\nb = 2\n"),
    ("a = 1\nb = 2\na = 3", ["-X", "a"], "b = 2\n"),
    ("a = 1\n", ["-e", "a=x\nmyorigin = y"], "a = x myorigin = y\n"),                        # no second setting by a line end
    ("a = 1\n", ["-e", "a="], "a =\n"),
])
def test_edit(conf: Path, before: str, args: list[str], after: str) -> None:
    main = conf / "main.cf"
    main.write_text(before)
    os.chmod(main, 0o640)
    postconf(conf, *args)
    assert main.read_text() == after
    assert main.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in conf.iterdir()) == ["main.cf", "master.cf"]


def test_templates(conf: Path) -> None:
    assert "at host $myhostname" in postconf(conf, "-t")
    assert postconf(conf, "-t").count("\nFrom: Mail Delivery System <MAILER-DAEMON>\n") == 4
    assert "at host mail.example.test" in postconf(conf, "-o", "myhostname=mail.example.test", "-b")
    (conf / "words").write_text("failure_template = <<END\nSubject: ours\n\nfrom $myhostname\nEND\n")
    assert "Subject: ours" in postconf(conf, "-t", str(conf / "words"))
    (conf / "main.cf").write_text(f"bounce_template_file = {conf}/words\n")
    assert "Subject: ours" in postconf(conf, "-t") and "Subject: ours" not in postconf(conf, "-t", "")


def test_lists(conf: Path) -> None:
    types = postconf(conf, "-m").split()
    assert types == sorted(types) and {"proxy", "tcp", "socketmap", "static"} <= set(types)
    assert postconf(conf, "-T", "run-version").startswith("OpenSSL ")


@pytest.mark.skipif(os.geteuid() != 0, reason="changes network interfaces")
def test_interface_without_netmask_is_nobodys_network_DN11(conf: Path) -> None:
    for address, network in (("192.0.2.7/0", "192.0.2.7/32"), ("2001:db8::7/0", "[2001:db8::7]/128")):
        subprocess.run(["ip", "addr", "add", address, "dev", "lo"], check=True)
        try:
            (conf / "main.cf").write_text("inet_interfaces = all\ninet_protocols = all\nmynetworks_style = subnet\n")
            networks = postconf(conf, "-h", "mynetworks").split()
            assert network in networks and not [each for each in networks if each.endswith("/0")], networks
        finally:
            subprocess.run(["ip", "addr", "del", address, "dev", "lo"], check=True)


def run(directory: Path, *args: str) -> subprocess.CompletedProcess:
    """However it ends."""
    return subprocess.run([POSTCONF, "-c", directory, *args], capture_output=True, text=True, timeout=60)


def warnings(directory: Path, *args: str) -> list[str]:
    """What it warns of, without the names of program and directory."""
    return sorted(line.removeprefix("postconf: warning: ").replace(f"{directory}/", "")
                  for line in run(directory, *args).stderr.splitlines())


def test_names_that_nobody_set_or_reads(conf: Path) -> None:
    (conf / "accounts.cf").write_text("hosts = a\nquery = $u1 %s\nbogus = 1\n")
    (conf / "main.cf").write_text(f"""
proxy_read_maps = $u1 ${{u2}} $(u3) ${{u4?x$u5}} ${{u6:{{a$u7}}}} ${{{{$u8}} == {{b}} ? {{$u9}}}} $$not $mine
mine = $u10
forward_path = $home/$u99 ${{recipient}}
smtpd_restriction_classes = c1 c2
c1 = permit
smtpd_sender_restrictions = check_sender_access ldap:la
la_server_host = x
la_nope = x
transport_maps = proxy:mysql:{conf}/accounts.cf, mysql:$config_directory/none.cf
slow_destination_rate_delay = 1s
quick_destination_rate_delay = 1s
unused = x
mydomain = a.test
mydomain = b.test
""")
    (conf / "master.cf").write_text(MASTER + """slow unix - - n - - smtp -v -o here=1 -o smtp_helo_name=$here
 -o unused=$u20 -o unused=2
pipe unix - - n - - pipe flags=F -o unread=$u99
""")
    of_services = ["master.cf: undefined parameter: u20", "master.cf: unused parameter: unused=2"]
    undefined = [f"main.cf: undefined parameter: {name}" for name in ["c2", *(f"u{n}" for n in range(1, 11))]]
    tables = [f"mysql:accounts.cf: unused parameter: bogus=1",
              'open "mysql" configuration "none.cf": No such file or directory']
    twice = ["main.cf, line 15: overriding earlier entry: mydomain=a.test"]
    unused = [f"main.cf: unused parameter: {each}" for each in
              ("la_nope=x", "quick_destination_rate_delay=1s", "unused=x")]
    assert warnings(conf, "-n") == sorted([*undefined, *of_services, *tables, *twice, *unused])
    assert warnings(conf, "-P") == sorted([*undefined, *of_services, *tables, *twice])
    assert warnings(conf, "-nq") == twice
    assert warnings(conf, "unused") == sorted([*undefined, *of_services, *tables, *twice, *unused,
                                               "unused: unknown parameter"])
    assert "nope" not in run(conf, "-n").stdout and f"config_directory = {conf}\n" in run(conf, "-n").stdout


def test_classes_of_names(conf: Path) -> None:
    (conf / "main.cf").write_text("mydomain = a.test\nmyorigin = $mydomain $mine\nmine = x\nlocal_destination_recipient_limit = 7\n")
    names = {each: [line.partition(" =")[0] for line in postconf(conf, "-C", each).splitlines()]
             for each in ("builtin", "service", "user", "all")}
    assert names["user"] == ["mine"] and {"mydomain", "myorigin"} <= set(names["builtin"])
    assert {"local_destination_recipient_limit", "virtual_recipient_limit"} <= set(names["service"])
    assert sorted(names["builtin"] + names["service"] + names["user"]) == names["all"] and len(set(names["all"])) == len(names["all"])


def test_what_a_service_is_given(conf: Path) -> None:
    (conf / "main.cf").write_text("foo = main\n")
    (conf / "master.cf").write_text("""
out unix - - n - - smtp -v -o syslog_name=post/$service_name -o z=1 -o {a=$foo b} -o z=2
  -v argument -o notours=1
in inet n - n - - smtpd -o smtpd_banner=$loc -o loc=$process_name
""")
    assert postconf(conf, "-P").splitlines() == [
        "out/unix/a = $foo b", "out/unix/syslog_name = post/$service_name", "out/unix/z = 2",
        "in/inet/loc = $process_name", "in/inet/smtpd_banner = $loc"]
    assert postconf(conf, "-Px", "out", "in/inet/smtpd_banner").splitlines() == [
        "out/unix/a = main b", "out/unix/syslog_name = post/out", "out/unix/z = 2", "in/inet/smtpd_banner = smtpd"]
    assert postconf(conf, "-Fx", "in/*/command") == (
        "in/inet/command = smtpd -o smtpd_banner=smtpd -o loc=smtpd\n")
    assert postconf(conf, "-Mfx", "out") == """\
out        unix  -       -       n       -       -       smtp -v
    -o syslog_name=post/out
    -o z=1
    -o {a=main b}
    -o z=2
    -v argument -o notours=1
"""
    assert postconf(conf, "-Ffh", "in/inet/command") == "smtpd\n    -o smtpd_banner=$loc\n    -o loc=$process_name\n"
    assert json.loads(postconf(conf, "-Mj", "in")) == {"in/inet": postconf(conf, "-M", "in").strip().replace("   ", " ").replace(
        "  ", " ").replace("  ", " ")}
    assert json.loads(postconf(conf, "-Pjx", "out/unix/a")) == {"out/unix/a": "main b"}
    assert len(postconf(conf, "-M", "out", "out").splitlines()) == 2
    assert 'unmatched request: "nope/unix"' in warnings(conf, "-M", "nope/unix")


def test_each_line_of_a_service_is_shown(conf: Path) -> None:
    """Master takes the last one; who looks for what is wrong wants to see all."""
    (conf / "master.cf").write_text("smtp inet n - n - - one\n25 inet n - n - - two\nsmtp inet n - n - - three -o x=y\n")
    assert [line.split()[7] for line in postconf(conf, "-M").splitlines()] == ["one", "two", "three"]
    assert [line.split()[7] for line in postconf(conf, "-M", "smtp/inet").splitlines()] == ["one", "three"]
    assert postconf(conf, "-P") == "smtp/inet/x = y\n"


@pytest.mark.parametrize("args, message", [
    (["-F", "out/unix/nope"], 'invalid service attribute name: "nope"'), (["-M", "a/b/c"], "-M option requires"),
    (["-F", "a/b/c/d"], "-F option requires"), (["-P", "a/b/c/d"], "-P option requires"),
    (["-C", "nope"], "bad parameter class"), (["-T", "nope"], "bad -T mode"), (["-o", "nope"], "missing '='"),
    (["-b", "a", "b"], "usage:"), (["-t", "/nonexistent"], "/nonexistent"), (["-Z"], "usage:"), (["-e"], "at least one name"),
    (["-e", "#a=b"], "accepts no comment"), (["-X", "#a"], "accepts no comment"),
    *((["-" + mode, "-" + option, *(["a=b"] if option == "o" else [])], f"with option -{mode}, do not specify -{option}")
      for mode, options in {"a": "dhnx", "l": "fH", "m": "ox", "t": "e", "M": "dnhH", "F": "dnX#", "P": "dn#", "e": "fhHnox",
                            "X": "d", "d": "no", "h": "H"}.items() for option in options)])
def test_bad_usage(conf: Path, args: list[str], message: str) -> None:
    result = run(conf, *args)
    assert result.returncode == 1 and result.stdout == "" and message in result.stderr.splitlines()[-1]


SERVICES = """# first
one unix - - n - - smtp
  # inside
  -o a=1 -v -o b=2 -o a=3 word -o a=4

# second
two inet n - n - 5 smtpd
"""


@pytest.mark.parametrize("args, before, after", [
    (["-P", "one/unix/a=9"], "-o a=1 -v -o b=2 -o a=3 word", "-o a=9 -v -o b=2 -o a=9 word"),
    (["-P", "one/unix/c=9 8"], "-o a=3 word", "-o a=3 -o {c=9 8} word"),
    (["-PX", "one/unix/a"], "-o a=1 -v -o b=2 -o a=3 word", "-v -o b=2 word"),
    (["-P", "*/*/b=7", "two/inet/b=8"], "", None),
    (["-F", "two/inet/process_limit=7"], "5 smtpd", "7 smtpd"),
    (["-F", "two/inet/service=three", "three/inet/chroot=y"], "two inet n - n - 5", "three inet n - y - 5"),
    (["-MX", "one/unix"], None, None), (["-M#", "two/inet"], "two inet", "#two inet"),
    (["-M", "two/inet=2525 inet n - n - 5 smtpd"], "two inet", "2525 inet"),
    (["-M", "four/unix=four unix - - n - - pipe\n flags=x"], "", None),
])
def test_edit_services(conf: Path, args: list[str], before: str, after: str) -> None:
    master = conf / "master.cf"
    master.write_text(SERVICES)
    postconf(conf, *args)

    def flat(text: str) -> str:
        return " ".join(re.sub(r"^ *#.*\n", "", text, flags=re.M).split())
    if after is not None:
        assert flat(master.read_text()) == flat(SERVICES.replace(before, after))
    assert [line for line in SERVICES.splitlines() if line.lstrip()[:1] == "#"] == [
        line for line in master.read_text().splitlines() if line.lstrip()[:1] == "#" and "two inet" not in line]
    if args[0] == "-MX":
        assert "smtp -o" not in flat(master.read_text()) and "two inet" in master.read_text()
    if "*/*/b=7" in args:
        assert postconf(conf, "-P", "*/*/b").splitlines() == ["one/unix/b = 7", "two/inet/b = 8"]
    if "four/unix" in args[-1]:
        assert postconf(conf, "-M", "four") == "four       unix  -       -       n       -       -       pipe flags=x\n"


@pytest.mark.parametrize("args, message", [
    (["-F", "two/inet/chroot=y", "two/inet/chroot=q"], 'chroot field "q"'), (["-P", "two/inet/a=1", "two/inet=1"], "is wanted"),
    (["-P", "two/inet/a=1", "two/inet/b=a} {x"], "braces"), (["-M", "two/inet="], "no entry behind"), (["-M", "two/inet=#x inet n - n - - smtpd"], "no entry"),
    (["-M", "two/inet=two inet"], "bad field count"), (["-F", "two/inet/nope=1"], "invalid service attribute name"),
    (["-F", "two/inet/chroot="], "needs a value"), (["-MX", "two"], "is wanted")])
def test_bad_edits_change_nothing(conf: Path, args: list[str], message: str) -> None:
    (conf / "master.cf").write_text(SERVICES)
    result = run(conf, *args)
    assert result.returncode == 1 and message in result.stderr
    assert (conf / "master.cf").read_text() == SERVICES
    assert sorted(path.name for path in conf.iterdir()) == ["main.cf", "master.cf"]


def test_editing_what_is_not_there(conf: Path) -> None:
    (conf / "master.cf").write_text(SERVICES)
    for args in (["-F", "nope/unix/chroot=y"], ["-P", "nope/unix/a=b"], ["-PX", "nope/unix/a"]):
        result = run(conf, *args)
        assert result.returncode == 0 and "unmatched service_name/type" in result.stderr
    for args in (["-MX", "nope/unix"], ["-M#", "nope/unix"], ["-X", "nope"], ["-#", "nope"]):
        result = run(conf, *args)
        assert result.returncode == 0 and result.stderr == ""
    assert (conf / "master.cf").read_text() == SERVICES


def test_edits_at_the_same_time_lose_nothing(conf: Path) -> None:
    (conf / "main.cf").write_text("# top\n")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: postconf(conf, "-e", f"user_{n}={n}"), range(12)))
        list(pool.map(lambda n: postconf(conf, "-P", f"smtp/unix/user_{n}={n}"), range(6)))
    assert sorted((conf / "main.cf").read_text().splitlines()[1:]) == sorted(f"user_{n} = {n}" for n in range(12))
    assert len(postconf(conf, "-P", "smtp").splitlines()) == 6
    assert sorted(path.name for path in conf.iterdir()) == ["main.cf", "master.cf"]


def test_leftovers_of_an_edit_do_not_stop_the_next(conf: Path) -> None:
    target = conf / "precious"
    target.write_text("precious")
    for make in (lambda path: path.write_text("half of a ma"), lambda path: path.symlink_to(target), os.mkfifo,
                 lambda path: os.link(target, path)):
        make(conf / "main.cf.tmp")
        postconf(conf, "-e", "a=1")
        assert (conf / "main.cf").read_text() == "a = 1\n" and not (conf / "main.cf.tmp").exists()
    assert target.read_text() == "precious"


def test_links_and_owners_stay(conf: Path) -> None:
    real = conf / "elsewhere"
    (conf / "main.cf").rename(real)
    (conf / "main.cf").symlink_to(real)
    if os.geteuid() == 0:
        os.chown(real, 1, 1)
    postconf(conf, "-e", "a=1")
    assert (conf / "main.cf").is_symlink() and real.read_text() == "a = 1\n"
    assert os.geteuid() != 0 or (real.stat().st_uid, real.stat().st_gid) == (1, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_full_disk_loses_nothing(conf: Path) -> None:
    small = conf / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], check=True)
    try:
        shutil.copy(conf / "master.cf", small)
        text = "".join(f"user_{n} = {n}\n" for n in range(1000))
        (small / "main.cf").write_text(text)
        with open(small / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096) == 4096:
                    pass
            except OSError:
                pass
        for args in (["-e", "user_1=x"], ["-X", "user_1"], ["-P", "smtp/unix/a=b"]):
            result = run(small, *args)
            assert result.returncode == 1 and "No space left on device" in result.stderr
        assert (small / "main.cf").read_text() == text and (small / "master.cf").read_text() == MASTER
        assert sorted(path.name for path in small.iterdir()) == ["filler", "main.cf", "master.cf"]
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("text, message", [
    (b"relayhost\n", "main.cf, line 1: missing '='"), (b"a = 1\n= 2\n", "main.cf, line 2: missing attribute name"),
    (b"  a = 1\n", "main.cf, line 1"), (b"a = 1\nb = \0\n", "main.cf, line 2"),
    (b"#\na = \x01\x7f\n", "main.cf, line 2"), (b"a = " + b"x" * (1 << 21) + b"\n", "main.cf, line 1"),
    (bytes(range(1, 256)).replace(b"=", b""), "main.cf, line")],
    ids=["no value", "no name", "continues nothing", "NUL", "controls", "huge", "junk"])
def test_bad_main_cf(conf: Path, text: bytes, message: str) -> None:
    (conf / "main.cf").write_bytes(text)
    result = run(conf, "-n")
    assert result.returncode == 1 and result.stdout == "" and "fatal: " in result.stderr and message in result.stderr


def test_unreadable_files(conf: Path) -> None:
    (conf / "main.cf").unlink()
    (conf / "main.cf").mkdir()
    assert "main.cf: Is a directory" in run(conf, "-n").stderr and run(conf, "-e", "a=1").returncode == 1
    (conf / "main.cf").rmdir()
    for args in (["-n"], ["-e", "a=b"], ["-X", "a"], ["-M"]):
        result = run(conf, *args)
        assert result.returncode == 1 and "main.cf: No such file or directory" in result.stderr, result
    assert not list(conf.glob("main.cf*"))
    (conf / "master.cf").unlink()
    assert "master.cf: No such file or directory" in run(conf, "-d", "myhostname").stderr
    assert run(conf, "-d", "relayhost").stdout == "relayhost =\n"
