"""Parts taken out of an item's body: its first words, links that stand alone at its end, all its inlines."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from mailer.issue.model import (
    Block,
    Blocks,
    Footnotes,
    Heading,
    Image,
    Inline,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Table,
    Text,
    plain_text,
)
from mailer.issue.pictures import images_in

LONGEST_LEAD = 60


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link on a line of its own: the words before it (*Les meir her:*), the link, a closing mark."""

    lead: str
    link: Link
    tail: str = ""

    @property
    def shows_address(self) -> bool:
        """Return whether the link's words are an address themselves."""
        return plain_text(self.link.children).startswith(("http://", "https://"))


def split_rows(body: Blocks) -> tuple[Blocks, tuple[LinkRow, ...]]:
    """Take the paragraphs that are nothing but a link, with or without a lead-in, from the end of a body."""
    rows: list[LinkRow] = []
    rest = list(body)
    while rest and (row := as_row(rest[-1])):
        rows.insert(0, row)
        rest.pop()
    return tuple(rest), tuple(rows)


def split_footnotes(body: Blocks) -> tuple[Blocks, Blocks]:
    """Part a body from its footnotes, which are printed below all that belongs to it."""
    at = len(body) - bool(body and isinstance(body[-1], Footnotes))
    return body[:at], body[at:]


def with_quotes(body: Blocks) -> Blocks:
    """Set spoken paragraphs apart: in Norwegian a dash opens what somebody says (*– Vi jobber nå med …, sier hun*)."""
    return tuple(
        Quote((block,), block.line)
        if isinstance(block, Paragraph) and plain_text(block.inlines).startswith("– ")
        else block
        for block in body
    )


def opening(body: Blocks) -> str:
    """The first words of a body as plain text."""
    return next((words for words in map(_words_of, body) if words), "")


def words_in(body: Blocks) -> str:
    """Return all words of a body as plain text."""
    return " ".join(_all_words(block) for block in body)


def first_words(text: str, count: int) -> str:
    """The first `count` words, with a mark where words are left out."""
    words = text.split()
    return " ".join(words) if len(words) <= count else " ".join(words[:count]).rstrip(".,:;–-") + "\N{NO-BREAK SPACE}…"


def images_of(item: Item) -> tuple[Image, ...]:
    """The item's own picture and those in its body."""
    return (*((item.image,) if item.image else ()), *images_in(item.body))


def as_row(block: Block) -> LinkRow | None:
    """Return a paragraph as a row, when it is nothing but a link with or without a lead-in."""
    if not isinstance(block, Paragraph):
        return None
    match block.inlines:
        case (Link() as link,):
            return LinkRow("", link)
        case (Link() as link, Text(tail)) if _is_mark(tail):
            return LinkRow("", link, tail.strip())
        case (Text(lead), Link() as link) if _is_lead(lead):
            return LinkRow(lead.strip(), link)
        case (Text(lead), Link() as link, Text(tail)) if _is_lead(lead) and _is_mark(tail):
            return LinkRow(lead.strip(), link, tail.strip())
    return None


def _is_lead(text: str) -> bool:
    words = text.strip()
    return len(words) <= LONGEST_LEAD and "." not in words


def _is_mark(text: str) -> bool:
    return text.strip() in {"", ".", "!", "?"}


def _all_words(block: Block) -> str:
    match block:
        case Paragraph(inlines) | Heading(inlines=inlines):
            return plain_text(inlines)
        case List(points):
            return " ".join(map(words_in, points))
        case Quote(blocks):
            return words_in(blocks)
        case Image(_, _, caption):
            return caption
        case Table():
            caption_words = [plain_text(block.caption.inlines)] if block.caption else []
            cells = (plain_text(cell.inlines) for row in block.all_rows for cell in row)
            return " ".join((*caption_words, *filter(None, cells)))
        case Footnotes(notes):
            return " ".join(words_in(note.blocks) for note in notes)


def _words_of(block: Block) -> str:
    match block:
        case Paragraph(inlines) | Heading(inlines=inlines):
            return " ".join(plain_text(inlines).split())
        case List(points):
            return next((opening(point) for point in points), "")
        case Quote(blocks):
            return opening(blocks)
        case Table():
            return _all_words(block.caption) if block.caption else ", ".join(_first_cells(block))
        case Image() | Footnotes():
            return ""


def _first_cells(table: Table) -> tuple[str, ...]:
    """Return the words of the first row that has any."""
    return tuple(filter(None, (" ".join(plain_text(cell.inlines).split()) for cell in table.all_rows[0])))


def inlines_within(part: object) -> Iterator[Inline]:
    """Yield the inlines of blocks and rows of any kind, and of inlines, those inside others too."""
    if isinstance(part, Inline):
        yield part
    if isinstance(part, tuple):
        for each in part:
            yield from inlines_within(each)
    elif is_dataclass(part):
        for field in fields(part):
            yield from inlines_within(getattr(part, field.name))
