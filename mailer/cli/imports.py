"""`mailer subscribers import`: from a spreadsheet to subscribers, with a word on every line."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import Json, OneList, one_list, services
from mailer.cli.output import (
    MOST_SHOWN,
    console,
    format_count,
    format_time_left,
    format_value,
    hint,
    note,
    say,
    show_commands,
    show_json,
    show_pairs,
    show_table,
)
from mailer.errors import ExitCode, MailerError, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.subscribers.facts.changes import Change
    from mailer.subscribers.files.columns import RowDefaults
    from mailer.subscribers.imports.importing import ImportLine, ImportOptions, ImportProgress, ImportReport
    from mailer.subscribers.imports.undoing import Kept

MEANINGS = {
    "new": "put on the list",
    "changed": "facts or basis changed",
    "unchanged": "nothing to do",
    "leaves": "on the list until now; the file says that no mail is wanted",
    "kept_out": "not on the list; the file says that no mail is wanted, which is remembered",
    "duplicate": "another line for the same list holds",
    "left": "left before; not added again",
    "suppressed": "must not be written to; not added",
    "invalid": "refused",
}
REASONS_TO_KEEP = {
    "left": "stay known as having left",
    "suppressed": "stay known as not to be written to",
    "mailed": "were sent mail because of it: stay on the list, with the basis that says why",
    "changed": "have a newer basis: stay on the list",
    "edited": "were corrected or moved since: stay on the list",
}
SECONDS_BETWEEN_PICTURES, SECONDS_BETWEEN_LINES = 0.5, 10
HIGHEST_ID = 2**63 - 1  # that a database can look for
STEPS = {"reading": "read", "comparing": "compared", "writing": "steps written"}


def import_(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="CSV files or workbooks, as a spreadsheet saves them."),
    ] = None,
    lists: OneList = None,
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

    People who left stay out; who left elsewhere, as the status of a line says, is remembered.

    Example: `mailer subscribers import subscribers/example-agder.csv --dry-run`

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
    * status, abonnementsstatus, subscription status, email status: active (aktiv), pending (på vent), unsubscribed
      (avmeldt) or suppressed (sperret); nothing is active
    * yes or no: subscribed, påmeldt, påmeld, subscribed to emails, subscribed_to_emails, is subscribed
    * yes, no or the day: unsubscribed, avmeldt, avmeld, utmeldt, reservert, opted out, opt-out, opt out, email opt out,
      unsubscribed at, unsub_time

    Who wants no mail, as one of these says, needs no basis, and no list when that holds for all of them.
    """
    if undo is not None:
        if files or lists or basis or skip_invalid or refused:
            raise UsageError(
                "an import is undone as it was", hint=f"mailer subscribers import --undo {undo} [--dry-run]"
            )
        _undo(context, undo, dry_run=dry_run, json=json)
        return
    list_ = one_list(lists)
    if not files:
        raise UsageError("no file was named", hint="mailer subscribers import FILE, or import --undo ID")
    if refused is not None:
        _check_refused(refused, files)
    with services(context) as workspace:
        from mailer.subscribers.imports.importing import ImportOptions, import_files

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
    _show(report, lines, options=options, json=json)
    if refused is not None:
        said, command = _write_refused(refused, report, list_=list_, basis=basis)
        if not json:
            say(said, "cyan")
            show_commands([(command, "")] if command else [])
    if not report.applied and not dry_run:
        raise typer.Exit(ExitCode.REFUSED)


def _undo(context: typer.Context, import_id: int, *, dry_run: bool, json: bool) -> None:
    from mailer.subscribers.imports.undoing import undo_import

    if abs(import_id) > HIGHEST_ID:
        raise MailerError(f"there is no import {import_id}", hint="An import ends with its number.")
    with services(context) as workspace:
        undone = undo_import(workspace.subscribers, import_id, dry_run=dry_run)
    if json:
        show_json({"undone": None if dry_run else import_id} | asdict(undone))
        return
    if dry_run:
        say(f"This was a dry run: nothing was changed. Without --dry-run import {import_id} is undone.", "yellow")
    else:
        say(f"Import {import_id} is undone.", "green")
    numbers = {"people gone": undone.people, "subscriptions gone": undone.subscriptions, "facts put back": undone.facts}
    numbers |= {"opt-outs taken back": undone.opt_outs} if undone.opt_outs else {}
    why = Counter(each.reason for each in undone.kept)
    show_pairs(
        {label: format_value(number) for label, number in numbers.items()}
        | {f"kept: {reason}": f"{format_value(why[reason])}  {REASONS_TO_KEEP[reason]}" for reason in why}
    )
    if undone.kept:
        _show_kept(undone.kept)


def _show_kept(kept: "Sequence[Kept]") -> None:
    say()
    rows = [(each.address, each.list, each.reason) for each in kept[:MOST_SHOWN]]
    show_table(["Kept", "List", "Why"], rows, folding=[])
    if len(kept) > MOST_SHOWN:
        say(f"… and {format_value(len(kept) - MOST_SHOWN)} more.", "yellow")
    if any(each.reason in {"mailed", "changed", "edited"} for each in kept):
        hint("mailer subscribers remove ADDRESS --list LIST")


def _defaults(workspace: "Services", list_: str, basis: str) -> "RowDefaults":
    from mailer.subscribers.facts.basis import require_basis
    from mailer.subscribers.facts.identity_numbers import refuse_identity_number
    from mailer.subscribers.files.columns import RowDefaults
    from mailer.subscribers.register import require_list

    refuse_identity_number(basis, where="--basis")
    chosen = require_list(workspace.register, list_) if list_ else None
    return RowDefaults(list=chosen, basis=require_basis(basis) if basis else "")


def _show(report: "ImportReport", lines: "Iterable[ImportLine]", *, options: "ImportOptions", json: bool) -> None:
    from mailer.subscribers.imports.model import Outcome

    if json:
        told = [asdict(each) for each in lines]
        show_json({"applied": report.applied, "id": report.id, "counts": report.counts, "lines": told})
        return
    _show_lines(list(lines))
    say("Lines, one for each person and list:")
    show_pairs(
        {in_words(each): f"{format_value(number):>9}  {MEANINGS[each]}" for each, number in report.counts.items()}
    )
    if options.dry_run:
        _show_dry_run(report, skip_invalid=options.skip_invalid)
    elif report.applied:
        say(_ending(report), "yellow" if report.counts[Outcome.INVALID] else "green")
        if report.id:
            hint(f"mailer subscribers import --undo {report.id}")
    else:
        say("Nothing was changed: correct the lines above, or add --skip-invalid.", "red")


def _show_lines(lines: "Sequence[ImportLine]") -> None:
    names = _file_names({each.file for each in lines})
    rows = [
        (
            f"{names[each.file]}:{each.line}",
            in_words(each.outcome),
            each.address or _as_written(each),
            each.list,
            each.reason or _changes(each),
        )
        for each in lines[:MOST_SHOWN]
    ]
    if rows:
        show_table(["Where", "What", "Address", "List", "Change or reason"], rows, folding=[4])
    if len(lines) > MOST_SHOWN:
        say(f"… and {format_value(len(lines) - MOST_SHOWN)} lines more; --json shows them all.", "yellow")
    if any(each.reason.startswith("there is no list") for each in lines):
        show_commands([("mailer lists", "the lists there are")])
    if lines:
        say()


def in_words(outcome: str) -> str:
    """An outcome as people read it."""
    return outcome.replace("_", " ")


def _file_names(files: set[str]) -> dict[str, str]:
    """Return the name of each file: for people without the folder, where no two have the same."""
    names = {each: Path(each).name for each in files}
    is_clear = len(set(names.values())) == len(files)
    return names if is_clear and console().is_terminal else {each: each for each in files}


def _show_dry_run(report: "ImportReport", *, skip_invalid: bool) -> None:
    from mailer.subscribers.imports.model import Outcome

    refused = report.counts[Outcome.INVALID]
    if not refused:
        say("Nothing was changed: this was a dry run. Without --dry-run it is done.", "green")
        return
    stops = f"stop: {format_count(refused, 'line is', 'lines are')} refused"
    would = f"leave out {format_count(refused, 'refused line')}" if skip_invalid else stops
    say(f"Nothing was changed: this was a dry run, and an import would {would}.", "yellow")
    hint(f"Correct them, or add {'--refused FILE to keep them' if skip_invalid else '--skip-invalid --refused FILE'}.")


def _ending(report: "ImportReport") -> str:
    from mailer.subscribers.imports.model import Outcome

    if not any(report.counts.values()):
        return "Nothing to import: there is no line below the header."
    made, refused = report.counts[Outcome.NEW] + report.counts[Outcome.CHANGED], report.counts[Outcome.INVALID]
    opt_outs = report.counts[Outcome.LEAVES] + report.counts[Outcome.KEPT_OUT]
    said = f"Imported {format_count(made, 'line')}" if made else "" if opt_outs else "Nothing changed"
    if opt_outs:
        said += f"{'; t' if made else 'T'}ook over {format_count(opt_outs, 'opt-out')}"
    return f"{said}; {format_value(refused)} refused." if refused else f"{said}."


def _as_written(line: "ImportLine") -> str:
    return line.cells.get("address", "").strip()[:80]


def _changes(line: "ImportLine") -> tuple[str, ...]:
    def words(change: "Change") -> str:
        return f"{change.field}: {change.old or '–'} → {change.new}"

    return tuple(map(words, line.changes))


def _check_refused(refused: Path, files: list[Path]) -> None:
    """Refuse a file for refused lines that cannot be written, before anything is imported."""
    if refused.resolve() in {each.resolve() for each in files}:
        raise MailerError("the refused lines need a file of their own", where=str(refused))
    if not refused.absolute().parent.is_dir():
        raise MailerError("there is no such folder", where=str(refused.parent), hint="Name another file for --refused.")
    if refused.exists():
        what = "this is there already, and somebody may be correcting it; nothing was read, nothing was changed"
        raise MailerError(what, where=str(refused), hint="Give --refused another name, or delete the file first.")


def _write_refused(file: Path, report: "ImportReport", *, list_: str, basis: str) -> tuple[str, str]:
    """Write the refused lines; return what to say of it, and the command that imports them again."""
    from mailer.subscribers.imports.refused import write_refused

    lines = [each for each in report.lines if each.outcome == "invalid"]
    if not lines:
        return "No line was refused, so there is no file of them.", ""
    wrote = f"Wrote {format_count(write_refused(file, lines), 'refused line')} to {file}."
    if not report.applied:
        ways = "correct the whole file, or delete this one and add --skip-invalid"
        return f"{wrote} The others are not in either: {ways}.", ""
    given = {"--list": list_, "--basis": basis}
    again = [word for option, value in given.items() if value for word in (option, value)]
    command = join(["mailer", "subscribers", "import", str(file), *again])
    return f"{wrote} Correct what its column årsak names, then", command


@contextmanager
def _showing_progress() -> "Iterator[Callable[[ImportProgress], None]]":
    """Give the function an import reports to: a line that is kept up to date, once there is something to wait for."""
    import time

    step = ""
    try:
        with _line_that_changes() as (tell, seconds_between):
            began = shown = time.monotonic()

            def show(progress: "ImportProgress") -> None:
                nonlocal began, shown, step
                now = time.monotonic()
                if progress.step != step:
                    step, began = progress.step, now
                if now - shown >= seconds_between:
                    shown = now
                    tell(_progress_line(progress, seconds=now - began))

            yield show
    except KeyboardInterrupt:
        note(
            "\nStopped while writing: all of it is in, or nothing. The same import again says which."
            if step == "writing"
            else "\nStopped: nothing was changed."
        )
        raise


@contextmanager
def _line_that_changes() -> "Iterator[tuple[Callable[[str], None], float]]":
    """Give the function that shows a line in place of the one before, and how many seconds apart it should be called.

    On a terminal nothing of it is left in the end. Elsewhere the lines follow one another, and come seldom.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    screen = Console(stderr=True, highlight=False)
    if not screen.is_interactive:
        yield note, SECONDS_BETWEEN_LINES
        return
    with ExitStack() as stack:
        live = Live(console=screen, auto_refresh=False, transient=True)

        def tell(text: str) -> None:
            if not live.is_started:
                stack.enter_context(live)
            live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)

        yield tell, SECONDS_BETWEEN_PICTURES


def _progress_line(progress: "ImportProgress", *, seconds: float) -> str:
    rate = progress.done / seconds if seconds > 0 else 0
    of = f" of {format_value(progress.total)}" if progress.total else ""
    line = f"{format_value(progress.done)}{of} {STEPS[progress.step]}"
    if progress.step != "writing" and rate:
        line += f", {format_value(round(rate))} a second"
        if progress.total and progress.total > progress.done:
            line += f", {format_time_left((progress.total - progress.done) / rate)}"
    return line
