"""`mailer notices`, and the notices that commands send when they have done."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import Message, msg
from mailer.cli.language import in_words
from mailer.cli.moments import format_moment
from mailer.cli.options import Json, services
from mailer.cli.output import note, say, show_json, show_table
from mailer.errors import ExitCode, MailerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.bootstrap import Services
    from mailer.usecases.notifying import Notice, Told

_WAYS: Mapping[str, Callable[[], Message]] = {
    "mail": partial(msg, "notices.way-mail"),
    "webhook": partial(msg, "notices.way-webhook"),
}
_EVENTS: Mapping[str, Callable[[], Message]] = {
    "finished": partial(msg, "notices.event-finished"),
    "paused": partial(msg, "notices.event-paused"),
    "missed": partial(msg, "notices.event-missed"),
    "in_doubt": partial(msg, "notices.event-in-doubt"),
    "test": partial(msg, "notices.event-test"),
}
_STATES: Mapping[str, Callable[[], Message]] = {
    "waiting": partial(msg, "notices.state-waiting"),
    "in_flight": partial(msg, "notices.state-in-flight"),
    "sent": partial(msg, "notices.state-sent"),
    "failed": partial(msg, "notices.state-failed"),
    "in_doubt": partial(msg, "notices.state-in-doubt"),
    "void": partial(msg, "notices.state-void"),
}


def notices(
    context: typer.Context,
    send: Annotated[bool, typer.Option("--send", help="Send now what waits, and what was given up.")] = False,
    test: Annotated[
        bool, typer.Option("--test", help="Send a test by each way that is set, and show the answers.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what the editor was told of mailings in the last 90 days: finished, paused, missed, in doubt. Newest last.

    `[notices] to` and `[notices] webhook` in config.toml say where notices go. Nobody's address or name is in them.

    Example: `mailer notices --test`
    """
    from mailer.usecases.notifying import read_notices, send_now, send_trial

    if send and test:
        raise UsageError(msg("notices.send-or-test"), hint=msg("notices.one-after-the-other"))
    with services(context) as workspace:
        if send or test:
            _require_way(workspace)
            told = send_trial(workspace) if test else send_now(workspace)
            _show_told(told, json=json)
            _end_as(told, is_test=test)
        else:
            _show_list(read_notices(workspace), json=json)


def _require_way(workspace: "Services") -> None:
    from mailer.usecases.notifying import find_ways

    if not find_ways(workspace):
        raise MailerError(msg("notices.no-way"), where="[notices]", hint=msg("notices.set-a-way"))


def _show_told(told: "Sequence[Told]", *, json: bool) -> None:
    if json:
        show_json({"notices": [_as_json(each.notice) | _came_to(each) for each in told]})
        return
    if not told:
        say(msg("notices.nothing-to-send"))
    for each in told:
        say(_in_words(each), "green" if each.state == "sent" else "yellow")


def _end_as(told: "Sequence[Told]", *, is_test: bool) -> None:
    """End with 75 when something is tried again, with 1 when a person should look."""
    states = {each.state.value for each in told} - {"sent"}
    if states:
        raise typer.Exit(ExitCode.TRY_AGAIN if states == {"waiting"} and not is_test else ExitCode.REFUSED)


def _in_words(told: "Told") -> Message:
    way, subject = _WAYS[told.notice.way](), told.subject
    if told.state == "sent":
        return msg("notices.told-sent", way=way, subject=subject)
    if told.state == "in_doubt":
        return msg("notices.told-in-doubt", way=way, subject=subject)
    if told.notice.event == "test":
        return msg("notices.told-refused", way=way, why=told.words)
    if told.state == "waiting":
        return msg("notices.told-waiting", way=way, why=told.words)
    return msg("notices.told-failed", way=way, why=told.words)


def _show_list(found: "Sequence[Notice]", *, json: bool) -> None:
    if json:
        show_json({"notices": [_as_json(each) for each in found]})
        return
    if not found:
        say(msg("notices.none"))
        return
    columns = [msg("notices.when"), msg("notices.issue"), msg("notices.what"), msg("notices.way")]
    show_table([*columns, msg("notices.state"), msg("notices.answer")], map(_row, found), folding=[5])


def _row(notice: "Notice") -> tuple[object, ...]:
    state, way, event = _STATES[notice.state](), _WAYS[notice.way](), _EVENTS[notice.event]()
    return format_moment(notice.created_at), notice.slug, event, way, state, in_words(notice.reply)


def _as_json(notice: "Notice") -> dict[str, Any]:
    return {
        "at": notice.created_at,
        "slug": notice.slug,
        "mailing": notice.mailing_id,
        "event": notice.event,
        "way": notice.way,
        "detail": notice.detail,
        "state": notice.state,
        "attempts": notice.attempts,
        "due_at": notice.due_at if notice.state == "waiting" else None,
        "sent_at": notice.sent_at,
        "reply": notice.reply,
    }


def _came_to(told: "Told") -> dict[str, Any]:
    return {"state": told.state, "reply": str(told.words)}


@contextmanager
def telling_editor(workspace: "Services") -> Iterator[None]:
    """Send the notices that are due when a command has done, however it ends but by Ctrl-C.

    What fails then is said, and changes nothing of how the command ends.
    """
    try:
        yield
    except Exception as error:
        _tell(workspace, has_failed=isinstance(error, MailerError))
        raise
    _tell(workspace)


def _tell(workspace: "Services", *, has_failed: bool = False) -> None:
    """Send the notices that are due; a command that `has_failed` has said already why these may not go either."""
    from mailer.usecases.notifying import deliver_due

    if not workspace.has_database:
        return
    try:
        for each in deliver_due(workspace):
            note(_in_words(each))
    except MailerError as error:
        if not has_failed:
            note(msg("notices.not-now", why=error.what))
