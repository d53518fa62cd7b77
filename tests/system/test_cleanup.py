"""cleanup and bounce: what is refused, rewritten and completed on the way into the queue, and who is told."""
import email
import re
import socketserver
import threading
from pathlib import Path
from typing import Callable, Iterator

import pytest

from conftest import new_mta
from mta import SANITIZED, Mta, poll

ALICE = "alice@example.test"
CHECKS = r"{/^X-Refuse:/ REJECT 5.6.8 not here}, {/name=.*\.exe/ REJECT no programs}, {/^X-Inner: bad/ REJECT inside}"
BOUNCES = """# our words
failure_template = <<END
Charset: utf-8
From: robot (Robot)
Subject: It did not work

Sorry from $myhostname after $maximal_queue_lifetime_days days, Jürgen.
END
success_template = <<END
Subjekt: a fault
END
"""


@pytest.fixture(scope="module")
def strict() -> Iterator[Mta]:
    """An instance that inspects, maps and bounces."""
    with new_mta(main={
            "header_checks": f"regexp:{{{CHECKS}}}", "message_reject_characters": r"\001", "message_strip_characters": r"\0\200",
            "transport_maps": "inline:{{bad.test=error:5.1.1 no such user}, {later.test=retry:4.0.0 later}}",
            "smtpd_reject_unlisted_recipient": "no",
            "virtual_alias_maps": r"regexp:{{/^(.*)@grow\.test$$/ xxxxxxxxxxxxxxxx$$1@grow.test}} "
                                  "inline:{{team@example.test=alice@example.test, bob@example.test}, "
                                  "{wide@example.test=a@w.test, b@w.test, c@w.test, d@w.test}}",
            "virtual_alias_expansion_limit": "3", "recipient_delimiter": "+",
            "canonical_maps": "inline:{old@example.test=bob@example.test}", "header_size_limit": "2000"}) as each:
        yield each


class LineEnds(socketserver.StreamRequestHandler):
    """A tcp table whose values have line ends in them."""

    def handle(self) -> None:
        for line in self.rfile:
            value = b"FILTER smtp:x%0aS%0d%0aevil" if b"X-Filter" in line else b"alice%0aA@example.test" if b"get alice" in line else b""
            self.wfile.write(b"200 " + value + b"\n" if value else b"500 none\n")


def refused(mta: Mta, content: bytes) -> bytes:
    """The reply to a message, which must be a refusal."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt(ALICE)
        code, reply = session.data(content)
        assert code == 550, reply
    return reply


def delivered(mta: Mta, token: str, text: str, recipient: str = ALICE) -> str:
    """The message with this token in its X-Token: header, as it came to alice."""
    queue_id = mta.send(ALICE, recipient, text=f"X-Token: {token}\n{text}")
    mta.wait_removed(queue_id)
    mailbox = mta.wait_mail("alice", f"X-Token: {token}")
    return mailbox[mailbox.index(f"X-Token: {token}"):].split("\n\nFrom ")[0]


# -- sending back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["-t"], [ALICE, "bob@example.test"]])
def test_refused_submission_comes_back(strict: Mta, arguments: list[str]) -> None:
    """Recipients behind the content (-t) are named in the report as well as those before it."""
    token = f"back{len(arguments)}"
    result = strict.run("sendmail", "-f", ALICE, *arguments, input=f"X-Token: {token}\nTo: {ALICE}, bob@example.test\n"
                        "X-Refuse: yes\n\nbody\n")
    assert result.returncode == 0, result
    found = strict.wait_log(r"cleanup\[\d+\]: (\w+): to=<bob@example\.test>, relay=none, .*dsn=5\.6\.8, status=bounced \(not here\)")
    strict.wait_log(rf"bounce\[\d+\]: {found[1]}: sender non-delivery notification: \w+")


def test_expanded_alias_is_reported(strict: Mta) -> None:
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        assert session.docmd("RCPT", "TO:<team@example.test> NOTIFY=SUCCESS,FAILURE")[0] == 250
        assert session.data("Subject: expand me\n\nbody\n")[0] == 250
    report = strict.wait_mail("alice", "Action: expanded")
    assert "Final-Recipient: rfc822; team@example.test" in report and "Action: delivered" not in report


def test_notice_in_the_words_of_the_administrator(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta(main={"transport_maps": "inline:{{bad.test=error:5.1.1 no such user}}", "maximal_queue_lifetime": "3d",
                         "smtpd_reject_unlisted_recipient": "no", "bounce_template_file": "$config_directory/bounce.cf"})
    (mta.config / "bounce.cf").write_text(BOUNCES)
    mta.start()
    mta.send(ALICE, "user@bad.test")
    mail = email.message_from_string(mta.wait_mail("alice", "It did not work"))
    assert mail["From"] == "robot@example.test (Robot)" and mail["Subject"] == "It did not work"
    text, status, original = mail.get_payload()
    assert text["Content-Type"] == "text/plain; charset=utf-8" and text["Content-Transfer-Encoding"] == "8bit"
    assert "after 3 days, Jürgen" in text.as_string().encode("utf-8", "surrogateescape").decode()
    assert "Content-Transfer-Encoding" not in status                # HM9
    mta.wait_log(r"warning: .*bounce\.cf, line 10: unknown header in success_template: Subjekt")


def test_notice_to_an_alias(make_mta: Callable[..., Mta]) -> None:
    """A sender may be known by virtual_alias_maps only."""
    mta = make_mta({"virtual_alias_domains": "alias.test", "virtual_alias_maps": "inline:{sender@alias.test=alice@example.test}",
                    "smtpd_reject_unlisted_recipient": "no"}).start()
    mta.send("sender@alias.test", "nobody-at-all@example.test")
    assert "To: sender@alias.test\n" in mta.wait_mail("alice", "Subject: Undelivered Mail")


@pytest.mark.parametrize("origin", ["smtpd", "bounce"])
def test_utf8_that_nobody_declared_is_noticed(make_mta: Callable[..., Mta], origin: str) -> None:
    """smtputf8_autodetect_classes names whose mail is looked through."""
    mta = make_mta({"transport_maps": "inline:{{bad.test=error:5.1.1 no}, {later.test=retry:4.0.0 later}}",
                    "smtpd_reject_unlisted_recipient": "no", "smtputf8_autodetect_classes": origin}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.command_encoding = "utf-8"
        session.docmd("MAIL", "FROM:<j\u00fcrgen@later.test>")
        session.docmd("RCPT", "TO:<j\u00fcrgen@later.test>" if origin == "smtpd" else "TO:<nobody@bad.test>")
        queue_id = re.search(rb"queued as (\w+)", session.data(b"Subject: plain\n\nbody\n")[1])[1].decode()
    if origin == "bounce":
        queue_id = mta.wait_log(rf"{queue_id}: sender non-delivery notification: (\w+)")[1]
    mta.wait_log(rf": {queue_id}: to=.*status=deferred")
    size = mta.run("postcat", "-q", queue_id, check=True).stdout.split("message_size:")[1].splitlines()[0].split()
    assert int(size[5]) & 1


def test_report_about_a_message_in_utf8(strict: Mta) -> None:
    """RFC 6533: types and addresses of the report are those of SMTPUTF8."""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.command_encoding = "utf-8"
        assert session.docmd("MAIL", f"FROM:<{ALICE}> SMTPUTF8 BODY=8BITMIME")[0] == 250
        assert session.docmd("RCPT", "TO:<j\u00fcrgen@bad.test>")[0] == 250
        assert session.data("Subject: \u00fc\n\nbody\n".encode())[0] == 250
    report = strict.wait_mail("alice", "Final-Recipient: utf-8; j\u00fcrgen@bad.test")
    for line in ("Content-Type: message/global-delivery-status", "Content-Type: message/global\n",
                 "Content-Type: text/plain; charset=utf-8"):
        assert line in report


# -- content -----------------------------------------------------------------------------------------------------------


def test_parts_and_inner_messages_are_inspected(strict: Mta) -> None:
    parts = (b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b;\n name=x.exe\n\nx\n--b--\n")
    assert b"5.7.1 no programs" in refused(strict, parts)
    assert b"5.7.1 inside" in refused(strict, b"Content-Type: message/rfc822\n\nX-Inner: bad\n\nx\n")


def test_each_part_is_inspected_from_its_begin(make_mta: Callable[..., Mta]) -> None:
    """A large first part uses nothing up of body_checks_size_limit."""
    mta = make_mta({"body_checks": "regexp:{{/forbidden/ REJECT}}", "body_checks_size_limit": "100"}).start()
    start = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\n' + 20 * "harmless words\n"
    refused(mta, (start + "--b\nContent-Type: text/plain\n\nforbidden\n--b--\n").encode())
    mta.send(ALICE, ALICE, text=start + "forbidden\n--b--\n")


def test_forbidden_bytes(strict: Mta) -> None:
    assert b"5.7.1 disallowed character" in refused(strict, b"Subject: x\n\nbell\001\n")
    assert "\nnulbyte\n" in delivered(strict, "bytes", "Subject: x\n\nnul\0byte\n")


def test_stray_carriage_returns_become_blanks(strict: Mta) -> None:
    """HM1"""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt(ALICE)
        session.docmd("DATA")
        session.send(b"X-Token: stray\r\n\r\na\r.\rb\r\n.\r\n")
        assert session.getreply()[0] == 250
    assert "\na . b\n" in strict.wait_mail("alice", "a . b")


@pytest.mark.parametrize("length", [1999, 2000, 2001, 2049, 4000])
def test_rest_of_a_long_header_stays_header(strict: Mta, length: int) -> None:
    """HM2"""
    name = "X-Long: "
    text = delivered(strict, f"long{length}", name + "y" * (length - len(name)) + "\nX-After: here\n\nbody\n")
    assert re.search(r"^X-Long: y+$", text, re.M) and "\nX-After: here\n" in text.split("\n\n")[0] + "\n"


@pytest.mark.parametrize("line", ["this is no header", " begins with a blank", ">From somebody"])
def test_line_that_is_no_header_gets_an_empty_line(strict: Mta, line: str) -> None:
    """HM3, HM4"""
    token = f"hm3{len(line)}"
    queue_id = strict.send(ALICE, ALICE, text=f"{line}\nX-Token: {token}\n")
    strict.wait_removed(queue_id)
    assert f"\n\n{line}\nX-Token: {token}\n" in strict.wait_mail("alice", token)


def test_thousands_of_nested_parts_are_refused(strict: Mta) -> None:
    """HM5"""
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(10000))
    assert b"5.6.0 MIME nesting" in refused(strict, f"Subject: x\n{nested}\nx\n".encode())
    strict.wait_log(r"reject: mime-error MIME nesting exceeds safety limit: Content-Type: multipart/mixed; ")


def test_many_address_headers_are_quick(strict: Mta) -> None:
    """HM6"""
    head = "".join(f"Cc: user{n}@example.test\n" for n in range(20000))
    assert "Cc: user19999@example.test\n" in delivered(strict, "many", f"{head}\nbody\n")


SHAPES = ["", "\n", "X-Token: {}\n", "X-Token: {}\n\n", "\nX-Token: {}\n", "A: b\nX-Token: {}\n folded\n\nbody\n",
          "no header\nX-Token: {}\n", "X-Token: {}\nno header\n"]
EDITS = {
    "prepend": "PREPEND X-New: yes", "replace": "REPLACE X-New: yes", "ignore": "IGNORE", "bcc": "BCC bob@example.test",
    "redirect": "REDIRECT bob@example.test", "filter": "FILTER discard:nowhere", "warn": "WARN look here",
}
EDITED = {"prepend": "X-New: yes\nX-Token: ", "replace": "X-New: yes"}


@pytest.fixture(scope="module")
def editor() -> Iterator[Mta]:
    """An instance that edits what a line X-Token: asks for, in header and body, and holds the result."""
    rules = ", ".join(f"{{/^X-Token: {name}/ {action}}}" for name, action in EDITS.items())
    with new_mta(main={"header_checks": f"regexp:{{{rules}}}", "body_checks": f"regexp:{{{rules}}}",
                       "smtpd_recipient_restrictions": "check_recipient_access static:hold, permit"}) as each:
        yield each


def test_each_edit_of_each_shape_CQ4(editor: Mta) -> None:
    sent = {}
    for edit in EDITS:
        for shape in SHAPES:
            queue_id = editor.send(ALICE, ALICE, text=shape.format(edit))
            shown = editor.run("postcat", "-q", queue_id, check=True).stdout
            content = shown.partition("*** MESSAGE CONTENTS")[2]
            assert "*** HEADER EXTRACTED" in content and "\nMessage-Id: " in content.partition("\n\n")[0], (edit, shape, shown)
            if "X-Token" in shape:
                assert EDITED.get(edit, "") in content, (edit, shape, shown)
                assert ("X-Token: " in content) == (edit not in ("replace", "ignore")), (edit, shape, shown)
            sent[queue_id] = edit, shape
    editor.run("postsuper", "-H", "ALL", check=True)
    editor.run("postqueue", "-f", check=True)
    for queue_id, (edit, shape) in sent.items():
        editor.wait_removed(queue_id)
        wanted = {"bcc": "bob", "redirect": "bob"}.get(edit if "X-Token" in shape else "", "alice")
        assert re.search(rf": {queue_id}: to=<{wanted}@example\.test>", editor.log()), (edit, shape)
    assert "corrupt" not in editor.log()


@pytest.mark.skipif(SANITIZED, reason="sanitizers remember more")
def test_what_is_remembered_grows_with_the_message_only(make_mta: Callable[..., Mta]) -> None:
    """Copies that body_checks asks for, and aliases of which the sender wants to hear."""
    checks = "regexp:{{/^to bob/ BCC bob@example.test}, {/^to/ BCC alice@example.test}}"
    aliases = "regexp:{{/^(u[0-9]+)@example.test/ alice@example.test}}"
    mta = make_mta({"body_checks": checks, "virtual_alias_maps": aliases, "smtpd_recipient_limit": "2000"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        for number in range(2000):
            session.putcmd("rcpt", f"to:<u{number}@example.test> NOTIFY=SUCCESS")
        assert {session.getreply()[0] for _ in range(2000)} == {250}
        assert session.docmd("DATA")[0] == 354
        session.send("Subject: copies\r\n\r\n" + 3000 * "to bob\r\nto alice\r\n" + ".\r\n")
        assert session.getreply()[0] == 250
        peaks = [int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
                 for pid in mta.children("cleanup")]
    assert 0 < max(peaks) < 50000, peaks


def test_what_grows_too_large_is_refused_for_good_CQ15(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"message_size_limit": "3000", "header_checks": f"regexp:{{{{/^X-Token:/ PREPEND X-New: {2500 * 'x'}}}}}"}).start()
    text = f"X-Token: x\n\n{10 * (80 * 'x' + chr(10))}"
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt(ALICE)
        code, reply = session.data(text)
        assert code == 552 and reply.startswith(b"5.3.4 "), reply
    result = mta.run("sendmail", "-f", ALICE, ALICE, input=text)
    assert result.returncode == 0, result
    found = mta.wait_log(r": (\w+): to=<alice@example\.test>, .*dsn=5\.3\.4, status=bounced")
    mta.wait_log(rf": {found[1]}: sender non-delivery notification")
    assert "try again" not in mta.log()


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_extension_of_a_mapped_address_is_kept_once(strict: Mta) -> None:
    assert "\nCc: bob+tag@example.test\n" in delivered(strict, "extension", "Cc: old+tag@example.test\n\nbody\n")


def test_names_alone_stand_for_users_of_our_addresses(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"canonical_maps": "inline:{old=bob@example.test}", "virtual_alias_maps": "inline:{list=alice@example.test}"}).start()
    mta.send(ALICE, "old@[127.0.0.1]", "list@[127.0.0.1]")
    mta.wait_log("to=<bob@example.test>, orig_to=<old@.127.0.0.1.>, .*status=sent")
    mta.wait_log("to=<alice@example.test>, orig_to=<list@.127.0.0.1.>, .*status=sent")


@pytest.mark.parametrize("parameter, problem", [
    ("canonical_maps", "canonical map lookup problem"), ("virtual_alias_maps", "virtual_alias_maps map lookup problem")])
def test_nobody_is_a_stranger_while_our_domains_cannot_be_asked(make_mta: Callable[..., Mta], parameter: str, problem: str) -> None:
    """Entries for users without a domain may be meant: so mail waits, and does not go on without them."""
    mta = make_mta({parameter: "inline:{alice=bob@example.test}", "mydestination": "fail:down"}).start()
    mta.run("sendmail", "-f", "x@remote.test", "alice@own.test", input="Subject: x\n\nx\n", check=True)
    mta.wait_log(rf"cleanup\[\d+\]: warning: \w+: {problem}")


def test_alias_wider_than_the_limit_is_not_cut_short(strict: Mta) -> None:
    """CQ11"""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt("wide@example.test")
        assert session.data("Subject: x\n\nx\n")[0] == 451
    strict.wait_log(r"unreasonable virtual_alias_maps map expansion size for wide@example\.test")


def test_alias_that_grows_for_ever_is_refused(strict: Mta) -> None:
    """CQ12"""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt("me@grow.test")
        assert session.data("Subject: x\n\nx\n")[0] == 451
    strict.wait_log(r"unreasonable virtual_alias_maps address length for me@grow\.test")


def test_alias_deeper_than_the_limit_is_refused(make_mta: Callable[..., Mta]) -> None:
    """CQ12"""
    chain = ", ".join(f"{{u{number}@example.test=u{number + 1}@example.test}}" for number in range(4))
    mta = make_mta({"virtual_alias_maps": f"inline:{{{chain}, {{u4@example.test=alice@example.test}}}}", "virtual_alias_recursion_limit": "3"})
    with mta.start().smtp() as session:
        for first, code in (("u2@example.test", 250), ("u0@example.test", 451)):
            session.ehlo("client.example.test")
            session.mail(ALICE)
            session.rcpt(first)
            assert session.data("Subject: x\n\nx\n")[0] == code
    mta.wait_log(r"unreasonable virtual_alias_maps map nesting for u0@example\.test")


@pytest.mark.parametrize("address, code", [("-Cfile@example.test", 501), ("${run{id}}@bad.test", 250),
                                           ("$mail_name@bad.test", 250)])
def test_addresses_are_never_more_than_text(strict: Mta, address: str, code: int) -> None:
    """AD2: no options of commands. AD3: no templates."""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        got, reply = session.rcpt(address)
        assert got // 100 == code // 100, reply
        if code == 250:
            assert session.data("Subject: x\n\nx\n")[0] == 250
            strict.wait_log(rf": to=<{re.escape(address)}>, .*status=bounced")


def test_line_ends_that_a_table_brings_in_CQ16(make_mta: Callable[..., Mta]) -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), LineEnds)
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    table = f"tcp:127.0.0.1:{server.server_address[1]}"
    mta = make_mta({"sender_bcc_maps": table, "header_checks": table, "notify_classes": ""}).start()
    for text in ("Subject: x\n\nx\n", "X-Filter: yes\n\nx\n"):
        with mta.smtp() as session:
            session.ehlo("client.example.test")
            session.mail(ALICE if "Subject" in text else "bob@example.test")
            session.rcpt("bob@example.test")
            code, reply = session.data(text)
            assert code // 100 == 4, reply
    server.shutdown()
    server.server_close()
    assert "queue active" not in mta.log()


def test_requeued_mail_still_asks_for_utf8(strict: Mta) -> None:
    """CQ8"""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.command_encoding = "utf-8"
        session.docmd("MAIL", f"FROM:<{ALICE}> SMTPUTF8")
        session.docmd("RCPT", "TO:<j\u00fcrgen@later.test>")
        queue_id = re.search(rb"queued as (\w+)", session.data(b"Subject: plain\n\nbody\n")[1])[1].decode()
    strict.wait_log(rf": {queue_id}: to=.*status=deferred")
    mark = len(strict.log())
    strict.run("postsuper", "-r", queue_id, check=True)
    strict.run("postkick", "public", "pickup", "W", check=True)
    fresh = strict.wait_log(rf"pickup\[\d+\]: (\w+): uid=.* orig_id={queue_id}", since=mark)[1]
    strict.wait_log(rf": {fresh}: to=.*status=deferred", since=mark)
    size = strict.run("postcat", "-q", fresh, check=True).stdout.split("message_size:")[1].splitlines()[0].split()
    assert int(size[5]) & 1
    strict.run("postsuper", "-d", fresh, check=True)


def test_requeued_mail_leaves_what_was_said_of_the_done(strict: Mta) -> None:
    """Who wanted no notices, and has his copy, says nothing for the next one."""
    with strict.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt("bob@example.test", ["NOTIFY=NEVER", "ORCPT=rfc822;first@example.test"])
        session.rcpt("waits@later.test")
        queue_id = re.search(rb"queued as (\w+)", session.data(b"Subject: plain\n\nbody\n")[1])[1].decode()
    strict.wait_log(rf": {queue_id}: to=<bob@.*status=sent")
    strict.wait_log(rf": {queue_id}: to=<waits@.*status=deferred")
    poll(lambda: list(strict.queue.glob(f"deferred/**/{queue_id}")), what="the file in deferred")
    strict.run("postsuper", "-r", queue_id, check=True)
    strict.run("postkick", "public", "pickup", "W", check=True)
    fresh = strict.wait_log(rf"pickup\[\d+\]: (\w+): uid=.* orig_id={queue_id}")[1]
    strict.wait_log(rf": {fresh}: to=<waits@.*status=deferred")
    shown = strict.run("postcat", "-e", "-q", fresh, check=True).stdout
    assert "waits@later.test" in shown and "notify_flags" not in shown and "first@" not in shown and "bob@" not in shown
    strict.run("postsuper", "-d", fresh, check=True)


@pytest.mark.parametrize("name, value", [("  ", "alice@example.test"), ("J\u00fcrgen", "=?utf-8?Q?J=C3=BCrgen?= <alice@example.test>"),
                                         ('Q "x" (y)', '"Q \\"x\\" (y)" <alice@example.test>')])
def test_full_names(strict: Mta, name: str, value: str) -> None:
    """CQ18"""
    token = f"name{len(name)}"
    strict.run("sendmail", "-f", ALICE, "-F", name, ALICE, input=f"X-Token: {token}\n\nx\n", check=True)
    mailbox = strict.wait_mail("alice", f"X-Token: {token}\n")
    assert f"\nFrom: {value}\n" in mailbox[mailbox.index(f"X-Token: {token}\n"):]


# -- recipients that nobody named, and copies ----------------------------------------------------------------------------


def test_a_copy_that_fails_is_nobodys_business(make_mta: Callable[..., Mta]) -> None:
    """The sender did not ask for it, and shall not learn of it by a notice."""
    mta = make_mta({"always_bcc": "nobody-here@example.test"}).start()
    queue_id = mta.send(ALICE, "bob@example.test")
    mta.wait_log(rf"{queue_id}: to=<nobody-here@example\.test>.*status=bounced")
    mta.wait_removed(queue_id)
    assert "notification" not in mta.log() and mta.mailbox("alice") == ""


@pytest.mark.parametrize("parameter", ["sender_bcc_maps", "recipient_bcc_maps"])
def test_mail_waits_until_it_is_known_who_gets_copies(make_mta: Callable[..., Mta], parameter: str) -> None:
    mta = make_mta({parameter: "fail:down"}).start()
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail(ALICE)
        session.rcpt("bob@example.test")
        assert session.data("Subject: x\n\nx\n")[0] == 451
    mta.wait_log(r"warning: \w+: bcc map lookup problem")


def test_who_has_no_sender_is_never_warned(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"delay_warning_time": "1h", "header_checks": "regexp:{{/^Subject:/ HOLD}}"}).start()
    for sender in (ALICE, ""):
        shown = mta.run("postcat", "-e", "-q", mta.send(sender, "bob@example.test"), check=True).stdout
        assert ("warning_message_time" in shown) == bool(sender)


def test_duplicates_are_removed_as_far_as_they_are_remembered(make_mta: Callable[..., Mta]) -> None:
    """duplicate_filter_limit: mail arrives twice rather than not."""
    mta = make_mta({"duplicate_filter_limit": "1", "virtual_alias_maps":
                    "inline:{{team@example.test=alice@example.test, bob@example.test, alice@example.test, bob@example.test}}"}).start()
    mta.wait_removed(mta.send(ALICE, "team@example.test", text="Subject: twice\n\nx\n"))
    assert [mta.mailbox(user).count("Subject: twice") for user in ("alice", "bob")] == [1, 2]


def test_aliases_that_stand_for_each_other(make_mta: Callable[..., Mta]) -> None:
    """CQ12: who is reached again is meant himself."""
    mta = make_mta({"virtual_alias_maps": "inline:{{alice@example.test=bob@example.test}, {bob@example.test=alice@example.test}}"}).start()
    mta.send("x@remote.test", ALICE, text="Subject: round\n\nx\n")
    mta.wait_mail("alice", "Subject: round")
    assert mta.mailbox("bob") == ""
