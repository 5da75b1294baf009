"""What is kept beside the ledger: for each patient, span of days by span of days, what is due and how all stand.

They depend on entries and rules alone, so a span begins with the patient's last entry and with each change of
the rules after it. What depends on the day asked (status, bucket) is never stored, nor is anybody's name.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

from attrs import Factory, define
from sqlite_utils import Database

from followup.case import Case, case_on
from followup.duevisit import DueVisit, bucket
from followup.duplicates import likenesses
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.schedule import lines, resting
from followup.tables import INDEXES
from followup.teams import Crew
from followup.terms import Bucket, ContactMode, LineKind, RiskLevel, Role, Stability, Term
from followup.worklist import WorkLine, line_findings

#: What is kept span by span; lines are found by the team that standings tell, and go before them.
SPANS: Final = ("due", "standings")
#: What is derived, and can be derived anew.
TABLES: Final = (*SPANS, "likenesses")
#: In the tables the team of those who have none: no team has a line break in it.
NO_TEAM: Final = "\n"
#: Between the parts of who is asked: no term has it.
_APART: Final = "/"
#: The indexes to which a change of rules brings as many rows as there are people.
_OF_SPANS: Final = ("standings_of_patient",)
#: No day is after it: the end of a span that has none, so that spans compare as text.
_FOREVER: Final = "9999-12-31"
#: Lines stand by their team, and of a patient all have one.
_TEAM: Final = "SELECT team FROM standings WHERE patient = :patient"
_STANDING: Final = "INSERT INTO standings VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DUE: Final = "INSERT INTO due VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#: Any day before the one asked is as good as another, and any after it: that makes few rows of many people.
_COUNTED: Final = """
    SELECT rest, (opens_on > :on) - (opens_on < :on), (due_on > :on) - (due_on < :on), count(*)
    FROM standings WHERE from_on <= :on AND until_on > :on
"""
#: The team of each line is told where that of all is not: a word takes its time.
_LISTED: Final = """
    SELECT patient, {team}, village, kind, opens_on, due_on, plan_on, risk, stability, company
    FROM due WHERE opens_on <= :until AND (opens_on <= :on OR due_on <= :until)
    AND from_on <= :on AND until_on > :on
"""
_PEOPLE: Final = """
    SELECT team, count(*) FROM standings WHERE from_on <= :on AND until_on > :on AND rest <> 'closed' GROUP BY team
"""
#: From team to team, as the table has them.
_TEAMS: Final = """
    WITH RECURSIVE found (team) AS (
        SELECT min(team) FROM standings
        UNION ALL SELECT (SELECT min(team) FROM standings WHERE team > found.team) FROM found WHERE team IS NOT NULL
    ) SELECT team FROM found WHERE team IS NOT NULL
"""
#: An order asked for here would have the whole table read.
_AFTER: Final = "SELECT patient FROM standings WHERE first AND from_on > ?"
_LIKENESS: Final = "INSERT INTO likenesses VALUES (?, ?)"
#: What tells more of a kept line when it is asked for: the patient's case, the line with its reasons, the rules.
Story = Callable[[str, LineKind], tuple[Case, DueVisit, Policy]]
#: What tells who comes to what is due to a patient of a team; None without any directory.
Crews = Callable[[str | None, DueVisit], Crew | None]


@define(slots=False)  # it goes between processes, and is pickled quicker
class Kept:
    """The rows to keep of one patient, by their tables."""

    standings: list[tuple[Any, ...]] = Factory(list)
    due: list[tuple[Any, ...]] = Factory(list)
    likenesses: list[tuple[Any, ...]] = Factory(list)


def kept(ledger: Ledger, policy: Policy, since: date = date.min, *, named: bool = True) -> Kept:
    """Return the rows to keep of one patient, span by span; with `since` of those spans alone that begin no earlier.

    Where the ledger is not `named`, nothing is told of whom the patient resembles.
    """
    found = Kept()
    last = ledger.effects[-1][0] if ledger.effects else date.min
    starts = (last, *policy.changes_after(last))
    case = case_on(ledger, last)
    if case is None:
        return found
    for start, end in zip(starts, (*map(str, starts[1:]), _FOREVER), strict=True):
        if start >= since:
            case.on = start  # nothing is entered after the first day: the case stays as it is
            _keep_span(found, case, policy, end, first=start == last)
    if named:
        found.likenesses = [(likeness, case.patient) for likeness in likenesses(case)]
    return found


def _keep_span(found: Kept, case: Case, policy: Policy, until: str, *, first: bool) -> None:
    running = lines(case, policy)
    visits = [line for line in running if line.kind in FOLLOW_UPS]
    opens_on = _iso(min([line.opens_on for line in visits], default=None))
    due_on = _iso(min([line.due_on for line in visits], default=None))
    span, team = (case.patient, case.on.isoformat(), until), NO_TEAM if case.team is None else case.team
    found.standings.append((*span, int(first), team, str(resting(case.status)), opens_on, due_on))
    risk = None if case.risk is None else int(case.risk)
    found.due += [
        (*span, team, case.village, str(line.kind), _iso(line.opens_on), _iso(line.due_on), _iso(line.plan_on),
         risk, str(case.stability), _company(line.roles, line.invited, line.missing_roles, line.modes))
        for line in running
    ]  # fmt: skip


def drop(db: Database, patient: str, *, named: bool = True) -> None:
    """Keep nothing of a patient; unless `named`, but for whom the patient resembles."""
    for table in TABLES if named else SPANS:
        where = f"team = ({_TEAM}) AND patient = :patient" if table == "due" else "patient = :patient"
        db.conn.execute(f"DELETE FROM {table} WHERE {where}", {"patient": patient})  # noqa: S608


def keep(db: Database, *found: Kept) -> None:
    """Write the rows of patients of whom none are kept for those days."""
    db.conn.executemany(_STANDING, [row for rows in found for row in rows.standings])
    db.conn.executemany(_DUE, [row for rows in found for row in rows.due])
    db.conn.executemany(_LIKENESS, [row for rows in found for row in rows.likenesses])


def drop_indexes(db: Database, since: date = date.min) -> None:
    """Let the indexes go while much is written; with `since` those alone that many of their spans go into."""
    for name in _indexes(since):
        db.execute(f"DROP INDEX IF EXISTS {name}")


def make_indexes(db: Database, since: date = date.min) -> None:
    """Make the indexes that were let go."""
    for name in _indexes(since):
        db.execute(INDEXES[name])


def _indexes(since: date) -> Iterable[str]:
    return INDEXES if since == date.min else _OF_SPANS


def kept_counts(db: Database, on: date, team: str | None) -> Counter[Bucket]:
    """Return how many people stand in each bucket on a day, of whom nothing is entered after it."""
    counts: Counter[Bucket] = Counter()
    around = {-1: date.min, 0: on, 1: date.max}
    rows = db.execute(f"{_COUNTED} {_of(team)} GROUP BY 1, 2, 3", {"on": on.isoformat(), "team": team})
    for rest, opens_on, due_on, people in rows:
        where = Bucket.NOT_DUE if due_on is None else bucket(around[opens_on], around[due_on], on)
        counts[Bucket(rest) if where is Bucket.NOT_DUE else where] += people
    return counts


def kept_lines(db: Database, on: date, team: str | None, within: int, told: tuple[Story, Crews]) -> Iterator[WorkLine]:
    """Return the lines on the list of a day; what is not kept of them `told` tells when it is asked for."""
    until = (on + timedelta(within)).isoformat()
    listed = _LISTED.format(team="team" if team is None else "NULL")
    rows = db.execute(f"{listed} {_of(team)}", {"on": on.isoformat(), "until": until, "team": team})
    story, crews = told

    def reasons(line: DueVisit, _: str) -> Any:
        return story(line.patient, line.kind)[1].reasons

    def more(line: WorkLine, name: str) -> Any:
        if name == "crew":
            return crews(line.team, line.due)
        case, due, policy = story(line.due.patient, line.due.kind)
        return line_findings(case, due, policy, line.crew) if name == "findings" else case.person.get(name)

    for patient, of, village, kind, opens_on, due_on, plan_on, risk, stability, company in rows:
        days, where = _placed(opens_on, due_on, plan_on, on)
        due = DueVisit.later({"patient": patient, **days, **_asked(kind, company)}, reasons)
        line = {
            "due": due,
            "team": team if of is None else _team(of),
            "village": village,
            **where,
            **_assessed(risk, stability),
        }
        yield WorkLine.later(line, more)


@lru_cache(maxsize=1 << 12)
def _placed(opens_on: str, due_on: str, plan_on: str, on: date) -> tuple[dict[str, date], dict[str, Any]]:
    """Return the days of a line, and where it stands on a day: most lines share both with others."""
    days = {"opens_on": _day(opens_on), "due_on": _day(due_on), "plan_on": _day(plan_on)}
    where = bucket(days["opens_on"], days["due_on"], on)
    return days, {"bucket": where, "days_overdue": max(0, (on - days["due_on"]).days)}


@lru_cache(maxsize=1 << 12)
def _assessed(risk: int | None, stability: str) -> dict[str, Any]:
    return {"risk": None if risk is None else RiskLevel(risk), "stability": Stability(stability)}


@lru_cache(maxsize=1 << 12)
def _company(*parts: tuple[Term, ...]) -> str:
    """Return in one word who must come, who is asked, who was missing, and how contact is to be had."""
    return _APART.join([" ".join(part) for part in parts])


@lru_cache(maxsize=1 << 12)
def _asked(kind: str, company: str) -> dict[str, Any]:
    """Return what is due and who is asked."""
    roles, invited, missing, modes = str.split(company, _APART)  # where nothing is kept: TypeError, as of a day
    return {
        "kind": LineKind(kind),
        "roles": _terms(Role, roles),
        "invited": _terms(Role, invited),
        "missing_roles": _terms(Role, missing),
        "modes": _terms(ContactMode, modes),
    }


def patients_after(db: Database, on: date) -> list[str]:
    """Return the patients of whom an entry takes effect after the day: their dates are not kept for it."""
    rows = db.execute(_AFTER, [on.isoformat()])
    return [patient for (patient,) in rows]


def kept_people(db: Database, on: date) -> Counter[str | None]:
    """Return how many people have each team on a day, or none (None), of whom nothing is entered after it."""
    rows = db.execute(_PEOPLE, {"on": on.isoformat()})
    return Counter({_team(kept): people for kept, people in rows})


def kept_teams(db: Database) -> list[str]:
    """Return the teams that have patients."""
    rows = db.execute(_TEAMS)
    return [team for (team,) in rows if team != NO_TEAM]


def _team(kept: str) -> str | None:
    return None if kept == NO_TEAM else kept


def _of(team: str | None) -> str:
    if team == NO_TEAM:  # whoever asks for a team of that name asks for none of those
        return "AND FALSE"
    return "" if team is None else "AND team = :team"


@lru_cache(maxsize=1 << 16)
def _day(text: str) -> date:
    return date.fromisoformat(text)


def _terms(kind: type[Term], words: str) -> tuple[Any, ...]:
    return tuple([kind(word) for word in words.split()])


@lru_cache(maxsize=1 << 16)
def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
