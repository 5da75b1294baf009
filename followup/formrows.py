"""The official forms out: a ledger as the rows from which an import would make its facts again.

A form holds its own columns and those that this library adds to it. What it cannot say (custody, incidents,
postponements, free text beside a code) stands in the JSON lines alone.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from followup.case import case_on
from followup.entries import Admitted, Died, Discharged, Entry, Lost, Missed, Referred, Registered, Visited
from followup.ledger import Ledger
from followup.patientform import CONSENT, CONSENT_ON, FILLED_IN, PATIENT, PATIENT_FIELDS, PATIENT_READ
from followup.terms import DeathReason, LossReason, Reaction, Term
from followup.visitform import (
    CLASS,
    DEATH,
    DIED_ON,
    DISCHARGED_ON,
    FUNCTIONS,
    LOSS,
    PRESENT,
    REFERRED,
    REFERRED_FOR,
    REFERRED_TO,
    RISK,
    STAY,
    VISIT_ON,
    VISIT_READ,
)

#: The cells of a row that are not empty, by their columns.
Cells = dict[str, str | date]
_DIAGNOSIS: Final = "目前诊断"
_NOT_APPLICABLE: Final = "9"
_LOSSES: Final = {str(reason): str(reason.code) for reason in LossReason if reason is not LossReason.NOT_REACHED}
_DEATHS: Final = {str(reason): str(reason.code) for reason in DeathReason}
#: Facts that a follow-up record can tell.
_TOLD: Final = (Visited, Missed, Lost, Discharged, Referred, Admitted, Died)


def patient_row(ledger: Ledger) -> Cells | None:
    """Return the row of a person's registration, with what was last told of the person; None without one."""
    registered = next((fact for fact in ledger.facts if type(fact) is Registered), None)
    case = case_on(ledger, date.max)
    if registered is None or case is None:
        return None
    told: dict[str, Any] = case.person | {"village": case.village, "team": case.team}
    told["diagnosis"] = registered.diagnosis
    found: Cells = {**_kept(registered.form, PATIENT_READ - {_DIAGNOSIS}), PATIENT: ledger.patient}
    found[FILLED_IN] = registered.on
    found[CONSENT] = "1" if registered.consents else "0"
    if registered.informed_on is not None:
        found[CONSENT_ON] = registered.informed_on
    for column, name in PATIENT_FIELDS.items():
        if told.get(name) is not None:
            found.setdefault(column, _cell(told[name]))
    return found


def visit_rows(ledger: Ledger) -> Iterator[Cells]:
    """Yield the follow-up records of a person, each with what else an import would read from its row."""
    by_day: dict[date, list[Entry]] = {}
    for fact in ledger.facts:
        if isinstance(fact, _TOLD):
            by_day.setdefault(_recorded_on(fact), []).append(fact)
    for on in sorted(by_day):
        for row in _rows_of_day(by_day[on]):
            yield {**row, PATIENT: ledger.patient, VISIT_ON: on}


def _recorded_on(fact: Entry) -> date:
    return max(fact.on, fact.informed_on or fact.on) if isinstance(fact, Discharged) else fact.on


def _rows_of_day(facts: Collection[Entry]) -> Iterator[Cells]:
    """Put into one row what one row can say: a follow-up or a failed attempt with one of each of the others."""
    rows = [_visited(fact) for fact in facts if isinstance(fact, Visited)]
    rows += _attempts(facts)
    for fact in facts:
        if isinstance(fact, Discharged | Referred | Admitted | Died):
            cells = _beside(fact)
            row = next(
                (row for row in rows if not cells.keys() & row.keys() and row.get(LOSS) not in _LOSSES.values()), None
            )
            if row is None:
                rows.append(cells)
            else:
                row.update(cells)
    yield from rows


def _attempts(facts: Collection[Entry]) -> Iterator[Cells]:
    """Yield the rows of failed attempts and losses; an attempt with the reason of a loss was told in its row."""
    losses = [fact for fact in facts if isinstance(fact, Lost)]
    for fact in facts:
        if isinstance(fact, Missed):
            lost = next((loss for loss in losses if loss.reason == fact.reason and loss.reason in _LOSSES), None)
            if lost is not None:
                losses.remove(lost)
            yield _missed(fact) | ({} if lost is None else _lost(lost))
    yield from map(_lost, losses)


def _visited(visit: Visited) -> Cells:
    told: dict[str, Any] = {
        "本次随访形式": visit.mode, "本次随访对象": visit.seen, RISK: int(visit.risk), "目前症状": visit.symptoms,
        "自知力": visit.insight, "用药依从性": visit.adherence, "药物不良反应": _reaction(visit.reaction),
        CLASS: visit.stability, "下次随访日期": visit.next_on,
        **{column: (visit.functions or {}).get(name) for column, name in FUNCTIONS.items()},
    }  # fmt: skip
    return {**_kept(visit.form, VISIT_READ), **_coded(told), **_present(visit.present)}


def _kept(form: Mapping[str, str] | None, read: Container[str]) -> Cells:
    """Return the columns kept word for word; of those that are read only "9" is kept, "does not apply"."""
    return {name: cell for name, cell in (form or {}).items() if name not in read or cell == _NOT_APPLICABLE}


def _reaction(reaction: Reaction | None) -> Reaction | None:
    """Return what the form can say: that there is a reaction, not how severe."""
    return Reaction.PRESENT if reaction is Reaction.SEVERE else reaction


def _missed(fact: Missed) -> Cells:
    reached = {} if fact.reason != LossReason.NOT_REACHED else {LOSS: str(LossReason.NOT_REACHED.code)}
    return {CLASS: "0", **_coded({"本次随访形式": fact.mode}), **_present(fact.present), **reached}


def _lost(fact: Lost) -> Cells:
    return {LOSS: _LOSSES.get(fact.reason or "", _LOSSES[LossReason.OTHER])}


def _beside(fact: Discharged | Referred | Admitted | Died) -> Cells:
    if isinstance(fact, Discharged):
        return {STAY: "2", DISCHARGED_ON: fact.on}
    if isinstance(fact, Admitted):
        return {STAY: "1"}
    if isinstance(fact, Died):
        reason = {} if fact.reason is None else {DEATH: _DEATHS.get(fact.reason, _DEATHS[DeathReason.OTHER])}
        return {DIED_ON: fact.on, **reason}
    return {REFERRED: "2"} | _coded({REFERRED_TO: fact.to, REFERRED_FOR: fact.reason})


def _present(present: Iterable[Term] | None) -> Cells:
    return {PRESENT: "、".join(role.zh for role in present)} if present else {}


def _coded(told: Mapping[str, Any]) -> Cells:
    """Return cells with their official codes; what is not known is left empty."""
    found: Cells = {}
    for column, value in told.items():
        if isinstance(value, tuple):
            found[column] = ",".join(str(term.code) for term in value)
        elif value is not None:
            found[column] = str(value.code) if isinstance(value, Term) else _cell(value)
    return {column: cell for column, cell in found.items() if cell != ""}


def _cell(value: Any) -> str | date:
    if isinstance(value, Term):
        return str(value.code) if value.code is not None else value.zh
    return value if isinstance(value, date) else str(value)
