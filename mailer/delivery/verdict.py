"""Decide what an answer means: for the recipient, for the connection, for the whole mailing."""

from dataclasses import dataclass
from enum import StrEnum

from mailer.catalogue import msg
from mailer.delivery.answer_rows import About
from mailer.delivery.answers import about
from mailer.transport.base import Lost, Reply, Stage

DOUBTS_IN_A_ROW = 3
DOUBTFUL_SHARE = 0.01


_ABOUT_US = {About.SENDER, About.CONNECTION}


class Verdict(StrEnum):
    """The meaning of an answer for the delivery."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    AGAIN = "again"  # nobody's fault: the same message on another connection
    REFUSED = "refused"  # the server does not want this mailing at all
    PUT_OFF = "put_off"  # nor for now


def judge(answer: Reply | Lost) -> Verdict:
    """Return the meaning of an answer; only a reply to RCPT, DATA or the dot is held against a recipient."""
    if isinstance(answer, Lost):
        return Verdict.IN_DOUBT if answer.is_in_doubt else Verdict.AGAIN
    if answer.is_accepted:
        return Verdict.ACCEPTED
    if answer.stage is Stage.MAIL and answer.is_permanent:
        return Verdict.REFUSED
    if not answer.is_local and (whom := about(answer)) in _ABOUT_US:
        of_the_sender = Verdict.PUT_OFF if answer.is_transient else Verdict.REFUSED
        return Verdict.AGAIN if whom is About.CONNECTION else of_the_sender
    if answer.stage is Stage.MAIL or (answer.code == 421 and answer.stage is not Stage.DOT):
        return Verdict.AGAIN
    return Verdict.DEFERRED if answer.is_transient else Verdict.REJECTED


class EndReason(StrEnum):
    """The reason why a run ended."""

    FINISHED = "finished"
    DEFERRED = "deferred"  # only deliveries that wait for another try are left
    RESTING = "resting"  # the server puts everybody off
    CLOSED = "closed"  # outside the hours in which mail goes out
    STOPPED = "stopped"  # asked to, by a signal
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SERVER_AWAY = "server_away"
    REFUSED = "refused"  # login, TLS, MAIL: a person must put it right
    BREAKER = "breaker"  # too many in doubt


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of a run that is asked for: why, and the words for a person."""

    reason: EndReason
    note: str = ""


@dataclass(slots=True)
class DoubtBreaker:
    """The circuit breaker of a run: it stops the run when too many final dots are in doubt."""

    _dots: int = 0
    _doubts: int = 0
    _doubts_in_a_row: int = 0

    @property
    def has_heard(self) -> bool:
        """Return whether the server has answered a final dot in this run."""
        return self._dots > self._doubts

    def observe(self, answer: Reply | Lost) -> Stop | None:
        """Take note of an answer that was held against, or for, a recipient."""
        if isinstance(answer, Lost):
            return self._hear_doubt(answer)
        if answer.stage is Stage.DOT:
            self._dots += 1
            self._doubts_in_a_row = 0
        return None

    def _hear_doubt(self, lost: Lost) -> Stop | None:
        self._dots += 1
        self._doubts += 1
        self._doubts_in_a_row += 1
        if self._doubts < DOUBTS_IN_A_ROW:
            return None
        if self._doubts_in_a_row < DOUBTS_IN_A_ROW and self._doubts <= DOUBTFUL_SHARE * self._dots:
            return None
        note = msg("sending.many-doubts", count=self._doubts, dots=self._dots, why=lost.why)
        if self._doubts_in_a_row >= DOUBTS_IN_A_ROW:
            note = msg("sending.doubts-in-a-row", count=self._doubts_in_a_row, why=lost.why)
        return Stop(EndReason.BREAKER, note)
