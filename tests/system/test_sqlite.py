"""sqlite tables, whose engine is a module: queries, results, and keys that would be more than keys."""
import sqlite3
from typing import Iterator

import pytest

from conftest import new_mta
from mta import ROOT, Mta

PLAIN = "query = SELECT value FROM a WHERE name = '%s'"


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    mta = new_mta({"shlib_directory": str(ROOT / "usr/lib/postfix")})
    with sqlite3.connect(mta.dir / "db") as database:
        database.execute("create table a (name text, value text)")
        database.executemany("insert into a values (?, ?)", [("it's", "one"), ("u", "two"), ("u", "three")])
    yield mta
    mta.__exit__()


@pytest.mark.parametrize("key, settings, status, value", [
    ("it's", PLAIN, 0, "one\n"), ("' or '1", PLAIN, 1, ""), ("nobody", PLAIN, 1, ""),                      # TB2
    ("u", PLAIN + "\nresult_format = <%s>", 0, "<two>,<three>\n"), ("u", PLAIN + "\ndomain = example.test", 1, ""),
    ("u", PLAIN + "\nexpansion_limit = 1", 1, ""), ("u", 'query = SELECT value FROM a WHERE name = "%s"', 1, ""),
    ("u", "query = SELECT value FROM nothing", 1, ""), ("u", "query = SELECT %z", 1, ""),                  # TB6
    ("u", "table = a\nselect_field = value\nwhere_field = name\nadditional_conditions = limit 1", 0, "two\n"),
])
def test_lookup(mta: Mta, key: str, settings: str, status: int, value: str) -> None:
    (mta.config / "sql.cf").write_text(f"dbpath = {mta.dir}/db\n{settings}\n")
    result = mta.run("postmap", "-q", key, f"sqlite:{mta.config}/sql.cf")
    assert (result.returncode, result.stdout) == (status, value)


def test_words_of_clients_are_keys_and_nothing_more() -> None:
    """TB3: what a client says is quoted like any other key."""
    with new_mta({"shlib_directory": str(ROOT / "usr/lib/postfix"), "smtpd_client_restrictions": "",
                  "smtpd_helo_restrictions": "check_helo_access sqlite:$config_directory/sql.cf",
                  "smtpd_sender_restrictions": "check_sender_access sqlite:$config_directory/sql.cf",
                  "smtpd_etrn_restrictions": "check_etrn_access sqlite:$config_directory/sql.cf"}) as mta:
        with sqlite3.connect(mta.dir / "db") as database:
            database.execute("create table a (name text, value text)")
            database.execute("insert into a values ('listed.test', 'REJECT found')")
        (mta.dir / "db").chmod(0o644)
        (mta.config / "sql.cf").write_text(f"dbpath = {mta.dir}/db\n{PLAIN}\n")
        for word, reply in (("listed.test", 554), ("' or 'a'='a", 250), ("x\\' or 1=1 --", 250)):
            with mta.smtp() as session:
                assert session.docmd("HELO", word)[0] == 250
                session.mail("sender@example.org")
                assert session.rcpt("root@example.test")[0] == reply, word
                assert session.docmd("ETRN", word)[0] != 250
        with mta.smtp() as session:
            session.ehlo("client.example.test")
            assert session.docmd("MAIL FROM:", "<\"' or 'a'='a\"@example.org>")[0] == 250
            assert session.rcpt("root@example.test")[0] == 250


def test_type_is_listed_where_its_module_is(mta: Mta) -> None:
    assert "sqlite" in mta.run("postconf", "-m").stdout.split()
    assert "sqlite" not in mta.run("postconf", "-m", env={"MAIL_CONFIG": "/nonexistent"}).stdout.split()
