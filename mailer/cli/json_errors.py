"""Errors for tools: with `--json` an error is JSON on standard output too, with the same exit code."""

from typing import Any

import typer

from mailer.catalogue.message import as_json
from mailer.cli.output import show_json
from mailer.errors import MailerError, explain_os_error

_WANTED = "mailer.json"
_BESIDE = "mailer.json.beside"


def remember_json(context: typer.Context, wanted: bool) -> bool:
    """Keep in mind, as the callback of `--json`, that a tool reads standard output."""
    context.meta[_WANTED] = wanted
    return wanted


def beside_an_error(context: typer.Context, **values: Any) -> None:
    """Name what a tool is told beside an error that may still come."""
    context.meta[_BESIDE] = values


def show_json_error(context: Any, error: MailerError | OSError) -> None:
    """Print `{"error": {"what", "where", "hint", "id", …}}`, when a tool reads standard output."""
    if not context.meta.get(_WANTED):
        return
    told = explain_os_error(error) if isinstance(error, OSError) else error
    words = {"what": told.what, "where": told.where, "hint": told.hint, **as_json(message=told.what, hint=told.hint)}
    show_json({**context.meta.get(_BESIDE, {}), "error": words})
