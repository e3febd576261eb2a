"""Notices as values: events, ways, states, and when a notice is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any


class NoticeEvent(StrEnum):
    """The event that the editor is told of."""

    FINISHED = "finished"
    PAUSED = "paused"
    MISSED = "missed"
    IN_DOUBT = "in_doubt"
    TEST = "test"  # nothing happened: a person tries the settings


class Way(StrEnum):
    """The way that a notice goes."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class NoticeState(StrEnum):
    """The state of a notice on its way."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"  # a mail whose final dot may be out
    SENT = "sent"
    FAILED = "failed"  # tried often enough
    IN_DOUBT = "in_doubt"  # nobody knows whether the mail arrived
    VOID = "void"  # no setting says where to


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice to the editor by one way. `detail` holds numbers and words of fixed sets, `note` why it was paused."""

    id: int
    way: Way
    key: str
    event: NoticeEvent
    slug: str
    mailing_id: int | None
    detail: Mapping[str, Any]
    note: str
    created_at: datetime
    due_at: datetime
    state: NoticeState
    attempts: int
    reply: str
    sent_at: datetime | None

    @property
    def name(self) -> str:
        """Return the name by which a receiver knows it at each try; no other notice has it."""
        return sha256(f"{self.key} {self.created_at.isoformat()}".encode()).hexdigest()[:32]


PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 20, 34))
"""The pauses after the first tries: five within an hour."""
LATER = timedelta(hours=4)
PATIENCE = timedelta(hours=48)


def next_try(way: Way, *, attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """Return when a notice is tried again after so many tries; None when it has been tried often enough.

    A mail goes on for two days: the mail server is what may have failed.
    """
    if attempts <= len(PAUSES):
        return now + PAUSES[attempts - 1]
    if way is Way.WEBHOOK or now - created_at >= PATIENCE:
        return None
    return now + LATER
