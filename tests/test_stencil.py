"""Lines of which most tell what others do: whatever is read of them at once is what reading them whole tells."""

import json
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followup import Visited
from followup.canonical import decode_object
from followup.entries import TYPES, Entry
from followup.entryjson import entry_from_json
from followup.stencil import entry_from_line
from followup.testing import entries

RECORDED: Final = "2026-11-26T08:00:00+08:00"
VISITED: Final = '{"type": "visited", "patient": "p1", "on": "2026-11-01", "risk": 0, "next_on": "2026-11-29"}'
#: Keys and values of which lines are made that look like others and are not.
KEYS: Final = [
    '"patient"', '"on"', '"next_on"', '"recorded_at"', '"risk"', '"reason"', '"form"', '"functions"', '"id"',
    '"x\\"patient"', '"pat\\u0069ent"', '"seen"', '"to"', '"name"',
]  # fmt: skip
VALUES: Final = [
    '"p1"', '"p2"', '"2026-11-01"', '"2026-11-02"', '""', "null", "0", "true", '"50%s"', '"a\\"b"',
    '{"patient": "p9"}', '{"on": "2026-11-03", "a": "b"}', '{"work": "good"}', '["patient"]', '[{"on": "2026-11-03"}]',
    '"\\"patient\\": \\"p7\\""', '" 2026-11-01"', '"2026-11-01T09:00:00+08:00"',
]  # fmt: skip


def whole(line: str, recorded_at: str | None) -> Entry:
    """Return what a line tells, read as a whole."""
    data = decode_object(line)
    if recorded_at is not None:
        data.setdefault("recorded_at", recorded_at)
    return entry_from_json(data)


def told(entry: Entry) -> list[tuple[str, object, type]]:
    """Return all fields of an entry, with its id and texts, and of which type they are."""
    entry.texts()
    return [(name, value, type(value)) for name, value in sorted(vars(entry).items())]


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Draw a line of odd spelling: keys twice, words that quote other keys, tables that have them too."""
    spaced = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]))
    kind = draw(st.sampled_from(["visited", "missed", "died", "registered", "referred"]))
    odd = draw(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES)), max_size=4))
    plain = [('"patient"', '"p1"'), ('"on"', '"2026-11-01"'), *([('"risk"', "0")] if kind == "visited" else [])]
    pairs = draw(st.permutations([('"type"', f'"{kind}"'), *draw(st.sampled_from([plain, plain, []])), *odd]))
    return "{" + spaced[0].join(f"{key}{spaced[1]}{value}" for key, value in pairs) + "}"


@settings(max_examples=settings().max_examples * 10)
@given(line=lines(), recorded_at=st.sampled_from([None, RECORDED]))
def test_what_is_read_at_once_is_what_the_whole_line_tells(line: str, recorded_at: str | None) -> None:
    """Where one line passes for another's like, both would tell so if they were read whole."""
    found = entry_from_line(line, recorded_at)
    if found is not None:
        assert told(found) == told(whole(line, recorded_at))


@pytest.mark.parametrize("kind", sorted(TYPES))
@settings(max_examples=settings().max_examples // 10)  # for each type
@given(data=st.data())
def test_every_field_of_a_line_is_told(kind: str, data: st.DataObject) -> None:
    """Whatever the kit makes of a type: the line tells it, and again for another patient."""
    entry = data.draw(entries(kind)).as_json()
    separators = data.draw(st.sampled_from([(", ", ": "), (",", ":")]))
    for content in (entry, entry | {"patient": "another"}):
        line = json.dumps(content, ensure_ascii=False, separators=separators)
        found = entry_from_line(line, RECORDED)
        assert found is None or told(found) == told(whole(line, RECORDED))
        assert (found is None) == ("\\" in line or kind in {"registered", "amended"})


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "visited", "patient": "", "on": "2026-11-01", "risk": 0}',
        '{"type": "visited", "patient": "p1", "on": "2026-11-31", "risk": 0}',
        '{"type": "visited", "patient": "p1", "on": "2026-11-01"}',
        '{"type": "visited", "patient": "p1", "on": "2026-11-01", "risk": 0, "risk": 1}',
        '{"type": "visited", "patient": "p1", "patient": "p2", "on": "2026-11-01", "risk": 0}',
        '{"type": "visited", "patient" : "p1", "on": "2026-11-01", "risk": 0}',
        '{"type": "visited", "patient": "p1", "on": "2026-11-01", "risk": 0, "form": {"patient": "p2"}}',
        '{"type": "visited", "form": {"patient": "p2"}, "patient" : "p1", "on": "2026-11-01", "risk": 0}',
        '{"type": "visited", "patient": "p1", "on": "2026-11-01", "risk": 0, "id": "0123456789abcdef0123"}',
        '{"type": "died", "patient": "p1", "on": "2026-11-01", "next_on": "2026-11-29"}',
        '[{"type": "died", "patient": "p1", "on": "2026-11-01"}]',
        '{"type": "died", "patient": "p1", "on": "2026-11-01"',
        '"patient": "p1", "on": "2026-11-01"',
    ],
)
def test_what_is_wrong_or_odd_is_left_to_whoever_reads_it_whole(line: str) -> None:
    """Nothing of it is taken, and no like of it either."""
    assert entry_from_line(line, RECORDED) is None
    assert entry_from_line(line.replace("p1", "p3"), RECORDED) is None


def test_tables_of_like_lines_are_their_own() -> None:
    """Whoever changes one entry's table changes no other's."""
    line = VISITED.replace('"risk"', '"functions": {"work": "good"}, "risk"')
    first, second = (entry_from_line(line.replace("p1", patient), None) for patient in ("p1", "p2"))
    assert isinstance(first, Visited)
    assert isinstance(second, Visited)
    assert first.functions == second.functions
    assert first.functions is not second.functions


@pytest.mark.parametrize("reason", ["50%", "%s", "%%", "100%d"])
def test_words_that_look_like_a_gap_are_words(reason: str) -> None:
    """A reason is told as it stands, whatever Python makes of it elsewhere."""
    line = f'{{"type": "missed", "patient": "p1", "on": "2026-11-01", "reason": "{reason}"}}'
    found = entry_from_line(line, None)
    assert found is not None
    assert told(found) == told(whole(line, None))


def test_the_moment_of_a_line_is_its_own() -> None:
    """One that tells none gets the moment of the reading, one that says null has none."""
    moments = [", ", f', "recorded_at": "{RECORDED}", ', ', "recorded_at": null, ']
    found = [entry_from_line(VISITED.replace(", ", told, 1), "2026-11-27T08:00:00+08:00") for told in moments]
    assert [entry and entry.recorded_at for entry in found] == ["2026-11-27T08:00:00+08:00", RECORDED, None]
