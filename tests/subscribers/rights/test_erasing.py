"""Erasing leaves no byte of an address, or of a name nobody else has; purging keeps counts and lets go of people."""

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.database.engine import Database, open_database
from mailer.database.tables import attempt, delivery, mailing, subscriber, subscription, test_send
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.kept import KeptReason
from mailer.subscribers.imports.undoing import forget_removed, undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.access import read_stored
from mailer.subscribers.rights.erasing import erase, purge

NOW = datetime(2023, 12, 1, 8, tzinfo=UTC)
OLE = "Ole.Ødegård@Kommune.example"
YEAR = timedelta(days=365)


def _sent(store: SubscriberStore, address: str, *, finished_at: datetime = NOW) -> None:
    """A finished mailing with one delivery, in which the server repeated the address."""
    found = store.show(address)
    assert found is not None
    with store.database.writing() as connection:
        words = {"slug": "2023-12", "state": "finished", "content_hash": "x", "lists": [], "subject": "Brev"}
        values = {"in_doubt_policy": "hold", "created_at": finished_at, "finished_at": finished_at}
        connection.execute(mailing.insert().values(id=1, **words, **values))
        person = {"address": found.address, "recipient": found.address_as_given, "subscriber_id": found.id}
        reply = f"550 5.1.1 <{found.address_as_given.upper()}> unknown"
        row = {"lists": "oslo", "status": "rejected", "reply": reply, "changed_at": finished_at}
        connection.execute(delivery.insert().values(id=1, mailing_id=1, **person, **row))
        tried = {"delivery_id": 1, "at": finished_at, "outcome": "rejected", "reply": reply}
        connection.execute(attempt.insert().values(tried))
        test = {"slug": "2023-12", "content_hash": "x", "recipient": found.address_as_given, "at": finished_at}
        connection.execute(test_send.insert().values(test))


def _bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("mailer.sqlite3*")).lower()


def test_no_byte_of_an_erased_person_is_left_in_any_file_of_the_database(
    sqlite_store: SubscriberStore, tmp_path: Path
) -> None:
    store = sqlite_store
    store.add(
        "gammel.ole@kommune.example", lists=["oslo"], basis="e: case 1", name="Ole Særnavn", organisation="Ås kommune"
    )
    move_person(store, "gammel.ole@kommune.example", OLE)
    for number in range(200):  # so that his rows lie among others' and on pages that are freed
        store.add(f"p{number}@kommune.example", lists=["oslo"], basis="e: case 1", name="Kari Vanlig")
    _sent(store, OLE)
    needles = [b"gammel.ole@", "ole.ødegård@".encode(), b"ole.", b"rnavn"]  # whatever an index shortens
    assert all(needle in _bytes(tmp_path) for needle in needles[:2])
    done = erase(store, "ole.ødegård@KOMMUNE.example", workspace=tmp_path)
    assert (done.was_subscriber, done.deliveries, done.is_scrubbed) == (True, 1, True)
    found = _bytes(tmp_path)
    assert [needle for needle in (*needles, "særnavn".encode(), b"\xc3\x98deg") if needle.lower() in found] == []
    assert b"kari vanlig" in found


@pytest.mark.postgresql
def test_no_byte_of_an_erased_person_is_left_in_the_files_of_a_database_of_postgresql(
    postgresql_database: Database, build_store: Callable[[Database], SubscriberStore], tmp_path: Path
) -> None:
    store = build_store(postgresql_database)
    store.add("aa.gammel@kommune.example", lists=["oslo"], basis="e: case 1", name="Aase Særnavn")
    move_person(store, "aa.gammel@kommune.example", "aa.ny@kommune.example")
    for number in range(100):
        store.add(f"p{number}@kommune.example", lists=["oslo"], basis="e: case 1", name="Kari Vanlig")
    _sent(store, "aa.ny@kommune.example")
    _run(postgresql_database, "ANALYZE")  # the statistics quote the first and last of each column
    needles = ["aa.gammel@kommune", "aa.ny@kommune", "Aase Særnavn", "aase særnavn", "ærnavn", "Kari Vanlig"]
    assert _found(postgresql_database, needles) == set(needles)
    assert "aa.ny@" in _statistics(postgresql_database)
    assert erase(store, "aa.ny@kommune.example", workspace=tmp_path).is_scrubbed
    assert _found(postgresql_database, needles) == {"Kari Vanlig"}
    assert "aa.ny@" not in _statistics(postgresql_database)


def test_nor_of_what_was_done_to_them_by_moving_suppressing_releasing_and_undone_imports(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    """Former addresses, reasons, files, facts of before and the log of deeds, also in what was said of others."""
    old, new, name = "aa.gammel@kommune.example", "aa.ny@kommune.example", "Aase Særnavn"
    store.add("kari@kommune.example", lists=["oslo"], basis=f"e: spurt av {old}", name="Kari Vanlig")
    for lines, file in (
        (f"{old};{name};oslo", f"{old}.csv"),
        (f"{old};{name} Tidligere;oslo\nper@x.example;Per;oslo", f"liste for {new}.csv"),
    ):
        (tmp_path / file).write_text(f"epost;navn;liste\n{lines}\n", encoding="utf-8")
        options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
        report = import_files(store, register, [tmp_path / file], options=options)
        (tmp_path / file).unlink()
    assert report.id is not None
    undo_import(store, report.id)
    suppress(store, old, reason=SuppressionReason.MANUAL, note=f"ba om det fra {old}")
    suppress(store, "kari@kommune.example", reason=SuppressionReason.MANUAL, note=f"sagt av {old}", list_slug="oslo")
    release(store, old, note=f"{old} ombestemte seg")
    release(store, "kari@kommune.example", note=f"{new} tok feil", list_slug="oslo")
    move_person(store, old, new)
    needles = ["aa.gammel@kommune", "aa.ny@kommune", "ærnavn", "Tidligere"]
    assert _standing(store.database, tmp_path, [*needles, "kari@kommune"]) == {*needles, "kari@kommune"}
    done = erase(store, new, workspace=tmp_path)
    assert (done.is_scrubbed, done.files) == (True, ())
    assert _standing(store.database, tmp_path, [*needles, "kari@kommune"]) == {"kari@kommune"}


def _standing(database: Database, folder: Path, needles: list[str]) -> set[str]:
    """Which of the words stand in any file of the database."""
    if not database.is_sqlite:
        return _found(database, needles)
    content = b"".join(file.read_bytes() for file in folder.glob("mailer.sqlite3*"))
    return {each for each in needles if each.encode() in content}


@pytest.mark.slow
@pytest.mark.postgresql
def test_what_the_page_tells_an_administrator_rids_the_log_of_postgresql_of_the_erased_too(
    postgresql_database: Database,
    build_store: Callable[[Database], SubscriberStore],
    repository: Path,
    tmp_path: Path,
) -> None:
    store = build_store(postgresql_database)
    store.add("aa.logget@kommune.example", lists=["oslo"], basis="e: case 1")
    erase(store, "aa.logget@kommune.example", workspace=tmp_path)
    assert "aa.logget@" in _logged(postgresql_database)
    page = (repository / "docs" / "howto" / "subscribers.md").read_text("utf-8")
    (block,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    for statement in re.split(r";\n(?=ALTER|SELECT|DO|CHECKPOINT|\Z)", block):
        if statement:
            _run(postgresql_database, statement.replace("%", "%%"))
    assert "aa.logget@" not in _logged(postgresql_database)


def _logged(database: Database) -> str:
    query = "SELECT pg_read_binary_file('pg_wal/' || name) FROM pg_ls_waldir()"
    with database.reading() as connection:
        return b"".join(map(bytes, connection.exec_driver_sql(query).scalars())).decode("latin-1")


def _run(database: Database, statement: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def _found(database: Database, needles: list[str]) -> set[str]:
    """Which of the words stand in any file of the database, once all is written to disk."""
    _run(database, "CHECKPOINT")
    query = """SELECT pg_read_binary_file(folder || '/' || file) FROM pg_database,
        LATERAL (SELECT 'base/' || oid) AS at (folder), LATERAL pg_ls_dir(folder) AS file
        WHERE datname = current_database()"""
    with database.reading() as connection:
        content = b"".join(map(bytes, connection.exec_driver_sql(query).scalars()))
    return {each for each in needles if each.encode() in content}


def _statistics(database: Database) -> str:
    with database.reading() as connection:
        return str(connection.exec_driver_sql("SELECT string_agg(histogram_bounds::text, '') FROM pg_stats").scalar())


@pytest.mark.slow
@pytest.mark.postgresql
def test_undoing_the_import_of_a_wrong_file_says_that_postgresql_may_hold_it_until_a_purge(
    postgresql_database: Database,
    build_store: Callable[[Database], SubscriberStore],
    register: Register,
    tmp_path: Path,
) -> None:
    store, file = build_store(postgresql_database), tmp_path / "wrong.csv"
    store.add("kari@kommune.example", lists=["oslo"], basis="e: case 1")
    lines = "".join(f"hemmelig{n}@x.example;Feil {n};oslo\n" for n in range(100))
    file.write_text(f"epost;navn;liste\n{lines}", "utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
    report = import_files(store, register, [file], options=options)
    assert report.id is not None
    undo_import(store, report.id)
    assert not forget_removed(store)
    assert _found(postgresql_database, ["hemmelig7", "kari@"]) == {"hemmelig7", "kari@"}
    assert purge(store, unconfirmed=timedelta(days=7), details=YEAR).is_scrubbed
    assert _found(postgresql_database, ["hemmelig", "kari@"]) == {"kari@"}
    assert "hemmelig" not in _statistics(postgresql_database)


@pytest.mark.postgresql
def test_a_database_of_postgresql_that_others_read_is_not_rid_of_anybody_and_says_so(
    postgresql_database: Database, build_store: Callable[[Database], SubscriberStore], tmp_path: Path
) -> None:
    store = build_store(postgresql_database)
    store.add(OLE, lists=["oslo"], basis="e: case 1")
    with postgresql_database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")  # and keeps what it may still want to see
        assert not erase(store, OLE, workspace=tmp_path).is_scrubbed
    assert purge(store, unconfirmed=timedelta(days=7), details=YEAR).is_scrubbed


def test_an_erased_person_is_gone_but_counted_and_never_comes_back(store: SubscriberStore, tmp_path: Path) -> None:
    store.add(OLE, lists=["oslo"], basis="e: case 1")
    _sent(store, OLE)
    erased = erase(store, OLE, workspace=tmp_path)
    assert (erased.deliveries, erased.mentions) == (1, 0), "what is said of their own deliveries is no row of others"
    assert store.show(OLE) is None
    assert store.find("ole") == ()
    with store.database.reading() as connection:
        row = connection.execute(select(delivery)).one()
        said = connection.execute(select(attempt.c.reply)).scalar_one()
        tested = connection.execute(select(test_send.c.recipient)).scalar_one()
    assert (row.status, row.recipient, row.subscriber_id, row.address) == ("rejected", "", None, "erased-1")
    assert row.reply == said == "550 5.1.1 <[erased]> unknown"
    assert tested == "[erased]"
    (suppression,) = read_suppressions(store, OLE)
    assert suppression.reason is SuppressionReason.ERASED
    with pytest.raises(MailerError, match="is suppressed"):
        store.add(OLE, lists=["agder"], basis="a: asked", again=True)


def test_deliveries_of_others_to_an_erased_address_lose_it_and_stay_theirs(
    store: SubscriberStore, tmp_path: Path
) -> None:
    kari = store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    store.add(OLE, lists=["oslo"], basis="e: case 1")
    _sent(store, OLE)
    with store.database.writing() as connection:
        row = {"mailing_id": 1, "lists": "oslo", "status": "accepted", "changed_at": NOW}
        for number, subscriber_id, address, recipient in (
            (2, kari.id, "her.old@x.example", OLE),
            (3, None, OLE, "another@x.example"),
            (4, kari.id, "kari@x.example", "kari@x.example"),
        ):
            person = {"subscriber_id": subscriber_id, "address": address, "recipient": recipient}
            connection.execute(delivery.insert().values(row | person | {"id": number}))
    assert erase(store, OLE, workspace=tmp_path).deliveries == 3
    with store.database.reading() as connection:
        rows = connection.execute(select(delivery).order_by(delivery.c.id)).all()
    assert [(row.subscriber_id, row.address, row.recipient) for row in rows] == [
        (None, "erased-1", ""),
        (kari.id, "erased-2", ""),
        (None, "erased-3", ""),
        (kari.id, "kari@x.example", "kari@x.example"),
    ]


def test_somebody_who_is_not_stored_can_be_erased_in_advance(store: SubscriberStore, tmp_path: Path) -> None:
    assert not erase(store, OLE, workspace=tmp_path).was_subscriber
    assert read_suppressions(store, OLE)


def test_what_was_noted_about_an_erased_address_is_gone_too(store: SubscriberStore, tmp_path: Path) -> None:
    store.add(OLE, lists=["oslo"], basis="e: case 1")
    suppress(store, OLE, reason=SuppressionReason.MANUAL, note="Ole Særnavn called")
    erase(store, OLE, workspace=tmp_path)
    (suppression,) = read_suppressions(store, OLE)
    assert (suppression.reason, suppression.note) == (SuppressionReason.ERASED, "")


def test_the_old_address_of_somebody_who_moved_leads_to_the_new_one(store: SubscriberStore, tmp_path: Path) -> None:
    store.add("gammel.ole@kommune.example", lists=["oslo"], basis="e: case 1")
    move_person(store, "gammel.ole@kommune.example", "ole@fylke.example")
    with pytest.raises(MailerError) as refused:
        erase(store, "Gammel.Ole@kommune.example", workspace=tmp_path)
    assert refused.value.what == "Gammel.Ole@kommune.example is ole@fylke.example now"
    assert refused.value.hint == "Both are erased by: mailer subscribers erase ole@fylke.example"
    assert store.show("ole@fylke.example") is not None
    assert erase(store, "ole@fylke.example", workspace=tmp_path).was_subscriber
    assert not erase(store, "gammel.ole@kommune.example", workspace=tmp_path).was_subscriber


def test_files_with_the_name_are_told_of_when_nobody_else_has_it(sqlite_store: SubscriberStore, tmp_path: Path) -> None:
    for address, name in (("a@x.example", "Åse Berg"), ("b@x.example", "Åse Berg"), ("c@x.example", "Anna")):
        sqlite_store.add(address, lists=["oslo"], basis="e: case 1", name=name)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "notes.txt").write_text("ÅSE BERG and Anna", encoding="cp1252")
    named = [erase(sqlite_store, f"{each}@x.example", workspace=tmp_path / "files").files for each in "abc"]
    assert [len(each) for each in named] == [0, 1, 0]


def test_the_database_is_no_file_to_delete_whoever_else_is_in_it(
    sqlite_database: Database, build_store: Callable[[Database], SubscriberStore], tmp_path: Path
) -> None:
    store = build_store(sqlite_database)
    for address, name in (("per@x.example", "Kari Nordmann"), ("jesper@x.example", "Kari Nordmann-Hansen")):
        store.add(address, lists=["oslo"], basis="e: case 1", name=name)
    (tmp_path / "copy.sqlite3").write_bytes((tmp_path / "mailer.sqlite3").read_bytes() + _bytes(tmp_path))
    (tmp_path / "others.csv").write_text("jesper@x.example;Kari Nordmann-Hansen", "utf-8")
    assert erase(store, "per@x.example", workspace=tmp_path).files == (tmp_path / "copy.sqlite3",)


def test_a_database_in_use_is_not_rewritten_and_says_so(
    sqlite_store: SubscriberStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailer.database import engine

    monkeypatch.setattr(engine, "BUSY_TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(engine, "_PRAGMAS", ("busy_timeout = 10", "journal_mode = WAL"))
    sqlite_store.add(OLE, lists=["oslo"], basis="e: case 1")
    quick = open_database(str(sqlite_store.database.engine.url))
    store = SubscriberStore(quick, clock=sqlite_store.clock, suppression_key=b"suppression-key-of-tests")
    with closing(quick), sqlite_store.database.reading() as connection:
        connection.execute(select(subscriber)).all()  # somebody reads on
        done = erase(store, OLE, workspace=tmp_path)
        assert not done.is_scrubbed
        assert done.files == ()
    assert sqlite_store.show(OLE) is None


def _pending(database: Database, store: SubscriberStore, address: str, *, since: datetime) -> None:
    found = store.add(address, lists=["oslo"], basis="a: form")
    with database.writing() as connection:
        theirs = subscription.c.subscriber_id == found.id
        connection.execute(subscription.update().where(theirs).values(status="pending", since=since))


def test_purging_deletes_who_never_confirmed_and_nobody_else(database: Database, store: SubscriberStore) -> None:
    store.add("old@x.example", lists=["agder"], basis="a: form")
    _pending(database, store, "old@x.example", since=NOW - timedelta(days=8))
    _pending(database, store, "new@x.example", since=NOW - timedelta(days=7))
    store.add("active@x.example", lists=["oslo"], basis="e: case 1")
    done = purge(store, unconfirmed=timedelta(days=7), details=YEAR)
    assert (done.people, done.deliveries, done.is_scrubbed) == (1, 0, True)
    assert [each.address for each in store.find("@x.example")] == ["active@x.example", "new@x.example"]
    assert not read_suppressions(store, "old@x.example")


def test_purging_takes_addresses_out_of_old_deliveries_and_keeps_their_outcome(store: SubscriberStore) -> None:
    store.add(OLE, lists=["oslo"], basis="e: case 1")
    _sent(store, OLE, finished_at=NOW - timedelta(days=366))
    assert purge(store, unconfirmed=timedelta(days=7), details=YEAR).deliveries == 1
    assert purge(store, unconfirmed=timedelta(days=7), details=YEAR).deliveries == 0
    with store.database.reading() as connection:
        row = connection.execute(select(delivery)).one()
    assert (row.address, row.recipient, row.reply, row.status) == ("purged-1", "", "", "rejected")
    assert store.show(OLE) is not None


def test_after_purging_it_is_known_who_was_mailed_until_they_are_erased(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text(f"epost;liste;grunnlag\n{OLE};oslo;e: case 1\n", "utf-8")
    imported = import_files(store, register, [tmp_path / "new.csv"], options=ImportOptions())
    _sent(store, OLE, finished_at=NOW - timedelta(days=366))
    with store.database.writing() as connection:
        connection.execute(delivery.update().values(status="accepted"))
    purge(store, unconfirmed=timedelta(days=7), details=YEAR)
    (mail,) = read_stored(store, OLE).mails
    assert (mail.issue, mail.address, mail.reply, [each.reply for each in mail.attempts]) == ("2023-12", "", "", [""])
    assert imported.id is not None
    (kept,) = undo_import(store, imported.id).kept
    assert (kept.address, kept.reason) == (OLE, KeptReason.MAILED)
    assert erase(store, OLE, workspace=tmp_path).deliveries == 1
    with store.database.reading() as connection:
        row = connection.execute(select(delivery)).one()
    assert (row.subscriber_id, row.status, row.address) == (None, "accepted", "erased-1")


@pytest.mark.parametrize(
    ("state", "ago", "is_finished", "purged"),
    [
        ("finished", YEAR, True, 0),
        ("finished", YEAR + timedelta(seconds=1), True, 1),
        ("cancelled", YEAR + timedelta(seconds=1), False, 1),
        ("running", YEAR + timedelta(seconds=1), False, 0),
    ],
)
def test_deliveries_of_the_last_year_and_of_mailings_under_way_keep_their_details(
    state: str, ago: timedelta, purged: int, *, is_finished: bool, sqlite_store: SubscriberStore
) -> None:
    sqlite_store.add(OLE, lists=["oslo"], basis="e: case 1")
    _sent(sqlite_store, OLE, finished_at=NOW - ago)
    with sqlite_store.database.writing() as connection:
        ended = {} if is_finished else {"finished_at": None}
        connection.execute(mailing.update().values(state=state, **ended))
    assert purge(sqlite_store, unconfirmed=timedelta(days=7), details=YEAR).deliveries == purged


def test_a_process_that_opens_the_database_later_finds_nothing_either(
    sqlite_store: SubscriberStore, tmp_path: Path
) -> None:
    sqlite_store.add(OLE, lists=["oslo"], basis="e: case 1", name="Ole Særnavn")
    code = f"""
from datetime import UTC, datetime; from pathlib import Path
from mailer.database.engine import open_database; from mailer.subscribers.rights.erasing import erase
from mailer.subscribers.people.store import SubscriberStore
database = open_database({str(sqlite_store.database.engine.url)!r})
store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"suppression-key-of-tests")
print(erase(store, {OLE!r}, workspace=Path({str(tmp_path)!r})).is_scrubbed)
"""
    said = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert said == "True\n"
    sqlite_store.database.close()
    assert b"ole." not in _bytes(tmp_path)


def test_with_another_key_than_the_one_people_were_erased_with_nobody_is_taken_in(
    store: SubscriberStore, tmp_path: Path
) -> None:
    """Somebody has lost the file with the key, and a new one was made: erased people would come back."""
    store.add(OLE, lists=["oslo"], basis="e: case 1")
    erase(store, OLE, workspace=tmp_path)
    other = SubscriberStore(store.database, clock=store.clock, suppression_key=b"another-key-of-the-tests")
    with pytest.raises(MailerError, match=r"not the one with which addresses were suppressed here\nRestore"):
        other.add("kari@kommune.example", lists=["oslo"], basis="e: case 1")
    assert other.show("kari@kommune.example") is None
