"""The ledger of deliveries: each recipient of each mailing with its status; the only SQL of delivery."""

from mailer.delivery.ledger.gauges import Gauges, read_gauges
from mailer.delivery.ledger.ledger import Ledger
from mailer.delivery.ledger.refusals import (
    CopiedDatabaseError,
    LedgerError,
    MailingStateError,
    OldBackupError,
    PausedMailingError,
    PlanError,
    SenderBusyError,
    SnapshotError,
)
from mailer.delivery.ledger.runs import SenderRun

__all__ = [
    "CopiedDatabaseError",
    "Gauges",
    "Ledger",
    "LedgerError",
    "MailingStateError",
    "OldBackupError",
    "PausedMailingError",
    "PlanError",
    "SenderBusyError",
    "SenderRun",
    "SnapshotError",
    "read_gauges",
]
