"""How long a register takes for districts of several sizes, beside plain sqlite3 that does the same by hand.

    python tests/bench/bench_register.py FOLDER 10000 100000 1000000

Registers that are in the folder already are used as they are, and their import is not measured again. Each figure
is a median of as many runs as the table says; each floor reads or writes the same rows, in the same run, without
this library. What the last column holds a figure to is marked where the figure misses it. A million patients take
about half an hour and 30 GB.
"""

import json
import platform
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen
from district import ON, TEAM, write
from tabulate import tabulate

from followup import Visited, load_policy
from followup.register import Register
from followup.worklist import WorkList

#: How often what takes long is measured. Of a million people what takes minutes is measured once.
ROUNDS = 5
#: What is quick is measured so often a round.
OFTEN = 60
MANY = 1_000_000
#: An import may use so many MiB, however many entries it has.
MEMORY = 300


@frozen
class Figure:
    """One line of the table."""

    what: str
    people: int
    figure: float
    unit: str
    floor: float | None = None
    runs: int = 1
    #: What it should be, and whether it is.
    held_to: str = ""
    holds: bool = True


def timed(call: Callable[[], Any]) -> float:
    """Return the time of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def in_turn(*calls: tuple[int, Callable[[], Any]]) -> list[float]:
    """Return the median time of each call, made so often a round: a machine's pace changes from second to second."""
    timings: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for (often, call), taken in zip(calls, timings, strict=True):
            taken += [timed(call) for _ in range(often)]
    return [*map(median, timings)]


def rounds_of(people: int) -> int:
    """Return how often what takes long is measured."""
    return ROUNDS if people < MANY else 1


def removed(path: Path) -> Path:
    """Remove a database and what SQLite keeps beside it, if it is there; return its path."""
    for end in ("", "-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    return path


def made(folder: Path, people: int) -> list[Figure]:
    """Make the register of a district, unless it is there; return what that took."""
    lines, path, other = folder / f"{people}.jsonl", folder / f"{people}.db", folder / "import.db"
    if path.exists():
        return []
    generated = timed(lambda: write(people, lines))
    floors, runs, rounds = [], [], rounds_of(people)
    for number in range(rounds):
        floors.append(floor_of_import(lines, folder / "floor.db"))
        command = [sys.executable, __file__, "import", str(lines), str(removed(path if number == 0 else other))]
        runs.append([*map(float, subprocess.run(command, check=True, capture_output=True).stdout.split())])
    removed(other)
    lines.unlink()
    rate, memory = 12 * people / median(taken for taken, _ in runs), median(kib for _, kib in runs) / 1024
    return [
        Figure("generate the JSON lines", people, generated, "s"),
        Figure("import JSON lines", people, rate, "entries/s", median(floors), rounds, ">= 25,000", rate >= 25_000),
        Figure("import, all of it", people, 12 * people / rate, "s", runs=rounds),
        Figure("import, peak memory", people, memory, "MiB", None, rounds, f"< {MEMORY}", memory < MEMORY),
        Figure("the register's file", people, path.stat().st_size / 1e6, "MB"),
    ]


def imported(lines: str, path: str) -> None:
    """Import a file in a process of its own; print seconds and KiB."""
    from followup.foretelling import Foretold  # noqa: PLC0415 - for this process alone
    from followup.forms import entries_of  # noqa: PLC0415 - for this process alone
    from followup.jsonlines import Reading  # noqa: PLC0415

    register = Register.create(path, load_policy("dongguan"), ON)
    reading = Reading(recorded_at="2026-11-23T08:00:00+08:00", foretold=Foretold(register.policy))
    entries = (told.entry for told in entries_of([Path(lines)], ON, reading))
    taken = timed(lambda: register.record_all(entries, reading.foretold))
    # A long file is read by a second process.
    print(taken, sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def floor_of_import(lines: Path, path: Path) -> float:
    """Return how many entries a second plain sqlite3 takes in: read, parsed, written with one index."""
    connection = sqlite3.connect(removed(path), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute('CREATE TABLE entries (seq INTEGER PRIMARY KEY, patient, type, "on", body)')
    connection.execute('CREATE INDEX by_patient ON entries (patient, "on")')
    start, entries = time.perf_counter(), 0
    connection.execute("BEGIN IMMEDIATE")
    with lines.open(encoding="utf-8") as file:
        for line in file:
            data = json.loads(line)
            connection.execute(
                "INSERT INTO entries VALUES (NULL, ?, ?, ?, ?)", (data["patient"], data["type"], data["on"], line)
            )
            entries += 1
    connection.execute("COMMIT")
    taken = time.perf_counter() - start
    connection.close()
    removed(path)
    return entries / taken


def lists(register: Register, people: int) -> list[Figure]:
    """Measure one team's list and everybody's."""
    team = middle(register)
    listed = "SELECT * FROM due WHERE from_on <= ? AND until_on > ? AND opens_on <= ?"
    counted = "SELECT rest, opens_on, due_on, count(*) FROM standings WHERE from_on <= ? AND until_on > ?"
    days = [str(ON)] * 3
    plain = register.db.conn

    def floor(where: str, values: list[str]) -> Callable[[], None]:
        def read() -> None:
            plain.execute(f"{counted} {where} GROUP BY 1, 2, 3", days[:2] + values).fetchall()
            plain.execute(f"{listed} {where}", days + values).fetchall()

        return read

    of_team, of_all = register.worklist(ON, team), register.worklist(ON)
    sizes = [len(found.lines) + len(found.duties) for found in (of_team, of_all)]
    of_team_too = [register.worklist(ON, team) for _ in range(ROUNDS)]
    reasons = median(timed(partial(told, found)) for found in of_team_too) / sizes[0]
    one, one_by_hand, whole, whole_by_hand = in_turn(
        (OFTEN, lambda: register.worklist(ON, team)),
        (OFTEN, floor("AND team = ?", [team])),
        (1, lambda: register.worklist(ON)),
        (1, floor("", [])),
    )
    return [
        Figure(f"one team's list, {sizes[0]} lines", people, 1e3 * one, "ms", 1e3 * one_by_hand, ROUNDS * OFTEN,
               f"< 2 ms at {MANY:,}", people < MANY or one < 2e-3),
        Figure(f"everybody's list, {sizes[1]:,} lines", people, whole, "s", whole_by_hand, ROUNDS,
               "10 x the floor", whole < 10 * whole_by_hand),
        Figure("a line's reasons, when asked for", people, 1e3 * reasons, "ms", runs=ROUNDS),
    ]  # fmt: skip


def told(found: WorkList) -> None:
    """Ask for the reasons of every line."""
    for line in (*found.lines, *found.duties):
        assert line.due.reasons


def recording(register: Register, people: int, folder: Path) -> list[Figure]:
    """Measure one visit, durable, with its dates; the floor writes rows of the same shape by hand."""
    numbers = count(17, 101)
    marks = ", ".join("?" * len(register.db.conn.execute("SELECT * FROM due LIMIT 1").fetchone()))
    row = register.db.conn.execute("SELECT * FROM entries WHERE seq = 9").fetchone()

    begun = register.head().entries  # another run has recorded others

    def record() -> None:
        number = next(numbers)
        next_on = ON + timedelta(1 + (begun + number) % 10_000)
        register.record(Visited(f"{number % people:08}", ON, risk=0, mode="home", stability="stable", next_on=next_on))

    path = removed(folder / "floor.db")
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in register.db.conn.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'"
    ):
        if "sqlite_" not in statement[0]:
            connection.execute(statement[0])
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    places = count(1)

    def by_hand() -> None:
        place = next(places)
        patient = f"{place:08}"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (place, f"{place:020}", patient, *row[3:])
        )
        connection.execute("SELECT * FROM entries WHERE patient = ?", (patient,)).fetchall()
        connection.execute("DELETE FROM due WHERE team = 'A' AND patient = ?", (patient,))
        connection.execute("DELETE FROM standings WHERE patient = ?", (patient,))
        connection.execute("INSERT INTO standings VALUES (?, ?, ?, 1, 'A', 'x', ?, ?)", (patient, *[str(ON)] * 4))
        for kind in ("visit", "health-check"):
            values = (patient, str(ON), "9999-12-31", "A", "A", kind, *[str(ON)] * 3, 0, "stable", "///")
            connection.execute(f"INSERT INTO due VALUES ({marks})", values)  # noqa: S608
        connection.execute("INSERT INTO audit VALUES (NULL, 'x', 'x', 'x', 'x', 'x', 1, 'x', 'x')")
        connection.execute("COMMIT")

    ours, floor = in_turn((OFTEN, record), (OFTEN, by_hand))
    connection.close()
    removed(path)
    holds = ours < min(1e-3, 8 * floor)
    return [
        Figure("record one visit, durable", people, 1e3 * ours, "ms", 1e3 * floor, ROUNDS * OFTEN,
               "< 1 ms, 8 x the floor", holds),
    ]  # fmt: skip


def adopting(register: Register, people: int, folder: Path) -> list[Figure]:
    """Measure the adoption of other policies, committed, a patient; its floor is reading all ledgers."""
    path = removed(folder / "adopting.db")
    register.backup(path)
    policies = [load_policy(name) for name in ("national-2018", "dongguan")]
    readings, taken, rounds = [], [], rounds_of(people)
    with Register.open(path) as copy:
        for number in range(rounds):
            start = time.perf_counter()
            read(copy.ledgers())
            readings.append(time.perf_counter() - start)
            start = time.perf_counter()
            copy = copy.adopt(policies[number % 2], ON + timedelta(1 + number))  # noqa: PLW2901 - under other rules
            taken.append(time.perf_counter() - start)
    removed(path)
    ours, reading = 1e6 * median(taken) / people, 1e6 * median(readings) / people
    holds = ours <= min(200, 3 * reading)
    held_to = "200 us, 3 x reading"
    return [Figure("adopt a policy, a patient", people, ours, "us", reading, rounds, held_to, holds)]


def read(ledgers: Iterable[Any]) -> None:
    """Read them all."""
    for _ in ledgers:
        pass


def against_the_smallest(folder: Path, smallest: int, people: int) -> Figure:
    """Compare one team's list with that of the smallest register, asked for in turn."""
    with Register.open(folder / f"{smallest}.db") as small, Register.open(folder / f"{people}.db") as large:
        lists = [partial(register.worklist, ON, middle(register)) for register in (small, large)]
        first, ours = in_turn(*((OFTEN, one) for one in lists))
    times = ours / first
    what = "one team's list, times the first size"
    return Figure(what, people, times, "x", None, ROUNDS * OFTEN, "<= 1.3", times <= 1.3)


def middle(register: Register) -> str:
    """Return the team in the middle."""
    teams = register.teams()
    return teams[len(teams) // 2]


def main(folder: Path, sizes: list[int]) -> None:
    """Print the table."""
    folder.mkdir(exist_ok=True)
    figures = []
    for people in sizes:
        figures += made(folder, people)
        with Register.open(folder / f"{people}.db") as register:
            figures += lists(register, people)
            figures += recording(register, people, folder)
            figures += adopting(register, people, folder)
    headings = ["what", "people", "figure", "unit", "floor", "times the floor", "runs", "held to", ""]
    figures += [against_the_smallest(folder, sizes[0], people) for people in sizes[1:]]
    rows = [_row(figure) for figure in figures]
    print(tabulate(rows, headings, floatfmt=",.3f", intfmt=","))
    print(f"medians; a person has 12 entries, a team {TEAM} people; the floor of adopting is reading all ledgers")
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}")


def _row(one: Figure) -> list[Any]:
    # A rate is better the higher it is, a time the lower.
    times = None if one.floor is None else one.floor / one.figure if "/s" in one.unit else one.figure / one.floor
    missed = "" if one.holds else "MISSED"
    return [one.what, one.people, one.figure, one.unit, one.floor, times, one.runs, one.held_to, missed]


if __name__ == "__main__":
    if sys.argv[1] == "import":
        imported(*sys.argv[2:])
    else:
        main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]])
