"""Every column of text says whether it holds personal data, and erasing reaches each that says so."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Connection, LargeBinary, String, Table, select

from mailer.database.personal import Personal, columns_with, statement_of
from mailer.database.tables import UtcTime, consent, metadata, subscriber, subscriber_event
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.erasing import erase

NOW = datetime(2023, 12, 1, 8, tzinfo=UTC)
SPOKEN = [
    column
    for table in metadata.sorted_tables
    for column in table.c
    if isinstance(column.type, String | JSON | LargeBinary) and not isinstance(column.type, UtcTime)
]
NAMED = list(columns_with(metadata, Personal.ADDRESS, Personal.NAME, Personal.WORDS))
# Other people's rows of a history that nobody can change: known, told by `erase`, not mended yet.
KEPT = {consent.c.basis, consent.c.source, subscriber_event.c.detail}
# The name alone is nobody's for certain; of the person's own rows it is gone.
ADDRESS, NAME = "hemmelig.person@kommune.example", "Særnavn Hemmelig"


@pytest.mark.parametrize("column", SPOKEN, ids=str)
def test_a_column_says_whether_it_holds_personal_data(column: Column[Any]) -> None:
    assert statement_of(column) in set(Personal)


def test_a_column_that_says_nothing_would_be_found_and_only_such_columns_speak() -> None:
    assert statement_of(Column("note", String)) is None
    speaking = [column for table in metadata.sorted_tables for column in table.c if column.info]
    assert set(map(str, speaking)) == set(map(str, SPOKEN))


def _value(column: Column[Any], words: str) -> object:
    """Something that may stand in a column, with the words in it where it speaks of people."""
    if column in NAMED:
        if isinstance(column.type, JSON):
            return [words] if column.name == "files" else {"field": "organisation", "old": words.upper(), "new": words}
        return words
    if isinstance(column.type, JSON):
        return []
    return NOW if isinstance(column.type, UtcTime) else b"x" if isinstance(column.type, LargeBinary) else "x"


def _fill(connection: Connection, table: Table, id_: int, words: str, **values: object) -> None:
    """A row with the words wherever they may stand, all that must be there, and what is said of it."""
    row = {
        column.name: _value(column, words)
        for column in table.c
        if column in NAMED or (not column.nullable and column.default is None and not column.foreign_keys)
    }
    numbers = {column.name: 1 for column in table.c if not isinstance(column.type, String | JSON | LargeBinary)}
    needed = {name: 1 for name in numbers if not table.c[name].nullable and not isinstance(table.c[name].type, UtcTime)}
    connection.execute(table.insert().values(row | needed | {"id": id_} | values))


def _somebody_else_with_the_words_everywhere(connection: Connection, words: str) -> None:
    for table in metadata.sorted_tables:
        if not any(column in NAMED for column in table.c):
            continue
        values: dict[str, object] = {}
        if table is subscriber:
            values = {"address": "other@x.example", "address_as_given": "other@x.example", "domain": "x.example"}
        elif table.name == "delivery":
            values = {"address": "other@x.example", "recipient": "other@x.example", "status": "accepted"}
        elif table.name == "test_send":
            values = {"recipient": "other@x.example"}
        elif table.name == "mailing":
            values = {"state": "finished"}
        identity = {"subscriber_id": 1000} if "subscriber_id" in table.c else {}
        identity |= {"subscription_id": 1000} if "subscription_id" in table.c else {}
        identity |= {"mailing_id": 1000} if "mailing_id" in table.c else {}
        identity |= {"delivery_id": 1000} if "delivery_id" in table.c else {}
        if table is consent:
            joined = {"id": 1000, "subscriber_id": 1000, "list_id": 1, "status": "active", "since": NOW}
            connection.execute(metadata.tables["subscription"].insert().values(joined))
        _fill(connection, table, 1000, words, **identity, **values)


def _holding(connection: Connection, words: str) -> set[Column[Any]]:
    """The columns in which the words stand, in whatever case."""
    return {
        column
        for column in SPOKEN
        if any(words.lower() in str(value).lower() for value in connection.execute(select(column)).scalars())
    }


@pytest.mark.parametrize("form", [ADDRESS, ADDRESS.upper(), f"Ansvarlig: <{ADDRESS}>, siden 2021."])
def test_an_erased_address_is_left_in_no_column_that_can_be_changed(
    store: SubscriberStore, tmp_path: Path, form: str
) -> None:
    store.add(ADDRESS, lists=["oslo"], basis=f"e: {ADDRESS}", name=NAME, organisation=NAME, source=ADDRESS)
    with store.database.writing() as connection:
        _somebody_else_with_the_words_everywhere(connection, form)
        reached = _holding(connection, ADDRESS)
    free = {each for each in NAMED if statement_of(each) is Personal.WORDS} | {subscriber.c.name}
    assert free <= reached, "the words were put everywhere"

    done = erase(store, ADDRESS, workspace=tmp_path)

    with store.database.reading() as connection:
        assert _holding(connection, ADDRESS) == KEPT
        assert _holding(connection, NAME) == set()
    assert done.kept == {str(each): 1 for each in KEPT}
