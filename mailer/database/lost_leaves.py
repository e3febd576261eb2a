"""Leaves that would be lost: waiting for a database that was renamed, or in files that are broken."""

from collections.abc import Sequence
from pathlib import Path

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.database.one_name import sqlite_file

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
    file = sqlite_file(url)
    return sorted(Path(f"{file}{FOLDER}").glob("*.unreadable")) if file else ()
