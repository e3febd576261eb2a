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
        query = select(suppression.c.address_hash).where(suppression.c.address_hash.in_(hashes))
        return frozenset(hashes[bytes(found)] for found in connection.execute(query).scalars())

    def add(self, connection: Connection, address: str, *, reason: SuppressionReason, now: datetime) -> bool:
        """Suppress the normalised address; says whether it was not suppressed before."""
        if self.holds(connection, address):
            return False
        row = {"address_hash": self.hash_of(address), "reason": reason.value, "since": now}
        connection.execute(suppression.insert().values(row))
        return True
