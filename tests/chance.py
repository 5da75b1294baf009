"""How long the tests that import anything look for what falls over: briefly and always alike, or as long as asked.

FOLLOWUP_FUZZ=3000 pytest -k "any_" tests/test_bad_input.py tests/test_spreadsheets.py --hypothesis-seed=1
draws so many files a test, by that seed.
"""

import os

from hypothesis import HealthCheck, settings

_FILES = os.environ.get("FOLLOWUP_FUZZ")
#: Nothing is kept between runs, and a slow machine is no failure.
CHANCE = settings(
    derandomize=_FILES is None,
    max_examples=int(_FILES or 110),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
