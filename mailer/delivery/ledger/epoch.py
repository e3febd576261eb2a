"""The epoch: how many final dots were ever allowed, kept beside the database too, so that an old backup is noticed."""

import logging
import os
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from mailer.catalogue import msg
from mailer.database.engine import Database
from mailer.database.tables import run
from mailer.delivery.ledger.refusals import OldBackupError
from mailer.private import make_private_folder, write_private

logger = logging.getLogger("mailer.delivery")


def epoch_file(database: Database, folder: Path | None) -> Path | None:
    """Return the file of the epoch: beside a SQLite file; for PostgreSQL in `folder`, if there is one."""
    url = database.engine.url
    if database.is_sqlite:
        return Path(f"{url.database}.epoch") if url.database else None
    return folder / f"{url.host or 'local'}-{url.database}.epoch" if folder else None


def read_epoch(connection: Connection) -> int:
    """Return the epoch as the database knows it."""
    return int(connection.execute(select(func.coalesce(func.sum(run.c.marks), 0))).scalar_one())


class Epoch:
    """The copy outside the database. It may lag a moment behind, and never runs ahead of a database that is whole."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def refuse_old_backup(self, connection: Connection) -> None:
        """Raise `OldBackupError` when more was sent than the database knows of."""
        lacking = self.kept() - read_epoch(connection)
        if lacking > 0:
            raise OldBackupError(
                msg("sending.old-backup", count=lacking),
                where=str(self._file),
                hint=msg("sending.restore-newer"),
            )

    def keep(self, marks: int) -> None:
        """Write the epoch down, after the database has it. A full disk must not cost the answers already on it."""
        if self._file is None or marks <= self.kept():
            return
        unfinished = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            make_private_folder(self._file.parent)  # `var` may be gone, and the next command is to know of the mail
            write_private(unfinished, f"{marks}\n".encode())
            unfinished.replace(self._file)
        except OSError:
            logger.warning("the epoch was not written down")

    def kept(self) -> int:
        """Return the epoch that is kept outside the database; 0 without one."""
        try:
            words = self._file.read_text("ascii").strip() if self._file else ""
        except (OSError, UnicodeDecodeError):
            return 0
        return int(words) if words.isdigit() else 0


class CountedMarks:
    """The final dots that one run was allowed: counted in its row, and after the commit outside the database too."""

    def __init__(self, epoch: Epoch, *, run_id: int, earlier: int) -> None:
        self.number = 0
        self._epoch = epoch
        self._run_id = run_id
        self._earlier = earlier
        self._new = 0  # on its way to disk
        self._kept = 0

    def add(self, connection: Connection, number: int) -> None:
        """Count more of them."""
        self.number += number
        if number and not self._kept:  # the first ones are written at once, the others at every beat
            self.write(connection)

    def write(self, connection: Connection) -> None:
        """Write the number into the row of the run."""
        if self.number:
            connection.execute(update(run).where(run.c.id == self._run_id).values(marks=self.number))
            self._new = read_epoch(connection)

    def keep(self) -> None:
        """Write the epoch down outside the database, which has it by now."""
        if self._new > self._kept:
            self._kept = self._new
            self._epoch.keep(self._new)

    def keep_all(self) -> None:
        """Write down all that were allowed: the database that stands here now may know of fewer."""
        self._epoch.keep(self._earlier + self.number)
