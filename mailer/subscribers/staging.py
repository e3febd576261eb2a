"""The lines of an import in temporary tables: any number of them, and nobody else waits while they are read."""

import json
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
)

from mailer.database.rows import insert_rows
from mailer.database.tables import Id, compared_by_byte, list_, subscriber, subscription
from mailer.subscribers.basis import article_of
from mailer.subscribers.csv_io import CsvRow, RefusedRow, Rows
from mailer.subscribers.import_model import FIELDS, Change, ImportLine, ImportProgress, Outcome
from mailer.subscribers.model import ALL_LISTS, SubscriptionStatus
from mailer.subscribers.suppression import Scopes, SuppressionList

BATCH = 5_000
# In kB: with the 2 MB of pages that SQLite keeps in memory by itself, the indexes of a million people take long.
_PRAGMAS = ("cache_size = -80000", "temp.cache_size = -16000")

_metadata = MetaData()

# The lines as they are read: `place` is in the order of the files, `outcome` what is known from the line alone.
read_line = Table(
    "import_read_line",
    _metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("cells", JSON(none_as_null=True)),
    Column("address", compared_by_byte(320)),
    Column("as_given", Text),  # where it is not the address
    Column("domain", Text),
    Column("name", Text),
    Column("name_folded", Text),
    Column("organisation", Text),
    Column("role", Text),
    Column("lang", String(2)),
    Column("list_lang", String(2)),  # where the line names no language
    Column("list_slug", Text),
    Column("basis", Text),
    Column("article", String(1)),
    Column("source", Text),
    prefixes=["TEMPORARY"],
)

# The same numbered in the order of addresses: lines of one address stand together, and what is looked up or written
# for a line lies beside what the line before it needed.
line = Table(
    "import_line",
    _metadata,
    Column("n", Id, primary_key=True),
    *(Column(each.name, each.type) for each in read_line.c),
    prefixes=["TEMPORARY"],
)

# What comparing with the register has decided; a line that is not here changes nothing.
decision = Table(
    "import_decision",
    _metadata,
    Column("n", Id, primary_key=True, autoincrement=False),
    Column("outcome", String(16), nullable=False),
    Column("makes_person", Boolean, nullable=False),
    Column("changes", JSON(none_as_null=True)),
    prefixes=["TEMPORARY"],
)


def make_tables(connection: Connection) -> None:
    """Make the empty tables; they go when the connection does."""
    if connection.dialect.name == "sqlite":
        for pragma in _PRAGMAS:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
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
    scopes = suppressed.all_scopes(connection)
    count = invalid = 0
    while batch := list(islice(rows, BATCH)):
        staged = [_staged(each, count + at, suppressed, scopes) for at, each in enumerate(batch)]
        insert_rows(connection, read_line, staged)
        invalid += sum(isinstance(each, RefusedRow) for each in batch)
        count += len(batch)
        progress(ImportProgress(step="reading", done=count, total=total))
    _sort_by_address(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE import_line"))
    connection.commit()
    return invalid


def _sort_by_address(connection: Connection) -> None:
    query = select(read_line).order_by(read_line.c.address, read_line.c.place)
    connection.execute(line.insert().from_select(read_line.c.keys(), query, include_defaults=False))
    read_line.drop(connection)


def _staged(row: CsvRow | RefusedRow, place: int, suppressed: SuppressionList, scopes: Scopes) -> tuple[Any, ...]:
    """The values of a line in the order of the table's columns."""
    if isinstance(row, RefusedRow):
        known = (place, row.file, row.line, Outcome.INVALID.value, row.reason, json.dumps(dict(row.cells)))
        return known + (None,) * (len(read_line.c) - len(known))
    address, name = row.address.normalised, row.name
    outcome = None
    if scopes and _is_suppressed(scopes.get(suppressed.hash_of(address), ()), row.list.slug):
        outcome = Outcome.SUPPRESSED.value
    elif row.status is not SubscriptionStatus.ACTIVE:
        outcome = Outcome.LEFT.value
    return (
        place,
        row.file,
        row.line,
        outcome,
        None,
        None,
        address,
        None if row.address.as_given == address else row.address.as_given,
        address.rpartition("@")[2],
        name,
        name.casefold(),
        row.organisation,
        row.role,
        row.lang or "",
        "" if row.lang else row.list.lang,
        row.list.slug,
        row.basis,
        _article(row.basis),
        name_without_folder(row.file),
    )


def _is_suppressed(scopes: Collection[str], slug: str) -> bool:
    return slug in scopes or ALL_LISTS in scopes


_article = lru_cache(maxsize=1_000)(article_of)


def mark_suppressed(connection: Connection, suppressed: SuppressionList) -> None:
    """Mark the lines of people who were suppressed while the files were read."""
    scopes = suppressed.all_scopes(connection)
    query = select(line.c.n, line.c.address, line.c.list_slug).where(line.c.address.is_not(None))
    numbers = [
        {"which": row.n}
        for row in connection.execute(query)
        if _is_suppressed(scopes.get(suppressed.hash_of(row.address), ()), row.list_slug)
    ]
    if numbers:
        statement = line.update().where(line.c.n == bindparam("which")).values(outcome=Outcome.SUPPRESSED.value)
        connection.execute(statement, numbers)


def decide_newcomers(connection: Connection) -> int:
    """Decide in SQL on most lines of a first import: people nobody knows, on one line each; returns how many."""
    query = (
        select(line.c.n, literal(Outcome.NEW.value), literal(True))
        .outerjoin(subscriber, subscriber.c.address == line.c.address)
        .where(_IS_NEWCOMER, line.c.outcome.is_(None), line.c.address.is_not(None), _IS_ALONE)
        .order_by(line.c.n)
    )
    columns = ["n", "outcome", "makes_person"]
    connection.execute(decision.insert().from_select(columns, query, include_defaults=False))
    return int(connection.execute(select(func.count()).select_from(decision)).scalar_one())


def read_by_address(connection: Connection) -> Iterator[Row[Any]]:
    """The other lines with what is stored of their person, lines of one address together and in the files' order.

    Left out are also those that find everything as they say it: most lines of an import that is done again.
    """
    person = subscriber.c
    is_on_list = (subscription.c.subscriber_id == person.id) & (subscription.c.list_id == list_.c.id)
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
        .outerjoin(list_, list_.c.slug == line.c.list_slug)
        .outerjoin(subscription, is_on_list)
        .where(line.c.address.is_not(None))
        .where(not_(and_(line.c.outcome.is_(None), or_(_IS_NEWCOMER, _finds_itself()), _IS_ALONE)))
        .order_by(line.c.n)
    )
    return iter(connection.execute(query.execution_options(yield_per=BATCH)))


_other = line.alias("other")
_IS_ALONE = ~exists().where(_other.c.n.in_([line.c.n - 1, line.c.n + 1]), _other.c.address == line.c.address)
_IS_NEWCOMER = subscriber.c.id.is_(None)


def _finds_itself() -> ColumnElement[bool]:
    """Active on the list already, and every fact that is given is the stored one."""
    is_active = func.coalesce(subscription.c.status, "") == SubscriptionStatus.ACTIVE.value
    return and_(is_active, *(or_(line.c[name] == "", line.c[name] == subscriber.c[name]) for name in FIELDS))


def count_lines(connection: Connection) -> int:
    """How many lines there are."""
    return int(connection.execute(select(func.count()).select_from(line)).scalar_one())


def read_lines(connection: Connection, *, only_notable: bool) -> Iterator[ImportLine]:
    """What became of each line, in the order of the files."""
    query = (
        select(line, decision.c.outcome.label("decided"), decision.c.changes)
        .outerjoin(decision, decision.c.n == line.c.n)
        .order_by(line.c.place)
    )
    if only_notable:
        settled = func.coalesce(decision.c.outcome, line.c.outcome)
        query = query.where(or_(settled.not_in(["new"]), decision.c.changes.is_not(None)))
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        yield ImportLine(
            file=row.file,
            line=row.line,
            outcome=Outcome(row.decided or row.outcome or Outcome.UNCHANGED),
            address=row.as_given or row.address or "",
            list=row.list_slug or "",
            reason=row.reason or "",
            changes=tuple(Change(**each) for each in row.changes or ()),
            cells=row.cells or {},
        )


@lru_cache(maxsize=16)
def name_without_folder(file: str) -> str:
    """The file's name without its folder, which is nobody's business in a register."""
    return Path(file).name
