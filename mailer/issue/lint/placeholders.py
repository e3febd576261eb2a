"""The rule for placeholders, and for marks of missing notes."""

import re
from collections.abc import Iterator, Sequence

from mailer.catalogue import msg
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.passages import Passage
from mailer.issue.unfinished import find_unfinished

_REFERENCE = re.compile(r"\[(\d{1,2}(?:\s?[,–-]\s?\d{1,2})*)\]")
_NOTE = re.compile(rf"^{_REFERENCE.pattern}", re.MULTILINE)


def placeholder(reading: LintInput) -> Iterator[RuleHit]:
    """Find placeholders, and marks like [1] without a note in the same item."""
    message, hint = msg("findings.placeholder"), msg("findings.placeholder-hint")
    for passage in reading.all_words():
        for at, words in find_unfinished(passage.text):
            yield hit_in(passage, message, words, hint, at=at)
    for passages in reading.passages.values():
        yield from _references(passages)


def _references(passages: Sequence[Passage]) -> Iterator[RuleHit]:
    message, hint = msg("findings.reference-without-note"), msg("findings.reference-without-note-hint")
    notes = {match[1] for each in passages for match in _NOTE.finditer(each.text)}
    for passage in passages:
        for match in _REFERENCE.finditer(passage.text):
            if not notes.issuperset(re.findall(r"\d+", match[1])):
                yield hit_in(passage, message, match[0], hint, at=match.start())
