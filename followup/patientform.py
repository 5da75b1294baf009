"""The patient form: the personal supplement (严重精神障碍患者个人信息补充表), one registration a row.

With it stand the columns by which a person is known; 村(居)委会 and 责任团队 are this library's own.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from followup.dates import FIRST_YEAR
from followup.entries import Entry, Registered
from followup.sheets import Row, codes, labels
from followup.spellings import plain
from followup.terms import Diagnosis, Sex

PATIENT, FILLED_IN, CONSENT, CONSENT_ON = "编号", "填表日期", "知情同意", "知情同意签字时间"

#: The columns that become fields; the others are kept word for word.
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
#: Other names that systems give to columns.
ALIASES: Final = {
    "患者编号": PATIENT, "患者姓名": "姓名", "患者性别": "性别", "患者出生日期": "出生日期", "出生年月日": "出生日期",
    "身份证号码": "身份证号", "身份证件号码": "身份证号", "公民身份号码": "身份证号", "居民身份证号": "身份证号",
    "居民身份证号码": "身份证号", "患者身份证号": "身份证号", "患者身份证号码": "身份证号", "患者电话": "联系电话",
    "患者联系电话": "联系电话", "本人电话": "联系电话", "本人联系电话": "联系电话",
    "村居委会": "村(居)委会", "村/居委会": "村(居)委会", "目前诊断情况": "目前诊断",
}  # fmt: skip
PATIENT_READ: Final = frozenset({PATIENT, FILLED_IN, CONSENT, CONSENT_ON, *PATIENT_FIELDS})

#: Where other programs took the number for a quantity, a decimal point follows.
_NUMBER: Final = re.compile(r"(\d{3})-?(\d{5})(?:\.0+)?", re.ASCII)
_OWN_NUMBER: Final = re.compile(r"\d{8}", re.ASCII)
_PHONES: Final = ("联系电话", "监护人电话")
#: How a spreadsheet shows a number that is too long for its column.
_SHORTENED: Final = re.compile(r"\d(\.\d+)?E\+?\d+", re.IGNORECASE)
_ID_NUMBER: Final = re.compile(r"\d{15}|\d{17}[\dX]", re.ASCII)
_KEPT_DIGITS: Final = 15
_ICD: Final = {"F20": Diagnosis.SCHIZOPHRENIA, "F25": Diagnosis.SCHIZOAFFECTIVE, "F22": Diagnosis.PARANOID,
               "F31": Diagnosis.BIPOLAR}  # fmt: skip
CONSENTS: Final = {
    "1": True, "0": False, "2": False, "同意参加管理": True, "同意": True, "是": True,
    "不同意参加管理": False, "不同意": False, "否": False,
}  # fmt: skip
_SEX: Final = {
    **codes(Sex),
    "男性": Sex.MALE,
    "女性": Sex.FEMALE,
    "未知的性别": Sex.UNKNOWN,
    "未说明的性别": Sex.UNSTATED,
}


def is_patient_number(number: str) -> bool:
    """Say whether a register's number is one that the forms can hold."""
    return bool(_OWN_NUMBER.fullmatch(number))


def patient_number(row: Row) -> str | None:
    """Return the patient's number, 3 + 5 digits, without the hyphen between them."""
    cell = row.needed(PATIENT)
    parts = _NUMBER.fullmatch(plain(cell)) if cell else None
    if cell and parts is None:
        row.wrong("cell.number", PATIENT)
    return parts[1] + parts[2] if parts else None


def patient_facts(row: Row, today: date, kept: dict[str, str]) -> Iterator[Entry]:
    """Yield the registration that a row tells; `kept` are the columns that no rule uses."""
    patient = patient_number(row)
    on = row.day(FILLED_IN, today) if row.needed(FILLED_IN) else None
    consents = row.choice(CONSENT, CONSENTS) if row.needed(CONSENT) else None
    fields = {
        "informed_on": row.day(CONSENT_ON, today),
        "name": row.text("姓名"),
        "sex": row.choice("性别", _SEX),
        "born": row.day("出生日期", today),
        "id_number": _id_number(row),
        "phone": _phone(row),
        "guardian": row.text("监护人姓名"),
        "village": row.line("村(居)委会"),
        "team": row.line("责任团队"),
        "diagnosis": _diagnosis(row, kept),
    }
    _doubt_id_number(row, fields["id_number"], fields["born"], today)
    if not row.problems and patient is not None and on is not None and consents is not None:
        yield Registered(patient, on, consents=consents, form=kept or None, **fields)


def _phone(row: Row) -> str | None:
    """Read a telephone number; one that a spreadsheet has shortened is none any more, whosever it is."""
    for column in _PHONES:
        if _SHORTENED.fullmatch(plain(row.text(column) or "")):
            row.wrong("cell.phone", column)
    return row.text("联系电话")


def _id_number(row: Row) -> str | None:
    """Read an ID number whole; spreadsheets keep 15 digits of one, and write zeros for the rest."""
    found = row.text("身份证号")
    number = plain(found or "").upper()
    if found is not None and not _ID_NUMBER.fullmatch(number):
        row.wrong("cell.id_number", "身份证号")
    elif number.endswith("000") and len(number) > _KEPT_DIGITS:
        row.wrong("cell.id_number.zeros", "身份证号")
    return number or None


def _doubt_id_number(row: Row, number: str | None, born: date | None, today: date) -> None:
    """Note where an ID number's check digit or birthday tells of a slip; without the extra `cn` nothing is noted."""
    ric = _id_numbers()
    if ric is None or number is None or row.problems:
        return
    is_old = len(number) == _KEPT_DIGITS
    try:
        told = ric.get_birth_date(f"{number[:6]}19{number[6:]}" if is_old else number)
    except ValueError:  # there is no such day
        told = date.min
    is_right = is_old or ric.calc_check_digit(number) == number[-1]
    if not (is_right and told.year >= FIRST_YEAR and told <= today):
        row.doubt("id_number.check", "身份证号")
    elif born is not None and born != told:
        row.doubt("id_number.born", "出生日期")


@cache
def _id_numbers() -> Any:
    """Return what knows how ID numbers are made; None where it is not installed."""
    return import_module("stdnum.cn.ric") if find_spec("stdnum") else None


def _diagnosis(row: Row, kept: dict[str, str]) -> Diagnosis | None:
    """Read a label or one of the four certain ICD-10 codes; another text is "other" and kept word for word."""
    found = row.text("目前诊断")
    if found is None:
        return None
    known = labels(Diagnosis).get(plain(found)) or _ICD.get(plain(found)[:3].upper())
    if known is None:
        kept["目前诊断"] = found
    return known or Diagnosis.OTHER
