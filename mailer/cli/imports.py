"""`mailer subscribers import`: from a spreadsheet to subscribers, with a word on every line."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import Json, OptionalListName, services
from mailer.cli.output import (
    format_count,
    format_duration,
    format_value,
    hint,
    note,
    say,
    show_json,
    show_pairs,
    show_table,
)
from mailer.errors import ExitCode, MailerError, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.subscribers.csv_io import CsvDefaults
    from mailer.subscribers.importing import Change, ImportLine, ImportProgress, ImportReport
    from mailer.subscribers.undoing import Kept

MEANINGS = {
    "new": "put on the list",
    "changed": "facts or basis changed",
    "unchanged": "nothing to do",
    "duplicate": "stood further up for the same list",
    "left": "left the list; not added again",
    "suppressed": "must not be written to; not added",
    "invalid": "refused",
}
REASONS_TO_KEEP = {
    "left": "stay known as having left",
    "suppressed": "stay known as not to be written to",
    "mailed": "were sent mail because of it: stay on the list, with the basis that says why",
    "changed": "have a newer basis: stay on the list",
}
MOST_SHOWN = 500
HIGHEST_ID = 2**63 - 1  # that a database can look for
STEPS = {"reading": "read", "comparing": "compared", "writing": "steps written"}


def add_to(subscribers: typer.Typer) -> None:
    """Register the command."""
    subscribers.command("import")(import_)


def import_(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="CSV files or workbooks, as a spreadsheet saves them."),
    ] = None,
    list_: OptionalListName = "",
    basis: Annotated[
        str, typer.Option(metavar="TEXT", help='Why these people may be written to, as "e: public task, case 24/1234".')
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen, line by line.")] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Take in the good lines although some are refused.")
    ] = False,
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the refused lines to a new file, to correct and import.")
    ] = None,
    undo: Annotated[int | None, typer.Option(metavar="ID", help="Undo the import of this number instead.")] = None,
    json: Json = False,
) -> None:
    """Put the people in CSV files or Excel workbooks on the lists. All or nothing, unless `--skip-invalid`.

    People who left stay out. Example: `mailer subscribers import subscribers/example-agder.csv --dry-run`

    The first line names the columns, in any order, each by one of its names:

    * epost, e-post, e-postadresse, epostadresse, email, e-mail, e-mail address, mail
    * navn, namn, name, fullt navn, fullt namn, full name
    * fornavn, førenamn, first name, given name
    * etternavn, etternamn, last name, surname, family name
    * liste, list, helsefellesskap
    * språk, målform, language, lang
    * rolle, role
    * organisasjon, organisation, organization, virksomhet, verksemd, arbeidssted
    * grunnlag, behandlingsgrunnlag, basis, legal basis
    * status
    """
    if undo is not None and files:
        raise UsageError("an import is undone without files", hint=f"mailer subscribers import --undo {undo}")
    if undo is not None:
        _undo(context, undo, json=json)
        return
    if not files:
        raise UsageError("no file was named", hint="mailer subscribers import FILE, or import --undo ID")
    if refused is not None:
        _check_refused(refused, files)
    with services(context) as workspace:
        from mailer.subscribers.importing import ImportOptions, import_files

        options = ImportOptions(defaults=_defaults(workspace, list_, basis), dry_run=dry_run, skip_invalid=skip_invalid)
        told: list[ImportLine] = []
        with _showing_progress() as progress:
            report = import_files(
                workspace.subscribers,
                workspace.register,
                files,
                options=options,
                progress=progress,
                every_line=told.append if dry_run else None,
            )
    lines = [each for each in told if json or each.outcome != "unchanged"] if dry_run else report.lines
    _show(report, lines, dry_run=dry_run, json=json)
    if refused is not None:
        said = _write_refused(refused, report, list_=list_, basis=basis)
        for each in () if json else said:
            say(each, "cyan")
    if not report.applied and not dry_run:
        raise typer.Exit(ExitCode.REFUSED)


def _undo(context: typer.Context, import_id: int, *, json: bool) -> None:
    from mailer.subscribers.undoing import undo_import

    if abs(import_id) > HIGHEST_ID:
        raise MailerError(f"there is no import {import_id}", hint="An import ends with its number.")
    with services(context) as workspace:
        undone = undo_import(workspace.subscribers, import_id)
    if json:
        show_json({"undone": import_id} | asdict(undone))
        return
    say(f"Import {import_id} is undone.", "green")
    numbers = {"people gone": undone.people, "subscriptions gone": undone.subscriptions, "facts put back": undone.facts}
    why = Counter(each.reason for each in undone.kept)
    show_pairs(
        {label: format_value(number) for label, number in numbers.items()}
        | {f"kept: {reason}": f"{format_value(why[reason])}  {REASONS_TO_KEEP[reason]}" for reason in why}
    )
    if undone.kept:
        _show_kept(undone.kept)


def _show_kept(kept: "Sequence[Kept]") -> None:
    show_table(["Kept", "List", "Why"], [(each.address, each.list, each.reason) for each in kept[:MOST_SHOWN]])
    if len(kept) > MOST_SHOWN:
        say(f"… and {format_value(len(kept) - MOST_SHOWN)} more.", "yellow")
    if any(each.reason in {"mailed", "changed"} for each in kept):
        hint("mailer subscribers remove ADDRESS --list LIST")


def _defaults(workspace: "Services", list_: str, basis: str) -> "CsvDefaults":
    from mailer.subscribers.basis import require_basis
    from mailer.subscribers.csv_io import CsvDefaults
    from mailer.subscribers.identity_numbers import refuse_identity_number
    from mailer.subscribers.register import require_list

    refuse_identity_number(basis, where="--basis")
    chosen = require_list(workspace.register, list_) if list_ else None
    return CsvDefaults(list=chosen, basis=require_basis(basis) if basis else "")


def _show(report: "ImportReport", lines: "Iterable[ImportLine]", *, dry_run: bool, json: bool) -> None:
    from mailer.subscribers.import_model import Outcome

    if json:
        told = [asdict(each) for each in lines]
        show_json({"applied": report.applied, "id": report.id, "counts": report.counts, "lines": told})
        return
    rows = [
        (
            f"{each.file}:{each.line}",
            each.outcome,
            each.address or _as_written(each),
            each.list,
            each.reason or _changes(each),
        )
        for each in lines
    ]
    if rows:
        show_table(["Where", "What", "Address", "List", "Change or reason"], rows[:MOST_SHOWN])
    if len(rows) > MOST_SHOWN:
        say(f"… and {format_value(len(rows) - MOST_SHOWN)} lines more; --json shows them all.", "yellow")
    say("Lines, one for each person and list:")
    show_pairs(
        {outcome: f"{format_value(number):>9}  {MEANINGS[outcome]}" for outcome, number in report.counts.items()}
    )
    if report.applied:
        say(_ending(report), "green")
        if report.id:
            hint(f"mailer subscribers import --undo {report.id}")
    elif dry_run:
        say("Nothing was changed: this was a dry run. Without --dry-run it is done.", "green")
        if report.counts[Outcome.INVALID]:
            hint("The refused lines stop it: correct them, or add --skip-invalid --refused FILE")
    else:
        say("Nothing was changed: correct the lines above, or add --skip-invalid.", "red")


def _ending(report: "ImportReport") -> str:
    from mailer.subscribers.import_model import Outcome

    if not any(report.counts.values()):
        return "Nothing to import: there is no line below the header."
    made = sum(report.counts.get(each, 0) for each in (Outcome.NEW, Outcome.CHANGED))
    return "Imported." if made else "Nothing changed."


def _as_written(line: "ImportLine") -> str:
    return line.cells.get("address", "").strip()[:80]


def _changes(line: "ImportLine") -> str:
    def words(change: "Change") -> str:
        return f"{change.field}: {change.old or '–'} → {change.new}"

    return ", ".join(map(words, line.changes))


def _check_refused(refused: Path, files: list[Path]) -> None:
    """Before anything is imported: afterwards it would be too late."""
    if refused.resolve() in {each.resolve() for each in files}:
        raise MailerError("the refused lines need a file of their own", where=str(refused))
    if not refused.absolute().parent.is_dir():
        raise MailerError("there is no such folder", where=str(refused.parent), hint="Name another file for --refused.")
    if refused.exists():
        what = "this is there already, and somebody may be correcting it; nothing was read, nothing was changed"
        raise MailerError(what, where=str(refused), hint="Give --refused another name, or delete the file first.")


def _write_refused(file: Path, report: "ImportReport", *, list_: str, basis: str) -> tuple[str, ...]:
    """Returns what to say of it; what was said for the whole file must be said again."""
    from mailer.subscribers.refused import write_refused

    lines = [each for each in report.lines if each.outcome == "invalid"]
    if not lines:
        return ("No line was refused, so there is no file of them.",)
    wrote = f"Wrote {format_count(write_refused(file, lines), 'refused line')} to {file}."
    if not report.applied:
        ways = "correct the whole file, or delete this one and add --skip-invalid"
        return (f"{wrote} The others are not in either: {ways}.",)
    given = {"--list": list_, "--basis": basis}
    again = [word for option, value in given.items() if value for word in (option, value)]
    return (
        f"{wrote} Correct what its column årsak names, then",
        f"  {join(['mailer', 'subscribers', 'import', str(file), *again])}",
    )


@contextmanager
def _showing_progress() -> "Iterator[Callable[[ImportProgress], None]]":
    """Give the function an import reports to: a line that is kept up to date, once it takes more than a second."""
    import time

    from rich.console import Console

    screen = Console(stderr=True, highlight=False)
    began = shown = time.monotonic()
    step = ""

    def show(progress: "ImportProgress") -> None:
        nonlocal began, shown, step
        now = time.monotonic()
        if progress.step != step:
            step, began = progress.step, now
        if now - shown < (0.5 if screen.is_terminal else 10):
            return
        shown = now
        text = _progress_line(progress, seconds=now - began)
        if screen.is_terminal:
            screen.print(f"\r{text:<78}", end="")
        else:
            note(text)

    try:
        yield show
    except KeyboardInterrupt:
        note(
            "\nStopped while writing: all of it is in, or nothing."
            if step == "writing"
            else "\nStopped: nothing was changed."
        )
        raise
    finally:
        if screen.is_terminal and shown != began:
            screen.print("\r" + " " * 78 + "\r", end="")


def _progress_line(progress: "ImportProgress", *, seconds: float) -> str:
    rate = progress.done / seconds if seconds > 0 else 0
    of = f" of {format_value(progress.total)}" if progress.total else ""
    line = f"{format_value(progress.done)}{of} {STEPS[progress.step]}"
    if progress.step != "writing" and rate:
        line += f", {format_value(round(rate))} a second"
        if progress.total and progress.total > progress.done:
            line += f", about {format_duration(timedelta(seconds=(progress.total - progress.done) / rate))} left"
    return line
