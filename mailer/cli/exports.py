"""`mailer subscribers export`: from the register to a spreadsheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.options import ListNames, services
from mailer.cli.output import format_count, note, say
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
        raise MailerError(f"no {file.suffix} files are written", where=str(file), hint="Let it end in .csv or .xlsx.")
    if file.is_file() and not replace:
        what = "this is there already, and somebody may have worked in it; nothing was written"
        raise MailerError(what, where=str(file), hint="Name another file, or write over it with --replace.")
    form = Format.XLSX if file.suffix.casefold() == ".xlsx" else Format.PLAIN if plain else Format.EXCEL
    with services(context) as workspace:
        register = workspace.register
        chosen = tuple(require_list(register, each).slug for each in list_ or ())
        if region and region not in (known := [each.slug for each in register.regions]):
            raise MailerError(f"there is no region {region!r}", where="--region", hint=f"Known: {', '.join(known)}.")
        choice = ExportChoice(lists=chosen, region=region, statuses=_statuses(status))
        number = export_to(workspace.subscribers, file, choice=choice, form=form)
        hashes = count_without_address(workspace.subscribers) if "suppressed" in choice.statuses else 0
    if hashes:
        note(
            f"{format_count(hashes, 'suppressed address is', 'suppressed addresses are')} known as keyed hashes only, "
            "and in no file: they move with the database and its suppression key."
        )
    if not number:
        say(f"Wrote the headings to {file}: there is nobody to write below them.", "green")
        return
    say(f"Wrote {format_count(number, 'row')} to {file}. It holds personal data: delete it when you are done.", "green")


def _statuses(text: str) -> "tuple[SubscriptionStatus, ...]":
    from mailer.subscribers.model import SubscriptionStatus

    if text == "all":
        return tuple(SubscriptionStatus)
    try:
        return (SubscriptionStatus(text),)
    except ValueError:
        known = ", ".join(SubscriptionStatus)
        raise MailerError(f"there is no status {text!r}", where="--status", hint=f"Known: {known}, all.") from None
