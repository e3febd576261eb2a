"""Signed tokens for links in mails: they name a subscriber by number, never by address, and cannot be forged.

The number alone is not enough: after an older backup was put back it is given again. So a token also names the
subscriber's record, by the moment at which that was made.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from mailer.keys import KeyRing

Purpose = Literal["leave", "test", "confirm", "preferences"]

_MAC_BYTES = 16
_ID_BYTES = 8
_RECORD_BYTES = 5  # microseconds, which come again after 12 days
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The subscriber and the purpose of a link; `record` is empty in tokens of earlier versions."""

    purpose: Purpose
    subscriber_id: int
    record: bytes = b""

    def is_of(self, recorded_at: datetime) -> bool:
        """Return whether the subscriber who was recorded at this moment is meant, as far as the token tells."""
        return not self.record or self.record == _record(recorded_at)

    @property
    def _signed(self) -> tuple[str, ...]:
        number = str(self.subscriber_id)
        return (self.purpose, number, self.record.hex()) if self.record else (self.purpose, number)

    def sign(self, keys: KeyRing) -> str:
        """Return the token in characters that may stand in a URL as they are: 40, or 34 when it names no record."""
        mac = keys.sign("token", *self._signed, size=_MAC_BYTES)
        head = bytes([_PURPOSES.index(self.purpose)]) + self.subscriber_id.to_bytes(_ID_BYTES, "big")
        return _encode(head + self.record + mac)

    def is_signed(self, keys: KeyRing, mac: bytes) -> bool:
        """Return whether one of the keys made this MAC for it."""
        return keys.verify(mac, "token", *self._signed, size=_MAC_BYTES)


def make_token(keys: KeyRing, *, purpose: Purpose, subscriber_id: int, recorded_at: datetime | None = None) -> str:
    """Return the signed token of a subscriber, who was recorded at this moment."""
    record = _record(recorded_at) if recorded_at else b""
    return Token(purpose=purpose, subscriber_id=subscriber_id, record=record).sign(keys)


def parse_token(keys: KeyRing, token: str) -> Token | None:
    """Return the content of a token, or None for anything that one of the keys did not sign."""
    content = _decode(token)
    if content is None or content[0] >= len(_PURPOSES):
        return None
    found = Token(
        purpose=_PURPOSES[content[0]],
        subscriber_id=int.from_bytes(content[1 : 1 + _ID_BYTES], "big"),
        record=content[1 + _ID_BYTES : -_MAC_BYTES],
    )
    return found if found.is_signed(keys, content[-_MAC_BYTES:]) else None


def _record(recorded_at: datetime) -> bytes:
    microseconds = (recorded_at - _BEGINNING) // timedelta(microseconds=1)
    return (microseconds % (1 << 8 * _RECORD_BYTES)).to_bytes(_RECORD_BYTES, "big")


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii").rstrip("=")


_WITHOUT_RECORD = 1 + _ID_BYTES + _MAC_BYTES
_LENGTHS = frozenset({len(_encode(bytes(size))) for size in (_WITHOUT_RECORD, _WITHOUT_RECORD + _RECORD_BYTES)})


def _decode(token: str) -> bytes | None:
    """Decode only the one spelling that `_encode` gives: base64 has several for the same bytes."""
    if len(token) not in _LENGTHS or not token.isascii():
        return None
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except Base64Error:
        return None
    return content if _encode(content) == token else None
