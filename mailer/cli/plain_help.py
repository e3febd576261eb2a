"""Help that shows a switch as it is typed, where Typer adds its type; and groups that tell tools of errors."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandFunctionType

from mailer.cli.json_errors import show_json_error
from mailer.cli.typer_words import in_our_language, set_labels, translated, write_usage
from mailer.errors import MailerError


class PlainCommand(TyperCommand):
    """A command whose switches have no type."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line of usage."""
        write_usage(ctx.command_path, self.collect_usage_pieces(ctx), formatter)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show help, labelled in the language of the interface."""
        set_labels()
        super().format_help(ctx, formatter)

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, which help goes through."""
        return _without_types(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands whose own switches have no type, and whose errors a tool can read."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the line of usage."""
        write_usage(ctx.command_path, self.collect_usage_pieces(ctx), formatter)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show help, labelled in the language of the interface."""
        set_labels()
        super().format_help(ctx, formatter)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """Read the arguments."""
        with in_our_language():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error is shown to people by whoever started it."""
        try:
            with in_our_language():
                return super().invoke(ctx)
        except (MailerError, OSError) as error:
            if ctx.parent is None and not isinstance(error, BrokenPipeError):
                show_json_error(ctx, error)
            raise

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, which help goes through."""
        return _without_types(super().get_params(ctx))


def _without_types(parameters: list[Any]) -> list[Any]:
    for each in parameters:
        if getattr(each, "help", None):
            each.help = translated(each.help)
        if getattr(each, "is_flag", False):
            each.metavar = ""
    return parameters


class Commands(typer.Typer):
    """Commands, and groups of them, with such help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=PlainGroup, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        """Register the function that is decorated."""
        return super().command(name, cls=PlainCommand, **settings)
