"""Submissions that no program of ours would make, whoever got them into maildrop (PD1, PD2)."""
import os
import random
import re
import shutil
from typing import Callable

import pytest

from mta import PRIVILEGED, Mta, poll
from submission import RECIPIENT, SENDER, message, record

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

COUNT = 120
TYPES = "".join(chr(each) for each in range(256))
KNOWN = "CTSRMNLXEAFVpDOKWr>i<oncPLwQqmde/It"
NAMES = ["encoding", "rewrite_context", "trace_flags", "create_time", "envelope_id", "ret_flags", "notify_flags", "dsn_orig_rcpt", "sasl_method",
         "sasl_username", "sasl_sender", "log_client_name", "log_client_address", "client_name", "log_message_origin", "log_ident",
         "log_rewrite_context", "", "message_id", "queue_id", "size", "sender", "helo_name"]
NUMBERS = ["0", "1", "2", "3", "4", "8", "15", "16", "99", "-1", "256", "512", "1024", "4294967295", "4294967296", "9223372036854775807",
           "9223372036854775808", "99999999999999999999999", "0x10", "1e9", " 7", "7 ", "+7", "1 1", "1 99999999", "x", ""]
ADDRESSES = ["bob@example.test", "alice@example.test", "", "bob", "@", "bob@", "@example.test", "\"a b\"@example.test", "a b@example.test", "<bob@example.test>",
             "|/bin/sh -c id", "/etc/passwd", ":include:/etc/passwd", "\\bob", "bob@example.test,alice@example.test", "x" * 3000 + "@example.test",
             "bob@" + "a." * 500 + "test", "bob@[127.0.0.1]", "bob@[", "!bob", "a%b@example.test", "a!b!bob", "@a,@b:bob@example.test", "b\u00f6b@example.test",
             "bob@b\u00fccher.test", "bob+ext@example.test", "-f@example.test", "bob@example.test\n", "b\0ob", "\r\nRCPT TO:<x>", "(c)bob", "bob@example..test"]


def junk(dice: random.Random) -> bytes:
    """Anything."""
    return dice.choice([b"", b"\0", b"\xff" * 9, b"\r\n", b"a\nb: c", bytes(dice.randrange(256) for _ in range(dice.randrange(40))), b"x" * 70000])


def some_data(dice: random.Random, kind: str) -> bytes:
    """What might be in such a record."""
    text = {
        "S": lambda: dice.choice(ADDRESSES), "R": lambda: dice.choice(ADDRESSES), "O": lambda: dice.choice(ADDRESSES), ">": lambda: dice.choice(ADDRESSES),
        "A": lambda: dice.choice(NAMES) + dice.choice(["=", "", "= ", "=="]) + dice.choice(
            NUMBERS + ADDRESSES + ["remote", "local", "7bit", "rfc822;x", "utf-8;\\x{}"]),
        "T": lambda: dice.choice(NUMBERS) + " " + dice.choice(NUMBERS), "c": lambda: dice.choice(NUMBERS), "W": lambda: dice.choice(NUMBERS),
        "C": lambda: " ".join(dice.choice(NUMBERS) for _ in range(dice.choice([1, 5, 6, 7]))), "p": lambda: f"{dice.choice(NUMBERS):>15}",
        "V": lambda: dice.choice(["", "+", "+=", "+=x", "a=", "\n\n", "==", "\0\0"]), "L": lambda: dice.choice(["smtp:[127.0.0.1]:1", "x" * 2000]),
        "N": lambda: dice.choice(["Subject: x", "", " folded", "To: " + "a@b, " * 300, ":", "x" * 990, "From x", ".", "Resent-From: x",
                                  "Content-Type: multipart/mixed; boundary=\"", "--", "Received: x"]),
    }.get(kind)
    return text().encode() if text and dice.random() < 0.9 else junk(dice)


def some_record(dice: random.Random) -> bytes:
    """One of a type that is known or not, with a length that is right or not."""
    kind = dice.choice(KNOWN) if dice.random() < 0.95 else dice.choice(TYPES)
    whole = record("x", some_data(dice, kind))
    whole = kind.encode("latin1") + whole[1:]
    if dice.random() < 0.02:
        whole = whole[:1] + bytes([dice.randrange(256)]) * dice.randrange(1, 12) + whole[2:]
    return whole


def of_types(dice: random.Random, kinds: str, most: int) -> list[bytes]:
    """Records that are allowed where they are."""
    return [record(kind, some_data(dice, kind)) for kind in dice.choices(kinds, k=dice.randrange(most))]


def orderly(dice: random.Random) -> bytes:
    """Of records that are allowed, each in its place; what is in them, nobody looked at."""
    time = some_data(dice, "T") if dice.random() < 0.3 else b"1 1"
    sender = some_data(dice, "S") if dice.random() < 0.3 else b"alice@example.test"
    return b"".join([record("T", time), record("S", sender), *of_types(dice, "CTFRVAAAR", 6), RECIPIENT, record("M", ""),
                     *of_types(dice, "LNNNN", 8), record("X", ""), *of_types(dice, "ARAR", 5), record("E", "")])


MOST = 2000       # times a record


def crafted(dice: random.Random) -> bytes:
    """A good submission in which things were put in, doubled, left out, moved, or cut."""
    parts = [record("T", "1 1"), SENDER, RECIPIENT, record("M", ""), record("N", "Subject: crafted"), record("N", ""), record("X", ""), record("E", "")]
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8, 30])):
        at, other = dice.randrange(len(parts)), dice.randrange(len(parts))
        how = dice.choice(["insert", "insert", "insert", "repeat", "remove", "replace", "swap"])
        if how == "insert":
            parts.insert(at, some_record(dice))
        elif how == "repeat":
            parts.insert(at, parts[at] * dice.choice([1, 2, MOST]))
        elif how == "remove" and len(parts) > 1:
            parts.pop(at)
        elif how == "replace":
            parts[at] = some_record(dice)
        else:
            parts[at], parts[other] = parts[other], parts[at]
    data = b"".join(parts)
    return data[:dice.randrange(len(data) + 1)] if dice.random() < 0.05 else data


BAD = re.compile(r"panic|fatal|killed|exit status|throttling|watchdog|internal protocol error|to queue \"corrupt\"|transport failure")


@pytest.mark.parametrize("seed", [1, 2])
def test_crafted_submissions_PD2(make_mta: Callable[..., Mta], seed: int) -> None:
    """Each is delivered, returned, or put aside by pickup, who says why; nobody dies, nothing stays, and the good one behind arrives."""
    dice = random.Random(seed)
    mta = make_mta().start()
    mta.stop()
    for number in range(COUNT):
        path = mta.queue / f"maildrop/{0xA0000000 + number:X}"
        path.write_bytes(orderly(dice) if dice.random() < 0.8 else crafted(dice))
        shutil.chown(path, "alice", "postdrop")
        path.chmod(0o744)
    mta.start()
    mta.run("sendmail", "-f", "alice@example.test", "bob@example.test", input="Subject: good\n\nx\n", check=True)
    mta.wait_mail("bob", "Subject: good", 60)
    poll(lambda: not [each for name in ("maildrop", "incoming", "active") for each in (mta.queue / name).iterdir()], 60, what="an idle queue")
    assert [line for line in mta.log().splitlines() if BAD.search(line)] == []
    assert mta.log().count("; saving the file to queue corrupt") == len(os.listdir(mta.queue / "corrupt")) < COUNT
    assert {path.name for path in mta.mail.iterdir()} <= {"alice", "bob"}
