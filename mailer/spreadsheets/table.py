"""One table from a file, whatever kind of spreadsheet it is."""

from contextlib import AbstractContextManager
from pathlib import Path

from mailer.errors import reason_of
from mailer.spreadsheets.csv_file import open_csv
from mailer.spreadsheets.limits import SAVE_AGAIN, KnownCells, Rows, SpreadsheetError, UnreadableFileError
from mailer.spreadsheets.workbook import open_xlsx

_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one with a password",
    b"%PDF": "a PDF",
}


def open_table(file: Path, *, known: KnownCells) -> AbstractContextManager[Rows]:
    """Give each row of a CSV file or workbook that is not blank, the header first. Raises `SpreadsheetError`.

    `known` finds the delimiter of a CSV file: the one that splits the header into the most known names.
    """
    try:
        if file.is_fifo():
            raise UnreadableFileError(
                "a pipe cannot be imported: its lines are read several times",
                where=str(file),
                hint="Write them into a file first, and import that.",
            )
        with file.open("rb") as opened:
            beginning = opened.read(4)
    except OSError as error:
        raise UnreadableFileError(
            f"the file cannot be read: {reason_of(error)}",
            where=str(file),
            hint="Check its name, that it is a file and no folder, and that you may read it.",
        ) from error
    for signature, kind in _FOREIGN.items():
        if beginning == signature:
            raise SpreadsheetError(f"this is {kind}", where=str(file), hint=SAVE_AGAIN)
    return open_xlsx(file) if beginning == b"PK\x03\x04" else open_csv(file, known=known)
