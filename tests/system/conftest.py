"""Fixtures of the system tests; start them with tests/system/run."""
import itertools
import subprocess
from typing import Callable, Iterator

import pytest

from mta import BASE, ROOT, Mta

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
    """/usr/sbin/sendmail is ours, and takes configurations of tests."""
    layer = BASE / "layer"
    layer.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(layer)], check=True)
    for name in ("upper", "work"):
        (layer / name).mkdir()
    (layer / "upper/sendmail").symlink_to(ROOT / "usr/sbin/sendmail")
    subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir=/usr/sbin,upperdir={layer}/upper,workdir={layer}/work", "overlay",
                    "/usr/sbin"], check=True)
    yield
    subprocess.run(["umount", "/usr/sbin"], check=True)
    subprocess.run(["umount", str(layer)], check=True)
    layer.rmdir()
