"""`mailer send --due` and `mailer unschedule`: what timers run, and taking a mailing back before its time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import msg
from mailer.cli.accounts import account_as_json, show_account
from mailer.cli.mailing import run_mailing
from mailer.cli.notices import telling_editor
from mailer.cli.obstacles import show_obstacles
from mailer.cli.options import Slug, services
from mailer.cli.output import confirm as agreed
from mailer.cli.output import note, say, show_json
from mailer.cli.streams import outliving_output
from mailer.cli.times import show_scheduled
from mailer.errors import ExitCode, MailerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mailer.bootstrap import Services
    from mailer.delivery.model import MailingReport
    from mailer.usecases.scheduling import Due

_FROM_GOOD_TO_BAD = (ExitCode.DONE, ExitCode.TRY_AGAIN, ExitCode.INPUT_OUTPUT, ExitCode.REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A mailing that was due: how its run ended, or why there was none."""

    mailing: "MailingReport"
    is_started: bool
    ended: str
    exit_code: ExitCode
    error: MailerError | None


def send_due(context: typer.Context, slug: str, *, json: bool) -> None:
    """Send what is due now, one mailing after the other, and end with the worst of their exit codes."""
    from mailer.usecases.scheduling import find_scheduled, start_due

    with outliving_output(), services(context) as workspace, telling_editor(workspace):
        done = [*_carry_on(workspace, start_due(workspace, slug))]
        if json:
            waiting = [_waiting_as_json(each) for each in find_scheduled(workspace, slug) if each.state == "planned"]
            show_json({"due": [_as_json(each) for each in done], "waiting": waiting})
        else:
            _show(workspace, slug, done)
    if code := worst(each.exit_code for each in done):
        raise typer.Exit(code)


def worst(codes: "Iterable[ExitCode]") -> ExitCode:
    """Return the worst of the exit codes of several mailings."""
    return max(codes, key=_FROM_GOOD_TO_BAD.index, default=ExitCode.DONE)


def _carry_on(workspace: "Services", found: "tuple[Due, ...]") -> "Iterator[_Done]":
    """Send each mailing until nothing is left for now; a signal ends all."""
    is_stopped = False
    for each in found:
        done = _refused(each) if each.refused else _sent(workspace, each) if not is_stopped else None
        if done is not None:
            is_stopped = is_stopped or done.ended == "stopped"
            yield done


def _refused(due: "Due") -> _Done | None:
    if due.refused is None:
        return None
    error = due.refused.error
    return _Done(mailing=due.mailing, is_started=False, ended="", exit_code=error.exit_code, error=error)


def _sent(workspace: "Services", due: "Due") -> _Done:
    from mailer.usecases.accounts import read_account

    number, slug = due.mailing.id, due.mailing.slug
    note(msg("schedule.starting", slug=slug) if due.is_started else msg("schedule.carrying-on", slug=slug))
    ended, error = "", None
    try:
        run = run_mailing(workspace, number, slug=slug, once=True, by_time=True)
        ended, code = str(run.reason), run.exit_code
    except MailerError as refused:
        error, code = refused, refused.exit_code
    mailing = read_account(workspace, number).mailing
    return _Done(mailing=mailing, is_started=due.is_started, ended=ended, exit_code=code, error=error)


def _show(workspace: "Services", slug: str, done: list[_Done]) -> None:
    for each in done:
        if each.error is None:
            show_account(each.mailing)
            continue
        say()
        say(msg("schedule.not-sent", slug=each.mailing.slug, why=each.error.what), "yellow")
        say(each.error.hint, "cyan")
    if not done:
        say(msg("schedule.nothing-due"))
        show_scheduled(workspace, slug)


def _as_json(done: _Done) -> dict[str, Any]:
    error = done.error
    return {
        **account_as_json(done.mailing),
        "started_now": done.is_started,
        "ended": done.ended,
        "exit_code": int(done.exit_code),
        "refused": {"message": str(error.what), "hint": str(error.hint)} if error else None,
    }


def _waiting_as_json(mailing: "MailingReport") -> dict[str, Any]:
    start = mailing.start
    return {"slug": mailing.slug, "start_at": start and start.at, "start_local": start and start.local}


def unschedule(
    context: typer.Context,
    slug: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a mailing back that waits for its time: nobody gets it, and the issue can be changed and planned anew.

    Example: `mailer unschedule 2023-12`
    """
    from mailer.usecases.scheduling import require_scheduled
    from mailer.usecases.scheduling import unschedule as take_back

    with services(context) as workspace:
        mailing = require_scheduled(workspace, slug)
        if not yes:
            yes = agreed(msg("schedule.really-take-back", count=mailing.counts.waiting, slug=slug))
        if not yes:
            raise typer.Exit(ExitCode.REFUSED)
        show_account(take_back(workspace, mailing.id))
        say(msg("schedule.cancelled-in-time"), "green")
        show_obstacles(workspace, slug)
