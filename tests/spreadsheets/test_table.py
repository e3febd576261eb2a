"""One table from any file: CSV as `csv_file` reads it has the cells and lines of a workbook."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from mailer.spreadsheets.table import open_table

HEADER, LAST = ["E-post", "Navn"], ["ola@x.example", "Ola"]
TABLE = [(1, HEADER), (2, ["kari@x.example", "Åse; Ødegård, Moe"]), (4, LAST)]


def known(cells: Sequence[str]) -> int:
    return len(set(HEADER) & set(cells))


def read(file: Path) -> list[tuple[int, list[str]]]:
    with open_table(file, known=known) as rows:
        return list(rows)


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_every_way_of_saving_it_gives_the_same_cells_on_the_same_lines(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    lines = {number: delimiter.join(f'"{cell}"' for cell in cells) for number, cells in TABLE}
    file = tmp_path / "people.csv"
    file.write_text("".join(f"{lines.get(number, '')}\n" for number in range(1, 5)), encoding)
    assert read(file) == TABLE
    workbook = Workbook()
    for number, cells in TABLE:
        for column, cell in enumerate(cells, 1):
            workbook.worksheets[0].cell(number, column, cell)
    workbook.save(tmp_path / "people.dat")
    assert read(tmp_path / "people.dat") == TABLE, "known by its first bytes, not by its name"
