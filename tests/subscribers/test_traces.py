"""Looking for words in files: in any letters, encoding and workbook, and never past what cannot be opened."""

from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest

from mailer.subscribers.traces import files_that_hold

OLE = "ole.ødegård@kommune.example"


def _named(folder: Path, *words: str) -> list[str]:
    return [each.relative_to(folder).as_posix() for each in files_that_hold(folder, words)]


def test_files_that_hold_the_address_are_named_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("epost\nOLE.Ødegård@kommune.example\n", encoding="cp1252")
    (tmp_path / "b.csv").write_text("epost\nole.ØDEGÅRD@Kommune.example\n", encoding="utf-16")
    (tmp_path / "c.csv").write_text("epost\nkari@kommune.example\n", encoding="utf-8")
    (tmp_path / "empty").touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "d.TXT").write_text("Ole.ødegård@kommune.example", encoding="utf-8")
    with ZipFile(tmp_path / "e.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<t>{OLE}</t>" + " " * 5_000)
    assert _named(tmp_path, OLE) == ["a.csv", "b.csv", "below/d.TXT", "e.xlsx"]


@pytest.mark.parametrize("word", ["Åse Ødegård", "Áilu Čáhppes", "Ola (Ås) [x].*"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_name_is_found_however_it_is_written(tmp_path: Path, word: str, encoding: str) -> None:
    for number, written in enumerate((word, word.upper(), word.lower())):
        (tmp_path / f"{number}.txt").write_text(f"til {written}.", encoding=encoding)
    assert _named(tmp_path, word) == ["0.txt", "1.txt", "2.txt"]


def test_what_cannot_be_looked_into_is_named_for_a_person_to_look(tmp_path: Path) -> None:
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    assert _named(tmp_path, OLE) == ["broken.xlsx"]


@pytest.mark.parametrize("packing", [ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA])
def test_a_package_that_is_damaged_anywhere_is_named_and_never_raises(tmp_path: Path, packing: int) -> None:
    file = tmp_path / "a.zip"
    with ZipFile(file, "w", packing) as package:
        package.writestr("a.txt", "hello " * 100)
    whole = file.read_bytes()
    assert _named(tmp_path, OLE) == []
    for at in range(0, len(whole) - 8, 7):
        file.write_bytes(whole[:at] + bytes(each ^ 0xFF for each in whole[at : at + 8]) + whole[at + 8 :])
        assert _named(tmp_path, OLE) in (["a.zip"], [])
    file.write_bytes(whole[:45] + bytes(each ^ 0xFF for each in whole[45:70]) + whole[70:])
    assert _named(tmp_path, OLE) == ["a.zip"]


def test_workbooks_within_packages_are_looked_into_too(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "book.xlsx", "w", ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", f"<t>{OLE}</t>")
    with ZipFile(tmp_path / "sent.zip", "w") as package:
        package.write(tmp_path / "book.xlsx", "book.xlsx")
    (tmp_path / "book.xlsx").unlink()
    assert _named(tmp_path, OLE) == ["sent.zip"]
