"""A long file of JSON lines, read by two processes lot by lot while this one writes what they tell."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from followup.companion import Helper, answer, shared
from followup.entries import Entry
from followup.entryjson import entry_later
from followup.errors import InvalidFile, Problem
from followup.jsonlines import MOST, Reading, Sourced, read_lines
from followup.policy import Policy
from followup.sheets import decoded_lines, lines_after, opened

if TYPE_CHECKING:
    from followup.foretelling import Told as Dates

#: A file of more bytes than this is worth a second process.
_LONG: Final = 8_000_000
#: A lot is so many bytes, and the rest of the line.
_LOT: Final = 1 << 17
#: A line is taken in pieces of so many bytes: it is too long then.
_PIECE: Final = 1 << 22
#: The file, today, when entries were recorded that do not say so, and the policy by which dates are foretold.
_Task = tuple[str, date, str | None, Policy | None]
#: Whole lines of a file: where they begin, how many bytes they are, and how many lines stand before them.
_Lot = tuple[int, int, int]
#: What a lot tells, of its entries what is kept of them where they come from the other process; whether reading ends
#: there; dates foretold.
_Told = tuple[Reading, bool, "Dates"]


def read_jsonl(path: Path, today: date, found: Reading) -> Iterator[Sourced]:
    """Yield the entries of a file of JSON lines, put their problems into `found`; `InvalidFile` for what is no text.

    A second process, where one can be had, takes its part of a long file.
    """
    with opened(path) as content:
        if os.fstat(content.fileno()).st_size <= _LONG:
            yield from read_lines(decoded_lines(content, str(path)), str(path), today, found)
        else:
            yield from _read_lots(_lots(content), str(path), today, found)


def _read_lots(lots: Iterator[_Lot], file: str, today: date, found: Reading) -> Iterator[Sourced]:
    foretold, most, is_empty = found.foretold, len(found.problems) + MOST, True
    task = file, today, found.recorded_at, None if foretold is None else foretold.policy
    with _reader(task) as read:
        for told, is_end, dates in shared("followup.readahead", task, lots, read):
            if foretold is not None:
                foretold.told.update(dates)
            is_empty = is_empty and not told.entries and not told.problems
            yield from map(_sourced, told.entries)
            found.problems.extend(told.problems)
            found.presence_untold.update(told.presence_untold)
            if is_end:
                return
            if len(found.problems) >= most:
                raise InvalidFile(Problem("file.too_many", found.problems[-1].where[:2]))
    if is_empty:
        raise InvalidFile(Problem("file.empty", (file,)))


def _lots(content: BinaryIO) -> Iterator[_Lot]:
    start = lines = 0
    while raw := content.read(_LOT):
        raw += content.readline(_PIECE)
        yield start, len(raw), lines
        start, lines = start + len(raw), lines + raw.count(b"\n")


@contextmanager
def _reader(task: _Task) -> Iterator[Callable[[_Lot], _Told]]:
    """Yield what reads a lot."""
    file, today, recorded_at, _ = task
    with opened(Path(file)) as content:

        def read(lot: _Lot) -> _Told:
            start, size, before = lot
            content.seek(start)
            lines, found = lines_after(before, BytesIO(content.read(size)), file), Reading(recorded_at=recorded_at)
            try:
                found.entries.extend(read_lines(lines, file, today, found))
            except InvalidFile as error:
                found.problems.extend(error.problems)
                return found, True, {}
            return found, False, {}

        yield read


@contextmanager
def _helper(task: _Task) -> Iterator[Helper]:
    from followup.foretelling import foretell  # noqa: PLC0415 - the second process alone derives dates here

    policy = task[-1]
    with _reader(task) as read:

        def told(lot: _Lot) -> _Told:
            found, is_end, _ = read(lot)
            dates = {} if policy is None else foretell([one.entry for one in found.entries], policy)
            found.entries = [(_values(one.entry), one.where) for one in found.entries]  # type: ignore[misc]
            return found, is_end, dates

        yield None, told


def _values(entry: Entry) -> tuple[Any, ...]:
    """Return what a register keeps of an entry: it is all that goes to the other process."""
    apart, body = entry.texts()
    return entry.type, (entry.patient, entry.on.isoformat(), entry.recorded_at), body, apart, entry.id


def _sourced(told: Any) -> Sourced:
    return told if type(told) is Sourced else Sourced(entry_later(*told[0]), told[1])


if __name__ == "__main__":
    answer(_helper)
