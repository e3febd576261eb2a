"""Long items in the mail: their lead, and the parts of the rest that readers must act on."""

from dataclasses import dataclass, replace

from mailer.catalogue import msg
from mailer.compose.publication import Publication
from mailer.compose.text.excerpts import LinkRow, as_row, inlines_within, split_footnotes, split_rows, words_in
from mailer.issue.listed import DateList
from mailer.issue.model import (
    Block,
    Blocks,
    Contact,
    Finding,
    FootnoteMark,
    Footnotes,
    Heading,
    Image,
    Inlines,
    Issue,
    Item,
    Link,
    List,
    LongItems,
    Paragraph,
    Quote,
    Severity,
    Table,
    Text,
    plain_text,
)

LEAST_LEAD = 25
"""Words below which a lead has another paragraph."""
LEAST_LEFT_OUT = 40
"""Words below which leaving out is not worth a press: the item stays whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemText:
    """The text of an item, taken apart as it is shown; `left_out` is how many words only the web version has."""

    body: Blocks
    rows: tuple[LinkRow, ...]
    footnotes: Blocks
    contacts: tuple[Contact, ...]
    left_out: int = 0


def whole_text(item: Item) -> ItemText:
    """Return all of an item."""
    text, footnotes = split_footnotes(item.body)
    body, rows = split_rows(text)
    return ItemText(body=body, rows=rows, footnotes=footnotes, contacts=item.line_contacts)


def mail_text(item: Item, listed: DateList, publication: Publication) -> ItemText:
    """Return the text in the mail of an item that is not the reader's own: all, or the lead of a long one."""
    whole = whole_text(item)
    is_whole = _form_of(item, listed, publication) is LongItems.WHOLE
    if is_whole or _count(whole.body) <= publication.long_item_words:
        return whole
    lead = _lead_of(whole.body)
    rest = whole.body[len(lead) :]
    rows = tuple(row for row in map(as_row, rest) if row)
    left_out = _count(tuple(block for block in rest if not as_row(block)))
    if left_out < LEAST_LEFT_OUT:
        return whole
    rows = (*rows, *whole.rows)
    shown = tuple(inlines_within((lead, rows)))
    return ItemText(
        body=lead,
        rows=rows,
        footnotes=_footnotes_of(shown, whole.footnotes),
        contacts=tuple(each for each in item.contacts if each in item.line_contacts or not _names(shown, each.email)),
        left_out=left_out,
    )


def _form_of(item: Item, listed: DateList, publication: Publication) -> LongItems:
    """Return the item's own form; without one an item with a deadline is whole, for its text says how to keep it."""
    if item.long_items or not any(listed.deadlines_of(item)):
        return item.long_items or listed.issue.long_items or publication.long_items
    return LongItems.WHOLE


def words_left_out(issue: Issue, publication: Publication) -> tuple[int, int]:
    """Return how many items the mail to a reader of no list shows the lead of, and how many words those leave out."""
    listed = DateList(issue)
    forms = ((item, _form_of(item, listed, publication)) for item in issue.items)
    leads = (item for item, form in forms if form is LongItems.LEAD)
    numbers = [mail_text(item, listed, publication).left_out for item in leads]
    return sum(map(bool, numbers)), sum(numbers)


def lead_findings(issue: Issue, publication: Publication) -> tuple[Finding, ...]:
    """Note how many words the mail leaves to the web version."""
    items, words = words_left_out(issue, publication)
    if not items:
        return ()
    message = msg("findings.long-items", items=msg("findings.count-leads", count=items), words=words)
    return (Finding(severity=Severity.NOTE, rule="long-items", message=message, file="issue.toml"),)


def _lead_of(body: Blocks) -> Blocks:
    """Return the first whole blocks that say something, up to one that does not lead to the next."""
    for at in range(1, len(body) + 1):
        if _count(body[:at]) >= LEAST_LEAD and _can_end(body[at - 1]):
            return body[:at]
    return body


def _can_end(block: Block) -> bool:
    match block:
        case Paragraph(inlines):
            return not plain_text(inlines).rstrip().endswith((":", ","))
        case Heading() | Image():
            return False
        case List() | Quote() | Table() | Footnotes():
            return True


def _names(shown: Inlines, address: str) -> bool:
    return any(
        (isinstance(each, Text) and address in each.text) or (isinstance(each, Link) and address in each.url)
        for each in shown
    )


def _footnotes_of(shown: Inlines, footnotes: Blocks) -> Blocks:
    """Keep the footnotes to which a mark that is shown leads."""
    marks = {each.to for each in shown if isinstance(each, FootnoteMark)}
    kept = tuple(
        replace(each, notes=tuple(note for note in each.notes if note.anchor in marks))
        for each in footnotes
        if isinstance(each, Footnotes)
    )
    return tuple(each for each in kept if each.notes)


def _count(blocks: Blocks) -> int:
    return len(words_in(blocks).split())
