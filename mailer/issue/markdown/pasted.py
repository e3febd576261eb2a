"""Makes lists of the points that Word, Outlook and web pages leave behind when copied: lines with `•`, `o`, `▪`, `–`.

A bullet that is nothing but one makes a point wherever a line begins with it. A sign that begins sentences too, as `–`,
`o` and `§` do, makes one before a tab, below another point, or where lines directly below each other begin so. Letters,
Roman numbers and ticks say something: they are printed as written, below the point above them.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.chapters import headings_among
from mailer.issue.markdown.comments import EMPTY_COMMENT
from mailer.issue.markdown.line_ends import TICKS, holds_wrapped_lines, stands_apart, wrapped_at
from mailer.issue.markdown.signs_before_numbers import changes_among, with_signs

_BULLETS = "•·‣⁃∙●○◦▪▫■□◆◇❖➢➤►▶"
_SIGNS = "o–—§üØvqnl¨»›"
"""A letter, a dash, and what bullets of the font Wingdings are where that font is not known."""
_DASHES = "–—"
_BESIDE = "•·●■"
"""Bullets that stand beside a point of Markdown, not below it."""
_LOWER_LEVELS = "o§○◦▪▫"
"""What Word puts before the points of a lower level, also below an empty line."""
_SPACE = r"[^\S\n]"
_POINT = re.compile(
    rf"(?P<before>(?:{_SPACE}|>)*)(?:(?P<bullet>[{_BULLETS}]){_SPACE}*|(?P<sign>[{_SIGNS}]|--)(?P<gap>{_SPACE}+))(?P<words>\S.*)"
)
_OWN_POINT = re.compile(
    r"(?P<before>(?:[ \t]|>)*)(?P<mark>[-*+]|[0-9]{1,9}[.)])(?P<gap>[ \t]+)(?P<words>(?![-*+ \t]+\Z)\S.*)"
)
"""A point of Markdown's own, and no line of signs."""
_WIDEST_GAP = 4
"""Columns between the mark of a point and its words, behind which they no longer say how far in its list stands."""
_CHAPTER = r"(?P<chapter>[1-9][0-9]?)(?:\.[1-9](?![0-9])){1,3}\.?"
_SPEAKING_MARK = re.compile(
    rf"(?P<before>[ \t]*)(?P<mark>(?P<tick>[{TICKS}]\ufe0f?)|(?P<bracket>\(?(?:[a-zæøå]|[ivx]{{1,5}})\)|[ivx]{{1,5}}\.)"
    rf"|(?P<letter>\(?(?:[A-Za-zÆØÅæøå]|[IVX]{{1,5}})[.)]|\([0-9]{{1,3}}\))|{_CHAPTER})"
    r"(?P<gap>[ \t]+)(?P<words>[^\s][^\t]*)"
)
"""A line that begins with a tick, a letter, a Roman number, or the number of a chapter below another."""
_NUMBER = re.compile(r"[ \t]*(?P<number>[0-9]{1,2})(?:\.|\)|(?=\t)|(?=\.))")
_DEEPER = 2
"""Columns by which a line stands further in than a point, to be one of its own."""
_ROWS = 20
"""Lines up to which a row of a table is looked for."""
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
    below: int = 0
    """How far in that is put which stands below a point of Markdown's own."""
    comes_back: bool = False
    """Whether another point with this mark, as far in, follows above the next empty line."""

    @property
    def column(self) -> int:
        """Count the letters in front of the mark."""
        return len(self.before.expandtabs(4))

    @property
    def kind(self) -> str:
        """Return what the points of one level have in common: the mark, or that they are numbers."""
        return "1" if self.is_number else self.mark

    @property
    def is_number(self) -> bool:
        """Return whether the mark counts."""
        return self.mark[0].isdigit()

    @property
    def is_dash(self) -> bool:
        """Return whether the mark is a dash, which begins a quotation too."""
        return self.mark in _DASHES


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of the list: its latest point, and how far in that is put."""

    line: _Line
    indent: int

    @property
    def column(self) -> int:
        """Count the letters in front of the mark, as written."""
        return self.line.column

    @property
    def below(self) -> int:
        """Return how far in that is put which stands below a point of this level."""
        return self.indent + (self.line.below - self.column if self.line.is_own else 2)


@dataclass(slots=True)
class _Levels:
    """The levels of a list that are open, from the outermost."""

    open: list[_Level] = field(default_factory=list)
    _speaking: int | None = None
    """How many levels stand above the lines that are printed as written; None for no such lines."""
    _nested: set[tuple[str, str]] = field(default_factory=set)
    """The kinds of marks of which one has stood below the other."""

    def put(self, line: _Line, *, is_apart: bool = False) -> int:
        """Return how far in a point is put: a new mark stands below the point above it, as does one further in."""
        indent = self._put(line, is_apart=is_apart)
        if self._speaking is not None and len(self.open) <= self._speaking:
            self._speaking = None
        return indent

    def put_speaking(self) -> int:
        """Return how far in a line is put that is printed as written: all below one point, whatever is between."""
        self._speaking = len(self.open) if self._speaking is None else self._speaking
        del self.open[self._speaking :]
        return self.open[-1].below if self.open else 0

    def expect_letters(self, line: str) -> None:
        """Keep that a line with a letter stands above the points that follow, so that the next letter does too."""
        match = None if self.open else _SPEAKING_MARK.fullmatch(line)
        if match and match["bracket"]:
            self._speaking = 0

    def _put(self, line: _Line, *, is_apart: bool) -> int:
        while self.open and self.open[-1].column > line.column:
            self.open.pop()
        same = [at for at, each in enumerate(self.open) if (each.line.kind, each.column) == (line.kind, line.column)]
        above = self.open[-1] if self.open else None
        if same:
            indent = self.open[same[0]].indent
            del self.open[same[0] :]
        elif (
            above
            and _is_beside(line, above.line, is_apart=is_apart)
            and (above.line.kind, line.kind) not in self._nested
        ):
            indent = above.indent
            self.open.pop()
            line = line if above.line.is_number else replace(above.line, below=line.below or above.line.below)
        else:
            indent = _indent_below(line, above, is_apart=is_apart)
            self._nested |= {(above.line.kind, line.kind)} if above else set()
        self.open.append(_Level(line, indent))
        return indent


def _is_beside(line: _Line, above: _Line, *, is_apart: bool) -> bool:
    """Return whether two marks are those of one level: below an empty line, or where the one above does not come back.

    Bullets right below a number stand below it, and a number beside no bullet.
    """
    may_be = above.is_own and above.column == line.column and (line.is_own or line.mark in _BESIDE)
    return may_be and not line.is_number and (is_apart or not (above.is_number or above.comes_back))


def _indent_below(line: _Line, above: _Level | None, *, is_apart: bool) -> int:
    """Return how far in a point with a new mark is put; what Markdown reads as it is meant stays where it stands."""
    if above is None or line.is_number:
        return line.column
    if line.is_own and (is_apart or above.column < line.column):
        return line.column + max(0, above.indent - above.column)
    return above.below


@dataclass(frozen=True, slots=True)
class _List:
    """A list of pasted points: the mark of its first one, the number of its line, and how many levels are open there.

    `lower` are the marks of the points at lower levels.
    """

    mark: str
    number: int
    depth: int
    lower: dict[str, None] = field(default_factory=dict)

    def take(self, line: _Line, *, depth: int) -> None:
        """Keep the mark of a point at a lower level, if it is another one."""
        if depth > self.depth and line.mark != self.mark:
            self.lower[line.mark] = None


def with_pasted_lists(text: str, notes: FindingCollector) -> str:
    """Return a text with as many lines, in which pasted points are points of Markdown; each list of them is noted."""
    written = text.split("\n")
    changes, is_wrapped = changes_among(written), holds_wrapped_lines(written)
    lines = with_signs(text, notes).split("\n")
    found = _points(lines, changes)
    levels, headings = _Levels(), headings_among(lines)
    lists: dict[int, _List] = {}
    open_list: _List | None = None
    for number, line in enumerate(found):
        if line and _begins_anew(number, found, lines, levels):
            levels, open_list = _Levels(), None
            lines[number - 1] = f"{_quoted(lines[number - 1])} {EMPTY_COMMENT}"
        if line and (line.is_own or _is_point(number, found, lines, is_below=bool(levels.open))):
            indent = levels.put(line, is_apart=_is_apart(number, lines))
            if line.is_own and indent == line.column:
                continue
            lines[number] = _as_point(line, indent)
            open_list = open_list or _begun(line, number, levels)
            if open_list:
                open_list.take(line, depth=len(levels.open))
                lists[open_list.number] = open_list
        elif number not in headings and (speaking := _speaking_mark(number, lines, levels)):
            _put_below(speaking, number, lines, levels)
        elif lines[number].strip("> \t") and _is_apart(number, lines):
            levels, open_list = _Levels(), None  # a paragraph below an empty line ends the list
            levels.expect_letters(lines[number])
        else:
            levels.expect_letters(lines[number])
            if open_list and _ends_list(number, lines, is_wrapped=is_wrapped):
                open_list = None
    for each in lists.values():
        _tell(each, written[each.number], notes)
    return "\n".join(lines)


def _points(lines: Sequence[str], changes: Collection[int]) -> list[_Line | None]:
    """Return what may be a point on each line, and whether its mark comes back."""
    found: list[_Line | None] = []
    below: set[tuple[str, int]] = set()
    for number in reversed(range(len(lines))):
        line = None if number in changes else _read(lines[number], number, lines)
        found.append(replace(line, comes_back=(line.kind, line.column) in below) if line else None)
        if line:
            below.add((line.kind, line.column))
        elif not lines[number].strip("> \t"):
            below.clear()
    return found[::-1]


def _begun(line: _Line, number: int, levels: _Levels) -> _List | None:
    """Return the list that a point begins. One of Markdown's own right below a number is where its author put it."""
    if not line.is_own:
        return _List(line.mark, number, len(levels.open))
    above = levels.open[-2].line
    return None if above.is_number else _List(above.mark, number, len(levels.open) - 1)


def _is_apart(number: int, lines: Sequence[str]) -> bool:
    """Return whether no line stands directly above one."""
    return not (number and lines[number - 1].strip("> \t"))


def _ends_list(number: int, lines: Sequence[str], *, is_wrapped: bool) -> bool:
    """Return whether a line that is no point stands right below a list, and is none of its last point."""
    above, below = lines[number - 1 : number + 1]
    is_further_in = len(below) - len(below.lstrip()) > len(above) - len(above.lstrip())
    if not below.strip() or is_further_in:
        return False
    return stands_apart(above.strip(), below.strip(), width=wrapped_at((above, below)), is_wrapped=is_wrapped)


def _read(line: str, number: int, lines: Sequence[str]) -> _Line | None:
    if own := _OWN_POINT.match(line):
        end = len((own["before"] + own["mark"]).expandtabs(4))
        words = len(line[: own.start("words")].expandtabs(4))
        below = words if words - end <= _WIDEST_GAP else end + 1
        return _Line(own["before"], own["mark"], own["words"], is_sure=True, is_own=True, below=below)
    match = _POINT.fullmatch(line)
    if not match:
        return None
    if match["bullet"]:
        again = re.search(rf"\s{re.escape(match['bullet'])}\s", match["words"])
        is_row = "\t" in match["words"] and _is_in_table(number, lines)
        return None if again or is_row else _Line(match["before"], match["bullet"], match["words"], is_sure=True)
    if "\t" in (match["gap"] or "") and "\t" in match["words"]:  # a row of a table
        return None
    if match["sign"] == "§" and not match["words"][0].isalpha():
        return None
    is_sure = "\t" in match["gap"] or (match["sign"] not in _DASHES and match["gap"] != " ")
    return _Line(match["before"], match["sign"], match["words"], is_sure=is_sure)


def _is_in_table(number: int, lines: Sequence[str]) -> bool:
    """Return whether a row that is no point stands in the run of lines with tabs around one."""
    above, below = (range(number - 1, max(-1, number - _ROWS), -1), range(number + 1, min(len(lines), number + _ROWS)))
    rows = (lines[at] for near in (above, below) for at in takewhile(lambda at: "\t" in lines[at], near))
    return any(not _POINT.fullmatch(row) for row in rows)


def _begins_anew(number: int, found: Sequence[_Line | None], lines: Sequence[str], levels: _Levels) -> bool:
    """Return whether a point below an empty line begins another list: its bullet is new, and no empty line is above."""
    line = found[number]
    if line is None or not levels.open or lines[number - 1].strip("> \t"):
        return False
    marks = {each.line.mark for each in levels.open}
    is_lower = line.mark in _LOWER_LEVELS or line.column > levels.open[0].column
    if is_lower or line.mark in marks or any(each[0].isdigit() for each in (line.mark, *marks)):
        return False
    run = takewhile(lambda at: lines[at].strip("> \t"), range(number - 2, -1, -1))
    return sum(found[at] is not None for at in run) > 1


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


def _speaking_mark(number: int, lines: Sequence[str], levels: _Levels) -> re.Match[str] | None:
    """Return the mark of a line that is printed as written, before a tab; or before a space, right below a point.

    A letter there is a mark where it stands further in than the point: right below it, *A. Hansen* is a name.
    """
    match = _SPEAKING_MARK.fullmatch(lines[number])
    if not match or (match["chapter"] and not _is_in_chapter(match, number, lines)):
        return None
    is_further_in = levels.open and len(match["before"].expandtabs(4)) >= levels.open[-1].column + _DEEPER
    is_direct = levels.open and lines[number - 1].strip() and (is_further_in or not match["letter"])
    is_first = bool(match["tick"]) and not levels.open
    return match if "\t" in match["gap"] or is_direct or is_first else None


def _is_in_chapter(match: re.Match[str], number: int, lines: Sequence[str]) -> bool:
    """Return whether a number like `1.1` stands below `1` or above letters, and is no date and no time of day."""
    above = _NUMBER.match(lines[number - 1]) if number else None
    below = _SPEAKING_MARK.fullmatch(lines[number + 1]) if number + 1 < len(lines) else None
    is_part = above and above["number"] == match["chapter"] and "\t" not in lines[number - 1][above.end() :].strip()
    return bool(match["words"][0].isalpha() and (is_part or (below and not below["chapter"])))


def _put_below(match: re.Match[str], number: int, lines: list[str], levels: _Levels) -> None:
    """Put a line that is printed as written below the point above it, on a line of its own."""
    lines[number] = " " * levels.put_speaking() + f"{match['mark']} {match['words']}"
    if number and lines[number - 1].strip() and not lines[number - 1].endswith("\\"):
        lines[number - 1] += "  "


def _quoted(before: str) -> str:
    return "".join(sign for sign in before if sign == ">")


def _as_point(line: _Line, indent: int) -> str:
    quoted = _quoted(line.before)
    return f"{quoted} " * bool(quoted) + " " * (indent - len(quoted) * bool(quoted)) + f"- {line.words}"


def _tell(told: _List, written: str, notes: FindingCollector) -> None:
    mark, lower = told.mark, ", ".join(told.lower)
    hint = msg("issues.pasted-speech-hint") if mark in _DASHES else msg("issues.pasted-list-hint")
    message = msg("issues.pasted-levels", mark=mark, lower=lower) if lower else msg("issues.pasted-list", mark=mark)
    line = notes.first_line + told.number
    notes.note("pasted-list", message, line=line, words=written.strip()[:_SHOWN], hint=hint)
