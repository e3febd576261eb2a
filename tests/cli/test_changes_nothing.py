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
    "metrics": (),
    "support": ("--json",),
    "config show": (),
}
"""What each is called with that says so in its summary; one that only shows is here too."""
DRY_RUNS: tuple[tuple[str, ...], ...] = (
    ("send", SLUG, "--dry-run"),
    ("subscribers", "import", "people.csv", "--dry-run"),
    ("subscribers", "import", "--undo", "1", "--dry-run"),
    ("subscribers", "suppress", "--file", "gone.csv", "--reason", "asked", "--dry-run"),
    ("subscribers", "release", "--file", "gone.csv", "--noted", "asked", "--reason", "wrong", "--dry-run"),
    ("subscribers", "erase", KARI, "--dry-run"),
    ("restore", "copy.sqlite3", "--dry-run"),
)
# Each with what the real command needs besides, so that it ends by itself.
REFUSED: tuple[tuple[str, ...], ...] = (
    ("send", SLUG, "--confirm", "4"),
    ("subscribers", "import", "bad.csv"),
    ("subscribers", "suppress", "--file", "bad.csv", "--reason", "asked"),
    ("subscribers", "release", "--file", "bad.csv", "--noted", "asked", "--reason", "wrong"),
    ("subscribers", "import", "--undo", "7"),
    ("subscribers", "merge-lists", "agder", "oslo"),
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


def test_every_command_with_a_dry_run_is_tried_here() -> None:
    loaded = {name: each.load() for name, each in _named(COMMANDS)}
    having = {name for name, each in loaded.items() if any("--dry-run" in option.opts for option in each.params)}
    tried = [" ".join(words[: 1 + (words[0] == "subscribers")]) for words in (*DRY_RUNS, *REFUSED)]
    assert having - {"resolve"} == set(tried)  # of a log: see the tests of settling


@pytest.mark.parametrize("how", [(), ("--json",)])
@pytest.mark.parametrize("command", REFUSED)
def test_a_dry_run_ends_as_what_is_refused_does(
    command: tuple[str, ...], how: tuple[str, ...], workspace: Path, mailer: Run
) -> None:
    (workspace / "bad.csv").write_text("epost;liste;grunnlag\nkari.x.example;agder;e: sak 1\n", encoding="utf-8")
    before = _state(workspace)
    dry = mailer(*command, "--dry-run", *how)
    assert _state(workspace) == before
    assert dry.code == mailer(*command).code != 0


def test_what_is_allowed_is_allowed_in_a_dry_run(mailer: Run, workspace: Path) -> None:
    assert workspace.is_dir()
    assert mailer("send", SLUG, "--dry-run", "--untested").code == 0
    untested = mailer("send", SLUG, "--dry-run")
    assert untested.code == 1
    assert "this edition was never test-sent" in untested.err


@pytest.mark.parametrize("command", DRY_RUNS)
def test_a_dry_run_changes_nothing(command: tuple[str, ...], workspace: Path, mailer: Run) -> None:
    lines = f"epost;navn;liste;grunnlag\n{KARI};Kari N;agder;e: sak 2\nny@agder.example;Ny;agder;e: sak 2\n"
    (workspace / "people.csv").write_text(lines, encoding="utf-8")
    (workspace / "gone.csv").write_text(f"{KARI}\nborte@agder.example\n", encoding="utf-8")
    if command[0] == "restore":
        mailer("backup", "--to", "copy.sqlite3")
    assert not (workspace / "var" / "suppression-key").exists(), "nobody was suppressed yet"
    before = _state(workspace)
    assert mailer(*command).out
    assert _state(workspace) == before
