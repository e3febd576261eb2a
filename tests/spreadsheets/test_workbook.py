"""Workbooks: read like CSV; those that unpack into too much, or are none, are refused in words.

The refusals are those of `limits`.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart

from mailer.spreadsheets.limits import SpreadsheetError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.reading import RefusedRow, SubscriberRow, read_rows
from mailer.subscribers.model import Register

BASIS = RowDefaults(basis="e: case 1")
Read = Callable[..., list[SubscriberRow | RefusedRow]]


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def make(*sheets: list[list[Any]]) -> Path:
        workbook = Workbook()
        workbook.remove(workbook.worksheets[0])
        for number, rows in enumerate(sheets):
            sheet = workbook.create_sheet(f"Ark{number + 1}")
            for row in rows:
                sheet.append(row)
        file = tmp_path / "people.xlsx"
        workbook.save(file)
        return file

    return make


@pytest.fixture
def read(register: Register) -> Read:
    return lambda file: list(read_rows(file, register, defaults=BASIS))


HEADER = ["E-post", "Navn", "Liste", "Organisasjon"]


def test_a_workbook_is_read_with_its_row_numbers(book: Callable[..., Path], read: Read) -> None:
    file = book([HEADER, ["åse@x.example", "Áilu Åsnes", "Oslo", 42.0], [], ["no", None, "oslo"], [None, None, "oslo"]])
    row, wrong, empty = read(file)
    assert isinstance(row, SubscriberRow)
    assert (row.line, row.address.as_given, row.name, row.slug) == (2, "åse@x.example", "Áilu Åsnes", "oslo")
    assert row.organisation == "42"
    assert isinstance(wrong, RefusedRow)
    assert isinstance(empty, RefusedRow)
    assert (wrong.line, empty.line) == (4, 5)


def test_dates_and_truths_are_text(book: Callable[..., Path], read: Read) -> None:
    values = [date(2023, 12, 1), datetime(2023, 12, 1, 8, 0), True, 1.5]
    rows = read(book([HEADER, *(["a@x.example", each, "oslo"] for each in values)]))
    names = [each.name for each in rows if isinstance(each, SubscriberRow)]
    assert names == ["2023-12-01T00:00:00", "2023-12-01T08:00:00", "True", "1.5"]


@pytest.mark.parametrize("number", [1010100131, "01010100131", 1010100131.0])
def test_a_national_identity_number_is_seen_also_without_its_leading_zero(
    book: Callable[..., Path], read: Read, number: object
) -> None:
    with pytest.raises(SpreadsheetError, match="fødselsnummer"):
        read(book([HEADER, ["a@x.example", number, "oslo"]]))


def test_people_on_another_sheet_are_not_left_out_in_silence(book: Callable[..., Path], read: Read) -> None:
    rows = [HEADER, ["a@x.example", "A", "oslo"]]
    with pytest.raises(SpreadsheetError, match="2 sheets of the workbook hold rows: Ark1, Ark3"):
        read(book(rows, [], rows))
    with pytest.raises(SpreadsheetError, match=r"the workbook is empty\nFill in a sheet, or name another file\.$"):
        read(book([], []))
    assert len(read(book([], rows))) == 1


def _package(file: Path, **parts: bytes) -> Path:
    with ZipFile(file, "w", ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/"), content)
    return file


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, read: Read) -> None:
    for parts in (
        {"xl__sharedStrings.xml": b"<t>" + b"a" * 5_000_000},
        {f"xl__part{number}.xml": b"<a/>" for number in range(1_001)},
    ):
        with pytest.raises(SpreadsheetError, match="unpack into far too much"):
            read(_package(tmp_path / "bomb.xlsx", **parts))


def _edit(file: Path, part: str, edit: Callable[[bytes], bytes], *, name: str = "") -> Path:
    """Change one part of a workbook, or put it under another name as well."""
    with ZipFile(file) as package:
        parts = {each: package.read(each) for each in package.namelist()}
    parts[name or part] = edit(parts[part])
    return _package(file, **parts)


def _replace(new: bytes, _old: bytes) -> bytes:
    return new


def _number_anew(old: int, new: int) -> Callable[[bytes], bytes]:
    """A row of a sheet gets another number, and stands where it stood."""

    def edit(sheet: bytes) -> bytes:
        for column in b"A", b"B", b"C":
            sheet = sheet.replace(b'r="%b%d"' % (column, old), b'r="%b%d"' % (column, new))
        return sheet.replace(b'<row r="%d"' % old, b'<row r="%d"' % new)

    return edit


TWO = [HEADER[:3], ["a@x.example", "A", "oslo"], ["b@x.example", "B", "oslo"]]
SHEET = "xl/worksheets/sheet1.xml"


def _never(_sheet: Any, *_rest: Any, **_options: Any) -> None:
    raise AssertionError("rows that are not there are made")


def test_a_sheet_that_holds_a_chart_is_passed_over(tmp_path: Path, read: Read) -> None:
    workbook = Workbook()
    for row in TWO:
        workbook.worksheets[0].append(row)
    workbook.create_chartsheet("Diagram", 0).add_chart(BarChart())
    workbook.save(tmp_path / "people.xlsx")
    assert len(read(tmp_path / "people.xlsx")) == 2


@pytest.mark.timeout(20)
def test_rows_far_apart_are_read_without_making_those_between(
    book: Callable[..., Path], read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _edit(book(TWO), SHEET, _number_anew(3, 1_048_576))
    with closing(load_workbook(file, read_only=True)) as workbook:
        monkeypatch.setattr(type(workbook.worksheets[0]), "iter_rows", _never)
    rows = read(file)
    assert [each.line for each in rows] == [2, 1_048_576]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("number", [1_048_577, 2_000_000_000])
def test_a_row_where_no_sheet_of_excel_has_any_is_refused(book: Callable[..., Path], read: Read, number: int) -> None:
    file = _edit(book(TWO), SHEET, _number_anew(3, number))
    with pytest.raises(SpreadsheetError, match="more rows than Excel") as refused:
        read(file)
    assert refused.value.where == f"{file}:{number}"


def test_formatted_rows_and_cells_without_anything_in_them_are_no_lines(book: Callable[..., Path], read: Read) -> None:
    blank = b"".join(b'<row r="%d" ht="20"><c r="A%d"/><c r="XFD%d"/></row>' % (row, row, row) for row in range(5, 500))
    file = _edit(book(TWO), SHEET, lambda sheet: sheet.replace(b"</sheetData>", blank + b"</sheetData>"))
    assert [each.line for each in read(file)] == [2, 3]


@pytest.mark.parametrize("column", ["CW", "XFD", "ZZZ"])
def test_something_far_to_the_right_is_not_left_out_in_silence(
    book: Callable[..., Path], read: Read, column: str
) -> None:
    file = _edit(book(TWO), SHEET, lambda sheet: sheet.replace(b'r="C3"', f'r="{column}3"'.encode()))
    with pytest.raises(SpreadsheetError, match="the line has more than 100 columns") as refused:
        read(file)
    assert refused.value.where == f"{file}:3"


def test_rows_and_cells_in_the_wrong_order_are_not_left_out_in_silence(book: Callable[..., Path], read: Read) -> None:
    with pytest.raises(SpreadsheetError, match="it is damaged"):
        read(_edit(book(TWO), SHEET, _number_anew(3, 1)))
    with pytest.raises(SpreadsheetError, match="it is damaged"):
        read(_edit(book(TWO), SHEET, lambda sheet: sheet.replace(b'r="C3"', b'r="A3"')))


def test_people_far_down_on_another_sheet_are_not_left_out_in_silence(book: Callable[..., Path], read: Read) -> None:
    with pytest.raises(SpreadsheetError, match="2 sheets of the workbook hold rows: Ark1, Ark2"):
        read(book(TWO, [*[[]] * 30, ["c@x.example"]]))


ENTITIES = b'<!DOCTYPE worksheet [<!ENTITY a "A"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    "before",
    [b"", b"<?pad " + b"x" * 1_100 + b"?>", b"<!-- " + b"x" * 20_000 + b" -->", b" " * 20_000],
    ids=["at once", "after an instruction", "after a comment", "after spaces"],
)
def test_xml_that_defines_things_is_refused_wherever_it_does(
    book: Callable[..., Path], read: Read, before: bytes
) -> None:
    file = _edit(book(TWO), SHEET, lambda sheet: before + ENTITIES + sheet.replace(b"<t>A</t>", b"<t>&b;</t>"))
    with pytest.raises(SpreadsheetError, match="XML that Excel never writes"):
        read(file)


def test_xml_that_defines_things_is_refused_in_any_encoding_and_part(book: Callable[..., Path], read: Read) -> None:
    def define(sheet: bytes) -> bytes:
        return (ENTITIES + sheet).decode("utf-8").encode("utf-16")

    with pytest.raises(SpreadsheetError, match="XML that Excel never writes"):
        read(_edit(book(TWO), SHEET, define))
    with pytest.raises(SpreadsheetError, match="XML that Excel never writes"):
        read(_edit(book(TWO), SHEET, define, name="xl/worksheets/other.bin"))


def test_a_remark_before_the_xml_and_parts_that_are_none_do_no_harm(book: Callable[..., Path], read: Read) -> None:
    file = _edit(book(TWO), SHEET, lambda sheet: b'<?xml version="1.0"?><!-- made by x -->\n' + sheet)
    for number, part in enumerate([b"", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100, b"plain text", b"<!DOCTYP"]):
        _edit(file, SHEET, partial(_replace, part), name=f"xl/media/{number}.bin")
    assert [each.line for each in read(file)] == [2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and then nothing", "cannot be read"),
        (b"\xd0\xcf\x11\xe0old", r"old Excel workbook \(\.xls\), or one with a password"),
        (b"%PDF-1.7", "this is a PDF"),
    ],
)
def test_what_is_no_workbook_is_said_to_be_none(tmp_path: Path, read: Read, content: bytes, message: str) -> None:
    (tmp_path / "people.xlsx").write_bytes(content)
    with pytest.raises(SpreadsheetError, match=message):
        read(tmp_path / "people.xlsx")


@pytest.mark.parametrize("parts", [{"word__document.xml": b"<a/>"}, {"[Content_Types].xml": b"<a"}])
def test_a_zip_that_is_no_workbook_is_refused_in_words(tmp_path: Path, read: Read, parts: dict[str, bytes]) -> None:
    with pytest.raises(SpreadsheetError) as refused:
        read(_package(tmp_path / "people.xlsx", **parts))
    assert refused.value.what == "the workbook cannot be read: it is damaged, or is no Excel workbook"
    assert "save it again as an Excel workbook (.xlsx) or as CSV UTF-8" in refused.value.hint


def test_a_workbook_cut_short_is_refused(book: Callable[..., Path], read: Read) -> None:
    file = book([HEADER, *([f"a{number}@x.example", "A", "oslo"] for number in range(200))])
    content = file.read_bytes()
    for keep in (len(content) // 2, len(content) - 30, 100):
        file.write_bytes(content[:keep])
        with pytest.raises(SpreadsheetError, match="it is damaged"):
            read(file)
