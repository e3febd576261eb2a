"""What is read on the terminal is in the language of the interface, what tools read in English with ids beside it.

`language` decides, and `typer_words` puts the words of Typer into it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SLUG = "2024-01"
Run = Callable[..., Any]
Speak = Callable[..., Any]


@pytest.fixture
def speak(workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch) -> Speak:
    """Run a command with such an environment; the small issue's item lacks a contact."""
    monkeypatch.setenv("COLUMNS", "200")
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace('contacts = ["kari@ks.example"]\n', ""), "utf-8")

    def run(*arguments: object, lang: str | None = None, typed: str = "", **environ: str) -> Any:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (environ | ({} if lang is None else {"MAILER_INTERFACE__LANG": lang})).items():
                patch.setenv(name, value)
            return mailer(*arguments, typed=typed)

    return run


@pytest.mark.parametrize(
    ("lang", "finding", "why", "counts"),
    [
        ("nb", "saken har ingen kontaktperson", "De som vil vite mer", "0 feil, 0 advarsler, "),
        ("nn", "saka har ingen kontaktperson", "Dei som vil vite meir", "0 feil, 0 åtvaringar, "),
        ("en", "the item names nobody to ask", "Who wants to know more", "0 errors, 0 warnings, "),
    ],
)
def test_findings_and_their_number(lang: str, finding: str, why: str, counts: str, speak: Speak) -> None:
    told = speak("check", SLUG, lang=lang).out
    assert finding in told
    assert why in told
    assert counts in told


def test_tools_get_english_and_what_it_was_written_from(speak: Speak) -> None:
    findings = speak("check", SLUG, "--json", lang="nn").json["findings"]
    (finding,) = [each for each in findings if each["rule"] == "no-contact"]
    assert finding["message"] == "the item names nobody to ask"
    assert (finding["id"], finding["values"]) == ("findings.no-contact", {})
    assert finding["hint_id"] == "findings.no-contact-hint"


@pytest.mark.parametrize(
    ("lang", "what", "hint"),
    [
        ("nb", "feil 2024-01: denne utgaven er ikke testsendt", "Først: mailer test-send 2024-01 --to ADRESSE"),
        ("nn", "feil 2024-01: denne utgåva er ikkje testsend", "Først: mailer test-send 2024-01 --to ADRESSE"),
        ("en", "error 2024-01: this edition was never test-sent", "First: mailer test-send 2024-01 --to ADDRESS"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(lang: str, what: str, hint: str, speak: Speak) -> None:
    refused = speak("send", SLUG, "--confirm", "3", lang=lang)
    assert refused.code == 1
    assert refused.err.startswith(f"{what}\n{hint}")


def test_a_person_is_asked_for_the_number_of_recipients(speak: Speak) -> None:
    asked = speak("send", SLUG, "--untested", lang="nn", typed="2\n")
    assert "Skriv kor mange du vil sende til (4), eller trykk Enter for å stoppe:" in asked.out
    assert asked.err == "feil: du stadfesta 2, men det er 4\nIngenting er sendt.\n"
    nobody = speak("send", SLUG, "--untested", lang="nb")
    assert "feil: ingen skrev antallet mottakere; ingenting er sendt" in nobody.err
    assert "--confirm 4" in nobody.err


def test_an_error_for_tools_has_its_id(speak: Speak) -> None:
    told = speak("send", SLUG, "--list", "no-such-list", "--dry-run", "--json", lang="nn")
    assert told.code == 1
    assert "what" in told.json["error"]


@pytest.mark.parametrize(
    ("arguments", "nb", "nn"),
    [
        (["send"], "Argumentet 'SLUG' mangler.", "Argumentet 'SLUG' manglar."),
        (["sendd"], "Kommandoen 'sendd' finnes ikke. Mente du", "Kommandoen 'sendd' finst ikkje. Meinte du"),
        (["test-send", "x"], "Valget '--to' mangler.", "Valet '--to' manglar."),
        (["send", "x", "--frob"], "Valget --frob finnes ikke", "Valet --frob finst ikkje"),
        (["send", "x", "y"], "for mange argumenter: y", "for mange argument: y"),
        (["send", "x", "--confirm", "y"], "'--confirm': skriv et heltall", "'--confirm': skriv eit heiltal"),
        (["send", "x", "--confirm", "-1"], "tallet må være minst 0", "talet må vere minst 0"),
        (["send", "x", "--confirm"], "Valget '--confirm' trenger en verdi.", "Valet '--confirm' treng ein verdi."),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_typer_refuses(arguments: list[str], nb: str, nn: str, speak: Speak) -> None:
    for lang, words in (("nb", nb), ("nn", nn)):
        refused = speak(*arguments, lang=lang)
        assert refused.code == 2
        assert words in refused.err
        assert "─ Feil ─" in refused.err


def test_usage_stands_above_what_is_refused(speak: Speak) -> None:
    usage, way_out, *_ = speak("send", lang="nn").err.splitlines()
    assert usage.startswith("Bruk: ")
    assert usage.endswith("send [VAL] [SLUG]")
    assert way_out.startswith("Få hjelp med ")


def test_the_frame_of_help(speak: Speak) -> None:
    told = speak("subscribers", "erase", "--help", lang="nn").out
    for words in (
        " Bruk: ",
        "─ Argument ─",
        "─ Val ─",
        "[må oppgjevast]",
        "Vis denne hjelpa",
    ):
        assert words in told


def test_a_question_is_answered_in_the_language(speak: Speak) -> None:
    asked = speak("subscribers", "erase", "kari@agder.example", lang="nb", typed="nei\n")
    assert "[j/N]" in asked.out
    assert (asked.code, asked.err.strip()) == (1, "Avbrutt.")
    assert speak("subscribers", "erase", "kari@agder.example", lang="nb", typed="kanskje\nja\n").code == 0


# --- Which language it is ---------------------------------------------------------------------------


def set_in_file(workspace: Path, lang: str) -> None:
    file = workspace / "config.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace('your terminal.\nlang = ""', f'your terminal.\nlang = "{lang}"'), "utf-8")


def test_the_environment_comes_before_the_file_and_the_file_before_the_terminal(workspace: Path, speak: Speak) -> None:
    assert "0 feil, 0 advarsler" in speak("check", SLUG, LC_ALL="nb_NO.UTF-8").out
    set_in_file(workspace, "nn")
    assert "0 feil, 0 åtvaringar" in speak("check", SLUG, LC_ALL="nb_NO.UTF-8").out
    assert "0 errors" in speak("check", SLUG, lang="en", LC_ALL="nb_NO.UTF-8").out
    assert "0 feil, 0 advarsler" in speak("check", SLUG, lang="", LC_ALL="nb_NO.UTF-8").out


def test_help_and_errors_follow_the_file_that_is_named_also_when_it_is_broken(workspace: Path, speak: Speak) -> None:
    set_in_file(workspace, "nn")
    assert "Vis denne hjelpa" in speak("--config", str(workspace / "config.toml"), "send", "--help").out
    with (workspace / "config.toml").open("a", encoding="utf-8") as file:
        file.write("\nbroken\n")
    broken = speak("check", SLUG)
    assert broken.code == 1
    assert broken.err.startswith("feil ")


def test_no_workspace_and_no_cache_are_no_hindrance(speak: Speak, tmp_path: Path) -> None:
    told = speak("--config", str(tmp_path / "none.toml"), "check", "x", LC_ALL="nb_NO", XDG_CACHE_HOME="/dev/null")
    assert told.code == 2
    assert told.err.startswith("feil ")


def test_an_unknown_language_is_an_error_that_names_the_known_ones(workspace: Path, speak: Speak) -> None:
    told = speak("check", SLUG, lang="se")
    assert told.code == 1
    assert "environment variable MAILER_INTERFACE__LANG" in told.err
    assert "nb, nn or en, or empty" in told.err
    set_in_file(workspace, "se")
    assert "[interface] lang" in speak("check", SLUG).err
