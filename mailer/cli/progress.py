"""How far a mailing has come: a table that is kept up to date on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mailer.cli.output import format_duration, format_value, note

if TYPE_CHECKING:
    from mailer.delivery.model import Counts
    from mailer.delivery.progress import Progress

SECONDS_BETWEEN_LINES = 10
SECONDS_BETWEEN_COUNTS = 2
_SHARE_OF_COUNTING = 50  # counting takes no more than a fiftieth of the time that is for sending

CountGroups = Callable[[], "Mapping[str, Counts]"]


@contextmanager
def showing_progress(count_groups: CountGroups = dict) -> "Iterator[Callable[[Progress], None]]":
    """Give the function that a run reports to; `count_groups` counts the deliveries of each group of lists."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield _Lines().show
        return
    picture = _Picture(count_groups)
    with Live(console=screen, refresh_per_second=4, transient=True) as live:
        yield lambda progress: live.update(picture.draw(progress))


class _Picture:
    """The bar, the groups of lists, and how long it takes."""

    def __init__(self, count_groups: CountGroups) -> None:
        self._count_groups = count_groups
        self._groups: Mapping[str, Counts] = {}
        self._next_count = 0.0

    def draw(self, progress: "Progress") -> Group:
        began = time.monotonic()
        if began >= self._next_count:
            self._groups = self._count_groups()
            took = time.monotonic() - began
            self._next_count = began + max(SECONDS_BETWEEN_COUNTS, took * _SHARE_OF_COUNTING)
        parts = [_table(self._groups)] if self._groups else []
        # The bar last: it ends without a new line.
        bar = ProgressBar(total=max(1, progress.total), completed=progress.settled, width=64)
        return Group(*parts, Text(_line(progress)), bar)


def _table(groups: "Mapping[str, Counts]") -> Table:
    """A person on two lists stands on both lines."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("List")
    for heading in ("To send", "Accepted", "Deferred", "Rejected", "In doubt", "Left"):
        table.add_column(heading, justify="right")
    for name, counts in groups.items():
        left = counts.queued + counts.claimed + counts.in_flight
        numbers = (counts.to_send, counts.accepted, counts.deferred, counts.rejected, counts.in_doubt, left)
        table.add_row(name, *(format_value(number) if number else "" for number in numbers))
    return table


class _Lines:
    """Prints a line now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, progress: "Progress") -> None:
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            note(_line(progress))


def _line(progress: "Progress") -> str:
    counts = [(progress.accepted, "accepted"), (progress.deferred, "deferred"), (progress.rejected, "rejected")]
    counts += [(progress.in_doubt, "in doubt")]
    words = ", ".join(f"{format_value(number)} {what}" for number, what in counts if number) or "connecting"
    left = progress.seconds_left
    ends = f"; about {format_duration(timedelta(seconds=left))} left" if left else ""
    done = f"{format_value(progress.settled)} of {format_value(progress.total)}"
    return f"{done}: {words}; {_pace(progress.rate)}{ends}"


def _pace(rate: float) -> str:
    """As many a second as a whole number tells rightly, else a minute."""
    return f"{rate:.0f} a second" if rate >= 10 else f"{rate * 60:.0f} a minute"
