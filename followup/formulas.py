"""Formulas: text that a spreadsheet would run, made harmless on its way out, and restored on its way in."""

from typing import Final

#: How a spreadsheet knows a formula.
BEGINNINGS: Final = ("=", "+", "-", "@", "\t", "\r")

#: With any other first character a cell is neither a formula nor one that was defused: most are told quickly.
_DOUBTFUL: Final = frozenset((*BEGINNINGS, "'"))


def defused(cell: str) -> str:
    """Return a cell as text that no spreadsheet runs: a leading apostrophe makes it so.

    One more stands before a text that has such an apostrophe of its own, so that it keeps it on its way in.

    >>> defused("=1+1"), defused("'=1+1"), defused("'twas")
    ("'=1+1", "''=1+1", "'twas")
    """
    return f"'{cell}" if cell[:1] in _DOUBTFUL and _is_formula(cell) else cell


def undefused(cell: str) -> str:
    """Return a cell without the apostrophe by which an export defused it.

    >>> undefused("'=1+1"), undefused("''=1+1"), undefused("'twas")
    ('=1+1', "'=1+1", "'twas")
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    return cell.lstrip("'").startswith(BEGINNINGS)
