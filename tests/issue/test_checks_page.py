"""The page on the checks says what `catalogue` says, and its examples are found."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mailer.issue.catalogue import RULES
from mailer.issue.lint import RULES as LINT_RULES
from mailer.issue.lint import lint
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "checks.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| [a-z ]+ \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
ROWS = {rule: (example, why, fix) for rule, example, why, fix in ROW.findall(PAGE.read_text("utf-8"))}
TRIED = {rule.id for rule in LINT_RULES if re.fullmatch(r"`[^`]+`", ROWS[rule.id][0])} - {"no-preheader"}


def test_the_page_has_every_rule_as_the_catalogue_explains_it() -> None:
    assert {rule: (why, fix) for rule, (_, why, fix) in ROWS.items()} == {
        rule: (each.why, each.fix) for rule, each in RULES.items()
    }


@pytest.mark.parametrize("rule", sorted(TRIED))
def test_an_example_of_the_page_is_found_by_its_rule(rule: str, read_files: ReadFiles) -> None:
    text = ROWS[rule][0].strip("`").replace("\\|", "|")
    reading = read_files({"issue.toml": 'title = "A"\ndate = "2024-02"\n', "items/010-mote.md": f"+++\n+++\n{text}\n"})
    assert reading.issue is not None
    assert rule in {each.rule for each in lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)}


def test_most_rules_for_words_have_an_example_that_is_tried() -> None:
    assert len(TRIED) >= 15


def test_every_rule_that_the_code_names_is_in_the_catalogue(repository: Path) -> None:
    """Rules are named where findings are made: `.error("rule", …)`, `rule="rule"` and `id="rule"`."""
    named = re.compile(r'(?:\.(?:error|warning|note|wrong)\(\s*|\brule=|Rule\(id=|_warning\()"([a-z][a-z-]+)"')
    sources = [*(repository / "mailer" / "issue").rglob("*.py"), *(repository / "mailer" / "compose").rglob("*.py")]
    sources.append(repository / "mailer" / "usecases" / "checking.py")
    found = {rule for file in sources for rule in named.findall(file.read_text("utf-8"))}
    assert len(found) >= 50
    assert found <= set(RULES)
