"""The words of a local page: in the language of the interface, or told apart from a text that has none."""

import pytest

from mailer.bootstrap import Services
from mailer.catalogue import Lang, msg
from mailer.local.access import Access
from mailer.local.doors import make_doors
from mailer.local.speaking import speaking


def spoken(services: Services, lang: str) -> Services:
    return Services(settings=services.settings, environ={"LANG": lang})


def test_a_template_writes_its_own_sentences_and_those_of_others(services: Services) -> None:
    words = speaking(spoken(services, "nn"))
    assert words["lang"] == "nn"
    assert words["msg"]("preview.count-mails", count=2) == "2 e-postar"
    assert words["render"](msg("preview.in-the-inbox")) == "I innboksen"
    assert words["render"]("Only English") == "Only English"
    assert (words["is_message"](msg("preview.stop")), words["is_message"]("Only English")) == (True, False)


@pytest.mark.parametrize(
    ("lang", "used", "nothing"),
    [
        ("nb", "Denne adressen er brukt", "Her vises ingenting"),
        ("nn", "Denne adressa er brukt", "Her er det ingenting å sjå"),
        ("en", "This address has been used", "Nothing is shown here"),
    ],
)
def test_the_pages_before_the_secret_are_in_the_language_of_the_interface(
    lang: Lang, used: str, nothing: str, services: Services
) -> None:
    doors = make_doors(spoken(services, lang), Access())
    for page, heading in ((doors.used, used), (doors.nothing, nothing)):
        html = bytes(page.body).decode()
        assert f'<html lang="{lang}">' in html
        assert f"<h1>{heading}</h1>" in html


def test_an_older_copy_of_a_template_still_has_its_labels(services: Services) -> None:
    folder = services.settings.paths.templates
    old, locale = folder / "web" / "local.html.j2", folder / "locale" / "nb" / "LC_MESSAGES" / "mailer.po"
    earlier = {file: file.read_text("utf-8") for file in (old, locale)}
    try:
        old.write_text('<h1>{{ label("Opening") }}</h1>', "utf-8")
        locale.write_text(f'{earlier[locale]}\nmsgid "Opening"\nmsgstr "Åpner"\n', "utf-8")
        assert bytes(make_doors(spoken(services, "nb"), Access()).used.body).decode() == "<h1>Åpner</h1>"
    finally:
        for file, text in earlier.items():
            file.write_text(text, "utf-8")
