"""Message-IDs (RFC 5322 §3.6.4): one per delivery, the same at every try."""

import base64
import secrets

from mailer.keys import KeyRing

PURPOSE = "message-id"


def make_message_id(keys: KeyRing, *, mailing_id: int, delivery_id: int, domain: str) -> str:
    """Return the Message-ID of a delivery, with its angle brackets.

    It is made with the oldest key, so that a new key in front of it does not change the Message-ID of a
    delivery that is tried again.
    """
    mac = keys.sign_steadily(PURPOSE, domain, str(mailing_id), str(delivery_id))
    return _message_id(mac, domain)


def make_test_message_id(*, domain: str) -> str:
    """Return a random Message-ID: two test-sends are two messages."""
    return _message_id(secrets.token_bytes(16), domain)


def _message_id(unique: bytes, domain: str) -> str:
    return f"<{base64.b32encode(unique).decode().rstrip('=').lower()}@{domain}>"
