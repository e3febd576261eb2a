"""The lines of a report, any number of them: the first ones in memory, the others in an unnamed temporary file."""

import json
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from itertools import islice
from typing import BinaryIO, overload

from mailer.subscribers.facts.changes import Change
from mailer.subscribers.imports.model import ImportLine, Outcome
from mailer.subscribers.imports.reasons import pack, unpack

IN_MEMORY = 1_000


class SpilledLines(Sequence[ImportLine]):
    """Lines in their order, which can be read again and again; the file goes when this does."""

    def __init__(self) -> None:
        self._first: list[ImportLine] = []
        self._count = 0

    def append(self, line: ImportLine) -> None:
        """Add a line at the end."""
        self._count += 1
        if len(self._first) < IN_MEMORY:
            self._first.append(line)
        else:
            self._file.seek(0, os.SEEK_END)
            self._file.write(_packed(line))

    @cached_property
    def _file(self) -> BinaryIO:
        file = tempfile.TemporaryFile()  # noqa: SIM115 it is closed with this object
        weakref.finalize(self, file.close)
        return file

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ImportLine]:
        yield from self._first
        place = 0
        for _ in range(self._count - len(self._first)):
            self._file.seek(place)
            line = self._file.readline()
            place += len(line)
            yield _unpacked(line)

    @overload
    def __getitem__(self, index: int) -> ImportLine: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ImportLine]: ...

    def __getitem__(self, index: int | slice) -> ImportLine | Sequence[ImportLine]:
        """Return a line, or some, counted from the first."""
        if isinstance(index, slice):
            return [*islice(self, index.start, index.stop, index.step)]
        if 0 <= index < self._count:
            return next(islice(self, index, None))
        raise IndexError(index)


def _packed(line: ImportLine) -> bytes:
    return json.dumps(asdict(line) | {"reason": pack(line.reason)}).encode() + b"\n"


def _unpacked(words: bytes) -> ImportLine:
    said = json.loads(words)
    changes = tuple(Change(**each) for each in said["changes"])
    return ImportLine(
        **said | {"outcome": Outcome(said["outcome"]), "reason": unpack(said["reason"]), "changes": changes}
    )
