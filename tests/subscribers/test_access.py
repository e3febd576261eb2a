"""A request for access gets the mails that were sent too, by person and by address."""

from datetime import UTC, datetime

from mailer.database.tables import delivery, mailing
from mailer.subscribers.access import SentMail, read_sent_mail
from mailer.subscribers.moving import move_person
from mailer.subscribers.store import SubscriberStore

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
    )
    assert read_sent_mail(store, "ole@x.example") == (mail,)
    move_person(store, "ole@x.example", "ole@y.example")
    assert read_sent_mail(store, "ole@y.example") == (mail,)
    assert read_sent_mail(store, "nobody@y.example") == ()
