"""The command line, as its users run it."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from wcwidth import wcswidth

from followup import load_policy
from followup.cli import main
from followup.integrity import check
from followup.register import Register
from followup.terms import Bucket

TODAY = "2026-11-23"
#: In the people below.
ID_OF_P1 = "990101199001010001"
PEOPLE = """\
{"type": "registered", "patient": "p1", "on": "2026-10-12", "team": "清溪组", "village": "清溪村", "name": "=1+1", "phone": "19900000001", "id_number": "990101199001010001"}
{"type": "visited", "patient": "p1", "on": "2026-10-20", "risk": 4, "mode": "home", "present": ["prevention_doctor"]}
{"type": "visited", "patient": "p1", "on": "2026-10-21", "risk": 4, "mode": "home", "present": ["prevention_doctor"]}
{"type": "registered", "patient": "p2", "on": "2026-11-13", "team": "青禾组", "name": "王某"}
{"type": "registered", "patient": "p3", "on": "2026-10-12", "team": "青禾组"}
{"type": "visited", "patient": "p3", "on": "2026-10-20", "risk": 0, "mode": "home", "stability": "stable"}
"""


def run(*words: str | Path, code: int = 0, lang: str = "en", stdin: str | None = None) -> Result:
    """Run a command in a language, on a fixed day, and check its exit code."""
    done = CliRunner().invoke(main, [*map(str, words), "--today", TODAY, "--lang", lang], input=stdin)
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """Make a register of three people."""
    path, people = tmp_path / "r.db", tmp_path / "people.jsonl"
    people.write_text(PEOPLE, "utf-8")
    run("init", path, "--policy", "dongguan")
    assert run("import", path, people).stdout == "6 new entries recorded, 0 known already.\n"
    return path


def test_importing_twice_changes_nothing(register: Path) -> None:
    """The second import knows everything already."""
    assert run("import", register, register.with_name("people.jsonl")).stdout.startswith(
        "0 new entries recorded, 6 known"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--on", "2026-02-31"], ["“2026-02-31”不是1900至2200年间的日期", '"2026-02-31" is no day']),
        (["--since", "gestern"], ["“gestern”既不是日期", '"gestern" is neither a day']),
        (["--within", "1 week"], ["“1 week”不是天数", '"1 week" is no number of days']),
        (["--role", "doctor"], ["“doctor”不是下列之一：prevention_doctor", '"doctor" is none of: prevention_doctor']),
        (["--tz", "Shanghai"], ["“Shanghai”不是时区", '"Shanghai" is no time zone']),
    ],
)
def test_wrong_usage_is_told_in_both_languages(register: Path, words: list[str], said: list[str]) -> None:
    """Which one is wanted is an option itself."""
    told = run("due", register, *words, code=2, lang="zh").stderr
    assert all(word in told for word in said)


def test_a_dry_run_records_nothing(register: Path, tmp_path: Path) -> None:
    """`--dry-run` only checks."""
    new = tmp_path / "new.jsonl"
    new.write_text('{"type": "missed", "patient": "p1", "on": "2026-11-20"}\n', "utf-8")
    assert "nothing recorded" in run("import", register, new, "--dry-run").stdout
    assert "failed attempts 0" in run("explain", register, "p1").stdout


def test_due_lists_overdue_first_and_by_team(register: Path) -> None:
    """The table counts everyone, groups by team and says why."""
    printed = run("due", register).stdout
    assert "Registered 3: overdue 1, due today 0, open 1, not due 1, suspended 0, lost 0, closed 0" in printed
    assert printed.index("Team 青禾组: 1") < printed.index("Team 清溪组: 1")  # by the bytes of GB18030
    assert "Joint follow-up at risk level 3 and above (care group, police)" in printed
    assert "  ! p1: on 2026-10-21 these were absent from a joint follow-up: care group, police" in printed


def test_due_without_names_names_nobody(register: Path) -> None:
    """Names and telephones come with --with-names alone; ID numbers never."""
    for form in ("table", "csv", "json"):
        plain, named = (
            run("due", register, "--format", form).stdout,
            run("due", register, "--format", form, "--with-names").stdout,
        )
        assert not any(word in plain for word in ("=1+1", "19900000001", "王某"))
        assert "=1+1" in named
        assert "王某" in named
        assert ID_OF_P1 not in named


def test_json_is_the_contract(register: Path) -> None:
    """Keys, counts and lines are what other programs rely on."""
    found = json.loads(run("due", register, "--format", "json").stdout)
    assert list(found) == ["on", "policy", "counts", "lines", "duties", "duty_counts", "head"]
    assert found["on"] == TODAY
    assert list(found["counts"]) == [str(bucket) for bucket in Bucket]
    assert sum(found["counts"].values()) == 3
    line = found["lines"][0]
    assert list(line) == [
        "patient", "team", "village", "kind", "bucket", "opens_on", "due_on", "plan_on", "days_overdue", "risk",
        "stability", "roles", "invited", "missing_roles", "modes", "reasons", "findings",
    ]  # fmt: skip
    assert list(line["reasons"][0]) == [
        "rule", "source", "evidence", "anchor", "anchor_on", "fact_on", "within", "to", "due_on", "text",
    ]  # fmt: skip
    assert (line["patient"], line["bucket"], line["due_on"], line["days_overdue"], line["risk"]) == (
        "p1", "overdue", "2026-11-03", 20, 4,
    )  # fmt: skip
    assert line["missing_roles"] == ["care_group", "police"]
    assert {"name", "phone"} <= set(
        json.loads(run("due", register, "--format", "json", "--with-names").stdout)["lines"][0]
    )


def test_csv_opens_in_a_spreadsheet_and_runs_no_formula(register: Path) -> None:
    """UTF-8 with BOM, headings in the language asked for, formulas defused."""
    text = run("due", register, "--format", "csv", "--with-names", lang="zh").stdout
    assert text.startswith("\ufeff编号,姓名,电话,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert {row["姓名"] for row in rows} == {"'=1+1", "王某"}
    assert "个人信息中有以公式符号开头的内容" in rows[0]["疑问"]


def test_the_chinese_table_lines_up(register: Path) -> None:
    """Each row is as wide as its ruler, wide characters counted as a terminal does."""
    lines = run("due", register, lang="zh").stdout.splitlines()
    for place, line in enumerate(lines):
        if line.startswith("---"):
            columns = [sum(map(len, line.split("  ")[:n])) + 2 * n for n in range(1, line.count("  ") + 1)]
            for row in (lines[place - 1], lines[place + 1]):
                assert all(_at(row, column - 1) == " " for column in columns), row


def _at(text: str, cell: int) -> str:
    """Return the character that stands in a terminal's cell."""
    width = 0
    for char in text:
        width += wcswidth(char)
        if width > cell:
            return char
    return " "


def test_within_adds_what_falls_due(register: Path) -> None:
    """`--within` looks further than what is open."""
    assert "p3" not in run("due", register).stdout
    assert "p3" in run("due", register, "--within", "60d").stdout


def test_a_teams_list_shows_that_team_alone(register: Path) -> None:
    """`--team` leaves the others out of lines and counts."""
    printed = run("due", register, "--team", "青禾组").stdout
    assert "Registered 2:" in printed
    assert "p1" not in printed


def test_a_misspelt_team_gets_no_empty_list(register: Path) -> None:
    """Nobody is told that nobody is due because of a slip of the pen."""
    assert (
        'no patient has the team "青禾"; did you mean "青禾组"?'
        in run("due", register, "--team", "青禾", code=3).stderr
    )


def test_fail_overdue_tells_by_the_exit_code(register: Path) -> None:
    """1 where someone is overdue, 0 where nobody is."""
    run("due", register, "--fail-overdue", code=1)
    run("due", register, "--fail-overdue", "--team", "青禾组")


def test_output_goes_to_a_file(register: Path, tmp_path: Path) -> None:
    """`-o` writes what would be printed."""
    run("due", register, "--format", "json", "-o", tmp_path / "list.json")
    assert json.loads((tmp_path / "list.json").read_text("utf-8"))["on"] == TODAY


def test_record_answers_with_the_next_date(register: Path) -> None:
    """One entry by options, and what is due next."""
    words: list[str | Path] = [
        "record",
        register,
        "visited",
        "--patient",
        "p1",
        "--on",
        TODAY,
        "--risk",
        "1",
        "--mode",
        "home",
    ]
    printed = run(*words, "--seen", "patient,family", "--functions", "work=poor,study=good").stdout
    assert printed.splitlines()[0] == "1 new entry recorded, 0 known already."
    assert printed.splitlines()[1].startswith("Next for p1: follow-up, last day 2026-12-07 (")


def test_record_reads_json_lines_from_stdin(register: Path) -> None:
    """Several entries at once, all or none."""
    good = '{"type": "died", "patient": "p1", "on": "2026-11-20"}\n'
    assert "Nothing is due for p1: closed." in run("record", register, "-", stdin=good).stdout
    bad = '{"type": "missed", "patient": "p2", "on": "2026-11-20"}\n{"type": "missed", "patient": "p9", "on": "2026-11-20"}\n'
    assert '-, line 2: no patient "p9" is registered' in run("record", register, "-", stdin=bad, code=3).stderr
    assert "failed attempts 0" in run("explain", register, "p2").stdout


def test_what_is_taken_back_already_is_not_taken_back_again(register: Path) -> None:
    """It is said, and nothing recorded; whoever takes the taking back back can take the entry back again."""

    def told(kind: str) -> str:
        with Register.open(register) as found:
            return next(entry.id for entry in found.ledger("p1").entries if entry.type == kind)

    visit = told("visited")
    assert run("retract", register, visit, "--reason", "wrong").stdout.startswith(f"Entry {visit} taken back.\n")
    again = run("retract", register, visit, "--reason", "wrong person").stdout
    assert again == f"Entry {visit} was taken back already; nothing new is recorded.\n"
    assert run("retract", register, visit, "--reason", "x", lang="zh").stdout == f"记录{visit}此前已撤回，未再录入。\n"
    assert " taken back.\n" in run("retract", register, told("retracted"), "--reason", "it was right").stdout
    assert run("retract", register, visit, "--reason", "no").stdout.startswith(f"Entry {visit} taken back.\n")


JOINT = {"type": "visited", "patient": "p1", "on": "2026-11-22", "risk": 3, "mode": "home", "present": ["care_group"]}


def test_record_tells_what_is_doubted_of_what_was_recorded(register: Path, tmp_path: Path) -> None:
    """A joint visit without the police does not count, and whoever enters it is told: by options, lines or a file."""
    told = {
        "en": "  ! p1: on 2026-11-22 these were absent from a joint follow-up: police\n",
        "zh": "  ! p1: 2026-11-22的联合随访缺少：民警\n",
    }
    options = [word for name in ("patient", "on", "risk", "mode") for word in (f"--{name}", str(JOINT[name]))]
    by_options = run("record", register, "visited", *options, "--present", "care_group").stdout
    assert by_options.splitlines()[1].startswith("Next for p1: ")
    assert told["en"] in by_options
    assert told["zh"] in run("record", register, "-", stdin=json.dumps(JOINT), lang="zh").stdout
    (tmp_path / "told.jsonl").write_text(json.dumps(JOINT), "utf-8")
    assert told["en"] in run("record", register, tmp_path / "told.jsonl").stdout


def test_record_tells_nothing_of_what_was_recorded_before(register: Path) -> None:
    """Doubts about other entries stand on the list; beside the next date they would hide what was just entered."""
    printed = run("record", register, "assigned", "--patient", "p1", "--on", TODAY, "--team", "青禾组").stdout
    assert "Next for p1: " in printed
    assert " ! " not in printed
    assert "these were absent from a joint follow-up" in run("explain", register, "p1").stdout


@pytest.mark.parametrize("command", ["due", "forget", "import", "record", "retract", "teams"])
def test_rules_that_change_while_a_command_waits_to_write(
    register: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """It opens the register anew, and records under the rules that are in force by then."""
    content = '{"type": "visited", "patient": "p1", "on": "2026-11-22", "risk": 3, "mode": "home"}\n'
    open_register, opened = Register.open, list[Path]()
    with open_register(register) as found:
        wrong = found.ledger("p1").entries[-1].id

    def opens(path: Path, **by: Any) -> Register:
        found = open_register(path, **by)
        opened.append(path)
        if len(opened) == 1:
            with open_register(path) as other:
                other.adopt(load_policy("national-2018"), date(2026, 11, 23))
        return found

    monkeypatch.setattr(Register, "open", opens)
    visit = register.with_name("visit.jsonl")
    visit.write_text(content, "utf-8")
    teams = register.with_name("teams.csv")
    teams.write_text("团队名称,类别,所在区域,成立日期\n清溪组,关爱帮扶小组,清溪村,2025-01-01\n", "utf-8")
    words: dict[str, list[str | Path]] = {
        "import": ["import", register, visit], "record": ["record", register, "-"],
        "retract": ["retract", register, wrong, "--reason", "a slip"],
        "due": ["due", register], "forget": ["forget", register, "p2", "--reason", "request"],
        "teams": ["teams", "import", register, teams],
    }  # fmt: skip
    run(*words[command], stdin=content)
    assert len(opened) == 2
    monkeypatch.undo()
    with Register.open(register) as found:
        assert found.head().entries == 6 + (command in {"import", "record", "retract"})
        assert check(found) == []


def test_retract_takes_back_by_the_beginning_of_an_id(register: Path) -> None:
    """The entry stays to be seen, and counts no more."""
    story = run("explain", register, "p1").stdout
    visits = [line for line in story.splitlines() if "follow-up; risk 4" in line]
    assert len(visits) == 2
    for visit in visits:
        beginning = visit.rpartition("[")[2].rstrip("]")
        printed = run("retract", register, beginning, "--reason", "wrong person").stdout
        assert "taken back" in printed
    assert "Next for p1: first follow-up, last day 2026-10-26" in printed
    assert "taken back: follow-up; risk 4" in run("explain", register, "p1").stdout


def test_explain_tells_entries_rules_arithmetic_and_date(register: Path) -> None:
    """The story in both languages, naming nobody."""
    story = run("explain", register, "p1").stdout
    assert story.startswith("Patient p1 on 2026-11-23: overdue\n")
    for words in (
        "2026-10-20  follow-up; risk 4; home visit; present: prevention doctor",
        "Joint follow-up at risk level 3 and above: 2 weeks from 2026-10-20 (the day this state began), last day 2026-11-03",
        "First follow-up, face-to-face: settled",
        "follow-up: last day 2026-11-03, opens 2026-10-27, plan for 2026-11-03: overdue by 20 days",
        "was missing: care group, police",
    ):
        assert words in story
    chinese = run("explain", register, "p1", lang="zh").stdout
    assert "3级及以上联合随访：自2026-10-20(本状态开始之日)起2周，最迟2026-11-03" in chinese
    assert not any(word in story + chinese for word in ("=1+1", "19900000001", "990101"))


UNLISTED = """\
{"type": "died", "patient": "p3", "on": "2026-11-02"}
{"type": "missed", "patient": "p3", "on": "2026-11-09"}
{"type": "registered", "patient": "p4", "on": "2026-11-02", "name": "李某"}
{"type": "visited", "patient": "p4", "on": "2026-10-05", "risk": 0, "mode": "home"}
{"type": "visited", "patient": "p4", "on": "2026-11-16", "risk": 0, "mode": "home", "stability": "stable"}
"""


def test_findings_tells_every_doubt_about_everybody(register: Path) -> None:
    """Of those on no list too, by team, without a name; whoever closed the wrong person's record finds out."""
    run("record", register, "-", stdin=UNLISTED)
    assert "p3" not in run("due", register).stdout
    told = run("findings", register).stdout
    assert told.splitlines() == [
        "p3  青禾组  an entry of 2026-11-09 lies after the death; retract the one that is wrong",
        "p1  清溪组  a personal field begins like a spreadsheet formula; it is kept as it is",
        "p1  清溪组  on 2026-10-21 these were absent from a joint follow-up: care group, police",
        "p1  清溪组  on 2026-10-21 these were asked for and absent: psychiatrist, village cadre",
        "p4  (no team)  a follow-up of 2026-10-05 lies before the registration; it settles no first follow-up",
        "Findings: 5, about 3 of 4 people registered.",
    ]


def test_findings_of_a_team_and_of_a_day(register: Path) -> None:
    """One team's alone; nobody who was registered later is told of; a misspelt team is no team without doubts."""
    assert run("findings", register, "--team", "青禾组", lang="zh").stdout == "共0项疑问，涉及0人(登记2人)。\n"
    assert " p1 " not in run("findings", register, "--team", "青禾组").stdout
    early = CliRunner().invoke(main, ["findings", str(register), "--today", "2026-10-11", "--lang", "en"])
    assert early.stdout == "Findings: 0, about 0 of 0 people registered.\n"
    assert "did you mean" in run("findings", register, "--team", "青禾", code=3).stderr


def test_findings_tells_of_people_who_may_be_one(register: Path) -> None:
    """To the team of each of them."""
    twin = {"type": "registered", "patient": "p9", "on": TODAY, "team": "青禾组", "id_number": ID_OF_P1}
    run("record", register, "-", stdin=json.dumps(twin))
    told = [line for line in run("findings", register).stdout.splitlines() if "same ID number" in line]
    assert [line.partition("  p1 and")[0] for line in told] == ["p9  青禾组", "p1  清溪组"]
    assert "990101" not in "".join(told)


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("en", "p7 and p9, people of other teams (1) have the same ID number; find out whether they are one person"),
        ("zh", "患者p7与p9、其他团队1人身份证号相同，请核实是否为同一人"),
    ],
)
def test_findings_of_a_team_name_no_patient_of_another(register: Path, lang: str, told: str) -> None:
    """Who may be one person over there is somebody of that team, and the whole register's findings say who."""
    for patient in ("p7", "p9"):
        twin = {"type": "registered", "patient": patient, "on": TODAY, "team": "青禾组", "id_number": ID_OF_P1}
        run("record", register, "-", stdin=json.dumps(twin))
    listed = run("findings", register, "--team", "青禾组", lang=lang).stdout
    assert listed.splitlines()[:2] == [f"p7  青禾组  {told}", f"p9  青禾组  {told}"]
    assert "p1" not in listed
    assert "p7" not in run("findings", register, "--team", "清溪组").stdout


def test_findings_tells_a_terminal_how_far_it_is(register: Path) -> None:
    """Where it takes long; a pipe sees nothing of it."""
    code = "from followup.cli import main, lists; lists.LONG = 0; main()"
    command = [sys.executable, "-c", code, "findings", str(register), "--today", TODAY, "--lang", "en"]
    terminal, end = pty.openpty()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=end, check=True)
    os.close(end)
    told = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert told == "\rread 3 of 3 people\r\n"
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


def test_explain_shows_no_number_that_somebody_wrote_into_a_text(register: Path) -> None:
    """A telephone or an ID number among other words, in whatever groups."""
    text = "2026-01-02、2026-03-04 家属 139 1234 5678,110101 19900307 0134"
    entry = {"type": "referred", "patient": "p1", "on": TODAY, "to": "某院 110101199003070134", "reason": text}
    run("record", register, "-", stdin=json.dumps(entry))
    told = run("explain", register, "p1").stdout
    assert "referred; to 某院 ***; reason: 2026-01-02、2026-03-04 家属 ***" in told
    assert not [part for part in ("1234", "110101", "0134") if part in told]


def test_no_register_is_written_over(register: Path, tmp_path: Path) -> None:
    """Be it another one than that which is asked: by a list, and by a report of an import, which then records nothing."""
    other, lines = tmp_path / "other.db", tmp_path / "more.jsonl"
    Register.create(other, load_policy("national-2018")).close()
    before = other.read_bytes()
    lines.write_text(UNLISTED, "utf-8")
    for words in (("due", register, "-o", other), ("import", register, lines, "--report", other)):
        assert "this is a register, and would be overwritten" in run(*words, code=3).stderr
    assert other.read_bytes() == before
    assert "no patient" in run("explain", register, "p4", code=3).stderr


def test_what_cannot_be_printed_is_told(register: Path) -> None:
    """A disk that is full, and a terminal that lacks a character: no traceback, and no word that was given is blamed."""
    run("record", register, "-", stdin=json.dumps({"type": "assigned", "patient": "p1", "on": TODAY, "team": "䶮组"}))
    command = [sys.executable, "-m", "followup", "due", str(register), "--today", TODAY, "--lang", "en"]
    environment = {**os.environ, "PYTHONIOENCODING": "gbk"}
    found = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (found.returncode, b"the output's encoding (gbk) has not every character" in found.stderr) == (3, True)
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        full_disk = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (full_disk.returncode, full_disk.stderr) == (3, b"the disk is full; make room and try again\n")


def test_explain_before_the_registration_says_so(register: Path) -> None:
    """No bucket, no rules, one sentence."""
    assert (
        run("explain", register, "p1", "--on", "2026-10-01").stdout == "Patient p1 was not registered on 2026-10-01.\n"
    )


def test_an_entry_after_today_is_refused(register: Path) -> None:
    """What has not happened cannot be recorded."""
    words: list[str | Path] = ["record", register, "missed", "--patient", "p1", "--on", "2026-11-24"]
    assert "2026-11-24 is after today (2026-11-23)" in run(*words, code=3).stderr


def test_nobody_is_hidden_by_being_told_of_after_today(register: Path) -> None:
    """A discharge that the centre will hear of in 2062 is a slip of the pen."""
    words: list[str | Path] = ["record", register, "discharged", "--patient", "p1", "--on", "2026-11-20"]
    assert "informed_on: 2062-11-20 is after today" in run(*words, "--informed-on", "2062-11-20", code=3).stderr


def test_today_is_shanghais(register: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is the civil date in Asia/Shanghai, whatever the machine's zone."""
    monkeypatch.setenv("TZ", "America/New_York")

    def printed_day() -> str:
        done = CliRunner().invoke(main, ["due", str(register), "--format", "json"])
        return str(json.loads(done.stdout)["on"])

    before = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    assert before.isoformat() <= printed_day() <= datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


def test_each_entry_type_has_its_help(register: Path) -> None:
    """`record` lists its types, each with its own options."""
    assert "visited" in CliRunner().invoke(main, ["record", str(register), "--help"]).output
    shown = CliRunner().invoke(main, ["record", str(register), "discharged", "--help"]).output
    assert "--informed-on" in shown
    assert "--risk" not in shown


def test_every_file_that_a_command_makes_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system would allow: register, backups, lists, reports and exports, the folder of these too."""
    monkeypatch.chdir(tmp_path)
    Path("people.jsonl").write_text(PEOPLE, "utf-8")
    Path("people.jsonl").chmod(0o600)
    before = os.umask(0)
    try:
        for words in (
            ["init", "r.db"],
            ["import", "r.db", "people.jsonl", "--report", "report.csv"],
            ["due", "r.db", "--with-names", "-o", "list.txt"],
            ["backup", "r.db", "copy.db"],
            ["restore", "copy.db", "new.db"],
            ["export", "r.db", "csv", "--with-ids"],
            ["export", "r.db", "xlsx", "--format", "xlsx"],
            ["forget", "r.db", "p1", "--reason", "request"],
        ):
            run(*words)
    finally:
        os.umask(before)
    modes = {str(found.relative_to(tmp_path)): found.stat().st_mode & 0o777 for found in tmp_path.rglob("*")}
    assert {"r.db", "report.csv", "list.txt", "copy.db", "new.db", "csv/entries.jsonl"} <= modes.keys()
    assert modes == {name: 0o700 if name in {"csv", "xlsx"} else 0o600 for name in modes}


def test_a_long_import_tells_a_terminal_how_far_it_is(register: Path, tmp_path: Path) -> None:
    """Somebody who waits sees how many entries were read, and then that the dates are kept; a pipe sees nothing of it."""
    file = tmp_path / "long.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number in range(5_001):
            print(
                json.dumps({"type": "missed", "patient": "p1", "on": "2026-11-02", "reason": str(number)}), file=lines
            )
    code = "from followup.cli import main, records; records.LONG = 0; main()"
    command = [sys.executable, "-c", code, "import", str(register), str(file), "--today", TODAY, "--lang", "en"]
    terminal, end = pty.openpty()
    subprocess.run([*command, "--dry-run"], stdout=subprocess.DEVNULL, stderr=end, check=True)
    os.close(end)
    told = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert told == "\rread 5,000 entries so far\rread 5,001 entries; now counting dates …\r\n"
    quiet = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    assert (quiet.stdout, quiet.stderr) == ("5001 new entries recorded, 0 known already.\n", "")
