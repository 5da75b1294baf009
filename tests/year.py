"""A village's whole year under a policy, as text: each day's counts, and what came on the list or left it.

`python tests/year.py` writes the year as it is now, to be read in review before it is committed.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

from attrs import evolve

from followup import Ledger, Policy, WorkList, load_policy
from followup.forms import read_files

FOLDER = Path(__file__).parent / "year"
DISTRICT = Path(__file__).parent.parent / "examples" / "district"
TEAM = "清溪村关爱帮扶小组"
FIRST, LAST = date(2025, 11, 24), date(2026, 11, 22)
NAMES = ("national-2018", "dongguan")


@cache
def village() -> list[Ledger]:
    """Return the ledgers of one village of the synthetic district."""
    reading = read_files(sorted(DISTRICT.glob("*.csv")), date(2026, 11, 23))
    entries = sorted((sourced.entry for sourced in reading.entries), key=lambda entry: entry.patient)
    ledgers = [Ledger(patient, same) for patient, same in groupby(entries, key=lambda entry: entry.patient)]
    return [ledger for ledger in ledgers if any(getattr(fact, "team", None) == TEAM for fact in ledger.facts)]


def year(name: str) -> str:
    """Return the year under a policy, by its name."""
    policy = evolve(load_policy(name), duties_from=FIRST)
    head = f"# {policy.id} {policy.version}; written by `python tests/year.py`"
    return "\n".join([head, *_days(policy)]) + "\n"


def _days(policy: Policy) -> Iterator[str]:
    before: set[str] = set()
    for number in range((LAST - FIRST).days + 1):
        found = WorkList.of(village(), policy, FIRST + timedelta(number))
        counts = ", ".join(f"{bucket} {count}" for bucket, count in found.counts.items())
        yield f"{found.on}  {counts}"
        listed = {
            f"{line.due.patient} {line.due.kind} due {line.due.due_on} by {line.due.reasons[0].rule}"
            for line in (*found.lines, *found.duties)
        }
        yield from (f"  - {line}" for line in sorted(before - listed))
        yield from (f"  + {line}" for line in sorted(listed - before))
        before = listed


if __name__ == "__main__":
    for policy_name in NAMES:
        (FOLDER / f"{policy_name}.txt").write_text(year(policy_name), "utf-8")
