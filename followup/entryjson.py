"""Entries read from JSON, one by one: what is wrong is told by its field."""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import NOTHING, fields_dict

from followup.entries import FIELDS, TYPES, Entry
from followup.entryreaders import NO_FIELDS, ON, PATIENT, READERS, RECORDED_AT, plan, read_fields
from followup.errors import InvalidEntry, Problem, harmless, harmless_key, no_term, unknown

#: The beginning of an id, or an id; one without any letter may be a card's number.
_ID: Final = re.compile(r"[0-9a-f]{1,6}|(?=\d*[a-f])[0-9a-f]{20}")


def entry_from_json(data: Mapping[str, Any]) -> Entry:
    """Return the entry that one JSON line tells; `id`, where given, must be the content's own.

    Raises `InvalidEntry` for an unknown type or field, a missing one, or a value that cannot be.

    >>> entry_from_json({"type": "visited", "patient": "p1", "on": "2026-11-22", "risk": 3}).risk
    <RiskLevel.HITS_THINGS_ANYWHERE: 3>
    """
    kind = read_kind(data)
    try:
        entry = read_entry(kind, data)
    except (InvalidEntry, KeyError, TypeError):
        entry = _explained(kind, data)
    if data.get("id") is not None and data["id"] != entry.id:
        raise InvalidEntry(Problem("id", facts={"word": shown_id(str(data["id"]))}))
    return entry


def read_entry(kind: type[Entry], data: Mapping[str, Any]) -> Entry:
    """Return an entry from what is given alone: a constructor asks for every field, and takes twice as long.

    Raises `InvalidEntry` for a value that cannot be, without its field, `KeyError` for what is no field or is
    needed, and `TypeError` for a list where a word should be.
    """
    blanks, steps = plan(kind.type, tuple(data))
    entry = object.__new__(kind)
    entry.__dict__.update(blanks, **read_fields(steps, data))
    return entry


def read_kind(data: Mapping[str, Any]) -> type[Entry]:
    """Return the type of the entry that a JSON object tells; `InvalidEntry` where it tells none."""
    if type(data) is not dict and not isinstance(data, Mapping):
        raise InvalidEntry(Problem("table", facts={"word": harmless(data)}))
    kind = TYPES.get(data["type"]) if isinstance(data.get("type"), str) else None
    if kind is None:
        raise InvalidEntry(no_term(data.get("type"), TYPES, "type"))
    return kind


def _explained(kind: type[Entry], data: Mapping[str, Any]) -> Entry:
    """Raise `InvalidEntry` with everything that is wrong, by field."""
    names = {key: name for name, key in FIELDS[kind.type].items()} | {"recorded_at": "recorded_at"}
    given = {key: value for key, value in data.items() if key not in NO_FIELDS}
    problems = [unknown("field", harmless_key(key), names, type=kind.type) for key in given if key not in names]
    needed = [key for key, (_, _, default) in READERS[kind.type].items() if default is NOTHING]
    missing = [key for key in needed if given.get(key) is None]
    problems += [Problem("missing", facts={"field": key}) for key in missing]
    if problems:
        raise InvalidEntry(problems)
    return _construct(kind, {names[key]: value for key, value in given.items()})


def entry_later(kind: str, own: tuple[str, str, str | None], body: str, apart: str | None, known_id: str) -> Entry:
    """Return the entry of which a register is to keep just that; its other fields are read when one is asked for."""
    patient, on, recorded_at = own
    given = {"patient": patient, "on": ON(on), "recorded_at": recorded_at, "_id": known_id, "_texts": (apart, body)}
    return TYPES[kind].later(given, _read_texts)


def _read_texts(entry: Entry, name: str) -> Any:
    apart, body = entry.texts()
    own = entry.patient, entry.on.isoformat(), entry.recorded_at
    found = entry_from_texts(entry.type, own, body, apart, entry.id).__dict__
    if name not in found:
        raise AttributeError(name)
    entry.fill(**found)
    return found[name]


def entry_from_texts(kind: str, own: tuple[str, str, str | None], body: str, apart: str | None, known_id: str) -> Entry:
    """Return the entry of which a register keeps its own person, day and moment, its texts, and its id.

    The id is taken as it stands: whoever is forgotten loses content, not ids. Raises what `read_entry` raises, and
    `ValueError` for what is no JSON.
    """
    entry = object.__new__(TYPES[kind])
    told = entry.__dict__
    # Most follow-ups tell what others do, and differ in the doctor's date alone.
    before, _, after = body.partition('"next_on":"')  # within a word its quotes would be escaped
    is_cut = after[10:12] == '",'
    fixed, tables = _fixed(kind, before + after[12:] if is_cut else body)
    told.update(fixed)
    for name, value in tables:
        told[name] = dict(value)
    patient, on, recorded_at = own
    told["patient"], told["on"], told["_id"] = PATIENT(patient), ON(on), known_id
    told["recorded_at"] = None if recorded_at is None else RECORDED_AT(recorded_at)
    if is_cut:
        told["next_on"] = READERS[kind]["next_on"][1](after[:10])
    if apart is not None:
        content = {**_decode(apart)}  # an empty list would pass for nothing told
        told.update(read_fields([(key, *READERS[kind][key]) for key in content], content))
    return entry


@lru_cache(maxsize=1 << 13)
def _fixed(kind: str, body: str) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """Return what a text fills in, tables apart as they could be changed."""
    content = _decode(body)
    blanks, steps = plan(kind, (*_OWN, *content.keys()))
    found = {name: convert(content[key]) for key, name, convert, _ in steps[len(_OWN) :]}
    tables = [(name, value) for name, value in found.items() if type(value) is dict]
    return blanks | found, tables


def shown_id(entry_id: str) -> str:
    """Return what may be shown of an id somebody gave: whole where it is one or begins one, else as any other word."""
    return entry_id if _ID.fullmatch(entry_id) else harmless(entry_id)


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


#: What a register keeps of an entry beside its texts.
_OWN: Final = ("patient", "on", "recorded_at")
#: `json.loads` asks more of its text each time.
_decode: Final[Callable[[str], dict[str, Any]]] = json.JSONDecoder().decode
