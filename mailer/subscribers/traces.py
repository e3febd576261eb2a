"""Where an address or a name still stands in files, in whatever letters and encoding, also inside workbooks."""

import mmap
import os
import re
from collections.abc import Collection, Iterator
from io import BytesIO
from pathlib import Path, PurePath
from zipfile import ZipFile

_ENCODINGS = ("utf-8", "cp1252", "utf-16-le")
_PACKED = {".xlsx", ".docx", ".ods", ".odt", ".zip"}


def files_that_hold(folder: Path, words: Collection[str]) -> Iterator[Path]:
    """The files below a folder in which one of the words stands, and those that cannot be looked into."""
    pattern = _pattern(words)
    for file in sorted(_files(folder)):
        if _holds(file, pattern):
            yield file


def _holds(file: Path, pattern: re.Pattern[bytes]) -> bool:
    try:
        return any(pattern.search(content) for content in _contents(file))
    except Exception:  # noqa: BLE001 a damaged package makes its readers raise nearly anything
        return True


def _files(folder: Path) -> Iterator[Path]:
    """Neither hidden folders nor programs' own: nobody keeps addresses there, and there are many files."""
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError:
        yield folder  # which nobody can open says so
        return
    for each in found:
        if each.name.startswith(".") or each.name == "node_modules":
            continue
        if each.is_dir(follow_symlinks=False):
            yield from _files(Path(each.path))
        elif each.is_file(follow_symlinks=False):
            yield Path(each.path)


def _contents(file: Path) -> Iterator[bytes | mmap.mmap]:
    with file.open("rb") as opened:
        if not file.stat().st_size:  # which cannot be mapped
            return
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content
    if _is_packed(file):
        with ZipFile(file) as package:
            yield from _unpacked(package)


def _unpacked(package: ZipFile) -> Iterator[bytes]:
    for name in package.namelist():
        content = package.read(name)
        yield content
        if _is_packed(PurePath(name)):
            with ZipFile(BytesIO(content)) as inner:
                yield from _unpacked(inner)


def _is_packed(file: PurePath) -> bool:
    return file.suffix.casefold() in _PACKED


def _pattern(words: Collection[str]) -> re.Pattern[bytes]:
    """Any of the words in any encoding; of bytes alone nobody knows that Å is å."""
    ways = {_way(word, encoding) for word in words for encoding in _ENCODINGS}
    return re.compile(b"|".join(sorted(ways - {b""})), re.IGNORECASE)


def _way(word: str, encoding: str) -> bytes:
    """Nothing, where the encoding does not have the word's letters."""
    try:
        return b"".join(_letter(each, encoding) for each in word)
    except UnicodeEncodeError:
        return b""


def _letter(letter: str, encoding: str) -> bytes:
    if letter.isascii():
        return re.escape(letter.encode(encoding))
    forms = sorted({re.escape(each.encode(encoding)) for each in (letter.lower(), letter.upper())})
    return b"(?:" + b"|".join(forms) + b")"
