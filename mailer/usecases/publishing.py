"""Keeping an issue as it is to be sent, in every form that its mails link to."""

from typing import TYPE_CHECKING

from mailer.compose.published_events import Revision
from mailer.usecases.desk import issue_calendar, issue_webpage, printed_issue, with_values

if TYPE_CHECKING:
    from mailer.issue.model import Issue
    from mailer.usecases.needs import SendServices


def store_edition(services: "SendServices", issue: "Issue") -> None:
    """Store the web page, the PDF, the text and the calendars of an issue, which are public when its mailing starts."""
    composed = services.composer.compose(issue, services.composer.variant_key(issue, (), lang=issue.lang))
    revision = Revision(published=services.editions.every(issue.slug, "ics"), at=services.clock())
    calendar = issue_calendar(services, issue, revision=revision)
    forms = {
        "html": issue_webpage(services, issue).encode(),
        "pdf": printed_issue(services, issue),
        "txt": with_values(services, composed.text).encode(),
    }
    forms |= {"ics": calendar.whole} if calendar.whole else {}
    forms |= {f"{number}.ics": event for number, event in enumerate(calendar.events, 1)}
    services.editions.store(
        slug=issue.slug,
        content_hash=services.composer.content_hash(issue),
        title=composed.subject,
        lang=issue.lang,
        forms=forms,
    )
