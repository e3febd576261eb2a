"""Writing withdrawals outside the database, at the end of each transaction that puts somebody out."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import chain, groupby, islice, repeat
from operator import itemgetter

from sqlalchemy import Connection, Row, Select, select

from mailer.database.tables import list_, subscriber, subscription, suppression
from mailer.database.withdrawals import Noted, Turn, Withdrawal, WithdrawalFile, take_noted
from mailer.errors import MailerError
from mailer.subscribers.model import ALL_LISTS, SubscriptionStatus
from mailer.subscribers.people.suppression import (
    ERASED_BEFORE,
    FutureKey,
    SuppressionList,
    SuppressionReason,
    is_key_row,
    list_with,
)

log = logging.getLogger(__name__)

_AT_ONCE = 2_000
_TURNS = {
    SubscriptionStatus.UNSUBSCRIBED.value: Turn.LEFT,
    SubscriptionStatus.ACTIVE.value: Turn.BACK,
    SubscriptionStatus.PENDING.value: Turn.BACK,
}
"""Whom a suppression keeps out is told of by that."""


class WithdrawalKeeper:
    """Keeps the file of a database in step with it; addresses are hashed with the key of suppressed ones."""

    def __init__(self, file: WithdrawalFile, *, key: bytes | FutureKey, clock: Callable[[], datetime]) -> None:
        self.file = file
        self._key = key
        self._clock = clock

    def __call__(self, connection: Connection) -> None:
        """Write what was noted in a transaction; the first time, all that the database knows.

        A reader leaves also where the key cannot be read: that is said in the log.
        """
        noted = take_noted(connection)
        if not noted:
            return
        try:
            suppressed = list_with(self._key)
            suppressed.require_key(connection)
        except MailerError as error:
            log.warning("withdrawal-unwritten reason=%s", error.what)
            return
        self._append(connection, self._lines(connection, noted, suppressed), suppressed)

    def begin(self, connection: Connection) -> None:
        """Write all that the database knows, in a transaction, where nothing was ever written. Raises `MailerError`."""
        suppressed = list_with(self._key)
        suppressed.require_key(connection)
        if not self.file.exists:
            self._append(connection, read_withdrawals(connection, suppressed), suppressed)

    def _append(self, connection: Connection, lines: Iterator[Withdrawal], suppressed: SuppressionList) -> None:
        """Append lines; those that only bring back make no file."""
        begun = list[Withdrawal]()
        for each in lines:
            begun.append(each)
            if self.file.exists or each.turn not in {Turn.BACK, Turn.RELEASED}:
                suppressed.make_last(connection, self._clock())
                self.file.append(chain(begun, lines))
                return

    def _lines(self, connection: Connection, noted: Noted, suppressed: SuppressionList) -> Iterator[Withdrawal]:
        if not self.file.exists:
            yield from read_withdrawals(connection, suppressed)
        for address, slug in sorted(noted.gone):
            yield _line(suppressed, address, slug, turn=Turn.BACK, at=self._clock())
        yield from noted.said
        for row, at in _rows_of(connection, noted.people):
            if turn := _TURNS.get(row.status):
                yield _line(suppressed, row.address, row.slug, turn=turn, at=at)


def read_withdrawals(connection: Connection, suppressed: SuppressionList) -> Iterator[Withdrawal]:
    """Yield all who have left, are suppressed or were erased, as a database knows them."""
    has_left = subscription.c.status == SubscriptionStatus.UNSUBSCRIBED
    left = _SUBSCRIPTIONS.where(has_left).order_by(subscription.c.id)
    for row in connection.execute(left.execution_options(yield_per=_AT_ONCE)):
        yield _line(suppressed, row.address, row.slug, turn=Turn.LEFT, at=row.since)
    told = select(suppression).order_by(suppression.c.id).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(told):
        yield from () if is_key_row(row.scope) else _said(row)


def _said(row: Row[*tuple[object, ...]]) -> Iterator[Withdrawal]:
    """Yield what a row of the suppressed addresses says, in the order in which it came about."""
    hash_, scope = bytes(row.address_hash), ALL_LISTS if row.scope == ERASED_BEFORE else row.scope
    if row.reason == SuppressionReason.ERASED:
        yield Withdrawal(at=row.since, turn=Turn.ERASED, scope=ALL_LISTS, address_hash=hash_)
    yield Withdrawal(at=row.since, turn=Turn.SUPPRESSED, scope=scope, address_hash=hash_, reason=row.reason)
    if row.released_at is not None:
        yield Withdrawal(at=row.released_at, turn=Turn.RELEASED, scope=scope, address_hash=hash_)


def _line(suppressed: SuppressionList, address: str, slug: str, *, turn: Turn, at: datetime) -> Withdrawal:
    return Withdrawal(at=at, turn=turn, scope=slug, address_hash=suppressed.hash_of(address))


_SUBSCRIPTIONS: Select[str, str, str, datetime, int, int] = (
    select(
        subscriber.c.address,
        list_.c.slug,
        subscription.c.status,
        subscription.c.since,
        subscription.c.subscriber_id,
        subscription.c.list_id,
    )
    .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
    .join(list_, list_.c.id == subscription.c.list_id)
)


_NotedPeople = Mapping[tuple[int | None, datetime], Sequence[int]]


def _rows_of(
    connection: Connection, people: _NotedPeople
) -> Iterator[tuple[Row[str, str, str, datetime, int, int], datetime]]:
    """Yield the subscriptions that were noted, with the moments; of all lists, those that were left."""
    for noted in _portions(people):
        ids = dict.fromkeys(id_ for id_, _ in noted)
        query = _SUBSCRIPTIONS.where(subscription.c.subscriber_id.in_(ids))
        for row in connection.execute(query.order_by(subscription.c.id)):
            of_all = noted.get((row.subscriber_id, None)) if row.status == SubscriptionStatus.UNSUBSCRIBED else None
            if at := noted.get((row.subscriber_id, row.list_id), of_all):
                yield row, at


def _portions(people: _NotedPeople) -> Iterator[Mapping[tuple[int, int | None], datetime]]:
    """Yield the moments, the last noted of each person and list, for some people after others by their numbers."""
    each_noted = (zip(sorted(ids), repeat(key)) for key, ids in people.items())
    by_person = groupby(merge(*each_noted, key=itemgetter(0)), key=itemgetter(0))
    while noted := {(id_, list_id): at for id_, those in islice(by_person, _AT_ONCE) for _, (list_id, at) in those}:
        yield noted
