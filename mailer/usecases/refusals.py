"""Refusals to send as values: the reason, and the error that says it to a person."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mailer.errors import MailerError

Answer = TypeVar("Answer")


class Reason(StrEnum):
    """The reason why an issue is not sent."""

    BUSY = "busy"
    """Another sender is at work on this database."""
    OLD_BACKUP = "old-backup"
    """More was sent from here than the database knows of."""
    COPY = "copy"
    """The mailing was carried on in another copy of the database."""
    OTHER_KEYS = "other-keys"
    """The keys that signed links which people have are not in the ring."""
    LOST_LEAVES = "lost-leaves"
    """A file cannot be read in which somebody asked to leave."""
    PAUSED = "paused"
    ERRORS = "errors"
    NOBODY = "nobody"
    """Nobody is left to send to."""
    UNTESTED = "untested"
    UNCONFIRMED = "unconfirmed"
    """The number of recipients was not given, or is another."""
    MISSED = "missed"
    """The mailing was to begin at a time that has passed."""
    ZONE = "zone"
    """The rules of the zone have changed since the time was given."""
    OTHER_VERSION = "other-version"
    """A sender of another version of mailer is at work on the mailing."""
    CHANGED = "changed"
    """What was proposed does not hold any more: somebody joined, left, planned the issue or changed a template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refusal: nothing was sent or planned; `error` says why to a person, with what to do next."""

    reason: Reason
    error: MailerError


def granted(answer: Answer | Refused) -> Answer:
    """Return the answer, or raise its refusal in its own words."""
    if isinstance(answer, Refused):
        raise answer.error
    return answer
