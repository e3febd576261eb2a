"""A public class or type alias means one thing in the whole program."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

# More than one definition is right here, for this reason.
KEPT = {
    "Lang": "newsletters and people have more languages than the interface, and neither knows the other's",
}
NO_TYPES = {"TypeVar", "ParamSpec", "Table", "getLogger"}


def _public_types(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id=made))) if made in NO_TYPES:
                continue
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name[0].isupper() and not name.isupper():
                    yield name
            case _:
                pass


def test_a_public_type_has_a_name_of_its_own(repository: Path) -> None:
    """Migrations keep the types they were written with, and are left out."""
    homes: dict[str, list[str]] = defaultdict(list)
    for file in sorted((repository / "mailer").rglob("*.py")):
        if "migrations" not in file.parts:
            for name in _public_types(ast.parse(file.read_text(encoding="utf-8"))):
                homes[name].append(str(file.relative_to(repository)))
    twice = {name: files for name, files in homes.items() if len(files) > 1 and not name.startswith("_")}
    assert {name: files for name, files in twice.items() if name not in KEPT} == {}


@pytest.mark.slow
def test_every_exception_is_needed(repository: Path) -> None:
    sources = [file.read_text(encoding="utf-8") for file in (repository / "mailer").rglob("*.py")]
    for name in KEPT:
        found = sum(name in _public_types(ast.parse(source)) for source in sources)
        assert found > 1, f"{name} is defined once by now: take it out of KEPT"


def test_every_private_name_of_a_module_is_used_there(repository: Path) -> None:
    unused = set[str]()
    for file in (repository / "mailer").rglob("*.py"):
        text = file.read_text("utf-8")
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.decorator_list:
                continue
            if re.fullmatch(r"_[^_]\w*", node.name) and len(re.findall(rf"\b{node.name}\b", text)) == 1:
                unused.add(f"{file.name}: {node.name}")
    assert unused == set()
