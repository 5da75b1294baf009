"""JSON lines, one entry a line: what is read of them, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from attrs import define, field

from followup.canonical import decode_object
from followup.entries import FIELDS, TYPES, Entry, Visited
from followup.entryjson import entry_from_json
from followup.errors import FollowupError, InvalidFile, Problem
from followup.stencil import entry_from_line
from followup.terms import RiskLevel

if TYPE_CHECKING:
    from followup.foretelling import Foretold

#: A file with more problems than this is another file.
MOST: Final = 10_000


class Sourced(NamedTuple):
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
    #: The dates that a second process derives of what it reads, for the register that takes the entries.
    foretold: "Foretold | None" = None
    #: How many entries were taken from it.
    count: int = 0
    #: How many follow-ups do not tell who was present: those at which several had to be, and the others.
    presence_untold: Counter[bool] = field(factory=Counter)

    def count_presence(self, entry: Entry) -> None:
        """Count a follow-up that does not tell who was present."""
        if type(entry) is Visited and entry.present is None:
            self.presence_untold[entry.risk >= RiskLevel.HITS_THINGS_ANYWHERE] += 1


def read_lines(lines: Iterable[tuple[int, str]], file: str, today: date, found: Reading) -> Iterator[Sourced]:
    """Yield the entries of JSON lines that are told with their numbers, one by one."""
    most = len(found.problems) + MOST
    for number, line in lines:
        where = (file, f"line {number}")
        entry = read_line(line, where, today, found)
        if entry is not None:
            found.count_presence(entry)
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
        for name in _DAYS[entry.type]:
            day = getattr(entry, name)
            if day is not None and day > today:
                found.problems.append(Problem("future", (*where, name), {"on": day, "today": today}))
        return entry
    return None


#: The days of each type that are never after today.
_DAYS: Final = {kind: [name for name in ("on", "informed_on") if name in FIELDS[kind]] for kind in TYPES}


def _whole(line: str, recorded_at: str | None) -> Entry:
    data = decode_object(line)
    if recorded_at is not None and isinstance(data, dict):
        data.setdefault("recorded_at", recorded_at)
    return entry_from_json(data)
