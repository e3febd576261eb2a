"""The account of what was sent, of each mailing and of an issue's mailings together; who did not get it, and why."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.delivery.ledger import LedgerError
from mailer.delivery.model import Counts, DeliveryReport, DeliveryStatus, MailingReport
from mailer.usecases.needs import LedgerServices
from mailer.usecases.reading import require_known
from mailer.usecases.settling import name_messages

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One mailing; `is_idle` when it has begun and no sender is at work. `deliveries` are those that were asked for."""

    mailing: MailingReport
    is_idle: bool
    deliveries: tuple[DeliveryReport, ...]


def read_accounts(
    services: LedgerServices, slug: str | None = None, *, failed: bool = False, in_doubt: bool = False
) -> tuple[Account, ...]:
    """Return the mailings of an issue, or all, oldest first, after taking over from senders proved dead.

    Where nothing can be written the account is as it was written last. With `failed` come those that have not got it by
    now, with `in_doubt` those in doubt. Raises `MailerError` when there is neither an issue nor a mailing of this name.
    """
    if slug is not None:
        require_known(services, slug)
    try:
        services.ledger.recover()
        services.starts.note_missed()
    except LedgerError as error:  # a full disk: what stands there can be read all the same
        log.warning("not-taken-over reason=%s", error.what)
    return tuple(
        _account(services, each, tuple(_deliveries(services, each, failed=failed, in_doubt=in_doubt)))
        for each in services.ledger.mailings(slug)
    )


def read_account(services: LedgerServices, mailing: int) -> Account:
    """The account of one mailing as it stands."""
    return _account(services, services.ledger.mailing(mailing))


def count_people(services: LedgerServices, slug: str) -> Counts:
    """The equation of all mailings of an issue together: each person once, as they stand by now."""
    return services.ledger.count_people(slug)


def find_unfinished(services: LedgerServices, slug: str) -> MailingReport | None:
    """The mailing of an issue that is planned, running or paused."""
    return services.ledger.unfinished(slug)


def were_texts_tested(services: LedgerServices, slug: str, content_hash: str) -> bool:
    """Return whether these texts of an issue were test-sent, whatever has changed around them; the gate asks more."""
    return services.ledger.were_texts_tested(slug=slug, content_hash=content_hash)


def doubtful(services: LedgerServices, slug: str) -> tuple[MailingReport, ...]:
    """The mailings of an issue in which somebody is in doubt."""
    return tuple(each for each in services.ledger.mailings(slug) if each.counts.in_doubt)


def read_accepted(services: LedgerServices, slug: str) -> Iterator[DeliveryReport]:
    """Yield the deliveries that the server has accepted, in any mailing of the issue."""
    for each in services.ledger.mailings(slug):
        yield from services.ledger.deliveries(each.id, {DeliveryStatus.ACCEPTED}, message_id_of=lambda *_: "")


def _account(services: LedgerServices, mailing: MailingReport, deliveries: tuple[DeliveryReport, ...] = ()) -> Account:
    is_idle = mailing.state == "running" and not services.ledger.is_sending(mailing.id)
    return Account(mailing=mailing, is_idle=is_idle, deliveries=deliveries)


def _deliveries(
    services: LedgerServices, mailing: MailingReport, *, failed: bool, in_doubt: bool
) -> Iterator[DeliveryReport]:
    if not (failed or in_doubt):
        return
    name = name_messages(services, mailing)
    if failed:
        yield from services.ledger.unreached(mailing.id, message_id_of=name)
    if in_doubt:
        yield from services.ledger.deliveries(mailing.id, {DeliveryStatus.IN_DOUBT}, message_id_of=name)
