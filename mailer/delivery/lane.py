"""One connection of a run: takes a delivery, sends it, writes down what came of it; the loop carries all of them on.

The order is the promise: body, then the mark on disk, then the final dot, then the answer; the answer is on disk
before the next mark of this connection, so that at most one delivery a connection can be in doubt.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from mailer.delivery.feed import Feed
from mailer.delivery.ledger import Run
from mailer.delivery.loop import FOREVER, Leave, Strand, Until
from mailer.delivery.model import Attempt, ClaimedDelivery, DeliveryStatus, Mark
from mailer.delivery.options import DispatchOptions
from mailer.delivery.pacing import Pacer
from mailer.delivery.personalising import Outgoing
from mailer.delivery.progress import Tally
from mailer.delivery.retry import GiveUp
from mailer.delivery.verdict import EndReason, Judge, Stop, Verdict, judge
from mailer.errors import MailerError
from mailer.transport.base import Lost, Ready, Reply, Session, Stage, TransportError

logger = logging.getLogger("mailer.delivery")

_SET_ASIDE_AFTER = 3
_SET_ASIDE_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What the connections of one run share."""

    run: Run
    feed: Feed
    connect: Callable[[], Future[Session]]
    personalise: Callable[[ClaimedDelivery], Outgoing]
    pacer: Pacer
    judge: Judge
    tally: Tally
    options: DispatchOptions
    clock: Callable[[], datetime]
    random: Random


class Lane:
    """One connection's work; `session` is one that is open already."""

    def __init__(self, shop: Workshop, *, session: Session | None = None) -> None:
        self._shop = shop
        self._session = session
        self._sent_on_session = 0
        self._failures = 0

    def work(self) -> Strand[None]:
        """Send until the run is to end or the server cannot be reached any more."""
        try:
            while not self._shop.feed.is_stopped and self._failures < self._shop.options.tries:
                yield from self._work_on()
        except Exception as error:  # noqa: BLE001 the dispatcher raises it
            self._shop.feed.fail(error)
        finally:
            yield from self._hang_up()

    def _work_on(self) -> Strand[None]:
        shop = self._shop
        # With nothing in hand: a connection that is refused must not keep a delivery from the others.
        if self._failures:
            yield from self._wait(shop.options.backoff(self._failures))
        outgoing = yield from self._next()
        if outgoing is None:
            yield from self._hang_up()
        while outgoing is not None:
            outgoing = yield from self._send(outgoing)

    def _wait(self, seconds: float) -> Strand[None]:
        """Wait so long, but not beyond the end of the run."""
        yield Until(lambda: self._shop.feed.is_stopped, time.monotonic() + seconds)

    def _next(self) -> Strand[Outgoing | None]:
        """Wait for a delivery, and for its moment."""
        feed = self._shop.feed
        if not feed.may_give:
            until = time.monotonic() + self._shop.options.idle_seconds
            yield Until(lambda: feed.may_give or feed.is_stopped, until)
        if not self._shop.pacer.is_limited:
            return self._take()
        while (delivery := feed.take()) is not None:
            yield from self._wait(self._shop.pacer.pause())
            if feed.is_stopped:
                feed.give_back(delivery)
            elif (outgoing := self._personalise(delivery)) is not None:
                return outgoing
        return None

    def _take(self) -> Outgoing | None:
        """Return a message that may go at once."""
        while (delivery := self._shop.feed.take()) is not None:
            if (outgoing := self._personalise(delivery)) is not None:
                return outgoing
        return None

    def _personalise(self, delivery: ClaimedDelivery) -> Outgoing | None:
        try:
            return self._shop.personalise(delivery)
        except MailerError as error:  # the address cannot be written into a message
            words = Reply(code=553, enhanced="5.1.3", text=error.what, stage=Stage.RCPT, is_local=True)
            self._settle(delivery, DeliveryStatus.REJECTED, words)
            return None

    # --- one message ------------------------------------------------------------------------------

    def _send(self, outgoing: Outgoing) -> Strand[Outgoing | None]:
        """Send one message; return the one whose transaction was opened together with its final dot."""
        session = yield from self._open_session()
        if session is None:
            self._shop.feed.give_back(outgoing.delivery)
            return None
        begun = yield from session.begin(outgoing.envelope)
        broken = (yield from session.stream(outgoing.payload)) if isinstance(begun, Ready) else begun
        if broken is not None:
            yield from self._hear(outgoing.delivery, broken)
            return None
        following = self._following()  # made ready while the server reads: after the mark every moment counts
        mark = yield Leave(outgoing.delivery.id)
        if mark is not Mark.GO:
            self._withdraw(session, outgoing.delivery, mark)
            self._put_back(following)
            return None
        if self._shop.feed.is_stopped:
            self._put_back(following)
            following = None
        return (yield from self._finish(session, outgoing, following))

    def _withdraw(self, session: Session, delivery: ClaimedDelivery, mark: Mark) -> None:
        """Without leave the connection is closed: after 354 nothing else takes a message back."""
        shop = self._shop
        session.withdraw()
        logger.info("mark refused: %s", mark, extra=_ids(delivery))
        shop.feed.done()
        if mark is Mark.UNWANTED:
            shop.tally.count(DeliveryStatus.SKIPPED)
        if mark is Mark.STOPPED:
            shop.feed.stop(Stop(EndReason.PAUSED))

    def _finish(self, session: Session, outgoing: Outgoing, following: Outgoing | None) -> Strand[Outgoing | None]:
        answer = yield from session.finish(following=following.envelope if following else None)
        self._sent_on_session += 1
        yield from self._hear(outgoing.delivery, answer, is_marked=True)
        if following is None or (session.is_usable and not self._shop.feed.is_stopped):
            return following
        session.withdraw()
        self._put_back(following)
        return None

    def _following(self) -> Outgoing | None:
        """The next message, when it is due now: then its transaction is opened with the dot of this one."""
        limit = self._shop.options.messages_per_connection
        if self._shop.pacer.is_limited or (limit and self._sent_on_session + 1 >= limit):
            return None
        return self._take()

    def _put_back(self, outgoing: Outgoing | None) -> None:
        if outgoing is not None:
            self._shop.feed.give_back(outgoing.delivery)

    # --- what came of it --------------------------------------------------------------------------

    def _hear(self, delivery: ClaimedDelivery, answer: Reply | Lost, *, is_marked: bool = False) -> Strand[None]:
        verdict = judge(answer)
        if verdict is Verdict.AGAIN:
            yield from self._try_elsewhere(delivery, answer, is_marked=is_marked)
            return
        if verdict is Verdict.REFUSED:
            self._give_back(delivery, answer, is_marked=is_marked)
            self._shop.feed.stop(Stop(EndReason.REFUSED, f"the server refuses the mailing: {answer}"))
            return
        if verdict is Verdict.DEFERRED:
            self._defer(delivery, answer)
        else:
            self._settle(delivery, DeliveryStatus(verdict), answer)
        self._failures = self._failures + 1 if verdict is Verdict.IN_DOUBT else 0
        stop = self._shop.judge.hear(answer)
        if stop is not None:
            self._shop.feed.stop(stop)

    def _settle(
        self,
        delivery: ClaimedDelivery,
        status: DeliveryStatus,
        answer: Reply | Lost,
        *,
        due_at: datetime | None = None,
        is_answered: bool = True,
    ) -> None:
        shop = self._shop
        shop.run.record(
            Attempt(delivery=delivery, status=status, reply=_words(answer), due_at=due_at, is_answered=is_answered)
        )
        shop.tally.count(status)
        shop.feed.done()
        if status is not DeliveryStatus.ACCEPTED:
            logger.info("%s: %s", status, _code(answer), extra=_ids(delivery))

    def _defer(self, delivery: ClaimedDelivery, answer: Reply | Lost) -> None:
        shop = self._shop
        now = shop.clock()
        decision = shop.options.retry.decide(
            tries=delivery.attempts + 1, since=delivery.deferred_since or now, now=now, chance=shop.random.random()
        )
        if isinstance(decision, GiveUp):
            self._settle(delivery, DeliveryStatus.EXPIRED, answer)
        else:
            self._settle(delivery, DeliveryStatus.DEFERRED, answer, due_at=decision.at)

    def _try_elsewhere(self, delivery: ClaimedDelivery, answer: Reply | Lost, *, is_marked: bool) -> Strand[None]:
        """Nobody is penalised; but a message that breaks connections while others pass is put aside for a while.

        A connection that breaks at MAIL says nothing of the message: the server had had enough of the connection.
        """
        shop = self._shop
        yield from self._trouble(_words(answer), answer.stage)
        is_blameless = answer.stage is Stage.MAIL
        if is_blameless or shop.feed.count_loss(delivery) < _SET_ASIDE_AFTER or not shop.judge.has_heard:
            self._give_back(delivery, answer, is_marked=is_marked)
            return
        due_at = shop.clock() + _SET_ASIDE_FOR
        self._settle(delivery, DeliveryStatus.DEFERRED, answer, due_at=due_at, is_answered=False)

    def _give_back(self, delivery: ClaimedDelivery, answer: Reply | Lost, *, is_marked: bool) -> None:
        """Let somebody else have it; where the dot was allowed and never sent, the mark is taken back."""
        shop = self._shop
        if not is_marked:
            shop.feed.give_back(delivery)
            return
        attempt = Attempt(delivery=delivery, status=DeliveryStatus.QUEUED, reply=_words(answer), is_answered=False)
        shop.run.record(attempt)
        shop.feed.done()

    # --- the connection ---------------------------------------------------------------------------

    def _open_session(self) -> Strand[Session | None]:
        limit = self._shop.options.messages_per_connection
        if self._session and self._session.is_usable and not (limit and self._sent_on_session >= limit):
            return self._session
        yield from self._hang_up()
        opening = self._shop.connect()
        yield Until(opening.done, FOREVER)
        try:
            self._session, self._sent_on_session = opening.result(), 0
        except TransportError as error:
            yield from self._trouble(str(error), error.stage)
            if error.is_lasting:
                self._shop.feed.stop(Stop(EndReason.REFUSED, str(error)))
        return self._session

    def _trouble(self, why: str, stage: Stage) -> Strand[None]:
        self._failures += 1
        self._shop.feed.trouble = why
        yield from self._hang_up()
        logger.warning("connection broke at %s", stage, extra={"mailing": self._shop.run.mailing.id})

    def _hang_up(self) -> Strand[None]:
        if self._session is not None:
            session, self._session = self._session, None
            yield from session.close()


def _words(answer: Reply | Lost) -> str:
    return str(answer) if isinstance(answer, Reply) else answer.why


def _code(answer: Reply | Lost) -> str:
    """What may stand in a log: servers repeat addresses in their words."""
    return f"{answer.code} {answer.enhanced}" if isinstance(answer, Reply) else f"lost at {answer.stage}"


def _ids(delivery: ClaimedDelivery) -> dict[str, int]:
    return {"mailing": delivery.mailing_id, "delivery": delivery.id}
