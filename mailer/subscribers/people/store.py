"""The store of subscribers: frozen objects in and out, every change in the history; leaving deletes no row."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from mailer.catalogue import msg
from mailer.database.asked_leaves import AskedLeave
from mailer.database.decisions import Operator
from mailer.database.engine import Database
from mailer.database.failures import BusyError
from mailer.database.rows import typed_rows
from mailer.database.tables import list_, subscriber, subscription
from mailer.errors import MailerError
from mailer.languages import DEFAULT_LANG, Lang
from mailer.subscribers.audience import AudienceMember, AudienceRow, compute_audience
from mailer.subscribers.facts.address import Address, parse_address
from mailer.subscribers.facts.basis import require_basis
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.identity_numbers import refuse_identity_number
from mailer.subscribers.facts.roles import parse_role
from mailer.subscribers.facts.words import clean_words, shown
from mailer.subscribers.model import ALL_LISTS, Consent, Subscriber, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.correcting import change_facts
from mailer.subscribers.people.finding import find_ids
from mailer.subscribers.people.joining import lock_joining
from mailer.subscribers.people.parting import AT_ONCE_SECONDS, ask_to_leave, leave_lists, take_in_waiting
from mailer.subscribers.people.returning import HeldSubscription, find_left
from mailer.subscribers.people.subscriptions import Event, NewSubscription
from mailer.subscribers.people.suppression import FutureKey, SuppressionList, list_with
from mailer.subscribers.register import near_or

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
        suppression_key: bytes | FutureKey,
        actor: str = "mailer",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self._suppression_key = suppression_key
        self._suppressed: SuppressionList | None = None
        self.actor = actor
        self._settings = settings or {}

    @property
    def operator(self) -> Operator:
        """Return the operator, for decisions that belong in no subscriber's history."""
        return Operator(actor=self.actor, settings=self._settings)

    @property
    def suppressed(self) -> SuppressionList:
        """Return the suppressed addresses; looking alone makes no key. Raises `SuppressionKeyError`."""
        if self._suppressed is None or self._suppressed.keep is not None:  # another process may have made the key
            present = list_with(self._suppression_key)
            if self._suppressed != present:
                with self.database.reading() as connection:
                    present.require_key(connection)
                self._suppressed = present
        return self._suppressed

    def acting_as(self, actor: str) -> "SubscriberStore":
        """Return the same store for another actor."""
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
        """Put an address on lists; given facts replace those of a known one, and a new basis is added to its others.

        A list that was merged since its name was said is joined where it is by now.
        Facts that are not given stay as they are; a new person without `lang` gets that of the list. A person who left
        the list, or all of them, is refused unless `again`: they asked for it anew. Raises `SubscriberError`,
        `AddressError` and `IdentityNumberError`.
        """
        parsed = parse_address(address)
        said = {"name": name, "organisation": organisation, "role": role, "source": source, "basis": basis}
        for what, words in said.items():
            refuse_identity_number(words, where=name_of_field(what))
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
            self._refuse_suppressed(connection, parsed, tuple(wanted))
            id_ = self._found_or_new(connection, parsed, facts | {"lang": lang or list_lang})
            self._changed(connection, id_, consent.recorded_at, map(asdict, change_facts(connection, id_, facts)))
            self._join(connection, id_, wanted, consent, again=again)
        return self.get(id_)

    def get(self, subscriber_id: int) -> Subscriber:
        """Return the subscriber with this number; raises `LookupError`."""
        with self.database.reading() as connection:
            found = _read(connection, _PEOPLE.where(subscriber.c.id == subscriber_id))
        if not found:
            raise LookupError(subscriber_id)
        return found[0]

    def show(self, address: str) -> Subscriber | None:
        """Return the subscriber with this address, however it is written."""
        with self.database.reading() as connection:
            found = _read(connection, _PEOPLE.where(subscriber.c.address == parse_address(address).normalised))
        return found[0] if found else None

    def find(self, query: str) -> tuple[Subscriber, ...]:
        """Return subscribers whose address, domain (`@…`) or words of the name begin with `query`."""
        with self.database.reading() as connection:
            ids = find_ids(connection, clean_words(query), limit=FIND_LIMIT)
            return _read(connection, _PEOPLE.where(subscriber.c.id.in_(ids)).order_by(subscriber.c.address))

    def history(self, address: str) -> tuple[Event, ...]:
        """Return the events of the subscriber with this address, oldest first."""
        known = self.require(address)
        with self.database.reading() as connection:
            return subscriptions.read_events(connection, known.id)

    # --- Leaving --------------------------------------------------------------------------------

    def remove(self, address: str, *, list_slug: str | None = None) -> tuple[str, ...]:
        """Unsubscribe an address from one list or all; returns the lists left. Raises for an unknown address."""
        return self.leave(self.require(address).id, list_slug=list_slug)

    def leave(self, subscriber_id: int, *, list_slug: str | None = None) -> tuple[str, ...]:
        """Unsubscribe from one list or all, at once and also for a mailing under way; doing it twice is no error.

        A person who was out only by an import has left by their own will now: undoing that import changes nothing.
        """
        now = self.clock()
        with self.database.writing() as connection:
            return leave_lists(connection, subscriber_id, only=list_slug, now=now, actor=self.actor)

    def leave_at_once(self, subscriber_id: int, *, list_slug: str | None = None) -> tuple[str, ...] | None:
        """Unsubscribe as `leave` does, without waiting for others that write: then what was asked for is kept.

        The next writing transaction takes it in, before it looks at anything; one is begun in the background. The same
        is done where leaves of others are waiting, which would have to be taken in first. Returns the lists left, or
        None where it is kept while the database keeps readers out.
        """
        now = self.clock()
        asked = AskedLeave(subscriber_id=subscriber_id, list_slug=list_slug, at=now, actor=self.actor)
        if not self.database.leaves.is_empty():
            return ask_to_leave(self.database, asked)
        try:
            with self.database.writing_at_once(AT_ONCE_SECONDS) as connection:
                return leave_lists(connection, subscriber_id, only=list_slug, now=now, actor=self.actor)
        except BusyError:
            return ask_to_leave(self.database, asked)

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
        yield from compute_audience(typed_rows(AudienceRow, rows), lists=None if lists is None else frozenset(lists))

    def read_members(self, subscriber_ids: Collection[int]) -> dict[int, AudienceMember]:
        """Return the people with these numbers as members of the audience of all lists; without one on no list."""
        with self.database.reading() as connection:
            rows = connection.execute(_audience_query(None).where(subscriber.c.id.in_(subscriber_ids)))
            return {each.subscriber_id: each for each in compute_audience(typed_rows(AudienceRow, rows))}

    def came_back(self, *, since: datetime) -> Callable[[str], bool] | None:
        """Return a test of normalised addresses: erased after that moment, and released. None when no address was."""
        with self.database.reading() as connection:
            hashes = self.suppressed.came_back(connection, since=since)
        return (lambda address: self.suppressed.hash_of(address) in hashes) if hashes else None

    # --- For this package -----------------------------------------------------------------------

    @contextmanager
    def joining(self) -> Iterator[Connection]:
        """Give a writing transaction that holds the joining lock: one address stays one subscriber."""
        with self.database.writing() as connection:
            lock_joining(connection)
            take_in_waiting(connection)
            yield connection

    def event(
        self, subscriber_id: int, action: str, at: datetime, detail: dict[str, Any], *, import_id: int | None = None
    ) -> Event:
        """Return a line of the history with this store's actor."""
        return Event(
            subscriber_id=subscriber_id, at=at, actor=self.actor, action=action, detail=detail, import_id=import_id
        )

    def require(self, address: str) -> Subscriber:
        """Return the subscriber with this address; raises `SubscriberError`, naming the present one after a move."""
        found = self.show(address)
        if found is None:
            with self.database.reading() as connection:
                new = subscriptions.moved_to(connection, parse_address(address).normalised)
            hint = msg("people.is-now", address=new) if new else msg("people.look-for-it")
            raise SubscriberError(msg("people.not-a-subscriber", address=address), hint=hint)
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
        if ALL_LISTS in scopes:
            raise SubscriberError(
                msg("people.is-suppressed", address=address.as_given),
                hint=msg("people.release-when-asked", address=address.as_given),
            )
        if barred := [each for each in slugs if each in scopes]:
            raise SubscriberError(
                msg("people.is-suppressed-on", address=address.as_given, lists=", ".join(barred)),
                hint=msg("people.release-on-when-asked", address=address.as_given, slug=barred[0]),
            )

    def _known_lists(self, connection: Connection, slugs: Sequence[str]) -> dict[str, int]:
        """Return the numbers of the lists that these are by now, by slug; refuse a name that is of none."""
        known, merged = subscriptions.list_ids(connection), subscriptions.merged_lists(connection)
        for slug in slugs:
            if slug not in known:
                hint = near_or(slug, known, msg("people.all-lists"))
                raise SubscriberError(msg("people.no-such-list", list=shown(slug)), hint=hint)
        return {present: known[present] for present in map(merged.__getitem__, slugs)}

    def _join(
        self, connection: Connection, subscriber_id: int, wanted: dict[str, int], consent: Consent, *, again: bool
    ) -> None:
        query = (
            select(subscription.c.id, subscription.c.status, subscription.c.since, list_.c.slug)
            .join(list_, list_.c.id == subscription.c.list_id)
            .where(subscription.c.subscriber_id == subscriber_id, list_.c.merged_into_id.is_(None))
        )
        found = {row.slug: row for row in typed_rows(HeldSubscription, connection.execute(query))}
        if not again:
            taken_over = subscriptions.taken_over(connection, subscriber_id)
            if left := find_left(wanted, found, taken_over=taken_over):
                raise SubscriberError(left, hint=msg("people.use-again"))
        joined = []
        for slug, list_id in wanted.items():
            row = found.get(slug)
            given = replace(consent, list=slug)
            if row is None:
                new = NewSubscription(subscriber_id=subscriber_id, list_id=list_id, consent=given)
                subscriptions.insert_subscriptions(connection, [new])
            elif row.status != SubscriptionStatus.ACTIVE:
                subscriptions.rejoin(connection, row.id, given)
            else:
                self._add_basis(connection, subscriber_id, row.id, given)
                continue
            joined.append(slug)
        self._record(connection, subscriber_id, "subscribed", consent.recorded_at, joined)

    def _add_basis(self, connection: Connection, subscriber_id: int, subscription_id: int, given: Consent) -> None:
        """Write down that an active subscription rests on a consent of today, unless that is known already."""
        old = subscriptions.add_consent(connection, subscription_id, given)
        if old == given.basis:  # until now only a file said so
            self._record(connection, subscriber_id, "added_again", given.recorded_at, [given.list])
        elif old is not None:
            detail = {"field": "basis", "old": old, "new": given.basis, "list": given.list}
            self._changed(connection, subscriber_id, given.recorded_at, [detail])

    def _changed(self, connection: Connection, id_: int, at: datetime, details: Iterable[dict[str, str]]) -> None:
        subscriptions.record_events(connection, (self.event(id_, "changed", at, each) for each in details))

    def _record(self, connection: Connection, id_: int, action: str, now: datetime, slugs: Sequence[str]) -> None:
        subscriptions.record_events(connection, [self.event(id_, action, now, {"list": slug}) for slug in slugs])


class _StoredPerson(NamedTuple):
    """A person as the table holds them."""

    id: int
    address: str
    address_as_given: str
    name: str
    organisation: str
    role: str
    lang: Lang
    created_at: datetime
    source: str


_PEOPLE = select(*(subscriber.c[name] for name in _StoredPerson._fields))


def _read(connection: Connection, query: Select[Any]) -> tuple[Subscriber, ...]:
    rows = [*typed_rows(_StoredPerson, connection.execute(query))]
    found = subscriptions.read_subscriptions(connection, [row.id for row in rows])
    return tuple(Subscriber(**row._asdict(), subscriptions=found[row.id]) for row in rows)


def _audience_query(lists: Sequence[str] | None) -> Select[Any]:
    """Select the columns of `AudienceRow`: all subscriptions of people on the lists; the others choose the variant."""
    query = (
        select(
            subscriber.c.id.label("subscriber_id"),
            subscriber.c.address,
            subscriber.c.address_as_given.label("recipient"),
            subscriber.c.name,
            subscriber.c.lang,
            list_.c.slug.label("list"),
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
