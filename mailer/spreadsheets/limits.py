"""Limits of a spreadsheet, and the errors for one that exceeds them or cannot be read."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mailer.catalogue import msg
from mailer.errors import ExitCode, MailerError

MAXIMUM_ROWS = 1_048_576  # of a sheet in Excel
MAXIMUM_COLUMNS = 100
SAVE_AGAIN = partial(msg, "people.save-as-csv")

Rows = Iterator[tuple[int, list[str]]]
"""Each row that is not blank: the line it begins on, from 1, and its cells."""

KnownCells = Callable[[Sequence[str]], int]
"""How many of the cells are names of columns that the caller knows."""


class SpreadsheetError(MailerError):
    """A file of which nothing can be used."""


class UnreadableFileError(SpreadsheetError):
    """A file that the operating system does not let us read."""

    exit_code = ExitCode.INPUT_OUTPUT


def too_wide(where: str) -> SpreadsheetError:
    """Say that something stands beyond `MAXIMUM_COLUMNS`: it would be left out, or fill the memory."""
    what = msg("people.too-wide", columns=MAXIMUM_COLUMNS)
    return SpreadsheetError(what, where=where, hint=msg("people.too-wide-hint"))
