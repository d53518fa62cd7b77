"""postmulti: what becomes of the places of an instance that is made and destroyed."""
from typing import Callable

import pytest

from mta import PRIVILEGED, Mta

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
