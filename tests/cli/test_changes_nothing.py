"""Commands that say of themselves that they change nothing, and dry runs: every file and every row is as before."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mailer.cli.commands import COMMANDS
from mailer.cli.groups import Group, Later

SLUG = "2024-01"
KARI = "kari@agder.example"
Run = Callable[..., Any]

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "check": (SLUG,),
    "status": (SLUG,),
    "lists": (),
    "log": (),
    "subscribers find": ("kari",),
    "subscribers show": (KARI,),
    "subscribers history": (KARI,),
    "config show": (),
}
"""What each is called with that says so in its summary; one that only shows is here too."""
DRY_RUNS: tuple[tuple[str, ...], ...] = (
    ("send", SLUG, "--dry-run"),
    ("subscribers", "import", "people.csv", "--dry-run"),
    ("subscribers", "import", "--undo", "1", "--dry-run"),
)


def _named(commands: Any, before: str = "") -> Iterator[tuple[str, Later]]:
    for each in commands:
        if isinstance(each, Group):
            yield from _named(each.commands.values(), f"{before}{each.name} ")
        else:
            yield f"{before}{each.name}", each


def _state(workspace: Path) -> dict[str, object]:
    """Every file but the database with its locks, and every row of every table."""
    files = (each for each in workspace.rglob("*") if each.is_file() and ".sqlite3" not in each.name)
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as database:
        rows = [each for each in database.iterdump() if not each.startswith("CREATE")]
    return {each.relative_to(workspace).as_posix(): each.read_bytes() for each in files} | {"rows": rows}


def test_every_command_that_says_it_changes_nothing_is_tried_here() -> None:
    summaries = {name: each.help or "" for name, each in _named(COMMANDS)}
    saying = {name for name, text in summaries.items() if "hanges nothing" in text or "Sends nothing" in text}
    assert saying
    assert saying <= ARGUMENTS.keys()


@pytest.mark.parametrize("how", [(), ("--json",)])
@pytest.mark.parametrize("command", list(ARGUMENTS))
def test_what_only_shows_changes_nothing(command: str, how: tuple[str, ...], workspace: Path, mailer: Run) -> None:
    before = _state(workspace)
    mailer(*command.split(), *ARGUMENTS[command], *how)
    assert _state(workspace) == before


@pytest.mark.parametrize("command", DRY_RUNS)
def test_a_dry_run_changes_nothing(command: tuple[str, ...], workspace: Path, mailer: Run) -> None:
    lines = f"epost;navn;liste;grunnlag\n{KARI};Kari N;agder;e: sak 2\nny@agder.example;Ny;agder;e: sak 2\n"
    (workspace / "people.csv").write_text(lines, encoding="utf-8")
    before = _state(workspace)
    assert mailer(*command).out
    assert _state(workspace) == before
