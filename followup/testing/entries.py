"""Strategies of entries: each type with its own fields, drawn from a span of days; everybody is made up."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from followup.entries import TYPES, Entry
from followup.errors import InvalidEntry, unknown
from followup.terms import (
    Adherence,
    ContactMode,
    Diagnosis,
    Function,
    Grade,
    IncidentKind,
    Insight,
    LineKind,
    Office,
    Physical,
    Reaction,
    RiskLevel,
    Role,
    Seen,
    Sex,
    Stability,
    Symptom,
)
from followup.testing.spans import DAYS, Span, days, days_of, spans

_T = TypeVar("_T")
#: The strategies of some fields by their names.
Fields = dict[str, SearchStrategy[Any]]


def _maybe(values: Iterable[_T]) -> SearchStrategy[_T | None]:
    return st.sampled_from([None, *values])


def _some(values: Sequence[_T]) -> SearchStrategy[list[_T] | None]:
    return st.none() | st.lists(st.sampled_from(values), unique=True, max_size=3)


_TEXTS: Final = st.sampled_from([None, "", "甲", "=1+1"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), max_size=4
)
_FORM: Final = st.none() | st.dictionaries(st.sampled_from(["编号", "医生签名"]), st.sampled_from(["", "1"]))
_FUNCTIONS: Final = st.none() | st.dictionaries(st.sampled_from(Function), st.sampled_from(Grade))
TEAMS: Final = ("镇东", "镇西")
_VILLAGES: Final = ("甲村", "=乙村", "")
_PRESENT: Final = ((), (Role.CARE_GROUP, Role.POLICE), (Role.POLICE,), tuple(Role))
TOLD: Final = ((), (Role.CARE_GROUP, Role.POLICE, Office.HIGHER_CENTRE), (Role.POLICE,))
_CODED: Final = (Stability.STABLE, Stability.BASIC, None, None, Stability.UNSTABLE)
_PERSON: Final = "name phone guardian"
_TEXT_FIELDS: Final = {
    **dict.fromkeys(["admitted", "discharged", "detained", "released", "lost", "found", "died", "retracted"], "reason"),
    "registered": _PERSON,
    "amended": _PERSON,
    "missed": "reason",
    "referred": "to reason outcome",
    "moved_out": "to reason",
    "moved_in": "from_ reason",
    "done": "outcome",
    "postponed": "author reason",
}


def entries(*kinds: str, patient: str = "p1", span: Span | None = None) -> SearchStrategy[Entry]:
    """Return entries of the types named (of any, where none is), each with any of its fields.

    Their days lie in `span`, both ends included; where none is given, in one of `SPANS`.

    >>> from hypothesis import find
    >>> find(entries("visited"), lambda visit: visit.risk > 2)
    Visited(patient='p1', on='2026-08-20', risk=3)
    """
    if span is None:
        return spans().flatmap(lambda drawn: entries(*kinds, patient=patient, span=drawn))
    return st.one_of([_entry(kind, patient, span) for kind in known_kinds(kinds) or TYPES])


def known_kinds(kinds: Collection[str]) -> Collection[str]:
    """Return the names of entry types, none of which may be unknown: `InvalidEntry` for any other."""
    strange = [kind for kind in kinds if kind not in TYPES]
    if strange:
        raise InvalidEntry(unknown("value", strange[0], TYPES, field="type"))
    return kinds


@cache
def _entry(kind: str, patient: str, span: Span) -> SearchStrategy[Entry]:
    return built(kind, patient, span, that_matter(kind, span) | _that_do_not(kind, span))


def built(kind: str, patient: str, span: Span, fields: Fields) -> SearchStrategy[Entry]:
    """Return entries of one type, with the fields given."""
    return st.builds(TYPES[kind], st.just(patient), days(span), recorded_at=_recorded(span), **fields)


def _recorded(span: Span) -> SearchStrategy[str | None]:
    return _maybe(f"{day}T09:00:00+08:00" for day in days_of(span, 2 * DAYS))


@cache
def that_matter(kind: str, span: Span) -> Fields:
    """Return the fields of a type on which dates can depend."""
    informed: Fields = {"informed_on": _maybe(days_of(span))}
    fields: dict[str, Fields] = {
        "registered": informed | {"consents": st.sampled_from([True, False])},
        "consented": informed,
        "declined": informed,
        "visited": {
            "risk": st.sampled_from([0, 1, 2, 3, *RiskLevel, 0, 0]),
            "mode": _maybe(ContactMode),
            "seen": _maybe([(Seen.PATIENT,), (Seen.FAMILY,)]),
            "present": _maybe(_PRESENT),
            "insight": _maybe(Insight),
            "stability": _maybe(_CODED),
            "next_on": _maybe(days_of(span, 2 * DAYS)),
        },
        "referred": {"outcome": _maybe(["admitted"])},
        "discharged": informed,
        "done": {"kind": st.sampled_from(LineKind), "to": _maybe(TOLD)},
        "postponed": {"until": days(span, 2 * DAYS)},
        "retracted": {"entry": st.sampled_from(["0" * 20, "f" * 20])},
    }
    return fields.get(kind, {})


def _that_do_not(kind: str, span: Span) -> Fields:
    """Return all other fields of a type."""
    person: Fields = {"sex": _maybe(Sex), "born": _maybe(days_of(span)), "id_number": _maybe(["SYNTHETIC-1"])}
    place: Fields = {"team": _maybe(TEAMS), "village": _maybe(_VILLAGES)}
    more: dict[str, Fields] = {
        "registered": person | place | {"diagnosis": _maybe(Diagnosis), "form": _FORM},
        "amended": person,
        "assigned": place,
        "visited": {
            "seen": _some(list(Seen)),
            "present": _some(list(Role)),
            "symptoms": _some(list(Symptom)),
            "functions": _FUNCTIONS,
            "adherence": _maybe(Adherence),
            "reaction": _maybe(Reaction),
            "physical": _maybe(Physical),
            "form": _FORM,
        },
        "missed": {"mode": _maybe(ContactMode), "present": _maybe(_PRESENT)},
        "incident": {"kind": _maybe(IncidentKind)},
    }
    return dict.fromkeys(_TEXT_FIELDS.get(kind, "").split(), _TEXTS) | more.get(kind, {})
