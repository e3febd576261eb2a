"""Sending an issue: who would get what, the test-send before it, and the mailing itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from mailer.bootstrap import Services
from mailer.compose.composed import VariantKey
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.model import Counts, InDoubtPolicy, MailingDraft, Resolution, Resolved, add_counts
from mailer.delivery.options import DispatchOptions
from mailer.delivery.planning import Plan, estimate_duration, plan_mailing, preview_plan
from mailer.delivery.retry import RetryRule
from mailer.errors import MailerError
from mailer.issue.example import EXAMPLE_RULE
from mailer.issue.model import Finding, Issue, Severity
from mailer.message.compiled import CompiledMessage, RecipientValues, compile_message
from mailer.message.identity import make_test_message_id
from mailer.subscribers.model import Subscriber
from mailer.subscribers.register import require_list
from mailer.subscribers.tokens import make_token
from mailer.transport.base import Lost, Ready, Reply, Session
from mailer.transport.waiting import complete
from mailer.workspace.checking import check_issue
from mailer.workspace.desk import require_issue, require_known
from mailer.workspace.publishing import store_edition

_AT_A_GLANCE = 6
_OWN_LISTS = "Own lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An issue ready to be planned: its content as it stands in the folder now."""

    issue: Issue
    draft: MailingDraft
    findings: tuple[Finding, ...]
    is_tested: bool

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What should be put right first: sending is refused while there is any, unless somebody says otherwise."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)


def prepare(services: Services, slug: str, *, lists: Sequence[str], untested: bool, today: date) -> Prepared:
    """Read, check and compose an issue; raises `MailerError` for an unknown list or an issue with errors."""
    chosen = dict.fromkeys(_find_list(services, name) for name in lists)
    issue = require_issue(services, slug)
    checked = check_issue(services, slug, today=today, recipients=True, refused={EXAMPLE_RULE})
    content_hash = services.composer.content_hash(issue)
    composed = services.composer.compose(issue, services.composer.variant_key(issue, (), lang=issue.lang))
    draft = MailingDraft(
        slug=slug,
        content_hash=content_hash,
        subject=composed.subject,
        lists=tuple(chosen),
        in_doubt_policy=InDoubtPolicy(services.settings.delivery.in_doubt),
        untested=untested,
        ignored_findings=checked.errors,
    )
    return Prepared(
        issue=issue,
        draft=draft,
        findings=checked.findings,
        is_tested=services.ledger.was_tested(slug=slug, content_hash=content_hash),
    )


def _find_list(services: Services, name: str) -> str:
    """The list that a person calls so, or that a list called so has become part of."""
    present = services.ledger.present_lists([name]) - {name}
    return require_list(services.register, next(iter(present), name)).slug


def preview_mailing(services: Services, prepared: Prepared) -> Plan:
    """Say what a mailing would do; writes nothing."""
    audience = services.subscribers.read_audience(prepared.draft.lists or None)
    return preview_plan(services.ledger, prepared.draft, audience=audience, about=prepared.issue.helsefellesskap)


def plan(services: Services, prepared: Prepared, *, expected: int) -> Plan:
    """Keep the edition that the mails lead to, and freeze the mailing; refuses when it is not `expected` recipients."""

    def compile_variant(key: VariantKey) -> CompiledMessage:
        composed = services.composer.compose(prepared.issue, key)
        return compile_message(composed, sender=services.sender, slug=prepared.issue.slug)

    store_edition(services, prepared.issue)
    return plan_mailing(
        services.ledger,
        prepared.draft,
        audience=services.subscribers.read_audience(prepared.draft.lists or None),
        about=prepared.issue.helsefellesskap,
        compile_variant=compile_variant,
        expected=expected,
    )


def dispatcher(services: Services) -> Dispatcher:
    """What sends the mailings of this workspace, at the pace the settings allow."""
    smtp = services.settings.smtp
    options = DispatchOptions(
        connections=smtp.connections,
        messages_per_minute=smtp.messages_per_minute,
        messages_per_connection=smtp.messages_per_connection,
        retry=RetryRule(patience=timedelta(hours=services.settings.delivery.expire_after_hours)),
    )
    return Dispatcher(services.ledger, services.transport, keys=services.keys, options=options, clock=services.clock)


def count_groups(services: Services, mailing: int) -> dict[str, Counts]:
    """The equation of each list of a mailing; of each region where they are too many to be taken in at a glance."""
    by_list = services.ledger.counts_by_list(mailing)
    if len(by_list) <= _AT_A_GLANCE:
        return {_name(services, slug): counts for slug, counts in by_list.items()}
    regions = {each.slug: each.name_nb for each in services.register.regions}
    grouped: dict[str, list[Counts]] = {name: [] for name in (*regions.values(), _OWN_LISTS)}
    for slug, counts in by_list.items():
        found = services.register.find(slug)
        grouped[regions.get(found.region if found else "", _OWN_LISTS)].append(counts)
    return {name: add_counts(some) for name, some in grouped.items() if some}


def _name(services: Services, slug: str) -> str:
    found = services.register.find(slug)
    return found.short if found else slug


def duration(services: Services, recipients: int) -> timedelta:
    """How long a mailing to so many takes at the pace the settings allow."""
    smtp = services.settings.smtp
    return estimate_duration(recipients, connections=smtp.connections, messages_per_minute=smtp.messages_per_minute)


def resolve(services: Services, slug: str, resolution: Resolution, *, to: Sequence[str] | None) -> Resolved:
    """Settle what is in doubt in any mailing of the issue, or those to the addresses."""
    require_known(services, slug)
    if not services.ledger.mailings(slug):
        raise MailerError(f"nothing of {slug} has been sent or planned", hint=f"mailer send {slug}")
    services.ledger.recover()
    return services.ledger.resolve(slug, resolution, addresses=to)


# --- Test-sends -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSent:
    """What the server said to a test-send."""

    recipient: str
    reply: Reply | Lost

    @property
    def is_accepted(self) -> bool:
        """Whether the server has taken it."""
        return isinstance(self.reply, Reply) and self.reply.is_accepted


def send_tests(services: Services, slug: str, *, to: Sequence[str], as_: str | None) -> tuple[TestSent, ...]:
    """Send an issue, marked TEST, to addresses on the allow-list; refuses all when one is not on it.

    With `as_` they get what that subscriber would get. The content that a server accepted counts as tested.
    """
    _refuse_strangers(services, to)
    issue = require_issue(services, slug)
    reader = _reader(services, as_)
    compiled = _compile_test(services, issue, reader)
    content_hash = services.composer.content_hash(issue)
    session = services.transport.connect()
    try:
        sent = [TestSent(recipient=each, reply=_send_test(services, session, compiled, each, reader)) for each in to]
    finally:
        complete(session.close())
    accepted = [each.recipient for each in sent if each.is_accepted]
    services.ledger.remember_tests(slug=slug, content_hash=content_hash, recipients=accepted)
    return tuple(sent)


def _refuse_strangers(services: Services, to: Sequence[str]) -> None:
    for address in to:
        if not services.settings.newsletter.may_test(address):
            raise MailerError(
                f"{address} is not on the list of test recipients; nothing was sent",
                where="[newsletter] test_recipients",
                hint=f"Add it to test_recipients in {services.settings.file}, if it is yours or a colleague's.",
            )


def _reader(services: Services, address: str | None) -> Subscriber | None:
    if address is None:
        return None
    found = services.subscribers.show(address)
    if found is None:
        raise MailerError(f"{address} is not among the subscribers", where="--as", hint="mailer subscribers find NAME")
    return found


def _compile_test(services: Services, issue: Issue, reader: Subscriber | None) -> CompiledMessage:
    own = [each.list for each in reader.subscriptions if each.status == "active"] if reader else []
    key = services.composer.variant_key(issue, own, lang=reader.lang if reader else issue.lang)
    label = services.templates.labels.label("TEST – do not forward", issue.lang).text
    composed = services.composer.compose(issue, key)
    return compile_message(composed, sender=services.sender, slug=issue.slug, test_label=label)


def _send_test(
    services: Services, session: Session, compiled: CompiledMessage, address: str, reader: Subscriber | None
) -> Reply | Lost:
    token = make_token(services.keys, purpose="test", subscriber_id=reader.id if reader else 0)
    values = RecipientValues(
        address=address,
        unsubscribe_token=token,
        preferences_token=token,
        message_id=make_test_message_id(domain=compiled.domain),
        date=services.clock(),
    )
    envelope = compiled.envelope(address, keys=services.keys, mailing_id=0, delivery_id=0)
    answer = complete(session.begin(envelope))
    if not isinstance(answer, Ready):
        return answer
    return complete(session.stream(compiled.personalise(values))) or complete(session.finish())
