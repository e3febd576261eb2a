"""Suppressing and releasing single addresses, with the subscriptions and the history of the person."""

from datetime import datetime

from sqlalchemy import Connection, select

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.tables import subscriber
from mailer.subscribers.facts.address import parse_address
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.identity_numbers import refuse_identity_number
from mailer.subscribers.facts.words import clean_words
from mailer.subscribers.model import ALL_LISTS
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppression import Suppression, SuppressionReason


def suppress(
    store: SubscriberStore, address: str, *, reason: SuppressionReason, note: str = "", list_slug: str | None = None
) -> bool:
    """Keep an address from getting mail through one list or at all; returns whether that is new.

    A list that was merged since its name was said is meant as it is by now.
    """
    refuse_identity_number(note, where=name_of_field("reason"))
    normalised, cleaned, now = parse_address(address).normalised, clean_words(note), store.clock()
    with store.joining() as connection:
        scope = present_scope(connection, list_slug)
        is_new = store.suppressed.add(connection, normalised, reason=reason, now=now, note=cleaned, scope=scope)
        found = _find_id(connection, normalised)
        if is_new and found is not None:
            suppress_subscriptions(store, connection, found, reason=reason, scope=scope, now=now)
        if is_new:
            told = {"number": 1, "scope": scope, "reason": reason}
            store.operator.record(connection, Action.SUPPRESSED, at=now, detail=told)
    return is_new


def release(store: SubscriberStore, address: str, *, note: str, list_slug: str | None = None) -> bool:
    """Let a suppressed address be added again, by a person's decision; returns whether it was suppressed so.

    Its subscriptions count as left until the person joins anew. Raises `SubscriberError` without a note.
    """
    refuse_identity_number(note, where=name_of_field("reason"))
    reason = clean_words(note)
    if not reason:
        raise SubscriberError(msg("people.reason-missing"), hint=msg("people.say-why-release"))
    normalised = parse_address(address).normalised
    with store.joining() as connection:
        scope = present_scope(connection, list_slug)
        is_released = release_in(store, connection, normalised, note=reason, scope=scope)
        if is_released:
            told = {"number": 1, "scope": scope}
            store.operator.record(connection, Action.RELEASED, at=store.clock(), detail=told)
    return is_released


def read_suppressions(store: SubscriberStore, address: str) -> tuple[Suppression, ...]:
    """Return the suppressions that hold for an address."""
    with store.database.reading() as connection:
        return store.suppressed.find(connection, parse_address(address).normalised)


def suppress_subscriptions(
    store: SubscriberStore,
    connection: Connection,
    subscriber_id: int,
    *,
    reason: SuppressionReason,
    scope: str,
    now: datetime,
) -> None:
    """Mark the subscriptions of a person whose address is suppressed now, and record it in the history."""
    only = None if scope == ALL_LISTS else scope
    left = subscriptions.suppress(connection, subscriber_id, only=only, now=now)
    why = {"reason": reason.value} | ({"scope": only} if only else {})
    details = [why | {"list": slug} for slug in subscriptions.active_among(left)] or [why]
    events = [store.event(subscriber_id, "suppressed", now, detail) for detail in details]
    subscriptions.record_events(connection, events)


def release_in(store: SubscriberStore, connection: Connection, address: str, *, note: str, scope: str) -> bool:
    """Release a normalised address inside a transaction; returns whether it was suppressed so."""
    now = store.clock()
    is_released = store.suppressed.release(connection, address, note=note, now=now, scope=scope)
    found = _find_id(connection, address)
    if is_released and found is not None:
        still = store.suppressed.scopes(connection, address)
        if ALL_LISTS not in still:
            subscriptions.release(connection, found, except_on=still, now=now)
        detail = {"reason": note} | ({} if scope == ALL_LISTS else {"list": scope})
        subscriptions.record_events(connection, [store.event(found, "released", now, detail)])
    return is_released


def present_scope(connection: Connection, list_slug: str | None) -> str:
    """Return what a suppression of this list, or of all without one, is for by now."""
    return ALL_LISTS if list_slug is None else subscriptions.present_list(connection, list_slug)


def _find_id(connection: Connection, normalised: str) -> int | None:
    return connection.execute(select(subscriber.c.id).where(subscriber.c.address == normalised)).scalar()
