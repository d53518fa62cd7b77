"""Mail between hosts: a mail system here, another behind a wire, found by MX."""
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from hosts import FAR, NEAR, FarHost, Zone
from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs root: network namespaces and port 25")
MakeMta = Callable[..., Mta]
BOTH = {"inet_interfaces": "all", "inet_protocols": "all", "home_mailbox": "Maildir/", "default_transport": "smtp",
        "smtpd_peername_lookup": "no"}


@pytest.fixture(scope="module")
def host() -> Iterator[FarHost]:
    """The other host's network."""
    far = FarHost()
    yield far
    far.close()


@pytest.fixture(scope="module")
def zone() -> Iterator[Zone]:
    """far.test by MX; six.test by IPv6 only."""
    server = Zone({("far.test", "MX"): ["10 mx.far.test"], ("mx.far.test", "A"): [FAR[0]], ("six.test", "MX"): ["10 mx.six.test"],
                   ("mx.six.test", "AAAA"): [FAR[1]]})
    yield server
    server.close()


@pytest.fixture
def near(make_mta: MakeMta, zone: Zone) -> Mta:
    """The mail system here, on port 25; it tries again each second."""
    mta = make_mta({**BOTH, "queue_run_delay": "1s", "minimal_backoff_time": "1s", "maximal_backoff_time": "1s",
                    "smtp_connect_timeout": "5s"})
    mta.port = 25
    mta.configure()
    return mta.start()


@pytest.fixture
def far(make_mta: MakeMta, host: FarHost) -> Mta:
    """The mail system over there, not started."""
    mta = make_mta({**BOTH, "myhostname": "mx.far.test", "mydestination": "far.test, six.test"})
    mta.prefix, mta.port = host.prefix, 25
    mta.configure()
    return mta


def maildir_text(user: str) -> str:
    """All new mail of a user, without its time stamps."""
    return "".join(path.read_text() for path in Path(BASE, "home", user, "Maildir/new").glob("*"))


def wait_maildir(mta: Mta, user: str, text: str) -> str:
    """Wait until some mail of a user holds a text."""
    try:
        poll(lambda: text in maildir_text(user), 15, f"{text!r} in the Maildir of {user}")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{mta.log()}") from None
    return maildir_text(user)


@pytest.mark.skipif(shutil.which("swaks") is None, reason="needs swaks")
def test_swaks_to_port_25_reaches_a_maildir(near: Mta) -> None:
    subprocess.run(["swaks", "--server", "127.0.0.1", "--from", "sender@example.org", "--to", "alice@example.test",
                    "--header", "Subject: by-swaks"], check=True, capture_output=True, timeout=30)
    assert "Return-Path: <sender@example.org>" in wait_maildir(near, "alice", "Subject: by-swaks")


@pytest.mark.parametrize("domain, address", [("far.test", FAR[0]), ("six.test", FAR[1])])
def test_mx_leads_to_another_host(near: Mta, far: Mta, domain: str, address: str) -> None:
    far.start()
    near.send("alice@example.test", f"bob@{domain}", text=f"Subject: to-{domain}\n\n")
    wait_maildir(far, "bob", f"Subject: to-{domain}")
    relay = f"mx.{domain}[{address}]:25"
    assert f"relay={relay}," in near.log(), near.log()
    source = NEAR[domain == "six.test"]
    assert f"[{source}]" in far.log()


def test_unknown_user_over_there_comes_back_as_a_report(near: Mta, far: Mta) -> None:
    far.start()
    near.send("alice@example.test", "nobody.such@far.test", text="Subject: to-nobody\n\n")
    text = wait_maildir(near, "alice", "to-nobody")
    assert "Final-Recipient: rfc822; nobody.such@far.test" in text and "Status: 5.1.1" in text
    assert "Remote-MTA: dns; mx.far.test" in text


def test_mail_to_a_dead_host_arrives_when_it_lives_again(near: Mta, far: Mta) -> None:
    queue_id = near.send("alice@example.test", "bob@far.test", text="Subject: patience\n\n")
    near.wait_log(rf"{queue_id}: to=<bob@far\.test>, .*dsn=4\.4\.1, status=deferred \(connect to mx\.far\.test\[{FAR[0]}\]:25: "
                  "Connection refused")
    far.start()
    wait_maildir(far, "bob", "Subject: patience")
    near.wait_removed(queue_id, 15)
