"""Call one function from a system that has its own database: plain dicts in, due dates out."""

from datetime import date

from followup import Ledger, due_visits, entry_from_json, load_policy

#: What a district system's own query might return, its columns renamed to the library's fields.
ROWS = [
    {"type": "registered", "patient": "4419-0007", "on": "2026-09-01", "consents": True},
    {"type": "visited", "patient": "4419-0007", "on": "2026-09-10", "risk": 0, "mode": "home", "stability": "stable"},
    {"type": "registered", "patient": "4419-0008", "on": "2026-09-01", "consents": True},
    {"type": "visited", "patient": "4419-0008", "on": "2026-11-16", "risk": 4, "mode": "home", "present": ["police"]},
]


def due_dates(rows: list[dict[str, object]], on: date) -> list[tuple[str, str, str, str]]:
    """Return patient, kind, last day and status of every line of every patient."""
    policy = load_policy("dongguan")
    entries = [entry_from_json(row) for row in rows]
    ledgers = [Ledger(p, [e for e in entries if e.patient == p]) for p in sorted({e.patient for e in entries})]
    return [
        (line.patient, line.kind.value, line.due_on.isoformat(), line.status(on).value)
        for ledger in ledgers
        for line in due_visits(ledger, policy, on)
    ]


if __name__ == "__main__":
    for found in due_dates(ROWS, date(2026, 11, 23)):
        print(*found)
