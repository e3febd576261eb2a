"""The rule for placeholders, and for marks of missing notes."""

import re
from collections.abc import Iterator, Sequence

from mailer.catalogue import msg
from mailer.issue.lint.passages import Passage
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.markdown.unfinished import find_unfinished

_REFERENCE = re.compile(r"\[(\d{1,2}(?:\s?[,–-]\s?\d{1,2})*)\]|(?<=[\w.,;:!?)»])\[([a-w])\](?!\w)")
_GLUED = re.compile(
    r"(?<=[^\W\d_]{3}[.!?])(?<!pkt\.)(?<!kap\.)(?<!avd\.)(?<!tlf\.)[1-9][0-9]?(?=\s+[A-ZÆØÅ«]|\s*(?:\n|\Z))"
)
"""A number right behind the end of a sentence: the mark of a note of Word's or a PDF's whose form is lost."""
_GLUED_TO_WORD = re.compile(r"(?<=[a-zæøå]{4})(?<![0-9])[1-9](?=[\s,;:)])")
_LINE_OF_NOTE = re.compile(r"^([1-9])[.)]? +[A-ZÆØÅ«]", re.MULTILINE)
"""The number of a note in a PDF, where it begins a line."""
_NOTE = re.compile(r"^\[(\d{1,2}(?=\])|[a-w](?=\][ \t]))", re.MULTILINE)
"""The number or letter of a note; a letter that is glued to the words behind it begins a comment of Google's."""


def placeholder(reading: LintInput) -> Iterator[RuleHit]:
    """Find placeholders, and marks like [1] without a note in the same item."""
    message, hint = msg("findings.placeholder"), msg("findings.placeholder-hint")
    for passage in reading.all_words():
        for at, words in find_unfinished(passage.text):
            yield hit_in(passage, message, words, hint, at=at)
    for passages in reading.passages.values():
        yield from _references(passages)
        yield from _numbers_of_notes(passages)


def _numbers_of_notes(passages: Sequence[Passage]) -> Iterator[RuleHit]:
    """Find numbers right behind a sentence, and right behind a word where a line of the item begins with them."""
    message, hint = msg("findings.number-of-note"), msg("findings.reference-without-note-hint")
    notes = {match[1] for each in passages for match in _LINE_OF_NOTE.finditer(each.text)}
    for passage in passages:
        for match in _GLUED.finditer(passage.text):
            yield hit_in(passage, message, match[0], hint, at=match.start())
        for match in _GLUED_TO_WORD.finditer(passage.text) if notes else ():
            if match[0] in notes:
                yield hit_in(passage, message, match[0], hint, at=match.start())


def _references(passages: Sequence[Passage]) -> Iterator[RuleHit]:
    message, hint = msg("findings.reference-without-note"), msg("findings.reference-without-note-hint")
    notes = {match[1] for each in passages for match in _NOTE.finditer(each.text)}
    marks = [(each, match) for each in passages for match in _REFERENCE.finditer(each.text)]
    is_lettered = any(match[2] == "a" for _, match in marks)  # where not, *kommune[r]* has no mark
    for passage, match in marks:
        is_mark = match[1] or is_lettered
        if is_mark and not notes.issuperset(re.findall(r"\w+", match[1] or match[2])):
            yield hit_in(passage, message, match[0], hint, at=match.start())
