"""A second process of this library, which takes its part of what takes long, lot by lot.

Lots and answers go through pipes and never touch the disk; what they hold is shown to no other program.
"""

import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from select import select
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, Final, TypeVar

from attrs import define

_Lot = TypeVar("_Lot")
_Told = TypeVar("_Told")
#: What the second process greets with, and what makes its answer to a lot.
Helper = tuple[object, Callable[[Any], Any]]

#: A program that has Python within it, or was frozen with it, would start itself.
HAS_ROOM: Final = (
    (os.cpu_count() or 1) > 1 and "python" in Path(sys.executable or "").name and not hasattr(sys, "frozen")
)
_LIBRARY: Final = str(Path(__file__).parents[1])
#: So many bytes of answers may wait, where the system has room for them.
_AHEAD: Final = 1 << 20
#: So many lots the second process has at once, so that it never waits for one.
_ASKED: Final = 3
#: So many lots may be under way, and so much is kept in memory.
_MOST: Final = 8
#: Instead of a lot: there is none any more. Instead of what is told of one: the second process has it, or left it.
_END, _THEIRS, _LEFT = object(), object(), object()


def shared(
    module: str, task: object, lots: Iterable[_Lot], ours: Callable[[_Lot], _Told], greeting: object = None
) -> Generator[_Told]:
    """Yield in turn what is told of each lot, by this process (`ours`) or by a module's that was given a task.

    Whoever has time takes the next lot, as one processor seldom goes at the pace of another, and a start takes its
    time. A module that does not greet as it should is asked nothing. Where no process can be had, or it ends before
    its time, this one does it all.
    """
    coming, under_way = iter(lots), deque[tuple[Any, Any]]()
    with _second(module, task, greeting) as second:
        while True:
            while second.has_time and (lot := next(coming, _END)) is not _END:
                under_way.append((lot, second.ask(lot)))
            is_told = under_way and (under_way[0][1] is not _THEIRS or second.has_answered)
            if not is_told and len(under_way) < _MOST and (lot := next(coming, _END)) is not _END:
                under_way.append((lot, ours(lot)))  # type: ignore[arg-type]
            elif under_way:
                lot, told = under_way.popleft()
                told = second.answer() if told is _THEIRS else told
                yield ours(lot) if told is _LEFT else told
            else:
                return


@define
class Second:
    """The second process; None where there is none, or none that can be asked."""

    child: "Popen[bytes] | None"
    greeting: object
    has_begun: bool = False
    asked: int = 0

    @property
    def has_time(self) -> bool:
        """Whether it would take a lot."""
        if not self.has_begun and self.has_answered:
            self.has_begun = True
            if self._received() != self.greeting:
                self.child = None
        return self.has_begun and self.child is not None and self.asked < _ASKED

    @property
    def has_answered(self) -> bool:
        """Whether there is something to be received, at once; where the system cannot tell it is waited for."""
        if self.child is None:
            return True
        try:
            return bool(select([self.child.stdout], [], [], 0)[0])  # type: ignore[type-var]
        except (OSError, ValueError):
            return True

    def ask(self, lot: object) -> object:
        """Give it a lot; return who has it then."""
        try:
            _send(lot, self.child.stdin)  # type: ignore[union-attr]
        except OSError:
            self.child = None
            return _LEFT
        self.asked += 1
        return _THEIRS

    def answer(self) -> Any:
        """Wait for what it tells of its first lot, and return it."""
        self.asked -= 1
        return _LEFT if self.child is None else self._received()

    def _received(self) -> Any:
        try:
            return pickle.load(self.child.stdout)  # type: ignore[union-attr,arg-type]  # noqa: S301 - our own module's
        except _UNREADABLE:  # it has ended, or something else answers
            self.child = None
            return _LEFT


@contextmanager
def _second(module: str, task: object, greeting: object) -> Iterator[Second]:
    """Start a second process, where there is room for one, and end it."""
    child = _started(module) if HAS_ROOM else None
    if child is None:
        yield Second(None, greeting)
        return
    with child:
        try:
            second = Second(child, greeting, asked=-1)
            second.ask(task)
            yield second
        finally:
            child.kill()
            with suppress(OSError):  # it has not taken what it was told last
                child.stdin.close()  # type: ignore[union-attr]


def _started(module: str) -> "Popen[bytes] | None":
    command = [sys.executable, "-P", "-m", module]
    # An empty part would let it load what lies in the folder where a user happens to be.
    places = filter(None, [_LIBRARY, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    known = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    try:
        return Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=known, pipesize=_AHEAD)  # noqa: S603 - ours
    except OSError:
        return None


def answer(helper: Callable[[Any], AbstractContextManager[Helper]]) -> None:
    """Greet, as the second process, and answer lot after lot; `helper` takes the task."""
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    # Until nobody listens any more, or asks.
    with suppress(BrokenPipeError, EOFError), helper(pickle.load(asked)) as (greeting, told):  # noqa: S301 - as above
        _send(greeting, answered)
        while True:
            _send(told(pickle.load(asked)), answered)  # noqa: S301 - as above


def _send(told: object, where: Any) -> None:
    pickle.dump(told, where, pickle.HIGHEST_PROTOCOL)
    where.flush()


_UNREADABLE: Final = (
    *(OSError, EOFError, pickle.UnpicklingError),
    *(AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError),
)
