"""Make the envelope and the bytes of one recipient from a claimed delivery."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from mailer.delivery.model import ClaimedDelivery
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage, RecipientValues
from mailer.message.envelope import Envelope
from mailer.message.identity import make_message_id
from mailer.subscribers.tokens import make_token


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message ready to be sent."""

    delivery: ClaimedDelivery
    envelope: Envelope
    payload: bytes


class Personaliser:
    """Puts each recipient's own values into the stored variants of a mailing."""

    def __init__(
        self,
        variants: Mapping[int, CompiledMessage],
        *,
        planned_at: datetime,
        keys: KeyRing,
        clock: Callable[[], datetime],
    ) -> None:
        self._variants = variants
        self._planned_at = planned_at
        self._keys = keys
        self._clock = clock

    def __call__(self, delivery: ClaimedDelivery) -> Outgoing:
        """Return envelope and payload of a delivery; raises `AddressError` (a `MailerError`)."""
        compiled = self._variants[delivery.variant_id]
        payload = compiled.personalise(self._values(delivery, compiled), smtputf8=True)
        envelope = compiled.envelope(
            delivery.recipient,
            keys=self._keys,
            mailing_id=delivery.mailing_id,
            delivery_id=delivery.id,
            planned_at=compiled.named_by(self._planned_at),
        )
        return Outgoing(delivery, replace(envelope, size=len(payload)), payload)

    def _values(self, delivery: ClaimedDelivery, compiled: CompiledMessage) -> RecipientValues:
        # Who has been erased since the claim has no number any more; the mark refuses that delivery.
        make = partial(
            make_token, self._keys, subscriber_id=delivery.subscriber_id or 0, recorded_at=delivery.recorded_at
        )
        return RecipientValues(
            address=delivery.recipient,
            unsubscribe_token=make(purpose="leave"),
            preferences_token=make(purpose="preferences"),
            message_id=make_message_id(
                self._keys,
                mailing_id=delivery.mailing_id,
                delivery_id=delivery.id,
                planned_at=compiled.named_by(self._planned_at),
                domain=compiled.domain,
            ),
            date=self._clock(),
        )


def read_variants(stored: Mapping[int, bytes]) -> dict[int, CompiledMessage]:
    """Read the stored variants of a mailing."""
    return {variant_id: CompiledMessage.from_bytes(compiled) for variant_id, compiled in stored.items()}
