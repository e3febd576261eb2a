"""Each promise of the docs names tests that attack it, and each page that promises is named there."""

import re
from pathlib import Path

import pytest

PROMISING = re.compile(
    r"\bnobody (?:gets|is (?:lost|sent)|who left)|\bnobody twice|\bnot one byte"
    r"|\bnever (?:sent again|given twice|comes? back)|\bchanges nothing\b|\bstays out\b",
    re.IGNORECASE,
)
"""Words with which the pages promise what must never happen."""
OTHERS = {"docs/changelog.md", "docs/explanation/promises.md", "docs/explanation/fidelity.md", "docs/glossary.md"}


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "explanation" / "promises.md").read_text("utf-8")


@pytest.fixture(scope="module")
def rows(page: str, repository: Path) -> list[list[str]]:
    """Promise, places and tests of each line."""
    pages = (page, (repository / "docs" / "explanation" / "fidelity.md").read_text("utf-8"))
    lines = [line for each in pages for line in each.splitlines() if line[:2] == "| "]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [each for each in cells if each[0] != "promise"]


def test_each_promise_names_tests_that_are_there(rows: list[list[str]], repository: Path) -> None:
    written = "\n".join(each.read_text("utf-8") for each in (repository / "tests").rglob("test_*.py"))
    assert len(rows) > 36, "the tables were not found"
    for promise, _, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, f"no test attacks: {promise}"
        assert [each for each in named if f"def {each}(" not in written] == [], promise


def test_each_promise_is_a_sentence_that_stands_on_a_page(rows: list[list[str]], repository: Path) -> None:
    for promise, places, _ in rows:
        assert re.fullmatch(r"[A-Z].*\.", promise), promise
        linked = re.findall(r"\]\(([^)#]+)\)", places)
        assert linked or "README" in places, promise
        assert all((repository / "docs" / "explanation" / each).exists() for each in linked), promise


def test_each_page_that_promises_is_named_there(page: str, repository: Path) -> None:
    pages = [repository / "README.md", *sorted((repository / "docs").rglob("*.md"))]
    pages = [each for each in pages if each.relative_to(repository).as_posix() not in OTHERS]
    promising = [each for each in pages if "nb" not in each.parts and PROMISING.search(each.read_text("utf-8"))]
    assert len(promising) > 5
    unnamed = [each.name for each in promising if each.name not in page and each.name != "README.md"]
    assert unnamed == [], "write their promises into docs/explanation/promises.md, each with a test"
