"""Erasing a person (GDPR art. 17) and forgetting what has grown old; counts stay, addresses and names go."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from sqlalchemy import Connection, Text, and_, cast, exists, func, literal, or_, select

from mailer.database.cleaning import scrub
from mailer.database.tables import attempt, delivery, mailing, subscriber, subscriber_event, subscription, test_send
from mailer.subscribers.address import parse_address
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.removal import delete_people
from mailer.subscribers.store import SubscriberStore
from mailer.subscribers.suppression import SuppressionReason

ERASED = "[erased]"
_FINISHED = ("finished", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was done. `is_scrubbed` is false when the database file could not be rewritten: others were using it.

    `files` are files of the workspace that still hold the address; deleting those is for a person.
    """

    was_subscriber: bool
    deliveries: int
    is_scrubbed: bool
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many people never confirmed, and deliveries lost their details."""

    people: int
    deliveries: int
    is_scrubbed: bool


def erase(store: SubscriberStore, address: str, *, workspace: Path) -> Erased:
    """Delete all rows of a person, keep the keyed hash as suppressed, and rewrite the database file.

    Deliveries keep their outcome for the counts, without address. Works for an address that is not stored, too.
    """
    parsed = parse_address(address)
    with store.joining() as connection:
        if store.database.is_sqlite:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        found = connection.execute(select(subscriber).where(subscriber.c.address == parsed.normalised)).one_or_none()
        forms = {parsed.normalised, parsed.as_given}
        if found is not None:
            forms |= {found.address_as_given, *_earlier_addresses(connection, found.id)}
        store.suppressed.add(connection, parsed.normalised, reason=SuppressionReason.ERASED, now=store.clock())
        deliveries = _strip_deliveries(connection, found.id if found else None, forms)
        connection.execute(test_send.update().where(test_send.c.recipient.in_(forms)).values(recipient=ERASED))
        if found is not None:
            delete_people(connection, subscriber.c.id == found.id)
    return Erased(
        was_subscriber=found is not None,
        deliveries=deliveries,
        is_scrubbed=scrub(store.database),
        files=tuple(files_that_hold(workspace, forms)),
    )


def _earlier_addresses(connection: Connection, subscriber_id: int) -> set[str]:
    query = select(subscriber_event.c.detail)
    query = query.where(subscriber_event.c.subscriber_id == subscriber_id, subscriber_event.c.action == "moved")
    return {
        form for detail in connection.execute(query).scalars() for form in (detail["old"], detail["old"].casefold())
    }


def _strip_deliveries(connection: Connection, subscriber_id: int | None, forms: set[str]) -> int:
    theirs = or_(delivery.c.address.in_(forms), delivery.c.recipient.in_(forms))
    if subscriber_id is not None:
        theirs = or_(theirs, delivery.c.subscriber_id == subscriber_id)
    rows = connection.execute(select(delivery.c.id, delivery.c.reply).where(theirs)).all()
    for row in rows:
        values = {"address": f"erased-{row.id}", "recipient": "", "subscriber_id": None}
        values["reply"] = _without(row.reply, forms)
        connection.execute(delivery.update().where(delivery.c.id == row.id).values(values))
        tries = connection.execute(select(attempt.c.id, attempt.c.reply).where(attempt.c.delivery_id == row.id)).all()
        for each in tries:
            said = _without(each.reply, forms)
            connection.execute(attempt.update().where(attempt.c.id == each.id).values(reply=said))
    return len(rows)


def _without(reply: str, forms: set[str]) -> str:
    """Servers repeat the address in what they say."""
    return re.sub("|".join(map(re.escape, forms)), ERASED, reply, flags=re.IGNORECASE)


def purge(store: SubscriberStore, *, unconfirmed: timedelta, details: timedelta) -> Purged:
    """Delete people who never confirmed, and the addresses in deliveries of mailings that ended long ago."""
    now = store.clock()
    with store.joining() as connection:
        people = _delete_unconfirmed(connection, now - unconfirmed)
        deliveries = _strip_old_deliveries(connection, now - details)
    return Purged(
        people=people, deliveries=deliveries, is_scrubbed=scrub(store.database) if people or deliveries else True
    )


def _delete_unconfirmed(connection: Connection, before: datetime) -> int:
    mine = subscription.c.subscriber_id == subscriber.c.id
    waits = exists().where(mine, subscription.c.status == SubscriptionStatus.PENDING, subscription.c.since < before)
    more = exists().where(
        mine, or_(subscription.c.status != SubscriptionStatus.PENDING, subscription.c.since >= before)
    )
    return delete_people(connection, and_(waits, ~more))[0]


def _strip_old_deliveries(connection: Connection, before: datetime) -> int:
    ended = func.coalesce(mailing.c.finished_at, mailing.c.created_at)
    old = select(mailing.c.id).where(mailing.c.state.in_(_FINISHED), ended < before)
    theirs = and_(delivery.c.mailing_id.in_(old), delivery.c.recipient != "")
    ids = select(delivery.c.id).where(theirs)
    connection.execute(attempt.update().where(attempt.c.delivery_id.in_(ids)).values(reply=""))
    # The number keeps the rows of one mailing apart.
    named = literal("purged-") + cast(delivery.c.id, Text)
    values = {"address": named, "recipient": "", "reply": "", "subscriber_id": None}
    return connection.execute(delivery.update().where(theirs).values(values)).rowcount


# --- What still holds an address --------------------------------------------------------------------


def files_that_hold(folder: Path, forms: set[str]) -> Iterator[Path]:
    """The files below a folder in which one of the addresses stands, also inside workbooks."""
    needles = [
        form.casefold().encode(encoding)
        for form in forms
        for encoding in ("utf-8", "cp1252", "utf-16-le")
        if _encodes(form, encoding)
    ]
    for file in sorted(_files(folder)):
        if any(_holds(content, needles) for content in _contents(file)):
            yield file


def _files(folder: Path) -> Iterator[Path]:
    """Neither hidden folders nor programs' own: nobody keeps addresses there, and there are many files."""
    for each in folder.iterdir():
        if each.name.startswith(".") or each.name == "node_modules" or each.is_symlink():
            continue
        if each.is_dir():
            yield from _files(each)
        elif each.is_file():
            yield each


def _encodes(form: str, encoding: str) -> bool:
    try:
        form.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _holds(content: bytes, needles: Sequence[bytes]) -> bool:
    lowered = content.lower()
    return any(needle in lowered for needle in needles)


def _contents(file: Path) -> Iterator[bytes]:
    try:
        yield file.read_bytes()
        if file.suffix in {".xlsx", ".zip"}:
            with ZipFile(file) as package:
                yield from (package.read(name) for name in package.namelist())
    except (OSError, BadZipFile):
        return
