"""What a field of an entry may hold: each function takes the JSON spelling or the value, or refuses it."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final, TypeVar
from unicodedata import category

from followup.dates import day
from followup.errors import InvalidEntry, Problem, harmless, no_term
from followup.terms import Function, Grade, Office, RiskLevel, Role, Seen, Sex, Stability, Symptom, Term

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Term)

_MOMENT: Final = re.compile(r"(19|2[01])\d\d-?\d\d-?\d\d([T ]|$)[\d:.,+Z-]*$", re.ASCII)
_ID_NUMBER: Final = re.compile(r"[0-9A-Za-z()-]{5,20}")


def patient_number(value: str) -> str:
    """Return the register's own number of a patient: 1 to 64 printable characters."""
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable() or value != value.strip():  # noqa: PLR2004
        raise InvalidEntry(Problem("patient", facts={"word": harmless(value)}))
    return value


def flag(value: bool) -> bool:  # noqa: FBT001 - a converter
    """Return true or false, and nothing that merely resembles one."""
    if not isinstance(value, bool):
        raise InvalidEntry(no_term(value, ["true", "false"], "bool"))
    return value


def text(value: str) -> str:
    """Return free text without NUL or half characters."""
    if not _is_text(value):
        raise InvalidEntry(Problem("text"))
    return value


def one_line(value: str) -> str:
    """Return text that stands on one line: a team, a village."""
    if not _is_text(value) or any(category(c) in {"Cc", "Zl", "Zp"} for c in value):
        raise InvalidEntry(Problem("line"))
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)


def own_text(value: str) -> str:
    """Return personal text; what is refused is not shown."""
    if not _is_text(value):
        raise InvalidEntry(Problem("personal"))
    return value


def own_number(value: str) -> str:
    """Refuse what a spreadsheet made of an ID number (1.1E+17); other countries' numbers are taken."""
    if not _is_text(value) or not _ID_NUMBER.fullmatch(value):
        raise InvalidEntry(Problem("personal"))
    return value


def own_day(value: date | str) -> date:
    """Return a personal date; what is refused is not shown."""
    try:
        return day(value)
    except InvalidEntry:
        raise InvalidEntry(Problem("personal")) from None


def own_sex(value: Sex | str) -> Sex:
    """Return the sex; what is refused is not shown."""
    if value not in tuple(Sex):
        raise InvalidEntry(Problem("personal"))
    return Sex(value)


def moment(value: str) -> str:
    """Return an ISO 8601 moment, as text."""
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidEntry(Problem("moment", facts={"word": harmless(value)})) from None
    if not _MOMENT.match(value):  # Python takes any character between day and time, and any year
        raise InvalidEntry(Problem("moment", facts={"word": harmless(value)}))
    return value


def risk_level(value: RiskLevel | int) -> RiskLevel:
    """Return a risk level from a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEntry(Problem("number", facts={"word": harmless(value)}))
    return RiskLevel(value)


def recorded_class(value: Stability | str) -> Stability:
    """Return one of the three classes that a doctor records."""
    found = Stability(value)
    if found.code is None:
        raise InvalidEntry(no_term(value, [s for s in Stability if s.code], "Stability"))
    return found


def _several(kind: type[_K], values: Iterable[_K | str]) -> tuple[_K, ...]:
    found = [kind(value) for value in _listed(values)]
    return tuple(member for member in kind if member in found)


def seen_list(values: Iterable[Seen | str]) -> tuple[Seen, ...]:
    """Return whom a follow-up was held with."""
    return _several(Seen, values)


def role_list(values: Iterable[Role | str]) -> tuple[Role, ...]:
    """Return who was present."""
    return _several(Role, values)


def symptom_list(values: Iterable[Symptom | str]) -> tuple[Symptom, ...]:
    """Return symptoms; none is a fact, too."""
    return _several(Symptom, values)


def recipient_list(values: Iterable[Role | Office | str]) -> tuple[Role | Office, ...]:
    """Return to whom a report went."""
    known = (*Role, *Office)
    found = _listed(values)
    for value in found:
        if value not in known:
            raise InvalidEntry(no_term(value, map(str, known), "Role"))
    return tuple(member for member in known if member in found)


def _listed(values: Iterable[_T]) -> tuple[_T, ...]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidEntry(Problem("list", facts={"word": harmless(values)}))
    return tuple(values)


def function_grades(values: Mapping[Function | str, Grade | str]) -> Mapping[Function, Grade]:
    """Return social functions with their grades."""
    if not isinstance(values, Mapping):
        raise InvalidEntry(Problem("table", facts={"word": harmless(values)}))
    found = {Function(name): Grade(grade) for name, grade in values.items()}
    return {name: found[name] for name in Function if name in found}


def form_columns(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return columns of the official form, word for word."""
    if not isinstance(values, Mapping) or not all(_is_text(word) for pair in values.items() for word in pair):
        raise InvalidEntry(Problem("table", facts={"word": "form"}))
    return {name: values[name] for name in sorted(values)}
