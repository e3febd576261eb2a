"""A plugin of pytest that runs chosen tests in a chosen order, within bounds that no mutant gets past."""

import os
from operator import itemgetter
from pathlib import Path

import pytest

CHOSEN = "MUTANTS_CHOSEN"  # whatever begins with MAILER_ is taken for a setting
MOST_MEMORY = 4 << 30


def pytest_configure() -> None:
    """Let a mutant that fills the memory fail before the machine does."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that a file lists, by their ids or by whole test files, one in a line, in its order."""
    names = Path(os.environ[CHOSEN]).read_text("utf-8").splitlines()
    order = {name: number for number, name in enumerate(names)}
    places = [(order.get(each.nodeid, order.get(each.nodeid.partition("::")[0])), each) for each in items]
    items[:] = [
        each for _, each in sorted(((place, each) for place, each in places if place is not None), key=itemgetter(0))
    ]
