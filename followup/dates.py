"""Civil days: periods counted as law and norm count them, and the working calendar."""

import re
from datetime import date, datetime, timedelta, timezone
from functools import cache, cached_property, lru_cache
from typing import Final

from attrs import field, frozen
from dateutil.relativedelta import relativedelta

from followup.errors import InvalidEntry, Problem, UnpublishedYear, harmless, shown
from followup.sentences import say

#: The years within which a fact may lie; dates counted from them stay within Python's calendar.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200

#: China has one zone; in it a moment has its civil day.
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")

_DAY: Final = timedelta(days=1)
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_PERIOD: Final = re.compile(r"([1-9]\d{0,2}) (day|week|month|year|workday)s?")
#: The units that always have as many days: without months there is a quicker way to reckon.
_OF_DAYS: Final = frozenset({"day", "week"})
#: The fewest and the most days that one unit can mean; only to compare `opens` with `within`.
_LENGTHS: Final = {"day": (1, 1), "week": (7, 7), "month": (28, 31), "year": (365, 366), "workday": (1, 10)}


def day(value: date | str) -> date:
    """Return a civil day from a date or its ISO text; a moment (datetime) is refused.

    >>> day("2026-11-22")
    datetime.date(2026, 11, 22)
    """
    found = _civil(value) if isinstance(value, str) else value
    if type(found) is not date or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InvalidEntry(Problem("date", facts={"word": harmless(value)}))
    return found


@lru_cache(maxsize=1 << 16)
def _civil(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def instant(moment: str) -> datetime:
    """Return an ISO 8601 moment; one without a zone is Shanghai's.

    >>> instant("2026-11-22T23:30:00+00:00").astimezone(SHANGHAI).date()
    datetime.date(2026, 11, 23)
    """
    return zoned(datetime.fromisoformat(moment))


def zoned(moment: datetime) -> datetime:
    """Return a moment with its zone; one without is Shanghai's, whatever the machine's is.

    >>> zoned(datetime(2026, 11, 22, 8)).isoformat()
    '2026-11-22T08:00:00+08:00'
    """
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


@frozen(kw_only=True)
class Notice:
    """A State Council notice of a year's holidays, as a district enters it."""

    year: int
    #: By which text.
    source: str
    holidays: frozenset[date]
    #: The Saturdays and Sundays that are worked instead.
    makeup_days: frozenset[date] = frozenset()


@frozen(eq=False)
class WorkCalendar:
    """Working days by the State Council's yearly notices, make-up Saturdays and Sundays included.

    In a year without a notice a strict calendar raises `UnpublishedYear`; the other counts Monday to
    Friday, and whoever asks `knows` can say that the count is provisional.
    """

    holidays: frozenset[date]
    makeup_days: frozenset[date]
    #: The years whose notice is out.
    years: frozenset[int]
    strict: bool = False
    _last: dict[date, date] = field(factory=dict, init=False, repr=False)

    @cached_property
    def version(self) -> str:
        """A hash of all that the calendar knows."""
        from hashlib import sha256  # noqa: PLC0415 - OpenSSL takes its time

        told = [sorted(self.years), *(sorted(map(date.isoformat, days)) for days in (self.holidays, self.makeup_days))]
        return sha256(repr(told).encode()).hexdigest()[:12]

    def is_workday(self, on: date) -> bool:
        """Say whether `on` is a working day."""
        if self.strict and not self.knows(on):
            raise UnpublishedYear(Problem("unpublished", facts={"year": on.year}))
        return on in self.makeup_days or (on.weekday() < 5 and on not in self.holidays)  # noqa: PLR2004 - Saturday

    def knows(self, on: date) -> bool:
        """Say whether the notice for the year of `on` is out."""
        return on.year in self.years

    def text(self, lang: str) -> str:
        """Return until when working days are known, and in which years after a gap.

        >>> work_calendar().text("en")
        'the end of 2026'
        """
        until = next(year for year in sorted(self.years) if year + 1 not in self.years)
        more = [str(year) for year in sorted(self.years) if year > until]
        found = say(lang, "calendar.until", year=until)
        return found + say(lang, "calendar.more", years=say(lang, "word.and").join(more)) if more else found

    def after(self, start: date, workdays: int) -> date:
        """Return the last of `workdays` working days, `start` itself not counted."""
        while workdays:
            start += _DAY
            workdays -= self.is_workday(start)
        return start

    def last_workday(self, on: date) -> date:
        """Return the last working day on or before `on`."""
        found = self._last.get(on)
        if found is None:
            found = on
            while not self.is_workday(found):
                found -= _DAY
            self._last[on] = found
        return found


@cache
def work_calendar(*notices: Notice, strict: bool = False) -> WorkCalendar:
    """Return the calendar of all published notices; `strict` refuses other years instead of guessing.

    A year for which a notice is given is that notice's, whatever is known of it otherwise.

    >>> work_calendar().is_workday(date(2026, 2, 28))  # a Saturday, made up for Spring Festival
    True
    """
    from chinese_calendar import constants  # noqa: PLC0415 - loaded with the first policy, not before

    own = {notice.year for notice in notices}
    holidays = {on for on in constants.holidays if on.year not in own}
    makeup_days = {on for on in constants.workdays if on.year not in own}
    return WorkCalendar(
        frozenset(holidays.union(*(notice.holidays for notice in notices))),
        frozenset(makeup_days.union(*(notice.makeup_days for notice in notices))),
        frozenset(own | {on.year for on in constants.holidays}),
        strict,
    )


@frozen
class Interval:
    """A period: so many days, weeks, months, years or working days; or "same day", which says "at once".

    The day it is counted from is not counted (民法典 201). A month's period ends on the same day of the
    month, or on the month's last day where there is none (民法典 202).

    >>> Interval.parse("2 weeks").after(date(2026, 11, 1))
    datetime.date(2026, 11, 15)
    >>> str(Interval.parse("1 month").after(date(2026, 1, 31)))
    '2026-02-28'
    >>> str(Interval.parse("5 workdays").after(date(2026, 2, 13)))
    '2026-02-27'
    """

    count: int
    #: "day", "week", "month", "year" or "workday".
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Interval":
        """Read "2 weeks", "1 month", "10 workdays", "same day"; anything else is an `InvalidEntry`."""
        if text == "same day":
            return cls(0, "day")
        found = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidEntry(Problem("interval", facts={"word": shown(text)}))
        return cls(int(found[1]), found[2])

    def after(self, start: date, calendar: WorkCalendar | None = None) -> date:
        """Return the period's last day, still on time, counted from `start`.

        `calendar` (default: `work_calendar()`) matters to working days only; a strict one raises
        `UnpublishedYear` where no notice is out.
        """
        if self.unit == "workday":
            return (calendar or work_calendar()).after(start, self.count)
        return _after(start, self.count, self.unit)

    def is_provisional(self, start: date, calendar: WorkCalendar) -> bool:
        """Say whether working days are counted through a year without a notice."""
        return self.unit == "workday" and not (calendar.knows(start) and calendar.knows(self.after(start, calendar)))

    @property
    def shortest(self) -> int:
        """The fewest days the period can last."""
        return self.count * _LENGTHS[self.unit][0]

    @property
    def longest(self) -> int:
        """The most days the period can last."""
        return self.count * _LENGTHS[self.unit][1]

    def text(self, lang: str) -> str:
        """Return the period as a person reads it."""
        if not self.count:
            return say(lang, "interval.same_day")
        return say(lang, f"interval.{self.unit}", count=self.count)

    def __str__(self) -> str:
        return self.text("en")


@lru_cache(maxsize=1 << 18)
def _after(start: date, count: int, unit: str) -> date:
    return start + _delta(count, unit)


@cache
def _delta(count: int, unit: str) -> timedelta | relativedelta:
    kind = timedelta if unit in _OF_DAYS else relativedelta
    return kind(**{f"{unit}s": count})  # type: ignore[arg-type]
