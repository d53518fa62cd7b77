"""scache: sessions handed from one delivery agent to another."""
import subprocess
from typing import Callable, Iterator

import pytest

from frames import Client
from mta import ROOT, Mta, free_port, poll

SAVE, FIND = 16, 17


@pytest.fixture(name="hosts")
def _hosts() -> Iterator[list[int]]:
    """Two servers; their ports."""
    ports = [free_port(), free_port()]
    sinks = [subprocess.Popen([ROOT / "usr/sbin/smtp-sink", "-h", "sink.test", f"127.0.0.1:{port}", "10"]) for port in ports]
    yield ports
    for sink in sinks:
        sink.kill()
        sink.wait()


def start(make_mta: Callable[..., Mta], ports: list[int], **main: str) -> Mta:
    """One agent only, so that it has to change between destinations."""
    transport = ", ".join(f"{{{name}.test=smtp:[127.0.0.1]:{port}}}" for name, port in zip(("one", "two"), ports))
    settings = {"transport_maps": f"inline:{{{transport}}}", "connection_cache_ttl_limit": "20s",
                "smtp_connection_cache_destinations": "127.0.0.1",
                "smtp_connection_cache_time_limit": "20s", "smtp_connection_cache_on_demand": "no", **main}
    return make_mta(settings, {"scache/unix": "- - n - 1 scache", "smtp/unix": "- - n - 1 smtp"}).start()


def deliver(mta: Mta, name: str) -> str:
    """The log line of a delivery."""
    queue_id = mta.send("sender@example.test", f"user@{name}.test")
    return mta.wait_log(rf" {queue_id}: to=<user@{name}\.test>.*status=sent.*$").group(0)


def test_an_agent_gets_back_what_it_gave_away(make_mta: Callable[..., Mta], hosts: list[int]) -> None:
    mta = start(make_mta, hosts)
    lines = [deliver(mta, name) for name in ("one", "two", "one", "two", "two", "one")]
    uses = [int(line.split("conn_use=")[1].split(",")[0]) if "conn_use=" in line else 1 for line in lines]
    assert uses == [1, 1, 2, 2, 3, 3], lines


def test_the_next_process_takes_over(make_mta: Callable[..., Mta], hosts: list[int]) -> None:
    mta = start(make_mta, hosts, max_use="1")
    assert "conn_use" not in deliver(mta, "one")
    assert "conn_use=2" in deliver(mta, "one")


def test_a_server_that_went_away(make_mta: Callable[..., Mta], hosts: list[int]) -> None:
    """A session that rested too long for its server is not used."""
    mta = start(make_mta, hosts, connection_cache_ttl_limit="1s")
    deliver(mta, "one")
    deliver(mta, "two")
    with Client(mta.queue / "private/scache") as scache:
        poll(lambda: not sockets(mta), 10, "the session to be closed")
        assert 1 not in scache.ask(FIND, _1="smtp")
    assert "conn_use" not in deliver(mta, "one")


def sockets(mta: Mta) -> list[str]:
    """Connections to other hosts that scache holds."""
    (pid,) = mta.children("scache")
    text = subprocess.run(["ss", "-tnpH"], capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines() if f"pid={pid}," in line]


def test_not_for_unlisted_destinations(make_mta: Callable[..., Mta], hosts: list[int]) -> None:
    mta = start(make_mta, hosts, smtp_connection_cache_destinations="")
    assert all("conn_use" not in deliver(mta, name) for name in ("one", "two", "one"))
    assert not mta.children("scache")


def test_without_scache_mail_goes_all_the_same(make_mta: Callable[..., Mta], hosts: list[int]) -> None:
    mta = start(make_mta, hosts, connection_cache_service_name="nosuch")
    assert all("conn_use" not in deliver(mta, name) for name in ("one", "two", "one"))
    mta.wait_log(r"smtp\[\d+\]: warning: connection cache: .*private/nosuch")


def test_malformed_requests(make_mta: Callable[..., Mta], hosts: list[int]) -> None:
    mta = start(make_mta, hosts)
    for kind, key in ((SAVE, "x"), (FIND, ""), (18, "x")):     # SAVE without a descriptor
        with Client(mta.queue / "private/scache") as scache, pytest.raises((AssertionError, ConnectionResetError)):
            scache.ask(kind, _1=key)
    mta.wait_log(r"scache\[\d+\]: warning: malformed request: ")
