"""The decision: what is due for one patient, by when, with whom, and why. The file an auditor must read.

A rule that matches the patient's state counts its period from its clock:

- the *anchor* is the latest of the days that the rule names and that are known;
- the *clock* is the anchor, but never before the first day of the unbroken spell in which the rule's
  condition held, so that nobody comes home from hospital overdue (a run of failed attempts ends with every
  follow-up and return, so its first day needs no such guard: the third attempt counts from the first);
- the last day is `max(clock + within, since)`, and that day is still on time;
- a rule whose anchor is itself what settles it starts the next round; any other runs until a settling
  fact falls on or after the anchor.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import takewhile
from operator import itemgetter
from typing import Final

from attrs import frozen

from followup.case import Case, case_on
from followup.dates import Interval
from followup.entries import Admitted, Checked, Done, Entry, Referred, Visited
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy, Rule, Source, Title
from followup.sentences import say
from followup.terms import Anchor, Bucket, ContactMode, LineKind, Role, Silence, Status

# Members of an enum are looked up by a slow property in Python 3.11; what every decision needs is kept here.
_VISIT, _BEGAN, _DONE, _FIRST_MISSED = Anchor.VISIT, Anchor.BEGAN, Anchor.DONE, Anchor.FIRST_MISSED
_PLANNED = Anchor.PLANNED
_INFORMED, _ANSWERED = Anchor.INFORMED, frozenset({Anchor.INFORMED, Anchor.INCIDENT})
_RETRY, _REPORT = LineKind.RETRY, LineKind.REPORT
_OVERDUE, _DUE_TODAY, _OPEN, _NOT_DUE = Bucket.OVERDUE, Bucket.DUE_TODAY, Bucket.OPEN, Bucket.NOT_DUE
_RANK = {role: rank for rank, role in enumerate(Role)}
_NO_ANCHOR, _SETTLED = Silence.NO_ANCHOR, Silence.SETTLED


@frozen(slots=False)  # made for every line of every patient; without slots attrs fills it twice as fast
class Reason:
    """Why a line has its date: the rule, its source, the day and entry it is counted from, the arithmetic.

    Replaying it, `max(within after clock_on, not_before)`, gives `due_on`.
    """

    #: The rule's id, its title and text, and who wrote it.
    rule: str
    title: Title
    policy: str
    #: The version of the policy that was asked.
    version: str
    source: Source
    #: The kind of day it is counted from; "began" where the state began after the rule's own anchor.
    anchor: Anchor
    anchor_on: date
    #: The id of the entry that tells the anchor.
    entry: str
    within: Interval
    #: The day the rule came into force.
    not_before: date
    #: "provisional" where working days run through a year without a notice, "published" where they do
    #: not, None where none are counted.
    calendar: str | None
    roles: tuple[Role, ...]
    invited: tuple[Role, ...]
    modes: tuple[ContactMode, ...]
    to: tuple[str, ...]
    opens_on: date
    due_on: date

    def text(self, lang: str = "en") -> str:
        """Return the reason as one sentence in `lang`."""
        key = "reason.at_once" if not self.within.count else "reason"
        facts = {"title": self.title.text(lang), "anchor": self.anchor.label(lang), "source": self.source}
        found = say(lang, key, on=self.anchor_on, within=self.within.text(lang), due=self.due_on, **facts)
        if self.due_on == self.not_before:
            found += say(lang, "reason.not_before", on=self.not_before)
        if self.calendar == "provisional":
            found += say(lang, "reason.provisional")
        return found


@frozen(slots=False)
class DueVisit:
    """One running line: a kind of follow-up (or duty) that a patient is owed, opened or not yet.

    Days are inclusive: on `due_on` the visit is still on time, on the day after it is overdue.
    """

    patient: str
    kind: LineKind
    opens_on: date
    due_on: date
    #: The last working day on or before `due_on`, and before any postponement: what a team plans by.
    plan_on: date
    #: Who must be there.
    roles: tuple[Role, ...]
    #: Who is asked to be there, and does not bind.
    invited: tuple[Role, ...]
    #: Who was missing at the last follow-up that would otherwise have settled the line.
    missing_roles: tuple[Role, ...]
    #: The ways of contact that count; any where empty.
    modes: tuple[ContactMode, ...]
    #: Every rule that holds, the strictest first.
    reasons: tuple[Reason, ...]

    @property
    def key(self) -> str:
        """A name of the line that stays while its clock does: patient, kind, clock entry."""
        return f"{self.patient}/{self.kind}/{self.reasons[0].entry}"

    def status(self, on: date) -> Bucket:
        """Return `overdue`, `due_today`, `open` or `not_due` on a day; it is never stored."""
        return bucket(self.opens_on, self.due_on, on)


def bucket(opens_on: date, due_on: date, on: date) -> Bucket:
    """Return where a line stands on a day: the one definition of overdue.

    >>> bucket(date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 15)).value
    'due_today'
    >>> bucket(date(2026, 11, 8), date(2026, 11, 15), date(2026, 11, 16)).value
    'overdue'
    """
    if on > due_on:
        return _OVERDUE
    if on == due_on:
        return _DUE_TODAY
    return _OPEN if on >= opens_on else _NOT_DUE


def due_visits(ledger: Ledger, policy: Policy, on: date) -> tuple[DueVisit, ...]:
    """Return every running line of one patient at the end of the day `on`, the earliest first.

    Pure: no clock, no file, no global. Empty before the registration.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=3, mode="home")])
    >>> line, = due_visits(ledger, load_policy("national-2018"), date(2026, 11, 22))
    >>> line.kind.value, str(line.due_on), line.status(date(2026, 11, 22)).value
    ('visit', '2026-11-15', 'overdue')
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
    return [(rule, _weigh(rule, case, policy, held)) for rule in held[-1].values()]


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


def _weigh(rule: Rule, case: Case, policy: Policy, held: Sequence[Mapping[str, Rule]]) -> Reason | Silence:
    """Return what a matching rule says; `held` tells which rules held in each of the case's spells."""
    if rule.since > case.on:
        return Silence.NOT_YET
    began, beginning = _began(rule, case, held)
    anchor, clock, entry = _anchor(rule, case, began, beginning)
    if entry is None:
        return _NO_ANCHOR
    if anchor not in _NEXT_ROUND[rule.kind] and _is_settled(rule, case, clock, began):
        return _SETTLED
    if clock < began and anchor is not _FIRST_MISSED:
        anchor, clock, entry = _BEGAN, began, beginning
    if policy.duties_from is not None and rule.kind not in FOLLOW_UPS:
        clock = max(clock, policy.duties_from)
    due_on = max(rule.within.after(clock, policy.calendar), rule.since)
    return Reason(
        rule.id,
        rule.title,
        rule.policy,
        policy.version,
        rule.source,
        anchor,
        clock,
        entry.id,
        rule.within,
        rule.since,
        None if rule.within.unit != "workday" else _counted(rule.within, clock, policy),
        rule.with_,
        rule.invites,
        rule.mode,
        rule.to,
        max(clock, due_on - rule.lead),
        due_on,
    )


def _began(rule: Rule, case: Case, held: Sequence[Mapping[str, Rule]]) -> tuple[date, Entry]:
    """Return the first day of the unbroken spell in which the rule's condition held, and what began it."""
    first = len(held) - 1
    while first and rule.id in held[first - 1]:
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
        if known is not None and (known[0] > latest or (known[0] == latest and anchor in _NEXT_ROUND[rule.kind])):
            best, (latest, entry) = anchor, known
    return best, latest, entry


def _known(anchor: Anchor, rule: Rule, case: Case, began: date, beginning: Entry) -> tuple[date, Entry] | None:
    if anchor is _VISIT:
        visit = _last_visit(rule, case)
        return None if visit is None else (visit.on, visit)
    if anchor is _BEGAN:
        return began, beginning
    if anchor is _PLANNED:
        return case.planned
    if anchor in _ANSWERED:
        return _unanswered(case.informed if anchor is _INFORMED else case.incidents, rule, case)
    return case.anchors.get(f"done {rule.kind}" if anchor is _DONE else anchor)


def _unanswered(told: list[tuple[date, Entry]], rule: Rule, case: Case) -> tuple[date, Entry] | None:
    """Return the earliest day that no follow-up has answered, as another incident puts nothing off; or the last."""
    visit = _last_visit(rule, case)
    waiting = [pair for pair in told if visit is None or pair[0] > visit.on]
    return min(waiting, key=itemgetter(0)) if waiting else max(told, key=itemgetter(0), default=None)


def _last_visit(rule: Rule, case: Case) -> Visited | None:
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
_NEXT_ROUND: Final[dict[LineKind, frozenset[Anchor]]] = {
    LineKind.VISIT: frozenset({Anchor.VISIT}),
    LineKind.FIRST_VISIT: frozenset({Anchor.VISIT}),
    LineKind.RETRY: frozenset({Anchor.VISIT}),
    LineKind.REFERRAL: frozenset({Anchor.REFERRED, Anchor.ADMITTED}),
    LineKind.REFERRAL_CHECK: frozenset({Anchor.ADMITTED, Anchor.DONE}),
    LineKind.STATUS_CHECK: frozenset({Anchor.DONE}),
    LineKind.REPORT: frozenset({Anchor.DONE}),
    LineKind.HEALTH_CHECK: frozenset({Anchor.CHECKED}),
}


def _is_settled(rule: Rule, case: Case, anchor_on: date, began: date) -> bool:
    if rule.kind is _RETRY:
        return case.misses[-1] > began if case.misses else True
    if rule.kind in FOLLOW_UPS:
        return any(satisfies(visit, rule) for visit in takewhile(lambda v: v.on >= anchor_on, reversed(case.visits)))
    deeds = [deed for deed in case.deeds if deed.on >= anchor_on]
    if rule.kind is _REPORT and rule.to:
        told = {to for deed in deeds if isinstance(deed, Done) and deed.kind is rule.kind for to in deed.to or ()}
        return told >= set(rule.to)
    return any(_SETTLES[rule.kind](deed) for deed in deeds)


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
    LineKind.REPORT: _done(LineKind.REPORT),
    LineKind.HEALTH_CHECK: lambda deed: isinstance(deed, Checked),
}


def _line(case: Case, policy: Policy, kind: LineKind, why: list[tuple[Rule, Reason]]) -> DueVisit:
    why.sort(key=_strictness)
    reasons = tuple([reason for _, reason in why])
    roles, invited, modes = _company(tuple([rule for rule, _ in why]))
    opens_on, due_on = min([reason.opens_on for reason in reasons]), reasons[0].due_on
    plan_on = _plan(case, policy, opens_on, due_on)
    missing = _missing(case, reasons) if roles else ()
    return DueVisit(case.patient, kind, opens_on, due_on, plan_on, roles, invited, missing, modes, reasons)


def _strictness(pair: tuple[Rule, Reason]) -> tuple[date, bool]:
    """Sort by the last day; on one day the rule that binds somebody goes first."""
    return pair[1].due_on, not pair[0].with_


def _plan(case: Case, policy: Policy, opens_on: date, due_on: date) -> date:
    until = due_on
    if case.postponed is not None:
        until = min(max(case.postponed.until, opens_on), due_on)
    return policy.calendar.last_workday(until)


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
    """Return the binding roles that were absent at the last follow-up since their rule's clock."""
    last = case.visits[-1] if case.visits else None
    if last is None or last.present is None:
        return ()
    owed = [
        reason.roles
        for reason in reasons
        if reason.anchor_on < last.on or (reason.anchor_on == last.on and reason.anchor is not _VISIT)
    ]
    return _ordered(set().union(*owed).difference(last.present))
