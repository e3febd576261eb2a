"""Redirect open deliveries to the address that their person has now."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, cast, exists, func, literal, or_, select, update

from mailer.database.rows import typed_rows
from mailer.database.tables import attempt, delivery, mailing, subscriber

OPEN = ("queued", "claimed", "deferred")  # no server has taken it, and one still may

# Nobody knew, at some time, whether the message had arrived: it may have, whatever the server said later.
WAS_IN_DOUBT = exists().where(attempt.c.delivery_id == delivery.c.id, attempt.c.outcome == "in_doubt")
# A message went to the mail server, and was not refused; or was in doubt once, whatever came of it later.
MAY_HAVE_ARRIVED = or_(delivery.c.status.in_(("in_flight", "in_doubt", "accepted")), WAS_IN_DOUBT)

_PRESENT_ADDRESS = select(subscriber.c.address).where(subscriber.c.id == delivery.c.subscriber_id).scalar_subquery()
IS_TO_THE_PERSON = delivery.c.address == _PRESENT_ADDRESS  # null when the person is gone
IS_MISADDRESSED = func.coalesce(_PRESENT_ADDRESS, delivery.c.address) != delivery.c.address


class _OpenDelivery(NamedTuple):
    """A delivery that is still to be sent, and the address its person has by now."""

    id: int
    mailing_id: int
    slug: str
    kind: str
    address: str
    address_as_given: str


def redirect(connection: Connection, wanted: ColumnElement[bool], *, now: datetime) -> None:
    """Give open deliveries whose person has another address by now that address, and queue them anew.

    A sender that has one in hand may not send it any more. Where the issue went to the new address already, from
    somebody who had it before, the delivery is skipped: no mailbox gets an issue twice.
    """
    present = (subscriber.c.address, subscriber.c.address_as_given)
    is_address = delivery.c.address == subscriber.c.address
    is_spelling = delivery.c.recipient == subscriber.c.address_as_given
    query = (
        select(delivery.c.id, delivery.c.mailing_id, mailing.c.slug, mailing.c.kind, *present)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .join(mailing, mailing.c.id == delivery.c.mailing_id)
        .where(wanted, delivery.c.status.in_(OPEN), ~(is_address & is_spelling))
        .order_by(delivery.c.id)
    )
    for row in [*typed_rows(_OpenDelivery, connection.execute(query))]:
        values = _ALREADY_SENT if _has_it(connection, row) else _to_present_address(connection, row)
        this = (delivery.c.id == row.id) & delivery.c.status.in_(OPEN)
        connection.execute(update(delivery).where(this).values(values | {"run_id": None, "changed_at": now}))


_ALREADY_SENT = {"status": "skipped", "skip_reason": "already_sent", "due_at": None}


def _to_present_address(connection: Connection, row: _OpenDelivery) -> dict[str, object]:
    """Return the values for the present address; deferrals of the old one do not count against it."""
    _make_room(connection, row)
    address = {"address": row.address, "recipient": row.address_as_given}
    return address | {"status": "queued", "due_at": None, "deferred_since": None}


def _has_it(connection: Connection, row: _OpenDelivery) -> bool:
    """Return whether the person's address was mailed this issue, also when it was another person's.

    A resend counts in its own mailing alone: that they had it before is known.
    """
    of_issue = select(mailing.c.id).where(mailing.c.slug == row.slug)
    if row.kind == "resend":
        of_issue = of_issue.where(mailing.c.id == row.mailing_id)
    at_address = (delivery.c.address == row.address) & (delivery.c.id != row.id)
    query = select(delivery.c.id).where(delivery.c.mailing_id.in_(of_issue), at_address, MAY_HAVE_ARRIVED)
    return bool(connection.execute(select(query.exists())).scalar_one())


def _make_room(connection: Connection, row: _OpenDelivery) -> None:
    """Free the address in the mailing: the delivery of its former owner is named by its number from now on."""
    others = (delivery.c.mailing_id == row.mailing_id) & (delivery.c.address == row.address)
    named = literal("moved-") + cast(delivery.c.id, Text)
    connection.execute(update(delivery).where(others, delivery.c.id != row.id).values(address=named))
