"""Find deliveries in the news of logs: lines are joined by queue id; Message-ID and recipient must both be right."""

from collections.abc import Collection, Sequence

from mailer.delivery.logs.model import Evidence, InLog, LogLine, News, Sighting, Sought, Step


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


def judge(sought: Sought, sightings: Sequence[Sighting]) -> Evidence:
    """Say what the log says of a delivery; only what the relay has queued for this recipient counts as taken."""
    of_message = [each for each in sightings if each.news.message_id == sought.message_id]
    taken = [each for each in of_message if each.news.step is Step.TAKEN]
    queues = {each.news.queue for each in taken if sought.addresses.intersection(each.news.recipients)}
    if not queues and not any(each.news.recipients for each in taken):
        queues = {each.news.queue for each in taken}
    about = [
        each
        for each in taken
        if each.news.queue in queues
        and (not each.news.recipients or sought.addresses.intersection(each.news.recipients))
    ]
    if about:
        return Evidence(finding=InLog.TAKEN, sighting=_telling(about))
    if taken:
        return Evidence(finding=InLog.OTHER_RECIPIENT, sighting=taken[-1])
    if of_message:
        return Evidence(finding=InLog.NOT_QUEUED, sighting=of_message[-1])
    return Evidence(finding=InLog.MISSING)


def _telling(taken: Sequence[Sighting]) -> Sighting:
    """Return the sighting that says most: a delivery, or the latest; not how one queue handed it to the next."""
    last_of = [each for each in taken if not _is_handed_on(each, taken)] or taken
    tried = [each for each in last_of if each.news.status != "queued"] or last_of
    delivered = [each for each in tried if each.news.status.casefold() in {"sent", "delivered"}]
    return (delivered or tried)[-1]


def _is_handed_on(sighting: Sighting, others: Sequence[Sighting]) -> bool:
    """Return whether a content filter took it and gave it back: the words name another queue of the same message."""
    mine, words = sighting.news.queue_id, sighting.news.words
    return any(each.news.queue_id and each.news.queue_id != mine and each.news.queue_id in words for each in others)
