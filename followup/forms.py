"""Files to import, read whole before anything is recorded: the official forms as CSV, and JSON lines."""

import json
import os.path
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from followup.entries import Entry, Registered, Visited
from followup.entryjson import entry_from_json
from followup.errors import FollowupError, InvalidEntry, InvalidFile, Problem, shown
from followup.patientform import (
    CONSENT,
    FILLED_IN,
    PATIENT,
    PATIENT_COLUMNS,
    PATIENT_FIELDS,
    PATIENT_READ,
    patient_facts,
    patient_number,
)
from followup.sheets import Row, Table, content_of, decoded, read_table
from followup.terms import RiskLevel
from followup.visitform import ALIASES, RISK, VISIT_COLUMNS, VISIT_ON, VISIT_READ, visit_facts


@frozen
class Form:
    """An official form: how it is known, which columns it has, and what a row of it tells."""

    dated: str
    needed: tuple[str, ...]
    columns: tuple[str, ...]
    #: The columns that become facts; the others are kept word for word.
    read: frozenset[str]
    facts: Callable[[Row, date, dict[str, str]], Iterator[Entry]]


_FORMS: Final = (
    Form(VISIT_ON, (RISK,), VISIT_COLUMNS, frozenset(VISIT_READ), visit_facts),
    Form(FILLED_IN, (CONSENT,), PATIENT_COLUMNS, PATIENT_READ, patient_facts),
)


@frozen
class Sourced:
    """An entry with the place that it was read from."""

    entry: Entry
    where: tuple[str, ...]


@frozen
class Reading:
    """What files hold: entries with their places, every problem, and notes that stop nothing."""

    entries: list[Sourced] = field(factory=list)
    problems: list[Problem] = field(factory=list)
    notes: list[Problem] = field(factory=list)
    #: Patients whose registration was refused: that they are unknown needs no further word.
    refused: set[str] = field(factory=set)


def read_files(paths: Iterable[Path], today: date) -> Reading:
    """Read forms as CSV and JSON lines; every row of every file is checked, nothing is recorded.

    An entry dated after `today` is a problem.
    """
    found = Reading()
    for path in paths:
        try:
            _READERS.get(path.suffix.lower(), _refuse)(path, today, found)
        except InvalidFile as error:
            found.problems.extend(error.problems)
    found.notes.extend(_presence_note(found.entries))
    return found


def _refuse(path: Path, today: date, found: Reading) -> None:  # noqa: ARG001 - all readers are called alike
    code = "file.kind" if os.path.exists(path) else "file.missing"  # noqa: PTH110 - Path.exists raises for a long name
    raise InvalidFile(Problem(code, (str(path),)))


def _read_jsonl(path: Path, today: date, found: Reading) -> None:
    read_lines(content_of(path), str(path), today, found)


def read_lines(content: bytes, file: str, today: date, found: Reading) -> None:
    """Read JSON lines into `found`; `InvalidFile` for what is no text."""
    for number, line in enumerate(decoded(content, file, ["utf-8-sig"]).split("\n"), 1):
        if line.strip():
            read_line(line, (file, f"line {number}"), today, found)


def read_line(line: str, where: tuple[str, ...], today: date, found: Reading) -> None:
    """Read one JSON line into `found`: its entry, or its problems."""
    try:
        entry = entry_from_json(json.loads(line, object_pairs_hook=_object))
    except FollowupError as error:
        found.problems.extend(problem.at(*where) for problem in error.problems)
    except (ValueError, RecursionError) as error:
        found.problems.append(Problem("json", where, {"reason": getattr(error, "msg", "too long or too deep")}))
    else:
        found.entries.append(Sourced(entry, where))
        for name in ("on", "informed_on"):
            day = getattr(entry, name, None)
            if day is not None and day > today:
                found.problems.append(Problem("future", (*where, name), {"on": day, "today": today}))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in pairs)
    if len(counts) < len(pairs):
        raise InvalidEntry([Problem("json.twice", facts={"key": shown(k)}) for k, n in counts.items() if n > 1])
    return dict(pairs)


def _read_csv(path: Path, today: date, found: Reading) -> None:
    table = read_table(path, ALIASES)
    form = _form(table)
    problems, notes = _column_doubts(table, form)
    found.notes.extend(notes)
    found.problems.extend([*problems, *table.problems])
    if problems:
        return
    dropped: Counter[str] = Counter()
    for row in table.rows:
        facts = _facts(row, form, today)
        found.entries.extend(Sourced(entry, row.where) for entry in facts)
        found.problems.extend(row.problems)
        found.refused.update(_refused(row))
        if facts and not isinstance(facts[0], Visited | Registered):
            dropped.update(name for name in _kept(row, form) if name not in PATIENT_FIELDS)
    for name, count in dropped.items():
        found.notes.append(Problem("not_kept", (table.file, f"column {name}"), {"count": count}))


def _refused(row: Row) -> Iterator[str]:
    if row.problems and (number := patient_number(Row(row.file, row.number, row.cells))) is not None:
        yield number


def _kept(row: Row, form: Form) -> dict[str, str]:
    """Return the cells that no rule uses, to be kept word for word."""
    return {name: cell for name, cell in row.cells.items() if cell.strip() and name not in form.read}


def _facts(row: Row, form: Form, today: date) -> list[Entry]:
    try:
        return list(form.facts(row, today, _kept(row, form)))
    except FollowupError as error:
        if not row.problems:
            row.problems.extend(problem.at(*row.where) for problem in error.problems)
    return []


def _form(table: Table) -> Form:
    for form in _FORMS:
        if {PATIENT, form.dated} <= set(table.columns):
            return form
    raise InvalidFile(Problem("file.header", (table.file, "row 1")))


def _column_doubts(table: Table, form: Form) -> tuple[list[Problem], list[Problem]]:
    """Refuse a column that is nearly one of the form's, a slip of the pen; note another stranger, which is kept."""
    notes: list[Problem] = []
    problems = [Problem("column.missing", (f"column {name}",)) for name in form.needed if name not in table.columns]
    problems += [
        Problem("column.twice", (f"column {name}",)) for name, count in Counter(table.columns).items() if count > 1
    ]
    free = [name for name in form.columns if name not in table.columns]
    for name in table.columns:
        if name not in form.columns:
            guess = get_close_matches(name, free, n=1, cutoff=0.75)
            code, facts = ("column", {"guess": guess[0]}) if guess else ("column.stranger", {})
            (problems if guess else notes).append(Problem(code, (f"column {shown(name)}",), facts))
    if not table.rows:
        problems.append(Problem("file.no_rows"))
    return [problem.at(table.file) for problem in problems], [note.at(table.file) for note in notes]


def _presence_note(entries: Iterable[Sourced]) -> Iterator[Problem]:
    unknown = [e.entry for e in entries if isinstance(e.entry, Visited) and e.entry.present is None]
    joint = sum(visit.risk >= RiskLevel.HITS_THINGS_ANYWHERE for visit in unknown)
    if unknown:
        yield Problem("presence", (), {"count": len(unknown), "joint": joint})


_READERS: Final = {".csv": _read_csv, ".jsonl": _read_jsonl}
