"""Keep the standard streams usable: closed before we began, on a full disk, with a terminal or reader that is gone."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from mailer.catalogue import msg
from mailer.cli.output import note
from mailer.errors import reason_of

_STANDARD_ERROR = 2


def prepare_output() -> None:
    """Print a `?` for what the terminal cannot show, and nothing where a stream was closed before we began."""
    _fill_standard_places()
    sys.stdin = sys.stdin or io.StringIO()
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.stderr = cast("TextIO", _Enduring(sys.stderr))  # where it cannot be written, there is nowhere to say so


def _fill_standard_places() -> None:
    """Open what leads nowhere in the place of closed streams: a file opened later must not be written to as one."""
    while (place := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(place)


class _Enduring:
    """A stream that takes text also where the disk is full or the terminal gone, and remembers what refused it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def write(self, text: str) -> int:
        with self._remembering():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._remembering():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error


@contextmanager
def outliving_output() -> Iterator[None]:
    """Do what must not stop when its words can be written nowhere; raises the `OSError` at the end, if all went well.

    A reader that has had enough of them, or a terminal that is gone, is no error.
    """
    stream = sys.stdout
    enduring = _Enduring(stream)
    sys.stdout = cast("TextIO", enduring)
    try:
        yield
    except BaseException:
        enduring.flush()
        if enduring.failure:
            note(msg("output.not-all-was-shown", reason=reason_of(enduring.failure)))
        raise
    finally:
        enduring.flush()
        sys.stdout = _nowhere() if enduring.failure else stream
    if enduring.failure and enduring.failure.errno not in {errno.EPIPE, errno.EIO}:
        raise enduring.failure


def flush_output() -> None:
    """Have the operating system take what was printed; raises `OSError`, but not when the reader has had enough."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence_output()


def silence_output() -> None:
    """Print no more: Python would try once again when the process ends, and speak of that."""
    sys.stdout = _nowhere()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
