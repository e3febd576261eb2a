"""The calendar files as four programs read them that are parts of real calendars."""

import ctypes
import ctypes.util
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailer.compose.calendar.icalendar import build_calendar
from mailer.compose.publication import Publication
from mailer.issue.model import CalendarDate, Hours, ImportantDate, Issue, Text
from mailer.rendering.templates import Templates

OSLO = ZoneInfo("Europe/Oslo")
Span = tuple[datetime, datetime]
Read = Callable[[bytes], list[tuple[str, datetime, datetime]]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["ical.js", "node-ical", "vobject", "libical"])
def read(request: pytest.FixtureRequest, repository: Path) -> Read:
    if request.param == "vobject":
        return read_with_vobject
    if request.param == "libical":
        return read_with_libical
    if not shutil.which("node") or not (repository / "node_modules" / request.param).is_dir():
        pytest.skip(f"{request.param} is not installed: run .ci/browser-tools")
    return lambda data: read_with_node(request.param, data)


def read_with_node(engine: str, data: bytes) -> list[tuple[str, datetime, datetime]]:
    command = ["node", str(Path(__file__).with_name("read_calendar.mjs")), engine]
    told = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return [(words, in_utc(start), in_utc(end)) for words, start, end in json.loads(told)]


def read_with_vobject(data: bytes) -> list[tuple[str, datetime, datetime]]:
    vobject = pytest.importorskip("vobject")
    events = vobject.readOne(data.decode()).vevent_list
    return [
        (each.summary.value, each.dtstart.value.astimezone(UTC), each.dtend.value.astimezone(UTC)) for each in events
    ]


class IcalTime(ctypes.Structure):
    """`struct icaltimetype` of libical 3."""

    _names = ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")
    _fields_ = (*((name, ctypes.c_int) for name in _names), ("zone", ctypes.c_void_p))


def read_with_libical(data: bytes) -> list[tuple[str, datetime, datetime]]:
    name = ctypes.util.find_library("ical")
    if name is None:
        pytest.skip("libical 3 is not installed (Debian: libical3)")
    library = ctypes.CDLL(name)
    pointer, number, words = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    for function, result, *arguments in (
        ("icalparser_parse_string", pointer, words),
        ("icalcomponent_string_to_kind", number, words),
        ("icalcomponent_get_first_component", pointer, pointer, number),
        ("icalcomponent_get_next_component", pointer, pointer, number),
        ("icalcomponent_get_summary", words, pointer),
        ("icalcomponent_get_dtstart", IcalTime, pointer),
        ("icalcomponent_get_dtend", IcalTime, pointer),
        ("icaltime_as_timet_with_zone", ctypes.c_long, IcalTime, pointer),
        ("icalcomponent_free", None, pointer),
    ):
        getattr(library, function).restype, getattr(library, function).argtypes = result, arguments

    def seconds(told: IcalTime) -> int:
        return int(library.icaltime_as_timet_with_zone(told, told.zone))

    def events(root: int) -> Iterator[tuple[str, datetime, datetime]]:
        kind = library.icalcomponent_string_to_kind(b"VEVENT")
        event = library.icalcomponent_get_first_component(root, kind)
        while event:
            span = (library.icalcomponent_get_dtstart(event), library.icalcomponent_get_dtend(event))
            start, end = (in_utc(seconds(each)) for each in span)
            yield library.icalcomponent_get_summary(event).decode(), start, end
            event = library.icalcomponent_get_next_component(root, kind)

    root = library.icalparser_parse_string(data)
    found = [*events(root)]
    library.icalcomponent_free(root)
    return found


def in_utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def days_of(year: int) -> Iterator[date]:
    """A day of each season, and the days around each change of the clock."""
    yield from (date(year, 1, 15), date(year, 6, 10), date(year, 12, 31))
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    for day, following in pairwise(days):
        if datetime.combine(day, time(), OSLO).utcoffset() != datetime.combine(following, time(), OSLO).utcoffset():
            yield from (day + timedelta(days=number) for number in (-1, 0, 1, 2))


def spans_of(year: int) -> Iterator[tuple[CalendarDate, Hours, Span]]:
    """Dates as an editor may write them, and the moments that they are."""
    for day in days_of(year):
        for start in (time(0, 30), time(1, 30), time(2), time(2, 30), time(3), time(10), time(23, 15)):
            begin = datetime.combine(day, start, OSLO).astimezone(UTC)
            if begin.astimezone(OSLO).time() != start:  # the hour that does not exist, which is refused
                continue
            when = CalendarDate(start=day)
            yield when, Hours(start=start), (begin, begin + timedelta(hours=1))
            last = day + timedelta(days=1)
            end = datetime.combine(last, time(4), OSLO).astimezone(UTC)
            yield replace(when, end=last), Hours(start=start, end=time(4)), (begin, end)


def test_every_time_from_2026_to_2045_is_the_moment_the_editor_meant(
    read: Read, small_issue: Issue, templates: Templates, publication: Publication
) -> None:
    spans = [each for year in range(2026, 2046) for each in spans_of(year)]
    entries = (
        ImportantDate(when=when, hours=hours, text=(Text(f"Sak {number}"),))
        for number, (when, hours, _) in enumerate(spans)
    )
    issue = replace(small_issue, sections=(), important_dates=tuple(entries))
    now = datetime(2026, 12, 1, tzinfo=UTC)
    calendar = build_calendar(issue, labels=templates.labels, publication=publication, timestamp=now)
    found = {words.rpartition(" ")[2]: (start, end) for words, start, end in read(calendar.whole)}
    assert len(found) == len(spans) > 2500
    assert found == {str(number): span for number, (*_, span) in enumerate(spans)}
