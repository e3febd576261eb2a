"""The application: its commands, and what stands before every command."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.cli.commands import COMMANDS
from mailer.cli.groups import Group
from mailer.cli.language import begin_speaking
from mailer.cli.output import say


class LogForm(StrEnum):
    """The form of the log on standard error."""

    TEXT = "text"
    JSON = "json"


class Mailer(Group):
    """The group of all commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": COMMANDS})


app = typer.Typer(
    name="mailer",
    cls=Mailer,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Composes a newsletter, sends it by e-mail, and accounts for every recipient.\n\n"
    "Try it: `mailer demo`. Start your own: `mailer init my-newsletter`.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"mailer {version('helsefellesskap-mailer')}")
        raise typer.Exit


def _remember_config(file: Path | None) -> Path | None:
    begin_speaking(file)
    return file


@app.callback()
def _before_every_command(
    context: typer.Context,
    config_file: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="PATH",
            help="The config.toml to use; else the nearest one upwards.",
            callback=_remember_config,
            is_eager=True,  # what it says of the language holds for --help, too
        ),
    ] = None,
    log: Annotated[
        LogForm,
        typer.Option(
            "--log",
            metavar="text|json",
            show_default=False,
            help="The form of the log on standard error; `json` has more, for tools.",
        ),
    ] = LogForm.TEXT,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = config_file
    if log is LogForm.JSON:
        from mailer.log_lines import logging_as_json

        context.with_resource(logging_as_json())
