"""The directory of teams in a register: append-only, as it was known, sealed, and never between two states."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from test_integrity import behind, codes
from test_teams import NAMES, SEASON, crews, records, worked_cases

from followup import Area, Assigned, CareTeam, Directory, Member, Registered, Visited, WorkList, load_policy
from followup.audittrail import writings
from followup.cli import main
from followup.dates import SHANGHAI
from followup.exports import export
from followup.integrity import check
from followup.register import Register
from followup.teamchecks import RefusedTeams, errors
from followup.teamforms import read_teams
from followup.teamrows import Told, directory_near, rows
from followup.teams import Record
from followup.terms import Role

POLICY = load_policy("dongguan")
ON = date(2026, 11, 23)
AREA = Area("甲村", "village", "一镇")
TEAM = CareTeam("甲组", "care_group", AREA, since="2026-01-01")
POLICE = Member("甲组", "钱二", "police", "19900000001")
CADRE = Member("甲组", "赵一", "village_cadre")
PEOPLE = [
    Registered("p1", "2026-10-08", team="甲组", village="甲村"),
    Visited("p1", "2026-11-16", risk=3, mode="home"),
    Registered("p2", "2026-10-08", team="乙组"),
    Visited("p2", "2026-11-16", risk=3, mode="home"),
    Registered("p3", "2026-11-20"),
]


def at(day: str, *told: Record) -> list[Told]:
    """Return rows as recorded on a day."""
    return [Told(record, f"{day}T09:00:00+08:00") for record in told]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a register with a directory in a file."""
    with Register.create(tmp_path / "r.db", POLICY, date(2026, 1, 1), author="甲医生") as register:
        register.record_all(PEOPLE)
        register.record_teams(at("2026-11-01", TEAM, POLICE, CADRE))
        register.record_teams(at("2026-11-10", evolve(POLICE, until=date(2026, 11, 9))))
    return tmp_path / "r.db"


@pytest.fixture
def register(path: Path) -> Iterator[Register]:
    """Open it."""
    with Register.open(path) as found:
        yield found


def vacant(found: WorkList) -> dict[str, list[str]]:
    """Return the roles that each patient's team lacks."""
    return {line.due.patient: [str(role) for role in line.crew.vacant] for line in found.lines if line.crew is not None}


def test_the_last_row_of_a_key_counts_and_an_ending_is_taken_back(register: Register) -> None:
    """A member leaves, and has not left: nothing is overwritten, and the audit tells of each change."""
    assert vacant(register.worklist(ON))["p1"] == ["police"]
    assert register.record_teams(at("2026-11-20", POLICE)) == 1
    assert vacant(register.worklist(ON))["p1"] == []
    assert [row.record for row in rows(register.db)] == [
        TEAM,
        POLICE,
        CADRE,
        evolve(POLICE, until=date(2026, 11, 9)),
        POLICE,
    ]
    told = [(writing.author, writing.subject and writing.subject.partition(":")[0]) for writing in writings(register.db)
            if writing.action == "teams"]  # fmt: skip
    assert told == [("甲医生", "3"), ("甲医生", "4"), (None, "5")]
    assert list(check(register)) == []


def test_telling_twice_changes_nothing(register: Register) -> None:
    """Neither what counts nor an older row from the same moment; an older row told anew is a correction."""
    audit = len(list(writings(register.db)))
    assert register.record_teams(at("2026-11-21", TEAM, CADRE)) == 0
    assert register.record_teams(list(rows(register.db))) == 0
    assert len(list(writings(register.db))) == audit
    assert register.record_teams(at("2026-11-21", POLICE)) == 1
    gone = evolve(CADRE, until=date(2026, 11, 1))
    for told in ([Told(gone)], [Told(CADRE)], [Told(gone)], [Told(CADRE)]):
        assert register.record_teams(told) == 1  # when nobody says when, each is news


def test_a_list_as_known_goes_by_the_directory_as_known(register: Register) -> None:
    """Before anything was told there is no directory; before the policeman's leaving was told he was there."""

    def known(day: int) -> WorkList:
        return register.worklist(ON, known=datetime(2026, 11, day, 23, tzinfo=SHANGHAI))

    register.record(Visited("p1", "2026-10-20", risk=3, mode="home", recorded_at="2026-10-20T09:00:00+08:00"))
    assert [vacant(known(day)).get("p1") for day in (1, 9, 10, 23)] == [[], [], ["police"], ["police"]]
    before = register.worklist(ON, known=datetime(2026, 10, 31, 23, tzinfo=SHANGHAI))
    assert before.lines
    assert all(line.crew is None for line in before.lines)


def test_people_for_whom_no_team_answers_are_in_a_group_of_their_own(register: Register) -> None:
    """They stay on the list, with the reason; a directory that is withdrawn as a whole is none."""
    found = register.worklist(ON, within=30)
    assert {line.due.patient: line.group for line in found.lines} == {"p1": "甲组", "p2": None, "p3": None}
    assert register.people_by_team(ON) == {None: 1, "乙组": 1, "甲组": 1}
    gone = [evolve(record, withdrawn=True) for record in (TEAM, POLICE, CADRE)]
    register.record_teams(at("2026-11-22", *gone))
    assert all(line.crew is None for line in register.worklist(ON).lines)
    register.record_teams(at("2026-11-23", TEAM))
    assert {line.group for line in register.worklist(ON).lines} == {"甲组", None}


def test_a_list_tells_of_the_directory_when_it_was_made(register: Register) -> None:
    """What is told of teams after it changes nothing in it."""
    for team in ("甲组", None):
        found = register.worklist(ON, team)
        register.record_teams(at("2026-11-20", Member("甲组", f"孙{team}", "police")))
        register.record_teams(at("2026-11-21", Member("甲组", f"孙{team}", "police", withdrawn=True)))
        later = Member("甲组", f"李{team}", "police")
        before = register.worklist(ON, team)
        register.record_teams(at("2026-11-22", later))
        assert vacant(found)["p1"] == vacant(before)["p1"] == ["police"]
        register.record_teams(at("2026-11-22", evolve(later, withdrawn=True)))


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (evolve(TEAM, since=date(2026, 5, 1)), "is told twice for the same days"),
        (Member("乙组", "赵一", "police"), 'there is no team "乙组"; import the team'),
        (evolve(CADRE, since=date(2026, 1, 1), withdrawn=True), "there is no such row to withdraw"),
    ],
)
def test_what_leaves_it_open_who_answers_is_refused_as_a_whole(register: Register, told: Record, sentence: str) -> None:
    """Nothing of the batch is recorded, and the register goes on."""
    before = list(rows(register.db)), register.head()
    with pytest.raises(RefusedTeams, match=sentence) as error:
        register.record_teams(at("2026-11-20", Member("甲组", "孙三", "police"), told))
    assert told in {error.value.doubts[0].record, error.value.doubts[0].other}
    assert (list(rows(register.db)), register.head()) == before
    assert list(check(register)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE directory SET body = '{}'",
        "DELETE FROM directory",
        "INSERT OR REPLACE INTO directory VALUES (1, 'x', 'x', '{}', NULL, 'x')",
    ],
)
def test_the_database_refuses_to_change_a_row(register: Register, statement: str) -> None:
    """Rows are added, never changed, deleted or replaced."""
    with pytest.raises(sqlite3.IntegrityError, match="rows of teams are never"):
        register.db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE directory SET body = replace(body, '钱二', '孙三') WHERE seq = 2", ["teams"]),
        ("DELETE FROM directory WHERE seq = 2", ["teams"]),
        ("DELETE FROM directory WHERE seq = 4", ["teams.audit"]),
        ("DELETE FROM directory", ["teams.audit"]),
        ("UPDATE audit SET subject = '3:0123456789abcdef0123' WHERE subject LIKE '3:%'", ["audit", "teams.audit"]),
    ],
)
def test_a_change_behind_the_librarys_back_shows(path: Path, statement: str, said: list[str]) -> None:
    """A row that was changed, taken out or cut off is told of."""
    assert codes(path) == []
    behind(path, statement)
    assert codes(path) == said


def test_a_directory_is_no_part_of_anybodys_ledger(register: Register) -> None:
    """The entries and their chain are the same with and without it, and forgetting somebody leaves it whole."""
    assert register.head().entries == len(PEOPLE)
    register.forget("p1", ON, "request")
    assert [row.record for row in rows(register.db)][:3] == [TEAM, POLICE, CADRE]
    assert list(check(register)) == []


def test_a_copy_has_the_directory(path: Path, register: Register) -> None:
    """A backup is the register, teams and all."""
    register.backup(path.with_name("copy.db"))
    with Register.open(path.with_name("copy.db")) as copy:
        assert copy.directory() == register.directory()
        assert list(check(copy)) == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_directory_leaves_and_comes_back(register: Register, tmp_path: Path, form: str) -> None:
    """JSON lines hold every row and when it was told; the tables hold those that count."""
    hostile = Member("甲组", "=HYPERLINK(1)", "volunteer", "+86 199")
    register.record_teams(at("2026-11-12", hostile, evolve(TEAM, until=date(2026, 12, 31))))
    told = list(rows(register.db))
    export(register.ledgers, tmp_path / "out", form, teams=lambda: told)
    whole = Register.create(":memory:", POLICY)
    reading = read_teams([tmp_path / "out" / "teams.jsonl"], "2026-12-01T09:00:00+08:00")
    assert whole.record_teams(row for row, _ in reading.rows) == len(told)
    assert list(rows(whole.db)) == told
    names = ("teams.csv", "members.csv") if form == "csv" else ("teams.xlsx",)
    tables = Register.create(":memory:", POLICY)
    found = read_teams([tmp_path / "out" / name for name in names])
    assert found.problems == []
    tables.record_teams(row for row, _ in found.rows)
    assert {*tables.directory().records} == {*Directory(register.directory().records).records} - {POLICE, TEAM}
    assert crews_of(tables) == crews_of(register) == crews_of(whole)


def crews_of(register: Register) -> Any:
    """Return who comes on a few days."""
    return [register.directory().crew("甲组", ["police", "volunteer"], date(2026, month, 9)) for month in (1, 11, 12)]


def test_a_register_without_a_directory_exports_none(tmp_path: Path) -> None:
    """No file of teams is made."""
    register = Register.create(":memory:", POLICY)
    register.record_all(PEOPLE)
    export(register.ledgers, tmp_path / "out", teams=lambda: rows(register.db))
    assert not any("team" in found.name or "member" in found.name for found in (tmp_path / "out").iterdir())


def taken(register: Register, batches: Iterable[list[Record]]) -> Directory:
    """Record batches of rows, where the register takes them; return the directory that there should be."""
    known: list[Record] = []
    for batch in batches:
        together = [*known]
        last = {(type(row), row.key): row for row in known}
        for row in batch:
            if last.get((type(row), row.key)) != row:
                together.append(row)
                last[type(row), row.key] = row
        try:
            register.record_teams(map(Told, batch))
            assert not list(errors(Directory(together)))
            known = together
        except RefusedTeams:
            assert list(errors(Directory(together)))
    return Directory(known)


@settings(max_examples=60)
@given(st.lists(st.lists(records(), max_size=5), max_size=5), st.integers(0, 40))
def test_the_copy_is_the_directory(batches: list[list[Record]], days: int) -> None:
    """Law 10 for teams: one team's list reads what is near it, and says what the whole directory says."""
    on = date.fromordinal(SEASON.toordinal() + days)
    register = Register.create(":memory:", POLICY, date(2026, 1, 1))
    for place, team in enumerate((*NAMES, None, "?")):
        patient = f"p{place}"
        register.record_all([
            Registered(patient, "2026-06-01", team=team), Visited(patient, "2026-07-30", risk=4, mode="home"),
            *([Assigned(patient, "2026-09-01", team="C")] if place == 0 else []),
        ])  # fmt: skip
    directory = taken(register, batches)
    assert crews(register.directory(), on) == crews(directory, on)
    for team in (None, *NAMES, "?"):
        found = register.worklist(on, team, 60)
        expected = WorkList.of(register.ledgers(), register.policy, on, team=team, within=60, directory=directory)
        assert (found.counts, found.lines, found.duties) == (expected.counts, expected.lines, expected.duties)
        assert [line.crew for line in found.lines] == [line.crew for line in expected.lines]
    assert list(check(register)) == []


def test_what_is_near_one_team_is_enough_for_it() -> None:
    """Village, town and city, and villages of one name: the crews are those of the whole directory, on any day."""
    whole = worked_cases()
    register = Register.create(":memory:", POLICY)
    register.record_teams(map(Told, whole.records))
    roles = [role for role in Role if role is not Role.GUARDIAN]
    for team in (*whole.teams, "?"):
        near = directory_near(register.db, team)
        for month in range(1, 13):
            on = date(2026, month, 1)
            assert near.crew(team, roles, on) == whole.crew(team, roles, on)


@pytest.mark.parametrize("number", ["19900000012", "139 0000 0012", "9901 0119 9309 0302 51"])
def test_no_number_is_shown_that_stands_for_a_team(tmp_path: Path, number: str) -> None:
    """Whatever is wrong with its rows, or doubted of them, by JSON lines too."""
    team = {"type": "team", "name": number, "kind": "care_group", "area": number, "level": "village", "within": number}
    lines = [team, team | {"since": "2026-01-01"}, {"type": "member", "team": number, "name": "赵一", "role": "police"}]
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    for words in (["init", "r.db"], ["teams", "import", "r.db", str(file), "--lang", "en", "--today", "2026-11-23"]):
        done = CliRunner().invoke(main, [str(tmp_path / word) if word == "r.db" else word for word in words])
    assert "***" in done.output
    assert number not in done.output


def test_rows_of_json_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """Each line with its place and what is wrong."""
    lines = [
        {"type": "squad"}, {"type": "team", "name": "甲组"}, {"type": "member", "team": "甲组", "name": "赵一", "role": "polise"},
        {"type": "member", "team": "甲组", "name": "赵一", "role": "police", "colour": "red"}, [1],
        {"type": "member", "team": "甲组", "name": "赵一", "role": "police", "since": "2026-02-30"},
        {"type": "member", "team": "甲组", "name": "赵一", "role": "police", "recorded_at": "yesterday"},
    ]  # fmt: skip
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n", "utf-8")
    found = [problem.text("en").removeprefix(f"{file}, ") for problem in read_teams([file]).problems]
    assert found == [
        'line 1: "***" is no type; use one of: team, member',
        'line 2: "kind" is missing; give it a value',
        'line 2: "area" is missing; give it a value',
        'line 2: "level" is missing; give it a value',
        'line 3: "polise" is no Role; did you mean "police"?',
        'line 4: unknown key "colour"; use one of: team, name, role, phone, since, until, withdrawn',
        'line 5: "row" is no table of text; write {"key": "value"}',
        'line 6: "2026-02-30" is no day of the calendar between 1900 and 2200; write it as 2026-11-22',
        'line 7: "***" is no moment; write it as 2026-11-22T08:30:00+00:00',
        "line 8: this is no valid JSON (Expecting property name enclosed in double quotes); export the line again",
    ]
