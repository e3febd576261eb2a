"""Rules for what readers miss: somebody to ask, a subject that fits, a preheader."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from mailer.catalogue import msg
from mailer.issue.example import EXAMPLE_WORDS
from mailer.issue.files.frame import FRAME
from mailer.issue.lint.passages import links_in
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.listed import DateList
from mailer.issue.model import Finding, Issue, IssueKind, Placement, Precision, Severity

LONGEST_PREHEADER = 120
LONGEST_TITLE = 110
SEEN_ON_PHONES = 60
"""Characters of a preheader that a phone shows."""
OF_ABSENCE = frozenset({"no-preheader", "no-contact"})
"""The rules that find what is not there: it may be what could not be read."""
_INLINE = '{ email = "…", placement = "inline" }'


def example_left(reading: LintInput) -> Iterator[RuleHit]:
    """Find the item that a new issue begins with: its title and its text are to be written over."""
    for item in reading.issue.items:
        message, hint = msg("findings.still-example"), msg("findings.still-example-hint", file=item.file)
        left = (each for each in reading.passages[item.file] if each.text in EXAMPLE_WORDS)
        yield from (hit_in(each, message, each.text, hint, at=0) for each in islice(left, 1))


def old_introduction(issue: Issue, *, frame: str, last: str, last_slug: str) -> Iterator[Finding]:
    """Find the introduction that a new issue takes over from the last.

    `frame` and `last` are what stands in the `issue.toml` of the two.
    """
    if issue.intro and _introduction(frame) == _introduction(last):
        yield Finding(
            severity=Severity.WARNING,
            rule="old-introduction",
            message=msg("findings.still-old-introduction", slug=last_slug),
            file=FRAME,
            line=issue.intro[0].line,
        )


def _introduction(frame: str) -> list[str]:
    with suppress(tomllib.TOMLDecodeError):
        return str(tomllib.loads(frame).get("intro", "")).split()
    return []


def no_contact(reading: LintInput) -> Iterator[RuleHit]:
    """Find an item that names no contact."""
    for item in reading.issue.items:
        if not item.contacts and not any(
            link.url.startswith("mailto:") for _, link in links_in(reading.passages[item.file])
        ):
            message, hint = msg("findings.no-contact"), msg("findings.no-contact-hint")
            yield RuleHit(file=item.file, line=item.line, message=message, words=item.title, hint=hint)


def contact_in_text(reading: LintInput) -> Iterator[RuleHit]:
    """Find a contact that is printed twice: on its own line, and where it stands in the text."""
    for item in reading.issue.items:
        urls = {link.url.partition("?")[0].lower() for _, link in links_in(reading.passages[item.file])}
        for contact in item.contacts:
            in_text = f"mailto:{contact.email}".lower() in urls
            if in_text and contact.placement is Placement.LINE:
                message = msg("findings.contact-printed-twice")
                hint = msg("findings.contact-printed-twice-hint", form=_INLINE)
            elif not in_text and contact.placement is Placement.INLINE:
                message, hint = msg("findings.contact-not-printed"), msg("findings.contact-not-printed-hint")
            else:
                continue
            yield RuleHit(file=item.file, line=contact.line, message=message, words=contact.email, hint=hint)


def no_preheader(reading: LintInput) -> Iterator[RuleHit]:
    """Find an issue without preheader: mail programs show its first words then, which is right for a short letter."""
    if not reading.issue.preheader and reading.issue.kind is not IssueKind.NOTE:
        message, hint = msg("findings.no-preheader"), msg("findings.no-preheader-hint")
        yield RuleHit(file=FRAME, line=1, message=message, hint=hint)


def long_preheader(reading: LintInput) -> Iterator[RuleHit]:
    """Find a preheader longer than mail programs show: 40 to 90 characters on a phone."""
    length = len(reading.issue.preheader)
    if length > LONGEST_PREHEADER:
        message = msg("findings.long-preheader", length=length)
        hint = msg("findings.long-preheader-hint", most=LONGEST_PREHEADER)
        line, words = reading.issue.lines["preheader"], reading.issue.preheader[:40]
        yield RuleHit(file=FRAME, line=line, message=message, words=words, hint=hint)


def late_deadline(reading: LintInput) -> Iterator[RuleHit]:
    """Find a preheader whose beginning does not name the next deadline: it is what readers must not miss."""
    issue = reading.issue
    days = (each.when for each in DateList(issue).deadlines() if each.when.precision is Precision.DAY)
    coming = min((each.last for each in days if each.last >= issue.published.start), default=None)
    if not coming or not issue.preheader:
        return
    named = re.finditer(rf"\b{coming.day}\b", issue.preheader)
    if not any(each.start() < SEEN_ON_PHONES for each in named):
        message = msg("findings.late-deadline", day=coming)
        line, words = issue.lines["preheader"], issue.preheader[:40]
        yield RuleHit(file=FRAME, line=line, message=message, words=words, hint=msg("findings.late-deadline-hint"))


def long_title(reading: LintInput) -> Iterator[RuleHit]:
    """Find titles that fill a phone's screen, and the list of contents, by themselves."""
    named = ((each.file, each.line, each.title) for each in reading.issue.items)
    for file, line, title in ((FRAME, reading.issue.lines.get("title", 1), reading.issue.title), *named):
        if len(title) > LONGEST_TITLE:
            message = msg("findings.long-title", length=len(title))
            hint = msg("findings.long-title-hint", most=LONGEST_TITLE)
            yield RuleHit(file=file, line=line, message=message, words=title[:40], hint=hint)
