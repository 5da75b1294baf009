"""A work list as CSV for a spreadsheet: UTF-8 with BOM, formulas defused."""

import csv
import io
from collections.abc import Iterator

from followup.formulas import defused
from followup.views.cells import cause, cells, heading
from followup.views.people import shows_people
from followup.worklist import WorkList

_BOM = "\ufeff"
_NAMES = ("name", "phone")


def render(found: WorkList, lang: str, *, with_names: bool = False) -> str:
    """Return follow-up lines and duties as CSV, one row a line."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = [name for name in _COLUMNS if with_names or name not in _NAMES]
    columns += ["people"] if shows_people(found, with_names=with_names) else []
    columns += [] if found.since is None else ["new", "left"]
    columns += [] if found.head is None else ["head"]
    writer.writerow([heading(name, lang) for name in columns])
    writer.writerows([defused(row[name]) for name in columns] for row in _rows(found, lang))
    return _BOM + out.getvalue()


def _rows(found: WorkList, lang: str) -> Iterator[dict[str, str]]:
    last = {"head": found.head or ""}
    why = {move.line.due.key: cause(move, lang) for move in found.moves if move.is_new}
    for line in (*found.lines, *found.duties):
        yield cells(line, lang) | {"new": why.get(line.due.key, ""), "left": ""} | last
    for move in found.moves:
        if not move.is_new:
            yield cells(move.line, lang) | {"new": "", "left": cause(move, lang)} | last


_COLUMNS = (
    "patient", "name", "phone", "team", "village", "kind", "bucket", "opens_on", "due_on", "plan_on",
    "days_overdue", "risk", "stability", "roles", "invited", "missing_roles", "modes", "reasons", "findings",
)  # fmt: skip
