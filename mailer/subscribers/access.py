"""What else is stored about a person than the subscriber: the mails that were sent, for a data-subject request."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mailer.database.tables import delivery, mailing
from mailer.subscribers.address import parse_address
from mailer.subscribers.store import SubscriberStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """One issue that went, or was to go, to the person."""

    issue: str
    subject: str
    address: str
    lists: str
    status: str
    reply: str
    at: datetime


def read_sent_mail(store: SubscriberStore, address: str) -> tuple[SentMail, ...]:
    """Every delivery to the subscriber with this address, or to the address itself, oldest first."""
    found = store.show(address)
    theirs = delivery.c.address == parse_address(address).normalised
    if found is not None:
        theirs |= delivery.c.subscriber_id == found.id
    query = (
        select(delivery, mailing.c.slug, mailing.c.subject)
        .join(mailing, mailing.c.id == delivery.c.mailing_id)
        .where(theirs)
        .order_by(delivery.c.id)
    )
    with store.database.reading() as connection:
        rows = connection.execute(query).all()
    return tuple(
        SentMail(
            issue=row.slug,
            subject=row.subject,
            address=row.recipient,
            lists=row.lists,
            status=row.status,
            reply=row.reply,
            at=row.changed_at,
        )
        for row in rows
    )
