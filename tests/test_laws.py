"""The laws of the schedule, on synthetic ledgers: pure, total, one overdue, safe, strictest, explained, late accepted.

A law that fails shrinks to a few entries; `strategies.py` says from which weeks they are drawn.
"""

import json
import pickle
from collections.abc import Iterable
from datetime import date, timedelta
from hashlib import sha256
from math import ceil
from typing import Final

import pytest
from attrs import evolve, fields_dict
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from strategies import MADE, POLICIES, Question, questions, rounds

from followup import (
    Bucket,
    Case,
    Consented,
    DueVisit,
    Entry,
    Finding,
    Ledger,
    Missed,
    Policy,
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
    load_policy,
    standing,
)
from followup.entries import APART, TYPES
from followup.entryjson import entry_from_texts
from followup.policy import FOLLOW_UPS
from followup.terms import Anchor, Function
from followup.testing import LAWS, Law, entries, scheduler_of
from followup.testing.trial import due_days

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


#: People whose stories once broke a law, and by which policy.
FORMER: Final = [
    ("national-2018", [
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-02", risk=1),
        Visited("p1", "2026-03-10", risk=3, stability="basic"),
    ]),
    ("national-2018", [
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-02", risk=1),
        Visited("p1", "2026-03-10", risk=0, stability="unstable"),
        Visited("p1", "2026-03-10", risk=0, stability="stable"),
    ]),
    ("national-2018", [Registered("p1", "2026-03-02"), Consented("p1", "2026-03-03")]),
    ("national-2018", [
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-10", risk=0, mode="home", insight="absent"),
        Visited("p1", "2026-03-10", risk=0, mode="home", symptoms=[], insight="full", reaction="none",
                functions=dict.fromkeys(Function, "good"), physical="stable"),
    ]),
    ("dongguan", [Registered("p1", "2024-12-01"), Visited("p1", "2024-12-10", risk=3)]),
    ("national-2018", [
        Registered("p1", "2026-03-02"),
        Visited("p1", "2026-03-10", risk=0, next_on="2026-03-12"),
        Visited("p1", "2026-03-10", risk=0, next_on="2026-03-13"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize("law", LAWS.values(), ids=str)
@pytest.mark.parametrize(
    "policy", [*POLICIES, *map(load_policy, ("basic-service-2017", "synthetic-variant"))], ids=lambda policy: policy.id
)
def test_the_laws_hold_under_written_policies(law: Law, policy: Policy) -> None:
    """Laws 1 to 7 hold for everybody, whose days lie around those on which the rules change."""
    law(scheduler_of(policy), policy=policy, examples=settings().max_examples // 2)


@pytest.mark.parametrize("law", LAWS.values(), ids=str)
def test_the_laws_hold_under_policies_made_at_random(law: Law) -> None:
    """They hold under whatever policy passes its audit."""
    share = ceil(settings().max_examples / len(MADE))
    for policy in MADE:
        law(scheduler_of(policy), policy=policy, examples=max(20, share))


@pytest.mark.parametrize("law", LAWS.values(), ids=str)
@pytest.mark.parametrize(("policy", "entries"), FORMER)
def test_the_laws_hold_for_those_who_once_broke_one(law: Law, policy: str, entries: list[Entry]) -> None:
    """What was mended stays so."""
    law(scheduler_of(load_policy(policy)), people=st.just(Ledger("p1", entries)), examples=200)


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


# 3. One overdue


@given(questions())
@example(
    asked(
        "2024-12-19",
        Registered("p1", "2024-12-10"),
        Visited("p1", "2024-12-10", risk=3, mode="home", present=[]),
        Visited("p1", "2024-12-19", risk=3, mode="home", present=[]),
        policy=load_policy("dongguan"),
    )
)
def test_one_overdue_the_standing_turns_with_the_first_last_day(question: Question) -> None:
    """A patient of whom nothing is entered is not overdue on the earliest last day, and is on the next.

    A rule that comes into force meanwhile may bring that day forward: the joint rule does on 2025-01-01.
    """
    now = rest_of(question)
    owed = [line.due_on for line in lines_of(now) if line.kind in FOLLOW_UPS]
    assume(owed and min(owed) >= now.on)
    assume(not any(change <= min(owed) + DAY for change in now.policy.changes_after(now.on)))
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


# 5. Strictest


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


@pytest.mark.parametrize("lang", ["zh", "en"])
@given(question=questions())
def test_explained_the_sentence_tells_the_days(question: Question, lang: str) -> None:
    """The sentence tells the day counted from, the last day, the rule's title and its source."""
    for reason in _reasons(lines_of(question)):
        text = reason.text(lang)
        told = [str(reason.anchor_on), str(reason.due_on), reason.title.text(lang), reason.source.document]
        assert all(part in text for part in told), text


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


@pytest.mark.parametrize("kind", sorted(TYPES))
@settings(max_examples=settings().max_examples // 20)  # for each type
@given(data=st.data())
def test_round_trip_a_pickle_keeps_every_field(kind: str, data: st.DataObject) -> None:
    """An entry told to another process is the same entry, with all that is known of it."""
    entry = data.draw(entries(kind))
    back = pickle.loads(pickle.dumps(entry))  # noqa: S301 - our own
    fields = [name for name in fields_dict(type(entry)) if not name.startswith("_")]
    assert [getattr(back, name) for name in fields] == [getattr(entry, name) for name in fields]
    assert (type(back), back.id, back.texts()) == (type(entry), entry.id, entry.texts())


@pytest.mark.parametrize("kind", sorted(TYPES))
@settings(max_examples=settings().max_examples // 20)  # for each type
@given(data=st.data())
def test_round_trip_a_register_keeps_every_field(kind: str, data: st.DataObject) -> None:
    """The texts that a register keeps are JSON in its one form, as is what the id is a hash of; they tell all."""
    entry = data.draw(entries(kind))
    told = {key: value for key, value in entry.as_json().items() if key != "recorded_at"}
    own = (told["patient"], told["on"], entry.recorded_at)
    who = {key: value for key, value in told.items() if key in APART}
    what = {key: value for key, value in told.items() if key not in who.keys() | {"patient", "type", "on"}}
    assert entry.texts() == (_one_form(who) if who else None, _one_form(what))
    assert entry.id == sha256(_one_form(told).encode()).hexdigest()[:20]
    apart, body = entry.texts()
    back = entry_from_texts(kind, own, body, apart, entry.id)
    assert (back, back.id, back.recorded_at, type(back)) == (entry, entry.id, entry.recorded_at, type(entry))


def test_round_trip_words_that_look_like_a_field_are_words() -> None:
    """A text that quotes a follow-up's date, as JSON has it, is read again as that text."""
    entry = Missed("p1", "2026-11-20", reason='"next_on":"2026-11-27","risk":0')
    own = ("p1", "2026-11-20", None)
    assert entry_from_texts("missed", own, entry.texts()[1], None, entry.id) == entry


def _one_form(told: dict[str, object]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
