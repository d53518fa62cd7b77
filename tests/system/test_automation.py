"""What scripts cut out of our commands' output: columns, names, exit codes."""
import re
from typing import Callable

import pytest
from mta import Mta, free_port

MakeMta = Callable[..., Mta]


@pytest.mark.parametrize("long_ids, heading, width, gap, indent", [
    ("no", "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------", 11, "  ", 41),
    ("yes", "----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------", 18, " ", 47)])
def test_columns_of_mailq(make_mta: MakeMta, long_ids: str, heading: str, width: int, gap: str, indent: int) -> None:
    with make_mta({"enable_long_queue_ids": long_ids}) as mta:
        mta.stop()
        mta.run("sendmail", "-f", "a@example.test", "b@example.test", input="Subject: x\n\nbody\n", check=True)
        lines = mta.run("postqueue", "-p").stdout.splitlines()
        row = re.fullmatch(rf"((\w+) +20) \w{{3}} \w{{3}} [ \d]\d [\d:]{{8}}{gap}a@example\.test", lines[1])
        assert row and len(row[1]) == max(width, len(row[2])) + 8, lines
        assert lines[0] == heading and lines[2] == " " * indent + "b@example.test"


@pytest.mark.parametrize("shown", ["yes", "no"])
def test_summaries_of_the_log_can_do_without_tls(make_mta: MakeMta, shown: str) -> None:
    """pflogsumm 1.1.5 counts no delivery that shows it."""
    with make_mta({"default_transport": f"smtp:[127.0.0.1]:{free_port()}", "smtp_log_tls_feature_status": shown}) as mta:
        mta.send("a@example.test", "b@elsewhere.test")
        field = ", tls=none" if shown == "yes" else ""
        mta.wait_log(rf"to=<b@elsewhere.test>.*, delays=[\d./]+{field}, dsn=4.4.1, status=deferred")


def test_config_directory_is_shown_when_it_was_named(make_mta: MakeMta) -> None:
    mta = make_mta()
    line = f"config_directory = {mta.config}\n"
    assert line in mta.run("postconf", "-n").stdout
    assert line in mta.run("postconf", "-n", "-c", mta.config, env={"MAIL_CONFIG": ""}).stdout
