"""A relay that refuses us, who send: whatever it says, and to however many, nobody is rejected for it.

What is queued again or postponed then is done by `trials`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock, Thread, Timer
from typing import Any

import pytest
from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import attempt, delivery
from mailer.delivery.answer_rows import About, AnswerRow
from mailer.delivery.answers import TABLE
from mailer.delivery.dispatch import Dispatcher, Ended
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Counts, MailingState
from mailer.delivery.progress import Progress
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode
from mailer.transport.base import Stage
from mailer.transport.smtp import SmtpTransport

Plan = Callable[..., int]
Start = Callable[..., Any]
Make = Callable[..., Dispatcher]
Over = Callable[..., SmtpTransport]
Settle = Callable[..., Counts]
Fault = Callable[[str, Any], str | None]

DOMAINS = tuple(f"kommune{number}.example" for number in range(6))
FEW = DOMAINS[:2]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])])
def database_kind(request: pytest.FixtureRequest) -> str:
    """What is put back is put back on both; the rules are the same, so that the second is for CI's long forms."""
    return str(request.param)


@dataclass
class Relay:
    """Takes so many messages, then answers all others with the same words at a stage; `{}` is the recipient."""

    words: str
    stage: str = "dot"
    takes: int = 0
    taken: int = 0
    refused: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def __call__(self, stage: str, at: Any) -> str | None:
        with self.lock:
            if stage == "dot" and self.taken < self.takes:
                self.taken += 1
                return None
            if stage != self.stage or self.taken < self.takes:
                return None
            self.refused.append(at.recipient)
            return self.words.replace("{}", at.recipient)


@dataclass
class Office:
    """Sends a mailing over a relay, and compares."""

    plan: Plan
    start: Start
    dispatcher: Make
    over: Over
    account: Settle
    numbers: Iterator[int] = field(default_factory=count)

    def send(self, fault: Fault, *, people: int = 24, domains: Sequence[str] = DOMAINS, **options: Any) -> Ended:
        self.mailing = self.plan(people, slug=f"2024-{next(self.numbers)}", domains=domains)
        return self.go_on(fault, **options)

    def go_on(self, fault: Fault, **options: Any) -> Ended:
        server = self.start(fault)
        ended = self.dispatcher(self.over(server.port), **options).run(self.mailing, once=True)
        self.account(self.mailing, [*self.received_before, *server.received])
        self.received_before += server.received
        return ended

    received_before: list[str] = field(default_factory=list)


@pytest.fixture
def office(*, plan: Plan, fault_server: Start, dispatcher: Make, over: Over, statuses: Any, ledger: Ledger) -> Office:
    def account(mailing_id: int, received: list[str]) -> Counts:
        found = statuses(mailing_id)
        accepted = {address for address, status in found.items() if status == "accepted"}
        assert accepted == {each for each in received if each in found}
        counts = ledger.mailing(mailing_id).counts
        assert counts.adds_up
        return counts

    return Office(plan, fault_server, dispatcher, over, account)


def examples(row: AnswerRow, code: str) -> list[tuple[str, str]]:
    """Stage and words of each example of a row with such a code; what is said anywhere is said at RCPT and the dot."""
    found = []
    for each in row.examples:
        stage, _, words = each.partition(": ") if each.startswith(("dot: ", "rcpt: ")) else ("", "", each)
        found += [(at, words) for at in ([stage] if stage else ["rcpt", "dot"]) if words.startswith(code)]
    return found


def rows(about: About, code: str) -> list[Any]:
    return [pytest.param(row, id=row.what[:40]) for row in TABLE if row.about is about and examples(row, code)]


ONCE = pytest.mark.parametrize("pipelined", [True])  # where it makes no difference
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def those(database_kind: str, pipelined: bool) -> Callable[[AnswerRow, str], list[tuple[str, str]]]:  # noqa: FBT001 a fixture
    """All examples of a row; the first alone where the others make no difference."""
    is_first = database_kind == "sqlite" and pipelined
    return lambda row, code: examples(row, code)[: None if is_first else 1]


Those = Callable[[AnswerRow, str], list[tuple[str, str]]]


@pytest.mark.parametrize("row", rows(About.SENDER, "5"))
def test_an_answer_about_the_sender_pauses_at_the_first_and_rejects_nobody(
    office: Office, ledger: Ledger, those: Those, row: AnswerRow
) -> None:
    for number, (stage, words) in enumerate(those(row, "5")):
        relay = Relay(words, stage)
        ended = office.go_on(relay) if number else office.send(relay, people=8)
        assert (ended.reason, ended.exit_code) == (EndReason.REFUSED, ExitCode.REFUSED), words
        assert ended.counts.queued == 8, words
        assert len(relay.refused) <= 3, "but those in hand, nobody is offered any more"
        assert ended.note.startswith(f"the server refuses the mailing: {words[:3]}")
        assert ledger.mailing(office.mailing).state is MailingState.PAUSED
        ledger.resume(office.mailing)


@pytest.mark.parametrize("row", rows(About.SENDER, "4"))
def test_an_answer_about_the_sender_that_passes_lets_the_relay_rest_at_the_first(
    office: Office, those: Those, row: AnswerRow, clock: Any
) -> None:
    said = those(row, "4")
    for number, (stage, words) in enumerate([*said, *([("mail", said[0][1])] if Stage.MAIL in row.stages else [])]):
        clock.move(minutes=6)
        relay = Relay(words, stage)
        ended = office.go_on(relay) if number else office.send(relay, people=8)
        assert (ended.reason, ended.exit_code) == (EndReason.RESTING, ExitCode.TRY_AGAIN), words
        counts = ended.counts
        assert counts.queued + counts.deferred == 8, words
        assert len(relay.refused) <= 3
        assert words[:3] in ended.note


@ONCE
@pytest.mark.parametrize("row", rows(About.CONNECTION, "4"))
def test_a_server_that_wants_fewer_connections_costs_nobody_anything(
    office: Office, those: Those, row: AnswerRow
) -> None:
    for stage, words in those(row, "4"):
        ended = office.send(Relay(words, stage), people=12)
        assert ended.exit_code is ExitCode.TRY_AGAIN, words
        assert ended.counts.queued == 12, words


@ONCE
@ON_SQLITE
def test_a_server_that_wants_fewer_connections_five_times_in_a_row_is_left_alone(office: Office) -> None:
    ended = office.send(Relay("421 4.7.0 too many connections"), people=12, tries=20, connections=1)
    assert (ended.reason, ended.counts.queued) == (EndReason.RESTING, 12)
    assert "421 4.7.0 too many connections" in ended.note


def spread(said: Sequence[tuple[str, str]], at_stage: str) -> Fault:
    """Say each of these to six recipients in a row, who are at six domains."""
    words = [each for stage, each in said if stage == at_stage]

    def fault(stage: str, at: Any) -> str | None:
        number = int(at.recipient[1:].partition("@")[0]) if at.recipient else 0
        return words[number // 6 % len(words)] if stage == at_stage else None

    return fault


@pytest.mark.slow
@ONCE
@pytest.mark.parametrize("code", ["5", "4"])
@pytest.mark.parametrize("row", [row for row in TABLE if row.about is About.ADDRESS], ids=lambda row: row.what[:40])
def test_answers_about_the_address_pause_nothing_however_many_come_in_a_row(
    office: Office, row: AnswerRow, code: str
) -> None:
    said = examples(row, code)
    for stage in {stage for stage, _ in said}:
        people = 6 * len([each for each in said if each[0] == stage])
        ended = office.send(spread(said, stage), people=people)
        if code == "5":
            assert (ended.reason, ended.counts.rejected) == (EndReason.FINISHED, people)
        else:
            assert (ended.reason, ended.counts.deferred) == (EndReason.DEFERRED, people)


@pytest.mark.slow
@pytest.mark.parametrize("row", rows(About.UNCLEAR, "5"))
def test_five_of_the_same_in_a_row_pause_and_reject_nobody(office: Office, those: Those, row: AnswerRow) -> None:
    for stage, words in those(row, "5"):
        relay = Relay(words.replace("a@b.example", "{}"), stage)
        ended = office.send(relay, people=12)
        assert (ended.reason, ended.counts.queued) == (EndReason.REFUSED, 12), words
        assert 5 <= len(relay.refused) <= 7
        assert "in a row" in ended.note
        assert "@kommune" not in ended.note


@pytest.mark.parametrize("row", rows(About.UNCLEAR, "4"))
def test_five_of_the_same_that_pass_let_the_relay_rest(office: Office, those: Those, row: AnswerRow) -> None:
    for stage, words in those(row, "4"):
        relay = Relay(words, stage)
        ended = office.send(relay, people=12)
        assert (ended.reason, ended.exit_code) == (EndReason.RESTING, ExitCode.TRY_AGAIN), words
        assert ended.counts.queued + ended.counts.deferred == 12, words
        assert 5 <= len(relay.refused) <= 7


@pytest.mark.parametrize("stage", ["rcpt", "dot"])
def test_a_quota_that_is_reached_in_mid_send_costs_the_rest_nothing(office: Office, stage: str) -> None:
    """Connections that are past RCPT by then still get theirs through."""
    ended = office.send(Relay("550 5.4.5 Daily user sending limit exceeded", stage, takes=20), people=60)
    assert ended.reason is EndReason.REFUSED
    assert 20 <= ended.counts.accepted <= 22
    assert ended.counts.accepted + ended.counts.queued == 60


# --- In a row ---------------------------------------------------------------------------------------

NO = "550 relay not permitted"


@ONCE
def test_at_few_domains_it_takes_ten(office: Office) -> None:
    relay = Relay(NO, "rcpt")
    ended = office.send(relay, people=24, domains=FEW)
    assert (ended.reason, ended.counts.queued) == (EndReason.REFUSED, 24)
    assert 10 <= len(relay.refused) <= 12


@ONCE
def test_one_domain_that_refuses_costs_the_others_nothing(office: Office) -> None:
    """Eight in a row at one domain, while people at another are left."""
    domains = [*["streng.example"] * 8, *DOMAINS[:1] * 8]

    def fault(stage: str, at: Any) -> str | None:
        return NO if stage == "rcpt" and at.recipient.endswith("@streng.example") else None

    ended = office.send(fault, people=16, domains=domains, connections=1)
    assert (ended.reason, ended.counts.rejected, ended.counts.accepted) == (EndReason.FINISHED, 8, 8)


@ONCE
def test_nobody_accepted_in_between_is_in_a_row_whatever_else_was_said(office: Office) -> None:
    def fault(stage: str, at: Any) -> str | None:
        number = int(at.recipient[1:].partition("@")[0]) if stage == "rcpt" else 0
        answers = ("550 5.1.1 unknown", NO, "450 4.2.1 later", "550 no such user", "554 other words")
        return answers[number % len(answers)] if stage == "rcpt" else None

    ended = office.send(fault, people=40, connections=1)
    assert ended.reason is EndReason.REFUSED
    assert ended.counts.queued > 20


@ONCE
def test_different_words_are_not_the_same(office: Office) -> None:
    words = ("no cats", "no dogs", "no cows", "no birds", "no fish", "no bees")

    def fault(stage: str, at: Any) -> str | None:
        number = int(at.recipient[1:].partition("@")[0]) if stage == "rcpt" else 0
        return f"550 {words[number % len(words)]}" if stage == "rcpt" else None

    ended = office.send(fault, people=24)
    assert (ended.reason, ended.counts.rejected, ended.exit_code) == (EndReason.FINISHED, 24, ExitCode.REFUSED)


@ONCE
def test_every_fifth_that_is_accepted_ends_the_row(office: Office) -> None:
    def fault(stage: str, at: Any) -> str | None:
        is_refused = stage == "dot" and int(at.recipient[1:].partition("@")[0]) % 5
        return "554 5.7.1 spam" if is_refused else None

    ended = office.send(fault, people=25, connections=1)
    assert (ended.reason, ended.counts.rejected, ended.counts.accepted) == (EndReason.FINISHED, 20, 5)
    assert ended.exit_code is ExitCode.REFUSED, "twenty of twenty-five"


def test_the_history_tells_of_the_refusal_and_of_the_way_back(office: Office, database: Database) -> None:
    office.send(Relay("554 5.7.1 spam"), people=12, connections=1)
    with database.reading() as connection:
        told = connection.execute(select(attempt.c.delivery_id, attempt.c.outcome, attempt.c.reply)).all()
        left = connection.execute(select(delivery.c.run_id, delivery.c.status).distinct()).all()
    assert [each.outcome for each in told] == ["rejected"] * 5 + ["queued"] * 5
    assert {each.reply for each in told[:5]} == {"554 5.7.1 spam"}
    assert [tuple(each) for each in left] == [(None, "queued")]


def test_once_the_relay_has_been_put_right_everybody_gets_it(office: Office, ledger: Ledger) -> None:
    office.send(Relay("554 5.7.1 spam", takes=3))
    ledger.resume(office.mailing)
    ended = office.go_on(lambda *_: None)
    assert (ended.reason, ended.counts.accepted, ended.exit_code) == (EndReason.FINISHED, 24, ExitCode.DONE)


@ONCE
def test_who_goes_on_again_and_again_comes_to_an_end(office: Office, ledger: Ledger) -> None:
    """Everybody has heard it, and nobody is left whom a pause could protect."""
    ended = office.send(Relay(NO, "rcpt"), people=8)
    for _ in range(4):
        if ended.reason is EndReason.FINISHED:
            break
        ledger.resume(office.mailing)
        ended = office.go_on(Relay(NO, "rcpt"))
    assert (ended.reason, ended.counts.rejected, ended.exit_code) == (EndReason.FINISHED, 8, ExitCode.DONE)


def test_a_sender_that_dies_in_between_loses_nobody(
    office: Office, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was refused and not yet put back is free when the next one comes."""
    with monkeypatch.context() as patch:
        patch.setattr("mailer.delivery.ledger.runs.SenderRun.requeue", lambda *_, **__: None)
        patch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda run: run._writer.close())
        office.send(Relay("554 5.7.1 spam"), people=12)
    assert ledger.mailing(office.mailing).counts.rejected == 0
    ledger.recover()
    counts = ledger.mailing(office.mailing).counts
    assert (counts.queued, counts.rejected, counts.in_doubt) == (12, 0, 0)


@ONCE
def test_a_server_that_says_no_to_a_few_and_then_goes_rejects_none_of_them(office: Office) -> None:
    def fault(stage: str, at: Any) -> str | None:
        if at.connection > 1:
            raise ConnectionAbortedError
        return "554 5.7.1 spam" if stage == "dot" and at.message < 4 else None if at.message < 4 else cut()

    ended = office.send(fault, people=12, connections=1)
    assert (ended.reason, ended.counts.rejected, ended.counts.queued) == (EndReason.SERVER_AWAY, 0, 12)


def cut() -> str:
    raise ConnectionAbortedError


# --- Rests ------------------------------------------------------------------------------------------


@ONCE
@ON_SQLITE
def test_after_a_rest_the_relay_is_asked_again(office: Office, clock: Any) -> None:
    """Two rests, the second twice as long as the first; stopping, pausing and the heartbeat go on meanwhile."""
    mailing = office.plan(24, domains=DOMAINS)
    relay, began = Relay("452 4.3.1 no room", takes=3), time.monotonic()
    server = office.start(relay)

    def put_right(_: Progress) -> None:
        clock.move(seconds=1)
        if time.monotonic() - began > 0.25:
            relay.takes = 1000

    sender = office.dispatcher(office.over(server.port), rest_seconds=0.1, longest_rest_seconds=0.2)
    ended = sender.run(mailing, on_progress=put_right)
    assert (ended.reason, ended.counts.accepted, ended.exit_code) == (EndReason.FINISHED, 24, ExitCode.DONE)
    assert len(relay.refused) <= 16, "not all of them"


@ONCE
@ON_SQLITE
def test_whoever_waits_for_a_moment_when_a_rest_begins_gets_it_after_the_rest(office: Office, clock: Any) -> None:
    """At so many a minute each connection holds one and waits; those must go back, or nobody sends them in this run."""
    mailing, stop = office.plan(12, domains=DOMAINS), Event()
    refused: list[str] = []

    def once(stage: str, at: Any) -> str | None:
        if stage != "rcpt" or refused:
            return None
        refused.append(at.recipient)
        return "454 4.7.0 later"

    def move(_: Progress) -> None:
        clock.move(seconds=1)

    server = office.start(once)
    sender = office.dispatcher(office.over(server.port), connections=4, messages_per_minute=1200, rest_seconds=0.3)
    end = Timer(15, stop.set)
    end.start()
    ended = sender.run(mailing, stop=stop, on_progress=move)
    end.cancel()
    assert (ended.reason, ended.counts.accepted) == (EndReason.FINISHED, 12)


@pytest.mark.slow
@ONCE
@ON_SQLITE
@pytest.mark.parametrize("decision", ["stop", "pause", "cancel"])
def test_a_rest_keeps_nobody_waiting_who_wants_an_end(office: Office, ledger: Ledger, decision: str) -> None:
    mailing, stop = office.plan(24, domains=DOMAINS), Event()
    relay = Relay("454 4.7.0 later", "rcpt")
    sender = office.dispatcher(office.over(office.start(relay).port))
    results: list[Ended] = []
    thread = Thread(target=lambda: results.append(sender.run(mailing, stop=stop)))
    thread.start()
    while not relay.refused:
        time.sleep(0.01)
    stop.set() if decision == "stop" else getattr(ledger, decision)(mailing)
    thread.join(10)
    assert [each.reason.value for each in results] == [
        {"stop": "stopped", "pause": "paused", "cancel": "cancelled"}[decision]
    ]


@ONCE
def test_who_is_put_off_for_as_long_as_a_delivery_may_be_needs_a_person(office: Office, clock: Any) -> None:
    relay = Relay("452 4.3.1 no room")
    assert office.send(relay).reason is EndReason.RESTING
    clock.move(hours=49)
    ended = office.go_on(relay)
    assert (ended.reason, ended.exit_code) == (EndReason.REFUSED, ExitCode.REFUSED)
    assert "put everybody off since 01.12.2023 08:00 UTC: 452 4.3.1 no room" in ended.note
    assert ended.counts.expired == 0
