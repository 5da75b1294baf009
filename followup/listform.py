"""The list as a form: lines of a day's list with empty columns beside them for what came of each visit.

Filled in, it is read as follow-up records. What the list itself says on it is no record, and is passed over.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from attrs import evolve

from followup.entries import Entry
from followup.patientform import PATIENT
from followup.sentences import LANGUAGES, say, sentences
from followup.sheets import Row
from followup.terms import (
    Adherence,
    ContactMode,
    DeathReason,
    Grade,
    Insight,
    LossReason,
    Reaction,
    RiskLevel,
    Role,
    Seen,
    Stability,
    Symptom,
    Term,
)
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
    visit_facts,
)


def _spelled(kind: type[Term]) -> tuple[str, ...]:
    return tuple(f"{term.code} {term.zh}" for term in kind if term.code is not None)


_NOT_APPLICABLE: Final = "9 此项不适用"
_GRADES: Final = _spelled(Grade)
#: The columns to fill in, the most needed first, with what each may hold; anything, or a day, where that is empty.
OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    VISIT_ON: (),
    "本次随访形式": _spelled(ContactMode),
    RISK: tuple(str(int(risk)) for risk in RiskLevel),
    CLASS: ("0 未访到", *_spelled(Stability)),
    "本次随访对象": _spelled(Seen),
    PRESENT: tuple(role.zh for role in Role),
    LOSS: _spelled(LossReason),
    "下次随访日期": (),
    "目前症状": _spelled(Symptom),
    "自知力": _spelled(Insight),
    **{column: (*_GRADES, *((_NOT_APPLICABLE,) if column == "生产劳动及工作" else ())) for column in FUNCTIONS},
    "用药依从性": _spelled(Adherence),
    "药物不良反应": (*_spelled(Reaction), _NOT_APPLICABLE),
    STAY: ("0 未住院", "1 目前正在住院", "2 曾住院,现未住院"),
    DISCHARGED_ON: (),
    REFERRED: ("1 否", "2 是"),
    REFERRED_FOR: (),
    REFERRED_TO: (),
    DIED_ON: (),
    DEATH: _spelled(DeathReason),
    "随访医生签名": (),
}
#: Those that hold a day, and those that may hold several codes.
DAYS: Final = frozenset({VISIT_ON, "下次随访日期", DISCHARGED_ON, DIED_ON})
SEVERAL: Final = frozenset({"本次随访对象", PRESENT, "目前症状"})
#: What stands on a list beside its lines.
SHEETS: Final = ("sheet.duties", "sheet.moves", "sheet.codes")

#: By so many of these columns a list is known: somebody may have deleted one that was in the way.
_MARKS: Final = ("column.kind", "column.bucket", "column.due_on", "column.plan_on", "column.reasons")
_ENOUGH: Final = 3
#: One of these says what came of a visit; the others only how it was made.
_TELLING: Final = (RISK, CLASS, LOSS, STAY, DIED_ON, REFERRED)


def own_columns(columns: Iterable[str]) -> frozenset[str]:
    """Return the columns that are a list's own and not the form's; none where the table is no list.

    >>> "依据" in own_columns(["编号", "事项", "最迟日期", "依据", "随访日期"]), own_columns(["编号", "随访日期"])
    (True, frozenset())
    """
    found = set(columns)
    for lang in LANGUAGES:
        if len(found.intersection(say(lang, mark) for mark in _MARKS)) >= _ENOUGH:
            headings = {text for key, text in sentences(lang).items() if key.startswith("column.")}
            return frozenset(headings - {PATIENT})
    return frozenset()


def is_own_sheet(title: str) -> bool:
    """Say whether a sheet that is no form stands beside a list, as the list itself has it."""
    return any(title == say(lang, sheet) for lang in LANGUAGES for sheet in SHEETS)


def filled_in(rows: Iterable[Row], own: frozenset[str]) -> list[Row]:
    """Return the rows of a list that anything was written into, without what the list says itself.

    An empty cell tells nothing: no symptom on a list does not mean that there was none.
    """
    bare = [
        evolve(row, cells={name: row.cells[name] for name in row.cells if _is_told(row, name, own)}) for row in rows
    ]
    return [row for row in bare if row.problems or row.cells.keys() - {PATIENT}]


def _is_told(row: Row, column: str, own: frozenset[str]) -> bool:
    return column not in own and row.text(column) is not None


def list_facts(row: Row, today: date, kept: dict[str, str]) -> Iterator[Entry]:
    """Yield the facts that a filled-in row of a list tells; `kept` are the columns that no rule uses."""
    if row.text(VISIT_ON) and not any(row.text(column) for column in _TELLING):
        row.wrong("row.half", RISK)
    yield from visit_facts(row, today, kept, _own_number)


def _own_number(row: Row) -> str | None:
    """Return the number as the register has it: a list prints it, whatever its shape."""
    return row.needed(PATIENT)
