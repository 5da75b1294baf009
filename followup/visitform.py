"""The follow-up form: the record of 2018 (严重精神障碍患者随访服务记录表), one fact or more a row.

The column 参与人员 (who was present, by role) is this library's own.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from attrs import frozen

from followup.entries import Admitted, Died, Discharged, Done, Entry, Lost, Missed, Referred, Visited
from followup.patientform import ALIASES as PATIENT_ALIASES
from followup.patientform import PATIENT, patient_number
from followup.sheets import Row, codes, labels
from followup.terms import (
    Adherence,
    ContactMode,
    DeathReason,
    Function,
    Grade,
    Insight,
    LineKind,
    LossReason,
    Reaction,
    RiskLevel,
    Role,
    Seen,
    Stability,
    Status,
    Symptom,
)

VISIT_ON, RISK, CLASS, LOSS = "随访日期", "危险性评估", "本次随访分类", "若失访,原因"
DIED_ON, DEATH, STAY, DISCHARGED_ON = "死亡日期", "死亡原因", "两次随访期间住院情况", "末次出院时间"
REFERRED, REFERRED_FOR, REFERRED_TO = "是否转诊", "转诊原因", "转诊至机构及科室"
PRESENT: Final = "参与人员"
#: Other names that systems give to columns.
ALIASES: Final = PATIENT_ALIASES | {
    "本次随访日期": VISIT_ON, "随访时间": VISIT_ON, "危险性评估等级": RISK, "危险性等级": RISK, "随访分类": CLASS,
    "失访原因": LOSS, "死亡时间": DIED_ON, "转诊机构及科室": REFERRED_TO, "下次随访时间": "下次随访日期",
}  # fmt: skip

FUNCTIONS: Final = {
    "个人生活料理": Function.SELF_CARE, "家务劳动": Function.HOUSEWORK, "生产劳动及工作": Function.WORK,
    "学习能力": Function.STUDY, "社会人际交往": Function.CONTACT,
}  # fmt: skip
VISIT_READ: Final = (
    PATIENT, VISIT_ON, RISK, CLASS, LOSS, DIED_ON, DEATH, STAY, DISCHARGED_ON, PRESENT, "本次随访形式", "本次随访对象",
    "目前症状", "自知力", "用药依从性", "药物不良反应", REFERRED, REFERRED_FOR, REFERRED_TO, "下次随访日期",
    *FUNCTIONS,
)  # fmt: skip
_VISIT_KEPT: Final = (
    "睡眠情况", "饮食情况", "轻度滋事", "肇事", "肇祸", "其他危害行为", "自伤", "自杀未遂", "两次随访期间关锁情况",
    "实验室检查", "治疗效果", "药物1", "药物1用法", "药物2", "药物2用法", "药物3", "药物3用法", "康复措施",
    "随访医生签名",
)  # fmt: skip
VISIT_COLUMNS: Final = (*VISIT_READ, *_VISIT_KEPT)

_MISSED, _NOT_IN_HOSPITAL, _IN_HOSPITAL, _WAS_IN_HOSPITAL = "missed", "never", "now", "before"
_STAY: Final = {
    "0": _NOT_IN_HOSPITAL, "1": _IN_HOSPITAL, "2": _WAS_IN_HOSPITAL,
    "未住院": _NOT_IN_HOSPITAL, "目前正在住院": _IN_HOSPITAL, "曾住院,现未住院": _WAS_IN_HOSPITAL,
}  # fmt: skip
RISKS: Final = {str(int(risk)): risk for risk in RiskLevel} | {f"{int(risk)}级": risk for risk in RiskLevel}
_CLASS: Final[Mapping[str, Any]] = {"0": _MISSED, **codes(Stability), "未访到": _MISSED}
_REFERRED: Final = {"1": False, "2": True, "否": False, "是": True}
#: The form has the second as one label; either half says the same.
SEEN: Final = {**codes(Seen), "患者家属": Seen.FAMILY, "监护人": Seen.FAMILY}
INSIGHT: Final = {**codes(Insight), "完全": Insight.FULL, "不全": Insight.PARTIAL, "缺失": Insight.ABSENT}
_NOT_APPLICABLE: Final = "not applicable"
_NOTHING: Final = dict.fromkeys(("9", "此项不适用", "不适用"), _NOT_APPLICABLE)
#: What only a follow-up tells: without a risk it would be lost.
_ASSESSED: Final = ("目前症状", "自知力", "用药依从性", "药物不良反应", "下次随访日期", *FUNCTIONS)


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


def visit_facts(
    row: Row, today: date, kept: dict[str, str], number: Callable[[Row], str | None] = patient_number
) -> Iterator[Entry]:
    """Yield the facts that a row tells; `kept` are the columns that no rule uses, `number` reads whose row it is."""
    patient = number(row)
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
        row.choice(RISK, RISKS),
        row.choice(CLASS, _CLASS),
        row.choice(LOSS, codes(LossReason)),
        row.choice(STAY, _STAY),
        row.day(DISCHARGED_ON, today),
        row.day(DIED_ON, today),
        row.choice(DEATH, codes(DeathReason)),
        row.choice(REFERRED, _REFERRED),
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
    symptoms = row.choices("目前症状", codes(Symptom))
    return {
        "mode": row.choice("本次随访形式", codes(ContactMode)),
        "seen": row.choices("本次随访对象", SEEN),
        "present": row.choices(PRESENT, labels(Role)),
        "symptoms": () if symptoms is None and "目前症状" in row.cells else symptoms,
        "insight": row.choice("自知力", INSIGHT),
        "functions": _functions(row, kept),
        "adherence": row.choice("用药依从性", codes(Adherence)),
        "reaction": _applicable(row, "药物不良反应", codes(Reaction), kept),
        "next_on": row.day("下次随访日期"),
    }


def _functions(row: Row, kept: dict[str, str]) -> dict[Function, Grade] | None:
    found = {name: _applicable(row, column, codes(Grade), kept) for column, name in FUNCTIONS.items()}
    return {name: grade for name, grade in found.items() if grade is not None} or None


def _applicable(row: Row, column: str, options: Mapping[str, Any], kept: dict[str, str]) -> Any:
    """Read a code; 9 (此项不适用) is no value, and is kept."""
    found = row.choice(column, {**options, **_NOTHING})
    if found != _NOT_APPLICABLE:
        return found
    kept[column] = "9"
    return None


def _check_risk(row: Row, told: _Told) -> None:
    if told.risk is not None and (told.recorded == _MISSED or told.loss is not None):
        row.wrong("row.missed")
    if told.loss not in {None, LossReason.NOT_REACHED} and (told.died_on or told.stay == _IN_HOSPITAL):
        row.wrong("row.loss", LOSS)
    if row.text(RISK) is not None:
        return
    if told.recorded not in {None, _MISSED}:
        row.wrong("row.risk", RISK)
    for column in _ASSESSED:
        if row.text(column) is not None:
            row.wrong("row.unassessed", column)


def _check_days(row: Row, told: _Told, on: date | None) -> None:
    unread = told.stay is None and row.text(STAY) is not None
    if not unread and (told.stay == _WAS_IN_HOSPITAL) != bool(row.text(DISCHARGED_ON)):
        row.wrong("row.discharge", DISCHARGED_ON)
    if row.text(DEATH) and not row.text(DIED_ON):
        row.wrong("row.death", DIED_ON)
    if on is not None and told.died_on is not None and told.died_on < on and _is_of_the_living(told):
        row.wrong("row.after_death", DIED_ON, on=on)
    for column in (REFERRED_FOR, REFERRED_TO):
        if row.text(column) is not None and not told.referred:
            row.wrong("row.referral", column)
    for column, day in ((DISCHARGED_ON, told.discharged_on), (DIED_ON, told.died_on)):
        if on is not None and day is not None and day > on:
            row.wrong("row.later", column, on=on)


def _is_of_the_living(told: _Told) -> bool:
    """Say whether a record tells what cannot be of somebody who had died before; that nobody was reached can."""
    return told.risk is not None or told.stay == _IN_HOSPITAL or bool(told.referred)
