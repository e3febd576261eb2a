"""Compare the words of an issue in two versions of its plain text, paragraph by paragraph."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words that stands in both versions or in one."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class WordChange:
    """One changed paragraph, with the last heading above it."""

    heading: str
    pieces: tuple[Piece, ...]


def changes_between(old: str, new: str) -> tuple[WordChange, ...]:
    """The paragraphs that are not in both versions, in the order of the new one; where lines break does not count."""
    before, after = _paragraphs(old), _paragraphs(new)
    old_words, new_words = ([" ".join(each.split()) for each in version] for version in (before, after))
    matcher = SequenceMatcher(a=old_words, b=new_words, autojunk=False)
    found: list[WordChange] = []
    for kind, start_old, end_old, start_new, end_new in matcher.get_opcodes():
        if kind != "equal":
            heading = _heading_above(after, start_new)
            found += _changes(before[start_old:end_old], after[start_new:end_new], heading)
    return tuple(found)


def _changes(old: list[str], new: list[str], heading: str) -> Iterator[WordChange]:
    """Compare paragraphs in the same place word by word; those left over are all old or all new."""
    for before, after in zip(old, new, strict=False):
        yield WordChange(heading, tuple(_pieces(before, after)))
    for text in new[len(old) :]:
        yield WordChange(heading, (Piece("added", text),))
    for text in old[len(new) :]:
        yield WordChange(heading, (Piece("removed", text),))


def _pieces(old: str, new: str) -> Iterator[Piece]:
    after = re.findall(r"\S+\s*", new)
    matcher = SequenceMatcher(a=old.split(), b=new.split(), autojunk=False)
    for kind, start_old, end_old, start_new, end_new in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(after[start_new:end_new]))
            continue
        if end_old > start_old:
            yield Piece("removed", " ".join(old.split()[start_old:end_old]) + " ")
        if end_new > start_new:
            yield Piece("added", "".join(after[start_new:end_new]))


def _paragraphs(text: str) -> list[str]:
    return [each.strip("\n") for each in re.split(r"\n\s*\n", text) if each.strip()]


def _heading_above(paragraphs: list[str], place: int) -> str:
    """The nearest underlined line above, as the plain text sets its headings."""
    for text in reversed(paragraphs[: place + 1]):
        lines = text.split("\n")
        for number in range(len(lines) - 1, 0, -1):
            if set(lines[number]) == {"-"}:
                return " ".join(lines[:number])
    return ""
