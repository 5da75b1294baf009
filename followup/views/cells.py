"""The cells of a line in words, for every view that a person reads."""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from followup.dates import SHANGHAI
from followup.sentences import say
from followup.terms import Bucket, Term
from followup.views.people import people
from followup.worklist import Move, WorkLine, WorkList


def cells(line: WorkLine, lang: str) -> dict[str, str]:
    """Return every cell of a line by its column's key, in `lang`; names and telephones among them."""
    due = line.due
    return {
        "patient": due.patient,
        "name": line.name or "",
        "phone": line.phone or "",
        "team": line.team or "",
        "village": line.village or "",
        "kind": due.kind.label(lang),
        "bucket": line.bucket.label(lang),
        "opens_on": str(due.opens_on),
        "due_on": str(due.due_on),
        "plan_on": str(due.plan_on),
        "days_overdue": str(line.days_overdue or ""),
        "risk": "?" if line.risk is None else str(int(line.risk)),
        "stability": line.stability.label(lang),
        "roles": words(due.roles, lang),
        "invited": words(due.invited, lang),
        "missing_roles": words(due.missing_roles, lang),
        "modes": words(due.modes, lang),
        "reasons": " / ".join([reason.text(lang) for reason in due.reasons]),
        "findings": " / ".join([finding.text(lang) for finding in line.findings]),
        "people": people(line, lang),
    }


def head(found: WorkList, lang: str) -> list[str]:
    """Return what stands above a list: day and rules, how everyone stands, and how far the register went."""
    policy = found.policy.edition(found.on)
    counts = say(lang, "word.and").join(f"{bucket.label(lang)} {count}" for bucket, count in found.counts.items())
    title = say(lang, "list.title", on=found.on, policy=policy.title.text(lang), version=policy.version)
    lines = [title, say(lang, "list.counts", total=sum(found.counts.values()), counts=counts)]
    if found.known is not None:
        lines.append(say(lang, "list.known", moment=found.known.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")))
    if found.only:
        told = [say(lang, f"list.only.{name}", term=term.label(lang)) for name, term in found.only.items()]
        what = say(lang, "word.and").join(told)
        lines.append(say(lang, "list.only", what=what))
    return lines if found.head is None else [*lines, say(lang, "list.head", head=found.head)]


def by_team(lines: Iterable[WorkLine]) -> Iterator[tuple[str | None, list[WorkLine]]]:
    """Teams in the order of their names' GB18030 bytes, as Chinese lists are; whom none answers for come last."""

    def place(line: WorkLine) -> tuple[bool, bytes]:
        return line.group is None, (line.group or "").encode("gb18030", "replace")

    for _, found in groupby(sorted(lines, key=place), key=place):
        same = list(found)
        yield same[0].group, same


def state(line: WorkLine, lang: str) -> str:
    """Return how a line stands in words, and for how many days it has been overdue."""
    label = line.bucket.label(lang)
    is_late = line.bucket is Bucket.OVERDUE
    return say(lang, "list.late", bucket=label, days=line.days_overdue) if is_late else label


def cause(move: Move, lang: str) -> str:
    """Return why a line is new on a list, or left it."""
    title = move.line.due.reasons[0].title.text(lang)
    if move.entry is not None:
        what = say(lang, f"entry.{move.entry.type}")
        return say(lang, "move.entry", what=what, on=move.entry.on, id=move.entry.id[:8])
    if move.by_rule:
        return say(lang, "move.rule", title=title)
    return say(lang, "move.opened", on=move.line.due.opens_on, title=title)


def moved(found: WorkList, lang: str) -> Iterator[tuple[str, list[str]]]:
    """Return what is new since the list of an earlier day, and what left it, where they were compared."""
    if found.since is None:
        return
    for is_new, key in ((True, "move.new"), (False, "move.left")):
        moves = [_move(move, lang) for move in found.moves if move.is_new is is_new]
        yield say(lang, key, on=found.since, count=len(moves)), moves


def _move(move: Move, lang: str) -> str:
    due = move.line.due
    return say(lang, "move.line", patient=due.patient, kind=due.kind.label(lang), due=due.due_on, why=cause(move, lang))


def words(terms: Collection[Term], lang: str) -> str:
    """Return several terms as a person lists them."""
    return say(lang, "word.and").join([term.label(lang) for term in terms]) if terms else ""


def heading(column: str, lang: str) -> str:
    """Return the heading of a column."""
    return say(lang, f"column.{column}")
