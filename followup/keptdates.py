"""The dates kept beside the ledger: for each patient, span of days by span of days, what is due and how all stand.

They depend on entries and rules alone, so a span begins with the patient's last entry and with each change of
the rules after it. What depends on the day asked (status, bucket) is never stored.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from sqlite_utils import Database

from followup.case import Case, case_on
from followup.duevisit import bucket
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.schedule import lines, resting
from followup.terms import Bucket

#: No day is after it: the end of a span that has none, so that spans compare as text.
_FOREVER: Final = "9999-12-31"
_LISTED: Final = "SELECT DISTINCT patient FROM due WHERE from_on <= :on AND until_on > :on AND opens_on <= :until"


def keep(db: Database, ledgers: Iterable[Ledger], policy: Policy) -> None:
    """Derive the dates of some patients anew."""
    for ledger in ledgers:
        for table in ("standings", "due"):
            db.execute(f"DELETE FROM {table} WHERE patient = ?", (ledger.patient,))  # noqa: S608
        if ledger.effects:
            last = ledger.effects[-1][0]
            starts = (last, *policy.changes_after(last))
            for start, until in zip(starts, (*map(_iso, starts[1:]), _FOREVER), strict=True):
                case = case_on(ledger, start)
                if case is not None:
                    _keep_span(db, case, policy, until or _FOREVER, first=start == last)


def _keep_span(db: Database, case: Case, policy: Policy, until: str, *, first: bool) -> None:
    running = lines(case, policy)
    visits = [line for line in running if line.kind in FOLLOW_UPS]
    opens_on = _iso(min((line.opens_on for line in visits), default=None))
    due_on = _iso(min((line.due_on for line in visits), default=None))
    span = (case.patient, _iso(case.on), until)
    row = (*span, first, case.team, resting(case.status), opens_on, due_on)
    db.execute("INSERT INTO standings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    rows = [(*span, case.team, line.kind, _iso(line.opens_on), _iso(line.due_on)) for line in running]
    db.conn.executemany("INSERT INTO due VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def kept_counts(db: Database, on: date, team: str | None) -> Counter[Bucket]:
    """Return how many people stand in each bucket on a day, of whom nothing is entered after it."""
    counts: Counter[Bucket] = Counter()
    rows = db.execute(
        "SELECT rest, opens_on, due_on, count(*) FROM standings"
        " WHERE from_on <= :on AND until_on > :on AND (:team IS NULL OR team = :team) GROUP BY 1, 2, 3",
        {"on": _iso(on), "team": team},
    )
    for rest, opens_on, due_on, people in rows:
        where = (
            Bucket.NOT_DUE if due_on is None else bucket(date.fromisoformat(opens_on), date.fromisoformat(due_on), on)
        )
        counts[Bucket(rest) if where is Bucket.NOT_DUE else where] += people
    return counts


def listed_patients(db: Database, on: date, team: str | None, within: int) -> list[str]:
    """Return the patients of whom a line is on the list of a day."""
    rows = db.execute(
        _LISTED if team is None else f"{_LISTED} AND team = :team",
        {"on": _iso(on), "until": _iso(on + timedelta(within)), "team": team},
    )
    return [patient for (patient,) in rows]


def patients_after(db: Database, on: date) -> list[str]:
    """Return the patients of whom an entry takes effect after the day: their dates are not kept for it."""
    rows = db.execute("SELECT patient FROM standings WHERE first AND from_on > ?", (_iso(on),))
    return [patient for (patient,) in rows]


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
