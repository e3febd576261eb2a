"""The cells of a CSV file as spreadsheets save it: which encoding and delimiter, and on which line each row begins."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailer.catalogue import msg
from mailer.catalogue.recognising import recognise
from mailer.spreadsheets.limits import MAXIMUM_COLUMNS, SAVE_AGAIN, KnownCells, Rows, SpreadsheetError, too_wide

MAXIMUM_BYTES = 500_000_000
MAXIMUM_LINE = 1_000_000
MAXIMUM_HEADER = 10_000
DELIMITERS = ";,\t"

# What `csv` says of a broken quotation, and of a cell that never ends.
SENTENCES = ("people.csv-ends-in-cell", "people.csv-after-quote", "people.csv-too-long")

_BLOCK = 200_000
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UNMARKED_UTF16 = ("utf-16-le", "utf-16-be")
_UTF8_LETTERS_IN_CP1252 = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
# å ø of Excel's "CSV (MS-DOS)", å æ ø of its "CSV (Macintosh)": † › Œ ¾ ¿, which stand within no word of cp1252.
_OLDER_LETTERS_IN_CP1252 = re.compile(rb"[\x86\x8c\x9b\xbe\xbf](?<=[A-Za-z].)(?=[a-z])", re.DOTALL)


@contextmanager
def open_csv(file: Path, *, known: KnownCells) -> Iterator[Rows]:
    """Give each row that is not blank, the header first, with the line it begins on. Raises `SpreadsheetError`."""
    encoding = _encoding(file, known)
    with file.open(encoding=encoding, newline="") as lines:
        header, start = lines.readline(MAXIMUM_HEADER), 1
        if header.startswith("sep="):  # Excel's own first line
            header, start = lines.readline(MAXIMUM_HEADER), 2
        delimiter = max(DELIMITERS, key=lambda each: known(_split(header, each)))
        yield _cells(header, lines, delimiter, file, start=start)


def _encoding(file: Path, known: KnownCells) -> str:
    """Return the encoding: UTF-16 by its mark or first line, UTF-8, or cp1252 without any letter in UTF-8.

    Every line is looked at before the first is used: they would come out garbled further down.
    """
    size = file.stat().st_size
    if size > MAXIMUM_BYTES:
        what = msg("people.file-too-large", size=MAXIMUM_BYTES // 1_000_000)
        raise SpreadsheetError(what, where=str(file), hint=msg("people.split-it"))
    with file.open("rb") as opened:
        beginning = opened.read(2 * MAXIMUM_HEADER)
    encoding = "utf-16" if beginning.startswith(_UTF16_MARKS) else _unmarked_utf16(beginning, known)
    if encoding:
        _check_utf16(file, encoding)
    # Nearly every file is plainly UTF-8 or cp1252; where it is not, line after line decides.
    return encoding or _plain_encoding(file) or _encoding_by_line(file)


def _unmarked_utf16(beginning: bytes, known: KnownCells) -> str:
    """Return UTF-16 without its mark, where that is certain: the columns have names that we know."""
    for encoding in _UNMARKED_UTF16 if b"\0" in beginning[:2] else ():
        header = beginning.decode(encoding, errors="replace").splitlines()[:2]
        if any(known(_split(line, each)) for line in header for each in DELIMITERS):
            return encoding
    return ""


def _check_utf16(file: Path, encoding: str) -> None:
    number = 0
    try:
        with file.open(encoding=encoding, newline="") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(MAXIMUM_LINE), ""), 1):
                _check_line(length=len(line), has_nul="\0" in line, where=f"{file}:{number}")
    except UnicodeError as error:
        raise SpreadsheetError(msg("people.not-utf16"), where=f"{file}:{number + 1}", hint=SAVE_AGAIN()) from error


def _plain_encoding(file: Path) -> str:
    possible = {"utf-8": "utf-8-sig", "cp1252": "cp1252"}
    for block in _blocks(file):
        if b"\0" in block or len(block) >= MAXIMUM_LINE:
            return ""
        if not block.isascii():
            possible = {each: name for each, name in possible.items() if _may_be(block, each)}
    return next(iter(possible.values()), "")


def _blocks(file: Path) -> Iterator[bytes]:
    """Yield many whole lines at a time, or the beginning of an endless one."""
    with file.open("rb") as lines:
        while block := lines.read(_BLOCK) + lines.readline(MAXIMUM_LINE):
            yield block


def _may_be(block: bytes, encoding: str) -> bool:
    return not (encoding == "cp1252" and _holds_other_letters(block)) and _decodes(block, encoding)


def _holds_other_letters(text: bytes) -> bool:
    """Return whether text that might be cp1252 has words with letters of another encoding in them."""
    found = _UTF8_LETTERS_IN_CP1252.search(text) or _OLDER_LETTERS_IN_CP1252.search(text)
    return found is not None or _UTF8_MARK in text


def _encoding_by_line(file: Path) -> str:
    not_utf8 = mixed = 0
    with file.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MAXIMUM_LINE), b""), 1):
            if b"\0" in line or len(line) == MAXIMUM_LINE:
                _check_line(length=len(line), has_nul=b"\0" in line, where=f"{file}:{number}")
            if line.isascii():
                continue
            if not not_utf8 and not _decodes(line, "utf-8"):
                not_utf8 = number
            if not mixed and _holds_other_letters(line):
                mixed = number
            if not_utf8 and (mixed or not _decodes(line, "cp1252")):
                raise SpreadsheetError(msg("people.mixed-letters"), where=f"{file}:{not_utf8}", hint=SAVE_AGAIN())
    return "cp1252" if not_utf8 else "utf-8-sig"


def _check_line(*, length: int, has_nul: bool, where: str) -> None:
    if has_nul:
        raise SpreadsheetError(msg("people.no-text"), where=where, hint=SAVE_AGAIN())
    if length == MAXIMUM_LINE:
        raise SpreadsheetError(msg("people.endless-line"), where=where, hint=SAVE_AGAIN())


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _split(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter), [])


def _cells(header: str, lines: Iterator[str], delimiter: str, file: Path, *, start: int) -> Rows:
    """Yield the rows until a broken quote, which may have swallowed any number of lines."""
    yield start, _split(header, delimiter)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = start + 1
    try:
        for cells in reader:
            if len(cells) > MAXIMUM_COLUMNS and any(cells[MAXIMUM_COLUMNS:]):
                raise too_wide(f"{file}:{begins}")
            if "".join(cells).strip():
                yield begins, cells
            begins = start + reader.line_num + 1
    except csv.Error as error:
        raise SpreadsheetError(
            msg("people.columns-unclear", reason=recognise(str(error), SENTENCES)),
            where=f"{file}:{begins}",
            hint=msg("people.unclosed-quote"),
        ) from error
