"""Read logs, packed or not, in UTF-8 or UTF-16, line by line in bounded memory; several in the order of their times."""

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from mailer.catalogue import msg
from mailer.delivery.logs.lines import moment, parse_line
from mailer.delivery.logs.model import LogLine, LogProgress, LogSummary, News, Step, Trails
from mailer.delivery.logs.searching import LogSearch
from mailer.delivery.logs.tables import Header, is_comment, parse_header, parse_row, split_row
from mailer.errors import MailerError, explain_os_error

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT = "-"
LONGEST_LINE = 65_536
_MOST_LINES_OF_A_ROW = 20
_PEEKED = 200  # lines in which the first time, or the header of a table, is looked for
_EVERY = 20_000  # lines between two reports of progress
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)  # and OSError of bz2


Report = Callable[[LogProgress], None]


def read_logs(
    names: Sequence[str],
    message_ids: Collection[str],
    *,
    standard_input: BinaryIO,
    now: datetime,
    on_progress: Report,
) -> Trails:
    """Look for messages in logs; `-` is the standard input. Raises `MailerError` for a file that is no log."""
    search = LogSearch(message_ids)
    opened = list[_Log]()
    try:
        for name in dict.fromkeys(names):
            opened.append(_Log(name, standard_input))
        end = datetime.max.replace(tzinfo=now.tzinfo)
        opened.sort(key=lambda log: moment(log.begins, now=now) or end)
        logs = tuple(_search_one(log, search, on_progress) for log in opened)
    finally:
        for each in opened:
            each.close()
    sightings = {each: found for each in message_ids if (found := search.sightings(each))}
    return Trails(sightings=sightings, logs=logs)


def _search_one(log: "_Log", search: LogSearch, on_progress: Report) -> LogSummary:
    summary = _Summary(log.name)
    for number, at, news in log.entries(summary, on_progress):
        summary.note(at)
        for each in news:
            search.add(each, LogLine(log.name, number))
    return LogSummary(
        name=log.name,
        lines=summary.lines,
        garbled=summary.garbled,
        first=summary.first,
        last=summary.last,
        is_cut=log.is_cut,
    )


@dataclass(slots=True)
class _Summary:
    name: str
    lines: int = 0
    garbled: int = 0
    first: str = ""
    last: str = ""

    def note(self, at: str) -> None:
        self.first = self.first or at
        self.last = at or self.last


_Entry = tuple[int, str, tuple[News, ...]]


class _Log:
    """One opened log, of which the first lines are known: what kind it is, and when it begins."""

    def __init__(self, name: str, standard_input: BinaryIO) -> None:
        self.name = name
        self._raw, self._size, self._is_ours = _opened(name, standard_input)
        self.is_cut = False
        self._lines = self._without_end(_lines(self._raw, name))
        try:
            self._peeked = list(islice(self._lines, _PEEKED))
            self._header_at, self._header = _find_header(self._peeked)
            self.begins = self._begin()
            self._refuse_anything_but_a_log()
        except BaseException:
            self.close()
            raise

    def _refuse_anything_but_a_log(self) -> None:
        if self._header is None and self._peeked and not self.begins:
            raise MailerError(msg("sending.no-log", file=self.name), hint=msg("sending.logs-known"))

    def close(self) -> None:
        self._lines.close()
        if self._is_ours:
            self._raw.close()

    def entries(self, summary: _Summary, on_progress: Report) -> Iterator[_Entry]:
        """Yield number, time and news of each line that was understood; count the others."""
        lines = self._counted(summary, on_progress)
        yield from self._rows(lines, summary, self._header) if self._header else self._plain(lines, summary)

    def _begin(self) -> str:
        quiet = _Summary(self.name)
        lines = enumerate(self._peeked, 1)
        entries = self._rows(lines, quiet, self._header) if self._header else self._plain(lines, quiet)
        return next((at for _, at, _ in entries if at), "")

    def _without_end(self, lines: Iterator[str]) -> Generator[str]:
        """Yield the lines; a packed file may break off, as when it was copied while it was written."""
        try:
            yield from lines
        except _BROKEN:
            self.is_cut = True
        except OSError as error:
            if error.errno is not None:
                raise
            self.is_cut = True  # bz2 says so

    def _counted(self, summary: _Summary, on_progress: Report) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(chain(self._peeked, self._lines), 1):
            summary.lines = number
            if number % _EVERY == 0:
                done = self._raw.tell() if self._size else 0
                on_progress(LogProgress(self.name, number, done, self._size))
            yield number, line

    def _plain(self, lines: Iterator[tuple[int, str]], summary: _Summary) -> Iterator[_Entry]:
        for number, line in lines:
            parsed = parse_line(line.rstrip("\r\n"))
            if parsed is None:
                summary.garbled += bool(line.strip())
            elif line.endswith("\n"):
                yield number, parsed.at, (parsed.news,) if parsed.news else ()
            else:
                self.is_cut |= len(line) < LONGEST_LINE
                yield number, parsed.at, (as_unproved(parsed.news),) if parsed.news else ()

    def _rows(self, lines: Iterator[tuple[int, str]], summary: _Summary, header: Header) -> Iterator[_Entry]:
        waiting = list[tuple[int, str]]()
        while (first := waiting.pop(0) if waiting else next(lines, None)) is not None:
            number, line = first
            if number <= self._header_at or is_comment(line):
                header = (is_comment(line) and parse_header(line)) or header
                continue
            if not line.strip():
                continue
            row, used = line, 0
            while row.count('"') % 2 and used < _MOST_LINES_OF_A_ROW:  # a row whose subject has several lines
                if used == len(waiting):
                    following = next(lines, None)
                    if following is None:
                        break
                    waiting.append(following)
                row, used = row + waiting[used][1], used + 1
            cells = split_row(row.rstrip("\r\n"), header.delimiter)
            news = parse_row(cells, header) if cells else None
            if news is None:
                summary.garbled += 1  # and what follows it is looked at line by line
                continue
            del waiting[:used]
            yield number, next((each.at for each in news), ""), news


def as_unproved(news: News) -> News:
    """Return the news of a line whose end is missing: an address in it may be the beginning of another one."""
    return news._replace(step=Step.NAMED, recipients=()) if news.step is Step.TAKEN else news


def _find_header(lines: Sequence[str]) -> tuple[int, Header | None]:
    """Return the line of a table's header, and the header; a log without one is no table."""
    for number, line in enumerate(lines, 1):
        if header := parse_header(line):
            return number, header
        if line.strip() and not is_comment(line):
            break
    return 0, None


def _opened(name: str, standard_input: BinaryIO) -> tuple[BinaryIO, int, bool]:
    if name == STANDARD_INPUT:
        return standard_input, 0, False
    path = Path(name)
    if path.is_dir():
        raise MailerError(msg("sending.log-is-folder", file=name), hint=msg("sending.logs-known"))
    try:
        return path.open("rb"), path.stat().st_size, True
    except OSError as error:
        raise explain_os_error(error) from error


def _lines(raw: BinaryIO, name: str) -> Iterator[str]:
    """Yield the lines of a log with their ends; of one that is too long, the beginning."""
    source = _buffered(_unpacked(_buffered(raw), name))
    encoding = _encoding(source.peek()[:4])
    text = io.TextIOWrapper(source, encoding=encoding, errors="replace", newline="\n")
    try:
        while line := text.readline(LONGEST_LINE):
            yield line
            while line and not line.endswith("\n"):
                line = text.readline(LONGEST_LINE)
    finally:
        text.detach()  # the file is closed by the one who opened it


def _buffered(file: BinaryIO) -> io.BufferedReader:
    return file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", file))


class _AsFarAsItGoes(io.RawIOBase):
    """A packed file, given out as it is unpacked: what came before a break is not lost with it."""

    def __init__(self, packed: gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File) -> None:
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        data = self._packed.read1(len(view))
        view[: len(data)] = data
        return len(data)


def _unpacked(file: io.BufferedReader, name: str) -> BinaryIO:
    """Return the content of a packed file, told by its first bytes; raises `MailerError` for an unknown packing."""
    begins = file.peek()
    if begins.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", _AsFarAsItGoes(gzip.GzipFile(fileobj=file)))
    if begins.startswith(b"\xfd7zXZ\x00"):
        return cast("BinaryIO", _AsFarAsItGoes(lzma.LZMAFile(file)))
    if begins.startswith(b"BZh"):
        return cast("BinaryIO", _AsFarAsItGoes(bz2.BZ2File(file)))
    if begins.startswith((b"\x28\xb5\x2f\xfd", b"PK\x03\x04")):
        raise MailerError(msg("sending.log-packed", file=name), hint=msg("sending.unpack-log"))
    return file


def _encoding(begins: bytes) -> str:
    """Return the encoding that the first bytes tell: UTF-16 has a mark, or every second byte is nothing."""
    if begins.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(begins) == 4 and begins[1::2] == b"\0\0":
        return "utf-16-le"
    if len(begins) == 4 and begins[::2] == b"\0\0":
        return "utf-16-be"
    return "utf-8-sig"
