"""Groups of commands: each command is loaded when it is run, help comes at once, and errors are told to tools."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from mailer.cli.json_errors import show_json_error
from mailer.cli.typer_words import in_our_language, set_labels, translated, write_usage
from mailer.errors import MailerError


class Command(TyperCommand):
    """A command whose switches are shown as they are typed, where Typer adds their type."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line of usage."""
        write_usage(ctx.command_path, self.collect_usage_pieces(ctx), formatter)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show help, labelled in the language of the interface."""
        set_labels()
        super().format_help(ctx, formatter)

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, which help goes through."""
        parameters: list[Any] = super().get_params(ctx)
        for each in parameters:
            each.help = translated(each.help or "") or None
            if getattr(each, "is_flag", False):
                each.metavar = ""
        return parameters


class Later(TyperCommand):
    """A command that is not loaded yet: its name, where its function is, and its summary."""

    def __init__(self, name: str, function: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.function = function

    def load(self) -> TyperCommand:
        """Import the function, given as `module:name` within `mailer.cli`, and make a command of it."""
        module, _, name = self.function.partition(":")
        made = typer.Typer(add_completion=False, rich_markup_mode="markdown")
        made.command(self.name, cls=Command)(getattr(import_module(f"mailer.cli.{module}"), name))
        loaded = get_command(made)
        assert isinstance(loaded, TyperCommand)  # noqa: S101 one function is one command
        return loaded


class Group(TyperGroup):
    """A group of commands, and of further groups."""

    def __init__(self, *, commands: Iterable[TyperCommand | TyperGroup], **settings: Any) -> None:
        super().__init__(commands=list(commands), **settings)
        self.no_args_is_help = True

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line of usage."""
        write_usage(ctx.command_path, self.collect_usage_pieces(ctx), formatter)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """Read the arguments."""
        with in_our_language():
            return super().make_context(*arguments, **settings)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Load the command that is named, to run it or to complete what follows it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Later) else command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; showing an error to people is left to the caller."""
        try:
            with in_our_language():
                return super().invoke(ctx)
        except (MailerError, OSError) as error:
            if ctx.parent is None and not isinstance(error, BrokenPipeError):
                show_json_error(ctx, error)
            raise

    def format_help(self, ctx: Any, _formatter: Any) -> None:
        """Draw the help, without what Typer would load for it."""
        from mailer.cli.group_help import show_help

        show_help(self, ctx)
