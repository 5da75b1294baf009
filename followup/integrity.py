"""Whether a register is what it says: its file, its chain, its audit, and its dates against its ledgers."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any, Final

from sqlite_utils import Database

from followup.audittrail import writings
from followup.chain import Head, linked, sealed, written
from followup.derivation import derive_anew, derived
from followup.entryjson import shown_id
from followup.entryrows import blanked, forgotten
from followup.errors import InvalidEntry, Problem, RegisterError, harmless, shown
from followup.inforce import adoption_mark, adoption_note, notice_mark, notice_note, policy_in_force, withdrawal_note
from followup.keptdates import NO_TEAM, TABLES
from followup.policyfile import policy_from_texts
from followup.register import Register
from followup.storage import sentences_of_sqlite, snapshot, wiped
from followup.tables import GUARDS, INDEXES, missing_indexes, spoilt_tables

_MOST: Final = 1_000
_CHAIN: Final = """
    SELECT e.seq, e.id, e.patient, e.type, e."on", e.recorded_at, e.body, p.body, s.salt, s.forgotten_on, e.digest
    FROM entries e
    LEFT JOIN personal p ON p.seq = e.seq LEFT JOIN patients s ON s.patient = e.patient ORDER BY e.seq
"""


def check(register: Register, since: Head | None = None) -> list[Problem]:
    """Return everything about a register that is not as it was written, or not as it follows from that.

    `since` is the head that an earlier list showed: the register must still continue it. What is read is what
    was there at one moment; any number of entries fits, and the first thousand problems are told.
    """
    found = _found(register.db, lambda db: chain(_recorded(db, since), _dates(db)))
    if any(problem.code == "register.bytes" for problem in found):
        with _any_bytes(register.db):
            found = _found(register.db, lambda db: chain(_recorded(db, since), _no_text(db))) or found
    return found


def _found(db: Database, told: Callable[[Database], Iterator[Problem]]) -> list[Problem]:
    found: list[Problem] = []
    try:
        with sentences_of_sqlite(), snapshot(db):
            found += islice(_file(db), _MOST)
            found += [Problem("check.table", facts={"name": name}) for name in spoilt_tables(db)]
            for problem in () if found else islice(told(db), _MOST):
                found.append(problem)
    except RegisterError as error:
        found += error.problems
    return found


@contextmanager
def _any_bytes(db: Database) -> Iterator[None]:
    """Read what is no text as text that differs from what was sealed, so that it is told where it stands.

    It takes a fifth longer, and hardly any register needs it. Where people stand in order, they do not any more:
    nobody's dates are compared so.
    """
    usual = db.conn.text_factory
    db.conn.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        yield
    finally:
        db.conn.text_factory = usual


def repair(register: Register) -> None:
    """Derive all dates anew, and make tables and indexes of them anew; what was recorded is left as it is.

    Raises `RegisterError` where traces of people who were forgotten may stay in the file all the same.
    """
    with register.batch():
        for name, statement in missing_indexes(register.db).items():
            if name not in INDEXES:  # those are made with what is derived
                register.db.execute(f"DROP INDEX IF EXISTS {name}")
                register.db.execute(statement)
        derive_anew(register.db, register.policy)
        register.db.execute("REINDEX")
        register.note("repair")
    if forgotten(register.db) and not wiped(register.db):
        raise RegisterError(Problem("repair.open"))


def _recorded(db: Database, since: Head | None) -> Iterator[Problem]:
    yield from _references(db)
    yield from _guards(db)
    yield from _chain(db)
    yield from _people(db)
    yield from _audit(db)
    yield from _teams(db)
    yield from _continues(db, since)
    yield from _rules(db)


def _no_text(db: Database) -> Iterator[Problem]:
    """Tell which tables of what is derived hold what is no text."""
    for table in TABLES:
        if any("\N{REPLACEMENT CHARACTER}" in str(row) for row in db.execute(f"SELECT * FROM {table}")):  # noqa: S608
            yield Problem("check.table", facts={"name": table})


def _file(db: Database) -> Iterator[Problem]:
    said = [row[0] for row in db.execute("PRAGMA integrity_check").fetchall()]
    if said != ["ok"]:
        yield from (Problem("check.file", facts={"reason": shown(one, 200)}) for one in said)


def _references(db: Database) -> Iterator[Problem]:
    for table, *_ in db.execute("PRAGMA foreign_key_check").fetchall():
        yield Problem("check.file", facts={"reason": f"foreign key of {table}"})


def _guards(db: Database) -> Iterator[Problem]:
    there = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
    for name, sql in GUARDS.items():
        if there.pop(name, None) != sql.strip():
            yield Problem("check.guard", facts={"name": name})
    for name in there:
        yield Problem("check.stranger", facts={"name": shown(name)})
    for name in missing_indexes(db):
        yield Problem("check.index", facts={"name": name})


def _chain(db: Database) -> Iterator[Problem]:
    """Compare each entry with what was sealed, after the one before it."""
    last, before = 0, ""
    for seq, *row, personal, salt, forgotten_on, digest in db.execute(_CHAIN):
        facts = {"seq": seq, "entry": shown_id(row[0])[:8], "patient": shown(row[1])}
        if seq != last + 1:
            yield Problem("check.gap", facts=facts)
        else:
            seal = _seal(row, personal, salt)
            is_blank = salt is not None or [*row, personal] == [*blanked(row[1], seal, forgotten_on), None]
            if linked(before, seal) != digest or not is_blank:
                yield Problem("check.changed", facts=facts)
        last, before = seq, digest


def _people(db: Database) -> Iterator[Problem]:
    """Tell of people of whom nothing is told."""
    for (patient,) in db.execute(_UNTOLD):
        yield Problem("check.untold", facts={"patient": shown(patient)})


def _seal(row: Sequence[str], personal: str | None, salt: str | None) -> str:
    """Return an entry's seal: of somebody who was forgotten it is all that is left."""
    if salt is not None:
        return sealed(salt, row, personal)
    try:
        return str(json.loads(row[5])["seal"])
    except (ValueError, KeyError, TypeError):
        return ""


def _audit(db: Database) -> Iterator[Problem]:
    """Compare each transaction with what was noted of it, and with the entries that it left."""
    before, last = "", 0
    noted: dict[str, list[str]] = {action: [] for action in ("forget", "withdraw", "notice", "adopt")}
    is_whole = False
    for number, writing in enumerate(writings(db), 1):
        if not writing.follows(before):
            yield Problem("check.audit", facts={"number": number, "at": shown(writing.at)})
        elif writing.head != _digest(db, writing.entries):
            yield Problem("check.recomputed", facts={"number": number, "at": writing.at, "entries": writing.entries})
        before, last = writing.digest, writing.entries
        action = "adopt" if writing.action == "create" else writing.action
        if writing.subject is not None and action in noted:
            noted[action].append(writing.subject)
            is_whole |= number == 1
    (count,) = db.execute("SELECT count(*) FROM entries").fetchone()
    if count != last:
        yield Problem("check.uncounted", facts={"entries": count, "noted": last})
    yield from _erased(db, noted["forget"])
    yield from _unnoted(db, noted, is_whole=is_whole)


def _unnoted(db: Database, noted: Mapping[str, Sequence[str]], *, is_whole: bool) -> Iterator[Problem]:
    """Compare the rules with what the audit notes of them; it is not whole where an early release noted none."""
    for action, code in (("adopt", "check.adopted"), ("notice", "check.noticed"), ("withdraw", "check.withdrawn")):
        there = [note if note in noted[action] else mark for mark, note in _RULES[action](db)]
        first = 0 if is_whole or action == "withdraw" else max(0, len(there) - len(noted[action]))
        for mark in _apart(there[first:], noted[action], in_order=action != "withdraw"):
            yield Problem(code, facts={"mark": shown(mark, 200)})


def _adopted(db: Database) -> list[tuple[str, str]]:
    rows = db.execute("SELECT id, version, adopted_from, duties_from, recorded_at FROM policies ORDER BY seq")
    return [(adoption_mark(*row[:3]), adoption_note(*row)) for row in rows]


def _noticed(db: Database) -> list[tuple[str, str]]:
    rows = db.execute("SELECT year, text, recorded_at FROM notices ORDER BY seq")
    return [(notice_mark(*row[:2]), notice_note(*row)) for row in rows]


def _withdrawn(db: Database) -> list[tuple[str, str]]:
    rows = db.execute(
        """
        SELECT p.id, p.version, p.adopted_from, w.reason, w.recorded_at
        FROM withdrawals w JOIN policies p ON p.seq = w.policy
        """
    )
    marks = [(adoption_mark(*mark), reason, recorded_at) for *mark, reason, recorded_at in rows]
    return [(f"{mark} {reason}", withdrawal_note(mark, reason, at)) for mark, reason, at in marks]


#: How the audit would name the rules that are there and their withdrawals, and how it would note them.
_RULES: Final = {"adopt": _adopted, "notice": _noticed, "withdraw": _withdrawn}


def _apart(there: Sequence[str], noted: Sequence[str], *, in_order: bool) -> list[str]:
    """Return what one of both has and the other has not, or not as often; else the first that stands elsewhere."""
    counts = Counter(there)
    counts.subtract(noted)
    moved = [mark for mark, other in zip(there, noted, strict=False) if mark != other] if in_order else []
    return sorted(mark for mark, count in counts.items() if count) or moved[:1]


def _teams(db: Database) -> Iterator[Problem]:
    """Compare the directory of teams with what was sealed of it, row by row, and with what the audit notes."""
    last, before, digests = 0, "", {0: ""}
    for seq, *row, digest in db.execute(
        "SELECT seq, team, area, body, recorded_at, digest FROM directory ORDER BY seq"
    ):
        if seq != last + 1 or written(before, row) != digest:
            yield Problem("check.teams", facts={"seq": seq})
        last, before = seq, digest
        digests[seq] = digest
    heads = [Head.parse(writing.subject or "") for writing in writings(db) if writing.action == "teams"]
    if (
        any(not head.starts(digests.get(head.entries, "")) for head in heads)
        or max((head.entries for head in heads), default=0) != last
    ):
        yield Problem("check.teams.audit", facts={"rows": last})


def _erased(db: Database, noted: Iterable[str]) -> Iterator[Problem]:
    """Compare who was erased, and how many entries, with what the audit notes: of each person once."""
    counts = dict(db.execute("SELECT patient, count(*) FROM entries WHERE type = 'forgotten' GROUP BY 1").fetchall())
    there = {f"{patient} {counts.pop(patient, 0)} {on} {reason}": patient for patient, on, reason in forgotten(db)}
    odd = [there.get(subject, subject.partition(" ")[0]) for subject in _apart([*there], [*noted], in_order=False)]
    for patient in dict.fromkeys([*odd, *counts]):
        yield Problem("check.erased", facts={"patient": shown(patient)})


def _digest(db: Database, seq: int) -> str:
    row = db.execute("SELECT digest FROM entries WHERE seq = ?", [seq]).fetchone()
    return "" if row is None else str(row[0])


def _continues(db: Database, since: Head | None) -> Iterator[Problem]:
    if since is not None and not since.starts(_digest(db, since.entries)):
        yield Problem("check.head", facts={"head": str(since)})


def _rules(db: Database) -> Iterator[Problem]:
    for texts, policy, version in db.execute("SELECT texts, id, version FROM policies"):
        if policy_from_texts(json.loads(texts)).version != version:
            yield Problem("check.policy", facts={"id": shown(policy), "version": shown(version)})


def _dates(db: Database) -> Iterator[Problem]:
    """Compare the dates kept of each patient with those that the ledger gives, by the rules of this moment."""
    try:
        for patient, found in derived(db, policy_in_force(db)):
            team = found.standings[0][4] if found.standings else NO_TEAM
            for table in TABLES:
                yield from _differences(db, (patient, team), table, getattr(found, table))
    except (RegisterError, InvalidEntry) as error:
        yield from error.problems
    for table in TABLES:
        rows = db.execute(f"SELECT DISTINCT patient FROM {table} t WHERE NOT EXISTS {_LIVING}")  # noqa: S608
        for (patient,) in rows:
            yield Problem("check.leftover", facts={"patient": shown(patient)})
    for patient, lines in groupby(db.execute(_STRAY), key=itemgetter(0)):
        yield Problem("check.dates", facts={"patient": shown(patient), "kept": _dated(lines), "derived": "-"})


_UNTOLD: Final = """
    SELECT patient FROM patients p WHERE salt IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.patient = p.patient)
"""
_LIVING: Final = "(SELECT 1 FROM patients p WHERE p.patient = t.patient AND p.salt IS NOT NULL)"
#: Lines of a team that is not their patient's.
_STRAY: Final = f"""
    SELECT * FROM due t WHERE EXISTS {_LIVING}
    AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.patient = t.patient AND s.team = t.team)
"""  # noqa: S608 - no word of a user's


def _differences(db: Database, of: tuple[str, str], table: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[Problem]:
    patient, team = of
    where = "patient = ? AND team = ?" if table == "due" else "patient = ?"
    values = [patient, team] if table == "due" else [patient]
    there = set(db.execute(f"SELECT * FROM {table} WHERE {where}", values))  # noqa: S608
    if there != set(rows):
        facts = {"patient": shown(patient), "kept": _dated(there), "derived": _dated(rows)}
        yield Problem("check.likenesses" if table == "likenesses" else "check.dates", facts=facts)


def _dated(rows: Iterable[tuple[Any, ...]]) -> str:
    """Return the kinds (or standings) and last days of some rows: they are the same columns in both tables."""
    return ", ".join(sorted(f"{shown(row[5])} {harmless(row[7] or '-')}" for row in rows if len(row) > 7)) or "-"  # noqa: PLR2004
