"""The files of forms, written row by row: two of CSV, or one workbook."""

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import frozen

from followup.errors import InvalidFile, Problem
from followup.formrows import Cells
from followup.formulas import defused

#: The columns of both forms; none where there is no row.
Columns = tuple[list[str], list[str]]
#: What writes a row of each form.
Writers = tuple[Callable[[Cells], None], ...]


@frozen
class Files:
    """What two tables that belong together are called: as CSV, and as the sheets of one workbook."""

    csv: tuple[str, str]
    book: str
    sheets: tuple[str, str]


FORMS: Final = Files(("patients.csv", "followups.csv"), "forms.xlsx", ("个人信息补充表", "随访服务记录表"))
TEAMS: Final = Files(("teams.csv", "members.csv"), "teams.xlsx", ("团队", "成员"))
#: So many rows a worksheet has.
_MOST_ROWS: Final = 1_048_576
#: Text is text, whatever it looks like, and no row is kept in memory.
_OPTIONS: Final = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)


def form_files(form: str, columns: Columns, files: Files = FORMS) -> list[str]:
    """Return the names of the files for the forms that have rows; `InvalidFile` without the package for workbooks."""
    if form == "csv":
        return [name for name, told in zip(files.csv, columns, strict=True) if told]
    try:
        import xlsxwriter  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise InvalidFile(Problem("export.extra")) from None
    return [files.book] if any(columns) else []


@contextmanager
def written_forms(form: str, folder: Path, columns: Columns, files: Files = FORMS) -> Iterator[Writers]:
    """Open the files of forms, and close them at the end."""
    if not any(columns):
        yield (_nothing, _nothing)
        return
    with _csv_forms(folder, columns, files) if form == "csv" else _book(folder, columns, files) as writers:
        yield writers


def _nothing(row: Cells) -> None:
    """Write no row of a form that has none."""


@contextmanager
def _csv_forms(folder: Path, columns: Columns, files: Files) -> Iterator[Writers]:
    with ExitStack() as stack:
        found: list[Callable[[Cells], None]] = []
        for name, names in zip(files.csv, columns, strict=True):
            if not names:
                found.append(_nothing)
                continue
            file = stack.enter_context((folder / name).open("w", encoding="utf-8-sig", newline=""))
            found.append(_csv_row(csv.DictWriter(file, names, restval="")))
            found[-1]({column: column for column in names})
        yield tuple(found)


def _csv_row(writer: "csv.DictWriter[str]") -> Callable[[Cells], None]:
    return lambda row: writer.writerow({name: defused(str(cell)) for name, cell in row.items()})


@contextmanager
def _book(folder: Path, columns: Columns, files: Files) -> Iterator[Writers]:
    import xlsxwriter  # noqa: PLC0415 - an extra

    path = folder / files.book
    # Rows that wait hold personal data: they wait in the folder, not where everything temporary lies.
    with TemporaryDirectory(dir=folder) as waiting:
        options = {**_OPTIONS, "constant_memory": True, "tmpdir": waiting}
        with xlsxwriter.Workbook(path, options) as book:
            days = book.add_format({"num_format": "yyyy-mm-dd"})
            yield tuple(
                _book_row(book.add_worksheet(title), names, days, path) if names else _nothing
                for title, names in zip(files.sheets, columns, strict=True)
            )


def _book_row(sheet: Any, names: list[str], days: Any, path: Path) -> Callable[[Cells], None]:
    place, written = {name: number for number, name in enumerate(names)}, [0]

    def write(row: Cells) -> None:
        if written[0] >= _MOST_ROWS:
            raise InvalidFile(Problem("export.rows", (str(path),)))
        for name, cell in row.items():
            if isinstance(cell, date):
                sheet.write_datetime(written[0], place[name], datetime.combine(cell, time.min), days)
            else:
                sheet.write_string(written[0], place[name], defused(cell) if cell.startswith("'") else cell)
        written[0] += 1

    sheet.freeze_panes(1, 0)
    write({column: column for column in names})
    return write
