"""Rows of forms read as an import will read them, before they are written: none is written that it would refuse."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from attrs import frozen

from followup.entries import Entry, Registered
from followup.formrows import Cells, patient_row, visit_rows
from followup.formtables import Names
from followup.ledger import Ledger
from followup.patientform import PATIENT_COLUMNS, PATIENT_READ, is_patient_number, patient_facts
from followup.sheets import Row
from followup.spellings import plain
from followup.visitform import ALIASES, VISIT_COLUMNS, VISIT_ON, VISIT_READ, visit_facts

_NAMES: Final = Names.of((*VISIT_COLUMNS, *PATIENT_COLUMNS), ALIASES)
#: What a spreadsheet shows in place of a value that it cannot compute.
_ERROR: Final = re.compile(r"\s*#[A-Z/0!?#]+\s*")
#: So many characters a cell of a spreadsheet holds.
_LONGEST: Final = 32_767


@frozen(eq=False)
class _Form:
    #: Its own columns, each with an empty cell.
    blank: Mapping[str, str]
    read: frozenset[str]
    facts: Callable[[Row, date, dict[str, str]], Iterator[Entry]]


_PATIENTS: Final = _Form(dict.fromkeys(PATIENT_COLUMNS, ""), PATIENT_READ, patient_facts)
_VISITS: Final = _Form(dict.fromkeys(VISIT_COLUMNS, ""), frozenset(VISIT_READ), visit_facts)


@frozen
class Proof:
    """What the forms will tell of a person."""

    patient: Cells
    visits: tuple[Cells, ...]
    #: How many facts no row tells, or not whole.
    unsaid: int


def proofread(ledger: Ledger) -> Proof | None:
    """Return the rows of a person from which an import will make facts, without the cells that it would refuse.

    None where no form can hold the person: no registration stands, or the number has not 3 + 5 digits.
    """
    row = patient_row(ledger) if is_patient_number(ledger.patient) else None
    if row is None:
        return None
    patient, _ = _taken(row, _PATIENTS)
    taken = [_taken(visit, _VISITS) for visit in visit_rows(ledger)]
    told = {fact.id for _, facts in taken for fact in facts}
    if patient == row:  # it has what was amended since, and is no longer the registration word for word
        told.add(next(fact.id for fact in ledger.facts if isinstance(fact, Registered)))
    unsaid = sum(fact.id not in told for fact in ledger.facts)
    return Proof(patient, tuple(cells for cells, facts in taken if facts), unsaid)


def columns_told(ledger: Ledger) -> tuple[list[str], list[str]]:
    """Return the columns of both forms for which a person's facts have a cell."""
    row = patient_row(ledger) if is_patient_number(ledger.patient) else None
    if row is None:
        return [], []
    visits = dict.fromkeys(name for visit in visit_rows(ledger) for name in visit)
    return [name for name in row if _is_name(name, _PATIENTS)], [name for name in visits if _is_name(name, _VISITS)]


def _taken(cells: Cells, form: _Form) -> tuple[Cells, list[Entry]]:
    """Return the cells that an import takes, and what it reads from them."""
    left = {name: cell for name, cell in cells.items() if _is_name(name, form) and _is_cell(cell)}
    while left:
        told = {name: str(cell) for name, cell in left.items()}
        row = Row((), 0, {**form.blank, **told})
        kept = {name: cell for name, cell in told.items() if name not in form.read and cell.strip()}
        facts = list(form.facts(row, date.max, kept))
        if not row.problems:
            return left, facts
        refused = {problem.where[-1].removeprefix("column ") for problem in row.problems}
        left = {name: cell for name, cell in left.items() if name not in refused} if refused & left.keys() else {}
    return {}, []


@lru_cache(maxsize=1024)
def _is_name(name: str, form: _Form) -> bool:
    """Say whether an import will take a column for this one, and for none of the official ones but itself."""
    if name in form.blank:
        return True
    official = _NAMES.usual(name) or _NAMES.without_remark(name)
    is_free = official is None or official in form.blank or official == name != VISIT_ON
    return bool(name) and name == plain(name) and is_free and (_NAMES.usual(name) or name) == name


def _is_cell(cell: str | date) -> bool:
    return isinstance(cell, date) or not (len(cell) > _LONGEST or ("#" in cell and _ERROR.fullmatch(cell)))
