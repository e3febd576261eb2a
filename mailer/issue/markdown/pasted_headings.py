"""Names lines that are headings in Word and plain lines here: `1⇥Bakgrunn`, a short line above text, a bold line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from mailer.catalogue import Message, msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.chapters import is_pasted_heading
from mailer.issue.markdown.line_ends import kept_ends
from mailer.issue.markdown.tree import Node

_SHORT_LINE = re.compile(
    r"(?=.{4,60}\Z)(?![^\s]+ [A-ZÆØÅ][^\s]*\Z)(?:[1-9][0-9]?(?:\.[1-9][0-9]?){0,3}\.? )?[A-ZÆØÅ][^\W\d_]+"
    r"(?:[ ][^\s@|:;/<>\[\]]+)*(?<![.,:;!…)\d])"
)
"""A line without the end of a sentence, that is no name, no label and no address."""
_BOLD_LINE = re.compile(r"(?P<mark>\*\*|__)(?=[^\s*_])[^*_\n]{2,80}(?<![.!…,;])(?P=mark)")
_TEXT = re.compile(r"(?=.{60})[A-ZÆØÅ«–].*?[^\W\d_]{2}[.!?](?:\s|\Z)")
"""The beginning of running text: a line with the end of a sentence, and of some length."""
_ENDS_SENTENCE = re.compile(r"[.!?…][*_»\"”')\]]*\s*$")
_LINES_OF_TEXT = 3
_SHOWN = 40


def name_pasted_headings(nodes: Iterable[Node], notes: FindingCollector) -> None:
    """Note each of these lines in a paragraph; in a list or a table they are points and rows."""
    is_first = True
    for node, below in pairwise([*nodes, None]):
        if node and node.token.type == "paragraph_open":
            first, lines = notes.first_line + (node.token.map or [0])[0], _lines(node)
            for at, message, hint in _headings(lines, below, is_first=is_first):
                words = lines[at].strip()[:_SHOWN]
                notes.note("pasted-heading", message, line=first + at, words=words, hint=hint)
        is_first = False


def _headings(lines: Sequence[str], below: Node | None, *, is_first: bool) -> Iterator[tuple[int, Message, Message]]:
    """Yield the numbers of the lines, from 0, with what to say. The first line of a text may be its lead."""
    kept: frozenset[int] | None = None
    for at, line in enumerate(map(str.strip, lines)):
        is_bold = bool(_BOLD_LINE.fullmatch(line))
        is_short = bool(_SHORT_LINE.fullmatch(line)) and not (is_first and at == 0)
        if is_pasted_heading(line):
            yield at, msg("issues.pasted-heading"), msg("issues.pasted-heading-hint")
        elif (is_bold or is_short) and _is_above(at, lines, below, or_list=is_bold):
            kept = kept_ends(lines) if kept is None else kept
            ends_above = at == 0 or (at - 1 in kept and _ENDS_SENTENCE.search(lines[at - 1]))
            if ends_above and (at in kept or at == len(lines) - 1):
                hint = msg("issues.bold-heading-hint") if is_bold else msg("issues.pasted-heading-hint")
                yield at, msg("issues.plain-heading"), hint


def _is_above(at: int, lines: Sequence[str], below: Node | None, *, or_list: bool) -> bool:
    """Return whether running text stands below a line, in its paragraph or in the next block; or a list, if it may."""
    rest = lines[at + 1 : at + 1 + _LINES_OF_TEXT]
    if not rest and below and below.token.type != "paragraph_open":
        return or_list and "list" in below.token.type
    rest = rest or (_lines(below)[:_LINES_OF_TEXT] if below else ())
    return bool(_TEXT.match(" ".join(map(str.strip, rest))))


def _lines(paragraph: Node) -> list[str]:
    return paragraph.children[0].token.content.split("\n")
