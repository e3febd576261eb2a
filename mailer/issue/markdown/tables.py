"""Makes tables of rows of cells: header, names of rows, the side on which words stand; and tells of their faults."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.table_rules import CAPTION, MONTH, TableKind
from mailer.issue.markdown.tree import Node
from mailer.issue.model import Alignment, Block, Blocks, Cell, Cells, Inlines, Paragraph, Table, plain_text

COLUMNS_AT_MOST = 4
ROWS_AT_MOST = 20
FITS_A_PHONE = 30
FITS_A_MAIL = 60
"""Letters that stand side by side on the narrowest phone, and in a mail, with the space between columns as one."""
LONG_WORD = 16

ReadInlines = Callable[[Sequence[Token], int], Inlines]
_NUMBER = re.compile(r"(?:(?:kr|[<>≤≥~])\.?\s*)?[-+–−]?\s?[0-9](?:[0-9.,\s]*[0-9])?(?:,-|\s?(?:%|kr|mill\.?|mrd\.?))?")
_DATE_OR_TIME = re.compile(r"[0-9]{1,2}\.\s?[0-9]{1,2}\.(?:\s?[0-9]{2,4})?|[0-9]{1,2}[.:][0-9]{2}")
_TELEPHONE = re.compile(r"(?:\+[0-9]{1,3}\s?)?(?:[0-9]{2}(?:\s[0-9]{2}){3}|[0-9]{3}\s[0-9]{2}\s[0-9]{3}|[0-9]{8,})")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_CLOCK = r"(?:(?:fr[aå]|from|ca\.?|til|to)\s)?(?:kl\.?\s?|klokk[ae]n?\s)?[0-9]{1,2}(?:[.:][0-9]{2})?(?:\s?[ap]\.?m\.?)?"
_HOURS = re.compile(rf"(?=.{{1,18}}\Z){_CLOCK}(?:\s?[-–—]\s?{_CLOCK})?", re.IGNORECASE)
"""A time of day, or from one to another, that fits on one line of a narrow column."""
_DAY = (
    r"(?:m[aå]n|tirs?|tys|ons|tors?|fre|l(?:ø|au)r|s(?:ø|u)n)(?:dag(?:er|ar|en)?)?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|vuossárga|maŋŋebárga|gaskavahkku|duorastat|bearjadat|lávvardat|sotnabeaivi"
    r"|(?:kvar|hver|yrke|virke|helge|week)da(?:g(?:er|ar|ene|ane)?|ys?)|helg(?:er?|a|en)?|weekends?"
)
_BEGINS_AS_TIME = (
    re.compile(
        r"(?:(?:fr[aå]|from|ca\.?|til|to)\s)?(?:kl\.?\s?|klokk[ae]n?\s)[0-9]|[0-9]{1,2}[.:][0-9]{2}(?![0-9.])",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:{_DAY})(?![^\W_])", re.IGNORECASE),
)
"""The beginnings of a time of day, and of a weekday."""
_BEGINS_AS_MONTH = re.compile(rf"(?:{MONTH})(?![^\W_])", re.IGNORECASE)
_IS_NO_NAME = re.compile(r"\S+@\S+\.\S+|https?://\S+|kr\.?\s?[0-9][0-9\s.,]*(?:,-)?|[0-9][0-9\s.]*,-", re.IGNORECASE)
"""An address, or a price."""
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row: the words of its cells as written, and the cells."""

    line: int
    words: tuple[str, ...]
    cells: Cells

    @property
    def first_words(self) -> str:
        """The first words in it, where a finding points."""
        return next((words.split("\n")[0].rstrip().removeprefix("\\") for words in self.words if words), "")

    def only(self, columns: Iterable[int]) -> "_Row":
        """Return the row with these columns alone; a cell that it lacks is empty."""
        cells = dict(enumerate(zip(self.words, self.cells, strict=True)))
        kept = [cells.get(column, ("", Cell((), self.line))) for column in columns]
        return _Row(self.line, tuple(words for words, _ in kept), tuple(cell for _, cell in kept))


def read_table(node: Node, *, notes: FindingCollector, inlines: ReadInlines) -> Iterable[Block]:
    """Return the table of a node, or nothing if it is empty; `inlines` reads the words of a cell that begins on a line.

    Rows and columns without words, which a spreadsheet copies along, are left out.
    """
    kind: TableKind = node.token.meta["kind"]
    written = [_row(each, notes.first_line, inlines) for each in node.children]
    columns = sorted({at for row in written for at, words in enumerate(row.words) if words})
    rows = [row.only(columns) for row in written if row.first_words]
    if not rows:
        return []
    _tell_of_rows(written, kind, notes)
    has_header = len(rows) > 1 and rows[0].line == written[0].line and _is_header(rows[0], rows[1:], kind)
    body = rows[has_header:]
    sides = dict(enumerate(node.token.meta["sides"]))
    table = Table(
        header=rows[0].cells if has_header else (),
        rows=tuple(row.cells for row in body),
        alignments=tuple(
            Alignment(sides.get(column) or (_side([row.words[at] for row in body]) if at else Alignment.LEFT))
            for at, column in enumerate(columns)
        ),
        names_rows=_names_rows([row.words for row in body]),
        line=rows[0].line,
    )
    _tell_of_header(table, rows[0], notes)
    _tell_of_size(table, rows[0], notes)
    return [table]


def with_captions(blocks: Iterable[Block]) -> Blocks:
    """Return blocks in which a line like *Tabell 1: Søknader* belongs to the table below it."""
    found: list[Block] = []
    for block in blocks:
        above = found[-1] if found else None
        if isinstance(block, Table) and isinstance(above, Paragraph) and CAPTION.match(plain_text(above.inlines)):
            found[-1] = replace(block, caption=above)
        else:
            found.append(block)
    return tuple(found)


def width_in_letters(table: Table) -> int:
    """Return how many letters the longest words of all columns need side by side."""
    columns = zip(*table.all_rows, strict=True)
    return sum(max(map(_longest_word, column)) for column in columns) + len(table.alignments) - 1


def fits_a_phone(table: Table) -> bool:
    """Return whether the columns of a table can be read beside each other on the narrowest phone."""
    return len(table.alignments) <= COLUMNS_AT_MOST and width_in_letters(table) <= FITS_A_PHONE


def fits_a_mail(table: Table) -> bool:
    """Return whether the columns of a table can be read beside each other in the mail on a desktop."""
    return width_in_letters(table) <= FITS_A_MAIL


def is_number(cell: Cell) -> bool:
    """Return whether a cell holds a number or hours alone, in which no line may end."""
    words = plain_text(cell.inlines).strip()
    return bool(_NUMBER.fullmatch(words) or _HOURS.fullmatch(words))


def has_number(cell: Cell) -> bool:
    """Return whether a number stands among the words of a cell, within which no line may end."""
    return not is_number(cell) and bool(_DIGITS.search(plain_text(cell.inlines)))


def has_long_word(cell: Cell) -> bool:
    """Return whether a word of a cell is so long that it may be broken to leave others whole."""
    return _longest_word(cell) > LONG_WORD and not is_number(cell)


def _longest_word(cell: Cell) -> int:
    words = plain_text(cell.inlines)
    return len(words) if is_number(cell) else max(map(len, words.split()), default=0)


def _row(node: Node, first_line: int, inlines: ReadInlines) -> _Row:
    line = first_line + (node.token.map or [0])[0]
    tokens = [cell.children[0].token for cell in node.children]
    cells, at = [], line
    for token in tokens:
        cells.append(Cell(inlines(token.children or [], at), at))
        at += token.content.count("\n")
    return _Row(line, tuple(token.content for token in tokens), tuple(cells))


# --- What rows and columns are ---


def _is_header(first: _Row, body: Sequence[_Row], kind: TableKind) -> bool:
    """Return whether the first row names the columns: as Markdown has it, or as it is of another kind than they.

    It is not when a column begins as it goes on, with a number that is no year or with the same words before another.
    Nor is it when it holds *Name:*, an address or a price, or begins with a time and is not all of times.
    """
    if kind is not TableKind.TABS:
        return True
    below = (next((row.words[at] for row in body if row.words[at]), "") for at in range(len(first.words)))
    goes_on = any(map(_goes_on, first.words, below))
    return not (goes_on or any(map(_is_no_name, first.words)) or _begins_with_time(first.words))


def _goes_on(above: str, below: str) -> bool:
    """Return whether one cell is of the kind of the other."""
    if any(all(map(begins, (above, below))) for begins in (_begins_as_number, _BEGINS_AS_MONTH.match)):
        return True
    shape = _DIGITS.sub("0", above)
    return shape not in {above, "0"} and shape == _DIGITS.sub("0", below)


def _is_no_name(words: str) -> bool:
    return words.endswith(":") or bool(_IS_NO_NAME.fullmatch(words))


def _begins_with_time(row: Sequence[str]) -> bool:
    """Return whether a row begins with a time, and does not have times alone, as the days above a menu."""
    return any(time.match(row[0]) and not all(map(time.match, filter(None, row))) for time in _BEGINS_AS_TIME)


def _begins_as_number(words: str) -> bool:
    return words[:1].isdigit() and not _YEAR.fullmatch(words)


def _side(words: Sequence[str]) -> Alignment:
    """Return the side for a column that names none: numbers stand below each other by their last digits."""
    filled = [each.strip("*_") for each in words if each.strip("-–—")]
    return Alignment.RIGHT if filled and all(map(_is_amount, filled)) else Alignment.LEFT


def _is_amount(words: str) -> bool:
    """Return whether words are a number that is more or less than another: not so dates, hours and telephones."""
    is_name = _DATE_OR_TIME.fullmatch(words) or _TELEPHONE.fullmatch(words)
    return bool(_NUMBER.fullmatch(words)) and not is_name


def _names_rows(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first cell of each row says what it is about: words, in each row others."""
    first = [words[0] for words in rows]
    has_more = all(len(words) > 1 for words in rows)
    return has_more and all(first) and len({*first}) == len(first) and _side(first) is not Alignment.RIGHT


# --- What is wrong with them ---


def _tell_of_rows(rows: Sequence[_Row], kind: TableKind, notes: FindingCollector) -> None:
    line, words, hint = rows[0].line, rows[0].first_words, msg("issues.write-line-of-dashes", example="|---|---|")
    if kind is TableKind.BARS:
        notes.warning("table", msg("issues.table-without-dashes"), line=line, words=words, hint=hint)
    elif kind is TableKind.TABS:
        notes.note("table", msg("issues.table-of-tabs"), line=line, words=words, hint=msg("issues.table-of-tabs-hint"))
    count = len(rows[0].cells)
    others = [row for row in rows if len(row.cells) != count and row.first_words]
    if others:
        message = msg("issues.table-rows-differ", count=len(others), cells=str(count))
        of_bars = msg("issues.table-rows-differ-hint", mark=r"\|")
        hint = msg("issues.tabbed-rows-differ-hint") if kind is TableKind.TABS else of_bars
        notes.warning("table", message, line=others[0].line, words=others[0].first_words, hint=hint)


def _tell_of_header(table: Table, first: _Row, notes: FindingCollector) -> None:
    nameless = [at for at, cell in enumerate(table.header) if at and not cell.inlines]
    if not table.header:
        message, hint = msg("issues.table-without-header"), msg("issues.name-columns")
    elif nameless:
        message, hint = msg("issues.column-without-name", number=str(nameless[0] + 1)), msg("issues.name-columns")
    else:
        return
    notes.warning("table", message, line=first.line, words=first.first_words, hint=hint)


def _tell_of_size(table: Table, first: _Row, notes: FindingCollector) -> None:
    line, words = first.line, first.first_words
    columns, letters = len(table.alignments), width_in_letters(table)
    if columns > COLUMNS_AT_MOST:
        message, hint = msg("issues.table-columns", count=columns), msg("issues.table-columns-hint")
        notes.warning("table-size", message, line=line, words=words, hint=hint)
    elif letters > FITS_A_PHONE:
        message, hint = msg("issues.table-letters", count=letters), msg("issues.table-letters-hint")
        notes.note("table-size", message, line=line, words=words, hint=hint)
    if len(table.rows) > ROWS_AT_MOST:
        message, hint = msg("issues.table-long", count=len(table.rows)), msg("issues.table-long-hint")
        notes.warning("table-size", message, line=line, words=words, hint=hint)
