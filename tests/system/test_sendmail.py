"""The sendmail command: each option, what it makes of addresses and text, and what it says when something is wrong."""
import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from mta import BASE, PRIVILEGED, Mta, poll, set_gid_commands
from submission import RECIPIENT, SENDER, message, record

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="needs users of its own")

COMMANDS = BASE / "sendmail-commands"
MESSAGE = "Subject: x\n\nbody\n"


@pytest.fixture(scope="module")
def mta() -> Iterator[Mta]:
    """An instance that is down: what is submitted stays in maildrop, for us to look at."""
    set_gid_commands(COMMANDS)
    with Mta(BASE / "sendmail", {"command_directory": str(COMMANDS), "message_size_limit": "100000"}) as each:
        allow(each)
        each.stop()
        yield each


def allow(mta: Mta) -> None:
    """Root says that users may name this configuration."""
    Path("/etc/postfix").mkdir(exist_ok=True)
    Path("/etc/postfix/main.cf").write_text(f"alternate_config_directories = {BASE}/sendmail/etc {mta.config}\n")


def sendmail(mta: Mta, *arguments: str, text: str | bytes = MESSAGE, name: str = "sendmail", user: str = "alice") -> tuple[int, str, str]:
    """Run it as a user: exit code, output, errors."""
    data = text.encode() if isinstance(text, str) else text
    result = subprocess.run([COMMANDS / name, *arguments], input=data, capture_output=True, timeout=30, user=user, group=user,
                            extra_groups=[], env={"PATH": "/usr/bin:/bin", "MAIL_CONFIG": str(mta.config)})
    return result.returncode, result.stdout.decode(), result.stderr.decode("utf-8", "replace")


def records(mta: Mta) -> list[tuple[str, bytes]]:
    """The records of the one file in maildrop, which is removed."""
    (path,) = (mta.queue / "maildrop").iterdir()
    data, found, at = path.read_bytes(), [], 0
    path.unlink()
    while at < len(data):
        kind, length, shift = chr(data[at]), 0, 0
        while True:
            at += 1
            length |= (data[at] & 127) << shift
            shift += 7
            if data[at] < 128:
                break
        found.append((kind, data[at + 1:at + 1 + length]))
        at += 1 + length
    return found


def submitted(mta: Mta, *arguments: str, text: str | bytes = MESSAGE) -> dict[str, list[bytes]]:
    """What a submission holds, by record type; it succeeded, and maildrop is empty again."""
    code, _, errors = sendmail(mta, *arguments, text=text)
    assert code == 0, errors
    found: dict[str, list[bytes]] = {}
    for kind, data in records(mta):
        found.setdefault(kind, []).append(data)
    return found


def attributes(found: dict[str, list[bytes]]) -> dict[str, str]:
    """Named attributes."""
    return dict(each.decode().split("=", 1) for each in found.get("A", []))


# -- options --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, expected", [
    (["-N", "success,delay"], {"notify_flags": "10"}), (["-N", "never"], {"notify_flags": "1"}), (["-N", "failure"], {"notify_flags": "4"}),
    (["-R", "hdrs"], {"ret_flags": "2"}), (["-R", "full"], {"ret_flags": "1"}), (["-V", "id+2B=1"], {"envelope_id": "id+2B=1"}),
    (["-B", "8BITMIME"], {"encoding": "8bit"}), (["-B", "7BIT"], {"encoding": "7bit"}), (["-G"], {"rewrite_context": "remote"}),
    (["-v"], {"trace_flags": "1024"}), (["-bv"], {"trace_flags": "512"}), (["-bm"], {})])
def test_option_becomes_an_attribute(mta: Mta, arguments: list[str], expected: dict[str, str]) -> None:
    assert attributes(submitted(mta, *arguments, "bob")) == {"rewrite_context": "local", **expected}


@pytest.mark.parametrize("option", ["-Am", "-Ac", "-h 5", "-L x", "-m", "-om", "-o7", "-o8", "-oQ/x", "-U", "-em", "-p x", "-x", "-O Foo=x", "-bm",
                                    "-o Q"])
def test_option_of_others_means_nothing(mta: Mta, option: str) -> None:
    found = submitted(mta, *option.split(), "bob")
    assert found["R"] == [b"bob"] and attributes(found) == {"rewrite_context": "local"} and found["N"][-1] == b"body"


@pytest.mark.parametrize("arguments, word", [
    ([], "Recipient addresses must be specified"), (["-bv"], "Recipient addresses must be specified"), (["-Z", "bob"], "usage"),
    (["-bz"], "unsupported: -bz"), (["-Xlog", "bob"], "unsupported"), (["-qSx"], "not implemented"), (["-B", "BINARY", "bob"], "8BITMIME or 7BIT"),
    (["-XV+", "bob"], "two characters"), (["-XV12", "bob"], "two characters"), (["-bv", "-t"], "cannot be used"), (["-bs", "-t"], "delivery mode"),
    (["-bd", "x"], "daemon mode requires no recipient"), (["-bl", "x"], "daemon mode requires no recipient"), (["-bp", "x"], "no recipient"),
    (["-bs", "x"], "stand-alone mode requires no recipient"), (["-q", "x"], "no recipient"), (["-I", "x"], "no recipient"),
    (["-qIABC", "x"], "no recipient"), (["-qRx.test", "x"], "no recipient"), (["-t"], "No recipient addresses found")])
def test_refused_command_line(mta: Mta, arguments: list[str], word: str) -> None:
    """One line on standard error, nothing behind, and a status that says: again."""
    code, _, errors = sendmail(mta, *arguments)
    assert code == os.EX_TEMPFAIL and word in errors and errors.count("\n") == 1, errors
    assert not list((mta.queue / "maildrop").iterdir())


@pytest.mark.parametrize("arguments", [["-N", "never,success"], ["-N", "often"], ["-R", "some"], ["-V", "x" * 101], ["-V", "a\tb"]])
def test_wishes_that_make_no_sense_are_left_out(mta: Mta, arguments: list[str]) -> None:
    code, _, errors = sendmail(mta, *arguments, "bob")
    assert code == 0 and "warning: bad" in errors
    assert {"notify_flags", "ret_flags", "envelope_id"}.isdisjoint(attributes({"A": [data for kind, data in records(mta) if kind == "A"]}))


@pytest.mark.parametrize("arguments", [["-q30m"], ["-q30m", "bob"], ["-bh"], ["-bH", "x"]])
def test_daemons_options_do_nothing(mta: Mta, arguments: list[str]) -> None:
    assert sendmail(mta, *arguments) == (0, "", "") and not list((mta.queue / "maildrop").iterdir())


def test_verp(mta: Mta) -> None:
    assert submitted(mta, "-XV", "bob")["V"] == [b"+="] and submitted(mta, "-XV-=", "bob")["V"] == [b"-="]


def test_required_features(mta: Mta) -> None:
    sizes = [submitted(mta, "-O", option, "bob").get("C", [b"0"])[0].split()[-1] for option in (
        "requiretls=yes", "smtputf8=yes", "requiretls=no", "other=yes")]
    assert sizes[0] != b"0" and sizes[1] != b"0" and sizes[0] != sizes[1] and sizes[2:] == [b"0", b"0"]


# -- addresses --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, sender", [
    ([], b"alice"), (["-f", "x@y"], b"x@y"), (["-r", "x@y"], b"x@y"), (["-f", "<x@y>"], b"x@y"), (["-f", "A B <x@y>"], b"x@y"), (["-f", ""], b""),
    (["-f", "<>"], b""), (["-fx@y"], b"x@y"), (["-f", '"a b"@y'], b"a b@y"), (["-f", ","], b""), (["-f", "g:;"], b""),
    (["-f", "Joe <>"], b"")])
def test_sender(mta: Mta, arguments: list[str], sender: bytes) -> None:
    assert submitted(mta, *arguments, "bob")["S"] == [sender]


def test_the_configuration_may_be_named_by_its_file(mta: Mta) -> None:
    assert submitted(mta, "-C", str(mta.config / "main.cf"), "bob")["R"] == [b"bob"]


@pytest.mark.parametrize("given, sender", [("a b c", b"a"), ("a,b", b"a"), ("x y@z", b"x")])
def test_sender_that_is_more_than_one_address(mta: Mta, given: str, sender: bytes) -> None:
    """Programs put all kinds of text there; their mail goes out, and failures to whom comes first, or to nobody."""
    code, _, errors = sendmail(mta, "-f", given, "bob")
    assert code == 0 and "malformed sender" in errors and ("S", sender) in records(mta)


@pytest.mark.parametrize("arguments, recipients", [
    (["a, b"], [b"a", b"b"]), (["a b"], [b"a", b"b"]), (["a @ b.c d"], [b"a@b.c", b"d"]), (["<a@b>", "c"], [b"a@b", b"c"]), (['"a b"@c'], [b"a b@c"]), ([""], [b""]), (["<>"], [b""]),
    (["--", "-f"], [b"-f"]), (["u@[127.0.0.1]"], [b"u@[127.0.0.1]"]), (["J\u00fcrgen@x"], ["J\u00fcrgen@x".encode()])])
def test_recipients_of_the_command_line(mta: Mta, arguments: list[str], recipients: list[bytes]) -> None:
    assert submitted(mta, *arguments)["R"] == recipients


@pytest.mark.parametrize("header, recipients", [
    ("To: a\nCc: b\nBcc: c", "a b c"), ("To: a,\n b (c, d),\n\te", "a b e"), ("to : a\nCC:b\nBCC:\tc", "a b c"), ("To: x y <a>, g: b, c;, ;", "a b c"),
    ("To: a b", "a b"), ("Resent-To: a\nResent-Cc: b\nResent-Bcc: c\nTo: d\nBcc: e", "a b c"), ("Resent-From: x\nTo: a", "a"),
    ("Apparently-To: x\nErrors-To: y\nReturn-Receipt-To: z\nReply-To: r\nTo: a", "a"), ("To: a\nSubject: b\n\nTo: c", "a"),
    ("To: undisclosed-recipients:;\nBcc: a", "a"), ("Resent-Bcc: a\nTo: b", "a"), ("From: x\nTo: a", "a")])
def test_recipients_of_the_header(mta: Mta, header: str, recipients: str) -> None:
    assert submitted(mta, "-t", text=f"{header}\n\nx\n")["R"] == [each.encode() for each in recipients.split()]


@pytest.mark.parametrize("text", ["Subject: x\n\nTo: a\n", "To:\nTo: ;\n\n", "Resent-To: \nTo: a\n\nx\n", "", "To: (a)\n\n"])
def test_header_that_names_nobody(mta: Mta, text: str) -> None:
    """An empty Resent-To counts: whoever sent the message first is not to get it again."""
    code, _, errors = sendmail(mta, "-t", text=text)
    assert code == os.EX_TEMPFAIL and "No recipient addresses found in message header" in errors
    assert not list((mta.queue / "maildrop").iterdir())


def test_recipients_of_both(mta: Mta) -> None:
    assert submitted(mta, "-t", "b", text="To: a\n\nx\n")["R"] == [b"b", b"a"]
    assert submitted(mta, "-t", "b", text="To: ;\n\nx\n")["R"] == [b"b"]


def test_bcc_is_left_out(mta: Mta) -> None:
    text = "Bcc: a\nTo: b\nbcc: c,\n d\nResent-Bcc: e\nSubject: x\n\nBcc: text\n"
    assert submitted(mta, "-t", text=text)["N"] == [b"To: b", b"Subject: x", b"", b"Bcc: text"]


def test_probe_has_a_text_of_ours(mta: Mta) -> None:
    """-bv reads nothing; and what stands in an argument begins no header."""
    found = submitted(mta, "-bv", "bob", "x\nEvil: y", text="Subject: secret\n\n")
    assert found["N"] == [b"From: alice", b"Subject: probe", b"To:", b"\tbob,", b"\tx Evil: y"]


# -- text -------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text, lines", [
    ("a\n.\nb\n", ["a"]), ("a\n..\n.b\n", ["a", "..", ".b"]), ("a", ["a"]), ("From x\n>From y\na\nFrom z\n", ["a", "From z"]), ("", []), ("\n\n", ["", ""]),
    ("a\r\nb\r\n", ["a", "b"]), ("a\nb\r\n", ["a", "b"]), ("a\r\n.\r\nb\r\n", ["a"]), ("a\rb\n", ["a\rb"])])
def test_lines(mta: Mta, text: str, lines: list[str]) -> None:
    assert submitted(mta, "bob", text=text).get("N", []) == [each.encode() for each in lines]


@pytest.mark.parametrize("option", ["-i", "-oi"])
def test_lone_dot_is_text(mta: Mta, option: str) -> None:
    assert submitted(mta, option, "bob", text="a\n.\nb\n")["N"] == [b"a", b".", b"b"]


def test_bytes_stay_as_they_are(mta: Mta) -> None:
    """NUL, 8 bits, all of them but line ends."""
    every = bytes(each for each in range(256) if each not in b"\r\n")
    assert submitted(mta, "bob", text=b"X: \0y\n\n" + every + b"\n")["N"] == [b"X: \0y", b"", every]


@pytest.mark.parametrize("length", [2047, 2048, 2049, 100 * 2048 // 4])
def test_long_lines_are_one_line(mta: Mta, length: int) -> None:
    found = submitted(mta, "bob", text=b"y" * length + b"\nend\n")
    assert b"".join(found.get("L", []) + found["N"][:1]) == b"y" * length and found["N"][-1] == b"end"


@pytest.mark.parametrize("text", [b"To: a\0b@x\n\nx\n", b"Resent-To: a\n \0\n\nx\n"])
def test_nul_in_an_address_is_refused(mta: Mta, text: bytes) -> None:
    code, _, errors = sendmail(mta, "-t", text=text)
    assert code == os.EX_DATAERR and "null" in errors and not list((mta.queue / "maildrop").iterdir())


@pytest.mark.parametrize("arguments", [["bob"], ["-t"]])
@pytest.mark.parametrize("text", ids=["two lines", "lines", "headers"], argvalues=["To: bob\n\n" + "x" * 70000 + "\n" + "y" * 70000, "To: bob\n\n" + "x\n" * 60000, "To: bob\n" + "X: y\n" * 30000 + "\n"])
def test_too_large(mta: Mta, arguments: list[str], text: str) -> None:
    code, _, errors = sendmail(mta, *arguments, text=text)
    assert code == os.EX_DATAERR and "message file too big" in errors and not list((mta.queue / "maildrop").iterdir())


@pytest.mark.parametrize("setting, lines", [("always", ["a", "b", "c"]), ("strict", ["a\r", "b", "c\r"]), ("never", ["a\r", "b", "c\r"])])
def test_line_ends_as_configured(mta: Mta, setting: str, lines: list[str]) -> None:
    mta.configure(sendmail_fix_line_endings=setting)
    try:
        first = "a\n" if setting == "strict" else "a\r\n"
        expected = ["a", *lines[1:]] if setting == "strict" else lines
        assert submitted(mta, "bob", text=f"{first}b\nc\r\n")["N"] == [each.encode() for each in expected]
    finally:
        mta.configure(sendmail_fix_line_endings="always")


# -- who may ------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("parameter, command", [
    ("authorized_submit_users", ["bob"]), ("authorized_mailq_users", ["-bp"]), ("authorized_flush_users", ["-q"]),
    ("authorized_flush_users", ["-qRx.test"]), ("authorized_flush_users", ["-qI3C0FFEE"])])
def test_authorized_users(mta: Mta, make_mta: Callable[..., Mta], parameter: str, command: list[str]) -> None:
    """alice may not, bob may; so may root, who needs to be listed for submissions only."""
    mta = make_mta({"command_directory": str(COMMANDS), parameter: "!alice, static:all", "fast_flush_domains": "x.test"})
    mta.start()
    allow(mta)
    code, _, errors = sendmail(mta, *command)
    assert code in (os.EX_NOPERM, os.EX_UNAVAILABLE) and "alice" in errors and "not allowed" in errors
    for user in ("bob", "root"):
        assert sendmail(mta, *command, user=user)[0] == 0
    poll(lambda: not list((mta.queue / "maildrop").iterdir()), what="empty maildrop")


def test_an_empty_list_of_submitters_is_nobody(mta: Mta, make_mta: Callable[..., Mta]) -> None:
    mta = make_mta({"command_directory": str(COMMANDS), "authorized_submit_users": ""}).start()
    allow(mta)
    assert sendmail(mta, "bob", user="root")[0] != 0 and not list((mta.queue / "maildrop").iterdir())


@pytest.mark.parametrize("name, arguments", [("mailq", []), ("sendmail", ["-bp"])])
def test_listing(mta: Mta, make_mta: Callable[..., Mta], name: str, arguments: list[str]) -> None:
    mta = make_mta({"command_directory": str(COMMANDS)}).start()
    allow(mta)
    if not (COMMANDS / name).exists():
        (COMMANDS / name).symlink_to("sendmail")
    assert sendmail(mta, *arguments, name=name)[:2] == (0, "Mail queue is empty\n")


def test_new_aliases(mta: Mta) -> None:
    """By both names, for the configured tables or a given one."""
    source = mta.config / "aliases"
    source.write_text("x: y\n")
    mta.configure(alias_database=f"hash:{source}")
    for command in (["newaliases"], ["sendmail", "-bi"], ["sendmail", "-I"], ["sendmail", f"-oAhash:{source}", "-bi"]):
        if not (COMMANDS / command[0]).exists():
            (COMMANDS / command[0]).symlink_to("sendmail")
        (mta.config / "aliases.db").unlink(missing_ok=True)
        assert sendmail(mta, *command[1:], name=command[0], user="root")[0] == 0 and (mta.config / "aliases.db").exists()
    mta.configure(alias_database="")


@pytest.mark.parametrize("option", ["-bd", "-bl"])
def test_daemon_mode_starts_the_system(mta: Mta, make_mta: Callable[..., Mta], option: str) -> None:
    mta = make_mta({"command_directory": str(COMMANDS)})
    assert sendmail(mta, option, user="root")[0] == 0
    poll(mta.running, what="master")


def test_session_as_a_user_goes_by_maildrop(mta: Mta) -> None:
    """Even while the system is down; and without the rights of anybody else."""
    code, output, _ = sendmail(mta, "-bs", text="EHLO x\r\nMAIL FROM:<> BODY=8BITMIME\r\nRCPT TO:<bob@elsewhere.test>\r\nDATA\r\n..\r\n.\r\n"
                               "MAIL FROM:<a@b>\r\nRSET\r\nQUIT\r\n")
    assert code == 0 and output.count("\r\n354 ") == 1 and "queued as" in output and "\r\n221 " in output, output
    found = records(mta)
    assert ("S", b"") in found and ("R", b"bob@elsewhere.test") in found and ("N", b".") in found


def test_programs_missing(mta: Mta) -> None:
    """postdrop is not where it should be."""
    shutil.move(COMMANDS / "postdrop", COMMANDS / "away")
    try:
        code, _, errors = sendmail(mta, "bob")
    finally:
        shutil.move(COMMANDS / "away", COMMANDS / "postdrop")
    assert code == os.EX_TEMPFAIL and "postdrop" in errors


# -- limits ---------------------------------------------------------------------------------------------------------------


def test_a_header_that_is_too_long_to_look_for_recipients(mta: Mta) -> None:
    """header_size_limit: it is refused as a whole, for nobody is to be left out."""
    code, _, errors = sendmail(mta, "-t", text="To: bob,\n" + 2000 * f"\t{'x' * 50}@example.test,\n" + "\talice\n\nbody\n")
    assert (code, "message header is longer than 102400 bytes" in errors) == (65, True)
    assert not list((mta.queue / "maildrop").iterdir())


def test_a_full_name_is_no_longer_than_a_name(mta: Mta) -> None:
    assert submitted(mta, "-F", 300 * "x", "bob")["F"] == [200 * b"x"]


@pytest.mark.parametrize("length, code", [(2048, 0), (2049, 65)])
def test_postdrop_takes_no_longer_pieces_of_lines(mta: Mta, length: int, code: int) -> None:
    """line_length_limit, whoever says what."""
    text = message(SENDER, RECIPIENT, content=record("N", length * "x"))
    assert sendmail(mta, "-r", text=text, name="postdrop")[0] == code
    assert code or (b"N", length * b"x") in [(kind.encode(), data) for kind, data in records(mta)]


def test_options_that_are_not_a_users(mta: Mta) -> None:
    """PD2: he may ask for SMTPUTF8 and REQUIRETLS; what follows from addresses and headers he cannot say."""
    size = record("C", "".join(f"{number:15d} " for number in (-1, -1, -1, -1, -1)) + f"{2 ** 40 + 255:15d}")
    assert sendmail(mta, "-r", text=message(size, SENDER, RECIPIENT), name="postdrop")[0] == 0
    assert [int(data.split()[5]) for kind, data in records(mta) if kind == "C"] == [1 + 32]
