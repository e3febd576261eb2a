"""State that the connections of one run share, and what they decide together about the relay."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from mailer.catalogue import msg
from mailer.delivery.claim_queue import ClaimQueue
from mailer.delivery.ledger import SenderRun
from mailer.delivery.model import Attempt, ClaimedDelivery
from mailer.delivery.options import DispatchOptions
from mailer.delivery.pacing import Pacer
from mailer.delivery.personalising import Outgoing
from mailer.delivery.progress import Tally
from mailer.delivery.resting import Rest
from mailer.delivery.streaks import Streaks
from mailer.delivery.verdict import DoubtBreaker, EndReason, Stop
from mailer.transport.base import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """State that the connections of one run share."""

    run: SenderRun
    feed: ClaimQueue
    connect: Callable[[], Future[Session]]
    personalise: Callable[[ClaimedDelivery], Outgoing]
    pacer: Pacer
    breaker: DoubtBreaker
    streaks: Streaks
    rest: Rest
    tally: Tally
    options: DispatchOptions
    clock: Callable[[], datetime]
    random: Random

    def end_trials(self, tries: Sequence[Attempt]) -> None:
        """Record answers that turned out to be about their recipients."""
        for each in tries:
            self.run.record(replace(each, is_on_trial=False, ends_trial=True))
            self.tally.count(each.status)

    def leave_alone(self, words: str) -> None:
        """Let the relay rest; who has been put off for as long as a delivery may be needs a person instead."""
        if not self.rest.begin(words):
            return
        since, patience = self._put_off_since(), self.options.retry.patience
        if self.clock() - since >= patience:
            note = msg("sending.everybody-put-off-since", since=since, words=words)
            self.feed.stop(Stop(EndReason.REFUSED, note))

    def _put_off_since(self) -> datetime:
        """Return since when the relay, which rests, has taken nothing, also in the runs before this one."""
        resting = timedelta(seconds=time.monotonic() - self.rest.began)
        is_known = self.rest.has_got_through or not self.run.is_anybody_left()
        deferred = None if is_known else self.run.deferred_since()
        return min(each for each in (self.clock() - resting, deferred) if each is not None)
