"""The SMTP server against clients that lie, push in, or fall silent. Ids such as SM1 name mistakes that others made."""
import contextlib
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, Optional

import pytest

from mta import BASE, PRIVILEGED, Mta, free_port, poll

SENDER, ALICE, BOB = "s@example.org", "alice@example.test", "bob@example.test"
PORTS: dict[str, int] = {}
TABLE = BASE / "recipients"


def service(name: str, **options: str) -> str:
    """An SMTP service of its own; the key for master.cf."""
    PORTS[name] = free_port()
    SERVICES[f"127.0.0.1:{PORTS[name]}/inet"] = "n - n - - smtpd" + "".join(
        f" -o {{ {key} = {value} }}" for key, value in options.items())
    return name


SERVICES: dict[str, Optional[str]] = {}
for mode in ("normalize", "reject", "note", "no"):
    service(mode, smtpd_forbid_bare_newline=mode, smtpd_forbid_bare_newline_exclusions="")
service("at-end", smtpd_end_of_data_restrictions="check_sender_access inline:{{bad@example.org = REJECT no}}",
        smtpd_recipient_restrictions="check_recipient_access inline:{{bob@example.test = REJECT not him}}")
service("eager", smtpd_delay_reject="no", smtpd_sender_restrictions="check_sender_access inline:{{ü@example.org = OK}}, reject")
service("quick", smtpd_timeout="1s", smtpd_per_request_deadline="yes")
service("small", line_length_limit="512", message_size_limit="2000", smtpd_error_sleep_time="0")
service("final", smtpd_client_restrictions="check_client_access static:{421 4.7.0 go}", smtpd_delay_reject="no")
service("trusting", smtpd_authorized_xclient_hosts="127.0.0.1", smtpd_authorized_xforward_hosts="127.0.0.1",
        smtpd_client_restrictions="check_sasl_access static:{REJECT logged in}")
service("patient", smtpd_hard_error_limit="1000", smtpd_soft_error_limit="1000", smtpd_forbid_unauth_pipelining="no")
service("proxied", smtpd_upstream_proxy_protocol="haproxy", smtpd_upstream_proxy_timeout="1s")
service("limited", smtpd_client_message_rate_limit="1", smtpd_client_event_limit_exceptions="")
FILTER = free_port()
for name, option in (("filtered", ""), ("stored", "speed_adjust")):
    service(name, smtpd_proxy_filter=f"127.0.0.1:{FILTER}", smtpd_proxy_options=option, message_size_limit="2000",
            smtpd_forbid_bare_newline="no", line_length_limit="512",
            smtpd_recipient_restrictions="check_sender_access inline:{{head@example.org = PREPEND X-Head: one}}")
service("crowded", smtpd_banner="$myhostname ${stress?{stressed}:{calm}}")
SERVICES[f"127.0.0.1:{PORTS['crowded']}/inet"] = SERVICES[f"127.0.0.1:{PORTS['crowded']}/inet"].replace("- n - -", "- n - 2", 1)
service("tabled", smtpd_recipient_restrictions=f"check_recipient_access texthash:{TABLE}")
for word in ("pipelining", "size", "vrfy", "etrn", "enhancedstatuscodes", "8bitmime", "dsn", "smtputf8", "chunking"):
    service(f"no-{word}", smtpd_discard_ehlo_keywords=word)


service("strict", strict_rfc821_envelopes="yes", smtpd_relay_restrictions="reject_unauth_destination")
service("lax", smtpd_relay_restrictions="reject_unauth_destination")
service("unsure", smtpd_discard_ehlo_keyword_address_maps="fail:x")
UNSURE = {"smtpd_authorized_xclient_hosts": "fail:x", "smtpd_authorized_xforward_hosts": "fail:x"}
for name, value in UNSURE.items():
    service(f"unsure-{name}", **{name: value})
service("unsure-networks", mynetworks="fail:x", smtpd_relay_restrictions="permit_mynetworks, reject")
service("unsure-rewriting", local_header_rewrite_clients="check_address_map fail:x")
service("fronted", smtpd_authorized_xclient_hosts="127.0.0.1", smtpd_authorized_xforward_hosts="203.0.113.0/24",
        smtpd_client_event_limit_exceptions="", smtpd_client_connection_rate_limit="1")
service("hidden", smtpd_hide_client_session="yes")
service("odd-verbs", smtpd_noop_commands="VRFY, FROB")


@pytest.fixture(scope="module")
def server() -> Iterator[Mta]:
    """One instance with all services."""
    from conftest import new_mta
    TABLE.write_text("")
    master = {**SERVICES, "anvil/unix": "- - n - 1 anvil"}
    with new_mta(main={"smtpd_error_sleep_time": "0", "recipient_delimiter": "+", "relay_domains": "served.test"}, master=master) as each:
        yield each


class Session:
    """Bytes to a service, and what comes back."""

    def __init__(self, name: str, greet: bool = True) -> None:
        """Connect; read the greeting and say EHLO unless told otherwise."""
        self.sock = socket.create_connection(("127.0.0.1", PORTS[name]), 10)
        self.file = self.sock.makefile("rb")
        if greet:
            assert self.reply() == 220
            assert self.say("EHLO client.example.test") == 250

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *ignored: object) -> None:
        self.file.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        """These bytes, no others."""
        self.sock.sendall(data)

    def reply(self) -> int:
        """The code of the next reply; its text is in self.text. 0: the server hung up."""
        self.text = ""
        while True:
            try:
                line = self.file.readline().decode("utf-8", "replace")
            except ConnectionResetError:
                line = ""
            self.text += line
            if not line:
                return 0
            if line[3:4] != "-":
                return int(line[:3])

    def say(self, line: str) -> int:
        """One command; the code of its reply."""
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def envelope(self, *recipients: str, sender: str = SENDER) -> None:
        """MAIL, and RCPT for each."""
        assert self.say(f"MAIL FROM:<{sender}>") == 250, self.text
        for each in recipients or (ALICE,):
            assert self.say(f"RCPT TO:<{each}>") == 250, self.text

    def data(self, content: bytes) -> int:
        """DATA and content as it is; the code of the final reply."""
        assert self.say("DATA") == 354, self.text
        self.send(content)
        return self.reply()

    def ended(self) -> bool:
        """Did the server hang up?"""
        return self.reply() == 0


# -- transactions ------------------------------------------------------------------------------------------


def test_sm1_a_refused_message_ends_the_transaction(server: Mta) -> None:
    with Session("at-end") as session:
        session.envelope(ALICE, "bob+x@mail.example.test", sender="bad@example.org")
        assert session.data(b"x\r\n.\r\n") == 554
        assert session.say(f"RCPT TO:<{BOB}>") == 503
        assert session.say("DATA") == 503
        session.envelope()
        assert session.say(f"RCPT TO:<{BOB}>") == 554


def test_bd1_an_error_of_bdat_ends_the_transaction(server: Mta) -> None:
    with Session("at-end") as session:
        session.envelope(sender="bad@example.org")
        session.send(b"BDAT 3 LAST\r\nx\r\n")
        assert session.reply() == 554
        assert session.say("DATA") == 503
        assert session.say(f"RCPT TO:<{ALICE}>") == 503


def test_ad2_no_address_looks_like_an_option(server: Mta) -> None:
    with Session("normalize") as session:
        for sender in ("-s@example.org", '"- s"@example.org'):
            assert session.say(f"MAIL FROM:<{sender}>") == 501 and "5.1.7" in session.text
        assert session.say(f"MAIL FROM:<{SENDER}>") == 250
        assert session.say("RCPT TO:<-r@example.test>") == 501 and "5.1.3" in session.text
    server.wait_log(r"Illegal address syntax from localhost\[127\.0\.0\.1\] in MAIL command: <-s@example\.org>")


def test_sm3_vrfy_leaves_the_transaction_alone(server: Mta) -> None:
    with Session("normalize") as session:
        session.envelope()
        session.say("VRFY <ü@example.test>")
        assert session.data(b"Subject: vrfy\r\n\r\nx\r\n.\r\n") == 250


def test_sm4_a_bad_recipient_fails_alone(server: Mta) -> None:
    with Session("normalize") as session:
        session.envelope()
        assert session.say("RCPT TO:<no@such@where>") in (501, 550, 554)
        assert session.say("RCPT TO:<\xfc@example.test>") in (500, 501, 550, 553)
        assert session.data(b"x\r\n.\r\n") == 250


def test_sm5_options_come_before_restrictions(server: Mta) -> None:
    with Session("eager") as session:
        assert session.say("MAIL FROM:<ü@example.org> SMTPUTF8") == 250, session.text
        assert session.say("RSET") == 250
        assert session.say("MAIL FROM:<other@example.org>") == 554


def test_sm16_a_final_reply_wins(server: Mta) -> None:
    with Session("final", greet=False) as session:
        assert session.reply() == 421
        assert session.ended()


# -- smuggling: what ends the content -----------------------------------------------------------------------


FALSE_ENDS = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n"]


@pytest.mark.parametrize("mode", ["normalize", "reject"])
@pytest.mark.parametrize("false_end", FALSE_ENDS)
def test_sm6_sm7_only_crlf_dot_crlf_ends_content(server: Mta, mode: str, false_end: bytes) -> None:
    before = len(server.log())
    with Session(mode) as session:
        session.envelope()
        code = session.data(b"Subject: x\r\n\r\nbody" + false_end + b"MAIL FROM:<forged@example.org>\r\n.\r\n")
        bare = b"\n" in false_end.replace(b"\r\n", b"")
        assert code == (550 if mode == "reject" and bare else 250), session.text
        assert session.say("QUIT") == 221
    assert "forged@example.org" not in server.log(before)


def test_a_hidden_session_is_in_no_header(server: Mta) -> None:
    with Session("hidden") as session:
        session.envelope()
        assert session.data(b"Subject: hidden\r\n\r\nx\r\n.\r\n") == 250
    mailbox = server.wait_mail("alice", "Subject: hidden\n")
    header = mailbox[:mailbox.index("Subject: hidden\n")].rsplit("\nFrom ", 1)[-1]
    assert re.search(r"^Received: by \S+ \(Posthaste\) id \w+\n\tfor <alice@example\.test>; ", header, re.M), header
    assert "client.example.test" not in header


def test_sm8_content_is_read_to_its_end_before_it_is_refused(server: Mta) -> None:
    with Session("reject") as session:
        session.envelope()
        assert session.data(b"a\nb\r\nRSET\r\nQUIT\r\n.\r\n") == 550
        assert session.say("NOOP") == 250


@pytest.mark.parametrize("mode, ends", [("note", True), ("no", True)])
def test_sm6_lenient_modes_take_lf_dot_lf(server: Mta, mode: str, ends: bool) -> None:
    with Session(mode) as session:
        session.envelope()
        assert session.data(b"a\n.\n") == 250


def test_lg10_bare_lf_is_noted_once(server: Mta) -> None:
    before = len(server.log())
    with Session("note") as session:
        session.envelope()
        assert session.data(b"a\nb\nc\n.\n") == 250
        session.say("QUIT")
    line = server.wait_log(r"disconnect from .* notes=bare_lf$", since=before)
    assert server.log(before).count("bare_lf") == 1, line


# -- pipelining ---------------------------------------------------------------------------------------------


def test_sm12_talking_before_the_greeting(server: Mta) -> None:
    with Session("proxied", greet=False) as session:
        session.send(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\nEHLO early\r\n")
        assert session.reply() == 554
        assert session.ended()


@pytest.mark.parametrize("line", ["EHLO x", "HELO x", "NOOP"])
def test_sm12_talking_on_where_an_answer_is_due(server: Mta, line: str) -> None:
    with Session("normalize", greet=False) as session:
        assert session.reply() == 220
        session.send(line.encode() + b"\r\nMAIL FROM:<s@example.org>\r\n")
        assert session.reply() == 554
        assert session.ended()


def test_sm12_a_probe_of_ehlo_and_quit_is_harmless(server: Mta) -> None:
    with Session("normalize", greet=False) as session:
        assert session.reply() == 220
        session.send(b"EHLO probe\r\nQUIT\r\n")
        assert session.reply() == 250
        assert session.reply() == 221


# -- limits ---------------------------------------------------------------------------------------------------


def test_sm13_a_line_without_end(server: Mta) -> None:
    with Session("small") as session:
        try:
            for _ in range(100):
                session.send(b"x" * 65536)
        except OSError:
            pass
        assert session.reply() in (500, 0)
        assert session.ended()


def test_sm14_the_tail_of_a_long_line_is_no_command(server: Mta) -> None:
    with Session("small") as session:
        session.send(b"NOOP" + b" " * 508 + b"QUIT\r\n")
        assert session.reply() == 500
        assert session.say("NOOP") == 250


def test_sm15_sm24_a_trickle_has_one_deadline(server: Mta) -> None:
    with Session("quick") as session:
        start = time.monotonic()
        try:
            for _ in range(40):
                session.send(b"N")
                time.sleep(0.1)
        except OSError:
            pass
        assert session.reply() in (421, 0)
        assert session.ended()
        assert time.monotonic() - start < 6
    server.wait_log(r"timeout after (EHLO|UNKNOWN) from ")


def test_sm15_who_was_quick_may_not_be_slow_for_long(server: Mta) -> None:
    with Session("quick") as session:
        session.envelope()
        assert session.say("DATA") == 354
        start = time.monotonic()
        with contextlib.suppress(OSError):
            session.send(500 * (98 * b"x" + b"\r\n"))       # 100 seconds at the least rate
            while time.monotonic() - start < 30:
                session.send(b"x")
                time.sleep(0.1)
        assert time.monotonic() - start < 20
    server.wait_log(r"timeout after DATA \(\d+ bytes\) from ")


def test_lg11_a_lost_message_has_its_queue_id(server: Mta) -> None:
    before = len(server.log())
    with Session("normalize") as session:
        session.envelope()
        assert session.say("DATA") == 354
        session.send(b"half\r\n")
    found = server.wait_log(r": (\w+): client=", since=before)
    server.wait_log(rf": {found.group(1)}: lost connection after DATA \(\d+ bytes\) from ", since=before)


@pytest.mark.parametrize("word", ["pipelining", "size", "vrfy", "etrn", "enhancedstatuscodes", "8bitmime", "dsn",
                                  "smtputf8", "chunking"])
def test_sm26_each_keyword_can_be_discarded(server: Mta, word: str) -> None:
    with Session(f"no-{word}", greet=False) as session:
        session.reply()
        session.say("EHLO x")
        shown = {re.split(r"[- ]", line, maxsplit=1)[1].split(" ")[0].lower() for line in session.text.splitlines()[1:]}
        assert word not in shown and len(shown) == 8, session.text


@pytest.mark.parametrize("line", ["POST / HTTP/1.1", "GET / HTTP/1.0", "Host: mail.example.test", "CONNECT x:25 HTTP/1.1"])
def test_sm28_a_browser_is_sent_away(server: Mta, line: str) -> None:
    with Session("patient", greet=False) as session:
        session.reply()
        session.send(line.encode() + b"\r\nMAIL FROM:<s@example.org>\r\n")
        assert session.reply() == 221
        assert session.ended()


def test_neighbours_do_not_stress_a_service(server: Mta) -> None:
    with Session("crowded", greet=False) as one, Session("crowded", greet=False) as two:
        assert one.reply() == two.reply() == 220
        assert "calm" in one.text and "calm" in two.text


# -- in person -----------------------------------------------------------------------------------------------------


def test_sendmail_bs_takes_commands_and_submits(server: Mta) -> None:
    result = server.run("sendmail", "-bs", input="EHLO localhost\r\nMAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\n"
                        "DATA\r\nSubject: in person\r\n\r\nx\r\n.\r\nQUIT\r\n")
    assert [line[:4] for line in result.stdout.splitlines()][-6:] == ["250 ", "250 ", "250 ", "354 ", "250 ", "221 "], result
    assert "queued as " in result.stdout
    server.wait_mail("alice", "Subject: in person")


# -- others speak for the client ---------------------------------------------------------------------------------


def test_sm21_xclient_begins_anew(server: Mta) -> None:
    before = len(server.log())
    with Session("trusting") as session:
        session.envelope()
        assert session.say("XCLIENT ADDR=192.0.2.1") == 503
        assert session.say("RSET") == 250
        assert session.say("XCLIENT NAME=other.test ADDR=192.0.2.1 LOGIN=joe") == 220
        assert session.say("EHLO other.test") == 250
        assert "XCLIENT" not in session.text
        assert session.say(f"MAIL FROM:<{SENDER}>") == 250
        assert session.say(f"RCPT TO:<{ALICE}>") == 554 and "logged in" in session.text
    server.wait_log(r"reject: RCPT from other\.test\[192\.0\.2\.1\]: .* sasl_method=XCLIENT sasl_username=joe$", since=before)


def test_who_really_connects_may_forward(server: Mta) -> None:
    """… and counts for no limit, when it may speak for others."""
    with Session("fronted") as session:
        assert session.say("XCLIENT ADDR=203.0.113.9 NAME=front.test") == 220
        assert session.say("EHLO there.test") == 250
        assert session.say("XFORWARD NAME=other.test") == 550
    for _ in range(3):
        with Session("fronted") as session:
            assert session.say("NOOP") == 250


def test_a_table_of_keywords_that_fails_ends_the_session(server: Mta) -> None:
    with Session("unsure", greet=False) as session:
        assert session.reply() == 220
        assert session.say("EHLO there.test") == 421 and "Server local data error" in session.text
        assert session.ended()


@pytest.mark.parametrize("name", UNSURE)
def test_a_list_of_rights_that_fails_ends_the_session(server: Mta, name: str) -> None:
    with Session(f"unsure-{name}", greet=False) as session:
        assert session.reply() == 220
        assert session.say("EHLO there.test") == 421 and "Server local data error" in session.text


def test_networks_that_cannot_be_asked_are_told_of_at_the_recipient(server: Mta) -> None:
    with Session("unsure-networks") as session:
        assert session.say("MAIL FROM:<alice@example.test>") == 250 and session.say("RCPT TO:<alice@example.test>") == 451


def test_who_may_forward_sees_it_in_ehlo(server: Mta) -> None:
    with Session("trusting", greet=False) as session:
        assert session.reply() == 220 and session.say("EHLO there.test") == 250
        assert "XCLIENT" in session.text and "XFORWARD" in session.text


def test_mail_waits_for_the_table_that_says_how_to_rewrite_it(server: Mta) -> None:
    with Session("unsure-rewriting") as session:
        assert session.say("MAIL FROM:<alice>") == 451 and "4.3.0 Temporary lookup error" in session.text


def test_a_bad_proxy_header_has_an_answer(server: Mta) -> None:
    with Session("proxied", greet=False) as session:
        session.send(b"PROXY TCP4 nonsense\r\n")
        assert session.reply() == 421 and "Server local error" in session.text


@pytest.mark.parametrize("address, mail, rcpt", [
    ("-x@example.test", 501, 501), ("x@192.0.2.1", 501, 501), ("a..b@far.test", 250, 554), ("a@b@example.test.", 250, 554),
    ("alice@example.test (comment)", 501, 501)])
def test_strict_syntax_is_brackets_without_comments(server: Mta, address: str, mail: int, rcpt: int) -> None:
    with Session("strict") as session:
        assert session.say(f"MAIL FROM:<{address}>") == mail, session.text
        assert session.say("RSET") == 250
        assert session.say("MAIL FROM:<>") == 250
        assert session.say(f"RCPT TO:<{address}>") == rcpt, session.text
        assert session.say("RCPT TO:alice@example.test") == 501


@pytest.mark.parametrize("path, strict, lax", [
    ('<"a@far.test">', 554, 554), ('<"alice@example.test">', 250, 250), ("<a\\@far.test>", 554, 554),
    ('<a@"far.test">', 554, 554), ("<@example.test>", 501, 550), ("<@far.test>", 501, 554), ("<@far.test:>", 501, 501),
    ("<a@far.test;>", 501, 554), ("<g:alice@example.test;>", 501, 250), ("<,>", 501, 501), ("<alice@example.test>>", 250, 250),
    ("<alice@[::1]>", 501, 501), ("<alice@example.test(>", 501, 250), ("<alice@example.test@>", 501, 501)])
def test_ad7_odd_paths_are_checked_as_what_they_are(server: Mta, path: str, strict: int, lax: int) -> None:
    for name, code in (("strict", strict), ("lax", lax)):
        with Session(name) as session:
            assert session.say("MAIL FROM:<>") == 250
            assert session.say(f"RCPT TO:{path}") == code, session.text


def test_sm23_counts_are_of_one_session(server: Mta) -> None:
    before = len(server.log())
    with Session("limited") as session:
        session.say("QUIT")
    server.wait_log(r"disconnect from .* ehlo=1 quit=1 commands=2$", since=before)
    before = len(server.log())
    with Session("limited", greet=False) as session:
        session.reply()
    server.wait_log(r"disconnect from .*\] commands=0/0$", since=before)


def test_sm25_mapped_addresses_are_ipv4(server: Mta) -> None:
    before = len(server.log())
    with Session("proxied", greet=False) as session:
        session.send(b"PROXY TCP6 ::ffff:127.0.0.9 ::ffff:127.0.0.1 1 25\r\n")
        assert session.reply() == 220
        session.say("EHLO x")
        session.say(f"MAIL FROM:<{SENDER}>")
        assert session.say("RCPT TO:<u@elsewhere.test>") != 454, session.text  # mynetworks
    server.wait_log(r"connect from \S+\[127\.0\.0\.9\]$", since=before)


# -- BDAT -----------------------------------------------------------------------------------------------------------


def bdat(session: Session, chunk: bytes, last: bool = False) -> int:
    """One chunk."""
    session.send(b"BDAT %d%s\r\n" % (len(chunk), b" LAST" if last else b"") + chunk)
    return session.reply()


def test_bd2_very_many_chunks(server: Mta) -> None:
    with Session("normalize") as session:
        session.envelope()
        session.send(b"BDAT 1\r\nx" * 5000)
        assert all(session.reply() == 250 for _ in range(5000))
        assert bdat(session, b"\r\n", last=True) == 250
        session.say("QUIT")
    server.wait_log(r"disconnect from .* bdat=5001 ")


def test_bd3_chunks_after_an_error_are_swallowed_up_to_a_bound(server: Mta) -> None:
    with Session("small") as session:
        session.envelope()
        assert bdat(session, b"x" * 2001) == 552
        assert bdat(session, b"x" * 100) == 551
        session.send(b"BDAT 999999999999\r\n")
        assert session.reply() == 521
        assert session.ended()


def test_bd4_a_chunk_without_line_end(server: Mta) -> None:
    with Session("normalize") as session:
        session.envelope()
        assert bdat(session, b"x" * 1000000, last=True) == 250


def test_bd5_a_dot_means_nothing(server: Mta) -> None:
    with Session("normalize") as session:
        session.envelope()
        assert bdat(session, b"Subject: bd5\r\n\r\n.\r\n..two\r\nQUIT\r\n", last=True) == 250
    assert "\n.\n..two\nQUIT\n" in server.wait_mail("alice", "Subject: bd5")


def test_bd6_a_refused_chunk_is_read_to_its_end(server: Mta) -> None:
    with Session("normalize") as session:
        assert bdat(session, b"QUIT\r\n", last=True) == 503
        assert session.say(f"MAIL FROM:<{SENDER}>") == 250
        assert session.say("RCPT TO:<nosuch@example.test>") == 550
        assert bdat(session, b"QUIT\r\n", last=True) == 554
        assert session.say("RSET") == 250
        session.envelope()
        assert session.data(b"x\r\n.\r\n") == 250


def test_bd6_a_message_is_thrown_away_up_to_its_last_chunk(server: Mta) -> None:
    with Session("normalize") as session:
        assert bdat(session, b"QUIT\r\n") == 503
        assert session.say(f"MAIL FROM:<{SENDER}>") == 503 and "MAIL after BDAT" in session.text
        assert bdat(session, b"QUIT\r\n", last=True) == 551
        session.envelope()
        assert bdat(session, b"x\r\n") == 250
        assert session.say(f"MAIL FROM:<{SENDER}>") == 503 and "nested MAIL command" in session.text
        assert bdat(session, b"y\r\n", last=True) == 250


def test_bd8_bare_lf_in_a_chunk(server: Mta) -> None:
    with Session("normalize") as session:
        session.envelope()
        assert bdat(session, b"Subject: bd8\n\none\ntwo\n", last=True) == 250
    assert "\n\none\ntwo\n" in server.wait_mail("alice", "Subject: bd8")


# -- the filter in front of the queue -------------------------------------------------------------------------------------


class Filter(threading.Thread):
    """An SMTP server that takes one message, and keeps the bytes of commands and content."""

    def __init__(self) -> None:
        """Listen; accept in the background."""
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", FILTER))
        self.content = self.commands = b""
        self.start()

    def run(self) -> None:
        """One session."""
        with contextlib.suppress(OSError):
            self.serve(self.listener.accept()[0])

    def serve(self, sock: socket.socket) -> None:
        """Say yes to everything."""
        file = sock.makefile("rb")
        sock.sendall(b"220 filter\r\n")
        while line := file.readline():
            verb = line[:4].upper()
            self.commands += line
            sock.sendall(b"354 go\r\n" if verb == b"DATA" else b"250 ok\r\n")
            while verb == b"DATA" and (line := file.readline()) and line != b".\r\n":
                self.content += line
            if verb == b"DATA" and line:
                sock.sendall(b"250 2.0.0 filtered\r\n")

    def __enter__(self) -> "Filter":
        return self

    def __exit__(self, *ignored: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(5)


@pytest.mark.parametrize("name", ["filtered", "stored"])
@pytest.mark.parametrize("sender", [SENDER, "head@example.org"])
@pytest.mark.parametrize("start", [b".\n", b"..\r\n", b"\r\n", b"\r", b"\r.\r\n", b"x\n", b"\n.x\n", b"\r\r\n..\r\n"])
def test_sm9_sm10_a_filter_gets_proper_lines(server: Mta, name: str, sender: str, start: bytes) -> None:
    with Filter() as filtering, Session(name) as session:
        session.envelope(sender=sender)
        if start == b".\n":     # which ends content where bare line ends are let through
            assert session.data(start) == 250
        else:
            assert session.data(start + b"body\n\r\n.\r\n") == 250, session.text
    content = filtering.content.replace(b"\r\n", b"")
    assert b"\r" not in content and b"\n" not in content
    assert all(not line.startswith(b".") or line.startswith(b"..") for line in filtering.content.split(b"\r\n"))
    assert filtering.content.count(b"X-Head: one\r\n") == (sender != SENDER)


@pytest.mark.parametrize("name", ["filtered", "stored"])
def test_sm9_a_filter_gets_proper_commands(server: Mta, name: str) -> None:
    with Filter() as filtering, Session(name) as session:
        assert session.say("MAIL FROM:<s@example.org>(\rRSET)") == 250, session.text
        for inside in ("\rRSET", "\0"):
            assert session.say(f"RCPT TO:<alice({inside})@example.test>") == 250, session.text
        assert session.say("RCPT TO:<alice@example.test>(\rRCPT TO:<x@evil.test>)") == 250, session.text
        assert session.data(b"x\r\n.\r\n") == 250, session.text
    assert b"RCPT TO:<alice(?)@example.test>\r\n" in filtering.commands
    assert not re.search(rb"[\0-\x1f]", filtering.commands.replace(b"\r\n", b""))


@pytest.mark.parametrize("name", ["filtered", "stored"])
@pytest.mark.parametrize("line", [b"From x\r\n", b">From x\r\n", b"From " + b"x" * 5000 + b"\r\n"])
def test_sm11_every_byte_counts_against_the_limit(server: Mta, name: str, line: bytes) -> None:
    before = len(server.log())
    with Filter() as filtering, Session(name) as session:
        session.envelope()
        assert session.data(line * (1 + 3000 // len(line)) + b".\r\n") == 552
    server.wait_log(r"smtpd\[\d+\]: warning: NOQUEUE: queue file size limit exceeded$", since=before)
    assert len(filtering.content) < 4096 and b"QUIT" not in filtering.content


@pytest.mark.skipif(not PRIVILEGED, reason="mounts")
def test_a_filter_is_not_asked_about_what_could_not_be_stored(make_mta: Callable[..., Mta]) -> None:
    """The file has what an earlier message left."""
    mta = make_mta({"smtpd_proxy_filter": f"127.0.0.1:{FILTER}", "smtpd_proxy_options": "speed_adjust"})
    incoming = mta.queue / "incoming"
    incoming.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(incoming)], check=True)
    shutil.chown(incoming, "postfix")
    try:
        mta.start()
        with contextlib.suppress(OSError), open(incoming / "full", "wb", buffering=0) as rest:
            while True:
                rest.write(b"x" * 4096)
        with Filter() as filtering, mta.smtp() as session:
            assert [session.ehlo("c.test")[0], session.mail(SENDER)[0], session.rcpt(ALICE)[0]] == [250] * 3
            assert session.data("Subject: x\n\nbody\n") == (451, b"4.3.0 Error: queue file write error")
            assert filtering.commands == b""
    finally:
        subprocess.run(["umount", "-l", str(incoming)], check=True)


# -- the log -----------------------------------------------------------------------------------------------------------


def test_lg1_no_raw_byte_reaches_the_log(server: Mta) -> None:
    bad = b"\x01\x1b[31m\x7f\x9f\xff"
    with Session("patient", greet=False) as session:
        session.reply()
        for line in (b"EHLO " + bad, b"MAIL FROM:<" + bad + b"@example.org>", b"MAIL FROM:<s@example.org>",
                     b"RCPT TO:<" + bad + b">", bad, b"VRFY " + bad, b"ETRN " + bad):
            session.send(line + b"\r\n")
            session.reply()
        session.say("QUIT")
    poll(lambda: "disconnect from" in server.log(), what="end of session")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", server.log_file.read_bytes())
    server.log_file.read_bytes().decode("utf-8")


def cleanup_connections() -> int:
    """How many processes are connected to cleanup."""
    lines = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return sum(line[-1].endswith("public/cleanup") and line[5] == "03" for line in lines)


def test_idle_sessions_hold_no_cleanup_process(server: Mta) -> None:
    sessions = [Session("normalize") for _ in range(5)]
    for session in sessions:
        session.envelope()
        assert session.data(b"x\r\n.\r\n") == 250
    poll(lambda: cleanup_connections() == 0, 5, "the end of connections to cleanup")
    for session in sessions:
        session.envelope()
        assert session.data(b"x\r\n.\r\n") == 250
        session.__exit__()


def test_a_changed_table_is_opened_anew(server: Mta) -> None:
    def refused() -> bool:
        with Session("tabled") as session:
            session.say(f"MAIL FROM:<{SENDER}>")
            return session.say(f"RCPT TO:<{ALICE}>") == 554
    assert not refused()
    TABLE.write_text(f"{ALICE} REJECT\n")
    poll(refused, 10, "the new table")
    server.wait_log(r"table \S+ has changed -- restarting")


def test_postmaster_gets_the_transcript_of_a_session_with_errors_BN11(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"notify_classes": "protocol", "error_notice_recipient": "alice@localhost"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.docmd("XYZZY")
        session.docmd("AUTH", "PLAIN c2VjcmV0")
    text = mta.wait_mail("alice", "XYZZY")
    assert "Subject: Posthaste SMTP server: errors from localhost[127.0.0.1]" in text
    assert " Out: 220 mail.example.test ESMTP" in text and " In:  ehlo client.example.test\n" in text
    assert " Out: 500 5.5.2 " in text and " In:  AUTH PLAIN\n" in text and "c2VjcmV0" not in text
    assert " Out: 250-mail.example.test\n Out: 250-PIPELINING\n" in text


def test_no_transcript_of_classes_that_nobody_asked_for(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"notify_classes": "resource", "error_notice_recipient": "alice@localhost"}).start()
    with mta.smtp() as session:
        session.docmd("XYZZY")
    mta.wait_log(r"disconnect from")
    mta.send("a@example.test", "alice@localhost", text="Subject: last\n\n")
    assert "XYZZY" not in mta.wait_mail("alice", "Subject: last")


@pytest.mark.parametrize("setting", ["smtpd_tls_security_level=encrypt", "smtpd_enforce_tls=yes", "smtpd_tls_wrappermode=yes"])
def test_what_was_to_be_encrypted_is_not_taken_in_clear(make_mta: Callable[..., Mta], setting: str) -> None:
    name, _, value = setting.partition("=")
    with make_mta({name: value}).start().smtp() as session:
        assert session.ehlo()[0] == 250 and session.noop()[0] == 250
        assert session.mail("a@example.test") == (530, b"5.7.0 Must issue a STARTTLS command first")
        assert session.docmd("VRFY", "alice")[0] == 530


@pytest.mark.parametrize("action, code", [("reject", 550), ("tempfail", 451), ("shutdown", 421), ("accept", 250)])
def test_mail_that_no_milter_saw_is_taken_only_when_that_is_allowed(make_mta: Callable[..., Mta], action: str, code: int) -> None:
    mta = make_mta({"smtpd_milters": "inet:127.0.0.1:1", "milter_default_action": action}).start()
    with mta.smtp() as session:
        session.ehlo()
        assert session.mail("a@example.test")[0] == code
    mta.wait_log("warning: smtpd_milters: this server cannot ask milters")


def test_mail_that_no_milter_saw_is_held_when_that_is_wanted(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"smtpd_milters": "inet:127.0.0.1:1", "milter_default_action": "quarantine"}).start()
    queue_id = mta.send("a@example.test", "alice@example.test")
    assert (mta.queue / "hold" / queue_id).exists()


# -- replies that scripts know by heart: service, commands, and what the last of them gets ------------------------------

MAIL, RCPT = f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{ALICE}>"


@pytest.mark.parametrize("name, lines, reply", [
    ("no", [MAIL, "DATA"], "554 5.5.1 Error: no valid recipients"),
    ("no", ["DATA"], "503 5.5.1 Error: need RCPT command"),
    ("no", [MAIL, "BDAT 0 LAST"], "554 5.5.1 Error: no valid recipients"),
    ("no", [MAIL, RCPT, "BDAT 0", "BDAT 0 LAST"], "551 5.0.0 Discarded 0 bytes after earlier error"),
    ("no", ["VRFY"], "501 5.5.4 Syntax: VRFY address [SMTPUTF8]"), ("no", ["VRFY a b"], "501 5.1.3 Bad recipient address syntax"),
    ("no", [f"VRFY {ALICE} SMTPUTF8"], f"252 2.0.0 {ALICE}"),
    ("no", ["ETRN @elsewhere.test"], "459 <elsewhere.test>: service unavailable"),
    ("no", ["MAIL FROM:<a@example.org>x"], "501 5.1.7 Bad sender address syntax"),
    ("no", ["MAIL FROM:<a@example.org>(hi)"], "250 2.1.0 Ok"),
    ("no", ["MAIL FROM:<a@example.org> SIZE=99999999999999999999999"], "552 5.3.4 Message size exceeds file system imposed limit"),
    ("no", ["MAIL FROM:<a@example.org> SIZE=1x"], "501 5.5.4 Bad message size syntax"),
    ("no", ["MAIL FROM:<a@example.org> AUTH=<>"], "250 2.1.0 Ok"),
    ("no", ["MAIL FROM:<a@example.org> ENVID="], "501 5.5.4 Bad ENVID parameter syntax"),
    ("no", ["MAIL FROM:<a@b\u00fccher.test>"], "501 5.1.7 Bad sender address syntax"),
    ("no", ["MAIL FROM:<a@b\u00fccher.test> SMTPUTF8"], "250 2.1.0 Ok"),
    ("no", [MAIL, "RCPT TO:<a@b\u00fccher.test>"], "501 5.1.3 Bad recipient address syntax"),
    ("no", [MAIL, 'RCPT TO:<"no body"@example.test>'],
     "550 5.1.1 <no body@example.test>: Recipient address rejected: User unknown in local recipient table"),
    ("no", ["STARTTLS"], "502 5.5.1 Error: command not implemented"), ("no", ["STARTTLS now"], "501 5.5.4 Syntax: STARTTLS"),
    ("no", ["AUTH PLAIN x"], "503 5.5.1 Error: authentication not enabled"),
    ("no", ["XCLIENT"], "501 5.5.4 Syntax: XCLIENT attribute=value..."),
    ("no", ["XCLIENT NAME=x"], "550 5.7.0 Error: insufficient authorization"),
    ("trusting", ["XCLIENT NAME="], "501 5.5.4 Error: attribute=value expected"),
    ("trusting", ["XCLIENT NAME=a+20b"], "501 5.5.4 Bad NAME syntax: a b"),
    ("trusting", ["XFORWARD NAME="], "501 5.5.4 Error: attribute=value expected"),
    ("odd-verbs", ["VRFY"], "250 2.0.0 Ok"), ("odd-verbs", ["FROB x"], "250 2.0.0 Ok"),
    ("no", ["HELP"], "214 2.0.0 Commands: BDAT DATA EHLO ETRN HELO HELP MAIL NOOP QUIT RCPT RSET VRFY XCLIENT XFORWARD"),
])
def test_replies(server: Mta, name: str, lines: list[str], reply: str) -> None:
    with Session(name) as session:
        for line in lines:
            session.say(line)
        assert session.text.rstrip() == reply


def test_etrn_needs_no_greeting_unless_that_is_demanded(server: Mta) -> None:
    with Session("no", greet=False) as session:
        session.reply()
        assert session.say("ETRN elsewhere.test") == 459, session.text


def test_all_words_of_helo_count(server: Mta) -> None:
    with Session("no", greet=False) as session:
        session.reply()
        assert session.say("HELO two  words") == 250
        session.envelope()
        assert session.data(b"Subject: words\r\n\r\n.\r\n") == 250
    server.wait_mail("alice", "from two?words (")


# -- what the log says of clients that misbehave -------------------------------------------------------------------------

def test_bare_lf_in_a_command_ends_the_session(server: Mta) -> None:
    begin = len(server.log())
    with Session("reject", greet=False) as session:
        session.reply()
        session.send(b"EHLO client.example.test\n")
        assert session.reply() == 550 and session.ended()
    server.wait_log(r"NOQUEUE: reject: CONNECT from localhost\[127\.0\.0\.1\]: bare <LF> received; proto=SMTP$", since=begin)
    server.wait_log(r"disconnect from \S+ commands=0/0", since=begin)


@pytest.mark.parametrize("name, sent, line", [
    ("no", b"NOOP\r\nRSET\r\n", r"improper command pipelining after NOOP from localhost\[127\.0\.0\.1\]: RSET\\r\\n$"),
    ("small", b"NOOP " + 600 * b"x" + b"\r\n", r"warning: localhost\[127\.0\.0\.1\]: request longer than 512: NOOP x{25}\.\.\.$"),
    ("no", b"", r"smtpd\[\d+\]: NOQUEUE: lost connection after EHLO from localhost\[127\.0\.0\.1\]$")])
def test_bad_manners_are_logged(server: Mta, name: str, sent: bytes, line: str) -> None:
    begin = len(server.log())
    with Session(name) as session:
        session.send(sent)
        if sent:
            session.reply()
    server.wait_log(line, since=begin)


def test_address_to_speak_from_that_is_not_there(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"default_transport": "smtp:[127.0.0.1]:9", "smtp_bind_address": "10.9.8.7", "smtp_bind_address_enforce": "yes"}).start()
    mta.send("a@example.test", "x@far.test")
    mta.wait_log(r"warning: bind 10\.9\.8\.7: Cannot assign requested address")
