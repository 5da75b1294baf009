"""A long file of JSON lines, read by a second process while this one writes what it tells.

What is read comes through a pipe, parcel by parcel, and never touches the disk.
"""

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import starmap
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, Final

from followup.entries import Entry
from followup.errors import InvalidFile, Problem
from followup.jsonlines import Reading, Sourced, read_lines
from followup.sheets import opened

#: A file of more bytes than this is worth a second process.
_LONG: Final = 8_000_000
#: So many entries make a parcel.
_PARCEL: Final = 500
_READY: Final = "ready"
#: A program that was frozen with its Python would start itself.
_HAS_ROOM: Final = (os.cpu_count() or 1) > 1 and bool(sys.executable) and not hasattr(sys, "frozen")
_LIBRARY: Final = str(Path(__file__).parents[1])


def read_jsonl(path: Path, today: date, found: Reading) -> Iterator[Sourced]:
    """Yield the entries of a file of JSON lines, put their problems into `found`; `InvalidFile` for what is no text.

    A long file is read by a second process, where one can be had.
    """
    with opened(path) as content:
        is_long = os.fstat(content.fileno()).st_size > _LONG
        child = _begun(path, today, found.recorded_at) if is_long and _HAS_ROOM else None
        if child is None:
            yield from read_lines(content, str(path), today, found)
        else:
            yield from _told(child, path, found)


def _told(child: "Popen[bytes]", path: Path, found: Reading) -> Iterator[Sourced]:
    with child:
        try:
            while parcel := _received(child, path):
                yield from starmap(Sourced, parcel)
            found.problems.extend(_received(child, path))
        finally:
            child.kill()


def _begun(path: Path, today: date, recorded_at: str | None) -> "Popen[bytes] | None":
    """Return the process that reads a file, once it has told that it is there."""
    command = [sys.executable, "-P", "-m", "followup.readahead", str(path), str(today), recorded_at or ""]
    known = os.environ | {"PYTHONPATH": os.pathsep.join([_LIBRARY, os.environ.get("PYTHONPATH", "")])}
    try:
        child = Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env=known)  # noqa: S603 - our own module
    except OSError:
        return None
    with suppress(InvalidFile):
        if _received(child, path) == [_READY]:
            return child
    with child:
        child.kill()
    return None


def _received(child: "Popen[bytes]", path: Path) -> list[Any]:
    try:
        found: list[Any] = pickle.load(child.stdout)  # type: ignore[arg-type]  # noqa: S301 - as above
    except (EOFError, pickle.UnpicklingError):
        raise InvalidFile(Problem("file.unread", (str(path),))) from None
    return found


def _read(path: Path, today: date, recorded_at: str | None) -> Iterator[list[Any]]:
    """Yield what is told of a file: a word of greeting, its entries in parcels, none, its problems."""
    yield [_READY]
    found, parcel = Reading(recorded_at=recorded_at), list[tuple[Entry, tuple[str, ...]]]()
    try:
        for sourced in read_lines(opened(path), str(path), today, found):
            sourced.entry.texts()  # made here, they go with the entry
            parcel.append((sourced.entry, sourced.where))
            if len(parcel) == _PARCEL:
                yield parcel
                parcel = []
    except InvalidFile as error:
        found.problems.extend(error.problems)
    if parcel:
        yield parcel
    yield from ([], found.problems)


def main(path: str, today: str, recorded_at: str) -> None:
    """Write what a file tells to the process that asked for it."""
    for told in _read(Path(path), date.fromisoformat(today), recorded_at or None):
        pickle.dump(told, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # nobody listens any more
        main(*sys.argv[1:])
