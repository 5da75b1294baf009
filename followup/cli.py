"""The command line: the only clock and the only print."""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from followup.errors import FollowupError, InvalidFile, Problem, RegisterError, shown, unknown
from followup.sentences import LANGUAGES, say

if TYPE_CHECKING:
    from followup.entries import Entry
    from followup.forms import Reading
    from followup.register import Register

#: Exit codes: 1 someone is overdue and --fail-overdue was given, 2 wrong usage (click's own), 3 bad data.
OVERDUE, BAD_DATA = 1, 3

_WITHIN: Final = re.compile(r"(\d{1,3})d?")


class Day(click.ParamType[date]):
    """A civil day as 2026-11-22."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day, or refuse it as wrong usage."""
        from followup.dates import day

        try:
            return day(value)
        except FollowupError as error:
            self.fail(error.text("en"), param, ctx)


class Days(click.ParamType[int]):
    """A number of days as 7d."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number, or refuse it as wrong usage."""
        found = _WITHIN.fullmatch(str(value))
        if found is None:
            self.fail(f'"{value}" is no number of days; write 7d', param, ctx)
        return int(found[1])


class Zone(click.ParamType[ZoneInfo]):
    """A time zone as Asia/Shanghai."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """Read the zone, or refuse it as wrong usage."""
        try:
            return value if isinstance(value, ZoneInfo) else ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            self.fail(f'"{value}" is no time zone; write Asia/Shanghai', param, ctx)


_SHARED: Final = (
    click.option("--lang", type=click.Choice(LANGUAGES), default="zh", show_default=True, envvar="FOLLOWUP_LANG",
                 help="Language of what is printed. 输出语言。"),
    click.option("--today", type=Day(), envvar="FOLLOWUP_TODAY", help="The date to take for today. 指定今天的日期。"),
    click.option("--tz", type=Zone(), default="Asia/Shanghai", show_default=True, help="Whose today. 时区。"),
)  # fmt: skip


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, and answer errors with a sentence and an exit code."""

    @functools.wraps(function)
    def run(*args: Any, today: date | None, tz: ZoneInfo, lang: str, **given: Any) -> None:
        try:
            function(*args, today=today or datetime.now(tz).date(), lang=lang, **given)
        except (FollowupError, UnicodeEncodeError) as error:
            found = error.text(lang) if isinstance(error, FollowupError) else Problem("argument").text(lang)
            click.echo(found, err=True)
            sys.exit(BAD_DATA)

    return functools.reduce(lambda found, option: option(found), reversed(_SHARED), run)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="followup")
def main() -> None:
    """严重精神障碍患者随访到期管理 · Who is due for a follow-up, by when, with whom, and why."""


@main.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option(
    "--policy", "name", default="national-2018", show_default=True, help="Name or TOML file. 规则名称或文件。"
)
@click.option("--duties-from", type=Day(), help="First day for duties; today if not given. 职责起算日。")
@_command
def init(register: Path, name: str, duties_from: date | None, today: date, lang: str) -> None:
    """新建登记库 · Make a new register."""
    from followup.policyfile import load_policy
    from followup.register import Register

    policy = load_policy(name)
    Register.create(register, policy, duties_from or today).close()
    click.echo(say(lang, "done.init", path=register, policy=policy.title.text(lang), version=policy.version))


@main.command("import")
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Check only. 只检查,不入库。")
@_command
def import_(register: Path, files: tuple[Path, ...], dry_run: bool, today: date, lang: str) -> None:
    """导入随访表格 · Import official forms (.csv) or JSON lines (.jsonl), all or nothing."""
    from followup.forms import read_files

    with _opened(register) as found:
        reading = read_files(files, today)
        entries = _checked(found, reading, lang)
        if dry_run:
            click.echo(say(lang, "done.checked", count=len(entries)))
        else:
            _record(found, entries, lang)


@main.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("entry")
@click.option("--reason", required=True, help="Why. 撤回原因。")
@_command
def retract(register: Path, entry: str, reason: str, today: date, lang: str) -> None:
    """撤回一条记录 · Take an entry back, by its id or the beginning of it."""
    from followup.entries import Retracted

    with _opened(register) as found:
        wrong = found.find(entry)
        found.record(_now(Retracted(wrong.patient, today, entry=wrong.id, reason=reason)))
        click.echo(say(lang, "done.retracted", entry=wrong.id))
        _tell_next(found, [wrong.patient], today, lang)


@main.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@click.option("--team", help="Only this team's patients. 只列该团队。")
@click.option(
    "--within", type=Days(), default="0d", help="Add what falls due within so many days, as 7d. 含今后几天到期。"
)
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@click.option("--with-names", is_flag=True, help="Show names and telephones. 显示姓名和电话。")
@click.option("--fail-overdue", is_flag=True, help="Exit with 1 where someone is overdue. 有逾期则退出码为1。")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file. 写入文件。")
@_command
def due(
    register: Path,
    on: date | None,
    team: str | None,
    within: int,
    form: str,
    with_names: bool,
    fail_overdue: bool,
    output: Path | None,
    today: date,
    lang: str,
) -> None:
    """打印到期名单 · Print the due list: overdue, due today or open."""
    from followup.terms import Bucket
    from followup.views import render

    with _opened(register) as found:
        if team is not None and team not in found.teams():
            raise RegisterError(unknown("team", team, found.teams()))
        listed = found.worklist(on or today, team, within)
    text = render(listed, form, lang, with_names=with_names)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
    if fail_overdue and listed.counts[Bucket.OVERDUE]:
        sys.exit(OVERDUE)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise InvalidFile(Problem("output", facts={"path": path, "reason": error.strerror})) from None


@main.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("patient")
@click.option("--on", type=Day(), help="The day asked about; today if not given. 查询日期。")
@_command
def explain(register: Path, patient: str, on: date | None, today: date, lang: str) -> None:
    """说明一名患者的随访日期及依据 · Tell one patient's entries, rules and dates, and why."""
    from followup.explanation import explain as tell

    with _opened(register) as found:
        click.echo(tell(found.ledger(patient), found.policy, on or today, lang))


class EntryTypes(click.Group):
    """One subcommand an entry type, its options made from the type's fields; "-" reads JSON lines."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """Return the entry types, and "-"."""
        from followup.entries import TYPES

        return ["-", *(name for name in TYPES if name != "retracted")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of an entry type, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return _record_lines if cmd_name == "-" else _record_one(cmd_name)


@main.group(cls=EntryTypes)
@click.argument("register", type=click.Path(path_type=Path))
@click.pass_context
def record(ctx: click.Context, register: Path) -> None:
    """录入一条记录 · Record one entry, or JSON lines from stdin with "-"."""
    ctx.obj = register


@click.command("-", help="从标准输入读取 JSON 行 · Read JSON lines from stdin.")
@click.pass_obj
@_command
def _record_lines(register: Path, today: date, lang: str) -> None:
    from followup.forms import Reading, read_lines

    reading = Reading()
    read_lines(sys.stdin.buffer.read(), "-", today, reading)
    _record_checked(register, reading, today, lang)


def _record_one(kind: str) -> click.Command:
    from followup.entries import FIELDS

    def run(register: Path, today: date, lang: str, **given: str | None) -> None:
        from followup.forms import Reading, read_line

        content = {name: _plain(kind, name, value) for name, value in given.items() if value is not None}
        reading = Reading()
        read_line(json.dumps({"type": kind, **content}), (kind,), today, reading)
        _record_checked(register, reading, today, lang)

    names = [key for key in FIELDS[kind].values() if key != "form"]
    for name in reversed(names):
        click.option(f"--{name.replace('_', '-')}", name, required=name == "patient")(run)
    words = " · ".join(say(lang, f"entry.{kind}") for lang in LANGUAGES)
    command: Callable[..., None] = click.pass_obj(_command(run))
    return click.command(kind, help=words)(command)


#: Fields of several values, written with commas between them; `functions` as self_care=good,work=poor.
_SEVERAL: Final = frozenset({"seen", "present", "symptoms", "functions"})


def _plain(kind: str, name: str, value: str) -> Any:
    """Return an option's text as JSON has it."""
    if name == "functions":
        pairs = [part.partition("=")[::2] for part in value.split(",")]
        twice = [name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1]
        if twice:
            raise InvalidFile(Problem("json.twice", ("functions",), {"key": shown(twice[0])}))
        return dict(pairs)
    if name in _SEVERAL or (kind, name) == ("done", "to"):
        return [part for part in value.split(",") if part]
    if name == "risk":
        return int(value) if re.fullmatch("[0-9]{1,9}", value) else value
    return {"yes": True, "no": False}.get(value, value) if name == "consents" else value


def _record_checked(register: Path, reading: "Reading", today: date, lang: str) -> None:
    with _opened(register) as found:
        entries = _checked(found, reading, lang)
        _record(found, entries, lang)
        _tell_next(found, dict.fromkeys(entry.patient for entry in entries), today, lang)


def _opened(path: Path) -> "Register":
    from followup.register import Register

    return Register.open(path)


def _checked(register: "Register", reading: "Reading", lang: str) -> "Sequence[Entry]":
    """Return the entries, or refuse them with every problem of the files and of the register."""
    for note in reading.notes:
        click.echo(note.text(lang), err=True)
    entries = [sourced.entry for sourced in reading.entries]
    problems = list(reading.problems)
    for place, problem in register.problems(entries):
        if problem.code != "patient.unknown" or entries[place].patient not in reading.refused:
            problems.append(problem.at(*reading.entries[place].where))
    if problems:
        raise InvalidFile(problems)
    return entries


def _record(register: "Register", entries: "Sequence[Entry]", lang: str) -> None:
    count = register.record_all(map(_now, entries))
    click.echo(say(lang, "done.recorded", count=count, known=len(entries) - count))


def _now(entry: "Entry") -> "Entry":
    from attrs import evolve

    return entry if entry.recorded_at else evolve(entry, recorded_at=datetime.now(UTC).isoformat(timespec="seconds"))


def _tell_next(register: "Register", patients: Iterable[str], on: date, lang: str) -> None:
    from followup.schedule import due_visits, standing

    for patient in patients:
        ledger = register.ledger(patient)
        lines = due_visits(ledger, register.policy, on)
        for line in lines:
            facts = {"kind": line.kind.label(lang), "due": line.due_on, "why": line.reasons[0].text(lang)}
            click.echo(say(lang, "done.next", patient=patient, **facts))
        if not lines:
            where = standing(ledger, register.policy, on)
            label = where.label(lang) if where else say(lang, "word.unknown")
            click.echo(say(lang, "done.no_next", patient=patient, standing=label))
