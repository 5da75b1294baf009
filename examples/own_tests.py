"""Test one's own rule with the laws of the library: `pytest examples/own_tests.py`.

A town sees everyone at risk 4 and 5 every week. The kit finds whose visit `hurried` wrongly puts off.
"""

from datetime import date, timedelta
from pathlib import Path

import pytest

from followup import Ledger, Missed, Visited, due_visits, load_policy
from followup.testing import LAWS, Law, LawBroken, check_policy, dates_only

NATIONAL, WEEK = load_policy("national-2018"), timedelta(weeks=1)


def weekly(ledger: Ledger, on: date) -> date | None:
    """Return the next visit: by the national norm, or a week after the last one at risk 4 and 5."""
    dates = [line.due_on for line in due_visits(ledger, NATIONAL, on) if line.kind == "visit"]
    visits = [fact for fact in ledger.facts if isinstance(fact, Visited) and fact.on <= on]
    return min([*dates, *(visit.on + WEEK for visit in visits[-1:] if dates and visit.risk > 3)], default=None)


def hurried(ledger: Ledger, on: date) -> date | None:
    """Return the next visit, a week later where an attempt has failed: a wrong rule."""
    due_on, failed = weekly(ledger, on), any(isinstance(fact, Missed) and fact.on <= on for fact in ledger.facts)
    return due_on + WEEK if due_on and failed else due_on


@pytest.mark.parametrize("law", LAWS.values(), ids=str)
def test_the_towns_function_keeps_the_laws(law: Law) -> None:
    """Five laws hold; the two that need reasons are skipped, as the function gives bare dates."""
    law(dates_only(weekly))


def test_the_towns_policy_and_the_wrong_function() -> None:
    """The town's policy file keeps the laws too; the wrong function is caught."""
    check_policy(load_policy(Path(__file__).with_name("own_policy.toml")))
    with pytest.raises(LawBroken, match="failed attempt"):
        LAWS["safe"](dates_only(hurried))
