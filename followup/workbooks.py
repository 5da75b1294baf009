"""Workbooks (.xlsx, .xls) as grids, one a sheet: read by calamine once it is known that they can be."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from followup.bookchecks import CheckedBook, check_bytes
from followup.errors import InvalidFile, Problem
from followup.formulas import undefused
from followup.grids import Grid, Line, day_of_number
from followup.olebooks import OLE_MAGIC, checked_ole
from followup.sheets import content_of, sheet_place
from followup.zipbooks import checked_zip

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

#: From here on a spreadsheet has lost digits of a whole number.
_INEXACT: Final = 10**15
_WEB: Final = re.compile(rb"[\s\xef\xbb\xbf\xfe\xff\0]*(<|MIME-Version)", re.IGNORECASE)


def read_workbook(path: Path) -> list[Grid]:
    """Read the sheets of a workbook, empty ones too.

    Raises `InvalidFile` for what is no workbook, is protected by a password, damaged, or absurdly large.
    """
    try:
        found = _checked(_content(path))
        with _opened(found.content) as book:
            return [_grid(str(path), book, found, place) for place in range(len(book.sheet_names))]
    except InvalidFile as error:
        problems = [
            problem if problem.where[:1] == (str(path),) else problem.at(str(path)) for problem in error.problems
        ]
    except ModuleNotFoundError:
        problems = [Problem("book.extra", (str(path),))]
    except BaseException as error:
        if isinstance(error, MemoryError) or not (isinstance(error, Exception) or _is_panic(error)):
            raise
        problems = [Problem("book.damaged", (str(path),))]
    raise InvalidFile(problems)


def _is_panic(error: BaseException) -> bool:
    """Say whether a reader written in Rust fell over, which is no `Exception` to Python."""
    return type(error).__name__ == "PanicException"


def _content(path: Path) -> bytes:
    with suppress(OSError):  # told when it is read
        check_bytes(path.stat().st_size)
    return content_of(path)


def _checked(content: bytes) -> CheckedBook:
    """Return the workbook that a content is, whatever its name says."""
    if not content.strip():
        raise InvalidFile(Problem("file.empty"))
    if content.startswith(b"PK"):
        return checked_zip(content)
    if content.startswith(OLE_MAGIC):
        return checked_ole(content)
    if _WEB.match(content):
        raise InvalidFile(Problem("book.web"))
    raise InvalidFile(Problem("book.text" if _is_text(content) else "book.damaged"))


def _is_text(content: bytes) -> bool:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    for encoding in ("utf-8", "gb18030"):
        try:
            return not re.search(r"[\x00-\x08]", content.decode(encoding))
        except UnicodeDecodeError:
            continue
    return False


def _opened(content: bytes) -> "CalamineWorkbook":
    from python_calamine import CalamineWorkbook  # noqa: PLC0415 - an extra

    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def _grid(file: str, book: "CalamineWorkbook", found: CheckedBook, place: int) -> Grid:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - an extra

    about = book.sheets_metadata[place]
    where = (file, sheet_place(about.name, place + 1))
    if about.typ != SheetTypeEnum.WorkSheet:
        return Grid(where, ())
    sheet = book.get_sheet_by_index(place)
    failed = found.failed.get(place, frozenset())
    lines = _lines(sheet.to_python(skip_empty_area=False), failed, from_1904=found.from_1904)
    merged = [(top + 1, end + 1, column) for (top, column), (end, _) in sheet.merged_cell_ranges or () if end > top]
    return Grid(where, tuple(lines), tuple(merged), is_hidden=about.visible != SheetVisibleEnum.Visible)


def _lines(rows: Sequence[Sequence[Any]], failed: frozenset[tuple[int, int]], *, from_1904: bool) -> Iterator[Line]:
    broken = {row for row, _ in failed}
    for at, values in enumerate(rows):
        cells = tuple(map(_text, values))
        if at in broken:
            cells = tuple("#VALUE!" if (at, place) in failed else cell for place, cell in enumerate(cells))
        if any(map(str.strip, cells)):
            days = {} if from_1904 else {place: on for place, value in enumerate(values) if (on := _day(value))}
            yield Line(at + 1, cells, days)


def _text(value: Any) -> str:
    """Return a cell as CSV would have it."""
    if isinstance(value, str):
        return undefused(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _digits(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    return str(value)


def _digits(value: float) -> str:
    """Return a number without a needless point; one that has lost digits shows it."""
    if not isfinite(value) or abs(value) >= _INEXACT:
        return f"{value:.5E}"
    return str(int(value)) if value == int(value) else repr(value)


def _day(value: Any) -> date | None:
    """Return the day that a number is in a spreadsheet, if it can be one."""
    return day_of_number(value) if type(value) in {int, float} and isfinite(value) else None
