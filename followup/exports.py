"""A register out: JSON lines that hold everything, and both official forms as CSV or as one workbook."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, TextIO

from attrs import define

from followup.errors import Problem, RegisterError
from followup.formfiles import Columns, Writers, form_files, written_forms
from followup.ledger import Ledger
from followup.patientform import PATIENT_COLUMNS, is_patient_number
from followup.proofreading import Proof, columns_told, proofread
from followup.redaction import without_ids
from followup.storage import new_file
from followup.teamfiles import team_files, write_teams
from followup.teamrows import Told
from followup.visitform import VISIT_COLUMNS

_ID_NUMBER: Final = "身份证号"
_LINES: Final = "entries.jsonl"


@define
class Exported:
    """What an export wrote: how many people and entries, and what the forms could not hold."""

    people: int = 0
    entries: int = 0
    #: Facts that no row of a form tells, or not whole, and people whose number is not one of the forms'.
    unsaid: int = 0
    strangers: int = 0


def export(
    ledgers: Callable[[], Iterable[Ledger]],
    folder: Path,
    form: str = "csv",
    *,
    with_ids: bool = False,
    teams: Callable[[], Iterable[Told]] = tuple,
) -> Exported:
    """Write ledgers into a folder: `entries.jsonl`, and both forms (`form` is "csv" or "xlsx").

    The rows of a directory that `teams` gives go into `teams.jsonl`, all of them, and those that count into tables.
    Of what there is nothing there is no file.

    `ledgers` gives them, and gives the same again: first for the columns that there are. ID numbers are left out
    unless asked for. Raises `RegisterError` where there is a file already; nothing is overwritten.
    """

    def leaving() -> Iterator[Ledger]:
        for ledger in ledgers():
            yield ledger if with_ids else Ledger(ledger.patient, without_ids(ledger))

    people, columns = _columns(leaving(), with_ids=with_ids)
    rows = list(teams())
    names = [*([_LINES] if people else []), *form_files(form, columns), *team_files(form, rows)]
    is_ours = not folder.exists()
    _make_files(folder, names)
    try:
        write_teams(folder, form, rows)
        return _write(leaving(), folder, form, columns) if people else Exported()
    except BaseException:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        if is_ours:
            with suppress(OSError):
                folder.rmdir()
        raise


def _columns(ledgers: Iterable[Ledger], *, with_ids: bool) -> tuple[int, Columns]:
    """Return how many people there are, and the columns of both forms: none where there is no row.

    They are the form's own, and what else was kept word for word.
    """
    people, patients, visits = 0, dict[str, None](), dict[str, None]()
    for ledger in ledgers:
        people += 1
        of_patient, of_visits = columns_told(ledger)
        patients |= dict.fromkeys(of_patient)
        visits |= dict.fromkeys(of_visits)
    own = [name for name in PATIENT_COLUMNS if with_ids or name != _ID_NUMBER]
    return people, (_after(own, patients), _after(VISIT_COLUMNS, visits))


def _after(own: Iterable[str], told: dict[str, None]) -> list[str]:
    return list(dict.fromkeys([*own, *told])) if told else []


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


def _write(ledgers: Iterable[Ledger], folder: Path, form: str, columns: Columns) -> Exported:
    found = Exported()
    with ExitStack() as stack:
        lines = stack.enter_context((folder / _LINES).open("w", encoding="utf-8", newline=""))
        writers = stack.enter_context(written_forms(form, folder, columns))
        for ledger in ledgers:
            found.people += 1
            found.entries += _write_lines(lines, ledger)
            found.strangers += not is_patient_number(ledger.patient)
            proof = proofread(ledger)
            if proof is not None:
                _write_rows(writers, proof)
                found.unsaid += proof.unsaid
    return found


def _write_lines(lines: TextIO, ledger: Ledger) -> int:
    lines.writelines(json.dumps(entry.as_json(), ensure_ascii=False) + "\n" for entry in ledger.entries)
    return len(ledger.entries)


def _write_rows(writers: Writers, proof: Proof) -> None:
    write_patient, write_visit = writers
    write_patient(proof.patient)
    for visit in proof.visits:
        write_visit(visit)
