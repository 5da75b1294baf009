"""Commands that record: import, record, retract."""

import json
import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

import click

from followup.cli.options import LONG, command, keep_off, now, work_on, write, written_by
from followup.errors import InvalidFile, Problem, RefusedEntries, shown
from followup.sentences import LANGUAGES, say

if TYPE_CHECKING:
    from followup.jsonlines import Reading, Sourced
    from followup.register import Register


@click.command("import")
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
    """导入随访表格 · Import official forms (.xlsx, .xls, .csv) or JSON lines (.jsonl), all or nothing."""
    from followup.forms import entries_of
    from followup.jsonlines import Reading

    keep_off(report, register, *files)
    reading = Reading(recorded_at=now())

    def take(found: "Register") -> None:
        _take(found, reading, lambda: entries_of(files, today, reading), lang, keep=not dry_run, report=report)

    work_on(register, writer, take)


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("entry")
@click.option("--reason", required=True, help="Why. 撤回原因。")
@written_by
@command
def retract(register: Path, entry: str, reason: str, writer: str | None, today: date, lang: str) -> None:
    """撤回一条记录 · Take an entry back, by its id or the beginning of it."""
    from followup.entries import Retracted
    from followup.ledger import taken_back
    from followup.refusals import check_reason

    check_reason(reason)

    def take_back(found: "Register") -> None:
        wrong = found.find(entry)
        if wrong.id in taken_back(found.ledger(wrong.patient).entries):
            click.echo(say(lang, "done.retracted.before", entry=wrong.id))
            return
        found.record(Retracted(wrong.patient, today, entry=wrong.id, reason=reason, recorded_at=now()))
        click.echo(say(lang, "done.retracted", entry=wrong.id))
        _tell_next(found, [wrong.patient], today, lang)

    work_on(register, writer, take_back)


class EntryTypes(click.Group):
    """One subcommand an entry type, its options made from the type's fields; "-" and a file's name read many."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """Return the entry types, and "-"."""
        from followup.entries import TYPES

        return ["-", *(name for name in TYPES if name != "retracted")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of an entry type or of a file, or None."""
        if cmd_name not in self.list_commands(ctx):
            return _record_file(cmd_name) if _FILE.search(cmd_name) else None
        return _record_lines if cmd_name == "-" else _record_one(cmd_name)


@click.group(cls=EntryTypes)
@click.argument("register", type=click.Path(path_type=Path))
@click.pass_context
def record(ctx: click.Context, register: Path) -> None:
    """录入一条记录 · Record one entry, JSON lines from stdin with "-", or a filled-in list (FILLED.xlsx)."""
    ctx.obj = register


@click.command("-", help="从标准输入读取 JSON 行 · Read JSON lines from stdin.")
@click.pass_obj
@written_by
@command
def _record_lines(register: Path, writer: str | None, today: date, lang: str) -> None:
    from followup.jsonlines import Reading, read_lines
    from followup.sheets import decoded_lines

    reading = Reading(recorded_at=now())
    try:
        lines = decoded_lines(sys.stdin.buffer, "-")
        reading.entries.extend(read_lines(lines, "-", today, reading))
    except InvalidFile as error:
        reading.problems.extend(error.problems)
    _record_read(register, writer, reading, today, lang)


def _record_file(name: str) -> click.Command:
    def run(register: Path, writer: str | None, today: date, lang: str) -> None:
        from followup.forms import entries_of
        from followup.jsonlines import Reading

        reading = Reading(recorded_at=now())
        reading.entries.extend(entries_of([Path(name)], today, reading))
        _record_read(register, writer, reading, today, lang)

    written_by(run)
    made: Callable[..., None] = click.pass_obj(command(run))
    return click.command(name, help="录入填好的名单 · Record a filled-in list.")(made)


def _record_one(kind: str) -> click.Command:
    from followup.entries import FIELDS

    def run(register: Path, writer: str | None, today: date, lang: str, **given: str | None) -> None:
        from followup.cli.words import read_options
        from followup.jsonlines import Reading, Sourced, read_line

        content = read_options(kind, {name: value for name, value in given.items() if value is not None})
        reading = Reading(recorded_at=now())
        entry = read_line(json.dumps({"type": kind, **content}), (kind,), today, reading)
        reading.entries.extend([] if entry is None else [Sourced(entry, (kind,))])
        _record_read(register, writer, reading, today, lang)

    names = [key for key in FIELDS[kind].values() if key != "form"]
    for name in reversed(names):
        click.option(f"--{name.replace('_', '-')}", name, required=name == "patient")(run)
    written_by(run)
    words = " · ".join(say(lang, f"entry.{kind}") for lang in LANGUAGES)
    made: Callable[..., None] = click.pass_obj(command(run))
    return click.command(kind, help=words)(made)


#: What is no entry type but a file.
_FILE: Final = re.compile(r"\.(xlsx|xls|csv|jsonl)$", re.IGNORECASE)


def _record_read(register: Path, writer: str | None, reading: "Reading", today: date, lang: str) -> None:
    told = [sourced.entry for sourced in reading.entries]

    def take(found: "Register") -> None:
        _take(found, reading, lambda: iter(reading.entries), lang)
        _tell_next(found, dict.fromkeys(entry.patient for entry in told), today, lang, {entry.id for entry in told})

    work_on(register, writer, take)


def _take(
    register: "Register",
    reading: "Reading",
    told: "Callable[[], Iterator[Sourced]]",
    lang: str,
    *,
    keep: bool = True,
    report: Path | None = None,
) -> None:
    """Record what is read, or refuse it with every problem of the files and of the register.

    `told` gives the entries, and gives them again where the register refuses some, to find their places.
    """
    from followup.foretelling import Foretold
    from followup.spellings import alike

    before = register.head().entries
    try:
        with register.batch(keep=keep):
            reading.foretold = Foretold(register.policy)
            entries = (sourced.entry for sourced in _watched(told(), reading, lang))
            count = register.record_all(entries, reading.foretold)
            reading.notes += [Problem("doubt", facts={"finding": one}) for one in register.duplicates(before)]
            reading.notes += [
                Problem("teams.alike", facts={"teams": " / ".join(map(shown, one))}) for one in alike(register.teams())
            ]
            _tell_notes(reading, lang)
            _report(report, reading.problems, reading.notes)
            if reading.problems:
                raise InvalidFile(reading.problems)
    except RefusedEntries as error:
        _tell_notes(reading, lang)
        problems, notes = list(reading.problems), list(reading.notes)
        reading.foretold = None  # the file is read once more, and nobody takes its dates
        problems += _placed(error, told(), reading.refused)
        _report(report, problems, notes)
        raise InvalidFile(problems) from None
    if keep:
        click.echo(say(lang, "done.recorded", count=count, known=reading.count - count))
    else:
        click.echo(say(lang, "done.checked", count=reading.count))


def _tell_notes(reading: "Reading", lang: str) -> None:
    for note in reading.notes:
        click.echo(note.text(lang), err=True)


def _report(path: Path | None, problems: "Iterable[Problem]", notes: "Iterable[Problem]") -> None:
    """Write what was found to a file, where one is asked for; what cannot be reported is not recorded either."""
    if path is not None:
        from followup.importreport import report

        write(path, report(problems, notes))


def _placed(error: RefusedEntries, told: "Iterable[Sourced]", refused: Container[str]) -> "Iterator[Problem]":
    """Say where each refused entry stands; that a person is unknown whose registration has problems goes without."""
    waiting = dict(zip(error.entries, error.problems, strict=True))
    for sourced in told:
        problem = waiting.pop(sourced.entry.id, None)
        if problem is not None and not (problem.code == "patient.unknown" and sourced.entry.patient in refused):
            yield problem.at(*sourced.where)


def _watched(told: "Iterator[Sourced]", reading: "Reading", lang: str) -> "Iterator[Sourced]":
    """Count what is read, and tell a terminal of it where it takes long."""
    began = monotonic()
    watched = sys.stderr.isatty()
    for sourced in told:
        reading.count += 1
        yield sourced
        if watched and not reading.count % 5_000 and monotonic() - began > LONG:
            click.echo("\r" + say(lang, "progress.read", count=reading.count), nl=False, err=True)
    if watched and monotonic() - began > LONG:
        click.echo("\r" + say(lang, "progress.dates", count=reading.count), err=True)


def _tell_next(
    register: "Register", patients: Iterable[str], on: date, lang: str, recorded: Container[str] = ()
) -> None:
    """Print what is due next for each patient, and what is doubted of the entries with the ids `recorded`."""
    from followup.findings import findings
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
        for finding in findings(ledger, register.policy, on):
            if any(entry.id in recorded for entry in finding.entries):
                click.echo(say(lang, "done.finding", patient=patient, text=finding.text(lang)))
