"""Help that shows a switch as it is typed, where Typer adds its type; and groups that tell tools of errors."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandFunctionType

from mailer.cli.json_errors import show_json_error
from mailer.errors import MailerError


class PlainCommand(TyperCommand):
    """A command whose switches have no type."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, which help goes through."""
        return _without_types(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands whose own switches have no type, and whose errors a tool can read."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error is shown to people by whoever started it."""
        try:
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
