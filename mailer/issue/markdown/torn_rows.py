"""Names words with tabs or bars that no table shows in a column, and lines that part a table in two."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.chapters import is_pasted_heading
from mailer.issue.markdown.table_rules import CAPTION, CELLS_AT_LEAST, TableKind, begins_point
from mailer.issue.markdown.tree import Node

_Torn = tuple[int, tuple[TableKind, str]]
"""The line of a row, from 0, with the kind of its table and its first words."""
_BETWEEN_BARS = re.compile(r"\|[^|]+\|.*\|")
_TABS_AT_LEAST = 2
_LINES_OF_A_CELL = 2
_SHOWN = 40


def tell_of_torn_rows(nodes: Sequence[Node], notes: FindingCollector) -> None:
    """Name rows that an empty line parts from their table, lines between rows, and tabs that are printed as a space."""
    torn = dict(found for pair in pairwise(nodes) for found in _torn(*pair))
    for at, (kind, words) in torn.items():
        is_tabs = kind is TableKind.TABS
        hint = msg("issues.torn-row-hint") if is_tabs else msg("issues.torn-row-of-bars-hint", mark="|")
        notes.warning("table", msg("issues.torn-row"), line=notes.first_line + at, words=words, hint=hint)
    for at, words in _between_rows(nodes):
        message, hint = msg("issues.line-between-rows"), msg("issues.line-between-rows-hint")
        notes.note("table", message, line=notes.first_line + at, words=words[:_SHOWN], hint=hint)
    for at, line in _lines(nodes):
        if at not in torn and _is_tabbed(line):
            message, hint = msg("issues.tabs-as-space"), msg("issues.tabs-as-space-hint")
            notes.note("table", message, line=notes.first_line + at, words=_first_cell(line), hint=hint)


def _torn(above: Node, below: Node) -> Iterator[_Torn]:
    """Yield the row at the end of one block or the beginning of the other that belongs to a table beside it."""
    match _kind(above), _kind(below):
        case None, None:
            yield from _torn_bars(above, below)
        case None, TableKind() as kind:
            yield from _torn_line(list(_lines_of(above))[-1:], kind)
        case TableKind() as kind, None:
            yield from _torn_line(list(_lines_of(below))[:1], kind)
        case TableKind.TABS, TableKind.TABS if _is_spaced(above) != _is_spaced(below):
            row = above.children[-1] if _is_spaced(above) else below.children[0]
            yield _first_line(row), (TableKind.TABS, next(filter(None, map(_words_of_cell, row.children)), ""))
        case _:
            pass


def _torn_line(lines: Iterable[tuple[int, str]], kind: TableKind) -> Iterator[_Torn]:
    for at, line in lines:
        cells = [each.strip() for each in line.split("\t" if kind is TableKind.TABS else "|")]
        if sum(map(bool, cells)) >= CELLS_AT_LEAST and not is_pasted_heading(line):
            yield at, (kind, next(filter(None, cells)))


def _torn_bars(above: Node, below: Node) -> Iterator[_Torn]:
    """Yield two rows between bars with an empty line between them, which make no table."""
    lines = [*list(_lines_of(above))[-1:], *list(_lines_of(below))[:1]]
    if len(lines) == len((above, below)) and all(_BETWEEN_BARS.fullmatch(line) for _, line in lines):
        yield from _torn_line(lines, TableKind.BARS)


def _lines_of(node: Node) -> Iterator[tuple[int, str]]:
    return _lines([node] if node.token.type == "paragraph_open" else [])


def _kind(node: Node) -> TableKind | None:
    kind: TableKind | None = node.token.meta["kind"] if node.token.type == "table_open" else None
    return kind


def _is_spaced(table: Node) -> bool:
    """Return whether empty lines stand between the rows of a table."""
    first, second, *_ = (row.token.map or [0, 0] for row in table.children)
    return first[1] < second[0]


def _words_of_cell(cell: Node) -> str:
    return cell.children[0].token.content.split("\n")[0].rstrip()


def _between_rows(nodes: Iterable[Node]) -> Iterator[tuple[int, str]]:
    """Yield the first of the lines without a tab that stand directly between two rows, when they are few."""
    lines: dict[int, str] = {}
    for node in nodes:
        if _kind(node) is TableKind.TABS:
            lines |= dict.fromkeys(range(*(node.token.map or ())), "\t")
        else:
            lines |= {at: line for at, line in _lines_of(node) if not is_pasted_heading(line)}
    rows = {at for at, line in lines.items() if "\t" in line}
    for at, line in lines.items():
        below = [at + number for number in range(1, _LINES_OF_A_CELL + 1)]
        ends = next((each for each in below if each in rows or each not in lines), None)
        if at not in rows and at - 1 in rows and ends in rows and not _announces(lines[ends - 1]):
            yield at, line


def _announces(line: str) -> bool:
    """Return whether a line names the rows below it."""
    return line.endswith(":") or bool(CAPTION.match(line))


def _lines(nodes: Iterable[Node]) -> Iterator[tuple[int, str]]:
    """Yield the lines of all paragraphs and headings, also of those in points, with their numbers from 0."""
    for node in nodes:
        if node.token.type in {"paragraph_open", "heading_open"}:
            lines = node.children[0].token.content.split("\n")
            yield from enumerate(map(str.strip, lines), _first_line(node))
        elif _kind(node) is None:
            yield from _lines(node.children)


def _first_line(node: Node) -> int:
    return (node.token.map or [0])[0]


def _is_tabbed(line: str) -> bool:
    """Return whether several tabs part the words of a line, behind the mark of a point."""
    first, _, rest = line.partition("\t")
    words = rest.strip() if begins_point(f"{first} ") else line
    return words.count("\t") >= _TABS_AT_LEAST


def _first_cell(line: str) -> str:
    return line.partition("\t")[0].strip()[:_SHOWN]
