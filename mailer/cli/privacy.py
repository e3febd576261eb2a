"""`mailer subscribers move, suppress, release, erase, purge, merge-lists`: what people and the law ask for."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import Json, OneList, one_list, services
from mailer.cli.output import confirm, format_count, format_value, hint, note, say, show_json
from mailer.cli.person import AddressArgument
from mailer.cli.suppressing import AddressFile, DryRun, MaybeAddress, release_many, suppress_many
from mailer.errors import MailerError, UsageError

if TYPE_CHECKING:
    from mailer.subscribers.rights.erasing import Erased


def move(
    context: typer.Context,
    address: AddressArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The person's new address.")],
) -> None:
    """Give a person a new address; lists and history are kept. The old address stays out of later imports.

    Example: `mailer subscribers move kari@kommune.example kari@fylke.example`
    """
    from mailer.subscribers.people.moving import move_person

    with services(context) as workspace:
        found = move_person(workspace.subscribers, address, new)
    say(f"{address} is now {found.address_as_given}.", "green")


def suppress(
    context: typer.Context,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, in your own words; kept with the suppression.")],
    address: MaybeAddress = "",
    lists: OneList = None,
    file: AddressFile = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Never write to an address again, whatever an import or an editor says; with `--list` not through that list.

    Stops a running mailing for it too. With `--file` every address of a file, or none of them.

    Example: `mailer subscribers suppress eva@ks.example --reason "asked us to"`

    From a file: `mailer subscribers suppress --file gone.csv --reason "bounced"`
    """
    from mailer.subscribers.people import suppressing
    from mailer.subscribers.people.suppression import SuppressionReason
    from mailer.subscribers.register import require_list

    name = one_list(lists)
    if file is not None or not address or dry_run or json:
        suppress_many(context, _only_file(address, file), reason=reason, list_=name, dry_run=dry_run, json=json)
        return
    with services(context) as workspace:
        slug = require_list(workspace.register, name).slug if name else None
        is_new = suppressing.suppress(
            workspace.subscribers, address, reason=SuppressionReason.MANUAL, note=reason, list_slug=slug
        )
    what = f"suppressed on {slug}" if slug else "suppressed"
    say(f"{address} is {what}." if is_new else f"{address} was {what} already. Nothing changed.", "green")


def release(
    context: typer.Context,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the address may be written to again; kept.")],
    address: MaybeAddress = "",
    lists: OneList = None,
    file: AddressFile = None,
    noted: Annotated[
        str, typer.Option(metavar="TEXT", help="With --file: the reason they were suppressed for, word for word.")
    ] = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Release a suppressed address, so that it can be added anew. It is on no list until then.

    With `--file` those addresses of a file that were suppressed by hand for the reason `--noted`: that undoes
    `suppress --file`, and ends no other suppression.

    Example: `mailer subscribers release eva@ks.example --reason "new mailbox"`

    From a file: `mailer subscribers release --file gone.csv --noted "bounced" --reason "wrong"`
    """
    from mailer.subscribers.model import ALL_LISTS
    from mailer.subscribers.people import suppressing
    from mailer.subscribers.register import list_names

    list_ = one_list(lists)
    if file is not None or not address or dry_run or json or noted:
        chosen = _only_file(address, file)
        release_many(context, chosen, reason=reason, noted=noted, list_=list_, dry_run=dry_run, json=json)
        return
    with services(context) as workspace:
        known = list_names(workspace.register).get(list_.casefold())
        list_ = known.slug if known else list_  # one that left the register can still be released
        was_suppressed = suppressing.release(workspace.subscribers, address, note=reason, list_slug=list_ or None)
        still = ", ".join(each.scope for each in suppressing.read_suppressions(workspace.subscribers, address))
    on = f" on {list_}" if list_ else ""
    if not was_suppressed:
        what = f"It is suppressed on: {still}." if still else "Nothing has to be released."
        raise MailerError(f"{address} is not suppressed{on}", hint=what)
    say(f"{address} is released{on}.", "green")
    if still:
        say(f"It is still suppressed on: {still}.", "yellow")
    if still != ALL_LISTS:
        hint(f"mailer subscribers add {address} --list {list_ or 'LIST'} --basis TEXT --again")


def _only_file(address: str, file: Path | None) -> Path:
    if file is None:
        what = "these options go with --file" if address else "neither an address nor a file was named"
        raise UsageError(what, hint="Name an ADDRESS, or addresses with --file FILE.")
    if address:
        raise UsageError("an address and a file were named", hint="Name one of them.")
    return file


def erase(
    context: typer.Context,
    address: AddressArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    json: Json = False,
) -> None:
    """Delete everything about a person for good (GDPR art. 17). Only a keyed hash stays, which keeps them out.

    Rewrites the database, and names the workspace's files that still hold the address.
    Example: `mailer subscribers erase kari@kommune.example`
    """
    from mailer.subscribers.rights.erasing import erase as erase_person

    if not (yes or confirm(f"Delete everything about {address}? This cannot be undone.")):
        raise typer.Abort
    with services(context) as workspace:
        done = erase_person(workspace.subscribers, address, workspace=workspace.settings.folder)
    if json:
        show_json(asdict(done))
        return
    _show_erased(address, done)


def _show_erased(address: str, done: "Erased") -> None:
    say(f"{address} is erased." if done.was_subscriber else f"{address} was no subscriber; it stays out.", "green")
    kept = format_count(done.deliveries, "delivery", "deliveries")
    say(f"Kept for the counts, without the address: {kept}.")
    if not done.is_scrubbed:
        say("The database could not be rewritten, so bytes may remain in it: something else is using it.", "yellow")
        hint("Stop serve and running mailings, then: mailer subscribers purge")
    if done.kept:
        say("The address still stands in the history of other people, which is never changed:", "yellow")
    for place, number in done.kept.items():
        say(f"  {place}: {format_count(number, 'row', 'rows')}", "yellow")
    if done.files:
        say("These files still hold the address or the name, or cannot be opened; delete them, or the lines:", "yellow")
    for file in done.files:
        say(f"  {file}", "yellow")
    note("Backups hold it too, until they are thrown away.")


def purge(
    context: typer.Context,
    unconfirmed_days: Annotated[
        int | None,
        typer.Option(min=1, max=365, metavar="N", help="Days after which who never confirmed is deleted."),
    ] = None,
    delivery_months: Annotated[
        int | None,
        typer.Option(min=1, max=120, metavar="N", help="Months after which deliveries lose address and answer."),
    ] = None,
    json: Json = False,
) -> None:
    """Delete what has been kept long enough, and rewrite the database. For a monthly timer.

    The periods stand in config.toml under [retention]. Example: `mailer subscribers purge`
    """
    from mailer.subscribers.rights.erasing import purge as purge_old

    with services(context) as workspace:
        retention = workspace.settings.retention
        days = unconfirmed_days or retention.unconfirmed_days
        months = delivery_months or retention.delivery_months
        details = timedelta(days=months * 365.25 / 12)
        done = purge_old(workspace.subscribers, unconfirmed=timedelta(days=days), details=details)
    if json:
        show_json(asdict(done))
        return
    stripped = format_count(done.deliveries, "delivery", "deliveries")
    say(f"Deleted, not confirmed after {days} days: {format_count(done.people, 'person', 'people')}.")
    say(f"Without address now, older than {months} months: {stripped}.")
    if not done.is_scrubbed:
        say("The database could not be rewritten: something else is using it. Run it again later.", "yellow")


def merge_lists(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The list that is no more.")],
    into: Annotated[str, typer.Argument(metavar="LIST", help="The list that takes its place.")],
) -> None:
    """Put everybody of a list that is no more on another. Who is on both keeps the place on that one.

    Example: `mailer subscribers merge-lists old-list bergen`
    """
    from mailer.subscribers.people.moving import merge_lists as merge

    with services(context) as workspace:
        merged = merge(workspace.subscribers, workspace.register, old, into)
    say(
        f"{format_value(merged.moved)} went over to {into}; {format_value(merged.already)} were on it already.", "green"
    )
    if merged.suppressed:
        say(f"{format_value(merged.suppressed)} on {into} are suppressed there now, as they were on {old}.", "yellow")
