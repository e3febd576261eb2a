"""What each answer, silence or nonsense of the server leads to, at each stage of a conversation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Counts, MailingState
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode
from mailer.transport.smtp import SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Send = Callable[..., tuple[Ended, Counts]]
Fault = Callable[[str, Any], str | None]

PEOPLE = 12
REFUSED_FOR_GOOD = ExitCode.REFUSED


# --- Faults -----------------------------------------------------------------------------------------


def cut() -> str:
    """Raise what the server takes as the order to hang up."""
    raise ConnectionAbortedError


def says(stage: str, words: str, *, to: str = "", first: int = 0) -> Fault:
    """Answer so at a stage: to one recipient, or to the first so many that come to it; else always."""
    seen: list[int] = []

    def fault(now: str, at: Any) -> str | None:
        if now != stage or (to and at.recipient != to):
            return None
        seen.append(1)
        if first and len(seen) > first:
            return None
        return words or cut()

    return fault


def says_after(messages: int, words: str) -> Fault:
    """Answer so to MAIL after so many messages on a connection."""
    return lambda stage, at: words if stage == "mail" and at.message > messages else None


ONE = "p3@mottaker.example"


@dataclass(frozen=True)
class Row:
    """One fault of the server, and what the ledger and the run must say of it."""

    name: str
    fault: Callable[[], Fault]
    reason: EndReason
    counts: dict[str, int]
    exit_code: ExitCode = ExitCode.DONE
    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    timeouts: dict[str, float] = field(default_factory=dict)


def row(name: str, fault: Callable[[], Fault], reason: EndReason, **others: Any) -> Any:
    counts = {each: others.pop(each) for each in tuple(others) if each in Counts.__slots__}
    return pytest.param(Row(name, fault, reason, counts, **others), id=name.replace(" ", "-"))


AWAY, TRY_AGAIN = EndReason.SERVER_AWAY, ExitCode.TRY_AGAIN
DONE, LEFT = EndReason.FINISHED, EndReason.DEFERRED
TWO_CODES = "250-ok\r\n550 5.1.1 no"
ENDLESS = "250-" + "x" * 100_000

ROWS = [
    # The server dies before the dot: nobody is penalised.
    row("dies at DATA", lambda: says("data", ""), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("dies in the body", lambda: says("body", ""), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("dies at DATA once", lambda: says("data", "", first=1), DONE, accepted=12),
    row("dies in the body once", lambda: says("body", "", first=1), DONE, accepted=12),
    # The server takes the dot, and nobody knows.
    row(
        "takes the dot and cuts",
        lambda: says("dot", ""),
        EndReason.BREAKER,
        in_doubt=3,
        queued=9,
        exit_code=REFUSED_FOR_GOOD,
        note="in doubt",
    ),
    row("takes one dot and cuts", lambda: says("dot", "", first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row(
        "takes one dot and is silent",
        lambda: waits("dot", ONE),
        DONE,
        in_doubt=1,
        accepted=11,
        exit_code=1,
        timeouts={"dot": 0.3},
    ),
    # 421 before the dot.
    row("421 at the greeting once", lambda: says("connect", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row(
        "421 at the greeting",
        lambda: says("connect", "421 4.3.2 busy"),
        AWAY,
        queued=12,
        exit_code=TRY_AGAIN,
        note="421 4.3.2 busy",
    ),
    row("421 at EHLO once", lambda: says("ehlo", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row("421 at EHLO", lambda: says("ehlo", "421 4.3.2 busy"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("421 at MAIL once", lambda: says("mail", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row("421 at MAIL", lambda: says("mail", "421 4.3.2 busy"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("421 at RCPT once", lambda: says("rcpt", "421 4.3.2 busy", first=1), DONE, accepted=12),
    row("421 at RCPT", lambda: says("rcpt", "421 4.3.2 busy"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("421 after two messages", lambda: says_after(2, "421 4.7.0 enough"), DONE, accepted=12),
    # A definite no, for now or for good.
    row(
        "421 to the dot",
        lambda: says("dot", "421 4.3.2 going down", first=1),
        LEFT,
        accepted=11,
        deferred=1,
        exit_code=TRY_AGAIN,
    ),
    row("451 to the dot", lambda: says("dot", "451 4.3.0 later", to=ONE), LEFT, accepted=11, deferred=1, exit_code=75),
    row("550 to the dot", lambda: says("dot", "550 5.1.1 unknown", to=ONE), DONE, accepted=11, rejected=1),
    row("450 to RCPT", lambda: says("rcpt", "450 4.2.1 later", to=ONE), LEFT, accepted=11, deferred=1, exit_code=75),
    row("550 to RCPT", lambda: says("rcpt", "550 5.1.1 unknown", to=ONE), DONE, accepted=11, rejected=1),
    row("550 to every RCPT", lambda: says("rcpt", "550 5.1.1 unknown"), DONE, rejected=12),
    row("554 to DATA", lambda: says("data", "554 5.5.0 no", to=ONE), DONE, accepted=11, rejected=1),
    # The server does not want this mailing.
    row(
        "550 to MAIL",
        lambda: says("mail", "550 5.7.1 not you"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        note="550 5.7.1 not you",
    ),
    row(
        "550 to MAIL and the rest taken",
        lambda: says("mail", "550 5.7.1 not you"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        server={"is_lax": True},
    ),
    row(
        "530 to MAIL",
        lambda: says("mail", "530 5.7.0 log in first"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        note="530",
    ),
    row(
        "530 to RCPT",
        lambda: says("rcpt", "530 5.7.0 log in first"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
    ),
    row(
        "five times the same policy",
        lambda: says("dot", "554 5.7.1 spam"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        options={"connections": 1},
    ),
    row(
        "five times the same content",
        lambda: says("rcpt", "550 5.6.0 no"),
        EndReason.REFUSED,
        queued=12,
        exit_code=REFUSED_FOR_GOOD,
        options={"connections": 1},
    ),
    # Nonsense, or no end of it: classified by the stage.
    row("garbage at the greeting", lambda: says("connect", "\0\1\2 hello"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("garbage at MAIL", lambda: says("mail", "what?"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("garbage at RCPT once", lambda: says("rcpt", "354 go on", first=1), DONE, accepted=12),
    row("garbage at the dot", lambda: says("dot", "ok", first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row("250 to DATA", lambda: says("data", "250 2.0.0 ok"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("334 to DATA once", lambda: says("data", "334 go on", first=1), DONE, accepted=12),
    row("354 to MAIL", lambda: says("mail", "354 go on"), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("150 to RCPT once", lambda: says("rcpt", "150 wait", first=1), DONE, accepted=12),
    row("354 to the dot once", lambda: says("dot", "354 go on", first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row("650 to the dot once", lambda: says("dot", "650 no", first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row("250-550 to the dot", lambda: says("dot", TWO_CODES, first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    row("250-550 at EHLO", lambda: says("ehlo", TWO_CODES), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("250-550 to RCPT once", lambda: says("rcpt", TWO_CODES, first=1), DONE, accepted=12),
    row("250 twice to the dot", lambda: says("dot", "250 queued\r\n250 really"), DONE, accepted=12),
    row("250 and 550 to the dot", lambda: says("dot", "250 queued\r\n550 5.1.1 really"), DONE, accepted=12),
    row("250 and 450 to the dot", lambda: says("dot", "250 queued\r\n450 4.2.0 really"), DONE, accepted=12),
    row("250 twice to RCPT once", lambda: says("rcpt", "250 ok\r\n250 really", first=1), DONE, accepted=12),
    row("250 twice to MAIL once", lambda: says("mail", "250 ok\r\n250 really", first=1), DONE, accepted=12),
    row("endless at the greeting", lambda: says("connect", ENDLESS), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("endless at EHLO", lambda: says("ehlo", "\r\n".join(["250-X"] * 500)), AWAY, queued=12, exit_code=TRY_AGAIN),
    row("endless at RCPT once", lambda: says("rcpt", ENDLESS, first=1), DONE, accepted=12),
    row("endless at the dot", lambda: says("dot", ENDLESS, first=1), DONE, in_doubt=1, accepted=11, exit_code=1),
    # Servers that offer little.
    row("no extension at all", lambda: says("", ""), DONE, accepted=12, server={"extensions": ()}),
    row("no EHLO", lambda: says("", ""), DONE, accepted=12, server={"knows_ehlo": False}),
    row("a SIZE that is no number", lambda: says("", ""), DONE, accepted=12, server={"extensions": ("SIZE x",)}),
]


def waits(stage: str, to: str) -> Fault:
    """Give one recipient's message no answer for longer than anybody waits."""

    def fault(now: str, at: Any) -> str | None:
        if now == stage and at.recipient == to:
            time.sleep(2)
        return None

    return fault


@pytest.mark.parametrize("each", ROWS)
def test_a_fault_of_the_server(each: Row, plan: Plan, send: Send, fault_server: Start, ledger: Ledger) -> None:
    mailing_id = plan(PEOPLE)
    server = fault_server(each.fault(), **each.server)
    ended, counts = send(mailing_id, server, timeouts=each.timeouts, **each.options)
    assert (ended.reason, ended.exit_code) == (each.reason, each.exit_code), ended.note
    least = each.counts.get("in_doubt", 0)
    if each.reason is EndReason.BREAKER:  # what other connections had in hand is in doubt as well
        assert least <= counts.in_doubt < least + 3
        assert counts.in_doubt + counts.queued == PEOPLE
    else:
        assert {name: getattr(counts, name) for name in each.counts} == each.counts
    assert each.note in ended.note
    state = ledger.mailing(mailing_id).state
    assert (state is MailingState.PAUSED) == (each.reason in {EndReason.REFUSED, EndReason.BREAKER})
