"""Putting back the facts that an import changed, for many people at once: each person is read and written once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, select

from mailer.database.rows import typed_rows
from mailer.database.tables import import_run, subscriber, subscriber_event
from mailer.subscribers.facts.changes import FIELDS
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.correcting import values_of
from mailer.subscribers.people.store import SubscriberStore

EVENTS_AT_ONCE = 10_000

_event = subscriber_event.c
_IS_FACT = and_(_event.action == "changed", _event.detail["field"].as_string().in_(FIELDS))


class _FactChange(NamedTuple):
    """An event that changed a fact: `detail` holds the field, the old and the new value."""

    id: int
    subscriber_id: int
    detail: dict[str, str]


_CHANGES = select(_event.id, _event.subscriber_id, _event.detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PutBack:
    """A fact that is put back, as the history tells it."""

    subscriber_id: int
    detail: dict[str, str]


def put_facts_back(store: SubscriberStore, connection: Connection, import_id: int) -> int:
    """Put facts back, newest first; one that was changed since is left as it is. Returns how many."""
    of_others = _of_undone_others(import_id)
    has_others = connection.execute(select(exists().where(of_others))).scalar()
    count = 0
    for changes in _read_changes(connection, import_id):
        people = sorted({each.subscriber_id for each in changes})
        facts = _read_facts(connection, people)
        earlier = _read_earlier(connection, people, of_others) if has_others else {}
        back = [each for change in changes if (each := _take_back(change, facts[change.subscriber_id], earlier))]
        _write_facts(connection, {each.subscriber_id: facts[each.subscriber_id] for each in back})
        now = store.clock()
        subscriptions.record_events(
            connection,
            (store.event(each.subscriber_id, "changed", now, each.detail, import_id=import_id) for each in back),
        )
        count += len(back)
    return count


def _of_undone_others(import_id: int) -> ColumnElement[bool]:
    undone = select(import_run.c.id).where(import_run.c.undone_at.is_not(None), import_run.c.id != import_id)
    return and_(_IS_FACT, _event.import_id.in_(undone))


def _read_changes(connection: Connection, import_id: int) -> Iterator[Sequence[_FactChange]]:
    """Yield what the import changed, some people after others, and for each of them the newest first."""
    after = 0
    query = _CHANGES.where(_event.import_id == import_id, _IS_FACT).order_by(_event.subscriber_id, _event.id.desc())
    while True:
        some = connection.execute(query.where(_event.subscriber_id > after).limit(EVENTS_AT_ONCE))
        rows = [*typed_rows(_FactChange, some)]
        if len(rows) == EVENTS_AT_ONCE:  # of the last one, some may be missing
            whole = [row for row in rows if row.subscriber_id != rows[-1].subscriber_id]
            rows = whole or [*typed_rows(_FactChange, connection.execute(query.where(_is_of(rows[-1]))))]
        if not rows:
            return
        after = rows[-1].subscriber_id
        yield rows


def _is_of(row: _FactChange) -> ColumnElement[bool]:
    return _event.subscriber_id == row.subscriber_id


def _read_facts(connection: Connection, people: Sequence[int]) -> dict[int, dict[str, str]]:
    query = select(subscriber.c.id, *(subscriber.c[name] for name in FIELDS)).where(subscriber.c.id.in_(people))
    return {row["id"]: {name: row[name] for name in FIELDS} for row in connection.execute(query).mappings()}


def _read_earlier(
    connection: Connection, people: Sequence[int], of_others: ColumnElement[bool]
) -> Mapping[tuple[int, str], Sequence[_FactChange]]:
    """Return the changes of a person's fact by imports that were undone earlier, the newest first."""
    query = _CHANGES.where(_event.subscriber_id.in_(people), of_others).order_by(_event.id.desc())
    found = defaultdict[tuple[int, str], list[_FactChange]](list)
    for row in typed_rows(_FactChange, connection.execute(query)):
        found[row.subscriber_id, row.detail["field"]].append(row)
    return found


def _take_back(
    change: _FactChange, facts: dict[str, str], earlier: Mapping[tuple[int, str], Sequence[_FactChange]]
) -> _PutBack | None:
    """Put one fact back to what it was before the change, and before imports that were undone earlier."""
    field, new, before = change.detail["field"], change.detail["new"], change.detail["old"]
    if facts[field] != new:
        return None
    for each in earlier.get((change.subscriber_id, field), ()):
        if each.id < change.id and each.detail["new"] == before:
            before = each.detail["old"]
    facts[field] = before
    return _PutBack(subscriber_id=change.subscriber_id, detail={"field": field, "old": new, "new": before})


def _write_facts(connection: Connection, facts: Mapping[int, dict[str, str]]) -> None:
    rows = [{"person": id_} | _columns(of_person) for id_, of_person in facts.items()]
    if rows:
        values: dict[str, Any] = {
            name: bindparam(f"new_{name}") for name in _columns(dict.fromkeys(FIELDS, ""), prefix="")
        }
        connection.execute(subscriber.update().where(subscriber.c.id == bindparam("person")).values(values), rows)


def _columns(facts: Mapping[str, str], *, prefix: str = "new_") -> dict[str, str]:
    """Return the columns that hold the facts of a person."""
    pairs = (pair for name, value in facts.items() for pair in values_of(name, value).items())
    return {f"{prefix}{column}": value for column, value in pairs}
