"""Obstacles in the state of database, keys and senders, and what a person may allow in spite of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from mailer.catalogue import msg
from mailer.database.lost_leaves import find_unreadable
from mailer.delivery.ledger import CopiedDatabaseError, OldBackupError, SenderBusyError
from mailer.delivery.model import MailingReport, MailingState
from mailer.errors import MailerError
from mailer.usecases.needs import LedgerServices, SendServices
from mailer.usecases.refusals import Reason, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Permissions of a person: to go on in this copy of the database, and to sign although an earlier key is gone."""

    only_here: bool = False
    other_keys: bool = False


NOTHING = Overrides()
_OVER = {MailingState.FINISHED, MailingState.CANCELLED}


def refused_by_state(services: LedgerServices, slug: str, *, allowed: Overrides) -> Refused | None:
    """Refuse in an old backup, where leaves were lost, in a copy, with other keys, and while another sender is at work.

    What a copy says of senders is said of those of the original.
    """
    return next(find_obstacles(services, slug, allowed=allowed), None) or refused_by_a_second_sender(services)


def find_obstacles(services: LedgerServices, slug: str = "", *, allowed: Overrides = NOTHING) -> Iterator[Refused]:
    """Yield what lies in the way of sending an issue, or all that are under way, and does not pass by itself."""
    try:
        services.ledger.refuse_old_backup()
    except OldBackupError as error:
        yield Refused(reason=Reason.OLD_BACKUP, error=error)
    if files := find_unreadable(services.settings.database.url):
        hint = msg("sending.read-lost-leaves")
        lost = MailerError(msg("sending.lost-leaves", count=len(files)), where=str(files[0]), hint=hint)
        yield Refused(reason=Reason.LOST_LEAVES, error=lost)
    if not allowed.only_here:
        yield from _copies(services, slug)
    if not allowed.other_keys and (refused := refused_by_other_keys(services, slug)):
        yield refused


def _copies(services: LedgerServices, slug: str) -> Iterator[Refused]:
    for each in services.ledger.mailings(slug or None):
        if each.state not in _OVER and (refused := refused_as_copy(services, each)):
            yield refused


def refused_as_copy(services: LedgerServices, mailing: MailingReport) -> Refused | None:
    """Refuse when the mailing was frozen or carried on in another copy of the database."""
    try:
        services.ledger.refuse_copy(mailing.id)
    except CopiedDatabaseError as error:
        return Refused(reason=Reason.COPY, error=error)
    return None


def refused_by_other_keys(services: LedgerServices, slug: str) -> Refused | None:
    """Refuse when the ring lacks the key of the mailing to be carried on, or, without one, of the latest mailing.

    The readers of that one could not leave by its links any more.
    """
    signed = services.ledger.signed()
    own = [each for each in signed if each.is_open and each.slug == slug]
    for each in (own or signed)[-1:]:
        if not services.has_key(each.key_id):
            what, hint = msg("sending.other-keys", slug=each.slug), msg("sending.put-old-key-behind")
            error = MailerError(what, where=each.slug, hint=hint)
            return Refused(reason=Reason.OTHER_KEYS, error=error)
    return None


def require_keys_of_before(services: LedgerServices) -> None:
    """Raise `MailerError` where there are no keys, although mailings were signed: new ones would hide the loss."""
    signed = services.ledger.signed()
    if signed and not services.has_key(None):
        slug = signed[-1].slug
        raise MailerError(msg("sending.other-keys", slug=slug), where=slug, hint=msg("backup.put-keys-back"))


def issues_with_dead_links(services: LedgerServices) -> tuple[str, ...]:
    """Return the issues whose links for leaving cannot be read with the present keys, oldest first."""
    signed = services.ledger.signed()
    return tuple(dict.fromkeys(each.slug for each in signed if not services.has_key(each.key_id)))


def require_means(services: SendServices) -> None:
    """Make the server and the keys before anything is frozen that could not be sent."""
    _ = services.transport, services.keys


def record_allowed(services: LedgerServices, mailing: MailingReport, allowed: Overrides) -> None:
    """Write down what was allowed and needed."""
    if allowed.only_here:
        services.ledger.go_on_here(mailing.id)
    if allowed.other_keys:
        services.ledger.sign_with(mailing.id, services.keys.newest_id)


def find_needed(services: LedgerServices, slug: str, allowed: Overrides) -> Overrides:
    """Return the permissions that are needed: the others are not recorded."""
    return Overrides(
        only_here=allowed.only_here and any(_copies(services, slug)),
        other_keys=allowed.other_keys and refused_by_other_keys(services, slug) is not None,
    )


def refused_by_a_second_sender(services: LedgerServices) -> Refused | None:
    """Refuse while another sender is at work on this database, naming what it sends."""
    try:
        services.ledger.refuse_second_sender()
    except SenderBusyError as error:
        return busy(services, error)
    return None


def busy(services: LedgerServices, error: SenderBusyError) -> Refused:
    """Refuse, and name the mailing that the other sender is at work on, so that it can be paused instead."""
    sent = [each.slug for each in services.ledger.mailings() if services.ledger.is_sending(each.id)]
    if sent:
        error.hint = msg("sending.wait-or-pause", slug=sent[0])
    return Refused(reason=Reason.BUSY, error=error)
