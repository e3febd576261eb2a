"""Workbooks: read like CSV; those that unpack into too much, or are none, are refused in words."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from mailer.subscribers.columns import CsvError
from mailer.subscribers.csv_io import CsvDefaults, CsvRow, RefusedRow, read_csv
from mailer.subscribers.model import Register

BASIS = CsvDefaults(basis="e: case 1")
Read = Callable[..., list[CsvRow | RefusedRow]]


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
    return lambda file: list(read_csv(file, register, defaults=BASIS))


HEADER = ["E-post", "Navn", "Liste", "Organisasjon"]


def test_a_workbook_is_read_with_its_row_numbers(book: Callable[..., Path], read: Read) -> None:
    file = book([HEADER, ["åse@x.example", "Áilu Åsnes", "Oslo", 42.0], [], ["no", None, "oslo"], [None, None, "oslo"]])
    row, wrong, empty = read(file)
    assert isinstance(row, CsvRow)
    assert (row.line, row.address.as_given, row.name, row.list.slug) == (2, "åse@x.example", "Áilu Åsnes", "oslo")
    assert row.organisation == "42"
    assert isinstance(wrong, RefusedRow)
    assert isinstance(empty, RefusedRow)
    assert (wrong.line, empty.line) == (4, 5)


def test_dates_and_truths_are_text(book: Callable[..., Path], read: Read) -> None:
    values = [date(2023, 12, 1), datetime(2023, 12, 1, 8, 0), True, 1.5]
    rows = read(book([HEADER, *(["a@x.example", each, "oslo"] for each in values)]))
    names = [each.name for each in rows if isinstance(each, CsvRow)]
    assert names == ["2023-12-01T00:00:00", "2023-12-01T08:00:00", "True", "1.5"]


@pytest.mark.parametrize("number", [1010100131, "01010100131", 1010100131.0])
def test_a_national_identity_number_is_seen_also_without_its_leading_zero(
    book: Callable[..., Path], read: Read, number: object
) -> None:
    with pytest.raises(CsvError, match="fødselsnummer"):
        read(book([HEADER, ["a@x.example", number, "oslo"]]))


def test_people_on_another_sheet_are_not_left_out_in_silence(book: Callable[..., Path], read: Read) -> None:
    rows = [HEADER, ["a@x.example", "A", "oslo"]]
    with pytest.raises(CsvError, match="2 sheets of the workbook hold rows: Ark1, Ark3"):
        read(book(rows, [], rows))
    with pytest.raises(CsvError, match="the workbook is empty"):
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
        with pytest.raises(CsvError, match="unpack into far too much"):
            read(_package(tmp_path / "bomb.xlsx", **parts))


def test_xml_that_defines_things_is_refused(tmp_path: Path, read: Read) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    with pytest.raises(CsvError, match="XML that Excel never writes"):
        read(_package(tmp_path / "entities.xlsx", **{"[Content_Types].xml": bomb}))


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
    with pytest.raises(CsvError, match=message):
        read(tmp_path / "people.xlsx")


@pytest.mark.parametrize("parts", [{"word__document.xml": b"<a/>"}, {"[Content_Types].xml": b"<a"}])
def test_a_zip_that_is_no_workbook_is_refused_in_words(tmp_path: Path, read: Read, parts: dict[str, bytes]) -> None:
    with pytest.raises(CsvError) as refused:
        read(_package(tmp_path / "people.xlsx", **parts))
    assert refused.value.what == "the workbook cannot be read: it is damaged, or is no Excel workbook"
    assert "save it again as an Excel workbook (.xlsx) or as CSV UTF-8" in refused.value.hint


def test_a_workbook_cut_short_is_refused(book: Callable[..., Path], read: Read) -> None:
    file = book([HEADER, *([f"a{number}@x.example", "A", "oslo"] for number in range(200))])
    content = file.read_bytes()
    for keep in (len(content) // 2, len(content) - 30, 100):
        file.write_bytes(content[:keep])
        with pytest.raises(CsvError, match="it is damaged"):
            read(file)
