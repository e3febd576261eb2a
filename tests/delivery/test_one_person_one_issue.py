"""Who had an issue is known by the person, whatever becomes of address, list and mailing.

`plans` finds what came of people before, and `misaddressed` whose address is another's by now.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.database.engine import Database
from mailer.database.tables import delivery
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger, SenderRun
from mailer.delivery.model import (
    Attempt,
    ClaimedDelivery,
    Counts,
    DeliveryStatus,
    InDoubtPolicy,
    MailingDraft,
    Mark,
    Resolution,
    SkipReason,
)
from mailer.delivery.planning import Plan, SentElsewhere, plan_mailing, preview_plan
from mailer.message.compiled import CompiledMessage
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register
from mailer.subscribers.people.moving import merge_lists, move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release
from mailer.subscribers.rights.erasing import erase, purge
from mailer.transport.base import Lost, Reply, Stage
from mailer.transport.memory import ACCEPTED, MemoryTransport

IN_DOUBT = Lost(stage=Stage.DOT, why="cut")
REFUSED = Reply(code=550, enhanced="5.1.1", text="no such user", stage=Stage.RCPT)

Answer = Reply | Lost


@dataclass
class Office:
    """An editor at work: people on lists, one issue, a server that answers as it is told."""

    store: SubscriberStore
    ledger: Ledger
    dispatcher: Callable[..., Dispatcher]
    compiled: CompiledMessage
    register: Register
    policy: InDoubtPolicy = InDoubtPolicy.HOLD
    taken: list[str] = field(default_factory=list)

    def add(self, *addresses: str, to: str = "oslo") -> None:
        for each in addresses:
            self.store.add(each, lists=[to], basis="e: case 1")

    def move(self, old: str, new: str) -> None:
        if read_suppressions(self.store, new):
            release(self.store, new, note="back again")
        move_person(self.store, old, new)

    def merge(self, old: str, into: str) -> None:
        lists = tuple(each for each in self.register.lists if each.slug != old)
        self.register = replace(self.register, lists=lists)
        merge_lists(self.store, self.register, old, into)

    def preview(self, *lists: str) -> Plan:
        audience = self.store.read_audience(lists or None)
        return preview_plan(self.ledger, self._draft(lists), audience=audience, about=frozenset())

    def plan(self, *lists: str) -> Plan:
        return plan_mailing(
            self.ledger,
            self._draft(lists),
            audience=self.store.read_audience(lists or None),
            about=frozenset(),
            compile_variant=lambda _: self.compiled,
        )

    def _draft(self, lists: tuple[str, ...]) -> MailingDraft:
        return MailingDraft(
            slug="2023-12", content_hash="c", subject="Nyhetsbrev", lists=lists, in_doubt_policy=self.policy
        )

    def go_on(self, **answers: Answer) -> Counts:
        """Send what is left of the mailing under way; `answers` by the part before the @, else all is taken."""
        unfinished = self.ledger.unfinished("2023-12")
        assert unfinished is not None
        transport = MemoryTransport(lambda envelope: answers.get(envelope.recipient.partition("@")[0], ACCEPTED))
        ended = self.dispatcher(transport, connections=1).run(unfinished.id, once=True)
        self.taken += [each.envelope.recipient for each in transport.received]
        return ended.counts

    def send(self, *lists: str, **answers: Answer) -> list[str]:
        """Plan and send; returns whom the server has a message for by it."""
        before = len(self.taken)
        if self.plan(*lists).mailing is not None:
            self.go_on(**answers)
        return self.taken[before:]


@pytest.fixture
def office(
    store: SubscriberStore,
    ledger: Ledger,
    dispatcher: Callable[..., Dispatcher],
    compiled: CompiledMessage,
    register: Register,
) -> Office:
    return Office(store, ledger, dispatcher, compiled, register)


def mark_one(run: SenderRun) -> ClaimedDelivery:
    [claimed] = run.claim(10)
    assert run.marks([claimed.id])[claimed.id] is Mark.GO
    return claimed


# --- After it was sent ------------------------------------------------------------------------------


def test_who_moves_after_getting_an_issue_does_not_get_it_again(office: Office) -> None:
    office.add("once@x.example", "back@x.example", "far@x.example")
    assert len(office.send()) == 3
    office.move("once@x.example", "new@x.example")
    for old, new in (("back@x.example", "away@x.example"), ("away@x.example", "back@x.example")):
        office.move(old, new)
    for old, new in (("far@x.example", "farther@x.example"), ("farther@x.example", "farthest@x.example")):
        office.move(old, new)
    plan = office.preview()
    assert (plan.recipients, plan.counts.skipped, plan.many_elsewhere) == (0, {SkipReason.ALREADY_SENT: 3}, 2)
    assert plan.elsewhere == (
        SentElsewhere("new@x.example", "once@x.example", DeliveryStatus.ACCEPTED, was_others=False),
        SentElsewhere("farthest@x.example", "far@x.example", DeliveryStatus.ACCEPTED, was_others=False),
    )
    assert office.send() == []


def test_purged_deliveries_are_known_by_the_person_also_after_a_move(office: Office) -> None:
    office.add("a@x.example", "b@x.example")
    office.send()
    purge(office.store, unconfirmed=timedelta(), details=timedelta(days=-1))
    office.move("a@x.example", "c@x.example")
    plan = office.preview()
    assert (plan.recipients, plan.elsewhere) == (0, ())
    office.add("new@x.example")
    assert office.send() == ["new@x.example"]


def test_a_person_is_one_however_the_address_is_written(office: Office) -> None:
    office.add("post@blåbær.example", "Kari@x.example")
    office.send()
    office.move("kari@x.example", "KARI@x.example")
    office.move("post@blåbær.example", "Post@xn--blbr-roah.example")
    assert office.preview().recipients == 0
    assert office.preview().elsewhere == ()


def test_who_is_on_several_lists_gets_it_once_by_whatever_mailings(office: Office) -> None:
    office.add("a@x.example", "both@x.example")
    office.add("b@x.example", "both@x.example", to="agder")
    assert office.send("oslo") == ["a@x.example", "both@x.example"]
    office.move("both@x.example", "moved@x.example")
    assert office.send("agder") == ["b@x.example"]
    assert office.send() == []


def test_a_mailbox_that_had_it_from_somebody_else_does_not_get_it_again_and_that_is_said(office: Office) -> None:
    office.add("leader@x.example")
    office.send()
    office.move("leader@x.example", "ole@x.example")
    office.add("kari@x.example")
    office.move("kari@x.example", "leader@x.example")
    plan = office.preview()
    assert plan.recipients == 0
    assert set(plan.elsewhere) == {
        SentElsewhere("ole@x.example", "leader@x.example", DeliveryStatus.ACCEPTED, was_others=False),
        SentElsewhere("leader@x.example", "leader@x.example", DeliveryStatus.ACCEPTED, was_others=True),
    }


def test_who_was_erased_is_somebody_new_when_released_and_added(office: Office, tmp_path: Path) -> None:
    """Only a keyed hash of them is left, which says nothing of any issue."""
    office.add("a@x.example")
    office.send()
    erase(office.store, "a@x.example", workspace=tmp_path)
    release(office.store, "a@x.example", note="asked in writing")
    office.add("a@x.example")
    assert office.send() == ["a@x.example"]


def test_who_is_imported_again_after_the_import_was_undone_has_had_it(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("epost;liste\na@x.example;oslo\nb@x.example;oslo\n", encoding="utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
    report = import_files(office.store, office.register, [file], options=options)
    assert office.send(b=REFUSED) == ["a@x.example"]
    assert report.id is not None
    undo_import(office.store, report.id)
    import_files(office.store, office.register, [file], options=options)
    assert office.send() == ["b@x.example"]
    assert office.ledger.count_people("2023-12").accepted == 2


def test_who_was_deleted_and_added_again_has_had_it_at_the_same_address(office: Office, database: Database) -> None:
    office.add("a@x.example")
    office.send()
    with database.writing() as connection:
        connection.execute(delivery.update().values(subscriber_id=None))  # as deleting the person leaves it
    plan = office.preview()
    assert (plan.counts.skipped, plan.elsewhere) == ({SkipReason.ALREADY_SENT: 1}, ())


def test_who_was_in_doubt_left_and_came_back_may_have_it(office: Office) -> None:
    office.add("a@x.example")
    assert office.send(a=IN_DOUBT) == []
    office.ledger.resolve("2023-12", Resolution.RESEND)
    office.store.remove("a@x.example")
    assert office.go_on().skipped == {SkipReason.UNSUBSCRIBED: 1}
    office.store.add("a@x.example", lists=["oslo"], basis="a: asked", again=True)
    assert office.send() == []


# --- In doubt, then moved ---------------------------------------------------------------------------


def test_who_was_in_doubt_and_moved_is_named_with_both_addresses_and_not_sent_to(office: Office) -> None:
    office.add("a@x.example")
    office.send(a=IN_DOUBT)
    office.move("a@x.example", "b@x.example")
    [named] = office.ledger.deliveries(1, [DeliveryStatus.IN_DOUBT], message_id_of=lambda m, d: f"{m}{d}")
    assert (named.address, named.now) == ("a@x.example", "b@x.example")
    assert office.preview().elsewhere == (
        SentElsewhere("b@x.example", "a@x.example", DeliveryStatus.IN_DOUBT, was_others=False),
    )
    assert office.send() == []


def test_what_a_person_has_sent_again_goes_to_the_address_of_now(office: Office) -> None:
    """Whichever of the two addresses is named, or none."""
    office.add("a1@x.example", "a2@x.example", "a3@x.example")
    office.plan()
    with office.ledger.start_run(1) as run:
        run.marks([each.id for each in run.claim(10)])
    for each in "123":
        office.move(f"a{each}@x.example", f"b{each}@x.example")
    for named in (["A1@x.example"], ["b2@X.example"], None):
        assert office.ledger.resolve("2023-12", Resolution.RESEND, addresses=named).number == 1
    assert office.go_on().accepted == 3
    assert office.taken == ["b1@x.example", "b2@x.example", "b3@x.example"]


def test_only_those_named_are_settled_and_the_others_told(office: Office) -> None:
    office.add("a@x.example", "b@x.example", "c@x.example")
    office.send(a=IN_DOUBT, b=IN_DOUBT)
    settled = office.ledger.resolve("2023-12", Resolution.ACCEPTED, addresses=["c@x.example", "a@x.example", "no one"])
    assert (settled.number, settled.unknown) == (1, ("c@x.example", "no one"))
    assert office.ledger.mailing(1).counts.in_doubt == 1


# --- While a mailing is under way -------------------------------------------------------------------


def test_what_was_in_flight_to_an_address_given_up_meanwhile_goes_to_the_new_one(office: Office, clock: Any) -> None:
    """Whatever the server said of the old one."""
    said = (DeliveryStatus.DEFERRED, DeliveryStatus.REJECTED, DeliveryStatus.EXPIRED, DeliveryStatus.QUEUED)
    office.add(*(f"{each}@x.example" for each in said))
    office.plan()
    with office.ledger.start_run(1) as run:
        in_flight = run.claim(10)
        assert set(run.marks([each.id for each in in_flight]).values()) == {Mark.GO}
        for each, status in zip(in_flight, said, strict=True):
            office.move(f"{status}@x.example", f"{status}@new.example")
            run.record(Attempt(delivery=each, status=status, due_at=clock() + timedelta(hours=1)))
    assert office.go_on().accepted == 4
    assert office.taken == [f"{each}@new.example" for each in said]


def test_with_the_policy_retry_a_crash_sends_to_the_new_address(office: Office, monkeypatch: Any, clock: Any) -> None:
    office.policy = InDoubtPolicy.RETRY
    office.add("a@x.example")
    office.plan()
    with monkeypatch.context() as patch:
        patch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda self: self._writer.close())
        with office.ledger.start_run(1) as run:
            mark_one(run)
    office.move("a@x.example", "b@x.example")
    office.ledger.recover()
    clock.move(minutes=5)
    assert office.go_on().accepted == 1
    assert office.taken == ["b@x.example"]


def test_a_mark_for_an_address_that_is_the_persons_no_more_is_refused(office: Office, database: Database) -> None:
    """Also where the delivery was not redirected, as by a program of before."""
    office.add("a@x.example")
    office.plan()
    with office.ledger.start_run(1) as run:
        [claimed] = run.claim(1)
        with database.writing() as connection:
            connection.exec_driver_sql(
                "UPDATE subscriber SET address = 'b@x.example', address_as_given = 'B@x.example'"
            )
        assert run.marks([claimed.id])[claimed.id] is Mark.MOVED
        [again] = run.claim(1)
        assert again.recipient == "B@x.example"
        assert run.marks([again.id])[again.id] is Mark.GO


def test_what_is_claimed_anew_for_a_new_address_is_not_sent_to_the_old_one_that_a_connection_still_has(
    office: Office,
) -> None:
    office.add("a@x.example")
    office.plan()
    with office.ledger.start_run(1) as run:
        [old] = run.claim(1)
        office.move("a@x.example", "b@x.example")
        assert run.claim(1) == []
        assert run.marks([old.id])[old.id] is Mark.LOST
        [new] = run.claim(1)
        assert (new.id, new.recipient, run.marks([new.id])[new.id]) == (old.id, "b@x.example", Mark.GO)


def test_addresses_that_change_hands_within_a_mailing_reach_everybody_once(office: Office) -> None:
    office.add("a@x.example", "b@x.example", "left@x.example")
    office.store.remove("left@x.example")
    office.plan()
    office.move("a@x.example", "c@x.example")
    office.move("b@x.example", "a@x.example")
    office.move("left@x.example", "l@x.example")
    office.move("c@x.example", "left@x.example")
    assert office.go_on().accepted == 2
    assert sorted(office.taken) == ["a@x.example", "left@x.example"]


def test_who_moves_to_an_address_that_the_mailing_went_to_is_skipped(office: Office) -> None:
    office.add("a@x.example", "b@x.example")
    office.plan()
    with office.ledger.start_run(1) as run:
        [first] = run.claim(1)
        assert run.marks([first.id])[first.id] is Mark.GO
        run.record(Attempt(delivery=first, status=DeliveryStatus.ACCEPTED))
    office.move("a@x.example", "c@x.example")
    office.move("b@x.example", "a@x.example")
    assert office.ledger.mailing(1).counts.skipped == {SkipReason.ALREADY_SENT: 1}
    assert [each.was_others for each in office.preview().elsewhere] == []  # the mailing is not finished
    office.ledger.recover()
    assert {each.address: each.was_others for each in office.preview().elsewhere} == {
        "c@x.example": False,
        "a@x.example": True,
    }


def test_who_is_erased_while_a_mailing_waits_is_skipped_and_not_rejected(office: Office, tmp_path: Path) -> None:
    office.add("a@x.example", "b@x.example")
    office.plan()
    erase(office.store, "a@x.example", workspace=tmp_path)
    assert office.ledger.mailing(1).counts.skipped == {SkipReason.ERASED: 1}
    counts = office.go_on()
    assert (counts.accepted, counts.rejected, office.taken) == (1, 0, ["b@x.example"])


def test_who_was_erased_by_a_program_of_before_is_skipped_too(office: Office, database: Database) -> None:
    office.add("a@x.example")
    office.plan()
    with database.writing() as connection:
        connection.execute(delivery.update().values(subscriber_id=None, address="erased-1", recipient=""))
    assert office.go_on().skipped == {SkipReason.ERASED: 1}


def test_a_subscription_that_an_undone_import_took_away_is_not_called_left(office: Office, tmp_path: Path) -> None:
    office.add("a@x.example", to="agder")
    file = tmp_path / "people.csv"
    file.write_text("epost;liste\na@x.example;oslo\n", encoding="utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
    report = import_files(office.store, office.register, [file], options=options)
    office.plan("oslo")
    assert report.id is not None
    undo_import(office.store, report.id)
    assert office.go_on().skipped == {SkipReason.NOT_ON_LIST: 1}


# --- Lists that become part of others ---------------------------------------------------------------


def test_a_mailing_under_way_reaches_whose_list_became_part_of_others(office: Office) -> None:
    office.add("a@x.example", "gone@x.example")
    office.add("b@x.example", to="agder")
    office.plan("oslo")
    office.merge("oslo", "agder")
    office.merge("agder", "bergen")
    office.store.remove("gone@x.example")
    counts = office.go_on()
    assert (counts.accepted, counts.skipped) == (1, {SkipReason.UNSUBSCRIBED: 1})
    assert list(office.ledger.counts_by_list(1)) == ["bergen"]
    assert office.send("oslo") == ["b@x.example"]
    assert office.send("bergen", "agder") == []


def test_lists_that_are_merged_while_a_sender_is_at_work_are_followed(office: Office) -> None:
    office.add("a@x.example", "b@x.example")
    office.plan("oslo")
    with office.ledger.start_run(1) as run:
        first, second = run.claim(2)
        assert run.marks([first.id])[first.id] is Mark.GO
        office.merge("oslo", "agder")
        assert run.marks([second.id])[second.id] is Mark.GO


def test_a_mailing_to_a_list_of_before_goes_on_under_its_old_name_and_its_new_one(office: Office) -> None:
    office.add("a@x.example")
    office.plan("oslo")
    office.merge("oslo", "agder")
    for names in (["oslo"], ["agder"]):
        assert not office.preview(*names).is_new


# --- The issue as a whole ---------------------------------------------------------------------------


def test_people_are_counted_once_over_the_mailings_of_an_issue_and_failed_only_if_they_have_it_nowhere(
    office: Office,
) -> None:
    office.add("a@x.example", "b@x.example", "c@x.example", "d@x.example")
    office.send(b=REFUSED, c=REFUSED, d=REFUSED)
    office.move("c@x.example", "moved@x.example")
    office.store.remove("d@x.example")
    assert office.send(b=REFUSED) == ["moved@x.example"]
    together = office.ledger.count_people("2023-12")
    assert together.adds_up
    assert (together.audience, together.accepted, together.rejected) == (4, 2, 1)
    assert together.skipped == {SkipReason.UNSUBSCRIBED: 1}
    failed = [
        each.address
        for mailing in office.ledger.mailings()
        for each in office.ledger.unreached(mailing.id, message_id_of=lambda m, d: f"{m}{d}")
    ]
    assert failed == ["b@x.example"]
