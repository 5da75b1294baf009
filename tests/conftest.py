"""Tests speak English and know no day of their own, whatever the machine's settings."""

import os
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

import followup

#: It puts faults into the package for an hour, and asks who sees them: see faults/run.py.
collect_ignore: Final = ["faults"]

# Hypothesis also draws what stands in the code that is loaded: all of it is, whichever test comes first.
for _module in walk_packages(followup.__path__, "followup."):
    if _module.name != "followup.__main__":
        import_module(_module.name)

# The same examples on every run, as a test that fails by chance helps nobody; "long" looks further. A ledger is
# a large draw, and some laws ask for one with a follow-up: neither says that a strategy is wrong.
_SPARED: Final = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=200, suppress_health_check=_SPARED)
settings.register_profile(
    "long", derandomize=False, database=None, deadline=None, max_examples=10_000, suppress_health_check=_SPARED
)
settings.load_profile(os.environ.get("FOLLOWUP_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLLOWUP_TODAY", raising=False)
    monkeypatch.delenv("FOLLOWUP_LANG", raising=False)
