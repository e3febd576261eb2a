"""The chart of the lists over time: right in height, within the terminal's width, and with years to read it by."""

from hypothesis import given
from hypothesis import strategies as st

from mailer.cli.growth import BARS, HEIGHT, bars, chart

MONTHS = [f"{2022 + at // 12}-{at % 12 + 1:02}" for at in range(48)]


@given(numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=48), width=st.integers(40, 200))
def test_every_bar_is_as_high_as_its_number_and_no_line_is_too_wide(numbers: list[int], width: int) -> None:
    title, *rows, ground, years = chart(MONTHS[: len(numbers)], numbers, width=width)
    assert len(title) <= 60
    assert max(len(each) for each in (*rows, ground, years)) <= width
    shown = numbers[-min(36, (width - 12) // 2) :]
    cells = [each.partition("┤")[2].ljust(2 * len(shown)) for each in rows]
    heights = [sum(BARS.index(row[2 * at]) for row in cells) for at in range(len(shown))]
    assert heights == [max(each * HEIGHT * 8 // max(1, *shown), 1 if each else 0) for each in shown]


def test_years_stand_below_their_januaries() -> None:
    *_, ground, years = chart(MONTHS[10:30], range(20), width=80)
    assert years == f"{'':15}2023{'':20}2024"
    assert ground.startswith(f"{0:>9} ┼──")


def test_nobody_is_a_dot_and_somebody_is_never_nobody() -> None:
    assert bars([0, 1, 500, 1000]) == "·▁▄█"
