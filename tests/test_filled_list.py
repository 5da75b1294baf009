"""The list as a workbook: made to be read, printed, filled in after each visit, and read back as records."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from attrs import evolve
from click.testing import CliRunner, Result
from openpyxl.worksheet.worksheet import Worksheet

from followup import Entry, Ledger, Missed, Registered, Visited, WorkList, load_policy
from followup.cli import main
from followup.forms import read_files
from followup.jsonlines import Reading
from followup.keptlists import read_through
from followup.listform import OUTCOMES, SEVERAL
from followup.patientform import PATIENT
from followup.register import Register
from followup.sentences import LANGUAGES, say, sentences
from followup.terms import Bucket
from followup.views import render

DISTRICT: Final = Path(__file__).parents[1] / "examples" / "district"
TODAY: Final = date(2026, 11, 23)
POLICY: Final = load_policy("dongguan")
#: The headings stand in this row.
TOP: Final = 4


# --- helpers ---------------------------------------------------------------------------------------------------------


def worklist(*entries: Entry) -> WorkList:
    """Return the list of the people of these entries."""
    people: dict[str, list[Entry]] = {}
    for entry in entries:
        people.setdefault(entry.patient, []).append(entry)
    return WorkList.of((Ledger(patient, told) for patient, told in people.items()), POLICY, TODAY)


def workbook(found: WorkList, lang: str = "zh", **options: Any) -> openpyxl.Workbook:
    """Return a list as a workbook, opened."""
    content = render(found, "xlsx", lang, **options)
    assert isinstance(content, bytes)
    return openpyxl.load_workbook(BytesIO(content))


def headings(sheet: Worksheet) -> dict[str, int]:
    """Return the columns by their headings, without what an English one adds."""
    return {str(cell.value).partition(" (")[0]: int(cell.column or 0) for cell in sheet[TOP]}


def fill(sheet: Worksheet, row: int, cells: Mapping[str, Any]) -> None:
    """Write into a row of a list."""
    columns = headings(sheet)
    for name, value in cells.items():
        sheet.cell(row, columns[name], value)


def read_back(book: openpyxl.Workbook, folder: Path) -> Reading:
    """Save a workbook and read it as an import does."""
    book.save(folder / "filled.xlsx")
    return read_files([folder / "filled.xlsx"], TODAY)


def told(found: Reading) -> list[str]:
    """Return the problems and notes without the folder."""
    return [problem.text().partition("filled.xlsx, ")[2] for problem in (*found.problems, *found.notes)]


def run(*words: str | Path, code: int = 0) -> Result:
    """Run a command on the day, and check its exit code."""
    done = CliRunner().invoke(main, [*map(str, words), "--today", str(TODAY), "--lang", "en"])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def district() -> Register:
    """Return a register of the bundled district."""
    register = Register.create(":memory:", POLICY, duties_from=TODAY)
    reading = read_files([DISTRICT / "patients.csv", DISTRICT / "followups.csv"], TODAY)
    register.record_all(sourced.entry for sourced in reading.entries)
    return register


LATE: Final = (
    Registered("p1", "2026-10-12", village="清溪村", team="清溪组"),
    Visited("p1", "2026-10-20", risk=4, mode="home"),
)
NEW: Final = (Registered("p2", "2026-11-13", village="青禾村", team="青禾组"),)


# --- what is read back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["事项", "最迟日期", "依据"])
def test_a_list_without_one_of_its_columns_is_still_a_list(column: str, tmp_path: Path) -> None:
    """Whoever deletes a column that is in the way says nothing of symptoms by it."""
    book = workbook(WorkList.of([Ledger("p1", LATE), Ledger("p2", NEW)], POLICY, TODAY))
    sheet = book["随访名单"]
    fill(sheet, TOP + 1, {"随访日期": "2026-11-22", "危险性评估": 1, "本次随访形式": "2 家庭访视"})
    sheet.delete_cols(headings(sheet)[column])
    found = read_back(book, tmp_path)
    assert not found.problems
    (visit,) = (sourced.entry for sourced in found.entries)
    assert isinstance(visit, Visited)
    assert (visit.risk, visit.symptoms) == (1, None)


def test_fifty_outcomes_filled_in_make_the_next_list_right(district: Register, tmp_path: Path) -> None:
    """Fifty rows of the exported sheet, filled in and imported: the next list equals one of records made by hand."""
    path, book = tmp_path / "r.db", workbook(district.worklist(TODAY))
    district.backup(path)
    sheet = book["随访名单"]
    expected: list[Entry] = []
    for place, row in enumerate(range(TOP + 1, TOP + 51)):
        patient = str(sheet.cell(row, 1).value)
        if place % 5 == 4:
            fill(sheet, row, {"随访日期": "2026.11.22", "本次随访分类": "0 未访到", "本次随访形式": "3 电话"})
            expected.append(Missed(patient, "2026-11-22", mode="phone"))
            continue
        on, risk = TODAY - timedelta(place % 3), place % 4
        fill(sheet, row, {
            "随访日期": datetime(on.year, on.month, on.day), "危险性评估": risk, "本次随访形式": "2 家庭访视",  # noqa: DTZ001
            "本次随访对象": "1 患者本人、2 患者家属、监护人", "参与人员": "关爱帮扶小组、民警",
            "本次随访分类": "3 稳定" if risk == 0 else "2 基本稳定",
        })  # fmt: skip
        seen, present = ["patient", "family"], ["care_group", "police"]
        stability = "stable" if risk == 0 else "basic"
        expected.append(Visited(patient, on, risk=risk, mode="home", seen=seen, present=present, stability=stability))
    reading = read_back(book, tmp_path)
    assert not reading.problems
    assert {sourced.entry for sourced in reading.entries} == set(expected)
    assert told(reading) == ["sheet 随访名单: 67 lines of the list were not filled in, and are passed over"]
    printed = run("import", path, tmp_path / "filled.xlsx").stdout
    assert printed == f"{len(set(expected))} new entries recorded, 0 known already.\n"
    with Register.open(path) as imported:
        by_hand = [*(entry for ledger in district.ledgers() for entry in ledger.entries), *expected]
        people: dict[str, list[Entry]] = {}
        for entry in by_hand:
            people.setdefault(entry.patient, []).append(entry)
        ledgers = (Ledger(patient, entries) for patient, entries in people.items())
        assert places(imported.worklist(TODAY)) == places(WorkList.of(ledgers, imported.policy, TODAY))
        assert places(imported.worklist(TODAY)) != places(district.worklist(TODAY))


def places(found: WorkList) -> list[tuple[Any, ...]]:
    """Return what a list says, line by line."""
    return [(line.due.patient, line.due.kind, line.bucket, line.due.due_on) for line in (*found.lines, *found.duties)]


def test_record_takes_a_filled_in_list_and_answers_with_the_next_dates(tmp_path: Path) -> None:
    """`followup record REGISTER FILLED.xlsx` answers like `record` by options."""
    path = tmp_path / "r.db"
    with Register.create(path, POLICY, duties_from=TODAY) as register:
        register.record_all([*LATE, *NEW])
        book = workbook(register.worklist(TODAY))
    fill(book["随访名单"], TOP + 1, {"随访日期": "2026-11-23", "危险性评估": 1})
    book.save(tmp_path / "filled.xlsx")
    done = run("record", path, tmp_path / "filled.xlsx")
    first, following, *_ = done.stdout.splitlines()
    assert first == "1 new entry recorded, 0 known already."
    assert following.startswith("Next for p1: follow-up, last day 2026-12-07 (Follow-up, basically stable")
    assert "1 line of the list was not filled in" in done.stderr
    assert "0 new entries recorded, 1 known already." in run("record", path, tmp_path / "filled.xlsx").stdout


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_list_of_any_register_and_language_is_read_back(lang: str, tmp_path: Path) -> None:
    """Numbers of any shape are the register's own; what the list says of a line, names too, becomes no record."""
    book = workbook(worklist(*LATE, *NEW), lang, with_names=True, split=True)
    for title in ("清溪组", "青禾组"):
        fill(book[title], TOP + 1, {"随访日期": date(2026, 11, 22), "危险性评估": "0"})
    reading = read_back(book, tmp_path)
    assert not told(reading)[1:]  # that nobody said who was present
    assert {sourced.entry for sourced in reading.entries} == {
        Visited("p1", "2026-11-22", risk=0),
        Visited("p2", "2026-11-22", risk=0),
    }


def test_a_half_filled_row_is_an_error_with_its_place(tmp_path: Path) -> None:
    """A row without its day, or with nothing but its day, is refused; one left empty is passed over."""
    book = workbook(worklist(*LATE, *NEW, Registered("p3", "2026-11-13")))
    fill(book["随访名单"], TOP + 1, {"危险性评估": 1})
    fill(book["随访名单"], TOP + 2, {"随访日期": "2026-11-22", "本次随访形式": 2})
    reading = read_back(book, tmp_path)
    assert not reading.entries
    assert told(reading) == [
        "sheet 随访名单, row 5, column 随访日期: it is empty; fill it in",
        "sheet 随访名单, row 6, column 危险性评估: 随访日期 is filled in without what came of the visit; fill in 危险性评估, or 0 in 本次随访分类 where nobody was reached",
        "sheet 随访名单: 1 line of the list was not filled in, and is passed over",
    ]


def test_a_follow_up_after_the_death_in_its_own_row_is_an_error_of_the_row(tmp_path: Path) -> None:
    """One of the two days is a slip of the pen; recorded, both would stand, and the patient leave every list."""
    book = workbook(worklist(*LATE))
    fill(book["随访名单"], TOP + 1, {"随访日期": "2026-11-23", "危险性评估": 1, "死亡日期": "2026-11-20"})
    reading = read_back(book, tmp_path)
    assert not reading.entries
    (problem,) = reading.problems
    assert (problem.code, problem.where[-2:]) == ("row.after_death", ("row 5", "column 死亡日期"))
    assert "早于随访日期2026-11-23" in problem.text("zh")


def test_an_empty_list_of_symptoms_does_not_say_that_there_were_none(tmp_path: Path) -> None:
    """What a list was not told stays unknown."""
    book = workbook(worklist(*LATE))
    fill(book["随访名单"], TOP + 1, {"随访日期": "2026-11-22", "危险性评估": 0})
    (sourced,) = read_back(book, tmp_path).entries
    assert isinstance(sourced.entry, Visited)
    assert sourced.entry.symptoms is None


CHOICES: Final = [(column, choice) for column, choices in OUTCOMES.items() for choice in choices]


@pytest.mark.parametrize(("column", "choice"), CHOICES)
def test_each_choice_that_a_list_offers_is_read(column: str, choice: str, tmp_path: Path) -> None:
    """Whatever a drop-down offers is a code that the import knows."""
    book = workbook(worklist(*LATE))
    cells: dict[str, Any] = {"随访日期": "2026-11-22", "危险性评估": 1, column: choice}
    if choice == "0 未访到" or column == "若失访,原因":
        del cells["危险性评估"]
    cells |= {"2 曾住院,现未住院": {"末次出院时间": "2026-11-20"}}.get(choice, {})
    cells |= {"死亡原因": {"死亡日期": "2026-11-22"}}.get(column, {})
    fill(book["随访名单"], TOP + 1, cells)
    reading = read_back(book, tmp_path)
    assert not reading.problems
    assert reading.entries


def test_a_form_with_a_few_columns_like_a_lists_is_no_list(tmp_path: Path) -> None:
    """Another system's columns are kept word for word, and its empty rows are errors, as before."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["编号", "随访日期", "危险性评估", "事项", "最迟日期"], ["10100001", "2026-11-02", 0, "随访", "x"]):
        sheet.append(row)
    (sourced,) = read_back(book, tmp_path).entries
    assert isinstance(sourced.entry, Visited)
    assert sourced.entry.form == {"事项": "随访", "最迟日期": "x"}


# --- what is read by people ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_days_are_days_and_overdue_is_said_and_coloured(lang: str) -> None:
    """A spreadsheet can count with the days; what is overdue is red and says so."""
    sheet = workbook(worklist(*LATE, *NEW), lang).worksheets[0]
    row = {name: sheet.cell(TOP + 1, column) for name, column in headings(sheet).items()}
    due, state = row[say(lang, "column.due_on")], row[say(lang, "column.bucket")]
    assert (due.value, due.number_format) == (datetime(2026, 11, 3), "yyyy-mm-dd")  # noqa: DTZ001
    assert state.value == say(lang, "list.late", bucket=Bucket.OVERDUE.label(lang), days=20)
    assert state.fill.fgColor.rgb == "FFFBD5D5"
    assert row[PATIENT].data_type == "s"


def test_a_page_is_lying_a4_with_its_headings() -> None:
    """Printed, each page repeats the headings and is as wide as the paper; on a screen they stay in sight."""
    for sheet in workbook(worklist(*LATE, *NEW), split=True).worksheets[:2]:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr is not None
        assert (sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr.fitToPage) == (0, True)
        assert (sheet.print_title_rows, sheet.freeze_panes) == (f"${TOP}:${TOP}", f"B{TOP + 1}")
        assert sheet.auto_filter.ref.startswith(f"A{TOP}:")


def test_coded_columns_offer_their_codes() -> None:
    """Each has a list to choose from, which only refuses what is on none where one code alone may stand."""
    book = workbook(worklist(*LATE))
    sheet, codes = book["随访名单"], book["代码表"]
    columns = headings(sheet)
    offered = {check.formula1: check for check in sheet.data_validations.dataValidation if check.type == "list"}
    assert len(offered) == sum(map(bool, OUTCOMES.values()))
    for formula, check in offered.items():
        cells = [str(cell.value) for (cell,) in codes[formula.partition("!")[2].replace("$", "")]]
        (column,) = [
            name for name, choices in OUTCOMES.items() if list(choices) == cells and check_is_of(check, columns[name])
        ]
        assert bool(check.showErrorMessage) is (column not in SEVERAL)


def check_is_of(check: Any, column: int) -> bool:
    """Say whether a validation is of a column."""
    return any(area.min_col == column for area in check.sqref.ranges)


def test_each_team_has_a_sheet_whatever_it_is_called() -> None:
    """Titles that a workbook cannot have, or has already, are made good; the teams stay apart."""
    names = ["A/B", "a b", "代码表", "x" * 40, "x" * 41, "'", "History", None]
    found = worklist(*(Registered(f"p{n}", "2026-11-13", team=team) for n, team in enumerate(names)))
    titles = workbook(found, split=True).sheetnames
    assert len({title.casefold() for title in titles}) == len(titles) == len(names) + 1
    assert {"A B", "a b (2)", "代码表 (2)", "x" * 31, f"{'x' * 27} (2)", "-", "(未分配团队)"} <= set(titles)


def test_the_same_list_is_the_same_file() -> None:
    """No clock is asked."""
    found = worklist(*LATE)
    assert render(found, "xlsx", "zh") == render(evolve(found), "xlsx", "zh")


def test_the_headings_of_the_form_are_the_forms_own() -> None:
    """In Chinese the columns to fill in are called as the official form calls them."""
    assert all(sentences("zh")[f"form.{column}"] == column for column in (PATIENT, *OUTCOMES))


def test_a_sheet_for_each_team_is_for_workbooks_alone(tmp_path: Path) -> None:
    """`--by-team` with another format is wrong usage."""
    Register.create(tmp_path / "r.db", POLICY).close()
    assert "--format xlsx alone" in run("due", tmp_path / "r.db", "--by-team", code=2).stderr


def test_lines_read_together_are_those_read_one_by_one(district: Register) -> None:
    """What a line tells is the same however it was read, and each is counted."""
    together, alone = district.worklist(TODAY), district.worklist(TODAY)
    assert list(read_through(district.db, together))[-1] == len(together.lines) + len(together.duties)
    assert render(together, "json", "zh", with_names=True) == render(alone, "json", "zh", with_names=True)
    assert not list(read_through(district.db, WorkList.of(district.ledgers(["10100001"]), POLICY, TODAY)))


def test_a_terminal_is_told_how_far_a_long_list_is(
    district: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it takes long somebody who waits sees it go on; a file or another program sees nothing."""
    district.backup(tmp_path / "r.db")
    words: list[str | Path] = ["due", tmp_path / "r.db", "--format", "csv", "-o", tmp_path / "list.csv"]
    monkeypatch.setattr("followup.cli.lists.LONG", -1)
    assert run(*words).stderr == ""
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    told = run(*words).stderr.split("\r")
    assert re.fullmatch(r"read 1\d\d of 1\d\d lines", told[1])
    assert re.fullmatch(r"read 1\d\d lines; now writing …\n", told[-1])


def test_a_workbook_goes_to_a_file_or_another_program_and_to_no_screen(
    district: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Piped it is the workbook; on a terminal a sentence says how to write it to a file."""
    district.backup(tmp_path / "r.db")
    words: list[str | Path] = ["due", tmp_path / "r.db", "--format", "xlsx"]
    assert openpyxl.load_workbook(BytesIO(run(*words).stdout_bytes)).sheetnames == ["follow-ups", "duties", "codes"]
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    assert "write it to a file with -o FILE" in run(*words, code=3).stderr


def test_record_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    """A file that is not there, or holds no list, is answered with a sentence and records nothing."""
    Register.create(tmp_path / "r.db", POLICY).close()
    assert "the file cannot be read" in run("record", tmp_path / "r.db", tmp_path / "none.xlsx", code=3).stderr
    openpyxl.Workbook().save(tmp_path / "empty.xlsx")
    assert "is an official form" in run("record", tmp_path / "r.db", tmp_path / "empty.xlsx", code=3).stderr
