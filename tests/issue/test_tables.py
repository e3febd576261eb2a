"""Tables: which lines `table_rules` takes for one, what `tables` makes of them, and what is told of each.

Also what `torn_rows` tells of rows and lines beside them.
"""

from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.lint import lint
from mailer.issue.lint.passages import passages_of
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.markdown.tables import fits_a_mail, fits_a_phone, has_number, is_number, width_in_letters
from mailer.issue.model import (
    Alignment,
    Blocks,
    Cells,
    Finding,
    LineBreak,
    Link,
    Paragraph,
    Strong,
    Table,
    Text,
    plain_text,
)
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
LEFT, CENTER, RIGHT = Alignment.LEFT, Alignment.CENTER, Alignment.RIGHT
BARS = "| Region | Sum |\n|---|---|\n| Nord | 1 |\n"
PASTE = "Region\tSøknader\tSum (kr)\nNord\t12\t4 500 000\nMidt-Norge\t8\t3 200 000"


def parse(text: str) -> tuple[Blocks, tuple[Finding, ...]]:
    return parse_blocks(text, file="items/x.md", lang="nb")


def only_table(text: str) -> Table:
    (block,) = parse(text)[0]
    assert isinstance(block, Table)
    return block


def words(row: Cells) -> list[str]:
    return [plain_text(cell.inlines) for cell in row]


def rows(text: str) -> list[list[str]]:
    """The rows of the only table, the header first, which is empty when there is none."""
    table = only_table(text)
    return [words(table.header), *map(words, table.rows)]


def kinds(text: str) -> list[str]:
    return [type(block).__name__ for block in parse(text)[0]]


def told(text: str) -> list[str]:
    return [
        f"{each.line}:{each.column} {each.severity} {each.rule} [{each.words}] {each.message} | {each.hint}"
        for each in parse(text)[1]
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| Region | Sum |\n|---|---|\n| Nord | 4 500 000 |\n| Sør | 2 |",
        "Region | Sum\n---|---\nNord | 4 500 000\nSør | 2",
        "|Region|Sum\n|:-|-:|\n|Nord|4 500 000\nSør|2|",
        "Region\tSum\nNord\t4 500 000\nSør\t2",
        "Region\tSum\t\nNord\t4 500 000\t\n\t\t\nSør\t2\t\n\t\t",
        "   Region\t Sum \nNord \t4 500 000\nSør\t2",
    ],
)
def test_a_table_is_read_however_it_is_written(text: str) -> None:
    assert rows(text) == [["Region", "Sum"], ["Nord", "4 500 000"], ["Sør", "2"]]
    assert [each.severity for each in parse(text)[1]] == ["note"] * ("\t" in text)


def test_a_cell_holds_marks_links_and_bars() -> None:
    table = only_table("| A | B |\n|---|---|\n| **x** \\| y | [ord](https://a.example/) |")
    ((first, second),) = table.rows
    assert first.inlines == (Strong((Text("x"),)), Text(" | y"))
    assert second.inlines == (Link((Text("ord"),), "https://a.example/"),)


def test_the_dashes_say_on_which_side_words_stand() -> None:
    assert only_table("|A|B|C|D|\n|:--|:-:|--:|---|\n|1|2|x|y|").alignments == (LEFT, CENTER, RIGHT, LEFT)


@pytest.mark.parametrize(
    ("cells", "side"),
    [
        (["12", "4 500 000", "12,5", "1.000"], RIGHT),
        (["12 %", "kr 4 500", "-3", "−3", "900 kr", "2 mill.", "<5", "1 500,-"], RIGHT),
        (["12", "–", ""], RIGHT),
        (["**12**", "*8*"], RIGHT),
        (["12 34 56 78", "+47 22 33 44 55"], LEFT),
        (["400 12 345", "12345678"], LEFT),
        (["12 34 56 7", "400 123 45"], RIGHT),
        (["12", "ukjent"], LEFT),
        (["12.03.2024", "1. 4."], LEFT),
        (["09.00", "12:15"], LEFT),
        (["–", ""], LEFT),
        (["12 34 56 78 a"], LEFT),
    ],
)
def test_columns_of_numbers_stand_to_the_right(cells: list[str], side: Alignment) -> None:
    text = "A | B\n---|---\n" + "\n".join(f"x|{each}" for each in cells)
    assert only_table(text).alignments == (LEFT, side)


def test_the_first_column_stands_to_the_left() -> None:
    assert only_table("A | B\n---|---\n1 | 2").alignments == (LEFT, RIGHT)
    assert only_table("A | B\n--:|---\n1 | 2").alignments == (RIGHT, RIGHT)


def test_a_cell_with_line_ends_in_quotation_marks_is_one_cell() -> None:
    table = only_table('Navn\tNote\tSum\nKari\t"Si ""ja""\ntil\nalle"\t1\nOla\t"nei"\t2')
    assert table.rows[0][1].inlines == (Text('Si "ja"'), LineBreak(), Text("til"), LineBreak(), Text("alle"))
    assert [[cell.line for cell in row] for row in table.rows] == [[2, 2, 4], [5, 5, 5]]
    assert words(table.rows[1]) == ["Ola", '"nei"', "2"]


def test_the_first_cell_of_a_row_may_have_line_ends_in_quotation_marks() -> None:
    text = '"Antall\nsøknader"\t"Sum\n(kr)"\tNote\n"Nord\nog sør"\t4\tok'
    assert rows(text) == [["Antall\nsøknader", "Sum\n(kr)", "Note"], ["Nord\nog sør", "4", "ok"]]
    assert kinds('"Vi er\nher"\n\n"Nei\nnå" sa hun') == ["Paragraph", "Paragraph"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A\tB\nx\t1\n\nSum\t1", "4:1 warning table [Sum]"),
        ("A\tB\nx\t1\n\nSum\t1\nKjelde: SSB", "4:1 warning table [Sum]"),
        ("A\tB\n\nx\t1\ny\t2", "1:1 warning table [A]"),
        ("Sjå under.\nA\tB\n\nx\t1\ny\t2", "2:1 warning table [A]"),
    ],
)
def test_a_row_that_an_empty_line_parts_from_its_table_is_named(text: str, place: str) -> None:
    said = " an empty line parts this row from its table: its words stand in no column | "
    hint = "Take the empty line out. If it is no row, write spaces in place of the tabs."
    assert place + said + hint in told(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{BARS}\n| Sum | 1 |", "5:3 warning table [Sum]"),
        ("A | B\n--|--\nx | 1\n\nSum | 1", "5:1 warning table [Sum]"),
        (f"| Sum | 1 |\n\n{BARS}", "1:3 warning table [Sum]"),
        ("| A | B |\n| 1 | 2 |\n\n| Sum | 3 |", "4:3 warning table [Sum]"),
        ("| A | B |\n\n| Nord | |\n\n| Sum | 3 |", "1:3 warning table [A]"),
        ("| A | B |\n\n| Nord | 2 |\n\n| Sum | 3 |", "3:3 warning table [Nord]"),
        ("| A | B |\n\n| Nord | 2 |\n\n| Sum | 3 |", "5:3 warning table [Sum]"),
    ],
)
def test_a_row_of_bars_that_an_empty_line_parts_from_its_table_is_named(text: str, place: str) -> None:
    said = " an empty line parts this row from its table: its words stand in no column | "
    hint = "Take the empty line out. If it is no row, write a comma in place of each |."
    assert place + said + hint in told(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Kommune\tAntall\tAndel\n\nBodø\t\t5 %\n\nMeløy\t3\t",
            [["Kommune", "Antall", "Andel"], ["Bodø", "", "5 %"], ["Meløy", "3", ""]],
        ),
        ("Tid\tTema\tAnsvar\n\n\n09.15\t\tOla", [["Tid", "Tema", "Ansvar"], ["09.15", "", "Ola"]]),
        (f"Mål\tvi skal {'a' * 60}\n\nTid\t{'B' * 60}", [["Mål", f"vi skal {'a' * 60}"], ["Tid", "B" * 60]]),
        (f"{'a' * 30}\t{'b' * 30}\n\n{'c' * 30}\t{'d' * 30}", [["a" * 30, "b" * 30], ["c" * 30, "d" * 30]]),
        ("18. januar\tUtlysning\n\n1. mars\tFrist", [[], ["18. januar", "Utlysning"], ["1. mars", "Frist"]]),
    ],
)
def test_rows_that_all_have_an_empty_line_between_them_are_a_table(text: str, expected: list[list[str]]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A\tB\n\nx\t1\nslutt", ["Table", "Paragraph"]),
        ("A\tB\n\nx\t1\n\ny\t2\nz\t3", ["Table", "Table"]),
        ("A\tB\n\nslutt", ["Paragraph", "Paragraph"]),
        (f"{'a' * 30}\t{'b' * 31}\n\nc\td", ["Paragraph", "Paragraph"]),
        ("\tVi er her.\n\n\tVi er der.", ["Paragraph", "Paragraph"]),
        ("1. drift\tBodø\n2. lønn\tOslo", ["List"]),
    ],
)
def test_spaced_rows_end_where_others_begin(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("A\tB\n\nx\t1\n\ny\t2\nz\t3", ["3:1 warning table [x]"]),
        ("A\tB\nx\t1\n\nSum\t1\n\n\tBare", ["4:1 warning table [Sum]"]),
        ("A\tB\nx\t1\n\n- Hei.\n\ny\t2\nz\t3", []),
        ("A\tB\n\nx\t1\n\nHei.\n\ny\t2\nz\t3", []),
        ("| A | B |\n| x | 1 |\n\nSum\t1\n\nSnitt\t2", []),
        ("A\tB\nx\t1\n\nSak 1/27\tGodkjenning\n\nTekst.", []),
    ],
)
def test_spaced_rows_beside_a_table_are_named_as_parted_from_it(text: str, places: list[str]) -> None:
    assert [each.partition("]")[0] + "]" for each in told(text) if "parts this row" in each] == places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Ordfører i Bodø\t\t\t\tRådmann i Meløy", "1:1 note table [Ordfører i Bodø]"),
        ("Vi møtes.\nKari\t\tOla\nHei.", "2:1 note table [Kari]"),
        ("- Kari\tOla\tLiv", "1:3 note table [Kari]"),
        ("> Kari\t\tOla", "1:3 note table [Kari]"),
        ("## Kari\t\tOla", "1:4 note table [Kari]"),
        ("a)\tKari\t\tOla", "1:1 note table [a)]"),
        ("Sak 1\t\tGodkjenning", "1:1 note table [Sak 1]"),
    ],
)
def test_tabs_that_are_printed_as_a_space_are_named(text: str, place: str) -> None:
    said = " the tabs between these words are printed as a space | "
    hint = "If they stand beside each other on purpose, give each a line of its own, or write a table."
    assert place + said + hint in told(text)


@pytest.mark.parametrize(
    "text", ["kl. 10\tVelkommen", "\t\tVelkommen\t\t", "a)\tKari\tOla", "A\t\tB\nx\t\ty", "A\tB\nx\ty\n\nz\t\t1"]
)
def test_one_tab_or_those_of_a_table_are_not_named_as_a_space(text: str) -> None:
    assert [each for each in told(text) if "printed as a space" in each] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("09\tx\n11\tValle, Bykle og\nEvje\n12\tLunsj\n13\tSlutt", "3:1 note table [Evje]"),
        ("09.00\tx\n11.00\tValle, Bykle og\nEvje\n12.00\tLunsj", "3:1 note table [Evje]"),
        ("11.00\tValle, Bykle og\nEvje\n12.00\tLunsj\n13.00\tSlutt", "2:1 note table [Evje]"),
        ("09\tx\n11\tValle\nKari Nordmann\nleder\n12\tLunsj\n13\tSlutt", "3:1 note table [Kari Nordmann]"),
    ],
)
def test_a_line_between_two_rows_is_named(text: str, place: str) -> None:
    said = " this line stands between two rows and is in no column | "
    hint = "If it goes on with a cell, put it on the line of its row. If it is a heading, put an empty line above it."
    assert place + said + hint in told(text)
    assert sum("between two rows" in each for each in told(text)) == 1


@pytest.mark.parametrize(
    "between",
    ["Tabell 2: Mer", "Dag 2:", "Vi er\nher nå\nog så der", "\nHei.", "Hei.\n", "- Hei.", "## Hei"],
)
def test_lines_that_are_no_part_of_a_cell_are_not_named_between_rows(between: str) -> None:
    assert [each for each in told(f"A\tB\nx\t1\n{between}\nC\tD\ny\t2") if "between two rows" in each] == []


@pytest.mark.parametrize(
    "text",
    [
        "Sak 1/27\tGodkjenning\nVedtatt.\nSak 2/27\tStatus\nVedtatt.",
        "1\tBakgrunn\nVi er her.\n1.1\tMer\nTekst.",
        "A\tB\nx\t1\n2\tMål\nC\tD\ny\t2",
        "A\tB\nx\t1\nHei.\n2\tMål\nHei.",
    ],
)
def test_headings_are_no_rows_with_lines_between(text: str) -> None:
    assert [each for each in told(text) if "between two rows" in each] == []


def test_a_long_line_between_rows_is_shown_to_its_first_letters() -> None:
    assert f"3:1 note table [{'a' * 40}] this line" in "".join(told(f"A\tB\nx\t1\n{'a' * 41}\ny\t2\nz\t3"))
    assert f"1:1 note table [{'a' * 40}] the tabs" in "".join(told(f"{'a' * 41}\t\tb"))


@pytest.mark.parametrize(
    "text",
    ["Vi | er | her\n\nVi | er | der", "| A | B |\n\nHei.", "|x|\n\n|y|", "Hei.\n\n| A | B |", "# Hei\n\n| A | B |"],
)
def test_bars_in_one_line_or_in_running_text_are_no_torn_rows(text: str) -> None:
    assert [each for each in told(text) if "parts this row" in each] == []


def test_the_place_of_a_table_is_found_where_its_first_cell_begins_with_a_sign() -> None:
    (_, table) = told("> 75\tHenvis\n< 75\tVent")
    assert table.startswith("1:1 note table [> 75] lines with tabs")


def test_circled_numbers_are_no_names_of_columns() -> None:
    assert rows("①\tKartlegg\n②\tPlanlegg") == [[], ["①", "Kartlegg"], ["②", "Planlegg"]]


@pytest.mark.parametrize("below", ["Sum 1", "\tSum", "a)\tSum"])
def test_other_lines_below_a_table_are_none_of_its_rows(below: str) -> None:
    assert [each for each in told(f"A\tB\nx\t1\n\n{below}") if "parts this row" in each] == []


@pytest.mark.parametrize("cells", ['"', '"ja', '"ja" og nei', '""'])
def test_a_quotation_mark_that_opens_no_cell_stays(cells: str) -> None:
    assert rows(f"A\tB\nx\t{cells}\ny\t{cells}")[1:] == [["x", cells], ["y", cells]]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (PASTE, ["Region", "Søknader", "Sum (kr)"]),
        ("\t2022\t2023\nNord\t12\t14", ["", "2022", "2023"]),
        ("Nord\t12\nMidt\t8", []),
        ("09.00\tÅpning\n09.15\tPause", []),
        ("Navn:\tKari\nTelefon:\t12 34", []),
        ("A\t12\nB\tb", ["A", "12"]),
        ("Kl. 10.00\tVelkommen\nKl. 10.15\tStatus", []),
        ("kl 9\tVelkommen\n\tOrdstyrer\nLunsj\tMat", []),
        ("Fra klokken 9\tVelkommen\nLunsj\tMat", []),
        ("10.00–10.15\tVelkommen\nLunsj\tMat", []),
        ("Måndag\t08.00–15.30\nTysdag\tStengt", []),
        ("Man–fre\t08–15\nLørdag\tStengt", []),
        ("Weekdays\tOpen\nSunday\tClosed", []),
        ("Tors. 3. mars\tMøte\nSeinare\tMat", []),
        ("Tirsdag\tOnsdag\nSuppe\tFisk", ["Tirsdag", "Onsdag"]),
        ("\t09.00\t10.00\nRom A\tKurs\tPause", ["", "09.00", "10.00"]),
        ("09.00\t10.00\nKurs\tPause", ["09.00", "10.00"]),
        ("Sunnmøre\tMandat\nNord\tx", ["Sunnmøre", "Mandat"]),
        ("Januar\tWebinar\nFebruar\tMøte", []),
        ("Januar\tFebruar\n12\t14", ["Januar", "Februar"]),
        ("Dag 1\tWebinar\nDag 2\tMøte", []),
        ("Kari\tkari@a.example\nOla\tukjent", []),
        ("Les\thttps://a.example/x\nSe\tukjent", []),
        ("Kurs\tkr 500\nMøte\tgratis", []),
        ("Kurs\t1 500,-\nMøte\tgratis", []),
    ],
)
def test_the_first_row_of_a_paste_is_the_header_unless_it_is_as_the_others(text: str, header: list[str]) -> None:
    assert rows(text)[0] == header
    assert len(only_table(text).all_rows) == text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "names_rows"),
    [
        (BARS, True),
        (PASTE, True),
        ("A | B\n---|---\nNord | 1\nNord | 2", False),
        ("A | B\n---|---\nNord | 1\n| | 2", False),
        ("A | B\n---|---\n1 | 1\n2 | 2", False),
        ("| A |\n|---|\n| Nord |", False),
        ("09.00\tÅpning\n09.15\tPause", True),
    ],
)
def test_words_in_the_first_column_that_differ_name_their_rows(text: str, *, names_rows: bool) -> None:
    assert only_table(text).names_rows is names_rows


@pytest.mark.parametrize(
    "text",
    [
        "Ord\tmed tab.",
        "\tInnrykk.\n\tMer.",
        "- a\tb\n- c\td",
        "1.\tA\n2.\tB",
        "•\tA\n•\tB",
        "a)\tA\nb)\tB",
        "b)\tA\ni.\tB\nii.\tC",
        "1.\tA\n1.1.\tB",
        "✓\tA\n✗\tB",
        "> a\tb\n> c\td",
        "- Punkt\n\n  a\tb\n  c\td",
        "| a |\n| b |",
        "a | b\nc | d",
        "a | b",
        "[^1]: a | b\n\nOrd[^1]",
    ],
)
def test_what_is_no_table_stays_what_it_was(text: str) -> None:
    assert "Table" not in kinds(text)
    assert [each for each in parse(text)[1] if each.rule == "table"] == []


def test_numbered_rows_are_a_table_when_there_are_two_more_columns() -> None:
    assert rows("1.\tKari\tOslo\n2.\tOla\tBodø")[1:] == [["1.", "Kari", "Oslo"], ["2.", "Ola", "Bodø"]]


def test_rows_may_begin_as_lists_and_dates_do() -> None:
    text = "Dato | Sted\n--- | ---\n21. mai | Bodø\n1. juni | Oslo\n- | Alta"
    assert rows(text)[1:] == [["21. mai", "Bodø"], ["1. juni", "Oslo"], ["-", "Alta"]]
    assert parse(text)[1] == ()


def test_a_table_ends_where_a_line_has_no_bar_or_no_tab() -> None:
    for table in (BARS, "A\tB\nx\ty\n"):
        blocks, _ = parse(f"Over\n{table}Under\nmer")
        assert [type(each).__name__ for each in blocks] == ["Paragraph", "Table", "Paragraph"]
        assert isinstance(blocks[1], Table)
        assert blocks[1].line == 2
    assert kinds("A\tB\nx\ty\n[^1]:\tNote") == ["Table", "Footnotes"]
    assert kinds(f"{BARS}[^1]: a | b") == ["Table", "Footnotes"]


@pytest.mark.parametrize(
    "above",
    ["Tabell: Søknader", "Tabell 1: Søknader", "Tabell 2. Søknader", "Table 2b: Søknader", "tabealla: Søknader"],
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_line_above_that_calls_itself_a_table_is_the_caption(above: str, between: str) -> None:
    table = only_table(f"{above}{between}{BARS}")
    assert table.caption
    assert plain_text(table.caption.inlines) == above
    assert table.caption.line == 1


@pytest.mark.parametrize("rows", [BARS, "Nr.\tMål\n1.\t5", "a | b\n--|--\nc | d"])
@pytest.mark.parametrize(
    "above", ["Fristen er 15. januar. Send svaret til oss.", "Vi ser på\nto ting", "- Punkt en\n- Punkt nummer fire"]
)
def test_a_caption_right_below_other_lines_is_none_of_their_paragraph(above: str, rows: str) -> None:
    blocks, findings = parse_blocks(f"{above}\nTabell 2: Indikatorar\n{rows}", file="x.md", lang="nb")
    assert [type(each).__name__ for each in blocks] == ["List" if above[0] == "-" else "Paragraph", "Table"]
    assert isinstance(blocks[1], Table)
    assert blocks[1].caption == Paragraph((Text("Tabell 2: Indikatorar"),), line=above.count("\n") + 2)
    assert {each.rule for each in findings} <= {"table"}


def test_what_calls_itself_a_table_is_no_caption_of_a_table_that_is_not_there() -> None:
    assert kinds("Vi ser på to ting.\nTabell 2: Indikatorar") == ["Paragraph"]
    assert kinds("Vi ser på to ting.\nTabell 2: Indikatorar\n\n" + BARS) == ["Paragraph", "Table"]


@pytest.mark.parametrize("above", ["Tabellen: se under", "Tabell:", "Se tabell: under", "Tabell nr. Dette er: noe"])
def test_other_words_above_are_no_caption(above: str) -> None:
    assert kinds(f"{above}\n\n{BARS}") == ["Paragraph", "Table"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "| A | B |\n| c | d |",
            (
                "1:3 warning table [A] the table has no line of dashes that fits below its first row; the first row "
                "is taken "
                "for the names of the columns | Write a line like |---|---| below the first row, with a part for "
                "each column."
            ),
        ),
        (
            "A | B\n---|---|---\nc | d",
            (
                "1:1 warning table [A] the table has no line of dashes that fits below its first row; the first row "
                "is taken "
                "for the names of the columns | Write a line like |---|---| below the first row, with a part for "
                "each column."
            ),
        ),
        (
            "A\tB\nc\td",
            (
                "1:1 note table [A] lines with tabs are printed as a table | "
                "If it is none, write spaces in place of the tabs."
            ),
        ),
        (
            f"{BARS}| Sør |",
            (
                "4:3 warning table [Sør] 1 row has another number of cells than the first, which has 2; nothing is "
                "left out | "
                "Look whether each word stands in its column; a bar inside a cell is written \\|."
            ),
        ),
        (
            "|   | B |\n|---|---|\n| x | y |\n",
            "",
        ),
        (
            "| A |   |\n|---|---|\n| x | y |\n",
            "1:3 warning table [A] column 2 has no name | Write in the first row what stands in each column.",
        ),
        (
            "|   |   |\n|---|---|\n| x | y |\n",
            (
                "3:3 warning table [x] the table has no row that names its columns | "
                "Write in the first row what stands in each column."
            ),
        ),
        (
            "A | B | C | D | E\n---|---|---|---|---\na | b | c | d | e",
            (
                "1:1 warning table-size [A] the table has 5 columns; on a phone each row is shown as lines | "
                "Four columns fit on a phone. Leave out the others, or link to the whole table."
            ),
        ),
        (
            f"A | B\n---|---\n{'a' * 15} | {'b' * 15}",
            (
                "1:1 note table-size [A] the columns need 31 letters side by side; on a phone each row is shown as "
                "lines | "
                "Write shorter words, or have fewer columns."
            ),
        ),
        (
            "A | B\n---|---" + "\na | b" * 21,
            (
                "1:1 warning table-size [A] the table has 21 rows | "
                "Show the rows that matter most, and link to the others."
            ),
        ),
        ("A | B\n---|---" + "\na | b" * 20, ""),
        (f"A | B\n---|---\n{'a' * 15} | {'b' * 14}", ""),
    ],
)
def test_what_is_wrong_with_a_table_is_told_at_its_place(text: str, said: str) -> None:
    assert told(text) == [said] * bool(said)


def test_of_rows_with_tabs_that_differ_the_hint_tells_to_keep_a_cell_on_one_line() -> None:
    hint = "Look whether each word stands in its column. Put all words of a cell on one line."
    assert [each.hint for each in parse("A\tB\nc\td\te")[1] if each.line == 2] == [hint]


def test_rows_that_differ_are_told_once_and_nothing_is_lost() -> None:
    text = f"{BARS}| Midt | 2 | ekstra | mer |\n| Sør |\n"
    assert rows(text) == [
        ["Region", "Sum", "", ""],
        ["Nord", "1", "", ""],
        ["Midt", "2", "ekstra", "mer"],
        ["Sør", "", "", ""],
    ]
    first, second = parse(text)[1]
    assert (first.line, first.column, first.words) == (4, 3, "Midt")
    assert first.message.startswith("2 rows have another number of cells")
    assert second.message == "column 3 has no name"


def test_a_header_alone_is_a_row_and_a_table_without_words_is_none() -> None:
    assert rows("A | B\n---|---") == [[], ["A", "B"]]
    assert kinds("|  |  |\n|---|---|\n|  |  |") == []


def test_columns_and_rows_without_words_are_left_out() -> None:
    assert rows("A\t\tB\n\t\t\nc\t\td\n\t\t") == [["A", "B"], ["c", "d"]]
    assert only_table("A || B\n---|:-:|--:\nc || d").alignments == (LEFT, RIGHT)


@pytest.mark.parametrize(
    ("words", "is_one"),
    [
        ("12 %", True),
        ("10–14", True),
        ("08.00 - 15.30", True),
        ("Kl. 10", True),
        ("kl 9:30", True),
        ("frå kl. 9", True),
        ("klokka 10.00", True),
        ("9.30 am", True),
        ("kl. 09.00–kl. 9.30", True),
        ("kl. 09.00–kl. 09.30", False),
        ("10.00 Mat", False),
        ("Uke 10", False),
        ("Kl. ti", False),
    ],
)
def test_a_number_or_hours_alone_stay_on_one_line_and_a_number_among_words_is_known(
    words: str, *, is_one: bool
) -> None:
    cell = only_table(f"A | B\n---|---\nx | {words}").rows[0][1]
    assert is_number(cell) is is_one
    assert has_number(cell) is (not is_one and words != "Kl. ti")


def test_the_width_is_that_of_the_longest_words_and_of_whole_numbers() -> None:
    table = only_table("Navn | Sum\n---|---\nen liten by | 4 500 000")
    assert width_in_letters(table) == len("liten") + 1 + len("4 500 000")
    assert is_number(table.rows[0][1])
    assert width_in_letters(only_table("A | B\n---|---\nx | kl. 10.00 – 12")) == 1 + 1 + len("kl. 10.00 – 12")
    assert not is_number(table.rows[0][0])


@pytest.mark.parametrize(
    ("lengths", "phone", "mail"),
    [((15, 14), True, True), ((15, 15), False, True), ((30, 29), False, True), ((30, 30), False, False)],
)
def test_a_table_fits_by_its_longest_words(lengths: tuple[int, int], *, phone: bool, mail: bool) -> None:
    table = only_table("A | B\n---|---\n" + "|".join("a" * length for length in lengths))
    assert (fits_a_phone(table), fits_a_mail(table)) == (phone, mail)


def test_four_columns_fit_a_phone_and_five_do_not() -> None:
    for count, fits in ((4, True), (5, False)):
        table = only_table("\n".join("|".join([each] * count) for each in ("A", "---", "b")))
        assert fits_a_phone(table) is fits


def test_rules_for_words_see_cells_and_captions_at_their_places(read_files: ReadFiles) -> None:
    text = "Tabell 1: Vi vil vil\n\n| Navn | Note |\n|---|---|\n| Kari | ord  to |\n| Ola | ord  to |\n"
    facts = '+++\ncontacts = ["a@b.example"]\n+++\n'
    frame = 'title = "Brev"\ndate = "2024-02"\npreheader = "x"\n'
    reading = read_files({"issue.toml": frame, "items/010-a.md": facts + text})
    assert reading.issue
    found = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    assert [(each.rule, each.line, each.column) for each in found] == [
        ("doubled-space", 8, 10),
        ("doubled-space", 9, 9),
        ("repeated-word", 4, 14),
    ]
    assert [each.line for each in passages_of(reading.issue)["items/010-a.md"][1:]] == [4, 6, 6, 8, 8, 9, 9]


def test_four_spaces_begin_no_code() -> None:
    assert kinds("    A | B\n    ---|---\n    c | d") == ["Table"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["|a|b|\n" * 3000, '"a\t"b\n' * 3000, "|-" * 30_000, '"a\n\t' * 8000])
def test_very_long_tables_are_read_line_by_line(text: str) -> None:
    assert parse(text)[0]
