"""The arithmetic of a reason done again, by other means than the library's own: so a fault in one of them shows."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, islice
from typing import Final

from followup.dates import Interval, WorkCalendar, work_calendar

_DAYS: Final = {"day": 1, "week": 7}
_MONTHS: Final = {"month": 1, "year": 12}
_FRIDAY: Final = 5


def replayed(within: Interval, start: date, calendar: WorkCalendar | None = None) -> date:
    """Return the last day of a period counted from `start`, which is not counted itself.

    >>> str(replayed(Interval.parse("1 month"), date(2026, 1, 31)))
    '2026-02-28'
    """
    if within.unit in _MONTHS:
        return _months_after(start, within.count * _MONTHS[within.unit])
    if within.unit == "workday":
        return next(islice(_workdays_after(start, calendar or work_calendar()), within.count - 1, None))
    return date.fromordinal(start.toordinal() + _DAYS[within.unit] * within.count)


def last_workday(on: date, calendar: WorkCalendar | None = None) -> date:
    """Return the last working day up to a day, itself included.

    >>> str(last_workday(date(2026, 10, 7)))
    '2026-09-30'
    """
    known = calendar or work_calendar()
    return next(day for day in (on - timedelta(days=number) for number in count()) if _is_worked(day, known))


def _months_after(start: date, months: int) -> date:
    """Return the same day of a later month, or its last day where there is none (民法典 202)."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def _workdays_after(start: date, calendar: WorkCalendar) -> Iterator[date]:
    while True:
        start += timedelta(days=1)
        if _is_worked(start, calendar):
            yield start


def _is_worked(day: date, calendar: WorkCalendar) -> bool:
    return day in calendar.makeup_days or (day.isoweekday() <= _FRIDAY and day not in calendar.holidays)
