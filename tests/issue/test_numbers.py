"""Numbers at the beginning of lines: by the `tree` a list, or words as they were written."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import (
    Blocks,
    Finding,
    Footnotes,
    Heading,
    Image,
    List,
    Paragraph,
    Quote,
    Severity,
    Table,
    plain_text,
)


def parse(text: str) -> tuple[Blocks, tuple[Finding, ...]]:
    return parse_blocks(text, file="items/x.md", lang="nb")


def shown(blocks: Blocks, indent: str = "") -> Iterator[str]:
    """A text as it is read, line by line: numbers and bullets before their points, `>` before what is quoted."""
    for block in blocks:
        match block:
            case Paragraph(inlines) | Heading(inlines=inlines):
                yield indent + plain_text(inlines)
            case List(points, numbered):
                for number, point in enumerate(points, 1):
                    first, *more = [*shown(point), ""][: max(1, len([*shown(point)]))]
                    yield f"{indent}{number}. {first}" if numbered else f"{indent}• {first}"
                    yield from (f"{indent}  {each}" for each in more)
            case Quote(quoted):
                yield from (f"{indent}> {each}" for each in shown(quoted))
            case Table():
                yield from (indent + plain_text(cell.inlines) for row in block.all_rows for cell in row)
            case Footnotes(notes):
                yield from (f"{indent}[{note.number}] {each}" for note in notes for each in shown(note.blocks))
            case Image():
                pass


def lines(text: str) -> list[str]:
    return [*shown(parse(text)[0])]


def kinds(text: str) -> list[str]:
    return [type(block).__name__ for block in parse(text)[0]]


AS_WRITTEN = [
    "21. okt: Kurs",
    "1. desember er frist.",
    "3. Tredje",
    "10. trinn får vaksine",
    "2. tertial viser bedring",
    "17. Mai er fridag",
    "1. og 2. mars er det møte",
    "24. – 25. oktober",
    "21. - 22. oktober: Samling",
    "7) Sju",
    "0. Null",
    "01. Null en",
    "2024.",
    "1.",
    "999999999. Mange",
    "3. # Tre",
    "3. > 2 er sant",
    "3. 2. januar",
]


@pytest.mark.parametrize("text", AS_WRITTEN)
@pytest.mark.parametrize(("before", "sign"), [("", ""), ("   ", ""), ("- ", "• "), ("> ", "> "), ("> - ", "> • ")])
def test_a_line_that_begins_with_a_number_stays_as_written(text: str, before: str, sign: str) -> None:
    assert lines(before + text) == [sign + text]
    assert parse(before + text)[1] == ()


def test_a_time_is_no_number_of_a_list() -> None:
    assert lines("10.15 Velkommen") == ["10.15 Velkommen"]


@pytest.mark.parametrize("first", AS_WRITTEN)
@pytest.mark.parametrize("between", ["\n", "\n\n", "\n\n\n"])
def test_lines_whose_numbers_make_no_list_are_paragraphs_of_their_own(first: str, between: str) -> None:
    text = between.join([first, "21. okt: Kurs", "4. nov: Møte"])
    assert lines(text) == [first, "21. okt: Kurs", "4. nov: Møte"]
    assert set(kinds(text)) == {"Paragraph"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1. A\n2. B\n3. C", ["1. A", "2. B", "3. C"]),
        ("1. A\n\n2. B\n\n\n3. C", ["1. A", "2. B", "3. C"]),
        ("1) A\n2) B", ["1. A", "2. B"]),
        ("1. januar er fridag.\n\n2. januar er det ikke.", ["1. januar er fridag.", "2. januar er det ikke."]),
        ("Program:\n1. A\n2. B", ["Program:", "1. A", "2. B"]),
        ("1.\tA\n2.   B", ["1. A", "2. B"]),
        ("- Først\n  1. A\n  2. B", ["• Først", "  1. A", "  2. B"]),
        ("> 1. A\n> 2. B", ["> 1. A", "> 2. B"]),
        ("1. A\n\n   Mer om A\n\n2. B", ["1. A", "  Mer om A", "2. B"]),
        ("1. 21. mai: A\n2. 4. juni: B", ["1. 21. mai: A", "2. 4. juni: B"]),
    ],
)
def test_two_or_more_numbers_that_run_on_from_1_are_a_list(text: str, read: list[str]) -> None:
    assert lines(text) == read
    assert parse(text)[1] == ()


def test_a_number_without_words_keeps_the_others_right_and_is_told() -> None:
    assert lines("1.\n2.") == ["1. ", "2. "]
    assert [(each.rule, each.line, each.words) for each in parse("1. A\n2.\n3. C")[1]] == [("empty-point", 2, "2.")]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Se[^1]\n\n1. A\n2. [^1]: Note", 4, "2."),
        ("1. A\n2. <!-- x -->", 2, "2."),
        ("1. A\n2. ---\n3. C", 2, "2."),
        ("1. A\n2. - <!-- x -->", 2, "2."),
    ],
)
def test_a_number_whose_words_are_left_out_or_stand_elsewhere_is_told(text: str, line: int, words: str) -> None:
    found = [(each.line, each.words, each.message) for each in parse(text)[1] if each.rule == "empty-point"]
    assert found == [(line, words, "a point of a list is empty")]


def test_going_back_to_1_begins_a_new_list() -> None:
    for text in ("1. A\n2. B\n\n1. C\n2. D", "1. A\n2. B\n1. C\n2. D", "1. A\n2. B\n\n1) C\n2) D"):
        assert lines(text) == ["1. A", "2. B", "1. C", "2. D"]
        assert kinds(text) == ["List", "List"]
        assert parse(text)[1] == ()


@pytest.mark.parametrize("date", ["21. mai er frist.", "1. mai er frist.", "4) Slutt"])
def test_a_number_below_a_list_and_an_empty_line_leaves_the_list_a_list(date: str) -> None:
    text = f"1. A\n2. B\n\n{date}"
    assert lines(text) == ["1. A", "2. B", date]
    assert kinds(text) == ["List", "Paragraph"]
    assert parse(text)[1] == ()


@pytest.mark.parametrize(
    "dates", ["21. okt: Kurs\n4. nov: Møte", "21. okt: Kurs\n\n4. nov: Møte", "21. okt: Kurs", "1. mai"]
)
def test_numbers_above_a_list_and_an_empty_line_leave_the_list_a_list(dates: str) -> None:
    text = f"{dates}\n\n1. A\n2. B"
    assert lines(text) == [*dates.split("\n")[:: 1 + dates.count("\n\n")], "1. A", "2. B"]
    assert kinds(text)[-2:] == ["Paragraph", "List"]
    told = [finding.message for finding in parse(text)[1]]
    assert told == ["these numbers do not run on from 1: 21, 4; they are kept as written"] * ("4." in dates)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1. A\n2. B\n\n17. mai\n18. mai", "these numbers do not run on from 1: 17, 18; they are kept as written"),
        ("1. A\n\n2. B\n\n4. C", "this number does not run on: 4; it is kept as written"),
        ("1. A\n2. B\n1. C", "this number does not run on: 1; it is kept as written"),
        ("1. januar\n1. A\n2. B", "this number does not run on: 1; it is kept as written"),
    ],
)
def test_only_the_numbers_that_are_kept_are_named(text: str, message: str) -> None:
    assert [finding.message for finding in parse(text)[1]] == [message]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1. A\n  - a\n  - b\n2. B", ["1. A", "  • a", "  • b", "2. B"]),
        ("1. A\n   - a\n2. B", ["1. A", "  • a", "2. B"]),
        ("1. A\n\n  Mer om A\n\n2. B", ["1. A", "  Mer om A", "2. B"]),
        ("1. A\n  - a\n  * b\n2. B", ["1. A", "  • a", "  • b", "2. B"]),
        ("1. A\n- a\n2. B", ["1. A", "  • a", "2. B"]),
        ("10. A\n   - a", ["10. A", "• a"]),
        ("- A\n* B\n+ C", ["• A", "• B", "• C"]),
    ],
)
def test_what_is_indented_below_a_number_belongs_to_its_point(text: str, read: list[str]) -> None:
    assert lines(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("  *   A\n     *   B\n        *   C\n  *   D", ["• A", "  • B", "    • C", "• D"]),
        ("  *   A\n\n     *   B\n\n  *   C", ["• A", "  • B", "• C"]),
        ("  1.  A\n     1.  B\n     2.  C\n  2.  D", ["1. A", "  1. B", "  2. C", "2. D"]),
        ("  *   A\n     1.  B\n     2.  C\n  *   D", ["• A", "  1. B", "  2. C", "• D"]),
        ("  2.  A\n     *   B\n        *   C", ["2.  A", "• B", "  • C"]),
        ("*\tA\n  +\tB\n*\tC", ["• A", "  • B", "• C"]),
        ("*   A\n   *   B\n  *   C", ["• A", "  • B", "  • C"]),
        ("*   A\n   * B\n     * C\n  *   D", ["• A", "  • B", "    • C", "  • D"]),
        ("*   A\n\n  Mer om A\n\n*   B", ["• A", "  Mer om A", "• B"]),
        (">  *   A\n>     *   B", ["> • A", ">   • B"]),
        ("- A\n - B", ["• A", "• B"]),
        ("1. A\n  2. B\n   3. C", ["1. A", "2. B", "3. C"]),
        ("1. A\n   1. B\n  2. C\n  3. D\n2. E", ["1. A", "  1. B", "  2. C", "  3. D", "2. E"]),
        ("1. A\n   - B\n  2. C", ["1. A", "  • B", "2. C"]),
        ("  8. A\n  9. B\n 10. C", ["8. A", "9. B", "10. C"]),
    ],
)
def test_a_point_further_in_than_the_one_above_stands_a_level_below_it(text: str, read: list[str]) -> None:
    assert lines(text) == read


def test_points_with_different_bullets_are_one_list() -> None:
    assert kinds("- A\n* B\n+ C") == ["List"]


@pytest.mark.parametrize(
    ("text", "numbers", "line", "words"),
    [
        ("3. Tredje\n1. Første\n2. Andre", "3, 1, 2", 1, "3."),
        ("Hei.\n\n21. okt: Kurs\n\n4. nov: Møte", "21, 4", 3, "21."),
        ("7) Sju\n3) Tre", "7, 3", 1, "7)"),
        ("1. A\n2) B", "1., 2)", 1, "1."),
        ("01. A\n02. B", "01, 02", 1, "01."),
        ("1. januar: A\n1. juli: B", "1, 1", 1, "1."),
        ("> Frister:\n> 1. mai: A\n> 17. mai: B", "1, 17", 2, "1."),
        (
            "\n".join(f"{number}. x" for number in range(30, 60)),
            "30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41 …",
            1,
            "30.",
        ),
    ],
)
def test_numbers_that_may_have_been_meant_as_a_list_are_told_once(
    text: str, numbers: str, line: int, words: str
) -> None:
    (finding,) = parse(text)[1]
    assert (finding.severity, finding.rule, finding.line) == (Severity.NOTE, "list-numbers", line)
    assert finding.words == words
    assert f"from 1: {numbers}; they are kept" in finding.message


@pytest.mark.parametrize("number", ["1.", "21.", "2)", "2024."])
@pytest.mark.parametrize(("before", "sign"), [("", ""), ("- ", "• "), ("> ", "> ")])
def test_a_number_that_comes_to_a_line_start_by_rewrapping_stays_in_its_sentence(
    number: str, before: str, sign: str
) -> None:
    follows = before if before == "> " else " " * len(before)
    words = "Fristen for alle som vil melde seg på samlingen i Trondheim er"
    assert lines(f"{before}**{words}\n{follows}{number} oktober** i år") == [f"{sign}{words} {number} oktober i år"]


def test_what_follows_a_number_that_makes_no_list_keeps_its_form() -> None:
    assert lines("10. trinn\n    får vaksine\n\n    Mer.\n\n    - a\n    - b\n\n> Sitat\n8. trinn") == [
        "10. trinn får vaksine",
        "Mer.",
        "• a",
        "• b",
        "> Sitat",
        "8. trinn",
    ]


@pytest.mark.parametrize("indent", ["", "    ", "     ", "\t", "\t\t"])
def test_bullets_may_stand_as_far_in_as_one_likes(indent: str) -> None:
    for text in (f"{indent}- a\n{indent}- b", f"10. trinn\n{indent}- a\n{indent}- b"):
        assert lines(text)[-2:] == ["• a", "• b"]
    assert lines(f"> 10. trinn\n> {indent}- a\n> {indent}- b") == ["> 10. trinn", "> • a", "> • b"]


def test_a_plus_sign_before_a_number_is_no_bullet() -> None:
    assert lines("Ring\n+ 47 12 34 56 78\n+ 47 22 33 44 55\n\n+ en\n+ to") == [
        "Ring",
        "+ 47 12 34 56 78",
        "+ 47 22 33 44 55",
        "• en",
        "• to",
    ]


def test_a_line_below_a_telephone_number_stays_apart_unless_it_goes_on_with_the_sentence() -> None:
    assert lines("Ring\n+ 47 12 34 56 78\n§ 3-2 gjelder\nogså her") == [
        "Ring",
        "+ 47 12 34 56 78",
        "§ 3-2 gjelder også her",
    ]
    assert lines("> + 47 12\n> **Kari**") == ["> + 47 12", "> Kari"]
    assert lines("+ 47 12 34 56 78\neller skriv") == ["+ 47 12 34 56 78 eller skriv"]
    assert lines("+ 47 12, Kari og\nOla") == ["+ 47 12, Kari og Ola"]


@pytest.mark.parametrize("text", ["21\\. okt: Kurs\n\n4\\. nov: Møte", "21&#46; okt: Kurs\n\n4&#46; nov: Møte"])
def test_a_number_whose_full_stop_is_escaped_is_no_matter_for_a_finding(text: str) -> None:
    assert lines(text) == ["21. okt: Kurs", "4. nov: Møte"]
    assert parse(text)[1] == ()


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize("mark", [".", ")"])
def test_ones_before_words_with_capitals_are_a_list_and_are_told(gap: str, mark: str) -> None:
    text = gap.join(
        f"1{mark} {words}" for words in ("Åpne møtet", "**Velg** leder", "«Eventuelt»", "[Lenke](https://a.example)")
    )
    assert lines(text) == ["1. Åpne møtet", "2. Velg leder", "3. «Eventuelt»", "4. Lenke"]
    (finding,) = parse(text)[1]
    assert (finding.severity, finding.rule, finding.line) == (Severity.WARNING, "list-numbers", 1)
    assert "1\\. before each" in finding.hint
    assert "4 points are all numbered 1" in finding.message


@pytest.mark.parametrize("second", ["juli", "trinn", "**juli**", "20 personer", "– juli", "B\n1. trinn"])
def test_ones_before_any_word_without_a_capital_are_dates_or_ordinals(second: str) -> None:
    text = f"1. A\n1. {second}"
    assert lines(text) == text.replace("*", "").split("\n")
    assert "1, 1" in parse(text)[1][0].message


def test_very_many_numbers_are_read_at_once() -> None:
    """The square of these lines would be 16 million steps for each of them, and the test would be stopped."""
    blocks, findings = parse("21. okt\n4. nov\n" * 2_000)
    assert len(blocks) == 4_000
    assert len(findings) == 1


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u202f", "\u2007", "\u00a0 "])
@pytest.mark.parametrize(
    "text",
    [
        "1. mars: start\n2. mars: slutt",
        "21. okt: Kurs\n4. nov: Møte",
        "Program:\n1) A\n2) B",
        "- A\n- B\n  - b",
        "> 1. A\n> 2. B",
        "- 1. A\n  2. B",
        "## Tittel\nTekst",
        "Fristen er\n1. mars",
        "+ 47 12\n+ 47 13",
    ],
)
def test_a_space_of_word_after_a_mark_at_the_beginning_of_a_line_is_as_good_as_any(text: str, space: str) -> None:
    spaced = re.sub(r"^([> ]*)([-#>+]+|\d+[.)]) ", lambda begin: begin[1] + begin[2] + space, text, flags=re.MULTILINE)
    plain = re.sub(r"[^\S\n]", " ", spaced)
    assert plain != spaced
    assert lines(spaced) == lines(plain)
    assert kinds(spaced) == kinds(plain)


# --- Whatever is written ---

CONTAINER = st.sampled_from(["> ", "- ", "* ", "+ ", "1. ", "2. ", "3) ", "-\t", "## "])
NUMBER = st.sampled_from(
    ["1.", "2.", "3.", "1)", "2)", "21.", "4.", "01.", "0.", "2024.", "999999999.", "10.15", "+ 47", ""]
)
WORDS = st.sampled_from(["okt", "trinn i uke 3", "**fet**", "", "- 22. mai", "2*3*4", "*a", "b*"])
INDENT = st.sampled_from(["", " ", "  ", "   ", "    ", "\t"])
LINE = st.builds(
    lambda indent, within, number, space, words: indent + "".join(within) + number + space + words,
    INDENT,
    st.lists(CONTAINER, max_size=2),
    NUMBER,
    st.sampled_from([" ", "  ", "\t"]),
    WORDS,
)
TEXT = st.lists(LINE | st.sampled_from(["", ">", "   "]), max_size=7).map("\n".join)
TOKEN = re.compile(r"\d+|[^\W\d_]+")


@given(TEXT)
def test_whatever_numbers_and_words_go_in_come_out_in_their_order(text: str) -> None:
    """Each number of a list counts as it is printed; a heading of nothing is the only thing that is left out."""
    blocks, findings = parse(text)
    if {each.rule for each in findings} <= {"list-numbers"}:
        assert TOKEN.findall("\n".join(shown(blocks))) == TOKEN.findall(text)


@given(TEXT)
def test_all_numbered_lists_have_two_points_or_more(text: str) -> None:
    def sizes(blocks: Blocks) -> Iterator[int]:
        for block in blocks:
            match block:
                case List(points, numbered):
                    yield len(points) if numbered else 2
                    for point in points:
                        yield from sizes(point)
                case Quote(quoted):
                    yield from sizes(quoted)
                case _:
                    pass

    assert min(sizes(parse(text)[0]), default=2) >= 2
