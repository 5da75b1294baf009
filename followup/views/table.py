"""A work list as text for a terminal or a printer, by team: 100 cells wide, Chinese columns line up."""

from collections.abc import Sequence
from typing import Final

from followup.duevisit import evidence_mark
from followup.explanation import one_line
from followup.sentences import say
from followup.views.cells import by_team, cells, head, heading, moved, words
from followup.views.columns import fitting, in_columns, width, wrapped
from followup.views.people import team_title, who_comes
from followup.worklist import WorkLine, WorkList

#: The columns, with the most cells that each takes.
_COLUMNS: Final = {
    "patient": 20, "village": 16, "kind": 15, "bucket": 12, "due_on": 10, "plan_on": 10, "risk": 6, "stability": 16,
}  # fmt: skip
#: How wide a table is; what has no room in it stands below its line, names always.
_WIDEST: Final = 100
_BELOW: Final = "    "


def render(found: WorkList, lang: str, *, with_names: bool = False) -> str:
    """Return the list as text: what stands how, then each team's lines, then the duties."""
    parts = ["\n".join(head(found, lang))]
    for team, lines in by_team(found.lines):
        parts.append(_section(one_line(team_title(team, lines, lang)), lines, lang, with_names=with_names))
    if found.duties:
        title = say(lang, "list.duties", count=len(found.duties))
        parts.append(_section(title, found.duties, lang, with_names=with_names))
    if not (found.lines or found.duties):
        parts.append(say(lang, "list.nobody"))
    parts += ["\n".join([title, *(f"  {text}" for text in texts)]) for title, texts in moved(found, lang)]
    return "\n\n".join(parts) + "\n"


def _section(title: str, lines: Sequence[WorkLine], lang: str, *, with_names: bool) -> str:
    rows = [[heading(name, lang) for name in _COLUMNS], *(_row(line, lang) for line in lines)]
    whys = [heading("reasons", lang), *(_why(line, lang, with_names=with_names) for line in lines)]
    people = map(one_line, who_comes(lines, lang)) if with_names else ()
    doubts = [f"  ! {line.due.patient}: {finding.text(lang)}" for line in lines for finding in line.findings]
    notes = [text for doubt in dict.fromkeys((*people, *doubts)) for text in _below(doubt)]
    return "\n".join([title, *_table(rows, whys, is_below=with_names), *notes])


def _table(rows: list[list[str]], whys: list[str], *, is_below: bool) -> list[str]:
    """Return lines of a table with a ruler below its first row, the reasons in the last column or below the rows."""
    widths = fitting(rows, list(_COLUMNS.values()), _WIDEST)
    room = _WIDEST - sum(widths) - 2 * len(widths)
    if is_below or room < max(map(width, whys)):
        found = list(in_columns(rows, widths))
        for cells_of, why in zip(found[1:], whys[1:], strict=True):
            cells_of.extend(_below(why, _BELOW))
    else:
        widths.append(max(map(width, whys)))
        found = list(in_columns(([*row, why] for row, why in zip(rows, whys, strict=True)), widths))
    ruler = "  ".join("-" * cells for cells in widths)
    return [*found[0], ruler, *(line for lines in found[1:] for line in lines)]


def _below(text: str, indent: str = "") -> list[str]:
    """Return a text below a line, indented."""
    first, *others = wrapped(text, _WIDEST - len(_BELOW))
    return [indent + first, *(_BELOW + other for other in others)]


def _row(line: WorkLine, lang: str) -> list[str]:
    found = cells(line, lang)
    found["bucket"] += f" {line.days_overdue}" if line.days_overdue else ""
    return [one_line(found[name]) for name in _COLUMNS]


def _why(line: WorkLine, lang: str, *, with_names: bool) -> str:
    """Return the reason of a line, who must be there or told, and in front of it who it is, if that is asked for."""
    reason = line.due.reasons[0]
    roles, why = words(line.due.roles, lang), reason.title.text(lang)
    who = [one_line(told) for told in (line.name, line.phone) if told] if with_names else []
    mark = evidence_mark(reason.source, lang)
    told = say(lang, "reason.to", to=words(reason.to, lang)) if reason.to else ""
    brackets = [f" ({part})" for part in (roles, mark) if part]
    return "  ".join([*who, "".join([why, *brackets, told])])
