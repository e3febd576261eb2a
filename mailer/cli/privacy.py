"""`mailer subscribers move, suppress, release, purge`: what people and the law ask for."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mailer.catalogue import Message, msg
from mailer.cli.language import in_words
from mailer.cli.options import Json, OneList, one_list, services
from mailer.cli.output import hint, say, show_json
from mailer.cli.person import AddressArgument
from mailer.cli.register_words import scope_in_words
from mailer.cli.suppressing import AddressFile, DryRun, MaybeAddress, release_many, suppress_many
from mailer.errors import MailerError, UsageError


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
    say(msg("register.is-now", address=address, now=found.address_as_given), "green")


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
    say(_suppressed(address, slug, is_new=is_new), "green")


def _suppressed(address: str, slug: str | None, *, is_new: bool) -> Message:
    if slug:
        is_now = msg("register.is-suppressed-on", address=address, list=slug)
        return is_now if is_new else msg("register.was-suppressed-on", address=address, list=slug)
    is_now = msg("register.is-suppressed", address=address)
    return is_now if is_new else msg("register.was-suppressed", address=address)


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
        scopes = [each.scope for each in suppressing.read_suppressions(workspace.subscribers, address)]
    still = ", ".join(in_words(scope_in_words(each)) for each in scopes)
    if not was_suppressed:
        what = msg("register.suppressed-on", lists=still) if still else msg("register.nothing-to-release")
        raise MailerError(_not_suppressed(address, list_), hint=what)
    released = msg("register.is-released-on", address=address, list=list_)
    say(released if list_ else msg("register.is-released", address=address), "green")
    if still:
        say(msg("register.still-suppressed-on", lists=still), "yellow")
    if scopes != [ALL_LISTS]:
        hint(msg("register.to-add-this-again", address=address, name=list_ or msg("register.a-list-to-name")))


def _not_suppressed(address: str, list_: str) -> Message:
    if list_:
        return msg("register.not-suppressed-on", address=address, list=list_)
    return msg("register.not-suppressed", address=address)


def _only_file(address: str, file: Path | None) -> Path:
    if file is None:
        what = msg("register.options-of-file") if address else msg("register.no-address-named")
        raise UsageError(what, hint=msg("register.name-an-address"))
    if address:
        raise UsageError(msg("register.both-named"), hint=msg("register.name-one-of-them"))
    return file


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
    from mailer.usecases.upkeep import purge_database

    with services(context) as workspace:
        retention = workspace.settings.retention
        days = unconfirmed_days or retention.unconfirmed_days
        months = delivery_months or retention.delivery_months
        done = purge_database(workspace.subscribers, days=days, months=months)
    if json:
        show_json(asdict(done))
        return
    say(msg("register.purged-people", count=done.people, days=days))
    say(msg("register.purged-deliveries", count=done.deliveries, months=months))
    if not done.is_scrubbed:
        say(msg("register.not-rewritten-now"), "yellow")
        hint("mailer subscribers purge")
