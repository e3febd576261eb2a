"""Makes lists of the points that Word, Outlook and web pages leave behind when copied: lines with `•`, `o`, `▪`, `–`.

A bullet that is nothing but one makes a point wherever a line begins with it. A sign that begins sentences too, as `–`,
`o` and `§` do, makes one before a tab, below another point, or where lines directly below each other begin so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.signs import changes_among, with_signs

_BULLETS = "•·‣⁃∙●○◦▪▫■□◆◇❖➢➤►▶✓✔"
_SIGNS = "o–—§üØvqnl¨"
"""A letter, a dash, and what bullets of the font Wingdings are where that font is not known."""
_DASHES = "–—"
_BESIDE = "•·●■"
"""Bullets that stand beside a point of Markdown, not below it."""
_SPACE = r"[^\S\n]"
_POINT = re.compile(
    rf"(?P<before>(?:{_SPACE}|>)*)(?:(?P<bullet>[{_BULLETS}]){_SPACE}*|(?P<sign>[{_SIGNS}])(?P<gap>{_SPACE}+))(?P<words>\S.*)"
)
_OWN_POINT = re.compile(r"(?P<before>(?:[ \t]|>)*)(?P<mark>[-*+]|[0-9]{1,9}[.)])[ \t]+\S")
_WRAPPED_FROM = 60
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that begins with what may be the mark of a point; `is_own` where it is Markdown's own."""

    before: str
    mark: str
    words: str
    is_sure: bool
    is_own: bool = False

    @property
    def column(self) -> int:
        """Count the letters in front of the mark."""
        return len(self.before.expandtabs(4))

    @property
    def is_dash(self) -> bool:
        """Return whether the mark is a dash, which begins a quotation too."""
        return self.mark in _DASHES


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of the list: the mark its points have, how far in they were written, and how far in they are put."""

    mark: str
    column: int
    indent: int
    below: int
    """How far in that is put which stands below a point of this level."""


@dataclass(slots=True)
class _Levels:
    """The levels of a list that are open, from the outermost."""

    open: list[_Level] = field(default_factory=list)

    def put(self, line: _Line) -> int:
        """Return how far in a point is put: a new mark stands below the point above it, as does one further in."""
        while self.open and self.open[-1].column > line.column:
            self.open.pop()
        same = [at for at, each in enumerate(self.open) if (each.mark, each.column) == (line.mark, line.column)]
        if same:
            del self.open[same[0] + 1 :]
            return self.open[-1].indent
        above = self.open[-1] if self.open else None
        is_beside = above and above.column == line.column and above.mark not in _BULLETS + _SIGNS
        if above and is_beside and (line.is_own or line.mark in _BESIDE):
            return above.indent
        indent = above.below if above and not line.is_own else line.column
        self.open.append(_Level(line.mark, line.column, indent, indent + (len(line.mark) + 1 if line.is_own else 2)))
        return indent


def with_pasted_lists(text: str, notes: FindingCollector) -> str:
    """Return a text with as many lines, in which pasted points are points of Markdown; each list of them is noted."""
    written = text.split("\n")
    changes = changes_among(written)
    lines = with_signs(text, notes).split("\n")
    found = [None if number in changes else _read(line) for number, line in enumerate(lines)]
    levels, is_told = _Levels(), False
    for number, line in enumerate(found):
        if line and line.is_own:
            levels.put(line)
        elif line and _is_point(number, found, lines, is_below=bool(levels.open)):
            if not is_told:
                _tell(line, written[number], notes, line_number=notes.first_line + number)
            is_told = True
            lines[number] = _as_point(line, levels.put(line))
        elif lines[number].strip("> \t") and not (number and lines[number - 1].strip("> \t")):
            levels, is_told = _Levels(), False  # a paragraph below an empty line ends the list
    return "\n".join(lines)


def _read(line: str) -> _Line | None:
    if own := _OWN_POINT.match(line):
        return _Line(own["before"], own["mark"], "", is_sure=True, is_own=True)
    match = _POINT.fullmatch(line)
    if not match:
        return None
    if match["bullet"]:
        again = re.search(rf"\s{re.escape(match['bullet'])}\s", match["words"])
        return None if again else _Line(match["before"], match["bullet"], match["words"], is_sure=True)
    if "\t" in (match["gap"] or "") and "\t" in match["words"]:  # a row of a table
        return None
    if match["sign"] == "§" and not match["words"][0].isalpha():
        return None
    is_sure = "\t" in match["gap"] or (match["sign"] not in _DASHES and match["gap"] != " ")
    return _Line(match["before"], match["sign"], match["words"], is_sure=is_sure)


def _is_point(number: int, found: Sequence[_Line | None], lines: Sequence[str], *, is_below: bool) -> bool:
    """Return whether a line is a point, by itself or by the lines directly above and below it."""
    line = found[number]
    if line is None or line.is_sure:
        return line is not None
    above = found[number - 1] if number else None
    below = found[number + 1] if number + 1 < len(found) else None
    if is_below and (not line.is_dash or (above and len(lines[number - 1]) < _WRAPPED_FROM)):
        return True
    return any(each and each.mark == line.mark for each in (above, below))


def _as_point(line: _Line, indent: int) -> str:
    quoted = "".join(sign for sign in line.before if sign == ">")
    return f"{quoted} " * bool(quoted) + " " * (indent - len(quoted) * bool(quoted)) + f"- {line.words}"


def _tell(line: _Line, written: str, notes: FindingCollector, *, line_number: int) -> None:
    message, hint = msg("issues.pasted-list", mark=line.mark), msg("issues.pasted-list-hint")
    notes.note("pasted-list", message, line=line_number, words=written.strip()[:_SHOWN], hint=hint)
