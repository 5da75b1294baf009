"""What happens to a register behind the library's back shows, and what is derived is mended."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlite_utils import Database
from test_storage import former

from followup import Admitted, Assigned, Entry, Registered, Retracted, Visited, load_policy
from followup.chain import Head, linked, sealed, written
from followup.entryrows import lift_guards
from followup.errors import RegisterError
from followup.integrity import check, repair
from followup.register import Register
from followup.storage import snapshot
from followup.tables import GUARDS

ENTRIES: list[Entry] = [
    Registered("p1", "2026-01-05", name="王某", id_number="990101199001010001", phone="19900000001", team="A"),
    Visited("p1", "2026-01-12", risk=0, mode="home", stability="stable", form={"随访医生签名": "某医生"}),
    Registered("p2", "2026-01-05", team="B", village="甲村"),
    Visited("p2", "2026-02-12", risk=3, mode="home", stability="unstable"),
]
ON = date(2026, 3, 1)
#: The first policy once more, from a day to come.
ADOPTED_ANEW = """
    INSERT INTO policies SELECT 9, '2027-07-01', id, version, duties_from, texts, recorded_at FROM policies
    WHERE seq = 1
"""
NOTICE = """
year = 2027
source = "虚构的放假通知(测试)"
makeup_days = []
[[holiday]]
from = 2027-01-01
to = 2027-01-03
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a register of two people in a file."""
    place = tmp_path / "r.db"
    with Register.create(place, load_policy("dongguan"), date(2026, 1, 1), author="甲医生") as register:
        register.record_all(ENTRIES)
        register.record(Admitted("p2", "2026-02-20"))
    return place


@pytest.fixture
def register(path: Path) -> Iterator[Register]:
    """Open it."""
    with Register.open(path, author="乙医生", program="district 2.1") as found:
        yield found


def behind(path: Path, *statements: str) -> None:
    """Change the file as somebody would who knows SQL and wants to be unseen: the triggers are back after."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name in GUARDS:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for guard in GUARDS.values():
        connection.execute(guard)
    connection.close()


def codes(path: Path, head: Head | None = None) -> list[str]:
    """Return what the check says."""
    with Register.open(path) as register:
        return [problem.code.removeprefix("check.") for problem in check(register, head)]


def test_a_register_as_it_was_written_has_no_problem(path: Path) -> None:
    """Nothing is said of a register that nobody has touched."""
    assert codes(path) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = '{}'",
        "UPDATE entries SET \"on\" = '2026-01-01' WHERE seq = 2",
        "DELETE FROM entries WHERE seq = 5",
        "INSERT OR REPLACE INTO entries SELECT 2, 'x', patient, type, \"on\", recorded_at, body, digest FROM entries WHERE seq = 2",
        "UPDATE personal SET body = '{}'",
        "DELETE FROM personal",
        "UPDATE audit SET author = 'nobody'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO personal VALUES (1, '{}')",
        "INSERT OR REPLACE INTO audit SELECT 2, at, 'nobody', program, action, subject, entries, head, digest FROM audit WHERE seq = 2",
        "UPDATE patients SET salt = 'x'",
        "DELETE FROM patients",
        "INSERT OR REPLACE INTO patients VALUES ('p1', NULL, '2026-01-01', '')",
        "UPDATE policies SET version = 'x'",
        "DELETE FROM policies",
        "INSERT OR REPLACE INTO policies SELECT seq, adopted_from, 'x', version, duties_from, texts, recorded_at FROM policies",
        "UPDATE notices SET text = ''",
        "DELETE FROM notices",
        "INSERT OR REPLACE INTO notices VALUES (1, 2027, '', NULL)",
    ],
)
def test_the_database_itself_refuses_changes(path: Path, statement: str) -> None:
    """Entries, personal data, people, rules and the audit are written once, by whatever program."""
    with Register.open(path) as register:
        register.add_notice(NOTICE)
    connection = sqlite3.connect(path, isolation_level=None)  # sqlite-utils would ask more of the triggers
    before = list(connection.iterdump())
    with pytest.raises(sqlite3.IntegrityError, match=r"never|as a whole"):
        connection.execute(statement)
    assert list(connection.iterdump()) == before
    connection.close()


def guards(register: Register) -> list[str]:
    """Return the triggers that there are, by their names and words."""
    rows = register.db.execute("SELECT name || sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
    return [trigger for (trigger,) in rows]


def crowd(count: int = 30) -> list[Entry]:
    """Return the registrations of many people, one of whom comes again with what is known and what is not."""
    people = [Registered(f"n{number:02}", "2026-01-05", team="A") for number in range(count)]
    return [*people, people[3], Visited("n03", "2026-02-01", risk=1)]


def test_guards_that_are_lifted_for_a_crowd_are_there_again(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether many people were taken in, or refused in the end, the database refuses changes as before."""
    monkeypatch.setattr("followup.intake._CROWD", 10)
    before, lifted = guards(register), list[str]()

    def lift(db: Database) -> list[str]:
        found = lift_guards(db)
        lifted.extend(found)
        return found

    monkeypatch.setattr("followup.intake.lift_guards", lift)
    with pytest.raises(RegisterError, match='no patient "nobody"'):
        register.record_all([*crowd(), Visited("nobody", "2026-02-01", risk=0)])
    assert guards(register) == before
    assert register.record_all(crowd()) == 31
    assert guards(register) == before
    assert len(lifted) == 2 * 3
    assert check(register) == []


def test_a_guard_that_somebody_took_away_is_not_put_back_unseen(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check tells of it after many people were taken in, as before."""
    monkeypatch.setattr("followup.intake._CROWD", 10)
    register.db.execute("DROP TRIGGER entries_written_once")
    register.record_all(crowd())
    assert [problem.code for problem in check(register)] == ["check.guard"]


def test_an_entry_written_again_is_passed_over(register: Register) -> None:
    """`INSERT OR REPLACE` of a known entry under another number changes nothing."""
    before = list(register.db.conn.iterdump())
    register.db.conn.execute(
        "INSERT OR REPLACE INTO entries SELECT 9, id, patient, type, \"on\", recorded_at, '{}', digest FROM entries WHERE seq = 2"
    )
    assert list(register.db.conn.iterdump()) == before


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE entries SET body = replace(body, '\"risk\":3', '\"risk\":0') WHERE seq = 4"], ["changed", "dates"]),
        (['UPDATE entries SET "on" = \'2026-02-13\' WHERE seq = 4'], ["changed"]),
        (["UPDATE entries SET recorded_at = '2020-01-01T00:00:00Z' WHERE seq = 4"], ["changed"]),
        (["UPDATE entries SET patient = 'p1' WHERE seq = 4"], ["changed"]),
        (["UPDATE personal SET body = replace(body, '王某', '李某')"], ["changed"]),
        (["DELETE FROM personal WHERE seq = 1"], ["changed"]),
        (["UPDATE entries SET digest = substr(digest, 3) || 'ff' WHERE seq = 2"], ["changed", "changed"]),
        (["DELETE FROM entries WHERE seq = 4"], ["gap", "uncounted"]),
        (["DELETE FROM entries WHERE seq = 1"], ["file", "gap"]),
        (["DELETE FROM entries WHERE seq = 5"], ["uncounted"]),
        (["DELETE FROM entries WHERE seq = 5", "DELETE FROM audit WHERE seq = 3"], ["dates"]),
        (["UPDATE entries SET seq = 6 WHERE seq = 5"], ["gap", "recomputed"]),
        (["UPDATE audit SET author = 'nobody' WHERE seq = 2"], ["audit"]),
        (["UPDATE audit SET entries = 3 WHERE seq = 2"], ["audit"]),
        (["DELETE FROM audit WHERE seq = 2"], ["audit"]),
        (["UPDATE policies SET version = 'x'"], ["policy"]),
        (["DELETE FROM due WHERE patient = 'p1'"], ["dates"]),
        (["UPDATE due SET due_on = '2027-01-01' WHERE patient = 'p1'"], ["dates"]),
        (["UPDATE standings SET team = 'B'"], ["dates"]),
        (["UPDATE due SET team = 'Z' WHERE patient = 'p1'"], ["dates"]),
        (["CREATE TEMP TABLE copied AS SELECT * FROM due WHERE patient = 'p1'", "UPDATE copied SET team = 'Z'", "INSERT INTO due SELECT * FROM copied"], ["dates"]),
        (["UPDATE due SET patient = 'p9' WHERE patient = 'p1'"], ["dates", "leftover"]),
        (["INSERT INTO standings SELECT 'p9', from_on, until_on, first, team, rest, opens_on, due_on FROM standings LIMIT 1"], ["leftover"]),
        (["UPDATE patients SET salt = NULL, forgotten_on = '2026-01-01', reason = '' WHERE patient = 'p2'"], ["changed", "erased", "leftover"]),
    ],
)  # fmt: skip
def test_a_change_behind_the_librarys_back_shows(path: Path, statements: list[str], expected: list[str]) -> None:
    """The check names the first entry that was changed, and every date that does not follow from the entries."""
    behind(path, *statements)
    found = codes(path)
    assert [code for code in dict.fromkeys(expected) if code not in found] == []


def test_a_withdrawal_that_is_undone_or_invented_behind_the_librarys_back_shows(path: Path) -> None:
    """The audit tells which adoption was withdrawn, and why."""
    with Register.open(path, author="乙") as register:
        register.adopt(load_policy("national-2018"), date(2027, 1, 1)).withdraw(
            date(2027, 1, 1), date(2026, 12, 1), "x"
        )
    assert codes(path) == []
    behind(path, "UPDATE withdrawals SET recorded_at = '2027-06-01T09:00:00+08:00'")
    assert codes(path) == ["withdrawn", "withdrawn"]
    behind(path, "UPDATE withdrawals SET recorded_at = NULL")
    assert codes(path) == []
    behind(path, "UPDATE withdrawals SET reason = 'y'")
    assert codes(path) == ["withdrawn", "withdrawn"]
    behind(path, "DELETE FROM withdrawals")
    assert codes(path) == ["withdrawn"]


def test_the_first_changed_entry_is_named(path: Path) -> None:
    """By its place, its patient and its id; nothing that was written after it is blamed."""
    behind(path, "UPDATE entries SET body = '{\"risk\":1}' WHERE seq = 2")
    with Register.open(path) as register:
        first, *others = list(check(register))
        assert str(first).startswith(f"entry 2 (patient p1, id {ENTRIES[1].id[:8]}…) was changed")
        assert {problem.code for problem in others} <= {"check.dates"}


def test_a_missing_trigger_and_a_strange_one_show(path: Path) -> None:
    """Whoever altered the tables is not unseen."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entries_unchanged")
    connection.execute("CREATE TRIGGER other AFTER INSERT ON due BEGIN SELECT 1; END")
    connection.close()
    assert codes(path) == ["guard", "stranger"]


def rewritten(path: Path) -> None:
    """Cut the last entry off, and its row of the audit, so that both chains end well."""
    behind(path, "DELETE FROM due WHERE patient = 'p2'", "DELETE FROM standings WHERE patient = 'p2'",
           "DELETE FROM entries WHERE seq = 5", "DELETE FROM audit WHERE seq = 3")  # fmt: skip
    with Register.open(path) as register:
        repair(register)


def test_a_list_tells_a_register_that_was_cut(path: Path) -> None:
    """A cut tail looks like a good register, but not to whoever has an earlier list."""
    with Register.open(path) as register:
        shown = Head.parse(str(register.worklist(ON).head))
        assert shown.entries == 5
    assert codes(path, shown) == []
    rewritten(path)
    assert codes(path) == []
    assert codes(path, shown) == ["head"]


def test_a_list_tells_a_register_whose_chains_were_computed_anew(path: Path) -> None:
    """Whoever knows this library can write all hashes anew; a list that was printed before tells it all the same."""
    with Register.open(path) as register:
        before = Head.parse(str(register.worklist(ON).head))
    connection = sqlite3.connect(path, isolation_level=None)
    statements = ["UPDATE entries SET body = replace(body, '\"risk\":3', '\"risk\":1') WHERE seq = 4"]
    digests = [""]
    for seq, *row, personal, salt in connection.execute(
        'SELECT e.seq, e.id, e.patient, type, "on", recorded_at, replace(e.body, \'"risk":3\', \'"risk":1\'), p.body, salt'
        " FROM entries e LEFT JOIN personal p USING (seq) JOIN patients s USING (patient) ORDER BY e.seq"
    ):
        digests.append(linked(digests[-1], sealed(salt, row, personal)))
        statements.append(f"UPDATE entries SET digest = '{digests[-1]}' WHERE seq = {seq}")  # noqa: S608
    last = ""
    for seq, *row, entries in connection.execute(
        "SELECT seq, at, author, program, action, subject, entries FROM audit"
    ):
        last = written(last, [*row, entries, digests[entries]])
        statements.append(f"UPDATE audit SET head = '{digests[entries]}', digest = '{last}' WHERE seq = {seq}")  # noqa: S608
    connection.close()
    behind(path, *statements)
    with Register.open(path) as register:
        repair(register)
    assert codes(path) == []
    assert codes(path, before) == ["head"]


def test_a_register_goes_on_from_its_head(register: Register) -> None:
    """What is recorded later changes nothing of an earlier head; another head is refused."""
    head = register.head()
    register.record(Assigned("p1", "2026-02-21", team="C"))
    assert list(check(register, head)) == []
    other = Head(head.entries, "0" * 64)
    assert [problem.code for problem in check(register, other)] == ["check.head"]
    for word in (
        "5:xyz",
        "5:",
        "10:",
        "",
        ":",
        "5:0123456789abcdef",
        "-1:0123456789abcdef0123",
        "5:0123456789ABCDEF0123",
    ):
        with pytest.raises(ValueError, match="is no head"):
            Head.parse(word)


def test_every_register_goes_on_from_an_empty_one(tmp_path: Path) -> None:
    """The head of a list that was printed before anything was recorded is one too."""
    with Register.create(tmp_path / "r.db", load_policy("dongguan")) as register:
        head = Head.parse(str(register.worklist(ON).head))
        assert check(register, head) == []
        register.record_all(ENTRIES)
        assert check(register, head) == []
        wrong = Head.parse("0:" + "0" * 20)
        assert [problem.code for problem in check(register, wrong)] == ["check.head"]


def test_repair_derives_what_is_derived_and_nothing_else(path: Path) -> None:
    """The dates are right again; a changed entry stays to be seen."""
    behind(
        path,
        "DELETE FROM due",
        "UPDATE standings SET rest = 'lost'",
        "UPDATE entries SET recorded_at = '2020-01-01' WHERE seq = 2",
    )
    assert {"changed", "dates"} <= set(codes(path))
    with Register.open(path) as register:
        repair(register)
    assert codes(path) == ["changed"]


def test_damage_to_the_file_shows(path: Path) -> None:
    """A page that was overwritten is an error in a sentence, not a traceback."""
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'due'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[(page - 1) * size : page * size] = b"\x55" * size
    path.write_bytes(content)
    assert codes(path)[0] in {"file", "register.damaged"}


def test_who_wrote_an_entry_when_and_by_which_program(register: Register) -> None:
    """Author and program are noted in the transaction of the entry."""
    late = Assigned("p1", "2026-02-21", team="C")
    register.record(late)
    first, last = register.writing_of(ENTRIES[0]), register.writing_of(late)
    assert first is not None
    assert last is not None
    assert (first.author, first.program, first.action) == ("甲医生", "followup", "record")
    assert (last.author, last.program, last.entries) == ("乙医生", "district 2.1", 6)
    assert first.at < last.at
    assert register.writing_of(Assigned("p1", "2026-02-22", team="D")) is None


def test_a_refused_entry_leaves_no_row_in_the_audit(register: Register) -> None:
    """The audit is written in the transaction, or not at all; so nothing new is no row."""
    before = register.db.execute("SELECT count(*) FROM audit").fetchone()
    with pytest.raises(RegisterError):
        register.record(Visited("p9", "2026-02-01", risk=0))
    register.record(ENTRIES[0])
    assert register.db.execute("SELECT count(*) FROM audit").fetchone() == before


def traces(path: Path, *words: str) -> list[str]:
    """Return the words that stand anywhere in the file or beside it."""
    content = b"".join(found.read_bytes() for found in path.parent.glob(f"{path.name}*"))
    return [word for word in words if word.encode() in content]


def test_whoever_is_forgotten_leaves_a_tombstone_alone(path: Path) -> None:
    """Nothing of the person is in the file any more, the chain goes on, and the number is not used again."""
    words = ("王某", "990101199001010001", "19900000001", "某医生", ENTRIES[0].id, ENTRIES[1].id)
    with Register.open(path, author="丙") as register:
        head = register.head()
        register.record(Retracted("p1", "2026-02-01", entry=ENTRIES[1].id, reason="王某 moved"))
        register.record(Visited("p1", "2026-02-02", risk=4))
        assert traces(path, *words) == list(words)
        with pytest.raises(RegisterError, match="no reason is given"):
            register.forget("p1", ON, " ")
        assert traces(path, *words) == list(words)
        register.forget("p1", ON, "request of 2026-02-28")
        assert [line.due.patient for line in register.worklist(ON).duties + register.worklist(ON).lines].count(
            "p1"
        ) == 0
        assert register.size() == 1
        with pytest.raises(RegisterError, match="was forgotten on 2026-03-01"):
            register.ledger("p1")
        with pytest.raises(RegisterError, match="was forgotten on 2026-03-01"):
            register.record_all(ENTRIES)
        with pytest.raises(RegisterError, match="was forgotten"):
            register.forget("p1", ON, "again")
        assert [row[0] for row in register.db.execute("SELECT DISTINCT type FROM entries WHERE patient = 'p1'")] == [
            "forgotten"
        ]
        assert list(check(register, head)) == []
    assert traces(path, *words) == []
    assert codes(path, head) == []


def test_a_faked_tombstone_shows(path: Path) -> None:
    """Blanking an entry of somebody who was not forgotten breaks its seal."""
    behind(path, "UPDATE entries SET type = 'forgotten', body = '{\"seal\":\"" + "0" * 64 + "\"}' WHERE seq = 4")
    assert "changed" in codes(path)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE patients SET reason = 'another' WHERE patient = 'p1'"], ["erased"]),
        (["UPDATE patients SET forgotten_on = '2026-01-01' WHERE patient = 'p1'"], ["erased"]),
        (["DELETE FROM patients WHERE patient = 'p1'"], ["erased"]),
        (["UPDATE patients SET salt = 'x', forgotten_on = NULL, reason = NULL WHERE patient = 'p1'"], ["erased"]),
        (["UPDATE entries SET patient = 'p2' WHERE seq = 2"], ["erased"]),
        (["UPDATE entries SET type = 'visited' WHERE seq = 2"], ["changed", "erased"]),
        (["DELETE FROM audit WHERE seq > 3"], ["erased"]),
    ],
)
def test_a_tombstone_is_as_the_audit_tells_it(path: Path, statements: list[str], expected: list[str]) -> None:
    """Who was erased, when, why and how many entries of theirs: none of it can be another behind the audit's back."""
    with Register.open(path) as register:
        register.forget("p1", ON, "request")
    assert codes(path) == []
    behind(path, *statements)
    found = codes(path)
    assert [code for code in expected if code not in found] == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE policies SET adopted_from = '2026-06-02' WHERE id = 'basic-service-2017'", ["adopted"]),
        ("UPDATE policies SET id = 'x' WHERE id = 'basic-service-2017'", ["adopted"]),
        ("UPDATE policies SET duties_from = '2036-01-01' WHERE seq = 1", ["adopted"]),
        ("UPDATE policies SET duties_from = NULL", ["adopted"]),
        ("UPDATE policies SET recorded_at = '2026-01-01T00:00:00+08:00' WHERE seq = 2", ["adopted"]),
        ("UPDATE notices SET recorded_at = NULL WHERE seq = 1", ["noticed"]),
        ("DELETE FROM policies WHERE id = 'basic-service-2017'", ["adopted"]),
        ("UPDATE policies SET seq = 7 WHERE seq = 2", ["adopted"]),
        (ADOPTED_ANEW, ["adopted"]),
        ("DELETE FROM audit WHERE action = 'adopt'", ["audit", "adopted"]),
        ("UPDATE notices SET text = replace(text, '2027-01-03', '2027-01-04')", ["noticed"]),
        ("INSERT INTO notices SELECT 7, year, text || '#', recorded_at FROM notices WHERE seq = 1", ["noticed"]),
        ("INSERT INTO notices SELECT 7, year, text, recorded_at FROM notices WHERE seq = 1", ["noticed"]),
        ("UPDATE notices SET seq = 7 WHERE seq = 1", ["noticed"]),
        ("DELETE FROM notices", ["noticed"]),
        ("DELETE FROM notices WHERE seq = 2", ["noticed"]),
        ("INSERT INTO withdrawals VALUES (4, 'not agreed', NULL)", ["withdrawn"]),
        ("DELETE FROM withdrawals", ["withdrawn"]),
    ],
)
def test_rules_are_as_the_audit_tells_them(path: Path, statement: str, expected: list[str]) -> None:
    """A rule that nobody adopted, entered or withdrew shows, and one that is gone: the dates follow from them."""
    later = date(2027, 6, 1)
    with Register.open(path) as register:
        changed = register.adopt(load_policy("basic-service-2017"), date(2026, 6, 1), f"{ON}T08:00:00+08:00")
        changed = changed.add_notice(NOTICE, f"{ON}T08:30:00+08:00")
        changed = changed.adopt(load_policy("dongguan"), later).withdraw(later, ON, "not agreed")
        changed.adopt(load_policy("dongguan"), later).add_notice(NOTICE.replace("01-03", "01-02"))
    assert codes(path) == []
    behind(path, statement)
    found = codes(path)
    assert [code for code in expected if code not in found] == []


@pytest.mark.parametrize("release", ["first_tables", "append_only", "withdrawn_policies"])
def test_rules_are_compared_in_a_register_of_an_earlier_release_too(tmp_path: Path, release: str) -> None:
    """Where its audit does not tell of the first rules, it tells of those that were adopted since."""
    path = tmp_path / "r.db"
    former(path, release)
    day = date(2027, 6, 1)
    with Register.open(path) as register:
        register.adopt(load_policy("basic-service-2017"), day)
    assert codes(path) == []
    behind(path, ADOPTED_ANEW)
    assert "adopted" in codes(path)


def test_nobody_is_erased_twice(path: Path) -> None:
    """An entry that passes for one of somebody who was forgotten needs another erasure in the audit: that shows."""
    with Register.open(path) as register:
        register.forget("p1", ON, "request")
        (salt,) = register.db.execute("SELECT salt FROM patients WHERE patient = 'p2'").fetchone()
        row = 'id, patient, type, "on", recorded_at, body'
        seq, *told = register.db.execute(f"SELECT seq, {row} FROM entries WHERE type = 'visited'").fetchone()  # noqa: S608
        seal = sealed(salt, told, None)
    forged = f"""
        UPDATE entries SET patient = 'p1', type = 'forgotten', id = '~{seal[:19]}', body = '{{"seal":"{seal}"}}',
        "on" = '{ON}' WHERE seq = {seq}
    """  # noqa: S608
    behind(path, forged)
    with Register.open(path) as register:
        with register.batch():
            register.note("forget", f"p1 3 {ON} request")
        repair(register)
    assert codes(path) == ["erased"]


def test_a_number_with_a_space_is_forgotten_like_any_other(path: Path) -> None:
    """The audit's word for an erasure begins with the number, whatever that holds."""
    with Register.open(path) as register:
        register.record(Registered("甲 1", "2026-01-05"))
        register.forget("甲 1", ON, "at the request of 2")
    assert codes(path) == []


@pytest.mark.parametrize("name", ["entries_of_patient", "standings_of_patient", "directory_of_team"])
def test_an_index_that_is_gone_is_named_and_made_anew(path: Path, name: str) -> None:
    """Without it entries could not be recorded, or a list would take its time."""
    behind(path, f"DROP INDEX {name}")
    assert "index" in codes(path)
    with Register.open(path) as register:
        repair(register)
    assert codes(path) == []


def test_an_index_that_is_another_one_is_named_and_made_anew(path: Path) -> None:
    """By its name alone it would pass for what finds an entry, and keeps another one out."""
    other = "CREATE INDEX entries_of_patient ON entries (patient) WHERE type = 'visited'"
    behind(path, "DROP INDEX entries_of_patient", other)
    assert "index" in codes(path)
    with Register.open(path) as register:
        repair(register)
        assert register.find(ENTRIES[0].id) == ENTRIES[0]
    assert codes(path) == []


@pytest.mark.parametrize("name", ["due", "standings", "likenesses"])
def test_a_derived_table_that_is_gone_is_named_and_made_anew(path: Path, name: str) -> None:
    """What follows from the entries can always be had again; until then whoever asks for it is told how."""
    before = dumped(path)
    behind(path, f"DROP TABLE {name}")
    assert codes(path) == ["table"]
    with Register.open(path) as register:
        with pytest.raises(RegisterError, match=r"a table of the register is gone .*followup check"):
            register.record(Assigned("p1", "2026-02-21", team="C"))
        repair(register)
    assert codes(path) == []
    assert dumped(path) == before


def test_what_tells_by_what_dates_were_derived_is_made_anew(path: Path) -> None:
    """Without it nobody knows whether they are of today's rules, so all are derived anew."""
    before = dumped(path)
    behind(path, "DROP TABLE derived")
    assert codes(path) == []
    assert dumped(path) == before


def dumped(path: Path) -> list[str]:
    """Return what is kept beside the entries, and by which rules."""
    connection = sqlite3.connect(path)
    tables = ("due", "standings", "likenesses", "derived")
    found = [str(row) for table in tables for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
    connection.close()
    return found


@pytest.mark.parametrize(
    "statement",
    [
        'INSERT INTO personal VALUES (1, \'{"name":"X"}\')',
        "UPDATE entries SET body = json_set(body, '$.name', 'X') WHERE seq = 1",
        "UPDATE entries SET \"on\" = '2020-01-01' WHERE seq = 1",
        "UPDATE entries SET recorded_at = '2020-01-01T00:00:00Z' WHERE seq = 1",
        "UPDATE entries SET id = '~' WHERE seq = 1",
    ],
)
def test_nothing_is_put_back_to_what_is_left_of_who_was_forgotten(path: Path, statement: str) -> None:
    """Of an entry its seal alone is left, in one form."""
    with Register.open(path) as register:
        register.forget("p1", ON, "at the request of the family")
    assert codes(path) == []
    behind(path, statement)
    assert codes(path) == ["changed"]


@pytest.mark.parametrize("texts", ["[]", "{}", '["x"]', "1"])
def test_rules_that_are_none_are_told_in_a_sentence(path: Path, texts: str) -> None:
    """Somebody has changed them behind the library's back."""
    behind(path, f"UPDATE policies SET texts = '{texts}'")  # noqa: S608 - no word of a user's
    with pytest.raises(RegisterError) as refused:
        Register.open(path)
    assert refused.value.problems[0].code == "check.rules"


def test_a_person_of_whom_nothing_is_told_shows(path: Path) -> None:
    """No trigger refuses a new person, and one without entries would be counted."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("INSERT INTO patients (patient, salt) VALUES ('p9', 'x')")
    connection.close()
    assert codes(path) == ["untold"]


def test_a_check_ends_after_a_thousand_problems(path: Path) -> None:
    """What is wrong everywhere is told often enough, not without end."""
    with Register.open(path) as register:
        register.record_all(Registered(f"n{number}", "2026-01-05") for number in range(1_100))
    behind(path, "UPDATE entries SET recorded_at = '2020-01-01T00:00:00Z'")
    with Register.open(path) as register:
        problems = check(register)
        assert (len(problems), {problem.code for problem in problems}) == (1_000, {"check.changed"})
        assert not register.db.conn.in_transaction
        assert register.record(Assigned("p1", "2026-02-21", team="C"))


@pytest.mark.parametrize("body", ["[]", "null", "x", "{}", '{"risk":[]}', '{"risk":true}', '{"risk":1e999}'])
def test_an_entry_that_cannot_be_read_is_a_problem_and_no_traceback(path: Path, body: str) -> None:
    """Whatever stands in an entry behind the library's back, the check says so."""
    behind(path, f"UPDATE entries SET body = '{body}' WHERE seq = 4")  # noqa: S608
    found = codes(path)
    assert found[0] == "changed"
    assert set(found[1:]) <= {"unreadable", "dates"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET body = CAST(x'7b2272697368fe223a317d' AS TEXT) WHERE seq = 4",
        "UPDATE entries SET patient = CAST(x'70ff' AS TEXT) WHERE seq = 4",
        "UPDATE personal SET body = CAST(x'7b226e616d65223a22ff227d' AS TEXT)",
        "UPDATE patients SET patient = CAST(x'6eff39' AS TEXT) WHERE patient = 'p1'",
    ],
)
def test_bytes_that_are_no_text_are_found_where_they_stand(path: Path, statement: str) -> None:
    """An entry that cannot even be decoded is named like any other that was changed."""
    behind(path, statement)
    with Register.open(path) as register:
        first = check(register)[0]
        assert (first.code, first.facts["seq"]) == ("check.changed", 1 if "4" not in statement[-4:] else 4)
        assert register.db.conn.text_factory is str


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE due SET due_on = CAST(x'e78e8bff393930313031' AS TEXT)", "due"),
        ("UPDATE standings SET rest = CAST(x'e78e8bff393930313031' AS TEXT)", "standings"),
        ("DROP TABLE due; CREATE TABLE due (a)", "due"),
    ],
)
def test_a_derived_table_that_is_spoilt_is_named_and_made_anew(path: Path, statement: str, table: str) -> None:
    """Nothing is shown of what stands there."""
    before = dumped(path)
    behind(path, *statement.split("; "))
    with Register.open(path) as register:
        assert [str(one) for one in check(register) if one.code != "check.index"][:1] == [
            f'the table "{table}", which is derived, is gone or spoilt; "followup check --repair" makes it anew'
        ]
        assert not [one for one in check(register) if "990101" in str(one)]
        repair(register)
    assert (codes(path), dumped(path)) == ([], before)


def test_a_stamp_that_is_no_text_is_none(path: Path) -> None:
    """It is derived, too."""
    before = dumped(path)
    behind(path, "UPDATE derived SET stamp = CAST(x'ff' AS TEXT)")
    assert (codes(path), dumped(path)) == ([], before)


def test_nothing_is_shown_of_bytes_that_are_no_text(path: Path) -> None:
    """SQLite says what stands there; whoever reads an error is told where to look."""
    behind(path, "UPDATE personal SET body = CAST(x'ff' AS TEXT) || body")
    with Register.open(path) as register:
        with pytest.raises(RegisterError, match="is no text any more") as refused:
            register.ledger("p1")
        assert not [word for word in ("990101", "19900000001") if word in str(refused.value)]


def test_nobody_is_forgotten_in_the_midst_of_a_batch(register: Register) -> None:
    """What a batch wrote could be given up, and an erasure must not be."""
    before = list(register.db.conn.iterdump())
    with register.batch(keep=False):
        register.record(Visited("p1", "2026-02-02", risk=4))
        with pytest.raises(RegisterError, match="in the midst of a batch"):
            register.forget("p1", ON, "request")
        assert len(register.ledger("p1").entries) == 3
    assert list(register.db.conn.iterdump()) == before


def test_no_trace_stays_where_sqlite_moved_a_row(tmp_path: Path) -> None:
    """Pages that were split hold bytes of former rows: they too are gone."""
    path, random = tmp_path / "r.db", Random(7)

    def words(patient: str, most: int) -> str:
        return ("密" if patient == "p1" else "某") * random.randrange(5, most)

    with Register.create(path, load_policy("national-2018")) as register:
        for patient in map("p{}".format, range(6)):
            register.record(Registered(patient, "2026-01-05", name=words(patient, 20), village=words(patient, 200)))
        for number in range(200):
            patient = f"p{random.randrange(6)}"
            note = {"备注": words(patient, 400)}
            register.record(Visited(patient, date(2026, 2, 1) + timedelta(number), risk=1, form=note))
        assert traces(path, "密") == ["密"]
        register.forget("p1", date(2026, 12, 1), "request")
    assert traces(path, "密") == []


def test_whoever_is_forgotten_while_another_reads_is_erased_and_traces_are_told(path: Path) -> None:
    """A program in the midst of reading keeps the former pages: a sentence says so, and with it they go."""
    with Register.open(path) as register, Register.open(path) as other:
        register.db.execute("PRAGMA busy_timeout = 50")
        with snapshot(other.db):
            assert other.ledger("p1").patient == "p1"
            with pytest.raises(RegisterError, match="p1 is erased, but traces may stay in the file"):
                register.forget("p1", ON, "request")
            assert other.ledger("p1").patient == "p1"
            with pytest.raises(RegisterError, match="traces of people who were forgotten may stay"):
                repair(register)
        with pytest.raises(RegisterError, match="was forgotten"):
            other.ledger("p1")
        assert list(check(register)) == []
        assert traces(path, "王某") == ["王某"]
        repair(register)
        assert traces(path, "王某") == []


def test_whoever_is_forgotten_while_another_begins_to_write_is_erased_all_the_same(path: Path) -> None:
    """No sentence asks to forget the person again; that traces may stay is told, and they go with the next repair."""

    def begin(statement: str) -> None:
        if statement == "VACUUM":
            other.db.execute("BEGIN IMMEDIATE")

    with Register.open(path) as register, Register.open(path) as other:
        register.db.execute("PRAGMA busy_timeout = 50")
        register.db.conn.set_trace_callback(begin)
        with pytest.raises(RegisterError, match="p1 is erased, but traces may stay in the file"):
            register.forget("p1", ON, "request")
        register.db.conn.set_trace_callback(None)
        other.db.rollback()
        assert register.size() == 1
        repair(register)
        assert list(check(register)) == []
    assert traces(path, "王某", "990101199001010001", ENTRIES[0].id) == []
