"""Values of a mail server's log: what one line says, and what all lines together say of a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Step(StrEnum):
    """The kind of news that a line has of a message."""

    NAMED = "named"  # the relay has read its Message-ID: before the final dot, so that proves nothing yet
    TAKEN = "taken"  # the relay has it: queued, or tried to deliver
    GONE = "gone"  # the queue id is free for another message


class News(NamedTuple):
    """News of a message in one line of a log. A tuple: there may be millions.

    `queue` names the message in that relay, where its lines are joined by it. `message_id` has no angle brackets; it is
    empty where only the queue is named. Without `recipients` the news is of all. `status` is the word of the relay.
    """

    step: Step
    queue: str = ""
    message_id: str = ""
    recipients: tuple[str, ...] = ()
    status: str = ""
    words: str = ""
    at: str = ""
    queue_id: str = ""


class LogLine(NamedTuple):
    """A line of a log."""

    file: str
    line: int


class Sighting(NamedTuple):
    """News of a message that was sought, and where it stands."""

    news: News
    place: LogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A delivery that is looked for, by its Message-ID and its address in every form that a log may have.

    The copy in doubt went out after `sent_after`; `is_only_copy` when none with this Message-ID did before or later.
    """

    message_id: str
    addresses: frozenset[str]
    sent_after: datetime
    is_only_copy: bool


class InLog(StrEnum):
    """The result of looking for a delivery. Only `TAKEN` decides anything."""

    TAKEN = "taken"
    NOT_QUEUED = "not_queued"  # its Message-ID is there, but not that the relay queued it
    OTHER_RECIPIENT = "other_recipient"  # the relay took this Message-ID for somebody else
    UNNAMED = "unnamed"  # the relay took a copy, and does not say for whom: there were several
    EARLIER = "earlier"  # the relay took this Message-ID before the copy in doubt was sent
    MISSING = "missing"
    OTHER_KEYS = "other_keys"  # missing; and by the present keys its Message-ID may be another than was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The result of looking for one delivery, and the line that says most of it.

    `came_back` is a later line that says that it was returned all the same.
    """

    finding: InLog
    sighting: Sighting | None = None
    came_back: Sighting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """A log as it was read: `first` and `last` are its times as they stand there, `is_cut` when it breaks off."""

    name: str
    lines: int
    garbled: int
    first: str
    last: str
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trails:
    """All sightings by Message-ID, in the order read, and the logs they are from."""

    sightings: Mapping[str, tuple[Sighting, ...]]
    logs: tuple[LogSummary, ...]


@dataclass(frozen=True, slots=True)
class LogProgress:
    """The progress through one log: lines, and bytes of its file; `size` is 0 where it is not known."""

    name: str
    lines: int
    done: int
    size: int
