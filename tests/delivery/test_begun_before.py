"""A mailing begun by an earlier version is finished by this one; one that a newer version has frozen is refused."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from mailer.database.engine import Database, open_database
from mailer.database.tables import decision, delivery, mailing, variant
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger
from mailer.delivery.ledger.plans import hash_snapshot
from mailer.delivery.options import DispatchOptions
from mailer.keys import KeyRing
from mailer.message import compiled
from mailer.message.identity import make_message_id
from mailer.message.parts import MessageError
from mailer.transport.memory import MemoryTransport

BEGUN = sorted((Path(__file__).parents[1] / "data" / "begun").glob("*.sql"))
BEGUN_AT = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
LATER = datetime(2023, 12, 1, 9, 0, tzinfo=UTC)
KEYS = KeyRing((b"k" * 32,))

Finish = Callable[[], tuple[Any, MemoryTransport]]


@pytest.fixture(params=BEGUN, ids=lambda file: file.stem)
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of an earlier version in which a mailing is under way, brought forward."""
    file = tmp_path / "mailer.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(request.param.read_text("utf-8"))
    with closing(open_database(f"sqlite:///{file}", upgrade=True)) as database:
        Ledger(database).go_on_here(1)  # where it began is gone
        yield database


@pytest.fixture
def begun_form(request: pytest.FixtureRequest) -> int:
    return form_of(request.node.callspec.params["begun"])


def form_of(file: Path) -> int:
    """Return the form of the messages, which the name of the file tells."""
    return int(file.stem.rpartition("-")[2])


@pytest.fixture
def finish(begun: Database) -> Finish:
    """Send what is left of it."""

    def run() -> tuple[Any, MemoryTransport]:
        transport = MemoryTransport()
        ledger, options = (
            Ledger(begun, clock=lambda: LATER),
            DispatchOptions(connections=3, messages_per_minute=0, messages_per_connection=0),
        )
        dispatcher = Dispatcher(ledger, transport, keys=KEYS, options=options, clock=lambda: LATER)
        return dispatcher.run(1), transport

    return run


def test_a_mailing_begun_by_an_earlier_version_is_finished_by_this_one(begun_form: int, finish: Finish) -> None:
    ended, transport = finish()
    assert {each.envelope.recipient for each in transport.received} == {"p5@mottaker.example", "p6@mottaker.example"}
    assert (ended.counts.accepted, ended.counts.in_doubt) == (5, 1)
    [payload] = [each.payload for each in transport.received if each.envelope.recipient == "p6@mottaker.example"]
    message_id = make_message_id(
        KEYS,
        mailing_id=1,
        delivery_id=6,
        planned_at=BEGUN_AT if begun_form == 2 else None,
        domain="nyhetsbrev.example",
    )
    assert payload.startswith(
        b"Subject: Nyhetsbrev\r\nTo: p6@mottaker.example\r\nDate: Fri, 01 Dec 2023 09:00:00 +0000\r\nMessage-ID: "
        + message_id.encode()
        + b"\r\nList-Unsubscribe: <https://nyhetsbrev.example/"
    )
    assert payload.endswith(b">\r\n\r\nHei p6@mottaker.example=\r\n\r\n")


def test_the_present_form_of_a_message_and_the_one_before_were_begun_and_are_finished() -> None:
    forms = {form_of(each) for each in BEGUN}
    assert {compiled.FORM, max(1, compiled.FORM - 1)} <= forms


def freeze(database: Database, old: bytes, new: bytes) -> None:
    """Change what was frozen as another version would have written it."""
    with database.writing() as connection:
        stored = connection.execute(select(variant.c.compiled)).scalar_one().replace(old, new)
        connection.execute(update(variant).values(compiled=stored))
        connection.execute(update(mailing).values(snapshot_hash=hash_snapshot([stored])))


def state_of(database: Database) -> list[object]:
    with database.reading() as connection:
        return [connection.execute(select(table)).all() for table in (delivery, mailing, decision)]


NEWER = MessageError(
    "a newer version of mailer has frozen this mailing: "
    f"its messages have form 7, and this version reads forms up to {compiled.FORM}",
    hint="Go on with the newer version. Nothing was sent.",
)
OTHER = MessageError(
    "a stored message was made by another version of mailer",
    hint="Use that version to finish the mailing, or cancel it and send anew.",
)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b'"version":', b'"version":7,"was":', NEWER),
        (b'"version":', b'"version":0,"was":', OTHER),
        (b"{", b"\xa7", OTHER),
    ],
    ids=["newer", "older", "no JSON"],
)
def test_a_form_that_this_version_cannot_read_is_refused_before_anything_is_touched(
    begun: Database, finish: Finish, old: bytes, new: bytes, error: MessageError
) -> None:
    freeze(begun, old, new)
    before = state_of(begun)
    with pytest.raises(MessageError) as refused:
        finish()
    assert (refused.value.what, refused.value.hint) == (error.what, error.hint)
    assert state_of(begun) == before
