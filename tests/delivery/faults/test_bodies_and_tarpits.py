"""A server that interrupts a body, or lets one connection wait, and content that is not what was frozen."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from sqlalchemy import update

from mailer.database.engine import Database
from mailer.database.tables import mailing, variant
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import SnapshotError
from mailer.delivery.ledger.plans import hash_snapshot
from mailer.delivery.model import Counts
from mailer.delivery.verdict import EndReason
from mailer.message.compiled import CompiledMessage
from mailer.transport.smtp import SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]

PEOPLE = 12
ONE = "p3@mottaker.example"


def test_a_refusal_while_we_still_send_the_body_is_read(
    plan: Plan, send: Send, fault_server: Start, compiled: CompiledMessage, database: Database
) -> None:
    """The body is larger than what the two ends keep for one another, so that a server that does not read is felt."""
    mailing_id = plan(2)
    large = replace(compiled, segments=(*compiled.segments[:-1], b"\r\n\r\n" + (b"x" * 76 + b"\r\n") * 100_000))
    freeze(database, mailing_id, large)

    def fault(stage: str, _: Any) -> str | None:
        return "552 5.3.4 too big" if stage == "body" else None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server, connections=1)
    assert server.received == []
    assert (ended.reason, counts.rejected) == (EndReason.FINISHED, 2)


def freeze(database: Database, mailing_id: int, compiled: CompiledMessage) -> None:
    """Put another message into a mailing, as if it had been frozen with it."""
    stored = compiled.to_bytes()
    with database.writing() as connection:
        connection.execute(update(variant).where(variant.c.mailing_id == mailing_id).values(compiled=stored))
        sealed = update(mailing).where(mailing.c.id == mailing_id)
        connection.execute(sealed.values(snapshot_hash=hash_snapshot([stored])))


def test_content_that_was_changed_after_it_was_frozen_is_not_sent(
    *, plan: Plan, dispatcher: Make, over: Over, fault_server: Start, compiled: CompiledMessage, database: Database
) -> None:
    mailing_id, server = plan(PEOPLE), fault_server()
    other = replace(compiled, segments=(*compiled.segments[:-1], b"\r\n\r\nNoe annet\r\n"))
    with database.writing() as connection:
        connection.execute(update(variant).values(compiled=other.to_bytes()))
    with pytest.raises(SnapshotError, match="was changed"):
        dispatcher(over(server.port)).run(mailing_id)
    assert server.connections == 0


def test_a_tarpit_on_one_connection_slows_only_that_one(plan: Plan, send: Send, fault_server: Start) -> None:
    mailing_id, others_are_done = plan(PEOPLE), Event()
    taken: list[str] = []

    def fault(stage: str, at: Any) -> str | None:
        if stage == "dot" and at.recipient == ONE:
            others_are_done.wait(60)
        elif stage == "dot":
            taken.append(at.recipient)
            if len(taken) >= PEOPLE - 2:  # the connection that is stuck may have one more in hand
                others_are_done.set()
        return None

    server = fault_server(fault)
    ended, counts = send(mailing_id, server, timeouts={"dot": 90})
    assert (ended.reason, counts.accepted) == (EndReason.FINISHED, PEOPLE)
    assert others_are_done.is_set()
