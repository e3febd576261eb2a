"""Parses `issue.toml`: all that an issue is apart from its items."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from mailer.catalogue import msg
from mailer.issue.files.fields import Fields, parse_toml
from mailer.issue.files.items import parse_contacts, parse_long_items
from mailer.issue.files.kinds import KIND_WORDS
from mailer.issue.files.known_names import KnownNames
from mailer.issue.findings import FindingCollector
from mailer.issue.model import (
    CalendarDate,
    DateKind,
    Finding,
    ImportantDate,
    Issue,
    IssueKind,
    LinkEntry,
    LinkGroup,
    Section,
)
from mailer.languages import DEFAULT_LANG, Lang
from mailer.nearest import did_you_mean

FRAME = "issue.toml"
KEYS = (
    "title",
    "kind",
    "subject",
    "masthead",
    "number",
    "date",
    "lang",
    "preheader",
    "intro",
    "reader_note",
    "next_issue",
    "contribution_deadline",
    "contact",
    "sections",
    "important_dates",
    "link_groups",
    "long_items",
)
SECTION_KEYS = ("id", "title", "parent", "organisations", "items")
IMPORTANT_DATE_KEYS = (
    *("date", "end", "approximate", "time", "text", "kind", "place", "item", "helsefellesskap", "signup", "id"),
)
LINK_GROUP_KEYS = ("title", "past", "entries", "groups")
LINK_ENTRY_KEYS = ("text", "lang", "date", "end", "approximate")

_UNDATED = CalendarDate(start=date.min)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An issue whose sections are still empty; `listed` are the slugs a section names, by the section's id."""

    issue: Issue
    listed: Mapping[str, tuple[str, ...]]
    section_lines: Mapping[str, int]


def parse_frame(
    text: str, *, file: str, slug: str, publisher: str, known: KnownNames, images: Collection[str] = ()
) -> tuple[Frame | None, tuple[Finding, ...]]:
    """Parse `issue.toml`. `known` are the names of the helsefellesskap, `images` the paths of the pictures there."""
    notes = FindingCollector(file=file, text=text)
    sheet = parse_toml(text, notes=notes)
    if sheet is None:
        return None, tuple(notes.findings)
    fields = Fields(sheet.values, sheet=sheet, known=KEYS)
    lang = fields.lang("lang", default=DEFAULT_LANG)
    sections = fields.tables("sections", known=SECTION_KEYS)
    issue = Issue(
        slug=slug,
        title=fields.text("title", required=True),
        published=fields.when(required=True) or _UNDATED,
        lang=lang,
        publisher=publisher,
        sections=_sections(sections),
        kind=fields.choice("kind", default=IssueKind.ISSUE),
        subject=fields.text("subject"),
        masthead=fields.text("masthead"),
        number=fields.number("number"),
        preheader=fields.text("preheader"),
        intro=fields.blocks("intro", lang=lang, images=images),
        reader_note=fields.text("reader_note"),
        next_issue=fields.when("next_issue"),
        contribution_deadline=fields.day("contribution_deadline"),
        contact=next(iter(parse_contacts(fields, "contact")), None),
        important_dates=_important_dates(fields, lang=lang, known=known),
        link_groups=_link_groups(fields, "link_groups", lang=lang),
        long_items=parse_long_items(fields),
        lines={key: fields.line(key) for key in KEYS if key in fields.values},
    )
    frame = Frame(
        issue=issue,
        listed={each.text("id"): each.texts("items") for each in sections},
        section_lines={each.text("id"): each.line() for each in sections},
    )
    return frame, tuple(notes.findings)


def _sections(tables: list[Fields]) -> tuple[Section, ...]:
    sections: list[Section] = []
    for position, fields in enumerate(tables):
        section = Section(
            id=fields.text("id", required=position > 0),
            title=fields.text("title", required=position > 0),
            parent=fields.text("parent"),
            organisations=fields.texts("organisations"),
            line=fields.line("title"),
        )
        _check_section(section, before=sections, fields=fields)
        sections.append(section)
    return tuple(sections)


def _check_section(section: Section, *, before: list[Section], fields: Fields) -> None:
    ids = [each.id for each in before]
    if section.id in ids:
        fields.error("duplicate", msg("issues.two-sections-of-one-id", section=section.id), "id", words=section.id)
    if section.parent and section.parent not in ids:
        hint = did_you_mean(section.parent, ids) or msg("issues.parent-above")
        message = msg("issues.no-such-parent", section=section.parent)
        fields.error("unknown-section", message, "parent", words=section.parent, hint=hint)
    elif section.parent and section.parent not in {before[-1].id, before[-1].parent}:
        hint = msg("issues.move-below-parent", section=section.parent)
        message = msg("issues.section-order")
        fields.error("section-order", message, "parent", words=section.parent, hint=hint)


def _important_dates(fields: Fields, *, lang: Lang, known: KnownNames) -> tuple[ImportantDate, ...]:
    dates: list[ImportantDate] = []
    for each in fields.tables("important_dates", known=IMPORTANT_DATE_KEYS):
        each.text("text", required=True)
        when = each.when(required=True)
        dates.append(
            ImportantDate(
                when=when or _UNDATED,
                text=each.inlines("text", lang=lang),
                kind=each.choice("kind", default=DateKind.EVENT, words=KIND_WORDS),
                item=each.text("item"),
                helsefellesskap=each.slugs("helsefellesskap", known=known),
                place=each.text("place"),
                hours=each.hours(when),
                signup=each.address("signup"),
                id=each.own_id("id", before=[before.id for before in dates]),
                line=each.line(),
            )
        )
    return tuple(dates)


def _link_groups(fields: Fields, key: str, *, lang: Lang) -> tuple[LinkGroup, ...]:
    return tuple(
        LinkGroup(
            title=each.text("title", required=True),
            entries=_entries(each, lang=lang),
            groups=_link_groups(each, "groups", lang=lang),
            past=each.flag("past"),
            line=each.line(),
        )
        for each in fields.tables(key, known=LINK_GROUP_KEYS)
    )


def _entries(fields: Fields, *, lang: Lang) -> tuple[LinkEntry, ...]:
    entries = []
    for each in fields.tables("entries", known=LINK_ENTRY_KEYS, plain="text"):
        each.text("text", required=True)
        own = each.lang("lang", default=lang)
        text = each.inlines("text", lang=own)
        entries.append(
            LinkEntry(text=text, lang=None if own == lang else own, when=each.when(), line=each.line("text"))
        )
    return tuple(entries)
