"""The list of a day made of what is kept: at the cost of its lines, and what they tell is read when it is asked for."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, lru_cache
from typing import Final

from attrs import evolve
from sqlite_utils import Database

from followup.case import Case, case_on
from followup.chain import Head
from followup.duevisit import DueVisit
from followup.entryrows import head, read_ledgers
from followup.errors import Problem, RegisterError, shown
from followup.keptdates import Story, kept_counts, kept_lines, patients_after
from followup.policy import Policy
from followup.schedule import lines
from followup.storage import sentences_of_sqlite
from followup.teamrows import directory, directory_head, directory_near, is_kept
from followup.teams import Directory
from followup.terms import LineKind
from followup.worklist import WorkLine, WorkList, line_crew, line_findings

#: Of so many patients on a list more is kept in mind.
_STORIES: Final = 256


def kept_list(db: Database, policy: Policy, on: date, team: str | None, within: int) -> WorkList:
    """Return the list of a day, of one team or of all; the lines read on from the database while it is open."""
    upto = head(db)
    near = _near(db, team)
    told = (_story(db, policy, on, upto.entries), lambda of, line: line_crew(near(), of, line, on))
    try:
        counts = kept_counts(db, on, team)
        found = list(kept_lines(db, on, team, within, told))
    except (ValueError, TypeError):  # changed behind our back
        raise RegisterError(Problem("register.drifted")) from None
    for ledger in read_ledgers(db, sorted(patients_after(db, on))):
        earlier = WorkList.of([ledger], policy, on, team=team, within=within, directory=near())
        counts.update(earlier.counts)
        found += [*earlier.lines, *earlier.duties]
    return evolve(WorkList.made(on, policy, counts, found), head=str(upto))


def read_through(db: Database, found: WorkList) -> Iterator[int]:
    """Read what the lines of a list tell when they are asked, all of it at once; yield how many are read so far.

    Nobody needs to, but each ledger is read once and many together, and somebody who waits can be told.
    """
    waiting: dict[str, list[WorkLine]] = {}
    for line in (*found.lines, *found.duties):
        if line.is_waiting:
            waiting.setdefault(line.due.patient, []).append(line)
    count, upto = 0, Head.parse(found.head).entries if found.head and waiting else 0
    with sentences_of_sqlite():
        for ledger in read_ledgers(db, sorted(waiting), upto):
            case = case_on(ledger, found.on)
            running = {} if case is None else {line.kind: line for line in lines(case, found.policy)}
            for line in waiting[ledger.patient]:
                if case is not None and line.due.kind in running:
                    due = running[line.due.kind]
                    line.due.fill(reasons=due.reasons)
                    line.fill(findings=line_findings(case, due, found.policy, line.crew), **_named(case))
                count += 1
            yield count


def _named(case: Case) -> dict[str, str | None]:
    return {name: case.person.get(name) for name in ("name", "phone")}


def _near(db: Database, team: str | None) -> Callable[[], Directory | None]:
    """Return what gives the directory as it is now (of one team what is near it), read when first asked for."""
    upto = directory_head(db).entries

    @cache
    def near() -> Directory | None:
        with sentences_of_sqlite():
            if not is_kept(db, upto):
                return None
            return directory(db, upto) if team is None else directory_near(db, team, upto)

    return near


def _story(db: Database, policy: Policy, on: date, upto: int) -> Story:
    """Return what tells more of the lines of a list: from the entries that there were when it was made."""

    @lru_cache(maxsize=_STORIES)
    def told(patient: str) -> tuple[Case, dict[LineKind, DueVisit]]:
        for ledger in read_ledgers(db, [patient], upto):
            case = case_on(ledger, on)
            if case is not None:
                return case, {line.kind: line for line in lines(case, policy)}
        raise RegisterError(Problem("patient.unknown", facts={"patient": shown(patient)}))

    def story(patient: str, kind: LineKind) -> tuple[Case, DueVisit, Policy]:
        with sentences_of_sqlite():
            case, running = told(patient)
        return case, running[kind], policy

    return story
