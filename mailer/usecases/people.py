"""Finding the people of the register."""

from dataclasses import dataclass

from mailer.subscribers.model import Subscriber
from mailer.subscribers.people.store import FIND_LIMIT, SubscriberStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The first people that a query found; with `is_cut` there may be more."""

    people: tuple[Subscriber, ...]
    is_cut: bool


def find_people(subscribers: SubscriberStore, query: str) -> Found:
    """Return people by the beginning of their address, words of their name, or @domain."""
    people = subscribers.find(query)
    return Found(people=people, is_cut=len(people) == FIND_LIMIT)
