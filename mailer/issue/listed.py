"""The editor's own list of dates beside those of items, known by day and kind or by `id`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from mailer.issue.model import DateKind, ImportantDate, Issue, Item, ItemDate, Precision

_DEADLINE = DateKind.DEADLINE
_Sign = tuple[str, DateKind, date, Precision] | tuple[str, str]


@dataclass(slots=True)
class DateList:
    """The editor's list of dates. An entry that names an item tells of no other item's dates.

    Every kind of deadline of one item on one day is the same there: the list may call it *Frist* and no more.
    """

    issue: Issue
    _places: dict[_Sign, int] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for place, entry in enumerate(self.issue.important_dates):
            for sign in _signs(entry, entry.item):
                self._places.setdefault(sign, place)

    def place_of(self, item: Item, told: ItemDate) -> int | None:
        """Return which entry, counted from 0, tells of a date of an item; None for none."""
        signs = (*_signs(told, item.slug), *_signs(told, ""))
        return next((self._places[sign] for sign in signs if sign in self._places), None)

    def deadlines_of(self, item: Item) -> Iterator[ItemDate | ImportantDate]:
        """Yield the deadlines of an item: its own, and those that only the list knows to be of this item."""
        yield from item.deadlines
        yield from (each for each in self._deadlines_beyond(item) if each.item == item.slug)

    def deadlines(self) -> Iterator[ItemDate | ImportantDate]:
        """Yield every deadline of the issue once: those of the items, then those that only the list tells of."""
        for item in self.issue.items:
            yield from item.deadlines
        yield from self._deadlines_beyond(*self.issue.items)

    def _deadlines_beyond(self, *items: Item) -> Iterator[ImportantDate]:
        told = {self.place_of(item, each) for item in items for each in item.dates}
        for place, entry in enumerate(self.issue.important_dates):
            if entry.kind.is_deadline and place not in told:
                yield entry


def _signs(told: ItemDate | ImportantDate, item: str) -> Iterator[_Sign]:
    if told.id:
        yield item, told.id
    kind = _DEADLINE if item and told.kind.is_deadline else told.kind
    yield item, kind, told.when.start, told.when.precision
