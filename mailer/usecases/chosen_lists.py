"""Choosing the lists of a mailing by what people call them, so that merged and renamed lists lose no readers."""

from collections.abc import Iterable, Sequence

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.subscribers.people.counting import count_subscriptions
from mailer.subscribers.register import list_names, require_list
from mailer.usecases.needs import SendServices


def choose_lists(services: SendServices, names: Sequence[str]) -> tuple[str, ...]:
    """Return the lists that a person calls so, or that lists called so have become part of; each once.

    Raises `MailerError` for a name that no list has, and while people are on a list of before that was not merged.
    """
    chosen = tuple(dict.fromkeys(_find_list(services, name) for name in names))
    _refuse_unmerged(services, chosen)
    return chosen


def _find_list(services: SendServices, name: str) -> str:
    present = services.ledger.present_lists([name]) - {name}
    return require_list(services.register, next(iter(present), name)).slug


def _refuse_unmerged(services: SendServices, chosen: Iterable[str]) -> None:
    """Refuse a list whose name of before still has people on it: they would be left out without a word."""
    if not chosen:
        return
    names = list_names(services.register)
    for each in count_subscriptions(services.subscribers):
        present = names.get(each.slug.casefold())
        if each.active and present is not None and present.slug != each.slug and present.slug in chosen:
            raise MailerError(
                msg("sending.list-not-merged", count=each.active, old=each.slug, list=present.slug),
                where="--list",
                hint=f"mailer subscribers merge-lists {each.slug} {present.slug}",
            )
