"""The facts: one frozen class an entry type, in and out of JSON.

Each entry has `patient` and `on` (the civil day it happened). Constructors take the JSON spelling or the
enum. Personal fields never show in a repr.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, ClassVar, Final, TypeVar

from attrs import NOTHING, field, fields_dict, frozen
from attrs.converters import optional

from followup.dates import day
from followup.errors import InvalidEntry, Problem, shown, unknown
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
    Term,
)

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Term)

#: The fields that say who somebody is: kept apart in a register, hidden in reprs.
PERSONAL: Final = ("name", "id_number", "sex", "born", "phone", "guardian")


_ID_NUMBER: Final = re.compile(r"[0-9A-Za-z()-]{5,20}")


def _patient(value: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 64 or not value.isprintable() or value != value.strip():  # noqa: PLR2004
        raise InvalidEntry(Problem("patient", facts={"word": shown(value)}))
    return value


def _flag(value: bool) -> bool:  # noqa: FBT001 - a converter
    if not isinstance(value, bool):
        raise InvalidEntry(unknown("value", value, ["true", "false"], field="bool"))
    return value


def _text(value: str) -> str:
    if not _is_text(value):
        raise InvalidEntry(Problem("text", facts={"word": shown(value)}))
    return value


def _one_line(value: str) -> str:
    if not _is_text(value) or not value.isprintable():
        raise InvalidEntry(Problem("text", facts={"word": shown(value)}))
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)


# Converters of personal fields: what they refuse is not shown.


def _own_text(value: str) -> str:
    if not _is_text(value):
        raise InvalidEntry(Problem("personal"))
    return value


def _own_number(value: str) -> str:
    """Refuse what a spreadsheet made of an ID number (1.1E+17); other countries' numbers are taken."""
    if not _is_text(value) or not _ID_NUMBER.fullmatch(value):
        raise InvalidEntry(Problem("personal"))
    return value


def _own_day(value: date | str) -> date:
    try:
        return day(value)
    except InvalidEntry:
        raise InvalidEntry(Problem("personal")) from None


def _own_sex(value: Sex | str) -> Sex:
    if value not in tuple(Sex):
        raise InvalidEntry(Problem("personal"))
    return Sex(value)


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidEntry(Problem("moment", facts={"word": shown(value)})) from None
    return value


def _risk(value: RiskLevel | int) -> RiskLevel:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEntry(Problem("number", facts={"word": shown(value)}))
    return RiskLevel(value)


def _stability(value: Stability | str) -> Stability:
    found = Stability(value)
    if found.code is None:
        raise InvalidEntry(unknown("value", value, [s for s in Stability if s.code], field="Stability"))
    return found


def _several(kind: type[_K], values: Iterable[_K | str]) -> tuple[_K, ...]:
    found = {kind(value) for value in _listed(values)}
    return tuple(member for member in kind if member in found)


def _seen(values: Iterable[Seen | str]) -> tuple[Seen, ...]:
    return _several(Seen, values)


def _roles(values: Iterable[Role | str]) -> tuple[Role, ...]:
    return _several(Role, values)


def _symptoms(values: Iterable[Symptom | str]) -> tuple[Symptom, ...]:
    return _several(Symptom, values)


def _offices(values: Iterable[Role | Office | str]) -> tuple[Role | Office, ...]:
    known = (*Role, *Office)
    found = _listed(values)
    for value in found:
        if value not in known:
            raise InvalidEntry(unknown("value", value, map(str, known), field="Role"))
    return tuple(member for member in known if member in found)


def _listed(values: Iterable[_T]) -> tuple[_T, ...]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidEntry(Problem("list", facts={"word": shown(values)}))
    return tuple(values)


def _functions(values: Mapping[Function | str, Grade | str]) -> Mapping[Function, Grade]:
    if not isinstance(values, Mapping):
        raise InvalidEntry(Problem("table", facts={"word": shown(values)}))
    found = {Function(name): Grade(grade) for name, grade in values.items()}
    return {name: found[name] for name in Function if name in found}


def _form(values: Mapping[str, str]) -> Mapping[str, str]:
    if not isinstance(values, Mapping) or not all(_is_text(word) for pair in values.items() for word in pair):
        raise InvalidEntry(Problem("table", facts={"word": "form"}))
    return {name: values[name] for name in sorted(values)}


def _masked(value: object) -> str:
    return "None" if value is None else "'***'"


@frozen
class Entry:
    """One dated fact about one patient; `id` is a hash of its content, so equal content is one fact."""

    type: ClassVar[str]

    patient: str = field(converter=_patient)
    #: The civil day it happened.
    on: date = field(converter=day)
    #: When it was entered (ISO 8601); orders nothing and is no part of the content.
    recorded_at: str | None = field(default=None, kw_only=True, eq=False, converter=optional(_moment))
    _id: str | None = field(default=None, init=False, eq=False, repr=False)

    @property
    def id(self) -> str:
        """The first 20 hex digits of the SHA-256 of the canonical JSON."""
        if self._id is None:
            canonical = json.dumps(
                self._content(), default=date.isoformat, ensure_ascii=False, separators=(",", ":"), sort_keys=True
            )
            object.__setattr__(self, "_id", sha256(canonical.encode()).hexdigest()[:20])
        return self._id  # type: ignore[return-value]

    def _content(self) -> dict[str, Any]:
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
        found: dict[str, Any] = json.loads(json.dumps(self._content(), default=date.isoformat))
        return found | ({} if self.recorded_at is None else {"recorded_at": self.recorded_at})


@frozen(kw_only=True)
class Person(Entry):
    """The fields by which a person is known and reached; the base of `Registered` and `Amended`."""

    name: str | None = field(default=None, converter=optional(_own_text), repr=_masked)
    id_number: str | None = field(default=None, converter=optional(_own_number), repr=_masked)
    sex: Sex | None = field(default=None, converter=optional(_own_sex), repr=_masked)
    born: date | None = field(default=None, converter=optional(_own_day), repr=_masked)
    phone: str | None = field(default=None, converter=optional(_own_text), repr=_masked)
    guardian: str | None = field(default=None, converter=optional(_own_text), repr=_masked)


@frozen(kw_only=True)
class Registered(Person):
    """The person was registered; `informed_on` (default: `on`) is the day the centre knew of the consent."""

    type = "registered"
    diagnosis: Diagnosis | None = field(default=None, converter=optional(Diagnosis))
    consents: bool = field(default=True, converter=_flag)
    informed_on: date | None = field(default=None, converter=optional(day))
    village: str | None = field(default=None, converter=optional(_one_line))
    team: str | None = field(default=None, converter=optional(_one_line))
    #: Columns of the official form that no rule uses, word for word.
    form: Mapping[str, str] | None = field(default=None, converter=optional(_form), hash=False, repr=False)


class Amended(Person):
    """Personal fields were corrected or have changed; what is not given stays."""

    __slots__ = ()
    type = "amended"


@frozen(kw_only=True)
class Consented(Entry):
    """Consent to community management was given; `informed_on` (default: `on`) is when the centre knew."""

    type = "consented"
    informed_on: date | None = field(default=None, converter=optional(day))


@frozen(kw_only=True)
class Declined(Entry):
    """Community management was declined."""

    type = "declined"
    informed_on: date | None = field(default=None, converter=optional(day))


@frozen(kw_only=True)
class Assigned(Entry):
    """The person was given to a team, or is of another village from this day."""

    type = "assigned"
    team: str | None = field(default=None, converter=optional(_one_line))
    village: str | None = field(default=None, converter=optional(_one_line))


@frozen(kw_only=True)
class Visited(Entry):
    """A completed follow-up: a contact in which the risk was assessed.

    `present=None` says that nobody recorded who took part; `present=()` that nobody else did.
    """

    type = "visited"
    risk: RiskLevel = field(converter=_risk)
    mode: ContactMode | None = field(default=None, converter=optional(ContactMode))
    seen: tuple[Seen, ...] | None = field(default=None, converter=optional(_seen))
    present: tuple[Role, ...] | None = field(default=None, converter=optional(_roles))
    symptoms: tuple[Symptom, ...] | None = field(default=None, converter=optional(_symptoms))
    insight: Insight | None = field(default=None, converter=optional(Insight))
    functions: Mapping[Function, Grade] | None = field(default=None, converter=optional(_functions), hash=False)
    adherence: Adherence | None = field(default=None, converter=optional(Adherence))
    reaction: Reaction | None = field(default=None, converter=optional(Reaction))
    physical: Physical | None = field(default=None, converter=optional(Physical))
    #: The doctor's recorded class, one of the coded three.
    stability: Stability | None = field(default=None, converter=optional(_stability))
    #: The doctor's own date for the next follow-up (下次随访日期).
    next_on: date | None = field(default=None, converter=optional(day))
    form: Mapping[str, str] | None = field(default=None, converter=optional(_form), hash=False, repr=False)


@frozen(kw_only=True)
class Missed(Entry):
    """A failed attempt (未访到): nobody who knows the patient's state could be contacted."""

    type = "missed"
    reason: str | None = field(default=None, converter=optional(_text))
    mode: ContactMode | None = field(default=None, converter=optional(ContactMode))
    present: tuple[Role, ...] | None = field(default=None, converter=optional(_roles))


@frozen(kw_only=True)
class Referred(Entry):
    """The patient was referred (转诊)."""

    type = "referred"
    to: str | None = field(default=None, converter=optional(_text))
    reason: str | None = field(default=None, converter=optional(_text))
    outcome: str | None = field(default=None, converter=optional(_text))


# A type without fields of its own is not decorated: attrs would make the class anew, a millisecond each.


@frozen(kw_only=True)
class _Reasoned(Entry):
    reason: str | None = field(default=None, converter=optional(_text))


class Admitted(_Reasoned):
    """Admitted to hospital; told again of a stay that lasts, it changes nothing."""

    __slots__ = ()
    type = "admitted"


@frozen(kw_only=True)
class Discharged(_Reasoned):
    """Discharged; the patient counts as in hospital until `informed_on` (default: `on`)."""

    type = "discharged"
    informed_on: date | None = field(default=None, converter=optional(day))


class Detained(_Reasoned):
    """Taken into custody (羁押)."""

    __slots__ = ()
    type = "detained"


class Released(_Reasoned):
    """Released from custody."""

    __slots__ = ()
    type = "released"


class Lost(_Reasoned):
    """Somebody entered that the patient is lost (失访)."""

    __slots__ = ()
    type = "lost"


class Found(_Reasoned):
    """A lost patient was found again."""

    __slots__ = ()
    type = "found"


@frozen(kw_only=True)
class MovedOut(_Reasoned):
    """Left the area, `to` another."""

    type = "moved_out"
    to: str | None = field(default=None, converter=optional(_text))


@frozen(kw_only=True)
class MovedIn(_Reasoned):
    """A transfer was received, `from_` another area ("from" in JSON)."""

    type = "moved_in"
    from_: str | None = field(default=None, converter=optional(_text))


class Died(_Reasoned):
    """Died; only a retraction takes it back."""

    __slots__ = ()
    type = "died"


@frozen(kw_only=True)
class Incident(Entry):
    """An emergency was handled (应急处置)."""

    type = "incident"
    kind: IncidentKind | None = field(default=None, converter=optional(IncidentKind))


class Checked(Entry):
    """The yearly health check was done."""

    __slots__ = ()
    type = "checked"


@frozen(kw_only=True)
class Done(Entry):
    """A duty was done; `kind` says which."""

    type = "done"
    kind: LineKind = field(converter=LineKind)
    to: tuple[Role | Office, ...] | None = field(default=None, converter=optional(_offices))
    outcome: str | None = field(default=None, converter=optional(_text))


@frozen(kw_only=True)
class Postponed(Entry):
    """The next follow-up was postponed until a day, by whom and why."""

    type = "postponed"
    until: date = field(converter=day)
    author: str | None = field(default=None, converter=optional(_text))
    reason: str | None = field(default=None, converter=optional(_text))


@frozen(kw_only=True)
class Retracted(Entry):
    """The entry of that id is taken back, from the first day; a retraction may itself be retracted."""

    type = "retracted"
    entry: str = field(converter=_text)
    reason: str | None = field(default=None, converter=optional(_text))


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
    kind.type: {name: name.rstrip("_") for name in fields_dict(kind) if name not in {"recorded_at", "_id"}}
    for kind in ORDER
}


def entry_from_json(data: Mapping[str, Any]) -> Entry:
    """Return the entry that one JSON line tells; `id`, where given, must be the content's own.

    Raises `InvalidEntry` for an unknown type or field, a missing one, or a value that cannot be.

    >>> entry_from_json({"type": "visited", "patient": "p1", "on": "2026-11-22", "risk": 3}).risk
    <RiskLevel.HITS_THINGS_ANYWHERE: 3>
    """
    if not isinstance(data, Mapping):
        raise InvalidEntry(Problem("table", facts={"word": shown(data)}))
    kind = TYPES.get(data["type"]) if isinstance(data.get("type"), str) else None
    if kind is None:
        raise InvalidEntry(unknown("value", data.get("type"), TYPES, field="type"))
    names = {key: name for name, key in FIELDS[kind.type].items()} | {"recorded_at": "recorded_at"}
    given = {key: value for key, value in data.items() if key not in {"type", "id"}}
    problems = [unknown("field", key, names, type=kind.type) for key in given if key not in names]
    problems += [Problem("missing", facts={"field": key}) for key in _NEEDED[kind.type] if given.get(key) is None]
    if problems:
        raise InvalidEntry(problems)
    entry = _construct(kind, {names[key]: value for key, value in given.items()})
    if data.get("id") not in (None, entry.id):
        raise InvalidEntry(Problem("id", facts={"word": shown(data["id"])}))
    return entry


def known_as(entry: Entry, known_id: str) -> Entry:
    """Return the entry with the id under which a register keeps it: whoever is forgotten loses content, not ids."""
    object.__setattr__(entry, "_id", known_id)
    return entry


def _construct(kind: type[Entry], values: dict[str, Any]) -> Entry:
    try:
        return kind(**values)
    except InvalidEntry as error:
        raise _named(kind, values, error) from None


def _named(kind: type[Entry], values: dict[str, Any], error: InvalidEntry) -> InvalidEntry:
    """Tell which fields are to blame, as a converter knows only the value."""
    problems = []
    for name, value in values.items():
        converter = fields_dict(kind)[name].converter
        try:
            if callable(converter):
                converter(value)
        except InvalidEntry as found:
            problems += [problem.at(name.rstrip("_")) for problem in found.problems]
    return InvalidEntry(problems) if problems else error


_NEEDED: Final = {kind.type: [a.name for a in fields_dict(kind).values() if a.default is NOTHING] for kind in ORDER}
