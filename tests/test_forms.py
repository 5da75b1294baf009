"""The official forms: one row gives one fact or more."""

from datetime import date
from pathlib import Path

import pytest

from followup import Admitted, Died, Discharged, Done, Entry, Lost, Missed, Referred, Registered, Visited
from followup.forms import read_files
from followup.jsonlines import Reading
from followup.patientform import PATIENT_COLUMNS
from followup.visitform import VISIT_COLUMNS

TODAY = date(2026, 11, 23)
P = "10100001"
ON = "2026-03-02"


def read(folder: Path, cells: dict[str, str], *, encoding: str = "utf-8") -> Reading:
    """Read one row as a file of its own, with the columns given."""
    path = folder / "form.csv"
    quoted = [[f'"{word}"' for word in words] for words in (cells, cells.values())]
    path.write_text("\n".join(",".join(row) for row in quoted) + "\n", encoding)
    return read_files([path], TODAY)


def visit(folder: Path, **cells: str) -> list[Entry]:
    """Return what a follow-up record tells."""
    found = read(folder, {"编号": P, "随访日期": ON, "危险性评估": "", **cells})
    assert not found.problems, [problem.text() for problem in found.problems]
    return [sourced.entry for sourced in found.entries]


def refused(folder: Path, **cells: str) -> str:
    """Return the problems of a follow-up record."""
    found = read(folder, {"编号": P, "随访日期": ON, "危险性评估": "", **cells})
    assert not found.entries
    return "\n".join(problem.text() for problem in found.problems)


def test_a_record_with_a_risk_is_a_follow_up(tmp_path: Path) -> None:
    """Each coded column becomes its field; columns that no rule uses are kept word for word."""
    cells = {
        "本次随访形式": "2", "本次随访对象": "1、2", "危险性评估": "1", "目前症状": "1,10；12", "自知力": "2", "睡眠情况": "3",
        "个人生活料理": "1", "家务劳动": "2", "生产劳动及工作": "9", "学习能力": "3", "社会人际交往": "2",
        "用药依从性": "2", "药物不良反应": "9", "本次随访分类": "2", "下次随访日期": "2026-03-16",
        "参与人员": "精防医生、民警", "随访医生签名": "某医生",
    }  # fmt: skip
    assert visit(tmp_path, **cells) == [
        Visited(
            P, ON, risk=1, mode="home", seen=["patient", "family"], symptoms=["hallucination", "self_talk", "other"],
            insight="partial", adherence="intermittent", stability="basic", next_on="2026-03-16",
            functions={"self_care": "good", "housework": "fair", "study": "poor", "contact": "fair"},
            present=["prevention_doctor", "police"],
            form={"睡眠情况": "3", "随访医生签名": "某医生", "生产劳动及工作": "9", "药物不良反应": "9"},
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "facts"),
    [
        ({}, [Missed(P, ON)]),
        ({"本次随访分类": "0", "本次随访形式": "3"}, [Missed(P, ON, mode="phone")]),
        ({"若失访,原因": "4"}, [Missed(P, ON, reason="not_reached")]),
        ({"失访原因": "1"}, [Lost(P, ON, reason="working_away")]),
        ({"若失访,原因": "5", "本次随访分类": "0"}, [Missed(P, ON, reason="other"), Lost(P, ON, reason="other")]),
        (
            {"两次随访期间住院情况": "1"},
            [Admitted(P, ON), Done(P, ON, kind="status-check", outcome="in_hospital")],
        ),
        (
            {"两次随访期间住院情况": "2", "末次出院时间": "2026-02-20"},
            [Discharged(P, "2026-02-20", informed_on=ON)],
        ),
        (
            {"两次随访期间住院情况": "2", "末次出院时间": ON, "危险性评估": "0"},
            [Visited(P, ON, risk=0), Discharged(P, ON)],
        ),
        ({"死亡日期": "2026-02-27", "死亡原因": "4"}, [Died(P, "2026-02-27", reason="accident")]),
        ({"危险性评估": "1", "死亡日期": ON}, [Visited(P, ON, risk=1), Died(P, ON)]),
        ({"本次随访分类": "0", "死亡日期": "2026-02-27"}, [Missed(P, ON), Died(P, "2026-02-27")]),
        (
            {"危险性评估": "4", "是否转诊": "2", "转诊原因": "加重", "转诊至机构及科室": "某院"},
            [Visited(P, ON, risk=4), Referred(P, ON, to="某院", reason="加重")],
        ),
        ({"危险性评估": "0", "两次随访期间住院情况": "0", "是否转诊": "1"}, [Visited(P, ON, risk=0)]),
    ],
)
def test_one_row_gives_one_fact_or_more(tmp_path: Path, cells: dict[str, str], facts: list[Entry]) -> None:
    """What a row tells beside a follow-up, and without one."""
    assert visit(tmp_path, **cells) == facts


def test_no_symptom_is_told_by_an_empty_cell_not_by_a_column_that_is_not_there(tmp_path: Path) -> None:
    """An absent fact never counts as good."""
    assert visit(tmp_path, 危险性评估="0", 目前症状="") == [Visited(P, ON, risk=0, symptoms=[])]
    assert visit(tmp_path, 危险性评估="0") == [Visited(P, ON, risk=0)]


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"危险性评估": "1", "本次随访分类": "0"}, "a risk is given for an attempt that failed"),
        ({"危险性评估": "1", "若失访,原因": "4"}, "a risk is given for an attempt that failed"),
        ({"本次随访分类": "2"}, "column 危险性评估: a class is given and no risk"),
        ({"自知力": "1"}, "column 自知力: this is filled in and 危险性评估 is not"),
        ({"危险性评估": "1", "两次随访期间住院情况": "2"}, "住院情况 2 needs 末次出院时间"),
        ({"危险性评估": "1", "末次出院时间": "2026-02-20"}, "末次出院时间 needs 住院情况 2"),
        ({"危险性评估": "1", "转诊原因": "加重"}, "column 转诊原因: this is filled in and 是否转诊 is not 2"),
        ({"死亡原因": "2"}, "a cause of death needs 死亡日期"),
        ({"死亡日期": "2026-03-03"}, "column 死亡日期: it lies after the record of 2026-03-02"),
        (
            {"危险性评估": "1", "死亡日期": "2026-03-01"},
            "column 死亡日期: it lies before the record of 2026-03-02, which tells",
        ),
        (
            {"两次随访期间住院情况": "1", "死亡日期": "2026-03-01"},
            "column 死亡日期: it lies before the record of 2026-03-02",
        ),
        ({"是否转诊": "2", "死亡日期": "2026-03-01"}, "column 死亡日期: it lies before the record of 2026-03-02"),
        ({"危险性评估": "6"}, "column 危险性评估: “6” is no code of this field; use 0, 1, 2, 3, 4, 5"),
        ({"危险性评估": "1", "参与人员": "某某"}, "column 参与人员: “***” is no code of this field; use 精防医生"),
        ({"随访日期": "2026-02-31"}, "column 随访日期: “2026-02-31” is no date"),
        ({"随访日期": "2026-11-24"}, "column 随访日期: 2026-11-24 is after today (2026-11-23)"),
        ({"随访日期": ""}, "column 随访日期: it is empty; fill it in"),
        ({"编号": "1010001"}, "column 编号: it is no patient number of 3 + 5 digits"),
    ],
)
def test_any_other_combination_is_an_error_of_the_row(tmp_path: Path, cells: dict[str, str], problem: str) -> None:
    """A row that cannot be one of these facts is refused, with its place and remedy."""
    assert f"form.csv, row 2, {problem}" in refused(tmp_path, **cells) or problem in refused(tmp_path, **cells)


@pytest.mark.parametrize(
    "cell", ["2026-01-02", "2026.1.2", "2026/1/2", "2026年1月2日", "20260102", "２０２６-０１-０２"]
)
def test_dates_are_read_as_they_are_written(tmp_path: Path, cell: str) -> None:
    """The usual spellings of a day."""
    (found,) = visit(tmp_path, 随访日期=cell)
    assert found.on == date(2026, 1, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_that_exports_have(tmp_path: Path, encoding: str) -> None:
    """UTF-8 with or without BOM, and GB18030."""
    cells = {"编号": "101-00001", "填表日期": ON, "知情同意": "1", "姓名": "王䶮", "目前诊断": "F20.0", "就业情况": "3"}
    found = read(tmp_path, cells, encoding=encoding)
    assert [sourced.entry for sourced in found.entries] == [
        Registered(P, ON, name="王䶮", diagnosis="schizophrenia", form={"就业情况": "3"})
    ]


def test_the_patient_form_tells_consent_and_person(tmp_path: Path) -> None:
    """Refusal is coded 0 or 2; a diagnosis that is none of the six is kept word for word."""
    cells = {
        "编号": P, "填表日期": ON, "知情同意": "2", "知情同意签字时间": "2026-03-05", "性别": "2", "出生日期": "1980.5.6",
        "身份证号": "99010119800506001x", "联系电话": "19900000001", "监护人姓名": "王某", "村(居)委会": "清溪村",
        "责任团队": "A", "目前诊断": "抑郁症",
    }  # fmt: skip
    (found,) = read(tmp_path, cells).entries
    assert found.entry == Registered(
        P, ON, consents=False, informed_on="2026-03-05", sex="female", born="1980-05-06", id_number="99010119800506001X",
        phone="19900000001", guardian="王某", village="清溪村", team="A", diagnosis="other", form={"目前诊断": "抑郁症"},
    )  # fmt: skip
    assert found.where == (str(tmp_path / "form.csv"), "row 2")


def test_an_id_number_that_lost_its_digits_is_refused_and_not_shown(tmp_path: Path) -> None:
    """A spreadsheet's 9.9E+17 is no ID number, and no error shows one."""
    found = read(tmp_path, {"编号": P, "填表日期": ON, "知情同意": "1", "身份证号": "9.90101E+17"})
    (problem,) = [problem.text() for problem in found.problems]
    assert "column 身份证号" in problem
    assert "9.9" not in problem


@pytest.mark.parametrize(
    ("number", "born", "expected"),
    [
        ("990101198005060019", "1980-05-06", None),
        ("990101198005060019", "", None),
        ("99010119800506001x", "1980-05-06", "身份证号: the ID number's check digit or birthday cannot be"),
        ("990101198013060019", "", "身份证号: the ID number's check digit or birthday cannot be"),
        ("990101198005060019", "1980-06-05", "出生日期: it is not the birthday that the ID number tells"),
        ("990101800506001", "1980-05-06", None),
        ("990101800506001", "1980-05-07", "出生日期: it is not the birthday that the ID number tells"),
        ("990101801306001", "", "身份证号: the ID number's check digit or birthday cannot be"),
        ("990101203009030259", "", "身份证号: the ID number's check digit or birthday cannot be"),
        ("990101177709030253", "", "身份证号: the ID number's check digit or birthday cannot be"),
    ],
)
def test_an_id_number_that_cannot_be_is_taken_with_a_note(
    tmp_path: Path, number: str, born: str, expected: str | None
) -> None:
    """A slip of the pen shows in the check digit; who has such a number on a card is not turned away."""
    found = read(tmp_path, {"编号": P, "填表日期": ON, "知情同意": "1", "身份证号": number, "出生日期": born})
    assert len(found.entries) == 1
    notes = [note.text() for note in found.notes]
    assert len(notes) == (expected is not None)
    assert all(f"row 2, column {expected}" in note for note in notes)
    assert not any("1980" in note for note in notes)


def test_a_misspelt_column_is_refused_and_a_strange_one_is_kept(tmp_path: Path) -> None:
    """A slip of the pen must not lose a column; another system's own column is kept, with a note."""
    found = read(tmp_path, {"编号": P, "随访日期": ON, "危险性评估": "1", "下次随访日": "2026-03-16", "网格": "三"})
    assert [problem.text() for problem in found.problems] == [
        f"{tmp_path / 'form.csv'}, column 下次随访日: no such column on the form; did you mean “下次随访日期”?"
    ]
    assert [note.facts for note in found.notes] == [{}]
    (kept,) = visit(tmp_path, 危险性评估="1", 网格="三")
    assert isinstance(kept, Visited)
    assert kept.form == {"网格": "三"}


def test_presence_that_no_column_tells_is_counted(tmp_path: Path) -> None:
    """Where a file lacks 参与人员, the import says how many joint follow-ups that touches."""
    found = read(tmp_path, {"编号": P, "随访日期": ON, "危险性评估": "3"})
    assert [dict(note.facts) for note in found.notes] == [{"count": 1, "joint": 1}]


def test_the_bundled_district_has_the_forms_columns() -> None:
    """The example's header is the official forms' with the marked additions."""
    folder = Path(__file__).parent.parent / "examples" / "district"
    for name, columns in (("patients.csv", PATIENT_COLUMNS), ("followups.csv", VISIT_COLUMNS)):
        header = (folder / name).read_text("utf-8-sig").splitlines()[0].replace('"若失访,原因"', "若失访，原因")
        assert {word.replace("，", ",") for word in header.split(",")} == set(columns)
