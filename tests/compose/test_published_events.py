"""A date that is corrected is the same event to calendars, and each event has a name of its own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mailer.compose.calendar.icalendar import IssueCalendar, build_calendar
from mailer.compose.calendar.published_events import Revision
from mailer.compose.publication import Publication
from mailer.issue.model import CalendarDate, DateKind, Hours, ImportantDate, Issue, Item, ItemDate, Section, Text
from mailer.rendering.templates import Templates

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 9, 12, 30, 15, 999, tzinfo=UTC)
CALM = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
SERIES = ("2027-01-14", "2027-02-11", "2027-03-11")
# One file as mailer wrote it before events had names of their own.
OF_OLD = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//mailer//newsletter//NO
BEGIN:VEVENT
UID:2f31b141ec7a94640a4e01e7d8a2bdb8@nyhetsbrev.example
DTSTAMP:20261201T000000Z
DTSTART;VALUE=DATE:20270114
DTEND;VALUE=DATE:20270115
SUMMARY;LANGUAGE=nn:Arrangement: Webinar
END:VEVENT
BEGIN:VEVENT
UID:2f31b141ec7a94640a4e01e7d8a2bdb8@nyhetsbrev.example
DTSTAMP:20261201T000000Z
DTSTART;VALUE=DATE:20270211
DTEND;VALUE=DATE:20270212
SUMMARY;LANGUAGE=nn:Arrangement: Webinar
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")


@pytest.fixture
def small_issue(small_issue: Issue) -> Issue:
    """The issue without the dates of its items, which would stand beside a list."""
    sections = (
        replace(each, items=tuple(replace(item, dates=()) for item in each.items)) for each in small_issue.sections
    )
    return replace(small_issue, sections=tuple(sections))


@pytest.fixture
def publish(templates: Templates, publication: Publication) -> Callable[..., IssueCalendar]:
    """Publish an issue after what was published before, the oldest first."""

    def publish(
        issue: Issue, *before: bytes, at: datetime = LATER, files: Mapping[str, bytes] | None = None
    ) -> IssueCalendar:
        revision = Revision(published=before, at=at, files=files or {})
        return build_calendar(issue, labels=templates.labels, publication=publication, timestamp=NOW, revision=revision)

    return publish


Publish = Callable[..., IssueCalendar]
Told = Sequence[tuple[str, str]]


def issue_with(issue: Issue, dates: Told) -> Issue:
    entries = (
        ImportantDate(when=CalendarDate(start=date.fromisoformat(day)), text=(Text(words),)) for day, words in dates
    )
    return replace(issue, important_dates=tuple(entries))


def events(data: bytes) -> dict[tuple[str, str], Any]:
    """The events by day and words."""
    found: list[Any] = icalendar.Calendar.from_ical(data).walk("VEVENT")
    return {
        (each["dtstart"].dt.isoformat(), str(each["summary"]).removeprefix("Arrangement: ")): each for each in found
    }


def uids(data: bytes) -> dict[tuple[str, str], str]:
    return {key: str(each["uid"]) for key, each in events(data).items()}


def webinars(*days: str) -> Told:
    return [(day, "Webinar om samhandling") for day in days]


def test_events_of_one_title_have_names_of_their_own(publish: Publish, small_issue: Issue) -> None:
    calendar = publish(issue_with(small_issue, webinars(*SERIES)))
    assert len({*uids(calendar.whole).values()}) == 3
    assert [*uids(calendar.whole).values()] == [uid for each in calendar.events for uid in uids(each).values()]


def days_behind(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """The days in each file, by its name."""
    return {name: [day for day, _ in events(file)] for name, file in files.items()}


def dates_of_items(*days: date) -> tuple[ItemDate, ...]:
    return tuple(ItemDate(when=CalendarDate(start=day), kind=DateKind.LAUNCH, title=f"Nytt {day}") for day in days)


def test_a_link_of_a_mail_that_was_sent_leads_to_its_date_wherever_that_was_moved(
    publish: Publish, small_issue: Issue
) -> None:
    first = publish(issue_with(small_issue, webinars(*SERIES)))
    corrected = issue_with(small_issue, webinars("2027-01-02", *SERIES[1:], "2027-12-01"))
    second = publish(corrected, first.whole, files=first.by_name)
    moved, *rest = first.by_name
    assert days_behind(second.also) == {moved: ["2027-01-02"]}
    assert [second.by_name[name] for name in rest] == [first.by_name[name] for name in rest]
    third = publish(issue_with(small_issue, webinars(*SERIES[1:])), first.whole, second.whole, files=first.by_name)
    assert moved not in third.also | third.by_name


def test_a_link_in_a_mail_leads_to_the_same_date_whatever_the_editor_lists_or_puts_before_it(
    publish: Publish, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    days = [date(2027, 1, 14), date(2027, 2, 14), date(2027, 3, 14)]
    items = (make_item(1, dates=dates_of_items(*days[:2])), make_item(2, dates=dates_of_items(days[2])))
    before = make_item(1, slug="ny", dates=dates_of_items(date(2027, 1, 14)))
    listed = ImportantDate(when=CalendarDate(start=date(2027, 1, 1)), text=(Text("Samling"),))
    taken_over = ImportantDate(when=CalendarDate(start=days[1]), text=(Text("Helt nye ord"),), kind=DateKind.LAUNCH)
    issue = replace(small_issue, sections=(Section(id="", items=items),), contribution_deadline=None)
    moved = (replace(each, number=each.number + 1) for each in items)
    larger = replace(issue, important_dates=(listed, taken_over), sections=(Section(id="", items=(before, *moved)),))
    first = publish(issue)
    second = publish(larger, first.whole, files=first.by_name)
    leads_to = second.also | second.by_name
    assert {name: [*uids(file).values()] for name, file in first.by_name.items()} == {
        name: [*uids(leads_to[name]).values()] for name in first.by_name
    }
    assert {name: days_behind(leads_to)[name] for name in first.by_name} == days_behind(first.by_name)
    assert len(second.also) == 1
    assert len(second.by_name) == 5


def test_numbers_that_mails_of_before_link_to_lead_to_the_same_dates(publish: Publish, small_issue: Issue) -> None:
    first = publish(issue_with(small_issue, webinars(*SERIES)))
    numbered = {"1": first.events[0], "2": first.events[1], "1001": first.events[1]}
    second = publish(issue_with(small_issue, webinars("2027-01-07", *SERIES[1:])), first.whole, files=numbered)
    assert days_behind(second.also) == {"1": ["2027-01-07"], "2": ["2027-02-11"], "1001": ["2027-02-11"]}


def test_a_file_keeps_its_name_when_another_on_the_same_day_has_the_same_words(
    publish: Publish, small_issue: Issue
) -> None:
    def at(hour: int, *, place: str = "", own_id: str = "") -> ImportantDate:
        when, hours = CalendarDate(start=date(2027, 1, 14)), Hours(start=time(hour))
        return ImportantDate(when=when, text=(Text("Webinar"),), hours=hours, place=place, id=own_id)

    ten, in_oslo = at(10), at(10, place="Oslo")
    first = publish(replace(small_issue, important_dates=(ten, in_oslo, at(14, own_id="to"))))
    both = (at(9), at(9), ten, in_oslo, replace(at(14, own_id="to"), text=(Text("Foredrag"),)))
    second = publish(replace(small_issue, important_dates=both))
    assert [*second.by_name][2:] == [*first.by_name]
    assert len(second.by_name) == 5
    assert all(re.fullmatch("[b-df-hj-np-tv-z][b-df-hj-np-tv-z2-9]{3}", name) for name in second.by_name)


def test_two_items_with_the_same_untitled_dates_have_names_of_their_own(
    publish: Publish, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    dates = tuple(ItemDate(when=CalendarDate(start=date(2027, 1, day)), kind=DateKind.EVENT) for day in (14, 14, 15))
    items = tuple(make_item(number, title="Samling", dates=dates) for number in (1, 2))
    whole = publish(replace(small_issue, sections=(Section(id="", items=items),), contribution_deadline=None)).whole
    found = [str(each["uid"]) for each in icalendar.Calendar.from_ical(whole).walk("VEVENT")]
    assert len({*found}) == len(found) == 6


@pytest.mark.parametrize("is_published", [True, False])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("2027-02-11", "Haustkonferanse"), ("2027-02-11", "Haustkonferansen")),
        (("2027-02-11", "Haustkonferansen"), ("2027-02-18", "Haustkonferansen")),
        (("2027-02-11", "Haustkonferansen"), ("2027-01-04", "Haustkonferansen")),
        (("2027-02-11", "Haustkonferanse"), ("2027-02-18", "Haustkonferansen")),
        (("2027-02-11", "Samling"), ("2027-02-11", "Møte for alle i nord")),
        (("2027-02-11", "Arrangement for alle i nord i Bodø"), ("2027-02-18", "Arrangement for alle i nord")),
        (("2027-02-11", "Arrangement for alle i nord"), ("2027-02-18", "Arrangement for alle i nord i Bodø")),
    ],
    ids=["a typo", "later", "earlier", "typo and day", "other words", "fewer words and day", "more words and day"],
)
def test_a_correction_keeps_the_name(
    before: tuple[str, str], after: tuple[str, str], *, is_published: bool, publish: Publish, small_issue: Issue
) -> None:
    """Without what was published, too: `mailer compose` knows nothing of it."""
    first = publish(issue_with(small_issue, [*webinars(*SERIES), before])).whole
    second = publish(issue_with(small_issue, [*webinars(*SERIES), after]), *([first] if is_published else [])).whole
    assert uids(first)[before] == uids(second)[after]
    if is_published:
        old, new = events(first)[before], events(second)[after]
        assert (old["sequence"], new["sequence"]) == (0, 1)
        assert old["dtstamp"].dt < new["dtstamp"].dt == new["last-modified"].dt == LATER.replace(microsecond=0)
        others = webinars(*SERIES)
        assert [events(second)[each].to_ical() for each in others] == [events(first)[each].to_ical() for each in others]


def test_stamps_grow_even_when_the_clock_stands_before_the_day_of_the_issue(
    publish: Publish, small_issue: Issue
) -> None:
    early = NOW - timedelta(days=3)
    files: list[bytes] = []
    for day in ("2027-01-14", "2027-01-15", "2027-01-13"):
        files.append(publish(issue_with(small_issue, webinars(day)), *files, at=early).whole)
    found = [event for file in files for event in events(file).values()]
    assert [int(each["sequence"]) for each in found] == [0, 1, 2]
    assert [each["dtstamp"].dt - NOW for each in found] == [timedelta(seconds=number) for number in range(3)]
    assert len({str(each["uid"]) for each in found}) == 1


def test_a_new_date_never_takes_the_name_of_one_that_was_published(publish: Publish, small_issue: Issue) -> None:
    first = publish(issue_with(small_issue, [("2027-01-14", "Webinar"), ("2027-02-11", "Vårmøte")])).whole
    second = publish(
        issue_with(small_issue, [("2027-02-11", "Vårmøte"), ("2027-05-20", "Landskonferanse")]), first
    ).whole
    third = publish(issue_with(small_issue, [("2027-01-14", "Webinar")]), first, second).whole
    old, new = uids(first), uids(second)
    assert new["2027-02-11", "Vårmøte"] == old["2027-02-11", "Vårmøte"]
    assert new["2027-05-20", "Landskonferanse"] not in old.values()
    assert uids(third) == {("2027-01-14", "Webinar"): old["2027-01-14", "Webinar"]}


def test_of_events_that_shared_a_name_one_keeps_it(publish: Publish, small_issue: Issue) -> None:
    whole = publish(issue_with(small_issue, [("2027-02-11", "Webinar"), ("2027-01-14", "Webinar")]), OF_OLD).whole
    names = [*uids(whole).values()]
    assert names[0] == "2f31b141ec7a94640a4e01e7d8a2bdb8@nyhetsbrev.example"
    assert len({*names}) == 2
    assert [int(each["sequence"]) for each in events(whole).values()] == [1, 0]


DAYS = st.dates(date(2027, 1, 1), date(2027, 12, 1)).map(date.isoformat)
WORDS = st.sampled_from(
    ["Webinar", "Webinar om samhandling", "Dialogmøte i Bodø", "Haustkonferansen", "Frist; for, alt\\"]
)
DATES = st.lists(st.tuples(DAYS, WORDS), min_size=1, max_size=5, unique=True)


@given(dates=DATES, data=st.data())
@CALM
def test_what_is_put_in_taken_out_or_moved_about_leaves_the_others_as_they_are(
    publish: Publish, small_issue: Issue, dates: list[tuple[str, str]], data: st.DataObject
) -> None:
    first = publish(issue_with(small_issue, dates)).whole
    kept = data.draw(st.permutations(dates).map(lambda all_: all_[data.draw(st.integers(0, 1)) :]))
    new = [each for each in data.draw(DATES) if each not in dates]
    assume(new or kept)
    second = publish(issue_with(small_issue, [*new, *kept]), first).whole
    for each in kept:
        assert events(second)[each].to_ical() == events(first)[each].to_ical()
    names = uids(second).values()
    assert len({*names}) == len(names) == len(kept) + len(new)


@given(dates=DATES, days=st.integers(1, 400), data=st.data())
@CALM
def test_whichever_date_is_moved_is_the_same_event(
    publish: Publish, small_issue: Issue, dates: list[tuple[str, str]], days: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(dates) - 1))
    day, words = dates[place]
    moved = ((date.fromisoformat(day) + timedelta(days=days)).isoformat(), words)
    assume(moved not in dates)
    first = publish(issue_with(small_issue, dates)).whole
    second = publish(issue_with(small_issue, [*dates[:place], moved, *dates[place + 1 :]]), first).whole
    assert uids(second) == {moved if key == dates[place] else key: uid for key, uid in uids(first).items()}
    assert events(second)[moved]["sequence"] == 1


def test_a_date_with_an_id_is_known_again_whatever_is_corrected(publish: Publish, small_issue: Issue) -> None:
    def issue(*dates: tuple[str, str, str]) -> Issue:
        entries = (
            ImportantDate(when=CalendarDate(start=date.fromisoformat(day)), text=(Text(words),), id=name)
            for day, words, name in dates
        )
        return replace(small_issue, important_dates=tuple(entries), contribution_deadline=None)

    before = publish(issue(("2027-01-14", "Webinar", ""), ("2027-02-11", "Samling", "samling"))).whole
    # The other date takes over words and day of the one with the name: they mean it no more.
    corrected = issue(("2027-02-11", "Samling", "ny"), ("2027-05-20", "Konferanse i Bodø", "samling"))
    after = publish(corrected, before).whole
    was, now = uids(before), uids(after)
    assert now["2027-05-20", "Konferanse i Bodø"] == was["2027-02-11", "Samling"]
    assert now["2027-02-11", "Samling"] not in was.values()
    assert events(after)["2027-05-20", "Konferanse i Bodø"]["sequence"] == 1


def test_a_date_may_be_given_an_id_later_and_is_not_changed_by_that(publish: Publish, small_issue: Issue) -> None:
    first = issue_with(small_issue, webinars("2027-01-14"))
    (entry,) = first.important_dates
    named = replace(first, important_dates=(replace(entry, id="webinar"),))
    moved = CalendarDate(start=date(2027, 3, 1))
    renamed = replace(first, important_dates=(replace(entry, id="webinar", when=moved, text=(Text("Fagdag"),)),))
    before = publish(first).whole
    again = publish(named, before).whole
    later = publish(renamed, before, again).whole
    assert uids(before) == uids(again)
    assert [*uids(before).values()] == [*uids(later).values()]
    stamps = [[event["sequence"] for event in events(each).values()] for each in (before, again, later)]
    assert [each[0] for each in stamps] == [0, 0, 1]


def test_a_date_that_takes_the_first_place_is_not_taken_for_the_one_that_stood_there(
    publish: Publish, small_issue: Issue
) -> None:
    before = publish(issue_with(small_issue, [("2027-01-14", "Webinar")])).whole
    after = publish(issue_with(small_issue, [("2027-02-11", "Samling")]), before).whole
    assert not {*uids(before).values()} & {*uids(after).values()}
