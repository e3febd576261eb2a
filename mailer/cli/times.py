"""Times of mailings on screen: their beginnings, the newcomers they lack, and the hours in which mail goes out."""

from typing import TYPE_CHECKING

import typer

from mailer.catalogue import Message, msg
from mailer.cli.moments import format_moment, format_wall_time
from mailer.cli.output import ask, say, show_commands

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.delivery.model import MailingReport, Start
    from mailer.usecases.sending import Proposal


def read_asked(services: "Services", text: str) -> "Start":
    """Read the time of `--at`; a person is asked which one is meant where it comes twice."""
    from mailer.usecases.scheduling import TwiceError, read_start

    try:
        return read_start(services, text)
    except TwiceError as twice:
        first, second = twice.choices
        say(twice.what, "yellow")
        try:
            answer = ask(msg("schedule.first-or-second", first=first, second=second)).strip()
        except typer.Abort:
            raise twice from None
        if answer not in {"1", "2"}:
            raise
        return read_start(services, twice.choices[int(answer) - 1])


def when_in_words(services: "Services", start: "Start | None") -> dict[str, str]:
    """Return the lines of a plan that say when it begins, and in which hours mail goes out."""
    from mailer.usecases.scheduling import window_of

    window = window_of(services)
    lines: dict[str, str] = {}
    if start:
        lines[msg("schedule.plan-begins")] = _in_words(start)
    if window:
        lines[msg("schedule.plan-window")] = f"{window.text} ({window.zone.key})"
    return lines


def show_times(services: "Services", proposal: "Proposal") -> None:
    """Say what a plan means for those who join, and of a frozen mailing for when it was to begin."""
    start, mailing = proposal.draft.start, proposal.plan.mailing
    if start and proposal.plan.is_new:
        say()
        say(msg("schedule.later-ones-not-in-it"), "yellow")
    if mailing is not None and mailing.start is not None and mailing.waits_for_start:
        say()
        say(_instead(mailing, mailing.start, start), "yellow")
    if newcomers := proposal.newcomers.number:
        say()
        say(msg("schedule.newcomers", count=newcomers, slug=proposal.draft.slug), "yellow")
        for each in proposal.newcomers.named:
            say(each, label="  ")
        if left_out := newcomers - len(proposal.newcomers.named):
            say(msg("sending.and-more", count=left_out), label="  ")
    if start is None:
        _show_closed_window(services)


def _show_closed_window(services: "Services") -> None:
    from mailer.usecases.scheduling import window_of

    window, now = window_of(services), services.clock()
    if window and not window.is_open(now):
        say()
        say(msg("schedule.first-mail-at", window=window.text, opens=format_moment(window.opens(now))), "yellow")


def _instead(mailing: "MailingReport", before: "Start", start: "Start | None") -> Message:
    if mailing.state == "missed":
        return msg("schedule.was-missed", start=_in_words(before))
    if start is None:
        return msg("schedule.begins-now-instead", start=_in_words(before))
    return msg("schedule.begins-then-instead", start=_in_words(before))


def show_put(slug: str, start: "Start") -> None:
    """Say that a mailing waits for its time, and what has to run then."""
    say()
    say(msg("schedule.begins", slug=slug, start=_in_words(start)), "green")
    show_commands(
        [
            ("mailer work", msg("schedule.to-run-then")),
            (f"mailer unschedule {slug}", msg("schedule.next-take-back")),
        ]
    )


def show_waiting(mailing: "MailingReport") -> None:
    """Say that a mailing whose pause was cleared waits for its time."""
    if mailing.start is not None:
        show_put(mailing.slug, mailing.start)


def show_scheduled(services: "Services", slug: str = "") -> None:
    """Name the mailings that wait for their time, where the database is there and can be read."""
    if not services.has_database:
        return
    from mailer.usecases.scheduling import glance_at_scheduled

    for each in glance_at_scheduled(services, slug):
        say()
        say(_scheduled(each), "yellow")
        show_changed_rules(each)


def show_changed_rules(mailing: "MailingReport") -> None:
    """Say of a mailing that waits for its time when the clock of its zone will show another hour by now."""
    from mailer.usecases.scheduling import has_other_rules

    start = mailing.start
    if start is not None and mailing.waits_for_start and has_other_rules(start):
        say(msg("schedule.rules-changed", slug=mailing.slug, start=start.local, zone=start.zone), "yellow")
        say(msg("schedule.say-when-again", slug=mailing.slug), "cyan")


def _scheduled(mailing: "MailingReport") -> Message:
    from mailer.cli.accounts import state_in_words

    lists = ", ".join(mailing.lists) or msg("sending.all-lists-chosen")
    return msg("schedule.one-scheduled", slug=mailing.slug, state=state_in_words(mailing), lists=lists)


def _in_words(start: "Start") -> str:
    return format_wall_time(start.local, start.zone)
