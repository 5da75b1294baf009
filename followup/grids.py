"""Grids: what a CSV file or a sheet of a workbook holds, cell by cell, before anyone knows what it means."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from attrs import field, frozen

from followup.errors import InvalidFile, Problem
from followup.formulas import undefused
from followup.sheets import content_of, decoded

_DELIMITERS: Final = ",\t;"
_DAY_ONE: Final = date(1899, 12, 30)
#: The numbers that may be days, from 1927 to 2099; smaller ones are years or codes.
_DAYS: Final = range(10_000, 73_050)
_NUMBER: Final = re.compile(r"\s*[1-9][0-9]{4}(\.[0-9]{1,15})?\s*", re.ASCII)
#: Among so many lines the header must stand.
_SEARCHED: Final = 50


@frozen
class Line:
    """One line of a grid, as the spreadsheet numbers it."""

    number: int
    cells: tuple[str, ...] = field(repr=False)
    #: Which day a number would be, by its place in the line, where a spreadsheet counts days with it.
    days: Mapping[int, date] = field(factory=dict, repr=False)


@frozen
class Grid:
    """The lines of a CSV file or of a sheet that hold anything."""

    #: The file, and the sheet of a workbook.
    where: tuple[str, ...]
    lines: tuple[Line, ...]
    #: Cells merged over several lines: the first's and the last's number, and their place in the line.
    merged: tuple[tuple[int, int, int], ...] = ()
    #: The text ends without a line's end: its last line may have been cut off.
    is_open: bool = False
    #: A sheet that the spreadsheet does not show.
    is_hidden: bool = False


def read_csv(path: Path, is_name: Callable[[str], bool]) -> Grid:
    """Read a CSV file; what separates its cells is what makes most column names of a line.

    Raises `InvalidFile` for what cannot be read as CSV.
    """
    file = str(path)
    text = decoded(content_of(path), file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, is_name), strict=True)
    try:
        lines = tuple(Line(number, tuple(map(undefused, cells)), _days(cells)) for number, cells in _filled(reader))
    except csv.Error as error:
        raise InvalidFile(Problem("file.csv", (file, f"line {reader.line_num}"), {"reason": error})) from None
    return Grid((file,), lines, is_open=not text.endswith(("\n", "\r")))


def _filled(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    return ((number, cells) for number, cells in enumerate(reader, 1) if any(map(str.strip, cells)))


def _days(cells: list[str]) -> dict[int, date]:
    """Return the days that a spreadsheet wrote as their numbers, as it does where the cells had no format of a day."""
    numbers = {place: float(cell) for place, cell in enumerate(cells) if _NUMBER.fullmatch(cell)}
    return {place: on for place, number in numbers.items() if (on := day_of_number(number))}


def day_of_number(number: float) -> date | None:
    """Return the day that a number is in a spreadsheet that counts from 1900, if it can be one.

    >>> day_of_number(46024), day_of_number(2026)
    (datetime.date(2026, 1, 2), None)
    """
    return _DAY_ONE + timedelta(int(number)) if int(number) in _DAYS else None


def _delimiter(text: str, is_name: Callable[[str], bool]) -> str:
    """Return what separates the cells; in doubt the comma."""
    best, most = ",", 0
    for line in text.splitlines()[:_SEARCHED]:
        for delimiter in _DELIMITERS:
            count = sum(map(is_name, _split(line, delimiter)))
            if count > most:
                best, most = delimiter, count
    return best


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
