"""A register's file: private, copied while in use, taken further from earlier releases, encrypted if wanted."""

import sqlite3
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from followup import Area, CareTeam, Registered, Visited, WorkList, load_policy
from followup.audittrail import writings
from followup.cli import main
from followup.errors import RegisterError
from followup.integrity import check
from followup.register import Register
from followup.storage import OURS
from followup.teamrows import Told

POLICY = load_policy("dongguan")
#: Registers as earlier releases left them, of synthetic people.
RELEASES = Path(__file__).parent / "releases"
ENTRIES = [
    Registered("p1", "2026-01-05", name="王某", id_number="990101199001010001", team="A"),
    Visited("p1", "2026-01-12", risk=0, mode="home", stability="stable"),
]


def run(*words: str | Path) -> tuple[int, str]:
    """Run the command line; return its exit code and all that it prints."""
    result = CliRunner().invoke(main, [*map(str, words), "--lang", "en", "--today", "2026-11-23"])
    return result.exit_code, result.output


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a register in a file."""
    with Register.create(tmp_path / "r.db", POLICY, date(2026, 1, 1)) as register:
        register.record_all(ENTRIES)
    return tmp_path / "r.db"


def test_every_file_of_a_register_is_its_owners_alone(path: Path) -> None:
    """Database, write-ahead log, index and copy have mode 0600."""
    with Register.open(path) as register:
        register.record(Visited("p1", "2026-02-12", risk=0))
        register.backup(path.with_name("copy.db"))
        modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert modes == dict.fromkeys(["r.db", "r.db-wal", "r.db-shm", "copy.db"], 0o600)


def test_a_copy_is_the_register_at_one_moment(path: Path) -> None:
    """Taken while another program is in the midst of writing, it holds what was there before."""
    other = Register.open(path)
    with other.batch():
        other.record(Visited("p1", "2026-02-12", risk=0))
        assert run("backup", path, path.with_name("copy.db"))[0] == 0
    other.close()
    with Register.open(path.with_name("copy.db")) as copy:
        assert copy.head().entries == 2
        assert list(check(copy)) == []


def test_backup_and_restore_overwrite_nothing(path: Path) -> None:
    """A file that is there stays as it is."""
    copy = path.with_name("copy.db")
    assert run("backup", path, copy)[0] == 0
    before = copy.read_bytes(), path.read_bytes()
    assert run("backup", path, copy) == (3, f'"{copy}" exists already; choose another name\n')
    assert run("restore", copy, path) == (3, f'"{path}" exists already; choose another name\n')
    assert (copy.read_bytes(), path.read_bytes()) == before


def test_a_restored_register_is_the_copy_and_says_so(path: Path) -> None:
    """The chain goes on, and the audit tells of the restoring."""
    run("backup", path, path.with_name("copy.db"))
    code, printed = run("restore", path.with_name("copy.db"), path.with_name("new.db"), "--by", "甲")
    assert (code, printed.startswith("Restored to")) == (0, True)
    assert stat.S_IMODE(path.with_name("new.db").stat().st_mode) == 0o600
    with Register.open(path) as old, Register.open(path.with_name("new.db")) as new:
        assert (new.head(), list(new.ledgers())) == (old.head(), list(old.ledgers()))
        assert list(check(new, old.head())) == []
        assert list(new.db.execute("SELECT author, action FROM audit"))[-1] == ("甲", "restore")


@pytest.mark.parametrize("content", [b"", b"nonsense" * 1000], ids=["empty", "no-database"])
def test_only_a_register_is_restored(tmp_path: Path, content: bytes) -> None:
    """A file that is no register is refused, and nothing is left behind."""
    (tmp_path / "x").write_bytes(content)
    code, printed = run("restore", tmp_path / "x", tmp_path / "new.db")
    assert (code, "is no register of this library" in printed) == (3, True)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["x"]


def test_a_register_of_a_later_release_is_refused(path: Path) -> None:
    """What this release does not know it does not touch."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('followup', 'later', '2030')"
        )
    connection.close()
    before = path.read_bytes()
    code, printed = run("due", path)
    assert (code, printed) == (3, f'"{path}" was written by a later release of this library; install that one\n')
    assert path.read_bytes() == before


def former(path: Path, release: str) -> bytes:
    """Write a register as an earlier release left it, and return the file's content."""
    connection = sqlite3.connect(path)
    connection.executescript((RELEASES / f"{release}.sql").read_text("utf-8"))
    connection.execute(f"PRAGMA application_id = {OURS}")
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize(("release", "policies"), [("first_tables", 1), ("changes_of_policy", 2), ("append_only", 2)])
def test_a_register_of_an_earlier_release_is_taken_further(tmp_path: Path, release: str, policies: int) -> None:
    """It keeps its entries and policies, its chain holds (sealed anew or as it was), and a copy stays beside it."""
    path = tmp_path / "r.db"
    before = former(path, release)
    with Register.open(path, author="甲") as register:
        visit = register.find("1e7e4973")
        assert isinstance(visit, Visited)
        assert visit.form == {"随访医生签名": "某医生"}
        first, second = register.ledgers()
        assert [entry.type for entry in first.entries] == ["registered", "visited", "retracted"]
        assert [entry.type for entry in second.entries] == ["registered", "visited", "admitted"]
        assert isinstance(first.entries[0], Registered)
        assert (first.entries[0].name, first.entries[0].phone) == ("王某", "19900000001")
        assert len(register.policy.editions) == policies
        assert list(check(register)) == []
        on = date(2026, 11, 23)
        assert register.worklist(on).counts == WorkList.of(register.ledgers(), register.policy, on).counts
        migrated = next(found for found in writings(register.db) if found.action == "migrate")
        assert (migrated.author, migrated.action, migrated.entries) == ("甲", "migrate", 6)
        assert register.record(Visited("p1", "2026-02-12", risk=0))
        assert list(check(register)) == []
    assert path.with_name("r.db.backup-1").exists()
    assert stat.S_IMODE(path.with_name("r.db.backup-1").stat().st_mode) == 0o600
    copy = sqlite3.connect(path.with_name("r.db.backup-1"))
    old = sqlite3.connect(":memory:")
    old.deserialize(before)
    assert list(copy.iterdump()) == list(old.iterdump())


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its steps are one transaction: the register is as it was, and the next attempt succeeds."""
    path = tmp_path / "r.db"
    former(path, "first_tables")
    dump = list(sqlite3.connect(path).iterdump())
    with monkeypatch.context() as broken:
        broken.setattr("followup.tables.linked", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Register.open(path)
    assert list(sqlite3.connect(path).iterdump()) == dump
    Register.open(path).close()
    assert sorted(found.name for found in tmp_path.glob("*.backup*")) == ["r.db.backup-1", "r.db.backup-2"]


def test_a_register_that_is_no_file_has_no_copy_beside_it() -> None:
    """One in memory opens and works as one in a file."""
    register = Register.create(":memory:", POLICY)
    register.record_all(ENTRIES)
    assert list(check(register)) == []


def _encrypted(path: Path, key: str) -> Any:
    dbapi = pytest.importorskip("sqlcipher3.dbapi2")
    connection = dbapi.connect(str(path))
    connection.execute(f"PRAGMA key = '{key}'")
    return connection


def test_an_encrypted_register_works_as_any_other(tmp_path: Path) -> None:
    """Nothing of it can be read without the key: not the file, not its log, not a copy of it."""
    path = tmp_path / "e.db"
    register = Register.create(_encrypted(path, "right"), POLICY, date(2026, 1, 1), author="甲")
    register.record_all(ENTRIES)
    register.record_teams([Told(CareTeam("A", "care_group", Area("甲村", "village")))])
    register.backup(tmp_path / "copy.db")
    assert [found.name for found in tmp_path.iterdir() if "王某".encode() in found.read_bytes()] == []
    assert not (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")
    register.close()
    for place in (path, tmp_path / "copy.db"):
        found = Register.open(_encrypted(place, "right"))
        assert found.ledger("p1").entries == tuple(ENTRIES)
        assert [line.group for line in found.worklist(date(2026, 11, 23), "A").lines] == ["A"]
        assert list(check(found)) == []
        found.close()


def test_a_wrong_key_gets_a_sentence(tmp_path: Path) -> None:
    """Neither a traceback nor a new register: the file is as it was."""
    path = tmp_path / "e.db"
    Register.create(_encrypted(path, "right"), POLICY).close()
    before = path.read_bytes()
    wrong = _encrypted(path, "wrong")
    with pytest.raises(RegisterError, match="or the key is wrong"):
        Register.open(wrong)
    wrong.close()
    assert path.read_bytes() == before
    assert run("due", path)[0] == 3


def test_errors_of_a_register_name_nobody(path: Path) -> None:
    """Neither names nor numbers stand in what a traceback of the library prints."""
    code = (
        "import sys; from followup import Registered; from followup.register import Register\n"
        f"register = Register.open({str(path)!r})\n"
        "print(repr(register.ledger('p1')), repr(register.worklist(__import__('datetime').date(2026, 11, 23))))\n"
        "register.record(Registered('p1', '2026-01-06', name='王某', id_number='990101199001010001'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, encoding="utf-8")
    assert "is registered already" in done.stderr
    assert "王某" not in done.stdout
    assert "990101199001010001" not in done.stdout
    assert not any(word in line for line in done.stderr.splitlines() for word in ("王某", "990101199001010001"))
