"""Does the kit find bugs? `python tests/faults/run.py [--only ID] [--jobs N] [--seed N]`.

Each fault of `faults.toml` is put into a copy of the package, one at a time, and the kit is run against the copy in
stages until one catches it: the laws, the worked cases, the norm told a second time (`tests/naive.py`), the worklist,
the register driven at random. A fault that makes an endless loop is caught by its time. First the package without a
fault passes all stages. It takes an hour or so and is no part of the tests.
"""

import os
import signal
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from attrs import frozen
from tabulate import tabulate

HERE: Final = Path(__file__).parent
PACKAGE: Final = HERE.parents[1] / "followup"
#: A stage that waits for something instead of computing ends too.
_PATIENCE: Final = 3600
#: No fault at all.
_FIRST: Final = '"""The decision: '


@frozen(kw_only=True)
class Fault:
    """One fault: in which module which text stands where it should not, and who thought of it."""

    id: str
    module: str
    #: "hand", or the mutation tool's operator.
    made_by: str
    before: str
    after: str
    #: What is wrong, in words.
    story: str = ""
    #: Why no check can see it, where that is so.
    equivalent: str = ""

    @property
    def by(self) -> str:
        """Who made it: the tool or a hand."""
        return "hand" if self.made_by == "hand" else "tool"


@frozen
class Outcome:
    """What came of one fault: the stage and the check that caught it, none where it survived."""

    fault: Fault
    stage: str
    check: str
    seconds: float


def copied(folder: Path, module: str, code: str) -> None:
    """Copy the package into a folder, with another text of one module."""
    copytree(PACKAGE, folder / "followup")
    (folder / "followup" / f"{module}.py").write_text(code, "utf-8")


def faulty(fault: Fault) -> str:
    """Return the text of a fault's module with it; `SystemExit` where its place is not there any more, or not alone."""
    source = (PACKAGE / f"{fault.module}.py").read_text("utf-8")
    if source.count(fault.before) != 1:
        sys.exit(f"{fault.id}: its text stands {source.count(fault.before)} times in {fault.module}.py, not once")
    return source.replace(fault.before, fault.after)


def outcome(fault: Fault, seed: int) -> Outcome:
    """Run the kit against one fault."""
    begun = monotonic()
    with TemporaryDirectory() as folder:
        copied(Path(folder), fault.module, faulty(fault))
        environment = os.environ | {"PYTHONPATH": folder}
        asked = [sys.executable, str(HERE / "stages.py"), fault.module, str(seed)]
        try:
            done = subprocess.run(
                asked, check=False, env=environment, capture_output=True, text=True, timeout=_PATIENCE
            )
            returned, told = done.returncode, done.stdout.split("\n")
        except subprocess.TimeoutExpired as error:
            returned, told = -signal.SIGXCPU, (error.stdout or b"").decode().split("\n")
    stage, _, check = told[-2].partition("\t") if len(told) > 1 else ("import", "", done.stderr[-200:])
    if returned == 0:
        stage, check = "", ""
    elif returned < 0:
        check += " (timeout)" if returned == -signal.SIGXCPU else f" (signal {-returned})"
    return Outcome(fault, stage, check, monotonic() - begun)


def main() -> None:
    """Print a table of all faults, and how many are caught by what."""
    options = ArgumentParser(description=__doc__)
    options.add_argument("--only", action="append", metavar="ID", help="this fault alone; may be given several times")
    options.add_argument("--jobs", type=int, default=1, help="so many at once")
    options.add_argument("--seed", type=int, default=0, help="from which the laws draw")
    asked = options.parse_args()
    with (HERE / "faults.toml").open("rb") as file:
        known = [Fault(**table) for table in tomllib.load(file)["fault"]]
    none = Fault(id="none", module="schedule", made_by="hand", before=_FIRST, after=_FIRST)
    wanted = [none, *known] if asked.only is None else [fault for fault in (none, *known) if fault.id in asked.only]
    for fault in wanted:
        faulty(fault)
    with ThreadPoolExecutor(asked.jobs) as pool:
        found = list(pool.map(lambda fault: _told(outcome(fault, asked.seed)), wanted))
    told = [one for one in found if one.fault.id != "none"]
    print("", tabulate(map(_row, found), ["id", "module", "by", "stage", "check", "s"]), "", *_summary(told), sep="\n")


def _told(one: Outcome) -> Outcome:
    print(*_row(one), sep="  ", flush=True)
    return one


def _row(one: Outcome) -> tuple[str, ...]:
    survived = "equivalent" if one.fault.equivalent else "survived"
    return one.fault.id, one.fault.module, one.fault.by, one.stage or survived, one.check, f"{one.seconds:.0f}"


def _summary(found: list[Outcome]) -> Iterator[str]:
    counted = [one for one in found if one.stage or not one.fault.equivalent]
    caught = [one for one in counted if one.stage]
    yield f"{len(found)} faults, {len(found) - len(counted)} of them equivalent"
    for by in ("tool", "hand"):
        of = [one for one in counted if one.fault.by == by]
        yield f"  by {by}: {sum(1 for one in of if one.stage)} of {len(of)} caught"
    for stage in dict.fromkeys(one.stage for one in caught):
        yield f"  by {stage}: {sum(1 for one in caught if one.stage == stage)}"
    yield f"by the laws alone: {sum(1 for one in caught if one.stage == 'laws')} of {len(counted)}"
    share = f" ({100 * len(caught) / len(counted):.1f} %)" if counted else ""
    yield f"by the kit as a whole: {len(caught)} of {len(counted)}{share}"


if __name__ == "__main__":
    main()
