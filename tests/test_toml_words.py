import tomllib

import pytest

from mailer.catalogue import Message, render
from mailer.toml_words import PLACE, reason_in_words, reason_of_toml


@pytest.mark.parametrize(
    ("text", "norwegian"),
    [
        ('title "a"', "det mangler et = etter nøkkelen"),
        ('title = "a', "teksten mangler anførselstegn til slutt"),
        ('title = "a\nb = 1', "teksten mangler anførselstegn på slutten av linjen"),
        ("title = a", "verdien kan ikke leses"),
        ("title =", "verdien kan ikke leses"),
        ('title = "a" b', "det står mer på linjen etter verdien"),
        ("date = 2024-02-30", "datoen eller klokkeslettet finnes ikke"),
        ("items = [1, 2", "listen mangler hakeparentesen til slutt"),
        ("contact = { a = 1", "tabellen mangler klammen til slutt"),
        ("contact = { a = 1, a = 2 }", "nøkkelen 'a' står to ganger i tabellen"),
        ('title = "C:\\w"', r"teksten inneholder en enslig \, som må skrives \\"),
        ("a = 1\na = 2", "den samme nøkkelen står to ganger"),
        ("[a]\n[a]", "('a',) står to ganger"),
        ("[[a", "overskriften mangler de to hakeparentesene til slutt"),
        ("[a", "overskriften mangler hakeparentesen til slutt"),
        ("= 1", "linjen er verken en nøkkel med verdi eller en [overskrift]"),
        ("[=]", "en nøkkel kan ikke begynne slik"),
        ("# \x01", r"tegnet '\x01' kan ikke stå her"),
    ],
)
def test_what_the_library_says_of_broken_toml_is_a_message_with_its_own_words(text: str, norwegian: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    told = reason_in_words(str(caught.value))
    assert isinstance(told, Message)
    assert told == PLACE.sub("", str(caught.value)).strip()
    assert render(told, "nb") == norwegian


def test_what_is_not_known_stays_as_it_is() -> None:
    assert reason_in_words("maximum recursion depth exceeded") == "maximum recursion depth exceeded"


@pytest.mark.parametrize(
    ("text", "place"),
    [("a = 1\nb = ?\n", " (linje 2, kolonne 5)"), ('a = "b', " (på slutten av filen)")],
)
def test_the_whole_reason_has_its_place_and_is_as_python_tells_it_in_english(text: str, place: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as refused:
        tomllib.loads(text)
    told = reason_of_toml(refused.value)
    assert str(told) == str(refused.value)
    assert render(told, "nb").endswith(place)
