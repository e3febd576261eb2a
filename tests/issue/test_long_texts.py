"""A text as long as it may be takes a time that grows with its length: `comments`, `places`, `source`."""

import gc
import os
from collections.abc import Iterator
from datetime import date
from time import process_time

import pytest
from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import strategies as st

from mailer.cli import ROOM_BEFORE_COLLECTING
from mailer.issue.lint import lint
from mailer.issue.markdown.comments import comments_in, without_comments
from mailer.issue.places import LETTERS_SEARCHED, Places
from mailer.issue.source import PIECE, PIECES_AT_MOST, TEXT_BYTES_AT_MOST
from tests.issue.conftest import ReadFiles

FACTS = '+++\ntitle = "A"\n+++\n'
ROOM = TEXT_BYTES_AT_MOST - len(FACTS)
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


WORSE = (
    *(
        "- 1. A\n1. B\n",
        "https://a.no/ XX ",
        "|()|(",
        "aXXa XX ",
        "(a",
        "1. a\n3. b\n",
        "> - a\n",
        "*a **b",
        "<b>[a](b ",
        "> 1\n",
        "1.",
        "a-b ",
        "a:",
    ),
    *(
        "- \n1.     funksjonar ",
        "[^a]",
        "`jeg",
        "• a\n  o b\nTODO",
        "|a\\\\a\\b",
        "Fra: a\nSendt: b\nEmne: c\n",
        '"a\nb"\t',
    ),
)
"""Pieces that a search found to take the longest, or once did."""
MARKS = '\n \t|*_#[]()<>`\\&~={}^@-+.,:;!?"«»•–1aAåX'
LONG_WORDS = tuple(f"{'abcdefgh' * 20}{number}" for number in range(100))


@pytest.fixture(autouse=True)
def _room_before_collecting() -> Iterator[None]:
    """Let unused objects be looked for as seldom as the command line does."""
    usual = gc.get_threshold()
    gc.set_threshold(ROOM_BEFORE_COLLECTING)
    yield
    gc.set_threshold(*usual)


def seconds(text: str, read_files: ReadFiles) -> float:
    began = process_time()
    reading = read_files({"items/010-mote.md": FACTS + text})
    if reading.readable:
        lint(reading.readable, today=date(2024, 2, 5), sources=reading.sources)
    return process_time() - began


def is_quick(text: str, read_files: ReadFiles) -> bool:
    """Return whether a text is read in two seconds, or is when tried again: a machine may have more to do."""
    return any(seconds(text, read_files) < 2 for _ in range(2))


def as_many_as_may_be(unit: str, *, between: str = "") -> str:
    """Return the unit as often as a file may hold it, and in each place so much of `between` that the file is full."""
    pieces = (len(PIECE.findall(unit * 3)) + 2) // 3
    times = min(ROOM // len(unit.encode()), (PIECES_AT_MOST - 10) // pieces if pieces else ROOM)
    spare = ROOM // times - len(unit.encode())
    return (unit + between * (spare // len(between.encode()) if between else 0)) * times


@pytest.mark.parametrize("piece", QUICK)
def test_what_begins_and_never_ends_is_read_once(piece: str, read_files: ReadFiles) -> None:
    assert is_quick(as_many_as_may_be(piece)[:60_000], read_files)


def test_words_that_stand_within_longer_ones_alone_are_looked_for_once(read_files: ReadFiles) -> None:
    assert is_quick(as_many_as_may_be("<!--| a | b |\n|---|---|\n1. a\n3. b\n", between="a"), read_files)


def test_long_words_that_rules_name_are_found_without_a_long_pattern_for_each(read_files: ReadFiles) -> None:
    assert is_quick("".join(f"{word}  b ( {word}c {word}d , {word}e- 2\n\n" for word in LONG_WORDS), read_files)


def test_a_line_below_each_of_many_quotations_is_read_once(read_files: ReadFiles) -> None:
    assert is_quick("> aaa bbb.\nBbb ccc ddd.\n" * 1900, read_files)


def test_words_that_stand_often_in_a_row_are_counted_once(read_files: ReadFiles) -> None:
    assert is_quick("|" + "()" * 30_000 + "|" + "(|" * 200 + "\n|a|b|", read_files)


@pytest.mark.slow
@pytest.mark.parametrize("between", ["", "A. XX "])
@pytest.mark.parametrize("piece", [*QUICK, *PIECES, *WORSE])
def test_the_largest_text_is_read_and_checked_in_two_seconds(piece: str, between: str, read_files: ReadFiles) -> None:
    assert is_quick(as_many_as_may_be(piece, between=between), read_files)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@settings(
    max_examples=400 if "MAILER_TEST_SOAK" in os.environ else 20,
    phases=[Phase.generate, Phase.target],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    bits=st.lists(
        st.sampled_from([*QUICK, *PIECES, *WORSE]) | st.text(MARKS, min_size=1, max_size=6), min_size=1, max_size=3
    ),
    between=st.sampled_from(["", "ord ", "a", "A. ", "XX ", "?", "(", '"', "ABC (ABC) "]),
)
def test_no_text_is_found_that_takes_longer(bits: list[str], between: str, read_files: ReadFiles) -> None:
    text = as_many_as_may_be("".join(bits), between=between)
    took = seconds(text, read_files)
    target(took, label="seconds")
    assert took < 2 or is_quick(text, read_files)


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
