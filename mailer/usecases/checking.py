"""Everything that `mailer check` looks at: the files, the words, the composed mail, the year, the recipients."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.compose.judging.readable import mail_findings
from mailer.compose.pdf.glyph_findings import glyph_findings
from mailer.errors import MailerError
from mailer.issue.catalogue import RULES
from mailer.issue.files.frame import FRAME
from mailer.issue.lint import lint
from mailer.issue.lint.completeness import OF_ABSENCE, old_introduction
from mailer.issue.lint.language import share_findings
from mailer.issue.lint.passages import PlaceFinder
from mailer.issue.lint.silencing import without_answered
from mailer.issue.model import Finding, Issue, Severity
from mailer.issue.reachability import link_findings
from mailer.issue.source import IssueReading, issue_slugs
from mailer.message.compiled import compile_message
from mailer.message.headers import HeaderError, guard
from mailer.nearest import did_you_mean
from mailer.usecases.reading import read
from mailer.usecases.setting_texts import invisible_characters, settings_source, statement_findings, texts_elsewhere
from mailer.usecases.slot_values import merge_findings

if TYPE_CHECKING:
    from mailer.compose.composed import VariantKey
    from mailer.usecases.needs import CheckServices, IssueServices

_OF_WHOLE_ISSUES = OF_ABSENCE | {"composing", "gathered-dates", "unlisted-date", "language-share"}
"""The rules whose findings are not to be trusted while a part of the issue could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An issue and what was found in it; `issue` is None when a finding is an error that stops composing."""

    issue: Issue | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """Return how many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def check_issue(
    services: "CheckServices",
    slug: str,
    *,
    today: date,
    links: bool = False,
    recipients: bool = False,
    refused: Collection[str] = (),
) -> Checked:
    """Read an issue, lint it and compose its largest variant.

    With `links` ask the network for every link, with `recipients` look at the values of each of them. Findings of the
    rules named in `refused` are errors, which cannot be switched off.
    """
    reading = read(services, slug)
    return check_reading(services, reading, today=today, links=links, recipients=recipients, refused=refused)


def check_reading(
    services: "CheckServices",
    reading: IssueReading,
    *,
    today: date,
    links: bool = False,
    recipients: bool = False,
    refused: Collection[str] = (),
) -> Checked:
    """Check an issue as it was read."""
    off = services.settings.check.off
    _refuse_unknown_rules(services, off)
    asked = link_findings(reading.issue, sources=reading.sources) if links and reading.issue else ()
    merged = merge_findings(services.subscribers.read_audience()) if recipients else ()
    of_settings = (*invisible_characters(services.settings), *statement_findings(services.settings))
    findings = (*reading.findings, *of_settings, *_more(services, reading, today), *asked, *merged)
    weighed = (replace(each, severity=Severity.ERROR) if each.rule in refused else each for each in findings)
    answered = without_answered(weighed, sources=reading.sources, off=off, known=RULES)
    failed = any(each.rule == "composing" for each in findings)
    return Checked(issue=None if failed else reading.issue, findings=answered)


def widest_key(services: "IssueServices", issue: Issue) -> "VariantKey":
    """The variant for a reader of every list: the largest there is."""
    return services.composer.variant_key(issue, issue.helsefellesskap, lang=issue.lang)


def _more(services: "IssueServices", reading: IssueReading, today: date) -> Iterator[Finding]:
    """Yield findings in all that could be read; where there is an error, none of what may only be unread."""
    if reading.issue:
        yield from _all(services, reading.issue, reading.sources, today)
    elif reading.readable:
        found = _all(services, reading.readable, reading.sources, today)
        yield from (each for each in found if each.rule not in _OF_WHOLE_ISSUES)


def _all(services: "IssueServices", issue: Issue, sources: Mapping[str, str], today: date) -> Iterator[Finding]:
    yield from lint(issue, today=today, sources=sources, inside=services.settings.check.inside)
    yield from _taken_over(services, issue, sources.get(FRAME, ""))
    if issue.published.start != date.min:  # it could be read
        yield from share_findings(issue, issues_of_year(services, issue))
        yield from _composed(services, issue, sources)


def _taken_over(services: "IssueServices", issue: Issue, frame: str) -> Iterator[Finding]:
    """Yield findings about text that still is as in the issue before."""
    folder = services.settings.paths.issues
    before = [each for each in issue_slugs(folder) if each < issue.slug]
    if before and issue.intro:
        last = (folder / before[-1] / FRAME).read_text("utf-8-sig", "replace")
        yield from old_introduction(issue, frame=frame, last=last, last_slug=before[-1])


def _composed(services: "IssueServices", issue: Issue, sources: Mapping[str, str]) -> Iterator[Finding]:
    """Yield findings in the mail and in the PDF, which need not be printed for that."""
    settings = services.settings
    try:
        composed = services.composer.compose(issue, widest_key(services, issue))
        compile_message(composed, sender=services.sender, slug=issue.slug)
    except MailerError as error:
        yield _cannot_be_composed(error, issue)
        return
    yield from _placed(composed.findings, sources)
    yield from mail_findings(composed, services.theme)
    yield from glyph_findings(
        issue,
        templates=services.templates,
        publication=services.publication,
        sources={**sources, settings.file.name: settings_source(settings)},
        elsewhere=texts_elsewhere(services),
    )


def _placed(findings: Iterable[Finding], sources: Mapping[str, str]) -> Iterator[Finding]:
    """The findings of composing, which knows lines, each at the column where its words stand."""
    finder = PlaceFinder(sources, passages=())
    told: Counter[tuple[str, int, str]] = Counter()
    for each in findings:
        place = each.file, each.line, each.words
        line, column = finder.in_file(each.words, each.file, near=each.line, nth=told[place])
        told[place] += 1
        yield replace(each, line=line, column=column) if line and not each.column else each


def _cannot_be_composed(error: MailerError, issue: Issue) -> Finding:
    """An error in a template at its place, one in a header field at that of the words that go into it."""
    is_header = isinstance(error, HeaderError)
    file, line, words = (FRAME, 0, "") if is_header or not error.where else (*_place_in(error.where), "")
    if error.where == "Subject":
        file, line, words = next((each for each in _subjects(issue) if _is_harmful(each[2])), (file, line, words))
    return Finding(
        severity=Severity.ERROR,
        rule="composing",
        message=msg("findings.of-header", header=error.where, what=error.what) if is_header else error.what,
        file=file,
        line=line,
        words=words,
        hint=error.hint,
    )


def _place_in(where: str) -> tuple[str, int]:
    """Return the file and the line, 0 for none, of the place that an error names."""
    file, _, line = where.rpartition(":")
    return (file, int(line)) if file and line.isdecimal() else (where, 0)


def _subjects(issue: Issue) -> Iterator[tuple[str, int, str]]:
    """Yield the texts that a subject is made of: file, line and words."""
    written = (("subject", issue.subject), ("title", issue.title))
    yield from ((FRAME, issue.lines[key], text) for key, text in written if key in issue.lines)
    yield from ((item.file, item.line, item.title) for item in issue.items)


def _is_harmful(text: str) -> bool:
    try:
        guard("Subject", text)
    except HeaderError:
        return True
    return False


def issues_of_year(services: "IssueServices", issue: Issue) -> list[Issue]:
    """The issues of the same year that can be read, this one among them."""
    year = f"{issue.published.start.year}-"
    slugs = [each for each in issue_slugs(services.settings.paths.issues) if each.startswith(year)]
    others = (read(services, each).issue for each in slugs if each != issue.slug)
    return [issue, *(each for each in others if each is not None)]


def _refuse_unknown_rules(services: "IssueServices", off: dict[str, str]) -> None:
    for rule in off:
        if rule not in RULES:
            raise MailerError(
                msg("findings.no-such-rule", rule=rule),
                where=f"{services.settings.file.name}:[check.off]",
                hint=did_you_mean(rule, RULES) or msg("findings.list-of-rules"),
            )
