"""Count the people of each list, now and over time, from the history."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, case, func, select

from mailer.database.tables import list_, subscriber_event, subscription
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.store import SubscriberStore

_STEPS = {
    "subscribed": 1,
    "joined_by_merging": 1,
    "unsubscribed": -1,
    "suppressed": -1,
    "import_undone": -1,
    "left_merged_list": -1,
}


_WAYS = {"the person, on the leave page": "page", "the person, by one click": "one_click"}
OTHER_WAY = "other"  # an editor, or a file
WAYS_OF_LEAVING = (*_WAYS.values(), OTHER_WAY)


def count_leaves(connection: Connection) -> dict[str, int]:
    """Return how many subscriptions were left in each of the ways; those of erased people are forgotten."""
    way = case(_WAYS, value=subscriber_event.c.actor, else_=OTHER_WAY)
    query = select(way.label("way"), func.count().label("number")).group_by("way")
    rows = connection.execute(query.where(subscriber_event.c.action == "unsubscribed"))
    return dict.fromkeys(WAYS_OF_LEAVING, 0) | {row.way: row.number for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCounts:
    """The number of subscriptions of a list, by status."""

    slug: str
    by_status: Mapping[SubscriptionStatus, int]

    @property
    def active(self) -> int:
        """Return how many would get mail."""
        return self.by_status.get(SubscriptionStatus.ACTIVE, 0)


def count_subscriptions(store: SubscriberStore) -> tuple[ListCounts, ...]:
    """The subscriptions of every list by status, in register order."""
    query = (
        select(list_.c.slug, subscription.c.status, func.count(subscription.c.id).label("number"))
        .outerjoin(subscription, subscription.c.list_id == list_.c.id)
        .group_by(list_.c.position, list_.c.slug, subscription.c.status)
        .order_by(list_.c.position, list_.c.slug)
    )
    with store.database.reading() as connection:
        rows = connection.execute(query).all()
    return tuple(
        ListCounts(slug=slug, by_status={SubscriptionStatus(row.status): row.number for row in of_list if row.status})
        for slug, of_list in groupby(rows, key=lambda row: str(row.slug))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The number of active subscriptions of each list at the end of each month."""

    months: tuple[str, ...]
    by_list: Mapping[str, tuple[int, ...]]

    @property
    def total(self) -> tuple[int, ...]:
        """Return all lists together; a person on two counts twice."""
        return tuple(sum(numbers[nth] for numbers in self.by_list.values()) for nth in range(len(self.months)))


def read_growth(store: SubscriberStore) -> Growth:
    """Count month by month. People who were erased do not count in any month."""
    steps: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with store.database.reading() as connection:
        month = _month(connection)
        query = (
            select(list_.c.slug, month.label("month"), subscriber_event.c.action, func.count().label("number"))
            .join(list_, list_.c.id == subscriber_event.c.list_id)
            .where(subscriber_event.c.action.in_(_STEPS))
            .group_by(list_.c.position, list_.c.slug, month, subscriber_event.c.action)
            .order_by(list_.c.position)
        )
        for row in connection.execute(query):
            steps[row.slug][row.month] += _STEPS[row.action] * row.number
    months = _all_months(sorted({each for of_list in steps.values() for each in of_list}))
    return Growth(months=months, by_list={slug: _summed(of_list, months) for slug, of_list in steps.items()})


def count_people(store: SubscriberStore) -> int:
    """Return how many people are on at least one list; somebody on two counts once."""
    query = select(func.count(func.distinct(subscription.c.subscriber_id))).where(
        subscription.c.status == SubscriptionStatus.ACTIVE
    )
    with store.database.reading() as connection:
        return connection.execute(query).scalar_one()


def _month(connection: Connection) -> ColumnElement[str]:
    at = subscriber_event.c.at
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m", at)
    return func.to_char(func.timezone("UTC", at), "YYYY-MM")


def _all_months(with_events: Sequence[str]) -> tuple[str, ...]:
    if not with_events:
        return ()
    (first_year, first_month), (year, month) = (map(int, each.split("-")) for each in (with_events[0], with_events[-1]))
    numbers = range(first_year * 12 + first_month - 1, year * 12 + month)
    return tuple(f"{each // 12:04}-{each % 12 + 1:02}" for each in numbers)


def _summed(steps: Mapping[str, int], months: Sequence[str]) -> tuple[int, ...]:
    total, numbers = 0, []
    for month in months:
        total += steps.get(month, 0)
        numbers.append(total)
    return tuple(numbers)
