"""What operators did: the log of decisions, about an issue or about everything."""

from datetime import datetime

from mailer.database.decisions import Decision
from mailer.usecases.needs import LedgerServices
from mailer.usecases.reading import require_known

__all__ = ["Decision", "read_log"]


def read_log(
    services: LedgerServices, slug: str | None = None, *, since: datetime | None = None
) -> tuple[Decision, ...]:
    """What operators decided, oldest first; raises `MailerError` when nothing at all is known of such an issue."""
    found = services.ledger.log(slug=slug, since=since)
    if slug is not None and not found:
        require_known(services, slug)
    return found
