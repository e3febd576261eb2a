"""`mailer log`: what operators decided, and when."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import Message, msg
from mailer.cli.language import in_words
from mailer.cli.moments import format_moment, format_wall_time
from mailer.cli.options import Json, OptionalSlug, services
from mailer.cli.output import say, show_json, show_table
from mailer.cli.relay_words import outcomes_in_words
from mailer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.usecases.log import Decision


def log(
    context: typer.Context,
    slug: OptionalSlug = "",
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Only from this day on, such as 2023-12-01 or 01.12.2023.")
    ] = "",
    json: Json = False,
) -> None:
    """Show who did what: sent, paused, cancelled, imported, exported, erased, changed settings. Newest last.

    Nobody's address stands in it. What happened to one subscriber: `mailer subscribers show ADDRESS`

    Example: `mailer log 2023-12 --since 2023-12-01`
    """
    from mailer.usecases.log import read_log

    day = _parse_day(since) if since else None
    with services(context) as workspace:
        found = read_log(workspace, slug or None, since=day)
    if json:
        show_json({"decisions": [_as_json(each) for each in found]})
        return
    if not found:
        say(_nothing(slug, is_since=bool(since)))
        return
    columns = [msg("sending.log-when"), msg("sending.log-who"), msg("sending.log-issue"), msg("sending.log-what")]
    rows = [(format_moment(each.at), each.actor, each.slug or "", describe(each)) for each in found]
    show_table(columns, rows, folding=[3])


def _nothing(slug: str, *, is_since: bool) -> Message:
    if slug:
        return msg("sending.log-nothing-of-since", slug=slug) if is_since else msg("sending.log-nothing-of", slug=slug)
    return msg("sending.log-nothing-since") if is_since else msg("sending.log-nothing")


def _parse_day(text: str) -> datetime:
    """The beginning of a day where it is typed."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).astimezone()
    raise UsageError(msg("sending.no-day", text=text), hint=msg("sending.write-a-day"))


def _as_json(decision: "Decision") -> dict[str, Any]:
    return {
        "at": decision.at,
        "actor": decision.actor,
        "action": decision.action,
        "slug": decision.slug,
        "mailing": decision.mailing_id,
        "detail": decision.detail,
        "reason": decision.reason,
    }


def describe(decision: "Decision") -> Message:
    """Return a decision in a sentence without its subject."""
    words = _WORDS[decision.action](decision.detail)
    return msg("sending.log-and", what=words, more=decision.reason) if decision.reason else words


def _planned(detail: "Mapping[str, Any]") -> Message:
    number, audience, lists = detail["recipients"], detail["audience"], ", ".join(detail["lists"])
    if lists:
        words = msg("sending.log-planned-on", count=number, audience=audience, lists=lists)
    else:
        words = msg("sending.log-planned", count=number, audience=audience)
    if "local" in detail:
        words = msg("sending.log-and", what=words, more=_start(detail))
    return _with_what_was_allowed(words, detail)


def _start(detail: "Mapping[str, Any]") -> Message:
    return msg("schedule.log-start", start=format_wall_time(detail["local"], detail["zone"]))


def _with_what_was_allowed(words: Message, detail: "Mapping[str, Any]") -> Message:
    if errors := detail["ignored_findings"]:
        words = msg("sending.log-and", what=words, more=msg("sending.log-ignored-errors", count=errors))
    return msg("sending.log-and", what=words, more="--untested") if detail["untested"] else words


def _resolved(detail: "Mapping[str, Any]") -> Message:
    number = detail["number"]
    if detail.get("by") == "log":
        return msg("sending.log-settled-by-log", count=number, outcomes=outcomes_in_words(detail["outcomes"]))
    if detail["resolution"] == "accepted":
        named = msg("sending.log-accepted-named", count=number)
        return named if detail["named"] else msg("sending.log-accepted", count=number)
    named = msg("sending.log-resend-named", count=number)
    return named if detail["named"] else msg("sending.log-resend", count=number)


def _imported(detail: "Mapping[str, Any]") -> Message:
    lines = ", ".join(in_words(_LINES[what](count=number)) for what, number in detail["lines"].items())
    return msg("sending.log-imported", lines=lines, number=str(detail["number"]))


def _undone(detail: "Mapping[str, Any]") -> Message:
    return msg(
        "sending.log-undone",
        number=str(detail["number"]),
        people=msg("sending.count-people", count=detail["people"]),
        subscriptions=msg("sending.count-subscriptions", count=detail["subscriptions"]),
    )


def _exported(detail: "Mapping[str, Any]") -> Message:
    which = ", ".join(detail["lists"]) or detail["region"] or msg("sending.log-all-lists")
    statuses = ", ".join(in_words(_STATUSES[each]()) for each in detail["statuses"])
    return msg("sending.log-exported", count=detail["number"], which=which, statuses=statuses)


def _suppressed(detail: "Mapping[str, Any]") -> Message:
    number, scope, is_file = detail["number"], detail["scope"], detail.get("by") == "file"
    if scope == "all":
        by_file = msg("sending.log-suppressed-file", count=number)
        return by_file if is_file else msg("sending.log-suppressed", count=number)
    by_file = msg("sending.log-suppressed-on-file", count=number, list=scope)
    return by_file if is_file else msg("sending.log-suppressed-on", count=number, list=scope)


def _released(detail: "Mapping[str, Any]") -> Message:
    number, scope, is_file = detail["number"], detail["scope"], detail.get("by") == "file"
    if scope == "all":
        by_file = msg("sending.log-released-file", count=number)
        return by_file if is_file else msg("sending.log-released", count=number)
    by_file = msg("sending.log-released-on-file", count=number, list=scope)
    return by_file if is_file else msg("sending.log-released-on", count=number, list=scope)


def _erased(detail: "Mapping[str, Any]") -> Message:
    if detail["was_subscriber"]:
        return msg("sending.log-erased", count=detail["deliveries"])
    return msg("sending.log-erased-other", count=detail["deliveries"])


def _merged(detail: "Mapping[str, Any]") -> Message:
    moved, already = detail["moved"], detail["already"]
    return msg("sending.log-merged", list=detail["list"], into=detail["into"], moved=moved, already=already)


def _purged(detail: "Mapping[str, Any]") -> Message:
    return msg(
        "sending.log-purged",
        people=msg("sending.count-people", count=detail["people"]),
        deliveries=msg("sending.count-old-deliveries", count=detail["deliveries"]),
    )


def _restored(detail: "Mapping[str, Any]") -> Message:
    left, suppressed = msg("backup.left", count=detail["left"]), msg("backup.suppressed", count=detail["suppressed"])
    erased = msg("backup.erased", count=detail["erased"])
    if "made_at" not in detail:
        return msg("backup.log-reapplied", left=left, suppressed=suppressed, erased=erased)
    if not detail["made_at"]:
        return msg("backup.log-restored", left=left, suppressed=suppressed, erased=erased)
    moment = format_moment(datetime.fromisoformat(detail["made_at"]))
    return msg("backup.log-restored-of", moment=moment, left=left, suppressed=suppressed, erased=erased)


_LINES: "dict[str, Callable[..., Message]]" = {
    "new": partial(msg, "sending.log-lines-new"),
    "changed": partial(msg, "sending.log-lines-changed"),
    "leaves": partial(msg, "sending.log-lines-leaves"),
    "kept_out": partial(msg, "sending.log-lines-kept-out"),
}
_STATUSES: "dict[str, Callable[[], Message]]" = {
    "active": partial(msg, "sending.log-active"),
    "pending": partial(msg, "sending.log-pending"),
    "suppressed": partial(msg, "sending.log-suppressed-status"),
    "unsubscribed": partial(msg, "sending.log-unsubscribed"),
}
_WORDS: "dict[str, Callable[[Mapping[str, Any]], Message]]" = {
    "planned": _planned,
    "sent_again": lambda detail: _with_what_was_allowed(
        msg("sending.log-sent-again", count=detail["recipients"]), detail
    ),
    "started": lambda detail: msg("sending.log-started", count=detail["number"]),
    "continued": lambda detail: msg("sending.log-continued", count=detail["number"]),
    "scheduled": lambda detail: msg("sending.log-and", what=msg("schedule.log-scheduled"), more=_start(detail)),
    "at_once": lambda _: msg("schedule.log-at-once"),
    "unscheduled": lambda detail: msg("schedule.log-unscheduled", count=detail["number"]),
    "missed": lambda _: msg("schedule.log-missed"),
    "test_sent": lambda detail: msg("sending.log-test-sent", count=detail["number"]),
    "paused": lambda _: msg("sending.log-paused"),
    "resumed": lambda _: msg("sending.log-resumed"),
    "cancelled": lambda detail: msg("sending.log-cancelled", count=detail["number"]),
    "resolved": _resolved,
    "only_here": lambda _: msg("sending.log-only-here"),
    "other_keys": lambda detail: msg("sending.log-test-other-keys" if detail.get("test") else "sending.log-other-keys"),
    "imported": _imported,
    "import_undone": _undone,
    "exported": _exported,
    "suppressed": _suppressed,
    "released": _released,
    "moved": lambda detail: msg("sending.log-moved", subscriber=str(detail["subscriber"])),
    "lists_merged": _merged,
    "erased": _erased,
    "purged": _purged,
    "backed_up": lambda detail: msg("backup.log-backed-up", count=detail["people"]),
    "restored": _restored,
    "settings": lambda detail: msg("sending.log-settings", keys=", ".join(detail["changed"])),
}
