"""`mailer subscribers suppress --file` and `release --file`: many addresses at once, each accounted for."""

from dataclasses import asdict
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import services
from mailer.cli.output import (
    MOST_SHOWN,
    format_count,
    format_value,
    hint,
    say,
    show_commands,
    show_json,
    show_pairs,
    show_table,
)
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.subscribers.imports.suppressing import ManyReport

MaybeAddress = Annotated[str, typer.Argument(metavar="[ADDRESS]", help="The e-mail address.", show_default=False)]
AddressFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="A CSV file, a workbook, or one address on each line, instead."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --file: only say what would happen.")]

MEANINGS = {
    "suppressed": "must not be written to from now on",
    "released": "may be added anew",
    "already": "suppressed before; nothing changes",
    "left_alone": "not suppressed for that reason; nothing changes",
    "duplicate": "stood further up",
    "invalid": "refused",
}


def suppress_many(context: typer.Context, file: Path, *, reason: str, list_: str, dry_run: bool, json: bool) -> None:
    """Suppress the addresses of a file and say what became of each."""
    from mailer.subscribers.imports.suppressing import suppress_file
    from mailer.subscribers.register import require_list

    with services(context) as workspace:
        slug = require_list(workspace.register, list_).slug if list_ else None
        report = suppress_file(workspace.subscribers, file, note=reason, list_slug=slug, dry_run=dry_run)
    undo = ["mailer", "subscribers", "release", "--file", str(file), *(["--list", slug] if slug else [])]
    undo += ["--noted", reason, "--reason", "TEXT"]
    _show(report, dry_run=dry_run, json=json, undo=join(undo))


def release_many(
    context: typer.Context, file: Path, *, reason: str, noted: str, list_: str, dry_run: bool, json: bool
) -> None:
    """Release the addresses of a file that were suppressed by hand for one reason, and say what became of each."""
    from mailer.subscribers.imports.suppressing import release_file
    from mailer.subscribers.register import require_list

    if not noted:
        raise UsageError(
            "nothing says which suppressions are meant",
            hint='Add --noted "the reason they were suppressed for"; mailer subscribers show ADDRESS shows it.',
        )
    with services(context) as workspace:
        slug = require_list(workspace.register, list_).slug if list_ else None
        report = release_file(workspace.subscribers, file, note=reason, noted=noted, list_slug=slug, dry_run=dry_run)
    _show(report, dry_run=dry_run, json=json)


def _show(report: "ManyReport", *, dry_run: bool, json: bool, undo: str = "") -> None:
    from mailer.subscribers.imports.suppressing import Fate

    counts = {fate.value: number for fate in Fate if (number := report.count(fate))}
    if json:
        show_json({"applied": report.applied, "counts": counts, "lines": [asdict(each) for each in report.lines]})
    else:
        _show_lines(report, every=dry_run)
        show_pairs(
            {fate.replace("_", " "): f"{format_value(number):>9}  {MEANINGS[fate]}" for fate, number in counts.items()}
        )
        known = [each for each in report.lines if each.fate in {Fate.SUPPRESSED, Fate.RELEASED} and each.is_known]
        say(
            f"Known here: {format_count(len(known), 'address', 'addresses')}; the others are kept as keyed hashes only."
        )
        _show_ending(report, dry_run=dry_run, undo=undo)
    if not report.applied and not dry_run:
        raise typer.Exit(ExitCode.REFUSED)


def _show_lines(report: "ManyReport", *, every: bool) -> None:
    """Print lines; people whom a file takes off a list, and refused lines, are always named."""
    told = [each for each in report.lines if every or each.fate == "invalid" or each.lists]
    rows = [
        (str(each.line), each.fate.replace("_", " "), each.address, _more(each.lists, each.reason)) for each in told
    ]
    if rows:
        show_table(["Line", "What", "Address", "Leaves or reason"], rows[:MOST_SHOWN], folding=[3])
        if len(rows) > MOST_SHOWN:
            say(f"… and {format_value(len(rows) - MOST_SHOWN)} lines more; --json shows them all.", "yellow")
        say()


def _more(lists: tuple[str, ...], reason: str) -> str:
    return f"leaves {', '.join(lists)}" if lists else reason


def _show_ending(report: "ManyReport", *, dry_run: bool, undo: str) -> None:
    from mailer.subscribers.imports.suppressing import Fate

    if dry_run:
        say("Nothing was changed: this was a dry run. Without --dry-run it is done.", "green")
    elif not report.applied:
        say("Nothing was changed: correct the lines above.", "red")
    elif report.count(Fate.SUPPRESSED):
        say(f"Suppressed {format_count(report.count(Fate.SUPPRESSED), 'address', 'addresses')}.", "green")
        show_commands([(undo, "undoes it; who got mail must be added anew")] if undo else [])
    elif report.count(Fate.RELEASED):
        say(f"Released {format_count(report.count(Fate.RELEASED), 'address', 'addresses')}.", "green")
        hint("mailer subscribers add ADDRESS --list LIST --basis TEXT --again")
    else:
        say("Nothing changed.", "green")
