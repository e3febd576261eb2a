"""Replace an erased address in the words of others, and find the places left for a person to decide about."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    cast,
    func,
    select,
    true,
)

from mailer.database.history_triggers import ERASED
from mailer.database.moments import UtcTime
from mailer.database.names import fold_name
from mailer.database.personal import Personal, columns_with, statement_of
from mailer.database.tables import metadata, subscriber
from mailer.subscribers.rights.searching import Search
from mailer.subscribers.rights.spellings import Word, likely, likely_pattern, replacing, words_of

# Of the person the row is about: their own rows go, and nobody else's row is theirs.
_OTHERS = tuple({*Personal} - {Personal.ADDRESS, Personal.HASH, Personal.PUBLISHED})


class Holds(StrEnum):
    """The part of an erased person that stands in a place."""

    ADDRESS = "address"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A value in the database that still names an erased person."""

    table: str
    column: str
    row: str
    holds: Holds


def remove_mentions(connection: Connection, addresses: Collection[str], *, names: Collection[str]) -> int:
    """Put `ERASED` in the place of addresses, however they are spelt, in all that is not published.

    With an address its text loses the names, too. Returns how many rows that changed. Call it when the person's own
    rows are gone, and while `erased_at` is set somewhere: the history lets its texts be changed only then.
    """
    words = words_of(addresses)
    clean, number = replacing(words, ERASED), 0
    clean_name = replacing(words_of(names), ERASED) if names else clean

    def clean_both(text: str) -> str:
        new = clean(text)
        return text if new == text else clean_name(new)

    for row in _rows(connection, words, _OTHERS):
        cleaned = {column: _cleaned(value, clean_both) for column, value in row.values.items()}
        changed = {column: value for column, value in cleaned.items() if value != row.values[column]}
        if row.table is subscriber and "name" in changed:
            changed |= {"name_folded": fold_name(changed["name"])}
        if changed:
            connection.execute(row.table.update().where(_is_row(row)).values(changed))
            number += 1
    return number


def find_places(connection: Connection, *, addresses: Collection[str], names: Collection[str]) -> tuple[Place, ...]:
    """Find the addresses in published columns, and the names in all."""
    published = [Personal.PUBLISHED]
    in_published = _places(connection, addresses, published, Holds.ADDRESS)
    of_name = _places(connection, names, [*_OTHERS, *published], Holds.NAME) if names else ()
    return (*in_published, *of_name)


def _places(
    connection: Connection, words: Collection[str], kinds: Collection[Personal], holds: Holds
) -> Iterator[Place]:
    search = Search(words)
    for row in _rows(connection, words_of(words), kinds):
        for column, value in row.values.items():
            if search.finds([_bytes_of(value)]):
                yield Place(table=row.table.name, column=column, row=str(next(iter(row.key.values()))), holds=holds)


def _bytes_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row that may hold a word: its primary key, and the values of the columns that may."""

    table: Table
    key: dict[str, Any]
    values: dict[str, Any]


def _rows(connection: Connection, words: Collection[Word], kinds: Collection[Personal]) -> Iterator[_Row]:
    """Yield rows with a column of one of the kinds that may hold one of the words."""
    for table in metadata.sorted_tables:
        columns = [each for each in columns_with(metadata, *kinds) if each.table is table and _is_searched(each)]
        if not columns:
            continue
        keys = [*table.primary_key.columns]
        query = select(*keys, *columns).where(_may_hold(connection, columns, words))
        for row in connection.execute(query).mappings().all():
            values = {each.name: row[each] for each in columns if row[each]}
            yield _Row(table=table, key={each.name: row[each] for each in keys}, values=values)


def _is_searched(column: Column[Any]) -> bool:
    """Return whether a column is one to look at: the folded name goes with the name; packed numbers have no words."""
    if isinstance(column.type, LargeBinary) and statement_of(column) is Personal.NONE:
        return False
    is_text = isinstance(column.type, String | JSON | LargeBinary) and not isinstance(column.type, UtcTime)
    return is_text and column is not subscriber.c.name_folded


def _may_hold(connection: Connection, columns: Collection[Column[Any]], words: Collection[Word]) -> Any:
    """Return the condition for rows that may hold a word; bytes are looked at one and all."""
    if any(isinstance(each.type, LargeBinary) for each in columns):
        return true()
    text: ColumnElement[str] = cast("", Text)
    for each in columns:
        text = text + " " + func.coalesce(cast(each, Text), "")
    if connection.dialect.name != "sqlite":
        return func.regexp_replace(text, "=\r?\n", "", "g").regexp_match(likely_pattern(words))
    plain: Any = connection.connection.driver_connection
    plain.create_function("mailer_may_hold", 1, likely(words))
    return func.mailer_may_hold(text)


def _is_row(row: _Row) -> Any:
    return and_(*(row.table.c[name] == value for name, value in row.key.items()))


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bytes):
        return clean(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return [_cleaned(each, clean) for each in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(each, clean) for key, each in value.items()}
    return value


def values_with(connection: Connection, word: Word) -> Iterator[tuple[str, bool]]:
    """Yield the stored and unpublished values in which a word may stand, and whether each is an address."""
    for kinds, is_address in ((_OTHERS, False), ([Personal.ADDRESS], True)):
        for row in _rows(connection, [word], kinds):
            for value in row.values.values():
                yield value if isinstance(value, str) else json.dumps(value), is_address
