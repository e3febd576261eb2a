"""The table of faults in docs/explanation/delivery.md names tests that there are, and every row of them."""

import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def table(repository: Path) -> str:
    """The rows of the table."""
    page = (repository / "docs" / "explanation" / "delivery.md").read_text("utf-8")
    section = page.partition("## What each fault leads to")[2].partition("\n## ")[0]
    return "\n".join(line for line in section.splitlines() if line.startswith("| "))


def test_each_test_that_the_table_names_is_there(table: str, repository: Path) -> None:
    written = "\n".join(each.read_text("utf-8") for each in (repository / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", table))
    assert len(named) > 20, "the table was not found"
    assert {each for each in named if f"def {each}(" not in written} == set()


def test_each_line_of_the_table_names_a_test(table: str) -> None:
    lines = [line for line in table.splitlines() if not line.startswith("| fault ")]
    assert [line for line in lines if not re.search(r"`test_|`tests/|\[", line.split("|")[3])] == []


def test_the_table_names_each_row_of_faults_and_no_other(table: str) -> None:
    """`[421 at …]` names all that begin so; a row that passes with `once` is one with that which lasts."""
    source = Path(__file__).with_name("test_answers.py").read_text("utf-8")
    rows = set(re.findall(r"\brow\(\s*\"(.+?)\"", source))
    named = set(re.findall(r"\[([^\]]+)\]", table))

    def covers(name: str, row: str) -> bool:
        return row.startswith(name.removesuffix("…")) if name.endswith("…") else row.removesuffix(" once") == name

    assert {each for each in named if not any(covers(each, row) for row in rows)} == set()
    assert {row for row in rows if not any(covers(each, row) for each in named)} == set()
