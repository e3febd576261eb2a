"""Mailings that start at a time: reading the time, starting the due ones, naming newcomers, and taking one back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from mailer.catalogue import msg
from mailer.database.failures import DatabaseError
from mailer.delivery.model import MailingKind, MailingReport, MailingState, Start
from mailer.errors import ExitCode, MailerError, UsageError
from mailer.usecases.deciding import require_unfinished
from mailer.usecases.needs import IssueServices, LedgerServices, SendServices
from mailer.usecases.reading import require_known
from mailer.usecases.refusals import Reason, Refused
from mailer.usecases.state import NOTHING, refused_by_state, require_means
from mailer.wall_clock import Window, after_change, find_zone, moments_of, read_wall_time, read_window, shown_at

HAS_NOT_BEGUN = frozenset({MailingState.PLANNED, MailingState.MISSED})
_CHUNK = 1000
_NAMED = 20  # so many are named in a plan; all are counted


class TwiceError(MailerError):
    """A time that the clock shows twice; `choices` are both, as they are to be written."""

    def __init__(self, shown: str, zone: str, choices: tuple[str, str]) -> None:
        first, second = choices
        super().__init__(
            msg("schedule.comes-twice", shown=shown, zone=zone),
            where="--at",
            hint=msg("schedule.write-which", first=first, second=second),
        )
        self.choices = choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomers:
    """The people who joined after a mailing was frozen: how many, and the addresses of the first."""

    number: int = 0
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A mailing that is to be sent now; `is_started` when this call has started it, `refused` when it cannot be."""

    mailing: MailingReport
    is_started: bool = False
    refused: Refused | None = None


# --- The time ---------------------------------------------------------------------------------------


def read_start(services: IssueServices, text: str) -> Start:
    """Read the time at which a mailing is to start, by the clock of the settings' zone.

    Raises `UsageError` for words without a time, `TwiceError` for one that comes twice, and `MailerError` for one that
    does not come at all, has passed, or is outside the window.
    """
    zone = find_zone(services.settings.delivery.time_zone)
    try:
        shown, offset = read_wall_time(text)
    except ValueError:
        raise UsageError(msg("schedule.no-time", text=text), where="--at", hint=msg("schedule.write-a-time")) from None
    at = _the_moment(shown, offset, zone)
    start = Start(at, zone.key, _written(shown))
    now, window = services.clock(), window_of(services)
    if at <= now:
        told = msg("schedule.has-passed", start=start.local, zone=start.zone)
        raise MailerError(told, where="--at", hint=msg("schedule.now-it-is", now=_written(shown_at(now, zone))))
    if window and not window.is_open(at):
        opens = window.opens(at).astimezone(zone)
        told = msg("schedule.outside-window", start=start.local, window=window.text, zone=start.zone)
        hint = msg("schedule.next-inside", moment=opens.isoformat(sep=" ", timespec="minutes"))
        raise MailerError(told, where="--at", hint=hint)
    return start


def _the_moment(shown: datetime, offset: timedelta | None, zone: ZoneInfo) -> datetime:
    found = {each.astimezone(zone).utcoffset(): each for each in moments_of(shown, zone)}
    choices = [each.astimezone(zone).isoformat(sep=" ", timespec="minutes") for each in found.values()]
    if not found:
        told = msg("schedule.left-out", shown=_written(shown), zone=zone.key)
        hint = msg("schedule.write-instead", moment=_written(after_change(shown, zone)))
        raise MailerError(told, where="--at", hint=hint)
    if offset is None:
        if len(choices) > 1:
            raise TwiceError(_written(shown), zone.key, (choices[0], choices[1]))
        [offset] = found
    if offset not in found:
        told = msg("schedule.other-offset", shown=_written(shown), zone=zone.key)
        raise MailerError(told, where="--at", hint=msg("schedule.write-instead", moment=choices[0]))
    return found[offset]


def _written(shown: datetime) -> str:
    return f"{shown:%Y-%m-%d %H:%M}"


def window_of(services: IssueServices) -> Window | None:
    """Return the hours in which mail goes out; None for all."""
    delivery = services.settings.delivery
    return read_window(delivery.window, find_zone(delivery.time_zone)) if delivery.window else None


def has_other_rules(start: Start) -> bool:
    """Return whether the clock of the zone shows another hour at that moment than it was to, by the rules of today."""
    try:
        return _written(shown_at(start.at, find_zone(start.zone))) != start.local
    except ValueError:  # the zone is gone
        return True


# --- What is due ------------------------------------------------------------------------------------


def find_scheduled(services: LedgerServices, slug: str = "") -> tuple[MailingReport, ...]:
    """Return the mailings that wait for their time, or have missed it; of one issue or of all."""
    return tuple(each for each in _open_mailings(services, slug) if each.waits_for_start)


def glance_at_scheduled(services: LedgerServices, slug: str = "") -> tuple[MailingReport, ...]:
    """Return the same for commands that do without a database: nothing where it cannot be read."""
    try:
        return find_scheduled(services, slug)
    except DatabaseError:
        return ()


def start_due(services: SendServices, slug: str = "") -> tuple[Due, ...]:
    """Start the mailings whose time has come; return them with those to be carried on, or that need a person.

    The gate is asked again; a start that is too late is missed. Raises `MailerError` where nothing can be sent at all.
    """
    if slug:
        require_known(services, slug)
    services.ledger.recover()
    services.starts.note_missed()
    looked = [_look(services, each) for each in _open_mailings(services, slug)]
    return tuple(each for each in looked if each is not None)


def _open_mailings(services: LedgerServices, slug: str) -> Iterator[MailingReport]:
    return map(services.ledger.mailing, services.starts.find_open(slug))


def _look(services: SendServices, report: MailingReport) -> Due | None:
    if report.state is MailingState.RUNNING:
        return _look_at_running(services, report)
    start = report.start
    if start is None or not report.waits_for_start:
        return None
    if refused := _refused_by_time(services, report, start):
        return Due(mailing=report, refused=refused)
    if not services.starts.is_due(report.id):
        return None
    if refused := refused_by_state(services, report.slug, allowed=NOTHING) or _refused_as_untested(services, report):
        return Due(mailing=report, refused=refused)
    require_means(services)
    is_started = services.starts.begin(report.id)
    found = services.ledger.mailing(report.id)
    return Due(mailing=found, is_started=is_started) if found.state is MailingState.RUNNING else None


def _look_at_running(services: SendServices, report: MailingReport) -> Due | None:
    """Return a mailing to be carried on; None where its only sender is at work."""
    refused = refused_by_state(services, report.slug, allowed=NOTHING)
    if refused and refused.reason is Reason.BUSY and services.ledger.is_sending(report.id):
        return None
    return Due(mailing=report, refused=refused)


def _refused_by_time(services: SendServices, report: MailingReport, start: Start) -> Refused | None:
    slug, local, zone = report.slug, start.local, start.zone
    if report.state is MailingState.MISSED:
        what, hint = (
            msg("schedule.is-missed", slug=slug, start=local, zone=zone),
            msg("schedule.send-or-take-back", slug=slug),
        )
        return Refused(reason=Reason.MISSED, error=MailerError(what, hint=hint))
    if has_other_rules(start):
        what, hint = (
            msg("schedule.rules-changed", slug=slug, start=local, zone=zone),
            msg("schedule.say-when-again", slug=slug),
        )
        return Refused(reason=Reason.ZONE, error=MailerError(what, hint=hint))
    if report.state is MailingState.PAUSED and start.at <= services.clock():
        what = msg("schedule.paused-at-start", slug=slug, start=local, zone=zone)
        error = MailerError(what, hint=f"mailer resume {slug}")
        error.exit_code = ExitCode.TRY_AGAIN
        return Refused(reason=Reason.PAUSED, error=error)
    return None


def _refused_as_untested(services: LedgerServices, report: MailingReport) -> Refused | None:
    """Refuse an edition that was neither test-sent nor allowed, as where a database was put together from two."""
    if report.untested or services.ledger.was_tested(slug=report.slug, edition_hash=report.edition_hash or ""):
        return None
    error = MailerError(msg("sending.never-test-sent"), where=report.slug, hint=f"mailer unschedule {report.slug}")
    return Refused(reason=Reason.UNTESTED, error=error)


# --- Whom it lacks, and taking it back --------------------------------------------------------------


def find_newcomers(services: SendServices, mailing: MailingReport | None) -> Newcomers:
    """Return the people of its lists whom a mailing lacks that was frozen and has not begun."""
    if mailing is None or mailing.state not in HAS_NOT_BEGUN or mailing.kind is MailingKind.RESEND:
        return Newcomers()
    lists = sorted(services.ledger.present_lists(mailing.lists))
    audience = (each for each in services.subscribers.read_audience(lists or None) if each.exclusion is None)
    number, named = 0, list[str]()
    while chunk := {each.subscriber_id: each.recipient for each in islice(audience, _CHUNK)}:
        found = services.starts.find_newcomers(mailing.id, chunk)
        number += len(found)
        named += [address for id_, address in chunk.items() if id_ in found and len(named) < _NAMED]
    return Newcomers(number=number, named=tuple(named[:_NAMED]))


def require_scheduled(services: LedgerServices, slug: str) -> MailingReport:
    """The mailing of an issue that waits for its time; raises `MailerError` when there is none, or it has begun."""
    found = require_unfinished(services, slug)
    if not found.waits_for_start:
        raise MailerError(msg("schedule.waits-for-no-time", slug=slug), hint=msg("schedule.cancel-instead", slug=slug))
    return found


def unschedule(services: LedgerServices, mailing: int) -> MailingReport:
    """Take a mailing back that has not begun, and return it; raises `MailerError` when it has begun meanwhile."""
    services.starts.take_back(mailing)
    return services.ledger.mailing(mailing)
