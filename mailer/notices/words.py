"""The words of notices: a subject and a text in the editor's language, and the same for programs as JSON."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from mailer.catalogue import Lang, Message, msg, render
from mailer.log_lines import without_addresses
from mailer.notices.model import Notice, NoticeEvent

_FIGURES: Mapping[str, Callable[[], Message]] = {
    "audience": partial(msg, "sending.audience"),
    "skipped": partial(msg, "sending.status-skipped"),
    "queued": partial(msg, "sending.status-queued"),
    "claimed": partial(msg, "sending.status-claimed"),
    "in_flight": partial(msg, "sending.status-in-flight"),
    "accepted": partial(msg, "sending.status-accepted"),
    "deferred": partial(msg, "sending.status-deferred"),
    "rejected": partial(msg, "sending.status-rejected"),
    "expired": partial(msg, "sending.status-expired"),
    "cancelled": partial(msg, "sending.status-cancelled"),
    "in_doubt": partial(msg, "sending.status-in-doubt"),
}


def subject_of(notice: Notice) -> Message:
    """Return the subject: the issue and what happened."""
    slug, counts = notice.slug, _counts(notice)
    match notice.event:
        case NoticeEvent.FINISHED:
            return msg("notices.subject-finished", slug=slug, count=counts["accepted"])
        case NoticeEvent.PAUSED:
            return msg("notices.subject-paused", slug=slug)
        case NoticeEvent.MISSED:
            return msg("notices.subject-missed", slug=slug)
        case NoticeEvent.IN_DOUBT:
            return msg("notices.subject-in-doubt", slug=slug, count=counts["in_doubt"])
        case NoticeEvent.TEST:
            return msg("notices.subject-test")


def text_of(notice: Notice, lang: Lang, *, why: str) -> str:
    """Return what happened, why, the figures, and what to do next; `why` is the note, in any language."""
    happened = [_happened(notice)]
    if why:
        happened.append(msg("notices.why", why=without_addresses(render(why, lang))))
    paragraphs = (happened, [*_figures(notice)], [*_next_steps(notice)])
    return "\n\n".join("\n".join(render(each, lang) for each in some) for some in paragraphs if some)


def body_of(notice: Notice, lang: Lang, *, why: str) -> bytes:
    """Return a notice for programs: type, moment and data in English, and a text for people (Teams, Slack).

    The same notice always gives the same bytes.
    """
    told = {
        "type": "test" if notice.event is NoticeEvent.TEST else f"mailing.{notice.event}",
        "timestamp": notice.created_at.isoformat(timespec="microseconds"),
        "data": {
            "mailing": notice.mailing_id,
            "slug": notice.slug,
            "reason": without_addresses(str(why)),
            **notice.detail,
        },
        "text": f"{render(subject_of(notice), lang)}\n\n{text_of(notice, lang, why=why)}",
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _counts(notice: Notice) -> Mapping[str, int]:
    counts: Mapping[str, int] = notice.detail.get("counts", {})
    return counts


def _happened(notice: Notice) -> Message:
    slug, moment = notice.slug, notice.created_at
    match notice.event:
        case NoticeEvent.FINISHED:
            return msg("notices.finished", slug=slug, moment=moment)
        case NoticeEvent.PAUSED:
            by_itself = msg("notices.paused-by-itself", slug=slug, moment=moment)
            return by_itself if notice.detail["by_itself"] else msg("notices.paused", slug=slug, moment=moment)
        case NoticeEvent.MISSED:
            start = msg("notices.start", local=notice.detail["local"], zone=notice.detail["zone"])
            return msg("notices.missed", slug=slug, start=start)
        case NoticeEvent.IN_DOUBT:
            return msg("notices.in-doubt", slug=slug, moment=moment)
        case NoticeEvent.TEST:
            return msg("notices.test")


def _figures(notice: Notice) -> Iterator[Message]:
    for term, label in _FIGURES.items():
        if number := _counts(notice).get(term):
            yield msg("notices.figure", label=label(), number=number)


def _next_steps(notice: Notice) -> Iterator[Message]:
    slug = notice.slug
    if notice.event is NoticeEvent.MISSED:
        yield msg("notices.send-or-take-back", slug=slug)
    if notice.event is NoticeEvent.PAUSED:
        yield msg("notices.resume-or-look", slug=slug)
    if notice.detail.get("lost_many"):
        yield msg("notices.lost-many", slug=slug)
    if doubts := _counts(notice).get("in_doubt"):
        yield msg("notices.settle-doubts", slug=slug, count=doubts)
    if notice.event is NoticeEvent.FINISHED:
        yield msg("notices.see-status", slug=slug)
