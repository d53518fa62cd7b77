"""tlsmgr: sessions, ticket keys and randomness, asked as the TLS engines will ask."""
from typing import Callable

import pytest

from frames import Client
from mta import Mta, poll

SEED, POLICY, LOOKUP, UPDATE, DELETE, TICKET_KEY = range(16, 22)
FOUND, NONE, RETRY = b"\0", b"\1", b"\2"
SMTPD, SMTP, LMTP = 0, 1, 2
MASTER = {"tlsmgr/unix": "- - n 1000? 1 tlsmgr"}


def result(answer: dict[int, bytes]) -> bytes:
    """0 is a number without bytes, or with one."""
    return answer[1] or FOUND


@pytest.fixture(name="mta", scope="module")
def _mta(request: pytest.FixtureRequest) -> Mta:
    from conftest import new_mta
    mta = new_mta({"smtpd_tls_session_cache_database": "btree:${data_directory}/smtpd_scache",
                   "smtp_tls_session_cache_database": "internal:smtp", "smtp_tls_session_cache_timeout": "1s"}, MASTER)
    request.addfinalizer(mta.__exit__)
    return mta.start()


def client(mta: Mta) -> Client:
    """A connection."""
    return Client(mta.queue / "private/tlsmgr")


def test_seed(mta: Mta) -> None:
    with client(mta) as tlsmgr:
        seeds = [tlsmgr.ask(SEED, _2=32)[2] for _ in range(2)]
    assert [len(seed) for seed in seeds] == [32, 32] and seeds[0] != seeds[1]


def test_policy(mta: Mta) -> None:
    with client(mta) as tlsmgr:
        kept = [tlsmgr.ask(POLICY, _1=cache).get(3, b"") for cache in (SMTPD, SMTP, LMTP)]
        assert kept == [b"\1", b"\1", b""]
        assert int.from_bytes(tlsmgr.ask(POLICY, _1=SMTPD)[4], "little") == 3600


def test_sessions(mta: Mta) -> None:
    session = bytes(range(256)) * 20
    with client(mta) as tlsmgr:
        assert result(tlsmgr.ask(LOOKUP, _1=SMTPD, _3="abc")) == NONE
        assert result(tlsmgr.ask(UPDATE, _1=SMTPD, _3="abc", _4=session)) == FOUND
        answer = tlsmgr.ask(LOOKUP, _1=SMTPD, _3="abc")
        assert result(answer) == FOUND and answer[2] == session
        assert result(tlsmgr.ask(LOOKUP, _1=SMTP, _3="abc")) == NONE
        assert result(tlsmgr.ask(DELETE, _1=SMTPD, _3="abc")) == FOUND
        assert result(tlsmgr.ask(LOOKUP, _1=SMTPD, _3="abc")) == NONE
        assert result(tlsmgr.ask(UPDATE, _1=LMTP, _3="abc", _4=session)) == RETRY      # no cache
        assert result(tlsmgr.ask(UPDATE, _1=SMTPD, _3="a\nb", _4=session)) == RETRY    # no text


def test_sessions_grow_old(mta: Mta) -> None:
    with client(mta) as tlsmgr:
        assert result(tlsmgr.ask(UPDATE, _1=SMTP, _3="x", _4=b"y")) == FOUND
        poll(lambda: result(tlsmgr.ask(LOOKUP, _1=SMTP, _3="x")) == NONE, 5, "the session to be forgotten")


def test_ticket_keys_and_sessions_outlive_the_process(mta: Mta) -> None:
    with client(mta) as tlsmgr:
        first = tlsmgr.ask(TICKET_KEY)
        assert [len(first[tag]) for tag in (5, 6, 7)] == [16, 32, 32]
        assert tlsmgr.ask(TICKET_KEY, _3=first[5]) == first
        assert result(tlsmgr.ask(TICKET_KEY, _3=b"x" * 16)) == NONE
        tlsmgr.ask(UPDATE, _1=SMTPD, _3="kept", _4=b"session")
    (before,) = mta.children("tlsmgr")
    mta.reload()
    poll(lambda: before not in mta.children("tlsmgr"), 10, "the old process to leave")
    with client(mta) as tlsmgr:
        assert tlsmgr.ask(TICKET_KEY) == first
        assert tlsmgr.ask(LOOKUP, _1=SMTPD, _3="kept")[2] == b"session"


def test_exchange_file(mta: Mta) -> None:
    with client(mta) as tlsmgr:
        tlsmgr.ask(SEED, _2=1)
    exchange = mta.data / "prng_exch"
    assert exchange.stat().st_mode & 0o777 == 0o600
    before = exchange.read_bytes()
    assert len(before) == 1024
    mta.reload()
    poll(lambda: exchange.read_bytes() != before, 10, "another content")


def test_malformed_requests(mta: Mta) -> None:
    mark = len(mta.log())
    with client(mta) as tlsmgr, pytest.raises((AssertionError, ConnectionResetError)):
        tlsmgr.ask(LOOKUP, _1=3, _3="x")
    mta.wait_log(r"tlsmgr\[\d+\]: warning: malformed request: value out of range", since=mark)


def test_a_cache_that_cannot_be_opened(make_mta: Callable[..., Mta]) -> None:
    """TLS goes on without."""
    mta = make_mta({"smtpd_tls_session_cache_database": "btree:/nonexistent/cache", "tls_random_source": "egd:/run/egd",
                    "tls_session_ticket_cipher": ""}, MASTER).start()
    with client(mta) as tlsmgr:
        assert 3 not in tlsmgr.ask(POLICY, _1=SMTPD)
        assert len(tlsmgr.ask(SEED, _2=5)[2]) == 5
        assert result(tlsmgr.ask(TICKET_KEY)) == NONE
    mta.wait_log(r"tlsmgr\[\d+\]: warning: TLS sessions are not kept: .*/nonexistent/cache")
