"""The role of a person in the cooperation: one of a few words, or nothing."""

from mailer.errors import MailerError

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
        raise RoleError(f"the role {text[:40]!r} is not one of {', '.join(ROLES)}", hint="Or leave it empty.")
    return folded
