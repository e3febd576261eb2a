"""Telling the editor: by a real mail server and a real webhook, once, whatever fails and whoever dies meanwhile."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.catalogue import Lang, msg
from mailer.config import load_settings
from mailer.config.settings import Settings
from mailer.database.engine import Database
from mailer.delivery.notes import write_note
from mailer.errors import MailerError
from mailer.notices.model import NoticeEvent, NoticeState, Way
from mailer.notices.outbox import LEASE, Outbox, put_notice
from mailer.transport.base import Transport
from mailer.transport.catcher import SmtpServerThread
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.usecases.notifying import Told, deliver_due, find_ways, read_notices, send_now, send_trial
from tests.delivery.conftest import BEGINNING, FakeClock
from tests.notices.conftest import CERTIFICATES, Receiver, serving

CONFIG = """\
[newsletter]
name = "Prøvebrev"
from_address = "redaksjon@brev.example"
list_id = "prove.brev.example"
[delivery]
return_path = "b@brev.example"
[web]
base_url = "https://brev.example"
"""
TO = "redaktor@brev.example"
COUNTS = {"audience": 2, "accepted": 2}


@dataclass
class Postbox:
    """A mail server that keeps what it takes, and answers as it is told."""

    answer: str = "250 2.0.0 taken"
    before_answer: Callable[[], None] = lambda: None
    mails: list[EmailMessage] = field(default_factory=list)
    return_paths: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 aiosmtpd's
        self.before_answer()
        if self.answer == "vanish":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.answer.startswith("250"):
            found = message_from_bytes(envelope.original_content or b"", policy=policy.SMTP)
            assert isinstance(found, EmailMessage)
            self.mails.append(found)
            self.return_paths.append(envelope.mail_from or "")
        return self.answer


@dataclass
class Desk:
    """What telling needs, on a database of its own."""

    settings: Settings
    clock: FakeClock
    outbox: Outbox
    transport: Transport
    database: Database
    interface_lang: Lang = "en"

    def set(self, **values: Any) -> None:
        self.settings = replace(self.settings, notices=self.settings.notices.model_copy(update=values))

    def put(self, event: NoticeEvent = NoticeEvent.FINISHED, *, occasion: str = "1", note: str = "") -> None:
        with self.database.writing() as connection:
            detail = {"counts": COUNTS, "lost_many": False, "by_itself": True}
            told = {"mailing_id": 7, "slug": "2026-06", "occasion": occasion, "at": self.clock(), "detail": detail}
            put_notice(connection, event, note=note, **told)  # type: ignore[arg-type]  # several types

    def states(self) -> list[str]:
        return [f"{each.way} {each.state}" for each in self.outbox.all()]

    def answers(self) -> list[str]:
        return [each.reply for each in read_notices(self)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.slow])])
def database_kind(request: pytest.FixtureRequest) -> str:
    """`tests/notices/test_outbox.py` asks both each time."""
    kind: str = request.param
    return kind


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "ca.pem"))
    with serving("localhost.pem") as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path, database: Database, postbox: Postbox, receiver: Receiver) -> Iterator[Desk]:
    file, clock = tmp_path / "config.toml", FakeClock()
    file.write_text(CONFIG, encoding="utf-8")
    environ = {
        "MAILER_NOTICES__TO": TO,
        "MAILER_NOTICES__WEBHOOK": receiver.url,
        "MAILER_NOTICES__WEBHOOK_SECRET": "k" * 24,
        "MAILER_NOTICES__PRIVATE_HOSTS": "localhost",
    }
    settings = load_settings(file, environ=environ, cwd=tmp_path)
    with SmtpServerThread(partial(SMTP, postbox, hostname="box.example")) as server:
        options = SmtpOptions(host="127.0.0.1", port=server.address[1], security=Security.NONE)
        yield Desk(
            settings=settings,
            clock=clock,
            outbox=Outbox(database, clock=clock),
            transport=SmtpTransport(options),
            database=database,
        )


def came_to(told: tuple[Told, ...]) -> list[tuple[str, str, str]]:
    return [(each.notice.way.value, each.state.value, str(each.words)) for each in told]


def test_a_notice_goes_by_mail_and_by_webhook_once(desk: Desk, postbox: Postbox, receiver: Receiver) -> None:
    desk.put()
    told = deliver_due(desk)
    assert came_to(told) == [("mail", "sent", "250 2.0.0 taken"), ("webhook", "sent", "HTTP 204")]
    assert {str(each.subject) for each in told} == {"2026-06 is sent: 2 deliveries accepted"}
    [mail], [posted] = postbox.mails, receiver.posted
    assert (mail["To"], mail["From"]) == (TO, "Helsedirektoratet <redaksjon@brev.example>")
    assert mail["Subject"] == "2026-06 is sent: 2 deliveries accepted"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert postbox.return_paths == ["b@brev.example"]
    assert mail.get_content().startswith("The mailing of 2026-06 is finished")
    by_mail, by_webhook = desk.outbox.all()
    assert mail["Message-ID"] == f"<{by_mail.name}@brev.example>"
    assert posted.headers["webhook-id"] == by_webhook.name
    assert posted.headers["webhook-timestamp"] == str(int(BEGINNING.timestamp()))
    assert json.loads(posted.body)["data"]["counts"] == COUNTS
    assert desk.states() == ["mail sent", "webhook sent"]
    assert [each.sent_at for each in desk.outbox.all()] == [BEGINNING, BEGINNING]
    assert desk.answers() == ["250 2.0.0 taken", "HTTP 204"]
    assert send_now(desk) == ()
    assert (len(postbox.mails), len(receiver.posted)) == (1, 1)


def test_it_is_written_in_the_editors_language_with_the_reason_but_no_address(
    desk: Desk, postbox: Postbox, receiver: Receiver
) -> None:
    desk.interface_lang = "nn"
    desk.put(NoticeEvent.PAUSED, note=write_note(msg("sending.connection-broke", why="<kari@x.example> gone")))
    deliver_due(desk)
    text = postbox.mails[0].get_content()
    assert "Årsak: sambandet vart brote: … gone" in text
    assert postbox.mails[0]["Subject"] == "2026-06 er sett på pause"
    found = json.loads(receiver.posted[0].body)
    assert found["data"]["reason"] == "the connection broke: … gone"
    assert found["text"].startswith("2026-06 er sett på pause\n\n")
    assert "kari" not in text + receiver.posted[0].body.decode()


def test_it_comes_from_the_newsletters_own_name_and_is_forgotten_after_90_days(desk: Desk, postbox: Postbox) -> None:
    newsletter = desk.settings.newsletter.model_copy(update={"from_name": "Redaksjonen"})
    desk.settings = replace(desk.settings, newsletter=newsletter)
    desk.put()
    deliver_due(desk)
    assert postbox.mails[0]["From"] == "Redaksjonen <redaksjon@brev.example>"
    desk.clock.move(days=90, seconds=1)
    deliver_due(desk)
    assert desk.states() == []


def test_ways_that_are_not_set_are_given_up_and_not_made_up_for_later(
    desk: Desk, postbox: Postbox, receiver: Receiver
) -> None:
    desk.set(webhook="")
    assert find_ways(desk) == (Way.MAIL,)
    desk.put()
    assert [each.notice.way for each in deliver_due(desk)] == [Way.MAIL]
    desk.set(to="")
    assert find_ways(desk) == ()
    desk.put(occasion="2")
    assert deliver_due(desk) == ()
    assert desk.states() == ["mail sent", "webhook void", "mail void", "webhook void"]
    desk.set(to=TO, webhook=receiver.url)
    assert send_now(desk) == ()
    assert (len(postbox.mails), receiver.posted) == (1, [])


def test_what_is_not_taken_is_tried_again_when_its_time_has_come(
    desk: Desk, postbox: Postbox, receiver: Receiver
) -> None:
    postbox.answer, receiver.status = "451 4.3.0 not now, kari@x.example", 500
    desk.put()
    first = came_to(deliver_due(desk))
    assert first == [
        ("mail", "waiting", "451 4.3.0 not now, …"),
        ("webhook", "waiting", "the webhook answered 500"),
    ]
    assert desk.answers() == ["451 4.3.0 not now, …", "the webhook answered 500"]
    assert deliver_due(desk) == ()
    desk.clock.move(seconds=59)
    assert deliver_due(desk) == ()
    postbox.answer, receiver.status = "250 2.0.0 taken", 200
    desk.clock.move(seconds=1)
    assert [each.state for each in deliver_due(desk)] == [NoticeState.SENT, NoticeState.SENT]
    assert [each.attempts for each in desk.outbox.all()] == [2, 2]
    one, two = (each.headers for each in receiver.posted)
    assert one["webhook-id"] == two["webhook-id"]
    assert one["webhook-signature"] != two["webhook-signature"]
    assert receiver.posted[0].body == receiver.posted[1].body


def test_a_webhook_is_given_up_after_five_tries_within_an_hour(desk: Desk, receiver: Receiver) -> None:
    receiver.status = 503
    desk.set(to="")
    desk.put()
    states = []
    for _ in range(70):
        states += [each.state.value for each in deliver_due(desk)]
        desk.clock.move(minutes=1)
    assert states == ["waiting"] * 4 + ["failed"]
    assert len(receiver.posted) == 5
    receiver.status = 200
    assert [each.state for each in send_now(desk)] == [NoticeState.SENT]


def test_a_mail_that_is_refused_for_good_is_tried_again_all_the_same(desk: Desk, postbox: Postbox) -> None:
    """A server that refuses the mailing refuses the notice of it, too."""
    postbox.answer = "554 5.2.0 quota exceeded"
    desk.set(webhook="")
    desk.put()
    assert came_to(deliver_due(desk)) == [("mail", "waiting", "554 5.2.0 quota exceeded")]


def test_a_way_that_fails_keeps_no_other_from_its_notice(desk: Desk, receiver: Receiver) -> None:
    desk.transport = SmtpTransport(SmtpOptions(host="127.0.0.1", port=1, security=Security.NONE))
    desk.put()
    told = deliver_due(desk)
    assert [each.state.value for each in told] == ["waiting", "sent"]
    assert "refused" in told[0].words
    assert len(receiver.posted) == 1


def test_a_key_that_is_missing_is_said_and_loses_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydantic import SecretStr

    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    desk.set(to="", webhook_secret=SecretStr(""))
    desk.put()
    assert came_to(deliver_due(desk)) == [("webhook", "waiting", "there is no key to sign for the webhook with")]


def test_a_call_that_is_to_stop_begins_no_further_notice(desk: Desk, postbox: Postbox) -> None:
    desk.set(webhook="")
    desk.put()
    desk.put(occasion="2")
    told = deliver_due(desk, is_stopped=lambda: len(postbox.mails) == 1)
    assert len(told) == 1
    assert desk.states() == ["mail sent", "webhook void", "mail waiting", "webhook void"]


# --- Who dies, and who is there at the same time ------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


def test_a_mail_that_was_being_answered_when_the_process_died_is_in_doubt_and_never_sent_again(
    desk: Desk, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.set(webhook="")
    desk.put()

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(desk.outbox, "settle", die)  # the answer is not written down any more
        with pytest.raises(Killed):
            deliver_due(desk)
    assert desk.states()[0] == "mail in_flight"
    assert len(postbox.mails) == 1
    assert deliver_due(desk) == ()
    assert send_now(desk) == ()
    desk.clock.now += LEASE
    told = deliver_due(desk)
    assert came_to(told) == [("mail", "in_doubt", "")]
    assert desk.states()[0] == "mail in_doubt"
    desk.clock.move(days=3)
    assert send_now(desk) == ()
    assert len(postbox.mails) == 1


def test_a_process_that_dies_before_the_final_dot_loses_and_doubles_nothing(
    desk: Desk, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.set(webhook="")
    desk.put()

    def die(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(desk.outbox, "mark", die)
        with pytest.raises(Killed):
            deliver_due(desk)
    assert (desk.states()[0], postbox.mails) == ("mail waiting", [])
    assert deliver_due(desk) == ()
    desk.clock.now += LEASE
    assert [each.state for each in deliver_due(desk)] == [NoticeState.SENT]
    assert len(postbox.mails) == 1


def test_a_webhook_whose_answer_was_not_written_down_is_told_again_under_the_same_name(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.set(to="")
    desk.put()

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(desk.outbox, "settle", die)
        with pytest.raises(Killed):
            deliver_due(desk)
    desk.clock.now += LEASE
    assert [each.state for each in deliver_due(desk)] == [NoticeState.SENT]
    assert len({each.headers["webhook-id"] for each in receiver.posted}) == 1


def test_a_connection_that_breaks_after_the_final_dot_leaves_the_mail_in_doubt(desk: Desk, postbox: Postbox) -> None:
    postbox.answer = "vanish"
    desk.set(webhook="")
    desk.put()
    [told] = deliver_due(desk)
    assert told.state is NoticeState.IN_DOUBT
    assert told.words.startswith("the connection broke: ")
    assert send_now(desk) == ()


def test_who_was_too_slow_takes_the_mail_back_that_another_has_taken_over(
    desk: Desk, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.set(webhook="")
    desk.put()
    other = replace(desk)
    mark, taken = desk.outbox.mark, list[Any]()

    def be_overtaken(notice: Any) -> bool:
        if not taken:
            taken.append(notice)
            desk.clock.now += LEASE
            assert [each.state for each in deliver_due(other)] == [NoticeState.SENT]
        return mark(notice)

    monkeypatch.setattr(desk.outbox, "mark", be_overtaken)
    assert deliver_due(desk) == ()
    assert len(postbox.mails) == 1
    assert desk.states()[0] == "mail sent"


def test_an_outbox_that_cannot_be_used_is_told_of_as_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def be_away(*_: object) -> None:
        raise MailerError("away")

    monkeypatch.setattr(desk.outbox, "due", be_away)
    with pytest.raises(MailerError, match="away"):
        deliver_due(desk)


# --- A trial ------------------------------------------------------------------------------------------


def test_a_trial_goes_by_each_way_and_is_written_down_nowhere(desk: Desk, postbox: Postbox, receiver: Receiver) -> None:
    desk.put()
    for _ in range(2):
        told = send_trial(desk)
        assert came_to(told) == [("mail", "sent", "250 2.0.0 taken"), ("webhook", "sent", "HTTP 204")]
    assert [each["Subject"] for each in postbox.mails] == ["Test of the notices"] * 2
    assert json.loads(receiver.posted[0].body)["type"] == "test"
    assert len({each["Message-ID"] for each in postbox.mails}) == 2
    assert desk.states() == ["mail waiting", "webhook waiting"]


def test_a_trial_says_what_is_wrong(desk: Desk, postbox: Postbox, receiver: Receiver) -> None:
    postbox.answer, receiver.status = "550 5.1.1 no such user", 404
    assert came_to(send_trial(desk)) == [
        ("mail", "waiting", "550 5.1.1 no such user"),
        ("webhook", "waiting", "the webhook answered 404"),
    ]
    desk.set(to="")
    assert [each.notice.way for each in send_trial(desk)] == [Way.WEBHOOK]
