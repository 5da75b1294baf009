"""Tables of teams and of their members, read like the official forms: CSV, workbooks, and JSON lines of an export."""

import os.path
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import define, evolve, field

from followup.canonical import decode_object
from followup.errors import FollowupError, InvalidEntry, InvalidFile, Problem, harmless, masked
from followup.forms import column_doubts
from followup.formtables import Names, Table, find_table, nearest_header
from followup.grids import read_csv
from followup.sheets import Row, decoded_lines, labels, opened
from followup.spellings import choices_told, plain
from followup.teamchecks import Doubt
from followup.teamrows import Told
from followup.teams import Area, CareTeam, Member, Record, clean_name
from followup.terms import AreaLevel, Role, TeamKind, Term
from followup.workbooks import read_workbook

TEAM, KIND, AREA, LEVEL, WITHIN, FOUNDED, DISSOLVED = (
    "团队名称", "类别", "区域", "级别", "上级区域", "成立日期", "撤销日期"
)  # fmt: skip
PERSON, ROLE, PHONE, SINCE, UNTIL, WITHDRAWN = "姓名", "角色", "电话", "起始日期", "结束日期", "作废"
TEAM_COLUMNS: Final = (TEAM, KIND, AREA, LEVEL, WITHIN, FOUNDED, DISSOLVED, WITHDRAWN)
MEMBER_COLUMNS: Final = (TEAM, PERSON, ROLE, PHONE, SINCE, UNTIL, WITHDRAWN)
_ALIASES: Final = {
    "团队": TEAM, "责任团队": TEAM, "团队类别": KIND, "团队类型": KIND, "所在区域": AREA, "服务区域": AREA,
    "区域级别": LEVEL, "所属镇街": WITHIN, "所属区域": WITHIN, "成立时间": FOUNDED, "撤销时间": DISSOLVED,
    "成员姓名": PERSON, "职责": ROLE, "联系电话": PHONE, "手机": PHONE, "手机号码": PHONE, "电话号码": PHONE,
    "开始日期": SINCE, "起始时间": SINCE, "终止日期": UNTIL, "结束时间": UNTIL, "离任日期": UNTIL,
}  # fmt: skip
_NAMES: Final = Names.of((*TEAM_COLUMNS, *MEMBER_COLUMNS), _ALIASES)
_MARKS: Final = (frozenset({TEAM, KIND}), frozenset({TEAM, PERSON}))
#: Other words for the terms, as people write them.
_KINDS: Final = {
    **labels(TeamKind), "精神卫生综合管理小组": TeamKind.MANAGEMENT_GROUP, "社区卫生服务站": TeamKind.HEALTH_CENTRE,
    "卫生院": TeamKind.HEALTH_CENTRE, "应急处置小组": TeamKind.CRISIS_SQUAD, "应急处置队": TeamKind.CRISIS_SQUAD,
    "市级专家": TeamKind.CITY_EXPERTS, "专家组": TeamKind.CITY_EXPERTS,
}  # fmt: skip
_ROLES: Final = {
    **labels(Role), "精防人员": Role.PREVENTION_DOCTOR, "社区民警": Role.POLICE, "公安民警": Role.POLICE,
    "派出所民警": Role.POLICE, "村干部": Role.VILLAGE_CADRE, "居委干部": Role.VILLAGE_CADRE,
    "村居干部": Role.VILLAGE_CADRE, "社会工作者": Role.SOCIAL_WORKER, "精神科医生": Role.PSYCHIATRIST,
}  # fmt: skip
_LEVELS: Final = {
    **labels(AreaLevel), "村": AreaLevel.VILLAGE, "村居": AreaLevel.VILLAGE, "社区": AreaLevel.VILLAGE,
    "村级": AreaLevel.VILLAGE, "镇": AreaLevel.TOWN, "街道": AreaLevel.TOWN, "镇级": AreaLevel.TOWN,
    "镇街级": AreaLevel.TOWN, "市级": AreaLevel.CITY,
}  # fmt: skip
_LEVEL_OF_KIND: Final[Mapping[TeamKind | None, AreaLevel]] = {
    TeamKind.CARE_GROUP: AreaLevel.VILLAGE,
    TeamKind.MANAGEMENT_GROUP: AreaLevel.TOWN,
    TeamKind.CITY_EXPERTS: AreaLevel.CITY,
}
#: How names of areas end; 社区 before 区.
_ENDINGS: Final = (
    (("村", "社区", "村委会", "居委会"), AreaLevel.VILLAGE),
    (("镇", "街道", "乡", "园区", "开发区"), AreaLevel.TOWN),
    (("市", "区", "县"), AreaLevel.CITY),
)
_YES: Final = {"1": True, "0": False, "是": True, "否": False, "作废": True}
#: A file with more problems than this is another file.
_MOST: Final = 10_000
_T = TypeVar("_T", bound=Term)


@define
class TeamReading:
    """What files of teams hold: rows by their places, every problem, and notes that stop nothing."""

    rows: list[tuple[Told, tuple[str, ...]]] = field(factory=list)
    problems: list[Problem] = field(factory=list)
    notes: list[Problem] = field(factory=list)
    #: When rows were recorded that do not say so themselves.
    recorded_at: str | None = None

    def placed(self, doubts: Iterable[Doubt]) -> Iterator[Problem]:
        """Yield the problems of a directory, each at the row that it is about, or at the other one, if that is here."""
        places: dict[Record | None, tuple[str, ...]] = {told.record: where for told, where in self.rows}
        for doubt in doubts:
            where = next((places[record] for record in (doubt.record, doubt.other) if record in places), ())
            yield doubt.problem.at(*where)


def read_teams(paths: Iterable[Path], recorded_at: str | None = None) -> TeamReading:
    """Read tables of teams and members; every row of every file is checked, nothing is recorded."""
    found = TeamReading(recorded_at=recorded_at)
    told: dict[tuple[Any, ...], tuple[Record, tuple[str, ...]]] = {}
    for path in paths:
        try:
            for row, where in _READERS.get(path.suffix.lower(), _refuse)(path, found):
                first = told.setdefault(row.key, (row.record, where))
                if row.recorded_at is None and first[0] != row.record:
                    found.problems.append(Problem("teams.twice", where, {"row": _row_of(first[1], where)}))
                found.rows.append((evolve(row, recorded_at=row.recorded_at or recorded_at), where))
        except InvalidFile as error:
            found.problems.extend(error.problems)
    return found


def _row_of(where: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Return which row a place is, with its file where that is not the other's."""
    number = where[-1].partition(" ")[2]
    return number if where[:-1] == other[:-1] else f"{number} ({where[0]})"


Rows = Iterator[tuple[Told, tuple[str, ...]]]


def _refuse(path: Path, found: TeamReading) -> Rows:  # noqa: ARG001 - all readers are called alike
    code = "file.kind" if os.path.exists(path) else "file.missing"  # noqa: PTH110 - Path.exists raises for a long name
    raise InvalidFile(Problem(code, (str(path),)))


def _read_jsonl(path: Path, found: TeamReading) -> Rows:
    with opened(path) as content:
        for number, line in decoded_lines(content, str(path)):
            where = (str(path), f"line {number}")
            try:
                yield Told.from_json(decode_object(line)), where
            except FollowupError as error:
                found.problems.extend(problem.at(*where) for problem in error.problems)
            except (ValueError, RecursionError) as error:
                facts = {"reason": getattr(error, "msg", "too long or too deep")}
                found.problems.append(Problem("json", where, facts))
            if len(found.problems) >= _MOST:
                raise InvalidFile(Problem("file.too_many", where))


def _read_csv(path: Path, found: TeamReading) -> Rows:
    grid = read_csv(path, lambda cell: _NAMES.usual(cell) is not None)
    table = find_table(grid, _NAMES, _MARKS)
    if table is None:
        raise InvalidFile(Problem("teams.header", (*grid.where, f"row {nearest_header(grid, _NAMES)[0]}")))
    yield from _read_table(table, found)


def _read_book(path: Path, found: TeamReading) -> Rows:
    tables = [(grid, find_table(grid, _NAMES, _MARKS)) for grid in read_workbook(path)]
    if not any(table for _, table in tables):
        raise InvalidFile(Problem("teams.book", (str(path),)))
    for grid, table in tables:
        if table is None:
            found.notes.append(Problem("teams.sheet", grid.where))
        elif not table.rows:
            found.notes.append(Problem("sheet.no_rows", grid.where))
        else:
            yield from _read_table(table, found)


def _read_table(table: Table, found: TeamReading) -> Rows:
    is_members = PERSON in table.columns
    needed, columns = ((ROLE,), MEMBER_COLUMNS) if is_members else ((AREA,), TEAM_COLUMNS)
    problems, notes = column_doubts(table, needed, columns)
    found.notes.extend(evolve(note, code="teams.column") for note in notes)
    found.notes.extend(table.notes)
    found.problems.extend([*problems, *(_own_words(problem) for problem in table.problems)])
    for row in () if problems else table.rows:
        try:
            records: list[Record] = [*(_members(row) if is_members else _teams(row))]
        except InvalidEntry as error:
            records = []
            row.problems.extend(() if row.problems else (problem.at(*row.where) for problem in error.problems))
        found.problems.extend(row.problems)
        yield from ((Told(record), row.where) for record in records)


def _own_words(problem: Problem) -> Problem:
    return evolve(problem, code="teams.foot") if problem.code == "row.foot" else problem


def _teams(row: Row) -> Iterator[CareTeam]:
    name, area, within = _word(row, TEAM), _word(row, AREA), _word(row, WITHIN, is_needed=False)
    kind = _term(row, KIND, _KINDS, TeamKind) if row.needed(KIND) else None
    level = _term(row, LEVEL, _LEVELS, AreaLevel) or _LEVEL_OF_KIND.get(kind) or _level_by_name(area or "")
    if level is None and area and not row.text(LEVEL):
        row.wrong("teams.level", LEVEL)
    days = _days(row, FOUNDED, DISSOLVED)
    if not row.problems and name and area and kind and level:
        yield CareTeam(name, kind, Area(area, level, within), **days)


def _level_by_name(area: str) -> AreaLevel | None:
    return next((level for endings, level in _ENDINGS if area.endswith(endings)), None)


def _members(row: Row) -> Iterator[Member]:
    team, name, phone = _word(row, TEAM), _word(row, PERSON), _word(row, PHONE, is_needed=False)
    roles = _terms(row, ROLE, _ROLES, Role) if row.needed(ROLE) else ()
    if Role.GUARDIAN in roles:
        row.wrong("teams.guardian", ROLE)
    days = _days(row, SINCE, UNTIL)
    if not row.problems and team and name:
        yield from (Member(team, name, role, phone, **days) for role in dict.fromkeys(roles))


def _terms(row: Row, column: str, words: Mapping[str, _T], kind: type[_T]) -> tuple[_T, ...]:
    """Return the terms of a cell; the sentence about another word names their labels alone."""
    found = row.text(column)
    try:
        return () if found is None else choices_told(found, words)
    except InvalidEntry:
        row.wrong("teams.word", column, word=harmless(found or ""), options=_labels(kind))
    return ()


def _term(row: Row, column: str, words: Mapping[str, _T], kind: type[_T]) -> _T | None:
    """Return the one term of a cell."""
    found = _terms(row, column, words, kind)
    if len(set(found)) > 1:
        row.wrong("cell.several", column, options=_labels(kind))
    return found[0] if found else None


def _labels(kind: type[Term]) -> str:
    return "、".join(term.zh for term in kind if term is not Role.GUARDIAN)


def _word(row: Row, column: str, *, is_needed: bool = True) -> str | None:
    """Return a name or a telephone on one line; what may be an ID number is refused, and not shown."""
    found = row.needed(column) if is_needed else row.text(column)
    try:
        name = None if found is None else clean_name(plain(found) if column == PHONE else found)
    except InvalidEntry as error:
        row.wrong(error.problems[0].code, column)
        return None
    if name is not None and column != PHONE and masked(name) != name:
        row.wrong("line.number", column)
    return name


def _days(row: Row, first: str, last: str) -> Mapping[str, Any]:
    since, until = row.day(first), row.day(last)
    if since is not None and until is not None and until < since:
        row.wrong("teams.until", last, since=since, until=until)
    return {"since": since, "until": until, "withdrawn": bool(row.choice(WITHDRAWN, _YES))}


_READERS: Final[Mapping[str, Callable[[Path, TeamReading], Rows]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".xlsx": _read_book,
    ".xls": _read_book,
}
