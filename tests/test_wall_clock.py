"""What the clock shows in a zone: each moment is told back, and windows open at the first minute that is inside."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.wall_clock import (
    NORWAY,
    after_change,
    find_zone,
    moments_of,
    read_wall_time,
    read_window,
    shown_at,
)

OSLO = find_zone(NORWAY)
MINUTE = timedelta(minutes=1)
# Oslo, two hours behind, half an hour of summer, no change at all, and one that changes at midnight.
zones = st.sampled_from([NORWAY, "America/New_York", "Australia/Lord_Howe", "UTC", "America/Asuncion"]).map(find_zone)
minutes = st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0))
near_changes = st.sampled_from([datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]).flatmap(
    lambda change: st.integers(-4000, 4000).map(lambda number: change + number * MINUTE)
)


def wall(text: str) -> datetime:
    return read_wall_time(text)[0]


def oslo(text: str) -> list[str]:
    return [f"{each:%d %H:%M}" for each in moments_of(wall(text), OSLO)]


# --- What the clock shows ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "moments"),
    [
        ("2026-12-01 08:00", ["01 07:00"]),
        ("2026-07-01 08:00", ["01 06:00"]),
        ("2026-03-29 01:59", ["29 00:59"]),
        ("2026-03-29 02:00", []),
        ("2026-03-29 02:59", []),
        ("2026-03-29 03:00", ["29 01:00"]),
        ("2026-10-25 01:59", ["24 23:59"]),
        ("2026-10-25 02:00", ["25 00:00", "25 01:00"]),
        ("2026-10-25 02:59", ["25 00:59", "25 01:59"]),
        ("2026-10-25 03:00", ["25 02:00"]),
    ],
)
def test_a_clock_shows_each_hour_once_but_in_the_nights_of_a_change(shown: str, moments: list[str]) -> None:
    assert oslo(shown) == moments


def test_an_hour_that_is_left_out_is_an_hour_later() -> None:
    assert after_change(wall("2026-03-29 02:20"), OSLO) == wall("2026-03-29 03:20")


@given(moment=minutes.map(lambda at: at.replace(tzinfo=UTC)), zone=zones)
def test_each_moment_is_among_those_at_which_the_clock_shows_it(moment: datetime, zone: ZoneInfo) -> None:
    assert moment in moments_of(shown_at(moment, zone), zone)


@given(shown=minutes, zone=zones)
def test_the_clock_shows_at_every_moment_found_what_was_asked_for(shown: datetime, zone: ZoneInfo) -> None:
    found = moments_of(shown, zone)
    assert {shown_at(each, zone) for each in found} <= {shown}
    assert found == tuple(sorted(set(found)))
    if not found:
        assert after_change(shown, zone) > shown


@pytest.mark.parametrize(
    "written",
    [
        "2026-12-01 08:05",
        "2026-12-01T08:05",
        "2026-12-01   8:05",
        " 01.12.2026 08:05 ",
        "1.12.2026 kl. 08.05",
        "1.12.2026 kl 8.05",
    ],
)
def test_a_time_is_read_as_it_is_written_in_norway_and_elsewhere(written: str) -> None:
    assert read_wall_time(written) == (datetime(2026, 12, 1, 8, 5), None)


@pytest.mark.parametrize(
    ("written", "offset"),
    [("+02:00", 120), ("+0200", 120), (" -03:30", -210), ("+00:00", 0), ("-0000", 0)],
)
def test_an_offset_may_stand_behind_it(written: str, offset: int) -> None:
    assert read_wall_time(f"2026-10-25 02:30{written}") == (wall("2026-10-25 02:30"), offset * MINUTE)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "08:00",
        "2026-12-01",
        "2026-12-01 24:00",
        "2026-12-01 08:60",
        "2026-13-01 08:00",
        "2026-02-29 08:00",
        "31.11.2026 08:00",
        "1926-12-01 08:00",
        "01.12.1926 08:00",
        "2026-12-01 08:00:00",
        "2026-12-01 08:00Z",
        "2026-12-01 08:00+2",
        "2026-12-01 08:00 CET",
        "x 2026-12-01 08:00",
        "2026-12-0108:00",
        "٢٠٢٦-12-01 08:00",
    ],
)
def test_what_is_no_day_and_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        read_wall_time(written)


@pytest.mark.parametrize("name", ["Oslo", "", "../etc/passwd", "/etc/passwd", "America", "a\0b"])
def test_there_is_no_zone_of_another_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        find_zone(name)


# --- Windows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("07:00-17:00", "0123456"),
        ("mon-fri 07:00-17:00", "01234"),
        ("mon,wed,sat-sun 07:00-17:00", "0256"),
        ("sat-mon 07:00-17:00", "056"),
        ("tue 07:00-17:00", "1"),
    ],
)
def test_a_window_names_its_days(text: str, days: str) -> None:
    window = read_window(text, OSLO)
    assert (window.text, window.days) == (text, frozenset(map(int, days)))
    assert (window.begins, window.ends) == (7 * 60, 17 * 60)


@pytest.mark.parametrize(
    "text",
    [
        "mon-fri",
        "07-17",
        "17:00-07:00",
        "07:00-07:00",
        "07:00-24:01",
        "07:60-17:00",
        "07:00-16:60",
        "man-fre 07:00-17:00",
        "mon- 07:00-17:00",
        "-fri 07:00-17:00",
        "mon-tue-wed 07:00-17:00",
        "mon,,fri 07:00-17:00",
        "mon-fri 7:00-17:00",
        "mon-fri 07:00-17:00 x",
    ],
)
def test_what_says_no_days_and_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        read_window(text, OSLO)


def at(text: str) -> datetime:
    [found] = moments_of(wall(text), OSLO)
    return found


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-27 06:59", "2026-11-27 07:00"),
        ("2026-11-27 07:00", "2026-11-27 07:00"),
        ("2026-11-27 16:59", "2026-11-27 16:59"),
        ("2026-11-27 17:00", "2026-11-30 07:00"),
        ("2026-11-29 12:00", "2026-11-30 07:00"),
        ("2026-03-27 17:00", "2026-03-30 07:00"),
    ],
)
def test_a_window_opens_on_the_next_of_its_days(moment: str, opens: str) -> None:
    window = read_window("mon-fri 07:00-17:00", OSLO)
    assert window.opens(at(moment)) == at(opens)
    assert window.is_open(at(moment)) is (moment == opens)


def test_a_window_to_midnight_closes_then() -> None:
    window = read_window("mon 22:00-24:00", OSLO)
    assert window.is_open(at("2026-11-30 23:59"))
    assert not window.is_open(at("2026-12-01 00:00"))


def test_a_window_that_begins_in_an_hour_left_out_opens_when_the_clock_is_put_forward() -> None:
    window = read_window("sun 02:30-04:00", OSLO)
    assert window.opens(at("2026-03-28 23:00")) == at("2026-03-29 03:00")
    assert read_window("sun 02:10-02:40", OSLO).opens(at("2026-03-28 23:00")) == at("2026-04-05 02:10")


def test_a_window_in_an_hour_that_comes_twice_opens_twice() -> None:
    window = read_window("sun 02:00-02:30", OSLO)
    first, second = moments_of(wall("2026-10-25 02:00"), OSLO)
    assert window.opens(first - MINUTE) == first
    assert window.opens(first + 30 * MINUTE) == second


@pytest.mark.parametrize("text", ["mon-fri 07:00-17:00", "sun 02:10-02:50", "sat-sun 00:00-02:30", "sun 02:30-24:00"])
@given(moment=near_changes)
def test_no_minute_before_a_window_opens_is_inside(text: str, moment: datetime) -> None:
    window = read_window(text, OSLO)
    opens = window.opens(moment)
    assert opens >= moment
    assert window.is_open(opens)
    before = int(min((opens - moment) / MINUTE, 90))
    assert not any(window.is_open(opens - number * MINUTE) for number in range(1, before + 1))
