"""The content of one newsletter issue as plain values; HTML, text and PDF are all rendered from these."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from mailer.issue.finding import Finding, Severity
from mailer.issue.moment import CalendarDate, Hours, Precision
from mailer.languages import Lang

__all__ = ["CalendarDate", "Finding", "Hours", "Precision", "Severity"]

# --- Running text -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Words, in Unicode NFC."""

    text: str


@dataclass(frozen=True, slots=True)
class LineBreak:
    """A hard line break."""


@dataclass(frozen=True, slots=True)
class Strong:
    """Words of strong importance."""

    children: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Stressed words."""

    children: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere.

    `url` is https, http, mailto or tel, percent-encoded ASCII; empty when the editor knows the words
    but not yet the address: then the words are shown as the text around them. `lang` is set where
    the words are in another language than the text around them. `written` is the address as it stands in
    the file, before wrappers and tracking were taken off it.
    """

    children: tuple["Inline", ...]
    url: str
    lang: Lang | None = None
    written: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FootnoteMark:
    """A mark that leads to a footnote: the number shown, the footnote's anchor, and the mark's own."""

    number: str
    to: str
    anchor: str


Inline = Text | LineBreak | Strong | Emphasis | Link | FootnoteMark
Inlines = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    inlines: Inlines
    line: int = 0


@dataclass(frozen=True, slots=True)
class List:
    """Points, each a run of blocks, with bullets or numbered from 1."""

    points: tuple[tuple["Block", ...], ...]
    numbered: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation set apart."""

    blocks: tuple["Block", ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside an item; level 4 stands directly below the item's title (level 3)."""

    level: int
    inlines: Inlines
    line: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """A picture from the issue's `images/` folder; empty `alt` means it is decoration."""

    path: str
    alt: str
    caption: str = ""
    line: int = 0


class Alignment(StrEnum):
    """The side to which the words of a column are set."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, which may be empty."""

    inlines: Inlines = ()
    line: int = 0


Cells = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, as long as `alignments`; a header, or none; with `names_rows` the first cells name their rows."""

    header: Cells
    rows: tuple[Cells, ...]
    alignments: tuple[Alignment, ...]
    names_rows: bool = False
    caption: Paragraph | None = None
    line: int = 0

    @property
    def all_rows(self) -> tuple[Cells, ...]:
        """The header, if there is one, and the rows."""
        return (self.header, *self.rows) if self.header else self.rows


@dataclass(frozen=True, slots=True)
class Footnote:
    """One footnote; `back` is the anchor of the first mark that leads here, "" when none does."""

    number: str
    anchor: str
    blocks: tuple["Block", ...]
    back: str = ""


@dataclass(frozen=True, slots=True)
class Footnotes:
    """The footnotes of a text, at its end."""

    notes: tuple[Footnote, ...]
    line: int = 0


Block = Paragraph | List | Quote | Heading | Image | Table | Footnotes
Blocks = tuple[Block, ...]


# --- Dates ------------------------------------------------------------------------------------------


class DateKind(StrEnum):
    """The kind of an event; the first five are deadlines."""

    APPLICATION_DEADLINE = "application_deadline"
    CONSULTATION_DEADLINE = "consultation_deadline"
    CONTRIBUTION_DEADLINE = "contribution_deadline"
    REGISTRATION_DEADLINE = "registration_deadline"
    DEADLINE = "deadline"
    CALL_EXPECTED = "call_expected"
    IN_FORCE = "in_force"
    LAUNCH = "launch"
    PUBLICATION = "publication"
    EVENT = "event"
    MEETING = "meeting"
    CONFERENCE = "conference"

    @property
    def is_deadline(self) -> bool:
        """Return whether readers must act before it."""
        return self in _DEADLINES


_DEADLINES = frozenset(
    {
        DateKind.APPLICATION_DEADLINE,
        DateKind.CONSULTATION_DEADLINE,
        DateKind.CONTRIBUTION_DEADLINE,
        DateKind.REGISTRATION_DEADLINE,
        DateKind.DEADLINE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDate:
    """A date that an item tells of; `signup` is the address to sign up at, `id` the editor's own name for it."""

    when: CalendarDate
    kind: DateKind
    title: str = ""
    place: str = ""
    hours: Hours | None = None
    signup: str = ""
    id: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportantDate:
    """One entry of *Viktige datoer*: `text` as the editor wrote it, the other fields read out of it by the editor."""

    when: CalendarDate
    text: Inlines
    kind: DateKind = DateKind.EVENT
    item: str = ""
    helsefellesskap: tuple[str, ...] = ()
    place: str = ""
    hours: Hours | None = None
    signup: str = ""
    id: str = ""
    line: int = 0


# --- The issue --------------------------------------------------------------------------------------


class IssueKind(StrEnum):
    """A newsletter, or a short letter (a correction) without band and contents."""

    ISSUE = "issue"
    NOTE = "note"


class LongItems(StrEnum):
    """The form of long items in the mail: whole, or their lead and a link to the web version."""

    WHOLE = "whole"
    LEAD = "lead"


class Placement(StrEnum):
    """The place of a contact: on its own line after the body, or already inside the body's text."""

    LINE = "line"
    INLINE = "inline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or office to ask."""

    email: str
    name: str = ""
    placement: Placement = Placement.LINE
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One contribution. `number` is its place in the issue, from 1; `lang` is always set."""

    slug: str
    number: int
    lang: Lang
    body: Blocks
    title: str = ""
    contacts: tuple[Contact, ...] = ()
    helsefellesskap: tuple[str, ...] = ()
    dates: tuple[ItemDate, ...] = ()
    image: Image | None = None
    long_items: LongItems | None = None
    file: str = ""
    line: int = 0

    @property
    def line_contacts(self) -> tuple[Contact, ...]:
        """The contacts that are printed on lines of their own."""
        return tuple(contact for contact in self.contacts if contact.placement is Placement.LINE)

    @property
    def deadlines(self) -> tuple[ItemDate, ...]:
        """The item's deadlines, in the order written."""
        return tuple(each for each in self.dates if each.kind.is_deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Items under one heading; without a title (only the first may be) they stand under none."""

    id: str
    title: str = ""
    parent: str = ""
    organisations: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    line: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEntry:
    """One line of a link group: words, links and comments."""

    text: Inlines
    lang: Lang | None = None
    when: CalendarDate | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkGroup:
    """*Nettsider*, *Gikk du glipp av dette?*: entries, then titled groups below."""

    title: str
    entries: tuple[LinkEntry, ...] = ()
    groups: tuple["LinkGroup", ...] = ()
    past: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One newsletter issue, checked and complete; `lines` are those of its own texts in `issue.toml`, by key."""

    slug: str
    title: str
    published: CalendarDate
    lang: Lang
    publisher: str
    sections: tuple[Section, ...]
    kind: IssueKind = IssueKind.ISSUE
    subject: str = ""
    masthead: str = ""
    number: int | None = None
    preheader: str = ""
    intro: Blocks = ()
    reader_note: str = ""
    next_issue: CalendarDate | None = None
    contribution_deadline: date | None = None
    contact: Contact | None = None
    important_dates: tuple[ImportantDate, ...] = ()
    link_groups: tuple[LinkGroup, ...] = ()
    long_items: LongItems | None = None
    images: dict[str, bytes] = field(default_factory=dict, compare=False, hash=False, repr=False)
    lines: dict[str, int] = field(default_factory=dict, compare=False, hash=False, repr=False)

    @property
    def items(self) -> tuple[Item, ...]:
        """Return all items in the order printed."""
        return tuple(item for section in self.sections for item in section.items)

    @property
    def helsefellesskap(self) -> frozenset[str]:
        """The helsefellesskap that an item or an important date of this issue is about."""
        named = [item.helsefellesskap for item in self.items]
        dated = [each.helsefellesskap for each in self.important_dates]
        return frozenset(slug for slugs in (*named, *dated) for slug in slugs)


def plain_text(inlines: Iterable[Inline]) -> str:
    """Return the words alone, without marks, addresses or the numbers of footnotes."""
    return "".join(_words(inlines))


def _words(inlines: Iterable[Inline]) -> Iterator[str]:
    for inline in inlines:
        match inline:
            case Text(text):
                yield text
            case LineBreak():
                yield "\n"
            case Strong(children) | Emphasis(children) | Link(children=children):
                yield from _words(children)
            case FootnoteMark():
                pass
