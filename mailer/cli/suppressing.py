"""`mailer subscribers suppress --file` and `release --file`: many addresses at once, each accounted for."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.options import services
from mailer.cli.output import (
    MOST_SHOWN,
    hint,
    say,
    show_commands,
    show_counts,
    show_json,
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

FATES = {
    "suppressed": partial(msg, "register.fate-suppressed"),
    "released": partial(msg, "register.fate-released"),
    "already": partial(msg, "register.fate-already"),
    "left_alone": partial(msg, "register.fate-left-alone"),
    "duplicate": partial(msg, "register.fate-duplicate"),
    "invalid": partial(msg, "register.fate-invalid"),
}
MEANINGS = {
    "suppressed": partial(msg, "register.means-suppressed-now"),
    "released": partial(msg, "register.means-released-now"),
    "already": partial(msg, "register.means-suppressed-before"),
    "left_alone": partial(msg, "register.means-left-alone"),
    "duplicate": partial(msg, "register.means-stood-further-up"),
    "invalid": partial(msg, "register.means-refused"),
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
        raise UsageError(msg("register.which-suppressions"), hint=msg("register.add-noted"))
    with services(context) as workspace:
        slug = require_list(workspace.register, list_).slug if list_ else None
        report = release_file(workspace.subscribers, file, note=reason, noted=noted, list_slug=slug, dry_run=dry_run)
    _show(report, dry_run=dry_run, json=json)


def _show(report: "ManyReport", *, dry_run: bool, json: bool, undo: str = "") -> None:
    from mailer.subscribers.imports.suppressing import Fate

    counts = {fate.value: number for fate in Fate if (number := report.count(fate))}
    if json:
        from mailer.subscribers.imports.reasons import reason_as_json

        lines = [asdict(each) | reason_as_json(each.reason) for each in report.lines]
        show_json({"applied": report.applied, "counts": counts, "lines": lines})
    else:
        _show_lines(report, every=dry_run)
        show_counts((FATES[fate](), number, MEANINGS[fate]()) for fate, number in counts.items())
        known = [each for each in report.lines if each.fate in {Fate.SUPPRESSED, Fate.RELEASED} and each.is_known]
        say(msg("register.known-here", count=len(known)))
        _show_ending(report, dry_run=dry_run, undo=undo)
    if report.count(Fate.INVALID):
        raise typer.Exit(ExitCode.REFUSED)


def _show_lines(report: "ManyReport", *, every: bool) -> None:
    """Print lines; people whom a file takes off a list, and refused lines, are always named."""
    told = [each for each in report.lines if every or each.fate == "invalid" or each.lists]
    rows = [(str(each.line), FATES[each.fate](), each.address, _more(each.lists, each.reason)) for each in told]
    if rows:
        columns = [msg("register.line"), msg("register.what"), msg("register.address")]
        show_table([*columns, msg("register.leaves-or-reason")], rows[:MOST_SHOWN], folding=[3])
        if len(rows) > MOST_SHOWN:
            say(msg("register.more-lines", number=len(rows) - MOST_SHOWN), "yellow")
        say()


def _more(lists: tuple[str, ...], reason: str) -> str:
    return msg("register.leaves-lists", lists=", ".join(lists)) if lists else reason


def _show_ending(report: "ManyReport", *, dry_run: bool, undo: str) -> None:
    from mailer.subscribers.imports.suppressing import Fate

    if dry_run and not report.count(Fate.INVALID):
        say(msg("register.dry-run"), "green")
    elif not report.applied:
        say(msg("register.correct-the-lines"), "red")
    elif number := report.count(Fate.SUPPRESSED):
        say(msg("register.addresses-suppressed", count=number), "green")
        show_commands([(undo, msg("register.undoes-it"))] if undo else [])
    elif number := report.count(Fate.RELEASED):
        say(msg("register.addresses-released", count=number), "green")
        hint(msg("register.to-add-again"))
    else:
        say(msg("register.nothing-changed"), "green")
