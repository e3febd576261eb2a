"""State that the connections of one run share, and what they decide together about the relay."""

import logging
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
from mailer.delivery.notes import note_of
from mailer.delivery.options import DispatchOptions
from mailer.delivery.pacing import Pacer
from mailer.delivery.personalising import Outgoing
from mailer.delivery.progress import Tally, Waits
from mailer.delivery.resting import Rest
from mailer.delivery.streaks import Streaks
from mailer.delivery.troubles import Troubles
from mailer.delivery.verdict import DoubtBreaker, EndReason, Stop
from mailer.delivery.words_of_answers import without_addresses
from mailer.transport.base import Session, TransportError

logger = logging.getLogger("mailer.delivery")


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
    troubles: Troubles
    waits: Waits
    options: DispatchOptions
    clock: Callable[[], datetime]
    random: Random

    def tell(self, words: str, *, kind: str, note: str) -> None:
        """Log a trouble as a warning when it is news: each connection may hear it, and hear it again."""
        level = logging.WARNING if self.troubles.hear(note, kind=kind) else logging.INFO
        ids = {"event": "trouble", "mailing": self.run.mailing.id}
        logger.log(level, "%s", without_addresses(words), extra=ids)

    def tell_of_no_connection(self, error: TransportError) -> None:
        """Tell why no connection could be opened: in the server's words, where it had any."""
        place = f"{error.where}: " if error.where else ""
        self.tell(f"{place}{error.what}", kind=f"{error.stage} {error.what}", note=note_of(error))

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


def let_go(opening: Future[Session]) -> None:
    """Close a session that was opened too late to be used."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().withdraw()
