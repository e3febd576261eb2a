"""Decisions of operators, recorded in the transaction of the deed: actor, time and numbers, never a subscriber."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection, insert, select

from mailer.database.tables import decision, mailing

BY_ITSELF = "mailer"
"""The actor of what no person did."""


class Action(StrEnum):
    """The kind of a decision. The words of the log are made of these, so that they may be read in any language."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"  # to start at another time, or at a time at all
    AT_ONCE = "at_once"  # to start now instead of at its time
    UNSCHEDULED = "unscheduled"  # taken back before it began
    MISSED = "missed"
    SENT_AGAIN = "sent_again"
    STARTED = "started"
    CONTINUED = "continued"
    TEST_SENT = "test_sent"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    RESOLVED = "resolved"
    ONLY_HERE = "only_here"  # this is the one copy of the database that goes on
    OTHER_KEYS = "other_keys"  # links that were sent earlier may be dead
    IMPORTED = "imported"
    IMPORT_UNDONE = "import_undone"
    EXPORTED = "exported"
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    MOVED = "moved"
    LISTS_MERGED = "lists_merged"
    ERASED = "erased"
    PURGED = "purged"
    BACKED_UP = "backed_up"
    RESTORED = "restored"  # a copy took the place of the database, or of one on a server
    SETTINGS = "settings"  # were others than at the decision before


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A line of the log. `detail` holds numbers, slugs and words of fixed sets.

    `reason` is why an issue is sent again. It stands with the mailing, and is gone when one of its people is erased.
    """

    at: datetime
    actor: str
    action: Action
    slug: str | None
    mailing_id: int | None
    detail: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The actor, and the settings in force: each key with its value as text, secrets left out.

    Without settings it is not noticed that they have changed.
    """

    actor: str = BY_ITSELF
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)

    def record(
        self,
        connection: Connection,
        action: Action,
        *,
        at: datetime,
        slug: str | None = None,
        mailing_id: int | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Write down a decision in the transaction that carries it out; first, which settings are others by now.

        Nothing that tells who a subscriber is may stand in `detail`: it is kept for good.
        """
        if self.settings:
            self._note_settings(connection, at)
        row = {"at": at, "actor": self.actor, "slug": slug, "mailing_id": mailing_id}
        connection.execute(insert(decision).values(row | {"action": action, "detail": detail or {}}))

    def _note_settings(self, connection: Connection, at: datetime) -> None:
        """Compare with what was seen last, of which salted hashes were kept; the first time there is nothing to say."""
        of_settings = select(decision.c.detail).where(decision.c.action == Action.SETTINGS)
        last = connection.execute(of_settings.order_by(decision.c.id.desc()).limit(1)).scalar()
        salt, before = (last["salt"], last["seen"]) if last else (token_hex(8), None)
        seen = {key: sha256(f"{salt} {key} {value}".encode()).hexdigest()[:16] for key, value in self.settings.items()}
        if seen == before:
            return
        changed = [] if before is None else sorted(dict(seen.items() ^ before.items()))
        row = {"at": at, "actor": self.actor, "action": Action.SETTINGS}
        connection.execute(insert(decision).values(row | {"detail": {"changed": changed, "salt": salt, "seen": seen}}))


def read_decisions(
    connection: Connection, *, slug: str | None = None, since: datetime | None = None
) -> tuple[Decision, ...]:
    """Return the decisions about one issue or all, since a moment or ever; oldest first."""
    is_again = (mailing.c.id == decision.c.mailing_id) & (decision.c.action == Action.SENT_AGAIN)
    query = select(decision, mailing.c.reason).outerjoin(mailing, is_again).order_by(decision.c.id)
    if slug is not None:
        query = query.where(decision.c.slug == slug)
    if since is not None:
        query = query.where(decision.c.at >= since)
    return tuple(
        Decision(
            at=row.at,
            actor=row.actor,
            action=Action(row.action),
            slug=row.slug,
            mailing_id=row.mailing_id,
            detail={key: value for key, value in row.detail.items() if key not in {"salt", "seen"}},
            reason=row.reason or "",
        )
        for row in connection.execute(query)
        if row.action != Action.SETTINGS or row.detail["changed"]
    )
