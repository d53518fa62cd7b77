"""Notices, field by field: what they begin with, whom they name, and what each kind of delivery lets them say."""
import re
from typing import Callable, Iterator

import pytest

from mta import PRIVILEGED, Mta, poll
from test_bounce import BOB, GONE, MAIN, notice, send
from test_smtp import Server

MakeMta = Callable[..., Mta]
LONG = "5.7.1 not  now, and not at any other time either, as long as this line is longer than one line of a notice may be"
MASTER = {"says/unix": "- n n - - pipe user=alice argv=/bin/sh -c {echo 5.7.6 go away; exit 1}",
          "shot/unix": "- n n - - pipe user=alice argv=/bin/sh -c {kill -9 $$$$}"}
ROUTES = ("inline:{{long.test = error:%s}, {says.test = says:}, {shot.test = shot:}, {soft.test = retry:4.7.7 come back}, "
          "{hole.test = discard:swallowed}}" % LONG)
ALIASES = "inline:{{list = alice, no.such.member}, {owner-list = alice}, {crew = alice, bob}, {far = x@hole.test}, {postmaster = alice}}"


@pytest.fixture(name="mta", scope="module")
def _mta() -> Iterator[Mta]:
    """Destinations of every kind, an owned list, and a postmaster who is told of bounces."""
    from conftest import new_mta
    with new_mta({**MAIN, "transport_maps": ROUTES, "smtpd_reject_unlisted_recipient": "no", "alias_maps": ALIASES,
                  "notify_classes": "bounce, 2bounce, protocol", "minimal_backoff_time": "1000s"}, MASTER) as mta:
        yield mta


def header(text: str) -> str:
    """Of a message in an mbox, the fields that were there when it was handed over."""
    return re.sub(r"\A.*?^Delivered-To: \S+\n", "", text[:text.index("\n\n")], flags=re.S | re.M)


def subject(name: str) -> str:
    """A message that can be told from others."""
    return f"Subject: about {name}\n\nbody\n"


def test_a_notice_says_first_where_and_when_it_was_made(mta: Mta) -> None:
    send(mta, BOB, GONE, subject("origin"))
    text = header(notice(mta, "bob", "about origin"))
    date = r"\w{3}, [ \d]\d \w{3} \d{4} \d\d:\d\d:\d\d [-+]\d{4} \(\w+\)"
    assert re.match(rf"Received: by mail\.example\.test \(Posthaste\)\n\tid \w+; {date}\nDate: {date}\nFrom: Mail Delivery", text)
    assert text.count("\nDate: ") == 1


@pytest.mark.parametrize("utf8, options, whole, charset, original", [
    ("yes", [], "8bit", "utf-8", "8bit"), ("yes", ["BODY=7BIT"], "8bit", "utf-8", "8bit"),
    ("no", [], "", "us-ascii", ""), ("no", ["BODY=7BIT"], "7bit", "us-ascii", ""), ("no", ["BODY=8BITMIME"], "8bit", "utf-8", "8bit")])
def test_encoding_of_a_notice(make_mta: MakeMta, utf8: str, options: list[str], whole: str, charset: str, original: str) -> None:
    """Addresses in UTF-8 may be in any of them where they are known; elsewhere it has the encoding of its message."""
    mta = make_mta({**MAIN, "smtputf8_enable": utf8}).start()
    send(mta, BOB, GONE, subject("bits"), options=options)
    text = notice(mta, "bob", "about bits")
    said = re.search(r"^Content-Type: text/plain; charset=(\S+)\n(.*?)\n", text, re.M)
    returned = re.search(r"^Content-Type: message/rfc822\n(.*?)\n", text, re.M)
    encoding = "Content-Transfer-Encoding: {}".format
    assert re.findall(r"^Content-Transfer-Encoding: (\S+)$", header(text), re.M) == ([whole] if whole else [])
    assert said[1] == charset and said[2] == ("" if charset == "us-ascii" else encoding("8bit"))
    assert returned[1] == (encoding(original) if original else "")


def test_notices_to_the_postmaster_are_from_this_host(mta: Mta) -> None:
    """Where the whole domain is one's own, the copy of another host is not taken for one's own notice."""
    queue_id = send(mta, BOB, GONE, subject("copy"))
    copy = mta.wait_log(rf"{queue_id}: postmaster non-delivery notification: (\w+)$")[1]
    mta.wait_log(rf"{copy}: from=<double-bounce@mail\.example\.test>")
    mta.wait_log(rf"{copy}: to=<alice@example\.test>, orig_to=<postmaster>, relay=local")
    text = notice(mta, "alice", "about copy")
    assert "\nX-Original-To: postmaster\n" in text and "\nTo: postmaster@example.test\n" in text


def test_a_returned_notice_names_a_sender(mta: Mta) -> None:
    """The null sender has no address: MAILER-DAEMON of this host stands for it."""
    send(mta, "", GONE, subject("nobody"))
    text = notice(mta, "alice", "about nobody")
    assert "\nX-Posthaste-Sender: rfc822; MAILER-DAEMON@mail.example.test\n" in text
    assert "\nReturn-Path: <MAILER-DAEMON@mail.example.test>\n" in text


def test_transcripts_are_mail_of_this_host(mta: Mta) -> None:
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        assert session.docmd("NONSENSE")[0] == 500
    text = notice(mta, "alice", "In:  NONSENSE")
    assert "\nX-Original-To: postmaster\n" in text and "\nReturn-Path: <double-bounce@mail.example.test>\n" in text
    assert re.match(r"Received: by mail\.example\.test \(Posthaste\)\n\tid .*\nDate: .*\n"
                    r"From: Mail Delivery System <MAILER-DAEMON@mail\.example\.test>\nTo: Postmaster <postmaster@example\.test>\n",
                    header(text))


def test_long_diagnostics_are_folded(mta: Mta) -> None:
    """In the text and in the field; blanks stay as they are where no line ends."""
    send(mta, BOB, "x@long.test", subject("length"))
    text = notice(mta, "bob", "about length")
    words = LONG.partition(" ")[2]
    reason = re.search(r"^<x@long\.test>: (.*(?:\n .*)*)$", text, re.M)
    field = re.search(r"^Diagnostic-Code: X-Posthaste; (.*(?:\n .*)*)$", text, re.M)
    assert re.sub(r"\n    ", " ", reason[1]) == words and re.sub(r"\n    ", " ", field[1]) == words
    assert max(map(len, [*reason[0].split("\n"), *field[0].split("\n")])) <= 79 and "\n" in field[1]


@pytest.mark.skipif(not PRIVILEGED, reason="commands run as somebody else")
def test_what_a_command_said_is_told_without_its_code(mta: Mta) -> None:
    send(mta, BOB, "x@says.test", subject("words"))
    text = notice(mta, "bob", "about words")
    assert "\nStatus: 5.7.6\nDiagnostic-Code: x-unix; go away\n" in text and "\n<x@says.test>: go away\n" in text


def report(mta: Mta, to: str, *options: str) -> str:
    """What sendmail -v (or -bv) has mailed to bob."""
    name = f"{to} {options}"
    result = mta.run("sendmail", *options, "-f", BOB, to, input=subject(name))
    assert result.returncode == 0, result
    def found() -> str:
        mails = mta.mailbox("bob").split("\nFrom ")
        return next((each for each in mails if f"about {name}\n" in each and "Subject: Mail Delivery Status Report" in each), "")
    return poll(found, 10, f"a report about {name}")


@pytest.mark.parametrize("to, words", [("x@soft.test", "come back"), ("x@hole.test", "swallowed"), (BOB, "delivery via local: delivered to mailbox")])
def test_reports_name_who_delivered_if_there_was_anybody(mta: Mta, to: str, words: str) -> None:
    text = report(mta, to, "-v")
    assert f"\n<{to}>: {words}\n" in text and f"Diagnostic-Code: X-Posthaste; {words}\n" in text


@pytest.mark.parametrize("keywords", [(), ("DSN",)])
def test_what_another_server_took_is_relayed(make_mta: MakeMta, keywords: tuple[str, ...]) -> None:
    """Whether or not it will tell more of it."""
    mta = make_mta({**MAIN, "default_transport": f"smtp:{Server(*keywords).nexthop}"}).start()
    assert "\nAction: relayed\n" in report(mta, "x@far.test", "-v")


# -- lists ---------------------------------------------------------------------------------------------------------------


def test_a_list_with_an_owner_has_taken_the_mail_over(mta: Mta) -> None:
    """RFC 3461, 5.2.7.3: for the sender it is delivered; its members are addresses of their own."""
    queue_id = send(mta, BOB, "list@example.test", subject("owned"), rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;the@list"])
    second = mta.wait_log(rf"{queue_id}: to=<list@example\.test>, .*\(forwarded as (\w+)\)$")[1]
    mta.wait_log(rf"{second}: to=<alice@example\.test>, relay=local")
    mta.wait_removed(second)
    assert "\nX-Original-To: alice@example.test\n" in notice(mta, "alice", "about owned")
    told = notice(mta, "bob", "about owned")
    assert "\nOriginal-Recipient: rfc822;the@list\nAction: delivered\n" in told and "no.such.member" not in told
    failed = notice(mta, "alice", "X-Original-To: owner-list@example.test")
    assert '\n<no.such.member@example.test>: unknown user: "no.such.member"\n' in failed and "the@list" not in failed


def test_a_list_without_an_owner_is_expanded(mta: Mta) -> None:
    send(mta, BOB, "crew@example.test", subject("crew"), rcpt_options=["NOTIFY=SUCCESS"])
    mta.wait_mail("bob", "Action: expanded")
    assert "\nX-Original-To: crew@example.test\n" in notice(mta, "alice", "about crew")


@pytest.mark.parametrize("to", ["list", "far"])
def test_a_report_ends_where_mail_goes_on(mta: Mta, to: str) -> None:
    """sendmail -v: it says where to look; there is no second one, neither for the sender nor for the owner of a list."""
    second = re.search(r"forwarded as (\w+)", report(mta, f"{to}@example.test", "-v"))[1]
    mta.wait_removed(second)
    assert not re.search(rf"{second}: sender delivery status notification", mta.log())


@pytest.mark.parametrize("options", [["-v"], ["-N", "success"]])
def test_reports_that_nobody_asked_for(make_mta: MakeMta, options: list[str]) -> None:
    """The null sender has no mailbox: the postmaster gets them where he wants to know of such things."""
    mta = make_mta({**MAIN, "alias_maps": ALIASES, "notify_classes": "2bounce"}).start()
    assert mta.run("sendmail", *options, "-f", "", BOB, input=subject("whom")).returncode == 0
    found = mta.wait_log(r"bounce\[\d+\]: \w+: sender delivery status notification: (\w+)$")
    mta.wait_log(rf"{found[1]}: from=<double-bounce@mail\.example\.test>")
    text = notice(mta, "alice", "about whom")
    assert "\nAuto-Submitted: auto-replied\n" in text and "\nContent-Description: Message Headers\n" in text
    assert "\nThis is the mail system at host" in text
