"""What settles what is due: which follow-up, deed or report answers a rule."""

from collections.abc import Callable
from datetime import date
from operator import itemgetter
from typing import Final

from followup.case import Case
from followup.entries import Admitted, Checked, Done, Entry, Referred, Visited
from followup.policy import FOLLOW_UPS, Rule
from followup.terms import Anchor, LineKind, Office, Role, Status

_RETRY: Final = LineKind.RETRY
#: Whoever was in hospital when the duty began needs no referral there.
_REFERRALS: Final = frozenset({LineKind.REFERRAL, LineKind.REFERRAL_CHECK})


def last_visit(rule: Rule, case: Case) -> Visited | None:
    """Return the last follow-up that is one the rule asks for."""
    for visit in reversed(case.visits):
        if satisfies(visit, rule):
            return visit
    return None


def satisfies(visit: Visited, rule: Rule) -> bool:
    """Say whether a follow-up is one that the rule asks for; unknown presence or mode never is."""
    if rule.mode and visit.mode not in rule.mode:
        return False
    return not rule.with_ or (visit.present is not None and set(rule.with_) <= set(visit.present))


#: From which anchors a kind starts its next round: they are what settles it.
NEXT_ROUND: Final[dict[LineKind, frozenset[Anchor]]] = {
    LineKind.VISIT: frozenset({Anchor.VISIT}),
    LineKind.FIRST_VISIT: frozenset({Anchor.VISIT}),
    LineKind.RETRY: frozenset({Anchor.VISIT}),
    LineKind.REFERRAL: frozenset({Anchor.REFERRED, Anchor.ADMITTED}),
    LineKind.REFERRAL_CHECK: frozenset({Anchor.ADMITTED, Anchor.DONE}),
    LineKind.STATUS_CHECK: frozenset({Anchor.DONE}),
    LineKind.REPORT: frozenset({Anchor.DONE}),
    LineKind.HEALTH_CHECK: frozenset({Anchor.CHECKED}),
}


def is_settled(rule: Rule, case: Case, anchor_on: date, began: date) -> bool:
    """Say whether what the rule asks for was done on or after its anchor."""
    if rule.kind is _RETRY:
        return case.misses[-1].on > max(began, case.misses[0].on, case.passed_on) if case.misses else True
    if rule.kind in FOLLOW_UPS:
        visit = last_visit(rule, case)
        return visit is not None and visit.on >= anchor_on
    if rule.kind in _REFERRALS and _in_hospital_on(case, anchor_on):
        return True
    if rule.to:
        return not untold(rule, case, anchor_on)
    return any(_SETTLES[rule.kind](deed) for deed in case.deeds if deed.on >= anchor_on)


def _in_hospital_on(case: Case, day: date) -> bool:
    return next((state[0] for first, state, _ in reversed(case.spells) if first <= day), None) is Status.IN_HOSPITAL


def untold(rule: Rule, case: Case, since: date) -> tuple[Role | Office, ...]:
    """Return to whom no report went since a day."""
    told = _last_told(rule, case)
    return tuple(to for to in rule.to if to not in told or told[to][0] < since)


def last_done(rule: Rule, case: Case) -> tuple[date, Entry] | None:
    """Return the last time the duty was done: a report, when everybody was told."""
    if not rule.to:
        return case.anchors.get(f"done {rule.kind}")
    told = _last_told(rule, case)
    return min((told[to] for to in rule.to), key=itemgetter(0)) if told.keys() >= set(rule.to) else None


def _last_told(rule: Rule, case: Case) -> dict[Role | Office, tuple[date, Entry]]:
    reports = [deed for deed in case.deeds if isinstance(deed, Done) and deed.kind is rule.kind]
    return {to: (deed.on, deed) for deed in reports for to in deed.to or ()}


def _done(kind: LineKind) -> Callable[[Entry], bool]:
    return lambda deed: isinstance(deed, Done) and deed.kind is kind


#: What settles each duty; follow-up lines are settled by follow-ups.
_SETTLES: Final[dict[LineKind, Callable[[Entry], bool]]] = {
    LineKind.REFERRAL: lambda deed: isinstance(deed, Referred | Admitted),
    LineKind.REFERRAL_CHECK: lambda deed: (
        isinstance(deed, Admitted)
        or (isinstance(deed, Referred) and deed.outcome is not None)
        or _done(LineKind.REFERRAL_CHECK)(deed)
    ),
    LineKind.STATUS_CHECK: _done(LineKind.STATUS_CHECK),
    LineKind.HEALTH_CHECK: lambda deed: isinstance(deed, Checked),
}


#: What is recorded instead of "done" where that settles nothing.
INSTEAD: Final[dict[LineKind, tuple[str, ...]]] = {
    LineKind.VISIT: ("visited",),
    LineKind.FIRST_VISIT: ("visited",),
    LineKind.RETRY: ("missed", "visited"),
    LineKind.REFERRAL: ("referred", "admitted"),
    LineKind.HEALTH_CHECK: ("checked",),
}


def settles_nothing(entry: Entry) -> bool:
    """Say whether an entry is a "done" of a kind that other entries settle, or a report that went to nobody.

    >>> settles_nothing(Done("p1", "2026-11-22", kind="visit"))
    True
    """
    if not isinstance(entry, Done):
        return False
    return entry.kind in INSTEAD or (entry.kind is LineKind.REPORT and not entry.to)
