"""An erased address goes out of what belongs to others, and nothing goes with it; `remains` says whether it is so."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from mailer.database.tables import import_run, metadata, subscriber_event
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.model import Register
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason
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


def test_a_file_called_by_the_address_and_other_ways_to_write_it_go_wherever_they_stand(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    """As the source of others, in what is said of them, and in why they are suppressed."""
    file = tmp_path / "pår@x.example.csv"
    file.write_text("epost;liste;grunnlag;organisasjon\nq@y.example;oslo;a: x;\n", encoding="utf-8")
    import_files(store, register, [file], options=ImportOptions())
    words = [
        "kopi av pår@x.example.xlsx",
        "pår@x.example-2.pdf",
        "p%E5r%40x.example",
        "p=E5r=40x.example",
        "p%25C3%25A5r%2540x.example",
        "b+pår=x.example@list.example",
        b64encode("pår@x.example".encode("utf-16-le")).decode(),
    ]
    for number, each in enumerate(words):
        who = f"p{number}@y.example"
        store.add(who, lists=["oslo"], basis=f"a: {each}", name=f"P {each}", organisation=each, source=each)
        suppress(store, who, reason=SuppressionReason.MANUAL, note=each)
    before = _all_words(store)
    assert all(each in before for each in words)
    store.add("pår@x.example", lists=["oslo"], basis="a: x")
    done = erase(store, "pår@x.example", workspace=tmp_path)
    assert (done.files, done.kept, done.remains_in) == ((file,), (), ())
    after = _all_words(store)
    assert [each for each in ["pår", *words] if each in after] == []
    assert after.count("[erased]") > len(words) * 4
    assert _written(store, "q@y.example") == ("", "[erased].csv")
    assert _written(store, "p0@y.example") == ("kopi av [erased].xlsx", "kopi av [erased].xlsx")
    assert _written(store, "p5@y.example") == ("b+[erased]@list.example",) * 2


def _written(store: SubscriberStore, address: str) -> tuple[str, str]:
    found = store.require(address)
    return found.organisation, found.source


def _all_words(store: SubscriberStore) -> str:
    """All that the database holds, as text."""
    with store.database.reading() as connection:
        return "\n".join(str(row) for each in metadata.sorted_tables for row in connection.execute(select(each)))


def test_names_that_the_person_had_go_with_the_address_and_are_named_where_they_stand_alone(
    store: SubscriberStore, tmp_path: Path
) -> None:
    for name in ("Ola Gammel", "Olav Mellom", "Olaf Ny"):
        store.add("ola@x.example", lists=["oslo"], basis="e: 1", name=name)
    store.add("kari@x.example", lists=["oslo"], basis="e: 1", organisation="For Ola Gammel (ola@x.example)")
    per = store.add("per@x.example", lists=["oslo"], basis="e: 1", name="For Ola Gammel", organisation="Olav Mellom")
    (tmp_path / "gammel.txt").write_text("Ola Gammel", "utf-8")
    (tmp_path / "mellom.txt").write_text("Olav Mellom", "utf-8")
    (tmp_path / "ny.txt").write_text("Olaf Ny", "utf-8")
    store.add("eva@x.example", lists=["oslo"], basis="e: 1", name="Olav Mellom")
    done = erase(store, "ola@x.example", workspace=tmp_path)
    assert store.require("kari@x.example").organisation == "For [erased] ([erased])"
    named = {(each.table, each.column, each.row) for each in done.named}
    assert {("subscriber", column, str(per.id)) for column in ("name", "organisation")} <= named
    assert [each.name for each in done.files] == ["gammel.txt", "ny.txt"]  # somebody else has the other name
