"""Carrying a mailing on: the wait in which it may be regretted, the sender at work, and how far it has come."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event

from mailer.catalogue import msg
from mailer.delivery.dispatch import Dispatcher, Ended, ignore_progress
from mailer.delivery.ledger import (
    CopiedDatabaseError,
    OldBackupError,
    OtherVersionError,
    PausedMailingError,
    SenderBusyError,
)
from mailer.delivery.model import Counts, MailingState, add_counts
from mailer.delivery.options import DispatchOptions
from mailer.delivery.progress import Progress
from mailer.delivery.retry import RetryRule
from mailer.delivery.verdict import EndReason
from mailer.usecases.needs import LedgerServices, SendServices
from mailer.usecases.refusals import Reason, Refused
from mailer.usecases.scheduling import window_of
from mailer.usecases.state import busy

_AT_A_GLANCE = 6
_TICK_SECONDS = 1.0
_STOPPED_BY = {MailingState.CANCELLED: EndReason.CANCELLED, MailingState.PAUSED: EndReason.PAUSED}


def _ignore_wait(seconds: float) -> None:
    """Show nothing."""


def carry_on(
    services: SendServices,
    mailing: int,
    *,
    stop: Event | None = None,
    once: bool = False,
    by_time: bool = False,
    on_progress: Callable[[Progress], None] = ignore_progress,
    on_wait: Callable[[float], None] = _ignore_wait,
) -> Ended | Refused:
    """Send a mailing at the pace the settings allow, until `stop` is set or nothing is left; see `Dispatcher.run`.

    One that has not begun may be regretted first, unless it is begun `by_time`; `on_wait` is told the seconds left.
    Raises `MailerError` when the mailing is not one to be sent or the ledger cannot be written.
    """
    stop = stop or Event()
    try:
        if not by_time and (ended := _wait_for_regret(services, mailing, stop=stop, on_wait=on_wait)):
            return ended
        return _dispatcher(services).run(mailing, stop=stop, once=once, on_progress=on_progress)
    except SenderBusyError as error:
        return busy(services, error)
    except OldBackupError as error:
        return Refused(reason=Reason.OLD_BACKUP, error=error)
    except OtherVersionError as error:
        return Refused(reason=Reason.OTHER_VERSION, error=error)
    except CopiedDatabaseError as error:
        return Refused(reason=Reason.COPY, error=error)
    except PausedMailingError as error:
        return Refused(reason=Reason.PAUSED, error=error)


def _wait_for_regret(
    services: SendServices, mailing: int, *, stop: Event, on_wait: Callable[[float], None]
) -> Ended | None:
    """Wait before the first mail of a mailing; return how it ended when it was stopped meanwhile, with nothing sent."""
    report, seconds = services.ledger.mailing(mailing), services.settings.delivery.regret_seconds
    if report.started_at is not None:
        return None
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        on_wait(left)
        if stop.wait(min(left, _TICK_SECONDS)):
            return Ended(reason=EndReason.STOPPED, counts=report.counts, note="")
        if (reason := _STOPPED_BY.get(services.starts.state(mailing))) is not None:
            return Ended(reason=reason, counts=services.ledger.mailing(mailing).counts, note="")
    return None


def _dispatcher(services: SendServices) -> Dispatcher:
    smtp = services.settings.smtp
    options = DispatchOptions(
        connections=smtp.connections,
        messages_per_minute=smtp.messages_per_minute,
        messages_per_connection=smtp.messages_per_connection,
        window=window_of(services),
        retry=RetryRule(patience=timedelta(hours=services.settings.delivery.expire_after_hours)),
    )
    return Dispatcher(services.ledger, services.transport, keys=services.keys, options=options, clock=services.clock)


def count_groups(services: LedgerServices, mailing: int) -> dict[str, Counts]:
    """The equation of each list of a mailing; of each region where they are too many to be taken in at a glance."""
    by_list = services.ledger.counts_by_list(mailing)
    if len(by_list) <= _AT_A_GLANCE:
        return {_name(services, slug): counts for slug, counts in by_list.items()}
    regions = {each.slug: each.name_nb for each in services.register.regions}
    own_lists = msg("sending.own-lists")
    grouped: dict[str, list[Counts]] = {name: [] for name in (*regions.values(), own_lists)}
    for slug, counts in by_list.items():
        found = services.register.find(slug)
        grouped[regions.get(found.region if found else "", own_lists)].append(counts)
    return {name: add_counts(some) for name, some in grouped.items() if some}


def _name(services: LedgerServices, slug: str) -> str:
    found = services.register.find(slug)
    return found.short if found else slug
