"""Findings: doubts that change no date."""

from datetime import date

import pytest

from followup import Entry, Ledger, Missed, Registered, Visited, findings, load_policy

START: list[Entry] = [Registered("p1", "2026-01-05"), Visited("p1", "2026-01-12", risk=0, mode="home")]


def codes(*entries: Entry, on: str = "2026-11-23") -> list[str]:
    """Return the codes of the doubts about START and more entries."""
    found = findings(Ledger("p1", [*START, *entries]), load_policy("dongguan"), date.fromisoformat(on))
    assert all(finding.text(lang) for finding in found for lang in ("zh", "en"))
    return [finding.code for finding in found]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2026-02-02", "2026-02-10", "2026-03-02"], ["three-misses"]),
        (["2026-02-02", "2026-02-10", "2026-03-03"], []),
        (["2026-02-02", "2026-02-20", "2026-03-03", "2026-03-20"], ["three-misses"]),
        (["2026-02-02", "2026-02-02", "2026-02-03"], []),
    ],
)
def test_three_failures_are_three_days_within_a_month_of_the_first(days: list[str], expected: list[str]) -> None:
    """Any three days in a row with a failed attempt, the last within a month of the first of the three."""
    assert codes(*(Missed("p1", day) for day in days)) == expected


def test_presence_that_is_unknown_is_told_apart_from_absence() -> None:
    """A joint follow-up without the police is one thing, one of which nobody wrote who came another."""
    assert codes(Visited("p1", "2026-02-02", risk=3, mode="home")) == ["presence-not-recorded"]
    alone = Visited("p1", "2026-02-02", risk=3, mode="home", present=["prevention_doctor"])
    assert codes(alone) == ["party-absent", "not-invited"]


def test_a_doctors_date_past_the_last_day_is_told() -> None:
    """It puts nothing off, and is shown."""
    assert codes(Visited("p1", "2026-02-02", risk=3, mode="home", next_on="2026-03-02", present=["police"])) == [
        "party-absent",
        "not-invited",
        "doctors-date-late",
    ]
