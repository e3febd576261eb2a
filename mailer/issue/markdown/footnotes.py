"""Numbers footnotes, gathers them for the end of a text, and tells of marks and notes that lack each other."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.comments import without_comments
from mailer.issue.markdown.tree import Node
from mailer.issue.model import Blocks, Footnote, FootnoteMark, Footnotes, Inline, Text

FOOTNOTE = "footnote_reference_open"
"""The kind of the token that begins a footnote."""
FOOTNOTE_MARK = "footnote_ref"
"""The kind of the token of a mark that leads to one."""

ReadBlocks = Callable[[Sequence[Node]], Blocks]
_NUMBER = re.compile(r"[0-9]{1,4}")


@dataclass(slots=True)
class _Written:
    """A footnote as it is written; `number` is "" until it is known, `marks` says how many lead to it."""

    label: str
    line: int
    node: Node
    number: str = ""
    marks: int = 0


class FootnoteBook:
    """The footnotes of one text. A label of digits is the number shown; any other gets the next free number."""

    def __init__(self, notes: FindingCollector, nodes: Iterable[Node] = ()) -> None:
        self._notes = notes
        self._key = re.sub(r"[^a-z0-9]+", "-", PurePosixPath(notes.file).stem.lower()).strip("-")
        self._by_label: dict[str, _Written] = {}
        self._others: list[_Written] = []
        self._in_order: list[_Written] = []
        for node in _footnotes_in(nodes):
            self._take(node)
        self._free = (str(number) for number in count(1) if str(number) not in self._by_label)

    def mark(self, label: str, *, line: int) -> Inline:
        """Return the mark that leads to a footnote; where there is none, the mark's own words."""
        written = self._by_label.get(label)
        if not written:
            self._tell(msg("issues.mark-without-footnote"), f"[^{label}]", line, _write(label))
            return Text(f"[^{label}]")
        self._put_in_order(written)
        written.marks += 1
        return FootnoteMark(number=written.number, to=self._anchor(written), anchor=self._back(written, written.marks))

    def at_the_end(self, blocks: ReadBlocks) -> Blocks:
        """Return the block of all footnotes, or nothing: in the order of their marks, those without one last.

        `blocks` reads the words of one, in which more marks may stand.
        """
        read = [(written, blocks(written.node.children)) for written in self._each_in_order()]
        notes = tuple(
            Footnote(each.number, self._anchor(each), words, self._back(each, 1) if each.marks else "")
            for each, words in read
        )
        return (Footnotes(notes, read[0][0].line),) if notes else ()

    def _each_in_order(self) -> Iterator[_Written]:
        """Yield footnotes while marks are read, which put more of them in order; then those that none put there."""
        given = 0
        for rest in (*self._by_label.values(), *self._others, None):
            while given < len(self._in_order):
                yield self._in_order[given]
                given += 1
            if rest and not rest.number:
                self._tell_of_unmarked(rest)
                self._put_in_order(rest)

    def _tell_of_unmarked(self, written: _Written) -> None:
        if written is self._by_label[written.label]:
            mark, hint = f"[^{written.label}]", msg("issues.mark-footnote", mark=f"[^{written.label}]")
            self._tell(msg("issues.footnote-without-mark"), f"{mark}:", written.line, hint)

    def _take(self, node: Node) -> None:
        label = str(node.token.meta["label"])
        written = _Written(label, self._notes.first_line + (node.token.map or [0])[0], node)
        if not _has_words(node):
            self._tell(msg("issues.footnote-without-words"), f"[^{label}]:", written.line, _write(label))
        elif label in self._by_label:
            hint = msg("issues.rename-footnote")
            self._tell(msg("issues.footnote-twice", mark=f"[^{label}]"), f"[^{label}]:", written.line, hint)
            self._others.append(written)
        else:
            self._by_label[label] = written

    def _put_in_order(self, written: _Written) -> None:
        if not written.number:
            is_own = written is self._by_label[written.label] and _NUMBER.fullmatch(written.label)
            written.number = written.label if is_own else next(self._free)
            self._in_order.append(written)

    def _anchor(self, written: _Written) -> str:
        return f"note-{self._key}-{written.number}"

    def _back(self, written: _Written, nth: int) -> str:
        return f"ref-{self._key}-{written.number}" + (f"-{nth}" if nth > 1 else "")

    def _tell(self, message: str, words: str, line: int, hint: str) -> None:
        self._notes.warning("footnote", message, line=line, words=words, hint=hint)


def _write(label: str) -> str:
    return msg("issues.write-footnote", label=label)


def _has_words(node: Node) -> bool:
    """Return whether words stand in a block, besides comments and the footnotes in it."""
    within = (child for child in node.children if child.token.type != FOOTNOTE)
    return bool(without_comments(node.token.content).strip()) or any(map(_has_words, within))


def _footnotes_in(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.token.type == FOOTNOTE:
            yield node
        yield from _footnotes_in(node.children)
