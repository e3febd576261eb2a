"""Puts items into their sections and numbers them in the order printed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from mailer.catalogue import msg
from mailer.issue.files.frame import Frame
from mailer.issue.files.items import ItemDraft
from mailer.issue.findings import FindingCollector
from mailer.issue.lint.copies import FindingsAbout, note_copies
from mailer.issue.model import Finding, Issue, Item, Section
from mailer.nearest import did_you_mean


def assemble(
    frame: Frame, drafts: Sequence[ItemDraft], *, file: str, sources: Mapping[str, str]
) -> tuple[Issue, tuple[Finding, ...]]:
    """Return the whole issue; `file` is that of the frame, and `sources` are the texts by file, for findings."""
    notes = FindingCollector(file=file, text=sources[file])
    about = partial(_about, notes, sources)
    _check_slugs(drafts, about)
    note_copies([draft.item for draft in drafts], about)
    homes = _homes(frame, drafts, notes, about)
    sections = frame.issue.sections
    if "" in homes.values() and not any(section.id == "" for section in sections):
        sections = (Section(id=""), *sections)
    filled = [replace(section, items=_in_order(frame, drafts, homes, section.id)) for section in sections]
    issue = replace(frame.issue, sections=tuple(_numbered(_worth_printing(filled, frame, notes))))
    _check_references(issue, notes)
    return issue, tuple(notes.findings)


def _check_slugs(drafts: Iterable[ItemDraft], about: FindingsAbout) -> None:
    files: dict[str, str] = {}
    for draft in drafts:
        item = draft.item
        if item.slug in files:
            message = msg("issues.two-items-of-one-slug", slug=item.slug, other=files[item.slug])
            hint = msg("issues.rename-one-item")
            about(item).error("duplicate", message, line=item.line, words=item.title, hint=hint)
        files.setdefault(item.slug, item.file)


def _homes(frame: Frame, drafts: Sequence[ItemDraft], notes: FindingCollector, about: FindingsAbout) -> dict[str, str]:
    """Return the section's id of each item, from the sections' lists first, then from the items' own files."""
    own = {draft.item.slug: draft for draft in drafts}
    homes: dict[str, str] = {}
    for section, slugs in frame.listed.items():
        for slug in slugs:
            line = frame.section_lines[section]
            if slug not in own:
                hint = did_you_mean(slug, own) or msg("issues.how-items-are-named")
                notes.error("unknown-item", msg("issues.no-such-item", slug=slug), line=line, words=slug, hint=hint)
            elif slug in homes:
                notes.error("placed-twice", msg("issues.item-listed-twice", slug=slug), line=line, words=slug)
            homes.setdefault(slug, section)
    listed = {*homes}
    for draft in drafts:
        slug, section = draft.item.slug, _own_section(draft, frame, notes, about)
        homes.setdefault(slug, section)
        if slug in listed and section not in {"", homes[slug]}:
            message = msg("issues.item-placed-twice", here=draft.section, file=notes.file, there=homes[slug])
            about(draft.item).error("placed-twice", message, line=draft.section_line, words=draft.section)
    return homes


def _own_section(draft: ItemDraft, frame: Frame, notes: FindingCollector, about: FindingsAbout) -> str:
    """Return the id of the item's own section; of one that is not there none, so that the item can be looked at."""
    ids = [section.id for section in frame.issue.sections]
    if draft.section and draft.section not in ids:
        hint = did_you_mean(draft.section, ids) or (
            msg("issues.known-sections", file=notes.file, sections=", ".join(ids))
            if ids
            else msg("issues.name-the-section", file=notes.file, section=draft.section)
        )
        message = msg("issues.no-such-section", section=draft.section)
        words = draft.section
        about(draft.item).error("unknown-section", message, line=draft.section_line, words=words, hint=hint)
        return ""
    return draft.section


def _in_order(frame: Frame, drafts: Iterable[ItemDraft], homes: dict[str, str], section: str) -> tuple[Item, ...]:
    """The section's listed items as listed, then the others in the order of their files."""
    listed = frame.listed.get(section, ())
    here = [draft.item for draft in drafts if homes[draft.item.slug] == section]
    rank = {slug: place for place, slug in enumerate(listed)}
    return tuple(sorted(here, key=lambda item: rank.get(item.slug, len(listed))))


def _worth_printing(sections: Sequence[Section], frame: Frame, notes: FindingCollector) -> Iterable[Section]:
    """Leave out sections with neither items nor sub-sections that have some; parents stand above their children."""
    kept: list[Section] = []
    parents: set[str] = set()
    for section in reversed(sections):
        if section.items or section.id in parents:
            kept.append(section)
            parents.add(section.parent)
        elif section.title:
            message = msg("issues.empty-section", title=section.title)
            notes.note("empty-section", message, line=frame.section_lines[section.id], words=section.title)
    return reversed(kept)


def _numbered(sections: Iterable[Section]) -> Iterable[Section]:
    number = 0
    for section in sections:
        items = tuple(replace(item, number=number + place) for place, item in enumerate(section.items, 1))
        number += len(items)
        yield replace(section, items=items)


def _check_references(issue: Issue, notes: FindingCollector) -> None:
    slugs = [item.slug for item in issue.items]
    for each in issue.important_dates:
        if each.item and each.item not in slugs:
            message, hint = msg("issues.no-such-item", slug=each.item), did_you_mean(each.item, slugs)
            notes.error("unknown-item", message, line=each.line, words=each.item, hint=hint)


def _about(notes: FindingCollector, sources: Mapping[str, str], item: Item) -> FindingCollector:
    """Return a collector for the item's own file that writes into the same findings."""
    return FindingCollector(file=item.file, text=sources.get(item.file, ""), findings=notes.findings)
