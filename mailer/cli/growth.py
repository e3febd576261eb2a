"""`mailer lists --history`: how many people each list had, month by month, as a chart in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailer.cli.options import services
from mailer.cli.output import format_value, say, show_json, show_table

if TYPE_CHECKING:
    import typer

BARS = "▁▂▃▄▅▆▇█"
MOST_MONTHS = 36


def show_growth(context: "typer.Context", *, json: bool) -> None:
    """Print the last three years: a line of bars for each list, and what the numbers were."""
    from mailer.subscribers.counting import read_growth

    with services(context) as workspace:
        growth = read_growth(workspace.subscribers)
        names = {each.slug: each.short for each in workspace.register.lists}
    if json:
        show_json({"months": growth.months, "lists": growth.by_list, "total": growth.total})
        return
    if not growth.months:
        say("Nobody has been on a list yet.")
        return
    shown = growth.months[-MOST_MONTHS:]
    rows = [(names.get(slug, slug), *_row(numbers)) for slug, numbers in growth.by_list.items()]
    show_table(
        ["List", f"{shown[0]} to {shown[-1]}", "First", "Most", "Now"],
        [*rows, ("All lists", *_row(growth.total))],
        right=(2, 3, 4),
    )


def _row(numbers: Sequence[int]) -> tuple[str, str, str, str]:
    shown = numbers[-MOST_MONTHS:]
    return bars(shown), format_value(shown[0]), format_value(max(shown)), format_value(shown[-1])


def bars(numbers: Sequence[int]) -> str:
    """One bar for each number, the largest full; nobody is a dot."""
    most = max(numbers, default=0)
    return "".join(BARS[(each * (len(BARS) - 1)) // most] if each else "·" for each in numbers)
