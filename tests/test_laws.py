"""The laws of the schedule, on synthetic ledgers: pure, total, one overdue, safe, strictest, explained, late accepted.

A law that fails shrinks to a few entries; `strategies.py` says from which weeks they are drawn.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import POLICIES, Question, entries, questions, rounds

from followup import (
    Bucket,
    Case,
    Consented,
    Declined,
    DueVisit,
    Entry,
    Finding,
    Ledger,
    LineKind,
    Missed,
    Policy,
    Postponed,
    Reason,
    Registered,
    Retracted,
    Rule,
    Visited,
    WorkList,
    case_on,
    due_visits,
    entry_from_json,
    findings,
    standing,
)
from followup.entries import TYPES
from followup.policy import FOLLOW_UPS
from followup.terms import Anchor, Function

DAY: Final = timedelta(1)
Answer = tuple[tuple[DueVisit, ...], Bucket | None, tuple[Finding, ...]]


def answer(ledger: Ledger, policy: Policy, on: date) -> Answer:
    """Return all that the library says of one patient on a day."""
    return due_visits(ledger, policy, on), standing(ledger, policy, on), findings(ledger, policy, on)


def answered(question: Question) -> Answer:
    """Return all that the library says to a question."""
    return answer(question.ledger, question.policy, question.on)


def lines_of(question: Question) -> tuple[DueVisit, ...]:
    """Return the lines that a question is answered with."""
    return due_visits(question.ledger, question.policy, question.on)


def case_of(question: Question) -> Case:
    """Return what is known of the patient on the day; whoever is not registered yet makes no example."""
    case = case_on(question.ledger, question.on)
    assume(case is not None)
    assert case is not None
    return case


def standing_facts(question: Question) -> tuple[Entry, ...]:
    """Return what stands by the day, retractions done: what is known without the story of its correction."""
    facts = tuple(fact for fact in question.ledger.facts if fact.on <= question.on)
    assume(any(isinstance(fact, Registered) for fact in facts))
    return facts


def asked(on: str, *entries: Entry, policy: Policy = POLICIES[0]) -> Question:
    """Return a question about a written ledger, under the national norm where nothing else is said."""
    return Question(Ledger("p1", entries), policy, date.fromisoformat(on))


def with_facts(question: Question, facts: Iterable[Entry]) -> Question:
    """Return the question asked of other facts."""
    return evolve(question, ledger=Ledger(question.ledger.patient, facts))


def rest_of(question: Question) -> Question:
    """Return the question asked on a day after which no entry takes effect."""
    last = max((day for day, _ in question.ledger.effects), default=question.on)
    return evolve(question, on=max(question.on, last))


def due_days(lines: Iterable[DueVisit]) -> Mapping[LineKind, date]:
    """Return the last day of each kind that runs: there is one line a kind."""
    return {line.kind: line.due_on for line in lines}


def assert_never_later(before: Question, after: Question, kinds: Iterable[LineKind]) -> None:
    """Each line of these kinds that was owed is still owed, and no later."""
    was, now = due_days(lines_of(before)), due_days(lines_of(after))
    for kind in set(kinds) & set(was):
        assert kind in now, f"{kind} was due on {was[kind]} and is gone"
        assert now[kind] <= was[kind], f"{kind} went from {was[kind]} to {now[kind]}"


# 1. Pure


@given(questions())
def test_pure_the_same_question_has_the_same_answer(question: Question) -> None:
    """The same ledger, policy and day have the same answer, whatever was asked of that policy before."""
    unused = evolve(question, policy=evolve(question.policy))
    assert answered(question) == answered(question) == answered(unused)


@given(questions(), st.data())
def test_pure_the_order_of_recording_does_not_matter(question: Question, data: st.DataObject) -> None:
    """The same facts entered in another order, some of them twice, have the same answer."""
    known = question.ledger.entries
    shuffled = data.draw(st.permutations([*known, *known[:2]]))
    assert answered(with_facts(question, shuffled)) == answered(question)


@given(questions())
def test_pure_what_comes_after_the_day_changes_nothing(question: Question) -> None:
    """Entries dated after the day asked for change nothing but by taking others back."""
    known = [e for e in question.ledger.entries if e.on <= question.on or isinstance(e, Retracted)]
    if any(isinstance(entry, Registered) for entry in known):
        assert answered(with_facts(question, known)) == answered(question)
    else:
        assert answered(question) == ((), None, ())


@given(questions())
def test_pure_asking_changes_neither_ledger_nor_policy(question: Question) -> None:
    """Ledger and policy are after the question what they were before it."""
    before = repr(question.ledger), repr(question.ledger.effects), repr(question.policy.rules)
    answered(question)
    assert (repr(question.ledger), repr(question.ledger.effects), repr(question.policy.rules)) == before


@given(questions(), st.integers(0, 10))
def test_pure_what_is_taken_back_was_never_there(question: Question, place: int) -> None:
    """A fact taken back counts for nothing from its own day on, and counts again once that is taken back too."""
    facts = question.ledger.facts
    assume(place < len(facts))
    back = Retracted(question.ledger.patient, question.on, entry=facts[place].id)
    again = Retracted(question.ledger.patient, question.on, entry=back.id)
    assume(not {back, again} & set(question.ledger.entries))
    kept = [fact for fact in facts if fact is not facts[place]]
    known = any(isinstance(fact, Registered) for fact in kept)
    expected = answered(with_facts(question, kept)) if known else ((), None, ())
    assert answered(with_facts(question, [*question.ledger.entries, back])) == expected
    assert answered(with_facts(question, [*question.ledger.entries, back, again])) == answered(question)


# 2. Total


@given(questions())
def test_total_every_registered_patient_stands_in_one_bucket(question: Question) -> None:
    """From the registration on a patient stands in exactly one bucket on any day, and in none before it."""
    begins = [fact.on for fact in question.ledger.facts if isinstance(fact, Registered)]
    found = standing(question.ledger, question.policy, question.on)
    counts = WorkList.of([question.ledger], question.policy, question.on).counts
    if begins and min(begins) <= question.on:
        assert found is not None
        assert counts == {bucket: int(bucket is found) for bucket in Bucket}
    else:
        assert found is None
        assert lines_of(question) == ()
        assert set(counts.values()) == {0}


@given(questions(), st.sampled_from([1, 2, 30, 400]))
def test_total_a_debt_does_not_vanish_with_time_alone(question: Question, days: int) -> None:
    """Who is overdue stays overdue, for the same last day, as long as nothing is entered."""
    now = rest_of(question)
    late = [line for line in lines_of(now) if line.status(now.on) is Bucket.OVERDUE]
    later = evolve(now, on=now.on + timedelta(days))
    found = due_days(lines_of(later))
    assert {line.kind: found.get(line.kind) for line in late} == due_days(late)
    if any(line.kind in FOLLOW_UPS for line in late):
        assert standing(later.ledger, later.policy, later.on) is Bucket.OVERDUE


@given(questions(), st.sampled_from([1, 2, 30, 400]))
def test_total_only_entries_and_rules_move_a_line(question: Question, days: int) -> None:
    """While nothing is entered and no rule takes effect, every line stays as it is."""
    now = rest_of(question)
    later = evolve(now, on=now.on + timedelta(days))
    assume(not any(now.on < since <= later.on for since in now.policy.changes_after(now.on)))
    assert lines_of(later) == lines_of(now)


# 3. One overdue


@given(questions())
def test_one_overdue_the_last_day_is_on_time_and_the_next_is_not(question: Question) -> None:
    """On its last day a line is due, the day before not yet, the day after overdue."""
    for line in lines_of(question):
        assert line.status(line.due_on) is Bucket.DUE_TODAY
        assert line.status(line.due_on + DAY) is Bucket.OVERDUE
        assert line.status(line.due_on - DAY) in {Bucket.OPEN, Bucket.NOT_DUE}


@given(questions())
def test_one_overdue_the_standing_turns_with_the_first_last_day(question: Question) -> None:
    """A patient of whom nothing is entered is not overdue on the earliest last day, and is on the next."""
    now = rest_of(question)
    owed = [line.due_on for line in lines_of(now) if line.kind in FOLLOW_UPS]
    assume(owed and min(owed) >= now.on)
    assert standing(now.ledger, now.policy, min(owed)) is Bucket.DUE_TODAY
    assert standing(now.ledger, now.policy, min(owed) + DAY) is Bucket.OVERDUE


@given(rounds(), st.sampled_from([0, 7]))
def test_one_overdue_the_count_is_the_number_of_patients_on_the_list(people: list[Question], within: int) -> None:
    """As many patients are counted overdue as stand on the list as overdue, and everyone registered is counted."""
    on, ledgers = people[0].on, [question.ledger for question in people]
    found = WorkList.of(ledgers, people[0].policy, on, within=within)
    late = {line.due.patient for line in found.lines if line.due.due_on < on}
    assert found.counts[Bucket.OVERDUE] == len(late)
    assert late == {line.due.patient for line in found.lines if line.bucket is Bucket.OVERDUE}
    registered = [any(isinstance(f, Registered) and f.on <= on for f in ledger.facts) for ledger in ledgers]
    assert sum(found.counts.values()) == sum(registered)


@given(rounds())
def test_one_overdue_the_list_has_every_line_that_presses(people: list[Question]) -> None:
    """The list has each follow-up line and duty that is overdue, due, open or soon due, and no other."""
    on, policy, ledgers = people[0].on, people[0].policy, [question.ledger for question in people]
    owed = [line for question in people for line in lines_of(question)]
    for within in {0, *((line.due_on - on).days for line in owed if line.due_on > on)}:
        found = WorkList.of(ledgers, policy, on, within=within)
        listed = [line for line in owed if line.opens_on <= on or line.due_on <= on + within * DAY]
        assert {line.due.key for line in found.lines} == {line.key for line in listed if line.kind in FOLLOW_UPS}
        assert {line.due.key for line in found.duties} == {line.key for line in listed if line.kind not in FOLLOW_UPS}


# 4. Safe

#: A follow-up by which somebody is stable, where no class is recorded.
WELL: Final[dict[str, Any]] = {
    "symptoms": [],
    "insight": "full",
    "functions": dict.fromkeys(Function, "good"),
    "reaction": "none",
    "physical": "stable",
}

#: The kinds that a higher risk, a failed attempt or a refusal never puts off.
VISITS: Final = (LineKind.VISIT, LineKind.FIRST_VISIT)


@given(questions())
@example(
    asked(
        "2026-03-10",
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-02", risk=1),
        Visited("p1", "2026-03-10", risk=3, stability="basic"),
    )
)
def test_safe_a_higher_risk_never_puts_a_visit_off(question: Question) -> None:
    """A higher risk at the last follow-up, its recorded class unchanged, makes no visit due later."""
    facts = standing_facts(question)
    before = with_facts(question, facts)
    for raised in _with_higher_risks(facts, _last_day(before)[-1]):
        assert_never_later(before, with_facts(question, raised), VISITS)


@given(questions())
@example(
    asked(
        "2026-03-10",
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-02", risk=1),
        Visited("p1", "2026-03-10", risk=0, stability="unstable"),
        Visited("p1", "2026-03-10", risk=0, stability="stable"),
    )
)
def test_safe_nor_does_a_higher_risk_at_another_follow_up_of_that_day(question: Question) -> None:
    """A higher risk at any follow-up of the last day makes no visit due later, doctors' dates aside."""
    facts = _without_dates(standing_facts(question))
    before = with_facts(question, facts)
    for visit in _last_day(before):
        for raised in _with_higher_risks(facts, visit):
            assert_never_later(before, with_facts(question, raised), VISITS)


@given(questions())
def test_safe_a_failed_attempt_never_puts_a_visit_off(question: Question) -> None:
    """One more failed attempt makes no visit due later."""
    facts = standing_facts(question)
    for day in _days(question, facts):
        missed = Missed(question.ledger.patient, day)
        assert_never_later(with_facts(question, facts), with_facts(question, [*facts, missed]), VISITS)


@given(questions())
@example(asked("2026-03-17", Registered("p1", "2026-03-02"), Consented("p1", "2026-03-03")))
def test_safe_declining_never_puts_a_visit_off(question: Question) -> None:
    """Declining community management makes no visit due later."""
    facts = standing_facts(question)
    for day in _days(question, facts):
        declined = Declined(question.ledger.patient, day)
        assert_never_later(with_facts(question, facts), with_facts(question, [*facts, declined]), VISITS)


@given(questions(), st.integers(-1, 200))
@example(
    asked(
        "2026-03-10",
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-10", risk=0, mode="home", insight="absent"),
        Visited("p1", "2026-03-10", risk=0, mode="home", **WELL),
    ),
    176,  # by this date the first of the two ids comes to stand after the other
)
def test_safe_a_doctors_date_never_puts_a_visit_off(question: Question, days: int) -> None:
    """The doctor's own date for the next follow-up makes nothing due later than without any such date."""
    plain = _without_dates(standing_facts(question))
    last = _last_day(with_facts(question, plain))[-1]
    after = [evolve(fact, next_on=last.on + timedelta(days)) if fact is last else fact for fact in plain]
    assert_never_later(with_facts(question, plain), with_facts(question, after), LineKind)


@given(questions(), st.integers(0, 200))
def test_safe_a_postponement_never_puts_a_visit_off(question: Question, days: int) -> None:
    """Doctors' dates and postponements together make nothing due later than without any of them."""
    facts = standing_facts(question)
    before = with_facts(question, _without_dates(facts))
    for day in _days(question, facts):
        postponed = Postponed(question.ledger.patient, day, until=day + timedelta(days))
        assert_never_later(before, with_facts(question, [*facts, postponed]), LineKind)


def _last_day(question: Question) -> list[Visited]:
    """Return the follow-ups of the last day that has one, the one that governs last."""
    visits = case_of(question).visits
    assume(visits)
    return [visit for visit in visits if visit.on == visits[-1].on]


def _with_higher_risks(facts: Sequence[Entry], visit: Visited) -> Iterable[list[Entry]]:
    for risk in range(visit.risk + 1, 6):
        yield [evolve(fact, risk=risk) if fact is visit else fact for fact in facts]


def _days(question: Question, facts: Iterable[Entry]) -> list[date]:
    """Return the days on which one more entry can matter: those of the others, and the one asked for."""
    return sorted({fact.on for fact in facts} | {question.on})


def _without_dates(facts: Iterable[Entry]) -> list[Entry]:
    kept = [fact for fact in facts if not isinstance(fact, Postponed)]
    return [evolve(fact, next_on=None) if isinstance(fact, Visited) else fact for fact in kept]


# 5. Strictest


@given(questions())
def test_strictest_the_earliest_last_day_holds(question: Question) -> None:
    """There is one line a kind; the earliest last day of its rules is its own, and it opens with the earliest."""
    found = lines_of(question)
    assert len({line.kind for line in found}) == len(found)
    for line in found:
        assert line.due_on == min(reason.due_on for reason in line.reasons)
        assert line.opens_on == min(reason.opens_on for reason in line.reasons)
        assert line.opens_on <= line.due_on
        assert line.plan_on <= line.due_on
        assert question.policy.calendar.is_workday(line.plan_on)


@given(questions())
def test_strictest_every_rule_that_runs_is_a_reason(question: Question) -> None:
    """The reasons are those of each matching rule asked alone: no rule silences another."""
    matching = question.policy.matching(case_of(question).state)
    alone = [reason for rule in matching for reason in _reasons(lines_of(_under(question, [rule])))]
    found = _reasons(lines_of(question))
    assert sorted(found, key=_rule_id) == sorted(alone, key=_rule_id)
    assert len({reason.rule for reason in found}) == len(found)


@given(questions())
def test_strictest_a_rule_counted_from_its_own_state_always_runs(question: Question) -> None:
    """A visit rule that counts from the last follow-up or its state's first day runs whenever its state holds."""
    state = case_of(question).state
    usual = [rule for rule in question.policy.rules if set(rule.after) == {Anchor.VISIT, Anchor.BEGAN}]
    owed = {rule.id for rule in usual if rule.since <= question.on and rule.matches(state)}
    assert owed == {reason.rule for reason in _reasons(lines_of(question))} & {rule.id for rule in usual}


@given(questions())
def test_strictest_without_any_one_rule_nothing_is_due_earlier(question: Question) -> None:
    """Taking one rule out of a policy makes nothing due earlier, and nothing new due."""
    for policy in POLICIES:
        asked_of = evolve(question, policy=policy)
        full = due_days(lines_of(asked_of))
        for rule in policy.rules:
            fewer = due_days(lines_of(_under(asked_of, [other for other in policy.rules if other is not rule])))
            assert all(kind in full and full[kind] <= due_on for kind, due_on in fewer.items()), rule.id


def _under(question: Question, rules: Iterable[Rule]) -> Question:
    return evolve(question, policy=evolve(question.policy, rules=tuple(rules)))


def _reasons(lines: Iterable[DueVisit]) -> list[Reason]:
    return [reason for line in lines for reason in line.reasons]


def _rule_id(reason: Reason) -> str:
    return reason.rule


# 6. Explained


@given(questions())
def test_explained_a_reason_names_rule_version_source_and_entry(question: Question) -> None:
    """Each reason names its rule, the policy's version, the document, and an entry that stands by that day."""
    rules = {rule.id: rule for rule in question.policy.rules}
    known = {fact.id for fact in standing_facts(question)}
    for reason in _reasons(lines_of(question)):
        rule = rules[reason.rule]
        assert (reason.policy, reason.title, reason.source) == (rule.policy, rule.title, rule.source)
        assert reason.version == question.policy.version
        assert reason.source.document
        assert reason.entry in known


@given(questions())
def test_explained_the_day_counted_from_is_told_by_the_entry(question: Question) -> None:
    """The day a reason counts from is one that its entry tells, or the day from which duties are owed."""
    by_id = {fact.id: fact for fact in standing_facts(question)}
    for line in lines_of(question):
        for reason in line.reasons:
            opened = set() if line.kind in FOLLOW_UPS else {question.policy.duties_from}
            assert reason.anchor_on in _told(by_id[reason.entry]) | opened


@given(questions())
@example(
    asked("2025-01-02", Registered("p1", "2024-12-01"), Visited("p1", "2024-12-10", risk=3), policy=POLICIES[1])
)  # two weeks end before the rule takes effect
def test_explained_replaying_the_arithmetic_gives_the_day(question: Question) -> None:
    """The period counted from the day that the reason names, never before the rule's first day, is its last day."""
    for reason in _reasons(lines_of(question)):
        counted = reason.within.after(reason.anchor_on, question.policy.calendar)
        assert max(counted, reason.not_before) == reason.due_on


@pytest.mark.parametrize("lang", ["zh", "en"])
@given(question=questions())
def test_explained_the_sentence_tells_the_days(question: Question, lang: str) -> None:
    """The sentence tells the day counted from, the last day, the rule's title and its source."""
    for reason in _reasons(lines_of(question)):
        text = reason.text(lang)
        told = [str(reason.anchor_on), str(reason.due_on), reason.title.text(lang), reason.source.document]
        assert all(part in text for part in told), text


def _told(entry: Entry) -> set[date | None]:
    told = (getattr(entry, name, None) for name in ("on", "informed_on", "next_on", "until"))
    return {day for day in told if day is not None}


# 7. Late is accepted


@given(questions())
@example(
    asked(
        "2026-03-10",
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-10", risk=0, next_on="2026-03-12"),
        Visited("p1", "2026-03-10", risk=0, next_on="2026-03-13"),
    )
)
def test_late_when_a_fact_was_recorded_does_not_matter(question: Question) -> None:
    """The answer depends on the entries' own days alone, whether they were recorded in turn or the last one first."""
    known = question.ledger.entries
    moments = [f"{question.on + number * DAY}T08:00:00+08:00" for number in range(len(known))]
    for order in (moments, moments[::-1]):
        told = [evolve(entry, recorded_at=moment) for entry, moment in zip(known, order, strict=True)]
        assert _in_time(with_facts(question, told)) == _in_time(question)


@given(questions(), st.data())
def test_late_a_fact_entered_last_counts_on_its_own_day(question: Question, data: st.DataObject) -> None:
    """A fact that is entered after all others gives the answer it would have given in time."""
    known = list(question.ledger.entries)
    late = known.pop(data.draw(st.integers(0, len(known) - 1)))
    late = evolve(late, recorded_at=f"{question.on + DAY}T08:00:00+08:00")
    assert _in_time(with_facts(question, [*known, late])) == _in_time(question)


def _in_time(question: Question) -> Answer:
    """Return the answer without the findings that say when something was recorded: nothing else may differ."""
    lines, bucket, doubts = answered(question)
    return lines, bucket, tuple(found for found in doubts if not found.code.endswith("-recorded-late"))


# 9. Round trip


@pytest.mark.parametrize("kind", sorted(TYPES))
@settings(max_examples=settings().max_examples // 4)  # for each type
@given(data=st.data())
def test_round_trip_json_keeps_every_entry(kind: str, data: st.DataObject) -> None:
    """An entry written as a JSON line and read again is the same entry, with the same id."""
    entry = data.draw(entries(kind))
    line = json.dumps(entry.as_json() | {"id": entry.id})
    back = entry_from_json(json.loads(line))
    assert (back, back.id, back.recorded_at) == (entry, entry.id, entry.recorded_at)
    assert type(back) is type(entry)


# What the strategies reach


def test_the_strategies_reach_what_the_laws_are_about() -> None:
    """The ledgers drawn have every entry type, bucket and rule, same-day, late and retracted entries, last days."""
    seen: set[str] = set()

    @settings(max_examples=1500, derandomize=True, database=None)
    @given(questions())
    def collect(question: Question) -> None:
        seen.update(_reached(question))

    collect()
    wanted = {f"type {kind}" for kind in TYPES} | {f"bucket {bucket}" for bucket in Bucket}
    wanted |= {f"rule {rule.id} of {policy.id}" for policy in POLICIES for rule in policy.rules}
    wanted |= {"same day", "late", "retracted", "retraction retracted", "before registration", "month end", "leap day"}
    wanted |= {"last day", "day after the last day", "told late of a discharge", "rule not in force", "duties opened"}
    assert sorted(wanted - seen) == []


def _reached(question: Question) -> Iterable[str]:
    ledger, on = question.ledger, question.on
    yield from (f"type {entry.type}" for entry in ledger.entries)
    yield f"bucket {standing(ledger, question.policy, on)}"
    for policy in POLICIES:
        yield from (f"rule {reason.rule} of {policy.id}" for reason in _reasons(due_visits(ledger, policy, on)))
    for line in lines_of(question):
        yield from ["last day"] * (line.due_on == on) + ["day after the last day"] * (line.due_on + DAY == on)
    yield from (name for name, there in _happened(question).items() if there)


def _happened(question: Question) -> Mapping[str, Any]:
    known, stand = question.ledger.entries, question.ledger.facts
    days = [entry.on for entry in known]
    retractions = {entry.id: entry for entry in known if isinstance(entry, Retracted)}
    registered = [fact.on for fact in stand if isinstance(fact, Registered)]
    return {
        "same day": len(set(days)) < len(days),
        "late": any(entry.recorded_at and entry.recorded_at[:10] > str(entry.on) for entry in known),
        "retracted": len(stand) + len(retractions) < len(known),
        "retraction retracted": any(entry.entry in retractions for entry in retractions.values()),
        "before registration": registered and stand[0].on < min(registered),
        "month end": any((day + DAY).day == 1 for day in days),
        "leap day": date(2024, 2, 29) in days,
        "told late of a discharge": any(day > fact.on for day, facts in question.ledger.effects for fact in facts),
        "rule not in force": question.policy.changes_after(question.on),
        "duties opened": question.policy.duties_from,
    }
