"""`mailer support`: a report for those who help."""

from pathlib import Path
from typing import Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.options import Json, services
from mailer.cli.output import note, say


def support(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="The new file; else mailer-support-TIME.json in this folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Write a report for those who help: versions, settings, figures, decisions. Changes nothing else.

    No address of anybody, no name of a subscriber or operator, no password and no key is in it. Read it before you pass
    it on all the same: it is short, and names your servers.

    Example: `mailer support --to report.json`
    """
    from mailer.usecases.support import compose_report, write_report

    with services(context) as workspace:
        if json:
            typer.echo(compose_report(workspace), nl=False)
            return
        file = write_report(workspace, to)
    say(msg("settings.report-written", file=file), "green")
    note(msg("settings.read-report-first"))
