"""`mailer subscribers move, history, suppress, release, erase, purge, merge-lists`: what people and the law ask for."""

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import Json, services
from mailer.cli.output import format_value, hint, note, say, show_json, show_table
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.subscribers.privacy import Erased

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The person's e-mail address.")]


def add_to(subscribers: typer.Typer) -> None:
    """Register the commands."""
    for command in (move, history, suppress, release, erase, purge):
        subscribers.command()(command)
    subscribers.command("merge-lists")(merge_lists)


def move(
    context: typer.Context,
    address: Address,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The person's new address.")],
) -> None:
    """Give a person a new address; lists and history are kept. The old address stays out of later imports.

    Example: `mailer subscribers move kari@kommune.example kari@fylke.example`
    """
    from mailer.subscribers.moving import move_person

    with services(context) as workspace:
        found = move_person(workspace.subscribers, address, new)
    say(f"{address} is now {found.address_as_given}.", "green")


def history(context: typer.Context, address: Address, json: Json = False) -> None:
    """Show every change of one person: when, who, what. Changes nothing.

    Example: `mailer subscribers history kari@kommune.example`
    """
    with services(context) as workspace:
        events = workspace.subscribers.history(address)
    if json:
        show_json(
            {"history": [{"at": each.at, "actor": each.actor, "action": each.action, **each.detail} for each in events]}
        )
        return
    rows = [
        (f"{each.at:%d.%m.%Y %H:%M}", each.actor, each.action, ", ".join(map(str, each.detail.values())))
        for each in events
    ]
    show_table(["When (UTC)", "Who", "What", "Of"], rows)


def suppress(
    context: typer.Context,
    address: Address,
    reason: Annotated[str, typer.Option(help="Why, in your own words; kept with the suppression.")] = "",
) -> None:
    """Never write to an address again, whatever an import or an editor says. Stops a running mailing for it too.

    Example: `mailer subscribers suppress kari@kommune.example --reason "asked by telephone"`
    """
    from mailer.subscribers.suppression import SuppressionReason

    with services(context) as workspace:
        is_new = workspace.subscribers.suppress(address, reason=SuppressionReason.MANUAL, note=reason)
    say(f"{address} is suppressed." if is_new else f"{address} was suppressed already. Nothing changed.", "green")


def release(
    context: typer.Context,
    address: Address,
    reason: Annotated[str, typer.Option(help="Why the address may be written to again; kept.")],
) -> None:
    """Release a suppressed address, so that it can be added anew. It is on no list until then.

    Example: `mailer subscribers release kari@kommune.example --reason "new mailbox, asked in writing"`
    """
    with services(context) as workspace:
        was_suppressed = workspace.subscribers.release(address, note=reason)
    if not was_suppressed:
        raise MailerError(f"{address} is not suppressed")
    say(f"{address} is released.", "green")
    hint(f"mailer subscribers add {address} --list LIST --basis TEXT --again")


def erase(
    context: typer.Context,
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    json: Json = False,
) -> None:
    """Delete everything about a person for good (GDPR art. 17). Only a keyed hash stays, which keeps them out.

    Rewrites the database, and names the workspace's files that still hold the address.
    Example: `mailer subscribers erase kari@kommune.example`
    """
    from mailer.subscribers.privacy import erase as erase_person

    if not yes:
        typer.confirm(f"Delete everything about {address}? This cannot be undone.", abort=True)
    with services(context) as workspace:
        done = erase_person(workspace.subscribers, address, workspace=workspace.settings.folder)
    if json:
        show_json(asdict(done))
        return
    _show_erased(address, done)


def _show_erased(address: str, done: "Erased") -> None:
    say(f"{address} is erased." if done.was_subscriber else f"{address} was no subscriber; it stays out.", "green")
    say(f"{format_value(done.deliveries)} deliveries are kept for the counts, without the address.")
    if not done.is_scrubbed:
        say("The database could not be rewritten, so bytes may remain in it: something else is using it.", "yellow")
        hint("Stop serve and running mailings, then: mailer subscribers purge")
    for file in done.files:
        say(f"Still in it, or not readable: {file}", "yellow")
    if done.files:
        note("Delete these files, or the lines in them.")
    note("Backups hold it too, until they are thrown away.")


def purge(
    context: typer.Context,
    unconfirmed_days: Annotated[int, typer.Option(min=1, help="Days after which who never confirmed is deleted.")] = 7,
    delivery_months: Annotated[
        int, typer.Option(min=1, help="Months after which deliveries lose address and server's answer.")
    ] = 12,
    json: Json = False,
) -> None:
    """Delete what has been kept long enough, and rewrite the database. For a monthly timer.

    Example: `mailer subscribers purge`
    """
    from mailer.subscribers.privacy import purge as purge_old

    with services(context) as workspace:
        months = timedelta(days=delivery_months * 365.25 / 12)
        done = purge_old(workspace.subscribers, unconfirmed=timedelta(days=unconfirmed_days), details=months)
    if json:
        show_json(asdict(done))
        return
    say(f"{format_value(done.people)} people who never confirmed are deleted.")
    say(f"{format_value(done.deliveries)} old deliveries have lost their address.")
    if not done.is_scrubbed:
        say("The database could not be rewritten: something else is using it. Run it again later.", "yellow")


def merge_lists(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The list that is no more.")],
    into: Annotated[str, typer.Argument(metavar="LIST", help="The list that takes its place.")],
) -> None:
    """Put everybody of a list that is no more on another. Who left either stays out; consents and history are kept.

    Example: `mailer subscribers merge-lists old-list bergen`
    """
    from mailer.subscribers.moving import merge_lists as merge

    with services(context) as workspace:
        merged = merge(workspace.subscribers, workspace.register, old, into)
    say(
        f"{format_value(merged.moved)} went over to {into}; {format_value(merged.already)} were on it already.", "green"
    )
