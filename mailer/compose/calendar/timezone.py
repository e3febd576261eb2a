"""Norwegian time for iCalendar: one rule for summer and one for winter (RFC 5545 §3.6.5).

Calendar programs agree on this alone: Outlook reads one rule of each kind and no lists of days, others take lists for
the first day of each.
"""

from datetime import date, datetime, timedelta

import icalendar

from mailer.issue.clock import ZONE, is_changed_on

WINTER, SUMMER = timedelta(hours=1), timedelta(hours=2)
# Since then Norway changes the clock when the European Union does (directive 94/21/EC, and 2000/84/EC after it).
FIRST_SUMMER, FIRST_WINTER = datetime(1996, 3, 31, 2), datetime(1996, 10, 27, 3)  # noqa: DTZ001 as the clock shows it


def norwegian_time() -> icalendar.Timezone:
    """The component that `TZID=Europe/Oslo` refers to."""
    zone = icalendar.Timezone()
    zone.add("tzid", ZONE)
    for observance, name, first, before, then in (
        (icalendar.TimezoneDaylight(), "CEST", FIRST_SUMMER, WINTER, SUMMER),
        (icalendar.TimezoneStandard(), "CET", FIRST_WINTER, SUMMER, WINTER),
    ):
        observance.add("dtstart", first)
        observance.add("rrule", {"freq": "yearly", "bymonth": first.month, "byday": "-1SU"})
        observance.add("tzname", name)
        observance.add("tzoffsetfrom", before)
        observance.add("tzoffsetto", then)
        zone.add_component(observance)
    return zone


def is_told_by_rule(day: date) -> bool:
    """Return whether programs find every hour of this day by the rules: they differ on the days of a change."""
    return day > FIRST_WINTER.date() and not is_changed_on(day)
