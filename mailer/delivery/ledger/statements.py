"""The statements of a run for a group of messages, put together once."""

from dataclasses import fields

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from mailer.database.tables import delivery, leave_asked, mailing, subscriber, subscription
from mailer.delivery.model import ClaimedDelivery, DeliveryStatus, MailingState, SkipReason
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.redirecting import IS_MISADDRESSED, IS_TO_THE_PERSON

_SINCE = bindparam("new_since", type_=delivery.c.deferred_since.type)
_OURS = delivery.c.run_id == bindparam("of_run")
IS_RUNNING = exists().where(mailing.c.id == delivery.c.mailing_id, mailing.c.state == MailingState.RUNNING)
# A row that another run declared in doubt is still ours to settle: we have the answer.
# (Not IN: executemany takes no parameter that expands.)
_IS_UNSETTLED = or_(*(delivery.c.status == each for each in ("claimed", "in_flight", "in_doubt")))
_SETTLED = update(delivery).where(delivery.c.id == bindparam("of_id"), _OURS, _IS_UNSETTLED)
ACCEPTED = _SETTLED.values(
    status=DeliveryStatus.ACCEPTED, attempts=1, reply=bindparam("new_reply"), changed_at=bindparam("new_changed")
)
RESULT = _SETTLED.values(
    status=bindparam("new_status"),
    run_id=bindparam("new_run"),
    attempts=bindparam("new_attempts"),
    due_at=bindparam("new_due"),
    # The first moment stays, unless the clock was ahead then.
    deferred_since=case(
        (_SINCE.is_(None), delivery.c.deferred_since),
        (delivery.c.deferred_since < _SINCE, delivery.c.deferred_since),
        else_=_SINCE,
    ),
    reply=bindparam("new_reply"),
    changed_at=bindparam("new_changed"),
)
# Asked for on PostgreSQL while an import kept the person from leaving at once.
_HAS_ASKED = exists().where(
    leave_asked.c.subscriber_id == subscription.c.subscriber_id,
    or_(leave_asked.c.list_id.is_(None), leave_asked.c.list_id == subscription.c.list_id),
)
_IS_ACTIVE = and_(subscription.c.status == SubscriptionStatus.ACTIVE, ~_HAS_ASKED)
_IS_CHOSEN = subscription.c.list_id.in_(bindparam("of_lists", expanding=True))


def _has(status: SubscriptionStatus) -> ColumnElement[bool]:
    theirs = subscription.c.subscriber_id == delivery.c.subscriber_id
    return select(subscription.c.id).where(theirs, subscription.c.status == status, _IS_CHOSEN).exists()


_HAS_LEFT_BY_ASKING = (
    select(subscription.c.id)
    .where(subscription.c.subscriber_id == delivery.c.subscriber_id, _HAS_ASKED, _IS_CHOSEN)
    .exists()
)


def _is_wanted(is_good: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition that looks once at each person's subscriptions: EXISTS made PostgreSQL read all of them."""
    theirs = subscription.c.subscriber_id == delivery.c.subscriber_id
    return func.coalesce(select(func.max(case((is_good, 1), else_=0))).where(theirs).scalar_subquery(), 0) == 1


def _marking(is_good: ColumnElement[bool]) -> ReturningUpdate[int]:
    return (
        update(delivery)
        .where(
            delivery.c.id.in_(bindparam("of_ids", expanding=True)),
            _OURS,
            # in_flight too: after a lost connection the same mark may be asked for again.
            delivery.c.status.in_([DeliveryStatus.CLAIMED, DeliveryStatus.IN_FLIGHT]),
            IS_RUNNING,
            _is_wanted(is_good),
            IS_TO_THE_PERSON,
        )
        .values(status=DeliveryStatus.IN_FLIGHT, changed_at=bindparam("new_changed"))
        .returning(delivery.c.id)
    )


MARK = _marking(_IS_ACTIVE & _IS_CHOSEN)
MARK_OF_ALL_LISTS = _marking(_IS_ACTIVE)
_RECORDED_AT = (
    select(subscriber.c.created_at)
    .where(subscriber.c.id == delivery.c.subscriber_id)
    .correlate(delivery)
    .scalar_subquery()
    .label("recorded_at")
)
CLAIMED = [
    _RECORDED_AT if each.name == _RECORDED_AT.name else delivery.c[each.name] for each in fields(ClaimedDelivery)
]
_IS_OURS_UNMARKED = (
    delivery.c.id.in_(bindparam("of_ids", expanding=True)) & _OURS & (delivery.c.status == DeliveryStatus.CLAIMED)
)
ASTRAY = select(delivery.c.id).where(_IS_OURS_UNMARKED, IS_MISADDRESSED)
UNWANTED = (
    update(delivery)
    .where(_IS_OURS_UNMARKED, ~_is_wanted(_IS_ACTIVE & _IS_CHOSEN))
    .values(
        status=DeliveryStatus.SKIPPED,
        skip_reason=case(
            (delivery.c.subscriber_id.is_(None), SkipReason.ERASED),
            (_has(SubscriptionStatus.SUPPRESSED), SkipReason.SUPPRESSED),
            (or_(_has(SubscriptionStatus.UNSUBSCRIBED), _HAS_LEFT_BY_ASKING), SkipReason.UNSUBSCRIBED),
            (_has(SubscriptionStatus.PENDING), SkipReason.UNCONFIRMED),
            else_=SkipReason.NOT_ON_LIST,
        ),
        run_id=null(),
        changed_at=bindparam("new_changed"),
    )
    .returning(delivery.c.id)
)
# What refused the mark is gone again: somebody came back, or moved to and fro.
UNMARKED = (
    update(delivery)
    .where(_IS_OURS_UNMARKED)
    .values(status=DeliveryStatus.QUEUED, run_id=null(), changed_at=bindparam("new_changed"))
)
