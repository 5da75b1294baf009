"""What two processes share: every lot is told once and in its turn, whoever has time, and whatever becomes of one."""

import os
import sys
from contextlib import closing
from random import Random
from subprocess import PIPE, Popen
from typing import Final

import pytest
from paces import paced

from followup import companion
from followup.companion import shared

#: More lots than may be under way at once.
LOTS: Final = 30
#: Greets, tells of a lot whose it is, and ends before the lot of a number.
HELPER: Final = """
import os, sys
from contextlib import contextmanager
from followup.companion import answer

@contextmanager
def helper(task):
    greeting, last = task
    yield greeting, lambda lot: (lot, os.getpid()) if lot < last else sys.exit()

answer(helper)
"""


def ours(lot: int) -> tuple[int, int]:
    """Tell of a lot, here."""
    return lot, os.getpid()


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be room for another process, which is no module of ours but does alike."""
    command = [sys.executable, "-c", HELPER]
    monkeypatch.setattr(companion, "HAS_ROOM", True)
    monkeypatch.setattr(companion, "_started", lambda _: Popen(command, stdin=PIPE, stdout=PIPE))


def told(task: tuple[str, int], lots: int = LOTS, greeting: str = "hello") -> list[bool]:
    """Return of each lot whether this process told it, when all are told in their turn."""
    found = list(shared("", task, range(lots), ours, greeting))
    assert [lot for lot, _ in found] == [*range(lots)]
    return [process == os.getpid() for _, process in found]


def test_whoever_waits_leaves_all_to_the_other() -> None:
    """A process that is always behind takes no lot."""
    with paced(lambda: True):
        assert told(("hello", LOTS)) == [False] * LOTS


def test_whoever_is_never_answered_does_all() -> None:
    """What does not begin is asked nothing."""
    with paced(lambda: False):
        assert told(("hello", LOTS)) == [True] * LOTS


@pytest.mark.parametrize("number", range(12))
def test_every_lot_is_told_once_and_in_its_turn(number: int) -> None:
    """However the paces change, and whenever the other ends before its time."""
    random = Random(number)
    last, lots, often = random.randint(0, LOTS), random.randint(0, LOTS), random.random()
    with paced(lambda: random.random() < often):
        alone = told(("hello", last), lots)
    assert all(alone[last:])


def test_another_greeting_is_asked_nothing() -> None:
    """It sees something else than this process does."""
    with paced(lambda: True):
        assert told(("good evening", LOTS)) == [True] * LOTS


@pytest.mark.parametrize("said", ["''", "'no pickle'", "'\\\\x80\\\\x05.'"])
def test_what_answers_otherwise_is_asked_nothing(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is no module of ours."""
    command = [sys.executable, "-c", f"print({said}, flush=True)"]
    monkeypatch.setattr(companion, "_started", lambda _: Popen(command, stdin=PIPE, stdout=PIPE))
    with paced(lambda: True):
        assert told(("hello", LOTS)) == [True] * LOTS


def test_the_other_ends_with_whoever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where reading stops half-way."""
    child = Popen([sys.executable, "-c", HELPER], stdin=PIPE, stdout=PIPE)
    monkeypatch.setattr(companion, "_started", lambda _: child)
    with paced(lambda: True), closing(shared("", ("hello", LOTS), range(LOTS), ours, "hello")) as sharing:
        assert next(sharing)[0] == 0
    assert child.returncode is not None
    assert child.stdin is not None
    assert child.stdin.closed
