"""Signed tokens for links in mails: they name a subscriber by number, never by address, and cannot be forged."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Literal, get_args

from mailer.keys import KeyRing

Purpose = Literal["leave", "test", "confirm", "preferences"]

_MAC_BYTES = 16
_ID_BYTES = 8
_TOKEN_CHARACTERS = 34  # base64 of one byte of purpose, the id and the MAC, without padding
_PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The subscriber and the purpose of a link."""

    purpose: Purpose
    subscriber_id: int


def make_token(keys: KeyRing, *, purpose: Purpose, subscriber_id: int) -> str:
    """Return a token of 34 characters that may stand in a URL as they are."""
    mac = keys.sign("token", purpose, str(subscriber_id), size=_MAC_BYTES)
    content = bytes([_PURPOSES.index(purpose)]) + subscriber_id.to_bytes(_ID_BYTES, "big") + mac
    return urlsafe_b64encode(content).decode("ascii").rstrip("=")


def parse_token(keys: KeyRing, token: str) -> Token | None:
    """Return the content of a token, or None for anything that one of the keys did not sign."""
    content = _decode(token)
    if content is None or content[0] >= len(_PURPOSES):
        return None
    purpose = _PURPOSES[content[0]]
    subscriber_id = int.from_bytes(content[1 : 1 + _ID_BYTES], "big")
    mac = content[1 + _ID_BYTES :]
    if not keys.verify(mac, "token", purpose, str(subscriber_id), size=_MAC_BYTES):
        return None
    return Token(purpose=purpose, subscriber_id=subscriber_id)


def _decode(token: str) -> bytes | None:
    """Decode only the one spelling that `make_token` gives: base64 has several for the same bytes."""
    if len(token) != _TOKEN_CHARACTERS or not token.isascii():
        return None
    try:
        content = urlsafe_b64decode(token + "==")
    except Base64Error:
        return None
    is_ours = urlsafe_b64encode(content).decode("ascii").rstrip("=") == token
    return content if is_ours else None
