"""Sending on screen: the plan before, progress during, the account after."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, NoReturn

import typer

from mailer.catalogue import Message, msg
from mailer.cli.accounts import TERMS, name_status, show_account, show_equation, show_nobody_got_it
from mailer.cli.findings import count_findings, show_findings
from mailer.cli.moments import format_hour
from mailer.cli.obstacles import asking_where, obstacles_as_json, show_obstacles
from mailer.cli.options import today
from mailer.cli.output import ask, hint, note, say, show_commands, show_json, show_pairs
from mailer.cli.times import read_asked, show_put, show_times, when_in_words
from mailer.errors import ExitCode, MailerError
from mailer.stopping import handling_signals

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.delivery.dispatch import Ended
    from mailer.delivery.model import MailingDraft, MailingReport
    from mailer.delivery.planning import Plan, SentElsewhere
    from mailer.usecases.sending import Proposal
    from mailer.usecases.sending_again import Again
    from mailer.usecases.state import Overrides

_ENDINGS = {
    "finished": partial(msg, "sending.ended-in-doubt"),
    "deferred": partial(msg, "sending.ended-deferred"),
    "resting": partial(msg, "sending.ended-resting"),
    "closed": partial(msg, "schedule.ended-closed"),
    "stopped": partial(msg, "sending.ended-stopped"),
    "paused": partial(msg, "sending.ended-paused"),
    "cancelled": partial(msg, "sending.ended-cancelled"),
    "server_away": partial(msg, "sending.ended-server-away"),
    "refused": partial(msg, "sending.ended-refused"),
    "breaker": partial(msg, "sending.ended-breaker"),
}


def start_mailing(
    services: "Services",
    slug: str,
    *,
    lists: Sequence[str],
    again: "Again | None",
    at: str,
    dry_run: bool,
    confirm: int | None,
    untested: bool,
    ignore_findings: bool,
    allowed: "Overrides",
    json: bool,
) -> int | None:
    """Show the plan and, when a person agrees, freeze it; returns the mailing to send now, None when there is none."""
    from mailer.usecases.sending import Reason, Refused, begin, granted, look_ahead, propose

    if json and not dry_run:
        raise typer.BadParameter(msg("sending.json-goes-with-dry-run"), param_hint="--json")
    ignoring = {"allow_untested": untested, "ignore_findings": ignore_findings}
    start = read_asked(services, at) if at else None
    if dry_run:
        seen = look_ahead(services, slug, lists=lists, today=today(), again=again, start=start)
        _show_ahead(services, seen, allowed=allowed, ignoring=ignoring, json=json)
        return None
    look = partial(propose, services, slug, lists=lists, today=today(), again=again, start=start)
    looked, allowed = asking_where(lambda allowed: look(allowed=allowed), allowed)
    proposal = granted(looked)
    _show_plan(services, proposal)
    begun = partial(begin, services, proposal, allowed=allowed, **ignoring)
    answer = begun(confirm=confirm, as_frozen=True)
    if confirm is None and isinstance(answer, Refused) and answer.reason is Reason.UNCONFIRMED:
        answer = begun(confirm=_asked(proposal.plan))
    if isinstance(answer, Refused) and answer.reason is Reason.NOBODY:
        _refuse_for_nobody(services, slug, answer.error)
    if isinstance(answer, Refused) and answer.reason is Reason.ERRORS:
        _show_errors(proposal)
    begun_now = granted(answer)
    if begun_now.start is not None:
        show_put(slug, begun_now.start)
        return None
    return begun_now.mailing


def _show_ahead(
    services: "Services",
    proposal: "Proposal",
    *,
    allowed: "Overrides",
    ignoring: "Mapping[str, bool]",
    json: bool,
) -> None:
    """Show the plan, freeze nothing, and end as sending would."""
    from mailer.usecases.sending import explain_nobody, foresee_refusal

    slug = proposal.draft.slug
    nobody = explain_nobody(slug, proposal.plan)
    refused = foresee_refusal(services, proposal, allowed=allowed, **ignoring)
    if json:
        show_json(_plan_as_json(slug, proposal, nobody) | {"would_refuse": obstacles_as_json(services, slug)})
        if refused:
            raise typer.Exit(refused.error.exit_code)
        return
    _show_plan(services, proposal)
    _show_errors(proposal)
    say()
    say(msg("sending.was-dry-run"), "" if refused else "green")
    show_obstacles(services, slug)
    if nobody:
        _refuse_for_nobody(services, slug, nobody)
    if refused:
        raise refused.error


def run_mailing(services: "Services", mailing: int, *, slug: str, once: bool, by_time: bool = False) -> "Ended":
    """Send, showing how far it has come; Ctrl-C, SIGTERM and SIGHUP finish the messages in hand."""
    from mailer.cli.progress import showing_progress
    from mailer.usecases.carrying_on import carry_on, count_groups
    from mailer.usecases.sending import granted

    note(msg("sending.sending-now"))
    with (
        _stopping_on_signals() as stop,
        showing_progress(partial(count_groups, services, mailing)) as show,
    ):
        wait = partial(show.wait, slug=slug)
        answer = carry_on(services, mailing, stop=stop, once=once, by_time=by_time, on_progress=show, on_wait=wait)
        return granted(answer)


def show_ended(services: "Services", mailing: int, ended: "Ended") -> None:
    """Print the account, and end the process with the code that says how it went."""
    from mailer.usecases.accounts import read_account

    account = read_account(services, mailing)
    report = account.mailing
    if ended.note and ended.note != report.note:
        say()
        say(ended.note, "yellow")
    show_account(report, is_idle=account.is_idle)
    if ended.reason != "finished" or ended.counts.in_doubt:
        say()
        say(_ENDINGS[ended.reason](), "yellow")
        raise typer.Exit(ended.exit_code)
    if not report.counts.accepted:
        show_nobody_got_it(report)
        raise typer.Exit(ExitCode.REFUSED)
    say(_taken(report), "yellow" if ended.counts.has_lost_many else "green")
    if ended.counts.has_lost_many:
        say(msg("sending.lost-many", slug=report.slug), "yellow")
        raise typer.Exit(ExitCode.REFUSED)
    _show_what_waited(services, report.slug)
    _show_in_doubt_elsewhere(services, report.slug)


def _taken(report: "MailingReport") -> Message:
    accepted, lost = report.counts.accepted, report.counts.rejected + report.counts.expired
    if lost:
        return msg("sending.taken-but-lost", accepted=accepted, lost=lost)
    return msg("sending.taken", accepted=accepted)


def _show_in_doubt_elsewhere(services: "Services", slug: str) -> None:
    """Name those in doubt in an earlier mailing of the issue, left out here: a person must decide."""
    from mailer.usecases.accounts import doubtful

    earlier = sum(each.counts.in_doubt for each in doubtful(services, slug))
    if earlier:
        say()
        say(msg("sending.in-doubt-elsewhere", slug=slug, count=earlier), "yellow")
        hint(f"mailer status {slug} --in-doubt")
        raise typer.Exit(ExitCode.REFUSED)


def _show_what_waited(services: "Services", slug: str) -> None:
    """Name another mailing of the issue that waits to send again."""
    from mailer.usecases.accounts import find_unfinished

    if following := find_unfinished(services, slug):
        say()
        say(msg("sending.to-be-sent-again", slug=slug, count=following.counts.waiting), "yellow")
        hint(f"mailer resume {slug}")
        raise typer.Exit(ExitCode.TRY_AGAIN)


@contextmanager
def _stopping_on_signals() -> "Iterator[Event]":
    stop = Event()

    def ask_to_stop(*_: object) -> None:
        is_first = not stop.is_set()
        stop.set()
        if is_first:
            with suppress(RuntimeError):  # the signal came in the midst of printing
                note(msg("sending.finishing"))

    with handling_signals(ask_to_stop):
        yield stop


def _show_plan(services: "Services", proposal: "Proposal") -> None:
    from mailer.usecases.sending import estimate

    smtp, draft, proposed = services.settings.smtp, proposal.draft, proposal.plan
    takes = estimate(services, proposed.counts.waiting)
    begins, zone = (draft.start.at, draft.start.zone) if draft.start else (datetime.now(UTC), "")
    ends = format_hour(begins + takes, zone)
    frozen = proposed.mailing or draft
    say()
    say(msg("sending.plan", slug=draft.slug, subject=draft.subject), "bold")
    say()
    show_pairs(
        {
            **_whom_in_words(frozen),
            msg("sending.plan-content"): (draft.edition_hash or "")[:10],
            msg("sending.plan-variants"): _variants_in_words(proposed),
            msg("sending.plan-tested"): msg("sending.tested") if proposal.is_tested else msg("sending.not-tested"),
            msg("sending.plan-findings"): count_findings(proposal.findings),
            msg("sending.plan-pace"): msg(
                "sending.plan-takes",
                pace=_pace(smtp.messages_per_minute),
                takes=takes,
                time=ends,
            ),
            msg("sending.plan-server"): services.transport.address,
            **when_in_words(services, draft.start),
        }
    )
    say()
    show_equation(proposed.counts, terms=("queued",) if proposed.is_new else TERMS)
    _show_named(proposal)
    _show_elsewhere(proposed)
    _show_in_doubt_once(proposed, draft.slug)
    _show_came_back(proposed)
    _show_tried_again(proposed, draft.slug)
    show_times(services, proposal)
    if not proposed.is_new:
        say()
        say(msg("sending.goes-on-as-frozen"), "yellow")
        if proposed.content_changed:
            say(msg("sending.folder-has-changed"), "yellow")


def _whom_in_words(frozen: "MailingDraft | MailingReport") -> dict[str, str]:
    """The lists it goes to; of a resend that it goes to people who were named, and why."""
    if frozen.kind == "resend":
        return {
            msg("sending.plan-lists"): msg("sending.named-alone"),
            msg("sending.plan-reason"): frozen.reason,
        }
    return {msg("sending.plan-lists"): ", ".join(frozen.lists) or msg("sending.all-lists-chosen")}


def _pace(messages_per_minute: int) -> Message:
    if not messages_per_minute:
        return msg("sending.no-limit")
    return msg("sending.pace-a-minute", number=messages_per_minute)


def _show_named(proposal: "Proposal") -> None:
    """Name those it is sent to again, and where they have it."""
    if not proposal.plan.named:
        return
    say()
    say(msg("sending.again-to-these", count=len(proposal.plan.named)), "yellow")
    for each in proposal.plan.named:
        say(_place(each), label="  ")
    if proposal.is_other_edition:
        say(msg("sending.again-other-edition"), "yellow")


def _show_came_back(proposed: "Plan") -> None:
    """Count recipients who may have had the issue before they were erased."""
    if proposed.came_back:
        say()
        say(msg("sending.came-back", count=proposed.came_back), "yellow")


def _show_elsewhere(proposed: "Plan") -> None:
    """Name people who have the issue at an earlier address, so that none is left out unseen."""
    if many := proposed.many_elsewhere:
        _show_places(msg("sending.sent-elsewhere", count=many), [_place(each) for each in proposed.elsewhere], many)


def _show_in_doubt_once(proposed: "Plan", slug: str) -> None:
    """Name people who may lack the issue, and say how to send it to them, unless the refusal says so."""
    from mailer.usecases.sending import explain_nobody

    if many := proposed.many_in_doubt_once:
        _show_places(msg("sending.in-doubt-once", count=many), [_path(each) for each in proposed.in_doubt_once], many)
        nobody, how = explain_nobody(slug, proposed), msg("sending.again-to-one", slug=slug)
        if nobody is None or nobody.hint != how:
            say(how)


def _show_places(words: Message, places: Sequence[str], many: int) -> None:
    say()
    say(words, "yellow")
    for each in places:
        say(each, label="  ")
    if left_out := many - len(places):
        say(msg("sending.and-more", count=left_out), label="  ")


def _place(sent: "SentElsewhere") -> str:
    return _path(sent) if sent.status == "accepted" else msg("sending.place-in-doubt", place=_path(sent))


def _path(sent: "SentElsewhere") -> str:
    if sent.was_others:
        return msg("sending.address-of-others", address=sent.address)
    return " → ".join(dict.fromkeys(each for each in (sent.had_at, sent.address) if each))


def _show_tried_again(proposed: "Plan", slug: str) -> None:
    """Count the people whom an earlier mailing of the issue did not reach, for certain."""
    came_to = {status: number for status, number in proposed.again.items() if status != "cancelled"}
    for status, number in came_to.items():
        say()
        say(msg("sending.tried-again", count=number, status=name_status(status), slug=slug), "yellow")
    if came_to:
        show_commands([(f"mailer status {slug} --failed", msg("sending.who-and-why"))])


def _variants_in_words(proposed: "Plan") -> Message:
    if not proposed.is_new:
        return msg("sending.variants-as-frozen")
    number = len(proposed.variants)
    return msg("sending.count-variants", count=number) if number else msg("sending.no-variants")


def _refuse_for_nobody(services: "Services", slug: str, error: MailerError) -> NoReturn:
    """Show those in doubt, who may not have it, and raise the refusal."""
    from mailer.usecases.accounts import doubtful

    for each in doubtful(services, slug):
        show_account(each)
    raise error


def _plan_as_json(slug: str, proposal: "Proposal", nobody: MailerError | None) -> dict[str, object]:
    proposed = proposal.plan
    counts = proposed.counts
    return {
        "slug": slug,
        "content_hash": proposal.draft.content_hash,
        "edition_hash": proposal.draft.edition_hash,
        "tested": proposal.is_tested,
        "audience": counts.audience,
        "skipped": {reason: number for reason, number in counts.skipped.items() if number},
        **{term: getattr(counts, term) for term in TERMS},
        "recipients": proposed.recipients,
        "variants": proposed.variants,
        "at_earlier_address": proposed.many_elsewhere,
        "earlier_addresses": [each._asdict() for each in proposed.elsewhere],
        "in_doubt_once": proposed.many_in_doubt_once,
        "in_doubt_once_addresses": [each._asdict() for each in proposed.in_doubt_once],
        "came_back": proposed.came_back,
        "kind": proposal.draft.kind,
        "reason": proposal.draft.reason,
        "again_to": [each._asdict() for each in proposed.named],
        "other_edition": proposal.is_other_edition,
        "start_at": proposal.draft.start and proposal.draft.start.at,
        "newcomers": proposal.newcomers.number,
        "nobody": {"message": nobody.what, "hint": nobody.hint} if nobody else None,
    }


def _show_errors(proposal: "Proposal") -> None:
    if proposal.errors:
        show_findings(proposal.errors, folder=f"issues/{proposal.draft.slug}")


def _asked(proposed: "Plan") -> int | None:
    number = str(proposed.counts.waiting)  # as it is to be typed
    if proposed.is_new:
        question = msg("output.type-the-number", number=number)
        way_out = msg("output.confirm-in-scripts", number=str(proposed.recipients))
    else:
        question = msg("output.type-the-number-left", number=number)
        way_out = msg("output.confirm-frozen-in-scripts", number=str(proposed.recipients))
    say()
    try:
        answer = ask(question)
    except typer.Abort:
        raise MailerError(msg("output.nobody-to-type"), hint=way_out) from None
    digits = "".join(answer.split())  # people write 10 000
    return int(digits) if digits.isdigit() else None
