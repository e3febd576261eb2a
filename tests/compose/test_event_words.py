"""What an entry of a calendar is called, and where its reader signs up."""

from time import perf_counter

import pytest

from mailer.compose.calendar.event_words import links_of, name_of_event
from mailer.issue.markdown.blocks import parse_inlines
from mailer.issue.model import Inlines, Link, Text
from mailer.languages import Lang


def parsed(text: str, lang: Lang = "nb") -> Inlines:
    inlines, findings = parse_inlines(text, file="f", lang=lang)
    assert not [each for each in findings if each.severity == "error"]
    return inlines


LINK = "[Helsekonferansen 2027](https://paamelding.example/2027)"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Helsekonferansen KS/HOD. Påmelding: {LINK}", "Helsekonferansen KS/HOD"),
        (f"Erfaringskonferanse i Oslo påmelding: {LINK}.", "Erfaringskonferanse i Oslo"),
        (f"Fagdag i Bodø. Program og påmelding her: {LINK}", "Fagdag i Bodø"),
        (f"Fagdag i Bodø – meld deg på: {LINK}", "Fagdag i Bodø"),
        (f"Webinar: {LINK}", "Webinar"),
        (f"Webinar for alle i nord: {LINK}!", "Webinar for alle i nord"),
        ("Webinar om [rapporten](https://a.example) i Oslo", "Webinar om rapporten i Oslo"),
        (f"{LINK}", "Helsekonferansen 2027"),
        (f"Påmelding: {LINK}", "Påmelding: Helsekonferansen 2027"),
        (f"Påmelding: {LINK} – innan fredag", "Påmelding: Helsekonferansen 2027 – innan fredag"),
        ("Tilsett: kven er det?", "Tilsett: kven er det?"),
        (f"Konferanse **i Bergen**. Påmelding: {LINK}", "Konferanse i Bergen"),
        (f"Møte i Oslo. Se program: {LINK}", "Møte i Oslo"),
        (f"Møte i Oslo. For meir informasjon, sjå: {LINK}", "Møte i Oslo"),
        (f"Webinar? Lenke til påmelding: {LINK}", "Webinar?"),
        (f"Møte om registrering: {LINK}", "Møte om registrering"),
        (f"Kurs i bruk av informasjon: {LINK}", "Kurs i bruk av informasjon"),
        (f"Møte. Påmelding innan 3. mars: {LINK}", "Møte. Påmelding innan 3. mars"),
    ],
)
def test_an_event_goes_without_the_link_that_its_text_announces(text: str, name: str) -> None:
    assert name_of_event(parsed(text)) == name


def test_links_come_with_their_words_also_out_of_emphasis_and_not_those_without_address() -> None:
    text = "Sjå **[programmet](https://a.example/p)** og [påmeldinga]() og skriv til ola@a.example"
    assert links_of(parsed(text)) == (
        ("programmet", "https://a.example/p"),
        ("ola@a.example", "mailto:ola@a.example"),
    )


@pytest.mark.parametrize("part", ["påmelding", " -", " ,", "meld deg på ", "x"])
def test_a_long_text_is_named_at_once(part: str) -> None:
    started = perf_counter()
    name_of_event((Text(f"Møte {part * 20_000}!:"), Link(children=(Text("her"),), url="https://a.example")))
    assert perf_counter() - started < 1
