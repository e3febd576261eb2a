"""`mailer test-send`, `send`, `status`, `pause`, `resume`, `cancel` and `resolve`: the mailing and its account."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import Message, msg
from mailer.cli.accounts import as_json, by_issue, show_account, show_accounts
from mailer.cli.mailing import run_mailing, show_ended, start_mailing
from mailer.cli.notices import telling_editor
from mailer.cli.obstacles import OnlyHere, OtherKeys, asking_where, obstacles_as_json, show_obstacles
from mailer.cli.options import Json, ListNames, OptionalSlug, Slug, services
from mailer.cli.output import confirm as agreed
from mailer.cli.output import hint, say, show_json
from mailer.cli.scheduling import send_due
from mailer.cli.streams import outliving_output
from mailer.cli.times import show_changed_rules, show_waiting
from mailer.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.usecases.sending_again import Again
    from mailer.usecases.testing import TestSent

To = Annotated[list[str], typer.Option("--to", metavar="ADDRESS", help="Who gets it; may be given several times.")]
Once = Annotated[
    bool, typer.Option("--once", help="Do not wait for deferred deliveries; exit code 75 when some remain.")
]


def send_test(
    context: typer.Context,
    slug: Slug,
    to: To,
    as_: Annotated[str, typer.Option("--as", metavar="ADDRESS", help="Show it as this subscriber gets it.")] = "",
    other_keys: OtherKeys = False,
) -> None:
    """Send the issue, marked TEST, to addresses on `test_recipients` in config.toml. `send` asks for it first.

    Links in it change nothing.

    Example: `mailer test-send 2023-12 --to redaksjon@nyhetsbrev.example`
    """
    from mailer.usecases.state import Overrides
    from mailer.usecases.testing import send_tests

    with services(context) as workspace:
        sent = send_tests(workspace, slug, to=to, as_=as_ or None, allowed=Overrides(other_keys=other_keys))
    for each in sent:
        say(_answer_to(each), "green" if each.is_accepted else "red")
    if not all(each.is_accepted for each in sent):
        raise typer.Exit(ExitCode.REFUSED)
    hint(f"mailer send {slug}")


def _answer_to(test: "TestSent") -> Message:
    to, answer = test.recipient, test.answer
    if isinstance(answer, Message):
        return msg("sending.test-lost", to=to, why=answer)
    if test.is_accepted:
        return msg("sending.test-taken", to=to, reply=answer)
    return msg("sending.test-refused", to=to, reply=answer)


def send(
    context: typer.Context,
    slug: Slug = "",
    list_: ListNames = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    confirm: Annotated[
        int | None, typer.Option("--confirm", metavar="N", help="The number of recipients, for scripts.", min=0)
    ] = None,
    untested: Annotated[bool, typer.Option("--untested", help="Send although this edition was not test-sent.")] = False,
    ignore_findings: Annotated[
        bool, typer.Option("--ignore-findings", help="Send in spite of errors; the mailing remembers it.")
    ] = False,
    again_to: Annotated[
        list[str] | None,
        typer.Option("--again-to", metavar="ADDRESS", help="Send it once more to this person, and to nobody else."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why it is sent again; kept in the log, without addresses.")
    ] = "",
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help='Freeze it now and send it then, as "2026-12-01 08:00".')
    ] = "",
    due: Annotated[
        bool, typer.Option("--due", help="Send what is due now and end, for timers; all issues without SLUG.")
    ] = False,
    once: Once = False,
    only_here: OnlyHere = False,
    other_keys: OtherKeys = False,
    json: Json = False,
) -> None:
    """Show the plan, ask for the number of recipients, freeze the mailing and send it. Nobody gets it twice.

    Run it again to continue a mailing that was interrupted. `--json` goes with `--dry-run` and `--due`.
    Example: `mailer send 2023-12 --dry-run`

    At a time: `mailer send 2023-12 --at "2026-12-01 08:00"`, with `mailer send --due` on a timer.

    Once more to one who has it: `mailer send 2023-12 --again-to kari@kommune.example --reason "deleted by mistake"`
    """
    from mailer.usecases.state import Overrides

    if due:
        others = (list_, dry_run, confirm is not None, untested, ignore_findings, again_to, reason, at, once)
        if any((*others, only_here, other_keys)):
            raise typer.BadParameter(msg("schedule.due-stands-alone"), param_hint="--due")
        send_due(context, slug, json=json)
        return
    if not slug:
        context.fail(msg("typer.missing-argument", name="'SLUG'"))
    again = _again(again_to or [], reason, lists=list_ or [])
    with (
        outliving_output(),
        services(context) as workspace,
        nullcontext() if dry_run else telling_editor(workspace),
    ):
        mailing = start_mailing(
            workspace,
            slug,
            lists=list_ or [],
            again=again,
            at=at,
            dry_run=dry_run,
            confirm=confirm,
            untested=untested,
            ignore_findings=ignore_findings,
            allowed=Overrides(only_here=only_here, other_keys=other_keys),
            json=json,
        )
        if mailing is not None:
            show_ended(workspace, mailing, run_mailing(workspace, mailing, slug=slug, once=once))


def _again(addresses: "Sequence[str]", reason: str, *, lists: "Sequence[str]") -> "Again | None":
    """Return whom it is sent to again, and why; None when it goes to the lists."""
    from mailer.usecases.sending_again import Again, require_reason

    if not addresses:
        if reason:
            raise typer.BadParameter(msg("sending.reason-goes-with-again"), param_hint="--reason")
        return None
    if lists:
        raise typer.BadParameter(msg("sending.again-goes-to-named"), param_hint="--list")
    return Again(addresses=tuple(addresses), reason=require_reason(reason))


def status(
    context: typer.Context,
    slug: OptionalSlug = "",
    failed: Annotated[bool, typer.Option("--failed", help="List who has not got it by now, and why.")] = False,
    in_doubt: Annotated[bool, typer.Option("--in-doubt", help="List those nobody knows about.")] = False,
    json: Json = False,
) -> None:
    """Show what became of every recipient: the equation of each mailing, and of an issue's together. Sends nothing.

    Example: `mailer status 2023-12 --in-doubt`
    """
    from mailer.usecases.accounts import count_people, read_accounts

    with services(context) as workspace:
        accounts = read_accounts(workspace, slug or None, failed=failed, in_doubt=in_doubt)
        issues = [each for each, of_issue in by_issue(accounts).items() if json or len(of_issue) > 1]
        together = {each: count_people(workspace, each) for each in issues}
        if json:
            account = as_json(slug or None, accounts, together, with_people=failed or in_doubt)
            show_json(account | {"would_refuse": obstacles_as_json(workspace, slug)})
            return
        show_accounts(accounts, together, failed=failed, in_doubt=in_doubt)
        for each in accounts:
            show_changed_rules(each.mailing)
        if not accounts:
            _show_nothing(slug)
        show_obstacles(workspace, slug)


def _show_nothing(slug: str) -> None:
    if slug:
        say(msg("sending.nothing-of-issue", slug=slug))
        hint(f"mailer send {slug} --dry-run")
    else:
        say(msg("sending.nothing-at-all"))
        hint("mailer send SLUG --dry-run")


def pause(context: typer.Context, slug: Slug) -> None:
    """Have a mailing stop after the message in hand, from any terminal; within 5 seconds.

    Example: `mailer pause 2023-12`
    """
    from mailer.usecases.deciding import pause as stop_senders

    with services(context) as workspace, telling_editor(workspace):
        stop_senders(workspace, slug)
        show_obstacles(workspace, slug)
        say(msg("sending.now-paused", slug=slug), "yellow")
        hint(f"mailer resume {slug}")


def resume(
    context: typer.Context,
    slug: Slug,
    once: Once = False,
    only_here: OnlyHere = False,
    other_keys: OtherKeys = False,
) -> None:
    """Clear a pause and go on sending here.

    Example: `mailer resume 2023-12`
    """
    from mailer.usecases.deciding import resume as clear_pause
    from mailer.usecases.sending import granted
    from mailer.usecases.state import Overrides

    with outliving_output(), services(context) as workspace, telling_editor(workspace):
        allowed = Overrides(only_here=only_here, other_keys=other_keys)
        cleared, _ = asking_where(lambda allowed: clear_pause(workspace, slug, allowed=allowed), allowed)
        found = granted(cleared)
        if found.waits_for_start:
            show_waiting(found)
            return
        show_ended(workspace, found.id, run_mailing(workspace, found.id, slug=slug, once=once))


def cancel(
    context: typer.Context,
    slug: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop a mailing for good: who has not had it will not get it. What was sent cannot be taken back.

    Example: `mailer cancel 2023-12`
    """
    from mailer.usecases.deciding import cancel as stop_for_good
    from mailer.usecases.deciding import require_unfinished

    with services(context) as workspace:
        mailing = require_unfinished(workspace, slug)
        if not yes:
            yes = agreed(msg("sending.really-cancel", count=mailing.counts.waiting, slug=slug))
        if not yes:
            raise typer.Exit(ExitCode.REFUSED)
        show_account(stopped := stop_for_good(workspace, mailing.id))
        if stopped.started_at is None:
            say(msg("schedule.cancelled-in-time"), "green")
        show_obstacles(workspace, slug)


def resolve(
    context: typer.Context,
    slug: Slug,
    accepted: Annotated[bool, typer.Option("--accepted", help="Count them as delivered.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Send again; the reader may get two.")] = False,
    by_log: Annotated[
        list[str] | None,
        typer.Option(
            "--by-log",
            metavar="FILE",
            help="Count as delivered what this log of the mail server shows it has taken; - for standard input.",
        ),
    ] = None,
    to: Annotated[list[str] | None, typer.Option("--to", metavar="ADDRESS", help="Only these addresses.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --by-log: only show what the log says.")] = False,
    confirm: Annotated[
        int | None, typer.Option("--confirm", metavar="N", help="With --by-log: how many, for scripts.", min=0)
    ] = None,
    json: Json = False,
) -> None:
    """Decide on deliveries in doubt: the server took the mail and vanished before it answered.

    Example: `mailer resolve 2023-12 --by-log /var/log/mail.log`
    """
    from mailer.cli.settling import resolved_as_json, settle_by_log, show_resolved
    from mailer.delivery.model import Resolution
    from mailer.usecases.deciding import resolve as settle

    if [accepted, resend, bool(by_log)].count(True) != 1:
        raise typer.BadParameter(msg("sending.choose-a-resolution"), param_hint="--accepted / --resend / --by-log")
    if not by_log and (dry_run or confirm is not None):
        raise typer.BadParameter(msg("sending.goes-with-by-log"), param_hint="--dry-run / --confirm")
    with services(context) as workspace:
        if by_log:
            settle_by_log(workspace, slug, by_log, to=to, dry_run=dry_run, confirm=confirm, json=json)
            return
        decision = Resolution.ACCEPTED if accepted else Resolution.RESEND
        settled = settle(workspace, slug, decision, to=to)
        if json:
            show_json(resolved_as_json(slug, settled))
        else:
            show_obstacles(workspace, slug)
            show_resolved(workspace, slug, settled, resend=resend)
    if to and not settled.number:
        raise typer.Exit(ExitCode.REFUSED)
