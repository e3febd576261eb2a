"""`mailer log`: what operators decided, and when."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.options import Json, OptionalSlug, services
from mailer.cli.output import format_count, format_moment, format_value, say, show_json, show_table
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
        say(f"Nothing is written down{f' of {slug}' if slug else ''}{' since then' if since else ''}.")
        return
    rows = [(format_moment(each.at), each.actor, each.slug or "", in_words(each)) for each in found]
    show_table(["When", "Who", "Issue", "What"], rows, folding=[3])


def _parse_day(text: str) -> datetime:
    """The beginning of a day where it is typed."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).astimezone()
    raise UsageError(f"{text!r} is no day", hint="Write --since 2023-12-01 or --since 01.12.2023")


def _as_json(decision: "Decision") -> dict[str, Any]:
    return {
        "at": decision.at,
        "actor": decision.actor,
        "action": decision.action,
        "slug": decision.slug,
        "mailing": decision.mailing_id,
        "detail": decision.detail,
    }


def in_words(decision: "Decision") -> str:
    """Return a decision in a sentence without its subject."""
    return _WORDS[decision.action](decision.detail)


def _people(number: int) -> str:
    return format_count(number, "recipient", "recipients")


def _planned(detail: "Mapping[str, Any]") -> str:
    words = f"planned it for {_people(detail['recipients'])} of {format_value(detail['audience'])}"
    words += f" on {', '.join(detail['lists'])}" if detail["lists"] else ""
    if errors := detail["ignored_findings"]:
        words += f"; in spite of {format_count(errors, 'error', 'errors')}"
    return words + ("; --untested" if detail["untested"] else "")


def _resolved(detail: "Mapping[str, Any]") -> str:
    doubtful = format_count(detail["number"], "delivery", "deliveries")
    way = "counted as delivered" if detail["resolution"] == "accepted" else "to be sent again"
    return f"settled {doubtful} in doubt: {way}" + (" (named by address)" if detail["named"] else "")


def _imported(detail: "Mapping[str, Any]") -> str:
    lines = ", ".join(f"{format_value(number)} {what.replace('_', ' ')}" for what, number in detail["lines"].items())
    return f"imported: {lines} (import {detail['number']})"


def _undone(detail: "Mapping[str, Any]") -> str:
    gone = f"{format_count(detail['people'], 'person', 'people')} and "
    gone += format_count(detail["subscriptions"], "subscription", "subscriptions")
    return f"undid import {detail['number']}: {gone} gone"


def _exported(detail: "Mapping[str, Any]") -> str:
    which = ", ".join(detail["lists"]) or detail["region"] or "all lists"
    return f"exported {format_count(detail['number'], 'row', 'rows')} of {which} ({', '.join(detail['statuses'])})"


def _addresses(verb: str) -> "Callable[[Mapping[str, Any]], str]":
    def words(detail: "Mapping[str, Any]") -> str:
        on = "" if detail["scope"] == "all" else f" on {detail['scope']}"
        by = " from a file" if detail.get("by") == "file" else ""
        return f"{verb} {format_count(detail['number'], 'address', 'addresses')}{on}{by}"

    return words


def _erased(detail: "Mapping[str, Any]") -> str:
    who = "a subscriber" if detail["was_subscriber"] else "an address that was no subscriber's"
    return f"erased {who}; {format_count(detail['deliveries'], 'delivery', 'deliveries')} kept for the counts"


_WORDS: "dict[str, Callable[[Mapping[str, Any]], str]]" = {
    "planned": _planned,
    "started": lambda detail: f"began to send to {_people(detail['number'])}",
    "continued": lambda detail: f"went on sending to {_people(detail['number'])}",
    "test_sent": lambda detail: f"test-sent it to {format_count(detail['number'], 'address', 'addresses')}",
    "paused": lambda _: "paused it",
    "resumed": lambda _: "cleared the pause",
    "cancelled": lambda detail: f"cancelled it; {_people(detail['number'])} had not had it",
    "resolved": _resolved,
    "imported": _imported,
    "import_undone": _undone,
    "exported": _exported,
    "suppressed": _addresses("suppressed"),
    "released": _addresses("released"),
    "moved": lambda detail: f"gave subscriber {detail['subscriber']} a new address",
    "lists_merged": lambda detail: (
        f"merged {detail['list']} into {detail['into']}: {format_value(detail['moved'])} "
        f"went over, {format_value(detail['already'])} were there"
    ),
    "erased": _erased,
    "purged": lambda detail: (
        f"purged: {format_count(detail['people'], 'person', 'people')} never confirmed, "
        f"{format_count(detail['deliveries'], 'old delivery', 'old deliveries')} without address now"
    ),
    "settings": lambda detail: f"acted with settings that were changed: {', '.join(detail['changed'])}",
}
