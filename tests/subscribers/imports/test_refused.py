"""The file of refused lines: nothing of a line is lost on the way to it and back."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.catalogue import Lang
from mailer.spreadsheets.formulas import restore
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.reading import RefusedRow, SubscriberRow, read_rows
from mailer.subscribers.imports.model import ImportLine, Outcome
from mailer.subscribers.imports.refused import write_refused
from mailer.subscribers.model import Register

Read = Callable[[str], list[SubscriberRow | RefusedRow]]
CELLS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters='"|'), max_size=12)


@pytest.fixture
def read(register: Register, tmp_path: Path) -> Read:
    def run(text: str) -> list[SubscriberRow | RefusedRow]:
        file = tmp_path / "people.csv"
        file.write_text(text, "utf-8-sig")
        return list(read_rows(file, register, defaults=RowDefaults(list=register.lists[0], basis="e: case 1")))

    return run


def _refused(rows: list[SubscriberRow | RefusedRow], file: Path, *, lang: Lang = "en") -> str:
    lines = [
        ImportLine(file=each.file, line=each.line, outcome=Outcome.INVALID, reason=each.reason, cells=each.cells)
        for each in rows
        if isinstance(each, RefusedRow)
    ]
    assert write_refused(file, lines, lang=lang) == len(rows)
    return file.read_text("utf-8-sig")


def test_a_line_with_more_cells_than_the_header_comes_back_whole_and_is_refused_again(
    read: Read, tmp_path: Path
) -> None:
    rows = read("epost;grunnlag;navn\na@x.example;e: sak 1; vedtak 2;;Kari;\n")
    again = _refused(rows, tmp_path / "refused.csv")
    header, line = again.splitlines()
    assert header == "epost;navn;grunnlag;årsak"
    assert line.startswith("a@x.example; vedtak 2;e: sak 1;the line has more columns than the header")
    assert line.endswith(";;Kari")
    (refused,) = read(again)
    assert isinstance(refused, RefusedRow)
    assert refused.reason == "the line has more columns than the header: 'Kari' stands beyond the last"
    assert _refused([refused], tmp_path / "refused.csv") == again


@pytest.mark.parametrize(
    ("lang", "why"),
    [
        ("nb", "linjen har flere kolonner enn første linje: «Kari» står utenfor den siste"),
        ("nn", "linja har fleire kolonnar enn første linja: «Kari» står utanfor den siste"),
    ],
)
def test_what_is_wrong_is_said_in_the_language_of_whoever_corrects_it(
    lang: Lang, why: str, read: Read, tmp_path: Path
) -> None:
    again = _refused(read("epost;navn\na@x.example;Ola;Kari\n"), tmp_path / "refused.csv", lang=lang)
    assert again.splitlines()[1].split(";")[2] == why
    assert isinstance(read(again)[0], RefusedRow)


def test_a_cell_that_was_defused_is_not_defused_twice(read: Read, tmp_path: Path) -> None:
    again = _refused(read("epost;navn\nnobody;'=SUM(A1)\n"), tmp_path / "refused.csv")
    (row,) = read(again.replace("nobody", "kari@x.example"))
    assert isinstance(row, SubscriberRow)
    assert row.name == "=SUM(A1)"


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
def test_the_file_is_for_its_owner_only(read: Read, tmp_path: Path) -> None:
    rows = read("epost;navn\nnobody;Kari\n")
    _refused(rows, tmp_path / "new.csv")
    (tmp_path / "old.csv").touch(mode=0o644)
    _refused(rows, tmp_path / "old.csv")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("new.csv", "old.csv")] == [0o600, 0o600]


@given(cells=st.lists(CELLS, min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stood_in_a_refused_line_stands_in_the_file_of_them(
    cells: list[str], read: Read, tmp_path: Path
) -> None:
    quoted = ";".join(f'"{each}"' for each in ["no address", "", *cells])
    rows = read(f"epost;navn\n{quoted}\n")
    (before,) = rows
    (after,) = read(_refused(rows, tmp_path / "refused.csv"))
    assert isinstance(before, RefusedRow)
    assert isinstance(after, RefusedRow)
    came_back = {key: restore(each) for key, each in after.cells.items() if key != "reason"}
    assert came_back == {key: restore(each) for key, each in before.cells.items()}
