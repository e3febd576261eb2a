"""Suppressing, and releasing, every address of a file: all of them or none, each accounted for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, select

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.tables import subscriber
from mailer.spreadsheets.formulas import restore
from mailer.spreadsheets.limits import SpreadsheetError
from mailer.spreadsheets.table import open_table
from mailer.subscribers.facts.address import AddressError, parse_address
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.identity_numbers import holds_identity_number, refuse_identity_number
from mailer.subscribers.facts.words import MOST_SHOWN, WordsError, clean_words
from mailer.subscribers.files.columns import columns_of, count_known, is_header
from mailer.subscribers.model import ALL_LISTS, SubscriptionStatus
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppressing import present_scope, release_in, suppress_subscriptions
from mailer.subscribers.people.suppression import TAKEN_OVER, Suppressing, Suppression, SuppressionReason, is_barred

_AT_ONCE = 2_000


class Fate(StrEnum):
    """The outcome of a line of addresses to suppress or release."""

    SUPPRESSED = "suppressed"
    RELEASED = "released"
    ALREADY = "already"  # suppressed before, so nothing changes
    LEFT_ALONE = "left_alone"  # not suppressed, or for a reason that this does not end
    DUPLICATE = "duplicate"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLine:
    """One line of the file; `lists` are those that somebody known got mail through."""

    line: int
    fate: Fate
    address: str
    is_known: bool = False
    lists: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyReport:
    """The outcome of each line; `applied` is false after a dry run and when lines were invalid."""

    applied: bool
    lines: tuple[AddressLine, ...]

    def count(self, fate: Fate) -> int:
        """Return how many lines had this fate."""
        return sum(each.fate is fate for each in self.lines)


def suppress_file(
    store: SubscriberStore, file: Path, *, note: str, list_slug: str | None = None, dry_run: bool = False
) -> ManyReport:
    """Suppress the addresses of a file, on one list or all; one invalid line stops it. Raises `SpreadsheetError`."""
    cleaned, now, lines = _reason(note), store.clock(), _read(file)
    with store.joining() as connection:
        scope = present_scope(connection, list_slug)
        held = _held(store, connection, lines)
        known = _known(connection, lines)
        told = [_suppressed(each, held.get(each.address, ()), known.get(each.address), scope) for each in lines]
        stops = dry_run or any(each.fate is Fate.INVALID for each in told)
        if not stops:
            new = [each for each in told if each.fate is Fate.SUPPRESSED]
            _suppress(store, connection, new, known, scope=scope, note=cleaned, now=now)
            if new:
                detail = {"number": len(new), "scope": scope, "reason": SuppressionReason.MANUAL, "by": "file"}
                store.operator.record(connection, Action.SUPPRESSED, at=now, detail=detail)
    return ManyReport(applied=not stops, lines=tuple(told))


def release_file(
    store: SubscriberStore, file: Path, *, note: str, noted: str, list_slug: str | None = None, dry_run: bool = False
) -> ManyReport:
    """Release addresses of a file that were suppressed by hand for the reason `noted`. Raises `SpreadsheetError`."""
    reason, wanted, lines = _reason(note), clean_words(noted), _read(file)
    with store.database.reading() as connection:
        scope = present_scope(connection, list_slug)
        held, known = _held(store, connection, lines), _known(connection, lines)
    told = [_released(each, held.get(each.address, ()), known.get(each.address), scope, wanted) for each in lines]
    stops = dry_run or any(each.fate is Fate.INVALID for each in told)
    if not stops:
        with store.joining() as connection:
            for each in told:
                if each.fate is Fate.RELEASED:
                    release_in(store, connection, each.address, note=reason, scope=scope)
            if number := sum(each.fate is Fate.RELEASED for each in told):
                detail = {"number": number, "scope": scope, "by": "file"}
                store.operator.record(connection, Action.RELEASED, at=store.clock(), detail=detail)
    return ManyReport(applied=not stops, lines=tuple(told))


def _reason(note: str) -> str:
    refuse_identity_number(note, where=name_of_field("reason"))
    if cleaned := clean_words(note):
        return cleaned
    raise SubscriberError(msg("people.reason-missing"), hint=msg("people.say-why"))


def _read(file: Path) -> list[AddressLine]:
    """The addresses in order: of the column that holds them, or of a file that has one address on each line."""
    seen: set[str] = set()
    with open_table(file, known=count_known) as cells:
        return [_line(number, cell, seen, file) for number, cell in _addresses(cells, file)]


def _addresses(rows: Iterator[tuple[int, list[str]]], file: Path) -> Iterator[tuple[int, str]]:
    start, first = next(rows, (1, list[str]()))
    if is_header(first):
        columns = columns_of(first, where=f"{file}:{start}")
        if told := [each for each in ("list", "status", "subscribed", "unsubscribed") if each in columns]:
            raise SpreadsheetError(
                msg("people.column-says-else", column=name_of_field(told[0])),
                where=f"{file}:{start}",
                hint=msg("people.column-says-else-hint"),
            )
        at = columns["address"]
        yield from ((number, cells[at] if at < len(cells) else "") for number, cells in rows)
        return
    if any(cell.strip() for cell in first):
        yield start, _only(first, f"{file}:{start}")
    yield from ((number, _only(cells, f"{file}:{number}")) for number, cells in rows)


def _only(cells: list[str], where: str) -> str:
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) != 1:
        raise SpreadsheetError(msg("people.several-cells"), where=where, hint=msg("people.several-cells-hint"))
    return filled[0]


def _line(number: int, cell: str, seen: set[str], file: Path) -> AddressLine:
    if holds_identity_number(cell):
        what, hint = msg("people.identity-number-in-file"), msg("people.remove-it-and-copies")
        raise SpreadsheetError(what, where=f"{file}:{number}", hint=hint)
    try:
        address = parse_address(clean_words(restore(cell))).normalised
    except (AddressError, WordsError) as refused:
        return AddressLine(line=number, fate=Fate.INVALID, address=cell.strip()[:MOST_SHOWN], reason=refused.what)
    fate = Fate.DUPLICATE if address in seen else Fate.SUPPRESSED
    seen.add(address)
    return AddressLine(line=number, fate=fate, address=address)


def _suppressed(line: AddressLine, held: Sequence[Suppression], person: "_Known | None", scope: str) -> AddressLine:
    """Return the line with its outcome; a suppression by an import is repeated by hand, for good."""
    lists = person.lists_in(scope) if person else ()
    fate = line.fate
    if fate is Fate.SUPPRESSED and is_barred([each.scope for each in held if each.reason not in TAKEN_OVER], scope):
        fate = Fate.ALREADY
    return AddressLine(
        line=line.line,
        fate=fate,
        address=line.address,
        is_known=person is not None,
        lists=lists if fate is Fate.SUPPRESSED else (),
        reason=line.reason,
    )


def _released(
    line: AddressLine, held: Sequence[Suppression], person: "_Known | None", scope: str, noted: str
) -> AddressLine:
    is_it = any(each.scope == scope and each.reason is SuppressionReason.MANUAL and each.note == noted for each in held)
    fate = line.fate
    if fate is Fate.SUPPRESSED:
        fate = Fate.RELEASED if is_it else Fate.LEFT_ALONE
    return AddressLine(line=line.line, fate=fate, address=line.address, is_known=person is not None, reason=line.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A subscriber of the file, with the lists they get mail through."""

    id: int
    lists: tuple[str, ...]

    def lists_in(self, scope: str) -> tuple[str, ...]:
        return tuple(each for each in self.lists if scope in {each, ALL_LISTS})


def _suppress(
    store: SubscriberStore,
    connection: Connection,
    new: Sequence[AddressLine],
    known: dict[str, _Known],
    *,
    scope: str,
    note: str,
    now: datetime,
) -> None:
    reason = SuppressionReason.MANUAL
    wanted = [Suppressing(address=each.address, scope=scope, reason=reason, note=note) for each in new]
    store.suppressed.add_many(connection, wanted, now=now)
    for each in new:
        if person := known.get(each.address):
            suppress_subscriptions(store, connection, person.id, reason=reason, scope=scope, now=now)


def _held(
    store: SubscriberStore, connection: Connection, lines: Sequence[AddressLine]
) -> dict[str, tuple[Suppression, ...]]:
    return store.suppressed.find_many(connection, [each.address for each in lines if each.fate is not Fate.INVALID])


def _known(connection: Connection, lines: Sequence[AddressLine]) -> dict[str, _Known]:
    addresses = [each.address for each in lines if each.fate is Fate.SUPPRESSED]
    found: dict[str, _Known] = {}
    for start in range(0, len(addresses), _AT_ONCE):
        batch = addresses[start : start + _AT_ONCE]
        query = select(subscriber.c.id, subscriber.c.address).where(subscriber.c.address.in_(batch))
        rows = connection.execute(query).all()
        held = subscriptions.read_subscriptions(connection, [row.id for row in rows])
        for row in rows:
            active = tuple(each.list for each in held[row.id] if each.status is SubscriptionStatus.ACTIVE)
            found[row.address] = _Known(id=row.id, lists=active)
    return found
