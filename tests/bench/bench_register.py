"""How long a register takes for districts of several sizes, beside plain sqlite3 that does the same by hand.

    python tests/bench/bench_register.py FOLDER 10000 100000 1000000

Registers that are in the folder already are used as they are. Each figure is a median; each floor reads or writes
the same rows, in the same run, without this library.
"""

import json
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from district import ON, TEAM, write
from tabulate import tabulate

from followup import Visited, load_policy
from followup.register import Register

ROUNDS = 7


def seconds(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the median time of a call."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return median(found)


def made(folder: Path, people: int) -> list[list[Any]]:
    """Make the register of a district, unless it is there; return what that took."""
    lines, path = folder / f"{people}.jsonl", folder / f"{people}.db"
    if path.exists():
        return []
    start = time.perf_counter()
    write(people, lines)
    generated = time.perf_counter() - start
    command = [sys.executable, __file__, "import", str(lines), str(path)]
    taken, memory = map(float, subprocess.run(command, check=True, capture_output=True).stdout.split())
    return [
        ["generate", people, generated, "s", None],
        ["import", people, 12 * people / taken, "entries/s", floor_of_import(lines, folder / "floor.db")],
        ["memory of the import", people, memory / 1024, "MiB", None],
        ["file", people, path.stat().st_size / 1e6, "MB", None],
    ]


def imported(lines: str, path: str) -> None:
    """Import a file in a process of its own; print seconds and KiB."""
    from followup.forms import Reading, entries_of  # noqa: PLC0415 - for this process alone

    register = Register.create(path, load_policy("dongguan"), ON)
    reading = Reading(recorded_at="2026-11-23T08:00:00+08:00")
    start = time.perf_counter()
    register.record_all(sourced.entry for sourced in entries_of([Path(lines)], ON, reading))
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def floor_of_import(lines: Path, path: Path) -> float:
    """Return how many entries a second plain sqlite3 takes in: read, parsed, written with two indexes."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
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
    path.unlink()
    return entries / taken


def lists(register: Register, people: int) -> list[list[Any]]:
    """Measure one team's list and everybody's."""
    teams = register.teams()
    team = teams[len(teams) // 2]
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
    found = register.worklist(ON, team)
    start = time.perf_counter()
    for line in (*found.lines, *found.duties):
        assert line.due.reasons
    reasons = (time.perf_counter() - start) / sizes[0]
    return [
        [f"one team's list, {sizes[0]} lines", people, 1e3 * seconds(lambda: register.worklist(ON, team), 51), "ms",
         1e3 * seconds(floor("AND team = ?", [team]), 51)],
        [f"everybody's list, {sizes[1]} lines", people, seconds(lambda: register.worklist(ON)), "s",
         seconds(floor("", []))],
        ["reasons of a line, when asked for", people, 1e3 * reasons, "ms", None],
    ]  # fmt: skip


def recording(register: Register, people: int, folder: Path) -> list[list[Any]]:
    """Measure one visit, durable, with its dates; the floor writes rows of the same shape by hand."""
    numbers = count(17, 101)
    marks = ", ".join("?" * len(register.db.conn.execute("SELECT * FROM due LIMIT 1").fetchone()))
    row = register.db.conn.execute("SELECT * FROM entries WHERE seq = 9").fetchone()

    begun = register.head().entries  # another run has recorded others

    def record() -> None:
        number = next(numbers)
        next_on = ON + timedelta(1 + (begun + number) % 10_000)
        register.record(Visited(f"{number % people:08}", ON, risk=0, mode="home", stability="stable", next_on=next_on))

    path = folder / "floor.db"
    path.unlink(missing_ok=True)
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
        connection.execute("DELETE FROM due WHERE patient = ?", (patient,))
        connection.execute("DELETE FROM standings WHERE patient = ?", (patient,))
        connection.execute("INSERT INTO standings VALUES (?, ?, ?, 1, 'A', 'x', ?, ?)", (patient, *[str(ON)] * 4))
        for kind in ("visit", "health-check"):
            values = (patient, str(ON), "9999-12-31", "A", "A", kind, *[str(ON)] * 3, 0, "stable", "", "", "", "")
            connection.execute(f"INSERT INTO due VALUES ({marks})", values)  # noqa: S608
        connection.execute("INSERT INTO audit VALUES (NULL, 'x', 'x', 'x', 'x', 'x', 1, 'x', 'x')")
        connection.execute("COMMIT")

    found = [["record one visit, durable", people, 1e3 * seconds(record, 300), "ms", 1e3 * seconds(by_hand, 300)]]
    connection.close()
    return found


def adopting(register: Register, people: int) -> list[list[Any]]:
    """Measure the adoption of another policy, a patient, beside reading the ledgers."""
    start = time.perf_counter()
    for _ in register.ledgers():
        pass
    reading = time.perf_counter() - start
    start = time.perf_counter()
    with register.batch(keep=False):
        register.adopt(load_policy("national-2018"), ON)
    taken = time.perf_counter() - start
    return [["adopt a policy, a patient", people, 1e6 * taken / people, "us", 1e6 * reading / people]]


def main(folder: Path, sizes: list[int]) -> None:
    """Print the table."""
    folder.mkdir(exist_ok=True)
    rows = []
    for people in sizes:
        rows += made(folder, people)
        with Register.open(folder / f"{people}.db") as register:
            rows += lists(register, people)
            rows += recording(register, people, folder)
            rows += adopting(register, people)
    for row in rows:
        row.append(row[2] / row[4] if row[4] else None)
    headings = ["what", "people", "figure", "unit", "floor (adopt: reading)", "times the floor"]
    print(tabulate(rows, headings, floatfmt=",.3f", intfmt=","))
    print(f"medians; a team has {TEAM} people, a person 12 entries")


if __name__ == "__main__":
    if sys.argv[1] == "import":
        imported(*sys.argv[2:])
    else:
        main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]])
