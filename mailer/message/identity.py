"""Message-IDs (RFC 5322 §3.6.4): one per delivery, the same at every try.

Numbers alone do not name a delivery: after an older backup was put back they are given again. So the moment at which
its mailing was planned is signed with them.
"""

import base64
import secrets
from datetime import UTC, datetime

from mailer.keys import KeyRing

PURPOSE = "message-id"


def name_delivery(*, mailing_id: int, delivery_id: int, planned_at: datetime | None) -> tuple[str, ...]:
    """Return the words that are signed to name a delivery; the numbers alone where an earlier version froze it."""
    numbers = (str(mailing_id), str(delivery_id))
    return numbers if planned_at is None else (*numbers, planned_at.astimezone(UTC).isoformat(timespec="microseconds"))


def make_message_id(
    keys: KeyRing, *, mailing_id: int, delivery_id: int, planned_at: datetime | None, domain: str
) -> str:
    """Return the Message-ID of a delivery, with its angle brackets.

    It is made with the oldest key, so that a new key in front of it does not change the Message-ID of a
    delivery that is tried again.
    """
    name = name_delivery(mailing_id=mailing_id, delivery_id=delivery_id, planned_at=planned_at)
    mac = keys.sign_steadily(PURPOSE, domain, *name)
    return _message_id(mac, domain)


def make_test_message_id(*, domain: str) -> str:
    """Return a random Message-ID: two test-sends are two messages."""
    return _message_id(secrets.token_bytes(16), domain)


def _message_id(unique: bytes, domain: str) -> str:
    return f"<{base64.b32encode(unique).decode().rstrip('=').lower()}@{domain}>"
