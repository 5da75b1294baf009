"""JSON in its one form: what an entry's id is a hash of, and what a register keeps of it."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Final

from attrs import Attribute, frozen

from followup.errors import InvalidEntry, Problem, harmless_key
from followup.terms import Function, Grade

#: JSON in its one form: sorted keys, no spaces.
canonical: Final = json.JSONEncoder(
    default=date.isoformat, ensure_ascii=False, separators=(",", ":"), sort_keys=True
).encode
#: What is personal of an entry, or None; all else but patient, type and day; and everything.
Texts = tuple[str | None, str, str]
#: The fields that have a column of their own in a register, as the type has.
_COLUMNS: Final = frozenset({"patient", "on"})


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise InvalidEntry([Problem("json.twice", facts={"key": harmless_key(k)}) for k, n in counts.items() if n > 1])
    return found


#: One JSON object; a key that stands there twice is refused.
decode_object: Final = json.JSONDecoder(object_pairs_hook=_object).decode


@frozen
class Layout:
    """How the entries of one type are written: codes, of which many tell the same, at once, all else by its field."""

    codes: Callable[[Any], tuple[Any, ...]]
    keys: tuple[str, ...]
    #: Of each other field its name, how its word begins, of which text it is part, and what spells its value.
    others: tuple[tuple[str, str, str, Callable[[Any], str]], ...]
    #: The word that tells the type.
    type: str


def layout(kind: str, fields: Mapping[str, "Attribute[Any]"], apart: Collection[str]) -> Layout:
    """Return how the entries of a type are written, from its fields by their JSON names, and those kept apart."""
    parts = dict.fromkeys(_COLUMNS, "column") | dict.fromkeys(apart, "apart")
    spells = {key: canonical if key in apart else _SPELLS.get(field.type) for key, field in fields.items()}
    codes = [key for key, spell in spells.items() if spell is None]
    return Layout(
        _getter([fields[key].name for key in codes]),
        tuple(codes),
        tuple((fields[key].name, f'"{key}":', parts.get(key, "body"), spell) for key, spell in spells.items() if spell),
        f'"type":{canonical(kind)}',
    )


def laid_out(entry: Any, by: Layout) -> Texts:
    """Return what is personal of an entry, or None; all else but patient, type and day; and everything."""
    return _put_together(_words(entry, by))


def gapped(entry: Any, by: Layout, cut: Collection[str]) -> Texts:
    """Return the texts of an entry with a gap for the word of each field that was cut out of it, by its name."""
    words = {part: [word.replace("%", "%%") for word in found] for part, found in _words(entry, by).items()}
    for name, begins, part, _ in by.others:
        if name in cut:
            words[part].append(f'{begins}"%({name})s"')
    return _put_together(words)


def _words(entry: Any, by: Layout) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {"body": [*_coded(by.keys, by.codes(entry))], "apart": [], "column": [by.type]}
    for name, begins, part, spell in by.others:
        value = getattr(entry, name)
        if value is not None:
            words[part].append(begins + spell(value))
    return words


def _put_together(words: dict[str, list[str]]) -> Texts:
    body, apart, column = words.values()
    return _braced(apart) if apart else None, _braced(body), _braced([*body, *apart, *column])


def identified(text: str) -> str:
    """Return the id of what a text tells: the first 20 hex digits of its SHA-256."""
    return str(_sha256()(text.encode()).hexdigest()[:20])


@cache
def _sha256() -> Callable[[bytes], Any]:
    from hashlib import sha256  # noqa: PLC0415 - OpenSSL takes its time, and not every program asks for ids

    return sha256


def _braced(words: list[str]) -> str:
    words.sort()  # they begin with their keys
    return f"{{{','.join(words)}}}"


@lru_cache(maxsize=1 << 12)
def _coded(keys: tuple[str, ...], values: tuple[Any, ...]) -> tuple[str, ...]:
    found = zip(keys, values, strict=True)
    return tuple([f'"{key}":{canonical(value)}' for key, value in found if value is not None])


@lru_cache(maxsize=1 << 12)
def _known_table(pairs: tuple[tuple[str, str], ...]) -> str:
    return canonical(dict(pairs))


def _table(value: dict[str, str]) -> str:
    return _known_table(tuple(value.items()))


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda entry: tuple([getattr(entry, name) for name in names])


def _day(value: date) -> str:
    return f'"{value.isoformat()}"'


#: What spells a field that is no code, by its type.
_SPELLS: Final[dict[Any, Callable[[Any], str]]] = {
    str: canonical,
    str | None: canonical,
    date: _day,
    date | None: _day,
    Mapping[Function, Grade] | None: _table,
}
