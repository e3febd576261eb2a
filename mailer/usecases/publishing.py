"""Keeping an issue as it is to be sent, in every form that its mails link to."""

from typing import TYPE_CHECKING

from mailer.compose.calendar.published_events import Revision
from mailer.compose.mail.inbox import name_of
from mailer.usecases.desk import issue_calendar, with_values

if TYPE_CHECKING:
    from mailer.usecases.editions import MadeEdition
    from mailer.usecases.needs import SendServices


def store_edition(services: "SendServices", made: "MadeEdition") -> None:
    """Store the web page, the PDF, the text and the calendars of an edition, public when its mailing starts.

    The calendars follow those that were published of the issue before: they alone are not what the edition hash names.
    """
    issue, composed = made.issue, made.plain
    published, files = services.editions.every(issue.slug, "ics"), services.editions.dates(issue.slug)
    revision = Revision(published=published, files=files, at=services.clock())
    calendar = issue_calendar(made.services, issue, revision=revision)
    forms = {"html": made.webpage, "pdf": made.pdf, "txt": with_values(made.services, composed.text).encode()}
    forms |= {"ics": calendar.whole} if calendar.whole else {}
    forms |= {f"{name}.ics": event for name, event in (calendar.also | calendar.by_name).items()}
    services.editions.store(
        slug=issue.slug,
        content_hash=made.services.composer.content_hash(issue),
        edition_hash=made.edition_hash,
        title=name_of(issue),
        lang=issue.lang,
        forms=forms,
    )
