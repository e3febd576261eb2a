"""Headings that were copied from Word, with their numbers."""

import pytest

from mailer.issue.markdown.blocks import parse_blocks

SAID = "a number before a tab: Word copies headings so | If it is a heading, write ## before it."


def told(text: str) -> list[str]:
    _, findings = parse_blocks(text, file="x.md", lang="nb", first_line=5)
    return [
        f"{each.severity} {each.line}:{each.column} [{each.words}] {each.message} | {each.hint}"
        for each in findings
        if each.rule == "pasted-heading"
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("1\tBakgrunn\nVi er i gang.", ["5:1 [1\tBakgrunn]"]),
        ("Vi er i gang.\n2.\tMål og tiltak\nDet går bra.", ["6:1 [2.\tMål og tiltak]"]),
        ("1.2.1\tØkonomi\n\nTekst.\n\n1.2.2 \tTid\n\nTekst.", ["5:1 [1.2.1\tØkonomi]", "9:1 [1.2.2 \tTid]"]),
        ("A\tB\tC\nx\t1\t2\n\n3\tResultater\n\nTekst.", ["8:1 [3\tResultater]"]),
        (f"1\tA{'a' * 71}\n\nTekst.", [f"5:1 [1\tA{'a' * 37}]"]),
    ],
)
def test_a_heading_that_was_copied_from_word_is_noted_at_its_place(text: str, places: list[str]) -> None:
    assert told(text) == [f"note {place} {SAID}" for place in places]


@pytest.mark.parametrize(
    "text",
    [
        "1\tVi er i gang.",
        "1\tmål",
        "1\tMål\t3",
        "1 Mål",
        "2026\tMål",
        "10.00\tMat",
        "1\tB",
        f"1\tA{'a' * 72}",
        "1.\tMål\n2.\tTid",
        "1\tNord\n2\tSør",
        "> 1\tMål",
    ],
)
def test_points_rows_times_and_sentences_are_no_headings(text: str) -> None:
    assert told(text) == []


def test_a_heading_below_a_table_is_no_row_of_it() -> None:
    _, findings = parse_blocks("A\tB\tC\nx\t1\t2\n\n3\tResultater\n\nTekst.", file="x.md", lang="nb")
    assert [each.line for each in findings if "parts this row" in each.message] == []
