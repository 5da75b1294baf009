"""Print this morning's due list, by team, from a folder of official forms as CSV.

    python examples/daily_due_list.py [FOLDER] [DATE] [LANG]

Without a folder it reads the bundled district, which is synthetic, as of 2026-11-23. LANG is zh or en.
"""

import sys
from datetime import date
from pathlib import Path

from followup import FollowupError, load_policy
from followup.forms import read_files
from followup.register import Register
from followup.views import render

BUNDLED = Path(__file__).parent / "district"


def main(folder: Path = BUNDLED, on: str = "2026-11-23", lang: str = "zh") -> None:
    """Read the forms into a register in memory and print the day's list."""
    day = date.fromisoformat(on)
    register = Register.create(":memory:", load_policy("dongguan"), duties_from=day)
    reading = read_files(sorted(Path(folder).glob("*.csv")), today=day)
    if reading.problems:
        sys.exit("\n".join(problem.text(lang) for problem in reading.problems))
    register.record_all(sourced.entry for sourced in reading.entries)
    print(render(register.worklist(day), "table", lang))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])  # type: ignore[arg-type]
    except FollowupError as error:
        sys.exit(str(error))
