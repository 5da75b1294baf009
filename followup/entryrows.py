"""Entries as rows of a register: appended to the chain, read as ledgers, blanked where a person is forgotten."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, islice
from secrets import token_hex
from typing import Any, Final

from attrs import define
from sqlite_utils import Database

from followup.chain import Head, linked, sealed
from followup.entries import PERSONAL, Entry, canonical
from followup.entryjson import entry_from_json, known_as
from followup.errors import Problem
from followup.ledger import Ledger
from followup.refusals import Refusal
from followup.tables import GUARDS

#: Personal data of an entry, kept apart from its body so that no program reads it by accident.
_APART: Final = (*PERSONAL, "form")
#: By their places in the chain: an index by patient would be read from end to end.
_TOUCHED: Final = "SELECT DISTINCT patient FROM entries NOT INDEXED WHERE seq > ? ORDER BY patient"
_CHUNK: Final = 500
#: More entries than any register has.
_ALL: Final = 1 << 62
_INSERT: Final = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ROW: Final = 'e.seq, e.id, e.patient, e.type, e."on", e.recorded_at, e.body, p.body'
_FROM: Final = "FROM entries e LEFT JOIN personal p ON p.seq = e.seq"


@define
class _Tip:
    """Where the chain ends, and whose entry was written last."""

    seq: int
    digest: str
    patient: str = ""
    salt: str | None = None


def head(db: Database) -> Head:
    """Return how far the chain goes."""
    row = db.execute("SELECT seq, digest FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(0, "") if row is None else Head(*row)


def append(db: Database, entries: Iterable[Entry]) -> list[Refusal]:
    """Write entries to the end of the chain; what is known already is passed over, who was forgotten is refused."""
    last = head(db)
    tip = _Tip(last.entries, last.digest)
    refused: list[Refusal] = []
    for entry in entries:
        if entry.patient != tip.patient:
            tip.patient, tip.salt, forgotten_on = entry.patient, *_salt(db, entry.patient)
        if tip.salt is not None:
            _append(db, tip, tip.salt, entry)
        else:
            refused.append((entry, Problem("patient.forgotten", facts={"patient": entry.patient, "on": forgotten_on})))
    return refused


def _append(db: Database, tip: _Tip, salt: str, entry: Entry) -> None:
    content = entry.content()
    apart = {key: content.pop(key) for key in _APART if key in content}
    personal = canonical(apart) if apart else None
    head_of_row = (entry.id, content.pop("patient"), content.pop("type"), content.pop("on").isoformat())
    row = (*head_of_row, entry.recorded_at, canonical(content))
    digest = linked(tip.digest, sealed(salt, row, personal))
    if db.conn.execute(_INSERT, (tip.seq + 1, *row, digest)).rowcount == 1:  # 0 where a trigger knew it already
        tip.seq, tip.digest = tip.seq + 1, digest
        if personal is not None:
            db.conn.execute("INSERT INTO personal VALUES (?, ?)", (tip.seq, personal))


def _salt(db: Database, patient: str) -> tuple[str | None, str | None]:
    """Return a person's salt, a new one's made, and the day on which the person was forgotten."""
    row = db.execute("SELECT salt, forgotten_on FROM patients WHERE patient = ?", [patient]).fetchone()
    if row is None:
        row = (token_hex(16), None)
        db.execute("INSERT INTO patients (patient, salt) VALUES (?, ?)", [patient, row[0]])
    return row[0], row[1]


def patients(db: Database) -> Iterator[str]:
    """Return the numbers of all who are not forgotten, in order, few at a time."""
    found = [""]
    while found:
        rows = db.execute(
            "SELECT patient FROM patients WHERE patient > ? AND salt IS NOT NULL ORDER BY patient LIMIT ?",
            [found[-1], _CHUNK],
        )
        found = [patient for (patient,) in rows.fetchall()]
        yield from found


def forgotten(db: Database) -> list[tuple[str, str, str]]:
    """Return the tombstones: number, day and reason."""
    rows = db.execute("SELECT patient, forgotten_on, reason FROM patients WHERE salt IS NULL ORDER BY patient")
    return [(patient, on, reason) for patient, on, reason in rows]


def touched(db: Database, since: int) -> Iterator[str]:
    """Return the patients of whom an entry stands after the first `since`, in order."""
    for (patient,) in db.execute(_TOUCHED, [since]):
        yield patient


def read_ledgers(db: Database, wanted: Iterable[str], upto: int = _ALL) -> Iterator[Ledger]:
    """Return the ledgers of patients, told in order; with `upto` of the first so many entries."""
    for patient, rows in read_rows(db, wanted, upto):
        yield Ledger(patient, [entry for _, entry in rows])


def read_rows(db: Database, wanted: Iterable[str], upto: int = _ALL) -> Iterator[tuple[str, list[tuple[int, Entry]]]]:
    """Return each patient's entries with their places in the chain, few patients at a time."""
    waiting = iter(wanted)
    while chunk := list(islice(waiting, _CHUNK)):
        marks = ", ".join("?" * len(chunk))
        rows = select(db, f"WHERE e.patient IN ({marks}) AND e.seq <= ? ORDER BY e.patient", [*chunk, upto])
        for patient, of_one in groupby(rows, key=lambda row: row[1].patient):
            yield patient, list(of_one)


def select(db: Database, where: str, values: Sequence[str | int]) -> list[tuple[int, Entry]]:
    """Return the entries that a condition finds, with their places in the chain."""
    rows = db.execute(f"SELECT {_ROW} {_FROM} {where}", values).fetchall()
    return [(row[0], _entry(row[1:])) for row in rows]


def _entry(row: Sequence[Any]) -> Entry:
    known_id, patient, kind, on, recorded_at, body, personal = row
    content: dict[str, Any] = json.loads(body)
    if personal:
        content |= json.loads(personal)
    found = entry_from_json({**content, "type": kind, "patient": patient, "on": on, "recorded_at": recorded_at})
    return known_as(found, known_id)


def blank(db: Database, patient: str, on: date, reason: str) -> None:
    """Leave of a person's entries their seals alone, and of the person a tombstone."""
    (salt,) = db.execute("SELECT salt FROM patients WHERE patient = ?", [patient]).fetchone()
    rows = db.execute(f"SELECT {_ROW} {_FROM} WHERE e.patient = ?", [patient]).fetchall()
    for name in GUARDS:
        db.execute(f"DROP TRIGGER {name}")
    for seq, *row, personal in rows:
        seal = sealed(salt, row, personal)
        blanked = (seal[:20], "forgotten", on.isoformat(), canonical({"seal": seal}), seq)
        db.execute("DELETE FROM personal WHERE seq = ?", [seq])
        db.execute('UPDATE entries SET id = ?, type = ?, "on" = ?, recorded_at = NULL, body = ? WHERE seq = ?', blanked)
    tombstone = [on.isoformat(), reason, patient]
    db.execute("UPDATE patients SET salt = NULL, forgotten_on = ?, reason = ? WHERE patient = ?", tombstone)
    for statement in GUARDS.values():
        db.execute(statement)
