"""Keeps the stars of notes and forms, as in `pris*` above `* uten frakt`, which Markdown would take for marks."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.line_ends import kept_ends
from mailer.issue.markdown.lines import tokens_with_lines
from mailer.issue.markdown.marks import marks_of_notes
from mailer.issue.markdown.tree import Node

_STAR_POINT = re.compile(r"\*[ \t]+\S")
_POINT = re.compile(r"(?P<stars>\*{1,3})[ \t]+[^\s*][^*\n]*")
_SMALL_NOTE = re.compile(r"\*[ \t]+[^\W\d_A-ZÆØÅ]")
_OTHER_POINT = re.compile(r"\s*(?:[-+•–]|[0-9]{1,9}[.)]|[a-zæøå]\))\s")
_LABEL_ABOVE = re.compile(r":[*_]*\s*\Z")
_ITALIC_LINE = re.compile(r"\*(?=[^\s*)])[^*]*(?<=[\w%)».,!?])\*[ \t]*")
_STARS_OVER_LINES = re.compile(r"\*[^*\n]*\n[^*]*\*")
_STARS_AT_MOST = 3
_SHOWN = 40


def with_star_notes(text: str, notes: FindingCollector) -> str:
    """Return a text in which a line `* uten frakt` is no point of a list if a star behind a word leads to it.

    Nor is one that begins a row of `*`, `**` and `***`. A note that ends in a star is in no italics, and is told.
    """
    lines = text.split("\n")
    marks, points = _marks_in(lines), {at: len(each["stars"]) for at, each in _points(lines)}
    legend, alone = _legend(points), _alone(lines)
    is_waiting = False
    for at, line in enumerate(lines):
        if at in legend:
            lines[at] = line.replace("*", r"\*")
        elif is_waiting and at in alone:
            lines[at], is_waiting = f"\\{line}", False
        elif is_waiting and _ITALIC_LINE.fullmatch(line) and not any(map(str.strip, _beside(at, lines))):
            lines[at], is_waiting = f"\\{line}", False
            _tell(line, notes, line_number=notes.first_line + at)
        elif at in alone and _is_no_point(at, lines):
            _tell_of_lost(line, notes, line_number=notes.first_line + at)
        is_waiting = is_waiting or at in marks
    return "\n".join(lines)


def free_stars(nodes: Iterable[Node], notes: FindingCollector) -> None:
    """Make stars of those that would put lines into italics whose ends are kept: they mark fields, or lead to notes."""
    for node in nodes:
        if node.token.type == "inline":
            free_stars_of(node.token, notes, line=notes.first_line + (node.token.map or [0])[0])
        free_stars(node.children, notes)


def free_stars_of(words: Token, notes: FindingCollector, *, line: int) -> None:
    """Do so in the words of one paragraph, which begins on a line."""
    if not _STARS_OVER_LINES.search(words.content) or "***" in words.content:
        return
    lines = words.content.split("\n")
    kept = kept_ends(lines)
    opened: list[tuple[Token, int]] = []
    last = -1
    for token, at in tokens_with_lines(words):
        if token.type == "softbreak" and at in kept:
            last = at
        elif token.type == "em_open":
            opened.append((token, at))
        elif token.type == "em_close":
            begin, begun = opened.pop()
            if last >= begun and token.markup == "*":
                for star in (begin, token):
                    star.type, star.nesting, star.content = "text", 0, star.markup
                _tell(lines[begun], notes, line_number=line + begun)


def _marks_in(lines: Sequence[str]) -> set[int]:
    """Return the numbers of lines with one star behind a word that ends no words in italics."""
    marks: set[int] = set()
    for is_text, run in groupby(range(len(lines)), key=lambda at: bool(lines[at].strip())):
        if is_text:
            marks.update(_marks_of_paragraph(lines, list(run)))
    return marks


def _marks_of_paragraph(lines: Sequence[str], numbers: Sequence[int]) -> Iterator[int]:
    ends = [*accumulate(len(lines[at]) + 1 for at in numbers)]
    for place, stars in marks_of_notes("\n".join(lines[at] for at in numbers)):
        if stars == 1:
            yield numbers[bisect_right(ends, place)]


def _points(lines: Sequence[str]) -> Iterator[tuple[int, re.Match[str]]]:
    for at, line in enumerate(lines):
        if match := _POINT.fullmatch(line):
            yield at, match


def _legend(points: dict[int, int]) -> set[int]:
    """Return the lines that explain `*` and `**`, each right below the one with a star less, and no more of either."""
    legend: set[int] = set()
    for first in (at for at, length in points.items() if length == 1 and points.get(at + 1) == 2):
        run = [at for at in range(first, first + _STARS_AT_MOST) if points.get(at) == at - first + 1]
        if first - 1 not in points and run[-1] + 1 not in points:
            legend.update(run)
    return legend


def _alone(lines: Sequence[str]) -> set[int]:
    """Return the lines `* uten frakt` that stand in no list, also where empty lines part its points."""
    written = [at for at, line in enumerate(lines) if line.strip()]
    runs = groupby(written, key=lambda at: bool(_STAR_POINT.match(lines[at])))
    return {numbers[0] for is_point, run in runs if is_point and len(numbers := [*run]) == 1}


def _is_no_point(at: int, lines: Sequence[str]) -> bool:
    """Return whether a star before a small letter is likely that of a note: no point and no label stands beside it."""
    above = "".join(lines[max(0, at - 1) : at])
    is_listed = any(map(_OTHER_POINT.match, _beside(at, lines))) or _LABEL_ABOVE.search(above)
    return bool(at and _SMALL_NOTE.match(lines[at]) and not is_listed)


def _tell_of_lost(line: str, notes: FindingCollector, *, line_number: int) -> None:
    message, hint = msg("issues.sign-torn", mark="*"), msg("issues.sign-star-hint")
    notes.note("sign", message, line=line_number, words=line.strip()[:_SHOWN], hint=hint)


def _beside(at: int, lines: Sequence[str]) -> tuple[str, ...]:
    return (*lines[max(0, at - 1) : at], *lines[at + 1 : at + 2])


def _tell(line: str, notes: FindingCollector, *, line_number: int) -> None:
    message, hint = msg("issues.star-kept"), msg("issues.star-kept-hint")
    notes.note("sign", message, line=line_number, words=line.strip()[:_SHOWN], hint=hint)
