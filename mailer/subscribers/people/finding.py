"""Finding people by the beginning of an address, of the words of a name, or of a domain."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Select, and_, select

from mailer.database.names import fold_name, select_ids_by_name
from mailer.database.tables import subscriber
from mailer.subscribers.facts.address import as_stored

_AFTER_ALL_LETTERS = "\U0010ffff"


def find_ids(connection: Connection, wanted: str, *, limit: int) -> list[int]:
    """The numbers of at most `limit` subscribers that fit; each way of looking has an index."""
    found: dict[int, None] = {}
    for query in _ways(connection, wanted):
        found |= dict.fromkeys(connection.execute(query.limit(limit)).scalars())
        if len(found) >= limit:
            break
    return list(found)[:limit]


def _ways(connection: Connection, wanted: str) -> Iterator[Select[int]]:
    if wanted.startswith("@"):
        yield _begins(subscriber.c.domain, as_stored(wanted)[1:])
        return
    yield _begins(subscriber.c.address, as_stored(wanted))
    words = fold_name(wanted).split()
    if words and "@" not in wanted:
        yield select_ids_by_name(connection, subscriber, words)


def _begins(column: Column[Any], text: str) -> Select[int]:
    """Select by a range, which both databases look up in the index, whatever signs the text holds."""
    return select(subscriber.c.id).where(and_(column >= text, column < text + _AFTER_ALL_LETTERS)).order_by(column)
