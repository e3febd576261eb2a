"""Give a person a new address; lists and history stay."""

from sqlalchemy import Connection, select

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.tables import delivery, subscriber
from mailer.subscribers.facts.address import parse_address
from mailer.subscribers.model import ALL_LISTS, Subscriber
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.redirecting import redirect
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppression import SuppressionReason


def move_person(store: SubscriberStore, old: str, new: str) -> Subscriber:
    """Give a subscriber another address. The old one is suppressed, so that no old file brings it back.

    Raises `SubscriberError` when the old address is unknown, the new one is in use already, or either is suppressed.
    """
    before, after = parse_address(old), parse_address(new)
    now = store.clock()
    with store.joining() as connection:
        found = connection.execute(select(subscriber).where(subscriber.c.address == before.normalised)).one_or_none()
        if found is None:
            raise SubscriberError(msg("people.not-a-subscriber", address=old), hint=msg("people.find-by-name"))
        if found.address_as_given == after.as_given:
            what = msg("people.same-address", address=after.as_given)
            raise SubscriberError(what, hint=msg("people.nothing-changed"))
        if before.normalised != after.normalised:
            if store.suppressed.holds(connection, before.normalised):
                raise _suppressed(before.normalised, ALL_LISTS)  # a new address would let mail through again
            if scopes := store.suppressed.scopes(connection, after.normalised):
                raise _suppressed(after.normalised, min(scopes))
            _refuse_taken(connection, after.normalised)
            store.suppressed.move(connection, before.normalised, after.normalised)
            store.suppressed.add(connection, before.normalised, reason=SuppressionReason.MOVED, now=now)
        values = {"address": after.normalised, "address_as_given": after.as_given}
        values["domain"] = after.normalised.rpartition("@")[2]
        connection.execute(subscriber.update().where(subscriber.c.id == found.id).values(values))
        redirect(connection, delivery.c.subscriber_id == found.id, now=now)
        detail = {"old": found.address_as_given, "new": after.as_given}
        subscriptions.record_events(connection, [store.event(found.id, "moved", now, detail)])
        store.operator.record(connection, Action.MOVED, at=now, detail={"subscriber": int(found.id)})
    return store.get(int(found.id))


def _suppressed(address: str, scope: str) -> SubscriberError:
    if scope == ALL_LISTS:
        return SubscriberError(
            msg("people.is-suppressed", address=address), hint=msg("people.release", address=address)
        )
    return SubscriberError(
        msg("people.is-suppressed-on", address=address, lists=scope),
        hint=msg("people.release-on", address=address, slug=scope),
    )


def _refuse_taken(connection: Connection, address: str) -> None:
    if connection.execute(select(subscriber.c.id).where(subscriber.c.address == address)).first():
        what = msg("people.is-a-subscriber", address=address)
        raise SubscriberError(what, hint=msg("people.remove-one-of-two"))
