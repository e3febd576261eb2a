"""Writing the lines of an import into temporary tables: any number of them, while others use the database."""

import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    text,
)

from mailer.database.names import fold_name
from mailer.database.rows import insert_rows, typed_rows
from mailer.database.tables import list_, subscriber, subscriber_event, subscription
from mailer.languages import DEFAULT_LANG
from mailer.subscribers.facts.basis import article_of
from mailer.subscribers.facts.changes import FIELDS, Change
from mailer.subscribers.facts.words import mark_halves
from mailer.subscribers.files.reading import ParsedRows, RefusedRow, SubscriberRow
from mailer.subscribers.imports.model import Decided, ImportLine, ImportProgress, Outcome
from mailer.subscribers.imports.reasons import pack, unpack
from mailer.subscribers.imports.staging_tables import (
    decision,
    line,
    metadata,
    read_line,
    refused_line,
    terms,
    undecided,
)
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.subscriptions import latest_basis
from mailer.subscribers.people.suppression import SuppressionList, is_barred

BATCH = 5_000
REMEMBERED_TERMS = 10_000
# What both do by themselves is meant for small statements: with 2 MB of pages in memory (SQLite), or 4 MB for a sort or
# join (PostgreSQL), a million people take long. Compiling a statement that runs once takes longer than it saves.
_SETTINGS = {
    "sqlite": ("PRAGMA cache_size = -16000", "PRAGMA temp.cache_size = -4000"),
    "postgresql": ("SET work_mem = '128MB'", "SET temp_buffers = '32MB'", "SET jit = off"),
}


def make_tables(connection: Connection) -> None:
    """Make the empty tables; they go when the connection does."""
    for setting in _SETTINGS[connection.dialect.name]:
        connection.exec_driver_sql(setting)
    metadata.create_all(connection, checkfirst=False)


def stage(
    connection: Connection,
    rows: ParsedRows,
    *,
    total: int | None,
    progress: Callable[[ImportProgress], None],
) -> int:
    """Write the lines down; returns how many are invalid. `total` is for the progress only."""
    count = invalid = 0
    shared = _SharedTerms()
    while batch := list(islice(enumerate(rows, count), BATCH)):
        refused = [_refused(place, row) for place, row in batch if isinstance(row, RefusedRow)]
        understood = [_understood(place, row, shared) for place, row in batch if not isinstance(row, RefusedRow)]
        insert_rows(connection, refused_line, refused)
        insert_rows(connection, read_line, understood)
        insert_rows(connection, terms, shared.take())
        invalid += len(refused)
        count += len(batch)
        progress(ImportProgress(step="reading", done=count, total=total))
    _sort_by_address(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE import_line, import_terms"))
    connection.commit()
    return invalid


def _sort_by_address(connection: Connection) -> None:
    query = select(read_line).order_by(read_line.c.address, read_line.c.place)
    connection.execute(line.insert().from_select(read_line.c.keys(), query))
    read_line.drop(connection)


class _SharedTerms:
    """Numbers what many lines have in common. Terms forgotten meanwhile get another number, which does no harm."""

    def __init__(self) -> None:
        self._count = 0
        self._untaken: list[tuple[Any, ...]] = []
        self.number = lru_cache(maxsize=REMEMBERED_TERMS)(self._add)

    def _add(self, *given: str) -> int:
        """Number the terms: file, list, role, language, the list's language, basis, status and its word."""
        file, *others, basis, status, said = given
        self._count += 1
        source = name_without_folder(file)
        self._untaken.append((self._count, file, source, *others, basis, article_of(basis), status, said))
        return self._count

    def take(self) -> list[tuple[Any, ...]]:
        """Return those that are new since the last time, in the order of the table's columns."""
        taken, self._untaken = self._untaken, []
        return taken


def _refused(place: int, row: RefusedRow) -> tuple[Any, ...]:
    """Return the values of a line in the order of the table's columns, as below."""
    return place, row.file, row.line, pack(row.reason), json.dumps(dict(row.cells))


def _understood(place: int, row: SubscriberRow, shared: _SharedTerms) -> tuple[Any, ...]:
    file, line_, (address, as_given), name, organisation, list_, role, lang, basis, status, said = row
    list_lang = list_.lang if list_ else DEFAULT_LANG
    return (
        place,
        line_,
        shared.number(file, row.slug, role, lang or "", list_lang, basis, status.value, said),
        address,
        None if as_given == address else as_given,
        name,
        fold_name(name),
        organisation,
    )


def merged_lists(connection: Connection) -> Sequence[str]:
    """The slugs of lists in the files that have become part of others."""
    query = select(list_.c.slug).join(terms, terms.c.list_slug == list_.c.slug)
    return connection.execute(query.where(list_.c.merged_into_id.is_not(None)).distinct()).scalars().all()


def mark_suppressed(connection: Connection, suppressed: SuppressionList) -> None:
    """Mark the lines whose address is suppressed by now, and no other lines."""
    connection.execute(line.update().where(line.c.outcome.is_not(None)).values(outcome=None))
    if not suppressed.has_any(connection):
        return
    query = select(line.c.n, line.c.address, terms.c.list_slug).join(terms, terms.c.id == line.c.terms_id)
    some, after = query.order_by(line.c.n).limit(BATCH), 0
    while rows := connection.execute(some.where(line.c.n > after)).all():
        after = rows[-1].n
        held = suppressed.find_many(connection, [row.address for row in rows])
        barred = [row.n for row in rows if is_barred([each.scope for each in held.get(row.address, ())], row.list_slug)]
        marked = line.update().where(line.c.n.in_(barred))
        connection.execute(marked.values(outcome=Outcome.SUPPRESSED.value))


def of_people_changed(*, since: int) -> ColumnElement[bool]:
    """Return the condition for the lines of people to whom something has happened after an event of that number."""
    event = subscriber_event.c
    changed = select(subscriber.c.address).join(subscriber_event, event.subscriber_id == subscriber.c.id)
    return line.c.address.in_(changed.where(event.id > since))


def count_outcomes(connection: Connection, lines: ColumnElement[bool]) -> Counter[Outcome]:
    """Return how many of these lines, all of which are decided, have which outcome."""
    outcome = func.coalesce(decision.c.outcome, Outcome.UNCHANGED.value).label("outcome")
    query = select(outcome, func.count().label("number")).outerjoin_from(line, decision, decision.c.n == line.c.n)
    rows = connection.execute(query.where(lines).group_by(outcome))
    return Counter({Outcome(row.outcome): row.number for row in rows})


def list_what_differs(connection: Connection, lines: ColumnElement[bool]) -> None:
    """List each of these lines that would change something or has to be reported, whatever was decided on it before.

    Most lines of a first import are decided by that: unknown people, on one line each. Left out are most lines of an
    import that is done again: they find everything as they say it. The others are left to be decided one by one.
    """
    connection.execute(undecided.delete())
    connection.execute(decision.delete().where(decision.c.n.in_(select(line.c.n).where(lines))))
    is_on_list = (subscription.c.subscriber_id == subscriber.c.id) & (subscription.c.list_id == list_.c.id)
    is_beside = _other.c.n.between(line.c.n - 1, line.c.n + 1) & (_other.c.n != line.c.n)
    is_alone = ~exists().where(is_beside, _other.c.address == line.c.address)
    takes_in = terms.c.status.in_([SubscriptionStatus.ACTIVE.value, SubscriptionStatus.PENDING.value])
    is_new = and_(subscriber.c.id.is_(None), line.c.outcome.is_(None), takes_in, is_alone)
    query = (
        select(line.c.n, case((is_new, Outcome.NEW.value)))
        .join(terms, terms.c.id == line.c.terms_id)
        .outerjoin(subscriber, subscriber.c.address == line.c.address)
        .outerjoin(list_, list_.c.slug == terms.c.list_slug)
        .outerjoin(subscription, is_on_list)
        .where(lines, not_(and_(line.c.outcome.is_(None), _finds_itself(), is_alone)))
        .order_by(line.c.n)
    )
    connection.execute(decision.insert().from_select(["n", "outcome"], query))
    no_outcome = decision.c.outcome.is_(None)
    connection.execute(undecided.insert().from_select(["n"], select(decision.c.n).where(no_outcome)))
    connection.execute(decision.delete().where(no_outcome))
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE import_decision, import_undecided"))


_other = line.alias("other")


def _finds_itself() -> ColumnElement[bool]:
    """Return the condition for a line that finds an active subscription, its basis and all its facts."""
    is_active = func.coalesce(subscription.c.status, "") == SubscriptionStatus.ACTIVE.value
    given = {"name": line.c.name, "organisation": line.c.organisation, "role": terms.c.role, "lang": terms.c.lang}
    facts = (or_(given[name] == "", given[name] == subscriber.c[name]) for name in FIELDS)
    says_active = terms.c.status == SubscriptionStatus.ACTIVE.value
    return and_(is_active, says_active, *facts, func.coalesce(latest_basis(), "") == terms.c.basis)


class UndecidedLine(NamedTuple):
    """One line and the stored facts of its person; those are None for an address that is not stored."""

    n: int
    address: str
    list_slug: str
    outcome: str | None
    name: str
    organisation: str
    role: str
    lang: str
    list_lang: str
    basis: str
    status: str
    said: str
    source: str
    line: int
    id: int | None
    stored_name: str
    stored_organisation: str
    stored_role: str
    stored_lang: str

    @property
    def stored_facts(self) -> dict[str, str]:
        """The facts of a stored person by their names, as `FIELDS` has them."""
        return {name: getattr(self, f"stored_{name}") for name in FIELDS}


def read_undecided(connection: Connection) -> Iterator[UndecidedLine]:
    """Yield the lines left to decide with the stored facts of their person, those of one address together."""
    query = (
        select(
            line.c.n,
            line.c.address,
            terms.c.list_slug,
            line.c.outcome,
            line.c.name,
            line.c.organisation,
            terms.c.role,
            terms.c.lang,
            terms.c.list_lang,
            terms.c.basis,
            terms.c.status,
            terms.c.said,
            terms.c.source,
            line.c.line,
            subscriber.c.id,
            *(subscriber.c[name].label(f"stored_{name}") for name in FIELDS),
        )
        .select_from(undecided)
        .join(line, line.c.n == undecided.c.n)
        .join(terms, terms.c.id == line.c.terms_id)
        .outerjoin(subscriber, subscriber.c.address == line.c.address)
        .order_by(undecided.c.n)
    )
    return typed_rows(UndecidedLine, connection.execute(query.execution_options(yield_per=BATCH)))


def write_decisions(connection: Connection, decided: Iterable[Decided]) -> None:
    """Add what has become of lines that were undecided."""
    insert_rows(connection, decision, [_decision(each) for each in decided])


# What a file says of many lines in the same words has the same values.
_packed = lru_cache(maxsize=1_000)(pack)


def _decision(decided: Decided) -> tuple[Any, ...]:
    changes = json.dumps([asdict(each) for each in decided.changes]) if decided.changes else None
    return decided.n, decided.outcome.value, decided.makes_person, decided.adds_basis, changes, _packed(decided.reason)


def count_lines(connection: Connection) -> int:
    """Return how many lines are understood."""
    return int(connection.execute(select(func.count()).select_from(line)).scalar_one())


def count_decisions(connection: Connection) -> int:
    """Return how many lines are decided and change something or have to be reported."""
    return int(connection.execute(select(func.count()).select_from(decision)).scalar_one())


def read_lines(connection: Connection, *, only_notable: bool) -> Iterator[ImportLine]:
    """Yield each line with its outcome, in the order of the files."""
    both = heapq.merge(_read_refused(connection), _read_understood(connection, only_notable=only_notable))
    return (each for _place, each in both)


def _read_refused(connection: Connection) -> Iterator[tuple[int, ImportLine]]:
    query = select(refused_line).order_by(refused_line.c.place)
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        outcome, reason = Outcome.INVALID, unpack(row.reason)
        yield row.place, ImportLine(file=row.file, line=row.line, outcome=outcome, reason=reason, cells=row.cells)


def _read_understood(connection: Connection, *, only_notable: bool) -> Iterator[tuple[int, ImportLine]]:
    columns = (line.c.place, terms.c.file, line.c.line, line.c.address, line.c.as_given, terms.c.list_slug)
    query = (
        select(*columns, decision.c.outcome, decision.c.changes, decision.c.reason)
        .join_from(line, decision, decision.c.n == line.c.n, isouter=not only_notable)
        .join(terms, terms.c.id == line.c.terms_id)
        .order_by(line.c.place)
    )
    if only_notable:
        plain = [Outcome.NEW.value, Outcome.UNCHANGED.value]
        query = query.where(
            or_(decision.c.outcome.not_in(plain), decision.c.changes.is_not(None), decision.c.reason != "")
        )
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        yield (
            row.place,
            ImportLine(
                file=row.file,
                line=row.line,
                outcome=Outcome(row.outcome or Outcome.UNCHANGED),
                address=row.as_given or row.address,
                list=row.list_slug,
                reason=unpack(row.reason or ""),
                changes=tuple(Change(**each) for each in row.changes or ()),
            ),
        )


@lru_cache(maxsize=16)
def name_without_folder(file: str) -> str:
    """Return the file's name without its folder, which does not belong in a register."""
    return mark_halves(Path(file).name)
