"""From subscriptions to recipients: one member an address, with the reason where somebody is left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from mailer.subscribers.model import Lang, ListKind, SubscriptionStatus


class Exclusion(StrEnum):
    """Why a member of the audience is not to be sent to; the values are those of delivery's skip reasons."""

    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceRow:
    """One subscription with what a mailing needs of its subscriber."""

    subscriber_id: int
    address: str
    recipient: str
    name: str
    lang: Lang
    list: str
    kind: ListKind
    status: SubscriptionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceMember:
    """One address. `lists` are the chosen lists it is on; `helsefellesskap` its active ones, chosen or not."""

    subscriber_id: int
    address: str
    recipient: str
    name: str
    lang: Lang
    lists: tuple[str, ...]
    helsefellesskap: tuple[str, ...]
    exclusion: Exclusion | None = None


def compute_audience(rows: Iterable[AudienceRow], *, lists: frozenset[str] | None = None) -> Iterator[AudienceMember]:
    """Yield the members of the chosen lists (None: all lists) one by one; rows of one subscriber stand together."""
    for _, of_one in groupby(rows, key=lambda row: row.subscriber_id):
        subscriptions = list(of_one)
        chosen = [row for row in subscriptions if lists is None or row.list in lists]
        if chosen:
            yield _member(subscriptions, chosen)


def _member(subscriptions: list[AudienceRow], chosen: list[AudienceRow]) -> AudienceMember:
    first = subscriptions[0]
    exclusion = _exclusion(subscriptions, chosen)
    counted = chosen if exclusion else [row for row in chosen if row.status is SubscriptionStatus.ACTIVE]
    return AudienceMember(
        subscriber_id=first.subscriber_id,
        address=first.address,
        recipient=first.recipient,
        name=first.name,
        lang=first.lang,
        lists=tuple(row.list for row in counted),
        helsefellesskap=tuple(
            row.list
            for row in subscriptions
            if row.kind is ListKind.HELSEFELLESSKAP and row.status is SubscriptionStatus.ACTIVE
        ),
        exclusion=exclusion,
    )


def _exclusion(subscriptions: list[AudienceRow], chosen: list[AudienceRow]) -> Exclusion | None:
    """Suppression is about the address, so it counts wherever it stands; the rest is about the chosen lists."""
    if any(row.status is SubscriptionStatus.SUPPRESSED for row in subscriptions):
        return Exclusion.SUPPRESSED
    statuses = {row.status for row in chosen}
    if SubscriptionStatus.ACTIVE in statuses:
        return None
    return Exclusion.UNCONFIRMED if SubscriptionStatus.PENDING in statuses else Exclusion.UNSUBSCRIBED
