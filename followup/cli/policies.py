"""Commands about rules: init, policy (list, show, audit, diff, test, adopt, history, withdraw), calendar."""

import sys
from collections import Counter
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from followup.cli.options import BAD_DATA, FAILED, Day, command, now, opened, program, written_by
from followup.errors import InvalidPolicy, Problem
from followup.sentences import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from followup.audittrail import Writing
    from followup.dates import WorkCalendar
    from followup.inforce import Adoption
    from followup.policy import Policy
    from followup.register import Register
    from followup.shifts import Shift
    from followup.testing import WorkedCase


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option(
    "--policy", "name", default="national-2018", show_default=True, help="Name or TOML file. 规则名称或文件。"
)
@click.option("--duties-from", type=Day(), help="First day for duties; today if not given. 职责起算日。")
@written_by
@command
def init(register: Path, name: str, duties_from: date | None, writer: str | None, today: date, lang: str) -> None:
    """新建登记库 · Make a new register."""
    from followup.audit import check_sound
    from followup.policyfile import load_policy
    from followup.register import Register

    policy = load_policy(name)
    check_sound(policy, today)
    Register.create(register, policy, duties_from or today, author=writer, program=program()).close()
    click.echo(say(lang, "done.init", path=register, policy=policy.title.text(lang), version=policy.version))


@click.group()
def policy() -> None:
    """查看、审查、比较、更换规则 · Show, audit, compare and adopt policies."""


@policy.command("list")
@command
def list_(today: date, lang: str) -> None:  # noqa: ARG001 - all commands are called alike
    """列出自带的规则 · List the policies that come with the library."""
    from followup.policyfile import bundled_policies, load_policy

    for name in bundled_policies():
        found = load_policy(name)
        click.echo(f"{name}  {found.version}  {found.title.text(lang)}")


@policy.command()
@click.argument("name")
@command
def show(name: str, today: date, lang: str) -> None:  # noqa: ARG001
    """用文字列出一份规则 · Print a policy (name or TOML file) to be read and signed."""
    from followup.policyfile import load_policy
    from followup.rulebook import rulebook

    click.echo(rulebook(load_policy(name), lang))


@policy.command()
@click.argument("name")
@command
def audit(name: str, today: date, lang: str) -> None:  # noqa: ARG001
    """审查一份规则 · Audit a policy (name or TOML file); exits with 3 where it has errors."""
    from followup.audit import audit as remarks
    from followup.policyfile import load_policy

    found = load_policy(name)
    said = remarks(found)
    errors = [remark for remark in said if remark.is_error]
    click.echo(say(lang, "audit.title", id=found.id, version=found.version, errors=len(errors)))
    for remark in said:
        click.echo(say(lang, "audit.error" if remark.is_error else "audit.note", text=remark.text(lang)))
    if errors:
        sys.exit(BAD_DATA)


@policy.command()
@click.argument("old")
@click.argument("new")
@click.option("--on", type=Day(), help="The day of which the rules count; today if not given. 比较日期。")
@command
def diff(old: str, new: str, on: date | None, today: date, lang: str) -> None:
    """比较两份规则 · Say what changes, and for whom, from one policy to another."""
    from followup.policyfile import load_policy
    from followup.rulebook import comparison

    click.echo(comparison(load_policy(old), load_policy(new), on or today, lang))


@policy.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("name")
@click.option("--from", "day", type=Day(), required=True, help="The first day it is in force. 施行日期。")
@click.option("--dry-run", is_flag=True, help="Show whom it touches, change nothing. 只看影响,不更换。")
@written_by
@command
def adopt(register: Path, name: str, day: date, dry_run: bool, writer: str | None, today: date, lang: str) -> None:
    """更换登记库的规则 · Adopt a policy from a day on, and say first whom it touches."""
    from followup.policyfile import load_policy

    new = load_policy(name)
    with opened(register, writer) as found:
        found.check_adoption(new, day)
        _tell_shifts(found, new, day, today, lang)
        if dry_run:
            click.echo(say(lang, "adopt.dry_run"))
        else:
            found.adopt(new, day, now())
            click.echo(say(lang, "adopt.done", on=day, policy=new.title.text(lang), version=new.version))


@policy.command()
@click.argument("register", type=click.Path(path_type=Path))
@command
def history(register: Path, today: date, lang: str) -> None:
    """列出登记库用过的规则 · List the policies that a register adopted: since when, by whom, withdrawn or not."""
    from tabulate import tabulate

    from followup.inforce import ALWAYS

    columns = ("since", "policy", "version", "noted", "author", "state")
    with opened(register) as found:
        known = found.adoptions()
        current = max(ALWAYS, found.policy.edition(today).since)
        rows = [_told_adoption(one, today, current, lang) for one in known]
    click.echo(tabulate(rows, [say(lang, f"column.{name}") for name in columns], tablefmt="simple"))


@policy.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--from", "day", type=Day(), required=True, help="The first day it would be in force. 原定施行日期。")
@click.option("--reason", required=True, help="Why. 原因。")
@written_by
@command
def withdraw(register: Path, day: date, reason: str, writer: str | None, today: date, lang: str) -> None:
    """撤回未到施行日的规则 · Withdraw a policy before the day from which it was adopted."""
    with opened(register, writer) as found:
        left = found.withdraw(day, today, reason, now()).policy.edition(day)
        click.echo(say(lang, "withdraw.done", on=day, policy=left.title.text(lang), version=left.version))


def _told_adoption(one: "Adoption", today: date, current: date, lang: str) -> list[str]:
    """Return the row of an adoption; `current` is the first day of the one that is in force."""
    from followup.inforce import ALWAYS

    at, author = _told_writing(one.noted, lang)
    if one.reason is not None:
        then, by = _told_writing(one.withdrawn, lang)
        state = say(lang, "history.withdrawn", at=then, by=by, reason=one.reason)
    else:
        key = "coming" if one.since > today else "in_force" if one.since == current else "former"
        state = say(lang, f"history.{key}")
    since = say(lang, "history.always") if one.since == ALWAYS else str(one.since)
    return [since, one.id, one.version, at, author, state]


def _told_writing(writing: "Writing | None", lang: str) -> tuple[str, str]:
    """Return when (in China) and by whom something was written, as far as it is known."""
    from followup.dates import SHANGHAI, instant

    unknown = say(lang, "word.unknown")
    if writing is None:
        return unknown, unknown
    return f"{instant(writing.at).astimezone(SHANGHAI):%Y-%m-%d %H:%M}", writing.author or unknown


@policy.command()
@click.argument("name")
@click.option(
    "--examples", type=click.IntRange(1), default=100, show_default=True, help="People a law. 每条定律的人数。"
)
@click.option("--seed", type=int, default=0, show_default=True, help="Where the drawing begins. 随机起点。")
@click.option("--cases", type=click.Path(path_type=Path), help="Worked cases: a file or a folder. 案例文件或文件夹。")
@command
def test(name: str, examples: int, seed: int, cases: Path | None, today: date, lang: str) -> None:  # noqa: ARG001
    """检验一份规则 · Test a policy (name or TOML file): audit, laws, worked cases; exits with 1 where one fails."""
    from followup.policyfile import load_policy

    if find_spec("hypothesis") is None:
        raise InvalidPolicy(Problem("testing.extra"))
    from followup.testing import read_cases

    found = load_policy(name)
    known = () if cases is None else read_cases(cases)
    passed = [_tell_audit(found, lang), _tell_laws(found, examples, seed, lang), _tell_cases(found, known, lang)]
    click.echo(say(lang, "test.passed" if all(passed) else "test.failed"))
    if not all(passed):
        sys.exit(FAILED)


def _tell_audit(found: "Policy", lang: str) -> bool:
    from followup.audit import audit_errors

    errors = audit_errors(found)
    click.echo(say(lang, "audit.title", id=found.id, version=found.version, errors=len(errors)))
    for remark in errors:
        click.echo(say(lang, "audit.error", text=remark.text(lang)))
    return not errors


def _tell_laws(found: "Policy", examples: int, seed: int, lang: str) -> bool:
    from followup.testing.checks import verdicts

    click.echo(say(lang, "test.title", examples=examples, seed=seed))
    broken = 0
    for verdict in verdicts(found, examples=examples, seed=seed):
        key = "test.holds" if verdict.broken is None else "test.fails"
        click.echo(say(lang, key, law=verdict.law.text(lang)))
        if verdict.broken is not None:
            broken += 1
            click.echo(verdict.broken.story.told(lang) + "\n")
    return not broken


def _tell_cases(found: "Policy", known: "Sequence[WorkedCase]", lang: str) -> bool:
    from followup.testing import CaseBroken

    broken = 0
    for case in known:
        try:
            case.check(found)
        except CaseBroken as otherwise:
            broken += 1
            click.echo(otherwise.text(lang) + "\n")
    if known:
        click.echo(say(lang, "test.cases", good=len(known) - broken, all=len(known)))
    return not broken


def _tell_shifts(register: "Register", new: "Policy", day: date, today: date, lang: str) -> None:
    """Say whom a change of policy touches on its first day, or today where that is past."""
    from followup.policy import FOLLOW_UPS
    from followup.shifts import shifts

    was, on = register.policy.editions[-1], max(day, today)
    found = [*shifts(register.ledgers(), register.policy, register.policy.then(new, day), on)]
    moved = {shift.patient for shift in found if shift.direction is not None}
    joined = {shift.patient for shift in found if shift.has_other_parties}
    rules = {"old": was.id, "was": was.version, "new": new.id, "version": new.version}
    facts = {"on": day, "of": register.size(), "as_of": on, "people": len(moved), "parties": len(joined)}
    click.echo(say(lang, "adopt.title", **rules, **facts))
    _tell_table([shift for shift in found if shift.kind in FOLLOW_UPS], ("team", "stability"), lang)
    _tell_table([shift for shift in found if shift.kind not in FOLLOW_UPS], ("kind", "team", "stability"), lang)
    click.echo("")


def _tell_table(found: "Sequence[Shift]", columns: "Sequence[str]", lang: str) -> None:
    """Print how many lines move, and whither: a row for each team and class (and kind of duty)."""
    from tabulate import tabulate

    from followup.terms import Direction

    counted: dict[tuple[str, ...], Counter[Direction | str]] = {}
    for shift in found:
        told = {
            "kind": shift.kind.label(lang),
            "team": shift.team or say(lang, "list.no_team"),
            "stability": shift.stability.label(lang),
        }
        row = counted.setdefault(tuple(told[name] for name in columns), Counter())
        if shift.direction is not None:
            row[shift.direction] += 1
        row["parties"] += shift.has_other_parties
    if counted:
        rows = [[*row, *(count[one] for one in Direction), count["parties"]] for row, count in sorted(counted.items())]
        headings = [direction.label(lang) for direction in Direction]
        names = [say(lang, f"column.{name}") for name in columns]
        table = tabulate(rows, [*names, *headings, say(lang, "column.parties")], tablefmt="simple")
        click.echo(f"\n{table}")


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("notice", type=click.Path(path_type=Path), required=False)
@written_by
@command
def calendar(register: Path, notice: Path | None, writer: str | None, today: date, lang: str) -> None:  # noqa: ARG001
    """录入放假通知 · Enter a year's holiday notice (a TOML file), or say which years are known."""
    from followup.noticefile import load_notice, notice_text

    with opened(register, writer) as found:
        before = found.policy.calendar
        if notice is not None:
            year = load_notice(notice).year  # its errors name the file
            found = found.add_notice(notice_text(notice), now())  # noqa: PLW2901
            _tell_replaced(before, found.policy.calendar, year, lang)
        click.echo(say(lang, "calendar.known", known=found.policy.calendar.text(lang)))


def _tell_replaced(before: "WorkCalendar", after: "WorkCalendar", year: int, lang: str) -> None:
    """Say which days of a year that was known already are otherwise by its new notice."""
    days = (date(year, 1, 1) + timedelta(number) for number in range(366))
    other = [day for day in days if day.year == year and before.is_workday(day) != after.is_workday(day)]
    if year in before.years and other:
        told = [say(lang, f"calendar.{'worked' if after.is_workday(day) else 'off'}", on=day) for day in other]
        click.echo(say(lang, "calendar.replaced", year=year, days=say(lang, "word.and").join(told)))
