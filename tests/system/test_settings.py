"""Settings that are wrong, gone, or refer to each other: told, and never dangerous."""
import re
import socket
import subprocess
import time
from typing import Callable

import pytest

from hosts import Zone
from mta import PRIVILEGED, Mta, poll

MakeMta = Callable[..., Mta]


def greeted(sock: socket.socket, seconds: float) -> bool:
    """Does the server speak in this time?"""
    sock.settimeout(seconds)
    try:
        return sock.recv(3) == b"220"
    except TimeoutError:
        return False


def test_a_setting_that_was_removed_is_no_more_CF1(make_mta: MakeMta) -> None:
    """Even in the process that stays."""
    mta = make_mta({"default_process_limit": "1", "smtpd_client_connection_count_limit": "0"}).start()
    with socket.create_connection(("127.0.0.1", mta.port)) as first, socket.create_connection(("127.0.0.1", mta.port)) as second:
        assert greeted(first, 20) and not greeted(second, 0.5)
        del mta.main["default_process_limit"]
        mta.configure()
        mta.reload()
        assert greeted(second, 20)


def test_a_comment_behind_a_value_is_told_CF4(make_mta: MakeMta) -> None:
    mta = make_mta({"mynetworks": "127.0.0.0/8 # office"})
    result = mta.run("postconf", "mynetworks")
    assert "#" in result.stderr and "mynetworks" in result.stderr and "warning" in result.stderr, result
    mta.start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("")
        session.rcpt("alice@example.test")
    mta.wait_log(r"warning: .*(#|office)")


@pytest.mark.parametrize("settings", [
    {"myorigin": "$mydomain", "mydomain": "$myorigin"}, {"mydomain": "$mydomain"}, {"mydomain": "${nothing_of_the_kind}"},
    {"relayhost": "${mydomain?{$relayhost}}"}])
def test_values_that_refer_to_themselves_or_nothing_CF6(make_mta: MakeMta, settings: dict[str, str]) -> None:
    mta = make_mta(settings)
    result = mta.run("postconf", "-x", *settings)       # comes to an end
    assert result.returncode in (0, 1) and "panic" not in result.stderr
    assert result.stdout or "go round in a circle" in result.stderr, result


def test_a_default_that_refers_to_a_later_setting_CF6(make_mta: MakeMta) -> None:
    mta = make_mta()
    with (mta.config / "main.cf").open("a") as out:
        out.write("relay_domains = $later\nlater = $mydomain, b.test\nmydomain = a.test\n")
    assert mta.run("postconf", "-xh", "relay_domains").stdout == "a.test, b.test\n"


@pytest.mark.parametrize("relay, recipient", [
    ("", ""), ("permit", "permit"), ("permit, reject", "PERMIT reject_unauth_destination"), ("", "warn_if_reject reject"),
    ("permit_mynetworks", "")])
def test_no_rule_against_relaying_is_no_open_relay_CF7(make_mta: MakeMta, relay: str, recipient: str) -> None:
    mta = make_mta({"smtpd_relay_restrictions": relay, "smtpd_recipient_restrictions": recipient, "mynetworks": "192.0.2.0/24"})
    mta.start()
    with socket.create_connection(("127.0.0.1", mta.port)):
        mta.wait_log(r"fatal: in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working")
    assert "connect from" not in mta.log()


@pytest.mark.parametrize("relay, recipient", [
    ("REJECT_UNAUTH_DESTINATION", ""), ("", "permit_mynetworks Reject_Unauth_Destination"), ("defer", "")])
def test_rules_in_capitals_are_rules_CF7(make_mta: MakeMta, relay: str, recipient: str) -> None:
    mta = make_mta({"smtpd_relay_restrictions": relay, "smtpd_recipient_restrictions": recipient, "mynetworks": "192.0.2.0/24"})
    mta.start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("a@far.test")
        assert session.rcpt("b@elsewhere.test")[0] in (450, 451, 454, 550, 554)


def test_blanks_and_line_ends_around_values_in_braces_CF9(make_mta: MakeMta) -> None:
    mta = make_mta()
    mta.configure(export_environment="MAIL_CONFIG {\n\tSPACED   =   two\n\twords\t\n\t} { OTHER=x } PLAIN=y FROM_US",
                  import_environment="MAIL_CONFIG { FROM_US = a b }", mailbox_command="env >$HOME/environment")
    mta.start()
    mta.wait_removed(mta.send("", "alice@example.test"))
    home = subprocess.run(["sh", "-c", "echo ~alice"], capture_output=True, text=True, check=True).stdout.strip()
    lines = open(f"{home}/environment", encoding="ascii").read().splitlines()
    assert {"OTHER=x", "PLAIN=y", "FROM_US=a b"} <= set(lines) and any(re.fullmatch("SPACED=two +words", each) for each in lines), lines


# -- names that cannot be asked ------------------------------------------------------------------------------------------


def test_nothing_of_dns_is_needed_to_start_DN13(make_mta: MakeMta) -> None:
    """Nobody listens at the address of the name server, and the host has no name in the settings."""
    mta = make_mta()
    for name in ("myhostname", "mydomain", "myorigin", "mydestination"):
        del mta.main[name]
    mta.configure()
    began = time.monotonic()
    assert mta.run("postconf", "myhostname").stdout.startswith("myhostname = ")
    mta.start()
    assert time.monotonic() - began < 10


@pytest.mark.skipif(not PRIVILEGED, reason="needs root")
def test_a_machine_without_ipv6_DN14(make_mta: MakeMta) -> None:
    off = "/proc/sys/net/ipv6/conf/all/disable_ipv6"
    with open(off, "w", encoding="ascii") as out:
        out.write("1\n")
    try:
        mta = make_mta({"inet_protocols": "all", "inet_interfaces": "loopback-only"}).start()
        mta.wait_removed(mta.send("", "alice@example.test"))
    finally:
        with open(off, "w", encoding="ascii") as out:
            out.write("0\n")


@pytest.mark.skipif(not PRIVILEGED, reason="needs a name server")
@pytest.mark.parametrize("name", ["a b.test", "x" * 64 + ".test", "bad\x01name.test", "-.test", "under_score..test"])
def test_names_of_clients_are_names_or_unknown_DN12(make_mta: MakeMta, name: str) -> None:
    labels = [each for each in name.split(".") if each]
    wire = b"".join(bytes([min(len(each), 63)]) + each.encode()[:63] for each in labels) + b"\0"
    zone = PtrZone(wire, name)
    try:
        mta = make_mta({"mynetworks": ""})
        mta.start()
        with socket.create_connection(("127.0.0.1", mta.port), 20, source_address=("127.0.0.77", 0)) as client:
            assert client.recv(3) == b"220"
        line = mta.wait_log(r"smtpd\[\d+\]: connect from (.*)\[127\.0\.0\.77\]$")
        assert re.fullmatch(r"unknown|[A-Za-z0-9_.-]+", line[1])
    finally:
        zone.close()


class PtrZone(Zone):
    """Answers each question about an address with a name as it stands in the packet."""

    def __init__(self, wire: bytes, name: str) -> None:
        self.wire, self.name = wire, name
        super().__init__({})

    def answer(self, query: bytes) -> bytes:
        """PTR, and the address for whatever name is asked back."""
        end = query.index(b"\0", 12) + 5
        kind = query[end - 4:end - 2]
        data = self.wire if kind == b"\0\x0c" else socket.inet_aton("127.0.0.77") if kind == b"\0\1" else b""
        head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if data else b"\0\0") + b"\0\0\0\0" + query[12:end]
        return head + (b"\xc0\x0c" + kind + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data if data else b"")


class BadZone(Zone):
    """Answers each question with the same bytes behind its id."""

    def __init__(self, rest: bytes) -> None:
        self.rest = rest
        super().__init__({})

    def answer(self, query: bytes) -> bytes:
        return query[:2] + self.rest.replace(b"QUESTION", query[12:])


@pytest.mark.skipif(not PRIVILEGED, reason="needs a name server")
@pytest.mark.parametrize("rest", [b"\x81", b"\x81\x85\0\1\0\0\0\0\0\0QUESTION", b"\x81\x8f\0\1\0\0\0\0\0\0QUESTION",
                                  b"\x81\x80\0\0\0\1\0\0\0\0\xc0"], ids=["short", "refused", "unknown-code", "cut"])
def test_no_answer_is_no_verdict_DN6(make_mta: MakeMta, rest: bytes) -> None:
    """Whatever the resolver fails with, mail waits."""
    zone = BadZone(rest)
    try:
        mta = make_mta({"default_transport": "smtp", "smtp_host_lookup": "dns"}).start()
        mta.send("", "x@far.test")
        mta.wait_log(r"to=<x@far\.test>.*dsn=4\.\d\.\d, status=deferred", 20)
    finally:
        zone.close()
