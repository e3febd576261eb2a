"""What commands print: tables, numbers and errors for people, JSON for tools."""

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mailer.errors import MailerError

WIDTH_OF_PIPES = 1000  # what a tool reads is never folded


def prepare_output() -> None:
    """Print a `?` for what the terminal cannot show, and nothing where a stream was closed before we began."""
    sys.stdin = sys.stdin or io.StringIO()
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


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


# What a terminal would obey instead of showing it, and what turns text around: files from others may hold it.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _plain(text: str) -> str:
    """As text that is no markup and commands nothing."""
    return escape(_COMMANDS.sub(lambda found: repr(found[0])[1:-1], text))


def console() -> Console:
    """Where results go: standard output, no wrapping of words that a pipe reads."""
    is_terminal = sys.stdout.isatty()
    return Console(
        highlight=False, soft_wrap=not is_terminal, emoji=False, width=None if is_terminal else WIDTH_OF_PIPES
    )


def say(text: str = "", style: str = "") -> None:
    """Print one line; square brackets in it are text, not markup."""
    console().print(_plain(text), style=style or None)


def hint(text: str) -> None:
    """Print what to do next."""
    say(f"  {text}", "cyan")


@contextmanager
def prompting() -> Iterator[None]:
    """Around a question: an answer that comes through a pipe ends no line on the screen, as a person's Enter does."""
    try:
        yield
    finally:
        if not sys.stdin.isatty():
            say()


def show_json(value: Any) -> None:
    """Print a value as JSON: UTF-8, two spaces, moments in ISO 8601."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    json.dump(value, sys.stdout, ensure_ascii=not is_unicode, indent=2, default=_for_json)
    sys.stdout.write("\n")


def _for_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def show_error(error: MailerError) -> None:
    """Print an error on standard error: what, where, what next."""
    screen = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
    place = f"{_plain(error.where)}: " if error.where else ""
    screen.print(f"[bold red]error[/] {place}{_plain(error.what)}")
    if error.hint:
        screen.print(_plain(error.hint), style="cyan")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print rows under headings; the columns numbered in `right` are set flush right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(format_value(value)) for value in row))
    console().print(table)


def show_grouped_table(
    columns: Sequence[str], groups: Iterable[tuple[str, Sequence[Sequence[object]]]], *, right: Sequence[int] = ()
) -> None:
    """Print rows under headings like `show_table`, each group of rows below its name."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for name, rows in groups:
        table.add_row(f"[bold]{_plain(name)}[/]")
        for row in rows:
            table.add_row(*(_plain(format_value(value)) for value in row))
        table.add_section()
    console().print(table)


def show_pairs(pairs: Mapping[str, object]) -> None:
    """Print labels on the left and what they say on the right."""
    width = max(len(label) for label in pairs)
    for label, value in pairs.items():
        first, *rest = str(value).splitlines() or [""]
        say(f"{label:<{width}}  {first}")
        for line in rest:
            say(f"{'':<{width}}  {line}")


def format_value(value: object) -> str:
    """Write a number with thin groups of thousands, anything else as it is."""
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}") if isinstance(value, int) else str(value)


def format_count(number: int, one: str, many: str = "") -> str:
    """Write how many there are of something: 1 row, 2 rows; `many` where an s does not do."""
    return f"{format_value(number)} {one if number == 1 else many or f'{one}s'}"


def format_duration(duration: timedelta) -> str:
    """Write a duration as people say it: 40 s, 12 min, 1 h 20 min."""
    if duration < timedelta(seconds=1):
        return "less than a second"
    seconds = round(duration.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{minutes} min" if not hours else f"{hours} h {minutes} min"


def note(text: str) -> None:
    """Print a remark on standard error, where it does not disturb what a tool reads."""
    Console(stderr=True, highlight=False, soft_wrap=True, emoji=False).print(_plain(text), style="dim")


def format_size(size: int) -> str:
    """Write a number of bytes in kB (1000 bytes), as mail programs do."""
    return f"{size / 1000:.1f} kB"
