"""Care teams: who answers for whom, dated.

A directory holds rows of teams and of their members, each with its first and its last day. Nothing is overwritten:
of rows with the same key the one told last counts, so an ending is taken back by telling the row without it.
Everything here is resolved as of a day, from the rows alone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, Self

from attrs import define, field, frozen
from attrs.converters import optional

from followup.case import case_on
from followup.dates import day
from followup.errors import InvalidEntry, Problem
from followup.fields import flag, one_line
from followup.ledger import Ledger
from followup.terms import Absence, AreaLevel, Role, TeamKind

#: Digits that may be an ID number; no telephone has so many.
_ID_NUMBER: Final = re.compile(r"\d{15,}")
_KINDS: Final = list(TeamKind)
_ROLES: Final = list(Role)
_LEVELS: Final = list(AreaLevel)


def clean_name(value: str) -> str:
    """Return a name on one line; one that may hold an ID number is refused, and not shown."""
    is_plain = isinstance(value, str) and value.isprintable()  # quicker told than looking at each character
    found = (value if is_plain else one_line(value)).strip()
    if not found or _ID_NUMBER.search(found):
        raise InvalidEntry(Problem("teams.name"))
    return found


def _team_role(value: Role | str) -> Role:
    """Return a role; a guardian is somebody's own, and who it is would tell who the patient is."""
    found = Role(value)
    if found is Role.GUARDIAN:
        raise InvalidEntry(Problem("teams.guardian"))
    return found


def _in_order(record: "CareTeam | Member", *_: object) -> None:
    if record.since is not None and record.until is not None and record.until < record.since:
        raise InvalidEntry(Problem("teams.until", facts={"since": record.since, "until": record.until}))


def _all(records: "Iterable[Record]") -> "tuple[Record, ...]":
    return tuple(records)


def _holds(record: "CareTeam | Member", on: date) -> bool:
    return (record.since is None or record.since <= on) and (record.until is None or on <= record.until)


@frozen
class Area:
    """A village, a town or a city, and the name of the area it lies in."""

    name: str = field(converter=clean_name)
    level: AreaLevel = field(converter=AreaLevel)
    within: str | None = field(default=None, converter=optional(clean_name))


@frozen(kw_only=True)
class _Row:
    """What rows have in common: a span of days, inclusive, open where nothing is given."""

    since: date | None = field(default=None, converter=optional(day))
    until: date | None = field(default=None, converter=optional(day))
    #: Whether the row was a mistake: it is as if it had never been told.
    withdrawn: bool = field(default=False, converter=flag)

    __attrs_post_init__ = _in_order


@frozen
class CareTeam(_Row):
    """One row of a team: `name` is what patients' `team` says.

    >>> CareTeam("清溪村关爱帮扶小组", "care_group", Area("清溪村", "village", "虚构镇"), since="2025-01-01").key
    ('清溪村关爱帮扶小组', '2025-01-01')
    """

    name: str = field(converter=clean_name)
    kind: TeamKind = field(converter=TeamKind)
    area: Area

    @property
    def key(self) -> tuple[str, ...]:
        """What a correction of the row has too: name and first day."""
        return (self.name, str(self.since or ""))


@frozen
class Member(_Row):
    """One row of a team's member, in one role; name and telephone show in no repr."""

    team: str = field(converter=clean_name)
    name: str = field(converter=clean_name, repr=False)
    role: Role = field(converter=_team_role)
    phone: str | None = field(default=None, converter=optional(clean_name), repr=False)

    @property
    def key(self) -> tuple[str, ...]:
        """What a correction of the row has too: team, name, role and first day."""
        return (self.team, self.name, self.role, str(self.since or ""))


#: A row of the directory.
Record = CareTeam | Member


@frozen
class Post:
    """One role that a visit asks for, and who fills it: the patient's own team, another one near, or nobody."""

    role: Role
    #: Whose members they are; None where nobody fills the role.
    team: str | None
    people: tuple[Member, ...]
    #: Whether they are the patient's own team's.
    is_own: bool


@frozen
class Crew:
    """Who comes to a visit of one patient on a day."""

    #: The team that answers for the patient; None where none does.
    team: CareTeam | None
    #: Why none does, and the day on which the team ends or begins.
    absence: Absence | None
    turn: date | None
    #: The roles that must be there, and those that are asked for.
    needed: tuple[Post, ...]
    invited: tuple[Post, ...]

    @property
    def vacant(self) -> tuple[Role, ...]:
        """The needed roles that the patient's own team lacks, filled from elsewhere or not."""
        return tuple(post.role for post in self.needed if not post.is_own)


def standing(records: Iterable[Record]) -> Iterator[Record]:
    """Yield of rows with the same key the one told last, but for those that were withdrawn."""
    last = {(type(record), *record.key): record for record in records}
    return (record for record in last.values() if not record.withdrawn)


def _by_place(text: str) -> bytes:
    """Sort as Chinese lists do."""
    return text.encode("gb18030", "replace")


@define
class _Index:
    """The rows that count, by what they are looked for."""

    teams: dict[str, list[CareTeam]] = field(factory=dict)
    members: dict[str, list[Member]] = field(factory=dict)
    #: The teams of an area, by its name.
    areas: dict[str, list[CareTeam]] = field(factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Self:
        """Put rows in their one order, and make them easy to find."""
        found = cls()
        for record in standing(records):
            if isinstance(record, Member):
                found.members.setdefault(record.team, []).append(record)
            else:
                found.teams.setdefault(record.name, []).append(record)
                found.areas.setdefault(record.area.name, []).append(record)
        for members in found.members.values():
            members.sort(key=lambda one: (_ROLES.index(one.role), _by_place(one.name), str(one.since or "")))
        for teams in (*found.teams.values(), *found.areas.values()):
            teams.sort(key=lambda one: (_KINDS.index(one.kind), _by_place(one.name), str(one.since or "")))
        return found


@frozen
class Directory:
    """The teams of a district and their members, as they were told: the last row of a key counts.

    >>> area = Area("清溪村", "village", "虚构镇")
    >>> directory = Directory([
    ...     CareTeam("清溪村关爱帮扶小组", "care_group", area),
    ...     Member("清溪村关爱帮扶小组", "某甲", "village_cadre"),
    ...     Member("清溪村关爱帮扶小组", "某乙", "police", until="2026-06-30"),
    ... ])
    >>> crew = directory.crew("清溪村关爱帮扶小组", ["care_group", "police"], date(2026, 11, 23))
    >>> [str(role) for role in crew.vacant]
    ['police']
    """

    records: tuple[Record, ...] = field(default=(), converter=_all, repr=False)
    #: Whether there are other teams, which were left out as nobody asks for them.
    is_part: bool = False
    _index: _Index = field(init=False, eq=False, repr=False)

    @_index.default
    def _indexed(self) -> _Index:
        return _Index.of(self.records)

    def __bool__(self) -> bool:
        return self.is_part or bool(self._index.teams)

    @property
    def teams(self) -> Mapping[str, list[CareTeam]]:
        """Every row of a team that counts, by the team's name."""
        return self._index.teams

    @property
    def members(self) -> Mapping[str, list[Member]]:
        """Every row of a member that counts, by the team's name."""
        return self._index.members

    def team(self, name: str | None, on: date) -> CareTeam | None:
        """Return a team as it stands on a day; None where there is none of the name then."""
        rows = [team for team in self.teams.get(name or "", ()) if _holds(team, on)]
        return max(rows, key=lambda team: team.since or date.min, default=None)

    def teams_on(self, on: date) -> list[CareTeam]:
        """Return the teams of a day, by their names."""
        found = (self.team(name, on) for name in sorted(self.teams, key=_by_place))
        return [team for team in found if team is not None]

    def members_on(self, team: str, on: date) -> tuple[Member, ...]:
        """Return the members of a team on a day, once in each role; none of a team that does not stand then."""
        if self.team(team, on) is None:
            return ()
        there = (member for member in self.members.get(team, ()) if _holds(member, on))
        return tuple({(member.name, member.role): member for member in there}.values())

    def absence(self, name: str | None, on: date) -> tuple[Absence, date | None] | None:
        """Return why no team answers for patients of the team on a day, and when it ends or begins; else None."""
        rows = self.teams.get(name or "", ())
        if not rows:
            return (Absence.UNKNOWN if name else Absence.NO_TEAM), None
        if self.team(name, on) is not None:
            return None
        ended = [team.until for team in rows if team.until is not None and team.until < on]
        if ended:
            return Absence.DISSOLVED, max(ended)
        return Absence.NOT_YET, min(team.since for team in rows if team.since is not None)

    def answering(self, ledger: Ledger, on: date) -> CareTeam | None:
        """Return the team that answers for a patient on a day, by the assignments up to it; None where none does."""
        case = case_on(ledger, on)
        return None if case is None else self.team(case.team, on)

    def crew(
        self, name: str | None, needed: Iterable[Role | str], on: date, invited: Iterable[Role | str] = ()
    ) -> Crew:
        """Return who comes to a visit of a patient of a team on a day, role by role.

        Where the team lacks a role, that of the nearest team that has it is named: of the same village, of its town,
        of the city. A guardian is no member of any team, and is not asked for.
        """
        absence, turn = self.absence(name, on) or (None, None)
        roles, others = ([Role(role) for role in some if role != Role.GUARDIAN] for some in (needed, invited))
        near = list(self._near(name or "", on)) if roles or others else []
        posts = (tuple(_post(role, near) for role in some) for some in (roles, others))
        return Crew(self.team(name, on), absence, turn, *posts)

    def _near(self, name: str, on: date) -> Iterator[tuple[CareTeam, bool, tuple[Member, ...]]]:
        """Yield the team, then those of its area and of each one around it; whether it is the first; the members."""
        own = self.team(name, on)
        area = None if own is None else own.area
        seen = {name}
        while own is not None and area is not None:
            if area == own.area:
                yield own, True, self.members_on(name, on)
            for team in self._of_area(area, on):
                if team.name not in seen:
                    seen.add(team.name)
                    yield team, False, self.members_on(team.name, on)
            area = self.around(area)

    def _of_area(self, area: Area, on: date) -> Iterator[CareTeam]:
        """Yield the teams of an area on a day; villages of one name in two towns are two."""
        for row in self._index.areas.get(area.name, ()):
            same = row.area == area if area.level is AreaLevel.VILLAGE else row.area.level is area.level
            if same and self.team(row.name, on) is row:
                yield row

    def around(self, area: Area) -> Area | None:
        """Return the area around another, as its own teams tell it; it is larger, so nothing goes in circles."""
        rows = self._index.areas.get(area.within or "", ())
        larger = [row.area for row in rows if _LEVELS.index(row.area.level) > _LEVELS.index(area.level)]
        return min(larger, key=lambda found: (_LEVELS.index(found.level), found.within is None), default=None)


def _post(role: Role, near: Iterable[tuple[CareTeam, bool, tuple[Member, ...]]]) -> Post:
    for team, is_own, members in near:
        people = _fill(role, team, members)
        if people:
            return Post(role, team.name, people, is_own)
    return Post(role, None, (), is_own=False)


def _fill(role: Role, team: CareTeam, members: tuple[Member, ...]) -> tuple[Member, ...]:
    """Return who of a team fills a role: a care group is all its members, unless some are entered as such."""
    found = tuple(member for member in members if member.role is role)
    if not found and role is Role.CARE_GROUP and team.kind is TeamKind.CARE_GROUP:
        return tuple({member.name: member for member in members}.values())
    return found
