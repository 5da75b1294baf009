"""Tables of teams as people make them, imported and shown by the command line in both languages."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from followup.cli import main
from followup.register import Register
from followup.teamforms import read_teams
from followup.terms import Role, TeamKind

TODAY = "2026-11-23"
TEAMS = """\
某市责任团队一览表,,,,,
团队名称*,类 别,所在区域,上级区域,成立日期,撤销日期
甲村关爱帮扶小组,关爱帮扶小组,甲村,一镇,2025.1.1,
一镇综合管理小组,精神卫生综合管理小组,一镇,某市,2025年1月1日,
一镇应急处置队伍,应急处置队伍,一镇,某市,20250101,
市级专家组,市级专家组,某市,,2025/1/1,
合计4个,,,,,
"""
MEMBERS = """\
团队名称,姓名,角色,电话,起始日期,结束日期
甲村关爱帮扶小组,赵一,村干部,19900000001,,
甲村关爱帮扶小组,钱二,社区民警,19900000002,,2026/10/31
一镇综合管理小组,孙三,镇街专干,,,
一镇应急处置队伍,李四,民警、心理咨询师,１９９０００００００４,,
市级专家组,周五,市级专家、精神科医师,,,
"""
PEOPLE = """\
{"type": "registered", "patient": "p1", "on": "2026-10-12", "team": "甲村关爱帮扶小组", "village": "甲村", "name": "王某", "guardian": "王监"}
{"type": "visited", "patient": "p1", "on": "2026-11-16", "risk": 4, "mode": "home", "present": ["prevention_doctor"]}
{"type": "registered", "patient": "p2", "on": "2026-10-12", "team": "甲村帮扶小组"}
{"type": "visited", "patient": "p2", "on": "2026-11-16", "risk": 3, "mode": "home"}
{"type": "registered", "patient": "p3", "on": "2026-11-13"}
{"type": "registered", "patient": "p4", "on": "2026-01-13", "team": "没了组"}
{"type": "died", "patient": "p4", "on": "2026-03-01"}
"""
SECRETS = ("赵一", "钱二", "孙三", "李四", "周五", "19900000001", "19900000004", "王某", "王监")


def run(*words: str | Path, code: int = 0, lang: str = "en") -> Result:
    """Run a command in a language, on a fixed day, and check its exit code."""
    done = CliRunner().invoke(main, [*map(str, words), "--today", TODAY, "--lang", lang])
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Put a register and both tables into a folder."""
    for name, text in (("teams.csv", TEAMS), ("members.csv", MEMBERS), ("people.jsonl", PEOPLE)):
        (tmp_path / name).write_text(text, "utf-8")
    run("init", tmp_path / "r.db", "--policy", "dongguan")
    run("import", tmp_path / "r.db", tmp_path / "people.jsonl")
    return tmp_path


def squeezed(text: str) -> str:
    """Return a text without spaces and line breaks, wherever it was wrapped."""
    return "".join(text.split())


def imported(folder: Path, *words: str, code: int = 0, lang: str = "en") -> Result:
    """Import both tables."""
    return run(
        "teams", "import", folder / "r.db", folder / "teams.csv", folder / "members.csv", *words, code=code, lang=lang
    )


def test_tables_are_read_as_people_make_them(folder: Path) -> None:
    """A title, a total, other words for columns and terms, days in every form, several roles in a cell."""
    done = imported(folder)
    assert done.stdout == "11 rows of teams and members recorded, 0 known already.\n"
    assert "teams.csv, row 7: a total or a remark below the table; the row was skipped" in done.stderr
    with Register.open(folder / "r.db") as register:
        directory = register.directory()
    assert {team.since for rows in directory.teams.values() for team in rows} == {date(2025, 1, 1)}
    assert [str(team.area.level) for team in directory.teams_on(date(2026, 1, 1))] == [
        "village",
        "city",
        "town",
        "town",
    ]
    (squad,) = {member.phone for member in directory.members["一镇应急处置队伍"]}
    assert squad == "19900000004"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_both_encodings_give_the_same(folder: Path, encoding: str) -> None:
    """UTF-8 with BOM or GB18030."""
    plain = [told.record for told, _ in read_teams([folder / "teams.csv", folder / "members.csv"]).rows]
    for name, text in (("teams.csv", TEAMS), ("members.csv", MEMBERS)):
        (folder / name).write_text(text, encoding)
    found = read_teams([folder / "teams.csv", folder / "members.csv"])
    assert ([told.record for told, _ in found.rows], found.problems) == (plain, [])


def test_both_tables_may_stand_in_one_workbook(folder: Path) -> None:
    """Real days and numbers of a spreadsheet are read; another sheet is skipped, with a note."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "说明"
    sheet.append(["请按镇街填写"])
    for title, text in (("团队", TEAMS), ("成员", MEMBERS)):
        page = book.create_sheet(title)
        for row in csv.reader(io.StringIO(text)):
            page.append(
                [
                    date(2025, 1, 1) if cell == "2025.1.1" else int(cell) if cell.isascii() and cell.isdigit() else cell
                    for cell in row
                ]
            )
    book.save(folder / "book.xlsx")
    done = run("teams", "import", folder / "r.db", folder / "book.xlsx", lang="zh")
    assert done.stdout == "新录入团队和成员11行，已有0行。\n"
    assert "“说明”表：该工作表既不是团队表，也不是成员表，已跳过" in done.stderr
    assert imported(folder).stdout == "0 rows of teams and members recorded, 11 known already.\n"


def test_every_kind_and_role_is_read_by_its_label_and_by_its_code(tmp_path: Path) -> None:
    """Only a guardian is no member."""
    for word in ("zh", "value"):
        teams = "团队名称,类别,区域,级别\n" + "".join(f"{kind},{getattr(kind, word)},甲村,村\n" for kind in TeamKind)
        roles = [role for role in Role if role is not Role.GUARDIAN]
        members = "团队名称,姓名,角色\n" + "".join(f"care_group,某甲,{getattr(role, word)}\n" for role in roles)
        (tmp_path / "t.csv").write_text(teams, "utf-8")
        (tmp_path / "m.csv").write_text(members, "utf-8")
        found = read_teams([tmp_path / "t.csv", tmp_path / "m.csv"])
        assert found.problems == []
        assert len(found.rows) == len(TeamKind) + len(roles)


BAD_TEAMS = """\
团队名称,类别,区域,上级区域,成立日期,撤销日期
甲村关爱帮扶小组,关爱小组,甲村,一镇,2025-02-30,
99010119900101001X,关爱帮扶小组,乙村,一镇,,
丙组,社区卫生服务中心,丙地,一镇,,
丁组,关爱帮扶小组,,一镇,2025-01-01,2024-12-31
戊组,关爱帮扶小组,戊村,一镇,,
戊组,关爱帮扶小组,戊村,二镇,,
己组,关爱帮扶小组,己村,一镇19900000012,,
"""
BAD_MEMBERS = """\
团队名称,姓名,角色,电话
戊组,,民警,
戊组,赵一990101199001010011,民警,
戊组,钱二,监护人,
戊组,孙三,警察叔叔,
戊组,李四,民警,990101199001010011
"""
EN = [
    "bt.csv, row 2, column 类别: “***” is none of the words for it; use 关爱帮扶小组、社区卫生服务中心、",
    "bt.csv, row 2, column 成立日期: “2025-02-30” is no date; write 2026-11-22",
    "bt.csv, row 3, column 团队名称: a name or a telephone is empty, or holds so many digits that it may be an ID number",
    "bt.csv, row 4, column 级别: it does not tell whether the area is a village, a town or a city; fill in 级别",
    "bt.csv, row 5, column 区域: it is empty; fill it in",
    "bt.csv, row 5, column 撤销日期: it ends on 2024-12-31, before it begins on 2025-01-01; mend one of the two",
    "bt.csv, row 7: row 6 tells another thing of the same team (or member) and the same first day; keep one",
    "bt.csv, row 8, column 上级区域: it holds so many digits that it may be an ID number or a telephone",
    "bm.csv, row 2, column 姓名: it is empty; fill it in",
    "bm.csv, row 3, column 姓名: a name or a telephone is empty, or holds so many digits that it may be an ID number",
    "bm.csv, row 4, column 角色: a guardian is no member of a team: the name would tell who the patient is",
    "bm.csv, row 5, column 角色: “***” is none of the words for it; use 精防医生、精神科医师、",
    "bm.csv, row 6, column 电话: a name or a telephone is empty, or holds so many digits that it may be an ID number",
]
ZH = [
    "bt.csv, 第2行, “类别”列：“***”不是此项的用词；可用：关爱帮扶小组、",
    "bt.csv, 第2行, “成立日期”列：“2025-02-30”不是日期",
    "bt.csv, 第3行, “团队名称”列：名称、姓名或电话为空，或含有可能是身份证号的长数字(不予显示)；请只写名称",
    "bt.csv, 第4行, “级别”列：看不出该区域是村(居)、镇街还是市；请填写“级别”(村居、镇街、市)",
    "bt.csv, 第5行, “区域”列：此格为空；请填写",
    "bt.csv, 第5行, “撤销日期”列：末日2024-12-31早于首日2025-01-01；请改正其一",
    "bt.csv, 第7行：与第6行是同一团队(成员)、同一起始日期，内容却不同；请只留一行",
    "bt.csv, 第8行, “上级区域”列：数字过多，可能是身份证号或电话",
    "bm.csv, 第2行, “姓名”列：此格为空；请填写",
    "bm.csv, 第3行, “姓名”列：名称、姓名或电话为空",
    "bm.csv, 第4行, “角色”列：监护人不列为团队成员：其姓名会泄露患者身份；请填在个人信息补充表中",
    "bm.csv, 第5行, “角色”列：“***”不是此项的用词；可用：精防医生、",
    "bm.csv, 第6行, “电话”列：名称、姓名或电话为空",
]


@pytest.mark.parametrize(("lang", "sentences"), [("en", EN), ("zh", ZH)])
def test_every_error_of_every_row_is_answered_and_nothing_is_recorded(
    folder: Path, lang: str, sentences: list[str]
) -> None:
    """With file, row and column; the report has both languages; nobody's name or number is shown."""
    (folder / "bt.csv").write_text(BAD_TEAMS, "utf-8")
    (folder / "bm.csv").write_text(BAD_MEMBERS, "utf-8")
    files = (folder / "bt.csv", folder / "bm.csv")
    done = run("teams", "import", folder / "r.db", *files, "--report", folder / "report.csv", code=3, lang=lang)
    said = [line.replace(f"{folder}/", "") for line in done.stderr.splitlines()]
    assert [line[: len(start)] for line, start in zip(said, sentences, strict=True)] == sentences
    report = (folder / "report.csv").read_text("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(report)))) == 1 + len(sentences)
    assert not any(word in done.output + report for word in (*SECRETS, "990101"))
    assert "! the register keeps no directory of teams" in run("teams", "show", folder / "r.db").stdout


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", "姓名,电话\n某甲,1\n", "t.csv, row 1: there is no table of teams (团队名称, 类别, 区域) or of members"),
        ("t.csv", "团队名称,类别\n甲组,关爱帮扶小组\n", "t.csv, column 区域: the column is missing; add it"),
        ("t.csv", "团队名称,类别,区域\n", "t.csv: there is a header and no row"),
        ("t.csv", "团队名称,姓名,角色,起始日\n甲组,某甲,民警,\n", "column 起始日: no such column on the form; did you mean “起始日期”?"),
        ("t.csv", "团队名称,类别,区域\n甲组,综合管理小组、市级专家组,甲镇\n", "several codes stand here, and the field takes one; use"),
        ("t.csv", "团队名称,类别,区域\n合计,2,\n", "t.csv, row 2: this is a total or a remark below the table; delete the row"),
        ("t.csv", "", "t.csv: the file is empty; export it again"),
        ("t.pdf", "x", "files of this kind cannot be imported"),
        ("t.xlsx", "x", "this is plain text (CSV, perhaps)"),
    ],
)  # fmt: skip
def test_files_that_are_no_table_of_teams_are_answered(folder: Path, name: str, content: str, sentence: str) -> None:
    """Each with a sentence that says what is needed."""
    (folder / name).write_text(content, "utf-8")
    assert sentence in run("teams", "import", folder / "r.db", folder / name, code=3).stderr
    assert "cannot be read" in run("teams", "import", folder / "r.db", folder / "nowhere.csv", code=3).stderr


def test_a_column_of_nobody_is_not_read_and_said(folder: Path) -> None:
    """It stops nothing."""
    (folder / "t.csv").write_text("团队名称,类别,区域,经费\n甲组,关爱帮扶小组,甲村,1\n", "utf-8")
    done = run("teams", "import", folder / "r.db", folder / "t.csv")
    assert "column 经费: the column is neither the teams' nor the members'; it was not read" in done.stderr
    assert '"甲组" has no member on 2026-11-23' in done.stderr


def test_members_of_an_unknown_team_are_errors_at_their_rows(folder: Path) -> None:
    """So is what the whole directory would have wrong, against what the register has already."""
    imported(folder)
    (folder / "t.csv").write_text("团队名称,类别,区域,上级区域\n甲村关爱帮扶小组,关爱帮扶小组,甲村,一镇\n", "utf-8")
    (folder / "m.csv").write_text("团队名称,姓名,角色\n甲村关爱邦扶小组,某甲,民警\n", "utf-8")
    done = run("teams", "import", folder / "r.db", folder / "t.csv", folder / "m.csv", code=3)
    assert [line.replace(f"{folder}/", "") for line in done.stderr.splitlines()] == [
        't.csv, row 2: "甲村关爱帮扶小组" is told twice for the same days (at all times; from 2025-01-01); end one of the two, or withdraw it (作废)',
        'm.csv, row 2: there is no team "甲村关爱邦扶小组"; did you mean "甲村关爱帮扶小组"?',
    ]


def test_a_member_leaves_and_comes_back_within_a_second(folder: Path) -> None:
    """Each import is news, however quickly it follows: the ending, and the row without it."""
    imported(folder)
    rows = "团队名称,姓名,角色,结束日期\n市级专家组,周五,市级专家,{}\n"
    for end, shown in (("2026-11-01", False), ("", True), ("2026-11-01", False), ("", True)):
        (folder / "m.csv").write_text(rows.format(end), "utf-8")
        assert run("teams", "import", folder / "r.db", folder / "m.csv").stdout.startswith("1 row ")
        assert ("city expert: 1" in run("teams", "show", folder / "r.db").stdout) == shown


def test_a_row_is_withdrawn_by_its_column(folder: Path) -> None:
    """A mistake is taken back by telling the row again with 作废."""
    imported(folder)
    (folder / "m.csv").write_text("团队名称,姓名,角色,作废\n市级专家组,周五,市级专家,是\n", "utf-8")
    assert run("teams", "import", folder / "r.db", folder / "m.csv").stdout.startswith("1 row ")
    assert "city expert:" not in run("teams", "show", folder / "r.db").stdout


def test_a_dry_run_checks_and_records_nothing(folder: Path) -> None:
    """It says what it read, and what is doubtful."""
    done = imported(folder, "--dry-run")
    assert done.stdout == "11 rows of teams and members read, nothing wrong; nothing recorded (--dry-run).\n"
    assert "(crisis squad) has nobody as: prevention doctor" in done.stderr
    assert "Teams on 2026-11-23: 0" in run("teams", "show", folder / "r.db").stdout


SHOWN = """\
Teams on 2026-11-23: 4
甲村关爱帮扶小组  care group  一镇, 甲村 (village)  from 2025-01-01
  village cadre: 1
市级专家组  city experts  某市 (city)  from 2025-01-01
  psychiatrist: 1
  city expert: 1
一镇应急处置队伍  crisis squad  某市, 一镇 (town)  from 2025-01-01
  police: 1
  counsellor: 1
一镇综合管理小组  management group  某市, 一镇 (town)  from 2025-01-01
  town worker: 1
  ! "一镇应急处置队伍" (crisis squad) has nobody as: prevention doctor
  ! 1 person has no team
  ! 1 person has the team "甲村帮扶小组", which does not stand in the directory on 2026-11-23; did you mean "甲村关爱帮扶小组"?
"""


def test_teams_are_shown_as_of_a_day_without_names(folder: Path) -> None:
    """Who has left is not counted; for whom no team answers is; the dead need none."""
    imported(folder)
    shown = run("teams", "show", folder / "r.db").stdout
    assert sorted(shown.splitlines()) == sorted(SHOWN.splitlines())
    assert (
        "  police: 1\n"
        in run("teams", "show", folder / "r.db", "--on", "2026-10-31", "--team", "甲村关爱帮扶小组").stdout
    )
    assert "Teams on 2024-12-31: 0" in run("teams", "show", folder / "r.db", "--on", "2024-12-31").stdout


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        ("2025.1.1,2026.10.31", "已撤销，末日为2026-10-31", "was dissolved, its last day was 2026-10-31"),
        ("2027.1.1,", "2027-01-01才成立", "is founded on 2027-01-01 only"),
    ],
)
def test_a_team_that_does_not_stand_is_told_with_its_day(folder: Path, days: str, zh: str, en: str) -> None:
    """Dissolved, or not founded yet: that is said, of its patients too, and no other village's team is guessed."""
    teams = TEAMS.replace("2025.1.1,", days) + "甲林村关爱帮扶小组,关爱帮扶小组,甲林村,一镇,2025.1.1,\n"
    (folder / "teams.csv").write_text(teams, "utf-8")
    imported(folder)
    for lang, told in (("zh", zh), ("en", en)):
        everything = run("teams", "show", folder / "r.db", lang=lang).stdout
        doubts = [line for line in everything.splitlines() if "  ! " in line and "甲村关爱帮扶小组" in line]
        assert sum(told in line for line in doubts) == 1
        assert not any("甲林村" in line for line in doubts)
        assert told in run("teams", "show", folder / "r.db", "--team", "甲村关爱帮扶小组", lang=lang).stdout
    standing = "2026-10-31" if "2026" in days else "2027-01-01"
    assert en not in run("teams", "show", folder / "r.db", "--on", standing, "--team", "甲村关爱帮扶小组").stdout


def test_members_are_shown_by_name_only_when_asked_for(folder: Path) -> None:
    """Names, telephones and days, in either language."""
    imported(folder)
    words = ("teams", "show", folder / "r.db", "--team", "甲村关爱帮扶小组", "--on", "2026-10-31", "--with-names")
    assert run(*words).stdout.splitlines()[2:] == [
        "  police: 钱二 19900000002  until 2026-10-31",
        "  village cadre: 赵一 19900000001  at all times",
    ]
    assert "  民警：钱二 19900000002  至2026-10-31\n" in run(*words, lang="zh").stdout
    assert 'there is no team "甲村"' in run("teams", "show", folder / "r.db", "--team", "甲村", code=3).stderr


def test_a_hostile_name_commands_no_terminal(folder: Path) -> None:
    """Right-to-left marks, formulas and 500 characters are harmless where they are printed."""
    imported(folder)
    name = "=HYPERLINK(1)<script>\u202e😀" + "长" * 500
    (folder / "m.csv").write_text(f"团队名称,姓名,角色\n甲村关爱帮扶小组,'{name},民警\n", "utf-8")
    run("teams", "import", folder / "r.db", folder / "m.csv")
    shown = run("teams", "show", folder / "r.db", "--with-names").stdout
    listed = run("due", folder / "r.db", "--with-names").stdout
    for printed in (shown, listed):
        assert squeezed(name.replace("\u202e", "")) in squeezed(printed)
        assert "\u202e" not in printed
    cell = next(csv.DictReader(io.StringIO(run("due", folder / "r.db", "--with-names", "--format", "csv").stdout)))
    assert name in cell["who comes"]
    with Register.open(folder / "r.db") as register:
        assert name in {member.name for member in register.directory().members["甲村关爱帮扶小组"]}


def test_a_list_names_who_comes_only_when_asked_for(folder: Path) -> None:
    """Which role the team lacks is always said; who comes, and telephones, with --with-names alone."""
    imported(folder)
    for form in ("table", "csv", "json"):
        for lang in ("en", "zh"):
            printed = run("due", folder / "r.db", "--format", form, lang=lang).stdout
            assert not any(word in printed for word in SECRETS), form
            assert ("the team has nobody as: police; the nearest team that has is 一镇应急处置队伍" in printed) == (
                lang == "en"
            )
            assert ("本团队缺少：民警；最近的有此人员的团队是一镇应急处置队伍" in printed) == (lang == "zh")
            named = run("due", folder / "r.db", "--format", form, "--with-names", lang=lang).stdout
            assert all(word in named for word in ("赵一", "李四", "19900000004", "周五", "王某")), form
            assert "王监" not in named
    printed = run("due", folder / "r.db").stdout
    assert "No team answers: 2\n" in printed
    assert '! p2: no team answers: "甲村帮扶小组" is not in the directory of teams' in printed
    assert "! p3: no team answers: the patient has none" in printed
    assert "没有团队负责：2项\n" in run("due", folder / "r.db", lang="zh").stdout
    named = run("due", folder / "r.db", "--with-names").stdout
    assert squeezed(
        "> p1: care group: 赵一 19900000001; police (一镇应急处置队伍): 李四 19900000004; "
        "psychiatrist (市级专家组): 周五; village cadre: 赵一 19900000001"
    ) in squeezed(named)


def test_json_only_gains_keys(folder: Path) -> None:
    """Without a directory the list is what it was; with one each line has its own additional keys."""
    before = json.loads(run("due", folder / "r.db", "--format", "json").stdout)
    imported(folder)
    after = json.loads(run("due", folder / "r.db", "--format", "json").stdout)
    named = json.loads(run("due", folder / "r.db", "--format", "json", "--with-names").stdout)
    for old, new, told in zip(before["lines"], after["lines"], named["lines"], strict=True):
        assert {key: new[key] for key in old if key != "findings"} == {
            key: old[key] for key in old if key != "findings"
        }
        assert new["findings"][: len(old["findings"])] == old["findings"]
        assert new.keys() - old.keys() == {"unanswered", "vacant_roles"}
        assert told.keys() - new.keys() == {"name", "phone", "people"}
    lines = {line["patient"]: line for line in after["lines"]}
    assert [lines[patient]["unanswered"] for patient in ("p1", "p2", "p3")] == [None, "team-unknown", "no-team"]
    assert [lines[patient]["vacant_roles"] for patient in ("p1", "p2")] == [["police"], ["care_group", "police"]]
    (first,) = (line["people"] for line in named["lines"] if line["patient"] == "p1")
    assert first[1] == {
        "role": "police",
        "team": "一镇应急处置队伍",
        "own_team": False,
        "name": "李四",
        "phone": "19900000004",
    }


def test_what_cannot_be_reported_is_not_recorded(folder: Path) -> None:
    """A report that cannot be written stops the import."""
    assert "cannot be written" in imported(folder, "--report", str(folder / "nowhere" / "r.csv"), code=3).stderr
    assert "Teams on 2026-11-23: 0" in run("teams", "show", folder / "r.db").stdout


def test_an_import_tells_of_its_own_teams_alone(folder: Path) -> None:
    """What is doubtful about others was said when they were imported, and is shown by `teams show`."""
    assert "has nobody as" in imported(folder).stderr
    (folder / "m.csv").write_text("团队名称,姓名,角色\n甲村关爱帮扶小组,某乙,社工\n", "utf-8")
    assert run("teams", "import", folder / "r.db", folder / "m.csv").stderr == ""


def test_an_import_writes_over_nothing(folder: Path) -> None:
    """A report does not take the place of a file that is read."""
    assert "would overwrite" in imported(folder, "--report", str(folder / "teams.csv"), code=3).stderr


def test_findings_tells_what_the_directory_lacks(folder: Path) -> None:
    """Each role that a team has nobody for once a patient, whose team is unknown, and nothing about the dead."""
    imported(folder)
    told = run("findings", folder / "r.db").stdout.splitlines()
    assert [line for line in told if "nobody as: police" in line] == [
        "p1  甲村关爱帮扶小组  the team has nobody as: police; the nearest team that has is 一镇应急处置队伍"
    ]
    assert [line.split("  ")[0] for line in told if "no team answers" in line] == ["p2", "p3"]
    assert not any(secret in line for secret in SECRETS for line in told)
