"""Official forms in spreadsheets as people make them: workbooks, titles, dates, codes, and what is no workbook."""

import csv
import io
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import Mock

import openpyxl
import pytest
import xlwt
from chance import CHANCE
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from followup import Entry, Missed, Registered, Visited, bookchecks
from followup.cli import main
from followup.errors import FollowupError, Problem
from followup.forms import read_files
from followup.jsonlines import Reading
from followup.listform import SHEETS
from followup.patientform import PATIENT_COLUMNS
from followup.sentences import say
from followup.sheets import sheet_place
from followup.terms import (
    Adherence,
    ContactMode,
    DeathReason,
    Grade,
    Insight,
    LossReason,
    Reaction,
    Seen,
    Sex,
    Stability,
    Symptom,
    Term,
)
from followup.visitform import VISIT_COLUMNS

DISTRICT: Final = Path(__file__).parents[1] / "examples" / "district"
TODAY: Final = date(2026, 11, 23)
#: Synthetic: who is followed up in these tests, and what no report tells.
P, ON, NAME, ID_NUMBER, PHONE = "10100001", "2026-03-02", "王小明", "990101199309030251", "19900000012"
Rows = Sequence[Sequence[Any]]
WIDE: Final = str.maketrans("(),0123456789", "（），０１２３４５６７８９")
VISIT: Final[Sequence[Any]] = ("编号", "随访日期", "危险性评估")
PERSON: Final[Sequence[Any]] = ("编号", "填表日期", "知情同意")


# --- helpers ---------------------------------------------------------------------------------------------------------


def workbook(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """Make an .xlsx of these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def old_workbook(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """Make an .xls of these sheets; days get a day's format."""
    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for title, rows in sheets.items():
        sheet = book.add_sheet(title)
        for at, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(at, place, cell, *([day] if isinstance(cell, date) else []))
    book.save(str(path))
    return path


def bundled(name: str) -> list[list[str]]:
    """Return the rows of a bundled form."""
    with (DISTRICT / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def entries(found: Reading) -> list[Entry]:
    """Return what was read, which must be without a problem."""
    assert not found.problems, [problem.text() for problem in found.problems]
    return [sourced.entry for sourced in found.entries]


def told(found: Iterable[Problem], folder: Path) -> list[str]:
    """Return problems as sentences, without the folder; each exists in Chinese, too."""
    problems = list(found)
    assert all(problem.text("zh") != problem.text("en") for problem in problems)
    return [problem.text().replace(f"{folder}/", "") for problem in problems]


def visit_of(folder: Path, kind: str = "xlsx", **cells: Any) -> list[Entry]:
    """Return what one row of the follow-up form tells, with these cells."""
    row = {"编号": P, "随访日期": ON, "危险性评估": 0, **cells}
    make = workbook if kind == "xlsx" else old_workbook
    return entries(read_files([make(folder / f"a.{kind}", {"随访": [list(row), list(row.values())]})], TODAY))


def refused(folder: Path, **cells: Any) -> list[str]:
    """Return the problems of one row of the follow-up form, with these cells."""
    row = {"编号": P, "随访日期": ON, "危险性评估": 0, **cells}
    found = read_files([workbook(folder / "a.xlsx", {"随访": [list(row), list(row.values())]})], TODAY)
    assert not found.entries
    return told(found.problems, folder)


def person_of(folder: Path, **cells: Any) -> Reading:
    """Read one row of the personal supplement, with these cells."""
    row = {"编号": P, "填表日期": ON, "知情同意": 1, **cells}
    return read_files([workbook(folder / "a.xlsx", {"信息": [list(row), list(row.values())]})], TODAY)


def refused_file(folder: Path, name: str, content: bytes) -> str:
    """Return the one problem of a file that is no workbook."""
    (folder / name).write_bytes(content)
    (problem,) = told(read_files([folder / name], TODAY).problems, folder)
    assert problem.startswith(f"{name}: ")
    return problem


# --- workbooks -------------------------------------------------------------------------------------------------------


def typed(cell: str) -> Any:
    """Return a cell as a spreadsheet takes it when it is typed: a number, a day, or text."""
    if cell.isdigit() and len(cell) < 12 and not cell.startswith("0"):
        return int(cell)
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError:
        return cell


def titled(rows: Sequence[Sequence[str]]) -> list[Sequence[Any]]:
    """Return a form below two title rows, its cells as they are typed."""
    return [["严重精神障碍患者管理"], ["填报单位：虚构县"], *(list(map(typed, row)) for row in rows)]


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_workbook_of_both_forms_tells_what_the_csv_tells(tmp_path: Path, kind: str) -> None:
    """Both forms below titles, beside other sheets, give exactly the entries of the same data in CSV."""
    people, visits = bundled("patients.csv")[:120], bundled("followups.csv")[:300]
    for name, rows in (("people.csv", people), ("visits.csv", visits)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    sheets: dict[str, Rows] = {
        "说明": [["本表由医生填写"]],
        "个人信息": titled(people),
        "空表": [],
        "随访": titled(visits),
    }
    make = workbook if kind == "xlsx" else old_workbook
    found = read_files([make(tmp_path / f"both.{kind}", sheets)], TODAY)
    assert entries(found) == entries(read_files([tmp_path / "people.csv", tmp_path / "visits.csv"], TODAY))
    assert found.entries[0].where == (str(tmp_path / f"both.{kind}"), "sheet 个人信息", "row 4")
    assert told(found.notes, tmp_path)[:2] == [
        f"both.{kind}, sheet {sheet}: the sheet is neither of the two official forms; it was skipped"
        for sheet in ("说明", "空表")
    ]


def test_the_forms_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    """One form a workbook, the old kind or the new, and the same form on several sheets."""
    people = old_workbook(tmp_path / "people.xls", {"Sheet1": [PERSON, [P, ON, 1]]})
    visits = workbook(tmp_path / "visits.xlsx", {"一村": [VISIT, [P, ON, 0]], "二村": [VISIT, [P, "2026-04-02", 1]]})
    assert entries(read_files([people, visits], TODAY)) == [
        Registered(P, ON, consents=True), Visited(P, ON, risk=0), Visited(P, "2026-04-02", risk=1),
    ]  # fmt: skip


def test_a_workbook_by_content_whatever_its_name(tmp_path: Path) -> None:
    """An old workbook that is called .xlsx is a workbook all the same."""
    path = old_workbook(tmp_path / "a.xls", {"a": [VISIT, [P, ON, 0]]}).rename(tmp_path / "b.xlsx")
    assert entries(read_files([path], TODAY)) == [Visited(P, ON, risk=0)]


def test_a_workbook_without_a_form_is_refused(tmp_path: Path) -> None:
    """Where no sheet is a form there is nothing to import, and that is no success."""
    path = workbook(tmp_path / "a.xlsx", {"花名册": [["编号", "姓名"], [P, NAME]], "空": []})
    (problem,) = told(read_files([path], TODAY).problems, tmp_path)
    assert problem.startswith("a.xlsx: no sheet of it is an official form")


def test_a_sheet_that_lacks_the_name_of_a_column_is_not_passed_over(tmp_path: Path) -> None:
    """A sheet that is nearly a form is a problem: its rows would be lost."""
    nearly: Rows = [["题目"], ["患者号", "随访日期", "危险性评估", "自知力"], [P, ON, 0, 1]]
    found = read_files([workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]], "二": nearly})], TODAY)
    (problem,) = told(found.problems, tmp_path)
    assert problem.startswith("a.xlsx, sheet 二, row 2: the row looks like the header of an official form")


def test_a_form_without_rows_is_a_note_beside_another_and_an_error_alone(tmp_path: Path) -> None:
    """An empty form is passed over where the workbook holds another, and refused where it does not."""
    beside = read_files([workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]], "二": [PERSON]})], TODAY)
    assert entries(beside) == [Visited(P, ON, risk=0)]
    assert "a.xlsx, sheet 二: the form has a header and no row; the sheet was skipped" in told(beside.notes, tmp_path)
    (problem,) = told(read_files([workbook(tmp_path / "b.xlsx", {"二": [PERSON]})], TODAY).problems, tmp_path)
    assert problem.startswith("b.xlsx, sheet 二: there is a header and no row")


def test_a_chart_on_a_sheet_of_its_own_is_passed_over(tmp_path: Path) -> None:
    """A sheet without cells is no error."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0]]})
    book = openpyxl.load_workbook(path)
    book.create_chartsheet("图")
    book.save(path)
    assert entries(read_files([path], TODAY)) == [Visited(P, ON, risk=0)]


def test_problems_name_file_sheet_row_and_column(tmp_path: Path) -> None:
    """A bad cell is found by the place that the spreadsheet shows, in both languages."""
    sheets: dict[str, Rows] = {
        "说明": [["x"]],
        "随访": [["随访登记表"], [], VISIT, [P, ON, 0], [], [P, "2026-02-31", 9]],
    }
    found = read_files([workbook(tmp_path / "a.xlsx", sheets)], TODAY)
    assert told(found.problems, tmp_path) == [
        (
            "a.xlsx, sheet 随访, row 6, column 随访日期: “2026-02-31” is no date; write 2026-11-22 (2026.11.22, 2026/11/22, "
            "2026年11月22日 are read too)"
        ),
        "a.xlsx, sheet 随访, row 6, column 危险性评估: “9” is no code of this field; use 0, 1, 2, 3, 4, 5",
    ]
    assert found.problems[0].text("zh").replace(f"{tmp_path}/", "").startswith(
        "a.xlsx, “随访”表, 第6行, “随访日期”列：“2026-02-31”不是日期"
    )  # fmt: skip


def test_a_sheet_that_may_be_called_by_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    """Some keep a sheet a person: in problems and notes a title is told only where it can be nobody's name."""
    sheets: dict[str, Rows] = {
        "张某某": [VISIT, [P, ON, 9]],
        "随访": [VISIT, [P, ON, 8]],
        "欧阳某的随访": [["x"]],
        "Wang Xiaoming": [["y"]],
        "2026": [["z"]],
    }
    found = read_files([workbook(tmp_path / "a.xlsx", sheets)], TODAY)
    assert [problem.where[1] for problem in found.problems] == ["worksheet 1", "sheet 随访"]
    skipped = [note for note in found.notes if note.code == "sheet.skipped"]
    assert [note.where[1] for note in skipped] == ["worksheet 3", "worksheet 4", "sheet 2026"]
    assert skipped[0].text("zh").removeprefix(f"{tmp_path}/").startswith("a.xlsx, 第3张工作表：")


@pytest.mark.parametrize(
    "title",
    [
        *(say("zh", sheet) for sheet in SHEETS), *(say("en", sheet) for sheet in SHEETS), "个人信息补充表",
        "患者随访(2026年第一季度)", "一月", "Sheet1", "1", "二", "Visits 2026-11", "20260302", "2026.03",
    ],
)  # fmt: skip
def test_a_sheet_that_is_called_by_what_it_is_is_named(title: str) -> None:
    """Nobody is called so."""
    assert sheet_place(title, 7) == f"sheet {title}"


@pytest.mark.parametrize(
    "title",
    [
        "", "张某", "张某 随访", "王小明清溪村", "患者李某某", "王·某", "张单", "周月", "丁一", "李镇", "李新村", "Li Si", "Sheet1 (Li)",
        "22221111", "199,0000,0012", "9901 01,1993,0903,0251", "诸葛某某表", pytest.param("村" * 500 + "某", id="endless"),
    ],
)  # fmt: skip
def test_a_sheet_that_may_be_called_by_a_name_is_not_named(title: str) -> None:
    """With the form's words around it or without, in either script; a title without end is none."""
    assert sheet_place(title, 7) == "worksheet 7"


@pytest.mark.parametrize("text", ["990101 19930925 1251", "1、990101、19930925", "199 0000 0012", "王 小明"])
def test_the_pieces_of_a_number_are_not_told(tmp_path: Path, text: str) -> None:
    """A cell of several codes is judged as a whole, not by each piece between two separators."""
    header = (*VISIT, "目前症状")
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [header, [P, ON, 1, text]]})], TODAY)
    said = "".join(f"{problem} {problem.text('zh')}" for problem in found.problems).replace(str(tmp_path), "")
    assert "***" in said
    assert not any(piece in said for piece in ("9901", "1993", "1251", "199", "0012", "小明", "王"))


@pytest.mark.parametrize("column", ["责任团队", "村(居)委会"])
def test_a_number_that_may_be_somebodys_is_no_team_and_no_village(tmp_path: Path, column: str) -> None:
    """It would be printed on every list; it is what a shift of columns makes."""
    for number in (ID_NUMBER, "990101 19930925 1251", PHONE):
        rows = [("编号", "填表日期", "知情同意", column), [P, ON, 1, number]]
        found = read_files([workbook(tmp_path / f"{number}.xlsx", {"个人信息": rows})], TODAY)
        assert [(problem.code, problem.where[-1]) for problem in found.problems] == [
            ("line.number", f"column {column}")
        ]
        assert number not in str(found.problems[0].facts)


def test_a_sheet_that_looks_like_a_form_is_not_passed_over(tmp_path: Path) -> None:
    """Its patients would all be overdue, and nobody would know why."""
    header = ("病案号", "随访时间", "本次随访形式", "目前症状", "自知力", "本次随访分类", "下次随访日期")
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [header, [P, ON, 1, 1, 1, 3, ON]]})], TODAY)
    assert [problem.code for problem in found.problems][:1] == ["sheet.header"]


def test_a_list_of_people_that_is_no_form_is_passed_over(tmp_path: Path) -> None:
    """Whatever it has in common with the supplement: it tells of no follow-up."""
    roster = [
        ("序号", "姓名", "性别", "出生日期", "身份证号", "联系电话", "村(居)委会"),
        [1, NAME, 1, ON, "", PHONE, "甲村"],
    ]
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 1]], "名册": roster})], TODAY)
    assert (found.problems, [note.code for note in found.notes]) == ([], ["sheet.skipped", "presence"])


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/workbook.xml", "<workbook><sheet " + "a" * 600_000),
        ("xl/workbook.xml", "<workbook>" + "<sheet " * 400_000),
        ("xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + "<c " * 1_000_000),
        ("xl/worksheets/sheet1.xml", "<worksheet><sheetData><!--" + "<c " * 1_000_000 + "--></sheetData></worksheet>"),
    ],
    ids=["a word", "tags", "cells", "cells in a comment"],
)
def test_a_workbook_made_to_take_for_ever_takes_no_time(tmp_path: Path, part: str, content: str) -> None:
    """Whatever stands in its parts, each is gone through once."""
    good = workbook(tmp_path / "good.xlsx", {"随访": [VISIT, [P, ON, 1]]})
    with zipfile.ZipFile(good) as package:
        parts = {name: package.read(name) for name in package.namelist()} | {part: content.encode()}
    bad = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as package:
        for name, body in parts.items():
            package.writestr(name, body)
    code = "import sys; from datetime import date; from pathlib import Path; from followup.forms import read_files;"
    code += "print(*[one.code for one in read_files([Path(sys.argv[1])], date(2026, 11, 23)).problems])"
    command = [sys.executable, "-c", code, str(bad)]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.startswith("book.")


def test_a_file_may_be_called_like_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part of a place is the file, whatever it is called."""
    monkeypatch.chdir(tmp_path)
    path = workbook(Path("sheet 1.xlsx"), {"row 2": [VISIT, [P, ON, 9]]})
    (problem,) = read_files([path], TODAY).problems
    assert problem.text("zh").startswith("sheet 1.xlsx, “row 2”表, 第2行, “危险性评估”列：")


def test_nothing_is_recorded_unless_every_sheet_is_good(tmp_path: Path) -> None:
    """One bad cell on one sheet refuses the whole import."""
    path = workbook(tmp_path / "a.xlsx", {"一": [PERSON, [P, ON, 1]], "二": [VISIT, [P, ON, 9]]})
    register = made_register(tmp_path)
    assert "row 2, column 危险性评估" in run("import", register, path, code=3).stderr
    assert f'no patient "{P}"' not in run("import", register, path, code=3).stderr
    workbook(path, {"一": [PERSON, [P, ON, 1]], "二": [VISIT, [P, ON, 3]]})
    assert run("import", register, path).stdout.startswith("2 new entries recorded, 0 known")
    assert run("import", register, path).stdout.startswith("0 new entries recorded, 2 known")


def test_without_the_package_for_workbooks_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where calamine is not installed, the error says how to install it; CSV goes on working."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0]]})
    (problem,) = read_files([path], TODAY).problems
    assert "pip install 'followup[excel]'" in problem.text("en")
    assert "pip install 'followup[excel]'" in problem.text("zh")
    (tmp_path / "a.csv").write_text(f"{','.join(VISIT)}\n{P},{ON},0\n", "utf-8")
    assert entries(read_files([tmp_path / "a.csv"], TODAY)) == [Visited(P, ON, risk=0)]


# --- what is no workbook ---------------------------------------------------------------------------------------------

PAGE: Final = f"<html><body><table><tr><td>编号</td></tr><tr><td>{P}</td></tr></table></body></html>"


def packed(**parts: bytes) -> bytes:
    """Return a zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param("a.xls", PAGE.encode(), "this is a web page", id="web-page"),
        pytest.param("a.xls", f"\ufeff\r\n {PAGE}".encode(), "this is a web page", id="web-page-with-bom"),
        pytest.param("a.xls", PAGE.encode("utf-16"), "this is a web page", id="web-page-in-utf-16"),
        pytest.param("a.xls", PAGE.encode("gb18030"), "this is a web page", id="web-page-in-gb18030"),
        pytest.param("a.xls", b'<?xml version="1.0"?><Workbook/>', "this is a web page (or XML)", id="xml"),
        pytest.param("a.xls", b"MIME-Version: 1.0\r\n", "this is a web page", id="mhtml"),
        pytest.param("a.xlsx", f"编号,随访日期\n{P},{ON}\n".encode(), "this is plain text (CSV", id="csv"),
        pytest.param("a.xlsx", f"编号,随访日期\n{P}\n".encode("gb18030"), "rename it to .csv", id="csv-in-gb18030"),
        pytest.param("a.xls", f"编号\t随访日期\n{P}\n".encode("utf-16"), "this is plain text", id="unicode-text"),
        pytest.param("a.xlsx", b"", "the file is empty", id="empty"),
        pytest.param("a.xls", b" \n", "the file is empty", id="blank"),
        pytest.param("a.xlsx", packed(), "by its content this is no workbook", id="empty-zip"),
        pytest.param("a.xlsx", packed(**{"word/document.xml": b"<x/>"}), "this is no workbook", id="document"),
        pytest.param("a.xlsx", packed(**{"xl/workbook.bin": b"x"}), "a workbook of the kind .xlsb", id="xlsb"),
        pytest.param(
            "a.xlsx", packed(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "the kind .ods", id="ods"
        ),
        pytest.param("a.xlsx", packed(**{"xl/workbook.xml": b"<x"}), "the workbook is damaged", id="no-xml"),
        pytest.param("a.xlsx", b"PK\x03\x04" + b"x" * 99, "the workbook is damaged", id="half-a-zip"),
        pytest.param("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "the workbook is damaged", id="half-an-ole"),
        pytest.param("a.xls", bytes(range(256)) * 9, "the workbook is damaged", id="noise"),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_told_by_its_content(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """A file that only has a workbook's name is refused by what it is, with how to save it anew."""
    problem = refused_file(tmp_path, name, content)
    assert words in problem
    assert "; " in problem


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_workbook_that_was_cut_off_is_refused_wherever_it_ends(tmp_path: Path, kind: str) -> None:
    """No part of a workbook is taken for the whole."""
    make = workbook if kind == "xlsx" else old_workbook
    whole = make(tmp_path / f"a.{kind}", {"随访": [VISIT, *([P, ON, 0],) * 9]}).read_bytes()
    for size in range(9, len(whole) - 600, 97):
        (tmp_path / f"b.{kind}").write_bytes(whole[:size])
        found = read_files([tmp_path / f"b.{kind}"], TODAY)
        assert found.problems
        assert not found.entries


def compound(small: bytes = b"", **streams: bytes) -> bytes:
    """Return a compound file (OLE) with these streams, as programs keep documents in; `small` is a short Workbook."""
    end = 0xFFFFFFFE
    pieces = len(small) // 64 + 1
    links_of_small = struct.pack(f"<{pieces}I", *range(1, pieces), end).ljust(512, b"\xff")
    bodies = [small.ljust(512, b"\0"), links_of_small, *(body.ljust(4096, b"\0") for body in streams.values())]
    folder, links, first = entry("Root Entry", 5, 0, 512), [], 0
    folder += entry("Workbook", 2, 0, len(small)) if small else b""
    for name, body in zip(["", "", *streams], bodies, strict=True):
        count = -(-len(body) // 512)
        folder += entry(name, 2, first, len(body)) if name else b""
        links += [*range(first + 1, first + count), end]
        first += count
    links += [end, 0xFFFFFFFD]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(10)
    head += struct.pack("<IIIIIIIII", 1, first, 0, 4096, 1, 1, end, 0, first + 1)
    table = struct.pack(f"<{len(links)}I", *links).ljust(512, b"\xff")
    return (
        head.ljust(512, b"\xff")
        + b"".join(body.ljust(-(-len(body) // 512) * 512, b"\0") for body in bodies)
        + (folder.ljust(512, b"\0") + table)
    )


def entry(name: str, kind: int, first: int, size: int) -> bytes:
    """Return a directory entry of a compound file."""
    text = f"{name}\0".encode("utf-16-le")
    return text.ljust(64, b"\0") + struct.pack("<HB", len(text), kind) + bytes(49) + struct.pack("<IQ", first, size)


@pytest.mark.parametrize(
    ("streams", "words"),
    [
        ({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}, "protected by a password"),
        ({"Workbook": struct.pack("<HH8sHHH", 0x809, 8, b"", 0x2F, 2, 0)}, "protected by a password"),
        ({"WordDocument": b"x"}, "by its content this is no workbook"),
        ({"Book": b"x"}, "a workbook of the kind Excel 5.0/95"),
        ({"Other": b"x"}, "the workbook is damaged"),
    ],
)
def test_a_password_or_another_document(tmp_path: Path, streams: Mapping[str, bytes], words: str) -> None:
    """A workbook with a password, and a document of another program, are told apart from a damaged file."""
    for name in ("a.xlsx", "a.xls"):
        assert words in refused_file(tmp_path, name, compound(**streams))


def test_a_password_of_a_short_workbook(tmp_path: Path) -> None:
    """A stream below 4,096 bytes stands among the small ones."""
    content = (
        struct.pack("<HH8s", 0x809, 8, b"") + struct.pack("<HH99s", 0xE0, 99, b"") + struct.pack("<HHH", 0x2F, 2, 0)
    )
    assert "protected by a password" in refused_file(tmp_path, "a.xls", compound(content))


def test_a_large_old_workbook(tmp_path: Path) -> None:
    """Beyond seven million bytes the table of links has a table of its own."""
    texts = [[f"{number:05}" * 6_000] for number in range(260)]
    path = old_workbook(tmp_path / "a.xls", {"说明": texts, "随访": [VISIT, [P, ON, 0]]})
    assert path.stat().st_size > 7_200_000
    assert entries(read_files([path], TODAY)) == [Visited(P, ON, risk=0)]


@pytest.mark.parametrize(("rows", "top"), [(65_537, 0), (2**32 - 1, 0), (2, 3)])
def test_an_old_workbook_that_claims_more_than_there_can_be(tmp_path: Path, rows: int, top: int) -> None:
    """What a sheet says of its own size is checked: memory for all of it would be asked for at once."""
    content = old_workbook(tmp_path / "a.xls", {"随访": [VISIT, [P, ON, 0]]}).read_bytes()
    extent = struct.pack("<HHIIHH", 0x200, 14, 0, 2, 0, 3)
    assert content.count(extent) == 1
    content = content.replace(extent, struct.pack("<HHIIHH", 0x200, 14, top, rows, 0, 3))
    assert "the workbook is damaged" in refused_file(tmp_path, "a.xls", content)


def test_a_reader_that_falls_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A panic of the reader, which is written in Rust, is a damaged workbook; whoever interrupts is heard."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0]]})
    panic = type("PanicException", (BaseException,), {})
    for error in (panic, ValueError, RecursionError):
        monkeypatch.setattr("followup.workbooks._opened", Mock(side_effect=error))
        assert "the workbook is damaged" in told(read_files([path], TODAY).problems, tmp_path)[0]
    monkeypatch.setattr("followup.workbooks._opened", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        read_files([path], TODAY)


@pytest.mark.parametrize("name", ["a.xlsb", "a.ods", "a.et", "a.docx"])
def test_files_of_another_kind_are_refused_by_name(tmp_path: Path, name: str) -> None:
    """What is read at all is said in the refusal."""
    assert "save it as .xlsx, .xls, .csv or .jsonl" in refused_file(tmp_path, name, b"x")


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_cell_far_away_is_told_before_anyone_asks_for_memory(tmp_path: Path) -> None:
    """A sheet that reaches to the last row or column is refused with its name; 17,000 million cells fit nowhere."""
    for cell, place in (
        ("XFD1048576", "row 1048576, column XFD"),
        ("AN1048576", "column AN"),
        ("XFD999", "column XFD"),
    ):
        path = workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]], "二": [["x"]]})
        book = openpyxl.load_workbook(path)
        book["二"][cell] = "x"
        book.save(path)
        (problem,) = told(read_files([path], TODAY).problems, tmp_path)
        assert problem.startswith("a.xlsx, sheet 二: the sheet reaches to ")
        assert place in problem
    old = old_workbook(tmp_path / "a.xls", {"一": [VISIT, [P, ON, 0]], "二": [["x"] * 256] + [[]] * 65534 + [["x"]]})
    (problem,) = told(read_files([old], TODAY).problems, tmp_path)
    assert problem.startswith("a.xls, sheet 二: the sheet reaches to row 65536, column IV")


def test_formats_far_away_are_no_cells(tmp_path: Path) -> None:
    """Somebody who formats whole columns has not filled them."""
    path = workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]]})
    book = openpyxl.load_workbook(path)
    book["一"]["XFD1048576"].font = Font(bold=True)
    book.save(path)
    assert entries(read_files([path], TODAY)) == [Visited(P, ON, risk=0)]


def test_a_long_sheet_is_no_absurd_one(tmp_path: Path) -> None:
    """A row far below, with empty rows before it, keeps its number."""
    path = workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]]})
    book = openpyxl.load_workbook(path)
    for place, cell in enumerate((P, "2026-04-02", "8"), 1):
        book["一"].cell(1_048_576, place, cell)
    book.save(path)
    (problem,) = told(read_files([path], TODAY).problems, tmp_path)
    assert problem.startswith("a.xlsx, sheet 一, row 1048576, column 危险性评估: “8”")


def replaced(path: Path, **parts: bytes) -> Path:
    """Write a workbook with some of its parts replaced."""
    with zipfile.ZipFile(path) as package:
        old = {name: package.read(name) for name in package.namelist()}
    path.write_bytes(packed(**{**old, **parts}))
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<c r="A2"', b'<c r="Ypatient2"'),
        (b'<c r="A2"', b'<c r="ZZZ99999999"'),
        (b'<c r="A2"', b'<c r="A&#50;&#50;9999999"'),
        (b'<row r="2"', b'<row r="-2"'),
        (b"<sheetData>", b"<sheetData><row>"),
        (b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet'),
    ],
)
def test_a_sheet_that_no_spreadsheet_wrote(tmp_path: Path, old: bytes, new: bytes) -> None:
    """A place that is none, or XML that is none, is refused before a less strict reader asks for all memory."""
    path = workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]]})
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    assert old in sheet
    (problem,) = told(
        read_files([replaced(path, **{"xl/worksheets/sheet1.xml": sheet.replace(old, new, 1)})], TODAY).problems,
        tmp_path,
    )
    assert problem.startswith("a.xlsx: the workbook is damaged")


def test_a_place_behind_a_sign_is_seen(tmp_path: Path) -> None:
    """A cell far away is found however its element is written."""
    path = workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]]})
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b'<c r="A2"', b"<c a='>' r='XFD&#49;048576'", 1)
    (problem,) = told(read_files([replaced(path, **{"xl/worksheets/sheet1.xml": far})], TODAY).problems, tmp_path)
    assert "the sheet reaches to row 1048576, column XFD" in problem


def test_a_small_file_that_unpacks_to_an_enormous_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is unpacked than a workbook may have, however little the package says it holds."""
    monkeypatch.setattr(bookchecks, "LARGEST", 5_000_000)
    monkeypatch.setattr("followup.zipbooks.LARGEST", 5_000_000)
    path = workbook(tmp_path / "a.xlsx", {"一": [VISIT, [P, ON, 0]]})
    assert entries(read_files([path], TODAY)) == [Visited(P, ON, risk=0)]
    replaced(path, **{"xl/worksheets/sheet2.xml": b" " * 6_000_000})
    assert path.stat().st_size < 50_000
    (problem,) = told(read_files([path], TODAY).problems, tmp_path)
    assert problem.startswith("a.xlsx: the workbook is larger than 5 MB when unpacked")


def test_one_long_text_in_every_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that cells share counts as often as it stands there."""
    monkeypatch.setattr(bookchecks, "LARGEST", 5_000_000)
    monkeypatch.setattr("followup.zipbooks.LARGEST", 5_000_000)
    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (row, row) for row in range(1, 1001))
    path = replaced(
        workbook(tmp_path / "a.xlsx", {"一": [["x"]]}),
        **{
            "xl/sharedStrings.xml": b"<sst %s><si><t>%s</t></si></sst>" % (space, b"x" * 30_000),
            "xl/worksheets/sheet1.xml": b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (space, cells),
        },
    )
    assert "larger than 5 MB" in told(read_files([path], TODAY).problems, tmp_path)[0]


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["危险性评估(0-5级)", "危险性评估（0-5级）", "危险性评估\n(0－5级)", " 危险性 评估 ", "危险性评估*", "*危险性评估", "危险性评估：",
     "危险性评估【必填】", "危险性评估（代码）", "危 险 性 评 估", "危险性评估（0无 1-5级）", "危险性评估等级"],
)  # fmt: skip
def test_names_of_columns_as_people_write_them(tmp_path: Path, name: str) -> None:
    """Spaces, line breaks, full-width characters and a remark on how to fill it in change no column."""
    sheets: dict[str, Rows] = {"随访": [["编 号", "随访日期（年月日）", name], [P, ON, 2]]}
    assert entries(read_files([workbook(tmp_path / "a.xlsx", sheets)], TODAY)) == [Visited(P, ON, risk=2)]


def test_other_names_that_systems_give_to_columns(tmp_path: Path) -> None:
    """Each stands for the form's own, a remark or none; beside the form's own it is one column twice."""
    header = [
        "患者编号",
        "填表日期",
        "知情同意",
        "患者姓名",
        "身份证号码（18位）",
        "本人电话",
        "村/居委会",
        "目前诊断情况",
    ]
    row = [P, ON, 1, "某甲", "99010119900101001X", "19900000001", "甲村", "精神分裂症"]
    person = Registered(
        P, ON, consents=True, name="某甲", id_number="99010119900101001X", phone="19900000001", village="甲村",
        diagnosis="schizophrenia",
    )  # fmt: skip
    assert entries(read_files([workbook(tmp_path / "a.xlsx", {"信息": [header, row]})], TODAY)) == [person]
    twice = read_files([workbook(tmp_path / "b.xlsx", {"信息": [[*header, "姓名"], [*row, "某乙"]]})], TODAY)
    (problem,) = told(twice.problems, tmp_path)
    assert "column 姓名" in problem


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_header_on_every_page_is_no_row(tmp_path: Path, kind: str) -> None:
    """A table that was printed has its header again and again; another header, or another row, is told."""
    header, rows = ["编号", "随访日期", "危险性评估"], [[P, ON, "2"], ["10100002", ON, "0"]]

    def of(*lines: list[str]) -> Reading:
        if kind == "xlsx":
            return read_files([workbook(tmp_path / "a.xlsx", {"随访": lines})], TODAY)
        (tmp_path / "a.csv").write_text("".join(",".join(line) + "\n" for line in lines), "utf-8")
        return read_files([tmp_path / "a.csv"], TODAY)

    found = of(header, rows[0], header, rows[1], header)
    assert entries(found) == [Visited(P, ON, risk=2), Visited("10100002", ON, risk=0)]
    assert sum("the header stands there once more, 2 times" in note for note in told(found.notes, tmp_path)) == 1
    assert of(header, rows[0], header[::-1], rows[1]).problems


def test_visits_of_people_whose_sheet_is_refused_are_not_refused_one_by_one(tmp_path: Path) -> None:
    """One wrong column of the people's sheet is one error, however many follow-ups wait for them."""
    people: list[Sequence[Any]] = [
        ["编号", "填表日期", "姓名"],
        *([f"1010000{number}", ON, "某人"] for number in range(5)),
    ]
    visits: list[Sequence[Any]] = [VISIT, *([f"1010000{number}", ON, 1] for number in range(5))]
    path = workbook(tmp_path / "a.xlsx", {"信息": people, "随访": [*visits, ["10100009", ON, 1]]})
    refusal = run("import", made_register(tmp_path), path, code=3).stderr
    assert refusal.count("sheet 信息, column 知情同意") == 1
    assert [row for row in range(2, 8) if f"sheet 随访, row {row}" in refusal] == [7]


def test_every_column_of_both_forms_in_full_width(tmp_path: Path) -> None:
    """Commas and brackets of the printed names may be full-width, and the names broken over lines."""
    for columns in (VISIT_COLUMNS, PATIENT_COLUMNS):
        header = [f"{name[:2]}\n{name[2:]}".translate(WIDE) for name in columns]
        row = ["1" if name in {"危险性评估", "知情同意"} else "" for name in columns]
        row[columns.index("编号")] = P
        row[columns.index("随访日期" if "随访日期" in columns else "填表日期")] = ON
        found = read_files([workbook(tmp_path / "a.xlsx", {"表": [header, row]})], TODAY)
        assert len(entries(found)) == 1
        assert not [note for note in found.notes if note.code == "column.stranger"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("身份证号(监护人)", "did you mean “身份证号”?"),
        ("联系电话（村医）", "did you mean “联系电话”?"),
        ("出生日期(家属)", "did you mean “出生日期”?"),
    ],
)
def test_a_remark_that_says_whose_it_is_changes_the_column(tmp_path: Path, name: str, problem: str) -> None:
    """A guardian's ID number never becomes the patient's."""
    found = person_of(tmp_path, **{name: "x"})
    assert not found.entries
    assert problem in told(found.problems, tmp_path)[0]


def test_a_remark_beside_the_column_itself_is_a_column_of_its_own(tmp_path: Path) -> None:
    """Where the plain name stands there too, the other is no second one: it is kept word for word."""
    (found,) = visit_of(tmp_path, **{"危险性评估(1)": "5"})
    assert isinstance(found, Visited)
    assert (found.risk, found.form) == (0, {"危险性评估(1)": "5"})


def test_a_column_twice_is_refused(tmp_path: Path) -> None:
    """Two spellings of one name are one name."""
    problems = refused(tmp_path, **{"自知力": 1, "自 知 力": 2})
    assert problems == ["a.xlsx, sheet 随访, column 自知力: the column stands there twice; keep one"]


@pytest.mark.parametrize("count", [0, 1, 5, 19])
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_titles_above_the_header_are_skipped(tmp_path: Path, kind: str, count: int) -> None:
    """Up to nineteen rows may stand above the header; rows keep the spreadsheet's numbers."""
    rows = [*[["随访登记表", "2026年", "填报单位"]] * count, VISIT, [P, ON, "0"], [P, ON, "7"]]
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("".join(f"{','.join(row)}\n" for row in rows), "utf-8")
    else:
        workbook(path, {"随访": rows})
    found = read_files([path], TODAY)
    assert [entry.where[-1] for entry in found.entries] == [f"row {count + 2}"]
    assert f"row {count + 3}, column 危险性评估" in told(found.problems, tmp_path)[0]


@pytest.mark.parametrize(
    "above",
    [
        [["编号", "随访日期", "危险性评估"], ["10100002", "2026-02-05", 3]],
        [["随访登记表"], ["编号", "随访日期", "危险性评估", "目前病症"], ["10100002", "2026-02-05", 3, "1"]],
        [["10100002", "2026-02-05", 4, "1"]],
        [["10100002", "2026年2月5日", 4]],
        [["p2", date(2026, 2, 5), 4]],
    ],
)
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_row_above_the_header_is_told(tmp_path: Path, kind: str, above: Rows) -> None:
    """A sheet sorted with its header, or with another table above, loses nobody in silence."""
    rows = [*above, ["编号", "随访日期", "危险性评估", "本次随访分类"], [P, ON, 0, "3"]]
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), "utf-8")
    else:
        workbook(path, {"随访": rows})
    found = read_files([path], TODAY)
    first = 1 if len(above[0]) > 1 else 2
    assert f"row {first}: this is above the table's header" in told(found.problems, tmp_path)[0]


@pytest.mark.parametrize(
    "title",
    [
        ["甲镇2026年随访表", "2026年11月", "共12人"],
        ["填报单位:某院", "填报日期:2026-11-23", "第1页"],
        ["", "", "2026", "11", "23"],
    ],
)
def test_a_title_of_several_cells_is_a_title(tmp_path: Path, title: list[str]) -> None:
    """It has words where a row has a patient's number and a day."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [title, [*VISIT, "本次随访分类", "目前症状"], [P, ON, 0, "3", ""]]})
    assert len(entries(read_files([path], TODAY))) == 1


@pytest.mark.parametrize("group", ["监护人", "监护人信息", "责任医生", "联系人"])
def test_below_a_group_of_another_person_no_name_is_the_patients(tmp_path: Path, group: str) -> None:
    """A guardian's telephone and ID number are never taken for the patient's: it is asked whose they are."""
    header: Rows = [[*PERSON, "姓名", group, ""], ["", "", "", "", "联系电话", "身份证号"]]
    path = workbook(tmp_path / "a.xlsx", {"表": [*header, [P, ON, 1, NAME, PHONE, ID_NUMBER]]})
    found = read_files([path], TODAY)
    assert found.problems
    assert all(getattr(sourced.entry, "phone", None) is None for sourced in found.entries)


def test_below_a_group_of_another_person_the_guardians_own_columns_are_read(tmp_path: Path) -> None:
    """The form has the guardian's name and telephone, and what else is told of him is kept word for word."""
    header: Rows = [[*PERSON, "姓名", "监护人", "", ""], ["", "", "", "", "姓名", "电话", "身份证号"]]
    path = workbook(tmp_path / "a.xlsx", {"表": [*header, [P, ON, 1, NAME, "某监护人", PHONE, ID_NUMBER]]})
    (person,) = entries(read_files([path], TODAY))
    assert isinstance(person, Registered)
    assert (person.name, person.guardian, person.phone, person.id_number) == (NAME, "某监护人", None, None)
    assert person.form == {"监护人电话": PHONE, "监护人身份证号": ID_NUMBER}


def test_below_a_group_of_another_time_no_name_is_todays(tmp_path: Path) -> None:
    """What was found last time is not found this time: the column of today is missing, and is asked for."""
    header: Rows = [["编号", "随访日期", "本次随访形式", "上次随访情况", ""], ["", "", "", "危险性评估", "目前症状"]]
    path = workbook(tmp_path / "a.xlsx", {"表": [*header, [P, ON, 2, 4, 1]]})
    found = read_files([path], TODAY)
    assert not found.entries
    assert found.problems


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_told(tmp_path: Path, state: str) -> None:
    """Nobody sees it in the spreadsheet, and its rows count like any."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0]], "旧": [VISIT, [P, "2026-03-09", 3]]})
    book = openpyxl.load_workbook(path)
    book["旧"].sheet_state = state  # type: ignore[assignment]
    book.save(path)
    found = read_files([path], TODAY)
    assert len(found.entries) == 2
    assert "a.xlsx, sheet 旧: the sheet is hidden, and its rows are taken all the same; look at them" in told(
        found.notes, tmp_path
    )


@pytest.mark.parametrize("unseen", ["\u200b", "\u200e", "\ufeff", "\u2060", "\xad"])
def test_what_nobody_sees_changes_nothing(tmp_path: Path, unseen: str) -> None:
    """Copied from a web page, a name, a number, a day and a code bring characters along."""
    row = [f"{unseen}{cell}{unseen}" for cell in (P, ON, "2", "2 基本稳定")]
    header = [f"{unseen}{name}" for name in (*VISIT, "本次随访分类")]
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [header, row]})], TODAY)
    assert entries(found) == [Visited(P, ON, risk=2, stability="basic")]


def test_teams_that_are_spelled_nearly_alike_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a team of its own, and whoever prints one's list misses the other's people."""
    monkeypatch.chdir(tmp_path)
    rows = [["10100001", ON, 1, "甲队（东）"], ["10100002", ON, 1, "甲队(东)"], ["10100003", ON, 1, "乙队"]]
    workbook(tmp_path / "a.xlsx", {"表": [[*PERSON, "责任团队"], *rows]})
    for words in (["init", "r.db"], ["import", "r.db", "a.xlsx"]):
        done = CliRunner().invoke(main, [*words, "--today", str(TODAY), "--lang", "en"])
        assert done.exit_code == 0, done.output
    assert "the teams 甲队(东) / 甲队（东） are spelled nearly alike" in done.stderr
    assert "乙队" not in done.stderr


@pytest.mark.parametrize("name", ["序号", "序 号", "No."])
def test_running_numbers_are_nobodys(tmp_path: Path, name: str) -> None:
    """A sheet that was sorted anew tells the same, as the same import twice does."""
    rows = [[P, ON, 0], ["10100002", ON, 1]]
    numbered = [[[number, *row] for number, row in enumerate(order, 1)] for order in (rows, rows[::-1])]
    found = [
        read_files([workbook(tmp_path / "a.xlsx", {"随访": [[name, *VISIT], *order]})], TODAY) for order in numbered
    ]
    assert {entry.id for entry in entries(found[0])} == {entry.id for entry in entries(found[1])}
    assert "running numbers change with each sheet, and are not kept" in told(found[0].notes, tmp_path)[0]


@pytest.mark.parametrize("column", ["联系电话", "监护人电话"])
@pytest.mark.parametrize("number", ["1.39E+10", "1.99E10", "1.9E+10"])
def test_a_telephone_number_that_lost_digits_is_refused(tmp_path: Path, column: str, number: str) -> None:
    """Nobody can be reached by what a narrow column left of it."""
    found = person_of(tmp_path, **{column: number})
    assert [problem.code for problem in found.problems] == ["cell.phone"]


def test_a_header_of_two_rows_with_merged_groups(tmp_path: Path) -> None:
    """Names below a group's name are columns, alone or together with it."""
    header: Rows = [
        ["随访服务记录表"],
        ["编号", "随访日期", "危险性评估", "死亡", "", "转诊", "", "社会功能情况", ""],
        ["", "", "(0-5级)", "日期", "原因", "是否转诊", "原因", "个人生活料理", "家务劳动"],
    ]
    path = workbook(tmp_path / "a.xlsx", {"随访": [*header, [P, ON, 3, "", "", "2", "加重", 1, 2]]})
    book = openpyxl.load_workbook(path)
    for cells in ("A2:A3", "B2:B3", "D2:E2", "F2:G2", "H2:I2"):
        book["随访"].merge_cells(cells)
    book.save(path)
    visited, referred = entries(read_files([path], TODAY))
    assert visited == Visited(P, ON, risk=3, functions={"self_care": "good", "housework": "fair"})
    assert referred.as_json() | {"reason": "加重"} == referred.as_json()


def test_a_row_of_explanations_below_the_header_is_no_header_and_no_record(tmp_path: Path) -> None:
    """What stands below a column's whole name is a row: without a number it is refused, never taken for a name."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, ["", "年月日", "0至5"], [P, ON, 0]]})
    assert "a.xlsx, sheet 随访, row 2, column 编号: it is empty; fill it in" in told(
        read_files([path], TODAY).problems, tmp_path
    )


def test_empty_rows_and_columns_around_the_table_are_nothing(tmp_path: Path) -> None:
    """Blank cells before, between and behind are ignored."""
    rows: Rows = [[], ["", *VISIT, "", " "], [], ["", P, ON, 0, "", ""], ["", " ", "", ""], []]
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": rows})], TODAY)
    assert entries(found) == [Visited(P, ON, risk=0)]
    assert [note.code for note in found.notes] == ["presence"]


def test_a_cell_beside_the_table_is_told(tmp_path: Path) -> None:
    """A cell of which nobody knows what it is gets told with its row."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0, "", "x"]]})
    assert told(read_files([path], TODAY).problems, tmp_path)[0].startswith(
        "a.xlsx, sheet 随访, row 2: cells stand below"
    )


@pytest.mark.parametrize("cell", ["填表说明：危险性评估按0-5级填写", "备注: 无", "合计", "填表人：某某", "说明"])
def test_a_remark_below_the_table_is_skipped_with_a_note(tmp_path: Path, cell: str) -> None:
    """One cell that begins like a remark is no record; the note names its row and does not repeat it."""
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0], [], [cell]]})], TODAY)
    assert entries(found) == [Visited(P, ON, risk=0)]
    assert told(found.notes, tmp_path)[0] == (
        "a.xlsx, sheet 随访, row 4: a total or a remark below the table; the row was skipped"
    )


def test_a_total_with_numbers_is_refused(tmp_path: Path) -> None:
    """A row that holds more than a remark is never dropped without a word."""
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0], ["合计", "", 1]]})], TODAY)
    assert told(found.problems, tmp_path) == [
        (
            "a.xlsx, sheet 随访, row 3: this is a total or a remark below the table, not a record; delete the row, or give it "
            "its patient number"
        )
    ]


def test_any_other_row_without_a_number_is_refused(tmp_path: Path) -> None:
    """A record whose number is missing is no remark."""
    found = read_files([workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0], ["", ON, 1]]})], TODAY)
    assert "row 3, column 编号: it is empty" in told(found.problems, tmp_path)[0]


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_cells_merged_over_rows_are_refused(tmp_path: Path, kind: str) -> None:
    """A spreadsheet keeps a merged cell's content in its first row alone: the others would lose it."""
    header = [*VISIT, "村(居)委会"]
    rows: Rows = [header, [P, ON, 0, "清溪村"], ["10100002", ON, 0, ""], ["10100003", ON, 0, ""]]
    if kind == "xlsx":
        path = workbook(tmp_path / "a.xlsx", {"随访": rows})
        book = openpyxl.load_workbook(path)
        book["随访"].merge_cells("D2:D4")
        book.save(path)
    else:
        old = xlwt.Workbook()
        sheet = old.add_sheet("随访")
        for at, row in enumerate(rows):
            for place, cell in enumerate(row[:3] if at else row):
                sheet.write(at, place, cell)
        sheet.write_merge(1, 3, 3, 3, "清溪村")
        path = tmp_path / "a.xls"
        old.save(str(path))
    assert told(read_files([path], TODAY).problems, tmp_path) == [
        (
            f"{path.name}, sheet 随访, row 2, column 村(居)委会: the cell is merged over rows 2 to 4, so that only the first "
            "has its content; unmerge it, and fill in each row"
        )
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_text_separated_by_commas_tabs_or_semicolons(tmp_path: Path, delimiter: str) -> None:
    """What separates the names of the columns separates the cells."""
    rows = [["题目"], [*VISIT, "若失访,原因", "目前症状"], [P, ON, "1", "", "1、2"]]
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    assert entries(read_files([tmp_path / "a.csv"], TODAY)) == [
        Visited(P, ON, risk=1, symptoms=["hallucination", "difficult_contact"])
    ]


@pytest.mark.parametrize("row", [f"{P};{ON};1;2;1;", f"{P};{ON};1;1;2;"])
def test_a_code_that_separates_cells_shifts_no_row(tmp_path: Path, row: str) -> None:
    """A row with more cells than the header has is refused: nobody knows which is which."""
    (tmp_path / "a.csv").write_text(f"{';'.join(VISIT)};目前症状;参与人员\n{row}\n", "utf-8")
    assert (
        "row 2: cells stand below no column's name"
        in told(read_files([tmp_path / "a.csv"], TODAY).problems, tmp_path)[0]
    )


# --- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
@pytest.mark.parametrize(
    "cell",
    ["2026-01-02", "2026.1.2", "2026/1/2", "2026-1-2", "2026年1月2日", "2026年01月02日", "20260102", "２０２６．１．２",
     "2026/1/2 0:00:00", "2026-01-02 00:00:00", "2026/1/2 14:30", "2026-01-02T00:00:00", "20260102.0",
     "2026-01-02 星期五", "2026年1月2日（周五）", "2026/1/2 星期五 14:30", " 2026 年 1 月 2 日 ", "2026. 1. 2",
     date(2026, 1, 2), datetime(2026, 1, 2), datetime(2026, 1, 2, 14, 30), 20260102, 46024, 46024.0, 46024.5],  # noqa: DTZ001 - a spreadsheet knows no zone
    ids=repr,
)  # fmt: skip
def test_a_day_in_every_form_that_is_in_use(tmp_path: Path, kind: str, cell: Any) -> None:
    """Text, a day's cell, and a number that a spreadsheet counts days with, all tell the same day."""
    (found,) = visit_of(tmp_path, kind, 随访日期=cell)
    assert found.on == date(2026, 1, 2)


@pytest.mark.parametrize(
    "cell",
    ["1/2/2026", "26-1-2", "26.1.2", 260102, "2026-13-01", "2026.1", 2026.1, 2026, 1, 0, -5, 99999, "1月2日", "46024", 1e300, True,
     time(1, 2), timedelta(days=46024), "2026年1月", "2026-01-02-03", "2026-01-02 25", "去年",
     "2026-01-02 星期四", "2026-01-02 周"],
    ids=repr,
)  # fmt: skip
def test_what_might_be_several_days_or_none_is_refused(tmp_path: Path, cell: Any) -> None:
    """Two-digit years, days before months, years alone and numbers written as text are never guessed."""
    (problem,) = refused(tmp_path, 随访日期=cell)
    assert problem.startswith("a.xlsx, sheet 随访, row 2, column 随访日期: ")
    assert "is no date" in problem


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_workbook_that_counts_from_1904(tmp_path: Path, kind: str) -> None:
    """A day's cell is read by the workbook's own count; a bare number, which might be either, is refused."""
    for cell, good in ((date(2026, 1, 2), True), (46024, False)):
        if kind == "xlsx":
            path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT]})
            book = openpyxl.load_workbook(path)
            book.epoch = CALENDAR_MAC_1904
            book["随访"].append([P, cell, 0])
            book.save(path)
        else:
            old = xlwt.Workbook()
            old.dates_1904 = True
            sheet = old.add_sheet("随访")
            for place, name in enumerate(VISIT):
                sheet.write(0, place, name)
            for place, value in enumerate((P, cell, 0)):
                style = [xlwt.easyxf(num_format_str="YYYY-MM-DD")] if isinstance(value, date) else []
                sheet.write(1, place, value, *style)
            path = tmp_path / "a.xls"
            old.save(str(path))
        found = read_files([path], TODAY)
        assert [sourced.entry for sourced in found.entries] == ([Visited(P, "2026-01-02", risk=0)] if good else [])


def test_a_day_after_today_is_refused_in_a_workbook_too(tmp_path: Path) -> None:
    """A day's cell is held against today like text."""
    assert "2026-11-24 is after today (2026-11-23)" in refused(tmp_path, 随访日期=date(2026, 11, 24))[0]


# --- codes -----------------------------------------------------------------------------------------------------------

LISTS: Final[Mapping[str, type[Term]]] = {
    "本次随访形式": ContactMode, "本次随访对象": Seen, "若失访,原因": LossReason, "死亡原因": DeathReason, "目前症状": Symptom,
    "自知力": Insight, "个人生活料理": Grade, "家务劳动": Grade, "生产劳动及工作": Grade, "学习能力": Grade, "社会人际交往": Grade,
    "用药依从性": Adherence, "药物不良反应": Reaction, "本次随访分类": Stability,
}  # fmt: skip
#: The form's own wording where it is no list of terms: code and label.
WORDED: Final = [
    ("危险性评估", "0", "0级"), ("危险性评估", "5", "5级"),
    ("两次随访期间住院情况", "0", "未住院"), ("两次随访期间住院情况", "1", "目前正在住院"),
    ("两次随访期间住院情况", "2", "曾住院,现未住院"), ("是否转诊", "1", "否"), ("是否转诊", "2", "是"),
    ("本次随访分类", "0", "未访到"), ("生产劳动及工作", "9", "此项不适用"), ("药物不良反应", "9", "此项不适用"),
]  # fmt: skip
CODED: Final = [
    *((column, str(term.code), term.zh) for column, kind in LISTS.items() for term in kind if term.code is not None),
    *WORDED,
]


def around(column: str, code: str, cell: Any) -> dict[str, Any]:
    """Return a row in which the column may have that code."""
    row: dict[str, Any] = {"危险性评估": 1}
    if column == "若失访,原因" or (column, code) == ("本次随访分类", "0"):
        row["危险性评估"] = ""
    if column == "死亡原因":
        row["死亡日期"] = ON
    if (column, code) == ("两次随访期间住院情况", "2"):
        row["末次出院时间"] = ON
    return {**row, column: cell}


@pytest.mark.parametrize(("column", "code", "label"), CODED, ids=lambda value: value)
def test_a_code_in_every_spelling(tmp_path: Path, column: str, code: str, label: str) -> None:
    """The code, its label, and both together tell the same, whatever stands between them."""
    plain = visit_of(tmp_path, **around(column, code, code))
    spellings: list[Any] = [
        int(code), float(code), f"{code}.0", f" {code} ", code.translate(WIDE), label, f"{code} {label}", f"{code}.{label}",
        f"{code}、{label}", f"({code}){label}", f"{code}:{label}",
    ]  # fmt: skip
    if not label[0].isdigit():
        spellings += [f"{code}{label}", "  ".join(label), f"{code}\n{label}".translate(WIDE)]
    for cell in spellings:
        assert visit_of(tmp_path, **around(column, code, cell)) == plain, cell


@pytest.mark.parametrize(("column", "code", "label"), CODED, ids=lambda value: value)
def test_a_code_beside_the_label_of_another_is_refused(tmp_path: Path, column: str, code: str, label: str) -> None:
    """Nobody decides for the doctor which of the two is right."""
    other = next(theirs for name, number, theirs in CODED if name == column and number != code)
    (problem,) = refused(tmp_path, **around(column, code, f"{code} {other}"))
    assert f"column {column}: code and label contradict each other: {code} is “{label}”, not “{other}”" in problem


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("本次随访分类", "2 稳"), ("本次随访分类", "4"), ("本次随访分类", "稳定期"), ("本次随访分类", "12"), ("本次随访分类", "2.5"),
        ("本次随访分类", "02"), ("自知力", "1/2"), ("自知力", "1 2"), ("危险性评估", "三级"), ("危险性评估", "3-4"), ("危险性评估", "3+"), ("危险性评估", "2+3"), ("目前症状", "1+"), ("危险性评估", "33"),
        ("危险性评估", -1), ("危险性评估", 2.5), ("危险性评估", True), ("危险性评估", "1 9级"), ("是否转诊", "0 否"), ("是否转诊", "1 是"),
        ("自知力", date(2026, 1, 2)), ("目前症状", date(2026, 1, 2)), ("目前症状", "1.2"), ("目前症状", "幻觉1"), ("目前症状", "幻觉 2 自语自笑"), ("目前症状", "幻觉交流困难"),
        ("目前症状", "1、王小明"), ("目前症状", "、"), ("本次随访对象", "14"), ("本次随访对象", "11"),
    ],
)  # fmt: skip
def test_what_is_no_code_is_refused(tmp_path: Path, column: str, cell: Any) -> None:
    """What is not wholly a code, a label or both is never read by its beginning; no name is told."""
    problems = refused(tmp_path, **{column: cell})
    assert all(problem.startswith(f"a.xlsx, sheet 随访, row 2, column {column}: ") for problem in problems)
    assert problems
    assert "王小明" not in "".join(problems)


@pytest.mark.parametrize(
    "cell",
    ["1,2,10", "1，2，10", "1、2、10", "1;2;10", "1；2；10", "1|2|10", "1/2/10", "1 2 10", "1　2　10", "1\n2\n10", "10、2、1",
     "1幻觉、2交流困难、10自语自笑", "1.幻觉 2.交流困难 10.自语自笑", "1、幻觉；2、交流困难；10、自语自笑", "幻觉，交流困难，自语自笑",
     "1幻觉2交流困难10自语自笑", "1, 2 ,10,", "1+2+10", "1＋2＆10", "①②⑩", "①幻觉②交流困难⑩自语自笑", "幻觉+交流困难+自语自笑"],
)  # fmt: skip
def test_several_codes_whatever_separates_them(tmp_path: Path, cell: str) -> None:
    """All separators that are in use, and none where labels part the codes."""
    (found,) = visit_of(tmp_path, 目前症状=cell)
    assert found == Visited(P, ON, risk=0, symptoms=["hallucination", "difficult_contact", "self_talk"])


@pytest.mark.parametrize("cell", ["3级", "3 级", "３　级"])
def test_a_level_and_its_word_may_stand_apart(tmp_path: Path, cell: str) -> None:
    """A space changes no level."""
    assert visit_of(tmp_path, 危险性评估=cell) == [Visited(P, ON, risk=3)]


def test_codes_that_run_together(tmp_path: Path) -> None:
    """Digits in a row are taken apart where no code has two; symptoms, which have 10, 11 and 12, are not."""
    assert visit_of(tmp_path, 本次随访对象=12) == [Visited(P, ON, risk=0, seen=["patient", "family"])]
    assert visit_of(tmp_path, 目前症状=12) == [Visited(P, ON, risk=0, symptoms=["other"])]
    assert "“123” can be read in more than one way; put a separator" in refused(tmp_path, 目前症状=123)[0]


def test_labels_that_hold_a_separator_themselves(tmp_path: Path) -> None:
    """患者家属、监护人 is one label."""
    for cell in ("1患者本人、2患者家属、监护人", "患者本人、患者家属、监护人", "1、2患者家属"):
        assert visit_of(tmp_path, 本次随访对象=cell) == [Visited(P, ON, risk=0, seen=["patient", "family"])]


@pytest.mark.parametrize(
    ("cell", "consents"),
    [(1, True), ("1 同意参加管理", True), ("同意参加管理", True), ("是", True), (0, False), (2.0, False), ("0不同意参加管理", False),
     ("2、不同意参加管理", False), ("不同意", False), ("否", False)],
)  # fmt: skip
def test_consent_in_every_spelling(tmp_path: Path, cell: Any, consents: bool) -> None:  # noqa: FBT001
    """Refusal is coded 0 or 2."""
    assert entries(person_of(tmp_path, 知情同意=cell)) == [Registered(P, ON, consents=consents)]


@pytest.mark.parametrize("cell", ["1 不同意参加管理", "0 同意参加管理", "2 是", 3])
def test_consent_that_contradicts_itself(tmp_path: Path, cell: Any) -> None:
    """Consent is never guessed."""
    assert "column 知情同意" in told(person_of(tmp_path, 知情同意=cell).problems, tmp_path)[0]


@pytest.mark.parametrize("sex", [sex for sex in Sex if sex.code])
def test_sex_by_code_or_label(tmp_path: Path, sex: Sex) -> None:
    """GB/T 2261.1, as a code, a label or both."""
    for cell in (int(sex.code or ""), sex.zh, f"{sex.code}{sex.zh}"):
        assert entries(person_of(tmp_path, 性别=cell)) == [Registered(P, ON, sex=sex)]


# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [int(ID_NUMBER), float(ID_NUMBER), "9.90101E+17", "990101199309030000", "990101199309030", 99010119930903, f"{ID_NUMBER}0"],
    ids=repr,
)  # fmt: skip
def test_an_id_number_that_lost_digits_is_refused_and_not_shown(tmp_path: Path, cell: Any) -> None:
    """A number of 18 digits has lost three in a spreadsheet, zeros show it, and no error shows the rest."""
    found = person_of(tmp_path, 身份证号=cell)
    if cell == "990101199309030":
        assert entries(found) == [Registered(P, ON, id_number=cell)]  # the fifteen digits of old
        return
    (problem,) = told(found.problems, tmp_path)
    assert problem.startswith("a.xlsx, sheet 信息, row 2, column 身份证号: it ")
    assert "as text" in problem
    assert "9901" not in problem
    assert "9.9" not in problem


@pytest.mark.parametrize(("cell", "good"), [(10100001, True), (10100001.0, True), ("10100001.0", True), ("100001.0", False), ("101-00001", True), (1000001, False), (1.01e17, False)])  # fmt: skip
def test_a_patient_number_that_became_a_number(tmp_path: Path, cell: Any, good: bool) -> None:  # noqa: FBT001
    """With its eight digits it is whole; with fewer, a leading zero was lost."""
    if good:
        assert visit_of(tmp_path, 编号=cell) == [Visited(P, ON, risk=0)]
    else:
        assert "column 编号: it is no patient number" in refused(tmp_path, 编号=cell)[0]


def test_numbers_are_kept_as_people_see_them(tmp_path: Path) -> None:
    """Columns kept word for word hold what CSV would hold: no point behind a whole number, no time behind a day."""
    cells: dict[str, Any] = {
        "睡眠情况": 2.0,
        "轻度滋事": 0,
        "确诊日期": date(2022, 3, 11),
        "药物1用法": 0.5,
        "随访医生签名": "甲\n乙",
        "复查": datetime(2026, 1, 2, 8, 30),  # noqa: DTZ001 - a spreadsheet knows no zone
    }
    (found,) = visit_of(tmp_path, **cells)
    assert isinstance(found, Visited)
    assert found.form == {
        "睡眠情况": "2", "轻度滋事": "0", "确诊日期": "2022-03-11", "药物1用法": "0.5", "随访医生签名": "甲\n乙", "复查": "2026-01-02 08:30:00",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_apostrophe_by_which_an_export_defused_a_formula_is_taken_off(tmp_path: Path, kind: str) -> None:
    """What our own export changed comes back as it was; any other apostrophe stays."""
    row = {
        "编号": P,
        "填表日期": ON,
        "知情同意": "1",
        "姓名": "'=1+1",
        "责任团队": "'@一队",
        "医生签字": "'-",
        "监护人姓名": "'某",
    }
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([row, row.values()])
    else:
        workbook(path, {"信息": [list(row), list(row.values())]})
    assert entries(read_files([path], TODAY)) == [
        Registered(P, ON, name="=1+1", team="@一队", guardian="'某", form={"医生签字": "-"})
    ]


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#DIV/0!", "=1+1"])
def test_a_cell_whose_formula_fails_is_no_empty_cell(tmp_path: Path, cell: str) -> None:
    """An error, and a formula that nobody has counted, are refused: they would be read as if nothing stood there."""
    assert refused(tmp_path, 死亡日期=cell) == [
        (
            "a.xlsx, sheet 随访, row 2, column 死亡日期: the cell holds an error of the spreadsheet, or a formula without its "
            "value; mend the formula, or write the value in its place"
        )
    ]


def test_a_cell_whose_formula_fails_in_an_old_workbook(tmp_path: Path) -> None:
    """Errors of an .xls are found by their places."""
    path = tmp_path / "a.xls"
    content = old_workbook(path, {"一": [["x"]], "随访": [[*VISIT, "死亡日期"], [P, ON, 0, True]]}).read_bytes()
    truth = struct.pack("<HHHHHBB", 0x205, 8, 1, 3, 17, 1, 0)
    assert content.count(truth) == 1
    path.write_bytes(content.replace(truth, struct.pack("<HHHHHBB", 0x205, 8, 1, 3, 17, 0x2A, 1)))
    (problem,) = told(read_files([path], TODAY).problems, tmp_path)
    assert problem.startswith("a.xls, sheet 随访, row 2, column 死亡日期: the cell holds an error of the spreadsheet")


def test_a_column_too_narrow_for_its_days_in_csv(tmp_path: Path) -> None:
    """A spreadsheet exports ##### for a day that its column does not show: the day is lost, and that is said."""
    (tmp_path / "a.csv").write_text(f"{','.join(VISIT)},下次随访日期\n{P},{ON},0,########\n", "utf-8")
    assert (
        "column 下次随访日期: the cell holds an error"
        in told(read_files([tmp_path / "a.csv"], TODAY).problems, tmp_path)[0]
    )


def test_a_formula_that_gives_no_text_is_an_empty_cell(tmp_path: Path) -> None:
    """=IF(A1="","",A1) is empty where A1 is."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [[*VISIT, "死亡日期"], [P, ON, 0, "DEAD"]]})
    with zipfile.ZipFile(path) as package:
        sheet = package.read("xl/worksheets/sheet1.xml")
    at = sheet.rindex(b'<c r="D2"')
    end = sheet.index(b"</c>", at) + 4
    formula = b'<c r="D2" t="str"><f>IF(A9="","",A9)</f><v></v></c>'
    replaced(path, **{"xl/worksheets/sheet1.xml": sheet[:at] + formula + sheet[end:]})
    assert entries(read_files([path], TODAY)) == [Visited(P, ON, risk=0)]


# --- the report ------------------------------------------------------------------------------------------------------


def run(*words: str | Path, code: int = 0, lang: str = "en") -> Result:
    """Run a command on a fixed day, and check its exit code."""
    done = CliRunner().invoke(main, [*map(str, words), "--today", str(TODAY), "--lang", lang])
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def made_register(folder: Path) -> Path:
    """Make an empty register."""
    run("init", folder / "r.db", "--policy", "dongguan")
    return folder / "r.db"


def report_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a report."""
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbflevel,file,sheet,row,column,zh,en\r\n")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_report_of_a_refused_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every error and warning stands in the report with its place and both sentences, and nobody's name."""
    monkeypatch.chdir(tmp_path)
    person = [P, "2026-02-31", 1, NAME, f"{ID_NUMBER}1", PHONE, NAME, "x"]
    header = [*PERSON, "姓名", "身份证号", "联系电话", "性别", "-网格"]
    workbook(Path("a.xlsx"), {"说明": [[NAME]], "信息": [header, person], "随访": [VISIT, ["99900001", ON, NAME]]})
    Path("b.jsonl").write_text('{"type": "checked", "patient": "99900002", "on": "2026-11-10"}\n', "utf-8")
    before = made_register(tmp_path).read_bytes()
    done = run("import", "r.db", "a.xlsx", "b.jsonl", "--report", "report.csv", code=3)
    assert Path("r.db").read_bytes() == before
    rows = report_of(Path("report.csv"))
    assert [(row["level"], row["file"], row["sheet"], row["row"], row["column"]) for row in rows] == [
        ("error", "a.xlsx", "信息", "2", "填表日期"),
        ("error", "a.xlsx", "信息", "2", "性别"),
        ("error", "a.xlsx", "信息", "2", "身份证号"),
        ("error", "a.xlsx", "随访", "2", "危险性评估"),
        ("error", "b.jsonl", "", "1", ""),
        ("warning", "a.xlsx", "说明", "", ""),
        ("warning", "a.xlsx", "信息", "", "'-网格"),
    ]
    assert rows[0]["zh"].startswith("“2026-02-31”不是日期；请写成")
    assert rows[0]["en"].startswith("“2026-02-31” is no date; write")
    assert all(row["zh"] and row["en"] and row["zh"] != row["en"] for row in rows)
    shown = [row["en"] for row in rows]
    assert [line for line in done.stderr.splitlines() if any(line.endswith(text) for text in shown)] == (
        done.stderr.splitlines()
    )
    text = Path("report.csv").read_text("utf-8-sig")
    assert not [secret for secret in (NAME, ID_NUMBER, PHONE) if secret in text]


def test_the_report_of_a_good_import(tmp_path: Path) -> None:
    """Without an error the report has the warnings, or its header alone; with --dry-run, too."""
    register, report = made_register(tmp_path), tmp_path / "report.csv"
    people = workbook(tmp_path / "a.xlsx", {"信息": [PERSON, [P, ON, 1]]})
    assert "nothing recorded" in run("import", register, people, "--dry-run", "--report", report).stdout
    assert report_of(report) == []
    visits = workbook(tmp_path / "b.xlsx", {"随访": [VISIT, [P, ON, 3]]})
    run("import", register, people, visits, "--report", report)
    (row,) = report_of(report)
    assert (row["level"], row["file"]) == ("warning", "")
    assert "1 follow-up does not say who was present" in row["en"]


def test_a_report_overwrites_no_file_that_is_read(tmp_path: Path) -> None:
    """Neither the register nor a file to import becomes its own report."""
    register = made_register(tmp_path)
    path = workbook(tmp_path / "a.xlsx", {"信息": [PERSON, [P, ON, 1]]})
    os.link(path, tmp_path / "b.csv")
    for report in (register, path, tmp_path / "b.csv"):
        before = report.read_bytes()
        assert "would overwrite" in run("import", register, path, "--report", report, code=3).stderr
        assert report.read_bytes() == before


def test_a_report_that_cannot_be_written_stops_the_import(tmp_path: Path) -> None:
    """Nothing is recorded whose report is lost."""
    register = made_register(tmp_path)
    path = workbook(tmp_path / "a.xlsx", {"信息": [PERSON, [P, ON, 1]]})
    assert "cannot be written" in run("import", register, path, "--report", tmp_path / "no" / "r.csv", code=3).stderr
    assert run("import", register, path).stdout.startswith("1 new entry")


# --- chance ----------------------------------------------------------------------------------------------------------

CELLS: Final = (
    st.sampled_from(
        ["", " ", "=1+1", "'=1", "#N/A", "合计", "2 稳定", "1、2", "编号", "2026年1月2日", P, ID_NUMBER, "_x0000_"]
    )
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.dates(date(1901, 1, 1))
    | st.datetimes(datetime(1901, 1, 1))  # noqa: DTZ001 - a spreadsheet knows no zone
    | st.none()
)


def read_anything(path: Path) -> None:
    """Read a file: each problem and note can be told in both languages, and no error but ours comes up."""
    try:
        found = read_files([path], TODAY)
    except FollowupError:
        pytest.fail("read_files gathers problems, it does not raise them")
    for problem in [*found.problems, *found.notes]:
        assert "\n" not in problem.text("en") + problem.text("zh")
    assert found.problems or found.entries


@CHANCE
@given(data=st.data())
def test_any_cells_are_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever the cells of a workbook hold, its rows give entries or problems with places."""
    columns = data.draw(st.sampled_from([VISIT_COLUMNS, PATIENT_COLUMNS]))
    header: list[Any] = [*columns]
    for _ in range(data.draw(st.integers(0, 2))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(CELLS)
    rows = [[data.draw(CELLS) if data.draw(st.integers(0, 9)) == 0 else "" for _ in header] for _ in range(3)]
    for row in rows:
        row[: len(VISIT)] = [P, ON, data.draw(CELLS)]
    lead = data.draw(st.lists(st.lists(CELLS, max_size=3), max_size=3))
    read_anything(workbook(tmp_path / "a.xlsx", {"表": [*lead, header, *rows]}))


@CHANCE
@given(data=st.data())
def test_any_change_of_a_workbooks_bytes_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """A workbook with bytes changed, inside its package too, never falls over."""
    source = tmp_path / "source.xlsx"
    if not source.exists():
        workbook(source, {"随访": [VISIT, [P, ON, 0], [P, date(2026, 4, 2), 1]]})
    with zipfile.ZipFile(source) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = data.draw(st.sampled_from(sorted(parts)))
    parts[name] = data.draw(changed(parts[name]))
    path = tmp_path / "a.xlsx"
    path.write_bytes(packed(**parts))
    read_anything(path)


@CHANCE
@given(data=st.data())
def test_any_change_of_an_old_workbooks_bytes_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """An .xls with bytes changed, in its directory or in its records, never falls over."""
    source = tmp_path / "source.xls"
    if not source.exists():
        old_workbook(source, {"随访": [VISIT, [P, ON, 0], [P, date(2026, 4, 2), 1]]})
    path = tmp_path / "a.xls"
    path.write_bytes(data.draw(changed(source.read_bytes())))
    read_anything(path)


@st.composite
def changed(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw the content with a few bytes at one place or at some put in, changed or cut out."""
    for _ in range(draw(st.sampled_from([1, 1, 4]))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.sampled_from([0, 1, 3, 9]))
        content = content[:at] + draw(st.binary(max_size=3)) + content[at + cut :]
    return content


def test_the_workbook_that_chance_changes_is_good(tmp_path: Path) -> None:
    """Without a change it is read: what refuses it is the change."""
    path = workbook(tmp_path / "a.xlsx", {"随访": [VISIT, [P, ON, 0], [P, date(2026, 4, 2), ""]]})
    shutil.copy(path, tmp_path / "b.xlsx")
    assert entries(read_files([replaced(tmp_path / "b.xlsx")], TODAY)) == [
        Visited(P, ON, risk=0),
        Missed(P, "2026-04-02"),
    ]
