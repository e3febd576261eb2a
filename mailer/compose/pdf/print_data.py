"""The issue as data for the print template, with no character that the fonts of the PDF lack."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mailer.compose.composed import VariantKey
from mailer.compose.dated import DateRow
from mailer.compose.mail.inbox import name_of
from mailer.compose.pdf.glyphs import BREAK, Glyphs, Unprinted, read_glyphs
from mailer.compose.publication import Publication
from mailer.compose.text.excerpts import LinkRow, inlines_within
from mailer.compose.text.markup import bound
from mailer.compose.view import IssueView, ItemView, SectionView, build_view
from mailer.issue.markdown.tables import is_number
from mailer.issue.model import (
    Block,
    Blocks,
    Cell,
    Emphasis,
    Footnote,
    FootnoteMark,
    Footnotes,
    Heading,
    Image,
    Inline,
    Inlines,
    Issue,
    LineBreak,
    Link,
    LinkGroup,
    List,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
    plain_text,
)
from mailer.languages import Lang
from mailer.rendering.labels import Labels
from mailer.rendering.templates import Templates

COVERAGE = "print/fonts/coverage.txt"
_ENDLESS = re.compile(r"[^\W_]{41,}")
_PIECE = re.compile(r".{20}(?=.)")
_CHAIN, _CHAIN_OF_A_CELL = (re.compile(rf"(?<!\S)(?!\S*://)\S{{{letters},}}") for letters in (60, 20))
_LINK_OF_CHAIN = re.compile(r"(?<=[^\W_])[^\w\s](?=\w)|_+(?=[^\W_])")


def print_data(
    issue: Issue, *, templates: Templates, publication: Publication, pictures: Iterable[str] = ()
) -> tuple[dict[str, Any], Glyphs]:
    """Return all words of the PDF, and the characters that the fonts lack; `pictures` are the paths shown."""
    key = VariantKey(own=(), lang=issue.lang)
    view = build_view(issue, key, labels=templates.labels, publication=publication)
    glyphs = read_glyphs(templates.path(COVERAGE))
    data: dict[str, Any] = glyphs.cover(
        _Content(templates.labels, issue.lang, tuple(pictures)).of_issue(view, publication)
    )
    return data, glyphs


@dataclass(frozen=True, slots=True)
class _Content:
    """The issue as values that JSON knows."""

    labels: Labels
    lang: Lang
    pictures: tuple[str, ...]

    def of_issue(self, view: IssueView, publication: Publication) -> dict[str, Any]:
        issue = view.issue
        return {
            "title": issue.title,
            "document_title": name_of(issue),
            "running_title": f"{view.newsletter} – {view.month}",
            "title_lines": [bound(line) for line in view.title_lines],
            "lang": issue.lang,
            "publisher": issue.publisher,
            "month": view.month,
            "number": f"{self.label('No.').lower()} {issue.number}" if issue.number is not None else "",
            "band": [[mark.lit for mark in region] for region in view.band],
            "in_letter": self._line("In this letter", [mark.place.name for mark in view.places]),
            "deadlines": self._line(view.deadlines_msgid, view.deadlines),
            "intro": self.blocks(view.intro),
            "note": issue.reader_note,
            "sections": [self.section(section) for section in view.sections],
            "dates": self.dates(view),
            "link_groups": [self.link_group(group, 2) for group in issue.link_groups],
            "next": [label.text for label in (view.next_issue, view.contribution) if label],
            "editor": view.editor,
            "send": self.label("Send a contribution"),
            "published": self.label("Published by {org}", org=issue.publisher),
            "web": publication.pages.issue(issue.slug),
        }

    def label(self, msgid: str, lang: Lang | None = None, **values: object) -> str:
        return self.labels.label(msgid, lang or self.lang, **values).text

    def _line(self, msgid: str, words: Iterable[str]) -> dict[str, str]:
        joined = " · ".join(words)
        return {"label": f"{self.label(msgid)}:", "words": joined} if joined else {}

    def dates(self, view: IssueView) -> dict[str, Any]:
        if not view.dates:
            return {}
        return {"title": self.label("Important dates"), "level": 2, "rows": [self.date(row) for row in view.dates]}

    def date(self, row: DateRow) -> dict[str, Any]:
        kind = self.label(row.kind_msgid)
        return {
            "number": row.number,
            "below": row.below,
            "kind": "" if row.says(kind) else kind,
            "due": row.is_deadline,
            "item": self.label("Item {number}", number=row.item) if row.item else "",
            "to": f"sak-{row.item}" if row.item else "",
            "place": row.place,
            "time": row.time,
            "lang": row.lang,
            "text": self.inlines(row.text),
        }

    def section(self, section: SectionView) -> dict[str, Any]:
        return {
            "title": _breakable(bound(section.title)),
            "level": section.level,
            "nested": section.level > 2,
            "items": [self.item(item) for item in section.items],
        }

    def item(self, view: ItemView) -> dict[str, Any]:
        item = view.item
        picture = self.blocks((item.image,), 0) if item.image else []
        return {
            "number": str(item.number) if item.title else "",
            "anchor": view.anchor,
            "title": _breakable(bound(item.title or self.label("Item {number}", item.lang, number=item.number))),
            "level": view.level,
            "lang": item.lang,
            "places": " · ".join(view.places),
            "deadlines": [{"kind": due.kind.text, "day": due.day} for due in view.deadlines],
            "body": [*picture, *self.blocks(view.body, view.level + 1)],
            "rows": [self.row(row) for row in view.rows],
            "footnotes": self.blocks(view.footnotes, view.level + 1),
            "contact_label": self.label(view.contact_msgid, item.lang) + ":",
            "contacts": [{"name": each.name, "email": each.email} for each in item.line_contacts],
        }

    def row(self, row: LinkRow) -> dict[str, Any]:
        return {"lead": row.lead, "link": self.inlines((row.link, Text(row.tail)))}

    def link_group(self, group: LinkGroup, level: int) -> dict[str, Any]:
        return {
            "title": _breakable(bound(group.title)),
            "level": level,
            "nested": level > 2,
            "entries": [{"lang": entry.lang or self.lang, "text": self.inlines(entry.text)} for entry in group.entries],
            "groups": [self.link_group(each, level + 1) for each in group.groups],
        }

    def blocks(self, blocks: Blocks, level: int = 2) -> list[dict[str, Any]]:
        """Return the data of blocks; `level` is that of the first heading inside, which the model counts from 4."""
        return [self.block(block, level) for block in blocks]

    def block(self, block: Block, level: int) -> dict[str, Any]:
        match block:
            case Paragraph(inlines):
                return {"kind": "paragraph", "text": self.inlines(inlines)}
            case Heading(depth, inlines):
                return {"kind": "heading", "level": level + depth - 4, "title": self.inlines(inlines)}
            case Quote(inner):
                return {"kind": "quote", "blocks": self.blocks(inner, level)}
            case List(points, numbered):
                return {"kind": "list", "numbered": numbered, "points": [self.blocks(point, level) for point in points]}
            case Image(path, alt, caption):
                file = str(self.pictures.index(path)) if path in self.pictures else None
                described = Unprinted(alt) if file else alt  # which stands in the place of a picture that there is not
                return {"kind": "picture", "file": file, "alt": described, "caption": caption}
            case Table():
                return self.table(block)
            case Footnotes(notes):
                return {"kind": "footnotes", "notes": [self.footnote(note, level) for note in notes]}

    def table(self, table: Table) -> dict[str, Any]:
        rows = [[self.cell(cell) for cell in row] for row in table.all_rows]
        return {
            "kind": "table",
            "caption": self.inlines(table.caption.inlines) if table.caption else [],
            "header": rows.pop(0) if table.header else [],
            # PDF/UA allows no link in what comes again on the next page.
            "repeats": not any(isinstance(each, Link | FootnoteMark) for each in inlines_within(table.header)),
            "rows": rows,
            "sides": list(table.alignments),
        }

    def cell(self, cell: Cell) -> list[dict[str, Any]]:
        if is_number(cell):
            return self.inlines((Text(plain_text(cell.inlines).replace(" ", "\N{NO-BREAK SPACE}")),))
        return self.inlines(tuple(map(_parted, cell.inlines)))

    def footnote(self, note: Footnote, level: int) -> dict[str, Any]:
        blocks = self.blocks(note.blocks, level)
        return {"number": note.number, "anchor": note.anchor, "back": note.back, "blocks": blocks}

    def inlines(self, inlines: Inlines) -> list[dict[str, Any]]:
        return [self.inline(each) for each in inlines]

    def inline(self, inline: Inline) -> dict[str, Any]:
        match inline:
            case Text(text):
                return {"kind": "text", "text": _breakable(bound(text))}
            case LineBreak():
                return {"kind": "break"}
            case Strong(children):
                return {"kind": "strong", "children": self.inlines(children)}
            case Emphasis(children):
                return {"kind": "emphasis", "children": self.inlines(children)}
            case Link(children, "", lang):
                return {"kind": "unknown", "lang": lang, "children": self.inlines(children)}
            case Link(children, url, lang):
                return {"kind": "link", "url": url, "lang": lang, "children": self.inlines(children)}
            case FootnoteMark(number=number, to=to, anchor=anchor):
                return {"kind": "footnote_mark", "number": number, "to": to, "anchor": anchor}


def _breakable(text: str) -> str:
    """The text with places for a hyphen in words that no line has room for; hyphenation knows only real ones.

    Words that signs chain together, as in an address, may part behind each sign.
    """
    text = _with_breaks(text, _CHAIN)
    return _ENDLESS.sub(lambda word: _PIECE.sub("\\g<0>\N{SOFT HYPHEN}", word[0]), text)


def _parted(inline: Inline) -> Inline:
    """Return words of a cell, which is narrow, with places for a line's end in an address."""
    match inline:
        case Text(text):
            return Text(_with_breaks(text, _CHAIN_OF_A_CELL))
        case Strong(children) | Emphasis(children) | Link(children):
            return replace(inline, children=tuple(map(_parted, children)))
        case _:
            return inline


def _with_breaks(text: str, chains: re.Pattern[str]) -> str:
    return chains.sub(lambda chain: _LINK_OF_CHAIN.sub(rf"\g<0>{BREAK}", chain[0]), text)
