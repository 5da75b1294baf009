"""What is wrong with a directory of teams, and what is doubtful: as sentences that name no member."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from itertools import groupby, pairwise
from typing import Final, TypeVar

from attrs import frozen

from followup.errors import Problem, RegisterError, shown, unknown
from followup.sentences import say
from followup.teams import CareTeam, Directory, Member, Record
from followup.terms import Absence, AreaLevel, Role, TeamKind, Term

_Row = TypeVar("_Row", CareTeam, Member)

#: Who a team of a kind is made of: a crisis squad by DG2025, the pair by its name.
_MADE_OF: Final = {
    TeamKind.CRISIS_SQUAD: (Role.POLICE, Role.PREVENTION_DOCTOR, Role.COUNSELLOR),
    TeamKind.DOCTOR_AND_PSYCHOLOGIST: (Role.PREVENTION_DOCTOR, Role.COUNSELLOR),
}
#: One character of nine may differ.
_CLOSE: Final = 0.85


def team_of(record: Record) -> str:
    """Return the name of the team that a row is about."""
    return record.team if isinstance(record, Member) else record.name


@frozen
class Doubt:
    """A problem of a directory, the row that it is about, and another one that contradicts it, if it is that."""

    problem: Problem
    record: Record
    other: Record | None = None

    @property
    def team(self) -> str:
        """The name of the team."""
        return team_of(self.record)


@frozen(str=False)
class RefusedTeams(RegisterError):
    """Rows of teams that a register cannot take: for each problem the rows that it is about."""

    doubts: tuple[Doubt, ...] = ()


def stranger(code: str, team: str, known: Iterable[str], **facts: object) -> Problem:
    """Return the problem of a team that is none of those known; teams' names are alike, so a guess must be close."""
    return unknown(code, team, get_close_matches(team, list(known), n=1, cutoff=_CLOSE), team=shown(team), **facts)


def absent(code: str, directory: Directory, team: str, on: date, **facts: object) -> Iterator[Problem]:
    """Yield the problem of a known team that does not stand on a day, as it was dissolved or is not founded yet."""
    why, turn = directory.absence(team, on) or (None, None)
    if why in {Absence.DISSOLVED, Absence.NOT_YET}:
        end = "dissolved" if why is Absence.DISSOLVED else "not_yet"
        yield Problem(f"{code}.{end}", facts={"team": shown(team), "on": turn, **facts})


def refuse(found: Iterable[Doubt]) -> None:
    """Raise `RefusedTeams` where there is any error."""
    wrong = list(found)
    if wrong:
        raise RefusedTeams([doubt.problem for doubt in wrong], tuple(wrong))


@frozen
class _Labels:
    """Terms that a sentence says in its own language."""

    terms: tuple[Term, ...]

    def text(self, lang: str) -> str:
        """Return their labels."""
        return say(lang, "word.and").join(term.label(lang) for term in self.terms)


@frozen
class _Span:
    """A row's days, as a sentence says them."""

    row: Record

    def text(self, lang: str) -> str:
        """Return the first and the last day."""
        return span(self.row, lang)


def span(row: Record, lang: str) -> str:
    """Return a row's first and last day in words, open ends too."""
    parts = [name for name in ("since", "until") if getattr(row, name) is not None]
    return say(lang, ".".join(["teams.span", *parts]), since=row.since, until=row.until)


def errors(directory: Directory) -> Iterator[Doubt]:
    """Yield what would leave it open who answers: a directory with such rows is not taken."""
    for rows in directory.teams.values():
        for one, other in _overlapping(rows):
            facts = {"team": shown(other.name), "one": _Span(one), "other": _Span(other)}
            yield Doubt(Problem("teams.overlap", facts=facts), other, one)
    yield from _areas_in_circles(directory)
    yield from _areas_in_two(directory)
    for team, members in directory.members.items():
        if team not in directory.teams:
            problem = stranger("teams.unknown", team, directory.teams)
            yield from (Doubt(problem, member) for member in members)


def _areas_in_circles(directory: Directory) -> Iterator[Doubt]:
    """Yield the teams whose area lies in one that is no larger: only so could areas go in circles."""
    levels = {row.area.name: row.area.level for rows in directory.teams.values() for row in rows}
    for rows in directory.teams.values():
        for row in rows:
            above = levels.get(row.area.within or "")
            if above is not None and directory.around(row.area) is None:
                facts = {
                    "area": shown(row.area.name),
                    "within": shown(row.area.within),
                    "level": _Labels((row.area.level,)),
                }
                yield Doubt(Problem("teams.circle", facts=facts | {"above": _Labels((above,))}), row)


def _areas_in_two(directory: Directory) -> Iterator[Doubt]:
    """Yield the teams of a town (or city) that others say lies elsewhere; villages of one name may be two."""
    around: dict[tuple[AreaLevel, str], str] = {}
    for rows in directory.teams.values():
        for row in rows:
            area = row.area
            if area.within is not None and area.level is not AreaLevel.VILLAGE:
                told = around.setdefault((area.level, area.name), area.within)
                if told != area.within:
                    facts = {"area": shown(area.name), "one": shown(told), "other": shown(area.within)}
                    yield Doubt(Problem("teams.area.two", facts=facts), row)


def doubts(directory: Directory, on: date) -> Iterator[Doubt]:
    """Yield what is doubtful about a directory as of a day: it is taken all the same."""
    teams = directory.teams_on(on)
    for team in teams:
        yield from _team_doubts(directory, team, on)
    open_areas = {team.area.within: team for team in reversed(teams) if directory.around(team.area) is None}
    for within, team in open_areas.items():
        if within is not None:
            yield Doubt(Problem("teams.area.open", facts={"team": shown(team.name), "within": shown(within)}), team)
    for team_name, rows in directory.members.items():
        yield from _member_doubts(directory.teams.get(team_name, []), rows)


def _team_doubts(directory: Directory, team: CareTeam, on: date) -> Iterator[Doubt]:
    there = {member.role for member in directory.members_on(team.name, on)}
    lacking = [role for role in _MADE_OF.get(team.kind, ()) if role not in there]
    if not there:
        yield Doubt(Problem("teams.empty", facts={"team": shown(team.name), "on": on}), team)
    elif lacking:
        facts = {"team": shown(team.name), "kind": _Labels((team.kind,)), "roles": _Labels(tuple(lacking))}
        yield Doubt(Problem("teams.incomplete", facts=facts), team)


def _member_doubts(teams: Sequence[CareTeam], rows: Sequence[Member]) -> Iterator[Doubt]:
    for _, same in groupby(rows, key=lambda row: (row.role, row.name)):
        for one, other in _overlapping(list(same)):
            facts = {
                "team": shown(other.team),
                "roles": _Labels((other.role,)),
                "one": _Span(one),
                "other": _Span(other),
            }
            yield Doubt(Problem("teams.member.overlap", facts=facts), other)
    for row in rows:
        if teams and not any(_meet(row, team) for team in teams):
            facts = {"team": shown(row.team), "roles": _Labels((row.role,)), "span": _Span(row)}
            yield Doubt(Problem("teams.member.outside", facts=facts), row)


def _overlapping(rows: Sequence[_Row]) -> Iterator[tuple[_Row, _Row]]:
    """Yield rows that hold on a day on which the one that begins before them holds too."""
    for one, other in pairwise(sorted(rows, key=lambda row: row.since or date.min)):
        if _meet(one, other):
            yield one, other


def _meet(one: Record, other: Record) -> bool:
    """Say whether two rows hold on a common day."""
    starts = max(one.since or date.min, other.since or date.min)
    return starts <= min(one.until or date.max, other.until or date.max)
