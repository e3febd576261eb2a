"""The page on the database names every table that is there, and nothing as planned that is there already."""

import re
from pathlib import Path

from mailer.database.tables import metadata

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "database.md").read_text("utf-8")
TODAY, PLANNED = PAGE.split("## Planned, not there yet")


def test_the_tables_that_have_a_line_are_those_that_are_there() -> None:
    assert sorted(re.findall(r"^\| `(\w+)` \|", TODAY, re.MULTILINE)) == sorted(metadata.tables)


def test_nothing_that_is_planned_is_there() -> None:
    """Who builds it moves its line up."""
    tables = set(re.findall(r"^(?:\| )?`?(\w+)`? (?:\(`| {2,}\w)", PLANNED, re.MULTILINE))
    assert {"approval", "return_event"} <= tables
    assert not tables & set(metadata.tables)
    columns = re.findall(r"`(mailing|test_send|edition|run|delivery|attempt)\.(\w+)`", PLANNED)
    assert len(columns) >= 3
    assert not [f"{table}.{column}" for table, column in columns if column in metadata.tables[table].c]
