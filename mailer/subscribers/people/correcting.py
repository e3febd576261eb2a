"""Correct the facts about a person."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from mailer.database.names import fold_name
from mailer.database.tables import subscriber
from mailer.subscribers.facts.changes import FIELDS, Change, find_changes


def change_facts(connection: Connection, subscriber_id: int, given: Mapping[str, str]) -> tuple[Change, ...]:
    """Give a stored person the facts that are given; returns what changed."""
    query = select(*(subscriber.c[each] for each in FIELDS)).where(subscriber.c.id == subscriber_id)
    changes = tuple(find_changes(dict(connection.execute(query).mappings().one()), given))
    for each in changes:
        values = values_of(each.field, each.new)
        connection.execute(subscriber.update().where(subscriber.c.id == subscriber_id).values(values))
    return changes


def values_of(field: str, value: str) -> dict[str, str]:
    """Return the columns that hold a fact: a name stands there as it is looked up, too."""
    return {field: value} | ({"name_folded": fold_name(value)} if field == "name" else {})
