"""The worked cases of tests/golden/."""

from pathlib import Path

import pytest

from followup.testing import WorkedCase, read_cases

CASES = read_cases(Path(__file__).parent / "golden")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_worked_case(case: WorkedCase) -> None:
    """Each line is due when the table says, on both sides of every boundary, under the version it was written for."""
    assert case.version
    case.check()


def test_there_are_many_cases_and_no_id_is_taken_twice() -> None:
    """The tables were read, all of them."""
    assert len({case.id for case in CASES}) == len(CASES) >= 150
