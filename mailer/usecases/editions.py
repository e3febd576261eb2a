"""An edition: an issue in every form that readers get, made at one moment, with the one hash that names all of it.

The edition hash covers, each by its name:

- whom it is from: sender, Reply-To, List-Id and the list's name, List-Owner, the address of the public pages;
- subject and language, and HTML and text of a fixed set of variants: for readers of no list, of each helsefellesskap of
  the issue and of all of them, in every language that readers have;
- the pictures and the logo that go along in mail, the PDF, the web page;
- the calendars as they are published for the first time, without their stamps.

It knows no reader, clock, folder or server: who joins or leaves, and where returned mail goes (return path, VERP),
never changes it. A variant for several helsefellesskap is made of the same templates and items as those that are
covered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.compose.calendar.icalendar import unstamped
from mailer.editions.identity import hash_edition
from mailer.usecases.desk import issue_calendar, issue_webpage, printed_issue

if TYPE_CHECKING:
    from mailer.compose.composed import ComposedIssue
    from mailer.issue.model import Issue
    from mailer.message.compiled import Sender
    from mailer.usecases.needs import IssueServices

Parts = Iterator[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeEdition:
    """An issue as all readers get it; further variants are made with the `services` that it was made with."""

    services: "IssueServices"
    issue: "Issue"
    webpage: bytes
    pdf: bytes
    edition_hash: str

    @property
    def plain(self) -> "ComposedIssue":
        """The variant for a reader of no list, in the issue's own language."""
        composer, issue = self.services.composer, self.issue
        return composer.compose(issue, composer.variant_key(issue, (), lang=issue.lang))


def make_edition(services: "IssueServices", issue: "Issue") -> MadeEdition:
    """Make all that readers get of an issue, and name it. Raises `MailerError` for what cannot be made."""
    webpage, pdf = issue_webpage(services, issue).encode(), printed_issue(services, issue)
    parts = dict(_sender_parts(services.sender))
    parts |= {"slug": issue.slug.encode(), "lang": issue.lang.encode(), "web": webpage, "pdf": pdf}
    parts |= dict(_calendar_parts(services, issue))
    for key in services.composer.covering_keys(issue):
        parts |= dict(_variant_parts(services.composer.compose(issue, key)))
    return MadeEdition(services=services, issue=issue, webpage=webpage, pdf=pdf, edition_hash=hash_edition(parts))


def _sender_parts(sender: "Sender") -> Parts:
    yield "sender/name", sender.name.encode()
    yield "sender/address", sender.address.encode()
    yield "sender/reply_to", sender.reply_to.encode()
    yield "sender/list_id", sender.list_id.encode()
    yield "sender/list_name", sender.list_name.encode()
    yield "sender/owner", sender.owner.encode()
    yield "sender/pages", sender.pages.base_url.encode()


def _calendar_parts(services: "IssueServices", issue: "Issue") -> Parts:
    calendar = issue_calendar(services, issue)
    yield "calendar", unstamped(calendar.whole)
    for name, event in calendar.by_name.items():
        yield f"calendar/{name}", unstamped(event)


def _variant_parts(composed: "ComposedIssue") -> Parts:
    yield f"subject/{composed.key}", composed.subject.encode()
    yield f"html/{composed.key}", composed.html.encode()
    yield f"text/{composed.key}", composed.text.encode()
    for each in composed.images:
        yield f"picture/{each.cid}/type", each.media_type.encode()
        yield f"picture/{each.cid}/data", each.data
