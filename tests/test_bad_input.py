"""Bad input: one line a problem with place and remedy, exit code 3, nothing recorded, and never a traceback."""

import csv
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from chance import CHANCE
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from followup.cli import main
from followup.entries import FIELDS, Entry
from followup.entryjson import entry_from_json
from followup.errors import InvalidEntry
from followup.policyfile import load_policy
from followup.register import Register
from followup.tables import GUARDS

DISTRICT: Final = Path(__file__).parents[1] / "examples" / "district"
ENVIRONMENT: Final = {"FOLLOWUP_LANG": "en", "FOLLOWUP_TODAY": "2026-11-23"}
REG: Final = "r.db"
#: Synthetic: who is registered in every register of these tests, and what an error must not tell.
PATIENT, NAME, ID_NUMBER, PHONE = "10100001", "王小明", "990101199309030251", "19900000012"
PINYIN, LANDLINE, MISTYPED = "Wang Xiaoming", "22221111", "990101199309030252"

Cells = Mapping[str, str]


# --- helpers ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one register with one patient, to be copied."""
    path = tmp_path_factory.mktemp("template") / REG
    with Register.create(path, load_policy("dongguan"), date(2026, 1, 1)) as register:
        register.record(entry_from_json(registered()))
    return path


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder with a copy of the register."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(template, REG)


def run(*words: str, stdin: bytes = b"", lang: str = "en") -> Result:
    """Run the command line; it must end by itself, not by an exception."""
    result = CliRunner().invoke(main, list(words), input=stdin, env={**ENVIRONMENT, "FOLLOWUP_LANG": lang})
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Traceback" not in result.output
    return result


def entries() -> int:
    """Count what the register holds."""
    connection = sqlite3.connect(REG)
    try:
        return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0])
    finally:
        connection.close()


def refused(*words: str, stdin: bytes = b"") -> list[str]:
    """Run what must fail with exit code 3 and leave the register alone; return the lines of stderr."""
    before = entries() if Path(REG).is_file() else 0
    result = run(*words, stdin=stdin)
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert (entries() if Path(REG).is_file() else 0) == before
    return result.stderr.replace(f"{Path.cwd()}/", "").splitlines()


def refused_file(name: str, content: bytes) -> list[str]:
    """Import a bad file after a good one: both are refused."""
    Path(name).write_bytes(content)
    Path("good.jsonl").write_text(line(type="checked", patient=PATIENT, on="2026-11-20"), "utf-8")
    return refused("import", REG, "good.jsonl", name)


def taken(name: str, content: bytes, new: int) -> Result:
    """Import a good file twice: it gives so many new entries, then none."""
    Path(name).write_bytes(content)
    first, second = run("import", REG, name), run("import", REG, name)
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert f"{new} new {'entry' if new == 1 else 'entries'}" in first.stdout
    assert "0 new entries" in second.stdout
    return first


def known(patient: str = PATIENT) -> tuple[Entry, ...]:
    """Return what is recorded of a patient."""
    with Register.open(REG) as register:
        return register.ledger(patient).entries


def line(**fields: Any) -> str:
    """Return one JSON line."""
    return json.dumps(fields, ensure_ascii=False) + "\n"


def registered(patient: str = PATIENT, **fields: Any) -> dict[str, Any]:
    """Return the JSON of a registration."""
    return {"type": "registered", "patient": patient, "on": "2026-11-01", "name": NAME, **fields}


def table(*rows: Cells) -> bytes:
    """Return a CSV file in UTF-8."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([row.get(name, "") for name in columns] for row in rows)
    return out.getvalue().encode()


def visit(**cells: str) -> Cells:
    """Return a row of the follow-up form."""
    return {"编号": PATIENT, "随访日期": "2026-11-10", "危险性评估": "0", **cells}


def person(**cells: str) -> Cells:
    """Return a row of the personal supplement."""
    return {"编号": "10100002", "填表日期": "2026-11-02", "知情同意": "1", "姓名": NAME, **cells}


def starts(lines: Iterable[str], place: str, *words: str) -> None:
    """Check that one line of stderr begins with the place and has the words."""
    assert [found for found in lines if found.startswith(place) and all(word in found for word in words)], list(lines)


# --- files that are no table -----------------------------------------------------------------------------------------

HEAD: Final = "编号,随访日期,危险性评估,随访医生签名\n"
ROW: Final = f"{PATIENT},2026-11-10,1,甲\n"


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        pytest.param(b"", "bad.csv: ", "empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf", "bad.csv: ", "empty", id="bom-only"),
        pytest.param(b" \r\n\r\n\t", "bad.csv: ", "empty", id="blank"),
        pytest.param(HEAD.encode(), "bad.csv: ", "no row", id="header-only"),
        pytest.param((HEAD + ",,,\n,,,\n").encode(), "bad.csv: ", "no row", id="empty-rows"),
        pytest.param((HEAD + ROW).encode("utf-16"), "bad.csv: ", "save it as UTF-8", id="utf-16"),
        pytest.param((HEAD + ROW).encode("utf-16-be"), "bad.csv", "; ", id="utf-16-without-bom"),
        pytest.param("Müller,é\n".encode("latin-1"), "bad.csv: ", "save it as UTF-8", id="latin-1"),
        pytest.param(bytes(range(255, 0, -1)) * 9, "bad.csv: ", "save it as UTF-8", id="noise"),
        pytest.param((HEAD + ROW + "x" * 10_000_000).encode(), "bad.csv, line 3: ", "million", id="10-mb-line"),
        pytest.param((HEAD + ROW.replace("甲", "x" * 200_000)).encode(), "bad.csv, line 2: ", "CSV", id="long-cell"),
        pytest.param((HEAD + ROW + "\0").encode(), "bad.csv, line 3: ", "NUL", id="nul"),
        pytest.param((HEAD + f'"{ROW}{ROW}').encode(), "bad.csv, line 3: ", "CSV", id="unclosed-quote"),
        pytest.param((HEAD + f"{ROW[:-1]},x\n").encode(), "bad.csv, row 2: ", "stray separators", id="more-cells"),
        pytest.param((f"{HEAD[:-1]},编号\n{ROW}").encode(), "bad.csv, column 编号: ", "keep one", id="twice"),
        pytest.param((f" 编号 ,{HEAD}1,{ROW}").encode(), "bad.csv, column 编号: ", "keep one", id="twice-with-spaces"),
        pytest.param(f"随访日期,危险性评估\n{ROW[9:]}".encode(), "bad.csv, row 1: ", "编号", id="no-number"),
        pytest.param(b"\xe7\xbc\x96\xe5\x8f\xb7\n1\n", "bad.csv, row 1: ", "no official form", id="no-form"),
        pytest.param((HEAD + ROW).replace(",", ":").encode(), "bad.csv, row 1: ", "no official form", id="colons"),
        pytest.param(ROW.encode(), "bad.csv", "; ", id="no-header"),
        pytest.param(
            ("随访服务记录表,,,\n" * 21 + HEAD + ROW).encode(), "bad.csv, row 1: ", "first 20 rows", id="header-too-low"
        ),
        pytest.param(
            f"随访服务记录表\n随访日期,危险性评估\n{ROW[9:]}".encode(), "bad.csv, row 2: ", "编号", id="title-above"
        ),
        pytest.param(
            f'{HEAD[:-1]},失访原因,"若失访,原因"\n{ROW[:-1]},1,\n'.encode(),
            "bad.csv, column 若失访,原因: ",
            "keep one",
            id="twice-by-alias",
        ),
    ],
)
def test_a_file_that_is_no_table(content: bytes, place: str, words: str) -> None:
    """What is no table is refused with its place and a remedy."""
    starts(refused_file("bad.csv", content), place, words, "; ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.csv", "cannot be read"),
        ("none.jsonl", "cannot be read"),
        ("none.xlsx", "cannot be read"),
        ("folder.csv", "cannot be read"),
        ("folder", "of this kind"),
        ("notes.txt", "of this kind"),
        ("pipe.jsonl", "read only once"),  # nobody writes to it: whoever opens it waits for ever
        ("pipe.csv", "read only once"),
        ("pipe.xlsx", "read only once"),
        (REG, "of this kind"),
        pytest.param("x" * 300 + ".csv", "cannot be read", id="long-csv"),
        pytest.param("x" * 300, "", id="long"),
    ],
)
def test_a_file_that_is_not_there_or_of_another_kind(name: str, words: str) -> None:
    """A missing file, a folder, a pipe, and a file of another kind are refused by name."""
    Path("folder.csv").mkdir()
    Path("folder").mkdir()
    Path("notes.txt").write_text("x", "utf-8")
    for kind in ("jsonl", "csv", "xlsx"):
        os.mkfifo(f"pipe.{kind}")
    starts(refused("import", REG, name), f"{name}: ", words, "; ")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, ends: str) -> None:
    """UTF-8 with and without BOM, GB18030, and the line ends of all systems are read."""
    taken("good.csv", (HEAD + ROW).replace("\n", ends).encode(encoding), 1)
    assert json.loads(json.dumps(known()[-1].as_json()))["form"] == {"随访医生签名": "甲"}


def test_the_bundled_forms_are_good() -> None:
    """The bundled forms are imported, and again in another order without a change."""
    run("init", "d.db", "--policy", "dongguan")
    (head, *rows) = (DISTRICT / "followups.csv").read_text("utf-8").splitlines(keepends=True)
    Path("visits.csv").write_text(head + "".join(rows[:500]), "utf-8")
    files = [str(DISTRICT / "patients.csv"), "visits.csv"]
    first, again = run("import", "d.db", *files), run("import", "d.db", *reversed(files))
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "0 new entries" in again.stdout


def test_broken_utf_8_json_lines_are_not_guessed_to_be_gb18030() -> None:
    """A broken byte is refused, and never turns the whole file into other characters."""
    good = line(**registered("m", name="欧阳小明")).encode()
    refused_file("bad.jsonl", good + b'{"type":"missed","patient":"m","on":"2026-11-02","reason":"\xe9x"}\n')


# --- columns and cells -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        pytest.param({"危险性评估": "6"}, "危险性评估", "use 0, 1, 2, 3, 4, 5", id="risk-6"),
        pytest.param({"危险性评估": "三"}, "危险性评估", "use 0, 1, 2, 3, 4, 5", id="risk-word"),
        pytest.param({"危险性评估": "-1"}, "危险性评估", "use 0, 1, 2, 3, 4, 5", id="risk-negative"),
        pytest.param({"危险性评估": "3.5"}, "危险性评估", "use 0, 1, 2, 3, 4, 5", id="risk-3.5"),
        pytest.param({"本次随访分类": "4"}, "本次随访分类", "use 0, 1, 2, 3", id="class-4"),
        pytest.param({"本次随访形式": "微信"}, "本次随访形式", "use 1, 2, 3", id="mode"),
        pytest.param({"本次随访对象": "1、4"}, "本次随访对象", "use 1, 2, 3", id="seen"),
        pytest.param({"目前症状": "1、13"}, "目前症状", "“13”", id="symptom-13"),
        pytest.param({"参与人员": "民警、厨师"}, "参与人员", "volunteer", id="role"),
        pytest.param({"自知力": "0"}, "自知力", "use 1, 2, 3", id="insight"),
        pytest.param({"学习能力": "8"}, "学习能力", "use 1, 2, 3", id="function"),
        pytest.param({"药物不良反应": "3"}, "药物不良反应", "use 1, 2", id="reaction"),
        pytest.param({"是否转诊": "3"}, "是否转诊", "use 1, 2", id="referral"),
        pytest.param({"两次随访期间住院情况": "3"}, "两次随访期间住院情况", "use 0, 1, 2", id="stay"),
        pytest.param({"危险性评估": "", "若失访,原因": "6"}, "若失访,原因", "use 1, 2, 3, 4, 5", id="loss"),
        pytest.param({"死亡日期": "2026-11-09", "死亡原因": "7"}, "死亡原因", "use 1, 2, 3", id="death"),
        pytest.param({"随访日期": "2026-02-31"}, "随访日期", "no date", id="31-february"),
        pytest.param({"随访日期": "2026-11-31"}, "随访日期", "no date", id="31-november"),
        pytest.param({"随访日期": "2026-13-01"}, "随访日期", "no date", id="month-13"),
        pytest.param({"随访日期": "4600"}, "随访日期", "no date", id="small-number"),
        pytest.param({"随访日期": "99999"}, "随访日期", "no date", id="excel-serial-far-away"),
        pytest.param({"随访日期": "47000"}, "随访日期", "2028-09-04 is after today", id="excel-serial-after-today"),
        pytest.param({"随访日期": "1899-12-31"}, "随访日期", "no date", id="1899"),
        pytest.param({"随访日期": "10/11/2026"}, "随访日期", "no date", id="day-first"),
        pytest.param({"下次随访日期": "三个月后"}, "下次随访日期", "no date", id="words-for-a-date"),
        pytest.param({"下次随访日期": "2201-01-01"}, "下次随访日期", "no date", id="far-away"),
        pytest.param({"随访日期": "2026-11-24"}, "随访日期", "after today (2026-11-23)", id="tomorrow"),
        pytest.param({"随访日期": ""}, "随访日期", "empty", id="no-day"),
        pytest.param({"编号": ""}, "编号", "empty", id="no-number"),
        pytest.param({"编号": "1000001"}, "编号", "leading zeros", id="lost-zeros"),
        pytest.param({"编号": "1.01E+07"}, "编号", "format the column as text", id="number-as-float"),
        pytest.param(
            {"编号": "١٠١٠٠٠٠١"},
            "编号",
            "3 + 5 digits",
            id="arabic-digits",
        ),
    ],
)
def test_a_cell_that_cannot_be(cells: Cells, column: str, words: str) -> None:
    """A bad cell is refused with row, column and the codes there are, and so is every other bad row."""
    lines = refused_file("bad.csv", table(visit(), visit(**cells), visit(危险性评估="9"), visit(**cells)))
    starts(lines, f"bad.csv, row 3, column {column}: ", words, "; ")
    starts(lines, "bad.csv, row 4, column 危险性评估: ")
    starts(lines, f"bad.csv, row 5, column {column}: ", words)


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        ({"知情同意": "3"}, "知情同意", "use 1, 0, 2"),
        ({"知情同意": ""}, "知情同意", "empty"),
        ({"填表日期": ""}, "填表日期", "empty"),
        ({"填表日期": "2026-12-01"}, "填表日期", "after today"),
        ({"出生日期": "2027-01-01"}, "出生日期", "after today"),
        ({"知情同意签字时间": "2026-02-30"}, "知情同意签字时间", "no date"),
        ({"性别": "3"}, "性别", "use 0, 1, 2, 9"),
        ({"身份证号": "1.1E+17"}, "身份证号", "as text"),
        ({"身份证号": "99010119930903025"}, "身份证号", "15 or 18"),
        ({"编号": "0"}, "编号", "leading zeros"),
    ],
)
def test_a_cell_of_the_supplement_that_cannot_be(cells: Cells, column: str, words: str) -> None:
    """A bad cell of the patient form is refused, and the patient's follow-ups add no second error."""
    Path("visits.csv").write_bytes(table(visit(编号="10100002")))
    Path("people.csv").write_bytes(table(person(**cells)))
    lines = refused("import", REG, "people.csv", "visits.csv")
    starts(lines, f"people.csv, row 2, column {column}: ", words, "; ")
    if column != "编号":
        assert not any("visits.csv, row 2" in found for found in lines)


@pytest.mark.parametrize(
    "text", ["2026-01-02", "2026.1.2", "2026/1/2", "2026年1月2日", "20260102", "２０２６－０１－０２"]
)
def test_the_spellings_of_a_date(text: str) -> None:
    """A date may be written in the five ways that are in use, and with full-width digits."""
    taken("good.csv", table(visit(随访日期=text, 危险性评估="３", 编号="１０１-00001")), 1)
    assert [entry.on for entry in known() if entry.type == "visited"] == [date(2026, 1, 2)]


@pytest.mark.parametrize("text", ["46024", "46024.5", " 46024 "])
def test_a_day_that_a_spreadsheet_wrote_as_its_number(text: str) -> None:
    """It is read in CSV too, and a note asks to compare, as a few spreadsheets count from 1904."""
    result = taken("good.csv", table(visit(随访日期=text), visit(随访日期="2026-02-02"), visit(随访日期="46055")), 2)
    assert [str(entry.on) for entry in known() if entry.type == "visited"] == ["2026-01-02", "2026-02-02"]
    assert "good.csv, column 随访日期: 2 days stand there as a spreadsheet's numbers of days" in result.stderr


def test_a_misspelt_column() -> None:
    """A slip of the pen in a column's name is refused with a guess."""
    lines = refused_file("bad.csv", table({**visit(), "本次随访分累": "1"}))
    starts(lines, "bad.csv, column 本次随访分累: ", "did you mean “本次随访分类”?")


def test_an_unknown_column() -> None:
    """A column that no form has is kept word for word, with a note."""
    result = taken("good.csv", table({**visit(), "血型": " AB "}), 1)
    starts(result.stderr.splitlines(), "good.csv, column 血型: ", "kept word for word")
    assert known()[-1].as_json()["form"]["血型"].strip() == "AB"


def test_columns_without_a_name_and_cells() -> None:
    """Stray separators at the end of every line, as spreadsheets write them, are no problem."""
    taken("good.csv", (HEAD + ROW).replace("\n", ",,,\n").encode(), 1)


def test_a_cell_below_no_column_name() -> None:
    """A cell of which nobody knows what it is gets told with its row."""
    Path("odd.csv").write_text((HEAD + ROW).replace("1,甲", "1,甲,x").replace("签名", "签名,"), "utf-8")
    assert "row 2" in run("import", REG, "odd.csv").stderr


def test_a_file_that_was_cut_off() -> None:
    """A row that ends before its columns do is told."""
    Path("cut.csv").write_bytes(table(visit(), visit(随访日期="2026-11-16"))[:-4])
    assert "row 3" in run("import", REG, "cut.csv").stderr


def test_an_absent_column_is_an_unknown_fact() -> None:
    """What the form does not ask is unknown, and never good."""
    taken("good.csv", table(visit()), 1)
    assert "symptoms" not in known()[-1].as_json()


# --- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kinds"),
    [
        ({}, {"visited"}),
        ({"危险性评估": ""}, {"missed"}),
        ({"危险性评估": "", "本次随访分类": "0"}, {"missed"}),
        ({"危险性评估": "", "若失访,原因": "4"}, {"missed"}),
        ({"危险性评估": "", "若失访,原因": "1"}, {"lost"}),
        ({"危险性评估": "", "若失访,原因": "2", "本次随访分类": "0"}, {"lost", "missed"}),
        ({"危险性评估": "", "失访原因": "3"}, {"lost"}),
        ({"危险性评估": "", "若失访,原因": "5"}, {"lost"}),
        ({"危险性评估": "", "两次随访期间住院情况": "1"}, {"admitted", "done"}),
        ({"两次随访期间住院情况": "1"}, {"visited", "admitted", "done"}),
        ({"两次随访期间住院情况": "2", "末次出院时间": "2026-11-05"}, {"visited", "discharged"}),
        ({"危险性评估": "", "死亡日期": "2026-11-05", "死亡原因": "1"}, {"died"}),
        ({"危险性评估": "3", "是否转诊": "2", "转诊原因": "加重"}, {"visited", "referred"}),
        ({"是否转诊": "1", "两次随访期间住院情况": "0", "本次随访分类": "1"}, {"visited"}),
    ],
)
def test_a_row_gives_its_facts(cells: Cells, kinds: set[str]) -> None:
    """The combinations that the form means are read as the facts that they tell."""
    taken("good.csv", table(visit(**cells)), len(kinds))
    assert {entry.type for entry in known()} - {"registered"} == kinds


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        pytest.param({"本次随访分类": "0"}, None, id="risk-and-class-0"),
        *[pytest.param({"若失访,原因": code}, None, id=f"risk-and-loss-{code}") for code in "12345"],
        *[pytest.param({"危险性评估": "", "本次随访分类": code}, "危险性评估", id=f"class-{code}") for code in "123"],
        pytest.param({"危险性评估": "", "本次随访分类": "1", "若失访,原因": "1"}, "危险性评估", id="class-and-loss"),
        pytest.param({"两次随访期间住院情况": "2"}, "末次出院时间", id="stay-2-without-day"),
        *[
            pytest.param({"两次随访期间住院情况": code, "末次出院时间": "2026-11-01"}, "末次出院时间", id=f"stay-{code}-with-day")
            for code in ("", "0", "1")
        ],
        pytest.param({"两次随访期间住院情况": "2", "末次出院时间": "2026-11-11"}, "末次出院时间", id="discharge-later"),
        pytest.param({"死亡原因": "1"}, "死亡日期", id="cause-without-death"),
        pytest.param({"死亡日期": "2026-11-11"}, "死亡日期", id="death-later"),
        *[
            pytest.param(
{"危险性评估": "", column: cell}, column, id=f"no-risk-but-{name}",
            )
            for name, column, cell in (
                ("insight", "自知力", "1"), ("symptoms", "目前症状", "1"), ("work", "生产劳动及工作", "2"),
                ("medicine", "用药依从性", "1"), ("reaction", "药物不良反应", "2"), ("next", "下次随访日期", "2026-12-10"),
            )
        ],
        *[
            pytest.param(
                {"是否转诊": code, "转诊原因": "加重"}, "转诊原因", id=f"referral-reason-with-{code}",
            )
            for code in ("", "1")
        ],
    ],
)  # fmt: skip
def test_a_row_whose_cells_contradict_each_other(cells: Cells, column: str | None) -> None:
    """Any combination that the form does not mean is an error of its row."""
    place = "bad.csv, row 2: " if column is None else f"bad.csv, row 2, column {column}: "
    starts(refused_file("bad.csv", table(visit(**cells))), place, "; ")


# --- who is who ------------------------------------------------------------------------------------------------------


def test_an_unknown_patient() -> None:
    """A follow-up of nobody is refused in forms, JSON lines and options alike."""
    stranger = {"type": "checked", "patient": "99900001", "on": "2026-11-10"}
    starts(refused_file("bad.csv", table(visit(编号="99900001"))), "bad.csv, row 2: ", "99900001", "register")
    starts(refused_file("bad.jsonl", line(**stranger).encode()), "bad.jsonl, line 1: ", "99900001", "register")
    starts(refused("record", REG, "-", stdin=line(**stranger).encode()), "-, line 1: ", "99900001", "register")
    starts(refused("record", REG, "checked", "--patient", "99900001", "--on", "2026-11-10"), "checked: ", "register")


def test_registered_twice_with_other_content() -> None:
    """A second registration of other content is refused, in one file, across files and against the register."""
    other = table(person(姓名="李四"))
    starts(refused_file("bad.csv", table(person(), person(姓名="李四"))), "bad.csv, row 3: ", "amended")
    Path("a.csv").write_bytes(table(person()))
    Path("b.csv").write_bytes(other)
    starts(refused("import", REG, "a.csv", "b.csv"), "b.csv, row 2: ", "amended")
    assert run("import", REG, "a.csv").exit_code == 0
    starts(refused("import", REG, "b.csv"), "b.csv, row 2: ", "amended")


def test_registered_twice_with_the_same_content() -> None:
    """The same content twice is one fact, whatever the spelling of its cells."""
    Path("good.csv").write_bytes(table(person(), person(编号="101-00002", 填表日期="2026年11月2日")))
    assert "1 new entry recorded, 1 known" in run("import", REG, "good.csv", "good.csv").stdout.replace(
        "3 known", "1 known"
    )
    assert entries() == 2


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_dated_after_today(kind: str) -> None:
    """An entry of tomorrow is refused with its place; one of today is taken."""
    for day, good in (("2026-11-24", False), ("2026-11-23", True)):
        text = {
            "csv": table(visit(随访日期=day)),
            "jsonl": line(type="visited", patient=PATIENT, on=day, risk=1).encode(),
        }[kind]
        if good:
            taken(f"file.{kind}", text, 1)
        else:
            place = {"csv": "row 2, column 随访日期", "jsonl": "line 1, on"}[kind]
            starts(refused_file(f"file.{kind}", text), f"file.{kind}, {place}: ", "after today (2026-11-23)")


def test_retractions_of_nothing_and_of_another_person() -> None:
    """An entry is taken back only where it is, and only in its own patient's ledger."""
    first = known()[0]
    nothing = line(type="retracted", patient=PATIENT, on="2026-11-10", entry="0" * 20)
    starts(refused_file("bad.jsonl", nothing.encode()), "bad.jsonl, line 1: ", "no entry")
    foreign = line(**registered("p2")) + line(type="retracted", patient="p2", on="2026-11-10", entry=first.id)
    starts(refused_file("bad.jsonl", foreign.encode()), "bad.jsonl, line 2: ", "not of the patient")


@pytest.mark.parametrize("apart", [True, False])
def test_a_follow_up_of_somebody_whose_registration_was_taken_back(apart: bool) -> None:  # noqa: FBT001
    """Who is not registered any more is refused like a stranger: else the visit is on no list."""
    back = line(type="retracted", patient=PATIENT, on="2026-11-20", entry=known()[0].id)
    seen = line(type="visited", patient=PATIENT, on="2026-11-21", risk=5)
    if apart:
        Path("back.jsonl").write_text(back, "utf-8")
        assert run("import", REG, "back.jsonl").exit_code == 0
        back = ""
    refused_file("bad.jsonl", (back + seen).encode())


def test_a_long_chain_of_retractions() -> None:
    """A thousand retractions of retractions are read or refused, not fallen over."""
    chain = [entry_from_json({"type": "missed", "patient": PATIENT, "on": "2026-11-05"})]
    for number in range(1200):
        back = {"type": "retracted", "patient": PATIENT, "on": "2026-11-05", "entry": chain[-1].id}
        chain.append(entry_from_json({**back, "reason": str(number)}))
    Path("chain.jsonl").write_text("".join(line(**entry.as_json()) for entry in chain), "utf-8")
    assert run("import", REG, "chain.jsonl").exit_code in {0, 3}


def test_a_formula_in_a_name() -> None:
    """A name like a formula is kept whole, doubted on the list, and defused where a spreadsheet would run it."""
    name = "=cmd|'/c calc'!A1"
    taken("good.csv", table(person(姓名=name, 责任团队="@team")), 1)
    assert known("10100002")[0].as_json()["name"] == name
    listed = run("due", REG, "--with-names", "--team", "@team")
    assert name in listed.stdout
    assert "begins like a spreadsheet formula" in listed.stdout
    rows = list(csv.DictReader(io.StringIO(run("due", REG, "--with-names", "--format", "csv").stdout)))
    assert {f"'{name}"} == {row["name"] for row in rows if row["team"] == "'@team"}
    found = json.loads(run("due", REG, "--with-names", "--format", "json").stdout)["lines"]
    assert name in {row["name"] for row in found}


# --- what an error must not tell -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(table(person(身份证号="1.1E+17")), id="lost-digits"),
        pytest.param(table(person(编号=ID_NUMBER)), id="id-number-as-number"),
        pytest.param(table(person(编号=PHONE)), id="phone-as-number"),
        pytest.param(table(person(编号=NAME, 身份证号=NAME)), id="name-as-number"),
        pytest.param(table(person(出生日期=ID_NUMBER)), id="slipped-id-number"),
        pytest.param(table(person(填表日期=PHONE)), id="slipped-phone"),
        pytest.param(table(person(性别=NAME)), id="slipped-name"),
        pytest.param(table(visit(随访日期=LANDLINE)), id="slipped-landline"),
        pytest.param(table(person(身份证号=MISTYPED, 知情同意="9")), id="mistyped-id-number"),
        pytest.param(table(visit(参与人员=NAME)), id="name-among-roles"),
        pytest.param(
            f"{PATIENT},{NAME},{ID_NUMBER},{PHONE},{NAME},{PHONE}\n".encode() * 2,
            id="no-header",
        ),
        pytest.param(table(visit(编号="10100009"), person()) + f",,,,,,,{NAME}".encode(), id="more-cells"),
    ],
)
def test_errors_of_forms_name_nobody(content: bytes) -> None:
    """No error of a form tells a name, an ID number or a telephone."""
    told = "\n".join(refused_file("bad.csv", content))
    assert not [secret for secret in (NAME, ID_NUMBER, MISTYPED, PHONE, LANDLINE, "1.1E+17") if secret in told]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("sex", "nobody", id="control"),
        pytest.param("name", [NAME], id="name-in-a-list"),
        pytest.param("name", NAME + "\0", id="name-with-nul"),
        pytest.param("guardian", {"name": NAME}, id="guardian-in-a-table"),
        pytest.param("id_number", int(ID_NUMBER), id="id-number-unquoted"),
        pytest.param("phone", int(PHONE), id="phone-unquoted"),
        pytest.param("born", ID_NUMBER, id="id-number-for-birthday"),
        pytest.param("sex", NAME, id="name-for-sex"),
        pytest.param("patient", int(ID_NUMBER), id="id-number-for-patient"),
    ],
)
def test_errors_of_json_lines_name_nobody(field: str, value: Any) -> None:
    """No error of a JSON line tells a name, an ID number or a telephone."""
    lines = refused_file("bad.jsonl", line(**registered("p9", name=None) | {field: value}).encode())
    starts(lines, f"bad.jsonl, line 1, {field}: ")
    assert not [secret for secret in (NAME, ID_NUMBER, PHONE) if secret in "\n".join(lines)]


@pytest.mark.parametrize("secret", [NAME, PINYIN, ID_NUMBER, PHONE, LANDLINE, "0769-22221111"])
@pytest.mark.parametrize("field", [
    "type", "on", "recorded_at", "id", "mode", "risk", "seen", "present", "symptoms", "insight", "functions", "adherence",
    "stability", "next_on", "form",
])  # fmt: skip
def test_errors_of_json_lines_name_nobody_who_stands_where_a_code_should(field: str, secret: str) -> None:
    """Whatever slipped where, alone, in a list or in a table, a line's errors show terms and short numbers alone."""
    given = {"type": "visited", "patient": PATIENT, "on": "2026-03-02", "risk": 1}
    values = [secret, [secret], [[secret]], {secret: secret}, {"self_care": secret}, {secret: "good"}]
    told = [why(given | {field: value}) for value in values] + [why(given | {secret: 1})]
    assert all(told[1:3])
    assert secret not in "".join(told)


def test_a_note_about_teams_shows_no_number_that_stands_in_a_name() -> None:
    """Systems write what they have where a team belongs."""
    people = [registered("p8", team=f"{ID_NUMBER} 队"), registered("p9", team=f"{ID_NUMBER}队")]
    done = taken("good.jsonl", "".join(line(**one) for one in people).encode(), 2)
    assert "the teams *** 队 / ***队 are spelled nearly alike" in done.stderr
    assert ID_NUMBER not in done.stderr


def why(data: Mapping[str, Any]) -> str:
    """Return what is wrong with an entry in both languages; "" where nothing is."""
    try:
        entry_from_json(data)
    except InvalidEntry as error:
        return error.text("en") + error.text("zh")
    return ""


def test_what_is_nearly_a_term_is_shown() -> None:
    """A slip of the pen is told with the term that was meant, and what may be no slip is not shown."""
    given = {"type": "visited", "patient": PATIENT, "on": "2026-03-02", "risk": 1}
    assert why(given | {"mode": "hom"}).startswith('mode: "hom" is no ContactMode; did you mean "home"?')
    assert why(given | {"mode": "hong"}).startswith('mode: "***" is no ContactMode; use one of: ')
    assert "王" not in why(given | {"mode": "home王小"}) + why(given | {"present": ["care_group 王小明"]})
    assert "2222" not in why(given | {"present": ["prevention_doctor22221111"], "on": "22221111"})
    assert why(given | {"id": "99010119930903025163"}).startswith('the id "***" does not fit')
    assert why(given | {"risk": 6}).startswith('risk: "6" is no RiskLevel; use one of: ')
    assert why(given | {"on": "2026-02-31"}).startswith('on: "2026-02-31" is no day')
    assert why(given | {"blood_pressure": 1}).startswith('"blood_pressure" is no field of visited; ')


@pytest.mark.parametrize("text", ["1.1E+17", "9.90101E+17"])
def test_an_id_number_that_lost_its_digits_is_refused_everywhere(text: str) -> None:
    """What a spreadsheet made of an ID number is refused in JSON lines as in forms."""
    starts(
        refused_file("bad.jsonl", line(**registered("p9", id_number=text)).encode()), "bad.jsonl, line 1, id_number: "
    )


def test_names_on_a_follow_up_form_are_kept_apart() -> None:
    """Names that an export puts beside each follow-up can be forgotten like those of a registration."""
    taken("good.csv", table({**visit(), "姓名": NAME, "身份证号": ID_NUMBER}), 1)
    connection = sqlite3.connect(REG)
    bodies = "".join(body for (body,) in connection.execute("SELECT body FROM entries"))
    connection.close()
    assert NAME not in bodies
    assert ID_NUMBER not in bodies


@pytest.mark.parametrize(
    "column",
    ["a\nb", "\x1b[31m", "b\u2028c"],
)
def test_a_column_name_stays_on_one_line(column: str) -> None:
    """A note stays one line, whatever a column is called."""
    result = taken("good.csv", table({**visit(), column: "x"}), 1)
    noted = [text for text in result.stderr.split("\n") if text]
    assert len(noted) == 2
    assert all(text.isprintable() for text in noted)


def test_a_full_width_space_in_a_team() -> None:
    """The space that Chinese input methods write is no control character."""
    taken("good.csv", table({**person(), "责任团队": "清溪\u3000一队"}), 1)


@pytest.mark.parametrize("name", ["good.jsonl", "good.csv"])
@pytest.mark.parametrize("words", [["explain", REG, "10100002"], ["due", REG]], ids=["explain", "due"])
def test_control_characters_stay_away_from_the_terminal(words: list[str], name: str) -> None:
    """A text field never moves the terminal's cursor or makes a line of its own, if it is taken at all."""
    team, village = "x\x1b[31m\nRegistered 0", "y\ny"
    Path("good.jsonl").write_text(line(**registered("10100002", team=team, village=village)), "utf-8")
    Path("good.csv").write_bytes(table({**person(), "责任团队": team, "村(居)委会": village}))
    told = run("import", REG, name).output
    told += run(*words).output
    assert "\x1b" not in told
    assert "\nRegistered 0" not in told
    assert "\ny\n" not in told


# --- JSON lines ------------------------------------------------------------------------------------------------------

VISITED: Final = f'"type":"visited","patient":"{PATIENT}","on":"2026-11-10"'
CHECKED: Final = f'"type":"checked","patient":"{PATIENT}","on":"2026-11-10"'


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        pytest.param("hello", "", "no valid JSON", id="no-json"),
        pytest.param("{'type': 'checked'}", "", "no valid JSON", id="python"),
        pytest.param("{" + CHECKED, "", "no valid JSON", id="cut-off"),
        pytest.param("{" + CHECKED + "}{}", "", "no valid JSON", id="two-on-a-line"),
        pytest.param("[" * 100_000 + "]" * 100_000, "", "too deep", id="100000-deep"),
        pytest.param('{"a":' * 100_000, "", "", id="100000-tables-deep"),
        pytest.param("[" * 900 + "]" * 900, "", "", id="900-deep"),
        pytest.param("9" * 5000, "", "", id="5000-digits"),
        pytest.param("[{" + CHECKED + "}]", "", "no table", id="a-list"),
        pytest.param("5", "", "no table", id="a-number"),
        pytest.param("1e999", "", "no table", id="infinity"),
        pytest.param("null", "", "no table", id="null"),
        pytest.param('"x"', "", "no table", id="a-text"),
        pytest.param("{}", "", "type", id="nothing"),
        pytest.param('{"type":"visitted"}', "", 'did you mean "visited"', id="unknown-type"),
        pytest.param('{"type":null}', "", "type", id="null-type"),
        pytest.param('{"type":5}', "", "type", id="number-type"),
        pytest.param('{"type":[]}', "", "type", id="list-type"),
        pytest.param('{"type":{}}', "", "type", id="table-type"),
        pytest.param('{"type":"' + "x" * 900_000 + '"}', "", '"***" is no type', id="endless-type"),
        pytest.param("{" + VISITED + ',"risk":1,"rsk":2}', "", 'did you mean "risk"', id="unknown-field"),
        pytest.param("{" + VISITED + ',"risk":1,"\\ud800":2}', "", "no field", id="surrogate-field"),
        pytest.param("{" + VISITED + "}", "", '"risk" is missing', id="missing"),
        pytest.param("{" + VISITED + ',"risk":null}', "", '"risk" is missing', id="missing-null"),
        pytest.param('{"type":"visited"}', "", '"patient" is missing', id="missing-three"),
        pytest.param("{" + VISITED + ',"risk":6}', ", risk", "0, 1, 2, 3, 4, 5", id="risk-6"),
        pytest.param("{" + VISITED + ',"risk":NaN}', ", risk", "whole number", id="risk-nan"),
        pytest.param("{" + VISITED + ',"risk":1.0}', ", risk", "whole number", id="risk-1.0"),
        pytest.param(
            "{" + VISITED + ',"risk":' + "9" * 4000 + "}", ", risk", '"***" is no RiskLevel', id="risk-of-4000-digits"
        ),
        pytest.param(
            "{" + VISITED + ',"risk":"3"}',
            ", risk",
            "without quotes",
            id="risk-in-quotes",
        ),
        pytest.param(
            "{" + VISITED + ',"risk":5,"risk":0}',
            "",
            "risk",
            id="key-twice",
        ),
        pytest.param("{" + CHECKED + ',"id":"0123456789abcdef0123"}', "", "does not fit", id="id"),
        pytest.param("{" + CHECKED + ',"id":5}', "", "does not fit", id="number-id"),
        pytest.param("{" + CHECKED + ',"id":[]}', "", "", id="list-id"),
        pytest.param("{" + CHECKED + ',"id":{}}', "", "", id="table-id"),
        pytest.param('{"type":"checked","patient":"","on":"2026-11-10"}', ", patient", "1 to 64", id="no-patient"),
        pytest.param(
            f'{{"type":"checked","patient":"{"x" * 65}","on":"2026-11-10"}}', ", patient", "", id="long-patient"
        ),
        pytest.param('{"type":"checked","patient":"a\\nb","on":"2026-11-10"}', ", patient", "", id="patient-two-lines"),
        pytest.param(
            '{"type":"checked","patient":"\\ud800","on":"2026-11-10"}', ", patient", "", id="patient-surrogate"
        ),
        pytest.param(
            f'{{"type":"checked","patient":"{PATIENT}","on":"2026-02-31"}}', ", on", "no day", id="31-february"
        ),
        pytest.param(
            f'{{"type":"checked","patient":"{PATIENT}","on":"20261110"}}', ", on", "no day", id="day-in-short"
        ),
        pytest.param(
            f'{{"type":"missed","patient":"{PATIENT}","on":"2026-11-10","reason":"a\\u0000"}}',
            ", reason",
            "NUL",
            id="nul",
        ),
        pytest.param(
            f'{{"type":"missed","patient":"{PATIENT}","on":"2026-11-10","reason":"\\ud800"}}',
            ", reason",
            "",
            id="surrogate",
        ),
    ],
)
def test_a_json_line_that_tells_no_entry(text: str, place: str, words: str) -> None:
    """A bad line is refused by its number and its field, and so is every other bad line."""
    content = f"{line(type='checked', patient=PATIENT, on='2026-11-12')}\n{text}\nx\n".encode()
    lines = refused_file("bad.jsonl", content)
    starts(lines, f"bad.jsonl, line 3{place}: ", words, "; ") if "did you mean" not in words else None
    starts(lines, f"bad.jsonl, line 3{place}: ", words)
    starts(lines, "bad.jsonl, line 4: ")
    assert max(map(len, lines)) < 1000


#: Values of a wrong type as JSON text; each field takes none of them but those of its own kind.
VALUES: Final = {"bool": "true", "float": "1.5", "list": "[1]", "empty": "[]", "table": '{"a":1}', "bare": "{}",
                 "huge": "9" * 30, "infinity": "1e999", "deep": "[" * 50 + "]" * 50}  # fmt: skip
SEVERAL: Final = {"seen", "present", "symptoms"}
VALID: Final[dict[str, Any]] = {"risk": 1, "kind": "report", "until": "2026-12-01", "entry": "0" * 20}


def _typed_fields() -> Iterable[Any]:
    for kind, fields in FIELDS.items():
        for field in fields.values():
            good = {"empty"} if field in SEVERAL else {"bare"} if field in {"functions", "form"} else set()
            good |= {"bool"} if field == "consents" else set()
            good |= {"empty"} if (kind, field) == ("done", "to") else set()
            yield pytest.param(kind, field, VALUES.keys() - good, id=f"{kind}-{field}")


@pytest.mark.parametrize(("kind", "field", "names"), list(_typed_fields()))
def test_a_field_of_a_wrong_type(kind: str, field: str, names: set[str]) -> None:
    """Each field of each type refuses what is not of its kind, line by line, in one line each."""
    needed = {key: value for key, value in VALID.items() if key in FIELDS[kind].values()}
    if kind in {"incident", "moved_in"}:
        needed.pop("kind", None)
    known_fields = {"type": kind, "patient": PATIENT, "on": "2026-11-10", **needed, field: "@"}
    text = line(**known_fields)
    lines = refused_file("bad.jsonl", "".join(text.replace('"@"', VALUES[name]) for name in sorted(names)).encode())
    for number, name in enumerate(sorted(names), 1):
        assert [found for found in lines if found.startswith(f"bad.jsonl, line {number}, {field}: ")], name


@pytest.mark.parametrize(
    "value",
    [
        "true", "5", "1.5", "1e999", "[]", "[1]", "{}", '"soon"', '"2026-02-31T00:00:00"', '"\\ud800"', "9" * 23,
        '"0001-01-01T00:00:00Z"', '"1899-12-31T00:00:00Z"', '"2200-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"',
        '"2026-11-20x08:00"', '"2026-11-20\\u20288:00"', '"2026-11-20\\t08:00"', '"2026-11-20\\n08:00"', '"2026-W47-5"',
        '"２０２６-11-20T08:00:00"', '"2026-11-20T08:00:00Z; DROP TABLE entries"',
    ],
)  # fmt: skip
def test_a_moment_of_recording_that_is_none(value: str) -> None:
    """`recorded_at` is a moment in ISO 8601 or refused."""
    starts(
        refused_file("bad.jsonl", f'{{{CHECKED},"recorded_at":{value}}}'.encode()), "bad.jsonl, line 1, recorded_at: "
    )


@pytest.mark.parametrize(
    "value",
    ["2026-11-20", "2026-11-20T08:00", "2026-11-20 08:00:00+08:00", "2026-11-20T08:00:00.123456Z", "20261120T080000Z"],
)
def test_a_moment_of_recording_as_iso_8601_has_it(value: str) -> None:
    """With or without a zone, in both spellings, it is kept as it is, and lists as known are made from it."""
    taken("good.jsonl", line(type="checked", patient=PATIENT, on="2026-11-20", recorded_at=value).encode(), 1)
    assert [entry.recorded_at for entry in known() if entry.type == "checked"] == [value]
    assert run("due", REG, "--as-known", "2026-11-19").exit_code == 0


def test_every_problem_of_every_file_is_told_at_once() -> None:
    """All rows of all files are checked before anything is refused, and Chinese tells the same places."""
    Path("a.csv").write_bytes(table(visit(危险性评估="6"), visit(随访日期="x", 自知力="7"), visit(编号="99900001")))
    Path("b.jsonl").write_text(f"x\n{line(type='nix')}", "utf-8")
    Path("c.csv").write_bytes(b"")
    english = refused("import", REG, "a.csv", "none.csv", "b.jsonl", "c.csv")
    for place in ("a.csv, row 2, ", "a.csv, row 3, column 随访日期", "a.csv, row 3, column 自知力", "a.csv, row 4: ",
                  "none.csv: ", "b.jsonl, line 1: ", "b.jsonl, line 2: ", "c.csv: "):  # fmt: skip
        starts(english, place)
    chinese = run("import", REG, "a.csv", "none.csv", "b.jsonl", "c.csv", lang="zh")
    assert len(chinese.stderr.splitlines()) == len(english)


def test_a_dry_run_records_nothing() -> None:
    """A dry run tells the same problems and records nothing."""
    Path("good.csv").write_bytes(table(visit()))
    before = entries()
    assert run("import", REG, "good.csv", "--dry-run").exit_code == 0
    assert entries() == before
    Path("bad.csv").write_bytes(table(visit(危险性评估="6")))
    starts(refused("import", REG, "good.csv", "bad.csv", "--dry-run"), "bad.csv, row 2, column 危险性评估: ")


# --- registers -------------------------------------------------------------------------------------------------------


def _sqlite(*statements: str) -> Callable[[], None]:
    def make() -> None:
        connection = sqlite3.connect("x.db")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return make


def _damaged(start: int, end: int | None) -> Callable[[], None]:
    def make() -> None:
        content = bytearray(Path(REG).read_bytes())
        content[start:end] = b"\xff" * len(content[start:end])
        Path("x.db").write_bytes(content)

    return make


def _cut() -> None:
    content = Path(REG).read_bytes()
    Path("x.db").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("make", "place"),
    [
        pytest.param(lambda: None, 'there is no register "x.db"', id="missing"),
        pytest.param(lambda: Path("x.db").mkdir(), 'there is no register "x.db"', id="folder"),
        pytest.param(lambda: Path("x.db").write_bytes(b""), '"x.db" is no register', id="empty"),
        pytest.param(lambda: Path("x.db").write_bytes(b"nonsense" * 999), '"x.db" is no register', id="no-sqlite"),
        pytest.param(_sqlite("CREATE TABLE t (a)"), '"x.db" is no register', id="another-programs"),
        pytest.param(_sqlite("CREATE TABLE policies (a)"), '"x.db" is no register', id="another-policies"),
        pytest.param(_sqlite("CREATE TABLE policies (texts, duties_from)"), '"x.db" is no register', id="no-policy"),
        pytest.param(
            _sqlite("CREATE TABLE policies (texts, duties_from)", "INSERT INTO policies VALUES ('[]', NULL)"),
            '"x.db" is no register',
            id="empty-policy",
        ),
        pytest.param(_cut, "the register cannot be used", id="cut-off"),
        pytest.param(_damaged(4096, None), "the register cannot be used", id="overwritten"),
        pytest.param(_damaged(100, 500), "the register cannot be used", id="damaged-head"),
    ],
)
@pytest.mark.parametrize(
    "command", [["due"], ["import", "good.jsonl"], ["explain", PATIENT], ["retract", "0", "--reason", "x"]], ids=str
)
def test_a_register_that_is_none(make: Callable[[], object], place: str, command: list[str]) -> None:
    """Every command says in one line what is wrong with the register, and how to mend it."""
    Path("good.jsonl").write_text(line(type="checked", patient=PATIENT, on="2026-11-20"), "utf-8")
    make()
    lines = refused(command[0], "x.db", *command[1:])
    assert len(lines) == 1
    starts(lines, place, "; ")


COMMANDS: Final = (
    ("due", "--with-names"),
    ("due", "--as-known", "2026-11-20"),
    ("explain", PATIENT),
    ("check",),
    ("check", "--repair"),
    ("record", "visited", "--patient", PATIENT, "--on", "2026-11-20", "--risk", "2"),
    ("import", "good.jsonl"),
    ("retract", "0000", "--reason", "x"),
    ("export", "out"),
    ("backup", "copy.db"),
    ("forget", PATIENT, "--reason", "x"),
    ("policy", "adopt", "national-2018", "--from", "2026-11-20"),
)


def on_register(command: tuple[str, ...]) -> list[str]:
    """Return the words of a command with the register's name in its place."""
    names = 2 if command[0] == "policy" else 1
    return [*command[:names], REG, *command[names:]]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE entries SET body = x'7b22a222' || body", "something in the register is no text"),
        ("UPDATE entries SET body = '{' || body", f"the entries of patient {PATIENT} cannot be read"),
        ("UPDATE entries SET body = '[]'", f"the entries of patient {PATIENT} cannot be read"),
        ("UPDATE entries SET type = 'nix'", f"the entries of patient {PATIENT} cannot be read"),
        ("UPDATE personal SET body = '1'", f"the entries of patient {PATIENT} cannot be read"),
        ("UPDATE policies SET texts = '{}x'", "the rules in the register cannot be read"),
        ("UPDATE policies SET texts = '[1]'", "the rules in the register cannot be read"),
        ("UPDATE policies SET texts = 'null'", "the rules in the register cannot be read"),
        ("UPDATE policies SET duties_from = 'soon'", "the rules in the register cannot be read"),
        ("INSERT INTO notices VALUES (1, 2027, 'x', NULL)", "the rules in the register cannot be read"),
    ],
)
@pytest.mark.parametrize("command", [*COMMANDS[1:4], COMMANDS[8]], ids=" ".join)
def test_content_that_cannot_be_read(statement: str, words: str, command: tuple[str, ...]) -> None:
    """What was changed behind the library's back so that nobody can read it is told, and by whose entries."""
    connection = sqlite3.connect(REG)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement.replace("x'7b22a222' ||", "CAST(x'7b22a222' AS TEXT) ||"))
    connection.commit()
    connection.close()
    result = run(*on_register(command))
    assert result.exit_code == 3
    if command[0] == "check":  # it reads on where bytes are no text
        words = words.replace("something in the register is no text", f"entry 1 (patient {PATIENT}, ")
    starts([*result.stdout.splitlines(), *result.stderr.splitlines()], words)


DRIFTED = (
    "UPDATE due SET due_on = 'soon'",
    "UPDATE due SET due_on = NULL",
    "UPDATE due SET kind = kind || '?'",
    "UPDATE due SET company = ''",
    "UPDATE due SET company = NULL",
    "UPDATE due SET stability = NULL",
    "UPDATE due SET risk = 9",
    "UPDATE standings SET rest = 'nix', opens_on = NULL, due_on = NULL",
)


@pytest.mark.parametrize("statement", DRIFTED)
def test_kept_dates_that_cannot_be_read(statement: str) -> None:
    """They are told with their remedy, and the remedy helps."""
    connection = sqlite3.connect(REG)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute(statement)
    connection.commit()
    connection.close()
    (line,) = refused("due", REG)
    assert "were changed by something else and cannot be read" in line
    assert run("check", REG).exit_code == 3
    assert run("check", REG, "--repair").exit_code == 0
    assert run("due", REG).exit_code == 0


@pytest.mark.parametrize(
    "place", [REG, "folder", "nowhere/x.db", "x" * 300 + ".db"], ids=["exists", "folder", "nowhere", "long"]
)
def test_a_place_where_no_register_can_be_made(place: str) -> None:
    """Nothing is overwritten, and no half register is left behind."""
    Path("folder").mkdir()
    before = Path(REG).read_bytes()
    assert len(refused("init", place)) == 1
    assert Path(REG).read_bytes() == before


def test_a_register_in_memory_is_none() -> None:
    """The command line never says that it made a register which is gone at once."""
    assert run("init", ":memory:").exit_code == 3 or Path(":memory:").exists()


def _connect_by(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    usual = sqlite3.connect

    def connect(place: str, **_: Any) -> sqlite3.Connection:
        return usual(f"file:{place}?mode={options.get('mode', 'rw')}", uri=True, timeout=0.05)

    monkeypatch.setattr(sqlite3, "connect", connect)


@pytest.mark.parametrize("command", ["import", "record", "retract"])
def test_a_read_only_register(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register that may only be read says so when something is to be written."""
    words = {"import": ["good.csv"], "record": ["-"], "retract": [known()[0].id, "--reason", "x"]}[command]
    Path("good.csv").write_bytes(table(visit()))
    _connect_by(monkeypatch, mode="ro")
    assert run("due", REG).exit_code == 0
    result = run(command, REG, *words, stdin=f"{{{CHECKED}}}".encode())
    assert result.exit_code == 3


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_register_in_use(lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes, lists are made; an import says so and records nothing; afterwards it goes through."""
    Path("good.csv").write_bytes(table(visit()))
    other = sqlite3.connect(REG)
    _connect_by(monkeypatch)
    other.execute(f"BEGIN {lock}")
    result = run("import", REG, "good.csv")
    assert result.exit_code == 3
    starts(result.stderr.splitlines(), "another program", "try again")
    assert run("due", REG).exit_code == 0
    other.rollback()
    other.close()
    assert "1 new entry" in run("import", REG, "good.csv").stdout


# --- policies --------------------------------------------------------------------------------------------------------

HEADER: Final = '[policy]\nid = "x"\ntitle = { zh = "甲", en = "a" }\n'
RULE: Final = """
[[rule]]
id = "r1"
kind = "visit"
when = { status = "managed" }
within = "2 weeks"
after = ["visit", "began"]
since = 2025-01-01
title = { zh = "甲", en = "a" }
source = { document = "d", evidence = "published" }
"""
POLICY: Final = HEADER + RULE


#: The same for everybody at home, so that it passes its audit.
SOUND: Final = POLICY.replace('status = "managed"', 'status = ["managed", "declined"]')


def policy(old: str, new: str) -> str:
    """Return a good policy with one thing changed."""
    assert old in POLICY
    return POLICY.replace(old, new)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        pytest.param("", ", policy", '"policy" is missing', id="empty"),
        pytest.param("policy = 5", ", policy", "", id="policy-5"),
        pytest.param(f"{POLICY}\n[extra]\n", ", extra", "unknown key", id="unknown-table"),
        pytest.param(policy('id = "x"', "id = 5"), ", policy.id", "no text", id="id-5"),
        pytest.param(f"{POLICY}colour = 'red'\n", ", rule[r1].colour", "unknown key", id="unknown-key"),
        pytest.param(f"{POLICY}wiht = ['police']\n", ", rule[r1].wiht", 'did you mean "with"', id="misspelt-key"),
        pytest.param(policy('"visit"\n', '"vist"\n'), ", rule[r1].kind", 'did you mean "visit"', id="kind"),
        pytest.param(policy('"began"]', '"begun"]'), ", rule[r1].after[2]", 'did you mean "began"', id="anchor"),
        pytest.param(policy('["visit", "began"]', '"visit"'), ", rule[r1].after", "brackets", id="lone-text"),
        pytest.param(policy('["visit", "began"]', "[]"), ", rule[r1].after", "at least one", id="empty-list"),
        pytest.param(policy("2 weeks", "2 fortnights"), ", rule[r1].within", "2 weeks", id="interval"),
        pytest.param(policy("2 weeks", "-2 weeks"), ", rule[r1].within", "never zero", id="negative"),
        pytest.param(policy("2 weeks", "0 days"), ", rule[r1].within", "never zero", id="zero"),
        pytest.param(policy('"2 weeks"', "14"), ", rule[r1].within", "2 weeks", id="interval-14"),
        pytest.param(f"{POLICY}opens = '3 weeks'\n", ", rule[r1].opens", "shorten", id="opens-too-long"),
        pytest.param(f"{POLICY}opens = '1 month'\n", ", rule[r1].opens", "days or weeks", id="opens-unit"),
        pytest.param(policy(RULE[RULE.index("source") :], ""), ", rule[r1].source", "missing", id="no-source"),
        pytest.param(policy('"published"', '"hearsay"'), ", rule[r1].source.evidence", "excerpt", id="evidence"),
        pytest.param(policy("2025-01-01", '"2025-01-01"'), ", rule[r1].since", "without quotes", id="quoted-date"),
        pytest.param(policy("2025-01-01", "2025-01-01T00:00:00"), ", rule[r1].since", "no date", id="moment"),
        pytest.param(policy("2025-01-01", "2025-02-31"), "", "TOML", id="31-february"),
        pytest.param(policy("status =", "stauts ="), ", rule[r1].when.stauts", 'did you mean "status"', id="field"),
        pytest.param(policy('"managed"', '"manged"'), ", rule[r1].when.status", 'did you mean "managed"', id="value"),
        pytest.param(policy('{ status = "managed" }', "{}"), ", rule[r1].when", "at least one field", id="when-empty"),
        pytest.param(policy('{ status = "managed" }', "[]"), ", rule[r1].when", "at least one field", id="when-list"),
        pytest.param(policy('{ status = "managed" }', "5"), ", rule[r1].when", "at least one field", id="when-5"),
        pytest.param(policy('"managed"', "[[5]]"), ", rule[r1].when.status", "", id="value-list-of-lists"),
        pytest.param(policy('status = "managed"', 'risk = ">= 6"'), ", rule[r1].when.risk", "", id="risk-6"),
        pytest.param(policy('status = "managed"', 'risk = "3..1"'), ", rule[r1].when.risk", "", id="risk-3..1"),
        pytest.param(
            policy('status = "managed"', "risk = 3"),
            ", rule[r1].when.risk",
            "quotes",
            id="risk-without-quotes",
        ),
        pytest.param(f"{POLICY}with = ['polise']\n", ", rule[r1].with[1]", 'did you mean "police"', id="role"),
        pytest.param(f"{POLICY}mode = ['fax']\n", ", rule[r1].mode[1]", "clinic, home, phone", id="mode"),
        pytest.param(f"{POLICY}to = ['police']\n", ", rule[r1].to", "take it out", id="to-of-a-visit"),
        pytest.param(POLICY + RULE, ", rule[r1].id", "taken", id="id-twice"),
        pytest.param(
            policy('\n\n[[rule]]\nid = "r1"', '\nextends = "national-2018"\n[[rule]]\nid = "floor"'),
            ", rule[floor].id",
            "national-2018",
            id="id-of-the-base",
        ),
        pytest.param(
            f'{HEADER}extends = "national"\n{RULE}', ", policy.extends", "national-2018", id="extends-nothing"
        ),
        pytest.param(f'{HEADER}extends = ""\n{RULE}', ", policy.extends", "", id="extends-empty"),
        pytest.param(
            f'{HEADER}extends = "a\\u0000"\n{RULE}',
            ", policy.extends",
            "",
            id="extends-nul",
        ),
        pytest.param(f'{HEADER}extends = "bad.toml"\n{RULE}', ", policy.extends", "circle", id="extends-itself"),
        pytest.param(f'{HEADER}extends = "./bad.toml"\n{RULE}', ", policy.extends", "circle", id="extends-dot-itself"),
        pytest.param(
            f'{HEADER}extends = "folder/../bad.toml"\n{RULE}',
            ", policy.extends",
            "circle",
            id="extends-itself-by-a-detour",
        ),
        pytest.param(
            f'{HEADER}extends = "{"x" * 5000}"\n{RULE}',
            ", policy.extends",
            "",
            id="extends-endless",
        ),
        pytest.param("[policy\n", "", "TOML", id="no-toml"),
        pytest.param(f"{POLICY}x = \n", "", "TOML", id="no-value"),
        pytest.param(
            policy("[[rule]]", "[rule]"),
            ", rule",
            "write [[rule]]",
            id="single-brackets",
        ),
        pytest.param("x = " + "[" * 5000, "", "", id="deep"),
        pytest.param(f"x = {'9' * 5000}", "", "", id="5000-digits"),
        pytest.param(HEADER, "", "", id="no-rule"),
        pytest.param(
            f"rule = {{}}\n{HEADER}",
            ", rule",
            "write [[rule]]",
            id="rule-table",
        ),
    ],
)
def test_a_policy_file_with_a_problem(text: str, place: str, words: str) -> None:
    """A bad policy is refused with its path in the file, and no register is made."""
    Path("folder").mkdir()
    Path("bad.toml").write_text(text, "utf-8")
    starts(refused("init", "new.db", "--policy", "bad.toml"), f"bad.toml{place}: ", words)
    assert not Path("new.db").exists()


@pytest.mark.parametrize(
    "content", [POLICY.encode("utf-16"), POLICY.encode("gb18030"), b"\xff\x00"], ids=["utf-16", "gb18030", "noise"]
)
def test_a_policy_file_that_is_not_utf_8(content: bytes) -> None:
    """A policy in another encoding is refused by name."""
    Path("bad.toml").write_bytes(content)
    starts(refused("init", "new.db", "--policy", "bad.toml"), "bad.toml: ", "UTF-8", "; ")


@pytest.mark.parametrize(
    "content",
    [SOUND.encode(), SOUND.encode("utf-8-sig"), SOUND.replace("\n", "\r\n").encode()],
    ids=["plain", "bom", "crlf"],
)
def test_a_good_policy_file(content: bytes) -> None:
    """A good policy is taken, with a BOM and Windows line ends too."""
    Path("good.toml").write_bytes(content)
    assert run("init", "new.db", "--policy", "good.toml").exit_code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Dongguan", 'did you mean "dongguan"'),
        ("none.toml", "national-2018"),
        ("", "national-2018"),
        (".", "national-2018"),
        pytest.param("x" * 5000, "", id="long"),
    ],
)
def test_a_policy_that_is_not_there(name: str, words: str) -> None:
    """An unknown policy is refused with the names there are."""
    starts(refused("init", "new.db", "--policy", name), "there is no policy", words)
    assert not Path("new.db").exists()


def test_a_policy_whose_days_lie_beyond_the_calendar() -> None:
    """A period of a thousand years is counted and read back like any other."""
    Path("long.toml").write_text(load_policy("national-2018").texts[0].replace("1 year", "999 years"), "utf-8")
    seen = line(type="visited", patient="p9", on="2026-11-10", risk=3)
    Path("good.jsonl").write_text(line(**registered("p9")) + seen, "utf-8")
    Register.create("l.db", load_policy("long.toml")).close()
    for words in (["import", "l.db", "good.jsonl"], ["due", "l.db"], ["explain", "l.db", "p9"]):
        assert run(*words).exit_code == 0


def test_policies_that_extend_each_other() -> None:
    """A circle of extensions is told with every file on it."""
    for name, base in (("a", "b"), ("b", "c"), ("c", "a")):
        Path(f"{name}.toml").write_text(f'{HEADER}extends = "{base}.toml"\n{RULE}', "utf-8")
    starts(
        refused("init", "new.db", "--policy", "a.toml"),
        "c.toml, policy.extends: ",
        "a.toml -> b.toml -> c.toml -> a.toml",
    )


def test_every_problem_of_a_policy_is_told_at_once() -> None:
    """All problems of all rules of one file come together."""
    second = RULE.replace("r1", "r2").replace("2 weeks", "0 weeks").replace('"published"', '"x"')
    text = (
        POLICY.replace("2 weeks", "x").replace('status = "managed"', 'status = "x", foo = 1') + "colour = 1\n" + second
    )
    Path("bad.toml").write_text(text.replace('en = "a" }\n\n', 'en = "a" }\nlicence = "MIT"\n\n'), "utf-8")
    lines = refused("init", "new.db", "--policy", "bad.toml")
    for place in ("policy.licence", "rule[r1].within", "rule[r1].when.status", "rule[r1].when.foo", "rule[r1].colour",
                  "rule[r2].within", "rule[r2].source.evidence"):  # fmt: skip
        starts(lines, f"bad.toml, {place}: ")


# --- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "place", "told"),
    [
        (["visited", "--on", "2026-11-10"], "visited: ", '"risk" is missing'),
        (["visited", "--risk", "1"], "visited: ", '"on" is missing'),
        (["visited", "--on", "2026-11-10", "--risk", "6"], "visited, risk: ", "0, 1, 2, 3, 4, 5"),
        (["visited", "--on", "2026-11-10", "--risk", "-1"], "visited, risk: ", ""),
        (["visited", "--on", "2026-11-10", "--risk", "²"], "visited, risk: ", "whole number"),
        (["visited", "--on", "yesterday", "--risk", "1"], "visited, on: ", "2026-11-22"),
        (["visited", "--on", "2026-11-24", "--risk", "1"], "visited, on: ", "after today"),
        (["visited", "--on", "2026-11-10", "--risk", "1", "--mode", "hom"], "visited, mode: ", 'did you mean "home"'),
        (["visited", "--on", "2026-11-10", "--risk", "1", "--seen", "me,patient"], "visited, seen: ", '"***" cannot'),
        (["visited", "--on", "2026-11-10", "--risk", "1", "--functions", "work"], "visited, functions: ", "good"),
        (["visited", "--on", "2026-11-10", "--risk", "1", "--functions", "wok=good"], "visited, functions: ", "work"),
        (["visited", "--on", "2026-11-10", "--risk", "1", "--next-on", "2026-02-31"], "visited, next_on: ", "no day"),
        (["declined", "--on", "2026-11-10", "--informed-on", "soon"], "declined, informed_on: ", "no day"),
        (["registered", "--on", "2026-11-10", "--consents", "perhaps"], "registered, consents: ", ""),
        (["done", "--on", "2026-11-10", "--kind", "tea"], "done, kind: ", "report"),
        (["missed", "--on", "2026-11-10", "--reason", "\udcff"], "missed", "; "),
        pytest.param(
            ["visited", "--on", "2026-11-10", "--risk", "9" * 5000],
            "visited, risk: ",
            "",
            id="risk-of-5000-digits",
        ),
    ],
)
def test_recording_by_options_with_bad_values(words: list[str], place: str, told: str) -> None:
    """A bad option is refused by its name, and nothing is recorded."""
    starts(refused("record", REG, words[0], "--patient", PATIENT, *words[1:]), place, told)


@pytest.mark.parametrize("to", ["police", "police,care_group"])
def test_recording_whom_a_report_went_to(to: str) -> None:
    """A report's recipients are written with commas between them, like every list."""
    words = ["--patient", PATIENT, "--on", "2026-11-10", "--kind", "report", "--to", to]
    assert run("record", REG, "done", *words).exit_code == 0
    assert known()[-1].as_json()["to"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--kind", "visit"], 'no "done" settles the kind "visit"; record "visited" instead'),
        (["--kind", "health-check"], 'record "checked" instead'),
        (["--kind", "referral"], 'record "referred / admitted" instead'),
        (["--kind", "report"], 'say with "to" who was told'),
    ],
)
def test_recording_a_duty_as_done_that_it_does_not_settle(words: list[str], told: str) -> None:
    """It is refused with what to record instead; imported lines are so at their place."""
    starts(refused("record", REG, "done", "--patient", PATIENT, "--on", "2026-11-10", *words), "done: ", told)
    more: dict[str, Any] = {"to": []} if "report" in words else {}
    text = line(type="done", patient=PATIENT, on="2026-11-10", kind=words[1], **more)
    starts(refused_file("a.jsonl", text.encode()), "a.jsonl, line 1: ", told)


@pytest.mark.parametrize("stdin", [b"", b"\xff\xfe", b"x", b"[]", b'{"type":"nix"}', b"\x00", b'{"type":"checked"}'])
def test_recording_bad_lines_from_stdin(stdin: bytes) -> None:
    """What comes by stdin is checked like a file called "-"."""
    starts(refused("record", REG, "-", stdin=stdin), "-", ": ", "; ")


def test_looking_for_what_is_not_there() -> None:
    """An unknown patient, and an entry that is unknown or not the only one, are refused."""
    for patient in ("nobody", "", "' OR 1=1 --", "x" * 100_000):
        assert len(refused("explain", REG, patient)) == 1
    Path("good.jsonl").write_text("".join(line(**registered(f"p{n}")) for n in range(40)), "utf-8")
    assert run("import", REG, "good.jsonl").exit_code == 0
    for beginning, words in (("zzzz", "no entry"), ("f" * 40, "no entry"), ("%%%%", "no entry"), ("", ""), ("zz", "")):
        starts(refused("retract", REG, beginning, "--reason", "x"), "", words, "; ")
    ids = [entry.id for number in range(40) for entry in known(f"p{number}")]
    starts(refused("retract", REG, ids[0][:3], "--reason", "x"), f'"{ids[0][:3]}" is too short', "four characters")
    starts(refused("retract", REG, ids[0], "--reason", " "), "no reason is given")
    with Register.open(REG) as register:  # two ids that begin alike are made by hand: there are 65,536 beginnings
        for name in GUARDS:
            register.db.execute(f"DROP TRIGGER {name}")
        register.db.execute("UPDATE entries SET id = ? WHERE id = ?", [f"{ids[0][:8]}{ids[1][8:]}", ids[1]])
    starts(refused("retract", REG, ids[0][:8], "--reason", "x"), "more than one", "write more")


def test_an_entry_is_not_found_by_nothing() -> None:
    """An empty id (a shell variable that was not set) takes nothing back."""
    refused("retract", REG, "", "--reason", "x")


@pytest.mark.parametrize(
    "words",
    [["explain", REG, "\udcff"], ["due", REG, "--team", "\udcff"], ["retract", REG, "\udcff", "--reason", "x"]],
    ids=lambda words: str(words[0]),
)
def test_words_that_are_not_utf_8(words: list[str]) -> None:
    """A word in another encoding is somebody unknown, not a traceback."""
    assert run(*words).exit_code in {0, 2, 3}


@pytest.mark.parametrize(
    "words",
    [
        ["--within", "-1"],
        ["--within", "99999999d"],
        ["--within", "7x"],
        ["--within", ""],
        ["--on", "0001-01-01"],
        ["--on", "9999-12-31"],
        ["--on", "2026-02-31"],
        ["--on", ""],
        ["--today", "today"],
        ["--tz", ""],
        ["--tz", "Mars/Base"],
        ["--tz", "/etc/passwd"],
        ["--tz", "../UTC"],
        ["--lang", "fr"],
        ["--format", "docx"],
        ["-o", "."],
        ["--nix"],
    ],
    ids=" ".join,
)
def test_a_list_asked_for_in_a_wrong_way(words: list[str]) -> None:
    """Wrong usage is answered by exit code 2 and the option's name."""
    result = run("due", REG, *words)
    assert result.exit_code == 2
    assert words[0] in result.stderr


@pytest.mark.parametrize("team", ["", "' OR 1=1 --", "%", "x" * 100_000, "\x1b[31m", "a\nb"], ids=range(6))
def test_a_team_that_nobody_has(team: str) -> None:
    """A team that is not there is told in one line, and never an empty list that looks like a day off."""
    lines = refused("due", REG, "--team", team)
    assert len(lines) == 1
    assert lines[0].isprintable()
    assert len(lines[0]) < 500


@pytest.mark.parametrize(
    "words", [["--on", "1900-01-01"], ["--on", "2200-12-31", "--within", "999d"], ["--within", "0"]], ids=" ".join
)
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_list_asked_for_in_an_odd_way(words: list[str], form: str) -> None:
    """The first day and the last one of the calendar give a list as any other."""
    result = run("due", REG, *words, "--format", form, "--fail-overdue")
    assert result.exit_code == (0 if "1900-01-01" in words else 1)
    assert (PATIENT in result.stdout) == ("1900-01-01" not in words)


@pytest.mark.parametrize("output", ["nowhere/list.csv", "r.db/list.csv", "x" * 300, "/dev/full"])
def test_a_list_that_cannot_be_written(output: str) -> None:
    """A list that cannot be written is told like any other problem."""
    result = run("due", REG, "-o", output)
    assert result.exit_code in {2, 3}
    assert result.stderr


@pytest.mark.parametrize("name", [REG, f"./{REG}", f"{REG}-wal", f"{REG}-shm", f"{REG}-journal", "link", "hard"])
def test_nothing_is_written_over_the_register(name: str) -> None:
    """Neither a list nor a report goes over it, or over what SQLite keeps beside it, whatever it is called."""
    Path("link").symlink_to(REG)
    Path("hard").hardlink_to(REG)
    Path("good.csv").write_bytes(table(visit()))
    before = Path(REG).read_bytes()
    for words in (["due", REG, "-o", name], ["import", REG, "good.csv", "--report", name]):
        starts(refused(*words), "", "would overwrite")
    assert Path(REG).read_bytes() == before


def test_a_team_of_the_past_has_its_list_of_the_past() -> None:
    """A team that has no patients any more is none today, and still had a list on the days when it had some."""

    def told(on: str, **fields: str) -> str:
        return line(patient=PATIENT, on=on, recorded_at=f"{on}T08:00:00+08:00", **fields)

    Path("a.jsonl").write_text(
        told("2026-11-02", type="assigned", team="旧队") + told("2026-11-20", type="assigned", team="新队"), "utf-8"
    )
    assert run("import", REG, "a.jsonl").exit_code == 0
    for words in (
        ["--on", "2026-11-15"],
        ["--as-known", "2026-11-15"],
        ["--on", "2026-11-23", "--as-known", "2026-11-15"],
    ):
        result = run("due", REG, "--team", "旧队", *words)
        assert (result.exit_code, "Registered 1" in result.stdout) == (0, True), result.output
    starts(refused("due", REG, "--team", "旧队"), "", "旧队")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nix"],
        ["init"],
        ["import", REG],
        ["record", REG],
        ["record", REG, "nix"],
        ["record", REG, "retracted"],
        ["record", REG, "visited"],
        ["record", REG, "visited", "--patient", "1", "--nix", "1"],
        ["retract", REG, "0"],
        ["explain", REG],
        ["init", "new.db", "--duties-from", "soon"],
    ],
    ids=" ".join,
)
def test_wrong_usage(words: list[str]) -> None:
    """Wrong usage is exit code 2, and no register is made."""
    assert run(*words).exit_code == 2
    assert not Path("new.db").exists()


# --- chance ----------------------------------------------------------------------------------------------------------

HOSTILE: Final = (
    "",
    " ",
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "9",
    "-1",
    "三",
    "３",
    "1、2",
    "1,2;3",
    "、",
    "=1+1",
    "2026-02-31",
    "2026-11-23",
    "2026-11-24",
    "20260102",
    "2026年1月2日",
    "1900-01-01",
    "1e999",
    "1.1E+17",
    '"',
    "'",
    "\n",
    "\r",
    ",",
    "\u2028",
    "\x85",
    "\ufeff",
    "\x1b[31m",
    "10100001",
    "99999999",
    "x" * 200,
    "姓名",
    "NULL",
    "\x0b",
    "\x1c",
)


def _rows(name: str, count: int) -> list[list[str]]:
    with (DISTRICT / name).open(encoding="utf-8-sig", newline="") as file:
        return [row for row, _ in zip(csv.reader(file), range(count + 1), strict=False)]


VISITS: Final = _rows("followups.csv", 8)
VISITED_PEOPLE: Final = {row[0] for row in VISITS[1:]}
PEOPLE: Final = [row for row in _rows("patients.csv", 40) if row[0] not in {*VISITED_PEOPLE, PATIENT}][:6]
#: ID numbers and telephones of the people drawn from.
SECRETS: Final = tuple(row[column] for row in PEOPLE[1:] for column in (4, 5))
LINES: Final[tuple[dict[str, Any], ...]] = tuple(
    {"patient": PATIENT, "on": "2026-11-10", **fields}
    for fields in (
        registered("p9", sex="male", born="1990-01-01", diagnosis="other", consents=False, form={"a": "b"}),
        {"type": "visited", "risk": 3, "seen": ["patient"], "present": ["police"], "functions": {"work": "good"}},
        {"type": "visited", "risk": 0, "symptoms": [], "insight": "full", "next_on": "2026-12-01", "mode": "home"},
        {"type": "missed", "reason": "x", "mode": "phone"},
        {"type": "discharged", "informed_on": "2026-11-12", "reason": "x"},
        {"type": "incident", "kind": "danger"},
        {"type": "referred", "to": "x", "outcome": "y"},
        {"type": "postponed", "until": "2026-12-01", "author": "x"},
        {"type": "amended", "phone": "1"},
        {"type": "assigned", "team": "x"},
        {"type": "done", "kind": "report", "to": ["police"], "outcome": "x"},
        {"type": "died"},
    )
)

_cell = st.sampled_from(HOSTILE) | st.text(max_size=8)
_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(HOSTILE) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """Draw a form with some cells, columns or rows changed."""
    base = draw(st.sampled_from([PEOPLE, VISITS]))
    rows = [list(row) for row in base]
    for _ in range(draw(st.integers(0, 3))):
        row = rows[draw(st.integers(0, len(rows) - 1))] if draw(st.booleans()) else rows[1]
        row[draw(st.integers(0, len(row) - 1))] = draw(_cell)
    if draw(st.booleans()):
        rows[draw(st.integers(0, len(rows) - 1))] += draw(st.lists(_cell, max_size=2))
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return draw(noise(out.getvalue().encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"])), "replace")))


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    """Draw JSON lines with some fields changed, added or taken out."""
    found = [dict(draw(st.sampled_from(LINES))) for _ in range(draw(st.integers(1, 3)))]
    for entry in found:
        keys = sorted({*entry, *FIELDS[entry["type"]].values(), "id", "recorded_at"})
        for _ in range(draw(st.integers(0, 2))):
            key = draw(st.sampled_from(keys) | st.text(max_size=4))
            if draw(st.booleans()):
                entry[key] = draw(_value)
            else:
                entry.pop(key, None)
    text = "\n".join(json.dumps(entry, ensure_ascii=draw(st.booleans())) for entry in found)
    return draw(noise(text.encode("utf-8", "surrogatepass")))


@st.composite
def noise(draw: st.DrawFn, content: bytes) -> bytes:
    """Draw the content with a few bytes changed, cut out or put in; most often as it is."""
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.sampled_from([0, 1, 2, 40]))
        content = (
            content[:at]
            + draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\n", b",", b"\0"]))
            + content[at + cut :]
        )
    return content


def check_import(name: str, content: bytes, template: Path) -> None:
    """Import anything: it is taken whole, twice without a change, or refused whole with places."""
    shutil.copy(template, REG)
    Path(name).write_bytes(content)
    before = entries()
    first = run("import", REG, name)
    assert first.exit_code in {0, 3}
    assert not [secret for secret in SECRETS if secret in first.stderr]
    if first.exit_code == 3:
        assert entries() == before
        assert f"{name}" in first.stderr
        assert first.stdout == ""
    else:
        after = entries()
        second = run("import", REG, name)
        assert (second.exit_code, entries()) == (0, after)
        assert "0 new entries" in second.stdout
        assert run("due", REG, "--within", "30").exit_code == 0


@pytest.fixture(scope="session")
def peopled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one register with the people of the bundled follow-ups, to be copied."""
    path = tmp_path_factory.mktemp("peopled") / REG
    shutil.copy(template, path)
    with Register.open(path) as register:
        register.record_all(entry_from_json(registered(number)) for number in sorted(VISITED_PEOPLE - {PATIENT}))
    return path


@pytest.mark.parametrize("rows", [PEOPLE, VISITS], ids=["people", "visits"])
def test_the_forms_that_chance_changes_are_good(rows: list[list[str]], peopled: Path) -> None:
    """Without a change the forms drawn from go in: what refuses them is the change."""
    shutil.copy(peopled, REG)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    taken("good.csv", out.getvalue().encode(), len(rows) - 1)


@CHANCE
@given(content=forms())
def test_any_form_is_taken_whole_or_refused_whole(content: bytes, peopled: Path) -> None:
    """Whatever a form holds, it goes in whole or not at all, and never falls over."""
    check_import("any.csv", content, peopled)


@CHANCE
@given(content=json_lines())
def test_any_json_lines_are_taken_whole_or_refused_whole(content: bytes, template: Path) -> None:
    """Whatever JSON lines hold, they go in whole or not at all, and never fall over."""
    check_import("any.jsonl", content, template)


@CHANCE
@given(data=st.data())
def test_any_damage_of_a_register_is_told(data: st.DataObject, peopled: Path) -> None:
    """Whatever bytes of the file are others, each command does its work or says in a sentence what is wrong."""
    content = peopled.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.sampled_from([1, 20, 4096]))
    other = data.draw(st.binary(min_size=1, max_size=20))
    cut = data.draw(st.sampled_from([len(content), at]))
    for path in Path().iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    Path(REG).write_bytes((content[:at] + (other * length)[:length] + content[at + length :])[:cut])
    Path("good.jsonl").write_text(line(type="checked", patient=PATIENT, on="2026-11-20"), "utf-8")
    result = run(*on_register(data.draw(st.sampled_from(COMMANDS))))
    assert result.exit_code in {0, 3}
    assert result.exit_code == 0 or result.output
