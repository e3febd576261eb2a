"""The forms of one variant with a reader's values in it, and its findings."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from email import message_from_bytes
from functools import cached_property

from mailer.bootstrap import Services
from mailer.catalogue import msg
from mailer.compose.composed import ComposedIssue
from mailer.errors import MailerError
from mailer.issue.lint.language import words_by_language
from mailer.issue.lint.passages import minutes_to_read
from mailer.issue.model import Finding, Issue, LongItems, Severity
from mailer.issue.source import IssueReading
from mailer.preview.choice import Part, PreviewChoice
from mailer.preview.readers import PreviewReader, PreviewReaders
from mailer.usecases.checking import check_reading
from mailer.usecases.desk import (
    EXAMPLE,
    Shown,
    chosen_key,
    issue_webpage,
    left_out_of_mail,
    printed_issue,
    shown_message,
    with_values,
)


@dataclass(frozen=True, kw_only=True)
class View:
    """An issue that composes, as one reader gets it. What takes time is made when it is first asked for."""

    services: Services
    issue: Issue
    composed: ComposedIssue
    reader: PreviewReader | None = None

    @cached_property
    def html(self) -> str:
        """The HTML part."""
        return with_values(self.services, self.composed.html, self._to)

    @cached_property
    def text(self) -> str:
        """The plain-text part, without the spaces at the ends of lines that tell mail programs where they flow."""
        text = with_values(self.services, self.composed.text, self._to)
        return "\n".join(line.rstrip(" ") for line in text.split("\n"))

    @cached_property
    def eml(self) -> bytes:
        """The whole message, as it goes over the wire."""
        return shown_message(self.services, self.composed, slug=self.issue.slug, to=self._to)

    @property
    def _to(self) -> Shown:
        of_reader = {"address": self.reader.address, "token": self.reader.token} if self.reader else {}
        return replace(EXAMPLE, name="preview", **of_reader)

    @cached_property
    def content_hash(self) -> str:
        """Return the hash of the texts; a test-send remembers it beside the edition hash, which takes longer."""
        return self.services.composer.content_hash(self.issue)

    @property
    def headers(self) -> str:
        """The message's header fields, as they go over the wire."""
        return self.eml.partition(b"\r\n\r\n")[0].decode("ascii", "replace").replace("\r\n", "\n")

    def source(self, part: Part) -> str:
        """The text of a part that is shown as text; empty for one that is shown in a frame."""
        sources = {
            "text": self.text,
            "mjml": self.composed.mjml,
            "html": self.html,
            "headers": self.headers,
            "eml": self.eml.decode("utf-8", "replace").replace("\r\n", "\n"),
        }
        return sources.get(part, "")

    @property
    def sender(self) -> str:
        """Return the sender of the mail, as an inbox shows it."""
        name = str(message_from_bytes(self.eml)["From"])
        return name.partition("<")[0].strip(' "') or name

    @property
    def words(self) -> dict[str, int]:
        """Return the words by language, the most first."""
        return dict(sorted(words_by_language(self.issue).items(), key=lambda each: -each[1]))

    @property
    def left_out(self) -> int:
        """Return how many words of long items the mail to a reader of no list leaves to the web version."""
        return left_out_of_mail(self.services, self.issue)

    @property
    def minutes(self) -> int:
        """Return how long it takes to read."""
        return minutes_to_read(sum(self.words.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The result of looking at an issue: a view when it composes, and the findings either way."""

    findings: tuple[Finding, ...]
    view: View | None

    @property
    def first_error(self) -> Finding | None:
        """Return the error that stops the issue from being composed, if any."""
        return next((each for each in self.findings if each.severity is Severity.ERROR), None)


def look_at(services: Services, reading: IssueReading, view: View | None, *, today: date) -> Look:
    """Check an issue whose view is made."""
    checked = check_reading(services, reading, today=today)
    return Look(findings=checked.findings, view=view if checked.issue else None)


def view_of(
    services: Services, reading: IssueReading, choice: PreviewChoice, *, readers: PreviewReaders
) -> View | None:
    """Compose an issue for the chosen reader, or for an example reader of the chosen list; None when that fails.

    Raises `MailerError` for a choice that is none.
    """
    reader = readers.get(choice.reader) if choice.reader else None
    if reading.issue is None:
        return None
    lists = reader.lists if reader else tuple(filter(None, choice.list.split(",")))
    lang = reader.lang if reader else choice.lang
    issue = (
        reading.issue if choice.long in {"set", "both"} else replace(reading.issue, long_items=LongItems(choice.long))
    )
    key = chosen_key(services, issue, lists=lists, lang=lang)
    with suppress(MailerError):  # which is among the findings
        composed = services.composer.compose(issue, key)
        view = View(services=services, issue=issue, composed=composed, reader=reader)
        return view if view.eml else None
    return None


def web_version(services: Services, view: View) -> str:
    """The page that everybody may read on the web."""
    return issue_webpage(services, view.issue)


def pdf_of(services: Services, view: View) -> bytes:
    """The PDF."""
    return printed_issue(services, view.issue)


def require_view(look: Look) -> View:
    """The view; raises `MailerError` with the first error when there is none."""
    if look.view is None:
        error = look.first_error
        place = f"{error.file}:{error.line}" if error else ""
        what = error.message if error else msg("preview.cannot-be-composed")
        raise MailerError(what, where=place, hint=(error and error.hint) or "mailer check")
    return look.view
