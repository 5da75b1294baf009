"""The directory of teams as rows of a register: appended to a chain of their own, read whole or near one team."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlite_utils import Database

from followup.canonical import canonical
from followup.chain import Head, written
from followup.dates import instant, zoned
from followup.errors import InvalidEntry, Problem, harmless_key, no_term, unknown
from followup.fields import moment
from followup.teamchecks import Doubt, errors, refuse
from followup.teams import Area, CareTeam, Directory, Member, Record

#: More rows than any directory has.
_ALL: Final = 1 << 62
#: From a village to its town, from there to its city.
_STEPS: Final = 2
#: One value for any number of names.
_OF_AREAS: Final = """
    SELECT DISTINCT team FROM directory WHERE area IS NOT NULL AND area IN (SELECT value FROM json_each(?))
"""
_OF_TEAMS: Final = """
    SELECT body, recorded_at FROM directory WHERE team IN (SELECT value FROM json_each(?)) AND seq <= ? ORDER BY seq
"""
#: A team's row that no later one of the same key withdraws.
_KEPT: Final = """
    SELECT 1 FROM directory d WHERE area IS NOT NULL AND seq <= :upto AND json_extract(body, '$.withdrawn') IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM directory e WHERE e.team = d.team AND e.seq > d.seq AND e.seq <= :upto AND e.area IS NOT NULL
        AND json_extract(e.body, '$.since') IS json_extract(d.body, '$.since')
    ) LIMIT 1
"""
_INSERT: Final = "INSERT INTO directory VALUES (?, ?, ?, ?, ?, ?)"
#: The fields of a row in JSON, those that must be there first.
_FIELDS: Final = {
    "team": ("name", "kind", "area", "level", "within", "since", "until", "withdrawn"),
    "member": ("team", "name", "role", "phone", "since", "until", "withdrawn"),
}
_NEEDED: Final = {"team": 4, "member": 3}


@frozen
class Told:
    """A row of the directory, and when it was recorded (ISO 8601); None where nobody knows."""

    record: Record
    recorded_at: str | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What a correction of the row has too."""
        return (type(self.record), *self.record.key)

    def as_json(self) -> dict[str, Any]:
        """Return the row by its JSON names; what is not given is left out."""
        row = self.record
        found: dict[str, Any] = {"type": "member" if isinstance(row, Member) else "team"}
        told = {name: getattr(row, name) for name in _FIELDS[found["type"]] if hasattr(row, name)}
        if isinstance(row, CareTeam):
            told |= {"area": row.area.name, "level": row.area.level, "within": row.area.within}
        told |= {"since": row.since and str(row.since), "until": row.until and str(row.until)}
        told |= {"withdrawn": row.withdrawn or None, "recorded_at": self.recorded_at}
        return found | {name: value for name, value in told.items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Told":
        """Return the row that JSON tells; `InvalidEntry` for anything that cannot be one."""
        if not isinstance(data, Mapping):
            raise InvalidEntry(Problem("table", facts={"word": "row"}))
        given = dict(data)
        kind, recorded_at = str(given.pop("type", "")), given.pop("recorded_at", None)
        if kind not in _FIELDS:
            raise InvalidEntry(no_term(kind, _FIELDS, "type"))
        problems = [unknown("key", harmless_key(key), _FIELDS[kind]) for key in given if key not in _FIELDS[kind]]
        needed = _FIELDS[kind][: _NEEDED[kind]]
        problems += [Problem("missing", facts={"field": key}) for key in needed if given.get(key) is None]
        if problems:
            raise InvalidEntry(problems)
        return cls(_record(kind, given), None if recorded_at is None else moment(recorded_at))


def _record(kind: str, given: dict[str, Any]) -> Record:
    if kind == "member":
        return Member(**given)
    area = Area(given.pop("area"), given.pop("level"), given.pop("within", None))
    return CareTeam(area=area, **given)


def append(db: Database, told: Iterable[Told]) -> int:
    """Write rows to the end of the chain, within a transaction; return how many told anything new.

    A row is passed over where the last one of its key says the same, or where it stands there from the same moment.
    Raises `RefusedTeams` where the directory would leave it open who answers.
    """
    there = list(rows(db))
    last, known = {row.key: row.record for row in there}, set(there)
    at = before = directory_head(db)
    for row in told:
        if (row.recorded_at is not None and row in known) or last.get(row.key) == row.record:
            continue
        if row.record.withdrawn and row.key not in last:
            refuse([Doubt(Problem("teams.withdrawn"), row.record)])
        values = _values(row)
        at = Head(at.entries + 1, written(at.digest, values))
        db.conn.execute(_INSERT, (at.entries, *values, at.digest))
        there.append(row)
        last[row.key] = row.record
    refuse(errors(Directory(row.record for row in there)))
    return at.entries - before.entries


def _values(row: Told) -> tuple[str | None, ...]:
    told = row.as_json()
    recorded_at = told.pop("recorded_at", None)
    team, area = (told["team"], None) if told["type"] == "member" else (told["name"], told["area"])
    return (team, area, canonical(told), recorded_at)


def directory_head(db: Database) -> Head:
    """Return how far the chain of the directory goes."""
    row = db.execute("SELECT seq, digest FROM directory ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(0, "") if row is None else Head(*row)


def rows(db: Database, upto: int = _ALL, known: datetime | None = None) -> Iterator[Told]:
    """Return the rows of a directory as they were told; with `upto` the first so many, with `known` by a moment."""
    found = db.execute("SELECT body, recorded_at FROM directory WHERE seq <= ? ORDER BY seq", [upto]).fetchall()
    return _told(found, known)


def directory(db: Database, upto: int = _ALL, known: datetime | None = None) -> Directory:
    """Return the whole directory."""
    return Directory(row.record for row in rows(db, upto, known))


def directory_near(db: Database, team: str, upto: int = _ALL) -> Directory:
    """Return as much of a directory as one team's crews need: the team, and those of its area and around it."""
    names, areas = {team}, set[str]()
    for _ in range(_STEPS):
        found = [row.record for row in _rows_of(db, names, upto)]
        told = [record.area for record in found if isinstance(record, CareTeam)]
        areas |= {name for area in told for name in (area.name, area.within) if name is not None}
        names |= {name for (name,) in db.execute(_OF_AREAS, [json.dumps(sorted(areas))])}
    return Directory((row.record for row in _rows_of(db, names, upto)), is_part=True)


def _rows_of(db: Database, names: Iterable[str], upto: int) -> Iterator[Told]:
    return _told(db.execute(_OF_TEAMS, [json.dumps(sorted(names)), upto]).fetchall(), None)


def is_kept(db: Database, upto: int) -> bool:
    """Say whether there is any team in the directory that was not withdrawn."""
    return upto > 0 and db.execute(_KEPT, {"upto": upto}).fetchone() is not None


def _told(found: Sequence[tuple[str, str | None]], known: datetime | None) -> Iterator[Told]:
    for body, recorded_at in found:
        if known is None or recorded_at is None or instant(recorded_at) <= zoned(known):
            yield Told.from_json({**json.loads(body), "recorded_at": recorded_at})
