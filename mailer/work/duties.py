"""The duties of a worker, each by its interval. A package that has one adds it to `find_duties`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.usecases.backing_up import back_up
from mailer.usecases.notifying import deliver_due, find_ways
from mailer.usecases.upkeep import purge_database

if TYPE_CHECKING:
    from mailer.bootstrap import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A duty by its name, which `mailer workers` shows, and how often it is due.

    It may be carried out twice or late, in a thread of its own; it raises `MailerError` when it fails.
    """

    name: str
    every: timedelta
    carry_out: "Callable[[Services], object]"


def find_duties(services: "Services") -> tuple[Duty, ...]:
    """Return the duties that the settings ask for."""
    return tuple(_duties(services))


def _duties(services: "Services") -> Iterator[Duty]:
    work = services.settings.work
    if work.backup_hours and services.database.is_sqlite:
        yield Duty(name="backup", every=timedelta(hours=work.backup_hours), carry_out=back_up)
    if find_ways(services):
        yield Duty(name="notices", every=timedelta(minutes=1), carry_out=deliver_due)
    if work.purge_days:
        yield Duty(name="purge", every=timedelta(days=work.purge_days), carry_out=_purge)


def _purge(services: "Services") -> None:
    retention = services.settings.retention
    purge_database(services.subscribers, days=retention.unconfirmed_days, months=retention.delivery_months)
