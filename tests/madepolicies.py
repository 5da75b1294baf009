"""Policies made at random, of which those that pass their audit must keep the laws."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from random import Random
from typing import Any, Final

from followup import Interval, Policy, Rule, Source, audit
from followup.policy import VOCABULARY, Condition, Title
from followup.terms import Anchor, ContactMode, Evidence, LineKind, RiskLevel, Role, Stability, Status

HOME: Final = frozenset({Status.MANAGED, Status.DECLINED})
WITHINS: Final = [
    Interval.parse(text)
    for text in ("1 week", "10 days", "2 weeks", "3 weeks", "4 weeks", "1 month", "5 weeks", "60 days", "2 months",
                 "13 weeks", "3 months", "10 workdays")
]  # fmt: skip
SINCE: Final = (date(2018, 5, 28), date(2018, 5, 28), date(2024, 2, 10), date(2026, 9, 1))
SOURCE: Final = Source("随机生成的规则(测试)", Evidence.ASSUMPTION, "1")
BOTH: Final = (Anchor.VISIT, Anchor.BEGAN)


def when(**given: Any) -> Condition:
    """Return a condition that leaves open what is not given."""
    named = {"stability": "class", "run": "class_run"}
    allowed = {named.get(name, name): frozenset(values) for name, values in given.items()}
    return tuple(allowed.get(name, frozenset(values)) for name, values in VOCABULARY.items())


def rule(name: str, condition: Condition, within: Interval, after: Sequence[Anchor] = BOTH, **more: Any) -> Rule:
    """Return a rule that asks for a visit where nothing else is said."""
    given: dict[str, Any] = {
        "kind": LineKind.VISIT,
        "since": SINCE[0],
        "title": Title(name, name),
        "source": SOURCE,
    } | more
    return Rule(id=name, when=(condition,), within=within, after=tuple(after), **given)


def make(seed: int) -> Policy:
    """Return the policy of a seed: classes with periods of their own, and now and then something odd."""
    random = Random(seed)
    rules = [*_by_class(random), *_beside(random), *_odd(random)]
    return Policy(id=f"made-{seed}", title=Title("随机", "random"), version=f"v{seed}", rules=tuple(rules), texts=())


def _by_class(random: Random) -> list[Rule]:
    drawn = sorted(random.sample(WITHINS[:-1], 4), key=lambda within: within.longest)
    if random.random() < 0.2:
        random.shuffle(drawn)
    unstable, basic_first, basic_again, stable = drawn
    basic = {Stability.BASIC, Stability.UNDETERMINED}
    found = [
        rule("unstable", when(status=HOME, stability={Stability.UNSTABLE}), unstable),
        rule("basic-first", when(status=HOME, stability=basic, run={1}), basic_first),
        rule("basic-again", when(status=HOME, stability=basic, run={2}), basic_again),
        rule("stable", when(status=HOME, stability={Stability.STABLE}), stable),
        rule("floor", when(status=HOME), random.choice([*WITHINS[-3:-1], *WITHINS[-3:-1], WITHINS[5]])),
    ]
    return found[: 4 if random.random() < 0.1 else 5]


def _beside(random: Random) -> list[Rule]:
    ways = (ContactMode.CLINIC, ContactMode.HOME)
    level = random.choice([2, 3, 4])
    levels = frozenset(RiskLevel(risk) for risk in range(level, 6))
    found = [
        rule("first", when(status=HOME), WITHINS[-1], [Anchor.INFORMED], kind=LineKind.FIRST_VISIT, mode=ways),
        rule("joint", when(status=HOME, risk=levels), random.choice(WITHINS[:5]), mode=ways,
             with_=(Role.CARE_GROUP, Role.POLICE), since=random.choice(SINCE)),
        rule("incident", when(status=HOME), random.choice(WITHINS[:4]), [Anchor.INCIDENT]),
        rule("planned", when(status=HOME), Interval.parse("same day"), [Anchor.PLANNED]),
        rule("found", when(status=HOME), Interval.parse("same day"), [Anchor.FOUND]),
        rule("retry", when(status=HOME, misses={1}), random.choice(WITHINS[:3]), [Anchor.FIRST_MISSED],
             kind=LineKind.RETRY),
    ]  # fmt: skip
    return [one for one in found if random.random() < 0.7]


def _odd(random: Random) -> list[Rule]:
    """Return rules of any condition: most of them break a law, and the audit should say so."""
    found = []
    for number in range(random.choice([0, 1, 1, 2])):
        low = random.choice([0, 0, 1, 3])
        given: dict[str, Any] = {"status": random.choice([HOME, HOME, {Status.MANAGED}])}
        given["risk"] = {RiskLevel(risk) for risk in range(low, random.choice([6, 6, 4]))} or {RiskLevel.NONE}
        given["misses"] = set(range(random.choice([0, 0, 1, 2]), random.choice([4, 4, 3])))
        after = random.choice([BOTH, BOTH, (Anchor.BEGAN,), (Anchor.INCIDENT,), (Anchor.DISCHARGED, Anchor.RELEASED)])
        mode = random.choice([(), (), (ContactMode.HOME,)])
        since = random.choice(SINCE)
        found.append(rule(f"odd-{number}", when(**given), random.choice(WITHINS), after, mode=mode, since=since))
    return found


@cache
def sound_policies(count: int) -> tuple[Policy, ...]:
    """Return so many policies that pass their audit."""
    found: list[Policy] = []
    seed = 0
    while len(found) < count:
        made = make(seed)
        found += [made] * (not any(remark.is_error for remark in audit(made)))
        seed += 1
    return tuple(found)
