"""Writing a plan down: the mailing, its variants and one row for each address, in one transaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, case, exists, insert, select, update

from mailer.database.rows import insert_rows
from mailer.database.tables import UtcTime, attempt, delivery, mailing, variant
from mailer.delivery.model import NOT_SENT, DeliveryStatus, MailingDraft, MailingState, PlannedDelivery

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
    """The plan is not wanted after all."""


class PlanWriter:
    """Writes one plan; made by `Ledger.open_plan`, which commits it or, when something is raised, nothing."""

    def __init__(self, connection: Connection, draft: MailingDraft, *, now: datetime) -> None:
        self._connection = connection
        self._stored_now = UtcTime().process_bind_param(now, connection.dialect)
        self._variants: dict[str, int] = {}
        self._snapshot: list[bytes] = []
        values = {
            "slug": draft.slug,
            "state": MailingState.PLANNED,
            "content_hash": draft.content_hash,
            "lists": list(draft.lists),
            "subject": draft.subject,
            "in_doubt_policy": draft.in_doubt_policy,
            "untested": int(draft.untested),
            "ignored_findings": draft.ignored_findings,
            "created_at": now,
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
        insert_rows(self._connection, delivery, [self._row(each) for each in deliveries], columns=_COLUMNS)

    def seal(self) -> None:
        """Write down the hash of all variants: what is sent later must still have it."""
        sealed = update(mailing).where(mailing.c.id == self.mailing_id)
        self._connection.execute(sealed.values(snapshot_hash=hash_snapshot(self._snapshot)))

    def discard(self) -> None:
        """Leave nothing behind, and leave the `with` of `open_plan`."""
        raise DiscardedPlanError

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
    """SHA-256 over the compiled messages of a mailing, in the order they were frozen."""
    return sha256(b"".join(sha256(each).digest() for each in variants)).hexdigest()


def earlier_fates(connection: Connection, slug: str, addresses: Collection[str]) -> dict[str, DeliveryStatus]:
    """What came of the addresses that were sent to before: where it arrived or may have, that; else the latest.

    Who was in doubt once may have it, whatever the server said when it was sent again.
    """
    was_in_doubt = exists().where(attempt.c.delivery_id == delivery.c.id, attempt.c.outcome == DeliveryStatus.IN_DOUBT)
    fate = case(
        (delivery.c.status.in_(NOT_SENT) & was_in_doubt, DeliveryStatus.IN_DOUBT.value), else_=delivery.c.status
    )
    statement = (
        select(delivery.c.address, fate)
        .join(mailing, mailing.c.id == delivery.c.mailing_id)
        .where(mailing.c.slug == slug, delivery.c.address.in_(addresses), delivery.c.status != DeliveryStatus.SKIPPED)
        .order_by(fate.not_in(NOT_SENT), delivery.c.id)
    )
    return {address: DeliveryStatus(status) for address, status in connection.execute(statement)}
