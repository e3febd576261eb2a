"""Decisions of a person about a mailing that is planned or sent: pause, resume, cancel, settle deliveries in doubt."""

from collections.abc import Sequence

from mailer.catalogue import msg
from mailer.delivery.model import MailingReport, MailingState, Resolution, Resolved
from mailer.errors import MailerError
from mailer.usecases.needs import LedgerServices, SendServices
from mailer.usecases.reading import require_known
from mailer.usecases.refusals import Refused
from mailer.usecases.state import NOTHING, Overrides, find_needed, record_allowed, refused_by_state, require_means


def require_unfinished(services: LedgerServices, slug: str) -> MailingReport:
    """The mailing of an issue that is planned, running or paused; raises `MailerError` when there is none."""
    require_known(services, slug)
    found = services.ledger.unfinished(slug)
    if found is None:
        services.ledger.refuse_old_backup()  # it may have been under way in what was lost
        raise MailerError(msg("sending.none-under-way", slug=slug), hint=f"mailer status {slug}")
    return found


def pause(services: LedgerServices, slug: str) -> None:
    """Have the senders of an issue stop after the message in hand; raises `MailerError` when none is under way."""
    services.ledger.pause(require_unfinished(services, slug).id)


def resume(services: SendServices, slug: str, *, allowed: Overrides = NOTHING) -> MailingReport | Refused:
    """Clear a pause, unless it could not be gone on here; return the mailing to carry on, or that waits for its time.

    Raises `MailerError` when no mailing is under way, or there is no server or no key to send with.
    """
    found = require_unfinished(services, slug)
    if found.waits_for_start and found.state is not MailingState.PAUSED:
        what, hint = msg("schedule.waits-for-its-time", slug=slug), msg("schedule.send-or-take-back", slug=slug)
        raise MailerError(what, hint=hint)
    if refused := refused_by_state(services, slug, allowed=allowed):
        return refused
    require_means(services)
    record_allowed(services, found, find_needed(services, slug, allowed))
    services.ledger.resume(found.id)
    return services.ledger.mailing(found.id)


def cancel(services: LedgerServices, mailing: int) -> MailingReport:
    """Stop a mailing for good and return it; raises `MailerError` when it is not under way any more."""
    services.ledger.cancel(mailing)
    return services.ledger.mailing(mailing)


def resolve(services: LedgerServices, slug: str, resolution: Resolution, *, to: Sequence[str] | None) -> Resolved:
    """Settle the deliveries in doubt in any mailing of the issue, or those to the addresses."""
    require_known(services, slug)
    if not services.ledger.mailings(slug):
        services.ledger.refuse_old_backup()
        raise MailerError(msg("sending.nothing-of-issue-yet", slug=slug), hint=f"mailer send {slug}")
    services.ledger.recover()
    return services.ledger.resolve(slug, resolution, addresses=to)
