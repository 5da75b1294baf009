"""How each field of an entry is read from JSON: its converter, of which the last answers are kept."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from inspect import getclosurevars, isfunction
from typing import Any, Final

from attrs import NOTHING, fields_dict

from followup.dates import day
from followup.entries import FIELDS, ORDER, Entry
from followup.fields import (
    flag,
    function_grades,
    moment,
    one_line,
    patient_number,
    recorded_class,
    risk_level,
    role_list,
    seen_list,
    symptom_list,
)

#: What of a JSON object is no field of its entry.
NO_FIELDS: Final = frozenset({"type", "id"})


def _readers(kind: type[Entry]) -> dict[str, tuple[str, Any, Any]]:
    """Return by its JSON name each field, how it is read, and what it is where it is not given."""
    own = fields_dict(kind)
    names = FIELDS[kind.type] | {"recorded_at": "recorded_at"}
    return {key: (name, _reader(own[name].converter), own[name].default) for name, key in names.items()}


@lru_cache(maxsize=1 << 10)
def plan(kind: str, keys: tuple[str, ...]) -> tuple[dict[str, Any], list[tuple[str, str, Any, Any]]]:
    """Return the fields that are not given, with what they are then, and how those given are read, in turn.

    Raises `KeyError` for what is no field, or is needed: most entries of a type give the same.
    """
    readers = READERS[kind]
    blanks = {name: default for key, (name, _, default) in readers.items() if key not in keys}
    if NOTHING in blanks.values():
        raise KeyError(kind)
    return {"_id": None, "_texts": None} | blanks, [(key, *readers[key]) for key in keys if key not in NO_FIELDS]


def read_fields(steps: Iterable[tuple[str, str, Any, Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return by their names the values of fields that are given; `KeyError` where one that is needed is null."""
    found = {}
    for key, name, convert, default in steps:
        value = data[key]
        if value is not None:
            found[name] = convert(value)
        elif default is not NOTHING:
            found[name] = default
        else:
            raise KeyError(key)
    return found


def _reader(converter: Any) -> Any:
    """Return a field's converter without the `optional` around it; of codes and days the last answers are kept."""
    bare = getclosurevars(converter).nonlocals.get("converter", converter) if isfunction(converter) else converter
    if isinstance(bare, type) or bare in _OF_WORDS:  # whatever equals a code is the code
        return lru_cache(maxsize=1 << 12)(bare)
    if bare in _OF_NUMBERS:  # 1, True and 1.0 are equal
        return lru_cache(maxsize=1 << 12, typed=True)(bare)
    if bare in _OF_LISTS:
        known = lru_cache(maxsize=1 << 12)(bare)
        return lambda values: known(tuple(values)) if type(values) is list else bare(values)
    return _grades if bare is function_grades else bare


@lru_cache(maxsize=1 << 12)
def _known_grades(pairs: tuple[tuple[Any, Any], ...]) -> Mapping[Any, Any]:
    return function_grades(dict(pairs))


def _grades(values: Any) -> Mapping[Any, Any]:
    return dict(_known_grades(tuple(values.items()))) if type(values) is dict else function_grades(values)


_OF_WORDS: Final = frozenset({day, moment, one_line, patient_number, recorded_class})
_OF_NUMBERS: Final = frozenset({flag, risk_level})
_OF_LISTS: Final = frozenset({seen_list, role_list, symptom_list})
READERS: Final = {kind.type: _readers(kind) for kind in ORDER}
#: How what every entry has is read.
PATIENT, ON, RECORDED_AT = (READERS[ORDER[0].type][key][1] for key in ("patient", "on", "recorded_at"))
