"""`mailer subscribers export`: from the register to a spreadsheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import msg
from mailer.cli.options import ListNames, services
from mailer.cli.output import note, say
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.subscribers.model import SubscriptionStatus


ENDINGS = ("", ".csv", ".txt", ".xlsx")


def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to: .xlsx for a workbook, else CSV.")],
    list_: ListNames = None,
    region: Annotated[
        str, typer.Option(metavar="REGION", help="Only the lists of this region: nord, midt, vest or sor-ost.")
    ] = "",
    status: Annotated[
        str, typer.Option(metavar="STATUS", help="active, pending, unsubscribed, suppressed, or all.")
    ] = "active",
    plain: Annotated[
        bool, typer.Option("--plain", help="CSV for other programs: commas, no mark at the beginning.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there already.")] = False,
) -> None:
    """Write subscribers to a file that Excel opens right and that `import` reads back. One row for each list.

    Example: `mailer subscribers export agder.csv --list agder`
    """
    from mailer.subscribers.files.exporting import ExportChoice, Format, count_without_address
    from mailer.subscribers.files.exporting import export as export_to
    from mailer.subscribers.register import require_list

    if file.suffix.casefold() not in ENDINGS:
        what = msg("register.no-such-format", ending=file.suffix)
        raise MailerError(what, where=str(file), hint=msg("register.end-in-csv-or-xlsx"))
    if file.is_file() and not replace:
        raise MailerError(msg("register.file-is-there"), where=str(file), hint=msg("register.another-file-or-replace"))
    form = Format.XLSX if file.suffix.casefold() == ".xlsx" else Format.PLAIN if plain else Format.EXCEL
    with services(context) as workspace:
        register = workspace.register
        chosen = tuple(require_list(register, each).slug for each in list_ or ())
        if region and region not in (known := [each.slug for each in register.regions]):
            hint = msg("register.known", names=", ".join(known))
            raise MailerError(msg("register.no-such-region", name=repr(region)), where="--region", hint=hint)
        choice = ExportChoice(lists=chosen, region=region, statuses=_statuses(status))
        number = export_to(workspace.subscribers, file, choice=choice, form=form)
        hashes = count_without_address(workspace.subscribers) if "suppressed" in choice.statuses else 0
    if hashes:
        note(msg("register.known-as-hashes-only", count=hashes))
    if not number:
        say(msg("register.headings-written", file=file), "green")
        return
    say(msg("register.rows-written", count=number, file=file), "green")


def _statuses(text: str) -> "tuple[SubscriptionStatus, ...]":
    from mailer.subscribers.model import SubscriptionStatus

    if text == "all":
        return tuple(SubscriptionStatus)
    try:
        return (SubscriptionStatus(text),)
    except ValueError:
        hint = msg("register.known", names=", ".join([*SubscriptionStatus, "all"]))
        raise MailerError(msg("register.no-such-status", name=repr(text)), where="--status", hint=hint) from None
