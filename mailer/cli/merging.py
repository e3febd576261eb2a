"""`mailer subscribers merge-lists`: one list becomes part of another."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import Message, msg
from mailer.cli.options import Json, services
from mailer.cli.output import MOST_SHOWN, ask, hint, say, show_json, show_table
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.subscribers.people.merging import Merged, Stopped


def merge_lists(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The list that is no more.")],
    into: Annotated[str, typer.Argument(metavar="LIST", help="The list that takes its place.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen, and to whom.")] = False,
    confirm: Annotated[
        int | None, typer.Option("--confirm", metavar="N", help="The number of people on OLD, for scripts.", min=0)
    ] = None,
    json: Json = False,
) -> None:
    """Put everybody of a list that is no more on another. Who left either list, or is suppressed on it, stays out.

    Shows first who would get no more mail by it, and asks for the number of people on the old list.

    Example: `mailer subscribers merge-lists old-list bergen --dry-run`
    """
    from mailer.subscribers.people.merging import merge_lists as merge

    with services(context) as workspace:
        merging = partial(merge, workspace.subscribers, workspace.register, old, into)
        merged = merging(dry_run=True)
        if not json:
            _show_merger(merged)
        if not dry_run:
            merged = merging(confirmed=_number_typed(merged, old) if confirm is None else confirm)
    if json:
        show_json({"merged": not dry_run, "number": merged.number} | asdict(merged))
    elif dry_run:
        say(msg("register.dry-run"), "green")
    else:
        say(msg("register.went-over", number=merged.moved, list=merged.list, already=merged.already), "green")


def _show_merger(merged: "Merged") -> None:
    """Show what a merger would do, and every person who would get no more mail by it."""
    say(msg("register.would-go-over", number=merged.moved, list=merged.list, already=merged.already))
    if not merged.stopped:
        return
    say(msg("register.stopped-by-merging", count=len(merged.stopped), list=merged.list), "yellow")
    rows = [(each.address, _why_stopped(each)) for each in merged.stopped[:MOST_SHOWN]]
    show_table([msg("register.address"), msg("register.why")], rows, folding=[])
    if len(merged.stopped) > MOST_SHOWN:
        say(msg("register.and-more", number=len(merged.stopped) - MOST_SHOWN), "yellow")
    hint(msg("register.merge-again"))


def _why_stopped(stopped: "Stopped") -> Message:
    if stopped.reason == "left":
        return msg("register.stopped-left", list=stopped.list)
    return msg("register.stopped-suppressed", list=stopped.list)


def _number_typed(merged: "Merged", old: str) -> int:
    """Ask for the number of people on the old list; another answer is no number that could be right."""
    number = str(merged.number)
    question = msg("register.merge-number", list=old, number=number, into=merged.list)
    try:
        answer = ask(question)
    except typer.Abort:
        raise MailerError(
            msg("register.nobody-to-type"), hint=msg("register.merge-in-scripts", number=number)
        ) from None
    digits = "".join(answer.split())  # people write 10 000
    return int(digits) if digits.isdigit() else -1
