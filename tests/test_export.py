"""A register out, and in again: nothing is lost that a file can hold, and nothing leaves that was not asked for."""

import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_register import renamed

from followup import (
    Admitted,
    Amended,
    Detained,
    Died,
    Discharged,
    Done,
    Entry,
    Ledger,
    Lost,
    Missed,
    Referred,
    Registered,
    Retracted,
    Visited,
    due_visits,
    load_policy,
)
from followup.cli import main
from followup.errors import InvalidFile, Problem, RegisterError, shown
from followup.exports import Exported, export
from followup.formrows import patient_row, visit_rows
from followup.forms import read_files
from followup.redaction import without_ids
from followup.register import Register
from followup.testing import ledgers

EXAMPLE = Path(__file__).parent.parent / "examples" / "district"
NATIONAL = load_policy("national-2018")
FAR = date(2200, 12, 31)


def registered_once(people: list[Ledger]) -> list[Ledger]:
    """Return ledgers as those of people with official numbers; a register takes each registration once."""
    assume(all(sum(entry.type == "registered" for entry in ledger.facts) == 1 for ledger in people))
    named = [(f"1010000{number}", ledger) for number, ledger in enumerate(people)]
    return [Ledger(patient, renamed(ledger, patient)) for patient, ledger in named]


def read_in(*paths: Path) -> list[Ledger]:
    """Return the ledgers of a new register into which files were imported."""
    reading = read_files(paths, FAR)
    assert reading.problems == []
    register = Register.create(":memory:", NATIONAL)
    register.record_all(sourced.entry for sourced in reading.entries)
    return list(register.ledgers())


def written(people: Iterable[Ledger], folder: Path, form: str = "csv", *, with_ids: bool = True) -> list[Path]:
    """Export ledgers and return the files."""
    known = list(people)
    export(lambda: known, folder, form, with_ids=with_ids)
    return sorted(folder.iterdir())


@settings(max_examples=60)
@given(st.lists(ledgers(), min_size=1, max_size=3))
def test_json_lines_hold_everything(people: list[Ledger]) -> None:
    """Law 9: exported, then imported into a new register, the ledgers are the same."""
    known = registered_once(people)
    with TemporaryDirectory() as folder:
        written(known, Path(folder) / "out")
        found = read_in(Path(folder) / "out" / "entries.jsonl")
    assert found == known
    assert [[entry.recorded_at for entry in ledger.entries] for ledger in found] == [
        [entry.recorded_at for entry in ledger.entries] for ledger in known
    ]


def bare(entry: Entry) -> Entry:
    """Return an entry without an ID number."""
    return evolve(entry, id_number=None) if isinstance(entry, Registered | Amended) else entry


@settings(max_examples=100)
@given(ledgers())
def test_without_id_numbers_the_same_facts_stand(ledger: Ledger) -> None:
    """Retractions name what they take back by its new id, however they follow each other."""
    assume(sum(entry.type == "registered" for entry in ledger.facts) == 1)
    found = Ledger("p1", without_ids(ledger))
    assert [fact.id for fact in found.facts] == list(dict.fromkeys(bare(fact).id for fact in ledger.facts))
    for on in {entry.on for entry in ledger.entries}:
        lines = [(line.kind, line.due_on) for line in due_visits(found, NATIONAL, on)]
        assert lines == [(line.kind, line.due_on) for line in due_visits(ledger, NATIONAL, on)]


def test_a_registration_with_a_wrong_id_number_does_not_take_the_right_one_with_it() -> None:
    """Without their numbers the two are one entry: the wrong one stays behind, with what took it back."""
    wrong = Registered("p1", "2026-01-05", id_number="990101199001010001")
    right = Registered("p1", "2026-01-05", id_number="990101199001010002")
    ledger = Ledger("p1", [wrong, right, Retracted("p1", "2026-01-06", entry=wrong.id)])
    assert list(without_ids(ledger)) == [bare(right)]


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), max_size=8))
def test_entries_that_are_one_without_id_numbers_stand_if_one_of_them_did(taken: list[tuple[int, int]]) -> None:
    """However often each was taken back, and that taken back: what stood stands, and nothing else."""
    known: list[Entry] = [Amended("p1", "2026-01-06", name="王某", id_number=f"SYNTHETIC-{n}") for n in (1, 2)]
    for place, day in taken:
        known.append(Retracted("p1", f"2026-02-0{day + 1}", entry=known[place % len(known)].id))
    ledger = Ledger("p1", [Registered("p1", "2026-01-05"), *known])
    found = Ledger("p1", without_ids(ledger))
    assert {fact.id for fact in found.facts} == {bare(fact).id for fact in ledger.facts}


def test_a_long_chain_of_retractions_leaves_too() -> None:
    """Each names the next by its new id, however many they are."""
    chain: list[Entry] = [Amended("p1", "2026-01-06", id_number="SYNTHETIC-1", name="王某")]
    for _ in range(3000):
        chain.append(Retracted("p1", "2026-02-01", entry=chain[-1].id))
    found = Ledger("p1", without_ids(Ledger("p1", [Registered("p1", "2026-01-05"), *chain])))
    assert [fact.type for fact in found.facts] == ["registered", "amended"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_id_numbers_stay_wherever_they_stand(tmp_path: Path, form: str) -> None:
    """In free text, in columns of other systems, within a longer number: in no file, unless asked for."""
    number = "99010119900101001X"
    ledger = Ledger("10100001", [
        Registered("10100001", "2026-01-05", id_number=number, phone="+86 19900000001", guardian=f"王某 {number}",
                   form={"监护人身份证号": "E1234567", "残疾人证": f"{number}11", "医生签字": "某医生"}),
        Referred("10100001", "2026-01-06", to=f"某院({number})"),
        Retracted("10100001", "2026-01-07", entry="f" * 20, reason=f"写成了{number}"),
    ])  # fmt: skip
    plain, full = (
        told_in(written([ledger], tmp_path / folder, form, with_ids=with_ids))
        for folder, with_ids in (("plain", False), ("full", True))
    )
    assert [word in plain for word in (number, "E1234567")] == [False, False]
    assert [word in full for word in (number, "E1234567", f"{number}11", f"写成了{number}")] == [True] * 4
    assert all(word in plain for word in ("+86 19900000001", "某医生", "王某 ***", "某院(***)", "f" * 20))


@pytest.mark.parametrize(
    "number",
    [
        "990101 19900101 123x", "990101-1990-0101-1234", "990101 199001011234", "９９０１０１ １９９００１０１ １２３４",
        "9901 0119 9001 0112 34", "99 01 01 1990 01 01 123X", "990101.1990.01.01.1234", "990101/19900101/1234",
        "990101,19900101,1234", "990101，19900101，1234", "990101－19900101－1234", "990101‐1990‐0101‐1234",
        "990101(19900101)1234", "990101:1990:0101:123X", "990101\u200b199001011234", "990101…1990…0101…1234",
        "9 9 0 1 0 1 1 9 9 0 0 1 0 1 1 2 3 4", "990101 — 1990 — 0101 — 1234", "9901019001 01123", "990101 900101 123",
    ],
)  # fmt: skip
def test_an_id_number_in_groups_is_one(number: str) -> None:
    """People write it as it stands on the card, or with gaps; days and telephones beside each other are none."""
    others = (
        "2024-03-12 2020-03-06 2019-04-26, 0769-33692798 0769-25395063, 13600000000 13700000000, 25/50/50/100/100/150 mg, "
        "2026-01-02 19900000012, 120/80 130/85 140/90 150/95, 139 0000 0012 2026-01-02"
    )
    told = f"{others}, {number}."
    _, entry = without_ids(Ledger("p1", [Registered("p1", "2026-01-05"), Referred("p1", "2026-01-06", reason=told)]))
    assert entry.as_json()["reason"] == f"{others}, ***."
    (*_, after) = without_ids(
        Ledger("p1", [Registered("p1", "2026-01-05"), Referred("p1", "2026-01-06", reason=f"99010119930903 {number}")])
    )
    assert after.as_json()["reason"] in {"***", "99010119930903 ***"}  # with its first digits that would be one, too
    assert shown(number) == "***"
    assert "9901" not in shown(f"{'x' * 32} {number}")


def told_in(files: Iterable[Path]) -> str:
    """Return the text of all files, workbooks unpacked."""
    found = []
    for path in files:
        if path.suffix == ".xlsx":
            with ZipFile(path) as book:
                found += [book.read(name).decode() for name in book.namelist()]
        else:
            found.append(path.read_text("utf-8"))
    return "".join(found)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@settings(max_examples=40)
@given(people=st.lists(ledgers(), min_size=1, max_size=2))
def test_what_a_form_holds_it_holds_for_ever(form: str, people: list[Ledger]) -> None:
    """Exported, imported and exported again, the forms are the same, and what they tell is too."""
    known = registered_once(people)
    with TemporaryDirectory() as folder:
        first = [path for path in written(known, Path(folder) / "first", form) if path.suffix != ".jsonl"]
        once = read_in(*first)
        second = [path for path in written(once, Path(folder) / "second", form) if path.suffix != ".jsonl"]
        assert read_in(*second) == once
    assert [[*visit_rows(ledger), patient_row(ledger)] for ledger in once] == [
        [*visit_rows(ledger), patient_row(ledger)] for ledger in read_again(once)
    ]
    kinds = (Visited, Missed, Referred, Died)
    for before, after in zip(known, once, strict=True):
        told = {(type(fact), fact.on) for fact in before.facts if isinstance(fact, kinds)}
        assert {(type(fact), fact.on) for fact in after.facts if isinstance(fact, kinds)} == told


def read_again(people: list[Ledger]) -> list[Ledger]:
    """Return ledgers after one more way out and in."""
    with TemporaryDirectory() as folder:
        files = written(people, Path(folder) / "out")
        return read_in(*(path for path in files if path.suffix == ".csv"))


@settings(max_examples=60)
@given(ledgers())
def test_what_the_forms_cannot_hold_is_counted(ledger: Ledger) -> None:
    """As many facts as do not come back word for word; the registration has what was amended since, and counts as told."""
    (known,) = registered_once([ledger])
    with TemporaryDirectory() as folder:
        done = export(lambda: [known], Path(folder) / "out")
        (found,) = read_in(*sorted(path for path in (Path(folder) / "out").iterdir() if path.suffix == ".csv")[::-1])
    lost = [fact for fact in known.facts if fact not in found.facts and not isinstance(fact, Registered)]
    assert done.unsaid == len(lost)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("column", "cell", "is_told"),
    [
        ("备注", "=1+1", True),
        ("备注", "'=1+1", True),
        ("备注", "''=1+1", True),
        ("备注", "'某", True),
        ("备注", "00012", True),
        ("备注", "一\n二", True),
        ("备注", "_x0041_\x01", True),
        ("备注", "#3", True),
        ("备注", "#N/A", False),  # an import takes it for a formula that failed
        ("备注", "长" * 32_768, False),  # more than a cell holds
        ("=1+1", "1", True),
        ("'=1+1", "1", True),
        ("下次随访日", "1", True),  # no slip of the pen where the right column stands too
        ("危险性评估(0-5)", "1", True),
        ("失访原因", "1", False),  # another name of an official column
        ("随访 日期", "1", False),
        ("睡眠 情况", "1", False),
        ("备注 ", "1", False),
        ("", "1", False),
    ],
)
def test_no_cell_is_written_that_an_import_would_refuse_or_take_for_another(
    tmp_path: Path, form: str, column: str, cell: str, *, is_told: bool
) -> None:
    """What other systems' columns hold comes back word for word, or is left out and counted; the follow-up stays."""
    visit = Visited("10100001", "2026-02-01", risk=0, symptoms=[], form={column: cell, "睡眠情况": "1"})
    ledger = Ledger("10100001", [Registered("10100001", "2026-01-05"), visit])
    done = export(lambda: [ledger], tmp_path / "out", form)
    forms = sorted(path for path in (tmp_path / "out").iterdir() if path.suffix != ".jsonl")[::-1]
    (found,) = read_in(*forms)
    assert found.facts[1] == (visit if is_told else evolve(visit, form={"睡眠情况": "1"}))
    assert done.unsaid == (not is_told)


@pytest.mark.parametrize(
    "fields",
    [
        {"id_number": "E1234567"},  # a passport's
        {"form": {"随访日期": "1"}},  # it would make a follow-up record of the table
        {"form": {"随访日期(年)": "1"}},
        {"form": {"姓 名": "某"}},
        {"name": "#REF!"},
    ],
)
def test_a_registration_that_no_row_holds_whole_is_written_without_the_cell(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    """The form can be imported all the same, and the loss is counted."""
    ledger = Ledger("10100001", [Registered("10100001", "2026-01-05", phone="1", **fields)])
    done = export(lambda: [ledger], tmp_path / "out", with_ids=True)
    assert read_in(tmp_path / "out" / "patients.csv")[0].facts == (Registered("10100001", "2026-01-05", phone="1"),)
    assert done.unsaid == 1


def test_no_spreadsheet_runs_a_column_name(tmp_path: Path) -> None:
    """Names of other systems' columns are defused as cells are."""
    written([Ledger("10100001", [Registered("10100001", "2026-01-05", form={"=1+1": "1"})])], tmp_path / "out")
    header = (tmp_path / "out" / "patients.csv").read_text("utf-8-sig").splitlines()[0].split(",")
    assert header[-1] == "'=1+1"


def test_an_attempt_and_a_loss_of_one_row_stand_in_one_row() -> None:
    """Of several attempts of the day it is the one with the reason of the loss."""
    ledger = Ledger("p1", [
        Registered("p1", "2026-01-05"), Missed("p1", "2026-02-01", mode="home"),
        Missed("p1", "2026-02-01", reason="missing", mode="phone"), Lost("p1", "2026-02-01", reason="missing"),
        Admitted("p1", "2026-02-01"),
    ])  # fmt: skip
    rows = [
        {name: cell for name, cell in row.items() if name not in {"编号", "随访日期"}} for row in visit_rows(ledger)
    ]
    assert sorted(rows, key=len) == [
        {"本次随访分类": "0", "本次随访形式": "2", "两次随访期间住院情况": "1"},
        {"本次随访分类": "0", "本次随访形式": "3", "若失访,原因": "3"},
    ]


def test_a_loss_stands_in_no_row_with_a_stay() -> None:
    """The form says one or the other of a day."""
    entries = [Registered("p1", "2026-01-05"), Lost("p1", "2026-02-01"), Admitted("p1", "2026-02-01")]
    rows = visit_rows(Ledger("p1", entries))
    assert [row.keys() - {"编号", "随访日期"} for row in rows] == [{"若失访,原因"}, {"两次随访期间住院情况"}]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_that_fails_leaves_nothing(tmp_path: Path, form: str, is_there: bool) -> None:  # noqa: FBT001
    """Not even rows that waited to be written, nor a folder that was not there before."""
    if is_there:
        (tmp_path / "out").mkdir()
    ledger = Ledger("10100001", [Registered("10100001", "2026-01-05", name="王某")])
    answers = iter([[ledger], failing([ledger])])
    with pytest.raises(RegisterError):
        export(lambda: next(answers), tmp_path / "out", form)
    assert [found.name for found in tmp_path.rglob("*")] == ["out"] * is_there


def failing(people: Iterable[Ledger]) -> Iterator[Ledger]:
    """Yield ledgers, and fail then."""
    yield from people
    raise RegisterError(Problem("register.busy"))


def test_rows_that_wait_lie_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Personal data are not where everything temporary lies."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    ledger = Ledger("10100001", [Registered("10100001", "2026-01-05", name="王某")])
    assert {path.name for path in written([ledger], tmp_path / "out", "xlsx")} == {"entries.jsonl", "forms.xlsx"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_nothing_is_overwritten_though_no_form_has_a_row(tmp_path: Path, form: str) -> None:
    """Where nobody has an official number there is no form, and a file of its name stays as it is."""
    for name in ("forms.xlsx", "patients.csv", "followups.csv"):
        (tmp_path / name).write_text("mine")
    done = export(lambda: [Ledger("p2", [Registered("p2", "2026-01-05")])], tmp_path, form)
    assert (done.people, done.strangers) == (1, 1)
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path.suffix != ".jsonl"} == {
        "forms.xlsx": "mine", "patients.csv": "mine", "followups.csv": "mine",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_of_nobody_there_is_no_file(tmp_path: Path, form: str) -> None:
    """An empty file would be refused when it is imported; what lies there stays as it is."""
    (tmp_path / "entries.jsonl").write_text("mine")
    assert export(list, tmp_path, form) == Exported()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_without_the_package_for_workbooks_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(InvalidFile, match=r"pip install 'followup\[excel\]', or export with --format csv"):
        export(list, tmp_path / "out", "xlsx")
    assert not (tmp_path / "out").exists()


def test_an_export_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever records between the first reading and the second changes nothing of it."""
    Register.create(tmp_path / "r.db", NATIONAL).close()
    people = [Registered(f"1010000{n}", "2026-01-05", form={f"第{n}栏": "1"}) for n in (1, 2)]
    read = Register.ledgers

    def record_and_read(register: Register, wanted: Iterable[str] | None = None) -> Iterator[Ledger]:
        if people:
            with Register.open(tmp_path / "r.db") as other:
                other.record(people.pop())
        return read(register, wanted)

    monkeypatch.setattr(Register, "ledgers", record_and_read)
    result = CliRunner().invoke(main, ["export", str(tmp_path / "r.db"), str(tmp_path / "out"), "--lang", "en"])
    assert (result.exit_code, people) == (0, [])
    assert "1 person and 1 entry" in result.output  # whoever was there at the first reading


def test_the_bundled_district_comes_back_whole(tmp_path: Path) -> None:
    """All that its forms said they say again."""
    known = read_in(*sorted(EXAMPLE.glob("*.csv")))
    files = written(known, tmp_path / "out")
    assert read_in(*(path for path in files if path.suffix == ".csv")) == known


def test_what_one_row_told_stands_in_one_row() -> None:
    """A follow-up with a referral, a discharge or a death is one record; a second stay on the day is another."""
    ledger = Ledger("p1", [
        Registered("p1", "2026-01-05"), Visited("p1", "2026-01-12", risk=3, mode="home"),
        Referred("p1", "2026-01-12", to="某医院"), Admitted("p1", "2026-01-12"),
        Done("p1", "2026-01-12", kind="status-check", outcome="in_hospital"),
        Discharged("p1", "2026-02-01", informed_on="2026-02-03"), Visited("p1", "2026-02-03", risk=0),
        Died("p1", "2026-02-03", reason="illness"), Admitted("p1", "2026-02-03"),
    ])  # fmt: skip
    first, second, third = visit_rows(ledger)
    assert first == {
        "编号": "p1", "随访日期": date(2026, 1, 12), "本次随访形式": "2", "危险性评估": "3", "是否转诊": "2",
        "转诊至机构及科室": "某医院", "两次随访期间住院情况": "1",
    }  # fmt: skip
    assert (second["末次出院时间"], second["死亡原因"], second["危险性评估"]) == (date(2026, 2, 1), "1", "0")
    assert third == {"编号": "p1", "随访日期": date(2026, 2, 3), "两次随访期间住院情况": "1"}


def test_a_patients_row_tells_what_was_told_last() -> None:
    """Amended fields, the village and the team are those of the last entry."""
    entries = [
        Registered("p1", "2026-01-05", name="王某", phone="1"),
        Amended("p1", "2026-02-01", phone="2", sex="male"),
    ]
    row = patient_row(Ledger("p1", entries))
    assert row is not None
    assert (row["姓名"], row["联系电话"], row["性别"]) == ("王某", "2", "1")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_command_lets_id_numbers_leave_only_if_asked(tmp_path: Path, form: str) -> None:
    """Files are private, nothing is overwritten, and what the forms cannot hold is counted."""
    with Register.create(tmp_path / "r.db", NATIONAL) as register:
        register.record_all([
            Registered("10100001", "2026-01-05", name="=1+1", id_number="99010119900101001X"),
            Detained("10100001", "2026-02-01"), Registered("p2", "2026-01-05"),
        ])  # fmt: skip

    def run(folder: str, *more: str) -> tuple[int, str]:
        words = ["export", str(tmp_path / "r.db"), str(tmp_path / folder), "--format", form, *more, "--lang", "en"]
        result = CliRunner().invoke(main, words)
        return result.exit_code, result.output

    code, printed = run("plain")
    assert (code, "2 people and 3 entries" in printed) == (0, True)
    assert "cannot hold 1 of the facts (or not whole), and 1 person whose number" in printed
    assert "ID numbers were left out" in printed
    assert run("full", "--with-ids")[0] == 0
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "plain").iterdir()} == {0o600}
    before = {path: path.read_bytes() for path in (tmp_path / "plain").iterdir()}
    assert run("plain")[0] == 3
    assert {path: path.read_bytes() for path in (tmp_path / "plain").iterdir()} == before
    names = ["forms.xlsx"] if form == "xlsx" else ["patients.csv"]
    assert sorted(path.name for path in before) == ["entries.jsonl", *names]
    plain, full = ((tmp_path / folder / "entries.jsonl").read_text("utf-8") for folder in ("plain", "full"))
    assert ("99010119900101001X" in plain, "99010119900101001X" in full) == (False, True)
    forms = [tmp_path / "plain" / name for name in sorted(names, reverse=True)]
    (registered,) = [sourced.entry for sourced in read_files(forms[:1], FAR).entries]
    assert isinstance(registered, Registered)
    assert (registered.name, registered.id_number) == ("=1+1", None)
