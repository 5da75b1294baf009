"""JSON lines, one entry a line: what is read of them, and what is wrong with it."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from attrs import define, field, frozen

from followup.canonical import decode_object
from followup.entries import Entry
from followup.entryjson import entry_from_json
from followup.errors import FollowupError, InvalidFile, Problem
from followup.stencil import entry_from_line

#: A file with more problems than this is another file.
_MOST: Final = 10_000


@frozen
class Sourced:
    """An entry with the place that it was read from."""

    entry: Entry
    where: tuple[str, ...]


@define
class Reading:
    """What files hold: entries with their places, every problem, and notes that stop nothing."""

    entries: list[Sourced] = field(factory=list)
    problems: list[Problem] = field(factory=list)
    notes: list[Problem] = field(factory=list)
    #: Patients whose registration was refused: that they are unknown needs no further word.
    refused: set[str] = field(factory=set)
    #: When entries were recorded that do not say so themselves.
    recorded_at: str | None = None
    #: How many entries were taken from it.
    count: int = 0


def read_lines(lines: Iterable[tuple[int, str]], file: str, today: date, found: Reading) -> Iterator[Sourced]:
    """Yield the entries of JSON lines that are told with their numbers, one by one."""
    most = len(found.problems) + _MOST
    for number, line in lines:
        where = (file, f"line {number}")
        entry = read_line(line, where, today, found)
        if entry is not None:
            yield Sourced(entry, where)
        if len(found.problems) >= most:
            raise InvalidFile(Problem("file.too_many", where))


def read_line(line: str, where: tuple[str, ...], today: date, found: Reading) -> Entry | None:
    """Return the entry of one JSON line; None where it has problems, which go into `found`."""
    try:
        entry = entry_from_line(line, found.recorded_at) or _whole(line, found.recorded_at)
    except FollowupError as error:
        found.problems.extend(problem.at(*where) for problem in error.problems)
    except (ValueError, RecursionError) as error:
        found.problems.append(Problem("json", where, {"reason": getattr(error, "msg", "too long or too deep")}))
    else:
        for name in ("on", "informed_on"):
            day = getattr(entry, name, None)
            if day is not None and day > today:
                found.problems.append(Problem("future", (*where, name), {"on": day, "today": today}))
        return entry
    return None


def _whole(line: str, recorded_at: str | None) -> Entry:
    data = decode_object(line)
    if recorded_at is not None and isinstance(data, dict):
        data.setdefault("recorded_at", recorded_at)
    return entry_from_json(data)
