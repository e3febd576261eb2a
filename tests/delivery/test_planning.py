"""Planning freezes content and audience once, and says what it would do before it does."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.compose.composed import VariantKey
from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, subscriber, variant
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger, PlanError
from mailer.delivery.model import DeliveryStatus, MailingDraft, SkipReason
from mailer.delivery.planning import plan_mailing, preview_plan
from mailer.message.compiled import CompiledMessage
from mailer.subscribers.audience import AudienceMember, Exclusion
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.erasing import erase
from mailer.transport.base import Reply, Stage
from mailer.transport.memory import ACCEPTED, MemoryTransport

Members = Callable[..., list[AudienceMember]]
DRAFT = MailingDraft(slug="2023-12", content_hash="c1", subject="Nyhetsbrev", lists=("testere",))
ABOUT = frozenset({"finnmark"})


@pytest.fixture
def members(people: Any, database: Database) -> Members:
    """New subscribers of `testere` as members of the audience."""

    def make(number: int, **changes: Any) -> list[AudienceMember]:
        people.add(number)
        with database.reading() as connection:
            rows = connection.execute(select(subscriber).order_by(subscriber.c.id)).all()
        settings = {"name": "", "lang": "nb", "lists": ("testere",), "helsefellesskap": ()} | changes
        return [
            AudienceMember(subscriber_id=row.id, address=row.address, recipient=row.address_as_given, **settings)
            for row in rows[-number:]
        ]

    return make


def compile_to(message: CompiledMessage) -> Callable[[VariantKey], CompiledMessage]:
    return lambda _: message


def test_each_address_has_one_delivery_and_each_key_one_variant(
    ledger: Ledger, members: Members, compiled: CompiledMessage, database: Database
) -> None:
    audience = members(3) + members(2, lang="nn") + members(2, helsefellesskap=("finnmark", "oslo"))
    keys: list[VariantKey] = []

    def compile_variant(key: VariantKey) -> CompiledMessage:
        keys.append(key)
        return compiled

    plan = plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_variant)
    assert plan.mailing is not None
    assert plan.is_new
    assert not plan.content_changed
    assert (plan.recipients, plan.counts.queued) == (7, 7)
    assert plan.variants == {"nb:": 3, "nn:": 2, "nb:finnmark": 2}
    assert [str(key) for key in keys] == ["nb:", "nn:", "nb:finnmark"], "each is composed once"
    with database.reading() as connection:
        assert sorted(connection.execute(select(variant.c.key)).scalars()) == ["nb:", "nb:finnmark", "nn:"]


def test_who_is_left_out_is_counted_with_the_reason_and_composes_nothing(ledger: Ledger, members: Members) -> None:
    audience = members(2, exclusion=Exclusion.UNSUBSCRIBED, lang="se") + members(1, exclusion=Exclusion.SUPPRESSED)

    def compile_variant(key: VariantKey) -> CompiledMessage:
        raise AssertionError(key)

    plan = plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_variant)
    assert plan.mailing is None, "nobody to send to: nothing is planned"
    assert plan.counts.skipped == {SkipReason.UNSUBSCRIBED: 2, SkipReason.SUPPRESSED: 1}
    assert ledger.mailings() == ()


def test_a_skipped_first_reader_of_a_variant_does_not_keep_it_from_being_stored(
    ledger: Ledger, members: Members, compiled: CompiledMessage
) -> None:
    audience = members(1, exclusion=Exclusion.UNCONFIRMED) + members(1)
    plan = plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))
    assert plan.mailing is not None
    assert len(ledger.variants(plan.mailing.id)) == 1
    assert plan.counts == plan.mailing.counts


def test_planning_twice_changes_nothing(ledger: Ledger, members: Members, compiled: CompiledMessage) -> None:
    audience = members(2)
    first = plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))
    changed = MailingDraft(slug="2023-12", content_hash="c2", subject="Nyhetsbrev")
    again = plan_mailing(
        ledger, changed, audience=audience + members(1), about=ABOUT, compile_variant=compile_to(compiled)
    )
    assert again.mailing == first.mailing
    assert not again.is_new
    assert (again.many_elsewhere, again.came_back) == (0, 0)
    assert again.content_changed
    assert again.recipients == 2, "the frozen number"
    assert len(ledger.mailings()) == 1


def test_an_unfinished_mailing_to_other_lists_is_named(
    ledger: Ledger, members: Members, compiled: CompiledMessage
) -> None:
    audience = members(2)
    plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))
    other = MailingDraft(slug="2023-12", content_hash="c1", subject="Nyhetsbrev", lists=("oslo",))
    with pytest.raises(PlanError, match="mailer cancel 2023-12"):
        plan_mailing(ledger, other, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))


def test_a_preview_says_the_same_and_writes_nothing(
    ledger: Ledger, members: Members, compiled: CompiledMessage
) -> None:
    audience = members(3) + members(1, exclusion=Exclusion.SUPPRESSED)
    preview = preview_plan(ledger, DRAFT, audience=audience, about=ABOUT)
    assert ledger.mailings() == ()
    plan = plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))
    assert (preview.counts, preview.variants) == (plan.counts, plan.variants)
    assert preview_plan(ledger, DRAFT, audience=audience, about=ABOUT).mailing == plan.mailing


def test_a_number_that_nobody_agreed_to_is_refused(ledger: Ledger, members: Members, compiled: CompiledMessage) -> None:
    with pytest.raises(PlanError, match="2 recipients by now, not to 3"):
        plan_mailing(ledger, DRAFT, audience=members(2), about=ABOUT, compile_variant=compile_to(compiled), expected=3)
    assert ledger.mailings() == ()


def test_composing_that_fails_plans_nothing(ledger: Ledger, members: Members) -> None:
    def fail(_: VariantKey) -> CompiledMessage:
        raise ValueError("broken template")

    with pytest.raises(ValueError, match="broken template"):
        plan_mailing(ledger, DRAFT, audience=members(1), about=ABOUT, compile_variant=fail)
    assert ledger.mailings() == ()


def test_a_further_list_reaches_only_those_who_have_not_had_the_issue(
    ledger: Ledger, members: Members, compiled: CompiledMessage, dispatcher: Callable[..., Dispatcher]
) -> None:
    first, second = members(2), members(2)
    plan = plan_mailing(ledger, DRAFT, audience=first, about=ABOUT, compile_variant=compile_to(compiled))
    assert plan.mailing is not None
    assert dispatcher(MemoryTransport()).run(plan.mailing.id).counts.accepted == 2
    everybody = MailingDraft(slug="2023-12", content_hash="c1", subject="Nyhetsbrev")
    further = plan_mailing(
        ledger, everybody, audience=first + second, about=ABOUT, compile_variant=compile_to(compiled)
    )
    assert further.counts.skipped == {SkipReason.ALREADY_SENT: 2}
    assert further.recipients == 2
    next_issue = MailingDraft(slug="2024-02", content_hash="c9", subject="Nyhetsbrev")
    assert preview_plan(ledger, next_issue, audience=iter(first + second), about=ABOUT).recipients == 4


def test_whom_earlier_mailings_did_not_reach_is_tried_again_and_counted_until_it_arrives(
    ledger: Ledger, members: Members, compiled: CompiledMessage, dispatcher: Callable[..., Dispatcher]
) -> None:
    audience = members(3)
    refusal = Reply(code=550, enhanced="5.1.1", text="no such user", stage=Stage.RCPT)

    def send(*refused: str) -> None:
        planned = plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))
        assert planned.mailing is not None
        transport = MemoryTransport(lambda envelope: refusal if envelope.recipient in refused else ACCEPTED)
        dispatcher(transport).run(planned.mailing.id)

    send(audience[0].recipient, audience[1].recipient)
    second = preview_plan(ledger, DRAFT, audience=audience, about=ABOUT)
    assert (second.recipients, second.again) == (2, {DeliveryStatus.REJECTED: 2})
    send(audience[0].recipient)
    third = preview_plan(ledger, DRAFT, audience=audience, about=ABOUT)
    assert (third.counts.skipped, third.again) == ({SkipReason.ALREADY_SENT: 2}, {DeliveryStatus.REJECTED: 1})
    send()
    assert preview_plan(ledger, DRAFT, audience=audience, about=ABOUT).again == {}


def test_twenty_who_have_it_at_an_earlier_address_are_named_and_all_are_counted(
    ledger: Ledger, members: Members, compiled: CompiledMessage, database: Database
) -> None:
    audience = members(21)
    plan_mailing(ledger, DRAFT, audience=audience, about=ABOUT, compile_variant=compile_to(compiled))
    with database.writing() as connection:
        connection.execute(update(delivery).values(status="accepted"))
        connection.execute(update(mailing).values(state="finished"))
    moved = [each._replace(address=f"new-{each.address}", recipient=f"new-{each.recipient}") for each in audience]
    plan = preview_plan(ledger, DRAFT, audience=moved, about=ABOUT)
    assert (plan.counts.skipped, plan.again) == ({SkipReason.ALREADY_SENT: 21}, {})
    assert (len(plan.elsewhere), plan.many_elsewhere) == (20, 21)
    first = plan.elsewhere[0]
    assert (first.address, first.had_at) == (moved[0].recipient, audience[0].recipient)
    assert (first.status, first.was_others) == (DeliveryStatus.ACCEPTED, False)


def test_a_large_audience_is_read_in_portions(
    ledger: Ledger, members: Members, compiled: CompiledMessage, database: Database
) -> None:
    rows = members(2500)
    held = 0

    def audience() -> Iterator[AudienceMember]:
        nonlocal held
        for row in rows:
            held += 1
            yield row

    plan = plan_mailing(ledger, DRAFT, audience=audience(), about=ABOUT, compile_variant=compile_to(compiled))
    assert plan.recipients == held == 2500
    with database.reading() as connection:
        assert len(connection.execute(select(delivery.c.id)).all()) == 2500
    assert plan.mailing is not None
    reports = ledger.deliveries(plan.mailing.id, [DeliveryStatus.QUEUED], message_id_of=lambda m, d: f"<{m}.{d}>")
    assert len(list(reports)) == 2500


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_who_is_moved_or_erased_while_a_mailing_is_planned_is_so_when_it_has_been_planned(
    ledger: Ledger, members: Members, compiled: CompiledMessage, database: Database, tmp_path: Path
) -> None:
    """Else the plan would hold an address that is suppressed by now, or somebody who is gone."""
    moved, erased, _ = members(3)
    store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"suppression-key-of-tests")
    under_way: list[Future[Any]] = []
    with ThreadPoolExecutor() as pool:

        def audience() -> Iterator[AudienceMember]:
            yield from store.read_audience(["testere"])
            under_way.append(pool.submit(move_person, store, moved.address, "new@mottaker.example"))
            under_way.append(pool.submit(erase, store, erased.address, workspace=tmp_path))
            assert wait(under_way, timeout=1).done == set()

        plan = plan_mailing(ledger, DRAFT, audience=audience(), about=ABOUT, compile_variant=lambda _: compiled)
        assert plan.recipients == 3
    for each in under_way:
        each.result()
    with database.reading() as connection:
        left = set(connection.execute(select(delivery.c.recipient)).scalars())
    assert {moved.address, erased.address} & left == set()
    assert {"new@mottaker.example", ""} <= left
