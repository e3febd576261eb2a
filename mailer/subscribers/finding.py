"""Finding people by the beginning of an address or name, a word inside a name, or a domain."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, func, select

from mailer.database.tables import subscriber

_MAY_BE_A_NAME = re.compile(r"[^@\d]*")
_AFTER_ALL_LETTERS = "\U0010ffff"


def find_ids(connection: Connection, wanted: str, *, limit: int) -> list[int]:
    """The numbers of at most `limit` subscribers that fit the casefolded text.

    The indexed ways come first; names are read through only while there is room for more.
    """
    found: dict[int, None] = {}
    for matches, order in _ways(wanted, is_sqlite=connection.dialect.name == "sqlite"):
        query = select(subscriber.c.id).where(matches).order_by(order).limit(limit)
        found |= dict.fromkeys(connection.execute(query).scalars())
        if len(found) >= limit:
            break
    return list(found)[:limit]


def _ways(wanted: str, *, is_sqlite: bool) -> Iterator[tuple[ColumnElement[bool], Column[Any]]]:
    if wanted.startswith("@"):
        yield _begins(subscriber.c.domain, wanted[1:]), subscriber.c.domain
        return
    yield _begins(subscriber.c.address, wanted), subscriber.c.address
    if _MAY_BE_A_NAME.fullmatch(wanted):
        yield _begins(subscriber.c.name_folded, wanted), subscriber.c.name_folded
        # Each in the order in which it reads all names soonest: SQLite through the index, which holds all it needs;
        # PostgreSQL through the table. LIKE takes twice as long.
        position, order = (func.instr, subscriber.c.name_folded) if is_sqlite else (func.strpos, subscriber.c.id)
        yield position(subscriber.c.name_folded, wanted) > 0, order


def _begins(column: Column[Any], text: str) -> ColumnElement[bool]:
    """As a range, which both databases look up in the index, whatever signs the text holds."""
    return and_(column >= text, column < text + _AFTER_ALL_LETTERS)
