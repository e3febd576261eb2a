"""Print tables, numbers and errors for people, JSON for tools."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any, Literal, TextIO

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailer.catalogue import msg
from mailer.catalogue.values import write_number
from mailer.cli.language import in_words, language
from mailer.errors import MailerError

WIDTH_OF_PIPES = 1000  # what a tool reads is never folded
NARROWEST = 30  # fewer letters on a line are no pleasure to read
BETWEEN_COLUMNS = 3
MOST_SHOWN = 500  # lines of a report; --json has them all
INDENT = " " * 4


# What a terminal would obey instead of showing it, and what turns text around: files from others may hold it.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _harmless(text: str) -> str:
    """Return text without terminal commands."""
    return _COMMANDS.sub(lambda found: repr(found[0])[1:-1], text)


def console() -> Console:
    """Return the console of results: standard output, without wrapping of words that a pipe reads."""
    is_terminal = sys.stdout.isatty()
    return Console(
        highlight=False, soft_wrap=not is_terminal, emoji=False, width=None if is_terminal else WIDTH_OF_PIPES
    )


def _error_console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def _fitted(text: str, stream: TextIO, screen: Console, *, label: str = "", hanging: int = 0) -> str:
    """Put a label before the text, and break it for a terminal, at words only: an address or a path is never cut.

    What follows a break stands below the beginning of the text, or `hanging` columns from the left.
    """
    first, *rest = _harmless(in_words(text)).split("\n")
    if not stream.isatty():
        return "\n".join([f"{label}{first}".rstrip(" "), *rest])
    width, hanging = max(NARROWEST, screen.width), hanging or len(label)
    lines = _broken(first, width=width, label=label, hanging=hanging)
    return "\n".join([*lines, *(each for line in rest for each in _broken(line, width=width, hanging=hanging))])


def _broken(line: str, *, width: int, label: str = "", hanging: int) -> list[str]:
    lines = wrap(
        line,
        width,
        initial_indent=label,
        subsequent_indent=" " * (hanging or len(line) - len(line.lstrip(" "))),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [label.rstrip(" ")]


def fitted(text: str, *, label: str = "", hanging: int = 0) -> str:
    """Return the text after its label as `say` would print it, to be given several styles."""
    return _fitted(text, sys.stdout, console(), label=label, hanging=hanging)


def say(text: str = "", style: str = "", *, label: str = "", hanging: int = 0) -> None:
    """Print one line; square brackets in it are text, not markup. A terminal's next lines begin below the text."""
    screen = console()
    screen.print(Text(_fitted(text, sys.stdout, screen, label=label, hanging=hanging), style), soft_wrap=True)


def hint(text: str) -> None:
    """Print what to do next; a command is never broken, so that it can be copied."""
    text = in_words(text)
    if text.startswith("mailer "):
        show_commands([(text, "")])
    else:
        say(text, "cyan", label="  ")


def show_commands(commands: Sequence[tuple[str, str]]) -> None:
    """Print commands and beside them what each is for, or below where that does not fit."""
    screen, indent = console(), " " * 2
    commands = [(command, in_words(words)) for command, words in commands]
    width = max((len(command) for command, _ in commands), default=0)
    is_wide = all(2 + width + 3 + len(words) <= screen.width for _, words in commands)
    for command, words in commands:
        line = f"{indent}{_harmless(command):<{width if words and is_wide else 0}}"
        screen.print(Text(line, "cyan") + Text(f"   {words}" if words and is_wide else ""), soft_wrap=True)
        if words and not is_wide:
            say(f"{3 * indent}{words}")


def ask(question: str) -> str:
    """Ask for a line; Enter alone is an empty one. Raises `typer.Abort` where there is no answer."""
    with prompting():
        answer: str = typer.prompt(in_words(question), default="", show_default=False)
    return answer


def confirm(question: str) -> bool:
    """Ask for yes or no in the language of the interface; English is understood too, and Enter means no."""
    choice = msg("output.yes-or-no", question=question)
    while True:
        answer = ask(choice).strip().casefold()
        if answer in {"", "n", "no", "nei"}:
            return False
        if answer in {"y", "yes", "j", "ja"}:
            return True
        note(msg("output.answer-yes-or-no"))


@contextmanager
def prompting() -> Iterator[None]:
    """End the line after a question whose answer comes through a pipe, as a person's Enter does."""
    try:
        yield
    finally:
        if not sys.stdin.isatty():
            say()


def show_json(value: Any) -> None:
    """Print a value as JSON: UTF-8, two spaces, moments in ISO 8601."""
    sys.stdout.write(f"{_as_json(value)}\n")


def stream_json(head: dict[str, Any], name: str, items: Iterable[Any]) -> None:
    """Print `head` as `show_json` does, with any number of items under a last key: none of them is kept."""
    sys.stdout.write(f'{_as_json(head).removesuffix("}").rstrip()},\n  "{name}": [')
    between = ""
    for item in items:
        sys.stdout.write(f"{between}\n    " + _as_json(item).replace("\n", "\n    "))
        between = ","
    sys.stdout.write("\n  ]\n}\n" if between else "]\n}\n")


def _as_json(value: Any) -> str:
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(value, ensure_ascii=not is_unicode, indent=2, default=_for_json)


def _for_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


def show_error(error: MailerError) -> None:
    """Print an error on standard error: what, where, what next."""
    screen, begins = _error_console(), f"{in_words(msg('output.error'))}{'' if error.where else ':'} "
    place = f"{in_words(error.where)}: " if error.where else ""
    text = Text(_fitted(f"{place}{in_words(error.what)}", sys.stderr, screen, label=begins))
    text.stylize("bold red", 0, len(begins))
    screen.print(text)
    if error.hint:
        screen.print(Text(_fitted(error.hint, sys.stderr, screen), "cyan"))


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Sequence[int] = (),
    folding: Sequence[int] | None = None,
) -> None:
    """Print rows under headings; the columns numbered in `right` are set flush right.

    A terminal breaks only the columns in `folding`, when that is given; where the others leave no room for them, each
    row is a line, and these follow below it. A cell of several values has each on a line of its own there.
    """
    is_terminal = sys.stdout.isatty()
    columns = [in_words(each) for each in columns]
    cells = [[_cell(value, between="\n" if is_terminal else ", ") for value in row] for row in rows]
    if is_terminal and folding is not None and _least_width(columns, cells, folding) > console().width:
        _show_lines(columns, cells, folding)
        return
    table = _empty_table(columns, right=right, folding=range(len(columns)) if folding is None else folding)
    for row in cells:
        table.add_row(*map(Text, row))
    console().print(table)


def show_grouped_table(
    columns: Sequence[str], groups: Iterable[tuple[str, Sequence[Sequence[object]]]], *, right: Sequence[int] = ()
) -> None:
    """Print rows under headings like `show_table`, each group of rows below its name."""
    table = _empty_table([in_words(each) for each in columns], right=right, folding=range(len(columns)))
    for name, rows in groups:
        table.add_row(Text(_harmless(in_words(name)), "bold"))
        for row in rows:
            table.add_row(*(Text(_cell(value)) for value in row))
        table.add_section()
    console().print(table)


def _empty_table(columns: Sequence[str], *, right: Sequence[int], folding: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        justify: Literal["right", "left"] = "right" if number in right else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=number not in folding)
    return table


def _cell(value: object, *, between: str = ", ") -> str:
    return _harmless(between.join(map(in_words, value)) if isinstance(value, tuple) else format_value(value))


def _least_width(columns: Sequence[str], rows: Sequence[Sequence[str]], folding: Sequence[int]) -> int:
    """Return the least width of a table, with columns that may be broken as narrow as can still be read."""
    widths = [_widest(column, *(row[number] for row in rows)) for number, column in enumerate(columns)]
    for number in folding:
        longest_word = max((cell_len(word) for row in rows for word in row[number].split()), default=0)
        widths[number] = min(widths[number], max(NARROWEST, longest_word))
    return sum(widths) + BETWEEN_COLUMNS * (len(columns) - 1)


def _widest(*cells: str) -> int:
    return max((cell_len(line) for cell in cells for line in cell.splitlines()), default=0)


def _show_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], folding: Sequence[int]) -> None:
    """Print each row as a line with the cells that may be broken below it, by heading where there are several."""
    headings, *firsts = ([cell for at, cell in enumerate(row) if at not in folding] for row in (columns, *rows))
    width = console().width
    padding = _padding([headings, *firsts], width=width)
    whole = sum(padding) + 2 * len(padding) - 2
    if len(padding) == len(headings) and whole <= width:
        say(_joined(headings, padding))
        say("─" * whole)
    for first, row in zip(firsts, rows, strict=True):
        say(_broken_between(first, padding))
        _show_below(columns, row, folding)


def _broken_between(cells: Sequence[str], padding: Sequence[int]) -> str:
    """Return the cells as a line that a terminal breaks between them, not within."""
    whole = [cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in cells]
    return fitted(_joined(whole, padding), hanging=len(INDENT)).replace("\N{NO-BREAK SPACE}", " ")


def _show_below(columns: Sequence[str], row: Sequence[str], folding: Sequence[int]) -> None:
    width = max(len(columns[at]) for at in folding) + 2 if len(folding) > 1 else 0
    for at in folding:
        label = columns[at] if width else ""
        for line in row[at].splitlines():
            say(line, label=f"{INDENT}{label:<{width}}", hanging=len(INDENT) + (width or 2))
            label = ""


def _padding(rows: Sequence[Sequence[str]], *, width: int) -> list[int]:
    """The widths to which the first cells can be filled up without making more lines too long than there are."""

    def too_long(padding: Sequence[int]) -> int:
        return sum(cell_len(_joined(row, padding)) > width for row in rows)

    found: list[int] = []
    for column in zip(*rows, strict=True):
        more = [*found, _widest(*column)]
        if too_long(more) > too_long([]):
            break
        found = more
    return found


def _joined(cells: Sequence[str], padding: Sequence[int]) -> str:
    widths = [*padding, *[0] * (len(cells) - len(padding))]
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True) if cell or width).rstrip()


def show_pairs(pairs: Mapping[str, object]) -> None:
    """Print labels on the left and what they say on the right."""
    written = {in_words(label): in_words(value) if isinstance(value, str) else value for label, value in pairs.items()}
    width = max(len(label) for label in written)
    for label, value in written.items():
        first, *rest = str(value).splitlines() or [""]
        say(first, label=f"{label:<{width}}  ")
        for line in rest:
            say(line, label=" " * (width + 2))


def show_counts(counts: Iterable[tuple[str, int, str]]) -> None:
    """Print labels, the number of each and what it means, which a terminal breaks below its beginning."""
    rows = [(in_words(label), format_value(number), in_words(meaning)) for label, number, meaning in counts]
    width = max((len(label) for label, _, _ in rows), default=0)
    for label, number, meaning in rows:
        say(meaning, label=f"{label:<{width}}  {number:>9}  ")


def format_value(value: object) -> str:
    """Write a number with groups of thousands, a message in words, and any other value as it is."""
    if isinstance(value, str):
        return in_words(value)
    return write_number(value, language()) if isinstance(value, int) else str(value)


def note(text: str) -> None:
    """Print a remark on standard error, where it does not disturb what a tool reads."""
    screen = _error_console()
    screen.print(Text(_fitted(text, sys.stderr, screen), "dim"))


def format_size(size: int) -> str:
    """Write a number of bytes in kB (1000 bytes), as mail programs do."""
    return in_words(msg("output.kilobytes", number=round(size / 1000, 1)))
