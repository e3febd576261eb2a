"""The ledger of deliveries: each recipient of each mailing with its status; the only SQL of delivery."""

from mailer.delivery.ledger.gauges import Gauges, read_gauges
from mailer.delivery.ledger.ledger import Ledger
from mailer.delivery.ledger.refusals import (
    CopiedDatabaseError,
    LedgerError,
    MailingStateError,
    OldBackupError,
    OtherVersionError,
    PausedMailingError,
    PlanError,
    SenderBusyError,
    SnapshotError,
)
from mailer.delivery.ledger.runs import SenderRun
from mailer.delivery.ledger.work import Work, find_work, has_senders

__all__ = [
    "CopiedDatabaseError",
    "Gauges",
    "Ledger",
    "LedgerError",
    "MailingStateError",
    "OldBackupError",
    "OtherVersionError",
    "PausedMailingError",
    "PlanError",
    "SenderBusyError",
    "SenderRun",
    "SnapshotError",
    "Work",
    "find_work",
    "has_senders",
    "read_gauges",
]
