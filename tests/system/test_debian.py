"""The configuration that Debian installs, as it is and with the tables of postfixadmin: no warning, and mail goes where it should."""
import os
import re
import shutil
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import PRIVILEGED, ROOT, Mta, poll
from test_table_databases import Mysql, Pgsql, Server, program

DATA = Path(__file__).resolve().parents[1] / "data/debian"
MakeMta = Callable[..., Mta]
pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="only root changes roots")

SCHEMA = """
CREATE TABLE domain (domain VARCHAR(255), transport VARCHAR(255), backupmx INT, active INT);
CREATE TABLE alias (address VARCHAR(255), goto TEXT, domain VARCHAR(255), active INT);
CREATE TABLE alias_domain (alias_domain VARCHAR(255), target_domain VARCHAR(255), active INT);
CREATE TABLE mailbox (username VARCHAR(255), maildir VARCHAR(255), quota INT, domain VARCHAR(255), active INT);
INSERT INTO domain VALUES ('one.test', 'virtual', 0, 1), ('two.test', 'virtual', 0, 1), ('off.test', 'virtual', 0, 0);
INSERT INTO alias_domain VALUES ('two.test', 'one.test', 1);
INSERT INTO mailbox VALUES ('box@one.test', 'one.test/box/', 0, 'one.test', 1);
INSERT INTO alias VALUES ('box@one.test', 'box@one.test', 'one.test', 1), ('info@one.test', 'box@one.test', 'one.test', 1),
 ('gone@one.test', 'box@one.test', 'one.test', 0);
"""
# As postfixadmin's own documentation has them, for both servers.
QUERIES = {
    "virtual_alias_maps": "SELECT goto FROM alias WHERE address='%s' AND active = '1'",
    "virtual_alias_domain_maps": "SELECT goto FROM alias,alias_domain WHERE alias_domain.alias_domain = '%d' AND alias.address = "
    "CONCAT('%u', '@', alias_domain.target_domain) AND alias.active = '1' AND alias_domain.active='1'",
    "virtual_domains_maps": "SELECT domain FROM domain WHERE domain='%s' AND backupmx = '0' AND active = '1'",
    "virtual_mailbox_maps": "SELECT maildir FROM mailbox WHERE username='%s' AND active = '1'",
}


def debian(make_mta: MakeMta, **settings: str) -> Mta:
    """Its files, with places and ports of the test, and with these settings in place of others."""
    mta = make_mta()
    ours = {name: mta.main[name] for name in (
        "queue_directory", "data_directory", "daemon_directory", "command_directory", "sendmail_path", "maillog_file",
        "maillog_file_prefixes", "mail_spool_directory", "sandbox")}
    (mta.config / "aliases").write_text("postmaster: alice\n")
    ours.update({"alias_maps": f"hash:{mta.config}/aliases", "alias_database": "$alias_maps", "meta_directory": str(mta.config),
                 "shlib_directory": str(ROOT / "usr/lib/postfix"), **settings})
    lines = [line for line in (DATA / "main.cf").read_text().splitlines() if line.split("=")[0].strip() not in ours]
    (mta.config / "main.cf").write_text("\n".join(lines + [f"{name} = {value}" for name, value in ours.items()]) + "\n")
    shutil.copy(DATA / "master.cf", mta.config)
    shutil.copy(DATA / "dynamicmaps.cf", mta.config)
    mta.run("postconf", "-F", f"smtp/inet/service={mta.port}", check=True)
    mta.run("sendmail", "-bi", check=True)
    return mta


def without_complaints(mta: Mta) -> None:
    """Of `postconf`, of `postfix check` (but for programs that only an installation makes set-gid), and in the log."""
    for args in ([], ["-n"], ["-M"], ["-P"]):
        result = mta.run("postconf", *args)
        assert (result.returncode, result.stderr) == (0, "")
    said = [line for line in mta.postfix("check").stderr.splitlines() if not re.search("set-gid|group postdrop|/usr/sbin|ompatib", line)]
    assert said == []
    assert not re.search("warning|error|fatal|panic", "".join(
        line for line in mta.log().splitlines(keepends=True) if not re.search("set-gid|group postdrop", line))), mta.log()


def test_as_installed(make_mta: MakeMta) -> None:
    mta = debian(make_mta).start()
    assert {"cdb", "hash", "lmdb", "pcre", "proxy", "sqlite"} <= set(mta.run("postconf", "-m").stdout.split())
    mta.send("bob@elsewhere.test", "alice+box@example.test", "postmaster@localhost", text="Subject: by SMTP\n\nx\n")
    mta.run("sendmail", "-f", "bob@elsewhere.test", "alice", input="Subject: by hand\n\nx\n", check=True)
    mta.wait_mail("alice", "by SMTP")
    mta.wait_mail("alice", "by hand")
    poll(lambda: mta.mailbox("alice").count("by SMTP") == 2, what="mail for postmaster")
    without_complaints(mta)


class MysqlAdmin(Mysql):
    def sql(self, statements: str) -> None:
        self.run(program("mariadb"), "--no-defaults", f"--socket={self.dir}/sock", "mail", "-e", statements)


class PgsqlAdmin(Pgsql):
    def sql(self, statements: str) -> None:
        self.run(program("psql"), "-h", str(self.dir), "-p", str(self.port), "-U", "mail", "-c", statements, "postgres")


@pytest.fixture(params=[MysqlAdmin, PgsqlAdmin])
def database(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with the tables of postfixadmin."""
    server = request.param()
    try:
        server.sql(SCHEMA)
        yield server
    finally:
        server.stop()


def test_postfixadmin(make_mta: MakeMta, database: Server) -> None:
    mails = Path(str(make_mta().mail))
    os.chown(mails, 2112, 2112)
    mta = debian(make_mta)
    tables = {}
    for name, query in QUERIES.items():
        path = mta.config / f"{database.type}_{name}.cf"
        path.write_text(f"{database.place()}\nquery = {query}\n")
        path.chmod(0o640)
        shutil.chown(path, "root", "postfix")
        tables[name] = f"proxy:{database.type}:{path}"
    mta.run("postconf", "-e", f"virtual_mailbox_domains={tables['virtual_domains_maps']}",
            f"virtual_alias_maps={tables['virtual_alias_maps']}, {tables['virtual_alias_domain_maps']}",
            f"virtual_mailbox_maps={tables['virtual_mailbox_maps']}", f"virtual_mailbox_base={mails}",
            "virtual_minimum_uid=100", "virtual_uid_maps=static:2112", "virtual_gid_maps=static:2112",
            "smtpd_peername_lookup=no", check=True)
    mta.start()
    for n, address in enumerate(("box@one.test", "info@one.test", "info@two.test")):
        mta.send("bob@example.test", address, text=f"Subject: mail {n}\n\nx\n")
    poll(lambda: len(list((mails / "one.test/box/new").glob("*"))) == 3, what="three messages in the maildir")
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("bob@example.test")
        assert session.rcpt("nobody@one.test")[0] == 550 and session.rcpt("gone@one.test")[0] == 550
    without_complaints(mta)
