"""Who answers for a patient on a day, and who comes: worked cases, and what holds for any directory."""

from datetime import date, timedelta
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from followup import Area, Assigned, CareTeam, Directory, Ledger, Member, Registered, Visited, WorkList, load_policy
from followup.errors import InvalidEntry
from followup.teamchecks import doubts, errors
from followup.teams import Record
from followup.terms import AreaLevel, Role, TeamKind
from followup.testing import SPANS, ledgers

POLICY: Final = load_policy("dongguan")
ON: Final = date(2026, 11, 23)

#: Rows of teams and of members: what follows stands on them.
TEAMS = """
甲组    care_group        甲村    village  一镇  2026-01-01  -
乙组    care_group        乙村    village  一镇  2026-01-01  2026-06-30
丙组    care_group        丙村    village  二镇  2026-07-01  -
结对    doctor_and_psychologist  甲村  village  一镇  -       -
管理    management_group  一镇    town     某市  -           -
应急    crisis_squad      一镇    town     某市  -           -
专家    city_experts      某市    city     -     -           -
同名    care_group        甲村    village  二镇  -           -
"""
MEMBERS = """
甲组    赵一  village_cadre      -           -
甲组    钱二  police             -           2026-03-31
甲组    孙三  police             2026-05-01  -
乙组    李四  police             -           -
丙组    周五  care_group         -           -
丙组    吴六  social_worker      -           -
结对    郑七  counsellor         -           -
管理    王八  police             -           -
管理    冯九  counsellor         -           -
应急    陈十  police             -           -
应急    褚甲  prevention_doctor  -           -
专家    卫乙  psychiatrist       -           -
同名    蒋丙  federation_worker  -           -
"""
#: Day, the patient's team, a role that is needed; who answers (or why nobody does), whose people come, who.
CASES = """
2026-03-31  甲组  police             甲组            甲组  钱二
2026-04-01  甲组  police             甲组            管理  王八
2026-04-30  甲组  police             甲组            管理  王八
2026-05-01  甲组  police             甲组            甲组  孙三
2026-05-01  甲组  care_group         甲组            甲组  孙三、赵一
2026-05-01  甲组  counsellor         甲组            结对  郑七
2026-05-01  甲组  prevention_doctor  甲组            应急  褚甲
2026-05-01  甲组  psychiatrist       甲组            专家  卫乙
2026-05-01  甲组  federation_worker  甲组            -     -
2026-05-01  甲组  volunteer          甲组            -     -
2026-05-01  甲组  guardian           甲组            not asked for
2025-12-31  甲组  police             team-not-yet    -     -
2026-06-30  乙组  police             乙组            乙组  李四
2026-07-01  乙组  police             team-dissolved  -     -
2026-06-30  丙组  police             team-not-yet    -     -
2026-07-01  丙组  police             丙组            -     -
2026-07-01  丙组  care_group         丙组            丙组  周五
2026-07-01  丁组  police             team-unknown    -     -
2026-07-01  -     police             no-team         -     -
"""


def _cells(table: str) -> list[list[Any]]:
    return [[None if cell == "-" else cell for cell in line.split()] for line in table.strip().splitlines()]


def worked_cases() -> Directory:
    """Return the directory of the tables above."""
    rows: list[Any] = []
    for name, kind, area, level, within, since, until in _cells(TEAMS):
        rows.append(CareTeam(name, kind, Area(area, level, within), since=since, until=until))
    for team, name, role, since, until in _cells(MEMBERS):
        rows.append(Member(team, name, role, since=since, until=until))
    return Directory(rows)


@pytest.mark.parametrize("case", CASES.strip().splitlines())
def test_worked_cases(case: str) -> None:
    """Each line of the table above is so."""
    ((on, team, role, answers, *comes),) = _cells(case)
    crew = worked_cases().crew(team, [str(role)], date.fromisoformat(str(on)))
    assert answers == (crew.team.name if crew.team else str(crew.absence))
    if comes == ["not", "asked", "for"]:
        assert crew.needed == ()
        return
    (post,) = crew.needed
    people = "、".join(sorted(one.name for one in post.people)) or None
    assert (post.team, people) == tuple(comes)
    assert post.is_own is (post.team is not None and post.team == team)
    assert crew.vacant == (() if post.is_own else (role,))


def test_a_patient_who_is_moved_is_answered_for_by_the_new_team_from_that_day_on() -> None:
    """The assignment is dated; before it the old team answers, and a move back is dated too."""
    ledger = Ledger("p1", [
        Registered("p1", "2026-02-01", team="甲组"), Assigned("p1", "2026-05-01", team="乙组"),
        Assigned("p1", "2026-06-01", team="甲组"),
    ])  # fmt: skip
    days = [date(2026, 1, 31), date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 1)]
    found = [worked_cases().answering(ledger, on) for on in days]
    assert [team and team.name for team in found] == [None, "甲组", "乙组", "乙组", "甲组"]


LEDGERS: Final = [
    Ledger("p1", [Registered("p1", "2026-10-08", team="甲组"), Visited("p1", "2026-11-16", risk=3, mode="home")]),
    Ledger("p2", [Registered("p2", "2026-10-08", team="乙组"), Visited("p2", "2026-11-16", risk=3, mode="home")]),
    Ledger("p3", [Registered("p3", "2026-10-08"), Visited("p3", "2026-11-16", risk=3, mode="home")]),
]  # fmt: skip


def test_a_list_says_which_role_is_lacking_and_who_has_no_team() -> None:
    """The sentences are findings of the lines, in every format; lines without any directory are as they were."""
    directory = Directory(
        [row for row in worked_cases().records if not (isinstance(row, Member) and row.name == "孙三")]
    )
    found = WorkList.of(LEDGERS, POLICY, ON, directory=directory)
    visits = {line.due.patient: line for line in found.lines}
    assert [visits[patient].group for patient in ("p1", "p2", "p3")] == ["甲组", None, None]
    told = {patient: [finding.text("en") for finding in line.findings][-1] for patient, line in visits.items()}
    assert told == {
        "p1": "the team has nobody as: police; the nearest team that has is 管理",
        "p2": 'no team answers: "乙组" was dissolved, its last day was 2026-06-30; assign the patient to another',
        "p3": "no team answers: the patient has none; assign the patient to one",
    }
    plain = WorkList.of(LEDGERS, POLICY, ON)
    assert plain == WorkList.of(LEDGERS, POLICY, ON, directory=Directory())
    assert all(line.crew is None and line.group == line.team for line in (*plain.lines, *plain.duties))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "99010119900101001X", "赵一990101199001010011", "a\0"])
def test_a_name_is_a_name(name: str) -> None:
    """Nothing, several lines and what may be an ID number are refused, and not shown."""
    for person, phone in ((name, None), ("赵一", name)):
        with pytest.raises(InvalidEntry) as error:
            Member("甲组", person, "police", phone)
        assert len(name) < 5 or name not in str(error.value)


def test_a_guardian_is_no_member() -> None:
    """The guardian's name would tell who the patient is."""
    with pytest.raises(InvalidEntry, match="a guardian is no member of a team"):
        Member("甲组", "赵一", "guardian")


def test_a_row_does_not_end_before_it_begins() -> None:
    """One day is the shortest span."""
    assert Member("甲组", "赵一", "police", since="2026-01-01", until="2026-01-01")
    with pytest.raises(InvalidEntry, match="it ends on 2025-12-31, before it begins on 2026-01-01"):
        CareTeam("甲组", "care_group", Area("甲村", "village"), since="2026-01-01", until="2025-12-31")


def test_members_do_not_show() -> None:
    """Neither a repr of a row nor one of a directory names anyone."""
    shown = repr(worked_cases()) + repr(worked_cases().records) + repr(worked_cases().crew("甲组", ["police"], ON))
    assert not any(name in shown for name in ("赵一", "孙三", "王八"))


WRONG = [
    (["甲组 care_group 甲村 village 一镇 2026-01-01 -", "甲组 care_group 甲村 village 一镇 2026-05-01 -"],
     '"甲组" is told twice for the same days (from 2026-01-01; from 2026-05-01); end one of the two, or withdraw it (作废)'),
    (["甲组 health_centre 甲镇 town 乙镇 - -", "乙组 health_centre 乙镇 town 甲镇 - -"],
     '"甲镇" (town) cannot lie in "乙镇" (town), which is no larger; mend 上级区域 or 级别'),
    (["甲组 health_centre 甲镇 town 甲镇 - -"],
     '"甲镇" (town) cannot lie in "甲镇" (town), which is no larger; mend 上级区域 or 级别'),
    (["甲组 city_experts 甲市 city 乙村 - -", "乙组 care_group 乙村 village 甲市 - -"],
     '"甲市" (city) cannot lie in "乙村" (village), which is no larger; mend 上级区域 or 级别'),
    (["甲组 health_centre 甲镇 town 甲市 - -", "乙组 crisis_squad 甲镇 town 乙市 - -"],
     '"甲镇" lies in "甲市" by one row and in "乙市" by another; keep the right one'),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "sentence"), WRONG)
def test_what_would_leave_it_open_who_answers_is_an_error(rows: list[str], sentence: str) -> None:
    """Each gets one sentence that says how to mend it."""
    made: list[Any] = []
    for (row,) in map(_cells, rows):
        name, kind, area, level, within, since, until = row
        made.append(CareTeam(name, kind, Area(area, level, within), since=since, until=until))
    assert sentence in [doubt.problem.text("en") for doubt in errors(Directory(made))]


def test_a_member_of_no_team_is_an_error_with_a_close_guess() -> None:
    """Names of teams are alike: only a slip of the pen is guessed."""
    area = Area("清溪村", "village")
    for name, sentence in (
        ("青溪村关爱帮扶小组", 'there is no team "青溪村关爱帮扶小组"; did you mean "清溪村关爱帮扶小组"?'),
        (
            "云岭村关爱帮扶小组",
            'there is no team "云岭村关爱帮扶小组"; import the team with its members, or mend the name',
        ),
    ):
        rows: list[Record] = [CareTeam("清溪村关爱帮扶小组", "care_group", area), Member(name, "赵一", "police")]
        assert [doubt.problem.text("en") for doubt in errors(Directory(rows))] == [sentence]


def test_what_is_doubtful_is_said() -> None:
    """A squad without its psychologist, a team without members, a member told twice or outside of the team's days."""
    rows: list[Any] = [
        *worked_cases().records,
        Member("甲组", "赵一", "village_cadre", since="2026-03-01"),
        Member("乙组", "沈丁", "volunteer", since="2026-07-01"),
        CareTeam("空组", "care_group", Area("空村", "village", "三镇")),
    ]
    assert [doubt.problem.text("en") for doubt in doubts(Directory(rows), ON)] == [
        '"结对" (prevention doctor and psychologist) has nobody as: prevention doctor',
        '"空组" has no member on 2026-11-23',
        '"应急" (crisis squad) has nobody as: counsellor',
        'no team says where "二镇" lies, the area around that of "丙组": no team beyond can be named for it; import a team of "二镇"',
        'no team says where "三镇" lies, the area around that of "空组": no team beyond can be named for it; import a team of "三镇"',
        'a member of "甲组" (village cadre) is told twice for the same days (at all times; from 2026-03-01); the person is named once',
        'a member of "乙组" (volunteer) is told for days (from 2026-07-01) on which there is no such team; the person is never named',
    ]


# What holds for any directory.

SEASON: Final = SPANS[0][0]
NAMES: Final = ("A", "B", "C")
_AREAS: Final = (
    *(Area(name, "village", within) for name in ("v1", "v2") for within in ("t1", "t2", None)),
    *(Area("t1", "town", within) for within in ("c", "t2", None)),
    Area("t2", "town", "t1"), Area("c", "city"), Area("c", "city", "v1"),
)  # fmt: skip
_DAYS: Final = st.integers(0, 40).map(lambda days: SEASON + timedelta(days))


@st.composite
def spans(draw: st.DrawFn) -> dict[str, date | None]:
    """Draw two days in order, either of which may be open."""
    since, until = sorted([draw(_DAYS), draw(_DAYS)])
    return {"since": draw(st.sampled_from([None, since])), "until": draw(st.sampled_from([None, until]))}


def records() -> SearchStrategy[Record]:
    """Draw a row of a few teams and a few people, so that corrections, overlaps and circles of areas do happen."""
    names = st.sampled_from(NAMES)
    teams = st.builds(
        lambda name, kind, area, days: CareTeam(name, kind, area, **days),
        names, st.sampled_from(list(TeamKind)), st.sampled_from(_AREAS), spans(),
    )  # fmt: skip
    roles = st.sampled_from([Role.CARE_GROUP, Role.POLICE, Role.VILLAGE_CADRE])
    members = st.builds(
        lambda team, name, role, days: Member(team, name, role, **days),
        names, st.sampled_from(["某甲", "某乙"]), roles, spans(),
    )  # fmt: skip
    return teams | teams | members | members


DIRECTORIES: Final = st.lists(records(), max_size=14).map(Directory)
ASKED: Final = (Role.CARE_GROUP, Role.POLICE)


def crews(directory: Directory, on: date) -> list[Any]:
    """Return who comes for the patients of every team, of none and of one that nobody knows."""
    return [directory.crew(team, ASKED, on, [Role.VILLAGE_CADRE]) for team in (*NAMES, None, "?")]


def named(found: list[Any]) -> list[Any]:
    """Return who comes by their names alone."""
    return [
        (crew.team and crew.team.name, crew.absence, post.role, post.team, [person.name for person in post.people])
        for crew in found
        for post in (*crew.needed, *crew.invited)
    ]


def standing_rows(directory: Directory) -> list[Record]:
    """Return the rows that count."""
    groups: list[Any] = [*directory.teams.values(), *directory.members.values()]
    return [row for rows in groups for row in rows]


@given(DIRECTORIES, _DAYS, st.randoms(use_true_random=False))
def test_the_order_of_rows_of_different_keys_does_not_matter(directory: Directory, on: date, random: Any) -> None:
    """Whoever tells the rows that count, in whatever order, gets the same answer, every time."""
    rows = standing_rows(directory)
    random.shuffle(rows)
    assert crews(Directory(rows), on) == crews(directory, on) == crews(directory, on)


@given(DIRECTORIES, _DAYS)
def test_whoever_comes_is_there_on_that_day(directory: Directory, on: date) -> None:
    """Nobody is named before the first day or after the last, of person or team; a vacant role is nobody's own."""
    for crew in crews(directory, on):
        assert (crew.team is None) == (crew.absence is not None)
        for post in (*crew.needed, *crew.invited):
            assert (post.team is None) == (not post.people)
            assert post.is_own == (crew.team is not None and post.team == crew.team.name)
            for row in (*post.people, *filter(None, [directory.team(post.team, on)])):
                assert (row.since or on) <= on <= (row.until or on)
            assert all(person.team == post.team for person in post.people)


@given(DIRECTORIES, st.data(), _DAYS, _DAYS)
def test_an_ending_taken_back_restores_everything(
    directory: Directory, data: st.DataObject, end: date, on: date
) -> None:
    """A member who left, or a team dissolved, and then not: told anew, the row is as if nothing had happened."""
    rows = standing_rows(directory)
    if not rows:
        return
    row = data.draw(st.sampled_from(rows))
    ended = evolve(row, until=max(end, row.since or end))
    assert crews(Directory([*directory.records, ended, row]), on) == crews(directory, on)
    if ended.until is not None and on <= min(ended.until, row.until or on):
        assert named(crews(Directory([*directory.records, ended]), on)) == named(crews(directory, on))


@given(DIRECTORIES, records(), _DAYS)
def test_a_row_withdrawn_is_as_if_it_had_never_been_told(directory: Directory, row: Record, on: date) -> None:
    """Its key is free again."""
    without = Directory([old for old in directory.records if (type(old), old.key) != (type(row), row.key)])
    withdrawn = Directory([*directory.records, row, evolve(row, withdrawn=True)])
    assert crews(withdrawn, on) == crews(without, on)


@given(DIRECTORIES)
def test_without_errors_one_row_of_a_team_holds_on_each_day(directory: Directory) -> None:
    """Then areas go in no circle either, and every chain of them ends."""
    if list(errors(directory)):
        return
    for days in range(42):
        on = SEASON + timedelta(days)
        for rows in directory.teams.values():
            assert sum((row.since or on) <= on <= (row.until or on) for row in rows) <= 1
    for rows in directory.teams.values():
        for row in rows:
            area: Area | None = row.area
            levels = []
            while area is not None:
                levels.append(list(AreaLevel).index(area.level))
                area = directory.around(area)
            assert levels == sorted(set(levels))


@given(st.lists(ledgers(), min_size=1, max_size=3), DIRECTORIES, st.data())
def test_everybody_is_in_exactly_one_group(people: list[Ledger], directory: Directory, data: st.DataObject) -> None:
    """With a directory nobody leaves the list and nothing moves; each patient is in one group: the team's, or none's."""
    on = data.draw(_DAYS)
    people = [evolve(ledger, entries=[*ledger.entries]) for ledger in {one.patient: one for one in people}.values()]
    plain, found = (WorkList.of(people, POLICY, on, within=60, directory=given) for given in (None, directory))
    assert found.counts == plain.counts
    for before, after in zip((*plain.lines, *plain.duties), (*found.lines, *found.duties), strict=True):
        assert (before.due, before.bucket, before.team) == (after.due, after.bucket, after.team)
        assert after.findings[: len(before.findings)] == before.findings
        if directory:
            team = directory.team(after.team, on)
            assert after.group == (team and team.name)
            said = [finding.code for finding in after.findings if finding.code.split("-")[0] in {"no", "team"}]
            assert len(said) == (team is None)
    groups: dict[str, set[str | None]] = {}
    for line in (*found.lines, *found.duties):
        groups.setdefault(line.due.patient, set()).add(line.group)
    assert all(len(group) == 1 for group in groups.values())
