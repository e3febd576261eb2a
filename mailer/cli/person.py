"""`mailer subscribers show` and `history`: everything that is stored about one person."""

from collections.abc import Sequence
from dataclasses import asdict
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.options import Json, services
from mailer.cli.output import format_day, format_moment, say, show_json, show_pairs, show_table
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.subscribers.model import Consent, Subscriber
    from mailer.subscribers.people.subscriptions import Event
    from mailer.subscribers.people.suppression import Suppression
    from mailer.subscribers.rights.access import EarlierSuppression, SentMail, Stored

_SHOWN_OF_ANSWER = 60

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="The person's e-mail address.")]


def show(context: typer.Context, address: AddressArgument, json: Json = False) -> None:
    """Show everything that is stored about one person. Changes nothing.

    Example: `mailer subscribers show kari@kommune.example`
    """
    from mailer.subscribers.rights.access import read_stored

    with services(context) as workspace:
        stored = read_stored(workspace.subscribers, address)
    if not stored:
        raise MailerError(f"nothing is stored about {address}", hint="Look for it: mailer subscribers find NAME")
    if json:
        show_json(_stored_as_json(stored))
        return
    if stored.subscriber is None:
        what = f"The person is {stored.now} now." if stored.now else ""
        say(f"{address} is not among the subscribers. {what}".rstrip(), "yellow")
    else:
        _show_subscriber(stored.subscriber, stored.events)
    _show_rest(stored)


def history(context: typer.Context, address: AddressArgument, json: Json = False) -> None:
    """Show every change of one person: when, who, what. Changes nothing.

    Example: `mailer subscribers history kari@kommune.example`
    """
    with services(context) as workspace:
        events = workspace.subscribers.history(address)
    if json:
        show_json({"history": _events_as_json(events)})
    else:
        _show_events(events)


def subscriber_as_json(subscriber: "Subscriber") -> dict[str, Any]:
    """A subscriber for tools, with every consent."""
    return {
        "address": subscriber.address,
        "address_as_given": subscriber.address_as_given,
        "name": subscriber.name,
        "organisation": subscriber.organisation,
        "role": subscriber.role,
        "lang": subscriber.lang,
        "created_at": subscriber.created_at,
        "source": subscriber.source,
        "subscriptions": [
            {
                "list": each.list,
                "status": each.status,
                "since": each.since,
                "basis": each.consent.basis if each.consent else None,
                "method": each.consent.method if each.consent else None,
                "source": each.consent.source if each.consent else None,
                "source_line": each.consent.source_line if each.consent else None,
                "consents": [asdict(one) for one in each.consents],
            }
            for each in subscriber.subscriptions
        ],
    }


def _stored_as_json(stored: "Stored") -> dict[str, Any]:
    person = subscriber_as_json(stored.subscriber) if stored.subscriber else {"address": stored.address}
    return person | {
        "history": _events_as_json(stored.events),
        "suppressions": [asdict(each) for each in stored.suppressions],
        "earlier_suppressions": [asdict(each) for each in stored.earlier_suppressions],
        "mails": [asdict(each) for each in stored.mails],
        "test_mails": [asdict(each) for each in stored.test_mails],
    }


def _events_as_json(events: "Sequence[Event]") -> list[dict[str, Any]]:
    return [{"at": each.at, "actor": each.actor, "action": each.action} | each.detail for each in events]


def _show_subscriber(person: "Subscriber", events: "Sequence[Event]") -> None:
    labels = {"Address": person.address_as_given, "Name": person.name, "Organisation": person.organisation}
    show_pairs(labels | {"Role": person.role, "Language": person.lang, "Since": format_day(person.created_at)})
    taken_over = _taken_over(events)
    rows = [
        (
            each.list,
            status_in_words(each.status),
            format_day(each.since),
            each.consent.basis if each.consent else "–",
            (each.status in _OUT and taken_over.get(each.list)) or (_origin(each.consent) if each.consent else ""),
        )
        for each in person.subscriptions
    ]
    _show_heading("Lists")
    if not rows:
        say("On no list.")
        return
    show_table(["List", "Status", "Since", "Basis", "From"], rows, folding=[3, 4])


def _show_heading(text: str) -> None:
    say()
    say(text, "bold")


def status_in_words(status: str) -> str:
    """Return the word of people for the state of a subscription."""
    return _WORDS.get(status, status)


def _origin(consent: "Consent") -> str:
    """Return the file and line of a consent, or the way it came."""
    line = f":{consent.source_line}" if consent.source_line else ""
    return f"{consent.source}{line}" if consent.source else _WORDS.get(consent.method, consent.method)


_OUT = ("unsubscribed", "suppressed")


def _taken_over(events: "Sequence[Event]") -> dict[str, str]:
    """Return the file and line by which the person wants no mail, by list, without a later event."""
    latest = {each.detail["list"]: each for each in events if "list" in each.detail and each.action != "changed"}
    return {
        slug: f"taken over from {each.detail['source']}:{each.detail['line']} on {format_day(each.at)}"
        for slug, each in latest.items()
        if "was" in each.detail
    }


def _show_rest(stored: "Stored") -> None:
    if stored.events:
        _show_heading("History")
        _show_events(stored.events)
    if stored.suppressions or stored.earlier_suppressions:
        say()
    for each in stored.suppressions:
        say(_in_words(each), "yellow")
    for earlier in stored.earlier_suppressions:
        say(_earlier_in_words(earlier))
    if stored.mails:
        _show_heading("Mail")
        rows = [
            (each.issue, each.address, each.status.replace("_", " "), format_moment(each.at), _answers(each))
            for each in stored.mails
        ]
        show_table(["Issue", "Address", "State", "When", "Answers"], rows, folding=[4])
    if stored.test_mails:
        _show_heading("Test mail")
        show_table(["Issue", "When"], [(each.issue, format_day(each.at)) for each in stored.test_mails])


def _answers(mail: "SentMail") -> str:
    """The beginning of all that servers said, oldest first."""
    said = dict.fromkeys([*(each.reply for each in mail.attempts), mail.reply])
    return "; ".join(shorten(each, _SHOWN_OF_ANSWER, placeholder=" …") for each in said if each)


def _in_words(suppression: "Suppression") -> str:
    on = "" if suppression.scope == "all" else f" on {suppression.scope}"
    reason = _WORDS.get(suppression.reason, suppression.reason)
    why = f"{reason}; {suppression.note}" if suppression.note else reason
    return f"Suppressed{on} since {format_day(suppression.since)}: {why}"


def _earlier_in_words(suppression: "EarlierSuppression") -> str:
    on = "" if suppression.scope == "all" else f" on {suppression.scope}"
    until = f" until {format_day(suppression.released_at)}" if suppression.released_at else ""
    reason = _WORDS.get(suppression.reason, suppression.reason)
    why = "; ".join(each for each in (reason, suppression.note, suppression.release_note) if each)
    return f"{suppression.address}: suppressed{on} since {format_day(suppression.since)}{until}: {why}"


def _show_events(events: "Sequence[Event]") -> None:
    rows = [
        (format_moment(each.at), each.actor, _WORDS.get(each.action, each.action), _detail(each.detail))
        for each in events
    ]
    show_table(["When", "Who", "What", "Details"], rows, folding=[3])


# Other states, actions, reasons and ways to come on a list are words already.
_WORDS = {
    "unsubscribed": "left",
    "import_undone": "import undone",
    "left_merged_list": "left as the list was merged",
    "joined_by_merging": "joined as lists were merged",
    "hard_bounce": "hard bounce",
    "manual": "by hand",
    "imported": "taken over from a file",
    "kept_out": "kept out by a file",
    "taken_back": "taken back with the import",
    "left_again": "left by themselves, too",
    "left_unconfirmed": "left, never confirmed",
    "added_unconfirmed": "added, not confirmed",
    "left_elsewhere": "left elsewhere, as a file says",
    "admin": "added by hand",
}


def _detail(detail: dict[str, Any]) -> str:
    if {"old", "new"} <= detail.keys():
        field = f"{detail['field']}: " if "field" in detail else ""
        on = f" ({detail['list']})" if "list" in detail else ""
        return f"{field}{detail['old'] or '–'} → {detail['new'] or '–'}{on}"
    hidden = {"was", "since", "status"} | ({"scope"} if detail.get("scope") == detail.get("list") else set())
    return ", ".join(_in_detail(key, str(value)) for key, value in detail.items() if key not in hidden)


def _in_detail(key: str, value: str) -> str:
    if key == "undo":
        return "leaving taken back"
    if key == "said":
        return f'"{value}"'
    return f"{key} {value}" if key in {"import", "line"} else _WORDS.get(value, value)
