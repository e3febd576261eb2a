"""Reading the ledger: how far mailings have come, and who stands where."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator

from sqlalchemy import Connection, Row, func, select

from mailer.database.tables import delivery, mailing
from mailer.delivery.model import (
    Counts,
    DeliveryReport,
    DeliveryStatus,
    InDoubtPolicy,
    MailingReport,
    MailingState,
    SkipReason,
)

MessageIdOf = Callable[[int, int], str]
"""From mailing and delivery to the Message-ID that goes with them."""


def read_mailings(
    connection: Connection, *, slug: str | None = None, mailing_id: int | None = None
) -> tuple[MailingReport, ...]:
    """Return the mailings of an issue, one mailing, or all, oldest first."""
    statement = select(mailing).order_by(mailing.c.id)
    if slug is not None:
        statement = statement.where(mailing.c.slug == slug)
    if mailing_id is not None:
        statement = statement.where(mailing.c.id == mailing_id)
    return tuple(_report(row, count(connection, row.id)) for row in connection.execute(statement))


def count(connection: Connection, mailing_id: int) -> Counts:
    """Return the equation of one mailing."""
    statement = (
        select(delivery.c.status, delivery.c.skip_reason, func.count())
        .where(delivery.c.mailing_id == mailing_id)
        .group_by(delivery.c.status, delivery.c.skip_reason)
    )
    return _counts([(status, reason, number) for status, reason, number in connection.execute(statement)])


def count_by_list(connection: Connection, mailing_id: int) -> dict[str, Counts]:
    """Return the equation of each list of a mailing; who is on several lists is counted on each."""
    columns = (delivery.c.lists, delivery.c.status, delivery.c.skip_reason)
    statement = select(*columns, func.count()).where(delivery.c.mailing_id == mailing_id).group_by(*columns)
    of_list: dict[str, list[tuple[str, str | None, int]]] = defaultdict(list)
    for lists, status, reason, number in connection.execute(statement):
        for slug in lists.split():
            of_list[slug].append((status, reason, number))
    return {slug: _counts(of_list[slug]) for slug in sorted(of_list)}


def read_deliveries(
    connection: Connection, mailing_id: int, statuses: Collection[DeliveryStatus], *, message_id_of: MessageIdOf
) -> Iterator[DeliveryReport]:
    """Yield the deliveries of a mailing that are in one of the states, in the order planned."""
    statement = (
        select(delivery)
        .where(delivery.c.mailing_id == mailing_id, delivery.c.status.in_(statuses))
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


def _report(row: Row[tuple[object, ...]], counts: Counts) -> MailingReport:
    return MailingReport(
        id=row.id,
        slug=row.slug,
        state=MailingState(row.state),
        content_hash=row.content_hash,
        lists=tuple(row.lists),
        in_doubt_policy=InDoubtPolicy(row.in_doubt_policy),
        note=row.note,
        counts=counts,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
