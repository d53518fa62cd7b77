"""compatibility_level: where a default of an older release decides about mail, the log says so; and only there."""
import re
import smtplib
from typing import Callable

import pytest
from mta import Mta, poll

MakeMta = Callable[..., Mta]
SAYS = "using backwards-compatible default setting "
OLD = {"compatibility_level": "0",
       "smtpd_recipient_restrictions": "check_recipient_access inline:{no@other.test=REJECT, yes@other.test=OK}, reject_unauth_destination",
       "mynetworks": "192.0.2.0/24", "default_transport": "smtp"}


def old(make_mta: MakeMta, **settings: str) -> Mta:
    """An instance with nothing set that has an old default."""
    return make_mta({**OLD, **settings})


def said(mta: Mta) -> list[str]:
    """What was said to have an old default."""
    return [text for text in re.findall(SAYS + "(.*)", mta.log()) if not text.startswith("chroot=")]


def dialogue(mta: Mta, *commands: str) -> list[int]:
    """The codes of the replies."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.command_encoding = "utf-8"
        return [session.docmd(each)[0] for each in commands]


def test_relay_rules(make_mta: MakeMta) -> None:
    with old(make_mta) as mta:
        assert dialogue(mta, "MAIL FROM:<a@sub.test>", "RCPT TO:<no@other.test>", "RCPT TO:<yes@other.test>",
                        "RCPT TO:<x@sub.example.test>") == [250, 554, 250, 250]
        client = 'from client "localhost[127.0.0.1]"'
        poll(lambda: len(said(mta)) >= 5, what="all that is to be said")
        assert said(mta) == [
            f'smtpd_relay_before_recipient_restrictions=no to reject recipient "no@other.test" {client}',
            '"smtpd_relay_restrictions = (empty)" to avoid "Relay access denied" error for recipient "yes@other.test" ' + client,
            'relay_domains=$mydestination to accept mail for domain "sub.example.test"',
            'relay_domains=$mydestination to accept mail for domain "sub.example.test"',
            'relay_domains=$mydestination to accept mail for address "x@sub.example.test"']


def test_nothing_is_said_of_what_is_set(make_mta: MakeMta) -> None:
    explicit = {"relay_domains": "$mydestination", "append_dot_mydomain": "yes", "smtputf8_enable": "no",
                "smtpd_relay_restrictions": "", "smtpd_relay_before_recipient_restrictions": "no"}
    with old(make_mta, **explicit) as mta:
        assert dialogue(mta, "MAIL FROM:<ä@sub>", "RCPT TO:<no@other.test>", "RCPT TO:<yes@other.test>",
                        "RCPT TO:<x@sub.example.test>") == [250, 554, 250, 250]
        assert said(mta) == []


def test_addresses(make_mta: MakeMta) -> None:
    with old(make_mta, mydestination="$myhostname, $mydomain") as mta:
        assert dialogue(mta, "MAIL FROM:<ä@elsewhere.test>", "RCPT TO:<alice@example.test>", "RCPT TO:<ä@example.test>") == [250, 250, 550]
        mta.run("sendmail", "-f", "bob@short", "alice@localhost", input="Subject: x\n\ny\n", check=True)
        mta.wait_log('rewrite "localhost" to "localhost.example.test"; please add "localhost" to mydestination')
        mta.wait_log('append_dot_mydomain=yes to rewrite "short" to "short.example.test"$')
        who = r"from localhost\[127.0.0.1\]"
        mta.wait_log(rf'smtputf8_enable=no to accept non-ASCII sender address "ä@elsewhere.test" {who}')
        mta.wait_log(rf'smtputf8_enable=no to accept non-ASCII recipient address "ä@example.test" {who}')


@pytest.mark.parametrize("settings, says", [({"compatibility_level": "3.10"}, True), ({"compatibility_level": "3.11"}, False),
                                            ({"smtp_tls_security_level": ""}, False)])
def test_delivery_without_tls(make_mta: MakeMta, settings: dict[str, str], says: bool) -> None:
    """Without a default of old there would be TLS."""
    with old(make_mta, mynetworks="127.0.0.0/8", **settings) as mta:
        mta.send("bob@other.test", "yes@other.test")
        mta.wait_log("to=<yes@other.test>.* status=deferred")
        assert ("smtp_tls_security_level=(empty)" in said(mta)) is says


def test_fast_flush(make_mta: MakeMta) -> None:
    with old(make_mta, mynetworks="127.0.0.0/8") as mta:
        mta.send("bob@other.test", "x@sub.example.test")
        mta.wait_log('relay_domains=.mydestination to update fast-flush logfile for domain "sub.example.test"')
        assert dialogue(mta, "ETRN sub.example.test") == [250]
        mta.wait_log('relay_domains=.mydestination to flush mail for domain "sub.example.test"')


@pytest.mark.parametrize("level, old_ones", [("0", True), ("2", True), ("3.6", True), ("3.11", False), ("3.12", False)])
def test_each_command_of_postfix_says_it(make_mta: MakeMta, level: str, old_ones: bool) -> None:
    with old(make_mta, compatibility_level=level) as mta:
        mta.postfix("reload")
        expected = ["Postfix is using backwards-compatible default settings", "See compatibility_level in postconf(5) for details",
                    'To disable backwards compatibility use "postconf compatibility_level=3.11" and "postfix reload"']
        mta.wait_log(r"postfix-script\[\d+\]: refreshing the Postfix mail system")
        lines = re.findall(r"postfix-script\[\d+\]: (Postfix is using.*|See comp.*|To disable.*)", mta.log())
        assert lines == (2 * expected if old_ones else [])
        assert ("backwards-compatible" in mta.postfix("status").stderr) is old_ones


def test_networks(make_mta: MakeMta) -> None:
    mta = old(make_mta)
    del mta.main["mynetworks"]
    mta.configure()
    with mta:
        for source, expected in (("127.0.0.1", 0), ("127.0.0.5", 1)):
            with smtplib.SMTP("127.0.0.1", mta.port, source_address=(source, 0), timeout=10) as session:
                session.ehlo("client.example.test")
                assert [session.mail("a@sub.test")[0], session.rcpt("yes@other.test")[0]] == [250, 250]
            mta.wait_log(r"disconnect from \S+" + re.escape(f"[{source}]"))
            lines = [text for text in said(mta) if text.startswith("mynetworks_style=subnet to permit request from client \"")]
            assert len(lines) == expected, mta.log()
