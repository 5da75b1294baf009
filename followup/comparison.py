"""Periods compared as the calendar has them: months against weeks, on every day from which they may count."""

from datetime import date, timedelta
from functools import cache, lru_cache
from operator import le, lt
from typing import Final

from followup.dates import Interval

_YEAR: Final = Interval(1, "year")
#: In 28 years every month begins on every day of the week; those from 2004 on have all holidays ever published.
_DAYS: Final = tuple(date(2004, 1, 1) + timedelta(number) for number in range(28 * 365 + 7))


@cache
def is_no_longer(one: Interval, other: Interval) -> bool:
    """Say whether a period ends no later than another, from whatever day both are counted.

    >>> is_no_longer(Interval.parse("4 weeks"), Interval.parse("1 month"))
    True
    >>> is_no_longer(Interval.parse("30 days"), Interval.parse("1 month"))
    False
    """
    return all(map(le, _lengths(one), _lengths(other)))


@cache
def is_shorter(one: Interval, other: Interval) -> bool:
    """Say whether a period ends earlier than another, from whatever day both are counted."""
    return all(map(lt, _lengths(one), _lengths(other)))


@cache
def most_days(within: Interval) -> int:
    """Return how many days a period has at most.

    >>> most_days(Interval.parse("3 months"))
    92
    """
    return max(_lengths(within))


@lru_cache(maxsize=128)
def _lengths(within: Interval) -> tuple[int, ...]:
    """Return how many days a period has from each day on."""
    if within.shortest == within.longest:
        return (within.longest,) * len(_DAYS)
    return tuple((within.after(day) - day).days for day in _DAYS)


@cache
def is_four_a_year(within: Interval) -> bool:
    """Say whether four such periods, one after the other, end within a year."""
    fewest, most = min(_lengths(within)), max(_lengths(within))
    if 4 * most <= 365 or 4 * fewest > 366:  # noqa: PLR2004 - the days of a year
        return 4 * most <= 365  # noqa: PLR2004
    return all(_four_times(within, day) <= _YEAR.after(day) for day in _DAYS)


def _four_times(within: Interval, day: date) -> date:
    for _ in range(4):
        day = within.after(day)
    return day
