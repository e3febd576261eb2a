"""Put Typer's own words, which it has in English only and inside its code, into the language of the interface.

The English texts of the domain `typer` are Typer's own; a sentence is told by them, and written anew in the language.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from mailer.catalogue import Message, msg
from mailer.catalogue.recognising import recognise
from mailer.cli.language import in_words, language

SENTENCES = (
    "typer.show-help",
    "typer.install-completion",
    "typer.show-completion",
    "typer.missing-command",
    "typer.did-you-mean",
    "typer.no-such-command",
    "typer.possible-options",
    "typer.no-such-option",
    "typer.missing-argument",
    "typer.missing-option",
    "typer.invalid-value-for",
    "typer.invalid-value",
    "typer.extra-arguments",
    "typer.takes-no-value",
    "typer.requires-an-argument",
    "typer.no-file",
    "typer.no-folder",
    "typer.no-path",
    "typer.is-a-file",
    "typer.is-a-folder",
    "typer.not-readable",
    "typer.no-whole-number",
    "typer.no-number",
    "typer.at-least",
    "typer.at-most",
    "typer.not-one-of",
)


@contextmanager
def in_our_language() -> Iterator[None]:
    """Translate refusals of Typer in this context into the language of the interface."""
    try:
        yield
    except typer.TyperException as error:
        _translate(error)
        raise
    except typer.Abort:
        set_labels()
        raise


def _translate(error: typer.TyperException) -> None:
    if isinstance(error.message, Message):
        error.message = in_words(error.message)
    words = translated(error.format_message())
    vars(error)["format_message"] = lambda: words
    set_labels()


def translated(text: str) -> str:
    """A sentence of Typer's, with any within it; another text as it is."""
    return text if language() == "en" else in_words(recognise(text, SENTENCES))


def set_labels() -> None:
    """Have help and errors that are drawn from now on labelled in the language."""
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE = in_words(msg("typer.arguments"))
    rich_utils.OPTIONS_PANEL_TITLE = in_words(msg("typer.options"))
    rich_utils.COMMANDS_PANEL_TITLE = in_words(msg("typer.commands"))
    rich_utils.ERRORS_PANEL_TITLE = in_words(msg("typer.error"))
    rich_utils.ABORTED_TEXT = in_words(msg("typer.aborted"))
    rich_utils.DEPRECATED_STRING = in_words(msg("typer.deprecated"))
    rich_utils.DEFAULT_STRING = in_words(msg("typer.default", value="{}"))
    rich_utils.ENVVAR_STRING = in_words(msg("typer.env-var", value="{}"))
    rich_utils.REQUIRED_LONG_STRING = in_words(msg("typer.required"))
    rich_utils.RICH_HELP = in_words(msg("typer.try-help"))


def usage_of(pieces: list[str]) -> list[str]:
    """The parts of a line of usage, with the names of what a command takes in the language."""
    known = {"[OPTIONS]": msg("typer.options-metavar"), "COMMAND [ARGS]...": msg("typer.commands-metavar")}
    return [in_words(known.get(each, each)) for each in pieces]


def write_usage(command: str, pieces: list[str], formatter: Any) -> None:
    """Write the line of usage."""
    formatter.write_usage(command, " ".join(usage_of(pieces)), prefix=f"{in_words(msg('typer.usage'))} ")
