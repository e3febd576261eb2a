"""`mailer backup`, `mailer restore` and `mailer db reapply`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import msg
from mailer.cli.moments import format_moment
from mailer.cli.options import Json, services
from mailer.cli.output import confirm, hint, note, say, show_json

if TYPE_CHECKING:
    from mailer.subscribers.rights.reapplying import Reapplied
    from mailer.usecases.restoring import Held, RestoreOutlook


def backup(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FILE|FOLDER", help="A new file, or a folder (one that is not there: with a / at its end)."
        ),
    ] = "",
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", min=0, help="How many copies the folder keeps, else 14; older ones are removed. 0 keeps all."
        ),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE", help="Write the secret keys into this new file, too.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a copy of the database, also while mail is sent. The keys are not in it: `--keys FILE` writes them apart.

    The copy goes to var/backups, under a name made of the time. It holds all that was written when it was begun, and is
    looked through before it gets its name. Keep it as private as the database: everybody's address stands in it.

    Example: `mailer backup --to /media/usb/ --keep 30`
    """
    from mailer.usecases.backing_up import KEEP, back_up

    with services(context) as workspace:
        done = back_up(workspace, to=to, keep=KEEP if keep is None else keep, keys=keys)
    if json:
        manifest = asdict(done.manifest)
        show_json({"file": done.file, "manifest": manifest, "removed": done.removed, "keys": done.keys})
        return
    say(msg("backup.made", file=done.file), "green")
    say(
        msg(
            "backup.holds",
            count=done.manifest.held.people,
            mailings=msg("backup.mailings", count=done.manifest.held.mailings),
        )
    )
    for each in done.removed:
        say(msg("backup.removed", file=each))
    if done.keys:
        note(msg("backup.keys-written", file=done.keys))
    else:
        note(msg("backup.keys-not-in-it", option="--keys"))


def restore(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The backup: a path, or its name in var/backups.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be lost, and what stays.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    json: Json = False,
) -> None:
    """Put a backup in the place of the database. Nobody who left, was suppressed or was erased since comes back.

    The present file is kept beside it. Refused while mailer sends, or has the database open, and for a copy that is
    broken, was changed, is of a newer version, or of another newsletter.

    Example: `mailer restore mailer-20261129T040000Z.sqlite3 --dry-run`
    """
    from mailer.usecases.restoring import foresee_restoring
    from mailer.usecases.restoring import restore as put_back

    with services(context) as workspace:
        if dry_run or not yes:
            outlook = foresee_restoring(workspace, file)
        if dry_run:
            _show_foreseen(outlook, json=json)
            return
        if not yes:
            _show_outlook(outlook)
            if not confirm(msg("backup.really-restore")):
                raise typer.Abort
        done = put_back(workspace, file)
    if json:
        show_json({"applied": True, "aside": done.aside, **_as_json(done.outlook)})
        return
    say(msg("backup.restored", file=done.outlook.copy), "green")
    _show_reapplied(done.outlook.reapplied)
    if done.aside:
        note(msg("backup.kept-aside", file=done.aside))
    if done.outlook.messages:
        hint(msg("backup.what-send-says", count=done.outlook.messages))


def reapply(context: typer.Context, json: Json = False) -> None:
    """Apply again who left, was suppressed or was erased, where a backup was put back by other means.

    As with `pg_restore`; `mailer restore` does so by itself. It takes what this machine wrote down: run it on each
    machine that sends or serves pages. Doing it twice changes nothing.

    Example: `mailer db reapply`
    """
    from mailer.usecases.restoring import reapply_withdrawals

    with services(context) as workspace:
        done = reapply_withdrawals(workspace)
    if json:
        show_json(asdict(done))
        return
    _show_reapplied(done)


def _show_foreseen(outlook: "RestoreOutlook", *, json: bool) -> None:
    if json:
        show_json({"applied": False, "aside": None, **_as_json(outlook)})
        return
    _show_outlook(outlook)
    note(msg("backup.nothing-changed"))


def _as_json(outlook: "RestoreOutlook") -> dict[str, Any]:
    return asdict(outlook)


def _show_outlook(outlook: "RestoreOutlook") -> None:
    if outlook.made_at:
        say(msg("backup.made-at", file=outlook.copy, moment=format_moment(outlook.made_at)), "bold")
    else:
        say(msg("backup.without-manifest", file=outlook.copy), "yellow")
    _show_held(outlook.held)
    _show_lack(outlook)
    _show_reapplied(outlook.reapplied)


def _show_held(held: "Held") -> None:
    say(msg("backup.holds", count=held.people, mailings=msg("backup.mailings", count=held.mailings)))


def _show_lack(outlook: "RestoreOutlook") -> None:
    """Say what would be lost."""
    if outlook.messages:
        say(msg("backup.lacks-messages", count=outlook.messages), "yellow")
    if outlook.lack is None:
        say(msg("backup.nothing-to-compare"))
        return
    lack = outlook.lack
    if not (lack.people or lack.mailings or lack.imports):
        say(msg("backup.lacks-nobody"))
        return
    people, mailings = msg("backup.people", count=lack.people), msg("backup.mailings", count=lack.mailings)
    imports = msg("backup.imports", count=lack.imports)
    say(msg("backup.lacks", people=people, mailings=mailings, imports=imports), "yellow")


def _show_reapplied(done: "Reapplied") -> None:
    if not done:
        say(msg("backup.nobody-out-since"))
        return
    left, suppressed = msg("backup.left", count=done.left), msg("backup.suppressed", count=done.suppressed)
    say(msg("backup.stays", left=left, suppressed=suppressed, erased=msg("backup.erased", count=done.erased)))
    if not done.is_scrubbed:
        say(msg("backup.not-scrubbed"), "yellow")
