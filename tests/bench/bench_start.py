"""How long a program waits for us: `import followup` and `followup --help` over bare Python.

    python tests/bench/bench_start.py

Each figure is the median of 15 runs of a whole process, in milliseconds, the commands run in turn.
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

from tabulate import tabulate

RUNS = 15
COMMANDS = {
    "bare Python": ["-c", "pass"],
    "import followup": ["-c", "import followup"],
    "load_policy": ["-c", "import followup; followup.load_policy('dongguan')"],
    "followup --help": ["-m", "followup", "--help"],
}


def seconds(words: list[str]) -> float:
    """Return how long one process takes."""
    start = perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> None:
    """Print the table."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(RUNS + 1):
        for name, words in COMMANDS.items():
            found = seconds(words)
            if turn:  # the first turn warms the file cache
                taken[name].append(found)
    floor = median(taken["bare Python"])
    rows = [[name, median(times) * 1e3, (median(times) - floor) * 1e3] for name, times in taken.items()]
    print(tabulate(rows, ["command", "median ms", "over bare Python"], floatfmt=".0f"))


if __name__ == "__main__":
    main()
