"""Reading the ledger: how far mailings have come, and the status of each person."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Subquery, case, func, select

from mailer.database.rows import typed_rows
from mailer.database.tables import delivery, mailing, subscriber
from mailer.delivery.model import (
    MAY_HAVE_IT,
    NOT_ON_THE_WAY,
    OPEN,
    Counts,
    DeliveryReport,
    DeliveryStatus,
    InDoubtPolicy,
    MailingKind,
    MailingReport,
    MailingState,
    SkipReason,
    Start,
)
from mailer.delivery.notes import read_note
from mailer.subscribers.people.subscriptions import merged_lists

MessageIdOf = Callable[[int, int], str | None]
"""From mailing and delivery to the Message-ID that goes with them."""


class _MailingRow(NamedTuple):
    """A stored mailing."""

    id: int
    slug: str
    state: str
    content_hash: str
    edition_hash: str | None
    lists: list[str]
    in_doubt_policy: str
    note: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    kind: str
    reason: str
    start_at: datetime | None
    zone: str | None
    start_local: str | None
    untested: int


def read_mailings(
    connection: Connection, *, slug: str | None = None, mailing_id: int | None = None
) -> tuple[MailingReport, ...]:
    """Return the mailings of an issue, one mailing, or all, oldest first."""
    statement = select(*(mailing.c[name] for name in _MailingRow._fields)).order_by(mailing.c.id)
    if slug is not None:
        statement = statement.where(mailing.c.slug == slug)
    if mailing_id is not None:
        statement = statement.where(mailing.c.id == mailing_id)
    rows = [*typed_rows(_MailingRow, connection.execute(statement))]
    return tuple(_report(row, count(connection, row.id)) for row in rows)


class SignedMailing(NamedTuple):
    """A mailing by the key that signs its links; `is_open` while it may be carried on."""

    id: int
    slug: str
    key_id: str
    is_open: bool


def read_signed(connection: Connection) -> tuple[SignedMailing, ...]:
    """Return the mailings whose key is known, oldest first."""
    is_open = mailing.c.state.in_([*OPEN, MailingState.WAITING]).label("is_open")
    query = select(mailing.c.id, mailing.c.slug, mailing.c.key_id, is_open).where(mailing.c.key_id.is_not(None))
    return tuple(typed_rows(SignedMailing, connection.execute(query.order_by(mailing.c.id))))


def count(connection: Connection, mailing_id: int) -> Counts:
    """Return the equation of one mailing."""
    statement = (
        select(delivery.c.status, delivery.c.skip_reason, func.count())
        .where(delivery.c.mailing_id == mailing_id)
        .group_by(delivery.c.status, delivery.c.skip_reason)
    )
    return _counts([(status, reason, number) for status, reason, number in connection.execute(statement)])


def count_by_list(connection: Connection, mailing_id: int) -> dict[str, Counts]:
    """Return the equation of each list of a mailing; a person on several lists is counted on each.

    A list that was merged since counts with the one it became part of.
    """
    columns = (delivery.c.lists, delivery.c.status, delivery.c.skip_reason)
    statement = select(*columns, func.count()).where(delivery.c.mailing_id == mailing_id).group_by(*columns)
    of_list: dict[str, list[tuple[str, str | None, int]]] = defaultdict(list)
    merged = merged_lists(connection)
    for lists, status, reason, number in connection.execute(statement):
        for slug in {merged.get(each, each) for each in lists.split()}:
            of_list[slug].append((status, reason, number))
    return {slug: _counts(of_list[slug]) for slug in sorted(of_list)}


def count_people(connection: Connection, slug: str) -> Counts:
    """Return the equation of all mailings of an issue together: each person once, as they stand by now."""
    stands = _where_people_stand(connection, slug)
    statement = (
        select(delivery.c.status, delivery.c.skip_reason, func.count())
        .where(delivery.c.id.in_(select(stands.c.id).where(stands.c.place == 1)))
        .group_by(delivery.c.status, delivery.c.skip_reason)
    )
    return _counts([(status, reason, number) for status, reason, number in connection.execute(statement)])


def read_deliveries(
    connection: Connection, mailing_id: int, statuses: Collection[DeliveryStatus], *, message_id_of: MessageIdOf
) -> Iterator[DeliveryReport]:
    """Yield the deliveries of a mailing that are in one of the states, in the order planned."""
    yield from _read(connection, mailing_id, delivery.c.status.in_(statuses), message_id_of)


def read_unreached(connection: Connection, mailing_id: int, *, message_id_of: MessageIdOf) -> Iterator[DeliveryReport]:
    """Yield the failed deliveries of a mailing to people whom no mailing of the issue has reached, each person once.

    Of a resend these are the people whom no resend has reached: that they had the issue before is why it was sent.
    """
    this = connection.execute(select(mailing.c.slug, mailing.c.kind).where(mailing.c.id == mailing_id)).one()
    stands = _where_people_stand(connection, this.slug, again_only=this.kind == MailingKind.RESEND)
    latest = delivery.c.id.in_(select(stands.c.id).where(stands.c.place == 1))
    yield from _read(connection, mailing_id, delivery.c.status.in_(_FAILED) & latest, message_id_of)


_FAILED = (DeliveryStatus.REJECTED, DeliveryStatus.DEFERRED, DeliveryStatus.EXPIRED)


def _where_people_stand(connection: Connection, slug: str, *, again_only: bool = False) -> Subquery:
    """Return the deliveries of an issue, each with a place; place 1 tells the status of its person.

    Place 1 has the one that arrived; without one, the first of these: one that may have arrived, one that still may be
    sent, the latest. A person is known by number; a delivery that has lost its person is taken for another one's to the
    same address. With `again_only` the mailings are those that went again to people who were named.
    """
    mailings = select(mailing.c.id).where(mailing.c.slug == slug)
    if again_only:
        mailings = mailings.where(mailing.c.kind == MailingKind.RESEND)
    of_issue = connection.execute(mailings).scalars().all()
    other = delivery.alias("other")
    same = (other.c.mailing_id.in_(of_issue), other.c.address == delivery.c.address)
    somebody = select(func.max(other.c.subscriber_id)).where(*same).scalar_subquery()
    nobody = select(-func.min(other.c.id)).where(*same).scalar_subquery()
    rank = case(
        (delivery.c.status == DeliveryStatus.ACCEPTED, 6),
        (delivery.c.status.in_(MAY_HAVE_IT), 5),
        (delivery.c.status.in_(NOT_ON_THE_WAY), 4),
        (delivery.c.skip_reason == SkipReason.ALREADY_SENT, 1),
        (delivery.c.status == DeliveryStatus.CANCELLED, 2),
        else_=3,
    )
    place = func.row_number().over(
        partition_by=func.coalesce(delivery.c.subscriber_id, somebody, nobody),
        order_by=(rank.desc(), delivery.c.id.desc()),
    )
    return select(delivery.c.id, place.label("place")).where(delivery.c.mailing_id.in_(of_issue)).subquery()


def _read(
    connection: Connection, mailing_id: int, wanted: ColumnElement[bool], message_id_of: MessageIdOf
) -> Iterator[DeliveryReport]:
    statement = (
        select(delivery, subscriber.c.address.label("present"), subscriber.c.address_as_given)
        .outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(delivery.c.mailing_id == mailing_id, wanted)
        .order_by(delivery.c.id)
    )
    for row in connection.execute(statement):
        yield DeliveryReport(
            address=row.recipient,
            status=DeliveryStatus(row.status),
            lists=tuple(row.lists.split()),
            reply=row.reply,
            message_id=message_id_of(mailing_id, row.id),
            attempts=row.attempts,
            now=None if row.present == row.address else row.address_as_given,
        )


def _counts(groups: list[tuple[str, str | None, int]]) -> Counts:
    by_status: dict[str, int] = defaultdict(int)
    skipped: dict[SkipReason, int] = defaultdict(int)
    for status, reason, number in groups:
        if reason is None:
            by_status[status] += number
        else:
            skipped[SkipReason(reason)] += number
    return Counts(audience=sum(number for _, _, number in groups), skipped=dict(skipped), **by_status)


def _report(row: _MailingRow, counts: Counts) -> MailingReport:
    return MailingReport(
        id=row.id,
        slug=row.slug,
        state=MailingState(row.state),
        content_hash=row.content_hash,
        edition_hash=row.edition_hash,
        lists=tuple(row.lists),
        in_doubt_policy=InDoubtPolicy(row.in_doubt_policy),
        note=read_note(row.note),
        counts=counts,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        kind=MailingKind(row.kind),
        reason=row.reason,
        start=Start(row.start_at, row.zone or "", row.start_local or "") if row.start_at else None,
        untested=bool(row.untested),
    )
