"""The directory of teams out: every row as JSON lines, and those that count as the tables that are imported."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from followup.formfiles import TEAMS, Columns, form_files, written_forms
from followup.formrows import Cells
from followup.teamforms import (
    AREA,
    DISSOLVED,
    FOUNDED,
    KIND,
    LEVEL,
    MEMBER_COLUMNS,
    PERSON,
    PHONE,
    ROLE,
    SINCE,
    TEAM,
    TEAM_COLUMNS,
    UNTIL,
    WITHIN,
)
from followup.teamrows import Told
from followup.teams import CareTeam, Member, standing

_LINES: Final = "teams.jsonl"


def team_files(form: str, told: Sequence[Told]) -> list[str]:
    """Return the names of the files for a directory; none where none is kept."""
    return [_LINES, *form_files(form, _columns(told), TEAMS)] if told else []


def _columns(told: Sequence[Told]) -> Columns:
    kinds = {type(record) for record in standing(row.record for row in told)}
    return list(TEAM_COLUMNS) if CareTeam in kinds else [], list(MEMBER_COLUMNS) if Member in kinds else []


def write_teams(folder: Path, form: str, told: Sequence[Told]) -> None:
    """Write the rows of a directory into files that are there and empty; nothing where there is no row."""
    if not told:
        return
    with (folder / _LINES).open("w", encoding="utf-8", newline="") as lines:
        lines.writelines(json.dumps(row.as_json(), ensure_ascii=False) + "\n" for row in told)
    with written_forms(form, folder, _columns(told), TEAMS) as (write_team, write_member):
        for record in standing(row.record for row in told):
            if isinstance(record, Member):
                write_member(_member(record))
            else:
                write_team(_team(record))


def _team(team: CareTeam) -> Cells:
    area = {AREA: team.area.name, LEVEL: team.area.level.zh, WITHIN: team.area.within}
    return _filled({TEAM: team.name, KIND: team.kind.zh, **area, FOUNDED: team.since, DISSOLVED: team.until})


def _member(member: Member) -> Cells:
    told = {TEAM: member.team, PERSON: member.name, ROLE: member.role.zh, PHONE: member.phone}
    return _filled({**told, SINCE: member.since, UNTIL: member.until})


def _filled(cells: dict[str, Any]) -> Cells:
    return {column: cell for column, cell in cells.items() if cell is not None}
