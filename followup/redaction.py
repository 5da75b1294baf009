"""ID numbers left out of a ledger, wherever they stand; its facts and what was taken back stay the same."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from unicodedata import normalize

from attrs import evolve

from followup.entries import FIELDS, Entry, Retracted
from followup.ledger import Ledger, taken_back

#: Digits that may be an ID number, or hold one as a disability card's number does; no telephone has so many.
_FEWEST: Final = 15
_LONG: Final = rf"\d{{{_FEWEST},}}[Xx]?\d*"
#: As it stands on the card.
_GROUPED: Final = r"(?<!\d)\d{6}(?:[ -]?\d{4}){2}[ -]?\d{3}[\dXx](?!\d)"
_NUMBER: Final = re.compile(f"{_LONG}|{_GROUPED}")
#: Groups of digits that may tell one number, whatever stands between them; and how they are told apart.
_RUN: Final = re.compile(r"\d(?:[\W_]{0,4}[\dXxＸｘ]){14,}")
_GROUP: Final = re.compile(r"\d+|[XxＸｘ]")
#: What else is one number: a day, a mobile telephone.
_OTHER: Final = re.compile(r"(?<!\d)(?:(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}|1[3-9]\d{9})(?!\d)")
#: Behind the digits of the place stands the birthday: since 1999 with its century.
_PLACE: Final = 6
_BORN: Final = {
    18: re.compile(r"\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"),
    15: re.compile(r"\d{8}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}"),
}
#: Doses and blood pressures beside each other have more groups than an old number has, unless each is a digit.
_FEW_GROUPS: Final = 4
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
    return text if len(text) < _FEWEST else _NUMBER.sub("***", _RUN.sub(_without_spread, text))


def _without_spread(found: re.Match[str]) -> str:
    """Return groups of digits without those that together are an ID number: by its length and its birthday."""
    run = found[0]
    spans = [group.span() for group in _GROUP.finditer(run)]
    others = [other.span() for other in _OTHER.finditer(run)]
    gone = set[int]()
    for first in range(len(spans)):  # what goes before a number may look like its beginning
        gone.update(range(first, first + _groups_of_number(run, spans[first : first + max(_BORN)], others)))
    told, at = "", 0
    for place in sorted(gone):
        start, end = spans[place]
        told += "" if place - 1 in gone else f"{run[at:start]}***"
        at = end
    return told + run[at:]


def _groups_of_number(run: str, spans: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> int:
    """Return how many of the groups are an ID number together; 0 where none are."""
    digits, starts, most = "", dict[int, int](), 0
    for count, (start, end) in enumerate(spans, 1):
        starts[start] = len(digits)
        digits += normalize("NFKC", run[start:end])
        if len(digits) > max(_BORN):
            break
        if len(digits) in _BORN and _is_number(digits, spans[:count], starts, others):
            most = count
    return most


def _is_number(
    digits: str, spans: Sequence[tuple[int, int]], starts: Mapping[int, int], others: Sequence[tuple[int, int]]
) -> bool:
    first, end = spans[0][0], spans[-1][1]
    if not _BORN[len(digits)].fullmatch(digits) or (len(digits) == _FEWEST and _FEW_GROUPS < len(spans) < _FEWEST):
        return False
    within = [(start, stop) for start, stop in others if start < end and stop > first]
    return all(starts.get(start) == _PLACE and stop <= end for start, stop in within)


def _columns(form: Mapping[str, str]) -> dict[str, str] | None:
    return {_text(name): _text(cell) for name, cell in form.items() if not _is_for_ids(name)} or None


@lru_cache(maxsize=1024)
def _is_for_ids(column: str) -> bool:
    return bool(_COLUMN.search(column))
