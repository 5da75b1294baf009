"""What is known of a workbook before anyone reads it: that it is no larger than it may be, and what it hides."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from followup.errors import InvalidFile, Problem

_MB: Final = 1_000_000
#: The bytes that a workbook may have, unpacked: some six million cells.
LARGEST: Final = 256 * _MB
#: The cells between the first and the farthest of a sheet: each takes memory, be it empty.
MOST_CELLS: Final = 5_000_000


@frozen
class CheckedBook:
    """A workbook that may be read."""

    content: bytes = field(repr=False)
    #: Its days are counted from 1904, not from 1900.
    from_1904: bool = False
    #: By sheet: row and column, from 0, of cells whose formula fails, which read as if they were empty.
    failed: Mapping[int, frozenset[tuple[int, int]]] = field(factory=dict)


def check_bytes(count: int) -> None:
    """Refuse more bytes than a workbook may have."""
    if count > LARGEST:
        raise InvalidFile(Problem("book.large", facts={"most": LARGEST // _MB}))


def check_cells(where: tuple[str, ...], rows: int, columns: int) -> None:
    """Refuse a sheet that reaches too far."""
    if rows * columns > MOST_CELLS:
        facts = {"row": rows, "column": letters(columns), "most": MOST_CELLS}
        raise InvalidFile(Problem("book.cells", where, facts))


def letters(column: int) -> str:
    """Return a column as spreadsheets name it: 1 is A, 28 is AB."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(ord("A") + rest) + found
    return found
