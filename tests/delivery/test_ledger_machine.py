"""The ledger against a simple model: whatever happens in whatever order, the equation holds and nobody is lost."""

import tempfile
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import insert, select, update

from mailer.database.engine import open_database
from mailer.database.tables import delivery, list_, subscriber, subscription
from mailer.delivery.ledger import Ledger, SenderRun
from mailer.delivery.model import (
    Attempt,
    ClaimedDelivery,
    DeliveryStatus,
    InDoubtPolicy,
    MailingDraft,
    MailingState,
    Mark,
    PlannedDelivery,
    Resolution,
)

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

BEGINNING = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
PEOPLE = 6
RESULTS = [DeliveryStatus.ACCEPTED, DeliveryStatus.REJECTED, DeliveryStatus.DEFERRED, DeliveryStatus.IN_DOUBT]


class LedgerMachine(RuleBasedStateMachine):
    """One mailing to six people; senders come, crash and come back; people leave; a person decides."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        folder = self.closing.enter_context(tempfile.TemporaryDirectory())
        self.database = open_database(f"sqlite:///{Path(folder) / 'mailer.sqlite3'}")
        self.closing.callback(self.database.close)
        self.now = BEGINNING
        self.ledger = Ledger(self.database, clock=lambda: self.now)
        self.sending = ExitStack()
        self.run: SenderRun | None = None
        self.claimed: list[ClaimedDelivery] = []
        self.in_flight: list[ClaimedDelivery] = []
        self.model: dict[int, str] = {}
        self.left: set[int] = set()
        self.doubted: set[int] = set()
        self.copies: Counter[int] = Counter()
        self.allowed: Counter[int] = Counter()
        self.state = "planned"

    @initialize(policy=st.sampled_from(list(InDoubtPolicy)))
    def plan(self, policy: InDoubtPolicy) -> None:
        self.policy = policy
        with self.database.writing() as connection:
            names = {"name_nb": "t", "name_nn": "t", "short": "t"}
            values = {"slug": "testere", "kind": "own", "position": 1, "created_at": BEGINNING, **names}
            list_id = connection.execute(insert(list_).values(values).returning(list_.c.id)).scalar_one()
            for number in range(1, PEOPLE + 1):
                address = {"address": f"p{number}@m.example", "address_as_given": f"p{number}@m.example"}
                connection.execute(insert(subscriber).values(id=number, lang="nb", created_at=BEGINNING, **address))
                connection.execute(
                    insert(subscription).values(subscriber_id=number, list_id=list_id, status="active", since=BEGINNING)
                )
        draft = MailingDraft(slug="2023-12", content_hash="c", subject="s", lists=("testere",), in_doubt_policy=policy)
        with self.ledger.open_plan(draft) as writer:
            writer.add_variant("nb:", b"x")
            writer.add(
                [
                    PlannedDelivery(
                        subscriber_id=each,
                        address=f"p{each}@m.example",
                        recipient=f"p{each}@m.example",
                        lists=("testere",),
                        variant="nb:",
                    )
                    for each in range(1, PEOPLE + 1)
                ]
            )
        self.mailing = writer.mailing_id
        self.model = dict.fromkeys(self.read(), "queued")
        self.allowed.update(dict.fromkeys(self.model, 2 if policy is InDoubtPolicy.RETRY else 1))

    def read(self) -> dict[int, str]:
        with self.database.reading() as connection:
            return {row.id: row.status for row in connection.execute(select(delivery.c.id, delivery.c.status))}

    def finish_in_model(self) -> None:
        waiting = {"queued", "claimed", "in_flight", "deferred"}
        if self.state in {"planned", "running", "paused"} and not waiting & set(self.model.values()):
            self.state = "finished"

    def doubt(self, each: int) -> str:
        """Return the status of a delivery in doubt: with `retry` it is sent once more, the first time."""
        is_first = each not in self.doubted
        self.doubted.add(each)
        self.copies[each] += 1
        return "deferred" if is_first and self.policy is InDoubtPolicy.RETRY else "in_doubt"

    def dropped(self, each: int) -> str:
        """Return the status of a delivery that is not sent after all."""
        return "in_doubt" if each in self.doubted else "cancelled"

    # --- senders ----------------------------------------------------------------------------------

    @precondition(lambda self: self.run is None and self.state in {"planned", "running"})
    @rule()
    def start(self) -> None:
        self.run = self.sending.enter_context(self.ledger.start_run(self.mailing))
        self.state = "running"

    @precondition(lambda self: self.run is not None)
    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        assert self.run is not None
        got = self.run.claim(limit)
        expected = [each for each, status in self.model.items() if status == "queued"]
        if self.state != "running":
            assert got == []
        else:
            assert {each.id for each in got} >= set(expected[:limit])
        for each in got:
            assert self.model[each.id] in {"queued", "deferred"}
            self.model[each.id] = "claimed"
        self.claimed += got

    @precondition(lambda self: self.claimed)
    @rule()
    def mark(self) -> None:
        assert self.run is not None
        each = self.claimed.pop(0)
        mark = self.run.marks([each.id])[each.id]
        if self.state != "running":
            assert mark is Mark.STOPPED
        elif each.subscriber_id in self.left:
            assert mark is Mark.UNWANTED
            self.model[each.id] = "skipped"
        else:
            assert mark is Mark.GO
            self.model[each.id] = "in_flight"
            self.in_flight.append(each)

    @precondition(lambda self: self.in_flight)
    @rule(status=st.sampled_from(RESULTS))
    def answer(self, status: DeliveryStatus) -> None:
        assert self.run is not None
        each = self.in_flight.pop(0)
        self.run.record(Attempt(delivery=each, status=status, due_at=self.now + timedelta(minutes=5)))
        self.run.outlook()  # returns when what was asked before is on disk
        self.copies[each.id] += status is DeliveryStatus.ACCEPTED
        self.model[each.id] = self.doubt(each.id) if status is DeliveryStatus.IN_DOUBT else status.value

    @precondition(lambda self: self.run is not None)
    @rule(crashes=st.booleans())
    def end(self, crashes: bool) -> None:  # noqa: FBT001 drawn by hypothesis
        """A crash leaves the run open; the recovery that follows does the same as an orderly end."""
        assert self.run is not None
        if crashes:
            self.run._writer.close()
            self.run.end = lambda: None  # type: ignore[method-assign] # dead
        self.sending.close()
        if crashes:
            self.ledger.recover()
        self.run, self.claimed, self.in_flight = None, [], []
        for each, status in self.model.items():
            self.model[each] = self.doubt(each) if status == "in_flight" else {"claimed": "queued"}.get(status, status)
            if self.state == "cancelled" and self.model[each] == "deferred":
                self.model[each] = self.dropped(each)
        self.finish_in_model()

    # --- people -----------------------------------------------------------------------------------

    @rule(subscriber_id=st.integers(1, PEOPLE))
    def leave(self, subscriber_id: int) -> None:
        with self.database.writing() as connection:
            mine = update(subscription).where(subscription.c.subscriber_id == subscriber_id)
            connection.execute(mine.values(status="unsubscribed"))
        self.left.add(subscriber_id)

    @rule(minutes=st.integers(1, 10))
    def let_time_pass(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- decisions --------------------------------------------------------------------------------

    @precondition(lambda self: self.state in {"planned", "running"})
    @rule()
    def pause(self) -> None:
        self.ledger.pause(self.mailing)
        self.state = "paused"

    @precondition(lambda self: self.state == "paused")
    @rule()
    def resume(self) -> None:
        self.ledger.resume(self.mailing)
        self.state = "running"

    @precondition(lambda self: self.state in {"running", "paused"} and self.now > BEGINNING + timedelta(minutes=30))
    @rule()
    def cancel(self) -> None:
        self.ledger.cancel(self.mailing)
        self.state = "cancelled"
        for each, status in self.model.items():
            if status in {"queued", "claimed", "deferred"}:
                self.model[each] = self.dropped(each)

    @precondition(lambda self: "in_doubt" in self.model.values())
    @rule(resolution=st.sampled_from(list(Resolution)))
    def decide(self, resolution: Resolution) -> None:
        doubtful = [each for each, status in self.model.items() if status == "in_doubt"]
        assert self.ledger.resolve("2023-12", resolution).number == len(doubtful)
        status = {"accepted": "accepted", "resend": "queued"}[resolution]
        self.model |= dict.fromkeys(doubtful, status)
        self.allowed.update(doubtful if resolution is Resolution.RESEND else ())
        if resolution is Resolution.RESEND and self.state in {"finished", "cancelled"}:
            self.state = "running"
        self.finish_in_model()

    # --- what always holds ------------------------------------------------------------------------

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        assert self.read() == self.model
        report = self.ledger.mailing(self.mailing)
        assert report.counts.adds_up
        assert report.counts.audience == PEOPLE
        assert report.state is MailingState(self.state)

    @invariant()
    def no_machine_sends_more_copies_than_the_policy_allows(self) -> None:
        assert all(number <= self.allowed[each] for each, number in self.copies.items())

    def teardown(self) -> None:
        if self.run is not None:
            self.sending.close()
        self.closing.close()


TestLedgerMachine = pytest.mark.slow(LedgerMachine.TestCase)
TestLedgerMachine.settings = settings(
    max_examples=EXAMPLES // 8, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
