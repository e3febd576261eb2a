"""`mailer resolve`: show what a log says of deliveries in doubt, have the number typed, and show what was settled."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from mailer.catalogue import Message, msg
from mailer.cli.moments import format_moment
from mailer.cli.output import ask, hint, note, say, show_json, show_table
from mailer.cli.relay_words import outcomes_in_words, relay_news, relay_status
from mailer.errors import ExitCode, MailerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailer.bootstrap import Services
    from mailer.delivery.logs.model import LogProgress, LogSummary, Sighting
    from mailer.delivery.model import Resolved
    from mailer.usecases.settling import LogAnswer, SearchedDoubt

SECONDS_BETWEEN_LINES = 5


def settle_by_log(
    services: "Services",
    slug: str,
    names: "Sequence[str]",
    *,
    to: "Sequence[str] | None",
    dry_run: bool,
    confirm: int | None,
    json: bool,
) -> None:
    """Look for those in doubt in logs, show what was found, and settle that when a person agrees to the number."""
    from mailer.usecases.settling import search_logs, settle

    if json and not dry_run and confirm is None:
        raise typer.BadParameter(msg("sending.json-of-by-log"), param_hint="--json")
    with _telling_progress() as tell:
        stdin = getattr(sys.stdin, "buffer", None) or io.BytesIO()
        search = search_logs(services, slug, names, to=to, standard_input=stdin, on_progress=tell)
    if not json:
        _show_search(search)
    settled = None
    if not dry_run and (search.taken or confirm is not None):
        settled = settle(services, search, confirm=_asked(search) if confirm is None else confirm)
    if json:
        show_json(_search_as_json(search, settled))
    elif settled:
        say()
        show_resolved(services, slug, settled, resend=False)
    else:
        say()
        say(msg("sending.nothing-was-changed"), "green" if dry_run else "yellow")
    if search.searched and not search.taken:
        raise typer.Exit(ExitCode.REFUSED)


@contextmanager
def _telling_progress() -> "Iterator[Callable[[LogProgress], None]]":
    """Give the function that the reading of logs reports to: now and then it prints a line."""
    import time

    shown = time.monotonic()

    def tell(progress: "LogProgress") -> None:
        nonlocal shown
        if time.monotonic() - shown < SECONDS_BETWEEN_LINES:
            return
        shown = time.monotonic()
        if progress.size:
            share = f"{100 * progress.done // progress.size} %"
            note(msg("sending.log-progress-of", file=progress.name, lines=progress.lines, share=share))
        else:
            note(msg("sending.log-progress", file=progress.name, lines=progress.lines))

    yield tell


def _show_search(search: "LogAnswer") -> None:
    for each in search.logs:
        _show_log(each)
    if search.unknown:
        say(msg("sending.not-in-doubt", addresses=", ".join(search.unknown)))
    if not search.searched:
        say(msg("sending.nothing-in-doubt"), "green")
        return
    columns = ("sending.column-address", "sending.column-mailing", "sending.column-since", "sending.column-log")
    rows = [
        (
            " → ".join(filter(None, (each.doubt.recipient, each.doubt.now))),
            str(each.doubt.mailing_id),
            format_moment(each.doubt.since),
            _told(each),
            _place(each),
        )
        for each in search.searched
    ]
    say()
    show_table([*map(msg, columns), msg("sending.column-where")], rows, right=(1,), folding=[3, 4])
    say()
    from mailer.usecases.settling import count_outcomes

    taken, left = len(search.taken), len(search.searched) - len(search.taken)
    if taken:
        say(msg("sending.log-shows-taken", number=taken, outcomes=outcomes_in_words(count_outcomes(search))), "green")
    if left:
        say(msg("sending.log-leaves", count=left), "yellow")


def _show_log(log: "LogSummary") -> None:
    if log.first:
        say(msg("sending.log-was-read", file=log.name, count=log.lines, first=log.first, last=log.last))
    else:
        say(msg("sending.log-was-empty", file=log.name, count=log.lines))
    if log.garbled:
        say(msg("sending.log-garbled", count=log.garbled), "yellow", label="  ")
    if log.is_cut:
        say(msg("sending.log-cut"), "yellow", label="  ")


_SETTLES_NOTHING: "Mapping[str, Callable[[], Message]]" = {
    "unnamed": partial(msg, "sending.log-says-unnamed"),
    "earlier": partial(msg, "sending.log-says-earlier"),
    "not_queued": partial(msg, "sending.log-says-not-queued"),
    "missing": partial(msg, "sending.log-says-nothing"),
    "other_keys": partial(msg, "sending.log-says-other-keys"),
}


def _told(searched: "SearchedDoubt") -> Message:
    evidence = searched.evidence
    if evidence.finding in _SETTLES_NOTHING or evidence.sighting is None:
        return _SETTLES_NOTHING[evidence.finding]()
    news = evidence.sighting.news
    if evidence.came_back:
        back = evidence.came_back.news
        first, then = relay_news(news.status, news.words), relay_news(back.status, back.words)
        return msg("sending.log-says-came-back", first=first, then=then)
    if evidence.finding == "other_recipient":
        return msg("sending.log-says-other", addresses=", ".join(news.recipients))
    return msg("sending.log-says-taken", status=relay_status(news.status), words=news.words)


def _place(searched: "SearchedDoubt") -> str:
    seen = filter(None, (searched.evidence.sighting, searched.evidence.came_back))
    return " → ".join(
        " ".join(filter(None, (f"{place.file}:{place.line}", news.at, news.queue_id))) for news, place in seen
    )


def _asked(search: "LogAnswer") -> int:
    """Return the number that a person types; one that is none agrees to nothing."""
    number = str(len(search.taken))
    say()
    try:
        answer = ask(msg("sending.type-the-number-settled", number=number))
    except typer.Abort:
        raise MailerError(msg("sending.nobody-to-type"), hint=msg("output.confirm-in-scripts", number=number)) from None
    digits = "".join(answer.split())
    if not digits.isdigit():
        raise MailerError(msg("sending.no-number-settled", number=number), hint=msg("sending.nothing-was-changed"))
    return int(digits)


def show_resolved(services: "Services", slug: str, settled: "Resolved", *, resend: bool) -> None:
    """Say how many deliveries in doubt a person has settled, of which mailings, and what sends them again."""
    if settled.unknown:
        addresses = ", ".join(settled.unknown)
        unchanged = msg("sending.not-in-doubt-unchanged", addresses=addresses)
        say(msg("sending.not-in-doubt", addresses=addresses) if settled.number else unchanged)
    elif not settled.number:
        say(msg("sending.nothing-in-doubt-unchanged"))
    if not settled.number:
        return
    say(msg("sending.settled", count=settled.number), "green")
    for mailing, number in settled.by_mailing.items():
        say(_of_mailing(services, mailing)(count=number), label="  ")
    if settled.waiting:
        say(msg("sending.settled-wait", count=settled.waiting, slug=slug), "yellow")
    if resend:
        hint(f"mailer resume {slug}" if settled.waiting else f"mailer send {slug}")


def _of_mailing(services: "Services", number: int) -> "Callable[..., Message]":
    from mailer.usecases.accounts import read_account

    lists = ", ".join(read_account(services, number).mailing.lists)
    if lists:
        return partial(msg, "sending.settled-of-lists", number=str(number), lists=lists)
    return partial(msg, "sending.settled-of-mailing", number=str(number))


def resolved_as_json(slug: str, settled: "Resolved") -> dict[str, Any]:
    """Return what was settled, for tools."""
    return {
        "slug": slug,
        "settled": settled.number,
        "waiting": settled.waiting,
        "not_in_doubt": list(settled.unknown),
        "mailings": [{"id": mailing, "settled": number} for mailing, number in settled.by_mailing.items()],
    }


def _search_as_json(search: "LogAnswer", settled: "Resolved | None") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "slug": search.slug,
        "settled": settled.number if settled else 0,
        "mailings": [{"id": each, "settled": number} for each, number in settled.by_mailing.items()] if settled else [],
        "not_in_doubt": list(search.unknown),
        "logs": [asdict(each) for each in search.logs],
        "deliveries": [_searched_as_json(each) for each in search.searched],
    }


def _searched_as_json(searched: "SearchedDoubt") -> dict[str, Any]:
    doubt, evidence = searched.doubt, searched.evidence
    return {
        "mailing": doubt.mailing_id,
        "address": doubt.recipient,
        "now": doubt.now,
        "since": doubt.since,
        "message_id": searched.message_id,
        "finding": evidence.finding,
        "evidence": evidence.sighting and _sighting_as_json(evidence.sighting),
        "came_back": evidence.came_back and _sighting_as_json(evidence.came_back),
    }


def _sighting_as_json(sighting: "Sighting") -> dict[str, Any]:
    news, place = sighting
    return {
        "file": place.file,
        "line": place.line,
        "at": news.at,
        "queue_id": news.queue_id,
        "recipients": list(news.recipients),
        "status": news.status,
        "words": news.words,
    }
