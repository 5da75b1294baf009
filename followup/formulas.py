"""Formulas: text that a spreadsheet would run, made harmless on its way out, and restored on its way in."""

from typing import Final

#: How a spreadsheet knows a formula.
BEGINNINGS: Final = ("=", "+", "-", "@", "\t", "\r")


def defused(cell: str) -> str:
    """Return a cell as text that no spreadsheet runs: a leading apostrophe makes it so.

    >>> defused("=1+1")
    "'=1+1"
    """
    return f"'{cell}" if cell.startswith(BEGINNINGS) else cell


def undefused(cell: str) -> str:
    """Return a cell without the apostrophe by which an export defused it.

    >>> undefused("'=1+1"), undefused("'twas")
    ('=1+1', "'twas")
    """
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(BEGINNINGS) else cell
