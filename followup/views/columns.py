"""Text in columns for a terminal, where a Chinese character is as wide as two others."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final

from wcwidth import wcwidth

#: What is not broken if it fits on a line: a word with the space behind it, or any other character by itself.
_WORD: Final = re.compile(r"[!-~]+ ?| |[^ -~]")

#: What makes the character before it as wide as two.
_WIDENED: Final = "\ufe0f"
#: What stands between two columns, and how narrow the widest may become.
_GAP: Final = "  "
_NARROWEST: Final = 8


def width(text: str) -> int:
    """Return how many cells of a terminal a text takes.

    >>> width("村(居)")
    6
    """
    return sum(max(wcwidth(char), char == _WIDENED) for char in text)


def wrapped(text: str, most: int) -> list[str]:
    """Return a text as lines of at most so many cells; nothing of it is lost.

    >>> wrapped("3级及以上联合随访", 8), wrapped("a joint follow-up", 9)
    (['3级及以', '上联合随', '访'], ['a joint', 'follow-up'])
    """
    lines, used = [""], 0
    for word in _WORD.findall(text):
        for piece in [word] if width(word.rstrip()) <= most else word:
            needed = width(piece.rstrip())
            if used + needed > most:
                lines.append("")
                used = 0
            lines[-1] += piece
            used += width(piece)
    return [line.rstrip() for line in lines]


def clipped(text: str, most: int) -> str:
    """Return a text, or the beginning of it, in at most so many cells."""
    return text if width(text) <= most else wrapped(text, most - 1)[0] + "…"


def in_columns(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[list[str]]:
    """Return each row as lines with its cells side by side, wrapped to their widths."""
    for row in rows:
        cells = [wrapped(cell, most) for cell, most in zip(row, widths, strict=True)]
        yield [_line(parts, widths) for parts in zip_longest(*cells, fillvalue="")]


def _line(parts: Iterable[str], widths: Sequence[int]) -> str:
    padded = [part + " " * (most - width(part)) for part, most in zip(parts, widths, strict=True)]
    return _GAP.join(padded).rstrip()


def fitting(rows: Iterable[Sequence[str]], most: Sequence[int], total: int) -> list[int]:
    """Return how wide the columns of rows must be: none wider than its `most`, and `total` side by side at most."""
    widths = [min(limit, max(map(width, cells))) for limit, cells in zip(most, zip(*rows, strict=True), strict=True)]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > total and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths
