"""verify: what it remembers of addresses, and when it sends probes."""
import re
from typing import Callable

import pytest

from frames import Client
from mta import Mta, poll

QUERY, UPDATE = 16, 17
GOOD, DEFERRED, BAD, TODO, UNAVAILABLE = range(5)
MakeMta = Callable[..., Mta]


def client(mta: Mta) -> Client:
    """A connection to the service."""
    return Client(mta.queue / "private/verify")


def query(mta: Mta, address: str) -> tuple[int, str]:
    """Status and text that are known now."""
    with client(mta) as service:
        answer = service.ask(QUERY, _1=address)
    return int.from_bytes(answer.get(2, b""), "little"), answer.get(3, b"").decode()


def report(mta: Mta, address: str, status: int, text: str) -> None:
    """What an agent says after a probe."""
    with client(mta) as service:
        service.ask(UPDATE, _1=address, _2=status, _3=text)


def probes(mta: Mta, address: str) -> int:
    """How many probes to this address were delivered or put off so far."""
    return len(re.findall(rf" to=<{address}>.*status=", mta.log()))


@pytest.fixture(name="mta", scope="module")
def _mta() -> Mta:
    from conftest import new_mta
    with new_mta({"address_verify_negative_refresh_time": "1h"}) as mta:
        yield mta


def test_unknown_address_is_probed_once(mta: Mta) -> None:
    assert query(mta, "new@other.test") == (TODO, "Address verification in progress")
    assert query(mta, "new@other.test")[0] in (TODO, BAD)
    line = mta.wait_log(r" (\w+): to=<new@other.test>")
    mta.wait_removed(line.group(1))
    assert probes(mta, "new@other.test") == 1
    assert re.search(rf" {line.group(1)}: from=<double-bounce@example.test>", mta.log())


@pytest.mark.parametrize("status", [GOOD, DEFERRED, BAD])
def test_reports_are_answers(mta: Mta, status: int) -> None:
    address = f"told{status}@other.test"
    report(mta, address, status, "what the server said")
    assert query(mta, address) == (status, "what the server said")
    assert probes(mta, address) == 0


def test_good_address_stays_good(mta: Mta) -> None:
    report(mta, "good@other.test", GOOD, "250 fine")
    report(mta, "good@other.test", BAD, "550 gone")
    assert query(mta, "good@other.test") == (GOOD, "250 fine")


def test_bad_address_may_become_good(mta: Mta) -> None:
    report(mta, "bad@other.test", BAD, "550 gone")
    report(mta, "bad@other.test", GOOD, "250 fine")
    assert query(mta, "bad@other.test") == (GOOD, "250 fine")


def test_text_is_made_printable(mta: Mta) -> None:
    report(mta, "odd@other.test", BAD, "one\r\ntwo")
    assert query(mta, "odd@other.test") == (BAD, "one??two")


def test_cache_outlives_the_process(make_mta: MakeMta) -> None:
    mta = make_mta().start()
    report(mta, "kept@other.test", GOOD, "250 fine")
    mta.reload()
    assert query(mta, "kept@other.test") == (GOOD, "250 fine")
    mta.stop()
    assert list(mta.data.glob("verify_cache.*"))


def test_negative_cache_may_be_off(make_mta: MakeMta) -> None:
    mta = make_mta({"address_verify_negative_cache": "no", "address_verify_map": ""}).start()
    report(mta, "bad@other.test", BAD, "550 gone")
    assert query(mta, "bad@other.test")[0] == TODO
    poll(lambda: probes(mta, "bad@other.test") == 1, 10, "a probe")
    assert query(mta, "bad@other.test")[0] == TODO
    poll(lambda: probes(mta, "bad@other.test") == 2, 10, "another probe")


def test_expired_entries_are_cleaned(make_mta: MakeMta) -> None:
    mta = make_mta({"address_verify_cache_cleanup_interval": "1s"}).start()
    report(mta, "young@other.test", GOOD, "250 fine")
    mta.wait_log(r"cache \S+verify_cache full cleanup: retained=1 dropped=0 entries")


def test_cache_that_cannot_be_asked_makes_no_probes(make_mta: MakeMta) -> None:
    """QM16"""
    mta = make_mta({"address_verify_map": "fail:broken"}).start()
    assert query(mta, "a@other.test") == (UNAVAILABLE, "")
    assert probes(mta, "a@other.test") == 0


def test_address_that_stands_for_others_is_good(make_mta: MakeMta) -> None:
    """Whatever they are: a list with one bad member takes mail, and nobody has to expand it for a question."""
    mta = make_mta({"alias_maps": "texthash:$config_directory/aliases", "virtual_alias_maps": "inline:{{both@example.test = bob alice}}"})
    (mta.config / "aliases").write_text("one nosuch\nlist bob, nosuch\ncommand \"|true\"\n")
    mta.start()
    for address, text in (("one", "aliased to nosuch"), ("list", "aliased to bob, nosuch"), ("command", 'aliased to "|true"'),
                          ("both", "aliased to multiple recipients"), ("bob", "delivers to mailbox")):
        query(mta, f"{address}@example.test")
        assert poll(lambda: (found := query(mta, f"{address}@example.test"))[0] != TODO and found, what="an answer") == (GOOD, text)
    query(mta, "nosuch@example.test")
    poll(lambda: query(mta, "nosuch@example.test")[0] == BAD, what="a bad one")
