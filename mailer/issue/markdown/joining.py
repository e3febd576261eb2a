"""Joins texts that stand beside each other, and parts addresses from the links and marked words they are glued to."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from mailer.issue.links.urls import find_bare_addresses
from mailer.issue.markdown.characters import printable
from mailer.issue.model import Inline, Inlines, Text, plain_text

_OF_ADDRESS = re.compile(r"[\w.+-]\Z")
_NUMBER_AT_END = re.compile(r"(?P<number>(?<![\d+(])\(?\+?\d(?:[\d ()./\xa0-]*\d)?)\s*\Z")
_NO_DIGIT = re.compile(r"\D")
_LONGEST_NUMBER = 40
_DIGITS_AT_LEAST = 5
"""Of a telephone number that is written with the number of its country in one place, and without in the other."""


def merged(inlines: Iterable[Inline]) -> list[Inline]:
    """Make one text of neighbouring ones, joined at once: a paragraph may have thousands of lines."""
    found: list[Inline] = []
    for text, run in groupby(inlines, lambda inline: isinstance(inline, Text)):
        if not text:
            found.extend(run)
        elif words := printable("".join(each.text for each in run if isinstance(each, Text))):
            found.append(Text(words))
    return found


def parted(inlines: Sequence[Inline]) -> Inlines:
    """Put a space where an address would be read on into the words beside it, as `kari@a.example[ca.](…)` would."""
    found = list(inlines[:1])
    for before, inline in pairwise(inlines):
        found += [Text(" "), inline] if _are_glued(before, inline) else [inline]
    return tuple(found)


def _are_glued(before: Inline, inline: Inline) -> bool:
    """Return whether of two inlines that are no text one ends or begins with an address, right beside a word."""
    if isinstance(before, Text) or isinstance(inline, Text):
        return False
    left, right = plain_text([before]), plain_text([inline])
    is_read_on = right[:1].isalnum() and any(end == len(left) for _, end in find_bare_addresses(left))
    is_read_from = bool(_OF_ADDRESS.search(left)) and any(start == 0 for start, _ in find_bare_addresses(right))
    return is_read_on or is_read_from


def take_number(inlines: list[Inline], url: str) -> str:
    """Take a telephone number off the end of a text, before the link that dials it; return it, or "" for another."""
    inlines[-2:] = merged(inlines[-2:])
    words = inlines[-1].text if inlines and isinstance(inlines[-1], Text) else ""
    match = _NUMBER_AT_END.search(words, max(0, len(words) - _LONGEST_NUMBER))
    written, dialled = (_NO_DIGIT.sub("", each) for each in (match["number"] if match else "", url))
    short, long = sorted((written.removeprefix("00"), dialled.removeprefix("00")), key=len)
    if not match or not long.endswith(short) or (short != long and len(short) < _DIGITS_AT_LEAST):
        return ""
    inlines[-1] = Text(words[: match.start()])
    return match["number"]
