"""What the connections of a run take their deliveries from: claimed in batches, a little ahead of the need."""

from collections import Counter, deque
from concurrent.futures import Future
from threading import Condition, Event

from mailer.delivery.ledger import LedgerError, Run
from mailer.delivery.model import ClaimedDelivery
from mailer.delivery.verdict import Stop


class Feed:
    """Hands each claimed delivery to one connection; after `stop` to none."""

    def __init__(self, run: Run, *, batch: int) -> None:
        self.stopped = Event()
        self.why: Stop | None = None
        self.failure: BaseException | None = None
        self.trouble = ""  # what last went wrong with a connection
        self._run = run
        self._batch = batch
        self._changed = Condition()
        self._ready: deque[ClaimedDelivery] = deque()
        self._losses: Counter[int] = Counter()
        self._in_hand = 0
        self._asking = False
        self._is_exhausted = False

    @property
    def is_dry(self) -> bool:
        """Nothing is ready, in hand or asked for: the ledger gave nothing when last asked."""
        return self._is_exhausted and not (self._ready or self._in_hand or self._asking)

    def wait_until_dry(self, *, patience: float) -> bool:
        """Wait until this is dry or to end, no longer than `patience` seconds; say whether it is dry."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_dry or self.stopped.is_set(), timeout=patience)
            return self.is_dry

    def take(self, *, patience: float = 0) -> ClaimedDelivery | None:
        """Return a delivery, or None when none comes within `patience` seconds or the run is to end."""
        with self._changed:
            self._ask()
            self._changed.wait_for(lambda: self._ready or self.stopped.is_set(), timeout=patience)
            if self.stopped.is_set() or not self._ready:
                return None
            self._in_hand += 1
            return self._ready.popleft()

    def done(self) -> None:
        """One of the deliveries in hand is settled."""
        with self._changed:
            self._in_hand -= 1
            self._changed.notify_all()

    def give_back(self, delivery: ClaimedDelivery) -> None:
        """Let another connection have it, after the others."""
        with self._changed:
            self._in_hand -= 1
            self._ready.append(delivery)
            self._changed.notify_all()

    def count_loss(self, delivery: ClaimedDelivery) -> int:
        """A connection broke under this delivery; return how often that has happened to it in this run."""
        with self._changed:
            self._losses[delivery.id] += 1
            return self._losses[delivery.id]

    def ask_again(self) -> None:
        """There may be something to claim again."""
        with self._changed:
            self._is_exhausted = False
            self._ask()

    def stop(self, why: Stop) -> None:
        """Give out nothing more; the first reason counts."""
        with self._changed:
            self.why = self.why or why
            self.stopped.set()
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Give out nothing more, because of something that `Dispatcher.run` is to raise."""
        with self._changed:
            self.failure = self.failure or error
            self.stopped.set()
            self._changed.notify_all()

    def _ask(self) -> None:
        if self._asking or self._is_exhausted or self.stopped.is_set() or len(self._ready) > self._batch // 2:
            return
        try:
            self._asking = True
            self._run.claim(self._batch).add_done_callback(self._claimed)
        except LedgerError as error:
            self.fail(error)

    def _claimed(self, future: "Future[list[ClaimedDelivery]]") -> None:
        error = future.exception()
        if error is not None:
            self.fail(error)
            return
        with self._changed:
            self._asking = False
            self._ready.extend(future.result())
            self._is_exhausted = not future.result()
            self._changed.notify_all()
