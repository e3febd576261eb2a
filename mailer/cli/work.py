"""`mailer work` and `mailer workers`: running by itself, and showing the workers."""

from dataclasses import asdict
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.moments import format_moment
from mailer.cli.options import Json, services
from mailer.cli.output import hint, note, say, show_json, show_table
from mailer.cli.scheduling import worst
from mailer.errors import ExitCode, MailerError, UsageError
from mailer.service_manager import READY, STOPPING, tell_manager
from mailer.stopping import end_undisturbed, handling_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.bootstrap import Services
    from mailer.catalogue import Message
    from mailer.usecases.working import DutyTime, Presence, SenderReport, WorkerReport
    from mailer.work.by_queue import QueueWorker
    from mailer.work.handlers import Handlers


def work(
    context: typer.Context,
    processes: Annotated[
        int,
        typer.Option(min=1, max=64, metavar="N", help="Senders of a mailing at a time, one a core; PostgreSQL only."),
    ] = 1,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end; for timers.")] = False,
) -> None:
    """Start mailings when their time comes, carry on those that nobody sends, and see to backups. Ctrl-C stops.

    Runs until Ctrl-C, SIGTERM or SIGHUP, and finishes the messages in hand then. On PostgreSQL any number of machines
    can run it at once: they share each mailing.

    Example: `mailer work`
    """
    from mailer.usecases.working import alone

    stop = Event()
    with services(context) as workspace:
        if processes > 1 and workspace.database.is_sqlite:
            raise UsageError(msg("work.one-process"), where="--processes", hint=msg("work.several-need-postgresql"))
        with alone(workspace), handling_signals(partial(_end, stop)):
            code = _work(workspace, _options(context, workspace), stop, processes=processes, once=once)
    end_undisturbed()
    if code:
        raise typer.Exit(code)


def _end(stop: Event, *_: object) -> None:
    stop.set()
    tell_manager(STOPPING)


def _work(workspace: "Services", options: "Sequence[str]", stop: Event, *, processes: int, once: bool) -> ExitCode:
    from mailer.work.by_looking import LookingWorker
    from mailer.work.handlers import Handlers

    handlers = Handlers(workspace, processes=processes, say=note, options=options)
    looking = LookingWorker(handlers, is_alone=workspace.database.is_sqlite)
    try:
        if once:
            return worst(map(_known, looking.run_once(stop)))
        worker = looking if workspace.database.is_sqlite else _queue_worker(handlers)
        note(msg("work.begins", database=workspace.database.place))
        tell_manager(READY)
        worker.run(stop)
    finally:
        handlers.leave()
    say(msg("work.ended"))
    return ExitCode.DONE


def workers(context: typer.Context, json: Json = False) -> None:
    """Show who is there to send by itself, on which machine, and what each does; and when duties are due.

    Sends nothing. Example: `mailer workers --json`
    """
    from mailer.usecases.working import read_presence

    with services(context) as workspace:
        found = read_presence(workspace)
    if json:
        show_json(_as_json(found))
        return
    _show_workers(found)
    if found.senders:
        say()
        _show_senders(found)
    if found.duties:
        say()
        columns = (msg("work.duty"), msg("work.due"), msg("work.last-done"), msg("work.went-wrong"))
        show_table(columns, [_duty_row(each) for each in found.duties], folding=(3,))


def _show_workers(found: "Presence") -> None:
    if not found.workers:
        say(msg("work.nobody-is-there"))
        hint("mailer work")
        return
    columns = (msg("work.machine"), msg("work.process"), msg("work.version"), msg("work.processes"), msg("work.since"))
    rows = [(*_place(each), each.processes, format_moment(each.started_at), _does(each)) for each in found.workers]
    show_table((*columns, msg("work.does")), rows, right=(3,), folding=(5,))


def _show_senders(found: "Presence") -> None:
    columns = (msg("work.sends"), msg("work.machine"), msg("work.process"), msg("work.version"), msg("work.since"))
    show_table(columns, [(each.slug, *_place(each), format_moment(each.started_at)) for each in found.senders])


def _place(found: "WorkerReport | SenderReport") -> tuple[str, str, str]:
    return found.host, str(found.pid), found.version


def _does(worker: "WorkerReport") -> "Message | tuple[str, ...]":
    """Say what a worker does, or that it has shown no sign of life."""
    if not worker.is_alive:
        return msg("work.is-silent", silent=worker.silent)
    return worker.doing or msg("work.waits")


def _duty_row(duty: "DutyTime") -> tuple[str, str, str, str]:
    done = format_moment(duty.last_ok_at) if duty.last_ok_at else ""
    return duty.name, format_moment(duty.due_at), done, duty.last_error


def _as_json(found: "Presence") -> dict[str, object]:
    return {
        "workers": [
            {**asdict(each), "silent": round(each.silent.total_seconds(), 1), "alive": each.is_alive}
            for each in found.workers
        ],
        "senders": [each._asdict() for each in found.senders],
        "duties": [each._asdict() for each in found.duties],
    }


def _queue_worker(handlers: "Handlers") -> "QueueWorker":
    try:
        from mailer.work.by_queue import QueueWorker
    except ModuleNotFoundError as error:
        hint = msg("settings.install-driver", command="pip install 'helsefellesskap-mailer[postgresql]'")
        raise MailerError(msg("work.no-library", name=error.name or ""), hint=hint) from error
    return QueueWorker(handlers)


def _known(code: int) -> ExitCode:
    """Return the exit code of a sender; one that was killed or broken off is to be tried again."""
    return ExitCode(code) if code in {0, 1, 74} else ExitCode.TRY_AGAIN


def _options(context: typer.Context, workspace: "Services") -> list[str]:
    """Return what stands before the command of each sender."""
    return ["--config", str(workspace.settings.file), "--log", context.find_root().params["log"].value]
