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
from mailer.cli.findings import finding_as_json, show_findings
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
    before, _ = shown.out.split("\n    unknown-key: ")
    assert before.splitlines()[-1].count("titel") == 1
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


def finding(rule: str, message: str, file: str, line: int, **more: Any) -> Finding:
    severity = more.pop("severity", Severity.WARNING)
    return Finding(severity=severity, rule=rule, message=message, file=file, line=line, **more)


MANY = (
    finding("no-contact", "nobody to ask", "items/010-en.md", 2, column=10, severity=Severity.NOTE, words="Sak en"),
    finding("written-form", "a form", "items/010-en.md", 9, column=2, words="samhandlinga er", hint="Write en."),
    finding("no-address", "no address", "items/020-to.md", 7, column=1, words="Veilederen", hint="Put it there."),
    finding("no-address", "no address", "issue.toml", 44, column=5, words="Frisklivssentralen", hint="Put it there."),
    finding("no-address", "no address", "issue.toml", 43, column=5, words="Nettside", hint="Put it there."),
    finding("written-form", "a form", "items/010-en.md", 4, column=7, words="et", hint="Nynorsk: eit."),
    finding("own", "not seen", "items/030-tre.md", 3, severity=Severity.ERROR, hint="Look."),
    finding("own", "not seen", "items/030-fire.md", 1, severity=Severity.ERROR, hint="Look."),
)


def test_equal_findings_stand_together_the_gravest_first_with_all_their_places(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    show_findings(MANY, folder="issues/2024-01")
    shown = [each.rstrip() for each in re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()]
    assert shown == [
        "error    2 × not seen",
        "    own: Look.",
        "    issues/2024-01/items/030-fire.md 1; issues/2024-01/items/030-tre.md 3",
        "warning  3 × no address",
        "    no-address: Readers see words and cannot follow them. Put it there.",
        "    issue.toml 43:5 “Nettside”, 44:5 “Frisklivs…”; 020 7:1 “Veilederen”",
        "warning  2 × a form",
        "    written-form: Readers notice the other written form.",
        "    010 4:7 “et”: Nynorsk: eit. 010 9:2 “samhandli…”: Write en.",
        "note     010 2:10 nobody to ask “Sak en”",
        '    no-contact: Add contacts = ["…"].',
        "2 errors, 5 warnings, 1 note",
    ]


def test_what_a_tool_reads_has_the_paths_and_the_words_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(MANY, folder="issues/2024-01", counted=False)
    shown = capsys.readouterr().out
    assert "    issues/2024-01/issue.toml 43:5 “Nettside”, 44:5 “Frisklivssentralen”; " in shown
    assert "issues/2024-01/items/020-to.md 7:1 “Veilederen”\n" in shown
    assert "errors" not in shown


def test_a_reason_is_given_where_there_is_room_and_an_address_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    address = "https://a.example/en-lang-adresse"
    found = (finding("bare-url", "an address", "items/010-en.md", 8, words=address, hint=f"Write [x]({address})."),)
    for columns, advice in (
        ("85", "Screen readers spell an address letter by letter. Write [x](…)."),
        ("60", "Write [x](…)."),
    ):
        monkeypatch.setenv("COLUMNS", columns)
        show_findings(found, folder="issues/2024-01", counted=False)
        assert f"    bare-url: {advice}\n" in capsys.readouterr().out.replace("\x1b[2m", "").replace("\x1b[0m", "")
