"""The worked cases of tests/golden/."""

import pytest
from golden import GoldenCase, answer, read_cases

from followup import load_policy

CASES = list(read_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_worked_case(case: GoldenCase) -> None:
    """Each line is due when the table says, on both sides of every boundary."""
    policy = load_policy(case.policy)
    assert policy.version == case.version, "the policy has changed: read the case again, then write its new version"
    for on, expected in case.expected:
        assert f"on {on}: {answer(case, policy, on, expected)}" == f"on {on}: {expected}", case.title


def test_there_are_many_cases_and_no_id_is_taken_twice() -> None:
    """The tables were read, all of them."""
    assert len({case.id for case in CASES}) == len(CASES) >= 150
    assert all(case.expected and case.entries for case in CASES)
