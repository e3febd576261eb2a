"""Putting a backup back: whom it would bring back stays out, and the earlier database is kept."""

from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailer.catalogue import msg
from mailer.database.backup_copies import Held, Lack, Manifest, compare, hash_of_file, look_through, read_manifest
from mailer.database.decisions import Action
from mailer.database.engine import open_database
from mailer.database.failures import DatabaseError, explained
from mailer.database.left_log import find_logs
from mailer.database.putting_back import alone_with, made_ready, put_in_place, remove_debris
from mailer.database.traces import EPOCH
from mailer.delivery.ledger.epoch import Epoch
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.reapplying import Reapplied, reapply
from mailer.usecases.backing_up import STAMP, BackupError, find_copies, folder_of_backups, free_name, require_sqlite
from mailer.usecases.needs import BackupServices

__all__ = ["Held", "RestoreOutlook", "Restored", "foresee_restoring", "reapply_withdrawals", "restore"]

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOutlook:
    """The database as it is, or would be, with a copy in its place.

    `made_at` is None for a copy without a manifest. `messages` is how many were sent that the copy knows nothing of.
    `lack` is None where there is no database to compare with. `reapplied` is what has happened since and stays so.
    """

    copy: Path
    made_at: datetime | None
    held: Held
    messages: int
    lack: Lack | None
    reapplied: Reapplied


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The outcome of putting a copy back; `aside` is where the earlier database is kept, if there was one."""

    outlook: RestoreOutlook
    aside: Path | None


def foresee_restoring(services: BackupServices, name: str) -> RestoreOutlook:
    """Return what putting a copy back would come to; nothing is changed.

    Raises `BackupError`, `DatabaseError`, `SchemaError` and `SuppressionKeyError` for what would be refused.
    """
    file = require_sqlite(services)
    copy = _find_copy(services, name, file)
    manifest, held = _examine(services, copy)
    with made_ready(file, copy) as ready:
        reapplied = _bring_up_to_date(services, ready)
        return _outlook(file, copy, manifest, held, reapplied)


def restore(services: BackupServices, name: str) -> Restored:
    """Put a copy in the place of the database, which no process sends from or has open.

    Raises as `foresee_restoring`; then the database is as it was.
    """
    file = require_sqlite(services)
    copy = _find_copy(services, name, file)
    if file.exists():
        with suppress(DatabaseError):  # one that is broken tells of nobody
            services.begin_withdrawals()
    services.close()
    with alone_with(file):
        remove_debris(file)
        manifest, held = _examine(services, copy)
        with made_ready(file, copy) as ready:
            outlook = _outlook(file, copy, manifest, held, _bring_up_to_date(services, ready))
            _record(services, ready, outlook)
            aside = free_name(file.with_name(f"{file.name}.before-{services.clock().astimezone(UTC):{STAMP}}"))
            kept = put_in_place(file, ready, aside=aside)
    return Restored(outlook=outlook, aside=kept)


def reapply_withdrawals(services: BackupServices) -> Reapplied:
    """Apply again who left, was suppressed or was erased, to a database that was put back by other means."""
    done = reapply(services.subscribers, services.withdrawals.read())
    if done:
        with services.database.writing() as connection:
            services.operator.record(connection, Action.RESTORED, at=services.clock(), detail=_counts(done))
    return done


# --- Which copy ---------------------------------------------------------------------------------------


def _find_copy(services: BackupServices, name: str, file: Path) -> Path:
    """Return the copy of this path, or of this name in the folder of backups."""
    folder = folder_of_backups(services)
    copy = next((each for each in (Path(name).expanduser().absolute(), folder / name) if each.exists()), None)
    if copy is None:
        known = tuple(str(each) for each in find_copies(folder, file.stem)[-_SHOWN:])
        hint = msg("backup.there-are", files=known) if known else msg("backup.there-are-none", folder=folder)
        raise BackupError(msg("backup.no-such-copy"), where=name, hint=hint)
    if not copy.is_file():
        raise BackupError(msg("backup.no-file"), where=str(copy), hint=msg("settings.name-a-file"))
    if file.exists() and copy.samefile(file):
        raise BackupError(msg("backup.is-the-database"), where=str(copy), hint=msg("backup.take-another"))
    return copy


def _examine(services: BackupServices, copy: Path) -> tuple[Manifest | None, Held]:
    """Refuse a copy that is broken, was changed, is of another newsletter, or has a log beside it."""
    with explained(str(copy)):
        if logs := tuple(str(each) for each in find_logs(copy)):
            raise BackupError(msg("backup.has-a-log"), where=str(copy), hint=msg("backup.copy-again", files=logs))
        manifest = read_manifest(copy)
        if manifest:
            _refuse_changed(copy, manifest)
            _refuse_strange(services, copy, manifest)
        return manifest, look_through(copy)


def _refuse_changed(copy: Path, manifest: Manifest) -> None:
    if (copy.stat().st_size, hash_of_file(copy)) != (manifest.size, manifest.sha256):
        raise BackupError(msg("backup.changed-copy"), where=str(copy), hint=msg("backup.take-another"))


def _refuse_strange(services: BackupServices, copy: Path, manifest: Manifest) -> None:
    origin, own = manifest.origin, services.settings.newsletter.list_id
    if origin.newsletter != own:
        what = msg("backup.of-another-newsletter", other=origin.newsletter, own=own)
        raise BackupError(what, where=str(copy), hint=msg("backup.restore-there"))
    if origin.key_id and not services.has_key(origin.key_id):
        raise BackupError(msg("backup.of-other-keys"), where=str(copy), hint=msg("backup.put-keys-back"))


# --- Bringing it up to date ---------------------------------------------------------------------------


def _bring_up_to_date(services: BackupServices, ready: Path) -> Reapplied:
    """Bring a copy's tables to this version, and apply what was said since it was made."""
    with closing(open_database(f"sqlite:///{ready}")) as database:
        operator = services.operator
        store = SubscriberStore(
            database, clock=services.clock, suppression_key=services.suppression_key, actor=operator.actor
        )
        return reapply(store, services.withdrawals.read())


def _outlook(file: Path, copy: Path, manifest: Manifest | None, held: Held, reapplied: Reapplied) -> RestoreOutlook:
    return RestoreOutlook(
        copy=copy,
        made_at=manifest.origin.made_at if manifest else None,
        held=held,
        messages=max(0, Epoch(Path(f"{file}{EPOCH}")).kept() - held.epoch),
        lack=compare(file, copy),
        reapplied=reapplied,
    )


def _record(services: BackupServices, ready: Path, outlook: RestoreOutlook) -> None:
    made_at = outlook.made_at.isoformat() if outlook.made_at else ""
    detail = {"made_at": made_at, "messages": outlook.messages, **_counts(outlook.reapplied)}
    with closing(open_database(f"sqlite:///{ready}")) as database, database.writing() as connection:
        services.operator.record(connection, Action.RESTORED, at=services.clock(), detail=detail)


def _counts(reapplied: Reapplied) -> dict[str, int]:
    return {"left": reapplied.left, "suppressed": reapplied.suppressed, "erased": reapplied.erased}
