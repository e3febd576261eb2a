"""The progress of a mailing: a table that is kept up to date on a terminal, plain lines elsewhere."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mailer.catalogue import Message, msg
from mailer.cli.language import in_words
from mailer.cli.moments import format_hour
from mailer.cli.output import format_value, note
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.delivery.model import Counts
    from mailer.delivery.progress import Progress

SECONDS_BETWEEN_LINES = 10
SECONDS_BETWEEN_SAME_LINES = 300
SECONDS_BETWEEN_COUNTS = 2
SECONDS_OF_PACE = 30
_SHARE_OF_COUNTING = 50  # counting takes no more than a fiftieth of the time that is for sending

CountGroups = Callable[[], "Mapping[str, Counts]"]


@dataclass(frozen=True, slots=True)
class RunDisplay:
    """Shows how far a run has come, and before that the seconds in which it may be regretted."""

    show: "Callable[[Progress], None]"
    show_words: Callable[[Message], None]

    def __call__(self, progress: "Progress") -> None:
        """Show how far it has come."""
        self.show(progress)

    def wait(self, seconds: float, *, slug: str) -> None:
        """Show how long it still waits before the first mail."""
        self.show_words(msg("schedule.may-be-regretted", left=timedelta(seconds=ceil(seconds)), slug=slug))


@contextmanager
def showing_progress(count_groups: CountGroups = dict) -> Iterator[RunDisplay]:
    """Give the function that a run reports to; `count_groups` counts the deliveries of each group of lists.

    In the end one line says what the run has done and how long it took.
    """
    screen, told = Console(stderr=True), _Told()
    if not screen.is_terminal:
        yield RunDisplay(_Lines(told).show, _FirstWords().show)
    else:
        picture = _Picture(told, count_groups)
        with Live(console=screen, refresh_per_second=4, transient=True) as live:
            yield RunDisplay(
                lambda progress: live.update(picture.draw(progress)), lambda words: live.update(Text(in_words(words)))
            )
    if told.latest is not None:
        note(_summary(told.latest))


class _FirstWords:
    """Prints the first words, where nothing can be drawn anew."""

    def __init__(self) -> None:
        self._is_said = False

    def show(self, words: Message) -> None:
        if not self._is_said:
            self._is_said = True
            note(words)


class _Told:
    """The latest reports: the pace is that of the last half minute, since a server may slow down or stop."""

    def __init__(self) -> None:
        self._moments: deque[Progress] = deque()

    @property
    def latest(self) -> "Progress | None":
        return self._moments[-1] if self._moments else None

    def observe(self, progress: "Progress") -> None:
        self._moments.append(progress)
        while len(self._moments) > 2 and self._moments[1].seconds <= progress.seconds - SECONDS_OF_PACE:
            self._moments.popleft()

    @property
    def rate(self) -> float:
        """Return the deliveries dealt with per second."""
        first, last = self._moments[0], self._moments[-1]
        seconds = last.seconds - first.seconds
        return (last.settled - first.settled) / seconds if seconds else last.rate


class _Picture:
    """The bar, the groups of lists, and how long it takes."""

    def __init__(self, told: _Told, count_groups: CountGroups) -> None:
        self._told = told
        self._count_groups = count_groups
        self._groups: Mapping[str, Counts] = {}
        self._next_count = 0.0

    def draw(self, progress: "Progress") -> Group:
        self._told.observe(progress)
        self._count()
        parts = [_table(self._groups)] if self._groups else []
        # The bar last: it ends without a new line.
        bar = ProgressBar(total=max(1, progress.total), completed=progress.settled, width=64)
        return Group(*parts, Text(in_words(_line(progress, rate=self._told.rate))), bar)

    def _count(self) -> None:
        began = time.monotonic()
        if began < self._next_count:
            return
        with suppress(MailerError):  # only to be looked at: sending does not stop for it
            self._groups = self._count_groups()
        took = time.monotonic() - began
        self._next_count = began + max(SECONDS_BETWEEN_COUNTS, took * _SHARE_OF_COUNTING)


def _table(groups: "Mapping[str, Counts]") -> Table:
    """A person on two lists stands on both lines."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False, show_edge=False)
    table.add_column("")  # lists, or regions where they are many
    for heading in _headings():
        table.add_column(in_words(heading), justify="right", no_wrap=True)
    for name, counts in groups.items():
        left = counts.queued + counts.claimed + counts.in_flight
        numbers = (counts.to_send, counts.accepted, counts.deferred, counts.rejected, counts.in_doubt, left)
        table.add_row(in_words(name), *(format_value(number) if number else "" for number in numbers))
    return table


def _headings() -> tuple[Message, ...]:
    return (
        msg("sending.heading-to-send"),
        msg("sending.heading-accepted"),
        msg("sending.heading-deferred"),
        msg("sending.heading-rejected"),
        msg("sending.heading-in-doubt"),
        msg("sending.heading-left"),
    )


class _Lines:
    """Prints a line now and then."""

    def __init__(self, told: _Told) -> None:
        self._told = told
        self._last = time.monotonic()
        self._line = ""

    def show(self, progress: "Progress") -> None:
        self._told.observe(progress)
        silent = time.monotonic() - self._last
        if silent < SECONDS_BETWEEN_LINES:
            return
        line = _line(progress, rate=self._told.rate)
        if line != self._line or silent >= SECONDS_BETWEEN_SAME_LINES:
            self._last, self._line = time.monotonic(), line
            note(line)


def _line(progress: "Progress", *, rate: float) -> Message:
    if progress.waits_until or progress.waits_because:
        return _waiting(progress)
    if not progress.settled:
        return msg("sending.progress-waiting", total=progress.total)
    left, done = progress.total - progress.settled, _done(progress)
    if left > 0 and rate:
        return _time_left(done, rate=rate, left=timedelta(seconds=left / rate))
    if left > 0:
        return msg("sending.progress-stands-still", done=done, seconds=SECONDS_OF_PACE)
    return msg("sending.progress-deferred", done=done) if progress.deferred else done


def _waiting(progress: "Progress") -> Message:
    """Say why everybody waits, and until when, as far as both are known."""
    done, why = _done(progress), progress.waits_because
    if progress.waits_until is None:
        return msg("sending.progress-waits-because", done=done, why=why)
    hour = format_hour(progress.waits_until)
    if not why:
        return msg("sending.progress-waits-until", done=done, hour=hour)
    return msg("sending.progress-waits-until-because", done=done, hour=hour, why=why)


def _time_left(done: Message, *, rate: float, left: timedelta) -> Message:
    if left < timedelta(seconds=1):
        return msg("sending.progress-almost", done=done, pace=_pace(rate))
    return msg("sending.progress-goes-on", done=done, pace=_pace(rate), left=left)


def _summary(progress: "Progress") -> Message:
    done, took = _done(progress), timedelta(seconds=progress.seconds)
    if progress.seconds < 1:
        return msg("sending.progress-took", done=done, took=took)
    return msg("sending.progress-took-pace", done=done, took=took, pace=_pace(progress.rate))


def _done(progress: "Progress") -> Message:
    """Return the counts; a delivery that was deferred more than once counts each time, but a person only once."""
    done, total = min(progress.settled, progress.total), progress.total
    counts = [
        msg("sending.number-accepted", count=progress.accepted),
        msg("sending.number-deferred", count=progress.deferred),
        msg("sending.number-rejected", count=progress.rejected),
        msg("sending.number-expired", count=progress.expired),
        msg("sending.number-in-doubt", count=progress.in_doubt),
        msg("sending.number-skipped", count=progress.skipped),
    ]
    words = ", ".join(in_words(each) for each in counts if each.values["count"])
    if not words:
        return msg("sending.progress-done", done=done, total=total)
    return msg("sending.progress-counts", done=done, total=total, counts=words)


def _pace(rate: float) -> Message:
    """Return the pace a second where a whole number tells it rightly, otherwise a minute."""
    if rate >= 10:
        return msg("sending.pace-a-second", number=round(rate))
    return msg("sending.pace-a-minute", number=round(rate * 60))
