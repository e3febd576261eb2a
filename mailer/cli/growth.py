"""`mailer lists --history`: how many people the lists had, month by month, as a chart in the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mailer.catalogue import Message, msg
from mailer.cli.options import services
from mailer.cli.output import console, format_value, say, show_json, show_table

if TYPE_CHECKING:
    import typer

    from mailer.subscribers.people.counting import Growth

BARS = " ▁▂▃▄▅▆▇█"
MOST_MONTHS = 36
HEIGHT = 6
_BESIDE_BARS = 56  # what a list's name and numbers take in a line of the table


def show_growth(context: "typer.Context", *, json: bool) -> None:
    """Print up to three years: a chart of all lists, then a line of bars for each with what the numbers were."""
    from mailer.subscribers.people.counting import read_growth

    with services(context) as workspace:
        growth = read_growth(workspace.subscribers)
        names = {each.slug: each.short for each in workspace.register.lists}
    if json:
        show_json({"months": growth.months, "lists": growth.by_list, "total": growth.total})
        return
    if not growth.months:
        say(msg("register.nobody-yet"))
        return
    if len(growth.months) == 1:
        _show_first_month(growth, names)
    else:
        _show_months(growth, names)


def _show_first_month(growth: "Growth", names: Mapping[str, str]) -> None:
    rows = [(names.get(slug, slug), number) for slug, (number,) in growth.by_list.items()]
    in_all = (msg("register.sum-of-lists"), *growth.total)
    show_table([msg("register.list"), _in_words(growth.months[0])], [*rows, in_all], right=(1,))
    say(msg("register.first-month"))


def _show_months(growth: "Growth", names: Mapping[str, str]) -> None:
    for line in chart(growth.months, growth.total, width=console().width):
        say(line)
    say()
    many = max(1, min(MOST_MONTHS, console().width - _BESIDE_BARS))
    shown = {slug: numbers for slug, numbers in growth.by_list.items() if any(numbers[-many:])}
    rows = [(names.get(slug, slug), *_row(numbers, many)) for slug, numbers in shown.items()]
    in_all = (msg("register.sum-of-lists"), *_row(growth.total, many))
    columns = [msg("register.list"), msg("register.months"), _in_words(growth.months[-many:][0])]
    show_table([*columns, msg("register.most"), msg("register.now")], [*rows, in_all], right=(2, 3, 4))


def chart(months: Sequence[str], numbers: Sequence[int], *, width: int) -> Iterator[str]:
    """A bar for each of the last months that fit into the width, the scale at the left, the years below."""
    many = max(1, min(MOST_MONTHS, (width - 12) // 2))
    months, numbers = months[-many:], numbers[-many:]
    most = max(1, *numbers)
    scale = {HEIGHT: format_value(most), HEIGHT // 2: format_value(most // 2)}
    yield msg("register.chart", first=_in_words(months[0]), last=_in_words(months[-1]))
    for row in range(HEIGHT, 0, -1):
        cells = " ".join(_cell(each, row=row, most=most) for each in numbers)
        yield f"{scale.get(row, ''):>9} ┤{cells}".rstrip()
    yield f"{0:>9} ┼{'─' * (2 * len(months) - 1)}"
    yield f"{'':11}{_years(months)}".rstrip()


def _cell(number: int, *, row: int, most: int) -> str:
    """Return the part of a bar in a row; a single person is to be seen, too."""
    eighths = max(number * HEIGHT * 8 // most, 1 if number else 0)
    return BARS[max(0, min(8, eighths - (row - 1) * 8))]


def _years(months: Sequence[str]) -> str:
    """Return a line with each year below its January, or the one year there is."""
    januaries = [at for at, month in enumerate(months) if month.endswith("-01")] or [0]
    line = ""
    for at in januaries:
        line = f"{line:<{2 * at}}{months[at][:4]}"
    return line


def _in_words(month: str) -> Message:
    year, _, number = month.partition("-")
    return msg(_MONTHS[int(number) - 1], year=year)


_MONTHS = (
    "register.january",
    "register.february",
    "register.march",
    "register.april",
    "register.may",
    "register.june",
    "register.july",
    "register.august",
    "register.september",
    "register.october",
    "register.november",
    "register.december",
)


def _row(numbers: Sequence[int], many: int) -> tuple[str, str, str, str]:
    shown = numbers[-many:]
    return bars(shown), format_value(shown[0]), format_value(max(shown)), format_value(shown[-1])


def bars(numbers: Sequence[int]) -> str:
    """Return one bar for each number, the largest full; 0 is a dot."""
    most = max(numbers, default=0)
    return "".join(BARS[max(1, each * 8 // most)] if each else "·" for each in numbers)
