"""Strategies of rules: periods, single rules of any condition, and policies that pass their audit."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from followup.audit import audit
from followup.dates import Interval
from followup.policy import FOLLOW_UPS, VOCABULARY, Condition, Policy, Rule, Source, Title
from followup.policyfile import bundled_policies, load_policy
from followup.terms import Anchor, ContactMode, Evidence, LineKind, Office, RiskLevel, Role, Stability, Status

_HOME: Final = frozenset({Status.MANAGED, Status.DECLINED})
_BASIC: Final = frozenset({Stability.BASIC, Stability.UNDETERMINED})
_FACE_TO_FACE: Final = (ContactMode.CLINIC, ContactMode.HOME)
_JOINT: Final = (Role.CARE_GROUP, Role.POLICE)
_SOURCE: Final = Source("随机生成的规则(测试)", Evidence.ASSUMPTION, "1")
_ROUND: Final = (Anchor.VISIT, Anchor.BEGAN)
#: From what each kind may sensibly count.
_ANCHORS: Final = dict.fromkeys((LineKind.VISIT, LineKind.FIRST_VISIT), _ROUND) | {
    LineKind.RETRY: (Anchor.FIRST_MISSED, Anchor.BEGAN),
    LineKind.REFERRAL: (Anchor.BEGAN, Anchor.REFERRED, Anchor.ADMITTED),
    LineKind.REFERRAL_CHECK: (Anchor.BEGAN, Anchor.REFERRED),
    LineKind.STATUS_CHECK: (Anchor.BEGAN, Anchor.ADMITTED, Anchor.DONE),
    LineKind.REPORT: (Anchor.BEGAN, Anchor.INCIDENT),
    LineKind.HEALTH_CHECK: (Anchor.INFORMED, Anchor.CHECKED, Anchor.BEGAN),
}
_SHORT: Final = ("1 week", "10 days", "2 weeks", "3 weeks", "4 weeks", "1 month")
_LONG: Final = ("5 weeks", "60 days", "2 months", "13 weeks", "3 months")
_SINCE: Final = (date(2018, 5, 28), date(2018, 5, 28), date(2024, 2, 10), date(2026, 9, 1))
_UNTIL: Final = (date(2024, 2, 20), date(2026, 9, 20))


def intervals(*units: str) -> SearchStrategy[Interval]:
    """Return periods in the units named ("day", "week", "month", "year", "workday"; in any, where none is).

    "same day" is among the days.

    >>> from hypothesis import find
    >>> str(find(intervals("month"), lambda interval: interval.count > 1))
    '2 months'
    """
    most = {"day": 90, "week": 13, "month": 12, "year": 2, "workday": 20}
    return st.one_of(
        [st.builds(Interval, st.integers(int(unit != "day"), most[unit]), st.just(unit)) for unit in units or most]
    )


@st.composite
def rules(draw: st.DrawFn, kind: LineKind | None = None, rule_id: str = "drawn") -> Rule:
    """Draw one rule of a kind (of any, where none is given), of any condition, in force from one of a few days on.

    It may end, even on the day on which it begins, and say for itself how early its visit may be made.

    >>> from hypothesis import find
    >>> find(rules(), lambda rule: rule.with_).with_
    (<Role.PREVENTION_DOCTOR: 'prevention_doctor'>,)
    """
    drawn = draw(st.sampled_from(LineKind)) if kind is None else kind
    after = draw(st.lists(st.sampled_from(_ANCHORS[drawn]), unique=True, min_size=1))
    visits, since = drawn in FOLLOW_UPS, draw(st.sampled_from(_SINCE))
    whom = [(Role.POLICE,), (Role.POLICE, Office.HIGHER_CENTRE)] if drawn is LineKind.REPORT else [()]
    rule = _rule(
        rule_id,
        draw(st.lists(_conditions(), min_size=1, max_size=2)),
        draw(intervals()),
        after,
        kind=drawn,
        with_=tuple(draw(st.lists(st.sampled_from(Role), unique=True, max_size=2))) if visits else (),
        mode=draw(st.sampled_from([(), _FACE_TO_FACE])) if visits else (),
        to=draw(st.sampled_from(whom)),
        since=since,
        until=draw(st.sampled_from([None, None, None, since, *(day for day in _UNTIL if day >= since)])),
    )
    opens = draw(st.sampled_from([None, None, Interval(3, "day"), Interval(1, "week")]))
    return rule if opens is None or opens.longest > rule.within.shortest else evolve(rule, opens=opens)


@st.composite
def _conditions(draw: st.DrawFn) -> Condition:
    """Draw a condition that asks about one or two fields of the vocabulary."""
    asked = draw(st.lists(st.sampled_from(sorted(VOCABULARY)), unique=True, max_size=2))
    return tuple(
        frozenset(draw(st.lists(st.sampled_from(values), unique=True, min_size=1)) if name in asked else values)
        for name, values in VOCABULARY.items()
    )


@st.composite
def policies(draw: st.DrawFn, *, sound: bool = True) -> Policy:
    """Draw a policy: a bundled one, or one made of a visit rule a class and whatever else a district may think of.

    Where it is not to be `sound`, it need not pass its audit; who is unsound breaks a law, as a rule.

    >>> from hypothesis import given
    >>> @given(policies())
    ... def test_of_mine(policy): ...
    """
    if draw(st.sampled_from([True, False, False])):
        return load_policy(draw(st.sampled_from(bundled_policies())))
    return draw(_made().filter(is_sound) if sound else _made())


@st.composite
def _made(draw: st.DrawFn) -> Policy:
    found = [*draw(_by_class()), *draw(_beside())]
    found += [draw(rules(rule_id=f"odd-{number}")) for number in range(draw(st.sampled_from([0, 0, 0, 1])))]
    title = Title("随机生成的规则", "Rules made at random")
    return Policy(id="made", title=title, version=f"made-{_key(found):x}", rules=tuple(found), texts=())


def _key(made: Sequence[Rule]) -> int:
    from hashlib import sha256  # noqa: PLC0415 - only made policies need it

    return int(sha256(repr(made).encode()).hexdigest()[:12], 16)


_SOUND: Final[dict[str, bool]] = {}


def is_sound(policy: Policy) -> bool:
    """Say whether a policy passes its audit; what was asked once is remembered."""
    if policy.version not in _SOUND:
        _SOUND[policy.version] = not any(remark.is_error for remark in audit(policy))
    return _SOUND[policy.version]


@st.composite
def _by_class(draw: st.DrawFn) -> list[Rule]:
    """Draw a period a class, the shorter for the worse, and the floor of four a year."""
    drawn = draw(st.lists(st.sampled_from([*_SHORT, *_LONG]), min_size=4, max_size=4, unique=True))
    closest, close, wide, widest = sorted(map(Interval.parse, drawn), key=lambda within: within.longest)
    return [
        _rule("unstable", [_when(stability={Stability.UNSTABLE})], closest),
        _rule("basic-first", [_when(stability=_BASIC, run={1})], close),
        _rule("basic-again", [_when(stability=_BASIC, run={2})], wide),
        _rule("stable", [_when(stability={Stability.STABLE})], widest),
        _rule("floor", [_when()], Interval.parse(draw(st.sampled_from(["3 months", "13 weeks", "2 months"])))),
    ]


@st.composite
def _beside(draw: st.DrawFn) -> list[Rule]:
    """Draw some of the rules that stand beside those of the classes."""
    short = st.sampled_from(_SHORT).map(Interval.parse)
    level = draw(st.integers(2, 4))
    high = _when(risk={RiskLevel(risk) for risk in range(level, 6)})
    at_once = Interval.parse("same day")
    first, retry = LineKind.FIRST_VISIT, LineKind.RETRY
    until = draw(st.sampled_from([None, None, *_UNTIL]))
    found = [
        _rule("first", [_when()], Interval.parse("10 workdays"), [Anchor.INFORMED], kind=first, mode=_FACE_TO_FACE),
        _rule("joint", [high], draw(short), mode=_FACE_TO_FACE, with_=_JOINT, since=draw(st.sampled_from(_SINCE))),
        _rule("incident", [_when()], draw(short), [Anchor.INCIDENT], until=until),
        _rule("planned", [_when()], at_once, [Anchor.PLANNED]),
        _rule("found", [_when()], at_once, [Anchor.FOUND]),
        _rule("retry", [_when(misses={1})], draw(short), [Anchor.FIRST_MISSED], kind=retry),
    ]
    return [rule for rule in found if draw(st.booleans())]


@cache
def _everything(name: str) -> frozenset[Any]:
    return frozenset(VOCABULARY[name])


def _when(
    status: frozenset[Status] = _HOME,
    risk: set[RiskLevel] | None = None,
    stability: set[Stability] | frozenset[Stability] | None = None,
    run: set[int] | None = None,
    misses: set[int] | None = None,
) -> Condition:
    """Return a condition that leaves open what is not given."""
    given = zip(VOCABULARY, (status, risk, stability, run, misses), strict=True)
    return tuple(_everything(name) if values is None else frozenset(values) for name, values in given)


def _rule(
    rule_id: str, when: Sequence[Condition], within: Interval, after: Sequence[Anchor] = _ROUND, **more: Any
) -> Rule:
    """Return a rule that asks for a visit where nothing else is said."""
    given: dict[str, Any] = {
        "kind": LineKind.VISIT,
        "since": _SINCE[0],
        "title": Title(rule_id, rule_id),
        "source": _SOURCE,
    } | more
    return Rule(id=rule_id, when=tuple(when), within=within, after=tuple(after), **given)
