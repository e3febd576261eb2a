"""Sending an issue once more to people by name: a person's decision, with a reason, recorded with the actor.

An issue goes to a person twice only by this decision. Refused is all that another command is for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailer.catalogue import msg
from mailer.delivery.model import MAY_HAVE_IT, MailingDraft, MailingKind
from mailer.errors import MailerError
from mailer.subscribers.audience import AudienceMember, Exclusion
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.identity_numbers import refuse_identity_number
from mailer.subscribers.facts.words import clean_words
from mailer.subscribers.model import Subscriber
from mailer.usecases.needs import SendServices


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A person's wish to send an issue once more: to these addresses, and why."""

    addresses: tuple[str, ...]
    reason: str


def require_reason(words: str) -> str:
    """Return why it is sent again, tidied; raises `MailerError` when there is none, or when it names an address."""
    refuse_identity_number(words, where=name_of_field("reason"))
    reason = clean_words(words)
    if not reason:
        raise MailerError(msg("sending.again-no-reason"), where="--reason", hint=msg("sending.again-say-why"))
    if "@" in reason:
        raise MailerError(msg("sending.again-address"), where="--reason", hint=msg("sending.again-leave-it-out"))
    return reason


def as_resend(services: SendServices, draft: MailingDraft, again: Again) -> MailingDraft:
    """Return the draft as one that repeats the latest mailing of the issue."""
    of_issue = [each.id for each in services.ledger.mailings(draft.slug) if each.kind is MailingKind.ISSUE]
    return replace(draft, kind=MailingKind.RESEND, of_id=max(of_issue, default=None), reason=again.reason)


def had_another_edition(services: SendServices, draft: MailingDraft) -> bool:
    """Return whether the mailing that a resend repeats had another edition, or one of which that is not known."""
    return draft.of_id is not None and services.ledger.mailing(draft.of_id).edition_hash != draft.edition_hash


def read_named(services: SendServices, slug: str, addresses: Sequence[str]) -> Iterator[AudienceMember]:
    """Yield the people at the addresses, each once, as they stand by now.

    Raises `MailerError` for the first that is no subscriber, may get no mail, has not had the issue, or is in doubt.
    """
    people = {found.id: found for found in map(services.subscribers.require, addresses)}
    members = services.subscribers.read_members(people)
    keys = [(each.id, each.address) for each in people.values()]
    fates = services.ledger.earlier_fates(slug, keys) if keys else {}
    for number, person in people.items():
        member, before = members.get(number), fates.get(number)
        if refused := _refused_by_register(person, member):
            raise refused
        if before is None or before.status not in MAY_HAVE_IT:
            what = msg("sending.again-not-had", address=person.address_as_given, slug=slug)
            raise MailerError(what, where=slug, hint=f"mailer send {slug}")
        if services.ledger.is_in_doubt(slug, (number, person.address)):
            what = msg("sending.again-in-doubt", address=person.address_as_given)
            raise MailerError(what, where=slug, hint=f"mailer resolve {slug} --resend --to {person.address_as_given}")
        if member is not None:
            yield member


def _refused_by_register(person: Subscriber, member: AudienceMember | None) -> MailerError | None:
    """Return why the person may get no mail; None when they are on a list."""
    address = person.address_as_given
    if member is None:
        return MailerError(
            msg("sending.again-on-no-list", address=address), hint=msg("sending.again-add", address=address)
        )
    match member.exclusion:
        case Exclusion.SUPPRESSED:
            what, hint = msg("sending.again-suppressed", address=address), msg("sending.again-see-why", address=address)
        case Exclusion.UNSUBSCRIBED:
            what, hint = msg("sending.again-left", address=address), msg("sending.again-join", address=address)
        case Exclusion.UNCONFIRMED:
            what, hint = (
                msg("sending.again-unconfirmed", address=address),
                msg("sending.again-see-why", address=address),
            )
        case None:
            return None
    return MailerError(what, hint=hint)
