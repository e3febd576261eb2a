"""An erased address goes out of what belongs to others, and nothing goes with it; `remains` says whether it is so."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from mailer.database.tables import import_run, subscriber_event
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.erasing import erase

NOW = datetime(2023, 12, 1, 8, tzinfo=UTC)


def test_an_address_that_is_part_of_another_leaves_that_one_whole(store: SubscriberStore, tmp_path: Path) -> None:
    store.add("ola@x.example", lists=["oslo"], basis="e: 1")
    longer = "karola@x.example, x.ola@x.example, ola@x.example.org, ola@x.example-by.no"
    kari = store.add("kari@x.example", lists=["oslo"], basis="e: 1", organisation=f"Ola@X.example. {longer}")
    with store.database.writing() as connection:
        files = ["ola@x.example", longer]
        connection.execute(import_run.insert().values(at=NOW, actor="kari", files=files, counts={}))
        detail = {"field": "organisation", "old": longer, "line": 7}
        by = {"subscriber_id": kari.id, "at": NOW, "actor": "kari", "action": "changed"}
        connection.execute(subscriber_event.insert().values(**by, detail=detail))
    done = erase(store, "ola@x.example", workspace=tmp_path)
    assert (done.kept, done.is_scrubbed, done.remains_in) == ((), True, ())
    found = store.show("kari@x.example")
    assert found is not None
    assert found.organisation == f"[erased]. {longer}"
    with store.database.reading() as connection:
        assert connection.execute(select(import_run.c.files)).scalars().all() == [["[erased]", longer]]


def test_the_name_of_somebody_else_that_was_an_address_is_looked_up_anew(
    store: SubscriberStore, tmp_path: Path
) -> None:
    store.add("æge@x.example", lists=["oslo"], basis="e: 1")
    store.add("kari@x.example", lists=["oslo"], basis="e: 1", name="Kari for Æge@x.example")
    erase(store, "æge@x.example", workspace=tmp_path)
    assert store.find("æge") == ()
    assert [each.name for each in store.find("kari")] == ["Kari for [erased]"]


def test_an_address_that_is_another_but_for_its_first_or_last_letter_is_no_remains_of_it(
    sqlite_store: SubscriberStore, tmp_path: Path
) -> None:
    for each in ("ola@x.com", "la@x.com", "ola@x.co"):
        sqlite_store.add(each, lists=["oslo"], basis="e: 1")
    done = erase(sqlite_store, "ola@x.com", workspace=tmp_path)
    assert (done.is_scrubbed, done.remains_in) == (True, ())


def test_what_a_search_of_the_written_files_finds_is_said_whatever_wrote_it(
    sqlite_store: SubscriberStore, tmp_path: Path
) -> None:
    """Something that no column tells of: a table of somebody else's."""
    store = sqlite_store
    store.add("ølga@x.example", lists=["oslo"], basis="e: 1")
    store.add("o'ølga@x.example", lists=["oslo"], basis="e: 1")
    with store.database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE of_somebody (words TEXT)")
        connection.exec_driver_sql('INSERT INTO of_somebody VALUES (\'{"a": "Til \\u00f8lga@x.example"}\')')
    done = erase(store, "ølga@x.example", workspace=tmp_path)
    assert (done.is_rewritten, done.is_scrubbed) == (True, False)
    assert [each.name for each in done.remains_in] == ["mailer.sqlite3"]
    with store.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE of_somebody")
    again = erase(store, "ølga@x.example", workspace=tmp_path)
    assert (again.is_scrubbed, again.remains_in) == (True, ())
