import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN = {"mailer", "tests"}
DOCUMENTED = {
    *{"_asdict", "_fields", "_make", "_replace"},  # of named tuples
    "_typeshed",  # for type checkers alone
}

# Where we use what a library does not promise to keep, and why there is no other way.
KNOWN = {
    # Hypothesis has no setting that keeps it from words and numbers of our own modules, nor for how long it shrinks.
    "tests/conftest.py: hypothesis.internal.conjecture.engine",
    # Nor one for making each example new: five of six are made out of the last one.
    "tests/compose/editors_items.py: hypothesis.internal.conjecture.engine",
    "tests/compose/editors_items.py: hypothesis.internal.conjecture.providers",
    "tests/conftest.py: hypothesis.internal.conjecture.providers",
    "tests/conftest.py: providers._get_local_constants",
    "tests/conftest.py: providers._local_constants",
    "tests/test_examples.py: hypothesis.internal.conjecture.providers",
    "tests/test_examples.py: providers.HypothesisProvider(None)._local_constants",
    # A pool that is there already has no other way to wait for a shorter time.
    "tests/web/test_failures.py: engine.pool._timeout",
    # Nor to ask a server that never goes away less often, whose answers are most of what the random sequences wait for.
    "tests/delivery/promises/dying.py: engine.pool._pre_ping",
}


def _is_private(name: str) -> bool:
    return name == "internal" or (name.startswith("_") and not name.endswith("__") and name not in DOCUMENTED)


def _is_called(node: ast.expr, name: str) -> bool:
    """Whether a name, or an attribute of anything, is this one; `ast.unparse` would write out whole expressions."""
    return name == (node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else "")


def _is_foreign(module: str) -> bool:
    return module.partition(".")[0] not in OWN | {"__future__"}


def _trees() -> dict[str, ast.Module]:
    files = [file for folder in sorted(OWN) for file in sorted((ROOT / folder).rglob("*.py"))]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text("utf-8")) for file in files}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each name that is imported from elsewhere: what it is called here, and in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level and _is_foreign(node.module):
            yield from ((each.asname or each.name, f"{node.module}.{each.name}") for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (
                (each.asname or each.name.partition(".")[0], each.name) for each in node.names if _is_foreign(each.name)
            )


def _own_names(tree: ast.AST) -> Iterator[str]:
    """The names that are given here: of functions, classes, variables and attributes of `self`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and _is_called(node.value, "self"):
            yield node.attr


def private_names(tree: ast.AST, *, own: set[str]) -> Iterator[str]:
    """What a module uses that a library calls private."""
    foreign = dict(_imports(tree))
    yield from (full for full in foreign.values() if any(map(_is_private, full.split("."))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            first = ast.unparse(node).partition(".")[0]
            if first in foreign or (node.attr not in own and first != "self"):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and _is_called(node.func, "setattr"):
            match node.args:
                case [ast.Name(id=name), ast.Constant(value=str(attribute)), *_] if name in foreign:
                    yield from [f"{name}.{attribute}"] if _is_private(attribute) else []


@pytest.mark.slow
def test_no_private_name_of_a_library_is_used_beyond_those_that_are_known() -> None:
    trees = _trees()
    own = {name for tree in trees.values() for name in _own_names(tree)}
    used = {f"{file}: {name}" for file, tree in trees.items() for name in private_names(tree, own=own)}
    assert used == KNOWN


def test_a_private_name_is_found_however_it_is_used() -> None:
    source = (
        "import a._b\nfrom c import _d\nfrom e import f as g\nfrom mailer.x import _own\n"
        "g._h\nthing._i\nthing._ours\nself._j\nmonkeypatch.setattr(g, '_k', 1)\nrow._replace(x=1)\n"
    )
    assert set(private_names(ast.parse(source), own={"_ours"})) == {"a._b", "c._d", "g._h", "thing._i", "g._k"}


def test_a_library_whose_private_names_mailer_uses_is_held_below_its_next_version() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    bounded = {re.split(r"[<>=\[]", each)[0] for each in dependencies if "<" in each}
    foreign = {
        full.partition(".")[0]
        for each in KNOWN
        if each.startswith("mailer/")
        for file, _, name in [each.partition(": ")]
        for known, full in _imports(ast.parse((ROOT / file).read_text("utf-8")))
        if known == name.partition(".")[0]
    }
    assert foreign - sys.stdlib_module_names <= bounded
