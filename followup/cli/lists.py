"""Commands that list and tell: due, explain."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import click

from followup.cli.options import FORMATS, OVERDUE, Day, Days, Moment, command, keep_off, opened, put
from followup.errors import Problem, RegisterError, unknown
from followup.sentences import say

_XLSX_ALONE: Final = "it goes with --format xlsx alone"


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@click.option("--as-known", type=Moment(), help="As recorded by the end of a day, or by a moment. 按当时已录入的记录。")
@click.option("--since", type=Day(), help="Say who is new since that day's list, and who left it. 与该日名单比较。")
@click.option("--team", help="Only this team's patients. 只列该团队。")
@click.option(
    "--within", type=Days(), default="0d", help="Add what falls due within so many days, as 7d. 含今后几天到期。"
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--by-team", is_flag=True, help="With xlsx: one sheet a team. xlsx 每个团队一张工作表。")
@click.option("--with-names", is_flag=True, help="Show names and telephones. 显示姓名和电话。")
@click.option("--fail-overdue", is_flag=True, help="Exit with 1 where someone is overdue. 有逾期则退出码为1。")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file. 写入文件。")
@command
def due(
    register: Path,
    on: date | None,
    as_known: datetime | None,
    since: date | None,
    team: str | None,
    within: int,
    form: str,
    by_team: bool,
    with_names: bool,
    fail_overdue: bool,
    output: Path | None,
    today: date,
    lang: str,
) -> None:
    """打印到期名单 · Print the due list: overdue, due today or open."""
    from followup.dates import SHANGHAI
    from followup.terms import Bucket
    from followup.views import render
    from followup.views.charts import AHEAD

    keep_off(output, register)
    if by_team and form != "xlsx":
        raise click.BadParameter(_XLSX_ALONE, param_hint="--by-team")
    if with_names and form == "ics":
        click.echo(say(lang, "calendar.names"), err=True)
    with opened(register) as found:
        day = on or (today if as_known is None else as_known.astimezone(SHANGHAI).date())
        if since is not None and since >= day:
            raise RegisterError(Problem("since", facts={"since": since, "on": day}))
        listed = found.worklist(day, team, within, as_known)
        if team is not None and not sum(listed.counts.values()) and team not in found.teams():
            raise RegisterError(unknown("team", team, found.teams()))
        if since is not None:
            listed = found.compared(listed, since, team, within, as_known)
        options: dict[str, Any] = {"split": True} if by_team else {}
        if form == "html":
            options["ahead"] = found.worklist(day, team, max(within, AHEAD), as_known)
        content = render(listed, form, lang, with_names=with_names, **options)
    put(content, output)
    if fail_overdue and listed.counts[Bucket.OVERDUE]:
        sys.exit(OVERDUE)


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("patient")
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@click.option("--as-known", type=Moment(), help="As recorded by the end of a day, or by a moment. 按当时已录入的记录。")
@command
def explain(register: Path, patient: str, on: date | None, as_known: datetime | None, today: date, lang: str) -> None:
    """说明一名患者的随访日期及依据 · Tell one patient's entries, rules and dates, and why."""
    from followup.dates import SHANGHAI
    from followup.explanation import explain as tell

    with opened(register) as found:
        day = on or (today if as_known is None else as_known.astimezone(SHANGHAI).date())
        click.echo(tell(found.ledger(patient, as_known), found.policy_known(as_known), day, lang))
