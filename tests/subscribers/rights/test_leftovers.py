"""Looking for words in files: in any letters, encoding and workbook, and never past what cannot be opened.

The module `unpacking` opens what is packed.
"""

import bz2
import errno
import gzip
import lzma
import os
import random
import sqlite3
import subprocess
import sys
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import reduce
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from unicodedata import normalize
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile

import pytest

from mailer.subscribers.rights import unpacking
from mailer.subscribers.rights.leftovers import NotSearched, search_files
from mailer.subscribers.rights.searching import Search
from mailer.subscribers.rights.unpacking import Unread, look_into

NOBODY = 65534
OLE = "ole.ødegård@kommune.example"


def _named(folder: Path, *words: str) -> list[str]:
    """The files that hold one of the words, and those that cannot be looked into."""
    found = search_files(folder, words)
    named = [*found.holding, *(each.path for each in found.unread)]
    return sorted(each.relative_to(folder).as_posix() for each in named)


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
    found = search_files(tmp_path, [OLE], leave_out=[(tmp_path / "a.txt").resolve()])
    assert (found.holding, found.unread) == ((tmp_path / "b.txt",), ())


def _tar(content: bytes, mode: Literal["w", "w:gz", "w:bz2", "w:xz"]) -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, some in (("first", b"nothing" * 1000), ("a.csv", content)):
            member = tarfile.TarInfo(name)
            member.size = len(some)
            archive.addfile(member, BytesIO(some))
    return packed.getvalue()


def _zip(content: bytes) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as package:
        package.writestr("xl/sharedStrings.xml", content)
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "a.gz": gzip.compress,
    "a.bz2": bz2.compress,
    "a.xz": lzma.compress,
    "a.lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "a.tar": lambda content: _tar(content, "w"),
    "a.tar.gz": lambda content: _tar(content, "w:gz"),
    "a.tar.bz2": lambda content: _tar(content, "w:bz2"),
    "a.tar.xz": lambda content: _tar(content, "w:xz"),
    "a.zip": _zip,
    ".git/objects/3a/bc": lambda content: zlib.compress(b"blob 7\0" + content),
    ".a.csv.swp": lambda content: b"b0VIM 9.0\0" + bytes(4096) + content + b"\0",
    ".~lock.a.ods#": lambda content: b"," + content + b",pc,01.12.2023 09:00,file:///home/x;",
}


def test_a_file_that_only_begins_like_what_git_keeps_is_no_package() -> None:
    assert look_into(BytesIO(b"x\x9c no more than text"), "a.txt", Search([OLE])) is False


@pytest.mark.parametrize("outer", [None, "a.gz", "a.tar.xz", "a.zip"])
@pytest.mark.parametrize("name", PACKERS)
def test_what_is_packed_is_looked_into_also_twice_and_in_hidden_folders(
    tmp_path: Path, name: str, outer: str | None
) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    pack_again = PACKERS[outer] if outer else bytes
    for content, holding in ((OLE.encode(), (file,)), (b"kari@x.example", ())):
        file.write_bytes(pack_again(PACKERS[name](content)))
        found = search_files(tmp_path, [OLE])
        is_git_in_another = name.startswith(".git") and outer
        assert (found.holding, found.unread) == (() if is_git_in_another else holding, ())


def test_a_file_with_the_address_in_its_name_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{OLE}.csv").touch()
    (tmp_path / "exports").mkdir()
    with tarfile.open(tmp_path / "exports" / "a.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(f"export/{OLE}.txt"))
    assert search_files(tmp_path, [OLE]).holding == (tmp_path / "exports" / "a.tar", tmp_path / f"{OLE}.csv")


UNREAD = {
    "a.pdf": (b"%PDF-1.7 ...", Unread.PACKED),
    "a.7z": (b"7z\xbc\xaf\x27\x1c...", Unread.PACKED),
    "a.zst": (b"\x28\xb5\x2f\xfd...", Unread.PACKED),
    ".git/objects/pack/a.pack": (b"PACK\0\0\0\2", Unread.PACKED),
    "a.asc": (b"-----BEGIN PGP MESSAGE-----", Unread.ENCRYPTED),
    "a.age": (b"age-encryption.org/v1", Unread.ENCRYPTED),
    "a.docx": (b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), Unread.ENCRYPTED),
    "a.gz": (gzip.compress(b"a" * 1000)[:-12], Unread.DAMAGED),
    "late.docx": (
        b"\xd0\xcf\x11\xe0" + bytes((6 << 20) - 9) + "EncryptedPackage".encode("utf-16-le"),
        Unread.ENCRYPTED,
    ),
    "a.xlsx": (b"no workbook", Unread.DAMAGED),
    "bomb.gz": (gzip.compress(bytes(2_000_000)), Unread.TOO_BIG),
    "deep.gz": (reduce(lambda some, _: gzip.compress(some), range(9), b"a"), Unread.TOO_BIG),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_looked_into_is_named_with_the_reason(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "LARGEST", 1_000_000)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    content, why = UNREAD[name]
    file.write_bytes(content)
    (tmp_path / "other.txt").write_text("kari@x.example", "utf-8")
    found = search_files(tmp_path, [OLE])
    assert (found.holding, found.unread, found.others) == ((), (NotSearched(path=file, why=why),), 1)


@pytest.mark.parametrize(("packages", "is_read"), [(6, True), (7, False)])
def test_six_packages_within_each_other_are_opened_and_no_more(tmp_path: Path, packages: int, *, is_read: bool) -> None:
    (tmp_path / "a.gz").write_bytes(reduce(lambda some, _: gzip.compress(some), range(packages), OLE.encode()))
    found = search_files(tmp_path, [OLE])
    assert (bool(found.holding), [each.why for each in found.unread]) == (is_read, [] if is_read else [Unread.TOO_BIG])


def test_an_encrypted_package_is_named(tmp_path: Path) -> None:
    packed = bytearray(_zip(b"secret"))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(magic) + place] |= 1
    (tmp_path / "a.zip").write_bytes(packed)
    assert [each.why for each in search_files(tmp_path, [OLE]).unread] == [Unread.ENCRYPTED]


def test_links_that_lead_out_and_folders_of_programs_are_named_and_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for each in (inside, outside, inside / "node_modules"):
        each.mkdir()
        (each / "a.csv").write_text(OLE, "utf-8")
    (inside / "b.csv").symlink_to(inside / "a.csv")
    (inside / "c.csv").symlink_to(outside / "a.csv")
    (inside / "d").symlink_to(outside)
    (inside / "e").symlink_to(outside / "nothing")
    os.mkfifo(inside / "fifo")
    found = search_files(inside, [OLE])
    assert found.holding == (inside / "a.csv",)
    assert [(each.path.name, each.why) for each in found.unread] == [
        ("c.csv", Unread.LINK),
        ("d", Unread.LINK),
        ("node_modules", Unread.PROGRAMS),
    ]
    assert found.others == 0
    (inside / "f.csv").touch()
    assert search_files(inside, [OLE]).others == 1, "and a link is none of those that were searched"


def test_links_that_lead_to_themselves_or_to_what_is_no_folder_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("a")
    (tmp_path / "b").symlink_to("c")
    (tmp_path / "c").symlink_to("b")
    (tmp_path / "file").touch()
    (tmp_path / "d").symlink_to("file/below")
    found = search_files(tmp_path, [OLE])
    assert (found.holding, found.unread, found.others) == ((), (), 1)


@contextmanager
def without_rights_of_root(folder: Path) -> Iterator[None]:
    """Root may look into any folder: as root this is somebody without rights, who has the folder."""
    if os.geteuid() != 0:
        yield
        return
    for each in (folder, *folder.rglob("*")):
        os.chown(each, NOBODY, NOBODY, follow_symlinks=False)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes of folders")
def test_a_folder_or_file_that_may_not_be_looked_into_is_named_as_is_a_link_into_it() -> None:
    search_files(Path(__file__).parent, [OLE])  # what is imported late is so now, with all rights
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "closed" / "inner").mkdir(parents=True)
        (folder / "link").symlink_to("closed/inner")
        (folder / "shut").touch(0)
        with without_rights_of_root(folder):
            (folder / "closed").chmod(0)
            found = search_files(folder, [OLE])
            (folder / "closed").chmod(0o700)
    assert [(each.path.name, each.why) for each in found.unread] == [
        ("closed", Unread.UNREADABLE),
        ("link", Unread.LINK),
        ("shut", Unread.UNREADABLE),
    ]
    assert found.holding == ()


def test_a_link_that_cannot_be_followed_for_another_reason_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("closed")

    real = os.path.realpath

    def refuse(path: str, *, strict: bool = False) -> str:
        if strict:
            raise PermissionError(errno.EACCES, path)
        return real(path)

    monkeypatch.setattr(os.path, "realpath", refuse)
    assert [each.why for each in search_files(tmp_path, [OLE]).unread] == [Unread.LINK]


def test_files_are_named_in_the_order_of_their_names(tmp_path: Path) -> None:
    for each in ("a/2.txt", "a/1/b.txt", "a.txt", "b/c.txt"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text(OLE, "utf-8")
    found = [each.relative_to(tmp_path).as_posix() for each in search_files(tmp_path, [OLE]).holding]
    assert found == ["a/1/b.txt", "a/2.txt", "a.txt", "b/c.txt"]


@pytest.mark.slow
def test_folders_are_looked_into_as_deep_as_the_name_of_a_file_may_be_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deepest = tmp_path / "z"
    deepest.mkdir()
    try:
        with monkeypatch.context() as moved:
            moved.chdir(deepest)
            for _ in range(2_100):
                Path("d").mkdir()
                os.chdir("d")
        found = search_files(tmp_path, [OLE])
    finally:  # pytest itself could not remove it
        subprocess.run(["rm", "-r", deepest], check=True)
    assert [each.why for each in found.unread] == [Unread.UNREADABLE]


def test_a_small_package_unpacks_to_so_much_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb costs time by its size, not by what it says it holds; others are looked into as a whole."""
    monkeypatch.setattr(unpacking, "_ALWAYS", 100_000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(600_000)))
    (tmp_path / "small.gz").write_bytes(gzip.compress(bytes(99_000)))
    content = random.Random(1).randbytes(20_000) * 10
    (tmp_path / "whole.gz").write_bytes(gzip.compress(content + OLE.encode()))
    found = search_files(tmp_path, [OLE])
    assert [(each.path.name, each.why) for each in found.unread] == [("bomb.gz", Unread.TOO_BIG)]
    assert [each.name for each in found.holding] == ["whole.gz"]


@pytest.mark.parametrize(("spare", "why"), [(0, []), (-1, [Unread.TOO_BIG])])
def test_a_package_within_another_may_take_so_much_memory_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare: int, why: list[Unread]
) -> None:
    inner = gzip.compress(random.Random(1).randbytes(5_000))
    monkeypatch.setattr(unpacking, "PIECE", 1_000)
    monkeypatch.setattr(unpacking, "_IN_MEMORY", len(inner) + spare)
    (tmp_path / "a.gz").write_bytes(gzip.compress(inner))
    assert [each.why for each in search_files(tmp_path, [OLE]).unread] == why


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
@pytest.mark.parametrize(("size", "why"), [(1 << 20, Unread.DAMAGED), ((1 << 20) + 1, Unread.TOO_BIG)])
def test_a_name_that_would_fill_the_memory_is_not_read(tmp_path: Path, kind: bytes, size: int, why: Unread) -> None:
    head = tarfile.TarInfo("x")
    head.type, head.size = kind, size
    (tmp_path / "a.tar").write_bytes(head.tobuf() + bytes(1_024))
    assert [each.why for each in search_files(tmp_path, [OLE]).unread] == [why]


def test_how_many_files_were_searched_is_told(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").touch()
    told: list[int] = []
    assert search_files(tmp_path, [OLE], on_file=told.append).others == 3
    assert told == [1, 2, 3]


@pytest.mark.slow
def test_the_memory_for_a_large_file_does_not_grow_with_it(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.gz", "wb", compresslevel=1) as packed:
        for _ in range(100):
            packed.write(b"kari@x.example;Kari\n" * 50_000)
        packed.write(OLE.encode())
    tracemalloc.start()
    assert search_files(tmp_path, [OLE]).holding == (tmp_path / "a.gz",)
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


def test_the_page_says_how_far_packages_are_unpacked(repository: Path) -> None:
    page = " ".join((repository / "docs" / "howto" / "subscribers.md").read_text("utf-8").split())
    gigabytes, megabytes = unpacking.LARGEST >> 30, unpacking._ALWAYS >> 20
    assert unpacking._TIMES == 100
    assert f"more than {gigabytes} GB or, beyond {megabytes} MB, to a hundred times its size" in page
