"""The outcome of a request on the leave page, as the next page's address carries it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import QueryParams

from mailer.subscribers.people.leaving import LinkOwner

Done = Literal["", "left", "undone", "not-on-it", "nothing-to-undo", "unclear", "too-large"]
_NOTHING_CHANGED: dict[str, Done] = {"not-on-it": "not-on-it", "nothing-to-undo": "nothing-to-undo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """The outcome of a request, and the lists it concerns."""

    done: Done = ""
    lists: tuple[str, ...] = ()

    @property
    def query(self) -> list[tuple[str, str]]:
        """The outcome as part of an address."""
        return [("done", self.done), *(("list", slug) for slug in self.lists)] if self.done else []


def read_outcome(query: QueryParams, reader: LinkOwner) -> PageOutcome:
    """Return the outcome that an address tells, as far as it holds: it may be opened again later, or be made up."""
    said, lists = query.get("done", ""), query.getlist("list")
    if said == "undone" and (back := _those_in(lists, reader.lists)):
        return PageOutcome(done="undone", lists=back)
    if said == "left" and (left := _those_in(lists, reader.just_left)):
        return PageOutcome(done="left", lists=left)
    if said in _NOTHING_CHANGED:
        return PageOutcome(done=_NOTHING_CHANGED[said])
    return PageOutcome() if reader.lists else PageOutcome(done="left", lists=reader.left_last)


def _those_in(lists: Collection[str], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(slug for slug in known if slug in lists)
