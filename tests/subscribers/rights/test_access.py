"""A request for access gets the mails that were sent too, by person and by address."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from mailer.database.tables import attempt, delivery, mailing, test_send
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.access import SentAttempt, SentMail, SentTest, read_stored
from mailer.subscribers.rights.erasing import erase

AT = datetime(2023, 12, 1, 8, tzinfo=UTC)


def test_mails_are_told_also_those_to_an_earlier_address(store: SubscriberStore) -> None:
    ole = store.add("Ole@x.example", lists=["oslo"], basis="e: case 1")
    with store.database.writing() as connection:
        words = {"slug": "2023-12", "state": "finished", "content_hash": "x", "lists": [], "subject": "Desember"}
        connection.execute(mailing.insert().values(id=1, in_doubt_policy="hold", created_at=AT, **words))
        row = {"address": ole.address, "recipient": ole.address_as_given, "lists": "oslo", "status": "accepted"}
        row |= {"reply": "250 ok"}
        connection.execute(delivery.insert().values(mailing_id=1, subscriber_id=ole.id, changed_at=AT, **row))
    mail = SentMail(
        issue="2023-12",
        subject="Desember",
        address="Ole@x.example",
        lists="oslo",
        status="accepted",
        reply="250 ok",
        at=AT,
        skip_reason=None,
        attempts=(),
    )
    assert read_stored(store, "ole@x.example").mails == (mail,)
    move_person(store, "ole@x.example", "ole@y.example")
    assert read_stored(store, "ole@y.example").mails == (mail,)
    assert not read_stored(store, "nobody@y.example")


def test_what_servers_said_at_earlier_attempts_is_told_too(store: SubscriberStore) -> None:
    with store.database.writing() as connection:
        words = {"slug": "2023-12", "state": "finished", "content_hash": "x", "lists": [], "subject": "Desember"}
        connection.execute(mailing.insert().values(id=1, in_doubt_policy="hold", created_at=AT, **words))
        row = {"address": "ole@x.example", "recipient": "ole@x.example", "lists": "oslo", "status": "accepted"}
        connection.execute(delivery.insert().values(id=1, mailing_id=1, changed_at=AT, reply="250 ok", **row))
        for outcome, reply in (("deferred", "450 ole@x.example: mailbox over quota"), ("accepted", "250 ok")):
            connection.execute(attempt.insert().values(delivery_id=1, at=AT, outcome=outcome, reply=reply))
    (mail,) = read_stored(store, "ole@x.example").mails
    assert mail.attempts == (
        SentAttempt(at=AT, outcome="deferred", reply="450 ole@x.example: mailbox over quota"),
        SentAttempt(at=AT, outcome="accepted", reply="250 ok"),
    )


def test_of_somebody_who_is_no_subscriber_the_rest_is_told(store: SubscriberStore) -> None:
    suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL, note="asked")
    with store.database.writing() as connection:
        row = {"slug": "2023-12", "content_hash": "x", "recipient": "kari@x.example", "at": AT}
        connection.execute(test_send.insert().values(row))
    assert [each.note for each in read_stored(store, "Ole@x.example").suppressions] == ["asked"]
    assert read_stored(store, "kari@X.example").test_mails == (SentTest(issue="2023-12", at=AT),)


@pytest.mark.parametrize("typed", ["Editor.Kari@X.example", " editor.kari@x.example", "EDITOR.KARI@X.EXAMPLE"])
def test_test_mails_are_found_and_erased_however_the_address_was_typed(
    store: SubscriberStore, tmp_path: Path, typed: str
) -> None:
    with store.database.writing() as connection:
        for recipient in (typed, "no address", "[erased]"):
            row = {"slug": "2023-12", "content_hash": "x", "recipient": recipient, "at": AT}
            connection.execute(test_send.insert().values(row))
    store.add("editor.kari@x.example", lists=["oslo"], basis="e: case 1")
    assert read_stored(store, "editor.kari@x.example").test_mails == (SentTest(issue="2023-12", at=AT),)
    erase(store, "editor.kari@x.example", workspace=tmp_path)
    with store.database.reading() as connection:
        left = connection.execute(select(test_send.c.recipient).order_by(test_send.c.id)).scalars().all()
    assert left == ["[erased]", "no address", "[erased]"]


def test_a_test_mail_to_another_spelling_of_the_domain_is_the_same_persons(store: SubscriberStore) -> None:
    with store.database.writing() as connection:
        row = {"slug": "2023-12", "content_hash": "x", "recipient": "Kari@Blåbær.example", "at": AT}
        connection.execute(test_send.insert().values(row))
    assert len(read_stored(store, "kari@xn--blbr-roah.example").test_mails) == 1


def test_what_belongs_to_addresses_that_a_person_had_is_told_too(store: SubscriberStore) -> None:
    store.add("Gammel.Ole@x.example", lists=["oslo"], basis="e: case 1")
    with store.database.writing() as connection:
        row = {"slug": "2023-12", "content_hash": "x", "recipient": "gammel.ole@X.example", "at": AT}
        connection.execute(test_send.insert().values(row))
        words = {"slug": "2023-12", "state": "finished", "content_hash": "x", "lists": [], "subject": "Desember"}
        connection.execute(mailing.insert().values(id=1, in_doubt_policy="hold", created_at=AT, **words))
        sent = {"address": "gammel.ole@x.example", "recipient": "gammel.ole@x.example", "status": "accepted"}
        connection.execute(delivery.insert().values(mailing_id=1, lists="oslo", changed_at=AT, **sent))
    move_person(store, "gammel.ole@x.example", "ole@y.example")
    stored = read_stored(store, "ole@y.example")
    assert (len(stored.mails), len(stored.test_mails), stored.suppressions) == (1, 1, ())
    (old,) = stored.earlier_suppressions
    assert (old.address, old.reason, old.released_at) == ("gammel.ole@x.example", "moved", None)


def test_a_suppression_that_was_released_is_told_with_what_was_noted(store: SubscriberStore) -> None:
    suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL, note="called")
    release(store, "ole@x.example", note="wrote")
    stored = read_stored(store, "ole@x.example")
    assert (bool(stored), stored.suppressions) == (True, ())
    (one,) = stored.earlier_suppressions
    assert (one.address, one.note, one.release_note, one.released_at) == ("ole@x.example", "called", "wrote", AT)


def test_there_is_something_stored_when_any_one_part_of_it_is(sqlite_store: SubscriberStore) -> None:
    store = sqlite_store
    store.add("subscriber@x.example", lists=["oslo"], basis="e: case 1")
    store.add("moved@x.example", lists=["oslo"], basis="e: case 1")
    move_person(store, "moved@x.example", "moves@x.example")
    suppress(store, "suppressed@x.example", reason=SuppressionReason.MANUAL)
    suppress(store, "released@x.example", reason=SuppressionReason.MANUAL)
    release(store, "released@x.example", note="asked")
    with store.database.writing() as connection:
        row = {"slug": "2023-12", "content_hash": "x", "recipient": "tested@x.example", "at": AT}
        connection.execute(test_send.insert().values(row))
        words = {"slug": "2023-12", "state": "finished", "content_hash": "x", "lists": [], "subject": "Desember"}
        connection.execute(mailing.insert().values(id=1, in_doubt_policy="hold", created_at=AT, **words))
        sent = {"address": "mailed@x.example", "recipient": "mailed@x.example", "status": "skipped"}
        sent |= {"skip_reason": "suppressed"}
        connection.execute(delivery.insert().values(mailing_id=1, lists="oslo", changed_at=AT, **sent))
    names = ("subscriber", "suppressed", "released", "tested", "mailed", "nobody")
    assert [bool(read_stored(store, f"{each}@x.example")) for each in names] == [True] * 5 + [False]
    assert read_stored(store, "Moved@x.example").now == "moves@x.example"
    assert (read_stored(store, "moves@x.example").now, read_stored(store, "mailed@x.example").events) == (None, ())
    assert [each.skip_reason for each in read_stored(store, "mailed@x.example").mails] == ["suppressed"]
