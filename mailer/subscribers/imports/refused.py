"""The refused lines of an import as a file that can be corrected in Excel and imported as it is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mailer.catalogue import Lang, render
from mailer.spreadsheets.formulas import restore
from mailer.subscribers.files.columns import COLUMNS, surplus_name
from mailer.subscribers.files.exporting import write_rows
from mailer.subscribers.imports.model import ImportLine


def write_refused(file: Path, lines: Sequence[ImportLine], *, lang: Lang) -> int:
    """Write the lines, each with its fault in a column of its own and in a language; returns how many.

    Cells beyond the header stand beyond it again, so that a line that was not corrected is refused once more.
    """
    columns = [each for each in COLUMNS if each != "reason" and any(each in line.cells for line in lines)]
    header = [*(COLUMNS[each][0] for each in columns), COLUMNS["reason"][0]]
    return write_rows(file, header, (_row(line, columns, lang) for line in lines))


def _row(line: ImportLine, columns: Sequence[str], lang: Lang) -> Iterator[str]:
    """Yield the cells as they stood in the file, so that a defused one is not defused twice."""
    yield from (restore(line.cells.get(each, "")) for each in columns)
    yield render(line.reason, lang)
    number = 1
    while (name := surplus_name(number)) in line.cells:
        yield restore(line.cells[name])
        number += 1
