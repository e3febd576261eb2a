"""The send loop: a mailing, several connections, one ledger; ends for a reason that it can name."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from threading import Event

from mailer.catalogue import msg
from mailer.clock import utc_now
from mailer.database.decisions import BY_ITSELF
from mailer.delivery.claim_queue import ClaimQueue
from mailer.delivery.connection_worker import ConnectionWorker
from mailer.delivery.ledger import Ledger, MailingStateError, SenderRun
from mailer.delivery.loop import Loop
from mailer.delivery.model import Counts, MailingState
from mailer.delivery.notes import note_of
from mailer.delivery.options import DispatchOptions
from mailer.delivery.pacing import Pacer
from mailer.delivery.personalising import Personaliser, read_variants
from mailer.delivery.progress import Progress, Tally, Waits
from mailer.delivery.resting import Rest
from mailer.delivery.run_context import RunContext, let_go
from mailer.delivery.streaks import Streaks
from mailer.delivery.troubles import Troubles
from mailer.delivery.verdict import DoubtBreaker, EndReason, Stop
from mailer.delivery.words_of_answers import without_addresses
from mailer.errors import ExitCode, explain_runtime_error
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage
from mailer.transport.base import Session, Stage, Transport, TransportError

logger = logging.getLogger("mailer.delivery")

_TICK_SECONDS = 0.25
_TRY_AGAIN = {
    EndReason.DEFERRED,
    EndReason.RESTING,
    EndReason.CLOSED,
    EndReason.STOPPED,
    EndReason.PAUSED,
    EndReason.SERVER_AWAY,
}
_NEEDS_A_PERSON = {EndReason.REFUSED, EndReason.BREAKER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a run: its reason, the mailing's equation at that moment, and the words for a person."""

    reason: EndReason
    counts: Counts
    note: str

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code of the process: done, try again, or refused."""
        if self.reason in _TRY_AGAIN:
            return ExitCode.TRY_AGAIN
        is_good = self.reason is EndReason.FINISHED and not (self.counts.in_doubt or self.counts.has_lost_many)
        return ExitCode.DONE if is_good else ExitCode.REFUSED


def ignore_progress(progress: Progress) -> None:
    """Show nothing."""


class Dispatcher:
    """Sends mailings of a ledger over a transport."""

    def __init__(
        self,
        ledger: Ledger,
        transport: Transport,
        *,
        keys: KeyRing,
        options: DispatchOptions,
        clock: Callable[[], datetime] = utc_now,
        random: Random | None = None,
    ) -> None:
        self._ledger = ledger
        self._transport = transport
        self._keys = keys
        self._options = options
        self._clock = clock
        self._random = random or Random()  # noqa: S311 spreads retries; nothing secret

    def run(
        self,
        mailing_id: int,
        *,
        stop: Event | None = None,
        once: bool = False,
        on_progress: Callable[[Progress], None] = ignore_progress,
    ) -> Ended:
        """Send all queued and due deliveries until `stop` is set or nothing is left; with `once`, leave deferred ones.

        Raises `SenderBusyError`, `MailingStateError` and `LedgerError`; `MessageError` for a mailing that this version
        cannot read, before anything is written down.
        """
        variants = read_variants(self._ledger.variants(self._ledger.mailing(mailing_id).id))
        stop = stop or Event()
        with self._ledger.start_run(mailing_id, is_stopped=stop.is_set) as run, closing(Loop(run)) as loop:
            context = self._equip(run, loop, variants)
            logger.info("run begins", extra={"mailing": mailing_id, "run": run.id})
            self._send(context, loop, stop=stop, once=once, on_progress=on_progress)
            self._free_those_on_trial(context)
            if context.feed.failure is not None:
                raise context.feed.failure
        return self._ended(mailing_id, context.feed.why or Stop(EndReason.SERVER_AWAY, context.troubles.latest))

    def _equip(self, run: SenderRun, loop: Loop, variants: Mapping[int, CompiledMessage]) -> RunContext:
        outlook = run.outlook()
        options = self._options
        rest = Rest(first=options.rest_seconds, longest=options.longest_rest_seconds)
        return RunContext(
            run=run,
            feed=ClaimQueue(run, batch=options.batch, rest=rest),
            connect=lambda: _connect(loop, self._transport),
            personalise=Personaliser(variants, planned_at=run.mailing.created_at, keys=self._keys, clock=self._clock),
            pacer=Pacer(options.messages_per_minute, reserve=run.reserve, clock=self._clock, name="smtp"),
            breaker=DoubtBreaker(),
            streaks=Streaks(),
            rest=rest,
            tally=Tally(outlook.queued + outlook.deferred),
            troubles=Troubles(),
            waits=Waits(),
            options=options,
            clock=self._clock,
            random=self._random,
        )

    def _send(
        self, context: RunContext, loop: Loop, *, stop: Event, once: bool, on_progress: Callable[[Progress], None]
    ) -> None:
        self._look_ahead(context, once=once)
        if stop.is_set():
            context.feed.stop(Stop(EndReason.STOPPED))
        is_closed = self._keep_window(context, once=once)
        session = None if is_closed else self._first_session(context, stop)
        if session is None and (once or not is_closed):
            return
        for number in range(self._options.connections):
            loop.add(ConnectionWorker(context, session=session if number == 0 else None).work())
        while loop.is_busy:
            try:
                self._supervise(context, loop, stop=stop, once=once, on_progress=on_progress)
            except BaseException as error:  # noqa: BLE001 raised again by `run`, when the connections have finished
                context.feed.fail(error)
        on_progress(context.tally.progress)

    def _first_session(self, context: RunContext, stop: Event) -> Session | None:
        """Open one connection to prove that the server lets us in, before anything is claimed."""
        failures, feed = 0, context.feed
        while not feed.is_stopped:
            try:
                if (session := _wait_for(context.connect(), stop)) is not None:
                    return session
                feed.stop(Stop(EndReason.STOPPED))
            except TransportError as error:
                failures += 1
                context.tell_of_no_connection(error)
                if error.is_lasting or failures >= self._options.first_tries:
                    reason = EndReason.REFUSED if error.is_lasting else EndReason.SERVER_AWAY
                    feed.stop(Stop(reason, note_of(error)))
                elif stop.wait(self._options.backoff(failures)):
                    feed.stop(Stop(EndReason.STOPPED))
        return None

    def _supervise(
        self, context: RunContext, loop: Loop, *, stop: Event, once: bool, on_progress: Callable[[Progress], None]
    ) -> None:
        """Carry the connections on until they have finished, and meanwhile look whether they are to."""
        feed, next_look, next_report, told = context.feed, 0.0, 0.0, 0.0
        while loop.is_busy:
            loop.turn(patience=min(_TICK_SECONDS, self._options.poll_seconds))
            now = time.monotonic()
            if feed.is_stopped:
                loop.hurry(now + self._options.grace_seconds)
                continue
            if stop.is_set():
                feed.stop(Stop(EndReason.STOPPED))
            elif not context.run.is_running:
                feed.stop(Stop(EndReason.PAUSED))
            elif self._keep_window(context, once=once):
                if now >= next_look:
                    next_look = now + self._options.poll_seconds
                    _stop_when_done(context)
            elif context.rest.is_on:
                told = _heed_rest(context, once=once, told=told)
            elif feed.is_dry and now >= next_look:
                next_look = now + self._look_ahead(context, once=once)
            if feed.is_dry or now >= next_report:
                next_report = now + _TICK_SECONDS
                on_progress(self._progress(context))

    def _keep_window(self, context: RunContext, *, once: bool) -> bool:
        """Return whether the window is closed: nothing is sent then, and a run that does not wait for it ends."""
        window, now, rest = self._options.window, self._clock(), context.rest
        if window is None or window.is_open(now):
            rest.open()
            return False
        opens = window.opens(now)
        words = msg("schedule.window-closed", window=window.text, opens=opens)
        if once:
            context.feed.stop(Stop(EndReason.CLOSED, words))
        elif rest.opens is None:
            logger.warning("%s", words, extra={"mailing": context.run.mailing.id})
        rest.close(opens)
        return True

    def _progress(self, context: RunContext) -> Progress:
        """Return the figures, and while everybody waits, until when and why."""
        progress, rest = context.tally.progress, context.rest
        if rest.opens is not None and self._options.window is not None:
            why = msg("schedule.only-within", window=self._options.window.text)
            return replace(progress, waits_until=rest.opens, waits_because=why)
        if rest.is_on:
            until = self._clock() + timedelta(seconds=rest.seconds_left)
            return replace(progress, waits_until=until, waits_because=rest.words)
        if context.feed.is_dry:
            return replace(progress, waits_until=context.waits.until, waits_because=context.waits.because)
        return replace(progress, waits_because=context.troubles.latest)

    def _look_ahead(self, context: RunContext, *, once: bool) -> float:
        """End the run when nothing more will come, and otherwise ask for more; call it with nothing in hand.

        Return in how many seconds to look again: soon, where another sender still has some in hand.
        """
        context.end_trials(context.streaks.end_all())  # whoever else they could have been about has had an answer too
        outlook = context.run.outlook()
        context.waits.until = outlook.next_due
        is_due = outlook.next_due is not None and outlook.next_due <= self._clock()
        if outlook.state is not MailingState.RUNNING:
            context.feed.stop(Stop(EndReason.PAUSED))
        elif not (outlook.queued or outlook.held or outlook.deferred):
            context.feed.stop(Stop(EndReason.FINISHED))
        elif outlook.queued or is_due:
            context.feed.ask_again()
        elif once and not outlook.held:
            context.feed.stop(Stop(EndReason.DEFERRED))
        return self._options.poll_seconds / (5 if outlook.held else 1)

    def _free_those_on_trial(self, context: RunContext) -> None:
        """Queue again the deliveries that are on trial when the run ends."""
        on_trial = [each.delivery.id for each in context.streaks.end_all()]
        if on_trial and context.feed.failure is None:
            context.run.requeue(on_trial, why=str(msg("sending.queued-again")))

    def _ended(self, mailing_id: int, why: Stop) -> Ended:
        if why.reason in _NEEDS_A_PERSON:
            self._pause(mailing_id, why.note)
        mailing = self._ledger.mailing(mailing_id)
        named = {MailingState.FINISHED: EndReason.FINISHED, MailingState.CANCELLED: EndReason.CANCELLED}
        reason = named.get(mailing.state, why.reason)
        logger.info("run ended: %s", reason, extra={"mailing": mailing_id})
        return Ended(reason=reason, counts=mailing.counts, note=why.note)

    def _pause(self, mailing_id: int, note: str) -> None:
        try:
            self._ledger.acting_as(BY_ITSELF).pause(mailing_id, note=note)
        except MailingStateError:
            logger.info("not paused: nothing was left to send", extra={"mailing": mailing_id})


def _stop_when_done(context: RunContext) -> None:
    """End a run of which nothing is left, although nothing more may be claimed now."""
    outlook = context.run.outlook()
    if not (outlook.queued or outlook.held or outlook.deferred):
        context.feed.stop(Stop(EndReason.FINISHED))


def _heed_rest(context: RunContext, *, once: bool, told: float) -> float:
    """End a run that does not wait, and otherwise warn of the rest; return the rest that was told of."""
    rest, why = context.rest, msg("sending.everybody-put-off", words=context.rest.words)
    if once:
        context.feed.stop(Stop(EndReason.RESTING, why))
    elif rest.ends != told:
        minutes = max(1, round(rest.seconds_left / 60))
        words = "%s\nNobody is sent to for %d min; then it is asked again."
        ids = {"event": "relay-rests", "mailing": context.run.mailing.id}
        logger.warning(words, without_addresses(why), minutes, extra=ids)
    return rest.ends


def _connect(loop: Loop, transport: Transport) -> Future[Session]:
    """Have a connection opened in a thread of its own, where the system has one to give."""
    try:
        return loop.start(transport.connect)
    except RuntimeError as error:
        refused: Future[Session] = Future()
        told = explain_runtime_error(error)
        refused.set_exception(TransportError(told.what, hint=told.hint, stage=Stage.CONNECT))
        return refused


def _wait_for(opening: Future[Session], stop: Event) -> Session | None:
    """Wait for the connections in short turns, so that a silent server cannot keep a person from stopping."""
    while not stop.is_set():
        if wait([opening], timeout=_TICK_SECONDS).done:
            return opening.result()
    opening.add_done_callback(let_go)
    return None
