"""Findings: doubts that change no date."""

from datetime import date
from typing import Any

import pytest

from followup import (
    Admitted,
    Assigned,
    Consented,
    Declined,
    Died,
    Discharged,
    Done,
    Entry,
    Finding,
    Found,
    Incident,
    Ledger,
    Lost,
    Missed,
    MovedIn,
    MovedOut,
    Postponed,
    Referred,
    Registered,
    Visited,
    due_visits,
    findings,
    load_policy,
)
from followup.policy import Policy
from followup.terms import Function

START: list[Entry] = [Registered("p1", "2026-01-05"), Visited("p1", "2026-01-12", risk=0, mode="home")]
DONGGUAN = load_policy("dongguan")


def found(*entries: Entry, on: str = "2026-11-23", policy: Policy = DONGGUAN) -> list[Finding]:
    """Return the doubts about START and more entries, each told in both languages."""
    doubts = findings(Ledger("p1", [*START, *entries]), policy, date.fromisoformat(on))
    assert all(doubt.patient == "p1" for doubt in doubts)
    assert all(doubt.text("zh") != doubt.text("en") for doubt in doubts)
    return list(doubts)


def codes(*entries: Entry, on: str = "2026-11-23") -> list[str]:
    """Return the codes of the doubts about START and more entries."""
    return [doubt.code for doubt in found(*entries, on=on)]


def seen(on: str, risk: int = 0, **given: Any) -> Visited:
    """Return a follow-up at home."""
    return Visited("p1", on, risk=risk, mode="home", **given)


WELL: dict[str, Any] = {
    "symptoms": [],
    "insight": "full",
    "functions": dict.fromkeys(Function, "good"),
    "reaction": "none",
    "physical": "stable",
}


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


def test_three_failures_name_the_three() -> None:
    """An attempt of long before is none of them, and the days told are theirs."""
    days = ["2026-03-01", "2026-04-20", "2026-04-25", "2026-05-01"]
    (doubt,) = found(*(Missed("p1", day) for day in days))
    assert [str(entry.on) for entry in doubt.entries] == days[1:]
    assert "2026-04-20, 2026-04-25, 2026-05-01" in doubt.text("en")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (Lost("p1", "2026-03-03", reason="not_reached"), False),
        (Lost("p1", "2026-02-09"), False),
        (Admitted("p1", "2026-03-03"), False),
        (Died("p1", "2026-03-03"), False),
        (Done("p1", "2026-03-03", kind="report", to=["police", "care_group", "higher_centre"]), True),
    ],
)
def test_three_failures_are_told_until_the_loss_is_entered(entry: Entry, told: bool) -> None:  # noqa: FBT001
    """Or where the patient is, if not lost; it asks for that entry alone, the report is a duty of some rules."""
    failed = [Missed("p1", day) for day in ("2026-02-02", "2026-02-10", "2026-03-02")]
    doubts = [doubt for doubt in found(*failed, entry) if doubt.code == "three-misses"]
    what = "three failed attempts within a month (2026-02-02, 2026-02-10, 2026-03-02): enter the loss if the patient is lost"
    assert [doubt.text("en") for doubt in doubts] == [what] * told


def test_presence_that_is_unknown_is_told_apart_from_absence() -> None:
    """A joint follow-up without the police is one thing, one of which nobody wrote who came another."""
    assert codes(seen("2026-01-20", 2), seen("2026-02-02", 3)) == ["presence-not-recorded"]
    alone = [seen(day, 3, present=["prevention_doctor"]) for day in ("2026-02-02", "2026-02-10")]
    assert [code for code in codes(seen("2026-01-20", 2), *alone) if code != "duty-undone"] == [
        "party-absent",
        "not-invited",
    ]


def test_nobody_was_absent_from_the_follow_up_that_found_the_risk() -> None:
    """Nobody could be asked for before it was known; from the next follow-up on they can."""
    found_it, next_one = (seen(day, 3, present=["prevention_doctor"]) for day in ("2026-02-02", "2026-02-10"))
    assert codes(seen("2026-01-20", 2), found_it) == []
    (doubt, _) = found(seen("2026-01-20", 2), found_it, next_one)
    assert (doubt.code, doubt.entries) == ("party-absent", (next_one,))


FIRST: list[Entry] = [Registered("p1", "2026-01-05")]
BOTH: dict[str, Any] = {"present": ["care_group", "police", "psychiatrist", "village_cadre"]}


def called(on: str, risk: int = 0, **given: Any) -> Visited:
    """Return a follow-up by telephone."""
    return Visited("p1", on, risk=risk, **{"mode": "phone", **given})


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([called("2026-01-12")], True),
        ([called("2026-01-12", mode=None)], True),
        ([called("2026-01-05")], True),  # on the day itself it would have been the first
        ([seen("2026-01-12")], False),
        ([called("2026-01-12"), seen("2026-01-13")], False),
        ([seen("2026-01-12"), called("2026-01-13")], False),
        ([seen("2026-01-12", 2), called("2026-01-20", 3, **BOTH)], False),  # it found the risk
        ([seen("2026-01-12", 3, **BOTH), called("2026-01-20", 3, **BOTH)], True),
        ([seen("2026-01-12", 3, **BOTH), called("2026-01-20", 3, mode=None, **BOTH)], True),
        ([seen("2026-01-12", 3, **BOTH), called("2026-01-20", 3, **BOTH), seen("2026-01-22", 3, **BOTH)], False),
        ([seen("2026-01-12", 3, **BOTH), called("2026-01-20", 2)], False),
        ([called("2026-01-12"), Died("p1", "2026-01-13")], False),
    ],
)
def test_a_follow_up_that_does_not_count_for_its_way_of_contact_is_told(entries: list[Entry], told: bool) -> None:  # noqa: FBT001
    """A first or a joint follow-up by telephone, or nobody knows how, is said to leave its rule owed, until one counts."""
    doubts = findings(Ledger("p1", [*FIRST, *entries]), DONGGUAN, date(2026, 1, 23))
    assert [doubt.entries for doubt in doubts if doubt.code == "mode-other"] == [(entries[-1],)] * told


def test_the_way_of_contact_is_told_with_the_rule_and_what_counts() -> None:
    """Whoever reads it knows what to do; where none was recorded, that is said."""
    (by_phone,) = findings(Ledger("p1", [*FIRST, called("2026-01-12")]), DONGGUAN, date(2026, 1, 13))
    assert by_phone.text("en") == (
        'the follow-up of 2026-01-12 (way of contact: telephone) does not count for "First follow-up, face-to-face", '
        "only these do: clinic, home visit"
    )
    (unknown,) = findings(Ledger("p1", [*FIRST, called("2026-01-12", mode=None)]), DONGGUAN, date(2026, 1, 13))
    assert unknown.text("zh") == "2026-01-12的随访(随访形式：无记录)不能算作“首次面访”，须为：门诊、家庭访视"


def test_a_doctors_date_past_the_last_day_is_told() -> None:
    """It puts nothing off, and is shown."""
    late = seen("2026-02-02", 0, stability="unstable", next_on="2026-03-02", present=["police"])
    assert codes(late) == ["doctors-date-late"]


@pytest.mark.parametrize(
    ("visit", "expected"),
    [
        (seen("2026-02-02", 0, stability="stable", **WELL), []),
        (seen("2026-02-02", 0, stability="basic", **WELL), ["class-differs"]),
        (seen("2026-02-02", 1, stability="stable"), ["class-differs"]),
        (seen("2026-02-02", 0, stability="stable", insight="absent"), ["class-differs"]),
        (seen("2026-02-02", 0, stability="stable"), []),
        (seen("2026-02-02", 0, stability="stable", insight="partial"), ["class-differs"]),
        (seen("2026-02-02", 0, stability="basic", insight="partial"), []),
        (seen("2026-02-02", 2, stability="stable"), ["class-differs"]),
        (seen("2026-02-02", 3, stability="basic", present=[]), ["class-differs"]),
        (seen("2026-02-02", 3, stability="stable", present=[]), ["stable-at-high-risk"]),
        (seen("2026-02-02", 3, stability="unstable", present=[]), []),
    ],
)
def test_a_recorded_class_is_checked_against_the_criteria(visit: Visited, expected: list[str]) -> None:
    """A difference is shown, where what was recorded tells; what was left out contradicts nothing."""
    beside = {"party-absent", "not-invited", "risk-jump"}
    assert [code for code in codes(visit) if code not in beside] == expected


@pytest.mark.parametrize(("before", "after", "jumps"), [(0, 2, False), (0, 3, True), (1, 3, False), (5, 2, True)])
def test_a_risk_that_jumps_by_three_levels_is_told(before: int, after: int, jumps: bool) -> None:  # noqa: FBT001
    """Up or down, between two follow-ups in a row."""
    assert ("risk-jump" in codes(seen("2026-02-02", before), seen("2026-03-02", after))) == jumps


@pytest.mark.parametrize(
    ("recorded", "late"),
    [
        ("2026-02-12T23:59:00+08:00", False),
        ("2026-02-12T16:30:00+00:00", True),  # the 13th in China
        ("2026-02-13T00:00:00+08:00", True),
        (None, False),
    ],
)
def test_a_follow_up_entered_more_than_ten_days_late_is_told(recorded: str | None, late: bool) -> None:  # noqa: FBT001
    """Ten days are in time; the days are China's."""
    assert codes(seen("2026-02-02", recorded_at=recorded)) == ["visit-recorded-late"] * late


@pytest.mark.parametrize(
    ("recorded", "late"), [("2026-02-03T22:00:00+08:00", False), ("2026-02-04T08:00:00+08:00", True)]
)
def test_an_incident_recorded_more_than_a_day_after_is_told(recorded: str, late: bool) -> None:  # noqa: FBT001
    """It should be recorded within 24 hours, which days can tell only so far."""
    assert codes(Incident("p1", "2026-02-02", recorded_at=recorded)) == ["incident-recorded-late"] * late
    in_time = Incident("p1", "2026-03-02", recorded_at="2026-03-02T08:00:00+08:00")
    assert codes(Incident("p1", "2026-02-02", recorded_at=recorded), in_time) == ["incident-recorded-late"] * late


@pytest.mark.parametrize(
    "entries",
    [
        [Consented("p1", "2026-02-02"), Declined("p1", "2026-02-02")],
        [seen("2026-02-02", 0), seen("2026-02-02", 1)],
        [seen("2026-02-02", 0, stability="stable"), seen("2026-02-02", 0, stability="basic")],
        [Lost("p1", "2026-02-02"), Found("p1", "2026-02-02")],
        [MovedOut("p1", "2026-02-02"), MovedIn("p1", "2026-02-02")],
        [Lost("p1", "2026-02-02"), Visited("p1", "2026-02-02", risk=0, mode="phone")],
        [Assigned("p1", "2026-02-02", team="A"), Assigned("p1", "2026-02-02", team="B")],
        [
            Postponed("p1", "2026-02-02", until="2026-02-09", author="a", reason="b"),
            Postponed("p1", "2026-02-02", until="2026-02-10", author="a", reason="b"),
        ],
    ],
)
def test_two_entries_that_contradict_each_other_on_one_day_are_told(entries: list[Entry]) -> None:
    """Both stand until one is retracted; on different days they are no contradiction."""
    (doubt,) = [doubt for doubt in found(*entries) if doubt.code == "contradiction"]
    assert set(doubt.entries) == set(entries)
    assert "contradiction" not in codes(entries[0])


@pytest.mark.parametrize(
    ("entry", "doubted"),
    [
        (Missed("p1", "2026-03-02"), True),
        (Admitted("p1", "2026-03-02"), True),
        (Incident("p1", "2026-03-02"), True),
        (seen("2026-03-02"), True),
        (seen("2026-03-01"), False),  # on the day itself, before it
        (Discharged("p1", "2026-03-02"), False),
        (Done("p1", "2026-03-02", kind="report", to=["police"]), False),
    ],
)
def test_whatever_cannot_happen_to_the_dead_is_told(entry: Entry, doubted: bool) -> None:  # noqa: FBT001
    """One of the two is wrong: what is dated after the death, or the death."""
    assert ("entry-after-death" in codes(Died("p1", "2026-03-01"), entry)) == doubted


@pytest.mark.parametrize(("mode", "told"), [("home", True), ("phone", False)])
def test_who_was_seen_in_person_while_moved_out_is_told(mode: str, told: bool) -> None:  # noqa: FBT001
    """It does not bring the patient back, as a transfer does; by telephone it contradicts nothing."""
    visit = Visited("p1", "2026-03-02", risk=0, mode=mode, seen=["patient"])
    assert ("seen-while-moved-out" in codes(MovedOut("p1", "2026-03-01"), visit)) == told


TOLD: dict[str, Any] = {"kind": "report", "to": ["care_group", "police", "higher_centre"]}


@pytest.mark.parametrize(
    ("entries", "on", "told"),
    [
        ([], "2026-03-09", False),  # the report itself is still on the list
        ([Found("p1", "2026-03-10")], "2026-03-10", True),
        ([Found("p1", "2026-03-10")], "2027-03-09", True),
        ([Found("p1", "2026-03-10")], "2027-03-10", False),
        ([Found("p1", "2026-03-10"), Done("p1", "2026-03-12", kind="report", to=["police"])], "2026-03-12", True),
        ([Found("p1", "2026-03-10"), Done("p1", "2026-03-12", **TOLD)], "2026-03-12", False),
        ([Found("p1", "2026-03-10"), Done("p1", "2026-03-02", **TOLD)], "2026-03-12", False),
        ([Found("p1", "2026-03-10"), Lost("p1", "2026-04-01")], "2026-04-01", False),
        ([Died("p1", "2026-03-10")], "2026-03-10", True),
    ],
)
def test_a_report_that_was_never_made_is_told_once_the_loss_is_over(entries: list[Entry], on: str, told: bool) -> None:  # noqa: FBT001
    """The line goes with its state; that it was not done stays, until it is, or a new spell or a year has come."""
    assert ("duty-undone" in codes(Lost("p1", "2026-03-01"), *entries, on=on)) == told


def test_a_referral_that_was_never_made_is_told_once_the_class_is_better() -> None:
    """What had fallen due by then is told; the outcome, not due yet, is not."""
    better = seen("2026-02-10", 0, stability="stable")
    doubts = [doubt for doubt in found(seen("2026-02-02", 3), better, on="2026-02-10") if doubt.code == "duty-undone"]
    assert [(str(doubt.facts["due"]), doubt.entries) for doubt in doubts] == [("2026-02-02", (better,))]
    assert '"Refer at once, unstable", last day 2026-02-02' in doubts[0].text("en")
    referred = Referred("p1", "2026-02-02", to="市三院")
    assert "duty-undone" not in codes(seen("2026-02-02", 3), referred, better, on="2026-02-10")


def test_the_same_told_twice_is_no_contradiction() -> None:
    """A second record that says the same of a day, with more words, contradicts nothing."""
    assert "contradiction" not in codes(seen("2026-02-02", 0), seen("2026-02-02", 0, insight="full"))


def test_a_postponement_names_its_author_and_reason() -> None:
    """It counts without them, and they are asked for."""
    assert codes(Postponed("p1", "2026-01-20", until="2026-01-26")) == ["postponed-unsigned"]
    assert codes(Postponed("p1", "2026-01-20", until="2026-01-26", author="甲医生", reason="外出")) == []


@pytest.mark.parametrize(
    ("until", "told"), [("2026-01-19", True), ("2026-01-20", True), ("2026-01-21", False), ("2026-01-12", False)]
)
def test_a_postponement_that_puts_nothing_off_is_told(until: str, told: bool) -> None:  # noqa: FBT001
    """Until its own day or an earlier one; one that the last follow-up leaves without effect is told as such."""
    told_of = codes(Postponed("p1", "2026-01-20", until=until, author="甲", reason="乙"), on="2026-01-21")
    assert told_of == (["postponed-backwards"] if told else ["date-not-after-visit"] * (until == "2026-01-12"))


@pytest.mark.parametrize(
    ("deaths", "told"),
    [
        (["2026-03-01", "2026-03-05"], True),
        (["2026-03-05", "2026-03-01"], True),
        (["2026-03-01", "2026-03-01"], False),
        (["2026-03-01"], False),
    ],
)
def test_two_days_of_death_are_told(deaths: list[str], told: bool) -> None:  # noqa: FBT001
    """One of them is wrong; the same day told twice, with another cause, is none."""
    entries = [Died("p1", day, reason=reason) for day, reason in zip(deaths, ("illness", None), strict=False)]
    doubts = [doubt for doubt in found(*entries) if doubt.code == "died-twice"]
    assert [set(doubt.entries) for doubt in doubts] == [set(entries)] * told
    assert all("recorded: 2026-03-01, 2026-03-05;" in doubt.text("en") for doubt in doubts)


@pytest.mark.parametrize("next_on", [None, "2026-01-23"])
def test_a_postponement_past_the_last_day_is_told(next_on: str | None) -> None:
    """The last day holds, whether or not there was a doctor's date; the last day itself is in time."""
    visit = Visited("p1", "2026-01-12", risk=1, mode="home", next_on=next_on)
    late, in_time = (
        Postponed("p1", "2026-01-20", until=day, author="甲", reason="乙") for day in ("2026-01-27", "2026-01-26")
    )
    doubts = findings(Ledger("p1", [START[0], visit, late]), DONGGUAN, date(2026, 1, 21))
    assert [(doubt.code, doubt.entries) for doubt in doubts] == [("postponed-late", (late,))]
    assert findings(Ledger("p1", [START[0], visit, in_time]), DONGGUAN, date(2026, 1, 21)) == ()


@pytest.mark.parametrize(
    ("kind", "to", "idle"),
    [
        *((kind, None, True) for kind in ("visit", "first-visit", "retry", "referral", "health-check", "report")),
        ("report", [], True),
        ("report", ["police"], False),
        ("referral-check", None, False),
        ("status-check", None, False),
    ],
)
def test_a_duty_entered_as_done_that_it_does_not_settle_is_told(kind: str, to: list[str] | None, idle: bool) -> None:  # noqa: FBT001
    """A register of former days may hold one; it settles nothing, and says so."""
    assert codes(Done("p1", "2026-01-20", kind=kind, to=to), on="2026-01-21") == ["done-nothing"] * idle


def test_a_stay_recorded_after_its_discharge_is_told_while_it_lasts() -> None:
    """Told late of a discharge, and in between that the patient was there: one of the two is wrong, or a second stay."""
    stay = [Admitted("p1", "2026-02-01"), Admitted("p1", "2026-03-01")]
    told = Discharged("p1", "2026-02-20", informed_on="2026-03-10")
    assert codes(*stay, told) == ["away-after-return"]
    assert codes(*stay, told, Discharged("p1", "2026-03-20")) == []


def test_working_days_without_a_notice_are_told() -> None:
    """The reason is marked provisional, the finding says so, and the date is counted all the same."""
    entries = [Registered("p1", "2026-12-28")]
    ledger = Ledger("p1", entries)
    (line,) = [line for line in due_visits(ledger, DONGGUAN, date(2026, 12, 28)) if line.kind == "first-visit"]
    assert (str(line.due_on), line.reasons[0].calendar) == ("2027-01-11", "provisional")
    assert [doubt.code for doubt in findings(ledger, DONGGUAN, date(2026, 12, 28))] == ["calendar-provisional"]
