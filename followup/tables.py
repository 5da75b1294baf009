"""A register's file: its tables, how it is opened, and what SQLite says in a sentence that helps."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlite_utils import Database, Migrations

from followup.errors import Problem, RegisterError

migrations = Migrations("followup")

#: "folu": how SQLite's own header says that a file is a register.
OURS: Final = 0x666F6C75


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


def connected(place: str | Path | sqlite3.Connection) -> Database:
    """Return the open database of a path or a connection, foreign keys checked."""
    db = Database(str(place.absolute()) if isinstance(place, Path) else place)
    db.execute("PRAGMA foreign_keys = ON")
    return db


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """Write all that happens within, or nothing of it; nobody else writes meanwhile."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


@contextmanager
def sentences_of_sqlite(place: object = "") -> Iterator[None]:
    """Say what SQLite says in a sentence that helps."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = next((code for words, code in _SAID.items() if words in str(error)), "register.damaged")
        raise RegisterError(Problem(code, facts={"path": place, "reason": error})) from None


_SAID: Final = {
    "locked": "register.busy",
    "readonly": "register.readonly",
    "unable to open": "register.folder",
    "not a database": "register.foreign",
}
