"""The content of one variant and its order: mail, plain text and PDF are all written from this."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from mailer.compose.composed import VariantKey
from mailer.compose.dated import DateRow, Deadline, date_rows, deadlines, masthead_deadlines, year_in_mind
from mailer.compose.leads import ItemText, mail_text, whole_text
from mailer.compose.publication import Helsefellesskap, Publication
from mailer.compose.text.excerpts import LinkRow, first_words, opening, with_quotes, words_in
from mailer.issue.listed import DateList
from mailer.issue.markdown.headings import number_headings
from mailer.issue.model import Blocks, Contact, Issue, IssueKind, Item, Precision, Section
from mailer.rendering.dates import write_date, write_day, write_month, write_when
from mailer.rendering.labels import Label, Labels
from mailer.rendering.pages import item_anchor

TEASER_WORDS = 22
_IN_ADDRESSES = "@!$'*+"
"""The signs of a mail address that stand in one of the scheme `mailto` as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMark:
    """One bar of the band: a helsefellesskap, whether the issue is about it, whether it is the reader's own."""

    place: Helsefellesskap
    lit: bool
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """An item as shown. `level` is that of its heading; `name` is its title, or the words that stand for one.

    `footnotes` is the block of them, or nothing. `left_out` is how many words only the web version has.
    """

    item: Item
    name: str
    level: int
    places: tuple[str, ...]
    own: bool
    deadlines: tuple[Deadline, ...]
    body: Blocks
    rows: tuple[LinkRow, ...]
    footnotes: Blocks
    contacts: tuple[Contact, ...]
    teaser: str
    left_out: int

    @property
    def anchor(self) -> str:
        """The item's address inside the mail."""
        return f"sak-{self.item.number}"

    @property
    def page_anchor(self) -> str:
        """The item's address inside the web page, which lasts: mails and calendars link to it."""
        return item_anchor(self.item.slug)

    @property
    def contact_msgid(self) -> str:
        """The label of its contacts, one or several."""
        return "Contacts" if len(self.contacts) > 1 else "Contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section as shown: `contents_title` names its parent too, `level` is 3 below a parent."""

    title: str
    contents_title: str
    level: int
    items: tuple[ItemView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    """An issue as one variant shows it. Headings in `intro`, and in items' bodies, leave no level out.

    `newsletter` is the name of the newsletter, which the title need not be. `contribute` is the address (RFC 6068) that
    opens a mail to the `editor` with a subject.
    """

    issue: Issue
    key: VariantKey
    newsletter: str
    intro: Blocks
    title_lines: tuple[str, ...]
    month: str
    band: tuple[tuple[PlaceMark, ...], ...]
    deadlines_msgid: str
    deadlines: tuple[str, ...]
    own_items: tuple[ItemView, ...]
    dates: tuple[DateRow, ...]
    sections: tuple[SectionView, ...]
    next_issue: Label | None
    contribution: Label | None
    editor: str
    contribute: str

    @property
    def places(self) -> tuple[PlaceMark, ...]:
        """The helsefellesskap this issue is about."""
        return tuple(mark for region in self.band for mark in region if mark.lit)

    @property
    def own_places(self) -> tuple[str, ...]:
        """The names of the reader's own among them."""
        return tuple(mark.place.name for mark in self.places if mark.own)

    def own_slug(self, mark: PlaceMark) -> str:
        """Return the slug of the first item about one of the reader's own, or nothing if only a date is."""
        return next((each.item.slug for each in self.own_items if mark.place.slug in each.item.helsefellesskap), "")

    def slug_of(self, number: int) -> str:
        """Return the slug of the item with a number."""
        return next(item.slug for item in self.issue.items if item.number == number)

    @property
    def has_contents(self) -> bool:
        """Return whether there is a list of contents: not in a short letter."""
        return self.issue.kind is not IssueKind.NOTE

    @property
    def has_calendar(self) -> bool:
        """Return whether any date has a day that a calendar can hold."""
        return any(row.event for row in self.dates)

    @property
    def words(self) -> int:
        """Return how many words the introduction and the items have."""
        items = (item for item in self.issue.items)
        texts = (item.title + " " + words_in(item.body) for item in items)
        return len(" ".join((words_in(self.issue.intro), *texts)).split())


def build_view(
    issue: Issue, key: VariantKey, *, labels: Labels, publication: Publication, in_mail: bool = False
) -> IssueView:
    """Arrange an issue for the readers of one variant; in the mail long items may be shown by their leads."""

    def text_of(item: Item) -> ItemText:
        is_whole = not in_mail or not set(key.own).isdisjoint(item.helsefellesskap)
        return whole_text(item) if is_whole else mail_text(item, listed, publication)

    listed = DateList(issue)
    sections = tuple(_sections(listed, key, labels, publication.places, text_of))
    masthead = masthead_deadlines(issue, labels)
    is_own_name = labels.is_newsletter_name(issue.title, publication.name)
    newsletter = issue.title if is_own_name else labels.newsletter_name(publication.name, issue.lang)
    editor = issue.contact.email if issue.contact else publication.editor
    return IssueView(
        issue=issue,
        key=key,
        newsletter=newsletter,
        intro=number_headings(issue.intro),
        title_lines=_break_title(issue.title),
        month=month_of(issue),
        band=() if issue.kind is IssueKind.NOTE else _band(issue, key, publication.places),
        deadlines_msgid=masthead.msgid,
        deadlines=masthead.days,
        own_items=tuple(each for section in sections for each in section.items if each.own),
        dates=date_rows(issue, key, labels),
        sections=sections,
        next_issue=_next_issue(issue, labels),
        contribution=_contribution(issue, labels),
        editor=editor,
        contribute=_contribute(editor, newsletter, issue, labels) if editor else "",
    )


def month_of(issue: Issue) -> str:
    """Return the month of the issue for its name, *desember 2023*; of a short letter the day, when that is known."""
    if issue.kind is IssueKind.NOTE and issue.published.precision is Precision.DAY:
        return write_day(issue.published.start, issue.lang)
    return write_month(issue.published.start, issue.lang)


def _band(issue: Issue, key: VariantKey, places: Iterable[Helsefellesskap]) -> tuple[tuple[PlaceMark, ...], ...]:
    lit = issue.helsefellesskap
    marks = (PlaceMark(place=each, lit=each.slug in lit, own=each.slug in key.own) for each in places)
    return tuple(tuple(group) for _, group in groupby(marks, key=lambda mark: mark.place.region))


def _sections(
    listed: DateList,
    key: VariantKey,
    labels: Labels,
    places: tuple[Helsefellesskap, ...],
    text_of: Callable[[Item], ItemText],
) -> Iterator[SectionView]:
    titles = {section.id: section.title for section in listed.issue.sections}
    for section in shown_sections(listed.issue):
        parent = titles.get(section.parent, section.parent)
        level = 3 if parent else 2
        # Without a heading above them, items stand right below the newsletter's name.
        below = level + 1 if section.title else level
        yield SectionView(
            title=section.title,
            contents_title=" · ".join(filter(None, (parent, section.title))),
            level=level,
            items=tuple(
                _item(each, text_of(each), key, labels, places, level=below, listed=listed) for each in section.items
            ),
        )


def _item(
    item: Item,
    text: ItemText,
    key: VariantKey,
    labels: Labels,
    places: tuple[Helsefellesskap, ...],
    *,
    level: int,
    listed: DateList,
) -> ItemView:
    return ItemView(
        item=item,
        name=item.title or first_words(opening(item.body), 9),
        level=level,
        places=tuple(place.name for place in places if place.slug in item.helsefellesskap),
        own=not set(key.own).isdisjoint(item.helsefellesskap),
        deadlines=deadlines(item, labels, listed=listed),
        body=number_headings(with_quotes(text.body)),
        rows=text.rows,
        footnotes=text.footnotes,
        contacts=text.contacts,
        teaser=first_words(opening(item.body), TEASER_WORDS),
        left_out=text.left_out,
    )


def shown_sections(issue: Issue) -> tuple[Section, ...]:
    """Return the sections with items, and those that a section with items stands under."""
    parents = {section.parent for section in issue.sections if section.items}
    return tuple(section for section in issue.sections if section.items or section.id in parents)


def _break_title(title: str) -> tuple[str, ...]:
    """Break a name in two lines before its preposition."""
    for word in (" for ", " om ", " frå ", " fra ", " til "):
        before, found, after = title.partition(word)
        if found and before:
            return before, f"{word.strip()} {after}"
    return (title,)


def _next_issue(issue: Issue, labels: Labels) -> Label | None:
    if issue.next_issue is None:
        return None
    msgid = "The next newsletter comes {when}"
    year = year_in_mind(issue, issue.next_issue.start)
    lang = labels.lang_of(msgid, issue.lang)
    return labels.label(msgid, lang, when=write_when(issue.next_issue, lang, year=year))


def _contribution(issue: Issue, labels: Labels) -> Label | None:
    if issue.contribution_deadline is None:
        return None
    msgid = "The deadline for contributions is {date}."
    lang = labels.lang_of(msgid, issue.lang)
    return labels.label(msgid, lang, date=write_day(issue.contribution_deadline, lang))


def _contribute(editor: str, newsletter: str, issue: Issue, labels: Labels) -> str:
    msgid = "Contribution to {name}, {when}" if issue.next_issue else "Contribution to {name}"
    lang = labels.lang_of(msgid, issue.lang)
    when = write_date(issue.next_issue, lang) if issue.next_issue else ""
    subject = labels.label(msgid, lang, name=newsletter, when=when).text.replace("\N{NO-BREAK SPACE}", " ")
    return f"mailto:{quote(editor, safe=_IN_ADDRESSES)}?subject={quote(subject, safe='')}"
