"""`mailer subscribers show` and `history`: everything that is stored about one person."""

from collections.abc import Sequence
from dataclasses import asdict
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import Message, msg
from mailer.cli.answers import answer_in_words
from mailer.cli.language import in_words
from mailer.cli.moments import format_day, format_moment
from mailer.cli.options import Json, services
from mailer.cli.output import say, show_json, show_pairs, show_table
from mailer.cli.register_words import (
    ACTORS,
    EVENTS,
    MAIL_STATES,
    NOTHING,
    ORIGINS,
    REASONS,
    ROLES,
    change_in_words,
    change_on_list,
    in_words_of,
    scope_in_words,
    status_in_words,
)
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
        raise MailerError(msg("register.nothing-stored", address=address), hint=msg("register.look-for-it"))
    if json:
        show_json(_stored_as_json(stored))
        return
    if stored.subscriber is None:
        is_moved = msg("register.no-subscriber-but-moved", address=address, now=stored.now or "")
        say(is_moved if stored.now else msg("register.no-subscriber", address=address), "yellow")
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
                "part_of": each.part_of or None,
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
    show_pairs(
        {
            msg("register.address"): person.address_as_given,
            msg("register.name"): person.name,
            msg("register.organisation"): person.organisation,
            msg("register.role"): in_words_of(ROLES, person.role),
            msg("register.language"): person.lang,
            msg("register.since"): format_day(person.created_at),
        }
    )
    taken_over = _taken_over(events)
    rows = [
        (
            each.list,
            status_in_words(each),
            format_day(each.since),
            each.consent.basis if each.consent else NOTHING,
            (each.status in _OUT and taken_over.get(each.list)) or (_origin(each.consent) if each.consent else ""),
        )
        for each in person.subscriptions
    ]
    _show_heading(msg("register.lists"))
    if not rows:
        say(msg("register.on-no-list"))
        return
    columns = [msg("register.list"), msg("register.status"), msg("register.since"), msg("register.basis")]
    show_table([*columns, msg("register.from")], rows, folding=[3, 4])


def _show_heading(text: str) -> None:
    say()
    say(text, "bold")


def _origin(consent: "Consent") -> str:
    """Return the file and line of a consent, or the way it came."""
    if consent.source and consent.source_line:
        return f"{consent.source}:{consent.source_line}"
    return in_words_of(ORIGINS, consent.source or consent.method)


_OUT = ("unsubscribed", "suppressed")


def _taken_over(events: "Sequence[Event]") -> dict[str, str]:
    """Return the file and line by which the person wants no mail, by list, without a later event.

    An import that was undone counts for nothing: what another one said before holds again.
    """
    undone = {(each.import_id, each.detail.get("list")) for each in events if each.action == "taken_back"}
    standing = [each for each in events if (each.import_id, each.detail.get("list")) not in undone]
    latest = {each.detail["list"]: each for each in standing if "list" in each.detail and each.action != "changed"}
    return {
        slug: msg(
            "register.taken-over",
            source=f"{each.detail['source']}:{each.detail['line']}",
            day=format_day(each.at),
        )
        for slug, each in latest.items()
        if {"source", "line"} <= each.detail.keys()
    }


def _show_rest(stored: "Stored") -> None:
    if stored.events:
        _show_heading(msg("register.history"))
        _show_events(stored.events)
    if stored.suppressions or stored.earlier_suppressions:
        say()
    for each in stored.suppressions:
        say(_suppression_in_words(each), "yellow")
    for earlier in stored.earlier_suppressions:
        say(_earlier_in_words(earlier))
    if stored.mails:
        _show_heading(msg("register.mail"))
        _show_mails(stored.mails)
    if stored.test_mails:
        _show_heading(msg("register.test-mail"))
        rows = [(each.issue, format_day(each.at)) for each in stored.test_mails]
        show_table([msg("register.issue"), msg("register.when")], rows)


def _show_mails(mails: "Sequence[SentMail]") -> None:
    rows = [
        (each.issue, each.address, in_words_of(MAIL_STATES, each.status), format_moment(each.at), _answers(each))
        for each in mails
    ]
    columns = [msg("register.issue"), msg("register.address"), msg("register.state"), msg("register.when")]
    show_table([*columns, msg("register.answers")], rows, folding=[4])


def _answers(mail: "SentMail") -> str:
    """The beginning of all that servers said, oldest first."""
    said = dict.fromkeys([*(each.reply for each in mail.attempts), mail.reply])
    words = (in_words(answer_in_words(each)) for each in said if each)
    return "; ".join(shorten(each, _SHOWN_OF_ANSWER, placeholder=" …") for each in words)


def _suppression_in_words(suppression: "Suppression") -> Message:
    since, why = format_day(suppression.since), _joined(in_words_of(REASONS, suppression.reason), suppression.note)
    if suppression.scope == "all":
        return msg("register.suppressed-since", since=since, why=why)
    return msg("register.suppressed-on-since", list=suppression.scope, since=since, why=why)


def _earlier_in_words(suppression: "EarlierSuppression") -> Message:
    address, since, list_ = suppression.address, format_day(suppression.since), suppression.scope
    why = _joined(in_words_of(REASONS, suppression.reason), suppression.note, suppression.release_note)
    if not suppression.released_at:
        if list_ == "all":
            return msg("register.suppressed-too", address=address, since=since, why=why)
        return msg("register.suppressed-on-too", address=address, list=list_, since=since, why=why)
    until = format_day(suppression.released_at)
    if list_ == "all":
        return msg("register.suppressed-until", address=address, since=since, until=until, why=why)
    return msg("register.suppressed-on-until", address=address, list=list_, since=since, until=until, why=why)


def _joined(*reasons: str) -> str:
    return "; ".join(in_words(each) for each in reasons if each)


def _show_events(events: "Sequence[Event]") -> None:
    rows = [
        (
            format_moment(each.at),
            in_words_of(ACTORS, each.actor),
            in_words_of(EVENTS, each.action),
            _detail(each.detail),
        )
        for each in events
    ]
    columns = [msg("register.when"), msg("register.who"), msg("register.what"), msg("register.details")]
    show_table(columns, rows, folding=[3])


def _detail(detail: dict[str, Any]) -> str:
    if {"old", "new"} <= detail.keys():
        return _change(detail)
    hidden = {"was", "since", "status", "merged"} | ({"scope"} if detail.get("scope") == detail.get("list") else set())
    return ", ".join(in_words(_in_detail(key, str(value))) for key, value in detail.items() if key not in hidden)


def _change(detail: dict[str, Any]) -> Message:
    old, new = detail["old"] or NOTHING, detail["new"] or NOTHING
    if "field" not in detail:
        return msg("register.from-to", old=old, new=new)
    if "list" in detail:
        return change_on_list(detail["field"], old, new, list_=detail["list"])
    return change_in_words(detail["field"], old, new)


def _in_detail(key: str, value: str) -> str:
    if key == "undo":
        return msg("register.leaving-taken-back")
    if key == "said":
        return msg("register.said", words=value)
    if key == "import":
        return msg("register.by-import", number=value)
    if key == "line":
        return msg("register.in-line", line=value)
    return scope_in_words(value) if key == "scope" else in_words_of(REASONS, value)
