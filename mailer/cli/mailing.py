"""Sending on screen: the plan before, progress during, the account after."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import typer

from mailer.catalogue import msg
from mailer.cli.accounts import TERMS, show_account, show_equation
from mailer.cli.findings import count_findings, show_findings
from mailer.cli.options import today
from mailer.cli.output import (
    ask,
    format_duration,
    format_value,
    hint,
    note,
    say,
    show_commands,
    show_json,
    show_pairs,
)
from mailer.errors import ExitCode, MailerError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.delivery.dispatch import Ended
    from mailer.delivery.model import MailingReport
    from mailer.delivery.planning import Plan
    from mailer.usecases.sending import Proposal

_ENDINGS = {
    "finished": "All is sent, but nobody knows whether some of it arrived: a person must decide.",
    "deferred": "The server asked to come back later for some: run the same command again in five minutes or more. "
    "(Without --once it waits for them itself.)",
    "resting": "The server puts everybody off and is left alone: run the same command again in five minutes or more. "
    "(Without --once it rests and asks again itself.)",
    "stopped": "Stopped as asked; the messages in hand were finished.",
    "paused": "Paused; the messages in hand were finished.",
    "cancelled": "The mailing was cancelled.",
    "server_away": "The mail server is away; who has not had it yet stays queued. The content is frozen: changes in "
    "the folder are not sent unless you cancel the mailing.",
    "refused": "Stopped and paused: the server refuses, and somebody must put that right first.",
    "breaker": "Stopped and paused: too many are in doubt, and somebody must look at the server first.",
}
_WHY = "See why with mailer status {0} --failed; mailer send {0} tries those rejected anew."


def start_mailing(
    services: "Services",
    slug: str,
    *,
    lists: Sequence[str],
    dry_run: bool,
    confirm: int | None,
    untested: bool,
    ignore_findings: bool,
    json: bool,
) -> int | None:
    """Show the plan and, when a person agrees, freeze it; returns the mailing to send, None when there is none."""
    from mailer.usecases.sending import Reason, Refused, begin, granted, look_ahead, propose

    if json and not dry_run:
        raise typer.BadParameter("goes with --dry-run; afterwards: mailer status SLUG --json", param_hint="--json")
    look = look_ahead if dry_run else propose
    proposal = granted(look(services, slug, lists=lists, today=today()))
    if json:
        show_json(_plan_as_json(slug, proposal))
        return None
    _show_plan(services, proposal)
    if dry_run:
        _show_errors(proposal)
        say("\nThis was a dry run: nothing was planned or sent.", "green")
        return None
    begun = partial(begin, services, proposal, allow_untested=untested, ignore_findings=ignore_findings)
    answer = begun(confirm=confirm, as_frozen=True)
    if confirm is None and isinstance(answer, Refused) and answer.reason is Reason.UNCONFIRMED:
        answer = begun(confirm=_asked(proposal.plan))
    if isinstance(answer, Refused) and answer.reason is Reason.NOBODY:
        _show_nobody_left(services, proposal)
        return None
    if isinstance(answer, Refused) and answer.reason is Reason.ERRORS:
        _show_errors(proposal)
    return granted(answer).mailing


def run_mailing(services: "Services", mailing: int, *, once: bool) -> "Ended":
    """Send, showing how far it has come; Ctrl-C and SIGTERM finish the messages in hand."""
    from mailer.cli.progress import showing_progress
    from mailer.usecases.sending import carry_on, count_groups, granted

    note("Sending. Ctrl-C finishes the messages in hand; the same command goes on later.")
    with (
        _stopping_on_signals() as stop,
        showing_progress(partial(count_groups, services, mailing)) as show,
    ):
        return granted(carry_on(services, mailing, stop=stop, once=once, on_progress=show))


def show_ended(services: "Services", mailing: int, ended: "Ended") -> None:
    """Print the account, and end the process with the code that says how it went."""
    from mailer.usecases.accounts import read_account

    account = read_account(services, mailing)
    report = account.mailing
    if ended.note and ended.note != report.note:
        say(f"\n{ended.note}", "yellow")
    show_account(report, is_idle=account.is_idle)
    if ended.reason != "finished" or ended.counts.in_doubt:
        say(f"\n{_ENDINGS[ended.reason]}", "yellow")
        raise typer.Exit(ended.exit_code)
    if not report.counts.accepted:
        _show_nobody_got_it(report)
        raise typer.Exit(ExitCode.REFUSED)
    lost = report.counts.rejected + report.counts.expired
    taken = f"The mail server has taken {format_value(report.counts.accepted)}"
    colour = "yellow" if ended.has_lost_many else "green"
    say(taken + (f"; {format_value(lost)} will not get it" if lost else "") + ". Everybody is accounted for.", colour)
    if ended.has_lost_many:
        say(f"More than 2 % did not get it. {_WHY.format(report.slug)}", "yellow")
        raise typer.Exit(ExitCode.REFUSED)
    _show_what_waited(services, report.slug)
    _show_in_doubt_elsewhere(services, report.slug)


def _show_in_doubt_elsewhere(services: "Services", slug: str) -> None:
    """Name those in doubt in an earlier mailing of the issue, left out here: a person must decide."""
    from mailer.usecases.accounts import doubtful

    earlier = sum(each.counts.in_doubt for each in doubtful(services, slug))
    if earlier:
        who = "is one recipient" if earlier == 1 else f"are {format_value(earlier)} recipients"
        say(f"\nFrom an earlier mailing of {slug} there {who} in doubt: a person must decide.", "yellow")
        hint(f"mailer status {slug} --in-doubt")
        raise typer.Exit(ExitCode.REFUSED)


def _show_what_waited(services: "Services", slug: str) -> None:
    """Name another mailing of the issue that waits to send again."""
    from mailer.usecases.accounts import find_unfinished

    if following := find_unfinished(services, slug):
        say(f"\n{format_value(following.counts.waiting)} in another mailing of {slug} are to be sent again.", "yellow")
        hint(f"mailer resume {slug}")
        raise typer.Exit(ExitCode.TRY_AGAIN)


def _show_nobody_got_it(report: "MailingReport") -> None:
    slug, counts = report.slug, report.counts
    if not (counts.rejected or counts.expired):
        say("Nobody got it: since it was planned, everybody has become one of those skipped.", "red")
        say(
            f"If that cannot be right: mailer lists shows who is on the lists, mailer send {slug} plans anew.", "yellow"
        )
        return
    why = "did not take it in time" if counts.expired else "refused every recipient"
    say(f"Nobody got it: the server {why}.", "red")
    say(_WHY.format(slug), "yellow")


@contextmanager
def _stopping_on_signals() -> "Iterator[Event]":
    stop = Event()

    def ask_to_stop(*_: object) -> None:
        if not stop.is_set():
            note("Finishing the messages in hand …")
        stop.set()

    before = {each: signal.signal(each, ask_to_stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _show_plan(services: "Services", proposal: "Proposal") -> None:
    from mailer.usecases.sending import estimate

    smtp, draft, proposed = services.settings.smtp, proposal.draft, proposal.plan
    takes = estimate(services, proposed.counts.waiting)
    ends = datetime.now().astimezone() + takes
    pace = f"{smtp.messages_per_minute} a minute" if smtp.messages_per_minute else "no limit"
    say(f"\nPlan  {draft.slug}  {draft.subject}\n", "bold")
    show_pairs(
        {
            "Lists": ", ".join(proposed.mailing.lists if proposed.mailing else draft.lists) or "all",
            "Edition (hash)": (draft.edition_hash or "")[:10],
            "Variants": _variants_in_words(len(proposed.variants)),
            "Test-sent": "yes, this edition" if proposal.is_tested else "no",
            "Findings": count_findings(proposal.findings),
            "Pace": f"{pace}: if the server keeps up, {format_duration(takes)}; ends about {ends:%H:%M %Z}",
            "Server": services.transport.address,
        }
    )
    say()
    show_equation(proposed.counts, terms=("queued",) if proposed.is_new else TERMS)
    _show_elsewhere(proposed)
    _show_tried_again(proposed, draft.slug)
    if not proposed.is_new:
        say("\nThis continues an unfinished mailing with the content that was frozen then.", "yellow")
        if proposed.content_changed:
            say("The issue, a template or the settings have changed since; the changes are not sent.", "yellow")


def _show_elsewhere(proposed: "Plan") -> None:
    """Name people who have the issue at an earlier address, so that none is left out unseen."""
    many = proposed.many_elsewhere
    if not many:
        return
    have = "has" if many == 1 else "have"
    say(f"\n{format_value(many)} of those already sent {have} it at an earlier address:", "yellow")
    for each in proposed.elsewhere:
        where = (
            f"{each.address}, when that was somebody else's" if each.was_others else f"{each.had_at} → {each.address}"
        )
        say(f"  {where}" + ("" if each.status == "accepted" else "  (in doubt)"))
    if left_out := many - len(proposed.elsewhere):
        say(f"  and {format_value(left_out)} more")


def _show_tried_again(proposed: "Plan", slug: str) -> None:
    """Count the people whom an earlier mailing of the issue did not reach, for certain."""
    came_to = {status: number for status, number in proposed.again.items() if status != "cancelled"}
    for status, number in came_to.items():
        say(f"\nTried again: {number} of those queued, {status} in an earlier mailing of {slug}.", "yellow")
    if came_to:
        show_commands([(f"mailer status {slug} --failed", "who, and what the server said")])


def _variants_in_words(number: int) -> str:
    if number > 1:
        return f"{number} versions for readers' own helsefellesskap and language"
    return "one version for everybody" if number else "as frozen"


def _show_nobody_left(services: "Services", proposal: "Proposal") -> None:
    from mailer.usecases.accounts import doubtful

    if not proposal.plan.counts.audience:
        say("\nNobody is on these lists. Nothing was planned.", "yellow")
        hint("mailer subscribers import FILE --basis TEXT")
        return
    say("\nNobody is left to send to. Nothing was planned.", "green")
    in_doubt = doubtful(services, proposal.draft.slug)
    for each in in_doubt:
        show_account(each)
    if in_doubt:
        raise typer.Exit(ExitCode.REFUSED)


def _plan_as_json(slug: str, proposal: "Proposal") -> dict[str, object]:
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
