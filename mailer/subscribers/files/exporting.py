"""Exporting subscribers to CSV or a workbook that Excel opens right, and that comes back through import unchanged."""

import csv
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from mailer.catalogue import msg
from mailer.database.decisions import Action
from mailer.database.rows import typed_rows
from mailer.database.tables import list_, subscriber, subscription
from mailer.errors import ExitCode, MailerError, explain_os_error, reason_of
from mailer.spreadsheets.formulas import defuse
from mailer.spreadsheets.limits import MAXIMUM_ROWS
from mailer.subscribers.files.columns import COLUMNS
from mailer.subscribers.files.statuses import OPT_OUTS
from mailer.subscribers.model import ALL_LISTS, SubscriptionStatus
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.subscriptions import latest_basis
from mailer.subscribers.people.suppression import SuppressionReason

EXPORTED = ("address", "name", "organisation", "role", "lang", "list", "basis", "status")

# One name that an older version stored would else spoil the workbook for everybody (XML 1.0, production 2).
_OUTSIDE_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Format(StrEnum):
    """`excel` is CSV with a mark and semicolons, as Norwegian Excel opens by a double click; `plain` is for tools."""

    EXCEL = "excel"
    PLAIN = "plain"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportChoice:
    """The subscriptions to export: on these lists (none named: all), in this region, of these statuses."""

    lists: Collection[str] = ()
    region: str = ""
    statuses: Collection[SubscriptionStatus] = field(default=(SubscriptionStatus.ACTIVE,))


class ExportError(MailerError):
    """A file that cannot be written."""

    exit_code = ExitCode.INPUT_OUTPUT


def export(store: SubscriberStore, file: Path, *, choice: ExportChoice, form: Format) -> int:
    """Write one row for each subscription; returns how many. The file is readable for its owner only.

    A person kept out of all lists has another row for that, with `ALL_LISTS` as its list.
    """
    header = [COLUMNS[each][0] for each in EXPORTED]
    try:
        with _open(file, form) as out, store.database.reading() as connection:
            number = _write(out, header, _rows(store, connection, choice), form)
    except OSError as error:
        what = msg("people.not-written", reason=reason_of(error))
        raise ExportError(what, where=str(file), hint=explain_os_error(error).hint) from error
    try:
        _write_down(store, choice, number)
    except BaseException:
        if file.is_file():  # not /dev/stdout; nobody's addresses leave without its being known
            file.unlink()
        raise
    return number


def _write_down(store: SubscriberStore, choice: ExportChoice, number: int) -> None:
    chosen = {"lists": sorted(choice.lists), "region": choice.region, "statuses": sorted(choice.statuses)}
    with store.database.writing() as connection:
        store.operator.record(connection, Action.EXPORTED, at=store.clock(), detail=chosen | {"number": number})


def write_rows(file: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    """Write any table as `export` writes Excel's CSV; returns the number of rows."""
    with _open(file, Format.EXCEL) as out:
        return _write(out, header, rows, Format.EXCEL)


def _open(file: Path, form: Format) -> IO[Any]:
    if form is Format.XLSX:
        return open(file, "wb", opener=_for_owner)
    encoding = "utf-8" if form is Format.PLAIN else "utf-8-sig"
    return open(file, "w", encoding=encoding, newline="", opener=_for_owner)


def _for_owner(file: str, flags: int) -> int:
    """Open a file for writing; one that is there already gets its rights before it is emptied."""
    descriptor = os.open(file, flags & ~os.O_TRUNC, 0o600)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):  # not /dev/stdout
            if hasattr(os, "fchmod"):  # Windows gives files the rights of their folder
                os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _write(out: IO[Any], header: Iterable[str], rows: Iterable[Iterable[str]], form: Format) -> int:
    if form is Format.XLSX:
        return _write_xlsx(out, header, rows)
    delimiter, ending = (",", "\n") if form is Format.PLAIN else (";", "\r\n")
    return _write_all(csv.writer(out, delimiter=delimiter, lineterminator=ending), header, rows)


def _write_all(writer: Any, header: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    writer.writerow(header)
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 the last number is the answer
        writer.writerow([defuse(cell) for cell in row])
    return number


def _write_xlsx(out: IO[Any], header: Iterable[str], rows: Iterable[Iterable[str]]) -> int:
    from openpyxl import Workbook  # noqa: PLC0415 slow to import, and most exports are CSV

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Abonnenter")
    sheet.append(list(header))
    number = 0
    for number, row in enumerate(rows, 1):
        if number == MAXIMUM_ROWS:
            sheet.close()  # what is left open complains on the terminal when it goes
            what = msg("people.more-rows-than-excel")
            raise ExportError(what, hint=msg("people.more-rows-than-excel-hint"))
        sheet.append([_OUTSIDE_XML.sub("\ufffd", defuse(cell)) for cell in row])
    book.save(out)
    return number


def count_without_address(store: SubscriberStore) -> int:
    """Return how many suppressed addresses are known as keyed hashes alone, which no file can carry on."""
    with store.database.reading() as connection:
        hashes = set(store.suppressed.all_scopes(connection)) - {store.suppressed.hash_of("")}
        if hashes:
            known = connection.execute(select(subscriber.c.address).execution_options(yield_per=5_000)).scalars()
            hashes.difference_update(map(store.suppressed.hash_of, known))
    return len(hashes)


class _ExportedPerson(NamedTuple):
    """The facts of a person as they are exported, then the two that identify the person."""

    address_as_given: str
    name: str
    organisation: str
    role: str
    lang: str
    id: int
    address: str

    @property
    def facts(self) -> tuple[str, ...]:
        """The cells before the list."""
        return self.address_as_given, self.name, self.organisation, self.role, self.lang


class _ExportedSubscription(NamedTuple):
    """The same for one subscription."""

    address_as_given: str
    name: str
    organisation: str
    role: str
    lang: str
    slug: str
    basis: str
    status: str
    id: int
    address: str

    @property
    def facts(self) -> tuple[str, ...]:
        """The cells before the list."""
        return self.address_as_given, self.name, self.organisation, self.role, self.lang

    @property
    def cells(self) -> tuple[str, ...]:
        """Return all cells, in the order of `EXPORTED`."""
        return *self.facts, self.slug, self.basis, self.status


def _rows(store: SubscriberStore, connection: Connection, choice: ExportChoice) -> Iterator[Iterable[str]]:
    query = _query(choice).execution_options(yield_per=5_000)
    if not {*choice.statuses} & {*OPT_OUTS}:
        yield from connection.execute(query)
        return
    kept_out = _KeptOut(store, connection, choice)
    rows = typed_rows(
        _ExportedSubscription, connection.execute(query.add_columns(subscriber.c.id, subscriber.c.address))
    )
    for _, of_one in groupby(rows, key=attrgetter("id")):
        person = list(of_one)
        yield from kept_out.rows(person[0], but={row.slug for row in person if row.status == _SUPPRESSED})
        yield from (row.cells for row in person)
    for other in kept_out.others(connection):
        yield from kept_out.rows(other, is_on_none=True)


_SUPPRESSED = SubscriptionStatus.SUPPRESSED


class _KeptOut:
    """Rows that suppressions add to the subscriptions: for all lists, and for lists the person never was on."""

    def __init__(self, store: SubscriberStore, connection: Connection, choice: ExportChoice) -> None:
        self.suppressed = store.suppressed
        self.statuses = choice.statuses
        self.is_for_everybody = not choice.lists and not choice.region
        self.scopes = store.suppressed.all_scopes(connection)
        self.for_all = store.suppressed.for_all_lists(connection)
        slugs = connection.execute(_of_choice(select(list_.c.slug), choice).order_by(list_.c.position))
        self.slugs = slugs.scalars().all() if _SUPPRESSED in choice.statuses else ()
        self.told: set[int] = set()

    def others(self, connection: Connection) -> Iterator[_ExportedPerson]:
        """Return the people who may be kept out and were not asked about yet."""
        query = select(*_columns(), subscriber.c.id, subscriber.c.address).order_by(subscriber.c.id)
        if not self.scopes:
            return iter(())
        rows = connection.execute(query.execution_options(yield_per=5_000))
        return (row for row in typed_rows(_ExportedPerson, rows) if row.id not in self.told)

    def rows(
        self,
        row: _ExportedPerson | _ExportedSubscription,
        *,
        but: Collection[str] = (),
        is_on_none: bool = False,
    ) -> list[Iterable[str]]:
        """The rows of one person, who stands in the file for the lists of `but`, or not at all (`is_on_none`)."""
        hash_ = self.suppressed.hash_of(row.address) if self.scopes else b""
        scopes, rows = self.scopes.get(hash_, ()), list[Iterable[str]]()
        if not scopes:
            return rows
        self.told.add(row.id)
        if ALL_LISTS in scopes and (self.is_for_everybody or not is_on_none):
            is_unsubscribed = self.for_all[hash_] is SuppressionReason.UNSUBSCRIBED
            status = SubscriptionStatus.UNSUBSCRIBED if is_unsubscribed else _SUPPRESSED
            rows += [(*row.facts, ALL_LISTS, "", status.value)] if status in self.statuses else []
        lists = [slug for slug in self.slugs if slug in scopes and slug not in but]
        return rows + [(*row.facts, slug, "", _SUPPRESSED.value) for slug in lists]


def _columns() -> tuple[Any, ...]:
    facts = (subscriber.c.name, subscriber.c.organisation, subscriber.c.role, subscriber.c.lang)
    return (subscriber.c.address_as_given, *facts)


def _query(choice: ExportChoice) -> Select[Any]:
    query = (
        select(
            *_columns(),
            list_.c.slug,
            func.coalesce(latest_basis(), "").label("basis"),
            subscription.c.status,
        )
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .join(list_, list_.c.id == subscription.c.list_id)
        .where(subscription.c.status.in_([each.value for each in choice.statuses]))
        .order_by(subscriber.c.id, list_.c.position)
    )
    return _of_choice(query, choice)


def _of_choice(query: Select[Any], choice: ExportChoice) -> Select[Any]:
    query = query.where(list_.c.merged_into_id.is_(None))  # no file could bring them back
    if choice.lists:
        query = query.where(list_.c.slug.in_(choice.lists))
    return query.where(list_.c.region == choice.region) if choice.region else query
