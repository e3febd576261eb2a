"""What no import shows: services hold everything, and a front end could take from them what only use cases may."""

import ast
from pathlib import Path

import pytest

FRONT_ENDS = ("cli", "web", "preview", "demo")


@pytest.mark.parametrize("package", FRONT_ENDS)
def test_no_front_end_asks_the_ledger_itself(package: str, repository: Path) -> None:
    """Pause, cancel, settle, count: a rule that is added in the use case holds for each of them."""
    modules = sorted((repository / "mailer" / package).rglob("*.py"))
    asking = [
        f"{module.relative_to(repository)}:{each.lineno}"
        for module in modules
        for each in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(each, ast.Attribute) and each.attr == "ledger"
    ]
    assert modules
    assert asking == []
