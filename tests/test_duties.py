"""Duties: what opens each, and what settles it; the worked cases are in tests/golden/."""

import re
from datetime import date

import pytest
from attrs import evolve

from followup import (
    Admitted,
    Bucket,
    Checked,
    Declined,
    Done,
    Entry,
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

POLICY = load_policy("national-2018")
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
        ([Admitted("p1", "2026-01-14")], "2026-01-15", {"status-check": "2026-04-14", "health-check": "2027-01-05"}),
        (
            [Admitted("p1", "2026-01-14"), Done("p1", "2026-04-01", kind="status-check")],
            "2026-04-02",
            {"status-check": "2026-07-01", "health-check": "2027-01-05"},
        ),
        (
            [Referred("p1", "2026-01-12", outcome="x"), Checked("p1", "2026-03-03")],
            "2026-03-04",
            {"health-check": "2027-03-03"},
        ),
    ],
)
def test_a_duty_runs_until_its_own_fact_settles_it(entries: list[Entry], on: str, expected: dict[str, str]) -> None:
    """Each duty is settled by its own entry."""
    assert duties(entries, on) == expected


def test_a_duty_is_no_follow_up() -> None:
    """Duties stand apart: they make nobody overdue, and are counted by kind."""
    ledger, on = Ledger("p1", START), date(2026, 1, 13)
    found = WorkList.of([ledger], POLICY, on)
    assert standing(ledger, POLICY, on) is Bucket.NOT_DUE
    assert [line.due.kind for line in found.duties] == ["referral"]
    assert {str(kind): count for kind, count in found.duty_counts.items() if count} == {"referral": 1}


REPORT = """
[policy]
id = "reports"
title = { zh = "报告", en = "Reports" }
extends = "national-2018"

[[rule]]
id = "quarterly"
kind = "report"
when = { status = "managed" }
within = "3 months"
after = ["began", "done"]
to = ["police", "higher_centre"]
since = 2018-05-28
title = { zh = "季度报告", en = "Report every quarter" }
source = { document = "虚构", evidence = "assumption" }
"""


@pytest.mark.parametrize(
    ("told", "due_on", "to"),
    [
        ([], "2026-04-05", ["police", "higher_centre"]),
        ([("2026-02-02", ["police"])], "2026-04-05", ["higher_centre"]),
        ([("2026-02-02", ["police"]), ("2026-03-02", ["higher_centre"])], "2026-05-02", ["police", "higher_centre"]),
    ],
)
def test_a_report_is_done_when_everybody_was_told(
    told: list[tuple[str, list[str]]], due_on: str, to: list[str]
) -> None:
    """A report that recurs starts its next round on the day by which each recipient had been told."""
    policy = policy_from_texts([*load_policy("national-2018").texts, REPORT])
    done = [Done("p1", day, kind="report", to=whom) for day, whom in told]
    lines = due_visits(Ledger("p1", [Registered("p1", "2026-01-05"), *done]), policy, date(2026, 4, 1))
    (report,) = [line for line in lines if line.kind == "report"]
    assert (str(report.due_on), list(report.reasons[0].to)) == (due_on, to)


def test_a_report_of_declining_names_what_was_declined() -> None:
    """A state that begins with declining is told by that entry, whatever was recorded before."""
    condition = 'when = { status = "declined" }'
    policy = policy_from_texts([*load_policy("national-2018").texts, re.sub("when = .*", condition, REPORT)])
    declined = Declined("p1", "2026-03-02")
    lines = due_visits(Ledger("p1", [*START, declined]), policy, date(2026, 3, 3))
    (report,) = [line for line in lines if line.kind == "report"]
    assert [(reason.anchor_on, reason.entry) for reason in report.reasons] == [(declined.on, declined.id)]


def test_duties_are_counted_from_the_day_the_register_was_opened() -> None:
    """No one is greeted with years of unrecorded duties; follow-ups are owed all the same."""
    late = evolve(POLICY, duties_from=date(2026, 6, 1))
    lines = {str(line.kind): line.due_on for line in due_visits(Ledger("p1", START), late, date(2026, 6, 1))}
    assert lines["referral"] == date(2026, 6, 1)
    assert lines["referral-check"] == date(2026, 6, 15)
    assert lines["visit"] == date(2026, 1, 26)


def test_a_reason_does_not_pass_off_the_day_duties_are_owed_from_as_its_facts() -> None:
    """It tells both days: the one it counts from, and the one on which the state began."""
    late = evolve(POLICY, duties_from=date(2026, 6, 1))
    (check,) = [
        line for line in due_visits(Ledger("p1", START), late, date(2026, 6, 1)) if line.kind == "referral-check"
    ]
    (reason,) = check.reasons
    assert (str(reason.anchor_on), str(reason.fact_on)) == ("2026-06-01", "2026-01-12")
    told = "2 weeks from 2026-06-01 (the day from which duties are owed; the day this state began was 2026-01-12)"
    assert told in reason.text("en")
    assert "自2026-06-01(职责自该日起算；本状态开始之日为2026-01-12)起2周" in reason.text("zh")
    (check,) = [
        line for line in due_visits(Ledger("p1", START), POLICY, date(2026, 6, 1)) if line.kind == "referral-check"
    ]
    assert "2 weeks from 2026-01-12 (the day this state began)" in check.reasons[0].text("en")
