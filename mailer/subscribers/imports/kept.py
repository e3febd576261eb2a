"""The subscriptions that an undone import leaves on their lists, any number of them, each with the reason."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, Index, MetaData, Table, Text, exists, select

from mailer.database.columns import Id, compared_by_byte
from mailer.database.rows import insert_rows
from mailer.spilled import Spilled


class KeptReason(StrEnum):
    """The reason why a subscription is kept."""

    LEFT = "left"
    SUPPRESSED = "suppressed"
    MAILED = "mailed"
    CHANGED = "changed"  # there is a newer basis for it
    HELD = "held"  # a later import has the same line, and holds the person from now on
    EDITED = "edited"  # somebody has corrected or moved the person, whom the import brought


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A subscription of the import to which something has happened since."""

    address: str
    list: str
    reason: KeptReason


# What is found on the way; what was found last of a subscription is the reason that counts.
kept_subscription = Table(
    "undoing_kept",
    MetaData(),
    Column("n", Id, primary_key=True),
    Column("address", compared_by_byte()),
    Column("list", compared_by_byte()),
    Column("reason", Text),
    prefixes=["TEMPORARY"],
)
Index("ix_undoing_kept", kept_subscription.c.address, kept_subscription.c.list, kept_subscription.c.n)

FOUND = ("address", "list", "reason")
AT_ONCE = 10_000


def make_table(connection: Connection) -> None:
    """Make the empty table; it goes with the connection, which no other transaction gets after this one.

    PostgreSQL changes its buffers for temporary tables, as an import does, before the first one only.
    """
    connection.detach()
    kept_subscription.create(connection, checkfirst=False)


def keep(connection: Connection, found: Sequence[tuple[str, str, str]]) -> None:
    """Note subscriptions that are kept: address, list and reason."""
    insert_rows(connection, kept_subscription, found, columns=FOUND)


def read_kept(connection: Connection) -> Sequence[Kept]:
    """Return each subscription once, by address and list; they last when the table is gone."""
    kept, later = kept_subscription.c, kept_subscription.alias("later")
    is_same = (later.c.address == kept.address) & (later.c.list == kept.list)
    query = select(kept.address, kept.list, kept.reason).where(~exists().where(is_same, later.c.n > kept.n))
    ordered = query.order_by(kept.address, kept.list)
    read = Spilled[Kept](pack=asdict, unpack=_unpacked)
    for row in connection.execute(ordered.execution_options(yield_per=AT_ONCE)):
        read.append(Kept(address=row.address, list=row.list, reason=KeptReason(row.reason)))
    return read


def _unpacked(said: dict[str, Any]) -> Kept:
    return Kept(**said | {"reason": KeptReason(said["reason"])})
