"""A work list as text for a terminal or a printer, by team; Chinese columns line up."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from tabulate import tabulate

from followup.explanation import one_line
from followup.sentences import say
from followup.views.cells import cause, cells, heading, words
from followup.views.people import team_title, who_comes
from followup.worklist import Move, WorkLine, WorkList

_COLUMNS = ("patient", "name", "phone", "village", "kind", "bucket", "due_on", "plan_on", "risk", "stability")


def render(found: WorkList, lang: str, *, with_names: bool = False) -> str:
    """Return the list as text: what stands how, then each team's lines, then the duties."""
    parts = [_head(found, lang)]
    for team, lines in _by_team(found.lines):
        parts.append(_section(team_title(team, lines, lang), lines, lang, with_names=with_names))
    if found.duties:
        title = say(lang, "list.duties", count=len(found.duties))
        parts.append(_section(title, found.duties, lang, with_names=with_names))
    if not (found.lines or found.duties):
        parts.append(say(lang, "list.nobody"))
    if found.since is not None:
        parts += [_moved(found, lang, is_new=True), _moved(found, lang, is_new=False)]
    return "\n\n".join(parts) + "\n"


def _head(found: WorkList, lang: str) -> str:
    policy = found.policy.edition(found.on)
    counts = say(lang, "word.and").join(f"{bucket.label(lang)} {count}" for bucket, count in found.counts.items())
    title = say(lang, "list.title", on=found.on, policy=policy.title.text(lang), version=policy.version)
    lines = [title, say(lang, "list.counts", total=sum(found.counts.values()), counts=counts)]
    return "\n".join(lines if found.head is None else [*lines, say(lang, "list.head", head=found.head)])


def _moved(found: WorkList, lang: str, *, is_new: bool) -> str:
    moved = [move for move in found.moves if move.is_new is is_new]
    title = say(lang, "move.new" if is_new else "move.left", on=found.since, count=len(moved))
    return "\n".join([title, *(_move(move, lang) for move in moved)])


def _move(move: Move, lang: str) -> str:
    due = move.line.due
    return say(lang, "move.line", patient=due.patient, kind=due.kind.label(lang), due=due.due_on, why=cause(move, lang))


def _by_team(lines: Iterable[WorkLine]) -> Iterator[tuple[str | None, list[WorkLine]]]:
    """Teams in the order of their names' GB18030 bytes, as Chinese lists are; whom none answers for come last."""

    def place(line: WorkLine) -> tuple[bool, bytes]:
        return line.group is None, (line.group or "").encode("gb18030", "replace")

    for _, found in groupby(sorted(lines, key=place), key=place):
        same = list(found)
        yield same[0].group, same


def _section(title: str, lines: Iterable[WorkLine], lang: str, *, with_names: bool) -> str:
    columns = [name for name in _COLUMNS if with_names or name not in {"name", "phone"}]
    rows = [_row(line, columns, lang) for line in lines]
    headings = [*(heading(name, lang) for name in columns), heading("reasons", lang)]
    table = tabulate(rows, headings, tablefmt="simple", disable_numparse=True)
    people = map(one_line, who_comes(lines, lang)) if with_names else ()
    notes = [f"  ! {line.due.patient}: {finding.text(lang)}" for line in lines for finding in line.findings]
    return "\n".join([title, table, *dict.fromkeys(people), *dict.fromkeys(notes)])


def _row(line: WorkLine, columns: list[str], lang: str) -> list[str]:
    found = cells(line, lang)
    found["bucket"] += f" {line.days_overdue}" if line.days_overdue else ""
    roles = words(line.due.roles, lang)
    why = line.due.reasons[0].title.text(lang)
    return [*(one_line(found[name]) for name in columns), f"{why} ({roles})" if roles else why]
