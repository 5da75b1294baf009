"""The official forms and JSON lines, read: one row gives one fact or more.

The patient form is the personal supplement (严重精神障碍患者个人信息补充表) with the columns by which a person
is known; the follow-up form is the record of 2018 (严重精神障碍患者随访服务记录表). Columns that no rule uses
are kept word for word. The optional column 参与人员 is this library's own.
"""

import json
import os.path
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from followup.entries import (
    Admitted,
    Died,
    Discharged,
    Done,
    Entry,
    Lost,
    Missed,
    Referred,
    Registered,
    Visited,
    entry_from_json,
)
from followup.errors import FollowupError, InvalidEntry, InvalidFile, Problem, shown
from followup.sheets import Row, Table, content_of, decoded, plain, read_table
from followup.terms import (
    Adherence,
    ContactMode,
    DeathReason,
    Diagnosis,
    Function,
    Grade,
    Insight,
    LineKind,
    LossReason,
    Reaction,
    RiskLevel,
    Role,
    Seen,
    Sex,
    Stability,
    Status,
    Symptom,
    Term,
)

PATIENT, FILLED_IN, CONSENT, CONSENT_ON = "编号", "填表日期", "知情同意", "知情同意签字时间"
VISIT_ON, RISK, CLASS, LOSS = "随访日期", "危险性评估", "本次随访分类", "若失访,原因"
DIED_ON, DEATH, STAY, DISCHARGED_ON = "死亡日期", "死亡原因", "两次随访期间住院情况", "末次出院时间"
REFERRED, REFERRED_FOR, REFERRED_TO = "是否转诊", "转诊原因", "转诊至机构及科室"
PRESENT: Final = "参与人员"

#: The columns of the patient form that become fields; the others are kept word for word.
PATIENT_FIELDS: Final = {
    "姓名": "name", "性别": "sex", "出生日期": "born", "身份证号": "id_number", "联系电话": "phone",
    "监护人姓名": "guardian", "村(居)委会": "village", "责任团队": "team", "目前诊断": "diagnosis",
}  # fmt: skip
_PATIENT_KEPT: Final = (
    "与患者关系", "监护人住址", "监护人电话", "辖区村(居)委会联系人、电话", "户别", "就业情况", "初次发病时间",
    "既往关锁情况", "既往门诊治疗", "住院次数", "确诊医院", "确诊日期", "最近一次治疗效果", "轻度滋事", "肇事",
    "肇祸", "其他危害行为", "自伤", "自杀未遂", "经济状况", "医生签字",
)  # fmt: skip
PATIENT_COLUMNS: Final = (PATIENT, FILLED_IN, CONSENT, CONSENT_ON, *PATIENT_FIELDS, *_PATIENT_KEPT)

FUNCTIONS: Final = {
    "个人生活料理": Function.SELF_CARE, "家务劳动": Function.HOUSEWORK, "生产劳动及工作": Function.WORK,
    "学习能力": Function.STUDY, "社会人际交往": Function.CONTACT,
}  # fmt: skip
_VISIT_READ: Final = (
    PATIENT, VISIT_ON, RISK, CLASS, LOSS, DIED_ON, DEATH, STAY, DISCHARGED_ON, PRESENT, "本次随访形式", "本次随访对象",
    "目前症状", "自知力", "用药依从性", "药物不良反应", REFERRED, REFERRED_FOR, REFERRED_TO, "下次随访日期",
    *FUNCTIONS,
)  # fmt: skip
_VISIT_KEPT: Final = (
    "睡眠情况", "饮食情况", "轻度滋事", "肇事", "肇祸", "其他危害行为", "自伤", "自杀未遂", "两次随访期间关锁情况",
    "实验室检查", "治疗效果", "药物1", "药物1用法", "药物2", "药物2用法", "药物3", "药物3用法", "康复措施",
    "随访医生签名",
)  # fmt: skip
VISIT_COLUMNS: Final = (*_VISIT_READ, *_VISIT_KEPT)

_ALIASES: Final = {"失访原因": LOSS, "转诊机构及科室": REFERRED_TO}
_NUMBER: Final = re.compile(r"(\d{3})-?(\d{5})", re.ASCII)
_ID_NUMBER: Final = re.compile(r"\d{15}|\d{17}[\dX]", re.ASCII)
_ICD: Final = {"F20": Diagnosis.SCHIZOPHRENIA, "F25": Diagnosis.SCHIZOAFFECTIVE, "F22": Diagnosis.PARANOID,
               "F31": Diagnosis.BIPOLAR}  # fmt: skip


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
        if entry.on > today:
            found.problems.append(Problem("future", (*where, "on"), {"on": entry.on, "today": today}))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counts = Counter(key for key, _ in pairs)
    if len(counts) < len(pairs):
        raise InvalidEntry([Problem("json.twice", facts={"key": shown(k)}) for k, n in counts.items() if n > 1])
    return dict(pairs)


def _read_csv(path: Path, today: date, found: Reading) -> None:
    table = read_table(path, _ALIASES)
    known, needed, read = _form(table)
    problems, notes = _column_doubts(table, known, needed)
    found.notes.extend(notes)
    found.problems.extend([*problems, *table.problems])
    if problems:
        return
    dropped: Counter[str] = Counter()
    for row in table.rows:
        facts = _facts(row, read, today, known)
        found.entries.extend(Sourced(entry, row.where) for entry in facts)
        found.problems.extend(row.problems)
        found.refused.update(_refused(row))
        if facts and not isinstance(facts[0], Visited | Registered):
            dropped.update(name for name in _kept(row, known) if name not in PATIENT_FIELDS)
    for name, count in dropped.items():
        found.notes.append(Problem("not_kept", (table.file, f"column {name}"), {"count": count}))


def _refused(row: Row) -> Iterator[str]:
    number = _NUMBER.fullmatch(plain(row.cells.get(PATIENT, "")))
    if row.problems and number is not None:
        yield number[1] + number[2]


def _kept(row: Row, known: tuple[str, ...]) -> dict[str, str]:
    """Return the cells that no rule uses, to be kept word for word."""
    return {
        name: cell for name, cell in row.cells.items() if name and cell.strip() and name not in _READ_COLUMNS[known]
    }


def _facts(row: Row, read: "_Reader", today: date, known: tuple[str, ...]) -> list[Entry]:
    try:
        return list(read(row, today, _kept(row, known)))
    except FollowupError as error:
        if not row.problems:
            row.problems.extend(problem.at(*row.where) for problem in error.problems)
    return []


_Reader = Callable[[Row, date, dict[str, str]], Iterator[Entry]]


def _form(table: Table) -> tuple[tuple[str, ...], tuple[str, ...], _Reader]:
    if PATIENT in table.columns and VISIT_ON in table.columns:
        return VISIT_COLUMNS, (RISK,), _visit_facts
    if PATIENT in table.columns and FILLED_IN in table.columns:
        return PATIENT_COLUMNS, (CONSENT,), _patient_facts
    raise InvalidFile(Problem("file.header", (table.file, "row 1")))


def _column_doubts(
    table: Table, known: tuple[str, ...], needed: tuple[str, ...]
) -> tuple[list[Problem], list[Problem]]:
    """Refuse a column that is nearly one of the form's, a slip of the pen; note another stranger, which is kept."""
    notes: list[Problem] = []
    problems = [Problem("column.missing", (f"column {name}",)) for name in needed if name not in table.columns]
    problems += [
        Problem("column.twice", (f"column {name}",)) for name, count in Counter(table.columns).items() if count > 1
    ]
    free = [name for name in known if name not in table.columns]
    for name in table.columns:
        if name and name not in known:
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


def _by_code(kind: type[Term]) -> dict[str, Any]:
    return {term.code: term for term in kind if term.code is not None}


def _by_label(kind: type[Term]) -> dict[str, Any]:
    return {plain(label): term for term in kind for label in (term.zh, str(term))}


def _patient_number(row: Row) -> str | None:
    cell = row.needed(PATIENT)
    parts = _NUMBER.fullmatch(plain(cell)) if cell else None
    if cell and parts is None:
        row.wrong("cell.number", PATIENT)
    return parts[1] + parts[2] if parts else None


def _patient_facts(row: Row, today: date, kept: dict[str, str]) -> Iterator[Entry]:
    patient = _patient_number(row)
    on = row.day(FILLED_IN, today) if row.needed(FILLED_IN) else None
    consents = row.choice(CONSENT, _CONSENT) if row.needed(CONSENT) else None
    fields = {
        "informed_on": row.day(CONSENT_ON, today),
        "name": row.text("姓名"),
        "sex": row.choice("性别", _by_code(Sex)),
        "born": row.day("出生日期", today),
        "id_number": _id_number(row),
        "phone": row.text("联系电话"),
        "guardian": row.text("监护人姓名"),
        "village": row.text("村(居)委会"),
        "team": row.text("责任团队"),
        "diagnosis": _diagnosis(row, kept),
    }
    if not row.problems and patient is not None and on is not None and consents is not None:
        yield Registered(patient, on, consents=consents, form=kept or None, **fields)


def _id_number(row: Row) -> str | None:
    found = row.text("身份证号")
    if found is not None and not _ID_NUMBER.fullmatch(plain(found).upper()):
        row.wrong("cell.id_number", "身份证号")
    return plain(found).upper() if found else None


def _diagnosis(row: Row, kept: dict[str, str]) -> Diagnosis | None:
    """Read a label or one of the four certain ICD-10 codes; another text is "other" and kept word for word."""
    found = row.text("目前诊断")
    if found is None:
        return None
    known = _by_label(Diagnosis).get(plain(found)) or _ICD.get(plain(found)[:3].upper())
    if known is None:
        kept["目前诊断"] = found
    return known or Diagnosis.OTHER


@frozen
class _Told:
    """What a follow-up record tells beside the follow-up itself."""

    risk: RiskLevel | None
    recorded: str | None
    loss: LossReason | None
    stay: str | None
    discharged_on: date | None
    died_on: date | None
    death: DeathReason | None
    referred: bool | None


def _visit_facts(row: Row, today: date, kept: dict[str, str]) -> Iterator[Entry]:
    patient = _patient_number(row)
    on = row.day(VISIT_ON, today) if row.needed(VISIT_ON) else None
    told, visit = _told(row, today), _visit_fields(row, kept)
    _check_risk(row, told)
    _check_days(row, told, on)
    if row.problems or patient is None or on is None:
        return
    others = list(_other_facts(row, told, patient, on))
    missed = told.recorded == _MISSED or told.loss is LossReason.NOT_REACHED
    if told.risk is not None:
        stability = None if told.recorded is None else Stability(told.recorded)
        yield Visited(patient, on, risk=told.risk, stability=stability, form=kept or None, **visit)
    elif missed or not others:
        yield Missed(patient, on, reason=told.loss, mode=visit["mode"], present=visit["present"])
    yield from others


def _told(row: Row, today: date) -> _Told:
    return _Told(
        row.choice(RISK, _RISK),
        row.choice(CLASS, _CLASS),
        row.choice(LOSS, _by_code(LossReason)),
        row.choice(STAY, _STAY),
        row.day(DISCHARGED_ON, today),
        row.day(DIED_ON, today),
        row.choice(DEATH, _by_code(DeathReason)),
        row.choice(REFERRED, {"1": False, "2": True}),
    )


def _other_facts(row: Row, told: _Told, patient: str, on: date) -> Iterator[Entry]:
    if told.discharged_on is not None:
        yield Discharged(patient, told.discharged_on, informed_on=None if told.discharged_on == on else on)
    if told.referred:
        yield Referred(patient, on, to=row.text(REFERRED_TO), reason=row.text(REFERRED_FOR))
    if told.stay == _IN_HOSPITAL:
        yield Admitted(patient, on)
        yield Done(patient, on, kind=LineKind.STATUS_CHECK, outcome=Status.IN_HOSPITAL)
    if told.loss not in {None, LossReason.NOT_REACHED}:
        yield Lost(patient, on, reason=told.loss)
    if told.died_on is not None:
        yield Died(patient, told.died_on, reason=told.death)


def _visit_fields(row: Row, kept: dict[str, str]) -> dict[str, Any]:
    symptoms = row.choices("目前症状", _by_code(Symptom))
    return {
        "mode": row.choice("本次随访形式", _by_code(ContactMode)),
        "seen": row.choices("本次随访对象", _by_code(Seen)),
        "present": row.choices(PRESENT, _by_label(Role)),
        "symptoms": () if symptoms is None and "目前症状" in row.cells else symptoms,
        "insight": row.choice("自知力", _by_code(Insight)),
        "functions": _functions(row, kept),
        "adherence": row.choice("用药依从性", _by_code(Adherence)),
        "reaction": _applicable(row, "药物不良反应", _by_code(Reaction), kept),
        "next_on": row.day("下次随访日期"),
    }


def _functions(row: Row, kept: dict[str, str]) -> dict[Function, Grade] | None:
    found = {name: _applicable(row, column, _by_code(Grade), kept) for column, name in FUNCTIONS.items()}
    return {name: grade for name, grade in found.items() if grade is not None} or None


def _applicable(row: Row, column: str, options: dict[str, Any], kept: dict[str, str]) -> Any:
    """Read a code; 9 (此项不适用) is no value, and is kept word for word."""
    if plain(row.text(column) or "") == "9":
        kept[column] = "9"
        return None
    return row.choice(column, options)


def _check_risk(row: Row, told: _Told) -> None:
    if told.risk is not None and (told.recorded == _MISSED or told.loss is not None):
        row.wrong("row.missed")
    if row.text(RISK) is not None:
        return
    if told.recorded not in {None, _MISSED}:
        row.wrong("row.risk", RISK)
    for column in _ASSESSED:
        if row.text(column) is not None:
            row.wrong("row.unassessed", column)


def _check_days(row: Row, told: _Told, on: date | None) -> None:
    if (told.stay == _WAS_IN_HOSPITAL) != bool(row.text(DISCHARGED_ON)):
        row.wrong("row.discharge", DISCHARGED_ON)
    if row.text(DEATH) and not row.text(DIED_ON):
        row.wrong("row.death", DIED_ON)
    for column in (REFERRED_FOR, REFERRED_TO):
        if row.text(column) is not None and not told.referred:
            row.wrong("row.referral", column)
    for column, day in ((DISCHARGED_ON, told.discharged_on), (DIED_ON, told.died_on)):
        if on is not None and day is not None and day > on:
            row.wrong("row.later", column, on=on)


#: What only a follow-up tells: without a risk it would be lost.
_ASSESSED: Final = ("目前症状", "自知力", "用药依从性", "药物不良反应", "下次随访日期", *FUNCTIONS)
_CONSENT: Final = {"1": True, "0": False, "2": False}
_MISSED, _NOT_IN_HOSPITAL, _IN_HOSPITAL, _WAS_IN_HOSPITAL = "missed", "never", "now", "before"
_STAY: Final = {"0": _NOT_IN_HOSPITAL, "1": _IN_HOSPITAL, "2": _WAS_IN_HOSPITAL}
_RISK: Final = {str(int(risk)): risk for risk in RiskLevel}
_CLASS: Final[Mapping[str, Any]] = {"0": _MISSED, **_by_code(Stability)}
_READ_COLUMNS: Final = {
    VISIT_COLUMNS: frozenset(_VISIT_READ),
    PATIENT_COLUMNS: frozenset({PATIENT, FILLED_IN, CONSENT, CONSENT_ON, *PATIENT_FIELDS}),
}
_READERS: Final = {".csv": _read_csv, ".jsonl": _read_jsonl}
