"""Headings as PDF/UA wants them: none empty, none that skips a level."""

from collections.abc import Iterable, Iterator
from typing import Any


def tidy_outline(parts: Iterable[Any]) -> None:
    """Mend `level` wherever parts have one, each in reading order; 0 means that there is no heading to print.

    Each part begins right below the document's title, so that parts can be printed in any order: the dates stand
    before the items or after them, as the page has room.
    """
    for part in parts:
        above = 1
        for heading in _headings(part):
            has_words = bool("".join(_words(heading["title"])).strip())
            heading["level"] = min(heading["level"], above + 1) if has_words else 0
            above = heading["level"] or above


def _headings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "level" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _headings(each)


def _words(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _words(each)
        case {"text": str() as text}:
            yield text
        case {"children": children}:
            yield from _words(children)
        case _:
            pass
