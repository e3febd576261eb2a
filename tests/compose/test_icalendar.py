"""Calendar files as RFC 5545 wants them, with the rule of `timezone` where a time of day is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from mailer.compose.calendar.icalendar import IssueCalendar, build_calendar
from mailer.compose.publication import Publication
from mailer.issue.model import (
    CalendarDate,
    DateKind,
    Hours,
    ImportantDate,
    Issue,
    Item,
    ItemDate,
    Link,
    Precision,
    Section,
    Text,
)
from mailer.rendering.templates import Templates

NOW = datetime(2023, 12, 1, tzinfo=UTC)
LATER = datetime(2024, 1, 9, 12, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")
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
    return replace(issue, sections=(), important_dates=entries)


def an_entry(when: CalendarDate, text: str = "Samling i Ålesund", **changes: object) -> ImportantDate:
    return replace(ImportantDate(when=when, text=(Text(text),)), **changes)  # type: ignore[arg-type]  # fields it has


def test_an_item_s_deadline_is_a_whole_day_with_a_link_to_the_item(build: Build, small_issue: Issue) -> None:
    event, contribution = events(build(small_issue).whole)
    assert event["summary"] == "Søknadsfrist: Tittel 1"
    assert (event.start, event.end) == (date(2023, 12, 14), date(2023, 12, 15))
    assert event["url"] == "https://nyhetsbrev.example/2023-12#om-sak-1"
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
    assert calendar == IssueCalendar(whole=b"", by_name={}, also={})


def test_a_day_that_is_about_right_is_tentative(build: Build, small_issue: Issue) -> None:
    about = CalendarDate(start=date(2024, 2, 1), approximate=True)
    (event,) = events(build(with_dates(small_issue, an_entry(about))).whole)
    assert event["status"] == "TENTATIVE"


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
    calendar = build(with_dates(small_issue, an_entry(when, hours=hours)))
    (event,) = events(calendar.whole)
    begin, end = event["dtstart"].dt, event["dtend"].dt
    assert (begin.astimezone(UTC), end - begin) == (datetime(2024, 2, 1, 9, tzinfo=UTC), timedelta(hours=5.5))
    assert event["dtstart"].params["TZID"] == "Europe/Oslo"
    assert [data.count(b"BEGIN:VTIMEZONE") for data in (calendar.whole, *calendar.events)] == [1, 1]


def test_whole_days_need_no_zone(build: Build, small_issue: Issue) -> None:
    assert b"VTIMEZONE" not in build(small_issue).whole


def last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


def test_the_zone_is_one_rule_for_summer_and_one_for_winter_that_hold_from_2026_to_2045(
    build: Build, small_issue: Issue
) -> None:
    entry = an_entry(CalendarDate(start=date(2027, 6, 10)), hours=Hours(start=time(10)))
    (zone,) = icalendar.Calendar.from_ical(build(with_dates(small_issue, entry)).whole).walk("VTIMEZONE")
    observances: list[Any] = zone.subcomponents
    summer, winter = observances
    assert (summer.name, winter.name) == ("DAYLIGHT", "STANDARD")
    assert [sorted(each) for each in (summer, winter)] == [
        ["DTSTART", "RRULE", "TZNAME", "TZOFFSETFROM", "TZOFFSETTO"]
    ] * 2
    for observance, month, hour in ((summer, 3, 2), (winter, 10, 3)):
        assert observance["rrule"].to_ical() == f"FREQ=YEARLY;BYDAY=-1SU;BYMONTH={month}".encode()
        first, before, then = (observance[name] for name in ("dtstart", "tzoffsetfrom", "tzoffsetto"))
        assert first.dt == datetime.combine(last_sunday(first.dt.year, month), time(hour))
        for year in (first.dt.year, *range(2026, 2046)):
            change = (datetime.combine(last_sunday(year, month), time(hour)) - before.td).replace(tzinfo=UTC)
            told = [(change - timedelta(seconds=1)), change]
            assert [each.astimezone(OSLO).utcoffset() for each in told] == [before.td, then.td]


@pytest.mark.parametrize("year", range(2026, 2046))
def test_on_the_days_the_clock_is_changed_times_do_without_the_zone(
    year: int, build: Build, small_issue: Issue
) -> None:
    for day in (last_sunday(year, 3), last_sunday(year, 10)):
        for start in (time(0, 30), time(1, 30), time(3), time(23)):
            entry = an_entry(CalendarDate(start=day), hours=Hours(start=start))
            data = build(with_dates(small_issue, entry)).whole
            (event,) = events(data)
            begin, end = event["dtstart"].dt, event["dtend"].dt
            assert (begin.astimezone(OSLO).date(), begin.astimezone(OSLO).time()) == (day, start)
            assert end - begin == timedelta(hours=1)
            assert b"VTIMEZONE" not in data


def test_of_an_hour_that_comes_twice_the_first_is_meant(build: Build, small_issue: Issue) -> None:
    when = CalendarDate(start=date(2027, 10, 31))
    for hours in (Hours(start=time(2, 30)), Hours(start=time(2, 30), end=time(3))):
        (event,) = events(build(with_dates(small_issue, an_entry(when, hours=hours))).whole)
        assert event["dtstart"].dt == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
        assert event["dtend"].dt == datetime(
            2027, 10, 31, 1 if hours.end is None else 2, 30 * (not hours.end), tzinfo=UTC
        )


def test_times_of_years_before_the_rule_are_right_as_well(build: Build, small_issue: Issue) -> None:
    entry = an_entry(CalendarDate(start=date(1995, 10, 10)), hours=Hours(start=time(10)))
    (event,) = events(build(with_dates(small_issue, entry)).whole)
    assert event["dtstart"].dt == datetime(1995, 10, 10, 9, tzinfo=UTC)


def test_what_only_begins_is_given_an_hour_and_of_several_days_all(build: Build, small_issue: Issue) -> None:
    noon = Hours(start=time(12))
    one, days = CalendarDate(start=date(2024, 7, 1)), CalendarDate(start=date(2024, 7, 1), end=date(2024, 7, 2))
    for kind in (DateKind.DEADLINE, DateKind.EVENT):
        (event,) = events(build(with_dates(small_issue, an_entry(one, hours=noon, kind=kind))).whole)
        assert event["dtstart"].dt.astimezone(UTC) == datetime(2024, 7, 1, 10, tzinfo=UTC)
        assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=1)
    (event,) = events(build(with_dates(small_issue, an_entry(days, hours=noon))).whole)
    assert (event.start, event.end) == (date(2024, 7, 1), date(2024, 7, 3))


def test_what_lasts_past_midnight_ends_on_the_next_day(build: Build, small_issue: Issue) -> None:
    night = CalendarDate(start=date(2027, 6, 10), end=date(2027, 6, 11))
    (event,) = events(build(with_dates(small_issue, an_entry(night, hours=Hours(start=time(23), end=time(1))))).whole)
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(hours=2)


def test_words_cannot_add_lines_to_the_file(build: Build, small_issue: Issue) -> None:
    hostile = "Møte\r\nATTACH:https://evil.example/\nBEGIN:VALARM"
    data = build(with_dates(small_issue, an_entry(CalendarDate(start=date(2024, 2, 1)), hostile))).whole
    (event,) = events(data)
    assert "ATTACH" not in event
    assert event["summary"].endswith("Møte ATTACH:https://evil.example/ BEGIN:VALARM")
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))


def test_only_the_file_with_all_dates_is_a_calendar_of_its_own(build: Build, small_issue: Issue) -> None:
    calendar = build(replace(small_issue, title="Rettelse: fristen"))
    assert icalendar.Calendar.from_ical(calendar.whole)["x-wr-calname"] == "Nyheitsbrev for helsefellesskap"
    assert not [each for each in calendar.events if b"CALNAME" in each]


def test_a_name_cannot_add_lines_to_the_file(
    templates: Templates, publication: Publication, small_issue: Issue
) -> None:
    named = replace(publication, name="Nyheitsbrev\r\nX-EVIL:1")
    data = build_calendar(small_issue, labels=templates.labels, publication=named, timestamp=NOW).whole
    assert icalendar.Calendar.from_ical(data)["x-wr-calname"] == "Nyheitsbrev X-EVIL:1"


def test_the_same_issue_gives_the_same_bytes(build: Build, small_issue: Issue) -> None:
    assert build(small_issue) == build(small_issue)


def with_item_date(issue: Issue, make_item: Callable[..., Item], **changes: Any) -> Issue:
    entry = replace(ItemDate(when=CalendarDate(start=date(2024, 2, 1)), kind=DateKind.EVENT, title="Fagdag"), **changes)
    item = make_item(1, dates=(entry,))
    return replace(issue, sections=(Section(id="", items=(item,)),), contribution_deadline=None)


def test_an_event_leads_to_where_readers_sign_up(
    build: Build, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    link = Link(children=(Text("Fagdag 2024"),), url="https://pamelding.example/")
    text = (Text("Fagdag i Bodø. Påmelding: "), link)
    when = CalendarDate(start=date(2024, 2, 1))
    of_text = replace(small_issue, sections=(), important_dates=(ImportantDate(when=when, text=text),))
    of_fact = with_item_date(small_issue, make_item, signup="https://pamelding.example/")
    mail = Link(children=(Text("skriv til oss"),), url="mailto:ola@oslo.example")
    of_mail = replace(
        small_issue, sections=(), important_dates=(ImportantDate(when=when, text=(Text("Fagdag, "), mail)),)
    )
    told = [events(build(each).whole)[0] for each in (of_text, of_fact, of_mail)]
    month, page = "Nyheitsbrev for helsefellesskap, desember 2023", "https://nyhetsbrev.example/2023-12"
    assert [str(each["url"]) for each in told] == ["https://pamelding.example/"] * 2 + [page]
    assert [str(each["description"]).split("\n") for each in told] == [
        [
            "Fagdag i Bodø. Påmelding: Fagdag 2024",
            "Fagdag 2024: https://pamelding.example/",
            month,
            page,
        ],
        ["https://pamelding.example/", month, f"{page}#om-sak-1"],
        ["skriv til oss: mailto:ola@oslo.example", month, page],
    ]
    assert [str(each["summary"]).removeprefix("Arrangement: ") for each in told] == [
        "Fagdag i Bodø",
        "Fagdag",
        "Fagdag, skriv til oss",
    ]


@pytest.mark.parametrize(
    ("kind", "hours", "trigger"),
    [
        (DateKind.APPLICATION_DEADLINE, None, timedelta(days=-7, hours=9)),
        (DateKind.DEADLINE, Hours(start=time(12)), timedelta(days=-7)),
        (DateKind.EVENT, None, None),
        (DateKind.IN_FORCE, Hours(start=time(12)), None),
    ],
)
def test_readers_are_reminded_of_deadlines_alone(
    kind: DateKind, hours: Hours | None, trigger: timedelta | None, build: Build, small_issue: Issue
) -> None:
    entry = an_entry(CalendarDate(start=date(2024, 2, 1)), "Tilskot", kind=kind, hours=hours)
    (event,) = events(build(with_dates(small_issue, entry)).whole)
    alarms: list[Any] = event.walk("VALARM")
    told = [(each["action"], str(each["description"]), each["trigger"].dt) for each in alarms]
    assert told == ([("DISPLAY", "Tilskot", trigger)] if trigger else [])


def test_an_id_is_told_as_it_is_and_adds_no_lines(build: Build, small_issue: Issue) -> None:
    entry = an_entry(CalendarDate(start=date(2024, 2, 1)), id="haust\r\nX-EVIL:1")
    (event,) = events(build(with_dates(small_issue, entry)).whole)
    assert event["x-mailer-id"] == "haust X-EVIL:1"
    assert "x-mailer-id" not in events(build(small_issue).whole)[0]
