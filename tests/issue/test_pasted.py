"""Lists that were copied from Word, Outlook or a web page."""

from collections.abc import Callable

import pytest

from mailer.issue.findings import FindingCollector
from mailer.issue.pasted import with_pasted_lists
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
        ("⁃ a", "- a"),
        ("• a\n\nAvsnitt\n\n▪ b", "- a\n\nAvsnitt\n\n- b"),
    ],
)
def test_pasted_points_become_a_list_at_the_levels_of_their_bullets(text: str, read: str) -> None:
    assert pasted(text)[0] == read


@pytest.mark.parametrize(
    "text",
    [
        "– Vi er glade, sier hun.\n\n– Det er vi også.",
        "§ 3-1 gjelder.\n§ 3-2 gjelder ikke.",
        "Han sa:\n– Nei.",
        "o en",
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


def test_a_list_in_a_quotation_stays_there(read_files: ReadFiles) -> None:
    assert pasted("> • a\n> • b")[0] == ">  - a\n>  - b"
    assert body(read_files({"items/010-a.md": "+++\ntitle = 'A'\n+++\n> • a\n> • b\n"})).count("Quote") == 1


@pytest.mark.parametrize(("letter", "bullet"), [("\uf0b7", "•"), ("\uf0a7", "▪"), ("\uf0d8", "➢"), ("\uf0fc", "✓")])
def test_bullets_of_the_fonts_symbol_and_wingdings_are_bullets(read_files: ReadFiles, letter: str, bullet: str) -> None:
    reading = read_files({"items/010-a.md": f"+++\ntitle = 'A'\n+++\n{letter}\ten\n{letter}\tto\nmed \uf0b7 inni\n"})
    assert body(reading).count("List(") == 1
    found = [(each.rule, each.line, each.column) for each in reading.findings if each.file.endswith("a.md")]
    assert sorted(found) == [("character", 6, 5), ("pasted-list", 4, 1)]
    assert reading.sources["items/010-a.md"].count(bullet) == 2


def body(reading: IssueReading) -> str:
    assert reading.readable is not None
    return repr(reading.readable.items[0].body)
