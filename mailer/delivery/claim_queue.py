"""The queue from which the connections of a run take their deliveries; it claims them in batches."""

from collections import Counter, deque

from mailer.delivery.ledger import SenderRun
from mailer.delivery.model import ClaimedDelivery
from mailer.delivery.resting import Rest
from mailer.delivery.verdict import Stop


class ClaimQueue:
    """Give each claimed delivery to one connection; after `stop`, and during a `rest`, to none."""

    def __init__(self, run: SenderRun, *, batch: int, rest: Rest) -> None:
        self.is_stopped = False
        self.why: Stop | None = None
        self.failure: BaseException | None = None
        self.rest = rest
        self._run = run
        self._batch = batch
        self._ready: deque[ClaimedDelivery] = deque()
        self._losses: Counter[int] = Counter()
        self._in_hand = 0
        self._is_exhausted = False

    @property
    def is_dry(self) -> bool:
        """Return whether nothing is ready or in hand, and the ledger gave nothing when last asked."""
        return self._is_exhausted and not (self._ready or self._in_hand)

    @property
    def may_give(self) -> bool:
        """Return whether it is worth asking for a delivery."""
        return not self.rest.is_on and (bool(self._ready) or not self._is_exhausted)

    def take(self) -> ClaimedDelivery | None:
        """Return a delivery, or None when there is none, the relay rests or the run is to end. Raises `LedgerError`."""
        if self.is_stopped or self.rest.is_on:
            return None
        if not self._ready and not self._is_exhausted:
            self._ready.extend(self._run.claim(self._batch))
            self._is_exhausted = not self._ready
        if not self._ready:
            return None
        self._in_hand += 1
        return self._ready.popleft()

    def done(self) -> None:
        """Take note that one of the deliveries in hand is settled."""
        self._in_hand -= 1

    def give_back(self, delivery: ClaimedDelivery) -> None:
        """Let another connection have it, after the others."""
        self._in_hand -= 1
        self._ready.append(delivery)

    def count_loss(self, delivery: ClaimedDelivery) -> int:
        """Count that a connection broke under this delivery; return how often it has in this run."""
        self._losses[delivery.id] += 1
        return self._losses[delivery.id]

    def ask_again(self) -> None:
        """Take note that there may be something to claim again."""
        self._is_exhausted = False

    def stop(self, why: Stop) -> None:
        """Give out nothing more; the first reason counts."""
        self.why = self.why or why
        self.is_stopped = True

    def fail(self, error: BaseException) -> None:
        """Give out nothing more, because of something that `Dispatcher.run` is to raise."""
        self.failure = self.failure or error
        self.is_stopped = True
