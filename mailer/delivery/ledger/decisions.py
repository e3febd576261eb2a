"""Decisions of a person about a mailing: send, pause, resume, cancel, and settle deliveries in doubt."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, case, exists, func, insert, literal, select, update

from mailer.catalogue import Message, msg
from mailer.database.decisions import BY_ITSELF, Action, Operator
from mailer.database.tables import attempt, decision, delivery, mailing, run, subscriber
from mailer.delivery.ledger.doubts import drop_rest
from mailer.delivery.ledger.endings import begin_waiting
from mailer.delivery.ledger.last_copies import read_last_copies
from mailer.delivery.ledger.refusals import MailingStateError, PausedMailingError, no_such_mailing
from mailer.delivery.ledger.telling import tell
from mailer.delivery.model import NOT_ON_THE_WAY, OPEN, DeliveryStatus, Doubt, MailingState, Resolution, Resolved
from mailer.delivery.notes import write_note
from mailer.notices.model import NoticeEvent
from mailer.subscribers.facts.address import normalise

_DECIDED = {
    Resolution.ACCEPTED: (DeliveryStatus.ACCEPTED, str(msg("sending.decided-received"))),
    Resolution.RESEND: (DeliveryStatus.QUEUED, str(msg("sending.decided-to-resend"))),
}

_IS: dict[str, Callable[[], Message]] = {
    MailingState.PLANNED: partial(msg, "sending.mailing-is-planned"),
    MailingState.RUNNING: partial(msg, "sending.mailing-is-running"),
    MailingState.PAUSED: partial(msg, "sending.mailing-is-paused"),
    MailingState.FINISHED: partial(msg, "sending.mailing-is-finished"),
    MailingState.CANCELLED: partial(msg, "sending.mailing-is-cancelled"),
    MailingState.MISSED: partial(msg, "schedule.mailing-is-missed"),
    MailingState.WAITING: partial(msg, "sending.mailing-is-waiting"),
}


def begin(connection: Connection, mailing_id: int, *, operator: Operator, now: datetime) -> None:
    """Start a mailing, for the first time or again; raises `MailingStateError`, also when it is paused.

    One that is to start at a time is started by `starts` alone, when it is due. A commit whose answer was lost is tried
    again: what was written down at this moment is written down once.
    """
    found = connection.execute(select(mailing).where(mailing.c.id == mailing_id)).one_or_none()
    if found and found.state == MailingState.PAUSED:
        raise PausedMailingError(msg("sending.mailing-is-paused"), hint=msg("sending.resume-clears"))
    if found and found.state == MailingState.PLANNED and found.start_at:
        raise MailingStateError(msg("schedule.mailing-has-a-time"), hint=f"mailer send {found.slug}")
    states = (MailingState.PLANNED, MailingState.RUNNING)
    change_state(connection, mailing_id, source=states, target=MailingState.RUNNING)
    first = update(mailing).where(mailing.c.id == mailing_id, mailing.c.started_at.is_(None))
    is_first = connection.execute(first.values(started_at=now)).rowcount == 1
    this = select(decision.c.id).where(decision.c.mailing_id == mailing_id, decision.c.at == now)
    if connection.execute(this.where(decision.c.action.in_([Action.STARTED, Action.CONTINUED]))).first() is None:
        left = select(func.count()).where(delivery.c.mailing_id == mailing_id, delivery.c.status.in_(NOT_ON_THE_WAY))
        number = connection.execute(left).scalar_one()
        action = Action.STARTED if is_first else Action.CONTINUED
        if is_first or _has_run(connection, mailing_id):  # else it was started by its time, which is recorded
            record(connection, operator, action, mailing_id, now=now, detail={"number": number})


def _has_run(connection: Connection, mailing_id: int) -> bool:
    return bool(connection.execute(select(exists().where(run.c.mailing_id == mailing_id))).scalar_one())


def settle_place(connection: Connection, mailing_id: int, place: str | None) -> None:
    """Write down where a mailing is sent from, unless that was done when it was frozen."""
    unsettled = update(mailing).where(mailing.c.id == mailing_id, mailing.c.place.is_(None))
    connection.execute(unsettled.values(place=place))


def go_on_here(
    connection: Connection, mailing_id: int, *, place: str | None, operator: Operator, now: datetime
) -> None:
    """Have a mailing go on in this copy of the database, and record who said that it is the only one."""
    connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(place=place))
    record(connection, operator, Action.ONLY_HERE, mailing_id, now=now)


def sign_with(connection: Connection, mailing_id: int, key_id: str, *, operator: Operator, now: datetime) -> None:
    """Have a mailing go on with another key, and record who said so."""
    connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(key_id=key_id))
    record(connection, operator, Action.OTHER_KEYS, mailing_id, now=now)


def pause(connection: Connection, mailing_id: int, *, note: str, operator: Operator, now: datetime) -> None:
    """Stop every sender of a mailing; `note` says why. A second pause is no decision, but changes the note."""
    was_paused = _state(connection, mailing_id) == MailingState.PAUSED
    change_state(connection, mailing_id, source=OPEN, target=MailingState.PAUSED, note=note)
    if not was_paused:
        record(connection, operator, Action.PAUSED, mailing_id, now=now)
        detail = {"by_itself": operator.actor == BY_ITSELF}
        tell(connection, NoticeEvent.PAUSED, mailing_id, now=now, detail=detail, note=write_note(note))


def resume(connection: Connection, mailing_id: int, *, operator: Operator, now: datetime) -> None:
    """Clear a pause, if there is one; a mailing that waits for its time goes on waiting."""
    was_paused = _state(connection, mailing_id) == MailingState.PAUSED
    waits = mailing.c.start_at.is_not(None) & mailing.c.started_at.is_(None)
    target = case((waits, MailingState.PLANNED), else_=MailingState.RUNNING)
    change_state(connection, mailing_id, source=OPEN, target=target)
    if was_paused:
        record(connection, operator, Action.RESUMED, mailing_id, now=now)


def _state(connection: Connection, mailing_id: int) -> str | None:
    return connection.execute(select(mailing.c.state).where(mailing.c.id == mailing_id)).scalar()


def record(
    connection: Connection,
    operator: Operator,
    action: Action,
    mailing_id: int,
    *,
    now: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write down a decision about a mailing."""
    slug = connection.execute(select(mailing.c.slug).where(mailing.c.id == mailing_id)).scalar_one()
    operator.record(connection, action, at=now, slug=slug, mailing_id=mailing_id, detail=detail)


def change_state(
    connection: Connection,
    mailing_id: int,
    *,
    source: Collection[MailingState],
    target: MailingState | ColumnElement[MailingState],
    note: str = "",
    only: ColumnElement[bool] | None = None,
) -> None:
    """Move a mailing to `target` when it is in one of the `source` states; raises `MailingStateError`."""
    statement = update(mailing).where(mailing.c.id == mailing_id, mailing.c.state.in_(source))
    if only is not None:
        statement = statement.where(only)
    if connection.execute(statement.values(state=target, note=write_note(note))).rowcount == 0:
        state = _state(connection, mailing_id)
        raise MailingStateError(_IS[state](), hint="mailer status") if state else no_such_mailing(mailing_id)


def cancel(connection: Connection, mailing_id: int, *, operator: Operator, now: datetime) -> None:
    """Stop for good: deliveries not handed to the server are cancelled; those in flight get their answer.

    What was in doubt once and was to be sent again is in doubt again: it may have arrived.
    """
    change_state(connection, mailing_id, source=OPEN, target=MailingState.CANCELLED)
    number = drop_rest(connection, delivery.c.mailing_id == mailing_id, now=now)
    record(connection, operator, Action.CANCELLED, mailing_id, now=now, detail={"number": number})
    connection.execute(update(mailing).where(mailing.c.id == mailing_id).values(finished_at=now))
    begin_waiting(connection)


def resolve(
    connection: Connection,
    slug: str,
    resolution: Resolution,
    *,
    addresses: Collection[str] | None,
    operator: Operator,
    now: datetime,
) -> Resolved:
    """Settle the deliveries in doubt of all mailings of an issue, or those of them to the addresses.

    An address may be written in any way, and be the one that was mailed or the one that the person has by now.
    """
    status, words = _DECIDED[resolution]
    of_issue = select(mailing.c.id).where(mailing.c.slug == slug)
    condition = delivery.c.mailing_id.in_(of_issue) & (delivery.c.status == DeliveryStatus.IN_DOUBT)
    unknown: tuple[str, ...] = ()
    if addresses is not None:
        found = _find_addressed(connection, condition, addresses)
        condition &= delivery.c.id.in_([each for ids in found.values() for each in ids])
        unknown = tuple(address for address, ids in found.items() if not ids)
    history = select(delivery.c.id, literal(now, attempt.c.at.type), literal(status), literal(words)).where(condition)
    connection.execute(insert(attempt).from_select(["delivery_id", "at", "outcome", "reply"], history))
    settled = update(delivery).where(condition).values(status=status, run_id=None, reply=words, changed_at=now)
    mailings = connection.execute(settled.returning(delivery.c.mailing_id)).scalars().all()
    if mailings:
        detail = {"number": len(mailings), "resolution": resolution, "named": addresses is not None}
        operator.record(connection, Action.RESOLVED, at=now, slug=slug, detail=detail)
    if resolution is Resolution.RESEND:
        _reopen(connection, set(mailings))
    waiting = select(mailing.c.id).where(mailing.c.slug == slug, mailing.c.state == MailingState.WAITING)
    later = set(connection.execute(waiting).scalars())
    return Resolved(
        number=len(mailings),
        unknown=unknown,
        waiting=sum(each in later for each in mailings),
        by_mailing=dict(sorted(Counter(mailings).items())),
    )


def settle_by_log(
    connection: Connection,
    slug: str,
    evidence: Mapping[int, str],
    *,
    outcomes: Mapping[str, int],
    operator: Operator,
    now: datetime,
) -> Resolved:
    """Count deliveries in doubt as accepted for what a log says of each, by number; those settled meanwhile stay so."""
    settled = list[int]()
    for delivery_id, words in evidence.items():
        this = update(delivery).where(delivery.c.id == delivery_id, delivery.c.status == DeliveryStatus.IN_DOUBT)
        values = {"status": DeliveryStatus.ACCEPTED, "run_id": None, "reply": words, "changed_at": now}
        found = connection.execute(this.values(values).returning(delivery.c.mailing_id)).scalar()
        if found is not None:
            settled.append(found)
            tried = {"delivery_id": delivery_id, "at": now, "outcome": DeliveryStatus.ACCEPTED, "reply": words}
            connection.execute(insert(attempt).values(tried))
    if settled:
        detail = {"number": len(settled), "resolution": Resolution.ACCEPTED, "by": "log", "outcomes": dict(outcomes)}
        operator.record(connection, Action.RESOLVED, at=now, slug=slug, detail=detail)
    return Resolved(number=len(settled), unknown=(), waiting=0, by_mailing=dict(sorted(Counter(settled).items())))


def read_doubts(
    connection: Connection, slug: str, *, addresses: Collection[str] | None
) -> tuple[tuple[Doubt, ...], tuple[str, ...]]:
    """Return the deliveries in doubt of all mailings of an issue, or those to the addresses; then addresses without."""
    of_issue = select(mailing.c.id).where(mailing.c.slug == slug)
    condition = delivery.c.mailing_id.in_(of_issue) & (delivery.c.status == DeliveryStatus.IN_DOUBT)
    found = _find_addressed(connection, condition, addresses) if addresses is not None else {}
    ids = {each for ids in found.values() for each in ids}
    copies = read_last_copies(connection, condition)
    query = (
        select(delivery, subscriber.c.address.label("present"), subscriber.c.address_as_given)
        .outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(condition)
        .order_by(delivery.c.id)
    )
    doubts = tuple(
        Doubt(
            id=row.id,
            mailing_id=row.mailing_id,
            address=row.address,
            recipient=row.recipient,
            since=row.changed_at,
            sent_after=copies[row.id].sent_after,
            is_only_copy=copies[row.id].is_only,
            has_other_keys=copies[row.id].has_other_keys,
            now=None if row.present == row.address else row.address_as_given,
        )
        for row in connection.execute(query)
        if addresses is None or row.id in ids
    )
    return doubts, tuple(address for address, its in found.items() if not its)


def _find_addressed(
    connection: Connection, condition: ColumnElement[bool], addresses: Collection[str]
) -> dict[str, list[int]]:
    """Return the deliveries to each of the addresses."""
    columns = (delivery.c.id, delivery.c.address, delivery.c.recipient, subscriber.c.address.label("now"))
    query = select(*columns).outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id).where(condition)
    rows = connection.execute(query).all()
    return {
        typed: [row.id for row in rows if {typed, normalise(typed)} & {row.address, row.recipient, row.now}]
        for typed in addresses
    }


def _reopen(connection: Connection, mailings: Collection[int]) -> None:
    """Reopen mailings that were done for what a person decided: one by one, with no other of the issue under way."""
    done = (MailingState.FINISHED, MailingState.CANCELLED)
    again = update(mailing).where(mailing.c.id.in_(mailings), mailing.c.state.in_(done))
    connection.execute(again.values(state=MailingState.WAITING, finished_at=None))
    begin_waiting(connection)
