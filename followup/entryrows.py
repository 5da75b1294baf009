"""Entries as rows of a register: appended to the chain, read as ledgers, blanked where a person is forgotten."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from secrets import token_hex
from typing import Any, Final

from attrs import define
from sqlite_utils import Database

from followup.canonical import canonical
from followup.chain import Head, linked, sealed
from followup.entries import Entry
from followup.entryjson import entry_from_texts
from followup.errors import Problem, RegisterError, shown
from followup.ledger import Ledger
from followup.tables import GUARDS

#: By their places in the chain: an index by patient would be read from end to end.
_TOUCHED: Final = "INSERT INTO touched SELECT DISTINCT patient FROM entries NOT INDEXED WHERE seq > ?"
_LIVING: Final = "SELECT patient FROM patients WHERE patient > ? AND salt IS NOT NULL ORDER BY patient LIMIT ?"
_VILLAGE: Final = "json_extract(body, '$.village')"
_VILLAGES: Final = f"FROM entries WHERE type IN ('registered', 'assigned') AND {_VILLAGE}"
_CHUNK: Final = 50
#: More entries than any register has.
_ALL: Final = 1 << 62
_INSERT: Final = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BLANK: Final = 'UPDATE entries SET id = ?, patient = ?, type = ?, "on" = ?, recorded_at = ?, body = ? WHERE seq = ?'
_GUARDS_OF_INSERTS: Final = """
    SELECT name, sql FROM sqlite_master WHERE type = 'trigger'
    AND name IN ('entries_written_once', 'personal_written_once', 'patients_written_once')
"""
_KNOWN: Final = "SELECT 1 FROM entries INDEXED BY entries_of_patient WHERE patient = ? AND id = ?"
_PATIENT: Final = itemgetter(2)
_ROW: Final = 'SELECT e.seq, e.id, e.patient, e.type, e."on", e.recorded_at, e.body'
_WHOLE: Final = f"{_ROW}, p.body FROM entries e LEFT JOIN personal p ON p.seq = e.seq"
#: Without what says who somebody is.
_NAMELESS: Final = f"{_ROW}, NULL FROM entries e"


@define
class Tip:
    """Where the chain ends."""

    seq: int
    digest: str


def head(db: Database) -> Head:
    """Return how far the chain goes."""
    row = db.execute("SELECT seq, digest FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(0, "") if row is None else Head(*row)


def tip(db: Database) -> Tip:
    """Return where the chain ends, for whoever appends to it."""
    last = head(db)
    return Tip(last.entries, last.digest)


def append(db: Database, at: Tip, salt: str, told: Iterable[Entry], known: set[str]) -> list[Entry]:
    """Write one person's entries to the end of the chain, `at`, which moves on; return those whose ids are not known.

    Their ids are known then.
    """
    rows, apart, added = [], [], []
    seq, digest = at.seq, at.digest
    for entry in told:
        entry_id = entry.id
        if entry_id in known:
            continue
        known.add(entry_id)
        added.append(entry)
        personal, body = entry.texts()
        row = (entry_id, entry.patient, entry.type, entry.on.isoformat(), entry.recorded_at, body)
        seq, digest = seq + 1, linked(digest, sealed(salt, row, personal))
        rows.append((seq, *row, digest))
        if personal is not None:
            apart.append((seq, personal))
    at.seq, at.digest = seq, digest
    db.conn.executemany(_INSERT, rows)
    db.conn.executemany("INSERT INTO personal VALUES (?, ?)", apart)
    return added


def lift_guards(db: Database) -> list[str]:
    """Let rows be added without a look at those that are there already; return what guards them again.

    For a transaction alone, in which nobody else writes: what is known and who is known its own program looks up.
    """
    guards = db.execute(_GUARDS_OF_INSERTS).fetchall()
    for name, _ in guards:
        db.execute(f"DROP TRIGGER {name}")
    return [statement for _, statement in guards]


def known_among(db: Database, patient: str, told: Iterable[Entry]) -> set[str]:
    """Return the ids of those of a person's entries that are known."""
    return {entry.id for entry in told if db.conn.execute(_KNOWN, (patient, entry.id)).fetchone()}


def salt_of(db: Database, patient: str) -> tuple[str | None, str | None, bool]:
    """Return a person's salt, or the day on which the person was forgotten; and whether the person is new."""
    row = db.conn.execute("SELECT salt, forgotten_on FROM patients WHERE patient = ?", [patient]).fetchone()
    if row is not None:
        return row[0], row[1], False
    salt = token_hex(16)
    db.conn.execute("INSERT INTO patients (patient, salt) VALUES (?, ?)", [patient, salt])
    return salt, None, True


def owner_of(db: Database, entry_id: str) -> str | None:
    """Return whose entry an id is."""
    row = db.execute("SELECT patient FROM entries INDEXED BY entries_of_patient WHERE id = ?", [entry_id]).fetchone()
    return None if row is None else str(row[0])


def patients(db: Database) -> Iterator[str]:
    """Return the numbers of all who are not forgotten, in order."""
    return _pages(db, _LIVING)


def people_of(db: Database, village: str) -> list[str]:
    """Return the numbers of all who were ever of a village."""
    rows = db.execute(f"SELECT DISTINCT patient {_VILLAGES} = ?", [village])
    return [patient for (patient,) in rows]


def villages(db: Database) -> list[str]:
    """Return the villages that people were ever of, by their names."""
    rows = db.execute(f"SELECT DISTINCT {_VILLAGE} {_VILLAGES} IS NOT NULL ORDER BY 1")
    return [village for (village,) in rows]


def _pages(db: Database, query: str) -> Iterator[str]:
    """Return patients few at a time: a question that stays open would lock its tables."""
    found = [""]
    while found:
        found = [patient for (patient,) in db.execute(query, [found[-1], _CHUNK]).fetchall()]
        yield from found


def forgotten(db: Database) -> list[tuple[str, str, str]]:
    """Return the tombstones: number, day and reason."""
    rows = db.execute("SELECT patient, forgotten_on, reason FROM patients WHERE salt IS NULL ORDER BY patient")
    return [(patient, on, reason) for patient, on, reason in rows]


def touched(db: Database, since: int) -> Iterator[str]:
    """Return the patients of whom an entry stands after the first `since`, in order."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS touched (patient TEXT PRIMARY KEY) WITHOUT ROWID")
    db.execute("DELETE FROM touched")
    db.execute(_TOUCHED, [since])
    yield from _pages(db, "SELECT patient FROM touched WHERE patient > ? ORDER BY patient LIMIT ?")


def read_ledgers(db: Database, wanted: Iterable[str], upto: int = _ALL, *, named: bool = True) -> Iterator[Ledger]:
    """Return the ledgers of patients, told in order; with `upto` of the first so many entries.

    Where they need not be `named`, nothing is read that is kept apart from the rest, names among it.
    """
    for patient, rows in _rows(db, wanted, upto, _WHOLE if named else _NAMELESS):
        yield Ledger(patient, [_entry(row) for row in rows])


def read_rows(
    db: Database, wanted: Iterable[str], upto: int = _ALL, *, named: bool = True
) -> Iterator[tuple[str, list[tuple[int, Entry]]]]:
    """Return each patient's entries with their places in the chain."""
    for patient, rows in _rows(db, wanted, upto, _WHOLE if named else _NAMELESS):
        yield patient, [(row[0], _entry(row)) for row in rows]


def _rows(db: Database, wanted: Iterable[str], upto: int, what: str) -> Iterator[tuple[str, Iterator[Any]]]:
    """Return the rows of each patient, few patients at a time."""
    waiting = iter(wanted)
    while chunk := list(islice(waiting, _CHUNK)):
        marks = ", ".join("?" * len(chunk))
        where = f"WHERE e.patient IN ({marks}) AND e.seq <= ? AND e.type <> 'forgotten' ORDER BY e.patient"
        rows = db.execute(f"{what} {where}", [*chunk, upto]).fetchall()
        yield from groupby(rows, key=_PATIENT)


def select(db: Database, where: str, values: Sequence[str | int]) -> list[tuple[int, Entry]]:
    """Return the entries that a condition finds, with their places in the chain."""
    rows = db.execute(f"{_WHOLE} {where}", values).fetchall()
    return [(row[0], _entry(row)) for row in rows]


def _entry(row: Sequence[Any]) -> Entry:
    _, known_id, patient, kind, on, recorded_at, body, personal = row
    try:
        return entry_from_texts(kind, (patient, on, recorded_at), body, personal, known_id)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # damaged, or changed behind our back
        raise RegisterError(Problem("check.unreadable", facts={"patient": shown(patient)})) from None


def blanked(patient: str, seal: str, on: str | None) -> list[str | None]:
    """Return the row that is left of an entry of somebody who was forgotten on a day: id, patient, type and so on."""
    return [f"~{seal[:19]}", patient, "forgotten", on, None, canonical({"seal": seal})]


def blank(db: Database, patient: str, on: date, reason: str) -> int:
    """Leave of a person's entries their seals alone, and of the person a tombstone; return how many there were."""
    (salt,) = db.execute("SELECT salt FROM patients WHERE patient = ?", [patient]).fetchone()
    rows = db.execute(f"{_WHOLE} WHERE e.patient = ?", [patient]).fetchall()
    for name in GUARDS:
        db.execute(f"DROP TRIGGER {name}")
    for seq, *row, personal in rows:
        seal = sealed(salt, row, personal)
        db.execute("DELETE FROM personal WHERE seq = ?", [seq])
        db.execute(_BLANK, [*blanked(patient, seal, on.isoformat()), seq])
    tombstone = [on.isoformat(), reason, patient]
    db.execute("UPDATE patients SET salt = NULL, forgotten_on = ?, reason = ? WHERE patient = ?", tombstone)
    for statement in GUARDS.values():
        db.execute(statement)
    return len(rows)
