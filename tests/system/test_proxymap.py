"""proxymap: which tables it serves, to whom, and how its clients see its failures."""
from typing import Callable, Iterator, Optional

import pytest

from conftest import new_mta
from frames import Client
from mta import PRIVILEGED, Mta

MakeMta = Callable[..., Mta]


def lookup(mta: Mta, table: str, key: str) -> Optional[str]:
    """What a table has for a key; None: nothing."""
    result = mta.run("postmap", "-q", key, table)
    assert not result.stderr, result
    return result.stdout.rstrip("\n") if result.returncode == 0 else None


def refused(mta: Mta, table: str, key: str) -> str:
    """What is said about a table that cannot be asked."""
    result = mta.run("postmap", "-q", key, table)
    assert result.returncode == 1 and result.stderr
    return result.stderr


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    with new_mta({
        "proxy_read_maps": "proxy:texthash:$config_directory/plain $smtpd_recipient_restrictions $mynetworks "
                           "proxy:unix:passwd.byname, proxy:regexp:$config_directory/pattern, pipemap:{proxy:static:{in braces}}",
        "smtpd_restriction_classes": "strict", "strict": "check_sender_access proxy:static:class, reject",
        "smtpd_recipient_restrictions": "check_recipient_access { proxy:static:option, search_order=x } strict permit",
        "mynetworks": "127.0.0.0/8 $config_directory/networks"}) as mta:
        (mta.config / "plain").write_text("key value\nMixed other\n")
        (mta.config / "pattern").write_text("/^Key$/ value\n")
        (mta.config / "networks").write_text("192.0.2.1\nproxy:static:file\n")
        yield mta


def test_lookups(mta: Mta) -> None:
    table = f"proxy:texthash:{mta.config}/plain"
    assert lookup(mta, table, "key") == "value"
    assert lookup(mta, table, "KEY") == "value"
    assert lookup(mta, table, "nothing") is None


@pytest.mark.parametrize("name", ["class", "option", "file", "{in braces}"])
def test_approved_wherever_it_is_named(mta: Mta, name: str) -> None:
    """TB16"""
    assert lookup(mta, f"proxy:static:{name}", "any") == name.strip("{}")


def test_unapproved_table_is_an_error(mta: Mta) -> None:
    """TB16"""
    assert "not configured" in refused(mta, "proxy:static:unapproved", "any")
    mta.wait_log(r'proxymap\[\d+\]: warning: request for unapproved table: "static:unapproved"')
    mta.wait_log(r"list proxy:static:unapproved in main.cf:proxy_read_maps")


def test_one_clients_folding_is_not_anothers(mta: Mta) -> None:
    """TB16"""
    table = f"proxy:texthash:{mta.config}/plain"
    assert mta.run("postmap", "-f", "-q", "KEY", table).returncode == 1
    assert lookup(mta, table, "KEY") == "value"
    assert mta.run("postmap", "-f", "-q", "KEY", table).returncode == 1


def test_tables_within_tables_are_opened_directly_IP11(make_mta: MakeMta) -> None:
    """The only process must not wait for itself; nor may it be asked for more than one by another table."""
    inner = "pipemap:{proxy:static:inner,proxy:unionmap:{static:a,proxy:static:b}}"
    mta = make_mta({"proxy_read_maps": f"proxy:static:inner proxy:static:b proxy:{inner}"},
                   {"proxymap/unix": "- - n - 1 proxymap"}).start()
    assert lookup(mta, f"proxy:{inner}", "key") == "a,b"


@pytest.mark.skipif(not PRIVILEGED, reason="reads the passwd file as another user")
def test_system_accounts(mta: Mta) -> None:
    assert lookup(mta, "proxy:unix:passwd.byname", "root").startswith("root:")


def test_changed_table_is_noticed(make_mta: MakeMta) -> None:
    mta = make_mta({"proxy_read_maps": "proxy:texthash:$config_directory/plain"})
    (mta.config / "plain").write_text("key old\n")
    mta.start()
    assert lookup(mta, f"proxy:texthash:{mta.config}/plain", "key") == "old"
    (mta.config / "plain").write_text("key newer\n")
    mta.wait_log(r"proxymap\[\d+\]: table texthash:\S+/plain has changed -- restarting")
    assert lookup(mta, f"proxy:texthash:{mta.config}/plain", "key") == "newer"


@pytest.mark.parametrize("size", [50_000, 66_000, 100_000])
def test_a_header_of_any_size_is_asked_for(make_mta: MakeMta, size: int) -> None:
    mta = make_mta({"header_checks": "proxy:regexp:$config_directory/checks"})
    (mta.config / "checks").write_text("/^X-Long: .*evil$/ REJECT seen\n")
    mta.start()
    long = "".join(f" {'x' * 900}\n" for _ in range(size // 902))
    with mta.smtp() as session:
        for end, code in (("good", 250), ("evil", 550)):
            session.mail("a@example.test")
            session.rcpt("bob@example.test")
            assert session.data(f"Subject: x\nX-Long:{long} {end}\n\nx\n")[0] == code


def test_cache_by_way_of_proxywrite(make_mta: MakeMta) -> None:
    mta = make_mta({"address_verify_map": "proxy:btree:$data_directory/shared"}).start()
    with Client(mta.queue / "private/verify") as verify:
        verify.ask(17, _1="a@other.test", _3="250 fine")
        assert verify.ask(16, _1="a@other.test")[3] == b"250 fine"
    assert list(mta.data.glob("shared.*"))


def test_down_is_not_a_miss(make_mta: MakeMta) -> None:
    mta = make_mta({"proxy_read_maps": "proxy:static:x"})
    assert "private/proxymap" in refused(mta, "proxy:static:x", "any")
