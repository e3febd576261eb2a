"""One issue on the editor's desk: read, composed, and written out as files to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.compose.calendar.icalendar import IssueCalendar, build_calendar
from mailer.compose.calendar.published_events import Revision
from mailer.compose.leads import words_left_out
from mailer.compose.mail.checks import GMAIL_CLIPS_AT
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.pictures.images import data_address, with_pictures
from mailer.compose.slots import Slot
from mailer.compose.webpage import compose_webpage
from mailer.errors import reason_of
from mailer.issue.model import Issue
from mailer.languages import Lang
from mailer.message.compiled import RecipientValues, compile_message
from mailer.subscribers.register import require_list
from mailer.usecases.creation import UnwritableError

if TYPE_CHECKING:
    from mailer.compose.composed import ComposedIssue, VariantKey
    from mailer.usecases.needs import IssueServices


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The reader whose values stand in the slots of a view; the token stands in every link."""

    address: str
    token: str
    name: str
    """What the message's id begins with."""


EXAMPLE = Shown(address="kari.nordmann@kommune.example", token="example", name="example")  # noqa: S106 no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was written; `size` in bytes."""

    file: Path
    size: int


def chosen_key(services: "IssueServices", issue: Issue, *, lists: Sequence[str], lang: Lang | None) -> "VariantKey":
    """The variant for a reader of these lists; raises `MailerError` for a list that does not exist."""
    slugs = [require_list(services.register, name).slug for name in lists]
    return services.composer.variant_key(issue, slugs, lang=lang or issue.lang)


def build_issue(services: "IssueServices", issue: Issue, key: "VariantKey") -> tuple[Written, ...]:
    """Write every form of an issue into its own folder, without leaving dates that an earlier version had."""
    folder = services.settings.paths.build / issue.slug
    written = write_issue(services, issue, key, folder)
    calendars = {folder / "issue.ics", *folder.glob("dates/*.ics")}
    for each in calendars.difference(each.file for each in written):
        each.unlink(missing_ok=True)
    return written


def write_issue(services: "IssueServices", issue: Issue, key: "VariantKey", folder: Path) -> tuple[Written, ...]:
    """Write every form of an issue, as an example subscriber would get it, into `folder`."""
    composed = services.composer.compose(issue, key)
    calendar = issue_calendar(services, issue)
    forms = {
        "issue.html": with_pictures(with_values(services, composed.html), composed.images).encode(),
        "issue.txt": with_values(services, composed.text).encode(),
        "issue.mjml": composed.mjml.encode(),
        "issue.eml": shown_message(services, composed, slug=issue.slug),
        "issue.pdf": printed_issue(services, issue),
        "web.html": issue_webpage(services, issue).encode(),
    }
    if calendar.whole:
        forms["issue.ics"] = calendar.whole
    forms |= {f"dates/{name}.ics": event for name, event in calendar.by_name.items()}
    return write_files(folder, forms)


def printed_issue(services: "IssueServices", issue: Issue) -> bytes:
    """The PDF of an issue; its time stamp is the issue's own date, so the same issue gives the same bytes."""
    return print_pdf(
        issue,
        templates=services.templates,
        theme=services.theme,
        publication=services.publication,
        timestamp=_timestamp(issue),
    )


def issue_webpage(services: "IssueServices", issue: Issue) -> str:
    """The web version of an issue, the same for every reader."""
    return compose_webpage(issue, templates=services.templates, theme=services.theme, publication=services.publication)


def issue_calendar(services: "IssueServices", issue: Issue, *, revision: Revision | None = None) -> IssueCalendar:
    """The dates of an issue as calendar files, as they are published for the first time or after a `revision`."""
    return build_calendar(
        issue,
        labels=services.templates.labels,
        publication=services.publication,
        timestamp=_timestamp(issue),
        revision=revision,
    )


def _timestamp(issue: Issue) -> datetime:
    return datetime.combine(issue.published.start, time(), UTC)


def with_values(services: "IssueServices", text: str, to: Shown = EXAMPLE) -> str:
    """Put a reader's values, or those of an example subscriber, into the slots of a composed text."""
    pages = services.publication.pages
    values = {
        Slot.EMAIL: to.address,
        Slot.UNSUBSCRIBE_URL: pages.leave(to.token),
        Slot.PREFERENCES_URL: pages.preferences(to.token),
    }
    for slot, value in values.items():
        text = text.replace(slot.token, value)
    return text


def shown_message(services: "IssueServices", composed: "ComposedIssue", *, slug: str, to: Shown = EXAMPLE) -> bytes:
    """The whole message to a reader, or to an example subscriber, as it would go over the wire."""
    compiled = compile_message(composed, sender=services.sender, slug=slug)
    values = RecipientValues(
        address=to.address,
        unsubscribe_token=to.token,
        preferences_token=to.token,
        message_id=f"<{to.name}@{compiled.domain}>",
        date=services.clock(),
    )
    return compiled.personalise(values, smtputf8=True)


def size_of_mail(services: "IssueServices", issue: Issue, key: "VariantKey") -> tuple[int, int]:
    """Return the bytes of a mail's HTML, without pictures, and those after which Gmail cuts it off."""
    return len(services.composer.compose(issue, key).html.encode()), GMAIL_CLIPS_AT


def left_out_of_mail(services: "IssueServices", issue: Issue) -> int:
    """Return how many words of long items the mail to a reader of no list leaves to the web version."""
    return words_left_out(issue, services.publication)[1]


def picture_addresses(composed: "ComposedIssue") -> dict[str, str]:
    """Return an address that holds the picture, for each `cid:` of a mail."""
    return {f"cid:{each.cid}": data_address(each) for each in composed.images}


def write_files(folder: Path, contents: Mapping[str, bytes]) -> tuple[Written, ...]:
    """Write files by name into a folder, made when it is not there; raises `UnwritableError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UnwritableError(
            msg("sending.files-cannot-be-written", reason=reason_of(error)),
            where=str(folder),
            hint=msg("sending.name-another-folder"),
        ) from error
    return tuple(Written(file=folder / name, size=len(content)) for name, content in contents.items())
