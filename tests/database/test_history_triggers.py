"""The history and the consents are only ever added to, whoever asks the database to change them.

So are `decisions`.
"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import JSON, Table, text
from sqlalchemy.exc import DBAPIError

from mailer.database.decisions import Action, Operator
from mailer.database.tables import consent, decision, import_run, subscriber, subscriber_event, subscription
from mailer.subscribers.people.store import SubscriberStore

PROTECTED = [subscriber_event, consent, decision]


@pytest.fixture
def subscribed(store: SubscriberStore) -> SubscriberStore:
    store.add("ole@kommune.example", lists=["oslo"], basis="e: public task")
    with store.database.writing() as connection:
        Operator(actor="kari").record(connection, Action.PURGED, at=datetime(2023, 12, 1, tzinfo=UTC))
    return store


@pytest.mark.parametrize("table", PROTECTED, ids=lambda table: table.name)
def test_a_row_of_the_history_can_neither_be_changed_nor_deleted(subscribed: SubscriberStore, table: Table) -> None:
    for statement in (table.update().values(id=table.c.id), table.delete()):
        with (
            pytest.raises(DBAPIError, match="the history is never changed"),
            subscribed.database.writing() as connection,
        ):
            connection.execute(statement)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("table", PROTECTED, ids=lambda table: table.name)
def test_nor_can_another_row_take_its_place(subscribed: SubscriberStore, table: Table) -> None:
    columns = ", ".join(table.c.keys())
    statement = f"REPLACE INTO {table.name} ({columns}) SELECT {columns} FROM {table.name}"
    with pytest.raises(DBAPIError, match="the history is never changed"), subscribed.database.writing() as connection:
        connection.execute(text(statement))


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_the_history_cannot_be_emptied_either(subscribed: SubscriberStore) -> None:
    for table in PROTECTED:
        with (
            pytest.raises(DBAPIError, match="the history is never changed"),
            subscribed.database.writing() as connection,
        ):
            connection.execute(text(f"TRUNCATE {table.name}"))


def _erasing(store: SubscriberStore) -> None:
    with store.database.writing() as connection:
        connection.execute(subscriber.update().values(erased_at=datetime(2023, 12, 1, tzinfo=UTC)))


WORDS = [(subscriber_event, "detail"), (subscriber_event, "actor"), (consent, "basis"), (consent, "source")]
WORDS += [(decision, "detail"), (decision, "actor")]


@pytest.mark.parametrize(("table", "column"), WORDS, ids=str)
def test_while_a_person_is_erased_words_may_be_replaced_by_the_mark_and_by_nothing_else(
    subscribed: SubscriberStore, table: Table, column: str
) -> None:
    def value(words: str) -> object:
        return {"old": words} if isinstance(table.c[column].type, JSON) else words

    marked = table.update().values({column: value("e: for [erased]")})
    with pytest.raises(DBAPIError, match="never changed"), subscribed.database.writing() as connection:
        connection.execute(marked)
    _erasing(subscribed)
    with subscribed.database.writing() as connection:
        assert connection.execute(marked).rowcount == 1
    later = datetime(2024, 1, 1, tzinfo=UTC)
    time = "recorded_at" if table is consent else "at"
    for values in ({column: value("e: another")}, {column: value("[erased]"), time: later}, {"id": 77}):
        with pytest.raises(DBAPIError, match="never changed"), subscribed.database.writing() as connection:
            connection.execute(table.update().values(values))


def test_the_rows_of_a_person_who_is_being_erased_may_go(subscribed: SubscriberStore) -> None:
    with subscribed.database.writing() as connection:
        connection.execute(subscriber.update().values(erased_at=datetime(2023, 12, 1, tzinfo=UTC)))
        for table in (consent, subscription, subscriber_event, subscriber):
            assert connection.execute(table.delete()).rowcount == 1


def test_the_consents_of_an_import_that_is_undone_may_go(subscribed: SubscriberStore) -> None:
    at = datetime(2023, 12, 1, tzinfo=UTC)
    with subscribed.database.writing() as connection:
        run = import_run.insert().values(id=1, at=at, actor="kari", files=[], counts={})
        connection.execute(run)
        found = connection.execute(subscription.select()).one()
        row = {"subscription_id": found.id, "list_slug": "oslo", "basis": "e", "method": "import", "recorded_at": at}
        connection.execute(consent.insert().values(import_id=1, **row))
    of_import = consent.delete().where(consent.c.import_id == 1)
    with pytest.raises(DBAPIError, match="never changed"), subscribed.database.writing() as connection:
        connection.execute(of_import)
    with subscribed.database.writing() as connection:
        connection.execute(import_run.update().values(undone_at=at))
        assert connection.execute(of_import).rowcount == 1
