"""Dates derived by whoever reads a file: the register keeps what it would have derived by itself."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from paces import paced, share_files

from followup import Entry, Registered, Retracted, Visited, intake, load_policy
from followup.errors import RefusedEntries
from followup.foretelling import Foretold, foretell, newcomer
from followup.integrity import check
from followup.jsonlines import Reading
from followup.keptdates import TABLES, Kept
from followup.policy import Policy
from followup.readahead import read_jsonl
from followup.register import Register

ON: Final = date(2026, 11, 26)
DONGGUAN: Final = load_policy("dongguan")
NATIONAL: Final = load_policy("national-2018")


def person(number: int) -> list[Entry]:
    """Tell of somebody who was seen once."""
    registered = Registered(f"p{number:03}", "2026-10-20", name="某某", born="1990-01-01", village="虚构村")
    return [registered, Visited(registered.patient, "2026-11-01", risk=number % 6, mode="home", stability="stable")]


#: What a lot may be about: most people as they are, and some who are told of twice, early, late, or taken back.
PEOPLE: Final = [entry for number in range(200) for entry in person(number)]
WRONG: Final = Visited("p050", "2026-11-02", risk=5)
TOLD: Final = [
    *PEOPLE,
    Visited("p007", "2026-11-20", risk=4),  # more of somebody further up
    *person(300),
    Visited("p301", "2026-11-01", risk=3),  # before the registration
    Registered("p301", "2026-10-20"),
    *person(302),
    *person(302),  # word for word once more
    WRONG,
    Retracted("p050", "2026-11-03", entry=WRONG.id, reason="slip"),
    *person(303),
]


@pytest.fixture
def derived(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let there be room for a second process; return of whom this one derives dates as it takes them."""
    found: list[str] = []

    def derive(patient: str, told: list[Entry], policy: Policy) -> Kept | None:
        found.append(patient)
        return newcomer(patient, told, policy)

    share_files(monkeypatch)
    monkeypatch.setattr(intake, "newcomer", derive)
    return found


def lines(told: list[Entry], path: Path) -> Path:
    """Write entries as JSON lines."""
    path.write_text("".join(f"{json.dumps(entry.as_json(), ensure_ascii=False)}\n" for entry in told), "utf-8")
    return path


def imported(register: Register, path: Path, policy: Policy | None) -> list[Any]:
    """Import a file whose dates are foretold by a policy; return every row that is kept beside the ledger."""
    reading = Reading(foretold=None if policy is None else Foretold(policy))
    register.record_all((one.entry for one in read_jsonl(path, ON, reading)), reading.foretold)
    assert check(register) == []
    assert reading.foretold is None or not reading.foretold.told
    return [sorted(register.db.execute(f"SELECT * FROM {table}")) for table in TABLES]  # noqa: S608


def test_a_register_keeps_what_it_would_derive(derived: list[str], tmp_path: Path) -> None:
    """Of those who are new and told of at once it derives nothing; of all others it does."""
    path = lines(TOLD, tmp_path / "people.jsonl")
    with Register.create(":memory:", DONGGUAN) as alone, Register.create(":memory:", DONGGUAN) as shared:
        kept = imported(alone, path, None)
        assert len(derived) > 200
        derived.clear()
        with paced(lambda: True):
            assert imported(shared, path, shared.policy) == kept
    assert 0 < len(derived) < 50  # the first and the last of each lot
    assert "p030" not in derived


@pytest.mark.usefixtures("derived")
def test_who_is_known_is_told_of_by_the_register(tmp_path: Path) -> None:
    """What stood in the register before counts too, and what is known already moves nothing."""
    for before in ([Registered("p100", "2026-10-01"), Visited("p101", "2026-11-25", risk=5), *person(101)], PEOPLE):
        told = [entry for entry in PEOPLE if type(entry) is Visited or entry.patient != "p100"]
        path = lines(told, tmp_path / "people.jsonl")
        with Register.create(":memory:", DONGGUAN) as alone, Register.create(":memory:", DONGGUAN) as shared:
            for register in (alone, shared):
                register.record_all(before)
            with paced(lambda: True):
                assert imported(shared, path, shared.policy) == imported(alone, path, None)


@pytest.mark.usefixtures("derived")
def test_dates_under_another_policy_are_not_kept(tmp_path: Path) -> None:
    """A register goes by its own rules, whatever the reader was told."""
    path = lines(TOLD, tmp_path / "people.jsonl")
    with Register.create(":memory:", DONGGUAN) as register:
        kept = imported(register, path, None)
    with Register.create(":memory:", DONGGUAN) as register, paced(lambda: True):
        assert imported(register, path, NATIONAL) == kept


@pytest.mark.usefixtures("derived")
def test_what_is_refused_is_refused_all_the_same(tmp_path: Path) -> None:
    """A second registration within a lot, and facts of a stranger."""
    told = [*PEOPLE[:100], Registered("p049", "2026-01-01"), Visited("p999", "2026-11-01", risk=3), *PEOPLE[100:]]
    path, found = lines(told, tmp_path / "people.jsonl"), []
    for policy in (None, DONGGUAN):
        with Register.create(":memory:", DONGGUAN) as register, paced(lambda: True):
            with pytest.raises(RefusedEntries) as refused:
                imported(register, path, policy)
            found.append([problem.text() for problem in refused.value.problems])
            assert register.size() == 0
    assert found[0] == found[1]
    assert len(found[0]) == 2


def entries_of(*numbers: int) -> Iterator[Entry]:
    """Tell of some people in turn."""
    for number in numbers:
        yield from person(number)


def test_the_first_and_the_last_may_be_told_of_elsewhere() -> None:
    """Nobody knows that yet, so nothing is derived of them."""
    assert list(foretell(entries_of(1, 2, 3, 4), DONGGUAN)) == ["p002", "p003"]
    assert foretell(entries_of(1), DONGGUAN) == foretell([], DONGGUAN) == {}


def test_dates_are_of_just_those_entries() -> None:
    """Another entry, one fewer or another policy: the dates are not taken, and once they were they are gone."""
    two, more = person(2), Visited("p002", "2026-11-02", risk=4)
    dates = foretell(entries_of(1, 2, 3), DONGGUAN)
    assert Foretold(DONGGUAN, {**dates}).take("p002", [*two, more], DONGGUAN) is None
    assert Foretold(DONGGUAN, {**dates}).take("p002", two[:1], DONGGUAN) is None
    assert Foretold(DONGGUAN, {**dates}).take("p002", two, NATIONAL) is None
    foretold = Foretold(DONGGUAN, {**dates})
    assert foretold.take("p003", person(3), DONGGUAN) is None
    assert foretold.take("p002", two, DONGGUAN) == newcomer("p002", two, DONGGUAN)
    assert foretold.take("p002", two, DONGGUAN) is None
