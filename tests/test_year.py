"""A village's whole year: a change of rules, or of how they are applied, is a diff in review."""

from difflib import unified_diff

import pytest
from year import FOLDER, NAMES, year


@pytest.mark.parametrize("name", NAMES)
def test_the_year_is_as_it_was(name: str) -> None:
    """Each day's counts, and each line that came or left, are those that were read and committed."""
    kept = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    changed = list(unified_diff(kept, year(name).splitlines(), "committed", "now", lineterm="", n=0))
    assert not changed, "\n".join([*changed[:40], "read the change; then write it with: python tests/year.py"])
