"""What a list should hold, said once more by hand: of each person what `due_visits` and `standing` say."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from followup.duevisit import DueVisit
from followup.entries import Assigned, Entry, Registered, Visited
from followup.findings import findings
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.schedule import due_visits, standing
from followup.terms import Bucket, RiskLevel
from followup.worklist import WorkLine, WorkList


def same(found: object, expected: object) -> None:
    """Raise `AssertionError` with both where they differ."""
    if found != expected:
        raise AssertionError("\nshould be\n".join(map(repr, (found, expected))))


def key_of(line: WorkLine) -> tuple[str, str]:
    """Return of whom a line is, and its kind."""
    return line.due.patient, str(line.due.kind)


def listed_of(entries: Sequence[Entry], policy: Policy, on: date) -> set[tuple[str, str]]:
    """Return what of a person's lines is on the list of a day, if no more is known than these entries."""
    if not any(isinstance(entry, Registered) for entry in entries):
        return set()
    running = due_visits(Ledger(entries[0].patient, entries), policy, on)
    return {(line.patient, str(line.kind)) for line in running if line.opens_on <= on or line.due_on <= on}


def holds_what_is_due(
    found: WorkList, ledgers: Iterable[Ledger], policy: Policy, team: str | None, within: int
) -> None:
    """Expect of a list, in its order, what `due_visits` and `standing` say of each person."""
    on, people = found.on, [one for one in ledgers if team in {None, team_of(one, found.on)}]
    stand = Counter(filter(None, (standing(ledger, policy, on) for ledger in people)))
    same(found.counts, {bucket: stand[bucket] for bucket in Bucket})
    due = [
        (_place(line, on), _risk_of(ledger, on), line.due_on, line.patient, line.kind, team_of(ledger, on))
        for ledger in people
        for line in due_visits(ledger, policy, on)
        if line.opens_on <= on or line.due_on <= on + timedelta(within)
    ]
    for lines, are_visits in ((found.lines, True), (found.duties, False)):
        listed = [
            (_PLACES.index(line.bucket), -_level(line.risk), line.due.due_on, *key_of(line), line.team)
            for line in lines
        ]
        same(listed, sorted((row for row in due if (row[4] in FOLLOW_UPS) is are_visits), key=lambda row: row[:5]))
        same([line.days_overdue for line in lines], [max(0, (on - line.due.due_on).days) for line in lines])
    for ledger in people:
        _tells_its_doubts(found, ledger, policy)


def _tells_its_doubts(found: WorkList, ledger: Ledger, policy: Policy) -> None:
    """Expect of somebody whose lines are all on the list that they show every doubt there is, and no other."""
    lines = [line for line in (*found.lines, *found.duties) if line.due.patient == ledger.patient]
    if lines and len(lines) == len(due_visits(ledger, policy, found.on)):
        shown = {finding for line in lines for finding in line.findings}
        same(shown, set(findings(ledger, policy, found.on)))


#: The first on a list come first.
_PLACES: Final = (Bucket.OVERDUE, Bucket.DUE_TODAY, Bucket.OPEN, Bucket.NOT_DUE)


def _place(line: DueVisit, on: date) -> int:
    if line.due_on <= on:
        return int(line.due_on == on)
    return 2 + (line.opens_on > on)


def _risk_of(ledger: Ledger, on: date) -> float:
    """Return the risk last assessed, the highest of a day, to sort by: the highest goes first."""
    assessed = [fact for fact in ledger.facts if isinstance(fact, Visited) and fact.on <= on]
    return -_level(assessed[-1].risk if assessed else None)


def _level(risk: RiskLevel | None) -> float:
    return 2.5 if risk is None else float(risk)  # whose risk is not known comes between 3 and 2


def team_of(ledger: Ledger, on: date) -> str | None:
    """Return the team last named."""
    told = [fact.team for fact in ledger.facts if isinstance(fact, Registered | Assigned) and fact.on <= on]
    return next(filter(None, reversed(told)), None)
