"""What the kit's laws catch, and how they tell it."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any, Final, cast
from unittest import SkipTest

import pytest
from attrs import evolve

from followup import (
    DueVisit,
    Interval,
    Ledger,
    Missed,
    Postponed,
    Registered,
    Retracted,
    Source,
    Visited,
    due_visits,
    load_policy,
    standing,
)
from followup.policy import FOLLOW_UPS
from followup.policyfile import policy_from_texts
from followup.terms import Bucket, Evidence
from followup.testing import LAWS, Law, LawBroken, check_change, check_policy, dates_only
from followup.testing.change import follows, no_early_news

DAY: Final = timedelta(1)
DONGGUAN: Final = load_policy("dongguan")
OPENED: Final = date(2026, 9, 20)


def asked(ledger: Ledger, on: date) -> list[DueVisit]:
    """Answer as the library does."""
    return list(due_visits(ledger, DONGGUAN, on))


def drops_old_debts(ledger: Ledger, on: date) -> list[DueVisit]:
    """Take whoever is overdue for a year off the list."""
    return [line for line in asked(ledger, on) if (on - line.due_on).days < 365]


def renews_overnight(ledger: Ledger, on: date) -> list[DueVisit]:
    """Give whoever is overdue another week."""
    return [evolve(line, due_on=max(line.due_on, on)) if on > line.due_on else line for line in asked(ledger, on)]


def forgets_the_refusing(ledger: Ledger, on: date) -> list[DueVisit]:
    """List nobody who declines."""
    declined = any(entry.type == "declined" and entry.on <= on for entry in ledger.facts)
    return [] if declined else asked(ledger, on)


def counts_from_failures(ledger: Ledger, on: date) -> list[DueVisit]:
    """Let a failed attempt start the clock of the visit anew."""
    days = [entry.on for entry in ledger.facts if isinstance(entry, Missed) and entry.on <= on]
    least = max(days) + timedelta(14) if days else date.min
    return [
        evolve(line, due_on=max(line.due_on, least)) if line.kind == "visit" else line for line in asked(ledger, on)
    ]


def believes_the_doctor(ledger: Ledger, on: date) -> list[DueVisit]:
    """Let the doctor's own date put a visit off."""
    plans = [e.next_on for e in ledger.facts if isinstance(e, Visited) and e.on <= on and e.next_on is not None]
    return [evolve(line, due_on=max(line.due_on, *plans[-1:], date.min)) for line in asked(ledger, on)]


def goes_by_recording(ledger: Ledger, on: date) -> list[DueVisit]:
    """Know only what had been entered by the day."""
    known = [entry for entry in ledger.entries if entry.recorded_on is None or entry.recorded_on <= on]
    return asked(Ledger("p1", known), on) if any(isinstance(e, Registered) for e in known) else []


def looks_ahead(ledger: Ledger, on: date) -> list[DueVisit]:
    """Count entries that are dated after the day."""
    return asked(ledger, max([on, *(entry.on for entry in ledger.facts)]))


def keeps_retracted(ledger: Ledger, on: date) -> list[DueVisit]:
    """Count what was taken back."""
    return asked(Ledger("p1", [entry for entry in ledger.entries if not isinstance(entry, Retracted)]), on)


def takes_the_latest(ledger: Ledger, on: date) -> list[DueVisit]:
    """Let the laxest rule decide."""
    return [evolve(line, due_on=max(reason.due_on for reason in line.reasons)) for line in asked(ledger, on)]


def gives_one_reason(ledger: Ledger, on: date) -> list[DueVisit]:
    """Tell the strictest rule alone."""
    return [evolve(line, reasons=line.reasons[:1]) for line in asked(ledger, on)]


def needs_nobody(ledger: Ledger, on: date) -> list[DueVisit]:
    """Forget who must be there."""
    return [evolve(line, roles=()) for line in asked(ledger, on)]


def adds_a_day(ledger: Ledger, on: date) -> list[DueVisit]:
    """Say another day than the arithmetic does."""
    found = []
    for line in asked(ledger, on):
        reasons = tuple(evolve(reason, due_on=reason.due_on + DAY) for reason in line.reasons)
        found.append(evolve(line, due_on=line.due_on + DAY, reasons=reasons))
    return found


def cites_nothing(ledger: Ledger, on: date) -> list[DueVisit]:
    """Name no source."""
    return [
        evolve(line, reasons=tuple(evolve(r, source=Source("", Evidence.ASSUMPTION)) for r in line.reasons))
        for line in asked(ledger, on)
    ]


def passes_off_a_day(ledger: Ledger, on: date) -> list[DueVisit]:
    """Give the day from which duties are owed as that of the fact."""
    found = due_visits(ledger, evolve(DONGGUAN, duties_from=OPENED), on)
    return [
        evolve(line, reasons=tuple(evolve(reason, fact_on=reason.anchor_on) for reason in line.reasons))
        for line in found
    ]


def plans_for_the_day_after(ledger: Ledger, on: date) -> list[DueVisit]:
    """Plan for the day after the last one."""
    return [evolve(line, plan_on=line.due_on + DAY) for line in asked(ledger, on)]


def believes_a_postponement(ledger: Ledger, on: date) -> list[DueVisit]:
    """Plan for the day until which a visit was postponed, whatever its last day."""
    untils = [fact.until for fact in ledger.facts if isinstance(fact, Postponed) and fact.on <= on]
    return [evolve(line, plan_on=max([line.plan_on, *untils])) for line in asked(ledger, on)]


def opens_too_early(ledger: Ledger, on: date) -> list[DueVisit]:
    """Open a line before any of its reasons does."""
    return [evolve(line, opens_on=line.opens_on - DAY) for line in asked(ledger, on)]


def asks_who_must_come(ledger: Ledger, on: date) -> list[DueVisit]:
    """Call those who must be there merely asked."""
    return [evolve(line, invited=line.roles) for line in asked(ledger, on)]


def says_it_is_joint(ledger: Ledger, on: date) -> list[DueVisit]:
    """Give the joint visit as the reason whatever the risk."""
    return [
        evolve(line, reasons=tuple(evolve(r, rule="risk3-joint") for r in line.reasons)) for line in asked(ledger, on)
    ]


class SaysOverdueEarly:
    """A line that is overdue on its last day."""

    def __init__(self, line: DueVisit) -> None:
        """Stand before a line."""
        self.line = line

    def __getattr__(self, name: str) -> Any:
        """Be the line in all else."""
        return getattr(self.line, name)

    def status(self, on: date) -> Bucket:
        """Return the standing, a day early."""
        return self.line.status(on + DAY)


WRONG: Final[dict[str, list[Callable[[Ledger, date], Iterable[Any]]]]] = {
    "pure": [looks_ahead, keeps_retracted],
    "total": [drops_old_debts, renews_overnight, forgets_the_refusing],
    "one-overdue": [renews_overnight, lambda ledger, on: map(SaysOverdueEarly, asked(ledger, on))],
    "safe": [counts_from_failures, forgets_the_refusing, believes_the_doctor, believes_a_postponement],
    "strictest": [takes_the_latest, gives_one_reason, needs_nobody, asks_who_must_come, says_it_is_joint],
    "explained": [adds_a_day, cites_nothing, plans_for_the_day_after, opens_too_early],
    "late": [goes_by_recording],
}


@pytest.mark.parametrize(("law", "wrong"), [(law, wrong) for law in WRONG for wrong in WRONG[law]])
def test_each_law_catches_who_breaks_it(law: str, wrong: Callable[[Ledger, date], Iterable[Any]]) -> None:
    """A scheduler with one fault breaks the law that is about it."""
    with pytest.raises(LawBroken):
        LAWS[law](wrong, policy=DONGGUAN, examples=800)


def test_the_law_of_reasons_catches_a_day_passed_off_as_the_facts() -> None:
    """A duty counted from the day the register was opened says so, and on which day its state began."""
    opened = evolve(DONGGUAN, duties_from=OPENED)
    LAWS["explained"](lambda ledger, on: due_visits(ledger, opened, on), policy=opened)
    with pytest.raises(LawBroken, match="tells the day 2026-09-20"):
        LAWS["explained"](passes_off_a_day, policy=opened)


def test_a_story_is_a_few_lines_that_a_clinician_can_read() -> None:
    """Law, what should be, what is and by which text, and the person's entries: in both languages, naming nobody."""
    with pytest.raises(LawBroken) as caught:
        LAWS["safe"](counts_from_failures, policy=DONGGUAN)
    en, zh = (caught.value.text(lang).splitlines() for lang in ("en", "zh"))
    assert str(caught.value).splitlines() == en
    assert len(en) == len(zh) < 25
    assert en[0].startswith("Law 4, safe")
    assert en[1].startswith("What should be: follow-up is due no later than 2026-")
    assert any("[严重精神障碍管理治疗工作规范(2018年版) 随访管理" in line for line in en)
    assert any(line.startswith("  2026-08-20  registered") for line in en)
    assert zh[0].startswith("定律四")
    assert any(line.startswith("  2026-08-20  登记") for line in zh)


def test_bare_dates_are_enough_for_most_laws() -> None:
    """A function that gives one date is tried by the laws that need no reasons; the others are skipped, and say so."""

    def every_quarter(ledger: Ledger, on: date) -> date | None:
        days = [fact.on for fact in ledger.facts if isinstance(fact, Visited | Registered) and fact.on <= on]
        at_home = standing(ledger, DONGGUAN, on) not in {None, Bucket.LOST, Bucket.SUSPENDED, Bucket.CLOSED}
        return Interval.parse("3 months").after(max(days)) if at_home else None

    said = {}
    for name, law in LAWS.items():
        try:
            law(dates_only(every_quarter), examples=50)
            said[name] = "holds"
        except SkipTest as skipped:
            said[name] = str(skipped)[:9]
    assert said == dict.fromkeys(LAWS, "holds") | dict.fromkeys(["strictest", "explained"], "not tried")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ledger, on: on if any(entry.type == "died" and entry.on <= on for entry in ledger.facts) else None,
        lambda ledger, _: ledger.entries[0].on,
    ],
)
def test_bare_dates_for_those_who_are_not_there_break_law_2(wrong: Callable[[Ledger, date], date | None]) -> None:
    """Nobody visits the dead, nor whoever moved away, is in hospital, in custody or lost."""

    def also(ledger: Ledger, on: date) -> date | None:
        dates = [line.due_on for line in asked(ledger, on) if line.kind in FOLLOW_UPS]
        return min([*dates, *filter(None, [wrong(ledger, on)])], default=None)

    with pytest.raises(LawBroken, match=r"is owed no follow-up|nothing is due before the registration"):
        LAWS["total"](dates_only(also), examples=400)


def test_bare_dates_later_than_the_policy_asks_break_law_5() -> None:
    """With a policy bare dates are compared with its rules: never later."""

    def dates(ledger: Ledger, on: date) -> date | None:
        return min((line.due_on for line in asked(ledger, on) if line.kind in FOLLOW_UPS), default=None)

    def lazy(ledger: Ledger, on: date) -> date | None:
        found = dates(ledger, on)
        return None if found is None else found + timedelta(3650)

    LAWS["strictest"](dates_only(dates), policy=DONGGUAN)
    with pytest.raises(LawBroken, match="by the policy's rules the follow-up is due on"):
        LAWS["strictest"](dates_only(lazy), policy=DONGGUAN)


@pytest.mark.parametrize(
    ("scheduler", "told"),
    [
        (lambda *_: None, "a scheduler returns the lines that are due, not NoneType"),
        (lambda *_: date(2026, 1, 1), "put dates_only around a function that returns a date"),
        (
            dates_only(cast("Any", lambda *_: "2026-01-01")),
            "dates_only takes a function that returns a datetime.date or None, not str",
        ),
    ],
)
def test_what_is_no_scheduler_is_told_in_a_sentence(scheduler: Any, told: str) -> None:
    """Whoever forgets `dates_only`, or gives text for a date, reads what to do."""
    with pytest.raises(TypeError, match=told):
        LAWS["pure"](scheduler)


def test_the_same_seed_draws_the_same_people() -> None:
    """With a seed the story is the same on every run."""
    stories = []
    for _ in range(2):
        with pytest.raises(LawBroken) as caught:
            LAWS["late"](goes_by_recording, policy=DONGGUAN, seed=7)
        stories.append(str(caught.value))
    assert stories[0] == stories[1]


def test_law_8_catches_rules_that_are_changed_in_place() -> None:
    """Whoever takes the new rules from a day on, and nothing more, makes people overdue for days before it."""
    day, old = date(2026, 9, 20), load_policy("national-2018")
    stricter = policy_from_texts([*old.texts, WEEKLY])
    check_change(old, stricter, day, examples=50)

    def replaced(ledger: Ledger, on: date) -> Iterable[DueVisit]:
        return due_visits(ledger, old if on < day else stricter, on)

    with pytest.raises(LawBroken, match="would be overdue for a day on which nobody owed it"):
        Law("change", 8, no_early_news)(replaced, policy=old.then(stricter, day))


def test_law_8_catches_duties_that_are_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that was read and found right changes no duty: whoever begins to count there lets off who was overdue."""
    day, old = date(2026, 9, 20), load_policy("national-2018")
    read = policy_from_texts([old.texts[0].replace('"unconfirmed"', '"published"')])
    check_change(old, read, day, examples=50)
    monkeypatch.setattr("followup.schedule._counted_from", lambda rule, *_: rule.since)
    with pytest.raises(LawBroken, match="is due on the later of the new last day and the earlier of the old one"):
        check_change(old, read, day, examples=600)


def test_law_8_catches_reasons_that_name_the_former_version() -> None:
    """From the day of a change on the reasons name the version that holds, on the day itself too."""
    day, old = date(2026, 9, 20), load_policy("national-2018")
    joined = old.then(DONGGUAN, day)

    def a_day_late(ledger: Ledger, on: date) -> Iterable[DueVisit]:
        version = joined.edition(on - DAY).version
        found = due_visits(ledger, joined, on)
        return [evolve(line, reasons=tuple(evolve(r, version=version) for r in line.reasons)) for line in found]

    with pytest.raises(LawBroken, match="the reasons name version"):
        Law("change", 8, partial(follows, old, DONGGUAN, day))(a_day_late, policy=joined, examples=200)


WEEKLY: Final = """
[policy]
id = "weekly"
title = { zh = "每周随访", en = "Every week" }
extends = "national-2018"

[[rule]]
id = "everybody-weekly"
kind = "visit"
when = { status = ["managed", "declined"] }
within = "1 week"
after = ["visit", "began"]
since = 2018-05-28
title = { zh = "每周随访", en = "Every week" }
source = { document = "虚构", clause = "1", evidence = "assumption" }
"""
LATE: Final = WEEKLY.replace('after = ["visit", "began"]', 'after = ["visit", "first_missed"]').replace(
    "1 week", "2 weeks"
)


def test_a_policy_is_checked_in_one_line() -> None:
    """A bundled policy passes; one whose audit fails is an AssertionError that says why."""
    check_policy(DONGGUAN, examples=30)
    with pytest.raises(AssertionError, match="counts from the latest of several days"):
        check_policy(policy_from_texts([*load_policy("national-2018").texts, LATE]), examples=30)
