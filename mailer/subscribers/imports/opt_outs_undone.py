"""Take back the opt-outs of an import, where no later event has said anything of the subscription."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from mailer.database.rows import typed_rows
from mailer.database.tables import import_run, list_, subscriber, subscriber_event, subscription
from mailer.subscribers.imports.kept import keep
from mailer.subscribers.imports.left_behind import Resumed, begun_there, leave_behind_again
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.imports.opting_out import ACTIONS, set_statuses
from mailer.subscribers.model import STILL_IN, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppression import is_barred

TAKEN_BACK = "taken_back"  # in the history: an import is undone of which the list's numbers know nothing
_PEOPLE_AT_ONCE = 2_000
# What somebody does about a subscription; facts and addresses are no matter here.
_OTHERS = ("subscribed", "released", "left_again", "left_unconfirmed", "joined_by_merging", "left_merged_list")

KeptOut = tuple[str, str, str]  # address, list, and why it is kept: left, suppressed or changed


class _HeldSubscription(NamedTuple):
    """A subscription as it is now."""

    id: int
    subscriber_id: int
    list_id: int
    status: str
    slug: str
    address: str
    address_as_given: str


class _PastEvent(NamedTuple):
    """An event of a subscription, or without a list of all of a person's."""

    subscriber_id: int
    list_id: int | None
    import_id: int | None
    at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Back:
    """A subscription that gets the status it had before, or goes when it had none."""

    id: int
    subscriber_id: int
    address: str
    address_as_given: str
    slug: str
    was: str
    since: datetime | None


def take_opt_outs_back(store: SubscriberStore, connection: Connection, import_id: int) -> int:
    """Return how many opt-outs are taken back; the others are kept. The import is marked as undone already."""
    run = connection.execute(select(import_run).where(import_run.c.id == import_id)).one()
    if not any(run.counts.get(each) for each in (Outcome.LEAVES, Outcome.KEPT_OUT)):
        return 0
    undone = set(connection.execute(select(import_run.c.id).where(import_run.c.undone_at.is_not(None))).scalars())
    number = 0
    for ids in _people(connection, import_id):
        free, still_for_all = _release(store, connection, ids, import_id, since=run.at)
        decided = _decide(connection, ids, import_id, undone)
        _release_merged(store, connection, decided.moved, since=run.at)
        barred = _still_barred(store, connection, [*decided.back.values()])
        back = [each for each in decided.back.values() if each not in barred]
        _put_back(store, connection, back, import_id)
        leave_behind_again(store, connection, decided.resumed, import_id)
        settled = {each.id for each in back}
        freed, left = _free(store, connection, ids, undone, besides=settled)
        _put_back(store, connection, [*freed, *left], import_id)
        number += free + len(back) + len(freed)
        still = _settled(decided.kept, [*back, *freed], left)
        still += [(each.address_as_given, each.slug, "suppressed") for each in barred]
        keep(connection, [*still_for_all, *still])
    return number


def _settled(still: Sequence[KeptOut], freed: Sequence[_Back], left: Sequence[_Back]) -> list[KeptOut]:
    """Return the ones kept, without those put back after all; those that count as left now say so."""
    back, out = ({(each.address_as_given, each.slug) for each in some} for some in (freed, left))
    return [
        (address, slug, "left" if (address, slug) in out else why)
        for address, slug, why in still
        if (address, slug) not in back
    ]


def _is_of(import_id: int) -> ColumnElement[bool]:
    """Return the condition for the events of what was taken over: they alone keep what was before."""
    event = subscriber_event.c
    return and_(event.import_id == import_id, event.action.in_(ACTIONS), event.detail["status"].as_string() != "")


def _people(connection: Connection, import_id: int) -> Iterator[Sequence[int]]:
    query = select(subscriber_event.c.subscriber_id).where(_is_of(import_id)).distinct()
    ordered = query.order_by(subscriber_event.c.subscriber_id).execution_options(yield_per=_PEOPLE_AT_ONCE)
    return connection.execute(ordered).scalars().partitions()


def _release(
    store: SubscriberStore, connection: Connection, ids: Sequence[int], import_id: int, *, since: datetime
) -> tuple[int, list[KeptOut]]:
    """Forget the suppressions; returns how many without a subscription are gone, and those that are not."""
    event = subscriber_event.c
    query = (
        select(event.subscriber_id, event.detail, subscriber.c.address, subscriber.c.address_as_given)
        .join(subscriber, subscriber.c.id == event.subscriber_id)
        .where(event.subscriber_id.in_(ids), _is_of(import_id), event.detail["scope"].as_string().is_not(None))
    )
    rows = connection.execute(query.order_by(subscriber.c.address)).all()
    gone = store.suppressed.take_back(connection, [(row.address, row.detail["scope"]) for row in rows], since=since)
    store.suppressed.follow_mergers(connection, [row.address for row in rows], subscriptions.merged_lists(connection))
    alone = [row for row in rows if "list" not in row.detail]
    free = [row for row in alone if (row.address, row.detail["scope"]) in gone]
    now = store.clock()
    told = [
        store.event(
            row.subscriber_id, TAKEN_BACK, now, {"scope": row.detail["scope"], "import": import_id}, import_id=import_id
        )
        for row in free
    ]
    subscriptions.record_events(connection, told)
    kept = [
        (
            row.address_as_given,
            row.detail["scope"],
            "suppressed" if store.suppressed.holds(connection, row.address, slug=row.detail["scope"]) else "changed",
        )
        for row in alone
        if (row.address, row.detail["scope"]) not in gone
    ]
    return len(free), kept


def _release_merged(
    store: SubscriberStore, connection: Connection, moved: Sequence[tuple[str, str]], *, since: datetime
) -> None:
    """Forget the suppressions of addresses that went along when lists were merged, each with the list it is for now."""
    store.suppressed.take_back(connection, moved, since=since)
    addresses = [address for address, _ in moved]
    store.suppressed.follow_mergers(connection, addresses, subscriptions.merged_lists(connection))


def _still_barred(store: SubscriberStore, connection: Connection, back: Sequence[_Back]) -> list[_Back]:
    """Return the subscriptions that other suppressions bar still."""
    held = store.suppressed.find_many(connection, [each.address for each in back if each.was in STILL_IN])
    return [each for each in back if is_barred([one.scope for one in held.get(each.address, ())], each.slug)]


def _free(
    store: SubscriberStore, connection: Connection, ids: Sequence[int], undone: set[int], *, besides: set[int]
) -> tuple[list[_Back], list[_Back]]:
    """Return the subscriptions that are kept out by nothing any more: those put back, and those that count as left.

    Put back are those that an import undone earlier had taken out, while this one kept them so. `besides` are those
    that have been put back already.
    """
    held, into = _read_held(connection, ids), _present_lists(connection)
    out = [row for row in held.values() if row.status in _WHY and row.id not in besides]
    holding = store.suppressed.find_many(connection, [row.address for row in out])
    free = [
        row
        for row in out
        if into[row.list_id] == row.list_id
        and not is_barred([each.scope for each in holding.get(row.address, ())], row.slug)
    ]
    told = _read_events(connection, [row.subscriber_id for row in free], held=held, into=into) if free else {}
    own, back, left = begun_there(connection, [row.id for row in free]), list[_Back](), list[_Back]()
    for row in free:
        key = (row.subscriber_id, row.list_id)
        events = told.get(key, []) if row.id in own else _events_of(row, told, held=held, into=into)
        while events and events[-1].import_id in undone and _made(events[-1]) != row.status:
            events = events[:-1]  # taken back already, while another one kept the person out
        if events and events[-1].import_id in undone:
            was, since = _before(events, undone)
            back.append(_back_to(row, was=was, since=_moment(since)))
        elif row.status == SubscriptionStatus.SUPPRESSED:
            since_then = events[-1].at if events else store.clock()
            left.append(_back_to(row, was=SubscriptionStatus.UNSUBSCRIBED, since=since_then))
    return back, left


def _events_of(
    row: _HeldSubscription,
    told: Mapping[tuple[int, int], list[_PastEvent]],
    *,
    held: Mapping[tuple[int, int], _HeldSubscription],
    into: Mapping[int, int],
) -> list[_PastEvent]:
    """Return the events of a subscription, also of one that went over from another list."""
    keys = [(row.subscriber_id, each) for each, present in into.items() if present == row.list_id]
    from_others = [told[key] for key in keys if key not in held and key in told]
    return from_others[0] if from_others else told.get((row.subscriber_id, row.list_id), [])


def _back_to(row: _HeldSubscription, *, was: str, since: datetime | None) -> _Back:
    return _Back(
        id=row.id,
        subscriber_id=row.subscriber_id,
        address=row.address,
        address_as_given=row.address_as_given,
        slug=row.slug,
        was=was,
        since=since,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """Subscriptions put back, those kept, suppressions that went along when lists were merged, and those left behind.

    One of a merged list is looked for where it went.
    """

    back: dict[int, _Back] = field(default_factory=dict)  # by number; of one that went over, all that was said counts
    kept: list[KeptOut] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    resumed: list[Resumed] = field(default_factory=list)


def _decide(connection: Connection, ids: Sequence[int], import_id: int, undone: set[int]) -> _Decision:
    """Decide what becomes of the opt-outs of the import."""
    held, into, decision = _read_held(connection, ids), _present_lists(connection), _Decision()
    merged, joined = subscriptions.merged_lists(connection), {now for old, now in into.items() if old != now}
    own = begun_there(connection, [row.id for row in held.values() if row.list_id in joined])
    found = _read_events(connection, ids, held=held, into=into)
    for (subscriber_id, list_id), told in found.items():
        there = held.get((subscriber_id, into[list_id]))
        row = held.get((subscriber_id, list_id)) or there
        events = _without_undone(told, import_id, undone)
        mine = next((each for each in reversed(events) if _is_opt_out(each, import_id)), None)
        if mine is None or row is None:
            continue
        while events[-1] is not mine and _is_taken_back(told, events[-1], row, undone - {import_id}):
            events = events[:-1]
        is_last = events[-1] is mine
        if list_id != into[list_id] and "scope" in mine.detail:
            decision.moved.append((row.address, merged[row.slug]))
        if row.list_id != into[list_id]:  # left behind when the person was on both
            stop = None
            if is_last and (was := _before(events, undone)[0]) in {"", *STILL_IN}:
                resumed = Resumed(id=row.id, subscriber_id=subscriber_id, slug=row.slug, was=was)
                decision.resumed.append(resumed)
                stop = _stopped(found.get((subscriber_id, into[list_id]), ()), undone, old=row.slug)
            if there:
                _decide_where_it_went(decision, there, stop)
            continue
        if is_last and row.status == _made(mine):
            was, since = _before(events, undone)
            if row.id not in decision.back or (list_id == row.list_id) == (row.id in own):
                decision.back[row.id] = _back_to(row, was=was, since=_moment(since))
        else:
            decision.kept.append((row.address_as_given, row.slug, _WHY.get(row.status, "changed")))
    return decision


def _stopped(said: Sequence[_PastEvent], undone: set[int], *, old: str) -> tuple[str, str] | None:
    """Return what a merger ended on the list that stands for the old one's sake, if nothing was said since."""
    last = next((each for each in reversed(said) if each.import_id not in undone), None)
    if last is None or last.detail.get("merged") != old:
        return None
    return _before(said[: said.index(last) + 1], undone)


def _is_taken_back(told: Sequence[_PastEvent], stop: _PastEvent, row: _HeldSubscription, undone: set[int]) -> bool:
    """Return whether the stop of a merger was taken back: the subscription is what it was before."""
    return "merged" in stop.detail and row.status == _before(told[: told.index(stop) + 1], undone)[0]


def _decide_where_it_went(decision: _Decision, there: _HeldSubscription, stop: tuple[str, str] | None) -> None:
    """Take the file's word back on the list that stands, where a merger brought it and no word came later.

    `stop` is what the merger ended there, as `_stopped` gives it.
    """
    if stop is not None:
        decision.back[there.id] = _back_to(there, was=stop[0], since=_moment(stop[1]))
    elif there.status in _WHY:
        decision.kept.append((there.address_as_given, there.slug, _WHY[there.status]))


def _moment(since: str) -> datetime | None:
    return datetime.fromisoformat(since) if since else None


def _without_undone(events: Sequence[_PastEvent], import_id: int, undone: set[int]) -> list[_PastEvent]:
    """Return the events without those that follow the last one of the import and come from undone imports.

    What these did is taken back already, or a later word keeps it.
    """
    last = max((at for at, each in enumerate(events) if _is_opt_out(each, import_id)), default=len(events))
    return [each for at, each in enumerate(events) if at <= last or each.import_id not in undone]


def _is_opt_out(event: _PastEvent, import_id: int) -> bool:
    """Return whether the event is an opt-out of the import; its file may have put the person on other lists."""
    return event.import_id == import_id and "status" in event.detail


def _present_lists(connection: Connection) -> dict[int, int]:
    """Return the number of the list that each list is by now."""
    numbers, merged = subscriptions.list_ids(connection), subscriptions.merged_lists(connection)
    return {number: numbers[merged[slug]] for slug, number in numbers.items()}


_WHY = {SubscriptionStatus.UNSUBSCRIBED.value: "left", SubscriptionStatus.SUPPRESSED.value: "suppressed"}


def _before(events: Sequence[_PastEvent], undone: set[int]) -> tuple[str, str]:
    """Return the status before the last event, and before opt-outs of imports that were undone earlier.

    One that was taken back before the next event came made nothing of what that found.
    """
    detail = events[-1].detail
    for each in reversed(events[:-1]):
        if each.import_id not in undone:
            break
        if _made(each) == detail["was"]:
            detail = each.detail
    return str(detail["was"]), str(detail.get("since", ""))


def _made(event: _PastEvent) -> str | None:
    """Return the status that an opt-out of a file gave to the subscription, or let it keep."""
    status: str | None = event.detail.get("stays", event.detail.get("status"))
    return status


def _read_held(connection: Connection, ids: Sequence[int]) -> dict[tuple[int, int], _HeldSubscription]:
    columns = (subscription.c.id, subscription.c.subscriber_id, subscription.c.list_id, subscription.c.status)
    query = (
        select(*columns, list_.c.slug, subscriber.c.address, subscriber.c.address_as_given)
        .join(list_, list_.c.id == subscription.c.list_id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.subscriber_id.in_(ids))
        .order_by(subscriber.c.address, list_.c.position)
    )
    held = typed_rows(_HeldSubscription, connection.execute(query))
    return {(row.subscriber_id, row.list_id): row for row in held}


def _read_events(
    connection: Connection,
    ids: Sequence[int],
    *,
    held: Mapping[tuple[int, int], _HeldSubscription],
    into: Mapping[int, int],
) -> dict[tuple[int, int], list[_PastEvent]]:
    """Return the events of each subscription, oldest first; one without a list counts for all of a person's.

    A subscription that went over to another list since has the events there too.
    """
    event = subscriber_event.c
    numbers = subscriptions.list_ids(connection)
    query = (
        select(event.subscriber_id, event.list_id, event.import_id, event.at, event.detail)
        .where(event.subscriber_id.in_(ids), event.action.in_((*ACTIONS, *_OTHERS)))
        .where(or_(event.list_id.is_not(None), event.import_id.is_(None)))
        .order_by(event.subscriber_id, event.id)
    )
    found: dict[tuple[int, int], list[_PastEvent]] = {}
    told = typed_rows(_PastEvent, connection.execute(query))
    for subscriber_id, rows in groupby(told, key=attrgetter("subscriber_id")):
        # Suppressing somebody by hand who got no mail through the list names it in the scope alone.
        of_one = [row._replace(list_id=row.list_id or numbers.get(row.detail.get("scope", ""))) for row in rows]
        for list_id in {row.list_id for row in of_one if row.list_id is not None}:
            lists = {list_id, None}
            if (subscriber_id, list_id) not in held:
                lists |= {each for each, present in into.items() if present == into[list_id]}
            found[subscriber_id, list_id] = [row for row in of_one if row.list_id in lists]
    return found


def _put_back(store: SubscriberStore, connection: Connection, back: Sequence[_Back], import_id: int) -> None:
    now = store.clock()
    if statuses := [{"which": each.id, "new_status": each.was, "new_since": each.since} for each in back if each.was]:
        set_statuses(connection, statuses)
    new = [each.id for each in back if not each.was]
    connection.execute(subscription.delete().where(subscription.c.id.in_(new)))
    events = [
        store.event(
            each.subscriber_id,
            "subscribed" if each.was == SubscriptionStatus.ACTIVE else TAKEN_BACK,
            now,
            {"list": each.slug, "import": import_id},
            import_id=import_id,
        )
        for each in back
    ]
    subscriptions.record_events(connection, events)
