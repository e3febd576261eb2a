"""Where the tests of a module are found: in a file called after it, or in one that names it in its docstring.

`mailer/delivery/loop.py` is tested in a `test_loop.py` somewhere in `tests/delivery`, or in a test file there whose
docstring names it in backquotes, alone: `loop`. Folders below the first do not matter, so that modules can move.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_IN_BACKQUOTES = re.compile(r"`(\w+)`")

# Modules whose tests are not found so yet. This only gets shorter: a new module gets a test file, or is named in one.
NOT_FOUND = {
    "cli": "demo",
    "compose": "glyph_findings",
    "config": "interface",
    "subscribers": "redirecting",
    "usecases": "accounts log needs people",
}


def _modules() -> dict[str, set[str]]:
    """The names of the modules with code of their own, by package; without migrations, and what only starts others."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "mailer").rglob("*.py"):
        package, *folders = file.relative_to(ROOT / "mailer").parts
        if folders and "migrations" not in folders and not file.stem.startswith("__"):
            found[package].add(file.stem)
    return found


def _tested() -> dict[str, set[str]]:
    """The names of the modules whose tests are found, by package."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        package, *folders = file.relative_to(ROOT / "tests").parts
        if folders:
            words = ast.get_docstring(ast.parse(file.read_bytes())) or ""
            found[package] |= {file.stem.removeprefix("test_"), *_IN_BACKQUOTES.findall(words)}
    return found


def test_the_tests_of_every_module_are_found_by_its_name() -> None:
    tested = _tested()
    missing = {package: names - tested[package] for package, names in _modules().items()}
    not_found = {package: set(names.split()) for package, names in NOT_FOUND.items()}
    new = {f"mailer/{each}: {name}" for each in missing for name in missing[each] - not_found.get(each, set())}
    assert not new, "name a test file after it, or name it in backquotes in the docstring of one in tests/PACKAGE"
    found = {f"{each}: {name}" for each in not_found for name in not_found[each] - missing.get(each, set())}
    assert not found, "take it out of NOT_FOUND: its tests are found now, or it is gone"
