"""The input of rules, an issue with its passages, and their output, hits."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mailer.issue.lint.passages import Passage, facts_of, links_in
from mailer.issue.model import Issue, Link, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHit:
    """One place where a rule does not hold.

    `at` is where the words begin in the text of `passage`. Without one, `nth` says how often they stand from `line` on
    before this; without either, each hit of a rule takes the next place.
    """

    file: str
    line: int
    message: str
    words: str = ""
    hint: str = ""
    passage: Passage | None = None
    at: int = 0
    nth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LintInput:
    """The input of rules: the issue, the day its readers get it, and its passages, those of an item by its file.

    `inside` are the hosts that only colleagues can open, by the editor's own list.
    """

    issue: Issue
    day: date
    passages: Mapping[str, tuple[Passage, ...]]
    inside: Collection[str]

    def all_passages(self) -> Iterator[Passage]:
        """Yield the passages in the order printed."""
        for passages in self.passages.values():
            yield from passages

    def all_words(self) -> Iterator[Passage]:
        """Yield the passages and the facts with words for readers: names, places, descriptions, the subject."""
        yield from self.all_passages()
        yield from facts_of(self.issue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with its id and the weight of its findings."""

    id: str
    severity: Severity
    check: Callable[[LintInput], Iterable[RuleHit]]


def hit_in(passage: Passage, message: str, words: str, hint: str = "", *, at: int) -> RuleHit:
    """Return a hit in a passage, whose `words` begin at `at` in its text."""
    return RuleHit(
        file=passage.file,
        line=passage.line,
        message=message,
        words=passage.words[at : at + len(words)].replace("\n", " "),
        hint=hint,
        passage=passage,
        at=at,
    )


def hits_at_links(
    passages: Iterable[Passage], message: str, hint: str, *, when: Callable[[Link], bool]
) -> Iterator[RuleHit]:
    """Yield a hit for each link `when` says, at the place of its address."""
    before: Counter[tuple[int, str]] = Counter()
    for passage, link in links_in(passages):
        written = link.written or link.url
        if when(link):
            nth = before[passage.line, written]
            yield RuleHit(file=passage.file, line=passage.line, message=message, words=written, hint=hint, nth=nth)
        before[passage.line, written] += 1


def matches(reading: LintInput, pattern: str, message: str, hint: str) -> Iterator[RuleHit]:
    """Yield a hit for each place in running text that a pattern matches.

    A pattern that repeats letters must begin where a word begins, or a word costs the square of its length.
    """
    compiled = re.compile(pattern)
    for passage in reading.all_passages():
        for match in compiled.finditer(passage.text):
            yield hit_in(passage, message, match[0], hint, at=match.start())
