"""Fixtures of the system tests; start them with tests/system/run."""
import itertools
from typing import Callable, Iterator

import pytest

from mta import BASE, Mta

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
