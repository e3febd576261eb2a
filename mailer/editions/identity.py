"""The edition hash: one name for all that readers get of an issue, made of named parts."""

from collections.abc import Iterator, Mapping
from hashlib import sha256

SCHEME = "1"
"""Which parts are covered and how they are joined: a change of either takes another, and no hash of before holds."""

_LENGTH = 8  # bytes of a length


def hash_edition(parts: Mapping[str, bytes]) -> str:
    """Name an edition by its parts, in whatever order they are given: the scheme, a colon and a SHA-256 in hex."""
    digest = sha256()
    for piece in encode_parts(parts):
        digest.update(piece)
    return f"{SCHEME}:{digest.hexdigest()}"


def encode_parts(parts: Mapping[str, bytes]) -> Iterator[bytes]:
    """Join parts so that no two mappings give the same bytes: by name, each name and content behind its length."""
    for name in sorted(parts):
        for piece in (name.encode(), parts[name]):
            yield len(piece).to_bytes(_LENGTH, "big")
            yield piece
