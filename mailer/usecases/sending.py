"""Sending an issue: the proposal, and the gate that every mailing passes.

A front end proposes, shows the proposal, begins what a person agreed to, and carries it on (`carrying_on`). What must
hold before anything is sent is asked only here; a refusal comes back as a value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mailer.catalogue import msg
from mailer.compose.composed import VariantKey
from mailer.delivery.ledger import PlanError
from mailer.delivery.model import InDoubtPolicy, MailingDraft, MailingState, SkipReason, Start
from mailer.delivery.planning import CameBack, Plan, estimate_duration, plan_mailing, preview_plan
from mailer.errors import ExitCode, MailerError
from mailer.issue.example import EXAMPLE_RULE
from mailer.issue.model import Finding, Issue, Severity
from mailer.message.compiled import CompiledMessage, compile_message
from mailer.subscribers.audience import AudienceMember
from mailer.usecases.checking import check_reading
from mailer.usecases.chosen_lists import choose_lists
from mailer.usecases.editions import MadeEdition, make_edition
from mailer.usecases.needs import SendServices
from mailer.usecases.publishing import store_edition
from mailer.usecases.reading import composable, read
from mailer.usecases.refusals import Reason, Refused, granted
from mailer.usecases.scheduling import HAS_NOT_BEGUN, Newcomers, find_newcomers
from mailer.usecases.sending_again import Again, as_resend, had_another_edition, read_named
from mailer.usecases.state import (
    NOTHING,
    Overrides,
    find_needed,
    find_obstacles,
    record_allowed,
    refused_by_state,
    require_means,
)

__all__ = [
    "Begun",
    "Proposal",
    "Reason",
    "Refused",
    "begin",
    "estimate",
    "foresee_refusal",
    "granted",
    "look_ahead",
    "propose",
    "require_means",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The effect of sending an issue: its content as it was read and checked, once, and its audience.

    `again` are the people that it goes to once more, if it is for them alone; `is_other_edition` says that the latest
    mailing of the issue had another edition. `newcomers` joined after a mailing was frozen that has not begun.
    """

    issue: Issue
    draft: MailingDraft
    findings: tuple[Finding, ...]
    is_tested: bool
    plan: Plan
    newcomers: Newcomers
    again: Again | None
    is_other_edition: bool

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the errors: sending is refused while there is any, unless a person allows it."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A mailing by its number; `plan` is what was frozen, now or when it was begun. It waits for a `start`."""

    mailing: int
    plan: Plan
    start: Start | None


# --- What it would do -------------------------------------------------------------------------------


def propose(
    services: SendServices,
    slug: str,
    *,
    lists: Sequence[str],
    today: date,
    again: Again | None = None,
    start: Start | None = None,
    allowed: Overrides = NOTHING,
) -> Proposal | Refused:
    """Say what a mailing would do, after taking over from senders that are proved dead; freezes nothing.

    With `again` it goes once more to the people named there, and not to the lists; with `start` it begins then. Raises
    `MailerError` for an unknown list, for an issue that cannot be composed, for other lists than those of an unfinished
    mailing, and for people whom it cannot go to again.
    """
    if refused := refused_by_state(services, slug, allowed=allowed):
        return refused
    services.ledger.recover()
    services.starts.note_missed()
    return look_ahead(services, slug, lists=lists, today=today, again=again, start=start)


def look_ahead(
    services: SendServices,
    slug: str,
    *,
    lists: Sequence[str],
    today: date,
    again: Again | None = None,
    start: Start | None = None,
) -> Proposal:
    """Say what a mailing would do and change nothing, also while another sender is at work; raises as `propose`."""
    try:
        chosen = choose_lists(services, lists)
        reading = read(services, slug)
        issue = composable(reading, slug)
        checked = check_reading(services, reading, today=today, recipients=True, refused={EXAMPLE_RULE})
        made = make_edition(services, issue)
    except MailerError as error:
        if services.ledger.unfinished(slug):  # its content is frozen: what is wrong with the folder does not stop it
            error.hint = msg("sending.mailing-has-its-own-copy", slug=slug)
        raise
    draft = MailingDraft(
        slug=slug,
        content_hash=services.composer.content_hash(issue),
        edition_hash=made.edition_hash,
        subject=made.plain.subject,
        lists=chosen,
        in_doubt_policy=InDoubtPolicy(services.settings.delivery.in_doubt),
        start=start,
    )
    if again is not None:
        draft = as_resend(services, draft, again)
    plan = preview_plan(
        services.ledger,
        draft,
        audience=_audience(services, draft, again),
        about=issue.helsefellesskap,
        came_back=_came_back(services, draft),
    )
    return Proposal(
        issue=issue,
        draft=draft,
        findings=checked.findings,
        is_tested=services.ledger.was_tested(slug=slug, edition_hash=made.edition_hash),
        plan=plan,
        newcomers=find_newcomers(services, plan.mailing),
        again=again,
        is_other_edition=again is not None and had_another_edition(services, draft),
    )


def _audience(services: SendServices, draft: MailingDraft, again: Again | None) -> Iterator[AudienceMember]:
    if again is not None:
        return read_named(services, draft.slug, again.addresses)
    return services.subscribers.read_audience(draft.lists or None)


def _came_back(services: SendServices, draft: MailingDraft) -> CameBack | None:
    """Return what tells of recipients who were erased and added again since the issue first went out."""
    since = services.ledger.reached_unknown(draft.slug)
    return None if since is None else services.subscribers.came_back(since=since)


def estimate(services: SendServices, recipients: int) -> timedelta:
    """Return how long a mailing to so many takes at the pace the settings allow."""
    smtp = services.settings.smtp
    return estimate_duration(recipients, connections=smtp.connections, messages_per_minute=smtp.messages_per_minute)


# --- The gate ---------------------------------------------------------------------------------------


def begin(
    services: SendServices,
    proposal: Proposal,
    *,
    confirm: int | None,
    as_frozen: bool = False,
    allow_untested: bool = False,
    ignore_findings: bool = False,
    allowed: Overrides = NOTHING,
) -> Begun | Refused:
    """Freeze what was proposed, and record what of it was untested or ignored; an unfinished mailing stays as it is.

    `confirm` is the number of people that somebody agreed to send to; with `as_frozen` they may have agreed when the
    mailing was frozen, and some have had it or left since. Without a number all other rules are asked first, so that a
    person need not be asked for it in vain. The edition is made anew, of the templates, the lists and the logo as they
    are by now, and must have the proposal's hash. Raises `MailerError` when it cannot be made, or when there is no
    server or no key to send with.
    """
    slug = proposal.draft.slug
    refused = refused_by_state(services, slug, allowed=allowed) or _refused_by_rule(
        proposal,
        confirm=confirm,
        as_frozen=as_frozen,
        allow_untested=allow_untested,
        ignore_findings=ignore_findings,
    )
    if refused:
        return refused
    require_means(services)
    plan, needed = proposal.plan, find_needed(services, slug, allowed)
    if plan.is_new:
        made = make_edition(services.afresh(), proposal.issue)
        if made.edition_hash != proposal.draft.edition_hash:
            return _changed_meanwhile(slug)
        try:
            plan = _freeze(services, proposal, made)
        except PlanError as error:
            return Refused(reason=Reason.CHANGED, error=error)
    if plan.mailing is None or plan.is_new is not proposal.plan.is_new:
        return _planned_meanwhile(slug)
    record_allowed(services, plan.mailing, needed)
    start = proposal.draft.start
    if plan.mailing.state in HAS_NOT_BEGUN and start != plan.mailing.start:
        services.starts.put(plan.mailing.id, start)
    return Begun(mailing=plan.mailing.id, plan=plan, start=start)


def foresee_refusal(
    services: SendServices,
    proposal: Proposal,
    *,
    allow_untested: bool = False,
    ignore_findings: bool = False,
    allowed: Overrides = NOTHING,
) -> Refused | None:
    """Return the refusal that `begin` would give, with the right number, of what does not pass by itself."""
    return next(find_obstacles(services, proposal.draft.slug, allowed=allowed), None) or _refused_by_rule(
        proposal,
        confirm=proposal.plan.counts.waiting,
        as_frozen=True,
        allow_untested=allow_untested,
        ignore_findings=ignore_findings,
    )


def _refused_by_rule(
    proposal: Proposal, *, confirm: int | None, as_frozen: bool, allow_untested: bool, ignore_findings: bool
) -> Refused | None:
    """Return the refusal of the proposal itself, if any; frozen content has passed these rules already."""
    slug, plan = proposal.draft.slug, proposal.plan
    if plan.mailing is not None and plan.mailing.state is MailingState.PAUSED:
        error = MailerError(msg("sending.is-paused", slug=slug), hint=msg("sending.go-on", slug=slug))
        error.exit_code = ExitCode.TRY_AGAIN
        return Refused(reason=Reason.PAUSED, error=error)
    if proposal.draft.start and plan.mailing is not None and plan.mailing.state not in HAS_NOT_BEGUN:
        error = MailerError(msg("schedule.has-begun", slug=slug), hint=f"mailer status {slug}")
        return Refused(reason=Reason.CHANGED, error=error)
    if plan.is_new and proposal.errors and not ignore_findings:
        error = MailerError(msg("sending.issue-has-errors"), where=slug, hint=msg("sending.put-right-or-ignore"))
        return Refused(reason=Reason.ERRORS, error=error)
    if nobody := explain_nobody(slug, plan):
        return Refused(reason=Reason.NOBODY, error=nobody)
    if plan.is_new and not (proposal.is_tested or allow_untested):
        error = MailerError(msg("sending.never-test-sent"), where=slug, hint=msg("sending.test-first", slug=slug))
        return Refused(reason=Reason.UNTESTED, error=error)
    return _refused_number(plan, confirm, as_frozen=as_frozen)


def explain_nobody(slug: str, plan: Plan) -> MailerError | None:
    """Return why a plan has no recipients, and what to do; None when it has any."""
    counts = plan.counts
    if plan.recipients:
        return None
    if not counts.audience:
        return MailerError(msg("sending.nobody-on-lists"), where=slug, hint=msg("sending.put-people-on-lists"))
    if counts.skipped.keys() == {SkipReason.ALREADY_SENT}:
        return MailerError(msg("sending.everybody-has-it"), where=slug, hint=msg("sending.again-to-one", slug=slug))
    return MailerError(msg("sending.nobody-left"), where=slug, hint=msg("sending.see-who-is-on-lists"))


def _refused_number(plan: Plan, confirm: int | None, *, as_frozen: bool) -> Refused | None:
    """Return the refusal of a wrong number; agreeing to a frozen mailing is agreeing to the rest of it."""
    number = plan.counts.waiting
    most = plan.counts.audience if as_frozen and not plan.is_new else number
    if confirm is not None and number <= confirm <= most:
        return None
    if confirm is None:
        what = msg("sending.no-number", number=number)
    else:
        what = msg("sending.other-number", confirmed=confirm, number=number)
    return Refused(reason=Reason.UNCONFIRMED, error=MailerError(what, hint=msg("sending.nothing-was-sent")))


def _planned_meanwhile(slug: str) -> Refused:
    error = PlanError(msg("sending.planned-meanwhile"), where=slug, hint=msg("sending.look-first", slug=slug))
    return Refused(reason=Reason.CHANGED, error=error)


def _changed_meanwhile(slug: str) -> Refused:
    error = PlanError(msg("sending.changed-meanwhile"), where=slug, hint=msg("sending.look-first", slug=slug))
    return Refused(reason=Reason.CHANGED, error=error)


def _freeze(services: SendServices, proposal: Proposal, made: MadeEdition) -> Plan:
    """Keep the edition that the mails lead to, and freeze the mailing."""

    def compile_variant(key: VariantKey) -> CompiledMessage:
        composed = made.services.composer.compose(proposal.issue, key)
        return compile_message(composed, sender=made.services.sender, slug=proposal.issue.slug)

    store_edition(services, made)
    return plan_mailing(
        services.ledger,
        replace(
            proposal.draft,
            untested=not proposal.is_tested,
            ignored_findings=len(proposal.errors),
            key_id=services.keys.newest_id,
        ),
        audience=_audience(services, proposal.draft, proposal.again),
        about=proposal.issue.helsefellesskap,
        compile_variant=compile_variant,
        came_back=_came_back(services, proposal.draft),
        expected=proposal.plan.recipients,
    )
