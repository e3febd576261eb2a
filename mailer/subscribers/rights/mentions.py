"""Replace an erased address in what belongs to others: their organisation, notes, replies of servers."""

import json
import re
from collections import Counter
from collections.abc import Collection
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Connection, Text, cast, func, or_, select

from mailer.database.names import fold_name
from mailer.database.personal import Personal, columns_with
from mailer.database.tables import metadata, subscriber

ERASED = "[erased]"
_KEPT = {"consent", "subscriber_event"}  # `history` lets nobody change them


def remove_mentions(connection: Connection, addresses: Collection[str]) -> dict[str, int]:
    """Put `ERASED` in the place of addresses, however they are capitalised, in every column that may name anybody.

    Returns in how many rows they are left, by `table.column`: in other people's history, which is never changed.
    Call it when the person's own rows are gone.
    """
    pattern, left = _pattern(addresses), Counter[str]()
    for column in columns_with(metadata, Personal.NAME, Personal.WORDS):
        if column is subscriber.c.name_folded:  # goes with the name
            continue
        for id_, value in _found(connection, column, addresses):
            cleaned = _cleaned(value, pattern)
            if cleaned == value:
                continue
            if column.table.name in _KEPT:
                left[f"{column.table.name}.{column.name}"] += 1
                continue
            values = {column.name: cleaned}
            if column is subscriber.c.name:
                values |= {"name_folded": fold_name(cleaned)}
            connection.execute(column.table.update().where(column.table.c.id == id_).values(values))
    return dict(left)


def _found(connection: Connection, column: Column[Any], addresses: Collection[str]) -> list[tuple[int, Any]]:
    """Return rows that may hold one of them; SQLite knows only the capitals of ASCII, so others are left out."""
    text = func.lower(cast(column, Text))
    spellings = {form for each in addresses for form in _forms(column, each)}
    stands: list[ColumnElement[bool]] = [text.contains(form, autoescape=True) for form in spellings]
    query = select(column.table.c.id, column).where(or_(*stands))
    return [(row[0], row[1]) for row in connection.execute(query)]


def _forms(column: Column[Any], address: str) -> set[str]:
    """Return the longest part of an address that is written in one way only, as the column holds it."""
    plain = max(re.findall(r"[\x21-\x7e]+", address), key=len).lower()
    return {json.dumps(plain)[1:-1].lower() if isinstance(column.type, JSON) else plain}


def _pattern(addresses: Collection[str]) -> re.Pattern[str]:
    """Return a pattern for addresses that stand by themselves: `a@x.example` is no part of `kara@x.example`."""
    forms = "|".join(map(re.escape, addresses))
    return re.compile(rf"(?<![\w.+-])(?:{forms})(?![.-]?\w)", re.IGNORECASE)


def _cleaned(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(ERASED, value)
    if isinstance(value, list):
        return [_cleaned(each, pattern) for each in value]
    if isinstance(value, dict):
        return {key: _cleaned(each, pattern) for key, each in value.items()}
    return value
