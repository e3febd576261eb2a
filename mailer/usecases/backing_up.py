"""Making a backup of the database, also while mail is sent; the keys go into a file of their own, when asked for."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from importlib.metadata import version
from pathlib import Path

from mailer.catalogue import msg
from mailer.database.backup_copies import MANIFEST, UNFINISHED, Manifest, Origin, copy_database, manifest_file
from mailer.database.decisions import Action
from mailer.database.failures import explained
from mailer.database.one_name import sqlite_file
from mailer.errors import MailerError
from mailer.lock_file import locked
from mailer.private import make_private_folder, sync_folder, write_new
from mailer.usecases.needs import BackupServices

KEEP = 14

STAMP = "%Y%m%dT%H%M%SZ"
_ENDING = ".sqlite3"


class BackupError(MailerError):
    """A backup that is not made, or not put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """A copy that was made, the old ones that made room for it, and the file with the keys, if one was asked for."""

    file: Path
    manifest: Manifest
    removed: tuple[Path, ...]
    keys: Path | None


def back_up(services: BackupServices, *, to: str = "", keep: int = KEEP, keys: Path | None = None) -> BackedUp:
    """Write a copy of the database into the folder of backups, or to `to`: a new file, or a folder.

    A folder keeps the latest `keep` copies; with 0 all of them. Raises `BackupError` and `DatabaseError`: then no copy
    was made.
    """
    source = require_sqlite(services)
    wanted = Path(to).expanduser().absolute() if to else folder_of_backups(services)
    is_folder = not to or wanted.is_dir() or to.endswith(("/", os.sep))
    services.begin_withdrawals()
    key_file = _write_keys(services, keys.expanduser().absolute()) if keys else None
    with explained(str(wanted)):
        if is_folder:
            file, manifest, removed = _into_folder(services, wanted, stem=source.stem, keep=keep)
        else:
            file, removed = _new_file(wanted, source), ()
            manifest = copy_database(services.database, file, origin=_origin(services))
    detail = {"people": manifest.held.people, "removed": len(removed)}
    with services.database.writing() as connection:
        services.operator.record(connection, Action.BACKED_UP, at=services.clock(), detail=detail)
    return BackedUp(file=file, manifest=manifest, removed=removed, keys=key_file)


def require_sqlite(services: BackupServices) -> Path:
    """Return the file of the database; raises `BackupError` on PostgreSQL, with the commands to use."""
    file = sqlite_file(services.settings.database.url)
    if file is None:
        hint = msg("backup.use-pg-dump", dump=_PG_DUMP, restore=_PG_RESTORE, reapply="mailer db reapply")
        raise BackupError(msg("backup.only-sqlite"), where="[database] url", hint=hint)
    return file


_PG_DUMP = "pg_dump --format=custom --file=mailer.dump DATABASE"
_PG_RESTORE = "pg_restore --clean --if-exists --dbname=DATABASE mailer.dump"


def folder_of_backups(services: BackupServices) -> Path:
    """Return the folder into which backups go when none is named."""
    return services.settings.paths.var / "backups"


def _origin(services: BackupServices) -> Origin:
    return Origin(
        made_at=services.clock(),
        version=version("helsefellesskap-mailer"),
        newsletter=services.settings.newsletter.list_id,
        key_id=services.signing_key_id,
    )


# --- Where it goes ------------------------------------------------------------------------------------


def _into_folder(
    services: BackupServices, folder: Path, *, stem: str, keep: int
) -> tuple[Path, Manifest, tuple[Path, ...]]:
    """Write a copy named by the time, and remove those that are too many, one process at a time."""
    make_private_folder(folder)
    with locked(folder / ".backup.lock"):
        _remove_debris(folder, stem)
        origin = _origin(services)
        file = free_name(folder / f"{stem}-{origin.made_at.astimezone(UTC):{STAMP}}{_ENDING}")
        manifest = copy_database(services.database, file, origin=origin)
        return file, manifest, _remove_old(folder, stem, keep)


def free_name(file: Path) -> Path:
    """Return a name that nothing has: this one, or one with a number behind it."""
    names = (
        file if number == 1 else file.with_name(f"{file.stem}-{number}{file.suffix}") for number in range(1, 10**6)
    )
    return next(each for each in names if not os.path.lexists(each))


def find_copies(folder: Path, stem: str) -> list[Path]:
    """Return the copies in a folder that are named by their times, the oldest first."""
    named = re.compile(rf"{re.escape(stem)}-(\d{{8}}T\d{{6}}Z)(?:-(\d+))?{re.escape(_ENDING)}")
    with suppress(OSError):
        found = [(named.fullmatch(each.name), each) for each in folder.iterdir()]
        return [each for _, each in sorted((_order(match), each) for match, each in found if match)]
    return []


def _order(match: re.Match[str]) -> tuple[str, int]:
    return match[1], int(match[2] or 1)


def _remove_old(folder: Path, stem: str, keep: int) -> tuple[Path, ...]:
    old = find_copies(folder, stem)[:-keep] if keep else []
    for each in old:
        each.unlink(missing_ok=True)
        manifest_file(each).unlink(missing_ok=True)
    if old:
        sync_folder(folder)
    return tuple(old)


def _remove_debris(folder: Path, stem: str) -> None:
    """Remove what a killed process left: unfinished files, and manifests without a copy."""
    for each in folder.glob(f".{stem}-*{UNFINISHED}"):
        each.unlink(missing_ok=True)
    for each in folder.glob(f"{stem}-*{_ENDING}{MANIFEST}"):
        if not each.with_name(each.name.removesuffix(MANIFEST)).exists():
            each.unlink(missing_ok=True)


def _new_file(wanted: Path, source: Path) -> Path:
    """Refuse a name that is taken, or that SQLite or mailer would take for a part of the database."""
    if wanted.parent.resolve() == source.parent and wanted.name.startswith(source.name):
        raise BackupError(msg("backup.name-of-the-database"), where=str(wanted), hint=msg("backup.name-a-new-one"))
    if os.path.lexists(wanted) or os.path.lexists(manifest_file(wanted)):
        raise BackupError(msg("backup.file-is-there"), where=str(wanted), hint=msg("backup.name-a-new-one"))
    if not wanted.parent.is_dir():
        hint = msg("backup.make-the-folder", folder=wanted.parent)
        raise BackupError(msg("backup.no-such-folder"), where=str(wanted), hint=hint)
    return wanted


# --- Keys ---------------------------------------------------------------------------------------------


def _write_keys(services: BackupServices, file: Path) -> Path:
    """Write the keys as the variables that take their place, for the user alone, into a file that is not there yet."""
    try:
        write_new(file, "".join(_key_lines(services)).encode())
    except FileExistsError as error:
        raise BackupError(msg("backup.file-is-there"), where=str(file), hint=msg("backup.name-a-new-one")) from error
    return file


def _key_lines(services: BackupServices) -> Iterator[str]:
    for name, value in services.secret_keys.items():
        yield f"{name}={value}\n"
