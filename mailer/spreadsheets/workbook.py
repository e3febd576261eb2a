"""Read the cells of an Excel workbook row by row, with limits against files that unpack into far more."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from mailer.catalogue import msg
from mailer.spreadsheets.limits import MAXIMUM_COLUMNS, MAXIMUM_ROWS, Rows, SpreadsheetError, too_wide

MAXIMUM_UNPACKED = 600_000_000
MAXIMUM_STRINGS = 150_000_000  # the shared strings are held in memory
MAXIMUM_PARTS = 1_000
MAXIMUM_RATIO = 250  # real tables pack to a tenth, very repetitive ones to a hundredth
MAXIMUM_PROLOGUE = 10_000  # bytes before the first element of a part; Excel writes some 60
_SMALL = 1_000_000

_SAVE_AGAIN = partial(msg, "people.save-as-workbook")


@contextmanager
def open_xlsx(file: Path) -> Iterator[Rows]:
    """Give each row of the only sheet that is not blank, with its number; raises `SpreadsheetError`."""
    _check_package(file)
    from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415 slow to import, and most files are CSV

    with file.open("rb") as opened:  # a path would have to end in .xlsx
        try:
            reader = ExcelReader(opened, read_only=True, data_only=True, keep_links=False)
            reader.read()
            sheets = [_Sheet(reader, *each) for each in zip(reader.wb.worksheets, _parts(reader), strict=True)]
        except Exception as error:  # whatever is wrong inside, openpyxl raises as it comes
            raise _unreadable(file) from error
        with closing(reader.wb):
            yield _rows(file, _only_sheet(file, sheets))


def _parts(reader: Any) -> list[str]:
    """Return where in the package each sheet of cells stands."""
    found = [part for _, part in reader.parser.find_sheets()]
    return [part.target for part in found if part.target in reader.valid_files and "chartsheet" not in part.Type]


@dataclass(frozen=True)
class _Sheet:
    """A sheet of an open workbook, and where in the package it stands; openpyxl has no types."""

    reader: Any
    sheet: Any
    part: str

    def read(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield each row that stands in the sheet with its number, and the cells that stand in it.

        `iter_rows` would make those that are missing, a thousand million where the file says so, and leave out in
        silence those that stand in the wrong order.
        """
        from openpyxl.reader.excel import WorksheetReader  # noqa: PLC0415 as above

        with self.reader.archive.open(self.part) as source:
            cells = WorksheetReader(self.sheet, source, self.reader.shared_strings, data_only=True, rich_text=False)
            yield from cells.parser.parse()


def _check_package(file: Path) -> None:
    try:
        with ZipFile(file) as package:
            parts = package.infolist()
            if _is_bomb(parts):
                raise SpreadsheetError(msg("people.workbook-bomb"), where=str(file), hint=_SAVE_AGAIN())
            for part in parts:
                if _defines_things(package.open(part).read(MAXIMUM_PROLOGUE)):
                    raise SpreadsheetError(msg("people.workbook-odd-xml"), where=str(file), hint=_SAVE_AGAIN())
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise _unreadable(file) from error


def _is_bomb(parts: Sequence[ZipInfo]) -> bool:
    strings = sum(part.file_size for part in parts if "sharedStrings" in part.filename)
    return (
        len(parts) > MAXIMUM_PARTS
        or sum(part.file_size for part in parts) > MAXIMUM_UNPACKED
        or strings > MAXIMUM_STRINGS
        or any(part.file_size > max(_SMALL, part.compress_size * MAXIMUM_RATIO) for part in parts)
    )


def _defines_things(beginning: bytes) -> bool:
    """Return whether XML begins with definitions (a DTD, which may unpack into anything), or with nothing for too long.

    The parser that openpyxl reads with is asked: it knows in which encoding, and behind what, a definition stands.
    """
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: found.append("definitions")
    parser.StartElementHandler = lambda *_: found.append("element")
    with suppress(expat.ExpatError):  # a picture, say
        parser.Parse(beginning, len(beginning) < MAXIMUM_PROLOGUE)
        return found[:1] != ["element"]
    return "definitions" in found


def _unreadable(file: Path) -> SpreadsheetError:
    return SpreadsheetError(msg("people.workbook-unreadable"), where=str(file), hint=_SAVE_AGAIN())


def _only_sheet(file: Path, sheets: Sequence[_Sheet]) -> _Sheet:
    """Return the one sheet with rows; leaving out another in silence would be leaving out people."""
    filled = [sheet for sheet in sheets if any(True for _row in _rows(file, sheet))]
    if not filled:
        raise SpreadsheetError(msg("people.workbook-empty"), where=str(file), hint=msg("people.fill-in-a-sheet"))
    if len(filled) > 1:
        names = ", ".join(each.sheet.title for each in filled)
        what = msg("people.workbook-sheets", number=len(filled), names=names)
        raise SpreadsheetError(what, where=str(file), hint=msg("people.keep-one-sheet"))
    return filled[0]


def _rows(file: Path, sheet: _Sheet) -> Rows:
    last = 0
    for number, cells in _read(file, sheet):
        if number > MAXIMUM_ROWS:
            raise SpreadsheetError(msg("people.too-many-rows"), where=f"{file}:{number}", hint=_SAVE_AGAIN())
        if number <= last:
            raise _unreadable(file)
        last = number
        if texts := _texts(file, number, cells):
            yield number, texts


def _read(file: Path, sheet: _Sheet) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    try:
        yield from sheet.read()
    except Exception as error:
        raise _unreadable(file) from error


def _texts(file: Path, number: int, cells: Sequence[dict[str, Any]]) -> list[str]:
    """The cells as text, without empty ones at the end; an empty list for a blank row."""
    texts: list[str] = []
    for cell in cells:
        text, column = _text(cell["value"]), cell["column"]
        if not text.strip():
            continue
        if column > MAXIMUM_COLUMNS:
            raise too_wide(f"{file}:{number}")
        if column <= len(texts):
            raise _unreadable(file)
        texts += [""] * (column - 1 - len(texts))
        texts.append(text)
    return texts


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
