"""A long file of JSON lines, read by a second process: nothing is told otherwise than by this one."""

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Final

import pytest

from followup import companion, readahead
from followup.errors import InvalidFile
from followup.jsonlines import Reading, Sourced, read_lines
from followup.readahead import read_jsonl

TODAY: Final = date(2026, 11, 26)
GOOD: Final = "".join(
    f'{{"type": "registered", "patient": "p{number}", "on": "2026-10-20", "name": "某某"}}\n'
    f'{{"type": "visited", "patient": "p{number}", "on": "2026-11-01", "risk": 0}}\n'
    for number in range(700)
)
FILES: Final = {
    "good": GOOD.encode(),
    "bad lines": f'{GOOD}{{"type": "visited"}}\nnothing\n{GOOD}{{"type": "died", "patient": "p1", "on": "2027-01-01"}}\n'.encode(),
    "a text that ends in another encoding": GOOD.encode() + "某某\n".encode("gb18030"),
    "empty": b"",
}


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a file of JSON lines."""
    found = tmp_path / "people.jsonl"
    found.write_bytes(FILES[request.param])
    return found


def told(path: Path) -> list[Any]:
    """Return all that is read: entries, ids and texts, places, and what is wrong."""
    found = Reading(recorded_at="2026-11-26T08:00:00+08:00")
    entries = []
    try:
        entries += [(one.entry, one.entry.id, one.entry.texts(), one.where) for one in read_jsonl(path, TODAY, found)]
    except InvalidFile as error:
        found.problems.extend(error.problems)
    return [entries, [problem.text("zh") for problem in found.problems]]


@pytest.mark.parametrize("meanwhile", [0, 3, 1401, 5000])
def test_a_second_process_tells_what_this_one_would(
    path: Path, meanwhile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries, their ids, their places and every problem are the same, however many lines this one reads meanwhile."""
    here, numbers = told(path), []

    def read(lines: Iterable[tuple[int, str]], *how: Any) -> Iterator[Sourced]:
        for number, line in lines:
            numbers.append(number)
            yield from read_lines([(number, line)], *how)

    monkeypatch.setattr(companion, "HAS_ROOM", True)
    monkeypatch.setattr(readahead, "_LONG", -1)
    monkeypatch.setattr(readahead, "_MEANWHILE", meanwhile)
    monkeypatch.setattr(readahead, "read_lines", read)
    assert told(path) == here
    assert numbers == [*range(1, min(meanwhile, path.read_bytes().count(b"\n")) + 1)]


def test_without_a_second_process_the_file_is_read_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where none can be started, or what starts is something else, this one reads."""
    here = told(path)
    monkeypatch.setattr(companion, "HAS_ROOM", True)
    monkeypatch.setattr(readahead, "_LONG", -1)
    monkeypatch.setattr(readahead, "_MEANWHILE", 3)
    for program in (tmp_path / "nothing", Path("/bin/false")):
        monkeypatch.setattr(sys, "executable", str(program))
        assert told(path) == here


def test_a_second_process_that_ends_before_the_file_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not told is missed: a sentence says so, and nothing counts as read."""
    monkeypatch.setattr(companion, "HAS_ROOM", True)
    monkeypatch.setattr(readahead, "_LONG", -1)
    monkeypatch.setattr(readahead, "_MEANWHILE", 0)
    greeting = "import sys, pickle; pickle.load(sys.stdin.buffer); pickle.dump(None, sys.stdout.buffer)"
    monkeypatch.setattr(
        companion, "_started", lambda _: Popen([sys.executable, "-c", greeting], stdin=PIPE, stdout=PIPE)
    )
    with pytest.raises(InvalidFile, match=r"people.jsonl: reading it stopped half-way; nothing was recorded"):
        list(read_jsonl(path, TODAY, Reading()))
