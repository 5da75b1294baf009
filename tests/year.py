"""A village's whole year under a policy, as text: each day's counts, and what came on the list or left it.

Beside the village stand a few people to whom happens what happens to nobody there, so that every rule has its day.

`python tests/year.py` writes the year as it is now, to be read in review before it is committed.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from attrs import evolve

from followup import (
    Detained,
    Done,
    DueVisit,
    Entry,
    Found,
    Incident,
    Ledger,
    Lost,
    Missed,
    MovedIn,
    MovedOut,
    Policy,
    Referred,
    Registered,
    Released,
    Visited,
    WorkList,
    load_policy,
)
from followup.forms import read_files

FOLDER = Path(__file__).parent / "year"
DISTRICT = Path(__file__).parent.parent / "examples" / "district"
TEAM = "清溪村关爱帮扶小组"
FIRST, LAST = date(2025, 11, 24), date(2026, 11, 22)
NAMES = ("national-2018", "dongguan")


def _story(patient: str, *told: Entry, **registration: Any) -> Ledger:
    entries = [Registered("p", FIRST, **registration), *told]
    return Ledger(patient, [evolve(entry, patient=patient) for entry in entries])


def _seen(on: str, risk: int = 0, stability: str | None = "stable", **more: Any) -> Visited:
    return Visited("p", on, risk=risk, stability=stability, mode="home", **more)


#: People to whom happens what happens to nobody in the village.
OTHERS = (
    _story("x-declined", _seen("2026-03-02"), consents=False),
    _story("x-unseen", _seen("2026-03-10")),
    _story(
        "x-undetermined",
        *(_seen("2025-12-01", stability=None), _seen("2025-12-15", stability=None), _seen("2026-01-20")),
    ),
    _story(
        "x-unreached",
        *(_seen("2025-12-01"), Missed("p", "2026-02-23"), Missed("p", "2026-03-04"), Missed("p", "2026-03-20")),
        _seen("2026-04-01"),
    ),
    _story(
        "x-moved-in", _seen("2025-12-01"), MovedOut("p", "2026-01-12"), MovedIn("p", "2026-02-13"), _seen("2026-03-02")
    ),
    _story("x-incident", _seen("2025-12-01"), Incident("p", "2026-01-12"), _seen("2026-01-28")),
    _story(
        "x-found",
        *(_seen("2025-12-01"), Lost("p", "2026-01-05")),
        Done("p", "2026-01-06", kind="report", to=["care_group", "police", "higher_centre"]),
        *(Found("p", "2026-04-20"), _seen("2026-04-22")),
    ),
    _story(
        "x-custody",
        *(_seen("2025-12-01"), Detained("p", "2025-12-10"), Done("p", "2026-03-16", kind="status-check")),
        *(Released("p", "2026-06-22"), _seen("2026-06-25")),
    ),
    _story(
        "x-left",
        *(_seen("2025-12-01", 3, "unstable"), Referred("p", "2025-12-01", outcome="x"), MovedOut("p", "2025-12-08")),
        *(Done("p", f"2025-12-{day}", kind="report", to=[to]) for day, to in (("09", "police"), (12, "higher_centre"))),
    ),
)


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
        found = WorkList.of([*village(), *OTHERS], policy, FIRST + timedelta(number))
        counts = ", ".join(f"{bucket} {count}" for bucket, count in found.counts.items())
        yield f"{found.on}  {counts}"
        listed = {
            f"{line.due.patient} {line.due.kind} due {line.due.due_on} by {_strictest(line.due)}"
            for line in (*found.lines, *found.duties)
        }
        yield from (f"  - {line}" for line in sorted(before - listed))
        yield from (f"  + {line}" for line in sorted(listed - before))
        before = listed


def _strictest(line: DueVisit) -> str:
    """Return every rule of which the last day is the line's."""
    return ", ".join(reason.rule for reason in line.reasons if reason.due_on == line.due_on)


if __name__ == "__main__":
    for policy_name in NAMES:
        (FOLDER / f"{policy_name}.txt").write_text(year(policy_name), "utf-8")
