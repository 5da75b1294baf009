"""People who may be one and the same are found, named by their numbers alone, and left as they are."""

import csv
import io
from datetime import date
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from followup import Amended, Assigned, Entry, Ledger, Missed, Registered, Retracted, Visited, load_policy
from followup.cli import main
from followup.duplicates import duplicates
from followup.integrity import check
from followup.register import Register

NAME, NUMBER, BORN = "王某", "99010119900101001X", "1990-01-01"


def person(patient: str, **more: str) -> Registered:
    """Return a registration."""
    return Registered(patient, "2026-01-05", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([person("p1", id_number=NUMBER), person("p2", id_number=NUMBER.lower())], ["same-id-number p1 p2"]),
        ([person("p1", id_number=NUMBER), person("p2", id_number="990101199001010028")], []),
        ([person(f"p{n}", id_number=NUMBER) for n in range(1, 4)], ["same-id-number p1 p2 p3"]),
        ([person(f"p{n}", name=NAME, born=BORN, village="甲村") for n in (1, 2)], ["same-person p1 p2"]),
        ([person("p1", name=NAME, born=BORN, village="甲村"), person("p2", name=NAME, born=BORN, village="乙村")], []),
        ([person(f"p{n}", name=NAME, village="甲村") for n in (1, 2)], []),  # a name alone is many people's
        ([person(f"p{n}", name=NAME, born=BORN) for n in (1, 2)], []),
        ([person("p1", id_number=NUMBER), person("p2"), Amended("p2", "2026-02-01", id_number=NUMBER)],
         ["same-id-number p1 p2"]),
        ([person("p1", id_number=NUMBER), person("p2", id_number=NUMBER),
          Amended("p2", "2026-02-01", id_number="990101199001010028")], []),
        ([person("p1", name=NAME, born=BORN, village="甲村"), person("p2", name=NAME, born=BORN, village="乙村"),
          Assigned("p2", "2026-02-01", village="甲村")], ["same-person p1 p2"]),
        ([person("p1", id_number=NUMBER), wrong := person("p2", id_number=NUMBER),
          Retracted("p2", "2026-02-01", entry=wrong.id)], []),
        ([person("p1", name="赵甲", born=BORN, village="甲村(东)"), person("p2", name="赵　甲", born=BORN, village="甲村（东）")],
         ["same-person p1 p2"]),
        ([person("p1", id_number="990101900101001"), person("p2", id_number=NUMBER)], ["same-id-number p1 p2"]),
        ([person("p1", id_number="990101900101001"), person("p2", id_number="990101200001010010")], []),
    ],
)  # fmt: skip
def test_people_who_may_be_one_are_found(entries: list[Entry], expected: list[str]) -> None:
    """By the ID number, or by name, birth date and village, as last told; the register keeps both."""
    register = Register.create(":memory:", load_policy("national-2018"))
    register.record_all(entries)
    found = register.duplicates()
    assert list(duplicates(register.ledgers())) == found
    assert [" ".join([f.code, f.patient, *f.facts["others"]]) for f in found] == expected
    assert register.size() == len({entry.patient for entry in entries})
    assert list(check(register)) == []
    assert not any(
        word in f"{found!r}{[f.text(lang) for f in found for lang in ('zh', 'en')]}" for word in (NAME, NUMBER)
    )


def test_a_visit_reads_nobody_s_name_and_moves_no_likeness() -> None:
    """Only what tells who or where somebody is has the personal part read; who was found before is found after."""
    register = Register.create(":memory:", load_policy("national-2018"))
    register.record_all(person(patient, id_number=NUMBER, name=NAME) for patient in ("p1", "p2"))
    before, asked = register.duplicates(), list[str]()
    assert [found.code for found in before] == ["same-id-number"]
    register.db.conn.set_trace_callback(asked.append)
    register.record_all([Visited("p1", "2026-02-01", risk=0), Missed("p2", "2026-02-02")])
    assert not any("personal" in statement or "likenesses" in statement for statement in asked)
    assert register.duplicates() == before
    register.record_all(
        [Amended("p2", "2026-02-03", id_number="990101199001010028"), Visited("p1", "2026-02-03", risk=0)]
    )
    register.db.conn.set_trace_callback(None)
    assert any("personal" in statement for statement in asked)
    assert register.duplicates() == []
    assert check(register) == []


_PEOPLE = st.builds(
    person,
    st.sampled_from([f"p{number}" for number in range(1, 9)]),
    name=st.sampled_from([None, "王某", "李某"]),
    born=st.sampled_from([None, BORN]),
    village=st.sampled_from([None, "甲村"]),
    id_number=st.sampled_from([None, NUMBER, "990101199001010028"]),
)


@settings(max_examples=60)
@given(st.lists(_PEOPLE, max_size=8, unique_by=lambda entry: entry.patient), st.randoms())
def test_the_register_finds_whom_the_function_finds(people: list[Registered], chance: Random) -> None:
    """Whatever the order in which ledgers come, and in one order the findings."""
    register = Register.create(":memory:", load_policy("national-2018"))
    register.record_all(people)
    known = list(register.ledgers())
    chance.shuffle(known)
    found = list(duplicates(known))
    assert found == sorted(register.duplicates(), key=lambda each: (each.code, each.patient))
    assert all(each.facts["others"] == tuple(sorted(each.facts["others"])) for each in found)


def test_nothing_of_a_person_waits_in_memory_but_salted_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of the same person differs from one search to the next."""
    kept: list[bytes] = []

    def hashing(told: bytes, *, key: bytes, digest_size: int) -> Any:
        found = blake2b(told, key=key, digest_size=digest_size)
        kept.append(found.digest())
        return found

    monkeypatch.setattr("followup.duplicates.blake2b", hashing)
    people = [Ledger("p1", [person("p1", id_number=NUMBER)])]
    assert [list(duplicates(people)), list(duplicates(people))] == [[], []]
    assert len(set(kept)) == 2


def test_whoever_is_forgotten_is_like_nobody() -> None:
    """Nothing by which the person could be told again is kept."""
    register = Register.create(":memory:", load_policy("national-2018"))
    register.record_all([person("p1", id_number=NUMBER), person("p2", id_number=NUMBER)])
    register.forget("p1", date(2026, 3, 1), "request")
    assert register.duplicates() == []
    assert register.db.execute("SELECT count(*) FROM likenesses").fetchone() == (1,)


def test_an_import_tells_of_those_whom_it_touches(tmp_path: Path) -> None:
    """On the screen and in the report, in both languages, once: an import of somebody else is silent of them."""
    (tmp_path / "a.jsonl").write_text(
        "\n".join(
            f'{{"type": "registered", "patient": "p{n}", "on": "2026-01-05", "id_number": "{NUMBER}"}}' for n in (1, 2)
        )
    )
    (tmp_path / "b.jsonl").write_text(
        '{"type": "registered", "patient": "p3", "on": "2026-01-05", "id_number": "990101199001010028"}'
    )
    register, told = tmp_path / "r.db", tmp_path / "report.csv"
    Register.create(register, load_policy("national-2018")).close()

    def run(name: str, *more: str) -> str:
        words = ["import", str(register), str(tmp_path / name), *more, "--lang", "en", "--today", "2026-11-23"]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0
        return result.stderr

    sentence = "p1 and p2 have the same ID number; find out whether they are one person"
    assert run("a.jsonl", "--report", str(told)) == sentence + "\n"
    (row,) = csv.DictReader(io.StringIO(told.read_text("utf-8-sig")))
    assert (row["level"], row["en"]) == ("warning", sentence)
    assert row["zh"].startswith("患者p1与p2身份证号相同")
    assert run("b.jsonl") == ""
    result = CliRunner().invoke(main, ["check", str(register), "--lang", "en"])
    assert (result.exit_code, sentence in result.output) == (0, True)
