"""Fixtures of the system tests; start them with tests/system/run."""
import itertools
import subprocess
from typing import Callable, Iterator

import pytest

from mta import BASE, ROOT, UNPACKED, Mta

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Outside of the runner there is nothing to test."""
    if not BASE.is_dir():
        raise pytest.UsageError("start the system tests with tests/system/run")


def new_mta(*args: object, **kwargs: object) -> Mta:
    """An instance in a directory of its own, not started."""
    return Mta(BASE / f"mta{next(_numbers)}", *args, **kwargs)


@pytest.fixture
def make_mta() -> Iterator[Callable[..., Mta]]:
    """A factory of instances that end with the test; start them yourself."""
    made: list[Mta] = []

    def make(*args: object, **kwargs: object) -> Mta:
        made.append(new_mta(*args, **kwargs))
        return made[-1]
    yield make
    for each in made:
        each.__exit__()


@pytest.fixture(scope="module")
def mta() -> Iterator[Mta]:
    """The default instance, running, shared by the tests of a file."""
    with new_mta() as each:
        yield each


@pytest.fixture(scope="module")
def our_sendmail() -> Iterator[None]:
    """/usr/sbin/sendmail is ours, and /usr has the unpacked programs."""
    layer, more = BASE / "layer", f"{UNPACKED}/usr:" if (UNPACKED / "usr").is_dir() else ""
    layer.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(layer)], check=True)
    for name in ("upper/sbin", "work"):
        (layer / name).mkdir(parents=True)
        (layer / name).parent.chmod(0o755)
    (layer / "upper/sbin/sendmail").symlink_to(ROOT / "usr/sbin/sendmail")
    subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir={more}/usr,upperdir={layer}/upper,workdir={layer}/work", "overlay",
                    "/usr"], check=True)
    yield
    subprocess.run(["umount", "-l", "/usr"], check=True)
    subprocess.run(["umount", "-l", str(layer)], check=True)
    layer.rmdir()
