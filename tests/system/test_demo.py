"""dev/demo: what a newcomer sees first."""
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from mta import BASE, PRIVILEGED, ROOT, poll

DEMO = Path(__file__).resolve().parents[2] / "dev/demo.py"
UNPRIVILEGED = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]


def demo(name: str, *command: object) -> tuple[Path, subprocess.Popen]:
    """Start the demo on the installation that all tests use."""
    folder = BASE / name
    folder.mkdir()
    shutil.copytree(ROOT, folder / "root", symlinks=True)
    environment = {**os.environ, "DEMO": str(folder)}
    return folder, subprocess.Popen([*map(str, command)], env=environment, text=True, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("prefix", [[], UNPRIVILEGED], ids=["as we are", "without namespaces"])
def test_once(prefix: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    if prefix and not PRIVILEGED:
        pytest.skip("we are an ordinary user already")
    folder, process = demo(f"once{len(prefix)}", *prefix, "/usr/bin/python3", "-B", DEMO, "--once")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    for text in ("Subject: by SMTP", "Subject: by sendmail", "Subject: relayed", "Connection refused", "status=deferred"):
        assert text in output
    assert not re.search("(warning|error|fatal|panic): ", output), output
    owner = (folder / "queue").stat().st_uid
    assert (owner == 0) == (PRIVILEGED and not prefix)


def test_interrupt() -> None:
    folder, process = demo("interrupt", "/usr/bin/python3", "-B", DEMO)
    poll((folder / "run").exists, 20, "the start")
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    status = subprocess.run([folder / "run", "postfix", "status"], check=False, capture_output=True, text=True)
    assert status.returncode == 0 and "is running" in status.stderr, status
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0 and "stopped" in output, output
