"""A person's `Ledger`: all that is recorded of one patient, in the one order in which facts are read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from attrs import field, frozen

from followup.dates import SHANGHAI, instant, zoned
from followup.entries import ORDER, Discharged, Entry, Registered, Retracted, Visited
from followup.errors import InvalidEntry, Problem, shown
from followup.stability import SEVERITY, effective_class

_LAST: Final = datetime.max.replace(tzinfo=SHANGHAI)
_ON: Final = attrgetter("on")
_RANK: Final = {kind: rank for rank, kind in enumerate(ORDER)}


def _place(entry: Entry) -> tuple[Any, ...]:
    """Sort by day, then kind, then the worse last: effective class, then risk; what ties is told apart by its id."""
    if type(entry) is Visited:
        return (entry.on, _RANK[Visited], SEVERITY[effective_class(entry)], entry.risk)
    return (entry.on, _RANK[type(entry)], 0, 0)


def _in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    by_day = sorted(entries, key=_ON)
    if len({entry.on for entry in by_day}) == len(by_day):  # most ledgers: told quickly
        return tuple(by_day)
    found: list[Entry] = []
    for _, of_day in groupby(by_day, key=_ON):
        same = [*of_day]
        found += same if len(same) == 1 else _in_place(same)
    return tuple(found)


def _in_place(same_day: Iterable[Entry]) -> Iterator[Entry]:
    """Return the entries of one day in the order in which they are read, equal ones once."""
    for _, tied in groupby(sorted(same_day, key=_place), key=_place):
        yield from _once_each(tied)


def _once_each(tied: Iterable[Entry]) -> Iterator[Entry]:
    """Return entries by their ids; of equal ones that which was recorded first."""
    for _, equal in groupby(sorted(tied, key=attrgetter("id")), key=attrgetter("id")):
        yield min(equal, key=lambda entry: _LAST if entry.recorded_at is None else instant(entry.recorded_at))


def _takes_effect(entry: Entry) -> date:
    if type(entry) is Discharged and entry.informed_on is not None:
        return max(entry.on, entry.informed_on)
    return entry.on


def taken_back(entries: Sequence[Entry]) -> frozenset[str]:
    """Return the ids that standing retractions name; a retraction stands unless a standing one names it."""
    waiting = {entry.id: entry.entry for entry in entries if isinstance(entry, Retracted)}
    against = Counter(waiting.values())
    fallen: set[str] = set()
    decided = [known for known in waiting if not against[known]]
    for known in decided:
        target = waiting[known]
        if known not in fallen:
            fallen.add(target)
        against[target] -= 1
        if not against[target] and target in waiting:
            decided.append(target)
    return frozenset(fallen)


@frozen
class Ledger:
    """Everything that is recorded of one patient, in its one order, equal content once.

    `facts` are the entries that stand: neither retracted nor retractions.

    >>> ledger = Ledger("p1", [Visited("p1", "2026-11-01", risk=0), Registered("p1", "2026-10-20")])
    >>> [entry.type for entry in ledger.facts]
    ['registered', 'visited']
    """

    patient: str
    entries: tuple[Entry, ...] = field(converter=_in_order)
    facts: tuple[Entry, ...] = field(init=False, eq=False, repr=False)
    #: The facts by the day on which they take effect: a discharge told of late acts when told.
    effects: tuple[tuple[date, tuple[Entry, ...]], ...] = field(init=False, eq=False, repr=False)

    @facts.default
    def _facts(self) -> tuple[Entry, ...]:
        if Retracted not in map(type, self.entries):
            return self.entries
        fallen = taken_back(self.entries)
        return tuple(e for e in self.entries if type(e) is not Retracted and e.id not in fallen)

    @effects.default
    def _effects(self) -> tuple[tuple[date, tuple[Entry, ...]], ...]:
        if Discharged in map(type, self.facts):
            by_effect = sorted(self.facts, key=lambda entry: (_takes_effect(entry), _RANK[type(entry)]))
            return tuple((day, tuple(same)) for day, same in groupby(by_effect, key=_takes_effect))
        if len({entry.on for entry in self.facts}) == len(self.facts):
            return tuple([(entry.on, (entry,)) for entry in self.facts])
        return tuple([(day, tuple(same)) for day, same in groupby(self.facts, key=_ON)])

    def as_known(self, moment: datetime) -> "Ledger | None":
        """Return what had been recorded by a moment; None where the person was not registered by then.

        An entry of which nobody knows when it was recorded counts as known from the day it tells of.

        >>> visit = Visited("p1", "2026-11-01", risk=0, recorded_at="2026-11-09T09:00:00+08:00")
        >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), visit])
        >>> [entry.type for entry in ledger.as_known(instant("2026-11-08T23:59:59+08:00")).entries]
        ['registered']
        """
        moment = zoned(moment)
        day = moment.astimezone(SHANGHAI).date()
        known = [
            e for e in self.entries if (e.on <= day if e.recorded_at is None else instant(e.recorded_at) <= moment)
        ]
        return Ledger(self.patient, known) if any(type(entry) is Registered for entry in known) else None

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001 - IPython's and hypothesis's own
        with printer.group(4, f"Ledger({self.patient!r}, [", "])"):
            for entry in self.entries:
                printer.break_()
                printer.text(f"{entry!r},")

    def __attrs_post_init__(self) -> None:
        for entry in self.entries:
            if entry.patient != self.patient:
                raise InvalidEntry(Problem("stranger", facts={"patient": self.patient, "other": entry.patient}))
        if Registered not in map(type, self.entries):
            raise InvalidEntry(Problem("unregistered", facts={"patient": shown(self.patient)}))
