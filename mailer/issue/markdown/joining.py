"""Joins texts that stand beside each other, and parts addresses from the links and marked words they are glued to."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from mailer.issue.links.urls import find_bare_addresses
from mailer.issue.markdown.characters import printable
from mailer.issue.model import Inline, Inlines, Text, plain_text

_OF_ADDRESS = re.compile(r"[\w.+-]\Z")


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
