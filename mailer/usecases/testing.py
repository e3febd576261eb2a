"""The test-send: an issue as some reader gets it, sent to those who may be sent tests, before it goes to everybody."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.issue.model import Issue
from mailer.message.compiled import CompiledMessage, RecipientValues, compile_message
from mailer.message.identity import make_test_message_id
from mailer.subscribers.model import Subscriber
from mailer.subscribers.tokens import make_token
from mailer.transport.base import Lost, Ready, Reply, Session
from mailer.transport.waiting import run_to_end
from mailer.usecases.editions import make_edition
from mailer.usecases.needs import SendServices
from mailer.usecases.reading import require_issue
from mailer.usecases.state import NOTHING, Overrides, refused_by_other_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSent:
    """The server's reply to a test-send."""

    recipient: str
    reply: Reply | Lost

    @property
    def is_accepted(self) -> bool:
        """Return whether the server has taken it."""
        return isinstance(self.reply, Reply) and self.reply.is_accepted

    @property
    def answer(self) -> str:
        """Return what the server said, as it said it, or why it said nothing."""
        if isinstance(self.reply, Lost):
            return msg("sending.connection-broke", why=self.reply.why)
        return str(self.reply)


def send_tests(
    services: SendServices, slug: str, *, to: Sequence[str], as_: str | None, allowed: Overrides = NOTHING
) -> tuple[TestSent, ...]:
    """Send an issue, marked TEST, to addresses on the allow-list; refuses all when one is not on it.

    With `as_` they get what that subscriber would get. The whole edition that a server accepted counts as tested, also
    what the test does not show: other readers' variants, the web page and the PDF.
    """
    _refuse_strangers(services, to)
    refused = refused_by_other_keys(services, slug)
    if refused and not allowed.other_keys:
        raise refused.error
    issue = require_issue(services, slug)
    reader = _reader(services, as_)
    compiled = _compile_test(services, issue, reader)
    edition_hash, content_hash = make_edition(services, issue).edition_hash, services.composer.content_hash(issue)
    if refused:
        services.ledger.test_with_other_keys(slug)
    session = services.transport.connect()
    try:
        sent = [TestSent(recipient=each, reply=_send_test(services, session, compiled, each, reader)) for each in to]
    finally:
        run_to_end(session.close())
    accepted = [each.recipient for each in sent if each.is_accepted]
    services.ledger.remember_tests(slug=slug, content_hash=content_hash, edition_hash=edition_hash, recipients=accepted)
    return tuple(sent)


def _refuse_strangers(services: SendServices, to: Sequence[str]) -> None:
    for address in to:
        if not services.settings.newsletter.may_test(address):
            raise MailerError(
                msg("sending.no-test-recipient", address=address),
                where="[newsletter] test_recipients",
                hint=msg("sending.add-test-recipient", file=services.settings.file),
            )


def _reader(services: SendServices, address: str | None) -> Subscriber | None:
    if address is None:
        return None
    found = services.subscribers.show(address)
    if found is None:
        raise MailerError(
            msg("sending.no-subscriber", address=address), where="--as", hint="mailer subscribers find NAME"
        )
    return found


def _compile_test(services: SendServices, issue: Issue, reader: Subscriber | None) -> CompiledMessage:
    own = [each.list for each in reader.subscriptions if each.status == "active"] if reader else []
    key = services.composer.variant_key(issue, own, lang=reader.lang if reader else issue.lang)
    label = services.templates.labels.label("TEST – do not forward", issue.lang).text
    composed = services.composer.compose(issue, key)
    return compile_message(composed, sender=services.sender, slug=issue.slug, test_label=label)


def _send_test(
    services: SendServices, session: Session, compiled: CompiledMessage, address: str, reader: Subscriber | None
) -> Reply | Lost:
    token = make_token(services.keys, purpose="test", subscriber_id=reader.id if reader else 0)
    values = RecipientValues(
        address=address,
        unsubscribe_token=token,
        preferences_token=token,
        message_id=make_test_message_id(domain=compiled.domain),
        date=services.clock(),
    )
    envelope = compiled.envelope(address, keys=services.keys, mailing_id=0, delivery_id=0, planned_at=None)
    answer = run_to_end(session.begin(envelope))
    if not isinstance(answer, Ready):
        return answer
    return run_to_end(session.stream(compiled.personalise(values))) or run_to_end(session.finish())
