"""Read a directory of Dongguan's size, and print who comes to a joint visit, and which role the team lacks.

    python examples/care_teams.py [LANG]

Everybody in it is invented; see dongguan_teams.py. LANG is zh or en.
"""

import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from dongguan_teams import write

from followup import Assigned, Registered, Visited, load_policy
from followup.register import Register
from followup.teamforms import read_teams
from followup.views import render

TEAM, OTHER = "枫林村关爱帮扶小组", "柳湾村关爱帮扶小组"


def main(lang: str = "zh") -> None:
    """Print the list of one village, before and after a patient has moved to another."""
    register = Register.create(":memory:", load_policy("dongguan"), duties_from=date(2026, 11, 23))
    with TemporaryDirectory() as folder:
        write(Path(folder))
        reading = read_teams([Path(folder, "teams.csv"), Path(folder, "members.csv")])
    print(register.record_teams(told for told, _ in reading.rows))
    register.record(Registered("10100001", "2026-10-08", name="某甲", team=TEAM, village="枫林村"))
    register.record(Visited("10100001", "2026-11-16", risk=3, mode="home", present=["prevention_doctor"]))
    print(render(register.worklist(date(2026, 11, 23), TEAM), "table", lang, with_names=True))
    register.record(Assigned("10100001", "2026-11-24", team=OTHER, village="柳湾村"))
    print(render(register.worklist(date(2026, 11, 24), OTHER), "table", lang, with_names=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
