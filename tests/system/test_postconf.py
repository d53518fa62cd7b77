"""postconf: all defaults, and edits that leave everything else alone."""
import os
import subprocess
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
