"""Show the account of a mailing: the equation, the people, and the command that comes next."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mailer.cli.output import format_moment, format_value, hint, say, show_commands, show_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailer.delivery.model import Counts, DeliveryReport, MailingReport, Resolved
    from mailer.usecases.accounts import Account

TERMS = ("queued", "claimed", "in_flight", "accepted", "deferred", "rejected", "expired", "cancelled", "in_doubt")


def show_account(mailing: "MailingReport", *, is_idle: bool = False) -> None:
    """Print the equation of one mailing, one term a line, and what to do next; `is_idle`: no sender is at work."""
    started = f", begun {format_moment(mailing.started_at)}" if mailing.started_at else ""
    state = _words_for_idle(mailing.counts) if is_idle else mailing.state
    lists = f" to {', '.join(mailing.lists)}" if mailing.lists else ""
    say()
    say(f"{state}{lists}{started}", "bold", label=f"{mailing.slug}  ")
    show_equation(mailing.counts)
    if mailing.note:
        say(f"\n{mailing.note}", "yellow")
    if commands := list(_next_commands(mailing)):
        say()
        show_commands(commands)


def _words_for_idle(counts: "Counts") -> str:
    """Return the words for an idle mailing; one that only waits for deferred deliveries is not interrupted."""
    only_waits = 0 < counts.deferred == counts.waiting
    return f"{'waiting to try those deferred again' if only_waits else 'interrupted'}: nobody is sending now"


def show_equation(counts: "Counts", *, terms: tuple[str, ...] = TERMS) -> None:
    """Print audience = skipped + every other state, and whether it adds up; `terms` are those that may be above 0."""
    skipped = sum(counts.skipped.values())
    reasons = ", ".join(f"{number} {_words(reason)}" for reason, number in counts.skipped.items() if number)
    say(reasons, label=f"  skipped    {format_value(skipped):>9}  ")
    for term in terms:
        number = getattr(counts, term)
        style = {"in_doubt": "yellow", "rejected": "red", "accepted": "green"}.get(term, "") if number else "dim"
        say(f"+ {_words(term):<10} {format_value(number):>9}", style)
    verdict = "adds up" if counts.adds_up else "DOES NOT ADD UP"
    say(f"= audience   {format_value(counts.audience):>9}  {verdict}", "bold" if counts.adds_up else "bold red")


def show_accounts(
    accounts: "Sequence[Account]", together: "Mapping[str, Counts]", *, failed: bool, in_doubt: bool
) -> None:
    """Print the equation of each mailing, of an issue's mailings together, and the people that were asked for."""
    for slug, of_issue in by_issue(accounts).items():
        for each in of_issue:
            show_account(each.mailing, is_idle=each.is_idle)
        if slug in together:
            _show_together(slug, len(of_issue), together[slug])
        _show_people(of_issue, failed=failed, in_doubt=in_doubt)


def by_issue(accounts: "Sequence[Account]") -> "dict[str, list[Account]]":
    """The mailings of each issue."""
    issues: dict[str, list[Account]] = {}
    for each in accounts:
        issues.setdefault(each.mailing.slug, []).append(each)
    return issues


def _show_together(slug: str, many: int, counts: "Counts") -> None:
    """Print the equation of all mailings together: a person may be refused by one and reached by a later one."""
    say()
    say(f"its {many} mailings together, each person once", "bold", label=f"{slug}  ")
    show_equation(counts)


def _show_people(accounts: "Sequence[Account]", *, failed: bool, in_doubt: bool) -> None:
    """List the recipients that were asked for."""
    if not (failed or in_doubt):
        return
    rows = [
        (_addresses(each), _words(each.status), each.reply, each.attempts)
        for account in accounts
        for each in account.deliveries
    ]
    say()
    if rows:
        show_table(["Address", "State", "The server said", "Tries"], rows, right=(3,), folding=[2])
        return
    nobody = ["Nobody was refused."] * failed + ["Nothing is in doubt."] * in_doubt
    say(" ".join(nobody), "green")


def _addresses(delivery: "DeliveryReport") -> str:
    """Return the address that was sent to and, when the person has moved since, the present one."""
    return " → ".join(each for each in (delivery.address, delivery.now) if each)


def show_resolved(slug: str, settled: "Resolved", *, resend: bool) -> None:
    """Say how many deliveries in doubt a person has settled, and what sends them again."""
    if settled.unknown:
        say(f"{', '.join(settled.unknown)}: not in doubt." + ("" if settled.number else " Nothing was changed."))
    elif not settled.number:
        say("Nothing is in doubt. Nothing was changed.")
    if not settled.number:
        return
    say(f"{settled.number} settled.", "green")
    if settled.waiting:
        say(f"{settled.waiting} of them will be sent when the mailing of {slug} that is under way is done.", "yellow")
    if resend:
        hint(f"mailer resume {slug}" if settled.waiting else f"mailer send {slug}")


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
    mailing = account.mailing
    report: dict[str, Any] = {
        "id": mailing.id,
        "slug": mailing.slug,
        "state": mailing.state,
        "content_hash": mailing.content_hash,
        "edition_hash": mailing.edition_hash,
        "lists": list(mailing.lists),
        **_counts_as_json(mailing.counts),
        "started_at": mailing.started_at,
        "finished_at": mailing.finished_at,
    }
    if with_people:
        report["deliveries"] = [asdict(each) for each in account.deliveries]
    return report


def _counts_as_json(counts: "Counts") -> dict[str, Any]:
    return {
        "audience": counts.audience,
        "skipped": {reason: number for reason, number in counts.skipped.items() if number},
        **{term: getattr(counts, term) for term in TERMS},
    }


def _next_commands(mailing: "MailingReport") -> "Iterator[tuple[str, str]]":
    counts, slug = mailing.counts, mailing.slug
    if mailing.state == "paused":
        yield f"mailer resume {slug}", f"go on, or mailer cancel {slug}"
    elif mailing.state == "waiting":
        yield f"mailer resume {slug}", "finishes the mailing under way; then this one goes on"
    elif mailing.state in {"planned", "running"}:
        yield f"mailer send {slug}", "go on, when no sender is at work"
        if not (counts.accepted or counts.in_flight or counts.in_doubt):
            yield f"mailer cancel {slug}", "or begin anew: nothing of this mailing was sent yet"
    if counts.rejected or counts.deferred or counts.expired:
        yield f"mailer status {slug} --failed", "who, and what the server said"
    if counts.in_doubt:
        yield f"mailer status {slug} --in-doubt", "who may or may not have it"
        yield f"mailer resolve {slug} --accepted", "count them as delivered"
        yield f"mailer resolve {slug} --resend", "send again; the reader may get two"


def _words(name: str) -> str:
    return _OTHER_WORDS.get(name) or str(name).replace("_", " ")


_OTHER_WORDS = {
    "erased": "no longer in the register",  # stored of those an undone import took away, too
    "unsubscribed": "who left",
    "not_on_list": "no longer on the list",
}
