"""`mailer lists` and `mailer subscribers`: who gets the newsletter, on which lists and why."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli import exports, growth, imports, privacy
from mailer.cli.options import JoinedLists, Json, OptionalListName, services
from mailer.cli.output import hint, say, show_grouped_table, show_json, show_pairs, show_table
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.subscribers.access import SentMail
    from mailer.subscribers.model import Subscriber

SHOWN_STATUSES = ("active", "pending", "unsubscribed", "suppressed")

subscribers = typer.Typer(no_args_is_help=True, help="Who gets the newsletter.")
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The person's e-mail address.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(lists)
    app.add_typer(subscribers, name="subscribers")
    imports.add_to(subscribers)
    exports.add_to(subscribers)
    privacy.add_to(subscribers)


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
    with services(context) as workspace:
        rows = _list_rows(workspace)
    if json:
        show_json({"lists": rows})
        return
    columns = ["slug", "name", *SHOWN_STATUSES]
    headings = ["List", "Name", *(each.capitalize() for each in SHOWN_STATUSES)]
    groups = [
        (region, [[row[each] for each in columns] for row in rows if row["region_name"] == region])
        for region in dict.fromkeys(row["region_name"] for row in rows)
    ]
    show_grouped_table(headings, groups, right=(2, 3, 4, 5))
    if not any(row["active"] for row in rows):
        hint("mailer subscribers import FILE --basis TEXT")


def _list_rows(workspace: "Services") -> list[dict[str, Any]]:
    from mailer.subscribers.model import SubscriptionStatus

    counts = {each.slug: each.by_status for each in workspace.subscribers.counts()}
    regions = {each.slug: each.name_nb for each in workspace.register.regions}
    return [
        {
            "slug": each.slug,
            "name": each.short,
            "region": each.region,
            "region_name": regions.get(each.region, "Own lists"),
        }
        | {status.value: counts.get(each.slug, {}).get(status, 0) for status in SubscriptionStatus}
        for each in workspace.register.lists
    ]


@subscribers.command()
def find(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Beginning of an address, part of a name, or @domain.")],
    json: Json = False,
) -> None:
    """Find subscribers by address, name or domain. Changes nothing.

    Example: `mailer subscribers find @bergen.example`
    """
    with services(context) as workspace:
        found = workspace.subscribers.find(query)
    if json:
        show_json({"subscribers": [_as_json(each) for each in found]})
        return
    if not found:
        say(f"Nobody was found by {query}.", "yellow")
        hint("mailer subscribers find NAME, the beginning of an address, or @domain")
        return
    rows = [(each.address_as_given, each.name, each.organisation, _lists_in_words(each)) for each in found]
    show_table(["Address", "Name", "Organisation", "Lists"], rows)
    say(f"{len(found)} found.")


@subscribers.command()
def show(context: typer.Context, address: Address, json: Json = False) -> None:
    """Show everything that is stored about one person. Changes nothing.

    Example: `mailer subscribers show kari@kommune.example`
    """
    with services(context) as workspace:
        from mailer.subscribers.access import read_sent_mail

        found = _required(workspace, address)
        events = workspace.subscribers.history(address)
        suppression = workspace.subscribers.suppression(address)
        sent = read_sent_mail(workspace.subscribers, address)
    if json:
        history = [{"at": each.at, "actor": each.actor, "action": each.action} | each.detail for each in events]
        rest = {"suppression": suppression and asdict(suppression), "mails": [asdict(each) for each in sent]}
        show_json(_as_json(found) | {"history": history} | rest)
        return
    labels = {"Address": found.address_as_given, "Name": found.name, "Organisation": found.organisation}
    show_pairs(labels | {"Role": found.role, "Language": found.lang, "Since": f"{found.created_at:%d.%m.%Y}"})
    rows = [
        (each.list, each.status, f"{each.since:%d.%m.%Y}", each.consent.basis if each.consent else "")
        for each in found.subscriptions
    ]
    show_table(["List", "Status", "Since", "Basis"], rows)
    history_rows = [
        (f"{each.at:%d.%m.%Y %H:%M}", each.actor, each.action, ", ".join(map(str, each.detail.values())))
        for each in events
    ]
    show_table(["When (UTC)", "Who", "What", "Of"], history_rows)
    if suppression:
        say(
            f"Suppressed since {suppression.since:%d.%m.%Y}: {suppression.reason} {suppression.note}".rstrip(), "yellow"
        )
    if sent:
        show_table(["Issue", "Address", "State", "When"], [_sent_row(each) for each in sent])


@subscribers.command()
def add(
    context: typer.Context,
    address: Address,
    list_: JoinedLists = None,
    basis: Annotated[str, typer.Option(help='Why this person may be written to, as "a: signed up by e-mail".')] = "",
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    organisation: Annotated[str, typer.Option(help="Where the person works.")] = "",
    role: Annotated[
        str, typer.Option(help="kommune, helseforetak, fastlege, brukerrepresentant, direktorat or annet.")
    ] = "",
    lang: Annotated[str, typer.Option(help="nb, nn, se or en.")] = "nb",
    again: Annotated[bool, typer.Option("--again", help="The person left and asks to come back.")] = False,
) -> None:
    """Put one person on one or more lists.

    Example: `mailer subscribers add kari@kommune.example --list agder --basis "a: signed up by e-mail"`
    """
    if not list_:
        raise MailerError("no list was named", hint="Add --list LIST; mailer lists shows them.")
    facts = {"name": name, "organisation": organisation, "role": role, "lang": _language(lang)}
    with services(context) as workspace:
        found = workspace.subscribers.add(address, lists=list_, basis=basis, again=again, **facts)
    say(f"{found.address_as_given} is on {_lists_in_words(found)}.", "green")


@subscribers.command()
def remove(context: typer.Context, address: Address, list_: OptionalListName = "") -> None:
    """Unsubscribe one person from one list, or from all. A mailing under way leaves that person out.

    Example: `mailer subscribers remove kari@kommune.example`
    """
    from mailer.subscribers.register import nearest_list

    with services(context) as workspace:
        if list_ and workspace.register.find(list_) is None:
            raise MailerError(f"there is no list {list_!r}", hint=nearest_list(workspace.register, list_))
        left = workspace.subscribers.remove(address, list_slug=list_ or None)
    say(
        f"{address} has left {', '.join(left)}." if left else f"{address} was on none of them. Nothing changed.",
        "green",
    )


def _sent_row(mail: "SentMail") -> tuple[str, str, str, str]:
    return mail.issue, mail.address, mail.status, f"{mail.at:%d.%m.%Y %H:%M}"


def _required(workspace: "Services", address: str) -> "Subscriber":
    found = workspace.subscribers.show(address)
    if found is None:
        raise MailerError(f"{address} is not among the subscribers", hint="Look for it: mailer subscribers find NAME")
    return found


def _language(text: str) -> Any:
    from mailer.issue.model import LANGS

    if text not in LANGS:
        raise MailerError(f"there is no language {text!r} here", where="--lang", hint=f"Known: {', '.join(LANGS)}.")
    return text


def _lists_in_words(subscriber: "Subscriber") -> str:
    return ", ".join(
        each.list if each.status == "active" else f"{each.list} ({each.status})" for each in subscriber.subscriptions
    )


def _as_json(subscriber: "Subscriber") -> dict[str, Any]:
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
