"""A text as long as it may be takes a time that grows with its length, whatever it repeats (`comments`, `places`)."""

from datetime import date
from time import process_time

import pytest

from mailer.issue.comments import comments_in, without_comments
from mailer.issue.lint import lint
from mailer.issue.places import LETTERS_SEARCHED, Places
from mailer.issue.source import TEXT_BYTES_AT_MOST
from tests.issue.conftest import ReadFiles

FACTS = '+++\ntitle = "A"\n+++\n'
QUICK = ("<!--", "|", "|a", "](", "?")
PIECES = (
    *("*_", "- a\n", "- \n", "• a\n", "o a\n", "1. a\n", "1) a\n\n", "- a\n  - b\n", "– a\n", "+ 1\n", "> a\n"),
    *("a\tb\n", "\t", "|a|b|\n", "| a | b |\n|---|---|\n", 'a\t"b\n', "# a\n\n", "a\n\n", "a\n", "a: b\n", "Hilsen\n"),
    *("a@b.no ", "https://a.no/ ", "https://", "www.a.no ", "mailto:", "[a](https://b.no) ", "[a](b c) ", "C:\\a "),
    *(
        "[",
        "](x) ",
        "[^1]",
        "[^1]: a\n\n",
        "<",
        "<a ",
        "<!-- a -->",
        "{{",
        "&amp;",
        "\\",
        "`",
        "~~",
        "==",
        "*a* ",
        "**a ",
    ),
    *("XX ", "_____ ", "Fra: ", "[cid:", "ord ", "a", "A. ", "ABC (ABC) ", "  ", "den 1.1.2024 kl. 12.00 "),
)


def seconds(text: str, read_files: ReadFiles) -> float:
    began = process_time()
    reading = read_files({"items/010-mote.md": FACTS + text})
    if reading.readable:
        lint(reading.readable, today=date(2024, 2, 5), sources=reading.sources)
    return process_time() - began


@pytest.mark.parametrize("piece", QUICK)
def test_what_begins_and_never_ends_is_read_once(piece: str, read_files: ReadFiles) -> None:
    assert seconds(piece * (60_000 // len(piece)), read_files) < 2


@pytest.mark.slow
@pytest.mark.parametrize("piece", [*QUICK, *PIECES])
def test_the_longest_text_is_read_in_seconds(piece: str, read_files: ReadFiles) -> None:
    length = (TEXT_BYTES_AT_MOST - len(FACTS)) // len(piece.encode())
    assert seconds(piece * length, read_files) < 15


def test_a_comment_ends_at_its_first_mark_and_one_without_is_none() -> None:
    text = "a <!-- b <!-- c\n --> d <!----> --> <!-- e"
    assert [each["words"] for each in comments_in(text)] == [" b <!-- c\n ", ""]
    assert without_comments(text) == "a  d  --> <!-- e"


def test_long_words_are_found_by_their_beginning_and_spaces_before_them_count_for_nothing() -> None:
    words = "a" * LETTERS_SEARCHED
    places = Places(f"x\n{words}b")
    assert places.of(f"{words}c") == (2, 1)
    assert places.of(" " * LETTERS_SEARCHED + "b") == (2, LETTERS_SEARCHED + 1)
    assert places.of(f"b{words}") == (0, 0)
