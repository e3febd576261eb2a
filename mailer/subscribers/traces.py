"""Where an address or a name still stands in files, in whatever letters and encoding, also inside workbooks."""

import mmap
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile

_ENCODINGS = ("utf-8", "cp1252", "utf-16-le")
_PACKED = {".xlsx", ".docx", ".ods", ".odt", ".zip"}


def files_that_hold(folder: Path, words: Collection[str]) -> Iterator[Path]:
    """The files below a folder in which one of the words stands, and those that cannot be looked into."""
    pattern = _pattern(words)
    for file in sorted(_files(folder)):
        try:
            is_held = any(pattern.search(content) for content in _contents(file))
        except (OSError, BadZipFile, RuntimeError, EOFError, zlib.error):  # zipfile's own words for a password
            is_held = True
        if is_held:
            yield file


def _files(folder: Path) -> Iterator[Path]:
    """Neither hidden folders nor programs' own: nobody keeps addresses there, and there are many files."""
    try:
        found = list(folder.iterdir())
    except OSError:
        yield folder  # which nobody can open says so
        return
    for each in found:
        if each.name.startswith(".") or each.name == "node_modules" or each.is_symlink():
            continue
        if each.is_dir():
            yield from _files(each)
        elif each.is_file():
            yield each


def _contents(file: Path) -> Iterator[bytes | mmap.mmap]:
    with file.open("rb") as opened:
        if not file.stat().st_size:  # which cannot be mapped
            return
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content
    if file.suffix.casefold() in _PACKED:
        with ZipFile(file) as package:
            yield from (package.read(name) for name in package.namelist())


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
