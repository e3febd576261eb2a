"""Tests of which dates of items the editor's own list tells of."""

from datetime import date

import pytest

from mailer.issue.listed import DateList
from mailer.issue.model import (
    CalendarDate,
    DateKind,
    ImportantDate,
    Issue,
    Item,
    ItemDate,
    Precision,
    Section,
    Text,
)

DAY = CalendarDate(start=date(2024, 3, 1))
NEXT = CalendarDate(start=date(2024, 3, 2))
MONTH = CalendarDate(start=date(2024, 3, 1), precision=Precision.MONTH)
APPLY, DUE, MEET = DateKind.APPLICATION_DEADLINE, DateKind.DEADLINE, DateKind.MEETING


def entry(kind: DateKind, when: CalendarDate = DAY, *, item: str = "", own_id: str = "") -> ImportantDate:
    return ImportantDate(when=when, kind=kind, text=(Text("Ord"),), item=item, id=own_id)


def told(kind: DateKind, when: CalendarDate = DAY, *, own_id: str = "") -> ItemDate:
    return ItemDate(when=when, kind=kind, id=own_id)


def issue_of(*items: Item, listed: tuple[ImportantDate, ...]) -> Issue:
    return Issue(
        slug="2024-02",
        title="Brev",
        published=DAY,
        lang="nb",
        publisher="Etaten",
        important_dates=listed,
        sections=(Section(id="", items=items),),
    )


def item(number: int, *dates: ItemDate) -> Item:
    return Item(slug=f"sak-{number}", number=number, lang="nb", body=(), dates=dates)


@pytest.mark.parametrize(
    ("listed", "date_told", "is_listed"),
    [
        (entry(MEET), told(MEET), True),
        (entry(MEET), told(MEET, NEXT), False),
        (entry(MEET), told(MEET, MONTH), False),
        (entry(MEET), told(DateKind.EVENT), False),
        (entry(MEET, item="sak-1"), told(MEET), True),
        (entry(MEET, item="sak-2"), told(MEET), False),
        (entry(APPLY), told(APPLY), True),
        (entry(DUE), told(APPLY), False),
        (entry(DUE, item="sak-1"), told(APPLY), True),
        (entry(DUE, item="sak-2"), told(APPLY), False),
        (entry(MEET, NEXT, own_id="a"), told(DUE, own_id="a"), True),
        (entry(MEET, NEXT, item="sak-1", own_id="a"), told(DUE, own_id="a"), True),
        (entry(MEET, NEXT, item="sak-2", own_id="a"), told(DUE, own_id="a"), False),
        (entry(MEET, NEXT, own_id="a"), told(MEET, own_id="b"), False),
    ],
)
def test_a_date_is_listed_with_day_and_kind_or_its_own_id(
    listed: ImportantDate, date_told: ItemDate, *, is_listed: bool
) -> None:
    one = item(1, date_told)
    place = DateList(issue_of(one, item(2), listed=(entry(DateKind.LAUNCH), listed))).place_of(one, date_told)
    assert place == (1 if is_listed else None)


def test_each_deadline_comes_once_and_one_of_the_list_belongs_to_the_item_it_names() -> None:
    own, other = told(APPLY), told(APPLY, NEXT)
    listed = (entry(DUE, item="sak-1"), entry(DUE, NEXT, item="sak-1"), entry(DUE, NEXT), entry(MEET, item="sak-1"))
    one, two = item(1, own, told(MEET)), item(2, other)
    dates = DateList(issue_of(one, two, listed=listed))
    assert [*dates.deadlines_of(one)] == [own, listed[1]]
    assert [*dates.deadlines_of(two)] == [other]
    assert [*dates.deadlines()] == [own, other, listed[1], listed[2]]
