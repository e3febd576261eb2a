"""How the account of a mailing is shown: the equation, the people, and the command that comes next."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mailer.cli.output import format_moment, format_value, say, show_commands, show_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailer.bootstrap import Services
    from mailer.delivery.model import Counts, DeliveryReport, DeliveryStatus, MailingReport

TERMS = ("queued", "claimed", "in_flight", "accepted", "deferred", "rejected", "expired", "cancelled", "in_doubt")


def show_account(mailing: "MailingReport", *, is_idle: bool = False) -> None:
    """Print the equation of one mailing, one term a line, and what to do next; `is_idle` when nobody sends it now."""
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
    """Who was only asked to come back later has not been interrupted."""
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


def show_people(services: "Services", mailing: "MailingReport", *, failed: bool, in_doubt: bool) -> None:
    """List the recipients that were asked for."""
    if not (failed or in_doubt):
        return
    rows = [
        (each.address, _words(each.status), each.reply, each.attempts)
        for each in _deliveries(services, mailing, failed, in_doubt)
    ]
    say()
    if rows:
        show_table(["Address", "State", "The server said", "Tries"], rows, right=(3,), folding=[2])
        return
    nobody = ["Nobody was refused."] * failed + ["Nothing is in doubt."] * in_doubt
    say(" ".join(nobody), "green")


def as_json(services: "Services", mailing: "MailingReport", *, failed: bool, in_doubt: bool) -> dict[str, Any]:
    """The account of one mailing for tools."""
    counts = mailing.counts
    report: dict[str, Any] = {
        "id": mailing.id,
        "slug": mailing.slug,
        "state": mailing.state,
        "content_hash": mailing.content_hash,
        "lists": list(mailing.lists),
        "audience": counts.audience,
        "skipped": {reason: number for reason, number in counts.skipped.items() if number},
        **{term: getattr(counts, term) for term in TERMS},
        "bounced": counts.bounced,
        "started_at": mailing.started_at,
        "finished_at": mailing.finished_at,
    }
    if failed or in_doubt:
        report["deliveries"] = [asdict(each) for each in _deliveries(services, mailing, failed, in_doubt)]
    return report


def _deliveries(
    services: "Services", mailing: "MailingReport", failed: bool, in_doubt: bool
) -> "Iterator[DeliveryReport]":
    from functools import partial

    from mailer.delivery.personalising import message_id_of

    wanted = _statuses(failed=failed, in_doubt=in_doubt)
    domain = services.settings.newsletter.from_address.rpartition("@")[2]
    return services.ledger.deliveries(mailing.id, wanted, message_id_of=partial(message_id_of, services.keys, domain))


def _statuses(*, failed: bool, in_doubt: bool) -> "set[DeliveryStatus]":
    from mailer.delivery.model import DeliveryStatus

    statuses = {DeliveryStatus.REJECTED, DeliveryStatus.DEFERRED, DeliveryStatus.EXPIRED} if failed else set()
    return statuses | ({DeliveryStatus.IN_DOUBT} if in_doubt else set())


def _next_commands(mailing: "MailingReport") -> "Iterator[tuple[str, str]]":
    counts, slug = mailing.counts, mailing.slug
    if mailing.state == "paused":
        yield f"mailer resume {slug}", f"go on, or mailer cancel {slug}"
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
}
