"""`mailer init` and `mailer new`: a new workspace, a new issue."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.language import language
from mailer.cli.options import services, today
from mailer.cli.output import hint, say


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; it must be new or empty.")],
) -> None:
    """Make a new workspace: a commented config.toml, templates, the register of lists, room for issues.

    Example: `mailer init my-newsletter`
    """
    from mailer.usecases.creation import init_workspace

    init_workspace(folder)
    say(msg("issues.made-workspace", folder=folder), "green")
    hint(f"cd {quote(str(folder))}")
    hint(f"mailer new {today():%Y-%m}")


def new(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The new issue, such as 2024-02.")],
    from_: Annotated[
        str, typer.Option("--from", metavar="SLUG", help="The issue to start from; else the latest.")
    ] = "",
    is_note: Annotated[
        bool, typer.Option("--note", help="Begin a short letter, such as a correction: dated today, without items.")
    ] = False,
) -> None:
    """Begin the next issue from the last one: frame, standing links, the dates promised there. Overwrites nothing.

    Example: `mailer new 2024-02 --from 2023-12`
    """
    from mailer.usecases.next_issue import new_issue

    changes: list[str] = []
    with services(context) as workspace:
        folder = new_issue(
            workspace.settings.paths.issues,
            slug,
            template_from=from_ or None,
            is_note=is_note,
            today=today(),
            comments_in=language(),
            announce=changes.append,
        )
    say(msg("issues.made-issue", folder=folder), "green")
    for each in changes:
        say(each)
    hint(f"mailer check {slug}")
    hint(f"mailer preview {slug}")
