"""Values in their order, any number of them: the first in memory, the others in an unnamed temporary file."""

import json
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from operator import eq
from typing import Any, BinaryIO, Generic, TypeVar, overload

IN_MEMORY = 1_000

Value = TypeVar("Value")


class Spilled(Sequence[Value], Generic[Value]):
    """Values in their order, which can be read again and again; the file goes when this does.

    It equals any sequence of the same values. `pack` makes what JSON takes of one, `unpack` the value again.
    """

    def __init__(self, *, pack: Callable[[Value], Any], unpack: Callable[[Any], Value]) -> None:
        self._pack, self._unpack = pack, unpack
        self._first: list[Value] = []
        self._count = 0

    def append(self, value: Value) -> None:
        """Add a value at the end."""
        self._count += 1
        if len(self._first) < IN_MEMORY:
            self._first.append(value)
        else:
            self._file.seek(0, os.SEEK_END)
            self._file.write(json.dumps(self._pack(value)).encode() + b"\n")

    @cached_property
    def _file(self) -> BinaryIO:
        file = tempfile.TemporaryFile()  # noqa: SIM115 it is closed with this object
        weakref.finalize(self, file.close)
        return file

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(other) == self._count and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # values are added; typeshed declares a method

    def __iter__(self) -> Iterator[Value]:
        yield from self._first
        place = 0
        for _ in range(self._count - len(self._first)):
            self._file.seek(place)
            line = self._file.readline()
            place += len(line)
            yield self._unpack(json.loads(line))

    @overload
    def __getitem__(self, index: int) -> Value: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Value]: ...

    def __getitem__(self, index: int | slice) -> Value | Sequence[Value]:
        """Return a value, or some, counted from the first."""
        if isinstance(index, slice):
            return [*islice(self, index.start, index.stop, index.step)]
        if 0 <= index < self._count:
            return next(islice(self, index, None))
        raise IndexError(index)
