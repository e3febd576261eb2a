"""The import contracts catch what they are for, and the drawing of the imports is true."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DRAWING = runpy.run_path(str(REPOSITORY / "docs" / "pictures" / "draw_imports.py"))
SUBSCRIBERS = "mailer.subscribers"

BREACHES = {
    "a page opens the ledger": ("web/site.py", "mailer.delivery.ledger.ledger"),
    "a command reads the store of subscribers": ("cli/growth.py", "mailer.subscribers.people.store"),
    "the preview composes by itself": ("preview/page.py", "mailer.compose.mail.composer"),
    "a use case asks SQL": ("usecases/deciding.py", "sqlalchemy"),
    "a use case prints": ("usecases/log.py", "rich"),
    "the register knows newsletters": ("subscribers/register.py", "mailer.issue.model"),
    "composing opens a socket": ("compose/inline.py", "socket"),
    "an issue reads the database": ("issue/model.py", "mailer.database.tables"),
    "a transport knows the ledger": ("transport/session.py", "mailer.delivery.model"),
}


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a copy with every breach in it."""
    copy = tmp_path_factory.mktemp("breaches")
    shutil.copytree(REPOSITORY / "mailer", copy / "mailer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    for file, module in BREACHES.values():
        with (copy / "mailer" / file).open("a", encoding="utf-8") as opened:
            opened.write(f"import {module}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout


@pytest.mark.parametrize(("file", "module"), BREACHES.values(), ids=list(BREACHES))
def test_a_breach_is_named(verdict: str, file: str, module: str) -> None:
    importer = f"mailer.{file.removesuffix('.py').replace('/', '.')}"
    assert f"{importer} -> {module}" in verdict


def test_no_import_goes_up_or_round() -> None:
    layers = DRAWING["read_layers"]()
    row = {name: number for number, names in enumerate(layers) for name in names}
    arrows = DRAWING["find_arrows"](grimp.build_graph("mailer"), "mailer")
    assert len(arrows) > 50
    assert {(start, end) for start, end in arrows if row[start] >= row[end]} == set()


def test_subscribers_have_nine_parts_at_most_and_no_circle() -> None:
    graph = grimp.build_graph("mailer")
    parts = {each.split(".")[2] for each in graph.find_children(SUBSCRIBERS)}
    arrows = DRAWING["find_arrows"](graph, SUBSCRIBERS)
    assert len(parts) <= 9
    layers = DRAWING["layer_by_height"](parts, arrows)
    row = {name: number for number, names in enumerate(layers) for name in names}
    assert {(start, end) for start, end in arrows if row[start] >= row[end]} == set()


@pytest.mark.parametrize("name", ["imports.svg", "imports-subscribers.svg"])
def test_the_drawing_shows_the_imports_of_today(name: str) -> None:
    """Draw it anew with `python docs/pictures/draw_imports.py`."""
    assert (REPOSITORY / "docs" / "pictures" / name).read_text("utf-8") == DRAWING["drawings"]()[name]
