"""An erased address goes out of what belongs to others, and nothing goes with it."""

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
    assert erase(store, "ola@x.example", workspace=tmp_path).kept == {}
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


def test_where_others_histories_still_hold_an_address_is_told_with_how_many_rows(
    store: SubscriberStore, tmp_path: Path
) -> None:
    kari = store.add("kari@x.example", lists=["oslo"], basis="e: 1, as OLA@x.example said")
    with store.database.writing() as connection:
        by = {"subscriber_id": kari.id, "at": NOW, "actor": "kari", "action": "changed"}
        for said in ("from Ola@x.example", "ola@x.example", "karola@x.example"):
            connection.execute(subscriber_event.insert().values(**by, detail={"new": [said], "line": 7}))
        files = [{"name": "from ola@x.example", "lines": 7}, "karola@x.example"]
        connection.execute(import_run.insert().values(at=NOW, actor="kari", files=files, counts={}))
    assert erase(store, "ola@x.example", workspace=tmp_path).kept == {"consent.basis": 1, "subscriber_event.detail": 2}
    with store.database.reading() as connection:
        left = connection.execute(select(import_run.c.files)).scalars().all()
    assert left == [[{"name": "from [erased]", "lines": 7}, "karola@x.example"]]
