"""Stars of notes and of forms are printed as written, and told where they may have been meant for italics."""

import pytest

from mailer.issue.markdown.blocks import parse_blocks, parse_inlines
from mailer.issue.model import Block, Emphasis, Finding, LineBreak, List, Paragraph, Strong, Text

KEPT = "“*” is printed as written, and makes no italics here"
HINT = "For italics, write _ in the place of *. Nothing to do if the star leads to a note."


def parse(text: str, *, first_line: int = 1) -> tuple[tuple[Block, ...], tuple[Finding, ...]]:
    return parse_blocks(text, file="items/x.md", lang="nb", first_line=first_line)


def printed(text: str) -> str:
    """The paragraphs as they are printed, with an empty line between; words in italics or bold are in no string."""
    return "\n\n".join(map(lines_of, parse(text)[0]))


def lines_of(block: Block) -> str:
    assert isinstance(block, Paragraph)
    assert all(isinstance(each, Text | LineBreak) for each in block.inlines)
    return "".join(each.text if isinstance(each, Text) else "\n" for each in block.inlines)


@pytest.mark.parametrize(
    "text",
    [
        "Navn (*) og alder (*) er påkrevd.",
        "Navn (**) og alder (**) er påkrevd.",
        "Navn [*] og alder [*] er påkrevd.",
        "Navn «*» og alder «*» er påkrevd.",
        'Navn "*" og alder "*" er påkrevd.',
        "Navn “*” og alder ”*” er påkrevd.",
        "*) Gjelder 2023.\nPris: 500 kr*)",
        "Pris: 500 kr *\nLunsj: 100 kr **\n* Gjelder medlemmer\n** Gjelder ikke drikke",
        "Navn *\nE-post *\n* Må fylles ut",
        "Andel: 14 %*, se **.\n* Kilde: NPR\n** Kilde: SSB",
        "Tall med p-verdi\n* p < 0,05\n** p < 0,01\n*** p < 0,001",
        "Krav: norsk B2-nivå*\n* Eller tilsvarende.\nFrist: 1. mars",
        "*Uten frakt: 100 kr\nPris: 500 kr* eller mindre\nLunsj: 100 kr",
    ],
)
def test_stars_of_notes_and_of_forms_are_printed_as_written_and_are_no_marks_left_over(text: str) -> None:
    assert printed(text) == text
    assert "left-over-mark" not in {each.rule for each in parse(text)[1]}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("*Gjelder 2023.\nPris: 500 kr*", 10, "*Gjelder 2023."),
        ("*Obligatorisk felt\nNavn*\nE-post*", 10, "*Obligatorisk felt"),
        ("Skjema:\n*Obligatorisk felt\nNavn*\nE-post*", 11, "*Obligatorisk felt"),
        ("Pris: 500 kr*\n\n*Gjelder 2023. Se også lunsj*", 12, "*Gjelder 2023. Se også lunsj*"),
    ],
)
def test_a_star_that_may_have_meant_italics_is_printed_as_written_and_told(text: str, line: int, words: str) -> None:
    assert printed(text) == text
    (finding,) = parse(text, first_line=10)[1]
    assert (finding.rule, finding.message, finding.hint) == ("sign", KEPT, HINT)
    assert (finding.line, finding.words) == (line, words)


def test_so_are_they_in_the_texts_of_dates_and_links() -> None:
    inlines, (finding,) = parse_inlines("*Gjelder 2023.\nPris: 500 kr*", file="issue.toml", lang="nb", first_line=7)
    assert inlines == (Text("*Gjelder 2023."), LineBreak(), Text("Pris: 500 kr*"))
    assert (finding.rule, finding.line) == ("sign", 7)


@pytest.mark.parametrize(
    ("text", "inlines"),
    [
        ("*Dette er en setning som er\nbrutt.*", (Emphasis((Text("Dette er en setning som er brutt."),)),)),
        ("*Kari Holm  \nOslo*", (Emphasis((Text("Kari Holm"), LineBreak(), Text("Oslo"))),)),
        ("_Kari Holm\nOslo_", (Emphasis((Text("Kari Holm"), LineBreak(), Text("Oslo"))),)),
        ("**Kari Holm\nOslo**", (Strong((Text("Kari Holm"), LineBreak(), Text("Oslo"))),)),
        ("Kari\n*Holm*\nOslo", (Text("Kari"), LineBreak(), Emphasis((Text("Holm"),)), LineBreak(), Text("Oslo"))),
        ("(*viktig*)", (Text("("), Emphasis((Text("viktig"),)), Text(")"))),
        ("*«Viktig»*", (Emphasis((Text("«Viktig»"),)),)),
    ],
)
def test_words_between_stars_are_in_italics_also_where_a_line_was_wrapped(
    text: str, inlines: tuple[object, ...]
) -> None:
    (paragraph,), findings = parse(text)
    assert isinstance(paragraph, Paragraph)
    assert paragraph.inlines == inlines
    assert "sign" not in {each.rule for each in findings}


@pytest.mark.parametrize(
    "text",
    [
        "Det er **viktig**.\n\n* Punkt",
        "Det er *viktig* å\n*lese* dette.\n\n* Punkt",
        "Pris* er 100 kr.\n\n* En\n\n* To",
        "Det er *viktig * her.\n\n* Punkt",
        "* En\n** To\n** Tre",
    ],
)
def test_a_point_to_which_no_star_leads_stays_a_point(text: str) -> None:
    assert any(isinstance(each, List) for each in parse(text)[0])


def test_words_in_italics_alone_stay_so_where_no_star_leads_to_them() -> None:
    text = "Det er *viktig*.\n\n*Les mer om det.*"
    assert parse(text)[0][1] == Paragraph((Emphasis((Text("Les mer om det."),)),), line=3)
