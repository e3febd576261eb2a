"""Finding people by the beginning of an address or name, a word inside a name, or a domain."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, select

from mailer.database.tables import subscriber

_AFTER_ALL_LETTERS = "\U0010ffff"


def find_ids(connection: Connection, wanted: str, *, limit: int) -> list[int]:
    """The numbers of at most `limit` subscribers that fit the casefolded text.

    The indexed ways come first; names are read through only while there is room for more.
    """
    found: dict[int, None] = {}
    for matches, order in _ways(wanted):
        query = select(subscriber.c.id).where(matches).order_by(order).limit(limit)
        found |= dict.fromkeys(connection.execute(query).scalars())
        if len(found) >= limit:
            break
    return list(found)[:limit]


def _ways(wanted: str) -> Iterator[tuple[ColumnElement[bool], Column[Any]]]:
    if wanted.startswith("@"):
        yield _begins(subscriber.c.domain, wanted[1:]), subscriber.c.domain
        return
    yield _begins(subscriber.c.address, wanted), subscriber.c.address
    if "@" not in wanted:
        yield _begins(subscriber.c.name_folded, wanted), subscriber.c.name_folded
        yield subscriber.c.name_folded.contains(wanted, autoescape=True), subscriber.c.name_folded


def _begins(column: Column[Any], text: str) -> ColumnElement[bool]:
    """As a range, which both databases look up in the index, whatever signs the text holds."""
    return and_(column >= text, column < text + _AFTER_ALL_LETTERS)
