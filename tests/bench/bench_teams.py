"""How long a directory of teams of Dongguan's size takes: its import, and the lists that name who comes.

    python tests/bench/bench_teams.py [PEOPLE_A_VILLAGE]

Each figure is a median; the floor of a list is the same list in a register that keeps no directory.
"""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tabulate import tabulate

from followup import Entry, Registered, Visited, load_policy
from followup.integrity import check
from followup.register import Register
from followup.teamforms import read_teams
from followup.views import render

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
from dongguan_teams import areas, write

ON = date(2026, 11, 23)
ROUNDS = 7


def seconds(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the median time of a call."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return median(found)


def people(villages: list[str], each: int) -> Iterator[Entry]:
    """Yield so many people a village; one of fifty is at risk 3."""
    for place, village in enumerate(villages):
        for number in range(each):
            patient, risk = f"{place:03}{number:05}", 3 if number % 50 == 7 else 0
            team = f"{village}关爱帮扶小组"
            yield Registered(patient, "2026-01-05", name="某人", village=village, team=team)
            yield Visited(patient, ON - timedelta(5 + number % 85), risk=risk, mode="home")


def main(each: int = 60) -> None:
    """Print the table."""
    villages = [name for name, level, *_ in areas() if level == "村(居)"]
    policy = load_policy("dongguan")
    with TemporaryDirectory() as folder:
        write(Path(folder))
        files = [Path(folder, "teams.csv"), Path(folder, "members.csv")]
        plain, kept = (Register.create(Path(folder, f"{name}.db"), policy, ON) for name in ("plain", "kept"))
        for register in (plain, kept):
            register.record_all(people(villages, each))
        reading = read_teams(files, "2026-11-23T08:00:00+08:00")
        told = [row for row, _ in reading.rows]

        def record() -> None:
            with kept.batch(keep=False):
                kept.record_teams(told)

        rows = [
            [f"read {len(told)} rows from CSV", 1e3 * seconds(lambda: read_teams(files)), None],
            ["record them, checked", 1e3 * seconds(record), None],
        ]
        kept.record_teams(told)
        rows.append(["the same again: nothing changes", 1e3 * seconds(lambda: kept.record_teams(told)), None])
        team = f"{villages[300]}关爱帮扶小组"

        def each_of(call: Callable[[Register], Any], rounds: int) -> tuple[float, float]:
            return 1e3 * seconds(lambda: call(kept), rounds), 1e3 * seconds(lambda: call(plain), rounds)

        rows += [
            ["one village's list", *each_of(lambda found: found.worklist(ON, team), 51)],
            ["… printed", *each_of(lambda found: render(found.worklist(ON, team), "table", "zh"), 51)],
            ["… printed with names", *each_of(
                lambda found: render(found.worklist(ON, team), "table", "zh", with_names=True), 51)],
            [f"everybody's list ({613 * each} people)", *each_of(lambda found: found.worklist(ON), ROUNDS)],
            ["the whole directory read", 1e3 * seconds(kept.directory), None],
            ["check", *each_of(check, 1)],
        ]  # fmt: skip
        for register in (plain, kept):
            register.close()
    print(tabulate(rows, ["what", "ms", "without a directory"], floatfmt=",.2f"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
