"""A village's whole year: a change of rules, or of how they are applied, is a diff in review."""

from difflib import unified_diff

import pytest
from year import FOLDER, NAMES, year

from followup import load_policy


@pytest.mark.parametrize("name", NAMES)
def test_the_year_is_as_it_was(name: str) -> None:
    """Each day's counts, and each line that came or left, are those that were read and committed."""
    kept = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    changed = list(unified_diff(kept, year(name).splitlines(), "committed", "now", lineterm="", n=0))
    assert not changed, "\n".join([*changed[:40], "read the change; then write it with: python tests/year.py"])


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_its_day_in_the_year(name: str) -> None:
    """Each rule sets somebody's last day, alone or beside others, so that a longer or a shorter one shows."""
    kept = (FOLDER / f"{name}.txt").read_text("utf-8")
    told = {rule for line in kept.splitlines() if " by " in line for rule in line.partition(" by ")[2].split(", ")}
    assert {rule.id for rule in load_policy(name).rules} - told == set()
