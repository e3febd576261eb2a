"""The lines of an import in temporary tables: any number of them, and nobody else waits while they are read."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
    text,
)

from mailer.database.tables import Id, compared_by_byte, subscriber
from mailer.subscribers.basis import article_of
from mailer.subscribers.csv_io import CsvRow, RefusedRow, Rows
from mailer.subscribers.import_model import FIELDS, Change, ImportLine, ImportProgress, Outcome
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.suppression import SuppressionList

BATCH = 5_000
_SPACE = "PRAGMA {} = -65536"  # kB of memory for pages: the sorting and the indexes of a million people

_metadata = MetaData()

# `outcome` is what is known from the line alone.
line = Table(
    "import_line",
    _metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("cells", JSON(none_as_null=True)),
    Column("address", compared_by_byte(320)),
    Column("as_given", Text),
    Column("domain", Text),
    Column("name", Text),
    Column("name_folded", Text),
    Column("organisation", Text),
    Column("role", Text),
    Column("lang", String(2)),
    Column("list_lang", String(2)),
    Column("list_slug", Text),
    Column("basis", Text),
    Column("article", String(1)),
    Column("source", Text),
    prefixes=["TEMPORARY"],
)

# What comparing with the register has decided; a line that is not here changes nothing. `seq` is in the order of
# addresses, in which the indexes of the register grow fastest.
decision = Table(
    "import_decision",
    _metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("makes_person", Boolean, nullable=False),
    Column("changes", JSON(none_as_null=True)),
    prefixes=["TEMPORARY"],
)


def make_tables(connection: Connection) -> None:
    """Make the empty tables; they go when the connection does."""
    if connection.dialect.name == "sqlite":
        for pragma in ("cache_size", "temp.cache_size"):
            connection.exec_driver_sql(_SPACE.format(pragma))
    _metadata.create_all(connection, checkfirst=False)


def stage(
    connection: Connection,
    rows: Rows,
    *,
    suppressed: SuppressionList,
    total: int | None,
    progress: Callable[[ImportProgress], None],
) -> int:
    """Write the lines down; returns how many are invalid. `total` is for the progress only."""
    hashes = suppressed.all_hashes(connection)
    count = invalid = 0
    while batch := list(islice(rows, BATCH)):
        staged = [_staged(each, count + at, suppressed, hashes) for at, each in enumerate(batch)]
        connection.execute(line.insert(), staged)
        invalid += sum(each["outcome"] == Outcome.INVALID for each in staged)
        count += len(batch)
        progress(ImportProgress(step="reading", done=count, total=total))
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE import_line"))
    connection.commit()
    return invalid


_EMPTY: dict[str, Any] = dict.fromkeys(line.c.keys())


def _staged(row: CsvRow | RefusedRow, n: int, suppressed: SuppressionList, hashes: frozenset[bytes]) -> dict[str, Any]:
    if isinstance(row, RefusedRow):
        refused = {"n": n, "file": row.file, "line": row.line, "outcome": Outcome.INVALID.value, "reason": row.reason}
        return _EMPTY | refused | {"cells": dict(row.cells)}
    address = row.address.normalised
    outcome = None
    if hashes and suppressed.hash_of(address) in hashes:
        outcome = Outcome.SUPPRESSED.value
    elif row.status is not SubscriptionStatus.ACTIVE:
        outcome = Outcome.LEFT.value
    return {
        "n": n,
        "file": row.file,
        "line": row.line,
        "outcome": outcome,
        "reason": None,
        "cells": None,
        "address": address,
        "as_given": row.address.as_given,
        "domain": address.rpartition("@")[2],
        "name": row.name,
        "name_folded": row.name.casefold(),
        "organisation": row.organisation,
        "role": row.role,
        "lang": row.lang or "",
        "list_lang": row.list.lang,
        "list_slug": row.list.slug,
        "basis": row.basis,
        "article": _article(row.basis),
        "source": name_without_folder(row.file),
    }


_article = lru_cache(maxsize=1_000)(article_of)


def mark_suppressed(connection: Connection, suppressed: SuppressionList) -> None:
    """Mark the lines of people who were suppressed while the files were read."""
    hashes = suppressed.all_hashes(connection)
    query = select(line.c.n, line.c.address).where(line.c.address.is_not(None))
    numbers = [{"which": row.n} for row in connection.execute(query) if suppressed.hash_of(row.address) in hashes]
    if numbers:
        statement = line.update().where(line.c.n == bindparam("which")).values(outcome=Outcome.SUPPRESSED.value)
        connection.execute(statement, numbers)


def read_by_address(connection: Connection) -> Iterator[Row[Any]]:
    """Each valid line with what is stored of its person, lines of one address together and in the files' order."""
    person = subscriber.c
    query = (
        select(
            line.c.n,
            line.c.address,
            line.c.list_slug,
            line.c.outcome,
            line.c.name,
            line.c.organisation,
            line.c.role,
            line.c.lang,
            line.c.list_lang,
            person.id,
            *(person[name].label(f"stored_{name}") for name in FIELDS),
        )
        .outerjoin(subscriber, person.address == line.c.address)
        .where(line.c.address.is_not(None))
        .order_by(line.c.address, line.c.n)
    )
    return iter(connection.execute(query.execution_options(yield_per=BATCH)))


def count_lines(connection: Connection) -> int:
    """How many lines there are."""
    last: int | None = connection.execute(select(line.c.n).order_by(line.c.n.desc()).limit(1)).scalar()
    return 0 if last is None else last + 1


def read_lines(connection: Connection, *, only_notable: bool) -> Iterator[ImportLine]:
    """What became of each line, in the order of the files."""
    query = (
        select(line, decision.c.outcome.label("decided"), decision.c.changes)
        .outerjoin(decision, decision.c.n == line.c.n)
        .order_by(line.c.n)
    )
    if only_notable:
        settled = func.coalesce(decision.c.outcome, line.c.outcome)
        query = query.where(or_(settled.not_in(["new"]), decision.c.changes.is_not(None)))
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        yield ImportLine(
            file=row.file,
            line=row.line,
            outcome=Outcome(row.decided or row.outcome or Outcome.UNCHANGED),
            address=row.as_given or "",
            list=row.list_slug or "",
            reason=row.reason or "",
            changes=tuple(Change(**each) for each in row.changes or ()),
            cells=row.cells or {},
        )


@lru_cache(maxsize=16)
def name_without_folder(file: str) -> str:
    """The file's name without its folder, which is nobody's business in a register."""
    return Path(file).name
