"""The ledger of everyone in one SQLite file, with the dates that it gives kept beside it.

Dates are written in the transaction of the entry that moved them. They depend on entries and rules in
force alone, so they are kept for spans of days: from the patient's last entry on, and anew from each day
on which a rule comes into force. What depends on the day (status, bucket) is never stored. A list for a
day before a patient's last entry is made from the ledger itself.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Self

from attrs import evolve, frozen
from sqlite_utils import Database

from followup.case import Case, case_on
from followup.duevisit import bucket
from followup.entries import PERSONAL, Entry, Registered, Retracted
from followup.entryjson import entry_from_json, known_as, shown_id
from followup.errors import Problem, RegisterError, shown
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.policyfile import policy_from_texts
from followup.schedule import lines, resting
from followup.tables import OURS, connected, migrations, sentences_of_sqlite
from followup.terms import Bucket
from followup.worklist import WorkLine, WorkList, work_lines

#: No day is after it: the end of a span that has none, so that spans compare as text.
_FOREVER: Final = "9999-12-31"
#: Personal data of an entry, kept apart from its body so that a person can be forgotten.
_APART: Final = (*PERSONAL, "form")


@frozen(eq=False)
class Register:
    """Everyone's ledger, and today's list at the cost of what is on it.

    >>> from followup import load_policy
    >>> register = Register.create(":memory:", load_policy("national-2018"))
    >>> register.record(Registered("p1", "2026-11-02", team="Qingxi"))
    True
    >>> [str(line.due.due_on) for line in register.worklist(date(2026, 11, 16)).lines]
    ['2026-11-16']
    """

    db: Database
    policy: Policy

    @classmethod
    def create(
        cls, place: str | Path | sqlite3.Connection, policy: Policy, duties_from: date | None = None
    ) -> "Register":
        """Make a new register (a file of mode 0600, or in an open connection) and return it, open.

        Raises `RegisterError` where there is something already.
        """
        if not isinstance(place, sqlite3.Connection) and place != ":memory:":
            try:
                os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                raise RegisterError(Problem("register.exists", facts={"path": place})) from None
            except OSError:
                raise RegisterError(Problem("register.folder", facts={"path": place})) from None
        db = connected(place)
        if db.table_names():
            raise RegisterError(Problem("register.exists", facts={"path": place}))
        with sentences_of_sqlite():
            migrations.apply(db)
            row = ("1900-01-01", policy.id, policy.version, _iso(duties_from), json.dumps(policy.texts))
            with db.atomic():
                db.execute("INSERT INTO policies VALUES (?, ?, ?, ?, ?)", row)
        return cls(db, evolve(policy, duties_from=duties_from))

    @classmethod
    def open(cls, place: str | Path | sqlite3.Connection) -> "Register":
        """Open a register by its path or in an open connection; the policy is the one it was made with.

        Raises `RegisterError` where there is none.
        """
        if not isinstance(place, sqlite3.Connection) and not Path(place).is_file():
            raise RegisterError(Problem("register.missing", facts={"path": place}))
        with sentences_of_sqlite(place):
            db = connected(place)
            if db.execute("PRAGMA application_id").fetchone() != (OURS,):
                raise RegisterError(Problem("register.foreign", facts={"path": place}))
            texts, duties_from = db.execute("SELECT texts, duties_from FROM policies").fetchone()
        policy = policy_from_texts(json.loads(texts))
        return cls(db, evolve(policy, duties_from=None if duties_from is None else date.fromisoformat(duties_from)))

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, entry: Entry) -> bool:
        """Record one entry and the dates it moves; False where it is known already."""
        return self.record_all([entry]) == 1

    def record_all(self, entries: Iterable[Entry]) -> int:
        """Record entries, and the dates they move, all or none; return how many were new.

        Raises `RegisterError` with every problem (see `problems`); then nothing is recorded.
        """
        entries = list(entries)
        with self._writing():
            problems = [problem for _, problem in self.problems(entries)]
            if problems:
                raise RegisterError(problems)
            new = [entry for entry in entries if self._append(entry)]
            for patient in dict.fromkeys(entry.patient for entry in new):
                self._keep(patient)
        return len(new)

    def problems(self, entries: Sequence[Entry]) -> list[tuple[int, Problem]]:
        """Return what the register cannot take, each with its place among the entries.

        An unknown patient, a second registration of other content, a retraction of nothing.
        """
        registered = {e.patient for e in entries if isinstance(e, Registered)}
        here = {entry.id: entry.patient for entry in entries}
        found: list[tuple[int, Problem]] = []
        for place, entry in enumerate(entries):
            if entry.patient not in registered and not self._is_known(entry.patient):
                found.append((place, Problem("patient.unknown", facts={"patient": shown(entry.patient)})))
            elif isinstance(entry, Retracted):
                found += [(place, problem) for problem in self._retraction_problems(entry, here)]
        return [*found, *self._registration_problems(entries)]

    def ledger(self, patient: str) -> Ledger:
        """Return everything recorded of one patient; `RegisterError` for an unknown one."""
        for ledger in self.ledgers([patient]):
            return ledger
        raise RegisterError(Problem("patient.unknown", facts={"patient": shown(patient)}))

    def ledgers(self, patients: Iterable[str] | None = None) -> Iterator[Ledger]:
        """Return the ledgers of the patients named, or of all, in the order of their numbers."""
        wanted = self._patients() if patients is None else sorted(set(patients))
        for start in range(0, len(wanted), _CHUNK):
            yield from self._read(wanted[start : start + _CHUNK])

    def worklist(self, on: date, team: str | None = None, within: int = 0) -> WorkList:
        """Return the list of a day, of one team or of all: `WorkList.of` over all ledgers, but quick.

        `within` adds what falls due in so many further days.
        """
        counts, found = self._kept_counts(on, team), self._kept_lines(on, team, within)
        for ledger in self.ledgers(self._patients_after(on)):
            earlier = WorkList.of([ledger], self.policy, on, team=team, within=within)
            counts.update(earlier.counts)
            found += [*earlier.lines, *earlier.duties]
        return WorkList.made(on, self.policy, counts, found)

    def teams(self) -> list[str]:
        """Return the teams that have patients."""
        rows = self.db.execute("SELECT DISTINCT team FROM standings WHERE team IS NOT NULL ORDER BY team")
        return [team for (team,) in rows]

    def find(self, beginning: str) -> Entry:
        """Return the entry whose id begins so; `RegisterError` for none or several."""
        found = (
            []
            if len(beginning) < _SHORTEST
            else self._select("WHERE e.id >= ? AND e.id < ? LIMIT 2", (beginning, beginning + "g"))
        )
        if len(found) != 1:
            code = "entry.ambiguous" if found or len(beginning) < _SHORTEST else "retract.unknown"
            raise RegisterError(Problem(code, facts={"entry": shown_id(beginning)}))
        return found[0]

    # What follows serves the methods above.

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with sentences_of_sqlite():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                self.db.rollback()
                raise

    def _append(self, entry: Entry) -> bool:
        if self.db.execute("SELECT 1 FROM entries WHERE id = ?", (entry.id,)).fetchone():
            return False
        content = entry.as_json()
        recorded_at = content.pop("recorded_at", None)
        head = [entry.id, *(content.pop(key) for key in ("patient", "type", "on")), recorded_at]
        apart = {key: content.pop(key) for key in _APART if key in content}
        salt = token_hex(16)
        if apart:
            content["personal"] = sha256((salt + _json(apart)).encode()).hexdigest()
        before = self.db.execute("SELECT digest FROM entries ORDER BY seq DESC LIMIT 1").fetchone() or ("",)
        row = [*head, _json(content)]
        digest = sha256(_json([*before, *row]).encode()).hexdigest()
        self.db.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", [*row, digest])  # noqa: S608
        if apart:
            self.db.execute("INSERT INTO personal VALUES (?, ?, ?)", (entry.id, salt, _json(apart)))
        return True

    def _keep(self, patient: str) -> None:
        """Derive the patient's dates anew, for every span of days from the last entry on."""
        for table in ("standings", "due"):
            self.db.execute(f"DELETE FROM {table} WHERE patient = ?", (patient,))  # noqa: S608
        ledger = self.ledger(patient)
        if not ledger.effects:
            return
        last = ledger.effects[-1][0]
        starts = (last, *self.policy.changes_after(last))
        for start, until in zip(starts, (*map(_iso, starts[1:]), _FOREVER), strict=True):
            case = case_on(ledger, start)
            if case is not None:
                self._keep_span(case, until or _FOREVER, first=start == last)

    def _keep_span(self, case: Case, until: str, *, first: bool) -> None:
        running = lines(case, self.policy)
        visits = [line for line in running if line.kind in FOLLOW_UPS]
        opens_on = _iso(min((line.opens_on for line in visits), default=None))
        due_on = _iso(min((line.due_on for line in visits), default=None))
        span = (case.patient, _iso(case.on), until)
        row = (*span, first, case.team, resting(case.status), opens_on, due_on)
        self.db.execute("INSERT INTO standings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        rows = [(*span, case.team, line.kind, _iso(line.opens_on), _iso(line.due_on)) for line in running]
        self.db.conn.executemany("INSERT INTO due VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _kept_counts(self, on: date, team: str | None) -> Counter[Bucket]:
        counts: Counter[Bucket] = Counter()
        rows = self.db.execute(
            "SELECT rest, opens_on, due_on, count(*) FROM standings"
            " WHERE from_on <= :on AND until_on > :on AND (:team IS NULL OR team = :team) GROUP BY 1, 2, 3",
            {"on": _iso(on), "team": team},
        )
        for rest, opens_on, due_on, people in rows:
            where = (
                Bucket.NOT_DUE
                if due_on is None
                else bucket(date.fromisoformat(opens_on), date.fromisoformat(due_on), on)
            )
            counts[Bucket(rest) if where is Bucket.NOT_DUE else where] += people
        return counts

    def _kept_lines(self, on: date, team: str | None, within: int) -> list[WorkLine]:
        patients = self.db.execute(
            _LISTED if team is None else f"{_LISTED} AND team = :team",
            {"on": _iso(on), "until": _iso(on + timedelta(within)), "team": team},
        )
        found: list[WorkLine] = []
        for ledger in self.ledgers(patient for (patient,) in patients):
            case = case_on(ledger, on)
            if case is not None:
                found += work_lines(case, lines(case, self.policy), within)
        return found

    def _patients_after(self, on: date) -> list[str]:
        """Return the patients of whom an entry takes effect after the day: their dates are not kept for it."""
        rows = self.db.execute("SELECT patient FROM standings WHERE first AND from_on > ?", (_iso(on),))
        return [patient for (patient,) in rows]

    def _patients(self) -> list[str]:
        rows = self.db.execute("SELECT DISTINCT patient FROM entries ORDER BY patient")
        return [patient for (patient,) in rows]

    def _is_known(self, patient: str) -> bool:
        return self.db.execute("SELECT 1 FROM standings WHERE patient = ? LIMIT 1", (patient,)).fetchone() is not None

    def _retraction_problems(self, entry: Retracted, here: dict[str, str]) -> list[Problem]:
        row = self.db.execute("SELECT patient FROM entries WHERE id = ?", (entry.entry,)).fetchone()
        owner = here.get(entry.entry) or (row[0] if row else None)
        facts = {"entry": shown_id(entry.entry), "patient": shown(entry.patient)}
        if owner is None:
            return [Problem("retract.unknown", facts=facts)]
        return [] if owner == entry.patient else [Problem("retract.stranger", facts=facts)]

    def _registration_problems(self, entries: Sequence[Entry]) -> Iterator[tuple[int, Problem]]:
        """Nobody is registered twice, and no fact stands of somebody who is not registered."""
        told: dict[str, list[tuple[int, Entry]]] = {}
        for place, entry in enumerate(entries):
            told.setdefault(entry.patient, []).append((place, entry))
        for patient in dict.fromkeys(e.patient for e in entries if isinstance(e, Registered | Retracted)):
            known = [entry for ledger in self.ledgers([patient]) for entry in ledger.entries]
            together = [*known, *(entry for _, entry in told[patient])]
            if any(isinstance(entry, Registered) for entry in together):
                yield from _registration_problems(Ledger(patient, together), known, told[patient])

    def _read(self, patients: Sequence[str]) -> Iterator[Ledger]:
        marks = ", ".join("?" * len(patients))
        found = self._select(f"WHERE e.patient IN ({marks}) ORDER BY e.patient", patients)
        for patient, entries in groupby(found, key=attrgetter("patient")):
            yield Ledger(patient, entries)

    def _select(self, where: str, values: Sequence[str]) -> list[Entry]:
        rows = self.db.execute(
            'SELECT e.id, e.patient, e.type, e."on", e.recorded_at, e.body, p.body FROM entries e'  # noqa: S608
            f" LEFT JOIN personal p ON p.id = e.id {where}",
            values,
        )
        return [_entry(row) for row in rows]


def _registration_problems(
    ledger: Ledger, known: Sequence[Entry], told: Sequence[tuple[int, Entry]]
) -> Iterator[tuple[int, Problem]]:
    standing = [entry for entry in ledger.facts if isinstance(entry, Registered)]
    first = next((entry for entry in known if entry in standing), standing[0] if standing else None)
    for place, entry in told:
        if entry in standing and entry != first:
            yield place, Problem("patient.twice", facts={"patient": shown(entry.patient)})
        elif ledger.facts and not standing:
            yield place, Problem("retract.registration", facts={"patient": shown(entry.patient)})


_CHUNK: Final = 500
#: With fewer characters an id is no answer to "which entry".
_SHORTEST: Final = 4
_LISTED: Final = "SELECT DISTINCT patient FROM due WHERE from_on <= :on AND until_on > :on AND opens_on <= :until"
_COLUMNS: Final = 'id, patient, type, "on", recorded_at, body, digest'


def _entry(row: tuple[str, ...]) -> Entry:
    known_id, patient, kind, on, recorded_at, body, personal = row
    content = json.loads(body) | (json.loads(personal) if personal else {})
    content.pop("personal", None)
    found = entry_from_json(content | {"type": kind, "patient": patient, "on": on, "recorded_at": recorded_at})
    return known_as(found, known_id)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
