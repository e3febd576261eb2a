"""Leaves that would be lost: waiting for a database that was renamed, or in files that are broken."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import make_url

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.database.one_name import real_name

FOLDER = ".leaves"


def refuse_stray_leaves(file: Path) -> None:
    """Raise `DatabaseError` where leaves wait for a database of another name in the same folder that is not there."""
    for folder in sorted(file.parent.glob(f"*{FOLDER}")):
        owner = folder.with_name(folder.name.removesuffix(FOLDER))
        if not owner.exists() and any(folder.glob("*.json")):
            own = f"{file}{FOLDER}"
            hint = msg("settings.give-stray-leaves", stray=folder, own=own)
            raise DatabaseError(msg("settings.stray-leaves", database=owner), where=str(folder), hint=hint)


def find_unreadable(url: str) -> Sequence[Path]:
    """Return the files beside a SQLite database of leaves that could not be read."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return ()
    return sorted(Path(f"{real_name(parsed.database)}{FOLDER}").glob("*.unreadable"))
