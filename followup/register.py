"""The ledger of everyone in one SQLite file, with the dates that it gives kept beside it.

Dates are written in the transaction of the entry that moved them (see `keptdates`). A list for a day before
a patient's last entry, or as it was known at a moment, is made from the ledgers themselves.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Self

from attrs import evolve, frozen
from sqlite_utils import Database

from followup.case import case_on
from followup.dates import SHANGHAI, work_calendar
from followup.entries import PERSONAL, Entry, Registered, Retracted
from followup.entryjson import entry_from_json, known_as, shown_id
from followup.errors import Problem, RegisterError, shown
from followup.inforce import (
    ALWAYS,
    kept_stamp,
    policy_in_force,
    stamp,
    write_notice,
    write_policy,
    write_stamp,
)
from followup.keptdates import keep, kept_counts, listed_patients, patients_after
from followup.ledger import Ledger
from followup.moves import moves
from followup.noticefile import notice_from_text
from followup.policy import Policy
from followup.schedule import lines
from followup.tables import OURS, connected, migrations, sentences_of_sqlite, transaction
from followup.worklist import WorkLine, WorkList, work_lines

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
            opened = evolve(policy, duties_from=duties_from, calendar=work_calendar())
            with db.atomic():
                write_policy(db, policy, ALWAYS, duties_from, None)
                write_stamp(db, opened)
        return cls(db, opened)

    @classmethod
    def open(cls, place: str | Path | sqlite3.Connection) -> "Register":
        """Open a register by its path or in an open connection, under the policies that it has adopted.

        Where the library has learned of a holiday notice since, the kept dates are derived anew. Raises
        `RegisterError` where there is no register.
        """
        if not isinstance(place, sqlite3.Connection) and not Path(place).is_file():
            raise RegisterError(Problem("register.missing", facts={"path": place}))
        with sentences_of_sqlite(place):
            db = connected(place)
            if db.execute("PRAGMA application_id").fetchone() != (OURS,):
                raise RegisterError(Problem("register.foreign", facts={"path": place}))
            if migrations.pending(db):
                migrations.apply(db)
            register = cls(db, policy_in_force(db))
            if kept_stamp(db) != stamp(register.policy):
                with transaction(db):
                    register = register._under_new_rules()
        return register

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
            keep(self.db, self.ledgers({entry.patient for entry in new}), self.policy)
        return len(new)

    def adopt(self, policy: Policy, day: date, recorded_at: str | None = None) -> "Register":
        """Adopt a policy from a day on, derive all dates anew, and return the register under it.

        For every earlier day the policies before it hold. Raises `RegisterError` where a policy was adopted for
        that day or a later one, or where it is this one already.
        """
        with self._writing():
            self.check_adoption(policy, day)
            write_policy(self.db, policy, day, None, recorded_at)
            return self._under_new_rules()

    def check_adoption(self, policy: Policy, day: date) -> None:
        """Raise `RegisterError` where a policy cannot be adopted from a day on."""
        last = self.policy.editions[-1]
        since = max(last.since, ALWAYS)
        if day <= since:
            raise RegisterError(Problem("adopt.earlier", facts={"on": day, "last": since}))
        if last.version == policy.version:
            raise RegisterError(Problem("adopt.same", facts={"id": policy.id, "version": policy.version}))

    def add_notice(self, text: str, recorded_at: str | None = None) -> "Register":
        """Enter a year's holiday notice (the text of its TOML file), derive all dates anew, and return the register."""
        notice = notice_from_text(text)
        with self._writing():
            write_notice(self.db, notice.year, text, recorded_at)
            return self._under_new_rules()

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

    def policy_known(self, known: datetime | None) -> Policy:
        """Return the policies as recorded by a moment; by now with None."""
        return self.policy if known is None else policy_in_force(self.db, known)

    def size(self) -> int:
        """Return how many patients there are."""
        return len(self._patients())

    def ledger(self, patient: str, known: datetime | None = None) -> Ledger:
        """Return everything recorded of one patient (by a moment); `RegisterError` for an unknown one."""
        for ledger in self.ledgers([patient]):
            found = ledger if known is None else ledger.as_known(known)
            if found is not None:
                return found
        raise RegisterError(Problem("patient.unknown", facts={"patient": shown(patient)}))

    def ledgers(self, patients: Iterable[str] | None = None) -> Iterator[Ledger]:
        """Return the ledgers of the patients named, or of all, in the order of their numbers."""
        wanted = self._patients() if patients is None else sorted(set(patients))
        for start in range(0, len(wanted), _CHUNK):
            yield from self._read(wanted[start : start + _CHUNK])

    def worklist(self, on: date, team: str | None = None, within: int = 0, known: datetime | None = None) -> WorkList:
        """Return the list of a day, of one team or of all: `WorkList.of` over all ledgers, but quick.

        `within` adds what falls due in so many further days. With `known` the list is made from what had been
        recorded by that moment, entries and policies: as it was printed then; this reads every ledger.
        """
        if known is not None:
            policy = self.policy_known(known)
            then = (ledger.as_known(known) for ledger in self.ledgers())
            return WorkList.of(filter(None, then), policy, on, team=team, within=within)
        counts, found = kept_counts(self.db, on, team), self._kept_lines(on, team, within)
        for ledger in self.ledgers(patients_after(self.db, on)):
            earlier = WorkList.of([ledger], self.policy, on, team=team, within=within)
            counts.update(earlier.counts)
            found += [*earlier.lines, *earlier.duties]
        return WorkList.made(on, self.policy, counts, found)

    def compared(
        self, now: WorkList, since: date, team: str | None = None, within: int = 0, known: datetime | None = None
    ) -> WorkList:
        """Return a list with what is new on it since that of an earlier day, as known at its end, and what left it."""
        end = datetime.combine(since, time.max, SHANGHAI)
        then = self.worklist(since, team, within, end if known is None else min(end, known))
        found = moves(
            then,
            now,
            lambda patient: self.ledger(patient).as_known(end),
            lambda patient: self.ledger(patient, known),
        )
        return evolve(now, since=since, moves=tuple(found))

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
        with sentences_of_sqlite(), transaction(self.db):
            if kept_stamp(self.db) != stamp(self.policy):
                raise RegisterError(Problem("register.changed"))
            yield

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

    def _under_new_rules(self) -> "Register":
        """Derive all dates anew under the policies and notices as they now stand; within a transaction."""
        register = Register(self.db, policy_in_force(self.db))
        keep(self.db, register.ledgers(), register.policy)
        write_stamp(self.db, register.policy)
        return register

    def _kept_lines(self, on: date, team: str | None, within: int) -> list[WorkLine]:
        found: list[WorkLine] = []
        for ledger in self.ledgers(listed_patients(self.db, on, team, within)):
            case = case_on(ledger, on)
            if case is not None:
                found += work_lines(case, lines(case, self.policy), within)
        return found

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
_COLUMNS: Final = 'id, patient, type, "on", recorded_at, body, digest'


def _entry(row: tuple[str, ...]) -> Entry:
    known_id, patient, kind, on, recorded_at, body, personal = row
    content = json.loads(body) | (json.loads(personal) if personal else {})
    content.pop("personal", None)
    found = entry_from_json(content | {"type": kind, "patient": patient, "on": on, "recorded_at": recorded_at})
    return known_as(found, known_id)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
