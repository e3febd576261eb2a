"""The store of subscribers: frozen objects in and out, every change in the history, nobody ever deleted by leaving."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from mailer.database.decisions import Action, Operator
from mailer.database.engine import Database
from mailer.database.tables import list_, subscriber, subscription
from mailer.errors import MailerError
from mailer.languages import DEFAULT_LANG, Lang
from mailer.nearest import did_you_mean
from mailer.subscribers.audience import AudienceMember, AudienceRow, compute_audience
from mailer.subscribers.facts.address import Address, parse_address
from mailer.subscribers.facts.basis import require_basis
from mailer.subscribers.facts.identity_numbers import refuse_identity_number
from mailer.subscribers.facts.roles import parse_role
from mailer.subscribers.facts.words import clean_words
from mailer.subscribers.model import ALL_LISTS, Consent, Subscriber, SubscriptionStatus, has_left
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.correcting import change_facts
from mailer.subscribers.people.finding import find_ids
from mailer.subscribers.people.joining import lock_joining, share_joining
from mailer.subscribers.people.subscriptions import Event, NewSubscription
from mailer.subscribers.people.suppression import Suppression, SuppressionList, SuppressionReason

FIND_LIMIT = 100


class SubscriberError(MailerError):
    """A change to a subscriber that is refused."""


class SubscriberStore:
    """Subscribers and their subscriptions in the database.

    `actor` is who the history names; `settings` are as `Operator` has them.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        suppression_key: bytes | Callable[[], bytes],
        actor: str = "mailer",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self._suppression_key = suppression_key
        self.actor = actor
        self._settings = settings or {}

    @property
    def operator(self) -> Operator:
        """Who decides, for what is no matter of one subscriber's history."""
        return Operator(actor=self.actor, settings=self._settings)

    @cached_property
    def suppressed(self) -> SuppressionList:
        """The addresses that must not be written to; who only counts needs no key. Raises `SuppressionKeyError`."""
        key = self._suppression_key
        suppressed = SuppressionList(key() if callable(key) else key)
        with self.database.reading() as connection:
            suppressed.require_key(connection)
        return suppressed

    def acting_as(self, actor: str) -> "SubscriberStore":
        """The same store, for somebody else."""
        other = copy(self)
        other.actor = actor
        return other

    # --- People ---------------------------------------------------------------------------------

    def add(
        self,
        address: str,
        *,
        lists: Sequence[str],
        basis: str,
        name: str = "",
        organisation: str = "",
        role: str = "",
        lang: Lang | None = None,
        list_lang: Lang = DEFAULT_LANG,
        source: str = "",
        method: str = "admin",
        text_version: str = "",
        again: bool = False,
    ) -> Subscriber:
        """Put an address on lists. What is said of a known one is changed, and a new basis added to those it had.

        Facts that are not given stay as they are; somebody new without `lang` gets that of the list. Somebody who left
        the list, or all of them, is refused unless `again`: the person asked for it anew. Raises `SubscriberError`,
        `AddressError` and `IdentityNumberError`.
        """
        parsed = parse_address(address)
        said = {"name": name, "organisation": organisation, "role": role, "source": source, "basis": basis}
        for what, words in said.items():
            refuse_identity_number(words, where=what)
        facts = {
            "name": clean_words(name),
            "organisation": clean_words(organisation),
            "role": parse_role(role),
            "lang": lang or "",
            "source": clean_words(source),
        }
        consent = Consent(
            basis=require_basis(clean_words(basis)),
            method=method,
            recorded_at=self.clock(),
            text_version=text_version,
            source=facts["source"],
        )
        with self.joining() as connection:
            wanted = self._known_lists(connection, lists)
            self._refuse_suppressed(connection, parsed, lists)
            id_ = self._found_or_new(connection, parsed, facts | {"lang": lang or list_lang})
            self._changed(connection, id_, consent.recorded_at, map(asdict, change_facts(connection, id_, facts)))
            self._join(connection, id_, wanted, consent, again=again)
        return self.get(id_)

    def get(self, subscriber_id: int) -> Subscriber:
        """The subscriber with this number; raises `LookupError`."""
        with self.database.reading() as connection:
            found = _read(connection, select(subscriber).where(subscriber.c.id == subscriber_id))
        if not found:
            raise LookupError(subscriber_id)
        return found[0]

    def show(self, address: str) -> Subscriber | None:
        """The subscriber with this address, however it is written."""
        with self.database.reading() as connection:
            found = _read(connection, _by_address(parse_address(address).normalised))
        return found[0] if found else None

    def find(self, query: str) -> tuple[Subscriber, ...]:
        """Subscribers whose address or domain (`@…`) begins with `query`, or whose name has words that begin so."""
        with self.database.reading() as connection:
            ids = find_ids(connection, clean_words(query), limit=FIND_LIMIT)
            return _read(connection, select(subscriber).where(subscriber.c.id.in_(ids)).order_by(subscriber.c.address))

    def history(self, address: str) -> tuple[Event, ...]:
        """What happened to the subscriber with this address, oldest first."""
        known = self._required(address)
        with self.database.reading() as connection:
            return subscriptions.read_events(connection, known.id)

    # --- Leaving --------------------------------------------------------------------------------

    def remove(self, address: str, *, list_slug: str | None = None) -> tuple[str, ...]:
        """Unsubscribe an address from one list or all; returns the lists left. Raises for an unknown address."""
        return self.leave(self._required(address).id, list_slug=list_slug)

    def leave(self, subscriber_id: int, *, list_slug: str | None = None) -> tuple[str, ...]:
        """Unsubscribe from one list or all, at once and also for a mailing under way; doing it twice is no error.

        Who is out only because an import said so has left by their own will now: undoing that import changes nothing.
        """
        now = self.clock()
        with self.database.writing() as connection:
            share_joining(connection)
            left = subscriptions.leave(connection, subscriber_id, only=list_slug, now=now)
            was_active = _active(left)
            self._record(connection, subscriber_id, "unsubscribed", now, was_active)
            self._record(connection, subscriber_id, "left_unconfirmed", now, [x for x in left if x not in was_active])
            again = subscriptions.taken_over(connection, subscriber_id)
            self._record(connection, subscriber_id, "left_again", now, [x for x in again if list_slug in {None, x}])
        return tuple(left)

    def suppress(
        self, address: str, *, reason: SuppressionReason, note: str = "", list_slug: str | None = None
    ) -> bool:
        """Never write to the address again, on one list or at all; says whether that is new."""
        refuse_identity_number(note, where="reason")
        normalised, scope = parse_address(address).normalised, list_slug or ALL_LISTS
        cleaned, now = clean_words(note), self.clock()
        with self.joining() as connection:
            is_new = self.suppressed.add(connection, normalised, reason=reason, now=now, note=cleaned, scope=scope)
            found = connection.execute(_by_address(normalised)).one_or_none()
            if is_new and found is not None:
                self.tell_suppressed(connection, found.id, reason=reason, list_slug=list_slug, now=now)
            if is_new:
                told = {"number": 1, "scope": scope, "reason": reason}
                self.operator.record(connection, Action.SUPPRESSED, at=now, detail=told)
        return is_new

    def release(self, address: str, *, note: str, list_slug: str | None = None) -> bool:
        """Let a suppressed address be added again, by a person's decision; says whether it was suppressed so.

        Its subscriptions count as left until the person joins anew. Raises `SubscriberError` without a note.
        """
        refuse_identity_number(note, where="reason")
        reason = _required_words(note, "a reason is missing", "Say why the address may be written to, with --reason.")
        normalised, scope = parse_address(address).normalised, list_slug or ALL_LISTS
        with self.joining() as connection:
            is_released = self.release_in(connection, normalised, note=reason, scope=scope)
            if is_released:
                told = {"number": 1, "scope": scope}
                self.operator.record(connection, Action.RELEASED, at=self.clock(), detail=told)
        return is_released

    def suppressions(self, address: str) -> tuple[Suppression, ...]:
        """Why the address must not be written to, and through which lists."""
        with self.database.reading() as connection:
            return self.suppressed.find(connection, parse_address(address).normalised)

    # --- Who gets mail ----------------------------------------------------------------------------

    def read_audience(
        self, lists: Sequence[str] | None = None, *, connection: Connection | None = None
    ) -> Iterator[AudienceMember]:
        """Yield the audience of the lists (None: all), in the order of joining; memory does not grow with it.

        Who was on a list that became part of another one is found there. With `connection` the audience is read inside
        that transaction.
        """
        if connection is None:
            with self.database.reading() as own:
                yield from self.read_audience(lists, connection=own)
            return
        if lists is not None:
            self._known_lists(connection, lists)
            lists = sorted(subscriptions.with_mergers(connection, lists))
        rows = connection.execute(_audience_query(lists).execution_options(yield_per=5000))
        yield from compute_audience(map(AudienceRow._make, rows), lists=None if lists is None else frozenset(lists))

    # --- For this package -----------------------------------------------------------------------

    @contextmanager
    def joining(self) -> Iterator[Connection]:
        """A writing transaction in which nobody else adds subscribers: one address stays one subscriber."""
        with self.database.writing() as connection:
            lock_joining(connection)
            yield connection

    def tell_suppressed(
        self,
        connection: Connection,
        subscriber_id: int,
        *,
        reason: SuppressionReason,
        list_slug: str | None,
        now: datetime,
    ) -> None:
        """Let the subscriptions of somebody whose address is suppressed now, and the history, say so."""
        got_mail = _active(subscriptions.suppress(connection, subscriber_id, only=list_slug, now=now))
        why = {"reason": reason.value} | ({"scope": list_slug} if list_slug else {})
        details = [why | {"list": slug} for slug in got_mail] or [why]
        events = [self.event(subscriber_id, "suppressed", now, detail) for detail in details]
        subscriptions.record_events(connection, events)

    def release_in(self, connection: Connection, address: str, *, note: str, scope: str) -> bool:
        """Release a normalised address inside a transaction; says whether it was suppressed so."""
        now = self.clock()
        is_released = self.suppressed.release(connection, address, note=note, now=now, scope=scope)
        found = connection.execute(_by_address(address)).one_or_none()
        if is_released and found is not None:
            still = self.suppressed.scopes(connection, address)
            if ALL_LISTS not in still:
                subscriptions.release(connection, found.id, except_on=still, now=now)
            detail = {"reason": note} | ({} if scope == ALL_LISTS else {"list": scope})
            subscriptions.record_events(connection, [self.event(found.id, "released", now, detail)])
        return is_released

    def event(
        self, subscriber_id: int, action: str, at: datetime, detail: dict[str, Any], *, import_id: int | None = None
    ) -> Event:
        """A line of the history with this store's actor."""
        return Event(
            subscriber_id=subscriber_id, at=at, actor=self.actor, action=action, detail=detail, import_id=import_id
        )

    def _required(self, address: str) -> Subscriber:
        found = self.show(address)
        if found is None:
            with self.database.reading() as connection:
                new = subscriptions.moved_to(connection, parse_address(address).normalised)
            hint = f"The person is {new} now." if new else "Look for it with mailer subscribers find."
            raise SubscriberError(f"{address} is not among the subscribers", hint=hint)
        return found

    def _found_or_new(self, connection: Connection, address: Address, facts: dict[str, str]) -> int:
        query = select(subscriber.c.id).where(subscriber.c.address == address.normalised)
        found: int | None = connection.execute(query).scalar()
        if found is not None:
            return found
        row = facts | {"address": address.normalised, "address_as_given": address.as_given}
        statement = subscriber.insert().values(row).values(created_at=self.clock()).returning(subscriber.c.id)
        new: int = connection.execute(statement).scalar_one()
        return new

    def _refuse_suppressed(self, connection: Connection, address: Address, slugs: Sequence[str]) -> None:
        scopes = self.suppressed.scopes(connection, address.normalised)
        barred = [each for each in slugs if each in scopes]
        if barred or ALL_LISTS in scopes:
            on = "" if ALL_LISTS in scopes else f" on {', '.join(barred)}"
            only = "" if ALL_LISTS in scopes else f" --list {barred[0]}"
            raise SubscriberError(
                f"{address.as_given} is suppressed{on}",
                hint="Only the person can ask to be written to again; then: "
                f"mailer subscribers release {address.as_given}{only} --reason TEXT",
            )

    def _known_lists(self, connection: Connection, slugs: Sequence[str]) -> dict[str, int]:
        known = subscriptions.list_ids(connection)
        for slug in slugs:
            if slug not in known:
                hint = did_you_mean(slug, known) or "mailer lists shows them all."
                raise SubscriberError(f"there is no list {slug!r}", hint=hint)
        return {slug: known[slug] for slug in slugs}

    def _join(
        self, connection: Connection, subscriber_id: int, wanted: dict[str, int], consent: Consent, *, again: bool
    ) -> None:
        query = (
            select(subscription, list_.c.slug)
            .join(list_, list_.c.id == subscription.c.list_id)
            .where(subscription.c.subscriber_id == subscriber_id, list_.c.merged_into_id.is_(None))
        )
        found = {row.slug: row for row in connection.execute(query)}
        if not again:
            _refuse_left(wanted, found, taken_over=subscriptions.taken_over(connection, subscriber_id))
        joined = []
        for slug, list_id in wanted.items():
            row = found.get(slug)
            given = replace(consent, list=slug)
            if row is None:
                new = NewSubscription(subscriber_id=subscriber_id, list_id=list_id, consent=given)
                subscriptions.insert_subscriptions(connection, [new])
            elif row.status == SubscriptionStatus.UNSUBSCRIBED:
                subscriptions.rejoin(connection, row.id, given)
            else:
                old = subscriptions.add_consent(connection, row.id, given)
                detail = {"field": "basis", "old": old or "", "new": given.basis, "list": slug}
                self._changed(connection, subscriber_id, given.recorded_at, [] if old is None else [detail])
                continue
            joined.append(slug)
        self._record(connection, subscriber_id, "subscribed", consent.recorded_at, joined)

    def _changed(self, connection: Connection, id_: int, at: datetime, details: Iterable[dict[str, str]]) -> None:
        subscriptions.record_events(connection, (self.event(id_, "changed", at, each) for each in details))

    def _record(self, connection: Connection, id_: int, action: str, now: datetime, slugs: Sequence[str]) -> None:
        subscriptions.record_events(connection, [self.event(id_, action, now, {"list": slug}) for slug in slugs])


def _required_words(text: str, what: str, hint: str) -> str:
    cleaned = clean_words(text)
    if not cleaned:
        raise SubscriberError(what, hint=hint)
    return cleaned


def _refuse_left(wanted: Iterable[str], found: Mapping[str, Row[Any]], *, taken_over: Collection[str]) -> None:
    statuses = {slug: SubscriptionStatus(row.status) for slug, row in found.items()}
    for slug in wanted:
        if has_left(statuses, slug):
            since = found[slug].since if slug in found else max(row.since for row in found.values())
            lists, day = slug if slug in found else "all lists", f"{since.astimezone():%d.%m.%Y}"
            is_by_file = slug in taken_over or (slug not in found and set(taken_over) >= found.keys())
            raise SubscriberError(
                f"a file that was imported on {day} says that this person left {lists}"
                if is_by_file
                else f"this person left {lists} on {day}",
                hint="Use --again only when the person has asked to come back.",
            )


def _active(lists: Mapping[str, str]) -> list[str]:
    """Those that somebody got mail through, of lists with what they were on them: only these are counted over time."""
    return [slug for slug, was in lists.items() if was == SubscriptionStatus.ACTIVE]


def _by_address(normalised: str) -> Select[Any]:
    return select(subscriber).where(subscriber.c.address == normalised)


def _read(connection: Connection, query: Select[Any]) -> tuple[Subscriber, ...]:
    rows = connection.execute(query).all()
    found = subscriptions.read_subscriptions(connection, [row.id for row in rows])
    return tuple(
        Subscriber(
            id=row.id,
            address=row.address,
            address_as_given=row.address_as_given,
            name=row.name,
            organisation=row.organisation,
            role=row.role,
            lang=row.lang,
            created_at=row.created_at,
            source=row.source,
            subscriptions=found[row.id],
        )
        for row in rows
    )


def _audience_query(lists: Sequence[str] | None) -> Select[Any]:
    """The columns of `AudienceRow`: all subscriptions of everybody on the lists; those on others choose the variant."""
    query = (
        select(
            subscriber.c.id,
            subscriber.c.address,
            subscriber.c.address_as_given,
            subscriber.c.name,
            subscriber.c.lang,
            list_.c.slug,
            list_.c.kind,
            subscription.c.status,
        )
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .join(list_, list_.c.id == subscription.c.list_id)
        .order_by(subscriber.c.id, list_.c.position)
    )
    if lists is None:
        return query
    on_them = (
        select(subscription.c.subscriber_id)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(list_.c.slug.in_(lists))
    )
    return query.where(subscriber.c.id.in_(on_them))
