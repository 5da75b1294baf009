"""Commands that record: import, record, retract."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from followup.cli.options import command, now, opened
from followup.errors import InvalidFile, Problem, shown
from followup.sentences import LANGUAGES, say

if TYPE_CHECKING:
    from followup.entries import Entry
    from followup.forms import Reading
    from followup.register import Register


@click.command("import")
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Check only. 只检查,不入库。")
@command
def import_(register: Path, files: tuple[Path, ...], dry_run: bool, today: date, lang: str) -> None:
    """导入随访表格 · Import official forms (.csv) or JSON lines (.jsonl), all or nothing."""
    from followup.forms import read_files

    with opened(register) as found:
        reading = read_files(files, today)
        entries = _checked(found, reading, lang)
        if dry_run:
            click.echo(say(lang, "done.checked", count=len(entries)))
        else:
            _record(found, entries, lang)


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("entry")
@click.option("--reason", required=True, help="Why. 撤回原因。")
@command
def retract(register: Path, entry: str, reason: str, today: date, lang: str) -> None:
    """撤回一条记录 · Take an entry back, by its id or the beginning of it."""
    from followup.entries import Retracted

    with opened(register) as found:
        wrong = found.find(entry)
        found.record(_now(Retracted(wrong.patient, today, entry=wrong.id, reason=reason)))
        click.echo(say(lang, "done.retracted", entry=wrong.id))
        _tell_next(found, [wrong.patient], today, lang)


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


@click.group(cls=EntryTypes)
@click.argument("register", type=click.Path(path_type=Path))
@click.pass_context
def record(ctx: click.Context, register: Path) -> None:
    """录入一条记录 · Record one entry, or JSON lines from stdin with "-"."""
    ctx.obj = register


@click.command("-", help="从标准输入读取 JSON 行 · Read JSON lines from stdin.")
@click.pass_obj
@command
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
    made: Callable[..., None] = click.pass_obj(command(run))
    return click.command(kind, help=words)(made)


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
    with opened(register) as found:
        entries = _checked(found, reading, lang)
        _record(found, entries, lang)
        _tell_next(found, dict.fromkeys(entry.patient for entry in entries), today, lang)


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

    return entry if entry.recorded_at else evolve(entry, recorded_at=now())


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
