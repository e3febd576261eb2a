"""The worker that shares mailings with others through PgQueuer: on PostgreSQL, on any number of machines.

A job says that somebody is to join a mailing. It may come twice or late: the ledger decides.
"""

import asyncio
import logging
import random
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.tm import cancel_on_exit
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job, Schedule

from mailer.database.job_queue import CHANNEL, LOST, open_queue, require_queue
from mailer.errors import MailerError
from mailer.usecases.working import Work
from mailer.work.children import SenderProcess
from mailer.work.duties import Duty
from mailer.work.handlers import Handlers
from mailer.work.pauses import pause_after
from mailer.work.threads import in_thread

JOIN = "join"
_EVERY_TWO_SECONDS, _EVERY_TEN_SECONDS = "* * * * * */2", "* * * * * */10"
_STALE = timedelta(seconds=10)
"""After so long a job of a worker that has shown no sign of life goes to another."""
_TURN_SECONDS, _IDLE_TURN_SECONDS = 0.25, 0.5
_RECONNECT_SECONDS = 2.0
_TRIES_TO_FIND_ROOM = 8
_MOST_JOBS = 1000

logger = logging.getLogger("mailer.work")


class QueueWorker:
    """Takes jobs, enqueues those that are wanted, and carries out duties, until it is to stop."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._stop = Event()
        self._shutdown = asyncio.Event()  # of the way to the queue: lost, or the worker is to stop

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; then have the senders finish the messages in hand."""
        self._stop = stop
        asyncio.run(self._run())

    async def _run(self) -> None:
        tending = asyncio.create_task(self._tend())
        try:
            while not self._stop.is_set():
                await self._serve_until_lost()
        finally:
            await asyncio.gather(*(asyncio.wrap_future(each.ended) for each in self._handlers.ask_to_end()))
            tending.cancel()

    async def _serve_until_lost(self) -> None:
        """Serve; where the server has gone away, say so and wait a moment before the next try."""
        try:
            async with open_queue(self._handlers.services.database) as queue:
                await require_queue(queue)
                await self._serve(queue)
        except LOST as error:
            logger.warning("the database went away; trying again (%s)", type(error).__name__)
        if not self._stop.is_set():
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _serve(self, queue: Queries) -> None:
        queuer = PgQueuer(queue.driver, channel=CHANNEL, queries=queue)
        self._shutdown = queuer.shutdown
        queuer.entrypoint(JOIN)(self._join)
        queuer.schedule("look", _EVERY_TWO_SECONDS)(partial(self._look, queue))
        for duty in self._handlers.duties:
            queuer.schedule(duty.name, _EVERY_TEN_SECONDS)(partial(self._carry_out, duty))
        await queuer.run(batch_size=1, heartbeat_timeout=_STALE, log_aggregation_interval=timedelta())

    async def _tend(self) -> None:
        """Take out senders that have ended and show that the worker lives, whatever becomes of the queue."""
        while True:
            self._handlers.settle()
            self._handlers.beat_when_due()
            if self._stop.is_set():
                self._shutdown.set()
                self._handlers.ask_to_end()
            await asyncio.sleep(_TURN_SECONDS if self._handlers.count_senders() else _IDLE_TURN_SECONDS)

    # --- what PgQueuer calls ----------------------------------------------------------------------

    async def _look(self, queue: Queries, _schedule: Schedule) -> None:
        """Enqueue as many jobs for each mailing as all workers together have processes; one alone begins it."""
        ready = await self._find_ready()
        if not ready:
            return
        wanted = await asyncio.wrap_future(in_thread(self._handlers.count_processes))
        known = [each.payload for each in await queue.browse_queue(limit=_MOST_JOBS, entrypoints=[JOIN])]
        for each in ready:
            payload = each.slug.encode()
            for _ in range((wanted if each.is_begun else 1) - known.count(payload)):
                await queue.enqueue(JOIN, payload, execute_after=each.begins_in)

    async def _join(self, job: Job) -> None:
        """Send, until nothing is left for now; a worker that has enough to do leaves it to another."""
        slug = (job.payload or b"").decode()
        if not await self._is_wanted(slug):
            return
        if self._handlers.count_senders(slug) >= self._handlers.processes:
            if job.attempts < _TRIES_TO_FIND_ROOM:
                raise RetryRequested(delay=timedelta(seconds=random.uniform(0.5, 1.5)))  # noqa: S311 nothing secret
            return
        sender = self._handlers.send(slug)
        await self._ended_or_lost(sender)
        if sender.code and not self._stop.is_set() and await self._is_wanted(slug):
            pause = pause_after(job.attempts + 1, was_killed=sender.code < 0)
            self._handlers.tell_of_failure(sender, again_in=pause)
            raise RetryRequested(delay=timedelta(seconds=pause))

    async def _carry_out(self, duty: Duty, _schedule: Schedule) -> None:
        """Carry out a duty when it is due; PgQueuer has one worker at a time do so."""
        if duty in await asyncio.wrap_future(in_thread(self._handlers.find_due)):
            done = asyncio.wrap_future(self._handlers.carry_out(duty))
            while not (done.done() or self._stop.is_set()):
                await asyncio.wait({done}, timeout=_TURN_SECONDS)
            if done.done():
                await done

    async def _is_wanted(self, slug: str) -> bool:
        return slug in {each.slug for each in await self._find_ready()}

    async def _find_ready(self) -> tuple[Work, ...]:
        """Look at the tables; what cannot be read now is looked at again soon."""
        try:
            return await asyncio.wrap_future(in_thread(self._handlers.find_ready))
        except MailerError as error:
            logger.warning("%s", error, extra={"event": "cannot-look"})
            return ()

    async def _ended_or_lost(self, sender: SenderProcess) -> None:
        """Wait for the end of a sender; where the way to the queue is lost, it goes on without its job."""
        ended = asyncio.wrap_future(sender.ended)
        async with cancel_on_exit(asyncio.create_task(self._shutdown.wait())) as lost:
            either: set[asyncio.Future[Any]] = {ended, lost}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
