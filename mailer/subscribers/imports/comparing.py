"""Comparing the lines of an import with the register: what each would change, decided for one person at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection, Select, exists, func, select, true

from mailer.catalogue import Message, msg
from mailer.database.rows import typed_rows
from mailer.database.tables import list_, subscriber, subscriber_event, subscription
from mailer.subscribers.facts.changes import BASIS, Change, find_changes
from mailer.subscribers.files.statuses import strictness
from mailer.subscribers.imports.contradictions import ComparedLine, choose_lines, contradiction, hold_facts
from mailer.subscribers.imports.model import Decided, ImportProgress, Outcome
from mailer.subscribers.imports.staging import (
    UndecidedLine,
    count_decisions,
    count_outcomes,
    list_what_differs,
    of_people_changed,
    read_undecided,
    write_decisions,
)
from mailer.subscribers.model import ALL_LISTS, STILL_IN, SubscriptionStatus, has_left
from mailer.subscribers.people.subscriptions import latest_basis
from mailer.subscribers.people.suppression import SuppressionList

_PEOPLE_AT_ONCE = 2_000


@dataclass(slots=True, kw_only=True)
class ExpectedPerson:
    """A person of the file as the register will have them."""

    facts: dict[str, str]
    statuses: dict[str, SubscriptionStatus]
    bases: dict[str, str]


def decide(person: ExpectedPerson | None, lines: Iterable[ComparedLine]) -> list[Decided]:
    """Decide on one address's lines in the order of the files; an empty cell changes nothing.

    What a line says of mail that is not wanted holds against any other line for that list, wherever it stands. Where
    lines contradict each other, what the register says already stays, or the first holds: the same lines decide the
    same again, in any order.
    """
    lines = [*lines]
    opt_outs, counted = _opt_outs(lines), choose_lines(lines, person.bases if person else {})
    settled = {line.n: one for line in lines if (one := _settled(person, line, opt_outs, counted))}
    told = [line for line in lines if not line.opts_out and counted[line.list].n not in settled]
    held, facts = hold_facts(person.facts if person else {}, told), dict(person.facts) if person else {}
    decided = []
    for line in lines:
        if line not in told:
            decided.append(settled[line.n])
            continue
        makes_person = person is None and line is told[0]
        if makes_person:
            facts = line.facts | {"lang": line.facts["lang"] or line.list_lang}
        changes = _take_facts(facts, line, held)
        reason = contradiction(line, held=held, told=told, counted=counted[line.list])
        one = _with_changes(person, line, changes, is_counted=counted[line.list] is line)
        decided.append(replace(one, makes_person=makes_person, reason=reason))
    return decided if person or told else _with_person(decided)


def _settled(
    person: ExpectedPerson | None,
    line: ComparedLine,
    opt_outs: Mapping[str, ComparedLine],
    counted: Mapping[str, ComparedLine],
) -> Decided | None:
    """Return the decision on a line that brings no subscription and no facts, or none."""
    if line.opts_out:
        is_one_of_two = opt_outs[line.list] is not line
        return Decided(n=line.n, outcome=Outcome.DUPLICATE) if is_one_of_two else _opt_out(person, line)
    outcome = Outcome.DUPLICATE if counted[line.list] is not line else line.outcome
    if outcome is None and (against := opt_outs.get(line.list) or opt_outs.get(ALL_LISTS)):
        reason = msg("people.file-says-against", status=_said(against))
        return Decided(n=line.n, outcome=Outcome.DUPLICATE, reason=reason)
    outcome = outcome or _obstacle(person, line.list)
    return Decided(n=line.n, outcome=outcome) if outcome else None


def _take_facts(facts: dict[str, str], line: ComparedLine, held: Mapping[str, str]) -> tuple[Change, ...]:
    """Let the person have the facts of a line that hold; return what that changes."""
    given = {name: value if line.facts[name] == value else "" for name, value in held.items()}
    changes = tuple(find_changes(facts, given))
    facts |= {change.field: change.new for change in changes}
    return changes


def _with_changes(
    person: ExpectedPerson | None, line: ComparedLine, changes: tuple[Change, ...], *, is_counted: bool
) -> Decided:
    """Decide on a line of a person taken in; one that does not count for its list may still bring facts."""
    if not is_counted:
        return Decided(n=line.n, outcome=Outcome.CHANGED if changes else Outcome.DUPLICATE, changes=changes)
    if person is None or line.list not in person.statuses:
        return Decided(n=line.n, outcome=Outcome.NEW, changes=changes)
    if line.basis != (old := person.bases.get(line.list, "")):
        changes += (Change(field=BASIS, old=old, new=line.basis),)
    return Decided(n=line.n, outcome=Outcome.CHANGED if changes else Outcome.UNCHANGED, changes=changes)


def _opt_outs(lines: Iterable[ComparedLine]) -> dict[str, ComparedLine]:
    """Return the strictest line for each list, or for `ALL_LISTS`, that says no mail is wanted; the first of equals."""
    found: dict[str, ComparedLine] = {}
    for line in lines:
        if line.opts_out and (line.list not in found or strictness(line.status) > strictness(found[line.list].status)):
            found[line.list] = line
    return found


def _opt_out(person: ExpectedPerson | None, line: ComparedLine) -> Decided:
    """Decide on a line that says that no mail is wanted, for a person the register has, or has not."""
    statuses = person.statuses if person else {}
    outcome, lists = line.outcome, [line.list] if line.list in statuses else []
    if line.list == ALL_LISTS:
        lists = [slug for slug, status in statuses.items() if status in STILL_IN]
    if outcome is None and any(statuses[slug] in STILL_IN for slug in lists):
        outcome = Outcome.LEAVES
    elif outcome is None:
        outcome = _already_out(statuses, line) or Outcome.KEPT_OUT
    reason = ""
    if outcome is Outcome.LEAVES and line.list == ALL_LISTS:
        reason = msg("people.file-says-leaves", status=_said(line), lists=", ".join(lists))
    elif outcome in {Outcome.LEAVES, Outcome.KEPT_OUT}:
        reason = _file_says(line.said, line.status)
    return Decided(n=line.n, outcome=outcome, reason=reason)


def _already_out(statuses: dict[str, SubscriptionStatus], line: ComparedLine) -> Outcome | None:
    """Return whether the register says so, or something stricter, already."""
    if statuses.get(line.list) is SubscriptionStatus.SUPPRESSED:
        return Outcome.SUPPRESSED
    if line.status is SubscriptionStatus.SUPPRESSED:
        return None
    has = has_left(statuses, line.list) if line.list == ALL_LISTS else line.list in statuses
    return Outcome.LEFT if has else None


@lru_cache(maxsize=1_000)
def _file_says(said: str, status: SubscriptionStatus) -> Message:
    """Return the same message for the many lines that say the same."""
    return msg("people.file-says", status=said or _WORDS[status]())


def _said(line: ComparedLine) -> str:
    return line.said or _WORDS[line.status]()


_WORDS = {
    SubscriptionStatus.UNSUBSCRIBED: partial(msg, "people.unsubscribed"),
    SubscriptionStatus.SUPPRESSED: partial(msg, "people.suppressed"),
}


def _with_person(decided: list[Decided]) -> list[Decided]:
    """Let the first opt-out that is taken over bring the address of an unknown person."""
    first = next((at for at, each in enumerate(decided) if each.outcome is Outcome.KEPT_OUT), None)
    if first is not None:
        decided[first] = replace(decided[first], makes_person=True)
    return decided


def _obstacle(person: ExpectedPerson | None, slug: str) -> Outcome | None:
    if person is None:
        return None
    if person.statuses.get(slug) is SubscriptionStatus.SUPPRESSED:
        return Outcome.SUPPRESSED
    return Outcome.LEFT if has_left(person.statuses, slug) else None


def compare(connection: Connection, *, total: int, progress: Callable[[ImportProgress], None]) -> Counter[Outcome]:
    """Decide on every staged line and write the decisions beside them; returns how many had which outcome."""
    list_what_differs(connection, true())
    counts = Counter({Outcome.NEW: count_decisions(connection)})
    for decided in _decide_one_by_one(connection):
        counts.update(each.outcome for each in decided)
        progress(ImportProgress(step="comparing", done=counts.total(), total=total))
    counts[Outcome.UNCHANGED] += total - counts.total()
    return counts


def compare_again(connection: Connection, counts: Counter[Outcome], *, since: int) -> Counter[Outcome]:
    """Decide anew on the lines of people to whom something has happened after an event; returns the new counts."""
    lines = of_people_changed(since=since)
    before = count_outcomes(connection, lines)
    list_what_differs(connection, lines)
    for _ in _decide_one_by_one(connection):
        pass
    return counts - before + count_outcomes(connection, lines)


def _decide_one_by_one(connection: Connection) -> Iterator[Sequence[Decided]]:
    """Decide on the lines that are undecided and write that down; yields it, some people after others."""
    people = groupby(read_undecided(connection), key=attrgetter("address"))
    groups = ([*rows] for _, rows in people)
    while batch := list(islice(groups, _PEOPLE_AT_ONCE)):
        decided = [each for rows in _with_statuses(connection, batch) for each in decide(*rows)]
        write_decisions(connection, decided)
        yield decided


class _HeldSubscription(NamedTuple):
    """A subscription in the register, as far as comparing needs it."""

    subscriber_id: int
    slug: str
    status: str
    basis: str | None


def _with_statuses(
    connection: Connection, batch: Sequence[Sequence[UndecidedLine]]
) -> Iterator[tuple[ExpectedPerson | None, list[ComparedLine]]]:
    held = _read_subscriptions(connection, [first.id for first, *_ in batch if first.id is not None])
    for first, *others in batch:
        person = None
        if first.id is not None:
            lists = held.get(first.id, ())
            statuses = {each.slug: SubscriptionStatus(each.status) for each in lists}
            person = ExpectedPerson(
                facts=first.stored_facts, statuses=statuses, bases={each.slug: each.basis or "" for each in lists}
            )
        yield person, [_line(row) for row in (first, *others)]


def _line(row: UndecidedLine) -> ComparedLine:
    return ComparedLine(
        n=row.n,
        list=row.list_slug,
        list_lang=row.list_lang,
        basis=row.basis,
        outcome=Outcome(row.outcome) if row.outcome else None,
        facts={"name": row.name, "organisation": row.organisation, "role": row.role, "lang": row.lang},
        status=SubscriptionStatus(row.status),
        said=row.said,
        place=f"{row.source}:{row.line}",
    )


def _read_subscriptions(connection: Connection, ids: Sequence[int]) -> dict[int, list[_HeldSubscription]]:
    found: dict[int, list[_HeldSubscription]] = {}
    if not ids:
        return found
    query = (
        select(subscription.c.subscriber_id, list_.c.slug, subscription.c.status, latest_basis().label("basis"))
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.subscriber_id.in_(ids), list_.c.merged_into_id.is_(None))
    )
    for row in typed_rows(_HeldSubscription, connection.execute(query)):
        found.setdefault(row.subscriber_id, []).append(row)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Values that change whenever the people or lists change that an import is compared with.

    Changes of people are events, but for those who come and go.
    """

    people: int
    last_person: int
    last_event: int
    merged_lists: int
    suppressed: bytes


def fingerprint(connection: Connection, suppressed: SuppressionList) -> Fingerprint:
    """Return the register's fingerprint.

    Numbers of events are given before others can see them, so ask only while no change is under way (`lock_joining`).
    """

    def number(query: Select[int]) -> int:
        return connection.execute(query).scalar_one()

    return Fingerprint(
        people=number(select(func.count()).select_from(subscriber)),
        last_person=number(select(func.coalesce(func.max(subscriber.c.id), 0))),
        last_event=number(select(func.coalesce(func.max(subscriber_event.c.id), 0))),
        merged_lists=number(select(func.count(list_.c.merged_into_id))),
        suppressed=suppressed.fingerprint(connection),
    )


def has_same_people(connection: Connection, seen: Fingerprint, now: Fingerprint) -> bool:
    """Return whether the same people at the same addresses are there, on the same lists; some have changed at most."""
    event = subscriber_event.c
    moved = exists().where(event.id > seen.last_event, event.action == "moved")
    return replace(now, last_event=seen.last_event) == seen and not connection.execute(select(moved)).scalar()
