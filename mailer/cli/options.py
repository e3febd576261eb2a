"""Options and arguments that several commands share, and the services of the workspace they run in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.output import note

if TYPE_CHECKING:
    from mailer.bootstrap import Services


@contextmanager
def services(context: typer.Context) -> Iterator["Services"]:
    """Give the services of the workspace that the command runs in, and close them after it."""
    from mailer.bootstrap import build_services

    built = build_services(context.find_root().obj, announce=note)
    try:
        yield built
    finally:
        built.close()


def _complete_issues(context: typer.Context, incomplete: str) -> list[str]:
    from mailer.errors import MailerError
    from mailer.issue.source import issue_slugs

    try:
        with services(context) as workspace:
            slugs = issue_slugs(workspace.settings.paths.issues)
    except MailerError:
        return []
    return [slug for slug in slugs if slug.startswith(incomplete)]


def _complete_lists(context: typer.Context, incomplete: str) -> list[str]:
    from mailer.errors import MailerError

    try:
        with services(context) as workspace:
            slugs = workspace.register.slugs
    except MailerError:
        return []
    return [slug for slug in slugs if slug.startswith(incomplete)]


Slug = Annotated[
    str, typer.Argument(metavar="SLUG", help="The issue, such as 2023-12.", autocompletion=_complete_issues)
]
OptionalSlug = Annotated[
    str, typer.Argument(metavar="[SLUG]", help="The issue; all when left out.", autocompletion=_complete_issues)
]
OptionalListName = Annotated[
    str,
    typer.Option("--list", metavar="LIST", help="A list's slug, as in `mailer lists`.", autocompletion=_complete_lists),
]
ListNames = Annotated[
    list[str] | None,
    typer.Option(
        "--list",
        metavar="LIST",
        help="Only these lists; may be given several times. Without it: all lists.",
        autocompletion=_complete_lists,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for tools instead of text for people.")]


def current_folder() -> Path:
    """The folder the command was started in."""
    return Path.cwd()


def environment() -> dict[str, str]:
    """The environment the command was started with."""
    return dict(os.environ)
