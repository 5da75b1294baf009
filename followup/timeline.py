"""One person's time: what was recorded when, and from when until when each visit or duty was owed."""

from collections.abc import Iterator
from datetime import date

from attrs import evolve, frozen

from followup.case import case_on
from followup.duevisit import DueVisit
from followup.entries import Entry
from followup.ledger import Ledger
from followup.policy import Policy
from followup.schedule import lines
from followup.terms import LineKind


@frozen
class Window:
    """The time of one running line: it may be made from `opens_on`, is owed by `due_on`, and ran until `ended_on`."""

    kind: LineKind
    #: The day it is counted from.
    clock_on: date
    opens_on: date
    due_on: date
    #: The day on which it ran no longer, and what was recorded that day; None while it runs.
    ended_on: date | None = None
    by: tuple[Entry, ...] = ()

    def days_late(self, on: date) -> int:
        """Return for how many days it was overdue when it ended, or has been on a day; 0 where it was not."""
        return max(0, ((self.ended_on or on) - self.due_on).days)


@frozen
class Timeline:
    """The entries that stand and the windows of one patient, up to the day `on`.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=3, mode="home")])
    >>> for window in timeline(ledger, load_policy("national-2018"), date(2026, 11, 22)).windows[:3:2]:
    ...     print(window.kind, window.due_on, window.ended_on, window.days_late(date(2026, 11, 22)))
    first-visit 2026-11-03 2026-11-01 0
    visit 2027-01-20 2026-11-01 0
    """

    patient: str
    on: date
    entries: tuple[Entry, ...]
    #: By the day each is counted from.
    windows: tuple[Window, ...]


def timeline(ledger: Ledger, policy: Policy, on: date) -> Timeline:
    """Return the time of one patient up to a day, under the policy in force on each day."""
    entries = tuple(fact for fact in ledger.facts if fact.on <= on)
    found = sorted(_windows(ledger, policy, on), key=lambda window: (window.clock_on, window.kind))
    return Timeline(ledger.patient, on, entries, tuple(found))


def _windows(ledger: Ledger, policy: Policy, on: date) -> Iterator[Window]:
    """Yield windows as they end, then those that run: what runs is asked after each day on which a fact took effect."""
    running: dict[str, Window] = {}
    days = [(day, facts) for day, facts in ledger.effects if day <= on]
    for day, facts in [*days, (on, ())]:
        case = case_on(ledger, day)
        now = {line.key: _window(line) for line in (() if case is None else lines(case, policy))}
        ended = [running.pop(key) for key in [key for key in running if key not in now]]
        yield from (evolve(window, ended_on=day, by=facts) for window in ended if window.clock_on <= day)
        running |= now
    yield from running.values()


def _window(line: DueVisit) -> Window:
    return Window(line.kind, line.reasons[0].anchor_on, line.opens_on, line.due_on)
