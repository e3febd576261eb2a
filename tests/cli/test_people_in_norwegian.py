"""Bringing a file of people in, in bokmål and nynorsk: what is refused is said so that an editor can put it right."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailer.subscribers.facts.roles import ROLES

Run = Callable[..., Any]
FILE = """\
epost;navn;liste;språk;rolle;grunnlag
ny@agder.example;Ny;agder;nb;kommune;e: sak 1
uten krøllalfa;Uten;agder;nb;kommune;e: sak 1
to@agder.example;To;aggder;nb;kommune;e: sak 1
tre@agder.example;Tre;agder;nb;sjef;e: sak 1
fire@agder.example;Fire;agder;nb;kommune;etter avtale
"""
REASONS = {
    "nb": [
        "«uten krøllalfa» er ingen e-postadresse: det mangler en @",
        "det finnes ingen liste som heter «aggder». Mente du agder?",
        f"rollen «sjef» er ukjent. Skriv en av disse: {', '.join(ROLES)}",
        "grunnlaget «etter avtale» begynner verken med a: (samtykke), b: (avtale) eller e: (offentlig oppgave)",
    ],
    "nn": [
        "«uten krøllalfa» er inga e-postadresse: det manglar ein @",
        "det finst inga liste som heiter «aggder». Meinte du agder?",
        f"rolla «sjef» er ukjend. Skriv ei av desse: {', '.join(ROLES)}",
        "grunnlaget «etter avtale» byrjar verken med a: (samtykke), b: (avtale) eller e: (offentleg oppgåve)",
    ],
}


@pytest.fixture(params=["nb", "nn"])
def lang(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MAILER_INTERFACE__LANG", request.param)
    return str(request.param)


def test_a_file_is_refused_corrected_and_brought_in(lang: str, workspace: Path, mailer: Run) -> None:
    file, refused = workspace / "people.csv", workspace / "refused.csv"
    file.write_text(FILE, "utf-8-sig")
    told = mailer("subscribers", "import", file, "--skip-invalid", "--refused", refused)
    assert [each for each in REASONS[lang] if each not in told.out] == []
    with refused.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert [row["årsak"] for row in rows] == REASONS[lang]
    assert mailer("subscribers", "import", refused).code == 1
    text = refused.read_text("utf-8-sig")
    for wrong, right in [("uten krøllalfa;", "en@x.example;"), ("aggder", "agder"), ("sjef", "annet")]:
        text = text.replace(wrong, right, 1)
    refused.write_text(text.replace(";etter avtale;", ";b: avtale;", 1), "utf-8-sig")
    assert mailer("subscribers", "import", refused, "--json").json["counts"]["new"] == 4


@pytest.mark.usefixtures("lang")
def test_tools_read_the_reason_in_english_and_what_it_was_written_from(workspace: Path, mailer: Run) -> None:
    file = workspace / "people.csv"
    file.write_text(FILE, "utf-8-sig")
    told = mailer("subscribers", "import", file, "--dry-run", "--json").json["lines"]
    (line,) = [each for each in told if each["line"] == 4]
    assert line["reason"] == "there is no list 'aggder'. Did you mean agder?"
    assert line["reason_id"] == "people.no-such-list-near"
    assert line["reason_values"] == {"list": "aggder", "near": "agder"}
    assert "reason_id" not in told[0]


def test_what_people_cannot_be_asked_is_said(lang: str, workspace: Path, mailer: Run) -> None:
    (workspace / "people.csv").write_text("epost;telefon\n", "utf-8")
    mailer("subscribers", "remove", "kari@agder.example", "--list", "agder")
    mailer("subscribers", "suppress", "ola@agder.example", "--reason", "ba om det")
    again = ["subscribers", "add", "kari@agder.example", "--list", "agder", "--basis", "e: sak 1"]
    said = {
        "unknown column": mailer("subscribers", "import", "people.csv", "--list", "agder").err,
        "left": mailer(*again).err,
        "suppressed": mailer("subscribers", "add", "ola@agder.example", *again[3:]).err,
        "nobody": mailer("subscribers", "remove", "ingen@agder.example").err,
        "no import": mailer("subscribers", "import", "--undo", "9").err,
    }
    words = {
        "nb": {
            "unknown column": "kolonnen «telefon» er ukjent",
            "left": "personen meldte seg av agder ",
            "suppressed": "ola@agder.example er sperret\nBare personen selv kan be om å få e-post igjen.",
            "nobody": "ingen@agder.example er ikke blant abonnentene\nLet med mailer subscribers find.",
            "no import": "det finnes ingen import 9\nDen siste er 1: people.csv, ",
        },
        "nn": {
            "unknown column": "kolonnen «telefon» er ukjend",
            "left": "personen melde seg av agder ",
            "suppressed": "ola@agder.example er sperra\nBerre personen sjølv kan be om å få e-post igjen.",
            "nobody": "ingen@agder.example er ikkje mellom abonnentane\nLeit med mailer subscribers find.",
            "no import": "det finst ingen import 9\nDen siste er 1: people.csv, ",
        },
    }
    assert {name: text for name, text in words[lang].items() if text not in said[name]} == {}, said
