"""The cells of an Excel workbook, read row by row, with limits against files that unpack into something else."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from mailer.subscribers.columns import MAXIMUM_COLUMNS, CsvError

MAXIMUM_UNPACKED = 600_000_000
MAXIMUM_STRINGS = 150_000_000  # the shared strings are held in memory
MAXIMUM_PARTS = 1_000
MAXIMUM_RATIO = 250  # real tables pack to a tenth, very repetitive ones to a hundredth
_SMALL = 1_000_000

_SAVE_AGAIN = "Open it in Excel and save it again as an Excel workbook (.xlsx) or as CSV UTF-8."
Cells = Iterator[tuple[int, list[str]]]


@contextmanager
def open_xlsx(file: Path) -> Iterator[Cells]:
    """Give each row of the only sheet that is not blank, the header first, with its number. Raises `CsvError`."""
    _check_package(file)
    from openpyxl import load_workbook  # noqa: PLC0415 slow to import, and most files are CSV

    with file.open("rb") as opened:  # a path would have to end in .xlsx
        try:
            workbook = load_workbook(opened, read_only=True, data_only=True, keep_links=False)
        except Exception as error:  # whatever is wrong inside, openpyxl raises as it comes
            raise _unreadable(file) from error
        with closing(workbook):
            yield _rows(file, _only_sheet(file, workbook.worksheets))


def _check_package(file: Path) -> None:
    try:
        with ZipFile(file) as package:
            parts = package.infolist()
            if _is_bomb(parts):
                raise CsvError("the workbook would unpack into far too much", where=str(file), hint=_SAVE_AGAIN)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!" in package.open(part).read(1_000):
                    raise CsvError("the workbook holds XML that Excel never writes", where=str(file), hint=_SAVE_AGAIN)
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


def _unreadable(file: Path) -> CsvError:
    what = "the workbook cannot be read: it is damaged, or is no Excel workbook"
    return CsvError(what, where=str(file), hint=_SAVE_AGAIN)


def _only_sheet(file: Path, sheets: Sequence[Any]) -> Any:
    """Leaving out a sheet in silence would be leaving out people."""
    filled = [sheet for sheet in sheets if any(_texts(row) for row in _read(file, sheet, max_row=20))]
    if len(filled) != 1:
        what = f"{len(filled)} sheets of the workbook hold rows: {', '.join(each.title for each in filled)}"
        raise CsvError(
            what if filled else "the workbook is empty",
            where=str(file),
            hint="Keep one sheet in the workbook." if filled else "",
        )
    return filled[0]


def _read(file: Path, sheet: Any, *, max_row: int | None = None) -> Iterator[Sequence[Any]]:
    try:
        sheet.reset_dimensions()  # what the file says of its size need not be true
        yield from sheet.iter_rows(max_row=max_row, max_col=MAXIMUM_COLUMNS + 1, values_only=True)
    except Exception as error:
        raise _unreadable(file) from error


def _rows(file: Path, sheet: Any) -> Cells:
    for number, values in enumerate(_read(file, sheet), 1):
        if cells := _texts(values):
            yield number, cells


def _texts(values: Iterable[Any]) -> list[str]:
    """The cells as text without the empty ones at the end; an empty list for a blank row."""
    cells = [_text(value) for value in values]
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
