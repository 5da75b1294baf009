"""A long file of JSON lines, read by a second process while this one writes what it tells."""

import os
from collections.abc import Iterator
from datetime import date
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from attrs import fields_dict

from followup.companion import Next, answer, companion
from followup.entries import TYPES, Entry
from followup.errors import InvalidFile, Problem
from followup.jsonlines import Reading, Sourced, read_lines
from followup.sheets import decoded_lines, opened

#: A file of more bytes than this is worth a second process.
_LONG: Final = 8_000_000
#: So many lines this process reads while the second one starts.
_MEANWHILE: Final = 5_000
#: So many entries make a parcel.
_PARCEL: Final = 500


def read_jsonl(path: Path, today: date, found: Reading) -> Iterator[Sourced]:
    """Yield the entries of a file of JSON lines, put their problems into `found`; `InvalidFile` for what is no text.

    A long file is read by a second process, where one can be had.
    """
    with opened(path) as content:
        lines = decoded_lines(content, str(path))
        if os.fstat(content.fileno()).st_size > _LONG:
            with companion("followup.readahead", (str(path), today, found.recorded_at, _MEANWHILE)) as begun:
                yield from read_lines(islice(lines, _MEANWHILE), str(path), today, found)
                received = begun()
                if received is not None:
                    yield from _told(received, path, found)
                    return
        yield from read_lines(lines, str(path), today, found)


def _told(received: Next, path: Path, found: Reading) -> Iterator[Sourced]:
    try:
        while parcel := received():
            yield from (Sourced(_restored(*values), where) for values, where in parcel)
        found.problems.extend(received())
    except EOFError:
        raise InvalidFile(Problem("file.unread", (str(path),))) from None


def _read(task: tuple[str, date, str | None, int]) -> Iterator[list[Any]]:
    """Yield what is told of a file: its entries in parcels, none, its problems."""
    path, today, recorded_at, read_already = task
    found, parcel = Reading(recorded_at=recorded_at), list[tuple[tuple[Any, ...], tuple[str, ...]]]()
    try:
        lines = islice(decoded_lines(opened(Path(path)), path), read_already, None)
        for sourced in read_lines(lines, path, today, found):
            entry = sourced.entry
            entry.texts()  # made here, they go with the entry
            parcel.append((_VALUES[entry.type](entry), sourced.where))
            if len(parcel) == _PARCEL:
                yield parcel
                parcel = []
    except InvalidFile as error:
        found.problems.extend(error.problems)
    if parcel:
        yield parcel
    yield from ([], found.problems)


def _restored(kind: str, *values: Any) -> Entry:
    entry = object.__new__(TYPES[kind])
    entry.__dict__.update(zip(_NAMES[kind], values, strict=False))  # as many, asked of one table
    return entry


#: An entry goes as its type and values: with a name each they take nearly twice as long.
_NAMES: Final = {kind: tuple(fields_dict(known)) for kind, known in TYPES.items()}
_VALUES: Final = {kind: attrgetter("type", *names) for kind, names in _NAMES.items()}

if __name__ == "__main__":
    answer(_read)
