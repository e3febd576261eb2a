"""The dates of an issue as iCalendar."""
