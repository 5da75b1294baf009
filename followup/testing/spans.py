"""The weeks from which one person's entries are drawn: so few days that same-day entries and month ends do happen."""

from datetime import date, timedelta
from functools import cache
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from followup.policy import Policy

#: The first and the last day, both inclusive.
Span = tuple[date, date]

#: How many days a span has after its first, where nothing else is said.
DAYS: Final = 40
_DAY: Final = timedelta(days=1)
_EVE: Final = timedelta(days=DAYS // 2)


def span_from(first: date) -> Span:
    """Return the forty days from a day on."""
    return first, first + DAYS * _DAY


#: Weeks in which the calendar does what calendars do.
SPANS: Final = tuple(
    map(
        span_from,
        (
            date(2026, 8, 20),  # a month end, and what three months make of it: 31 August, 30 November
            date(2024, 1, 25),  # 31 January and 29 February 2024
            date(2026, 2, 5),  # Spring Festival 2026, with a working Saturday at either end
            date(2026, 9, 10),  # National Day 2026
            date(2024, 12, 10),  # the turn of the year at which `risk3-joint` takes effect
        ),
    )
)


def spans(policy: Policy | None = None) -> SearchStrategy[Span]:
    """Return spans to draw from: `SPANS`, and as often the weeks around each day on which a policy's rules change.

    >>> from followup import load_policy
    >>> change = date(2025, 1, 1)
    >>> any(first < change < last for first, last in around_changes(load_policy("dongguan")))
    True
    """
    changes = () if policy is None else around_changes(policy)
    return st.sampled_from([*SPANS, *changes * (len(SPANS) // max(1, len(changes)) or 1)])


def around_changes(policy: Policy) -> tuple[Span, ...]:
    """Return the weeks on both sides of each day on which a policy's rules change."""
    return tuple(span_from(day - _EVE) for day in policy.changes_after(date.min + _EVE))


def days(span: Span, after: int = 0) -> SearchStrategy[date]:
    """Return the days of a span, and so many after it; the first where it does not matter."""
    return st.sampled_from(days_of(span, after))


@cache
def days_of(span: Span, after: int = 0) -> tuple[date, ...]:
    """Return the days of a span in order, and so many after it."""
    first, last = span
    return tuple(first + number * _DAY for number in range((last - first).days + 1 + after))
