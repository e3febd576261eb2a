"""The help of a group, drawn like Typer's help of a command; Typer's own would load a reader of Markdown and more."""

import re
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mailer.catalogue import msg
from mailer.cli.language import in_words
from mailer.cli.typer_words import translated

_CODE = re.compile(r"`([^`]+)`")


def show_help(group: Any, context: Any) -> None:
    """Print how the group is called, what it is for, its options and its commands."""
    console = Console(highlight=False, emoji=False)
    usage = Text(group.get_usage(context), "bold")
    usage.highlight_words([in_words(msg("typer.usage"))], "yellow")
    console.print(Padding(usage, 1))
    console.print(Padding(_as_text("\n\n".join(_paragraphs(group.help))), (0, 1, 1, 1)))
    console.print(_panel(in_words(msg("typer.options")), _options(group.get_params(context))))
    console.print(_panel(in_words(msg("typer.commands")), _commands(group.commands.values())))


def _paragraphs(words: str) -> list[str]:
    """The paragraphs, each on one line."""
    return [" ".join(each.split()) for each in cleandoc(words).split("\n\n")]


def _as_text(words: str) -> Text:
    """Show what stands between backticks as code."""
    text = Text()
    for number, part in enumerate(_CODE.split(words)):
        text.append(part, "markdown.code" if number % 2 else "")
    return text


def _options(parameters: Iterable[Any]) -> Iterator[Sequence[Text]]:
    for each in parameters:
        long = ",".join(name for name in each.opts if name.startswith("--"))
        short = ",".join(name for name in each.opts if not name.startswith("--"))
        opposites = Text(), Text()  # Typer's columns for --no-…, which no group has
        value = Text("" if each.is_flag else each.metavar, "bold yellow")
        yield Text(long, "bold cyan"), Text(short, "bold green"), *opposites, value, _as_text(translated(each.help))


def _commands(commands: Iterable[Any]) -> Iterator[Sequence[Text]]:
    for each in commands:
        yield Text(each.name, "bold cyan"), _as_text(_paragraphs(each.help)[0])


def _panel(title: str, rows: Iterable[Sequence[Text]]) -> Panel:
    """Put rows into a frame; their last cell takes what room is left."""
    table = Table(box=None, show_header=False, expand=True, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    for column in table.columns:
        column.overflow = "fold"
    table.columns[-1].ratio = 1
    return Panel(table, title=Text(title), title_align="left", border_style="dim")
