"""ID numbers left out of a ledger, wherever they stand; its facts and what was taken back stay the same."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from attrs import evolve

from followup.entries import FIELDS, Entry, Retracted
from followup.ledger import Ledger, taken_back

#: Digits that may be an ID number, or hold one as a disability card's number does; no telephone has so many.
_FEWEST: Final = 15
_LONG: Final = rf"\d{{{_FEWEST},}}[Xx]?\d*"
#: As it stands on the card.
_GROUPED: Final = r"\d{6}(?:[ -]?\d{4}){2}[ -]?\d{3}[\dXx]"
#: In other groups it is known by its birthday alone: days and telephones stand beside each other, too.
_GAP: Final = r"[\s./·_–—-]{0,3}"
_DIGIT: Final = r"\d"
_PLACE: Final = [_DIGIT] * 6
_BORN: Final = [_DIGIT, _DIGIT, "[01]", _DIGIT, "[0-3]", _DIGIT]
_SPREAD: Final = "|".join(
    rf"(?<!\d){_GAP.join(digits)}(?!\d)"
    for digits in (
        [*_PLACE, f"(?:1{_GAP}9|2{_GAP}0)", *_BORN, *[_DIGIT] * 3, r"[\dXx]"],
        [*_PLACE, *_BORN, *[_DIGIT] * 3],
    )
)
_NUMBER: Final = re.compile(f"{_LONG}|{_GROUPED}|{_SPREAD}")
#: Columns of other systems that were kept word for word and are for ID numbers, of whatever form.
_COLUMN: Final = re.compile(r"身份证|证件号|id.?card|id.?number", re.IGNORECASE)
#: What is no text of a person's: the keys, by which entries and people are known.
_KEYS: Final = frozenset({"patient", "entry", "id_number"})


def without_ids(ledger: Ledger) -> Iterator[Entry]:
    """Yield a person's entries without ID numbers; retractions name what they take back by its new id.

    Entries that differ in what is left out become one. It stands if one of them did: the others, taken back,
    stay behind then, with what took them back.
    """
    known = {entry.id: entry for entry in ledger.entries}
    fallen = taken_back(ledger.entries)
    named: dict[str, Entry] = {}
    for entry in _targets_first(known):
        named[entry.id] = _bare(entry, named)
    standing = {bare.id for entry_id, bare in named.items() if entry_id not in fallen}
    behind: set[str] = set()
    for entry_id, bare in named.items():
        if (entry_id in fallen and bare.id in standing) or _target(known[entry_id]) in behind:
            behind.add(entry_id)
    yield from (named[entry_id] for entry_id in known if entry_id not in behind)


def _targets_first(known: Mapping[str, Entry]) -> Iterator[Entry]:
    """Yield entries so that what a retraction takes back comes before it, however long the chain."""
    told: set[str] = set()
    for entry in known.values():
        chain, at = list[Entry](), entry.id
        while at in known and at not in told:
            told.add(at)
            chain.append(known[at])
            at = _target(known[at])
        yield from reversed(chain)


def _target(entry: Entry) -> str:
    return entry.entry if isinstance(entry, Retracted) else ""


def _bare(entry: Entry, named: Mapping[str, Entry]) -> Entry:
    """Return an entry without ID numbers; itself where nothing changes."""
    changed: dict[str, Any] = {} if getattr(entry, "id_number", None) is None else {"id_number": None}
    if _target(entry) in named:
        changed["entry"] = named[_target(entry)].id
    for name in FIELDS[entry.type].keys() - _KEYS:
        value = getattr(entry, name)
        bare = _text(value) if type(value) is str else _columns(value) if name == "form" and value else value
        if bare != value:
            changed[name] = bare
    return evolve(entry, **changed) if changed else entry


def _text(text: str) -> str:
    return text if len(text) < _FEWEST else _NUMBER.sub("***", text)


def _columns(form: Mapping[str, str]) -> dict[str, str] | None:
    return {_text(name): _text(cell) for name, cell in form.items() if not _is_for_ids(name)} or None


@lru_cache(maxsize=1024)
def _is_for_ids(column: str) -> bool:
    return bool(_COLUMN.search(column))
