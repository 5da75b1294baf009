"""Commands about care teams: teams import, teams show."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from followup.cli.options import Day, Moment, command, keep_off, now, opened, work_on, write, written_by
from followup.errors import InvalidFile, Problem, RegisterError
from followup.sentences import say

if TYPE_CHECKING:
    from followup.register import Register
    from followup.teamforms import TeamReading
    from followup.teams import CareTeam, Directory, Member


@click.group()
def teams() -> None:
    """导入、查看责任团队及成员 · Import and show care teams and their members."""


@teams.command("import")
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Check only. 只检查,不入库。")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every error and warning to a CSV file. 将全部错误和提示写入 CSV 文件。",
)
@written_by
@command
def import_(
    register: Path,
    files: tuple[Path, ...],
    dry_run: bool,
    report: Path | None,
    writer: str | None,
    today: date,
    lang: str,
) -> None:
    """导入团队表和成员表 · Import tables of teams and members (.xlsx, .xls, .csv, .jsonl), all or nothing."""
    from followup.importreport import report as told_of
    from followup.teamforms import read_teams

    keep_off(report, register, *files)
    reading = read_teams(files, now("microseconds"))  # a row told twice in a second may be a change and its undoing

    def tell() -> None:
        for note in reading.notes:
            click.echo(note.text(lang), err=True)
        if report is not None:
            write(report, told_of(reading.problems, reading.notes))
        if reading.problems:
            raise InvalidFile(reading.problems)

    count = work_on(register, writer, lambda found: _take(found, reading, today, tell, keep=not dry_run))
    key = "done.teams.checked" if dry_run else "done.teams"
    click.echo(say(lang, key, count=len(reading.rows) if dry_run else count, known=len(reading.rows) - count))


def _take(register: "Register", reading: "TeamReading", on: date, tell: Callable[[], None], *, keep: bool) -> int:
    """Record what is read, or refuse it with every problem of the files and of the whole directory.

    What `tell` cannot report is not recorded either.
    """
    from followup.teamchecks import RefusedTeams, doubts, team_of

    told = {team_of(row.record) for row, _ in reading.rows}
    try:
        with register.batch(keep=keep):
            count = register.record_teams(row for row, _ in reading.rows)
            if not reading.problems:
                found = (doubt for doubt in doubts(register.directory(), on) if doubt.team in told)
                reading.notes.extend(reading.placed(found))
            tell()
    except RefusedTeams as error:
        # What a row lacks may be one of those that were refused already.
        untold = {"teams.unknown", "teams.unknown.guess", "teams.withdrawn"} if reading.problems else set()
        found = (doubt for doubt in error.doubts if doubt.problem.code not in untold)
        reading.problems.extend(reading.placed(found))
        tell()
        raise
    return count


@teams.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@click.option("--as-known", type=Moment(), help="As recorded by the end of a day, or by a moment. 按当时已录入的记录。")
@click.option("--team", help="Only this team. 只列该团队。")
@click.option("--with-names", is_flag=True, help="Show names and telephones of members. 显示成员姓名和电话。")
@command
def show(
    register: Path,
    on: date | None,
    as_known: datetime | None,
    team: str | None,
    with_names: bool,
    today: date,
    lang: str,
) -> None:
    """列出某日的团队、成员及疑问 · Print the teams and members of a day, and what is doubtful about them."""
    from followup.dates import SHANGHAI
    from followup.teamchecks import absent, doubts, stranger

    with opened(register) as found:
        day = on or (today if as_known is None else as_known.astimezone(SHANGHAI).date())
        directory = found.directory(as_known)
        listed = [one for one in directory.teams_on(day) if team in {None, one.name}]
        if team is not None and team not in directory.teams:
            raise RegisterError(stranger("teams.unknown", team, directory.teams))
        click.echo(say(lang, "teams.title", on=day, count=len(listed)))
        for one in listed:
            click.echo(_team(one, directory.members_on(one.name, day), lang, with_names=with_names))
        problems = [doubt.problem for doubt in doubts(directory, day) if team in {None, doubt.team}]
        problems += [] if team is None else absent("teams.absent", directory, team, day)
        if team is None and as_known is None:
            problems += _patients(found, directory, day)
        for problem in problems if directory else [Problem("teams.none")]:
            click.echo(say(lang, "explain.finding", text=problem.text(lang)))


def _team(team: "CareTeam", members: "Sequence[Member]", lang: str, *, with_names: bool) -> str:
    """Return a team in words: of its members the roles, and who they are only where names are asked for."""
    from followup.explanation import one_line
    from followup.teamchecks import span

    places = (team.area.within, team.area.name)
    area = f"{say(lang, 'teams.in').join(filter(None, places))} ({team.area.level.label(lang)})"
    facts = {"name": team.name, "kind": team.kind.label(lang), "area": area, "span": span(team, lang)}
    lines = [say(lang, "teams.team", **facts)]
    if with_names:
        for one in members:
            person = say(lang, "list.person", name=one.name, phone=one.phone or "").strip()
            lines.append(say(lang, "teams.member", role=one.role.label(lang), person=person, span=span(one, lang)))
    else:
        counts = Counter(one.role for one in members)
        lines += [say(lang, "teams.role", role=role.label(lang), count=count) for role, count in counts.items()]
    return "\n".join(map(one_line, lines))


def _patients(register: "Register", directory: "Directory", on: date) -> Iterator[Problem]:
    """Yield how many people no team answers for on a day, team by team."""
    from followup.teamchecks import absent, stranger

    for team, people in register.people_by_team(on).items():
        if team is None:
            yield Problem("teams.homeless", facts={"people": people})
        elif team in directory.teams:
            yield from absent("teams.patients", directory, team, on, people=people)
        else:
            options = [one.name for one in directory.teams_on(on)]
            yield stranger("teams.patients", team, options, people=people, on=on)
