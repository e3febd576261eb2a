"""Tell whether the log that a killed process left beside a SQLite file belongs to that file.

SQLite takes in a log (`-wal`, `-journal`) that it finds, whatever the file beside it is: a backup that was copied there
is mixed with it. A file in WAL mode is changed by checkpoints alone, and each follows a write of the log at once. The
index of the log (`-shm`) says how much of it the file has.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import BinaryIO

_MILLISECOND = 10**6
_SECOND = 10**9
_OF_A_CHECKPOINT = 3 * _SECOND  # from the last write of the log to the last one of the file, ...
_BYTES_IN_A_SECOND = 4 * 10**6  # ... and what of a large log a slow disk takes in
_OF_A_COPY = 60 * _SECOND
_OF_RIGHTS = 100 * _MILLISECOND  # chmod -R comes to one of them first
_COARSEST = 2 * _SECOND  # FAT keeps whole seconds, and only even ones
_LOOKS = 3

# https://www.sqlite.org/fileformat2.html#the_write_ahead_log
_HEAD, _FRAME_HEAD = 32, 24
_SALTS, _FRAME_SALTS = slice(16, 24), slice(8, 16)
# https://www.sqlite.org/walformat.html#the_wal_index_file_format
_INDEX_HEAD = 136
_INDEX_SALTS = slice(32, 40)
_SHARED_LOCK = 128  # a byte that each connection locks for as long as it is open
_DESCRIPTORS = 1024
_COMPARED = 1000  # pages, the latest first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Pages of a file and its log by the index, and how many frames of the log the file has, and may have."""

    pages: int
    page_size: int
    in_file: int
    tried: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """A SQLite file and its log, as both are now; `is_copy` tells that both were copied, in whatever order."""

    file: Path
    log: Path
    is_copy: bool

    @property
    def stamps(self) -> tuple[object, ...]:
        """Return what changes with every write; times do not at once, on most file systems."""
        found = (self.file.stat(), self.log.stat())
        times = tuple((each.st_mtime_ns, each.st_ctime_ns, each.st_size) for each in found)
        return (*times, _read_heads(self))

    @property
    def allowed(self) -> int:
        """Return how many nanoseconds after its log the file may have been written."""
        checkpoint = _OF_A_CHECKPOINT + self.log.stat().st_size * _SECOND // _BYTES_IN_A_SECOND
        return max(checkpoint, _OF_A_COPY) if self.is_copy else checkpoint

    def is_later(self, *, written: int, changed: int) -> bool:
        """Return whether the file was written, or put there, more than so many nanoseconds after the log."""
        file, log = self.file.stat(), self.log.stat()
        is_coarse = not file.st_mtime_ns % _SECOND and not log.st_mtime_ns % _SECOND
        coarse = _COARSEST if is_coarse else 0
        was_put = sys.platform != "win32" and file.st_ctime_ns > log.st_ctime_ns + max(changed, coarse)
        return was_put or file.st_mtime_ns > log.st_mtime_ns + max(written, coarse)


def find_strange_log(file: Path, *, is_copy: bool) -> Path | None:
    """Return the log beside a SQLite file that does not belong to it; only read.

    The file must not be open in this process, which would lose SQLite's locks of it. Raises `OSError`.
    """
    return next((each for each in find_logs(file) if _is_strange(_Pair(file, each, is_copy))), None)


def find_logs(file: Path) -> Iterator[Path]:
    """Yield the logs beside a SQLite file that have something in them."""
    for end in ("-wal", "-journal"):
        log = Path(f"{file}{end}")
        with suppress(FileNotFoundError):
            if log.stat().st_size:
                yield log


def _is_strange(pair: _Pair) -> bool:
    """Return whether the same is seen twice with nothing changed meanwhile: others may be writing."""
    for _ in range(_LOOKS):
        with suppress(FileNotFoundError):  # the last of the others has closed it
            before = pair.stamps
            if not _seems_strange(pair):
                return False
            if pair.stamps == before:
                return True
    return False


def _seems_strange(pair: _Pair) -> bool:
    index = None if pair.log.name.endswith("-journal") else _read_index(pair)
    if index and index.in_file and (has_frames := _has_frames(pair, index)) is not None:
        return not has_frames
    if index and not index.tried and not pair.is_copy:
        return pair.is_later(written=0, changed=_OF_RIGHTS)
    return pair.is_later(written=pair.allowed, changed=pair.allowed)


def _read_heads(pair: _Pair) -> tuple[bytes, bytes] | None:
    """Return the beginnings of the log and of its index."""
    try:
        with pair.log.open("rb") as log, Path(f"{pair.file}-shm").open("rb") as index:
            return log.read(_HEAD), index.read(_INDEX_HEAD)
    except OSError:  # not there; on Windows locked
        return None


def _read_index(pair: _Pair) -> _Index | None:
    """Return what the index says, None where it is not of this log."""
    log, head = _read_heads(pair) or (b"", b"")
    if len(head) < _INDEX_HEAD or head[_INDEX_SALTS] != log[_SALTS]:
        return None

    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(head[at : at + size], sys.byteorder)

    size = number(14, 2)
    page_size = 65536 if size == 1 else size
    return _Index(pages=number(20), page_size=page_size, in_file=number(96), tried=number(128))


def _has_frames(pair: _Pair, index: _Index) -> bool | None:
    """Return whether the file has the pages that were written into it from the log; None where no page can tell.

    A checkpoint leaves out pages of which there are later frames than it may write. After a power cut the index may be
    older than both.
    """
    with pair.log.open("rb", buffering=0) as log, pair.file.open("rb") as file:
        latest = _latest_frames(log, index).items()
        told = sorted((frame, page) for page, frame in latest if frame < index.in_file and page <= index.pages)
        compared = told[-_COMPARED:]
        if not compared:
            return None
        size = index.page_size
        return all(
            _read(file, (page - 1) * size, size) == _read(log, _place(frame, index), size) for frame, page in compared
        )


def _latest_frames(log: BinaryIO, index: _Index) -> dict[int, int]:
    """Return for each page in the log its latest frame, counted from 0."""
    salts = log.read(_HEAD)[_SALTS]
    heads = (_read(log, _place(frame, index) - _FRAME_HEAD, _FRAME_HEAD) for frame in count())
    ours = takewhile(lambda head: head[_FRAME_SALTS] == salts, heads)  # then the end, or what an earlier log left there
    return {int.from_bytes(head[:4], "big"): frame for frame, head in enumerate(ours)}


def _place(frame: int, index: _Index) -> int:
    return _HEAD + frame * (_FRAME_HEAD + index.page_size) + _FRAME_HEAD


def _read(stream: BinaryIO, place: int, size: int) -> bytes:
    stream.seek(place)
    return stream.read(size)


def is_open_here(file: Path) -> bool:
    """Return whether this process has a file open already."""
    sought = file.stat()
    try:
        descriptors = [int(each.name) for each in Path("/dev/fd").iterdir()]
    except OSError:  # a system without it
        descriptors = [*range(_DESCRIPTORS)]
    return any(_is_of(each, sought) for each in descriptors)


def _is_of(descriptor: int, sought: os.stat_result) -> bool:
    with suppress(OSError):  # of the listing itself, or closed by now
        found = os.fstat(descriptor)
        return (found.st_dev, found.st_ino) == (sought.st_dev, sought.st_ino)
    return False


def is_open_elsewhere(file: Path) -> bool:
    """Return whether a process that is alive has a SQLite file open, as far as that can be known.

    This one must not have it open.
    """
    if sys.platform == "win32":
        return False
    import fcntl  # noqa: PLC0415 not on Windows

    try:
        with Path(f"{file}-shm").open("r+b") as stream:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _SHARED_LOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
