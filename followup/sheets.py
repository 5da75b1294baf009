"""Tables of text as they come: a file decoded, its rows with their places, cells read one by one."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from followup.dates import day
from followup.errors import InvalidEntry, InvalidFile, Problem, shown

#: A line of more characters than this is no row of anything.
_LONGEST: Final = 1_000_000
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_DATE: Final = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?|(\d{4})(\d\d)(\d\d)")
_SEPARATORS: Final = re.compile(r"[,、;|/\s]+")


def content_of(path: Path) -> bytes:
    """Return a file's bytes; `InvalidFile` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        raise InvalidFile(Problem("file.missing", (str(path),))) from None


def decoded(content: bytes, file: str) -> str:
    """Return text in UTF-8, with or without BOM, or in GB18030.

    Raises `InvalidFile` for an empty file, another encoding, NUL characters, an endless line.
    """
    text = _text(content)
    if text is None:
        raise InvalidFile(Problem("file.encoding", (file,)))
    if not text.strip():
        raise InvalidFile(Problem("file.empty", (file,)))
    for number, line in enumerate(text.splitlines(), 1):
        if "\0" in line or len(line) > _LONGEST:
            raise InvalidFile(Problem("file.nul" if "\0" in line else "file.long", (file, f"line {number}")))
    return text


def _text(content: bytes) -> str | None:
    if content.startswith(_UTF16):
        return None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def plain(text: str) -> str:
    """Return a header or a code without spaces around it and with full-width characters made plain.

    >>> plain(" ２　")
    '2'
    """
    return unicodedata.normalize("NFKC", text).strip()


@frozen
class Row:
    """One row of a table by its column names; what is wrong with its cells gathers in `problems`."""

    file: str
    #: As a spreadsheet counts: the header is row 1.
    number: int
    cells: Mapping[str, str] = field(repr=False)
    problems: list[Problem] = field(factory=list)

    @property
    def where(self) -> tuple[str, str]:
        """The row's place: file and row."""
        return (self.file, f"row {self.number}")

    def wrong(self, code: str, column: str | None = None, **facts: object) -> None:
        """Note a problem of the row, or of one of its cells."""
        place = self.where if column is None else (*self.where, f"column {column}")
        self.problems.append(Problem(code, place, facts))

    def text(self, column: str) -> str | None:
        """Return a cell word for word, or None where it is empty."""
        return self.cells.get(column, "").strip() or None

    def needed(self, column: str) -> str | None:
        """Return a cell that must not be empty."""
        found = self.text(column)
        if found is None:
            self.wrong("cell.empty", column)
        return found

    def day(self, column: str, today: date | None = None) -> date | None:
        """Return a date; one after `today` is a problem."""
        found = self.text(column)
        if found is None:
            return None
        parts = _DATE.fullmatch(plain(found))
        try:
            on = day("{:0>4}-{:0>2}-{:0>2}".format(*(part for part in parts.groups() if part))) if parts else None
        except InvalidEntry:
            on = None
        if on is None:
            self.wrong("cell.date", column, word=shown(found))
        elif today is not None and on > today:
            self.wrong("future", column, on=on, today=today)
        return on

    def choice(self, column: str, options: Mapping[str, Any]) -> Any:
        """Return what the cell's code stands for."""
        found = self.text(column)
        if found is None:
            return None
        if plain(found) not in options:
            self.wrong("cell.code", column, word=shown(found), options=", ".join(options))
        return options.get(plain(found))

    def choices(self, column: str, options: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return what a cell of several codes stands for, whatever separates them."""
        found = self.text(column)
        words = _SEPARATORS.split(plain(found)) if found else []
        for word in words:
            if word not in options:
                self.wrong("cell.code", column, word=shown(word), options=", ".join(options))
        return tuple(options[word] for word in words if word in options) if found else None


def rows(path: Path) -> Iterator[Row]:
    """Return the rows of a CSV file that hold anything; column names are made `plain`.

    Raises `InvalidFile` for what is no table: no row, a column twice, more cells than columns.
    """
    reader = csv.reader(io.StringIO(decoded(content_of(path), str(path)), newline=""), strict=True)
    problems: list[Problem] = []
    found: list[Row] = []
    try:
        header = [plain(name) for name in next(reader)]
        for number, cells in enumerate(reader, 2):
            if any(map(str.strip, cells)):
                found.append(Row(str(path), number, dict(zip(header, cells, strict=False))))
                if len(cells) > len(header) and any(map(str.strip, cells[len(header) :])):
                    problems.append(Problem("cells", found[-1].where, {"count": len(cells) - len(header)}))
    except csv.Error as error:
        problems.append(Problem("file.csv", (str(path), f"line {reader.line_num}"), {"reason": error}))
    else:
        problems += _header_problems(str(path), header, found)
    if problems:
        raise InvalidFile(problems)
    yield from found


def _header_problems(file: str, header: list[str], found: list[Row]) -> Iterator[Problem]:
    yield from (
        Problem("column.twice", (file, f"column {name}"))
        for name in sorted(set(header))
        if header.count(name) > 1 and name
    )
    if not found:
        yield Problem("file.no_rows", (file,))
