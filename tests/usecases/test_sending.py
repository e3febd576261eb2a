"""The gate before sending, without a terminal: what it refuses, what it lets through, and what is recorded of that.

Before it comes the test-send of `testing`, after it `carrying_on`, meanwhile a pause of `deciding`. Its `refusals` for
the `state` of database and keys have tests of their own in `tests/cli/test_only_here.py`. The lists are those of
`chosen_lists`, or people are named.
"""

import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, select, update

from mailer.bootstrap import Services, build_services
from mailer.database.tables import edition, mailing, test_send
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import LedgerError, OldBackupError, PlanError
from mailer.delivery.model import Counts, InDoubtPolicy, MailingDraft, Resolution, SkipReason
from mailer.delivery.options import DispatchOptions
from mailer.delivery.planning import Plan
from mailer.delivery.progress import Progress
from mailer.delivery.retry import RetryRule
from mailer.delivery.verdict import EndReason
from mailer.errors import ExitCode, MailerError
from mailer.issue.example import example_item
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage
from mailer.message.envelope import Envelope
from mailer.message.verp import parse_return_path
from mailer.rendering.templates import shipped_templates
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.tokens import Token, parse_token
from mailer.transport.base import Lost, Reply, Stage
from mailer.transport.memory import ACCEPTED, MemorySession, MemoryTransport
from mailer.usecases.accounts import doubtful, read_accepted, read_accounts
from mailer.usecases.carrying_on import carry_on, count_groups
from mailer.usecases.chosen_lists import choose_lists
from mailer.usecases.creation import init_workspace
from mailer.usecases.deciding import pause, resolve, resume
from mailer.usecases.sending import (
    Begun,
    Proposal,
    Reason,
    Refused,
    begin,
    estimate,
    explain_nobody,
    granted,
    look_ahead,
    propose,
)
from mailer.usecases.sending_again import Again
from mailer.usecases.settling import name_messages
from mailer.usecases.state import (
    Overrides,
    find_needed,
    find_obstacles,
    issues_with_dead_links,
    record_allowed,
    refused_by_other_keys,
)
from mailer.usecases.testing import send_tests

SLUG = "2024-01"
TODAY = date(2024, 1, 15)
TESTER = "redaksjon@nyhetsbrev.example"
FRAME = 'title = "Nyhetsbrev"\ndate = "2024-01"\nlang = "nb"\npreheader = "Kort fortalt"\n'
ITEM = (
    '+++\ntitle = "Samling i Agder"\ncontacts = ["kari@ks.example"]\nhelsefellesskap = ["agder"]\n+++\nVi møtes {}.\n'
)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a small issue that is test-sent, two people on agder, and one on oslo who has left agder."""
    folder = tmp_path_factory.mktemp("furnished") / "workspace"
    init_workspace(folder)
    shutil.rmtree(folder / "templates")
    items = folder / "issues" / SLUG / "items"
    items.mkdir(parents=True)
    (items.parent / "issue.toml").write_text(FRAME, encoding="utf-8")
    (items / "010-agder.md").write_text(ITEM.format("i mai"), encoding="utf-8")
    with closing(_open(folder)) as services:
        for name in ("kari", "ola"):
            services.subscribers.add(f"{name}@agder.example", lists=["agder"], basis="e: samhandling")
        left = services.subscribers.add("aase@oslo.example", lists=["agder", "oslo"], basis="e: samhandling")
        services.subscribers.leave(left.id, list_slug="agder")
        send_tests(services, SLUG, to=[TESTER], as_=None)
    return folder


def _open(folder: Path) -> Services:
    services = build_services(folder / "config.toml", environ={"USER": "kari"}, announce=lambda _: None)
    services.transport = MemoryTransport()
    return services


@pytest.fixture
def services(furnished: Path, tmp_path: Path) -> Iterator[Services]:
    shutil.copytree(furnished, tmp_path / "workspace")
    with closing(_open(tmp_path / "workspace")) as opened:
        yield opened


@pytest.fixture
def item(services: Services) -> Path:
    return services.settings.paths.issues / SLUG / "items" / "010-agder.md"


@pytest.fixture
def spoiled(item: Path) -> None:
    """The issue still has the example item in it, which is an error when it is sent."""
    name, heading, words = example_item("nb")
    item.with_name(f"020-{name}.md").write_text(f'+++\ntitle = "{heading}"\n+++\n{words}\n', encoding="utf-8")


@pytest.fixture
def changed(item: Path) -> None:
    """The issue is not as it was test-sent."""
    item.write_text(ITEM.format("i juni"), encoding="utf-8")


def proposed(services: Services, *lists: str) -> Proposal:
    return granted(propose(services, SLUG, lists=lists, today=TODAY))


def reason_of(answer: object) -> Reason:
    assert isinstance(answer, Refused), answer
    return answer.reason


def told_of(answer: object) -> tuple[Reason, str, str, str]:
    """The reason, and what a person reads: what, where, what to do next."""
    assert isinstance(answer, Refused), answer
    return answer.reason, answer.error.what, answer.error.where, answer.error.hint


def recorded(services: Services) -> list[Any]:
    """What the ledger says of each mailing: whether it was untested, and how many findings were ignored."""
    with services.database.reading() as connection:
        rows = connection.execute(select(mailing.c.untested, mailing.c.ignored_findings).order_by(mailing.c.id))
        return [tuple(row) for row in rows]


# --- What is refused, and what is recorded of what is allowed ---------------------------------------


@pytest.mark.usefixtures("changed")
def test_content_that_was_changed_since_the_test_send_is_refused_and_nothing_is_planned(services: Services) -> None:
    assert told_of(begin(services, proposed(services), confirm=3)) == (
        Reason.UNTESTED,
        "this edition was never test-sent",
        SLUG,
        f"First: mailer test-send {SLUG} --to ADDRESS    (or --untested, if you must)",
    )
    assert recorded(services) == []


@pytest.mark.usefixtures("changed")
def test_untested_content_that_somebody_allows_is_recorded_as_untested(services: Services) -> None:
    assert isinstance(begin(services, proposed(services), confirm=3, allow_untested=True), Begun)
    assert recorded(services) == [(1, 0)]


def test_tested_content_is_recorded_as_tested_whatever_was_allowed(services: Services) -> None:
    begun = begin(services, proposed(services), confirm=3, allow_untested=True, ignore_findings=True)
    assert isinstance(begun, Begun)
    assert recorded(services) == [(0, 0)]


def _set(services: Services, key: str, value: str) -> None:
    config = services.settings.file
    text, found = re.subn(rf"^{key} = .*$", f'{key} = "{value}"', config.read_text("utf-8"), flags=re.MULTILINE)
    assert found == 1
    config.write_text(text, encoding="utf-8")


def _own_template(services: Services, name: str, old: str, new: str) -> None:
    """A template of the workspace's own, with all that lies beside it."""
    file = services.settings.paths.templates / name
    shutil.copytree(shipped_templates() / Path(name).parent, file.parent)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_to_do_with_unknowns_is_taken_from_the_settings_into_the_mailing(services: Services) -> None:
    assert proposed(services).draft.in_doubt_policy is InDoubtPolicy.HOLD
    _set(services, "in_doubt", "retry")
    with closing(_open(services.settings.folder)) as later:
        assert proposed(later).draft.in_doubt_policy is InDoubtPolicy.RETRY
        foreseen = look_ahead(later, SLUG, lists=(), today=TODAY)
    assert foreseen.draft.in_doubt_policy is InDoubtPolicy.RETRY


def test_another_sender_than_in_the_test_send_is_refused_although_the_texts_are_the_same(services: Services) -> None:
    before = proposed(services)
    _set(services, "reply_to", "andre@nyhetsbrev.example")
    with closing(_open(services.settings.folder)) as later:
        after = proposed(later)
        assert after.draft.content_hash == before.draft.content_hash
        assert (before.is_tested, after.is_tested) == (True, False)
        assert reason_of(begin(later, after, confirm=3)) is Reason.UNTESTED


def test_who_joined_or_left_since_the_test_send_does_not_make_it_untested(services: Services) -> None:
    services.subscribers.add("per@finnmark.example", lists=["finnmark"], basis="e: samhandling", lang="se")
    suppress(services.subscribers, "kari@agder.example", reason=SuppressionReason.COMPLAINT)
    assert proposed(services).is_tested


ONE_COPY = "Send from the other one, or people get it twice."
CHANGED_MEANWHILE = [
    ("print/issue.typ", "fill: t.ink", "fill: red"),
    ("web/issue.html.j2", "</main>", "<hr></main>"),
    ("email/issue.mjml.j2", 'width="680px"', 'width="640px"'),
]


@pytest.mark.slow
@pytest.mark.parametrize("template", CHANGED_MEANWHILE, ids=lambda each: each[0])
def test_a_template_that_changes_between_the_plan_and_the_yes_is_refused(
    template: tuple[str, str, str], services: Services
) -> None:
    proposal = proposed(services)
    _own_template(services, *template)
    assert told_of(begin(services, proposal, confirm=3)) == (
        Reason.CHANGED,
        "a template, the logo or the lists were changed since the plan was made; nothing was sent",
        SLUG,
        f"Look at it first: mailer send {SLUG} --dry-run",
    )
    assert recorded(services) == []
    assert services.editions.every(SLUG, "html") == ()
    with closing(services.afresh()) as afresh:
        again = proposed(afresh)
    assert not again.is_tested
    assert isinstance(begin(services, again, confirm=3, allow_untested=True), Begun)


def test_what_cannot_be_printed_is_not_sent_as_a_test(services: Services) -> None:
    _own_template(services, "print/issue.typ", "fill: t.ink", "fill: nothing-like-this")
    with closing(_open(services.settings.folder)) as later:
        with pytest.raises(MailerError, match="PDF cannot be made"):
            send_tests(later, SLUG, to=[TESTER], as_=None)
        assert isinstance(later.transport, MemoryTransport)
        assert later.transport.received == ()


def test_what_is_tested_planned_and_stored_has_one_name(services: Services) -> None:
    proposal = proposed(services)
    begun = granted(begin(services, proposal, confirm=3))
    assert services.ledger.mailing(begun.mailing).edition_hash == proposal.draft.edition_hash
    with services.database.reading() as connection:
        for table in (mailing, edition, test_send):
            assert connection.execute(select(table.c.edition_hash)).scalars().all() == [proposal.draft.edition_hash]
            hashes = connection.execute(select(table.c.content_hash)).scalars().all()
            assert hashes == [proposal.draft.content_hash]


def test_a_mailing_that_goes_on_tells_that_the_edition_has_changed_or_of_before_only_the_texts(
    services: Services,
) -> None:
    granted(begin(services, proposed(services), confirm=3))
    assert not proposed(services).plan.content_changed
    _set(services, "from_name", "En annen")
    with closing(_open(services.settings.folder)) as later:
        assert proposed(later).plan.content_changed
        with later.database.writing() as connection:
            connection.execute(update(mailing).values(edition_hash=None))
        assert not proposed(later).plan.content_changed


@pytest.mark.usefixtures("spoiled")
def test_an_issue_with_errors_is_refused_and_nothing_is_planned(services: Services) -> None:
    proposal = proposed(services)
    assert [each.rule for each in proposal.errors] == ["example"]
    assert told_of(begin(services, proposal, confirm=3, allow_untested=True)) == (
        Reason.ERRORS,
        "the issue has errors; nothing was sent",
        SLUG,
        "Put them right, or send in spite of them, which is recorded: --ignore-findings",
    )
    assert recorded(services) == []


@pytest.mark.usefixtures("spoiled")
def test_errors_that_somebody_ignores_are_recorded_by_their_number(services: Services) -> None:
    send_tests(services, SLUG, to=[TESTER], as_=None)
    assert isinstance(begin(services, proposed(services), confirm=3, ignore_findings=True), Begun)
    assert recorded(services) == [(0, 1)]


@pytest.mark.usefixtures("spoiled")
def test_who_ignores_errors_has_not_allowed_untested_content(services: Services) -> None:
    assert reason_of(begin(services, proposed(services), confirm=3, ignore_findings=True)) is Reason.UNTESTED


@pytest.mark.parametrize("number", [None, 0, 2, 4])
def test_only_the_number_of_recipients_begins_a_mailing(services: Services, number: int | None) -> None:
    for as_frozen in (True, False):
        answer = begin(services, proposed(services), confirm=number, as_frozen=as_frozen)
        what = "no number was typed, it is 3" if number is None else f"you confirmed {number}, it is 3"
        assert told_of(answer) == (Reason.UNCONFIRMED, what, "", "Nothing was sent.")
    assert recorded(services) == []


def test_who_joins_after_the_plan_was_shown_makes_it_another_number(services: Services) -> None:
    proposal = proposed(services)
    services.subscribers.add("ny@agder.example", lists=["agder"], basis="e: samhandling")
    assert told_of(begin(services, proposal, confirm=3)) == (
        Reason.CHANGED,
        "it would go to 4 recipients by now, not to 3; nothing was planned",
        "",
        "Somebody joined or left in the meantime: look at the plan again.",
    )
    assert recorded(services) == []


def test_a_mailing_that_somebody_else_planned_meanwhile_is_not_sent_unseen(services: Services) -> None:
    mine, theirs = proposed(services), proposed(services, "oslo")
    assert isinstance(begin(services, theirs, confirm=1), Begun)
    assert told_of(begin(services, mine, confirm=3)) == (
        Reason.CHANGED,
        "another mailing of this issue was planned just now; nothing was sent",
        SLUG,
        f"Look at it first: mailer send {SLUG} --dry-run",
    )
    assert len(recorded(services)) == 1


def test_a_list_with_nobody_on_it_plans_nothing(services: Services) -> None:
    assert told_of(begin(services, proposed(services, "finnmark"), confirm=0)) == (
        Reason.NOBODY,
        "nobody is on these lists; nothing was planned",
        SLUG,
        "Put people on them: mailer subscribers import FILE --basis TEXT",
    )
    assert recorded(services) == []


def test_who_has_had_it_is_not_sent_to_again(services: Services) -> None:
    granted(carry_on(services, granted(begin(services, proposed(services), confirm=3)).mailing))
    assert told_of(begin(services, proposed(services), confirm=3)) == (
        Reason.NOBODY,
        "everybody on these lists has it already, or may have it; nothing was planned",
        SLUG,
        f"To one person again: mailer send {SLUG} --again-to ADDRESS --reason TEXT",
    )


@pytest.mark.parametrize(
    ("skipped", "audience", "told"),
    [
        (
            {},
            0,
            (
                "nobody is on these lists; nothing was planned\n"
                "Put people on them: mailer subscribers import FILE --basis TEXT"
            ),
        ),
        (
            {SkipReason.ALREADY_SENT: 2},
            2,
            (
                "everybody on these lists has it already, or may have it; nothing was planned\n"
                f"To one person again: mailer send {SLUG} --again-to ADDRESS --reason TEXT"
            ),
        ),
        (
            {SkipReason.ALREADY_SENT: 1, SkipReason.UNSUBSCRIBED: 1},
            2,
            (
                "nobody is left to send to: everybody was skipped; nothing was planned\n"
                "The plan says why. mailer lists shows how many are on each list, "
                "mailer subscribers show ADDRESS why one person gets no mail."
            ),
        ),
    ],
)
def test_a_plan_for_nobody_says_why_and_what_to_do(skipped: dict[SkipReason, int], audience: int, told: str) -> None:
    error = explain_nobody(SLUG, Plan(counts=Counts(audience=audience, skipped=skipped), variants={}))
    assert error is not None
    assert error.told("en") == f"{SLUG}: {told}"
    assert explain_nobody(SLUG, Plan(counts=Counts(audience=audience + 1, skipped=skipped), variants={})) is None


def test_a_list_of_before_with_people_on_it_is_merged_first(services: Services) -> None:
    """Its name is the new list's by now, and they would be left out without a word."""
    lists = tuple(
        replace(each, aliases=("oslo",)) if each.slug == "akershus" else each
        for each in services.register.lists
        if each.slug != "oslo"
    )
    services.register = replace(services.register, lists=lists)
    for name in ("oslo", "akershus"):
        with pytest.raises(MailerError) as refused:
            choose_lists(services, [name])
        assert refused.value.told("en") == (
            "--list: 1 person is still on oslo, which is called akershus by now\n"
            "mailer subscribers merge-lists oslo akershus"
        )
    assert choose_lists(services, ["agder", "Agder"]) == ("agder",)
    assert choose_lists(services, []) == ()
    person = services.subscribers.require("aase@oslo.example")
    services.subscribers.leave(person.id)
    assert choose_lists(services, ["akershus"]) == ("akershus",), "nobody is left on it"
    services.subscribers.add("aase@oslo.example", lists=["agder"], basis="e: samhandling", again=True)
    merge_lists(services.subscribers, services.register, "oslo", "akershus")
    assert choose_lists(services, ["oslo", "akershus"]) == ("akershus",)


def test_a_paused_mailing_is_refused_until_somebody_resumes_it(services: Services) -> None:
    begun = granted(begin(services, proposed(services), confirm=3))
    pause(services, SLUG)
    refused = begin(services, proposed(services), confirm=3)
    assert told_of(refused) == (Reason.PAUSED, f"{SLUG} is paused", "", f"Go on with: mailer resume {SLUG}")
    assert isinstance(refused, Refused)
    assert refused.error.exit_code is ExitCode.TRY_AGAIN
    words = ("the mailing is paused", "", "mailer resume clears the pause and sends on.")
    assert told_of(carry_on(services, begun.mailing)) == (Reason.PAUSED, *words)
    assert granted(resume(services, SLUG)).id == begun.mailing
    assert granted(carry_on(services, begun.mailing)).counts.accepted == 3


def _puts_off_all_but_kari(envelope: Envelope) -> Reply:
    code = 250 if envelope.recipient.startswith("kari") else 451
    return Reply(code=code, enhanced="", text="", stage=Stage.RCPT if code == 451 else Stage.DOT)


@contextmanager
def another_sender(folder: Path, mailing: int) -> Iterator[None]:
    with closing(_open(folder)) as other, other.ledger.start_run(mailing):
        yield


@pytest.mark.slow
def test_a_second_sender_is_refused_by_every_way_in_and_told_what_the_other_sends(services: Services) -> None:
    proposal = proposed(services, "oslo")
    begun = granted(begin(services, proposal, confirm=1))
    ways: list[Callable[[], object]] = [
        lambda: propose(services, SLUG, lists=[], today=TODAY),
        lambda: begin(services, proposal, confirm=1),
        lambda: carry_on(services, begun.mailing),
        lambda: resume(services, SLUG),
    ]
    with another_sender(services.settings.folder, begun.mailing):
        for way in ways:
            refused = way()
            reason, what, where, hint = told_of(refused)
            assert (reason, where) == (Reason.BUSY, str(services.settings.folder / "var" / "mailer.sqlite3"))
            assert what.startswith("another sender is at work: process ")
            assert hint == f"It sends {SLUG}: wait until it is done, or stop it with mailer pause {SLUG}"
            assert isinstance(refused, Refused)
            assert refused.error.exit_code is ExitCode.TRY_AGAIN
        assert look_ahead(services, SLUG, lists=[], today=TODAY).plan.counts.audience


def test_nothing_is_sent_while_a_file_in_which_somebody_asked_to_leave_cannot_be_read(services: Services) -> None:
    proposal = proposed(services, "oslo")
    folder = services.settings.folder / "var" / "mailer.sqlite3.leaves"
    folder.mkdir()
    lost = folder / "1.unreadable"
    lost.write_text("{", "utf-8")
    refused = begin(services, proposal, confirm=1)
    assert reason_of(refused) is Reason.LOST_LEAVES
    [obstacle] = find_obstacles(services, SLUG)
    assert obstacle.error.where == str(lost)
    assert obstacle.error.what == "somebody asked to leave, and the file that says who cannot be read"
    assert obstacle.error.hint == (
        'Look into it: the number after "subscriber" says who asked to leave. Take that person off the lists, then '
        "remove the file."
    )
    lost.unlink()
    assert [*find_obstacles(services, SLUG)] == []
    granted(begin(services, proposal, confirm=1))


def test_what_a_dead_sender_left_is_taken_over_before_anything_is_proposed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing_id = granted(begin(services, proposed(services, "oslo"), confirm=1)).mailing
    with monkeypatch.context() as patch:
        patch.setattr("mailer.delivery.ledger.runs.SenderRun.end", lambda run: run._writer.close())
        with services.ledger.start_run(mailing_id) as run:
            run.marks([each.id for each in run.claim(1)])
    assert services.ledger.mailing(mailing_id).counts.in_flight == 1
    assert proposed(services, "oslo").plan.is_new, "nothing was left to send"
    assert services.ledger.mailing(mailing_id).counts.in_doubt == 1


def test_the_account_is_read_where_nothing_can_be_written(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    granted(begin(services, proposed(services, "oslo"), confirm=1))

    @event.listens_for(services.database.engine, "connect")
    def keep_from_writing(connection: Any, _entry: Any) -> None:
        connection.execute("PRAGMA query_only = 1")

    services.database.close()
    with pytest.raises(LedgerError):
        services.ledger.recover()
    (account,) = read_accounts(services, SLUG)
    assert account.mailing.counts.queued == 1
    assert caplog.messages == [
        "not-taken-over reason=the ledger cannot be written: attempt to write a readonly database"
    ]


def test_an_old_backup_is_refused_by_every_way_in(services: Services, tmp_path: Path) -> None:
    file = services.settings.folder / "var" / "mailer.sqlite3"
    proposal = proposed(services, "oslo")
    backup = tmp_path / "backup.sqlite3"
    with closing(sqlite3.connect(file)) as now, closing(sqlite3.connect(backup)) as copy:
        now.backup(copy)
    begun = granted(begin(services, proposal, confirm=1))
    granted(carry_on(services, begun.mailing))
    services.close()
    shutil.copyfile(backup, file)
    for left in ("-wal", "-shm"):
        file.with_name(file.name + left).unlink(missing_ok=True)
    with closing(_open(services.settings.folder)) as restored:
        assert reason_of(propose(restored, SLUG, lists=[], today=TODAY)) is Reason.OLD_BACKUP
        assert reason_of(begin(restored, proposal, confirm=1)) is Reason.OLD_BACKUP
        assert reason_of(carry_on(restored, begun.mailing)) is Reason.OLD_BACKUP, "which it does not know"
        assert look_ahead(restored, SLUG, lists=[], today=TODAY).plan.counts.audience, "a dry run still looks"
        assert [each.reason for each in find_obstacles(restored, SLUG)] == [Reason.OLD_BACKUP], "and says so"
        assert recorded(restored) == []
        for decide in (lambda: pause(restored, SLUG), lambda: resolve(restored, SLUG, Resolution.RESEND, to=None)):
            with pytest.raises(OldBackupError):
                decide()


def test_a_copy_is_refused_by_every_way_in(services: Services, tmp_path: Path) -> None:
    proposal = proposed(services, "oslo")
    begun = granted(begin(services, proposal, confirm=1))
    shutil.copytree(services.settings.folder, tmp_path / "copy")
    with closing(_open(tmp_path / "copy")) as copy:
        ways: list[Callable[[], object]] = [
            lambda: propose(copy, SLUG, lists=[], today=TODAY),
            lambda: begin(copy, proposal, confirm=1),
            lambda: carry_on(copy, begun.mailing),
            lambda: resume(copy, SLUG),
        ]
        for way in ways:
            assert told_of(way()) == (
                Reason.COPY,
                f"this is a copy of the database from which {SLUG} is sent, or a backup of it",
                str(tmp_path / "copy" / "var" / "mailer.sqlite3"),
                f"{ONE_COPY} When no other goes on: mailer resume {SLUG} --only-here",
            )
        assert [each.reason for each in find_obstacles(copy)] == [Reason.COPY], "whatever is under way"
        assert [*find_obstacles(copy, "2024-02")] == [], "nothing of another issue is sent from the other one"


def test_a_server_that_must_not_be_used_is_refused_before_anything_is_frozen(services: Services) -> None:
    proposal = proposed(services)
    environ = {"MAILER_SMTP__HOST": "relay.test", "MAILER_SMTP__SECURITY": "starttls"}
    with closing(build_services(services.settings.file, environ=environ, announce=lambda _: None)) as real:
        with pytest.raises(MailerError, match="real mail server"):
            begin(real, proposal, confirm=3, allow_untested=True)
        assert recorded(real) == []


# --- Once more to people who are named --------------------------------------------------------------


def proposed_again(services: Services, *addresses: str) -> Proposal:
    again = Again(addresses=addresses, reason="deleted by mistake")
    return granted(propose(services, SLUG, lists=[], today=TODAY, again=again))


@pytest.fixture
def sent(services: Services) -> Services:
    """All three have the issue."""
    granted(carry_on(services, granted(begin(services, proposed(services), confirm=3)).mailing))
    return services


def test_who_is_named_gets_it_again_through_the_same_gate(sent: Services, item: Path) -> None:
    proposal = proposed_again(sent, "KARI@agder.example", "kari@agder.example")
    assert (proposal.plan.recipients, proposal.plan.counts.audience, proposal.is_other_edition) == (1, 1, False)
    assert reason_of(begin(sent, proposal, confirm=None)) is Reason.UNCONFIRMED
    begun = granted(begin(sent, proposal, confirm=1))
    assert sent.ledger.mailing(begun.mailing).counts == Counts(audience=1, queued=1)
    assert granted(carry_on(sent, begun.mailing)).counts.accepted == 1
    assert [each.kind for each in sent.ledger.mailings(SLUG)] == ["issue", "resend"]
    assert [each.action for each in sent.ledger.log(slug=SLUG)][-2:] == ["sent_again", "started"]
    item.write_text(ITEM.format("i juni"), encoding="utf-8")
    changed = proposed_again(sent, "kari@agder.example")
    assert changed.is_other_edition
    assert reason_of(begin(sent, changed, confirm=1)) is Reason.UNTESTED
    before = sent.editions.latest(SLUG)
    granted(carry_on(sent, granted(begin(sent, changed, confirm=1, allow_untested=True)).mailing))
    assert sent.editions.latest(SLUG) == before
    sent.subscribers.remove("kari@agder.example")
    with pytest.raises(MailerError, match="has left"):
        begin(sent, changed, confirm=1, allow_untested=True)
    assert len(sent.ledger.mailings(SLUG)) == 3


# --- An unfinished mailing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "as_frozen", "is_begun"),
    [(2, False, True), (2, True, True), (3, True, True), (3, False, False), (4, True, False), (1, True, False)],
)
def test_what_is_left_is_confirmed_by_its_number_and_by_a_script_also_with_the_frozen_one(
    services: Services, *, number: int, as_frozen: bool, is_begun: bool
) -> None:
    begun = granted(begin(services, proposed(services), confirm=3))
    services.transport = MemoryTransport(_puts_off_all_but_kari)
    assert granted(carry_on(services, begun.mailing, once=True)).counts.waiting == 2
    answer = begin(services, proposed(services), confirm=number, as_frozen=as_frozen)
    assert isinstance(answer, Begun) is is_begun
    if isinstance(answer, Begun):
        assert answer.mailing == begun.mailing


def test_an_unfinished_mailing_goes_on_with_its_frozen_content_whatever_the_folder_is_like_now(
    services: Services, item: Path
) -> None:
    begun = granted(begin(services, proposed(services), confirm=3))
    _name, heading, words = example_item("nb")
    item.write_text(f'+++\ntitle = "{heading}"\n+++\n{words}\n', encoding="utf-8")
    proposal = proposed(services)
    assert proposal.plan.content_changed
    assert proposal.errors
    assert granted(begin(services, proposal, confirm=3)).mailing == begun.mailing
    assert recorded(services) == [(0, 0)]


def seen_options(services: Services, mailing: int, monkeypatch: pytest.MonkeyPatch) -> DispatchOptions:
    """What a mailing is sent with."""
    seen: list[DispatchOptions] = []

    class Seen(Dispatcher):
        def __init__(self, *services: Any, options: DispatchOptions, **others: Any) -> None:
            seen.append(options)
            super().__init__(*services, options=options, **others)

    monkeypatch.setattr("mailer.usecases.carrying_on.Dispatcher", Seen)
    granted(carry_on(services, mailing))
    return seen[0]


def test_a_mailing_is_sent_as_the_settings_say_by_the_clock_of_the_services(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = granted(begin(services, proposed(services), confirm=3))
    environ = {
        "MAILER_SMTP__CONNECTIONS": "2",
        "MAILER_SMTP__MESSAGES_PER_MINUTE": "60000",
        "MAILER_SMTP__MESSAGES_PER_CONNECTION": "17",
        "MAILER_DELIVERY__EXPIRE_AFTER_HOURS": "5",
    }
    with closing(build_services(services.settings.file, environ=environ, announce=lambda _: None)) as later:
        later.transport, later.clock = MemoryTransport(), lambda: datetime(2031, 5, 17, tzinfo=UTC)
        assert seen_options(later, begun.mailing, monkeypatch) == DispatchOptions(
            connections=2,
            messages_per_minute=60_000,
            messages_per_connection=17,
            retry=RetryRule(patience=timedelta(hours=5)),
        )
        assert {message_from_bytes(each.payload)["Date"][:16] for each in later.transport.received} == {
            "Sat, 17 May 2031"
        }
        assert estimate(later, 6000) == timedelta(seconds=300), "ten a second on each connection"
    environ["MAILER_SMTP__MESSAGES_PER_MINUTE"] = "60"
    with closing(build_services(services.settings.file, environ=environ, announce=lambda _: None)) as limited:
        assert estimate(limited, 6001) == pytest.approx(timedelta(seconds=6100), abs=timedelta(seconds=1))


def test_who_sends_may_stop_it_and_watch_it(services: Services) -> None:
    begun, stop = granted(begin(services, proposed(services), confirm=3)), Event()
    stop.set()
    assert granted(carry_on(services, begun.mailing, stop=stop)).reason is EndReason.STOPPED
    seen: list[Progress] = []
    granted(carry_on(services, begun.mailing, on_progress=seen.append))
    assert seen[-1].accepted == 3


def test_up_to_six_lists_are_counted_each_and_more_by_region(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, *others = "egen", *(each.slug for each in services.register.helsefellesskap)
    for number, names in ((5, [own, *(each.short for each in services.register.helsefellesskap[:5])]), (6, None)):
        by_list = dict.fromkeys([own, *others[:number]], Counts(audience=2, queued=2))
        monkeypatch.setattr(services.ledger, "counts_by_list", lambda _, by_list=by_list: by_list)
        counted = count_groups(services, 1)
        assert sum(each.queued for each in counted.values()) == 2 * (number + 1)
        assert names in (None, list(counted))
    regions = [each.name_nb for each in services.register.regions]
    assert [*counted] == [each for each in [*regions, "Own lists"] if each in counted]
    assert counted["Own lists"].queued == 2


# --- Read once --------------------------------------------------------------------------------------

_opened: list[str] = []
_listening: list[bool] = []


def _note_what_is_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening and event == "open":
        _opened.append(str(arguments[0]))


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """The names of the files that are opened meanwhile."""
    if not _opened and not _listening:
        sys.addaudithook(_note_what_is_opened)  # which Python never takes away again
    _opened.clear()
    _listening.append(True)
    try:
        yield _opened
    finally:
        _listening.clear()


def test_each_file_of_an_issue_is_read_once_from_the_proposal_to_the_frozen_mailing(
    services: Services, item: Path
) -> None:
    with opened_files() as opened:
        granted(begin(services, proposed(services), confirm=3))
    folder = str(item.parent.parent)
    assert sorted(each for each in opened if each.startswith(folder)) == sorted(
        [str(item), str(item.parent.parent / "issue.toml")]
    )


def test_what_is_saved_after_the_check_is_not_frozen_unchecked(services: Services, item: Path) -> None:
    proposal = proposed(services)
    item.write_text(ITEM.format("{{ uprøvd }} i juni"), encoding="utf-8")
    begun = granted(begin(services, proposal, confirm=3))
    frozen = [CompiledMessage.from_bytes(each) for each in services.ledger.variants(begun.mailing).values()]
    granted(carry_on(services, begun.mailing))
    assert isinstance(services.transport, MemoryTransport)
    texts = [_text(each.payload) for each in services.transport.received]
    assert len(frozen) == 2
    assert len(texts) == 3
    assert all("i mai" in each and "i juni" not in each for each in texts)


def _text(payload: bytes) -> str:
    body = message_from_bytes(payload, policy=policy.default).get_body(("plain",))
    return str(body.get_content()) if body else ""


# --- Test-sends -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reader", "has_own"), [("kari@agder.example", True), ("aase@oslo.example", False)])
def test_a_test_send_as_a_reader_shows_the_variant_of_the_lists_they_are_still_on(
    services: Services, *, reader: str, has_own: bool
) -> None:
    send_tests(services, SLUG, to=[TESTER], as_=reader)
    assert isinstance(services.transport, MemoryTransport)
    (received,) = services.transport.received
    assert ("ditt helsefellesskap" in _text(received.payload).casefold()) is has_own


@pytest.mark.parametrize("reader", [None, "ola@agder.example"])
def test_a_test_send_leads_to_no_delivery_and_to_no_ones_subscription(services: Services, reader: str | None) -> None:
    (sent,) = send_tests(services, SLUG, to=[TESTER], as_=reader)
    assert (sent.is_accepted, sent.answer) == (True, "250 2.0.0 kept")
    assert isinstance(services.transport, MemoryTransport)
    (received,) = services.transport.received
    base = services.sender.return_path
    assert received.envelope.return_path.startswith(base.replace("@", "+0.0.")[: base.index("@") + 5])
    assert parse_return_path(services.keys, received.envelope.return_path, base=base, planned_at=lambda _: None) is None
    link = str(message_from_bytes(received.payload, policy=policy.default)["List-Unsubscribe"])
    found = [parse_token(services.keys, each) for each in re.findall(r"[\w-]{34}", link)]
    person = services.subscribers.show(reader) if reader else None
    assert found == [Token(purpose="test", subscriber_id=person.id if person else 0)]


def test_a_test_send_ends_its_connection_and_counts_only_what_was_taken(services: Services, item: Path) -> None:
    item.write_text(ITEM.format("i juni"), encoding="utf-8")
    opened: list[MemorySession] = []

    class Seen(MemoryTransport):
        def connect(self) -> MemorySession:
            opened.append(super().connect())
            return opened[-1]

    for answer, words in (
        (Lost(stage=Stage.DOT, why="cut"), "the connection broke: cut"),
        (Reply(code=550, enhanced="5.1.1", text="no", stage=Stage.RCPT), "550 5.1.1 no"),
    ):
        services.transport = Seen(lambda _, answer=answer: answer)  # type: ignore[misc]
        (sent,) = send_tests(services, SLUG, to=[TESTER], as_=None)
        assert (sent.recipient, sent.is_accepted, sent.answer) == (TESTER, False, words)
    assert [each.is_usable for each in opened] == [False, False]
    assert not proposed(services).is_tested


def test_a_test_send_with_other_keys_is_refused_until_somebody_allows_it(services: Services) -> None:
    granted(begin(services, proposed(services, "oslo"), confirm=1))
    with closing(_open(services.settings.folder)) as later:
        later.keys = KeyRing((b"another key of thirty-two bytes!",))
        with pytest.raises(MailerError) as refused:
            send_tests(later, SLUG, to=[TESTER], as_=None)
        assert (refused.value.what, refused.value.where) == (
            f"these are not the keys that {SLUG} was signed with: its readers could not leave by its links any more",
            SLUG,
        )
        assert isinstance(later.transport, MemoryTransport)
        assert later.transport.received == ()
        (sent,) = send_tests(later, SLUG, to=[TESTER], as_=None, allowed=Overrides(other_keys=True))
        assert sent.is_accepted


def test_only_what_is_in_the_way_needs_to_be_allowed_and_is_so_from_then_on(services: Services, tmp_path: Path) -> None:
    both = Overrides(only_here=True, other_keys=True)
    granted(begin(services, proposed(services, "oslo"), confirm=1))
    assert find_needed(services, SLUG, both) == Overrides()
    shutil.copytree(services.settings.folder, tmp_path / "copy")
    with closing(_open(tmp_path / "copy")) as copy:
        assert find_needed(copy, SLUG, both) == Overrides(only_here=True)
        copy.keys = KeyRing((b"another key of thirty-two bytes!",))
        assert find_needed(copy, SLUG, both) == both
        assert find_needed(copy, SLUG, Overrides()) == Overrides()
        assert issues_with_dead_links(copy) == (SLUG,)
        (under_way,) = copy.ledger.mailings(SLUG)
        record_allowed(copy, under_way, Overrides())
        assert [each.reason for each in find_obstacles(copy, SLUG)] == [Reason.COPY, Reason.OTHER_KEYS]
        assert [each.reason for each in find_obstacles(copy, SLUG, allowed=both)] == []
        record_allowed(copy, under_way, Overrides(only_here=True))
        assert [each.reason for each in find_obstacles(copy, SLUG)] == [Reason.OTHER_KEYS]
        record_allowed(copy, under_way, both)
        assert [*find_obstacles(copy, SLUG)] == []


def test_the_keys_that_count_are_those_of_the_mailing_that_goes_on_or_of_the_latest(services: Services) -> None:
    ours, lost = services.keys.newest_id, "a key that is lost"

    def plan(slug: str, key_id: str) -> None:
        with services.ledger.open_plan(MailingDraft(slug=slug, content_hash="x", subject="x", key_id=key_id)):
            pass

    plan("2023-10", lost)
    plan("2023-11", ours)
    assert refused_by_other_keys(services, "2024-01") is None, "the latest can be left by its links"
    assert told_of(refused_by_other_keys(services, "2023-10"))[2] == "2023-10"
    plan("2023-12", lost)
    assert refused_by_other_keys(services, "2023-11") is None
    assert told_of(refused_by_other_keys(services, "2024-01"))[2] == "2023-12"
    assert issues_with_dead_links(services) == ("2023-10", "2023-12")


def test_the_message_ids_of_a_mailing_are_of_the_domain_that_was_frozen_with_it(services: Services) -> None:
    begun = granted(begin(services, proposed(services), confirm=3))
    _set(services, "from_address", "brev@ny.example")
    with closing(_open(services.settings.folder)) as later:
        named = name_messages(later, later.ledger.mailing(begun.mailing))(begun.mailing, 1)
        assert str(named).endswith("@nyhetsbrev.example>")
        with later.database.writing() as connection:
            connection.execute(update(mailing).values(snapshot_hash="x"))
        unreadable = name_messages(later, later.ledger.mailing(begun.mailing))(begun.mailing, 1)
        assert str(unreadable).endswith("@ny.example>"), "where that cannot be read"


def test_a_test_send_to_a_stranger_sends_nothing_to_anybody(services: Services) -> None:
    with pytest.raises(MailerError) as refused:
        send_tests(services, SLUG, to=[TESTER, "fremmed@a.example"], as_=None)
    assert refused.value.what == "fremmed@a.example is not on the list of test recipients; nothing was sent"
    assert refused.value.where == "[newsletter] test_recipients"
    assert refused.value.hint == (
        f"Add it to test_recipients in {services.settings.file}, if it is yours or a colleague's."
    )
    with pytest.raises(MailerError) as unknown:
        send_tests(services, SLUG, to=[TESTER], as_="fremmed@a.example")
    assert (unknown.value.what, unknown.value.where, unknown.value.hint) == (
        "fremmed@a.example is not among the subscribers",
        "--as",
        "mailer subscribers find NAME",
    )
    assert isinstance(services.transport, MemoryTransport)
    assert services.transport.received == ()


def test_other_lists_than_those_of_an_unfinished_mailing_cannot_be_proposed(services: Services) -> None:
    granted(begin(services, proposed(services, "oslo"), confirm=1, allow_untested=True))
    with pytest.raises(PlanError) as refused:
        propose(services, SLUG, lists=["agder"], today=TODAY)
    assert (refused.value.what, refused.value.where, refused.value.hint) == (
        "an unfinished mailing of this issue goes to oslo",
        SLUG,
        f"First finish it with mailer resume {SLUG}, or stop it with mailer cancel {SLUG}.",
    )


def test_what_is_not_under_way_or_never_was_is_said_with_what_to_do(services: Services) -> None:
    with pytest.raises(MailerError) as idle:
        pause(services, SLUG)
    assert (idle.value.what, idle.value.hint) == (f"no mailing of {SLUG} is under way", f"mailer status {SLUG}")
    with pytest.raises(MailerError) as unsent:
        resolve(services, SLUG, Resolution.ACCEPTED, to=None)
    assert (unsent.value.what, unsent.value.hint) == (
        f"nothing of {SLUG} has been sent or planned",
        f"mailer send {SLUG}",
    )


def test_an_account_has_those_that_were_asked_for_by_the_id_of_their_mail(services: Services) -> None:
    begun = granted(begin(services, proposed(services), confirm=3))
    answers: dict[str, Reply | Lost] = {
        "kari": Lost(stage=Stage.DOT, why="cut"),
        "ola": Reply(code=550, enhanced="5.1.1", stage=Stage.RCPT),
    }
    transport = MemoryTransport(lambda to: answers.get(to.recipient.partition("@")[0], ACCEPTED))
    services.transport = transport
    (planned,) = read_accounts(services)
    assert (planned.is_idle, planned.deliveries) == (False, ())
    granted(carry_on(services, begun.mailing, once=True))

    def found(**asked: bool) -> list[str]:
        (account,) = read_accounts(services, SLUG, **asked)
        return [each.address for each in account.deliveries]

    kari, ola = "kari@agder.example", "ola@agder.example"
    assert (found(), found(failed=True), found(in_doubt=True)) == ([], [ola], [kari])
    assert found(failed=True, in_doubt=True) == [ola, kari]
    domain = services.settings.newsletter.from_address.partition("@")[2]
    (account,) = read_accounts(services, SLUG, failed=True)
    assert str(account.deliveries[0].message_id).endswith(f"@{domain}>")
    (had_it,) = read_accepted(services, SLUG)
    assert had_it.address == "aase@oslo.example"
    assert [each.id for each in doubtful(services, SLUG)] == [begun.mailing]
