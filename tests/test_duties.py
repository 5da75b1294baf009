"""Duties: what opens each, and what settles it; the bundled policies hold none as yet."""

from datetime import date

import pytest
from attrs import evolve

from followup import (
    Admitted,
    Bucket,
    Checked,
    Done,
    Entry,
    Incident,
    Ledger,
    Referred,
    Registered,
    Visited,
    WorkList,
    due_visits,
    load_policy,
    standing,
)
from followup.policyfile import policy_from_texts

TEXT = """
[policy]
id = "duties"
title = { zh = "职责", en = "Duties" }
extends = "national-2018"
"""
RULE = """
[[rule]]
id = "{id}"
kind = "{kind}"
when = {{ {when} }}
within = "{within}"
after = {after}
{more}
since = 2018-05-28
title = {{ zh = "某", en = "{id}" }}
source = {{ document = "某", clause = "1", evidence = "assumption" }}
"""
RULES = [
    {"id": "refer", "kind": "referral", "when": 'class = "unstable"', "within": "same day", "after": '["began"]'},
    {
        "id": "outcome",
        "kind": "referral-check",
        "when": 'class = "unstable"',
        "within": "2 weeks",
        "after": '["began"]',
    },
    {
        "id": "lasts",
        "kind": "status-check",
        "when": 'status = "in_hospital"',
        "within": "3 months",
        "after": '["admitted", "done"]',
    },
    {
        "id": "tell",
        "kind": "report",
        "when": 'status = "managed"',
        "within": "same day",
        "after": '["incident"]',
        "more": 'to = ["police", "higher_centre"]',
    },
    {
        "id": "check",
        "kind": "health-check",
        "when": 'status = "managed"',
        "within": "1 year",
        "after": '["began", "checked"]',
    },
]
POLICY = policy_from_texts(
    [load_policy("national-2018").texts[0], TEXT + "".join(RULE.format(**{"more": "", **rule}) for rule in RULES)]
)
START: list[Entry] = [Registered("p1", "2026-01-05"), Visited("p1", "2026-01-12", risk=3, mode="home")]


def duties(entries: list[Entry], on: str) -> dict[str, str]:
    """Return the running duties of START and more entries: kind and last day."""
    found = due_visits(Ledger("p1", [*START, *entries]), POLICY, date.fromisoformat(on))
    return {str(line.kind): str(line.due_on) for line in found if line.kind not in {"visit", "first-visit", "retry"}}


@pytest.mark.parametrize(
    ("entries", "on", "expected"),
    [
        ([], "2026-01-12", {"referral": "2026-01-12", "referral-check": "2026-01-26", "health-check": "2027-01-05"}),
        ([Referred("p1", "2026-01-12")], "2026-01-13", {"referral-check": "2026-01-26", "health-check": "2027-01-05"}),
        ([Referred("p1", "2026-01-14", outcome="out-patient")], "2026-01-15", {"health-check": "2027-01-05"}),
        (
            [Referred("p1", "2026-01-12"), Done("p1", "2026-01-20", kind="referral-check")],
            "2026-01-21",
            {"health-check": "2027-01-05"},
        ),
        ([Admitted("p1", "2026-01-14")], "2026-01-15", {"status-check": "2026-04-14"}),
        (
            [Admitted("p1", "2026-01-14"), Done("p1", "2026-04-01", kind="status-check")],
            "2026-04-02",
            {"status-check": "2026-07-01"},
        ),
        (
            [Referred("p1", "2026-01-12", outcome="x"), Incident("p1", "2026-02-02", kind="danger")],
            "2026-02-02",
            {"report": "2026-02-02", "health-check": "2027-01-05"},
        ),
        (
            [
                Referred("p1", "2026-01-12", outcome="x"),
                Incident("p1", "2026-02-02"),
                Done("p1", "2026-02-02", kind="report", to=["police"]),
            ],
            "2026-02-03",
            {"report": "2026-02-02", "health-check": "2027-01-05"},
        ),
        (
            [
                Referred("p1", "2026-01-12", outcome="x"),
                Incident("p1", "2026-02-02"),
                Done("p1", "2026-02-02", kind="report", to=["police"]),
                Done("p1", "2026-02-03", kind="report", to=["higher_centre"]),
            ],
            "2026-02-03",
            {"health-check": "2027-01-05"},
        ),
        (
            [Referred("p1", "2026-01-12", outcome="x"), Checked("p1", "2026-03-03")],
            "2026-03-04",
            {"health-check": "2027-03-03"},
        ),
    ],
)
def test_a_duty_runs_until_its_own_fact_settles_it(entries: list[Entry], on: str, expected: dict[str, str]) -> None:
    """Each duty is settled by its own entry, a report by one for each of its recipients."""
    assert duties(entries, on) == expected


def test_a_duty_is_no_follow_up() -> None:
    """Duties stand apart: they make nobody overdue, and are counted by kind."""
    ledger, on = Ledger("p1", START), date(2026, 1, 13)
    found = WorkList.of([ledger], POLICY, on)
    assert standing(ledger, POLICY, on) is Bucket.NOT_DUE
    assert [line.due.kind for line in found.duties] == ["referral"]
    assert {str(kind): count for kind, count in found.duty_counts.items() if count} == {"referral": 1}


def test_duties_are_counted_from_the_day_the_register_was_opened() -> None:
    """No one is greeted with years of unrecorded duties; follow-ups are owed all the same."""
    late = evolve(POLICY, duties_from=date(2026, 6, 1))
    lines = {str(line.kind): line.due_on for line in due_visits(Ledger("p1", START), late, date(2026, 6, 1))}
    assert lines["referral"] == date(2026, 6, 1)
    assert lines["referral-check"] == date(2026, 6, 15)
    assert lines["visit"] == date(2026, 1, 26)
