"""Find deliveries in the news of logs: lines are joined by queue id; Message-ID and recipient must both be right."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from mailer.delivery.logs.lines import has_zone, moment
from mailer.delivery.logs.model import Evidence, InLog, LogLine, News, Sighting, Sought, Step

CLOCKS_DIFFER = timedelta(minutes=1)
ZONES_DIFFER = timedelta(hours=12)
_CAME_BACK = {"bounced", "expired", "forceexpired", "failed", "fail"}


class LogSearch:
    """Collects the news of the messages sought; it keeps of each queue and recipient the latest news of each status.

    So its size depends on how many are sought, and not on the log.
    """

    def __init__(self, message_ids: Collection[str]) -> None:
        self._sought = frozenset(message_ids)
        self._names: dict[str, str] = {}  # queue → Message-ID, as long as the relay uses that queue id for it
        self._found: dict[str, dict[tuple[object, ...], Sighting]] = {}

    def add(self, news: News, place: LogLine) -> None:
        """Take in the news of one line; lines come in the order they were written."""
        if news.message_id:
            self._names.pop(news.queue, None)
            if news.message_id in self._sought:
                self._names[news.queue] = news.message_id
        message_id = self._names.get(news.queue)
        if message_id is None:
            return
        if news.step is Step.GONE:
            del self._names[news.queue]
            return
        trail = self._found.setdefault(message_id, {})
        key = (news.queue, news.recipients, news.status)
        trail.pop(key, None)  # so that the latest is the last
        trail[key] = Sighting(news._replace(message_id=message_id), place)

    def sightings(self, message_id: str) -> tuple[Sighting, ...]:
        """Return what was found of a message, in the order read."""
        return tuple(self._found.get(message_id, {}).values())


def judge(sought: Sought, sightings: Sequence[Sighting], *, now: datetime) -> Evidence:
    """Say what the log says of a delivery; only what the relay has queued for this recipient counts as taken.

    Times without a zone are read in that of `now`.
    """
    of_message = [each for each in sightings if each.news.message_id == sought.message_id]
    taken = [each for each in of_message if each.news.step is Step.TAKEN]
    in_time = [each for each in taken if _may_be_the_copy(each.news.at, sought, now=now)]
    about = _about(sought, in_time)
    if about:
        telling = _telling(about)
        return Evidence(finding=InLog.TAKEN, sighting=telling, came_back=_came_back(telling, about))
    if others := [each for each in taken if each.news.recipients and not _names(sought, each)]:
        return Evidence(finding=InLog.OTHER_RECIPIENT, sighting=others[-1])
    if in_time:
        return Evidence(finding=InLog.UNNAMED, sighting=in_time[-1])
    if taken:
        return Evidence(finding=InLog.EARLIER, sighting=taken[-1])
    if of_message:
        return Evidence(finding=InLog.NOT_QUEUED, sighting=of_message[-1])
    return Evidence(finding=InLog.MISSING)


def _may_be_the_copy(at: str, sought: Sought, *, now: datetime) -> bool:
    """Return whether a line of this time may be of the copy in doubt.

    Where there was but one, all that could deceive is a line from before its mailing: clocks may then differ, and a
    time without a zone be of any.
    """
    found = moment(at, now=now)
    if found is None:
        return sought.is_only_copy
    leeway = (CLOCKS_DIFFER if has_zone(at) else ZONES_DIFFER) if sought.is_only_copy else timedelta()
    return found >= sought.sent_after.replace(microsecond=0) - leeway


def _about(sought: Sought, taken: Sequence[Sighting]) -> list[Sighting]:
    """Return the lines about this recipient; of a single copy also those without a name, unless one names another."""
    queues = {each.news.queue for each in taken if _names(sought, each)}
    if not queues and sought.is_only_copy and not any(each.news.recipients for each in taken):
        queues = {each.news.queue for each in taken}
    return [each for each in taken if each.news.queue in queues and (not each.news.recipients or _names(sought, each))]


def _names(sought: Sought, sighting: Sighting) -> bool:
    return not sought.addresses.isdisjoint(sighting.news.recipients)


def _telling(taken: Sequence[Sighting]) -> Sighting:
    """Return the sighting that says most: a delivery, or the latest; not how one queue handed it to the next."""
    last_of = [each for each in taken if not _is_handed_on(each, taken)] or taken
    tried = [each for each in last_of if each.news.status != "queued"] or last_of
    delivered = [each for each in tried if each.news.status.casefold() in {"sent", "delivered"}]
    return (delivered or tried)[-1]


def _came_back(telling: Sighting, about: Sequence[Sighting]) -> Sighting | None:
    """Return the last line behind the telling one that says that it came back, as from another queue."""
    later = about[about.index(telling) + 1 :]
    return next((each for each in reversed(later) if _words(each.news.status) & _CAME_BACK), None)


def _words(status: str) -> set[str]:
    """Return the words of a status as they are compared; a trace may have several, with commas between them."""
    return {re.sub("[^a-z]", "", each) for each in status.casefold().split(",")}


def _is_handed_on(sighting: Sighting, others: Sequence[Sighting]) -> bool:
    """Return whether a content filter took it and gave it back: the words name another queue of the same message."""
    mine, words = sighting.news.queue_id, sighting.news.words
    return any(each.news.queue_id and each.news.queue_id != mine and each.news.queue_id in words for each in others)
