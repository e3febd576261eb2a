"""The runs of words in an issue, each with its place in the files, for rules that look at wording."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mailer.issue.files.frame import FRAME
from mailer.issue.lint.mail_programs import debris_in
from mailer.issue.lint.office import Debris
from mailer.issue.model import (
    Blocks,
    Emphasis,
    FootnoteMark,
    Footnotes,
    Heading,
    Image,
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
from mailer.issue.pictures import images_in
from mailer.issue.places import Occurrences, Places, occurrences

WORDS_PER_MINUTE = 200
_SIGN = re.compile(r"\S")


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A run of words, with the links in it, at its place in the files, be it heading, paragraph or point of a list.

    Its words are joined once, and its links and what programs left in it looked for once, though every rule reads them.
    """

    file: str
    line: int
    inlines: Inlines

    @cached_property
    def text(self) -> str:
        """The words alone, with `…` in place of each sign of those that are an address."""
        text, at = "", 0
        for link, start in self.links:
            shown = plain_text([link])
            if "://" in shown or "@" in shown:
                text += self.words[at:start] + _SIGN.sub("…", shown)
                at = start + len(shown)
        return text + self.words[at:]

    @cached_property
    def words(self) -> str:
        """The words alone, web addresses too: as long as `text`."""
        return plain_text(self.inlines)

    @cached_property
    def debris(self) -> tuple[tuple[Debris, re.Match[str]], ...]:
        """The marks that programs for mail and for texts have left in it."""
        return tuple(debris_in(self.text))

    @cached_property
    def links(self) -> tuple[tuple[Link, int], ...]:
        """The links, each with where its words begin."""
        return tuple(_links(self.inlines, 0))


def passages_of(issue: Issue) -> dict[str, tuple[Passage, ...]]:
    """Return the passages of an issue: of each item by its file, of the rest by ""."""
    passages = {"": tuple(_of_frame(issue))}
    for item in issue.items:
        title = Passage(file=item.file, line=item.line, inlines=(Text(item.title),))
        passages[item.file] = (title, *passages_in(item.body, item.file))
    return passages


def printed_passages(issue: Issue) -> Iterator[Passage]:
    """Yield every text of an issue that is printed, what rules for wording leave alone too: names, places, pictures."""
    yield from without_preheader(issue, (each for passages in passages_of(issue).values() for each in passages))
    yield from printed_facts(issue)


def without_preheader(issue: Issue, passages: Iterable[Passage]) -> Iterator[Passage]:
    """Yield passages without the preheader, which only inboxes show."""
    return (each for each in passages if (each.file, each.line) != (FRAME, issue.lines.get("preheader")))


def printed_facts(issue: Issue) -> Iterator[Passage]:
    """Yield the printed facts: names, places, words about pictures."""
    yield from _facts(FRAME, *((each.line, each.place) for each in issue.important_dates))
    if issue.contact:
        yield from _facts(FRAME, (issue.contact.line, issue.contact.name))
    for item in issue.items:
        pictures = (item.image,) if item.image else ()
        yield from _facts(
            item.file,
            *((each.line, each.name) for each in item.contacts),
            *((each.line, text) for each in item.dates for text in (each.title, each.place)),
            *((each.line, each.caption) for each in pictures),
        )
    for file, image in placed_images_of(issue):
        if image.path not in issue.images:  # its description then stands in its place
            yield from _facts(file, (image.line, image.alt))


def facts_of(issue: Issue) -> Iterator[Passage]:
    """Yield the facts with words for readers: those printed, the subject, descriptions of pictures."""
    yield from printed_facts(issue)
    yield from _facts(FRAME, (issue.lines.get("subject", 1), issue.subject))
    for file, image in placed_images_of(issue):
        if image.path in issue.images:
            yield from _facts(file, (image.line, image.alt))


def placed_images_of(issue: Issue) -> Iterator[tuple[str, Image]]:
    """Yield every picture the issue shows with the file it is written in."""
    yield from ((FRAME, each) for each in images_in(issue.intro))
    for item in issue.items:
        pictures = (item.image,) if item.image else ()
        yield from ((item.file, each) for each in (*pictures, *images_in(item.body)))


def _facts(file: str, *facts: tuple[int, str]) -> Iterator[Passage]:
    return (Passage(file=file, line=line, inlines=(Text(text),)) for line, text in facts)


def _of_frame(issue: Issue) -> Iterator[Passage]:
    for key in ("title", "masthead", "preheader", "reader_note"):
        yield Passage(file=FRAME, line=issue.lines.get(key, 1), inlines=(Text(getattr(issue, key)),))
    yield from passages_in(issue.intro, FRAME)
    for section in issue.sections:
        yield Passage(file=FRAME, line=section.line, inlines=(Text(section.title),))
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
            case Table():
                yield from passages_in((block.caption,) if block.caption else (), file)
                cells = (cell for row in block.all_rows for cell in row if cell.inlines)
                yield from (Passage(file=file, line=cell.line, inlines=cell.inlines) for cell in cells)
            case Footnotes(notes=notes):
                for note in notes:
                    yield from passages_in(note.blocks, file)


def minutes_to_read(words: int) -> int:
    """Return how many minutes so many words take."""
    return max(1, round(words / WORDS_PER_MINUTE))


def links_in(passages: Iterable[Passage]) -> Iterator[tuple[Passage, Link]]:
    """Yield every link with the passage it stands in."""
    for passage, link, _ in placed_links_in(passages):
        yield passage, link


def placed_links_in(passages: Iterable[Passage]) -> Iterator[tuple[Passage, Link, int]]:
    """Yield every link with the passage it stands in, and where its words begin in that."""
    for passage in passages:
        for link, at in passage.links:
            yield passage, link, at


def _links(inlines: Inlines, at: int) -> Iterator[tuple[Link, int]]:
    for inline in inlines:
        match inline:
            case Text(text):
                at += len(text)
                continue
            case Link():
                yield inline, at
            case Strong(children) | Emphasis(children):
                yield from _links(children, at)
            case LineBreak() | FootnoteMark():
                pass
        at += len(plain_text([inline]))


class _Line:
    """The passages that begin on one line of a file, thousands in a row of a table, with their words in one text."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._starts: dict[int, int] = {}
        self._found: dict[str, Occurrences] = {}
        words, length = [], 0
        for each in passages:
            self._starts.setdefault(id(each.inlines), length)
            words.append(each.words)
            length += len(each.words) + 1
        self._text = "\0".join(words)

    def count_before(self, words: str, passage: Passage, *, at: int) -> int:
        """Return how often words stand on the line before `at` in a passage; a fact comes after all of these."""
        if words not in self._found:
            self._found[words] = occurrences(self._text, words)
        start = self._starts.get(id(passage.inlines))
        if start is None:
            return self._found[words].before(len(self._text)) + occurrences(passage.words, words).before(at)
        return self._found[words].before(start + at)


class PlaceFinder:
    """Finds the words of passages in the texts of their files, of which `sources` has those that can be read."""

    def __init__(self, sources: Mapping[str, str], *, passages: Iterable[Passage]) -> None:
        self._places = {file: Places(text, is_toml=file == FRAME) for file, text in sources.items()}
        self._on_line: dict[tuple[str, int], list[Passage]] = defaultdict(list)
        self._lines: dict[tuple[str, int], _Line] = {}
        for passage in passages:
            self._on_line[passage.file, passage.line].append(passage)

    def in_passage(self, words: str, passage: Passage, *, at: int) -> tuple[int, int]:
        """Return line and column of words that begin at `at` in a passage; 0 and 0 when they are not found."""
        if passage.file not in self._places or not words:
            return 0, 0
        key = passage.file, passage.line
        if key not in self._lines:
            self._lines[key] = _Line(self._on_line[key])
        nth = self._lines[key].count_before(words, passage, at=at)
        return self._places[passage.file].of_read(words, near=passage.line, nth=nth)

    def in_file(self, words: str, file: str, *, near: int, nth: int = 0) -> tuple[int, int]:
        """Return line and column of words that stand `nth` times from line `near` on before; 0 and 0 for none."""
        return self._places[file].of(words, near=near, nth=nth) if file in self._places else (0, 0)
