"""The list: who is due on a day, in what order, for which team."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from attrs import field, frozen

from followup.case import Case, case_on
from followup.duevisit import DueVisit
from followup.entries import Entry
from followup.findings import Finding, doubts
from followup.later import Later
from followup.ledger import Ledger
from followup.policy import FOLLOW_UPS, Policy
from followup.schedule import lines, resting, stands
from followup.teams import Crew, Directory
from followup.terms import Bucket, LineKind, RiskLevel, Stability, Term

#: A risk that nobody has assessed sorts between 3 and 2.
_UNKNOWN_RISK: Final = 2.5
_PRESSING: Final = {bucket: place for place, bucket in enumerate(Bucket)}


@frozen(slots=False)
class WorkLine(Later):
    """One line of a day's list: what is due, and for whom.

    On a register's list names, findings and the line's reasons are made when they are asked for.
    """

    due: DueVisit
    bucket: Bucket
    days_overdue: int
    team: str | None
    village: str | None
    risk: RiskLevel | None
    #: The effective class of the last follow-up.
    stability: Stability
    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)
    findings: tuple[Finding, ...]
    #: Who comes, by role; None where no directory of teams is kept.
    crew: Crew | None = field(default=None, repr=False)

    @property
    def group(self) -> str | None:
        """The team under which the line stands; None, a group of its own, where no team answers for the patient."""
        return None if self.crew is not None and self.crew.absence is not None else self.team

    @property
    def place(self) -> tuple[int, float, date, str, LineKind]:
        """Where the line stands on the list: overdue first, then by risk, last day and patient."""
        risk = _UNKNOWN_RISK if self.risk is None else self.risk
        return (_PRESSING[self.bucket], -risk, self.due.due_on, self.due.patient, self.due.kind)


@frozen
class Move:
    """One line that is new on a list, or left it: by an entry, by the rules, or because its day came."""

    line: WorkLine
    is_new: bool
    #: The entry that brought it about; None where days or rules alone did.
    entry: Entry | None
    #: Whether the rules or the calendar changed.
    by_rule: bool = False


@frozen
class WorkList:
    """Who is due on the day `on`: follow-up lines and duties apart, and how everyone stands.

    >>> from followup import Registered, Visited, load_policy
    >>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=3, mode="home")])
    >>> found = WorkList.of([ledger], load_policy("national-2018"), date(2026, 11, 22))
    >>> [(line.due.patient, line.bucket.value, line.days_overdue) for line in found.lines]
    [('p1', 'overdue', 7)]
    """

    on: date
    policy: Policy
    #: How many registered people stand in each bucket; all seven are there.
    counts: Mapping[Bucket, int]
    lines: tuple[WorkLine, ...]
    duties: tuple[WorkLine, ...]
    #: Where the list was compared with that of an earlier day: which, and who is new or left.
    since: date | None = None
    moves: tuple[Move, ...] = ()
    #: The earlier list's lines: a calendar may hold them.
    before: tuple[WorkLine, ...] = field(default=(), eq=False, repr=False)
    #: Which lines alone are shown, where others are left out: the counts are of everybody all the same.
    only: Mapping[str, Term] = field(factory=dict)
    #: Where the list was made from what had been recorded by a moment: which.
    known: datetime | None = field(default=None, eq=False)
    #: How far the register's chain went when the list was made, where it was made from one.
    head: str | None = field(default=None, eq=False)

    @classmethod
    def of(  # noqa: PLR0913 - three may be left out
        cls,
        ledgers: Iterable[Ledger],
        policy: Policy,
        on: date,
        *,
        team: str | None = None,
        within: int = 0,
        directory: Directory | None = None,
    ) -> "WorkList":
        """Make the list of a day from ledgers, of one team or of all (`team=None`).

        Lists what is overdue, due that day or open, and what falls due in the next `within` days. With a
        `directory` that has any team each line says who comes, and for whom no team answers.
        """
        found, standings = [], []
        for case in (case_on(ledger, on) for ledger in ledgers):
            if case is not None and team in {None, case.team}:
                running = lines(case, policy)
                standings.append(stands(resting(case.status), running, on))
                found += work_lines(case, running, policy, within, directory)
        return cls.made(on, policy, Counter(standings), found)

    @classmethod
    def made(cls, on: date, policy: Policy, counts: Mapping[Bucket, int], found: Iterable[WorkLine]) -> "WorkList":
        """Put lines in their order, follow-up lines and duties apart."""
        ordered = sorted(found, key=lambda line: line.place)
        return cls(
            on,
            policy,
            {bucket: counts.get(bucket, 0) for bucket in Bucket},
            tuple(line for line in ordered if line.due.kind in FOLLOW_UPS),
            tuple(line for line in ordered if line.due.kind not in FOLLOW_UPS),
        )

    @property
    def duty_counts(self) -> Mapping[LineKind, int]:
        """How many duties of each kind are overdue."""
        kinds = Counter(line.due.kind for line in self.duties if line.bucket is Bucket.OVERDUE)
        return {kind: kinds[kind] for kind in LineKind if kind not in FOLLOW_UPS}


def work_lines(
    case: Case, running: Iterable[DueVisit], policy: Policy, within: int = 0, directory: Directory | None = None
) -> list[WorkLine]:
    """Return those of a case's running lines that are on the list of the case's day."""
    until = case.on + timedelta(within)
    shown = [line for line in running if line.opens_on <= case.on or line.due_on <= until]
    return [_work_line(case, line, policy, line_crew(directory, case.team, line, case.on)) for line in shown]


def _work_line(case: Case, line: DueVisit, policy: Policy, crew: Crew | None) -> WorkLine:
    return WorkLine(
        line,
        line.status(case.on),
        max(0, (case.on - line.due_on).days),
        case.team,
        case.village,
        case.risk,
        case.stability,
        case.person.get("name"),
        case.person.get("phone"),
        line_findings(case, line, policy, crew),
        crew,
    )


def line_crew(directory: Directory | None, team: str | None, line: DueVisit, on: date) -> Crew | None:
    """Return who comes to a visit of a patient of a team; None without any directory."""
    return None if not directory else directory.crew(team, line.roles, on, line.invited)


def line_findings(case: Case, line: DueVisit, policy: Policy, crew: Crew | None = None) -> tuple[Finding, ...]:
    """Return the findings that a line shows: those about the case, about the line itself, and about who comes."""
    return (*doubts(case, [line], policy), *crew_doubts(case.patient, case.team, crew))


def all_findings(case: Case, policy: Policy, directory: Directory | None = None) -> tuple[Finding, ...]:
    """Return every finding of a case once, whether or not a line of it is on a list."""
    running = lines(case, policy)
    crews = [line_crew(directory, case.team, line, case.on) for line in running]
    of_crews = [doubt for crew in crews for doubt in crew_doubts(case.patient, case.team, crew)]
    return tuple(dict.fromkeys([*doubts(case, running, policy), *of_crews]))


def crew_doubts(patient: str, team: str | None, crew: Crew | None) -> Iterator[Finding]:
    """Return why no team answers for a patient; else each role that is needed and that the team lacks."""
    if crew is None:
        return
    if crew.absence is not None:
        yield Finding(patient, str(crew.absence), (), {"team": team, "on": crew.turn})
        return
    for post in crew.needed:
        if not post.is_own:
            code = "role-vacant" if post.team is None else "role-elsewhere"
            yield Finding(patient, code, (), {"role": post.role, "team": post.team})
