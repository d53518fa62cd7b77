"""postmulti: what becomes of the places of an instance that is made and destroyed; commands for all instances."""
import shutil
import subprocess
from typing import Callable

import pytest

from mta import PRIVILEGED, ROOT, Mta

pytestmark = pytest.mark.skipif(not PRIVILEGED, reason="only root makes instances")


def test_destroying_follows_no_links_LV21(make_mta: Callable[..., Mta]) -> None:
    """The mail user owns directories in the queue, and may put there what he wants."""
    mta = make_mta()
    mta.run("postmulti", "-e", "init", check=True)
    places = {name: mta.dir / f"other-{name}" for name in ("config", "queue", "data")}
    arguments = [f"{name}_directory={path}" for name, path in places.items()]
    mta.run("postmulti", "-I", "postfix-other", "-e", "create", *arguments, check=True)
    precious = mta.dir / "precious"
    (precious / "deferred").mkdir(parents=True)
    (precious / "deferred/file").write_text("precious")
    (precious / "empty").mkdir()
    places["queue"].mkdir(exist_ok=True)
    for name, target in (("active", precious), ("hold", precious / "empty"), ("maildrop", precious / "deferred/file")):
        (places["queue"] / name).symlink_to(target)
    (places["queue"] / "deferred").mkdir()
    (places["queue"] / "deferred/0").symlink_to(precious / "deferred")
    (places["data"]).symlink_to(precious)
    result = mta.run("postmulti", "-i", "postfix-other", "-e", "destroy")
    assert result.returncode == 0, result
    assert (precious / "deferred/file").read_text() == "precious" and (precious / "empty").is_dir()
    assert (places["queue"] / "deferred/0").is_symlink(), "nothing is removed below what create made"
    assert not places["config"].exists()
    assert str(places["config"]) not in (mta.config / "main.cf").read_text()


def test_a_single_instance_is_enabled(make_mta: Callable[..., Mta]) -> None:
    """Whatever the switch says, which is for one of several."""
    mta = make_mta()
    assert mta.run("postmulti", "-l").stdout.split() == ["-", "-", "y", str(mta.config)]
    assert '"enabled": "y"' in mta.run("postmulti", "-jl").stdout


def test_a_command_is_for_all_instances(make_mta: Callable[..., Mta]) -> None:
    """… unless it names one."""
    mta = make_mta()
    other = make_mta({"multi_instance_name": "postfix-b", "multi_instance_enable": "yes"})
    shutil.copytree(mta.config, "/etc/postfix", dirs_exist_ok=True)
    with open("/etc/postfix/main.cf", "a", encoding="utf-8") as main_cf:
        main_cf.write("multi_instance_enable = yes\nmulti_instance_wrapper = ${command_directory}/postmulti -p --\n"
                      f"multi_instance_directories = {other.config}\n")
    try:
        command = [str(ROOT / "usr/sbin/postfix")]
        alone = {"PATH": "/usr/bin:/bin"}
        assert subprocess.run([*command, "start"], env=alone, check=False).returncode == 0
        assert mta.running() and other.running()
        assert subprocess.run([*command, "-c", other.config, "stop"], env=alone, check=False).returncode == 0
        assert mta.running() and not other.running()
        subprocess.run([*command, "stop"], env=alone, check=False)
        assert not mta.running()
    finally:
        shutil.rmtree("/etc/postfix")
