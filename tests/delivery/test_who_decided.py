"""A deed and the line that says whose it was are one: neither is there without the other, and each is there once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from mailer.database.decisions import Action, Operator
from mailer.database.engine import Database
from mailer.database.tables import mailing, metadata
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Resolution
from mailer.errors import MailerError
from mailer.subscribers.files.exporting import ExportChoice, Format, export
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.suppressing import release_file, suppress_file
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import erase, purge

Plan = Callable[..., int]


def _refuse_to_write_down(database: Database) -> None:
    """As a full disk might, for this table alone."""
    refuse = "CREATE TRIGGER full BEFORE INSERT ON decision BEGIN SELECT RAISE(ABORT, 'full'); END"
    if not database.is_sqlite:
        refuse = "ALTER TABLE decision ADD CONSTRAINT full_ CHECK (false) NOT VALID"
    with database.writing() as connection:
        connection.execute(text(refuse))


def _all(database: Database) -> dict[str, list[str]]:
    with database.reading() as connection:
        return {name: sorted(map(repr, connection.execute(select(table)))) for name, table in metadata.tables.items()}


def test_what_cannot_be_written_down_about_a_mailing_is_not_done(
    database: Database, ledger: Ledger, plan: Plan
) -> None:
    planned, doubtful = plan(2), plan(1, slug="2024-01")
    with ledger.start_run(doubtful) as run:
        [claimed] = run.claim(1)
        run.marks([claimed.id])[claimed.id]
    ledger.recover()
    _refuse_to_write_down(database)
    before = _all(database)
    for deed in (
        lambda: ledger.pause(planned),
        lambda: ledger.cancel(planned),
        lambda: ledger.start_run(planned).__enter__(),
        lambda: ledger.resolve("2024-01", Resolution.RESEND),
        lambda: ledger.remember_tests(slug="2023-12", content_hash="c", edition_hash="1:c", recipients=["a@x.example"]),
        lambda: plan(1, slug="2024-02"),
    ):
        with pytest.raises((DBAPIError, MailerError)):
            deed()
    after = _all(database)
    people = {"subscriber", "subscription", "consent", "subscriber_event"}  # the last of them adds somebody first
    assert {name: rows for name, rows in after.items() if name not in people} == {
        name: rows for name, rows in before.items() if name not in people
    }


def test_what_cannot_be_written_down_about_people_is_not_done(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    file, gone, out = tmp_path / "new.csv", tmp_path / "gone.csv", tmp_path / "out.csv"
    file.write_text("epost;liste;grunnlag\nny@x.example;oslo;e: 1\n", "utf-8")
    gone.write_text("borte@x.example\n", "utf-8")
    store.add("ola@x.example", lists=["oslo"], basis="e: 1")
    suppress(store, "eva@x.example", reason=SuppressionReason.MANUAL, note="asked")
    suppress_file(store, gone, note="bounced")
    imported = import_files(store, register, [file], options=ImportOptions()).id
    assert imported is not None
    file.write_text("epost;liste;grunnlag\nto@x.example;oslo;e: 1\n", "utf-8")
    _refuse_to_write_down(store.database)
    before = _all(store.database)
    day = store.clock() - store.clock()
    for deed in (
        lambda: import_files(store, register, [file], options=ImportOptions()),
        lambda: undo_import(store, imported),
        lambda: move_person(store, "ola@x.example", "ole@x.example"),
        lambda: suppress(store, "per@x.example", reason=SuppressionReason.MANUAL, note="asked"),
        lambda: release(store, "eva@x.example", note="wrong"),
        lambda: suppress_file(store, file, note="bounced"),
        lambda: release_file(store, gone, note="wrong", noted="bounced"),
        lambda: export(store, out, choice=ExportChoice(), form=Format.PLAIN),
        lambda: erase(store, "ola@x.example", workspace=tmp_path),
        lambda: purge(store, unconfirmed=day, details=day),
    ):
        with pytest.raises((DBAPIError, MailerError)):
            deed()
    assert _all(store.database) == before
    assert not out.exists(), "an export that nobody can tell of holds everybody's address"


def test_a_mailing_knows_who_planned_it_and_each_deed_whose_it_was(database: Database, plan: Plan) -> None:
    mailing_id = plan(2)
    ledger = Ledger(database, operator=Operator(actor="kari"))
    ledger.pause(mailing_id)
    ledger.acting_as("ola").cancel(mailing_id)
    with database.reading() as connection:
        assert connection.execute(select(mailing.c.actor)).scalars().all() == ["mailer"]
    assert [(each.actor, each.action, each.slug, each.mailing_id) for each in ledger.log()] == [
        ("mailer", Action.PLANNED, "2023-12", mailing_id),
        ("kari", Action.PAUSED, "2023-12", mailing_id),
        ("ola", Action.CANCELLED, "2023-12", mailing_id),
    ]
    assert dict(ledger.log()[0].detail) == {
        "audience": 2,
        "recipients": 2,
        "lists": ["testere"],
        "untested": False,
        "ignored_findings": 0,
    }
