"""A register whose policies and calendar change, and the lists of days gone by."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_register import renamed, same

from followup import (
    Bucket,
    Entry,
    InvalidPolicy,
    Ledger,
    Registered,
    Retracted,
    Visited,
    WorkList,
    load_policy,
    work_calendar,
)
from followup.dates import SHANGHAI, instant
from followup.errors import RegisterError
from followup.integrity import check
from followup.noticefile import notice_from_text
from followup.policyfile import policy_from_texts
from followup.register import Register
from followup.storage import transaction
from followup.testing import ledgers

NATIONAL, DONGGUAN = load_policy("national-2018"), load_policy("dongguan")
NOTICE = """
year = 2027
source = "虚构的放假通知(测试)"
makeup_days = [2027-01-09]
[[holiday]]
name = "元旦"
from = 2027-01-01
to = 2027-01-05
"""


def at(moment: str) -> str:
    """Return a moment of China's as entries note it."""
    return f"{moment}:00+08:00"


@settings(max_examples=60)
@given(st.lists(ledgers(), min_size=1, max_size=2), st.data())
def test_the_copy_is_the_ledger_across_a_change_of_policy(people: list[Ledger], data: st.DataObject) -> None:
    """Law 10: recorded before or after the change, a list for any day equals the pure function."""
    assume(all(sum(entry.type == "registered" for entry in ledger.facts) == 1 for ledger in people))
    entries = [entry for number, ledger in enumerate(people) for entry in renamed(ledger, f"p{number}")]
    days = sorted({entry.on for entry in entries})
    day = data.draw(st.sampled_from(days)) + timedelta(data.draw(st.integers(-3, 60)))
    half = data.draw(st.booleans())
    register = Register.create(":memory:", NATIONAL, duties_from=days[0])
    if half:
        register.record_all(entries)
    register = register.adopt(DONGGUAN, day)
    if not half:
        register.record_all(entries)
    on = data.draw(st.sampled_from([*days, day])) + timedelta(data.draw(st.integers(-5, 90)))
    policy = evolve(NATIONAL, duties_from=days[0]).then(DONGGUAN, day)
    assert same(register.worklist(on), WorkList.of(register.ledgers(), policy, on))


def test_an_adopted_policy_is_there_when_the_register_is_opened_again(tmp_path: Path) -> None:
    """The register keeps which policy was in force when."""
    with Register.create(tmp_path / "r.db", NATIONAL, date(2026, 1, 1)) as register:
        register.adopt(DONGGUAN, date(2026, 3, 2), at("2026-02-20T08:00"))
    with Register.open(tmp_path / "r.db") as register:
        assert [edition.id for edition in register.policy.editions] == ["national-2018", "dongguan"]
        assert register.policy == evolve(NATIONAL, duties_from=date(2026, 1, 1)).then(DONGGUAN, date(2026, 3, 2))
        assert register.policy.edition(date(2026, 3, 1)).version == NATIONAL.version


def test_a_policy_is_adopted_for_a_later_day_and_once() -> None:
    """Neither the past nor the same policy again; then nothing is changed."""
    register = Register.create(":memory:", NATIONAL).adopt(DONGGUAN, date(2026, 3, 2))
    with pytest.raises(RegisterError, match="a policy was adopted from 2026-03-02 on already"):
        register.adopt(NATIONAL, date(2026, 3, 2))
    with pytest.raises(RegisterError, match="is in force already"):
        register.adopt(DONGGUAN, date(2026, 4, 2))
    assert len(register.policy.editions) == 2


def test_a_policy_that_would_leave_people_unvisited_is_neither_begun_with_nor_adopted(tmp_path: Path) -> None:
    """In Python too: the sentence names the state, in both languages, and nothing is changed."""
    late = policy_from_texts([NATIONAL.texts[0].replace("2018-05-28", "2030-01-01")])
    floorless = policy_from_texts([NATIONAL.texts[0].replace('within = "3 months"', 'within = "4 months"')])
    register = Register.create(":memory:", NATIONAL)
    with pytest.raises(InvalidPolicy, match="nobody would visit: managed, risk not known") as caught:
        register.adopt(late, date(2026, 12, 1))
    assert "无人随访：在管居家、危险性无记录" in caught.value.text("zh")
    assert len(register.policy.editions) == 1
    with pytest.raises(InvalidPolicy, match="fewer than four visits a year: "):
        Register.create(tmp_path / "r.db", floorless)
    assert not (tmp_path / "r.db").exists()


def test_a_register_opens_though_its_policy_would_fail_its_audit_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was adopted once stays in force: the audit may have learned more since."""
    floorless = policy_from_texts([NATIONAL.texts[0].replace('within = "3 months"', 'within = "4 months"')])
    with monkeypatch.context() as before:
        before.setattr("followup.register.check_sound", lambda *_: None)
        Register.create(tmp_path / "r.db", floorless).close()
    with Register.open(tmp_path / "r.db") as register:
        assert register.policy.version == floorless.version


def test_an_adoption_is_withdrawn_before_its_day_and_another_takes_its_place(tmp_path: Path) -> None:
    """The withdrawn rules count for nothing, though a list as it was known before goes by them; the file tells both."""
    day, today = date(2026, 3, 2), date(2026, 2, 22)
    people = [Registered("p1", "2026-01-05"), Visited("p1", "2026-02-20", risk=3, mode="home", stability="unstable")]
    register = Register.create(tmp_path / "r.db", NATIONAL, date(2026, 1, 1), author="甲")
    register.record_all(people)
    register = register.adopt(DONGGUAN, day, at("2026-02-20T08:00"))
    register = register.withdraw(day, today, "文件有误", at("2026-02-22T08:00"))
    pure = WorkList.of(register.ledgers(), evolve(NATIONAL, duties_from=date(2026, 1, 1)), day)
    assert same(register.worklist(day), pure)
    known = register.policy_known(instant(at("2026-02-21T08:00")))
    assert [edition.id for edition in known.editions] == ["national-2018", "dongguan"]
    again = load_policy("basic-service-2017")
    register.adopt(again, day, at("2026-02-22T09:00")).close()
    with Register.open(tmp_path / "r.db") as found:
        assert [edition.version for edition in found.policy.editions] == [NATIONAL.version, again.version]
        told = [(one.id, one.reason, one.noted and one.noted.author) for one in found.adoptions()]
        assert told == [
            ("national-2018", None, "甲"),
            ("dongguan", "文件有误", "甲"),
            ("basic-service-2017", None, "甲"),
        ]
        assert list(check(found)) == []


def test_what_is_in_force_or_was_never_adopted_is_not_withdrawn() -> None:
    """Lists were made by it: another policy is adopted instead, from a later day on."""
    register = Register.create(":memory:", NATIONAL).adopt(DONGGUAN, date(2026, 3, 2))
    with pytest.raises(RegisterError, match="is in force by 2026-03-02, and lists were made by it"):
        register.withdraw(date(2026, 3, 2), date(2026, 3, 2), "late")
    with pytest.raises(RegisterError, match='no policy was adopted from 2026-03-03 on; see "followup policy history"'):
        register.withdraw(date(2026, 3, 3), date(2026, 3, 1), "never")
    with pytest.raises(RegisterError, match="no reason is given"):
        register.withdraw(date(2026, 3, 2), date(2026, 3, 1), "")
    assert len(register.withdraw(date(2026, 3, 2), date(2026, 3, 1), "in time").policy.editions) == 1


def test_who_opened_the_register_before_the_change_writes_no_dates_by_the_old_rules(tmp_path: Path) -> None:
    """Another program's register must be opened again first."""
    mine = Register.create(tmp_path / "r.db", NATIONAL)
    with Register.open(tmp_path / "r.db") as theirs:
        theirs.adopt(DONGGUAN, date(2026, 3, 2))
    with pytest.raises(RegisterError, match="changed since it was opened"):
        mine.record(Registered("p1", "2026-01-05"))
    mine.close()
    with Register.open(tmp_path / "r.db") as again:
        assert again.record(Registered("p1", "2026-01-05"))


def test_a_notice_moves_what_was_counted_provisionally(tmp_path: Path) -> None:
    """Ten working days over a New Year without a notice are counted Monday to Friday, and anew once it is out."""
    people = [Registered("p1", "2026-12-28", team="A")]
    with Register.create(tmp_path / "r.db", NATIONAL) as register:
        register.record_all(people)
        (line,) = [one for one in register.worklist(date(2027, 1, 11)).lines if one.due.kind == "first-visit"]
        assert (str(line.due.due_on), line.due.reasons[0].calendar) == ("2027-01-11", "provisional")
        register.add_notice(NOTICE)
    with Register.open(tmp_path / "r.db") as register:
        (line,) = [one for one in register.worklist(date(2027, 1, 11)).lines if one.due.kind == "first-visit"]
        assert (str(line.due.due_on), line.due.reasons[0].calendar) == ("2027-01-13", "published")
        assert register.worklist(date(2027, 1, 12)).counts[Bucket.OVERDUE] == 0


def test_a_register_counts_by_the_calendar_that_the_library_now_knows(tmp_path: Path) -> None:
    """Where the library has learned of a notice, the kept dates are derived anew when the register is opened."""
    with Register.create(tmp_path / "r.db", NATIONAL) as register:
        register.record(Registered("p1", "2026-12-28"))
        with transaction(register.db):
            register.db.execute("UPDATE due SET due_on = '2027-02-01', opens_on = '2027-01-25'")
            register.db.execute("UPDATE derived SET stamp = 'an older calendar'")
    with Register.open(tmp_path / "r.db") as register:
        on = date(2027, 1, 11)
        assert same(register.worklist(on), WorkList.of(register.ledgers(), register.policy, on))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("year = 2027", "year = 2028", "2027-01-01 does not belong to 2028"),
        ("year = 2027", "", "year: the year of the notice is missing"),
        ("to = 2027-01-05", "to = 2026-12-31", "a holiday from 2027-01-01 to 2026-12-31 cannot be"),
        ('source = "虚构的放假通知(测试)"', "", 'source: "source" is missing'),
        ("[2027-01-09]", "[2027-01-08]", "2027-01-08 is no Saturday or Sunday"),
        ("[2027-01-09]", "[2027-01-02]", "2027-01-02 is a holiday and a working day"),
        ("[2027-01-09]", '["2027-01-09"]', "is no date; write it without quotes"),
        ("from =", "form =", 'holiday[1].form: unknown key "form"; did you mean "from"?'),
        ("[[holiday]]", "[holiday]", "write [[holiday]]"),
        ("source =", "sourec =", 'sourec: unknown key "sourec"; did you mean "source"?'),
        ("year = 2027", "year = ", "this is no valid TOML"),
    ],
)
def test_a_bad_notice_says_where_and_how_to_mend_it(old: str, new: str, problem: str) -> None:
    """A notice is checked whole before it is used."""
    assert old in NOTICE
    with pytest.raises(InvalidPolicy) as caught:
        notice_from_text(NOTICE.replace(old, new))
    assert problem in str(caught.value)


def test_a_notice_of_ones_own_stands_for_its_whole_year() -> None:
    """It makes the year known, counts its make-up days, and lets other years be."""
    calendar = work_calendar(notice_from_text(NOTICE), strict=True)
    assert calendar.is_workday(date(2027, 1, 9))
    assert not calendar.is_workday(date(2027, 1, 4))
    assert calendar.is_workday(date(2026, 2, 28))


HISTORY: list[Entry] = [
    Registered("p1", "2026-01-05", team="A", recorded_at=at("2026-01-05T09:00")),
    Visited("p1", "2026-01-12", risk=2, mode="home", recorded_at=at("2026-01-12T17:00")),
    Visited("p1", "2026-01-20", risk=0, mode="home", stability="stable", recorded_at=at("2026-01-28T08:30")),
]


def end(day: str) -> datetime:
    """Return the last moment of a day."""
    return instant(at(f"{day}T23:59"))


@pytest.mark.parametrize(
    ("on", "known", "listed"),
    [
        ("2026-01-26", None, []),
        ("2026-01-26", "2026-01-26", ["2026-01-26"]),  # as printed that morning: the late visit was not known
        ("2026-01-28", "2026-01-28", []),
        ("2026-01-12", "2026-01-05", ["2026-01-19"]),
        ("2026-01-12", "2026-01-04", []),
    ],
)
def test_a_list_as_it_was_known(on: str, known: str | None, listed: list[str]) -> None:
    """An auditor sees the list of a day as it was printed, and as it should have been."""
    register = Register.create(":memory:", NATIONAL)
    register.record_all(HISTORY)
    found = register.worklist(date.fromisoformat(on), known=None if known is None else end(known))
    assert [str(line.due.due_on) for line in found.lines] == listed


def test_a_retraction_and_a_policy_are_unknown_before_they_are_recorded() -> None:
    """Only the list as known sees the time before a correction, and goes by the policies of then."""
    register = Register.create(":memory:", NATIONAL)
    register.record_all(HISTORY[:2])
    register.record(Retracted("p1", "2026-01-20", entry=HISTORY[1].id, recorded_at=at("2026-01-20T08:00")))
    register = register.adopt(DONGGUAN, date(2026, 1, 1), at("2026-01-25T08:00"))
    before = register.worklist(date(2026, 1, 19), known=end("2026-01-19"))
    assert [line.due.kind.value for line in before.lines] == ["visit"]
    assert before.policy.edition(before.on).id == "national-2018"
    assert [line.due.kind.value for line in register.worklist(date(2026, 1, 19)).lines] == ["first-visit"]
    assert register.policy.edition(date(2026, 1, 19)).id == "dongguan"


def test_a_list_compared_with_an_earlier_one_says_who_is_new_and_who_left() -> None:
    """By the entry that was made since, by a day that came, or by a rule."""
    register = Register.create(":memory:", NATIONAL)
    register.record_all(
        [
            *HISTORY,
            Registered("p2", "2026-01-13", team="A", recorded_at=at("2026-01-13T09:00")),
            Registered("p3", "2026-01-05", team="A", recorded_at=at("2026-01-28T09:00")),
        ]
    )
    today = date(2026, 1, 28)
    found = register.compared(register.worklist(today), date(2026, 1, 19))
    told = [(move.line.due.patient, move.is_new, move.entry and move.entry.type) for move in found.moves]
    assert told == [("p3", True, "registered"), ("p2", True, None), ("p1", False, "visited")]
    assert register.compared(register.worklist(today), today - timedelta(1)).since == date(2026, 1, 27)


def test_a_moment_without_a_zone_is_chinas() -> None:
    """What was recorded at nine in the morning was recorded at nine in China."""
    assert instant("2026-01-05T09:00") == datetime(2026, 1, 5, 9, tzinfo=SHANGHAI)
