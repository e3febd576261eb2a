"""The ring of secret keys: signs with the newest, verifies with any, so that keys can be changed."""

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

MINIMUM_KEY_BYTES = 16
MAC_SIZES = range(8, sha256().digest_size + 1)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Secret keys, newest first. The bytes never appear in its repr."""

    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a key ring needs at least one key")
        if any(len(key) < MINIMUM_KEY_BYTES for key in self.keys):
            raise ValueError(f"a key needs at least {MINIMUM_KEY_BYTES} bytes")

    def sign(self, purpose: str, *parts: str, size: int = 16) -> bytes:
        """Return the first `size` bytes of HMAC-SHA256 (RFC 2104) over purpose and parts."""
        return _mac(self.keys[0], purpose, parts, size)

    def sign_steadily(self, purpose: str, *parts: str, size: int = 16) -> bytes:
        """Sign with the oldest key: a new key in front of it changes nothing."""
        return _mac(self.keys[-1], purpose, parts, size)

    @property
    def newest_id(self) -> str:
        """Return which key signs now: words to know it again by, of which it cannot be made."""
        return _mac(self.keys[0], "key id", (), 16).hex()

    def has(self, key_id: str) -> bool:
        """Return whether the ring has the key of this id."""
        return any(_mac(key, "key id", (), 16).hex() == key_id for key in self.keys)

    def verify(self, mac: bytes, purpose: str, *parts: str, size: int = 16) -> bool:
        """Say whether one of the keys made `mac`; takes the same time for every answer."""
        matches = [hmac.compare_digest(_mac(key, purpose, parts, size), mac) for key in self.keys]
        return any(matches)


def _mac(key: bytes, purpose: str, parts: tuple[str, ...], size: int) -> bytes:
    """Return the MAC over all parts, each with its length before it: ("ab", "c") and ("a", "bc") must differ."""
    if size not in MAC_SIZES:
        raise ValueError(f"a MAC has {MAC_SIZES.start} to {MAC_SIZES.stop - 1} bytes")
    encoded = [part.encode() for part in (purpose, *parts)]
    state = _state(key).copy()
    state.update(b"".join([len(each).to_bytes(8, "big") + each for each in encoded]))
    return state.digest()[:size]


@lru_cache(maxsize=16)
def _state(key: bytes) -> hmac.HMAC:
    """Return the HMAC with its key alone: every recipient needs four, and the key is half of the work."""
    return hmac.new(key, digestmod=sha256)
