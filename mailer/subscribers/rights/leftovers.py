"""Find files that still contain a person's address or name, in any encoding, also inside workbooks."""

import mmap
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html.entities import html5
from io import BytesIO
from pathlib import Path, PurePath
from unicodedata import normalize
from zipfile import ZipFile, is_zipfile

import idna

_WIDE = ("utf-16-le", "utf-16-be")
_ESCAPED_IN_XML = "&<>\"'"
_PACKED = {".xlsx", ".docx", ".ods", ".odt", ".zip"}

Content = bytes | mmap.mmap


def files_that_hold(folder: Path, words: Collection[str], *, leave_out: Collection[Path] = ()) -> Iterator[Path]:
    """The files below a folder in which one of the words stands by itself, and those that cannot be looked into.

    The words are addresses and names. `leave_out` are files, resolved.
    """
    wanted = [_word(each) for each in _spellings(words)]
    for file in sorted(_files(folder)):
        if file.resolve() not in leave_out and _holds(file, wanted):
            yield file


def _holds(file: Path, wanted: "Collection[_Word]") -> bool:
    try:
        return any(_stands_in(content, each) for content in _contents(file) for each in wanted)
    except Exception:  # noqa: BLE001 a damaged package makes its readers raise nearly anything
        return True


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, without hidden folders and those of programs."""
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


def _contents(file: Path) -> Iterator[Content]:
    with file.open("rb") as opened:
        if not file.stat().st_size:  # which cannot be mapped
            return
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content
    if is_zipfile(file) or _should_be_packed(file):
        with ZipFile(file) as package:
            yield from _unpacked(package)


def _unpacked(package: ZipFile) -> Iterator[bytes]:
    for name in package.namelist():
        content = package.read(name)
        yield content
        if is_zipfile(BytesIO(content)) or _should_be_packed(PurePath(name)):
            with ZipFile(BytesIO(content)) as inner:
                yield from _unpacked(inner)


def _should_be_packed(file: PurePath) -> bool:
    """Return whether the file's kind is packed: one that is not is damaged, and cannot be looked into."""
    return file.suffix.casefold() in _PACKED


# --- How a word may be written ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A pattern that finds an address or a name for each kind of encoding, and what may not stand beside it."""

    patterns: dict[str, re.Pattern[bytes]]
    longer_before: re.Pattern[str]
    longer_after: re.Pattern[str]


def _spellings(words: Collection[str]) -> Collection[str]:
    """Yield each word once, and the addresses with their domain in the letters of its language (RFC 5890), too."""
    found = {normalize("NFC", each) for each in words if each}
    for local, at, domain in [each.rpartition("@") for each in found]:
        with suppress(idna.IDNAError):
            found |= {f"{local}@{idna.decode(domain)}"} if at else set()
    return {each.lower(): each for each in found}.values()


def _word(word: str) -> _Word:
    # There are files in which these two are mixed.
    patterns = {"utf-8": _pattern(word, ("utf-8", "cp1252"))} | {each: _pattern(word, (each,)) for each in _WIDE}
    before, after = (_BEFORE_ADDRESS, _AFTER_ADDRESS) if "@" in word else (_BEFORE_NAME, _AFTER_NAME)
    return _Word(patterns=patterns, longer_before=before, longer_after=after)


def _pattern(word: str, encodings: Sequence[str]) -> re.Pattern[bytes]:
    return re.compile(b"".join(_letter(each, encodings) for each in word), re.IGNORECASE)


def _letter(letter: str, encodings: Sequence[str]) -> bytes:
    """Return the pattern of a letter with its forms spelt out: bytes alone do not tell that Å is å."""
    if letter.isascii() and letter not in _ESCAPED_IN_XML:
        return re.escape(letter.encode(encodings[0]))
    ways = {re.escape(_encode(form, each)) for form in _forms(letter) for each in encodings}
    return b"(?-i:" + b"|".join(sorted(ways - {b""})) + b")"


def _forms(letter: str) -> set[str]:
    """A letter small and capital, in one piece and in two (NFD), and as XML and HTML escape it."""
    cases = {letter, letter.lower(), letter.upper()}
    codes = [ord(each) for each in cases if len(each) == 1]
    numbered = {f"&#{way};" for code in codes for way in (code, f"{code:03}", f"x{code:x}", f"x{code:X}")}
    named = {f"&{name}" for name, meant in html5.items() if meant in cases and name.endswith(";")}
    return cases | {normalize("NFD", each) for each in cases} | numbered | named


def _encode(text: str, encoding: str) -> bytes:
    """Return the text in the encoding, or nothing where that does not have the letters."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return b""


# --- Whether it stands by itself --------------------------------------------------------------------

_LETTER = r"(?:[^\W_]|[\u0300-\u036f])"
# Where a letter is the end of an escape (\n, \u003c, %20, =3D), the word begins after it.
_HEX = "[0-9A-Fa-f]"
_NO_ESCAPE = rf"(?<!\\[a-z])(?<!\\x{_HEX}{{2}})(?<!\\u{_HEX}{{4}})(?<![%=]{_HEX}{{2}})"
# Other signs that an address may have stand around addresses, too, and a file too many is better than one too few.
_BEFORE_ADDRESS = re.compile(rf"{_LETTER}{_NO_ESCAPE}[.+_-]?\Z")
_AFTER_ADDRESS = re.compile(rf"[.-]?{_LETTER}")
_BEFORE_NAME = re.compile(rf"{_LETTER}{_NO_ESCAPE}-?\Z")
_AFTER_NAME = re.compile(rf"-?{_LETTER}")
_AROUND = 16  # bytes, in which the longest escape and a sign have room in any encoding
_NO_UTF8 = re.compile("[\udc80-\udcff]")


def _stands_in(content: Content, word: _Word) -> bool:
    is_text = _is_text(content)
    for encoding in word.patterns if content.find(b"\0") >= 0 else ("utf-8",):
        found = word.patterns[encoding].search(content)
        while found:
            if not is_text or not _is_longer(content, found, word, encoding):
                return True
            found = word.patterns[encoding].search(content, found.start() + 1)
    return False


def _is_text(content: Content) -> bool:
    """Return whether the content is text: databases and old workbooks put one value directly behind the other."""
    beginning = content[:4096]
    return b"\0" not in beginning[::2] or b"\0" not in beginning[1::2]


def _is_longer(content: Content, found: re.Match[bytes], word: _Word, encoding: str) -> bool:
    before = content[max(0, found.start() - _AROUND) : found.start()]
    after = content[found.end() : found.end() + _AROUND]
    half = len(before) % 2 if encoding in _WIDE else 0  # a letter
    is_longer_before = word.longer_before.search(_decode(before[half:], encoding))
    return bool(is_longer_before or word.longer_after.match(_decode(after, encoding)))


def _decode(some: bytes, encoding: str) -> str:
    """Decode bytes; those that are no UTF-8 are taken for cp1252."""
    if encoding != "utf-8":
        return some.decode(encoding, "replace")
    return _NO_UTF8.sub(_from_cp1252, some.decode("utf-8", "surrogateescape"))


def _from_cp1252(byte: re.Match[str]) -> str:
    return byte[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
