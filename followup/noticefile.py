"""A holiday notice as a TOML file, by which a district enters a year before the library knows it."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from followup.dates import Notice
from followup.errors import InvalidPolicy, Problem, shown, unknown

if TYPE_CHECKING:
    from pathlib import Path

_KEYS: Final = ("year", "source", "makeup_days", "holiday")
_HOLIDAY: Final = ("name", "from", "to")
#: A notice may speak of the days around the New Year that belong to its year's holidays.
_AROUND: Final = timedelta(days=7)
_SATURDAY: Final = 5


def load_notice(path: "str | Path") -> Notice:
    """Return the notice that a TOML file tells; `InvalidPolicy` with all that is wrong.

    The file holds `year`, `source`, `makeup_days` (a list of dates) and a `[[holiday]]` table for each
    holiday, with `from`, `to` (both inclusive) and, for the reader, `name`.
    """
    return notice_from_text(notice_text(path), str(path))


def notice_text(path: "str | Path") -> str:
    """Return the text of a notice's file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except (OSError, ValueError):  # nothing there, a folder, no UTF-8
        raise InvalidPolicy(Problem("unreadable", (str(path),))) from None


def notice_from_text(text: str, place: str = "notice") -> Notice:
    """Return the notice that a TOML text tells; `place` is what errors call it.

    >>> notice = notice_from_text('''
    ... year = 2027
    ... source = "a notice that is not out yet (an example)"
    ... makeup_days = [2027-02-20]
    ... [[holiday]]
    ... from = 2027-01-01
    ... to = 2027-01-03
    ... ''')
    >>> len(notice.holidays)
    3
    """
    import tomllib  # noqa: PLC0415 - only a notice needs it

    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPolicy(Problem("toml", (place,), {"reason": shown(error, 200)})) from None
    problems: list[Problem] = []
    notice = _notice(table, problems)
    if problems:
        raise InvalidPolicy([problem.at(place) for problem in problems])
    return notice


def _notice(table: dict[str, Any], problems: list[Problem]) -> Notice:
    problems += [unknown("key", key, _KEYS).at(shown(key)) for key in table if key not in _KEYS]
    year, source = table.get("year"), table.get("source")
    if type(year) is not int:
        problems.append(Problem("notice.year", ("year",)))
        year = 0
    if source is None:
        problems.append(Problem("missing", ("source",), {"field": "source"}))
    elif not isinstance(source, str) or not source.strip():
        problems.append(Problem("word", ("source",), {"word": shown(source)}))
    holidays = _holidays(table.get("holiday"), problems)
    makeup_days = _makeup_days(table.get("makeup_days", []), problems)
    if year:
        problems += _misplaced(year, holidays, makeup_days)
    return Notice(year=year, source=str(source), holidays=holidays, makeup_days=makeup_days)


def _holidays(spans: Any, problems: list[Problem]) -> frozenset[date]:
    if not isinstance(spans, list) or not spans:
        problems.append(Problem("brackets.holiday", ("holiday",)))
        return frozenset()
    found = [_days(span, f"holiday[{number}]", problems) for number, span in enumerate(spans, 1)]
    return frozenset().union(*found)


def _days(span: Any, place: str, problems: list[Problem]) -> frozenset[date]:
    if not isinstance(span, dict):
        problems.append(Problem("brackets.holiday", (place,)))
        return frozenset()
    problems += [unknown("key", key, _HOLIDAY).at(f"{place}.{shown(key)}") for key in span if key not in _HOLIDAY]
    bad = [key for key in ("from", "to") if type(span.get(key)) is not date]
    problems += [Problem("date.toml", (f"{place}.{key}",), {"word": shown(span.get(key))}) for key in bad]
    if bad:
        return frozenset()
    first, last = span["from"], span["to"]
    if not first <= last <= first + timedelta(31):
        problems.append(Problem("notice.span", (place,), {"first": first, "last": last}))
        return frozenset()
    return frozenset(first + timedelta(number) for number in range((last - first).days + 1))


def _makeup_days(values: Any, problems: list[Problem]) -> frozenset[date]:
    if not isinstance(values, list) or any(type(value) is not date for value in values):
        problems.append(Problem("date.toml", ("makeup_days",), {"word": shown(values)}))
        return frozenset()
    problems += [Problem("notice.weekday", ("makeup_days",), {"on": on}) for on in values if on.weekday() < _SATURDAY]
    return frozenset(values)


def _misplaced(year: int, holidays: frozenset[date], makeup_days: frozenset[date]) -> list[Problem]:
    """Refuse days of another year, and days that are both free and worked."""
    outside = sorted(on for on in holidays | makeup_days if not _is_around(on, year))
    found = [Problem("notice.outside", facts={"on": on, "year": year}) for on in outside]
    return found + [Problem("notice.both", facts={"on": on}) for on in sorted(holidays & makeup_days)]


def _is_around(on: date, year: int) -> bool:
    return year in {on.year, (on + _AROUND).year, (on - _AROUND).year}
