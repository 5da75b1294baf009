"""A work list as text for a terminal or a printer, by team; Chinese columns line up."""

from collections.abc import Iterable

from tabulate import tabulate

from followup.explanation import one_line
from followup.sentences import say
from followup.views.cells import by_team, cause, cells, head, heading, words
from followup.worklist import Move, WorkLine, WorkList

_COLUMNS = ("patient", "name", "phone", "village", "kind", "bucket", "due_on", "plan_on", "risk", "stability")


def render(found: WorkList, lang: str, *, with_names: bool = False) -> str:
    """Return the list as text: what stands how, then each team's lines, then the duties."""
    parts = ["\n".join(head(found, lang))]
    for team, lines in by_team(found.lines):
        title = say(lang, "list.team", team=team or say(lang, "list.no_team"), count=len(lines))
        parts.append(_section(title, lines, lang, with_names=with_names))
    if found.duties:
        title = say(lang, "list.duties", count=len(found.duties))
        parts.append(_section(title, found.duties, lang, with_names=with_names))
    if not (found.lines or found.duties):
        parts.append(say(lang, "list.nobody"))
    if found.since is not None:
        parts += [_moved(found, lang, is_new=True), _moved(found, lang, is_new=False)]
    return "\n\n".join(parts) + "\n"


def _moved(found: WorkList, lang: str, *, is_new: bool) -> str:
    moved = [move for move in found.moves if move.is_new is is_new]
    title = say(lang, "move.new" if is_new else "move.left", on=found.since, count=len(moved))
    return "\n".join([title, *(_move(move, lang) for move in moved)])


def _move(move: Move, lang: str) -> str:
    due = move.line.due
    return say(lang, "move.line", patient=due.patient, kind=due.kind.label(lang), due=due.due_on, why=cause(move, lang))


def _section(title: str, lines: Iterable[WorkLine], lang: str, *, with_names: bool) -> str:
    columns = [name for name in _COLUMNS if with_names or name not in {"name", "phone"}]
    rows = [_row(line, columns, lang) for line in lines]
    headings = [*(heading(name, lang) for name in columns), heading("reasons", lang)]
    table = tabulate(rows, headings, tablefmt="simple", disable_numparse=True)
    notes = [f"  ! {line.due.patient}: {finding.text(lang)}" for line in lines for finding in line.findings]
    return "\n".join([title, table, *dict.fromkeys(notes)])


def _row(line: WorkLine, columns: list[str], lang: str) -> list[str]:
    found = cells(line, lang)
    found["bucket"] += f" {line.days_overdue}" if line.days_overdue else ""
    roles = words(line.due.roles, lang)
    why = line.due.reasons[0].title.text(lang)
    return [*(one_line(found[name]) for name in columns), f"{why} ({roles})" if roles else why]
