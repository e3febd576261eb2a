"""`mailer subscribers import`: from a spreadsheet to subscribers, with a word on every line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import Message, msg
from mailer.cli.import_progress import showing_progress
from mailer.cli.language import language
from mailer.cli.options import Json, OneList, one_list, services
from mailer.cli.output import (
    MOST_SHOWN,
    console,
    hint,
    say,
    show_commands,
    show_counts,
    show_table,
    stream_json,
)
from mailer.cli.register_words import NOTHING, change_in_words, scope_in_words
from mailer.errors import ExitCode, MailerError, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.subscribers.files.columns import RowDefaults
    from mailer.subscribers.imports.importing import ImportLine, ImportOptions, ImportReport
    from mailer.subscribers.imports.kept import Kept
    from mailer.subscribers.imports.undoing import LaterImport

OUTCOMES = {
    "new": partial(msg, "register.outcome-new"),
    "changed": partial(msg, "register.outcome-changed"),
    "unchanged": partial(msg, "register.outcome-unchanged"),
    "leaves": partial(msg, "register.outcome-leaves"),
    "kept_out": partial(msg, "register.outcome-kept-out"),
    "duplicate": partial(msg, "register.outcome-duplicate"),
    "left": partial(msg, "register.outcome-left"),
    "suppressed": partial(msg, "register.outcome-suppressed"),
    "invalid": partial(msg, "register.outcome-invalid"),
}
MEANINGS = {
    "new": partial(msg, "register.means-new"),
    "changed": partial(msg, "register.means-changed"),
    "unchanged": partial(msg, "register.means-unchanged"),
    "leaves": partial(msg, "register.means-leaves"),
    "kept_out": partial(msg, "register.means-kept-out"),
    "duplicate": partial(msg, "register.means-duplicate"),
    "left": partial(msg, "register.means-left"),
    "suppressed": partial(msg, "register.means-suppressed"),
    "invalid": partial(msg, "register.means-refused"),
}
WHY_KEPT = {
    "left": partial(msg, "register.kept-left"),
    "suppressed": partial(msg, "register.kept-suppressed"),
    "mailed": partial(msg, "register.kept-mailed"),
    "changed": partial(msg, "register.kept-changed"),
    "edited": partial(msg, "register.kept-edited"),
    "held": partial(msg, "register.kept-held"),
}
REASONS_TO_KEEP = {
    "left": partial(msg, "register.stay-as-left"),
    "suppressed": partial(msg, "register.stay-as-suppressed"),
    "mailed": partial(msg, "register.stay-as-mailed"),
    "changed": partial(msg, "register.stay-on-newer-basis"),
    "edited": partial(msg, "register.stay-as-edited"),
    "held": partial(msg, "register.stay-as-held"),
}
HIGHEST_ID = 2**63 - 1  # that a database can look for


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
            hint_ = f"mailer subscribers import --undo {undo} [--dry-run]"
            raise UsageError(msg("register.undone-as-it-was"), hint=hint_)
        _undo(context, undo, dry_run=dry_run, json=json)
        return
    list_ = one_list(lists)
    if not files:
        raise UsageError(msg("register.no-file-named"), hint=msg("register.import-or-undo"))
    if refused is not None:
        _check_refused(refused, files)
    with services(context) as workspace:
        from mailer.subscribers.imports.importing import ImportOptions, Outcome, import_files
        from mailer.subscribers.imports.spilled import SpilledLines

        options = ImportOptions(defaults=_defaults(workspace, list_, basis), dry_run=dry_run, skip_invalid=skip_invalid)
        told = SpilledLines()

        def tell(line: "ImportLine") -> None:
            if json or line.outcome != "unchanged" or line.reason:
                told.append(line)

        with showing_progress() as progress:
            report = import_files(
                workspace.subscribers,
                workspace.register,
                files,
                options=options,
                progress=progress,
                every_line=tell if dry_run else None,
            )
    _show(report, told if dry_run else report.lines, options=options, json=json)
    if refused is not None:
        said, command = _write_refused(refused, report, list_=list_, basis=basis)
        if not json:
            say(said, "cyan")
            show_commands([(command, "")] if command else [])
    if report.counts[Outcome.INVALID] and not skip_invalid:
        raise typer.Exit(ExitCode.REFUSED)


def _undo(context: typer.Context, import_id: int, *, dry_run: bool, json: bool) -> None:
    from mailer.subscribers.imports.undoing import forget_removed, undo_import

    if abs(import_id) > HIGHEST_ID:
        raise MailerError(
            msg("register.no-such-import", number=str(import_id)), hint=msg("register.import-ends-with-it")
        )
    with services(context) as workspace:
        undone = undo_import(workspace.subscribers, import_id, dry_run=dry_run)
        is_scrubbed = not dry_run and forget_removed(workspace.subscribers)
    if json:
        head: dict[str, Any] = {"undone": None if dry_run else import_id, "is_scrubbed": is_scrubbed}
        head |= asdict(replace(undone, kept=()))
        del head["kept"]  # any number: told one after the other
        stream_json(head, "kept", map(asdict, undone.kept))
        return
    if dry_run:
        say(msg("register.undo-dry-run", number=str(import_id)), "yellow")
    else:
        say(msg("register.import-is-undone", number=str(import_id)), "green")
    kept = Counter(each.reason for each in undone.kept)
    show_counts(
        [
            (msg("register.people-gone"), undone.people, ""),
            (msg("register.subscriptions-gone"), undone.subscriptions, ""),
            (msg("register.facts-put-back"), undone.facts, ""),
            *([(msg("register.opt-outs-taken-back"), undone.opt_outs, "")] if undone.opt_outs else []),
            *(
                (msg("register.kept-because", reason=WHY_KEPT[reason]()), number, REASONS_TO_KEEP[reason]())
                for reason, number in kept.items()
            ),
        ]
    )
    if undone.kept:
        _show_kept(undone.kept)
    if undone.later:
        _show_later(undone.later)
    if not (dry_run or is_scrubbed):
        say(msg("register.undone-not-rewritten"), "yellow")
        hint("mailer subscribers purge")


def _show_kept(kept: "Sequence[Kept]") -> None:
    say()
    rows = [(each.address, each.list, WHY_KEPT[each.reason]()) for each in kept[:MOST_SHOWN]]
    show_table([msg("register.kept"), msg("register.list"), msg("register.why")], rows, folding=[])
    if len(kept) > MOST_SHOWN:
        say(msg("register.and-more", number=len(kept) - MOST_SHOWN), "yellow")
    if any(each.reason in {"mailed", "changed", "edited"} for each in kept):
        hint(msg("register.to-remove"))


def _show_later(later: "Sequence[LaterImport]") -> None:
    for each in later:
        files = ", ".join(each.files)
        say(msg("register.later-file", number=str(each.id), files=files, at=each.at, lines=each.lines), "yellow")
    hint(msg("register.import-later-file-again"))


def _defaults(workspace: "Services", list_: str, basis: str) -> "RowDefaults":
    from mailer.subscribers.facts.basis import require_basis
    from mailer.subscribers.facts.identity_numbers import refuse_identity_number
    from mailer.subscribers.files.columns import RowDefaults
    from mailer.subscribers.register import require_list

    refuse_identity_number(basis, where="--basis")
    chosen = require_list(workspace.register, list_) if list_ else None
    return RowDefaults(list=chosen, basis=require_basis(basis) if basis else "")


def _show(report: "ImportReport", lines: "Sequence[ImportLine]", *, options: "ImportOptions", json: bool) -> None:
    from mailer.subscribers.imports.model import Outcome

    if json:
        from mailer.subscribers.imports.reasons import reason_as_json

        told = (asdict(each) | reason_as_json(each.reason) for each in lines)
        stream_json({"applied": report.applied, "id": report.id, "counts": report.counts}, "lines", told)
        return
    _show_lines(lines)
    say(msg("register.lines-of-import"))
    show_counts((OUTCOMES[each](), number, MEANINGS[each]()) for each, number in report.counts.items())
    if options.dry_run:
        _show_dry_run(report, skip_invalid=options.skip_invalid)
    elif report.applied:
        say(_ending(report), "yellow" if report.counts[Outcome.INVALID] else "green")
        if report.id:
            hint(f"mailer subscribers import --undo {report.id}")
    else:
        say(msg("register.correct-or-skip"), "red")


def _show_lines(lines: "Sequence[ImportLine]") -> None:
    names = _file_names({each.file for each in lines})
    rows = [
        (
            f"{names[each.file]}:{each.line}",
            OUTCOMES[each.outcome](),
            each.address or _as_written(each),
            scope_in_words(each.list),
            (*_changes(each), each.reason) if each.reason else _changes(each),
        )
        for each in lines[:MOST_SHOWN]
    ]
    if rows:
        columns = [msg("register.where"), msg("register.what"), msg("register.address"), msg("register.list")]
        show_table([*columns, msg("register.change-or-reason")], rows, folding=[4])
    if len(lines) > MOST_SHOWN:
        say(msg("register.more-lines", number=len(lines) - MOST_SHOWN), "yellow")
    if any(each.reason.startswith("there is no list") for each in lines):
        show_commands([("mailer lists", msg("register.lists-there-are"))])
    if lines:
        say()


def _file_names(files: set[str]) -> dict[str, str]:
    """Return the name of each file: for people without the folder, where no two have the same."""
    names = {each: Path(each).name for each in files}
    is_clear = len(set(names.values())) == len(files)
    return names if is_clear and console().is_terminal else {each: each for each in files}


def _show_dry_run(report: "ImportReport", *, skip_invalid: bool) -> None:
    from mailer.subscribers.imports.model import Outcome

    refused = report.counts[Outcome.INVALID]
    if not refused:
        say(msg("register.dry-run"), "green")
    elif skip_invalid:
        say(msg("register.dry-run-leaves-out", count=refused), "yellow")
        hint(msg("register.correct-or-keep"))
    else:
        say(msg("register.dry-run-stops", count=refused), "yellow")
        hint(msg("register.correct-or-skip-and-keep"))


def _ending(report: "ImportReport") -> Message:
    from mailer.subscribers.imports.model import Outcome

    if not any(report.counts.values()):
        return msg("register.nothing-to-import")
    made, refused = report.counts[Outcome.NEW] + report.counts[Outcome.CHANGED], report.counts[Outcome.INVALID]
    opt_outs = report.counts[Outcome.LEAVES] + report.counts[Outcome.KEPT_OUT]
    done = _imported(made, opt_outs)
    return msg("register.some-refused", done=done, refused=refused) if refused else msg("register.done", done=done)


def _imported(made: int, opt_outs: int) -> Message:
    lines, taken_over = msg("register.lines", count=made), msg("register.opt-outs", count=opt_outs)
    if made and opt_outs:
        return msg("register.imported-and-took-over", lines=lines, opt_outs=taken_over)
    if opt_outs:
        return msg("register.took-over", opt_outs=taken_over)
    return msg("register.imported", lines=lines) if made else msg("register.imported-nothing")


def _as_written(line: "ImportLine") -> str:
    return line.cells.get("address", "").strip()[:80]


def _changes(line: "ImportLine") -> tuple[str, ...]:
    return tuple(change_in_words(each.field, each.old or NOTHING, each.new) for each in line.changes)


def _check_refused(refused: Path, files: list[Path]) -> None:
    """Refuse a file for refused lines that cannot be written, before anything is imported."""
    if refused.resolve() in {each.resolve() for each in files}:
        hint_ = msg("register.another-file-for-refused")
        raise MailerError(msg("register.file-of-their-own"), where=str(refused), hint=hint_)
    if not refused.absolute().parent.is_dir():
        hint_ = msg("register.another-file-for-refused")
        raise MailerError(msg("register.no-such-folder"), where=str(refused.parent), hint=hint_)
    if refused.exists():
        hint_ = msg("register.another-name-or-delete")
        raise MailerError(msg("register.refused-is-there"), where=str(refused), hint=hint_)


def _write_refused(file: Path, report: "ImportReport", *, list_: str, basis: str) -> tuple[Message, str]:
    """Write the refused lines; return what to say of it, and the command that imports them again."""
    from mailer.subscribers.imports.refused import write_refused
    from mailer.subscribers.imports.spilled import SpilledLines

    lines = SpilledLines()
    for each in report.lines:
        if each.outcome == "invalid":
            lines.append(each)
    if not lines:
        return msg("register.no-line-refused"), ""
    number = write_refused(file, lines, lang=language())
    if not report.applied:
        return msg("register.refused-written-alone", count=number, file=file), ""
    given = {"--list": list_, "--basis": basis}
    again = [word for option, value in given.items() if value for word in (option, value)]
    command = join(["mailer", "subscribers", "import", str(file), *again])
    return msg("register.refused-written", count=number, file=file), command
