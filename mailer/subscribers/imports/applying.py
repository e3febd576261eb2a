"""Writing what an import has decided, table by table: so short a transaction that a running mailing can wait for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from mailer.database.columns import Id
from mailer.database.moments import UtcTime
from mailer.database.names import fold_name
from mailer.database.rows import typed_rows
from mailer.database.tables import (
    consent,
    import_run,
    list_,
    subscriber,
    subscriber_event,
    subscription,
)
from mailer.subscribers.facts.changes import BASIS, FIELDS
from mailer.subscribers.imports.model import ImportProgress, Outcome
from mailer.subscribers.imports.staging import BATCH, count_lines
from mailer.subscribers.imports.staging_tables import decision, line, terms
from mailer.subscribers.model import SubscriptionStatus

STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """The import as the history names it."""

    id: int
    at: datetime
    actor: str
    subscriptions_before: int  # the highest number of a subscription that was ever given


def begin_run(
    connection: Connection, *, files: list[str], counts: dict[Outcome, int], at: datetime, actor: str
) -> ImportRun:
    """Write the import itself down."""
    named = {each.value: number for each, number in counts.items()}
    statement = import_run.insert().values(at=at, actor=actor, files=files, counts=named).returning(import_run.c.id)
    id_ = int(connection.execute(statement).scalar_one())
    return ImportRun(id=id_, at=at, actor=actor, subscriptions_before=_take_numbers(connection))


def _take_numbers(connection: Connection) -> int:
    """Take a number of a subscription for each staged line; returns the one before the first.

    Adding subscriptions needs the lock of `SubscriberStore.joining`, so no other can take numbers at the same time.
    """
    if connection.dialect.name == "sqlite":  # which gives the next number that is free
        return int(connection.execute(select(func.coalesce(func.max(subscription.c.id), 0))).scalar_one())
    sequence = func.pg_get_serial_sequence(subscription.name, subscription.c.id.name)
    before = int(connection.execute(select(func.nextval(sequence))).scalar_one())
    connection.execute(select(func.setval(sequence, before + count_lines(connection))))
    return before


def apply(connection: Connection, run: ImportRun, *, progress: Callable[[ImportProgress], None]) -> None:
    """Write people, changes of facts and bases, subscriptions, consents and history."""
    _analyse(connection, decision)
    for done, step in enumerate((_people, _changes, _new_bases, _subscriptions, _consents, _events), 1):
        step(connection, run)
        _analyse(connection, _GROWN.get(step))
        progress(ImportProgress(step="writing", done=done, total=STEPS))


def _analyse(connection: Connection, table: Table | None) -> None:
    """Have PostgreSQL count a table again, which it would join as if it were as small as before."""
    if table is not None and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def _people(connection: Connection, run: ImportRun) -> None:
    values: dict[str, ColumnElement[Any]] = {
        "address": line.c.address,
        "address_as_given": func.coalesce(line.c.as_given, line.c.address),
        "domain": _domain(connection),
        "name": line.c.name,
        "name_folded": line.c.name_folded,
        "organisation": line.c.organisation,
        "role": terms.c.role,
        "lang": func.coalesce(func.nullif(terms.c.lang, ""), terms.c.list_lang),
        "source": terms.c.source,
        "created_at": literal(run.at, UtcTime()),
        "import_id": literal(run.id),
    }
    query = _lines(*values.values()).where(decision.c.makes_person).order_by(decision.c.n)
    _insert(connection, subscriber, values, query)


def _domain(connection: Connection) -> ColumnElement[str]:
    position = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return func.substr(line.c.address, position(line.c.address, "@") + 1)


class _ChangingLine(NamedTuple):
    """A line that changes facts or the basis of somebody known."""

    n: int
    id: int
    list_slug: str
    list_id: int
    changes: list[dict[str, str]]


def _changes(connection: Connection, run: ImportRun) -> None:
    """Write changes of facts and bases one after the other: what a later line says holds."""
    query = (
        _lines(decision.c.n, subscriber.c.id, terms.c.list_slug, list_.c.id.label("list_id"), decision.c.changes)
        .join(subscriber, subscriber.c.address == line.c.address)
        .join(list_, list_.c.slug == terms.c.list_slug)
        .where(decision.c.outcome.in_([Outcome.NEW, Outcome.CHANGED]), decision.c.changes.is_not(None))
        .order_by(decision.c.n)
        .limit(BATCH)
    )
    after = 0
    while rows := [*typed_rows(_ChangingLine, connection.execute(query.where(decision.c.n > after)))]:
        after = rows[-1].n
        _write_facts(connection, [(row.id, change) for row in rows for change in row.changes])
        connection.execute(
            subscriber_event.insert(), [_changed_event(run, row, each) for row in rows for each in row.changes]
        )


def _write_facts(connection: Connection, changes: list[tuple[int, dict[str, str]]]) -> None:
    for name in FIELDS:
        values: dict[str, Any] = {name: bindparam("new")}
        rows = [{"person": id_, "new": change["new"]} for id_, change in changes if change["field"] == name]
        if name == "name":
            values["name_folded"] = bindparam("folded")
            rows = [row | {"folded": fold_name(str(row["new"]))} for row in rows]
        if rows:
            statement = subscriber.update().where(subscriber.c.id == bindparam("person")).values(values)
            connection.execute(statement, rows)


def _changed_event(run: ImportRun, row: _ChangingLine, change: dict[str, str]) -> dict[str, object]:
    """Return the event of a change: a fact changes for all lists, a basis for one."""
    is_basis = change["field"] == BASIS
    return {
        "subscriber_id": row.id,
        "at": run.at,
        "actor": run.actor,
        "action": "changed",
        "list_id": row.list_id if is_basis else None,
        "import_id": run.id,
        "detail": change | ({"list": row.list_slug} if is_basis else {}),
    }


def _new_bases(connection: Connection, run: ImportRun) -> None:
    """Write consents of people who were on the list before."""
    same = (subscription.c.subscriber_id == subscriber.c.id) & (subscription.c.list_id == list_.c.id)
    values = _consent(run, subscription.c.id)
    query = (
        _lines(*values.values())
        .join(subscriber, subscriber.c.address == line.c.address)
        .join(list_, list_.c.slug == terms.c.list_slug)
        .join(subscription, same)
        .where(decision.c.adds_basis)
        .order_by(decision.c.n)
    )
    _insert(connection, consent, values, query)


def _subscriptions(connection: Connection, run: ImportRun) -> None:
    """Write subscriptions, each with its line's number beyond all given ones, so that none has to be looked up."""
    values = {
        "id": _subscription_id(run),
        "subscriber_id": subscriber.c.id,
        "list_id": list_.c.id,
        "status": terms.c.status,
        "since": literal(run.at, UtcTime()),
    }
    query = (
        _new_lines(*values.values())
        .join(subscriber, subscriber.c.address == line.c.address)
        .join(list_, list_.c.slug == terms.c.list_slug)
    )
    _insert(connection, subscription, values, query)


def _consents(connection: Connection, run: ImportRun) -> None:
    values = _consent(run, _subscription_id(run))
    _insert(connection, consent, values, _new_lines(*values.values()))


def _consent(run: ImportRun, subscription_id: ColumnElement[int]) -> dict[str, ColumnElement[Any]]:
    return {
        "subscription_id": subscription_id,
        "list_slug": terms.c.list_slug,
        "article": terms.c.article,
        "basis": terms.c.basis,
        "method": literal("import"),
        "recorded_at": literal(run.at, UtcTime()),
        "source": terms.c.source,
        "source_line": line.c.line,
        "import_id": literal(run.id),
    }


def _events(connection: Connection, run: ImportRun) -> None:
    """Write the history; a person who never confirmed gets no mail, and is no growth of the list."""
    is_pending = terms.c.status == SubscriptionStatus.PENDING.value
    values = {
        "subscriber_id": subscription.c.subscriber_id,
        "at": literal(run.at, UtcTime()),
        "actor": literal(run.actor),
        "action": case((is_pending, "added_unconfirmed"), else_="subscribed"),
        "list_id": subscription.c.list_id,
        "import_id": literal(run.id),
        "detail": _detail(connection),
    }
    query = _new_lines(*values.values()).join(subscription, subscription.c.id == _subscription_id(run))
    _insert(connection, subscriber_event, values, query)


def _detail(connection: Connection) -> ColumnElement[Any]:
    build = func.json_object if connection.dialect.name == "sqlite" else func.json_build_object
    parts = {"list": terms.c.list_slug, "source": terms.c.source, "line": cast(line.c.line, Text)}
    return build(*(each for name, value in parts.items() for each in (literal_column(f"'{name}'"), value)))


def _subscription_id(run: ImportRun) -> ColumnElement[int]:
    return decision.c.n + literal(run.subscriptions_before, Id)


def _new_lines(*columns: ColumnElement[Any]) -> Select[Any]:
    """Select every line that puts a person on a list."""
    return _lines(*columns).where(decision.c.outcome == Outcome.NEW).order_by(decision.c.n)


def _lines(*columns: ColumnElement[Any]) -> Select[Any]:
    """Select every line that changes something."""
    query = select(*columns).select_from(decision).join(line, line.c.n == decision.c.n)
    return query.join(terms, terms.c.id == line.c.terms_id)


def opt_out_lines(run: ImportRun, *columns: ColumnElement[Any]) -> Select[Any]:
    """Select every line of a person who wants no mail; `subscription_id` is the number kept for it."""
    taken_over = decision.c.outcome.in_([Outcome.LEAVES.value, Outcome.KEPT_OUT.value])
    query = _lines(decision.c.n, _subscription_id(run).label("subscription_id"), *columns)
    return query.join(subscriber, subscriber.c.address == line.c.address).where(taken_over).order_by(decision.c.n)


def _insert(connection: Connection, table: Table, values: Mapping[str, ColumnElement[Any]], query: Select[Any]) -> None:
    connection.execute(table.insert().from_select(list(values), query))


_GROWN = {_people: subscriber, _subscriptions: subscription, _consents: consent, _events: subscriber_event}
