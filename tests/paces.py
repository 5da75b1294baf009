"""Two processes that share work, at paces of a test's choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import PropertyMock, patch

import pytest

from followup import companion, readahead


@contextmanager
def paced(has_answered: Callable[[], bool]) -> Iterator[None]:
    """Let a function say whether the second process has answered: where it says so too early, it is waited for."""
    with patch.object(companion.Second, "has_answered", PropertyMock(side_effect=has_answered)):
        yield


def share_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two processes read any file of JSON lines, in lots of few people."""
    monkeypatch.setattr(companion, "HAS_ROOM", True)
    monkeypatch.setattr(readahead, "_LONG", -1)
    monkeypatch.setattr(readahead, "_LOT", 5_000)
