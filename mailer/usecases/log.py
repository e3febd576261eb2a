"""Read the log of decisions, about an issue or about everything."""

from datetime import datetime

from mailer.database.decisions import Decision
from mailer.usecases.needs import LedgerServices
from mailer.usecases.reading import require_known

__all__ = ["Decision", "read_log"]


def read_log(services: LedgerServices, slug: str | None, *, since: datetime | None) -> tuple[Decision, ...]:
    """Return the decisions of operators, oldest first; raises `MailerError` for an issue that is unknown."""
    found = services.ledger.log(slug=slug, since=since)
    if slug is not None and not found:
        require_known(services, slug)
    return found
