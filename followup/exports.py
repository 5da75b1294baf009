"""A register out: JSON lines that hold everything, and both official forms as CSV or as one workbook."""

import csv
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TextIO

from attrs import define, evolve

from followup.entries import Entry, Retracted
from followup.errors import InvalidFile, Problem, RegisterError
from followup.formrows import Cells, patient_row, unsaid, visit_rows
from followup.formulas import defused
from followup.ledger import Ledger
from followup.patientform import PATIENT_COLUMNS, is_patient_number
from followup.storage import new_file
from followup.visitform import VISIT_COLUMNS

_Writers = tuple[Callable[[Cells], None], ...]
_ID_NUMBER: Final = "身份证号"
_LINES: Final = "entries.jsonl"
_FILES: Final = {"csv": ("patients.csv", "followups.csv"), "xlsx": ("forms.xlsx",)}
#: So many rows a worksheet has.
_MOST_ROWS: Final = 1_048_576


#: The columns of both forms.
Columns = tuple[list[str], list[str]]


@define
class Exported:
    """What an export wrote: how many people and entries, and what the forms could not hold."""

    people: int = 0
    entries: int = 0
    #: Facts that no row of a form tells, and people whose number is not one of the forms'.
    unsaid: int = 0
    strangers: int = 0


def export(
    ledgers: Callable[[], Iterable[Ledger]], folder: Path, form: str = "csv", *, with_ids: bool = False
) -> Exported:
    """Write ledgers into a folder: `entries.jsonl`, and both forms (`form` is "csv" or "xlsx").

    `ledgers` gives them, and gives them again: first for the columns that there are. ID numbers are left out
    unless asked for. Raises `RegisterError` where there is a file already; nothing is overwritten.
    """
    columns = _columns(ledgers(), with_ids=with_ids)
    names = [_LINES, *(name for name, told in zip(_FILES[form], columns, strict=False) if told)]
    _make_files(folder, names)
    try:
        return _write(ledgers, folder, form, columns, with_ids=with_ids)
    except BaseException:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        raise


def _write(
    ledgers: Callable[[], Iterable[Ledger]], folder: Path, form: str, columns: Columns, *, with_ids: bool
) -> Exported:
    found = Exported()
    with ExitStack() as stack:
        lines = stack.enter_context((folder / _LINES).open("w", encoding="utf-8"))
        writers = stack.enter_context(_WRITERS[form](folder, columns))
        for ledger in ledgers():
            found.people += 1
            found.entries += _write_lines(lines, ledger, with_ids=with_ids)
            if is_patient_number(ledger.patient):
                _write_rows(writers, ledger, with_ids=with_ids)
                found.unsaid += unsaid(ledger)
            else:
                found.strangers += 1
    return found


def _make_files(folder: Path, names: Iterable[str]) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        raise RegisterError(Problem("register.folder", facts={"path": folder})) from None
    there = [folder / name for name in names if (folder / name).exists()]
    if there:
        raise RegisterError([Problem("register.exists", facts={"path": path}) for path in there])
    for name in names:
        new_file(folder / name)


def _write_lines(lines: TextIO, ledger: Ledger, *, with_ids: bool) -> int:
    entries = list(ledger.entries if with_ids else without_ids(ledger))
    lines.writelines(json.dumps(entry.as_json(), ensure_ascii=False) + "\n" for entry in entries)
    return len(entries)


def without_ids(ledger: Ledger) -> Iterator[Entry]:
    """Yield a person's entries without ID numbers; retractions name what they take back by its new id.

    A wrong entry that differs in the ID number alone from a right one is left out with what took it back:
    without their numbers the two are one.
    """
    known = {entry.id: entry for entry in ledger.entries}
    bare = {entry_id: _bare(entry) for entry_id, entry in known.items()}
    standing = {bare[fact.id].id for fact in ledger.facts}
    fallen = known.keys() - {fact.id for fact in ledger.facts}
    dropped = {entry_id for entry_id in fallen if bare[entry_id].id in standing}
    named: dict[str, Entry | None] = {}

    def renamed(entry_id: str) -> Entry | None:
        """Return the entry as it leaves; None where it stays behind."""
        if entry_id not in named:
            named[entry_id] = None if entry_id in dropped else _renamed(bare[entry_id], known, renamed)
        return named[entry_id]

    yield from filter(None, map(renamed, known))


def _bare(entry: Entry) -> Entry:
    return evolve(entry, id_number=None) if getattr(entry, "id_number", None) is not None else entry  # type: ignore[call-arg]


def _renamed(entry: Entry, known: dict[str, Entry], renamed: Callable[[str], Entry | None]) -> Entry | None:
    if not isinstance(entry, Retracted) or entry.entry not in known:
        return entry
    taken_back = renamed(entry.entry)
    return None if taken_back is None else evolve(entry, entry=taken_back.id)


def _columns(ledgers: Iterable[Ledger], *, with_ids: bool) -> Columns:
    """Return the columns of both forms: their own, and what else was kept word for word; none where there is no row."""
    patients, visits = dict[str, None](), dict[str, None]()
    for ledger in ledgers:
        if is_patient_number(ledger.patient):
            patients |= dict.fromkeys(patient_row(ledger) or ())
            for row in visit_rows(ledger):
                visits |= dict.fromkeys(row)
    if not with_ids:
        patients.pop(_ID_NUMBER, None)
    own = [name for name in PATIENT_COLUMNS if with_ids or name != _ID_NUMBER]
    return _after(own, patients), _after(VISIT_COLUMNS, visits)


def _after(own: Iterable[str], told: Collection[str]) -> list[str]:
    return list(dict.fromkeys([*own, *told])) if told else []


def _write_rows(writers: _Writers, ledger: Ledger, *, with_ids: bool) -> None:
    write_patient, write_visit = writers
    row = patient_row(ledger)
    if row is not None:
        if not with_ids:
            row.pop(_ID_NUMBER, None)
        write_patient(row)
    for visit in visit_rows(ledger):
        write_visit(visit)


@contextmanager
def _csv_writers(folder: Path, columns: Columns) -> Iterator[_Writers]:
    with ExitStack() as stack:
        found: list[Callable[[Cells], None]] = []
        for name, names in zip(_FILES["csv"], columns, strict=True):
            if not names:
                found.append(_nothing)
                continue
            file = stack.enter_context((folder / name).open("w", encoding="utf-8-sig", newline=""))
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            found.append(_csv_row(writer))
        yield tuple(found)


def _nothing(row: Cells) -> None:
    """Write no row of a form that has none."""


def _csv_row(writer: "csv.DictWriter[str]") -> Callable[[Cells], None]:
    return lambda row: writer.writerow({name: defused(str(cell)) for name, cell in row.items()})


@contextmanager
def _xlsx_writers(folder: Path, columns: Columns) -> Iterator[_Writers]:
    try:
        import xlsxwriter  # noqa: PLC0415 - an extra
    except ImportError:
        raise InvalidFile(Problem("book.extra")) from None
    path = folder / _FILES["xlsx"][0]
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(path, options)
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    yield tuple(
        _xlsx_row(book.add_worksheet(title), names, days, path)
        for title, names in zip(("个人信息补充表", "随访服务记录表"), columns, strict=True)
    )
    book.close()


def _xlsx_row(sheet: Any, names: list[str], days: Any, path: Path) -> Callable[[Cells], None]:
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, names)
    place, written = {name: number for number, name in enumerate(names)}, [1]

    def write(row: Cells) -> None:
        if written[0] >= _MOST_ROWS:
            raise InvalidFile(Problem("export.rows", (str(path),)))
        for name, cell in row.items():
            if isinstance(cell, date):
                sheet.write_datetime(written[0], place[name], datetime.combine(cell, datetime.min.time()), days)
            else:
                sheet.write_string(written[0], place[name], cell)
        written[0] += 1

    return write


_WRITERS: Final = {"csv": _csv_writers, "xlsx": _xlsx_writers}
