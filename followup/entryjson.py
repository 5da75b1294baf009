"""Entries read from JSON, one by one: what is wrong is told by its field."""

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import NOTHING, fields_dict

from followup.entries import FIELDS, ORDER, TYPES, Entry
from followup.errors import InvalidEntry, Problem, shown, unknown

_ID: Final = re.compile(r"[0-9a-f]{20}")


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
    names = _NAMES[kind.type]
    given = {key: value for key, value in data.items() if key not in _NO_FIELDS}
    problems = [unknown("field", key, names, type=kind.type) for key in given if key not in names]
    problems += [Problem("missing", facts={"field": key}) for key in _NEEDED[kind.type] if given.get(key) is None]
    if problems:
        raise InvalidEntry(problems)
    entry = _construct(kind, {names[key]: value for key, value in given.items()})
    if data.get("id") is not None and data["id"] != entry.id:
        raise InvalidEntry(Problem("id", facts={"word": shown(data["id"])}))
    return entry


def known_as(entry: Entry, known_id: str) -> Entry:
    """Return the entry with the id under which a register keeps it: whoever is forgotten loses content, not ids."""
    object.__setattr__(entry, "_id", known_id)
    return entry


def shown_id(entry_id: str) -> str:
    """Return what may be shown of an id somebody gave: whole where it is one, else as any other word."""
    return entry_id if _ID.fullmatch(entry_id) else shown(entry_id)


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


_NO_FIELDS: Final = frozenset({"type", "id"})
#: For each type the JSON names of its fields, and the Python names.
_NAMES: Final = {
    kind: {key: name for name, key in names.items()} | {"recorded_at": "recorded_at"} for kind, names in FIELDS.items()
}
_NEEDED: Final = {kind.type: [a.name for a in fields_dict(kind).values() if a.default is NOTHING] for kind in ORDER}
