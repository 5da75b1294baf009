"""Rules that change on a day: law 8, and what becomes of dates on both sides of it."""

import re
from datetime import date, timedelta
from typing import Final

import pytest
from attrs import astuple, evolve, frozen
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter
from strategies import Question, policies

from followup import Bucket, DueVisit, Interval, Ledger, Policy, Registered, Visited, due_visits, load_policy, standing
from followup.policy import FOLLOW_UPS, Source, Title
from followup.policyfile import policy_from_texts
from followup.shifts import shifts
from followup.terms import Direction, Evidence, LineKind, Stability
from followup.testing import SPANS, ledgers
from followup.testing.spans import days

DAY: Final = timedelta(1)
NATIONAL: Final = load_policy("national-2018")


def visits(lines: tuple[DueVisit, ...]) -> dict[LineKind, date]:
    """Return the last day of each follow-up line."""
    return {line.kind: line.due_on for line in lines if line.kind in FOLLOW_UPS}


def in_force(policy: Policy, day: date) -> Policy:
    """Return a policy whose rules that begin after the day are left out: a change is of what is in force."""
    return evolve(policy, rules=tuple(rule for rule in policy.rules if rule.since <= day))


@frozen(repr=False)
class Change:
    """A ledger, a policy and the one that follows it, the day of the change, and a day to ask about."""

    ledger: Ledger
    old: Policy
    new: Policy
    day: date
    on: date

    def __repr__(self) -> str:
        """Tell the question and the change in a few lines, as whole policies tell nobody anything."""
        return f"from {self.old.id} to {self.new.id} on {self.day}, {Question(self.ledger, self.new, self.on)!r}"

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: ARG002, FBT001
        printer.text(repr(self))


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Draw a change of rules around which somebody lives."""
    span = draw(st.sampled_from(SPANS))
    ledger = draw(ledgers(span=span))
    day = draw(days(span))
    old, new = (in_force(draw(policies()), min(day - DAY, span[0])) for _ in range(2))
    on = draw(days(span)) + timedelta(draw(st.sampled_from([0, 0, 7, 40])))
    return Change(ledger, evolve(old, duties_from=None), evolve(new, duties_from=None), day, on)


@given(changes())
def test_law_8_the_first_policy_holds_for_all_earlier_days(change: Change) -> None:
    """Before the change the answer is the old policy's, down to its reasons and its version."""
    ledger, old, new, day, on = astuple(change, recurse=False)
    before = min(on, day - DAY)
    assert due_visits(ledger, old.then(new, day), before) == due_visits(ledger, old, before)


@given(changes(), st.sampled_from([None, Interval(2, "week"), Interval(1, "month")]))
def test_law_8_a_change_makes_nobody_overdue_for_a_day_before_it(change: Change, transition: Interval | None) -> None:
    """From the change on a line is due on `max(new, min(old, since + transition))`, old being never without a rule."""
    ledger, old, new, day, on = astuple(change, recurse=False)
    on = max(on, day)
    eased = evolve(new, rules=tuple(evolve(rule, transition=transition) for rule in new.rules))
    eased = new if transition is None else eased
    since = day if transition is None else transition.after(day)
    was, will = visits(due_visits(ledger, old, on)), visits(due_visits(ledger, new, on))
    expected = {kind: max(will[kind], min(was.get(kind, since), since)) for kind in will}
    assert visits(due_visits(ledger, old.then(eased, day), on)) == expected


@given(changes())
def test_law_8_no_duty_is_owed_for_a_day_before_the_policy_that_brought_it(
    change: Change,
) -> None:
    """A duty that came with the change is counted from it: nobody is greeted with years of unrecorded duties.

    What the old rules asked for as well is a debt, which is not counted anew.
    """
    ledger, old, new, day, on = astuple(change, recurse=False)
    asked = {line.kind for line in due_visits(ledger, old, day - DAY)}
    for line in due_visits(ledger, old.then(new, day), max(on, day)):
        assert line.kind in FOLLOW_UPS or line.kind in asked or line.due_on >= day


@given(changes())
def test_a_policy_that_follows_itself_changes_nothing(change: Change) -> None:
    """Rules that go on are not begun anew."""
    ledger, old, _, day, on = astuple(change, recurse=False)
    assert due_visits(ledger, old.then(old, day), on) == due_visits(ledger, old, on)


def reworded(policy: Policy) -> Policy:
    """Return a policy that asks the same by other titles and by texts that were read: a version of its own."""
    title, source = Title("改写的标题", "Another title"), Source("核对过的原文(测试)", Evidence.PUBLISHED, "1")
    rules = tuple(evolve(rule, title=title, source=source) for rule in policy.rules)
    return evolve(policy, rules=rules, version="reworded")


def dates(lines: tuple[DueVisit, ...]) -> list[tuple[object, ...]]:
    """Return what a change of wording must leave as it is."""
    found: list[tuple[object, ...]] = []
    for line in lines:
        reasons = [(r.rule, r.anchor, r.anchor_on, r.entry, r.not_before, r.due_on, r.to) for r in line.reasons]
        found.append((line.key, line.opens_on, line.due_on, line.plan_on, line.roles, line.invited, reasons))
    return found


@given(changes(), st.booleans())
def test_a_change_of_wording_moves_no_date_and_is_cited_from_its_day_on(change: Change, twice: bool) -> None:  # noqa: FBT001
    """Titles, sources and evidence alone: no line and no duty moves, and the reasons tell the new text and version."""
    ledger, old, _, day, on = astuple(change, recurse=False)
    joined = old.then(reworded(old), day)
    joined = joined.then(evolve(old, version="again"), day + 3 * DAY) if twice else joined
    found = due_visits(ledger, joined, on)
    assert dates(found) == dates(due_visits(ledger, old, on))
    expected = old.version if on < day else "again" if twice and on >= day + 3 * DAY else "reworded"
    assert {reason.version for line in found for reason in line.reasons} <= {expected}
    titles = {reason.title.en for line in found for reason in line.reasons}
    assert titles <= {"Another title"} if expected == "reworded" else "Another title" not in titles


@pytest.mark.parametrize(("months", "due_on"), [("1 year", "2026-10-01"), ("13 months", "2026-11-01")])
def test_an_overdue_duty_stays_so_when_its_rule_changes(months: str, due_on: str) -> None:
    """A health check that was overdue is owed by the new rule for the later of both days, never counted anew."""
    text = NATIONAL.texts[0].replace('"1 year"', f'"{months}"').replace('"excerpt"', '"published"')
    day = date(2026, 12, 1)
    joined = NATIONAL.then(policy_from_texts([text]), day)
    ledger = Ledger("p1", [Registered("p1", "2025-10-01")])
    (check,) = (line for line in due_visits(ledger, joined, day) if line.kind is LineKind.HEALTH_CHECK)
    assert str(check.due_on) == due_on
    assert check.reasons[0].source.evidence is Evidence.PUBLISHED


def test_a_duty_counted_from_its_policys_day_is_not_counted_from_before_it_by_the_next() -> None:
    """Who owed a health check from one adoption on owes it from that day by later rules too."""
    none = policy_from_texts(
        [re.sub(r'(?s)\n\[\[rule\]\]\nid = "health-check".*?(?=\n\[\[|\Z)', "", NATIONAL.texts[0])]
    )
    later = policy_from_texts([NATIONAL.texts[0].replace('"1 year"', '"13 months"')])
    joined = none.then(NATIONAL, date(2026, 6, 1)).then(later, date(2026, 12, 1))
    ledger = Ledger("p1", [Registered("p1", "2024-10-01")])
    due = {line.kind: str(line.due_on) for line in due_visits(ledger, joined, date(2026, 12, 1))}
    assert due[LineKind.HEALTH_CHECK] == "2027-07-01"


STABLE: Final = [Registered("p1", "2026-01-05"), Visited("p1", "2026-01-12", risk=0, mode="home", stability="stable")]
WEEKLY: Final = """
[policy]
id = "town"
title = {{ zh = "某镇", en = "A town" }}
extends = "national-2018"

[[rule]]
id = "stable-closer"
kind = "visit"
{replaces}
when = {{ status = ["managed", "declined"], class = "stable" }}
within = "{within}"
after = ["visit", "began"]
since = 2026-03-02
{more}
title = {{ zh = "稳定患者", en = "Stable" }}
source = {{ document = "虚构", clause = "1", evidence = "assumption" }}
"""
REPLACES: Final = 'replaces = "stable"\nreason = { zh = "试点", en = "a trial" }'


def town(within: str, replaces: str = REPLACES, more: str = "") -> Policy:
    """Return the national norm with another rule for stable patients."""
    return policy_from_texts([*NATIONAL.texts, WEEKLY.format(within=within, replaces=replaces, more=more)])


@pytest.mark.parametrize(
    ("policy", "on", "due_on", "rule"),
    [
        (town("1 month"), "2026-03-01", "2026-04-12", "stable"),
        (town("1 month"), "2026-03-02", "2026-03-02", "stable-closer"),  # 12 February lies before the change
        (town("2 months"), "2026-03-02", "2026-03-12", "stable-closer"),
        (town("1 month", more='transition = "2 weeks"'), "2026-03-02", "2026-03-16", "stable-closer"),
        (town("1 month", more='transition = "2 months"'), "2026-03-02", "2026-04-12", "floor"),  # the old date holds
        (town("1 month", more="until = 2026-03-31"), "2026-03-31", "2026-03-02", "stable-closer"),
        (town("1 month", more="until = 2026-03-31"), "2026-04-01", "2026-04-12", "floor"),
    ],
)
def test_both_sides_of_a_change(policy: Policy, on: str, due_on: str, rule: str) -> None:
    """The old rule holds on the eve, the new one from its day on, a transition eases it, an end lets it go."""
    (line, *_) = due_visits(Ledger("p1", STABLE), policy, date.fromisoformat(on))
    assert (str(line.due_on), line.reasons[0].rule) == (due_on, rule)


def test_a_longer_period_puts_off_even_what_was_overdue() -> None:
    """The later of both days holds: who was overdue by one month since the last visit is not so by three."""
    monthly = policy_from_texts([NATIONAL.texts[0].replace('"3 months"', '"1 month"')])
    day = date(2026, 3, 1)
    ledger = Ledger("p1", STABLE)
    assert standing(ledger, monthly, day) is Bucket.OVERDUE
    (line, *_) = due_visits(ledger, monthly.then(NATIONAL, day), day)
    assert (str(line.due_on), line.status(day)) == ("2026-04-12", Bucket.NOT_DUE)


def test_a_debt_is_not_counted_anew() -> None:
    """Whoever was overdue by the old rule stays so, for the same day, though a shorter one took its place."""
    old = policy_from_texts(
        [WEEKLY.format(within="1 month", replaces="", more="").replace('extends = "national-2018"\n', "")]
    )
    new = policy_from_texts(
        [WEEKLY.format(within="3 weeks", replaces="", more="").replace('extends = "national-2018"\n', "")]
    )
    ledger = Ledger("p1", [STABLE[0], Visited("p1", "2026-03-02", risk=0, mode="home", stability="stable")])
    both = old.then(new, date(2026, 4, 20))
    assert [str(line.due_on) for line in due_visits(ledger, both, date(2026, 4, 20))] == ["2026-04-02"]
    assert standing(ledger, both, date(2026, 4, 20)) is Bucket.OVERDUE


def test_a_rule_switched_off_is_a_reason_until_its_eve() -> None:
    """From its day on the rule counts no more, and the policy says why."""
    off = """
[policy]
id = "town"
title = { zh = "某镇", en = "A town" }
extends = "national-2018"

[[rule]]
off = "health-check"
since = 2026-03-02
reason = { zh = "由上级组织", en = "the county does it" }
source = { document = "虚构", clause = "2", evidence = "assumption" }
"""
    policy = policy_from_texts([*NATIONAL.texts, off])
    kinds = [
        {line.kind for line in due_visits(Ledger("p1", STABLE), policy, date.fromisoformat(on))}
        for on in ("2026-03-01", "2026-03-02")
    ]
    assert [LineKind.HEALTH_CHECK in found for found in kinds] == [True, False]
    assert policy.offs[0].reason.en == "the county does it"


def test_shifts_say_whom_a_change_touches() -> None:
    """Earlier, later, new or ended, with the team and the class of each."""
    ledger = Ledger("p1", [*STABLE[:1], *STABLE[1:]])
    day = date(2026, 3, 2)
    (shift,) = shifts([ledger], NATIONAL, NATIONAL.then(town("2 months"), day), day)
    assert (shift.direction, str(shift.before), str(shift.after)) == (Direction.EARLIER, "2026-04-12", "2026-03-12")
    assert (shift.stability, shift.kind) == (Stability.STABLE, LineKind.VISIT)


def test_shifts_tell_of_parties_who_must_be_there_where_no_date_moves() -> None:
    """A joint rule with the period of the rule before it asks for more, though on the same day."""
    ledger = Ledger("p1", [STABLE[0], Visited("p1", "2026-03-02", risk=3, mode="home", stability="unstable")])
    day = date(2026, 3, 9)
    (shift,) = shifts([ledger], NATIONAL, NATIONAL.then(load_policy("dongguan"), day), day)
    assert (shift.kind, shift.direction, shift.has_other_parties) == (LineKind.VISIT, None, True)
    assert [role.value for role in shift.roles_after] == ["care_group", "police"]
