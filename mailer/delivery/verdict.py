"""What an answer means: for the recipient, for the connection, for the whole mailing."""

from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

from mailer.transport.base import Lost, Reply, Stage

IDENTICAL_REFUSALS = 5
DOUBTS_IN_A_ROW = 3
DOUBTFUL_SHARE = 0.01

_NOT_LOGGED_IN = 530


class Verdict(StrEnum):
    """Whose answer it is."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    AGAIN = "again"  # nobody's fault: the same message on another connection
    REFUSED = "refused"  # the server does not want this mailing at all


def judge(answer: Reply | Lost) -> Verdict:
    """Say what an answer means; only what was said to RCPT, DATA or the dot is held against a recipient."""
    if isinstance(answer, Lost):
        return Verdict.IN_DOUBT if answer.is_in_doubt else Verdict.AGAIN
    if answer.is_accepted:
        return Verdict.ACCEPTED
    if answer.stage is Stage.DOT:
        return Verdict.DEFERRED if answer.is_transient else Verdict.REJECTED
    if answer.code == _NOT_LOGGED_IN or (answer.stage is Stage.MAIL and answer.is_permanent):
        return Verdict.REFUSED
    if answer.code == 421 or answer.stage is Stage.MAIL:
        return Verdict.AGAIN
    return Verdict.DEFERRED if answer.is_transient else Verdict.REJECTED


class EndReason(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    DEFERRED = "deferred"  # only deliveries that wait for another try are left
    STOPPED = "stopped"  # asked to, by a signal
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SERVER_AWAY = "server_away"
    REFUSED = "refused"  # login, TLS, MAIL: a person must put it right
    BREAKER = "breaker"  # too many in doubt


@dataclass(frozen=True, slots=True)
class Stop:
    """The run is to end: why, and the words for a person."""

    reason: EndReason
    note: str = ""


@dataclass(slots=True)
class Judge:
    """Watches all connections of a run, and says when to stop rather than go on to thousands of others."""

    _lock: Lock = field(default_factory=Lock)
    _refusals: list[tuple[int, str]] = field(default_factory=list)
    _dots: int = 0
    _doubts: int = 0
    _doubts_in_a_row: int = 0

    @property
    def has_heard(self) -> bool:
        """Whether the server has answered a final dot in this run."""
        return self._dots > self._doubts

    def hear(self, answer: Reply | Lost) -> Stop | None:
        """Take note of an answer that was held against, or for, a recipient."""
        with self._lock:
            return self._hear_reply(answer) if isinstance(answer, Reply) else self._hear_doubt(answer)

    def _hear_reply(self, reply: Reply) -> Stop | None:
        if reply.stage is Stage.DOT:
            self._dots += 1
            self._doubts_in_a_row = 0
        if reply.is_local:
            return None
        self._refusals.append((reply.code, reply.enhanced))
        if not _is_our_fault(reply) or self._refusals[-1] != self._refusals[0]:
            self._refusals = self._refusals[-1:] if _is_our_fault(reply) else []
        if len(self._refusals) < IDENTICAL_REFUSALS:
            return None
        return Stop(EndReason.REFUSED, f"the server said the same to {IDENTICAL_REFUSALS} recipients in a row: {reply}")

    def _hear_doubt(self, lost: Lost) -> Stop | None:
        self._dots += 1
        self._doubts += 1
        self._doubts_in_a_row += 1
        if self._doubts < DOUBTS_IN_A_ROW:
            return None
        if self._doubts_in_a_row < DOUBTS_IN_A_ROW and self._doubts <= DOUBTFUL_SHARE * self._dots:
            return None
        many = f"{self._doubts} of the {self._dots} messages handed over in this run"
        if self._doubts_in_a_row >= DOUBTS_IN_A_ROW:
            many = f"{self._doubts_in_a_row} in a row"
        note = f"{many} are in doubt; the last because of: {lost.why}"
        return Stop(EndReason.BREAKER, note)


def _is_our_fault(reply: Reply) -> bool:
    """Content (5.6.x) and policy (5.7.x) are about the sender (RFC 3463 §3.7, §3.8)."""
    return reply.is_permanent and reply.enhanced.startswith(("5.6.", "5.7."))
