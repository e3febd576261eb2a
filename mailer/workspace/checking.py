"""Everything that `mailer check` looks at: the files, the words, the composed mail, the year, the recipients."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from mailer.compose.readable import mail_findings
from mailer.errors import MailerError
from mailer.issue.catalogue import RULES
from mailer.issue.fields import did_you_mean
from mailer.issue.frame import FRAME
from mailer.issue.links import link_findings
from mailer.issue.lint import lint
from mailer.issue.lint.completeness import old_introduction
from mailer.issue.lint.language import share_findings
from mailer.issue.lint.silencing import without_answered
from mailer.issue.model import Finding, Issue, Severity
from mailer.issue.source import IssueReading, issue_slugs
from mailer.workspace.merge_values import merge_findings

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.compose.composed import VariantKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An issue and what was found in it; `issue` is None when a finding is an error that stops composing."""

    issue: Issue | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def check_issue(
    services: "Services",
    slug: str,
    *,
    today: date,
    links: bool = False,
    recipients: bool = False,
    refused: Collection[str] = (),
) -> Checked:
    """Read an issue, lint it and compose its largest variant.

    With `links` ask the network for every link, with `recipients` look at the values of each of them. What the rules
    named in `refused` find are errors, which nobody can switch off.
    """
    reading = services.read_issue(slug)
    return check_reading(services, reading, today=today, links=links, recipients=recipients, refused=refused)


def check_reading(
    services: "Services",
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
    findings = (*reading.findings, *_more(services, reading, today), *asked, *merged)
    weighed = (replace(each, severity=Severity.ERROR) if each.rule in refused else each for each in findings)
    answered = without_answered(weighed, sources=reading.sources, off=off, known=RULES)
    failed = any(each.rule == "composing" for each in findings)
    return Checked(issue=None if failed else reading.issue, findings=answered)


def widest_key(services: "Services", issue: Issue) -> "VariantKey":
    """The variant for a reader of every list: the largest there is."""
    return services.composer.variant_key(issue, issue.helsefellesskap, lang=issue.lang)


def _more(services: "Services", reading: IssueReading, today: date) -> Iterator[Finding]:
    """What can only be found in an issue that can be read."""
    if reading.issue is None:
        return
    yield from lint(reading.issue, today=today, sources=reading.sources)
    yield from share_findings(reading.issue, issues_of_year(services, reading.issue))
    yield from _taken_over(services, reading.issue, reading.sources[FRAME])
    yield from _composed(services, reading.issue)


def _taken_over(services: "Services", issue: Issue, frame: str) -> Iterator[Finding]:
    """What still is as in the issue before."""
    folder = services.settings.paths.issues
    before = [each for each in issue_slugs(folder) if each < issue.slug]
    if before and issue.intro:
        last = (folder / before[-1] / FRAME).read_text("utf-8-sig", "replace")
        yield from old_introduction(issue, frame=frame, last=last, last_slug=before[-1])


def _composed(services: "Services", issue: Issue) -> Iterator[Finding]:
    try:
        composed = services.composer.compose(issue, widest_key(services, issue))
    except MailerError as error:
        yield Finding(severity=Severity.ERROR, rule="composing", message=error.what, file=error.where, hint=error.hint)
        return
    yield from composed.findings
    yield from mail_findings(composed, services.theme)


def issues_of_year(services: "Services", issue: Issue) -> list[Issue]:
    """The issues of the same year that can be read, this one among them."""
    year = f"{issue.published.start.year}-"
    slugs = [each for each in issue_slugs(services.settings.paths.issues) if each.startswith(year)]
    others = (services.read_issue(each).issue for each in slugs if each != issue.slug)
    return [issue, *(each for each in others if each is not None)]


def _refuse_unknown_rules(services: "Services", off: dict[str, str]) -> None:
    for rule in off:
        if rule not in RULES:
            raise MailerError(
                f"there is no rule {rule!r}",
                where=f"{services.settings.file.name}: [check.off]",
                hint=did_you_mean(rule, RULES) or "docs/reference/checks.md lists the rules.",
            )
