"""Entries from JSON lines that tell what others tell: all but whom and when is read once.

Of most people nothing is found, visit after visit: their lines differ in the patient, the day, the date agreed
and the moment of recording. A line with these cut out is a *stencil* for all that are like it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from attrs import frozen

from followup.canonical import decode_object, gapped, identified
from followup.entries import LAYOUTS, Entry
from followup.entryjson import read_kind
from followup.entryreaders import READERS, plan, read_fields
from followup.errors import InvalidEntry

#: What is cut out of a line, in the order of the canonical form.
_CUT: Final = ("next_on", "on", "patient", "recorded_at")
#: How each of them begins: as Python and as JavaScript write it.
_BEGINNINGS: Final = {gap: [(name, f'"{name}":{gap}"') for name in _CUT] for gap in (" ", "")}
#: What wrong lines raise; of them whoever reads them as a whole tells more.
_WRONG: Final = (InvalidEntry, ValueError, KeyError, TypeError, RecursionError)


@frozen
class Stencil:
    """What an entry is filled with, and the texts that a register keeps, with gaps for what was cut out."""

    kind: type[Entry]
    fields: dict[str, Any]
    tables: list[tuple[str, dict[str, Any]]]
    #: How what was cut out is read.
    gaps: list[tuple[str, Callable[[str], Any]]]
    apart: str | None
    body: str
    whole: str


def entry_from_line(line: str, recorded_at: str | None) -> Entry | None:
    """Return the entry of one JSON line; None where the line has to be read as a whole.

    `recorded_at` is the moment for a line that tells none.
    """
    # Where it escapes anything a quote may be part of a word; and nobody is registered as another is.
    if "\\" in line or '"registered"' in line or '"amended"' in line:
        return None
    rest, told = _cut(line)
    try:
        return _filled(_stencil(rest, tuple(told), recorded_at), told)
    except _WRONG:
        return None


def _cut(line: str) -> tuple[str, dict[str, str]]:
    told = {}
    for name, begins in _BEGINNINGS[" " if '": ' in line else ""]:
        before, found, after = line.partition(begins)
        if found:
            told[name], _, after = after.partition('"')
            line = f'{before}{begins}"{after}'
    return line, told


@lru_cache(maxsize=1 << 12)
def _stencil(rest: str, cut: tuple[str, ...], recorded_at: str | None) -> Stencil:
    """Return the stencil of a line that others may be like; raises one of `_WRONG` where it is none."""
    data = decode_object(rest)
    kind = read_kind(data)
    within = [value for value in data.values() if type(value) is dict]
    is_of_a_table = any(name in table for table in within for name in cut)
    if is_of_a_table or "id" in data or not {"on", "patient"} <= {*cut}:
        raise KeyError(kind.type)
    if recorded_at is not None:
        data.setdefault("recorded_at", recorded_at)
    blanks, steps = plan(kind.type, tuple(data))
    fields = blanks | dict.fromkeys(cut) | read_fields([step for step in steps if step[0] not in cut], data)
    blank = object.__new__(kind)
    blank.__dict__.update(fields)
    texts = gapped(blank, LAYOUTS[kind.type], cut)
    tables = [(name, value) for name, value in fields.items() if type(value) is dict]
    gaps = [(name, READERS[kind.type][name][1]) for name in cut]
    return Stencil(kind, fields, tables, gaps, *texts)


def _filled(stencil: Stencil, told: dict[str, str]) -> Entry:
    entry = object.__new__(stencil.kind)
    fields = entry.__dict__
    fields.update(stencil.fields)
    for name, table in stencil.tables:
        fields[name] = dict(table)
    for name, convert in stencil.gaps:
        fields[name] = convert(told[name])
    # What was cut out is spelled as it stood there: a day, and a number that may be printed and in which nothing is
    # escaped, are so in canonical form.
    fields["_texts"] = stencil.apart, stencil.body % told
    fields["_id"] = identified(stencil.whole % told)
    return entry
