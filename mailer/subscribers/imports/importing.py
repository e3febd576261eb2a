"""Import subscriber files: all or nothing, with a report of every line that did not simply go in.

The files are read into temporary tables and compared with the register while others go on writing. Only the difference
is written in the one transaction. Who has changed meanwhile is compared once more, and everybody is when people came or
went, moved or were suppressed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.engine import begin_writing
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.reading import ParsedRows, read_rows
from mailer.subscribers.imports.applying import apply, begin_run
from mailer.subscribers.imports.comparing import Fingerprint, compare, compare_again, fingerprint, has_same_people
from mailer.subscribers.imports.held import write_held
from mailer.subscribers.imports.model import (
    CHANGING,
    ImportLine,
    ImportOptions,
    ImportProgress,
    ImportReport,
    Outcome,
)
from mailer.subscribers.imports.opting_out import take_over
from mailer.subscribers.imports.spilled import SpilledLines
from mailer.subscribers.imports.staging import (
    count_lines,
    make_tables,
    mark_suppressed,
    merged_lists,
    name_without_folder,
    read_lines,
    stage,
)
from mailer.subscribers.model import Register
from mailer.subscribers.people.joining import lock_joining
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.register import sync_lists

__all__ = ["ImportLine", "ImportOptions", "ImportProgress", "ImportReport", "Outcome", "import_files"]


def _nobody_watches(_progress: ImportProgress) -> None:
    pass


def import_files(
    store: SubscriberStore,
    register: Register,
    files: Sequence[Path],
    *,
    options: ImportOptions,
    progress: Callable[[ImportProgress], None] = _nobody_watches,
    every_line: Callable[[ImportLine], None] | None = None,
) -> ImportReport:
    """Put the subscribers of the files on their lists. Raises `SpreadsheetError` for an unusable file.

    A person who has left is not put back, one who left elsewhere is remembered, and an empty cell changes nothing.
    `every_line` is told the outcome of each line, in order, also in a dry run.
    """
    if not options.dry_run:
        sync_lists(store.database, register, now=store.clock())
    with store.database.staging() as connection:
        make_tables(connection)
        with closing(_read(files, register, options.defaults)) as rows:
            invalid = stage(connection, rows, total=_estimate(files), progress=progress)
        total = count_lines(connection)
        seen = _look(store, connection)
        mark_suppressed(connection, store.suppressed)
        counts = compare(connection, total=total, progress=progress)
        counts[Outcome.INVALID] = invalid
        stops = options.dry_run or bool(invalid and not options.skip_invalid)
        run_id = None
        if not stops:
            run_id, counts = _write(store, connection, files=files, counts=counts, seen=seen, progress=progress)
        lines = _told(connection, every_line)
    return ImportReport(applied=not stops, counts={each: counts[each] for each in Outcome}, lines=lines, id=run_id)


def _read(files: Sequence[Path], register: Register, defaults: RowDefaults) -> ParsedRows:
    for file in files:
        yield from read_rows(file, register, defaults=defaults)


def _estimate(files: Sequence[Path]) -> int | None:
    """Return how many lines there are, as far as the ends of lines tell; a workbook does not."""
    count = 0
    for file in files:
        try:
            with file.open("rb") as opened:
                if opened.read(4) == b"PK\x03\x04":
                    return None
                count += sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(1_000_000), b""))
        except OSError:
            return None  # reading it says so
    return count


def _look(store: SubscriberStore, connection: Connection) -> Fingerprint:
    """Return the register's fingerprint at a moment without any change under way."""
    lock_joining(connection)
    seen = fingerprint(connection, store.suppressed)
    connection.commit()
    return seen


def _write(
    store: SubscriberStore,
    connection: Connection,
    *,
    files: Sequence[Path],
    counts: Counter[Outcome],
    seen: Fingerprint,
    progress: Callable[[ImportProgress], None],
) -> tuple[int | None, Counter[Outcome]]:
    with begin_writing(connection):
        lock_joining(connection)
        now = fingerprint(connection, store.suppressed)
        if now != seen and has_same_people(connection, seen, now):
            counts = compare_again(connection, counts, since=seen.last_event)
        elif now != seen:
            _refuse_merged(connection)
            mark_suppressed(connection, store.suppressed)
            fresh = compare(connection, total=counts.total() - counts[Outcome.INVALID], progress=progress)
            fresh[Outcome.INVALID], counts = counts[Outcome.INVALID], fresh
        if not any(counts[each] for each in CHANGING):
            return None, counts
        names = [name_without_folder(str(file)) for file in files]
        run = begin_run(connection, files=names, counts=counts, at=store.clock(), actor=store.actor)
        if counts[Outcome.UNCHANGED]:
            write_held(connection, run)
        apply(connection, run, progress=progress)
        if counts[Outcome.LEAVES] or counts[Outcome.KEPT_OUT]:
            take_over(connection, run, suppressed=store.suppressed)
        told = {"number": run.id, "lines": {each.value: counts[each] for each in CHANGING if counts[each]}}
        store.operator.record(connection, Action.IMPORTED, at=run.at, detail=told)
    return run.id, counts


def _refuse_merged(connection: Connection) -> None:
    """Refuse lists that became part of others meanwhile: this register does not know of which."""
    if gone := merged_lists(connection):
        what = msg("people.lists-merged-meanwhile", lists=", ".join(gone))
        raise SubscriberError(what, hint=msg("people.import-again"))


def _told(connection: Connection, every_line: Callable[[ImportLine], None] | None) -> Sequence[ImportLine]:
    notable = SpilledLines()
    for each in read_lines(connection, only_notable=every_line is None):
        if every_line is not None:
            every_line(each)
        if each.is_notable:
            notable.append(each)
    return notable
