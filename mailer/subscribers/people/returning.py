"""Refusing to put somebody back on a list that they left."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from mailer.catalogue import Message, msg
from mailer.subscribers.model import SubscriptionStatus, has_left


class HeldSubscription(NamedTuple):
    """A subscription that the person has already."""

    id: int
    status: str
    since: datetime
    slug: str


def find_left(
    wanted: Iterable[str], found: Mapping[str, HeldSubscription], *, taken_over: Collection[str]
) -> Message | None:
    """Return what to say of the first wanted list that somebody left, alone or with all the others.

    `found` are the rows of their subscriptions by list, `taken_over` the lists that they left because a file says so.
    """
    statuses = {slug: SubscriptionStatus(row.status) for slug, row in found.items()}
    for slug in wanted:
        # One that is suppressed by nothing: a suppression that holds was refused before.
        if has_left(statuses, slug) or statuses.get(slug) is SubscriptionStatus.SUPPRESSED:
            if slug in found:
                return _of_list(slug, _day(found[slug].since), is_by_file=slug in taken_over)
            since = max(row.since for row in found.values())
            return _of_all(_day(since), is_by_file=set(taken_over) >= found.keys())
    return None


def _of_list(slug: str, day: date, *, is_by_file: bool) -> Message:
    if is_by_file:
        return msg("people.file-says-left", list=slug, day=day)
    return msg("people.left", list=slug, day=day)


def _of_all(day: date, *, is_by_file: bool) -> Message:
    return msg("people.file-says-left-all", day=day) if is_by_file else msg("people.left-all", day=day)


def _day(moment: datetime) -> date:
    return moment.astimezone().date()
