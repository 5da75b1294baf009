"""The class of a follow-up: what the doctor recorded, what risk and criteria say, and which of them governs."""

from typing import Final

from followup.entries import Visited
from followup.terms import Function, Grade, Insight, Physical, Reaction, RiskLevel, Stability

#: The worse class has the higher number.
SEVERITY: Final = {Stability.STABLE: 0, Stability.UNDETERMINED: 1, Stability.BASIC: 2, Stability.UNSTABLE: 3}
#: The class by risk alone: 0 none, 1-2 basically stable, 3-5 unstable.
BY_RISK: Final = (Stability.STABLE, *[Stability.BASIC] * 2, *[Stability.UNSTABLE] * 3)
_GOVERNS: Final = {
    (recorded, risk): max(recorded, BY_RISK[risk], key=SEVERITY.__getitem__)
    for recorded in (Stability.STABLE, Stability.BASIC, Stability.UNSTABLE)
    for risk in RiskLevel
}


def effective_class(visit: Visited) -> Stability:
    """Return the class that governs: the worse of the recorded class and the class by risk.

    Where none is recorded it is computed, and an absent fact never counts as good (GF2018; the
    undetermined class is this library's own).

    >>> effective_class(Visited("p1", "2026-11-01", risk=3, stability="stable")).value
    'unstable'
    """
    if visit.stability is not None:
        return _GOVERNS[visit.stability, visit.risk]
    return computed_class(visit)


def computed_class(visit: Visited) -> Stability:
    """Return the class by the norm's criteria alone, whatever the doctor recorded."""
    functions = visit.functions or {}
    if (
        visit.risk >= RiskLevel.HITS_THINGS_ANYWHERE
        or visit.insight is Insight.ABSENT
        or visit.reaction is Reaction.SEVERE
        or visit.physical is Physical.SEVERE
    ):
        return Stability.UNSTABLE
    if visit.risk > RiskLevel.NONE or Grade.POOR in functions.values():
        return Stability.BASIC
    at_ease = visit.symptoms == () and visit.insight is Insight.FULL and len(functions) == len(Function)
    if at_ease and visit.reaction is Reaction.NONE and visit.physical is Physical.STABLE:
        return Stability.STABLE
    return Stability.UNDETERMINED
