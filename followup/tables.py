"""A register's tables and triggers, and how those of an earlier release become them."""

import json
from collections.abc import Iterable
from hashlib import sha256
from secrets import token_hex
from typing import Final

from sqlite_utils import Database, Migrations

from followup.canonical import canonical
from followup.chain import linked, sealed
from followup.errors import Problem, RegisterError
from followup.storage import OURS

migrations = Migrations("followup")

#: The table that tells by what the others were derived.
STAMPED: Final = """
    CREATE TABLE IF NOT EXISTS derived (one INTEGER PRIMARY KEY CHECK (one = 1), stamp TEXT NOT NULL) STRICT
"""

#: The indexes of what is derived: dropped and made again where all of it is.
INDEXES: Final = {
    "standings_of_patient": "CREATE INDEX standings_of_patient ON standings (patient)",
    "standings_first": "CREATE INDEX standings_first ON standings (from_on, patient) WHERE first",
    "likenesses_of_patient": "CREATE INDEX likenesses_of_patient ON likenesses (patient)",
}


def _written_once(table: str, key: str, said: str) -> dict[str, str]:
    """Return the triggers that let rows be added to a table, and neither replaced nor changed nor deleted."""
    refused = f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
    there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 - no word of a user's
    return {
        f"{table}_written_once": f"CREATE TRIGGER {table}_written_once BEFORE INSERT ON {table} {there} {refused}",
        f"{table}_unchanged": f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table} {refused}",
        f"{table}_undeleted": f"CREATE TRIGGER {table}_undeleted BEFORE DELETE ON {table} {refused}",
    }


_TAKE_BACK: Final = 'entries are never changed; take one back with "retracted"'
#: What refuses that anybody changes a row of the directory of teams: it is written once, and read.
_DIRECTORY_GUARDS: Final = _written_once(
    "directory", "seq", "rows of teams are never changed; import a row that corrects or withdraws it"
)
#: What refuses that anybody changes a fact, a rule or the audit: they are written once, and read.
_FACT_GUARDS: Final = {
    **_written_once("entries", "seq", _TAKE_BACK),
    # What is known already is passed over; an INSERT OR REPLACE would delete without asking the other triggers.
    "entries_written_once": """
        CREATE TRIGGER entries_written_once BEFORE INSERT ON entries
        BEGIN SELECT CASE
            WHEN EXISTS (SELECT 1 FROM entries WHERE patient = NEW.patient AND id = NEW.id) THEN RAISE(IGNORE)
            WHEN NEW.seq <= (SELECT max(seq) FROM entries) THEN RAISE(ABORT, 'entries are never replaced')
        END; END
    """,
    **_written_once("personal", "seq", "entries are never changed; a person is forgotten as a whole"),
    **_written_once("patients", "patient", "patients are never changed"),
    **_written_once("policies", "adopted_from", "policies are never changed; adopt another one"),
    **_written_once("notices", "seq", "notices are never changed; enter another one"),
    **_written_once("audit", "seq", "the audit is never changed"),
}
#: The triggers of a register that knew no withdrawal.
_EARLIER_GUARDS: Final = _FACT_GUARDS | _DIRECTORY_GUARDS
#: Every trigger that a register has.
GUARDS: Final = {
    **_EARLIER_GUARDS,
    **_written_once("policies", "seq", "policies are never changed; adopt another one"),
    **_written_once("withdrawals", "policy", "withdrawals are never changed; adopt the policy anew"),
}


@migrations()
def first_tables(db: Database) -> None:
    """Entries, the personal fields apart from them, and the policy."""
    for statement in _TABLES:
        db.execute(statement)


@migrations()
def changes_of_policy(db: Database) -> None:
    """When each policy was recorded, the holiday notices, and by what the kept dates were derived."""
    for statement in _CHANGES:
        db.execute(statement)


@migrations()
def append_only(db: Database) -> None:
    """Entries that nobody changes, a chain that lets each person be forgotten, and who wrote what."""
    for statement in _MOVED_ASIDE:
        db.execute(statement)
    for statement in _APPEND_ONLY:
        db.execute(statement)
    _seal_anew(db)
    for statement in (*_MOVED_OVER, *_FACT_GUARDS.values()):
        db.execute(statement)


@migrations()
def directory_of_teams(db: Database) -> None:
    """Teams and their members, dated, each row in a chain of hashes."""
    for statement in _DIRECTORY:
        db.execute(statement)
    # What guards the other tables was less before.
    for statement in (*_unguarded(_EARLIER_GUARDS), *_EARLIER_GUARDS.values()):
        db.execute(statement)


@migrations()
def withdrawn_policies(db: Database) -> None:
    """Which adoptions were withdrawn before their day; another policy may then be adopted for it."""
    for statement in (*_unguarded(_EARLIER_GUARDS), *_WITHDRAWALS, *GUARDS.values()):
        db.execute(statement)


@migrations()
def dates_by_team(db: Database) -> None:
    """Dates kept beside the ledger, in the order in which lists ask for them; whoever opens it derives them."""
    for statement in _KEPT:
        db.execute(statement)


@migrations()
def standings_by_team(db: Database) -> None:
    """How people stand, team by team as what is due; who is asked to a visit in one column."""
    for statement in _KEPT:
        db.execute(statement)


def _unguarded(guards: Iterable[str]) -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {name}" for name in guards]


def _seal_anew(db: Database) -> None:
    """Write the entries of an earlier release over, each with a seal by its person's own salt."""
    before, former, salts = "", "", dict[str, str]()
    for seq, entry_id, patient, kind, on, recorded_at, body, personal, salt, digest in db.execute(_FORMER):
        _check_former(former, (entry_id, patient, kind, on, recorded_at, body), personal, salt, digest)
        former = digest
        if patient not in salts:
            salts[patient] = token_hex(16)
            db.execute("INSERT INTO patients (patient, salt) VALUES (?, ?)", [patient, salts[patient]])
        content = json.loads(body)
        content.pop("personal", None)
        row = (entry_id, patient, kind, on, recorded_at, canonical(content))
        before = linked(before, sealed(salts[patient], row, personal))
        db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [seq, *row, before])
        if personal:
            db.execute("INSERT INTO personal VALUES (?, ?)", [seq, personal])


def _check_former(before: str, row: tuple[str, ...], personal: str | None, salt: str, digest: str) -> None:
    """Refuse to seal an entry anew that was changed: it would pass for genuine."""
    apart = json.loads(row[5]).get("personal")
    is_whole = apart is None or apart == sha256(f"{salt}{personal}".encode()).hexdigest()
    if not is_whole or sha256(canonical([before, *row]).encode()).hexdigest() != digest:
        raise RegisterError(Problem("register.altered", facts={"patient": row[1], "entry": row[0][:8]}))


def spoilt_tables(db: Database) -> list[str]:
    """Return which tables of what is derived are gone, or have other columns."""
    made = _made()
    return [table for table in _DERIVED if _columns(db, table) != _columns(made, table)]


def _made() -> Database:
    made = Database(memory=True)
    migrations.apply(made)
    return made


def _columns(db: Database, table: str) -> list[str]:
    return [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})").fetchall()]


def missing_indexes(db: Database) -> dict[str, str]:
    """Return the indexes that a register should have and this one has not (or others), with what makes them."""
    made = _made()
    indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    there = dict(db.execute(indexes).fetchall())
    return {name: sql for name, sql in made.execute(indexes).fetchall() if there.get(name) != sql}


def is_of_a_later_release(db: Database) -> bool:
    """Say whether the tables are of a release that this one knows nothing of."""
    known = {step.name for step in migrations.pending(Database(memory=True))}
    return not known >= {step.name for step in migrations.applied(db)}


_DIRECTORY: Final = (
    # Of rows with one key the last counts; area is that of a team.
    """
    CREATE TABLE directory (
        seq INTEGER PRIMARY KEY, team TEXT NOT NULL, area TEXT, body TEXT NOT NULL, recorded_at TEXT,
        digest TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX directory_of_team ON directory (team, seq)",
    "CREATE INDEX directory_of_area ON directory (area, team) WHERE area IS NOT NULL",
)
_CHANGES: Final = (
    "ALTER TABLE policies ADD COLUMN recorded_at TEXT",
    """
    CREATE TABLE notices (
        seq INTEGER PRIMARY KEY, year INTEGER NOT NULL, text TEXT NOT NULL, recorded_at TEXT
    ) STRICT
    """,
    STAMPED,
)
_TABLES: Final = (
    f"PRAGMA application_id = {OURS}",
    """
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, patient TEXT NOT NULL, type TEXT NOT NULL,
        "on" TEXT NOT NULL, recorded_at TEXT, body TEXT NOT NULL, digest TEXT NOT NULL
    ) STRICT
    """,
    'CREATE INDEX entries_by_patient ON entries (patient, "on")',
    "CREATE TABLE personal (id TEXT PRIMARY KEY REFERENCES entries (id), salt TEXT, body TEXT NOT NULL) STRICT",
    "CREATE TABLE policies (adopted_from TEXT PRIMARY KEY, id TEXT, version TEXT, duties_from TEXT, texts TEXT) STRICT",
)
_WITHDRAWALS: Final = (
    "ALTER TABLE policies RENAME TO former_policies",
    """
    CREATE TABLE policies (
        seq INTEGER PRIMARY KEY, adopted_from TEXT NOT NULL, id TEXT, version TEXT, duties_from TEXT, texts TEXT,
        recorded_at TEXT
    ) STRICT
    """,
    """
    INSERT INTO policies (adopted_from, id, version, duties_from, texts, recorded_at)
    SELECT adopted_from, id, version, duties_from, texts, recorded_at FROM former_policies ORDER BY adopted_from
    """,
    "DROP TABLE former_policies",
    """
    CREATE TABLE withdrawals (
        policy INTEGER PRIMARY KEY REFERENCES policies (seq), reason TEXT NOT NULL, recorded_at TEXT
    ) STRICT
    """,
)
_MOVED_ASIDE: Final = (
    "ALTER TABLE entries RENAME TO former_entries",
    "ALTER TABLE personal RENAME TO former_personal",
)
_FORMER: Final = """
    SELECT e.seq, e.id, e.patient, e.type, e."on", e.recorded_at, e.body, p.body, p.salt, e.digest
    FROM former_entries e LEFT JOIN former_personal p ON p.id = e.id ORDER BY e.seq
"""
_MOVED_OVER: Final = ("DROP TABLE former_personal", "DROP TABLE former_entries")
_APPEND_ONLY: Final = (
    """
    CREATE TABLE entries (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL, patient TEXT NOT NULL, type TEXT NOT NULL,
        "on" TEXT NOT NULL, recorded_at TEXT, body TEXT NOT NULL, digest TEXT NOT NULL
    ) STRICT
    """,
    "CREATE TABLE personal (seq INTEGER PRIMARY KEY REFERENCES entries (seq), body TEXT NOT NULL) STRICT",
    # With one index by patient an import of people one after the other stays quick, however many there are.
    "CREATE UNIQUE INDEX entries_of_patient ON entries (patient, id)",
    # Who is forgotten has no salt any more: without it no seal tells anything.
    """
    CREATE TABLE patients (
        patient TEXT PRIMARY KEY, salt TEXT, forgotten_on TEXT, reason TEXT,
        CHECK ((salt IS NULL) = (forgotten_on IS NOT NULL))
    ) STRICT, WITHOUT ROWID
    """,
    # One row a transaction: the entries up to `entries` that no earlier row counts were written by it.
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, author TEXT, program TEXT NOT NULL, action TEXT NOT NULL,
        subject TEXT, entries INTEGER NOT NULL, head TEXT NOT NULL, digest TEXT NOT NULL
    ) STRICT
    """,
)
#: What is derived. What is kept of a team stands together, and a patient's among it: a list reads few pages, and a
#: record writes few. Who has no team has a line break for one, which no team has in it.
_DERIVED: Final = {
    "due": """
    CREATE TABLE due (
        patient TEXT, from_on TEXT, until_on TEXT, team TEXT, village TEXT, kind TEXT, opens_on TEXT, due_on TEXT,
        plan_on TEXT, risk INTEGER, stability TEXT, company TEXT,
        PRIMARY KEY (team, patient, from_on, kind)
    ) STRICT, WITHOUT ROWID
    """,
    "standings": """
    CREATE TABLE standings (
        patient TEXT, from_on TEXT, until_on TEXT, first INTEGER, team TEXT,
        rest TEXT, opens_on TEXT, due_on TEXT, PRIMARY KEY (team, patient, from_on)
    ) STRICT, WITHOUT ROWID
    """,
    "likenesses": """
    CREATE TABLE likenesses (likeness TEXT, patient TEXT, PRIMARY KEY (likeness, patient)) STRICT, WITHOUT ROWID
    """,
}
#: Those tables, empty and without indexes, whether they were there or not.
EMPTIED: Final = (*(f"DROP TABLE IF EXISTS {table}" for table in _DERIVED), *_DERIVED.values())
_KEPT: Final = (*EMPTIED, *INDEXES.values(), "DELETE FROM derived")
