"""What the terminal says of people and lists (`register_words`, `import_progress`), and what files and tools get."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PEOPLE = """\
epost;navn;rolle;liste;grunnlag;status
kari@agder.example;Kari N. Nordmann;helseforetak;agder;e: sak 25/1;
ola@agder.example;;;agder;;avmeldt
ny@oslo.example;Ny;;oslo;e: sak 25/1;
galt;Galt;;oslo;e: sak 25/1;
"""
MOMENT = r"\d\d\.\d\d\.\d{4} kl\. \d\d\.\d\d"


@pytest.fixture(params=["nb", "nn"])
def lang(request: pytest.FixtureRequest, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The language of the interface, with a file of people in the workspace."""
    (workspace / "people.csv").write_text(PEOPLE, "utf-8")
    monkeypatch.setenv("MAILER_INTERFACE__LANG", request.param)
    return str(request.param)


def check(told: str, words: dict[str, tuple[str, ...]], lang: str) -> None:
    """Every pattern of this language is found."""
    missing = [each for each in words[lang] if not re.search(each, told)]
    assert missing == [], told


def test_an_import_from_the_dry_run_to_the_undoing(mailer: Run, lang: str) -> None:
    dry = mailer("subscribers", "import", "people.csv", "--dry-run")
    check(
        dry.out,
        {
            "nb": (
                r"Hvor +Hva +Adresse +Liste +Endring eller årsak",
                r"people.csv:2 +endret +kari@agder.example +agder +navn: Kari Nordmann → Kari N. Nordmann",
                r"rolle: kommune → helseforetak, grunnlag: e: samhandling → e: sak 25/1",
                r"people.csv:3 +meldt av ",
                r"people.csv:5 +ugyldig +galt",
                r"\nholdt utenfor +0  ikke på listen; vil ikke ha e-post, og det huskes\n",
                r"En import ville stoppe: 1 linje er avvist.\n  Rett dem, ",
            ),
            "nn": (
                r"Kvar +Kva +Adresse +Liste +Endring eller årsak",
                r"people.csv:2 +endra +kari@agder.example +agder +namn: Kari Nordmann → Kari N. Nordmann",
                r"rolle: kommune → helseføretak, grunnlag: e: samhandling → e: sak 25/1",
                r"people.csv:3 +meld av ",
                r"\nhalden utanfor +0  ikkje på lista; vil ikkje ha e-post, og det blir hugsa\n",
                r"Ein import ville stoppe: 1 linje er avvist.\n  Rett dei, ",
            ),
        },
        lang,
    )
    done = mailer("subscribers", "import", "people.csv", "--skip-invalid", "--refused", "refused.csv")
    check(
        done.out,
        {
            "nb": (
                "Importerte 2 linjer; tok over 1 avmelding; 1 avvist.",
                r"1 avvist linje er skrevet til refused\.csv",
            ),
            "nn": (
                "Importerte 2 linjer; tok over 1 avmelding; 1 avvist.",
                r"1 avvist linje er skriven til refused\.csv",
            ),
        },
        lang,
    )
    again = ("subscribers", "import", "--undo", re.search(r"--undo (\d+)", done.out)[1])  # type: ignore[index]
    check(
        mailer(*again).out,
        {
            "nb": (r"^Import \d+ er angret\.", r"\npersoner fjernet +1\n", r"\navmeldinger trukket tilbake +1\n"),
            "nn": (r"^Import \d+ er angra\.", r"\npersonar fjerna +1\n", r"\navmeldingar trekte tilbake +1\n"),
        },
        lang,
    )


def test_undoing_names_people_in_later_files_and_files_of_which_nothing_was_kept(
    mailer: Run, workspace: Path, lang: str
) -> None:
    head, line = PEOPLE.splitlines()[0], "ny@oslo.example;Ny;;oslo;e: sak 25/1;"
    gone, to = line.replace("ny@", "gammel@"), line.replace("ny@", "to@")
    for name, lines in {"first.csv": [line, gone], "later.csv": [line, gone, to]}.items():
        (workspace / name).write_text("\n".join([head, *lines, ""]), "utf-8")
        assert mailer("subscribers", "import", name).code == 0
        mailer("subscribers", "remove", "gammel@oslo.example")
    undo = ("subscribers", "import", "--undo", "2", "--dry-run")
    assert mailer(*undo, "--json").json["kept"] == [
        {"address": "gammel@oslo.example", "list": "oslo", "reason": "left"},
        {"address": "ny@oslo.example", "list": "oslo", "reason": "held"},
    ]
    told = " ".join(mailer(*undo).out.split())
    words: dict[str, tuple[str, ...]] = {
        "nb": (
            r"står igjen: også i en senere fil 1 står også i en senere fil; blir på listen på grunn av den",
            r"ny@oslo\.example oslo også i en senere fil",
        ),
        "nn": (
            r"står att: òg i ei seinare fil 1 står òg i ei seinare fil; blir på lista på grunn av henne",
            r"ny@oslo\.example oslo òg i ei seinare fil",
        ),
    }
    check(told, words, lang)


def test_undoing_names_later_files_of_which_nothing_was_kept(mailer: Run, workspace: Path, lang: str) -> None:
    lines = {"first.csv": ["a;oslo;avmeldt"], "later.csv": ["a;oslo;avmeldt", "b;oslo;avmeldt"]}
    for name, of_file in lines.items():
        rows = [each.replace(";", "@oslo.example;", 1) for each in of_file]
        (workspace / name).write_text("\n".join(["epost;liste;status", *rows, ""]), "utf-8")
        assert mailer("subscribers", "import", name).code == 0
    undo = ("subscribers", "import", "--undo", "2", "--dry-run")
    told = " ".join(mailer(*undo).out.split())
    words: dict[str, tuple[str, ...]] = {
        "nb": (
            r"import 3 \(later\.csv, [^)]+\) hadde linjer som ikke endret noe da, og som ikke er tatt vare på: 1\.",
            r"Importer den filen en gang til, så gjelder det som står i den\.",
        ),
        "nn": (
            r"import 3 \(later\.csv, [^)]+\) hadde linjer som ikkje endra noko då, og som ikkje er tekne vare på: 1\.",
            r"Importer den fila ein gong til, så gjeld det som står i henne\.",
        ),
    }
    check(told, words, lang)
    assert [(each["id"], each["lines"]) for each in mailer(*undo, "--json").json["later"]] == [(3, 1)]


def test_what_is_known_of_a_person_and_what_happened(mailer: Run, lang: str) -> None:
    mailer("subscribers", "remove", "kari@agder.example")
    mailer("subscribers", "suppress", "kari@agder.example", "--reason", "ba om det")
    told = mailer("subscribers", "show", "kari@agder.example").out
    check(
        told,
        {
            "nb": (
                r"^Adresse +kari@agder.example\nNavn +Kari Nordmann\n",
                r"agder +(sperret|avmeldt) ",
                rf"\n{MOMENT} +\S+ +avmeldt +agder",
                r"\nSperret siden \d\d\.\d\d\.\d{4}: for hånd; ba om det\n",
            ),
            "nn": (
                r"^Adresse +kari@agder.example\nNamn +Kari Nordmann\n",
                r"agder +(sperra|avmeld) ",
                rf"\n{MOMENT} +\S+ +avmeld +agder",
                r"\nSperra sidan \d\d\.\d\d\.\d{4}: for hand; ba om det\n",
            ),
        },
        lang,
    )
    check(
        mailer("subscribers", "release", "kari@agder.example", "--reason", "ny").out,
        {
            "nb": ("Sperringen av kari@agder.example er opphevet.",),
            "nn": ("Sperringa av kari@agder.example er oppheva.",),
        },
        lang,
    )
    check(
        mailer("subscribers", "erase", "ingen@x.example", typed="n\n").out,
        {"nb": (r"Det kan ikke angres\. \[j/N\]",), "nn": (r"Det kan ikkje angrast\. \[j/N\]",)},
        lang,
    )


@pytest.mark.usefixtures("earlier")
def test_lists_by_region_and_month(mailer: Run, lang: str) -> None:
    check(
        mailer("lists").out,
        {
            "nb": (
                r"Aktive +På vent +Avmeldte +Sperrede",
                "Helse Midt-Norge RHF",
                "5 personer med 6 aktive abonnementer",
            ),
            "nn": (r"Aktive +På vent +Avmelde +Sperra", "Helse Midt-Noreg RHF", "5 personar med 6 aktive abonnement"),
        },
        lang,
    )
    check(
        mailer("lists", "--history").out,
        {
            "nb": (r"^Abonnementer på alle lister, [a-z]+\.? \d{4} til ", r"Måneder +[a-z]+\.? \d{4} +Flest +Nå\n"),
            "nn": (r"^Abonnement på alle lister, [a-z]+\.? \d{4} til ", r"Månader +[a-z]+\.? \d{4} +Flest +No\n"),
        },
        lang,
    )


def test_files_and_tools_get_the_same_in_every_language(
    mailer: Run, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> tuple[Any, ...]:
        mailer("subscribers", "export", "people.csv", "--replace", "--status", "all")
        shown = mailer("subscribers", "import", "people.csv", "--dry-run", "--json").json
        person = mailer("subscribers", "show", "kari@agder.example", "--json").json
        return Path("people.csv").read_bytes(), shown, person, mailer("lists", "--json").json

    in_norwegian = told()
    monkeypatch.setenv("MAILER_INTERFACE__LANG", "en")
    assert told() == in_norwegian
    assert lang in {"nb", "nn"}


@pytest.mark.parametrize("columns", [60, 80])
def test_the_numbers_of_an_import_stand_in_columns_on_a_narrow_screen(
    mailer: Run, lang: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = re.sub(r"\x1b\[[\d;]*m", "", mailer("subscribers", "import", "people.csv", "--dry-run").out)
    assert max(map(len, shown.splitlines())) <= columns
    numbers = shown.partition("éi for " if lang == "nn" else "én for ")[2].splitlines()[1:-2]
    meanings = [each for each in numbers if re.match(r"\w[\w ]+ +\d  ", each)]
    begins = {each.index(re.search(r"\d  ", each)[0]) for each in meanings}  # type: ignore[index]
    assert len(meanings) == 9
    assert len(begins) == 1
    (at,) = begins
    folded = [each for each in numbers if each.startswith(" ") and not each.strip().startswith("Rett")]
    assert all(len(each) - len(each.lstrip()) == at + 3 for each in folded)
