"""Grids: what a CSV file or a sheet of a workbook holds, cell by cell, before anyone knows what it means."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from attrs import field, frozen

from followup.errors import InvalidFile, Problem
from followup.formulas import undefused
from followup.sheets import content_of, decoded

_DELIMITERS: Final = ",\t;"
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


def read_csv(path: Path, is_name: Callable[[str], bool]) -> Grid:
    """Read a CSV file; what separates its cells is what makes most column names of a line.

    Raises `InvalidFile` for what cannot be read as CSV.
    """
    file = str(path)
    text = decoded(content_of(path), file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text, is_name), strict=True)
    try:
        lines = tuple(Line(number, tuple(map(undefused, cells))) for number, cells in _filled(reader))
    except csv.Error as error:
        raise InvalidFile(Problem("file.csv", (file, f"line {reader.line_num}"), {"reason": error})) from None
    return Grid((file,), lines, is_open=not text.endswith(("\n", "\r")))


def _filled(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    return ((number, cells) for number, cells in enumerate(reader, 1) if any(map(str.strip, cells)))


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
