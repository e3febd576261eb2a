"""One issue as it stands in its folder: read, and refused when it cannot be composed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.compose.pictures.images import prepare_pictures
from mailer.errors import MailerError
from mailer.issue.model import Finding, Issue, Severity
from mailer.issue.source import IssueReading, find_issue, read_issue
from mailer.subscribers.model import ListKind
from mailer.subscribers.register import list_names

if TYPE_CHECKING:
    from mailer.usecases.needs import IssueServices, LedgerServices


def require_known(services: "LedgerServices", slug: str) -> None:
    """Raise `MailerError` when there is neither an issue nor a mailing of this name."""
    if not services.ledger.mailings(slug):
        find_issue(services.settings.paths.issues, slug)


def read(services: "IssueServices", slug: str) -> IssueReading:
    """Read an issue's folder; raises `MailerError` when there is none of that name."""
    folder = find_issue(services.settings.paths.issues, slug)
    names = list_names(services.register)
    known = {name: each.slug for name, each in names.items() if each.kind is ListKind.HELSEFELLESSKAP}
    return read_issue(folder, helsefellesskap=known, publisher=services.settings.newsletter.publisher)


def require_issue(services: "IssueServices", slug: str) -> Issue:
    """Read an issue that is to be shown or sent whole; raises `MailerError` with the first error when there is any."""
    return presentable(read(services, slug), slug)


def presentable(reading: IssueReading, slug: str) -> Issue:
    """The issue that was read, if it can be composed and every picture in it shown; raises as `composable`."""
    issue = composable(reading, slug)
    _, findings = prepare_pictures(issue)
    if any(each.severity is Severity.ERROR for each in findings):
        raise _cannot_be_composed(slug, findings)
    return issue


def composable(reading: IssueReading, slug: str) -> Issue:
    """The issue that was read, if it can be composed; raises `MailerError` with the first error when there is any."""
    if reading.issue is None:
        raise _cannot_be_composed(slug, reading.findings)
    return reading.issue


def _cannot_be_composed(slug: str, findings: Sequence[Finding]) -> MailerError:
    first, *others = [each for each in findings if each.severity is Severity.ERROR]
    place = f"issues/{slug}/{first.file}" + (f":{first.line}" if first.line else "")
    message = msg("issues.and-more", first=first.message, count=len(others)) if others else first.message
    return MailerError(message, where=place, hint=first.hint or msg("issues.see-all-findings", slug=slug))
