"""An editor who reads bokmål or nynorsk begins a workspace and an issue, and puts right what is wrong in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture(params=["nb", "nn"])
def lang(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("MAILER_INTERFACE__LANG", request.param)
    return str(request.param)


def said(lang: str, *, nb: str, nn: str) -> str:
    return {"nb": nb, "nn": nn}[lang]


def test_init_says_what_it_made_and_what_it_refuses(lang: str, tmp_path: Path, mailer: Run) -> None:
    folder = tmp_path / "brev"
    made = mailer("init", folder).out
    assert said(lang, nb=f"Arbeidsmappen {folder} er laget.", nn=f"Arbeidsmappa {folder} er laga.") in made
    again = mailer("init", folder)
    assert again.code == 1
    assert again.err == said(
        lang,
        nb=f"feil {folder}: mappen er ikke tom\nVelg en ny mappe.\n",
        nn=f"feil {folder}: mappa er ikkje tom\nVel ei ny mappe.\n",
    )


def test_new_speaks_the_language_also_in_the_file_that_it_writes(lang: str, workspace: Path, mailer: Run) -> None:
    made = mailer("new", "2024-02").out
    assert said(lang, nb="2024-02 er laget.", nn="2024-02 er laga.") in made
    text = (workspace / "issues" / "2024-02" / "issue.toml").read_text("utf-8")
    begins = said(lang, nb="# Utgaven etter 2024-01: rammen, ", nn="# Utgåva etter 2024-01: ramma, ")
    assert text.startswith(begins)
    assert mailer("check", "2024-02").code == 0


@pytest.mark.usefixtures("workspace")
def test_an_unknown_issue_is_refused_with_the_nearest(lang: str, mailer: Run) -> None:
    refused = mailer("new", "2024-03", "--from", "2024-02").err
    what = said(lang, nb="det finnes ingen utgave som heter «2024-02»", nn="det finst inga utgåve som heiter «2024-02»")
    assert f"{what}\n{said(lang, nb='Mente', nn='Meinte')} du 2024-01?" in refused


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('title "x"', ("dette er ikke gyldig TOML: det mangler et =", "dette er ikkje gyldig TOML: det manglar eit =")),
        ("titel = 1", ("nøkkelen «titel» er ukjent", "nøkkelen «titel» er ukjend")),
        ('dates = [{ date = 2024-03-31, time = "02.30" }]', ("31. mars 2024 finnes ikke", "31. mars 2024 finst ikkje")),
        ('image = "a.png"', ("bildet mangler alt-tekst", "biletet manglar alt-tekst")),
    ],
)
def test_what_is_wrong_in_an_item(
    lang: str, written: str, words: tuple[str, str], workspace: Path, mailer: Run
) -> None:
    item = workspace / "issues" / "2024-01" / "items" / "020-x.md"
    item.write_text(f'+++\n{written}\nsection = ""\n+++\n\nTekst.\n', "utf-8")
    told = mailer("check", "2024-01")
    assert told.code == 1
    assert said(lang, nb=words[0], nn=words[1]) in told.out
    found = mailer("check", "2024-01", "--json").json["findings"]
    assert all(each["id"].startswith("issues.") for each in found if each["severity"] == "error")
