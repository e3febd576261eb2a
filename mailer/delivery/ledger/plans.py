"""Writing a plan down: the mailing, its variants and one row for each address, in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, case, exists, func, insert, select, text, update

from mailer.database.decisions import Action, Operator
from mailer.database.moments import UtcTime
from mailer.database.rows import insert_rows
from mailer.database.tables import delivery, mailing, variant
from mailer.delivery.ledger.starts import start_values, told_of_start
from mailer.delivery.model import (
    MAY_HAVE_IT,
    Before,
    DeliveryStatus,
    MailingDraft,
    MailingKind,
    MailingState,
    PlannedDelivery,
)
from mailer.subscribers.people.redirecting import MAY_HAVE_ARRIVED, WAS_IN_DOUBT
from mailer.subscribers.people.subscriptions import Event, record_events

PersonKey = tuple[int, str]
"""The number of a subscriber, and the address as it is matched."""

_COLUMNS = (
    "mailing_id",
    "subscriber_id",
    "variant_id",
    "address",
    "recipient",
    "lists",
    "status",
    "skip_reason",
    "changed_at",
)
_QUEUED, _SKIPPED = DeliveryStatus.QUEUED.value, DeliveryStatus.SKIPPED.value


class DiscardedPlanError(Exception):
    """A plan that is not wanted after all."""


class PlanWriter:
    """Writes one plan; made by `Ledger.open_plan`, which commits it or, when something is raised, nothing."""

    def __init__(
        self, connection: Connection, draft: MailingDraft, *, now: datetime, operator: Operator, place: str | None
    ) -> None:
        self._connection = connection
        self._draft, self._now, self._operator = draft, now, operator
        self._audience = self._recipients = 0
        self._stored_now = UtcTime().process_bind_param(now, connection.dialect)
        self._variants: dict[str, int] = {}
        self._snapshot: list[bytes] = []
        values = {
            "slug": draft.slug,
            "state": MailingState.PLANNED,
            "content_hash": draft.content_hash,
            "edition_hash": draft.edition_hash,
            "lists": list(draft.lists),
            "subject": draft.subject,
            "in_doubt_policy": draft.in_doubt_policy,
            "untested": int(draft.untested),
            "ignored_findings": draft.ignored_findings,
            "created_at": now,
            "actor": operator.actor,
            "place": place,
            "key_id": draft.key_id,
            "kind": draft.kind,
            "of_id": draft.of_id,
            "reason": draft.reason,
            **start_values(draft.start),
        }
        self.mailing_id = int(connection.execute(insert(mailing).values(values).returning(mailing.c.id)).scalar_one())
        self.slug = draft.slug

    def add_variant(self, key: str, compiled: bytes) -> None:
        """Store one compiled message; deliveries name it by its key."""
        self._snapshot.append(compiled)
        values = {"mailing_id": self.mailing_id, "key": key, "compiled": compiled}
        self._variants[key] = int(
            self._connection.execute(insert(variant).values(values).returning(variant.c.id)).scalar_one()
        )

    def add(self, deliveries: Sequence[PlannedDelivery]) -> None:
        """Store some of the audience."""
        self._audience += len(deliveries)
        self._recipients += sum(each.skip_reason is None for each in deliveries)
        insert_rows(self._connection, delivery, [self._row(each) for each in deliveries], columns=_COLUMNS)
        if self._draft.kind is MailingKind.RESEND:
            record_events(self._connection, map(self._decided, deliveries))

    def seal(self) -> None:
        """Record the decision, and the hash of all variants: later messages must still have it."""
        sealed = update(mailing).where(mailing.c.id == self.mailing_id)
        self._connection.execute(sealed.values(snapshot_hash=hash_snapshot(self._snapshot)))
        told = {
            "audience": self._audience,
            "recipients": self._recipients,
            "lists": list(self._draft.lists),
            "untested": self._draft.untested,
            "ignored_findings": self._draft.ignored_findings,
            **told_of_start(self._draft.start),
        }
        action = Action.SENT_AGAIN if self._draft.kind is MailingKind.RESEND else Action.PLANNED
        mailing_id = self.mailing_id
        self._operator.record(
            self._connection, action, at=self._now, slug=self.slug, mailing_id=mailing_id, detail=told
        )
        if self._connection.dialect.name == "postgresql":
            # It thinks a mailing small until its statistics are renewed, a minute later or never; until then each mark,
            # and each portion of a further plan, would read the whole mailing.
            self._connection.execute(text(f"ANALYZE {delivery.name}"))

    def discard(self) -> None:
        """Leave nothing behind, and leave the `with` of `open_plan`."""
        raise DiscardedPlanError

    def _decided(self, planned: PlannedDelivery) -> Event:
        """Return the line in a person's history that the issue is sent to them again, and why."""
        return Event(
            subscriber_id=planned.subscriber_id or 0,
            at=self._now,
            actor=self._operator.actor,
            action="sent_again",
            detail={"issue": self.slug, "reason": self._draft.reason},
        )

    def _row(self, planned: PlannedDelivery) -> tuple[object, ...]:
        """The values of `_COLUMNS`."""
        reason, variant_id = planned.skip_reason, None
        if reason is None:
            variant_id = self._variants[planned.variant]
        return (
            self.mailing_id,
            planned.subscriber_id,
            variant_id,
            planned.address,
            planned.recipient,
            " ".join(planned.lists),
            _SKIPPED if reason else _QUEUED,
            reason and reason.value,
            self._stored_now,
        )


def hash_snapshot(variants: Iterable[bytes]) -> str:
    """Return the SHA-256 over the compiled messages of a mailing, in the order they were frozen."""
    return sha256(b"".join(sha256(each).digest() for each in variants)).hexdigest()


def earlier_fates(connection: Connection, slug: str, people: Collection[PersonKey]) -> dict[int, Before]:
    """Return the best earlier result of the issue for each person, by number; people in no mailing are left out.

    A person is known by number and by address: one who has moved since, whose addresses were purged, or who was deleted
    and added again has had it all the same. A delivery that arrived or may have counts before the latest. One that was
    in doubt once may have arrived, whatever came of sending it again.
    """
    of_issue = connection.execute(select(mailing.c.id).where(mailing.c.slug == slug)).scalars().all()
    addresses = dict(people)
    numbers = {address: number for number, address in people}
    fate = case((delivery.c.status.in_(MAY_HAVE_IT) | ~WAS_IN_DOUBT, delivery.c.status), else_=DeliveryStatus.IN_DOUBT)
    columns = (
        delivery.c.subscriber_id,
        delivery.c.address,
        delivery.c.recipient,
        delivery.c.status,
        fate.label("fate"),
    )
    statement = select(*columns).where(delivery.c.mailing_id.in_(of_issue), fate != DeliveryStatus.SKIPPED)
    statement = statement.order_by(delivery.c.id)
    found: dict[int, Before] = {}
    for row in connection.execute(statement.where(delivery.c.subscriber_id.in_(addresses))):
        is_elsewhere = row.address != addresses[row.subscriber_id] and row.recipient != ""
        _keep(found, row.subscriber_id, _before(row)._replace(is_elsewhere=is_elsewhere))
    for row in connection.execute(statement.where(delivery.c.address.in_(numbers))):
        number = numbers[row.address]
        if row.subscriber_id != number:  # else it is found already
            _keep(found, number, _before(row)._replace(was_others=row.subscriber_id is not None))
    return found


def _before(row: "Row[*tuple[Any, ...]]") -> Before:
    return Before(DeliveryStatus(row.fate), row.recipient, in_doubt_once=row.status != row.fate)


def is_in_doubt(connection: Connection, slug: str, person: PersonKey) -> bool:
    """Return whether a delivery of the issue to the person is in doubt, which somebody is to settle."""
    number, address = person
    of_issue = select(mailing.c.id).where(mailing.c.slug == slug)
    lost_theirs = delivery.c.subscriber_id.is_(None) & (delivery.c.address == address)
    is_doubtful = delivery.c.mailing_id.in_(of_issue) & (delivery.c.status == DeliveryStatus.IN_DOUBT)
    query = select(delivery.c.id).where(is_doubtful, (delivery.c.subscriber_id == number) | lost_theirs)
    return bool(connection.execute(select(query.exists())).scalar_one())


def reached_unknown(connection: Connection, slug: str) -> datetime | None:
    """Return when the first mailing of the issue was planned that may have reached people who were erased since."""
    nobodys = delivery.c.subscriber_id.is_(None) & (delivery.c.recipient == "") & MAY_HAVE_ARRIVED
    reached = exists().where(delivery.c.mailing_id == mailing.c.id, nobodys)
    return connection.execute(select(func.min(mailing.c.created_at)).where(mailing.c.slug == slug, reached)).scalar()


def _keep(found: dict[int, Before], number: int, latest: Before) -> None:
    """Keep the result that weighs more: one that may have arrived before the others, otherwise the latest."""
    known = found.get(number)
    if known is None or _weight(latest) >= _weight(known):
        found[number] = latest


def _weight(before: Before) -> tuple[bool, bool, bool, bool]:
    return before.status in MAY_HAVE_IT, not before.in_doubt_once, not before.was_others, not before.is_elsewhere
