"""The audit of a policy: every state that the closed vocabulary allows is walked, to find a bad rule before it hurts.

What passes it keeps the laws: nobody at home is without a visit (law 2), nothing that is worse is seen less
often and nothing puts a visit off (law 4), and every rule counts for something (law 5).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from followup.case import State
from followup.comparison import is_four_a_year, is_no_longer, is_shorter, most_days
from followup.dates import Interval
from followup.errors import InvalidPolicy, Problem
from followup.policy import FOLLOW_UPS, Policy, Rule
from followup.sentences import say
from followup.states import Found, reachable, told_state, worsenings
from followup.terms import Anchor, Evidence, LineKind, Status, Term

#: The law that an error breaks; the others are errors of the norm or of form.
LAWS: Final[Mapping[str, int]] = {
    "gap": 2,
    "absent": 2,
    "less": 4,
    "dropped": 4,
    "anew": 4,
    "lapse": 4,
    "latest": 4,
    "never": 5,
    "beaten": 5,
}

_AT_HOME: Final = frozenset({Status.MANAGED, Status.DECLINED})
_VISITS: Final = frozenset({LineKind.VISIT, LineKind.FIRST_VISIT})
_ROUND: Final = frozenset({Anchor.VISIT, Anchor.BEGAN})
#: Of several anchors the latest counts: beside another one these would put a visit off.
_ALONE: Final = frozenset(
    {Anchor.PLANNED, Anchor.FIRST_MISSED, Anchor.INFORMED, Anchor.INCIDENT}
    | {Anchor.REFERRED, Anchor.DONE, Anchor.CHECKED, Anchor.ADMITTED}
)
_DAY: Final = timedelta(days=1)
_YEAR: Final = Interval(1, "year")


@frozen(kw_only=True)
class Remark:
    """One thing that an audit has to say: an error, or a note of what somebody must know."""

    code: str
    is_error: bool = True
    #: The ids of the rules it is about.
    rules: tuple[str, ...] = ()
    #: A state that shows it.
    state: State | None = None
    #: The first day on which it is so.
    since: date | None = None
    facts: Mapping[str, Any] = field(factory=dict, hash=False)

    @property
    def law(self) -> int | None:
        """The law that is broken."""
        return LAWS.get(self.code)

    def text(self, lang: str = "en") -> str:
        """Return the remark as one sentence in `lang`."""
        facts = {name: _told(value, lang) for name, value in self.facts.items()}
        facts["rules"] = say(lang, "word.and").join(self.rules)
        facts["state"] = "" if self.state is None else told_state(self.state, lang)
        found = say(lang, f"audit.{self.code}", **facts)
        found += "" if self.since is None else say(lang, "audit.since", on=self.since)
        return found if self.law is None else say(lang, "audit.law", number=self.law, text=found)


def _told(value: Any, lang: str) -> Any:
    if isinstance(value, list):
        return say(lang, "word.and").join(_told(one, lang) for one in value)
    if isinstance(value, Term):
        return value.label(lang)
    return value.text(lang) if hasattr(value, "text") else value


@frozen
class _Walk:
    """The rules in force on a day, each with the states in which it matches."""

    policy: Policy
    day: date
    matched: Mapping[Rule, frozenset[State]]

    @property
    def rules(self) -> Sequence[Rule]:
        return [rule for rule in self.policy.rules if rule.holds_on(self.day)]


def audit(policy: Policy, since: date | None = None) -> tuple[Remark, ...]:
    """Return what is wrong with a policy and what must be known of it, errors first.

    It is walked from the day `since` on (default: the first on which any rule asks for a visit): a rule that begins
    later leaves a gap until then.

    >>> from followup import load_policy
    >>> sorted({remark.code for remark in audit(load_policy("national-2018"))})
    ['calendar', 'months', 'unconfirmed']
    """
    matched = {rule: frozenset(filter(rule.matches, reachable())) for rule in policy.rules}
    errors: dict[tuple[Any, ...], Remark] = {}
    for day in _turns(policy, since):
        for remark in _errors(_Walk(policy, day, matched)):
            errors.setdefault((remark.code, remark.rules), remark)
    return (*errors.values(), *_notes(policy))


@lru_cache(maxsize=8)  # an adoption asks before it writes, and again within its transaction
def audit_errors(policy: Policy, since: date | None = None) -> tuple[Remark, ...]:
    """Return what the audit calls an error."""
    return tuple(remark for remark in audit(policy, since) if remark.is_error)


def check_sound(policy: Policy, since: date | None = None) -> None:
    """Raise `InvalidPolicy` with every error of the audit: a bad rule is refused before it hurts."""
    found = audit_errors(policy, since)
    if found:
        raise InvalidPolicy([Problem("audit", (policy.id,), {"text": remark}) for remark in found])


def _turns(policy: Policy, since: date | None) -> list[date]:
    """Return the first day that counts, and every day after it on which the rules change."""
    first = since or min((rule.since for rule in policy.rules if rule.kind in _VISITS), default=date.min)
    ends = {rule.earliest for rule in policy.rules if rule.earliest > first}
    return sorted({first, *policy.changes_after(first), *ends})


def _errors(walk: _Walk) -> Iterator[Remark]:
    yield from _gaps(walk)
    for rule in walk.rules:
        if not any(_can_run(rule, state) for state in walk.matched[rule]):
            yield Remark(code="never", rules=(rule.id,), since=walk.day)
        if rule.kind in FOLLOW_UPS:
            yield from _visits_to_the_absent(walk, rule)
        if rule.kind in _VISITS:
            yield from _put_off(walk, rule)
        yield from _beaten(walk, rule)


def _gaps(walk: _Walk) -> Iterator[Remark]:
    """Everybody at home has a visit rule that goes on and on, and four visits a year."""
    for state in reachable():
        if state[0] in _AT_HOME:
            going_on = [rule for rule in walk.rules if _goes_on_now(walk, rule, state)]
            if not going_on:
                yield Remark(code="gap", state=state, since=walk.day)
            elif not any(is_four_a_year(rule.within) for rule in going_on):
                longest = tuple(rule.id for rule in going_on)
                yield Remark(code="few", rules=longest, state=state, since=walk.day)


def _goes_on_now(walk: _Walk, rule: Rule, state: State) -> bool:
    """Say whether a rule asks for visits without end; in its transition, whether the rule before it did."""
    if state not in walk.matched[rule] or not _goes_on(rule, state):
        return False
    eve = rule.since - _DAY
    before = [one for one in walk.policy.rules if one.holds_on(eve) and state in walk.matched[one]]
    return rule.earliest <= walk.day or any(_goes_on(one, state) and is_four_a_year(one.within) for one in before)


def _goes_on(rule: Rule, state: State) -> bool:
    """Say whether a rule asks for visits without end: it counts from the last one, which is known."""
    visit_known = state[1] is not None and not rule.with_ and not rule.mode
    counts = Anchor.VISIT in rule.after and set(rule.after) <= _ROUND
    return rule.kind is LineKind.VISIT and counts and (visit_known or Anchor.BEGAN in rule.after)


def _can_run(rule: Rule, state: State) -> bool:
    """Say whether one of a rule's anchors can be known in a state."""
    _, risk, _, _, misses = state
    known = {Anchor.VISIT: risk is not None, Anchor.PLANNED: risk is not None, Anchor.FIRST_MISSED: misses > 0}
    return any(known.get(anchor, True) for anchor in rule.after) and (rule.kind is not LineKind.RETRY or misses > 0)


def _visits_to_the_absent(walk: _Walk, rule: Rule) -> Iterator[Remark]:
    away = next((state for state in reachable() if state in walk.matched[rule] and state[0] not in _AT_HOME), None)
    if away is not None:
        yield Remark(code="absent", rules=(rule.id,), since=walk.day, facts={"status": away[0]})


def _put_off(walk: _Walk, rule: Rule) -> Iterator[Remark]:
    """Neither what is worse, nor a failed attempt, nor declining makes a visit due later; nor does a doctor's date."""
    if len(rule.after) > 1 and _ALONE & set(rule.after):
        anchor = min(_ALONE & set(rule.after))
        yield Remark(code="latest", rules=(rule.id,), since=walk.day, facts={"anchor": anchor})
    one_sided = [
        s for s in walk.matched[rule] if s[0] is Status.DECLINED and (Status.MANAGED, *s[1:]) not in walk.matched[rule]
    ]
    if Anchor.BEGAN in rule.after and Anchor.VISIT not in rule.after and one_sided:
        yield Remark(code="lapse", rules=(rule.id,), since=walk.day)
    for here, there, held in _changes(walk.matched[rule]):
        if not any(_answers(walk, other, rule, {*there, *held}) for other in walk.rules):
            yield _less(walk, rule, here, there)
            return


def _changes(matched: frozenset[State]) -> Iterator[tuple[State, list[State], frozenset[State]]]:
    """Return each change that must put nothing off: a state before it, those after it, those that held all along.

    A follow-up starts the count anew, so what answers it need not have held before; other changes do not.
    """
    ordered = [state for state in reachable() if state in matched]
    by_finding: dict[Found, list[State]] = {}
    for state in ordered:
        by_finding.setdefault(state[1:4], []).append(state)
    for seen, worse in worsenings():
        here = by_finding.get(seen)
        if here:
            yield here[0], [(state[0], *worse, state[4]) for state in here], frozenset()
    more: list[State] = [(*state[:4], misses) for state in ordered for misses in range(state[4] + 1, 4)]
    declined: list[State] = [(Status.DECLINED, *state[1:]) for state in ordered if state[0] is Status.MANAGED]
    for there in (more, declined):
        if there:
            yield ordered[0], there, matched


def _answers(walk: _Walk, other: Rule, rule: Rule, where: set[State]) -> bool:
    """Say whether `other` holds in all those states, and is due no later than `rule` would have been."""
    if other.kind is not rule.kind or not walk.matched[other] >= where:
        return False
    if other is rule:
        return _is_restarted(rule) or _asks_alike_of_all(walk, rule)
    if set(other.after) != _ROUND or not is_no_longer(other.within, rule.within):
        return False
    if rule.with_ or rule.mode:
        held_as_long = set(rule.after) == _ROUND and walk.matched[other] >= walk.matched[rule]
        return held_as_long and _binds_as(other, rule) and other.earliest <= walk.day
    return _is_in_time(walk, other, rule, where)


def _is_restarted(rule: Rule) -> bool:
    """Say whether a visit starts a rule anew: if not, the visit that tells of a state would answer what it began."""
    return Anchor.VISIT in rule.after or Anchor.BEGAN not in rule.after


def _asks_alike_of_all(walk: _Walk, rule: Rule) -> bool:
    found = {state[1:4] for state in reachable()}
    return len(walk.matched[rule]) == len({(state[0], state[4]) for state in walk.matched[rule]}) * len(found)


def _binds_as(other: Rule, rule: Rule) -> bool:
    """Say whether what settles `other` would settle `rule`."""
    modes = not rule.mode or (bool(other.mode) and set(other.mode) <= set(rule.mode))
    return modes and set(other.with_) >= set(rule.with_)


def _is_in_time(walk: _Walk, other: Rule, rule: Rule, where: set[State]) -> bool:
    """While `other` is in transition the date of a former rule may hold, which then must be no later either."""
    if other.earliest <= walk.day:
        return True
    eve = other.since - _DAY
    former = [
        one for one in walk.policy.rules if one.kind is rule.kind and one.holds_on(eve) and set(one.after) == _ROUND
    ]
    return any(walk.matched[one] >= where and is_no_longer(one.within, rule.within) for one in former)


def _less(walk: _Walk, rule: Rule, here: State, there: Sequence[State]) -> Remark:
    """Name the state in which a visit would be due later, and the two rules."""
    lost = next((state for state in there if state not in walk.matched[rule]), there[0])
    rivals = [one for one in walk.rules if one.kind is rule.kind and one is not rule and lost in walk.matched[one]]
    alike = [one for one in rivals if set(one.after) == set(rule.after) and _binds_as(one, rule)]
    going_on = alike or [one for one in rivals if _goes_on(one, lost) and set(rule.after) <= _ROUND]
    facts = {"rule": rule.id, "within": rule.within, "than": here}
    if not going_on:
        return Remark(code="dropped", rules=(rule.id,), state=lost, since=walk.day, facts=facts)
    other = min(going_on, key=lambda one: most_days(one.within))
    facts |= {"other": other.id, "longer": other.within}
    code = "anew" if is_no_longer(other.within, rule.within) else "less"
    return Remark(code=code, rules=(rule.id, other.id), state=lost, since=walk.day, facts=facts)


def _beaten(walk: _Walk, rule: Rule) -> Iterator[Remark]:
    """In the last of its days no rule is beaten by an earlier one wherever it matches."""
    if any(rule.until is None or change <= rule.until for change in walk.policy.changes_after(walk.day)):
        return
    beaten = {other: _beaten_in(walk, other, rule) for other in walk.rules if _beats(other, rule)}
    if beaten and frozenset().union(*beaten.values()) >= walk.matched[rule]:
        most = max(beaten, key=lambda other: len(beaten[other]))
        yield Remark(code="beaten", rules=(rule.id, most.id), since=walk.day)


def _beats(other: Rule, rule: Rule) -> bool:
    alike = other.kind is rule.kind and set(other.to) >= set(rule.to) and _binds_as(other, rule)
    return alike and _counts_alike(other, rule) and is_shorter(other.within, rule.within)


def _counts_alike(other: Rule, rule: Rule) -> bool:
    """Say whether two rules count from the same day: `began` adds nothing where another anchor is known."""
    apart = set(other.after) ^ set(rule.after)
    return not apart or (apart == {Anchor.BEGAN} and set(other.after) <= _ROUND and not (other.with_ or other.mode))


def _beaten_in(walk: _Walk, other: Rule, rule: Rule) -> frozenset[State]:
    """Return the states in which `other` beats `rule`: without a follow-up it may have nothing to count from."""
    both = walk.matched[other] & walk.matched[rule]
    return both if set(other.after) >= set(rule.after) else frozenset(state for state in both if state[1] is not None)


def _notes(policy: Policy) -> Iterator[Remark]:
    for rule in policy.rules:
        if rule.source.evidence in {Evidence.UNCONFIRMED, Evidence.ASSUMPTION}:
            yield Remark(code="unconfirmed", is_error=False, rules=(rule.id,), facts={"evidence": rule.source.evidence})
        if not rule.source.clause:
            yield Remark(code="clause", is_error=False, rules=(rule.id,))
        if rule.kind is LineKind.HEALTH_CHECK and not is_no_longer(rule.within, _YEAR):
            yield Remark(code="rare", is_error=False, rules=(rule.id,), facts={"within": rule.within})
    for off in policy.offs:
        facts = {"on": off.since, "reason": off.reason}
        yield Remark(code="off", is_error=False, rules=(off.off,), facts=facts)
    lasting = {rule.kind for rule in policy.rules if rule.until is None}
    without = [kind for kind in LineKind if kind not in lasting]
    if without:
        yield Remark(code="without", is_error=False, facts={"kinds": without})
    months = tuple(rule.id for rule in policy.rules if rule.within.unit in {"month", "year"})
    if months:
        yield Remark(code="months", is_error=False, rules=months)
    yield Remark(code="calendar", is_error=False, facts={"known": policy.calendar})
