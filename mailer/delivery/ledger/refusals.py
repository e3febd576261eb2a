"""Errors by which the ledger refuses."""

from mailer.catalogue import msg
from mailer.errors import ExitCode, MailerError


class PlanError(MailerError):
    """The mailing cannot be planned as asked."""


class MailingStateError(MailerError):
    """The mailing is paused, cancelled or finished, or not known: what was asked cannot be done to it."""


class PausedMailingError(MailingStateError):
    """The mailing is paused; a person must clear that."""

    exit_code = ExitCode.TRY_AGAIN


class SenderBusyError(MailerError):
    """Refused because another sender is at work on this database."""

    exit_code = ExitCode.TRY_AGAIN


class OtherVersionError(MailerError):
    """Refused because a sender of another version of mailer is at work on the mailing."""

    exit_code = ExitCode.TRY_AGAIN


class OldBackupError(MailerError):
    """Refused because more was sent than the database knows of: it is a restored backup."""


class CopiedDatabaseError(MailerError):
    """Refused because the mailing was carried on elsewhere: this database is a copy of that one, or a backup."""


class SnapshotError(MailerError):
    """The frozen content of a mailing is not what was frozen."""


class LedgerError(MailerError):
    """The ledger cannot be written, so nothing may be sent."""

    exit_code = ExitCode.INPUT_OUTPUT


class StoppedWaitingError(LedgerError):
    """The run was to end while another program wrote to the database, and had nothing to write that must be kept."""

    exit_code = ExitCode.TRY_AGAIN


def database_replaced(place: str, *, slug: str, marks: int) -> LedgerError:
    """Say that the database was deleted or replaced while it was sent from; `marks` dots may have gone out."""
    what = msg("sending.database-replaced", count=marks)
    return LedgerError(what, where=place, hint=msg("sending.restore-before-you-go-on", slug=slug))


def no_such_mailing(mailing_id: int) -> MailingStateError:
    """Return the refusal of a mailing that was planned, and that the database does not know."""
    what = msg("sending.no-such-mailing", number=str(mailing_id))
    return MailingStateError(what, hint=msg("sending.perhaps-older-backup"))
