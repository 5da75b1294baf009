"""The command line: the only clock and the only print."""

import click

from followup.cli.exports import export
from followup.cli.lists import due, explain, findings
from followup.cli.policies import calendar, init, policy
from followup.cli.records import import_, record, retract
from followup.cli.teams import teams
from followup.cli.upkeep import backup, check, forget, restore


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="followup")
def main() -> None:
    """严重精神障碍患者随访到期管理 · Who is due for a follow-up, by when, with whom, and why."""


for _command in (
    init,
    import_,
    record,
    retract,
    due,
    findings,
    explain,
    policy,
    calendar,
    teams,
    check,
    backup,
    restore,
    export,
    forget,
):
    main.add_command(_command)
