"""Parameters that hold for a whole process, or for a job that no other file looks at: each changes what it says."""
import re
import resource
import smtplib
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from hosts import Zone
from mta import PRIVILEGED, Mta, poll
from test_smtp import Server, server, verdict   # noqa: F401  (a fixture)

MakeMta = Callable[..., Mta]
MakeServer = Callable[..., Server]


def relay(make_mta: MakeMta, host: Server, **main: str) -> Mta:
    """An instance that sends all mail for other hosts to one."""
    return make_mta({"default_transport": f"smtp:{host.nexthop}", **main}).start()


# -- the SMTP client tells the postmaster -----------------------------------------------------------------------

@pytest.mark.parametrize("replies", [{"MAIL": "500 5.5.2 what?"}, {"RCPT": "555 5.5.4 no such option"}, {"RCPT": "nonsense"}])
def test_client_mails_transcripts_of_broken_protocol(make_mta: MakeMta, server: MakeServer, replies: dict[str, str]) -> None:
    host = server("8BITMIME", **replies)
    mta = relay(make_mta, host, notify_classes="protocol", error_notice_recipient="alice@localhost")
    verdict(mta, "x@far.test")
    text = mta.wait_mail("alice", "Transcript of session follows.")
    peer = f"127.0.0.1[127.0.0.1]:{host.nexthop.rpartition(':')[2]}"
    assert f"Subject: Posthaste SMTP client: errors from {peer}\n" in text
    assert " In:  220 server.test ESMTP\n Out: EHLO mail.example.test\n In:  250-server.test\n In:  250 8BITMIME\n" in text
    assert " Out: MAIL FROM:<>" in text


def test_client_keeps_refusals_to_itself(make_mta: MakeMta, server: MakeServer) -> None:
    mta = relay(make_mta, server(RCPT="550 5.1.1 no such user"), notify_classes="protocol", error_notice_recipient="alice@localhost")
    assert verdict(mta, "x@far.test") == "5.1.1 bounced"
    mta.send("a@example.test", "alice@localhost", text="Subject: last\n\n")
    text = mta.wait_mail("alice", "Subject: last")
    assert "Transcript" not in text, text


def test_client_tells_of_tables_that_cannot_be_asked(make_mta: MakeMta, server: MakeServer) -> None:
    mta = relay(make_mta, server(), notify_classes="data", error_notice_recipient="alice@localhost",
                smtp_generic_maps="texthash:/no/such/file")
    assert verdict(mta, "x@far.test") == "4.3.0 deferred"
    mta.wait_mail("alice", "Transcript of session follows.")


# -- more in the log ---------------------------------------------------------------------------------------------

def test_debug_peer_list_shows_the_dialogues_of_both_sides(make_mta: MakeMta, server: MakeServer) -> None:
    mta = relay(make_mta, server(), debug_peer_list="127.0.0.1", debug_peer_level="1")
    verdict(mta, "x@far.test")
    log = mta.log()
    for line in (r"smtpd\[\d+\]: < localhost\[127\.0\.0\.1\]: rcpt TO:<x@far\.test>", r"smtpd\[\d+\]: > localhost\[127\.0\.0\.1\]: 250 2\.1\.5 Ok",
                 r"smtp\[\d+\]: > 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: RCPT TO:<x@far\.test>", r"smtp\[\d+\]: < \S+:\d+: 250 2\.0\.0 ok"):
        assert re.search(line, log, re.I), (line, log)


def test_debug_peer_list_leaves_others_alone(make_mta: MakeMta, server: MakeServer) -> None:
    mta = relay(make_mta, server(), debug_peer_list="192.0.2.1, other.test")
    verdict(mta, "x@far.test")
    assert ": > " not in mta.log()


def test_addresses_are_logged_in_the_form_that_is_wanted(make_mta: MakeMta) -> None:
    forms = {}
    for form in ("external", "internal"):
        mta = make_mta({"info_log_address_format": form, "default_transport": "discard:"}).start()
        mta.send("a@example.test", '"two words"@far.test')
        forms[form] = mta.wait_log(r" to=<(.*?)>, relay=")[1]
    assert forms == {"external": '"two words"@far.test', "internal": "two words@far.test"}


def test_a_form_that_nobody_knows_is_refused(make_mta: MakeMta) -> None:
    result = make_mta({"info_log_address_format": "short"}).run("postqueue", "-p")
    assert result.returncode != 0 and "info_log_address_format" in result.stderr


# -- the SMTP server ----------------------------------------------------------------------------------------------

def test_history_is_mailed_and_forgotten_when_it_is_long(make_mta: MakeMta) -> None:
    mta = make_mta({"notify_classes": "protocol", "error_notice_recipient": "alice@localhost", "smtpd_error_sleep_time": "0",
                    "smtpd_history_flush_threshold": "4"}).start()
    with mta.smtp() as session:
        session.docmd("XYZZY")
        session.rset()
        session.docmd("NOOP")
        session.rset()
        assert "XYZZY" in mta.wait_mail("alice", "Transcript of session follows.")   # the session goes on
        session.docmd("PLUGH")
    assert mta.wait_mail("alice", "PLUGH").count("XYZZY") == 1


@pytest.mark.parametrize("word, warned", [("permit_nobody", True), ("permit_tls_clientcerts", False)])
def test_unknown_words_are_not_passed_over(make_mta: MakeMta, word: str, warned: bool) -> None:
    mta = make_mta({"local_header_rewrite_clients": f"permit_inet_interfaces, {word}"}).start()
    mta.send("a@example.test", "alice@localhost")
    assert (f'local_header_rewrite_clients: unknown word "{word}"' in mta.log()) == warned


def test_logged_in_clients_are_local_where_that_is_wanted(make_mta: MakeMta) -> None:
    mta = make_mta({"local_header_rewrite_clients": "permit_sasl_authenticated", "smtpd_authorized_xclient_hosts": "127.0.0.1",
                    "mynetworks": "192.0.2.0/24"}).start()
    for login, header in (("", "From: bob\n"), ("LOGIN=joe", "From: bob@example.test\n")):
        with mta.smtp() as session:
            session.docmd("XCLIENT", f"ADDR=192.0.2.1 {login}")
            session.ehlo("client.example.test")
            session.sendmail("a@example.test", "alice@localhost", f"From: bob\nSubject: as {login}.\n\n")
        assert header in mta.wait_mail("alice", f"Subject: as {login}.\n")


def test_tempfail_actions_are_words_that_mean_something(make_mta: MakeMta) -> None:
    mta = make_mta({"reject_tempfail_action": "later"}).start()
    with pytest.raises(OSError):
        mta.smtp()
    mta.wait_log(r"fatal: unknown_address_tempfail_action = later: use defer or defer_if_permit")


# -- names ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def zone() -> Iterator[Zone]:
    """far.test and its host; local.test, for which the best host is this one."""
    names = Zone({("far.test", "A"): ["127.0.0.1"], ("mx.far.test", "A"): ["127.0.0.1"], ("local.test", "MX"): ["10 mail.local.test"],
                  ("mail.local.test", "A"): ["127.0.0.1"]})
    before = Path("/etc/resolv.conf").read_text()
    Path("/etc/resolv.conf").write_text(before + "search far.test\n")
    yield names
    names.close()
    Path("/etc/resolv.conf").write_text(before)


@pytest.mark.skipif(not PRIVILEGED, reason="needs port 53")
@pytest.mark.parametrize("options, found", [("", False), ("res_defnames", True), ("res_dnsrch", False), ("res_defnames res_dnsrch", True)])
def test_short_names_are_completed_only_on_demand_DN8(make_mta: MakeMta, server: MakeServer, zone: Zone, options: str, found: bool) -> None:
    port = server().nexthop.rpartition(":")[2]
    mta = make_mta({"smtp_dns_resolver_options": options, "default_transport": f"smtp:[mx]:{port}"}).start()
    assert verdict(mta, "x@else.test") == ("2.0.0 sent" if found else "5.4.4 bounced")


@pytest.mark.skipif(not PRIVILEGED, reason="needs port 53")
@pytest.mark.parametrize("transport, expected", [("", "5.4.6 bounced"), ("discard:for us", "2.0.0 sent"), ("gone", "4.3.0 deferred")])
def test_mail_that_would_loop_goes_to_another_agent(make_mta: MakeMta, zone: Zone, transport: str, expected: str) -> None:
    mta = make_mta({"default_transport": "smtp", "best_mx_transport": transport}).start()
    assert verdict(mta, "x@local.test") == expected
    if expected == "2.0.0 sent":
        mta.wait_log(r"postfix/discard\[\d+\]: \w+: to=<x@local\.test>, .*\(for us\)")
        mta.wait_log(r": removed$")


# -- content --------------------------------------------------------------------------------------------------------

PART = "\r\nContent-Transfer-Encoding: {}\r\n\r\nx\r\n"
TREE = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b{}--b--\r\n"


@pytest.mark.parametrize("wanted, content, encoding", [
    ("yes", TREE.format(PART.format("8bit")), "8bit"), ("yes", "Content-Transfer-Encoding: binary\r\n\r\nx\r\n", "8bit"),
    ("yes", TREE.format(PART.format("7bit")), ""), ("no", TREE.format(PART.format("8bit")), "")])
def test_encoding_that_nobody_declared_is_found(make_mta: MakeMta, wanted: str, content: str, encoding: str) -> None:
    mta = make_mta({"detect_8bit_encoding_header": wanted, "defer_transports": "local"}).start()
    queue_id = mta.send("a@example.test", "alice@localhost", text=f"Subject: x\r\nMIME-Version: 1.0\r\n{content}")
    found = re.findall(r"encoding=(\S+)", mta.run("postcat", "-q", "-e", queue_id).stdout)
    assert found == [encoding][:bool(encoding)]


def test_eight_bits_are_converted_on_the_way_in(make_mta: MakeMta) -> None:
    mta = make_mta({"force_mime_input_conversion": "yes"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.sendmail("a@example.test", "alice@localhost", "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
                         "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngr\u00fcn\r\n".encode(), ["BODY=8BITMIME"])
    text = mta.wait_mail("alice", "Subject: x")
    assert "Content-Transfer-Encoding: quoted-printable" in text and "gr=C3=BCn" in text


# -- the queue -------------------------------------------------------------------------------------------------------

def test_nothing_is_removed_where_nothing_may_be(make_mta: MakeMta) -> None:
    mta = make_mta({"dont_remove": "1"}).start()
    queue_id = mta.send("a@example.test", "alice@localhost")
    mta.wait_mail("alice", "Subject: test")
    assert poll(lambda: list((mta.queue / "saved").rglob(queue_id)), 3, "the saved message" + mta.log())


def test_errors_go_to_the_service_that_is_named(make_mta: MakeMta) -> None:
    mta = make_mta({"error_service_name": "sorry", "relocated_maps": "inline:{{bob@example.test = bob@far.test}}",
                    "smtpd_reject_unlisted_recipient": "no"}, {"sorry/unix": "- - n - - error", "error/unix": None}).start()
    mta.send("", "bob@example.test")
    mta.wait_log(r"postfix/sorry/error\[\d+\]: \w+: to=<bob@example\.test>, .*status=bounced|postfix/error\[\d+\]: .*status=bounced")


# -- tables ----------------------------------------------------------------------------------------------------------

def test_table_that_cannot_be_opened_ends_the_process_or_not(make_mta: MakeMta) -> None:
    mta = make_mta({"smtpd_command_filter": "texthash:/no/such/file", "smtpd_error_sleep_time": "0"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
    mta.wait_log(r"smtpd\[\d+\]: error: texthash:/no/such/file is unavailable\. ")
    mta.configure(daemon_table_open_error_is_fatal="yes")
    mta.reload()
    with pytest.raises(OSError):
        mta.smtp()
    mta.wait_log(r"smtpd\[\d+\]: fatal: texthash:/no/such/file is unavailable\. ")


def test_lookup_failure_is_no_want_of_resources(make_mta: MakeMta) -> None:
    """Else the postmaster of a host with a broken table would get a mail for each client, by default."""
    mta = make_mta({"smtpd_recipient_restrictions": "check_recipient_access texthash:/no/such/file, reject",
                    "error_notice_recipient": "alice@localhost"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("a@example.test")
        assert session.rcpt("alice@localhost")[0] == 451
    mta.wait_log(r"disconnect from")
    mta.configure(smtpd_recipient_restrictions="")
    mta.reload()
    mta.send("a@example.test", "alice@localhost", text="Subject: last\n\n")
    text = mta.wait_mail("alice", "Subject: last")
    assert "Transcript" not in text, text


# -- processes -------------------------------------------------------------------------------------------------------

def test_foreign_programs_get_the_limit_of_files_of_before(make_mta: MakeMta) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    mta = make_mta({"default_transport": "limits"})
    out = mta.mail / "limit"
    mta.master["limits/unix"] = f"- n n - - pipe user=nobody argv=/bin/sh -c {{ulimit -Sn >{out}}}"
    mta.configure()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 777), hard))
    try:
        mta.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    mta.send("a@example.test", "x@far.test")
    mta.wait_log(r": removed$")
    assert out.read_text().strip() == "777"


def test_kept_connections_end_when_they_rest(make_mta: MakeMta) -> None:
    """Else no server could ever go: here the resolver has nobody left to serve."""
    mta = make_mta({"ipc_idle": "1s", "max_idle": "2s"}).start()
    mta.send("a@example.test", "alice@localhost")
    mta.wait_log(r": removed$")
    server_pid = mta.children("trivial-rewrite")
    assert server_pid
    poll(lambda: not mta.children("trivial-rewrite"), 20, "end of trivial-rewrite")


def test_who_counts_sessions_is_kept_while_one_is_open(make_mta: MakeMta) -> None:
    """anvil counts what a server told it for as long as they are connected; then ipc_idle holds for them too."""
    mta = make_mta({"ipc_idle": "1s", "max_idle": "2s", "smtpd_client_connection_count_limit": "1",
                    "smtpd_client_event_limit_exceptions": "", "smtpd_client_message_rate_limit": "100"},
                   {"anvil/unix": "- - n - 1 anvil"}).start()
    with mta.smtp() as first:
        first.ehlo()
        begin = time.monotonic()
        poll(lambda: time.monotonic() > begin + 1.5, what="more than ipc_idle")
        assert first.mail("a@example.test")[0] == 250
        with pytest.raises(smtplib.SMTPConnectError, match="421"):
            mta.smtp()
    assert mta.children("anvil")
    poll(lambda: not mta.children("anvil"), 20, "end of anvil")


def test_peaks_of_clients_are_logged_in_their_order(make_mta: MakeMta) -> None:
    """Readers of the log rely on connections coming first."""
    mta = make_mta({"anvil_status_update_time": "1s", "smtpd_client_event_limit_exceptions": "",
                    "smtpd_client_message_rate_limit": "100", "smtpd_client_recipient_rate_limit": "100"},
                   {"anvil/unix": "- - n - 1 anvil"}).start()
    mta.send("a@example.test", "alice@localhost")
    mta.wait_log("max cache size")
    peaks = re.findall(r"statistics: max ([a-z ]+) \d+", mta.log())
    assert peaks[:5] == ["connection rate", "connection count", "message rate", "recipient rate", "cache size"]


def test_the_window_is_as_small_as_it_is_said(make_mta: MakeMta) -> None:
    mta = make_mta({"tcp_windowsize": "4096"}).start()
    found = poll(lambda: re.search(rf"LISTEN.*:{mta.port} .*\n.*skmem:\(r\d+,rb(\d+)", sockets()), 5, "the listener")
    assert int(found[1]) <= 3 * 4096


def sockets() -> str:
    """All listeners, with their buffers."""
    return subprocess.run(["ss", "-ltnm"], capture_output=True, text=True, check=True).stdout
