"""Notices: who gets one, what it says, and what comes of damaged logs and odd messages."""
import re
import sys
from pathlib import Path
from typing import Callable, Sequence

import pytest

from mta import PRIVILEGED, Mta, poll
from test_smtp import Server

sys.path.append(str(Path(__file__).resolve().parent.parent / "crash"))
from queue_file import encode, own, parts, put, size_record     # noqa: E402

MakeMta = Callable[..., Mta]
MAIN = {"local_recipient_maps": "", "notify_classes": ""}
BOB, GONE = "bob@example.test", "no.such.user@example.test"
OPTION_REQUIRETLS = 32


@pytest.fixture(name="mta", scope="module")
def _mta() -> Mta:
    from conftest import new_mta
    with new_mta(MAIN) as mta:
        yield mta


def send(mta: Mta, sender: str, to: str, text: str = "Subject: test\n\nbody\n", options: Sequence[str] = (),
         rcpt_options: Sequence[str] = ()) -> str:
    """A message with options; its queue id."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        assert session.mail(sender, options)[0] == 250
        code, reply = session.rcpt(to, rcpt_options)
        assert code == 250, reply
        code, reply = session.data(text.encode() if not text.isascii() else text)
        assert code == 250, reply
    return re.search(rb"queued as (\w+)", reply)[1].decode()


def notice_id(mta: Mta, queue_id: str, who: str = "sender") -> str:
    """The queue id of the notice about a message, which was then removed."""
    found = mta.wait_log(rf"bounce\[\d+\]: {queue_id}: {who} (?:non-delivery|delivery status) notification: (\w+)$")
    mta.wait_removed(found[1])
    return found[1]


def notice(mta: Mta, user: str, text: str) -> str:
    """The notice in a mailbox that holds a text."""
    mta.wait_mail(user, text)
    return next(each for each in mta.mailbox(user).split("\nFrom ") if text in each)


# -- who gets one --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender, told", [("", False), (BOB, True)])
def test_notices_are_not_told_of_success_BN1(mta: Mta, sender: str, told: bool) -> None:
    queue_id = send(mta, sender, "alice@example.test", rcpt_options=["NOTIFY=SUCCESS"])
    mta.wait_removed(queue_id)
    told_now = bool(re.search(rf" {queue_id}: sender delivery status notification: ", mta.log()))
    assert told_now == told


def test_nobody_is_told_of_a_failed_notice_BN1(mta: Mta) -> None:
    queue_id = send(mta, "", GONE)
    mta.wait_removed(queue_id)
    assert not re.search(rf" {queue_id}: .*notification: ", mta.log())


def test_a_failed_notice_to_the_postmaster_ends_there_BN2(make_mta: MakeMta) -> None:
    """The postmaster himself is unknown."""
    mta = make_mta({**MAIN, "notify_classes": "bounce, 2bounce", "2bounce_notice_recipient": GONE,
                    "bounce_notice_recipient": GONE}).start()
    queue_id = send(mta, "", GONE)
    second = mta.wait_log(rf"bounce\[\d+\]: {queue_id}: postmaster non-delivery notification: (\w+)$")[1]
    mta.wait_log(rf"{second}: from=<double-bounce@mail\.example\.test>")
    mta.wait_log(rf"warning: {second}: undeliverable postmaster notification discarded")
    mta.wait_removed(second)
    assert not re.search(rf" {second}: .*notification: ", mta.log())


def test_mail_to_the_sender_of_notices_is_not_answered_BN1(mta: Mta) -> None:
    queue_id = send(mta, BOB, "double-bounce@example.test")
    mta.wait_log(rf"{queue_id}: to=<double-bounce@example\.test>.*undeliverable postmaster notification discarded")
    mta.wait_removed(queue_id)
    assert not re.search(rf" {queue_id}: .*notification: ", mta.log())


def test_unknown_users_are_refused_at_once_BN12(make_mta: MakeMta) -> None:
    mta = make_mta().start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("forged@elsewhere.test")
        assert session.rcpt(GONE)[0] == 550
        assert session.rcpt("alice@example.test")[0] == 250


@pytest.mark.parametrize("confirm, options, told", [("yes", (), True), ("no", (), False), ("yes", ("NOTIFY=DELAY",), True)])
def test_who_heard_of_a_delay_hears_of_its_end(make_mta: MakeMta, confirm: str, options: Sequence[str], told: bool) -> None:
    mta = make_mta({**MAIN, "delay_warning_time": "1s", "minimal_backoff_time": "1s", "maximal_backoff_time": "1s",
                    "queue_run_delay": "1s", "confirm_delay_cleared": confirm,
                    "transport_maps": "texthash:$queue_directory/../etc/transport"})
    (mta.config / "transport").write_text("far.test smtp:[127.0.0.1]:1\n")
    mta.start()
    queue_id = send(mta, BOB, "x@far.test", rcpt_options=options)
    mta.wait_log(rf" {queue_id}: sender delay notification: ")
    assert "Delayed Mail" in notice(mta, "bob", "Action: delayed")
    (mta.config / "transport").write_text("far.test discard:\n")
    mta.reload()
    mta.run("postqueue", "-f", check=True)
    mta.wait_removed(queue_id)
    assert (f" {queue_id}: sender delivery status notification: " in mta.log()) == told
    if told:
        assert "x@far.test" in notice(mta, "bob", "Subject: Successful Mail Delivery Report")


@pytest.mark.skipif(not PRIVILEGED, reason="needs aliases that run commands as somebody else")
@pytest.mark.parametrize("alias", ["list no.such.user", 'list "|exit 69"', "list /no/such/directory/file", "list inner\ninner |false"])
def test_the_owner_of_a_list_hears_of_its_members_BN6(make_mta: MakeMta, alias: str) -> None:
    mta = make_mta({**MAIN, "alias_maps": "texthash:$queue_directory/../etc/aliases"})
    (mta.config / "aliases").write_text(f"{alias}\nowner-list alice\n")
    mta.start()
    send(mta, BOB, "list@example.test", "Subject: to a list\n\nbody\n")
    assert "To: alice@example.test" in notice(mta, "alice", "Subject: to a list") or "To: owner-list@" in mta.mailbox("alice")
    assert mta.mailbox("bob") == ""


# -- what it says --------------------------------------------------------------------------------------------------------


def test_a_damaged_log_is_told_as_far_as_it_goes_BN3(make_mta: MakeMta) -> None:
    mta = make_mta({**MAIN, "header_checks": "regexp:{{/^Subject: later/ HOLD}}"}).start()
    queue_id = send(mta, BOB, GONE, "Subject: later\n\nbody\n")
    log = mta.queue / "bounce" / queue_id
    log.write_bytes(b"\n<one@example.test\nstatus\noffset=x\n=\n\0\n\n<two@example.test>: second reason\nrecipient=two@example.test\n"
                    b"dsn_orig_rcpt\n\nrecipient=three@example.test\nreason=third rea")
    own(log, 0o600)
    mta.run("postsuper", "-H", queue_id, check=True)
    mta.run("postqueue", "-f", check=True)
    text = notice(mta, "bob", "second reason")
    assert "<three@example.test>: third rea" in text and GONE in text and "Subject: later" in text
    mta.wait_log(r"bounce\[\d+\]: warning: bounce log: unknown line: ")
    mta.wait_removed(queue_id)
    assert not log.exists()


@pytest.mark.skipif(not PRIVILEGED, reason="needs a file of somebody else")
def test_a_log_that_cannot_be_read_waits_until_it_can_BN5(make_mta: MakeMta) -> None:
    """What it says is not lost, and nobody gets a notice that says nothing."""
    mta = make_mta({**MAIN, "header_checks": "regexp:{{/^Subject: later/ HOLD}}", "minimal_backoff_time": "1s"}).start()
    queue_id = send(mta, BOB, "alice@example.test", "Subject: later\n\nbody\n")
    log = mta.queue / "bounce" / queue_id
    log.write_bytes(b"\n<one@example.test>: the only reason\nrecipient=one@example.test\n\n")
    log.chmod(0)
    mta.run("postsuper", "-H", queue_id, check=True)
    mta.run("postqueue", "-f", check=True)
    mta.wait_log(rf"bounce\[\d+\]: warning: {queue_id}: open bounce/{queue_id}: Permission denied")
    poll(lambda: list((mta.queue / "deferred").rglob(queue_id)), 10, "the message in deferred")
    assert log.exists() and mta.mailbox("bob") == ""
    own(log, 0o600)
    mta.run("postqueue", "-f", check=True)
    mta.wait_removed(queue_id)
    assert "the only reason" in notice(mta, "bob", "Subject: later")


@pytest.mark.parametrize("option, delimiters", [("XVERP", "+="), ("XVERP=-+", "-+")])
def test_the_return_path_has_the_recipient_as_he_was_written_BN7(make_mta: MakeMta, option: str, delimiters: str) -> None:
    there = Server("8BITMIME")
    mta = make_mta({**MAIN, "virtual_alias_maps": "inline:{{member@example.test = somebody@far.test}}",
                    "default_transport": f"smtp:{there.nexthop}", "smtpd_authorized_verp_clients": "127.0.0.1"}).start()
    queue_id = send(mta, "list-owner@example.test", "member@example.test", options=[option])
    mta.wait_removed(queue_id)
    path = "list-owner{}member{}example.test@example.test".format(*delimiters)
    assert any(line.startswith(f"MAIL FROM:<{path}>") for line in there.sessions[0])


def test_hostile_parameters_do_not_reach_a_notice_BN8(mta: Mta) -> None:
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        assert session.mail(BOB, ["ENVID=a+00b"])[0] == 501
        assert session.mail(BOB, ["ENVID=a+2Bb"])[0] == 250
        assert session.rcpt(GONE, ["ORCPT=rfc822;a+00b@c"])[0] == 501


def test_utf8_in_a_notice_BN8(mta: Mta) -> None:
    """Whole characters, legal as they are; a Message-ID of two lines breaks no header."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        assert session.mail(BOB, ["SMTPUTF8", "ENVID=gr+2Bx"])[0] == 250
        session.send("RCPT TO:<no.s\u00fcch@example.test> ORCPT=utf-8;k\u00f6nig@example.test\r\n".encode())
        assert session.getreply()[0] == 250
        code, reply = session.data("Subject: utf8\r\nMessage-ID:\r\n <one@\r\n two>\r\n\r\nbody\r\n".encode())
        assert code == 250, (reply, mta.log())
    text = notice(mta, "bob", "no.s\u00fcch@example.test")
    header = text[:text.index("\n\n")]
    assert "Original-Recipient: utf-8;k\u00f6nig@example.test" in text and "Original-Envelope-Id: gr+x" in text
    assert not re.search(r"^ ?two>", header, re.M) and "Final-Recipient: utf-8; no.s\u00fcch@example.test" in text


@pytest.mark.parametrize("main, size, whole", [({"bounce_size_limit": "1000"}, 3000, False), ({}, 3000, True)])
def test_limits_of_size_do_not_stop_a_notice_BN9(make_mta: MakeMta, main: dict[str, str], size: int, whole: bool) -> None:
    """The message is about as large as a message may be, and so its notice is larger."""
    mta = make_mta({**MAIN, "message_size_limit": "4000", **main}).start()
    queue_id = send(mta, BOB, GONE, "Subject: large\n\n" + "lastword\n" * (size // 10), options=["RET=FULL", "ENVID=x"],
                    rcpt_options=["NOTIFY=FAILURE"])
    mta.wait_removed(queue_id)
    text = notice(mta, "bob", "Subject: large")
    assert ("lastword" in text) == whole
    assert not (mta.queue / "corrupt").is_dir() or not list((mta.queue / "corrupt").iterdir())


def test_what_must_not_travel_in_clear_does_not_return_so_BN10(make_mta: MakeMta) -> None:
    there = Server("8BITMIME")
    mta = make_mta({**MAIN, "transport_maps": f"inline:{{{{sender.test = smtp:{there.nexthop}}}}}"}).start()
    envelope, content = parts(GONE, "secret")
    envelope = [("S", b"someone@sender.test") if kind == "S" else (kind, data) for kind, data in envelope]
    offset, size = len(encode([size_record(*[0] * 6), *envelope, ("M", b"")])), len(encode(content))
    put(mta, "incoming", encode([size_record(size, offset, 1, 0, size, OPTION_REQUIRETLS), *envelope, ("M", b""), *content,
                                 ("X", b""), ("E", b"")]))
    mta.run("postkick", "public", "qmgr", "I", check=True)
    poll(lambda: there.sessions and "." not in there.sessions[0] and mta.wait_log(r"to=<someone@sender\.test>.*status=(sent)"), 15)
    lines = there.sessions[0]
    assert any("Subject: secret" in line for line in lines) and "secret" not in lines
    assert not any("REQUIRETLS" in line for line in lines if line.startswith("MAIL"))
