"""How long a decision takes: `due_visits` with its reasons for a ledger of 15 entries.

    python tests/bench/bench_due_visits.py

Each figure is the median of 25 rounds of 400 calls, in microseconds a call, the policies warm.
"""

from datetime import date
from statistics import median
from timeit import repeat

from attrs import evolve
from tabulate import tabulate

from followup import (
    Admitted,
    Discharged,
    Entry,
    Ledger,
    Missed,
    Referred,
    Registered,
    Visited,
    case_on,
    due_visits,
    load_policy,
)

ON = date(2026, 11, 23)
ROUNDS, CALLS = 25, 400
JOINT = ["prevention_doctor", "care_group", "police"]

#: Somebody whose state rose and fell: two follow-ups at risk 3 and above, a stay in hospital, failed attempts.
UNSETTLED: list[Entry] = [
    Registered("p1", "2026-01-06", village="A", team="A"),
    Visited("p1", "2026-01-10", risk=0, mode="home", stability="stable", next_on="2026-04-01"),
    Visited("p1", "2026-04-01", risk=1, mode="home", stability="basic"),
    Missed("p1", "2026-04-14"),
    Visited("p1", "2026-04-15", risk=1, mode="clinic", stability="basic"),
    Visited("p1", "2026-05-12", risk=3, mode="home", stability="unstable", present=JOINT),
    Referred("p1", "2026-05-12"),
    Admitted("p1", "2026-05-14"),
    Discharged("p1", "2026-07-01", informed_on="2026-07-03"),
    Visited("p1", "2026-07-08", risk=2, mode="home", stability="basic"),
    Visited("p1", "2026-07-20", risk=2, mode="home", stability="basic"),
    Visited("p1", "2026-08-18", risk=0, mode="home", stability="stable"),
    Missed("p1", "2026-11-05"),
    Visited("p1", "2026-11-10", risk=3, mode="home", stability="unstable", present=JOINT, next_on="2026-11-21"),
    Visited("p1", "2026-11-17", risk=4, mode="home", stability="unstable", present=["prevention_doctor"]),
]
#: What most people's ledgers look like: stable, seen every three months.
SETTLED: list[Entry] = [
    Registered("p2", "2023-04-03", village="A", team="A"),
    *(
        Visited("p2", f"{year}-{month:02}-10", risk=0, mode="home", stability="stable")
        for year in (2023, 2024, 2025, 2026)
        for month in (4, 7, 10)
    ),
    Visited("p2", "2026-10-20", risk=0, mode="phone", stability="stable", next_on="2027-01-10"),
    Missed("p2", "2026-11-20"),
]


def microseconds(call: object) -> float:
    """Return the median time of one call."""
    return median(repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e6  # type: ignore[arg-type]


def main() -> None:
    """Print the table."""
    rows = []
    for name, entries in (("unsettled", UNSETTLED), ("settled", SETTLED)):
        for policy in map(load_policy, ("national-2018", "dongguan")):
            ledger = Ledger(entries[0].patient, entries)
            reasons = sum(len(line.reasons) for line in due_visits(ledger, policy, ON))
            rows.append(
                [
                    name,
                    policy.id,
                    len(entries),
                    reasons,
                    microseconds(lambda ledger=ledger, policy=policy: due_visits(ledger, policy, ON)),
                    microseconds(lambda ledger=ledger: case_on(ledger, ON)),
                    microseconds(lambda entries=entries: Ledger(entries[0].patient, entries)),
                    microseconds(lambda entries=entries: [evolve(entry) for entry in entries]),
                ]
            )
    headings = ["ledger", "policy", "entries", "reasons", "due_visits", "of it the fold", "Ledger()", "15 entries made"]
    print(tabulate(rows, headings, floatfmt=".1f"))


if __name__ == "__main__":
    main()
