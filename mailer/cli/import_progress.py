"""Tell the progress of `mailer subscribers import` while it runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.cli.language import in_words
from mailer.cli.moments import format_time_left
from mailer.cli.output import note

if TYPE_CHECKING:
    from mailer.subscribers.imports.importing import ImportProgress

SECONDS_BETWEEN_PICTURES, SECONDS_BETWEEN_LINES = 0.5, 10
STEPS = {
    "reading": "register.read",
    "comparing": "register.compared",
    "writing": "register.written",
}
STEPS_OF = {
    "reading": "register.read-of",
    "comparing": "register.compared-of",
    "writing": "register.written-of",
}


@contextmanager
def showing_progress() -> "Iterator[Callable[[ImportProgress], None]]":
    """Give the function an import reports to: a line that is kept up to date, once there is something to wait for."""
    import time

    step = ""
    try:
        with line_that_changes() as (tell, seconds_between):
            began = shown = time.monotonic()

            def show(progress: "ImportProgress") -> None:
                nonlocal began, shown, step
                now = time.monotonic()
                if progress.step != step:
                    step, began = progress.step, now
                if now - shown >= seconds_between:
                    shown = now
                    tell(_progress_line(progress, seconds=now - began))

            yield show
    except KeyboardInterrupt:
        note("")
        note(msg("register.stopped-while-writing") if step == "writing" else msg("register.stopped"))
        raise


@contextmanager
def line_that_changes() -> "Iterator[tuple[Callable[[str], None], float]]":
    """Give the function that shows a line in place of the one before, and how many seconds apart it should be called.

    On a terminal nothing of it is left in the end. Elsewhere the lines follow one another, and come seldom.
    """
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    screen = Console(stderr=True, highlight=False)
    if not screen.is_interactive:
        yield note, SECONDS_BETWEEN_LINES
        return
    with ExitStack() as stack:
        live = Live(console=screen, auto_refresh=False, transient=True)

        def tell(text: str) -> None:
            if not live.is_started:
                stack.enter_context(live)
            live.update(Text(text, no_wrap=True, overflow="ellipsis"), refresh=True)

        yield tell, SECONDS_BETWEEN_PICTURES


def _progress_line(progress: "ImportProgress", *, seconds: float) -> str:
    rate = progress.done / seconds if seconds > 0 else 0
    done = msg(STEPS[progress.step], done=progress.done)
    if progress.total:
        done = msg(STEPS_OF[progress.step], done=progress.done, total=progress.total)
    if progress.step == "writing" or not rate:
        return in_words(done)
    if not progress.total or progress.total <= progress.done:
        return in_words(msg("register.with-rate", done=done, rate=round(rate)))
    left = format_time_left((progress.total - progress.done) / rate)
    return in_words(msg("register.with-rate-and-time", done=done, rate=round(rate), left=left))
