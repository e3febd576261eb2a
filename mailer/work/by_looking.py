"""The worker that looks at the tables which hold due times: on SQLite, and anywhere for a single look."""

import logging
import time
from concurrent.futures import Future
from threading import Event

from mailer.errors import MailerError
from mailer.service_manager import ALIVE, tell_manager
from mailer.work.handlers import BEAT_SECONDS, LOOK_SECONDS, Handlers
from mailer.work.pauses import Pauses
from mailer.work.threads import in_thread

_TURN_SECONDS = 0.25
_ENDING_SECONDS = 5.0
"""The time in which duties may come to their end when the worker is to end."""

logger = logging.getLogger("mailer.work")


class LookingWorker:
    """Looks every two seconds, or when a start is due. `is_alone`: one sender at a time, as on SQLite."""

    def __init__(self, handlers: Handlers, *, is_alone: bool) -> None:
        self._handlers, self._is_alone = handlers, is_alone
        self._pauses = Pauses()
        self._next_look = self._next_beat = 0.0
        self._beat: Future[None] | None = None
        self._trouble = ""
        self._sent = set[str]()

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; then have the senders finish the messages in hand."""
        while not stop.is_set():
            for each in self._handlers.settle():
                if each.code:
                    pause = self._pauses.begin(each.slug, code=each.code)
                    self._handlers.tell_of_failure(each, again_in=pause)
            now = time.monotonic()
            if now >= self._next_look:
                self._next_look = now + self._look()
            if now >= self._next_beat:
                self._next_beat = now + BEAT_SECONDS
                tell_manager(ALIVE)
                self.beat()
            stop.wait(self._seconds_to_wait())
        self._finish()

    def run_once(self, stop: Event) -> list[int]:
        """Send each mailing that is due once, see all to its end, and return the exit codes of the senders."""
        codes = list[int]()
        self._begin_due()
        while self._handlers.count_senders() or self._handlers.is_tending:
            for each in self._handlers.settle():
                codes.append(each.code or 0)
                self._sent.add(each.slug)
                self._begin_due()
            if stop.wait(_TURN_SECONDS):
                return codes + self._finish()
        return codes

    def beat(self) -> None:
        """Show that the worker lives, in a thread: others who write must not delay a start."""
        if self._beat is None or self._beat.done():
            self._beat = in_thread(self._handlers.beat)

    def _look(self) -> float:
        """Begin senders and duties; return in how many seconds to look again, also where nothing could be read."""
        try:
            next_start = self._begin_due()
        except MailerError as error:
            if str(error) != self._trouble:
                logger.warning("%s", error, extra={"event": "cannot-look"})
            self._trouble = str(error)
            return LOOK_SECONDS
        self._trouble = ""
        return min(LOOK_SECONDS, next_start)

    def _begin_due(self) -> float:
        for duty in self._handlers.find_due():
            self._handlers.carry_out(duty)
        if self._is_alone and self._handlers.count_senders():
            return LOOK_SECONDS
        ready = self._handlers.find_ready()
        self._pauses.keep_only({each.slug for each in ready})
        for each in ready:
            if not (each.begins_in or self._pauses.is_on(each.slug) or each.slug in self._sent):
                self._send(each.slug)
        return min((each.begins_in.total_seconds() for each in ready if each.begins_in), default=LOOK_SECONDS)

    def _send(self, slug: str) -> None:
        """Start as many senders of an issue as there is room for."""
        here = self._handlers.count_senders("" if self._is_alone else slug)
        for _ in range(self._handlers.processes - here):
            self._handlers.send(slug)

    def _seconds_to_wait(self) -> float:
        if self._handlers.count_senders():
            return _TURN_SECONDS
        return max(0.0, min(self._next_look, self._next_beat) - time.monotonic())

    def _finish(self) -> list[int]:
        """Have all end; return the exit codes of the senders."""
        self._handlers.ask_to_end()
        codes, latest = list[int](), time.monotonic() + _ENDING_SECONDS
        while self._handlers.count_senders() or (self._handlers.is_tending and time.monotonic() < latest):
            codes += [each.code or 0 for each in self._handlers.settle()]
            time.sleep(_TURN_SECONDS / 5)
        return codes
