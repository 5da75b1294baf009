"""A list as a team works with it: some of its lines, in an order of its own.

What the list counts stays as it is: people of a team and a village, whichever of their lines are shown.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve

from followup.terms import LineKind, Role
from followup.worklist import WorkLine, WorkList


def selected(found: WorkList, kind: LineKind | None = None, role: Role | None = None) -> WorkList:
    """Return a list with the lines of one kind, or those alone that need or invite a role.

    >>> from datetime import date
    >>> from followup import Ledger, Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=3, mode="home")])
    >>> found = WorkList.of([ledger], load_policy("dongguan"), date(2026, 11, 10))
    >>> [line.due.kind.value for line in selected(found, role=Role.POLICE).lines]
    ['visit']
    """

    def is_shown(line: WorkLine) -> bool:
        due = line.due
        return kind in {None, due.kind} and (role is None or role in due.roles or role in due.invited)

    only = {name: term for name, term in (("kind", kind), ("role", role)) if term is not None}
    return evolve(
        found,
        lines=tuple(filter(is_shown, found.lines)),
        duties=tuple(filter(is_shown, found.duties)),
        moves=tuple(move for move in found.moves if is_shown(move.line)),
        before=tuple(line for line in found.before if is_shown(line)),
        only={**found.only, **only},
    )


def in_order(found: WorkList, order: str) -> WorkList:
    """Return a list in one of `ORDERS`."""
    place = ORDERS[order]
    lines, duties = (tuple(sorted(part, key=place)) for part in (found.lines, found.duties))
    return evolve(found, lines=lines, duties=duties)


def _by_village(line: WorkLine) -> tuple[Any, ...]:
    return line.village is None, (line.village or "").encode("gb18030", "replace"), line.place


def _by_risk(line: WorkLine) -> tuple[Any, ...]:
    _, risk, *_ = line.place
    return risk, line.place


def _by_date(line: WorkLine) -> tuple[Any, ...]:
    return line.due.plan_on, line.place


#: The orders there are: the most urgent first; by village, as Chinese names are sorted; the highest risk first; by
#: the day to plan for. What stands alike is in the first order.
ORDERS: Final[Mapping[str, Callable[[WorkLine], tuple[Any, ...]]]] = {
    "urgency": lambda line: line.place,
    "village": _by_village,
    "risk": _by_risk,
    "date": _by_date,
}
