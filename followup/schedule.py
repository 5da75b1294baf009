"""The decision: what is due for one patient, by when, with whom, and why. The file an auditor must read.

A rule that matches the patient's state counts its period from its clock:

- the *anchor* is the latest of the days that the rule names and that are known;
- the *clock* is the anchor, but never before the first day of the unbroken spell in which the rule's
  condition held, so that nobody comes home from hospital overdue (a run of failed attempts ends with every
  follow-up and return, so its first day needs no such guard: the third attempt counts from the first);
- the last day is `max(clock + within, since)`, and that day is still on time; where other rules of the
  kind went before, a day that they had set before `since` (or before the transition's end) stays, so that a
  change of rules makes nobody overdue for a day before it, and counts no debt anew;
- a rule whose anchor is itself what settles it starts the next round; any other runs until a settling
  fact falls on or after the anchor.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from attrs import evolve

from followup.case import Case, case_on
from followup.dates import Interval
from followup.duevisit import DueVisit, Reason
from followup.entries import Entry
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy, Rule
from followup.settlement import NEXT_ROUND, is_settled, last_done, last_visit, untold
from followup.terms import Anchor, Bucket, ContactMode, LineKind, Role, Silence, Status

#: Raised whenever the same entries and rules give other lines or likenesses than before: what is kept of them is then
#: derived anew.
RECKONING: Final = 4

# Members of an enum are looked up by a slow property in Python 3.11; what every decision needs is kept here.
_VISIT, _BEGAN, _DONE, _FIRST_MISSED = Anchor.VISIT, Anchor.BEGAN, Anchor.DONE, Anchor.FIRST_MISSED
_PLANNED = Anchor.PLANNED
#: A date agreed and a finding before a stay are over with it: the return has a clock of its own.
_OF_A_STATE = frozenset({Anchor.PLANNED, Anchor.FOUND})
_INFORMED, _ANSWERED = Anchor.INFORMED, frozenset({Anchor.INFORMED, Anchor.INCIDENT})
_DAY: Final = timedelta(days=1)
_RANK = {role: rank for rank, role in enumerate(Role)}
#: No event asks for the day on which a state began, or for what began it.
_NOT_ASKED: Final[Any] = (None, None)
#: The duties that are owed for a spell of their state: once it has ended nothing else tells that they were not done.
_OF_A_SPELL: Final = frozenset({LineKind.REPORT, LineKind.REFERRAL, LineKind.REFERRAL_CHECK})
_YEAR: Final = Interval(1, "year")
_NO_ANCHOR, _SETTLED = Silence.NO_ANCHOR, Silence.SETTLED


def due_visits(ledger: Ledger, policy: Policy, on: date) -> tuple[DueVisit, ...]:
    """Return every running line of one patient at the end of the day `on`, the earliest first.

    Pure: no clock, no file, no global. Empty before the registration.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=2, mode="home")])
    >>> for line in due_visits(ledger, load_policy("national-2018"), date(2026, 11, 22)):
    ...     print(line.kind, line.due_on, line.status(date(2026, 11, 22)))
    visit 2026-11-15 overdue
    health-check 2027-10-20 not_due
    """
    case = case_on(ledger, on)
    return () if case is None else lines(case, policy)


def lines(case: Case, policy: Policy) -> tuple[DueVisit, ...]:
    """Return every running line of a case: `due_visits` for whoever has folded the ledger already."""
    running: dict[LineKind, list[tuple[Rule, Reason]]] = {}
    for rule, verdict in verdicts(case, policy):
        if type(verdict) is Reason:
            running.setdefault(rule.kind, []).append((rule, verdict))
    found = [_line(case, policy, kind, why) for kind, why in running.items()]
    if len(found) > 1:
        found.sort(key=lambda line: (line.due_on, line.kind))
    return tuple(found)


def verdicts(case: Case, policy: Policy) -> list[tuple[Rule, Reason | Silence]]:
    """Return every rule that matches a case, with what it says, or why it says nothing."""
    held = [policy.matching(state) for _, state, _ in case.spells]
    return [(rule, _verdict(rule, case, policy, held)) for rule in held[-1]]


def undone(case: Case, policy: Policy) -> list[tuple[Reason, Entry]]:
    """Return the duties that fell due in a spell that has ended, and were never done: why, and what ended it.

    Until they are done, a new spell begins, or a year has passed (A).
    """
    held = [policy.matching(state) for _, state, _ in case.spells]
    found = []
    for rule in policy.rules:
        spells = [number for number, rules in enumerate(held) if rule in rules] if rule.kind in _OF_A_SPELL else []
        if not spells or spells[-1] == len(held) - 1:
            continue
        after = spells[-1] + 1
        ended, _, entry = case.spells[after]
        if rule.holds_on(ended - _DAY) and case.on < _YEAR.after(ended):
            verdict = _weigh(rule, evolve(case, spells=case.spells[:after]), policy, held[:after])
            if type(verdict) is Reason and verdict.due_on < ended:
                found.append((verdict, entry))
    return found


def standing(ledger: Ledger, policy: Policy, on: date) -> Bucket | None:
    """Return the one bucket a registered person stands in on a day; None before the registration.

    >>> from followup import Registered, load_policy
    >>> standing(Ledger("p1", [Registered("p1", "2026-11-02")]), load_policy("dongguan"), date(2026, 11, 3)).value
    'not_due'
    """
    case = case_on(ledger, on)
    return None if case is None else stands(resting(case.status), lines(case, policy), on)


def stands(rest: Bucket, running: Iterable[DueVisit], on: date) -> Bucket:
    """Return the bucket of the most pressing follow-up line, or `rest` where none has opened."""
    pressing = [line.status(on) for line in running if line.kind in FOLLOW_UPS]
    return min((b for b in pressing if b is not Bucket.NOT_DUE), key=_PRESSING.index, default=rest)


def resting(status: Status) -> Bucket:
    """Return the bucket of a person for whom no follow-up line has opened."""
    return _RESTING.get(status, Bucket.NOT_DUE)


_PRESSING: Final = (Bucket.OVERDUE, Bucket.DUE_TODAY, Bucket.OPEN)
_RESTING: Final = {
    Status.IN_HOSPITAL: Bucket.SUSPENDED,
    Status.DETAINED: Bucket.SUSPENDED,
    Status.LOST: Bucket.LOST,
    Status.MOVED_OUT: Bucket.CLOSED,
    Status.DEAD: Bucket.CLOSED,
}


def _verdict(rule: Rule, case: Case, policy: Policy, held: Sequence[Mapping[Rule, None]]) -> Reason | Silence:
    if rule.since > case.on:
        return Silence.NOT_YET
    if rule.until is not None and rule.until < case.on:
        return Silence.ENDED
    return _weigh(rule, case, policy, held)


def _weigh(rule: Rule, case: Case, policy: Policy, held: Sequence[Mapping[Rule, None]]) -> Reason | Silence:
    """Return what a matching rule says; `held` tells which rules held in each of the case's spells."""
    if rule.lone_event is None:
        began, beginning = _began(rule, case, held)
        anchor, clock, entry = _anchor(rule, case, began, beginning)
        if entry is None:
            return _NO_ANCHOR
    else:
        known = _known(rule.lone_event, rule, case, *_NOT_ASKED)
        if known is None:
            return _NO_ANCHOR
        anchor, (clock, entry) = rule.lone_event, known
        began, beginning = _began(rule, case, held)
    to = rule.to
    if anchor not in NEXT_ROUND[rule.kind]:
        if is_settled(rule, case, clock, began):
            return _SETTLED
        to = to and untold(rule, case, clock)
    if clock < began and anchor in _OF_A_STATE:
        return Silence.OVERTAKEN
    if clock < began and anchor is not _FIRST_MISSED:
        anchor, clock, entry = _BEGAN, began, beginning
    fact_on = clock
    if rule.kind not in FOLLOW_UPS:
        clock = max(clock, policy.duties_from or clock, _counted_from(rule, case, held))
    not_before = _not_before(rule, case, policy, held) if policy.changes else rule.earliest
    due_on = max(rule.within.after(clock, policy.calendar), not_before)
    opens_on = due_on - rule.lead
    if anchor is _PLANNED:
        opens_on = min(opens_on, _workday_before(due_on, max(entry.on + _DAY, began), policy))
    return Reason(
        rule.id,
        rule.title,
        rule.policy,
        policy.version if len(policy.editions) == 1 else policy.edition(case.on).version,
        rule.source,
        anchor,
        clock,
        fact_on,
        entry.id,
        rule.within,
        not_before,
        None if rule.within.unit != "workday" else _counted(rule.within, clock, policy),
        rule.with_,
        rule.invites,
        rule.mode,
        to,
        opens_on,
        due_on,
    )


def _workday_before(planned: date, first: date, policy: Policy) -> date:
    """Return the last working day up to one that was agreed, as the visit is planned for it; not before `first`."""
    workday = policy.calendar.last_workday(planned)
    return workday if workday >= first else planned


def _not_before(rule: Rule, case: Case, policy: Policy, held: Sequence[Mapping[Rule, None]]) -> date:
    """Return `min(old, since + transition)`, `old` being what the rules of the kind that ended then would say."""
    former = [other for other in policy.former(rule) if other in held[-1]]
    if not former:
        return rule.earliest
    old = (_weigh(other, case, policy, held) for other in former)
    return min([rule.earliest, *(verdict.due_on for verdict in old if type(verdict) is Reason)])


def _counted_from(rule: Rule, case: Case, held: Sequence[Mapping[Rule, None]]) -> date:
    """Return the day from which a duty counts at the earliest: from when the person has owed one of its kind."""
    if rule.counted_from is None:
        return date.min
    eve = rule.counted_from - _DAY
    known = [matching for (first, _, _), matching in zip(case.spells, held, strict=True) if first <= eve]
    former = [other for other in known[-1] if other.kind is rule.kind and other.holds_on(eve)] if known else []
    return min((_counted_from(other, case, held) for other in former), default=rule.counted_from)


def _began(rule: Rule, case: Case, held: Sequence[Mapping[Rule, None]]) -> tuple[date, Entry]:
    """Return the first day of the unbroken spell in which the rule's condition held, and what began it."""
    first = len(held) - 1
    while first and rule in held[first - 1]:
        first -= 1
    day, _, entry = case.spells[first]
    return day, entry


def _counted(within: Interval, clock: date, policy: Policy) -> str:
    return "provisional" if within.is_provisional(clock, policy.calendar) else "published"


def _anchor(rule: Rule, case: Case, began: date, beginning: Entry) -> tuple[Anchor, date, Entry | None]:
    """Return the latest anchor that is known; on one day the one that starts a new round goes first."""
    best, latest, entry = _BEGAN, date.min, None
    for anchor in rule.after:
        known = _known(anchor, rule, case, began, beginning)
        if known is not None and (known[0] > latest or (known[0] == latest and anchor in NEXT_ROUND[rule.kind])):
            best, (latest, entry) = anchor, known
    return best, latest, entry


def _known(anchor: Anchor, rule: Rule, case: Case, began: date, beginning: Entry) -> tuple[date, Entry] | None:
    if anchor is _VISIT:
        visit = last_visit(rule, case)
        return None if visit is None else (visit.on, visit)
    if anchor is _BEGAN:
        return began, beginning
    if anchor is _PLANNED:
        return case.planned
    if anchor in _ANSWERED:
        return _unanswered(case.informed if anchor is _INFORMED else case.incidents, rule, case)
    return last_done(rule, case) if anchor is _DONE else case.anchors.get(anchor)


def _unanswered(told: list[tuple[date, Entry]], rule: Rule, case: Case) -> tuple[date, Entry] | None:
    """Return the earliest day that no follow-up has answered, as another incident puts nothing off; or the last."""
    if len(told) < 2:  # noqa: PLR2004 - most people: told quickly
        return told[0] if told else None
    visit = last_visit(rule, case)
    waiting = [pair for pair in told if visit is None or pair[0] > visit.on]
    return min(waiting, key=itemgetter(0)) if waiting else max(told, key=itemgetter(0))


def _line(case: Case, policy: Policy, kind: LineKind, why: list[tuple[Rule, Reason]]) -> DueVisit:
    why.sort(key=_strictness)
    reasons = tuple([reason for _, reason in why])
    roles, invited, modes = _company(tuple([rule for rule, _ in why]))
    opens_on, due_on = min([reason.opens_on for reason in reasons]), reasons[0].due_on
    until = due_on
    if case.postponed is not None and kind in FOLLOW_UPS:
        until = min(max(case.postponed.until, opens_on), due_on)
    plan_on = _plan(policy, opens_on, until, due_on)
    missing = _missing(case, reasons) if roles else ()
    return DueVisit(case.patient, kind, opens_on, due_on, plan_on, roles, invited, missing, modes, reasons)


def _strictness(pair: tuple[Rule, Reason]) -> tuple[date, bool]:
    """Sort by the last day; on one day the rule that binds somebody goes first."""
    return pair[1].due_on, not pair[0].with_


def _plan(policy: Policy, opens_on: date, until: date, due_on: date) -> date:
    """Return the last working day of the window up to a day, else its next; where it has none, the last before it."""
    found = policy.calendar.last_workday(until)
    while found < opens_on and until < due_on:
        until += _DAY
        found = policy.calendar.last_workday(until)
    return found


@lru_cache(maxsize=1 << 12)
def _company(rules: tuple[Rule, ...]) -> tuple[tuple[Role, ...], tuple[Role, ...], tuple[ContactMode, ...]]:
    """Return who must be there, who is asked, and how, by several rules of which the strictest comes first."""
    bound = {role for rule in rules for role in rule.with_}
    asked = {role for rule in rules for role in rule.invites} - bound
    ways = [set(rule.mode) for rule in rules if rule.mode]
    common = set.intersection(*ways) if ways else set()
    modes = tuple(mode for mode in ContactMode if mode in common) or rules[0].mode
    return _ordered(bound), _ordered(asked), modes


def _ordered(roles: set[Role]) -> tuple[Role, ...]:
    return tuple(sorted(roles, key=_RANK.__getitem__)) if roles else ()


def _missing(case: Case, reasons: Iterable[Reason]) -> tuple[Role, ...]:
    """Return the binding roles that were absent at the last follow-up since their rule's clock.

    The follow-up that itself brought the rule's state about was not yet one at which they were needed.
    """
    last = case.visits[-1] if case.visits else None
    if last is None or last.present is None:
        return ()
    owed = [
        reason.roles
        for reason in reasons
        if reason.anchor_on < last.on
        or (reason.anchor_on == last.on and reason.anchor is not _VISIT and reason.entry != last.id)
    ]
    return _ordered(set().union(*owed).difference(last.present))
