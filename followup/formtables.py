"""The tables of forms, found in grids: the header among the first lines, the rows below it by their columns."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from typing import Final

from attrs import evolve, frozen

from followup.errors import Problem
from followup.grids import Grid, Line
from followup.sheets import Row
from followup.spellings import plain, tight

#: Among so many lines that hold anything the header must stand.
_SEARCHED: Final = 20
#: A remark behind a name that says how to fill the column in; another might say whose it is, or which.
_REMARK: Final = re.compile(r"(.+)[(\[【〔]([^()\[\]【】〔〕]*)[)\]】〕]")
_HOW: Final = re.compile(
    r"\d.*|[\W\dA-Za-z必填选可空多单代码编号数字整文本日期时间年月级位次毫克分等择写格式如例患者本人]*"
)
#: How a total or a remark below a table begins.
_FOOT: Final = re.compile(
    r"合计|总计|小计|共计|填表说明|填写说明|说明$|(说明|备注|注|填表人|制表人?|审核人?|负责人|填报\w*):"
)
#: What stands over a group of names that are not the patient's of today: another person's, or of another time.
_OF_ANOTHER: Final = re.compile(
    r"监护|家属|亲属|配偶|子女|父亲|母亲|联系人|医生|医师|护士|民警|社工|干部|责任|上次|上一|上月|上季|上年|前次|前一|既往|以往|首次|末次|去年|下次|下一"
)
#: A row of a table holds more than a title, which tells of two things at most beside each other.
_ROW: Final = 3
#: A number of a patient or a day, and no words.
_NUMBER: Final = re.compile(r"(?=.*\d)[\dA-Za-z./年月日: -]+", re.ASCII)
#: What a spreadsheet shows in place of a value: the formula fails, or the column is too narrow.
_ERROR: Final = re.compile(r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|CALC!|SPILL!|FORMULA!|#+)")


@frozen
class Names:
    """The names that columns may have: as they are spelled, without spaces, and as the form has them."""

    known: Mapping[str, str]

    @classmethod
    def of(cls, columns: Iterable[str], aliases: Mapping[str, str]) -> "Names":
        """Return the names of columns and their aliases."""
        return cls({tight(name): name for name in columns} | {tight(name): usual for name, usual in aliases.items()})

    def usual(self, name: str) -> str | None:
        """Return the form's own name of a column, or None for a stranger."""
        return self.known.get(tight(name).strip("*:"))

    def without_remark(self, name: str) -> str | None:
        """Return the form's own name of a column that has a remark in brackets behind it."""
        parts = _REMARK.fullmatch(tight(name).strip("*:"))
        return self.usual(parts[1]) if parts and _HOW.fullmatch(parts[2]) else None

    def are(self, cells: Sequence[str]) -> list[str]:
        """Return the column that each cell names; a name with a remark counts where no other column has it."""
        usual = [self.usual(cell) for cell in cells]
        remarked = [name or self.without_remark(cell) for name, cell in zip(usual, cells, strict=True)]
        return [
            name or (other if other and other not in usual else plain(cell))
            for name, other, cell in zip(usual, remarked, cells, strict=True)
        ]

    def among(self, names: Iterable[str]) -> frozenset[str]:
        """Return which of the columns are the form's."""
        return frozenset(self.known.values()).intersection(names)


@frozen
class Table:
    """A form's table: its column names, and its rows that hold anything."""

    #: The file, and the sheet of a workbook.
    where: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    #: What is wrong with lines as a whole, and with cells below no column's name.
    problems: tuple[Problem, ...]
    #: The lines that are no rows.
    notes: tuple[Problem, ...]


@frozen
class _Header:
    """A header that a grid may have, of one line or two."""

    columns: list[str]
    #: How many of the form's names it has.
    known: int
    #: Its first line, counted from 0, and the first below it.
    first: int
    below: int


def find_table(grid: Grid, names: Names, marks: Sequence[frozenset[str]]) -> Table | None:
    """Return the table whose header has all names of one of `marks`; None where there is none."""
    headers = [header for header in _headers(grid, names) if any(mark <= set(header.columns) for mark in marks)]
    if not headers:
        return None
    header = max(headers, key=lambda each: (each.known, each.first - each.below, -each.first))
    above = {other.below - 1 for other in headers if other.below <= header.first}
    above |= {at for at, line in enumerate(grid.lines[: header.first]) if _is_row(line, header, marks)}
    lost = [_told(grid, "row.above", grid.lines[at]) for at in sorted(above)]
    found = _table(grid, header)
    return evolve(found, problems=(*lost, *found.problems))


def _is_row(line: Line, header: _Header, marks: Sequence[frozenset[str]]) -> bool:
    """Say whether a line above the header is no title but a row: it has numbers where a row must have them."""
    cells = dict(zip(header.columns, line.cells, strict=False))
    needed = [[cells.get(name, "") for name in mark] for mark in marks if mark <= {*header.columns}]
    return _filled(line) >= _ROW and any(all(map(_NUMBER.fullmatch, map(plain, mark))) for mark in needed)


def nearest_header(grid: Grid, names: Names) -> tuple[int, frozenset[str]]:
    """Return the row that has most of the form's names, and these; row 1 where none has any."""
    rows = [(line.number, names.among(names.are(line.cells))) for line in grid.lines[:_SEARCHED]]
    return max(rows, key=lambda row: len(row[1]), default=(1, frozenset()))


def _headers(grid: Grid, names: Names) -> Iterator[_Header]:
    """Yield each of the first lines, and each two of them where the lower goes on with the upper's header."""
    for at, line in enumerate(grid.lines[:_SEARCHED]):
        columns = names.are(line.cells)
        yield _Header(columns, len(names.among(columns)), at, at + 1)
        if at + 1 < len(grid.lines) and (joined := _two_lines(line.cells, grid.lines[at + 1].cells, names)):
            yield _Header(joined, len(names.among(joined)), at, at + 2)


def _two_lines(upper: Sequence[str], lower: Sequence[str], names: Names) -> list[str] | None:
    """Return the columns of a header of two lines; None where the lower one is none.

    No cell of a header's lower line stands below a column's whole name, and most of them are names.
    """
    group, columns, known, strange = "", [], 0, 0
    for above, below in zip_longest(upper, lower, fillvalue=""):
        if not below.strip():
            group = above
            columns.append(above)
            continue
        group = above if above.strip() else group
        joined, alone = names.among(names.are([f"{group}{below}"])), names.among(names.are([below]))
        if not (joined or alone) and names.usual(above):
            return None
        known, strange = known + bool(joined or alone), strange + (not (joined or alone))
        of_another = not joined and _OF_ANOTHER.search(tight(group))
        columns.append(f"{group}{below}" if of_another else next(iter(joined or alone), below))
    return names.are(columns) if known > strange else None


def _table(grid: Grid, header: _Header) -> Table:
    below, columns = grid.lines[header.below :], header.columns
    names = [line.cells for line in grid.lines[header.first : header.below]]
    lines = [line for line in below if line.cells not in names]
    feet = {line.number for line in lines if _is_foot(line)}
    rows = [_row(grid, line, columns) for line in lines if line.number not in feet]
    problems = [*_broken(grid, lines, columns, feet), *_merged(grid, rows, columns)]
    notes = [_told(grid, "row.skipped", line) for line in lines if line.number in feet and _filled(line) == 1]
    if len(lines) < len(below):  # it stands on every page
        notes.append(Problem("header.again", grid.where, {"count": len(below) - len(lines)}))
    return Table(grid.where, tuple(filter(None, columns)), tuple(rows), tuple(problems), tuple(notes))


def _broken(grid: Grid, lines: Sequence[Line], columns: Sequence[str], feet: AbstractSet[int]) -> Iterator[Problem]:
    for line in lines:
        if line.number in feet:
            if _filled(line) > 1:
                yield _told(grid, "row.foot", line)
        elif _strays(columns, line.cells):
            yield _told(grid, "cells", line)
    if lines and grid.is_open and len(lines[-1].cells) < len(columns):
        yield _told(grid, "file.cut", lines[-1])


def _told(grid: Grid, code: str, line: Line) -> Problem:
    return Problem(code, (*grid.where, f"row {line.number}"))


def _filled(line: Line) -> int:
    return sum(bool(cell.strip()) for cell in line.cells)


def _is_foot(line: Line) -> bool:
    """Say whether a line begins like a total or a remark."""
    return bool(_FOOT.match(tight(next(cell for cell in line.cells if cell.strip()))))


def _strays(columns: Sequence[str], cells: Sequence[str]) -> bool:
    """Say whether a line holds anything below no column's name, or has more cells than the header."""
    return len(cells) > len(columns) or any(
        cell.strip() and not name for name, cell in zip(columns, cells, strict=False)
    )


def _row(grid: Grid, line: Line, columns: Sequence[str]) -> Row:
    cells = dict(zip(columns, line.cells, strict=False))
    failed = [name for name, cell in cells.items() if cell.startswith("#") and _ERROR.fullmatch(cell.strip())]
    days = {columns[place]: on for place, on in line.days.items() if place < len(columns)}
    row = Row(grid.where, line.number, cells | dict.fromkeys(failed, ""), days=days)
    for name in failed:
        row.wrong("cell.formula", name)
    return row


def _merged(grid: Grid, rows: Sequence[Row], columns: Sequence[str]) -> Iterator[Problem]:
    """Tell of cells merged over several rows: a spreadsheet keeps the content of the first alone."""
    numbers = [row.number for row in rows]
    for first, last, place in grid.merged:
        if place < len(columns) and columns[place] and bisect_right(numbers, first) < bisect_right(numbers, last):
            where = (*grid.where, f"row {first}", f"column {columns[place]}")
            yield Problem("cell.merged", where, {"first": first, "last": last})
