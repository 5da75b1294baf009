"""Commands that list and tell: due, findings, explain."""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import evolve

from followup.cli.options import (
    FORMATS,
    LONG,
    OVERDUE,
    Day,
    DayOrMoment,
    Days,
    Moment,
    Word,
    command,
    keep_off,
    opened,
    put,
    work_on,
)
from followup.errors import Problem, RegisterError, unknown
from followup.sentences import say

if TYPE_CHECKING:
    from followup.case import Case
    from followup.findings import Finding
    from followup.register import Register
    from followup.terms import LineKind, Role
    from followup.worklist import WorkList

#: How lines may be ordered: the keys of `selections.ORDERS`, which is read when it is needed.
_ORDERS: Final = ("urgency", "village", "risk", "date")


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@click.option("--as-known", type=Moment(), help="As recorded by the end of a day, or by a moment. 按当时已录入的记录。")
@click.option(
    "--since",
    type=DayOrMoment(),
    help="Say who is new since that morning's list (or that moment's), and who left it. 与该日早晨或该时刻的名单比较。",
)
@click.option("--team", help="Only this team's patients. 只列该团队。")
@click.option("--village", help="Only this village's patients. 只列该村(居)。")
@click.option("--kind", type=Word("LineKind"), help="Only such lines, as visit. 只列该事项,如 随访。")
@click.option("--role", type=Word("Role"), help="Only what needs or invites them, as police. 只列须其参加或邀请的。")
@click.option(
    "--within", type=Days(), default="0d", help="Add what falls due within so many days, as 7d. 含今后几天到期。"
)
@click.option("--sort", "order", type=click.Choice(_ORDERS), default="urgency", show_default=True, help="排序。")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--by-team", is_flag=True, help="With xlsx: one sheet a team. xlsx 每个团队一张工作表。")
@click.option("--digest", is_flag=True, help="Only counts, to be sent as a message. 只报人数,可作短信。")
@click.option("--with-names", is_flag=True, help="Show names and telephones. 显示姓名和电话。")
@click.option("--fail-overdue", is_flag=True, help="Exit with 1 where someone is overdue. 有逾期则退出码为1。")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file. 写入文件。")
@command
def due(
    register: Path,
    on: date | None,
    as_known: datetime | None,
    since: date | datetime | None,
    team: str | None,
    village: str | None,
    kind: "LineKind | None",
    role: "Role | None",
    within: int,
    order: str,
    form: str,
    by_team: bool,
    digest: bool,
    with_names: bool,
    fail_overdue: bool,
    output: Path | None,
    today: date,
    lang: str,
) -> None:
    """打印到期名单 · Print the due list: overdue, due today or open."""
    from followup.selections import in_order, selected
    from followup.terms import Bucket
    from followup.views import render
    from followup.views.charts import AHEAD
    from followup.views.digest import digest as told

    keep_off(output, register)
    _check_usage(form, by_team=by_team, digest=digest, narrowed=bool(kind or role or since))
    if with_names and form == "ics":
        click.echo(say(lang, "calendar.names"), err=True)

    def shown(listed: "WorkList") -> "WorkList":
        return in_order(selected(listed, kind, role), order)

    def make(found: "Register") -> "tuple[WorkList, str | bytes]":
        day = on or (today if as_known is None else _day(as_known))
        if since is not None and _day(since) >= day:
            raise RegisterError(Problem("since", facts={"since": _day(since), "on": day}))
        listed = found.worklist(day, team, within, as_known, village)
        _check_spelling(found, listed, team, village)
        if since is not None:
            listed = found.compared(listed, since, team, within, as_known, village)
        options: dict[str, Any] = {"split": True} if by_team else {}
        if form == "html":
            options["ahead"] = shown(found.worklist(day, team, AHEAD, as_known, village))
        if digest:
            return listed, told(listed, lang, team or village) + "\n"
        listed = shown(listed)
        _read_through(found, listed, lang)
        return listed, render(listed, form, lang, with_names=with_names, **options)

    listed, content = work_on(register, None, make)
    put(content, output)
    if fail_overdue and listed.counts[Bucket.OVERDUE]:
        sys.exit(OVERDUE)


def _read_through(found: "Register", listed: "WorkList", lang: str) -> None:
    """Read what the lines tell, and tell a terminal of it where it takes long."""
    from followup.keptlists import read_through

    began, told, total = monotonic(), False, len(listed.lines) + len(listed.duties)
    watched = sys.stderr.isatty()
    for place, count in enumerate(read_through(found.db, listed), 1):
        if watched and not place % 100 and monotonic() - began > LONG:
            click.echo("\r" + say(lang, "progress.lines", count=count, total=total), nl=False, err=True)
            told = True
    if told:
        click.echo("\r" + say(lang, "progress.writing", count=total), err=True)


def _check_usage(form: str, *, by_team: bool, digest: bool, narrowed: bool) -> None:
    """Refuse options that do not go together as wrong usage."""
    if by_team and form != "xlsx":
        raise click.BadParameter("it goes with --format xlsx alone", param_hint="--by-team")  # noqa: TRY003
    if digest and (narrowed or form != "table"):
        what = "it counts people, whichever lines are due: --kind, --role, --since and --format do not go with it"
        raise click.BadParameter(what, param_hint="--digest")


def _check_spelling(found: "Register", listed: "WorkList", team: str | None, village: str | None) -> None:
    """Tell nobody that nobody is due because of a slip of the pen."""
    if sum(listed.counts.values()):
        return
    if team is not None and team not in found.teams():
        raise RegisterError(unknown("team", team, found.teams()))
    if village is not None and village not in found.villages():
        raise RegisterError(unknown("village", village, found.villages()))


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--team", help="Only this team's patients. 只列该团队。")
@command
def findings(register: Path, team: str | None, today: date, lang: str) -> None:
    """列出全部疑问 · Tell every doubt about everybody's records, whether or not the patient is on a list."""
    from followup.explanation import one_line
    from followup.worklist import all_findings

    told, people, total = list[tuple[str | None, str]](), set[str](), 0
    with opened(register) as found:
        directory, twins = found.directory(), _twins(found, today, team, lang)
        for case in _cases(found, today, lang):
            if team is None or case.team == team:
                total += 1
                for finding in (*all_findings(case, found.policy, directory), *twins.get(case.patient, ())):
                    facts = {"patient": case.patient, "team": case.team or say(lang, "list.no_team")}
                    told.append((case.team, one_line(say(lang, "findings.one", **facts, text=finding.text(lang)))))
                    people.add(case.patient)
        if team is not None and not total and team not in found.teams():
            raise RegisterError(unknown("team", team, found.teams()))
    for _, line in sorted(told, key=_by_team):
        click.echo(line)
    click.echo(say(lang, "findings.count", count=len(told), people=len(people), total=total))


def _twins(found: "Register", on: date, team: str | None, lang: str) -> "dict[str, list[Finding]]":
    """Return by each patient that somebody else may be the same person; of other teams than `team` no number."""
    twins: dict[str, list[Finding]] = {}
    for finding in found.duplicates():
        people: list[str] = [finding.patient, *finding.facts["others"]]
        ours = people if team is None else _of_team(found, people, team, on)
        away = len(people) - len(ours)
        first, *others = ours if not away else [*ours, say(lang, "findings.elsewhere", count=away)]
        told = evolve(finding, patient=first, facts={"patient": first, "others": tuple(others)})
        for patient in ours:
            twins.setdefault(patient, []).append(told)
    return twins


def _of_team(found: "Register", people: list[str], team: str, on: date) -> list[str]:
    """Return those of some patients whom a team has on a day."""
    from followup.case import case_on

    cases = (case_on(ledger, on) for ledger in found.ledgers(people))
    return [case.patient for case in cases if case is not None and case.team == team]


def _cases(found: "Register", on: date, lang: str) -> "Iterator[Case]":
    """Read everybody who was registered by a day, and tell a terminal of it where it takes long."""
    from followup.case import case_on

    began, watched, total = monotonic(), sys.stderr.isatty(), found.size()
    count = 0
    for count, ledger in enumerate(found.ledgers(), 1):
        case = case_on(ledger, on)
        if case is not None:
            yield case
        if watched and not count % 100 and monotonic() - began > LONG:
            click.echo("\r" + say(lang, "progress.people", count=count, total=total), nl=False, err=True)
    if watched and monotonic() - began > LONG:
        click.echo("\r" + say(lang, "progress.people", count=count, total=total), err=True)


def _by_team(told: tuple[str | None, str]) -> tuple[bool, bytes]:
    """Sort by team as Chinese names are sorted, and last whoever has none; patients stay in their order."""
    team, _ = told
    return team is None, (team or "").encode("gb18030", "replace")


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("patient")
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@click.option("--as-known", type=Moment(), help="As recorded by the end of a day, or by a moment. 按当时已录入的记录。")
@click.option("--format", "form", type=click.Choice(["text", "html"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file. 写入文件。")
@command
def explain(
    register: Path,
    patient: str,
    on: date | None,
    as_known: datetime | None,
    form: str,
    output: Path | None,
    today: date,
    lang: str,
) -> None:
    """说明一名患者的随访日期及依据 · Tell one patient's entries, rules and dates, why, and how they lie in time."""
    from followup.explanation import explain as tell
    from followup.views.timeline import drawn, render_page

    keep_off(output, register)
    with opened(register) as found:
        day = on or (today if as_known is None else _day(as_known))
        about = (found.ledger(patient, as_known), found.policy_known(as_known), day, lang)
        text = render_page(*about) if form == "html" else "\n".join([tell(*about), *drawn(*about)]) + "\n"
    put(text, output)


def _day(when: date | datetime) -> date:
    """Return the civil day of a moment, or the day that is given."""
    from followup.dates import SHANGHAI

    return when.astimezone(SHANGHAI).date() if isinstance(when, datetime) else when
