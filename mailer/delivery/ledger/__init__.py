"""The delivery ledger: every recipient of every mailing and what became of them; the only SQL of delivery."""

from mailer.delivery.ledger.ledger import Ledger, utc_now
from mailer.delivery.ledger.refusals import (
    LedgerError,
    MailingStateError,
    PausedMailingError,
    PlanError,
    SenderBusyError,
)
from mailer.delivery.ledger.runs import Run

__all__ = [
    "Ledger",
    "LedgerError",
    "MailingStateError",
    "PausedMailingError",
    "PlanError",
    "Run",
    "SenderBusyError",
    "utc_now",
]
