"""Findings on the terminal: they refuse a sending, explain themselves as JSON, and look further when asked.

The commands of `issues` show them.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailer.bootstrap import build_services
from mailer.cli.findings import finding_as_json
from mailer.database.tables import mailing
from mailer.issue.model import Finding, Severity

SLUG = "2024-01"
Run = Callable[..., Any]


@pytest.fixture
def with_a_bad_picture(workspace: Path, tested: Any) -> Path:  # noqa: ARG001 mail goes to a server of the test's own
    """An issue that composes, but shows the description in place of a picture."""
    folder = workspace / "issues" / SLUG
    (folder / "images").mkdir()
    (folder / "images" / "kart.png").write_bytes(b"no picture")
    item = folder / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8") + "\n![Et kart](images/kart.png)\n", "utf-8")
    return workspace


def test_send_shows_errors_and_refuses_until_somebody_says_otherwise(with_a_bad_picture: Path, mailer: Run) -> None:
    assert "images/kart.png" in mailer("send", SLUG, "--dry-run").out
    refused = mailer("send", SLUG, "--confirm", "4", "--untested")
    assert refused.code == 1
    assert "the issue has errors; nothing was sent" in refused.err
    assert "images/kart.png" in refused.out
    sent = mailer("send", SLUG, "--confirm", "4", "--untested", "--ignore-findings")
    assert sent.code == 0
    services = build_services(with_a_bad_picture / "config.toml", environ={})
    with services.database.reading() as connection:
        assert connection.execute(select(mailing.c.ignored_findings)).scalars().all() == [1]
    services.close()


def test_json_says_why_a_finding_matters_and_what_to_do() -> None:
    finding = Finding(severity=Severity.WARNING, rule="bare-url", message="x", file="a.md", line=3, column=7)
    shown = finding_as_json(finding)
    assert (shown["line"], shown["column"]) == (3, 7)
    assert shown["why"].startswith("Screen readers")
    assert shown["fix"]


def test_words_that_the_message_names_are_not_quoted_once_more(workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace("title = ", "titel = "), "utf-8")
    shown = mailer("check", SLUG)
    (line,) = [each for each in shown.out.splitlines() if each.endswith("unknown-key")]
    assert line.count("titel") == 1
    assert [each["words"] for each in mailer("check", SLUG, "--json").json["findings"]].count("titel") == 1


def test_an_item_of_an_unknown_section_is_looked_at_all_the_same(workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    text = re.sub('section = ".*"', 'section = "kss"', item.read_text("utf-8"))
    item.write_text(f"{text}\nSe https://prosjektet.example.\n", "utf-8")
    found = mailer("check", SLUG, "--json").json["findings"]
    assert {(each["rule"], each["words"]) for each in found} >= {
        ("unknown-section", "kss"),
        ("bare-url", "https://prosjektet.example"),
    }


def test_links_and_recipients_are_looked_at_when_asked_for(workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    here = "http://127.0.0.1:1/"
    item.write_text(item.read_text("utf-8").replace("https://ks.example/agder", here), "utf-8")
    plain = mailer("check", SLUG, "--json").json["findings"]
    asked = mailer("check", SLUG, "--links", "--recipients", "--json").json["findings"]
    (note,) = [each for each in asked if each not in plain and each["words"] == here]
    assert (note["rule"], note["severity"]) == ("dead-link", "note")
    assert "private network" in note["message"]
