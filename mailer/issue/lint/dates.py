"""Rules for dates: a weekday that fits, a day that lies ahead, time enough to act."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from mailer.catalogue import Message, msg
from mailer.issue.files.frame import FRAME
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.model import CalendarDate, Issue, Precision

WORKING_DAYS_TO_ACT = 10
_WEEKDAYS = (
    ("mandag", "måndag"),
    ("tirsdag", "tysdag"),
    ("onsdag",),
    ("torsdag",),
    ("fredag",),
    ("lørdag", "laurdag"),
    ("søndag", "sundag"),
)
_MONTHS = "januar februar mars april mai juni juli august september oktober november desember".split()  # noqa: SIM905 -- reads better
_WEEKDAY_AND_DATE = re.compile(
    rf"\b({'|'.join(name for names in _WEEKDAYS for name in names)}) (?:den )?"
    rf"(\d{{1,2}})\.(?:(\d{{1,2}})\.(\d{{4}}|\d{{2}})|\s?({'|'.join(_MONTHS)})(?:\s(\d{{4}}))?)\b",
    re.IGNORECASE,
)


def wrong_weekday(reading: LintInput) -> Iterator[RuleHit]:
    """A weekday that is not that of the date beside it, or a date that is in no calendar."""
    for passage in reading.all_passages():
        for match in _WEEKDAY_AND_DATE.finditer(passage.text):
            day = _written_day(match, near=reading.day)
            if day is None:
                yield hit_in(passage, msg("findings.no-such-date"), match[0], at=match.start())
            elif match[1].lower() not in _WEEKDAYS[day.weekday()]:
                yield hit_in(passage, msg("findings.weekday"), match[0], _weekday_of(day), at=match.start())


def _written_day(match: re.Match[str], *, near: date) -> date | None:
    """The day that the words name; a date without a year is the one nearest to `near`."""
    _, day, month, short_year, name, year = match.groups()
    number = int(month) if month else _MONTHS.index(name.lower()) + 1
    years = [int(short_year or year)] if short_year or year else [near.year - 1, near.year, near.year + 1]
    days = []
    for each in years:
        try:
            days.append(date(each + 2000 if each < 100 else each, number, int(day)))
        except ValueError:
            continue
    return min(days, key=lambda each: abs(each - near), default=None)


def _weekday_of(day: date) -> Message:
    said = (
        msg("findings.is-monday", day=day),
        msg("findings.is-tuesday", day=day),
        msg("findings.is-wednesday", day=day),
        msg("findings.is-thursday", day=day),
        msg("findings.is-friday", day=day),
        msg("findings.is-saturday", day=day),
        msg("findings.is-sunday", day=day),
    )
    return said[day.weekday()]


def past_date(reading: LintInput) -> Iterator[RuleHit]:
    """A deadline or an important date that is over when readers get the issue."""
    for file, line, when, words in _dates_to_keep(reading.issue):
        if _last_day(when) < reading.day:
            message = msg("findings.past-date", day=reading.day)
            yield RuleHit(file=file, line=line, message=message, words=words)


def short_notice(reading: LintInput) -> Iterator[RuleHit]:
    """Find a deadline that leaves readers too few working days."""
    for item in reading.issue.items:
        for each in item.deadlines:
            left = _working_days(reading.day, _last_day(each.when))
            if 0 <= left < WORKING_DAYS_TO_ACT:
                message = msg("findings.short-notice", count=left)
                hint = msg("findings.short-notice-hint")
                yield RuleHit(file=item.file, line=each.line, message=message, words=_iso(each.when), hint=hint)


def promise(reading: LintInput) -> Iterator[RuleHit]:
    """Find a next issue that does not lie ahead, and a deadline that is not before it."""
    issue = reading.issue
    if issue.next_issue and _last_day(issue.next_issue) <= reading.day:
        line, words = issue.lines["next_issue"], _iso(issue.next_issue)
        yield RuleHit(file=FRAME, line=line, message=msg("findings.next-issue-before"), words=words)
    if issue.contribution_deadline:
        line, words = issue.lines["contribution_deadline"], issue.contribution_deadline.isoformat()
        if issue.contribution_deadline < reading.day:
            yield RuleHit(file=FRAME, line=line, message=msg("findings.contributions-over"), words=words)
        elif issue.next_issue and issue.contribution_deadline > _last_day(issue.next_issue):
            message = msg("findings.contributions-after")
            yield RuleHit(file=FRAME, line=line, message=message, words=words)


def _dates_to_keep(issue: Issue) -> Iterator[tuple[str, int, CalendarDate, str]]:
    for item in issue.items:
        for each in item.deadlines:
            yield item.file, each.line, each.when, _iso(each.when)
    for entry in issue.important_dates:
        yield FRAME, entry.line, entry.when, _iso(entry.when)


def _iso(when: CalendarDate) -> str:
    return when.start.isoformat() if when.precision is Precision.DAY else f"{when.start:%Y-%m}"


def _last_day(when: CalendarDate) -> date:
    months = {Precision.DAY: 0, Precision.MONTH: 1, Precision.SEASON: 3, Precision.YEAR: 12}[when.precision]
    if not months:
        return when.last
    year, month = divmod(when.last.year * 12 + when.last.month - 1 + months, 12)
    return date(year, month + 1, 1) - timedelta(days=1)


def _working_days(start: date, end: date) -> int:
    """Count Mondays to Fridays after `start` up to `end`; public holidays are not known here."""
    if end < start:
        return -1
    return sum((start + timedelta(days=each)).weekday() < 5 for each in range(1, (end - start).days + 1))
