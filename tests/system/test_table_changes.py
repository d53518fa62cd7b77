"""Tables that change under daemons that have them open: what they say next is what is in the file."""
import os
import time
from typing import Callable

import pytest

from mta import Mta, poll

MakeMta = Callable[..., Mta]
BUILT = {"hash", "btree", "lmdb", "cdb"}


def write(mta: Mta, kind: str, text: str) -> None:
    """The table, built anew where it is built."""
    (mta.config / "table").write_text(text)
    settled = time.time() - 30 - len(text)  # what is still being written is not read at once
    os.utime(mta.config / "table", (settled, settled))
    if kind in BUILT:
        mta.run("postmap", f"{kind}:{mta.config}/table", check=True)


def answer(mta: Mta) -> bytes:
    """What the server says about a recipient."""
    with mta.smtp() as session:
        session.ehlo("client.example.test")
        session.mail("sender@example.org")
        return session.rcpt("u@moved.test")[1]


LINES = {"cidr": "127.0.0.0/8 REJECT {0}\n", "regexp": "/^127/ REJECT {0}\n", "pcre": "/^127/ REJECT {0}\n"}


@pytest.mark.parametrize("kind", ["hash", "btree", "lmdb", "cdb", "texthash", "cidr", "regexp", "pcre"])
def test_the_smtp_server_notices(make_mta: MakeMta, kind: str) -> None:
    mta = make_mta({"smtpd_client_restrictions": f"check_client_access {kind}:$config_directory/table"},
                   {"smtp/inet": "n - n - 1 smtpd"})
    line = LINES.get(kind, "127.0.0.1 REJECT {0}\n")
    write(mta, kind, line.format("first"))
    mta.start()
    assert b"first" in answer(mta)
    write(mta, kind, line.format("second one"))
    assert poll(lambda: b"second one" in answer(mta))


@pytest.mark.parametrize("kind", ["hash", "lmdb"])
def test_the_resolver_notices(make_mta: MakeMta, kind: str) -> None:
    """It is asked by others, who remember what it said for a while."""
    mta = make_mta({"transport_maps": f"{kind}:$config_directory/table", "relay_domains": "moved.test"})
    write(mta, kind, "moved.test error:first\n")
    mta.start()
    assert b"first" in answer(mta)
    write(mta, kind, "moved.test error:second one\n")
    assert poll(lambda: b"second one" in answer(mta))


@pytest.mark.parametrize("kind", ["hash", "lmdb"])
def test_a_table_that_goes_or_breaks_is_no_empty_one(make_mta: MakeMta, kind: str) -> None:
    """TB1: new processes that cannot read it refuse for now."""
    mta = make_mta({"local_recipient_maps": f"{kind}:$config_directory/table", "max_use": "1"})
    write(mta, kind, "known x\n")
    mta.start()

    def codes() -> list[int]:
        with mta.smtp() as session:
            session.ehlo("client.example.test")
            session.mail("sender@example.org")
            return [session.rcpt(f"{user}@example.test")[0] for user in ("known", "unknown")]
    assert codes() == [250, 550]
    built = next(mta.config.glob("table.*"))
    content = built.read_bytes()
    built.rename(mta.config / "away")
    mta.reload()
    assert poll(lambda: codes() == [451, 451])
    built.write_bytes(b"this is no database" * 1000)
    mta.reload()
    assert poll(lambda: codes() == [451, 451])
    built.write_bytes(content)
    mta.reload()
    assert poll(lambda: codes() == [250, 550])
