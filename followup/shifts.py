"""What a change of policy does to the dates of people."""

from collections.abc import Iterable, Iterator
from datetime import date

from attrs import frozen

from followup.case import case_on
from followup.ledger import Ledger
from followup.policy import Policy
from followup.schedule import lines
from followup.terms import Direction, LineKind, Role, Stability


@frozen
class Shift:
    """One line of one patient that a change of policy moves: its last day before and after, None without a line."""

    patient: str
    team: str | None
    stability: Stability
    kind: LineKind
    before: date | None
    after: date | None
    #: Who must be there, before and after.
    roles_before: tuple[Role, ...] = ()
    roles_after: tuple[Role, ...] = ()

    @property
    def direction(self) -> Direction | None:
        """Whether the last day comes earlier or later, or the line is new or ends; None where it stays."""
        if self.before is None:
            return Direction.NEW
        if self.after is None:
            return Direction.ENDED
        if self.after == self.before:
            return None
        return Direction.EARLIER if self.after < self.before else Direction.LATER

    @property
    def has_other_parties(self) -> bool:
        """Whether a line that goes on gains or loses somebody who must be there."""
        return None not in {self.before, self.after} and self.roles_before != self.roles_after


def shifts(ledgers: Iterable[Ledger], old: Policy, new: Policy, on: date) -> Iterator[Shift]:
    """Return every line that is due on another day, or needs other parties, by `new` than by `old`, on the day `on`.

    >>> from followup import Registered, Visited, load_policy
    >>> visits = [Visited("p1", day, risk=3, mode="home") for day in ("2026-03-02", "2026-03-30")]
    >>> ledger = Ledger("p1", [Registered("p1", "2026-01-05"), *visits])
    >>> old = load_policy("national-2018")
    >>> new = old.then(load_policy("dongguan"), date(2026, 4, 1))
    >>> for shift in shifts([ledger], old, new, date(2026, 4, 1)):
    ...     print(shift.kind, shift.before, shift.after, shift.direction)
    visit 2026-04-13 2026-04-01 earlier
    """
    for ledger in ledgers:
        case = case_on(ledger, on)
        if case is not None:
            was, now = ({line.kind: line for line in lines(case, policy)} for policy in (old, new))
            for kind in sorted({*was, *now}):
                before, after = was.get(kind), now.get(kind)
                shift = Shift(
                    case.patient,
                    case.team,
                    case.stability,
                    kind,
                    None if before is None else before.due_on,
                    None if after is None else after.due_on,
                    () if before is None else before.roles,
                    () if after is None else after.roles,
                )
                if shift.direction is not None or shift.has_other_parties:
                    yield shift
