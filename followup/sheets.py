"""Rows of text as they come: a file decoded, the cells of a row read one by one."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from attrs import field, frozen

from followup.errors import FollowupError, InvalidEntry, InvalidFile, Problem, harmless, masked, shown
from followup.fields import one_line
from followup.spellings import choice_told, choices_told, day_told, plain
from followup.terms import Term

#: A line of more characters than this is no row of anything.
_LONGEST: Final = 1_000_000
#: Of which words a sheet's title is made that says what is on it; no person is called so, as one may be 新村 or 安镇.
_TOLD: Final = re.compile(
    r"(?:随访|服务|记录|登记|个人|基本|信息|补充|患者|病人|严重|精神|障碍|管理|治疗|汇总|明细|名[单册]|台[账帐]|导[出入]|数据"
    r"|说明|备注|模板|样[表张]|表格?|清单|册|页|卡|空白?|工作|团队|小组|成员|人员|职责|区域|变[动更]|新增?|旧|死亡|失访|[迁转][出入]|[住出]院"
    r"|代码|关爱|帮扶|综合|全部|其他|[上下]半|年度?|季度|月份?|日|第|至|[一二三四五六七八九十]"
    r"|sheets?|tables?|forms?|follow-?ups?|visits?|dut(?:y|ies)|changes?|codes?|patients?|teams?|members?|records?|rows?"
    r"|notes?|data|list|due|[\d\W_])+",
    re.IGNORECASE,
)
#: Spreadsheets have no longer title; words that overlap would take for ever to be found in one.
_TITLE: Final = 31
#: No telephone has so few digits.
_FEW: Final = 6
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def content_of(path: Path) -> bytes:
    """Return a file's bytes; `InvalidFile` where it cannot be read."""
    try:
        with opened(path) as file:
            return file.read()
    except OSError:
        raise InvalidFile(Problem("file.missing", (str(path),))) from None


def opened(path: Path) -> BinaryIO:
    """Return an open file; `InvalidFile` where it cannot be read, or only once: what is refused is looked up in it."""
    try:
        if path.is_fifo():
            raise InvalidFile(Problem("file.pipe", (str(path),)))
        return path.open("rb")
    except OSError:
        raise InvalidFile(Problem("file.missing", (str(path),))) from None


def decoded_lines(content: BinaryIO, file: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text in UTF-8 that hold anything, with their numbers, one by one.

    Raises `InvalidFile` for an empty file, another encoding, NUL characters, an endless line.
    """
    lines = lines_after(0, content, file)
    first = next(lines, None)
    if first is None:
        raise InvalidFile(Problem("file.empty", (file,)))
    yield first
    yield from lines


def lines_after(number: int, content: BinaryIO, file: str) -> Iterator[tuple[int, str]]:
    """Yield such lines of what stands in a file after so many lines, be it nothing."""
    while raw := content.readline(4 * _LONGEST):
        number += 1
        line = _text(raw, ["utf-8-sig" if number == 1 else "utf-8"])
        if line is None:
            raise InvalidFile(Problem("file.encoding", (file,)))
        if "\0" in line or len(line) > _LONGEST:
            raise InvalidFile(Problem("file.nul" if "\0" in line else "file.long", (file, f"line {number}")))
        if line.strip():
            yield number, line


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


def sheet_place(title: str, number: int) -> str:
    """Return the place that a sheet is: by its title where that is none a person could have, else by its number.

    >>> sheet_place("随访服务记录表", 1), sheet_place("张某某随访", 2)
    ('sheet 随访服务记录表', 'worksheet 2')
    """
    digits = re.sub(r"\D", "", title)  # a day, and no telephone
    is_told = len(title) <= _TITLE and _TOLD.fullmatch(title) and (len(digits) <= _FEW or harmless(digits) != "***")
    return f"sheet {shown(title)}" if is_told else f"worksheet {number}"


@frozen
class Row:
    """One row of a table by its column names; what is wrong with its cells gathers in `problems`, doubts in `notes`."""

    #: The file, and the sheet of a workbook.
    table: tuple[str, ...]
    #: As the spreadsheet counts.
    number: int
    cells: Mapping[str, str] = field(repr=False)
    problems: list[Problem] = field(factory=list)
    notes: list[Problem] = field(factory=list)
    #: Which day a number would be, where a spreadsheet counts days with it.
    days: Mapping[str, date] = field(factory=dict, repr=False)
    #: The columns of which such a day was read.
    counted: list[str] = field(factory=list)

    @property
    def where(self) -> tuple[str, ...]:
        """The row's place: file, sheet and row."""
        return (*self.table, f"row {self.number}")

    def wrong(self, code: str, column: str | None = None, **facts: object) -> None:
        """Note a problem of the row, or of one of its cells; the first of a cell is enough."""
        place = self.where if column is None else (*self.where, f"column {column}")
        if column is None or all(problem.where != place for problem in self.problems):
            self.problems.append(Problem(code, place, facts))

    def doubt(self, code: str, column: str) -> None:
        """Note what may be wrong of a cell, which is taken as it stands."""
        self.notes.append(Problem(code, (*self.where, f"column {column}")))

    def text(self, column: str) -> str | None:
        """Return a cell word for word, or None where it is empty."""
        return self.cells.get(column, "").strip() or None

    def line(self, column: str) -> str | None:
        """Return a cell that must stand on one line and is printed: a team, a village."""
        found = self.text(column)
        if found is not None and masked(found) != found:
            self.wrong("line.number", column)
            return None
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
        on = day_told(found) or self.days.get(column)
        if on is not None and on == self.days.get(column):
            self.counted.append(column)
        if on is None:
            serial = re.fullmatch(r"[1-9][0-9]{4}(\.[0-9]+)?", plain(found))
            self.wrong("cell.serial" if serial else "cell.date", column, word=harmless(found))
        elif today is not None and on > today:
            self.wrong("future", column, on=on, today=today)
        return on

    def choice(self, column: str, options: Mapping[str, Any]) -> Any:
        """Return what the cell's code, its label or both stand for."""
        return self._read(column, choice_told, options)

    def choices(self, column: str, options: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Return what a cell of several codes stands for, whatever separates them."""
        found: tuple[Any, ...] | None = self._read(column, choices_told, options)
        return found

    def _read(self, column: str, told: Callable[[str, Mapping[str, Any]], Any], options: Mapping[str, Any]) -> Any:
        found = self.text(column)
        try:
            return None if found is None else told(found, options)
        except FollowupError as error:
            self.problems.extend(problem.at(*self.where, f"column {column}") for problem in error.problems)
        return None


@cache
def codes(kind: type[Term]) -> Mapping[str, Any]:
    """Return a list's terms by their official codes, and by the labels of these."""
    coded = [term for term in kind if term.code is not None]
    return {str(term.code): term for term in coded} | {term.zh: term for term in coded}


@cache
def labels(kind: type[Term]) -> Mapping[str, Any]:
    """Return a list's terms by their Chinese labels and their JSON spellings."""
    return {plain(label): term for term in kind for label in (term.zh, str(term))}
