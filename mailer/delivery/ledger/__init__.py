"""The delivery ledger: every recipient of every mailing and what became of them; the only SQL of delivery."""

from mailer.delivery.ledger.ledger import Ledger
from mailer.delivery.ledger.refusals import LedgerError, MailingStateError, PlanError, SenderBusyError
from mailer.delivery.ledger.runs import Run

__all__ = ["Ledger", "LedgerError", "MailingStateError", "PlanError", "Run", "SenderBusyError"]
