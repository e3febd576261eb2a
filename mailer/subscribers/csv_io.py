"""Reading subscriber files as people save them from Excel: what is understood, and what is refused with its line."""

import csv
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mailer.errors import MailerError
from mailer.subscribers.address import Address, AddressError, parse_address
from mailer.subscribers.model import Lang, Register, SubscriberList
from mailer.subscribers.register import list_names, nearest_list
from mailer.subscribers.words import MAXIMUM_ROLE, MAXIMUM_WORDS, WordsError, clean_words

MAXIMUM_BYTES = 500_000_000
MAXIMUM_HEADER = 10_000
MAXIMUM_COLUMNS = 100
DELIMITERS = ";,\t"

_COLUMNS = {
    "address": ("epost", "e-post", "email", "e-mail"),
    "name": ("navn", "namn", "name"),
    "list": ("liste", "list"),
    "lang": ("språk", "language"),
    "role": ("rolle", "role"),
    "organisation": ("organisasjon", "organisation"),
    "basis": ("grunnlag", "basis"),
}
_HEADERS = {header: column for column, headers in _COLUMNS.items() for header in headers}
_LANGS: Mapping[str, Lang] = {
    "nb": "nb",
    "bokmål": "nb",
    "nn": "nn",
    "nynorsk": "nn",
    "se": "se",
    "nordsamisk": "se",
    "en": "en",
    "engelsk": "en",
}

_UTF8_LETTERS_IN_CP1252 = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
_ELEVEN_DIGITS = re.compile(r"(?<!\d)\d{6} ?\d{5}(?!\d)")
_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook, not CSV",
    b"\xff\xfe": "UTF-16 text, not UTF-8",
    b"\xfe\xff": "UTF-16 text, not UTF-8",
}
_SAVE_AGAIN = "In Excel, choose Save as and CSV UTF-8."


class CsvError(MailerError):
    """A file of which nothing can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """One line that is understood. Empty texts were not given; `lang` is None when the list's language holds."""

    file: str
    line: int
    address: Address
    list: SubscriberList
    name: str
    organisation: str
    role: str
    lang: Lang | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """One line that is not understood, and why."""

    file: str
    line: int
    reason: str


Rows = Generator[CsvRow | RefusedRow, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvDefaults:
    """What holds for all lines of a file that have no column for it."""

    list: SubscriberList | None = None
    basis: str = ""


def read_csv(file: Path, register: Register, *, defaults: CsvDefaults) -> Rows:
    """Yield each line of a file in order, understood or refused. Raises `CsvError` when no line can be trusted.

    The encoding is UTF-8 (with or without BOM) or cp1252; the delimiter is whichever makes the header known.
    """
    _check_kind(file)
    encoding = _encoding(file)
    with file.open(encoding=encoding, newline="") as lines:
        header, start = lines.readline(MAXIMUM_HEADER), 1
        if header.startswith("sep="):  # Excel's own first line
            header, start = lines.readline(MAXIMUM_HEADER), 2
        delimiter = max(DELIMITERS, key=lambda each: _known_columns(header, each))
        columns = _columns(header, delimiter, file)
        _check_defaults(columns, defaults, file)
        parser = _RowParser(str(file), columns, list_names(register), register, defaults)
        yield from parser.rows(_cells(lines, delimiter, file, after=start))


def _check_kind(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            beginning = opened.read(4)
        size = file.stat().st_size
    except OSError as error:
        raise CsvError(f"the file cannot be read: {error.strerror}", where=str(file)) from error
    for signature, kind in _SIGNATURES.items():
        if beginning.startswith(signature):
            raise CsvError(f"this is {kind}", where=str(file), hint=_SAVE_AGAIN)
    if size > MAXIMUM_BYTES:
        raise CsvError(f"the file is larger than {MAXIMUM_BYTES // 1_000_000} MB", where=str(file), hint="Split it.")


def _encoding(file: Path) -> str:
    """UTF-8 when all of it is; else cp1252 — unless it also holds letters in UTF-8, which would come out garbled."""
    not_utf8 = mixed = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if b"\0" in line:
                raise CsvError("the file holds a NUL, so it is no text", where=f"{file}:{number}", hint=_SAVE_AGAIN)
            if not not_utf8 and not _decodes(line, "utf-8"):
                not_utf8 = number
            if not mixed and (_UTF8_LETTERS_IN_CP1252.search(line) or line.startswith(b"\xef\xbb\xbf")):
                mixed = number
            if not_utf8 and (mixed or not _decodes(line, "cp1252")):
                raise CsvError(
                    "letters here are neither UTF-8 nor Windows text (cp1252), or a mixture of both",
                    where=f"{file}:{not_utf8}",
                    hint=_SAVE_AGAIN,
                )
    return "cp1252" if not_utf8 else "utf-8-sig"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header_cells(header: str, delimiter: str) -> list[str]:
    cells = next(csv.reader([header], delimiter=delimiter), [])
    return [cell.strip().casefold() for cell in cells]


def _known_columns(header: str, delimiter: str) -> int:
    return sum(cell in _HEADERS for cell in _header_cells(header, delimiter))


def _columns(header: str, delimiter: str, file: Path) -> dict[str, int]:
    """Where each column we know stands; unknown ones are refused, since dropping what somebody collected is worse."""
    where = f"{file}:1"
    cells = _header_cells(header, delimiter)
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MAXIMUM_COLUMNS:
        raise CsvError(f"the header has more than {MAXIMUM_COLUMNS} columns", where=where)
    if not any(_HEADERS.get(cell) == "address" for cell in cells):
        raise CsvError(
            "no column holds the e-mail address",
            where=where,
            hint=f"The first line must name it {', '.join(_COLUMNS['address'][:-1])} or {_COLUMNS['address'][-1]}.",
        )
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        column = _known_column(cell, where)
        if column in columns:
            raise CsvError(f"two columns hold the {column}", where=where, hint="Remove one of them.")
        columns[column] = index
    return columns


def _known_column(cell: str, where: str) -> str:
    if cell in _HEADERS:
        return _HEADERS[cell]
    near = get_close_matches(cell, _HEADERS, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Remove it, or call it one of {', '.join(_HEADERS)}."
    what = f"the column {cell[:40]!r} is not known" if cell else "a column has no name"
    raise CsvError(what, where=where, hint=hint)


def _check_defaults(columns: dict[str, int], defaults: CsvDefaults, file: Path) -> None:
    if "list" not in columns and defaults.list is None:
        raise CsvError(
            "nothing says which list these subscribers are for",
            where=str(file),
            hint="Add a column liste, or name the list with --list.",
        )
    if "basis" not in columns and not defaults.basis:
        raise CsvError(
            "nothing says on what basis these people may be written to",
            where=str(file),
            hint="Add a column grunnlag, or give it with --basis.",
        )


def _cells(lines: Iterator[str], delimiter: str, file: Path, *, after: int) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank with the line it begins on. A broken quote may have swallowed any number of lines."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = after + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CsvError(
                f"the columns cannot be told apart from here on: {error}",
                where=f"{file}:{begins}",
                hint="Look for a quotation mark that is not closed.",
            ) from error
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = after + reader.line_num + 1


class RowError(MailerError):
    """One line that is not understood."""


class _RowParser:
    """Turns the cells of one file's lines into rows."""

    def __init__(
        self,
        file: str,
        columns: dict[str, int],
        lists: Mapping[str, SubscriberList],
        register: Register,
        defaults: CsvDefaults,
    ) -> None:
        self.file = file
        self.columns = columns
        self.lists = lists
        self.register = register
        self.defaults = defaults

    def rows(self, lines: Iterator[tuple[int, list[str]]]) -> Rows:
        for line, cells in lines:
            self._refuse_national_identity_numbers(line, cells)
            try:
                yield self._row(line, self._named(cells))
            except (RowError, AddressError, WordsError) as refused:
                yield RefusedRow(file=self.file, line=line, reason=refused.what)

    def _named(self, cells: list[str]) -> dict[str, str]:
        if len(cells) > len(self.columns) and any(cell.strip() for cell in cells[len(self.columns) :]):
            raise RowError("the line has more columns than the header")
        return {
            column: clean_words(cells[at], limit=MAXIMUM_ROLE if column == "role" else MAXIMUM_WORDS)
            for column, at in self.columns.items()
            if at < len(cells)
        }

    def _row(self, line: int, cells: dict[str, str]) -> CsvRow:
        address = parse_address(cells.get("address", ""))
        basis = cells.get("basis", "") or self.defaults.basis
        if not basis:
            raise RowError("the basis is missing")
        return CsvRow(
            file=self.file,
            line=line,
            address=address,
            list=self._list(cells.get("list", "")),
            name=cells.get("name", ""),
            organisation=cells.get("organisation", ""),
            role=cells.get("role", ""),
            lang=_lang(cells.get("lang", "")),
            basis=basis,
        )

    def _list(self, name: str) -> SubscriberList:
        if not name and self.defaults.list is not None:
            return self.defaults.list
        found = self.lists.get(name.casefold())
        if found is None:
            hint = nearest_list(self.register, name)
            raise RowError(f"there is no list {name[:80]!r}. {hint}" if name else "the list is missing")
        return found

    def _refuse_national_identity_numbers(self, line: int, cells: list[str]) -> None:
        """Such a file should not exist, so nothing of it is taken in, and the number is not repeated."""
        for at, cell in enumerate(cells, 1):
            if any(_is_national_identity_number(found) for found in _ELEVEN_DIGITS.findall(cell)):
                raise CsvError(
                    f"column {at} holds what looks like a fødselsnummer; the file is not taken in",
                    where=f"{self.file}:{line}",
                    hint="Remove the column, and delete copies of the file.",
                )


def _lang(cell: str) -> Lang | None:
    if not cell:
        return None
    lang = _LANGS.get(cell.casefold())
    if lang is None:
        raise RowError(f"the language {cell[:40]!r} is not one of {', '.join(_LANGS)}")
    return lang


def _is_national_identity_number(text: str) -> bool:
    """Both control digits fit (Skatteetaten, fødselsnummer: modulus 11)."""
    digits = [int(digit) for digit in text if digit != " "]
    return all(
        sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11 == 0
        for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    )
