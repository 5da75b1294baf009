"""Everyone's dates derived by two processes: nothing is kept otherwise than by one."""

import pickle
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from subprocess import PIPE, Popen
from typing import Any, Final

import pytest
from paces import paced
from sqlite_utils import Database

from followup import Ledger, Registered, Visited, companion, derivation, load_policy
from followup.entryrows import read_ledgers
from followup.errors import RegisterError
from followup.integrity import check, repair
from followup.keptdates import TABLES
from followup.register import Register

NATIONAL: Final = load_policy("national-2018")
DONGGUAN: Final = load_policy("dongguan")
DAY: Final = date(2026, 12, 1)
#: More lots than may be under way at once, and not a whole number of them.
PEOPLE: Final = 10 * 50 + 7
#: Says how far a chain goes, and ends.
SHORT_LIVED: Final = """
import pickle, sys
pickle.load(sys.stdin.buffer)
pickle.dump(pickle.loads(bytes.fromhex(sys.argv[1])), sys.stdout.buffer)
"""


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    """Make a register that is large enough for two processes, where there is room for them."""
    monkeypatch.setattr(companion, "HAS_ROOM", True)
    monkeypatch.setattr(derivation, "_LARGE", 0)
    with Register.create(tmp_path / "r.db", NATIONAL, date(2026, 1, 1)) as found:
        found.record_all(told_of(range(PEOPLE)))
        yield found


def told_of(people: range) -> Iterator[Registered | Visited]:
    """Tell of people, each of whom was seen once and is of another risk level than the one before."""
    for number in people:
        yield Registered(f"p{number:04}", "2026-10-20", name=f"某{number}", born="1990-01-01", village="虚构村")
        yield Visited(f"p{number:04}", "2026-11-01", risk=number % 6, mode="home", stability="stable")


def kept(register: Register) -> list[Any]:
    """Return every row that is kept beside the ledger."""
    return [sorted(register.db.execute(f"SELECT * FROM {table}")) for table in TABLES]  # noqa: S608


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be no second process."""
    monkeypatch.setattr(companion, "HAS_ROOM", False)


def lots_of_this_process(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the first patients of the lots that this process derives, as it does."""
    found: list[str] = []

    def read(db: Database, lot: list[str], *, named: bool) -> Iterator[Ledger]:
        found.append(lot[0])
        return read_ledgers(db, lot, named=named)

    monkeypatch.setattr(derivation, "read_ledgers", read)
    return found


@pytest.mark.parametrize("often", [0, 0.6, 1])
def test_two_processes_keep_what_one_would(often: float, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adoption and a repair keep the same rows, and the check finds nothing, whoever derives them."""
    random = Random(5)
    with paced(lambda: random.random() < often):
        adopted = register.adopt(DONGGUAN, DAY)
        by_two = kept(adopted)
        repair(adopted)
        assert kept(adopted) == by_two
        assert check(adopted) == []
    alone(monkeypatch)
    repair(adopted)
    assert kept(adopted) == by_two
    assert check(adopted) == []


def test_the_second_process_takes_its_lots(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them where this one waits for it."""
    ours = lots_of_this_process(monkeypatch)
    with paced(lambda: True):
        repair(register)
    assert ours == []


@pytest.mark.parametrize("places", [None, "", ":"])
def test_the_second_process_loads_nothing_from_where_a_user_is(
    places: str | None, register: Register, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file that happens to lie in the folder and is called as a module of Python's own is not run."""
    (tmp_path / "json.py").write_text("open('loaded', 'w').close(); raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False) if places is None else monkeypatch.setenv("PYTHONPATH", places)
    ours = lots_of_this_process(monkeypatch)
    with paced(lambda: True):
        repair(register)
    assert ours == []
    assert not Path("loaded").exists()


def test_what_is_not_committed_is_derived_here(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process sees nothing of a batch that is under way: this one then derives everybody's dates."""
    ours = lots_of_this_process(monkeypatch)
    with register.batch(), paced(lambda: True):
        register.record(Visited("p0000", "2026-11-20", risk=5))
        adopted = register.adopt(DONGGUAN, DAY)
    assert len(ours) == 11
    assert check(adopted) == []


@pytest.mark.parametrize("program", ["nothing", "/bin/false"])
def test_without_a_second_process_all_is_derived_here(
    program: str, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none can be started, or what starts is something else, this one derives."""
    before, ours = kept(register), lots_of_this_process(monkeypatch)
    monkeypatch.setattr(sys, "executable", program)
    with paced(lambda: True):
        repair(register)
    assert kept(register) == before
    assert len(ours) == 11


def test_what_a_second_process_leaves_undone_is_done_here(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ends before it told all loses nobody's dates."""
    before, ours = kept(register), lots_of_this_process(monkeypatch)
    command = [sys.executable, "-c", SHORT_LIVED, pickle.dumps(register.head()).hex()]
    monkeypatch.setattr(companion, "_started", lambda _: Popen(command, stdin=PIPE, stdout=PIPE))
    with paced(lambda: True):
        repair(register)
    assert kept(register) == before
    assert len(ours) == 11


@pytest.mark.parametrize("is_told", [True, False])
def test_an_entry_that_cannot_be_read_is_told_by_its_person(is_told: bool, register: Register) -> None:  # noqa: FBT001
    """Whoever meets it, the sentence is the same, and nothing is kept."""
    before = kept(register)
    register.db.execute("DROP TRIGGER entries_unchanged")
    register.db.execute("UPDATE entries SET body = '{' WHERE patient = 'p0001' AND type = 'visited'")
    with paced(lambda: is_told), pytest.raises(RegisterError, match="p0001"):
        repair(register)
    assert kept(register) == before
