"""How long the views of a list take, and how much memory: the view alone, and the whole command from a register.

    python tests/bench/bench_views.py FOLDER

Lists of 5,000 lines as workbook, page, calendar and table, and of 160,000 as CSV. "view" is `render` of a list whose
lines are there already; "command" is a process that opens a register, lists, reads every reason and writes the file.
The register of the folder is used as it is, if there is one. Each figure is the median of 5 runs.
"""

import subprocess
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from attrs import evolve
from district import ON, write
from tabulate import tabulate

from followup import WorkList, load_policy
from followup.forms import entries_of
from followup.jsonlines import Reading
from followup.keptlists import read_through
from followup.register import Register
from followup.views import render

ROUNDS = 5
PEOPLE = 23_000
VIEWS = [("xlsx", 5_000), ("html", 5_000), ("ics", 5_000), ("table", 5_000), ("csv", 5_000), ("csv", 160_000)]
COMMANDS = ["xlsx", "html", "ics", "table", "csv"]


def made(folder: Path) -> Path:
    """Make the register of a district, unless it is there."""
    lines, path = folder / f"{PEOPLE}.jsonl", folder / f"{PEOPLE}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write(PEOPLE, lines)
        with Register.create(path, load_policy("dongguan"), ON) as register:
            reading = Reading(recorded_at="2026-11-23T08:00:00+08:00")
            register.record_all(sourced.entry for sourced in entries_of([lines], ON, reading))
    return path


def sized(found: WorkList, size: int) -> WorkList:
    """Return a list of so many lines, made of those that it has."""
    return evolve(found, lines=tuple(islice(cycle(found.lines), size)), duties=())


def view(found: WorkList, form: str) -> tuple[float, float]:
    """Return wall and processor seconds of rendering a list."""
    start, worked = perf_counter(), process_time()
    render(found, form, "zh")
    return perf_counter() - start, process_time() - worked


def command(words: Sequence[str]) -> tuple[float, float, float]:
    """Return wall and processor seconds and the memory, in MiB, of a process."""
    code = (
        "import resource, sys; from followup.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "most = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(used.ru_utime + used.ru_stime, int(most) / 1024)"
    )
    start = perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, encoding="utf-8")
    worked, memory = map(float, done.stdout.split())
    return perf_counter() - start, worked, memory


def main(folder: Path) -> None:
    """Print the table."""
    path, rows = made(folder), []
    with Register.open(path) as register:
        listed, ahead = register.worklist(ON), register.worklist(ON, within=80)
        list(read_through(register.db, listed))
    size, many = (len(found.lines) + len(found.duties) for found in (listed, ahead))
    for form, lines in VIEWS:
        taken = [view(sized(listed, lines), form) for _ in range(ROUNDS)]
        rows.append(["view", form, lines, *(median(found) for found in zip(*taken, strict=True)), None])
    for form, within, lines in [*((form, 0, size) for form in COMMANDS), ("csv", 80, many)]:
        out = folder / f"list.{form}"
        words = ["due", str(path), "--today", str(ON), "--within", f"{within}d", "--format", form, "-o", str(out)]
        used = [command(words) for _ in range(ROUNDS)]
        rows.append(["command", form, lines, *(median(found) for found in zip(*used, strict=True))])
    print(tabulate(rows, ["what", "format", "lines", "seconds", "of the processor", "MiB"], floatfmt=".2f", intfmt=","))
    print(f"medians of {ROUNDS}; {PEOPLE:,} people; on {ON}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
