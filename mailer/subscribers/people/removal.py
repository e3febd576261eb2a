"""Deleting all rows of people: the history lets its rows go only while `erased_at` is set."""

from sqlalchemy import ColumnElement, Connection, select

from mailer.database.tables import consent, list_, subscriber, subscriber_event, subscription
from mailer.database.withdrawals import note_gone
from mailer.subscribers.model import SubscriptionStatus


def delete_people(connection: Connection, wanted: ColumnElement[bool]) -> tuple[int, int]:
    """Delete the subscribers that `wanted` names with all their rows; returns how many, and how many subscriptions.

    Deliveries stay for the counts, without a person.
    """
    # Any moment marks them: it goes with the row.
    marked = subscriber.update().where(wanted).values(erased_at=subscriber.c.created_at)
    if connection.execute(marked).rowcount == 0:
        return 0, 0
    _note(connection)
    going = select(subscriber.c.id).where(subscriber.c.erased_at.is_not(None))
    theirs = subscription.c.subscriber_id.in_(going)
    connection.execute(consent.delete().where(consent.c.subscription_id.in_(select(subscription.c.id).where(theirs))))
    subscriptions = connection.execute(subscription.delete().where(theirs)).rowcount
    connection.execute(subscriber_event.delete().where(subscriber_event.c.subscriber_id.in_(going)))
    people = connection.execute(subscriber.delete().where(subscriber.c.erased_at.is_not(None))).rowcount
    return people, subscriptions


def _note(connection: Connection) -> None:
    """Note what those who go had left: nothing tells of it any more."""
    query = (
        select(subscriber.c.address, list_.c.slug).join(subscription).join(list_, list_.c.id == subscription.c.list_id)
    )
    has_left = subscription.c.status == SubscriptionStatus.UNSUBSCRIBED
    rows = connection.execute(query.where(subscriber.c.erased_at.is_not(None), has_left))
    note_gone(connection, {(row.address, row.slug) for row in rows})
