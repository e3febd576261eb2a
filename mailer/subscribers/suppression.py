"""Addresses that must never be written to again, kept as keyed hashes so that even erased people stay out."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Connection, select

from mailer.database.tables import suppression


class SuppressionReason(StrEnum):
    """Why an address is suppressed."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    MANUAL = "manual"
    MOVED = "moved"  # the person has another address now; the old one must not come back through an old file


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why and since when an address is suppressed; `scope` is what it may not be sent."""

    reason: SuppressionReason
    since: datetime
    note: str = ""
    scope: str = "all"


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """The suppressed addresses. The key never changes, or erased people could be imported again."""

    key: bytes = field(repr=False)

    def hash_of(self, address: str) -> bytes:
        """The keyed hash of a normalised address."""
        return hmac.digest(self.key, address.encode(), sha256)

    def holds(self, connection: Connection, address: str) -> bool:
        """Whether the normalised address is suppressed."""
        return bool(self.among(connection, [address]))

    def among(self, connection: Connection, addresses: Collection[str]) -> frozenset[str]:
        """Those of the normalised addresses that are suppressed."""
        hashes = {self.hash_of(each): each for each in addresses}
        query = select(suppression.c.address_hash).where(suppression.c.address_hash.in_(hashes), _HOLDS)
        return frozenset(hashes[bytes(found)] for found in connection.execute(query).scalars())

    def find(self, connection: Connection, address: str) -> Suppression | None:
        """What is known of the suppression of a normalised address."""
        query = select(suppression).where(suppression.c.address_hash == self.hash_of(address), _HOLDS)
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Suppression(reason=SuppressionReason(row.reason), since=row.since, note=row.note, scope=row.scope)

    def add(
        self, connection: Connection, address: str, *, reason: SuppressionReason, now: datetime, note: str = ""
    ) -> bool:
        """Suppress the normalised address; says whether it was not suppressed before."""
        if self.holds(connection, address):
            return False
        hashed = self.hash_of(address)
        connection.execute(suppression.delete().where(suppression.c.address_hash == hashed))  # one that was released
        row = {"address_hash": hashed, "reason": reason.value, "since": now, "note": note}
        connection.execute(suppression.insert().values(row))
        return True

    def release(self, connection: Connection, address: str, *, note: str, now: datetime) -> bool:
        """Let the normalised address be written to again, and keep why; says whether it was suppressed."""
        hashed = self.hash_of(address)
        statement = suppression.update().where(suppression.c.address_hash == hashed, _HOLDS)
        return connection.execute(statement.values(released_at=now, release_note=note)).rowcount == 1

    def erase(self, connection: Connection, address: str, *, now: datetime) -> None:
        """Keep of the normalised address that it is erased, and nothing else: notes may tell of the person."""
        connection.execute(suppression.delete().where(suppression.c.address_hash == self.hash_of(address)))
        self.add(connection, address, reason=SuppressionReason.ERASED, now=now)

    def all_hashes(self, connection: Connection) -> frozenset[bytes]:
        """The hashes of every suppressed address, for comparing with many."""
        query = select(suppression.c.address_hash).where(_HOLDS)
        return frozenset(bytes(found) for found in connection.execute(query).scalars())


_HOLDS = suppression.c.released_at.is_(None)
