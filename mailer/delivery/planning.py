"""Planning a mailing: who gets what, who does not and why, and how long it will take."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

from mailer.catalogue import Message, msg
from mailer.compose.composed import VariantKey
from mailer.delivery.ledger import Ledger, PlanError
from mailer.delivery.ledger.plans import PlanWriter
from mailer.delivery.model import (
    MAY_HAVE_IT,
    Before,
    Counts,
    DeliveryStatus,
    MailingDraft,
    MailingKind,
    MailingReport,
    PlannedDelivery,
    SkipReason,
)
from mailer.delivery.pacing import spacing
from mailer.languages import Lang
from mailer.message.compiled import CompiledMessage
from mailer.subscribers.audience import AudienceMember, Exclusion

_CHUNK = 1000
_NAMED = 20  # so many are named in a plan; all are counted
_SECONDS_PER_MESSAGE = 0.1  # a round trip or two and a server that thinks; nearer ones take a hundredth

CameBack = Callable[[str], bool]
"""Says of a normalised address whether it was erased and added again."""


class SentElsewhere(NamedTuple):
    """A person who has, or may have, the issue at `had_at`: their address now or before, or once another person's."""

    address: str
    had_at: str
    status: DeliveryStatus
    was_others: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The effect of a mailing. `mailing` is None when it was only asked for, or when no recipient is left.

    `is_new` is false when an unfinished mailing of the issue is continued; `content_changed` says that its frozen
    edition is no longer the one that the folder, the templates and the settings would make. `again` counts those of a
    new mailing that an earlier one of the issue was sent to and did not reach, by what came of it then. `elsewhere` are
    the first of the people skipped because the issue went to an address that the person had before, or that another
    person had; `many_elsewhere` counts all. `named` are those of a resend, and where they have it. `came_back` counts
    recipients who were erased and added again since the issue first went out: whether they had it is not known.
    `in_doubt_once` are the first of the people skipped because the issue was in doubt for them once, whom nothing has
    reached since: they may lack it, and a person may have it sent to them. `many_in_doubt_once` counts all.
    """

    counts: Counts
    variants: dict[str, int]
    mailing: MailingReport | None = None
    is_new: bool = True
    content_changed: bool = False
    again: dict[DeliveryStatus, int] = field(default_factory=dict)
    elsewhere: tuple[SentElsewhere, ...] = ()
    many_elsewhere: int = 0
    named: tuple[SentElsewhere, ...] = ()
    came_back: int = 0
    in_doubt_once: tuple[SentElsewhere, ...] = ()
    many_in_doubt_once: int = 0

    @property
    def recipients(self) -> int:
        """Return how many people it is, or was, to be sent to when it was frozen."""
        return self.counts.to_send


def plan_mailing(
    ledger: Ledger,
    draft: MailingDraft,
    *,
    audience: Iterable[AudienceMember],
    about: frozenset[str],
    compile_variant: Callable[[VariantKey], CompiledMessage],
    came_back: CameBack | None = None,
    expected: int | None = None,
) -> Plan:
    """Freeze content and audience, in one transaction; an unfinished mailing of the issue is returned as it is.

    `about` are the helsefellesskap that the issue has items about: they tell the variants apart. `expected` is the
    number of recipients that a person agreed to; `came_back` tells of addresses that were erased and added again.
    Raises `PlanError` when the unfinished mailing goes to other lists or the number is another by now, and
    whatever `compile_variant` raises: then nothing is planned.
    """
    continued = find_unfinished(ledger, draft)
    if continued is not None:
        return continued
    with ledger.open_plan(draft) as writer:
        tally = _Tally(draft.kind, came_back)
        _write(writer, tally, _planned(ledger, draft, audience, about), compile_variant)
        counts = tally.counts
        _refuse_unexpected(counts, expected)
        if not counts.to_send:
            writer.discard()
    return tally.plan(ledger.mailing(writer.mailing_id) if counts.to_send else None)


def preview_plan(
    ledger: Ledger,
    draft: MailingDraft,
    *,
    audience: Iterable[AudienceMember],
    about: frozenset[str],
    came_back: CameBack | None = None,
) -> Plan:
    """Say what `plan_mailing` would do, and write nothing."""
    continued = find_unfinished(ledger, draft)
    if continued is not None:
        return continued
    tally = _Tally(draft.kind, came_back)
    for chunk in _planned(ledger, draft, audience, about):
        tally.add([each for _, each in chunk])
    return tally.plan(None)


def find_unfinished(ledger: Ledger, draft: MailingDraft) -> Plan | None:
    """The issue's unfinished mailing, if there is one; it goes on with what was frozen, to the lists chosen then."""
    found = ledger.unfinished(draft.slug)
    if found is None:
        return None
    is_again = MailingKind.RESEND in {draft.kind, found.kind}
    if draft.kind is MailingKind.RESEND or (
        draft.lists and (is_again or ledger.present_lists(draft.lists) != ledger.present_lists(found.lists))
    ):
        raise PlanError(_goes_to(found), where=draft.slug, hint=msg("sending.finish-it-first", slug=draft.slug))
    changed = _is_changed(found, draft)
    return Plan(counts=found.counts, variants={}, mailing=found, is_new=False, content_changed=changed)


def _goes_to(found: MailingReport) -> Message:
    if found.kind is MailingKind.RESEND:
        return msg("sending.goes-to-named")
    if found.lists:
        return msg("sending.goes-to-lists", lists=", ".join(found.lists))
    return msg("sending.goes-to-all-lists")


def _is_changed(found: MailingReport, draft: MailingDraft) -> bool:
    """Compare the editions, or the texts alone of a mailing from before editions had a hash."""
    if found.edition_hash is None:
        return found.content_hash != draft.content_hash
    return found.edition_hash != draft.edition_hash


def estimate_duration(recipients: int, *, connections: int, messages_per_minute: int = 0) -> timedelta:
    """Return how long a mailing takes at most, if the server keeps up; the relay's limit decides where there is one."""
    at_full_speed = recipients * _SECONDS_PER_MESSAGE / connections
    at_the_limit = max(0, recipients - 1) * spacing(messages_per_minute)
    return max(timedelta(seconds=at_full_speed), at_the_limit)


def _refuse_unexpected(counts: Counts, expected: int | None) -> None:
    if expected is not None and counts.to_send != expected:
        raise PlanError(
            msg("sending.other-number-by-now", number=counts.to_send, expected=expected),
            hint=msg("sending.joined-or-left"),
        )


class _First:
    """The first names of many, and how many there are."""

    def __init__(self) -> None:
        self.named: list[SentElsewhere] = []
        self.number = 0

    def add(self, person: SentElsewhere) -> None:
        self.number += 1
        if self.number <= _NAMED:
            self.named.append(person)


class _Tally:
    """Counts a plan while it is made."""

    def __init__(self, kind: MailingKind, came_back: CameBack | None) -> None:
        self._kind = kind
        self._has_come_back = came_back
        self._came_back = 0
        self._named: list[SentElsewhere] = []
        self._reasons: Counter[SkipReason | None] = Counter()
        self.variants: Counter[str] = Counter()
        self._again: Counter[DeliveryStatus] = Counter()
        self._elsewhere, self._in_doubt_once = _First(), _First()

    def add(self, deliveries: Collection[PlannedDelivery]) -> None:
        self._reasons.update(each.skip_reason for each in deliveries)
        self.variants.update(each.variant for each in deliveries if each.skip_reason is None)
        for each in deliveries:
            if each.before is not None:
                self._hear(each, each.before)
        if self._has_come_back is not None:
            self._came_back += sum(
                each.skip_reason is None and self._has_come_back(each.address) for each in deliveries
            )

    def _hear(self, planned: PlannedDelivery, before: Before) -> None:
        had = SentElsewhere(planned.recipient, before.recipient, before.status, before.was_others)
        if self._kind is MailingKind.RESEND:
            self._named.append(had)
        elif planned.skip_reason is None:
            self._again[before.status] += 1
        elif planned.skip_reason is SkipReason.ALREADY_SENT and before.in_doubt_once:
            self._in_doubt_once.add(had)
        elif planned.skip_reason is SkipReason.ALREADY_SENT and (before.is_elsewhere or before.was_others):
            self._elsewhere.add(had)

    def plan(self, mailing: MailingReport | None) -> Plan:
        return Plan(
            counts=self.counts,
            variants=dict(self.variants),
            mailing=mailing,
            again=dict(self._again),
            elsewhere=tuple(self._elsewhere.named),
            many_elsewhere=self._elsewhere.number,
            named=tuple(self._named),
            came_back=self._came_back,
            in_doubt_once=tuple(self._in_doubt_once.named),
            many_in_doubt_once=self._in_doubt_once.number,
        )

    @property
    def counts(self) -> Counts:
        skipped = {reason: number for reason, number in self._reasons.items() if reason}
        return Counts(audience=self._reasons.total(), skipped=skipped, queued=self._reasons[None])


def _write(
    writer: PlanWriter,
    tally: _Tally,
    planned: Iterable[list[tuple[VariantKey, PlannedDelivery]]],
    compile_variant: Callable[[VariantKey], CompiledMessage],
) -> None:
    for chunk in planned:
        needed = {each.variant: key for key, each in chunk if each.skip_reason is None}
        for name, key in needed.items():
            if name not in tally.variants:
                writer.add_variant(name, compile_variant(key).to_bytes())
        deliveries = [each for _, each in chunk]
        writer.add(deliveries)
        tally.add(deliveries)


def _planned(
    ledger: Ledger, draft: MailingDraft, audience: Iterable[AudienceMember], about: frozenset[str]
) -> Iterator[list[tuple[VariantKey, PlannedDelivery]]]:
    """The audience in portions, so that memory does not grow with it."""
    slug, is_again = draft.slug, draft.kind is MailingKind.RESEND
    members, is_first = iter(audience), not ledger.mailings(slug)
    variant_of = lru_cache(maxsize=10_000)(partial(_variant, about))
    while chunk := list(islice(members, _CHUNK)):
        fates = {} if is_first else ledger.earlier_fates(slug, [(each.subscriber_id, each.address) for each in chunk])
        yield [
            (key, _planned_one(each, name, before=fates.get(each.subscriber_id), is_again=is_again))
            for each in chunk
            for key, name in [variant_of(each.helsefellesskap, each.lang)]
        ]


def _variant(about: frozenset[str], helsefellesskap: tuple[str, ...], lang: Lang) -> tuple[VariantKey, str]:
    key = VariantKey(own=tuple(each for each in helsefellesskap if each in about), lang=lang)
    return key, str(key)


def _planned_one(member: AudienceMember, variant: str, *, before: Before | None, is_again: bool) -> PlannedDelivery:
    return PlannedDelivery(
        subscriber_id=member.subscriber_id,
        address=member.address,
        recipient=member.recipient,
        lists=member.lists,
        variant=variant,
        skip_reason=_skip_reason(member.exclusion, None if is_again else before),
        before=before,
    )


def _skip_reason(exclusion: Exclusion | None, before: Before | None) -> SkipReason | None:
    if exclusion is not None:
        return SkipReason(exclusion)
    return SkipReason.ALREADY_SENT if before is not None and before.status in MAY_HAVE_IT else None
