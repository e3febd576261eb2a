"""What is known of a person beside the address: how it is changed, one field after the other."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, select

from mailer.database.names import fold_name
from mailer.database.tables import subscriber
from mailer.subscribers.import_model import FIELDS, Change


def find_changes(found: Mapping[str, str], given: Mapping[str, str]) -> Iterator[Change]:
    """Yield what differs; an empty fact was not given and changes nothing."""
    for name in FIELDS:
        new = given[name]
        if new and new != found[name]:
            yield Change(field=name, old=found[name], new=new)


def change_facts(connection: Connection, subscriber_id: int, given: Mapping[str, str]) -> tuple[Change, ...]:
    """Give a stored person the facts that are given; returns what changed."""
    query = select(*(subscriber.c[each] for each in FIELDS)).where(subscriber.c.id == subscriber_id)
    changes = tuple(find_changes(dict(connection.execute(query).mappings().one()), given))
    for each in changes:
        values = values_of(each.field, each.new)
        connection.execute(subscriber.update().where(subscriber.c.id == subscriber_id).values(values))
    return changes


def values_of(field: str, value: str) -> dict[str, str]:
    """The columns that hold a fact: a name stands there as it is looked up, too."""
    return {field: value} | ({"name_folded": fold_name(value)} if field == "name" else {})
