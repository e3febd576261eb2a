"""Settle deliveries in doubt by the mail server's own log: accepted is what it has taken."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from mailer.catalogue import msg
from mailer.clock import utc_now
from mailer.delivery.logs.model import Evidence, InLog, LogProgress, LogSummary, Sighting, Sought, Trails
from mailer.delivery.logs.reading import read_logs
from mailer.delivery.logs.searching import judge
from mailer.delivery.model import Doubt, MailingReport, Resolved
from mailer.errors import MailerError
from mailer.message.addresses import WireAddressError, wire_address
from mailer.message.compiled import CompiledMessage
from mailer.message.identity import make_message_id
from mailer.usecases.needs import LedgerServices
from mailer.usecases.reading import require_known

LONGEST_EVIDENCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedDoubt:
    """A delivery in doubt, the Message-ID that its messages have, and what the logs say of it."""

    doubt: Doubt
    message_id: str
    evidence: Evidence

    @property
    def is_taken(self) -> bool:
        """Return whether the log shows that the relay has queued it for this recipient."""
        return self.evidence.finding is InLog.TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAnswer:
    """Deliveries in doubt of an issue, looked for in logs; `unknown` are addresses named that have none in doubt."""

    slug: str
    searched: tuple[SearchedDoubt, ...]
    logs: tuple[LogSummary, ...]
    unknown: tuple[str, ...]

    @property
    def taken(self) -> tuple[SearchedDoubt, ...]:
        """Return those that can be settled."""
        return tuple(each for each in self.searched if each.is_taken)


def search_logs(
    services: LedgerServices,
    slug: str,
    names: Sequence[str],
    *,
    standard_input: BinaryIO,
    to: Sequence[str] | None,
    on_progress: Callable[[LogProgress], None],
) -> LogAnswer:
    """Look for the deliveries in doubt of all mailings of an issue in logs of the mail server; write nothing.

    Raises `MailerError` for a file that is no log, when nothing of the issue was sent, and without the keys of then.
    """
    require_known(services, slug)
    if not services.ledger.mailings(slug):
        raise MailerError(msg("sending.nothing-of-issue-yet", slug=slug), hint=f"mailer send {slug}")
    doubts, unknown = services.ledger.doubts(slug, addresses=to)
    mailings = [services.ledger.mailing(each) for each in {each.mailing_id for each in doubts}]
    if any(lacks_key(services, each.id) for each in mailings):
        raise MailerError(
            msg("sending.unnamed-without-keys", slug=slug), where=slug, hint=msg("sending.put-old-key-behind-to-name")
        )
    names_of = {each.id: _namer(services, each) for each in mailings}
    sought = {each: _sought(each, names_of[each.mailing_id](each.mailing_id, each.id)) for each in doubts}
    now = utc_now().astimezone()  # in the zone of this machine, as a log without zones may be
    trails = read_logs(
        names,
        {each.message_id for each in sought.values()},
        standard_input=standard_input,
        now=now,
        on_progress=on_progress,
    )
    searched = tuple(_searched(doubt, each, trails, now=now) for doubt, each in sought.items())
    return LogAnswer(slug=slug, searched=searched, logs=trails.logs, unknown=unknown)


def settle(services: LedgerServices, search: LogAnswer, *, confirm: int) -> Resolved:
    """Count as accepted what the log shows to be taken, with the line that says so; others stay as they are.

    `confirm` is how many somebody agreed to; raises `MailerError` when it is another number.
    """
    if confirm != (number := len(search.taken)):
        what = msg("sending.other-number", confirmed=confirm, number=number)
        raise MailerError(what, where=search.slug, hint=msg("sending.nothing-was-changed"))
    services.ledger.recover()
    words = {each.doubt.id: evidence_in_words(each.evidence) for each in search.taken}
    return services.ledger.settle_by_log(search.slug, words, outcomes=count_outcomes(search))


def count_outcomes(search: LogAnswer) -> dict[str, int]:
    """Return what became of those taken in the end, by the relay's own words, as `sent` and `bounced`."""
    found = [each.evidence.came_back or each.evidence.sighting for each in search.taken]
    return dict(sorted(Counter(each.news.status.casefold() for each in found if each).items()))


def evidence_in_words(evidence: Evidence) -> str:
    """Return file, line, time, queue id and status, as the ledger keeps them; English, as the log is."""
    if evidence.sighting is None:
        return ""
    said = f"log {_in_words(evidence.sighting)}"
    if evidence.came_back is None:
        return said[:LONGEST_EVIDENCE]
    came_back = f"; came back: {_in_words(evidence.came_back)}"[: LONGEST_EVIDENCE // 2]
    return said[: LONGEST_EVIDENCE - len(came_back)] + came_back


def _in_words(sighting: Sighting) -> str:
    news, place = sighting
    said = " ".join(each for each in (news.at, news.queue_id, f"status={news.status}", news.words) if each)
    return f"{place.file}:{place.line}: {said}"


def name_messages(services: LedgerServices, mailing: MailingReport) -> Callable[[int, int], str | None]:
    """Return what gives the Message-ID of each delivery of a mailing, or none without the key that made it."""
    return (lambda *_: None) if lacks_key(services, mailing.id) else _namer(services, mailing)


def lacks_key(services: LedgerServices, mailing_id: int) -> bool:
    """Return whether the key that a mailing was signed with is gone; makes none in its place."""
    key_ids = {each.id: each.key_id for each in services.ledger.signed()}
    return not services.has_key(key_ids.get(mailing_id))


def _namer(services: LedgerServices, mailing: MailingReport) -> Callable[[int, int], str]:
    """Return what gives each Message-ID as it was frozen, or as it would be by now."""
    domain = services.settings.newsletter.from_address.rpartition("@")[2]
    planned_at: datetime | None = mailing.created_at
    with suppress(MailerError):  # content that was changed, or is of another version
        for frozen in services.ledger.variants(mailing.id).values():
            compiled = CompiledMessage.from_bytes(frozen)
            domain, planned_at = compiled.domain, compiled.named_by(mailing.created_at)
            break

    def name(mailing_id: int, delivery_id: int) -> str:
        return make_message_id(
            services.keys, mailing_id=mailing_id, delivery_id=delivery_id, planned_at=planned_at, domain=domain
        )

    return name


def _sought(doubt: Doubt, message_id: str) -> Sought:
    addresses = {doubt.address, doubt.recipient}
    with suppress(WireAddressError):
        addresses.add(wire_address(doubt.recipient))
    return Sought(
        message_id=message_id.strip("<>"),
        addresses=frozenset(each.casefold() for each in addresses),
        sent_after=doubt.sent_after,
        is_only_copy=doubt.is_only_copy,
    )


def _searched(doubt: Doubt, sought: Sought, trails: Trails, *, now: datetime) -> SearchedDoubt:
    evidence = judge(sought, trails.sightings.get(sought.message_id, ()), now=now)
    if doubt.has_other_keys and evidence.finding is InLog.MISSING:
        evidence = Evidence(finding=InLog.OTHER_KEYS)
    return SearchedDoubt(doubt=doubt, message_id=f"<{sought.message_id}>", evidence=evidence)
