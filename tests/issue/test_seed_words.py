"""No word of a published newsletter is lost on the way into the `model`."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailer.issue.model import (
    Blocks,
    Footnotes,
    Heading,
    Image,
    Issue,
    LinkGroup,
    List,
    Paragraph,
    Placement,
    Quote,
    Table,
    plain_text,
)
from mailer.issue.source import read_issue

MONTHS = {2: "februar", 3: "mars", 4: "april"}
LABELS = {
    "2022-02": Counter({"Viktige": 1, "datoer": 1}),
    "2023-12": Counter({"Kontaktperson:": 12}),
}


def block_texts(blocks: Blocks) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph(inlines) | Heading(inlines=inlines):
                yield plain_text(inlines)
            case List(points):
                for point in points:
                    yield from block_texts(point)
            case Quote(quoted):
                yield from block_texts(quoted)
            case Image(alt=alt):
                yield alt
            case Table():
                yield from (plain_text(cell.inlines) for row in block.all_rows for cell in row)
            case Footnotes(notes):
                yield from (words for note in notes for words in block_texts(note.blocks))


def group_texts(groups: tuple[LinkGroup, ...]) -> Iterator[str]:
    for group in groups:
        yield group.title
        for entry in group.entries:
            yield plain_text(entry.text)
        yield from group_texts(group.groups)


def texts(issue: Issue) -> Iterator[str]:
    yield from (issue.masthead, issue.reader_note, *block_texts(issue.intro))
    for section in issue.sections:
        yield section.title
        for item in section.items:
            yield from (item.title, *block_texts(item.body))
            yield from (each.email for each in item.contacts if each.placement is Placement.LINE)
    for each in issue.important_dates:
        yield f"{each.when.start.day}. {MONTHS[each.when.start.month]} {plain_text(each.text)}"
    yield from group_texts(issue.link_groups)


@pytest.mark.parametrize("slug", ["2022-02", "2023-12"])
def test_every_word_of_the_published_newsletter_is_in_the_model_as_often_as_there(
    slug: str, seed_words: Callable[[str], Counter[str]], repository: Path, helsefellesskap: list[str]
) -> None:
    reading = read_issue(repository / "issues" / slug, helsefellesskap=helsefellesskap, publisher="Helsedirektoratet")
    assert reading.issue is not None
    words = Counter(word for text in texts(reading.issue) for word in text.split())
    words += LABELS[slug]
    assert words - seed_words(slug) == Counter()
    assert seed_words(slug) - words == Counter()
