"""The deeds of a worker, which both ways of running it call."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.catalogue import Message, msg
from mailer.errors import MailerError, explain_os_error
from mailer.service_manager import ALIVE, ALIVE_SECONDS, tell_manager
from mailer.usecases.working import Work, find_ready
from mailer.work.children import SenderProcess
from mailer.work.duties import Duty, find_duties
from mailer.work.threads import in_thread

if TYPE_CHECKING:
    from mailer.bootstrap import Services

LOOK_SECONDS = 2.0
BEAT_SECONDS = 5.0
AHEAD = timedelta(seconds=10)
"""Starts that come so soon are waited for, each to its moment."""
_DUTY_AGAIN = timedelta(minutes=15)

logger = logging.getLogger("mailer.work")


class Handlers:
    """A worker of a workspace: its senders, its duties and its heartbeat. `options` go before their command."""

    def __init__(
        self,
        services: "Services",
        *,
        processes: int,
        say: Callable[[Message], None],
        options: Sequence[str] = (),
    ) -> None:
        services.operator = replace(services.operator, actor="mailer")
        self.services, self.processes = services, processes
        self._say, self._options = say, options
        self._token = secrets.token_hex(16)
        self._senders: list[SenderProcess] = []
        self._duties = {each.name: each for each in find_duties(services)}
        self._tended: set[str] = set()
        self._next_beat = self._next_word = 0.0
        self._beating: Future[None] | None = None

    # --- mailings ---------------------------------------------------------------------------------

    def find_ready(self) -> tuple[Work, ...]:
        """Return the mailings to be sent, and those whose start is near."""
        return find_ready(self.services, ahead=AHEAD)

    def count_senders(self, slug: str = "") -> int:
        """Return how many senders of this worker are at work on an issue, or on any."""
        return sum(not slug or each.slug == slug for each in self._senders)

    def count_processes(self) -> int:
        """Return how many senders of a mailing all workers that are there may have at work, this one among them."""
        return sum(each.processes for each in self.services.workers.read() if each.is_alive) or self.processes

    def send(self, slug: str) -> SenderProcess:
        """Start a sender."""
        sender = SenderProcess(slug, options=self._options)
        self._senders.append(sender)
        return sender

    def settle(self) -> list[SenderProcess]:
        """Take out the senders that have ended, and return them."""
        ended = [each for each in self._senders if each.code is not None]
        self._senders = [each for each in self._senders if each not in ended]
        return ended

    def ask_to_end(self) -> list[SenderProcess]:
        """Have all senders finish the messages in hand; return them."""
        for each in self._senders:
            each.ask_to_end()
        return list(self._senders)

    def tell_of_failure(self, sender: SenderProcess, *, again_in: float) -> None:
        """Say that a sender has ended before all was done, and when that is tried again."""
        seconds = timedelta(seconds=round(again_in))
        self._say(msg("work.tried-again", slug=sender.slug, code=str(sender.code), seconds=seconds))

    # --- duties -----------------------------------------------------------------------------------

    @property
    def duties(self) -> tuple[Duty, ...]:
        """Return the duties that the settings ask for."""
        return tuple(self._duties.values())

    def find_due(self) -> list[Duty]:
        """Return the duties that are due and not being carried out here."""
        due = self.services.duty_times.find_due({each.name: each.every for each in self.duties})
        return [self._duties[each] for each in due if each not in self._tended]

    def carry_out(self, duty: Duty) -> "Future[None]":
        """Begin a duty in a thread of its own; what goes wrong is written down and said."""
        self._tended.add(duty.name)
        return in_thread(lambda: self._tend(duty))

    @property
    def is_tending(self) -> bool:
        """Return whether a duty is being carried out."""
        return bool(self._tended)

    def _tend(self, duty: Duty) -> None:
        times = self.services.duty_times
        try:
            if failure := self._try(duty):
                again_in = min(duty.every, _DUTY_AGAIN)
                self._say(msg("work.duty-failed", duty=duty.name, why=failure, again=again_in))
                times.note_failed(duty.name, failure, again_in=again_in)
            else:
                times.note_done(duty.name, every=duty.every)
        finally:
            self._tended.discard(duty.name)

    def _try(self, duty: Duty) -> str:
        """Carry out a duty; return what went wrong."""
        try:
            duty.carry_out(self.services)
        except MailerError as error:
            return error.what
        except OSError as error:
            return explain_os_error(error).what
        except Exception as error:  # a mistake in one duty must not end the worker
            logger.exception("duty failed", extra={"event": "duty-failed"})
            return type(error).__name__
        return ""

    # --- heartbeat --------------------------------------------------------------------------------

    def beat(self) -> None:
        """Show that this worker lives, and what it does."""
        doing = [*(each.slug for each in self._senders), *sorted(self._tended)]
        self.services.workers.beat(self._token, processes=self.processes, doing=doing)

    def beat_when_due(self) -> None:
        """Beat now and then, in a thread: others who write, or a server that is away, must not delay a start.

        The service manager is told whatever becomes of that: the worker lives.
        """
        now = time.monotonic()
        if now >= self._next_word:
            self._next_word = now + ALIVE_SECONDS
            tell_manager(ALIVE)
        if now >= self._next_beat and (self._beating is None or self._beating.done()):
            self._next_beat = now + BEAT_SECONDS
            self._beating = in_thread(self.beat)

    def leave(self) -> None:
        """Take this worker out of those that are there, where that can be written."""
        with suppress(MailerError):
            self.services.workers.leave(self._token)
