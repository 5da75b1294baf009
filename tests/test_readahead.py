"""A long file of JSON lines, read by two processes: nothing is told otherwise than by this one."""

import pickle
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paces import paced, share_files

from followup import readahead
from followup.entries import TYPES, Entry
from followup.entryjson import entry_later
from followup.errors import InvalidFile
from followup.jsonlines import Reading
from followup.readahead import read_jsonl
from followup.sheets import lines_after
from followup.testing import entries

TODAY: Final = date(2026, 11, 26)
GOOD: Final = "".join(
    f'{{"type": "registered", "patient": "p{number}", "on": "2026-10-20", "name": "某某"}}\n'
    f'{{"type": "visited", "patient": "p{number}", "on": "2026-11-01", "risk": {number % 6}}}\n'
    for number in range(700)
)
FILES: Final = {
    "good": GOOD.encode(),
    "bad lines": f'{GOOD}{{"type": "visited"}}\nnothing\n{GOOD}{{"type": "died", "patient": "p1", "on": "2027-01-01"}}\n'.encode(),
    "a text that ends in another encoding": GOOD.encode() + "虚构\n".encode("gb18030") + GOOD.encode(),
    "with a mark of its encoding": f"\ufeff{GOOD}".encode(),
    "an endless line": GOOD.encode() + b"x" * 1_500_000 + b"\n" + GOOD.encode(),
    "no line break at the end": GOOD.encode().rstrip(),
    "blank lines": b"\n" * 40_000 + GOOD.encode(),
    "blank": b"\n" * 40_000,
    "empty": b"",
}
#: How the two go on: this one always waits, never does, or by turns.
RANDOM: Final = Random(7)
PACES: Final[dict[str, Callable[[], bool]]] = {
    "waits": lambda: True,
    "alone": lambda: False,
    "by turns": lambda: RANDOM.random() < 0.7,
}


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a file of JSON lines."""
    found = tmp_path / "people.jsonl"
    found.write_bytes(FILES[request.param])
    return found


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let there be room for a second process, and return before which lines this one begins to read a lot."""
    numbers: list[int] = []

    def read(number: int, content: BinaryIO, file: str) -> Iterator[tuple[int, str]]:
        numbers.append(number)
        return lines_after(number, content, file)

    share_files(monkeypatch)
    monkeypatch.setattr(readahead, "lines_after", read)
    return numbers


def told(path: Path) -> list[Any]:
    """Return all that is read: entries, ids and texts, places, and what is wrong."""
    found = Reading(recorded_at="2026-11-26T08:00:00+08:00")
    entries = []
    try:
        for one in read_jsonl(path, TODAY, found):
            entries.append((one.entry, one.entry.id, one.entry.texts(), one.where))  # noqa: PERF401 - some before an error
    except InvalidFile as error:
        found.problems.extend(error.problems)
    return [entries, [problem.text("zh") for problem in found.problems], found.presence_untold]


@pytest.mark.parametrize("pace", PACES)
def test_two_processes_tell_what_one_would(path: Path, pace: str, request: pytest.FixtureRequest) -> None:
    """Entries, their ids, their places and every problem are the same, whoever reads them."""
    here, numbers = told(path), request.getfixturevalue("room")
    with paced(PACES[pace]):
        assert told(path) == here
    lots = max(1, path.stat().st_size // 6_000)
    assert {"waits": not numbers, "alone": len(numbers) >= min(lots, 10), "by turns": True}[pace] or lots == 1


@pytest.mark.usefixtures("room")
def test_too_many_problems_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another file."""
    path = tmp_path / "other.jsonl"
    path.write_text("{}\n" * 10_000)
    monkeypatch.setattr(readahead, "MOST", 2_500)
    for pace in PACES.values():
        with paced(pace):
            *_, last = told(path)[1]
        assert "other.jsonl" in last
        assert "问题过多" in last


@pytest.mark.parametrize("kind", sorted(TYPES))
@settings(max_examples=settings().max_examples // 10)  # for each type
@given(data=st.data())
def test_an_entry_of_which_the_texts_are_told_is_the_same(kind: str, data: st.DataObject) -> None:
    """Every field is there when it is asked for, and after another journey; no other is."""
    entry: Entry = data.draw(entries(kind))
    apart, body = entry.texts()
    own = entry.patient, entry.on.isoformat(), entry.recorded_at
    for found in (waiting := entry_later(kind, own, body, apart, entry.id), pickle.loads(pickle.dumps(waiting))):  # noqa: S301
        assert not hasattr(found, "another")
        assert found == entry
        assert found.as_json() == entry.as_json()
        assert (type(found), found.id, found.texts(), repr(found)) == (
            type(entry),
            entry.id,
            entry.texts(),
            repr(entry),
        )
