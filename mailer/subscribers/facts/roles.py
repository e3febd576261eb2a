"""The role of a person in the cooperation: one of a few words, or nothing."""

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.subscribers.facts.words import shown

ROLES = ("kommune", "helseforetak", "fastlege", "brukerrepresentant", "direktorat", "annet")
_KNOWN = frozenset(("", *ROLES))


class RoleError(MailerError):
    """A role that is not one of the few."""


def parse_role(text: str) -> str:
    """Return the role as it is stored, however its letters are written; raises `RoleError`."""
    if text in _KNOWN:
        return text
    folded = text.strip().casefold()
    if folded not in _KNOWN:
        what = msg("people.no-such-role", role=shown(text), roles=", ".join(ROLES))
        raise RoleError(what, hint=msg("people.or-leave-empty"))
    return folded
