"""Files to import, read whole before anything is recorded: the official forms in spreadsheets, and JSON lines."""

import os.path
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from followup.entries import Entry, Registered, Visited
from followup.errors import FollowupError, InvalidFile, Problem, shown
from followup.formtables import Names, Table, find_table, nearest_header
from followup.grids import Grid, read_csv
from followup.jsonlines import Reading, Sourced
from followup.listform import filled_in, is_own_sheet, list_facts, own_columns
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
from followup.readahead import read_jsonl
from followup.sheets import Row
from followup.spellings import tight
from followup.visitform import ALIASES, RISK, VISIT_COLUMNS, VISIT_ON, VISIT_READ, visit_facts
from followup.workbooks import read_workbook


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
#: A list of who is due, filled in: the follow-up form with the list's own columns beside it.
_LIST: Final = evolve(_FORMS[0], facts=list_facts)
#: A sheet with so many columns that only follow-ups have tells of follow-ups, whatever it lacks: passed over, they
#: would all be owed. Other lists of people have columns of the supplement.
_ENOUGH: Final = 4
_OF_VISITS: Final = frozenset(VISIT_COLUMNS) - frozenset(PATIENT_COLUMNS)
_NAMES: Final = Names.of((*VISIT_COLUMNS, *PATIENT_COLUMNS), ALIASES)
_MARKS: Final = [frozenset({PATIENT, form.dated}) for form in _FORMS]
#: A column of running numbers: they are another person's when the sheet is sorted, and tell nothing of anybody.
_RUNNING: Final = frozenset({"序号", "顺序号", "行号", "no", "no."})


def read_files(paths: Iterable[Path], today: date) -> Reading:
    """Read forms in spreadsheets and JSON lines; every row of every file is checked, nothing is recorded.

    An entry dated after `today` is a problem.
    """
    found = Reading()
    found.entries.extend(list(entries_of(paths, today, found)))
    return found


def entries_of(paths: Iterable[Path], today: date, found: Reading) -> Iterator[Sourced]:
    """Yield the entries of files as they are read; problems and notes gather in `found`.

    JSON lines are read one by one, so that a file of any length fits.
    """
    found.presence_untold.clear()
    for path in paths:
        try:
            for sourced in _READERS.get(path.suffix.lower(), _refuse)(path, today, found):
                yield _stamped(sourced, found)
        except InvalidFile as error:
            found.problems.extend(error.problems)
    if found.presence_untold:
        found.notes.append(
            Problem("presence", (), {"count": found.presence_untold.total(), "joint": found.presence_untold[True]})
        )


def _stamped(sourced: Sourced, found: Reading) -> Sourced:
    """Note when an entry was recorded, where it does not say so itself."""
    if found.recorded_at is None or sourced.entry.recorded_at is not None:
        return sourced
    return Sourced(evolve(sourced.entry, recorded_at=found.recorded_at), sourced.where)


def _refuse(path: Path, today: date, found: Reading) -> Iterator[Sourced]:  # noqa: ARG001 - all readers are called alike
    code = "file.kind" if os.path.exists(path) else "file.missing"  # noqa: PTH110 - Path.exists raises for a long name
    raise InvalidFile(Problem(code, (str(path),)))


def _read_csv(path: Path, today: date, found: Reading) -> Iterator[Sourced]:
    grid = read_csv(path, lambda cell: _NAMES.usual(cell) is not None)
    table = find_table(grid, _NAMES, _MARKS)
    if table is None:
        raise InvalidFile(Problem("file.header", (*grid.where, f"row {nearest_header(grid, _NAMES)[0]}")))
    yield from _read_table(table, today, found)


def _read_workbook(path: Path, today: date, found: Reading) -> Iterator[Sourced]:
    tables = []
    for grid in read_workbook(path):
        table = find_table(grid, _NAMES, _MARKS)
        if table is not None:
            tables.append(table)
            found.notes.extend([Problem("sheet.hidden", table.where)] if grid.is_hidden and table.rows else [])
        else:
            _pass_over(grid, found)
    filled = [table for table in tables if table.rows]
    if filled:
        found.notes.extend(Problem("sheet.no_rows", table.where) for table in tables if not table.rows)
    if not tables:
        raise InvalidFile(Problem("book.header", (str(path),)))
    for table in filled or tables:
        yield from _read_table(table, today, found)


def _pass_over(grid: Grid, found: Reading) -> None:
    """Note a sheet that is no form; one that only lacks the name of a column or two is a problem."""
    if is_own_sheet(grid.where[-1].removeprefix("sheet ")):
        return
    row, names = nearest_header(grid, _NAMES)
    lacks_little = any(len(names & {PATIENT, form.dated, *form.needed}) > 1 for form in _FORMS)
    if lacks_little or len(names & _OF_VISITS) >= _ENOUGH:
        found.problems.append(Problem("sheet.header", (*grid.where, f"row {row}")))
    else:
        found.notes.append(Problem("sheet.skipped", grid.where))


def _read_table(table: Table, today: date, found: Reading) -> Iterator[Sourced]:
    own = own_columns(table.columns)
    form = _LIST if own else _form(table)
    problems, notes = column_doubts(table, form.needed, (*form.columns, *own))
    found.notes.extend([*notes, *table.notes])
    found.problems.extend([*problems, *table.problems])
    if problems:
        found.refused.update(_numbers(table.rows))
        return
    dropped, counted = Counter[str](), Counter[str]()
    rows = filled_in(table.rows, own) if own else table.rows
    if len(rows) < len(table.rows):
        found.notes.append(Problem("list.untouched", table.where, {"count": len(table.rows) - len(rows)}))
    for row in rows:
        facts = _facts(row, form, today)
        for entry in facts:
            found.count_presence(entry)
        yield from (Sourced(entry, row.where) for entry in facts)
        found.problems.extend(row.problems)
        found.notes.extend(row.notes)
        found.refused.update(_numbers([row] if row.problems else []))
        counted.update(row.counted)
        if facts and not isinstance(facts[0], Visited | Registered):
            dropped.update(name for name in _kept(row, form) if name not in PATIENT_FIELDS)
    for name, count in dropped.items():
        found.notes.append(Problem("not_kept", (*table.where, f"column {name}"), {"count": count}))
    if len(table.where) == 1:  # a CSV file does not say from which year its numbers of days count
        found.notes.extend(Problem("counted", (*table.where, f"column {c}"), {"count": n}) for c, n in counted.items())


def _numbers(refused: Iterable[Row]) -> Iterator[str]:
    """Yield whom rows tell of, so that nobody is called unknown whose registration has problems."""
    numbers = (patient_number(Row(row.table, row.number, row.cells)) for row in refused)
    return filter(None, numbers)


def _kept(row: Row, form: Form) -> dict[str, str]:
    """Return the cells that no rule uses, to be kept word for word."""
    return {
        name: cell
        for name, cell in row.cells.items()
        if cell.strip() and name not in form.read and not _is_running(name)
    }


def _is_running(column: str) -> bool:
    return tight(column).lower() in _RUNNING


def _facts(row: Row, form: Form, today: date) -> list[Entry]:
    try:
        return list(form.facts(row, today, _kept(row, form)))
    except FollowupError as error:
        if not row.problems:
            row.problems.extend(problem.at(*row.where) for problem in error.problems)
    return []


def _form(table: Table) -> Form:
    return next(form for form in _FORMS if {PATIENT, form.dated} <= set(table.columns))


def column_doubts(table: Table, needed: Iterable[str], columns: Iterable[str]) -> tuple[list[Problem], list[Problem]]:
    """Refuse a column that is nearly one of the form's, a slip of the pen; note another stranger, which is kept."""
    notes: list[Problem] = []
    problems = [Problem("column.missing", (f"column {name}",)) for name in needed if name not in table.columns]
    problems += [
        Problem("column.twice", (f"column {name}",)) for name, count in Counter(table.columns).items() if count > 1
    ]
    free = [name for name in columns if name not in table.columns]
    for name in table.columns:
        if name not in columns:
            bare = name.partition("(")[0]
            guess = [bare] if bare in free else get_close_matches(name, free, n=1, cutoff=0.75)
            stranger = "column.running" if _is_running(name) else "column.stranger"
            code, facts = ("column", {"guess": guess[0]}) if guess else (stranger, {})
            (problems if guess else notes).append(Problem(code, (f"column {shown(name)}",), facts))
    if not table.rows:
        problems.append(Problem("file.no_rows"))
    return [problem.at(*table.where) for problem in problems], [note.at(*table.where) for note in notes]


_READERS: Final = {".csv": _read_csv, ".jsonl": read_jsonl, ".xlsx": _read_workbook, ".xls": _read_workbook}
