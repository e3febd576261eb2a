"""Looking for words in files: in any letters, encoding and workbook, and never past what cannot be opened."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from unicodedata import normalize
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest

from mailer.subscribers.rights.leftovers import files_that_hold

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


def test_hidden_files_and_those_of_programs_are_passed_over_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "a.txt").write_text(OLE, "utf-8")
    for number in range(10):
        (tmp_path / f".{number}").write_text(OLE, "utf-8")
        (tmp_path / str(number)).write_text(OLE, "utf-8")
    assert _named(tmp_path, OLE) == [str(number) for number in range(10)]


def test_what_cannot_be_looked_into_is_named_for_a_person_to_look(tmp_path: Path) -> None:
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    assert _named(tmp_path, OLE) == ["broken.xlsx"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("per@x.example", "jesper@x.example, jes.per@x.example, jes-per@x.example, øper@x.example, per@x.example.org"),
        ("per@x.example", "per@x.example-2.org, 2per@x.example, per@x.exampleø"),
        ("Kari Nordmann", "Kari Nordmann-Hansen, Anne-Kari Nordmann, ØKari Nordmann, Kari Nordmannsen"),
    ],
)
def test_who_is_part_of_anothers_address_or_name_is_not_found_there(
    tmp_path: Path, word: str, others: str, encoding: str
) -> None:
    (tmp_path / "others.txt").write_text(f"«{others}»\n", encoding=encoding)
    (tmp_path / "own.txt").write_text(f"{others}, {word}", encoding=encoding)
    assert _named(tmp_path, word) == ["own.txt"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    "text",
    [
        "skriv til {}.",
        "«{}»",
        "'{}'",
        "*{}*",
        "_{}_",
        "–{}–",
        "a|{}|b",
        "mailto:{}?subject=x",
        "to={}&cc=",
        r"epost\n{}\n",
        r"\u003c{}\u003e",
        r"\u003c.{}\u003e",
        "to=%20{}%20",
        "=3C{}=3E",
        "{};Per",
    ],
)
def test_an_address_is_found_among_any_signs_that_are_not_its_own(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "a.txt").write_text(text.format("per@x.example"), encoding=encoding)
    assert _named(tmp_path, "per@x.example") == ["a.txt"]


def test_in_a_database_values_stand_directly_behind_each_other_and_are_found(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy, copy:
        copy.execute("CREATE TABLE person (address TEXT, address_as_given TEXT, name TEXT)")
        copy.execute("INSERT INTO person VALUES ('per@x.example', 'per@x.example', 'Per Ås')")
    assert _named(tmp_path, "per@x.example") == _named(tmp_path, "Per Ås") == ["copy.sqlite3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("r&d@x.example", "r&amp;d@x.example"),
        ("Rut & Dag Lie", "Rut &amp; Dag Lie"),
        ("Rut & Dag Lie", "Rut &#38; Dag Lie"),
        ("o'brien@x.example", "O&apos;Brien@x.example"),
        ("o'brien@x.example", "o&#039;brien@x.example"),
        ("Åse Ødegård", "&#197;se &#xd8;deg&aring;rd"),
        ("Åse Ødegård", "&Aring;se &#xF8;deg&#xE5;rd"),
        ("Åse Ødegård", normalize("NFD", "åse ødegård")),
        ("Áilu Čáhppes", normalize("NFD", "ÁILU ČÁHPPES")),
        (normalize("NFD", "Åse Ødegård"), "Åse Ødegård"),
        ("kari@xn--blbr-roah.example", "Kari@Blåbær.example"),
        ("kari@xn--blbr-roah.example", normalize("NFD", "kari@blåbær.example")),
    ],
)
def test_a_word_is_found_however_it_is_spelt(tmp_path: Path, word: str, written: str, encoding: str) -> None:
    (tmp_path / "a.xml").write_text(f"<t>{written}</t>", encoding=encoding)
    with ZipFile(tmp_path / "b.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<t>{written}</t>")
    assert _named(tmp_path, word) == ["a.xml", "b.xlsx"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-be"])
def test_what_begins_a_file_may_be_part_of_a_longer_word_too(tmp_path: Path, encoding: str) -> None:
    for number, text in enumerate(("jesper@x.example", "øper@x.example", "per@x.example.org", "per@x.example")):
        (tmp_path / str(number)).write_text(text, encoding=encoding)
    assert _named(tmp_path, "per@x.example") == ["3"]


@pytest.mark.skipif(os.name == "nt", reason="Windows lets not everybody make links")
def test_links_are_not_followed_and_a_folder_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text(OLE, "utf-8")
    (tmp_path / "own" / "folder").symlink_to(tmp_path / "other")
    (tmp_path / "own" / "file").symlink_to(tmp_path / "other" / "a.txt")
    assert _named(tmp_path / "own", OLE) == []
    assert list(files_that_hold(tmp_path / "none", [OLE])) == [tmp_path / "none"]


def test_another_letter_in_the_place_of_one_is_another_word(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("&Oslash;se &Oslash;deg&aring;rd, Åse &Aring;deg&aring;rd", "utf-8")
    assert _named(tmp_path, "Åse Ødegård") == []


def test_a_letter_with_its_mark_behind_it_is_not_the_letter_without(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(normalize("NFD", "Åse Blå"), "utf-8")
    assert _named(tmp_path, "Ase Bla") == _named(tmp_path, "Åse Bla") == []


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


@pytest.mark.parametrize("name", ["book.xlsx", "book.xlsm", "book.xltx", "book.xlsx.bak", "book"])
def test_workbooks_are_looked_into_whatever_they_are_called_also_within_packages(tmp_path: Path, name: str) -> None:
    with ZipFile(tmp_path / name, "w", ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", f"<t>{OLE}</t>")
    with ZipFile(tmp_path / "sent.zip", "w") as package:
        package.write(tmp_path / name, name)
    assert _named(tmp_path, OLE) == sorted([name, "sent.zip"])


def test_files_to_leave_out_are_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(OLE, "utf-8")
    (tmp_path / "b.txt").write_text(OLE, "utf-8")
    assert list(files_that_hold(tmp_path, [OLE], leave_out=[(tmp_path / "a.txt").resolve()])) == [tmp_path / "b.txt"]
