"""`mailer status`: show the account that `usecases/accounts.py` reads, its people, and the command that comes next."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from mailer.catalogue import Message, msg
from mailer.cli.answers import answer_in_words
from mailer.cli.language import in_words
from mailer.cli.moments import format_wall_time
from mailer.cli.output import format_value, say, show_commands, show_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailer.delivery.model import Counts, DeliveryReport, MailingReport
    from mailer.usecases.accounts import Account

TERMS = ("queued", "claimed", "in_flight", "accepted", "deferred", "rejected", "expired", "cancelled", "in_doubt")
_DIGITS = 9
_LETTERS = 10  # of the longest English term, and one


def show_account(mailing: "MailingReport", *, is_idle: bool = False) -> None:
    """Print the equation of one mailing, one term a line, and what to do next; `is_idle`: no sender is at work."""
    say()
    say(_headline(mailing, is_idle=is_idle), "bold", label=f"{mailing.slug}  ")
    if mailing.kind == "resend":
        say(msg("sending.mailing-again", reason=mailing.reason or msg("sending.reason-erased")))
    show_equation(mailing.counts)
    if mailing.note:
        say()
        say(mailing.note, "yellow")
    if commands := list(_next_commands(mailing)):
        say()
        show_commands(commands)


def _headline(mailing: "MailingReport", *, is_idle: bool) -> Message:
    state = _words_for_idle(mailing.counts) if is_idle else state_in_words(mailing)
    lists, moment = ", ".join(mailing.lists), mailing.started_at
    if lists and moment:
        return msg("sending.mailing-to-begun", state=state, lists=lists, moment=moment)
    if moment:
        return msg("sending.mailing-begun", state=state, moment=moment)
    return msg("sending.mailing-to", state=state, lists=lists) if lists else state


def state_in_words(mailing: "MailingReport") -> Message:
    """Return the state of a mailing, with its time where it waits for one."""
    if mailing.start is None or not mailing.waits_for_start:
        return _STATES[mailing.state]()
    start = format_wall_time(mailing.start.local, mailing.start.zone)
    match mailing.state:
        case "paused":
            return msg("schedule.state-paused", start=start)
        case "missed":
            return msg("schedule.state-missed", start=start)
        case _:
            return msg("schedule.state-planned", start=start)


def _words_for_idle(counts: "Counts") -> Message:
    """Return the words for an idle mailing; one that only waits for deferred deliveries is not interrupted."""
    only_waits = 0 < counts.deferred == counts.waiting
    return msg("sending.idle-waits") if only_waits else msg("sending.idle-interrupted")


def show_equation(counts: "Counts", *, terms: tuple[str, ...] = TERMS) -> None:
    """Print audience = skipped + every other state, and whether it adds up; `terms` are those that may be above 0."""
    reasons = ", ".join(map(in_words, _reasons(counts)))
    say(reasons, label=f"  {_term('skipped', sum(counts.skipped.values()))}  ")
    for term in terms:
        number = getattr(counts, term)
        style = {"in_doubt": "yellow", "rejected": "red", "accepted": "green"}.get(term, "") if number else "dim"
        say(f"+ {_term(term, number)}", style)
    verdict = msg("sending.adds-up") if counts.adds_up else msg("sending.does-not-add-up")
    style = "bold" if counts.adds_up else "bold red"
    say(verdict, style, label=f"= {_term('audience', counts.audience)}  ")


def _reasons(counts: "Counts") -> "tuple[Message, ...]":
    return tuple(_SKIPPED[reason](count=each) for reason, each in counts.skipped.items() if each)


def _show_left_out(counts: "Counts") -> None:
    """Say how many were left out, which are among neither those refused nor those in doubt."""
    if reasons := _reasons(counts):
        say(msg("sending.left-out", count=sum(counts.skipped.values()), reasons=reasons))


def _term(term: str, number: int) -> str:
    return f"{in_words(name_status(term)):<{_LETTERS}} {format_value(number):>{_DIGITS}}"


def show_accounts(
    accounts: "Sequence[Account]", together: "Mapping[str, Counts]", *, failed: bool, in_doubt: bool
) -> None:
    """Print the equation of each mailing, of an issue's mailings together, and the people that were asked for."""
    for slug, of_issue in by_issue(accounts).items():
        for each in of_issue:
            show_account(each.mailing, is_idle=each.is_idle)
            if each.mailing.reached_nobody:
                show_nobody_got_it(each.mailing)
        if slug in together:
            _show_together(slug, len(of_issue), together[slug])
        _show_people(of_issue, failed=failed, in_doubt=in_doubt)
        if failed:
            _show_left_out(together[slug] if slug in together else of_issue[0].mailing.counts)


def show_nobody_got_it(mailing: "MailingReport") -> None:
    """Say why a mailing that is over has reached no one, and what to do."""
    slug, counts = mailing.slug, mailing.counts
    if not (counts.rejected or counts.expired):
        say(msg("sending.nobody-got-it-skipped"), "red")
        say(msg("sending.if-that-cannot-be", slug=slug), "yellow")
        return
    say(msg("sending.nobody-got-it-late") if counts.expired else msg("sending.nobody-got-it-refused"), "red")
    say(msg("sending.why-not-reached", slug=slug), "yellow")


def by_issue(accounts: "Sequence[Account]") -> "dict[str, list[Account]]":
    """The mailings of each issue."""
    issues: dict[str, list[Account]] = {}
    for each in accounts:
        issues.setdefault(each.mailing.slug, []).append(each)
    return issues


def _show_together(slug: str, many: int, counts: "Counts") -> None:
    """Print the equation of all mailings together: a person may be refused by one and reached by a later one."""
    say()
    say(msg("sending.together", count=many), "bold", label=f"{slug}  ")
    show_equation(counts)


def _show_people(accounts: "Sequence[Account]", *, failed: bool, in_doubt: bool) -> None:
    """List the recipients that were asked for."""
    if not (failed or in_doubt):
        return
    rows = [
        (_addresses(each), name_status(each.status), answer_in_words(each.reply), each.attempts)
        for account in accounts
        for each in account.deliveries
    ]
    say()
    if rows:
        show_table(_columns(), rows, right=(3,), folding=[2])
        unnamed = {each.mailing.slug for each in accounts for one in each.deliveries if one.message_id is None}
        for slug in sorted(unnamed):
            say(msg("sending.unnamed-without-keys", slug=slug), "yellow", label=f"{slug}: ")
            say(msg("sending.put-old-key-behind-to-name"), "cyan")
    elif failed and in_doubt:
        say(msg("sending.nobody-refused-nothing-in-doubt"), "green")
    else:
        say(msg("sending.nobody-refused") if failed else msg("sending.nothing-in-doubt"), "green")


def _columns() -> list[Message]:
    return [
        msg("sending.column-address"),
        msg("sending.column-state"),
        msg("sending.column-reply"),
        msg("sending.column-tries"),
    ]


def _addresses(delivery: "DeliveryReport") -> str:
    """Return the address that was sent to and, when the person has moved since, the present one."""
    return " → ".join(each for each in (delivery.address, delivery.now) if each)


def as_json(
    slug: str | None, accounts: "Sequence[Account]", together: "Mapping[str, Counts]", *, with_people: bool
) -> dict[str, Any]:
    """The accounts for tools: each mailing, and each issue's mailings together."""
    return {
        "slug": slug,
        "mailings": [_mailing_as_json(each, with_people=with_people) for each in accounts],
        "issues": [{"slug": each, **_counts_as_json(counts)} for each, counts in together.items()],
    }


def _mailing_as_json(account: "Account", *, with_people: bool) -> dict[str, Any]:
    report = account_as_json(account.mailing)
    if with_people:
        report["deliveries"] = [asdict(each) for each in account.deliveries]
    return report


def account_as_json(mailing: "MailingReport") -> dict[str, Any]:
    """Return one mailing for tools, without its people."""
    return {
        "id": mailing.id,
        "slug": mailing.slug,
        "state": mailing.state,
        "kind": mailing.kind,
        "reason": mailing.reason,
        "reached_nobody": mailing.reached_nobody,
        "content_hash": mailing.content_hash,
        "edition_hash": mailing.edition_hash,
        "lists": list(mailing.lists),
        **_counts_as_json(mailing.counts),
        "note": mailing.note,
        "started_at": mailing.started_at,
        "finished_at": mailing.finished_at,
        "start_at": mailing.start and mailing.start.at,
        "zone": mailing.start and mailing.start.zone,
        "start_local": mailing.start and mailing.start.local,
    }


def _counts_as_json(counts: "Counts") -> dict[str, Any]:
    return {
        "audience": counts.audience,
        "skipped": {reason: number for reason, number in counts.skipped.items() if number},
        **{term: getattr(counts, term) for term in TERMS},
    }


def _next_commands(mailing: "MailingReport") -> "Iterator[tuple[str, Message]]":
    counts, slug = mailing.counts, mailing.slug
    if mailing.state == "paused":
        yield f"mailer resume {slug}", msg("sending.next-resume", slug=slug)
    elif mailing.state == "waiting":
        yield f"mailer resume {slug}", msg("sending.next-resume-waiting")
    elif mailing.waits_for_start:
        yield f"mailer send {slug}", msg("schedule.next-now")
        yield f"mailer unschedule {slug}", msg("schedule.next-take-back")
    elif mailing.state in {"planned", "running"}:
        yield f"mailer send {slug}", msg("sending.next-send")
        if not (counts.accepted or counts.in_flight or counts.in_doubt):
            yield f"mailer cancel {slug}", msg("sending.next-cancel")
    if counts.rejected or counts.deferred or counts.expired:
        yield f"mailer status {slug} --failed", msg("sending.who-and-why")
    if counts.in_doubt:
        yield f"mailer status {slug} --in-doubt", msg("sending.next-in-doubt")
        yield f"mailer resolve {slug} --by-log FILE", msg("sending.next-by-log")
        yield f"mailer resolve {slug} --accepted", msg("sending.next-accepted")
        yield f"mailer resolve {slug} --resend", msg("sending.next-resend")


def name_status(status: str) -> Message:
    """Name the status of a delivery, or a side of the equation."""
    return _STATUSES[status]()


_STATUSES: dict[str, Callable[[], Message]] = {
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
    "audience": partial(msg, "sending.audience"),
}
_STATES: dict[str, Callable[[], Message]] = {
    "planned": partial(msg, "sending.state-planned"),
    "running": partial(msg, "sending.state-running"),
    "paused": partial(msg, "sending.state-paused"),
    "finished": partial(msg, "sending.state-finished"),
    "cancelled": partial(msg, "sending.state-cancelled"),
    "missed": partial(msg, "schedule.missed"),
    "waiting": partial(msg, "sending.state-waiting"),
}
_SKIPPED: dict[str, Callable[..., Message]] = {
    "unsubscribed": partial(msg, "sending.skipped-unsubscribed"),
    "suppressed": partial(msg, "sending.skipped-suppressed"),
    "unconfirmed": partial(msg, "sending.skipped-unconfirmed"),
    "erased": partial(msg, "sending.skipped-erased"),  # stored of those an undone import took away, too
    "invalid": partial(msg, "sending.skipped-invalid"),
    "not_on_list": partial(msg, "sending.skipped-not-on-list"),
    "already_sent": partial(msg, "sending.skipped-already-sent"),
}
