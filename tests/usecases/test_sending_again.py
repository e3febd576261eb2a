"""Whom an issue can go to once more, and what is meant where it cannot."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, update

from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing, subscriber, subscription
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import MailingDraft, MailingKind, PlannedDelivery
from mailer.errors import MailerError
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.usecases.sending_again import Again, as_resend, had_another_edition, read_named, require_reason

SLUG = "2024-01"
KARI = "kari@agder.example"
LOST = "lost@agder.example"


@pytest.fixture
def services(sqlite_store: SubscriberStore, sqlite_database: Database) -> Any:
    """Kari has the issue; and so has somebody who is on no list any more."""
    kari = sqlite_store.add(KARI, lists=["agder"], basis="e: case 1").id
    ledger = Ledger(sqlite_database)
    with sqlite_database.writing() as connection:
        row = {"address": LOST, "address_as_given": LOST, "lang": "nb", "created_at": sqlite_store.clock()}
        lost = connection.execute(insert(subscriber).values(row).returning(subscriber.c.id)).scalar_one()
    with ledger.open_plan(MailingDraft(slug=SLUG, content_hash="c", subject="Nyhetsbrev")) as writer:
        writer.add_variant("nb:", b"")
        people = ((kari, KARI), (lost, LOST))
        writer.add(
            [
                PlannedDelivery(subscriber_id=id_, address=each, recipient=each, lists=("agder",), variant="nb:")
                for id_, each in people
            ]
        )
    with sqlite_database.writing() as connection:
        connection.execute(update(delivery).values(status="accepted"))
        connection.execute(update(mailing).values(state="finished"))
    return SimpleNamespace(subscribers=sqlite_store, ledger=ledger, database=sqlite_database)


def test_who_has_it_may_get_it_again_and_each_once(services: Any) -> None:
    found = [*read_named(services, SLUG, [KARI.upper(), KARI])]
    assert [(each.recipient, each.lists, each.exclusion) for each in found] == [(KARI, ("agder",), None)]


def test_whose_mailbox_had_it_when_it_was_anothers_may_get_it_too(services: Any) -> None:
    move_person(services.subscribers, KARI, "ny@agder.example")
    services.subscribers.add("ola@agder.example", lists=["agder"], basis="e: case 1")
    with services.database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.address == KARI).values(address="ola@agder.example"))
    assert [each.recipient for each in read_named(services, SLUG, ["ola@agder.example"])] == ["ola@agder.example"]


def _suppressed(services: Any) -> None:
    suppress(services.subscribers, KARI, reason=SuppressionReason.MANUAL)


def _left(services: Any) -> None:
    services.subscribers.remove(KARI)


def _unconfirmed(services: Any) -> None:
    with services.database.writing() as connection:
        connection.execute(update(subscription).values(status="pending"))


def _moved(services: Any) -> None:
    move_person(services.subscribers, KARI, "ny@agder.example")


def _set(services: Any, **values: object) -> None:
    with services.database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.address == KARI).values(values))


def _rejected(services: Any) -> None:
    _set(services, status="rejected")


def _in_doubt(services: Any) -> None:
    _set(services, status="in_doubt")


def _in_doubt_and_deleted(services: Any) -> None:
    _set(services, status="in_doubt", subscriber_id=None)


IN_DOUBT = f"""{SLUG}: {KARI} is in doubt: a person must decide on that first
mailer resolve {SLUG} --resend --to {KARI}"""
REFUSED: dict[Callable[[Any], None], str] = {
    _suppressed: f"""{KARI} is suppressed and gets no mail
Why: mailer subscribers show {KARI}""",
    _left: f"""{KARI} has left
Only if the person asks for it: mailer subscribers add {KARI} --list LIST --basis TEXT --again""",
    _unconfirmed: f"""{KARI} has not confirmed
Why: mailer subscribers show {KARI}""",
    _moved: f"""{KARI} is not among the subscribers
The person is ny@agder.example now.""",
    _rejected: f"""{SLUG}: {KARI} has not had {SLUG}
mailer send {SLUG}""",
    _in_doubt: IN_DOUBT,
    _in_doubt_and_deleted: IN_DOUBT,
}


@pytest.mark.parametrize("happened", REFUSED)
def test_who_is_named_is_refused_where_another_command_is_meant(services: Any, happened: Callable[[Any], None]) -> None:
    happened(services)
    with pytest.raises(MailerError) as refused:
        [*read_named(services, SLUG, [KARI])]
    assert refused.value.told("en") == REFUSED[happened]


def test_who_is_on_no_list_and_who_has_had_nothing_is_refused(services: Any) -> None:
    with pytest.raises(MailerError) as refused:
        [*read_named(services, SLUG, [KARI, LOST])]
    assert refused.value.told("en") == (
        f"{LOST} is on no list\nPut the person on one: mailer subscribers add {LOST} --list LIST --basis TEXT"
    )
    with pytest.raises(MailerError, match="has not had 2024-02"):
        [*read_named(services, "2024-02", [KARI])]


def test_who_is_in_doubt_for_another_issue_may_get_this_one_again(services: Any) -> None:
    assert services.ledger.is_in_doubt(SLUG, (1, KARI)) is False
    _in_doubt(services)
    assert services.ledger.is_in_doubt(SLUG, (1, KARI)) is True
    assert services.ledger.is_in_doubt("2024-02", (1, KARI)) is False
    assert services.ledger.is_in_doubt(SLUG, (2, LOST)) is False


def test_what_is_in_doubt_for_somebody_who_was_deleted_or_had_the_address_before_keeps_nobody_from_it(
    services: Any,
) -> None:
    with services.database.writing() as connection:
        lost = update(delivery).where(delivery.c.address == LOST)
        connection.execute(lost.values(status="in_doubt", subscriber_id=None))
    assert services.ledger.is_in_doubt(SLUG, (1, KARI)) is False
    assert services.ledger.is_in_doubt(SLUG, (3, LOST)) is True, "deleted and added again"
    with services.database.writing() as connection:
        kari = update(delivery).where(delivery.c.address == KARI)
        connection.execute(kari.values(address="kari@before.example"))
        connection.execute(lost.values(subscriber_id=2, address=KARI))
    assert services.ledger.is_in_doubt(SLUG, (1, KARI)) is False


def test_a_resend_repeats_the_latest_mailing_of_the_issue_and_knows_whether_it_was_another_edition(
    services: Any,
) -> None:
    draft = MailingDraft(slug=SLUG, content_hash="x", subject="x", edition_hash="an edition")
    again = Again(addresses=(KARI,), reason="deleted by mistake")
    (before,) = services.ledger.mailings(SLUG)
    resend = as_resend(services, draft, again)
    assert (resend.kind, resend.of_id, resend.reason) == (MailingKind.RESEND, before.id, "deleted by mistake")
    assert had_another_edition(services, resend)
    assert not had_another_edition(services, replace(resend, edition_hash=before.edition_hash))
    unsent = as_resend(services, replace(draft, slug="2024-02"), again)
    assert (unsent.of_id, had_another_edition(services, unsent)) == (None, False)


def test_a_reason_is_words_without_an_address() -> None:
    told = {
        " ": """--reason: it is not said why the issue is sent again
Say it in a few words, such as --reason "deleted by mistake".""",
        "asked by ola@x.example": """--reason: the reason holds an e-mail address, and the log shows it to others
Leave the address out: --again-to says whom it is for.""",
    }
    for words, sentence in told.items():
        with pytest.raises(MailerError) as refused:
            require_reason(words)
        assert refused.value.told("en") == sentence
    assert require_reason("  deleted\n by  mistake ") == "deleted by mistake"
    with pytest.raises(MailerError, match="fødselsnummer"):
        require_reason("12057900499 asked")
