from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import icalendar
import pytest

from mailer.compose.calendar import IssueCalendar, build_calendar
from mailer.compose.publication import Publication
from mailer.issue.model import (
    CalendarDate,
    DateKind,
    Hours,
    ImportantDate,
    Issue,
    Item,
    ItemDate,
    Precision,
    Section,
    Text,
)
from mailer.rendering.templates import Templates

NOW = datetime(2023, 12, 1, tzinfo=UTC)
Build = Callable[[Issue], IssueCalendar]


@pytest.fixture
def build(templates: Templates, publication: Publication) -> Build:
    def build(issue: Issue) -> IssueCalendar:
        return build_calendar(issue, labels=templates.labels, publication=publication, timestamp=NOW)

    return build


def events(data: bytes) -> list[Any]:
    """The events as `icalendar` reads them; its types know too many kinds of value to be of use here."""
    return list(icalendar.Calendar.from_ical(data).walk("VEVENT"))


def with_dates(issue: Issue, *entries: ImportantDate) -> Issue:
    return replace(issue, important_dates=entries)


def an_entry(when: CalendarDate, text: str = "Samling i Ålesund", **changes: object) -> ImportantDate:
    return replace(ImportantDate(when=when, text=(Text(text),)), **changes)  # type: ignore[arg-type]  # fields it has


def test_an_item_s_deadline_is_a_whole_day_with_a_link_to_the_item(build: Build, small_issue: Issue) -> None:
    event, contribution = events(build(small_issue).whole)
    assert event["summary"] == "Søknadsfrist: Tittel 1"
    assert (event.start, event.end) == (date(2023, 12, 14), date(2023, 12, 15))
    assert event["url"] == "https://nyhetsbrev.example/2023-12#sak-1"
    assert event["dtstamp"].dt == NOW
    assert event["transp"] == "TRANSPARENT"
    assert contribution["url"] == "https://nyhetsbrev.example/2023-12"


def test_each_date_has_a_file_of_its_own(build: Build, small_issue: Issue) -> None:
    calendar = build(small_issue)
    assert [len(events(each)) for each in calendar.events] == [1, 1]
    assert [events(each)[0]["uid"] for each in calendar.events] == [each["uid"] for each in events(calendar.whole)]


def test_programs_learn_the_zone_that_whole_days_are_meant_in(build: Build, small_issue: Issue) -> None:
    calendar = icalendar.Calendar.from_ical(build(small_issue).whole)
    assert calendar["x-wr-timezone"] == "Europe/Oslo"
    assert calendar["version"] == "2.0"
    assert calendar["method"] == "PUBLISH"


def test_a_range_ends_the_day_after_its_last(build: Build, small_issue: Issue) -> None:
    when = CalendarDate(start=date(2024, 10, 23), end=date(2024, 10, 24))
    (event,) = events(build(with_dates(small_issue, an_entry(when))).whole)
    assert (event.start, event.end) == (date(2024, 10, 23), date(2024, 10, 25))


def test_the_last_day_of_all_is_no_trouble(build: Build, small_issue: Issue) -> None:
    (event,) = events(build(with_dates(small_issue, an_entry(CalendarDate(start=date.max)))).whole)
    assert event["dtstart"].dt == date.max


def test_only_known_days_go_into_a_calendar(build: Build, small_issue: Issue) -> None:
    month = CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH)
    calendar = build(with_dates(small_issue, an_entry(month)))
    assert calendar == IssueCalendar(whole=b"", events=())


def test_a_day_that_is_about_right_is_tentative(build: Build, small_issue: Issue) -> None:
    about = CalendarDate(start=date(2024, 2, 1), approximate=True)
    (event,) = events(build(with_dates(small_issue, an_entry(about))).whole)
    assert event["status"] == "TENTATIVE"


def test_a_date_that_is_moved_keeps_its_identity(build: Build, small_issue: Issue) -> None:
    days = (CalendarDate(start=date(2024, 2, 1)), CalendarDate(start=date(2024, 2, 8)))
    one, other = (events(build(with_dates(small_issue, an_entry(day))).whole)[0] for day in days)
    assert one["uid"] == other["uid"]


def test_the_place_is_told_and_the_kind_not_twice(
    build: Build, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    meeting = ItemDate(
        when=CalendarDate(start=date(2024, 1, 9)), kind=DateKind.MEETING, title="Møte for alle", place="Bodø; rådhuset"
    )
    item = make_item(1, lang="se", dates=(meeting,))
    issue = replace(small_issue, sections=(Section(id="", items=(item,)),), contribution_deadline=None)
    (event,) = events(build(issue).whole)
    assert event["location"] == "Bodø; rådhuset"
    assert event["summary"] == "Møte for alle"
    assert event["summary"].params["LANGUAGE"] == "se"


def test_a_time_of_day_is_told_with_its_zone(build: Build, small_issue: Issue) -> None:
    when = CalendarDate(start=date(2024, 2, 1))
    hours = Hours(start=time(10), end=time(15, 30))
    data = build(with_dates(small_issue, an_entry(when, hours=hours))).whole
    (event,) = events(data)
    begin, end = event["dtstart"].dt, event["dtend"].dt
    assert (begin.astimezone(UTC), end - begin) == (datetime(2024, 2, 1, 9, tzinfo=UTC), timedelta(hours=5.5))
    assert event["dtstart"].params["TZID"] == "Europe/Oslo"
    assert data.count(b"BEGIN:VTIMEZONE") == 1


def test_no_end_is_invented(build: Build, small_issue: Issue) -> None:
    noon = Hours(start=time(12))
    one, days = CalendarDate(start=date(2024, 7, 1)), CalendarDate(start=date(2024, 7, 1), end=date(2024, 7, 2))
    (deadline,) = events(build(with_dates(small_issue, an_entry(one, hours=noon))).whole)
    assert deadline["dtstart"].dt.astimezone(UTC) == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert "dtend" not in deadline
    (event,) = events(build(with_dates(small_issue, an_entry(days, hours=noon))).whole)
    assert (event.start, event.end) == (date(2024, 7, 1), date(2024, 7, 3))


def test_words_cannot_add_lines_to_the_file(build: Build, small_issue: Issue) -> None:
    hostile = "Møte\r\nATTACH:https://evil.example/\nBEGIN:VALARM"
    data = build(with_dates(small_issue, an_entry(CalendarDate(start=date(2024, 2, 1)), hostile))).whole
    (event,) = events(data)
    assert "ATTACH" not in event
    assert event["summary"].endswith("Møte ATTACH:https://evil.example/ BEGIN:VALARM")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))


def test_a_title_of_two_lines_is_one_line_there(build: Build, small_issue: Issue) -> None:
    calendar = icalendar.Calendar.from_ical(build(replace(small_issue, title="Nyheitsbrev\r\nX-EVIL:1")).whole)
    assert calendar["x-wr-calname"] == "Nyheitsbrev X-EVIL:1"


def test_the_same_issue_gives_the_same_bytes(build: Build, small_issue: Issue) -> None:
    assert build(small_issue) == build(small_issue)
