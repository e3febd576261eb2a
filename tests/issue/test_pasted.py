"""Lists that were copied from Word, Outlook or a web page."""

import re
from collections.abc import Callable

import pytest

from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.markdown.pasted import with_pasted_lists
from mailer.issue.model import Blocks, List
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]


def pasted(text: str, first_line: int = 1) -> tuple[str, list[tuple[str, int, int, str]]]:
    notes = FindingCollector(file="items/x.md", text=text, first_line=first_line)
    read = with_pasted_lists(text, notes)
    return read, [(each.rule, each.line, each.column, each.words) for each in notes.findings]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("•\tFørste\n•\tAndre\no\tUnder\n▪\tDypere\n•\tTredje", "- Første\n- Andre\n  - Under\n    - Dypere\n- Tredje"),
        ("• a\no b\no c\n§ d\no e", "- a\n  - b\n  - c\n    - d\n  - e"),
        ("Vi har:\n• en\n• to", "Vi har:\n- en\n- to"),
        ("•Uten\n•Rom", "- Uten\n- Rom"),
        ("·\u00a0\u00a0\u00a0Med\n·\u00a0\u00a0\u00a0Rom", "- Med\n- Rom"),
        ("– en\n– to", "- en\n- to"),
        ("–\ten", "- en"),
        ("o\u00a0\u00a0en", "- en"),
        ("o en\no to", "- en\n- to"),
        ("ü\ten\nØ\tto", "- en\n  - to"),
        ("§ Første\n§ Andre", "- Første\n- Andre"),
        ("  • a\n    • b\n  • c", "  - a\n    - b\n  - c"),
        ("• a\n\no b\n\n• c", "- a\n\n  - b\n\n- c"),
        ("• a\n– b\n– c\n• d", "- a\n  - b\n  - c\n- d"),
        ("- A\no B\n- C", "- A\n  - B\n- C"),
        ("1. A\no B", "1. A\n   - B"),
        ("- A\n• B", "- A\n- B"),
        ("‣ a", "- a"),
        ("» a\n» b", "- a\n- b"),
        ("›\ta", "- a"),
        ("⁃ a", "- a"),
        ("• a\n\nAvsnitt\n\n▪ b", "- a\n\nAvsnitt\n\n- b"),
        ("*\tA\no\tB\n*\tC", "*\tA\n    - B\n*\tC"),
        ("-     A\no B", "-     A\n  - B"),
        ("-    A\no B", "-    A\n     - B"),
        ("9. A\n10. B\no C", "9. A\n10. B\n    - C"),
        ("1. A\n• B\n• C\n2. D", "1. A\n   - B\n   - C\n2. D"),
        ("☐\tA\n–\tB\n–\tC\n☒\tD\n–\tE", "☐ A\n- B\n- C  \n☒ D\n- E"),
        ("☐ A\n• B\n☒ C", "☐ A\n- B  \n☒ C"),
        ("1. A\n\n• B", "1. A\n\n- B"),
        ("•\tA\n-\tb\n-\tc\n•\tD", "- A\n  - b\n  - c\n- D"),
        ("-\tA\n•\tb\n-\tC", "-\tA\n    - b\n-\tC"),
        ("◆\tA\no\tb\n◇\tc\n-\td\n◆\tE", "- A\n  - b\n    - c\n      - d\n- E"),
        ("- A\n* b\n- C\n* d\n+ e", "- A\n  - b\n- C\n  - d\n  - e"),
        ("- A\n* b\n+ c\n* d\n- E", "- A\n  - b\n    - c\n  - d\n- E"),
        ("- A\n* b\n+ c", "- A\n* b\n+ c"),
        ("1. A\n- b\n- c\n2. D", "1. A\n   - b\n   - c\n2. D"),
        ("1.\tA\n-\tb\n2.\tC", "1.\tA\n    - b\n2.\tC"),
        ("1. A\n\n- b\n- c\n\n2. D", "1. A\n\n- b\n- c\n\n2. D"),
        ("- A\n-- b\n-- c\n- D", "- A\n  - b\n  - c\n- D"),
        ("• A\n- b\n  * c\n• D", "- A\n  - b\n    - c\n- D"),
        ("- A\n* * *\n- B", "- A\n* * *\n- B"),
        ("1. A\n\n• B\n• C\no D\n• E\n\n2. F\n\n• G\n• H", "1. A\n\n- B\n- C\n  - D\n- E\n\n2. F\n\n- G\n- H"),
        ("1.\tA\n\n•\tB\n•\tC\n\n2.\tD", "1.\tA\n\n- B\n- C\n\n2.\tD"),
    ],
)
def test_pasted_points_become_a_list_at_the_levels_of_their_bullets(text: str, read: str) -> None:
    assert pasted(text)[0] == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.\tA\n2.\tB\na)\tx\nb)\ty\ni.\tz\n3.\tC", "1.\tA\n2.\tB  \n    a) x  \n    b) y  \n    i. z\n3.\tC"),
        ("1. A\na) x\n(ii) y\n2. B", "1. A  \n   a) x  \n   (ii) y\n2. B"),
        ("1.\tMål\n1.1.\tNær\n1.2.\tFjern\n2.\tTid", "1.\tMål  \n    1.1. Nær  \n    1.2. Fjern\n2.\tTid"),
        ("1\tMål\n1.1\tNær\n1.2\tFjern", "1\tMål  \n1.1 Nær  \n1.2 Fjern"),
        ("12.\tMål\n12.1.2\tNær", "12.\tMål  \n    12.1.2 Nær"),
        ("1.2\tKven?\n(i)\tAlle\n(ii)\tVi", "1.2 Kven?  \n(i) Alle  \n(ii) Vi"),
        ("A.\tEn\nB.\tTo", "A. En  \nB. To"),
        ("(1)\tEn\n(2)\tTo", "(1) En  \n(2) To"),
        ("I.\tEn\nII)\tTo", "I. En  \nII) To"),
        ("1. A\na)\tx\n• y\nb)\tz\n• w", "1. A  \n   a) x\n   - y  \n   b) z\n   - w"),
        ("• A\no B\na)\tx\n• C\na)\ty", "- A\n  - B  \n    a) x\n- C  \n  a) y"),
        ("1.\tA\n\na)\tx\n\n2.\tB", "1.\tA\n\n    a) x\n\n2.\tB"),
        ("✓\tJa\n✗\tNei\n☐ Kanskje", "✓ Ja  \n✗ Nei  \n☐ Kanskje"),
        ("- A\n✓ Ja", "- A  \n  ✓ Ja"),
        ("1. A\\\na) x", "1. A\\\n   a) x"),
        ("  1.  A\n     a.  x\n     b.  y\n  2.  B", "  1.  A  \n      a. x  \n      b. y\n  2.  B"),
        ("- A\n  B. Hansen", "- A  \n  B. Hansen"),
    ],
)
def test_letters_roman_numbers_and_ticks_are_printed_as_written_below_their_point(text: str, read: str) -> None:
    assert pasted(text)[0] == read


@pytest.mark.parametrize(
    "text",
    [
        "1. A\n\na) x",
        "1. A\nA. Hansen",
        "1. A\n A. Hansen",
        "a) x",
        "a)\tx\ty",
        "10.00\tKaffe\n10.15\tMat",
        "1.3.\tFrist\n1.4.\tMøte",
        "1\t5\n1.1\t20",
        "1\tMål\t3\n1.1\tNær\t4",
        "2.\tMål\n1.1.\tNær",
        "1\tMål\n1.10\tNær",
        "1\tMål\n1.1\tNær",
        "Mål\n1.1\tNær\nTid",
        "Sum\t3\n•\tPlan\t10.03.",
        "•\tPlan\t10.03.\nSum\t3",
        "Sum\t3\n•\tPlan\t10.03.\n•\tROP\t12.04.",
        "•\tPlan\t10.03.\n•\tROP\t12.04.\nSum\t3",
    ],
)
def test_times_dates_and_rows_of_tables_are_no_points(text: str) -> None:
    assert pasted(text) == (text, [])


def test_a_row_of_a_table_is_looked_for_twenty_lines_away() -> None:
    rows = "•\tPlan\t10.03.\n"
    assert pasted(f"{rows * 19}Sum\t3")[0].startswith("•")
    assert pasted(f"{rows * 20}Sum\t3")[0].startswith("- Plan")
    assert pasted(f"Sum\t3\n{rows * 19}".strip())[0].endswith(rows.strip())
    assert pasted(f"Sum\t3\n{rows * 20}".strip())[0].endswith("- Plan\t10.03.")


def test_points_with_tabs_stay_a_list_where_no_row_of_a_table_stands_beside_them() -> None:
    assert pasted("•\tPlan\t10.03.\n•\tSum\t3")[0] == "- Plan\t10.03.\n- Sum\t3"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("• a\n• b\n\n- c\n- d", "- a\n- b\n <!-- -->\n- c\n- d"),
        ("• a\n· b\n\n– c\n– d", "- a\n  - b\n <!-- -->\n- c\n- d"),
        ("• a\n• b\n   \t\n– c\n– d", "- a\n- b\n <!-- -->\n- c\n- d"),
        ("- a\n- b\n\n* c", "- a\n- b\n <!-- -->\n* c"),
        ("> • a\n> • b\n>\n> – c\n> – d", ">  - a\n>  - b\n> <!-- -->\n>  - c\n>  - d"),
        ("• a\n• b\n\n• c", "- a\n- b\n\n- c"),
        ("• a\n\n- b\n\n• c", "- a\n\n- b\n\n- c"),
        ("• a\n• b\n\no\tc", "- a\n- b\n\n  - c"),
        ("• a\n• b\n\n  ➢ c", "- a\n- b\n\n  - c"),
        ("1. a\n2. b\n\n– c\n– d", "1. a\n2. b\n\n   - c\n   - d"),
        ("• a\n• b\n\n1. c\n2. d", "- a\n- b\n\n1. c\n2. d"),
    ],
)
def test_a_list_with_another_bullet_below_an_empty_line_is_another_list(text: str, read: str) -> None:
    assert pasted(text)[0] == read


def test_two_lists_are_noted_each_and_printed_as_two() -> None:
    text = "• a\n• b\n\n➢ c\n➢ d\n\n<!-- -->"
    assert [each[1] for each in pasted(text)[1]] == [1, 4]
    blocks, findings = parse_blocks(text, file="x.md", lang="nb")
    assert [len(each.points) for each in blocks if isinstance(each, List)] == [2, 2]
    assert {each.rule for each in findings} == {"pasted-list"}


def test_a_note_about_dashes_says_how_to_have_speech() -> None:
    notes = FindingCollector(file="x.md", text="")
    with_pasted_lists("– Ja.\n– Nei.\n\nTekst.\n\n• a", notes)
    of_dashes, of_bullets = (each.hint for each in notes.findings)
    assert of_dashes == (
        "Look at it in the preview. If somebody speaks, put an empty line above each line that begins so."
    )
    assert of_bullets.endswith("Write - before each point yourself to be sure.")


@pytest.mark.parametrize(
    "text",
    [
        "– Vi er glade, sier hun.\n\n– Det er vi også.",
        "§ 3-1 gjelder.\n§ 3-2 gjelder ikke.",
        "Han sa:\n– Nei.",
        "o en",
        "» sier hun",
        "v. Kari",
        "• Oslo • Bergen • Bodø",
        "Oslo · Bergen",
        "en o to",
        f"• {'Helse Vest og mange flere ' * 3}\n– den største",
        "–en\n–to",
        "•",
    ],
)
def test_what_somebody_says_and_what_the_law_says_is_no_list(text: str) -> None:
    read, told = pasted(text)
    assert read.replace("- Helse", "• Helse") == text
    assert [each for each in told if "Helse" not in each[3]] == []


def test_each_list_is_noted_once_at_its_first_point() -> None:
    _, told = pasted("Hei.\n\n  •\tFørste\n•\tAndre\n\nTekst.\n\n• Ny", first_line=5)
    assert told == [("pasted-list", 7, 3, "•\tFørste"), ("pasted-list", 12, 1, "• Ny")]


def test_a_list_below_a_line_of_text_is_noted_too() -> None:
    _, told = pasted("• A\n• B\nTekst mellom her.\n• C\n  som går over to linjer\n• D\nog enda en\n• E")
    assert [line for _, line, _, _ in told] == [1, 4]
    _, told = pasted(f"• {'ord ' * 18}\nfortsetter her uten stopp og er lang nok\n• C")
    assert [line for _, line, _, _ in told] == [1]


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        ("• A\nü\tB\nü\tC\nØ\tD\n• E", "ü, Ø"),
        ("• A\no B\n§ C\n§ D\n• E", "o, §"),
        ("1. A\n• B\no C", "o"),
    ],
)
def test_the_note_about_a_list_names_the_marks_of_its_lower_levels(text: str, lower: str) -> None:
    notes = FindingCollector(file="x.md", text="")
    with_pasted_lists(text, notes)
    (finding,) = notes.findings
    assert finding.message == (
        f"lines that begin with “•” became a list, those with “{lower}” below it at a lower level"
    )


@pytest.mark.parametrize("text", ["• A\n  • B\n• C", "– A\n– B", "- A\no B"])
def test_the_note_names_no_levels_where_all_marks_are_the_same(text: str) -> None:
    notes = FindingCollector(file="x.md", text="")
    with_pasted_lists(text, notes)
    assert [each.message.endswith("” became a list") for each in notes.findings] == [True]


def test_a_list_in_a_quotation_stays_there(read_files: ReadFiles) -> None:
    assert pasted("> • a\n> • b")[0] == ">  - a\n>  - b"
    assert body(read_files({"items/010-a.md": "+++\ntitle = 'A'\n+++\n> • a\n> • b\n"})).count("Quote") == 1


@pytest.mark.parametrize(("letter", "bullet"), [("\uf0b7", "•"), ("\uf0a7", "▪"), ("\uf0d8", "➢")])
def test_bullets_of_the_fonts_symbol_and_wingdings_are_bullets(read_files: ReadFiles, letter: str, bullet: str) -> None:
    reading = read_files({"items/010-a.md": f"+++\ntitle = 'A'\n+++\n{letter}\ten\n{letter}\tto\nmed \uf0b7 inni\n"})
    assert body(reading).count("List(") == 1
    found = [(each.rule, each.line, each.column) for each in reading.findings if each.file.endswith("a.md")]
    assert sorted(found) == [("character", 6, 5), ("pasted-list", 4, 1)]
    assert reading.sources["items/010-a.md"].count(bullet) == 2


@pytest.mark.parametrize(("letter", "tick"), [("\uf0fc", "✓"), ("\uf0fb", "✗"), ("\uf0fd", "☒"), ("\uf0fe", "☑")])
def test_ticks_of_the_font_wingdings_are_ticks(read_files: ReadFiles, letter: str, tick: str) -> None:
    reading = read_files({"items/010-a.md": f"+++\ntitle = 'A'\n+++\n{letter}\ten\n{letter}\tto\n"})
    assert body(reading).count(f"Text(text='{tick} ") == 2
    assert [each.rule for each in reading.findings if each.file.endswith("a.md")] == []


def body(reading: IssueReading) -> str:
    assert reading.readable is not None
    return repr(reading.readable.items[0].body)


@pytest.mark.parametrize(
    "text",
    [
        "a)\tKommuner\n•\tnår to er med\nb)\tHelseforetak\n•\tnår tre er med\nc)\tPrivate",
        "a) Kommuner\n- når to er med\nb) Helseforetak\n- når tre er med\nc) Private",
        "i.\tKommuner\no\tnår to er med\nii.\tHelseforetak",
        "Søkere:\na) Kommuner\n   • når to er med\nb) Helseforetak",
        "1. Søkere:\na) Kommuner\n- når to er med\nb) Helseforetak\n2. Frister",
    ],
)
def test_a_letter_below_the_bullets_of_another_is_no_part_of_their_last_point(text: str) -> None:
    blocks, _ = parse_blocks(
        f"{text}\n\nDette er en tekst som ble brutt fordi linjen var full, og derfor går\nden videre.",
        file="x.md",
        lang="nb",
    )
    assert letters_in_bullets(blocks) == []
    read = repr(blocks)
    assert [word for word in re.findall(r"\w{3,}", text) if read.count(word) != text.count(word)] == []


def letters_in_bullets(blocks: Blocks) -> list[str]:
    """Return the words of points with bullets that hold a letter."""
    lists = [each for each in blocks if isinstance(each, List)]
    read = [repr(point) for each in lists for point in each.points if not each.numbered]
    below = [each for list_ in lists for point in list_.points for each in letters_in_bullets(point)]
    return [*below, *(point for point in read if re.search(r"\b(?:[a-c]\)|ii\.)", point))]


def test_a_letter_goes_on_with_the_sentence_behind_a_word_that_ends_nothing() -> None:
    blocks, _ = parse_blocks("- Vi viser til punkt a) og\nb) i loven.", file="x.md", lang="nb")
    assert len(blocks) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1. A\n- b\n- c\n2. D", []),
        ("1.\tA\n-\tb\n2.\tC", []),
        ("1. A\n* b\n- c\n2. D", []),
        ("- A\n* b\n- C", ["lines that begin with “-” became a list, those with “*” below it at a lower level"]),
        ("- A\n-- b\n- C", ["lines that begin with “--” became a list"]),
        ("•\tA\n-\tb", ["lines that begin with “•” became a list, those with “-” below it at a lower level"]),
    ],
)
def test_what_is_said_of_levels_by_marks_of_markdown(text: str, told: list[str]) -> None:
    assert [each.message for each in parse_blocks(text, file="x.md", lang="nb")[1]] == told


def test_lines_that_stand_no_further_in_as_written_are_not_named() -> None:
    for text in ("4.\tTema:\na)\tMøteplan\nb)\tFrister", "4. Tema:\na) Møteplan\nb) Frister"):
        assert [each.rule for each in parse_blocks(text, file="x.md", lang="nb")[1] if each.rule == "pasted-list"] == []
