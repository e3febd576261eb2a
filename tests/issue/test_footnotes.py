"""Footnotes: numbers, order, links there and back, and what is told (`footnotes`, `finding`, `pictures`)."""

from collections.abc import Callable

import pytest

from mailer.issue.lint.passages import passages_of
from mailer.issue.markdown.blocks import parse_blocks, parse_inlines
from mailer.issue.model import (
    Blocks,
    Emphasis,
    Finding,
    FootnoteMark,
    Footnotes,
    Paragraph,
    Quote,
    Table,
    Text,
    plain_text,
)
from mailer.issue.pictures import images_in
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]


def parse(text: str, *, file: str = "items/010-Møte i Bodø.md") -> tuple[Blocks, tuple[Finding, ...]]:
    return parse_blocks(text, file=file, lang="nb", images=["images/a.png"])


def footnotes(text: str) -> Footnotes:
    block = parse(text)[0][-1]
    assert isinstance(block, Footnotes)
    return block


def marks(text: str) -> list[FootnoteMark]:
    paragraph = parse(text)[0][0]
    assert isinstance(paragraph, Paragraph)
    return [each for each in paragraph.inlines if isinstance(each, FootnoteMark)]


def shown(text: str) -> list[tuple[str, list[str]]]:
    return [
        (note.number, [plain_text(each.inlines) for each in note.blocks if isinstance(each, Paragraph)])
        for note in footnotes(text).notes
    ]


def told(text: str) -> list[str]:
    return [
        f"{each.line}:{each.column} {each.severity} {each.rule} [{each.words}] {each.message} | {each.hint}"
        for each in parse(text)[1]
    ]


def test_a_mark_leads_to_its_footnote_and_the_footnote_back() -> None:
    text = "Se tallene[^1] her.\n\n[^1]: Fra *i fjor*."
    (mark,) = marks(text)
    (note,) = footnotes(text).notes
    assert mark == FootnoteMark(number="1", to="note-010-m-te-i-bod-1", anchor="ref-010-m-te-i-bod-1")
    assert (note.number, note.anchor, note.back) == ("1", mark.to, mark.anchor)
    assert note.blocks == (Paragraph((Text("Fra "), Emphasis((Text("i fjor"),)), Text(".")), 3),)
    assert footnotes(text).line == 3
    assert parse(text)[1] == ()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("A[^1] b[^2]\n\n[^1]: x\n[^2]: y", ["1", "2"]),
        ("A[^3] b[^1]\n\n[^1]: x\n[^3]: y", ["3", "1"]),
        ("A[^a] b[^1] c[^b]\n\n[^1]: x\n[^a]: y\n[^b]: z", ["2", "1", "3"]),
        ("A[^12345]\n\n[^12345]: x", ["1"]),
        ("A[^1234]\n\n[^1234]: x", ["1234"]),
        ("A[^²]\n\n[^²]: x", ["1"]),
    ],
)
def test_a_number_is_shown_as_written_and_any_other_mark_gets_the_next_free_one(text: str, numbers: list[str]) -> None:
    assert [each.number for each in marks(text)] == numbers
    assert [note.number for note in footnotes(text).notes] == numbers
    assert parse(text)[1] == ()


def test_a_footnote_may_have_lines_and_paragraphs_and_marks() -> None:
    text = "A[^1]\n\n[^1]: Linje\nto\n\n    Nytt[^2] avsnitt\n\n[^2]: Sist\n\nUtenfor"
    assert shown(text) == [("1", ["Linje to", "Nytt avsnitt"]), ("2", ["Sist"])]
    assert [type(each).__name__ for each in parse(text)[0]] == ["Paragraph", "Paragraph", "Footnotes"]


def test_numbers_in_footnotes_stay_as_written() -> None:
    assert shown("A[^1]\n\n[^1]: 21. mai er frist.") == [("1", ["21. mai er frist."])]


def test_the_same_footnote_may_be_marked_often_with_an_anchor_for_each() -> None:
    text = "A[^1] b[^1]\n\n- c[^1]\n\n[^1]: x"
    first, second = marks(text)
    assert (first.to, first.anchor) == (second.to, "ref-010-m-te-i-bod-1")
    assert second.anchor == "ref-010-m-te-i-bod-1-2"
    assert footnotes(text).notes[0].back == first.anchor


def test_marks_stand_in_cells_headings_lists_and_links() -> None:
    text = "## A[^1]\n\n| b[^2] | [c](https://a.example/)[^3] |\n|---|---|\n| d | e |\n\n> f[^4]\n\n" + "\n".join(
        f"[^{number}]: x{number}" for number in (4, 3, 2, 1)
    )
    assert [note.number for note in footnotes(text).notes] == ["1", "2", "3", "4"]
    assert any(isinstance(each, Table) for each in parse(text)[0])
    assert parse(text)[1] == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Først\nSe[^2].",
            (
                "2:3 warning footnote [[^2]] this mark has no footnote; it is printed as written | "
                "Write [^2]: and the words of the footnote on a line of their own."
            ),
        ),
        (
            "Se.\n\n[^2]: x",
            (
                "3:1 warning footnote [[^2]:] no mark leads to this footnote; it is printed last | "
                "Write [^2] in the text where the footnote belongs, or remove it."
            ),
        ),
        (
            "Se[^a].\n\n[^a]: x\n[^a]: y",
            (
                "4:1 warning footnote [[^a]:] two footnotes are called [^a]; both are printed, and marks lead to "
                "the first | "
                "Give one of them another name, and its mark too."
            ),
        ),
        (
            "Se.\n\n[^a]:",
            (
                "3:1 warning footnote [[^a]:] this footnote has no words | "
                "Write [^a]: and the words of the footnote on a line of their own."
            ),
        ),
    ],
)
def test_marks_and_footnotes_that_lack_each_other_are_told(text: str, said: str) -> None:
    assert told(text) == [said]


@pytest.mark.parametrize("empty", ["", " <!-- x -->", " ---", " > <!-- x -->"])
def test_a_footnote_without_words_is_none_and_its_mark_is_told_where_it_stands(empty: str) -> None:
    blocks, findings = parse(f"Se[^1].\n\n[^1]:{empty}")
    assert blocks == (Paragraph((Text("Se[^1]."),), 1),)
    assert [(each.line, each.column) for each in findings if each.rule == "footnote"] == [(3, 1), (1, 3)]


def test_a_footnote_right_below_a_quotation_is_no_part_of_it() -> None:
    blocks, findings = parse("> Sagt[^5].\n[^5]: Av Kari.")
    assert [type(block) for block in blocks] == [Quote, Footnotes]
    assert findings == ()


def test_a_mark_without_a_footnote_is_printed_as_written() -> None:
    assert parse("Se[^2].")[0] == (Paragraph((Text("Se[^2]."),), 1),)
    inlines, (finding,) = parse_inlines("Se[^2].", file="issue.toml", lang="nb")
    assert inlines == (Text("Se[^2]."),)
    assert finding.rule == "footnote"


def test_footnotes_without_a_mark_come_last_with_numbers_and_lead_nowhere() -> None:
    text = "Se[^b].\n\n[^a]: umerket\n[^1]: også\n[^b]: merket\n[^b]: igjen"
    assert shown(text) == [("2", ["merket"]), ("3", ["umerket"]), ("1", ["også"]), ("4", ["igjen"])]
    assert [bool(note.back) for note in footnotes(text).notes] == [True, False, False, False]


def test_a_picture_in_a_footnote_is_shown() -> None:
    blocks, findings = parse("A[^1]\n\n[^1]: Ord\n\n    ![alt](images/a.png)")
    assert [image.path for image in images_in(blocks)] == ["images/a.png"]
    assert findings == ()


def test_words_of_footnotes_are_passages_of_their_item(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-a.md": "+++\n+++\nSe[^1] her.\n\n[^1]: Fra i fjor.\n"})
    assert reading.issue
    assert [(each.line, each.text) for each in passages_of(reading.issue)["items/010-a.md"][1:]] == [
        (3, "Se her."),
        (5, "Fra i fjor."),
    ]


def test_footnotes_of_two_texts_have_anchors_of_their_own() -> None:
    first, second = (parse("A[^1]\n\n[^1]: x", file=f"items/{name}.md")[0][-1] for name in ("010-a", "020-b"))
    assert isinstance(first, Footnotes)
    assert isinstance(second, Footnotes)
    assert first.notes[0].anchor != second.notes[0].anchor


@pytest.mark.timeout(20)
def test_very_many_footnotes_are_read_at_once() -> None:
    text = "\n".join(f"[^{number}]: x[^{number + 1}]" for number in range(4000))
    assert len(footnotes(text).notes) == 4000
