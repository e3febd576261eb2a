"""Finds what is probably wrong in an issue that can be read: warnings and notes, never changes."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from mailer.issue.findings import find_line
from mailer.issue.frame import FRAME
from mailer.issue.model import CalendarDate, Finding, Issue, Placement, Precision, Severity, plain_text
from mailer.issue.passages import Passage, links_in, passages_of

WORKING_DAYS_TO_ACT = 10
_SAY_NOTHING = re.compile(
    r"(?:klikk |trykk |click )?(?:her|here)|les mei?r(?: her)?|read more|(?:denne |this )?(?:lenken?|lenkj[ae]|link)",
    re.IGNORECASE,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One place where a rule does not hold."""

    file: str
    line: int
    message: str
    words: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What rules look at: the issue, the day its readers get it, and its passages, those of an item by its slug."""

    issue: Issue
    day: date
    passages: Mapping[str, tuple[Passage, ...]] = field(default_factory=dict)

    def all_passages(self) -> Iterator[Passage]:
        """Every passage, in the order printed."""
        for passages in self.passages.values():
            yield from passages


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with its id and the weight of its findings."""

    id: str
    severity: Severity
    check: Callable[[Reading], Iterable[Slip]]


def lint(issue: Issue, *, today: date, sources: Mapping[str, str]) -> tuple[Finding, ...]:
    """Check an issue by every rule; `sources` are the texts of its files, in which lines are found."""
    reading = Reading(issue=issue, day=_day_read(issue, today), passages=passages_of(issue))
    lines = {file: text.split("\n") for file, text in sources.items()}
    return tuple(_located(rule, slip, lines.get(slip.file, [])) for rule in RULES for slip in rule.check(reading))


def _located(rule: Rule, slip: Slip, lines: Sequence[str]) -> Finding:
    line = find_line(lines, slip.words, near=slip.line) if slip.words else 0
    return Finding(
        severity=rule.severity,
        rule=rule.id,
        message=slip.message,
        file=slip.file,
        line=line or slip.line,
        words=slip.words if line else "",
        hint=slip.hint,
    )


def _day_read(issue: Issue, today: date) -> date:
    """The day of publication, or today when the issue comes out this month."""
    start = issue.published.start
    this_month = (today.year, today.month) == (start.year, start.month)
    return today if this_month and issue.published.precision is not Precision.DAY else start


def _slip(passage: Passage, message: str, words: str, hint: str = "") -> Slip:
    return Slip(file=passage.file, line=passage.line, message=message, words=words, hint=hint)


# --- Links ------------------------------------------------------------------------------------------


def bare_url(reading: Reading) -> Iterator[Slip]:
    """A web address is no link text: it says little, and screen readers spell it out."""
    for passage, link in links_in(reading.all_passages()):
        words = plain_text([link])
        if link.url.startswith("http") and "://" in words:
            hint = f"Write [what it leads to]({link.url})."
            yield _slip(passage, "a link shows its address instead of words", words, hint)


def says_nothing(reading: Reading) -> Iterator[Slip]:
    """Link words are read out of context, in lists of links."""
    for passage, link in links_in(reading.all_passages()):
        words = plain_text([link]).strip(" .:")
        if _SAY_NOTHING.fullmatch(words):
            yield _slip(
                passage, "link words do not say where the link leads", words, "Let the link stand on its title."
            )


def http_link(reading: Reading) -> Iterator[Slip]:
    """Plain http can be read and changed on its way."""
    for passage, link in links_in(reading.all_passages()):
        if link.url.startswith("http://"):
            yield _slip(passage, "a link is not encrypted", link.url, "Most sites answer to https:// as well.")


def duplicate_link(reading: Reading) -> Iterator[Slip]:
    """The same address twice in an item is most often a copy that was not changed."""
    for passages in reading.passages.values():
        seen: set[str] = set()
        for passage, link in links_in(passages):
            if link.url in seen and link.url.startswith("http"):
                yield _slip(passage, "the same link stands twice", link.url, "Remove one, or correct its address.")
            seen.add(link.url)


# --- Words ------------------------------------------------------------------------------------------


def doubled_space(reading: Reading) -> Iterator[Slip]:
    """Two spaces between words."""
    yield from _matches(reading, r"\S+ {2,}\S+", "two spaces between words", "Leave one.")


def space_inside(reading: Reading) -> Iterator[Slip]:
    """A space inside brackets or quotation marks."""
    yield from _matches(reading, r"\S* [)\]»]|[(\[«] \S*", "a space inside brackets or quotation marks", "Remove it.")


def stray_bar(reading: Reading) -> Iterator[Slip]:
    """An upright bar is left over from a web page or a table."""
    yield from _matches(reading, r"\S*\|", "a stray |", "Remove it.")


def hanging_hyphen(reading: Reading) -> Iterator[Slip]:
    """`helse - og` for `helse- og`, `12- 25` for `12–25`."""
    pattern = r"\w+ - og \w+|\d+- \d+"
    yield from _matches(reading, pattern, "a space too many at a hyphen", "Write helse- og …, and 12–25 for a range.")


def unbalanced(reading: Reading) -> Iterator[Slip]:
    """A bracket or quotation mark without its partner; the brackets of `a)` and `1)` need none."""
    for passage in reading.all_passages():
        text = passage.text
        counts = Counter(text)
        for left, right in ("()", "«»", "“”", "[]"):
            spare = len(re.findall(r"(?<![\w(])\w{1,2}\)", text)) if right == ")" else 0
            if not counts[right] - spare <= counts[left] <= counts[right]:
                alone = left if counts[left] > counts[right] else right
                yield _slip(passage, f"{left} and {right} do not match", _around(text, alone), "One is missing.")
        if counts['"'] % 2:
            hint = "One is missing; in Norwegian write « and »."
            yield _slip(passage, 'an odd number of "', _around(text, '"'), hint)


def _matches(reading: Reading, pattern: str, message: str, hint: str) -> Iterator[Slip]:
    for passage in reading.all_passages():
        for match in re.finditer(pattern, passage.text):
            yield _slip(passage, message, match[0], hint)


def _around(text: str, mark: str) -> str:
    """The word that holds the last `mark`."""
    at = text.rindex(mark)
    start, end = text.rfind(" ", 0, at) + 1, text.find(" ", at)
    return text[start : None if end < 0 else end]


# --- Dates ------------------------------------------------------------------------------------------


def wrong_weekday(reading: Reading) -> Iterator[Slip]:
    """A weekday that is not that of the date beside it, or a date that is in no calendar."""
    for passage in reading.all_passages():
        for match in _WEEKDAY_AND_DATE.finditer(passage.text):
            day = _written_day(match, near=reading.day)
            if day is None:
                yield _slip(passage, "this date is in no calendar", match[0])
            elif match[1].lower() not in _WEEKDAYS[day.weekday()]:
                hint = f"{day:%d.%m.%Y} is a {_WEEKDAYS[day.weekday()][0]}."
                yield _slip(passage, "weekday and date do not agree", match[0], hint)


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


def past_date(reading: Reading) -> Iterator[Slip]:
    """A deadline or an important date that is over when readers get the issue."""
    for file, line, when, words in _dates_to_keep(reading.issue):
        if _last_day(when) < reading.day:
            message = f"this date is over when readers get the issue ({reading.day.isoformat()})"
            yield Slip(file=file, line=line, message=message, words=words)


def short_notice(reading: Reading) -> Iterator[Slip]:
    """Readers need time to act."""
    for item in reading.issue.items:
        for each in item.deadlines:
            left = _working_days(reading.day, _last_day(each.when))
            if 0 <= left < WORKING_DAYS_TO_ACT:
                message = f"readers have {left} working days until this deadline"
                hint = "Name it in the preheader, or tell those concerned today."
                yield Slip(file=item.file, line=each.line, message=message, words=_iso(each.when), hint=hint)


def promise(reading: Reading) -> Iterator[Slip]:
    """What the issue promises about the next one must lie ahead, the deadline before the issue."""
    issue = reading.issue
    if issue.next_issue and _last_day(issue.next_issue) <= reading.day:
        words = _iso(issue.next_issue)
        yield Slip(file=FRAME, line=1, message="the next issue lies before this one", words=words)
    if issue.contribution_deadline:
        words = issue.contribution_deadline.isoformat()
        if issue.contribution_deadline < reading.day:
            yield Slip(file=FRAME, line=1, message="the deadline for contributions is over", words=words)
        elif issue.next_issue and issue.contribution_deadline > _last_day(issue.next_issue):
            message = "the deadline for contributions lies after the next issue"
            yield Slip(file=FRAME, line=1, message=message, words=words)


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
    """Mondays to Fridays after `start` up to `end`; public holidays are not known here."""
    if end < start:
        return -1
    return sum((start + timedelta(days=each)).weekday() < 5 for each in range(1, (end - start).days + 1))


# --- What is missing --------------------------------------------------------------------------------


def no_contact(reading: Reading) -> Iterator[Slip]:
    """Readers who want to know more need somebody to ask."""
    for item in reading.issue.items:
        if not item.contacts and not any(
            link.url.startswith("mailto:") for _, link in links_in(reading.passages[item.slug])
        ):
            hint = 'Add contacts = ["…"] to its facts.'
            yield Slip(
                file=item.file, line=item.line, message="the item names nobody to ask", words=item.title, hint=hint
            )


def contact_in_text(reading: Reading) -> Iterator[Slip]:
    """A contact is printed once: on its own line, or where it stands in the text."""
    for item in reading.issue.items:
        urls = {link.url.partition("?")[0].lower() for _, link in links_in(reading.passages[item.slug])}
        for contact in item.contacts:
            in_text = f"mailto:{contact.email}".lower() in urls
            if in_text and contact.placement is Placement.LINE:
                message, hint = "the contact stands in the text and is printed again below it", _INLINE_HINT
            elif not in_text and contact.placement is Placement.INLINE:
                message, hint = "the contact is not in the text and so is not printed", _LINE_HINT
            else:
                continue
            yield Slip(file=item.file, line=contact.line, message=message, words=contact.email, hint=hint)


def no_preheader(reading: Reading) -> Iterator[Slip]:
    """Without a preheader mail programs show the first words they find."""
    if not reading.issue.preheader:
        hint = 'Add preheader = "…": the best of this issue in one line.'
        yield Slip(file=FRAME, line=1, message="the issue has no preheader", hint=hint)


_INLINE_HINT = 'Write it as { email = "…", placement = "inline" }.'
_LINE_HINT = 'Leave placement = "inline" out, or put the address into the text.'

# --- The table of rules -----------------------------------------------------------------------------

RULES = (
    Rule(id="no-preheader", severity=Severity.WARNING, check=no_preheader),
    Rule(id="no-contact", severity=Severity.NOTE, check=no_contact),
    Rule(id="contact-in-text", severity=Severity.WARNING, check=contact_in_text),
    Rule(id="bare-url", severity=Severity.WARNING, check=bare_url),
    Rule(id="link-words", severity=Severity.WARNING, check=says_nothing),
    Rule(id="http-link", severity=Severity.WARNING, check=http_link),
    Rule(id="duplicate-link", severity=Severity.WARNING, check=duplicate_link),
    Rule(id="doubled-space", severity=Severity.WARNING, check=doubled_space),
    Rule(id="space-inside", severity=Severity.WARNING, check=space_inside),
    Rule(id="stray-bar", severity=Severity.WARNING, check=stray_bar),
    Rule(id="hanging-hyphen", severity=Severity.WARNING, check=hanging_hyphen),
    Rule(id="unbalanced", severity=Severity.WARNING, check=unbalanced),
    Rule(id="weekday", severity=Severity.WARNING, check=wrong_weekday),
    Rule(id="past-date", severity=Severity.WARNING, check=past_date),
    Rule(id="short-notice", severity=Severity.WARNING, check=short_notice),
    Rule(id="promise", severity=Severity.WARNING, check=promise),
)
