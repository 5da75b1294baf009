"""Commands that look after a register: check, backup, restore, forget."""

import sys
from datetime import date
from pathlib import Path

import click

from followup.cli.options import BAD_DATA, command, keep_off, opened, program, work_on, written_by
from followup.errors import Problem, RegisterError
from followup.sentences import say


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.option("--head", "since", help="The head that an earlier list showed. 以前名单上的链首。")
@click.option("--repair", is_flag=True, help="Derive the kept dates anew. 重新计算随访日期。")
@written_by
@command
def check(
    register: Path,
    since: str | None,
    repair: bool,
    writer: str | None,
    today: date,  # noqa: ARG001 - all commands are called alike
    lang: str,
) -> None:
    """检查登记库 · Check a register: file, chain, audit, dates; exits with 3 where something is wrong."""
    from followup.chain import Head
    from followup.entryrows import forgotten
    from followup.integrity import check as problems
    from followup.integrity import repair as derive

    head = None if since is None else Head.parse(since)
    with opened(register, writer) as found:
        if repair:
            derive(found)
            click.echo(say(lang, "check.repaired"))
        wrong = problems(found, head)
        for problem in wrong:
            click.echo(problem.text(lang))
        for finding in () if any(problem.code == "check.table" for problem in wrong) else found.duplicates():
            click.echo(say(lang, "explain.finding", text=finding.text(lang)))
        for patient, on, reason in forgotten(found.db):
            click.echo(say(lang, "check.forgotten", patient=patient, on=on, reason=reason))
        facts = {"people": found.size(), "head": found.head(), "wrong": len(wrong)}
        click.echo(say(lang, "check.wrong" if wrong else "check.good", **facts))
    if wrong:
        sys.exit(BAD_DATA)


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@command
def backup(register: Path, file: Path, today: date, lang: str) -> None:  # noqa: ARG001
    """备份登记库 · Copy a register as it is at this moment, while others may write."""
    keep_off(file, register)
    with opened(register) as found:
        found.backup(file)
        click.echo(say(lang, "done.backup", path=file, head=found.head()))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("register", type=click.Path(path_type=Path))
@written_by
@command
def restore(file: Path, register: Path, writer: str | None, today: date, lang: str) -> None:  # noqa: ARG001
    """由备份恢复 · Make a register of a backup; nothing is overwritten."""
    from followup.register import Register
    from followup.storage import remove, restored

    keep_off(register, file)
    if not file.is_file():
        raise RegisterError(Problem("register.missing", facts={"path": file}))
    restored(file, register)
    try:
        with Register.open(register, author=writer, program=program()) as found:
            with found.batch():
                found.note("restore", file.name)
            head = found.head()
    except BaseException:
        remove(register)
        raise
    click.echo(say(lang, "done.restore", path=register, head=head))


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("patient")
@click.option("--reason", required=True, help="By which right. 依据。")
@written_by
@command
def forget(register: Path, patient: str, reason: str, writer: str | None, today: date, lang: str) -> None:
    """依法清除一名患者的全部资料 · Erase all that is recorded of a patient, as the law may ask for."""
    work_on(register, writer, lambda found: found.forget(patient, today, reason))
    click.echo(say(lang, "done.forgotten", patient=patient))
