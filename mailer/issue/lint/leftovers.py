"""The rule for marks that are left over in facts, in which no Markdown counts: titles, headings, dates, pictures."""

from collections.abc import Iterator

from mailer.catalogue import msg
from mailer.issue.files.frame import FRAME
from mailer.issue.lint.passages import Passage, placed_images_of
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in
from mailer.issue.markdown.marks import left_over, words_from
from mailer.issue.model import Issue, Item, LinkGroup, Text


def left_over_mark(reading: LintInput) -> Iterator[RuleHit]:
    """Find marks of Markdown and HTML in facts; those in texts are found where these are read."""
    known = {(each.file, each.line, each.text): each for each in reading.all_passages()}
    for fact in _facts(reading.issue):
        passage = known.get((fact.file, fact.line, fact.text), fact)
        for mark in left_over(passage.text, is_fact=True):
            message, words = msg("issues.left-over-mark", mark=mark.mark), words_from(passage.text, mark)
            yield hit_in(passage, message, words, mark.hint, at=mark.at)


def _facts(issue: Issue) -> Iterator[Passage]:
    lines = issue.lines
    frame = ((lines.get(key, 1), getattr(issue, key)) for key in ("title", "masthead", "preheader", "reader_note"))
    contact = ((issue.contact.line, issue.contact.name),) if issue.contact else ()
    sections = ((each.line, each.title) for each in issue.sections)
    groups = ((each.line, each.title) for group in issue.link_groups for each in _with_groups(group))
    dates = ((each.line, each.place) for each in issue.important_dates)
    for line, text in (*frame, *contact, *sections, *groups, *dates):
        yield _fact(FRAME, line, text)
    for item in issue.items:
        yield from (_fact(item.file, line, text) for line, text in _of_item(item))
    for file, image in placed_images_of(issue):
        yield from (_fact(file, image.line, text) for text in (image.alt, image.caption))


def _with_groups(group: LinkGroup) -> Iterator[LinkGroup]:
    yield group
    for each in group.groups:
        yield from _with_groups(each)


def _of_item(item: Item) -> Iterator[tuple[int, str]]:
    yield item.line, item.title
    yield from ((each.line, each.name) for each in item.contacts)
    yield from ((each.line, text) for each in item.dates for text in (each.title, each.place))


def _fact(file: str, line: int, text: str) -> Passage:
    return Passage(file=file, line=line, inlines=(Text(text),))
