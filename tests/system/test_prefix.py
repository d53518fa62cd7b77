"""POSTHASTE_PREFIX: our programs run on the configuration of another mail system, which is not touched."""
import shutil
from typing import Callable

from mta import ROOT, Mta, poll


def test_beside_another_mail_system(make_mta: Callable[..., Mta]) -> None:
    mta = make_mta()
    foreign = mta.dir / "foreign"
    foreign.mkdir()
    for name in ("master", "smtpd", "postqueue", "postsuper"):
        shutil.copy("/bin/false", foreign / name)
    mta.configure(daemon_directory=str(foreign), command_directory=str(foreign))
    assert "holds programs of another mail system" in mta.postfix("start").stderr
    prefix = {"POSTHASTE_PREFIX": str(ROOT)}
    for command in ("start", "reload", "flush", "status"):
        result = mta.run("postfix", "-c", mta.config, command, env=prefix)
        assert result.returncode == 0, (command, result, mta.log())
    poll(lambda: mta.log().count("daemon started") + mta.log().count(": reload ") == 2, 10, "the reload")
    mta.send("sender@example.test", "alice@example.test")
    assert mta.run("postconf", "-h", "sendmail_path", env=prefix).stdout.strip() == f"{ROOT}/usr/sbin/sendmail"
    assert mta.run("postconf", "-h", "daemon_directory").stdout.strip() == str(foreign)
    assert mta.run("postfix", "-c", mta.config, "stop", env=prefix).returncode == 0
