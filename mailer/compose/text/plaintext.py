"""Running text for the plain-text part, every address whole.

Paragraphs flow (RFC 3676): a line that ends in a space goes on in the next, so that a mail program fills its own width.
Indented text (points, quotations, dates, contents) has fixed lines, short enough for a narrow window.
"""

import re
import textwrap
from collections.abc import Sequence
from itertools import chain
from urllib.parse import unquote

from mailer.compose.text.markup import bound
from mailer.issue.links.urls import clean_url
from mailer.issue.model import (
    Alignment,
    Block,
    Blocks,
    Emphasis,
    FootnoteMark,
    Footnotes,
    Heading,
    Image,
    Inline,
    Inlines,
    LineBreak,
    Link,
    List,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
)

WIDTH = 72
NARROW = 60
DATE_COLUMN = 19
_GAP = "  "
_LIKE_A_SIGNATURE = re.compile(r"^-- $", re.MULTILINE)


def inline_text(inlines: Inlines) -> str:
    """The inlines as text; a link is its words and then its address in angle brackets."""
    return "".join(map(_render, inlines))


def wrap(text: str, *, indent: str = "", first: str | None = None) -> str:
    """Break lines at spaces only, so that no address is cut; a longer word gets a line of its own.

    Text that is not set in flows.
    """
    lead = indent if first is None else first
    paragraphs = [" ".join(line.split(" ")) for line in bound(text).split("\n")]
    lines = [
        _fill(line, first=lead if number == 0 else indent, indent=indent) for number, line in enumerate(paragraphs)
    ]
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def underline(text: str, mark: str = "-") -> str:
    """A heading: the text, wrapped, with a line of marks below that is as long as its longest line."""
    wrapped = wrap(text)
    longest = max(map(len, wrapped.splitlines()), default=0)
    return f"{wrapped}\n{mark * min(longest, NARROW)}"


def date_line(day: str, text: str) -> str:
    """One row of the table of dates: the day in a column of its own."""
    column = day.ljust(DATE_COLUMN - 1) + " "
    return wrap(text, indent=" " * DATE_COLUMN, first=column)


def blocks_text(blocks: Blocks, indent: str = "") -> str:
    """Return the blocks with an empty line between them."""
    return "\n\n".join(_block(each, indent) for each in blocks)


def _fill(text: str, *, first: str, indent: str) -> str:
    flows = not first and not indent
    lines = textwrap.wrap(
        text,
        width=WIDTH if flows else NARROW,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    filled = (" \n" if flows else "\n").join(lines) or first.rstrip()
    return _LIKE_A_SIGNATURE.sub("--", filled)


def _block(block: Block, indent: str) -> str:
    match block:
        case Paragraph(inlines):
            return wrap(inline_text(inlines), indent=indent)
        case Heading(_, inlines):
            return wrap(inline_text(inlines), indent=indent)
        case Quote(blocks):
            return blocks_text(blocks, indent + "    ")
        case List(points, numbered):
            marks = [f"{number}. " if numbered else "- " for number in range(1, len(points) + 1)]
            return "\n".join(_point(point, mark, indent) for point, mark in zip(points, marks, strict=True))
        case Image(_, alt, caption):
            return wrap(f"[{' – '.join(filter(None, (alt, caption)))}]", indent=indent)
        case Table():
            return _table(block, indent)
        case Footnotes(notes):
            return "\n".join(_point(note.blocks, f"[{note.number}] ", indent) for note in notes)


def _point(point: Blocks, mark: str, indent: str) -> str:
    hanging = indent + " " * len(mark)
    return indent + mark + blocks_text(point, hanging).removeprefix(hanging)


def _table(table: Table, indent: str) -> str:
    """The columns beside each other where a line has room for them, or each row as lines with labels."""
    caption = wrap(inline_text(table.caption.inlines), indent=indent) + "\n" if table.caption else ""
    cells = [[inline_text(cell.inlines).replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in table.all_rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    is_narrow = len(indent) + sum(widths) + len(_GAP) * (len(widths) - 1) <= NARROW
    if is_narrow and "\n" not in "".join(chain.from_iterable(cells)):
        rules = [["-" * width for width in widths]] if table.header else []
        lines = [*cells[: len(rules)], *rules, *cells[len(rules) :]]
        return caption + "\n".join(indent + _columns(line, widths, table.alignments) for line in lines)
    header = cells.pop(0) if table.header else [""] * len(widths)
    is_filled = [any(column) for column in zip(*cells, strict=True)]
    return caption + "\n".join(_labelled(header, row, indent, is_filled) for row in cells)


def _columns(cells: Sequence[str], widths: Sequence[int], sides: Sequence[Alignment]) -> str:
    adjusted = {Alignment.LEFT: str.ljust, Alignment.CENTER: str.center, Alignment.RIGHT: str.rjust}
    return _GAP.join(
        adjusted[side](cell, width) for cell, width, side in zip(cells, widths, sides, strict=True)
    ).rstrip()


def _labelled(header: Sequence[str], row: Sequence[str], indent: str, is_filled: Sequence[bool]) -> str:
    """The row as lines of label and words, those below the first further in.

    Where the first cell alone is empty the row goes on with the one above, and all its lines stand further in. Empty
    cells are left out, but for columns without any words, whose names would stand nowhere.
    """
    labels = [f"{' '.join(label.split()).removesuffix(':')}: " if label else "" for label in header]
    columns = zip(labels, row, is_filled, strict=True)
    lines = [label + words for label, words, has_words in columns if words or (label and not has_words)]
    deeper, goes_on = indent + _GAP, is_filled[0] and not row[0]
    return "\n".join(
        wrap(line, first=deeper if number or goes_on else indent, indent=deeper + _GAP)
        for number, line in enumerate(lines)
    )


def _render(inline: Inline) -> str:
    match inline:
        case Text(text):
            return text
        case LineBreak():
            return "\n"
        case Strong(children) | Emphasis(children):
            return inline_text(children)
        case Link(children, url):
            return _link(inline_text(children), url)
        case FootnoteMark():
            return f"[{inline.number}]"


def _link(words: str, url: str) -> str:
    if not url:
        return words
    scheme, _, address = url.partition(":")
    if scheme in {"mailto", "tel"}:
        alone = address.partition("?")[0]
        said = clean_url(f"{scheme}:{words.removeprefix(f'{scheme}:')}").url.partition("?")[0]
        return words if said == f"{scheme}:{alone}" else f"{words} <{unquote(alone)}>"
    return f"<{url}>" if url in {clean_url(words).url, clean_url(f"https://{words}").url} else f"{words} <{url}>"
