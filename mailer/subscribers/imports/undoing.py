"""Undo an import: what it brought goes, what it changed is put back, and what happened since stays.

A person who got mail because of the import stays on the list: the consent is the proof that we might write to them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, exists, literal, or_, select, text

from mailer.catalogue import msg
from mailer.database.cleaning import scrub_quickly
from mailer.database.decisions import Action
from mailer.database.rows import typed_rows
from mailer.database.tables import (
    consent,
    delivery,
    import_run,
    list_,
    subscriber,
    subscriber_event,
    subscription,
)
from mailer.subscribers.facts.changes import BASIS
from mailer.subscribers.imports.facts_undone import put_facts_back
from mailer.subscribers.imports.held import count_held, hand_over
from mailer.subscribers.imports.kept import FOUND, Kept, KeptReason, kept_subscription, make_table, read_kept
from mailer.subscribers.imports.left_behind import take_over_places
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.imports.opt_outs_undone import TAKEN_BACK, take_opt_outs_back
from mailer.subscribers.imports.opting_out import ACTIONS, KEPT_OUT
from mailer.subscribers.model import STILL_IN, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.redirecting import MAY_HAVE_ARRIVED
from mailer.subscribers.people.removal import delete_people
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.subscriptions import Event, latest_basis

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterImport:
    """A later import that stands, of which `lines` left no trace of the people: those whom it found to be out."""

    id: int
    files: tuple[str, ...]
    at: datetime
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The number of people and subscriptions gone and of facts put back, and the subscriptions that are kept.

    `opt_outs` are those of the file that are taken back: people on a list again, or free to be put on one. The files of
    `later` have lines of which nothing was kept; importing them again does what they say.
    """

    people: int
    subscriptions: int
    facts: int
    kept: Sequence[Kept] = ()
    opt_outs: int = 0
    later: tuple[LaterImport, ...] = ()


def undo_import(store: SubscriberStore, import_id: int, *, dry_run: bool = False) -> Undone:
    """Undo one import, or tell what that would do. Raises `SubscriberError` for one that is not there or undone."""
    with store.joining() as connection:
        _hold_senders(store, connection)
        _mark_undone(store, connection, import_id)
        make_table(connection)
        facts = hand_over(store, connection, import_id, may_go=_may_go(import_id))
        facts += put_facts_back(store, connection, import_id)
        facts += _take_bases_back(store, connection, import_id)
        opt_outs = take_opt_outs_back(store, connection, import_id)
        people, gone_with_them = _remove_people(connection)
        removed = _remove_subscriptions(store, connection, import_id)
        take_over_places(store, connection)
        people += _remove_people_without_lists(connection)
        _keep_the_rest(connection, import_id)
        kept = read_kept(connection)
        detail = {"number": import_id, "people": people, "subscriptions": gone_with_them + removed}
        store.operator.record(connection, Action.IMPORT_UNDONE, at=store.clock(), detail=detail)
        takes_away = any((people, gone_with_them, removed, opt_outs))
        later = tuple(_read_later(connection, import_id)) if takes_away else ()
        if dry_run:
            connection.rollback()
    gone = gone_with_them + removed
    return Undone(people=people, subscriptions=gone, facts=facts, kept=kept, opt_outs=opt_outs, later=later)


def forget_removed(store: SubscriberStore) -> bool:
    """Rewrite a SQLite file, so that no byte of the people gone is left in it; says whether it could."""
    return scrub_quickly(store.database)


def _hold_senders(store: SubscriberStore, connection: Connection) -> None:
    """Hold senders off: one that looked at a subscription about to go would send, and the proof would be gone."""
    if not store.database.is_sqlite:  # where nobody else can write anyway
        connection.execute(text("LOCK TABLE delivery IN SHARE ROW EXCLUSIVE MODE"))


def _mark_undone(store: SubscriberStore, connection: Connection, import_id: int) -> None:
    found = connection.execute(select(import_run).where(import_run.c.id == import_id)).one_or_none()
    if found is None:
        raise SubscriberError(msg("people.no-such-import", number=str(import_id)), hint=_latest(connection))
    if found.undone_at is not None:
        day = found.undone_at.astimezone().date()
        what = msg("people.import-undone", number=str(import_id), day=day, who=str(found.undone_by))
        raise SubscriberError(what, hint=msg("people.import-its-file-again"))
    values = {"undone_at": store.clock(), "undone_by": store.actor}
    connection.execute(import_run.update().where(import_run.c.id == import_id).values(values))


_TRACELESS = (Outcome.UNCHANGED, Outcome.LEFT, Outcome.SUPPRESSED)


def _read_later(connection: Connection, import_id: int) -> Iterator[LaterImport]:
    """Yield the later imports that stand and had lines that are not kept, the oldest first.

    Of those before revision 10, no line was kept that found people on a list.
    """
    held = count_held(connection)
    stands = and_(import_run.c.id > import_id, import_run.c.undone_at.is_(None))
    for row in connection.execute(select(import_run).where(stands).order_by(import_run.c.id)):
        if lines := sum(row.counts.get(each.value, 0) for each in _TRACELESS) - held.get(row.id, 0):
            yield LaterImport(id=row.id, files=tuple(row.files), at=row.at, lines=lines)


def _latest(connection: Connection) -> str:
    row = connection.execute(select(import_run).order_by(import_run.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return ""
    return msg("people.latest-import", number=str(row.id), files=", ".join(row.files), at=row.at)


class _BasisBefore(NamedTuple):
    """A consent of the import, and the basis on which its subscription rested as long as it was there."""

    id: int
    subscriber_id: int
    slug: str
    consent_id: int
    basis: str | None


def _take_bases_back(store: SubscriberStore, connection: Connection, import_id: int) -> int:
    """Put subscriptions back on the basis of before, unless mail was sent since; a later one holds."""
    before = consent.alias("before")
    was_there = exists().where(
        before.c.subscription_id == consent.c.subscription_id, before.c.id < consent.c.id, _stands(before.c.import_id)
    )
    consent_id, basis = consent.c.id.label("consent_id"), latest_basis().label("basis")
    query = (
        select(subscription.c.id, subscription.c.subscriber_id, list_.c.slug, consent_id, basis)
        .join_from(consent, subscription, subscription.c.id == consent.c.subscription_id)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(consent.c.import_id == import_id, was_there, ~_WAS_MAILED_ON_IT)
        .order_by(consent.c.id)
        .limit(AT_ONCE)
    )
    after = back = 0
    while rows := [*typed_rows(_BasisBefore, connection.execute(query.where(consent.c.id > after)))]:
        after = rows[-1].consent_id
        connection.execute(consent.delete().where(consent.c.id.in_([row.consent_id for row in rows])))
        back += _tell_of_bases(store, connection, rows, import_id)
    return back


def _tell_of_bases(
    store: SubscriberStore, connection: Connection, before: Sequence[_BasisBefore], import_id: int
) -> int:
    """Record which subscriptions rest on another basis than before; returns how many."""
    ids = [row.id for row in before]
    query = select(subscription.c.id, latest_basis().label("basis")).where(subscription.c.id.in_(ids))
    now, bases = store.clock(), {row.id: row.basis for row in connection.execute(query)}
    changes = [
        (row, {"field": BASIS, "old": row.basis, "new": new, "list": row.slug})
        for row in before
        if (new := bases[row.id]) != row.basis
    ]
    back = [store.event(row.subscriber_id, "changed", now, detail, import_id=import_id) for row, detail in changes]
    subscriptions.record_events(connection, back)
    return len(back)


def _is_of_undone(import_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether it comes from an import that is undone: this one, or one before it that left something behind."""
    return import_id.in_(select(import_run.c.id).where(import_run.c.undone_at.is_not(None)))


def _stands(import_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(import_id.is_(None), ~_is_of_undone(import_id))


def _remove_people(connection: Connection) -> tuple[int, int]:
    """Remove people whom undone imports brought, without any other list, mail or change."""
    event = subscriber_event.c
    something_else = exists().where(event.subscriber_id == subscriber.c.id, _stands(event.import_id))
    return delete_people(connection, and_(_is_of_undone(subscriber.c.import_id), ~something_else, ~_GOT_MAIL))


def _remove_people_without_lists(connection: Connection) -> int:
    """Remove people whom undone imports brought, with other events, but on no list and out of none."""
    has_lists = exists().where(subscription.c.subscriber_id == subscriber.c.id)
    is_here = and_(_is_of_undone(subscriber.c.import_id), ~has_lists, ~_IS_OUT_OF_ALL, ~_GOT_MAIL)
    return delete_people(connection, is_here)[0]


# By the file of an import that stands, which needs the person to be undone.
_IS_OUT_OF_ALL = exists().where(
    subscriber_event.c.subscriber_id == subscriber.c.id,
    subscriber_event.c.action == KEPT_OUT,
    subscriber_event.c.list_id.is_(None),
    _stands(subscriber_event.c.import_id),
)


_GOT_MAIL = exists().where(delivery.c.subscriber_id == subscriber.c.id, MAY_HAVE_ARRIVED)


def _names(slug: ColumnElement[str]) -> ColumnElement[bool]:
    """Return whether a delivery's lists, which have spaces between them, name this one."""
    return (literal(" ") + delivery.c.lists + " ").contains(literal(" ") + slug + " ")


# A list that was merged since is named by its old slug in the mail and the consent of then.
_WAS_MAILED = exists().where(
    delivery.c.subscriber_id == subscription.c.subscriber_id,
    MAY_HAVE_ARRIVED,
    consent.c.subscription_id == subscription.c.id,
    or_(_names(list_.c.slug), _names(consent.c.list_slug)),
)


# Through the list, since this consent was the one that held.
_WAS_MAILED_ON_IT = exists().where(
    delivery.c.subscriber_id == subscription.c.subscriber_id,
    MAY_HAVE_ARRIVED,
    delivery.c.changed_at >= consent.c.recorded_at,
    or_(_names(list_.c.slug), _names(consent.c.list_slug)),
)
# Somebody has worked on the person since the import brought them.
_WAS_EDITED = exists().where(
    subscriber.c.id == subscription.c.subscriber_id,
    _is_of_undone(subscriber.c.import_id),
    subscriber_event.c.subscriber_id == subscriber.c.id,
    subscriber_event.c.action.in_(("moved", "changed")),
    _stands(subscriber_event.c.import_id),
)
# Left behind on a list that became part of another one, on which the person was already.
_WAS_MERGED = exists().where(
    subscriber_event.c.subscriber_id == subscription.c.subscriber_id,
    subscriber_event.c.list_id == subscription.c.list_id,
    subscriber_event.c.action == "left_merged_list",
    list_.c.merged_into_id.is_not(None),
)


def _is_of(import_id: int) -> ColumnElement[bool]:
    return exists().where(consent.c.subscription_id == subscription.c.id, consent.c.import_id == import_id)


def _is_free_of(import_id: int) -> ColumnElement[bool]:
    """Return the condition for subscriptions of imports undone before whose people this one kept out."""
    event = subscriber_event.c
    kept_out = select(event.subscriber_id).where(event.import_id == import_id, event.action.in_(ACTIONS))
    of_undone = exists().where(consent.c.subscription_id == subscription.c.id, _is_of_undone(consent.c.import_id))
    return and_(subscription.c.subscriber_id.in_(kept_out), of_undone)


def _is_untouched(import_id: int) -> ColumnElement[bool]:
    """Return the condition for subscriptions of undone imports alone, as these left them, that brought no mail."""
    of_others = exists().where(consent.c.subscription_id == subscription.c.id, _stands(consent.c.import_id))
    is_as_it_was = or_(subscription.c.status.in_([each.value for each in STILL_IN]), _WAS_MERGED)
    is_of_it = or_(_is_of(import_id), _is_free_of(import_id))
    return and_(is_of_it, ~of_others, is_as_it_was, ~_WAS_MAILED, ~_WAS_EDITED)


def _may_go(import_id: int) -> ColumnElement[bool]:
    """Return the condition for consents on which no mail was sent, and for earlier ones through the list at all."""
    return and_(~_WAS_MAILED_ON_IT, or_(consent.c.import_id == import_id, ~_WAS_MAILED))


class _GoingSubscription(NamedTuple):
    """A subscription that rests on the import alone."""

    id: int
    subscriber_id: int
    status: str
    slug: str


def _remove_subscriptions(store: SubscriberStore, connection: Connection, import_id: int) -> int:
    """Remove what rests on the import alone, some rows after others; each is judged by rows of its own."""
    query = (
        select(subscription.c.id, subscription.c.subscriber_id, subscription.c.status, list_.c.slug)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(_is_untouched(import_id))
    )
    going = typed_rows(_GoingSubscription, connection.execute(query.execution_options(yield_per=AT_ONCE)))
    now, count = store.clock(), 0
    while rows := list(islice(going, AT_ONCE)):
        ids = [row.id for row in rows]
        connection.execute(consent.delete().where(consent.c.subscription_id.in_(ids)))
        connection.execute(subscription.delete().where(subscription.c.id.in_(ids)))
        subscriptions.record_events(connection, (_gone(store, row, now, import_id) for row in rows))
        count += len(rows)
    return count


def _gone(store: SubscriberStore, row: _GoingSubscription, now: datetime, import_id: int) -> Event:
    """Return the event of a subscription that goes; a person who never confirmed was never counted."""
    action = TAKEN_BACK if row.status == SubscriptionStatus.PENDING else "import_undone"
    detail = {"list": row.slug, "import": import_id}
    return store.event(row.subscriber_id, action, now, detail, import_id=import_id)


def _keep_the_rest(connection: Connection, import_id: int) -> None:
    """Keep what the import has on a list still, with what has happened to it since."""
    reason = case(
        (subscription.c.status == SubscriptionStatus.SUPPRESSED, KeptReason.SUPPRESSED),
        (and_(subscription.c.status == SubscriptionStatus.UNSUBSCRIBED, ~_WAS_MERGED), KeptReason.LEFT),
        (_WAS_MAILED, KeptReason.MAILED),
        (_WAS_EDITED, KeptReason.EDITED),
        else_=KeptReason.CHANGED,
    )
    query = (
        select(subscriber.c.address_as_given, list_.c.slug, reason)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(_is_of(import_id), or_(~_WAS_MERGED, _WAS_MAILED, _WAS_EDITED))
    )
    connection.execute(kept_subscription.insert().from_select(FOUND, query))
