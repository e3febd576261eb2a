"""Who had an issue is known by the person, whatever becomes of address, list and mailing.

`plans` finds what came of people before, and `misaddressed` whose address is another's by now. Who is to have it once
more is named by a person.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger, PlanError, SenderRun
from mailer.delivery.model import (
    Attempt,
    ClaimedDelivery,
    Counts,
    DeliveryStatus,
    InDoubtPolicy,
    MailingDraft,
    MailingKind,
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
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import erase, purge
from mailer.transport.base import Lost, Reply, Stage
from mailer.transport.memory import ACCEPTED, MemoryTransport

LATER = Reply(code=451, enhanced="4.7.1", text="later", stage=Stage.DOT)
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
    clock: Any
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
        since = self.ledger.reached_unknown("2023-12")
        came_back = None if since is None else self.store.came_back(since=since)
        draft = self._draft(lists)
        return preview_plan(self.ledger, draft, audience=audience, about=frozenset(), came_back=came_back)

    def again(self, *addresses: str) -> Plan:
        """Plan the issue once more for these people."""
        people = [self.store.require(each).id for each in addresses]
        return plan_mailing(
            self.ledger,
            replace(self._draft(()), kind=MailingKind.RESEND, of_id=1, reason="deleted by mistake"),
            audience=self.store.read_members(people).values(),
            about=frozenset(),
            compile_variant=lambda _: self.compiled,
        )

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


ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def office(
    *,
    store: SubscriberStore,
    ledger: Ledger,
    dispatcher: Callable[..., Dispatcher],
    compiled: CompiledMessage,
    register: Register,
    clock: Any,
) -> Office:
    store.clock = clock
    return Office(store, ledger, dispatcher, compiled, register, clock)


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
    """Only a keyed hash of them is left, which says nothing of any issue; that nobody knows is said."""
    office.add("a@x.example", "b@x.example")
    office.send()
    come_back(office, tmp_path, "a@x.example")
    office.add("new@x.example")
    assert (office.preview().recipients, office.preview().came_back) == (2, 1)
    assert office.send() == ["a@x.example", "new@x.example"]
    assert office.preview().came_back == 0


def come_back(office: Office, folder: Path, address: str) -> None:
    """Erase a person a moment after everything so far, release the address and add it again."""
    office.clock.move(minutes=1)
    erase(office.store, address, workspace=folder)
    release(office.store, address, note="asked in writing")
    office.add(address)


@ON_SQLITE
def test_who_came_back_is_counted_after_a_move_and_another_suppression_too(office: Office, tmp_path: Path) -> None:
    office.add("a@x.example", "b@x.example")
    office.send()
    come_back(office, tmp_path, "a@x.example")
    office.move("a@x.example", "moved@x.example")
    assert office.preview().came_back == 1
    come_back(office, tmp_path, "b@x.example")
    suppress(office.store, "b@x.example", reason=SuppressionReason.MANUAL)
    release(office.store, "b@x.example", note="asked in writing")
    office.store.add("b@x.example", lists=["oslo"], basis="a: asked", again=True)
    assert office.preview().came_back == 2
    office.move("moved@x.example", "c@x.example")
    office.move("b@x.example", "moved@x.example")
    assert office.preview().came_back == 2


@ON_SQLITE
def test_who_was_erased_before_the_issue_first_went_out_is_not_counted(office: Office, tmp_path: Path) -> None:
    office.add("a@x.example", "b@x.example")
    come_back(office, tmp_path, "a@x.example")
    office.clock.move(minutes=1)
    office.add("c@x.example", to="agder")
    office.send("agder")
    come_back(office, tmp_path, "c@x.example")
    plan = office.preview()
    assert (plan.recipients, plan.came_back) == (3, 1)


@ON_SQLITE
def test_nobody_is_counted_as_come_back_where_nobody_erased_had_it(office: Office, tmp_path: Path) -> None:
    office.add("a@x.example", "b@x.example")
    office.send(a=REFUSED)
    come_back(office, tmp_path, "a@x.example")
    assert (office.preview().recipients, office.preview().came_back) == (1, 0)


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


def test_who_was_in_doubt_once_and_was_not_reached_since_is_named(office: Office) -> None:
    """Sent again they were refused, or had left, and came back; also when another has the address now."""
    office.add("a@x.example", "b@x.example")
    office.send(a=IN_DOUBT, b=IN_DOUBT)
    assert office.preview().in_doubt_once == ()  # a person is to decide
    office.ledger.resolve("2023-12", Resolution.RESEND)
    office.store.remove("b@x.example")
    assert office.go_on(a=REFUSED).rejected == 1
    assert [each.address for each in office.preview().in_doubt_once] == ["a@x.example"]  # who has left lacks nothing
    office.store.add("b@x.example", lists=["oslo"], basis="a: asked", again=True)
    office.move("b@x.example", "c@x.example")
    release(office.store, "b@x.example", note="somebody new")
    office.add("b@x.example")
    plan = office.preview()
    assert (plan.recipients, plan.elsewhere, plan.many_in_doubt_once) == (0, (), 3)
    assert {(each.had_at, each.address, each.was_others) for each in plan.in_doubt_once} == {
        ("a@x.example", "a@x.example", False),
        ("b@x.example", "c@x.example", False),
        ("b@x.example", "b@x.example", True),
    }
    office.again("a@x.example", "c@x.example")
    assert office.go_on().accepted == 2
    assert [each.address for each in office.preview().in_doubt_once] == ["b@x.example"]


def test_who_has_it_for_certain_is_not_named_for_a_later_doubt(office: Office) -> None:
    office.add("a@x.example")
    office.send()
    office.move("a@x.example", "b@x.example")
    office.again("b@x.example")
    office.go_on(b=IN_DOUBT)
    office.ledger.resolve("2023-12", Resolution.RESEND)
    office.go_on(b=REFUSED)
    plan = office.preview()
    assert plan.in_doubt_once == ()
    assert plan.elsewhere == (SentElsewhere("b@x.example", "a@x.example", DeliveryStatus.ACCEPTED, was_others=False),)


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


# --- Once more, by a person's decision --------------------------------------------------------------


def test_a_resend_reaches_the_person_named_and_counts_nobody_twice(office: Office, database: Database) -> None:
    office.add("a@x.example", "b@x.example")
    office.send()
    office.move("a@x.example", "c@x.example")
    plan = office.again("c@x.example")
    assert plan.named == (SentElsewhere("c@x.example", "a@x.example", DeliveryStatus.ACCEPTED, was_others=False),)
    assert (plan.counts.audience, plan.recipients, plan.again, plan.elsewhere) == (1, 1, {}, ())
    assert office.go_on().accepted == 1
    assert office.taken == ["a@x.example", "b@x.example", "c@x.example"]
    together = office.ledger.count_people("2023-12")
    assert (together.audience, together.accepted, together.adds_up) == (2, 2, True)
    _, resend = office.ledger.mailings("2023-12")
    assert (resend.kind, resend.reason) == (MailingKind.RESEND, "deleted by mistake")
    with database.reading() as connection:
        assert connection.execute(select(mailing.c.kind, mailing.c.of_id)).all() == [("issue", None), ("resend", 1)]
    assert office.send() == []
    planned, decided = [each for each in office.ledger.log() if each.action in {"planned", "sent_again"}]
    assert (planned.reason, decided.action, decided.reason) == ("", "sent_again", "deleted by mistake")
    assert decided.detail["recipients"] == 1
    [event] = [each for each in office.store.history("c@x.example") if each.action == "sent_again"]
    assert event.detail == {"issue": "2023-12", "reason": "deleted by mistake"}
    assert event.actor == office.ledger.operator.actor
    assert all(each.action != "sent_again" for each in office.store.history("b@x.example"))


def test_a_refused_resend_is_named_though_the_person_has_the_issue(office: Office) -> None:
    office.add("a@x.example", "b@x.example")
    office.send(b=REFUSED)
    office.again("a@x.example")
    assert office.go_on(a=REFUSED).rejected == 1
    first, second = (
        [each.address for each in office.ledger.unreached(number, message_id_of=lambda m, d: f"{m}{d}")]
        for number in (1, 2)
    )
    assert (first, second) == (["b@x.example"], ["a@x.example"])
    assert office.ledger.count_people("2023-12").accepted == 1
    office.again("a@x.example")
    office.go_on()
    assert [*office.ledger.unreached(2, message_id_of=lambda m, d: f"{m}{d}")] == []


def test_a_resend_follows_its_person_also_back_to_where_the_issue_was(office: Office) -> None:
    office.add("a@x.example", "b@x.example")
    office.send()
    office.move("a@x.example", "c@x.example")
    office.again("c@x.example", "b@x.example")
    office.move("c@x.example", "a@x.example")
    assert office.go_on().accepted == 2
    assert office.taken[2:] == ["a@x.example", "b@x.example"]


def test_who_leaves_or_is_erased_gets_no_resend_and_the_reason_goes_with_the_person(
    office: Office, tmp_path: Path
) -> None:
    office.add("a@x.example", "b@x.example", "c@x.example")
    office.send()
    office.again("b@x.example")
    office.store.remove("b@x.example")
    assert office.go_on().skipped == {SkipReason.UNSUBSCRIBED: 1}
    assert office.ledger.mailing(2).reached_nobody
    office.again("a@x.example")
    erase(office.store, "a@x.example", workspace=tmp_path)
    assert [each.reason for each in office.ledger.mailings()] == ["", "deleted by mistake", ""]
    office.ledger.recover()
    assert office.ledger.mailing(3).counts.skipped == {SkipReason.ERASED: 1}
    assert len(office.taken) == 3


def test_nothing_goes_again_beside_a_mailing_under_way_and_no_list_beside_a_resend(office: Office) -> None:
    office.add("a@x.example")
    office.add("b@x.example", to="agder")
    office.send("oslo")
    office.plan("agder")
    with pytest.raises(PlanError) as refused:
        office.again("a@x.example")
    assert refused.value.told("en") == (
        "2023-12: an unfinished mailing of this issue goes to agder\n"
        "First finish it with mailer resume 2023-12, or stop it with mailer cancel 2023-12."
    )
    office.go_on()
    office.again("a@x.example")
    with pytest.raises(PlanError, match="goes again to people who were named"):
        office.again("a@x.example")
    with pytest.raises(PlanError, match="goes again to people who were named"):
        office.preview("oslo")
    assert not office.preview().is_new


# --- Whatever happens whenever ----------------------------------------------------------------------


Happens = Callable[[Office], None]


def _while_queued(office: Office, happens: Happens) -> None:
    office.plan("oslo")
    happens(office)
    office.go_on()


def _while_claimed(office: Office, happens: Happens) -> None:
    office.plan("oslo")
    with office.ledger.start_run(1) as run:
        [claimed] = run.claim(1)
        happens(office)
        assert run.marks([claimed.id])[claimed.id] is not Mark.GO
    _to_the_end(office)


def _in_flight(office: Office, happens: Happens) -> None:
    office.plan("oslo")
    with office.ledger.start_run(1) as run:
        claimed = mark_one(run)
        happens(office)
        run.record(Attempt(delivery=claimed, status=DeliveryStatus.DEFERRED, due_at=office.clock()))
    _to_the_end(office)


def _while_deferred(office: Office, happens: Happens) -> None:
    office.send("oslo", a=LATER)
    happens(office)
    _to_the_end(office)


def _in_doubt(office: Office, happens: Happens) -> None:
    office.send("oslo", a=IN_DOUBT)
    happens(office)
    office.ledger.resolve("2023-12", Resolution.RESEND)
    _to_the_end(office)


def _while_it_waits(office: Office, happens: Happens) -> None:
    office.add("other@x.example", to="agder")
    office.send("oslo", a=IN_DOUBT)
    office.plan("agder")
    office.ledger.resolve("2023-12", Resolution.RESEND)
    assert office.ledger.mailing(1).state == "waiting"
    happens(office)
    office.go_on()
    _to_the_end(office)
    office.taken.remove("other@x.example")


def _days_before_it_is_resumed(office: Office, happens: Happens) -> None:
    office.plan("oslo")
    office.ledger.pause(1)
    happens(office)
    office.clock.move(days=3)
    office.ledger.resume(1)
    office.go_on()


def _to_the_end(office: Office) -> None:
    office.clock.move(hours=1)
    if office.ledger.unfinished("2023-12") is not None:
        office.go_on()


MOMENTS = (
    _while_queued,
    _while_claimed,
    _in_flight,
    _while_deferred,
    _in_doubt,
    _while_it_waits,
    _days_before_it_is_resumed,
)


def _moves(office: Office) -> None:
    office.move("a@x.example", "b@x.example")


def _is_suppressed(office: Office) -> None:
    suppress(office.store, "a@x.example", reason=SuppressionReason.MANUAL)


def _is_suppressed_on_the_list(office: Office) -> None:
    suppress(office.store, "a@x.example", reason=SuppressionReason.MANUAL, list_slug="oslo")


def _leaves(office: Office) -> None:
    office.store.remove("a@x.example")


def _is_on_a_list_that_is_merged(office: Office) -> None:
    office.merge("oslo", "bergen")


HAPPENS: dict[Happens, list[str]] = {
    _moves: ["b@x.example"],
    _is_suppressed: [],
    _is_suppressed_on_the_list: [],
    _leaves: [],
    _is_on_a_list_that_is_merged: ["a@x.example"],
}


def _comes_of(office: Office, happens: Happens, moment: Callable[[Office, Happens], None]) -> list[str]:
    office.add("a@x.example")
    moment(office, happens)
    counts = [each.counts for each in office.ledger.mailings()]
    assert all(each.adds_up and not each.waiting for each in counts)
    return office.taken


@pytest.mark.parametrize("moment", MOMENTS)
def test_who_is_suppressed_gets_nothing_from_then_on(office: Office, moment: Callable[..., None]) -> None:
    assert _comes_of(office, _is_suppressed, moment) == []
    assert office.ledger.mailing(1).counts.skipped == {SkipReason.SUPPRESSED: 1}
    assert office.ledger.mailing(1).reached_nobody


@pytest.mark.slow
@pytest.mark.parametrize(
    ("happens", "moment"),
    [
        (happens, moment)
        for happens in HAPPENS
        for moment in MOMENTS
        if (happens, moment) != (_is_on_a_list_that_is_merged, _while_claimed)  # the mark follows the list
    ],
)
def test_whatever_becomes_of_a_person_mail_goes_where_it_may_and_nobody_is_lost(
    office: Office, happens: Happens, moment: Callable[..., None]
) -> None:
    assert _comes_of(office, happens, moment) == HAPPENS[happens]
