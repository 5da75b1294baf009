"""Write one's own policy: a town where everyone unstable is seen every week, on top of the national norm."""

from datetime import date
from pathlib import Path

from followup import InvalidPolicy, Ledger, Registered, Visited, due_visits, load_policy

FILE = Path(__file__).with_name("own_policy.toml")
LEDGER = Ledger(
    "p1",
    [Registered("p1", "2026-10-08"), Visited("p1", "2026-11-16", risk=2, mode="home", stability="unstable")],
)


def main() -> None:
    """Load the policy, or say everything that is wrong with it; then show one patient's line."""
    try:
        policy = load_policy(FILE)
    except InvalidPolicy as error:
        raise SystemExit(error.text("en")) from None
    for line in due_visits(LEDGER, policy, date(2026, 11, 23)):
        if line.kind != "visit":
            continue
        print(line.kind, line.due_on, line.status(date(2026, 11, 23)))
        for reason in line.reasons:
            print(" ", reason.text("en"))


if __name__ == "__main__":
    main()
