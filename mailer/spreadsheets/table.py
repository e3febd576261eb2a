"""One table from a file, whatever kind of spreadsheet it is."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from mailer.catalogue import msg
from mailer.errors import reason_of
from mailer.spreadsheets.csv_file import open_csv
from mailer.spreadsheets.limits import SAVE_AGAIN, KnownCells, Rows, SpreadsheetError, UnreadableFileError
from mailer.spreadsheets.workbook import open_xlsx

_FOREIGN = {
    b"\xd0\xcf\x11\xe0": partial(msg, "people.is-old-excel"),
    b"%PDF": partial(msg, "people.is-pdf"),
}


def open_table(file: Path, *, known: KnownCells) -> AbstractContextManager[Rows]:
    """Give each row of a CSV file or workbook that is not blank, the header first. Raises `SpreadsheetError`.

    `known` finds the delimiter of a CSV file: the one that splits the header into the most known names.
    """
    try:
        if file.is_fifo():
            raise UnreadableFileError(msg("people.is-a-pipe"), where=str(file), hint=msg("people.is-a-pipe-hint"))
        with file.open("rb") as opened:
            beginning = opened.read(4)
    except OSError as error:
        raise UnreadableFileError(
            msg("people.unreadable", reason=reason_of(error)), where=str(file), hint=msg("people.unreadable-hint")
        ) from error
    if foreign := _FOREIGN.get(beginning):
        raise SpreadsheetError(foreign(), where=str(file), hint=SAVE_AGAIN())
    return open_xlsx(file) if beginning == b"PK\x03\x04" else open_csv(file, known=known)
