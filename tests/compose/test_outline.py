from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.characters import clean
from mailer.compose.outline import tidy_outline


def levels(*headings: tuple[int, object]) -> list[int]:
    data: list[dict[str, Any]] = [{"level": level, "title": title} for level, title in headings]
    tidy_outline(data)
    return [each["level"] for each in data]


def test_a_level_is_never_skipped() -> None:
    assert levels((3, "a"), (5, "b"), (2, "c"), (4, "d")) == [2, 3, 2, 3]


def test_a_heading_without_words_is_none() -> None:
    assert levels((2, ""), (2, " "), (2, [{"text": " "}]), (3, "a")) == [0, 0, 0, 2]


def test_words_inside_links_count() -> None:
    assert levels((2, [{"children": [{"text": "a"}]}])) == [2]


def test_headings_inside_come_after_the_one_around_them() -> None:
    data: dict[str, Any] = {"level": 2, "title": "a", "body": [{"points": [[{"level": 9, "title": "b"}]]}]}
    tidy_outline(data)
    assert data["body"][0]["points"][0][0]["level"] == 3


@given(st.lists(st.integers(1, 9), max_size=20))
def test_every_outline_goes_down_one_by_one(wanted: list[int]) -> None:
    given_levels = [1, *levels(*((level, "x") for level in wanted))]
    assert all(below <= above + 1 for above, below in pairwise(given_levels))


@given(st.text())
def test_clean_text_has_no_control_characters_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert not {character for character in cleaned if character < " "} - {"\t", "\n", "\r"}
    assert clean(cleaned) == cleaned
