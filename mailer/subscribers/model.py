"""Subscribers, lists and subscriptions as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailer.languages import DEFAULT_LANG, Lang

ALL_LISTS = "all"  # where else the slug of one list may stand


class SubscriptionStatus(StrEnum):
    """The status of a subscription; only an active one gets mail."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"


STILL_IN = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)


def has_left(statuses: Mapping[str, SubscriptionStatus], slug: str) -> bool:
    """Return whether a person with these subscriptions left the list, or all: then no other takes them in either."""
    if statuses.get(slug) is SubscriptionStatus.UNSUBSCRIBED:
        return True
    return set(statuses.values()) - {SubscriptionStatus.SUPPRESSED} == {SubscriptionStatus.UNSUBSCRIBED}


class ListKind(StrEnum):
    """A helsefellesskap of the register, or a list of the editor's own."""

    HELSEFELLESSKAP = "helsefellesskap"
    OWN = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A regional health authority."""

    slug: str
    name_nb: str
    name_nn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberList:
    """A list people can be on. `short` is its printed name; `position` is its order in the register."""

    slug: str
    kind: ListKind
    short: str
    name_nb: str
    name_nn: str
    position: int
    region: str
    place_se: str
    helseforetak: str
    lang: Lang
    aliases: tuple[str, ...]

    def name(self, lang: Lang) -> str:
        """Return the full name that readers of a language see; only the two Norwegian ones have names of their own."""
        return self.name_nn if lang == "nn" else self.name_nb


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The lists in register order, and the regions they are grouped by."""

    regions: tuple[Region, ...]
    lists: tuple[SubscriberList, ...]

    @property
    def slugs(self) -> tuple[str, ...]:
        """The slugs of all lists, in register order."""
        return tuple(each.slug for each in self.lists)

    @property
    def helsefellesskap(self) -> tuple[SubscriberList, ...]:
        """The lists that are helsefellesskap, in register order."""
        return tuple(each for each in self.lists if each.kind is ListKind.HELSEFELLESSKAP)

    def find(self, slug: str) -> SubscriberList | None:
        """Return the list with this slug."""
        return next((each for each in self.lists if each.slug == slug), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The legal basis with its reference, for which list, when, how and on what text.

    `article` is a, b or e of GDPR art. 6(1), where the basis names one; `list` is the list it was given for, also
    after lists were merged.
    """

    basis: str
    method: str
    recorded_at: datetime
    list: str = ""
    article: str = ""
    text_version: str = ""
    confirmed_at: datetime | None = None
    source: str = ""
    source_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscriber on one list; `consents` are all that were recorded, the latest last.

    `part_of` is the list that this one was merged into, over any mergers: what was ended then is no leaving.
    """

    list: str
    status: SubscriptionStatus
    since: datetime
    consents: tuple[Consent, ...]
    part_of: str

    @property
    def consent(self) -> Consent | None:
        """The consent that holds."""
        return self.consents[-1] if self.consents else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person or mailbox. `address` is the normalised form used for matching, `address_as_given` the one mailed."""

    id: int
    address: str
    address_as_given: str
    name: str = ""
    organisation: str = ""
    role: str = ""
    lang: Lang = DEFAULT_LANG
    created_at: datetime
    source: str = ""
    subscriptions: tuple[Subscription, ...] = ()
