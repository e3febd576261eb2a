"""The words of a delivery: states, counts and the equation that accounts for every recipient."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class MailingState(StrEnum):
    """The state of a mailing."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    MISSED = "missed"  # its start passed while nobody was there: a person decides
    WAITING = "waiting"  # a person decided to send some of it again, when the issue's mailing under way is done


# A mailing in one of these states is under way: an issue has one at most.
OPEN = (MailingState.PLANNED, MailingState.RUNNING, MailingState.PAUSED, MailingState.MISSED)


class MailingKind(StrEnum):
    """The kind of a mailing: an issue to its lists, or the same once more to people who were named."""

    ISSUE = "issue"
    RESEND = "resend"


class Start(NamedTuple):
    """The moment at which a mailing is to start, the zone it was given in, and what its clock shows then."""

    at: datetime
    zone: str
    local: str


class DeliveryStatus(StrEnum):
    """The status of one delivery; `docs/glossary.md` explains each."""

    SKIPPED = "skipped"
    QUEUED = "queued"
    CLAIMED = "claimed"
    IN_FLIGHT = "in_flight"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


class SkipReason(StrEnum):
    """The reason why a person in the audience is not sent to."""

    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"
    ERASED = "erased"
    INVALID = "invalid"
    NOT_ON_LIST = "not_on_list"  # nobody left: the subscription went with an import that was undone
    ALREADY_SENT = "already_sent"


# An earlier delivery in one of these states stops a later mailing of the issue to the same person: they may have it.
MAY_HAVE_IT = frozenset({DeliveryStatus.IN_FLIGHT, DeliveryStatus.ACCEPTED, DeliveryStatus.IN_DOUBT})

# Nothing of these has been streamed to a server yet, or it was put off: they can be taken back.
NOT_ON_THE_WAY = frozenset({DeliveryStatus.QUEUED, DeliveryStatus.CLAIMED, DeliveryStatus.DEFERRED})

# A mailing is finished when no delivery is in one of these states.
UNFINISHED = NOT_ON_THE_WAY | {DeliveryStatus.IN_FLIGHT}


class InDoubtPolicy(StrEnum):
    """The treatment of deliveries in doubt: a person decides, or they are sent again."""

    HOLD = "hold"
    RETRY = "retry"


_MANY_LOST = 20
_SHARE_OF_MANY = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Deliveries of a mailing by status."""

    audience: int = 0
    skipped: dict[SkipReason, int] = field(default_factory=dict)
    queued: int = 0
    claimed: int = 0
    in_flight: int = 0
    accepted: int = 0
    deferred: int = 0
    rejected: int = 0
    expired: int = 0
    cancelled: int = 0
    in_doubt: int = 0

    @property
    def to_send(self) -> int:
        """Return how many of the audience are sent to, whatever came of it."""
        return self.audience - sum(self.skipped.values())

    @property
    def waiting(self) -> int:
        """Return how many have not had it and still may: queued, in a sender's hands, or to be tried again."""
        return self.queued + self.claimed + self.deferred

    @property
    def has_lost_many(self) -> bool:
        """Return whether so many are lost that a person should see why: twenty, and over two in a hundred."""
        lost = self.rejected + self.expired
        return lost >= _MANY_LOST and lost > _SHARE_OF_MANY * self.to_send

    @property
    def adds_up(self) -> bool:
        """Return whether the equation holds: audience = skipped + every other state."""
        return self.audience == sum(self.skipped.values()) + (
            self.queued
            + self.claimed
            + self.in_flight
            + self.accepted
            + self.deferred
            + self.rejected
            + self.expired
            + self.cancelled
            + self.in_doubt
        )


def add_counts(several: Iterable[Counts]) -> Counts:
    """Add equations up, state by state."""
    total: Counter[str] = Counter()
    skipped: Counter[SkipReason] = Counter()
    for each in several:
        skipped.update(each.skipped)
        total.update({term.name: getattr(each, term.name) for term in fields(each) if term.name != "skipped"})
    return Counts(skipped=dict(skipped), **total)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingReport:
    """One mailing and how far it has come. `edition_hash` is None when it was planned before editions had one."""

    id: int
    slug: str
    state: MailingState
    content_hash: str
    lists: tuple[str, ...]
    counts: Counts
    created_at: datetime
    in_doubt_policy: InDoubtPolicy
    note: str
    edition_hash: str | None
    started_at: datetime | None
    finished_at: datetime | None
    kind: MailingKind
    reason: str
    start: Start | None
    untested: bool

    @property
    def waits_for_start(self) -> bool:
        """Return whether it is to start at a time, and has not."""
        states = {MailingState.PLANNED, MailingState.PAUSED, MailingState.MISSED}
        return self.start is not None and self.started_at is None and self.state in states

    @property
    def reached_nobody(self) -> bool:
        """Return whether it is over without a delivery that arrived or may have."""
        may_have_it = self.counts.accepted + self.counts.in_doubt + self.counts.in_flight
        return self.state is MailingState.FINISHED and not may_have_it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """One recipient of a mailing, for `status --failed` and `--in-doubt`; `now` is their address, if another by now.

    No `message_id`: the key that it was made with is gone.
    """

    address: str
    status: DeliveryStatus
    lists: tuple[str, ...]
    reply: str
    message_id: str | None
    attempts: int
    now: str | None


# --- Planning ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingDraft:
    """The values frozen when a mailing is planned, besides its variants and deliveries. No `lists` = all lists.

    `edition_hash` names all that readers get, `content_hash` only the texts in the issue's language; without the first,
    nothing can have been tested. `key_id` names the key that signs its links. `ignored_findings` is the number of
    errors that somebody chose to send in spite of.
    A resend repeats the mailing `of_id` for a `reason`, to people who were named. Without a `start` a person starts it.
    """

    slug: str
    content_hash: str
    subject: str
    edition_hash: str | None = None
    key_id: str | None = None
    lists: tuple[str, ...] = ()
    in_doubt_policy: InDoubtPolicy = InDoubtPolicy.HOLD
    untested: bool = False
    ignored_findings: int = 0
    kind: MailingKind = MailingKind.ISSUE
    of_id: int | None = None
    reason: str = ""
    start: Start | None = None


class Before(NamedTuple):
    """The result of an earlier mailing of the issue for a person of the audience, and where it went.

    `recipient` is empty when that is no longer stored. `is_elsewhere`: it went to an earlier address of the person;
    `was_others`: to the present address, when it was another person's. `in_doubt_once`: it was to be sent again after
    that doubt, which the status still tells of, and did not arrive, as when the person had left meanwhile.
    """

    status: DeliveryStatus
    recipient: str = ""
    is_elsewhere: bool = False
    was_others: bool = False
    in_doubt_once: bool = False


class PlannedDelivery(NamedTuple):
    """One address of the audience: sent to as `variant`, or left out for a reason. A tuple: there may be a million.

    `before` is what came of earlier mailings of the issue for them.
    """

    subscriber_id: int | None
    address: str
    recipient: str
    lists: tuple[str, ...]
    variant: str = ""
    skip_reason: SkipReason | None = None
    before: Before | None = None


# --- Sending ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery in the hands of one run. `attempts` counts the definite answers it has had.

    `recorded_at` is when its person was recorded.
    """

    id: int
    mailing_id: int
    subscriber_id: int | None
    variant_id: int
    recipient: str
    attempts: int = 0
    deferred_since: datetime | None = None
    recorded_at: datetime | None = None


class Mark(StrEnum):
    """The ledger's answer when the final dot is about to be sent; only `GO` allows it."""

    GO = "go"
    UNWANTED = "unwanted"  # left, suppressed or erased since the mailing was planned
    MOVED = "moved"  # the person has another address by now; the delivery goes there, anew
    STOPPED = "stopped"  # the mailing is paused or cancelled
    LOST = "lost"  # another run has taken over


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The result of one try: the delivery's new status, the server's words, and when it is due again.

    `is_answered` is false when no server has said anything about the recipient: then it is not held against them.
    `is_on_trial`: the answer may be about us, so that the run keeps the delivery in its hands until that is known;
    `ends_trial`: it is known now, and the try stands in the history already.
    """

    delivery: ClaimedDelivery
    status: DeliveryStatus
    reply: str = ""
    due_at: datetime | None = None
    is_answered: bool = True
    is_on_trial: bool = False
    ends_trial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The rest of a mailing: `queued` may be claimed, `held` is in the hands of runs, `deferred` waits."""

    state: MailingState
    queued: int
    held: int
    deferred: int
    next_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A delivery in doubt: since when, and to which address; `now` is the person's address, if another by now.

    Its last copy went out after `sent_after`, and is the only one when `is_only_copy`. Its mailing was signed with
    other keys since when `has_other_keys`.
    """

    id: int
    mailing_id: int
    address: str
    recipient: str
    since: datetime
    sent_after: datetime
    is_only_copy: bool
    has_other_keys: bool
    now: str | None


class Resolution(StrEnum):
    """A person's word on deliveries in doubt."""

    ACCEPTED = "accepted"
    RESEND = "resend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The number of deliveries settled, also in each mailing, and the addresses named that have none in doubt.

    `waiting` are those to be sent again that wait until another mailing of the issue is done.
    """

    number: int
    unknown: tuple[str, ...]
    waiting: int
    by_mailing: Mapping[int, int]
