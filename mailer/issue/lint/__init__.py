"""Lint: find probable mistakes in an issue that can be read; it warns and never changes."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice

from mailer.issue.findings import OF_EACH_RULE
from mailer.issue.lint.passages import PlaceFinder, passages_of
from mailer.issue.lint.reading import LintInput, Rule, RuleHit
from mailer.issue.lint.rules import RULES
from mailer.issue.model import Finding, Issue, Precision

__all__ = ["RULES", "lint"]


def lint(issue: Issue, *, today: date, sources: Mapping[str, str], inside: Collection[str] = ()) -> tuple[Finding, ...]:
    """Check an issue by every rule; `sources` are the texts of its files, in which places are found.

    `inside` are hosts that only colleagues can open, besides those that are known by their names.
    """
    reading = LintInput(issue=issue, day=_day_read(issue, today), passages=passages_of(issue), inside=inside)
    finder = PlaceFinder(sources, passages=reading.all_passages())
    return tuple(
        _located(rule, hit, finder, nth=nth)
        for rule in RULES
        for hit, nth in _counted(islice(rule.check(reading), OF_EACH_RULE))
    )


def _counted(hits: Iterable[RuleHit]) -> Iterator[tuple[RuleHit, int]]:
    """Yield each hit with how often its words stand before it."""
    before: Counter[tuple[str, int, str]] = Counter()
    for hit in hits:
        place = (hit.file, hit.line, hit.words)
        yield hit, before[place] if hit.nth is None else hit.nth
        before[place] += 1


def _located(rule: Rule, hit: RuleHit, finder: PlaceFinder, *, nth: int) -> Finding:
    line, column = _place_of(hit, finder, nth=nth)
    return Finding(
        severity=rule.severity,
        rule=rule.id,
        message=hit.message,
        file=hit.file,
        line=line or hit.line,
        column=column,
        words=hit.words if line else "",
        hint=hit.hint,
    )


def _place_of(hit: RuleHit, finder: PlaceFinder, *, nth: int) -> tuple[int, int]:
    if hit.passage:
        return finder.in_passage(hit.words, hit.passage, at=hit.at)
    return finder.in_file(hit.words, hit.file, near=hit.line, nth=nth)


def _day_read(issue: Issue, today: date) -> date:
    """The day of publication, or today when the issue comes out this month."""
    start = issue.published.start
    if start == date.min:  # it could not be read
        return today
    this_month = (today.year, today.month) == (start.year, start.month)
    return today if this_month and issue.published.precision is not Precision.DAY else start
