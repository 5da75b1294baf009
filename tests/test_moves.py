"""What changed since an earlier list: who is new, who left, and by which entry, rule or day."""

from datetime import date, datetime

import pytest

from followup import Checked, Done, Entry, Lost, Referred, Registered, Retracted, Visited, load_policy
from followup.dates import instant
from followup.entries import Assigned
from followup.policyfile import policy_from_texts
from followup.register import Register

NATIONAL = load_policy("national-2018")
SHORTER = """
[policy]
id = "shorter"
title = { zh = "缩短", en = "Shorter" }
extends = "national-2018"

[[rule]]
id = "stable-monthly"
kind = "visit"
when = { status = ["managed", "declined"], class = "stable" }
within = "1 month"
after = ["visit", "began"]
since = 2018-05-28
replaces = "stable"
reason = { zh = "测试", en = "for tests" }
title = { zh = "稳定患者每月随访", en = "Stable, monthly" }
source = { document = "测试", clause = "一", evidence = "assumption" }
"""
STABLE: list[Entry] = [
    Registered("p1", "2026-10-05", team="A", recorded_at="2026-10-05T09:00"),
    Visited("p1", "2026-10-09", risk=0, mode="home", stability="stable", recorded_at="2026-10-09T17:00"),
]
UNSTABLE: list[Entry] = [
    Registered("p1", "2026-10-28", team="A", recorded_at="2026-10-28T09:00"),
    Visited("p1", "2026-11-05", risk=3, mode="home", stability="unstable", recorded_at="2026-11-05T17:00"),
]


def moved(
    entries: list[Entry], since: str, on: str, *, shorter_from: date | None = None, team: str | None = None
) -> list[str]:
    """Return what is told of a list compared with an earlier one, a shorter interval adopted from a day on."""
    register = Register.create(":memory:", NATIONAL)
    register.record_all(entries)
    if shorter_from is not None:
        register = register.adopt(policy_from_texts([*NATIONAL.texts, SHORTER]), shorter_from)
    earlier: date | datetime = instant(since) if "T" in since else date.fromisoformat(since)
    now = register.worklist(date.fromisoformat(on), team)
    found = register.compared(now, earlier, team).moves
    why = [f"{m.entry.type} {m.entry.on}" if m.entry else "rule" if m.by_rule else "day" for m in found]
    return [f"{'+' if m.is_new else '-'} {m.line.due.kind}: {cause}" for m, cause in zip(found, why, strict=True)]


def test_a_line_that_left_names_the_entry_without_which_it_had_stayed() -> None:
    """Of several entries of one day each line names its own: what settled it."""
    told: list[Entry] = [
        Visited("p1", "2026-11-18", risk=0, stability="stable", mode="home", recorded_at="2026-11-18T17:00"),
        Checked("p1", "2026-11-18", recorded_at="2026-11-18T17:01"),
        Referred("p1", "2026-11-18", to="市三院", recorded_at="2026-11-18T17:02"),
    ]
    found = moved([*UNSTABLE, *told], "2026-11-17", "2026-11-18")
    assert sorted(found) == [
        "- referral-check: visited 2026-11-18",
        "- referral: visited 2026-11-18",
        "- visit: visited 2026-11-18",
    ]


def test_whoever_was_lost_left_by_that_entry_whatever_came_after() -> None:
    """A report entered on the next day is not what took the visit off the list."""
    told: list[Entry] = [
        Lost("p1", "2026-11-19", recorded_at="2026-11-19T08:00"),
        Done("p1", "2026-11-20", kind="report", to=["police"], recorded_at="2026-11-20T08:00"),
    ]
    found = moved([*UNSTABLE, *told], "2026-11-18", "2026-11-20")
    assert "- visit: lost 2026-11-19" in found
    assert "+ report: lost 2026-11-19" in found


def test_a_line_that_came_by_a_retraction_names_it() -> None:
    """The fact that is counted from was known before; what is new is that another was taken back."""
    gone = Visited("p1", "2026-11-10", risk=0, mode="home", stability="stable", recorded_at="2026-11-10T17:00")
    back = Retracted("p1", "2026-11-19", entry=gone.id, recorded_at="2026-11-19T08:00")
    checked = Checked("p1", "2026-11-19", recorded_at="2026-11-19T09:00")
    found = moved([*UNSTABLE, gone, back, checked], "2026-11-18", "2026-11-19")
    assert "+ visit: retracted 2026-11-19" in found


def test_a_line_that_new_rules_brought_says_so() -> None:
    """A policy adopted from a day on brings what by the former rules would not be there yet; the day alone the rest."""
    assert moved(STABLE, "2026-11-29", "2026-11-30", shorter_from=date(2026, 11, 30)) == ["+ visit: rule"]
    assert moved(STABLE, "2026-12-20", "2026-12-28") == ["+ visit: day"]


@pytest.mark.parametrize(
    ("since", "expected"), [("2026-11-18", ["- visit: visited 2026-11-18"]), ("2026-11-18T20:00", [])]
)
def test_yesterdays_list_is_the_one_of_that_morning(since: str, expected: list[str]) -> None:
    """Work done and recorded yesterday has left the list that was printed that morning, not that evening's."""
    seen = Visited("p1", "2026-11-18", risk=3, mode="home", stability="unstable", recorded_at="2026-11-18T17:00")
    assert [line for line in moved([*UNSTABLE, seen], since, "2026-11-19") if "- visit" in line] == expected


def test_whoever_was_given_to_another_team_left_by_that_entry() -> None:
    """One team's list loses a line that is still owed, by the entry that gave the patient away."""
    told: list[Entry] = [
        Assigned("p1", "2026-11-18", team="B", recorded_at="2026-11-18T10:00"),
        Checked("p1", "2026-11-18", recorded_at="2026-11-18T11:00"),
    ]
    assert "- visit: assigned 2026-11-18" in moved([*UNSTABLE, *told], "2026-11-17", "2026-11-18", team="A")
