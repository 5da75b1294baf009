"""Tables of text as they come: a file decoded, its rows with their places, cells read one by one."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import field, frozen

from followup.dates import day
from followup.errors import InvalidEntry, InvalidFile, Problem, shown
from followup.fields import one_line
from followup.terms import Term

#: A line of more characters than this is no row of anything.
_LONGEST: Final = 1_000_000
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_DATE: Final = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?|(\d{4})(\d\d)(\d\d)", re.ASCII)
_HARMLESS: Final = re.compile(r"[\d./:-]{1,10}|\d{4}年\d{1,2}月\d{1,2}日?|.", re.DOTALL)
_SEPARATORS: Final = re.compile(r"[,、;|/\s]+")


def content_of(path: Path) -> bytes:
    """Return a file's bytes; `InvalidFile` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        raise InvalidFile(Problem("file.missing", (str(path),))) from None


def opened(path: Path) -> BinaryIO:
    """Return an open file; `InvalidFile` where it cannot be read."""
    try:
        return path.open("rb")
    except OSError:
        raise InvalidFile(Problem("file.missing", (str(path),))) from None


def decoded_lines(content: BinaryIO, file: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text in UTF-8 that hold anything, with their numbers, one by one.

    Raises `InvalidFile` for an empty file, another encoding, NUL characters, an endless line.
    """
    number, empty = 0, True
    while raw := content.readline(4 * _LONGEST):
        number += 1
        line = _text(raw, ["utf-8-sig" if number == 1 else "utf-8"])
        if line is None:
            raise InvalidFile(Problem("file.encoding", (file,)))
        if "\0" in line or len(line) > _LONGEST:
            raise InvalidFile(Problem("file.nul" if "\0" in line else "file.long", (file, f"line {number}")))
        if line.strip():
            empty = False
            yield number, line
    if empty:
        raise InvalidFile(Problem("file.empty", (file,)))


def decoded(content: bytes, file: str, encodings: Iterable[str] = ("utf-8-sig", "gb18030")) -> str:
    """Return text in UTF-8, with or without BOM, or in GB18030, as far as `encodings` allows.

    Raises `InvalidFile` for an empty file, another encoding, NUL characters, an endless line.
    """
    text = _text(content, encodings)
    if text is None:
        raise InvalidFile(Problem("file.encoding", (file,)))
    if not text.strip():
        raise InvalidFile(Problem("file.empty", (file,)))
    for number, line in enumerate(text.splitlines(), 1):
        if "\0" in line or len(line) > _LONGEST:
            raise InvalidFile(Problem("file.nul" if "\0" in line else "file.long", (file, f"line {number}")))
    return text


def _text(content: bytes, encodings: Iterable[str]) -> str | None:
    if content.startswith(_UTF16):
        return None
    for encoding in encodings:
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


def harmless(word: str) -> str:
    """Return what may be shown of a wrong cell: a short number, a date, one character; never who somebody is.

    >>> harmless("2026-02-31"), harmless("990101199309030251")
    ('2026-02-31', '***')
    """
    return shown(word) if _HARMLESS.fullmatch(word) else "***"


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

    def line(self, column: str) -> str | None:
        """Return a cell that must stand on one line: a team, a village."""
        found = self.text(column)
        try:
            return None if found is None else one_line(found)
        except InvalidEntry:
            self.wrong("line", column)
        return None

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
            self.wrong("cell.date", column, word=harmless(found))
        elif today is not None and on > today:
            self.wrong("future", column, on=on, today=today)
        return on

    def choice(self, column: str, options: Mapping[str, Any]) -> Any:
        """Return what the cell's code stands for."""
        found = self.text(column)
        if found is None:
            return None
        if plain(found) not in options:
            self.wrong("cell.code", column, word=harmless(found), options=", ".join(options))
        return options.get(plain(found))

    def choices(self, column: str, options: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return what a cell of several codes stands for, whatever separates them."""
        found = self.text(column)
        words = _SEPARATORS.split(plain(found)) if found else []
        for word in words:
            if word not in options:
                self.wrong("cell.code", column, word=harmless(word), options=", ".join(options))
        return tuple(options[word] for word in words if word in options) if found else None


@frozen
class Table:
    """A table as it stands: its column names (made `plain`), and its rows that hold anything."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    #: Rows with cells below no column's name, and a last row that is cut off.
    problems: tuple[Problem, ...]


def read_table(path: Path, aliases: Mapping[str, str]) -> Table:
    """Read a CSV file; `aliases` gives columns their usual name.

    Raises `InvalidFile` for what cannot be read as CSV.
    """
    file = str(path)
    text = decoded(content_of(path), file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [plain(name) for name in next(reader, [])]
        lines = [(number, cells) for number, cells in enumerate(reader, 2) if any(map(str.strip, cells))]
    except csv.Error as error:
        raise InvalidFile(Problem("file.csv", (file, f"line {reader.line_num}"), {"reason": error})) from None
    columns = tuple(aliases.get(name, name) for name in names)
    rows = tuple(Row(file, number, dict(zip(columns, cells, strict=False))) for number, cells in lines)
    problems = [Problem("cells", (file, f"row {number}")) for number, cells in lines if _strays(columns, cells)]
    if lines and len(lines[-1][1]) < len(columns) and not text.endswith(("\n", "\r")):
        problems.append(Problem("file.cut", (file, f"row {lines[-1][0]}")))
    return Table(file, tuple(filter(None, columns)), rows, tuple(problems))


def _strays(columns: tuple[str, ...], cells: list[str]) -> bool:
    """Say whether a row holds anything below no column's name."""
    return any(cell.strip() and not name for name, cell in zip_longest(columns, cells, fillvalue="") if cell)


def codes(kind: type[Term]) -> dict[str, Any]:
    """Return a list's terms by their official codes."""
    return {term.code: term for term in kind if term.code is not None}


def labels(kind: type[Term]) -> dict[str, Any]:
    """Return a list's terms by their Chinese labels and their JSON spellings."""
    return {plain(label): term for term in kind for label in (term.zh, str(term))}
