"""`mailer subscribers import`: from a spreadsheet's CSV to subscribers, with a word on every line."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import Json, OptionalListName, services
from mailer.cli.output import hint, say, show_json, show_pairs, show_table
from mailer.errors import ExitCode, MailerError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.subscribers.csv_io import CsvDefaults
    from mailer.subscribers.importing import Change, ImportReport

MEANINGS = {
    "new": "will get mail",
    "changed": "facts corrected",
    "unchanged": "nothing to do",
    "duplicate": "twice in the file",
    "left": "left the list; not added again",
    "suppressed": "must not be written to; not added",
    "invalid": "refused",
}


def add_to(subscribers: typer.Typer) -> None:
    """Register the command."""
    subscribers.command("import")(import_)


def import_(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="CSV files, as a spreadsheet saves them.")],
    list_: OptionalListName = "",
    basis: Annotated[
        str, typer.Option(help='Why these people may be written to, as "e: public task, case 24/1234".')
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Take in the good lines although some are refused.")
    ] = False,
    json: Json = False,
) -> None:
    """Put the people in CSV files on the lists. All or nothing, unless `--skip-invalid`.

    Columns, in any order: epost, navn, liste, språk, rolle, organisasjon, grunnlag (or their English names).
    People who left stay out. Example: `mailer subscribers import subscribers/example-agder.csv --dry-run`
    """
    with services(context) as workspace:
        from mailer.subscribers.importing import ImportOptions, import_files

        options = ImportOptions(defaults=_defaults(workspace, list_, basis), dry_run=dry_run, skip_invalid=skip_invalid)
        report = import_files(workspace.subscribers, workspace.register, files, options=options)
    _show(report, files, dry_run=dry_run, json=json)
    if not report.applied and not dry_run:
        raise typer.Exit(ExitCode.REFUSED)


def _defaults(workspace: "Services", list_: str, basis: str) -> "CsvDefaults":
    from mailer.subscribers.csv_io import CsvDefaults
    from mailer.subscribers.register import nearest_list

    chosen = workspace.register.find(list_) if list_ else None
    if list_ and chosen is None:
        raise MailerError(f"there is no list {list_!r}", hint=nearest_list(workspace.register, list_))
    return CsvDefaults(list=chosen, basis=basis)


def _show(report: "ImportReport", files: list[Path], *, dry_run: bool, json: bool) -> None:
    if json:
        lines = [asdict(each) for each in report.lines]
        show_json({"applied": report.applied, "counts": report.counts, "lines": lines})
        return
    rows = [
        (f"{each.file}:{each.line}", each.outcome, each.address, each.reason or _changes(each.changes))
        for each in report.lines
    ]
    if rows:
        show_table(["Where", "What", "Address", "Why"], rows)
    show_pairs({outcome: f"{number:>7}  {MEANINGS[outcome]}" for outcome, number in report.counts.items()})
    if report.applied:
        say("Imported.", "green")
    elif dry_run:
        say("Nothing was changed: this was a dry run.", "green")
    else:
        say("Nothing was changed: correct the lines above, or add --skip-invalid.", "red")
    if dry_run:
        hint(f"mailer subscribers import {' '.join(map(str, files))}")


def _changes(changes: "Iterable[Change]") -> str:
    return ", ".join(f"{each.field}: {each.old or '–'} → {each.new}" for each in changes)
