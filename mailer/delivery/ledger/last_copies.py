"""Copies of deliveries in doubt: since when the last one may have gone out, and whether it was the only one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from mailer.database.decisions import Action
from mailer.database.tables import attempt, decision, delivery, mailing, run
from mailer.delivery.model import DeliveryStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCopy:
    """The last copy of a delivery that may have arrived: no dot of it came before `sent_after`.

    `is_only` when no copy with its Message-ID was out before, and nothing was tried or decided since; `has_other_keys`
    when the mailing was signed with other keys since, by a person's word.
    """

    sent_after: datetime
    is_only: bool
    has_other_keys: bool


def read_last_copies(connection: Connection, condition: ColumnElement[bool]) -> dict[int, LastCopy]:
    """Return the last copies of deliveries, by number."""
    signs = (decision.c.mailing_id == mailing.c.id) & (decision.c.action == Action.OTHER_KEYS)
    signed_anew = select(func.max(decision.c.at)).where(signs).scalar_subquery().label("signed_anew")
    sender = (run.c.started_at, mailing.c.created_at, signed_anew)
    query = (
        select(delivery.c.id, attempt.c.at, attempt.c.outcome, *sender)
        .join(mailing, mailing.c.id == delivery.c.mailing_id)
        .outerjoin(attempt, attempt.c.delivery_id == delivery.c.id)
        .outerjoin(run, run.c.id == attempt.c.run_id)
        .where(condition)
        .order_by(delivery.c.id, attempt.c.id)
    )
    rows = groupby(connection.execute(query), key=lambda row: int(row.id))
    return {each: _last_copy(list(tries)) for each, tries in rows}


def _last_copy(tries: "Sequence[Row[*tuple[Any, ...]]]") -> LastCopy:
    """Return the copy of the last try that ended in doubt: it began when its sender did, and after the try before."""
    doubts = [number for number, each in enumerate(tries) if each.outcome == DeliveryStatus.IN_DOUBT]
    if not doubts:
        return LastCopy(sent_after=tries[0].created_at, is_only=False, has_other_keys=False)
    last = doubts[-1]
    before = [each.at for each in tries[:last]]
    sent_after = max(each for each in (tries[last].started_at, tries[last].created_at, *before) if each)
    signed_anew: datetime | None = tries[last].signed_anew
    return LastCopy(
        sent_after=sent_after,
        is_only=len(doubts) == 1 and last == len(tries) - 1,
        has_other_keys=signed_anew is not None and sent_after < signed_anew,
    )
