"""Tell the editor what became of mailings, by mail and webhook: after it happened, and never in its way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from secrets import token_hex

from mailer.catalogue import Message, msg, render
from mailer.config.passwords import webhook_key
from mailer.delivery.notes import read_note, write_note
from mailer.errors import MailerError
from mailer.log_lines import without_addresses
from mailer.notices.mail import NoticeMail
from mailer.notices.model import Notice, NoticeEvent, NoticeState, Way, next_try
from mailer.notices.webhook import Webhook, post
from mailer.notices.words import body_of, subject_of, text_of
from mailer.transport.base import Lost, Ready, Reply, Session
from mailer.transport.waiting import run_to_end
from mailer.usecases.needs import NoticeServices

__all__ = ["Notice", "Told", "deliver_due", "find_ways", "read_notices", "send_now", "send_trial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The result of a try: the state by now, and the answer or why there was none, in any language."""

    notice: Notice
    state: NoticeState
    words: str

    @property
    def subject(self) -> Message:
        """Return the issue and what happened, in words."""
        return subject_of(self.notice)


def _never() -> bool:
    return False


def _freely() -> bool:
    return True


def deliver_due(services: NoticeServices, *, is_stopped: Callable[[], bool] = _never) -> tuple[Told, ...]:
    """Send the notices that are due, each by its way, and return what came of those tried or found in doubt.

    Any number of processes may do so at once, at any time. What fails is tried again at a later call. Raises
    `DatabaseError` when the outbox cannot be used; nothing that a server does is raised.
    """
    outbox = services.outbox
    outbox.forget_old()
    for way in set(Way) - set(find_ways(services)):
        outbox.void(way)
    told = [Told(notice=each, state=each.state, words=read_note(each.reply)) for each in outbox.note_doubts()]
    for each in outbox.due():
        if is_stopped():
            break
        if outbox.claim(each):
            told += _try(services, replace(each, attempts=each.attempts + 1))
    return tuple(told)


def send_now(services: NoticeServices) -> tuple[Told, ...]:
    """Send all that waits, also for a later try, and all that was given up; raises as `deliver_due`."""
    services.outbox.hasten()
    return deliver_due(services)


def send_trial(services: NoticeServices) -> tuple[Told, ...]:
    """Send a notice of nothing by each way that is set, and return the answers; none is written down."""
    now = services.clock()
    tried = (_tried(services, _trial(way, now), may_send=_freely) for way in find_ways(services))
    return tuple(each for each in tried if each is not None)


def read_notices(services: NoticeServices) -> tuple[Notice, ...]:
    """Return the notices of the last 90 days, oldest first, each with the answer in any language."""
    return tuple(replace(each, reply=read_note(each.reply)) for each in services.outbox.all())


def find_ways(services: NoticeServices) -> tuple[Way, ...]:
    """Return the ways that the settings lead by."""
    notices = services.settings.notices
    set_up = {Way.MAIL: notices.to, Way.WEBHOOK: notices.webhook}
    return tuple(way for way, place in set_up.items() if place)


def _trial(way: Way, now: datetime) -> Notice:
    return Notice(
        id=0,
        way=way,
        key=f"{way} test {token_hex(8)}",
        event=NoticeEvent.TEST,
        slug="",
        mailing_id=None,
        detail={},
        note="",
        created_at=now,
        due_at=now,
        state=NoticeState.WAITING,
        attempts=1,
        reply="",
        sent_at=None,
    )


def _try(services: NoticeServices, notice: Notice) -> list[Told]:
    """Try a claimed notice, and write down what came of it; nothing where another process has it by now."""
    told = _tried(services, notice, may_send=lambda: services.outbox.mark(notice))
    if told is None:
        return []
    again = None
    if told.state is NoticeState.WAITING:
        now = services.clock()
        again = next_try(notice.way, attempts=notice.attempts, created_at=notice.created_at, now=now)
        told = replace(told, state=NoticeState.WAITING if again else NoticeState.FAILED)
    services.outbox.settle(notice, told.state, reply=write_note(told.words), due_at=again)
    return [told]


def _tried(services: NoticeServices, notice: Notice, *, may_send: Callable[[], bool]) -> Told | None:
    """Send a notice and return the answer: `waiting` where it did not arrive for certain, None where it may not go."""
    try:
        if notice.way is Way.WEBHOOK:
            return Told(notice=notice, state=NoticeState.SENT, words=_post(services, notice))
        answer = _mail(services, notice, may_send=may_send)
    except MailerError as error:
        return Told(notice=notice, state=NoticeState.WAITING, words=error.what)
    return None if answer is None else _told_by(answer, notice)


def _told_by(answer: Reply | Lost, notice: Notice) -> Told:
    match answer:
        case Lost(why=why):
            state = NoticeState.IN_DOUBT if answer.is_in_doubt else NoticeState.WAITING
            return Told(notice=notice, state=state, words=msg("sending.connection-broke", why=why))
        case Reply():
            state = NoticeState.SENT if answer.is_accepted else NoticeState.WAITING
            return Told(notice=notice, state=state, words=without_addresses(str(answer)))


def _post(services: NoticeServices, notice: Notice) -> str:
    notices = services.settings.notices
    webhook = Webhook(url=notices.webhook, key=webhook_key(notices), private_hosts=notices.private_hosts)
    body = body_of(notice, services.interface_lang, why=read_note(notice.note))
    return post(webhook, name=notice.name, moment=services.clock(), body=body)


def _mail(services: NoticeServices, notice: Notice, *, may_send: Callable[[], bool]) -> Reply | Lost | None:
    """Hand a mail to the server; `may_send` is asked just before the final dot, and None returned when it may not."""
    newsletter, lang = services.settings.newsletter, services.interface_lang
    mail = NoticeMail(
        name=notice.name,
        sender=newsletter.from_address,
        sender_name=newsletter.from_name or newsletter.publisher,
        return_path=services.settings.delivery.return_path,
        recipient=services.settings.notices.to,
        subject=render(subject_of(notice), lang),
        text=text_of(notice, lang, why=read_note(notice.note)),
        written_at=notice.created_at,
    )
    session = services.transport.connect()
    try:
        answer = _hand_over(session, mail, may_send=may_send)
    except BaseException:
        session.withdraw()
        raise
    run_to_end(session.close())
    return answer


def _hand_over(session: Session, mail: NoticeMail, *, may_send: Callable[[], bool]) -> Reply | Lost | None:
    payload = mail.to_bytes()
    answer = run_to_end(session.begin(mail.envelope_of(payload)))
    if not isinstance(answer, Ready):
        return answer
    if (refused := run_to_end(session.stream(payload))) is not None:
        return refused
    if may_send():
        return run_to_end(session.finish())
    session.withdraw()
    return None
