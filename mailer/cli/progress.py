"""How far a mailing has come: a table that is kept up to date on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from mailer.cli.output import format_duration, format_value, note

if TYPE_CHECKING:
    from mailer.delivery.progress import Progress

SECONDS_BETWEEN_LINES = 10


@contextmanager
def showing_progress() -> "Iterator[Callable[[Progress], None]]":
    """Give the function that a run reports to."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield _Lines().show
        return
    with Live(console=screen, refresh_per_second=4, transient=True) as live:
        yield lambda progress: live.update(_picture(progress))


def _picture(progress: "Progress") -> Group:
    # The bar last: it ends without a new line.
    return Group(Text(_line(progress)), ProgressBar(total=max(1, progress.total), completed=progress.settled, width=64))


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
    return f"{done}: {words}; {progress.rate:.0f} a second{ends}"
