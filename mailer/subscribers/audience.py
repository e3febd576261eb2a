"""Turn subscriptions into recipients: one member an address, with the reason where one is left out."""

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from mailer.languages import Lang
from mailer.subscribers.model import ListKind, SubscriptionStatus


class Exclusion(StrEnum):
    """The reason why a member of the audience is not sent to; the values are those of delivery's skip reasons."""

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


_person, _subscription = itemgetter(slice(5)), itemgetter(slice(5, None))

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
    """Return the last three fields of a person's member; None when the person is on no chosen list."""
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
    """Return the reason to leave a person out; one active subscription is enough for having none."""
    if SubscriptionStatus.ACTIVE in chosen:
        return None
    if SubscriptionStatus.SUPPRESSED in chosen:
        return Exclusion.SUPPRESSED
    return Exclusion.UNCONFIRMED if SubscriptionStatus.PENDING in chosen else Exclusion.UNSUBSCRIBED
