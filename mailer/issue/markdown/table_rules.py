"""Finds tables for the parser: those of Markdown as on GitHub, and rows that a spreadsheet copies with tabs."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit, table

from mailer.issue.markdown.chapters import headings_among

LINES_OF_A_ROW = 100
"""Lines that the cells of a row have together, fewer than this: else each line of a long text is read to its end."""
CELLS_AT_LEAST = 2
CAPTION = re.compile(r"(?:Tabell|Table|Tabealla)\b(?:[^:.\n]{0,20}:|[ ]?[0-9]{1,3}[a-z]?\.)\s*\S", re.IGNORECASE)
"""The beginning of a line that is the caption of the table below it."""
_DASHES = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_ABOVE = ["paragraph", "reference", "blockquote"]
_LONGEST_CELL = 2000
_LONGEST_NAME = 60
# A cell that holds line ends, in quotation marks as Excel copies it; quotation marks inside are doubled.
_QUOTED = re.compile(
    rf'"(?P<words>(?=[^\s"]|"")(?:[^"\t]|""){{1,{_LONGEST_CELL}}}+)"(?=\t|\n|\Z)',
)
_PLAIN = re.compile(r"[^\t\n]*")
_POINT = re.compile(r"[ \t]*(?:[-*+•·▪●◦o–§]|[0-9]{1,9}[.)]|[a-zæøå]\))[ \t]")
MONTH = (
    r"jan(?:uary?)?|feb(?:ruary?)?|mar(?:s|ch)?|apr(?:il)?|ma[iy]|jun[ie]?|jul[iy]?|aug(?:ust)?"
    r"|sept?(?:ember)?|o[kc]t(?:ober)?|nov(?:ember)?|de[sc](?:ember)?"
)
"""The names of months and what they are cut to, in small letters."""
_DAY = re.compile(rf"[ \t]*[0-9]{{1,2}}\.[ ](?:[0-9]{{1,2}}\.|(?:{MONTH})(?![^\W_]))")
"""The beginning of a day, which is no number of a point."""
_HEADINGS = "headings"
"""The key in the parser's environment: which lines with tabs are headings."""
_FOOTNOTE = re.compile(r"[ \t]*\[\^[^\]\s]+\]:")


class TableKind(StrEnum):
    """The way in which a table is written."""

    DASHES = "dashes"
    """With a line of dashes below its first row, as GitHub's Markdown wants it."""
    BARS = "bars"
    """With bars alone, or with dashes for another number of cells."""
    TABS = "tabs"
    """With tabs between its cells."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells from one line of the text up to another."""

    line: int
    below: int
    cells: tuple[str, ...]


def add_tables(parser: MarkdownIt) -> None:
    """Let a parser find tables, in which `|` or tabs part the cells."""
    parser.block.ruler.before("blockquote", "bars", _bars, {"alt": _ABOVE})
    parser.block.ruler.after("bars", "tabs", _tabs, {"alt": _ABOVE})


def is_caption(state: StateBlock, line: int) -> bool:
    """Return whether a line is the caption of a table that begins directly below it."""
    if line + 1 >= state.lineMax or not CAPTION.match(_written(state, line)):
        return False
    return any(rule(state, line + 1, state.lineMax, True) for rule in (_bars, _tabs))


def begins_point(words: str) -> bool:
    """Return whether words are the mark of a point with the space behind it."""
    return bool(_POINT.fullmatch(words))


# --- Bars ---


def _bars(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Read a table with bars; also one whose line of dashes is missing, when its rows begin with bars."""
    kind = _kind_of_bars(state, line, end)
    if kind is None:
        return False
    if not silent:
        has_dashes = bool(_DASHES.fullmatch(_written(state, line + 1)))
        first = _Row(line, line + 1, _between_bars(_written(state, line)))
        rows = (first, *_rows_below(state, line + 1 + has_dashes, end))
        sides = _sides(_written(state, line + 1)) if has_dashes else ()
        _push(state, kind, rows, sides=sides, below=max(rows[-1].below, line + 1 + has_dashes))
    return True


def _kind_of_bars(state: StateBlock, line: int, end: int) -> TableKind | None:
    if line + 1 >= end or "|" not in (written := _written(state, line)):
        return None
    if table(state, line, end, True):
        return TableKind.DASHES
    below = _written(state, line + 1)
    if state.sCount[line + 1] < state.blkIndent or len(_between_bars(written)) < CELLS_AT_LEAST:
        return None
    has_dashes = "|" in below and bool(_DASHES.fullmatch(below))
    are_rows = written[0] == "|" == below[:1] and len(_between_bars(below)) >= CELLS_AT_LEAST
    return TableKind.BARS if has_dashes or are_rows else None


def _rows_below(state: StateBlock, line: int, end: int) -> Iterator[_Row]:
    """Yield the rows of a table: all lines with a bar, whatever they begin with."""
    while line < end and state.sCount[line] >= state.blkIndent:
        written = _written(state, line)
        if len(escapedSplit(written)) < CELLS_AT_LEAST or _FOOTNOTE.match(written):
            return
        yield _Row(line, line + 1, _between_bars(written))
        line += 1


def _written(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip(" \t")


def _between_bars(line: str) -> tuple[str, ...]:
    cells = escapedSplit(line)
    first, last = not cells[0], len(cells) > 1 and not cells[-1]
    return tuple(mdTrim(each) for each in cells[first : len(cells) - last])


def _sides(dashes: str) -> tuple[str, ...]:
    return tuple(_side(each.strip(" \t")) for each in _between_bars(dashes))


def _side(dashes: str) -> str:
    if dashes.endswith(":"):
        return "center" if dashes.startswith(":") else "right"
    return "left" if dashes.startswith(":") else ""


# --- Tabs ---


def _tabs(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Read two lines or more whose words are parted by tabs, outside lists and quotations.

    All stand directly below each other, or all with an empty line between.
    """
    if state.level or not _is_row(state, line) or _whole(state, line).lstrip().startswith(">"):
        return False
    is_spaced = line + 1 < end and state.isEmpty(line + 1)
    rows = _spaced_rows(state, line, end) if is_spaced else _tabbed_rows(state, line, end)
    first, second = next(rows, None), next(rows, None)
    if not first or not second or not _is_table(state, first, second):
        return False
    if not silent:
        every = (first, second, *rows)
        _push(state, TableKind.TABS, every, sides=(), below=every[-1].below)
    return True


def _is_table(state: StateBlock, first: _Row, second: _Row) -> bool:
    """Return whether one of two rows has two columns with words, beside the marks that begin points of a list."""
    if all(_is_point(_whole(state, row.line)) and not _begins_with_mark(row) for row in (first, second)):
        return False
    if second.line > first.below and _are_running_text(first.cells, second.cells):
        return False
    return any(sum(map(bool, row.cells[_begins_with_mark(row) :])) >= CELLS_AT_LEAST for row in (first, second))


def _are_running_text(*rows: tuple[str, ...]) -> bool:
    """Return whether a tab stands in the middle of each sentence."""
    goes_on = all(len(cells) == CELLS_AT_LEAST and cells[1][:1].islower() for cells in rows)
    return goes_on and any(sum(map(len, cells)) > _LONGEST_NAME for cells in rows)


def _is_point(line: str) -> bool:
    return bool(_POINT.match(line)) and not _DAY.match(line)


def _begins_with_mark(row: _Row) -> bool:
    return begins_point(f"{row.cells[0]} ")


def _tabbed_rows(state: StateBlock, line: int, end: int) -> Iterator[_Row]:
    """Yield the lines with tabs; a row has more lines where a cell has."""
    while line < end and _is_row(state, line) and not _FOOTNOTE.match(_whole(state, line)):
        at, cells = _cells(state.src, state.bMarks[line])
        below = line + 1 + state.src.count("\n", state.bMarks[line], at)
        yield _Row(line, below, cells)
        line = below


def _spaced_rows(state: StateBlock, line: int, end: int) -> Iterator[_Row]:
    """Yield the lines with tabs that have an empty line between them, up to one with a row directly below it."""
    while row := next(_tabbed_rows(state, line, end), None):
        line = state.skipEmptyLines(row.below)
        if line == row.below < end and _is_row(state, line):
            return
        yield row
        if line == row.below:
            return


def _is_row(state: StateBlock, line: int) -> bool:
    """Return whether a tab parts the words of a line, or stands behind a cell with line ends that begins on it."""
    written = _whole(state, line)
    if "\t" in written or not written.startswith('"'):
        return "\t" in written and line not in _headings(state)
    quoted = _QUOTED.match(state.src, state.bMarks[line])
    return bool(quoted and state.src.startswith("\t", quoted.end()) and quoted[0].count("\n") < LINES_OF_A_ROW)


def _headings(state: StateBlock) -> frozenset[int]:
    if _HEADINGS not in state.env:
        state.env[_HEADINGS] = headings_among(state.src.split("\n"))
    headings: frozenset[int] = state.env[_HEADINGS]
    return headings


def _cells(text: str, at: int) -> tuple[int, tuple[str, ...]]:
    """Return where the row that begins at a place ends, and its cells; of a row of too many lines the first alone."""
    words, end = _cell(text, at)
    cells, lines = [words], text.count("\n", at, end)
    while text.startswith("\t", end) and lines < LINES_OF_A_ROW:
        begin = end + 1
        words, end = _cell(text, begin)
        cells.append(words)
        lines += text.count("\n", begin, end)
    if lines < LINES_OF_A_ROW:
        return end, tuple(cells)
    end = text.index("\n", at)
    return end, tuple(each.strip() for each in text[at:end].split("\t"))


def _cell(text: str, at: int) -> tuple[str, int]:
    """Return the words of the cell that begins at a place, and where it ends."""
    quoted = _QUOTED.match(text, at)
    if quoted and ("\n" in quoted["words"] or '""' in quoted["words"]):
        lines = quoted["words"].replace('""', '"').split("\n")
        return "  \n".join(each.strip() for each in lines), quoted.end()
    match = _PLAIN.match(text, at)
    return (match[0].strip(), match.end()) if match else ("", at)


def _whole(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] : state.eMarks[line]]


# --- Tokens ---


def _push(state: StateBlock, kind: TableKind, rows: Sequence[_Row], *, sides: Iterable[str], below: int) -> None:
    """Give the parser the tokens of a table: rows of cells, of which the first may be the header."""
    opened = state.push("table_open", "table", 1)
    opened.map, opened.meta = [rows[0].line, below], {"kind": kind, "sides": tuple(sides)}
    for row in rows:
        state.push("tr_open", "tr", 1).map = [row.line, row.below]
        for words in row.cells:
            state.push("td_open", "td", 1).map = [row.line, row.below]
            inline = state.push("inline", "", 0)
            inline.map, inline.content, inline.children = [row.line, row.below], words, []
            state.push("td_close", "td", -1)
        state.push("tr_close", "tr", -1)
    state.push("table_close", "table", -1)
    state.line = below
