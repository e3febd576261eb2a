"""One line of Postfix's log or of Exim's main log: its time, and its news of a message."""

import re
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from mailer.delivery.logs.model import News, Step

LONGEST_WORDS = 300

_CLASSIC_TIME = r"[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?"
_ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_SYSLOG = re.compile(
    rf"(?:<\d{{1,3}}>)?({_CLASSIC_TIME}|{_ISO_TIME}) (\S+) ([^\s\[\]:]+)(?:\[\d+\])?: ?(.*)", re.DOTALL
)

# Postfix: a queue id is hexadecimal, or (`enable_long_queue_ids`) of digits and letters without vowels.
_OF_QUEUE = re.compile(r"([0-9A-Za-z]{5,30}): (.*)", re.DOTALL)
_NAMED = re.compile(r"message-id=<([^<>\s]+)>\s*")
_QUEUED = re.compile(r"from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)\s*")
_EXPIRED = re.compile(r"from=<[^>]*>, status=((?:force-)?expired)\b(.*)", re.DOTALL)
_DELIVERY = re.compile(r"to=<([^>]*)>, (?:orig_to=<([^>]*)>, )?relay=.*?, status=([\w-]+) (\(.*)", re.DOTALL)
_PROBES = {"deliverable", "undeliverable"}  # what Postfix asked for itself, of an address and no message
_QUEUE_MANAGERS = {"qmgr", "oqmgr", "nqmgr"}
_RECEIVERS = {"smtpd", "qmqpd", "pickup"}

# Exim: the id of a message has 6-6-2 characters, since 4.97 6-11-4.
_EXIM = re.compile(
    r"(?:\[\d+[\\/]\d+\] )?(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?) )?(?:\[\d+\] )?"
    r"(?:([0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})) )?(.*)",
    re.DOTALL,
)
_EXIM_ID = re.compile(r" id=<?([^<>\s]+)>?(?=\s|$)")
_EXIM_SUBJECT = re.compile(r' T="(?:[^"\\]|\\.)*"')
_EXIM_FOR = re.compile(r" for (\S*@\S+(?: \S*@\S+)*)\s*$")
_EXIM_DELIVERY = re.compile(r"(=>|->|>>|\*\*|==) (\S+)(?=\s)(?: \(.*?\))?(?: <([^<>\s]*)>)?(.*)", re.DOTALL)
_EXIM_STATUS = {"=>": "sent", "->": "sent", ">>": "sent", "**": "bounced", "==": "deferred"}
_THROWN_AWAY = {":blackhole:", "/dev/null"}


class Line(NamedTuple):
    """A line that was understood: when it was written, and its news, if it has any."""

    at: str
    news: News | None = None


def parse_line(text: str) -> Line | None:
    """Return what a line of a log says; None for one that is no line of a log of Postfix or Exim."""
    if found := _SYSLOG.match(text):
        at, host, program, rest = found.groups()
        if program.startswith("exim"):
            return _parse_exim(rest, at=at, host=host) or Line(at)
        return Line(at, _parse_postfix(rest, at=at, host=host, program=program))
    return _parse_exim(text)


def _parse_postfix(rest: str, *, at: str, host: str, program: str) -> News | None:
    """Return the news of a line of Postfix; instances and services have names like `postfix-out/relay/smtp`."""
    instance, _, service = program.partition("/")
    found = _OF_QUEUE.match(rest)
    if not (found and service):
        return None
    queue_id, words = found.groups()
    news = _news_of(service.rpartition("/")[2], words)
    return news and news._replace(queue=f"{host} {instance} {queue_id}", queue_id=queue_id, at=at)


def _news_of(service: str, words: str) -> News | None:
    if service == "cleanup" and words.startswith("message-id="):
        named = _NAMED.fullmatch(words)
        return News(Step.NAMED, message_id=named[1]) if named else News(Step.GONE)
    if service in _RECEIVERS and words.startswith(("client=", "uid=")):
        return News(Step.GONE)  # the id is another message's from here on
    return _managed(words) if service in _QUEUE_MANAGERS else _delivered(service, words)


def _managed(words: str) -> News | None:
    """Return the news of the queue manager, which names no recipient."""
    if _QUEUED.fullmatch(words):
        return News(Step.TAKEN, status="queued")
    if expired := _EXPIRED.match(words):
        return News(Step.TAKEN, status="expired", words=_shortened(expired[1] + expired[2]))
    return News(Step.GONE) if words.strip() == "removed" else None


def _delivered(service: str, words: str) -> News | None:
    """Return the news of a try to deliver."""
    delivery = _DELIVERY.match(words)
    if delivery is None:
        return None
    to, orig_to, status, said = delivery.groups()
    recipients = tuple(dict.fromkeys(each.casefold() for each in (orig_to, to) if each))
    if not recipients or status in _PROBES:
        return None
    if status == "sent" and (service == "discard" or "/dev/null" in said):
        status = "discarded"
    return News(Step.TAKEN, recipients=recipients, status=status, words=_shortened(said.strip()))


def _parse_exim(text: str, *, at: str = "", host: str = "") -> Line | None:
    found = _EXIM.match(text)
    if found is None or not (at or found[1]):
        return None
    moment, queue_id, words = found[1] or at, found[2], found[3]
    news = _exim_news(words) if queue_id else None
    return Line(moment, news and news._replace(queue=f"{host} exim {queue_id}", queue_id=queue_id, at=moment))


def _exim_news(words: str) -> News | None:
    """Return the news of what follows the id: `<=` is written when the message is spooled, others by its queue."""
    if words.startswith("<= "):
        # What the subject says is the writer's: no field of Exim's stands in it or behind it.
        named = _EXIM_ID.search(words.partition(' T="')[0])
        return _spooled(words, named[1]) if named else News(Step.GONE)
    delivery = _EXIM_DELIVERY.match(words)
    if delivery is None:
        return None
    sign, address, original, said = delivery.groups()
    recipients = tuple(dict.fromkeys(each.strip("<>:").casefold() for each in (original, address) if each))
    status = "discarded" if address in _THROWN_AWAY else _EXIM_STATUS[sign]
    return News(Step.TAKEN, recipients=recipients, status=status, words=_shortened(f"{sign}{said}"))


def _spooled(words: str, message_id: str) -> News:
    """Return the news of a message that Exim has taken, with its recipients where the line names them at its end."""
    named = _EXIM_FOR.search(_EXIM_SUBJECT.sub("", words))
    recipients = tuple(dict.fromkeys(named[1].casefold().split())) if named else ()
    return News(Step.TAKEN, message_id=message_id, recipients=recipients, status="queued")


def _shortened(words: str) -> str:
    return " ".join(words[: 2 * LONGEST_WORDS].split())[:LONGEST_WORDS]


_CLASSIC = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (?:(\d{4}) )?(\d\d):(\d\d):(\d\d)")
_ZONE = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: str, *, now: datetime) -> datetime | None:
    """Return the moment of a time in a log; one without a year lies behind `now`, one without a zone is in its zone."""
    classic = _CLASSIC.match(at)
    try:
        if classic is None:
            found = datetime.fromisoformat(at.replace(",", ".").replace(" +", "+").replace(" -", "-"))
            return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
        month, day, year, *clock = classic.groups()
        hour, minute, second = map(int, clock)
        time_of_day = time(hour, minute, second, tzinfo=now.tzinfo)
        if year:
            return datetime.combine(date(int(year), _MONTHS.index(month) + 1, int(day)), time_of_day)
        return _latest(_MONTHS.index(month) + 1, int(day), time_of_day, now=now)
    except (ValueError, OverflowError):
        return None


def has_zone(at: str) -> bool:
    """Return whether a time in a log says of which zone it is."""
    return _ZONE.search(at) is not None


def _latest(month: int, day: int, time_of_day: time, *, now: datetime) -> datetime:
    """Return the last time that it was this day and hour; a clock may be a day ahead."""
    for year in range(now.year, now.year - 9, -1):  # 29 February may be eight years away
        try:
            found = datetime.combine(date(year, month, day), time_of_day)
        except ValueError:
            continue
        if found <= now + timedelta(days=1):
            return found
    raise ValueError(month, day)
