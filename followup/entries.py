"""The facts: one frozen class an entry type, in and out of JSON.

Each entry has `patient` and `on` (the civil day it happened). Constructors take the JSON spelling or the
enum. Personal fields never show in a repr.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final

from attrs import field, fields_dict, frozen
from attrs.converters import optional

from followup.canonical import identified, laid_out, layout
from followup.dates import SHANGHAI, day, instant
from followup.fields import (
    flag,
    form_columns,
    function_grades,
    moment,
    one_line,
    own_day,
    own_number,
    own_sex,
    own_text,
    patient_number,
    recipient_list,
    recorded_class,
    risk_level,
    role_list,
    seen_list,
    symptom_list,
    text,
)
from followup.later import Later
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

#: The fields that say who somebody is.
PERSONAL: Final = ("name", "id_number", "sex", "born", "phone", "guardian")
#: What a register keeps apart from the rest, so that no program reads it by accident.
APART: Final = (*PERSONAL, "form")
_HIDDEN: Final = frozenset({"type", *APART})


@frozen(eq=False, repr=False, slots=False)
class Entry(Later):
    """One dated fact about one patient; `id` is a hash of its content, so equal content is one fact."""

    type: ClassVar[str]

    patient: str = field(converter=patient_number)
    #: The civil day it happened.
    on: date = field(converter=day)
    #: When it was entered (ISO 8601); orders nothing and is no part of the content.
    recorded_at: str | None = field(default=None, kw_only=True, converter=optional(moment))
    _id: str | None = field(default=None, init=False)
    _texts: tuple[str | None, str] | None = field(default=None, init=False)

    # Equal content is one fact, and nobody's name shows. Told here once, as attrs would compile it for each
    # type anew: an import is 5 ms quicker. Without slots a register's entries are read, and told to another process,
    # at once and not field by field.

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and self.content() == other.content()

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        try:
            told = {name: value for name, value in self.as_json().items() if name not in _HIDDEN}
        except AttributeError:  # asked for by a traceback, while it was being made
            return f"{type(self).__name__}(…)"
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in told.items())})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001 - IPython's and hypothesis's own
        printer.text(repr(self))  # else they show every field, hidden ones too

    @property
    def recorded_on(self) -> date | None:
        """The civil day on which it was entered; None where nobody knows."""
        return None if self.recorded_at is None else instant(self.recorded_at).astimezone(SHANGHAI).date()

    @property
    def id(self) -> str:
        """The first 20 hex digits of the SHA-256 of the canonical JSON."""
        if self._id is None:
            self.texts()
        return self._id  # type: ignore[return-value]

    def texts(self) -> tuple[str | None, str]:
        """Return what a register keeps as JSON: what is personal, or None, and all else but patient, type and day."""
        if self._texts is None:
            apart, body, whole = laid_out(self, LAYOUTS[self.type])
            found = self.__dict__  # it is frozen
            found["_texts"] = apart, body
            found["_id"] = self._id or identified(whole)
        return self._texts  # type: ignore[return-value]

    def content(self) -> dict[str, Any]:
        """Return what is told, by its JSON names; absent fields left out."""
        found: dict[str, Any] = {"type": self.type}
        for name, key in FIELDS[self.type].items():
            value = getattr(self, name)
            if value is not None:
                found[key] = value
        return found

    def as_json(self) -> dict[str, Any]:
        """Return what one JSON line holds: plain values, absent fields left out.

        >>> Missed("p1", "2026-11-22", mode="phone").as_json()
        {'type': 'missed', 'patient': 'p1', 'on': '2026-11-22', 'mode': 'phone'}
        """
        found: dict[str, Any] = json.loads(json.dumps(self.content(), default=date.isoformat))
        return found | ({} if self.recorded_at is None else {"recorded_at": self.recorded_at})


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Person(Entry):
    """The fields by which a person is known and reached; the base of `Registered` and `Amended`."""

    name: str | None = field(default=None, converter=optional(own_text))
    id_number: str | None = field(default=None, converter=optional(own_number))
    sex: Sex | None = field(default=None, converter=optional(own_sex))
    born: date | None = field(default=None, converter=optional(own_day))
    phone: str | None = field(default=None, converter=optional(own_text))
    guardian: str | None = field(default=None, converter=optional(own_text))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Registered(Person):
    """The person was registered; `informed_on` (default: `on`) is the day the centre knew of the consent."""

    type = "registered"
    diagnosis: Diagnosis | None = field(default=None, converter=optional(Diagnosis))
    consents: bool = field(default=True, converter=flag)
    informed_on: date | None = field(default=None, converter=optional(day))
    village: str | None = field(default=None, converter=optional(one_line))
    team: str | None = field(default=None, converter=optional(one_line))
    #: Columns of the official form that no rule uses, word for word.
    form: Mapping[str, str] | None = field(default=None, converter=optional(form_columns))


class Amended(Person):
    """Personal fields were corrected or have changed; what is not given stays."""

    type = "amended"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Consented(Entry):
    """Consent to community management was given; `informed_on` (default: `on`) is when the centre knew."""

    type = "consented"
    informed_on: date | None = field(default=None, converter=optional(day))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Declined(Entry):
    """Community management was declined."""

    type = "declined"
    informed_on: date | None = field(default=None, converter=optional(day))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Assigned(Entry):
    """The person was given to a team, or is of another village from this day."""

    type = "assigned"
    team: str | None = field(default=None, converter=optional(one_line))
    village: str | None = field(default=None, converter=optional(one_line))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Visited(Entry):
    """A completed follow-up: a contact in which the risk was assessed.

    `present=None` says that nobody recorded who took part; `present=()` that nobody else did.
    """

    type = "visited"
    risk: RiskLevel = field(converter=risk_level)
    mode: ContactMode | None = field(default=None, converter=optional(ContactMode))
    seen: tuple[Seen, ...] | None = field(default=None, converter=optional(seen_list))
    present: tuple[Role, ...] | None = field(default=None, converter=optional(role_list))
    symptoms: tuple[Symptom, ...] | None = field(default=None, converter=optional(symptom_list))
    insight: Insight | None = field(default=None, converter=optional(Insight))
    functions: Mapping[Function, Grade] | None = field(default=None, converter=optional(function_grades))
    adherence: Adherence | None = field(default=None, converter=optional(Adherence))
    reaction: Reaction | None = field(default=None, converter=optional(Reaction))
    physical: Physical | None = field(default=None, converter=optional(Physical))
    #: The doctor's recorded class, one of the coded three.
    stability: Stability | None = field(default=None, converter=optional(recorded_class))
    #: The doctor's own date for the next follow-up (下次随访日期).
    next_on: date | None = field(default=None, converter=optional(day))
    form: Mapping[str, str] | None = field(default=None, converter=optional(form_columns))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Missed(Entry):
    """A failed attempt (未访到): nobody who knows the patient's state could be contacted."""

    type = "missed"
    reason: str | None = field(default=None, converter=optional(text))
    mode: ContactMode | None = field(default=None, converter=optional(ContactMode))
    present: tuple[Role, ...] | None = field(default=None, converter=optional(role_list))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Referred(Entry):
    """The patient was referred (转诊)."""

    type = "referred"
    to: str | None = field(default=None, converter=optional(text))
    reason: str | None = field(default=None, converter=optional(text))
    outcome: str | None = field(default=None, converter=optional(text))


# A type without fields of its own is not decorated: attrs would compile it anew.


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class _Reasoned(Entry):
    reason: str | None = field(default=None, converter=optional(text))


class Admitted(_Reasoned):
    """Admitted to hospital; told again of a stay that lasts, it changes nothing."""

    type = "admitted"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Discharged(_Reasoned):
    """Discharged; the patient counts as in hospital until `informed_on` (default: `on`)."""

    type = "discharged"
    informed_on: date | None = field(default=None, converter=optional(day))


class Detained(_Reasoned):
    """Taken into custody (羁押)."""

    type = "detained"


class Released(_Reasoned):
    """Released from custody."""

    type = "released"


class Lost(_Reasoned):
    """Somebody entered that the patient is lost (失访)."""

    type = "lost"


class Found(_Reasoned):
    """A lost patient was found again."""

    type = "found"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class MovedOut(_Reasoned):
    """Left the area, `to` another."""

    type = "moved_out"
    to: str | None = field(default=None, converter=optional(text))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class MovedIn(_Reasoned):
    """A transfer was received, `from_` another area ("from" in JSON)."""

    type = "moved_in"
    from_: str | None = field(default=None, converter=optional(text))


class Died(_Reasoned):
    """Died; only a retraction takes it back."""

    type = "died"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Incident(Entry):
    """An emergency was handled (应急处置)."""

    type = "incident"
    kind: IncidentKind | None = field(default=None, converter=optional(IncidentKind))


class Checked(Entry):
    """The yearly health check was done."""

    type = "checked"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Done(Entry):
    """A duty was done; `kind` says which."""

    type = "done"
    kind: LineKind = field(converter=LineKind)
    to: tuple[Role | Office, ...] | None = field(default=None, converter=optional(recipient_list))
    outcome: str | None = field(default=None, converter=optional(text))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Postponed(Entry):
    """The next follow-up was postponed until a day, by whom and why."""

    type = "postponed"
    until: date = field(converter=day)
    author: str | None = field(default=None, converter=optional(text))
    reason: str | None = field(default=None, converter=optional(text))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Retracted(Entry):
    """The entry of that id is taken back, from the first day; a retraction may itself be retracted."""

    type = "retracted"
    entry: str = field(converter=text)
    reason: str | None = field(default=None, converter=optional(text))


#: Every entry type, in the order in which the entries of one day are read.
ORDER: Final[tuple[type[Entry], ...]] = (
    Registered, MovedIn, Consented, Declined, Assigned, Amended,
    Discharged, Released, Found,
    Missed, Incident, Visited, Checked, Referred, Done,
    Admitted, Detained, Lost, MovedOut,
    Postponed, Died, Retracted,
)  # fmt: skip
TYPES: Final = {kind.type: kind for kind in ORDER}
#: The content of each type: its Python name -> its JSON name, which differ for Python's keywords only.
FIELDS: Final = {
    kind.type: {name: name.rstrip("_") for name in fields_dict(kind) if name != "recorded_at" and name[0] != "_"}
    for kind in ORDER
}
#: How the entries of each type are written.
LAYOUTS: Final = {
    kind.type: layout(kind.type, {key: fields_dict(kind)[name] for name, key in FIELDS[kind.type].items()}, APART)
    for kind in ORDER
}
