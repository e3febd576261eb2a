"""One connection of a run: takes a delivery, sends it, writes down what came of it; the loop carries all of them on.

The order is the promise: body, then the mark on disk, then the final dot, then the answer; the answer is on disk
before the next mark of this connection, so that at most one delivery a connection can be in doubt.
"""

import logging
import time
from datetime import datetime, timedelta

from mailer.catalogue import msg
from mailer.delivery.answer_rows import About
from mailer.delivery.answers import about
from mailer.delivery.loop import FOREVER, ConnectionTask, WaitForMark, WaitUntil
from mailer.delivery.model import Attempt, ClaimedDelivery, DeliveryStatus, Mark
from mailer.delivery.notes import note_of
from mailer.delivery.personalising import Outgoing
from mailer.delivery.retry import GiveUp, Retry
from mailer.delivery.run_context import RunContext, let_go
from mailer.delivery.streaks import Streak, is_about_us
from mailer.delivery.verdict import EndReason, Stop, Verdict, judge
from mailer.delivery.words_of_answers import without_address
from mailer.errors import MailerError
from mailer.transport.base import Lost, Ready, Reply, Session, Stage, TransportError

logger = logging.getLogger("mailer.delivery")

_SET_ASIDE_AFTER = 3


class ConnectionWorker:
    """One connection's work; `session` is one that is open already."""

    def __init__(self, context: RunContext, *, session: Session | None = None) -> None:
        self._context = context
        self._session = session
        self._sent_on_session = 0
        self._failures = 0

    def work(self) -> ConnectionTask[None]:
        """Send until the run is to end or the server cannot be reached any more."""
        try:
            feed, rest, tries = self._context.feed, self._context.rest, self._context.options.tries
            while not feed.is_stopped and (rest.is_on or self._failures < tries):
                yield from self._rest() if rest.is_on else self._work_on()
        except Exception as error:  # noqa: BLE001 the dispatcher raises it
            self._context.feed.fail(error)
        finally:
            yield from self._hang_up()

    def _work_on(self) -> ConnectionTask[None]:
        context = self._context
        # With nothing in hand: a connection that is refused must not keep a delivery from the others.
        if self._failures:
            yield from self._wait(context.options.backoff(self._failures))
        outgoing = yield from self._next()
        if outgoing is None:
            yield from self._hang_up()
        while outgoing is not None:
            outgoing = yield from self._send(outgoing)

    def _rest(self) -> ConnectionTask[None]:
        """Hang up and wait for the relay's rest to end; earlier failures no longer count after it."""
        yield from self._hang_up()
        yield from self._wait(self._context.rest.seconds_left)
        self._failures = 0

    def _wait(self, seconds: float) -> ConnectionTask[None]:
        """Wait that many seconds, but not beyond the end of the run."""
        yield WaitUntil(lambda: self._context.feed.is_stopped, time.monotonic() + seconds)

    def _next(self) -> ConnectionTask[Outgoing | None]:
        """Wait for a delivery, and for its moment."""
        feed = self._context.feed
        if not feed.may_give:
            until = time.monotonic() + self._context.options.idle_seconds
            yield WaitUntil(lambda: feed.may_give or feed.is_stopped, until)
        if not self._context.pacer.is_limited:
            return self._take()
        while (delivery := feed.take()) is not None:
            yield from self._wait(self._context.pacer.pause())
            if feed.is_stopped or feed.rest.is_on:
                feed.give_back(delivery)
            elif (outgoing := self._personalise(delivery)) is not None:
                return outgoing
        return None

    def _take(self) -> Outgoing | None:
        """Return a message that may go at once."""
        while (delivery := self._context.feed.take()) is not None:
            if (outgoing := self._personalise(delivery)) is not None:
                return outgoing
        return None

    def _personalise(self, delivery: ClaimedDelivery) -> Outgoing | None:
        try:
            return self._context.personalise(delivery)
        except MailerError as error:  # the address cannot be written into a message
            words = Reply(code=553, enhanced="5.1.3", text=error.what, stage=Stage.RCPT, is_local=True)
            self._settle(delivery, DeliveryStatus.REJECTED, words)
            return None

    # --- one message ------------------------------------------------------------------------------

    def _send(self, outgoing: Outgoing) -> ConnectionTask[Outgoing | None]:
        """Send one message; return the one whose transaction was opened together with its final dot."""
        session, begun = yield from self._begin(outgoing)
        if session is None or begun is None:
            self._context.feed.give_back(outgoing.delivery)
            return None
        broken = (yield from session.stream(outgoing.payload)) if isinstance(begun, Ready) else begun
        if broken is not None:
            yield from self._hear(outgoing.delivery, broken)
            return None
        following = self._following()  # made ready while the server reads: after the mark every moment counts
        mark = yield WaitForMark(outgoing.delivery.id)
        if mark is not Mark.GO:
            self._withdraw(session, outgoing.delivery, mark)
            self._put_back(following)
            return None
        if self._context.feed.is_stopped:
            self._put_back(following)
            following = None
        return (yield from self._finish(session, outgoing, following))

    def _begin(self, outgoing: Outgoing) -> ConnectionTask[tuple[Session | None, Ready | Reply | Lost | None]]:
        """Begin a transaction, anew on another connection where the server has hung up on one that was in use."""
        while (session := (yield from self._open_session())) is not None:
            begun = yield from session.begin(outgoing.envelope)
            is_left = isinstance(begun, Lost) and begun.stage is Stage.MAIL and self._sent_on_session > 0
            if not is_left or self._context.feed.is_stopped:
                return session, begun
        return None, None

    def _withdraw(self, session: Session, delivery: ClaimedDelivery, mark: Mark) -> None:
        """Close the connection, since after 354 only that takes a message back, and account for the refused mark."""
        context = self._context
        session.withdraw()
        logger.info("mark refused: %s", mark, extra=self._ids(delivery))
        context.feed.done()
        if mark is Mark.UNWANTED:
            context.tally.count(DeliveryStatus.SKIPPED)
        if mark is Mark.STOPPED:
            context.feed.stop(Stop(EndReason.PAUSED))

    def _finish(
        self, session: Session, outgoing: Outgoing, following: Outgoing | None
    ) -> ConnectionTask[Outgoing | None]:
        context, dot_sent = self._context, self._context.streaks.now
        answer = yield from session.finish(following=following.envelope if following else None)
        self._sent_on_session += 1
        if isinstance(answer, Reply) and answer.is_accepted:
            context.end_trials(context.streaks.end(dot_sent=dot_sent))
            context.rest.get_through()
            context.troubles.end()
        yield from self._hear(outgoing.delivery, answer, is_marked=True)
        if following is None or (session.is_usable and not (context.feed.is_stopped or context.rest.is_on)):
            return following
        session.withdraw()
        self._put_back(following)
        return None

    def _following(self) -> Outgoing | None:
        """Return the next message, when it is due now: its transaction is opened with the dot of this one."""
        limit = self._context.options.messages_per_connection
        if self._context.pacer.is_limited or (limit and self._sent_on_session + 1 >= limit):
            return None
        return self._take()

    def _put_back(self, outgoing: Outgoing | None) -> None:
        if outgoing is not None:
            self._context.feed.give_back(outgoing.delivery)

    # --- what came of it --------------------------------------------------------------------------

    def _hear(
        self, delivery: ClaimedDelivery, answer: Reply | Lost, *, is_marked: bool = False
    ) -> ConnectionTask[None]:
        verdict = judge(answer)
        if verdict is Verdict.AGAIN:
            yield from self._try_elsewhere(delivery, answer, is_marked=is_marked)
            return
        self._failures = self._failures + 1 if verdict is Verdict.IN_DOUBT else 0
        if isinstance(answer, Reply):
            self._act_on(delivery, answer, verdict)
        else:
            self._settle(delivery, DeliveryStatus(verdict), answer)
        stop = self._context.breaker.observe(answer)
        if stop is not None:
            self._context.feed.stop(stop)

    def _act_on(self, delivery: ClaimedDelivery, reply: Reply, verdict: Verdict) -> None:
        """Do what a server's answer asks for."""
        match verdict:
            case Verdict.REFUSED:
                self._put_back_refused(delivery, reply)
                note = msg("sending.mailing-refused", words=without_address(reply, delivery.recipient))
                self._context.feed.stop(Stop(EndReason.REFUSED, note))
            case Verdict.PUT_OFF:
                self._put_off(delivery, reply)
            case Verdict.DEFERRED:
                self._defer(delivery, reply)
            case Verdict.REJECTED if not reply.is_local and about(reply) is About.UNCLEAR:
                self._try_whether_about_us(delivery, reply)
            case Verdict.ACCEPTED | Verdict.REJECTED | Verdict.IN_DOUBT:
                self._settle(delivery, DeliveryStatus(verdict), reply)
            case Verdict.AGAIN:
                raise AssertionError("a message that goes to another connection has no outcome")

    def _put_back_refused(self, delivery: ClaimedDelivery, reply: Reply) -> None:
        """Queue the delivery again; the end of the run does that to one refused at MAIL, which names no recipient."""
        if reply.stage is not Stage.MAIL:
            self._context.run.record(Attempt(delivery=delivery, status=DeliveryStatus.QUEUED, reply=str(reply)))

    def _put_off(self, delivery: ClaimedDelivery, reply: Reply) -> None:
        """Let the relay rest, and defer this delivery until it has."""
        context = self._context
        context.leave_alone(without_address(reply, delivery.recipient))
        if reply.stage is Stage.MAIL:
            context.feed.give_back(delivery)
        else:
            self._settle(delivery, DeliveryStatus.DEFERRED, reply, due_at=self._end_of_rest())

    def _end_of_rest(self) -> datetime:
        return self._context.clock() + timedelta(seconds=self._context.rest.seconds_left)

    def _try_whether_about_us(self, delivery: ClaimedDelivery, reply: Reply) -> None:
        """Keep a refused delivery on trial; five refusals in a row stop the mailing and free them all."""
        context = self._context
        attempt = Attempt(delivery=delivery, status=DeliveryStatus.REJECTED, reply=str(reply), is_on_trial=True)
        context.run.record(attempt)
        context.feed.done()
        logger.info("on trial: %s", _code(reply), extra=self._ids(delivery, reply))
        streak = context.streaks.add(reply, attempt)
        if self._is_about_us(streak):
            words = without_address(reply, delivery.recipient)
            note = msg("sending.same-in-a-row", count=len(streak), words=words)
            context.feed.stop(Stop(EndReason.REFUSED, note))

    def _is_about_us(self, streak: Streak) -> bool:
        context = self._context
        if context.feed.is_stopped or context.rest.is_on:
            return False
        return is_about_us(streak, is_anybody_left=lambda beyond: context.run.is_anybody_left(beyond=beyond))

    def _settle(
        self,
        delivery: ClaimedDelivery,
        status: DeliveryStatus,
        answer: Reply | Lost,
        *,
        due_at: datetime | None = None,
        is_answered: bool = True,
    ) -> None:
        context = self._context
        context.run.record(
            Attempt(delivery=delivery, status=status, reply=_words(answer), due_at=due_at, is_answered=is_answered)
        )
        context.tally.count(status)
        context.feed.done()
        if status is not DeliveryStatus.ACCEPTED:
            logger.info("%s: %s", status, _code(answer), extra={"event": str(status), **self._ids(delivery, answer)})

    def _ids(self, delivery: ClaimedDelivery, answer: Reply | Lost | None = None) -> dict[str, int]:
        ids = {"mailing": delivery.mailing_id, "delivery": delivery.id, "run": self._context.run.id}
        return ids | ({"code": answer.code} if isinstance(answer, Reply) else {})

    def _defer(self, delivery: ClaimedDelivery, answer: Reply) -> None:
        context = self._context
        now = context.clock()
        decision = context.options.retry.decide(
            tries=delivery.attempts + 1, since=delivery.deferred_since or now, now=now, chance=context.random.random()
        )
        if context.rest.is_on:
            self._settle(delivery, DeliveryStatus.DEFERRED, answer, due_at=self._end_of_rest())
        elif isinstance(decision, GiveUp):
            self._settle(delivery, DeliveryStatus.EXPIRED, answer)
            return
        else:
            self._settle(delivery, DeliveryStatus.DEFERRED, answer, due_at=decision.at)
        context.waits.because = without_address(answer, delivery.recipient)
        if answer.is_local or about(answer) is About.ADDRESS:
            return
        streak = context.streaks.add(answer, Attempt(delivery=delivery, status=DeliveryStatus.DEFERRED))
        if self._is_about_us(streak):
            context.leave_alone(without_address(answer, delivery.recipient))
            context.run.postpone(list(streak), until=self._end_of_rest())

    def _try_elsewhere(
        self, delivery: ClaimedDelivery, answer: Reply | Lost, *, is_marked: bool
    ) -> ConnectionTask[None]:
        """Give a delivery back without penalty; one that keeps breaking connections is put aside for a while.

        A connection that breaks at MAIL says nothing of the message, unless it is the connection's first: the server
        had had enough of the connection.
        """
        context, stage = self._context, answer.stage
        if context.feed.is_stopped:  # cut short, or it would end the same
            self._give_back(delivery, answer, is_marked=is_marked)
            yield from self._hang_up()
            return
        is_blameless = stage is Stage.MAIL and (isinstance(answer, Reply) or self._sent_on_session > 0)
        yield from self._tell_of(answer)
        if isinstance(answer, Reply) and about(answer) is About.CONNECTION:
            streak = context.streaks.add(answer, Attempt(delivery=delivery, status=DeliveryStatus.QUEUED))
            if self._is_about_us(streak):
                context.leave_alone(without_address(answer, delivery.recipient))
        if is_blameless:
            self._give_back(delivery, answer, is_marked=is_marked)
            return
        self._put_aside(delivery, answer, losses=context.feed.count_loss(delivery), is_marked=is_marked)

    def _put_aside(self, delivery: ClaimedDelivery, answer: Reply | Lost, *, losses: int, is_marked: bool) -> None:
        """Defer a delivery that breaks connections, or give it up, by the rule for any deferred one."""
        context, now = self._context, self._context.clock()
        if losses < _SET_ASIDE_AFTER:
            self._give_back(delivery, answer, is_marked=is_marked)
            return
        since = delivery.deferred_since or context.run.first_tried(delivery.id) or now
        decision = context.options.retry.decide(tries=1, since=since, now=now, chance=context.random.random())
        is_proved = context.breaker.has_heard  # the server takes those of others
        if isinstance(decision, GiveUp) and (is_proved or not context.run.is_anybody_left()):
            self._settle(delivery, DeliveryStatus.EXPIRED, answer, is_answered=False)
        elif isinstance(decision, Retry) and is_proved:
            self._settle(delivery, DeliveryStatus.DEFERRED, answer, due_at=decision.at, is_answered=False)
        else:
            self._give_back(delivery, answer, is_marked=True)  # written down, so that it is known since when

    def _give_back(self, delivery: ClaimedDelivery, answer: Reply | Lost, *, is_marked: bool) -> None:
        """Let another connection have the delivery; a mark whose dot was never sent is taken back."""
        context = self._context
        if not is_marked:
            context.feed.give_back(delivery)
            return
        attempt = Attempt(delivery=delivery, status=DeliveryStatus.QUEUED, reply=_words(answer), is_answered=False)
        context.run.record(attempt)
        context.feed.done()

    # --- the connection ---------------------------------------------------------------------------

    def _open_session(self) -> ConnectionTask[Session | None]:
        if self._session and self._is_good(self._session):
            return self._session
        yield from self._hang_up()
        opening = self._context.connect()
        feed = self._context.feed
        yield WaitUntil(lambda: opening.done() or feed.is_stopped, FOREVER)
        if not opening.done():  # nobody waits for it any more
            opening.add_done_callback(let_go)
            return None
        try:
            self._session, self._sent_on_session = opening.result(), 0
        except TransportError as error:
            self._failures += 1
            self._context.tell_of_no_connection(error)
            if error.is_lasting:
                feed.stop(Stop(EndReason.REFUSED, note_of(error)))
        return self._session

    def _is_good(self, session: Session) -> bool:
        """Return whether a session may be used again; a server that has closed an idle one did what servers do."""
        limit = self._context.options.messages_per_connection
        is_full = bool(limit) and self._sent_on_session >= limit
        return session.is_usable and not is_full and not session.is_left()

    def _tell_of(self, answer: Reply | Lost) -> ConnectionTask[None]:
        """Tell of an answer that costs the connection, and hang up."""
        self._failures += 1
        if isinstance(answer, Reply):
            what, kind, note = f"the server said at {answer.stage}", f"{answer.code} {answer.enhanced}", str(answer)
        else:
            what, kind, note = f"connection broke at {answer.stage}", answer.why, answer.why
        self._context.tell(f"{what}: {note}", kind=f"{answer.stage} {kind}", note=note)
        yield from self._hang_up()

    def _hang_up(self) -> ConnectionTask[None]:
        if self._session is not None:
            session, self._session = self._session, None
            yield from session.close()


def _words(answer: Reply | Lost) -> str:
    """Return what stands in the account; a connection that broke before the dot is no answer of the server."""
    if isinstance(answer, Reply):
        return str(answer)
    return answer.why if answer.is_in_doubt else msg("sending.not-sent", reason=answer.why)


def _code(answer: Reply | Lost) -> str:
    """Return what may stand in a log: only codes, since servers repeat addresses in their words."""
    return f"{answer.code} {answer.enhanced}" if isinstance(answer, Reply) else f"lost at {answer.stage}"
