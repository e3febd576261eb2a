"""`mailer notices`, and the notices that `send`, `send --due`, `resume` and `pause` send when they have done."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from mailer.bootstrap import build_services
from mailer.catalogue import msg
from mailer.database.tables import mailing, outbox
from mailer.delivery.model import MailingDraft, PlannedDelivery, Start
from mailer.errors import MailerError
from mailer.notices.outbox import Outbox
from mailer.transport.catcher import CatchingServer
from mailer.usecases.creation import init_workspace
from tests.cli.conftest import SLUG, Moody, Result
from tests.notices.conftest import CERTIFICATES, Receiver, serving
from tests.usecases.test_scheduling import COMPILED

Mailer = Callable[..., Result]
TO = "redaktor@nyhetsbrev.example"


@pytest.fixture
def by_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_NOTICES__TO", TO)


@pytest.fixture
def frozen(workspace: Path) -> int:
    """The small issue as a mailing that is under way to four people, frozen without composing it."""
    services = build_services(workspace / "config.toml", environ={}, announce=lambda _: None)
    draft = MailingDraft(
        slug=SLUG,
        content_hash="c" * 64,
        edition_hash="1:c",
        subject="Nyhetsbrev",
        lists=("agder", "oslo"),
        untested=True,
        key_id=services.keys.newest_id,
    )
    people = services.subscribers.read_audience(draft.lists)
    with services.ledger.open_plan(draft) as writer:
        writer.add_variant("nb:", COMPILED.to_bytes())
        writer.add(
            [PlannedDelivery(each.subscriber_id, each.address, each.recipient, each.lists, "nb:") for each in people]
        )
    with services.ledger.start_run(writer.mailing_id):
        pass
    services.close()
    return writer.mailing_id


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    with serving("localhost.pem") as found:
        monkeypatch.setenv("MAILER_NOTICES__WEBHOOK", found.url)
        monkeypatch.setenv("MAILER_NOTICES__WEBHOOK_SECRET", "k" * 24)
        monkeypatch.setenv("MAILER_NOTICES__PRIVATE_HOSTS", "localhost")
        yield found


def notices_in(folder: Path) -> list[str]:
    """The subjects of the mails that the editor got."""
    mails = [message_from_bytes(each.read_bytes(), policy=policy.default) for each in (folder / "new").iterdir()]
    return [str(each["Subject"]) for each in mails if each["To"] == TO]


def listed(mailer: Mailer) -> list[tuple[Any, ...]]:
    found = mailer("notices", "--json").json["notices"]
    return [(each["event"], each["way"], each["state"]) for each in found]


@pytest.mark.usefixtures("by_mail", "frozen")
def test_a_finished_mailing_is_told_of_by_mail_and_webhook(
    mailer: Mailer, catcher: CatchingServer, receiver: Receiver
) -> None:
    sent = mailer("send", "--due")
    assert sent.code == 0
    assert notices_in(catcher.folder) == [f"{SLUG} is sent: 4 deliveries accepted"]
    assert json.loads(receiver.posted[0].body)["data"]["counts"]["accepted"] == 4
    assert f"Notice sent by mail: {SLUG} is sent: 4 deliveries accepted\n" in sent.err
    assert f"Notice sent by webhook: {SLUG} is sent: 4 deliveries accepted\n" in sent.err
    assert "Notice" not in sent.out
    assert listed(mailer) == [("finished", "mail", "sent"), ("finished", "webhook", "sent")]
    headings, _, first, second = [each.split() for each in mailer("notices").out.splitlines()]
    assert headings == ["when", "issue", "what", "by", "state", "answer"]
    assert first[3:7] == [SLUG, "finished", "mail", "sent"]
    assert first[7] == "250"
    assert second[3:] == [SLUG, "finished", "webhook", "sent", "HTTP", "204"]


@pytest.mark.usefixtures("frozen", "catcher")
def test_where_no_setting_says_where_to_nobody_is_told(mailer: Mailer) -> None:
    sent = mailer("send", "--due")
    assert (sent.code, "otice" in sent.err) == (0, False)
    assert listed(mailer) == [("finished", "mail", "void"), ("finished", "webhook", "void")]
    for option in ("--test", "--send"):
        refused = mailer("notices", option)
        assert refused.code == 1
        assert refused.err == (
            "error [notices]: no setting says where notices go\nSet [notices] to or [notices] webhook in config.toml.\n"
        )


@pytest.mark.usefixtures("frozen", "catcher")
def test_a_notice_that_fails_never_fails_the_mailing(mailer: Mailer, receiver: Receiver) -> None:
    receiver.status = 500
    sent = mailer("send", "--due")
    assert sent.code == 0
    assert (
        "The notice could not be sent by webhook: the webhook answered 500. It is tried again by the next `send` or "
        "`resume`, or with `mailer notices --send`.\n"
    ) in sent.err
    again = mailer("notices", "--send")
    assert (again.code, "is tried again" in again.out) == (75, True)
    services = build_services(environ={}, announce=lambda _: None)
    with services.database.writing() as connection:
        connection.execute(update(outbox).values(attempts=4))
    services.close()
    given_up = mailer("notices", "--send")
    assert given_up.code == 1
    assert given_up.out == (
        "The notice could not be sent by webhook and is given up: the webhook answered 500. "
        "`mailer notices --send` tries again.\n"
    )
    receiver.status = 200
    assert mailer("notices", "--send").code == 0
    assert mailer("notices", "--send").out == "No notice waits.\n"


@pytest.mark.usefixtures("by_mail", "frozen")
def test_a_pause_by_mailer_itself_is_told_of_with_its_reason(mailer: Mailer, moody: Moody, receiver: Receiver) -> None:
    moody.answers = dict.fromkeys(
        ("kari@agder.example", "ola@agder.example", "begge@oslo.example", "aase@oslo.example"), "550 5.1.8 bad sender"
    )
    sent = mailer("send", "--due")
    assert sent.code == 1
    told = json.loads(receiver.posted[0].body)
    assert (told["type"], told["data"]["by_itself"]) == ("mailing.paused", True)
    assert "5.1.8 bad sender" in told["data"]["reason"]
    assert moody.taken == [TO]


@pytest.mark.usefixtures("by_mail", "frozen")
def test_a_pause_by_a_person_is_told_of_at_once_and_gone_on_with(mailer: Mailer, catcher: CatchingServer) -> None:
    paused = mailer("pause", SLUG)
    assert paused.code == 0
    assert notices_in(catcher.folder) == [f"{SLUG} is paused"]
    assert paused.err == f"Notice sent by mail: {SLUG} is paused\n"
    assert mailer("resume", SLUG).code == 0
    assert sorted(notices_in(catcher.folder)) == [f"{SLUG} is paused", f"{SLUG} is sent: 4 deliveries accepted"]


@pytest.mark.usefixtures("by_mail")
def test_a_missed_start_is_told_of_by_the_timer_and_once(mailer: Mailer, catcher: CatchingServer, frozen: int) -> None:
    services = build_services(environ={}, announce=lambda _: None)
    with services.database.writing() as connection:
        connection.execute(update(mailing).where(mailing.c.id == frozen).values(state="planned", started_at=None))
    start = Start(datetime.now(UTC) - timedelta(hours=2), "Europe/Oslo", "2026-12-01 08:00")
    services.starts.put(frozen, start)
    services.close()
    assert mailer("send", "--due", "--json").code == 1
    assert notices_in(catcher.folder) == [f"{SLUG} did not begin at its time"]
    assert mailer("send", "--due").code == 1
    assert len(notices_in(catcher.folder)) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("by_mail", "planned")
def test_what_is_refused_sends_what_is_due_and_a_dry_run_sends_nothing(mailer: Mailer, moody: Moody) -> None:
    services = build_services(environ={}, announce=lambda _: None)
    services.ledger.pause(services.ledger.mailings(SLUG)[0].id)
    services.close()
    assert mailer("send", SLUG, "--dry-run").code == 75
    assert moody.taken == []
    assert mailer("send", SLUG, "--confirm", 4).code == 75
    assert moody.taken == [TO]
    assert mailer("resume", SLUG).code == 0
    assert len(moody.taken) == 6


@pytest.mark.usefixtures("by_mail")
def test_a_command_that_is_refused_by_its_database_says_so_once(
    mailer: Mailer, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_DATABASE__URL", "sqlite:///var/new.sqlite3")
    refused = mailer("pause", SLUG)
    assert (refused.code, refused.err.count("error"), "Notices" in refused.err) == (74, 1, False)
    assert not [*(workspace / "var").glob("new.sqlite3")]
    (workspace / "var" / "new.sqlite3").write_bytes(b"no database at all" * 100)
    refused = mailer("pause", SLUG)
    assert (refused.code, refused.err.count("error"), "Notices" in refused.err) == (74, 1, False)


@pytest.mark.usefixtures("by_mail")
def test_a_command_that_is_refused_in_a_new_workspace_makes_no_database(
    mailer: Mailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_workspace(tmp_path / "new")
    monkeypatch.chdir(tmp_path / "new")
    assert mailer("send", SLUG, "--at", "soon").code == 2
    assert not [*(tmp_path / "new").rglob("*.sqlite3")]


@pytest.mark.usefixtures("by_mail", "frozen", "catcher")
def test_an_outbox_that_cannot_be_used_is_said_and_fails_nothing(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(_: Outbox) -> None:
        raise MailerError(msg("sending.no-answer"))

    monkeypatch.setattr(Outbox, "due", be_away)
    sent = mailer("send", "--due")
    assert (sent.code, "Notices could not be sent: no answer in time. They are kept.\n" in sent.err) == (0, True)


@pytest.mark.usefixtures("by_mail")
def test_a_test_goes_both_ways_and_shows_the_answers(mailer: Mailer, moody: Moody, receiver: Receiver) -> None:
    tried = mailer("notices", "--test")
    assert tried.code == 0
    assert tried.out == "Notice sent by mail: Test of the notices\nNotice sent by webhook: Test of the notices\n"
    assert mailer("notices").out == "There are no notices yet.\n"
    moody.answers[TO], receiver.status = "550 5.1.1 no such user", 404
    tried = mailer("notices", "--test")
    assert tried.code == 1
    assert tried.out == (
        "The test could not be sent by mail: 550 5.1.1 no such user\n"
        "The test could not be sent by webhook: the webhook answered 404\n"
    )
    found = mailer("notices", "--test", "--json").json["notices"]
    assert [(each["event"], each["state"], each["reply"]) for each in found] == [
        ("test", "waiting", "550 5.1.1 no such user"),
        ("test", "waiting", "the webhook answered 404"),
    ]
    assert mailer("notices", "--test", "--send").err == (
        "error: --send and --test are two commands\nRun the command with one of them, then with the other.\n"
    )


@pytest.mark.usefixtures("by_mail", "frozen")
def test_what_is_in_doubt_or_given_up_is_said_in_norwegian_too(
    mailer: Mailer, moody: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILER_INTERFACE__LANG", "nb")
    moody.answers[TO] = "vanish"
    paused = mailer("pause", SLUG)
    assert "Ingen vet om varselet med e-post kom frem, og det blir ikke sendt igjen: " in paused.err
    shown = mailer("notices").out
    assert "satt på pause" in shown
    assert "uvisst" in shown
    assert "ikke satt opp" in shown
    assert mailer("notices", "--send").code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("by_mail", "frozen")
def test_a_process_that_is_killed_while_its_notice_is_answered_sends_no_second_one(
    mailer: Mailer, moody: Moody, workspace: Path
) -> None:
    def kill(_recipient: str) -> None:
        os.kill(process.pid, signal.SIGKILL)

    moody.before_answer = kill
    process = subprocess.Popen(
        [sys.executable, "-m", "mailer", "pause", SLUG],
        cwd=workspace,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.wait(50) == -signal.SIGKILL
    moody.before_answer = lambda _: None
    assert moody.taken == [TO]
    assert listed(mailer)[0] == ("paused", "mail", "in_flight")
    assert mailer("notices", "--send").out == "No notice waits.\n"
    assert moody.taken == [TO]
