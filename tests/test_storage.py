"""A register's file: private, copied while in use, taken further from earlier releases, encrypted if wanted."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from followup import Area, CareTeam, Registered, Visited, WorkList, load_policy
from followup.audittrail import writings
from followup.cli import main
from followup.errors import FollowupError, RegisterError
from followup.inforce import kept_stamp
from followup.integrity import check
from followup.register import Register
from followup.storage import OURS, copy_beside, restored
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


def test_a_connection_in_a_transaction_is_refused(path: Path) -> None:
    """Opening would commit what its owner has not; nothing of it is."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (a)")
    connection.commit()
    connection.execute("INSERT INTO mine VALUES (1)")
    with pytest.raises(RegisterError) as refused:
        Register.open(connection)
    assert refused.value.problems[0].code == "register.transaction"
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    assert Register.open(connection).size() == 1
    connection.close()


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


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_no_copy_is_called_as_what_sqlite_keeps_beside_a_register(path: Path, end: str) -> None:
    """SQLite would take it for its own, and throw it away."""
    for command in ("backup", "restore"):
        code, printed = run(command, path, f"{path}{end}")
        assert (code, "would overwrite" in printed) == (3, True)
    assert run("check", path)[0] == 0


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


@pytest.mark.parametrize(
    ("release", "policies"),
    [
        ("first_tables", 1),
        ("changes_of_policy", 2),
        ("append_only", 2),
        ("directory_of_teams", 2),
        ("withdrawn_policies", 2),
        ("dates_by_team", 2),
    ],
)
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


def test_two_programs_take_a_register_further_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second finds it done, and notes nothing."""
    path = tmp_path / "r.db"
    former(path, "first_tables")

    def quicker(db: Database) -> None:
        with monkeypatch.context() as usual:
            usual.setattr("followup.register.copy_beside", copy_beside)
            Register.open(path).close()
        copy_beside(db)

    monkeypatch.setattr("followup.register.copy_beside", quicker)
    with Register.open(path) as register:
        assert [writing.action for writing in writings(register.db)].count("migrate") == 1
        assert check(register) == []


def test_a_policy_adopted_while_another_program_opens_the_register_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is under the new rules, and nothing is derived twice."""

    def later(db: Database) -> str | None:
        monkeypatch.undo()
        with Register.open(path) as other:
            other.adopt(load_policy("national-2018"), date(2026, 6, 1))
        return kept_stamp(db)

    monkeypatch.setattr("followup.register.kept_stamp", later)
    with Register.open(path) as register:
        assert [edition.id for edition in register.policy.editions] == ["dongguan", "national-2018"]
        assert [writing.action for writing in writings(register.db)] == ["create", "record", "adopt"]
        assert check(register) == []


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
    before = os.umask(0)
    register = Register.create(_encrypted(path, "right"), POLICY, date(2026, 1, 1), author="甲")
    register.record_all(ENTRIES)
    register.record_teams([Told(CareTeam("A", "care_group", Area("甲村", "village")))])
    register.backup(tmp_path / "copy.db")
    os.umask(before)
    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["e.db", "e.db-wal", "e.db-shm", "copy.db"], 0o600)
    assert [found.name for found in tmp_path.iterdir() if "王某".encode() in found.read_bytes()] == []
    assert not (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")
    register.close()
    for place in (path, tmp_path / "copy.db"):
        found = Register.open(_encrypted(place, "right"))
        assert found.ledger("p1").entries == tuple(ENTRIES)
        assert [line.group for line in found.worklist(date(2026, 11, 23), "A").lines] == ["A"]
        assert list(check(found)) == []
        found.close()


@pytest.mark.parametrize("setting", ["cipher_page_size = 8192", "cipher_compatibility = 3"])
def test_a_copy_that_nobody_could_open_is_not_kept(tmp_path: Path, setting: str) -> None:
    """By some settings SQLCipher writes copies that no setting opens: whoever counts on one learns it at once."""
    connection = _encrypted(tmp_path / "e.db", "right")
    connection.execute(f"PRAGMA {setting}")
    with Register.create(connection, POLICY) as register:
        register.record_all(ENTRIES)
        with pytest.raises(RegisterError, match="could not be opened again, and was not kept"):
            register.backup(tmp_path / "copy.db")
        assert register.record(Registered("p9", "2026-01-05"))
        assert list(check(register)) == []
    assert [found.name for found in tmp_path.iterdir()] == ["e.db"]


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
    for words in (("due", path), ("check", path), ("restore", path, tmp_path / "new.db")):
        code, printed = run(*words)
        assert (code, "open it with its key" in printed) == (3, True)
    assert [found.name for found in tmp_path.iterdir()] == ["e.db"]


def test_a_traceback_with_locals_names_nobody() -> None:
    """Whoever logs the frames of the library sees no name of an entry, and one that is half made can be shown."""
    register = Register.create(":memory:", POLICY)
    name, id_number, phone = "王某", "990101199001010001", "19900000001"

    def shown(patient: str, on: str) -> str:
        try:
            register.record(Registered(patient, on, name=name, id_number=id_number, phone=phone))
        except FollowupError as error:
            frames = list(traceback.TracebackException.from_exception(error, capture_locals=True).stack)[1:]
            return "\n".join(str(frame.locals) for frame in frames)
        return ""

    assert shown("p1", "2026-01-05") == ""
    refused = shown("p1", "2026-01-06")
    assert "Registered(" in refused
    assert [word for word in (name, id_number, phone) if word in refused] == []
    assert "Registered(…)" in shown("p2", "2026-13-02")


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


def test_a_backup_is_only_read(path: Path) -> None:
    """Not even for a moment does a file appear beside it, though it is a plain copy in WAL mode: the disk may be read-only."""
    folder = path.with_name("backups")
    folder.mkdir()
    Register.open(path).close()
    shutil.copy(path, folder / "plain.db")
    assert run("backup", path, folder / "copy.db")[0] == 0
    before = {found.name: found.read_bytes() for found in folder.iterdir()}
    touched = folder.stat().st_mtime_ns
    for name in before:
        code, printed = run("restore", folder / name, path.with_name(f"new-{name}"))
        assert (code, printed.startswith("Restored to")) == (0, True), printed
    assert {found.name: found.read_bytes() for found in folder.iterdir()} == before
    assert folder.stat().st_mtime_ns == touched


def test_a_register_in_use_is_restored_whole(path: Path) -> None:
    """What stands in the log beside it is not lost."""
    with Register.open(path) as register:
        register.record(Visited("p1", "2026-02-12", risk=0))
        assert path.with_name("r.db-wal").stat().st_size
        assert run("restore", path, path.with_name("new.db"))[0] == 0
    with Register.open(path.with_name("new.db")) as new:
        assert len(new.ledger("p1").entries) == 3


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_no_file_is_made_where_the_log_of_another_would_be_taken_for_its_own(tmp_path: Path, end: str) -> None:
    """What a crash left beside a file that was moved away since would change a register made there, or spoil it."""
    path, copy, there = tmp_path / "r.db", tmp_path / "copy.db", tmp_path / "there.db"
    Register.create(path, load_policy("dongguan")).close()
    assert run("backup", path, copy)[0] == 0
    left = there.with_name(there.name + end)
    left.write_bytes(b"left")
    refused = (3, f'"{left}" is left of a register that was there')
    commands: list[list[str | Path]] = [["backup", path, there], ["restore", copy, there], ["init", there]]
    for command in commands:
        code, said = run(*command)
        assert (code, said[: len(refused[1])]) == refused
    assert [left.read_bytes(), sorted(found.name for found in tmp_path.iterdir() if found.is_file())] == [
        b"left",
        ["copy.db", "r.db", left.name],
    ]


def test_a_backup_that_cannot_be_opened_leaves_no_register(tmp_path: Path) -> None:
    """A copy of a later release's register is refused, and no file stays that would be in the way next time."""
    path, copy, there = tmp_path / "r.db", tmp_path / "copy.db", tmp_path / "there.db"
    Register.create(path, load_policy("dongguan")).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO _sqlite_migrations VALUES (NULL, 'followup', 'a later step', 'now')")
    connection.close()
    copy.write_bytes(path.read_bytes())
    code, said = run("restore", copy, there)
    assert (code, "later release" in said, there.exists()) == (3, True, False)


def test_a_backup_that_is_not_there_is_told(tmp_path: Path) -> None:
    """No empty file is made of it, by the command or by the library."""
    assert run("restore", tmp_path / "x", tmp_path / "new.db")[0] == 3
    with pytest.raises(RegisterError):
        restored(tmp_path / "x", tmp_path / "new.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file:x", "file:x.db?mode=memory", "a b?c#d%20.db", "登记库.db", ":memory:x"])
def test_a_register_may_be_called_anything(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is never taken for an address, by any command."""
    monkeypatch.chdir(tmp_path)
    for words in (
        ["init", name],
        ["record", name, "registered", "--patient", "p1", "--on", "2026-11-02"],
        ["backup", name, f"{name}.copy"],
        ["restore", f"{name}.copy", f"{name}.new"],
        ["check", f"{name}.new"],
    ):
        assert run(*words)[0] == 0, words
    assert sorted(found.name for found in tmp_path.iterdir()) == [name, f"{name}.copy", f"{name}.new"]


def test_on_a_full_disk_nothing_is_recorded(path: Path) -> None:
    """A sentence says so, a batch around it goes on without, and once there is room all goes in."""
    people = [Registered(f"n{number}", "2026-01-05", name="某" * 100) for number in range(500)]
    with Register.open(path) as register:
        before = list(register.db.conn.iterdump())
        (pages,) = register.db.execute("PRAGMA page_count").fetchone()
        register.db.execute(f"PRAGMA max_page_count = {pages}")
        for _ in range(2):
            with pytest.raises(RegisterError, match="the disk is full"):
                register.record_all(people)
        with register.batch(), pytest.raises(RegisterError, match="the disk is full"):
            register.record_all(people)
        assert list(register.db.conn.iterdump()) == before
        register.db.execute("PRAGMA max_page_count = 100000")
        assert register.record_all(people) == 500
        assert check(register) == []


@pytest.mark.parametrize("goes_on", [True, False], ids=["goes-on", "ends"])
def test_a_batch_that_sqlite_gave_up_is_refused(path: Path, goes_on: bool) -> None:  # noqa: FBT001
    """SQLite may end a transaction itself (a full disk): what comes after in the batch is not recorded without the rest."""
    with Register.open(path) as register:
        before = list(register.db.conn.iterdump())
        register.db.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON main.due"
            " BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END"
        )

        def batch() -> None:
            with register.batch():
                with pytest.raises(RegisterError, match="the disk is full"):
                    register.record(Visited("p1", "2026-02-12", risk=0))
                if goes_on:
                    register.record(Visited("p1", "2026-02-13", risk=0))

        with pytest.raises(RegisterError, match="the whole batch was given up"):
            batch()
        assert list(register.db.conn.iterdump()) == before
        register.db.execute("DROP TRIGGER full")
        assert register.record(Visited("p1", "2026-02-12", risk=0))
        assert check(register) == []


def test_a_closed_register_says_so(path: Path) -> None:
    """Whatever is asked of it."""
    register = Register.open(path)
    register.close()
    on, known = date(2026, 6, 1), datetime(2026, 6, 1, tzinfo=UTC)
    asked: list[Callable[[], object]] = [
        lambda: register.record(ENTRIES[0]), lambda: register.worklist(on), lambda: register.backup(path.with_name("x")),
        lambda: register.adopt(POLICY, on), lambda: register.withdraw(on, POLICY.duties_from or date.min, "why"),
        register.adoptions, register.duplicates, register.head, register.size, register.teams, register.villages,
        register.directory, lambda: register.people_by_team(on), lambda: register.policy_known(known),
        lambda: register.writing_of(ENTRIES[0]), lambda: register.note("record"), lambda: register.ledger("p1"),
        lambda: list(register.ledgers()), lambda: register.find("12345678"), lambda: register.forget("p1", on, "why"),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(RegisterError, match="the register is closed; open it again"):
            ask()
    assert [str(problem) for problem in check(register)] == ["the register is closed; open it again"]


def test_a_register_of_another_thread_says_so(path: Path) -> None:
    """It is not damaged: each thread opens it for itself."""
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(RegisterError) as refused:
            register.worklist(date(2026, 6, 1))
        told.append(str(refused.value))

    with Register.open(path) as register:
        thread = Thread(target=ask)
        thread.start()
        thread.join()
    assert told == ["the register was opened in another thread; open it once more in this one"]


def test_no_copy_is_made_in_the_midst_of_a_batch(path: Path) -> None:
    """It would hold what may yet be given up; the batch goes on."""
    with Register.open(path) as register, register.batch():
        with pytest.raises(RegisterError, match="no copy made, in the midst of a batch"):
            register.backup(path.with_name("copy.db"))
        assert register.record(Visited("p1", "2026-02-12", risk=0))
    assert [found.name for found in path.parent.iterdir()] == ["r.db"]


def test_a_check_goes_by_the_rules_that_another_program_has_adopted_meanwhile(path: Path) -> None:
    """What was opened before sees what is there now, and no difference where there is none."""
    with Register.open(path) as register, Register.open(path) as other:
        other.adopt(load_policy("national-2018"), date(2026, 3, 1))
        assert check(register) == []


def test_a_connection_may_give_rows_of_its_own(tmp_path: Path) -> None:
    """Whoever has set a row factory on the connection gets a register that works."""
    connection = sqlite3.connect(tmp_path / "c.db")
    connection.row_factory = lambda cursor, row: {
        column[0]: value for column, value in zip(cursor.description, row, strict=True)
    }
    with Register.create(connection, POLICY) as register:
        assert register.record_all(ENTRIES) == 2
        assert sum(register.worklist(date(2026, 6, 1)).counts.values()) == 1
        assert check(register) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = replace(body, '\"risk\":', '\"risk\": ') WHERE seq = 2",
        "UPDATE entries SET \"on\" = '2026-01-01' WHERE seq = 2",
        "UPDATE personal SET body = replace(body, '王某', '李某')",
        "DELETE FROM entries WHERE seq = 3",
        "DELETE FROM personal WHERE id = (SELECT id FROM entries WHERE seq = 1)",
    ],
)
@pytest.mark.parametrize("release", ["first_tables", "changes_of_policy"])
def test_an_altered_register_of_an_earlier_release_is_not_taken_further(
    tmp_path: Path, release: str, statement: str
) -> None:
    """Sealed anew, a changed entry would pass for genuine: it is refused, and stays as it is."""
    path = tmp_path / "r.db"
    former(path, release)
    connection = sqlite3.connect(path)
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    dump = list(connection.iterdump())
    connection.close()
    code, printed = run("check", path)
    assert (code, "was changed after it was recorded, so the register is not taken further" in printed) == (3, True)
    assert list(sqlite3.connect(path).iterdump()) == dump
