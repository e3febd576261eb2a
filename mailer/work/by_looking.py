"""The worker that looks at the tables which hold due times: on SQLite, and anywhere for a single look."""

import logging
import time
from collections.abc import Sequence
from threading import Event

from mailer.errors import MailerError
from mailer.work.children import SenderProcess
from mailer.work.handlers import LOOK_SECONDS, Handlers
from mailer.work.pauses import Pauses

_TURN_SECONDS = 0.25
_ENDING_SECONDS = 5.0
"""The time in which duties may come to their end when the worker is to end."""

logger = logging.getLogger("mailer.work")


class LookingWorker:
    """Looks every two seconds, or when a start is due. `is_alone`: one sender at a time, as on SQLite."""

    def __init__(self, handlers: Handlers, *, is_alone: bool) -> None:
        self._handlers, self._is_alone = handlers, is_alone
        self._pauses = Pauses()
        self._next_look = 0.0
        self._trouble = ""
        self._sent = set[str]()

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; then have the senders finish the messages in hand."""
        while not stop.is_set():
            ended, now = self._handlers.settle(), time.monotonic()
            if ended or now >= self._next_look:
                self._next_look = now + self._look(ended)
            self._handlers.beat_when_due()
            stop.wait(self._seconds_to_wait())
        self._finish()

    def run_once(self, stop: Event) -> list[int]:
        """Send each mailing that is due once, see all to its end, and return the exit codes of the senders."""
        codes = list[int]()
        self._begin_due([])
        while self._handlers.count_senders() or self._handlers.is_tending:
            if ended := self._handlers.settle():
                codes += [each.code or 0 for each in ended]
                self._sent |= {each.slug for each in ended}
                self._begin_due([])
            if stop.wait(_TURN_SECONDS):
                return codes + self._finish()
        return codes

    def _look(self, ended: Sequence[SenderProcess]) -> float:
        """Begin senders and duties; return in how many seconds to look again, also where nothing could be read."""
        for each in ended:
            if each.code:
                self._pauses.begin(each.slug, code=each.code)
        try:
            next_start = self._begin_due(ended)
        except MailerError as error:
            if str(error) != self._trouble:
                logger.warning("%s", error, extra={"event": "cannot-look"})
            self._trouble = str(error)
            return LOOK_SECONDS
        self._trouble = ""
        return min(LOOK_SECONDS, next_start)

    def _begin_due(self, ended: Sequence[SenderProcess]) -> float:
        for duty in self._handlers.find_due():
            self._handlers.carry_out(duty)
        if self._is_alone and self._handlers.count_senders():
            return LOOK_SECONDS
        ready = self._handlers.find_ready()
        slugs = {each.slug for each in ready}
        self._pauses.keep_only(slugs)
        for sender in ended:
            if sender.code and sender.slug in slugs:
                self._handlers.tell_of_failure(sender, again_in=self._pauses.seconds_left(sender.slug))
        for each in ready:
            if not (each.begins_in or self._pauses.seconds_left(each.slug) or each.slug in self._sent):
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
        return max(0.0, self._next_look - time.monotonic())

    def _finish(self) -> list[int]:
        """Have all end; return the exit codes of the senders."""
        self._handlers.ask_to_end()
        codes, latest = list[int](), time.monotonic() + _ENDING_SECONDS
        while self._handlers.count_senders() or (self._handlers.is_tending and time.monotonic() < latest):
            codes += [each.code or 0 for each in self._handlers.settle()]
            time.sleep(_TURN_SECONDS / 5)
        return codes
