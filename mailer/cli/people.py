"""`mailer lists` and `mailer subscribers`: who gets the newsletter, on which lists and why."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import Message, msg
from mailer.cli import growth
from mailer.cli.language import in_words, language
from mailer.cli.options import JoinedLists, Json, OneList, chosen_language, one_list, services
from mailer.cli.output import console, hint, say, show_grouped_table, show_json, show_table
from mailer.cli.person import AddressArgument, subscriber_as_json
from mailer.cli.register_words import change_in_words, status_in_words
from mailer.cli.times import show_scheduled
from mailer.errors import UsageError
from mailer.languages import LANGS_IN_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailer.bootstrap import Services
    from mailer.subscribers.model import Subscriber

SHOWN_STATUSES = {
    "active": partial(msg, "register.column-active"),
    "pending": partial(msg, "register.column-pending"),
    "unsubscribed": partial(msg, "register.column-left"),
    "suppressed": partial(msg, "register.column-suppressed"),
}
SHOWN = {"slug": partial(msg, "register.list"), "name": partial(msg, "register.name")} | SHOWN_STATUSES
WIDTH_FOR_NAMES = 100
GONE = partial(msg, "register.no-longer-in-the-register")


def lists(
    context: typer.Context,
    history: Annotated[bool, typer.Option("--history", help="Show the numbers month by month, as a chart.")] = False,
    json: Json = False,
) -> None:
    """Show the lists with their numbers of subscribers, grouped by region. Changes nothing.

    Example: `mailer lists`
    """
    if history:
        growth.show_growth(context, json=json)
        return
    from mailer.subscribers.people.counting import count_people

    with services(context) as workspace:
        rows = _list_rows(workspace, in_nynorsk=not json and language() == "nn")
        people = 0 if json else count_people(workspace.subscribers)
        if json:
            show_json({"lists": rows})
            return
        _show_lists(rows, people=people)
        show_scheduled(workspace)


def _show_lists(rows: "list[dict[str, Any]]", *, people: int) -> None:
    columns = SHOWN if console().width >= WIDTH_FOR_NAMES else {key: SHOWN[key] for key in SHOWN if key != "name"}
    groups = [
        (region, [[row[each] for each in columns] for row in rows if row["region_name"] == region])
        for region in dict.fromkeys(row["region_name"] for row in rows)
    ]
    headings = [heading() for heading in columns.values()]
    show_grouped_table(headings, groups, right=range(len(columns) - len(SHOWN_STATUSES), len(columns)))
    active = msg("register.active-subscriptions", count=sum(row["active"] for row in rows))
    say()
    say(msg("register.people-in-all", people=msg("register.people", count=people), subscriptions=active))
    for row in rows:
        if row["region_name"] == GONE():
            hint(msg("register.to-merge-lists", list=row["slug"]))
    if not any(row["active"] for row in rows):
        hint(msg("register.to-import"))


def _list_rows(workspace: "Services", *, in_nynorsk: bool) -> list[dict[str, Any]]:
    from mailer.subscribers.model import SubscriptionStatus
    from mailer.subscribers.people.counting import count_subscriptions

    counts = {each.slug: each for each in count_subscriptions(workspace.subscribers)}
    regions = {each.slug: each.name_nn if in_nynorsk else each.name_nb for each in workspace.register.regions}
    own = msg("register.own-lists")
    known = [(each.slug, each.short, each.region, regions.get(each.region, own)) for each in workspace.register.lists]
    gone = [
        (slug, slug, "", GONE()) for slug, each in counts.items() if each.active and not workspace.register.find(slug)
    ]
    return [
        dict(zip(("slug", "name", "region", "region_name"), named, strict=True))
        | {status.value: counts[named[0]].by_status.get(status, 0) for status in SubscriptionStatus}
        for named in (*known, *gone)
    ]


def find(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Start of an address, words of a name, or @domain.")],
    json: Json = False,
) -> None:
    """Find subscribers by address, name or domain. Changes nothing.

    Words of a name may stand in any order, and their beginnings will do: `mailer subscribers find "nordm kari"`

    Example: `mailer subscribers find @bergen.example`
    """
    from mailer.usecases.people import find_people

    with services(context) as workspace:
        found = find_people(workspace.subscribers, query)
    people = found.people
    if json:
        show_json({"subscribers": [subscriber_as_json(each) for each in people]})
        return
    if not people:
        say(msg("register.nobody-found", query=query), "yellow")
        hint(msg("register.to-find"))
        return
    rows = [(each.address_as_given, each.name, each.organisation, _lists_in_words(each)) for each in people]
    columns = [msg("register.address"), msg("register.name"), msg("register.organisation"), msg("register.lists")]
    show_table(columns, rows, folding=[2, 3])
    say(msg("register.first-shown", number=len(people)) if found.is_cut else msg("register.found", count=len(people)))


def add(
    context: typer.Context,
    address: AddressArgument,
    list_: JoinedLists = None,
    basis: Annotated[
        str, typer.Option(metavar="TEXT", help='Why this person may be written to, as "a: signed up by e-mail".')
    ] = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="The person's name.")] = "",
    organisation: Annotated[str, typer.Option(metavar="TEXT", help="Where the person works.")] = "",
    role: Annotated[
        str,
        typer.Option(metavar="ROLE", help="kommune, helseforetak, fastlege, brukerrepresentant, direktorat or annet."),
    ] = "",
    lang: Annotated[str, typer.Option(metavar="LANG", help=f"{LANGS_IN_WORDS}; else that of the list.")] = "",
    again: Annotated[bool, typer.Option("--again", help="The person left and asks to come back.")] = False,
) -> None:
    """Put one person on one or more lists, and correct what is known of somebody who is on them already.

    Example: `mailer subscribers add eva@ks.example --list oslo --basis "a: asked"`
    """
    from mailer.subscribers.register import require_list

    if not list_:
        raise UsageError(msg("register.no-list-named"), hint=msg("register.add-a-list"))
    facts = {"name": name, "organisation": organisation, "role": role}
    spoken = chosen_language(lang)
    with services(context) as workspace:
        chosen = [require_list(workspace.register, each) for each in list_]
        slugs = [each.slug for each in chosen]
        before = workspace.subscribers.show(address)
        found = workspace.subscribers.add(
            address, lists=slugs, basis=basis, again=again, lang=spoken, list_lang=chosen[0].lang, **facts
        )
    for each in _differences(before, found) if before else ():
        say(each)
    is_on = msg("register.is-on", address=found.address_as_given, lists=_lists_in_words(found))
    still = msg("register.is-still-on", address=found.address_as_given, lists=_lists_in_words(found))
    say(still if before == found else is_on, "green")


def _differences(before: "Subscriber", now: "Subscriber") -> "Iterator[Message]":
    """Yield the changes, field by field."""
    for name in ("name", "organisation", "role", "lang"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield change_in_words(name, old, new)
    consents = {each.list: each.consent for each in before.subscriptions}
    for each in now.subscriptions:
        held = consents.get(each.list)
        if held and each.consent and held.basis != each.consent.basis:
            yield msg("register.changed-basis", list=each.list, old=held.basis, new=each.consent.basis)


def remove(context: typer.Context, address: AddressArgument, lists: OneList = None) -> None:
    """Unsubscribe one person from one list, or from all. A mailing under way leaves that person out.

    Example: `mailer subscribers remove kari@kommune.example`
    """
    from mailer.subscribers.register import require_list

    name = one_list(lists)
    with services(context) as workspace:
        slug = require_list(workspace.register, name).slug if name else None
        left = workspace.subscribers.remove(address, list_slug=slug)
        found = workspace.subscribers.show(address)
    say(_removed(address, left, slug, found), "green")


def _removed(address: str, left: "Sequence[str]", slug: str | None, found: "Subscriber | None") -> Message:
    if left:
        return msg("register.has-left", address=address, lists=", ".join(left))
    if found and found.subscriptions:
        lists = _lists_in_words(found)
        if slug:
            return msg("register.was-not-on-but", address=address, list=slug, lists=lists)
        return msg("register.was-on-no-list-but", address=address, lists=lists)
    if slug:
        return msg("register.was-not-on", address=address, list=slug)
    return msg("register.was-on-no-list", address=address)


def _lists_in_words(subscriber: "Subscriber") -> str:
    lists = (
        each.list if each.status == "active" else f"{each.list} ({in_words(status_in_words(each))})"
        for each in subscriber.subscriptions
    )
    return ", ".join(lists) or in_words(msg("register.none"))
