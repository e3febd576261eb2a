"""From subscriptions to recipients: one member an address, with the reason where somebody is left out."""

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from mailer.languages import Lang
from mailer.subscribers.model import ListKind, SubscriptionStatus


class Exclusion(StrEnum):
    """Why a member of the audience is not to be sent to; the values are those of delivery's skip reasons."""

    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"


# Plain tuples, unlike our other values: a mailing to a million people makes a million of each.


class AudienceRow(NamedTuple):
    """One subscription with what a mailing needs of its subscriber; `kind` and `status` as they are stored."""

    subscriber_id: int
    address: str
    recipient: str
    name: str
    lang: Lang
    list: str
    kind: str
    status: str


class AudienceMember(NamedTuple):
    """One address. `lists` are the chosen lists it is on; `helsefellesskap` its active ones, chosen or not."""

    subscriber_id: int
    address: str
    recipient: str
    name: str
    lang: Lang
    lists: tuple[str, ...]
    helsefellesskap: tuple[str, ...]
    exclusion: Exclusion | None = None


_person, _subscription = itemgetter(slice(0, 5)), itemgetter(slice(5, 8))

_Subscriptions = tuple[tuple[str, str, str], ...]
_Standing = tuple[tuple[str, ...], tuple[str, ...], Exclusion | None]


def compute_audience(rows: Iterable[AudienceRow], *, lists: frozenset[str] | None = None) -> Iterator[AudienceMember]:
    """Yield the members of the chosen lists (None: all lists) one by one; rows of one subscriber stand together."""
    # People are many, the ways to be on lists are few.
    standing_of = lru_cache(maxsize=10_000)(partial(_standing, lists))
    for person, of_one in groupby(rows, key=_person):
        standing = standing_of(tuple(map(_subscription, of_one)))
        if standing is not None:
            yield AudienceMember._make((*person, *standing))


def _standing(lists: frozenset[str] | None, subscriptions: _Subscriptions) -> _Standing | None:
    """What one person's subscriptions come to: the last three of a member; nothing when no list is a chosen one."""
    statuses = {slug: SubscriptionStatus(status) for slug, _, status in subscriptions}
    chosen = {slug: status for slug, status in statuses.items() if lists is None or slug in lists}
    if not chosen:
        return None
    active = {slug for slug, status in statuses.items() if status is SubscriptionStatus.ACTIVE}
    exclusion = _exclusion(chosen.values())
    return (
        tuple(slug for slug in chosen if exclusion or slug in active),
        tuple(slug for slug, kind, _ in subscriptions if slug in active and kind == ListKind.HELSEFELLESSKAP),
        exclusion,
    )


def _exclusion(chosen: Collection[SubscriptionStatus]) -> Exclusion | None:
    """One active subscription is enough; who is suppressed for all lists has none."""
    if SubscriptionStatus.ACTIVE in chosen:
        return None
    if SubscriptionStatus.SUPPRESSED in chosen:
        return Exclusion.SUPPRESSED
    return Exclusion.UNCONFIRMED if SubscriptionStatus.PENDING in chosen else Exclusion.UNSUBSCRIBED
