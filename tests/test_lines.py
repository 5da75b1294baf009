"""What a line says beside its last day: for which day it is planned, and why."""

import json
from datetime import date

import pytest

from followup import (
    Died,
    Done,
    DueVisit,
    Entry,
    Ledger,
    Lost,
    Missed,
    Postponed,
    Registered,
    Visited,
    WorkList,
    due_visits,
    load_policy,
)
from followup.explanation import explain
from followup.views import render

NATIONAL = load_policy("national-2018")
DONGGUAN = load_policy("dongguan")


def line_of(kind: str, on: str, *entries: Entry) -> DueVisit:
    """Return the line of a kind that somebody has on a day, under the Dongguan rules."""
    (found,) = [
        line for line in due_visits(Ledger("p1", entries), DONGGUAN, date.fromisoformat(on)) if line.kind == kind
    ]
    return found


@pytest.mark.parametrize(
    ("until", "plan_on"),
    [
        (None, "2026-04-03"),  # the last working day before Qingming
        ("2026-03-10", "2026-03-23"),  # before the window, which opens on a Sunday: its first working day
        ("2026-03-22", "2026-03-23"),
        ("2026-03-28", "2026-03-27"),
        ("2026-04-30", "2026-04-03"),
    ],
)
def test_a_postponement_moves_the_plan_within_the_window(until: str | None, plan_on: str) -> None:
    """The plan is a working day of the window while it has one, whatever the postponement says."""
    told = [] if until is None else [Postponed("p1", "2026-03-01", until=until)]
    seen = Visited("p1", "2026-01-05", risk=0, mode="home", stability="stable")
    line = line_of("visit", "2026-03-02", Registered("p1", "2026-01-05"), seen, *told)
    assert (str(line.opens_on), str(line.due_on)) == ("2026-03-22", "2026-04-05")
    assert str(line.plan_on) == plan_on


def test_a_postponement_moves_no_duty() -> None:
    """It is the next follow-up that is postponed; the health check stays planned for its own last day."""
    told = [Registered("p1", "2026-01-05"), Visited("p1", "2026-01-08", risk=0, mode="home")]
    told_later = [*told, Postponed("p1", "2026-03-30", until="2026-04-03")]
    for entries in (told, told_later):
        assert str(line_of("health-check", "2026-03-31", *entries).plan_on) == "2027-01-05"


def test_a_joint_rule_counts_from_the_last_follow_up_of_its_kind() -> None:
    """A lone visit later than the joint one is the last follow-up of the other rules, and they are told apart."""
    joint = Visited("p1", "2026-01-08", risk=3, mode="home", present=["care_group", "police"])
    alone = Visited("p1", "2026-01-15", risk=3, mode="home", present=[])
    reasons = {
        reason.rule: reason
        for reason in line_of("visit", "2026-01-16", Registered("p1", "2026-01-05"), joint, alone).reasons
    }
    assert "from 2026-01-08 (the last follow-up of this kind)" in reasons["risk3-joint"].text("en")
    assert "自2026-01-08(上次符合要求的随访)起" in reasons["risk3-joint"].text("zh")
    assert "from 2026-01-15 (the last follow-up)" in reasons["unstable"].text("en")


def test_what_is_not_the_norms_wording_is_marked_wherever_it_is_read() -> None:
    """A rule that nobody checked, or that this library assumes, says so in every sentence; what was read needs no mark."""
    told = [Registered("p1", "2026-01-05"), Visited("p1", "2026-01-08", risk=3, mode="home")]
    line = line_of("visit", "2026-01-16", *told)
    texts = {reason.rule: (reason.text("en"), reason.text("zh")) for reason in line.reasons}
    assert "随访管理; unconfirmed]" in texts["unstable"][0]
    assert "随访管理，未经核对〕" in texts["unstable"][1]
    assert "严重精神障碍患者管理服务规范]" in texts["floor"][0]
    assert "二(二)〕" in texts["risk3-joint"][1]
    silent = explain(Ledger("p1", told), NATIONAL, date(2026, 1, 16))
    assert (
        "First follow-up, face-to-face: settled [严重精神障碍管理治疗工作规范(2018年版) 随访管理; unconfirmed]"
        in silent
    )
    assert "本库假设 参照一份应急处置流程图; an assumption, no norm's text]" in silent
    assert "规范未载明，假设，非规范原文〕" in explain(Ledger("p1", told), NATIONAL, date(2026, 1, 16), "zh")


@pytest.mark.parametrize(("met_on", "words"), [("2024-12-18", False), ("2024-12-17", True), ("2024-12-19", False)])
def test_a_reason_names_the_change_of_rules_only_where_the_day_hangs_on_it(met_on: str, words: bool) -> None:  # noqa: FBT001
    """A period that ends on the very day of the change, or after it, sets that day by itself."""
    seen = Visited("p1", met_on, risk=3, mode="home", present=["prevention_doctor", "police", "care_group"])
    line = line_of("visit", "2025-01-02", Registered("p1", "2024-10-01"), seen)
    (reason,) = [reason for reason in line.reasons if reason.rule == "risk3-joint"]
    assert reason.not_before == date(2025, 1, 1)
    assert ("as the rules changed" in reason.text("en"), "因规则更替" in reason.text("zh")) == (words, words)


@pytest.mark.parametrize(
    ("entry", "chinese", "english"),
    [
        (Lost("p1", "2026-02-02", reason="working_away"), "外出务工", "working away"),
        (Missed("p1", "2026-02-02", reason="not_reached"), "连续3次未访到", "not reached three times"),
        (Died("p1", "2026-02-02", reason="illness"), "躯体疾病", "physical illness"),
        (Done("p1", "2026-02-02", kind="status-check", outcome="in_hospital"), "住院", "in hospital"),
        (Lost("p1", "2026-02-02", reason="去了 working_away"), "去了 working_away", "去了 working_away"),
    ],
)
def test_a_story_has_the_forms_words_for_what_its_codes_told(entry: Entry, chinese: str, english: str) -> None:
    """An import records why somebody was lost or died as a term; it is read in the reader's language."""
    ledger = Ledger("p1", [Registered("p1", "2026-01-05"), entry])
    for lang, words in (("zh", chinese), ("en", english)):
        told = [line for line in explain(ledger, NATIONAL, date(2026, 2, 3), lang).splitlines() if "2026-02-02" in line]
        assert any(words in line for line in told), told


def test_a_list_says_to_whom_a_report_is_still_owed() -> None:
    """In the table in words, in JSON as codes; whoever was told is left out."""
    told = [Registered("p1", "2026-01-05"), Lost("p1", "2026-02-02")]
    report = Done("p1", "2026-02-03", kind="report", to=["police"])
    found = WorkList.of([Ledger("p1", [*told, report])], NATIONAL, date(2026, 2, 4))
    printed = " ".join(str(render(found, "table", "en")).split())
    assert "report in writing at once (unconfirmed); to care group, higher centre" in printed
    (duty,) = json.loads(str(render(found, "json", "en")))["duties"]
    assert duty["reasons"][0]["to"] == ["care_group", "higher_centre"]
