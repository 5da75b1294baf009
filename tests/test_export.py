"""A register out, and in again: nothing is lost that a file can hold, and nothing leaves that was not asked for."""

import stat
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import ledgers
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
    Missed,
    Referred,
    Registered,
    Retracted,
    Visited,
    due_visits,
    load_policy,
)
from followup.cli import main
from followup.exports import export, without_ids
from followup.formrows import patient_row, visit_rows
from followup.forms import read_files
from followup.register import Register

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
    assert "cannot hold 1 of the facts, and 1 people whose number" in printed
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
