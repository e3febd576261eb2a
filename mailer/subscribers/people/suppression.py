"""Suppressed addresses, kept as keyed hashes so that even erased people stay out."""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, event, func, or_, select

from mailer.catalogue import msg
from mailer.database.rows import typed_rows
from mailer.database.tables import suppression
from mailer.database.withdrawals import Turn, Withdrawal, note_said
from mailer.errors import MailerError
from mailer.subscribers.model import ALL_LISTS

_AT_ONCE = 2_000
# No list is called so:
_KEY_SCOPE = "#key"  # of the row that says which key the others were made with
ERASED_BEFORE = "#erased"  # of a released row that makes room: the address was erased, and came back

Scopes = Mapping[bytes, frozenset[str]]  # what an address is suppressed for, by its hash


def is_key_row(scope: str) -> bool:
    """Return whether a row of this scope tells of the key, and suppresses no address."""
    return scope == _KEY_SCOPE


def is_barred(scopes: Collection[str], slug: str) -> bool:
    """Return whether an address that is suppressed for these scopes may get nothing through this list."""
    return slug in scopes or ALL_LISTS in scopes


class SuppressionKeyError(MailerError):
    """A key that is not the one used before: suppressed people would not be known by it."""


class SuppressionReason(StrEnum):
    """The reason why an address is suppressed."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    MANUAL = "manual"
    MOVED = "moved"  # the person has another address now; the old one must not come back through an old file
    IMPORTED = "imported"  # a file says so
    UNSUBSCRIBED = "left_elsewhere"  # a file says that the person left all lists, who was on none here


# What an import can take back.
TAKEN_OVER = (SuppressionReason.IMPORTED, SuppressionReason.UNSUBSCRIBED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """The reason and the day since when an address is suppressed; `scope` is all lists, or one."""

    reason: SuppressionReason
    since: datetime
    note: str
    scope: str


class _StoredSuppression(NamedTuple):
    """A suppression as the table holds it."""

    address_hash: bytes
    reason: str
    since: datetime
    note: str
    scope: str


_SUPPRESSIONS = select(*(suppression.c[name] for name in _StoredSuppression._fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressing:
    """One of many addresses that are suppressed at once; normalised."""

    address: str
    scope: str
    reason: SuppressionReason
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FutureKey:
    """The key where none may have been made: `read` gives None then, and `keep` makes `new` last.

    It raises `SuppressionKeyError` when another was made meanwhile.
    """

    read: Callable[[], bytes | None]
    keep: Callable[[bytes], None]
    new: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """The suppressed addresses. The key never changes, or erased people could be imported again.

    `keep` is there when the key is not kept yet: it makes it last when the first address is suppressed with it.
    """

    key: bytes = field(repr=False)
    keep: Callable[[bytes], None] | None = None

    def require_key(self, connection: Connection) -> None:
        """Raise `SuppressionKeyError` when the addresses here were suppressed with another key."""
        query = select(suppression.c.address_hash).where(suppression.c.scope == _KEY_SCOPE)
        if any(bytes(each) != self.hash_of("") for each in connection.execute(query).scalars()):
            raise SuppressionKeyError(
                msg("people.other-suppression-key"), hint=msg("people.other-suppression-key-hint")
            )

    def hash_of(self, address: str) -> bytes:
        """Return the keyed hash of a normalised address."""
        return hmac.digest(self.key, address.encode(), sha256)

    def holds(self, connection: Connection, address: str, *, slug: str = ALL_LISTS) -> bool:
        """Return whether the normalised address is suppressed: for this list, or when none is named for all."""
        return is_barred(self.scopes(connection, address), slug)

    def scopes(self, connection: Connection, address: str) -> frozenset[str]:
        """Return the scopes for which the normalised address is suppressed."""
        return frozenset(each.scope for each in self.find(connection, address))

    def find(self, connection: Connection, address: str) -> tuple[Suppression, ...]:
        """Return the suppressions of a normalised address, oldest first."""
        return self.find_many(connection, [address]).get(address, ())

    def find_many(self, connection: Connection, addresses: Sequence[str]) -> dict[str, tuple[Suppression, ...]]:
        """Return the suppressions of many normalised addresses, those that have any."""
        hashes = {self.hash_of(each): each for each in addresses}
        return {hashes[hash_]: found for hash_, found in self.find_hashed(connection, [*hashes]).items()}

    def find_hashed(self, connection: Connection, hashes: Sequence[bytes]) -> dict[bytes, tuple[Suppression, ...]]:
        """Return the suppressions of many addresses by their hashes, of those that have any."""
        found: dict[bytes, tuple[Suppression, ...]] = {}
        for start in range(0, len(hashes), _AT_ONCE):
            query = _SUPPRESSIONS.where(suppression.c.address_hash.in_(hashes[start : start + _AT_ONCE]), _HOLDS)
            for row in typed_rows(_StoredSuppression, connection.execute(query.order_by(suppression.c.id))):
                hash_, reason = bytes(row.address_hash), SuppressionReason(row.reason)
                one = Suppression(reason=reason, since=row.since, note=row.note, scope=row.scope)
                found[hash_] = (*found.get(hash_, ()), one)
        return found

    def add(
        self,
        connection: Connection,
        address: str,
        *,
        reason: SuppressionReason,
        now: datetime,
        note: str = "",
        scope: str = ALL_LISTS,
    ) -> bool:
        """Suppress the normalised address; says whether it was not suppressed before."""
        return self.add_hashed(connection, self.hash_of(address), reason=reason, now=now, note=note, scope=scope)

    def add_hashed(
        self,
        connection: Connection,
        hash_: bytes,
        *,
        reason: SuppressionReason,
        now: datetime,
        note: str = "",
        scope: str = ALL_LISTS,
    ) -> bool:
        """Suppress the address of a hash, which may be all that is known of it."""
        held = [
            each for each in self.find_hashed(connection, [hash_]).get(hash_, ()) if each.scope in {scope, ALL_LISTS}
        ]
        if any(each.reason not in TAKEN_OVER for each in held) or (held and reason in TAKEN_OVER):
            return False
        self._set_aside_erased(connection, [hash_])
        # One that was released, or that would go when its import is undone.
        connection.execute(suppression.delete().where(_row_of(hash_, scope)))
        row = {"address_hash": hash_, "scope": scope, "reason": reason.value, "since": now}
        connection.execute(suppression.insert().values(row | {"note": note}))
        note_said(connection, [_suppressed(row)])
        self._mark_key(connection, now)
        return True

    def add_many(self, connection: Connection, wanted: Sequence[Suppressing], *, now: datetime) -> None:
        """Suppress addresses for scopes they are not suppressed for, none of them twice."""
        if not wanted:
            return
        is_it = (suppression.c.address_hash == bindparam("hash_")) & (suppression.c.scope == bindparam("scope_"))
        hashed = [(self.hash_of(each.address), each) for each in wanted]
        self._set_aside_erased(connection, [hash_ for hash_, _ in hashed])
        keys = [{"hash_": hash_, "scope_": each.scope} for hash_, each in hashed]
        connection.execute(suppression.delete().where(is_it), keys)  # those that were released
        rows = [
            {
                "address_hash": hash_,
                "scope": each.scope,
                "reason": each.reason.value,
                "note": each.note,
                "since": now,
            }
            for hash_, each in hashed
        ]
        connection.execute(suppression.insert(), rows)
        note_said(connection, map(_suppressed, rows))
        self._mark_key(connection, now)

    def take_back(
        self, connection: Connection, wanted: Collection[tuple[str, str]], *, since: datetime
    ) -> set[tuple[str, str]]:
        """Forget what an import said of normalised addresses and scopes at that moment; returns those that still held.

        A few thousand at a time.
        """
        hashes = {self.hash_of(address): address for address, _ in wanted}
        reasons = [each.value for each in TAKEN_OVER]
        of_it = and_(suppression.c.reason.in_(reasons), suppression.c.since == since, _HOLDS)
        query = select(suppression).where(suppression.c.address_hash.in_(list(hashes)), of_it)
        rows = {(hashes[bytes(row.address_hash)], str(row.scope)): row.id for row in connection.execute(query)}
        gone = rows.keys() & set(wanted)
        connection.execute(suppression.delete().where(suppression.c.id.in_([rows[each] for each in gone])))
        note_said(connection, [_released(self.hash_of(address), scope, now=since) for address, scope in gone])
        return gone

    def follow_mergers(self, connection: Connection, addresses: Sequence[str], merged: Mapping[str, str]) -> None:
        """Let what was said of merged lists hold for those they are part of, where nothing is said of these.

        It gave way when the lists were merged, to what an undone import has taken back. A few thousand at a time.
        """
        old = [slug for slug, present in merged.items() if slug != present]
        hashes = list(map(self.hash_of, addresses)) if old else []
        of_them = select(suppression).where(suppression.c.address_hash.in_(hashes)).order_by(suppression.c.id)
        rows = connection.execute(of_them).all() if hashes else []
        taken = {(row.address_hash, row.scope) for row in rows}
        for row in rows:
            place = (row.address_hash, merged.get(row.scope, row.scope))
            if row.released_at is None and place not in taken:
                taken.add(place)
                connection.execute(suppression.update().where(suppression.c.id == row.id).values(scope=place[1]))

    def _mark_key(self, connection: Connection, now: datetime) -> None:
        self.require_key(connection)
        if not self._has_key_row(connection):
            if keep := self.keep:  # what is rolled back, as in a dry run, makes no key
                event.listen(connection, "commit", lambda _: keep(self.key))
            self._write_key_row(connection, now)

    def make_last(self, connection: Connection, now: datetime) -> None:
        """Write down which key hashes are made with, and make it last, in a transaction that is about to commit."""
        if not self._has_key_row(connection):
            self._write_key_row(connection, now)
            if self.keep:
                self.keep(self.key)

    def _has_key_row(self, connection: Connection) -> bool:
        return connection.execute(select(suppression.c.id).where(self._row("", _KEY_SCOPE))).first() is not None

    def _write_key_row(self, connection: Connection, now: datetime) -> None:
        row = {"address_hash": self.hash_of(""), "scope": _KEY_SCOPE, "reason": "key", "since": now}
        connection.execute(suppression.insert().values(row))

    def release(
        self, connection: Connection, address: str, *, note: str, now: datetime, scope: str = ALL_LISTS
    ) -> bool:
        """Let the normalised address be written to again, and keep why; says whether it was suppressed so."""
        return self.release_hashed(connection, self.hash_of(address), note=note, now=now, scope=scope)

    def release_hashed(
        self, connection: Connection, hash_: bytes, *, note: str, now: datetime, scope: str = ALL_LISTS
    ) -> bool:
        """Release the address of a hash; says whether it was suppressed so."""
        statement = suppression.update().where(_row_of(hash_, scope), _HOLDS)
        is_released = connection.execute(statement.values(released_at=now, release_note=note)).rowcount == 1
        note_said(connection, [_released(hash_, scope, now=now)] if is_released else [])
        return is_released

    def erase(self, connection: Connection, address: str, *, now: datetime) -> None:
        """Keep of the normalised address only that it is erased: notes may tell of the person."""
        self.erase_hashed(connection, self.hash_of(address), now=now)

    def erase_hashed(self, connection: Connection, hash_: bytes, *, now: datetime) -> None:
        """Keep of a hash only that its address is erased."""
        connection.execute(suppression.delete().where(suppression.c.address_hash == hash_))
        note_said(connection, [Withdrawal(at=now, turn=Turn.ERASED, scope=ALL_LISTS, address_hash=hash_)])
        self.add_hashed(connection, hash_, reason=SuppressionReason.ERASED, now=now)

    def latest(self, connection: Connection) -> dict[bytes, datetime]:
        """Return the latest moment at which each hash was suppressed, released ones included."""
        query = select(suppression.c.address_hash, func.max(suppression.c.since)).group_by(suppression.c.address_hash)
        return {bytes(hash_): since for hash_, since in connection.execute(query)}

    def move(self, connection: Connection, old: str, new: str) -> None:
        """Let what holds for single lists go along with a person to an address that nothing holds for."""
        before, after = self.hash_of(old), self.hash_of(new)
        self._set_aside_erased(connection, [before, after])
        is_erased = suppression.c.scope == ERASED_BEFORE
        connection.execute(suppression.delete().where(suppression.c.address_hash == after, ~is_erased))  # released
        if not connection.execute(select(suppression.c.id).where(suppression.c.address_hash == after)).first():
            erased = suppression.update().where(suppression.c.address_hash == before, is_erased)
            connection.execute(erased.values(address_hash=after))
        theirs = and_(suppression.c.address_hash == before, suppression.c.scope != ALL_LISTS, _HOLDS)
        connection.execute(suppression.update().where(theirs).values(address_hash=after))
        gone_over = _SUPPRESSIONS.where(suppression.c.address_hash == after, _HOLDS)
        note_said(connection, [_suppressed(dict(row)) for row in connection.execute(gone_over).mappings()])

    def came_back(self, connection: Connection, *, since: datetime) -> frozenset[bytes]:
        """Return the hashes of addresses that were erased after that moment, and released."""
        was_erased = and_(suppression.c.reason == SuppressionReason.ERASED, ~_HOLDS, suppression.c.since > since)
        found = connection.execute(select(suppression.c.address_hash).where(was_erased)).scalars()
        return frozenset(map(bytes, found))

    def _set_aside_erased(self, connection: Connection, hashes: Sequence[bytes]) -> None:
        """Keep of addresses that they were erased and came back, where a new row is to take the place of the old."""
        for start in range(0, len(hashes), _AT_ONCE):
            of_them = suppression.c.address_hash.in_(hashes[start : start + _AT_ONCE])
            is_erased = and_(of_them, suppression.c.reason == SuppressionReason.ERASED, ~_HOLDS)
            latest = suppression.update().where(is_erased, suppression.c.scope == ALL_LISTS)
            connection.execute(latest.values(scope=ERASED_BEFORE))

    def rename_scope(self, connection: Connection, old: str, new: str) -> frozenset[bytes]:
        """Let what was said of one list hold for another that takes its place; returns all that hold for that one."""
        holds = select(suppression.c.address_hash).where(suppression.c.scope == old, _HOLDS)
        hashes = frozenset(map(bytes, connection.execute(holds).scalars()))
        by_hand = holds.where(suppression.c.reason.not_in(TAKEN_OVER))
        by_file = and_(suppression.c.reason.in_(TAKEN_OVER), suppression.c.address_hash.in_(by_hand))
        gives_way = and_(
            suppression.c.scope == new, or_(~_HOLDS, by_file)
        )  # released, or goes when an import is undone
        connection.execute(suppression.delete().where(gives_way, suppression.c.address_hash.in_(hashes)))
        has_new = select(suppression.c.address_hash).where(suppression.c.scope == new)
        moves = and_(suppression.c.scope == old, suppression.c.address_hash.not_in(has_new))
        connection.execute(suppression.update().where(moves).values(scope=new))
        barred = select(suppression.c.address_hash).where(suppression.c.scope == new, _HOLDS)
        return frozenset(map(bytes, connection.execute(barred).scalars()))

    def has_any(self, connection: Connection) -> bool:
        """Return whether any address is suppressed."""
        query = select(suppression.c.id).where(suppression.c.scope != _KEY_SCOPE, _HOLDS)
        return connection.execute(query.limit(1)).first() is not None

    def fingerprint(self, connection: Connection) -> bytes:
        """Return a value that changes whenever an address is suppressed or released, however many there are."""
        query = select(suppression.c.address_hash, suppression.c.scope).where(_HOLDS)
        ordered = query.order_by(suppression.c.address_hash, suppression.c.scope)
        digest = sha256()
        for row in connection.execute(ordered.execution_options(yield_per=_AT_ONCE)):
            digest.update(bytes(row.address_hash) + row.scope.encode() + b"\n")
        return digest.digest()

    def all_scopes(self, connection: Connection) -> Scopes:
        """Return the scopes of every suppressed address by its hash, for comparing with many."""
        found: dict[bytes, frozenset[str]] = {}
        for row in connection.execute(select(suppression.c.address_hash, suppression.c.scope).where(_HOLDS)):
            key = bytes(row.address_hash)
            found[key] = found.get(key, frozenset()) | {row.scope}
        return found

    def for_all_lists(self, connection: Connection) -> dict[bytes, SuppressionReason]:
        """Return the reason for every address that is suppressed for all lists, by its hash."""
        query = select(suppression.c.address_hash, suppression.c.reason).where(suppression.c.scope == ALL_LISTS, _HOLDS)
        return {bytes(row.address_hash): SuppressionReason(row.reason) for row in connection.execute(query)}

    def _row(self, address: str, scope: str) -> ColumnElement[bool]:
        return _row_of(self.hash_of(address), scope)


def _row_of(hash_: bytes, scope: str) -> ColumnElement[bool]:
    return and_(suppression.c.address_hash == hash_, suppression.c.scope == scope)


_HOLDS = suppression.c.released_at.is_(None)


def list_with(key: bytes | FutureKey) -> SuppressionList:
    """Return the suppressed addresses with the key as it is by now: another process may have made one."""
    if isinstance(key, bytes):
        return SuppressionList(key)
    known = key.read()
    return SuppressionList(key.new, key.keep) if known is None else SuppressionList(known)


def _suppressed(row: Mapping[str, Any]) -> Withdrawal:
    """Return a row of the table as a withdrawal."""
    return Withdrawal(
        at=row["since"],
        turn=Turn.SUPPRESSED,
        scope=row["scope"],
        address_hash=bytes(row["address_hash"]),
        reason=row["reason"],
    )


def _released(hash_: bytes, scope: str, *, now: datetime) -> Withdrawal:
    return Withdrawal(at=now, turn=Turn.RELEASED, scope=scope, address_hash=hash_)
