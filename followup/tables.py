"""A register's tables and triggers, and how those of an earlier release become them."""

import json
from hashlib import sha256
from secrets import token_hex
from typing import Final

from sqlite_utils import Database, Migrations

from followup.chain import linked, sealed
from followup.entries import canonical
from followup.errors import Problem, RegisterError
from followup.storage import OURS

migrations = Migrations("followup")

#: The indexes of what is derived: dropped and made again where all of it is.
INDEXES: Final = {
    "standings_by_team": "CREATE INDEX standings_by_team ON standings"
    " (team, from_on, until_on, rest, opens_on, due_on)",
    "standings_first": "CREATE INDEX standings_first ON standings (from_on, patient) WHERE first",
    "due_by_team": "CREATE INDEX due_by_team ON due (team, opens_on, from_on, until_on)",
    "likenesses_of_patient": "CREATE INDEX likenesses_of_patient ON likenesses (patient)",
    "due_by_day": "CREATE INDEX due_by_day ON due (opens_on, from_on, until_on)",
}
#: What refuses that anybody changes a row of the directory of teams: it is written once, and read.
_DIRECTORY_GUARDS: Final = {
    "directory_written_once": """
        CREATE TRIGGER directory_written_once BEFORE INSERT ON directory
        WHEN NEW.seq <= (SELECT max(seq) FROM directory)
        BEGIN SELECT RAISE(ABORT, 'rows of teams are never replaced'); END
    """,
    "directory_unchanged": """
        CREATE TRIGGER directory_unchanged BEFORE UPDATE ON directory
        BEGIN SELECT RAISE(ABORT, 'rows of teams are never changed; import a row that corrects it'); END
    """,
    "directory_undeleted": """
        CREATE TRIGGER directory_undeleted BEFORE DELETE ON directory
        BEGIN SELECT RAISE(ABORT, 'rows of teams are never deleted; import a row that withdraws it'); END
    """,
}
#: What refuses that anybody changes a fact: entries and the audit are written once, and read.
_FACT_GUARDS: Final = {
    # What is known already is passed over; an INSERT OR REPLACE would delete without asking the triggers below.
    "entries_written_once": """
        CREATE TRIGGER entries_written_once BEFORE INSERT ON entries
        BEGIN SELECT CASE
            WHEN EXISTS (SELECT 1 FROM entries WHERE patient = NEW.patient AND id = NEW.id) THEN RAISE(IGNORE)
            WHEN NEW.seq <= (SELECT max(seq) FROM entries) THEN RAISE(ABORT, 'entries are never replaced')
        END; END
    """,
    "entries_unchanged": """
        CREATE TRIGGER entries_unchanged BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'entries are never changed; take one back with "retracted"'); END
    """,
    "entries_undeleted": """
        CREATE TRIGGER entries_undeleted BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'entries are never deleted; take one back with "retracted"'); END
    """,
    "personal_unchanged": """
        CREATE TRIGGER personal_unchanged BEFORE UPDATE ON personal
        BEGIN SELECT RAISE(ABORT, 'entries are never changed; record "amended"'); END
    """,
    "personal_undeleted": """
        CREATE TRIGGER personal_undeleted BEFORE DELETE ON personal
        BEGIN SELECT RAISE(ABORT, 'a person is forgotten as a whole'); END
    """,
    "personal_written_once": """
        CREATE TRIGGER personal_written_once BEFORE INSERT ON personal
        WHEN EXISTS (SELECT 1 FROM personal WHERE seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'entries are never replaced'); END
    """,
    "audit_written_once": """
        CREATE TRIGGER audit_written_once BEFORE INSERT ON audit
        WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
        BEGIN SELECT RAISE(ABORT, 'the audit is never replaced'); END
    """,
    "patients_unchanged": """
        CREATE TRIGGER patients_unchanged BEFORE UPDATE ON patients
        BEGIN SELECT RAISE(ABORT, 'patients are never changed'); END
    """,
    "patients_undeleted": """
        CREATE TRIGGER patients_undeleted BEFORE DELETE ON patients
        BEGIN SELECT RAISE(ABORT, 'patients are never deleted'); END
    """,
    "policies_unchanged": """
        CREATE TRIGGER policies_unchanged BEFORE UPDATE ON policies
        BEGIN SELECT RAISE(ABORT, 'policies are never changed; adopt another one'); END
    """,
    "policies_undeleted": """
        CREATE TRIGGER policies_undeleted BEFORE DELETE ON policies
        BEGIN SELECT RAISE(ABORT, 'policies are never deleted'); END
    """,
    "audit_unchanged": """
        CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END
    """,
    "audit_undeleted": """
        CREATE TRIGGER audit_undeleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END
    """,
}
#: Every trigger that a register has.
GUARDS: Final = _FACT_GUARDS | _DIRECTORY_GUARDS


@migrations()
def first_tables(db: Database) -> None:
    """Entries, the personal fields apart from them, the policy, and the dates kept beside the ledger."""
    for statement in _TABLES:
        db.execute(statement)


@migrations()
def changes_of_policy(db: Database) -> None:
    """When each policy was recorded, the holiday notices, and by what the kept dates were derived."""
    for statement in _CHANGES:
        db.execute(statement)


@migrations()
def append_only(db: Database) -> None:
    """Entries that nobody changes, a chain that lets each person be forgotten, who wrote what, and whole lines kept."""
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
    for statement in (*_DIRECTORY, *_DIRECTORY_GUARDS.values()):
        db.execute(statement)


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
    "CREATE TABLE derived (one INTEGER PRIMARY KEY CHECK (one = 1), stamp TEXT NOT NULL) STRICT",
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
    """
    CREATE TABLE standings (
        patient TEXT, from_on TEXT, until_on TEXT, first INTEGER, team TEXT,
        rest TEXT, opens_on TEXT, due_on TEXT, PRIMARY KEY (patient, from_on)
    ) STRICT
    """,
    "CREATE INDEX standings_by_team ON standings (team, from_on, until_on, rest, opens_on, due_on)",
    "CREATE INDEX standings_first ON standings (from_on, patient) WHERE first",
    """
    CREATE TABLE due (
        patient TEXT, from_on TEXT, until_on TEXT, team TEXT, kind TEXT, opens_on TEXT, due_on TEXT,
        PRIMARY KEY (patient, from_on, kind)
    ) STRICT
    """,
    "CREATE INDEX due_by_team ON due (team, opens_on, due_on, from_on, until_on, patient)",
    "CREATE INDEX due_by_day ON due (opens_on, due_on, from_on, until_on, patient)",
)

_MOVED_ASIDE: Final = (
    "ALTER TABLE entries RENAME TO former_entries",
    "ALTER TABLE personal RENAME TO former_personal",
    "DROP TABLE due",
    "DROP TABLE standings",
    "DELETE FROM derived",
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
    """
    CREATE TABLE standings (
        patient TEXT, from_on TEXT, until_on TEXT, first INTEGER, team TEXT,
        rest TEXT, opens_on TEXT, due_on TEXT, PRIMARY KEY (patient, from_on)
    ) STRICT
    """,
    """
    CREATE TABLE due (
        patient TEXT, from_on TEXT, until_on TEXT, team TEXT, village TEXT, kind TEXT, opens_on TEXT, due_on TEXT,
        plan_on TEXT, risk INTEGER, stability TEXT, roles TEXT, invited TEXT, missing_roles TEXT, modes TEXT,
        PRIMARY KEY (patient, from_on, kind)
    ) STRICT
    """,
    "CREATE TABLE likenesses (likeness TEXT, patient TEXT, PRIMARY KEY (likeness, patient)) STRICT, WITHOUT ROWID",
    *INDEXES.values(),
)
