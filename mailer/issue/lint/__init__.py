"""Finds what is probably wrong in an issue that can be read: warnings and notes, never changes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import islice

from mailer.issue.findings import OF_EACH_RULE
from mailer.issue.lint.reading import LintInput, Rule, RuleHit
from mailer.issue.lint.rules import RULES
from mailer.issue.model import Finding, Issue, Precision
from mailer.issue.passages import PlaceFinder, passages_of

__all__ = ["RULES", "lint"]


def lint(issue: Issue, *, today: date, sources: Mapping[str, str]) -> tuple[Finding, ...]:
    """Check an issue by every rule; `sources` are the texts of its files, in which places are found."""
    reading = LintInput(issue=issue, day=_day_read(issue, today), passages=passages_of(issue))
    finder = PlaceFinder(sources, passages=reading.all_passages())
    return tuple(
        _located(rule, slip, finder, nth=nth)
        for rule in RULES
        for slip, nth in _counted(islice(rule.check(reading), OF_EACH_RULE))
    )


def _counted(slips: Iterable[RuleHit]) -> Iterator[tuple[RuleHit, int]]:
    """Each slip with how often its words stand before it."""
    before: Counter[tuple[str, int, str]] = Counter()
    for slip in slips:
        place = (slip.file, slip.line, slip.words)
        yield slip, before[place] if slip.nth is None else slip.nth
        before[place] += 1


def _located(rule: Rule, slip: RuleHit, finder: PlaceFinder, *, nth: int) -> Finding:
    words = slip.words
    line, column = _place_of(words, slip, finder, nth=nth)
    if not line and "://" in words:  # what tells others who reads was taken off the address: it begins as written
        words = words.partition("?")[0]
        line, column = _place_of(words, slip, finder, nth=nth)
    return Finding(
        severity=rule.severity,
        rule=rule.id,
        message=slip.message,
        file=slip.file,
        line=line or slip.line,
        column=column,
        words=words if line else "",
        hint=slip.hint,
    )


def _place_of(words: str, slip: RuleHit, finder: PlaceFinder, *, nth: int) -> tuple[int, int]:
    if slip.passage:
        return finder.in_passage(words, slip.passage, at=slip.at)
    return finder.in_file(words, slip.file, near=slip.line, nth=nth)


def _day_read(issue: Issue, today: date) -> date:
    """The day of publication, or today when the issue comes out this month."""
    start = issue.published.start
    if start == date.min:  # it could not be read
        return today
    this_month = (today.year, today.month) == (start.year, start.month)
    return today if this_month and issue.published.precision is not Precision.DAY else start
