"""The runs of words in an issue, each with its place in the files, for rules that look at wording."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailer.issue.frame import FRAME
from mailer.issue.model import (
    Blocks,
    Emphasis,
    Heading,
    Image,
    Inlines,
    Issue,
    Link,
    LinkGroup,
    List,
    Paragraph,
    Quote,
    Strong,
    Text,
    plain_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A run of words, with the links in it, at its place in the files."""

    file: str
    line: int
    inlines: Inlines

    @property
    def text(self) -> str:
        """The words alone, with `…` for those that are a web address."""
        return "".join(
            "…" if isinstance(each, Link) and "://" in plain_text([each]) else plain_text([each])
            for each in self.inlines
        )


def passages_of(issue: Issue) -> dict[str, tuple[Passage, ...]]:
    """Return the passages of an issue: of each item by its slug, of all else by ""."""
    passages = {"": tuple(_of_frame(issue))}
    for item in issue.items:
        title = Passage(file=item.file, line=item.line, inlines=(Text(item.title),))
        passages[item.slug] = (title, *passages_in(item.body, item.file))
    return passages


def _of_frame(issue: Issue) -> Iterator[Passage]:
    for text in (issue.title, issue.masthead, issue.preheader, issue.reader_note):
        yield Passage(file=FRAME, line=1, inlines=(Text(text),))
    yield from passages_in(issue.intro, FRAME)
    for section in issue.sections:
        yield Passage(file=FRAME, line=1, inlines=(Text(section.title),))
    for each in issue.important_dates:
        yield Passage(file=FRAME, line=each.line, inlines=each.text)
    yield from _of_groups(issue.link_groups)


def _of_groups(groups: Iterable[LinkGroup]) -> Iterator[Passage]:
    for group in groups:
        yield Passage(file=FRAME, line=group.line, inlines=(Text(group.title),))
        for entry in group.entries:
            yield Passage(file=FRAME, line=entry.line, inlines=entry.text)
        yield from _of_groups(group.groups)


def passages_in(blocks: Blocks, file: str) -> Iterator[Passage]:
    """Yield the passages of a text."""
    for block in blocks:
        match block:
            case Paragraph(inlines, line) | Heading(inlines=inlines, line=line):
                yield Passage(file=file, line=line, inlines=inlines)
            case List(points=points):
                for point in points:
                    yield from passages_in(point, file)
            case Quote(blocks=quoted):
                yield from passages_in(quoted, file)
            case Image(caption=caption, line=line):
                yield Passage(file=file, line=line, inlines=(Text(caption),))


def links_in(passages: Iterable[Passage]) -> Iterator[tuple[Passage, Link]]:
    """Yield every link with the passage it stands in."""
    for passage in passages:
        for link in _links(passage.inlines):
            yield passage, link


def _links(inlines: Inlines) -> Iterator[Link]:
    for inline in inlines:
        match inline:
            case Link():
                yield inline
            case Strong(children) | Emphasis(children):
                yield from _links(children)
