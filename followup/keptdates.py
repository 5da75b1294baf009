"""The dates kept beside the ledger: for each patient, span of days by span of days, what is due and how all stand.

They depend on entries and rules alone, so a span begins with the patient's last entry and with each change of
the rules after it. What depends on the day asked (status, bucket) is never stored, nor is anybody's name.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlite_utils import Database

from followup.case import Case, case_on
from followup.duevisit import DueVisit, bucket
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.schedule import lines, resting
from followup.tables import INDEXES
from followup.terms import Bucket, ContactMode, LineKind, RiskLevel, Role, Stability, Term
from followup.worklist import WorkLine, line_findings

#: No day is after it: the end of a span that has none, so that spans compare as text.
_FOREVER: Final = "9999-12-31"
_STANDING: Final = "INSERT INTO standings VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DUE: Final = "INSERT INTO due VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COUNTED: Final = """
    SELECT rest, opens_on, due_on, count(*) FROM standings WHERE from_on <= :on AND until_on > :on
"""
_LISTED: Final = """
    SELECT patient, team, village, kind, opens_on, due_on, plan_on, risk, stability, roles, invited, missing_roles,
    modes FROM due WHERE from_on <= :on AND until_on > :on AND opens_on <= :until
    AND (opens_on <= :on OR due_on <= :until)
"""
#: A row to keep: that of `standings`, and those of `due`.
Kept = tuple[tuple[Any, ...], list[tuple[Any, ...]]]
#: What tells more of a kept line when it is asked for: the patient's case, and the line with its reasons.
Story = Callable[[str, LineKind], tuple[Case, DueVisit]]


def kept(ledger: Ledger, policy: Policy) -> list[Kept]:
    """Return the rows to keep of one patient, span by span."""
    if not ledger.effects:
        return []
    last = ledger.effects[-1][0]
    starts = (last, *policy.changes_after(last))
    case = case_on(ledger, last)
    if case is None:
        return []
    found = []
    for start, end in zip(starts, (*map(str, starts[1:]), _FOREVER), strict=True):
        case.on = start  # nothing is entered after the first day: the case stays as it is
        found.append(_span(case, policy, end, first=start == last))
    return found


def _span(case: Case, policy: Policy, until: str, *, first: bool) -> Kept:
    running = lines(case, policy)
    visits = [line for line in running if line.kind in FOLLOW_UPS]
    opens_on = _iso(min((line.opens_on for line in visits), default=None))
    due_on = _iso(min((line.due_on for line in visits), default=None))
    span = (case.patient, case.on.isoformat(), until)
    standing = (*span, int(first), case.team, str(resting(case.status)), opens_on, due_on)
    risk = None if case.risk is None else int(case.risk)
    return standing, [
        (*span, case.team, case.village, str(line.kind), _iso(line.opens_on), _iso(line.due_on), _iso(line.plan_on),
         risk, str(case.stability), " ".join(line.roles), " ".join(line.invited), " ".join(line.missing_roles),
         " ".join(line.modes))
        for line in running
    ]  # fmt: skip


def drop(db: Database, patient: str) -> None:
    """Keep nothing of a patient."""
    for table in ("standings", "due"):
        db.conn.execute(f"DELETE FROM {table} WHERE patient = ?", [patient])  # noqa: S608


def keep(db: Database, ledger: Ledger, policy: Policy) -> None:
    """Derive the dates of a patient of whom nothing is kept."""
    for standing, due in kept(ledger, policy):
        db.conn.execute(_STANDING, standing)
        db.conn.executemany(_DUE, due)


def keep_all(db: Database, ledgers: Iterable[Ledger], policy: Policy) -> None:
    """Derive the dates of everyone anew."""
    for table in ("standings", "due"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608
    drop_indexes(db)
    for ledger in ledgers:
        keep(db, ledger, policy)
    make_indexes(db)


def drop_indexes(db: Database) -> None:
    """Let the indexes go while much is written."""
    for name in INDEXES:
        db.execute(f"DROP INDEX IF EXISTS {name}")


def make_indexes(db: Database) -> None:
    """Make the indexes that were let go."""
    for statement in INDEXES.values():
        db.execute(statement)


def kept_counts(db: Database, on: date, team: str | None) -> Counter[Bucket]:
    """Return how many people stand in each bucket on a day, of whom nothing is entered after it."""
    counts: Counter[Bucket] = Counter()
    rows = db.execute(f"{_COUNTED} {_of(team)} GROUP BY 1, 2, 3", {"on": on.isoformat(), "team": team})
    for rest, opens_on, due_on, people in rows:
        where = Bucket.NOT_DUE if due_on is None else bucket(_day(opens_on), _day(due_on), on)
        counts[Bucket(rest) if where is Bucket.NOT_DUE else where] += people
    return counts


def kept_lines(db: Database, on: date, team: str | None, within: int, story: Story) -> Iterator[WorkLine]:
    """Return the lines on the list of a day; what is not kept of them `story` tells when it is asked for."""
    until = (on + timedelta(within)).isoformat()
    rows = db.execute(f"{_LISTED} {_of(team)}", {"on": on.isoformat(), "until": until, "team": team})
    for row in rows:
        yield _work_line(row, on, story)


def _work_line(row: tuple[Any, ...], on: date, story: Story) -> WorkLine:
    patient, team, village, named, opens, due, plan, risk, stability, roles, invited, missing, modes = row
    kind, opens_on, due_on = _term(LineKind, named), _day(opens), _day(due)
    line = DueVisit.later(
        {
            "patient": patient,
            "kind": kind,
            "opens_on": opens_on,
            "due_on": due_on,
            "plan_on": _day(plan),
            "roles": _terms(Role, roles),
            "invited": _terms(Role, invited),
            "missing_roles": _terms(Role, missing),
            "modes": _terms(ContactMode, modes),
        },
        {"reasons": lambda: story(patient, kind)[1].reasons},
    )
    return WorkLine.later(
        {
            "due": line,
            "bucket": bucket(opens_on, due_on, on),
            "days_overdue": max(0, (on - due_on).days),
            "team": team,
            "village": village,
            "risk": None if risk is None else RiskLevel(risk),
            "stability": _term(Stability, stability),
        },
        {
            "name": lambda: story(patient, kind)[0].person.get("name"),
            "phone": lambda: story(patient, kind)[0].person.get("phone"),
            "findings": lambda: line_findings(*story(patient, kind)),
        },
    )


def patients_after(db: Database, on: date) -> list[str]:
    """Return the patients of whom an entry takes effect after the day: their dates are not kept for it."""
    rows = db.execute("SELECT patient FROM standings WHERE first AND from_on > ? ORDER BY patient", [on.isoformat()])
    return [patient for (patient,) in rows]


def _of(team: str | None) -> str:
    return "" if team is None else "AND team = :team"


@lru_cache(maxsize=1 << 16)
def _day(text: str) -> date:
    return date.fromisoformat(text)


@lru_cache
def _term(kind: type[Any], word: str) -> Any:
    return kind(word)


@lru_cache(maxsize=1 << 12)
def _terms(kind: type[Term], words: str) -> tuple[Any, ...]:
    return tuple(kind(word) for word in words.split())


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
