"""What was found in files to import, as CSV: every error and warning with its place, in both languages."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from attrs import evolve

from followup.errors import Problem
from followup.formulas import defused

_COLUMNS: Final = ("level", "file", "sheet", "row", "column", "zh", "en")
_KINDS: Final = {"sheet": "sheet", "worksheet": "sheet", "row": "row", "line": "row", "column": "column"}


def report(problems: Iterable[Problem], notes: Iterable[Problem]) -> str:
    """Return errors, then warnings, one a row; the header alone where there are none.

    >>> print(report([Problem("cell.empty", ("visits.csv", "row 3", "column 编号"))], []).splitlines()[1])
    error,visits.csv,,3,编号,此格为空；请填写,it is empty; fill it in
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, restval="")
    writer.writeheader()
    for level, found in (("error", problems), ("warning", notes)):
        for problem in found:
            cells = {"level": level, **_place(problem.where), **_sentences(problem)}
            writer.writerow({name: defused(cell) for name, cell in cells.items()})
    return f"\ufeff{out.getvalue()}"


def _place(where: tuple[str, ...]) -> dict[str, str]:
    """Return a place by its parts; the fields of JSON lines are columns."""
    found = {"file": where[0]} if where else {}
    for part in where[1:]:
        kind, _, value = part.partition(" ")
        found |= {_KINDS[kind]: part if kind == "worksheet" else value} if kind in _KINDS else {"column": part}
    return found


def _sentences(problem: Problem) -> dict[str, str]:
    return {lang: evolve(problem, where=()).text(lang) for lang in ("zh", "en")}
