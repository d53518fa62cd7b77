"""postfix: what it finds wrong, what it mends, keys and certificates, several instances."""
import grp
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from mta import PRIVILEGED, ROOT, Mta, needs

MakeMta = Callable[..., Mta]
root_only = pytest.mark.skipif(not PRIVILEGED, reason="needs root")


def openssl(*args: str) -> bytes:
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


def complaints(mta: Mta) -> str:
    """What `postfix check` says."""
    return mta.postfix("check").stderr


def test_complaints_have_two_names(make_mta: MakeMta) -> None:
    """One in the log, one for scripts."""
    result = make_mta().postfix("stop")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "postlog: fatal: the Postfix mail system is not running"


# -- check ------------------------------------------------------------------------------------------------------------


def test_check_finds_services_tables_and_settings(make_mta: MakeMta) -> None:
    mta = make_mta()
    lines = complaints(mta)
    assert "No such" not in lines and "this table" not in lines and "parameter" not in lines
    source = mta.config / "virtual"
    source.write_text("a@example.test b\n")
    mta.master["odd/unix"] = "- - n - - nosuchprogram -o unusedoption=1"
    mta.configure(virtual_alias_maps=f"hash:{source}, regexp:{mta.config}/none, static:x", unusedsetting="1",
                  meta_directory=str(mta.config))
    (mta.config / "dynamicmaps.cf").write_text("# comment\n\ncdb\tpostfix-cdb.so\tdict_cdb_open\nnosuchtype\tx.so\tf\n")
    (mta.config / "dynamicmaps.cf.d").mkdir()
    (mta.config / "dynamicmaps.cf.d/more.cf").write_text("othertype x.so f\n")
    (mta.config / "dynamicmaps.cf.d/not").write_text("thirdtype x.so f\n")
    lines = complaints(mta)
    for text in (r"master\.cf, line \d+: service odd: \S+/nosuchprogram: No such file", r"unused parameter: unusedsetting=1",
                 r"unused parameter: unusedoption=1", rf"virtual_alias_maps = hash:{source}: this table cannot be used; is it made",
                 rf"virtual_alias_maps = regexp:{mta.config}/none: this table cannot be used$",
                 r"dynamicmaps\.cf: type nosuchtype: this needs table-nosuchtype\.so", r"more\.cf: type othertype"):
        assert re.search(text, lines, re.M), (text, lines)
    assert "thirdtype" not in lines and "type cdb" not in lines


@root_only
def test_check_and_set_permissions(make_mta: MakeMta) -> None:
    mta = make_mta()
    commands = mta.dir / "commands"
    commands.mkdir()
    for name in ("postdrop", "postqueue", "postlog", "postconf", "postsuper"):
        shutil.copy(ROOT / "usr/sbin" / name, commands)
        (commands / name).chmod(0o755)
    mta.configure(command_directory=str(commands))
    mta.postfix("check")
    message = mta.queue / "hold/message"
    message.write_text("")
    message.chmod(0o600)
    (mta.queue / "maildrop").chmod(0o777)
    (mta.config / "main.cf").chmod(0o666)
    os.chown(mta.config / "master.cf", 1, 1)
    lines = complaints(mta)
    assert re.search(r"not set-gid .*/postdrop; \"postfix set-permissions\" mends that", lines)
    assert "group or other writable: " in lines and "not owned by root: " in lines
    (mta.queue / "maildrop").chmod(0o777)
    assert mta.postfix("set-permissions").returncode == 0
    group = grp.getgrnam("postdrop").gr_gid
    for name in ("postdrop", "postqueue", "postlog"):
        found = (commands / name).stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (0, group, 0o2755)
    assert (commands / "postconf").stat().st_mode & 0o7777 == 0o755
    assert (mta.config / "main.cf").stat().st_mode & 0o777 == 0o644 and (mta.config / "master.cf").stat().st_uid == 0
    assert (mta.queue / "maildrop").stat().st_mode & 0o777 == 0o730
    assert message.stat().st_mode & 0o777 == 0o600, "files of the queue are left alone (ST6)"
    assert "set-gid" not in complaints(mta)
    assert mta.postfix("set-permissions", "setgid_group=nosuchgroup").returncode == 1
    assert mta.postfix("set-permissions", "nonsense").returncode == 1


# -- upgrade-configuration --------------------------------------------------------------------------------------------


def test_upgrade_configuration(make_mta: MakeMta) -> None:
    mta = make_mta()
    old = "# mine\nsmtp inet n - n - - smtpd\npickup fifo n - n 60 1 pickup\nqmgr fifo n - n 300 1 nqmgr\n# end\n"
    (mta.config / "master.cf").write_text(old)
    result = mta.postfix("upgrade-configuration", "daemon_timeout=1234s")
    assert result.returncode == 0 and "adding the service proxywrite/unix" in result.stderr
    once = (mta.config / "master.cf").read_text()
    assert once.startswith(old.replace("qmgr fifo n - n 300 1 nqmgr", "qmgr       fifo  n       -       n       300     1       qmgr"))
    services = mta.run("postconf", "-Fh", "*/*/service").stdout.split()
    assert {"postlog", "anvil", "scache", "retry", "relay", "lmtp", "tlsmgr", "discard"} <= set(services)
    assert len(services) == len(set(services)) + 1 and services.count("smtp") == 2 and "pickup/unix" not in mta.run("postconf", "-F").stdout
    assert mta.run("postconf", "-h", "daemon_timeout").stdout == "1234s\n"
    assert mta.postfix("upgrade-configuration").returncode == 0
    assert (mta.config / "master.cf").read_text() == once
    assert mta.postfix("upgrade-configuration", "nonsense").returncode == 1


# -- tls --------------------------------------------------------------------------------------------------------------


@needs("openssl")
def test_tls_server(make_mta: MakeMta) -> None:
    mta = make_mta()
    assert mta.postfix("tls", "all-default-server").returncode == 0
    assert mta.postfix("tls", "enable-server", "-a", "ecdsa", "-r", "dev:/dev/urandom", "a.test", "b.test").returncode == 0
    assert mta.postfix("tls", "all-default-server").returncode == 1
    value = lambda name: mta.run("postconf", "-xh", name).stdout.strip()
    cert, key = value("smtpd_tls_eccert_file"), value("smtpd_tls_eckey_file")
    assert value("smtpd_tls_security_level") == "may" and value("tls_random_source") == "dev:/dev/urandom"
    assert Path(key).stat().st_mode & 0o777 == 0o600 and re.search(r"/eckey-\d{8}-\d{6}\.pem$", key)
    text = openssl("x509", "-in", cert, "-noout", "-text").decode()
    assert "CN = a.test" in text and "DNS:a.test, DNS:b.test" in text and "prime256v1" in text
    digest = hashlib.sha256(openssl("pkey", "-in", key, "-pubout", "-outform", "DER")).hexdigest()
    record = f"_25._tcp.mail.example.test. IN TLSA 3 1 1 {digest}\n"
    assert mta.postfix("tls", "output-server-tlsa").stdout == record
    assert mta.postfix("tls", "output-server-tlsa", "-h", "x.test", key).stdout == record.replace("mail.example.test", "x.test")
    request = mta.postfix("tls", "output-server-csr", "-k", "ecdsa", "c.test").stdout
    assert request.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    before = (mta.config / "main.cf").read_text()
    again = mta.postfix("tls", "enable-server")
    assert again.returncode == 1 and "smtpd_tls_security_level=may" in again.stdout
    assert (mta.config / "main.cf").read_text() == before and not list(mta.config.glob("key-*"))


@needs("openssl")
def test_tls_keys(make_mta: MakeMta) -> None:
    mta = make_mta()
    made = mta.postfix("tls", "new-server-key", "-b", "2048")
    key, cert = next(mta.config.glob("key-*.pem")), next(mta.config.glob("cert-*.pem"))
    assert made.returncode == 0 and f"deploy-server-cert {cert} {key}" in made.stdout
    assert mta.run("postconf", "-h", "smtpd_tls_cert_file").stdout == "\n"
    assert mta.postfix("tls", "output-server-tlsa").stdout == ""
    assert mta.postfix("tls", "deploy-server-cert", cert.name, key.name).returncode == 0
    assert mta.run("postconf", "-h", "smtpd_tls_cert_file", "smtpd_tls_key_file").stdout.split() == [str(cert), str(key)]
    deployed = mta.postfix("tls", "output-server-tlsa").stdout
    kept, old = mta.dir / "kept", mta.dir / "kept.pem"
    key.rename(old)
    mta.run("postconf", "-e", f"smtpd_tls_key_file={old}", check=True)
    cert.rename(kept)
    assert mta.postfix("tls", "new-server-cert", "other.test").returncode == 0
    assert next(mta.config.glob("key-*.pem")).read_text() == old.read_text(), "the key in use is kept"
    assert mta.postfix("tls", "output-server-tlsa", next(mta.config.glob("key-*.pem")).name).stdout == deployed
    assert mta.postfix("tls", "new-server-key", "-a", "ecdsa", "-b", "secp384r1").returncode == 0
    wrong = mta.postfix("tls", "deploy-server-cert", str(kept), next(mta.config.glob("eckey-*.pem")).name)
    assert wrong.returncode == 1 and "is not for the key" in wrong.stderr


@pytest.mark.parametrize("args, message", [
    ([], "usage"), (["nosuch"], "enable-client, enable-server"), (["enable-client", "x"], "usage: postfix tls enable-client"),
    (["enable-server", "-Z"], "usage: postfix tls enable-server"), (["new-server-key", "-a", "dsa"], "expected rsa or ecdsa"),
    (["new-server-key", "a.test/CN=b"], "is no host name"), (["deploy-server-cert", "x"], "usage"),
    (["deploy-server-cert", "none", "none"], "none: No such file"), (["output-server-csr"], "names no rsa key"),
    (["output-server-tlsa", "/etc/passwd"], "openssl pkey")])
def test_tls_bad_usage(make_mta: MakeMta, args: list[str], message: str) -> None:
    mta = make_mta()
    before = sorted(mta.config.iterdir())
    result = mta.postfix("tls", *args)
    assert result.returncode == 1 and message in result.stderr and sorted(mta.config.iterdir()) == before


def test_tls_client(make_mta: MakeMta) -> None:
    mta = make_mta()
    assert mta.postfix("tls", "all-default-client").returncode == 0
    assert mta.postfix("tls", "enable-client").returncode == 0
    assert mta.postfix("tls", "all-default-client").returncode == 1
    values = mta.run("postconf", "-h", "smtp_tls_security_level", "smtp_tls_loglevel", "smtp_tls_session_cache_database").stdout
    assert re.fullmatch(r"may\n1\n\w+:\$\{data_directory\}/smtp_scache\n", values)
    assert mta.postfix("tls", "enable-client").returncode == 1


# -- several instances ------------------------------------------------------------------------------------------------


@root_only
def test_wrapper_acts_on_all_instances(make_mta: MakeMta) -> None:
    """Only the built-in configuration directory speaks for all instances; here ours takes its place."""
    first, second = make_mta(), make_mta(main={"multi_instance_name": "postfix-two", "multi_instance_enable": "yes"})
    place = Path("/etc/postfix")
    if not place.is_dir():
        place.mkdir()
    subprocess.run(["mount", "--bind", first.config, place], check=True)
    try:
        first.configure(multi_instance_directories=str(second.config), multi_instance_enable="yes",
                        multi_instance_wrapper="${command_directory}/postmulti -p --")

        def postfix(*args: str) -> subprocess.CompletedProcess:
            return subprocess.run([ROOT / "usr/sbin/postfix", *args], capture_output=True, text=True, timeout=60)
        try:
            assert postfix("start").returncode == 0
            assert second.running() and postfix("status").returncode == 0
            second.stop()
            assert postfix("status").returncode == 1 and postfix("-c", str(place), "status").returncode == 0
            assert postfix("stop").returncode != 0, "one of them does not run"
            assert postfix("start-fg").returncode == 1
        finally:
            postfix("stop")
            second.kill()
    finally:
        subprocess.run(["umount", place], check=True)
