"""What the kit's strategies reach, measured; what they keep to, and what they shrink to."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Final

import pytest
from attrs import evolve
from hypothesis import HealthCheck, find, given, seed, settings
from hypothesis import strategies as st

from followup import (
    Ledger,
    Missed,
    Policy,
    Registered,
    Retracted,
    Rule,
    Visited,
    audit,
    bundled_policies,
    due_visits,
    findings,
    load_policy,
    standing,
)
from followup.entries import TYPES
from followup.errors import InvalidEntry
from followup.policytable import rule_problems
from followup.sentences import sentences
from followup.terms import Bucket
from followup.testing import entries, ledgers, policies, rules
from followup.testing.ledgers import days_to_ask

DAY: Final = timedelta(1)
DONGGUAN: Final = load_policy("dongguan")
POLICIES: Final = [load_policy(name) for name in bundled_policies()]
EXAMPLES: Final = 1_000
ROUNDS: Final = 20
TEAM_FINDINGS: Final = ("no-team", "team-unknown", "team-not-yet", "team-dissolved", "role-vacant", "role-elsewhere")
#: Findings about several people, or about teams, which no one ledger has; and one that only a register of former days
#: can have, as none takes such an entry.
ELSEWHERE: Final = {
    *("finding same-id-number", "finding same-person", "finding done-nothing"),
    *(f"finding {code}" for code in TEAM_FINDINGS),
}


@cache
def reached() -> Counter[str]:
    """Return how many of so many people have what, on one of the days on which a law may ask about them."""
    found: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES // ROUNDS, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        ledger = data.draw(ledgers(policy=data.draw(st.sampled_from(POLICIES))))
        answers = {told for policy in POLICIES for on in _asked(ledger, policy) for told in _of_day(ledger, policy, on)}
        found.update({*_of_ledger(ledger), *answers})

    for number in range(ROUNDS):  # what is drawn in one run resembles what was drawn before
        seed(number)(collect)()
    return found


def _asked(ledger: Ledger, policy: Policy) -> set[date]:
    changes = policy.changes_after(date.min)
    return set(days_to_ask(ledger, lambda day: due_visits(ledger, policy, day), changes))


def _of_ledger(ledger: Ledger) -> Iterator[str]:
    known, facts = ledger.entries, ledger.facts
    days = [entry.on for entry in known]
    retractions = {entry.id: entry for entry in known if isinstance(entry, Retracted)}
    registered = [fact.on for fact in facts if isinstance(fact, Registered)]
    yield from (f"type {entry.type}" for entry in known)
    happened = {
        "same day": len(set(days)) < len(days),
        "recorded late": any(e.recorded_on is not None and e.recorded_on > e.on for e in known),
        "retracted": len(facts) + len(retractions) < len(known),
        "retraction retracted": any(entry.entry in retractions for entry in retractions.values()),
        "before registration": bool(registered) and facts[0].on < min(registered),
        "month end": any((day + DAY).day == 1 for day in days),
        "29 February": date(2024, 2, 29) in days,
        "Spring Festival": any(date(2026, 2, 15) <= day <= date(2026, 2, 23) for day in days),
        "told late of a discharge": any(day > fact.on for day, same in ledger.effects for fact in same),
    }
    yield from (name for name, there in happened.items() if there)


def _of_day(ledger: Ledger, policy: Policy, on: date) -> Iterator[str]:
    for change in policy.changes_after(date.min):
        yield from [f"eve of {change}"] * (on == change - DAY) + [f"day of {change}"] * (on == change)
    lines = due_visits(ledger, policy, on)
    yield f"bucket {standing(ledger, policy, on)}"
    yield from (f"rule {reason.rule} of {policy.id}" for line in lines for reason in line.reasons)
    yield from (f"finding {finding.code}" for finding in findings(ledger, policy, on))
    for line in lines:
        yield from ["last day"] * (line.due_on == on) + ["day after the last day"] * (line.due_on + DAY == on)
        yield from ["day it opens"] * (line.opens_on == on)


def wanted() -> dict[str, float]:
    """Return what must be reached, and the least share of people (per cent) who have it."""
    found = {f"type {kind}": 1.0 for kind in TYPES} | {f"bucket {bucket}": 1.0 for bucket in Bucket}
    found |= {f"rule {rule.id} of {policy.id}": 0.08 for policy in POLICIES for rule in policy.rules}
    found |= {key.replace(".", " "): 0.06 for key in sentences("en") if key.startswith("finding.")}
    for change in {change for policy in POLICIES for change in policy.changes_after(date.min)}:
        found |= {f"eve of {change}": 0.25, f"day of {change}": 0.25}
    found |= {"same day": 30, "recorded late": 30, "retracted": 10, "retraction retracted": 0.5}
    found |= {"before registration": 10, "month end": 10, "29 February": 0.2, "Spring Festival": 3}
    found |= {"told late of a discharge": 2, "last day": 3, "day after the last day": 3, "day it opens": 3}
    return {name: share for name, share in found.items() if name not in ELSEWHERE}


def test_the_strategies_reach_all_that_the_laws_are_about() -> None:
    """Every type, bucket, finding, rule and boundary day is reached, each by at least its share of people."""
    shares = {name: 100 * reached()[name] / EXAMPLES for name in wanted()}
    assert {name: share for name, share in shares.items() if share < wanted()[name]} == {}


@given(st.sampled_from([("visited",), ("visited", "missed"), ("lost", "found"), ()]), st.data())
@settings(max_examples=50)
def test_a_ledger_keeps_to_the_kinds_and_days_it_is_given(kinds: tuple[str, ...], data: st.DataObject) -> None:
    """Beside the registration there are entries of the kinds asked for alone, and none outside the days."""
    first = data.draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    last = first + timedelta(data.draw(st.integers(0, 500)))
    ledger = data.draw(ledgers("p7", span=(first, last), kinds=kinds))
    assert {entry.type for entry in ledger.entries} <= {"registered", *kinds}
    assert all(entry.patient == "p7" and first <= entry.on <= last for entry in ledger.entries)


def test_an_unknown_type_of_entry_is_refused_with_a_guess() -> None:
    """Whoever asks for "visit" is told of "visited"."""
    with pytest.raises(InvalidEntry, match='"visit" is no type; did you mean "visited"'):
        find(ledgers(kinds=["visit"]), lambda _: True)
    with pytest.raises(InvalidEntry, match="did you mean"):
        entries("visit", span=(date(2026, 1, 1), date(2026, 1, 9)))


@given(policies())
@settings(max_examples=15)
def test_a_sound_policy_passes_its_audit(policy: Policy) -> None:
    """What `policies()` draws has no error, and a state at home always has a rule."""
    assert not any(remark.is_error for remark in audit(policy))


@given(rules())
def test_a_drawn_rule_is_one_that_can_be_asked(rule: Rule) -> None:
    """Any drawn rule is one that a file may hold; put into a policy, alone, the policy answers."""
    assert list(rule_problems(rule)) == []
    policy = evolve(DONGGUAN, rules=(rule,))
    ledger = Ledger("p1", [Registered("p1", "2026-08-20"), Visited("p1", "2026-08-25", risk=4)])
    assert {reason.rule for line in due_visits(ledger, policy, date(2027, 1, 1)) for reason in line.reasons} <= {
        rule.id
    }


def test_a_story_shrinks_to_what_matters() -> None:
    """What is found of a wish is a few entries on the first days, wherever the search begins: mostly the least, 3 or 4."""

    def joint_visit_missed(ledger: Ledger) -> bool:
        case = [entry for entry in ledger.facts if isinstance(entry, Visited) and entry.risk > 2]
        return bool(case) and any(isinstance(entry, Missed) and entry.on > case[0].on for entry in ledger.facts)

    alone = settings(database=None)
    found = [find(ledgers(), joint_visit_missed, settings=alone, random=Random(seed)) for seed in range(3)]
    assert sorted(len(ledger.entries) for ledger in found)[1] <= 4
    assert all("2026-08-2" in str(ledger.entries[0].on) for ledger in found)


def test_types_are_drawn_once_the_package_is_installed() -> None:
    """`from_type` knows the types without importing the kit, through hypothesis's entry point."""
    code = (
        "from hypothesis import Phase, find, settings, strategies as st; from followup import *; "
        "quick = settings(phases=[Phase.generate], database=None); "
        "kinds = [Ledger, Policy, Rule, Interval, Entry, Visited]; "
        "assert all(isinstance(find(st.from_type(kind), lambda _: True, settings=quick), kind) for kind in kinds)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
