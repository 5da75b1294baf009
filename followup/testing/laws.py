"""The laws of the schedule as checks of any scheduler: `LAWS`, by their names."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st

from followup.case import case_on
from followup.dates import WorkCalendar
from followup.entries import Declined, Entry, Missed, Postponed, Registered, Retracted, Visited
from followup.policy import FOLLOW_UPS, Policy
from followup.schedule import due_visits
from followup.terms import Anchor, Bucket, LineKind, Status
from followup.testing.replay import last_workday, replayed
from followup.testing.story import Line
from followup.testing.trial import Law, Trial, due_days, told_of

_DAY: Final = timedelta(days=1)
#: The kinds that a higher risk, a failed attempt or a refusal never puts off.
_VISITS: Final = frozenset({LineKind.VISIT, LineKind.FIRST_VISIT})
_AT_HOME: Final = frozenset({Status.MANAGED, Status.DECLINED})


def _is_registered(facts: Iterable[Entry], on: date) -> bool:
    return any(isinstance(fact, Registered) and fact.on <= on for fact in facts)


# 1. Pure


def _pure(trial: Trial) -> None:
    found, known = trial.lines(), trial.ledger.entries
    trial.lines(on=trial.on + 40 * _DAY)
    again = trial.lines()
    trial.expect(told_of(again) == told_of(found), "again", found, found=due_days(again))
    shuffled = trial.lines(trial.draw(st.permutations([*known, *known[:2]])))
    trial.expect(told_of(shuffled) == told_of(found), "order", found, found=due_days(shuffled))
    early = [entry for entry in known if entry.on <= trial.on or isinstance(entry, Retracted)]
    if any(isinstance(entry, Registered) for entry in early):
        without = trial.lines(early)
        trial.expect(told_of(without) == told_of(found), "future", found, found=due_days(without))
    _taken_back(trial, found)


def _taken_back(trial: Trial, found: Sequence[Line]) -> None:
    """Expect that a fact taken back was never there."""
    facts = trial.ledger.facts
    fact = trial.draw(st.sampled_from(facts or trial.ledger.entries))
    back = Retracted(trial.ledger.patient, trial.on, entry=fact.id)
    kept = [entry for entry in facts if entry is not fact]
    if back not in trial.ledger.entries and any(isinstance(entry, Registered) for entry in kept):
        without, taken = trial.lines(kept), trial.lines([*trial.ledger.entries, back])
        facts_of = {"entry": fact, "found": due_days(without), "other": due_days(taken)}
        trial.expect(told_of(taken) == told_of(without), "back", found, **facts_of)


# 2. Total


def _total(trial: Trial) -> None:
    found, days = trial.lines(), due_days(trial.lines())
    trial.expect(len(days) == len(found), "twice", found)
    if not _is_registered(trial.ledger.facts, trial.on):
        trial.expect(not found, "unregistered", found)
        return
    for day in _days_that_matter(trial):
        _who_is_there(evolve(trial, on=day))
    _stays(trial, trial.rest + trial.draw(st.sampled_from([1, 2, 30, 400])) * _DAY)


def _who_is_there(trial: Trial) -> None:
    """Expect that whoever is at home is owed a follow-up, and nobody else."""
    case = case_on(trial.ledger, trial.on)
    if case is None or not _has_begun(trial):
        return
    found = trial.lines()
    is_owed = bool(FOLLOW_UPS & due_days(found).keys())
    is_there = case.status in _AT_HOME
    trial.expect(is_owed is is_there, "visitless" if is_there else "absent", found)


def _has_begun(trial: Trial) -> bool:
    """Say whether there were rules on the day."""
    return trial.policy is None or any(rule.holds_on(trial.on) for rule in trial.policy.rules)


def _stays(trial: Trial, later: date) -> None:
    """Expect that whatever is due stays so, for the same last day, while nothing is entered and no rule changes."""
    if trial.changes_between(trial.rest, later):
        return
    now, then = trial.lines(on=trial.rest), due_days(trial.lines(on=later))
    for kind, due_on in due_days(now).items():
        facts = {"kind": kind, "due": due_on, "later": later, "found": then.get(kind)}
        trial.expect(kind in then, "gone", now, **facts)
        trial.expect(then[kind] == due_on, "moved", now, **facts)


# 3. One overdue


def _one_overdue(trial: Trial) -> None:
    for line in trial.lines():
        if hasattr(line, "status"):
            for days, allowed in _STATUS.items():
                day = line.due_on + days * _DAY
                facts = {"kind": line.kind, "due": line.due_on, "day": day, "found": line.status(day)}
                trial.expect(line.status(day) in allowed, "status", [line], **facts)
    for due_on in sorted({line.due_on for line in trial.lines(on=trial.rest)}):
        for day in (due_on, due_on + _DAY):
            if day > trial.rest:
                _stays(trial, day)


_STATUS: Final = {
    -1: {Bucket.OPEN, Bucket.NOT_DUE},
    0: {Bucket.DUE_TODAY},
    1: {Bucket.OVERDUE},
}


# 4. Safe


def _safe(trial: Trial) -> None:
    facts = [fact for fact in trial.ledger.facts if fact.on <= trial.on]
    if not _is_registered(facts, trial.on):
        return
    before, plain = trial.about(facts), trial.about(_without_dates(facts))
    _higher_risks(before, _last_day(before)[-1:])
    _higher_risks(plain, _last_day(plain))
    for day in _days_that_matter(before):
        for more in (Missed(trial.ledger.patient, day), Declined(trial.ledger.patient, day)):
            _never_later(before, [*facts, more], more, _VISITS)
    _own_dates(plain, facts)


def _without_dates(facts: Iterable[Entry]) -> list[Entry]:
    kept = [fact for fact in facts if not isinstance(fact, Postponed)]
    return [evolve(fact, next_on=None) if isinstance(fact, Visited) else fact for fact in kept]


def _days_that_matter(trial: Trial) -> list[date]:
    """Return the days on which one more entry can matter: those of the others, and the one asked about."""
    return sorted({fact.on for fact in trial.ledger.facts} | {trial.on})


def _last_day(trial: Trial) -> list[Visited]:
    """Return the follow-ups of the last day that has one, the one that governs last."""
    case = case_on(trial.ledger, trial.on)
    visits = [] if case is None else case.visits
    return [visit for visit in visits if visit.on == visits[-1].on]


def _higher_risks(before: Trial, visits: Iterable[Visited]) -> None:
    """Expect that a higher risk at one of the follow-ups, its recorded class unchanged, puts no visit off."""
    for visit in visits:
        for risk in range(visit.risk + 1, 6):
            _never_later(before, *_with(before, visit, evolve(visit, risk=risk)), _VISITS)


def _own_dates(plain: Trial, facts: Sequence[Entry]) -> None:
    """Expect that a doctor's own date puts nothing off, nor a postponement beside the dates that there are."""
    days = plain.draw(st.integers(0, 200)) * _DAY
    for last in _last_day(plain)[-1:]:
        _never_later(plain, *_with(plain, last, evolve(last, next_on=last.on + days)), frozenset(LineKind))
    for day in _days_that_matter(plain):
        postponed = Postponed(plain.ledger.patient, day, until=day + days)
        _never_later(plain, [*facts, postponed], postponed, frozenset(LineKind))


def _with(trial: Trial, visit: Visited, other: Visited) -> tuple[list[Entry], Visited]:
    """Return the entries with one follow-up in place of another, and that one."""
    return [other if fact is visit else fact for fact in trial.ledger.facts], other


def _never_later(before: Trial, entries: Sequence[Entry], more: Entry, kinds: frozenset[LineKind]) -> None:
    """Expect that each line of these kinds that was owed is still owed, and no later, nor planned for a later day."""
    lines, answer = before.lines(), before.lines(entries)
    after = due_days(answer)
    for line in answer:
        plan_on = getattr(line, "plan_on", line.due_on)
        facts = {"kind": line.kind, "due": line.due_on, "entry": more, "found": plan_on}
        before.expect(plan_on <= line.due_on, "planned", lines, **facts)
    for kind, due_on in due_days(lines).items():
        if kind in kinds:
            facts = {"kind": kind, "due": due_on, "entry": more, "found": after.get(kind)}
            before.expect(kind in after, "gone", lines, **facts)
            before.expect(after[kind] <= due_on, "later", lines, **facts)


# 5. Strictest


def _no_later(trial: Trial) -> None:
    """Expect of bare dates that they are no later than the rules ask."""
    lines = trial.lines()
    asked = () if trial.policy is None else due_visits(trial.ledger, trial.policy, trial.on)
    due_on = min((line.due_on for line in asked if line.kind in _VISITS), default=date.max)
    for line in lines:
        trial.expect(line.due_on <= due_on, "lax", lines, due=due_on, found=line.due_on)


def _strictest(trial: Trial) -> None:
    lines = trial.lines()
    for line in lines:
        facts: dict[str, Any] = {"kind": line.kind, "due": min((r.due_on for r in line.reasons), default=None)}
        trial.expect(facts["due"] is not None, "reasonless", lines, **facts)
        trial.expect(line.due_on == facts["due"], "earliest", lines, **facts)
        needed = {str(role) for reason in line.reasons for role in getattr(reason, "roles", ())}
        trial.expect(needed <= {str(role) for role in line.roles}, "roles", lines, **facts)
        asked = {str(role) for role in getattr(line, "invited", ())}
        trial.expect(not asked & {str(role) for role in line.roles}, "invited", lines, **facts)
    if trial.policy is not None:
        _every_rule(trial, trial.policy, lines)


def _every_rule(trial: Trial, policy: Policy, lines: Sequence[Line]) -> None:
    """Expect that each rule that holds alone is a reason beside the others, and that the condition of each holds."""
    given_ = {(reason.rule, reason.due_on) for line in lines for reason in line.reasons}
    case, known = case_on(trial.ledger, trial.on), {rule.id for rule in policy.rules}
    holding = set() if case is None else {rule.id for rule in policy.rules if rule.matches(case.state)}
    for rule_id, due_on in given_:
        trial.expect(rule_id not in known - holding, "stateless", lines, rule=rule_id, due=due_on)
    for rule in policy.rules:
        alone = evolve(policy, rules=(rule, *policy.former(rule)))
        for line in due_visits(trial.ledger, alone, trial.on):
            for reason in line.reasons:
                facts = {"rule": reason.rule, "due": reason.due_on, "kind": line.kind}
                trial.expect((reason.rule, reason.due_on) in given_, "silenced", lines, **facts)


# 6. Explained


def _explained(trial: Trial) -> None:
    lines, standing = trial.lines(), {fact.id: fact for fact in trial.ledger.facts if fact.on <= trial.on}
    calendar = None if trial.policy is None else trial.policy.calendar
    for line in lines:
        trial.expect(line.reasons, "reasonless", lines, kind=line.kind)
        for reason in line.reasons:
            lacking = [name for name in _EXPLAINS if not hasattr(reason, name)]
            trial.expect(not lacking, "incomplete", lines, kind=line.kind, names=", ".join(lacking))
            facts = {"kind": line.kind, "rule": reason.rule, "due": reason.due_on, "on": reason.anchor_on}
            trial.expect(reason.rule and str(reason.source).strip(), "uncited", lines, **facts)
            trial.expect(reason.entry in standing, "entryless", lines, **facts)
            own = getattr(reason, "fact_on", reason.anchor_on)
            told = _days_told(standing[reason.entry])
            trial.expect(own in told, "untold", lines, **facts | {"on": own})
            opened = set() if line.kind in FOLLOW_UPS else _duties_open(trial.policy)
            is_moved = own < reason.anchor_on and reason.anchor_on in opened
            trial.expect(own == reason.anchor_on or is_moved, "moved", lines, own=own, **facts)
            counted = max(replayed(reason.within, reason.anchor_on, calendar), reason.not_before)
            trial.expect(counted == reason.due_on, "replayed", lines, counted=counted, within=reason.within, **facts)
        _days_of_work(trial, line, lines)


def _days_of_work(trial: Trial, line: Line, lines: Sequence[Line]) -> None:
    """Expect that a line opens with its first reason, none before its clock, and is planned on a working day."""
    calendar = None if trial.policy is None else trial.policy.calendar
    opens_on: date | None = getattr(line, "opens_on", None)
    plan_on: date | None = getattr(line, "plan_on", None)
    if opens_on is not None:
        told = [reason for reason in line.reasons if hasattr(reason, "opens_on")]
        opened = min((max(_first_day(reason, calendar), reason.opens_on) for reason in told), default=opens_on)
        holds = opens_on == opened <= line.due_on
        trial.expect(holds, "opened", lines, kind=line.kind, due=line.due_on, opens=opened, found=opens_on)
    if plan_on is not None:
        last = last_workday(line.due_on, calendar)
        is_put_off = any(isinstance(fact, Postponed) and fact.on <= trial.on for fact in trial.ledger.facts)
        holds = plan_on <= last if is_put_off else plan_on == last
        trial.expect(holds, "planned", lines, kind=line.kind, due=line.due_on, plan=last, found=plan_on)


def _first_day(reason: Any, calendar: WorkCalendar | None) -> date:
    """Return the day from which a reason may open: its clock; where a doctor set a holiday, the working day before."""
    is_planned = getattr(reason, "anchor", None) == Anchor.PLANNED
    return last_workday(reason.anchor_on, calendar) if is_planned else reason.anchor_on


#: What a reason must tell.
_EXPLAINS: Final = ("rule", "source", "entry", "anchor_on", "within", "not_before", "due_on")


def _days_told(entry: Entry) -> set[date | None]:
    return {getattr(entry, name, None) for name in ("on", "informed_on", "next_on", "until")}


def _duties_open(policy: Policy | None) -> set[date | None]:
    """Return the days from which on duties are owed: no clock of a duty starts before."""
    return set() if policy is None else {policy.duties_from, *(rule.counted_from for rule in policy.rules)}


# 7. Late is accepted


def _late(trial: Trial) -> None:
    found, known = trial.lines(), list(trial.ledger.entries)
    moments = [f"{trial.on + number * _DAY}T08:00:00+08:00" for number in range(len(known))]
    for order in (moments, moments[::-1]):
        told = [evolve(entry, recorded_at=moment) for entry, moment in zip(known, order, strict=True)]
        otherwise = trial.lines(told)
        trial.expect(told_of(otherwise) == told_of(found), "moments", found, found=due_days(otherwise))
    late = known.pop(trial.draw(st.integers(0, len(known) - 1)))
    last = trial.lines([*known, evolve(late, recorded_at=f"{trial.on + _DAY}T08:00:00+08:00")])
    trial.expect(told_of(last) == told_of(found), "last", found, entry=late, found=due_days(last))


#: Laws 1 to 7, by their names. Each takes a scheduler; see `Law.__call__`.
LAWS: Final[Mapping[str, Law]] = MappingProxyType(
    {
        law.name: law
        for law in (
            Law("pure", 1, _pure),
            Law("total", 2, _total),
            Law("one-overdue", 3, _one_overdue),
            Law("safe", 4, _safe),
            Law("strictest", 5, _strictest, needs_reasons=True, of_dates=_no_later),
            Law("explained", 6, _explained, needs_reasons=True),
            Law("late", 7, _late),
        )
    }
)
