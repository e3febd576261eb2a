"""A plugin of pytest that runs chosen tests in a chosen order, within bounds that no mutant gets past."""

import os
from operator import itemgetter
from pathlib import Path

import pytest

CHOSEN = "MUTANTS_CHOSEN"  # whatever begins with MAILER_ is taken for a setting
KNOWN = "MUTANTS_KNOWN"
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
    """Keep the tests that a file lists, a line each, in its order: by their ids, or all new ones of a test file."""
    names = Path(os.environ[CHOSEN]).read_text("utf-8").splitlines()
    known = frozenset(Path(os.environ[KNOWN]).read_text("utf-8").splitlines())
    order = {name: number for number, name in enumerate(names)}

    def place(id_: str) -> int | None:
        return order.get(id_) if id_ in known else order.get(id_, order.get(id_.partition("::")[0]))

    places = [(place(each.nodeid), each) for each in items]
    items[:] = [
        each for _, each in sorted(((place, each) for place, each in places if place is not None), key=itemgetter(0))
    ]
