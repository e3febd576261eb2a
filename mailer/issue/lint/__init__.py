"""Finds what is probably wrong in an issue that can be read: warnings and notes, never changes."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice

from mailer.issue.findings import OF_EACH_RULE, find_place
from mailer.issue.lint.reading import Reading, Rule, Slip
from mailer.issue.lint.rules import RULES
from mailer.issue.model import Finding, Issue, Precision
from mailer.issue.passages import passages_of

__all__ = ["RULES", "lint"]


def lint(issue: Issue, *, today: date, sources: Mapping[str, str]) -> tuple[Finding, ...]:
    """Check an issue by every rule; `sources` are the texts of its files, in which places are found."""
    reading = Reading(issue=issue, day=_day_read(issue, today), passages=passages_of(issue))
    lines = {file: text.split("\n") for file, text in sources.items()}
    slips = ((rule, slip) for rule in RULES for slip in islice(rule.check(reading), OF_EACH_RULE))
    return tuple(_located(rule, slip, lines.get(slip.file, [])) for rule, slip in slips)


def _located(rule: Rule, slip: Slip, lines: Sequence[str]) -> Finding:
    line, column = find_place(lines, slip.words, near=slip.line)
    return Finding(
        severity=rule.severity,
        rule=rule.id,
        message=slip.message,
        file=slip.file,
        line=line or slip.line,
        column=column,
        words=slip.words if line else "",
        hint=slip.hint,
    )


def _day_read(issue: Issue, today: date) -> date:
    """The day of publication, or today when the issue comes out this month."""
    start = issue.published.start
    this_month = (today.year, today.month) == (start.year, start.month)
    return today if this_month and issue.published.precision is not Precision.DAY else start
