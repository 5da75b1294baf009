"""The command that writes a register out: export."""

from datetime import date
from pathlib import Path

import click

from followup.cli.options import command, opened
from followup.sentences import say


@click.command()
@click.argument("register", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option("--with-ids", is_flag=True, help="Let ID numbers leave too. 含身份证号。")
@command
def export(register: Path, folder: Path, form: str, with_ids: bool, today: date, lang: str) -> None:  # noqa: ARG001
    """导出全部记录 · Write everything out: JSON lines, and both official forms."""
    from followup.exports import export as write
    from followup.storage import sentences_of_sqlite, snapshot
    from followup.teamrows import rows

    # The ledgers are read twice, and must be the same, whoever records meanwhile.
    with opened(register) as found, sentences_of_sqlite(register), snapshot(found.db):
        done = write(found.ledgers, folder, form, with_ids=with_ids, teams=lambda: rows(found.db))
    click.echo(say(lang, "export.done", people=done.people, entries=done.entries, path=folder))
    if done.unsaid or done.strangers:
        click.echo(say(lang, "export.unsaid", unsaid=done.unsaid, strangers=done.strangers))
    if not with_ids:
        click.echo(say(lang, "export.ids"))
