"""What is still to be filled in is named at its place (`placeholders`), and what is complete is not."""

from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.lint import lint
from mailer.issue.markdown.unfinished import find_unfinished
from mailer.issue.model import Finding, Severity
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
HINT = "Write what belongs there, or leave it out."


@pytest.fixture
def found(read_files: ReadFiles) -> Callable[..., list[Finding]]:
    def find(text: str, *, facts: str = 'title = "A"') -> list[Finding]:
        reading = read_files({"items/010-mote.md": f"+++\n{facts}\n+++\n{text}\n"})
        issue = reading.issue or reading.readable
        assert issue is not None
        linted = lint(issue, today=date(2024, 2, 5), sources=reading.sources)
        return [each for each in (*reading.findings, *linted) if each.rule == "placeholder"]

    return find


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("Fristen er XX.XX.2024.", 12, "XX.XX.2024"),
        ("Fristen er xx.xx.", 12, "xx.xx."),
        ("Fristen er dd.mm.åååå her.", 12, "dd.mm.åååå"),
        ("Fristen er 00.00.0000.", 12, "00.00.0000"),
        ("Fristen er xx. mars.", 12, "xx"),
        ("Det koster XX kroner.", 12, "XX"),
        ("Ansvarlig: NN.", 12, "NN"),
        ("Spør N.N. om det.", 6, "N.N."),
        ("Spør Navn Navnesen.", 6, "Navn Navnesen"),
        ("Vi møtes i 20XX.", 12, "20XX"),
        ("Vi møtes TODO.", 10, "TODO"),
        ("Sted: TBD.", 7, "TBD"),
        ("Prop. XXX L kommer.", 7, "XXX"),
        ("Det er xxx søkere.", 8, "xxx"),
        ("Les FIXME her.", 5, "FIXME"),
        ("Husk todo: tall.", 6, "todo:"),
        ("Lorem ipsum dolor.", 1, "Lorem ipsum"),
        ("Hva er det???", 11, "???"),
        ("Spør [navn] om det.", 6, "[navn]"),
        ("Spør [Navn Navnesen] om det.", 6, "[Navn Navnesen]"),
        ("Vi møtes [dato].", 10, "[dato]"),
        ("Se [lenke kommer].", 4, "[lenke kommer]"),
        ("Se [sett inn lenke].", 4, "[sett inn lenke]"),
        ("Se [TODO: Kari sjekker XX.XX.2024].", 4, "[TODO: Kari sjekker XX.XX.2024]"),
        ("Se [insert link].", 4, "[insert link]"),
        ("Tekst. [Signatur]", 8, "[Signatur]"),
        ("Dear [name], hello.", 6, "[name]"),
        ("Kjære {{ fornavn }} der.", 7, "{{ fornavn }}"),
        ("Møt <dato: dd.mm> her.", 5, "<dato: dd.mm>"),
        ("Klikk her for å skrive inn tekst.", 1, "Klikk her for å skrive inn tekst"),
        ("Velg en dato.", 1, "Velg en dato"),
        ("Type: Velg et element.", 7, "Velg et element"),
        ("Tekst kommer.", 1, "Tekst kommer."),
        ("Bilete kjem seinare", 1, "Bilete kjem seinare"),
    ],
)
def test_what_is_still_to_be_filled_in_is_named_at_its_place(
    found: Callable[..., list[Finding]], text: str, at: int, words: str
) -> None:
    (finding,) = found(text)
    assert (finding.severity, finding.line, finding.column, finding.words) == (Severity.WARNING, 4, at, words)
    assert (finding.message, finding.hint) == ("something is still to be filled in here", HINT)


def test_a_place_in_angle_brackets_that_looks_like_html_is_an_error(found: Callable[..., list[Finding]]) -> None:
    (finding,) = found("Kontakt <sett inn navn> her.")
    assert (finding.severity, finding.line, finding.column) == (Severity.ERROR, 4, 9)
    assert (finding.words, finding.message) == ("<sett inn navn>", "something is still to be filled in here")
    assert finding.hint == HINT
    assert found('<time datetime="2024">mars</time>') == []


def test_titles_places_and_names_are_looked_at(found: Callable[..., list[Finding]]) -> None:
    facts = 'title = "Møte XX"\ncontacts = ["[navn] <a@b.example>"]\ndates = [{ date = 2024-03-01, place = "TBD" }]'
    assert [(each.line, each.words) for each in found("Tekst.", facts=facts)] == [(2, "XX"), (3, "[navn]"), (4, "TBD")]


@pytest.mark.parametrize(
    "text",
    [
        "Se navn og tittel, tid og sted.",
        "Kapittel XX i del XXX, bind XX og versjon XX.",
        "Størrelse XXL, kjønn XX/XY, 46,XX og EXXON.",
        "Hva? Hva?? Ingen [vet] det [sic] i [Norge] eller […].",
        "NB/NN, NN-gruppa og INN.",
        "Metoden todo er ny, og Todo-listen også.",
        "Mer tekst kommer i mars. Kl. 00.00 den 10.10.2024.",
        "Klikk her for å lese.",
        "Velg en dato som passer. Her kan du velg en dato.",
    ],
)
def test_words_that_are_complete_are_no_placeholders(text: str) -> None:
    assert [*find_unfinished(text)] == []


def test_words_of_a_link_stand_in_no_brackets(found: Callable[..., list[Finding]]) -> None:
    assert found("Se [navn](https://a.example/) og [tittelen på saken](https://b.example/).") == []


def test_of_places_within_each_other_the_longest_is_named_and_the_next_is_not_lost() -> None:
    assert [*find_unfinished("[TODO: XX ???] ??? XX")] == [(0, "[TODO: XX ???]"), (15, "???"), (19, "XX")]


def test_a_mark_without_a_note_is_named_and_one_with_a_note_is_not(found: Callable[..., list[Finding]]) -> None:
    (finding,) = found("Les mer[1] og se [2].\n\n[2] NOU 2020: 1.")
    assert (finding.severity, finding.line, finding.column, finding.words) == (Severity.WARNING, 4, 8, "[1]")
    assert finding.message == "this mark leads to no note"
    assert finding.hint == "Write a footnote ([^1] here, and [^1]: … below), link to the source, or leave the mark out."
    assert [each.words for each in found("Se [1, 2].\n\n[1] NOU.")] == ["[1, 2]"]
    assert found("Se [1–2] og [2023].\n\n- [1] NOU.\n- [2] Prop.") == []
    assert [each.words for each in found("Se [20].\n\n[2023] NOU.")] == ["[20]"]
    assert found("Se [1] og [2].\n\nTlf. 22 34 56 78\n[1] NOU.\n[2] Prop.") == []


@pytest.mark.parametrize(
    ("text", "at"), [("Det er bra.1 Vi er her.", 12), ("Det er bra.\n\n- Er det bra?12", 14), ("Bra!2\nMer", 5)]
)
def test_a_number_right_behind_a_sentence_may_be_the_mark_of_a_note(
    text: str, at: int, found: Callable[..., list[Finding]]
) -> None:
    (finding,) = found(text)
    assert (finding.column, finding.message) == (at, "this number may be the mark of a note")
    assert finding.hint.startswith("Write a footnote ([^1] here, and [^1]: … below)")


def test_a_number_right_behind_a_word_is_the_mark_of_a_note_where_a_line_begins_with_it(
    found: Callable[..., list[Finding]],
) -> None:
    text = "En studie1 viser det, og vitamin2 og NEWS1 og legen11 er her.\n\n- Ett.\n\n"
    assert [(each.column, each.words) for each in found(f"{text}1 Berg N. med flere")] == [(10, "1")]
    assert [each.words for each in found(f"{text}Se\n1) Berg N.\n2. Per")] == ["1", "2"]
    assert found(f"{text}1 berg") == []


@pytest.mark.parametrize(
    "text", ["Se kap.2 Mål", "Se pkt.3", "Kl.10 Vi", "Versjon 3.2 Ny", "Bra.100 Vi", "bra.2 er", "A.1 Vi"]
)
def test_numbers_of_chapters_and_versions_are_no_marks_of_notes(text: str, found: Callable[..., list[Finding]]) -> None:
    assert found(text) == []


def test_a_letter_in_brackets_behind_a_word_is_a_mark_where_letters_begin_with_a(
    found: Callable[..., list[Finding]],
) -> None:
    assert [each.words for each in found("Noe mangler[a] her.[b]")] == ["[a]", "[b]"]
    assert found("Noe mangler[a] her.[b]\n\n[a] NOU.\n\n[b] Prop.") == []
    assert [each.words for each in found("Noe mangler[a] her.\n\n[a]Kan vi få tall?")] == ["[a]"]
    assert found("Hver kommune[r] og lege[n] [a] svarer.\n\nTegnet[b]et") == []
