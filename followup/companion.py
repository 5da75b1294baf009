"""A second process of this library, for what takes long: it is given one task and answers in parcels.

Task and answers go through pipes and never touch the disk; what they hold is shown to no other program.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any, Final

#: A program that has Python within it, or was frozen with it, would start itself.
HAS_ROOM: Final = (
    (os.cpu_count() or 1) > 1 and "python" in Path(sys.executable or "").name and not hasattr(sys, "frozen")
)
_LIBRARY: Final = str(Path(__file__).parents[1])
#: So many bytes of answers may wait, where the system has room for them.
_AHEAD: Final = 1 << 20

#: What gives the next parcel; `EOFError` where the process ended before it told all.
Next = Callable[[], Any]


@contextmanager
def companion(module: str, task: object) -> Iterator[Callable[[], Next | None]]:
    """Start a module with a task, and end it; what is yielded waits until it has begun, as a start takes its time.

    It then returns what gives the module's parcels; None where no process can be had. The module greets by its
    first parcel, None.
    """
    child = _started(module) if HAS_ROOM else None
    if child is None:
        yield lambda: None
        return
    with child:
        try:
            is_asked = _is_asked(child, task)
            yield lambda: (lambda: _received(child)) if is_asked and _has_begun(child) else None
        finally:
            child.kill()


def _started(module: str) -> "Popen[bytes] | None":
    command = [sys.executable, "-P", "-m", module]
    # An empty part would let it load what lies in the folder where a user happens to be.
    places = filter(None, [_LIBRARY, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    known = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    try:
        return Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=known, pipesize=_AHEAD)  # noqa: S603 - ours
    except OSError:
        return None


def _is_asked(child: "Popen[bytes]", task: object) -> bool:
    try:
        with child.stdin as asked:  # type: ignore[union-attr]
            pickle.dump(task, asked, pickle.HIGHEST_PROTOCOL)
    except OSError:
        return False
    return True


def _has_begun(child: "Popen[bytes]") -> bool:
    try:
        return _received(child) is None
    except (EOFError, OSError):
        return False


def _received(child: "Popen[bytes]") -> Any:
    try:
        return pickle.load(child.stdout)  # type: ignore[arg-type]  # noqa: S301 - our own module wrote it
    except (pickle.UnpicklingError, AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError):
        raise EOFError from None  # something else answers


def answer(parcels: Callable[[Any], Iterable[Any]]) -> None:
    """Give, as the second process, the parcels that answer the task."""
    with suppress(BrokenPipeError):  # nobody listens any more
        task = pickle.load(sys.stdin.buffer)  # noqa: S301 - as above
        for parcel in chain([None], parcels(task)):
            pickle.dump(parcel, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
            sys.stdout.buffer.flush()
