"""Addresses in headers and envelopes: each parameter that changes them, by what it makes of all shapes of addresses."""
import itertools
import re
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

CANONICAL = "texthash:$config_directory/canonical"
ENTRIES = "alice al@canon.test\nbob+x special@canon.test\nbob robert\n@dom.test @new.test\nold@sub.test fresh\n"
MASQUERADE = {"masquerade_domains": "!keep.example.test example.test", "masquerade_exceptions": "root"}


@pytest.fixture(scope="module")
def rewritten() -> Iterator[Callable[..., str]]:
    """What header lines are after their way through a system with some settings; one system for all that have the same."""
    systems: dict[str, Mta] = {}
    numbers = itertools.count(1)

    def system(main: dict[str, str]) -> Mta:
        mta = Mta(BASE / f"rewrite{len(systems)}", {"virtual_alias_maps": "inline:{{drop@example.test = bob@example.test}}", "canonical_maps": "", **main})
        (mta.config / "canonical").write_text(ENTRIES)
        return mta.start()

    def make(main: dict[str, str], header: str, *options: str, sender: str = "alice@example.test") -> str:
        mta, mark = systems.get(str(main)) or systems.setdefault(str(main), system(main)), f"X-Mark: {next(numbers)}\n"
        mta.run("sendmail", *options, "-f", sender, "drop@example.test", input=f"{mark}{header}\n\nthe body of {mark}", check=True)
        text = mta.wait_mail("bob", f"the body of {mark}")
        return text.partition(f"\n{mark}")[2].partition("\n\n")[0].partition("\nMessage-Id:")[0].partition("\nDate:")[0]
    yield make
    for each in systems.values():
        each.__exit__()


@pytest.mark.parametrize("main, given, made", [
    ({}, "a, b@c, <d>", "a@example.test, b@c, <d@example.test>"),
    ({}, '"x, y" <a>, z (c, (d)) <b>, "q r"@s', '"x, y" <a@example.test>, z (c, (d)) <b@example.test>, "q r"@s'),
    ({}, "g: a, b@c;, empty:;, d", "g: a@example.test, b@c;, empty:;, d@example.test"),
    ({}, "=?utf-8?Q?J=C3=BC?= <a>, =?iso-8859-1?Q?=40?= <b>", "=?utf-8?Q?J=C3=BC?= <a@example.test>, =?iso-8859-1?Q?=40?= <b@example.test>"),
    ({}, "a (one), (two) b, c(three)", "a@example.test (one), (two) b@example.test, c@example.test(three)"),
    ({}, "@r1,@r2:u@x, <@r1:u@x>, @y, z", "u@x, <u@x>, @y, z@example.test"),
    ({}, "h!u, h!v!u, u%h, u%h@example.test", "u@h, v!u@h, u@h, u%h@example.test"),
    ({}, "u@x., a..b, .a, u@[127.0.0.1], \"a\"@b", "u@x, \"a..b\"@example.test, \".a\"@example.test, u@[127.0.0.1], \"a\"@b"),
    ({"append_at_myorigin": "no"}, "a, b@c", "a, b@c"),
    ({"append_dot_mydomain": "yes"}, "a@b, c@d.e, f", "a@b.example.test, c@d.e, f@example.test"),
    ({"swap_bangpath": "no"}, "h!u", "h!u@example.test"), ({"allow_percent_hack": "no"}, "u%h", "u%h@example.test"),
    ({"myorigin": "origin.test"}, "a", "a@origin.test")])
def test_shapes_of_addresses(rewritten: Callable[..., str], main: dict[str, str], given: str, made: str) -> None:
    """What is not changed stays as it was written: phrases, comments, groups, encoded words, white space."""
    assert rewritten(main, f"To: {given}").replace(",\n\t", ", ") == f"To: {made}"


@pytest.mark.parametrize("name", ["To", "Cc", "From", "Reply-To", "Sender", "Errors-To", "Return-Receipt-To", "Resent-To", "Resent-From",
                                  "Disposition-Notification-To", "Mail-Followup-To", "Apparently-To", "cc"])
def test_headers_with_addresses(rewritten: Callable[..., str], name: str) -> None:
    assert f"{name}: a@example.test" in rewritten({}, f"{name}: a").split("\n")


def test_other_headers_are_text(rewritten: Callable[..., str]) -> None:
    header = "Subject: alice, h!u <x>\nX-To: alice\nReferences: <a>\nIn-Reply-To: alice\nList-Id: <a>"
    assert header in rewritten({}, header)


@pytest.mark.parametrize("main, header, made", [
    ({"local_header_rewrite_clients": ""}, "To: a, b@c", "To: a, b@c"),
    ({"remote_header_rewrite_domain": "remote.invalid"}, "To: a, b@c", "To: a@remote.invalid, b@c"),
    ({"remote_header_rewrite_domain": "remote.invalid", "append_dot_mydomain": "yes"}, "To: a, b@c, h!u", "To: a@remote.invalid, b@c.remote.invalid, u@h.remote.invalid"),
    ({"canonical_maps": CANONICAL, "remote_header_rewrite_domain": ""}, "To: alice@example.test", "To: alice@example.test")])
def test_mail_from_elsewhere(rewritten: Callable[..., str], main: dict[str, str], header: str, made: str) -> None:
    """sendmail -G: as for strangers, headers are theirs unless a domain says that they may be completed."""
    assert rewritten(main, header, "-G") == made


@pytest.mark.parametrize("main, sender, recipient", [
    ({"canonical_maps": CANONICAL}, "al@canon.test", "al@canon.test"),
    ({"sender_canonical_maps": CANONICAL}, "al@canon.test", "alice@example.test"),
    ({"recipient_canonical_maps": CANONICAL}, "alice@example.test", "al@canon.test"),
    ({"canonical_maps": CANONICAL, "canonical_classes": "header_sender"}, "al@canon.test", "alice@example.test"),
    ({"canonical_maps": CANONICAL, "canonical_classes": "envelope_sender"}, "alice@example.test", "alice@example.test"),
    ({"recipient_canonical_maps": CANONICAL, "recipient_canonical_classes": "envelope_recipient"}, "alice@example.test", "alice@example.test"),
    ({"sender_canonical_maps": "inline:{{alice@example.test=first@x.test}}", "canonical_maps": "inline:{{first@x.test=second@x.test}}"},
     "second@x.test", "alice@example.test")])
def test_canonical_tables(rewritten: Callable[..., str], main: dict[str, str], sender: str, recipient: str) -> None:
    assert rewritten(main, "From: alice\nTo: alice") == f"From: {sender}\nTo: {recipient}"


@pytest.mark.parametrize("delimiter, propagate, given, made", [
    ("+", "canonical", "bob+x, bob+y, alice+z", "special@canon.test, robert+y@example.test, al+z@canon.test"),
    ("+", "virtual", "bob+x, bob+y, alice+z", "special@canon.test, robert@example.test, al@canon.test"),
    ("+-", "canonical", "bob-y, bob+y, a-b@dom.test", "robert-y@example.test, robert+y@example.test, a-b@new.test"),
    ("", "canonical", "bob+y, a+b@dom.test, old@sub.test", "bob+y@example.test, a+b@new.test, fresh@example.test")])
def test_extensions_of_mapped_addresses(rewritten: Callable[..., str], delimiter: str, propagate: str, given: str, made: str) -> None:
    """AD9: put back behind whatever the table says, with a domain or without."""
    main = {"canonical_maps": CANONICAL, "recipient_delimiter": delimiter, "propagate_unmatched_extensions": propagate}
    assert rewritten(main, f"To: {given}").replace(",\n\t", ", ") == f"To: {made}"


@pytest.mark.parametrize("extra, given, made", [
    ({}, "a@host.example.test, b@x.keep.example.test, c@example.test, root@host.example.test, d@other.test",
     "a@example.test, b@x.keep.example.test, c@example.test, root@host.example.test, d@other.test"),
    ({"masquerade_exceptions": ""}, "Root@host.example.test", "Root@example.test"), ({"masquerade_classes": "envelope_sender"}, "a@h.example.test", "a@h.example.test"),
    ({"masquerade_domains": "deep.example.test example.test"}, "a@x.deep.example.test, b@x.example.test", "a@deep.example.test, b@example.test")])
def test_masquerading(rewritten: Callable[..., str], extra: dict[str, str], given: str, made: str) -> None:
    assert rewritten({**MASQUERADE, **extra}, f"To: {given}").replace(",\n\t", ", ") == f"To: {made}"


def test_long_lines_are_folded_between_addresses(rewritten: Callable[..., str]) -> None:
    """The SMTP client would cut them in the middle of one."""
    lines = rewritten({}, "To: " + ", ".join(f"user{i}" for i in range(300))).split("\n")
    assert max(map(len, lines)) < 80 and all(line.endswith(",") for line in lines[:-1])
    assert " ".join(line.strip() for line in lines) == "To: " + ", ".join(f"user{i}@example.test" for i in range(300))


def test_names_beyond_ascii(rewritten: Callable[..., str]) -> None:
    """SMTPUTF8: local parts and domains as they are, completed and mapped as others."""
    assert rewritten({"canonical_maps": "inline:{{j\u00fcrgen@example.test = j\u00f6rg@m\u00fcller.test}}"}, "To: j\u00fcrgen, \u5f20@\u4f8b.test",
                     "-O", "smtputf8=yes") == "To: j\u00f6rg@m\u00fcller.test, \u5f20@\u4f8b.test"


# -- envelopes ----------------------------------------------------------------------------------------------------------------

def test_original_recipient(make_mta: Callable[..., Mta]) -> None:
    """Shown, unless the administrator does not want it kept."""
    for wanted, lines in (("yes", ["X-Original-To: first@example.test"]), ("no", [])):
        mta = make_mta({"virtual_alias_maps": "inline:{{first@example.test = bob}}", "enable_original_recipient": wanted}).start()
        mta.send("alice@example.test", "first@example.test")
        assert re.findall(r"^X-Original-To: .*", mta.wait_mail("bob", "Subject: test"), re.M) == lines


def test_the_same_recipient_by_several_names(make_mta: Callable[..., Mta]) -> None:
    """One copy for each name, as X-Original-To shows it; without that one copy; and no difference is made by case."""
    for wanted, count in (("yes", 2), ("no", 1)):
        mta = make_mta({"virtual_alias_maps": "inline:{{first@example.test = bob}}", "enable_original_recipient": wanted}).start()
        mta.run("sendmail", "first", "FIRST", "bob", "Bob", input="Subject: x\n\nbody\n", check=True)
        mta.wait_log(r": removed$")
        assert mta.mailbox("bob").count("Subject: x") == count


def test_empty_recipient(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"empty_address_recipient": "bob"}).start()
    mta.run("sendmail", "-f", "alice@example.test", "<>", input="Subject: to nobody\n\nx\n", check=True)
    mta.wait_mail("bob", "Subject: to nobody")
    mta.send("@example.test", "@example.test", text="Subject: to a domain\n\nx\n")
    mta.wait_mail("bob", "Subject: to a domain")


def test_copies(make_mta: Callable[..., Mta]) -> None:
    """By sender, by recipient, and always; with extensions looked up as elsewhere."""
    mta = make_mta({"sender_bcc_maps": "inline:{{alice@example.test = bob+sender}}", "recipient_bcc_maps": "inline:{{bob = bob+recipient}}",
                    "always_bcc": "bob+always", "recipient_delimiter": "+"}).start()
    mta.send("alice+x@example.test", "bob+y@example.test", text="Subject: copied\n\nx\n")
    poll(lambda: mta.mailbox("bob").count("Subject: copied") == 4, what="four copies")
    assert {"sender", "recipient", "always", "y"} == set(re.findall(r"^Delivered-To: bob\+(\w+)@example\.test$", mta.mailbox("bob"), re.M))


@pytest.mark.parametrize("prefix, result, reply", [
    ("yes", "new@x.test", "5.1.6 <old@example.test>: Recipient address rejected: User has moved to new@x.test"),
    ("no", "5.7.1 gone for good", "5.7.1 <old@example.test>: Recipient address rejected: gone for good")])
def test_relocated(make_mta: Callable[..., Mta], prefix: str, result: str, reply: str) -> None:
    mta = make_mta({"relocated_maps": f"inline:{{{{old@example.test = {result}}}}}", "relocated_prefix_enable": prefix}).start()
    with mta.smtp() as session:
        session.ehlo("x")
        session.mail("a@example.test")
        assert session.rcpt("old@example.test") == (550, reply.encode())
