"""Tests speak English and know no day of their own, whatever the machine's settings."""

import pytest


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLLOWUP_TODAY", raising=False)
    monkeypatch.delenv("FOLLOWUP_LANG", raising=False)
