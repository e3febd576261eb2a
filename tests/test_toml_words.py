"""What Python's own reader of TOML says about files as editors spoil them."""

import tomllib

import pytest

from mailer.catalogue import Message, render
from mailer.toml_words import reason_of_toml


def fault(text: str) -> tomllib.TOMLDecodeError:
    with pytest.raises(tomllib.TOMLDecodeError) as refused:
        tomllib.loads(text)
    return refused.value


@pytest.mark.parametrize(
    ("text", "bokmaal"),
    [
        ("a = 1\na = 2", "nøkkelen står der fra før (på slutten av filen)"),
        ("[a]\n[b]\n[a]\n", "('a',) kan ikke stå to ganger (linje 3, kolonne 3)"),
        ("name Kari\n", "det mangler = etter nøkkelen (linje 1, kolonne 6)"),
        ("name =\n", "verdien er ikke gyldig; tekst må stå i anførselstegn (linje 1, kolonne 7)"),
        ("name = Kari\n", "verdien er ikke gyldig; tekst må stå i anførselstegn (linje 1, kolonne 8)"),
        ('name = "Kari\n', "tegnet '\\n' kan ikke stå her (linje 1, kolonne 13)"),
        ('name = "Kari', "det mangler anførselstegn etter teksten (på slutten av filen)"),
        ('name = "Kari" Berg\n', "det står noe etter verdien; begynn på en ny linje (linje 1, kolonne 15)"),
        ("[smtp\nport = 1\n", "det mangler en hakeparentes etter navnet på seksjonen (linje 1, kolonne 6)"),
        ("[[a]\n", "det mangler to hakeparenteser etter navnet på tabellen (linje 1, kolonne 4)"),
        ("a = [1\nb = 2\n", "det mangler en hakeparentes etter listen (linje 2, kolonne 1)"),
        ("= 1\n", "linjen er verken en nøkkel eller en seksjon (linje 1, kolonne 1)"),
        ("a.= 1\n", "en nøkkel kan ikke begynne slik (linje 1, kolonne 3)"),
        ("a = 2024-02-31\n", "datoen finnes ikke (linje 1, kolonne 5)"),
        ('a = "C:\\dir"\n', "skriv en omvendt skråstrek som \\\\ i tekst (linje 1, kolonne 10)"),
        ("a = {b = 1\n", "det mangler en krøllparentes til slutt (linje 1, kolonne 11)"),
    ],
)
def test_a_slip_is_told_in_norwegian_and_in_english_as_python_tells_it(text: str, bokmaal: str) -> None:
    error = fault(text)
    told = reason_of_toml(error)
    assert str(told) == str(error)
    assert isinstance(told, Message)
    assert render(told, "nb") == bokmaal


def test_what_is_not_known_stays_as_it_is() -> None:
    error = tomllib.TOMLDecodeError("Something new (at line 2, column 7)")
    assert reason_of_toml(error) == "Something new (at line 2, column 7)"
