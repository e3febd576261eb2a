"""What is wrong with the workspace's settings and database, told in each language by the real command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def speak(mailer: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command in a language."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object, lang: str, **environ: str) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environ | {"MAILER_INTERFACE__LANG": lang}).items():
                patch.setenv(name, value)
            return mailer(*arguments)

    return run


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("nb", "feil config.toml:{line}: [theme] radius: verdien er ikke gyldig\nGyldig: et helt tall fra 0 til 24.\n"),
        (
            "nn",
            "feil config.toml:{line}: [theme] radius: verdien er ikkje gyldig\nGyldig: eit heilt tal frå 0 til 24.\n",
        ),
        (
            "en",
            "error config.toml:{line}: [theme] radius: the value is not allowed\nAllowed: a whole number from 0 to ",
        ),
    ],
)
def test_a_value_that_is_not_allowed(lang: str, told: str, workspace: Path, speak: Run) -> None:
    file = workspace / "config.toml"
    text = file.read_text("utf-8").replace("radius = 4\n", "radius = 40\n")
    file.write_text(text, "utf-8")
    line = text.splitlines().index("radius = 40") + 1
    assert speak("lists", lang=lang).err.startswith(told.format(line=line))


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("nb", "feil miljøvariabelen MAILER_SMTP__PROT: innstillingen finnes ikke\nMente du MAILER_SMTP__PORT?\n"),
        ("nn", "feil miljøvariabelen MAILER_SMTP__PROT: innstillinga finst ikkje\nMeinte du MAILER_SMTP__PORT?\n"),
    ],
)
def test_a_setting_that_there_is_not(lang: str, told: str, workspace: Path, speak: Run) -> None:
    assert workspace.is_dir()
    assert speak("lists", lang=lang, MAILER_SMTP__PROT="1").err == told


def test_the_settings_that_are_in_force(workspace: Path, speak: Run) -> None:
    assert workspace.is_dir()
    shown = speak("config", "show", lang="nn").out
    heads, *rows = (line.split() for line in shown.splitlines()[1:] if line[0] in "N[")
    assert heads == ["Nøkkel", "Verdi", "Frå"]
    assert ["[smtp]", "password", "standard"] in rows
    assert ["[interface]", "lang", "nn", "miljøvariabel"] in rows


def test_tools_read_the_settings_in_english(workspace: Path, speak: Run) -> None:
    assert workspace.is_dir()
    settings = speak("config", "show", "--json", lang="nb").json["settings"]
    origins = {f"{each['section']}.{each['key']}": each["from"] for each in settings}
    assert (origins["smtp.password"], origins["interface.lang"]) == ("default", "environment")


@pytest.mark.parametrize(
    ("lang", "what", "hint"),
    [
        ("nb", "databasen kan ikke brukes: filen er ikke en database", "Er det riktig fil?"),
        ("nn", "databasen kan ikkje brukast: fila er ikkje ein database", "Er det rett fil?"),
        ("en", "the database cannot be used: file is not a database", "Is it the right file?"),
    ],
)
def test_a_file_that_is_no_database(lang: str, what: str, hint: str, workspace: Path, speak: Run) -> None:
    file = workspace / "notes.txt"
    file.write_text("These are no tables, but words.\n" * 100, "utf-8")
    told = speak("lists", lang=lang, MAILER_DATABASE__URL=f"sqlite:///{file}").err
    assert what in told
    assert hint in told
